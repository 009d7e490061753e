/*
** Presets: each option of each preset, as the table of docs and reports has it.
*/
#include "measure/rules.h"
#include "time/civil.h"
#include "support.h"

#include <stdbool.h>

static void presets(void **state) {
  (void)state;
  struct loom_rules rules;
  assert_true(loom_rules_preset("loom", &rules));
  assert_int_equal(rules.slack, 60);
  assert_int_equal(rules.fill, LOOM_FILL_BACKWARD);
  assert_int_equal(rules.evidence, LOOM_EVIDENCE_INSIDE);
  assert_int_equal(rules.no_data, LOOM_DOWN);
  assert_int_equal(rules.max_gap, LOOM_NO_MAX_GAP);

  assert_true(loom_rules_preset("seed", &rules));
  assert_int_equal(rules.slack, 0);
  assert_int_equal(rules.fill, LOOM_FILL_BACKWARD);
  assert_int_equal(rules.evidence, LOOM_EVIDENCE_INSIDE);
  assert_int_equal(rules.no_data, LOOM_DOWN);
  assert_int_equal(rules.max_gap, LOOM_NO_MAX_GAP);

  assert_true(loom_rules_preset("monitoring", &rules));
  assert_int_equal(rules.slack, 60);
  assert_int_equal(rules.fill, LOOM_FILL_FORWARD);
  assert_int_equal(rules.evidence, LOOM_EVIDENCE_AROUND);
  assert_int_equal(rules.no_data, LOOM_UNKNOWN);
  assert_int_equal(rules.max_gap, 2 * LOOM_HOUR);
}

static void names_that_are_none(void **state) {
  (void)state;
  static const char *const names[] = {"", "Loom", "loom ", "loo", "looms", "default"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct loom_rules rules = {.slack = 12345};
    assert_false(loom_rules_preset(names[i], &rules));
    assert_int_equal(rules.slack, 12345);
  }
}

static void names_are_in_order(void **state) {
  (void)state;
  struct loom_rules rules;
  int presets = 0;
  for (; loom_preset_names[presets]; presets++)
    assert_true(loom_rules_preset(loom_preset_names[presets], &rules));
  assert_int_equal(presets, 3);
  assert_string_equal(loom_fill_names[LOOM_FILL_NEAREST], "nearest");
  assert_null(loom_fill_names[LOOM_FILL_NEAREST + 1]);
  assert_string_equal(loom_evidence_names[LOOM_EVIDENCE_AROUND], "around");
  assert_null(loom_evidence_names[LOOM_EVIDENCE_AROUND + 1]);
  static const char *const states[] = {"down", "up", "unknown", "excluded"};
  for (int i = 0; i < 4; i++)
    assert_string_equal(loom_state_name((enum loom_state)i), states[i]);
  assert_null(loom_no_data_names[LOOM_EXCLUDED]); /* which is no rule's */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(presets),
      cmocka_unit_test(names_that_are_none),
      cmocka_unit_test(names_are_in_order),
  };
  return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
