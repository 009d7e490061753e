/*
** Streams by libcurl's multi interface.
*/
#include "net/streams.h"
#include "base/platform.h"
#include "net/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECT_TIME 5000L /* milliseconds */
#define WAIT_TIME 100      /* the same, between two looks at what has come */
#define ANSWER_KEPT 400    /* bytes of an answer that is a refusal */
#define TOKEN_MOST 1024    /* bytes of a token */

struct stream {
  loom_streams *all;
  unsigned number;
  CURL *easy;
  struct curl_slist *headers;
  bool is_paused, has_ended;
  int64_t heard; /* when the last byte came, in milliseconds of the clock that only moves forward */
  int64_t stall;
  long status;
  char answer[ANSWER_KEPT + 1]; /* the beginning of a refusal */
  size_t kept;
  loom_status failed; /* of what came */
  loom_error error;
};

struct loom_streams {
  CURLM *multi;
  loom_row_merge *merge;
  unsigned count;
  bool has_come; /* something, since it was last looked for */
  struct stream streams[];
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void end_stream(struct stream *stream) {
  if (stream->easy) {
    curl_multi_remove_handle(stream->all->multi, stream->easy);
    curl_easy_cleanup(stream->easy);
  }
  curl_slist_free_all(stream->headers);
  stream->easy = NULL;
  stream->headers = NULL;
}

loom_streams *loom_streams_new(unsigned inputs) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return NULL;
  loom_streams *streams = calloc(1, sizeof *streams + inputs * sizeof *streams->streams);
  if (streams) {
    streams->multi = curl_multi_init();
    streams->merge = loom_row_merge_new(inputs);
  }
  if (!streams || !streams->multi || !streams->merge) {
    if (streams) {
      curl_multi_cleanup(streams->multi);
      loom_row_merge_free(streams->merge);
    }
    free(streams);
    curl_global_cleanup();
    return NULL;
  }
  streams->count = inputs;
  for (unsigned i = 0; i < inputs; i++) {
    streams->streams[i].all = streams;
    streams->streams[i].number = i;
  }
  return streams;
}

void loom_streams_free(loom_streams *streams) {
  if (!streams)
    return;
  for (unsigned i = 0; i < streams->count; i++)
    end_stream(&streams->streams[i]);
  curl_multi_cleanup(streams->multi);
  loom_row_merge_free(streams->merge);
  free(streams);
  curl_global_cleanup();
}

const loom_row_merge *loom_streams_merge(const loom_streams *streams) {
  return streams->merge;
}

/* ---- asking ---- */

static size_t take_bytes(char *bytes, size_t one, size_t length, void *context) {
  struct stream *stream = context;
  loom_row_merge *merge = stream->all->merge;
  (void)one; /* 1 */
  stream->heard = now();
  stream->all->has_come = true;
  curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &stream->status);
  if (stream->status != 200) {
    size_t room = ANSWER_KEPT - stream->kept, more = length < room ? length : room;
    memcpy(stream->answer + stream->kept, bytes, more);
    stream->kept += more;
    return more == length ? length : 0;
  }
  if (!loom_row_merge_has_room(merge, stream->number)) {
    stream->is_paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  stream->failed = loom_row_merge_put(merge, stream->number, bytes, length, &stream->error);
  return stream->failed == LOOM_OK ? length : 0;
}

static bool add_header(struct stream *stream, const char *name, const char *value) {
  char header[TOKEN_MOST + 64];
  int length = snprintf(header, sizeof header, "%s%s", name, value);
  struct curl_slist *longer = length >= 0 && (size_t)length < sizeof header
                                  ? curl_slist_append(stream->headers, header)
                                  : NULL;
  memset(header, 0, sizeof header);
  if (longer)
    stream->headers = longer;
  return longer;
}

