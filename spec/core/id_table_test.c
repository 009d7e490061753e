/*
** Tests of the id table: numbers are given out in order of first sight, and ids come back byte for byte, through every
** growth of the table.
*/
#include "storage.h"

#include "base/id_table.h"
#include "support.h"

static void assert_id(const struct loom_id_table *table, uint32_t number, const char *id,
                      size_t length) {
  size_t found;
  const char *bytes = loom_id_table_get(table, number, &found);
  assert_int_equal(found, length);
  assert_memory_equal(bytes, id, length);
}

static void numbers_in_order(void **state) {
  (void)state;
  struct loom_id_table table;
  loom_id_table_init(&table);
  assert_int_equal(table.count, 0);
  assert_int_equal(loom_id_table_size(&table), 0);
  assert_int_equal(loom_id_table_put(&table, "b", 1), 0);
  assert_int_equal(loom_id_table_put(&table, "a", 1), 1);
  assert_int_equal(loom_id_table_put(&table, "b", 1), 0);
  assert_int_equal(loom_id_table_put(&table, "B", 1), 2);
  assert_int_equal(table.count, 3);
  assert_id(&table, 0, "b", 1);
  assert_id(&table, 1, "a", 1);
  assert_id(&table, 2, "B", 1);
  assert_true(loom_id_table_size(&table) >= 3 * (1 + sizeof(size_t)));
  loom_id_table_free(&table);
  assert_int_equal(table.count, 0);
  loom_id_table_free(&table);
}

/* Ids that differ only in their length, in NUL bytes, or in the last byte of a word. */
static void look_alikes(void **state) {
  (void)state;
  static const char zeros[LOOM_ID_MAX] = {0};
  char id[LOOM_ID_MAX];
  struct loom_id_table table;
  loom_id_table_init(&table);
  for (uint32_t length = 1; length <= LOOM_ID_MAX; length++)
    assert_int_equal(loom_id_table_put(&table, zeros, length), length - 1);
  for (uint32_t at = 0; at < LOOM_ID_MAX; at++) {
    memset(id, 0, sizeof id);
    id[at] = 1;
    assert_int_equal(loom_id_table_put(&table, id, sizeof id), LOOM_ID_MAX + at);
  }
  for (uint32_t length = 1; length <= LOOM_ID_MAX; length++) {
    assert_int_equal(loom_id_table_put(&table, zeros, length), length - 1);
    assert_id(&table, length - 1, zeros, length);
  }
  loom_id_table_free(&table);
}

/* Notes and reasons share the table's code: they may be empty, or as long as a row. */
static void texts_of_any_length(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 65536, 1, 300, 200000, 32768};
  char *text = malloc(200000);
  struct loom_id_table table;
  assert_non_null(text);
  memset(text, 'x', 200000);
  loom_id_table_init(&table);
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 0; i < COUNT_OF(lengths); i++)
      assert_int_equal(loom_id_table_put(&table, text, lengths[i]), i);
  for (uint32_t i = 0; i < COUNT_OF(lengths); i++)
    assert_id(&table, i, text, lengths[i]);
  loom_id_table_free(&table);
  free(text);
}

/* Of any number of ids: they are as they were, and found again once another is put. */
static void settled(void **test) {
  (void)test;
  static const uint32_t counts[] = {0, 1, 511, 512, 513, 5000};
  for (size_t c = 0; c < COUNT_OF(counts); c++) {
    struct loom_id_table table;
    char id[16];
    loom_id_table_init(&table);
    for (uint32_t i = 0; i < counts[c]; i++)
      assert_int_equal(loom_id_table_put(&table, id, (size_t)sprintf(id, "%u", i)), i);
    size_t size = loom_id_table_size(&table);
    loom_id_table_settle(&table);
    loom_id_table_settle(&table);
    assert_true(loom_id_table_size(&table) < size || counts[c] == 0);
    assert_int_equal(loom_id_table_find(&table, "0", 1), LOOM_NO_NUMBER);
    for (uint32_t i = 0; i < counts[c]; i++)
      assert_id(&table, i, id, (size_t)sprintf(id, "%u", i));
    assert_int_equal(loom_id_table_put(&table, "x", 1), counts[c]);
    for (uint32_t i = 0; i < counts[c]; i++)
      assert_int_equal(loom_id_table_find(&table, id, (size_t)sprintf(id, "%u", i)), i);
    assert_int_equal(table.count, counts[c] + 1);
    loom_id_table_free(&table);
  }
}

