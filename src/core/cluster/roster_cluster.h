/*
** The roster in a cluster: the table `roster` of the first shard, to which each ingest adds, of the stores and kinds that it has
** changed, what these are from then on (roster_rows.h); of several rows of one store and kind the one of the last ingest holds. A
** head applies the rows that it has not seen yet.
*/
#ifndef LOOM_ROSTER_CLUSTER_H
#define LOOM_ROSTER_CLUSTER_H

#include "cluster/ledger.h"
#include "sqlite/database.h"

/*
** Writes what the transaction of a head has changed as rows of an ingest, and makes sure that they are there; *part: what the ledger
** is to say of them. Nothing is written where nothing has changed, and `part->blocks` is 0 then.
*/
loom_status loom_roster_cluster_write(loom_cluster *cluster, uint64_t ingest, loom_database *head,
                                      struct loom_ledger_part *part, loom_error *error);

/* How many rows, and bytes of values, one replica of the first shard has of all that is visible. */
loom_status loom_roster_cluster_count(loom_cluster *cluster, const struct loom_ledger *ledger,
                                      unsigned replica, struct loom_ledger_part *found,
                                      loom_error *error);

/*
** Applies, within a write transaction of a head, the rows of the ledger's ingests behind `since`, of which there have to be as many
** as the ledger says. What is applied is not noted as a change of the transaction's.
*/
loom_status loom_roster_cluster_read(loom_cluster *cluster, const struct loom_ledger *ledger,
                                     uint64_t since, const struct loom_ledger_part *wanted,
                                     loom_database *head, loom_error *error);

#endif
