/*
** Tests of staging: whatever comes poll by poll leaves the database as it would be had it come in a file, and is counted alike;
** and bad rows are kept up to a bound. That what is staged can be stored again is in sink_sqlite_test.
*/
#include "storage.h"

#include "time/civil.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static loom_staging *new_polls(size_t capacity) {
  return new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = capacity});
}

static void add(loom_staging *staging, const char *id, int64_t instant, bool active) {
  loom_error error;
  size_t length = strlen(id);
  char *copy =
      malloc(length); /* of exact size, so that the sanitizers see what is read past the end */
  assert_non_null(copy);
  memcpy(copy, id, length);
  assert_status(loom_staging_add_poll(staging, copy, length, active, instant, &error), LOOM_OK,
                &error);
  free(copy);
}

static void put_row(struct buffer *file, const char *id, int64_t instant, bool active) {
  char when[LOOM_TIMESTAMP_SIZE];
  loom_format_timestamp(instant, when);
  buffer_printf(file, "%s,%s,%s\n", id, active ? "active" : "inactive", when);
}

static struct loom_counts finish(loom_staging *staging, loom_database *database) {
  loom_staging_complete(staging);
  return store(staging, database);
}

static void assert_finishes(loom_staging *staging, loom_database *database, uint64_t rows,
                            uint64_t added, uint64_t duplicates, uint64_t conflicts) {
  struct loom_counts counts = finish(staging, database);
  assert_counts(&counts, rows, added, duplicates, conflicts, 0);
}

/* Many polls of the same few instants, staging after staging, with room for all of them or for hardly any. */
static void as_good_as_files(void **state) {
  (void)state;
  static const char *const ids[] = {"a", "b", "B", "store 3", "1481966498820158979", "\xc3\xa9"};
  static const size_t capacities[] = {1, 2, 7, 100, 100000};
  uint64_t random = 31;
  for (int round = 0; round < 60; round++) {
    loom_database *one_by_one = memory_database(), *by_file = memory_database();
    int64_t instants = 1 + (int64_t)random_below(&random, 300);
    int64_t step = (int64_t)random_below(&random, 2) ? 1 : 7 * LOOM_HOUR + 1;
    for (int part = 0; part < 4; part++) {
      struct buffer file = {0};
      loom_staging *staging = new_polls(capacities[random_below(&random, COUNT_OF(capacities))]);
      buffer_printf(&file, POLLS_HEADER);
      for (uint64_t left = random_below(&random, 400); left > 0; left--) {
        const char *id = ids[random_below(&random, COUNT_OF(ids))];
        /* Around midnight, and on both sides of 1970. */
        int64_t instant =
            ((int64_t)random_below(&random, (uint64_t)instants) - instants / 2) * step;
        bool active = random_below(&random, 3);
        add(staging, id, instant, active);
        put_row(&file, id, instant, active);
      }
      struct loom_counts counts = finish(staging, one_by_one);
      struct loom_counts expected = load(by_file, LOOM_POLLS, file.bytes);
      assert_memory_equal(&counts, &expected, sizeof counts);
      assert_int_equal(counts.rows, counts.added + counts.duplicates + counts.conflicts);
      assert_same_databases(one_by_one, by_file);
      loom_staging_free(staging);
      buffer_free(&file);
    }
    loom_database_close(one_by_one);
    loom_database_close(by_file);
  }
}

static void the_last_one_wins(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (size_t capacity = 1; capacity < 6; capacity++) {
    loom_staging *staging = new_polls(capacity);
    add(staging, "a", 0, true);
    add(staging, "a", 0, true);  /* a duplicate */
    add(staging, "a", 0, false); /* a conflict */
    add(staging, "b", 0, true);
    add(staging, "a", 1, true);
    add(staging, "a", 0, false);
    assert_finishes(staging, database, 6, 3, 2, 1);
    assert_int_equal(number(database,
                            "SELECT active FROM polls WHERE store_id = 'a'"
                            " ORDER BY timestamp_utc LIMIT 1"),
                     0);
    loom_staging_free(staging);
    staging = new_polls(capacity);
    add(staging, "a", 0, true); /* against the database */
    add(staging, "b", 0, true);
    assert_finishes(staging, database, 2, 0, 1, 1);
    assert_int_equal(number(database, "SELECT sum(active) FROM polls"), 3);
    loom_staging_free(staging);
    execute(database,
            "DELETE FROM poll_block; UPDATE store SET first_poll = NULL, newest_poll = NULL");
  }
  loom_database_close(database);
}

