/*
** Places of files: by whatever name, and told apart from what takes their name later.
*/
#include "sqlite/place.h"
#include "storage.h"

#include <sys/stat.h>

struct fixture {
  struct scratch scratch;
  sqlite3 *sqlite;
  struct loom_place place;
};

static const char *in(struct fixture *fixture, const char *name) {
  return scratch_path(&fixture->scratch, name);
}

static int begin(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  scratch_begin(&fixture->scratch);
  *state = fixture;
  if (sqlite3_open(in(fixture, "db"), &fixture->sqlite) != SQLITE_OK)
    return -1;
  return sqlite3_exec(fixture->sqlite, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)", NULL, NULL,
                      NULL);
}

static int end(void **state) {
  struct fixture *fixture = *state;
  sqlite3_close(fixture->sqlite);
  loom_place_free(&fixture->place);
  scratch_end(&fixture->scratch);
  free(fixture);
  return 0;
}

static void make_file(const char *path) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
}

static void of_no_file(void **state) {
  (void)state;
  struct loom_place none = {0};
  assert_false(loom_place_is_lost(&none));
  loom_place_free(&none);
}

static void lost_and_found(void **state) {
  struct fixture *fixture = *state;
  char away[640];
  assert_true(loom_place_note(&fixture->place, fixture->sqlite, in(fixture, "db")));
  assert_false(loom_place_is_lost(&fixture->place));
  strcpy(away, in(fixture, "away"));
  assert_int_equal(rename(in(fixture, "db"), away), 0);
  assert_true(loom_place_is_lost(&fixture->place));
  make_file(in(fixture, "db"));
  assert_true(loom_place_is_lost(&fixture->place));
  assert_int_equal(rename(away, in(fixture, "db")), 0);
  assert_false(loom_place_is_lost(&fixture->place));
}

/* The program may go to another folder. */
static void a_relative_path(void **state) {
  struct fixture *fixture = *state;
  char before[1024];
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(fixture->scratch.folder), 0);
  bool noted = loom_place_note(&fixture->place, fixture->sqlite, "db");
  assert_int_equal(chdir(before), 0);
  assert_true(noted);
  assert_false(loom_place_is_lost(&fixture->place));
}

/* The connection has one file, the name by now is of another. */
static void replaced_before_it_is_noted(void **state) {
  struct fixture *fixture = *state;
  assert_int_equal(unlink(in(fixture, "db")), 0);
  make_file(in(fixture, "db"));
  assert_false(loom_place_note(&fixture->place, fixture->sqlite, in(fixture, "db")));
}

/* A link to the file is the database's name; where it leads to another, the log stays where it belongs. */
static void a_link_that_is_changed(void **state) {
  struct fixture *fixture = *state;
  char link[640];
  strcpy(link, in(fixture, "link"));
  assert_int_equal(symlink(in(fixture, "db"), link), 0);
  assert_true(loom_place_note(&fixture->place, fixture->sqlite, link));
  assert_int_equal(unlink(link), 0);
  make_file(in(fixture, "other"));
  assert_int_equal(symlink(in(fixture, "other"), link), 0);
  assert_true(loom_place_is_lost(&fixture->place));
  loom_place_clear_log(&fixture->place, fixture->sqlite);
  assert_int_equal(access(in(fixture, "db-wal"), F_OK), 0);
}

/* Only the log that was noted loses its name, and only once the database has. */
static void logs_are_told_apart(void **state) {
  struct fixture *fixture = *state;
  assert_true(loom_place_note(&fixture->place, fixture->sqlite, in(fixture, "db")));
  loom_place_clear_log(&fixture->place, fixture->sqlite);
  assert_int_equal(access(in(fixture, "db-wal"), F_OK), 0);
  assert_int_equal(unlink(in(fixture, "db")), 0);
  int next = dup(STDERR_FILENO);
  close(next);
  loom_place_clear_log(&fixture->place, fixture->sqlite);
  int after = dup(STDERR_FILENO);
  close(after);
  assert_int_equal(after, next); /* nothing is left open */
  assert_int_not_equal(access(in(fixture, "db-wal"), F_OK), 0);
  assert_int_not_equal(access(in(fixture, "db-shm"), F_OK), 0);
  make_file(in(fixture, "db-wal"));
  make_file(in(fixture, "db-shm"));
  loom_place_clear_log(&fixture->place, fixture->sqlite);
  assert_int_equal(access(in(fixture, "db-wal"), F_OK), 0);
  assert_int_equal(access(in(fixture, "db-shm"), F_OK), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_no_file),
      cmocka_unit_test_setup_teardown(lost_and_found, begin, end),
      cmocka_unit_test_setup_teardown(a_relative_path, begin, end),
      cmocka_unit_test_setup_teardown(replaced_before_it_is_noted, begin, end),
      cmocka_unit_test_setup_teardown(a_link_that_is_changed, begin, end),
      cmocka_unit_test_setup_teardown(logs_are_told_apart, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
