/*
** Tests of ratios: against 128 bits, at the ends of the range, and by hand.
*/
#include "base/ratio.h"
#include "support.h"

__extension__ typedef unsigned __int128 wide;

static void check(int64_t part, int64_t whole) {
  int64_t found = loom_millionths(part, whole);
  assert_int_equal(found, (int64_t)((wide)part * LOOM_MILLION / (wide)whole));
  assert_true((found == LOOM_MILLION) == (part == whole));
}

static void as_with_128_bits(void **state) {
  (void)state;
  uint64_t random = 61;
  for (int round = 0; round < 200000; round++) {
    uint64_t bits = random_below(&random, 63); /* of every size */
    int64_t whole = (int64_t)(random_next(&random) >> (63 - bits) >> 1);
    if (whole == 0)
      whole = 1;
    check((int64_t)random_below(&random, (uint64_t)whole + 1), whole);
    check(whole - (int64_t)random_below(&random, whole < 3 ? 1 : 3), whole);
    /* Ratios with up to six decimals are exact, on both sides of their neighbours. */
    int64_t unit = 1 + (int64_t)random_below(&random, 1000000000000),
            k = (int64_t)random_below(&random, LOOM_MILLION);
    assert_int_equal(loom_millionths(k * unit, LOOM_MILLION * unit), k);
    check(k * unit + (unit - 1), LOOM_MILLION * unit);
  }
}

static void by_hand(void **state) {
  (void)state;
  assert_int_equal(loom_millionths(2052, 3600), 570000);
  assert_int_equal(loom_millionths(0, 1), 0);
  assert_int_equal(loom_millionths(1, 1), LOOM_MILLION);
  /* a week less a microsecond */
  assert_int_equal(loom_millionths(604799999999, 604800000000), 999999);
  check(INT64_MAX, INT64_MAX);
  check(INT64_MAX - 1, INT64_MAX);
  check(1, INT64_MAX);
  check(0, INT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_with_128_bits), cmocka_unit_test(by_hand)};
  return cmocka_run_group_tests_name("ratio", tests, NULL, NULL);
}
