/*
** The survey. Which days it looks at is found from the days that hold polls alone: a single poll of the year 2099 or 1970 would else
** leave nothing to look at, or too much.
*/
#include "report/survey.h"
#include "base/grow.h"
#include "measure/measure.h"
#include "report/likeness.h"

#include <stdlib.h>
#include <string.h>

/* A run of days with polls is apart when as many days lie between it and all others: feeds rest for a weekend, and a holiday. */
#define APART 4
/*
** Clocks that are wrong are few, and wrong for short: runs of up to so many days are strays where they have no more than one in so
** many stores of the days beside them, of which so many are looked at. In a fleet of fewer it is one store of several, with no more
** than one in so many polls.
*/
#define STRAY_DAYS 3
#define STRAY_STORES 10
#define STRAY_POLLS 50
#define BESIDE 3
/* And so many runs at either end: reading their days costs something. */
#define STRAY_RUNS 16

/* A store that was open for less in a window may well have been open between two polls. */
#define OPEN_LEAST (4 * LOOM_HOUR)

/* From that far on, preset monitoring has a store's state unknown: its max_gap. */
#define SPARSE (2 * LOOM_HOUR)

/* Fewer polls outside are no more than a shop that closes late. */
#define OUTSIDE_MANY 10

/* Intervals between polls are counted by the second up to here; longer ones are all the same. */
#define INTERVAL_MAX (2 * LOOM_DAY_SECONDS)

/* Shorter stretches without a poll are no gap, whatever the fleet's size; nor are those where fewer polls were to be expected,
** since one time in e^20 they are missed by chance. */
#define GAP_LEAST (30 * LOOM_MINUTE)
#define GAP_EXPECTED 20.0

/* How far beyond the newest poll others are missed: older data are of the past. */
#define LIVE (7 * LOOM_DAY)

struct pass {
  const struct loom_survey_options *options;
  struct loom_survey *survey;
  struct loom_setting setting;
  struct loom_span genuine; /* the days that have no strays */
  struct loom_span looked;  /* from the first day's midnight that is looked at to as_of */
  bool has_strays_before, has_strays_after;
  struct loom_store store;
  struct loom_measure measure;
  struct loom_minutes minutes;
  struct loom_id_table ids, likenesses; /* every id, and what they have in common */
  struct alike {
    uint32_t first,
        members; /* of the ids with a likeness: the first one's number, and how many there are */
  } * alike;
  size_t alike_capacity;
  uint32_t *intervals; /* how many of each length, in seconds */
  uint64_t interval_count;
};

/* ---- which days ---- */

struct days {
  const int32_t *items;
  size_t begin, end; /* without strays */
};

/* Of some days the greatest number of stores that have polls on one of them, and all polls. */
static loom_status look_at_days(loom_source *source, const struct days *days, size_t begin,
                                size_t end, struct loom_feed_day *sum, loom_error *error) {
  struct loom_feed_day found;
  loom_status status = LOOM_OK;
  *sum = (struct loom_feed_day){0};
  for (size_t i = begin; status == LOOM_OK && i < end; i++) {
    status = loom_source_day(source, days->items[i], &found, error);
    if (status != LOOM_OK)
      break;
    sum->stores = found.stores > sum->stores ? found.stores : sum->stores;
    sum->polls += found.polls;
  }
  return status;
}

static bool are_strays(const struct loom_feed_day *run, const struct loom_feed_day *beside) {
  return run->stores * STRAY_STORES <= beside->stores ||
         (run->stores == 1 && beside->stores > 1 && run->polls * STRAY_POLLS <= beside->polls);
}

/* How many days the run at the end has, or the one at the beginning; 0: it is none that could be strays. */
static size_t run_length(const struct days *days, bool at_end) {
  for (size_t length = 1; length <= STRAY_DAYS && length < days->end - days->begin; length++) {
    size_t after = at_end ? days->end - length : days->begin + length;
    if (days->items[after] - days->items[after - 1] > APART)
      return length;
  }
  return 0;
}

