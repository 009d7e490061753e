/*
** Tests of looking at one store: on random stores, windows and rules it gives a report's figures, made of cells that
** cover the pieces and are explained by their polls.
*/
#include "report/inspect.h"
#include "reports.h"

static struct loom_inspect_options options_for(const struct loom_report_options *report,
                                               size_t window, const char *id, size_t length) {
  return (struct loom_inspect_options){.id = id,
                                       .id_length = length,
                                       .rules = report->rules,
                                       .window = report->windows[window],
                                       .has_as_of = report->has_as_of,
                                       .as_of = report->as_of,
                                       .default_zone = report->default_zone};
}

static loom_status inspect(loom_database *database, const struct loom_inspect_options *options,
                           struct loom_inspection *inspection, loom_error *error) {
  loom_source *source = loom_source_sqlite_shared(database);
  loom_status status = loom_inspect(options, source, database->zones, inspection, error);
  loom_source_free(source); /* the inspection needs it no more */
  return status;
}

static bool has_poll(const struct loom_inspection *in, loom_poll poll) {
  for (size_t i = 0; i < in->store.polls.count; i++)
    if (in->store.polls.items[i] == poll)
      return true;
  return false;
}

/* How much of a span exclusions take out. */
static int64_t excluded_within(const struct loom_inspection *in, struct loom_span span) {
  int64_t sum = 0;
  for (size_t i = 0; i < in->measure.exclusions->count; i++) {
    struct loom_span out = in->measure.exclusions->items[i];
    int64_t start = out.start > span.start ? out.start : span.start;
    int64_t end = out.end < span.end ? out.end : span.end;
    sum += start < end ? end - start : 0;
  }
  return sum;
}

/* What a cell says of itself is what the rules say. */
static void check_cell(const struct loom_inspection *in, const struct loom_cell *cell) {
  const struct loom_rules *rules = &in->setting.rules;
  struct loom_span piece = in->measure.pieces.items[cell->piece];
  bool excluded = cell->state == LOOM_EXCLUDED;
  int64_t out = excluded_within(in, cell->span);
  assert_int_equal(out, excluded ? cell->span.end - cell->span.start : 0);
  if (!cell->has_poll) {
    assert_true(excluded || cell->state == rules->no_data);
    return;
  }
  assert_false(excluded);
  assert_true(has_poll(in, cell->poll));
  int64_t at = loom_poll_instant(cell->poll), gap = rules->max_gap;
  if (cell->state == LOOM_UNKNOWN) {
    assert_true(gap != LOOM_NO_MAX_GAP);
    assert_true(cell->span.end <= at - gap || cell->span.start >= at + gap);
  } else {
    assert_int_equal(cell->state, loom_poll_active(cell->poll) ? LOOM_UP : LOOM_DOWN);
    assert_true(gap == LOOM_NO_MAX_GAP ||
                (cell->span.start >= at - gap && cell->span.end <= at + gap));
  }
  if (rules->evidence == LOOM_EVIDENCE_INSIDE)
    assert_true(at >= piece.start && at <= piece.end);
  else
    assert_true(at <= piece.end || at <= in->as_of);
}

/* Cells cover the pieces from end to end, in order, and their sums are the figures. */
static void check_cells(const struct loom_inspection *in) {
  int64_t sums[LOOM_EXCLUDED + 1] = {0};
  size_t cell = 0;
  for (size_t piece = 0; piece < in->measure.pieces.count; piece++) {
    struct loom_span span = in->measure.pieces.items[piece];
    assert_true(span.start >= in->window.start && span.end <= in->window.end);
    int64_t at = span.start;
    for (; cell < in->cell_count && in->cells[cell].piece == piece; cell++) {
      assert_int_equal(in->cells[cell].span.start, at);
      at = in->cells[cell].span.end;
      assert_true(at > in->cells[cell].span.start);
      sums[in->cells[cell].state] += at - in->cells[cell].span.start;
      if (in->cells[cell].state == LOOM_EXCLUDED && in->cells[cell].span.start > span.start)
        /* one cell, whatever was judged there */
        assert_int_not_equal(in->cells[cell - 1].state, LOOM_EXCLUDED);
      check_cell(in, &in->cells[cell]);
    }
    assert_int_equal(at, span.end);
  }
  assert_int_equal(cell, in->cell_count);
  assert_int_equal(sums[LOOM_UP], in->figures.up);
  assert_int_equal(sums[LOOM_DOWN], in->figures.down);
  assert_int_equal(sums[LOOM_UNKNOWN], in->figures.unknown);
  assert_int_equal(sums[LOOM_EXCLUDED], in->figures.excluded);
}

