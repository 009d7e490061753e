/*
** Orders, pages, sums, percentiles and histograms of random reports, against plain ones; and rows as JSON.
*/
#include "storage.h"

#include "time/civil.h"
#include "report/column.h"
#include "report/report_csv.h"
#include "report/report_json.h"
#include "report/report_order.h"
#include "sqlite/source_sqlite.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct loom_window windows[] = {{.length = LOOM_HOUR}, {.length = 7 * LOOM_DAY}};

struct fixture {
  loom_database *database;
  loom_source *source;
  loom_report *report;
};

/* Stores with ids of several lengths, few polls each, so that many figures are equal, and some not defined. */
static struct fixture make_report(uint64_t seed, size_t stores) {
  struct fixture fixture = {.database = memory_database()};
  struct buffer polls = {0}, hours = {0};
  uint64_t random = seed;
  buffer_printf(&polls, "store_id,status,timestamp_utc\n");
  buffer_printf(&hours, "store_id,day,start_time_local,end_time_local\n");
  for (size_t i = 0; i < stores; i++) {
    for (uint64_t n = 1 + random_below(&random, 4); n > 0; n--)
      buffer_printf(&polls, "s%zu,%s,2023-01-2%d 1%d:00:00\n", i,
                    random_below(&random, 2) ? "active" : "inactive", (int)random_below(&random, 5),
                    (int)random_below(&random, 10));
    if (random_below(&random, 2)) /* some have no open hour in the short window */
      buffer_printf(&hours, "s%zu,%d,08:00,12:00\n", i, (int)random_below(&random, 7));
  }
  load(fixture.database, LOOM_POLLS, polls.bytes);
  load(fixture.database, LOOM_HOURS, hours.bytes);
  buffer_free(&polls);
  buffer_free(&hours);
  struct loom_report_options options = {
      .windows = windows, .window_count = 2, .default_zone = "UTC", .threads = 1};
  loom_error error;
  assert_true(loom_rules_preset("loom", &options.rules));
  fixture.source = loom_source_sqlite(fixture.database);
  assert_int_equal(
      start_report(&options, fixture.source, fixture.database->zones, &fixture.report, &error),
      LOOM_OK);
  while (loom_report_wait(fixture.report, 1000, &error) == LOOM_OK)
    ;
  assert_int_equal(loom_report_wait(fixture.report, 0, &error), LOOM_DONE);
  assert_int_equal(loom_report_count(fixture.report), stores);
  return fixture;
}

static void free_report(struct fixture *fixture) {
  loom_report_free(fixture->report);
  loom_source_free(fixture->source);
  loom_database_close(fixture->database);
}

/* ---- orders ---- */

/* What a row is ordered by, said plainly; false where that is not defined. */
static bool value_of(const loom_report *report, const struct loom_report_order *order, size_t row,
                     double *value) {
  const struct loom_figures *f = loom_report_figures(report, row) + order->window;
  int64_t time = order->figure == LOOM_FIGURE_UP ? f->up : f->down;
  char bytes[LOOM_FIGURE_SIZE + 1] = "";
  struct loom_text text = {bytes, 0, LOOM_FIGURE_SIZE};
  switch (order->by) {
  case LOOM_BY_ID:
    *value = 0;
    return true;
  case LOOM_BY_HOURS:
    loom_put_hours(&text, time);
    *value = strtod(bytes, NULL);
    return true;
  case LOOM_BY_MINUTES:
    loom_put_minutes(&text, time);
    *value = strtod(bytes, NULL);
    return true;
  case LOOM_BY_WORST:
    return loom_figure_value(f, LOOM_FIGURE_RATIO, value);
  case LOOM_BY_RANK:
    *value = order->ranks[row];
    return order->ranks[row] != LOOM_NO_RANK;
  case LOOM_BY_CHANGE: {
    double now, earlier;
    const struct loom_figures *before = loom_report_figures(report, row) + order->before;
    if (!loom_figure_value(f, order->figure, &now) ||
        !loom_figure_value(before, order->figure, &earlier))
      return false;
    *value = now - earlier;
    if (order->figure == LOOM_FIGURE_RATIO) { /* windows are short enough for that */
      int64_t cut = f->up * 1000000 / (f->up + f->down);
      int64_t cut_before = before->up * 1000000 / (before->up + before->down);
      *value = (double)(cut - cut_before) / 1e6;
    }
    return true;
  }
  default:
    return loom_figure_value(f, order->figure, value);
  }
}

