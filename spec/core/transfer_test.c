/*
** Requests against a server of the test's own, which answers what it is told to and worse: cuts, hangs, never ends.
*/
#include "net/transfer.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 60000 /* milliseconds after which a test has failed, far beyond what any takes */

/* One connection is answered at a time: what was asked is kept, the answer sent, and the connection closed or left to hang. */
struct server {
  int listener;
  char url[64];
  const char *answer;
  bool endless, hangs;
  char asked[4096];
  atomic_int connections;
  pthread_t thread;
};

static bool read_request(struct server *server, int fd) {
  size_t length = 0;
  for (;;) {
    ssize_t got = read(fd, server->asked + length, sizeof server->asked - 1 - length);
    if (got <= 0)
      return false;
    length += (size_t)got;
    server->asked[length] = '\0';
    const char *end = strstr(server->asked, "\r\n\r\n"),
               *size = strstr(server->asked, "Content-Length: ");
    if (end && strlen(end + 4) >= (size ? strtoul(size + 16, NULL, 10) : 0))
      return true;
  }
}

static void *serve(void *context) {
  struct server *server = context;
  for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0; close(fd)) {
    server->connections++;
    if (!read_request(server, fd))
      continue;
    if (send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL) < 0)
      continue;
    while (server->endless && send(fd, "and on and on and on ", 21, MSG_NOSIGNAL) > 0)
      ;
    char byte;
    while (server->hangs && read(fd, &byte, 1) > 0)
      ;
  }
  return NULL;
}

static void start_server(struct server *server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  server->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(server->listener, 8), 0);
  assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
  snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/hook", ntohs(address.sin_port));
  assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(struct server *server) {
  shutdown(server->listener, SHUT_RDWR);
  pthread_join(server->thread, NULL);
  close(server->listener);
}

static loom_transfers *new_transfers(const char *allowed) {
  struct loom_range range;
  loom_transfers *transfers;
  loom_error error;
  if (allowed)
    assert_int_equal(loom_range_parse(allowed, &range, &error), LOOM_OK);
  assert_int_equal(loom_transfers_new(&range, allowed ? 1 : 0, &transfers, &error), LOOM_OK);
  return transfers;
}

static struct loom_answer finish(loom_transfers *transfers) {
  struct loom_answer answer;
  loom_error error;
  for (int left = LIMIT; left > 0; left -= 50) {
    assert_int_equal(loom_transfers_wait(transfers, 50, &error), LOOM_OK);
    if (loom_transfers_next(transfers, &answer) == LOOM_OK)
      return answer;
  }
  fail_msg("no answer in time");
  return answer;
}

