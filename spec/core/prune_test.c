/*
** Tests of pruning: the cut is exact, what is left is what was there, and the stores' first and newest polls are
** right afterwards.
*/
#include "storage.h"

#include "sqlite/check.h"
#include "time/civil.h"
#include "write/prune.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static void report_problem(void *context, const char *problem) {
  (void)context;
  print_error("%s\n", problem);
  fail();
}

static loom_status try_prune(loom_database *database, struct loom_prune_options options,
                             struct loom_pruning *pruning, loom_error *error) {
  return loom_prune(database, &options, pruning, error);
}

/* Removes whatever the share; returns how many there were. */
static int64_t prune(loom_database *database, int64_t keep) {
  loom_error error;
  struct loom_pruning pruning;
  struct loom_prune_options options = {.keep = keep, .now = LOOM_INSTANT_MAX, .force = true};
  int64_t before = number(database, "SELECT ifnull(sum(length(polls)), 0) / 8 FROM poll_block");
  assert_status(try_prune(database, options, &pruning, &error), LOOM_OK, &error);
  assert_status(loom_check_run(database, report_problem, NULL, &error), LOOM_OK, &error);
  int64_t after = number(database, "SELECT ifnull(sum(length(polls)), 0) / 8 FROM poll_block");
  assert_int_equal(pruning.gone.polls, before - after);
  assert_int_equal(pruning.kept.polls, after);
  return pruning.gone.polls;
}

static int64_t instant(const char *text) {
  int64_t value;
  assert_null(loom_parse_timestamp(text, strlen(text), &value));
  return value;
}

static void the_cut_is_exact(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 11:59:59.999999\na,inactive,2023-01-20 12:00:00\n"
       "a,active,2023-01-25 12:00:00\nb,active,2023-01-20 11:59:59.999999\n"
       "c,active,2023-01-19 00:00:00\nc,active,2023-01-21 00:00:00\n");
  /* A poll as old as `keep` stays; one microsecond more is too old. */
  assert_int_equal(prune(database, 5 * LOOM_DAY), 3);
  loom_database *expected = memory_database();
  load(expected, LOOM_POLLS,
       POLLS_HEADER
       "a,inactive,2023-01-20 12:00:00\na,active,2023-01-25 "
       "12:00:00\nc,active,2023-01-21 00:00:00\n");
  execute(expected, "INSERT INTO store(store_id) VALUES('b')"); /* known, without polls */
  struct buffer a = dump(expected), b = dump(database);
  assert_buffer_equal(&a, &b);
  buffer_free(&a);
  buffer_free(&b);
  assert_int_equal(prune(database, 5 * LOOM_DAY), 0);
  loom_database_close(expected);
  loom_database_close(database);
}

static void all_but_the_newest(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-25 12:00:00\na,active,2023-01-25 11:59:59.999999\n"
       "b,inactive,2023-01-25 12:00:00\nc,active,2023-01-24 12:00:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nc,UTC\n");
  assert_int_equal(prune(database, 0), 2);
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block WHERE length(polls) = 8"), 2);
  assert_int_equal(number(database, "SELECT count(first_poll) FROM store"), 2);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE timezone = 'UTC'"), 1);
  loom_database_close(database);
}

static void nothing_to_remove(void **state) {
  (void)state;
  loom_database *database = memory_database();
  assert_int_equal(prune(database, 0), 0);
  load(database, LOOM_POLLS,
       POLLS_HEADER "a,active,0001-01-01 00:00:00\na,active,9999-12-31 00:00:00\n");
  assert_int_equal(prune(database, INT64_C(10000) * 366 * LOOM_DAY), 0);
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block"), 2);
  loom_database_close(database);
}

#define HOURS 400

/* Against a plain filter, for random polls and cuts. */
static void same_as_a_filter(void **test) {
  (void)test;
  uint64_t state = 10;
  for (int round = 0; round < 40; round++) {
    loom_database *database = memory_database(), *expected = memory_database();
    int64_t hours[60], newest = 0, kept = 0,
                       keep = (int64_t)random_below(&state, HOURS) * LOOM_HOUR;
    struct buffer all = {0}, left = {0};
    buffer_printf(&all, POLLS_HEADER);
    buffer_printf(&left, POLLS_HEADER);
    for (size_t i = 0; i < COUNT_OF(hours); i++) {
      hours[i] = (int64_t)random_below(&state, HOURS) - 100; /* before 1970, too */
      if (i == 0 || hours[i] > newest)
        newest = hours[i];
    }
    for (size_t i = 0; i < COUNT_OF(hours); i++) {
      char when[LOOM_TIMESTAMP_SIZE];
      loom_format_timestamp(hours[i] * LOOM_HOUR, when);
      buffer_printf(&all, "%zu,active,%s\n", i % 7, when);
      if (hours[i] * LOOM_HOUR >= newest * LOOM_HOUR - keep)
        buffer_printf(&left, "%zu,active,%s\n", i % 7, when);
    }
    for (size_t i = 0; i < 7; i++) {
      char sql[100];
      snprintf(sql, sizeof sql, "INSERT INTO store(store_id) VALUES('%zu')", i);
      execute(expected, sql);
    }
    int64_t count = (int64_t)load(database, LOOM_POLLS, all.bytes).added;
    kept = (int64_t)load(expected, LOOM_POLLS, left.bytes).added;
    assert_int_equal(prune(database, keep), count - kept);
    struct buffer a = dump(expected), b = dump(database);
    assert_buffer_equal(&a, &b);
    buffer_free(&a);
    buffer_free(&b);
    buffer_free(&all);
    buffer_free(&left);
    loom_database_close(database);
    loom_database_close(expected);
  }
}

