/*
** UTF-8: every character there is, and every sequence of up to three bytes, against a decoder that adds up bits.
*/
#include "base/utf8.h"
#include "support.h"

#include <stdbool.h>
#include <string.h>

/* How many bytes RFC 3629's table gives a character; 0 if it is none. */
static size_t size_of(uint32_t character) {
  if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
    return 0;
  return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

/* What the first byte says, then six bits a byte; it must have taken as many bytes as the number needs. */
static size_t naive_length(const unsigned char *at, size_t left) {
  size_t size = at[0] < 0x80       ? 1
                : at[0] >> 5 == 6  ? 2
                : at[0] >> 4 == 14 ? 3
                : at[0] >> 3 == 30 ? 4
                                   : 0;
  if (size == 0 || size > left)
    return 0;
  uint32_t character = size == 1 ? at[0] : at[0] & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++) {
    if (at[i] >> 6 != 2)
      return 0;
    character = character << 6 | (at[i] & 0x3F);
  }
  return size_of(character) == size ? size : 0;
}

static void check(const unsigned char *bytes, size_t left) {
  const char *at = (const char *)bytes;
  size_t found = loom_utf8_length(at, at + left), expected = naive_length(bytes, left);
  if (found != expected)
    fail_msg("%02x %02x %02x %02x, %zu bytes: %zu, not %zu", bytes[0], bytes[1], bytes[2], bytes[3],
             left, found, expected);
}

static void lengths_agree_with_a_decoder(void **state) {
  (void)state;
  uint64_t random = 4;
  for (uint32_t n = 0; n < 0x1000000; n++) {
    const unsigned char bytes[4] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                    (unsigned char)n};
    check(bytes, 3);
    if ((n & 0xFF) == 0)
      check(bytes, 2);
    if ((n & 0xFFFF) == 0)
      check(bytes, 1);
  }
  for (int i = 0; i < 2000000; i++) {
    unsigned char bytes[4] = {(unsigned char)(0xF0 + random_below(&random, 8))};
    for (int b = 1; b < 4; b++)
      bytes[b] =
          (unsigned char)(0x80 + random_below(&random, random_below(&random, 20) ? 0x40 : 0x80));
    check(bytes, 4);
    check(bytes, 3);
  }
}

static void characters_are_encoded(void **state) {
  (void)state;
  for (uint32_t character = 0; character <= 0x10FFFF; character++) {
    char bytes[LOOM_UTF8_SIZE];
    char *end = loom_utf8_encode(bytes, character);
    uint32_t read = 0;
    size_t size = (size_t)(end - bytes);
    if (!size_of(character)) {
      assert_int_equal(loom_utf8_length(bytes, end), 0);
      continue;
    }
    assert_int_equal(size, size_of(character));
    assert_int_equal(loom_utf8_length(bytes, end), size);
    assert_int_equal(loom_utf8_decode(bytes, size), character);
    read = (unsigned char)bytes[0] & (size == 1 ? 0x7Fu : 0x7Fu >> size);
    for (size_t i = 1; i < size; i++)
      read = read << 6 | ((unsigned char)bytes[i] & 0x3F);
    assert_int_equal(read, character);
  }
}

static void stray_bytes_are_replaced(void **state) {
  (void)state;
#define STRAY "\xEF\xBF\xBD"
  static const struct {
    const char *bytes, *expected;
  } cases[] = {{"", ""},
               {"plain", "plain"},
               {"caf\xc3\xa9", "caf\xc3\xa9"},
               {"\xff", STRAY},
               {"a\xff\xfe"
                "b",
                "a" STRAY STRAY "b"},
               {"\xc3", STRAY},
               {"\xc3\xa9\xc3", "\xc3\xa9" STRAY},
               {"\xed\xa0\x80", STRAY STRAY STRAY},
               {"\xe2\x98"
                "x",
                STRAY STRAY "x"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[64];
    struct loom_text text = {out, 0, 3 * strlen(cases[i].bytes)};
    loom_utf8_put(&text, cases[i].bytes, strlen(cases[i].bytes));
    assert_true(text.length <= text.capacity);
    assert_int_equal(text.length, strlen(cases[i].expected));
    assert_memory_equal(out, cases[i].expected, text.length);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_agree_with_a_decoder),
      cmocka_unit_test(characters_are_encoded),
      cmocka_unit_test(stray_bytes_are_replaced),
  };
  return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