static void many_ids(void **test) {
  (void)test;
  enum { IDS = 100000 };
  uint64_t state = 11;
  struct loom_id_table table;
  loom_id_table_init(&table);
  for (int round = 0; round < 2; round++) { /* the second finds all of them */
    state = 11;
    for (uint32_t i = 0; i < IDS; i++) {
      char id[64];
      int length = snprintf(id, sizeof id, "%u-%llx", i, (unsigned long long)random_next(&state));
      /* Of exact size, so that the sanitizers see what is read past the end. */
      char *copy = malloc((size_t)length);
      assert_non_null(copy);
      memcpy(copy, id, (size_t)length);
      assert_int_equal(loom_id_table_put(&table, copy, (size_t)length), i);
      free(copy);
    }
    assert_int_equal(table.count, IDS);
  }
  state = 11;
  for (uint32_t i = 0; i < IDS; i++) {
    char id[64];
    int length = snprintf(id, sizeof id, "%u-%llx", i, (unsigned long long)random_next(&state));
    assert_id(&table, i, id, (size_t)length);
  }
  loom_id_table_free(&table);
}

/* Looking an id up adds nothing: against a table that has every second id, through every growth. */
static void finding(void **test) {
  (void)test;
  enum { IDS = 5000 };
  struct loom_id_table table;
  loom_id_table_init(&table);
  /* in a table without slots */
  assert_int_equal(loom_id_table_find(&table, "", 0), LOOM_NO_NUMBER);
  assert_int_equal(loom_id_table_find(&table, "0", 1), LOOM_NO_NUMBER);
  for (uint32_t i = 0; i < IDS; i++) {
    char id[20];
    size_t length = (size_t)snprintf(id, sizeof id, "%u", i);
    assert_int_equal(loom_id_table_find(&table, id, length), LOOM_NO_NUMBER);
    if (i % 2 == 0)
      assert_int_equal(loom_id_table_put(&table, id, length), i / 2);
    assert_int_equal(table.count, i / 2 + 1);
    assert_int_equal(loom_id_table_find(&table, id, length), i % 2 ? LOOM_NO_NUMBER : i / 2);
    uint32_t earlier = i * 7919 % (i + 1);
    length = (size_t)snprintf(id, sizeof id, "%u", earlier);
    assert_int_equal(loom_id_table_find(&table, id, length),
                     earlier % 2 ? LOOM_NO_NUMBER : earlier / 2);
    assert_int_equal(loom_id_table_find(&table, id, length - 1) == LOOM_NO_NUMBER,
                     length == 1 || (earlier / 10) % 2);
  }
  assert_int_equal(loom_id_table_find(&table, "", 0), LOOM_NO_NUMBER);
  assert_int_equal(loom_id_table_find(&table, "0\0", 2), LOOM_NO_NUMBER);
  loom_id_table_free(&table);
  assert_int_equal(loom_id_table_find(&table, "0", 1), LOOM_NO_NUMBER);
}

/* Who chooses ids must not be able to know their places. */
static void hashing_is_seeded(void **state) {
  (void)state;
  struct loom_id_table a, b;
  loom_id_table_init(&a);
  loom_id_table_init(&b);
  assert_true(a.seed != b.seed);
  loom_id_table_free(&a);
  loom_id_table_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_in_order),
                                     cmocka_unit_test(look_alikes),
                                     cmocka_unit_test(texts_of_any_length),
                                     cmocka_unit_test(settled),
                                     cmocka_unit_test(many_ids),
                                     cmocka_unit_test(finding),
                                     cmocka_unit_test(hashing_is_seeded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
