/*
** Tests of storing what is staged in a database: in steps and transactions, what misuse gives, and that a staging can be stored
** again, whatever became of the attempts before.
*/
#include "storage.h"

#include "time/civil.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"
#define HOURS_HEADER "store_id,day,start_time_local,end_time_local,effective_from\n"
#define DAYS_HEADER "store_id,date,open,close,note\n"

static const struct text {
  enum loom_kind kind;
  const char *text;
  uint64_t
      duplicates; /* that it stores nothing but when it is stored again; 0: it contradicts itself */
} texts[] = {
    {LOOM_POLLS,
     POLLS_HEADER
     "s,inactive,2023-01-24 09:00:00\nt,active,2023-01-24 10:00:00\n"
     "s,active,2023-01-25 09:00:00\ns,active,2023-01-24 08:00:00\nt,active,2023-01-24 10:00:00\n",
     5},
    {LOOM_POLLS,
     POLLS_HEADER
     "s,inactive,2023-01-24 09:00:00\ns,active,2023-01-24 09:00:00\nt,active,2023-01-20 09:00:00\n"
     "s,inactive,2023-01-24 09:00:00\n",
     0},
    {LOOM_HOURS,
     HOURS_HEADER "s,0,09:00,17:00,\ns,3,closed,,2023-06-01\nt,6,00:00,24:00,2020-02-29\n"
                  "t,5,closed,closed,2020-02-29\ns,0,09:00,17:00,\nu,1,closed,,\nu,2,closed,,\n",
     7},
    {LOOM_TIMEZONES, "store_id,timezone_str\ns,America/Denver\nt,UTC\ns,America/Denver\n", 3},
    {LOOM_TIMEZONES, "store_id,timezone_str\nt,UTC\ns,America/Denver\ns,UTC\nt,Asia/Tokyo\n", 0},
    {LOOM_SPECIAL_DAYS,
     DAYS_HEADER "*,2023-12-25,,,closed\ns,2023-12-25,10:00,12:00,\ns,2023-12-25,08:00,09:00,x\n"
                 "t,2023-12-24,,,\ns,2023-12-25,08:00,09:00,early\n",
     5},
    {LOOM_EXCLUSIONS,
     "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-01 01:00:00,\n"
     "s,2023-01-01 00:00:00,2023-01-01 01:00:00,x\n*,2023-01-01 00:00:00,2023-01-01 01:00:00,\n",
     3},
    {LOOM_ATTRIBUTES, "store_id,region,brand\ns,west,x\nt,east,y\ns,west,x\n", 6},
    {LOOM_ATTRIBUTES, "store_id,region,brand\ns,west,x\nt,,y\ns,,z\ns,west,x\n", 0},
};

/* With something of each kind, which the texts add to, repeat or contradict. */
static loom_database *some_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER "s,active,2023-01-24 09:00:00\ns,active,2023-01-24 08:00:00\n");
  load(database, LOOM_HOURS, HOURS_HEADER "s,0,10:00,17:00,\nt,5,09:00,17:00,2020-02-29\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,UTC\n");
  load(database, LOOM_SPECIAL_DAYS,
       DAYS_HEADER "s,2023-12-25,08:00,09:00,x\n*,2023-12-25,10:00,11:00,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,2023-01-01 00:00:00,2023-01-01 01:00:00\n");
  load(database, LOOM_ATTRIBUTES, "store_id,region\ns,north\nt,east\n");
  override_hours(database, "s", "2023-05-01", 1, 3600, 7200);
  override_timezone(database, "s", "Asia/Tokyo");
  override_day(database, "s", "2023-12-25", 3600, 7200, "hand");
  return database;
}

/* Of each text, with sorters that hold from one poll to all of them, and with overrides that stay or go. */
static void for_each_staging(void (*test)(loom_staging *staging, const struct text *text)) {
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    bool polls = texts[i].kind == LOOM_POLLS;
    for (size_t way = 1; way <= (polls ? 6 : 2); way++) {
      struct input_file file = small_file(texts[i].kind);
      file.staging.sort_capacity = way;
      file.staging.replace_overrides = way == 2;
      loom_staging *staging =
          stage_bytes(database->zones, &file, texts[i].text, strlen(texts[i].text));
      test(staging, &texts[i]);
      loom_staging_free(staging);
    }
  }
  loom_database_close(database);
}

