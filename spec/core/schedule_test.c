/*
** Schedules: a case by hand for each rule of opening hours, and random schedules compared with an oracle that
** knows no order: it merges any two openings that overlap until there are none, and cuts exclusions out one by one.
*/
#include "measure/schedule.h"
#include "time/civil.h"
#include "support.h"
#include "zones.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t instant_of(const char *text, size_t length) {
  int64_t instant;
  assert_null(loom_parse_timestamp(text, length, &instant));
  return instant;
}

static int32_t date_of(const char *text) {
  int32_t date;
  assert_null(loom_parse_date(text, 10, &date));
  return date;
}

/* ---- by hand ---- */

#define MON 0
#define TUE 1
#define WED 2
#define SAT 5
#define SUN 6
#define AT(hours, minutes) ((hours)*3600 + (minutes)*60)
#define MIDNIGHT 86400
#define ROWS_MAX 8

struct by_hand {
  const char *what, *zone, *from, *to;
  int32_t slack;
  struct loom_hours hours[ROWS_MAX];      /* up to the first that is all zero */
  struct loom_special_day own[4], all[4]; /* dates are given as days of January 2023 */
  const char *expected; /* intervals in UTC, `DD HH:MM[:SS]-DD HH:MM[:SS]` of the month of `from` */
};

#define JANUARY 19357 /* the last day of December 2022 */