/* Whether row a comes before row b, said plainly. */
static bool comes_before(const loom_report *report, const struct loom_report_order *order, size_t a,
                         size_t b) {
  double left = 0, right = 0;
  bool has_left = value_of(report, order, a, &left), has_right = value_of(report, order, b, &right);
  if (has_left != has_right)
    return has_left;
  if (has_left && left != right)
    return order->descending ? left > right : left < right;
  int64_t left_down = loom_report_figures(report, a)[order->window].down;
  int64_t right_down = loom_report_figures(report, b)[order->window].down;
  if (order->by == LOOM_BY_WORST && left_down != right_down)
    return left_down > right_down;
  return order->by == LOOM_BY_ID && order->descending ? a > b : a < b;
}

static size_t sort_plainly(const loom_report *report, const struct loom_report_order *order,
                           size_t *rows) {
  size_t count = 0;
  for (size_t row = 0; row < loom_report_count(report); row++) {
    size_t at = count;
    double ratio;
    if ((order->only && !order->only[row]) ||
        (order->by == LOOM_BY_WORST && !value_of(report, order, row, &ratio)))
      continue;
    for (; at > 0 && comes_before(report, order, row, rows[at - 1]); at--)
      rows[at] = rows[at - 1];
    rows[at] = row;
    count++;
  }
  return count;
}

/* Goes through all pages of a size and holds them against the plain order. */
static void check_pages(const loom_report *report, struct loom_report_order order, size_t limit) {
  size_t all = loom_report_count(report), *expected = calloc(all + 1, sizeof *expected);
  size_t *rows = calloc(limit + 1, sizeof *rows), at = 0;
  size_t count = sort_plainly(report, &order, expected);
  struct loom_page page;
  do {
    assert_true(loom_report_order(report, &order, limit, rows, &page));
    assert_int_equal(page.total, count);
    assert_int_equal(page.left, count - at);
    assert_int_equal(page.count, count - at < limit ? count - at : limit);
    for (size_t i = 0; i < page.count; i++)
      assert_int_equal(rows[i], expected[at + i]);
    at += page.count;
    if (page.count > 0) {
      size_t last = rows[page.count - 1];
      order.resumes = true;
      order.after_id = loom_report_store(report, last, &order.after_length);
      order.after_defined = order.by != LOOM_BY_ID &&
                            loom_report_order_value(report, &order, last, &order.after_value);
    }
  } while (page.left > page.count);
  assert_int_equal(at, count);
  free(expected);
  free(rows);
}

/* Which rows are chosen: about half of them. */
static unsigned char *some_rows(uint64_t *random, size_t stores) {
  unsigned char *chosen = calloc(stores + 1, 1);
  assert_non_null(chosen);
  for (size_t row = 0; row < stores; row++)
    chosen[row] = (unsigned char)random_below(random, 2);
  return chosen;
}

