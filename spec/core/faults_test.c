/*
** Each kind of work with a fault at its n-th allocation, read, write or sync: it fails or succeeds, and says so; the database
** is as it was or as it should be; the same handle goes on; nothing leaks. Each read and each allocation of Loom's own, and of
** the others every so manieth, or each (LOOM_FAULTS=all, which is `make faults`).
*/
#include "faults.h"

#include "reports.h"

#include "report/survey.h"
#include "sqlite/backup.h"
#include "sqlite/check.h"
#include "sqlite/export.h"
#include "sqlite/info.h"
#include "sqlite/query.h"
#include "write/poll_write.h"
#include "write/prune.h"
#include "write/writer.h"

#include <time.h>

#define POINTS 8 /* of each kind of work and fault, where not all are tried */
#define STORES 12
#define MASKS 4 /* of what a work has done: two things at the most */

static const char *const inputs[LOOM_KIND_COUNT] = {
    [LOOM_POLLS] =
        "store_id,status,timestamp_utc\nnew,active,2023-01-20 09:00:00\n"
        "other,inactive,2023-01-21 10:00:00\nnew,inactive,2023-01-22 11:00:00\n",
    [LOOM_HOURS] =
        "store_id,day,start_time_local,end_time_local,effective_from\n"
        "new,0,09:00,17:00,\nnew,1,closed,,2023-02-01\nother,2,10:00,02:00,2023-01-01\n",
    [LOOM_TIMEZONES] = "store_id,timezone_str\nnew,Asia/Tokyo\nother,Europe/Paris\n",
    [LOOM_SPECIAL_DAYS] =
        "store_id,date,open,close,note\nnew,2023-01-20,10:00,12:00,a "
        "note\n*,2023-12-25,,,Christmas\n",
    [LOOM_EXCLUSIONS] =
        "store_id,from_utc,to_utc,reason\nnew,2023-01-20 00:00:00,2023-01-20 01:00:00,repair\n",
    [LOOM_ATTRIBUTES] = "store_id,region,brand\nnew,north,x\nother,south,\n",
};

/* One run of a work. */
struct run {
  struct scratch *scratch;
  char path[640];
  loom_database *database;
  unsigned wanted, done; /* masks */
  struct buffer out;     /* what was read */
  loom_staging *staging; /* what was to be stored, complete or not */
};

/* ---- kinds of work ---- */

/* In a transaction of its own. */
static loom_status store_staging(struct run *run, loom_staging *staging, loom_error *error) {
  double share;
  loom_sink *sink = loom_sink_sqlite(run->database);
  if (!sink)
    return loom_no_memory(error);
  loom_status status = loom_sink_begin(sink, error);
  if (status == LOOM_OK) {
    while ((status = loom_sink_apply(sink, staging, 2, &share, error)) == LOOM_OK)
      ;
    if (status == LOOM_DONE)
      status = loom_sink_commit(sink, error);
    else
      loom_sink_abandon(sink);
  }
  loom_sink_free(sink);
  return status;
}

static loom_status ingest(struct run *run, enum loom_kind kind, loom_error *error) {
  loom_ingest *ingest = NULL;
  struct input_file file = small_file(kind);
  file.staging.sort_capacity = 1; /* of polls, all but one are in the file */
  run->staging = loom_staging_new(&file.staging);
  loom_status status = run->staging ? loom_ingest_new(&file.reading, run->database->zones,
                                                      run->staging, &ingest, error)
                                    : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_ingest_feed(ingest, inputs[kind], strlen(inputs[kind]), error);
  if (status == LOOM_OK)
    status = loom_ingest_finish(ingest, error);
  loom_ingest_free(ingest);
  if (status == LOOM_OK)
    status = store_staging(run, run->staging, error);
  run->done = status == LOOM_OK;
  return status;
}

static loom_status ingest_polls(struct run *run, loom_error *error) {
  return ingest(run, LOOM_POLLS, error);
}