/* 2023-01-02 is a Monday. */
static const struct by_hand by_hand[] = {
    {"plain hours",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}, {LOOM_ALWAYS, TUE, AT(10, 0), AT(12, 30)}},
     {{0}},
     {{0}},
     "02 09:00-02 17:00, 03 10:00-03 12:30"},
    {"days without rows are closed when others have some",
     "UTC",
     "2023-01-03",
     "2023-01-09",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{0}},
     {{0}},
     ""},
    {"a store without rows never closes: one interval to a day",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{0}},
     {{0}},
     {{0}},
     "02 00:00-03 00:00, 03 00:00-04 00:00"},
    {"with no slack, to 23:59:59",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     0,
     {{0}},
     {{0}},
     {{0}},
     "02 00:00-02 23:59:59, 03 00:00-03 23:59:59"},
    {"never closing is local",
     "America/Chicago",
     "2023-01-02 06:00:00",
     "2023-01-03 06:00:00",
     60,
     {{0}},
     {{0}},
     {{0}},
     "02 06:00-03 06:00"},
    {"overnight",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(18, 0), AT(2, 0)}},
     {{0}},
     {{0}},
     "02 18:00-03 02:00"},
    {"last night's hours reach into the window and come whole",
     "UTC",
     "2023-01-03",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(18, 0), AT(2, 0)}},
     {{0}},
     {{0}},
     "02 18:00-03 02:00"},
    {"an end at the window's start is outside",
     "UTC",
     "2023-01-03 02:00:00",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(18, 0), AT(2, 0)}},
     {{0}},
     {{0}},
     ""},
    {"equal times are 24 hours",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(9, 0)}},
     {{0}},
     {{0}},
     "02 09:00-03 09:00"},
    {"from midnight to midnight",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, 0, 0}},
     {{0}},
     {{0}},
     "02 00:00-03 00:00"},
    {"24:00 to 24:00 is the day after",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{LOOM_ALWAYS, MON, MIDNIGHT, MIDNIGHT}},
     {{0}},
     {{0}},
     "03 00:00-04 00:00"},
    {"24:00 to 02:00",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{LOOM_ALWAYS, MON, MIDNIGHT, AT(2, 0)}},
     {{0}},
     {{0}},
     "03 00:00-03 02:00"},
    {"slack: 23:59:00 is midnight",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(23, 59)}},
     {{0}},
     {{0}},
     "02 09:00-03 00:00"},
    {"slack: 23:58:59 is not",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(23, 58) + 59}},
     {{0}},
     {{0}},
     "02 09:00-02 23:58:59"},
    {"no slack: 23:59:59 stays",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     0,
     {{LOOM_ALWAYS, MON, AT(9, 0), MIDNIGHT - 1}},
     {{0}},
     {{0}},
     "02 09:00-02 23:59:59"},
    {"slack comes before the comparison of open and close",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(23, 59) + 30, AT(23, 59) + 10}},
     {{0}},
     {{0}},
     "02 23:59:30-03 00:00"},
    {"touching openings stay apart",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(12, 0)}, {LOOM_ALWAYS, MON, AT(12, 0), AT(15, 0)}},
     {{0}},
     {{0}},
     "02 09:00-02 12:00, 02 12:00-02 15:00"},
    {"overlapping, nested and duplicate rows are one",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(12, 0), AT(15, 0)},
      {LOOM_ALWAYS, MON, AT(9, 0), AT(12, 1)},
      {LOOM_ALWAYS, MON, AT(10, 0), AT(11, 0)},
      {LOOM_ALWAYS, MON, AT(12, 0), AT(15, 0)}},
     {{0}},
     {{0}},
     "02 09:00-02 15:00"},
    {"an opening that fills the crack between two that touch",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(12, 0)},
      {LOOM_ALWAYS, MON, AT(12, 0), AT(15, 0)},
      {LOOM_ALWAYS, MON, AT(11, 59), AT(12, 1)}},
     {{0}},
     {{0}},
     "02 09:00-02 15:00"},
    {"carry-over merges with the morning",
     "UTC",
     "2023-01-03",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(20, 0), AT(3, 0)}, {LOOM_ALWAYS, TUE, AT(2, 0), AT(8, 0)}},
     {{0}},
     {{0}},
     "02 20:00-03 08:00"},
    {"a week of no hours is open all day, every day",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}, {JANUARY + 3, 0, LOOM_NO_HOURS, LOOM_NO_HOURS}},
     {{0}},
     {{0}},
     "02 09:00-02 17:00, 03 00:00-04 00:00, 04 00:00-05 00:00"},
    {"and with no slack, to 23:59:59",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     0,
     {{LOOM_ALWAYS, 0, LOOM_NO_HOURS, LOOM_NO_HOURS}},
     {{0}},
     {{0}},
     "02 00:00-02 23:59:59, 03 00:00-03 23:59:59"},
    {"no hours, until there are some",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{JANUARY + 2, 0, LOOM_NO_HOURS, LOOM_NO_HOURS}, {JANUARY + 3, TUE, AT(10, 0), AT(11, 0)}},
     {{0}},
     {{0}},
     "02 00:00-03 00:00, 03 10:00-03 11:00"},
    {"a week without openings is closed, and nothing was before it",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{JANUARY + 3, 0, LOOM_CLOSED, LOOM_CLOSED}},
     {{0}},
     {{0}},
     "02 00:00-03 00:00"},
    {"a special day replaces having no hours",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, 0, LOOM_NO_HOURS, LOOM_NO_HOURS}},
     {{JANUARY + 2, AT(12, 0), AT(14, 0)}},
     {{0}},
     "02 12:00-02 14:00, 03 00:00-04 00:00"},
    {"a special day replaces the hours",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 2, AT(12, 0), AT(14, 0)}, {JANUARY + 2, AT(15, 0), AT(16, 0)}},
     {{0}},
     "02 12:00-02 14:00, 02 15:00-02 16:00"},
    {"a holiday of one store",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 2, LOOM_CLOSED, LOOM_CLOSED}},
     {{0}},
     ""},
    {"a holiday of all, even of those that never close",
     "UTC",
     "2023-01-02",
     "2023-01-04",
     60,
     {{0}},
     {{0}},
     {{JANUARY + 2, LOOM_CLOSED, LOOM_CLOSED}},
     "03 00:00-04 00:00"},
    {"a store's own special day beats that of all",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 2, AT(10, 0), AT(11, 0)}},
     {{JANUARY + 2, AT(12, 0), AT(13, 0)}},
     "02 10:00-02 11:00"},
    {"a store's own holiday beats an opening of all",
     "UTC",
     "2023-01-02",
     "2023-01-03",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 2, LOOM_CLOSED, LOOM_CLOSED}},
     {{JANUARY + 2, AT(12, 0), AT(13, 0)}},
     ""},
    {"a holiday leaves the night before alone",
     "UTC",
     "2023-01-03",
     "2023-01-04",
     60,
     {{LOOM_ALWAYS, MON, AT(20, 0), AT(3, 0)}, {LOOM_ALWAYS, TUE, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 3, LOOM_CLOSED, LOOM_CLOSED}},
     {{0}},
     "02 20:00-03 03:00"},
    {"special hours may be overnight, and have slack",
     "UTC",
     "2023-01-02",
     "2023-01-05",
     60,
     {{LOOM_ALWAYS, WED, AT(9, 0), AT(17, 0)}},
     {{JANUARY + 2, AT(22, 0), AT(4, 0)}, {JANUARY + 3, AT(8, 0), AT(23, 59)}},
     {{0}},
     "02 22:00-03 04:00, 03 08:00-04 00:00, 04 09:00-04 17:00"},
    {"hours in force on each date",
     "UTC",
     "2023-01-01",
     "2023-01-24",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)},
      {JANUARY + 9, MON, AT(10, 0), AT(11, 0)},
      {JANUARY + 9, TUE, AT(10, 0), AT(12, 0)},
      {JANUARY + 17, TUE, AT(7, 0), AT(8, 0)}},
     {{0}},
     {{0}},
     "02 09:00-02 17:00, 09 10:00-09 11:00, 10 10:00-10 12:00, 16 10:00-16 11:00, 17 07:00-17 "
     "08:00"},
    {"a week that is all closed",
     "UTC",
     "2023-01-02",
     "2023-01-16",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}, {JANUARY + 9, MON, LOOM_CLOSED, LOOM_CLOSED}},
     {{0}},
     {{0}},
     "02 09:00-02 17:00"},
    {"the local date counts, not the UTC one",
     "Pacific/Auckland",
     "2023-01-01 11:00:00",
     "2023-01-02 11:00:00",
     60,
     {{LOOM_ALWAYS, MON, AT(9, 0), AT(17, 0)}},
     {{0}},
     {{0}},
     "01 20:00-02 04:00"},
    {"and west of Greenwich",
     "America/Los_Angeles",
     "2023-01-02 08:00:00",
     "2023-01-03 08:00:00",
     60,
     {{LOOM_ALWAYS, MON, AT(18, 0), MIDNIGHT}},
     {{0}},
     {{0}},
     "03 02:00-03 08:00"},
    {"spring: a day of 23 hours",
     "America/Chicago",
     "2023-03-12 06:00:00",
     "2023-03-13 05:00:00",
     60,
     {{0}},
     {{0}},
     {{0}},
     "12 06:00-13 05:00"},
    {"spring: across the change",
     "America/Chicago",
     "2023-03-12 06:00:00",
     "2023-03-13 05:00:00",
     60,
     {{LOOM_ALWAYS, SUN, AT(1, 0), AT(4, 0)}},
     {{0}},
     {{0}},
     "12 07:00-12 09:00"},
    {"spring: opening at a time that is skipped",
     "America/Chicago",
     "2023-03-12 06:00:00",
     "2023-03-13 05:00:00",
     60,
     {{LOOM_ALWAYS, SUN, AT(2, 30), AT(5, 0)}},
     {{0}},
     {{0}},
     "12 08:30-12 10:00"},
    {"spring: an opening that the change leaves empty",
     "America/Chicago",
     "2023-03-12 06:00:00",
     "2023-03-13 05:00:00",
     60,
     {{LOOM_ALWAYS, SUN, AT(2, 30), AT(3, 30)}},
     {{0}},
     {{0}},
     ""},
    {"spring: less than nothing is nothing",
     "America/Chicago",
     "2023-03-12 06:00:00",
     "2023-03-13 05:00:00",
     60,
     {{LOOM_ALWAYS, SUN, AT(2, 30), AT(3, 15)}},
     {{0}},
     {{0}},
     ""},
    {"autumn: a day of 25 hours",
     "America/Chicago",
     "2023-11-05 05:00:00",
     "2023-11-06 06:00:00",
     60,
     {{0}},
     {{0}},
     {{0}},
     "05 05:00-06 06:00"},
    {"autumn: a time that exists twice is its first",
     "America/Chicago",
     "2023-11-05 05:00:00",
     "2023-11-06 06:00:00",
     60,
     {{LOOM_ALWAYS, SUN, AT(0, 30), AT(1, 30)}, {LOOM_ALWAYS, SUN, AT(1, 45), AT(2, 0)}},
     {{0}},
     {{0}},
     "05 05:30-05 06:30, 05 06:45-05 08:00"},
    {"autumn: overnight",
     "America/Chicago",
     "2023-11-05 05:00:00",
     "2023-11-05 12:00:00",
     60,
     {{LOOM_ALWAYS, SAT, AT(22, 0), AT(4, 0)}},
     {{0}},
     {{0}},
     "05 03:00-05 10:00"},
};

