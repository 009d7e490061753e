/*
** Ingests that are void are named in every question about blocks. One of which nothing is left, since its days were written anew and
** what they replaced was dropped, is forgotten by a fold (fold.h), a day after it began: a writer gives up after half of one
** (LOOM_INGEST_TIME). Should rows of it come even later, reports fail by them, until the next fold names it again.
*/
#ifndef LOOM_VOIDS_H
#define LOOM_VOIDS_H

#include "cluster/cluster.h"
#include "cluster/ledger.h"

#include <stddef.h>
#include <stdint.h>

struct loom_voids {
  uint64_t *items; /* in order */
  size_t count, capacity;
};

/*
** Of the void ingests that a ledger names, and those that were forgotten, the ones that are to be named: all but old ones, of which
** every replica says that it has no rows. Frees nothing of *named, which is to be freed also where it fails.
*/
loom_status loom_voids_named(loom_cluster *cluster, const struct loom_ledger *ledger,
                             struct loom_voids *named, loom_error *error);

/* Whether an ingest is one of them. */
bool loom_voids_has(const struct loom_voids *voids, uint64_t ingest);

loom_status loom_voids_add(struct loom_voids *voids, uint64_t ingest, loom_error *error);
void loom_voids_free(struct loom_voids *voids);

#endif
