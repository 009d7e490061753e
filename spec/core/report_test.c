/*
** Tests of reports: the figures of known data, the same figures however many threads compute them,
*rows in order of
** id, what is refused, and cancelling or freeing at any time.
*/
#include "storage.h"

#include "civil.h"
#include "report.h"
#include "source_sqlite.h"
#include "support.h"

#include <pthread.h>

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static const struct loom_window_option standard[] = {
    {LOOM_HOUR, 0, 0}, {LOOM_DAY, 0, 0}, {7 * LOOM_DAY, 0, 0}};

static struct loom_report_options default_options(void) {
  struct loom_report_options options = {
      .windows = standard, .window_count = 3, .default_zone = "UTC", .threads = 1};
  assert_true(loom_rules_preset("loom", &options.rules));
  return options;
}

static int64_t instant(const char *text) {
  int64_t result;
  assert_null(loom_parse_timestamp(text, strlen(text), &result));
  return result;
}

static loom_status wait_for(loom_report *report, loom_error *error) {
  loom_status status;
  while ((status = loom_report_wait(report, 1000, error)) == LOOM_OK)
    ;
  return status;
}

/* A complete report, as text; and its status, if it fails. */
static loom_status run(loom_database *database, const struct loom_report_options *options,
                       struct buffer *out, loom_error *error) {
  loom_report *report;
  loom_source *source = loom_source_sqlite(database);
  loom_status status = loom_report_start(options, source, database->zones, &report, error);
  assert_true((status == LOOM_OK) == (report != NULL));
  if (status == LOOM_OK)
    status = wait_for(report, error);
  if (status == LOOM_DONE) {
    buffer_printf(out, "as_of %lld\n", (long long)loom_report_as_of(report));
    for (size_t row = 0; row < loom_report_count(report); row++) {
      size_t length;
      const char *id = loom_report_store(report, row, &length);
      const struct loom_figures *figures = loom_report_figures(report, row);
      buffer_put(out, id, length);
      for (size_t w = 0; w < loom_report_window_count(report); w++)
        buffer_printf(out, " %lld/%lld/%lld x%lld o%lld l%lld p%lld", (long long)figures[w].up,
                      (long long)figures[w].down, (long long)figures[w].unknown,
                      (long long)figures[w].excluded, (long long)figures[w].outages,
                      (long long)figures[w].longest, (long long)figures[w].polls);
      buffer_put(out, "\n", 1);
    }
  }
  loom_report_free(report);
  source->free(source);
  return status;
}

static void assert_report(loom_database *database, const struct loom_report_options *options,
                          const char *expected) {
  loom_error error;
  struct buffer found = {0};
  assert_status(run(database, options, &found, &error), LOOM_DONE, &error);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
}

static void assert_fails(loom_database *database, const struct loom_report_options *options,
                         loom_status expected, const char *message) {
  loom_error error = {0};
  struct buffer found = {0};
  assert_int_equal(run(database, options, &found, &error), expected);
  assert_int_equal(error.code, expected);
  assert_string_equal(error.message, message);
  buffer_free(&found);
}

/* ---- figures ---- */

/* Open on Tuesdays 09:00 to 17:00 UTC; active at 10:00, inactive at 12:00, active at 16:00; as of
 * 16:30. */
static loom_database *one_tuesday(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER "s,active,2023-01-24 10:00:00\ns,inactive,2023-01-24 "
                    "12:00:00\ns,active,2023-01-24 16:00:00\n");
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\ns,1,09:00,17:00\n");
  return database;
}

/*
** Backward: 9–10 up, 10–12 down, 12–16:30 up; the hour's poll at 16:00 vouches for all of it.
** The week begins in last Tuesday's last half hour, of which nothing is known.
*/
static void figures_by_hand(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.has_as_of = true;
  options.as_of = instant("2023-01-24 16:30:00");
  assert_report(database, &options,
                "as_of 1674577800000000\n"
                "s 3600000000/0/0 x0 o0 l0 p1"
                " 19800000000/7200000000/0 x0 o1 l7200000000 p3"
                " 19800000000/9000000000/0 x0 o2 l7200000000 p3\n");
  /* An hour of maintenance for all, half an hour for the store, half of it the same; a closed day
   * for all. */
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,2023-01-24 11:00:00,2023-01-24 12:00:00\ns,2023-01-24 "
       "11:45:00,2023-01-24 12:15:00\n");
  options.windows = &standard[1];
  options.window_count = 1;
  /* 9–11: up to 10, and the poll at 10 is the piece's last, so up to 11; 12:15–16:30: up. */
  assert_report(database, &options,
                "as_of 1674577800000000\ns 22500000000/0/0 x4500000000 o0 l0 p2\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-24,,\n");
  assert_report(database, &options, "as_of 1674577800000000\ns 0/0/0 x0 o0 l0 p0\n");
  /* The store's own day beats everyone's. */
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\ns,2023-01-24,15:00,16:00\n");
  assert_report(database, &options, "as_of 1674577800000000\ns 3600000000/0/0 x0 o0 l0 p1\n");
  loom_database_close(database);
}

