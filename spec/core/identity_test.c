/*
** Tests of whose file a database is: what is not one of Loom's is told apart and left alone; older ones are upgraded, whoever
** else does it meanwhile.
*/
#include "databases.h"

#include "sqlite/check.h"
#include "sqlite/export.h"

/* Neither opening takes it, and the file is as it was. */
static void assert_left_alone(const char *path, loom_status expected, const char *text) {
  struct buffer before = {0}, after = {0};
  read_file(path, &before);
  assert_refused(path, LOOM_OPEN_EXISTING, expected, text);
  assert_refused(path, LOOM_OPEN_CREATE, expected, text);
  read_file(path, &after);
  assert_buffer_equal(&before, &after);
  buffer_free(&before);
  buffer_free(&after);
}

static void not_sqlite(void **state) {
  const char *path = scratch_path(*state, "text.db");
  char text[2000];
  memset(text, 'x', sizeof text);
  write_file(path, text, sizeof text);
  assert_left_alone(path, LOOM_ENOTDB, "is not an SQLite database");
}

static void not_of_loom(void **state) {
  const char *path = scratch_path(*state, "other.db");
  raw_sql(path, "CREATE TABLE t(x)");
  assert_left_alone(path, LOOM_ENOTDB, "is an SQLite database, but not one of Loom's");
}

static void newer_schema(void **state) {
  const char *path = scratch_path(*state, "new.db");
  make_database(path);
  raw_sql(path, "PRAGMA user_version=99");
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_EVERSION,
                 "was written by a newer Loom (its schema is version 99, this Loom knows 9)");
}

static void newer_schema_while_open(void **state) {
  const char *path = scratch_path(*state, "upgraded.db");
  make_database(path);
  loom_database *database = NULL;
  loom_error error = {0};
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  raw_sql(path, "PRAGMA user_version=99");
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_EVERSION);
  raw_sql(path, "PRAGMA user_version=6");
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  loom_database_rollback(database);
  loom_database_close(database);
}

/* Our mark, but no version that any Loom has written. */
static void versions_that_never_were(void **state) {
  static const char *const versions[] = {"0", "-1", "-2147483648"};
  const char *path = scratch_path(*state, "odd.db");
  make_database(path);
  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    char sql[100];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%s", versions[i]);
    raw_sql(path, sql);
    assert_left_alone(path, LOOM_ENOTDB, "is an SQLite database, but not one of Loom's");
  }
}

/* Another program made the file ours to take by leaving it empty: fine to create in, nothing to
 * read from. */
static void empty_file(void **state) {
  const char *path = scratch_path(*state, "empty.db");
  write_file(path, "", 0);
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ENOTDB, "is empty, not one of Loom's databases");
  make_database(path);
  loom_error error;
  assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
}

static void someone_else_was_first(void **state) {
  const char *path = scratch_path(*state, "race.db");
  loom_error error;
  loom_database *late = open_database(path);
  make_database(path);
  load(late, LOOM_POLLS, "store_id,status,timestamp_utc\nd,active,2023-01-24 09:00:00\n");
  assert_int_equal(number(late, "SELECT count(*) FROM store"), 4);
  loom_database_close(late);

  path = scratch_path(*state, "race2.db");
  late = open_database(path);
  raw_sql(path, "CREATE TABLE t(x)");
  for (int attempt = 0; attempt < 2; attempt++)
    assert_int_equal(loom_database_begin_write(late, &error), LOOM_ENOTDB);
  loom_database_close(late);
}

/* What the database gives to those who ask: exports of all kinds, and figures. */
static struct buffer give_all(loom_database *database) {
  struct buffer out = {0};
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    loom_error error;
    loom_export *export;
    const char *text;
    size_t length;
    assert_status(loom_export_new(database, (enum loom_kind)kind, &export, &error), LOOM_OK,
                  &error);
    while (loom_export_next(export, &text, &length, &error) == LOOM_OK)
      buffer_put(&out, text, length);
    loom_export_free(export);
  }
  run_report(database, &out);
  return out;
}