/* What is told of both sides is what an export of them would say. */
static void both_sides_are_told(void **state) {
  (void)state;
  loom_error error;
  struct loom_pruning dry, done;
  struct loom_prune_options options = {
      .keep = 5 * LOOM_DAY, .now = LOOM_INSTANT_MAX, .dry_run = true, .force = true};
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 11:59:59.999999\nb,inactive,2023-01-20 12:00:00\n"
       "a,active,2023-01-25 12:00:00\nb,active,2023-01-19 11:00:00\n"
       "c,active,2023-01-19 10:00:00\nc,active,2023-01-21 00:00:00\n");
  struct buffer before = dump(database);
  assert_status(try_prune(database, options, &dry, &error), LOOM_OK, &error);
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  assert_int_equal(dry.cut, instant("2023-01-20 12:00:00"));
  assert_int_equal(dry.gone.polls, 3);
  assert_int_equal(dry.gone.days, 2);
  assert_int_equal(dry.gone.first, instant("2023-01-19 10:00:00"));
  assert_int_equal(dry.gone.newest, instant("2023-01-20 11:59:59.999999"));
  assert_int_equal(dry.kept.polls, 3);
  assert_int_equal(dry.kept.days, 3);
  assert_int_equal(dry.kept.first, instant("2023-01-20 12:00:00"));
  assert_int_equal(dry.kept.newest, instant("2023-01-25 12:00:00"));
  options.dry_run = false;
  assert_status(try_prune(database, options, &done, &error), LOOM_OK, &error);
  assert_memory_equal(&dry, &done, sizeof dry);
  assert_status(try_prune(database, options, &done, &error), LOOM_OK, &error);
  assert_int_equal(done.gone.polls, 0);
  assert_memory_equal(&dry.kept, &done.kept, sizeof dry.kept);
  options.keep = 30 * LOOM_HOUR; /* nothing of the day that holds the cut is left */
  assert_status(try_prune(database, options, &done, &error), LOOM_OK, &error);
  assert_int_equal(done.kept.polls, 1);
  assert_int_equal(done.kept.first, done.kept.newest);
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(database);
}

/* One wrong clock makes nothing old, neither that of a poll nor our own. */
static void counts_from_the_clock_where_polls_are_ahead(void **state) {
  (void)state;
  loom_error error;
  struct loom_pruning pruning;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\na,active,2023-01-24 12:00:00\n"
       "a,active,2023-01-25 12:00:00\nb,active,9999-12-31 23:59:59.999999\n");
  struct loom_prune_options options = {.keep = 3 * LOOM_DAY, .now = instant("2023-01-25 13:00:00")};
  assert_status(try_prune(database, options, &pruning, &error), LOOM_OK, &error);
  assert_int_equal(pruning.cut, options.now - options.keep);
  assert_int_equal(pruning.gone.polls, 1);
  options.now = LOOM_INSTANT_MIN;
  assert_status(try_prune(database, options, &pruning, &error), LOOM_OK, &error);
  assert_int_equal(pruning.gone.polls, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block"), 3);
  loom_database_close(database);
}

static void more_than_half_has_to_be_forced(void **state) {
  (void)state;
  loom_error error;
  struct loom_pruning pruning;
  loom_database *database = memory_database();
  struct loom_prune_options options = {.keep = LOOM_DAY, .now = LOOM_INSTANT_MAX};
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\na,active,2023-01-21 12:00:00\n"
       "a,active,2023-01-22 12:00:00\nb,active,2023-01-25 12:00:00\n");
  struct buffer before = dump(database);
  assert_status(try_prune(database, options, &pruning, &error), LOOM_ECONFIRM, &error);
  assert_non_null(
      strstr(error.message, "3 of 4 polls are from before 2023-01-24 12:00:00.000000 UTC"));
  assert_int_equal(pruning.gone.polls, 3);
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  options.keep = 3 * LOOM_DAY; /* half of them is not more */
  assert_status(try_prune(database, options, &pruning, &error), LOOM_OK, &error);
  assert_int_equal(pruning.gone.polls, 2);
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(database);
}

