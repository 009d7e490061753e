/*
** Runs: as many polls as memory holds at a time, sorted into groups by day and store, in an order of stores that is given.
**
**   loom_poll_run_sort, any number of times → loom_poll_run_free
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

/* An order of stores that is not that of their numbers: stores from `count` on come last, and keep their numbers as ranks. */
struct loom_store_ranks {
  uint32_t *order; /* stores by rank */
  uint32_t *ranks; /* ranks by store */
  uint32_t count;
};

static inline uint32_t loom_rank_of_store(const struct loom_store_ranks *ranks, uint32_t store) {
  return store < ranks->count ? ranks->ranks[store] : store;
}

static inline uint32_t loom_store_of_rank(const struct loom_store_ranks *ranks, uint32_t rank) {
  return rank < ranks->count ? ranks->order[rank] : rank;
}

/* How many polls of a store on a day come next. */
struct loom_run_group {
  int32_t day;
  uint32_t rank, count;
};

/* Zero it to begin; its memory is used again by the next run. */
struct loom_poll_run {
  struct loom_run_group *groups; /* in order of day and rank */
  size_t group_count, group_capacity;
  loom_poll *polls; /* of one group after the other; those of a group as they came */
  size_t poll_count, poll_capacity;
};

/* Sorts 1 to 2^32 - 1 records, which are not kept as they are, into the run. False: memory is out. */
bool loom_poll_run_sort(struct loom_poll_record *records, size_t count,
                        const struct loom_store_ranks *ranks, struct loom_poll_run *run);
void loom_poll_run_free(struct loom_poll_run *run);

#endif