static loom_status ingest_hours(struct run *run, loom_error *error) {
  return ingest(run, LOOM_HOURS, error);
}

static loom_status ingest_timezones(struct run *run, loom_error *error) {
  return ingest(run, LOOM_TIMEZONES, error);
}

static loom_status ingest_special_days(struct run *run, loom_error *error) {
  return ingest(run, LOOM_SPECIAL_DAYS, error);
}

static loom_status ingest_exclusions(struct run *run, loom_error *error) {
  return ingest(run, LOOM_EXCLUSIONS, error);
}

static loom_status ingest_attributes(struct run *run, loom_error *error) {
  return ingest(run, LOOM_ATTRIBUTES, error);
}

static loom_status report(struct run *run, loom_error *error) {
  loom_report *report = NULL;
  struct loom_report_options options = default_options();
  options.selection.all_stores = true;
  options.rules.evidence = LOOM_EVIDENCE_AROUND;
  options.has_as_of = true;
  options.as_of = instant("2023-01-24 16:30:00");
  loom_source *source = loom_source_sqlite(run->database);
  if (!source)
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  loom_status status = start_report(&options, source, run->database->zones, &report, error);
  if (status == LOOM_OK)
    status = wait_for(report, error);
  if (status == LOOM_DONE)
    put_report(&run->out, report);
  loom_report_free(report);
  loom_source_free(source);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* Polls and figures in SQL. */
static loom_status query(struct run *run, loom_error *error) {
  static const char sql[] =
      "SELECT store_id, timestamp_utc, active FROM polls UNION ALL SELECT store_id, from_utc, up "
      "|| ' ' || down FROM"
      " figures('w=7d', 'preset=monitoring', 'as_of=2023-01-24 16:30', 'all_stores=true', "
      "'default_zone=UTC')"
      " UNION ALL SELECT store_id, timestamp_utc, active FROM store_now";
  loom_query *query = NULL;
  loom_status status = loom_query_new(run->database, sql, sizeof sql - 1, &query, error);
  while (status == LOOM_OK && (status = loom_query_next(query, error)) == LOOM_OK)
    for (int i = 0; i < 3; i++) {
      struct loom_value value = loom_query_value(query, i);
      if (value.type == LOOM_BYTES)
        buffer_put(&run->out, value.bytes, value.length);
      else
        buffer_printf(&run->out, " %lld\n", (long long)value.integer);
    }
  loom_query_free(query);
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status export_all(struct run *run, loom_error *error) {
  loom_status status = LOOM_OK;
  for (int kind = 0; status == LOOM_OK && kind < LOOM_KIND_COUNT; kind++) {
    loom_export *export;
    const char *text;
    size_t length;
    status = loom_export_new(run->database, (enum loom_kind)kind, &export, error);
    while (status == LOOM_OK) {
      status = loom_export_next(export, &text, &length, error);
      if (status == LOOM_OK)
        buffer_put(&run->out, text, length);
    }
    loom_export_free(export);
    status = status == LOOM_DONE ? LOOM_OK : status;
  }
  return status;
}

static void put_problem(void *context, const char *problem) {
  buffer_put(context, problem, strlen(problem));
  buffer_put(context, "\n", 1);
}

static loom_status check(struct run *run, loom_error *error) {
  return loom_check_run(run->database, put_problem, &run->out, error);
}

static loom_status info(struct run *run, loom_error *error) {
  struct loom_info info = {0};
  int64_t revision;
  loom_status status = loom_info_read(run->database, &info, error);
  if (status == LOOM_OK)
    status = loom_database_revision(run->database, &revision, error);
  if (status == LOOM_OK)
    buffer_printf(&run->out, "%lld polls, %lld stores, %lld hours\n", (long long)info.polls,
                  (long long)info.stores, (long long)info.hours);
  return status;
}

static loom_status prune(struct run *run, loom_error *error) {
  struct loom_pruning pruning;
  struct loom_prune_options options = {
      .keep = 2 * LOOM_DAY, .now = LOOM_INSTANT_MAX, .force = true};
  loom_status status = loom_prune(run->database, &options, &pruning, error);
  run->done = status == LOOM_OK;
  return status;
}

/* A new file beside the database. */
static loom_status create(struct run *run, loom_error *error) {
  char path[640];
  loom_database *database;
  strcpy(path, scratch_path(run->scratch, "new.db"));
  loom_status status = loom_database_open(path, LOOM_OPEN_CREATE, SHORT_TIMEOUT, &database, error);
  for (int i = 0; status == LOOM_OK && i < 2; i++) { /* with a log from the second time on */
    status = loom_database_begin_write(database, error);
    if (status == LOOM_OK)
      status = loom_database_execute(
          database, "INSERT INTO store(store_id) VALUES(hex(randomblob(8)))", error);
    if (status == LOOM_OK)
      status = loom_database_commit(database, error);
    else if (database)
      loom_database_rollback(database);
  }
  loom_database_close(database);
  return status;
}

static loom_status open_again(struct run *run, loom_error *error) {
  loom_database *database;
  loom_status status =
      loom_database_open(run->path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, error);
  loom_database_close(database);
  return status;
}

static loom_status survey_all(struct run *run, loom_error *error) {
  struct loom_survey survey;
  const struct loom_survey_options options = {.default_zone = "UTC", .examples = 3};
  loom_source *source = loom_source_sqlite_shared(run->database);
  if (!source)
    return loom_no_memory(error);
  loom_status status = loom_survey_run(&options, source, run->database->zones, &survey, error);
  if (status == LOOM_OK)
    buffer_printf(&run->out, "%d stores, %d polls of %d days, %d gaps\n", (int)survey.stores,
                  (int)survey.polls, (int)survey.days, (int)survey.gaps.count);
  loom_survey_free(&survey);
  loom_source_free(source);
  return status;
}

static loom_status back_up(struct run *run, loom_error *error) {
  char path[640];
  loom_backup *backup;
  int64_t done, total;
  strcpy(path, scratch_path(run->scratch, "copy.db"));
  loom_status status = loom_backup_new(run->database, path, false, &backup, error);
  while (status == LOOM_OK)
    status = loom_backup_step(backup, 1, &done, &total, error);
  if (status == LOOM_DONE)
    status = loom_backup_commit(backup, error);
  loom_backup_free(backup);
  bool is_there = access(path, F_OK) == 0;
  assert_int_equal(is_there, status == LOOM_OK);
  if (is_there) {
    fault_disarm();
    loom_database *copy = open_database(path);
    struct buffer text = dump(copy);
    buffer_put(&run->out, text.bytes, text.length);
    buffer_free(&text);
    loom_database_close(copy);
  }
  return status;
}

/* ---- the writer ---- */

static loom_status await(const loom_write *write, loom_error *error) {
  enum loom_write_state state = LOOM_WRITE_PENDING;
  for (int i = 0; i < 600000 && (state = loom_write_state(write, error)) == LOOM_WRITE_PENDING; i++)
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
  assert_int_not_equal(state, LOOM_WRITE_PENDING);
  return state == LOOM_WRITE_DONE ? LOOM_OK : error->code;
}

/* Two writes, mostly in one transaction: each is done or not, as it says. */
static loom_status writer(struct run *run, loom_error *error) {
  static const char *const texts[] = {
      "store_id,status,timestamp_utc\nfirst,active,2023-01-20 09:00:00\n",
      "store_id,status,timestamp_utc\nsecond,active,2023-01-20 09:00:00\n"};
  static const struct loom_writer_options options = {
      .busy_timeout = 100, .capacity = 1 << 20, .announced = 1};
  loom_writer *writer;
  loom_poll_write *polls[2] = {NULL};
  loom_status status = loom_writer_new(run->path, &options, &writer, error), first = status;
  for (int i = 0; status == LOOM_OK && i < 2; i++) {
    struct loom_poll_text text = {.format = LOOM_POLLS_CSV, .zones = loom_writer_zones(writer)};
    if (!(run->wanted & 1u << i))
      continue;
    polls[i] = loom_poll_write_of_text(&text, texts[i], strlen(texts[i]));
    if (polls[i] && loom_writer_submit(writer, loom_poll_write_head(polls[i]), error) != LOOM_OK) {
      loom_write_release(loom_poll_write_head(polls[i]));
      polls[i] = NULL;
    }
    if (!polls[i])
      first = loom_fail(error, LOOM_ENOMEM, "out of memory");
  }
  for (int i = 0; i < 2; i++) {
    if (!polls[i])
      continue;
    loom_status written = await(loom_poll_write_head(polls[i]), error);
    run->done |= written == LOOM_OK ? 1u << i : 0;
    first = first == LOOM_OK ? written : first;
    loom_write_release(loom_poll_write_head(polls[i]));
  }
  loom_writer_free(writer);
  return first;
}

static const struct work {
  const char *name;
  loom_status (*run)(struct run *run, loom_error *error);
  unsigned all; /* what it does, as a mask; 0: it only reads */
} works[] = {{"ingest polls", ingest_polls, 1},
             {"ingest hours", ingest_hours, 1},
             {"ingest timezones", ingest_timezones, 1},
             {"ingest special days", ingest_special_days, 1},
             {"ingest exclusions", ingest_exclusions, 1},
             {"ingest attributes", ingest_attributes, 1},
             {"report", report, 0},
             {"query", query, 0},
             {"survey", survey_all, 0},
             {"export", export_all, 0},
             {"check", check, 0},
             {"info", info, 0},
             {"prune", prune, 1},
             {"create", create, 0},
             {"open", open_again, 0},
             {"backup", back_up, 0},
             {"writer", writer, 3}};

/* ---- running them ---- */

static struct buffer template; /* the database's file */

static void make_template(struct scratch *scratch) {
  struct buffer empty = {0};
  loom_error error;
  const char *path = scratch_path(scratch, "template.db");
  loom_database *memory = many_stores(STORES, 3), *database;
  loom_backup *backup;
  int64_t done, total;
  /* a block that grows */
  load(memory, LOOM_POLLS, "store_id,status,timestamp_utc\nnew,active,2023-01-20 08:00:00\n");
  load(memory, LOOM_ATTRIBUTES, "store_id,region,size\nnew,south,1\nold,north,\n");
  assert_status(loom_backup_new(memory, path, false, &backup, &error), LOOM_OK, &error);
  assert_status(loom_backup_step(backup, INT64_MAX, &done, &total, &error), LOOM_DONE, &error);
  assert_status(loom_backup_commit(backup, &error), LOOM_OK, &error);
  loom_backup_free(backup);
  loom_database_close(memory);
  database = open_database(path); /* as a file that is used is: with a log */
  /* so that a table is read, and may fail, in its middle */
  execute(database, "PRAGMA page_size=512; VACUUM");
  execute(database, "PRAGMA journal_mode=WAL");
  loom_database_close(database);
  template = empty;
  read_file(path, &template);
  unlink(path);
}

static void begin_run(struct run *run, struct scratch *scratch, unsigned wanted) {
  static const char *const others[] = {"x.db-wal",       "x.db-shm",   "x.db-journal", "new.db",
                                       "new.db-journal", "new.db-wal", "new.db-shm",   "copy.db",
                                       "copy.db-wal",    "copy.db-shm"};
  *run = (struct run){.scratch = scratch, .wanted = wanted};
  for (size_t i = 0; i < COUNT_OF(others); i++)
    unlink(scratch_path(scratch, others[i]));
  strcpy(run->path, scratch_path(scratch, "x.db"));
  write_file(run->path, template.bytes, template.length);
  run->database = open_database(run->path);
  run->out.capacity = 1 << 20; /* so that it does not grow while memory fails */
  run->out.bytes = malloc(run->out.capacity);
  assert_non_null(run->out.bytes);
  run->out.bytes[0] = '\0';
}

static void end_run(struct run *run) {
  loom_staging_free(run->staging);
  loom_database_close(run->database);
  buffer_free(&run->out);
}

/* What a work gives and leaves when nothing fails. */
struct expectation {
  struct buffer out, content[MASKS];
};

static void expect(const struct work *work, struct scratch *scratch, struct expectation *expected) {
  *expected = (struct expectation){0};
  for (unsigned mask = 0; mask <= work->all; mask++) {
    struct run run;
    loom_error error = {.message = ""};
    begin_run(&run, scratch, mask);
    if (mask == work->all || work->all > 1)
      assert_status(work->run(&run, &error), LOOM_OK, &error);
    expected->content[mask] = dump(run.database);
    if (mask == work->all)
      buffer_put(&expected->out, run.out.bytes, run.out.length);
    end_run(&run);
  }
}

static void expectation_free(struct expectation *expected) {
  buffer_free(&expected->out);
  for (int i = 0; i < MASKS; i++)
    buffer_free(&expected->content[i]);
}

/* The content of the run's handle, or of one that is opened anew. */
static void assert_content(loom_database *database, const struct buffer *expected) {
  struct buffer found = dump(database);
  assert_buffer_equal(expected, &found);
  buffer_free(&found);
}

static void assert_sound(struct run *run, const struct buffer *expected) {
  loom_error error;
  struct loom_info info;
  run->out.length = 0;
  assert_status(loom_info_read(run->database, &info, &error), LOOM_OK, &error);
  assert_content(run->database, expected);
  assert_status(loom_check_run(run->database, put_problem, &run->out, &error), LOOM_OK, &error);
  if (run->out.length)
    print_error("%s", run->out.bytes);
  assert_int_equal(run->out.length, 0);
  loom_database *other = open_database(run->path);
  assert_content(other, expected);
  loom_database_close(other);
  assert_status(loom_database_begin_write(run->database, &error), LOOM_OK, &error);
  execute(run->database, "INSERT INTO store(store_id) VALUES('afterwards')");
  execute(run->database, "DELETE FROM store WHERE store_id = 'afterwards'");
  assert_status(loom_database_commit(run->database, &error), LOOM_OK, &error);
}

struct fault {
  const char *name;
  enum fault_kind kind;
  enum fault_way way;
  bool for_good;
};

static const char *current; /* for who looks at a failure */

/* One work with one fault at its n-th occasion; false if there was no such occasion. */
static bool try(const struct work *work, const struct fault *fault, long n, struct scratch *scratch,
                const struct expectation *expected) {
  struct run run;
  loom_error error = {.message = ""};
  char name[128];
  snprintf(name, sizeof name, "%s: %s number %ld%s", work->name, fault->name, n,
           fault->for_good ? " and on" : "");
  current = name;
  long live = atomic_load(&faults.live);
  begin_run(&run, scratch, work->all);
  fault_arm(fault->kind, fault->way, fault->for_good, n);
  loom_status status = work->run(&run, &error);
  bool happened = fault_disarm() > 0;
  if (status != LOOM_OK)
    assert_true(happened && error.message[0]);
  /* it tells files from memory */
  if (work->run == back_up && fault->kind != FAULT_MEMORY && fault->kind != FAULT_OWN_MEMORY)
    assert_int_not_equal(status, LOOM_ENOMEM);
  /* which may tell of it as a problem */
  if (!work->all && status == LOOM_OK && !(work->run == check && happened))
    assert_buffer_equal(&expected->out, &run.out);
  if (status == LOOM_OK)
    assert_int_equal(run.done, work->all);
  assert_sound(&run, &expected->content[run.done]);
  if (status != LOOM_OK && run.staging && run.staging->complete) { /* it can be stored again */
    assert_status(store_staging(&run, run.staging, &error), LOOM_OK, &error);
    assert_sound(&run, &expected->content[work->all]);
  }
  end_run(&run);
  /* what the C library has made for us is freed here, too */
  assert_true(atomic_load(&faults.live) <= live);
  assert_int_equal(sqlite3_memory_used(), 0);
  current = NULL;
  return happened;
}

static long step_for(const struct work *work, const struct fault *fault, struct scratch *scratch) {
  const char *all = getenv("LOOM_FAULTS");
  struct run run;
  loom_error error;
  if (fault->kind == FAULT_READ || fault->kind == FAULT_OWN_MEMORY ||
      (all && strcmp(all, "all") == 0))
    return 1; /* these are few, and after each comes something else */
  begin_run(&run, scratch, work->all);
  fault_arm(fault->kind, fault->way, false, INT32_MAX); /* how many occasions there are */
  work->run(&run, &error);
  long occasions = INT32_MAX - atomic_load(&faults.left);
  fault_disarm();
  end_run(&run);
  return occasions / POINTS + 1;
}

static void try_all(struct scratch *scratch, const struct fault *found, size_t count) {
  for (size_t w = 0; w < COUNT_OF(works); w++) {
    struct expectation expected;
    expect(&works[w], scratch, &expected);
    for (size_t f = 0; f < count; f++) {
      long step = step_for(&works[w], &found[f], scratch), n = 1;
      while (try(&works[w], &found[f], n, scratch, &expected))
        n += step;
    }
    expectation_free(&expected);
  }
}

static void out_of_memory(void **state) {
  static const struct fault found[] = {
      {"allocation", FAULT_MEMORY, FAULT_ERROR, false},
      {"allocation", FAULT_MEMORY, FAULT_ERROR, true},
      {"allocation of Loom's", FAULT_OWN_MEMORY, FAULT_ERROR, false}};
  try_all(*state, found, COUNT_OF(found));
}

static void files_that_fail(void **state) {
  static const struct fault found[] = {{"read", FAULT_READ, FAULT_ERROR, false},
                                       {"read", FAULT_READ, FAULT_ERROR, true},
                                       {"write", FAULT_WRITE, FAULT_ERROR, false},
                                       {"write, torn,", FAULT_WRITE, FAULT_TORN, true},
                                       {"write on a full disk", FAULT_WRITE, FAULT_FULL, true},
                                       {"sync", FAULT_SYNC, FAULT_ERROR, false},
                                       {"sync", FAULT_SYNC, FAULT_ERROR, true}};
  try_all(*state, found, COUNT_OF(found));
}

/* An order of stores for which there was no memory is set when it is asked for again, as where what failed is stored again. */
static void an_order_without_memory(void **state) {
  (void)state;
  static const uint32_t order[] = {1, 0};
  static const struct loom_poll_record polls[] = {{.store = 0}, {.store = 1}};
  for (long n = 1; n <= 2; n++) {
    loom_error error;
    struct loom_poll_group group;
    loom_poll_sorter *sorter = loom_poll_sorter_new(10);
    assert_non_null(sorter);
    fault_arm(FAULT_OWN_MEMORY, FAULT_ERROR, false, n);
    assert_false(loom_poll_sorter_set_order(sorter, order, 2));
    assert_int_equal(fault_disarm(), 1);
    assert_true(loom_poll_sorter_set_order(sorter, order, 2));
    assert_status(loom_poll_sorter_add(sorter, polls, 2, NULL, &error), LOOM_OK, &error);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
      assert_status(loom_poll_sorter_next(sorter, &group, &error), LOOM_OK, &error);
      assert_int_equal(group.store, order[i]);
    }
    loom_poll_sorter_free(sorter);
  }
}

static int begin(void **state) {
  static struct scratch scratch;
  scratch_begin(&scratch);
  make_template(&scratch);
  *state = &scratch;
  return 0;
}

static int end(void **state) {
  if (current)
    print_error("with %s\n", current);
  current = NULL;
  buffer_free(&template);
  scratch_end(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_order_without_memory),
      cmocka_unit_test_setup_teardown(out_of_memory, begin, end),
      cmocka_unit_test_setup_teardown(files_that_fail, begin, end),
  };
  fault_install();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