/* Removes one poll where there is just one, from before 1970: a count of 1, and instants below 0. */
static void one_poll_before_1970(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, POLLS_HEADER "a,active,1969-12-31 23:00:00\n");
  assert_int_equal(prune(database, 0), 0);
  loom_error error;
  struct loom_pruning pruning;
  struct loom_prune_options options = {.keep = 0, .now = LOOM_INSTANT_MIN, .force = true};
  assert_status(try_prune(database, options, &pruning, &error), LOOM_OK, &error);
  assert_int_equal(pruning.kept.polls, 1);
  loom_database_close(database);
}

static loom_database *three_days(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\na,active,2023-01-20 13:00:00\n"
       "b,active,2023-01-20 12:30:00\nb,active,2023-01-21 11:00:00\n"
       "a,active,2023-01-21 11:59:59\na,active,2023-01-21 12:00:00\n"
       "c,active,2023-01-21 10:00:00\nc,active,2023-01-22 12:00:00\n");
  return database;
}

/* A failure after the start leaves everything as it was, whichever statement it is of. */
static void failing_in_mid_work(void **state) {
  (void)state;
  static const char *const triggers[] = {
      "BEFORE DELETE ON poll_block WHEN old.day = 19377", /* whole days */
      "BEFORE UPDATE ON poll_block", /* the day of the cut, a store of which some are left */
      "BEFORE DELETE ON poll_block WHEN old.day = 19378", /* and one of which none are */
      "BEFORE UPDATE OF newest_poll ON store",            /* stores without any */
      "BEFORE UPDATE OF first_poll ON store WHEN new.first_poll IS NOT NULL",
      "BEFORE UPDATE ON overall"};
  for (size_t i = 0; i < COUNT_OF(triggers); i++) {
    char sql[300];
    loom_error error;
    struct loom_pruning pruning;
    struct loom_prune_options options = {.keep = LOOM_DAY, .now = LOOM_INSTANT_MAX, .force = true};
    loom_database *database = three_days();
    struct buffer before = dump(database);
    snprintf(sql, sizeof sql,
             "CREATE TRIGGER fails %s BEGIN SELECT RAISE(ABORT, 'in mid work'); END", triggers[i]);
    execute(database, sql);
    assert_status(try_prune(database, options, &pruning, &error), LOOM_EIO, &error);
    assert_non_null(strstr(error.message, "in mid work"));
    struct buffer after = dump(database);
    assert_buffer_equal(&before, &after);
    execute(database, "DROP TRIGGER fails");
    assert_int_equal(prune(database, LOOM_DAY), 6);
    buffer_free(&before);
    buffer_free(&after);
    loom_database_close(database);
  }
}

/* Nothing that prune trusts may be wrong: it removes nothing, and says what is corrupt. */
static void damage_removes_nothing(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } damages[] = {
      {"UPDATE overall SET newest_poll = newest_poll + 2251799813685248000",
       "no instant of the years"},
      {"UPDATE overall SET newest_poll = newest_poll + 71 * 31557600000000", "the last day"},
      {"UPDATE overall SET newest_poll = newest_poll + 1", "not the newest of the blocks"},
      {"UPDATE overall SET newest_poll = newest_poll - 3600000000", "not the newest of the blocks"},
      {"UPDATE overall SET newest_poll = NULL", "no instant of the years"},
      {"DELETE FROM overall", "no instant of the years"},
      {"UPDATE poll_block SET day = 99999999999 WHERE day = 19379", "impossible day"},
      {"UPDATE poll_block SET day = 50000 WHERE day = 19379", "the last day"},
      {"UPDATE poll_block SET day = day - 4096 WHERE day = 19379", "the last day"},
      {"UPDATE poll_block SET day = day - 4096 WHERE day = 19378 AND store = 1",
       "a poll of another day"},
      {"UPDATE poll_block SET day = day + 2 WHERE day = 19377 AND store = 1",
       "a poll of another day"},
      {"UPDATE poll_block SET polls = x'' WHERE day = 19377", "is empty"},
      {"UPDATE poll_block SET polls = substr(polls, 1, 7) WHERE day = 19379", "a multiple of 8"},
      {"UPDATE store SET first_poll = 1, newest_poll = 1674388800000001 WHERE number = 1"
       "; DELETE FROM poll_block WHERE store = 1",
       "no blocks of the polls"},
  };
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_error error;
    struct loom_pruning pruning;
    struct loom_prune_options options = {.keep = LOOM_DAY, .now = LOOM_INSTANT_MAX, .force = true};
    loom_database *database = three_days();
    execute(database, damages[i].sql);
    struct buffer before = dump(database);
    for (int dry = 0; dry < 2; dry++) {
      options.dry_run = dry;
      if (dry && i == COUNT_OF(damages) - 1) /* which is found once stores are brought up to date */
        continue;
      assert_status(try_prune(database, options, &pruning, &error), LOOM_ECORRUPT, &error);
      if (!strstr(error.message, damages[i].message))
        fail_msg("%s: %s", damages[i].sql, error.message);
    }
    struct buffer after = dump(database);
    assert_buffer_equal(&before, &after);
    buffer_free(&before);
    buffer_free(&after);
    loom_database_close(database);
  }
}

