/*
** Windows: those of each kind by hand, and random ones on the calendar compared with an oracle that knows the C library's clock
** alone: it looks for a midnight second by second, and steps through dates as struct tm has them.
*/
#include "time/window.h"
#include "support.h"
#include "zones.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static int64_t instant(const char *text) {
  int64_t at;
  if (loom_parse_timestamp(text, strlen(text), &at))
    fail_msg("%s is no timestamp", text);
  return at;
}

static int32_t date(const char *text) {
  int32_t day;
  assert_null(loom_parse_date(text, strlen(text), &day));
  return day;
}

/* ---- by hand ---- */

#define DATES(from, to) LOOM_CALENDAR_DATES, from, to
#define WORD(word) LOOM_CALENDAR_##word, NULL, NULL

static const struct {
  const char *what, *zone, *as_of;
  enum loom_calendar calendar;
  const char *first, *after_last;
  bool before;
  const char *from, *to;
} by_hand[] = {
    {"January where the store is", "America/Chicago", "2026-03-01 00:00",
     DATES("2026-01-01", "2026-02-01"), false, "2026-01-01 06:00", "2026-02-01 06:00"},
    {"is cut at as_of", "America/Chicago", "2026-01-15 12:00", DATES("2026-01-01", "2026-02-01"),
     false, "2026-01-01 06:00", "2026-01-15 12:00"},
    {"is empty where it is yet to come", "America/Chicago", "2026-01-01 05:00",
     DATES("2026-01-01", "2026-02-01"), false, "2026-01-01 05:00", "2026-01-01 05:00"},
    {"before a month is the month before", "America/Chicago", "2026-04-01 00:00",
     DATES("2026-03-01", "2026-04-01"), true, "2026-02-01 06:00", "2026-03-01 06:00"},
    {"before a quarter, a quarter", "UTC", "2026-04-01 00:00", DATES("2026-01-01", "2026-04-01"),
     true, "2025-10-01 00:00", "2026-01-01 00:00"},
    {"before a leap year, a year", "UTC", "2026-04-01 00:00", DATES("2024-01-01", "2025-01-01"),
     true, "2023-01-01 00:00", "2024-01-01 00:00"},
    {"before other dates, as many", "UTC", "2026-04-01 00:00", DATES("2026-03-02", "2026-04-01"),
     true, "2026-01-31 00:00", "2026-03-02 00:00"},
    {"today", "Asia/Tokyo", "2026-11-25 16:00", WORD(TODAY), false, "2026-11-25 15:00",
     "2026-11-25 16:00"},
    {"at midnight has just begun", "Asia/Tokyo", "2026-11-25 15:00", WORD(TODAY), false,
     "2026-11-25 15:00", "2026-11-25 15:00"},
    {"before today is all of yesterday", "Asia/Tokyo", "2026-11-25 16:00", WORD(TODAY), true,
     "2026-11-24 15:00", "2026-11-25 15:00"},
    {"yesterday", "Asia/Tokyo", "2026-11-25 16:00", WORD(YESTERDAY), false, "2026-11-24 15:00",
     "2026-11-25 15:00"},
    {"yesterday where it is still the day before", "Pacific/Honolulu", "2026-11-25 05:00",
     WORD(YESTERDAY), false, "2026-11-23 10:00", "2026-11-24 10:00"},
    {"23 hours", "America/Chicago", "2026-03-09 12:00", WORD(YESTERDAY), false, "2026-03-08 06:00",
     "2026-03-09 05:00"},
    {"25 hours", "America/Chicago", "2026-11-02 12:00", WORD(YESTERDAY), false, "2026-11-01 05:00",
     "2026-11-02 06:00"},
    {"a week begins on Monday", "UTC", "2026-11-29 12:00", WORD(THIS_WEEK), false,
     "2026-11-23 00:00", "2026-11-29 12:00"},
    {"on a Monday, too", "UTC", "2026-11-23 12:00", WORD(THIS_WEEK), false, "2026-11-23 00:00",
     "2026-11-23 12:00"},
    {"last week", "UTC", "2026-11-23 12:00", WORD(LAST_WEEK), false, "2026-11-16 00:00",
     "2026-11-23 00:00"},
    {"before last week", "UTC", "2026-11-23 12:00", WORD(LAST_WEEK), true, "2026-11-09 00:00",
     "2026-11-16 00:00"},
    {"this month", "UTC", "2026-12-31 23:59", WORD(THIS_MONTH), false, "2026-12-01 00:00",
     "2026-12-31 23:59"},
    {"last month, of the year before", "UTC", "2026-01-31 00:00", WORD(LAST_MONTH), false,
     "2025-12-01 00:00", "2026-01-01 00:00"},
    {"before last month", "UTC", "2026-03-31 00:00", WORD(LAST_MONTH), true, "2026-01-01 00:00",
     "2026-02-01 00:00"},
    {"Samoa had no 2011-12-30", "Pacific/Apia", "2011-12-30 20:00", WORD(YESTERDAY), false,
     "2011-12-30 10:00", "2011-12-30 10:00"},
    {"as soon as it is the 31st", "Pacific/Apia", "2011-12-30 10:00", WORD(YESTERDAY), false,
     "2011-12-30 10:00", "2011-12-30 10:00"},
    {"and not before", "Pacific/Apia", "2011-12-30 09:59:59.999999", WORD(YESTERDAY), false,
     "2011-12-28 10:00", "2011-12-29 10:00"},
    {"and the 31st after the 29th", "Pacific/Apia", "2011-12-30 20:00", WORD(TODAY), false,
     "2011-12-30 10:00", "2011-12-30 20:00"},
    {"in a month of 30 days", "Pacific/Apia", "2012-01-05 00:00", WORD(LAST_MONTH), false,
     "2011-12-01 10:00", "2011-12-31 10:00"},
    {"a midnight that is skipped", "America/Santiago", "2026-09-08 00:00",
     DATES("2026-09-06", "2026-09-07"), false, "2026-09-06 04:00", "2026-09-07 03:00"},
    {"a midnight that comes twice", "America/Havana", "2026-11-03 00:00",
     DATES("2026-11-01", "2026-11-02"), false, "2026-11-01 04:00", "2026-11-02 05:00"},
    {"before 1970", "UTC", "1969-12-31 23:59:59.5", WORD(TODAY), false, "1969-12-31 00:00",
     "1969-12-31 23:59:59.5"},
};