/* More stores than the table of numbers begins with. */
static void many_stores(void **state) {
  (void)state;
  loom_database *one_by_one = memory_database(), *by_file = memory_database();
  struct buffer file = {0};
  loom_staging *staging = new_polls(50);
  buffer_printf(&file, POLLS_HEADER);
  for (int i = 0; i < 3000; i++) {
    char id[LOOM_ID_MAX + 1];
    snprintf(id, sizeof id, i % 100 ? "%d" : "%0255d", i * 7919 % 1500);
    add(staging, id, i * LOOM_HOUR, i % 3);
    put_row(&file, id, i * LOOM_HOUR, i % 3);
  }
  assert_finishes(staging, one_by_one, 3000, 3000, 0, 0);
  load(by_file, LOOM_POLLS, file.bytes);
  assert_same_databases(one_by_one, by_file);
  loom_staging_free(staging);
  buffer_free(&file);
  loom_database_close(one_by_one);
  loom_database_close(by_file);
}

static void ends_of_the_range(void **state) {
  (void)state;
  loom_database *one_by_one = memory_database(), *by_file = memory_database();
  loom_staging *staging = new_polls(10);
  add(staging, "a", LOOM_INSTANT_MAX, true);
  add(staging, "a", LOOM_INSTANT_MIN, false);
  add(staging, "a", -1, true);
  assert_finishes(staging, one_by_one, 3, 3, 0, 0);
  load(by_file, LOOM_POLLS,
       POLLS_HEADER
       "a,active,9999-12-31 23:59:59.999999 UTC\na,inactive,0001-01-01 00:00:00 UTC\n"
       "a,active,1969-12-31 23:59:59.999999 UTC\n");
  assert_same_databases(one_by_one, by_file);
  assert_int_equal(number(one_by_one, "SELECT newest_poll FROM store"), LOOM_INSTANT_MAX);
  loom_staging_free(staging);
  loom_database_close(one_by_one);
  loom_database_close(by_file);
}

static void nothing_to_write(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct buffer before = dump(database);
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    loom_staging *staging = new_staging(
        &(struct loom_staging_options){.kind = (enum loom_kind)kind, .sort_capacity = 1});
    assert_finishes(staging, database, 0, 0, 0, 0);
    loom_staging_free(staging);
  }
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  loom_staging_free(NULL);
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(database);
}

/* Nobody would store what comes after that. */
static void nothing_comes_after_the_end(void **state) {
  (void)state;
  loom_error error;
  loom_staging *staging = new_polls(1);
  add(staging, "a", 0, true);
  loom_staging_complete(staging);
  assert_int_equal(loom_staging_add_poll(staging, "b", 1, true, 1, &error), LOOM_EINVAL);
  assert_string_equal(error.message, "the polls are complete: no more can be added");
  assert_counts(&staging->counts, 1, 0, 0, 0, 0);
  assert_int_equal(staging->ids->count, 1);
  loom_staging_free(staging);
}

/* They are copied, in order, and are not counted as rows: one row may be several, and a file tells how many it has. */
static void records_are_appended(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  uint64_t random = 34;
  loom_error error;
  struct loom_record records[COUNT] = {{0}};
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_ATTRIBUTES});
  for (uint32_t i = 0; i < COUNT; i++)
    records[i].text = i;
  for (size_t at = 0, part; at < COUNT; at += part) {
    part = random_below(&random, 100);
    part = part < COUNT - at ? part : COUNT - at;
    assert_status(loom_staging_add_records(staging, part ? records + at : NULL, part, &error),
                  LOOM_OK, &error);
  }
  assert_int_equal(staging->record_count, COUNT);
  assert_memory_equal(staging->records, records, sizeof records);
  assert_counts(&staging->counts, 0, 0, 0, 0, 0);
  loom_staging_free(staging);
}

/* ---- bad rows ---- */

static void reject_line(loom_staging *staging, uint64_t line) {
  struct loom_row_problem problem = {.reason = "is bad"};
  struct loom_reject_entry *entry =
      loom_reject_entry_new(&problem, (struct loom_csv_field){"row", 3});
  assert_non_null(entry);
  entry->line = line;
  loom_staging_reject(staging, entry);
}