static void add_within(struct loom_spans *list, struct loom_span span, struct loom_span window) {
  int64_t start = span.start > window.start ? span.start : window.start;
  int64_t end = span.end < window.end ? span.end : window.end;
  if (start < end)
    assert_true(loom_spans_add(list, start, end));
}

/* Openings come by date, say what the schedule says, and merged are the intervals. */
static void check_openings(const struct loom_inspection *in) {
  struct loom_spans openings = {0}, intervals = {0};
  for (size_t i = 0; i < in->opening_count; i++) {
    const struct loom_opening *opening = &in->openings[i];
    assert_true(i == 0 || opening->date >= in->openings[i - 1].date);
    assert_true(opening->span.start < in->window.end && opening->span.end > in->window.start);
    add_within(&openings, opening->span, in->window);
  }
  for (size_t i = 0; i < in->measure.intervals.count; i++)
    add_within(&intervals, in->measure.intervals.items[i], in->window);
  loom_spans_merge(&openings, false);
  assert_int_equal(openings.count, intervals.count);
  for (size_t i = 0; i < openings.count; i++) {
    assert_int_equal(openings.items[i].start, intervals.items[i].start);
    assert_int_equal(openings.items[i].end, intervals.items[i].end);
  }
  loom_spans_free(&openings);
  loom_spans_free(&intervals);
}

/* Who asks for hours alone gets the same, and no polls are read, of which there may be any number. */
static void check_hours_alone(loom_database *database, struct loom_inspect_options options,
                              const struct loom_inspection *all) {
  loom_error error;
  struct loom_inspection hours;
  options.hours_alone = true;
  assert_status(inspect(database, &options, &hours, &error), LOOM_OK, &error);
  assert_int_equal(hours.as_of, all->as_of);
  assert_int_equal(hours.opening_count, all->opening_count);
  for (size_t i = 0; i < all->opening_count; i++)
    assert_memory_equal(&hours.openings[i], &all->openings[i], sizeof *all->openings);
  assert_int_equal(hours.store.polls.count, 0);
  assert_int_equal(hours.cell_count, 0);
  loom_inspection_free(&hours);
}

static void check_store(loom_database *database, const struct loom_report_options *options,
                        const loom_report *report, size_t row) {
  size_t length;
  const char *id = loom_report_store(report, row, &length);
  for (size_t w = 0; w < options->window_count; w++) {
    loom_error error;
    struct loom_inspection in;
    struct loom_inspect_options wanted = options_for(options, w, id, length);
    assert_status(inspect(database, &wanted, &in, &error), LOOM_OK, &error);
    struct loom_span window = loom_report_window_of(report, row, w);
    assert_int_equal(in.as_of, loom_report_as_of(report));
    assert_int_equal(in.window.start, window.start);
    assert_int_equal(in.window.end, window.end);
    assert_int_equal(in.store.id_length, length);
    assert_memory_equal(in.store.id, id, length);
    assert_memory_equal(&in.figures, &loom_report_figures(report, row)[w], sizeof in.figures);
    check_cells(&in);
    check_openings(&in);
    check_hours_alone(database, wanted, &in);
    loom_inspection_free(&in);
  }
}

static void same_as_a_report(void **test) {
  (void)test;
  uint64_t random = 51;
  for (int round = 0; round < 120; round++) {
    loom_error error;
    loom_report *report;
    struct loom_window windows[4];
    /* One database for several rounds of rules. */
    static loom_database *database;
    if (round % 10 == 0)
      database = many_stores(25, random_next(&random));
    for (size_t w = 0; w < COUNT_OF(windows); w++)
      windows[w] = any_window(&random);
    struct loom_report_options options = default_options();
    random_rules(&random, &options.rules);
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    options.selection.all_stores = true;
    options.default_zone = round % 2 ? "America/Chicago" : "Asia/Kolkata";
    options.has_as_of = random_below(&random, 2);
    options.as_of = instant("2023-01-15 00:00:00") + random_between(&random, 0, 10 * LOOM_DAY);
    loom_source *source = loom_source_sqlite(database);
    assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    assert_status(wait_for(report, &error), LOOM_DONE, &error);
    assert_true(loom_report_count(report) > 15);
    for (size_t row = 0; row < loom_report_count(report); row++)
      check_store(database, &options, report, row);
    loom_report_free(report);
    loom_source_free(source);
    if (round % 10 == 9)
      loom_database_close(database);
  }
}

