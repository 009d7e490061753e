/*
** Tests of opening, transactions and errors of the database: what is not one of Loom's files is told apart and left
** alone, a file appears with the first transaction and no earlier, and damage gives a status rather than a crash.
*/
#include "storage.h"

#include "sqlite/check.h"
#include "time/civil.h"
#include "sqlite/export.h"
#include "sqlite/info.h"
#include "write/prune.h"
#include "report/report.h"
#include "sqlite/source_sqlite.h"
#include "sqlite/figures.h"
#include "sqlite/poll_sql.h"
#include "sqlite/polls_table.h"
#include "sqlite/week_sql.h"
#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char polls[] =
    "store_id,status,timestamp_utc\n"
    "a,active,2023-01-24 09:00:00\na,inactive,2023-01-24 10:00:00\n"
    "b,active,2023-01-25 09:00:00\nc,active,2023-01-26 09:00:00\n";

static int begin_scratch(void **state) {
  struct scratch *scratch = calloc(1, sizeof *scratch);
  assert_non_null(scratch);
  scratch_begin(scratch);
  *state = scratch;
  return 0;
}

static int end_scratch(void **state) {
  scratch_end(*state);
  free(*state);
  return 0;
}

static loom_status try_open(const char *path, enum loom_open_mode mode, loom_error *error) {
  loom_database *database;
  loom_status status = loom_database_open(path, mode, SHORT_TIMEOUT, &database, error);
  assert_true((status == LOOM_OK) == (database != NULL));
  loom_database_close(database);
  return status;
}

/* The message is the path and then `text`. */
static void assert_refused(const char *path, enum loom_open_mode mode, loom_status expected,
                           const char *text) {
  char message[LOOM_MESSAGE_SIZE];
  loom_error error = {0};
  snprintf(message, sizeof message, "%s: %s", path, text);
  assert_int_equal(try_open(path, mode, &error), expected);
  assert_int_equal(error.code, expected);
  assert_string_equal(error.message, message);
}

static void raw_sql(const char *path, const char *sql) {
  sqlite3 *sqlite;
  assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
  assert_int_equal(loom_week_sql_register(sqlite), SQLITE_OK); /* which upgrades call, and: */
  assert_int_equal(loom_poll_sql_register(sqlite), SQLITE_OK);
  assert_int_equal(loom_polls_table_register(sqlite), SQLITE_OK);
  assert_int_equal(loom_figures_table_register(sqlite), SQLITE_OK);
  assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

static void make_database(const char *path) {
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS, polls);
  loom_database_close(database);
}

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

static void not_sqlite(void **state) {
  const char *path = scratch_path(*state, "text.db");
  char text[2000];
  memset(text, 'x', sizeof text);
  write_file(path, text, sizeof text);
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ENOTDB, "is not an SQLite database");
  assert_refused(path, LOOM_OPEN_CREATE, LOOM_ENOTDB, "is not an SQLite database");
  struct buffer after = {0};
  read_file(path, &after);
  assert_int_equal(after.length, sizeof text);
  assert_memory_equal(after.bytes, text, sizeof text);
  buffer_free(&after);
}

static void not_of_loom(void **state) {
  const char *path = scratch_path(*state, "other.db");
  struct buffer before = {0}, after = {0};
  raw_sql(path, "CREATE TABLE t(x)");
  read_file(path, &before);
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ENOTDB,
                 "is an SQLite database, but not one of Loom's");
  assert_refused(path, LOOM_OPEN_CREATE, LOOM_ENOTDB,
                 "is an SQLite database, but not one of Loom's");
  read_file(path, &after);
  assert_buffer_equal(&before, &after);
  buffer_free(&before);
  buffer_free(&after);
}

static void newer_schema(void **state) {
  const char *path = scratch_path(*state, "new.db");
  make_database(path);
  raw_sql(path, "PRAGMA user_version=99");
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_EVERSION,
                 "was written by a newer Loom (its schema is version 99, this Loom knows 8)");
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
  struct buffer before = {0}, after = {0};
  const char *path = scratch_path(*state, "odd.db");
  make_database(path);
  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    char sql[100];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%s", versions[i]);
    raw_sql(path, sql);
    before.length = after.length = 0;
    read_file(path, &before);
    assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ENOTDB,
                   "is an SQLite database, but not one of Loom's");
    assert_refused(path, LOOM_OPEN_CREATE, LOOM_ENOTDB,
                   "is an SQLite database, but not one of Loom's");
    read_file(path, &after);
    assert_buffer_equal(&before, &after);
  }
  buffer_free(&before);
  buffer_free(&after);
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