static void zones_and_as_of(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.windows = &standard[1];
  options.window_count = 1;
  /* Without an as_of it is the newest poll; the default zone puts 09:00 at 15:00 UTC. */
  options.default_zone = "America/Chicago";
  assert_report(database, &options, "as_of 1674576000000000\ns 3600000000/0/0 x0 o0 l0 p1\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,UTC\n");
  assert_report(database, &options,
                "as_of 1674576000000000\ns 18000000000/7200000000/0 x0 o1 l7200000000 p3\n");
  loom_database_close(database);
}

/* Neighbours matter under `around`, as far as as_of; figures end at the window all the same. */
static void evidence_from_afar(void **state) {
  (void)state;
  loom_database *database = memory_database();
  const struct loom_window_option past = {0, instant("2023-01-10 00:00:00"),
                                          instant("2023-01-11 00:00:00")};
  load(database, LOOM_POLLS,
       POLLS_HEADER "s,active,2022-06-01 00:00:00\ns,inactive,2023-03-01 "
                    "00:00:00\nt,inactive,2023-03-01 00:00:00\n");
  struct loom_report_options options = default_options();
  options.windows = &past;
  options.window_count = 1;
  options.rules.evidence = LOOM_EVIDENCE_AROUND;
  options.rules.no_data = LOOM_UNKNOWN;
  options.rules.fill = LOOM_FILL_FORWARD;
  options.default_zone = "UTC";
  /* s: the poll before; t has none, and takes the one after. */
  assert_report(database, &options,
                "as_of 1677628800000000\ns 86400000000/0/0 x0 o0 l0 p0\n"
                "t 0/86400000000/0 x0 o1 l86400000000 p0\n");
  options.rules.fill = LOOM_FILL_BACKWARD;
  assert_report(database, &options,
                "as_of 1677628800000000\ns 0/86400000000/0 x0 o1 l86400000000 p0\n"
                "t 0/86400000000/0 x0 o1 l86400000000 p0\n");
  /* What comes after as_of is not known yet. */
  options.has_as_of = true;
  options.as_of = instant("2023-02-28 23:59:59");
  assert_report(database, &options,
                "as_of 1677628799000000\ns 86400000000/0/0 x0 o0 l0 p0\n"
                "t 0/0/86400000000 x0 o0 l0 p0\n");
  options.rules.evidence = LOOM_EVIDENCE_INSIDE;
  assert_report(database, &options,
                "as_of 1677628799000000\ns 0/0/86400000000 x0 o0 l0 p0\n"
                "t 0/0/86400000000 x0 o0 l0 p0\n");
  loom_database_close(database);
}

/* ---- rows ---- */

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
    assert_status(loom_report_start(&options, source, database->zones, &report, &error), LOOM_OK,
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
    source->free(source);
  }
  buffer_free(&text);
  loom_database_close(database);
}

