/*
** Tests of overlays: a report with hours of its own is the report of a database that holds these hours instead.
*/
#include "measure/overlay.h"
#include "reports.h"

/* ---- the table ---- */

static void whose_overlay(void **state) {
  (void)state;
  struct loom_overlays overlays;
  loom_overlays_init(&overlays);
  assert_null(loom_overlays_find(&overlays, "a", 1));
  struct loom_overlay *a = loom_overlays_put(&overlays, "a", 1);
  assert_non_null(a);
  assert_false(a->replaces_hours);
  assert_int_equal(a->hours.count + a->days.count, 0);
  assert_true(loom_special_days_add(&a->days, (struct loom_special_day){1, 0, 60}));
  assert_ptr_equal(loom_overlays_put(&overlays, "a", 1), a); /* as it was */
  assert_int_equal(a->days.count, 1);
  assert_ptr_equal(loom_overlays_find(&overlays, "a", 1), a);
  assert_null(loom_overlays_find(&overlays, "aa", 2));
  overlays.others.replaces_hours = true;
  assert_ptr_equal(loom_overlays_find(&overlays, "a", 1), a);
  assert_ptr_equal(loom_overlays_find(&overlays, "aa", 2), &overlays.others);
  loom_overlays_free(&overlays);
  loom_overlays_free(&overlays);
}

static void many_overlays(void **state) {
  (void)state;
  struct loom_overlays overlays;
  loom_overlays_init(&overlays);
  for (int round = 0; round < 2; round++)
    for (int32_t i = 0; i < 1000; i++) {
      char id[20];
      int length = snprintf(id, sizeof id, "store %d", (int)i);
      struct loom_overlay *overlay = loom_overlays_put(&overlays, id, (size_t)length);
      assert_non_null(overlay);
      assert_int_equal(overlay->hours.count, round);
      assert_true(
          loom_hours_list_add(&overlay->hours, (struct loom_hours){LOOM_ALWAYS, 1, i, i + 1}));
      assert_int_equal(overlay->hours.items[0].open, i);
    }
  assert_int_equal(overlays.ids.count, 1000);
  loom_overlays_free(&overlays);
}

/* ---- in a report ---- */

#define STORES 6
#define DATES 30
#define ROWS_MAX 10
#define FIRST "2023-02-27" /* a Monday; the clocks of Chicago change on March 12 */

/* Weekly hours of one store; without any it is open all day, and `closed` makes a week without openings. */
struct week {
  struct {
    int32_t weekday, open, close;
  } rows[ROWS_MAX];
  size_t count;
  bool given, closed;
};

/* One span of one date, or closed. */
struct day {
  bool given;
  int32_t open, close;
};

struct model {
  struct week own[STORES], over[STORES], others;
  struct day own_days[STORES][DATES], over_days[STORES][DATES], all_days[DATES];
};

static int32_t random_time(uint64_t *random) {
  static const int32_t odd[] = {0, 86400, 86399, 86340, 9000};
  return random_below(random, 3) ? (int32_t)random_below(random, 49) * 1800
                                 : odd[random_below(random, COUNT_OF(odd))];
}

static void random_week(uint64_t *random, uint64_t share, struct week *week) {
  *week = (struct week){.given = random_below(random, share) == 0};
  week->count = random_below(random, 4) ? random_below(random, ROWS_MAX + 1) : 0;
  week->closed = week->count == 0 && random_below(random, 2);
  for (size_t i = 0; i < week->count; i++) {
    week->rows[i].weekday = (int32_t)random_below(random, 7);
    week->rows[i].open = random_time(random);
    week->rows[i].close = random_time(random);
  }
}

static void random_days(uint64_t *random, uint64_t share, struct day days[DATES]) {
  for (int date = 0; date < DATES; date++) {
    days[date] =
        (struct day){random_below(random, share) == 0, random_time(random), random_time(random)};
    if (random_below(random, 4) == 0)
      days[date].open = days[date].close = LOOM_CLOSED;
  }
}

static void make_model(uint64_t *random, struct model *model) {
  random_week(random, 2, &model->others);
  for (int s = 0; s < STORES; s++) {
    random_week(random, 1, &model->own[s]);
    random_week(random, 3, &model->over[s]);
    random_days(random, 5, model->own_days[s]);
    /* Of a store without a week of its own, days over those for all others would be neither. */
    bool days = model->over[s].given || !model->others.given;
    random_days(random, days && random_below(random, 2) ? 4 : UINT64_MAX, model->over_days[s]);
  }
  random_days(random, 6, model->all_days);
}

