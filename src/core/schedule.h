/*
** Schedules: weekly hours, special days and exclusions of one store, turned into intervals of instants and
** into the pieces of a window. No I/O and no clock.
*/
#ifndef LOOM_SCHEDULE_H
#define LOOM_SCHEDULE_H

#include "hours.h"
#include "span.h"
#include "zone.h"

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

/*
** Fills `intervals` with every opening that reaches into [from, to): sorted, overlaps merged, touching ones
** apart. Openings that start before `from` or end after `to` come whole. `slack` is in seconds.
** Returns false when memory is out.
*/
bool loom_schedule_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                             int32_t slack, struct loom_spans *intervals);

/*
** Fills `pieces` with intervals ∩ window less the exclusions, in order. `exclusions` are sorted and disjoint
** (loom_spans_merge). *excluded receives how much was taken out, in microseconds. False: memory is out.
*/
bool loom_schedule_pieces(const struct loom_spans *intervals, const struct loom_spans *exclusions,
                          struct loom_span window, struct loom_spans *pieces, int64_t *excluded);

#endif
