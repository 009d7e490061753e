/*
** What a write transaction of a head writes to its cluster: one ingest, which comes to be with the transaction's commit.
**
**   loom_cluster_write_of, or loom_cluster_write_ahead → loom_cluster_write_join
**   → loom_cluster_write_begin_file → loom_cluster_write_day, … → the transaction's commit or end
*/
#ifndef LOOM_WRITE_CLUSTER_H
#define LOOM_WRITE_CLUSTER_H

#include "cluster/cluster.h"
#include "cluster/ledger.h"
#include "measure/poll_block.h"
#include "read/staging.h"
#include "sqlite/database.h"
#include "write/store_number.h"

typedef struct loom_cluster_write loom_cluster_write;

/*
** That of the transaction which is open. Where there is none yet it is made: `open` gives a cluster, which it takes over, and the
** head is brought up to the cluster's last commit.
*/
loom_status loom_cluster_write_of(loom_database *head,
                                  loom_status (*open)(void *context, loom_cluster **cluster,
                                                      loom_error *error),
                                  void *context, loom_cluster_write **write, loom_error *error);

/* An `open` of one that is there: `context` points to it, and to NULL once it is taken over. */
loom_status loom_cluster_lend(void *context, loom_cluster **cluster, loom_error *error);

/*
** One that begins before its transaction does, so that others may write to the head while it sends: the ledger is the last one, of which
** the head has to be when they are joined. Takes the cluster over, also when it fails. Joined, it is the transaction's; or it is freed. Until then
** it only reads the head.
*/
loom_status loom_cluster_write_ahead(loom_cluster *cluster, loom_database *head,
                                     loom_cluster_write **write, loom_error *error);
void loom_cluster_write_join(loom_cluster_write *write, loom_database *head);
void loom_cluster_write_free(loom_cluster_write *write);

/* A cluster that has an owner is written by that alone: LOOM_EOWNER where another head is it. */
loom_status loom_cluster_check_owner(loom_database *head, const loom_cluster *cluster,
                                     const struct loom_ledger_tip *tip, loom_error *error);

/* What follows is of another file: later ones prevail over earlier ones. */
loom_status loom_cluster_write_begin_file(loom_cluster_write *write, loom_error *error);

/* Polls of a store on a day, sorted by instant, and in order of arrival where several share one. */
struct loom_portion {
  int64_t store;
  const char *id;
  size_t id_length;
  const loom_poll *polls;
  size_t count;
  struct loom_reach *reach; /* which is extended by them: see poll_merge.h */
};

/* Merges portions of one day, each of another store. What is known already is not written again. */
loom_status loom_cluster_write_day(loom_cluster_write *write, int32_t day,
                                   const struct loom_portion *portions, size_t count,
                                   struct loom_counts *counts, loom_error *error);

/*
** Writes a day anew, in the next generation of each shard: polls from `cut` on, in microseconds, a block to a store. Nothing else is
** to be written of the day in the transaction.
*/
loom_status loom_cluster_write_renewed(loom_cluster_write *write, int32_t day, int64_t cut,
                                       loom_error *error);

/* Has the commit begin the roster's next generation, of what it is now; nothing else of it is to be changed in the transaction. */
void loom_cluster_write_renew_roster(loom_cluster_write *write);

/* What it writes to, and the ledger as it was when this began; both are the write's. */
loom_cluster *loom_cluster_write_cluster(const loom_cluster_write *write);
const struct loom_ledger *loom_cluster_write_ledger(const loom_cluster_write *write);

#endif
