/*
** Tests of packed weeks: their bytes, packing and unpacking held against rows, and what is wrong with bytes that are none.
*/
#include "measure/week.h"
#include "support.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void bytes_of_a_week(void **state) {
  (void)state;
  static const unsigned char week[] = {0x00, 0x00, 0x00, 0x00, 0x00,  /* Monday 00:00 to 00:00 */
                                       0x00, 0xfd, 0x20, 0xef, 0x10,  /* Monday 09:00 to 17:00 */
                                       0x1a, 0xa3, 0x01, 0x51, 0x80}; /* Sunday 24:00 to 24:00 */
  static const struct loom_hours openings[] = {
      {.weekday = 0}, {.open = 32400, .close = 61200}, {0, 6, 86400, 86400}};
  for (size_t i = 0; i < COUNT_OF(openings); i++) {
    unsigned char bytes[LOOM_OPENING_SIZE];
    struct loom_hours opening = {.from = 77};
    loom_opening_pack(&openings[i], bytes);
    assert_memory_equal(bytes, week + i * LOOM_OPENING_SIZE, LOOM_OPENING_SIZE);
    loom_opening_unpack(bytes, &opening);
    assert_int_equal(opening.weekday, openings[i].weekday);
    assert_int_equal(opening.open, openings[i].open);
    assert_int_equal(opening.close, openings[i].close);
    assert_int_equal(opening.from, 77);
  }
  assert_null(loom_week_problem(week, sizeof week));
  assert_null(loom_week_problem(NULL, 0));
}

/* ---- against rows ---- */

#define OPENINGS_MAX 40

static int32_t random_time(uint64_t *random) {
  static const int32_t edges[] = {0, 1, 65535, 65536, 86399, 86400};
  return random_below(random, 2) ? edges[random_below(random, COUNT_OF(edges))]
                                 : (int32_t)random_below(random, LOOM_DAY_SECONDS + 1);
}

static int compare(const void *a, const void *b) {
  const struct loom_hours *l = a, *r = b;
  const int32_t differences[] = {l->weekday - r->weekday, l->open - r->open, l->close - r->close};
  for (size_t i = 0; i < COUNT_OF(differences); i++)
    if (differences[i] != 0)
      return differences[i];
  return 0;
}

/* Sorted rows, each once. */
static size_t random_rows(uint64_t *random, struct loom_hours rows[OPENINGS_MAX]) {
  size_t count = random_below(random, OPENINGS_MAX + 1), kept = 0;
  for (size_t i = 0; i < count; i++)
    rows[i] = (struct loom_hours){.weekday = (int32_t)random_below(random, 7),
                                  .open = random_time(random),
                                  .close = random_time(random)};
  qsort(rows, count, sizeof *rows, compare);
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || compare(&rows[kept - 1], &rows[i]) != 0)
      rows[kept++] = rows[i];
  return kept;
}

/* Whatever rows are packed come back, and their bytes sort as they do. */
static void packed_and_unpacked(void **state) {
  (void)state;
  uint64_t random = 10;
  for (int round = 0; round < 3000; round++) {
    struct loom_hours rows[OPENINGS_MAX], unpacked = {0};
    unsigned char week[OPENINGS_MAX * LOOM_OPENING_SIZE];
    size_t count = random_rows(&random, rows);
    for (size_t i = 0; i < count; i++)
      loom_opening_pack(&rows[i], week + i * LOOM_OPENING_SIZE);
    struct loom_hours openings[OPENINGS_MAX];
    assert_null(loom_week_problem(week, count * LOOM_OPENING_SIZE));
    assert_true(loom_week_unpack(week, count * LOOM_OPENING_SIZE, round, openings));
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(compare(&openings[i], &rows[i]), 0);
      assert_int_equal(openings[i].from, round);
      loom_opening_unpack(week + i * LOOM_OPENING_SIZE, &unpacked);
      assert_int_equal(compare(&unpacked, &rows[i]), 0);
      if (i > 0)
        assert_true(memcmp(week + (i - 1) * LOOM_OPENING_SIZE, week + i * LOOM_OPENING_SIZE,
                           LOOM_OPENING_SIZE) < 0);
    }
  }
}

/* ---- damage ---- */

/* What bytes say, read bit by bit. */
static int64_t bits(const unsigned char *week, size_t first, size_t count) {
  int64_t value = 0;
  for (size_t bit = first; bit < first + count; bit++)
    value = value * 2 + (week[bit / 8] >> (7 - bit % 8) & 1);
  return value;
}

static bool is_good(const unsigned char *week, size_t size) {
  if (size % 5 != 0)
    return false;
  for (size_t at = 0; at < size; at += 5) {
    if (bits(week + at, 0, 3) != 0 || bits(week + at, 3, 3) == 7 ||
        bits(week + at, 6, 17) > 86400 || bits(week + at, 23, 17) > 86400)
      return false;
    if (at > 0 && bits(week + at - 5, 0, 40) >= bits(week + at, 0, 40))
      return false;
  }
  return true;
}

/* Every bit of a sound week changed, and weeks cut short. */
static void damage_is_found(void **state) {
  (void)state;
  uint64_t random = 3;
  for (int round = 0; round < 100; round++) {
    struct loom_hours rows[OPENINGS_MAX], openings[OPENINGS_MAX];
    unsigned char week[OPENINGS_MAX * LOOM_OPENING_SIZE];
    size_t size = random_rows(&random, rows) * LOOM_OPENING_SIZE;
    for (size_t i = 0; i * LOOM_OPENING_SIZE < size; i++)
      loom_opening_pack(&rows[i], week + i * LOOM_OPENING_SIZE);
    for (size_t bit = 0; bit < size * 8; bit++) {
      week[bit / 8] ^= (unsigned char)(1 << bit % 8);
      assert_int_equal(loom_week_problem(week, size) == NULL, is_good(week, size));
      assert_int_equal(loom_week_unpack(week, size, 0, openings), is_good(week, size));
      week[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t length = 0; length <= size; length++) {
      assert_int_equal(loom_week_problem(week, length) == NULL, length % 5 == 0);
      assert_int_equal(loom_week_unpack(week, length, 0, openings), length % 5 == 0);
    }
  }
}

static void problems(void **state) {
  (void)state;
  static const struct {
    const char *week, *problem;
    size_t size;
  } cases[] = {
      {"\x00\x00\x00\x00", "has a length that is not a multiple of 5", 4},
      {"\x1c\x00\x00\x00\x00", "has a weekday that is none", 5},
      {"\xe0\x00\x00\x00\x00", "has a weekday that is none", 5},
      {"\x00\x00\x01\x51\x81", "has a time after 24:00:00", 5},
      {"\x02\xa3\x02\x00\x00", "has a time after 24:00:00", 5},
      {"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "is not sorted", 10},
      {"\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00", "is not sorted", 10},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(loom_week_problem((const unsigned char *)cases[i].week, cases[i].size),
                        cases[i].problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_of_a_week),
                                     cmocka_unit_test(packed_and_unpacked),
                                     cmocka_unit_test(damage_is_found), cmocka_unit_test(problems)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
