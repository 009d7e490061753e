/*
** Tests of connections to files that cannot be written, without room, and beside others.
*/
#include "databases.h"

#include "sqlite/info.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/*
** A file whose header asks for a newer writer can only be read, whoever runs the tests; file permissions would not
** stop the superuser.
*/
static void read_only(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  struct buffer bytes = {0};
  struct loom_info info;
  loom_database *database;
  make_database(path);
  read_file(path, &bytes);
  bytes.bytes[18] = 3; /* file format write version */
  write_file(path, bytes.bytes, bytes.length);
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_EREADONLY);
  assert_non_null(strstr(error.message, "x.db: is read-only"));
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.polls, 4);
  loom_database_close(database);
  buffer_free(&bytes);
}

static void unreadable(void **state) {
  const char *path = scratch_path(*state, "x.db");
  make_database(path);
  assert_int_equal(chmod(path, 0), 0);
  if (geteuid() == 0)
    skip(); /* may read everything */
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_EACCESS, "Permission denied");
}

/* The limit on file sizes stands for it: what is there can be read, and written where it is. */
static void fill_disk(struct rlimit *before, rlim_t size) {
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, before), 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, before->rlim_max}), 0);
}

static void empty_disk(const struct rlimit *before) {
  assert_int_equal(setrlimit(RLIMIT_FSIZE, before), 0);
}

static loom_status write_store(loom_database *database, loom_error *error) {
  loom_status status = loom_database_begin_write(database, error);
  if (status != LOOM_OK)
    return status;
  execute(database, "INSERT INTO store(store_id) VALUES(hex(randomblob(20)))");
  return loom_database_commit(database, error);
}

static void reading_needs_no_room(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  struct loom_info info;
  struct rlimit before;
  struct buffer report = {0}, same = {0};
  loom_database *database, *other;
  int64_t revision;
  make_database(path);
  database = open_database(path);
  run_report(database, &report);
  loom_database_close(database);
  fill_disk(&before, 0);
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &other, &error),
                LOOM_OK, &error);
  for (int i = 0; i < 2; i++) { /* none of them keeps the file for itself */
    assert_status(loom_info_read(i ? other : database, &info, &error), LOOM_OK, &error);
    assert_int_equal(info.stores, 3);
    same.length = 0;
    run_report(i ? other : database, &same);
    assert_buffer_equal(&report, &same);
    assert_status(loom_database_revision(i ? other : database, &revision, &error), LOOM_OK, &error);
    assert_true(revision > 0);
  }
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_database_begin_read(other, &error), LOOM_EBUSY);
  loom_database_end_read(database);
  assert_int_equal(write_store(database, &error), LOOM_EFULL);
  assert_non_null(strstr(error.message, "the change needs "));
  assert_status(loom_info_read(other, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.stores, 3);
  empty_disk(&before);
  /* The same handles, as if nothing had been. */
  assert_status(loom_database_begin_read(other, &error), LOOM_OK, &error);
  assert_status(write_store(database, &error), LOOM_OK, &error);
  loom_database_end_read(other);
  assert_status(loom_info_read(other, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.stores, 4);
  loom_database_close(database);
  loom_database_close(other);
  buffer_free(&report);
  buffer_free(&same);
}

/* Someone who had the file open before has the index of the log, which all share. */
static void others_have_it_open(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  struct loom_info info;
  struct rlimit before;
  make_database(path);
  loom_database *writer = open_database(path), *database;
  assert_status(write_store(writer, &error), LOOM_OK, &error);
  fill_disk(&before, 0);
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  assert_status(loom_database_begin_read(writer, &error), LOOM_OK, &error);
  /* also what is in the log alone */
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.stores, 4);
  loom_database_end_read(writer);
  loom_database_close(database);
  empty_disk(&before);
  loom_database_close(writer);
}

static void a_first_commit_that_fails(void **state) {
  struct scratch *scratch = *state;
  const char *path = scratch_path(scratch, "x.db");
  loom_error error;
  struct loom_info info;
  struct rlimit before;
  loom_database *database = open_database(path);
  fill_disk(&before, 40000);
  loom_status status = write_store(database, &error);
  empty_disk(&before);
  assert_int_equal(status, LOOM_EFULL);
  assert_status(write_store(database, &error), LOOM_OK, &error); /* it makes the schema */
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.stores, 1);
  loom_database_close(database);
  assert_int_equal(scratch_count(scratch), 1);
}

/* A log of which nothing is left hides nothing: where its folder cannot be written, the file is read as it is. */
static void an_empty_log_in_a_folder_for_reading(void **state) {
  struct scratch *scratch = *state;
  const char *path = scratch_path(scratch, "x.db");
  uid_t user = geteuid();
  loom_error error;
  struct loom_info info = {0};
  struct stat found;
  loom_database *database = NULL;
  make_database(path);
  write_file(scratch_path(scratch, "x.db-wal"), "", 0);
  path = scratch_path(scratch, "x.db");
  assert_int_equal(chmod(path, 0444), 0);
  assert_int_equal(chmod(scratch->folder, 0555), 0);
  if (user == 0) /* may write everywhere */
    assert_int_equal(seteuid(65534), 0);
  bool is_reached = stat(path, &found) == 0; /* the folders above may be closed to others */
  loom_status status =
      loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error);
  if (status == LOOM_OK)
    status = loom_info_read(database, &info, &error);
  loom_database_close(database);
  assert_int_equal(seteuid(user), 0);
  assert_int_equal(chmod(scratch->folder, 0700), 0);
  if (!is_reached)
    skip();
  assert_status(status, LOOM_OK, &error);
  assert_int_equal(info.polls, 4);
}

/* After how many pages of the log the handle's own connection copies it. */
static int64_t checkpoint_after(loom_database *database) {
  int64_t pages = -1;
  loom_error error;
  assert_status(loom_database_number(database, "PRAGMA wal_autocheckpoint", &pages, &error),
                LOOM_OK, &error);
  return pages;
}

/* Who leaves checkpoints to another connection does so from before it is connected, and so do its clones. */
static void checkpoints_are_left_to_others(void **state) {
  loom_error error;
  loom_database *database = open_database(scratch_path(*state, "x.db")), *clone;
  assert_status(loom_database_leave_checkpoints(database, &error), LOOM_OK, &error);
  assert_status(write_store(database, &error), LOOM_OK, &error); /* connects */
  assert_int_equal(checkpoint_after(database), 0);
  assert_status(loom_database_clone(database, &clone, &error), LOOM_OK, &error);
  assert_int_equal(checkpoint_after(clone), 0);
  loom_database_close(clone);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(read_only, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(unreadable, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(reading_needs_no_room, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(others_have_it_open, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_first_commit_that_fails, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_empty_log_in_a_folder_for_reading, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(checkpoints_are_left_to_others, begin_scratch, end_scratch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
