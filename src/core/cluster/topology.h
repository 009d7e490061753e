/*
** How a cluster's own configuration has it: the table `clusters` of the database `system`, which each of its servers has.
*/
#ifndef LOOM_TOPOLOGY_H
#define LOOM_TOPOLOGY_H

#include "cluster/cluster.h"

#include <stdint.h>

/* Told of each replica, in the order of shards, which count from 1, and of the replicas within them. */
typedef loom_status loom_topology_fn(void *context, uint32_t shard, const char *host, size_t length,
                                     loom_error *error);

/*
** Asks a server of a cluster's first shard for the shards of a cluster of a name. Nothing is told where there is none of the name. What
** the function fails with ends it. LOOM_EIO: the answer is none.
*/
loom_status loom_topology_read(loom_cluster *cluster, const char *name, loom_topology_fn *tell,
                               void *context, loom_error *error);

#endif
