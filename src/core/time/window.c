/*
** Windows to instants.
*/
#include "time/window.h"

#include <stdio.h>

const char *const loom_calendar_names[] = {"dates",     "today",      "yesterday",  "this-week",
                                           "last-week", "this-month", "last-month", NULL};

/* From one date to before another. */
struct dates {
  int32_t first, after_last;
};

/* The first of a month: of the date's, or so many later. */
static int32_t month_of(int32_t date, int later) {
  int year, month, day;
  loom_civil_from_date(date, &year, &month, &day);
  int months = year * 12 + month - 1 + later;
  int years = months / 12 - (months % 12 < 0);
  return loom_date_from_civil(years, months - years * 12 + 1, 1);
}

static int month_number(int32_t date) {
  int year, month, day;
  loom_civil_from_date(date, &year, &month, &day);
  return year * 12 + month;
}

/* The dates as many before: as many months, where they are whole ones. */
static struct dates before(struct dates dates) {
  if (dates.first == month_of(dates.first, 0) && dates.after_last == month_of(dates.after_last, 0))
    return (struct dates){
        month_of(dates.first, month_number(dates.first) - month_number(dates.after_last)),
        dates.first};
  return (struct dates){dates.first - (dates.after_last - dates.first), dates.first};
}

static struct dates dates_of(const struct loom_window *window, int32_t today) {
  int32_t monday = today - loom_weekday(today);
  struct dates dates = {window->first, window->after_last};
  switch (window->calendar) {
  case LOOM_CALENDAR_NONE:
  case LOOM_CALENDAR_DATES:
    break;
  case LOOM_CALENDAR_TODAY:
    dates = (struct dates){today, today + 1};
    break;
  case LOOM_CALENDAR_YESTERDAY:
    dates = (struct dates){today - 1, today};
    break;
  case LOOM_CALENDAR_THIS_WEEK:
    dates = (struct dates){monday, monday + 7};
    break;
  case LOOM_CALENDAR_LAST_WEEK:
    dates = (struct dates){monday - 7, monday};
    break;
  case LOOM_CALENDAR_THIS_MONTH:
    dates = (struct dates){month_of(today, 0), month_of(today, 1)};
    break;
  case LOOM_CALENDAR_LAST_MONTH:
    dates = (struct dates){month_of(today, -1), month_of(today, 0)};
    break;
  }
  return window->before ? before(dates) : dates;
}

/* What is not known yet at as_of is no part of it. */
static struct loom_span cut(struct loom_span span, int64_t as_of) {
  if (span.end > as_of)
    span.end = as_of;
  if (span.start > span.end)
    span.start = span.end;
  return span;
}

/* A window that is not on the calendar. */
static struct loom_span fixed(const struct loom_window *window, int64_t as_of) {
  struct loom_span span = {window->from, window->to};
  if (window->length)
    span = (struct loom_span){as_of - window->length, as_of};
  if (window->before)
    span = (struct loom_span){span.start - (span.end - span.start), span.start};
  return span;
}

/* The date that a clock so many seconds ahead of UTC shows. */
static int32_t date_at(int64_t instant, int32_t offset) {
  return loom_date_of_instant(instant + offset * LOOM_SECOND);
}

static int64_t midnight(const loom_zone *zone, int32_t date) {
  return loom_zone_instant(zone, (int64_t)date * LOOM_DAY_SECONDS) * LOOM_SECOND;
}

struct loom_span loom_window_span(const struct loom_window *window, int64_t as_of,
                                  const loom_zone *zone) {
  if (!window->calendar)
    return fixed(window, as_of);
  int64_t seconds = as_of / LOOM_SECOND - (as_of % LOOM_SECOND < 0);
  struct dates dates = dates_of(window, date_at(as_of, loom_zone_offset(zone, seconds)));
  return cut((struct loom_span){midnight(zone, dates.first), midnight(zone, dates.after_last)},
             as_of);
}

struct loom_span loom_window_hull(const struct loom_window *window, int64_t as_of) {
  if (!window->calendar)
    return fixed(window, as_of);
  int32_t first = dates_of(window, date_at(as_of, LOOM_OFFSET_MIN)).first;
  int32_t after_last = dates_of(window, date_at(as_of, LOOM_OFFSET_MAX)).after_last;
  return cut((struct loom_span){first * LOOM_DAY - LOOM_OFFSET_MAX * LOOM_SECOND,
                                after_last * LOOM_DAY - LOOM_OFFSET_MIN * LOOM_SECOND},
             as_of);
}

const char *loom_window_problem(const struct loom_window *window, int64_t as_of) {
  struct loom_span hull = loom_window_hull(window, as_of);
  bool ends_first = hull.end <= hull.start,
       is_long = hull.end - hull.start > LOOM_WINDOW_LENGTH_MAX;
  if (window->calendar) { /* how it is cut is no fault of its own */
    ends_first = is_long = false;
    if (window->calendar == LOOM_CALENDAR_DATES) {
      ends_first = window->after_last <= window->first;
      is_long = window->after_last - window->first > LOOM_WINDOW_DAYS_MAX;
    }
  }
  if (ends_first)
    return "ends before it starts";
  if (is_long)
    return "is longer than 100 years";
  return hull.start < LOOM_INSTANT_MIN ? "begins before the year 1" : NULL;
}

static loom_status fail_window(const struct loom_window *windows, size_t index, const char *problem,
                               loom_error *error) {
  char number[24];
  const char *name = windows[index].name;
  snprintf(number, sizeof number, "%zu", index + 1);
  return loom_fail(error, LOOM_EINVAL, "window %.255s %s", name ? name : number, problem);
}

loom_status loom_windows_hull(const struct loom_window *windows, size_t count, int64_t as_of,
                              struct loom_span *hull, loom_error *error) {
  int64_t longest = LOOM_WINDOW_LENGTH_MAX;
  for (size_t i = 0; i < count; i++) {
    const char *problem = loom_window_problem(&windows[i], as_of);
    struct loom_span span = loom_window_hull(&windows[i], as_of);
    if (problem)
      return fail_window(windows, i, problem, error);
    if (i == 0 || span.start < hull->start)
      hull->start = span.start;
    if (i == 0 || span.end > hull->end)
      hull->end = span.end;
    if (windows[i].calendar)
      longest = LOOM_WINDOW_LENGTH_MAX + (LOOM_OFFSET_MAX - LOOM_OFFSET_MIN) * LOOM_SECOND;
  }
  if (hull->end - hull->start > longest)
    return loom_fail(error, LOOM_EINVAL, "the windows are more than 100 years apart");
  return LOOM_OK;
}