static void pages_agree_with_a_plain_sort(void **state) {
  (void)state;
  uint64_t random = 3;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    size_t stores = 1 + (size_t)random_below(&random, 120);
    struct fixture fixture = make_report(seed, stores);
    unsigned char *chosen = some_rows(&random, stores);
    for (int figure = -1; figure < LOOM_FIGURE_COUNT; figure++)
      for (int variant = 0; variant < 8; variant++) {
        struct loom_report_order order = {.by = figure < 0 ? LOOM_BY_ID : LOOM_BY_FIGURE,
                                          .figure = figure < 0 ? LOOM_FIGURE_UP
                                                               : (enum loom_figure)figure,
                                          .window = variant & 1,
                                          .descending = variant & 2,
                                          .only = variant & 4 ? chosen : NULL};
        check_pages(fixture.report, order, 1 + (size_t)random_below(&random, 20));
        check_pages(fixture.report, order, 1000);
        if (figure < 0)
          continue;
        order.by = LOOM_BY_CHANGE;
        order.before = 1 - order.window;
        check_pages(fixture.report, order, 1 + (size_t)random_below(&random, 20));
      }
    free(chosen);
    free_report(&fixture);
  }
}

/* Pages that begin after so many rows, in any order. */
static void pages_begin_anywhere(void **state) {
  (void)state;
  static const enum loom_order_by by[] = {LOOM_BY_ID,    LOOM_BY_FIGURE, LOOM_BY_HOURS,
                                          LOOM_BY_WORST, LOOM_BY_CHANGE, LOOM_BY_RANK};
  uint64_t random = 19;
  enum { STORES = 90 };
  size_t rows[STORES], expected[STORES];
  uint32_t ranks[STORES];
  struct fixture fixture = make_report(31, STORES);
  unsigned char *chosen = some_rows(&random, STORES);
  for (size_t row = 0; row < STORES; row++)
    ranks[row] = random_below(&random, 5) ? (uint32_t)random_below(&random, 7) : LOOM_NO_RANK;
  for (size_t variant = 0; variant < 6 * 4; variant++) {
    struct loom_report_order order = {.by = by[variant / 4],
                                      .figure = LOOM_FIGURE_DOWN,
                                      .window = 1,
                                      .ranks = ranks,
                                      .descending = by[variant / 4] != LOOM_BY_WORST && variant & 1,
                                      .only = variant & 2 ? chosen : NULL};
    size_t count = sort_plainly(fixture.report, &order, expected);
    for (int round = 0; round < 20; round++) {
      struct loom_page page;
      size_t limit = (size_t)random_below(&random, STORES + 10);
      order.skip = (size_t)random_below(&random, STORES + 10);
      if (round == 0)
        order.skip = limit = SIZE_MAX;
      size_t left = order.skip < count ? count - order.skip : 0;
      assert_true(loom_report_order(fixture.report, &order, limit, rows, &page));
      assert_int_equal(page.total, count);
      assert_int_equal(page.left, left);
      assert_int_equal(page.count, left < limit ? left : limit);
      for (size_t i = 0; i < page.count; i++)
        assert_int_equal(rows[i], expected[order.skip + i]);
    }
  }
  free(chosen);
  free_report(&fixture);
}

/* Orders that have no pages: the first so many of them. */
static void other_orders_agree_with_a_plain_sort(void **state) {
  (void)state;
  static const enum loom_order_by by[] = {LOOM_BY_HOURS, LOOM_BY_MINUTES, LOOM_BY_WORST};
  uint64_t random = 13;
  for (uint64_t seed = 20; seed < 26; seed++) {
    size_t stores = 1 + (size_t)random_below(&random, 120), rows[120], expected[120];
    struct fixture fixture = make_report(seed, stores);
    unsigned char *chosen = some_rows(&random, stores);
    for (size_t variant = 0; variant < 3 * 16; variant++) {
      struct loom_report_order order = {.by = by[variant / 16],
                                        .figure = variant & 1 ? LOOM_FIGURE_UP : LOOM_FIGURE_DOWN,
                                        .window = variant >> 1 & 1,
                                        .descending =
                                            by[variant / 16] != LOOM_BY_WORST && variant & 4,
                                        .only = variant & 8 ? chosen : NULL};
      size_t count = sort_plainly(fixture.report, &order, expected);
      for (size_t limit = 0; limit <= stores; limit += 1 + (size_t)random_below(&random, 40)) {
        struct loom_page page;
        assert_true(loom_report_order(fixture.report, &order, limit, rows, &page));
        assert_int_equal(page.total, count);
        assert_int_equal(page.count, count < limit ? count : limit);
        for (size_t i = 0; i < page.count; i++)
          assert_int_equal(rows[i], expected[i]);
      }
    }
    free(chosen);
    free_report(&fixture);
  }
}

