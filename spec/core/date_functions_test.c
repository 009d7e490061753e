/*
** Tests of the functions of dates: what they give for a text that ends in " UTC" is what SQLite's
*own give for
** the text without it, and all else is SQLite's.
*/
#include "sqlite/date_functions.h"
#include "storage.h"
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static sqlite3 *open_plain(void) {
  sqlite3 *sqlite;
  assert_int_equal(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
  return sqlite;
}

static sqlite3 *open_ours(void) {
  sqlite3 *sqlite = open_plain();
  assert_int_equal(loom_date_functions_register(sqlite), SQLITE_OK);
  return sqlite;
}

/* The first value of a statement: its type and text, or the error. */
static void evaluate(sqlite3 *sqlite, const char *sql, char *out, size_t size) {
  sqlite3_stmt *row = NULL;
  if (sqlite3_prepare_v2(sqlite, sql, -1, &row, NULL) == SQLITE_OK &&
      sqlite3_step(row) == SQLITE_ROW)
    snprintf(out, size, "%d %s", sqlite3_column_type(row, 0),
             (const char *)sqlite3_column_text(row, 0));
  else
    snprintf(out, size, "%d %s", sqlite3_errcode(sqlite), sqlite3_errmsg(sqlite));
  sqlite3_finalize(row);
}

static void assert_value(sqlite3 *sqlite, const char *sql, const char *expected) {
  char found[256];
  evaluate(sqlite, sql, found, sizeof found);
  if (strcmp(found, expected) != 0)
    print_error("%s\n", sql);
  assert_string_equal(found, expected);
}

#define PICK(state, list) (list)[random_below(state, COUNT_OF(list))]

static void put_instant(struct buffer *out, uint64_t *state) {
  static const char *const zones[] = {"", "", "", "Z", "+05:30", " -11:00"};
  unsigned pieces = (unsigned)random_below(state, 5);
  buffer_printf(out, "%04u-%02u-%02u", (unsigned)random_below(state, 10000),
                (unsigned)random_below(state, 14), (unsigned)random_below(state, 33));
  if (pieces > 0)
    buffer_printf(out, "%c%02u:%02u", random_below(state, 2) ? ' ' : 'T',
                  (unsigned)random_below(state, 25), (unsigned)random_below(state, 60));
  if (pieces > 1)
    buffer_printf(out, ":%02u", (unsigned)random_below(state, 61));
  if (pieces > 2)
    buffer_printf(out, pieces > 3 ? ".%06u" : ".%03u", (unsigned)random_below(state, 1000));
  buffer_printf(out, "%s", PICK(state, zones));
}

/* A time value; one that is text is followed by `suffix`. */
static void put_time(struct buffer *out, uint64_t *state, const char *suffix) {
  static const char *const odd[] = {"",           "x",          "12:30",    "2460000.5",
                                    "2023-02-31", "12:30:59.9", "24:00",    " UTC",
                                    "UTC",        "2023",       "10:00utc", "-4713-11-24 12:00:00"};
  static const char *const raw[] = {
      "NULL", "2460000.5", "0", "1e20", "-1", "1700000000", "x'323032332d30312d3031'"};
  uint64_t kind = random_below(state, 8);
  if (kind == 0) {
    buffer_printf(out, "%s", PICK(state, raw));
    return;
  }
  buffer_printf(out, "'");
  if (kind == 1)
    buffer_printf(out, "%s", PICK(state, odd));
  else
    put_instant(out, state);
  buffer_printf(out, "%s'", suffix);
}

/* A call of one of the functions. */
static void put_call(struct buffer *out, uint64_t *state, const char *suffix) {
  static const char *const names[] = {"date",     "time",      "datetime", "julianday",
                                      "strftime", "unixepoch", "timediff"};
  static const char *const formats[] = {
      "%Y-%m-%d %H:%M:%S UTC", "%f", "%j %w %W %s %J %%", "%H", " UTC", "", "%Q", "NULL"};
  static const char *const modifiers[] = {"'+1 day'",      "'start of month'",
                                          "'-3.5 hours'",  "'weekday 2'",
                                          "'unixepoch'",   "'auto'",
                                          "'localtime'",   "'utc'",
                                          "'x'",           "NULL",
                                          "' UTC'",        "7",
                                          "'+1 month UTC'"};
  const char *name = PICK(state, names);
  buffer_printf(out, "SELECT %s(", name);
  if (strcmp(name, "strftime") == 0)
    buffer_printf(out, "'%s', ", PICK(state, formats));
  put_time(out, state, suffix);
  if (strcmp(name, "timediff") == 0) {
    buffer_printf(out, ", ");
    put_time(out, state, suffix);
  } else {
    for (uint64_t i = random_below(state, 20) ? random_below(state, 4) : random_below(state, 100);
         i > 0; i--)
      buffer_printf(out, ", %s", PICK(state, modifiers));
  }
  buffer_printf(out, ")");
}

static void what_sqlite_gives_without_utc(void **state) {
  (void)state;
  sqlite3 *plain = open_plain(), *ours = open_ours();
  struct buffer given = {0}, without = {0};
  char expected[2000], found[2000];
  for (uint64_t seed = 1; seed <= 5000; seed++) {
    uint64_t with_state = seed, without_state = seed;
    given.length = without.length = 0;
    put_call(&given, &with_state, random_below(&with_state, 3) ? " UTC" : "");
    random_below(&without_state, 3);
    put_call(&without, &without_state, "");
    evaluate(plain, without.bytes, expected, sizeof expected);
    evaluate(ours, given.bytes, found, sizeof found);
    if (strcmp(expected, found) != 0)
      print_error("%s\n", given.bytes);
    assert_string_equal(found, expected);
  }
  buffer_free(&given);
  buffer_free(&without);
  sqlite3_close(plain);
  sqlite3_close(ours);
}

/* What lies before the current time and after it is SQLite's own. */
static void the_current_time(void **state) {
  (void)state;
  sqlite3 *plain = open_plain(), *ours = open_ours();
  static const char *const calls[] = {"julianday()",
                                      "julianday('now')",
                                      "julianday('NOW', '+0 days')",
                                      "julianday('now', 'utc')",
                                      "julianday('now UTC', 'localtime')",
                                      "strftime('%J') + 0"};
  for (size_t i = 0; i < COUNT_OF(calls); i++) {
    char sql[200], own[200];
    snprintf(own, sizeof own, "SELECT printf('%%.12f', %s)",
             i == 4 ? "julianday('now', 'localtime')" : calls[i]);
    snprintf(sql, sizeof sql, "SELECT printf('%%.12f', %s)", calls[i]);
    char before[200], found[200], after[200];
    evaluate(plain, own, before, sizeof before);
    evaluate(ours, sql, found, sizeof found);
    evaluate(plain, own, after, sizeof after);
    assert_true(strcmp(before, found) <= 0 && strcmp(found, after) <= 0);
  }
  sqlite3_close(plain);
  sqlite3_close(ours);
}

/* However long a statement takes, and wherever it asks; and another one has its own. */
static void one_current_time_in_a_statement(void **state) {
  (void)state;
  static const char sql[] =
      "WITH RECURSIVE n(i, now) AS (SELECT 1, 'now' UNION ALL SELECT i + 1, 'now' FROM n LIMIT "
      "3000),"
      " f(all_of_it) AS (VALUES('%Y-%m-%d %H:%M:%f'))"
      " SELECT strftime(all_of_it, now) FROM n, f UNION SELECT strftime(all_of_it) FROM n, f"
      " UNION SELECT date(now, '+' || (i * 0) || ' days') || strftime(' %H:%M:%f', now) FROM n";
  sqlite3 *ours = open_ours();
  sqlite3_stmt *rows;
  char last[64] = "";
  assert_int_equal(sqlite3_prepare_v2(ours, sql, -1, &rows, NULL), SQLITE_OK);
  for (int execution = 0; execution < 3; execution++) {
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_true(strcmp((const char *)sqlite3_column_text(rows, 0), last) > 0);
    snprintf(last, sizeof last, "%s", (const char *)sqlite3_column_text(rows, 0));
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_reset(rows);
  }
  sqlite3_finalize(rows);
  sqlite3_close(ours);
}

static void may_be_used_where_sqlites_may(void **state) {
  (void)state;
  sqlite3 *ours = open_ours();
  static const char schema[] =
      "PRAGMA trusted_schema=OFF;"
      "CREATE TABLE t(at TEXT, day TEXT AS (date(at)));"
      "CREATE INDEX by_day ON t(date(at));"
      "CREATE VIEW days AS SELECT date(at) AS day FROM t;"
      "INSERT INTO t VALUES('2023-01-24 10:00:00.000000 UTC')";
  assert_int_equal(sqlite3_exec(ours, schema, NULL, NULL, NULL), SQLITE_OK);
  assert_value(ours, "SELECT day FROM days", "3 2023-01-24");
  assert_value(ours, "SELECT day FROM t INDEXED BY by_day WHERE date(at) = '2023-01-24'",
               "3 2023-01-24");
  sqlite3_close(ours);
}

static void an_error_is_sqlites(void **state) {
  (void)state;
  sqlite3 *plain = open_plain(), *ours = open_ours();
  static const char *const calls[] = {
      "SELECT strftime(replace(hex(zeroblob(3000)), '0', '%J '), '2023-01-24')",
      "SELECT strftime()", "SELECT date('2023-01-24', 'localtime', '+1 day', NULL)",
      "SELECT date(1, 2) FROM nothing"};
  sqlite3_limit(plain, SQLITE_LIMIT_LENGTH, 20000);
  sqlite3_limit(ours, SQLITE_LIMIT_LENGTH, 20000);
  for (size_t i = 0; i < COUNT_OF(calls); i++) {
    char expected[2000];
    evaluate(plain, calls[i], expected, sizeof expected);
    assert_value(ours, calls[i], expected);
  }
  sqlite3_close(plain);
  sqlite3_close(ours);
}

/* Of whatever there is no memory for, the result is the one or an error; and the next call is as
 * ever. */
static void no_memory_is_no_value(void **state) {
  (void)state;
  sqlite3_int64 limit = sqlite3_hard_heap_limit64(-1);
  int failures = 0;
  for (sqlite3_int64 room = 0; room < 60000; room += 500) {
    sqlite3 *ours = open_ours();
    sqlite3_stmt *row;
    const char sql[] = "SELECT datetime(?, '+1 day') || strftime('%H') || date(?)";
    assert_int_equal(sqlite3_prepare_v2(ours, sql, -1, &row, NULL), SQLITE_OK);
    sqlite3_bind_text(row, 1, "2023-01-24 10:00:00 UTC", -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, "2023-01-24 UTC", -1, SQLITE_STATIC);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + room + 1);
    int result = sqlite3_step(row);
    sqlite3_hard_heap_limit64(0);
    if (result == SQLITE_ROW)
      assert_int_equal(sqlite3_column_bytes(row, 0), 31);
    else
      assert_int_equal(sqlite3_reset(row), SQLITE_NOMEM);
    failures += result != SQLITE_ROW;
    sqlite3_finalize(row);
    assert_value(ours, "SELECT date('2023-01-24 10:00:00 UTC')", "3 2023-01-24");
    sqlite3_close(ours);
  }
  assert_in_range(failures, 10, 119);
  sqlite3_hard_heap_limit64(limit);
}

