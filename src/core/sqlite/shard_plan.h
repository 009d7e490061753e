/*
** What a report of a cluster is to be made of by workers, each of which has the stores of a shard and a head of its own: one snapshot
** for all, and how many stores each shard has to tell of.
*/
#ifndef LOOM_SHARD_PLAN_H
#define LOOM_SHARD_PLAN_H

#include "base/error.h"
#include "measure/selection.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stdint.h>

struct loom_shard_plan {
  uint64_t number, ingest; /* of the commit that the head has come to: see struct loom_head */
  int64_t as_of;           /* the newest poll */
  uint64_t counts[LOOM_SELECTION_SHARDS_MAX]; /* of the stores that are selected, by shard */
};

/*
** Makes one of a head, for so many shards. LOOM_EEMPTY: there are no polls, and no `as_of` is given. LOOM_EBUSY: the head has polls that
** are not in the cluster yet, which no other head has.
*/
loom_status loom_shard_plan_make(loom_database *head, const struct loom_selection *selection,
                                 unsigned shards, const int64_t *as_of,
                                 struct loom_shard_plan *plan, loom_error *error);

/*
** Whether the transaction that is open is of that commit. LOOM_EBUSY: it is of another one, or the head has polls that are not in the
** cluster yet.
*/
loom_status loom_shard_plan_check(loom_database *head, uint64_t number, uint64_t ingest,
                                  loom_error *error);

#endif
