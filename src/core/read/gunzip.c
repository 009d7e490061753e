/*
** Streaming gzip, over zlib. Members may follow one another, as `cat a.gz b.gz` makes them, with zero bytes after
** them, as devices with blocks of a fixed length pad them; gzip(1) takes both.
*/
#include "read/gunzip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* zlib: the largest window, with a gzip wrapper */
#define OUTPUT_SIZE (256 * 1024)

struct loom_gunzip {
  z_stream stream;
  bool member_ended; /* at a member's end, or in the padding after it */
  unsigned char output[OUTPUT_SIZE];
};

loom_gunzip *loom_gunzip_new(void) {
  loom_gunzip *gunzip = calloc(1, sizeof *gunzip);
  if (gunzip && inflateInit2(&gunzip->stream, GZIP_WINDOW_BITS) != Z_OK) {
    free(gunzip);
    gunzip = NULL;
  }
  return gunzip;
}

void loom_gunzip_free(loom_gunzip *gunzip) {
  if (gunzip)
    inflateEnd(&gunzip->stream);
  free(gunzip);
}

static void skip_padding(z_stream *stream) {
  while (stream->avail_in > 0 && *stream->next_in == 0) {
    stream->next_in++;
    stream->avail_in--;
  }
}

loom_status loom_gunzip_feed(loom_gunzip *gunzip, const void *bytes, size_t size,
                             loom_text_fn *sink, void *context, loom_error *error) {
  z_stream *stream = &gunzip->stream;
  stream->next_in = (unsigned char *)(uintptr_t)bytes; /* zlib does not write to its input */
  stream->avail_in = (uInt)size;
  while (stream->avail_in > 0 || stream->avail_out == 0) {
    if (gunzip->member_ended) {
      skip_padding(stream);
      if (stream->avail_in == 0)
        break;
      inflateReset(stream);
      gunzip->member_ended = false;
    }
    stream->next_out = gunzip->output;
    stream->avail_out = OUTPUT_SIZE;
    int result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
      return loom_no_memory(error);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return loom_fail(error, LOOM_EINPUT, "is damaged gzip data: %s",
                       stream->msg ? stream->msg : "invalid data");
    gunzip->member_ended = result == Z_STREAM_END;
    size_t made = OUTPUT_SIZE - stream->avail_out;
    loom_status status = made ? sink(context, (const char *)gunzip->output, made, error) : LOOM_OK;
    if (status != LOOM_OK)
      return status;
    if (result == Z_BUF_ERROR)
      break;
  }
  return LOOM_OK;
}

loom_status loom_gunzip_finish(const loom_gunzip *gunzip, loom_error *error) {
  if (!gunzip->member_ended)
    return loom_fail(error, LOOM_EINPUT, "is truncated gzip data");
  return LOOM_OK;
}
