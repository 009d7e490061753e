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

typedef struct loom_poll_merge loom_poll_merge;

/* NULL: memory is out. The database must outlive it. */
loom_poll_merge *loom_poll_merge_new(loom_database *database);
void loom_poll_merge_free(loom_poll_merge *merge);

/*
** Merges polls of a store (its number in the database) on a UTC day, sorted by instant and in order of arrival where several
** share one: see loom_polls_union, whose counts are added. A block that does not change is not written.
*/
loom_status loom_poll_merge_add(loom_poll_merge *merge, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, struct loom_counts *counts,
                                loom_error *error);

#endif