static size_t format_moment(int64_t instant, char *out) {
  char text[LOOM_TIMESTAMP_SIZE];
  loom_format_timestamp(instant, text);
  bool whole_minute = strncmp(text + 17, "00", 2) == 0;
  return (size_t)sprintf(out, "%.*s", whole_minute ? 8 : 11, text + 8);
}

static int64_t moment(const char *text) {
  if (strlen(text) == 10)
    return (int64_t)date_of(text) * LOOM_DAY;
  return instant_of(text, strlen(text));
}

static size_t count_days(const struct loom_special_day *days) {
  size_t count = 0;
  while (count < 4 && days[count].date)
    count++;
  return count;
}

static void cases_by_hand(void **state) {
  (void)state;
  struct loom_spans intervals = {0};
  for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
    const struct by_hand *c = &by_hand[i];
    char found[512] = "", *at = found;
    size_t rows = 0;
    while (rows < ROWS_MAX && c->hours[rows].from)
      rows++;
    const struct loom_schedule schedule = {
        zone_named(c->zone), c->hours, rows, c->own, count_days(c->own), c->all,
        count_days(c->all)};
    assert_true(
        loom_schedule_intervals(&schedule, moment(c->from), moment(c->to), c->slack, &intervals));
    for (size_t k = 0; k < intervals.count && k < 8; k++) {
      at += sprintf(at, "%s", k ? ", " : "");
      at += format_moment(intervals.items[k].start, at);
      *at++ = '-';
      at += format_moment(intervals.items[k].end, at);
    }
    if (strcmp(found, c->expected) != 0)
      fail_msg("%s: %s, not %s", c->what, found, c->expected);
  }
  loom_spans_free(&intervals);
}