/* Stores of every make: with and without hours, zones, special days, exclusions. */
static loom_database *many_stores(unsigned stores, uint64_t seed) {
  uint64_t state = seed;
  static const char *const zones[] = {"America/Denver", "Asia/Kolkata", "UTC", "Pacific/Auckland"};
  struct buffer polls = {0}, hours = {0}, timezones = {0}, days = {0}, exclusions = {0};
  loom_database *database = memory_database();
  buffer_printf(&polls, POLLS_HEADER);
  buffer_printf(&hours, "store_id,day,start_time_local,end_time_local\n");
  buffer_printf(&timezones, "store_id,timezone_str\n");
  buffer_printf(&days, "store_id,date,open,close\n*,2023-01-22,,\n");
  buffer_printf(&exclusions,
                "store_id,from_utc,to_utc\n*,2023-01-21 10:00:00,2023-01-21 11:00:00\n");
  for (unsigned s = 0; s < stores; s++) {
    uint64_t id = random_next(&state);
    for (uint64_t i = random_below(&state, 30); i > 0; i--) {
      char when[LOOM_TIMESTAMP_SIZE];
      int64_t t = instant("2023-01-15 00:00:00") + (int64_t)random_below(&state, 10 * LOOM_DAY);
      loom_format_timestamp(t, when);
      buffer_printf(&polls, "%llu,%s,%s\n", (unsigned long long)id,
                    random_below(&state, 2) ? "active" : "inactive", when);
    }
    for (int day = 0; s % 3 && day < 7; day++)
      if (random_below(&state, 5))
        buffer_printf(&hours, "%llu,%d,%02d:00,%02d:30\n", (unsigned long long)id, day,
                      (int)random_below(&state, 24), (int)random_below(&state, 24));
    if (s % 4)
      buffer_printf(&timezones, "%llu,%s\n", (unsigned long long)id,
                    zones[random_below(&state, 4)]);
    if (s % 5 == 0)
      buffer_printf(&days, "%llu,2023-01-2%d,10:00,14:00\n", (unsigned long long)id, s % 5);
    if (s % 7 == 0)
      buffer_printf(&exclusions, "%llu,2023-01-2%u 10:30:00,2023-01-2%u 12:00:00\n",
                    (unsigned long long)id, s % 5, s % 5);
  }
  load(database, LOOM_POLLS, polls.bytes);
  load(database, LOOM_HOURS, hours.bytes);
  load(database, LOOM_TIMEZONES, timezones.bytes);
  load(database, LOOM_SPECIAL_DAYS, days.bytes);
  load(database, LOOM_EXCLUSIONS, exclusions.bytes);
  buffer_free(&polls);
  buffer_free(&hours);
  buffer_free(&timezones);
  buffer_free(&days);
  buffer_free(&exclusions);
  return database;
}

static void threads_change_nothing(void **state) {
  (void)state;
  static const char *const presets[] = {"loom", "seed", "monitoring"};
  loom_error error;
  loom_database *database = many_stores(300, 5);
  for (size_t p = 0; p < COUNT_OF(presets); p++) {
    struct buffer expected = {0};
    struct loom_report_options options = default_options();
    assert_true(loom_rules_preset(presets[p], &options.rules));
    options.default_zone = "America/Chicago";
    options.all_stores = p == 1;
    assert_status(run(database, &options, &expected, &error), LOOM_DONE, &error);
    assert_true(expected.length > 10000);
    for (unsigned threads = 0; threads <= 9;
         threads++) { /* 0: as many as processors; 9: more than 8 */
      struct buffer found = {0};
      options.threads = threads;
      assert_status(run(database, &options, &found, &error), LOOM_DONE, &error);
      assert_buffer_equal(&expected, &found);
      buffer_free(&found);
    }
    buffer_free(&expected);
  }
  loom_database_close(database);
}

/* For every store and window: up + down + unknown is what is scheduled, which exclusions alone
 * lessen. */
static void sums_are_exact(void **state) {
  (void)state;
  loom_error error;
  loom_database *with = many_stores(100, 6), *without = many_stores(100, 6);
  execute(without, "DELETE FROM exclusion");
  loom_database *databases[] = {with, without};
  loom_report *reports[2];
  loom_source *sources[2];
  struct loom_report_options options = default_options();
  options.all_stores = true;
  for (int i = 0; i < 2; i++) {
    sources[i] = loom_source_sqlite(databases[i]);
    options.has_as_of = true;
    options.as_of = instant("2023-01-25 03:00:00");
    assert_status(loom_report_start(&options, sources[i], databases[i]->zones, &reports[i], &error),
                  LOOM_OK, &error);
    assert_status(wait_for(reports[i], &error), LOOM_DONE, &error);
  }
  assert_int_equal(loom_report_count(reports[0]), loom_report_count(reports[1]));
  int64_t excluded = 0;
  for (size_t row = 0; row < loom_report_count(reports[0]); row++) {
    for (size_t w = 0; w < 3; w++) {
      const struct loom_figures *a = &loom_report_figures(reports[0], row)[w];
      const struct loom_figures *b = &loom_report_figures(reports[1], row)[w];
      assert_int_equal(a->up + a->down + a->unknown + a->excluded, b->up + b->down + b->unknown);
      assert_int_equal(b->excluded, 0);
      assert_true(a->longest <= a->down && (a->outages == 0) == (a->down == 0));
      assert_true(b->up + b->down + b->unknown <= standard[w].length);
      excluded += a->excluded;
    }
  }
  assert_true(excluded > 0);
  for (int i = 0; i < 2; i++) {
    loom_report_free(reports[i]);
    sources[i]->free(sources[i]);
    loom_database_close(databases[i]);
  }
}