/* ---- by hand ---- */

static struct loom_inspect_options one_day(const char *id) {
  struct loom_inspect_options options = {
      .id = id,
      .id_length = strlen(id),
      .window = {.from = instant("2023-01-24 00:00:00"), .to = instant("2023-01-25 00:00:00")},
      .default_zone = "UTC"};
  assert_true(loom_rules_preset("loom", &options.rules));
  return options;
}

/* Why a date has its openings, which are told as they were written. */
static void origins(void **state) {
  (void)state;
  static const struct {
    const char *id;
    enum loom_origin origin;
    int32_t open, close;
  } cases[] = {{"own", LOOM_ORIGIN_OWN_DAY, 10 * 3600, 12 * 3600},
               {"weekly", LOOM_ORIGIN_WEEKLY, 9 * 3600, 17 * 3600 + 59 * 60},
               {"none", LOOM_ORIGIN_NO_HOURS, 0, 86400}};
  loom_error error;
  struct loom_inspection in;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "own,active,2023-01-24 10:00:00\nweekly,active,2023-01-24 10:00:00\n"
       "none,active,2023-01-24 10:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\nown,1,09:00,17:00\nweekly,1,09:00,17:59\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\nown,2023-01-24,10:00,12:00\n");
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_inspect_options options = one_day(cases[i].id);
    assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
    assert_int_equal(in.opening_count, 1);
    assert_int_equal(in.openings->origin, cases[i].origin);
    assert_int_equal(in.openings->open, cases[i].open);
    assert_int_equal(in.openings->close, cases[i].close);
    assert_int_equal(in.cell_count, 1);
    assert_int_equal(in.figures.up, (int64_t)(cases[i].close - cases[i].open) * LOOM_SECOND);
    loom_inspection_free(&in);
  }
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-24,00:00,01:00\n");
  struct loom_inspect_options options = one_day("weekly");
  assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
  assert_int_equal(in.openings->origin, LOOM_ORIGIN_ALL_DAY);
  assert_false(in.cells->has_poll);
  loom_inspection_free(&in);
  loom_inspection_free(&in);
  loom_database_close(database);
}

static void assert_fails(loom_database *database, const struct loom_inspect_options *options,
                         loom_status expected, const char *message) {
  loom_error error = {0};
  struct loom_inspection in;
  assert_int_equal(inspect(database, options, &in, &error), expected);
  assert_string_equal(error.message, message);
  loom_inspection_free(&in);
  /* The database is free again. */
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  loom_database_rollback(database);
}

static void refusals(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, POLLS_HEADER "a,active,2023-01-24 10:00:00\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\nx,2023-01-01 00:00:00,2023-01-02 00:00:00\n");
  struct loom_inspect_options options = one_day("b\n");
  assert_fails(database, &options, LOOM_ENOENT, "store \"b\\x0a\" is not known");
  options = one_day("A");
  assert_fails(database, &options, LOOM_ENOENT, "store \"A\" is not known");
  options = one_day("");
  assert_fails(database, &options, LOOM_ENOENT, "store \"\" is not known");
  options = one_day("x"); /* of which nothing can be reported */
  assert_fails(database, &options, LOOM_ENOENT, "store \"x\" is not known");
  options = one_day("a");
  options.default_zone = "Mars/Olympus";
  assert_fails(database, &options, LOOM_EINPUT,
               "default zone: \"Mars/Olympus\" is not a zone of the tz database");
  static const struct {
    struct loom_window window;
    const char *message;
  } windows[] = {
      {{.length = 0}, "the window ends before it starts"},
      {{.from = 10, .to = 9}, "the window ends before it starts"},
      {{.length = -1}, "the window ends before it starts"},
      {{.from = 0, .to = LOOM_WINDOW_LENGTH_MAX + 1}, "the window is longer than 100 years"},
      {{.length = LOOM_WINDOW_LENGTH_MAX + 1}, "the window is longer than 100 years"},
      {{.from = LOOM_INSTANT_MIN, .to = LOOM_INSTANT_MAX}, "the window is longer than 100 years"},
      {{.from = LOOM_INSTANT_MIN, .to = LOOM_INSTANT_MIN + 1, .before = true},
       "the window begins before the year 1"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 10, .after_last = 10},
       "the window ends before it starts"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = LOOM_DATE_MIN, .after_last = LOOM_DATE_MIN + 1},
       "the window begins before the year 1"}};
  for (size_t i = 0; i < COUNT_OF(windows); i++) {
    options = one_day("a");
    options.window = windows[i].window;
    assert_fails(database, &options, LOOM_EINVAL, windows[i].message);
  }
  execute(database, "UPDATE store SET timezone = 'No/Where'");
  options = one_day("a");
  assert_fails(
      database, &options, LOOM_EINPUT,
      "store \"a\": timezone \"No/Where\" is not a zone of the tz database any more (Debian"
      " keeps old names in its package tzdata-legacy)");
  execute(database, "UPDATE store SET timezone = NULL; UPDATE poll_block SET polls = x'00'");
  assert_fails(database, &options, LOOM_ECORRUPT,
               ":memory:: is corrupt: a block of polls has a length that is not a multiple of 8"
               " (see loom check)");
  loom_database_close(database);
}