/* A store that ended a page and has gone since: the next page begins with the one after it. */
static void pages_go_on_without_their_last_store(void **state) {
  (void)state;
  struct fixture fixture = make_report(7, 5); /* s0 … s4 */
  size_t rows[5];
  struct loom_page page;
  struct loom_report_order order = {
      .by = LOOM_BY_ID, .resumes = true, .after_id = "s1x", .after_length = 3};
  assert_true(loom_report_order(fixture.report, &order, 5, rows, &page));
  assert_int_equal(page.count, 3);
  assert_int_equal(rows[0], 2);
  order.descending = true;
  assert_true(loom_report_order(fixture.report, &order, 5, rows, &page));
  assert_int_equal(page.count, 2);
  assert_int_equal(rows[0], 1);
  order = (struct loom_report_order){.by = LOOM_BY_FIGURE,
                                     .figure = LOOM_FIGURE_UNKNOWN,
                                     .window = 0,
                                     .resumes = true,
                                     .after_defined = true,
                                     .after_value = 0,
                                     .after_id = "s1x",
                                     .after_length = 3};
  assert_true(loom_report_order(fixture.report, &order, 0, rows, &page));
  assert_int_equal(page.count, 0);
  assert_int_equal(page.left, 3);
  free_report(&fixture);
}

/* ---- many rows ---- */

static void sums_agree_with_plain_ones(void **state) {
  (void)state;
  uint64_t random = 5;
  struct fixture fixture = make_report(11, 80);
  unsigned char *chosen = some_rows(&random, 80);
  for (size_t variant = 0; variant < 4; variant++) {
    const unsigned char *only = variant & 2 ? chosen : NULL;
    struct loom_figures expected = {0}, found;
    struct loom_group_sums sums;
    size_t count = 0;
    for (size_t row = 0; row < 80; row++) {
      const struct loom_figures *f = loom_report_figures(fixture.report, row) + (variant & 1);
      if (only && !only[row])
        continue;
      count++;
      expected.up += f->up, expected.down += f->down, expected.unknown += f->unknown,
          expected.excluded += f->excluded;
      expected.outages += f->outages, expected.polls += f->polls;
      expected.longest = f->longest > expected.longest ? f->longest : expected.longest;
    }
    loom_report_group_sums(fixture.report, variant & 1, NULL, only, 1, &sums);
    assert_int_equal(sums.stores, count);
    assert_true(loom_sums_figures(&sums, &found));
    assert_memory_equal(&found, &expected, sizeof found);
  }
  free(chosen);
  free_report(&fixture);
}

static void sums_of_groups_agree_with_plain_ones(void **state) {
  (void)state;
  enum { STORES = 80, GROUPS = 7 };
  uint64_t random = 17;
  uint32_t groups[STORES];
  struct fixture fixture = make_report(12, STORES);
  struct loom_group_sums sums[GROUPS], all;
  for (size_t row = 0; row < STORES; row++)
    groups[row] =
        random_below(&random, 4) ? (uint32_t)random_below(&random, GROUPS) : LOOM_NO_GROUP;
  for (size_t window = 0; window < 2; window++) {
    loom_report_group_sums(fixture.report, window, groups, NULL, GROUPS, sums);
    for (uint32_t group = 0; group < GROUPS; group++) {
      unsigned char only[STORES];
      struct loom_figures expected, found;
      for (size_t row = 0; row < STORES; row++)
        only[row] = groups[row] == group;
      loom_report_group_sums(fixture.report, window, NULL, only, 1, &all);
      assert_int_equal(all.stores, sums[group].stores);
      assert_true(loom_sums_figures(&all, &expected) && loom_sums_figures(&sums[group], &found));
      assert_memory_equal(&found, &expected, sizeof found);
    }
    loom_report_group_sums(fixture.report, window, NULL, NULL, 1, &all);
    assert_int_equal(all.stores, STORES);
  }
  free_report(&fixture);
}