static struct loom_answer ask(loom_transfers *transfers, const struct loom_request *request) {
  uint64_t number;
  loom_error error;
  assert_int_equal(loom_transfers_start(transfers, request, &number, &error), LOOM_OK);
  struct loom_answer answer = finish(transfers);
  assert_int_equal(answer.number, number);
  return answer;
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void a_request_is_sent_as_it_is_and_answered(void **state) {
  (void)state;
  struct server server = {.answer = OK_ANSWER};
  const char *headers[] = {"Content-Type: application/json", "webhook-id: msg_1", NULL};
  start_server(&server);
  loom_transfers *transfers = new_transfers("127.0.0.1");
  struct loom_answer answer =
      ask(transfers, &(struct loom_request){
                         .url = server.url, .headers = headers, .body = "{\"a\":1}", .length = 7});
  assert_int_equal(answer.status, 200);
  assert_int_equal(answer.length, 2);
  assert_memory_equal(answer.body, "ok", 2);
  assert_null(answer.message);
  assert_int_equal(strncmp(server.asked, "POST /hook HTTP/1.1\r\n", 21), 0);
  assert_non_null(strstr(server.asked, "\r\nwebhook-id: msg_1\r\n"));
  assert_non_null(strstr(server.asked, "\r\n\r\n{\"a\":1}"));
  assert_int_equal(loom_transfers_count(transfers), 0);
  loom_transfers_free(transfers);
  stop_server(&server);
}

/* Answers of all kinds: what status they are, how much is kept, and when to come again. */
static void what_was_answered_counts_however_it_ended(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    bool endless, hangs;
    long status;
    int64_t retry_after;
  } cases[] = {
      {OK_ANSWER, false, false, 200, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", false, false, 200, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", true, false, 200, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", false, true, 200, 0},
      {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false, false, 302,
       0},
      {"HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", false, false, 429,
       120},
      {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", false, false, 410, 0},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false, false,
       503, 0},
      {"HTTP/1.1 100 Continue\r\n\r\n", false, false, 0, 0},
      {"HTTP/1.1 200 OK\r\nContent-Le", false, false, 200, 0},
      {"", false, false, 0, 0},
      {"", false, true, 0, 0},
      {"what is this\r\n\r\n", false, false, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct server server = {
        .answer = cases[i].answer, .endless = cases[i].endless, .hangs = cases[i].hangs};
    start_server(&server);
    loom_transfers *transfers = new_transfers("127.0.0.1");
    const struct loom_request request = {
        .url = server.url, .body = "{}", .length = 2, .time_limit = cases[i].hangs ? 2000 : LIMIT};
    struct loom_answer answer = ask(transfers, &request);
    if (answer.status != cases[i].status || answer.retry_after != cases[i].retry_after)
      fail_msg("case %zu: %ld, %ld: %s", i, answer.status, (long)answer.retry_after,
               answer.message ? answer.message : "");
    assert_true(answer.length <= LOOM_ANSWER_KEPT);
    assert_int_equal(server.connections, 1);
    assert_int_equal(answer.message != NULL, cases[i].status == 0);
    assert_false(answer.refused);
    loom_transfers_free(transfers);
    stop_server(&server);
  }
}

/* Names are judged by what they lead to; an address that carries another, by that one. */
static void addresses_are_judged_before_they_are_connected_to(void **state) {
  (void)state;
  struct server server = {.answer = OK_ANSWER};
  char url[128];
  static const char *const hosts[] = {"127.0.0.1",          "localhost", "2130706433", "0x7f000001",
                                      "[::ffff:127.0.0.1]", "[::1]",     "0.0.0.0",    "127.1"};
  start_server(&server);
  loom_transfers *transfers = new_transfers("10.0.0.0/8");
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    snprintf(url, sizeof url, "http://%s%s", hosts[i], strchr(server.url + 7, ':'));
    struct loom_answer answer =
        ask(transfers, &(struct loom_request){.url = url, .body = "{}", .length = 2});
    if (!answer.refused || answer.status != 0)
      fail_msg("%s is spoken to: %s", url, answer.message);
    assert_non_null(strstr(answer.message, "is not a public address"));
    assert_null(strstr(answer.message, "hook"));
  }
  assert_int_equal(server.connections, 0);
  loom_transfers_free(transfers);
  stop_server(&server);
}

static void proxies_of_the_environment_are_not_used(void **state) {
  (void)state;
  struct server server = {.answer = OK_ANSWER}, proxy = {.answer = "HTTP/1.1 500 Proxy\r\n\r\n"};
  start_server(&server);
  start_server(&proxy);
  setenv("http_proxy", proxy.url, 1);
  setenv("all_proxy", proxy.url, 1);
  loom_transfers *transfers = new_transfers("127.0.0.0/8");
  struct loom_answer answer = ask(transfers, &(struct loom_request){.url = server.url});
  assert_int_equal(answer.status, 200);
  assert_int_equal(strncmp(server.asked, "GET /hook", 9), 0);
  assert_int_equal(proxy.connections, 0);
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  loom_transfers_free(transfers);
  stop_server(&proxy);
  stop_server(&server);
}

static void what_cannot_be_sent_is_refused(void **state) {
  (void)state;
  const char *bad_header[] = {"X: a\r\nY: b", NULL},
             *bad_recipient[] = {"a@b>\r\nRCPT TO:<c", NULL}, *none[] = {NULL},
             *one[] = {"a@example.org", NULL};
  const struct loom_request requests[] = {
      {.url = "ftp://127.0.0.1/"},
      {.url = "file:///etc/passwd"},
      {.url = "smtp://127.0.0.1/"},
      {.url = ""},
      {.url = "http://127.0.0.1/\r\nX: y"},
      {.url = "http://127.0.0.1/", .headers = bad_header},
      {.url = "http://127.0.0.1/", .method = "GET / HTTP/1.1\r\n"},
      {.url = "http://127.0.0.1/", .from = "a@example.org", .recipients = one},
      {.url = "smtp://127.0.0.1/", .from = "a@example.org", .recipients = bad_recipient},
      {.url = "smtp://127.0.0.1/", .from = "a@example.org\r\n", .recipients = one},
      {.url = "smtp://127.0.0.1/", .from = "a@example.org", .recipients = none},
      {.url = "smtp://127.0.0.1/", .recipients = one},
  };
  uint64_t number;
  loom_error error;
  loom_transfers *transfers = new_transfers("127.0.0.1");
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    if (loom_transfers_start(transfers, &requests[i], &number, &error) != LOOM_EINVAL)
      fail_msg("request %zu is sent", i);
  assert_int_equal(loom_transfers_count(transfers), 0);
  loom_transfers_free(transfers);
}

/* As many as there may be, to one that does not answer: none waits for another, one more is refused, and all are let go. */
static void many_go_at_once(void **state) {
  (void)state;
  struct server server = {.answer = OK_ANSWER}, silent = {.answer = "", .hangs = true};
  uint64_t number;
  loom_error error;
  start_server(&server);
  start_server(&silent);
  loom_transfers *transfers = new_transfers("127.0.0.1");
  for (int i = 1; i < LOOM_TRANSFERS_MAX; i++)
    assert_int_equal(
        loom_transfers_start(transfers, &(struct loom_request){.url = silent.url}, &number, &error),
        LOOM_OK);
  struct loom_answer answer = ask(transfers, &(struct loom_request){.url = server.url});
  assert_int_equal(answer.status, 200);
  assert_int_equal(
      loom_transfers_start(transfers, &(struct loom_request){.url = silent.url}, &number, &error),
      LOOM_OK);
  assert_int_equal(
      loom_transfers_start(transfers, &(struct loom_request){.url = silent.url}, &number, &error),
      LOOM_EAGAIN);
  loom_transfers_free(transfers);
  stop_server(&silent);
  stop_server(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_sent_as_it_is_and_answered),
      cmocka_unit_test(what_was_answered_counts_however_it_ended),
      cmocka_unit_test(addresses_are_judged_before_they_are_connected_to),
      cmocka_unit_test(proxies_of_the_environment_are_not_used),
      cmocka_unit_test(what_cannot_be_sent_is_refused),
      cmocka_unit_test(many_go_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
