/*
** Report files: what is in them, and that they are complete or not there.
*/
#include "report/report_file.h"
#include "time/civil.h"
#include "report/report_csv.h"
#include "sqlite/source_sqlite.h"
#include "storage.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char polls[] =
    "store_id,status,timestamp_utc\n"
    "a,active,2023-01-02 10:00:00\n"
    "\"b,c\",inactive,2023-01-02 11:00:00\n"
    "=1,active,2023-01-02 10:00:00\n";

static int begin(void **state) {
  static struct scratch scratch;
  scratch_begin(&scratch);
  umask(027);
  *state = &scratch;
  return 0;
}

static int end(void **state) {
  scratch_end(*state);
  return 0;
}

/* Runs a report that writes the file; how it ended. */
static loom_status run(struct loom_report_file *file, loom_error *error) {
  loom_database *database = open_database(":memory:");
  load(database, LOOM_POLLS, polls);
  struct loom_window window = {.length = LOOM_HOUR};
  struct loom_report_options options = {.windows = &window,
                                        .window_count = 1,
                                        .default_zone = "UTC",
                                        .finish = loom_report_file_write,
                                        .finish_context = file};
  loom_report *report;
  loom_rules_preset("loom", &options.rules);
  loom_source *source = loom_source_sqlite(database);
  assert_status(start_report(&options, source, database->zones, &report, error), LOOM_OK, error);
  loom_status status;
  while ((status = loom_report_wait(report, 1000, error)) == LOOM_OK)
    ;
  assert_int_equal(loom_report_is_complete(report), status == LOOM_DONE);
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
  return status;
}

static void assert_file(const char *path, const char *expected) {
  struct buffer text = {0};
  read_file(path, &text);
  assert_string_equal(text.bytes, expected);
  buffer_free(&text);
}

static void both_files(void **state) {
  struct scratch *scratch = *state;
  char path[640], figures[640];
  loom_error error;
  struct stat status;
  strcpy(path, scratch_path(scratch, "r.csv"));
  strcpy(figures, scratch_path(scratch, "f.csv"));
  struct loom_report_file file = {
      .path = path, .header = "id,up,down", .minutes = {true}, .figures_path = figures};
  for (int again = 0; again < 2; again++) { /* the second time, what was there is replaced */
    file.harmless = again; /* of the file that people open: the figures are read by Loom alone */
    assert_status(run(&file, &error), LOOM_DONE, &error);
    assert_file(path, again ? "id,up,down\n'=1,60,0\na,60,0\n\"b,c\",0,60\n"
                            : "id,up,down\n=1,60,0\na,60,0\n\"b,c\",0,60\n");
    assert_file(figures,
                "=1,3600000000,0,0,0,0,0,1\na,3600000000,0,0,0,0,0,1\n\"b,c\",0,3600000000,0,0,"
                "3600000000,1,1\n");
    assert_int_equal(scratch_count(scratch), 2);
  }
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0640);
}

static void a_folder_that_is_missing(void **state) {
  char path[640];
  loom_error error;
  strcpy(path, scratch_path(*state, "none/r.csv"));
  struct loom_report_file file = {.path = path, .header = ""};
  assert_int_equal(run(&file, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "none/r.csv: No such file or directory"));
}

/* The limit on file sizes stands for a full disk. */
static void a_full_disk(void **state) {
  struct scratch *scratch = *state;
  char path[640];
  loom_error error;
  struct rlimit before, none = {0, RLIM_INFINITY};
  strcpy(path, scratch_path(scratch, "r.csv"));
  write_file(path, "as it was", 9);
  struct loom_report_file file = {.path = path, .header = "id"};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  none.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
  loom_status status = run(&file, &error);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(status, LOOM_EFULL);
  assert_file(path, "as it was");
  assert_int_equal(scratch_count(scratch), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(both_files, begin, end),
      cmocka_unit_test_setup_teardown(a_folder_that_is_missing, begin, end),
      cmocka_unit_test_setup_teardown(a_full_disk, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
