/*
** Tests of staged hours, by random rows: store by store, in the order that was asked for, come all that were added, in their own
** order and with all that they said.
*/
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "measure/hours.h"
#include "measure/week.h"
#include "read/staged_hours.h"

enum { STORES = 6, COUNT_MAX = 80 };

static size_t make(uint64_t *state, struct loom_record *records) {
  size_t count = random_below(state, COUNT_MAX + 1);
  for (size_t i = 0; i < count; i++) {
    int32_t open = (int32_t)random_below(state, 86403) - 2; /* LOOM_NO_HOURS, LOOM_CLOSED */
    bool goes_on = i && random_below(state, 3);
    records[i] = (struct loom_record){
        .store = goes_on ? records[i - 1].store : (uint32_t)random_below(state, STORES),
        .date = goes_on                  ? records[i - 1].date
                : random_below(state, 2) ? LOOM_ALWAYS
                                         : (int32_t)random_below(state, 3) - 1,
        .override = random_below(state, 2),
        .weekday = (int16_t)random_below(state, 7),
        .open = random_below(state, 4) ? open : LOOM_CLOSED};
    records[i].close = records[i].open < 0 ? records[i].open : (int32_t)random_below(state, 86401);
  }
  return count;
}

static void add(uint64_t *state, struct loom_staged_hours *hours, const struct loom_record *records,
                size_t count) {
  for (size_t at = 0, part; at < count; at += part) { /* in portions of any size */
    part = random_below(state, count - at + 1);
    assert_true(loom_staged_hours_add(hours, records + at, part));
  }
}

/* Takes all of them. */
static void assert_takes(const struct loom_staged_hours *hours, const uint32_t *order,
                         const struct loom_record *records, size_t count) {
  struct loom_record_list list = {0};
  loom_error error;
  size_t place = 0;
  for (size_t rank = 0; rank < STORES; rank++) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
      if (records[i].store != order[rank])
        continue;
      if (at == 0)
        assert_int_equal(loom_staged_hours_next(hours, &place, &list, &error), LOOM_OK);
      assert_true(at < list.count);
      const struct loom_record *got = &list.items[at];
      assert_int_equal(got->order, at++);
      assert_int_equal(got->store, records[i].store);
      assert_int_equal(got->date, records[i].date);
      assert_int_equal(got->override, records[i].override);
      assert_int_equal(got->weekday, records[i].weekday);
      assert_int_equal(got->open, records[i].open);
      assert_int_equal(got->close, records[i].close);
    }
    if (at)
      assert_int_equal(list.count, at);
  }
  assert_int_equal(loom_staged_hours_next(hours, &place, &list, &error), LOOM_DONE);
  assert_int_equal(loom_staged_hours_next(hours, &place, &list, &error), LOOM_DONE);
  free(list.items);
}

static void store_by_store(void **test) {
  (void)test;
  uint64_t state = 71;
  for (int round = 0; round < 500; round++) {
    struct loom_record records[COUNT_MAX];
    struct loom_staged_hours hours = {0};
    uint32_t order[STORES];
    size_t count = make(&state, records);
    add(&state, &hours, records, count);
    assert_int_equal(hours.count, count);
    for (int again = 0; again < 2; again++) { /* they can be sorted again */
      for (uint32_t i = 0; i < STORES; i++) { /* any permutation */
        uint32_t at = (uint32_t)random_below(&state, i + 1);
        order[i] = order[at];
        order[at] = i;
      }
      assert_true(loom_staged_hours_sort(&hours, order, STORES));
      assert_takes(&hours, order, records, count);
    }
    loom_staged_hours_free(&hours);
  }
}

/* Whether a store's records are a week as it is stored. */
static bool is_week(const struct loom_record_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    const struct loom_record *record = &list->items[i];
    if (record->override || record->open < 0 || record->date != list->items->date)
      return false;
    if (i && (record[-1].weekday > record->weekday ||
              (record[-1].weekday == record->weekday &&
               (record[-1].open > record->open ||
                (record[-1].open == record->open && record[-1].close >= record->close)))))
      return false;
  }
  return true;
}

/* A week is taken as it is stored where a store's rows are one that came together, and where anything is else it is left. */
static void weeks(void **test) {
  (void)test;
  uint64_t state = 72;
  size_t taken = 0, left = 0;
  loom_error error;
  const uint32_t order[STORES] = {0, 1, 2, 3, 4, 5};
  for (int round = 0; round < 500; round++) {
    struct loom_record records[STORES * 2];
    struct loom_record_list list = {0};
    struct loom_staged_hours hours = {0};
    struct loom_staged_week week;
    bool together = round % 2;
    for (size_t i = 0; i < STORES * 2; i++) /* two to a store, one after the other or not */
      records[i] = (struct loom_record){.store = together ? (uint32_t)i / 2 : (uint32_t)i % STORES,
                                        .date = (int32_t)random_below(&state, 4) / 3,
                                        .override = random_below(&state, 6) == 0,
                                        .weekday = (int16_t)random_below(&state, 3),
                                        .open = (int32_t)random_below(&state, 8) - 2,
                                        .close = (int32_t)random_below(&state, 3)};
    for (size_t i = 0; i < STORES * 2; i++)
      if (records[i].open < 0)
        records[i].close = records[i].open;
    assert_true(loom_staged_hours_add(&hours, records, STORES * 2));
    assert_true(loom_staged_hours_sort(&hours, order, STORES));
    for (size_t place = 0; place < hours.run_count;) {
      size_t next = place;
      bool is = loom_staged_hours_week(&hours, &place, &week);
      assert_int_equal(is, place != next);
      assert_int_equal(loom_staged_hours_next(&hours, &next, &list, &error), LOOM_OK);
      assert_int_equal(is, together && is_week(&list));
      taken += is;
      left += !is;
      if (!is) {
        place = next;
        continue;
      }
      assert_int_equal(place, next);
      assert_int_equal(week.store, list.items->store);
      assert_int_equal(week.date, list.items->date);
      assert_int_equal(week.count, list.count);
      for (size_t i = 0; i < week.count; i++) {
        struct loom_hours opening;
        loom_opening_unpack(week.openings + i * LOOM_OPENING_SIZE, &opening);
        assert_int_equal(opening.weekday, list.items[i].weekday);
        assert_int_equal(opening.open, list.items[i].open);
        assert_int_equal(opening.close, list.items[i].close);
      }
    }
    size_t end = hours.run_count;
    assert_false(loom_staged_hours_week(&hours, &end, &week));
    free(list.items);
    loom_staged_hours_free(&hours);
  }
  assert_true(taken > 100 && left > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(store_by_store), cmocka_unit_test(weeks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