/* 24 x 7 is 168 hours, whatever the rows say it with. */
static void a_week_without_end_is_168_hours(void **state) {
  (void)state;
  const int32_t closes[] = {MIDNIGHT, MIDNIGHT - 1, MIDNIGHT - 60, 0};
  int64_t from = moment("2023-01-10 13:37:00"), to = from + 7 * LOOM_DAY;
  for (size_t c = 0; c < sizeof closes / sizeof *closes; c++) {
    struct loom_hours hours[7];
    struct loom_spans intervals = {0}, pieces = {0};
    const struct loom_schedule schedule = {
        zone_named("America/Denver"), hours, 7, NULL, 0, NULL, 0};
    int64_t sum = 0;
    for (int32_t day = 0; day < 7; day++)
      hours[day] = (struct loom_hours){LOOM_ALWAYS, day, 0, closes[c]};
    assert_true(loom_schedule_intervals(&schedule, from, to, 60, &intervals));
    assert_true(loom_schedule_pieces(&intervals, (struct loom_span){from, to}, &pieces));
    assert_int_equal(pieces.count, 8);
    for (size_t i = 0; i < pieces.count; i++)
      sum += pieces.items[i].end - pieces.items[i].start;
    assert_int_equal(sum, 7 * LOOM_DAY);
    loom_spans_free(&intervals);
    loom_spans_free(&pieces);
  }
}

/* ---- the oracle ---- */

#define OPENINGS_MAX 512

struct openings {
  struct loom_span spans[OPENINGS_MAX];
  int count;
};

