/*
** The database as a feed of polls.
*/
#ifndef LOOM_FEED_SQLITE_H
#define LOOM_FEED_SQLITE_H

#include "measure/feed.h"
#include "sqlite/snapshot.h"

/* NULL: memory is out. */
loom_feed *loom_feed_sqlite(struct loom_snapshot *snapshot);

#endif