static void run_report(loom_database *database, struct buffer *out) {
  loom_error error;
  loom_report *report;
  const struct loom_window windows[] = {{.length = 7 * LOOM_DAY}};
  struct loom_report_options options = {.windows = windows,
                                        .window_count = 1,
                                        .default_zone = "UTC",
                                        .selection.all_stores = true,
                                        .threads = 1,
                                        .has_as_of = true,
                                        .as_of = INT64_C(1674900000) * LOOM_SECOND};
  assert_true(loom_rules_preset("monitoring", &options.rules));
  loom_source *source = loom_source_sqlite(database);
  if (start_report(&options, source, database->zones, &report, &error) == LOOM_OK) {
    while (loom_report_wait(report, 1000, &error) == LOOM_OK)
      ;
    for (size_t row = 0; out && row < loom_report_count(report); row++) {
      size_t length;
      const char *id = loom_report_store(report, row, &length);
      const struct loom_figures *figures = loom_report_figures(report, row);
      buffer_put(out, id, length);
      buffer_printf(out, " %lld/%lld/%lld x%lld\n", (long long)figures->up,
                    (long long)figures->down, (long long)figures->unknown,
                    (long long)figures->excluded);
    }
    loom_report_free(report);
  }
  loom_source_free(source);
}

/* ---- a full disk ---- */

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

/* ---- folders and logs ---- */

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

/* ---- SQL ---- */

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

/* ---- reports ---- */

/* Runs a report; its figures go to `out`, if that is not NULL. */
/* ---- older schemas ---- */

/* As it was when version 1 was the newest. */
static const char schema_1[] =
    "CREATE TABLE store("
    " number INTEGER PRIMARY KEY,"
    " store_id TEXT NOT NULL UNIQUE CHECK(length(CAST(store_id AS BLOB)) BETWEEN 1 AND 255),"
    " timezone TEXT,"
    " first_poll INTEGER,"
    " newest_poll INTEGER"
    ") STRICT;"
    "CREATE TABLE poll_block("
    " day INTEGER NOT NULL,"
    " store INTEGER NOT NULL REFERENCES store(number),"
    " polls BLOB NOT NULL,"
    " PRIMARY KEY(day, store)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours_week("
    " store INTEGER NOT NULL REFERENCES store(number),"
    " effective_from TEXT NOT NULL,"
    " PRIMARY KEY(store, effective_from)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours("
    " store INTEGER NOT NULL,"
    " effective_from TEXT NOT NULL,"
    " weekday INTEGER NOT NULL CHECK(weekday BETWEEN 0 AND 6),"
    " open_s INTEGER NOT NULL CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER NOT NULL CHECK(close_s BETWEEN 0 AND 86400),"
    " PRIMARY KEY(store, effective_from, weekday, open_s, close_s),"
    " FOREIGN KEY(store, effective_from) REFERENCES hours_week ON DELETE CASCADE"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE special_day("
    " store INTEGER REFERENCES store(number),"
    " date TEXT NOT NULL,"
    " open_s INTEGER CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER CHECK(close_s BETWEEN 0 AND 86400),"
    " note TEXT NOT NULL DEFAULT '',"
    " CHECK((open_s IS NULL) = (close_s IS NULL))"
    ") STRICT;"
    "CREATE INDEX special_day_by_store ON special_day(store, date);"
    "CREATE TABLE exclusion("
    " number INTEGER PRIMARY KEY,"
    " store INTEGER REFERENCES store(number),"
    " from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL CHECK(to_us > from_us),"
    " reason TEXT NOT NULL DEFAULT ''"
    ") STRICT;"
    "CREATE INDEX exclusion_by_store ON exclusion(store, from_us, to_us);"
    "PRAGMA application_id=0x4c6f6f6d;"
    "PRAGMA user_version=1;";

/* A file of version 1 that holds what the database holds. */
static void make_old(const char *path, loom_database *database) {
  char sql[2000];
  raw_sql(path, "PRAGMA auto_vacuum=INCREMENTAL");
  raw_sql(path, "PRAGMA journal_mode=WAL");
  raw_sql(path, schema_1);
  snprintf(
      sql, sizeof sql,
      "ATTACH '%s' AS old;"
      "INSERT INTO old.store SELECT number, store_id, timezone, first_poll, newest_poll FROM store;"
      "INSERT INTO old.poll_block SELECT * FROM poll_block;"
      "INSERT INTO old.hours_week SELECT store, effective_from FROM hours_week;"
      "INSERT INTO old.hours SELECT store, effective_from, weekday, open_s, close_s FROM hours;"
      "INSERT INTO old.special_day SELECT store, date, open_s, close_s, note FROM special_day;"
      "INSERT INTO old.exclusion SELECT number, store, from_us, to_us, reason FROM exclusion;"
      "DETACH old",
      path);
  execute(database, sql);
}

/* Everything that version 1 had: weeks that follow each other, closed ones, days of one store and of all. */
static loom_database *full_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, polls);
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\n\"d, \"\"e\"\"\",active,2023-01-27 15:00:00\n"
       "a,active,2023-01-27 15:00:00\nb,inactive,2023-01-27 10:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\na,0,09:00,17:00,\n"
       "a,4,09:00,12:00,\na,4,13:00,17:00,\na,4,20:00,02:00,2023-01-26\nb,1,closed,,2023-01-25\n"
       "c,3,09:00,24:00,2020-02-29\nz,0,closed,,\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,America/Denver\nz,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\n*,2023-01-25,,,\"closed, \"\"all\"\"\"\n"
       "a,2023-01-25,08:00,09:00,\na,2023-01-25,10:00,11:00,late\nc,2023-01-26,,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc,reason\n*,2023-01-24 01:00:00,2023-01-24 02:00:00,\n"
       "a,2023-01-27 16:00:00,2023-01-27 16:30:00,\"new\nmodem\"\n");
  return database;
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

