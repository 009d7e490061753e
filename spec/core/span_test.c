/*
** Lists of spans: growth, and merging compared with an oracle that colours microseconds.
*/
#include "time/span.h"
#include "support.h"

#include <string.h>

static void lists_grow_and_keep_their_memory(void **state) {
  (void)state;
  struct loom_spans list = {0};
  for (int64_t i = 0; i < 1000; i++)
    assert_true(loom_spans_add(&list, i, 2 * i + 1));
  assert_int_equal(list.count, 1000);
  assert_true(list.capacity >= 1000);
  for (int64_t i = 0; i < 1000; i++) {
    assert_int_equal(list.items[i].start, i);
    assert_int_equal(list.items[i].end, 2 * i + 1);
  }
  size_t capacity = list.capacity;
  list.count = 0;
  assert_true(loom_spans_add(&list, 1, 2));
  assert_int_equal(list.capacity, capacity);
  loom_spans_free(&list);
  assert_null(list.items);
  assert_int_equal(list.count + list.capacity, 0);
  loom_spans_free(&list);
}

static void merging_nothing_and_one(void **state) {
  (void)state;
  struct loom_spans list = {0};
  loom_spans_merge(&list, false);
  assert_int_equal(list.count, 0);
  loom_spans_add(&list, -5, 5);
  loom_spans_merge(&list, true);
  assert_int_equal(list.count, 1);
  assert_int_equal(list.items[0].start, -5);
  loom_spans_free(&list);
}

/*
** With n microseconds, `inside` tells which of them are in a span and `crossed` which inner boundaries are. Two
** neighbours belong to one merged span if some span crosses their boundary, or when touching ones are joined.
*/
#define N 40

static void merging_agrees_with_the_oracle(void **state) {
  (void)state;
  uint64_t random = 7;
  for (int round = 0; round < 50000; round++) {
    bool inside[N + 1] = {false}, crossed[N + 1] = {false}, join = random_below(&random, 2);
    struct loom_spans list = {0};
    for (uint64_t i = random_below(&random, 10); i > 0; i--) {
      size_t start = random_below(&random, N), end = start + 1 + random_below(&random, 8);
      end = end > N ? N : end;
      loom_spans_add(&list, (int64_t)start - N / 2, (int64_t)end - N / 2);
      for (size_t t = start; t < end; t++) {
        inside[t] = true;
        crossed[t] = crossed[t] || t > start;
      }
    }
    loom_spans_merge(&list, join);
    size_t found = 0;
    for (size_t t = 0; t < N;) {
      if (!inside[t]) {
        t++;
        continue;
      }
      size_t end = t + 1;
      while (inside[end] && (crossed[end] || join))
        end++;
      assert_true(found < list.count);
      assert_int_equal(list.items[found].start, (int64_t)t - N / 2);
      assert_int_equal(list.items[found].end, (int64_t)end - N / 2);
      found++;
      t = end;
    }
    assert_int_equal(found, list.count);
    loom_spans_free(&list);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_grow_and_keep_their_memory),
      cmocka_unit_test(merging_nothing_and_one),
      cmocka_unit_test(merging_agrees_with_the_oracle),
  };
  return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
