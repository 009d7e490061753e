/*
** What tests of reports share: options, reports as text, and databases of many stores of every make.
*/
#ifndef REPORTS_H
#define REPORTS_H

#include "storage.h"

#include "time/civil.h"
#include "report/report.h"
#include "sqlite/source_sqlite.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static const struct loom_window standard[] = {
    {.length = LOOM_HOUR}, {.length = LOOM_DAY}, {.length = 7 * LOOM_DAY}};

static inline struct loom_report_options default_options(void) {
  struct loom_report_options options = {
      .windows = standard, .window_count = 3, .default_zone = "UTC", .threads = 1};
  assert_true(loom_rules_preset("loom", &options.rules));
  return options;
}

static inline int64_t instant(const char *text) {
  int64_t result;
  assert_null(loom_parse_timestamp(text, strlen(text), &result));
  return result;
}

static inline loom_status wait_for(loom_report *report, loom_error *error) {
  loom_status status;
  while ((status = loom_report_wait(report, 1000, error)) == LOOM_OK)
    ;
  return status;
}

/* Everything that a complete report says. */
static inline void put_report(struct buffer *out, const loom_report *report) {
  buffer_printf(out, "as_of %lld\n", (long long)loom_report_as_of(report));
  for (size_t row = 0; row < loom_report_count(report); row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    const struct loom_figures *figures = loom_report_figures(report, row);
    buffer_put(out, id, length);
    for (size_t w = 0; w < loom_report_window_count(report); w++)
      buffer_printf(out, " %lld/%lld/%lld x%lld o%lld l%lld p%lld", (long long)figures[w].up,
                    (long long)figures[w].down, (long long)figures[w].unknown,
                    (long long)figures[w].excluded, (long long)figures[w].outages,
                    (long long)figures[w].longest, (long long)figures[w].polls);
    buffer_put(out, "\n", 1);
  }
}

/* A complete report, as text; and its status, if it fails. */
static inline loom_status report_text(loom_database *database,
                                      const struct loom_report_options *options, struct buffer *out,
                                      loom_error *error) {
  loom_report *report;
  loom_source *source = loom_source_sqlite(database);
  loom_status status = start_report(options, source, database->zones, &report, error);
  assert_true((status == LOOM_OK) == (report != NULL));
  if (status == LOOM_OK)
    status = wait_for(report, error);
  if (status == LOOM_DONE)
    put_report(out, report);
  loom_report_free(report);
  loom_source_free(source);
  return status;
}

/* Stores of every make: with and without hours, zones, special days, exclusions. */
static inline loom_database *many_stores(unsigned stores, uint64_t seed) {
  uint64_t state = seed;
  static const char *const zones[] = {"America/Denver", "Asia/Kolkata", "UTC", "Pacific/Auckland"};
  struct buffer polls = {0}, hours = {0}, timezones = {0}, days = {0}, exclusions = {0};
  loom_database *database = memory_database();
  buffer_printf(&polls, POLLS_HEADER);
  buffer_printf(&hours, "store_id,day,start_time_local,end_time_local\n");
  buffer_printf(&timezones, "store_id,timezone_str\n");
  buffer_printf(&days, "store_id,date,open,close\n*,2023-01-22,,\n");
  buffer_printf(&exclusions,
                "store_id,from_utc,to_utc\n*,2023-01-21 10:00:00,2023-01-21 11:00:00\n");
  for (unsigned s = 0; s < stores; s++) {
    uint64_t id = random_next(&state);
    for (uint64_t i = random_below(&state, 30); i > 0; i--) {
      char when[LOOM_TIMESTAMP_SIZE];
      int64_t t = instant("2023-01-15 00:00:00") + (int64_t)random_below(&state, 10 * LOOM_DAY);
      loom_format_timestamp(t, when);
      buffer_printf(&polls, "%llu,%s,%s\n", (unsigned long long)id,
                    random_below(&state, 2) ? "active" : "inactive", when);
    }
    for (int day = 0; s % 3 && day < 7; day++)
      if (random_below(&state, 5))
        buffer_printf(&hours, "%llu,%d,%02d:00,%02d:30\n", (unsigned long long)id, day,
                      (int)random_below(&state, 24), (int)random_below(&state, 24));
    if (s % 4)
      buffer_printf(&timezones, "%llu,%s\n", (unsigned long long)id,
                    zones[random_below(&state, 4)]);
    if (s % 5 == 0)
      buffer_printf(&days, "%llu,2023-01-2%d,10:00,14:00\n", (unsigned long long)id, s % 5);
    if (s % 7 == 0)
      buffer_printf(&exclusions, "%llu,2023-01-2%u 10:30:00,2023-01-2%u 12:00:00\n",
                    (unsigned long long)id, s % 5, s % 5);
  }
  load(database, LOOM_POLLS, polls.bytes);
  load(database, LOOM_HOURS, hours.bytes);
  load(database, LOOM_TIMEZONES, timezones.bytes);
  load(database, LOOM_SPECIAL_DAYS, days.bytes);
  load(database, LOOM_EXCLUSIONS, exclusions.bytes);
  buffer_free(&polls);
  buffer_free(&hours);
  buffer_free(&timezones);
  buffer_free(&days);
  buffer_free(&exclusions);
  return database;
}

