/*
** Tests of surveys: counts against an oracle in SQL and against reports, a fleet with strays at either end, none at all.
*/
#include "report/survey.h"
#include "reports.h"

static void survey(loom_database *database, int64_t now, size_t examples,
                   struct loom_survey *survey) {
  loom_error error;
  const struct loom_survey_options options = {
      .default_zone = "UTC", .now = now, .examples = examples};
  loom_source *source = loom_source_sqlite_shared(database);
  assert_int_equal(loom_survey_run(&options, source, database->zones, survey, &error), LOOM_OK);
  loom_source_free(source);
}

/* What stores know is what SQL says that they do. */
static void stores_are_counted(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 6; seed++) {
    struct loom_survey found;
    loom_database *database = many_stores(60, seed);
    survey(database, 0, 2, &found);
    assert_int_equal(found.stores, number(database, "SELECT count(*) FROM store"));
    assert_int_equal(found.polled, number(database, "SELECT count(first_poll) FROM store"));
    assert_int_equal(found.polls,
                     number(database, "SELECT sum(length(polls)) / 8 FROM poll_block"));
    assert_int_equal(found.days, number(database, "SELECT count(DISTINCT day) FROM poll_block"));
    assert_int_equal(found.tallies[LOOM_TALLY_NO_ZONE].count,
                     number(database,
                            "SELECT count(*) FROM store WHERE timezone IS NULL AND "
                            "first_poll IS NOT NULL"));
    assert_int_equal(
        found.tallies[LOOM_TALLY_NO_HOURS].count,
        number(database,
               "SELECT count(*) FROM store WHERE first_poll IS NOT NULL AND number NOT "
               "IN (SELECT store FROM hours_week)"));
    assert_int_equal(found.tallies[LOOM_TALLY_HOURS_ONLY].count,
                     number(database,
                            "SELECT count(*) FROM store WHERE first_poll IS NULL AND number IN "
                            "(SELECT store FROM hours_week)"));
    assert_int_equal(found.tallies[LOOM_TALLY_STRAY].count, 0);
    assert_true(found.tallies[LOOM_TALLY_NO_ZONE].example_count <= 2);
    loom_survey_free(&found);
    loom_database_close(database);
  }
}

/* The open time of all stores, and that without evidence, is what a report of the same windows says. */
static void windows_are_those_of_reports(void **state) {
  (void)state;
  for (uint64_t seed = 10; seed < 14; seed++) {
    struct loom_survey found;
    loom_error error;
    loom_report *report;
    loom_database *database = many_stores(60, seed);
    survey(database, 0, 0, &found);
    struct loom_report_options options = default_options();
    options.rules.no_data = LOOM_UNKNOWN;
    loom_source *source = loom_source_sqlite(database);
    assert_int_equal(start_report(&options, source, database->zones, &report, &error), LOOM_OK);
    assert_int_equal(wait_for(report, &error), LOOM_DONE);
    assert_int_equal(found.as_of, loom_report_as_of(report));
    for (size_t w = 0; w < LOOM_SURVEY_WINDOWS; w++) {
      int64_t scheduled = 0, unknown = 0;
      uint64_t silent = 0;
      for (size_t row = 0; row < loom_report_count(report); row++) {
        const struct loom_figures *f = &loom_report_figures(report, row)[w];
        scheduled += f->up + f->down + f->unknown;
        unknown += f->unknown;
        silent += f->unknown > 0 && f->up + f->down == 0;
      }
      assert_int_equal(found.windows[w].scheduled, scheduled);
      assert_int_equal(found.windows[w].unseen, unknown);
      assert_true(found.windows[w].silent.count <= silent);
    }
    loom_report_free(report);
    loom_source_free(source);
    loom_survey_free(&found);
    loom_database_close(database);
  }
}

/* Stores that are polled every hour for twenty days, and one with a poll far before or after them. */
static loom_database *fleet_with(int stores, const char *stray) {
  struct buffer polls = {0};
  loom_database *database = memory_database();
  buffer_printf(&polls, POLLS_HEADER);
  for (int store = 0; store < stores; store++)
    for (int hour = 0; hour < 20 * 24; hour++) {
      char when[LOOM_TIMESTAMP_SIZE];
      loom_format_timestamp(instant("2024-03-01 00:10:00") + hour * LOOM_HOUR, when);
      buffer_printf(&polls, "s%d,active,%s\n", store, when);
    }
  if (stray)
    buffer_printf(&polls, "s3,active,%s\n", stray);
  load(database, LOOM_POLLS, polls.bytes);
  buffer_free(&polls);
  return database;
}

