/*
** Tests of facts as JSON: each kind, its bounds, and texts that have to be escaped. Spans are in order, each once.
*/
#include "support.h"

#include "time/civil.h"
#include "write/fact_text.h"

#include <string.h>

static struct loom_fact fact_of(enum loom_fact_kind kind, const char *store, const char *text) {
  return (struct loom_fact){.kind = kind,
                            .store = store,
                            .store_length = store ? strlen(store) : 0,
                            .text = text,
                            .text_length = strlen(text),
                            .name = ""};
}

static void assert_is(const struct loom_fact *fact, bool is_absent, const char *expected) {
  struct loom_text text = {0};
  assert_true(is_absent ? loom_fact_put_absent(&text, fact) : loom_fact_put(&text, fact));
  assert_int_equal(text.length, strlen(expected));
  assert_memory_equal(text.bytes, expected, text.length);
  loom_text_free(&text);
}

static void weeks(void **state) {
  (void)state;
  static const struct loom_hours openings[] = {
      {0, 6, 79200, 3600}, {0, 0, 0, 86400}, {0, 6, 3661, 7200}, {0, 0, 0, 86400}};
  struct loom_fact week = fact_of(LOOM_FACT_WEEK, "a", "");
  week.date = LOOM_DATE_MIN;
  assert_is(&week, false, "{\"effective_from\":\"always\",\"week\":{}}");
  week.date = 0;
  week.openings = openings;
  week.opening_count = sizeof openings / sizeof *openings;
  assert_is(&week, false,
            "{\"effective_from\":\"1970-01-01\",\"week\":{\"mon\":[\"00:00-24:00\"],"
            "\"sun\":[\"01:01:01-02:00\",\"22:00-01:00\"]}}");
  assert_is(&week, true, "{\"effective_from\":\"1970-01-01\",\"removed\":true}");
  week.reverts = true;
  assert_is(&week, false, "{\"effective_from\":\"1970-01-01\",\"reverts\":true}");
}

static void special_days_and_texts(void **state) {
  (void)state;
  static const struct loom_hours opening = {.open = 3600, .close = 7200};
  struct loom_fact day = fact_of(LOOM_FACT_SPECIAL_DAY, NULL, "\"\\\n\xff");
  assert_is(&day, false,
            "{\"date\":\"1970-01-01\",\"spans\":[],\"note\":\"\\\"\\\\\\n\xef\xbf\xbd\"}");
  day.openings = &opening;
  day.opening_count = 1;
  day.text_length = 0;
  assert_is(&day, false, "{\"date\":\"1970-01-01\",\"spans\":[\"01:00-02:00\"],\"note\":\"\"}");
  assert_is(&day, true, "");
  struct loom_fact zone = fact_of(LOOM_FACT_ZONE, "a", "UTC");
  assert_is(&zone, false, "{\"timezone_str\":\"UTC\"}");
  struct loom_fact attribute = fact_of(LOOM_FACT_ATTRIBUTE, "a", "v");
  attribute.name = "n\"";
  attribute.name_length = 2;
  assert_is(&attribute, false, "\"n\\\"\":\"v\"");
  assert_is(&attribute, true, "\"n\\\"\":null");
}

static void exclusions(void **state) {
  (void)state;
  static const struct loom_hours opening = {.weekday = 6, .open = 7200, .close = 14400};
  struct loom_fact exclusion = fact_of(LOOM_FACT_EXCLUSION, "s", "why");
  exclusion.number = 3;
  exclusion.from = -1;
  exclusion.to = 1000000;
  assert_is(&exclusion, false,
            "{\"number\":3,\"store_id\":\"s\",\"from_utc\":\"1969-12-31 23:59:59.999999 UTC\","
            "\"to_utc\":\"1970-01-01 00:00:01.000000 UTC\",\"reason\":\"why\"}");
  exclusion.store = NULL;
  exclusion.name = "store";
  exclusion.name_length = 5;
  assert_is(
      &exclusion, false,
      "{\"number\":3,\"store_id\":\"*\",\"zone\":\"store\",\"from_local\":"
      "\"1969-12-31 23:59:59.999999\",\"to_local\":\"1970-01-01 00:00:01\",\"reason\":\"why\"}");
  exclusion.openings = &opening;
  exclusion.opening_count = 1;
  exclusion.from = LOOM_INSTANT_MIN;
  exclusion.to = 86400 * LOOM_SECOND;
  assert_is(&exclusion, false,
            "{\"number\":3,\"store_id\":\"*\",\"zone\":\"store\",\"weekly\":\"sun 02:00-04:00\","
            "\"to_local\":\"1970-01-02\",\"reason\":\"why\"}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weeks),
      cmocka_unit_test(special_days_and_texts),
      cmocka_unit_test(exclusions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
