/*
** The kernel and the schedules below it, against a naive reference: odd zones, years 1 to 9999, any hours, special days,
** exclusions, polls and rules. Totals, outages and the longest one have to be exact to the microsecond; two windows that meet
** at a closed moment have to add up to one; and exclusions may only take away.
**
** The reference makes every opening of every date, and asks of each stretch between two instants at which anything can change
** which poll vouches for it. Only look-ups in zones are shared with Loom.
*/
#include "fuzz.h"

#include "time/civil.h"
#include "measure/measure.h"

#define ROWS_MAX 24
#define SPANS_MAX 600
#define POLLS_MAX 40
#define EXCLUSIONS_MAX 6
#define EDGES_MAX 4096

static const char *const zone_names[] = {"UTC",
                                         "America/Chicago",
                                         "America/St_Johns",
                                         "Australia/Lord_Howe",
                                         "Pacific/Apia",
                                         "Asia/Kathmandu",
                                         "Pacific/Chatham",
                                         "Africa/Casablanca",
                                         "America/Caracas",
                                         "Antarctica/Troll",
                                         "Europe/Dublin",
                                         "Asia/Pyongyang",
                                         "Pacific/Kiritimati",
                                         "America/Nuuk",
                                         "Asia/Gaza",
                                         "Africa/Monrovia",
                                         "Asia/Manila",
                                         "America/Juneau",
                                         "Europe/Istanbul",
                                         "Africa/Juba"};
#define ZONE_COUNT (sizeof zone_names / sizeof *zone_names)

static loom_zones *zones;

/* ---- a case ---- */

struct scene {
  struct loom_setting setting;
  struct loom_store store;
  struct loom_hours hours[ROWS_MAX];
  struct loom_special_day own[ROWS_MAX], all[ROWS_MAX];
  struct loom_span own_out[EXCLUSIONS_MAX], all_out[EXCLUSIONS_MAX];
  loom_poll polls[POLLS_MAX];
  const loom_zone *zone;
  struct loom_span window;
};

/* Times that matter, and any. */
static int32_t draw_time(struct input *input) {
  switch (draw_below(input, 4)) {
  case 0:
    return (int32_t)draw_below(input, 25) * 3600;
  case 1:
    return (int32_t)draw_below(input, 49) * 1800;
  case 2:
    return LOOM_DAY_SECONDS - (int32_t)draw_below(input, 120);
  default:
    return (int32_t)draw_below(input, LOOM_DAY_SECONDS + 1);
  }
}

static int64_t draw_instant(struct input *input, struct loom_span around) {
  int64_t unit = draw_below(input, 3) ? LOOM_HOUR / 2 : 1;
  return around.start + draw_between(input, -40, (around.end - around.start) / unit + 40) * unit;
}

static void draw_rules(struct input *input, struct loom_rules *rules) {
  static const int32_t slacks[] = {60, 0, 1, 3600, LOOM_SLACK_MAX};
  rules->slack = slacks[draw_below(input, 5)];
  rules->fill = (enum loom_fill)draw_below(input, 3);
  rules->evidence = (enum loom_evidence)draw_below(input, 2);
  rules->no_data = (enum loom_state)draw_below(input, 3);
  rules->max_gap = LOOM_NO_MAX_GAP;
  if (draw_below(input, 2))
    rules->max_gap = draw_below(input, 2) ? draw_between(input, 0, 255)
                                          : draw_between(input, 0, 255) * 15 * LOOM_MINUTE;
}

/* Rows of weeks, by the date from which they hold; a week may be marked to have no hours. */
static void draw_hours(struct input *input, struct scene *scene, int32_t date) {
  size_t count = draw_below(input, ROWS_MAX + 1);
  int32_t from = LOOM_ALWAYS;
  for (size_t i = 0; i < count; i++) {
    bool marked = i > 0 && scene->hours[i - 1].open == LOOM_NO_HOURS;
    uint64_t choice = draw_below(input, 16);
    if (marked || (i > 0 && choice == 0))
      from = (from == LOOM_ALWAYS ? date - 6 : from) + 1 + (int32_t)draw_below(input, 6);
    struct loom_hours *row = &scene->hours[i];
    *row = (struct loom_hours){from, (int32_t)draw_below(input, 7),
                               draw_time(input) % LOOM_DAY_SECONDS, draw_time(input)};
    if (choice == 1)
      row->open = row->close = LOOM_CLOSED;
    if (choice == 2 && (i == 0 || scene->hours[i - 1].from < from))
      *row = (struct loom_hours){from, 0, LOOM_NO_HOURS, LOOM_NO_HOURS};
  }
  scene->store.hours.items = scene->hours;
  scene->store.hours.count = count;
}

