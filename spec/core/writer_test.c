/*
** Writers: groups that share a commit, failures within them, other connections, full disks, and uploads.
*/
#include "storage.h"
#include "support.h"

#include "time/civil.h"
#include "write/poll_write.h"
#include "write/upload.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define SUBMITTERS 4
#define BATCHES 40 /* of each submitter */
#define BATCH_POLLS 30
#define NOW INT64_C(1700000000000000)

static const struct loom_writer_options roomy = {
    .busy_timeout = 10000, .capacity = 1 << 30, .announced = 4};

static loom_writer *open_writer(struct scratch *scratch,
                                const struct loom_writer_options *options) {
  loom_error error;
  loom_writer *writer;
  assert_status(loom_writer_new(scratch_path(scratch, "db"), options, &writer, &error), LOOM_OK,
                &error);
  return writer;
}

/* Waits for a write; gives up after a minute. */
static enum loom_write_state await(const loom_write *write, loom_error *error) {
  enum loom_write_state state = LOOM_WRITE_PENDING;
  for (int i = 0; i < 600000 && state == LOOM_WRITE_PENDING; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    state = loom_write_state(write, error);
  }
  assert_int_not_equal(state, LOOM_WRITE_PENDING);
  return state;
}

static void expect_done(loom_write *write) {
  loom_error error = {.message = ""};
  if (await(write, &error) != LOOM_WRITE_DONE)
    print_error("%s\n", error.message);
  assert_int_equal(loom_write_state(write, NULL), LOOM_WRITE_DONE);
}

static void expect_failed(loom_write *write, loom_status code, const char *message) {
  loom_error error;
  assert_int_equal(await(write, &error), LOOM_WRITE_FAILED);
  assert_status(error.code, code, &error);
  if (!strstr(error.message, message))
    print_error("%s\n", error.message);
  assert_non_null(strstr(error.message, message));
}

static loom_staging *new_batch(size_t capacity) {
  return new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = capacity});
}

/* Polls of a few stores and instants, so that many meet; those of one submitter are its own. */
static void fill(loom_staging *batch, unsigned submitter, unsigned number) {
  uint64_t random = submitter * 1000 + number;
  loom_error error;
  for (int i = 0; i < BATCH_POLLS; i++) {
    char id[32];
    int length = snprintf(id, sizeof id, "%u-%u", submitter, (unsigned)random_below(&random, 20));
    int64_t instant = NOW + (int64_t)random_below(&random, 100) * 3600 * LOOM_SECOND;
    assert_status(
        loom_staging_add_poll(batch, id, (size_t)length, random_below(&random, 2), instant, &error),
        LOOM_OK, &error);
  }
}

static loom_staging *batch_of(unsigned submitter, unsigned number) {
  loom_staging *batch = new_batch(BATCH_POLLS);
  fill(batch, submitter, number);
  return batch;
}

static loom_staging *batch_of_store(const char *id) {
  loom_error error;
  loom_staging *batch = new_batch(1);
  assert_status(loom_staging_add_poll(batch, id, strlen(id), true, NOW, &error), LOOM_OK, &error);
  return batch;
}

static loom_poll_write *write_of(loom_staging *batch) {
  loom_staging_complete(batch);
  loom_poll_write *polls = loom_poll_write_of_staging(batch);
  assert_non_null(polls);
  return polls;
}

static loom_write *submit_batch(loom_writer *writer, loom_staging *batch) {
  loom_error error;
  loom_write *write = loom_poll_write_head(write_of(batch));
  assert_status(loom_writer_submit(writer, write, &error), LOOM_OK, &error);
  return write;
}

static loom_poll_write *submit_text(loom_writer *writer, enum loom_poll_format format,
                                    const char *text, uint64_t max_rejects) {
  loom_error error;
  struct loom_poll_text options = {
      .format = format, .now = NOW, .max_rejects = max_rejects, .zones = loom_writer_zones(writer)};
  loom_poll_write *polls = loom_poll_write_of_text(&options, text, strlen(text));
  assert_non_null(polls);
  assert_status(loom_writer_submit(writer, loom_poll_write_head(polls), &error), LOOM_OK, &error);
  return polls;
}

static struct buffer dump_file(struct scratch *scratch) {
  loom_database *database = open_database(scratch_path(scratch, "db"));
  struct buffer text = dump(database);
  loom_database_close(database);
  return text;
}

/* ---- groups ---- */

