/*
** Tests of transactions: a file appears with the first one and no earlier; one writer and any readers; parts.
*/
#include "databases.h"

static void created_by_the_first_transaction(void **state) {
  struct scratch *scratch = *state;
  loom_error error;
  loom_database *database = open_database(scratch_path(scratch, "x.db"));
  assert_int_equal(scratch_count(scratch), 0);
  loom_database_rollback(database);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  loom_database_rollback(database);
  /* The schema went with the transaction; the next one makes it anew. */
  assert_int_equal(number(database, "SELECT count(*) FROM sqlite_schema"), 0);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_int_equal(number(database, "PRAGMA application_id"), LOOM_APPLICATION_ID);
  assert_int_equal(number(database, "PRAGMA user_version"), LOOM_SCHEMA_VERSION);
  assert_int_equal(number(database, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
  assert_int_equal(number(database, "PRAGMA auto_vacuum"), 2);
  assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
  loom_database_close(database);
  /* The last connection takes its log and its shared memory with it. */
  assert_int_equal(scratch_count(scratch), 1);
  assert_status(try_open(scratch_path(scratch, "x.db"), LOOM_OPEN_EXISTING, &error), LOOM_OK,
                &error);
}

static void rollback_leaves_no_trace(void **state) {
  loom_error error;
  loom_database *database = open_database(scratch_path(*state, "x.db"));
  load(database, LOOM_POLLS, polls);
  struct buffer before = dump(database);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  execute(database,
          "DELETE FROM poll_block; UPDATE store SET timezone = 'UTC'; INSERT INTO "
          "store(store_id) VALUES('x')");
  loom_database_rollback(database);
  loom_database_rollback(database);
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(database);
}

static void a_failed_commit_rolls_back(void **state) {
  loom_error error;
  loom_database *database = open_database(scratch_path(*state, "x.db"));
  load(database, LOOM_POLLS, polls);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  execute(database, "PRAGMA defer_foreign_keys=ON; DELETE FROM store WHERE store_id = 'a'");
  assert_int_equal(loom_database_commit(database, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "FOREIGN KEY constraint failed"));
  assert_true(sqlite3_get_autocommit(database->sqlite));
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 3);
  loom_database_close(database);
}

static void one_writer_and_any_readers(void **state) {
  const char *path = scratch_path(*state, "x.db");
  char message[LOOM_MESSAGE_SIZE];
  loom_error error;
  make_database(path);
  loom_database *writer = open_database(path), *other = open_database(path);
  snprintf(message, sizeof message, "%s: is locked by another process (waited %d ms)", path,
           SHORT_TIMEOUT);
  assert_status(loom_database_begin_write(writer, &error), LOOM_OK, &error);
  execute(writer, "DELETE FROM poll_block");
  assert_int_equal(loom_database_begin_write(other, &error), LOOM_EBUSY);
  assert_string_equal(error.message, message);
  /* A reader neither waits nor sees what is not committed, nor later what was committed since it
   * began. */
  assert_status(loom_database_begin_read(other, &error), LOOM_OK, &error);
  assert_int_equal(number(other, "SELECT count(*) FROM poll_block"), 3);
  assert_status(loom_database_commit(writer, &error), LOOM_OK, &error);
  assert_int_equal(number(other, "SELECT count(*) FROM poll_block"), 3);
  loom_database_end_read(other);
  assert_int_equal(number(other, "SELECT count(*) FROM poll_block"), 0);
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  loom_database_rollback(other);
  /* Others find nothing wrong while someone writes. */
  assert_status(loom_database_begin_write(writer, &error), LOOM_OK, &error);
  assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
  loom_database_rollback(writer);
  loom_database_close(writer);
  loom_database_close(other);
}

/* The snapshot stands when the read begins, not at its first query. */
static void a_read_begins_at_once(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  make_database(path);
  loom_database *reader = open_database(path), *writer = open_database(path);
  assert_status(loom_database_begin_read(reader, &error), LOOM_OK, &error);
  assert_status(loom_database_begin_write(writer, &error), LOOM_OK, &error);
  execute(writer, "DELETE FROM poll_block");
  assert_status(loom_database_commit(writer, &error), LOOM_OK, &error);
  assert_int_equal(number(reader, "SELECT count(*) FROM poll_block"), 3);
  loom_database_end_read(reader);
  loom_database_close(reader);
  loom_database_close(writer);
}

static void assert_busy(loom_database *database, const char *what) {
  loom_error error;
  char message[128];
  snprintf(message, sizeof message, ":memory:: %s is still under way on this handle", what);
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_EINVAL);
  assert_string_equal(error.message, message);
  assert_int_equal(loom_database_begin_report(database, &error), LOOM_EINVAL);
  assert_string_equal(error.message, message);
}

