/*
** Tests of failures in words.
*/
#include "databases.h"

static void failures_of_sql(void **state) {
  (void)state;
  loom_error error;
  int64_t result = 7;
  sqlite3_stmt *statement;
  loom_database *database = memory_database();
  assert_int_equal(loom_database_execute(database, "nonsense", &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: near \"nonsense\": syntax error");
  assert_int_equal(loom_database_number(database, "SELECT x", &result, &error), LOOM_EIO);
  assert_int_equal(result, 0);
  assert_int_equal(loom_database_prepare(database, "SELECT x", &statement, &error), LOOM_EIO);
  assert_status(loom_database_number(database, "SELECT 1 WHERE 0", &result, &error), LOOM_OK,
                &error);
  assert_int_equal(result, 0);
  assert_int_equal(
      loom_database_execute(
          database, "INSERT INTO hours_week VALUES(99, 'file', '2023-01-01', 0, x'')", &error),
      LOOM_EIO); /* foreign keys are on */
  loom_database_close(database);
  loom_database_close(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(failures_of_sql)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
