/*
** A cluster as a feed of polls, of the stores of its head: see blocks.h.
*/
#ifndef LOOM_FEED_CLUSTER_H
#define LOOM_FEED_CLUSTER_H

#include "cluster/cluster.h"
#include "measure/feed.h"
#include "sqlite/snapshot.h"

/* Of the head's snapshot. Takes the cluster over. NULL: memory is out, and it is freed. */
loom_feed *loom_feed_cluster(struct loom_snapshot *snapshot, loom_cluster *cluster);

/* Whether what was read adds up, once the last store has been given. */
loom_status loom_feed_cluster_finish(loom_feed *feed, loom_error *error);

#endif
