/*
** Sets of polls by number and time, for saying what goes and what stays.
*/
#ifndef LOOM_POLL_EXTENT_H
#define LOOM_POLL_EXTENT_H

#include "measure/uptime.h"

#include <stddef.h>
#include <stdint.h>

/* The instants are in microseconds, and mean nothing where there are no polls. */
struct loom_poll_extent {
  int64_t polls;
  int64_t days; /* UTC dates that have any of them */
  int64_t first, newest;
  int32_t last_day; /* of those that were added last */
};

/* Adds polls of a day that is none before that of those added last. */
void loom_poll_extent_add(struct loom_poll_extent *extent, int32_t day, const loom_poll *polls,
                          size_t count);

/* Adds what there is of later days. */
void loom_poll_extent_join(struct loom_poll_extent *extent, const struct loom_poll_extent *later);

#endif
