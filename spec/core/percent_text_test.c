/*
** Percent-encoding: what is encoded and what is not, that everything can be decoded, and that the result is UTF-8 of one line.
*/
#include "base/percent_text.h"
#include "base/utf8.h"
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void encode(struct loom_text *text, const char *bytes, size_t length) {
  text->length = 0;
  assert_true(loom_text_reserve(text, LOOM_PERCENT_SIZE(length) + 1));
  loom_percent_put(text, bytes, length);
  assert_true(text->length <= LOOM_PERCENT_SIZE(length));
}

static void by_hand(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *expected;
  } cases[] = {{"", ""},
               {"8419537941919820732", "8419537941919820732"},
               {"a b\"c\\d&<'=+", "a b\"c\\d&<'=+"},
               {"100%", "100%25"},
               {"%41", "%2541"},
               {"a\tb\nc\r", "a%09b%0Ac%0D"},
               {"\x01\x1f\x7f", "%01%1F%7F"},
               {"caf\xc3\xa9 \xf0\x9f\x8c\xae", "caf\xc3\xa9 \xf0\x9f\x8c\xae"},
               {"\xc3(\xff\xed\xa0\x80", "%C3(%FF%ED%A0%80"},
               {"\xe2\x82", "%E2%82"}};
  struct loom_text text = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    encode(&text, cases[i].bytes, strlen(cases[i].bytes));
    assert_int_equal(text.length, strlen(cases[i].expected));
    assert_memory_equal(text.bytes, cases[i].expected, text.length);
  }
  encode(&text, "a\0b", 3);
  assert_memory_equal(text.bytes, "a%00b", 5);
  loom_text_free(&text);
}

static size_t decode(const struct loom_text *text, char *out) {
  size_t length = 0;
  for (size_t i = 0; i < text->length; i++) {
    unsigned byte = (unsigned char)text->bytes[i];
    if (byte == '%') {
      char digits[3] = {text->bytes[i + 1], text->bytes[i + 2], '\0'};
      byte = (unsigned)strtoul(digits, NULL, 16);
      i += 2;
    }
    out[length++] = (char)byte;
  }
  return length;
}

static void any_bytes(void **state) {
  (void)state;
  uint64_t random = 3;
  struct loom_text text = {0};
  for (int round = 0; round < 20000; round++) {
    char bytes[40], decoded[40];
    size_t length = random_below(&random, sizeof bytes);
    uint64_t range = random_below(&random, 2) ? 256 : 128;
    for (size_t i = 0; i < length; i++)
      bytes[i] = (char)random_below(&random, range);
    encode(&text, bytes, length);
    const char *end = text.bytes + text.length;
    for (const char *at = text.bytes; at < end; at++) {
      size_t size = loom_utf8_length(at, end);
      assert_true(size > 0);
      assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
      at += size - 1;
    }
    assert_int_equal(decode(&text, decoded), length);
    assert_memory_equal(decoded, bytes, length);
  }
  loom_text_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(any_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
