/*
** What feeds of one database's stores have in common whose polls are in blocks, each of a store and a UTC day, wherever these are:
** which days are looked at for a store, and how far back.
*/
#ifndef LOOM_BLOCK_FEED_H
#define LOOM_BLOCK_FEED_H

#include "measure/feed.h"
#include "measure/poll_block.h"
#include "sqlite/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_block_feed loom_block_feed;

/* Where the blocks are. A day is told by its index in `days`. */
struct loom_block_reader {
  loom_status (*begun)(loom_block_feed *feed, loom_error *error); /* NULL: nothing to do */
  loom_status (*newest)(loom_block_feed *feed, int64_t *instant, loom_error *error);
  /* Fills `days`, once in a snapshot; what is there after a failure is freed. */
  loom_status (*list)(loom_block_feed *feed, loom_error *error);
  /* Starts on the query's days, in place of what was opened before. */
  loom_status (*open)(loom_block_feed *feed, loom_error *error);
  /* Appends a store's polls of all of the query's days: asked for once of each store, in the query's order. */
  loom_status (*take)(loom_block_feed *feed, int64_t store, struct loom_polls *polls,
                      loom_error *error);
  /* Appends a store's polls of any day; none where there are none. */
  loom_status (*get)(loom_block_feed *feed, size_t day, int64_t store, struct loom_polls *polls,
                     loom_error *error);
  /*
  ** Fills what loom_poll_block_last finds of one of the query's days, up to the query's end, and whether it is all that the day
  ** has: asked for at most once of each store, in the query's order.
  */
  loom_status (*get_last)(loom_block_feed *feed, size_t day, int64_t store, bool *is_first,
                          struct loom_polls *polls, loom_error *error);
  loom_status (*scan)(loom_block_feed *feed, int32_t date, loom_block_fn *visit, void *context,
                      loom_error *error);
  void (*close)(loom_block_feed *feed); /* what `list` and `open` have acquired */
  void (*free)(loom_block_feed *feed);
};

/* The head of what a reader makes of it. */
struct loom_block_feed {
  loom_feed feed; /* the first member */
  struct loom_part part;
  loom_database *database;
  const struct loom_block_reader *reader;
  struct loom_feed_query query;
  int32_t *days; /* that hold polls, in order */
  size_t day_count;
  size_t first, end; /* those of the query's range */
  bool is_listed;
  struct loom_polls some; /* while others are put behind them */
};

/* Makes a zeroed one a feed of the snapshot. */
void loom_block_feed_join(loom_block_feed *feed, const struct loom_block_reader *reader,
                          struct loom_snapshot *snapshot);

#endif
