/*
** Decoding: compression and byte order marks, however the bytes are cut.
*/
#include "storage.h"

#include "read/decoder.h"
#include "support.h"

#include <string.h>

static loom_status take(void *context, const char *bytes, size_t size, loom_error *error) {
  (void)error;
  assert_true(size > 0);
  buffer_put(context, bytes, size);
  return LOOM_OK;
}

/* Decodes in pieces of so many bytes, each in memory of its own size. */
static loom_status decode(const char *bytes, size_t size, size_t piece, struct buffer *out,
                          loom_error *error) {
  loom_decoder *decoder = loom_decoder_new(take, out);
  assert_non_null(decoder);
  loom_status status = LOOM_OK;
  for (size_t at = 0; status == LOOM_OK && at < size; at += piece) {
    size_t part = size - at < piece ? size - at : piece;
    char *copy = malloc(part);
    assert_non_null(copy);
    memcpy(copy, bytes + at, part);
    status = loom_decoder_feed(decoder, copy, part, error);
    free(copy);
  }
  if (status == LOOM_OK)
    status = loom_decoder_finish(decoder, error);
  loom_decoder_free(decoder);
  return status;
}

static const size_t pieces[] = {1, 2, 3, 5, 7, 100, 1000000};

static void expect(const char *bytes, size_t size, const char *text, size_t length) {
  for (size_t i = 0; i < COUNT_OF(pieces); i++) {
    loom_error error;
    struct buffer out = {0};
    assert_status(decode(bytes, size, pieces[i], &out, &error), LOOM_OK, &error);
    assert_int_equal(out.length, length);
    if (length)
      assert_memory_equal(out.bytes, text, length);
    buffer_free(&out);
  }
}

static void expect_failure(const char *bytes, size_t size, const char *reason) {
  for (size_t i = 0; i < COUNT_OF(pieces); i++) {
    loom_error error;
    struct buffer out = {0};
    assert_int_equal(decode(bytes, size, pieces[i], &out, &error), LOOM_EINPUT);
    assert_non_null(strstr(error.message, reason));
    buffer_free(&out);
  }
}

#define EXPECT(bytes, text) expect(bytes, sizeof(bytes) - 1, text, sizeof(text) - 1)
#define EXPECT_FAILURE(bytes, reason) expect_failure(bytes, sizeof(bytes) - 1, reason)

static void plain_text_is_as_it_is(void **state) {
  (void)state;
  EXPECT("", "");
  EXPECT("a", "a");
  EXPECT("ab", "ab");
  EXPECT("store_id,status,timestamp_utc\n\0\xff\xfe", "store_id,status,timestamp_utc\n\0\xff\xfe");
  EXPECT("BZh9,store_id\n", "BZh9,store_id\n"); /* no bzip2 goes on so */
  EXPECT("PK,store_id\n", "PK,store_id\n");
  EXPECT("\xef\xbb", "\xef\xbb");
}

static void marks_go(void **state) {
  (void)state;
  EXPECT("\xef\xbb\xbf", "");
  EXPECT("\xef\xbb\xbfstore", "store");
  EXPECT("\xef\xbb\xbf\xef\xbb\xbfstore", "\xef\xbb\xbfstore"); /* a second one is text */
  EXPECT("\xff\xfe", "");
  EXPECT(
      "\xff\xfe"
      "a\0;\0",
      "a;");
  EXPECT(
      "\xfe\xff"
      "\0a\0;",
      "a;");
  /* U+00E9, U+20AC, U+1F600 as a pair of surrogates */
  EXPECT("\xff\xfe\xe9\0\xac\x20\x3d\xd8\0\xde", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT("\xfe\xff\0\xe9\x20\xac\xd8\x3d\xde\0", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT(
      "\xff\xfe\xff\xfe"
      "a\0",
      "\xef\xbb\xbf"
      "a");
}

static void what_is_no_utf16_is_told(void **state) {
  (void)state;
  EXPECT_FAILURE(
      "\xff\xfe"
      "a",
      "ends inside a character of UTF-16");
  EXPECT_FAILURE(
      "\xff\xfe"
      "a\0\x3d\xd8",
      "ends inside a character of UTF-16");
  EXPECT_FAILURE(
      "\xff\xfe\x3d\xd8"
      "a\0",
      "is not the UTF-16 that its byte order mark says");
  EXPECT_FAILURE(
      "\xff\xfe"
      "b\0\0\xde"
      "a\0",
      "is not the UTF-16 that its byte order mark says");
}

/* Random text of all planes, against a plain encoder. */
static void utf16_of_any_length(void **test) {
  (void)test;
  uint64_t state = 3;
  for (int round = 0; round < 20; round++) {
    bool big = round & 1;
    struct buffer in = {0}, expected = {0};
    buffer_put(&in, big ? "\xfe\xff" : "\xff\xfe", 2);
    for (uint64_t left = random_below(&state, 60000); left > 0; left--) {
      static const uint32_t limits[] = {0x80, 0x800, 0xd800, 0x110000};
      uint32_t code = (uint32_t)random_below(&state, limits[random_below(&state, 4)]);
      if (code >= 0xd800 && code < 0xe000)
        continue;
      uint32_t pair = code - 0x10000;
      uint32_t units[2] = {code < 0x10000 ? code : 0xd800 + (pair >> 10), 0xdc00 + (pair & 0x3ff)};
      for (int i = 0; i < (code < 0x10000 ? 1 : 2); i++) {
        char bytes[2] = {(char)(units[i] >> (big ? 8 : 0) & 255),
                         (char)(units[i] >> (big ? 0 : 8) & 255)};
        buffer_put(&in, bytes, 2);
      }
      int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      char lead[] = {0, (char)0xc0, (char)0xe0, (char)0xf0}, utf8[4];
      utf8[0] = (char)(lead[more] | (char)(code >> 6 * more));
      for (int i = 1; i <= more; i++)
        utf8[i] = (char)(0x80 | (code >> 6 * (more - i) & 63));
      buffer_put(&expected, utf8, (size_t)more + 1);
    }
    static const size_t sizes[] = {1, 3, 4096, 1 << 20};
    struct buffer out = {0};
    loom_error error;
    assert_status(decode(in.bytes, in.length, sizes[round % 4], &out, &error), LOOM_OK, &error);
    assert_int_equal(out.length, expected.length);
    if (out.length)
      assert_memory_equal(out.bytes, expected.bytes, out.length);
    buffer_free(&in);
    buffer_free(&out);
    buffer_free(&expected);
  }
}

static void other_compressions_are_named(void **state) {
  (void)state;
  EXPECT_FAILURE("\x28\xb5\x2f\xfd\x04\x00", "is compressed, as zstd: only gzip is read as it is");
  EXPECT_FAILURE("PK\x03\x04\x14\x00\x00\x00\x08\x00",
                 "is compressed, as zip (as spreadsheets are");
  EXPECT_FAILURE(
      "\xfd"
      "7zXZ\0\0\x04",
      "is compressed, as xz");
  EXPECT_FAILURE("BZh91AY&SY\x01", "is compressed, as bzip2");
  EXPECT_FAILURE("\x1f\x8b", "is truncated gzip data");
  EXPECT_FAILURE("\x1f\x8bnonsense that is none", "is damaged gzip data");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_text_is_as_it_is),       cmocka_unit_test(marks_go),
      cmocka_unit_test(what_is_no_utf16_is_told),     cmocka_unit_test(utf16_of_any_length),
      cmocka_unit_test(other_compressions_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
