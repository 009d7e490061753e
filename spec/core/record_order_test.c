/*
** Tests of the order of records, by random ones: sorted they are the same records in order of store, layer, date and time, equal
** ones as they came; groups are layers, or dates of them; and what is left of repeats and of rows that say nothing is what a set
** has.
*/
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "measure/hours.h"
#include "write/record_order.h"

enum { STORES = 5, COUNT_MAX = 60 };

static size_t make(uint64_t *state, struct loom_record *records) {
  size_t count = 1 + random_below(state, COUNT_MAX);
  for (size_t i = 0; i < count; i++) {
    uint64_t store = random_below(state, STORES + 1);
    bool closed = random_below(state, 3) == 0;
    records[i] = (struct loom_record){.store = store == STORES ? LOOM_ALL_STORES : (uint32_t)store,
                                      .text = (uint32_t)i,
                                      .override = random_below(state, 2),
                                      .date = (int32_t)random_below(state, 3),
                                      .weekday = (int16_t)random_below(state, 2),
                                      .open = closed ? LOOM_CLOSED - (int32_t)random_below(state, 2)
                                                     : (int32_t)random_below(state, 2) * 100,
                                      .close = closed ? 0 : 200};
  }
  return count;
}

static void sorted(void **test) {
  (void)test;
  uint64_t state = 1;
  for (int round = 0; round < 300; round++) {
    struct loom_record records[COUNT_MAX];
    bool seen[COUNT_MAX] = {false};
    size_t count = make(&state, records);
    uint32_t *ends = loom_records_sort(records, count, STORES);
    assert_non_null(ends);
    assert_int_equal(ends[STORES], count);
    for (size_t i = 0; i < count; i++) {
      uint32_t store = records[i].store == LOOM_ALL_STORES ? STORES : records[i].store;
      assert_in_range(i, store ? ends[store - 1] : 0, ends[store] - 1);
      assert_false(seen[records[i].text]);
      seen[records[i].text] = true;
      int order = i ? loom_records_compare(&records[i - 1], &records[i]) : -1;
      assert_true(order <= 0);
      if (order == 0)
        assert_true(records[i - 1].text < records[i].text);
    }
    free(ends);
  }
}

static void grouped(void **test) {
  (void)test;
  static const enum loom_kind kinds[] = {LOOM_HOURS, LOOM_SPECIAL_DAYS, LOOM_TIMEZONES};
  uint64_t state = 2;
  for (int round = 0; round < 300; round++) {
    enum loom_kind kind = kinds[round % 3];
    struct loom_record records[COUNT_MAX];
    size_t count = make(&state, records), size;
    free(loom_records_sort(records, count, STORES));
    for (size_t i = 0; i < count; i += size) {
      size = loom_records_group(&records[i], count - i, kind);
      for (size_t next = 1; next <= size && i + next < count; next++) {
        const struct loom_record *a = &records[i], *b = &records[i + next];
        bool same = kind != LOOM_TIMEZONES && a->store == b->store && a->override == b->override &&
                    (kind == LOOM_HOURS || a->date == b->date);
        assert_int_equal(same, next < size);
      }
    }
  }
}

/* The last of those that are equal stays, and of the week of a date an opening, or else the one that closes it. */
static void dropped(void **test) {
  (void)test;
  uint64_t state = 3;
  for (int round = 0; round < 600; round++) {
    struct loom_record all[COUNT_MAX], records[COUNT_MAX];
    struct loom_counts counts = {0};
    size_t many = make(&state, all), count, kept, expected = 0;
    free(loom_records_sort(all, many, STORES));
    count = loom_records_group(all, many, LOOM_HOURS);
    memcpy(records, all, sizeof records);
    kept = loom_records_drop_repeats(records, count, &counts);
    for (size_t i = 0; i < count; i++) {
      if (i + 1 < count && loom_records_compare(&all[i], &all[i + 1]) == 0)
        continue;
      assert_int_equal(records[expected++].text, all[i].text);
    }
    assert_int_equal(kept, expected);
    assert_int_equal(counts.duplicates, count - kept);
    kept = loom_records_drop_closed(records, kept, &counts);
    assert_int_equal(counts.duplicates, count - kept);
    for (int32_t date = 0; date < 3; date++) {
      int32_t best = INT32_MIN, had = INT32_MIN;
      size_t left = 0;
      for (size_t i = 0; i < count; i++)
        if (all[i].date == date && all[i].open > had)
          had = all[i].open;
      for (size_t i = 0; i < kept; i++)
        if (records[i].date == date) {
          assert_true((records[i].open >= 0) == (had >= 0));
          best = records[i].open > best ? records[i].open : best;
          left++;
        }
      assert_int_equal(best, had);
      if (had < 0)
        assert_int_equal(left, had != INT32_MIN);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sorted), cmocka_unit_test(grouped),
                                     cmocka_unit_test(dropped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
