/*
** Tests of states as text: rows of each format, with ids that need quoting, and what there is none of.
*/
#include "report/state_text.h"
#include "reports.h"

static loom_report *report_of(loom_database *database, loom_source **source) {
  loom_error error;
  loom_report *report;
  struct loom_report_options options = {.default_zone = "UTC",
                                        .threads = 1,
                                        .has_as_of = true,
                                        .as_of = instant("2023-01-24 12:00:00"),
                                        .selection = {.all_stores = true},
                                        .states = {.wanted = true, .dormant_after = 7 * LOOM_DAY}};
  assert_true(loom_rules_preset("monitoring", &options.rules));
  *source = loom_source_sqlite(database);
  assert_status(start_report(&options, *source, database->zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  return report;
}

static void assert_text(const loom_report *report, enum loom_state_format format,
                        const char *expected) {
  struct loom_text text = {0};
  for (size_t row = 0; row < loom_report_count(report); row++) {
    assert_true(loom_state_put_row(report, row, format, &text));
    assert_true(loom_text_reserve(&text, 1));
    loom_text_put_char(&text, '\n');
  }
  assert_int_equal(text.length, strlen(expected));
  assert_memory_equal(text.bytes, expected, text.length);
  loom_text_free(&text);
}

static void rows_of_each_format(void **test) {
  (void)test;
  loom_source *source;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "=1+1,active,2023-01-24 11:30:00.25\n"
       "\"a, \"\"b\"\"\",inactive,2023-01-01 12:00:00\n"
       "shut,active,2023-01-24 11:30:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\nshut,0,09:00,10:00\n"
       "silent,1,09:00,13:00\n");
  loom_report *report = report_of(database, &source);
  assert_text(report, LOOM_STATE_CSV,
              "=1+1,up,2023-01-24 09:30:00.250000 UTC,false,2023-01-24 11:30:00.250000 UTC\n"
              "\"a, \"\"b\"\"\",unknown,2023-01-01 14:00:00.000000 UTC,true,"
              "2023-01-01 12:00:00.000000 UTC\n"
              "shut,closed,,false,2023-01-24 11:30:00.000000 UTC\n"
              "silent,unknown,2023-01-24 09:00:00.000000 UTC,true,\n");
  assert_text(report, LOOM_STATE_HARMLESS_CSV,
              "'=1+1,up,2023-01-24 09:30:00.250000 UTC,false,2023-01-24 11:30:00.250000 UTC\n"
              "\"a, \"\"b\"\"\",unknown,2023-01-01 14:00:00.000000 UTC,true,"
              "2023-01-01 12:00:00.000000 UTC\n"
              "shut,closed,,false,2023-01-24 11:30:00.000000 UTC\n"
              "silent,unknown,2023-01-24 09:00:00.000000 UTC,true,\n");
  assert_text(
      report, LOOM_STATE_JSON,
      "{\"store_id\":\"=1+1\",\"state\":\"up\",\"since\":\"2023-01-24 09:30:00.250000 UTC\","
      "\"dormant\":false,\"last_poll\":\"2023-01-24 11:30:00.250000 UTC\"}\n"
      "{\"store_id\":\"a, \\\"b\\\"\",\"state\":\"unknown\","
      "\"since\":\"2023-01-01 14:00:00.000000 UTC\",\"dormant\":true,"
      "\"last_poll\":\"2023-01-01 12:00:00.000000 UTC\"}\n"
      "{\"store_id\":\"shut\",\"state\":\"closed\",\"since\":null,\"dormant\":false,"
      "\"last_poll\":\"2023-01-24 11:30:00.000000 UTC\"}\n"
      "{\"store_id\":\"silent\",\"state\":\"unknown\","
      "\"since\":\"2023-01-24 09:00:00.000000 UTC\",\"dormant\":true,\"last_poll\":null}\n");
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_each_format)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