/* What comes of the staging is what comes of one that was never stored before. */
static void assert_stores_as_new(loom_staging *staging, const struct text *text, loom_sink *sink,
                                 loom_database *database) {
  loom_error error;
  loom_database *expected = some_database();
  struct input_file file = {.reading = small_file(text->kind).reading, .staging = staging->options};
  struct loom_counts counts = load_bytes(expected, &file, text->text, strlen(text->text));
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  assert_memory_equal(&staging->counts, &counts, sizeof counts);
  assert_same_databases(expected, database);
  loom_database_close(expected);
}

static void assert_untouched(loom_database *database) {
  loom_database *expected = some_database();
  assert_same_databases(expected, database);
  loom_database_close(expected);
}

/* ---- what is staged can be stored again ---- */

static void store_after_steps(loom_staging *staging, const struct text *text) {
  loom_error error;
  loom_status status = LOOM_OK;
  for (int steps = 0; status != LOOM_DONE; steps++) {
    double share;
    loom_database *database = some_database();
    loom_sink *sink = new_sink(database);
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    status = LOOM_OK;
    for (int i = 0; i < steps && status == LOOM_OK; i++)
      status = loom_sink_apply(sink, staging, 1, &share, &error);
    assert_true(status == LOOM_OK || status == LOOM_DONE);
    loom_sink_abandon(sink);
    assert_untouched(database);
    assert_stores_as_new(staging, text, sink, database);
    loom_sink_free(sink);
    loom_database_close(database);
  }
}

static void again_after_any_number_of_steps(void **state) {
  (void)state;
  for_each_staging(store_after_steps);
}

static int refuse(void *context) {
  (void)context;
  return 1;
}

static void store_after_commit(loom_staging *staging, const struct text *text) {
  loom_error error;
  loom_database *database = some_database();
  loom_sink *sink = new_sink(database);
  for (int i = 0; i < 2; i++) {
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    assert_status(apply_in_steps(sink, staging, 2, &error), LOOM_DONE, &error);
    sqlite3_commit_hook(database->sqlite, refuse, NULL);
    assert_status(loom_sink_commit(sink, &error), LOOM_EIO, &error);
    sqlite3_commit_hook(database->sqlite, NULL, NULL);
    assert_untouched(database);
  }
  assert_stores_as_new(staging, text, sink, database);
  loom_sink_free(sink);
  loom_database_close(database);
}

static void again_after_a_commit_that_failed(void **state) {
  (void)state;
  for_each_staging(store_after_commit);
}

/* SQLite asks before each of its instructions: the n-th one is where it ends. */
static int interrupt(void *context) {
  long *left = context;
  return --*left == 0;
}

static void store_after_failures(loom_staging *staging, const struct text *text) {
  loom_error error;
  loom_database *database = some_database();
  loom_sink *sink = new_sink(database);
  loom_status status = LOOM_EIO;
  for (long instruction = 1; status != LOOM_DONE; instruction += instruction < 50 ? 1 : 29) {
    long left = instruction;
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    sqlite3_progress_handler(database->sqlite, 1, interrupt, &left);
    status = apply_in_steps(sink, staging, 2, &error);
    sqlite3_progress_handler(database->sqlite, 0, NULL, NULL);
    assert_int_equal(status == LOOM_DONE, left > 0);
    loom_sink_abandon(sink);
  }
  assert_untouched(database);
  assert_stores_as_new(staging, text, sink, database);
  loom_sink_free(sink);
  loom_database_close(database);
}

static void again_after_any_failure(void **state) {
  (void)state;
  for_each_staging(store_after_failures);
}