static void open_on(struct openings *openings, const loom_zone *zone, int32_t slack, int32_t date,
                    int32_t open, int32_t close) {
  if (open == LOOM_CLOSED)
    return;
  if (close >= 86400 - slack)
    close = 86400;
  int32_t close_date = close <= open ? date + 1 : date;
  int64_t start = loom_zone_instant(zone, (int64_t)date * 86400 + open);
  int64_t end = loom_zone_instant(zone, (int64_t)close_date * 86400 + close);
  if (end > start) {
    assert_true(openings->count < OPENINGS_MAX);
    openings->spans[openings->count++] = (struct loom_span){start * LOOM_SECOND, end * LOOM_SECOND};
  }
}

static bool open_specially(struct openings *openings, const struct loom_schedule *s,
                           const struct loom_special_day *days, size_t count, int32_t slack,
                           int32_t date) {
  bool special = false;
  for (size_t i = 0; i < count; i++)
    if (days[i].date == date) {
      special = true;
      open_on(openings, s->zone, slack, date, days[i].open, days[i].close);
    }
  return special;
}

static void open_weekly(struct openings *openings, const struct loom_schedule *s, int32_t slack,
                        int32_t date) {
  int32_t in_force = LOOM_ALWAYS;
  bool any = false;
  for (size_t i = 0; i < s->hours_count; i++)
    if (s->hours[i].from <= date && s->hours[i].from > in_force)
      in_force = s->hours[i].from;
  for (size_t i = 0; i < s->hours_count; i++)
    any = any || (s->hours[i].from == in_force && s->hours[i].open != LOOM_NO_HOURS);
  if (!any) {
    open_on(openings, s->zone, slack, date, 0, slack ? 86400 : 86399);
    return;
  }
  for (size_t i = 0; i < s->hours_count; i++)
    if (s->hours[i].from == in_force && s->hours[i].weekday == loom_weekday(date))
      open_on(openings, s->zone, slack, date, s->hours[i].open, s->hours[i].close);
}

static int compare_instants(const void *a, const void *b) {
  const int64_t *left = a, *right = b;
  return (*left > *right) - (*left < *right);
}

static int compare_spans(const void *a, const void *b) {
  const struct loom_span *left = a, *right = b;
  return (left->start > right->start) - (left->start < right->start);
}

/* Any two that overlap become one, until none do. */
static void merge_slowly(struct openings *o) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < o->count; i++)
      for (int k = i + 1; k < o->count; k++) {
        struct loom_span *a = &o->spans[i], *b = &o->spans[k];
        if (a->start >= b->end || b->start >= a->end)
          continue;
        a->start = a->start < b->start ? a->start : b->start;
        a->end = a->end > b->end ? a->end : b->end;
        *b = o->spans[--o->count];
        changed = true;
        k--;
      }
  }
  qsort(o->spans, (size_t)o->count, sizeof *o->spans, compare_spans);
}

static void clip(struct openings *o, struct loom_span window) {
  int kept = 0;
  for (int i = 0; i < o->count; i++) {
    struct loom_span span = o->spans[i];
    span.start = span.start < window.start ? window.start : span.start;
    span.end = span.end > window.end ? window.end : span.end;
    if (span.start < span.end)
      o->spans[kept++] = span;
  }
  o->count = kept;
}

static int64_t sum_of(const struct loom_span *spans, size_t count) {
  int64_t sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += spans[i].end - spans[i].start;
  return sum;
}

static void assert_same_spans(const struct loom_spans *found, const struct openings *expected) {
  assert_int_equal(found->count, expected->count);
  for (size_t i = 0; i < found->count; i++) {
    assert_int_equal(found->items[i].start, expected->spans[i].start);
    assert_int_equal(found->items[i].end, expected->spans[i].end);
  }
}

/* ---- random schedules ---- */

/* Times that matter: round ones, so that spans touch and repeat, ends of the day, and any. */
static int32_t random_time(uint64_t *random) {
  switch (random_below(random, 8)) {
  case 0:
    return 86400 - (int32_t)random_below(random, 3);
  case 1:
    return 86400 - 60 - (int32_t)random_below(random, 2);
  case 2:
    return (int32_t)random_below(random, 86401);
  case 3:
    return (int32_t)random_below(random, 9) * 1800; /* where clocks are changed */
  default:
    return (int32_t)random_below(random, 25) * 3600;
  }
}

