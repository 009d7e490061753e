/*
** Tests of handles on a database: opened, cloned, on a file that is replaced; and damage gives a status rather than a crash.
*/
#include "databases.h"

#include "sqlite/check.h"
#include "sqlite/export.h"
#include "sqlite/info.h"
#include "support.h"
#include "write/prune.h"

static void missing_file(void **state) {
  const char *path = scratch_path(*state, "none.db");
  loom_error error;
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ENOENT, "no such database");
  assert_status(try_open(path, LOOM_OPEN_CREATE, &error), LOOM_OK, &error);
  assert_int_equal(scratch_count(*state), 0);
}

static void missing_folder(void **state) {
  struct scratch *scratch = *state;
  loom_error error;
  loom_database *database = open_database(scratch_path(scratch, "folder/x.db"));
  for (int attempt = 0; attempt < 2; attempt++) {
    assert_int_equal(loom_database_begin_write(database, &error), LOOM_EACCESS);
    assert_non_null(strstr(error.message, "folder/x.db: cannot be opened: No such file"));
  }
  loom_database_rollback(database);
  loom_database_close(database);
  assert_int_equal(scratch_count(scratch), 0);
}

static void a_folder_is_no_database(void **state) {
  struct scratch *scratch = *state;
  assert_refused(scratch->folder, LOOM_OPEN_EXISTING, LOOM_EINVAL, "is a folder, not a database");
  assert_refused(scratch->folder, LOOM_OPEN_CREATE, LOOM_EINVAL, "is a folder, not a database");
}

/* What a clone sees is what was committed, and it stays so while the original changes. */
static void clones(void **state) {
  loom_error error;
  make_database(scratch_path(*state, "x.db"));
  for (int memory = 0; memory < 2; memory++) {
    loom_database *clone,
        *database = memory ? memory_database() : open_database(scratch_path(*state, "x.db"));
    int64_t before = number(database, "SELECT count(*) FROM poll_block");
    assert_status(loom_database_clone(database, &clone, &error), LOOM_OK, &error);
    assert_status(loom_database_begin_report(clone, &error), LOOM_OK, &error);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    execute(database, "DELETE FROM poll_block");
    if (memory) {
      loom_database *none;
      assert_int_equal(loom_database_clone(database, &none, &error), LOOM_EINVAL);
      assert_null(none);
    }
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    assert_int_equal(number(clone, "SELECT count(*) FROM poll_block"), before);
    loom_database_end_read(clone);
    loom_database_close(clone);
    loom_database_close(database);
  }
}

static void open_until_the_last_one_closes(void **state) {
  (void)state;
  loom_database *database = memory_database();
  assert_ptr_equal(loom_database_retain(database), database);
  loom_database_close(database);
  assert_int_equal(number(database, "SELECT 5"), 5);
  loom_database_close(database);
}

static void ignore_problem(void *context, const char *problem) {
  assert_true(strlen(problem) > 0);
  ++*(int *)context;
}

/* Everything that reads or writes; only statuses are expected. */
static void use_everything(const char *path) {
  loom_error error;
  loom_database *database;
  struct loom_info info;
  int problems = 0;
  struct loom_pruning pruning;
  if (loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error) != LOOM_OK)
    return;
  loom_info_read(database, &info, &error);
  loom_check_run(database, ignore_problem, &problems, &error);
  run_report(database, NULL);
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    loom_export *export;
    const char *text;
    size_t length;
    if (loom_export_new(database, (enum loom_kind)kind, &export, &error) == LOOM_OK) {
      /* A database this small exports in a few steps: more would be an export without end. */
      int steps = 0;
      while (loom_export_next(export, &text, &length, &error) == LOOM_OK)
        assert_in_range(++steps, 1, 100);
      loom_export_free(export);
    }
  }
  struct input_file file = small_file(LOOM_POLLS);
  loom_staging *staging = stage_bytes(database->zones, &file, polls, sizeof polls - 1);
  if (loom_database_begin_write(database, &error) == LOOM_OK) {
    apply_all(staging, database, 1, &error);
    loom_database_rollback(database);
  }
  loom_staging_free(staging);
  loom_prune(database,
             &(struct loom_prune_options){.keep = LOOM_DAY, .now = LOOM_INSTANT_MAX, .force = true},
             &pruning, &error);
  loom_database_close(database);
}

