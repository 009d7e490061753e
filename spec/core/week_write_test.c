/*
** Tests of weeks on their way into the database: more of them than are kept at a time.
*/
#include "storage.h"

#include "support.h"
#include "write/week_write.h"

#define WEEKS 10000
#define H 3600

/* Every third week is closed, every fifth reverts, and the others open on one to three days. */
static size_t records_of(int week, struct loom_record records[3]) {
  size_t count = week % 3 == 0 || week % 5 == 0 ? 1 : (size_t)(1 + week % 3);
  for (size_t i = 0; i < count; i++)
    records[i] = (struct loom_record){.date = week % 2 ? LOOM_ALWAYS : week,
                                      .override = week % 5 == 0,
                                      .weekday = (int16_t)i,
                                      .open = 9 * H,
                                      .close = 17 * H};
  if (week % 3 == 0 || week % 5 == 0)
    records->open = records->close = week % 5 == 0 ? LOOM_NO_HOURS : LOOM_CLOSED;
  return count;
}

static void many_weeks(void **state) {
  (void)state;
  loom_error error;
  struct loom_week_write write = {0};
  char sql[300];
  int64_t openings = 0;
  loom_database *database = memory_database();
  snprintf(sql, sizeof sql,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
           " INSERT INTO store(store_id) SELECT i FROM n",
           WEEKS);
  execute(database, sql);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  for (int week = 1; week <= WEEKS; week++) {
    struct loom_record records[3];
    size_t count = records_of(week, records);
    openings += records->open < 0 ? 0 : (int64_t)count;
    assert_status(loom_week_write_add(&write, database, week, records, count, &error), LOOM_OK,
                  &error);
  }
  assert_status(loom_week_write_flush(&write, database, &error), LOOM_OK, &error);
  assert_status(loom_week_write_flush(&write, database, &error), LOOM_OK, &error); /* nothing */
  assert_int_equal(number(database, "SELECT count(*) FROM hours_week"), WEEKS);
  assert_int_equal(number(database, "SELECT count(*) FROM hours"), openings);
  assert_int_equal(number(database, "SELECT count(*) FROM hours_week WHERE reverts"), WEEKS / 5);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM hours_week WHERE reverts <> (store % 5 = 0)"
                          " OR origin <> iif(store % 5 = 0, 'override', 'file')"
                          " OR effective_from <> iif(store % 2, '0001-01-01', date(store * 86400,"
                          " 'unixepoch')) OR (openings = x'') <> (store % 3 = 0 OR store % 5 = 0)"),
                   0);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM hours WHERE weekday >= 1 + store % 3"
                          " OR open_s <> 32400 OR close_s <> 61200"),
                   0);
  loom_database_rollback(database);
  loom_week_write_free(&write);
  loom_database_close(database);
}

/* A week that is there already, and one of a store that is not. */
static void weeks_that_cannot_be(void **state) {
  (void)state;
  loom_error error;
  const struct loom_record record = {.date = LOOM_ALWAYS, .open = 9 * H, .close = 17 * H};
  loom_database *database = memory_database();
  execute(database, "INSERT INTO store(store_id) VALUES('a')");
  for (int64_t second = 1; second <= 2; second++) {
    struct loom_week_write write = {0};
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_week_write_add(&write, database, 1, &record, 1, &error), LOOM_OK, &error);
    assert_status(loom_week_write_add(&write, database, second, &record, 1, &error), LOOM_OK,
                  &error);
    assert_int_equal(loom_week_write_flush(&write, database, &error), LOOM_EIO);
    assert_non_null(strstr(error.message, second == 1 ? "UNIQUE constraint" : "FOREIGN KEY"));
    loom_database_rollback(database);
    loom_week_write_free(&write);
  }
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(many_weeks),
                                     cmocka_unit_test(weeks_that_cannot_be)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
