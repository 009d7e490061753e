/*
** Groups of rows against what is told of the same rows as a choice.
*/
#include "report/grouping.h"

#include "reports.h"

static int compare_doubles(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* The figures of a group are those of a choice of its rows. */
static void check_values(const struct loom_grouping *grouping, size_t group,
                         const unsigned char *chosen, const loom_report *report) {
  double *found = malloc((loom_grouping_size(grouping, group) + 1) * sizeof *found), *expected;
  assert_non_null(found);
  for (int figure = 0; figure < LOOM_FIGURE_COUNT; figure++)
    for (size_t window = 0; window < loom_report_window_count(report); window++) {
      size_t count;
      assert_true(
          loom_report_values(report, window, (enum loom_figure)figure, chosen, &expected, &count));
      assert_int_equal(
          loom_grouping_values(grouping, group, report, window, (enum loom_figure)figure, found),
          count);
      qsort(found, count, sizeof *found, compare_doubles);
      qsort(expected, count, sizeof *expected, compare_doubles);
      if (count)
        assert_memory_equal(found, expected, count * sizeof *found);
      free(expected);
    }
  free(found);
}

static void groups_are_choices(void **state) {
  (void)state;
  uint64_t random = 8;
  loom_error error;
  loom_report *report;
  loom_database *database = many_stores(120, 8);
  struct loom_report_options options = default_options();
  loom_source *source = loom_source_sqlite(database);
  assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  size_t rows = loom_report_count(report);
  for (int round = 0; round < 60; round++) {
    struct loom_column column;
    struct loom_grouping grouping;
    unsigned char only[200], chosen[200];
    bool has_only = random_below(&random, 2);
    uint64_t variety = 1 + random_below(&random, 12);
    assert_true(loom_column_init(&column, rows));
    for (size_t row = 0; row < rows; row++) {
      char value = (char)('a' + random_below(&random, variety));
      only[row] = random_below(&random, 3) > 0;
      assert_true(!random_below(&random, 5) || loom_column_set(&column, row, &value, 1));
    }
    assert_true(loom_column_end(&column));
    assert_true(loom_grouping_init(&grouping, &column, has_only ? only : NULL));
    assert_int_equal(grouping.count, column.count + 1);
    size_t all = 0;
    for (size_t group = 0; group < grouping.count; group++) {
      uint32_t rank = group < column.count ? (uint32_t)group : LOOM_NO_RANK;
      size_t size = 0;
      for (size_t row = 0; row < rows; row++) {
        chosen[row] = column.ranks[row] == rank && (!has_only || only[row]);
        assert_int_equal(grouping.groups[row] == group, chosen[row]);
        size += chosen[row];
      }
      assert_int_equal(loom_grouping_size(&grouping, group), size);
      if (round % 6 == 0)
        check_values(&grouping, group, chosen, report);
      all += size;
    }
    for (size_t row = 0; row < rows; row++)
      all -= !has_only || only[row];
    assert_int_equal(all, 0);
    loom_grouping_free(&grouping);
    loom_column_free(&column);
  }
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(groups_are_choices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