/* Nothing is left, in whichever order a connection and its statements go. */
static void all_is_given_back(void **state) {
  (void)state;
  sqlite3_close(open_plain());
  sqlite3_int64 used = sqlite3_memory_used();
  sqlite3 *ours = open_ours();
  sqlite3_stmt *row;
  assert_int_equal(loom_date_functions_register(ours), SQLITE_OK); /* once more: the former go */
  assert_int_equal(
      sqlite3_prepare_v2(
          ours,
          "SELECT date(?, ?), date('now'), date('2023-01-24', '+1 day', '+1 day', '+1 day', "
          "'+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day')",
          -1, &row, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_step(row), SQLITE_ROW);
  assert_int_equal(sqlite3_close(ours), SQLITE_BUSY);
  assert_int_equal(sqlite3_close_v2(ours), SQLITE_OK);
  sqlite3_reset(row);
  assert_int_equal(sqlite3_step(row), SQLITE_ROW);
  sqlite3_finalize(row);
  assert_int_equal(sqlite3_memory_used(), used);
}

static int load_into(sqlite3 *sqlite, char **message, const struct sqlite3_api_routines *api) {
  (void)message;
  (void)api;
  return loom_date_functions_register(sqlite);
}

static void into_whatever_is_opened(void **state) {
  (void)state;
  assert_int_equal(sqlite3_auto_extension((void (*)(void))load_into), SQLITE_OK);
  sqlite3 *sqlite = open_plain();
  assert_value(sqlite, "SELECT date('2023-01-24 10:00:00 UTC')", "3 2023-01-24");
  sqlite3_close(sqlite);
  sqlite3_cancel_auto_extension((void (*)(void))load_into);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_sqlite_gives_without_utc),
      cmocka_unit_test(the_current_time),
      cmocka_unit_test(one_current_time_in_a_statement),
      cmocka_unit_test(may_be_used_where_sqlites_may),
      cmocka_unit_test(an_error_is_sqlites),
      cmocka_unit_test(no_memory_is_no_value),
      cmocka_unit_test(all_is_given_back),
      cmocka_unit_test(into_whatever_is_opened),
  };
  return cmocka_run_group_tests_name("date functions", tests, NULL, NULL);
}