/* A sum that an int64 holds no more, though each store's time is no longer than a window may be, must not turn negative. */
static void sums_beyond_an_int64_are_exact(void **state) {
  (void)state;
  enum { STORES = 2100 };
  struct fixture fixture = make_report(13, STORES);
  struct loom_group_sums sums;
  struct loom_figures found;
  for (size_t row = 0; row < STORES; row++) {
    struct loom_figures *figures =
        (struct loom_figures *)(uintptr_t)loom_report_figures(fixture.report, row);
    *figures = (struct loom_figures){.up = LOOM_SUM_CARRY - 2, .down = row % 2, .polls = 1};
  }
  loom_report_group_sums(fixture.report, 0, NULL, NULL, 1, &sums);
  assert_int_equal(sums.stores, STORES);
  assert_int_equal(sums.sums[LOOM_SUM_UP].carries, STORES - 1);
  assert_int_equal(sums.sums[LOOM_SUM_UP].rest, LOOM_SUM_CARRY - 2 * STORES);
  assert_int_equal(sums.sums[LOOM_SUM_DOWN].rest, STORES / 2);
  assert_false(loom_sums_figures(&sums, &found));
  unsigned char few[STORES] = {1, 1, 1};
  loom_report_group_sums(fixture.report, 0, NULL, few, 1, &sums);
  assert_true(loom_sums_figures(&sums, &found));
  assert_int_equal(found.up, 3 * (LOOM_SUM_CARRY - 2));
  free_report(&fixture);
}

static void silence_is_that_of_every_row(void **state) {
  (void)state;
  struct fixture fixture = make_report(31, 200);
  for (size_t window = 0; window < 2; window++) {
    size_t open, silent, expected_open = 0, expected_silent = 0;
    for (size_t row = 0; row < loom_report_count(fixture.report); row++) {
      const struct loom_figures *f = &loom_report_figures(fixture.report, row)[window];
      bool is_open = f->up > 0 || f->down > 0 || f->unknown > 0;
      expected_open += is_open;
      expected_silent += is_open && f->polls == 0;
    }
    loom_report_silence(fixture.report, window, &open, &silent);
    assert_int_equal(open, expected_open);
    assert_int_equal(silent, expected_silent);
  }
  free_report(&fixture);
}

