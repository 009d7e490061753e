/*
** Tests of series: steps against an oracle that looks at every microsecond of small windows, and those of reports against the
** cells of each store, against the report's own sums, and with any number of threads.
*/
#include "report/series.h"

#include "report/inspect.h"
#include "report/report_order.h"
#include "reports.h"

/* ---- every microsecond ---- */

#define LENGTH_MAX 240
#define GROUPS_MAX 3

enum { CLOSED = LOOM_SHUT };

/* What each group's stores were together in each step, counted the slow way. */
struct tally {
  int64_t times[GROUPS_MAX][LENGTH_MAX][LOOM_SERIES_TIMES], down[GROUPS_MAX][LENGTH_MAX];
};

/* A store of any make, handed over as the kernel does: in order, and sometimes in more segments than there are states. */
static void add_store(uint64_t *random, struct loom_series *series, size_t group,
                      struct tally *tally) {
  int length = (int)(series->window.end - series->window.start);
  uint64_t change = 1 + random_below(random, random_below(random, 2) ? 4 : 80);
  int states[LENGTH_MAX], kind = (int)random_below(random, LOOM_STATES);
  bool down[LENGTH_MAX] = {false};
  for (int t = 0; t < length; t++) {
    if (random_below(random, change) == 0)
      kind = (int)random_below(random, LOOM_STATES);
    size_t step = (size_t)(t / series->step);
    states[t] = kind;
    if (kind != CLOSED)
      tally->times[group][step][kind]++;
    if (kind == LOOM_DOWN && !down[step]) {
      down[step] = true;
      tally->down[group][step]++;
    }
  }
  loom_series_begin(series, group);
  for (int t = 0, end; t < length; t = end) {
    for (end = t + 1; end < length && states[end] == states[t] && random_below(random, 20);)
      end++;
    struct loom_span span = {series->window.start + t, series->window.start + end};
    if (states[t] != CLOSED)
      loom_series_add(series, span, (enum loom_state)states[t], NULL);
  }
  loom_series_end(series);
}

static void check_item(struct loom_series_item item, const int64_t *times, int64_t down) {
  for (int state = 0; state < LOOM_SERIES_TIMES; state++)
    assert_int_equal(item.times[state], times[state]);
  assert_int_equal(item.stores_down, down);
}

static void check_tally(const struct loom_series *series, const struct tally *tally) {
  for (size_t step = 0; step < series->steps; step++) {
    int64_t times[LOOM_SERIES_TIMES] = {0}, down = 0;
    for (size_t group = 0; group < series->groups; group++) {
      check_item(loom_series_at(series, group, step), tally->times[group][step],
                 tally->down[group][step]);
      for (int state = 0; state < LOOM_SERIES_TIMES; state++)
        times[state] += tally->times[group][step][state];
      down += tally->down[group][step];
    }
    check_item(loom_series_at(series, LOOM_SERIES_ALL, step), times, down);
  }
}

static void every_microsecond(void **state) {
  (void)state;
  static const int64_t bases[] = {0, -30, 1674518400000000, LOOM_INSTANT_MIN,
                                  LOOM_INSTANT_MAX - LENGTH_MAX};
  uint64_t random = 43;
  for (int round = 0; round < 1500; round++) {
    static struct tally tally;
    struct loom_series parts[2]; /* of two threads */
    uint64_t stores[GROUPS_MAX] = {0};
    int64_t step = 1 + (int64_t)random_below(&random, random_below(&random, 2) ? 6 : 60);
    int64_t steps = 1 + (int64_t)random_below(&random, (uint64_t)(LENGTH_MAX / step));
    size_t groups = 1 + random_below(&random, GROUPS_MAX);
    int64_t base = bases[random_below(&random, COUNT_OF(bases))];
    tally = (struct tally){0};
    for (int i = 0; i < 2; i++)
      assert_true(
          loom_series_init(&parts[i], (struct loom_span){base, base + steps * step}, step, groups));
    for (uint64_t i = random_below(&random, 9); i > 0; i--) {
      size_t group = random_below(&random, groups);
      add_store(&random, &parts[random_below(&random, 2)], group, &tally);
      stores[group]++;
    }
    loom_series_merge(&parts[0], &parts[1]);
    loom_series_finish(&parts[0]);
    check_tally(&parts[0], &tally);
    uint64_t all = 0;
    for (size_t group = 0; group < groups; group++) {
      assert_int_equal(loom_series_stores(&parts[0], group), stores[group]);
      all += stores[group];
    }
    assert_int_equal(loom_series_stores(&parts[0], LOOM_SERIES_ALL), all);
    loom_series_free(&parts[0]);
    loom_series_free(&parts[1]);
  }
}