static void draw_days(struct input *input, struct loom_special_days *days,
                      struct loom_special_day *items, int32_t date) {
  days->items = items;
  days->count = draw_below(input, 3) ? 0 : draw_below(input, ROWS_MAX / 2);
  date -= 4;
  for (size_t i = 0; i < days->count; i++) {
    date += (int32_t)draw_below(input, 3);
    items[i] =
        (struct loom_special_day){date, draw_time(input) % LOOM_DAY_SECONDS, draw_time(input)};
    if (draw_below(input, 4) == 0)
      items[i].open = items[i].close = LOOM_CLOSED;
  }
}

static void draw_exclusions(struct input *input, struct loom_spans *spans, struct loom_span *items,
                            struct loom_span around) {
  spans->items = items;
  spans->count = draw_below(input, EXCLUSIONS_MAX + 1);
  for (size_t i = 0; i < spans->count; i++) {
    int64_t start = draw_instant(input, around);
    items[i] = (struct loom_span){start, start + 1 +
                                             (draw_below(input, 2)
                                                  ? draw_between(input, 0, 65535)
                                                  : draw_between(input, 0, 255) * LOOM_HOUR / 4)};
  }
}

static void draw_polls(struct input *input, struct scene *scene, struct loom_span around) {
  struct loom_polls *polls = &scene->store.polls;
  polls->items = scene->polls;
  polls->count = 0;
  size_t wanted = draw_below(input, POLLS_MAX + 1);
  for (size_t n = 0; n < wanted; n++) { /* sorted in, one to an instant */
    loom_poll poll = loom_poll_pack(draw_instant(input, around), draw_below(input, 2));
    size_t at = polls->count;
    while (at > 0 && loom_poll_instant(scene->polls[at - 1]) >= loom_poll_instant(poll))
      at--;
    if (at < polls->count && loom_poll_instant(scene->polls[at]) == loom_poll_instant(poll))
      continue;
    memmove(&scene->polls[at + 1], &scene->polls[at], (polls->count - at) * sizeof *scene->polls);
    scene->polls[at] = poll;
    polls->count++;
  }
}

static void draw_scene(struct input *input, struct scene *scene) {
  loom_error error;
  const char *name = zone_names[draw_below(input, ZONE_COUNT)];
  memset(scene, 0, sizeof *scene);
  scene->setting.zones = zones;
  assert_int_equal(loom_zones_get(zones, name, strlen(name), &scene->zone, &error), LOOM_OK);
  scene->setting.default_zone = scene->zone;
  int32_t date = (int32_t)draw_between(input, 10957, 21914); /* 2000 to 2029 */
  if (draw_below(input, 4) == 0)
    date = (int32_t)draw_between(input, LOOM_DATE_MIN + 10, LOOM_DATE_MAX - 30);
  int64_t start = (int64_t)date * LOOM_DAY + draw_between(input, 0, 47) * LOOM_HOUR / 2;
  scene->window =
      (struct loom_span){start, start + 1 + draw_between(input, 0, 9 * 48) * LOOM_HOUR / 2};
  scene->setting.hull = scene->window;
  draw_rules(input, &scene->setting.rules);
  scene->setting.as_of =
      draw_below(input, 2) ? scene->window.end : draw_instant(input, scene->window);
  draw_hours(input, scene, date);
  draw_days(input, &scene->store.special_days, scene->own, date);
  draw_days(input, &scene->setting.common.special_days, scene->all, date);
  draw_exclusions(input, &scene->store.exclusions, scene->own_out, scene->window);
  draw_exclusions(input, &scene->setting.common.exclusions, scene->all_out, scene->window);
  draw_polls(input, scene, scene->window);
}

/* ---- the reference ---- */

struct list {
  struct loom_span spans[SPANS_MAX];
  size_t count;
};

static void open_naively(const struct scene *scene, int32_t date, int32_t open, int32_t close,
                         struct list *list) {
  if (open == LOOM_CLOSED)
    return;
  if (close >= LOOM_DAY_SECONDS - scene->setting.rules.slack)
    close = LOOM_DAY_SECONDS;
  int64_t day = (int64_t)date * LOOM_DAY_SECONDS, next = close <= open ? LOOM_DAY_SECONDS : 0;
  struct loom_span span = {loom_zone_instant(scene->zone, day + open) * LOOM_SECOND,
                           loom_zone_instant(scene->zone, day + next + close) * LOOM_SECOND};
  if (span.start < span.end && list->count < SPANS_MAX)
    list->spans[list->count++] = span;
}

