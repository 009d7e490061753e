/*
** Tests of reports: the figures of known data, reports of some stores only, what lies over files, windows on the calendar, and
** what is refused.
*/
#include "reports.h"

#include "sqlite/export.h"

static void assert_report(loom_database *database, const struct loom_report_options *options,
                          const char *expected) {
  loom_error error;
  struct buffer found = {0};
  assert_status(report_text(database, options, &found, &error), LOOM_DONE, &error);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
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
  /* Of what it was: 9–10 up, 10–11 down, 12:15–16:30 up. The poll at 12 is in the maintenance, and vouches all the same. */
  assert_report(
      database, &options,
      "as_of 1674577800000000\ns 18900000000/3600000000/0 x4500000000 o1 l3600000000 p3\n");
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
  const struct loom_window past = {.from = instant("2023-01-10 00:00:00"),
                                   .to = instant("2023-01-11 00:00:00")};
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "s,active,2022-06-01 00:00:00\ns,inactive,2023-03-01 "
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

static void assert_no_growth(const struct loom_figures *with, const struct loom_figures *without) {
  assert_int_equal(without->excluded, 0);
  assert_int_equal(with->up + with->down + with->unknown + with->excluded,
                   without->up + without->down + without->unknown);
  assert_true(with->up <= without->up && with->down <= without->down);
  assert_true(with->unknown <= without->unknown && with->longest <= without->longest);
  assert_int_equal(with->polls, without->polls);
  assert_true(with->longest <= with->down && (with->outages == 0) == (with->down == 0));
}

/*
** For every store, window and rules: up + down + unknown is what is scheduled, which exclusions take from; they add
** nothing to any of the three.
*/
static void exclusions_only_take_away(void **state) {
  (void)state;
  uint64_t random = 6;
  loom_database *with = many_stores(100, 6), *without = many_stores(100, 6);
  execute(without, "DELETE FROM exclusion");
  loom_source *sources[] = {loom_source_sqlite(with), loom_source_sqlite(without)};
  int64_t excluded = 0;
  for (int round = 0; round < 60; round++) {
    loom_report *reports[2];
    struct loom_report_options options = default_options();
    random_rules(&random, &options.rules);
    options.selection.all_stores = true;
    options.has_as_of = true;
    options.as_of = instant("2023-01-25 03:00:00") - random_between(&random, 0, LOOM_DAY);
    reports[0] = complete_report(&options, sources[0], with->zones);
    reports[1] = complete_report(&options, sources[1], without->zones);
    assert_int_equal(loom_report_count(reports[0]), loom_report_count(reports[1]));
    for (size_t row = 0; row < loom_report_count(reports[0]); row++)
      for (size_t w = 0; w < 3; w++) {
        const struct loom_figures *figures = &loom_report_figures(reports[0], row)[w];
        assert_no_growth(figures, &loom_report_figures(reports[1], row)[w]);
        assert_true(figures->up + figures->down + figures->unknown <= standard[w].length);
        excluded += figures->excluded;
      }
    loom_report_free(reports[0]);
    loom_report_free(reports[1]);
  }
  assert_true(excluded > 0);
  for (int i = 0; i < 2; i++)
    loom_source_free(sources[i]);
  loom_database_close(with);
  loom_database_close(without);
}

static void filters(void **state) {
  (void)state;
  static const char *const globs[] = {"nobody"};
  loom_error error;
  loom_report *report;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  options.selection.globs = globs;
  options.selection.glob_count = 1;
  assert_report(database, &options, "as_of 1674576000000000\n");
  loom_source *source = loom_source_sqlite(database);
  assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  assert_true(loom_report_progress(report) == 1.0); /* also when stores were passed over */
  loom_report_free(report);
  loom_source_free(source);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nquiet,UTC\n");
  options.selection.glob_count = 0;
  options.windows = standard;
  options.window_count = 1;
  options.selection.all_stores = true;
  assert_report(database, &options,
                "as_of 1674576000000000\nquiet 0/3600000000/0 x0 o1 l3600000000 p0\n"
                "s 3600000000/0/0 x0 o0 l0 p1\n");
  loom_database_close(database);
}

/* One row of a report. */
static void assert_same_row(const loom_report *a, size_t row, const loom_report *b, size_t other) {
  size_t length, other_length;
  const char *id = loom_report_store(a, row, &length);
  const char *other_id = loom_report_store(b, other, &other_length);
  assert_int_equal(length, other_length);
  assert_memory_equal(id, other_id, length);
  assert_memory_equal(loom_report_figures(a, row), loom_report_figures(b, other),
                      loom_report_window_count(a) * sizeof(struct loom_figures));
}

static bool is_chosen(const struct loom_selection *selection, const char *id, size_t length) {
  char text[LOOM_ID_MAX + 1];
  memcpy(text, id, length);
  text[length] = '\0';
  for (size_t i = 0; i < selection->glob_count; i++)
    if (sqlite3_strglob(selection->globs[i], text) == 0)
      return true;
  return loom_id_table_find(selection->ids, id, length) != LOOM_NO_NUMBER;
}

/*
** The rows of ids are those of the whole report, whether stores are looked up or passed by in a scan: which of the two
** depends on how many there are.
*/
static void reports_of_ids(void **state) {
  (void)state;
  static const char *const globs[] = {"1*", "*77*"};
  uint64_t random = 9;
  loom_database *database = many_stores(200, 10);
  size_t stores = (size_t)number(database, "SELECT count(*) FROM store"),
         threshold = 1 + stores / 16;
  const size_t counts[] = {0,         1, 2, threshold - 1, threshold, threshold + 1, threshold + 5,
                           stores * 2};
  for (int round = 0; round < 64; round++) {
    struct loom_id_table ids;
    struct loom_window windows[] = {any_window(&random), any_window(&random)};
    struct loom_report_options options = default_options();
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    options.threads = 1 + (unsigned)round % 3;
    options.selection.all_stores = round % 2;
    random_rules(&random, &options.rules);
    loom_source *source = loom_source_sqlite(database), *part_source = loom_source_sqlite(database);
    loom_report *full = complete_report(&options, source, database->zones);
    loom_id_table_init(&ids);
    size_t wanted = counts[(size_t)round % COUNT_OF(counts)];
    for (size_t tries = 0; ids.count < wanted && tries < stores * 50; tries++) {
      char id[32] = "unknown";
      size_t length = strlen(id);
      if (random_below(&random, 10)) {
        const char *known =
            loom_report_store(full, random_below(&random, loom_report_count(full)), &length);
        memcpy(id, known, length);
      } else if (random_below(&random, 2)) { /* of a store without polls, or of none */
        length = (size_t)snprintf(id, sizeof id, "%u", (unsigned)random_below(&random, 1000));
      }
      uint32_t before = ids.count, given = loom_id_table_put(&ids, id, length);
      assert_true(given <= before);
      assert_int_equal(loom_id_table_put(&ids, id, length), given); /* repeated */
    }
    options.selection.ids = &ids;
    options.selection.globs = globs;
    options.selection.glob_count = round % 5 == 4 ? 2 : 0;
    loom_report *part = complete_report(&options, part_source, database->zones);
    size_t at = 0;
    for (size_t row = 0; row < loom_report_count(full); row++) {
      size_t length, found;
      const char *id = loom_report_store(full, row, &length);
      bool chosen = is_chosen(&options.selection, id, length);
      assert_int_equal(loom_report_find(part, id, length, &found), chosen);
      if (!chosen)
        continue;
      assert_int_equal(found, at);
      assert_same_row(full, row, part, at++);
    }
    assert_int_equal(at, loom_report_count(part));
    loom_report_free(full);
    loom_report_free(part);
    loom_source_free(source);
    loom_source_free(part_source);
    loom_id_table_free(&ids);
  }
  loom_database_close(database);
}

#define HOURS_HEADER "store_id,day,start_time_local,end_time_local,effective_from\n"
#define DAYS_HEADER "store_id,date,open,close,note\n"

/* Tuesdays of 8 hours, of which the second has 2 by hand, and the third 8 again. */
static void overrides_by_hand(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  struct loom_window windows[] = {
      {.from = instant("2023-01-24 00:00:00"), .to = instant("2023-01-25 00:00:00")},
      {.from = instant("2023-01-31 00:00:00"), .to = instant("2023-02-01 00:00:00")},
      {.from = instant("2023-02-07 00:00:00"), .to = instant("2023-02-08 00:00:00")}};
  options.windows = windows;
  options.window_count = 3;
  options.has_as_of = true;
  options.as_of = instant("2023-02-10 00:00:00");
  override_hours(database, "s", "2023-01-30", 1, 10 * 3600, 12 * 3600);
  override_week(database, "s", "2023-02-01", true);
  /* On the first day as in figures_by_hand, up to the poll at 16:00 and beyond. */
#define FIRST_DAY "as_of 1675987200000000\ns 21600000000/7200000000/0 x0 o1 l7200000000 p3"
  assert_report(database, &options,
                FIRST_DAY
                " 0/7200000000/0 x0 o1 l7200000000 p0"
                " 0/28800000000/0 x0 o1 l28800000000 p0\n");
  /* A file loaded anew changes what is not overridden. */
  load(database, LOOM_HOURS, HOURS_HEADER "s,1,09:00,17:00,\ns,1,08:00,09:00,2023-01-25\n");
  assert_report(database, &options,
                FIRST_DAY
                " 0/7200000000/0 x0 o1 l7200000000 p0"
                " 0/3600000000/0 x0 o1 l3600000000 p0\n");
  /* A day by hand beats the week by hand; one of a file for the store beats one by hand for all. */
  override_day(database, "s", "2023-01-31", 0, 3600, "");
  override_day(database, "*", "2023-02-07", 0, 3 * 3600, "");
  assert_report(database, &options,
                FIRST_DAY
                " 0/3600000000/0 x0 o1 l3600000000 p0"
                " 0/10800000000/0 x0 o1 l10800000000 p0\n");
  load(database, LOOM_SPECIAL_DAYS, DAYS_HEADER "*,2023-02-07,,,\ns,2023-02-07,00:00,04:00,\n");
  assert_report(database, &options,
                FIRST_DAY
                " 0/3600000000/0 x0 o1 l3600000000 p0"
                " 0/14400000000/0 x0 o1 l14400000000 p0\n");
  /* A zone by hand moves the openings away from the polls: 9:00 in Tokyo is midnight in UTC. */
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,Europe/Paris\n");
  override_timezone(database, "s", "Asia/Tokyo");
  options.window_count = 1;
  assert_report(database, &options,
                "as_of 1675987200000000\ns 0/28800000000/0 x0 o1 l28800000000 p0\n");
  loom_database_close(database);
}

#define MODEL_STORES 4
#define EVERY MODEL_STORES /* the owner of special days for all */
#define MODEL_DATES 40
#define MODEL_ROWS 60

/* A row of hours (a week's mark alone: weekday -1) or a special day's span; a closed one has open -1. */
struct model_row {
  int32_t date; /* LOOM_ALWAYS, or days from the model's first one */
  int weekday;
  int32_t open, close;
  bool reverts;
};

struct model_rows {
  struct model_row rows[MODEL_ROWS];
  size_t count;
};

/* What files and hands have said of a few stores; [0] is the file's, [1] the hand's. */
struct model {
  struct model_rows hours[MODEL_STORES][2], days[MODEL_STORES + 1][2];
  const char *zones[MODEL_STORES][2];
};

static int32_t model_time(uint64_t *random) {
  static const int32_t odd[] = {0, 86400, 86399, 86340, 86339, 9000, 7200};
  return random_below(random, 3) ? (int32_t)random_below(random, 49) * 1800
                                 : odd[random_below(random, COUNT_OF(odd))];
}

static void random_model_hours(uint64_t *random, bool by_hand, struct model_rows *hours) {
  int32_t date = random_below(random, 2) ? LOOM_ALWAYS : (int32_t)random_below(random, 20);
  hours->count = 0;
  for (uint64_t weeks = random_below(random, 5); weeks > 0; weeks--) {
    struct model_row mark = {date, -1, -1, -1, by_hand && random_below(random, 3) == 0};
    hours->rows[hours->count++] = mark;
    for (uint64_t rows = mark.reverts ? 0 : random_below(random, 12); rows > 0; rows--)
      hours->rows[hours->count++] = (struct model_row){
          date, (int)random_below(random, 7), model_time(random), model_time(random), false};
    date = (date == LOOM_ALWAYS ? 0 : date) + 1 + (int32_t)random_below(random, 12);
  }
}

static void random_model_days(uint64_t *random, struct model_rows *days) {
  days->count = random_below(random, 3) ? random_below(random, 8) : 0;
  for (size_t i = 0; i < days->count; i++) {
    days->rows[i] = (struct model_row){(int32_t)random_below(random, MODEL_DATES), 0,
                                       model_time(random), model_time(random), false};
    bool closed = random_below(random, 4) == 0;
    for (size_t k = 0; k < i; k++) /* closed and open at once is no day */
      closed = days->rows[k].date == days->rows[i].date ? days->rows[k].open < 0 : closed;
    if (closed)
      days->rows[i].open = days->rows[i].close = -1;
  }
}

static void make_model(uint64_t *random, struct model *model) {
  static const char *const zones[] = {NULL, "America/Chicago", "Asia/Kolkata", "Pacific/Apia"};
  for (int by_hand = 0; by_hand < 2; by_hand++) {
    for (int s = 0; s < MODEL_STORES; s++) {
      random_model_hours(random, by_hand, &model->hours[s][by_hand]);
      model->zones[s][by_hand] = zones[random_below(random, COUNT_OF(zones))];
    }
    for (int s = 0; s <= EVERY; s++)
      random_model_days(random, &model->days[s][by_hand]);
  }
}

#define MODEL_FIRST "2023-02-20" /* the clocks of Chicago change on March 12 */

/* A date as text, or none for what always applies. */
static const char *date_text(int32_t date, char *out) {
  int32_t first;
  assert_null(loom_parse_date(MODEL_FIRST, 10, &first));
  out[date == LOOM_ALWAYS ? 0 : loom_format_date(first + date, out)] = '\0';
  return out;
}

/* "OPEN,CLOSE", as files have it. */
static void put_times(struct buffer *out, int32_t open, int32_t close, const char *closed) {
  char from[LOOM_TIME_SIZE], to[LOOM_TIME_SIZE];
  if (open < 0) {
    buffer_printf(out, "%s,", closed);
    return;
  }
  from[loom_format_time_of_day(open, from)] = '\0';
  to[loom_format_time_of_day(close, to)] = '\0';
  buffer_printf(out, "%s,%s", from, to);
}

static const char *model_id(int store) {
  static const char *const ids[] = {"s0", "s1", "s2", "s3", "*"};
  return ids[store];
}

static void put_day(struct buffer *out, int store, const struct model_row *row) {
  char date[LOOM_DATE_SIZE + 1];
  buffer_printf(out, "%s,%s,", model_id(store), date_text(row->date, date));
  put_times(out, row->open, row->close, "");
  buffer_printf(out, ",\n");
}

struct model_files {
  struct buffer hours, days, zones;
};

static void load_files(loom_database *database, struct model_files *files) {
  load(database, LOOM_HOURS, files->hours.bytes);
  load(database, LOOM_SPECIAL_DAYS, files->days.bytes);
  load(database, LOOM_TIMEZONES, files->zones.bytes);
  buffer_free(&files->hours);
  buffer_free(&files->days);
  buffer_free(&files->zones);
}

static struct model_files begin_files(void) {
  struct model_files files = {0};
  buffer_printf(&files.hours, HOURS_HEADER);
  buffer_printf(&files.days, DAYS_HEADER);
  buffer_printf(&files.zones, "store_id,timezone_str\n");
  return files;
}

static void load_model_files(loom_database *database, const struct model *model) {
  char date[LOOM_DATE_SIZE + 1];
  struct model_files files = begin_files();
  for (int s = 0; s < MODEL_STORES; s++) {
    for (size_t i = 0; i < model->hours[s][0].count; i++) {
      const struct model_row *row = &model->hours[s][0].rows[i];
      buffer_printf(&files.hours, "s%d,%d,", s, row->weekday < 0 ? 0 : row->weekday);
      put_times(&files.hours, row->open, row->close, "closed");
      buffer_printf(&files.hours, ",%s\n", date_text(row->date, date));
    }
    if (model->zones[s][0])
      buffer_printf(&files.zones, "s%d,%s\n", s, model->zones[s][0]);
  }
  for (int s = 0; s <= EVERY; s++)
    for (size_t i = 0; i < model->days[s][0].count; i++)
      put_day(&files.days, s, &model->days[s][0].rows[i]);
  load_files(database, &files);
}

static void override_by_model(loom_database *database, const struct model *model) {
  char date[LOOM_DATE_SIZE + 1];
  for (int s = 0; s < MODEL_STORES; s++) {
    for (size_t i = 0; i < model->hours[s][1].count; i++) {
      const struct model_row *row = &model->hours[s][1].rows[i];
      const char *from = row->date == LOOM_ALWAYS ? "0001-01-01" : date_text(row->date, date);
      if (row->weekday < 0)
        override_week(database, model_id(s), from, row->reverts);
      else
        override_hours(database, model_id(s), from, row->weekday, row->open, row->close);
    }
    if (model->zones[s][1])
      override_timezone(database, model_id(s), model->zones[s][1]);
  }
  for (int s = 0; s <= EVERY; s++)
    for (size_t i = 0; i < model->days[s][1].count; i++) {
      const struct model_row *row = &model->days[s][1].rows[i];
      override_day(database, model_id(s), date_text(row->date, date), row->open, row->close, "");
    }
}

/* The first row of the week in force on a date, which is its mark; NULL if there is none. */
static const struct model_row *mark_on(const struct model_rows *hours, int32_t date) {
  const struct model_row *mark = NULL;
  for (size_t i = 0; i < hours->count; i++)
    if (hours->rows[i].weekday < 0 && hours->rows[i].date <= date)
      mark = &hours->rows[i];
  return mark;
}

/* Each date's openings as a week of its own, which holds for that date alone. */
static void put_effective_hours(const struct model *model, int store, struct buffer *out) {
  for (int32_t date = -4; date < MODEL_DATES + 4; date++) {
    char from[LOOM_DATE_SIZE + 1];
    int weekday = (date + 7) % 7; /* MODEL_FIRST is a Monday */
    bool any = false;
    const struct model_rows *hours = &model->hours[store][1];
    const struct model_row *mark = mark_on(hours, date);
    if (!mark || mark->reverts) {
      hours = &model->hours[store][0];
      mark = mark_on(hours, date);
    }
    date_text(date, from);
    for (size_t i = 0; mark && i < hours->count; i++) {
      if (hours->rows[i].date != mark->date || hours->rows[i].weekday != weekday)
        continue;
      any = true;
      buffer_printf(out, "s%d,%d,", store, weekday);
      put_times(out, hours->rows[i].open, hours->rows[i].close, "closed");
      buffer_printf(out, ",%s\n", from);
    }
    if (!any) /* 23:59:59 is midnight but for a slack of 0, as with no hours at all */
      buffer_printf(out, "s%d,%d,%s,%s\n", store, weekday, mark ? "closed," : "00:00,23:59:59",
                    from);
  }
}

/* What a model comes to, as if files had said it. */
static void load_effective(loom_database *database, const struct model *model) {
  struct model_files files = begin_files();
  for (int s = MODEL_STORES; s-- > 0;) {
    const char *zone = model->zones[s][1] ? model->zones[s][1] : model->zones[s][0];
    put_effective_hours(model, s, &files.hours);
    if (zone)
      buffer_printf(&files.zones, "s%d,%s\n", s, zone);
  }
  for (int s = 0; s <= EVERY; s++)
    for (int32_t date = 0; date < MODEL_DATES; date++) {
      const struct model_rows *days = &model->days[s][1];
      bool by_hand = false;
      for (size_t i = 0; i < days->count; i++)
        by_hand = by_hand || days->rows[i].date == date;
      days = &model->days[s][by_hand];
      for (size_t i = 0; i < days->count; i++)
        if (days->rows[i].date == date)
          put_day(&files.days, s, &days->rows[i]);
    }
  load_files(database, &files);
}

static void load_exports(loom_database *from, loom_database *to) {
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    loom_error error;
    loom_export *export;
    const char *part;
    size_t length;
    struct buffer text = {0};
    assert_status(loom_export_new(from, (enum loom_kind)kind, &export, &error), LOOM_OK, &error);
    while (loom_export_next(export, &part, &length, &error) == LOOM_OK)
      buffer_put(&text, part, length);
    loom_export_free(export);
    load(to, (enum loom_kind)kind, text.bytes);
    buffer_free(&text);
  }
}

