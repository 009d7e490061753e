/*
** RowBinary: what is put is read again; and whatever is read, nothing is read that is not there.
*/
#include "cluster/row_binary.h"
#include "storage.h"
#include "support.h"

static struct loom_row_reader reader_of(const void *bytes, size_t length) {
  return (struct loom_row_reader){bytes, (const unsigned char *)bytes + length, false};
}

static void reads_what_was_put(void **state) {
  static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
  static const uint64_t lengths[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
  struct loom_text text = {0};
  size_t length, count;
  (void)state;
  assert_true(loom_text_reserve(&text, 512));
  loom_row_put_u16(&text, 65535);
  loom_row_put_u32(&text, (uint32_t)INT32_MIN);
  loom_row_put_u64(&text, UINT64_MAX - 1);
  loom_row_put_string(&text, "shop \0 1", 8);
  loom_row_put_int64s(&text, numbers, COUNT_OF(numbers));
  for (size_t i = 0; i < COUNT_OF(lengths); i++)
    loom_row_put_varint(&text, lengths[i]);
  struct loom_row_reader reader = reader_of(text.bytes, text.length);
  assert_int_equal(loom_row_u16(&reader), 65535);
  assert_int_equal(loom_row_i32(&reader), INT32_MIN);
  assert_true(loom_row_u64(&reader) == UINT64_MAX - 1);
  assert_memory_equal(loom_row_string(&reader, &length), "shop \0 1", 8);
  assert_int_equal(length, 8);
  const void *read = loom_row_int64s(&reader, &count);
  assert_int_equal(count, COUNT_OF(numbers));
  assert_memory_equal(read, numbers, sizeof numbers);
  for (size_t i = 0; i < COUNT_OF(lengths); i++)
    assert_true(loom_row_varint(&reader) == lengths[i]);
  assert_false(loom_row_more(&reader));
  assert_false(reader.bad);
  loom_text_free(&text);
}

static void is_bad_where_it_was_cut_off(void **state) {
  static const int64_t numbers[] = {1, 2, 3};
  struct loom_text text = {0};
  size_t length, count;
  (void)state;
  assert_true(loom_text_reserve(&text, 128));
  loom_row_put_u64(&text, 7);
  loom_row_put_string(&text, "shop", 4);
  loom_row_put_int64s(&text, numbers, 3);
  for (size_t cut = 0; cut < text.length; cut++) {
    char *copy = malloc(cut + 1); /* of just that size, for the sanitizers */
    memcpy(copy, text.bytes, cut);
    struct loom_row_reader reader = reader_of(copy, cut);
    loom_row_u64(&reader);
    loom_row_string(&reader, &length);
    loom_row_int64s(&reader, &count);
    assert_true(reader.bad);
    assert_int_equal(loom_row_u32(&reader), 0);
    assert_false(loom_row_more(&reader));
    free(copy);
  }
  loom_text_free(&text);
}

static void takes_no_length_that_is_too_great(void **state) {
  static const unsigned char endless[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0x02},
                             long_text[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 1};
  size_t count;
  (void)state;
  struct loom_row_reader reader = reader_of(endless, sizeof endless);
  loom_row_varint(&reader);
  assert_true(reader.bad);
  reader = reader_of(long_text, sizeof long_text);
  loom_row_string(&reader, &count);
  assert_true(reader.bad);
  reader = reader_of(long_text, sizeof long_text);
  loom_row_int64s(&reader, &count);
  assert_true(reader.bad && count == 0);
}

static void stays_within_its_bounds(void **state) {
  uint64_t seed = 1;
  size_t length;
  (void)state;
  for (int round = 0; round < 20000; round++) {
    size_t size = (size_t)random_below(&seed, 40);
    unsigned char *bytes = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
      bytes[i] = (unsigned char)random_below(&seed, 3) ? (unsigned char)random_below(&seed, 12)
                                                       : (unsigned char)random_next(&seed);
    struct loom_row_reader reader = reader_of(bytes, size);
    while (loom_row_more(&reader)) {
      loom_row_u16(&reader);
      loom_row_string(&reader, &length);
      loom_row_int64s(&reader, &length);
    }
    assert_true(reader.at >= bytes && reader.at <= bytes + size);
    free(bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_was_put),
      cmocka_unit_test(is_bad_where_it_was_cut_off),
      cmocka_unit_test(takes_no_length_that_is_too_great),
      cmocka_unit_test(stays_within_its_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