static void on_the_calendar(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(by_hand); i++) {
    struct loom_window window = {.calendar = by_hand[i].calendar, .before = by_hand[i].before};
    if (by_hand[i].first) {
      window.first = date(by_hand[i].first);
      window.after_last = date(by_hand[i].after_last);
    }
    struct loom_span span =
        loom_window_span(&window, instant(by_hand[i].as_of), zone_named(by_hand[i].zone));
    if (span.start != instant(by_hand[i].from) || span.end != instant(by_hand[i].to)) {
      char from[LOOM_TIMESTAMP_SIZE], to[LOOM_TIMESTAMP_SIZE];
      loom_format_timestamp(span.start, from);
      loom_format_timestamp(span.end, to);
      fail_msg("%s: from %s to %s", by_hand[i].what, from, to);
    }
  }
}

static void not_on_the_calendar(void **state) {
  (void)state;
  const struct {
    struct loom_window window;
    int64_t start, end; /* as of 1000 */
  } cases[] = {{{.length = 100}, 900, 1000},
               {{.length = 100, .before = true}, 800, 900},
               {{.from = 30, .to = 50}, 30, 50},
               {{.from = 2000, .to = 3000}, 2000, 3000},
               {{.from = 30, .to = 50, .before = true}, 10, 30}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_span span = loom_window_span(&cases[i].window, 1000, zone_named("Asia/Tokyo")),
                     hull = loom_window_hull(&cases[i].window, 1000);
    assert_int_equal(span.start, cases[i].start);
    assert_int_equal(span.end, cases[i].end);
    assert_memory_equal(&span, &hull, sizeof span);
  }
}

