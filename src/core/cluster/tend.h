/*
** Writing days anew by and by, beside those who write: a day at a time, without the head's write lock but for the commit.
*/
#ifndef LOOM_TEND_H
#define LOOM_TEND_H

#include "cluster/cluster.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stdint.h>

/* Which days are written anew. */
struct loom_tend_rules {
  unsigned commits;      /* that so many commits have written */
  unsigned past_commits; /* or so many, where it is over */
  int32_t past;          /* days before this one are */
  uint64_t polls;        /* and that have no more polls than this */
};

/*
** Writes one day anew, that of the most commits; *tended: whether there was one. `open` gives clusters, which are freed. Nothing is
** done where the head is behind the cluster. LOOM_EBUSY: others committed meanwhile, or hold the head; LOOM_EOWNER: another head alone
** writes.
*/
loom_status loom_tend(loom_database *head,
                      loom_status (*open)(void *context, loom_cluster **cluster, loom_error *error),
                      void *context, const struct loom_tend_rules *rules, bool *tended,
                      loom_error *error);

#endif
