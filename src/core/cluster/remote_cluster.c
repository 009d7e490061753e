/*
** The remote: a configuration, and how to ask. Each source and each transaction has connections of its own.
*/
#include "cluster/remote_cluster.h"
#include "cluster/blocks.h"
#include "cluster/care.h"
#include "cluster/flush.h"
#include "cluster/head_spool.h"
#include "cluster/polls_cluster.h"
#include "cluster/prune_cluster.h"
#include "cluster/sink_cluster.h"
#include "cluster/source_cluster.h"
#include "cluster/write_cluster.h"
#include "sqlite/head.h"
#include "sqlite/remote.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_TRIES                                                                                \
  50 /* between a flush and the next transaction there is no time for more than a few writes */

struct cluster_remote {
  loom_remote remote; /* the first member */
  atomic_uint references;
  struct loom_conf conf;
  loom_asker *asker; /* of which others are made */
  atomic_llong failed[LOOM_SHARDS_MAX];
};

static struct cluster_remote *of_head(loom_remote *remote) {
  return (struct cluster_remote *)remote;
}

static loom_remote *retain(loom_remote *remote) {
  atomic_fetch_add(&of_head(remote)->references, 1);
  return remote;
}

static void release(loom_remote *head) {
  struct cluster_remote *remote = of_head(head);
  if (atomic_fetch_sub(&remote->references, 1) != 1)
    return;
  loom_conf_free(&remote->conf);
  loom_asker_free(remote->asker);
  free(remote);
}

static loom_status open_with(struct cluster_remote *remote, const struct loom_patience *patience,
                             loom_cluster **cluster, loom_error *error) {
  return loom_cluster_new(&remote->conf, loom_asker_another(remote->asker), patience, cluster,
                          error);
}

static loom_status open_cluster(void *context, loom_cluster **cluster, loom_error *error) {
  struct cluster_remote *remote = context;
  loom_status status = open_with(remote, NULL, cluster, error);
  if (status == LOOM_OK && remote->conf.is_hasty)
    loom_cluster_share(*cluster, remote->failed);
  return status;
}

static loom_source *source(loom_remote *head, loom_database *database, bool shared) {
  loom_cluster *cluster;
  loom_error ignored;
  if (open_cluster(of_head(head), &cluster, &ignored) != LOOM_OK)
    return NULL;
  return loom_source_cluster(database, cluster, shared);
}

static loom_sink *sink(loom_remote *head, loom_database *database) {
  return loom_sink_cluster(database, open_cluster, of_head(head));
}

static loom_status read_head(loom_database *database, struct loom_head *head, loom_error *error) {
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_read(database, head, error);
  loom_database_end_read(database);
  return status;
}

/* Adds what is in the spool, by the days and stores of a ledger. */
static loom_status add_spool(loom_database *database, loom_cluster *cluster,
                             const struct loom_ledger *ledger, struct loom_remote_info *found,
                             loom_error *error) {
  struct loom_head_spool spool = {0};
  int64_t last = 0, news = 0;
  size_t days = 0;
  int32_t *list = NULL;
  loom_blocks *blocks = NULL;
  loom_status status = loom_head_spool_read(database, SIZE_MAX, &spool, error);
  if (status == LOOM_OK)
    status = loom_head_last_polled(database, &last, error);
  if (status == LOOM_OK) {
    list = loom_ledger_days(ledger, &days);
    blocks = loom_blocks_new(cluster, ledger, last);
    if (!list || !blocks)
      status = loom_no_memory(error);
  }
  if (status == LOOM_OK)
    status = loom_head_spool_days(&spool, &list, &days, error);
  if (status == LOOM_OK)
    status = loom_head_spool_news(&spool, blocks, &news, error);
  found->days = (int64_t)days;
  found->polls += news;
  free(list);
  loom_blocks_free(blocks);
  loom_head_spool_free(&spool);
  return status;
}

static loom_status find_info(loom_database *database, loom_cluster *cluster,
                             struct loom_remote_info *found, loom_error *error) {
  struct loom_head known;
  struct loom_ledger ledger = {0};
  loom_status status = loom_head_read(database, &known, error);
  if (status == LOOM_OK && known.number)
    status = loom_ledger_read(cluster, known.number, known.ingest, &ledger, error);
  for (size_t i = 0; status == LOOM_OK && i < ledger.part_count; i++) {
    found->polls += (int64_t)ledger.parts[i].added;
    found->size += (int64_t)ledger.parts[i].polls * (int64_t)sizeof(loom_poll);
  }
  if (status == LOOM_OK)
    status = add_spool(database, cluster, &ledger, found, error);
  loom_ledger_free(&ledger);
  return status;
}

static loom_status info(loom_remote *head, loom_database *database, struct loom_remote_info *found,
                        loom_error *error) {
  loom_cluster *cluster = NULL;
  *found = (struct loom_remote_info){0};
  loom_status status = open_cluster(of_head(head), &cluster, error);
  if (status != LOOM_OK)
    return status;
  status = loom_database_begin_read(database, error);
  if (status == LOOM_OK) {
    status = find_info(database, cluster, found, error);
    loom_database_end_read(database);
  }
  loom_cluster_free(cluster);
  return status;
}

static loom_status check(loom_remote *head, loom_remote_problem_fn *tell, void *context,
                         loom_error *error) {
  loom_cluster *cluster;
  loom_status status = open_cluster(of_head(head), &cluster, error);
  if (status == LOOM_OK)
    status = loom_care_check(cluster, tell, context, error);
  loom_cluster_free(cluster);
  return status;
}