/* A hundred thousand stores through the longest steps, and the most of them that a window has. */
static void long_steps(void **state) {
  (void)state;
  enum { STORES = 100000 };
  struct loom_series series;
  int64_t steps = LOOM_WINDOW_LENGTH_MAX / LOOM_SERIES_STEP_MAX;
  struct loom_span window = {0, steps * LOOM_SERIES_STEP_MAX};
  assert_true(loom_series_init(&series, window, LOOM_SERIES_STEP_MAX, 1));
  for (int i = 0; i < STORES; i++) {
    loom_series_begin(&series, 0);
    loom_series_add(&series, window, LOOM_DOWN, NULL);
    loom_series_end(&series);
  }
  loom_series_finish(&series);
  for (int64_t step = 0; step < steps; step++) {
    const int64_t times[LOOM_SERIES_TIMES] = {[LOOM_DOWN] = STORES * LOOM_SERIES_STEP_MAX};
    check_item(loom_series_at(&series, LOOM_SERIES_ALL, (size_t)step), times, STORES);
  }
  loom_series_free(&series);
}

/* ---- series of reports ---- */

/* A window of whole steps that any_window might give, and its steps. */
static struct loom_window random_steps(uint64_t *random, int64_t *step) {
  static const int64_t usual[] = {LOOM_MINUTE, 900 * LOOM_SECOND, LOOM_HOUR, 7 * LOOM_HOUR + 1,
                                  LOOM_DAY};
  struct loom_window window = random_window(random);
  int64_t length = window.length ? window.length : window.to - window.from;
  *step = usual[random_below(random, COUNT_OF(usual))];
  if (*step > length)
    *step = 1;
  int64_t steps = length / *step < 300 ? length / *step : 300;
  if (window.length)
    window.length = steps * *step;
  else
    window.to = window.from + steps * *step;
  return window;
}

/* Members of any of the groups, some of them unknown, and some stores in none. */
static void random_groups(uint64_t *random, const loom_report *report, size_t groups,
                          struct loom_id_table *members, uint32_t *group_of) {
  loom_id_table_init(members);
  for (size_t row = 0; row < loom_report_count(report); row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    if (random_below(random, 4))
      group_of[loom_id_table_put(members, id, length)] = (uint32_t)random_below(random, groups);
  }
  group_of[loom_id_table_put(members, "unknown", 7)] = 0;
}

/* Adds the cells of one store to the steps that they lie in, step by step. */
static void add_cells(const struct loom_inspection *in, int64_t step, int64_t (*times)[4],
                      int64_t *down) {
  int64_t last_down = -1;
  for (size_t i = 0; i < in->cell_count; i++) {
    const struct loom_cell *cell = &in->cells[i];
    for (int64_t at = cell->span.start, end; at < cell->span.end; at = end) {
      int64_t place = (at - in->window.start) / step;
      end = in->window.start + (place + 1) * step;
      end = end < cell->span.end ? end : cell->span.end;
      times[place][cell->state] += end - at;
      if (cell->state == LOOM_DOWN && place > last_down) {
        last_down = place;
        down[place]++;
      }
    }
  }
}

/* The series of a report holds what a look at each of its stores tells. */
static void check_against_cells(loom_database *database, const struct loom_report_options *options,
                                const loom_report *report, const struct loom_series *series) {
  enum { STEPS = 301 };
  static int64_t times[GROUPS_MAX][STEPS][4], down[GROUPS_MAX][STEPS];
  memset(times, 0, sizeof times);
  memset(down, 0, sizeof down);
  for (size_t row = 0; row < loom_report_count(report); row++) {
    loom_error error;
    struct loom_inspection in;
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    uint32_t member = options->series.members
                          ? loom_id_table_find(options->series.members, id, length)
                          : LOOM_NO_NUMBER;
    size_t group =
        member == LOOM_NO_NUMBER ? options->series.groups - 1 : options->series.group_of[member];
    const struct loom_inspect_options asked = {.id = id,
                                               .id_length = length,
                                               .rules = options->rules,
                                               .window = options->windows[options->series.window],
                                               .default_zone = options->default_zone};
    loom_source *source = loom_source_sqlite_shared(database);
    assert_status(loom_inspect(&asked, source, database->zones, &in, &error), LOOM_OK, &error);
    loom_source_free(source);
    add_cells(&in, series->step, times[group], down[group]);
    loom_inspection_free(&in);
  }
  for (size_t group = 0; group < series->groups; group++)
    for (size_t step = 0; step < series->steps; step++)
      check_item(loom_series_at(series, group, step), times[group][step], down[group][step]);
}