/*
** A report does not tell overrides from files that say what they come to, nor a database from one that was filled
** from its exports.
*/
static void overrides_are_as_good_as_files(void **test) {
  (void)test;
  static const char *const presets[] = {"loom", "seed", "monitoring"};
  static struct model model;
  uint64_t random = 21;
  for (int round = 0; round < 60; round++) {
    loom_error error;
    struct buffer polls = {0}, found = {0}, expected = {0}, copied = {0};
    int64_t first = instant(MODEL_FIRST " 00:00:00");
    struct loom_window windows[6];
    struct loom_report_options options = default_options();
    loom_database *by_hand = memory_database(), *plain = memory_database(),
                  *copy = memory_database();
    make_model(&random, &model);
    buffer_printf(&polls, POLLS_HEADER);
    for (int i = 0; i < 300; i++) {
      char when[LOOM_TIMESTAMP_SIZE];
      int64_t at = first + (int64_t)random_below(&random, MODEL_DATES * LOOM_DAY / LOOM_SECOND) *
                               LOOM_SECOND;
      loom_format_timestamp(at, when);
      buffer_printf(&polls, "s%d,%s,%s\n", i % MODEL_STORES,
                    random_below(&random, 3) ? "active" : "inactive", when);
    }
    for (size_t w = 0; w < COUNT_OF(windows); w++) {
      int64_t from = first + (int64_t)random_below(&random, 30 * 48) * LOOM_HOUR / 2;
      windows[w] = (struct loom_window){
          .from = from, .to = from + (1 + (int64_t)random_below(&random, 9 * 48)) * LOOM_HOUR / 2};
    }
    options.windows = windows;
    options.window_count = COUNT_OF(windows);
    options.has_as_of = true;
    options.as_of = first + MODEL_DATES * LOOM_DAY;
    options.default_zone = round % 2 ? "Europe/Berlin" : "America/Chicago";
    assert_true(loom_rules_preset(presets[round % 3], &options.rules));

    load_model_files(by_hand, &model);
    override_by_model(by_hand, &model);
    load(by_hand, LOOM_POLLS, polls.bytes);
    load(plain, LOOM_POLLS, polls.bytes);
    load_effective(plain, &model);
    load_exports(by_hand, copy);
    assert_status(report_text(plain, &options, &expected, &error), LOOM_DONE, &error);
    assert_status(report_text(by_hand, &options, &found, &error), LOOM_DONE, &error);
    assert_buffer_equal(&expected, &found);
    assert_status(report_text(copy, &options, &copied, &error), LOOM_DONE, &error);
    assert_buffer_equal(&expected, &copied);
    buffer_free(&polls);
    buffer_free(&found);
    buffer_free(&expected);
    buffer_free(&copied);
    loom_database_close(by_hand);
    loom_database_close(plain);
    loom_database_close(copy);
  }
}

