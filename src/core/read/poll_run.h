/*
** Runs: as many polls as memory holds at a time, sorted into groups by day and store.
*/
#ifndef LOOM_POLL_RUN_H
#define LOOM_POLL_RUN_H

#include "measure/uptime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_poll_record {
  loom_poll poll;
  uint32_t store;
  int32_t day; /* UTC date of the poll */
};

/* How many polls of a store on a day come next. */
struct loom_run_group {
  int32_t day;
  uint32_t store, count;
};

/* Zero it to begin; its memory is used again by the next run. */
struct loom_poll_run {
  struct loom_run_group *groups; /* in order of day and store */
  size_t group_count, group_capacity;
  loom_poll *polls; /* of one group after the other; those of a group as they came */
  size_t poll_count, poll_capacity;
};

/* Sorts 1 to 2^32 - 1 records, whose order is lost, into the run. False: memory is out. */
bool loom_poll_run_sort(struct loom_poll_record *records, size_t count, struct loom_poll_run *run);
void loom_poll_run_free(struct loom_poll_run *run);

#endif