/* The sums over the steps are the report's. */
static void check_against_sums(const loom_report *report, size_t window,
                               const struct loom_series *series) {
  struct loom_group_sums sums;
  struct loom_figures sum;
  int64_t times[LOOM_SERIES_TIMES] = {0};
  loom_report_group_sums(report, window, NULL, NULL, 1, &sums);
  assert_int_equal(loom_series_stores(series, LOOM_SERIES_ALL), sums.stores);
  assert_true(loom_sums_figures(&sums, &sum));
  for (size_t step = 0; step < series->steps; step++)
    for (int state = 0; state < LOOM_SERIES_TIMES; state++)
      times[state] += loom_series_at(series, LOOM_SERIES_ALL, step).times[state];
  assert_int_equal(times[LOOM_UP], sum.up);
  assert_int_equal(times[LOOM_DOWN], sum.down);
  assert_int_equal(times[LOOM_UNKNOWN], sum.unknown);
  assert_int_equal(times[LOOM_EXCLUDED], sum.excluded);
}

static void series_of_reports(void **state) {
  (void)state;
  uint64_t random = 11;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *database = stores_far_apart(&scratch, 12);
  for (int round = 0; round < 40; round++) {
    uint32_t group_of[300];
    struct loom_id_table members;
    struct loom_series series, none;
    struct loom_window windows[] = {any_window(&random), {0}};
    struct loom_report_options options = default_options();
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    options.threads = 1 + (unsigned)round % 5;
    options.selection.all_stores = round % 2;
    options.series.window = 1;
    options.series.groups = 1 + random_below(&random, GROUPS_MAX);
    windows[1] = random_steps(&random, &options.series.step);
    random_rules(&random, &options.rules);
    loom_source *source = loom_source_sqlite(database);
    loom_report *plain = complete_report(&options, source, database->zones);
    random_groups(&random, plain, options.series.groups, &members, group_of);
    if (round % 4) {
      options.series.members = &members;
      options.series.group_of = group_of;
    }
    loom_source *other = loom_source_sqlite(database);
    loom_report *report = complete_report(&options, other, database->zones);
    assert_true(loom_report_take_series(report, &series));
    assert_false(loom_report_take_series(report, &none));
    assert_int_equal(series.window.start, loom_report_window(report, 1).start);
    check_against_sums(report, 1, &series);
    if (round % 3 == 0)
      check_against_cells(database, &options, report, &series);
    loom_series_free(&series);
    loom_report_free(report);
    loom_report_free(plain);
    loom_source_free(source);
    loom_source_free(other);
    loom_id_table_free(&members);
  }
  loom_database_close(database);
  scratch_end(&scratch);
}

static void refused(void **state) {
  (void)state;
  static const struct loom_window day = {.length = LOOM_DAY},
                                  today = {.calendar = LOOM_CALENDAR_TODAY};
  static const char *const good =
                               "a series is of one of the windows, which is not on the calendar, "
                               "and without strips",
                           *const whole = "a series has a whole number of steps",
                           *const many =
                               "a series has up to 2000 steps, and up to 20000 of them "
                               "in all its groups";
  const struct {
    const struct loom_window *window;
    struct loom_series_option series;
    size_t strip_bins;
    const char *message;
  } cases[] = {{&day, {.window = 1, .step = LOOM_HOUR, .groups = 1}, 0, good},
               {&day, {.step = -LOOM_HOUR, .groups = 1}, 0, good},
               {&day, {.step = LOOM_HOUR}, 0, good},
               {&today, {.step = LOOM_HOUR, .groups = 1}, 0, good},
               {&day, {.step = LOOM_HOUR, .groups = 1}, 24, good},
               {&day, {.step = 7 * LOOM_HOUR, .groups = 1}, 0, whole},
               {&day, {.step = 2 * LOOM_DAY, .groups = 1}, 0, whole},
               {&day, {.step = 40 * LOOM_SECOND, .groups = 1}, 0, many},
               {&day, {.step = LOOM_DAY, .groups = 20001}, 0, many},
               {&day, {.step = LOOM_HOUR, .groups = 834}, 0, many},
               {&day, {.step = 48 * LOOM_SECOND, .groups = 12}, 0, many}};
  loom_database *database = many_stores(3, 1);
  loom_source *source = loom_source_sqlite(database);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error = {0};
    loom_report *report;
    struct loom_report_options options = default_options();
    options.windows = cases[i].window;
    options.window_count = 1;
    options.series = cases[i].series;
    options.strip_bins = cases[i].strip_bins;
    assert_int_equal(loom_report_prepare(&options, source, database->zones, &report, &error),
                     LOOM_EINVAL);
    assert_string_equal(error.message, cases[i].message);
  }
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_microsecond), cmocka_unit_test(long_steps),
      cmocka_unit_test(series_of_reports), cmocka_unit_test(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
