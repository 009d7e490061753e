/*
** A cluster's servers: shards, each of replicas that have the same. What is asked of a shard is asked of its replicas in turn, until
** one has answered, or for so long that it is a failure, which names the shard, its hosts and why.
**
**   loom_cluster_new → loom_cluster_ask, … → loom_cluster_free
**
** Each shard may be asked by one thread at a time, different ones by different threads (loom_cluster_each).
*/
#ifndef LOOM_CLUSTER_H
#define LOOM_CLUSTER_H

#include "cluster/asker.h"
#include "cluster/conf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_cluster loom_cluster;

enum loom_question_size {
  LOOM_SMALL, /* an answer of some rows */
  LOOM_RANGE, /* and of some megabytes */
  LOOM_INSERT /* sends data, which a majority of the replicas have when it is answered */
};

struct loom_question {
  const struct loom_text *sql;
  enum loom_question_size size;
  const struct loom_text *data; /* of an insert */
  size_t answer_most;           /* bytes of its answer; 0: as its size has it */
  bool consistent;              /* the answer has all that was inserted before it was asked for */
  bool may_repeat;              /* of an insert: rows that are there twice do no harm */
};

/* How long is tried, in milliseconds. NULL in its place: as the configuration has it. */
struct loom_patience {
  int64_t reading, writing;
};

/* Keeps the configuration, and takes the asker over, also when it fails. */
loom_status loom_cluster_new(const struct loom_conf *conf, loom_asker *asker,
                             const struct loom_patience *patience, loom_cluster **cluster,
                             loom_error *error);
void loom_cluster_free(loom_cluster *cluster);

/*
** Shares with other clusters of the configuration when each shard last did not answer, for all of them 0 to begin with: who is told of
** that asks each replica once for some seconds, and does not wait. Keeps the list.
*/
void loom_cluster_share(loom_cluster *cluster, atomic_llong *failed);

unsigned loom_cluster_shards(const loom_cluster *cluster);
unsigned loom_cluster_replicas(const loom_cluster *cluster, unsigned shard);
const char *loom_cluster_url(const loom_cluster *cluster, unsigned shard, unsigned replica);
const struct loom_conf *loom_cluster_conf(const loom_cluster *cluster);

/* The shard in which a store of this number is. */
static inline unsigned loom_shard_of(int64_t number, unsigned shards) {
  return (unsigned)((uint64_t)number % shards);
}

/*
** Asks a shard: each of its replicas once, and then as long as patience lasts. LOOM_EUNREACHABLE: none has answered in time; LOOM_EIO:
** one has said that it never will.
*/
loom_status loom_cluster_ask(loom_cluster *cluster, unsigned shard,
                             const struct loom_question *question, struct loom_text *answer,
                             loom_error *error);

/* The same of one replica, once. */
loom_status loom_cluster_ask_replica(loom_cluster *cluster, unsigned shard, unsigned replica,
                                     const struct loom_question *question, struct loom_text *answer,
                                     loom_error *error);

/* The same, whose message does not name the replica. */
loom_status loom_cluster_look(loom_cluster *cluster, unsigned shard, unsigned replica,
                              const struct loom_question *question, struct loom_text *answer,
                              loom_error *error);

/* Which replica has answered last; and has the next one asked first from now on. */
unsigned loom_cluster_replica(const loom_cluster *cluster, unsigned shard);
void loom_cluster_turn_away(loom_cluster *cluster, unsigned shard);

/* Calls a function for each shard, each in a thread of its own, and waits for all. The first failure is the whole's. */
typedef loom_status loom_shard_fn(void *context, unsigned shard, loom_error *error);
loom_status loom_cluster_each(loom_cluster *cluster, loom_shard_fn *work, void *context,
                              loom_error *error);

/*
** Makes the tables on every replica, where they are not there yet, and asks each whether they are there as they should be. A server
** that does not answer is asked once, for the time of the patience to write, at most 30 s. LOOM_EINVAL: there is another table of the name.
*/
loom_status loom_cluster_create(loom_cluster *cluster, loom_error *error);

#endif
