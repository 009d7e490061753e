/*
** Removing old polls of a cluster: as prune.h tells, by days that are written anew without them.
*/
#ifndef LOOM_PRUNE_CLUSTER_H
#define LOOM_PRUNE_CLUSTER_H

#include "cluster/cluster.h"
#include "write/prune.h"

/* As loom_prune, of a head and its cluster, which it takes over. LOOM_EAGAIN: the spool has to be flushed first (flush.h). The space is given back by loom_care_compact, an hour later. */
loom_status loom_prune_cluster(loom_database *head, loom_cluster *cluster,
                               const struct loom_prune_options *options,
                               struct loom_pruning *pruning, loom_error *error);

#endif
