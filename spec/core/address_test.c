/*
** Addresses: which are public, held against the ends of each special range, and ranges as they are written.
*/
#include "net/address.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static const char *kind_of(const char *text) {
  struct loom_range one;
  loom_error error;
  assert_int_equal(loom_range_parse(text, &one, &error), LOOM_OK);
  assert_int_equal(one.bits, 128);
  const char *kind = loom_address_kind(one.bytes);
  return kind ? kind : "public";
}

static void special_addresses_are_told_to_their_ends(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"0.0.0.0", "reserved"},
      {"0.255.255.255", "reserved"},
      {"1.0.0.0", "public"},
      {"9.255.255.255", "public"},
      {"10.0.0.0", "private"},
      {"10.255.255.255", "private"},
      {"11.0.0.0", "public"},
      {"100.63.255.255", "public"},
      {"100.64.0.0", "shared"},
      {"100.127.255.255", "shared"},
      {"100.128.0.0", "public"},
      {"126.255.255.255", "public"},
      {"127.0.0.1", "loopback"},
      {"127.255.255.255", "loopback"},
      {"169.254.169.254", "link-local"},
      {"169.253.255.255", "public"},
      {"169.255.0.0", "public"},
      {"172.15.255.255", "public"},
      {"172.16.0.0", "private"},
      {"172.31.255.255", "private"},
      {"172.32.0.0", "public"},
      {"192.0.0.8", "reserved"},
      {"192.0.2.1", "reserved"},
      {"192.0.1.0", "public"},
      {"192.88.99.1", "reserved"},
      {"192.168.0.0", "private"},
      {"192.168.255.255", "private"},
      {"192.169.0.0", "public"},
      {"198.18.0.0", "reserved"},
      {"198.19.255.255", "reserved"},
      {"198.20.0.0", "public"},
      {"198.51.100.7", "reserved"},
      {"203.0.113.7", "reserved"},
      {"223.255.255.255", "public"},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"240.0.0.0", "reserved"},
      {"255.255.255.255", "reserved"},
      {"8.8.8.8", "public"},
      {"::", "reserved"},
      {"::1", "loopback"},
      {"::2", "reserved"},
      {"fc00::", "private"},
      {"fdff::1", "private"},
      {"fe80::1", "link-local"},
      {"febf::1", "link-local"},
      {"fec0::1", "reserved"},
      {"ff02::1", "multicast"},
      {"2001::1", "reserved"},
      {"2001:1ff::1", "reserved"},
      {"2001:200::1", "public"},
      {"2001:db8::1", "reserved"},
      {"2001:db9::1", "public"},
      {"2606:4700::1111", "public"},
      {"3fff:fff::1", "reserved"},
      {"3fff:1000::", "public"},
      {"4000::1", "reserved"},
      {"::ffff:127.0.0.1", "loopback"},
      {"::ffff:10.1.2.3", "private"},
      {"::ffff:8.8.8.8", "public"},
      {"::127.0.0.1", "reserved"},
      {"64:ff9b::8.8.8.8", "public"},
      {"64:ff9b::10.0.0.1", "private"},
      {"64:ff9b:1::8.8.8.8", "reserved"},
      {"2002:7f00:1::1", "loopback"},
      {"2002:808:808::1", "public"},
      {"2002:a9fe:a9fe::", "link-local"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (strcmp(kind_of(cases[i][0]), cases[i][1]) != 0)
      fail_msg("%s is %s, not %s", cases[i][0], kind_of(cases[i][0]), cases[i][1]);
}

static bool range_has(const char *range, const char *address) {
  struct loom_range wide, one;
  loom_error error;
  assert_int_equal(loom_range_parse(range, &wide, &error), LOOM_OK);
  assert_int_equal(loom_range_parse(address, &one, &error), LOOM_OK);
  return loom_range_has(&wide, one.bytes);
}

static void ranges_have_what_begins_like_them(void **state) {
  (void)state;
  assert_true(range_has("10.0.0.0/8", "10.255.1.2"));
  assert_false(range_has("10.0.0.0/8", "11.0.0.0"));
  assert_true(range_has("172.16.0.0/12", "172.31.0.1"));
  assert_false(range_has("172.16.0.0/12", "172.32.0.1"));
  assert_true(range_has("0.0.0.0/0", "1.2.3.4"));
  assert_false(range_has("0.0.0.0/0", "::1"));
  assert_true(range_has("::/0", "1.2.3.4"));
  assert_true(range_has("127.0.0.1", "::ffff:127.0.0.1"));
  assert_false(range_has("127.0.0.1", "127.0.0.2"));
  assert_true(range_has("fd00::/9", "fd7f::1"));
  assert_false(range_has("fd00::/9", "fd80::1"));
}

static void what_is_no_range_is_named(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "localhost",
                                    "10.0.0.0/33",
                                    "::/129",
                                    "10.0.0.0/",
                                    "10.0.0.0/-1",
                                    "10.0.0.0/8 ",
                                    "/8",
                                    "1.2.3",
                                    "10.0.0.0/8/8",
                                    "10.0.0.0/99999999999999999999",
                                    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
  struct loom_range range;
  loom_error error;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (loom_range_parse(bad[i], &range, &error) != LOOM_EINVAL)
      fail_msg("\"%s\" is taken", bad[i]);
    assert_non_null(strstr(error.message, "is no address"));
  }
}

static void addresses_of_sockets_have_bytes_and_text(void **state) {
  (void)state;
  struct sockaddr_in in = {.sin_family = AF_INET};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
  struct sockaddr_un other = {.sun_family = AF_UNIX};
  unsigned char bytes[16];
  char text[LOOM_ADDRESS_SIZE];
  inet_pton(AF_INET, "192.168.3.4", &in.sin_addr);
  inet_pton(AF_INET6, "fd00::5", &in6.sin6_addr);
  assert_true(loom_address_bytes((struct sockaddr *)&in, bytes));
  loom_address_text(bytes, text);
  assert_string_equal(text, "192.168.3.4");
  assert_true(loom_address_bytes((struct sockaddr *)&in6, bytes));
  loom_address_text(bytes, text);
  assert_string_equal(text, "fd00::5");
  assert_false(loom_address_bytes((struct sockaddr *)&other, bytes));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_addresses_are_told_to_their_ends),
      cmocka_unit_test(ranges_have_what_begins_like_them),
      cmocka_unit_test(what_is_no_range_is_named),
      cmocka_unit_test(addresses_of_sockets_have_bytes_and_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