struct random_schedule {
  struct loom_hours hours[40];
  struct loom_special_day own[12], all[12];
  struct loom_schedule schedule;
  struct loom_span window;
  int32_t slack;
};

static size_t random_days(struct loom_special_day *days, size_t most, int32_t date,
                          uint64_t *random) {
  size_t count = random_below(random, most + 1);
  date -= 4;
  for (size_t i = 0; i < count; i++) {
    date += (int32_t)random_below(random, 3);
    days[i] = (struct loom_special_day){date, random_time(random), random_time(random)};
    if (random_below(random, 4) == 0)
      days[i].open = days[i].close = LOOM_CLOSED;
  }
  return count;
}

static int compare_rows(const void *a, const void *b) {
  const struct loom_hours *left = a, *right = b;
  if (left->from != right->from)
    return left->from < right->from ? -1 : 1;
  return left->weekday - right->weekday;
}

static void make_schedule(struct random_schedule *r, uint64_t *random) {
  static const char *const names[] = {"UTC",
                                      "America/Chicago",
                                      "Europe/Berlin",
                                      "Australia/Lord_Howe",
                                      "Asia/Kathmandu",
                                      "Pacific/Apia",
                                      "Pacific/Kiritimati",
                                      "Pacific/Pago_Pago",
                                      "America/St_Johns",
                                      "Europe/Dublin"};
  static const char *const days[] = {"2023-03-12", "2023-11-05", "2023-03-26", "2023-10-29",
                                     "2023-04-02", "2023-10-01", "2011-12-30", "2024-02-29",
                                     "1969-12-31", "2060-06-15"};
  static const int32_t slacks[] = {0, 1, 60, 3600, 86399};
  const char *name = names[random_below(random, sizeof names / sizeof *names)];
  int32_t date = date_of(days[random_below(random, sizeof days / sizeof *days)]);
  size_t rows = random_below(random, 4) ? random_below(random, 40) : 0;
  int32_t from = random_below(random, 5) ? LOOM_ALWAYS : date - 2;
  for (size_t i = 0; i < rows; i++) {
    if (i > 0 && (random_below(random, 15) == 0 || r->hours[i - 1].open == LOOM_NO_HOURS))
      from = (from == LOOM_ALWAYS ? date - 5 : from) + 1 + (int32_t)random_below(random, 5);
    if (random_below(random, 20) == 0 && (i == 0 || r->hours[i - 1].from < from)) {
      r->hours[i] = (struct loom_hours){from, 0, LOOM_NO_HOURS, LOOM_NO_HOURS};
      continue;
    }
    r->hours[i] = (struct loom_hours){from, (int32_t)random_below(random, 7), random_time(random),
                                      random_time(random)};
    if (random_below(random, 12) == 0)
      r->hours[i].open = r->hours[i].close = LOOM_CLOSED;
  }
  if (rows && random_below(random, 2)) /* as stored weeks are */
    qsort(r->hours, rows, sizeof *r->hours, compare_rows);
  size_t own = random_below(random, 3) ? 0 : random_days(r->own, 12, date, random);
  size_t all = random_below(random, 3) ? 0 : random_days(r->all, 12, date, random);
  r->schedule = (struct loom_schedule){zone_named(name), r->hours, rows, r->own, own, r->all, all};
  r->slack = slacks[random_below(random, sizeof slacks / sizeof *slacks)];
  int64_t unit = random_below(random, 2) ? LOOM_HOUR : 1;
  r->window.start = ((int64_t)date - 3) * LOOM_DAY +
                    (int64_t)random_below(random, (uint64_t)(5 * LOOM_DAY / unit)) * unit;
  r->window.end =
      r->window.start + (1 + (int64_t)random_below(random, (uint64_t)(5 * LOOM_DAY / unit))) * unit;
}