static loom_status cut_run(loom_source *source, struct days *days, bool at_end, bool *cut,
                           loom_error *error) {
  size_t length = run_length(days, at_end), count = days->end - days->begin;
  size_t beside = count - length < BESIDE ? count - length : BESIDE;
  struct loom_feed_day strays = {0}, others = {0};
  *cut = false;
  if (length == 0)
    return LOOM_OK;
  size_t run = at_end ? days->end - length : days->begin;
  size_t next = at_end ? run - beside : run + length;
  loom_status status = look_at_days(source, days, run, run + length, &strays, error);
  if (status == LOOM_OK)
    status = look_at_days(source, days, next, next + beside, &others, error);
  *cut = status == LOOM_OK && are_strays(&strays, &others);
  if (*cut && at_end)
    days->end -= length;
  else if (*cut)
    days->begin += length;
  return status;
}

static loom_status cut_runs(loom_source *source, struct days *days, bool at_end, bool *any,
                            loom_error *error) {
  loom_status status = LOOM_OK;
  bool cut = true;
  for (int i = 0; i < STRAY_RUNS && cut && status == LOOM_OK; i++) {
    status = cut_run(source, days, at_end, &cut, error);
    *any = *any || cut;
  }
  return status;
}

/* Finds as_of and the days to look at. Without polls there are none. */
static loom_status choose_days(struct pass *pass, loom_source *source, loom_error *error) {
  struct loom_survey *survey = pass->survey;
  struct loom_feed_day last;
  struct days days = {0};
  loom_status status = loom_source_days(source, &days.items, &days.end, error);
  if (status != LOOM_OK || days.end == 0)
    return status;
  survey->has_polls = true;
  status = loom_source_newest(source, &survey->newest, error);
  if (status == LOOM_OK)
    status = cut_runs(source, &days, true, &pass->has_strays_after, error);
  if (status == LOOM_OK)
    status = cut_runs(source, &days, false, &pass->has_strays_before, error);
  survey->as_of = survey->newest;
  if (status == LOOM_OK && pass->has_strays_after) {
    status = loom_source_day(source, days.items[days.end - 1], &last, error);
    survey->as_of = last.last;
  }
  if (status != LOOM_OK)
    return status;
  size_t first = days.end;
  while (first > days.begin && days.end - first < LOOM_SURVEY_DAYS &&
         days.items[first - 1] > days.items[days.end - 1] - LOOM_SURVEY_REACH)
    first--;
  pass->genuine = (struct loom_span){days.items[days.begin] * LOOM_DAY,
                                     (days.items[days.end - 1] + INT64_C(1)) * LOOM_DAY};
  survey->days = days.end - first;
  survey->from = days.items[first] * LOOM_DAY;
  pass->looked = (struct loom_span){survey->from, survey->as_of};
  return LOOM_OK;
}

/* ---- tallies ---- */

static struct loom_example example_of(const struct pass *pass) {
  struct loom_example example = {.id_length = pass->store.id_length};
  memcpy(example.id, pass->store.id, pass->store.id_length);
  return example;
}

/* Counts one, and keeps it as an example as long as there are not enough. */
static bool add_example(const struct pass *pass, struct loom_tally *tally,
                        const struct loom_example *example) {
  tally->count++;
  if (tally->example_count == pass->options->examples)
    return true;
  if (!loom_grow(&tally->examples, &tally->example_capacity, tally->example_count + 1,
                 sizeof *tally->examples))
    return false;
  tally->examples[tally->example_count++] = *example;
  return true;
}

static bool add(const struct pass *pass, struct loom_tally *tally) {
  struct loom_example example = example_of(pass);
  return add_example(pass, tally, &example);
}

static struct loom_tally *tally_of(const struct pass *pass, enum loom_tally_kind kind) {
  return &pass->survey->tallies[kind];
}