static void damage_gives_a_status(void **state) {
  struct scratch *scratch = *state;
  struct buffer good = {0}, old = {0};
  uint64_t random = 3;
  loom_database *original = full_database();
  const char *path = scratch_path(scratch, "old.db");
  make_old(path, original);
  loom_database_close(original);
  read_file(path, &old);
  path = scratch_path(scratch, "x.db");
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS, polls);
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\na,0,09:00,17:00,\nb,1,09:00,"
       "17:00,2023-01-02\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,America/Denver\nz,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\n*,2023-01-25,,,x\na,2023-01-25,08:00,09:00,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,2023-01-25 01:00:00,2023-01-25 02:00:00\n");
  load(database, LOOM_ATTRIBUTES, "store_id,region,type\na,west,\nz,,kiosk\n");
  override_hours(database, "a", "2023-01-20", 2, 0, 3600);
  override_week(database, "a", "2023-02-01", true);
  override_day(database, "*", "2023-01-25", 0, 60, "");
  override_timezone(database, "z", "UTC");
  loom_database_close(database);
  read_file(path, &good);
  for (int round = 0; round < 400; round++) {
    const struct buffer *sound = round % 4 == 3 ? &old : &good;
    struct buffer bad = {0};
    buffer_put(&bad, sound->bytes, sound->length);
    uint64_t changes = 1 + random_below(&random, 4);
    for (uint64_t i = 0; i < changes;) {
      size_t at = random_below(&random, bad.length);
      /* Mostly where there is something; the pages are nearly empty. */
      if (bad.bytes[at] == 0 && random_below(&random, 50) > 0)
        continue;
      bad.bytes[at] = (char)random_below(&random, 256);
      i++;
    }
    size_t size = round % 10 ? bad.length : random_below(&random, bad.length);
    write_file(scratch_path(scratch, "bad.db"), bad.bytes, size);
    use_everything(scratch_path(scratch, "bad.db"));
    unlink(scratch_path(scratch, "bad.db-wal"));
    unlink(scratch_path(scratch, "bad.db-shm"));
    buffer_free(&bad);
  }
  buffer_free(&good);
  buffer_free(&old);
}

