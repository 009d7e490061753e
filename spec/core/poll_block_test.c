/*
** Tests of packed polls: the bytes of a block, the union of stored and incoming polls, and what is wrong with a block
** that is not as it should be.
*/
#include "storage.h"

#include "time/civil.h"
#include "measure/poll_block.h"
#include "support.h"

static void bytes_of_a_block(void **state) {
  (void)state;
  loom_poll polls[] = {loom_poll_pack(-1, true), loom_poll_pack(-2, false),
                       loom_poll_pack(INT64_C(0x0123456789), true)};
  static const unsigned char bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0x13, 0xcf, 0x8a, 0x46, 0x02, 0x00, 0x00, 0x00};
  struct loom_polls out = {0};
  assert_true(loom_poll_block_decode(bytes, sizeof bytes, &out));
  assert_int_equal(out.count, 3);
  assert_memory_equal(out.items, polls, sizeof polls);
  assert_true(loom_poll_block_decode(bytes, 8, &out)); /* appends */
  assert_true(loom_poll_block_decode(NULL, 0, &out));
  assert_int_equal(out.count, 4);
  assert_int_equal(out.items[3], polls[0]);
  loom_poll_block_encode(polls, 3);
  assert_memory_equal(polls, bytes, sizeof bytes);
  loom_polls_free(&out);
  assert_int_equal(out.capacity, 0);
}

static void packing(void **state) {
  (void)state;
  static const int64_t instants[] = {0, 1, -1, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX};
  for (size_t i = 0; i < COUNT_OF(instants); i++) {
    for (int active = 0; active < 2; active++) {
      loom_poll poll = loom_poll_pack(instants[i], active);
      assert_int_equal(loom_poll_instant(poll), instants[i]);
      assert_int_equal(loom_poll_active(poll), active);
    }
  }
}

#define INSTANTS 20

/* Against a map that takes the incoming polls one after the other. */
static void union_is_a_map(void **test) {
  (void)test;
  uint64_t state = 14;
  struct loom_polls merged = {0};
  for (int round = 0; round < 5000; round++) {
    int known[INSTANTS]; /* -1: none; else the status */
    loom_poll stored[INSTANTS], incoming[40], expected[INSTANTS];
    size_t stored_count = 0, incoming_count = 0, expected_count = 0;
    struct loom_union_counts counts = {1, 2, 3}, wanted = {1, 2, 3}; /* counts are added to */
    for (int t = 0; t < INSTANTS; t++) {
      known[t] = (int)random_below(&state, 3) - 1;
      if (known[t] >= 0)
        stored[stored_count++] = loom_poll_pack(t - INSTANTS / 2, known[t]);
    }
    for (int t = 0; t < INSTANTS; t++) {
      for (uint64_t n = random_below(&state, 4); n > 0 && incoming_count < COUNT_OF(incoming);
           n--) {
        int active = (int)random_below(&state, 2);
        incoming[incoming_count++] = loom_poll_pack(t - INSTANTS / 2, active);
        wanted.added += known[t] < 0;
        wanted.duplicates += known[t] == active;
        wanted.conflicts += known[t] >= 0 && known[t] != active;
        known[t] = active;
      }
    }
    for (int t = 0; t < INSTANTS; t++)
      if (known[t] >= 0)
        expected[expected_count++] = loom_poll_pack(t - INSTANTS / 2, known[t]);
    assert_true(loom_polls_union(stored, stored_count, incoming, incoming_count, &merged, &counts));
    assert_int_equal(merged.count, expected_count);
    if (expected_count)
      assert_memory_equal(merged.items, expected, expected_count * sizeof *expected);
    assert_memory_equal(&counts, &wanted, sizeof counts);
  }
  loom_polls_free(&merged);
}

static void problems(void **state) {
  (void)state;
  enum { DAY = 3 };
  const int64_t start = DAY * LOOM_DAY, end = start + LOOM_DAY - 1;
  const struct {
    loom_poll polls[2];
    size_t size;
    const char *problem;
  } cases[] = {
      {{loom_poll_pack(start, false), loom_poll_pack(end, true)}, 16, NULL},
      {{loom_poll_pack(start, false)}, 8, NULL},
      {{0}, 0, "is empty"},
      {{loom_poll_pack(start, false)}, 7, "has a length that is not a multiple of 8"},
      {{loom_poll_pack(start, false), 0}, 12, "has a length that is not a multiple of 8"},
      {{loom_poll_pack(start - 1, true)}, 8, "has a poll of another day"},
      {{loom_poll_pack(end + 1, false)}, 8, "has a poll of another day"},
      {{INT64_MAX}, 8, "has a poll of another day"},
      {{INT64_MIN}, 8, "has a poll of another day"},
      {{loom_poll_pack(end, false), loom_poll_pack(start, true)}, 16, "is not sorted"},
      {{loom_poll_pack(start, false), loom_poll_pack(start, true)}, 16, "is not sorted"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_poll polls[2] = {cases[i].polls[0], cases[i].polls[1]};
    loom_poll_block_encode(polls, 2);
    const char *problem = loom_poll_block_problem(polls, cases[i].size, DAY);
    if (cases[i].problem)
      assert_string_equal(problem, cases[i].problem);
    else
      assert_null(problem);
  }
  loom_poll first = loom_poll_pack(-1, true);
  loom_poll_block_encode(&first, 1);
  assert_null(loom_poll_block_problem(&first, 8, -1));
  assert_string_equal(loom_poll_block_problem(&first, 8, 0), "has a poll of another day");
}

/* The last polls go back to the second change of status, with the poll before it. */
static void last_polls(void **test) {
  (void)test;
  static const struct {
    const char *polls; /* of instants 0, 1, 2, …: + for active */
    int64_t to;
    size_t first, count;
  } cases[] = {{"++++", 9, 0, 4}, {"++++", 1, 0, 2},   {"+", -1, 0, 0},     {"-+++", 9, 0, 4},
               {"+-++", 9, 0, 4}, {"-++-++", 9, 2, 4}, {"+-+-+-", 9, 3, 3}, {"+-+-+-", 3, 1, 3}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_poll polls[9];
    size_t count = strlen(cases[i].polls);
    for (size_t t = 0; t < count; t++)
      polls[t] = loom_poll_pack((int64_t)t, cases[i].polls[t] == '+');
    loom_poll_block_encode(polls, count);
    struct loom_poll_part part = loom_poll_block_last(polls, count * sizeof *polls, cases[i].to);
    assert_int_equal(part.size, cases[i].count * sizeof *polls);
    assert_ptr_equal(part.bytes, polls + cases[i].first);
    assert_int_equal(part.is_first, cases[i].first == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_of_a_block), cmocka_unit_test(packing),
                                     cmocka_unit_test(last_polls), cmocka_unit_test(union_is_a_map),
                                     cmocka_unit_test(problems)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
