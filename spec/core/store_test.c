/*
** Tests of the buffers that a source fills: they grow, keep their order, and are empty again once freed.
*/
#include "storage.h"

#include "measure/store.h"

static void lists_grow(void **state) {
  (void)state;
  struct loom_store store = {0};
  struct loom_common common = {0};
  for (int32_t i = 0; i < 1000; i++) {
    assert_true(loom_hours_list_add(&store.hours, (struct loom_hours){i, i % 7, i * 2, i * 3}));
    assert_true(
        loom_special_days_add(&store.special_days, (struct loom_special_day){i, i * 2, i * 3}));
    assert_true(loom_special_days_add(&common.special_days, (struct loom_special_day){-i, 0, 1}));
    assert_true(loom_spans_add(&store.exclusions, i, i + 1));
    assert_true(loom_spans_add(&common.exclusions, i, i + 1));
    assert_true(loom_polls_reserve(&store.polls, (size_t)i + 1));
  }
  assert_int_equal(store.hours.count, 1000);
  for (int32_t i = 0; i < 1000; i++) {
    assert_int_equal(store.hours.items[i].from, i);
    assert_int_equal(store.hours.items[i].close, i * 3);
    assert_int_equal(store.special_days.items[i].open, i * 2);
    assert_int_equal(common.special_days.items[i].date, -i);
  }
  /* Emptied, a list keeps its memory. */
  struct loom_hours *items = store.hours.items;
  store.hours.count = 0;
  assert_true(loom_hours_list_add(&store.hours, (struct loom_hours){0}));
  assert_ptr_equal(store.hours.items, items);
  for (int twice = 0; twice < 2; twice++) {
    loom_store_free(&store);
    loom_common_free(&common);
    assert_null(store.hours.items);
    assert_int_equal(
        store.special_days.capacity + common.special_days.capacity + store.polls.capacity, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lists_grow)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
