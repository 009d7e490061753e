/*
** Claims: what a writer announces in the ledger before it commits, so that of two that would give their commits one number the second
** knows of the first. Of commits with one number that of the later ingest holds, which a late one must not take from who was told
** that it is done.
**
** A writer waits until earlier ingests that have claimed the number have committed, or taken their claim back, or have had
** LOOM_CLAIM_WAIT to do so; it gives up where a later ingest has claimed it. Who cannot show within LOOM_CLAIM_TIME of its claim that
** its commit holds does not take it for done: from LOOM_CLAIM_WAIT on another's may. Of two that claim at once the earlier ingest
** gives up, since the later one sees its claim, and waits for that. Claims of the same head are of writers that are dead, since it
** has one at a time.
**
**   loom_claim → the commit → loom_claim_is_late
*/
#ifndef LOOM_CLAIM_H
#define LOOM_CLAIM_H

#include "cluster/cluster.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stdint.h>

/* In milliseconds, by a clock that nobody sets. */
#define LOOM_CLAIM_TIME 25000
#define LOOM_CLAIM_WAIT 30000

struct loom_claim {
  int64_t since; /* by that clock */
};

/*
** Claims the commit of a number for an ingest of the head. LOOM_EBUSY: another writer is about to commit. Whether one has is to be seen to
** behind it. Needs a write transaction of the head.
*/
loom_status loom_claim(loom_cluster *cluster, loom_database *head, uint64_t ingest, uint64_t number,
                       struct loom_claim *claim, loom_error *error);

/* Whether it is too late to commit by it, or to take a commit for done. */
bool loom_claim_is_late(const struct loom_claim *claim);

#endif
