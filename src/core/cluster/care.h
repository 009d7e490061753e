/*
** Looking after a cluster: what its servers have, whether all of it adds up, and writing anew what has come in many pieces.
*/
#ifndef LOOM_CARE_H
#define LOOM_CARE_H

#include "cluster/cluster.h"
#include "cluster/ledger.h"
#include "sqlite/database.h"
#include "sqlite/remote.h"

#include <stdint.h>

/* What is told of a replica: its version, or else what is wrong with it. */
typedef void loom_replica_fn(void *context, unsigned shard, unsigned replica, const char *version,
                             const char *problem);

/* Asks every replica of every shard for its version, each once, and shards at the same time, from whose threads it is told. */
loom_status loom_care_look(loom_cluster *cluster, loom_replica_fn *tell, void *context,
                           loom_error *error);

/*
** Compares blocks, polls and sums of every day on every replica with the ledger, as it is now, and its fold with its rows. LOOM_OK also where there are
** problems, which are told; that a replica does not answer is one.
*/
loom_status loom_care_check(loom_cluster *cluster, loom_remote_problem_fn *tell, void *context,
                            loom_error *error);

struct loom_compacted {
  uint64_t days;    /* that were written anew */
  uint64_t entries; /* rows of the roster that were superseded, where it was */
};

/*
** Writes days anew that more than one commit has written, or of which an ingest that was never committed has rows, and the roster where so many rows of it are superseded, or, where `least` is 0,
** as many as are left, and not few; each in its next generation. What was superseded stays on the servers' disks until it is dropped.
** Holds the head's write lock, and takes the cluster over.
*/
loom_status loom_care_compact(loom_database *head, loom_cluster *cluster, uint64_t least,
                              struct loom_compacted *compacted, loom_error *error);

/*
** Drops generations of days, and partitions of the roster, that were superseded so many seconds ago, by the clocks of writers: reports that began before, and heads
** that know no later commit, read them still, and are told that they do not add up. *dropped: how many.
*/
loom_status loom_care_drop(loom_cluster *cluster, int64_t age, uint64_t *dropped,
                           loom_error *error);

/* Has a head be the only one that writes, from now on; others are refused when they commit. LOOM_EBUSY: another did so just now. */
loom_status loom_care_take_over(loom_database *head, loom_cluster *cluster, loom_error *error);

#endif