#define PAGE_SIZE 16384

/*
** One bit of a database flipped, in each byte of the page of the blocks and in those of the stores and of what holds
** for all: prune ends, and what it removes is old.
*/
static void flipped_bits(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer good = {0};
  char path[640];
  scratch_begin(&scratch);
  strcpy(path, scratch_path(&scratch, "x.db"));
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\nb,active,2023-01-20 12:30:00\n"
       "a,active,2023-01-21 11:00:00\na,active,2023-01-21 12:30:00\n"
       "b,active,2023-01-22 11:59:59\na,active,2023-01-22 12:00:00\n");
  loom_database_close(database);
  read_file(path, &good);
  uint64_t random = 7;
  for (size_t at = 100; at < good.length; at++) {
    loom_error error;
    struct loom_pruning pruning;
    struct loom_prune_options options = {.keep = LOOM_DAY, .now = LOOM_INSTANT_MAX, .force = true};
    if (good.bytes[at] == 0 || (at < PAGE_SIZE && at % 8)) /* what no row has; mostly the schema */
      continue;
    char *damaged = malloc(good.length);
    assert_non_null(damaged);
    memcpy(damaged, good.bytes, good.length);
    damaged[at] = (char)(damaged[at] ^ 1 << random_below(&random, 8));
    write_file(path, damaged, good.length);
    free(damaged);
    if (loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &database, &error) != LOOM_OK)
      continue;
    if (loom_prune(database, &options, &pruning, &error) == LOOM_OK && pruning.gone.polls > 0) {
      if (pruning.gone.newest >= instant("2023-01-21 12:00:00"))
        fail_msg("byte %zu", at);
      assert_true(pruning.kept.polls >= 2);
    }
    loom_database_close(database);
  }
  buffer_free(&good);
  scratch_end(&scratch);
}

/* The file shrinks. */
static void space_is_given_back(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer text = {0};
  scratch_begin(&scratch);
  loom_database *database = open_database(scratch_path(&scratch, "x.db"));
  buffer_printf(&text, POLLS_HEADER);
  for (int i = 0; i < 200000; i++)
    buffer_printf(&text, "%d,active,2023-01-%02d %02d:%02d:%02d\n", i % 50, 1 + i / 10000,
                  10 + i / 3600 % 3, i / 60 % 60, i % 60);
  load(database, LOOM_POLLS, text.bytes);
  int64_t before = number(database, "PRAGMA page_count");
  assert_true(prune(database, LOOM_DAY) > 150000);
  assert_true(number(database, "PRAGMA page_count") < before / 2);
  assert_int_equal(number(database, "PRAGMA freelist_count"), 0);
  buffer_free(&text);
  loom_database_close(database);
  scratch_end(&scratch);
}

static void locked(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  struct loom_pruning pruning;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path), *other = open_database(path);
  load(database, LOOM_POLLS,
       POLLS_HEADER "a,active,2023-01-25 12:00:00\na,active,2023-01-24 12:00:00\n");
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  struct loom_prune_options options = {.keep = 0, .now = LOOM_INSTANT_MAX};
  assert_int_equal(try_prune(database, options, &pruning, &error), LOOM_EBUSY);
  assert_int_equal(pruning.gone.polls, 0);
  loom_database_rollback(other);
  assert_int_equal(prune(database, 0), 1);
  loom_database_close(database);
  loom_database_close(other);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cut_is_exact),
      cmocka_unit_test(all_but_the_newest),
      cmocka_unit_test(nothing_to_remove),
      cmocka_unit_test(same_as_a_filter),
      cmocka_unit_test(space_is_given_back),
      cmocka_unit_test(locked),
      cmocka_unit_test(both_sides_are_told),
      cmocka_unit_test(more_than_half_has_to_be_forced),
      cmocka_unit_test(counts_from_the_clock_where_polls_are_ahead),
      cmocka_unit_test(one_poll_before_1970),
      cmocka_unit_test(failing_in_mid_work),
      cmocka_unit_test(damage_removes_nothing),
      cmocka_unit_test(flipped_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