struct submitter {
  loom_writer *writer;
  unsigned number;
  loom_write *writes[BATCHES];
};

static void *submit_all(void *context) {
  struct submitter *submitter = context;
  for (unsigned i = 0; i < BATCHES; i++)
    submitter->writes[i] = submit_batch(submitter->writer, batch_of(submitter->number, i));
  return NULL;
}

/* Without a writer. */
static struct loom_counts write_batch(loom_database *database, loom_staging *batch) {
  loom_staging_complete(batch);
  struct loom_counts counts = store(batch, database);
  loom_staging_free(batch);
  return counts;
}

/* What the batches of one submitter come to when they are written one by one. */
static void write_in_order(loom_database *database, unsigned number, struct loom_counts *counts) {
  for (unsigned i = 0; i < BATCHES; i++) {
    counts[i] = write_batch(database, batch_of(number, i));
  }
}

static void groups_equal_one_by_one(void **state) {
  (void)state;
  struct scratch scratch;
  struct submitter submitters[SUBMITTERS];
  pthread_t threads[SUBMITTERS];
  loom_database *oracle = memory_database();
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  for (unsigned i = 0; i < SUBMITTERS; i++) {
    submitters[i] = (struct submitter){.writer = writer, .number = i};
    assert_int_equal(pthread_create(&threads[i], NULL, submit_all, &submitters[i]), 0);
  }
  for (unsigned i = 0; i < SUBMITTERS; i++) {
    struct loom_counts counts[BATCHES];
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    write_in_order(oracle, i, counts);
    for (unsigned b = 0; b < BATCHES; b++) {
      expect_done(submitters[i].writes[b]);
      assert_memory_equal(&submitters[i].writes[b]->counts, &counts[b], sizeof counts[b]);
      loom_write_release(submitters[i].writes[b]);
    }
  }
  loom_writer_free(writer);
  struct buffer expected = dump(oracle), found = dump_file(&scratch);
  assert_buffer_equal(&expected, &found);
  buffer_free(&expected);
  buffer_free(&found);
  loom_database_close(oracle);
  scratch_end(&scratch);
}

