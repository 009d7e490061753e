/*
** A cluster as a sink: polls go there, and all else to the head.
*/
#ifndef LOOM_SINK_CLUSTER_H
#define LOOM_SINK_CLUSTER_H

#include "cluster/write_cluster.h"
#include "write/sink.h"

/*
** Retains the head, whose transactions are the sink's. `open` gives a cluster to write to, once in a transaction, and `context` must
** outlive the sink. NULL: memory is out.
*/
loom_sink *loom_sink_cluster(loom_database *head,
                             loom_status (*open)(void *context, loom_cluster **cluster,
                                                 loom_error *error),
                             void *context);

#endif