/* 250 of them in a file, whose numbers have gaps of up to some slices, and one that is longer than all else. */
static inline loom_database *stores_far_apart(struct scratch *scratch, uint64_t seed) {
  static const char *const columns[][2] = {{"store", "number"},
                                           {"poll_block", "store"},
                                           {"hours_week", "store"},
                                           {"special_day", "store"},
                                           {"exclusion", "store"}};
  char sql[700];
  loom_database *memory = many_stores(250, seed);
  snprintf(sql, sizeof sql, "VACUUM INTO '%s'", scratch_path(scratch, "stores.db"));
  execute(memory, sql);
  loom_database_close(memory);
  loom_database *database = open_database(scratch->path);
  execute(database, "PRAGMA journal_mode=WAL");
  loom_database_check_references(database, false);
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    const char *table = columns[i][0], *column = columns[i][1];
    /* none is given a number that another one still has */
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = -%s * iif(%s < 200, %s, 10000000000)", table,
             column, column, column, column);
    execute(database, sql);
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = -%s", table, column, column);
    execute(database, sql);
  }
  loom_database_check_references(database, true);
  return database;
}

static inline int64_t random_between(uint64_t *random, int64_t least, int64_t most) {
  return least + (int64_t)random_below(random, (uint64_t)(most - least + 1));
}

/* A preset, or any other combination. */
static inline void random_rules(uint64_t *random, struct loom_rules *rules) {
  static const char *const presets[] = {"loom", "seed", "monitoring"};
  static const int32_t slacks[] = {0, 1, 60, 3600, LOOM_SLACK_MAX};
  assert_true(loom_rules_preset(presets[random_below(random, 3)], rules));
  if (random_below(random, 2))
    return;
  rules->slack = slacks[random_below(random, COUNT_OF(slacks))];
  rules->fill = (enum loom_fill)random_below(random, 3);
  rules->evidence = (enum loom_evidence)random_below(random, 2);
  rules->no_data = (enum loom_state)random_below(random, 3);
  rules->max_gap =
      random_below(random, 2) ? random_between(random, 0, 2 * LOOM_DAY) : LOOM_NO_MAX_GAP;
}

/* A window around the polls of many_stores, of an hour to three weeks or of some microseconds. */
static inline struct loom_window random_window(uint64_t *random) {
  int64_t from = instant("2023-01-10 00:00:00") + random_between(random, 0, 18 * LOOM_DAY);
  int64_t length = random_below(random, 8) ? random_between(random, LOOM_HOUR, 21 * LOOM_DAY)
                                           : random_between(random, 1, 50);
  if (random_below(random, 3) == 0)
    return (struct loom_window){.length = length};
  return (struct loom_window){.from = from, .to = from + length};
}

/* The same, or one on the calendar, or the one before any of them. */
static inline struct loom_window any_window(uint64_t *random) {
  struct loom_window window = random_window(random);
  if (random_below(random, 2)) {
    int32_t first = loom_date_of_instant(instant("2023-01-10 00:00:00"));
    window = (struct loom_window){.calendar = (enum loom_calendar)random_between(
                                      random, LOOM_CALENDAR_DATES, LOOM_CALENDAR_LAST_MONTH)};
    window.first = first + (int32_t)random_below(random, 14);
    window.after_last = window.first + 1 + (int32_t)random_below(random, 8);
  }
  window.before = random_below(random, 4) == 0;
  return window;
}

static inline void assert_report_fails(loom_database *database,
                                       const struct loom_report_options *options,
                                       loom_status expected, const char *message) {
  loom_error error = {0};
  struct buffer found = {0};
  assert_int_equal(report_text(database, options, &found, &error), expected);
  assert_int_equal(error.code, expected);
  assert_string_equal(error.message, message);
  buffer_free(&found);
}

/* Open on Tuesdays 09:00 to 17:00 UTC; active at 10:00, inactive at 12:00, active at 16:00; as of
 * 16:30. */
static inline loom_database *one_tuesday(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "s,active,2023-01-24 10:00:00\ns,inactive,2023-01-24 "
       "12:00:00\ns,active,2023-01-24 16:00:00\n");
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\ns,1,09:00,17:00\n");
  return database;
}

static inline loom_report *complete_report(const struct loom_report_options *options,
                                           loom_source *source, loom_zones *zones) {
  loom_error error;
  loom_report *report;
  assert_status(start_report(options, source, zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  assert_true(loom_report_progress(report) == 1.0);
  return report;
}

#endif
