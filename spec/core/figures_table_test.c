/*
** Tests of the figures in SQL: they are those of reports, whatever is asked for, and what they cost has an end.
*/
#include "reports.h"

#include "sqlite/figures.h"

#include <math.h>

/* A query that fails at once or on the way, with SQLite's code and its words. */
static void assert_error(loom_database *database, const char *sql, int code, const char *message) {
  sqlite3_stmt *rows = NULL;
  int result = sqlite3_prepare_v2(database->sqlite, sql, -1, &rows, NULL);
  if (result == SQLITE_OK)
    while ((result = sqlite3_step(rows)) == SQLITE_ROW)
      continue;
  assert_string_equal(sqlite3_errmsg(database->sqlite), message);
  assert_int_equal(result, code);
  sqlite3_finalize(rows);
}

/* ---- as reports have them ---- */

static long long microseconds(sqlite3_stmt *row, int column) {
  return llround(sqlite3_column_double(row, column) * LOOM_SECOND);
}

/* What a query of figures gives, as put_report prints them: all windows of a store in a line. */
static void put_rows(loom_database *database, const char *sql, struct buffer *out) {
  sqlite3_stmt *row = NULL;
  char last[LOOM_ID_MAX + 1] = "";
  int result = sqlite3_prepare_v2(database->sqlite, sql, -1, &row, NULL);
  while (result == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
    const char *id = (const char *)sqlite3_column_text(row, 0);
    if (strcmp(id, last) != 0)
      buffer_printf(out, "%s%s", *last ? "\n" : "", id);
    snprintf(last, sizeof last, "%s", id);
    buffer_printf(out, " %lld/%lld/%lld x%lld o%lld l%lld p%lld", microseconds(row, 1),
                  microseconds(row, 2), microseconds(row, 3), microseconds(row, 4),
                  (long long)sqlite3_column_int64(row, 5), microseconds(row, 6),
                  (long long)sqlite3_column_int64(row, 7));
  }
  buffer_printf(out, "%s", *last ? "\n" : "");
  assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
}

#define FIGURES "SELECT store_id, up, down, unknown, excluded, outages, longest, polls FROM figures"

/* Rules as words of SQL, and the same for a report. */
static const char *put_rules(struct loom_rules *rules, uint64_t *state, struct buffer *words) {
  static const int64_t gaps[] = {LOOM_NO_MAX_GAP, 1800, 7200, 0};
  const char *preset = loom_preset_names[random_below(state, 3)];
  assert_true(loom_rules_preset(preset, rules));
  buffer_printf(words, ", 'preset=%s'", preset);
  if (random_below(state, 2)) {
    rules->fill = (enum loom_fill)random_below(state, 3);
    buffer_printf(words, ", 'fill=%s'", loom_fill_names[rules->fill]);
  }
  if (random_below(state, 2)) {
    rules->evidence = (enum loom_evidence)random_below(state, 2);
    buffer_printf(words, ", 'evidence=%s'", loom_evidence_names[rules->evidence]);
  }
  if (random_below(state, 2)) {
    rules->no_data = (enum loom_state)random_below(state, 3);
    buffer_printf(words, ", 'no_data=%s'", loom_no_data_names[rules->no_data]);
  }
  if (random_below(state, 2)) {
    int64_t gap = gaps[random_below(state, COUNT_OF(gaps))];
    rules->max_gap = gap < 0 ? gap : gap * LOOM_SECOND;
    buffer_printf(words, gap < 0 ? ", 'max_gap=none'" : ", 'max_gap=%llds'", (long long)gap);
  }
  return preset;
}

static void figures_are_those_of_reports(void **test) {
  (void)test;
  uint64_t state = 11;
  for (int round = 0; round < 30; round++) {
    loom_database *database = many_stores(40, (uint64_t)round / 5 + 1);
    struct loom_report_options options = default_options();
    struct buffer words = {0}, sql = {0}, expected = {0}, found = {0};
    loom_error error;
    options.selection.all_stores = random_below(&state, 2);
    put_rules(&options.rules, &state, &words);
    assert_status(report_text(database, &options, &expected, &error), LOOM_DONE, &error);
    buffer_printf(&sql,
                  FIGURES
                  "('a=1h', 'b=1d', 'c=7d', 'default_zone=UTC'%s%s) ORDER BY store_id, \"window\"",
                  words.bytes, options.selection.all_stores ? ", 'all_stores=true'" : "");
    allow_writing(database);
    put_rows(database, sql.bytes, &found);
    buffer_put(&found, "", 1);
    buffer_put(&expected, "", 1);
    assert_string_equal(strchr(expected.bytes, '\n') + 1, found.bytes);
    struct buffer *const all[] = {&words, &sql, &expected, &found};
    for (size_t i = 0; i < COUNT_OF(all); i++)
      buffer_free(all[i]);
    loom_database_close(database);
  }
}

