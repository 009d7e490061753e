/*
** Tests of the audit's rows: which are kept, by number and by bytes; what they hold; and which of them are damaged.
*/
#include "storage.h"

#include "sqlite/check.h"
#include "support.h"
#include "write/audit.h"

static void add(loom_database *database, const char *store, const char *after) {
  loom_error error;
  const struct loom_author author = {.by = "ann", .by_length = 3, .at = 5};
  const struct loom_audit_entry entry = {.author = &author,
                                         .kind = "timezone",
                                         .store = store,
                                         .store_length = store ? strlen(store) : 0,
                                         .after = after,
                                         .after_length = after ? strlen(after) : 0};
  assert_status(loom_audit_add(database, &entry, &error), LOOM_OK, &error);
}

static void begin(loom_database *database) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
}

static void trim_and_commit(loom_database *database) {
  loom_error error;
  assert_status(loom_audit_trim(database, &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
}

static void entries_are_rows(void **state) {
  (void)state;
  loom_database *database = memory_database();
  begin(database);
  trim_and_commit(database); /* of nothing */
  begin(database);
  add(database, "a", "{}");
  add(database, NULL, NULL);
  trim_and_commit(database);
  struct buffer found = {0};
  dump_query(database,
             "SELECT number, at, written, kind, store_id, author, before, after, reason FROM audit",
             &found);
  buffer_put(&found, "", 1);
  assert_non_null(strstr(found.bytes, "timezone"));
  assert_int_equal(number(database, "SELECT written FROM audit WHERE number = 1"), 1 + 3 + 2);
  assert_int_equal(number(database, "SELECT written FROM audit WHERE number = 2"), 6 + 3);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM audit WHERE store_id IS NULL AND after IS"
                          " NULL AND reason IS NULL AND at = 5"),
                   1);
  buffer_free(&found);
  loom_database_close(database);
}

/* Makes entries that tell nothing, each of so many bytes. */
static void fill(loom_database *database, int count, int bytes) {
  char sql[512];
  loom_error error;
  snprintf(sql, sizeof sql,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
           " INSERT INTO audit(at, changes, written, kind, author) SELECT 0, i, i * %d, 'hours', ''"
           " FROM n",
           count, bytes);
  begin(database);
  assert_status(loom_database_execute(database, sql, &error), LOOM_OK, &error);
}

static void the_oldest_go_when_they_are_many(void **state) {
  (void)state;
  loom_database *database = memory_database();
  fill(database, LOOM_AUDIT_KEPT, 1);
  trim_and_commit(database);
  assert_int_equal(number(database, "SELECT count(*) FROM audit"), LOOM_AUDIT_KEPT);
  for (int i = 1; i <= 3; i++) {
    begin(database);
    add(database, "a", "{}");
    trim_and_commit(database);
    assert_int_equal(number(database, "SELECT count(*) FROM audit"), LOOM_AUDIT_KEPT);
    assert_int_equal(number(database, "SELECT min(number) FROM audit"), 1 + i);
  }
  loom_database_close(database);
}

static void the_oldest_go_when_they_are_large(void **state) {
  (void)state;
  loom_database *database = memory_database();
  fill(database, 100, LOOM_AUDIT_SIZE / 10);
  add(database, "a", "{}");
  trim_and_commit(database);
  assert_int_equal(number(database, "SELECT count(*) FROM audit"), 10 + 1);
  assert_int_equal(number(database, "SELECT max(number) FROM audit"), 101);
  loom_database_close(database);
}

/* A feed of files, each of which is told, leaves what was changed by hand where it is, and has an end of its own. */
static void loaded_files_crowd_nothing_out(void **state) {
  (void)state;
  enum { MORE = 20 };
  char sql[256];
  loom_error error;
  const struct loom_author author = {.at = 5};
  const struct loom_audit_entry loaded = {
      .author = &author, .kind = LOOM_AUDIT_LOADED, .after = "{}", .after_length = 2};
  loom_database *database = memory_database();
  fill(database, LOOM_AUDIT_KEPT, 1);
  trim_and_commit(database);
  begin(database);
  for (int i = 1; i <= LOOM_AUDIT_LOADED_KEPT + MORE; i++) {
    assert_status(loom_audit_add(database, &loaded, &error), LOOM_OK, &error);
    if (i > LOOM_AUDIT_LOADED_KEPT - MORE) { /* the last of them as changes of their own */
      trim_and_commit(database);
      begin(database);
    }
  }
  trim_and_commit(database);
  snprintf(sql, sizeof sql, "SELECT count(*) FROM audit WHERE kind = '%s'", LOOM_AUDIT_LOADED);
  assert_int_equal(number(database, sql), LOOM_AUDIT_LOADED_KEPT);
  assert_int_equal(number(database, "SELECT count(*) FROM audit WHERE kind = 'hours'"),
                   LOOM_AUDIT_KEPT);
  begin(database);
  add(database, "a", "{}");
  trim_and_commit(database);
  assert_int_equal(number(database, "SELECT min(number) FROM audit"), 2);
  assert_int_equal(number(database, "SELECT changes FROM audit ORDER BY number DESC LIMIT 1"),
                   LOOM_AUDIT_KEPT + 1);
  loom_database_close(database);
}

static void the_last_one_stays(void **state) {
  (void)state;
  loom_database *database = memory_database();
  fill(database, 1, LOOM_AUDIT_SIZE + 1);
  trim_and_commit(database);
  assert_int_equal(number(database, "SELECT count(*) FROM audit"), 1);
  loom_database_close(database);
}

static void count_problem(void *context, const char *text) {
  assert_non_null(strstr(text, "of the audit"));
  ++*(int *)context;
}

static void damage_is_found(void **state) {
  (void)state;
  static const char *const damages[] = {"", "UPDATE audit SET before = '{' WHERE number = 1",
                                        "UPDATE audit SET at = at - 9223372036854775000",
                                        "UPDATE audit SET written = 0 WHERE number = 2",
                                        "UPDATE audit SET changes = 0 WHERE number = 2"};
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    int problems = 0;
    loom_error error;
    loom_database *database = memory_database();
    begin(database);
    add(database, "a", "{}");
    add(database, "b", "{\"x\":null}");
    trim_and_commit(database);
    begin(database);
    assert_status(loom_database_execute(database, damages[i], &error), LOOM_OK, &error);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    assert_status(loom_check_run(database, count_problem, &problems, &error), LOOM_OK, &error);
    assert_int_equal(problems > 0, i > 0);
    loom_database_close(database);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entries_are_rows),
      cmocka_unit_test(the_oldest_go_when_they_are_many),
      cmocka_unit_test(the_oldest_go_when_they_are_large),
      cmocka_unit_test(loaded_files_crowd_nothing_out),
      cmocka_unit_test(the_last_one_stays),
      cmocka_unit_test(damage_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
