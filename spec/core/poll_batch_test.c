/*
** Tests of batches of polls: whatever comes one by one leaves the database as it would be had it come in a file, and is
** counted alike.
*/
#include "storage.h"

#include "civil.h"
#include "poll_batch.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static loom_poll_batch *new_batch(size_t capacity) {
  loom_poll_batch *batch = loom_poll_batch_new(capacity);
  assert_non_null(batch);
  return batch;
}

static void add(loom_poll_batch *batch, const char *id, int64_t instant, bool active) {
  loom_error error;
  size_t length = strlen(id);
  char *copy = malloc(length); /* of exact size, so that the sanitizers see what is read past the end */
  assert_non_null(copy);
  memcpy(copy, id, length);
  assert_status(loom_poll_batch_add(batch, copy, length, active, instant, &error), LOOM_OK, &error);
  free(copy);
}

static void put_row(struct buffer *file, const char *id, int64_t instant, bool active) {
  char when[LOOM_TIMESTAMP_SIZE];
  loom_format_timestamp(instant, when);
  buffer_printf(file, "%s,%s,%s\n", id, active ? "active" : "inactive", when);
}

/* In a transaction of its own. */
static struct loom_ingest_counts apply(loom_poll_batch *batch, loom_database *database) {
  loom_error error;
  struct loom_ingest_counts counts;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_poll_batch_apply(batch, database, &counts, &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  return counts;
}

static void assert_counts(struct loom_ingest_counts counts, uint64_t rows, uint64_t added,
                          uint64_t duplicates, uint64_t conflicts) {
  assert_int_equal(counts.rows, rows);
  assert_int_equal(counts.added, added);
  assert_int_equal(counts.duplicates, duplicates);
  assert_int_equal(counts.conflicts, conflicts);
  assert_int_equal(counts.rejected, 0);
}

static void assert_same_databases(loom_database *a, loom_database *b) {
  struct buffer first = dump(a), second = dump(b);
  assert_buffer_equal(&first, &second);
  buffer_free(&first);
  buffer_free(&second);
}

/* Many polls of the same few instants, batch after batch, with room for all of them or for hardly any. */
static void as_good_as_files(void **state) {
  (void)state;
  static const char *const ids[] = {"a", "b", "B", "store 3", "1481966498820158979", "\xc3\xa9"};
  static const size_t capacities[] = {1, 2, 7, 100, 100000};
  uint64_t random = 31;
  for (int round = 0; round < 60; round++) {
    loom_database *by_batch = memory_database(), *by_file = memory_database();
    int64_t instants = 1 + (int64_t)random_below(&random, 300);
    int64_t step = (int64_t)random_below(&random, 2) ? 1 : 7 * LOOM_HOUR + 1;
    for (int part = 0; part < 4; part++) {
      struct buffer file = {0};
      loom_poll_batch *batch = new_batch(capacities[random_below(&random, COUNT_OF(capacities))]);
      buffer_printf(&file, POLLS_HEADER);
      for (uint64_t left = random_below(&random, 400); left > 0; left--) {
        const char *id = ids[random_below(&random, COUNT_OF(ids))];
        /* Around midnight, and on both sides of 1970. */
        int64_t instant = ((int64_t)random_below(&random, (uint64_t)instants) - instants / 2) * step;
        bool active = random_below(&random, 3);
        add(batch, id, instant, active);
        put_row(&file, id, instant, active);
      }
      struct loom_ingest_counts counts = apply(batch, by_batch);
      struct loom_ingest_counts expected = load(by_file, LOOM_POLLS, file.bytes);
      assert_memory_equal(&counts, &expected, sizeof counts);
      assert_int_equal(counts.rows, counts.added + counts.duplicates + counts.conflicts);
      assert_same_databases(by_batch, by_file);
      loom_poll_batch_free(batch);
      buffer_free(&file);
    }
    loom_database_close(by_batch);
    loom_database_close(by_file);
  }
}

static void the_last_one_wins(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (size_t capacity = 1; capacity < 6; capacity++) {
    loom_poll_batch *batch = new_batch(capacity);
    add(batch, "a", 0, true);
    add(batch, "a", 0, true);  /* a duplicate */
    add(batch, "a", 0, false); /* a conflict */
    add(batch, "b", 0, true);
    add(batch, "a", 1, true);
    add(batch, "a", 0, false);
    assert_counts(apply(batch, database), 6, 3, 2, 1);
    assert_int_equal(number(database, "SELECT active FROM polls WHERE store_id = 'a'"
                                      " ORDER BY timestamp_utc LIMIT 1"), 0);
    loom_poll_batch_free(batch);
    batch = new_batch(capacity);
    add(batch, "a", 0, true); /* against the database */
    add(batch, "b", 0, true);
    assert_counts(apply(batch, database), 2, 0, 1, 1);
    assert_int_equal(number(database, "SELECT sum(active) FROM polls"), 3);
    loom_poll_batch_free(batch);
    execute(database, "DELETE FROM poll_block; UPDATE store SET first_poll = NULL, newest_poll = NULL");
  }
  loom_database_close(database);
}

/* More stores than the batch's table of numbers begins with. */
static void many_stores(void **state) {
  (void)state;
  loom_database *by_batch = memory_database(), *by_file = memory_database();
  struct buffer file = {0};
  loom_poll_batch *batch = new_batch(50);
  buffer_printf(&file, POLLS_HEADER);
  for (int i = 0; i < 3000; i++) {
    char id[LOOM_ID_MAX + 1];
    snprintf(id, sizeof id, i % 100 ? "%d" : "%0255d", i * 7919 % 1500);
    add(batch, id, i * LOOM_HOUR, i % 3);
    put_row(&file, id, i * LOOM_HOUR, i % 3);
  }
  assert_counts(apply(batch, by_batch), 3000, 3000, 0, 0);
  load(by_file, LOOM_POLLS, file.bytes);
  assert_same_databases(by_batch, by_file);
  loom_poll_batch_free(batch);
  buffer_free(&file);
  loom_database_close(by_batch);
  loom_database_close(by_file);
}

static void ends_of_the_range(void **state) {
  (void)state;
  loom_database *by_batch = memory_database(), *by_file = memory_database();
  loom_poll_batch *batch = new_batch(10);
  add(batch, "a", LOOM_INSTANT_MAX, true);
  add(batch, "a", LOOM_INSTANT_MIN, false);
  add(batch, "a", -1, true);
  assert_counts(apply(batch, by_batch), 3, 3, 0, 0);
  load(by_file, LOOM_POLLS,
       POLLS_HEADER "a,active,9999-12-31 23:59:59.999999 UTC\na,inactive,0001-01-01 00:00:00 UTC\n"
                    "a,active,1969-12-31 23:59:59.999999 UTC\n");
  assert_same_databases(by_batch, by_file);
  assert_int_equal(number(by_batch, "SELECT newest_poll FROM store"), LOOM_INSTANT_MAX);
  loom_poll_batch_free(batch);
  loom_database_close(by_batch);
  loom_database_close(by_file);
}

static void nothing_to_write(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct buffer before = dump(database);
  loom_poll_batch *batch = new_batch(1);
  assert_counts(apply(batch, database), 0, 0, 0, 0);
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  loom_poll_batch_free(batch);
  loom_poll_batch_free(NULL);
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(database);
}

static void written_once_only(void **state) {
  (void)state;
  loom_error error;
  struct loom_ingest_counts counts;
  loom_database *database = memory_database();
  loom_poll_batch *batch = new_batch(1);
  add(batch, "a", 0, true);
  add(batch, "b", 0, true);
  apply(batch, database);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_poll_batch_apply(batch, database, &counts, &error), LOOM_EINVAL);
  assert_string_equal(error.message, "the polls have been written already");
  /* What comes after that is refused, too: nobody would write it. */
  assert_int_equal(loom_poll_batch_add(batch, "a", 1, true, 1, &error), LOOM_EINVAL);
  assert_string_equal(error.message, "the polls have been written already");
  loom_database_rollback(database);
  loom_poll_batch_free(batch);
  loom_database_close(database);
}