/* A day that is no number once sent the look for the next day round in a circle. */
static void a_day_that_is_text(void **state) {
  static const char *const days[] = {"'x'", "0.5", "x'00'", "9000000000000000000", "NULL"};
  struct scratch *scratch = *state;
  for (size_t i = 0; i < COUNT_OF(days); i++) {
    char sql[500];
    const char *path = scratch_path(scratch, "x.db");
    make_database(path);
    snprintf(sql, sizeof sql,
             "PRAGMA writable_schema=ON;"
             "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT,', ''),"
             " 'day INTEGER NOT NULL', 'day') WHERE name = 'poll_block'");
    raw_sql(path, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO poll_block SELECT %s, store, polls FROM poll_block LIMIT 1", days[i]);
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    sqlite3_exec(sqlite, sql, NULL, NULL, NULL); /* NULL is refused: WITHOUT ROWID */
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
    use_everything(path);
    assert_int_equal(unlink(path), 0);
  }
}

static void commit_poll(loom_database *database, const char *id, loom_status expected) {
  char text[128];
  loom_error error;
  snprintf(text, sizeof text, "INSERT INTO store(store_id) VALUES('%s')", id);
  loom_status status = loom_database_begin_write(database, &error);
  if (status == LOOM_OK) {
    execute(database, text);
    status = loom_database_commit(database, &error);
  }
  assert_status(status, expected, &error);
}

static void put_in_place(struct scratch *scratch, const char *from, const char *to) {
  char source[640];
  strcpy(source, scratch_path(scratch, from));
  assert_int_equal(rename(source, scratch_path(scratch, to)), 0);
}

static bool is_there(struct scratch *scratch, const char *name) {
  return access(scratch_path(scratch, name), F_OK) == 0;
}

static void expect_whole(struct scratch *scratch, const char *name, const char *id, int64_t count) {
  char query[128];
  loom_error error;
  loom_database *database = open_database(scratch_path(scratch, name));
  assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
  snprintf(query, sizeof query, "SELECT count(*) FROM store WHERE store_id GLOB '%s'", id);
  assert_int_equal(number(database, query), count);
  loom_database_close(database);
}

/*
** A backup is put back under two handles, as of two processes. Neither writes any more; what they had committed is in the old
** file, the first to close takes the log away, and the second leaves alone what was written to the new file meanwhile.
*/
static void a_backup_is_put_back(void **state) {
  loom_error error;
  make_database(scratch_path(*state, "backup"));
  make_database(scratch_path(*state, "db"));
  loom_database *first = open_database(scratch_path(*state, "db")), *clone;
  loom_database *second = open_database(scratch_path(*state, "db"));
  for (int i = 0; i < 100; i++) {
    char id[24];
    snprintf(id, sizeof id, "before%d", i);
    commit_poll(i % 2 ? first : second, id, LOOM_OK);
  }
  assert_status(loom_database_begin_write(first, &error), LOOM_OK, &error);
  execute(first, "INSERT INTO store(store_id) VALUES('between')");
  put_in_place(*state, "db", "old");
  put_in_place(*state, "backup", "db");
  assert_true(loom_database_is_lost(first) && loom_database_is_lost(second));
  assert_status(loom_database_commit(first, &error), LOOM_EMOVED, &error);
  commit_poll(second, "after", LOOM_EMOVED);
  assert_status(loom_database_clone(second, &clone, &error), LOOM_EMOVED, &error);
  loom_database_close(first);
  assert_false(is_there(*state, "db-wal") || is_there(*state, "db-shm"));

  loom_database *anew = open_database(scratch_path(*state, "db"));
  commit_poll(anew, "new", LOOM_OK);
  loom_database_close(second);
  assert_true(is_there(*state, "db-wal") && is_there(*state, "db-shm"));
  commit_poll(anew, "newer", LOOM_OK);
  loom_database_close(anew);
  expect_whole(*state, "db", "new*", 2);
  expect_whole(*state, "db", "before*", 0);
  expect_whole(*state, "old", "before*", 100);
}

static void a_file_that_is_deleted(void **state) {
  loom_error error;
  int64_t revision;
  make_database(scratch_path(*state, "db"));
  loom_database *database = open_database(scratch_path(*state, "db"));
  commit_poll(database, "x", LOOM_OK);
  assert_int_equal(unlink(scratch_path(*state, "db")), 0);
  commit_poll(database, "y", LOOM_EMOVED);
  /* it can still be read */
  assert_status(loom_database_revision(database, &revision, &error), LOOM_OK, &error);
  loom_database_close(database);
  assert_int_equal(scratch_count(*state), 0);
}

/* A clone is of the file that is open, or there is none; the log of the new file is left alone. */
static void a_clone_is_of_the_same_file(void **state) {
  loom_error error;
  loom_database *clone;
  make_database(scratch_path(*state, "db"));
  loom_database *database = open_database(scratch_path(*state, "db"));
  assert_int_equal(unlink(scratch_path(*state, "db")), 0);
  make_database(scratch_path(*state, "db"));
  assert_status(loom_database_clone(database, &clone, &error), LOOM_EMOVED, &error);
  assert_null(clone);
  loom_database_close(database);
  expect_whole(*state, "db", "*", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(missing_file, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(missing_folder, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_folder_is_no_database, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(clones, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_backup_is_put_back, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_file_that_is_deleted, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_clone_is_of_the_same_file, begin_scratch, end_scratch),
      cmocka_unit_test(open_until_the_last_one_closes),
      cmocka_unit_test_setup_teardown(damage_gives_a_status, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_day_that_is_text, begin_scratch, end_scratch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