static bool open_days(const struct scene *scene, const struct loom_special_days *days, int32_t date,
                      struct list *list) {
  bool any = false;
  for (size_t i = 0; i < days->count; i++)
    if (days->items[i].date == date) {
      any = true;
      open_naively(scene, date, days->items[i].open, days->items[i].close, list);
    }
  return any;
}

static void open_week(const struct scene *scene, int32_t date, struct list *list) {
  const struct loom_hours_list *hours = &scene->store.hours;
  int64_t from = INT64_MIN; /* of the week in force */
  bool any = false;
  for (size_t i = 0; i < hours->count; i++)
    if (hours->items[i].from <= date && hours->items[i].from > from)
      from = hours->items[i].from;
  for (size_t i = 0; i < hours->count; i++)
    any = any || (hours->items[i].from == from && hours->items[i].open != LOOM_NO_HOURS);
  if (!any)
    open_naively(scene, date, 0,
                 scene->setting.rules.slack ? LOOM_DAY_SECONDS : LOOM_DAY_SECONDS - 1, list);
  for (size_t i = 0; i < hours->count && any; i++)
    if (hours->items[i].from == from && hours->items[i].open != LOOM_NO_HOURS &&
        hours->items[i].weekday == ((date + 3) % 7 + 7) % 7)
      open_naively(scene, date, hours->items[i].open, hours->items[i].close, list);
}

static int compare_spans(const void *a, const void *b) {
  const struct loom_span *left = a, *right = b;
  return (left->start > right->start) - (left->start < right->start);
}

/* Any two that overlap become one; what only touches stays apart. */
static void merge_naively(struct list *list) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < list->count; i++)
      for (size_t k = i + 1; k < list->count; k++) {
        struct loom_span *a = &list->spans[i], *b = &list->spans[k];
        if (a->start >= b->end || b->start >= a->end)
          continue;
        a->start = a->start < b->start ? a->start : b->start;
        a->end = a->end > b->end ? a->end : b->end;
        *b = list->spans[--list->count];
        changed = true;
        k--;
      }
  }
  qsort(list->spans, list->count, sizeof *list->spans, compare_spans);
}

static void list_pieces(const struct scene *scene, struct loom_span window, struct list *list) {
  int32_t first = (int32_t)(scene->window.start / LOOM_DAY) - 4,
          last = (int32_t)(scene->window.end / LOOM_DAY) + 4;
  list->count = 0;
  for (int32_t date = first; date <= last; date++)
    if (!open_days(scene, &scene->store.special_days, date, list) &&
        !open_days(scene, &scene->setting.common.special_days, date, list))
      open_week(scene, date, list);
  assert_true(list->count < SPANS_MAX);
  merge_naively(list);
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++) {
    struct loom_span span = list->spans[i];
    span.start = span.start > window.start ? span.start : window.start;
    span.end = span.end < window.end ? span.end : window.end;
    if (span.start < span.end)
      list->spans[kept++] = span;
  }
  list->count = kept;
}

/* The polls that are evidence of a piece, in order. */
static size_t find_evidence(const struct scene *scene, struct loom_span piece,
                            loom_poll evidence[POLLS_MAX + 2]) {
  const struct loom_polls *polls = &scene->store.polls;
  bool around = scene->setting.rules.evidence == LOOM_EVIDENCE_AROUND, has_after = false;
  size_t count = 0;
  loom_poll before = 0;
  bool has_before = false;
  for (size_t i = 0; i < polls->count; i++)
    if (loom_poll_instant(polls->items[i]) < piece.start) {
      before = polls->items[i];
      has_before = true;
    }
  if (around && has_before)
    evidence[count++] = before;
  for (size_t i = 0; i < polls->count; i++) {
    int64_t at = loom_poll_instant(polls->items[i]);
    if (at >= piece.start && at <= piece.end)
      evidence[count++] = polls->items[i];
    else if (at > piece.end && around && !has_after) {
      has_after = true;
      if (at <= scene->setting.as_of)
        evidence[count++] = polls->items[i];
    }
  }
  return count;
}

static int64_t half_way(int64_t a, int64_t b) {
  int64_t sum = a + b;
  return sum >= 0 ? sum / 2 : -((-sum + 1) / 2);
}

