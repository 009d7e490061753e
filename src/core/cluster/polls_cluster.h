/*
** All polls of a cluster, for an export: by day, and by the ids of stores.
*/
#ifndef LOOM_POLLS_CLUSTER_H
#define LOOM_POLLS_CLUSTER_H

#include "cluster/cluster.h"
#include "sqlite/database.h"
#include "sqlite/remote.h"

/* Within a read transaction of the head, which outlives it. Takes the cluster over, also when it fails. */
loom_status loom_polls_cluster(loom_database *head, loom_cluster *cluster,
                               struct loom_remote_polls **polls, loom_error *error);

#endif
