/*
** Tests of the rows of a report: sorted by id as bytes, in whatever order stores come, and found by id.
*/
#include "reports.h"

static void rows_in_order_of_bytes(void **state) {
  (void)state;
  static const char *const ordered[] = {"\"a,b\"", "\"\x7f\"", "10", "9",        "A",
                                        "a",       "a b",      "aa", "\xc3\xa9", "\xff"};
  /* `"` and `,` are quoting of the CSV; the ids in order: */
  static const char *const ids[] = {"10",  "9",  "A",    "a",        "a b",
                                    "a,b", "aa", "\x7f", "\xc3\xa9", "\xff"};
  loom_database *database = memory_database();
  struct buffer text = {0};
  buffer_printf(&text, POLLS_HEADER);
  for (size_t i = 0; i < COUNT_OF(ordered); i++)
    buffer_printf(&text, "%s,active,2023-01-24 10:00:00\n", ordered[COUNT_OF(ordered) - 1 - i]);
  load(database, LOOM_POLLS, text.bytes);
  for (unsigned threads = 1; threads < 4; threads++) {
    loom_error error;
    loom_report *report;
    struct loom_report_options options = default_options();
    options.threads = threads;
    loom_source *source = loom_source_sqlite(database);
    assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    assert_status(wait_for(report, &error), LOOM_DONE, &error);
    assert_status(loom_report_wait(report, 0, &error), LOOM_DONE, &error);
    assert_true(loom_report_progress(report) == 1.0);
    assert_int_equal(loom_report_count(report), COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
      size_t length;
      const char *id = loom_report_store(report, i, &length);
      assert_int_equal(length, strlen(ids[i]));
      assert_memory_equal(id, ids[i], length);
    }
    struct loom_span week = loom_report_window(report, 2);
    assert_int_equal(week.end, loom_report_as_of(report));
    assert_int_equal(week.end - week.start, 7 * LOOM_DAY);
    loom_report_free(report);
    loom_source_free(source);
  }
  buffer_free(&text);
  loom_database_close(database);
}

/*
** Stores are read in the order in which the database came to know them, which may be any: in one file, in some, in a file
** each.
*/
static void stores_that_came_in_any_order(void **test) {
  (void)test;
  enum { STORES = 700 };
  static const int to_a_file[] = {STORES, 100, 7, 1};
  uint64_t state = 71;
  for (size_t f = 0; f < COUNT_OF(to_a_file); f++) {
    loom_error error;
    loom_report *report;
    struct loom_report_options options = default_options();
    loom_database *database = memory_database();
    for (int at = 0; at < STORES; at += to_a_file[f]) {
      struct buffer text = {0};
      buffer_printf(&text, POLLS_HEADER);
      for (int i = at; i < STORES && i < at + to_a_file[f];
           i++) /* each comes once: 263 and 700 have nothing in common */
        buffer_printf(&text, "%d-%d,active,2023-01-24 10:00:00\n", i * 263 % STORES,
                      (int)random_below(&state, 1000000));
      load(database, LOOM_POLLS, text.bytes);
      buffer_free(&text);
    }
    options.threads = 1 + (unsigned)(f % 3);
    loom_source *source = loom_source_sqlite(database);
    assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    assert_status(wait_for(report, &error), LOOM_DONE, &error);
    assert_int_equal(loom_report_count(report), STORES);
    for (size_t i = 1; i < STORES; i++) { /* no id has a NUL byte, or begins another one */
      size_t length, before_length;
      const char *before = loom_report_store(report, i - 1, &before_length);
      const char *id = loom_report_store(report, i, &length);
      assert_true(memcmp(before, id, before_length < length ? before_length : length) < 0);
    }
    loom_report_free(report);
    loom_source_free(source);
    loom_database_close(database);
  }
}

static void rows_are_found(void **state) {
  (void)state;
  static const char *const none[] = {"", "0", "1.", "aa", "ab\x01", "b", "\xff\xff", "A"};
  size_t row;
  loom_database *database = memory_database();
  struct loom_report_options options = default_options();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "1,active,2023-01-24 10:00:00\na,active,2023-01-24 10:00:00\n"
       "ab,active,2023-01-24 10:00:00\n\xff,active,2023-01-24 10:00:00\n");
  loom_source *source = loom_source_sqlite(database);
  loom_report *report = complete_report(&options, source, database->zones);
  for (size_t i = 0; i < loom_report_count(report); i++) {
    size_t length;
    const char *id = loom_report_store(report, i, &length);
    assert_true(loom_report_find(report, id, length, &row));
    assert_int_equal(row, i);
  }
  for (size_t i = 0; i < COUNT_OF(none); i++)
    assert_false(loom_report_find(report, none[i], strlen(none[i]), &row));
  loom_report_free(report);
  options.has_as_of = true;
  execute(database, "DELETE FROM poll_block; DELETE FROM hours_week; DELETE FROM store");
  report = complete_report(&options, source, database->zones);
  assert_false(loom_report_find(report, "a", 1, &row));
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_in_order_of_bytes),
                                     cmocka_unit_test(stores_that_came_in_any_order),
                                     cmocka_unit_test(rows_are_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