/*
** Each store's figures are those that a report of its own has in the same instants, which need no calendar; and what is told of a
** window covers those of all rows, and nothing else.
*/
static void calendar_windows_are_instants(void **state) {
  (void)state;
  uint64_t random = 61;
  loom_database *database = many_stores(40, 14);
  for (int round = 0; round < 30; round++) {
    enum { WINDOWS = 5 };
    struct loom_window windows[WINDOWS], fixed[WINDOWS];
    struct loom_report_options options = default_options();
    for (size_t w = 0; w < WINDOWS; w++)
      windows[w] = any_window(&random);
    options.windows = windows;
    options.window_count = WINDOWS;
    options.has_as_of = true;
    options.as_of =
        instant("2023-01-15 00:00:00") + random_between(&random, 0, 40 * 24) * LOOM_HOUR / 4;
    options.selection.all_stores = round % 2;
    options.threads = 1 + (unsigned)round % 3;
    random_rules(&random, &options.rules);
    loom_source *source = loom_source_sqlite(database), *one = loom_source_sqlite(database);
    loom_report *report = complete_report(&options, source, database->zones);
    struct loom_span covered[WINDOWS];
    for (size_t row = 0; row < loom_report_count(report); row++) {
      struct loom_id_table ids;
      struct loom_report_options alone = options;
      size_t length, found, kept = 0;
      const char *id = loom_report_store(report, row, &length);
      for (size_t w = 0; w < WINDOWS; w++) {
        struct loom_span span = loom_report_window_of(report, row, w);
        covered[w] =
            row ? (struct loom_span){span.start < covered[w].start ? span.start : covered[w].start,
                                     span.end > covered[w].end ? span.end : covered[w].end}
                : span;
        assert_true(span.start <= span.end);
        if (span.start < span.end)
          fixed[kept++] = (struct loom_window){.from = span.start, .to = span.end};
        else /* that a report would refuse */
          assert_int_equal(loom_report_figures(report, row)[w].up +
                               loom_report_figures(report, row)[w].down +
                               loom_report_figures(report, row)[w].polls,
                           0);
      }
      loom_id_table_init(&ids);
      loom_id_table_put(&ids, id, length);
      alone.selection.ids = &ids;
      alone.windows = fixed;
      alone.window_count = kept;
      loom_report *other = kept ? complete_report(&alone, one, database->zones) : NULL;
      if (kept)
        assert_true(loom_report_find(other, id, length, &found));
      kept = 0;
      for (size_t w = 0; w < WINDOWS; w++) {
        struct loom_span span = loom_report_window_of(report, row, w);
        if (span.start < span.end)
          assert_memory_equal(&loom_report_figures(report, row)[w],
                              &loom_report_figures(other, found)[kept++],
                              sizeof(struct loom_figures));
      }
      loom_report_free(other);
      loom_id_table_free(&ids);
    }
    for (size_t w = 0; w < WINDOWS; w++) {
      assert_int_equal(loom_report_window(report, w).start, covered[w].start);
      assert_int_equal(loom_report_window(report, w).end, covered[w].end);
    }
    loom_report_free(report);
    loom_source_free(source);
    loom_source_free(one);
  }
  loom_database_close(database);
}