/* Tables with their columns, keys and indexes. */
static struct buffer shape_of(loom_database *database) {
  struct buffer out = {0};
  /* SQLite numbers the keys of a virtual table wrongly until it has connected to it. */
  dump_query(database, "SELECT count(*) FROM polls", &out);
  dump_query(database,
             "SELECT m.name, t.* FROM sqlite_schema m, pragma_table_xinfo(m.name) t"
             " ORDER BY m.name, t.cid",
             &out);
  dump_query(database,
             "SELECT m.name, f.* FROM sqlite_schema m, pragma_foreign_key_list(m.name) f"
             " WHERE m.type = 'table' ORDER BY 1, 2, 3",
             &out);
  dump_query(database,
             "SELECT m.name, i.name, i.\"unique\", i.origin FROM sqlite_schema m,"
             " pragma_index_list(m.name) i WHERE m.type = 'table' ORDER BY 1, 2",
             &out);
  dump_query(database, "SELECT name, strict, wr FROM pragma_table_list ORDER BY 1", &out);
  dump_query(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1",
             &out);
  return out;
}

/* A file of an old version that holds what the database holds. */
static void make_version(const char *path, loom_database *database, int version) {
  make_old(path, database);
  for (int i = 1; i < version; i++) {
    raw_sql(path, loom_schema_upgrades[i]);
    if (i + 1 == LOOM_SCHEMA_OF_CHANGES)
      raw_sql(path, loom_schema_changes_sql);
  }
}

static void is_upgraded_from(int version, struct scratch *scratch) {
  char name[] = "version_0.db";
  name[8] = (char)('0' + version);
  const char *path = scratch_path(scratch, name);
  loom_error error;
  loom_database *original = full_database();
  make_version(path, original, version);
  struct buffer contents = dump(original), given = give_all(original), shape = shape_of(original);
  assert_non_null(strstr(given.bytes, "a,4,20:00:00,02:00:00,2023-01-26\n"));
  for (int attempt = 0; attempt < 2; attempt++) { /* the second opens what the first has upgraded */
    loom_database *database;
    assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                  LOOM_OK, &error);
    if (attempt == 0) { /* these come when something is written to them, and are there in memory */
      execute(database, loom_schema_alerts_sql);
      execute(database, loom_schema_rounds_sql);
    }
    struct buffer new_contents = dump(database), new_given = give_all(database),
                  new_shape = shape_of(database);
    assert_buffer_equal(&contents, &new_contents);
    assert_buffer_equal(&given, &new_given);
    assert_buffer_equal(&shape, &new_shape);
    assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
    assert_int_equal(number(database, "PRAGMA user_version"), LOOM_SCHEMA_VERSION);
    assert_int_equal(number(database, "PRAGMA application_id"), LOOM_APPLICATION_ID);
    assert_int_equal(number(database, "PRAGMA auto_vacuum"), 2);
    assert_int_equal(number(database, "SELECT count(*) FROM sqlite_temp_schema"), 0);
    buffer_free(&new_contents);
    buffer_free(&new_given);
    buffer_free(&new_shape);
    loom_database_close(database);
  }
  assert_int_equal(scratch_count(scratch), version);
  buffer_free(&contents);
  buffer_free(&given);
  buffer_free(&shape);
  loom_database_close(original);
}

static void every_older_version_is_upgraded(void **state) {
  for (int version = 1; version < LOOM_SCHEMA_VERSION; version++)
    is_upgraded_from(version, *state);
}

