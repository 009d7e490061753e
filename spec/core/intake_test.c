/*
** Tests of rows that a statement reads from Loom: what they are, that a failure is theirs, and that others' SQL has none of it.
*/
#include "storage.h"

#include "sqlite/statement.h"

struct rows {
  struct loom_intake intake;
  int next, count, fails_at;
  char text[16];
};

static loom_status next_row(struct loom_intake *intake, loom_error *error) {
  struct rows *rows = (struct rows *)intake;
  if (rows->next == rows->fails_at)
    return loom_fail(error, LOOM_EFULL, "row %d is lost", rows->next);
  if (rows->next == rows->count)
    return LOOM_DONE;
  size_t length = (size_t)snprintf(rows->text, sizeof rows->text, "%d", rows->next);
  intake->row[0] = (struct loom_intake_value){.type = LOOM_INTAKE_INTEGER, .number = rows->next++};
  intake->row[1] =
      (struct loom_intake_value){.type = LOOM_INTAKE_TEXT, .bytes = rows->text, .size = length};
  intake->row[2] =
      (struct loom_intake_value){.type = LOOM_INTAKE_BLOB, .bytes = "\0\xff", .size = 2};
  intake->row[3] = (struct loom_intake_value){.type = LOOM_INTAKE_NULL};
  return LOOM_OK;
}

static loom_status intake(loom_database *database, const char *sql, int count, int fails_at,
                          loom_error *error) {
  struct rows rows = {.intake.next = next_row, .count = count, .fails_at = fails_at};
  return loom_statement_take_in(database, sql, &rows.intake, error);
}

#define INSERT "INSERT INTO t SELECT a, b, c, d FROM loom_intake(?1)"

static void rows_are_read(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  execute(database, "CREATE TABLE t(a, b, c, d, CHECK(a <> 7))");
  assert_status(intake(database, INSERT, 0, -1, &error), LOOM_OK, &error);
  assert_status(intake(database, INSERT, 5, -1, &error), LOOM_OK, &error);
  assert_int_equal(
      number(database,
             "SELECT count(*) FROM t WHERE typeof(a) = 'integer' AND typeof(b) = 'text'"
             " AND b = CAST(a AS TEXT) AND c = x'00ff' AND d IS NULL"),
      5);
  /* a failure leaves nothing of the statement, be it the intake's or SQLite's */
  assert_int_equal(intake(database, INSERT, 5, 3, &error), LOOM_EFULL);
  assert_string_equal(error.message, "row 3 is lost");
  assert_int_equal(intake(database, INSERT, 5, 0, &error), LOOM_EFULL);
  assert_int_equal(intake(database, INSERT, 9, -1, &error), LOOM_EIO);
  assert_int_equal(intake(database, "INSERT INTO u SELECT a FROM loom_intake(?1)", 9, -1, &error),
                   LOOM_EIO);
  assert_int_equal(number(database, "SELECT count(*) FROM t"), 5);
  loom_database_close(database);
}

static void it_is_of_no_use_to_others(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  assert_int_equal(number(database, "SELECT count(*) FROM loom_intake(1)"), 0);
  assert_int_equal(loom_database_execute(database, "SELECT * FROM loom_intake", &error), LOOM_EIO);
  execute(database, "CREATE VIEW v AS SELECT * FROM loom_intake(1)");
  assert_int_equal(loom_database_execute(database, "SELECT * FROM v", &error), LOOM_EIO);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_read),
                                     cmocka_unit_test(it_is_of_no_use_to_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