/* Keeps the examples with the greatest part, the greatest first. */
static bool add_worst(const struct pass *pass, struct loom_tally *tally,
                      const struct loom_example *example) {
  size_t count = tally->example_count;
  if (pass->options->examples == 0 ||
      (count == pass->options->examples && tally->examples[count - 1].part >= example->part)) {
    tally->count++;
    return true;
  }
  if (count == pass->options->examples)
    count = --tally->example_count;
  if (!add_example(pass, tally, example))
    return false;
  for (; count > 0 && tally->examples[count - 1].part < example->part; count--) {
    tally->examples[count] = tally->examples[count - 1];
    tally->examples[count - 1] = *example;
  }
  return true;
}

/* ---- who a store is ---- */

/* Counts a store whose id is like another one's; the first of them is counted with the second. */
static bool look_at_likeness(struct pass *pass) {
  char likeness[LOOM_ID_MAX];
  const struct loom_store *store = &pass->store;
  uint32_t number = loom_id_table_put(&pass->ids, store->id, store->id_length);
  size_t length = loom_id_likeness(store->id, store->id_length, likeness);
  uint32_t before = pass->likenesses.count;
  uint32_t like = loom_id_table_put(&pass->likenesses, likeness, length);
  if (number == LOOM_NO_NUMBER || like == LOOM_NO_NUMBER ||
      !loom_grow(&pass->alike, &pass->alike_capacity, (size_t)like + 1, sizeof *pass->alike))
    return false;
  if (like == before) {
    pass->alike[like] = (struct alike){number, 1};
    return true;
  }
  struct loom_example example = example_of(pass);
  const char *first = loom_id_table_get(&pass->ids, pass->alike[like].first, &example.other_length);
  struct loom_tally *tally = tally_of(pass, LOOM_TALLY_ALIKE);
  memcpy(example.other, first, example.other_length);
  tally->count += pass->alike[like].members++ == 1;
  return add_example(pass, tally, &example);
}

static bool look_at_id(struct pass *pass) {
  const struct loom_store *store = &pass->store;
  if (!look_at_likeness(pass))
    return false;
  return !loom_id_is_rounded(store->id, store->id_length) ||
         add(pass, tally_of(pass, LOOM_TALLY_ROUNDED));
}

/* Whether the store's hours say when it is open: rows that give everything back do not. */
static bool has_hours(const struct loom_store *store) {
  for (size_t i = 0; i < store->hours.count; i++)
    if (store->hours.items[i].open != LOOM_NO_HOURS)
      return true;
  return false;
}

static bool look_at_knowledge(struct pass *pass) {
  const struct loom_store *store = &pass->store;
  bool hours = has_hours(store);
  if (!store->polled && hours)
    return add(pass, tally_of(pass, LOOM_TALLY_HOURS_ONLY));
  if (!store->polled)
    return !*store->zone || add(pass, tally_of(pass, LOOM_TALLY_ZONE_ONLY));
  return (hours || add(pass, tally_of(pass, LOOM_TALLY_NO_HOURS))) &&
         (*store->zone || add(pass, tally_of(pass, LOOM_TALLY_NO_ZONE)));
}

static bool look_at_strays(struct pass *pass) {
  const struct loom_store *store = &pass->store;
  struct loom_example example = example_of(pass);
  if (pass->has_strays_after && store->newest_poll >= pass->genuine.end)
    example.instant = store->newest_poll;
  else if (pass->has_strays_before && store->first_poll < pass->genuine.start)
    example.instant = store->first_poll;
  else
    return true;
  return add_example(pass, tally_of(pass, LOOM_TALLY_STRAY), &example);
}

/* ---- its polls ---- */

/* The polls that lie in what is looked at: of others, whole days have been given. */
static const loom_poll *polls_of(const struct pass *pass, size_t *count) {
  const struct loom_polls *polls = &pass->store.polls;
  size_t begin = loom_polls_before(polls, pass->looked.start);
  *count = loom_polls_before(polls, pass->looked.end + 1) - begin;
  return begin ? polls->items + begin : polls->items; /* which is NULL where there never were any */
}