static void outside_of_a_transaction(void **state) {
  (void)state;
  loom_error error;
  struct loom_ingest_counts counts;
  loom_database *database = memory_database();
  loom_poll_batch *batch = new_batch(10);
  add(batch, "a", 0, true);
  assert_int_equal(loom_poll_batch_apply(batch, database, &counts, &error), LOOM_EINVAL);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_poll_batch_apply(batch, database, &counts, &error), LOOM_EINVAL);
  loom_database_end_read(database);
  /* The batch is as it was: it can still be written. */
  assert_counts(apply(batch, database), 1, 1, 0, 0);
  loom_poll_batch_free(batch);
  loom_database_close(database);
}

static void rolled_back(void **state) {
  (void)state;
  loom_error error;
  struct loom_ingest_counts counts;
  loom_database *database = memory_database();
  loom_poll_batch *batch = new_batch(1);
  add(batch, "a", 0, true);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_poll_batch_apply(batch, database, &counts, &error), LOOM_OK, &error);
  loom_database_rollback(database);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  loom_poll_batch_free(batch);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_good_as_files),         cmocka_unit_test(the_last_one_wins),
      cmocka_unit_test(many_stores),              cmocka_unit_test(ends_of_the_range),
      cmocka_unit_test(nothing_to_write),         cmocka_unit_test(written_once_only),
      cmocka_unit_test(outside_of_a_transaction), cmocka_unit_test(rolled_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
