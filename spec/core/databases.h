/*
** What tests of databases share: files that Loom and others have made, whole ones and some of older versions, and what is
** expected of them.
*/
#ifndef DATABASES_H
#define DATABASES_H

#include "storage.h"

#include "report/report.h"
#include "sqlite/figures.h"
#include "sqlite/poll_sql.h"
#include "sqlite/polls_table.h"
#include "sqlite/source_sqlite.h"
#include "sqlite/week_sql.h"
#include "time/civil.h"

static const char polls[] =
    "store_id,status,timestamp_utc\n"
    "a,active,2023-01-24 09:00:00\na,inactive,2023-01-24 10:00:00\n"
    "b,active,2023-01-25 09:00:00\nc,active,2023-01-26 09:00:00\n";

static inline int begin_scratch(void **state) {
  struct scratch *scratch = calloc(1, sizeof *scratch);
  assert_non_null(scratch);
  scratch_begin(scratch);
  *state = scratch;
  return 0;
}

static inline int end_scratch(void **state) {
  scratch_end(*state);
  free(*state);
  return 0;
}

static inline loom_status try_open(const char *path, enum loom_open_mode mode, loom_error *error) {
  loom_database *database;
  loom_status status = loom_database_open(path, mode, SHORT_TIMEOUT, &database, error);
  assert_true((status == LOOM_OK) == (database != NULL));
  loom_database_close(database);
  return status;
}

/* The message is the path and then `text`. */
static inline void assert_refused(const char *path, enum loom_open_mode mode, loom_status expected,
                                  const char *text) {
  char message[2 * LOOM_MESSAGE_SIZE];
  loom_error error = {0};
  snprintf(message, sizeof message, "%s: %s", path, text);
  assert_int_equal(try_open(path, mode, &error), expected);
  assert_int_equal(error.code, expected);
  assert_string_equal(error.message, message);
}

static inline void raw_sql(const char *path, const char *sql) {
  sqlite3 *sqlite;
  assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
  assert_int_equal(loom_week_sql_register(sqlite), SQLITE_OK); /* which upgrades call, and: */
  assert_int_equal(loom_poll_sql_register(sqlite), SQLITE_OK);
  assert_int_equal(loom_polls_table_register(sqlite), SQLITE_OK);
  assert_int_equal(loom_figures_table_register(sqlite), SQLITE_OK);
  assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

static inline void make_database(const char *path) {
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS, polls);
  loom_database_close(database);
}

/* Runs a report; its figures go to `out`, if that is not NULL. */
static inline void run_report(loom_database *database, struct buffer *out) {
  loom_error error;
  loom_report *report;
  const struct loom_window windows[] = {{.length = 7 * LOOM_DAY}};
  struct loom_report_options options = {.windows = windows,
                                        .window_count = 1,
                                        .default_zone = "UTC",
                                        .selection.all_stores = true,
                                        .threads = 1,
                                        .has_as_of = true,
                                        .as_of = INT64_C(1674900000) * LOOM_SECOND};
  assert_true(loom_rules_preset("monitoring", &options.rules));
  loom_source *source = loom_source_sqlite(database);
  if (start_report(&options, source, database->zones, &report, &error) == LOOM_OK) {
    while (loom_report_wait(report, 1000, &error) == LOOM_OK)
      ;
    for (size_t row = 0; out && row < loom_report_count(report); row++) {
      size_t length;
      const char *id = loom_report_store(report, row, &length);
      const struct loom_figures *figures = loom_report_figures(report, row);
      buffer_put(out, id, length);
      buffer_printf(out, " %lld/%lld/%lld x%lld\n", (long long)figures->up,
                    (long long)figures->down, (long long)figures->unknown,
                    (long long)figures->excluded);
    }
    loom_report_free(report);
  }
  loom_source_free(source);
}

