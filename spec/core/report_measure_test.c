/*
** Tests of the strips that come with figures: letter by letter what an inspection of the store has.
*/
#include "reports.h"

#include "measure/strip.h"
#include "report/inspect.h"

/* Time of a state that lies within [from, to), from the cells of a store looked at by itself. */
static int64_t time_within(const struct loom_inspection *in, enum loom_state state, int64_t from,
                           int64_t to) {
  int64_t sum = 0;
  for (size_t i = 0; i < in->cell_count; i++) {
    struct loom_span span = in->cells[i].span;
    int64_t start = span.start > from ? span.start : from, end = span.end < to ? span.end : to;
    if (in->cells[i].state == state && start < end)
      sum += end - start;
  }
  return sum;
}

static int64_t open_within(const struct loom_inspection *in, int64_t from, int64_t to) {
  int64_t sum = 0;
  for (size_t i = 0; i < in->measure.intervals.count; i++) {
    struct loom_span span = in->measure.intervals.items[i];
    int64_t start = span.start > from ? span.start : from, end = span.end < to ? span.end : to;
    sum += start < end ? end - start : 0;
  }
  return sum;
}

static char letter_of(const struct loom_inspection *in, int64_t from, int64_t to) {
  int64_t up = time_within(in, LOOM_UP, from, to), down = time_within(in, LOOM_DOWN, from, to);
  int64_t unknown = time_within(in, LOOM_UNKNOWN, from, to), open = open_within(in, from, to);
  int64_t scheduled = up + down + unknown;
  if (open == 0)
    return 'c';
  if (down > 0)
    return 2 * down >= scheduled ? 'd' : 'p';
  if (2 * (open - scheduled) >= open)
    return 'x';
  return 2 * unknown >= scheduled ? 'n' : 'u';
}

static void strips_by_any_number_of_threads(void **state) {
  (void)state;
  static const size_t bins[] = {1, 24, 168, 35};
  uint64_t random = 11;
  loom_database *database = many_stores(120, 12);
  for (int round = 0; round < 12; round++) {
    struct loom_window windows[] = {any_window(&random), any_window(&random), any_window(&random)};
    struct loom_report_options options = default_options();
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    options.has_as_of = true;
    options.as_of = instant("2023-01-24 07:00:00");
    options.selection.all_stores = round % 2;
    options.threads = 1 + (unsigned)round % 4;
    options.strip_window = (size_t)round % COUNT_OF(windows);
    options.strip_bins = bins[(size_t)round % COUNT_OF(bins)];
    random_rules(&random, &options.rules);
    loom_source *source = loom_source_sqlite(database), *looker = loom_source_sqlite(database);
    loom_report *report = complete_report(&options, source, database->zones);
    assert_int_equal(loom_report_strip_bins(report), options.strip_bins);
    for (size_t row = 0; row < loom_report_count(report); row++) {
      loom_error error;
      struct loom_inspection in;
      struct loom_inspect_options wanted = {.rules = options.rules,
                                            .window = windows[options.strip_window],
                                            .has_as_of = true,
                                            .as_of = options.as_of,
                                            .default_zone = "UTC"};
      wanted.id = loom_report_store(report, row, &wanted.id_length);
      assert_status(loom_inspect(&wanted, looker, database->zones, &in, &error), LOOM_OK, &error);
      const char *strip = loom_report_strip(report, row);
      struct loom_span window = loom_report_window_of(report, row, options.strip_window);
      for (size_t bin = 0; bin < options.strip_bins; bin++) {
        __extension__ typedef __int128 wide;
        wide length = window.end - window.start;
        int64_t from = window.start + (int64_t)(length * (wide)bin / (wide)options.strip_bins);
        int64_t to = window.start + (int64_t)(length * (wide)(bin + 1) / (wide)options.strip_bins);
        assert_int_equal(strip[bin], letter_of(&in, from, to));
      }
      loom_inspection_free(&in);
    }
    loom_report_free(report);
    loom_source_free(source);
    loom_source_free(looker);
  }
  loom_database_close(database);
}

static void strips_that_are_refused(void **state) {
  (void)state;
  static const char message[] = "a strip is of one of the windows, and has up to 10000 bins";
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.strip_bins = LOOM_STRIP_BINS_MAX + 1;
  assert_report_fails(database, &options, LOOM_EINVAL, message);
  options.strip_bins = 1;
  options.strip_window = 3;
  assert_report_fails(database, &options, LOOM_EINVAL, message);
  options.strip_bins = 0; /* none: its window does not matter */
  struct buffer out = {0};
  loom_error error;
  assert_status(report_text(database, &options, &out, &error), LOOM_DONE, &error);
  buffer_free(&out);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(strips_by_any_number_of_threads),
                                     cmocka_unit_test(strips_that_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