static void what_is_wrong(void **state) {
  (void)state;
  static const struct {
    struct loom_window window;
    const char *problem;
  } cases[] = {
      {{.length = LOOM_WINDOW_LENGTH_MAX}, NULL},
      {{.length = LOOM_WINDOW_LENGTH_MAX + 1}, "is longer than 100 years"},
      {{.from = 5, .to = 5}, "ends before it starts"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 1, .after_last = 1}, "ends before it starts"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 1, .after_last = 2}, NULL},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 30000, .after_last = 30001}, NULL}, /* to come */
      {{.calendar = LOOM_CALENDAR_DATES, .first = 1, .after_last = 1 + LOOM_WINDOW_DAYS_MAX}, NULL},
      {{.calendar = LOOM_CALENDAR_DATES, .first = 1, .after_last = 2 + LOOM_WINDOW_DAYS_MAX},
       "is longer than 100 years"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = LOOM_DATE_MIN, .after_last = LOOM_DATE_MIN + 1},
       "begins before the year 1"},
      {{.calendar = LOOM_CALENDAR_DATES,
        .first = LOOM_DATE_MIN + 2,
        .after_last = LOOM_DATE_MIN + 3},
       NULL},
      {{.calendar = LOOM_CALENDAR_DATES,
        .first = LOOM_DATE_MIN + 2,
        .after_last = LOOM_DATE_MIN + 9,
        .before = true},
       "begins before the year 1"},
      {{.calendar = LOOM_CALENDAR_DATES, .first = LOOM_DATE_MAX - 1, .after_last = LOOM_DATE_MAX},
       NULL},
      {{.calendar = LOOM_CALENDAR_LAST_MONTH}, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *problem = loom_window_problem(&cases[i].window, instant("2026-11-25 12:00"));
    assert_true(problem == cases[i].problem ||
                (problem && cases[i].problem && strcmp(problem, cases[i].problem) == 0));
  }
  struct loom_window last = {.calendar = LOOM_CALENDAR_LAST_MONTH};
  assert_string_equal(loom_window_problem(&last, LOOM_INSTANT_MIN), "begins before the year 1");
  assert_null(loom_window_problem(&last, LOOM_INSTANT_MAX));
}

/* ---- the oracle ---- */

static struct tm clock_at(time_t at) {
  struct tm tm;
  localtime_r(&at, &tm);
  return tm;
}

/* What a clock shows, as if it were UTC. */
static int64_t shown(time_t at) {
  struct tm tm = clock_at(at);
  return timegm(&tm);
}

/* The day so many days and months after a date, as seconds since 1970. */
static time_t step(time_t day, int months, int days) {
  struct tm tm;
  gmtime_r(&day, &tm);
  tm.tm_mon += months;
  tm.tm_mday += days;
  return timegm(&tm);
}

static int day_of_month(time_t day) {
  struct tm tm;
  gmtime_r(&day, &tm);
  return tm.tm_mday;
}

static int day_of_week(time_t day) {
  struct tm tm;
  gmtime_r(&day, &tm);
  return tm.tm_wday;
}

/* When a clock first shows midnight of a day, or would have, had it not been put forward. */
static int64_t oracle_midnight(time_t day) {
  time_t at = day - 26 * 3600;
  while (shown(at) < day)
    at += 60;
  for (at -= 60; shown(at) < day;)
    at++;
  if (shown(at) != day) /* it was put forward from before midnight */
    at += day - (shown(at - 1) + 1);
  return (int64_t)at * LOOM_SECOND;
}

static time_t back_to(time_t day, int (*number)(time_t), int wanted) {
  while (number(day) != wanted)
    day = step(day, 0, -1);
  return day;
}

static void oracle_dates(const struct loom_window *window, int64_t as_of, time_t *from,
                         time_t *to) {
  time_t today = (time_t)(shown((time_t)(as_of / LOOM_SECOND)) / 86400 * 86400);
  time_t monday = back_to(today, day_of_week, 1), first = back_to(today, day_of_month, 1);
  int back = window->before;
  switch (window->calendar) {
  case LOOM_CALENDAR_LAST_WEEK:
    back++;
    /* fall through */
  case LOOM_CALENDAR_THIS_WEEK:
    *from = step(monday, 0, -7 * back);
    *to = step(*from, 0, 7);
    return;
  case LOOM_CALENDAR_LAST_MONTH:
    back++;
    /* fall through */
  case LOOM_CALENDAR_THIS_MONTH:
    *from = step(first, -back, 0);
    *to = step(*from, 1, 0);
    return;
  case LOOM_CALENDAR_YESTERDAY:
    back++;
    /* fall through */
  case LOOM_CALENDAR_TODAY:
    *from = step(today, 0, -back);
    *to = step(*from, 0, 1);
    return;
  default:
    break;
  }
  *from = (time_t)window->first * 86400;
  *to = (time_t)window->after_last * 86400;
  if (!window->before)
    return;
  int months = 0;
  while (step(*from, months, 0) < *to)
    months++;
  bool whole = day_of_month(*from) == 1 && step(*from, months, 0) == *to;
  time_t start = whole ? step(*from, -months, 0) : *from - (*to - *from);
  *to = *from;
  *from = start;
}

