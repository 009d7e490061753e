/*
** Flushing: what is in a head's spool (head_spool.h) comes to the cluster, as one ingest, and leaves the head.
**
** Blocks are sent while others may write to the head; its transaction begins when they are there, and has the cluster's commit and
** then its own. What was spooled of a block meanwhile stays, with the block. Who dies between the two commits finds in the cluster what
** the head still has, and takes it out of the spool.
*/
#ifndef LOOM_FLUSH_H
#define LOOM_FLUSH_H

#include "cluster/write_cluster.h"
#include "sqlite/database.h"

#include <stdint.h>

struct loom_flushed {
  uint64_t polls;            /* that were sent */
  struct loom_counts counts; /* what became of them */
};

/*
** Flushes what is in the spool; where there is nothing, it brings the head up to what others have committed. `open` gives clusters,
** which are freed. LOOM_EBUSY: other heads write to the cluster, or others hold the head, all the time; LOOM_EOWNER: another head alone
** writes to it. What was not flushed is still in the spool then, as with any failure.
*/
loom_status loom_flush(loom_database *head,
                       loom_status (*open)(void *context, loom_cluster **cluster,
                                           loom_error *error),
                       void *context, struct loom_flushed *flushed, loom_error *error);

/* Has a write that is the head's write transaction's begin with all that is in the spool: as the first file of those that it has. */
loom_status loom_flush_within(loom_database *head, loom_cluster_write *write, loom_error *error);

#endif
