/*
** Series: a window cut into steps of equal length, and what stores were together in each of them, in all or by groups.
**
**   loom_series_init → for each store: loom_series_begin → loom_series_add, … → loom_series_end
**   → loom_series_merge, one into another → loom_series_finish → items → loom_series_free
**
** A piece is judged as a whole, and only what it was judged to be is cut at the steps, so that the sums over the steps are the
** window's figures, to the microsecond. What covers whole steps is noted where it begins and ends: a store that is up for a
** week costs as much with 2,000 steps as with one.
*/
#ifndef LOOM_SERIES_H
#define LOOM_SERIES_H

#include "measure/rules.h"
#include "measure/uptime.h"
#include "time/civil.h"
#include "time/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_SERIES_STEPS_MAX 2000 /* more than a screen has columns for */
/* Steps and groups together: the total has as many numbers of 72 bytes for each thread. */
#define LOOM_SERIES_ITEMS_MAX 20000
#define LOOM_SERIES_STEP_MIN (60 * LOOM_SECOND)
#define LOOM_SERIES_STEP_MAX (31 * LOOM_DAY)

#define LOOM_SERIES_TIMES 4 /* states that have a time: LOOM_DOWN to LOOM_EXCLUDED */

/* One step of one group. Times are in microseconds: those of 3 million stores fit. */
struct loom_series_item {
  int64_t times[LOOM_SERIES_TIMES]; /* by enum loom_state */
  int64_t stores_down;              /* how many stores were down at some time of the step */
  /* until it is finished: how many more stores are so all through the step than through the one before */
  int64_t whole[LOOM_SERIES_TIMES];
};

struct loom_series {
  struct loom_span window;
  int64_t step; /* microseconds */
  size_t steps, groups;
  struct loom_series_item *items; /* of a group `steps` + 1, of which the last one is none's */
  uint64_t *stores;               /* of each group */
  /* The store at hand: its group's items, the run of one state that may still grow, and the first step it was not yet down in. */
  struct loom_series_item *own;
  struct loom_span run;
  enum loom_state state;
  size_t down_from;
};

/* The window is a whole number of steps, 1 to LOOM_SERIES_STEPS_MAX; there is one group at least. False: memory is out. */
bool loom_series_init(struct loom_series *series, struct loom_span window, int64_t step,
                      size_t groups);
void loom_series_free(struct loom_series *series);

/* A store of a group: its segments within the window come from the kernel, and it is counted. */
void loom_series_begin(struct loom_series *series, size_t group);
void loom_series_add(void *series, struct loom_span span, enum loom_state state,
                     const loom_poll *poll);
void loom_series_end(struct loom_series *series);

/* Adds another one of the same window, step and groups; neither is finished. */
void loom_series_merge(struct loom_series *series, const struct loom_series *other);

/* Makes the items what they are of. */
void loom_series_finish(struct loom_series *series);

/* A step of a finished series: of a group, or with LOOM_SERIES_ALL of all of them together. */
#define LOOM_SERIES_ALL SIZE_MAX
struct loom_series_item loom_series_at(const struct loom_series *series, size_t group, size_t step);

/* How many stores a group has, or with LOOM_SERIES_ALL all of them. */
uint64_t loom_series_stores(const struct loom_series *series, size_t group);

/* What is told of a step, in this order. All but the last are times, in microseconds. */
enum loom_series_column {
  LOOM_SERIES_UP,
  LOOM_SERIES_DOWN,
  LOOM_SERIES_UNKNOWN,
  LOOM_SERIES_EXCLUDED,
  LOOM_SERIES_SCHEDULED, /* up + down + unknown */
  LOOM_SERIES_STORES_DOWN,
  LOOM_SERIES_COLUMNS
};

extern const char *const loom_series_column_names[]; /* in their order; they end with NULL */

int64_t loom_series_value(const struct loom_series_item *item, enum loom_series_column column);

#endif
