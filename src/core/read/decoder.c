/*
** Decoding: bytes → (gunzip) → text → (UTF-16 to UTF-8) → the sink.
*/
#include "read/decoder.h"
#include "read/gunzip.h"
#include "read/utf16.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FEED_MAX (1 << 30) /* bytes to a step: zlib counts in 32 bits */

/* How files begin that are compressed, of which gzip alone is read. */
static const struct format {
  const char *magic;
  size_t length;
  const char *name; /* NULL: it is read */
} formats[] = {
    {"\x1f\x8b", 2, NULL},
    {"\x28\xb5\x2f\xfd", 4, "zstd"},
    {"PK\x03\x04", 4, "zip (as spreadsheets are, which can be saved as CSV)"},
    {"\xfd"
     "7zXZ\0",
     6, "xz"},
    {"BZh91AY&SY", 10, "bzip2"},
};
#define FORMAT_COUNT (sizeof formats / sizeof *formats)
#define MAGIC_MAX 10

/* Byte order marks of UTF-16 and UTF-8 (RFC 2781, section 3.2; RFC 3629, section 6). */
static const char little_endian[] = "\xff\xfe", big_endian[] = "\xfe\xff", utf8[] = "\xef\xbb\xbf";
#define MARK_MAX 3

struct loom_decoder {
  loom_text_fn *sink;
  void *context;
  char magic[MAGIC_MAX],
      mark[MARK_MAX]; /* the first bytes, and those of the text, until they are enough to decide */
  size_t magic_size, mark_size;
  bool format_known, mark_known;
  loom_gunzip *gunzip; /* NULL: not compressed */
  loom_utf16 *utf16;   /* NULL: it is not */
};

loom_decoder *loom_decoder_new(loom_text_fn *sink, void *context) {
  loom_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder) {
    decoder->sink = sink;
    decoder->context = context;
  }
  return decoder;
}

void loom_decoder_free(loom_decoder *decoder) {
  if (!decoder)
    return;
  loom_gunzip_free(decoder->gunzip);
  loom_utf16_free(decoder->utf16);
  free(decoder);
}

/* Moves bytes to a buffer until it is full. */
static void gather(char *buffer, size_t *filled, size_t capacity, const char **bytes,
                   size_t *size) {
  size_t part = *size < capacity - *filled ? *size : capacity - *filled;
  memcpy(buffer + *filled, *bytes, part);
  *filled += part;
  *bytes += part;
  *size -= part;
}

/* ---- text ---- */

static loom_status pass(loom_decoder *decoder, const char *bytes, size_t size, loom_error *error) {
  if (!size)
    return LOOM_OK;
  if (decoder->utf16)
    return loom_utf16_feed(decoder->utf16, bytes, size, decoder->sink, decoder->context, error);
  return decoder->sink(decoder->context, bytes, size, error);
}

/* Decides by what the text begins with, and passes on what is no mark. */
static loom_status decide_mark(loom_decoder *decoder, loom_error *error) {
  size_t size = decoder->mark_size, skip = 0;
  bool big = size >= 2 && memcmp(decoder->mark, big_endian, 2) == 0;
  decoder->mark_known = true;
  if (big || (size >= 2 && memcmp(decoder->mark, little_endian, 2) == 0)) {
    loom_status status = loom_utf16_new(big, &decoder->utf16, error);
    if (status != LOOM_OK)
      return status;
    skip = 2;
  } else if (size == 3 && memcmp(decoder->mark, utf8, 3) == 0) {
    skip = 3;
  }
  return pass(decoder, decoder->mark + skip, size - skip, error);
}

/* A loom_text_fn. */
static loom_status take_text(void *context, const char *bytes, size_t size, loom_error *error) {
  loom_decoder *decoder = context;
  if (!decoder->mark_known) {
    gather(decoder->mark, &decoder->mark_size, MARK_MAX, &bytes, &size);
    loom_status status = decoder->mark_size == MARK_MAX ? decide_mark(decoder, error) : LOOM_OK;
    if (status != LOOM_OK)
      return status;
  }
  return pass(decoder, bytes, size, error);
}

/* ---- bytes ---- */

static loom_status decompress(loom_decoder *decoder, const char *bytes, size_t size,
                              loom_error *error) {
  if (!decoder->gunzip)
    return size ? take_text(decoder, bytes, size, error) : LOOM_OK;
  loom_status status = LOOM_OK;
  for (size_t at = 0; status == LOOM_OK && at < size; at += FEED_MAX)
    status =
        loom_gunzip_feed(decoder->gunzip, bytes + at, size - at < FEED_MAX ? size - at : FEED_MAX,
                         take_text, decoder, error);
  return status;
}

/* Decides by what the file begins with, and passes that on. */
static loom_status decide_format(loom_decoder *decoder, loom_error *error) {
  decoder->format_known = true;
  for (size_t i = 0; i < FORMAT_COUNT; i++) {
    const struct format *format = &formats[i];
    if (decoder->magic_size < format->length ||
        memcmp(decoder->magic, format->magic, format->length) != 0)
      continue;
    if (format->name)
      return loom_fail(error, LOOM_EINPUT, "is compressed, as %s: only gzip is read as it is",
                       format->name);
    decoder->gunzip = loom_gunzip_new();
    if (!decoder->gunzip)
      return loom_no_memory(error);
  }
  return decompress(decoder, decoder->magic, decoder->magic_size, error);
}

loom_status loom_decoder_feed(loom_decoder *decoder, const char *bytes, size_t size,
                              loom_error *error) {
  if (!decoder->format_known) {
    gather(decoder->magic, &decoder->magic_size, MAGIC_MAX, &bytes, &size);
    loom_status status = decoder->magic_size == MAGIC_MAX ? decide_format(decoder, error) : LOOM_OK;
    if (status != LOOM_OK)
      return status;
  }
  return decompress(decoder, bytes, size, error);
}

bool loom_decoder_is_transparent(const loom_decoder *decoder) {
  return decoder->mark_known && !decoder->gunzip && !decoder->utf16;
}

loom_status loom_decoder_finish(loom_decoder *decoder, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!decoder->format_known)
    status = decide_format(decoder, error);
  if (status == LOOM_OK && decoder->gunzip)
    status = loom_gunzip_finish(decoder->gunzip, error);
  if (status == LOOM_OK && !decoder->mark_known)
    status = decide_mark(decoder, error);
  if (status == LOOM_OK && decoder->utf16)
    status = loom_utf16_finish(decoder->utf16, error);
  return status;
}