static void tell_problem(void *context, const char *problem) {
  (void)context;
  fail_msg("%s", problem);
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

/* ---- two that open at once ---- */

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
  struct buffer bytes = {0}, after = {0};
  loom_database *original = full_database();
  make_old(path, original);
  loom_database_close(original);
  read_file(path, &bytes);
  bytes.bytes[18] = 3; /* file format write version */
  write_file(path, bytes.bytes, bytes.length);
  assert_refused(path, LOOM_OPEN_EXISTING, LOOM_EREADONLY,
                 "was written by an older Loom, and cannot be upgraded: it is read-only");
  assert_refused(path, LOOM_OPEN_CREATE, LOOM_EREADONLY,
                 "was written by an older Loom, and cannot be upgraded: it is read-only");
  read_file(path, &after);
  assert_buffer_equal(&bytes, &after);
  buffer_free(&bytes);
  buffer_free(&after);
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
    struct buffer before = {0}, after = {0};
    read_file(path, &before);
    assert_refused(path, LOOM_OPEN_EXISTING, LOOM_ECORRUPT,
                   "is corrupt: a week of hours has an opening out of bounds");
    read_file(path, &after);
    assert_buffer_equal(&before, &after);
    raw_sql(path,
            "UPDATE hours SET weekday = 4, open_s = 72000, close_s = 7200"
            " WHERE effective_from = '2023-01-26'");
    assert_status(try_open(path, LOOM_OPEN_EXISTING, &error), LOOM_OK, &error);
    buffer_free(&before);
    buffer_free(&after);
    assert_int_equal(unlink(path), 0);
    loom_database_close(original);
  }
}

/* ---- damage ---- */

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

static int64_t revision_of(loom_database *database) {
  loom_error error;
  int64_t revision;
  assert_int_equal(loom_database_revision(database, &revision, &error), LOOM_OK);
  return revision;
}

static void write_once(loom_database *database, bool change, bool keep_revision, bool commit) {
  loom_error error;
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_OK);
  if (change)
    execute(database, "INSERT INTO store(store_id) VALUES(hex(randomblob(8)))");
  if (keep_revision)
    loom_database_keep_revision(database);
  if (commit)
    assert_int_equal(loom_database_commit(database, &error), LOOM_OK);
  else
    loom_database_rollback(database);
}