static CURLcode set_request(struct stream *stream, const struct loom_stream_request *request) {
  struct setting s = {stream->easy, CURLE_OK};
  SET(&s, CURLOPT_NOSIGNAL, 1L);
  SET(&s, CURLOPT_URL, request->url);
  SET(&s, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIME);
  SET(&s, CURLOPT_TCP_KEEPALIVE, 1L);
  set_bounds(&s, false);
  SET(&s, CURLOPT_USERAGENT, "loom");
  SET(&s, CURLOPT_HTTPHEADER, stream->headers);
  SET(&s, CURLOPT_POST, 1L);
  SET(&s, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
  SET(&s, CURLOPT_COPYPOSTFIELDS, request->body);
  SET(&s, CURLOPT_WRITEFUNCTION, take_bytes);
  SET(&s, CURLOPT_WRITEDATA, stream);
  SET(&s, CURLOPT_PRIVATE, stream);
  if (request->ca_file)
    SET(&s, CURLOPT_CAINFO, request->ca_file);
  return s.code;
}

loom_status loom_streams_open(loom_streams *streams, unsigned number,
                              const struct loom_stream_request *request, loom_error *error) {
  struct stream *stream = &streams->streams[number];
  end_stream(stream);
  loom_row_merge_restart(streams->merge, number);
  *stream = (struct stream){.all = streams,
                            .number = number,
                            .heard = now(),
                            .stall = (int64_t)request->stall * 1000,
                            .easy = curl_easy_init()};
  if (!stream->easy || !add_header(stream, "Expect:", "") ||
      !add_header(stream, "Content-Type: ", "application/json") ||
      !add_header(stream, "Authorization: Bearer ", request->token))
    return loom_no_memory(error);
  CURLcode code = set_request(stream, request);
  if (code != CURLE_OK)
    return loom_fail(error, LOOM_EINVAL, "%s", curl_easy_strerror(code));
  CURLMcode added = curl_multi_add_handle(streams->multi, stream->easy);
  return added == CURLM_OK ? LOOM_OK : loom_fail(error, LOOM_EIO, "%s", curl_multi_strerror(added));
}

/* ---- what comes ---- */

static void note_end(struct stream *stream, CURLcode code) {
  curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &stream->status);
  stream->has_ended = stream->all->has_come = true;
  if (stream->failed == LOOM_OK && code != CURLE_OK && !stream->kept)
    stream->failed = loom_fail(&stream->error, LOOM_EIO, "%s", curl_easy_strerror(code));
}

/* Notes which have ended. */
static void collect(loom_streams *streams) {
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(streams->multi, &left));) {
    char *context = NULL;
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
    note_end((struct stream *)(void *)context, message->data.result);
  }
}

/* Lets all send that have room, and takes what has come; where nothing has, it waits for that. */
static loom_status pump(loom_streams *streams, int milliseconds, loom_error *error) {
  int running;
  streams->has_come = false;
  for (unsigned i = 0; i < streams->count; i++) {
    struct stream *stream = &streams->streams[i];
    if (stream->is_paused && loom_row_merge_has_room(streams->merge, i)) {
      stream->is_paused = false;
      stream->heard = now();
      curl_easy_pause(stream->easy, CURLPAUSE_CONT);
    }
  }
  CURLMcode code = curl_multi_perform(streams->multi, &running);
  collect(streams);
  if (code == CURLM_OK && !streams->has_come && milliseconds > 0) {
    code = curl_multi_poll(streams->multi, NULL, 0, milliseconds, NULL);
    if (code == CURLM_OK)
      code = curl_multi_perform(streams->multi, &running);
    collect(streams);
  }
  return code == CURLM_OK ? LOOM_OK : loom_fail(error, LOOM_EIO, "%s", curl_multi_strerror(code));
}

/* Why there is nothing more of a stream. LOOM_OK: there may be. */
static loom_status look_at(struct stream *stream, loom_error *error) {
  if (stream->failed != LOOM_OK) {
    *error = stream->error;
    return stream->failed;
  }
  if (stream->has_ended && stream->status != 200) {
    stream->answer[stream->kept] = '\0';
    stream->answer[strcspn(stream->answer, "\r\n")] = '\0';
    return loom_fail(error, LOOM_EIO, "%s (HTTP status %ld)",
                     *stream->answer ? stream->answer : "refused", stream->status);
  }
  if (stream->has_ended)
    return loom_fail(error, LOOM_EIO, "the stream was cut off");
  if (!stream->is_paused && now() - stream->heard > stream->stall)
    return loom_fail(error, LOOM_EIO, "nothing has come for %lld s",
                     (long long)(stream->stall / 1000));
  return LOOM_OK;
}

loom_status loom_streams_take(loom_streams *streams, size_t most, int milliseconds,
                              struct loom_text *to, unsigned *input, loom_error *error) {
  int64_t until = now() + milliseconds, left = milliseconds;
  loom_status status = LOOM_OK, taken;
  while ((taken = loom_row_merge_take(streams->merge, most, to, input, error)) == LOOM_EAGAIN &&
         to->length == 0 && status == LOOM_OK && left >= 0) {
    status = look_at(&streams->streams[*input], error);
    if (status != LOOM_OK)
      return status;
    status = pump(streams, left < WAIT_TIME ? (int)left : WAIT_TIME, error);
    left = until - now();
  }
  if (status != LOOM_OK)
    return status;
  bool is_later =
      taken == LOOM_EAGAIN || taken == LOOM_EINPUT; /* it is the same when it is asked for again */
  return is_later && to->length > 0 ? LOOM_OK : taken;
}
