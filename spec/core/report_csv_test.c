/*
** Reports as CSV: figures compared with what printf makes of the double, ties above all, and the rows of a
** small report.
*/
#include "storage.h"

#include "time/civil.h"
#include "report/report_csv.h"
#include "sqlite/source_sqlite.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define HUNDREDTH (LOOM_HOUR / 100)

static void format(void (*put)(struct loom_text *, int64_t), int64_t microseconds,
                   char out[LOOM_FIGURE_SIZE + 1]) {
  struct loom_text text = {out, 0, LOOM_FIGURE_SIZE};
  put(&text, microseconds);
  assert_true(text.length <= LOOM_FIGURE_SIZE);
  out[text.length] = '\0';
}

static void check_hours(int64_t microseconds) {
  char expected[64], found[LOOM_FIGURE_SIZE + 1];
  int length = snprintf(expected, sizeof expected, "%.2f", (double)microseconds / 3.6e9);
  if (expected[length - 1] == '0')
    expected[--length] = '\0';
  format(loom_put_hours, microseconds, found);
  if (strcmp(found, expected) != 0)
    fail_msg("%lld us: %s, not %s", (long long)microseconds, found, expected);
}

/* A tie lies 18 s past each hundredth of an hour: all of them up to 600 hours, others at random. */
static void hours_agree_with_printf(void **state) {
  (void)state;
  uint64_t random = 10;
  for (int64_t tie = 0; tie <= 60000; tie++)
    for (int64_t off = -1; off <= 1; off++)
      if (tie * HUNDREDTH + HUNDREDTH / 2 + off >= 0)
        check_hours(tie * HUNDREDTH + HUNDREDTH / 2 + off);
  for (int i = 0; i < 60000; i++) {
    /* Of every magnitude, up to the largest number there is. */
    int64_t some = (int64_t)(random_next(&random) >> (1 + random_below(&random, 60)));
    int64_t tie = some / HUNDREDTH * HUNDREDTH;
    check_hours(some);
    check_hours(tie);
    if (tie <= INT64_MAX - HUNDREDTH) {
      check_hours(tie + HUNDREDTH / 2);
      check_hours(tie + HUNDREDTH / 2 - 1);
      check_hours(tie + HUNDREDTH / 2 + 1);
      check_hours(tie + HUNDREDTH - 1);
    }
  }
  for (int64_t off = -2000; off <= 2000; off++) /* where doubles stop holding each microsecond */
    check_hours((INT64_C(1) << 53) + off);
  check_hours(INT64_MAX);
}

static void figures_by_hand(void **state) {
  (void)state;
  static const struct {
    int64_t microseconds;
    const char *hours, *minutes;
  } cases[] = {
      {0, "0.0", "0"},
      {1, "0.0", "0"},
      {LOOM_MINUTE - 1, "0.02", "0"},
      {LOOM_MINUTE, "0.02", "1"},
      {LOOM_HOUR - 1, "1.0", "59"}, /* hours are rounded, minutes cut */
      {LOOM_HOUR, "1.0", "60"},
      {8 * LOOM_HOUR + 25 * LOOM_MINUTE, "8.42", "505"},
      {10 * LOOM_HOUR + 6 * LOOM_MINUTE, "10.1", "606"},
      {24 * LOOM_HOUR, "24.0", "1440"},
      {168 * LOOM_HOUR, "168.0", "10080"},
      {24 * LOOM_HOUR - 18 * LOOM_SECOND - 1, "23.99", "1439"},
      {24 * LOOM_HOUR - 18 * LOOM_SECOND + 1, "24.0", "1439"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[LOOM_FIGURE_SIZE + 1];
    format(loom_put_hours, cases[i].microseconds, text);
    assert_string_equal(text, cases[i].hours);
    format(loom_put_minutes, cases[i].microseconds, text);
    assert_string_equal(text, cases[i].minutes);
  }
  char text[LOOM_FIGURE_SIZE + 1];
  format(loom_put_minutes, INT64_MAX, text);
  assert_string_equal(text, "153722867280");
}

/*
** As of 16:30 on a Tuesday; the store with a comma and a quote in its id has no hours, so
** it never closes; no poll speaks for its Monday.
*/
static void rows(void **state) {
  (void)state;
  static const struct loom_window windows[] = {{.length = LOOM_HOUR}, {.length = LOOM_DAY}};
  static const bool minutes[] = {true, false};
  static const char expected[] =
      "\"a,\"\"b\",60,16.5,0,7.5\n"
      "s,30,5.5,30,2.5\n"
      "t,0,0.0,60,24.0\n";
  loom_error error;
  loom_report *report;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\ns,active,2023-01-24 10:00:00\ns,inactive,2023-01-24 "
       "12:00:00\n"
       "s,active,2023-01-24 16:00:00\ns,inactive,2023-01-24 16:30:00\n"
       "\"a,\"\"b\",active,2023-01-24 16:00:00\nt,inactive,2023-01-24 16:00:00\n");
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\ns,1,08:30,17:00\n");
  struct loom_report_options options = {
      .windows = windows, .window_count = 2, .default_zone = "UTC", .threads = 1};
  assert_true(loom_rules_preset("loom", &options.rules));
  loom_source *source = loom_source_sqlite(database);
  assert_int_equal(start_report(&options, source, database->zones, &report, &error), LOOM_OK);
  while (loom_report_wait(report, 1000, &error) == LOOM_OK)
    ;
  assert_int_equal(loom_report_wait(report, 0, &error), LOOM_DONE);
  assert_int_equal(loom_report_count(report), 3);
  struct loom_text text = {0};
  assert_true(loom_report_csv_rows(report, minutes, false, 0, 3, &text));
  assert_int_equal(text.length, sizeof expected - 1);
  assert_memory_equal(text.bytes, expected, text.length);
  /* Row by row is the same, and is appended. */
  for (size_t row = 0; row < 3; row++)
    assert_true(loom_report_csv_rows(report, minutes, false, row, 1, &text));
  assert_int_equal(text.length, 2 * (sizeof expected - 1));
  assert_memory_equal(text.bytes + sizeof expected - 1, expected, sizeof expected - 1);
  assert_true(loom_report_csv_rows(report, minutes, false, 3, 0, &text));
  assert_int_equal(text.length, 2 * (sizeof expected - 1));
  loom_text_free(&text);
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hours_agree_with_printf),
      cmocka_unit_test(figures_by_hand),
      cmocka_unit_test(rows),
  };
  return cmocka_run_group_tests_name("report_csv", tests, NULL, NULL);
}
