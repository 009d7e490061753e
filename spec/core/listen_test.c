/*
** Probing of addresses, with real sockets.
*/
#include "serve/listen.h"
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void loopback_or_not(void **state) {
  (void)state;
  static const struct {
    const char *host;
    bool loopback;
  } cases[] = {
      {"127.0.0.1", true}, {"127.1.2.3", true}, {"::1", true}, {"0.0.0.0", false}, {"::", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    loom_error error;
    bool loopback = !cases[i].loopback;
    assert_int_equal(loom_listen_probe(cases[i].host, "0", &loopback, &error), LOOM_OK);
    assert_int_equal(loopback, cases[i].loopback);
  }
}

static void not_addresses(void **state) {
  (void)state;
  static const char *const hosts[] = {"localhost", "1.2.3", "", "256.0.0.1", "::g"};
  loom_error error;
  bool loopback;
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
    assert_int_equal(loom_listen_probe(hosts[i], "x", &loopback, &error), LOOM_EINVAL);
  /* not of this machine */
  assert_int_equal(loom_listen_probe("192.0.2.1", "80", &loopback, &error), LOOM_EINVAL);
}

static void taken(void **state) {
  (void)state;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
  char port[8], expected[80];
  loom_error error;
  bool loopback;
  snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
  snprintf(expected, sizeof expected, "cannot listen on 127.0.0.1, port %s: %s", port,
           strerror(EADDRINUSE));
  assert_int_equal(loom_listen_probe("127.0.0.1", port, &loopback, &error), LOOM_EBUSY);
  assert_string_equal(error.message, expected);
  close(fd);
  assert_int_equal(loom_listen_probe("127.0.0.1", port, &loopback, &error), LOOM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loopback_or_not),
      cmocka_unit_test(not_addresses),
      cmocka_unit_test(taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
