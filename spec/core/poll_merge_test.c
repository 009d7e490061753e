/*
** Tests of merging polls into blocks: what is written, what need not be, and what is wrong with a block that is there.
*/
#include "storage.h"

#include "write/poll_merge.h"

static loom_database *writing_database(void) {
  loom_error error;
  loom_database *database = memory_database();
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  execute(database, "INSERT INTO store(number, store_id) VALUES(1, 'a')");
  return database;
}

static loom_status add(loom_poll_merge *merge, int32_t day, const loom_poll *polls, size_t count,
                       struct loom_counts *counts, loom_error *error) {
  *counts = (struct loom_counts){0};
  struct loom_reach reach = LOOM_NO_REACH;
  loom_status status = loom_poll_merge_add(merge, day, 1, polls, count, counts, &reach, error);
  if (status == LOOM_OK) {
    assert_true(loom_poll_instant(reach.newest) >= loom_poll_instant(polls[count - 1]));
    assert_int_equal(reach.first, loom_poll_instant(polls[0]));
    assert_int_equal(reach.has_changed, counts->added + counts->conflicts > 0);
  }
  return status;
}

static void only_what_changes_is_written(void **state) {
  (void)state;
  const struct {
    loom_poll polls[2];
    uint64_t added, duplicates, conflicts;
    bool written;
    const char *block;
  } steps[] = {
      {{loom_poll_pack(5, true), loom_poll_pack(7, false)},
       2,
       0,
       0,
       true,
       "0B00000000000000"
       "0E00000000000000"},
      {{loom_poll_pack(5, true), loom_poll_pack(7, false)},
       0,
       2,
       0,
       false,
       "0B00000000000000"
       "0E00000000000000"},
      {{loom_poll_pack(5, true), loom_poll_pack(5, false)},
       0,
       1,
       1,
       true,
       "0A00000000000000"
       "0E00000000000000"},
      {{loom_poll_pack(6, true), loom_poll_pack(7, false)},
       1,
       1,
       0,
       true,
       "0A00000000000000"
       "0D00000000000000"
       "0E00000000000000"},
  };
  loom_error error;
  struct loom_counts counts;
  loom_database *database = writing_database();
  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    char sql[200];
    loom_poll_merge *merge = loom_poll_merge_new(database); /* each looks at the day anew */
    assert_non_null(merge);
    int before = sqlite3_total_changes(database->sqlite);
    assert_status(add(merge, 0, steps[i].polls, 2, &counts, &error), LOOM_OK, &error);
    assert_int_equal(counts.added, steps[i].added);
    assert_int_equal(counts.duplicates, steps[i].duplicates);
    assert_int_equal(counts.conflicts, steps[i].conflicts);
    assert_int_equal(sqlite3_total_changes(database->sqlite) - before, steps[i].written);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM poll_block WHERE hex(polls) = '%s'",
             steps[i].block);
    assert_int_equal(number(database, sql), 1);
    loom_poll_merge_free(merge);
  }
  loom_database_close(database);
}

static void a_damaged_block_stays(void **state) {
  (void)state;
  loom_error error;
  struct loom_counts counts;
  const loom_poll poll = loom_poll_pack(5, true);
  loom_database *database = writing_database();
  execute(database, "INSERT INTO poll_block VALUES(0, 1, x'010203')");
  loom_poll_merge *merge = loom_poll_merge_new(database);
  assert_int_equal(add(merge, 0, &poll, 1, &counts, &error), LOOM_ECORRUPT);
  assert_string_equal(error.message,
                      ":memory:: is corrupt: a block of polls has a length that is not a multiple"
                      " of 8 (see loom check)");
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block WHERE polls = x'010203'"), 1);
  /* The next one is none the worse for it. */
  assert_status(
      add(merge, 1, &(loom_poll){loom_poll_pack(INT64_C(86400000000), true)}, 1, &counts, &error),
      LOOM_OK, &error);
  assert_int_equal(counts.added, 1);
  loom_poll_merge_free(merge);
  loom_database_close(database);
}

static void what_sqlite_says_is_passed_on(void **state) {
  (void)state;
  loom_error error;
  struct loom_counts counts;
  const loom_poll poll = loom_poll_pack(5, true);
  loom_database *database = writing_database();
  loom_poll_merge *merge = loom_poll_merge_new(database);
  execute(database,
          "CREATE TEMP TRIGGER refuse BEFORE INSERT ON poll_block"
          " BEGIN SELECT RAISE(ABORT, 'not now'); END");
  assert_int_equal(add(merge, 0, &poll, 1, &counts, &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: not now");
  loom_poll_merge_free(merge);
  loom_database_close(database);
}

static int deny_insert(void *context, int action, const char *table, const char *b, const char *c,
                       const char *d) {
  (void)context, (void)b, (void)c, (void)d;
  return action == SQLITE_INSERT && strcmp(table, "poll_block") == 0 ? SQLITE_DENY : SQLITE_OK;
}

/* A statement that cannot even be prepared is a failure, too. */
static void an_insertion_that_is_denied(void **state) {
  (void)state;
  loom_error error;
  struct loom_counts counts;
  const loom_poll poll = loom_poll_pack(5, true);
  loom_database *database = writing_database();
  loom_poll_merge *merge = loom_poll_merge_new(database);
  sqlite3_set_authorizer(database->sqlite, deny_insert, NULL);
  assert_int_equal(add(merge, 0, &poll, 1, &counts, &error), LOOM_EACCESS);
  sqlite3_set_authorizer(database->sqlite, NULL, NULL);
  assert_status(add(merge, 0, &poll, 1, &counts, &error), LOOM_OK, &error);
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block"), 1);
  loom_poll_merge_free(merge);
  loom_database_close(database);
}

/* The functions are on the connection, where anybody's SQL may call them. */
static void the_functions_are_of_no_use_to_others(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = writing_database();
  assert_int_equal(loom_database_execute(database, "SELECT loom_merge(x'', 1)", &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: loom_merge is for Loom alone");
  assert_int_equal(loom_database_execute(database, "SELECT loom_merged(NULL)", &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: loom_merged is for Loom alone");
  execute(database, "CREATE VIEW v AS SELECT loom_merge(x'', 1)");
  assert_int_equal(loom_database_execute(database, "SELECT * FROM v", &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: unsafe use of loom_merge()");
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_changes_is_written),
                                     cmocka_unit_test(a_damaged_block_stays),
                                     cmocka_unit_test(what_sqlite_says_is_passed_on),
                                     cmocka_unit_test(an_insertion_that_is_denied),
                                     cmocka_unit_test(the_functions_are_of_no_use_to_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