/* When it was polled, and how far apart. Returns how many polls are active. */
static uint64_t count_polls(struct pass *pass, const loom_poll *polls, size_t count) {
  uint64_t active = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t at = loom_poll_instant(polls[i]);
    active += loom_poll_active(polls[i]);
    loom_minutes_poll(&pass->minutes, at);
    if (i > 0) {
      int64_t seconds = (at - loom_poll_instant(polls[i - 1])) / LOOM_SECOND;
      pass->intervals[seconds < INTERVAL_MAX ? seconds : INTERVAL_MAX]++;
      pass->interval_count++;
    }
  }
  return active;
}

static bool look_at_activity(struct pass *pass, const loom_poll *polls, size_t count) {
  uint64_t active = count_polls(pass, polls, count);
  pass->survey->polls += count;
  if (active > 0 || count == 0)
    return true;
  struct loom_example example = example_of(pass);
  example.whole = count;
  return add_example(pass, tally_of(pass, LOOM_TALLY_NEVER_ACTIVE), &example);
}

/* How many polls are in none of the store's openings. */
static uint64_t count_outside(const struct loom_spans *openings, const loom_poll *polls,
                              size_t count) {
  uint64_t outside = 0;
  size_t o = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t at = loom_poll_instant(polls[i]);
    while (o < openings->count && openings->items[o].end < at)
      o++;
    outside += o == openings->count || openings->items[o].start > at;
  }
  return outside;
}

/* What part of the time that is looked at a store is open. */
static double open_share(const struct loom_spans *openings, struct loom_span looked) {
  int64_t open = 0;
  for (size_t i = 0; i < openings->count; i++) {
    struct loom_span span = openings->items[i];
    int64_t start = span.start > looked.start ? span.start : looked.start;
    int64_t end = span.end < looked.end ? span.end : looked.end;
    open += start < end ? end - start : 0;
  }
  return looked.end > looked.start ? (double)open / (double)(looked.end - looked.start) : 1;
}

static bool look_outside(struct pass *pass, const loom_poll *polls, size_t count) {
  struct loom_survey *survey = pass->survey;
  if (!has_hours(&pass->store) || count == 0)
    return true;
  uint64_t outside = count_outside(&pass->measure.intervals, polls, count);
  uint64_t percent = outside * 100 / count;
  survey->outside.polls += count;
  survey->outside.count += outside;
  survey->outside.expected +=
      (double)count * (1 - open_share(&pass->measure.intervals, pass->looked));
  survey->outside.all[percent]++;
  if (outside < OUTSIDE_MANY)
    return true;
  survey->outside.many[percent]++;
  struct loom_example example = example_of(pass);
  example.part = outside;
  example.whole = count;
  return add_worst(pass, tally_of(pass, LOOM_TALLY_OUTSIDE), &example);
}

/* ---- its windows ---- */

static const int64_t lengths[LOOM_SURVEY_WINDOWS] = {LOOM_HOUR, LOOM_DAY, 7 * LOOM_DAY};

static bool look_at_window(struct pass *pass, int w, const struct loom_figures *figures) {
  struct loom_unseen *window = &pass->survey->windows[w];
  int64_t scheduled = figures->up + figures->down + figures->unknown;
  int64_t least = lengths[w] / 2 < OPEN_LEAST ? lengths[w] / 2 : OPEN_LEAST;
  window->stores += scheduled > 0;
  window->scheduled += scheduled;
  window->unseen += figures->unknown;
  return scheduled < least || figures->unknown < scheduled || add(pass, &window->silent);
}

/* Of the last week: how long was it open in openings that were polled at all, and how often was it polled then. */
static void look_at_frequency(struct loom_survey *survey, const struct loom_figures *figures) {
  int64_t seen = figures->up + figures->down;
  survey->seen += figures->polls > 0;
  survey->sparse += figures->polls > 0 && seen / SPARSE > figures->polls + 1;
}