static void an_upgraded_file_takes_what_is_new(void **state) {
  const char *path = scratch_path(*state, "old.db");
  loom_error error;
  loom_database *original = full_database();
  make_old(path, original);
  loom_database_close(original);
  loom_database *database = open_database(path);
  assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
  assert_int_equal(
      loom_database_execute(
          database, "INSERT INTO hours_week VALUES(99, 'file', '2001-01-01', 0, x'')", &error),
      LOOM_EIO);
  assert_int_equal(
      loom_database_execute(database, "DELETE FROM store WHERE store_id = 'c'", &error), LOOM_EIO);
  assert_int_equal(
      loom_database_execute(database, "INSERT INTO attribute VALUES(99, 'x', 'y')", &error),
      LOOM_EIO);
  assert_int_equal(loom_database_execute(database, "UPDATE special_day SET origin = 'me'", &error),
                   LOOM_EIO);
  assert_int_equal(loom_database_execute(database, "UPDATE hours_week SET reverts = 1", &error),
                   LOOM_EIO);
  override_hours(database, "a", "2023-01-01", 2, 0, 3600);
  override_week(database, "a", "2023-02-01", true);
  override_day(database, "*", "2023-01-25", 0, 60, "");
  override_timezone(database, "z", "UTC");
  load(database, LOOM_ATTRIBUTES, "store_id,region\na,west\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\na,0,10:00,17:00,\n");
  execute(database, "DELETE FROM hours_week WHERE origin = 'override'"); /* and its openings */
  assert_int_equal(number(database, "SELECT count(*) FROM hours WHERE origin = 'override'"), 0);
  assert_int_equal(number(database, "SELECT count(*) FROM hours WHERE store = 1"), 1);
  assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
  loom_database_close(database);
}

/* A handle on a file of no bytes finds that an older Loom has made its tables in it meanwhile. */
static void an_older_loom_was_first(void **state) {
  const char *path = scratch_path(*state, "race.db");
  loom_database *original = full_database();
  write_file(path, "", 0);
  loom_database *late = open_database(path);
  make_old(path, original);
  load(late, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\nnew,0,10:00,17:00\n");
  assert_int_equal(number(late, "PRAGMA user_version"), LOOM_SCHEMA_VERSION);
  assert_int_equal(number(late, "SELECT count(*) FROM store"),
                   number(original, "SELECT count(*) FROM store") + 1);
  loom_database_close(late);
  loom_database_close(original);
}

static const char *contested; /* path of the file that another handle opens first; NULL: no more */

/* Before a handle takes the lock under which it upgrades. */
static int before_each_statement(unsigned event, void *context, void *statement, void *sql) {
  (void)event, (void)context, (void)statement;
  if (contested && strcmp(sql, "BEGIN IMMEDIATE") == 0) {
    const char *path = contested;
    contested = NULL;
    loom_database_close(open_database(path));
  }
  return 0;
}

static int watch(sqlite3 *sqlite, char **message, const void *routines) {
  (void)message, (void)routines;
  return sqlite3_trace_v2(sqlite, SQLITE_TRACE_STMT, before_each_statement, NULL);
}

static void the_other_upgrades_first(void **state) {
  char path[640];
  loom_error error;
  snprintf(path, sizeof path, "%s", scratch_path(*state, "old.db"));
  loom_database *original = full_database();
  make_old(path, original);
  struct buffer expected = give_all(original);
  assert_int_equal(sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
  contested = path;
  loom_database *database = open_database(path);
  sqlite3_reset_auto_extension();
  assert_null(contested);
  struct buffer found = give_all(database);
  assert_buffer_equal(&expected, &found);
  assert_int_equal(database->version, LOOM_SCHEMA_VERSION);
  assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
  buffer_free(&expected);
  buffer_free(&found);
  loom_database_close(database);
  loom_database_close(original);
}

/* Whoever holds the lock keeps others from upgrading, and no longer. */
static void a_writer_keeps_the_upgrade_waiting(void **state) {
  char message[LOOM_MESSAGE_SIZE];
  const char *path = scratch_path(*state, "old.db");
  loom_error error;
  sqlite3 *writer;
  loom_database *original = full_database();
  make_old(path, original);
  loom_database_close(original);
  assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
  assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE; DELETE FROM exclusion", NULL, NULL, NULL),
                   SQLITE_OK);
  snprintf(message, sizeof message, "is locked by another process (waited %d ms)", SHORT_TIMEOUT);
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_EBUSY, message);
  assert_int_equal(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
  assert_int_equal(sqlite3_close(writer), SQLITE_OK);
  loom_database *database = open_database(path);
  assert_int_equal(number(database, "SELECT count(*) FROM exclusion"), 0);
  loom_database_close(database);
}

/* As in read_only: a header that asks for a newer writer. */
static void an_old_file_that_is_read_only(void **state) {
  const char *path = scratch_path(*state, "old.db");
  struct buffer bytes = {0};
  loom_database *original = full_database();
  make_old(path, original);
  loom_database_close(original);
  read_file(path, &bytes);
  bytes.bytes[18] = 3; /* file format write version */
  write_file(path, bytes.bytes, bytes.length);
  assert_left_alone(path, LOOM_EREADONLY,
                    "was written by an older Loom, and cannot be upgraded: it is read-only");
  buffer_free(&bytes);
}

/* An upgrade that fails at its beginning, half-way or at its end leaves the file as it was. */
static void an_upgrade_that_fails(void **state) {
  static const struct {
    const char *damage, *message, *repair;
  } damages[] = {
      {"ALTER TABLE hours_week RENAME TO other", "no such table: hours_week",
       "ALTER TABLE other RENAME TO hours_week"},
      {"DROP TABLE special_day", "no such table: special_day",
       "CREATE TABLE special_day(store INTEGER, date TEXT, open_s INTEGER, close_s INTEGER, note "
       "TEXT)"},
      {"PRAGMA foreign_keys=OFF; INSERT INTO hours VALUES(1, '2001-01-01', 0, 0, 1)",
       "FOREIGN KEY constraint failed", "DELETE FROM hours WHERE effective_from = '2001-01-01'"},
      {"CREATE TABLE attribute(x)", "table attribute already exists", "DROP TABLE attribute"},
  };
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    char message[LOOM_MESSAGE_SIZE];
    const char *path = scratch_path(*state, "old.db");
    loom_error error = {0};
    struct buffer before = {0}, after = {0};
    loom_database *original = full_database();
    make_old(path, original);
    raw_sql(path, damages[i].damage);
    read_file(path, &before);
    snprintf(message, sizeof message, "%s: %s", path, damages[i].message);
    for (int attempt = 0; attempt < 2; attempt++) {
      assert_int_equal(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_EIO);
      assert_memory_equal(error.message, message, strlen(message));
    }
    read_file(path, &after);
    assert_buffer_equal(&before, &after);
    raw_sql(path, damages[i].repair);
    assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
    buffer_free(&before);
    buffer_free(&after);
    assert_int_equal(unlink(path), 0);
    loom_database_close(original);
  }
}

