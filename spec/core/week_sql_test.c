/*
** Tests of packed weeks in SQL: against plain tables with the same rows.
*/
#include "sqlite/week_sql.h"
#include "storage.h"
#include "support.h"

static void assert_same(loom_database *database, const char *sql, const char *plain) {
  struct buffer found = {0}, wanted = {0};
  dump_query(database, sql, &found);
  dump_query(database, plain, &wanted);
  assert_buffer_equal(&wanted, &found);
  buffer_free(&found);
  buffer_free(&wanted);
}

/* Openings in any order, some of them twice, are the rows of a table that has each once. */
static void adding_is_like_inserting(void **state) {
  (void)state;
  uint64_t random = 5;
  loom_database *database = memory_database();
  execute(database,
          "CREATE TEMP TABLE plain(w INTEGER, o INTEGER, c INTEGER, UNIQUE(w, o, c));"
          "CREATE TEMP TABLE packed(bytes BLOB)");
  for (int round = 0; round < 60; round++) {
    execute(database, "DELETE FROM plain; DELETE FROM packed; INSERT INTO packed VALUES(x'')");
    for (uint64_t i = random_below(&random, 30); i > 0; i--) {
      char sql[300];
      int weekday = (int)random_below(&random, 7), open = (int)random_below(&random, 3) * 43200,
          close = (int)random_below(&random, 4) * 28800;
      snprintf(sql, sizeof sql,
               "INSERT OR IGNORE INTO plain VALUES(%d, %d, %d);"
               "UPDATE packed SET bytes = loom_week_add(bytes, %d, %d, %d)",
               weekday, open, close, weekday, open, close);
      execute(database, sql);
    }
    assert_same(database, "SELECT o.* FROM packed, loom_openings(bytes) o",
                "SELECT * FROM plain ORDER BY w, o, c");
    assert_same(database,
                "SELECT close_s, count(*) FROM packed JOIN loom_openings(bytes) WHERE weekday > 2"
                " GROUP BY 1 ORDER BY 1",
                "SELECT c, count(*) FROM plain WHERE w > 2 GROUP BY 1 ORDER BY 1");
  }
  loom_database_close(database);
}

/* The view, as the table that it takes the place of. */
static void the_view_is_like_the_table(void **state) {
  (void)state;
  static const char *const ends[] = {
      "",
      " WHERE store = 2",
      " WHERE weekday = 1 AND open_s > 30000 ORDER BY store DESC, origin, close_s",
      " WHERE origin = 'override' AND effective_from > '2023'",
      " WHERE store IN (SELECT number FROM store WHERE store_id = 'a') ORDER BY 1, 2, 3, 4, 5, 6",
  };
  loom_database *database = memory_database();
  execute(database, "INSERT INTO store(number, store_id) VALUES(1, 'b'), (2, 'a'), (3, 'c')");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\n"
       "b,1,09:00,17:00,\na,1,18:00,02:00,\na,1,09:00,17:00,\na,0,24:00,00:00,2023-01-01\n"
       "c,2,closed,,\n");
  override_hours(database, "a", "2023-05-01", 6, 0, 86400);
  override_week(database, "a", "2023-06-01", true);
  execute(database,
          "CREATE TABLE plain(store, origin, effective_from, weekday, open_s, close_s);"
          "INSERT INTO plain VALUES(1, 'file', '0001-01-01', 1, 32400, 61200),"
          " (2, 'file', '0001-01-01', 1, 32400, 61200),"
          " (2, 'file', '0001-01-01', 1, 64800, 7200), (2, 'file', '2023-01-01', 0, 86400, 0),"
          " (2, 'override', '2023-05-01', 6, 0, 86400)");
  for (size_t i = 0; i < COUNT_OF(ends); i++) {
    char sql[200], plain[200];
    snprintf(sql, sizeof sql, "SELECT * FROM hours%s", ends[i]);
    snprintf(plain, sizeof plain, "SELECT * FROM plain%s", ends[i]);
    assert_same(database, sql, plain);
  }
  assert_same(database,
              "SELECT * FROM hours_week w LEFT JOIN hours h USING(store, origin, effective_from)",
              "SELECT w.*, weekday, open_s, close_s FROM hours_week w"
              " LEFT JOIN plain USING(store, origin, effective_from)");
  loom_database_close(database);
}

/* What is no week, and what is no opening. */
static void what_is_none(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } cases[] = {
      {"SELECT * FROM loom_openings(x'01')",
       "a week of hours has a length that is not a multiple of 5 (see loom check)"},
      {"SELECT count(*) FROM loom_openings(x'00000000020000000001')",
       "a week of hours is not sorted (see loom check)"},
      {"SELECT * FROM loom_openings('')", "a week of hours is no packed week (see loom check)"},
      {"SELECT * FROM loom_openings(5)", "a week of hours is no packed week (see loom check)"},
      {"SELECT loom_week_add(x'1C00000000', 0, 0, 0)",
       "a week of hours has a weekday that is none"},
      {"SELECT loom_week_add('', 0, 0, 0)", "a week of hours is no packed week"},
      {"SELECT loom_week_add(x'', 7, 0, 0)", "a week of hours has an opening out of bounds"},
      {"SELECT loom_week_add(x'', 0, -1, 0)", "a week of hours has an opening out of bounds"},
      {"SELECT loom_week_add(x'', 0, 0, 86401)", "a week of hours has an opening out of bounds"},
      {"SELECT loom_week_add(x'', 4294967296, 0, 0)",
       "a week of hours has an opening out of bounds"},
      {"SELECT loom_week_add(x'', '1', 0, 0)", "a week of hours has an opening out of bounds"},
  };
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error;
    int64_t ignored;
    char message[LOOM_MESSAGE_SIZE];
    snprintf(message, sizeof message, ":memory:: is corrupt: %s", cases[i].message);
    assert_int_equal(loom_database_number(database, cases[i].sql, &ignored, &error), LOOM_ECORRUPT);
    assert_string_equal(error.message, message);
  }
  assert_int_equal(number(database, "SELECT count(*) FROM loom_openings(NULL)"), 0);
  assert_int_equal(number(database, "SELECT count(*) FROM loom_openings"), 0);
  assert_int_equal(number(database, "SELECT loom_week_add(NULL, 0, 0, 0) IS NULL"), 1);
  assert_int_equal(
      number(database, "SELECT week = x'0000000001' FROM loom_openings(x'0000000001')"), 1);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(adding_is_like_inserting),
                                     cmocka_unit_test(the_view_is_like_the_table),
                                     cmocka_unit_test(what_is_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
