/*
** Windows: the stretches of time that figures are for. One is given by its length up to as_of, by two instants, or on the
** calendar: by local dates, which each store's own clock turns into instants.
*/
#ifndef LOOM_WINDOW_H
#define LOOM_WINDOW_H

#include "base/error.h"
#include "time/civil.h"
#include "time/span.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest window: schedules are laid out day by day for each store. One of dates has as many days at most. */
#define LOOM_WINDOW_DAYS_MAX 36525
#define LOOM_WINDOW_LENGTH_MAX (LOOM_WINDOW_DAYS_MAX * LOOM_DAY)

/* The dates of a window on the calendar. A week begins on Monday. */
enum loom_calendar {
  LOOM_CALENDAR_NONE,  /* no dates, but instants */
  LOOM_CALENDAR_DATES, /* those given */
  /* As seen from as_of, by the date that the store's clock shows then. */
  LOOM_CALENDAR_TODAY,
  LOOM_CALENDAR_YESTERDAY,
  LOOM_CALENDAR_THIS_WEEK,
  LOOM_CALENDAR_LAST_WEEK,
  LOOM_CALENDAR_THIS_MONTH,
  LOOM_CALENDAR_LAST_MONTH
};

/* The names of all but the first, in their order. They end with NULL. */
extern const char *const loom_calendar_names[];

struct loom_window {
  int64_t length;   /* microseconds up to as_of; or 0, and then: */
  int64_t from, to; /* instants */
  const char *name; /* in messages, while the report is prepared; NULL: its number, from 1 */
  /* On the calendar none of the times above counts; `first` and `after_last` do for LOOM_CALENDAR_DATES. */
  enum loom_calendar calendar;
  int32_t first, after_last;
  /*
  ** The window before that one instead: as long, and ending where that one starts. On the calendar it has as many dates, or as
  ** many months where that one has whole ones: before March is February.
  */
  bool before;
};

/*
** The instants of a window where clocks show the zone's time. One on the calendar runs from midnight to midnight and is cut at
** as_of. It is empty where all of it is later, and where the clock skips it, as clocks in Samoa skipped 2011-12-30.
*/
struct loom_span loom_window_span(const struct loom_window *window, int64_t as_of,
                                  const loom_zone *zone);

/* What holds these instants in every zone that there may be. For a window that is not on the calendar it is they themselves. */
struct loom_span loom_window_hull(const struct loom_window *window, int64_t as_of);

/* What is wrong with a window, in words that complete `window NAME …`; NULL if nothing is. */
const char *loom_window_problem(const struct loom_window *window, int64_t as_of);

/*
** What holds the instants of several windows in every zone; it is within LOOM_WINDOW_LENGTH_MAX, but for what zones add.
** LOOM_EINVAL tells which window is wrong, by its name, or its number from 1, and why.
*/
loom_status loom_windows_hull(const struct loom_window *windows, size_t count, int64_t as_of,
                              struct loom_span *hull, loom_error *error);

#endif