static void strays_are_looked_past(void **state) {
  static const char *const strays[] = {NULL, "0001-01-01 00:00:00", "1970-01-01 00:00:00",
                                       "2024-04-01 00:00:00", "9999-12-31 23:59:59.999999"};
  (void)state;
  for (size_t i = 0; i < 2 * COUNT_OF(strays); i++) {
    int stores = i < COUNT_OF(strays) ? 20 : 4; /* the fourth of which is the one that strays */
    const char *stray = strays[i % COUNT_OF(strays)];
    struct loom_survey found;
    loom_database *database = fleet_with(stores, stray);
    survey(database, 0, 5, &found);
    assert_int_equal(found.as_of, instant("2024-03-20 23:10:00"));
    assert_int_equal(found.from, instant("2024-03-06 00:00:00"));
    assert_int_equal(found.days, LOOM_SURVEY_DAYS);
    assert_int_equal(found.polls, LOOM_SURVEY_DAYS * 24 * stores);
    assert_int_equal(found.interval, 3600);
    assert_int_equal(found.tallies[LOOM_TALLY_STRAY].count, stray != NULL);
    if (stray)
      assert_int_equal(found.tallies[LOOM_TALLY_STRAY].examples[0].instant, instant(stray));
    assert_int_equal(found.windows[2].silent.count, 0);
    loom_survey_free(&found);
    loom_database_close(database);
  }
}

/* Data of the first and the last day that there is. */
static void at_the_ends_of_time(void **state) {
  static const char *const days[] = {"0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"};
  (void)state;
  for (size_t i = 0; i < COUNT_OF(days); i++) {
    struct loom_survey found;
    char polls[200];
    loom_database *database = memory_database();
    snprintf(polls, sizeof polls, POLLS_HEADER "a,active,%s\n", days[i]);
    load(database, LOOM_POLLS, polls);
    load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Kolkata\n");
    survey(database, instant(days[i]), 1, &found);
    assert_int_equal(found.as_of, instant(days[i]));
    assert_int_equal(found.polls, 1);
    assert_int_equal(found.windows[2].stores, 1);
    assert_int_equal(found.windows[2].silent.count, 0);
    loom_survey_free(&found);
    loom_database_close(database);
  }
}

/* What comes after a rest is no stray, be it all stores for the first time or one store that there is. */
static void after_a_rest(void **state) {
  (void)state;
  for (int stores = 1; stores < 30; stores += 7) {
    struct loom_survey found;
    struct buffer polls = {0};
    loom_database *database = fleet_with(stores, NULL);
    buffer_printf(&polls, POLLS_HEADER);
    for (int store = 0; store < stores; store++)
      buffer_printf(&polls, "s%d,active,2024-04-10 10:00:00\n", store);
    load(database, LOOM_POLLS, polls.bytes);
    buffer_free(&polls);
    survey(database, 0, 5, &found);
    assert_int_equal(found.as_of, instant("2024-04-10 10:00:00"));
    assert_int_equal(found.tallies[LOOM_TALLY_STRAY].count, 0);
    loom_survey_free(&found);
    loom_database_close(database);
  }
}

static bool goes_on(void *context) {
  return --*(int *)context >= 0;
}

/* It ends when it is told to, wherever that is, and does not ask for ever. */
static void it_can_be_ended(void **state) {
  (void)state;
  loom_database *database = many_stores(300, 3);
  int64_t stores = number(database, "SELECT count(*) FROM store");
  for (int asked = 0; asked < 10; asked++) {
    struct loom_survey found;
    loom_error error;
    int left = asked;
    const struct loom_survey_options options = {
        .default_zone = "UTC", .examples = 1, .goes_on = goes_on, .context = &left};
    loom_source *source = loom_source_sqlite_shared(database);
    loom_status status = loom_survey_run(&options, source, database->zones, &found, &error);
    assert_int_equal(status, asked * 64 >= stores ? LOOM_OK : LOOM_ECANCELED);
    loom_source_free(source);
    loom_survey_free(&found);
  }
  loom_database_close(database);
}

static void nothing_is_found_in_nothing(void **state) {
  struct loom_survey found;
  loom_error error;
  (void)state;
  loom_database *database = memory_database();
  survey(database, 0, 3, &found);
  assert_false(found.has_polls);
  assert_int_equal(found.stores, 0);
  assert_int_equal(found.gaps.count, 0);
  loom_survey_free(&found);
  const struct loom_survey_options bad = {.default_zone = "Mars/Olympus"};
  loom_source *source = loom_source_sqlite_shared(database);
  assert_int_equal(loom_survey_run(&bad, source, database->zones, &found, &error), LOOM_EINPUT);
  const struct loom_survey_options many = {.default_zone = "UTC", .examples = 101};
  assert_int_equal(loom_survey_run(&many, source, database->zones, &found, &error), LOOM_EINVAL);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stores_are_counted),         cmocka_unit_test(windows_are_those_of_reports),
      cmocka_unit_test(strays_are_looked_past),     cmocka_unit_test(after_a_rest),
      cmocka_unit_test(at_the_ends_of_time),        cmocka_unit_test(it_can_be_ended),
      cmocka_unit_test(nothing_is_found_in_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