/* A handle has one transaction; what else is asked of it meanwhile fails and does not disturb it. */
static void one_transaction_to_a_handle(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  assert_int_equal(loom_database_commit(database, &error), LOOM_EINVAL);
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
  assert_busy(database, "a query or an export");
  assert_int_equal(loom_database_commit(database, &error), LOOM_EINVAL);
  loom_database_rollback(database); /* ends no reading */
  assert_busy(database, "a query or an export");
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error); /* readers share */
  loom_database_end_read(database);
  assert_busy(database, "a query or an export");
  loom_database_end_read(database);
  assert_status(loom_database_begin_report(database, &error), LOOM_OK, &error);
  assert_busy(database, "a report");
  assert_int_equal(loom_database_begin_read(database, &error), LOOM_EINVAL);
  loom_database_end_read(database);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_database_begin_read(database, &error), LOOM_EINVAL);
  assert_busy(database, "an ingest or another change");
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  loom_database_close(database);
}

static void put_store(loom_database *database, const char *id) {
  loom_error error;
  char sql[80];
  snprintf(sql, sizeof sql, "INSERT INTO store(store_id) VALUES('%s')", id);
  assert_status(loom_database_execute(database, sql, &error), LOOM_OK, &error);
}

static int64_t count_stores(loom_database *database) {
  loom_error error;
  int64_t count = 0;
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
  assert_status(loom_database_number(database, "SELECT count(*) FROM store", &count, &error),
                LOOM_OK, &error);
  loom_database_end_read(database);
  return count;
}

static void begin_whole(loom_database *database) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  loom_database_nest(database);
}

static void parts_of_a_transaction(void **state) {
  loom_error error;
  uint64_t number, last;
  unsigned parts;
  loom_database *database = open_database(scratch_path(*state, "db")),
                *other = open_database(scratch_path(*state, "db"));
  assert_false(loom_database_writing(database, &number, &parts));
  begin_whole(database);
  assert_true(loom_database_writing(database, &last, &parts) && parts == 0);
  put_store(database, "whole");
  for (int keep = 0; keep < 2; keep++) { /* each within a part that is kept */
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    put_store(database, keep ? "outer 1" : "outer 0");
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_true(loom_database_writing(database, &number, &parts) && parts == 2 && number == last);
    put_store(database, "inner");
    if (keep)
      assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    else
      loom_database_rollback(database);
    loom_database_keep_revision(database); /* which is not a part's to say */
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    assert_int_equal(count_stores(database), keep ? 4 : 2);
  }
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_false(loom_database_writing(database, &number, &parts));
  assert_int_equal(count_stores(other), 4);
  int64_t revision = 0;
  assert_status(loom_database_revision(other, &revision, &error), LOOM_OK, &error);
  assert_int_equal(revision, 1);
  begin_whole(database); /* the next one has another number, and no parts unless it says so */
  assert_true(loom_database_writing(database, &number, &parts) && number != last);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  put_store(database, "part");
  loom_database_rollback(database);
  loom_database_rollback(database);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_database_begin_write(database, &error), LOOM_EINVAL, &error);
  loom_database_rollback(database);
  assert_int_equal(count_stores(other), 4);
  loom_database_close(database);
  loom_database_close(other);
}

/* What SQLite undoes as a whole, as it does where the disk is full, is not gone on with. */
static void a_whole_that_was_undone(void **state) {
  loom_error error;
  loom_database *database = open_database(scratch_path(*state, "db"));
  begin_whole(database);
  put_store(database, "a");
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_database_execute(database, "ROLLBACK", &error), LOOM_OK, &error);
  const char *undone = "all of the transaction was undone when a part of it failed";
  assert_status(loom_database_commit(database, &error), LOOM_EIO, &error);
  assert_non_null(strstr(error.message, undone));
  assert_status(loom_database_begin_write(database, &error), LOOM_EIO, &error);
  assert_status(loom_database_begin_read(database, &error), LOOM_EIO, &error);
  assert_status(loom_database_begin_report(database, &error), LOOM_EIO, &error);
  assert_status(loom_database_commit(database, &error), LOOM_EIO, &error);
  assert_non_null(strstr(error.message, undone));
  begin_whole(database);
  loom_database_rollback(database);
  assert_int_equal(count_stores(database), 0);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(created_by_the_first_transaction, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(rollback_leaves_no_trace, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_failed_commit_rolls_back, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(one_writer_and_any_readers, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_read_begins_at_once, begin_scratch, end_scratch),
      cmocka_unit_test(one_transaction_to_a_handle),
      cmocka_unit_test_setup_teardown(parts_of_a_transaction, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_whole_that_was_undone, begin_scratch, end_scratch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
