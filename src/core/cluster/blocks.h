/*
** Blocks of polls as a snapshot of the cluster has them, by store and day. What is asked for is read in windows: of stores whose numbers
** follow one another and all days that were opened, or, for what lies outside of these, of a few days more.
**
**   loom_blocks_new → loom_blocks_open → loom_blocks_get, … → loom_blocks_finish → loom_blocks_free
**
** A replica is used once it has shown that it has as many blocks as the ledger says; a window, once it has come whole; and where
** all stores were passed over, blocks, polls and sums have to be the ledger's: what lags, or is cut off, is a failure, and never a
** figure.
*/
#ifndef LOOM_BLOCKS_H
#define LOOM_BLOCKS_H

#include "cluster/ledger.h"
#include "measure/poll_block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_blocks loom_blocks;

/* Keeps both. `last_store`: the greatest number of a store that has polls. NULL: memory is out. */
loom_blocks *loom_blocks_new(loom_cluster *cluster, const struct loom_ledger *ledger,
                             int64_t last_store);
void loom_blocks_free(loom_blocks *blocks);

/*
** Starts on days, both among them, in place of what was opened before. `in_order`: the numbers that are asked for ascend, and most
** of the stores are.
*/
loom_status loom_blocks_open(loom_blocks *blocks, int32_t first_day, int32_t last_day,
                             bool in_order, loom_error *error);

/*
** From the next opening on, no store of another shard than this one is asked for, and no other is read; LOOM_ALL_SHARDS: any may be.
*/
#define LOOM_ALL_SHARDS (-1)
void loom_blocks_keep_to(loom_blocks *blocks, int shard);

/* Appends a store's polls of a day, of those that were opened or not; none where there are none. */
loom_status loom_blocks_get(loom_blocks *blocks, int32_t day, int64_t store,
                            struct loom_polls *polls, loom_error *error);

/*
** Reads a day of stores of these numbers, in place of what was read for single ones: what is asked for next of them, and of that day,
** costs nothing more. They are kept until others are read.
*/
loom_status loom_blocks_load(loom_blocks *blocks, int32_t day, const int64_t *stores, size_t count,
                             loom_error *error);

/*
** Whether all adds up, where every store was passed over; of what was read besides, whether the replicas that were asked still have all,
** since days that were written anew may be dropped while they are read.
*/
loom_status loom_blocks_finish(loom_blocks *blocks, loom_error *error);

/* Calls it for each store and day of the days that were opened, by store and day. Nothing else may be asked for meanwhile. */
loom_status loom_blocks_scan(loom_blocks *blocks, loom_block_fn *visit, void *context,
                             loom_error *error);

#endif