/* A window of its own needs no polls, one that ends at the newest poll does. */
static void without_polls(void **state) {
  (void)state;
  loom_error error;
  struct loom_inspection in;
  loom_database *database = memory_database();
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Tokyo\n");
  struct loom_inspect_options options = one_day("a");
  assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
  assert_int_equal(in.as_of, options.window.to);
  assert_int_equal(in.figures.down, LOOM_DAY);
  assert_int_equal(in.store.polls.count, 0);
  assert_string_equal(in.store.zone, "Asia/Tokyo");
  check_cells(&in);
  check_openings(&in);
  loom_inspection_free(&in);
  options.window = (struct loom_window){.length = LOOM_DAY};
  assert_fails(database, &options, LOOM_EEMPTY, ":memory:: there are no polls yet");
  options.has_as_of = true;
  options.as_of = instant("2023-01-25 00:00:00");
  assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
  assert_int_equal(in.figures.down, LOOM_DAY);
  loom_inspection_free(&in);
  loom_database_close(database);
}

/* What may be looked at counts what is in the window, whatever the store has beside it. */
static void no_more_than(void **state) {
  (void)state;
  loom_error error;
  struct loom_inspection in;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-23 23:59:59\na,active,2023-01-24 00:00:00\n"
       "a,active,2023-01-24 10:00:00\na,active,2023-01-25 00:00:00\n"
       "a,active,2023-01-25 00:00:01\n");
  struct loom_inspect_options options = one_day("a");
  options.most = 4; /* three polls and an opening */
  assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
  loom_inspection_free(&in);
  options.most = 3;
  assert_fails(database, &options, LOOM_EINVAL,
               "the window has 3 polls and 1 openings, after 0 of other windows; 3 in all can be "
               "looked at: a window of 18.0 hours would do");
  options.told = 2;
  assert_fails(database, &options, LOOM_EINVAL,
               "the window has 3 polls and 1 openings, after 2 of other windows; 3 in all can be "
               "looked at: a window of 6.0 hours would do");
  options.most = 6;
  assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
  loom_inspection_free(&in);
  loom_database_close(database);
}

/* The longest window, at both ends of the range. */
static void long_windows(void **state) {
  (void)state;
  static const int64_t starts[] = {LOOM_INSTANT_MIN, LOOM_INSTANT_MAX - LOOM_WINDOW_LENGTH_MAX};
  loom_error error;
  struct loom_inspection in;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, POLLS_HEADER "a,active,2023-01-24 10:00:00\n");
  for (size_t i = 0; i < COUNT_OF(starts); i++) {
    struct loom_inspect_options options = one_day("a");
    options.window.from = starts[i];
    options.window.to = starts[i] + LOOM_WINDOW_LENGTH_MAX;
    assert_status(inspect(database, &options, &in, &error), LOOM_OK, &error);
    assert_true(in.opening_count >= 36524);
    check_cells(&in);
    check_openings(&in);
    loom_inspection_free(&in);
  }
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_as_a_report), cmocka_unit_test(origins),
      cmocka_unit_test(refusals),         cmocka_unit_test(without_polls),
      cmocka_unit_test(no_more_than),     cmocka_unit_test(long_windows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