/* As it was when version 1 was the newest. */
static const char schema_1[] =
    "CREATE TABLE store("
    " number INTEGER PRIMARY KEY,"
    " store_id TEXT NOT NULL UNIQUE CHECK(length(CAST(store_id AS BLOB)) BETWEEN 1 AND 255),"
    " timezone TEXT,"
    " first_poll INTEGER,"
    " newest_poll INTEGER"
    ") STRICT;"
    "CREATE TABLE poll_block("
    " day INTEGER NOT NULL,"
    " store INTEGER NOT NULL REFERENCES store(number),"
    " polls BLOB NOT NULL,"
    " PRIMARY KEY(day, store)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours_week("
    " store INTEGER NOT NULL REFERENCES store(number),"
    " effective_from TEXT NOT NULL,"
    " PRIMARY KEY(store, effective_from)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours("
    " store INTEGER NOT NULL,"
    " effective_from TEXT NOT NULL,"
    " weekday INTEGER NOT NULL CHECK(weekday BETWEEN 0 AND 6),"
    " open_s INTEGER NOT NULL CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER NOT NULL CHECK(close_s BETWEEN 0 AND 86400),"
    " PRIMARY KEY(store, effective_from, weekday, open_s, close_s),"
    " FOREIGN KEY(store, effective_from) REFERENCES hours_week ON DELETE CASCADE"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE special_day("
    " store INTEGER REFERENCES store(number),"
    " date TEXT NOT NULL,"
    " open_s INTEGER CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER CHECK(close_s BETWEEN 0 AND 86400),"
    " note TEXT NOT NULL DEFAULT '',"
    " CHECK((open_s IS NULL) = (close_s IS NULL))"
    ") STRICT;"
    "CREATE INDEX special_day_by_store ON special_day(store, date);"
    "CREATE TABLE exclusion("
    " number INTEGER PRIMARY KEY,"
    " store INTEGER REFERENCES store(number),"
    " from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL CHECK(to_us > from_us),"
    " reason TEXT NOT NULL DEFAULT ''"
    ") STRICT;"
    "CREATE INDEX exclusion_by_store ON exclusion(store, from_us, to_us);"
    "PRAGMA application_id=0x4c6f6f6d;"
    "PRAGMA user_version=1;";

/* A file of version 1 that holds what the database holds. */
static inline void make_old(const char *path, loom_database *database) {
  char sql[2000];
  raw_sql(path, "PRAGMA auto_vacuum=INCREMENTAL");
  raw_sql(path, "PRAGMA journal_mode=WAL");
  raw_sql(path, schema_1);
  snprintf(
      sql, sizeof sql,
      "ATTACH '%s' AS old;"
      "INSERT INTO old.store SELECT number, store_id, timezone, first_poll, newest_poll FROM store;"
      "INSERT INTO old.poll_block SELECT * FROM poll_block;"
      "INSERT INTO old.hours_week SELECT store, effective_from FROM hours_week;"
      "INSERT INTO old.hours SELECT store, effective_from, weekday, open_s, close_s FROM hours;"
      "INSERT INTO old.special_day SELECT store, date, open_s, close_s, note FROM special_day;"
      "INSERT INTO old.exclusion SELECT number, store, from_us, to_us, reason FROM exclusion;"
      "DETACH old",
      path);
  execute(database, sql);
}

/* Everything that version 1 had: weeks that follow each other, closed ones, days of one store and of all. */
static inline loom_database *full_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, polls);
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\n\"d, \"\"e\"\"\",active,2023-01-27 15:00:00\n"
       "a,active,2023-01-27 15:00:00\nb,inactive,2023-01-27 10:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\na,0,09:00,17:00,\n"
       "a,4,09:00,12:00,\na,4,13:00,17:00,\na,4,20:00,02:00,2023-01-26\nb,1,closed,,2023-01-25\n"
       "c,3,09:00,24:00,2020-02-29\nz,0,closed,,\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,America/Denver\nz,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\n*,2023-01-25,,,\"closed, \"\"all\"\"\"\n"
       "a,2023-01-25,08:00,09:00,\na,2023-01-25,10:00,11:00,late\nc,2023-01-26,,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc,reason\n*,2023-01-24 01:00:00,2023-01-24 02:00:00,\n"
       "a,2023-01-27 16:00:00,2023-01-27 16:30:00,\"new\nmodem\"\n");
  return database;
}

static inline void tell_problem(void *context, const char *problem) {
  (void)context;
  fail_msg("%s", problem);
}

#endif