static int compare_doubles(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void values_sort(void **state) {
  (void)state;
  uint64_t random = 9;
  for (size_t count = 0; count < 400; count = count * 3 / 2 + 1) {
    double values[400], expected[400];
    for (size_t i = 0; i < count; i++) /* of every magnitude, with many that are equal */
      values[i] =
          (double)random_below(&random, 8) * pow(10, (double)random_below(&random, 30) - 10);
    memcpy(expected, values, sizeof values);
    qsort(expected, count, sizeof *expected, compare_doubles);
    assert_true(loom_sort_values(values, count));
    assert_memory_equal(values, expected, count * sizeof *values);
  }
}

static void percentiles_and_histograms(void **state) {
  (void)state;
  double values[100];
  for (size_t i = 0; i < 100; i++)
    values[i] = (double)(i + 1) / 100;
  assert_true(loom_percentile(values, 100, 0) == 0.01);
  assert_true(loom_percentile(values, 100, 1) == 0.01);
  assert_true(loom_percentile(values, 100, 1.5) == 0.02);
  assert_true(loom_percentile(values, 100, 50) == 0.5);
  assert_true(loom_percentile(values, 100, 100) == 1);
  assert_true(loom_percentile(values, 1, 50) == 0.01);
  /* Whole percentages of a hundred are their own ranks: 7 / 100 * 100 is more than 7. */
  for (size_t percent = 1; percent <= 100; percent++)
    assert_true(loom_percentile(values, 100, (double)percent) == values[percent - 1]);
  uint64_t random = 1;
  for (size_t bins = 1; bins <= 40; bins++) {
    size_t found[40], expected[40] = {0}, count = 0;
    for (size_t i = 0; i < 100; i++)
      values[i] = (double)random_below(&random, 121) / 100; /* some are beyond */
    for (size_t i = 0; i < 100; i++)
      for (size_t bin = 0; bin < bins; bin++)
        expected[bin] += values[i] >= (double)bin / (double)bins &&
                         (bin + 1 == bins || values[i] < (double)(bin + 1) / (double)bins);
    loom_histogram(values, 100, 1, bins, found);
    for (size_t bin = 0; bin < bins; bin++, count += found[bin - 1])
      assert_int_equal(found[bin], expected[bin]);
    assert_int_equal(count, 100);
  }
}

/* The fewest values that have a share of the sum: one less of the largest has not. */
static void few_hold_a_share(void **state) {
  (void)state;
  uint64_t random = 5;
  for (int round = 0; round < 200; round++) {
    double values[60], sum = 0;
    size_t count = (size_t)random_below(&random, 61);
    for (size_t i = 0; i < count; i++)
      values[i] = random_below(&random, 3) ? 0 : (double)random_below(&random, 1000000);
    assert_true(loom_sort_values(values, count));
    for (size_t i = 0; i < count; i++)
      sum += values[i];
    for (int percent = 1; percent <= 100; percent++) {
      double share = (double)percent / 100, has = 0;
      size_t fewest = loom_fewest(values, count, share);
      assert_true(fewest <= count && (fewest > 0) == (sum > 0));
      for (size_t i = 0; i < fewest; i++)
        has += values[count - 1 - i];
      assert_true(has >= sum * share);
      assert_true(!fewest || has - values[count - fewest] < sum * share);
    }
  }
}

static void figures_have_names(void **state) {
  (void)state;
  assert_int_equal(loom_figure_from_name("up"), LOOM_FIGURE_UP);
  assert_int_equal(loom_figure_from_name("ratio"), LOOM_FIGURE_RATIO);
  assert_int_equal(loom_figure_from_name("polls"), LOOM_FIGURE_POLLS);
  assert_int_equal(loom_figure_from_name("speed"), LOOM_FIGURE_COUNT);
}

/* ---- JSON ---- */

static void assert_figures(const struct loom_figures *figures, const char *expected) {
  struct loom_text text = {0};
  assert_true(loom_figures_json(figures, &text));
  assert_int_equal(text.length, strlen(expected));
  assert_memory_equal(text.bytes, expected, text.length);
  loom_text_free(&text);
}

static void figures_as_json(void **state) {
  (void)state;
  assert_figures(&(struct loom_figures){0},
                 "{\"up\":0,\"down\":0,\"unknown\":0,\"excluded\":0,\"scheduled\":0,\"ratio\":null,"
                 "\"outages\":0,\"longest\":0,\"mttr\":null,\"mtbf\":null,\"polls\":0}");
  assert_figures(
      &(struct loom_figures){.up = 2000000,
                             .down = 1000001,
                             .unknown = 500,
                             .excluded = 1,
                             .longest = 1000000,
                             .outages = 3,
                             .polls = 7},
      "{\"up\":2,\"down\":1.000001,\"unknown\":0.0005,\"excluded\":0.000001,\"scheduled\":3.000501,"
      "\"ratio\":0.666666,\"outages\":3,\"longest\":1,\"mttr\":0.333334,\"mtbf\":0.666667,"
      "\"polls\":7}");
  /* A week less a microsecond is not all of it. */
  assert_figures(
      &(struct loom_figures){.up = 604799999999, .down = 1, .longest = 1, .outages = 1, .polls = 2},
      "{\"up\":604799.999999,\"down\":0.000001,\"unknown\":0,\"excluded\":0,\"scheduled\":604800,"
      "\"ratio\":0.999999,\"outages\":1,\"longest\":0.000001,\"mttr\":0.000001,\"mtbf\":604799."
      "999999,\"polls\":2}");
}

/* Quotients near ties above all. */
static void decimals_agree_with_printf(void **state) {
  (void)state;
  uint64_t random = 21;
  for (int i = 0; i < 100000; i++) {
    struct loom_figures figures = {
        .up = (int64_t)(random_next(&random) >> (2 + random_below(&random, 61))),
        .down = (int64_t)random_below(&random, 5000000),
        .outages = 1};
    if (i % 2)
      figures.up = figures.down, figures.outages = (int64_t)random_below(&random, 4096) + 1;
    char expected[64];
    struct loom_text text = {0};
    int length = snprintf(expected, sizeof expected, "%.6f",
                          (double)figures.up / (double)figures.outages / 1e6);
    while (expected[length - 1] == '0')
      length--;
    length -= expected[length - 1] == '.';
    expected[length] = '\0';
    assert_true(loom_figures_json(&figures, &text));
    assert_true(loom_text_reserve(&text, 1));
    text.bytes[text.length] = '\0';
    const char *found = strstr(text.bytes, "\"mtbf\":") + 7;
    if (strncmp(found, expected, (size_t)length) != 0 || found[length] != ',')
      fail_msg("%lld / %lld: %.30s, not %s", (long long)figures.up, (long long)figures.outages,
               found, expected);
    loom_text_free(&text);
  }
}

static void rows_as_json(void **state) {
  (void)state;
  static const char *const names[] = {"hour", "week"};
  struct fixture fixture = make_report(2, 3);
  for (size_t row = 0; row < 3; row++) {
    struct loom_text text = {0}, expected = {0};
    const struct loom_figures *figures = loom_report_figures(fixture.report, row);
    assert_true(loom_text_reserve(&expected, 2000));
    char head[64];
    snprintf(head, sizeof head, "{\"store_id\":\"s%zu\",\"windows\":{\"hour\":", row);
    loom_text_put(&expected, head, strlen(head));
    assert_true(loom_figures_json(&figures[0], &expected));
    loom_text_put(&expected, ",\"week\":", 8);
    assert_true(loom_figures_json(&figures[1], &expected));
    assert_true(loom_text_reserve(&expected, 2));
    loom_text_put(&expected, "}}", 2);
    assert_true(loom_report_json_store(fixture.report, row, names, &text));
    assert_int_equal(text.length, expected.length);
    assert_memory_equal(text.bytes, expected.bytes, text.length);
    loom_text_free(&text);
    loom_text_free(&expected);
  }
  free_report(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pages_agree_with_a_plain_sort),
      cmocka_unit_test(pages_begin_anywhere),
      cmocka_unit_test(other_orders_agree_with_a_plain_sort),
      cmocka_unit_test(pages_go_on_without_their_last_store),
      cmocka_unit_test(sums_agree_with_plain_ones),
      cmocka_unit_test(sums_of_groups_agree_with_plain_ones),
      cmocka_unit_test(sums_beyond_an_int64_are_exact),
      cmocka_unit_test(silence_is_that_of_every_row),
      cmocka_unit_test(values_sort),
      cmocka_unit_test(percentiles_and_histograms),
      cmocka_unit_test(few_hold_a_share),
      cmocka_unit_test(figures_have_names),
      cmocka_unit_test(figures_as_json),
      cmocka_unit_test(decimals_agree_with_printf),
      cmocka_unit_test(rows_as_json),
  };
  return cmocka_run_group_tests_name("report_order", tests, NULL, NULL);
}