static void check_schedule(const struct random_schedule *r, struct loom_spans *intervals,
                           struct openings *expected) {
  struct openings found = {.count = 0};
  int32_t first = loom_date_of_instant(r->window.start), last = loom_date_of_instant(r->window.end);
  assert_true(
      loom_schedule_intervals(&r->schedule, r->window.start, r->window.end, r->slack, intervals));
  expected->count = 0;
  for (int32_t date = first - 4; date <= last + 4; date++)
    if (!open_specially(expected, &r->schedule, r->own, r->schedule.own_days_count, r->slack,
                        date) &&
        !open_specially(expected, &r->schedule, r->all, r->schedule.all_days_count, r->slack, date))
      open_weekly(expected, &r->schedule, r->slack, date);
  merge_slowly(expected);
  clip(expected, r->window);
  for (size_t i = 0; i < intervals->count; i++) {
    assert_true(intervals->items[i].start < r->window.end);
    assert_true(intervals->items[i].end > r->window.start);
    found.spans[found.count++] = intervals->items[i];
  }
  clip(&found, r->window);
  assert_int_equal(found.count, expected->count);
  assert_memory_equal(found.spans, expected->spans, sizeof *found.spans * (size_t)found.count);
}

static void random_schedules_agree_with_the_oracle(void **state) {
  (void)state;
  struct loom_spans intervals = {0}, pieces = {0};
  uint64_t random = 3;
  for (int round = 0; round < 20000; round++) {
    struct random_schedule r;
    static struct openings expected;
    make_schedule(&r, &random);
    check_schedule(&r, &intervals, &expected);
    assert_true(loom_schedule_pieces(&intervals, r.window, &pieces));
    assert_same_spans(&pieces, &expected);
  }
  loom_spans_free(&intervals);
  loom_spans_free(&pieces);
}

/* The same schedule seen through one window or through two that meet. */
static void windows_that_meet_share_out_the_schedule(void **state) {
  (void)state;
  struct loom_spans intervals = {0}, pieces = {0};
  uint64_t random = 4;
  for (int round = 0; round < 5000; round++) {
    struct random_schedule r;
    make_schedule(&r, &random);
    int64_t middle = r.window.start + (r.window.end - r.window.start) / 2, sums[3];
    const struct loom_span windows[] = {r.window, {r.window.start, middle}, {middle, r.window.end}};
    for (int w = 0; w < 3; w++) {
      assert_true(loom_schedule_intervals(&r.schedule, windows[w].start, windows[w].end, r.slack,
                                          &intervals));
      assert_true(loom_schedule_pieces(&intervals, windows[w], &pieces));
      sums[w] = sum_of(pieces.items, pieces.count);
    }
    assert_int_equal(sums[0], sums[1] + sums[2]);
  }
  loom_spans_free(&intervals);
  loom_spans_free(&pieces);
}

/* ---- long intervals ---- */

#define EDGES 6

/* Between two of these, and after the last one, what is open may be taken as one. */
struct edges {
  int64_t items[EDGES]; /* in order */
  bool never;
};

static int64_t same_until(void *context, int64_t from) {
  const struct edges *edges = context;
  for (int i = 0; i < EDGES && !edges->never; i++)
    if (edges->items[i] > from)
      return edges->items[i];
  return edges->never ? from : INT64_MAX;
}

/* A week that never closes: each opening begins when the one before it ends, and some lie within others. */
static void never_close(struct random_schedule *r, uint64_t *random) {
  int32_t first = random_time(random) % 86400, second = first;
  size_t count = 0;
  if (random_below(random, 2))
    first = 0;
  while (second <= first)
    second = first + 1 + (int32_t)random_below(random, (uint64_t)(86400 - first));
  for (int32_t weekday = 0; weekday < 7; weekday++) {
    bool split = second < 86400 && random_below(random, 3) == 0;
    r->hours[count++] = (struct loom_hours){LOOM_ALWAYS, weekday, first, split ? second : first};
    if (split)
      r->hours[count++] = (struct loom_hours){LOOM_ALWAYS, weekday, second, first};
    else if (random_below(random, 8) == 0)
      r->hours[count++] =
          (struct loom_hours){LOOM_ALWAYS, weekday, second % 86400, second % 86400 + 1};
  }
  r->schedule.hours_count = random_below(random, 4) ? count : 0;
}

