/*
** Tests of extents: against a list of all polls, which are added day by day, in any portions.
*/
#include "storage.h"

#include "time/civil.h"
#include "measure/poll_extent.h"
#include "support.h"

static void equal_to_a_list(void **state) {
  (void)state;
  uint64_t random = 41;
  for (int round = 0; round < 200; round++) {
    struct loom_poll_extent extent = {0}, expected = {0};
    int32_t day = (int32_t)random_below(&random, 10) - 5; /* on both sides of 1970 */
    int32_t counted = day - 1;
    for (uint64_t portions = random_below(&random, 12); portions > 0; portions--) {
      loom_poll polls[4];
      size_t count = random_below(&random, COUNT_OF(polls) + 1);
      int64_t instant = day * LOOM_DAY + (int64_t)random_below(&random, 1000);
      for (size_t i = 0; i < count; i++, instant += 1 + (int64_t)random_below(&random, 1000)) {
        polls[i] = loom_poll_pack(instant, random_below(&random, 2));
        expected.first = expected.polls == 0 || instant < expected.first ? instant : expected.first;
        expected.newest =
            expected.polls == 0 || instant > expected.newest ? instant : expected.newest;
        expected.polls++;
        expected.days += counted != day;
        counted = day;
      }
      loom_poll_extent_add(&extent, day, polls, count);
      assert_int_equal(extent.polls, expected.polls);
      assert_int_equal(extent.days, expected.days);
      assert_int_equal(extent.first, expected.first);
      assert_int_equal(extent.newest, expected.newest);
      day += (int32_t)random_below(&random, 3); /* the same one may come again */
    }
  }
}

/* The day 0 is none that was there before. */
static void the_first_day(void **state) {
  (void)state;
  const loom_poll poll = loom_poll_pack(0, true);
  struct loom_poll_extent extent = {0};
  loom_poll_extent_add(&extent, 0, &poll, 1);
  assert_int_equal(extent.days, 1);
  loom_poll_extent_add(&extent, 0, &poll, 1);
  loom_poll_extent_add(&extent, 0, NULL, 0);
  assert_int_equal(extent.days, 1);
  assert_int_equal(extent.polls, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(equal_to_a_list),
                                     cmocka_unit_test(the_first_day)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