/* In one transaction or in two, into this database or another one. */
static void store_twice(loom_staging *staging, const struct text *text) {
  loom_error error;
  loom_database *database = some_database(), *other = some_database();
  loom_sink *sink = new_sink(database), *other_sink = new_sink(other);
  assert_stores_as_new(staging, text, sink, database);
  struct buffer before = dump(database);
  if (text->duplicates) {
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    for (int i = 0; i < 2; i++) {
      assert_status(apply_in_steps(sink, staging, 1, &error), LOOM_DONE, &error);
      assert_counts(&staging->counts, staging->counts.rows, 0, text->duplicates, 0, 0);
    }
    assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  }
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  assert_stores_as_new(staging, text, other_sink, other);
  buffer_free(&before);
  buffer_free(&after);
  loom_sink_free(sink);
  loom_sink_free(other_sink);
  loom_database_close(database);
  loom_database_close(other);
}

static void twice_is_once(void **state) {
  (void)state;
  for_each_staging(store_twice);
}

/* Whoever ends the transaction: what was half stored is begun anew in the next one. */
static void store_after_others(loom_staging *staging, const struct text *text) {
  loom_error error;
  double share;
  for (int commits = 0; commits < 2; commits++) {
    loom_database *database = some_database();
    loom_sink *sink = new_sink(database);
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    loom_status status = loom_sink_apply(sink, staging, 1, &share, &error);
    assert_true(status == LOOM_OK || status == LOOM_DONE);
    if (commits) {
      assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    } else {
      loom_database_rollback(database);
      assert_untouched(database);
    }
    assert_status(loom_sink_apply(sink, staging, 1, &share, &error), LOOM_EINVAL, &error);
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    assert_status(apply_in_steps(sink, staging, 1, &error), LOOM_DONE, &error);
    assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
    loom_database *expected = some_database();
    struct input_file file = {.reading = small_file(text->kind).reading,
                              .staging = staging->options};
    load_bytes(expected, &file, text->text, strlen(text->text));
    assert_same_databases(expected, database);
    loom_database_close(expected);
    loom_sink_free(sink);
    loom_database_close(database);
  }
}

static void again_when_others_end_the_transaction(void **state) {
  (void)state;
  for_each_staging(store_after_others);
}

/* ---- misuse ---- */

static loom_staging *stage(loom_database *database, enum loom_kind kind, const char *text) {
  struct input_file file = small_file(kind);
  return stage_bytes(database->zones, &file, text, strlen(text));
}

/* Refused, rather than written row by row; and what is staged can still be written. */
static void apply_needs_a_transaction(void **state) {
  (void)state;
  loom_error error;
  double share;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *database = open_database(scratch_path(&scratch, "x.db"));
  loom_sink *sink = new_sink(database);
  loom_staging *staging = stage(database, LOOM_POLLS, texts[0].text);
  for (int round = 0; round < 2; round++) { /* before there is a file, and after */
    assert_int_equal(loom_sink_apply(sink, staging, 100, &share, &error), LOOM_EINVAL);
    assert_non_null(strstr(error.message, "x.db: there is no write transaction"));
    assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
    assert_int_equal(loom_sink_apply(sink, staging, 100, &share, &error), LOOM_EINVAL);
    loom_database_end_read(database);
    assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  }
  assert_status(loom_sink_commit(sink, &error), LOOM_EINVAL, &error);
  loom_sink_abandon(sink); /* harmless */
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(apply_in_steps(sink, staging, 1, &error), LOOM_DONE, &error);
  assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  loom_sink_free(sink);
  loom_sink_free(NULL);
  loom_staging_free(staging);
  loom_database_close(database);
  scratch_end(&scratch);
}

