/*
** Schedules: weekly hours and special days of one store, turned into intervals of instants and into the pieces of a
** window. No I/O and no clock.
*/
#ifndef LOOM_SCHEDULE_H
#define LOOM_SCHEDULE_H

#include "measure/hours.h"
#include "time/span.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One span of a special day, or LOOM_CLOSED. */
struct loom_special_day {
  int32_t date;
  int32_t open, close;
};

struct loom_schedule {
  const loom_zone *zone;
  const struct loom_hours *hours; /* sorted by `from` */
  size_t hours_count;
  const struct loom_special_day *own_days; /* the store's own; sorted by date */
  size_t own_days_count;
  const struct loom_special_day *all_days; /* every store's; sorted by date */
  size_t all_days_count;
};

/* Why a date has the openings that it has. */
enum loom_origin {
  LOOM_ORIGIN_OWN_DAY, /* the store's own special day */
  LOOM_ORIGIN_ALL_DAY, /* every store's special day */
  LOOM_ORIGIN_WEEKLY,  /* the weekly hours in force */
  LOOM_ORIGIN_NO_HOURS /* no hours: open all day */
};

/* Takes one opening of a date, in seconds since local midnight, as written: before slack and midnight are regarded. */
typedef bool loom_opening_fn(void *context, int32_t date, int32_t open, int32_t close);

/*
** Calls `opening` for each opening of a local date; a closed date has none. It stops when `opening` returns false,
** and then returns false.
*/
bool loom_schedule_date(const struct loom_schedule *schedule, int32_t date, int32_t slack,
                        loom_opening_fn *opening, void *context, enum loom_origin *origin);

/* The instants of an opening. An empty span means that the clock skips it. */
struct loom_span loom_schedule_span(const loom_zone *zone, int32_t date, int32_t open,
                                    int32_t close, int32_t slack);

/*
** The same for openings that come one after the other: *near is as loom_zone_instant_near has it.
*/
struct loom_span loom_schedule_span_near(const loom_zone *zone, int32_t date, int32_t open,
                                         int32_t close, int32_t slack, size_t *near);

/* First and last local date whose openings may reach into [from, to). */
void loom_schedule_dates(int64_t from, int64_t to, int32_t *first, int32_t *last);

/*
** Fills `intervals` with every opening that reaches into [from, to): sorted, overlaps merged, touching ones
** apart. Openings that start before `from` or end after `to` come whole. `slack` is in seconds.
** Returns false when memory is out.
*/
bool loom_schedule_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                             int32_t slack, struct loom_spans *intervals);

/* Up to which instant what is open from `from` on may be taken as one: at or before `from`, it may not. */
typedef int64_t loom_sameness_fn(void *context, int64_t from);

/*
** The same, where days of a week that never closes, and lie between an instant and that which `same` tells of it, come as one
** interval: a thousand years of them take no more steps than a few days do.
*/
bool loom_schedule_long_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                                  int32_t slack, loom_sameness_fn *same, void *context,
                                  struct loom_spans *intervals);

/*
** Fills `pieces` with intervals ∩ window, in order; ones that touch stay apart. False: memory is out.
*/
bool loom_schedule_pieces(const struct loom_spans *intervals, struct loom_span window,
                          struct loom_spans *pieces);

#endif
