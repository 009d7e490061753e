/*
** Merging polls into the blocks of their days, within a write transaction.
**
**   loom_poll_merge_new → loom_poll_merge_add, … → loom_poll_merge_free
*/
#ifndef LOOM_POLL_MERGE_H
#define LOOM_POLL_MERGE_H

#include "measure/poll_block.h"
#include "read/staging.h"
#include "sqlite/database.h"
#include "write/store_number.h"

typedef struct loom_poll_merge loom_poll_merge;

/* NULL: memory is out. The database must outlive it. */
loom_poll_merge *loom_poll_merge_new(loom_database *database);
void loom_poll_merge_free(loom_poll_merge *merge);

/*
** Merges polls of a store (its number in the database) on a UTC day, sorted by instant and in order of arrival where several
** share one: see loom_polls_union, whose counts are added. A block that does not change is not written. `reach` is
** extended by them, and to the newest poll that the store then has on that day.
*/
loom_status loom_poll_merge_add(loom_poll_merge *merge, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, struct loom_counts *counts,
                                struct loom_reach *reach, loom_error *error);

/* Polls as loom_poll_merge_add takes them, which stay where they are until the next ones. */
struct loom_poll_portion {
  int32_t day;
  int64_t store;
  const loom_poll *polls;
  size_t count;
  bool distinct;            /* one poll to an instant */
  struct loom_reach *reach; /* of the store */
};

/* Gives portions by day and then by store, each of which comes once; LOOM_DONE after the last one. */
typedef loom_status loom_poll_portion_fn(void *context, struct loom_poll_portion *portion,
                                         loom_error *error);

/*
** Merges many portions. Blocks of days of which nothing is stored yet are written by one statement, which costs half of what
** one to a block does.
*/
loom_status loom_poll_merge_all(loom_poll_merge *merge, loom_poll_portion_fn *next, void *context,
                                struct loom_counts *counts, loom_error *error);

#endif
