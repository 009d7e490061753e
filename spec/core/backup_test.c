/*
** Backups: one snapshot in one file, whatever is written meanwhile, and nothing where one could not be made.
*/
#include "sqlite/backup.h"
#include "sqlite/check.h"
#include "storage.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char polls[] =
    "store_id,status,timestamp_utc\n"
    "a,active,2023-01-24 09:00:00\na,inactive,2023-01-24 10:00:00\n"
    "b,active,2023-01-25 09:00:00\nc,active,2023-01-26 09:00:00\n";

struct paths {
  struct scratch scratch;
  char database[640], copy[640];
};

static int begin(void **state) {
  static struct paths paths;
  scratch_begin(&paths.scratch);
  strcpy(paths.database, scratch_path(&paths.scratch, "x.db"));
  strcpy(paths.copy, scratch_path(&paths.scratch, "copy.db"));
  *state = &paths;
  return 0;
}

static int end(void **state) {
  scratch_end(&((struct paths *)*state)->scratch);
  return 0;
}

/* The whole of it, in steps of a page. */
static loom_status back_up(loom_database *database, const char *path, bool replace,
                           loom_error *error) {
  loom_backup *backup;
  int64_t done = 0, total = 0, before = 0;
  loom_status status = loom_backup_new(database, path, replace, &backup, error);
  assert_true((status == LOOM_OK) == (backup != NULL));
  while (status == LOOM_OK) {
    status = loom_backup_step(backup, 1, &done, &total, error);
    assert_true(status > LOOM_DONE || (done > before && done <= total));
    before = done;
  }
  if (status == LOOM_DONE && loom_backup_commit(backup, error) != LOOM_OK)
    status = error->code;
  loom_backup_free(backup);
  return status;
}

static void no_problem(void *context, const char *problem) {
  print_error("%s\n", problem);
  ++*(int *)context;
}

/* The file alone holds what the dump tells. */
static void assert_holds(const char *path, const struct buffer *expected) {
  loom_error error;
  int problems = 0;
  loom_database *database;
  assert_status(loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  assert_status(loom_check_run(database, no_problem, &problems, &error), LOOM_OK, &error);
  assert_int_equal(problems, 0);
  struct buffer found = dump(database);
  assert_buffer_equal(expected, &found);
  loom_database_close(database);
  buffer_free(&found);
}

static void one_snapshot(void **state) {
  struct paths *paths = *state;
  loom_error error;
  loom_backup *backup;
  int64_t done, total;
  struct buffer rows = {0};
  struct stat status;
  loom_database *database = open_database(paths->database), *other = open_database(paths->database);
  load(database, LOOM_POLLS, polls); /* in the log alone */
  struct buffer before = dump(database);
  assert_int_equal(chmod(paths->database, 0600), 0);
  assert_status(loom_backup_new(database, paths->copy, false, &backup, &error), LOOM_OK, &error);
  loom_status step;
  for (int i = 0; (step = loom_backup_step(backup, 1, &done, &total, &error)) == LOOM_OK; i++) {
    rows.length = 0; /* others write meanwhile, and so does the handle itself */
    buffer_printf(&rows, "store_id,status,timestamp_utc\nstore %d,active,2023-02-%02d 10:00:00\n",
                  i, i % 28 + 1);
    load(i % 2 ? other : database, LOOM_POLLS, rows.bytes);
    assert_int_not_equal(access(paths->copy, F_OK), 0);
  }
  assert_int_equal(step, LOOM_DONE);
  assert_true(done == total && total > 10 * 4096);
  assert_int_equal(loom_backup_step(backup, 1, &done, &total, &error), LOOM_EINVAL);
  assert_status(loom_backup_commit(backup, &error), LOOM_OK, &error);
  assert_int_equal(loom_backup_commit(backup, &error), LOOM_EINVAL);
  loom_backup_free(backup);
  assert_int_equal(stat(paths->copy, &status), 0);
  assert_int_equal(status.st_size, total);
  assert_int_equal(status.st_mode & 0777, 0600); /* what was private stays so */
  loom_database_close(other);
  loom_database_close(database);
  assert_int_equal(scratch_count(&paths->scratch), 2);
  assert_holds(paths->copy, &before);
  buffer_free(&before);
  buffer_free(&rows);
}

static void of_memory_and_of_nothing(void **state) {
  struct paths *paths = *state;
  loom_error error;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, polls);
  struct buffer before = dump(database);
  assert_status(back_up(database, paths->copy, false, &error), LOOM_DONE, &error);
  loom_database_close(database);
  assert_holds(paths->copy, &before);
  database = open_database(paths->database); /* no file yet */
  buffer_free(&before);
  assert_status(back_up(database, paths->copy, true, &error), LOOM_DONE, &error);
  before = dump(database);
  loom_database_close(database);
  assert_holds(paths->copy, &before);
  buffer_free(&before);
}

static void assert_refused(loom_database *database, const char *path, bool replace,
                           const char *reason) {
  loom_error error;
  assert_int_equal(back_up(database, path, replace, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, reason));
}

static void what_is_not_replaced(void **state) {
  struct paths *paths = *state;
  loom_error error;
  loom_database *database = open_database(paths->database), *other = open_database(paths->copy);
  load(database, LOOM_POLLS, polls);
  load(other, LOOM_POLLS, polls);
  /* there is a log from the second write on */
  load(other, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  struct buffer before = dump(database);
  assert_refused(database, paths->copy, false, ": exists already");
  assert_refused(database, paths->copy, true,
                 ": has a log beside it: it is in use, or was not closed");
  assert_refused(database, paths->database, true, ": is the database itself");
  assert_refused(database, paths->scratch.folder, true, ": is no file");
  assert_refused(database, "/dev/null", true, ": is no file");
  loom_database_close(other);
  assert_status(back_up(database, paths->copy, true, &error), LOOM_DONE, &error);
  loom_database_close(database);
  assert_holds(paths->copy, &before);
  buffer_free(&before);
}

static void left_half_way(void **state) {
  struct paths *paths = *state;
  loom_error error;
  loom_backup *backup;
  int64_t done, total;
  loom_database *database = open_database(paths->database);
  load(database, LOOM_POLLS, polls);
  assert_status(loom_backup_new(database, paths->copy, false, &backup, &error), LOOM_OK, &error);
  loom_database_close(database); /* the backup has its own */
  assert_status(loom_backup_step(backup, 1, &done, &total, &error), LOOM_OK, &error);
  assert_int_equal(loom_backup_commit(backup, &error), LOOM_EINVAL);
  loom_backup_free(backup);
  assert_int_equal(scratch_count(&paths->scratch), 1);
}

/* The limit on file sizes stands for a full disk. */
static void a_full_disk(void **state) {
  struct paths *paths = *state;
  loom_error error;
  struct rlimit before, small = {40000, RLIM_INFINITY};
  loom_database *database = open_database(paths->database);
  load(database, LOOM_POLLS, polls);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  loom_status status = back_up(database, paths->copy, false, &error);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(status, LOOM_EFULL);
  assert_int_not_equal(access(paths->copy, F_OK), 0);
  assert_status(back_up(database, paths->copy, false, &error), LOOM_DONE, &error);
  loom_database_close(database);
  assert_int_equal(scratch_count(&paths->scratch), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_snapshot),         TEST(of_memory_and_of_nothing),
      TEST(what_is_not_replaced), TEST(left_half_way),
      TEST(a_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