/* Until when the first of two neighbours vouches. */
static int64_t handed_over(const struct scene *scene, loom_poll a, loom_poll b) {
  if (scene->setting.rules.fill == LOOM_FILL_BACKWARD)
    return loom_poll_instant(a);
  if (scene->setting.rules.fill == LOOM_FILL_FORWARD)
    return loom_poll_instant(b);
  return half_way(loom_poll_instant(a), loom_poll_instant(b));
}

/* What an instant, and all up to the next edge, is judged to be. */
static enum loom_state state_at(const struct scene *scene, const loom_poll *evidence, size_t count,
                                int64_t at) {
  if (count == 0)
    return scene->setting.rules.no_data;
  size_t i = 0;
  while (i + 1 < count && at >= handed_over(scene, evidence[i], evidence[i + 1]))
    i++;
  int64_t gap = scene->setting.rules.max_gap, instant = loom_poll_instant(evidence[i]);
  if (gap != LOOM_NO_MAX_GAP && (at < instant - gap || at >= instant + gap))
    return LOOM_UNKNOWN;
  return loom_poll_active(evidence[i]) ? LOOM_UP : LOOM_DOWN;
}

static bool is_out(const struct loom_spans *spans, int64_t at) {
  for (size_t i = 0; i < spans->count; i++)
    if (at >= spans->items[i].start && at < spans->items[i].end)
      return true;
  return false;
}

struct edges {
  int64_t items[EDGES_MAX];
  size_t count;
};

static void add_edge(struct edges *edges, struct loom_span piece, int64_t at) {
  if (at <= piece.start || at >= piece.end)
    return;
  assert_true(edges->count < EDGES_MAX);
  edges->items[edges->count++] = at;
}

static int compare_instants(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

/* All instants of a piece at which anything can change. */
static void find_edges(const struct scene *scene, struct loom_span piece, const loom_poll *evidence,
                       size_t count, struct edges *edges) {
  const struct loom_spans *lists[] = {&scene->store.exclusions, &scene->setting.common.exclusions};
  edges->count = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t at = loom_poll_instant(evidence[i]), gap = scene->setting.rules.max_gap;
    add_edge(edges, piece, at);
    add_edge(edges, piece, at - gap);
    add_edge(edges, piece, at + gap);
    if (i + 1 < count)
      add_edge(edges, piece, handed_over(scene, evidence[i], evidence[i + 1]));
  }
  for (size_t l = 0; l < 2; l++)
    for (size_t i = 0; i < lists[l]->count; i++) {
      add_edge(edges, piece, lists[l]->items[i].start);
      add_edge(edges, piece, lists[l]->items[i].end);
    }
  qsort(edges->items, edges->count, sizeof *edges->items, compare_instants);
}

/* A run of down time that may go on. */
struct run {
  int64_t start, end;
  bool is;
};

static void count_stretch(struct loom_figures *figures, struct run *run, int64_t from, int64_t to,
                          enum loom_state state) {
  int64_t *const sums[] = {[LOOM_DOWN] = &figures->down,
                           [LOOM_UP] = &figures->up,
                           [LOOM_UNKNOWN] = &figures->unknown,
                           [LOOM_EXCLUDED] = &figures->excluded};
  *sums[state] += to - from;
  if (state != LOOM_DOWN || from == to)
    return;
  if (!run->is || run->end != from) {
    *run = (struct run){from, from, true};
    figures->outages++;
  }
  run->end = to;
  if (run->end - run->start > figures->longest)
    figures->longest = run->end - run->start;
}

static struct loom_figures measure_naively(const struct scene *scene, struct loom_span window) {
  static struct list pieces;
  static struct edges edges;
  struct loom_figures figures = {0};
  struct run run = {0};
  list_pieces(scene, window, &pieces);
  for (size_t p = 0; p < pieces.count; p++) {
    struct loom_span piece = pieces.spans[p];
    loom_poll evidence[POLLS_MAX + 2];
    size_t count = find_evidence(scene, piece, evidence);
    find_edges(scene, piece, evidence, count, &edges);
    int64_t from = piece.start;
    for (size_t e = 0; e <= edges.count; e++) {
      int64_t to = e < edges.count ? edges.items[e] : piece.end;
      bool out =
          is_out(&scene->store.exclusions, from) || is_out(&scene->setting.common.exclusions, from);
      count_stretch(&figures, &run, from, to,
                    out ? LOOM_EXCLUDED : state_at(scene, evidence, count, from));
      from = to;
    }
  }
  for (size_t i = 0; i < scene->store.polls.count; i++) {
    bool inside = false;
    for (size_t p = 0; p < pieces.count; p++)
      inside = inside || (loom_poll_instant(scene->polls[i]) >= pieces.spans[p].start &&
                          loom_poll_instant(scene->polls[i]) <= pieces.spans[p].end);
    figures.polls += inside;
  }
  return figures;
}

