/*
** A cluster as a source: the stores of its head, and their polls of the cluster.
*/
#ifndef LOOM_SOURCE_CLUSTER_H
#define LOOM_SOURCE_CLUSTER_H

#include "cluster/cluster.h"
#include "measure/source.h"
#include "sqlite/database.h"

/*
** Retains the head, and takes the cluster over. `shared`: for the handle's own thread, which may read from it in other ways, too.
** After the last store the source fails where what was read does not add up. NULL: memory is out, and the cluster is freed.
*/
loom_source *loom_source_cluster(loom_database *head, loom_cluster *cluster, bool shared);

#endif