static void one_whole_staging_at_a_time(void **state) {
  (void)state;
  loom_error error;
  double share;
  loom_database *database = memory_database();
  loom_sink *sink = new_sink(database);
  loom_staging *first = stage(database, LOOM_POLLS, texts[0].text),
               *second = stage(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,UTC\nt,UTC\n"),
               *open = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply(sink, open, 1, &share, &error), LOOM_EINVAL, &error);
  assert_string_equal(error.message, "what is to be written has not been read to its end");
  assert_status(loom_sink_apply(sink, first, 1, &share, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply(sink, second, 1, &share, &error), LOOM_EINVAL, &error);
  assert_string_equal(error.message, "something else is half written");
  assert_status(apply_in_steps(sink, first, 1, &error), LOOM_DONE, &error); /* goes on */
  assert_counts(&first->counts, 5, 4, 1, 0, 0);
  assert_status(loom_sink_apply(sink, second, 1, &share, &error), LOOM_OK, &error);
  loom_sink_abandon(sink);
  /* Neither what was given up nor what has failed is in the way of another one. */
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  execute(database,
          "CREATE TEMP TRIGGER stop BEFORE INSERT ON poll_block WHEN new.day > 19381"
          " BEGIN SELECT raise(ABORT, 'stopped'); END");
  assert_status(apply_in_steps(sink, first, 1, &error), LOOM_EIO, &error);
  assert_status(apply_in_steps(sink, second, 1, &error), LOOM_DONE, &error);
  assert_counts(&second->counts, 2, 2, 0, 0, 0);
  loom_sink_free(sink);
  loom_database_rollback(database); /* the handle's, which outlives the sink */
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  loom_staging_free(first);
  loom_staging_free(second);
  loom_staging_free(open);
  loom_database_close(database);
}

/* A sink keeps its database open. */
static void transactions_are_the_database_s(void **state) {
  (void)state;
  loom_error error;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *database = open_database(scratch_path(&scratch, "x.db")), *other;
  loom_staging *staging = stage(database, LOOM_POLLS, texts[0].text);
  loom_sink *sink = new_sink(database);
  loom_database_close(database);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  other = open_database(scratch_path(&scratch, "x.db"));
  assert_int_equal(number(other, "SELECT count(*) FROM polls"), 4);
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  assert_status(loom_sink_begin(sink, &error), LOOM_EBUSY, &error);
  loom_database_rollback(other);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  loom_sink_abandon(sink);
  loom_sink_free(sink);
  loom_staging_free(staging);
  loom_database_close(other);
  scratch_end(&scratch);
}

/* ---- removal ---- */

static loom_status remove_all(loom_sink *sink, const struct loom_removal *removal,
                              struct loom_removed *removed, loom_error *error) {
  loom_status status;
  *removed = (struct loom_removed){0};
  do
    status = loom_sink_remove(sink, removal, removed, error);
  while (status == LOOM_OK);
  return status;
}

/* Removing and storing share transactions. */
static void removals(void **state) {
  (void)state;
  loom_error error;
  struct loom_removed removed;
  static const struct loom_removal whole = {.id = "s", .id_length = 1, .whole_store = true},
                                   nobody = {.id = "x", .id_length = 1, .whole_store = true};
  loom_database *database = some_database();
  loom_sink *sink = new_sink(database);
  loom_staging *staging = stage(database, LOOM_POLLS, texts[0].text);
  assert_status(loom_sink_remove(sink, &whole, &removed, &error), LOOM_EINVAL, &error);
  for (int commits = 0; commits < 2; commits++) {
    assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
    assert_status(remove_all(sink, &nobody, &removed, &error), LOOM_ENOENT, &error);
    assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
    assert_status(remove_all(sink, &whole, &removed, &error), LOOM_DONE, &error);
    assert_int_equal(removed.gone.polls, 3);
    assert_int_equal(removed.gone.days, 2);
    assert_int_equal(removed.attributes, 1);
    assert_true(removed.timezone);
    if (commits) {
      assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
    } else {
      loom_sink_abandon(sink);
      assert_untouched(database);
    }
  }
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE store_id = 's'"), 0);
  assert_int_equal(number(database, "SELECT count(*) FROM polls"), 1);
  loom_sink_free(sink);
  loom_staging_free(staging);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(again_after_any_number_of_steps),
      cmocka_unit_test(again_after_a_commit_that_failed),
      cmocka_unit_test(again_after_any_failure),
      cmocka_unit_test(again_when_others_end_the_transaction),
      cmocka_unit_test(twice_is_once),
      cmocka_unit_test(apply_needs_a_transaction),
      cmocka_unit_test(one_whole_staging_at_a_time),
      cmocka_unit_test(transactions_are_the_database_s),
      cmocka_unit_test(removals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
