/*
** Answers that end before they are whole: never taken for shorter ones.
*/
#include "net/http.h"

#include "storage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 60000 /* milliseconds after which a test has failed, far beyond what any takes */

/* Answers one request with so many bytes of an answer, and closes. */
struct server {
  int listener;
  char url[64];
  const char *answer;
  size_t length;
};

static void *serve(void *context) {
  const struct server *server = context;
  char request[4096];
  size_t length = 0;
  int fd = accept(server->listener, NULL, NULL);
  while (length < sizeof request - 1) {
    ssize_t got = read(fd, request + length, sizeof request - 1 - length);
    if (got <= 0)
      break;
    length += (size_t)got;
    request[length] = '\0';
    const char *end = strstr(request, "\r\n\r\n");
    if (end && strlen(end + 4) >= 4)
      break;
  }
  for (size_t sent = 0; sent < server->length;) {
    ssize_t got = write(fd, server->answer + sent, server->length - sent);
    if (got <= 0)
      break;
    sent += (size_t)got;
  }
  close(fd);
  return NULL;
}

static void listen_on_any(struct server *server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  server->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(server->listener, 4), 0);
  assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
  snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

/* What becomes of the first bytes of an answer; the body stays in `answer`. */
static loom_status ask(loom_asker *asker, const char *bytes, size_t length, long *status,
                       struct loom_text *answer, loom_error *error) {
  struct server server = {.answer = bytes, .length = length};
  pthread_t thread;
  listen_on_any(&server);
  assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
  const struct loom_call call = {
      .url = server.url, .body = "body", .length = 4, .time_limit = LIMIT, .answer_most = 100};
  loom_status found = loom_asker_post(asker, &call, status, answer, error);
  pthread_join(thread, NULL);
  close(server.listener);
  return found;
}

static void takes_nothing_but_whole_answers(void **state) {
  static const char *const answers[] = {
      "HTTP/1.1 200 OK\r\nServer: one\r\nContent-Length: 5\r\n\r\nwhole",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"};
  loom_asker *asker = loom_http_new();
  struct loom_text answer = {0};
  loom_error error;
  (void)state;
  for (size_t i = 0; i < COUNT_OF(answers); i++) {
    long status;
    size_t length = strlen(answers[i]);
    assert_status(ask(asker, answers[i], length, &status, &answer, &error), LOOM_OK, &error);
    assert_int_equal(status, 200);
    assert_int_equal(answer.length, 5);
    assert_memory_equal(answer.bytes, "whole", 5);
    for (size_t cut = 0; cut < length - 2; cut++) { /* the last line's end adds nothing */
      loom_status found = ask(asker, answers[i], cut, &status, &answer, &error);
      if (found != LOOM_EIO)
        print_error("answer %zu, cut to %zu bytes, is taken\n", i, cut);
      assert_int_equal(found, LOOM_EIO);
      assert_int_equal(status, LOOM_WAS_SENT);
    }
  }
  loom_text_free(&answer);
  loom_asker_free(asker);
}

static void takes_no_answer_without_a_length(void **state) {
  static const char text[] = "HTTP/1.1 200 OK\r\nServer: one\r\n\r\nperhaps a part";
  loom_asker *asker = loom_http_new();
  struct loom_text answer = {0};
  loom_error error;
  long status;
  (void)state;
  assert_int_equal(ask(asker, text, sizeof text - 1, &status, &answer, &error), LOOM_EIO);
  assert_string_equal(error.message, "the answer was cut off");
  loom_text_free(&answer);
  loom_asker_free(asker);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_nothing_but_whole_answers),
      cmocka_unit_test(takes_no_answer_without_a_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
