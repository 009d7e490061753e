/*
** Strings and numbers of JSON: by hand, and at random read back by a reader of its own.
*/
#include "base/json_text.h"
#include "base/utf8.h"
#include "support.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void strings(void **state) {
  (void)state;
  static const struct {
    const char *string, *expected;
  } cases[] = {
      {"", "\"\""},
      {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
      {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
      {"\xc3\xa9\xe2\x98\x95\xf0\x9f\x8d\x95", "\"\xc3\xa9\xe2\x98\x95\xf0\x9f\x8d\x95\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"a\xc3", "\"a\xef\xbf\xbd\""},
      {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
      {"\xf0\x9f\x8d", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* cut off */
      {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct loom_text text = {0};
    assert_true(loom_text_reserve(&text, LOOM_JSON_STRING_SIZE(strlen(cases[i].string))));
    loom_json_put_string(&text, cases[i].string, strlen(cases[i].string));
    assert_int_equal(text.length, strlen(cases[i].expected));
    assert_memory_equal(text.bytes, cases[i].expected, text.length);
    loom_text_free(&text);
  }
}

/* Four digits: what is read does not end with a NUL. */
static bool read_hex(const char **at, const char *end, unsigned *code) {
  char digits[5] = {0};
  if (end - *at < 4)
    return false;
  memcpy(digits, *at, 4);
  *at += 4;
  return sscanf(digits, "%4x", code) == 1;
}

/* Reads a string as RFC 8259 has it, of escapes only those that are written. False: it is none. */
static bool read_back(const char *at, size_t size, char *out, size_t *length) {
  const char *end = at + size - 1;
  *length = 0;
  if (size < 2 || *at++ != '"' || *end != '"')
    return false;
  while (at < end) {
    unsigned char c = (unsigned char)*at++;
    unsigned code = c;
    if (c < 0x20 || c == '"')
      return false;
    if (c == '\\') {
      const char *found = strchr("\"\"\\\\b\bf\fn\nr\rt\t", *at++);
      if (found)
        code = (unsigned char)found[1];
      else if (at[-1] != 'u' || !read_hex(&at, end, &code))
        return false;
    }
    out[(*length)++] = (char)code;
  }
  return true;
}

/* In room of exactly the promised size, so that checkers see a write past it. */
static void strings_read_back(void **state) {
  (void)state;
  uint64_t random = 21;
  for (int round = 0; round < 100000; round++) {
    static const char kinds[] =
        "a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\xe2\x98\x95\xf0\x9f\x8d\x95\xff\xc0";
    char string[10], clean[30], found[64];
    size_t length = random_below(&random, sizeof string + 1), found_length;
    for (size_t i = 0; i < length; i++)
      string[i] =
          round % 2 ? (char)random_next(&random) : kinds[random_below(&random, sizeof kinds)];
    struct loom_text text = {malloc(LOOM_JSON_STRING_SIZE(length)), 0,
                             LOOM_JSON_STRING_SIZE(length)};
    struct loom_text expected = {clean, 0, sizeof clean};
    assert_non_null(text.bytes);
    loom_json_put_bytes(&text, string, length);
    assert_true(text.length <= text.capacity);
    assert_true(read_back(text.bytes, text.length, found, &found_length));
    assert_int_equal(found_length, length);
    assert_memory_equal(found, string, length);
    text.length = 0;
    loom_json_put_string(&text, string, length);
    assert_true(text.length <= text.capacity);
    assert_true(read_back(text.bytes, text.length, found, &found_length));
    loom_utf8_put(&expected, string, length);
    assert_int_equal(found_length, expected.length);
    assert_memory_equal(found, clean, found_length);
    loom_text_free(&text);
  }
}

static void numbers(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *expected;
  } cases[] = {{0, "0"},
               {1.5, "1.5"},
               {-2, "-2"},
               {2.0 / 3, "0.666667"},
               {(double)NAN, "null"},
               {INFINITY, "null"},
               {-INFINITY, "null"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char bytes[LOOM_JSON_NUMBER_SIZE];
    struct loom_text text = {bytes, 0, sizeof bytes};
    loom_json_put_number(&text, cases[i].value);
    assert_int_equal(text.length, strlen(cases[i].expected));
    assert_memory_equal(bytes, cases[i].expected, text.length);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strings),
      cmocka_unit_test(strings_read_back),
      cmocka_unit_test(numbers),
  };
  return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