/*
** Takes what may be taken as one apart again, as it is in `plain`, which it must be made of; but the first and the last may have days
** that do not reach into the window.
*/
static size_t compare_long(const struct loom_spans *found, const struct loom_spans *plain,
                           struct edges *edges) {
  size_t at = 0, joined = 0;
  for (size_t i = 0; i < found->count; i++) {
    struct loom_span whole = found->items[i];
    size_t first = at;
    assert_true(at < plain->count);
    assert_true(plain->items[at].start == whole.start ||
                (i == 0 && plain->items[at].start > whole.start));
    while (++at < plain->count && plain->items[at - 1].end < whole.end)
      assert_int_equal(plain->items[at].start, plain->items[at - 1].end);
    assert_true(plain->items[at - 1].end == whole.end ||
                (i + 1 == found->count && plain->items[at - 1].end < whole.end));
    if (at > first + 1)
      assert_true(same_until(edges, whole.start) >= whole.end);
    joined += at - first - 1;
  }
  assert_int_equal(at, plain->count);
  return joined;
}

static void long_intervals_are_made_of_short_ones(void **state) {
  (void)state;
  struct loom_spans plain = {0}, found = {0};
  uint64_t random = 5;
  size_t joined = 0;
  for (int round = 0; round < 10000; round++) {
    struct random_schedule r;
    struct edges edges = {.never = random_below(&random, 10) == 0};
    make_schedule(&r, &random);
    if (random_below(&random, 4))
      never_close(&r, &random);
    struct loom_span window = {r.window.start - (int64_t)random_below(&random, 200) * LOOM_DAY,
                               r.window.end};
    for (int i = 0; i < EDGES; i++)
      edges.items[i] =
          window.start + (int64_t)random_below(&random, (uint64_t)(window.end - window.start));
    qsort(edges.items, EDGES, sizeof *edges.items, compare_instants);
    assert_true(loom_schedule_intervals(&r.schedule, window.start, window.end, r.slack, &plain));
    assert_true(loom_schedule_long_intervals(&r.schedule, window.start, window.end, r.slack,
                                             same_until, &edges, &found));
    joined += compare_long(&found, &plain, &edges);
  }
  assert_true(joined > 100000);
  loom_spans_free(&plain);
  loom_spans_free(&found);
}

/* A store that never closes, over all years that there are: as many steps as its edges make. */
static void eight_thousand_years_are_few_intervals(void **state) {
  (void)state;
  struct loom_spans found = {0};
  struct edges edges = {0};
  const struct loom_schedule schedule = {.zone = zone_named("America/Chicago")};
  assert_true(loom_schedule_long_intervals(&schedule, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX, 60,
                                           same_until, &edges, &found));
  assert_true(found.capacity < 100);
  assert_true(found.items[0].start <= LOOM_INSTANT_MIN + LOOM_DAY);
  for (size_t i = 1; i < found.count; i++)
    assert_int_equal(found.items[i].start, found.items[i - 1].end);
  assert_true(found.items[found.count - 1].end >= LOOM_INSTANT_MAX - LOOM_DAY);
  loom_spans_free(&found);
}

/* Openings that touch stay apart, and the window cuts them. */
static void pieces_by_hand(void **state) {
  (void)state;
  struct loom_span openings[] = {{0, 10}, {10, 20}, {30, 40}, {50, 60}};
  const struct loom_spans intervals = {openings, 4, 4};
  const struct loom_span expected[] = {{5, 10}, {10, 20}, {30, 38}};
  struct loom_spans pieces = {0};
  assert_true(loom_schedule_pieces(&intervals, (struct loom_span){5, 38}, &pieces));
  assert_int_equal(pieces.count, 3);
  assert_memory_equal(pieces.items, expected, sizeof expected);
  loom_spans_free(&pieces);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_by_hand),
      cmocka_unit_test(a_week_without_end_is_168_hours),
      cmocka_unit_test(random_schedules_agree_with_the_oracle),
      cmocka_unit_test(long_intervals_are_made_of_short_ones),
      cmocka_unit_test(eight_thousand_years_are_few_intervals),
      cmocka_unit_test(windows_that_meet_share_out_the_schedule),
      cmocka_unit_test(pieces_by_hand),
  };
  return cmocka_run_group_tests_name("schedule", tests, open_zones, close_zones);
}
