/*
** Questions by libcurl's easy interface.
*/
#include "net/http.h"
#include "net/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIME 2000L /* milliseconds */
#define HEADER_SIZE 2048   /* bytes of a header: a user or a password has up to 1,024 */

struct http {
  loom_asker asker; /* the first member */
  CURL *easy;
  struct curl_slist *headers;
  struct loom_text *answer;
  size_t answer_most;
  bool out_of_memory, is_too_long;
  bool has_ended; /* its headers have */
  bool has_size;  /* which tell how long it is, or that it tells itself */
};

static struct http *of_head(loom_asker *asker) {
  return (struct http *)asker;
}

static size_t take_body(char *bytes, size_t one, size_t length, void *context) {
  struct http *http = context;
  (void)one; /* 1 */
  http->is_too_long = length > http->answer_most - http->answer->length;
  if (http->is_too_long)
    return 0;
  http->out_of_memory = !loom_text_reserve(http->answer, length);
  if (http->out_of_memory)
    return 0;
  loom_text_put(http->answer, bytes, length);
  return length;
}

static bool is_header(const char *line, size_t length, const char *name) {
  return length >= strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

/*
** An answer whose connection ends within its headers, or that has no length of its own, is a whole one to libcurl: it would be taken
** for an empty one (RFC 9112, section 8).
*/
static size_t take_header(char *line, size_t one, size_t length, void *context) {
  struct http *http = context;
  (void)one;
  if (is_header(line, length, "HTTP/")) /* also of one that is not the last, such as 100 */
    http->has_ended = http->has_size = false;
  http->has_size |=
      is_header(line, length, "Content-Length:") || is_header(line, length, "Transfer-Encoding:");
  http->has_ended |= line[0] == '\r' || line[0] == '\n';
  return length;
}

/* Whether all of the answer has come. */
static bool is_whole(const struct http *http) {
  long version = 0;
  curl_easy_getinfo(http->easy, CURLINFO_HTTP_VERSION, &version);
  return http->has_ended && (http->has_size || version > CURL_HTTP_VERSION_1_1);
}

static bool add_header(struct http *http, const char *name, const char *value) {
  char header[HEADER_SIZE];
  int length = snprintf(header, sizeof header, "%s%s", name, value);
  if (length < 0 || (size_t)length >= sizeof header)
    return false;
  struct curl_slist *longer = curl_slist_append(http->headers, header);
  memset(header, 0, sizeof header);
  if (longer)
    http->headers = longer;
  return longer;
}

static bool set_headers(struct http *http, const struct loom_call *call) {
  curl_slist_free_all(http->headers);
  http->headers = NULL;
  return add_header(http, "Expect:", "") && add_header(http, "Content-Type:", " text/plain") &&
         (!call->user || add_header(http, "X-ClickHouse-User: ", call->user)) &&
         (!call->password || add_header(http, "X-ClickHouse-Key: ", call->password));
}

static CURLcode set_call(struct http *http, const struct loom_call *call) {
  struct setting s = {http->easy, CURLE_OK};
  curl_easy_reset(http->easy); /* which keeps connections */
  SET(&s, CURLOPT_NOSIGNAL, 1L);
  SET(&s, CURLOPT_URL, call->url);
  SET(&s, CURLOPT_CONNECTTIMEOUT_MS,
      call->time_limit < CONNECT_TIME ? call->time_limit : CONNECT_TIME);
  SET(&s, CURLOPT_TIMEOUT_MS, call->time_limit);
  set_bounds(&s, false);
  SET(&s, CURLOPT_USERAGENT, "loom");
  SET(&s, CURLOPT_HTTPHEADER, http->headers);
  SET(&s, CURLOPT_POST, 1L);
  SET(&s, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->length);
  SET(&s, CURLOPT_POSTFIELDS, call->body ? call->body : "");
  SET(&s, CURLOPT_WRITEFUNCTION, take_body);
  SET(&s, CURLOPT_WRITEDATA, http);
  SET(&s, CURLOPT_HEADERFUNCTION, take_header);
  SET(&s, CURLOPT_HEADERDATA, http);
  if (call->ca_file)
    SET(&s, CURLOPT_CAINFO, call->ca_file);
  return s.code;
}

static loom_status post(loom_asker *asker, const struct loom_call *call, long *status,
                        struct loom_text *answer, loom_error *error) {
  struct http *http = of_head(asker);
  http->answer = answer;
  http->answer_most = call->answer_most;
  http->out_of_memory = http->is_too_long = http->has_ended = http->has_size = false;
  *status = 0;
  if (!set_headers(http, call))
    return loom_no_memory(error);
  CURLcode code = set_call(http, call);
  if (code == CURLE_OK)
    code = curl_easy_perform(http->easy);
  if (http->out_of_memory || code == CURLE_OUT_OF_MEMORY)
    return loom_no_memory(error);
  if (code != CURLE_OK) {
    long sent = 0;
    curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &sent);
    *status = sent > 0 ? LOOM_WAS_SENT : 0;
    if (http->is_too_long)
      return loom_fail(error, LOOM_EIO, "the answer is longer than %zu bytes", http->answer_most);
    return loom_fail(error, LOOM_EIO, "%s", curl_easy_strerror(code));
  }
  if (!is_whole(http)) {
    *status = LOOM_WAS_SENT;
    return loom_fail(error, LOOM_EIO, "the answer was cut off");
  }
  curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, status);
  return LOOM_OK;
}

static void free_http(loom_asker *asker) {
  struct http *http = of_head(asker);
  curl_easy_cleanup(http->easy);
  curl_slist_free_all(http->headers);
  free(http);
  curl_global_cleanup();
}

static loom_asker *another(const loom_asker *asker) {
  (void)asker;
  return loom_http_new();
}

static const struct loom_asker_type type = {.post = post, .another = another, .free = free_http};

loom_asker *loom_http_new(void) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return NULL;
  struct http *http = calloc(1, sizeof *http);
  if (http && !(http->easy = curl_easy_init())) {
    free(http);
    http = NULL;
  }
  if (!http) {
    curl_global_cleanup();
    return NULL;
  }
  http->asker.type = &type;
  return &http->asker;
}