/* Looked up one by one, and joined with others, they are the same as all at once. */
static void stores_are_looked_up(void **test) {
  (void)test;
  loom_database *database = many_stores(40, 3);
  struct buffer all = {0}, found = {0};
  static const char one_by_one[] =
      "SELECT f.store_id, up, down, unknown, excluded, outages, longest, polls"
      " FROM (SELECT store_id FROM store ORDER BY store_id LIMIT -1) s CROSS JOIN"
      " figures('preset=monitoring') f ON f.store_id = s.store_id"
      " ORDER BY 1, \"window\"";
  put_rows(database, FIGURES "('preset=monitoring') ORDER BY 1, \"window\"", &all);
  put_rows(database, one_by_one, &found);
  assert_buffer_equal(&all, &found);
  buffer_free(&all);
  buffer_free(&found);
  assert_rows(database, "SELECT count(*) FROM figures('w=1d') WHERE store_id = 'nobody'", "1:0 \n");
  assert_rows(database, "SELECT count(*) FROM figures('w=1d') WHERE store_id = NULL", "1:0 \n");
  assert_rows(
      database,
      "SELECT count(*) = 2, count(DISTINCT store_id) = 2 FROM figures('w=1d') WHERE store_id IN"
      " (SELECT store_id FROM store_now LIMIT 2)",
      "1:1 1:1 \n");
  assert_rows(database,
              "SELECT count(*) = (SELECT count(*) FROM store_now) FROM figures('w=1d') WHERE "
              "store_id >= ''",
              "1:1 \n");
  loom_database_close(database);
}

/* ---- in SQL ---- */

static loom_database *small_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\na,active,2023-01-24 10:00:00\na,inactive,2023-01-24 "
       "11:00:00\n"
       "b,active,2023-01-24 10:30:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,UTC\nsilent,UTC\n");
  return database;
}

static void what_it_shows(void **state) {
  (void)state;
  loom_database *database = small_database();
  assert_rows(database,
              "SELECT store_id, \"window\", from_utc, to_utc, uptime, downtime, up, ratio, "
              "outages, mttr, mtbf, polls"
              " FROM figures('h=2h:minutes', 'q=1h') ORDER BY 1, 2",
              "1:a 1:h 30:2023-01-24 09:00:00.000000 UTC 30:2023-01-24 11:00:00.000000 UTC"
              " 4:60.0 4:60.0 6:3600.0 3:0.5 1:1 6:3600.0 6:3600.0 1:2 \n"
              "1:a 1:q 30:2023-01-24 10:00:00.000000 UTC 30:2023-01-24 11:00:00.000000 UTC"
              " 3:0.0 3:1.0 3:0.0 3:0.0 1:1 6:3600.0 3:0.0 1:2 \n"
              "1:b 1:h 30:2023-01-24 09:00:00.000000 UTC 30:2023-01-24 11:00:00.000000 UTC"
              " 5:120.0 3:0.0 6:7200.0 3:1.0 1:0 - - 1:1 \n"
              "1:b 1:q 30:2023-01-24 10:00:00.000000 UTC 30:2023-01-24 11:00:00.000000 UTC"
              " 3:1.0 3:0.0 6:3600.0 3:1.0 1:0 - - 1:1 \n");
  assert_rows(database, "SELECT group_concat(DISTINCT \"window\") FROM figures",
              "28:last_hour,last_day,last_week \n");
  assert_rows(database, "SELECT count(*) FROM figures('w=1d', 'all_stores=true')", "1:3 \n");
  assert_rows(database, "SELECT word_2, word_1 FROM figures('w=1d', 'preset=seed') LIMIT 1",
              "11:preset=seed 4:w=1d \n");
  assert_rows(database, "SELECT count(*) FROM figures('w=1d', NULL)", "1:0 \n");
  assert_rows(database,
              "SELECT count(*) FROM figures WHERE word_3 = 'w=1d' AND word_1 IN ('x=1d', 'y=2d')",
              "1:8 \n");
  assert_rows(
      database,
      "SELECT v.w, max(f.up) FROM (SELECT '1h' AS w UNION SELECT '2h') v, figures('w=' || v.w) f"
      " GROUP BY 1 ORDER BY 1",
      "2:1h 6:3600.0 \n2:2h 6:7200.0 \n");
  assert_rows(database, "SELECT name, type FROM pragma_table_info('figures') WHERE cid < 2",
              "8:store_id 4:TEXT \n6:window 4:TEXT \n");
  loom_database_close(database);
}

