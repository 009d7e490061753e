/*
** A cluster as what has a head's polls: see remote.h.
*/
#ifndef LOOM_REMOTE_CLUSTER_H
#define LOOM_REMOTE_CLUSTER_H

#include "cluster/cluster.h"
#include "sqlite/database.h"

/*
** Takes the configuration and the asker over, also when it fails. The head is brought up to the cluster's last commit, unless others
** write. LOOM_EINVAL: it is the head of another cluster, or has polls of its own.
*/
loom_status loom_remote_attach(loom_database *head, struct loom_conf *conf, loom_asker *asker,
                               loom_error *error);

/* Another cluster handle of a head's remote, for who looks after it: see care.h. LOOM_EINVAL: the handle has none. */
loom_status loom_remote_open(loom_database *head, loom_cluster **cluster, loom_error *error);

#endif
