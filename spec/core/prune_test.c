/*
** Tests of pruning: the cut is exact, what is left is what was there, and the stores' first and
*newest polls are
** right afterwards.
*/
#include "storage.h"

#include "check.h"
#include "civil.h"
#include "prune.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static void report_problem(void *context, const char *problem) {
  (void)context;
  print_error("%s\n", problem);
  fail();
}

static int64_t prune(loom_database *database, int64_t keep) {
  loom_error error;
  int64_t removed = -1;
  assert_status(loom_prune(database, keep, &removed, &error), LOOM_OK, &error);
  assert_status(loom_check_run(database, report_problem, NULL, &error), LOOM_OK, &error);
  return removed;
}

static void the_cut_is_exact(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER "a,active,2023-01-20 11:59:59.999999\na,inactive,2023-01-20 12:00:00\n"
                    "a,active,2023-01-25 12:00:00\nb,active,2023-01-20 11:59:59.999999\n"
                    "c,active,2023-01-19 00:00:00\nc,active,2023-01-21 00:00:00\n");
  /* A poll as old as `keep` stays; one microsecond more is too old. */
  assert_int_equal(prune(database, 5 * LOOM_DAY), 3);
  loom_database *expected = memory_database();
  load(expected, LOOM_POLLS,
       POLLS_HEADER "a,inactive,2023-01-20 12:00:00\na,active,2023-01-25 "
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
       POLLS_HEADER "a,active,2023-01-25 12:00:00\na,active,2023-01-25 11:59:59.999999\n"
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
  int64_t removed = 5;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path), *other = open_database(path);
  load(database, LOOM_POLLS,
       POLLS_HEADER "a,active,2023-01-25 12:00:00\na,active,2023-01-24 12:00:00\n");
  assert_status(loom_database_begin_write(other, &error), LOOM_OK, &error);
  assert_int_equal(loom_prune(database, 0, &removed, &error), LOOM_EBUSY);
  assert_int_equal(removed, 0);
  loom_database_rollback(other);
  assert_int_equal(prune(database, 0), 1);
  loom_database_close(database);
  loom_database_close(other);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cut_is_exact),    cmocka_unit_test(all_but_the_newest),
      cmocka_unit_test(nothing_to_remove),   cmocka_unit_test(same_as_a_filter),
      cmocka_unit_test(space_is_given_back), cmocka_unit_test(locked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