static void without_polls_there_are_no_rows(void **state) {
  (void)state;
  loom_database *database = memory_database();
  assert_rows(database, "SELECT * FROM figures('w=1d')", "");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  assert_rows(database,
              "SELECT store_id FROM figures('w=1d', 'all_stores=true', 'as_of=2023-01-24')",
              "1:a \n");
  loom_database_close(database);
}

static void what_is_wrong(void **state) {
  (void)state;
  loom_database *database = small_database();
  assert_error(database, "SELECT * FROM figures('w=3x')", SQLITE_ERROR,
               "\"w=3x\" is no duration, no FROM/TO, and no word of the calendar");
  assert_error(database, "SELECT * FROM figures(7)", SQLITE_ERROR,
               "word 1 is no text such as 'month=30d'");
  assert_error(database, "SELECT * FROM figures('a=1d', x'61')", SQLITE_ERROR,
               "word 2 is no text such as 'month=30d'");
  assert_error(database, "SELECT * FROM figures('a=101w', 'b=6000w')", SQLITE_ERROR,
               "window b is longer than 100 years");
  assert_error(database, "SELECT * FROM figures('a=2020-01-01/1920-01-01')", SQLITE_ERROR,
               "window a ends before it starts");
  assert_error(database, "SELECT * FROM figures('a=1850-01-01/1851-01-01', 'b=1d')", SQLITE_ERROR,
               "the windows are more than 100 years apart");
  assert_error(database, "SELECT * FROM figures('default_zone=Mars')", SQLITE_ERROR,
               "default zone: \"Mars\" is not a zone of the tz database");
  assert_error(database, "DELETE FROM figures", SQLITE_ERROR, "table figures may not be modified");
  assert_error(database, "CREATE VIRTUAL TABLE more USING loom_figures(x)", SQLITE_ERROR,
               "loom_figures takes no arguments");
  assert_error(database,
               "SELECT * FROM figures(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21)",
               SQLITE_ERROR, "too many arguments on figures() - max 20");
  loom_database_close(database);
}

static void stores_that_a_report_leaves_out(void **state) {
  (void)state;
  loom_database *database = small_database();
  execute(database, "UPDATE store SET timezone = 'Mars/Olympus' WHERE store_id = 'a'");
  assert_rows(database, "SELECT store_id FROM figures('w=1d')", "1:b \n");
  execute(database, "UPDATE store SET timezone = 'Mars/Olympus'");
  assert_error(
      database, "SELECT store_id FROM figures('w=1d')", SQLITE_ERROR,
      "store \"a\": timezone \"Mars/Olympus\" is not a zone of the tz database any more (Debian "
      "keeps old names in its"
      " package tzdata-legacy)");
  loom_database_close(database);
}

static void attached_databases(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *other = open_database(scratch_path(&scratch, "x.db"));
  load(other, LOOM_POLLS, "store_id,status,timestamp_utc\nc,active,2020-01-01 00:00:00\n");
  load(other, LOOM_TIMEZONES, "store_id,timezone_str\nc,UTC\n");
  loom_database *database = small_database();
  struct buffer sql = {0};
  buffer_printf(&sql, "ATTACH '%s' AS \"o\"\"x\"", scratch_path(&scratch, "x.db"));
  execute(database, sql.bytes);
  execute(database, "CREATE TEMP TABLE store(number, store_id); CREATE TEMP TABLE poll_block(x)");
  assert_rows(database, "SELECT store_id, up, to_utc FROM \"o\"\"x\".figures('w=1d')",
              "1:c 7:86400.0 30:2020-01-01 00:00:00.000000 UTC \n");
  assert_rows(database, "SELECT count(*) FROM figures('w=1d') a JOIN \"o\"\"x\".figures('w=1d') b",
              "1:2 \n");
  buffer_free(&sql);
  loom_database_close(database);
  loom_database_close(other);
  scratch_end(&scratch);
}

/* A snapshot of its own in each statement, and what the statement's own transaction has written. */
static void it_reads_what_the_statement_reads(void **state) {
  (void)state;
  loom_database *database = small_database();
  execute(database, "BEGIN; UPDATE store SET store_id = 'renamed' WHERE store_id = 'a'");
  assert_rows(database, "SELECT store_id FROM figures('w=1d') ORDER BY 1", "1:b \n7:renamed \n");
  execute(database, "ROLLBACK");
  assert_rows(database, "SELECT store_id FROM figures('w=1d') ORDER BY 1", "1:a \n1:b \n");
  loom_database_close(database);
}