static loom_status look_at_windows(struct pass *pass, loom_error *error) {
  loom_status status = LOOM_OK;
  for (int w = 0; status == LOOM_OK && w < LOOM_SURVEY_WINDOWS; w++) {
    struct loom_figures figures = {0};
    struct loom_span window = {pass->survey->as_of - lengths[w], pass->survey->as_of};
    status = loom_measure_window(&pass->measure, window, &figures, NULL, error);
    if (status == LOOM_OK && !look_at_window(pass, w, &figures))
      status = loom_no_memory(error);
    if (w == LOOM_SURVEY_WINDOWS - 1)
      look_at_frequency(pass->survey, &figures);
  }
  return status;
}

/* ---- the pass ---- */

/* What became of looking a store's zone up: one that is not in the tz database is counted, all else fails. */
static loom_status look_at_zone(struct pass *pass, loom_status status, const loom_error *cause,
                                loom_error *error) {
  struct loom_example example = example_of(pass);
  if (status != LOOM_OK && status != LOOM_EINPUT && status != LOOM_ECORRUPT)
    *error = *cause;
  if (status != LOOM_EINPUT && status != LOOM_ECORRUPT)
    return status;
  example.other_length = strlen(pass->store.zone);
  memcpy(example.other, pass->store.zone, example.other_length);
  return add_example(pass, tally_of(pass, LOOM_TALLY_ZONE_GONE), &example) ? LOOM_OK
                                                                           : loom_no_memory(error);
}

/* What needs the store's openings. One whose zone is gone has none, and is in no report. */
static loom_status look_at_polled(struct pass *pass, loom_error *error) {
  size_t count;
  loom_error cause;
  const loom_poll *polls = polls_of(pass, &count);
  if (!look_at_strays(pass) || !look_at_activity(pass, polls, count))
    return loom_no_memory(error);
  loom_status status = loom_measure_store(&pass->measure, &pass->setting, &pass->store, &cause);
  if (status != LOOM_OK)
    return look_at_zone(pass, status, &cause, error);
  for (size_t i = 0; i < pass->measure.intervals.count; i++)
    loom_minutes_open(&pass->minutes, pass->measure.intervals.items[i]);
  return look_outside(pass, polls, count) ? look_at_windows(pass, error) : loom_no_memory(error);
}

/* A store of which no figures are made may have a zone that is gone, too. */
static loom_status look_at_unpolled(struct pass *pass, loom_error *error) {
  const char *name = pass->store.zone;
  const loom_zone *zone;
  loom_error cause;
  if (!*name)
    return LOOM_OK;
  loom_status status = loom_zones_get(pass->setting.zones, name, strlen(name), &zone, &cause);
  return look_at_zone(pass, status, &cause, error);
}

static loom_status look_at_store(struct pass *pass, loom_error *error) {
  pass->survey->stores++;
  pass->survey->polled += pass->store.polled;
  if (!look_at_id(pass) || !look_at_knowledge(pass))
    return loom_no_memory(error);
  return pass->store.polled ? look_at_polled(pass, error) : look_at_unpolled(pass, error);
}

/* After so many stores it is asked whether to go on. */
#define ASK_EVERY 64

static loom_status ask(const struct pass *pass, loom_error *error) {
  const struct loom_survey_options *options = pass->options;
  if (!options->goes_on || pass->survey->stores % ASK_EVERY != 0 ||
      options->goes_on(options->context))
    return LOOM_OK;
  return loom_fail(error, LOOM_ECANCELED, "the survey takes longer than it may");
}