/* As many as the bound wait at a time; those that have been taken make room, and all are counted. */
static void rejects_up_to_a_bound(void **state) {
  (void)state;
  enum { LINES = 20 };
  for (size_t kept = 0; kept < LINES + 2; kept++) { /* 0: all are kept */
    struct loom_reject reject;
    size_t bound = kept ? kept : SIZE_MAX;
    loom_staging *staging =
        new_staging(&(struct loom_staging_options){.kind = LOOM_HOURS, .rejects_kept = kept});
    for (uint64_t line = 1; line <= LINES; line++) {
      reject_line(staging, line);
      assert_int_equal(staging->counts.rejected, line);
      assert_int_equal(staging->rejects.count, line < bound ? line : bound);
    }
    assert_true(loom_staging_take_reject(staging, &reject));
    assert_int_equal(reject.line, 1);
    assert_string_equal(reject.reason, "is bad");
    reject_line(staging, LINES + 1); /* in the place of that one */
    size_t waiting = LINES < bound ? LINES : bound;
    for (uint64_t next = 2; waiting > 0; waiting--, next++) {
      assert_int_equal(staging->rejects.count, waiting);
      assert_true(loom_staging_take_reject(staging, &reject));
      assert_int_equal(reject.line, waiting == 1 ? LINES + 1 : next);
      assert_memory_equal(reject.row, "row", 3);
    }
    assert_false(loom_staging_take_reject(staging, &reject));
    assert_false(loom_staging_take_reject(staging, &reject));
    assert_int_equal(staging->counts.rejected, LINES + 1);
    loom_staging_free(staging);
  }
}

/* What it was, and what was bad, can be told of a staging whose memory has been let go of. */
static void an_empty_one_still_tells(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (int kind = 0; kind < 2; kind++) {
    static const char *const texts[] = {POLLS_HEADER "a,active,2023-01-01 00:00:00\nbad\nworse\n",
                                        "store_id,timezone_str\na,UTC\nbad\nworse\n"};
    struct loom_reject reject;
    struct input_file file = small_file(kind ? LOOM_TIMEZONES : LOOM_POLLS);
    file.staging.sort_capacity = 1;
    file.reading.max_rejects = 2;
    loom_staging *staging = stage_bytes(database->zones, &file, texts[kind], strlen(texts[kind]));
    store(staging, database);
    for (int i = 0; i < 2; i++) {
      loom_staging_empty(staging);
      assert_counts(&staging->counts, 3, 1, 0, 0, 2);
      assert_int_equal(staging->ids->count + staging->texts.count + staging->record_count, 0);
      assert_false(staging->complete); /* so that it is not stored: there is nothing any more */
      assert_true(loom_staging_take_reject(staging, &reject));
      assert_int_equal(reject.line, 3 + i);
    }
    loom_staging_free(staging);
  }
  loom_database_close(database);
}

/* Many polls are sorted by a thread once they are complete: whoever takes them waits, and so does who gives them up. */
static void many_polls_are_sorted_meanwhile(void **state) {
  (void)state;
  enum { MANY = 70000, STORES = 300 };
  for (int taken = 0; taken < 2; taken++) {
    loom_error error;
    struct loom_poll_group group;
    loom_staging *staging =
        new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = MANY});
    for (int i = 0; i < MANY; i++) {
      char id[8];
      int length = snprintf(id, sizeof id, "%d", i % STORES);
      assert_status(loom_staging_add_poll(staging, id, (size_t)length, true, MANY - i, &error),
                    LOOM_OK, &error);
    }
    loom_staging_complete(staging);
    loom_staging_complete(staging);
    if (taken) {
      size_t count = 0;
      loom_staging_wait(staging);
      while (loom_poll_sorter_next(staging->sorter, &group, &error) == LOOM_OK)
        count += group.count;
      assert_int_equal(count, MANY);
    }
    loom_staging_free(staging);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_good_as_files),
      cmocka_unit_test(the_last_one_wins),
      cmocka_unit_test(many_stores),
      cmocka_unit_test(ends_of_the_range),
      cmocka_unit_test(nothing_to_write),
      cmocka_unit_test(nothing_comes_after_the_end),
      cmocka_unit_test(records_are_appended),
      cmocka_unit_test(rejects_up_to_a_bound),
      cmocka_unit_test(many_polls_are_sorted_meanwhile),
      cmocka_unit_test(an_empty_one_still_tells),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