static void filters(void **state) {
  (void)state;
  static const char *const globs[] = {"nobody"};
  loom_error error;
  loom_report *report;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.globs = globs;
  options.glob_count = 1;
  assert_report(database, &options, "as_of 1674576000000000\n");
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_report_start(&options, source, database->zones, &report, &error), LOOM_OK,
                &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  assert_true(loom_report_progress(report) == 1.0); /* also when stores were passed over */
  loom_report_free(report);
  source->free(source);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nquiet,UTC\n");
  options.glob_count = 0;
  options.windows = standard;
  options.window_count = 1;
  options.all_stores = true;
  assert_report(database, &options,
                "as_of 1674576000000000\nquiet 0/3600000000/0 x0 o1 l3600000000 p0\n"
                "s 3600000000/0/0 x0 o0 l0 p1\n");
  loom_database_close(database);
}

/* ---- refusals ---- */

static void nothing_to_report(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct loom_report_options options = default_options();
  assert_fails(database, &options, LOOM_EEMPTY, ":memory:: there are no polls yet");
  options.has_as_of = true;
  options.as_of = instant("2023-01-24 00:00:00");
  assert_report(database, &options, "as_of 1674518400000000\n");
  loom_database_close(database);
}

static void unknown_zones(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.default_zone = "Mars/Olympus";
  assert_fails(database, &options, LOOM_EINPUT,
               "default zone: \"Mars/Olympus\" is not a zone of the tz database");
  options = default_options();
  execute(database, "UPDATE store SET timezone = 'No/Where'");
  for (unsigned threads = 1; threads < 5; threads++) {
    options.threads = threads;
    assert_fails(database, &options, LOOM_EINPUT,
                 "store \"s\": timezone \"No/Where\" is not a zone of the tz database");
  }
  loom_database_close(database);
}

static void bad_windows(void **state) {
  (void)state;
  static const struct {
    struct loom_window_option window;
    const char *message;
  } cases[] = {
      {{0, 0, 0}, "window 2 ends before it starts"},
      {{0, 10, 9}, "window 2 ends before it starts"},
      {{-1, 0, 0}, "window 2 ends before it starts"},
      {{0, 0, LOOM_WINDOW_LENGTH_MAX + 1}, "window 2 is longer than 100 years"},
      {{LOOM_WINDOW_LENGTH_MAX + 1, 0, 0}, "window 2 is longer than 100 years"},
      {{0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX}, "window 2 is longer than 100 years"},
  };
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_window_option windows[] = {standard[0], cases[i].window};
    options.windows = windows;
    options.window_count = 2;
    assert_fails(database, &options, LOOM_EINVAL, cases[i].message);
  }
  struct loom_window_option longest = {LOOM_WINDOW_LENGTH_MAX, 0, 0};
  options.windows = &longest;
  options.window_count = 0;
  assert_fails(database, &options, LOOM_EINVAL, "a report has 1 to 64 windows");
  options.window_count = LOOM_WINDOWS_MAX + 1;
  assert_fails(database, &options, LOOM_EINVAL, "a report has 1 to 64 windows");
  options.window_count = 1;
  loom_error error;
  struct buffer found = {0};
  assert_status(run(database, &options, &found, &error), LOOM_DONE, &error);
  buffer_free(&found);
  loom_database_close(database);
}

static void damage_fails_the_report(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  execute(database, "UPDATE poll_block SET polls = x'0001'");
  options.threads = 4;
  assert_fails(database, &options, LOOM_ECORRUPT,
               ":memory:: is corrupt: a block of polls has a length that is not a multiple of 8 (see loom check)");
  /* The database can be used again. */
  execute(database, "BEGIN IMMEDIATE; ROLLBACK");
  loom_database_close(database);
}

/* ---- lifetime ---- */

/* A source whose `next` waits at a gate, so that a report can be caught while it runs. */
struct gate {
  loom_source base;
  loom_source *inner;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool open;
  int waiting;
};

