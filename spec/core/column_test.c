/*
** Columns of random values against plain sorting; those of zones.
*/
#include "report/column.h"
#include "reports.h"

struct value {
  char text[16];
  size_t length; /* 0: none, or a text that is empty where `has` is true */
  bool has;
};

static int compare(const struct value *a, const struct value *b) {
  size_t least = a->length < b->length ? a->length : b->length;
  int order = memcmp(a->text, b->text, least);
  return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Bytes of any kind, many of them alike. */
static struct value random_value(uint64_t *random, uint64_t variety) {
  struct value value = {.has = random_below(random, 6) > 0};
  uint64_t number = random_below(random, variety);
  value.length = (size_t)(number % 5);
  for (size_t i = 0; i < value.length; i++, number /= 3)
    value.text[i] = (char)(number * 85);
  return value;
}

static void check_column(const struct loom_column *column, const struct value *values,
                         size_t rows) {
  uint32_t most = 0;
  for (size_t a = 0; a < rows; a++) {
    size_t length;
    assert_int_equal(column->ranks[a] != LOOM_NO_RANK, values[a].has);
    if (!values[a].has)
      continue;
    most = column->ranks[a] + 1 > most ? column->ranks[a] + 1 : most;
    assert_true(column->ranks[a] < column->count);
    const char *text = loom_column_value(column, column->ranks[a], &length);
    assert_int_equal(text != NULL, column->count <= LOOM_COLUMN_VALUES_MAX);
    if (text) {
      assert_int_equal(length, values[a].length);
      assert_memory_equal(text, values[a].text, length);
    }
    for (size_t b = a + 1; b < rows && b < a + 50; b++) {
      int order = compare(&values[a], &values[b]);
      if (values[b].has)
        assert_int_equal(order < 0   ? -1
                         : order > 0 ? 1
                                     : 0,
                         (column->ranks[a] > column->ranks[b]) -
                             (column->ranks[a] < column->ranks[b]));
    }
  }
  assert_int_equal(column->count, most); /* every rank is some row's */
}

static void ranks_are_in_order_of_bytes(void **state) {
  (void)state;
  static const struct {
    size_t rows;
    uint64_t variety;
  } sizes[] = {{0, 1}, {1, 1}, {200, 3}, {500, 100}, {3000, 100000}};
  uint64_t random = 4;
  for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
    struct loom_column column;
    size_t rows = sizes[size].rows;
    struct value *values = calloc(rows + 1, sizeof *values);
    assert_non_null(values);
    assert_true(loom_column_init(&column, rows));
    for (size_t row = 0; row < rows; row++) {
      values[row] = random_value(&random, sizes[size].variety);
      assert_true(!values[row].has ||
                  loom_column_set(&column, row, values[row].text, values[row].length));
    }
    assert_true(loom_column_end(&column));
    check_column(&column, values, rows);
    assert_true(loom_column_size(&column) >= rows * sizeof(uint32_t));
    loom_column_free(&column);
    free(values);
  }
}

static void many_values_are_not_kept(void **state) {
  (void)state;
  for (size_t rows = LOOM_COLUMN_VALUES_MAX; rows <= LOOM_COLUMN_VALUES_MAX + 1; rows++) {
    struct loom_column column;
    size_t length;
    assert_true(loom_column_init(&column, rows));
    for (size_t row = 0; row < rows; row++) {
      char text[16];
      snprintf(text, sizeof text, "%06zu", rows - row);
      assert_true(loom_column_set(&column, row, text, strlen(text)));
    }
    assert_true(loom_column_end(&column));
    assert_int_equal(column.count, rows);
    for (size_t row = 0; row < rows; row++)
      assert_int_equal(column.ranks[row], rows - 1 - row);
    const char *first = loom_column_value(&column, 0, &length);
    assert_int_equal(first != NULL, rows <= LOOM_COLUMN_VALUES_MAX);
    loom_column_free(&column);
  }
}

static void zones_are_those_that_stores_are_measured_by(void **state) {
  (void)state;
  loom_error error;
  loom_report *report;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\nb,active,2023-01-20 12:00:00\n"
       "c,active,2023-01-20 12:00:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Tokyo\nc,Africa/Cairo\n");
  loom_source *source = loom_source_sqlite(database);
  struct loom_report_options options = default_options();
  options.default_zone = "America/Chicago";
  assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  struct loom_column column;
  assert_true(loom_column_init(&column, 3));
  assert_true(loom_column_of_zones(&column, report));
  static const char *const names[] = {"Africa/Cairo", "America/Chicago", "Asia/Tokyo"};
  static const uint32_t ranks[] = {2, 1, 0};
  assert_memory_equal(column.ranks, ranks, sizeof ranks);
  for (uint32_t rank = 0; rank < 3; rank++) {
    size_t length;
    const char *name = loom_column_value(&column, rank, &length);
    assert_int_equal(length, strlen(names[rank]));
    assert_memory_equal(name, names[rank], length);
  }
  loom_column_free(&column);
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_are_in_order_of_bytes),
      cmocka_unit_test(many_values_are_not_kept),
      cmocka_unit_test(zones_are_those_that_stores_are_measured_by),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