/* Days with a change, or without a midnight or with two, and all others. */
static int64_t random_instant(uint64_t *random) {
  static const char *const near[] = {"2011-12-30 10:00", "1993-08-21 12:00", "2005-10-30 02:30",
                                     "2026-09-06 04:00", "2026-11-01 05:00", "2026-03-08 08:00",
                                     "1995-01-01 10:00", "1994-12-31 14:00", "1986-01-01 18:30"};
  if (random_below(random, 2))
    return instant(near[random_below(random, COUNT_OF(near))]) +
           (int64_t)random_below(random, 96) * LOOM_HOUR - 48 * LOOM_HOUR +
           (int64_t)random_below(random, 2) * (int64_t)random_below(random, LOOM_HOUR);
  return instant("1972-01-01 00:00") + (int64_t)random_below(random, 65 * 365) * LOOM_DAY +
         (int64_t)random_below(random, LOOM_DAY);
}

static struct loom_window random_calendar(uint64_t *random, int64_t as_of) {
  struct loom_window window = {
      .calendar = (enum loom_calendar)(LOOM_CALENDAR_DATES +
                                       random_below(random, LOOM_CALENDAR_LAST_MONTH)),
      .before = random_below(random, 2)};
  time_t day = (time_t)(as_of / LOOM_DAY * 86400);
  day = step(day, 0, (int)random_below(random, 40) - 30);
  if (random_below(random, 2))
    day = back_to(day, day_of_month, 1);
  window.first = (int32_t)(day / 86400);
  day = random_below(random, 2) ? step(day, 1 + (int)random_below(random, 14), 0)
                                : step(day, 0, 1 + (int)random_below(random, 40));
  window.after_last = (int32_t)(day / 86400);
  return window;
}

static void as_the_c_library_has_it(void **state) {
  (void)state;
  static const char *const names[] = {
      "America/Chicago",  "Pacific/Apia",   "Pacific/Kwajalein",   "America/St_Johns",
      "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu",
      "Africa/Cairo",     "Asia/Beirut",    "Atlantic/Azores",     "Pacific/Kiritimati",
      "Pacific/Honolulu", "Europe/Berlin",  "Asia/Gaza",           "UTC"};
  uint64_t random = 7;
  for (int round = 0; round < 1200; round++) {
    const char *name = names[random_below(&random, COUNT_OF(names))];
    int64_t as_of = random_instant(&random);
    struct loom_window window = random_calendar(&random, as_of);
    time_t from, to;
    setenv("TZ", name, 1);
    tzset();
    oracle_dates(&window, as_of, &from, &to);
    int64_t start = oracle_midnight(from), end = oracle_midnight(to);
    end = end < as_of ? end : as_of;
    start = start < end ? start : end;
    struct loom_span span = loom_window_span(&window, as_of, zone_named(name)),
                     hull = loom_window_hull(&window, as_of);
    if (span.start != start || span.end != end)
      fail_msg("%s as of %lld: calendar %d%s from %lld to %lld, not %lld to %lld", name,
               (long long)as_of, (int)window.calendar, window.before ? " before" : "",
               (long long)span.start, (long long)span.end, (long long)start, (long long)end);
    assert_true(hull.start <= span.start && span.end <= hull.end && hull.end <= as_of);
    assert_null(loom_window_problem(&window, as_of));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_the_calendar), cmocka_unit_test(not_on_the_calendar),
      cmocka_unit_test(what_is_wrong), cmocka_unit_test(as_the_c_library_has_it)};
  return cmocka_run_group_tests(tests, open_zones, close_zones);
}