static void nothing_to_report(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct loom_report_options options = default_options();
  assert_report_fails(database, &options, LOOM_EEMPTY, ":memory:: there are no polls yet");
  options.has_as_of = true;
  options.as_of = instant("2023-01-24 00:00:00");
  assert_report(database, &options, "as_of 1674518400000000\n");
  loom_database_close(database);
}

static void bad_windows(void **state) {
  (void)state;
  static const struct {
    struct loom_window window;
    const char *message;
  } cases[] = {
      {{.length = 0}, "window 2 ends before it starts"},
      {{.from = 10, .to = 9}, "window 2 ends before it starts"},
      {{.length = -1}, "window 2 ends before it starts"},
      {{.from = 0, .to = LOOM_WINDOW_LENGTH_MAX + 1}, "window 2 is longer than 100 years"},
      {{.length = LOOM_WINDOW_LENGTH_MAX + 1}, "window 2 is longer than 100 years"},
      {{.from = LOOM_INSTANT_MIN, .to = LOOM_INSTANT_MAX}, "window 2 is longer than 100 years"},
      {{.from = LOOM_INSTANT_MIN, .to = LOOM_INSTANT_MIN + 1, .before = true},
       "window 2 begins before the year 1"},
      {{.length = LOOM_WINDOW_LENGTH_MAX, .before = true},
       "the windows are more than 100 years apart"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 0, .after_last = 0},
       "window 2 ends before it starts"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 1, .after_last = LOOM_WINDOW_DAYS_MAX + 2},
       "window 2 is longer than 100 years"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = LOOM_DATE_MIN, .after_last = 0},
       "window 2 is longer than 100 years"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = LOOM_DATE_MIN, .after_last = LOOM_DATE_MIN + 9},
       "window 2 begins before the year 1"},
  };
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_window windows[] = {standard[0], cases[i].window};
    options.windows = windows;
    options.window_count = 2;
    assert_report_fails(database, &options, LOOM_EINVAL, cases[i].message);
  }
  struct loom_window longest = {.length = LOOM_WINDOW_LENGTH_MAX};
  options.windows = &longest;
  options.window_count = 0;
  assert_report_fails(database, &options, LOOM_EINVAL, "a report has 1 to 64 windows");
  options.window_count = LOOM_WINDOWS_MAX + 1;
  assert_report_fails(database, &options, LOOM_EINVAL, "a report has 1 to 64 windows");
  options.window_count = 1;
  loom_error error;
  struct buffer found = {0};
  assert_status(report_text(database, &options, &found, &error), LOOM_DONE, &error);
  buffer_free(&found);
  loom_database_close(database);
}

