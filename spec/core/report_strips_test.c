/*
** Tests of strips as text: lines of reports of many stores against what the reports tell, ids of all bytes that there may be, and
** in which bin stores were down first.
*/
#include "report/report_strips.h"

#include "report/column.h"
#include "reports.h"

static void assert_line(const loom_report *report, size_t row, const char *value, size_t length,
                        const char *after_letters) {
  struct loom_text text = {0};
  size_t bins = loom_report_strip_bins(report);
  assert_true(loom_report_strip_line(report, row, false, value, length, &text));
  assert_int_equal(text.length, bins + strlen(after_letters));
  assert_memory_equal(text.bytes, loom_report_strip(report, row), bins);
  assert_memory_equal(text.bytes + bins, after_letters, strlen(after_letters));
  loom_text_free(&text);
}

static void lines(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "caf\xc3\xa9,active,2023-01-24 10:00:00\n100%,active,2023-01-24 10:00:00\n"
       "x\xffy,inactive,2023-01-24 10:00:00\n\"a\tb\",active,2023-01-24 09:00:00\n");
  struct loom_report_options options = default_options();
  options.strip_window = 1;
  options.strip_bins = 24;
  loom_source *source = loom_source_sqlite(database);
  loom_report *report = complete_report(&options, source, database->zones);
  assert_int_equal(loom_report_count(report), 4); /* in order of bytes */
  assert_line(report, 0, NULL, 0, "\t100%25\n");
  assert_line(report, 1, "", 0, "\ta%09b\t\n");
  assert_line(report, 2, "10%\n", 4, "\tcaf\xc3\xa9\t10%25%0A\n");
  assert_line(report, 3, "\xc3\xa9\x01\xc3", 4, "\tx%FFy\t\xc3\xa9%01%C3\n");
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

static void first_down(void **state) {
  (void)state;
  uint64_t random = 4;
  size_t without = 0, with = 0;
  loom_database *database = many_stores(80, 4);
  for (int round = 0; round < 20; round++) {
    struct loom_column column;
    struct loom_window window = random_window(&random);
    struct loom_report_options options = default_options();
    options.windows = &window;
    options.window_count = 1;
    options.strip_bins = 1 + random_below(&random, 300);
    random_rules(&random, &options.rules);
    loom_source *source = loom_source_sqlite(database);
    loom_report *report = complete_report(&options, source, database->zones);
    assert_true(loom_column_init(&column, loom_report_count(report)));
    loom_column_of_first_down(&column, report);
    assert_int_equal(column.count, options.strip_bins);
    for (size_t row = 0; row < column.rows; row++) {
      char strip[301];
      memcpy(strip, loom_report_strip(report, row), options.strip_bins);
      strip[options.strip_bins] = '\0';
      size_t first = strcspn(strip, "dp");
      bool is_down = first < options.strip_bins;
      assert_int_equal(column.ranks[row], is_down ? first : LOOM_NO_RANK);
      assert_int_equal(is_down, loom_report_figures(report, row)->down > 0);
      with += is_down;
      without += !is_down;
    }
    loom_column_free(&column);
    loom_report_free(report);
    loom_source_free(source);
  }
  assert_true(with > 100 && without > 100);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(first_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