/* ---- comparisons ---- */

static void assert_figures(const struct loom_figures *found, const struct loom_figures *expected) {
  assert_int_equal(found->up, expected->up);
  assert_int_equal(found->down, expected->down);
  assert_int_equal(found->unknown, expected->unknown);
  assert_int_equal(found->excluded, expected->excluded);
  assert_int_equal(found->outages, expected->outages);
  assert_int_equal(found->longest, expected->longest);
  assert_int_equal(found->polls, expected->polls);
}

static int64_t scheduled(const struct loom_figures *figures) {
  return figures->up + figures->down + figures->unknown;
}

static struct loom_figures measure_window(struct loom_measure *measure, struct loom_span window,
                                          bool in_segments);

static void ignore(void *context, struct loom_span span, enum loom_state state,
                   const loom_poll *poll) {
  int64_t *last = context;
  assert_true(span.start < span.end && span.start >= *last);
  assert_true(!poll || state != LOOM_EXCLUDED);
  *last = span.end;
}

static struct loom_figures measure_window(struct loom_measure *measure, struct loom_span window,
                                          bool in_segments) {
  loom_error error;
  struct loom_figures figures, of_joined;
  int64_t last = INT64_MIN, last_joined = INT64_MIN;
  const struct loom_listener listener = {ignore, &last, .joins = false},
                             joining = {ignore, &last_joined, .joins = true};
  assert_int_equal(
      loom_measure_window(measure, window, &figures, in_segments ? &listener : NULL, &error),
      LOOM_OK);
  assert_int_equal(loom_measure_window(measure, window, &of_joined, &joining, &error), LOOM_OK);
  assert_memory_equal(&of_joined, &figures, sizeof figures);
  return figures;
}

/* Two windows that meet where the store is closed share everything out. */
static void check_split(struct loom_measure *measure, const struct scene *scene,
                        struct input *input, const struct loom_figures *whole) {
  int64_t middle = draw_between(input, scene->window.start, scene->window.end);
  for (size_t i = 0; i < measure->intervals.count; i++)
    if (middle >= measure->intervals.items[i].start && middle <= measure->intervals.items[i].end)
      return;
  if (middle == scene->window.start || middle == scene->window.end)
    return;
  struct loom_figures a =
      measure_window(measure, (struct loom_span){scene->window.start, middle}, false);
  struct loom_figures b =
      measure_window(measure, (struct loom_span){middle, scene->window.end}, false);
  struct loom_figures sum = {a.up + b.up,
                             a.down + b.down,
                             a.unknown + b.unknown,
                             a.excluded + b.excluded,
                             a.longest > b.longest ? a.longest : b.longest,
                             a.outages + b.outages,
                             a.polls + b.polls};
  assert_figures(&sum, whole);
}

/* Without exclusions nothing is less, and what they took out is scheduled. */
static void check_growth(struct scene *scene, struct loom_measure *measure,
                         const struct loom_figures *with) {
  loom_error error;
  scene->store.exclusions.count = scene->setting.common.exclusions.count = 0;
  assert_int_equal(loom_measure_store(measure, &scene->setting, &scene->store, &error), LOOM_OK);
  struct loom_figures without = measure_window(measure, scene->window, false);
  assert_int_equal(without.excluded, 0);
  assert_int_equal(scheduled(with) + with->excluded, scheduled(&without));
  assert_true(with->up <= without.up && with->down <= without.down &&
              with->unknown <= without.unknown);
  assert_true(with->longest <= without.longest);
  assert_int_equal(with->polls, without.polls);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  zones = loom_zones_new(NULL);
  assert_non_null(zones);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct scene scene;
  loom_error error;
  struct input input = {data, data + size};
  struct loom_measure measure = {0};
  draw_scene(&input, &scene);
  struct loom_figures expected = measure_naively(&scene, scene.window);
  loom_spans_merge(&scene.setting.common.exclusions, true);
  assert_int_equal(loom_measure_store(&measure, &scene.setting, &scene.store, &error), LOOM_OK);
  struct loom_figures found = measure_window(&measure, scene.window, false);
  assert_figures(&found, &expected);
  struct loom_figures in_segments = measure_window(&measure, scene.window, true);
  assert_figures(&in_segments, &expected);
  check_split(&measure, &scene, &input, &found);
  check_growth(&scene, &measure, &found);
  loom_measure_free(&measure);
  return 0;
}