/* Two reports have the same stores whatever their figures are. */
static void stores_of_reports(void **state) {
  (void)state;
  loom_error error;
  loom_report *reports[3];
  loom_source *sources[3];
  loom_database *database = memory_database();
  static const char *const polls[] = {
      POLLS_HEADER "a,active,2023-01-24 10:00:00\nb,active,2023-01-24 10:00:00\n",
      POLLS_HEADER "a,inactive,2023-01-24 11:00:00\n",
      POLLS_HEADER "c,inactive,2023-01-24 11:00:00\n"};
  for (int i = 0; i < 3; i++) {
    struct loom_report_options options = default_options();
    load(database, LOOM_POLLS, polls[i]);
    sources[i] = loom_source_sqlite(database);
    assert_status(start_report(&options, sources[i], database->zones, &reports[i], &error), LOOM_OK,
                  &error);
    assert_status(wait_for(reports[i], &error), LOOM_DONE, &error);
  }
  assert_true(loom_report_has_stores_of(reports[0], reports[1]));
  assert_false(loom_report_has_stores_of(reports[1], reports[2]));
  assert_true(loom_report_has_stores_of(reports[2], reports[2]));
  for (int i = 0; i < 3; i++) {
    loom_report_free(reports[i]);
    loom_source_free(sources[i]);
  }
  loom_database_close(database);
}

static void damage_fails_the_report(void **state) {
  (void)state;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  execute(database, "UPDATE poll_block SET polls = x'0001'");
  options.threads = 4;
  assert_report_fails(
      database, &options, LOOM_ECORRUPT,
      ":memory:: is corrupt: a block of polls has a length that is not a multiple of 8 "
      "(see loom check)");
  /* The database can be used again. */
  execute(database, "BEGIN IMMEDIATE; ROLLBACK");
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(figures_by_hand),
                                     cmocka_unit_test(zones_and_as_of),
                                     cmocka_unit_test(evidence_from_afar),
                                     cmocka_unit_test(exclusions_only_take_away),
                                     cmocka_unit_test(filters),
                                     cmocka_unit_test(reports_of_ids),
                                     cmocka_unit_test(overrides_by_hand),
                                     cmocka_unit_test(overrides_are_as_good_as_files),
                                     cmocka_unit_test(calendar_windows_are_instants),
                                     cmocka_unit_test(nothing_to_report),
                                     cmocka_unit_test(bad_windows),
                                     cmocka_unit_test(stores_of_reports),
                                     cmocka_unit_test(damage_fails_the_report)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