/* The lock is held until all are waiting, so that they are one group. */
static void a_failure_in_a_group_is_undone_alone(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  loom_write *writes[3];
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  loom_write *first = submit_batch(writer, batch_of(0, 0)); /* so that there is a day to look at */
  expect_done(first);
  loom_write_release(first);
  execute(other,
          "CREATE TRIGGER refuse BEFORE INSERT ON store WHEN NEW.store_id = 'bad' BEGIN"
          " SELECT raise(ABORT, 'no such store'); END");
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  for (unsigned i = 0; i < 3; i++) {
    loom_staging *batch = batch_of(1, i);
    if (i == 1)
      assert_status(loom_staging_add_poll(batch, "bad", 3, true, NOW, &error), LOOM_OK, &error);
    writes[i] = submit_batch(writer, batch);
  }
  assert_int_equal(loom_write_state(writes[2], NULL), LOOM_WRITE_PENDING);
  assert_status(loom_database_commit(other, &error), LOOM_OK, &error);
  expect_done(writes[0]);
  expect_failed(writes[1], LOOM_EIO, "no such store");
  expect_done(writes[2]);
  assert_int_equal(number(other, "SELECT count(*) FROM store WHERE store_id = 'bad'"), 0);
  assert_true(number(other, "SELECT count(*) FROM polls WHERE store_id GLOB '1-*'") > 30);
  for (unsigned i = 0; i < 3; i++)
    loom_write_release(writes[i]);
  loom_database_close(other);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

static int refusals; /* how many ends of savepoints to refuse */

static int refuse_release(void *context, int action, const char *operation, const char *a,
                          const char *b, const char *c) {
  (void)context, (void)a, (void)b, (void)c;
  if (action != SQLITE_SAVEPOINT || strcmp(operation, "RELEASE") != 0 || refusals == 0)
    return SQLITE_OK;
  refusals--;
  return SQLITE_DENY;
}

/* Of each connection that is opened: the writer's cannot be had from without. */
static int watch_savepoints(sqlite3 *sqlite, const char **message,
                            const struct sqlite3_api_routines *api) {
  (void)message, (void)api;
  return sqlite3_set_authorizer(sqlite, refuse_release, NULL);
}

struct endless_write {
  loom_write write; /* the first member */
  loom_staging *staging;
};

static loom_status prepare_nothing(loom_write *write, loom_error *error) {
  (void)write, (void)error;
  return LOOM_OK;
}

/* Then the end of its savepoint is refused, once. */
static loom_status apply_without_end(loom_write *write, loom_sink *sink, loom_error *error) {
  refusals = 1;
  return loom_sink_apply_all(sink, ((struct endless_write *)write)->staging, error);
}

static void ignore(loom_write *write) {
  (void)write;
}

/* A write that is told to have failed is not committed with the others of its group. */
static void what_cannot_be_ended_is_undone(void **state) {
  (void)state;
  static const struct loom_write_type endless = {
      .prepare = prepare_nothing, .apply = apply_without_end, .clear = ignore, .free = ignore};
  struct scratch scratch;
  loom_error error;
  struct endless_write bad = {.staging = batch_of_store("bad")};
  loom_staging_complete(bad.staging);
  scratch_begin(&scratch);
  sqlite3_auto_extension((void (*)(void))watch_savepoints);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  sqlite3_cancel_auto_extension((void (*)(void))watch_savepoints);
  /* so that they are one group */
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  loom_write *first = submit_batch(writer, batch_of(0, 0));
  loom_write_init(&bad.write, &endless);
  assert_status(loom_writer_submit(writer, &bad.write, &error), LOOM_OK, &error);
  loom_write *last = submit_batch(writer, batch_of(1, 0));
  assert_status(loom_database_commit(other, &error), LOOM_OK, &error);
  expect_done(first);
  expect_failed(&bad.write, LOOM_EACCESS, "not authorized");
  expect_done(last);
  assert_int_equal(number(other, "SELECT count(*) FROM store WHERE store_id = 'bad'"), 0);
  assert_true(number(other, "SELECT count(*) FROM store") > 1);
  loom_write_release(first);
  loom_write_release(last);
  loom_database_close(other);
  loom_writer_free(writer);
  loom_staging_free(bad.staging);
  scratch_end(&scratch);
}

static void other_connections_and_limits(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  struct loom_writer_options impatient = {.busy_timeout = 20, .capacity = 1, .announced = 1};
  loom_writer *writer;
  scratch_begin(&scratch);
  assert_status(loom_writer_new(":memory:", &roomy, &writer, &error), LOOM_EINVAL, &error);
  assert_status(loom_writer_new(scratch.folder, &roomy, &writer, &error), LOOM_EINVAL, &error);
  writer = open_writer(&scratch, &impatient);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  loom_write *write = submit_batch(writer, batch_of(0, 0));
  loom_poll_write *second = write_of(batch_of(0, 1));
  assert_status(loom_writer_submit(writer, loom_poll_write_head(second), &error), LOOM_EAGAIN,
                &error);
  expect_failed(write, LOOM_EBUSY, "is locked by another process");
  loom_database_rollback(other);
  while (loom_writer_submit(writer, loom_poll_write_head(second), &error) != LOOM_OK)
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); /* until the first one is forgotten */
  loom_write_release(write);
  loom_writer_free(writer); /* writes what waits */
  assert_int_equal(loom_write_state(loom_poll_write_head(second), NULL), LOOM_WRITE_DONE);
  loom_write_release(loom_poll_write_head(second));
  loom_database_close(other);
  scratch_end(&scratch);
}