static loom_status gate_snapshot(loom_source *base, loom_error *error) {
  loom_source *inner = ((struct gate *)base)->inner;
  return inner->snapshot(inner, error);
}

static loom_status gate_newest(loom_source *base, int64_t *newest, loom_error *error) {
  loom_source *inner = ((struct gate *)base)->inner;
  return inner->newest(inner, newest, error);
}

static loom_status gate_select(loom_source *base, const struct loom_source_query *query,
                               struct loom_common *common, uint64_t *count, loom_error *error) {
  loom_source *inner = ((struct gate *)base)->inner;
  return inner->select(inner, query, common, count, error);
}

static loom_status gate_next(loom_source *base, struct loom_store *store, loom_error *error) {
  struct gate *gate = (struct gate *)base;
  pthread_mutex_lock(&gate->lock);
  gate->waiting++;
  pthread_cond_broadcast(&gate->changed);
  while (!gate->open)
    pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
  return gate->inner->next(gate->inner, store, error);
}

static void gate_release(loom_source *base) {
  loom_source *inner = ((struct gate *)base)->inner;
  inner->release(inner);
}

static void gate_free(loom_source *base) {
  loom_source *inner = ((struct gate *)base)->inner;
  inner->free(inner);
}

static void gate_make(struct gate *gate, loom_database *database) {
  *gate = (struct gate){
      .base = {gate_snapshot, gate_newest, gate_select, gate_next, gate_release, gate_free},
      .inner = loom_source_sqlite(database),
      .lock = PTHREAD_MUTEX_INITIALIZER,
      .changed = PTHREAD_COND_INITIALIZER};
}

static void gate_open(struct gate *gate) {
  pthread_mutex_lock(&gate->lock);
  gate->open = true;
  pthread_cond_broadcast(&gate->changed);
  pthread_mutex_unlock(&gate->lock);
}

static void gate_await(struct gate *gate) {
  pthread_mutex_lock(&gate->lock);
  while (!gate->waiting)
    pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
}

static void cancel_while_running(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = many_stores(200, 7);
  struct loom_report_options options = default_options();
  for (unsigned threads = 1; threads < 5; threads++) {
    struct gate gate;
    loom_report *report;
    gate_make(&gate, database);
    options.threads = threads;
    assert_status(loom_report_start(&options, &gate.base, database->zones, &report, &error),
                  LOOM_OK, &error);
    gate_await(&gate);
    assert_status(loom_report_wait(report, 0, &error), LOOM_OK, &error); /* still running */
    assert_true(loom_report_progress(report) == 0.0);
    loom_report_cancel(report);
    gate_open(&gate);
    assert_int_equal(wait_for(report, &error), LOOM_ECANCELED);
    assert_string_equal(error.message, "the report was cancelled");
    assert_int_equal(loom_report_wait(report, 0, NULL), LOOM_ECANCELED);
    loom_report_free(report);
    gate.base.free(&gate.base);
  }
  loom_database_close(database);
}

static void *open_gate(void *gate) {
  gate_open(gate);
  return NULL;
}

static void free_while_running(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = many_stores(200, 8);
  struct loom_report_options options = default_options();
  for (unsigned threads = 1; threads < 5; threads++) {
    struct gate gate;
    loom_report *report;
    pthread_t opener;
    gate_make(&gate, database);
    options.threads = threads;
    assert_status(loom_report_start(&options, &gate.base, database->zones, &report, &error),
                  LOOM_OK, &error);
    gate_await(&gate);
    assert_int_equal(pthread_create(&opener, NULL, open_gate, &gate), 0);
    loom_report_free(report); /* waits for the threads, which the gate may still hold */
    pthread_join(opener, NULL);
    gate.base.free(&gate.base);
    /* The snapshot has been let go. */
    loom_source *source = loom_source_sqlite(database);
    assert_status(loom_report_start(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    loom_report_free(report);
    source->free(source);
  }
  loom_report_free(NULL);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_by_hand),
      cmocka_unit_test(zones_and_as_of),
      cmocka_unit_test(evidence_from_afar),
      cmocka_unit_test(rows_in_order_of_bytes),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(sums_are_exact),
      cmocka_unit_test(filters),
      cmocka_unit_test(nothing_to_report),
      cmocka_unit_test(unknown_zones),
      cmocka_unit_test(bad_windows),
      cmocka_unit_test(damage_fails_the_report),
      cmocka_unit_test(cancel_while_running),
      cmocka_unit_test(free_while_running),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
