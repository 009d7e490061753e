/*
** The spool of a head: polls that its service has answered, and that are not in the cluster yet. They are in the head's own blocks,
** where each is as durable as in any database, and came after all that the cluster has. Who reads the polls of a head unites them with
** the cluster's, in the snapshot that both are of; flush.h takes them there.
**
**   loom_head_spool_read → loom_head_spool_add, … → loom_head_spool_free
*/
#ifndef LOOM_HEAD_SPOOL_H
#define LOOM_HEAD_SPOOL_H

#include "cluster/blocks.h"
#include "measure/poll_block.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stdint.h>

/* Polls of a store on a UTC day. */
struct loom_spooled {
  int32_t day;
  int64_t store;
  size_t first, count; /* among those of the spool */
};

struct loom_head_spool {
  struct loom_spooled *blocks; /* by day and store */
  size_t count, capacity;
  struct loom_polls polls;
  bool is_cut; /* there may be others behind them */
};

/* Reads it, within a transaction, up to about `most` polls: whole blocks, the first ones. Freed also where that fails. */
loom_status loom_head_spool_read(loom_database *head, size_t most, struct loom_head_spool *spool,
                                 loom_error *error);
void loom_head_spool_free(struct loom_head_spool *spool);

/* Unites the polls of a store's day, which are those from `from` on, with what is spooled of it. */
loom_status loom_head_spool_add(const struct loom_head_spool *spool, int32_t day, int64_t store,
                                struct loom_polls *polls, size_t from, loom_error *error);

/* The days of the cluster and of the spool, in order, in place of the former's list. */
loom_status loom_head_spool_days(const struct loom_head_spool *spool, int32_t **days, size_t *count,
                                 loom_error *error);

/* As loom_blocks_scan of one day that was opened, with what is spooled: blocks that are only there come last. */
loom_status loom_head_spool_scan(const struct loom_head_spool *spool, loom_blocks *blocks,
                                 int32_t day, loom_block_fn *visit, void *context,
                                 loom_error *error);

/* How many instants the spool has that the cluster lacks. It reads the days of the spool's stores. */
loom_status loom_head_spool_news(const struct loom_head_spool *spool, loom_blocks *blocks,
                                 int64_t *polls, loom_error *error);

/*
** As loom_catch_up (catch_up.h), with the spool: where the head learns of commits, what these have of the same instants prevails, since they
** may have come from this very spool; and stores that it has numbered for polls get other numbers where theirs are taken.
*/
loom_status loom_head_spool_catch_up(loom_database *head, loom_cluster *cluster,
                                     struct loom_ledger *ledger, loom_error *error);

/* The same in a transaction of its own. */
loom_status loom_head_spool_come_up(loom_database *head, loom_cluster *cluster, loom_error *error);

#endif