static int64_t milliseconds_of(const struct timespec *time) {
  return (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

/*
** A lock is waited for as long as the options say, measured across the end of a second, and no shorter: the write is still
** pending after a fifth of its patience, and done once the lock is gone.
*/
static void patience_is_measured(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  struct timespec begun, now;
  struct loom_writer_options patient = {.busy_timeout = 1500, .capacity = 1 << 20, .announced = 1};
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &patient);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  do /* the last quarter of a second */
    clock_gettime(CLOCK_MONOTONIC, &begun);
  while (begun.tv_nsec < 800000000);
  loom_write *write = submit_batch(writer, batch_of(0, 0));
  do {
    assert_int_equal(loom_write_state(write, NULL), LOOM_WRITE_PENDING);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (milliseconds_of(&now) - milliseconds_of(&begun) < 300);
  loom_database_rollback(other);
  expect_done(write);
  loom_write_release(write);
  loom_database_close(other);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

static sqlite3 *writers; /* the connection of the writer that was opened last */

static int note_connection(sqlite3 *sqlite, char **message,
                           const struct sqlite3_api_routines *api) {
  (void)message, (void)api;
  writers = sqlite;
  return SQLITE_OK;
}

static loom_status run_sql(const char *sql) {
  return sqlite3_exec(writers, sql, NULL, NULL, NULL) == SQLITE_OK ? LOOM_OK : LOOM_EIO;
}

static loom_status make_log_long(loom_write *write, loom_sink *sink, loom_error *error) {
  (void)write, (void)sink, (void)error;
  return run_sql("CREATE TABLE long(x); INSERT INTO long VALUES(zeroblob(80000000))");
}

static loom_status write_little(loom_write *write, loom_sink *sink, loom_error *error) {
  (void)write, (void)sink, (void)error;
  return run_sql("INSERT INTO long VALUES(1)");
}

typedef loom_status apply_function(loom_write *write, loom_sink *sink, loom_error *error);

static void write_by(loom_writer *writer, apply_function *apply) {
  const struct loom_write_type type = {
      .prepare = prepare_nothing, .apply = apply, .clear = ignore, .free = ignore};
  loom_error error;
  loom_write write = {0};
  loom_write_init(&write, &type);
  assert_status(loom_writer_submit(writer, &write, &error), LOOM_OK, &error);
  expect_done(&write);
  while (atomic_load(&write.references) > 1) /* the writer lets go of it */
    nanosleep(&(struct timespec){.tv_nsec = 10000}, NULL);
}

static int64_t log_size(struct scratch *scratch) {
  struct stat found;
  assert_int_equal(stat(scratch_path(scratch, "db-wal"), &found), 0);
  return found.st_size;
}

/* A log that a reader has kept begins anew soon after that has gone, also where little is written then. */
static void a_long_log_begins_anew(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  scratch_begin(&scratch);
  sqlite3_auto_extension((void (*)(void))note_connection);
  loom_writer *writer = open_writer(&scratch, &roomy);
  sqlite3_cancel_auto_extension((void (*)(void))note_connection);
  loom_database *reader = open_database(scratch_path(&scratch, "db"));
  assert_status(loom_database_begin_read(reader, &error), LOOM_OK, &error);
  assert_int_equal(number(reader, "SELECT count(*) FROM store"), 0);
  write_by(writer, make_log_long);
  write_by(writer, write_little); /* begins when the log has been tried */
  int64_t before = log_size(&scratch);
  assert_true(before > 80000000);
  loom_database_end_read(reader);
  while (log_size(&scratch) >= before && log_size(&scratch) < before + (8 << 20)) {
    write_by(writer, write_little);
    /* a second is long before it has grown so far */
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  assert_true(log_size(&scratch) <= 64 << 20); /* so much of the file stays */
  loom_database_close(reader);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/* More polls than a small disk takes. */
static loom_staging *big_batch(int64_t instant) {
  loom_staging *batch = new_batch(20000);
  for (int i = 0; i < 20000; i++) {
    loom_error error;
    char id[32];
    int length = snprintf(id, sizeof id, "%d", i);
    assert_status(loom_staging_add_poll(batch, id, (size_t)length, true, instant, &error), LOOM_OK,
                  &error);
  }
  return batch;
}

static off_t size_of(const char *path) {
  struct stat found;
  assert_int_equal(stat(path, &found), 0);
  return found.st_size;
}

/* Bytes that a writer which copies its log by a step has left in the log alone, after two large writes. */
static int64_t not_copied(int log_step) {
  struct scratch scratch;
  struct loom_writer_options options = roomy;
  options.log_step = log_step;
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &options);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  number(other, "SELECT count(*) FROM store");
  for (int i = 0; i < 2; i++) {
    loom_write *write = submit_batch(writer, big_batch(NOW + i * LOOM_DAY));
    expect_done(write);
    loom_write_release(write);
  }
  /* which ends after its checkpoint; the log stays, as it has another user */
  loom_writer_free(writer);
  int64_t size = number(other, "PRAGMA page_count") * number(other, "PRAGMA page_size");
  size -= size_of(scratch_path(&scratch, "db"));
  loom_database_close(other);
  scratch_end(&scratch);
  return size;
}

static void the_log_is_copied_once_it_is_long(void **state) {
  (void)state;
  assert_int_equal(not_copied(1), 0);
  assert_true(not_copied(1 << 30) > 0);
}

/* Others leave their checkpoints to a writer that has nothing to do, even to one that has never written. */
static void an_idle_writer_copies_what_others_wrote(void **state) {
  (void)state;
  struct scratch scratch;
  struct loom_writer_options options = roomy;
  options.idle_time = 20;
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &options);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  execute(other, "PRAGMA wal_autocheckpoint = 0");
  for (int i = 0; i < 2; i++) {
    const char *path = scratch_path(&scratch, "db");
    off_t before = size_of(path);
    execute(other,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) "
            "INSERT INTO store(store_id) SELECT hex(randomblob(100)) FROM n");
    for (int tries = 0; tries < 600000 && size_of(path) == before; tries++)
      nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    assert_true(size_of(path) > before);
  }
  loom_writer_free(writer);
  loom_database_close(other);
  scratch_end(&scratch);
}

/* Of an announcement that is taken back, the writer keeps nothing: not its place, and not its lock. */
static void announcements_are_withdrawn(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  struct loom_writer_options one = {.busy_timeout = 10000, .capacity = 1 << 20, .announced = 1};
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &one);
  for (unsigned i = 0; i < 3; i++) {
    loom_poll_write *polls = write_of(batch_of(0, i));
    loom_write *write = loom_poll_write_head(polls);
    assert_status(loom_writer_announce(writer, write, &error), LOOM_OK, &error);
    loom_writer_withdraw(writer, write);
    assert_status(loom_writer_submit(writer, write, &error), LOOM_OK, &error);
    expect_done(write);
    loom_write_release(write);
  }
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/* Makes the disk small, and returns what the limit was. */
static struct rlimit fill_disk(void) {
  struct rlimit before, small = {.rlim_cur = 100 << 10};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  return before;
}

static void the_disk_is_full(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_staging *batch = big_batch(NOW);
  struct rlimit before = fill_disk();
  loom_write *write = submit_batch(writer, batch);
  expect_failed(write, LOOM_EFULL, "");
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  loom_write_release(write);
  write = submit_batch(writer, batch_of(0, 0));
  expect_done(write);
  loom_write_release(write);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/* Then there is no connection between transactions; there is one again, with all that it needs, when there is room. */
static void the_disk_is_full_at_the_start(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  write_batch(other, batch_of(0, 0));
  loom_database_close(other);
  struct rlimit before, none = {0};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  none.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_write *write = submit_batch(writer, batch_of(1, 0));
  expect_failed(write, LOOM_EFULL, "");
  loom_write_release(write);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  for (unsigned i = 2; i < 5; i++) {
    write = submit_batch(writer, batch_of(i, 0));
    expect_done(write);
    loom_write_release(write);
  }
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/*
** What shares a commit with a write that finds no room fails as that one does, and leaves nothing behind. The lock is held
** while they are submitted, so that all but the first few wait for one transaction.
*/
static void the_disk_is_full_for_a_group(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error, reason;
  loom_write *writes[9];
  enum { BIG = sizeof writes / sizeof *writes - 1 };
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_database *other = open_database(scratch_path(&scratch, "db")), *oracle = memory_database();
  loom_staging *big = big_batch(NOW);
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  struct rlimit before = fill_disk();
  for (unsigned i = 0; i < BIG; i++)
    writes[i] = submit_batch(writer, batch_of(i, 0));
  writes[BIG] = submit_batch(writer, big);
  loom_database_rollback(other);
  assert_int_equal(await(writes[BIG], &reason), LOOM_WRITE_FAILED);
  assert_status(reason.code, LOOM_EFULL, &reason);
  for (unsigned i = 0; i < BIG; i++)
    if (await(writes[i], &error) == LOOM_WRITE_DONE)
      write_batch(oracle, batch_of(i, 0));
    else
      expect_failed(writes[i], LOOM_EFULL, reason.message);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  struct buffer expected = dump(oracle), found = dump(other);
  assert_buffer_equal(&expected, &found);
  buffer_free(&expected);
  buffer_free(&found);
  for (unsigned i = 0; i <= BIG; i++)
    loom_write_release(writes[i]);
  loom_database_close(other);
  loom_database_close(oracle);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/*
** A failure by which SQLite ends the transaction is that of all that had been applied in it, and tells its reason, not that
** there was nothing to commit. Tried until some writes have shared a transaction with the one that fails.
*/
static void a_failure_ends_the_transaction_of_a_group(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error, reason;
  loom_write *writes[9];
  enum { BAD = sizeof writes / sizeof *writes - 1 };
  int shared = 0;
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_database *other = open_database(scratch_path(&scratch, "db"));
  execute(other,
          "CREATE TRIGGER refuse BEFORE INSERT ON store WHEN new.store_id = 'bad' "
          "BEGIN SELECT RAISE(ROLLBACK, 'no more'); END");
  for (int attempt = 0; attempt < 100 && shared == 0; attempt++) {
    assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
    for (unsigned i = 0; i < BAD; i++)
      writes[i] = submit_batch(writer, batch_of(i, 0));
    writes[BAD] = submit_batch(writer, batch_of_store("bad"));
    loom_database_rollback(other);
    assert_int_equal(await(writes[BAD], &reason), LOOM_WRITE_FAILED);
    assert_non_null(strstr(reason.message, "no more"));
    for (unsigned i = 0; i < BAD; i++)
      if (await(writes[i], &error) == LOOM_WRITE_FAILED) {
        expect_failed(writes[i], reason.code, reason.message);
        shared++;
      }
    for (unsigned i = 0; i <= BAD; i++)
      loom_write_release(writes[i]);
  }
  assert_int_not_equal(shared, 0);
  loom_database_close(other);
  loom_writer_free(writer);
  scratch_end(&scratch);
}

/* ---- texts ---- */

static void texts_of_polls(void **state) {
  (void)state;
  static const struct {
    enum loom_poll_format format;
    const char *text, *failure;
    uint64_t max_rejects, rows, added, rejected;
  } cases[] = {
      {LOOM_POLLS_JSON, "{\"store_id\":\"a\",\"status\":\"active\"}", NULL, 0, 1, 1, 0},
      {LOOM_POLLS_JSON, "[{\"status\":\"inactive\",\"store_id\":\"a\",\"x\":[{\"y\":1.5e3}]}]",
       NULL, 0, 1, 1, 0},
      {LOOM_POLLS_JSON, "[]", NULL, 0, 0, 0, 0},
      {LOOM_POLLS_JSON, "[1,{}]", "2 of 2 polls are bad: number 1: is not an object", 1, 2, 0, 2},
      {LOOM_POLLS_JSON, "[1,{}]", NULL, 2, 2, 0, 2},
      {LOOM_POLLS_JSON, "\n[1,\n2", "line 3: a comma or a closing bracket is missing",
       LOOM_ALL_REJECTS, 2, 0, 2},
      {LOOM_POLLS_JSON, "", "neither an object nor an array", 0, 0, 0, 0},
      {LOOM_POLLS_NDJSON, "\n{\"store_id\":\"a\",\"status\":\"active\"}\r\n[\n\n7", NULL, 2, 3, 1,
       2},
      {LOOM_POLLS_NDJSON, "", NULL, 0, 0, 0, 0},
      {LOOM_POLLS_CSV, "store_id,status,timestamp_utc\na,active,2023-01-01 00:00:00\n", NULL, 0, 1,
       1, 0},
      {LOOM_POLLS_CSV, "store_id,status,timestamp_utc\na,active,x\n",
       "1 of 1 polls are bad: number 1: timestamp_utc: \"x\" is not", 0, 1, 0, 1},
      {LOOM_POLLS_CSV, "store_id\n", "has no column status", 0, 0, 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct scratch scratch;
    scratch_begin(&scratch);
    loom_writer *writer = open_writer(&scratch, &roomy);
    loom_poll_write *polls =
        submit_text(writer, cases[i].format, cases[i].text, cases[i].max_rejects);
    loom_write *write = loom_poll_write_head(polls);
    if (cases[i].failure)
      expect_failed(write, LOOM_EINPUT, cases[i].failure);
    else
      expect_done(write);
    assert_int_equal(write->counts.rows, cases[i].rows);
    assert_int_equal(write->counts.added, cases[i].added);
    assert_int_equal(write->counts.rejected, cases[i].rejected);
    assert_int_equal(loom_poll_write_rejects(polls)->count, cases[i].rejected);
    loom_write_release(write);
    loom_writer_free(writer);
    scratch_end(&scratch);
  }
}

/* ---- uploads ---- */

/* Lines of polls, of which the one at `bad` is none. */
static struct buffer polls_text(unsigned count, unsigned bad) {
  struct buffer text = {0};
  buffer_printf(&text, "store_id,status,timestamp_utc\n");
  for (unsigned i = 1; i <= count; i++)
    buffer_printf(&text, "%u,%s,2023-01-%02u %02u:00:00 UTC\n", i % 50,
                  i == bad ? "maybe" : "active", 1 + i / 50 % 28, i / 1400 % 24);
  return text;
}

static loom_upload *begin_upload(loom_writer *writer, uint64_t max_rejects, size_t capacity) {
  struct loom_ingest_options options = {
      .source = "file", .max_rejects = max_rejects, .threads = 2, .block_size = 4096};
  struct loom_staging_options staging = {.kind = LOOM_POLLS, .sort_capacity = 1000};
  loom_error error;
  loom_upload *upload;
  assert_status(loom_upload_new(writer, &options, &staging, NULL, capacity, &upload, &error),
                LOOM_OK, &error);
  return upload;
}

/* Pushes until the upload has failed, or all is in; how often it was full. */
static unsigned push_all(loom_upload *upload, const struct buffer *text, size_t piece) {
  unsigned full = 0;
  for (size_t at = 0; at < text->length;) {
    loom_error error;
    bool taken;
    size_t size = text->length - at < piece ? text->length - at : piece;
    if (loom_upload_push(upload, text->bytes + at, size, &taken, &error) != LOOM_OK)
      return full;
    at += taken ? size : 0;
    full += !taken;
    if (!taken)
      nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
  loom_upload_finish(upload);
  return full;
}

static void uploads_equal_ingests(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer text = polls_text(20000, 0);
  loom_database *oracle = memory_database();
  struct loom_counts counts = load(oracle, LOOM_POLLS, text.bytes);
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  static const size_t pieces[] = {100, 5000, 1 << 20};
  for (size_t i = 0; i < COUNT_OF(pieces); i++) {
    uint64_t parsed;
    double written;
    loom_upload *upload = begin_upload(writer, 0, 10000);
    push_all(upload, &text, pieces[i]);
    loom_write *write = loom_upload_head(upload);
    expect_done(write);
    assert_int_equal(write->counts.rows, counts.rows);
    assert_int_equal(write->counts.added, i == 0 ? counts.added : 0);
    loom_upload_progress(upload, &parsed, &written);
    assert_int_equal(parsed, text.length);
    assert_true(written >= 1 && written <= 1);
    loom_upload_release(upload);
  }
  loom_writer_free(writer);
  struct buffer expected = dump(oracle), found = dump_file(&scratch);
  assert_buffer_equal(&expected, &found);
  buffer_free(&expected);
  buffer_free(&found);
  buffer_free(&text);
  loom_database_close(oracle);
  scratch_end(&scratch);
}

static void bad_rows_of_uploads(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer text = polls_text(20000, 7000);
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  loom_upload *upload = begin_upload(writer, 0, 10000);
  push_all(upload, &text, 1000);
  expect_failed(loom_upload_head(upload), LOOM_EINPUT,
                "file:7001: status: \"maybe\" is not a status");
  assert_int_equal(loom_upload_rejects(upload)->count, 1);
  loom_upload_release(upload);
  upload = begin_upload(writer, 1, 10000);
  push_all(upload, &text, 1000);
  expect_done(loom_upload_head(upload));
  struct loom_reject reject = loom_reject_of(loom_upload_rejects(upload)->first);
  assert_int_equal(reject.line, 7001);
  assert_int_equal(reject.number, 7000);
  assert_int_equal(loom_upload_head(upload)->counts.rejected, 1);
  loom_upload_release(upload);
  loom_writer_free(writer);
  buffer_free(&text);
  scratch_end(&scratch);
}

/* A database that is locked keeps the upload's writing waiting, so that the queue fills up behind nothing else. */
static void uploads_that_end_early(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  bool taken = true;
  struct buffer text = polls_text(2000, 0);
  size_t header = (size_t)(strchr(text.bytes, '\n') + 1 - text.bytes);
  struct loom_writer_options one = {.busy_timeout = 10000, .capacity = 1 << 20, .announced = 1};
  struct loom_ingest_options options = {.source = "file"};
  struct loom_staging_options staging = {.kind = LOOM_POLLS};
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &one);
  struct buffer before = dump_file(&scratch);
  loom_upload *upload = begin_upload(writer, 0, 10), *second;
  assert_status(loom_upload_new(writer, &options, &staging, NULL, 10, &second, &error), LOOM_EAGAIN,
                &error);
  assert_status(loom_upload_push(upload, text.bytes, header, &taken, &error), LOOM_OK, &error);
  /* whole rows, so that it goes on however far it has come */
  for (int i = 0; i < 1000 && taken; i++)
    assert_status(
        loom_upload_push(upload, text.bytes + header, text.length - header, &taken, &error),
        LOOM_OK, &error);
  assert_false(taken); /* it can parse only so fast */
  loom_upload_abort(upload);
  expect_failed(loom_upload_head(upload), LOOM_ECANCELED, "aborted");
  assert_status(loom_upload_push(upload, "x", 1, &taken, &error), LOOM_ECANCELED, &error);
  loom_upload_release(upload);
  while (loom_upload_new(writer, &options, &staging, NULL, 10, &upload, &error) == LOOM_EAGAIN)
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); /* until the writer has seen it off */
  loom_upload_release(upload);                              /* without finish: dropped */
  while (loom_upload_new(writer, &options, &staging, NULL, 10, &upload, &error) == LOOM_EAGAIN)
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  loom_writer_free(writer); /* cancels what is not finished */
  assert_int_equal(loom_write_state(loom_upload_head(upload), &error), LOOM_WRITE_FAILED);
  assert_int_equal(error.code, LOOM_ECANCELED);
  loom_upload_release(upload);
  struct buffer after = dump_file(&scratch);
  assert_buffer_equal(&before, &after);
  buffer_free(&before);
  buffer_free(&after);
  buffer_free(&text);
  scratch_end(&scratch);
}

/* Waits until some of it is written; false: it has ended before that was seen. */
static bool await_part(const loom_upload *upload, loom_write *write) {
  for (int i = 0; i < 600000; i++) {
    uint64_t parsed;
    double written;
    loom_upload_progress(upload, &parsed, &written);
    if (loom_write_state(write, NULL) != LOOM_WRITE_PENDING || written > 0)
      return loom_write_state(write, NULL) == LOOM_WRITE_PENDING;
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
  return false;
}

/*
** With so many polls a thread sorts them ahead of the writing, from what the upload lets go of. Whether it does so while it is
** aborted is a matter of luck, so that it is tried until it was.
*/
static void uploads_aborted_while_they_are_written(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer text = polls_text(300000, 0);
  loom_error error;
  bool aborted = false;
  scratch_begin(&scratch);
  loom_writer *writer = open_writer(&scratch, &roomy);
  struct buffer before = dump_file(&scratch);
  for (int i = 0; i < 20 && !aborted; i++) {
    loom_upload *upload = begin_upload(writer, 0, 1 << 24);
    loom_write *write = loom_upload_head(upload);
    push_all(upload, &text, 1 << 20);
    if (await_part(upload, write))
      loom_upload_abort(upload);
    aborted = await(write, &error) == LOOM_WRITE_FAILED;
    if (aborted)
      assert_status(error.code, LOOM_ECANCELED, &error);
    loom_upload_release(upload);
    if (aborted && i == 0) {
      struct buffer after = dump_file(&scratch);
      assert_buffer_equal(&before, &after);
      buffer_free(&after);
    }
  }
  assert_true(aborted);
  loom_write *next = submit_batch(writer, batch_of(0, 0)); /* the writer goes on */
  expect_done(next);
  loom_write_release(next);
  loom_writer_free(writer);
  buffer_free(&before);
  buffer_free(&text);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(groups_equal_one_by_one),
                                     cmocka_unit_test(a_failure_in_a_group_is_undone_alone),
                                     cmocka_unit_test(what_cannot_be_ended_is_undone),
                                     cmocka_unit_test(other_connections_and_limits),
                                     cmocka_unit_test(patience_is_measured),
                                     cmocka_unit_test(a_long_log_begins_anew),
                                     cmocka_unit_test(the_log_is_copied_once_it_is_long),
                                     cmocka_unit_test(an_idle_writer_copies_what_others_wrote),
                                     cmocka_unit_test(announcements_are_withdrawn),
                                     cmocka_unit_test(the_disk_is_full),
                                     cmocka_unit_test(the_disk_is_full_at_the_start),
                                     cmocka_unit_test(the_disk_is_full_for_a_group),
                                     cmocka_unit_test(a_failure_ends_the_transaction_of_a_group),
                                     cmocka_unit_test(texts_of_polls),
                                     cmocka_unit_test(uploads_equal_ingests),
                                     cmocka_unit_test(bad_rows_of_uploads),
                                     cmocka_unit_test(uploads_that_end_early),
                                     cmocka_unit_test(uploads_aborted_while_they_are_written)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
