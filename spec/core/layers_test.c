/*
** Tests of layers: which special days are in force, by hand and against an oracle that asks date by date; and lists that
** change places instead of being copied. Hours have a test of their own.
*/
#include "storage.h"

#include "measure/layers.h"
#include "support.h"

static void add_day(struct loom_special_days *list, int32_t date, int32_t open) {
  assert_true(loom_special_days_add(list, (struct loom_special_day){date, open, open + 1}));
}

static void a_date_set_by_hand_has_nothing_of_the_files(void **state) {
  (void)state;
  struct loom_layers layers = {0};
  struct loom_special_days found = {0};
  add_day(&layers.file.days, 1, 10);
  add_day(&layers.file.days, 2, 20);
  add_day(&layers.file.days, 2, 21);
  add_day(&layers.override.days, 2, 30);
  add_day(&layers.override.days, 3, 40);
  assert_true(loom_layers_days(&layers, &found));
  assert_int_equal(found.count, 3);
  assert_int_equal(found.items[0].open, 10);
  assert_int_equal(found.items[1].open, 30);
  assert_int_equal(found.items[2].open, 40);
  assert_int_equal(layers.file.days.count + layers.override.days.count, 0);
  assert_true(loom_layers_days(&layers, &found)); /* the next store has none */
  assert_int_equal(found.count, 0);
  loom_special_days_free(&found);
  loom_layers_free(&layers);
}

/* The spans of a date, appended to a list. */
static size_t days_of(const struct loom_special_days *list, int32_t date,
                      struct loom_special_days *out) {
  size_t before = out->count;
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].date == date)
      assert_true(loom_special_days_add(out, list->items[i]));
  return out->count - before;
}

static void days_like_an_oracle(void **state) {
  (void)state;
  uint64_t random = 11;
  struct loom_layers layers = {0};
  struct loom_special_days found = {0}, expected = {0};
  for (int round = 0; round < 5000; round++) {
    expected.count = 0;
    for (int32_t date = -4; date < 4; date++) {
      for (uint64_t n = random_below(&random, 3); n > 0; n--)
        add_day(&layers.file.days, date, (int32_t)random_below(&random, 1000));
      for (uint64_t n = random_below(&random, 6) ? 0 : random_below(&random, 3); n > 0; n--)
        add_day(&layers.override.days, date, (int32_t)random_below(&random, 1000));
      if (days_of(&layers.override.days, date, &expected) == 0)
        days_of(&layers.file.days, date, &expected);
    }
    assert_true(loom_layers_days(&layers, &found));
    assert_int_equal(found.count, expected.count);
    if (found.count)
      assert_memory_equal(found.items, expected.items, found.count * sizeof *found.items);
  }
  loom_special_days_free(&found);
  loom_special_days_free(&expected);
  loom_layers_free(&layers);
}

/* Most stores have nothing that was set by hand: their lists are handed over as they are. */
static void without_overrides_nothing_is_copied(void **state) {
  (void)state;
  struct loom_layers layers = {0};
  struct loom_special_days days = {0};
  struct loom_hours_list hours = {0};
  add_day(&layers.file.days, 1, 10);
  assert_true(loom_hours_list_add(&layers.file.hours, (struct loom_hours){1, 0, 2, 3}));
  const struct loom_special_day *day_items = layers.file.days.items;
  const struct loom_hours *hour_items = layers.file.hours.items;
  assert_true(loom_layers_days(&layers, &days) && loom_layers_hours(&layers, &hours));
  assert_ptr_equal(days.items, day_items);
  assert_ptr_equal(hours.items, hour_items);
  assert_int_equal(days.count + hours.count, 2);
  loom_special_days_free(&days);
  loom_hours_list_free(&hours);
  loom_layers_free(&layers);
}

static void what_a_failure_left_is_forgotten(void **state) {
  (void)state;
  struct loom_layers layers = {0};
  struct loom_hours_list hours = {0};
  assert_true(loom_hours_list_add(&layers.file.hours, (struct loom_hours){1, 0, 2, 3}));
  assert_true(loom_hours_list_add(&layers.override.hours, (struct loom_hours){2, 0, 2, 3}));
  add_day(&layers.override.days, 1, 10);
  loom_layers_empty(&layers);
  assert_int_equal(layers.override.days.count, 0);
  assert_true(loom_layers_hours(&layers, &hours));
  assert_int_equal(hours.count, 0);
  loom_hours_list_free(&hours);
  loom_layers_free(&layers);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_date_set_by_hand_has_nothing_of_the_files),
                                     cmocka_unit_test(days_like_an_oracle),
                                     cmocka_unit_test(without_overrides_nothing_is_copied),
                                     cmocka_unit_test(what_a_failure_left_is_forgotten)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