/* Openings that cannot be packed are not left out: the file stays as it was, at its version. */
static void damaged_hours_are_not_upgraded(void **state) {
  static const char *const damages[] = {"weekday = 7", "open_s = -1", "close_s = 86401"};
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    char sql[200];
    const char *path = scratch_path(*state, "damaged.db");
    loom_error error = {0};
    loom_database *original = full_database();
    make_version(path, original, 4);
    snprintf(sql, sizeof sql,
             "PRAGMA ignore_check_constraints=ON; UPDATE hours SET %s WHERE open_s = 72000",
             damages[i]);
    raw_sql(path, sql);
    assert_left_alone(path, LOOM_ECORRUPT,
                      "is corrupt: a week of hours has an opening out of bounds");
    raw_sql(path,
            "UPDATE hours SET weekday = 4, open_s = 72000, close_s = 7200"
            " WHERE effective_from = '2023-01-26'");
    assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
    assert_int_equal(unlink(path), 0);
    loom_database_close(original);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(not_sqlite, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(not_of_loom, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(newer_schema, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(newer_schema_while_open, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(versions_that_never_were, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(empty_file, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(someone_else_was_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(every_older_version_is_upgraded, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_upgraded_file_takes_what_is_new, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(an_older_loom_was_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(the_other_upgrades_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_writer_keeps_the_upgrade_waiting, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(an_old_file_that_is_read_only, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_upgrade_that_fails, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(damaged_hours_are_not_upgraded, begin_scratch, end_scratch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