/* What came since the flush, and is still in the spool, is flushed again: a day is pruned as a whole. */
static loom_status prune(loom_remote *head, loom_database *database,
                         const struct loom_prune_options *options, struct loom_pruning *pruning,
                         loom_error *error) {
  struct loom_flushed flushed;
  loom_status status = LOOM_EAGAIN;
  for (int tries = 0; status == LOOM_EAGAIN && tries < PRUNE_TRIES; tries++) {
    loom_cluster *cluster;
    status = loom_flush(database, open_cluster, of_head(head), &flushed, error);
    if (status == LOOM_OK)
      status = open_cluster(of_head(head), &cluster, error);
    if (status == LOOM_OK)
      status = loom_prune_cluster(database, cluster, options, pruning, error);
  }
  return status;
}

static loom_status open_polls(loom_remote *head, loom_database *database,
                              struct loom_remote_polls **polls, loom_error *error) {
  loom_cluster *cluster;
  loom_status status = open_cluster(of_head(head), &cluster, error);
  return status == LOOM_OK ? loom_polls_cluster(database, cluster, polls, error) : status;
}

static loom_status join(loom_remote *head, loom_database *database, loom_error *error) {
  loom_cluster_write *write;
  return loom_cluster_write_of(database, open_cluster, of_head(head), &write, error);
}

static const struct loom_remote_type type = {.source = source,
                                             .sink = sink,
                                             .info = info,
                                             .check = check,
                                             .prune = prune,
                                             .open_polls = open_polls,
                                             .join = join,
                                             .retain = retain,
                                             .release = release};

/* ---- attaching ---- */

/* Brings the head up where it is behind. */
static loom_status catch_up(loom_database *head, struct cluster_remote *remote, loom_error *error) {
  loom_cluster *cluster = NULL;
  loom_status status = open_cluster(remote, &cluster, error);
  if (status == LOOM_OK)
    status = loom_head_spool_come_up(head, cluster, error);
  loom_cluster_free(cluster);
  return status;
}

static loom_status check_shape(const struct loom_head *known, const struct cluster_remote *remote,
                               loom_error *error) {
  const struct loom_conf *conf = &remote->conf;
  if (!known->is_one ||
      (strcmp(known->name, conf->database) == 0 && known->shards == conf->shard_count))
    return LOOM_OK;
  return loom_fail(error, LOOM_EINVAL,
                   "%s: is the head of the database %s in %u shards, and this is %s in %u",
                   conf->head, known->name, known->shards, conf->database, conf->shard_count);
}

static loom_status ask_tip(struct cluster_remote *remote, struct loom_ledger_tip *tip,
                           loom_error *error) {
  static const struct loom_patience none = {0, 0};
  loom_cluster *cluster = NULL;
  loom_status status = open_with(remote, remote->conf.is_hasty ? &none : NULL, &cluster, error);
  if (status == LOOM_OK)
    status = loom_ledger_tip(cluster, tip, error);
  loom_cluster_free(cluster);
  return status;
}

/* What only an older Loom's head knows of stores goes to the cluster before polls are spooled there. */
static bool is_of_older(const struct loom_head *known) {
  return known->number && !known->ingest;
}

/* Who is in haste takes a head as it is while servers are away: polls are spooled, and a flush brings it up. */
static loom_status look(loom_database *head, struct cluster_remote *remote, loom_error *error) {
  struct loom_head known = {0};
  struct loom_ledger_tip tip = {0};
  loom_status status = read_head(head, &known, error);
  if (status == LOOM_OK)
    status = check_shape(&known, remote, error);
  if (status == LOOM_OK)
    status = ask_tip(remote, &tip, error);
  if (status == LOOM_EUNREACHABLE && remote->conf.is_hasty && known.is_one && !is_of_older(&known))
    return LOOM_OK;
  if (status == LOOM_OK)
    status = loom_head_check_identity(head, &known, tip.identity, error);
  if (status != LOOM_OK)
    return status;
  if (known.is_one && known.number == tip.number && known.ingest == tip.ingest &&
      strcmp(known.identity, tip.identity) == 0)
    return LOOM_OK;
  status = catch_up(head, remote, error);
  return status == LOOM_EBUSY && known.is_one ? LOOM_OK : status; /* who writes brings it up */
}

loom_status loom_remote_attach(loom_database *head, struct loom_conf *conf, loom_asker *asker,
                               loom_error *error) {
  struct cluster_remote *remote = asker ? calloc(1, sizeof *remote) : NULL;
  if (!remote) {
    loom_conf_free(conf);
    loom_asker_free(asker);
    return loom_no_memory(error);
  }
  remote->remote.type = &type;
  atomic_store(&remote->references, 1);
  remote->conf = *conf;
  *conf = (struct loom_conf){0};
  remote->asker = asker;
  loom_database_set_remote(head, &remote->remote); /* to which goes what the head has */
  loom_status status = look(head, remote, error);
  if (status != LOOM_OK)
    loom_database_set_remote(head, NULL);
  return status;
}

loom_status loom_remote_open(loom_database *head, loom_cluster **cluster, loom_error *error) {
  loom_remote *remote = loom_database_remote(head);
  *cluster = NULL;
  if (!remote || remote->type != &type)
    return loom_fail(error, LOOM_EINVAL, "the database has its polls in its file");
  return open_cluster(of_head(remote), cluster, error);
}
