/*
** The cluster as a feed. Its snapshot is the head's: of the ledger that is read which the head has come to, so that stores, and the
** first and newest poll of each, are of the same commit as the polls. What the head's service has answered and the cluster does not
** have yet is united with it.
*/
#include "cluster/feed_cluster.h"
#include "cluster/blocks.h"
#include "cluster/head_spool.h"
#include "sqlite/block_feed.h"
#include "sqlite/connection.h"
#include "sqlite/head.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

struct cluster_feed {
  loom_block_feed head; /* the first member */
  loom_cluster *cluster;
  struct loom_ledger ledger;
  struct loom_head_spool spool;
  loom_blocks *blocks; /* NULL: the snapshot's ledger has not been read */
};

static struct cluster_feed *of_head(loom_block_feed *head) {
  return (struct cluster_feed *)head;
}

static void close_blocks(loom_block_feed *head) {
  struct cluster_feed *feed = of_head(head);
  loom_blocks_free(feed->blocks);
  loom_ledger_free(&feed->ledger);
  loom_head_spool_free(&feed->spool);
  feed->blocks = NULL;
}

static void free_feed(loom_block_feed *head) {
  loom_cluster_free(of_head(head)->cluster);
  free(head);
}

static loom_status newest(loom_block_feed *head, int64_t *instant, loom_error *error) {
  return loom_head_newest(head->database, instant, error);
}

/* Reads the ledger as the head knows it. */
static loom_status list(loom_block_feed *head, loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  struct loom_head known;
  int64_t last_store = 0;
  loom_status status = loom_head_read(head->database, &known, error);
  if (status == LOOM_OK)
    status = loom_head_last_polled(head->database, &last_store, error);
  if (status == LOOM_OK && known.number)
    status = loom_ledger_read(feed->cluster, known.number, known.ingest, &feed->ledger, error);
  if (status == LOOM_OK)
    status = loom_head_spool_read(head->database, SIZE_MAX, &feed->spool, error);
  if (status != LOOM_OK)
    return status;
  head->days = loom_ledger_days(&feed->ledger, &head->day_count);
  feed->blocks = loom_blocks_new(feed->cluster, &feed->ledger, last_store);
  if (!head->days || !feed->blocks)
    return loom_no_memory(error);
  return loom_head_spool_days(&feed->spool, &head->days, &head->day_count, error);
}

static loom_status scan(loom_block_feed *head, int32_t date, loom_block_fn *visit, void *context,
                        loom_error *error) {
  const struct cluster_feed *feed = of_head(head);
  loom_blocks_keep_to(feed->blocks, LOOM_ALL_SHARDS);
  loom_status status = loom_blocks_open(feed->blocks, date, date, true, error);
  return status == LOOM_OK
             ? loom_head_spool_scan(&feed->spool, feed->blocks, date, visit, context, error)
             : status;
}

static loom_status open_blocks(loom_block_feed *head, loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  unsigned wanted = head->query.shards, shards = loom_cluster_shards(feed->cluster);
  if (wanted && wanted != shards)
    return loom_fail(error, LOOM_EINVAL, "the cluster has %u shards, and not %u", shards, wanted);
  loom_blocks_keep_to(feed->blocks, wanted ? (int)head->query.shard : LOOM_ALL_SHARDS);
  return loom_blocks_open(feed->blocks, loom_date_of_instant(head->query.from),
                          loom_date_of_instant(head->query.to), head->query.in_order, error);
}

static loom_status get(loom_block_feed *head, size_t i, int64_t store, struct loom_polls *polls,
                       loom_error *error) {
  const struct cluster_feed *feed = of_head(head);
  size_t from = polls->count;
  loom_status status = loom_blocks_get(feed->blocks, head->days[i], store, polls, error);
  return status == LOOM_OK
             ? loom_head_spool_add(&feed->spool, head->days[i], store, polls, from, error)
             : status;
}

static loom_status take(loom_block_feed *head, int64_t store, struct loom_polls *polls,
                        loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = head->first; status == LOOM_OK && i < head->end; i++)
    status = get(head, i, store, polls, error);
  return status;
}

static loom_status get_last(loom_block_feed *head, size_t i, int64_t store, bool *is_first,
                            struct loom_polls *polls, loom_error *error) {
  loom_status status = get(head, i, store, polls, error);
  if (status != LOOM_OK || polls->count == 0)
    return status;
  loom_poll_block_encode(polls->items, polls->count);
  struct loom_poll_part last =
      loom_poll_block_last(polls->items, polls->count * sizeof *polls->items, head->query.to);
  loom_poll_block_encode(polls->items, polls->count); /* which turns them back */
  *is_first = last.is_first;
  if (last.size)
    memmove(polls->items, last.bytes, last.size);
  polls->count = last.size / sizeof *polls->items;
  return LOOM_OK;
}

loom_status loom_feed_cluster_finish(loom_feed *feed, loom_error *error) {
  loom_blocks *blocks = ((struct cluster_feed *)feed)->blocks;
  return blocks ? loom_blocks_finish(blocks, error) : LOOM_OK;
}

static const struct loom_block_reader reader = {.newest = newest,
                                                .list = list,
                                                .open = open_blocks,
                                                .take = take,
                                                .get = get,
                                                .get_last = get_last,
                                                .scan = scan,
                                                .close = close_blocks,
                                                .free = free_feed};

loom_feed *loom_feed_cluster(struct loom_snapshot *snapshot, loom_cluster *cluster) {
  struct cluster_feed *feed = cluster ? calloc(1, sizeof *feed) : NULL;
  if (!feed) {
    loom_cluster_free(cluster);
    return NULL;
  }
  feed->cluster = cluster;
  loom_block_feed_join(&feed->head, &reader, snapshot);
  return &feed->head.feed;
}