/* What is remembered of it is never older than what the database holds. */
static void a_revision_is_never_old(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  loom_database *handles[3];
  uint64_t random = 3;
  for (size_t i = 0; i < COUNT_OF(handles); i++)
    assert_int_equal(loom_database_open(path, LOOM_OPEN_CREATE, 100, &handles[i], &error), LOOM_OK);
  for (int step = 0; step < 1000; step++) {
    loom_database *database = handles[random_below(&random, COUNT_OF(handles))];
    switch (random_below(&random, 4)) {
    case 0:
      write_once(database, random_below(&random, 4), !random_below(&random, 4),
                 random_below(&random, 4));
      break;
    case 1: { /* somebody reads meanwhile, and sees the past */
      loom_database *other = handles[random_below(&random, COUNT_OF(handles))];
      assert_int_equal(loom_database_begin_read(database, &error), LOOM_OK);
      if (other != database)
        write_once(other, true, false, true);
      assert_int_equal(revision_of(database), number(database, "SELECT revision FROM overall"));
      loom_database_end_read(database);
      break;
    }
    default:
      if (!database->is_new)
        assert_int_equal(revision_of(database), number(database, "SELECT revision FROM overall"));
    }
  }
  for (size_t i = 0; i < COUNT_OF(handles); i++)
    loom_database_close(handles[i]);
}

static void a_revision_tells_of_changes(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  loom_database *database, *other;
  assert_int_equal(loom_database_open(path, LOOM_OPEN_CREATE, 100, &database, &error), LOOM_OK);
  assert_int_equal(revision_of(database), 0); /* there is no file yet */
  write_once(database, true, false, true);
  int64_t first = revision_of(database);
  assert_int_equal(loom_database_open(path, LOOM_OPEN_EXISTING, 100, &other, &error), LOOM_OK);
  assert_int_equal(revision_of(other), first);
  write_once(other, true, false, true); /* is seen by all */
  assert_int_not_equal(revision_of(other), first);
  assert_int_equal(revision_of(database), revision_of(other));
  first = revision_of(database);
  write_once(database, true, true, true);
  write_once(database, true, false, false);
  write_once(database, false, false, true);
  assert_int_equal(revision_of(database), first);
  assert_int_equal(revision_of(other), first);
  /* what was said of one transaction does not hold for the next */
  write_once(database, true, false, true);
  assert_int_not_equal(revision_of(other), first);
  load(database, LOOM_POLLS, polls);
  first = revision_of(database);
  load(database, LOOM_POLLS, polls); /* nothing new */
  assert_int_equal(revision_of(other), first);
  loom_database_close(database);
  loom_database_close(other);
}

/* ---- a file that is not where it was ---- */

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

/* ---- transactions of parts ---- */

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
      cmocka_unit_test_setup_teardown(missing_file, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(missing_folder, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_folder_is_no_database, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(not_sqlite, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(not_of_loom, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(newer_schema, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(newer_schema_while_open, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(versions_that_never_were, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(empty_file, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(someone_else_was_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(created_by_the_first_transaction, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(rollback_leaves_no_trace, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_failed_commit_rolls_back, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(one_writer_and_any_readers, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_read_begins_at_once, begin_scratch, end_scratch),
      cmocka_unit_test(one_transaction_to_a_handle),
      cmocka_unit_test_setup_teardown(clones, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_backup_is_put_back, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_file_that_is_deleted, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_clone_is_of_the_same_file, begin_scratch, end_scratch),
      cmocka_unit_test(open_until_the_last_one_closes),
      cmocka_unit_test_setup_teardown(read_only, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(unreadable, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(reading_needs_no_room, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(others_have_it_open, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_first_commit_that_fails, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_empty_log_in_a_folder_for_reading, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(checkpoints_are_left_to_others, begin_scratch, end_scratch),
      cmocka_unit_test(failures_of_sql),
      cmocka_unit_test_setup_teardown(every_older_version_is_upgraded, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_upgraded_file_takes_what_is_new, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(an_older_loom_was_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(the_other_upgrades_first, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_writer_keeps_the_upgrade_waiting, begin_scratch,
                                      end_scratch),
      cmocka_unit_test_setup_teardown(an_old_file_that_is_read_only, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(an_upgrade_that_fails, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(damaged_hours_are_not_upgraded, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(damage_gives_a_status, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_day_that_is_text, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_revision_tells_of_changes, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_revision_is_never_old, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(parts_of_a_transaction, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_whole_that_was_undone, begin_scratch, end_scratch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