static loom_status look_at_stores(struct pass *pass, loom_source *source, loom_error *error) {
  uint64_t count;
  struct loom_source_query query = {.from = pass->looked.start,
                                    .to = pass->looked.end,
                                    .as_of = pass->survey->as_of,
                                    .no_polls = !pass->survey->has_polls,
                                    .selection.all_stores = true};
  loom_status status = loom_source_select(source, &query, &pass->setting.common, &count, error);
  loom_spans_merge(&pass->setting.common.exclusions, true);
  while (status == LOOM_OK) {
    status = loom_source_next(source, &pass->store, error);
    if (status == LOOM_OK)
      status = ask(pass, error);
    if (status == LOOM_OK)
      status = look_at_store(pass, error);
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* What was counted becomes what is told. */
static loom_status sum_up(struct pass *pass, loom_error *error) {
  uint64_t passed = 0;
  for (int64_t i = 0; i <= INTERVAL_MAX && passed * 2 < pass->interval_count; i++) {
    passed += pass->intervals[i];
    pass->survey->interval = i;
  }
  if (!loom_minutes_gaps(&pass->minutes, GAP_LEAST, GAP_EXPECTED, &pass->survey->gaps))
    return loom_no_memory(error);
  return LOOM_OK;
}

/* Makes ready what the pass fills: minutes reach up to now, where that is near. */
static loom_status prepare(struct pass *pass, loom_error *error) {
  int64_t as_of = pass->survey->as_of, now = pass->options->now, until = as_of + 1;
  if (now > as_of && now <= as_of + LIVE)
    until = now;
  int64_t week = as_of - 7 * LOOM_DAY;
  pass->setting.as_of = as_of;
  pass->setting.hull =
      (struct loom_span){week < pass->looked.start ? week : pass->looked.start, until};
  pass->intervals = calloc(INTERVAL_MAX + 1, sizeof *pass->intervals);
  if (!pass->intervals || !loom_minutes_init(&pass->minutes, pass->looked.start, until))
    return loom_no_memory(error);
  return LOOM_OK;
}

static void free_pass(struct pass *pass) {
  loom_store_free(&pass->store);
  loom_common_free(&pass->setting.common);
  loom_overlays_free(&pass->setting.overlays);
  loom_measure_free(&pass->measure);
  loom_minutes_free(&pass->minutes);
  loom_id_table_free(&pass->ids);
  loom_id_table_free(&pass->likenesses);
  free(pass->alike);
  free(pass->intervals);
}

loom_status loom_survey_run(const struct loom_survey_options *options, loom_source *source,
                            loom_zones *zones, struct loom_survey *survey, loom_error *error) {
  struct pass pass = {.options = options, .survey = survey, .setting.zones = zones};
  *survey = (struct loom_survey){0};
  if (options->examples > LOOM_SURVEY_EXAMPLES_MAX)
    return loom_fail(error, LOOM_EINVAL, "up to %d examples expected", LOOM_SURVEY_EXAMPLES_MAX);
  loom_rules_preset("loom", &pass.setting.rules);
  pass.setting.rules.no_data = LOOM_UNKNOWN; /* what no poll vouches for is to be seen apart */
  loom_overlays_init(&pass.setting.overlays);
  loom_id_table_init(&pass.ids);
  loom_id_table_init(&pass.likenesses);
  loom_status status = loom_setting_zone(&pass.setting, options->default_zone, error);
  if (status == LOOM_OK)
    status = loom_source_snapshot(source, error);
  if (status == LOOM_OK)
    status = choose_days(&pass, source, error);
  if (status == LOOM_OK)
    status = prepare(&pass, error);
  if (status == LOOM_OK)
    status = look_at_stores(&pass, source, error);
  loom_source_release(source);
  if (status == LOOM_OK)
    status = sum_up(&pass, error);
  free_pass(&pass);
  return status;
}

void loom_survey_free(struct loom_survey *survey) {
  for (int i = 0; i < LOOM_TALLIES; i++)
    free(survey->tallies[i].examples);
  for (int w = 0; w < LOOM_SURVEY_WINDOWS; w++)
    free(survey->windows[w].silent.examples);
  free(survey->gaps.items);
  *survey = (struct loom_survey){0};
}