static void put_times(struct buffer *out, int32_t open, int32_t close, const char *closed) {
  char from[LOOM_TIME_SIZE], to[LOOM_TIME_SIZE];
  if (open < 0) {
    buffer_printf(out, "%s,\n", closed);
    return;
  }
  from[loom_format_time_of_day(open, from)] = '\0';
  to[loom_format_time_of_day(close, to)] = '\0';
  buffer_printf(out, "%s,%s\n", from, to);
}

static int32_t first_date(void) {
  int32_t first;
  assert_null(loom_parse_date(FIRST, 10, &first));
  return first;
}

static void put_day(struct buffer *out, const char *store, int date, const struct day *day) {
  char text[LOOM_DATE_SIZE + 1];
  if (!day->given)
    return;
  text[loom_format_date(first_date() + date, text)] = '\0';
  buffer_printf(out, "%s,%s,", store, text);
  put_times(out, day->open, day->close, "");
}

/* The database: with what the overlays come to, or as it is without them. */
static loom_database *load_model(const struct model *model, bool laid_over, const char *polls) {
  struct buffer hours = {0}, days = {0};
  loom_database *database = memory_database();
  buffer_printf(&hours, "store_id,day,start_time_local,end_time_local\n");
  buffer_printf(&days, "store_id,date,open,close\n");
  for (int s = 0; s < STORES; s++) {
    char id[16];
    snprintf(id, sizeof id, "s%d", s);
    const struct week *week = &model->own[s];
    if (laid_over && (model->over[s].given || model->others.given))
      week = model->over[s].given ? &model->over[s] : &model->others;
    for (size_t i = 0; i < week->count; i++) {
      buffer_printf(&hours, "%s,%d,", id, (int)week->rows[i].weekday);
      put_times(&hours, week->rows[i].open, week->rows[i].close, "closed");
    }
    if (week->closed)
      buffer_printf(&hours, "%s,0,closed,\n", id);
    for (int date = 0; date < DATES; date++) {
      bool over = laid_over && model->over_days[s][date].given;
      put_day(&days, id, date, over ? &model->over_days[s][date] : &model->own_days[s][date]);
    }
  }
  for (int date = 0; date < DATES; date++)
    put_day(&days, "*", date, &model->all_days[date]);
  load(database, LOOM_POLLS, polls);
  load(database, LOOM_HOURS, hours.bytes);
  load(database, LOOM_SPECIAL_DAYS, days.bytes);
  load(database, LOOM_TIMEZONES,
       "store_id,timezone_str\ns0,UTC\ns1,Asia/Kolkata\ns2,America/Chicago\ns3,Pacific/Auckland\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\ns1,2023-03-02 10:00:00,2023-03-03 11:00:00\n"
       "*,2023-03-05 00:00:00,2023-03-05 01:00:00\n");
  buffer_free(&hours);
  buffer_free(&days);
  return database;
}

static void lay_week(struct loom_overlay *overlay, const struct week *week) {
  assert_non_null(overlay);
  overlay->replaces_hours = true;
  for (size_t i = 0; i < week->count; i++)
    assert_true(loom_hours_list_add(&overlay->hours,
                                    (struct loom_hours){LOOM_ALWAYS, week->rows[i].weekday,
                                                        week->rows[i].open, week->rows[i].close}));
  if (week->closed)
    assert_true(loom_hours_list_add(&overlay->hours,
                                    (struct loom_hours){LOOM_ALWAYS, 0, LOOM_CLOSED, LOOM_CLOSED}));
}

static void lay_over(const struct model *model, struct loom_overlays *overlays) {
  if (model->others.given)
    lay_week(&overlays->others, &model->others);
  for (int s = 0; s < STORES; s++) {
    char id[16];
    size_t length = (size_t)snprintf(id, sizeof id, "s%d", s);
    if (model->over[s].given)
      lay_week(loom_overlays_put(overlays, id, length), &model->over[s]);
    for (int date = 0; date < DATES; date++) {
      const struct day *day = &model->over_days[s][date];
      if (day->given)
        assert_true(loom_special_days_add(
            &loom_overlays_put(overlays, id, length)->days,
            (struct loom_special_day){first_date() + date, day->open, day->close}));
    }
  }
  /* What is for nobody does no harm. */
  lay_week(loom_overlays_put(overlays, "nobody", 6), &model->own[0]);
}

