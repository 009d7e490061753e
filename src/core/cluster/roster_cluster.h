/*
** The roster in a cluster: the table `roster` of the first shard, to which each ingest adds, of the stores and kinds that it has
** changed, what these are from then on (roster_rows.h); of several rows of one store and kind the one of the last ingest holds. A
** head applies the rows that it has not seen yet. An ingest that writes the roster anew begins a generation of it: rows of before are
** not read any more, and a head that is behind it begins with nothing.
*/
#ifndef LOOM_ROSTER_CLUSTER_H
#define LOOM_ROSTER_CLUSTER_H

#include "cluster/ledger.h"
#include "sqlite/database.h"

#define LOOM_ROSTER_PARTITION 34 /* bits of an ingest that are the same within a partition */

/*
** Writes what the transaction of a head has changed as rows of an ingest, and makes sure that they are there; *part, to which they are
** added, is what the ledger is to say of the ingest.
*/
loom_status loom_roster_cluster_write(loom_cluster *cluster, uint64_t ingest, loom_database *head,
                                      struct loom_ledger_part *part, loom_error *error);

/* How many rows, and bytes of values, one replica of the first shard has of all that is visible. */
loom_status loom_roster_cluster_count(loom_cluster *cluster, const struct loom_ledger *ledger,
                                      unsigned replica, struct loom_ledger_part *found,
                                      loom_error *error);

/*
** How many rows would be left, and bytes of values, were the roster written anew, by a replica that has shown that it has all of it:
** those that hold, and are not empty.
*/
loom_status loom_roster_cluster_left(loom_cluster *cluster, const struct loom_ledger *ledger,
                                     struct loom_ledger_part *left, loom_error *error);

/* Writes them anew as rows of an ingest, whose part is as they are; whether they are there is seen by the write that follows. */
loom_status loom_roster_cluster_renew(loom_cluster *cluster, const struct loom_ledger *ledger,
                                      uint64_t ingest, struct loom_ledger_part *part,
                                      loom_error *error);

/*
** Applies, within a write transaction of a head, the rows of the ledger's ingests behind `since`, of which there have to be as many
** as the ledger says. What is applied is not noted as a change of the transaction's.
*/
loom_status loom_roster_cluster_read(loom_cluster *cluster, const struct loom_ledger *ledger,
                                     uint64_t since, const struct loom_ledger_part *wanted,
                                     loom_database *head, loom_error *error);

#endif
