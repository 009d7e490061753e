/*
** Local days: where the dates of a clock begin.
*/
#ifndef LOOM_DAY_H
#define LOOM_DAY_H

#include "time/zone.h"

#include <stdint.h>

struct loom_day {
  int32_t date;
  int64_t start; /* an instant, in microseconds */
};

/* The local date that holds an instant. */
int32_t loom_day_of(const loom_zone *zone, int64_t instant);

/*
** The first day that begins after an instant: at midnight, or where the clock skips that when it goes on. A date that the clock
** skips, as clocks in Samoa skipped 2011-12-30, is none.
*/
struct loom_day loom_day_after(const loom_zone *zone, int64_t instant);

#endif