static void same_as_in_the_database(void **test) {
  (void)test;
  static struct model model;
  uint64_t random = 61;
  for (int round = 0; round < 150; round++) {
    loom_error error;
    loom_report *report;
    struct buffer polls = {0}, expected = {0}, found = {0}, plain = {0};
    struct loom_window windows[4];
    struct loom_report_options options = default_options();
    int64_t first = instant(FIRST " 00:00:00");
    make_model(&random, &model);
    buffer_printf(&polls, POLLS_HEADER);
    for (int i = 0; i < 200; i++) {
      char when[LOOM_TIMESTAMP_SIZE];
      loom_format_timestamp(first + random_between(&random, 0, DATES * LOOM_DAY), when);
      buffer_printf(&polls, "s%d,%s,%s\n", i % STORES,
                    random_below(&random, 3) ? "active" : "inactive", when);
    }
    for (size_t w = 0; w < COUNT_OF(windows); w++) {
      int64_t from = first + random_between(&random, -LOOM_DAY, DATES * LOOM_DAY);
      windows[w] = (struct loom_window){
          .from = from, .to = from + random_between(&random, LOOM_HOUR, 9 * LOOM_DAY)};
    }
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    random_rules(&random, &options.rules);
    options.threads = 1 + (unsigned)round % 3;
    loom_database *without = load_model(&model, false, polls.bytes);
    loom_database *with = load_model(&model, true, polls.bytes);
    assert_status(report_text(with, &options, &expected, &error), LOOM_DONE, &error);

    loom_source *source = loom_source_sqlite(without);
    assert_status(loom_report_prepare(&options, source, without->zones, &report, &error), LOOM_OK,
                  &error);
    lay_over(&model, loom_report_overlays(report));
    assert_status(loom_report_start(report, &error), LOOM_OK, &error);
    assert_null(loom_report_overlays(report)); /* too late */
    assert_status(wait_for(report, &error), LOOM_DONE, &error);
    put_report(&found, report);
    assert_buffer_equal(&expected, &found);
    loom_report_free(report);
    loom_source_free(source);

    /* The next report knows nothing of it. */
    assert_status(report_text(without, &options, &plain, &error), LOOM_DONE, &error);
    assert_true(plain.length != expected.length ||
                memcmp(plain.bytes, expected.bytes, plain.length) || !model.others.given);
    loom_database_close(without);
    loom_database_close(with);
    buffer_free(&polls);
    buffer_free(&expected);
    buffer_free(&found);
    buffer_free(&plain);
  }
}

/* What replaces all is laid over itself: weeks and days set by hand over those of a file. */
static void what_replaces_all(void **state) {
  (void)state;
  struct loom_overlays overlays;
  loom_overlays_init(&overlays);
  struct loom_overlay *a = loom_overlays_put(&overlays, "a", 1);
  assert_non_null(a);
  struct loom_layers *layers = &a->layers;
  assert_true(loom_hours_list_add(&layers->file.hours, (struct loom_hours){LOOM_ALWAYS, 0, 1, 2}));
  assert_true(loom_hours_list_add(&layers->override.hours, (struct loom_hours){5, 1, 3, 4}));
  assert_true(loom_special_days_add(&layers->file.days, (struct loom_special_day){7, 1, 2}));
  assert_true(loom_special_days_add(&layers->file.days, (struct loom_special_day){8, 1, 2}));
  assert_true(loom_special_days_add(&layers->override.days, (struct loom_special_day){7, 5, 6}));
  assert_true(loom_spans_add(&a->own.exclusions, 1, 2));
  assert_true(loom_overlay_finish(a));
  assert_true(a->replaces_all);
  assert_int_equal(a->own.hours.count, 2);
  assert_int_equal(a->own.hours.items[1].open, 3);
  assert_int_equal(a->own.special_days.count, 2);
  assert_int_equal(a->own.special_days.items[0].open, 5);
  assert_ptr_equal(loom_overlays_find(&overlays, "a", 1), a);
  loom_overlays_free(&overlays);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whose_overlay),
      cmocka_unit_test(many_overlays),
      cmocka_unit_test(what_replaces_all),
      cmocka_unit_test(same_as_in_the_database),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
