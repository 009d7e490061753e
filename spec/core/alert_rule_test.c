/*
** Rules of alerts: what they may be, and how far they look.
*/
#include "alert/rule.h"
#include "support.h"

static struct loom_alert_rule some_rule(enum loom_alert_kind kind) {
  return (struct loom_alert_rule){.kind = kind,
                                  .count = 1,
                                  .of = 1,
                                  .window = LOOM_DAY,
                                  .share = 0.5,
                                  .target = 0.9,
                                  .fires = {.count = 1, .of = 1},
                                  .ends = {.count = 1, .of = 1}};
}

static void test_good_rules(void **state) {
  (void)state;
  for (int kind = 0; kind <= LOOM_ALERT_SYSTEM; kind++) {
    struct loom_alert_rule rule = some_rule((enum loom_alert_kind)kind);
    if (kind == LOOM_ALERT_GROUP_DOWN)
      rule.scope = LOOM_ALERT_GROUP;
    assert_null(loom_alert_rule_problem(&rule));
    assert_int_equal(loom_alert_rule_reach(&rule), LOOM_ALERT_REACH_LEAST);
  }
}

static void test_bounds(void **state) {
  (void)state;
  struct loom_alert_rule rules[] = {
      some_rule(LOOM_ALERT_RATIO),          some_rule(LOOM_ALERT_DOWN_TIME),
      some_rule(LOOM_ALERT_INACTIVE_POLLS), some_rule(LOOM_ALERT_DOWN_FOR),
      some_rule(LOOM_ALERT_DOWN_FOR),       some_rule(LOOM_ALERT_DOWN_FOR),
      some_rule(LOOM_ALERT_BUDGET),         some_rule(LOOM_ALERT_BUDGET),
      some_rule(LOOM_ALERT_GROUP_DOWN),     some_rule(LOOM_ALERT_DOWN_FOR)};
  rules[0].share = 1.5;
  rules[1].window = LOOM_ALERT_WINDOW_MAX + 1;
  rules[2].of = LOOM_ALERT_POLLS_MAX + 1;
  rules[3].fires.of = LOOM_ALERT_OF_MAX + 1;
  rules[4].fires.count = 2; /* of 1 */
  rules[5].scope = LOOM_ALERT_FLEET;
  rules[6].target = 1;
  rules[7].share = -1; /* neither left nor burnt */
  rules[9].time = -1;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    assert_non_null(loom_alert_rule_problem(&rules[i]));
}

static void test_reach(void **state) {
  (void)state;
  struct loom_alert_rule rule = some_rule(LOOM_ALERT_BUDGET);
  rule.window = 28 * LOOM_DAY;
  assert_int_equal(loom_alert_rule_reach(&rule), 29 * LOOM_DAY);
  rule.month = true;
  assert_int_equal(loom_alert_rule_reach(&rule), 32 * LOOM_DAY);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_good_rules),
                                     cmocka_unit_test(test_bounds), cmocka_unit_test(test_reach)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
