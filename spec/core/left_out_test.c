/*
** Tests of stores that are left out of a report because their zones are none.
*/
#include "reports.h"

static void unknown_zones(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.default_zone = "Mars/Olympus";
  assert_report_fails(database, &options, LOOM_EINPUT,
                      "default zone: \"Mars/Olympus\" is not a zone of the tz database");
  options = default_options();
  execute(database, "UPDATE store SET timezone = 'No/Where'");
  for (unsigned threads = 1; threads < 5; threads++) {
    options.threads = threads;
    assert_report_fails(
        database, &options, LOOM_EINPUT,
        "store \"s\": timezone \"No/Where\" is not a zone of the tz database any more (Debian keeps"
        " old names in its package tzdata-legacy)");
  }
  loom_database_close(database);
}

/* Every third of the stores has lost its zone: the others' figures are what they were, and each of these is named. */
static void stores_whose_zone_is_gone(void **state) {
  (void)state;
  enum { STORES = 400 };
  loom_database *database = many_stores(STORES, 31);
  struct loom_report_options options = default_options();
  options.selection.all_stores = true;
  options.strip_window = 2, options.strip_bins = 24;
  struct complete {
    loom_source *source;
    loom_report *report;
  } before, after;
  loom_error error;
  for (unsigned threads = 1; threads < 5; threads++) {
    options.threads = threads;
    execute(database, "UPDATE store SET timezone_override = NULL");
    before.source = loom_source_sqlite(database);
    assert_status(start_report(&options, before.source, database->zones, &before.report, &error),
                  LOOM_OK, &error);
    assert_status(wait_for(before.report, &error), LOOM_DONE, &error);
    execute(database, "UPDATE store SET timezone_override = 'No/Where' WHERE number % 3 = 0");
    after.source = loom_source_sqlite(database);
    assert_status(start_report(&options, after.source, database->zones, &after.report, &error),
                  LOOM_OK, &error);
    assert_status(wait_for(after.report, &error), LOOM_DONE, &error);
    size_t kept, length, row, gone = loom_report_left_out_count(after.report);
    const struct loom_left_out *left_out = loom_report_left_out(after.report, &kept);
    assert_true(gone > LOOM_LEFT_OUT_MAX && kept == LOOM_LEFT_OUT_MAX);
    assert_int_equal(loom_report_left_out_count(before.report), 0);
    assert_int_equal(loom_report_count(before.report), loom_report_count(after.report) + gone);
    for (size_t i = 0; i < kept; i++) {
      assert_false(loom_report_find(after.report, left_out[i].id, left_out[i].id_length, &row));
      assert_true(loom_report_find(before.report, left_out[i].id, left_out[i].id_length, &row));
      assert_int_equal(left_out[i].reason.code, LOOM_EINPUT);
      assert_non_null(strstr(left_out[i].reason.message, "timezone \"No/Where\" is not a zone"));
    }
    for (size_t i = 0; i < loom_report_count(after.report); i++) {
      const char *id = loom_report_store(after.report, i, &length);
      assert_true(loom_report_find(before.report, id, length, &row));
      assert_memory_equal(loom_report_figures(after.report, i),
                          loom_report_figures(before.report, row), 3 * sizeof(struct loom_figures));
      assert_memory_equal(loom_report_strip(after.report, i), loom_report_strip(before.report, row),
                          24);
    }
    loom_report_free(before.report);
    loom_report_free(after.report);
    loom_source_free(before.source);
    loom_source_free(after.source);
  }
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(unknown_zones),
                                     cmocka_unit_test(stores_whose_zone_is_gone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