/* ---- what it may cost ---- */

static int stop(void *context) {
  return --*(int *)context < 0;
}

static void it_can_be_interrupted(void **state) {
  (void)state;
  loom_database *database = many_stores(40, 2);
  for (int steps = 0; steps < 40; steps++) {
    int left = steps;
    sqlite3_progress_handler(database->sqlite, 500, stop, &left);
    sqlite3_stmt *rows = NULL;
    int result = sqlite3_prepare_v2(database->sqlite,
                                    "SELECT count(*) FROM figures('w=30d') a, figures('w=30d') b,"
                                    " figures('w=30d') c, figures('w=30d') d",
                                    -1, &rows, NULL);
    if (result == SQLITE_OK)
      result = sqlite3_step(rows);
    assert_int_equal(result & 0xff, SQLITE_INTERRUPT);
    sqlite3_finalize(rows);
    sqlite3_progress_handler(database->sqlite, 0, NULL, NULL);
  }
  assert_rows(database, "SELECT count(*) > 0 FROM figures('w=30d')", "1:1 \n");
  loom_database_close(database);
}

static void one_row_measures_one_store(void **state) {
  (void)state;
  loom_database *database = many_stores(40, 2);
  execute(
      database,
      "UPDATE hours_week SET openings = x'00' WHERE store = (SELECT max(store) FROM hours_week)");
  assert_rows(database, "SELECT 1 FROM figures('w=30d') LIMIT 1", "1:1 \n");
  assert_error(database, "SELECT count(*) FROM figures('w=30d')", SQLITE_CORRUPT_VTAB,
               "hours cannot be read (see loom check)");
  loom_database_close(database);
}

static void damage_is_an_error(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } damages[] = {
      {"UPDATE poll_block SET polls = x'00'",
       "a block of polls has a length that is not a multiple of 8 (see loom check)"},
      {"UPDATE overall SET newest_poll = 5",
       "the newest poll of all is not of the last day that has polls (see loom check)"},
      {"UPDATE store SET newest_poll = 9223372036854775807",
       "the newest poll of a store is no instant of the years 1 to 9999 (see loom check)"},
  };
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_database *database = small_database();
    execute(database, damages[i].sql);
    assert_error(database, "SELECT count(*) FROM figures('w=30d')", SQLITE_CORRUPT_VTAB,
                 damages[i].message);
    loom_database_close(database);
  }
}

static const char *step_failure(loom_database *database, sqlite3_stmt *rows) {
  assert_int_not_equal(sqlite3_step(rows), SQLITE_ROW);
  return sqlite3_errmsg(database->sqlite);
}

/* In a crafted file the table is defined by itself, or what it reads is a view of it. */
static void a_table_that_is_defined_by_itself(void **state) {
  (void)state;
  static const char *const tables[] = {
      "CREATE VIEW store AS SELECT 1 AS number, store_id, NULL AS timezone, 1 AS first_poll, 1 AS "
      "newest_poll,"
      " NULL AS timezone_override, 1 AS newest_active FROM figures('w=1d')",
      "CREATE VIRTUAL TABLE store USING loom_figures", "CREATE VIEW store AS SELECT * FROM polls"};
  for (size_t i = 0; i < COUNT_OF(tables); i++) {
    loom_database *database = small_database();
    execute(database,
            "PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=ON; ALTER TABLE store RENAME TO "
            "store_kept");
    execute(database, tables[i]);
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_prepare_v2(database->sqlite,
                                        "SELECT * FROM figures('w=1d', 'as_of=2023-01-24')", -1,
                                        &rows, NULL),
                     SQLITE_OK);
    assert_non_null(strstr(step_failure(database, rows), "no such table: main."));
    sqlite3_finalize(rows);
    loom_database_close(database);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_are_those_of_reports),
      cmocka_unit_test(stores_are_looked_up),
      cmocka_unit_test(what_it_shows),
      cmocka_unit_test(without_polls_there_are_no_rows),
      cmocka_unit_test(what_is_wrong),
      cmocka_unit_test(stores_that_a_report_leaves_out),
      cmocka_unit_test(attached_databases),
      cmocka_unit_test(it_reads_what_the_statement_reads),
      cmocka_unit_test(it_can_be_interrupted),
      cmocka_unit_test(one_row_measures_one_store),
      cmocka_unit_test(damage_is_an_error),
      cmocka_unit_test(a_table_that_is_defined_by_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
