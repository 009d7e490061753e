/*
** The cluster as a feed. Its snapshot is the head's: of the ledger that is read which the head has come to, so that stores, and the
** first and newest poll of each, are of the same commit as the polls.
*/
#include "cluster/feed_cluster.h"
#include "cluster/blocks.h"
#include "sqlite/head.h"
#include "time/civil.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct cluster_feed {
  loom_feed feed; /* the first member */
  struct loom_part part;
  loom_database *database; /* the head */
  loom_cluster *cluster;
  struct loom_feed_query query;
  struct loom_ledger ledger;
  loom_blocks *blocks;          /* NULL: the snapshot's ledger has not been read */
  int32_t *days;                /* that hold polls, in order */
  size_t day_count, first, end; /* those of the query's range */
  struct loom_polls some;       /* while others are put behind them */
};

static struct cluster_feed *of_head(loom_feed *feed) {
  return (struct cluster_feed *)feed;
}

/* ---- snapshot ---- */

static void end(loom_feed *head) {
  struct cluster_feed *feed = of_head(head);
  loom_blocks_free(feed->blocks);
  loom_ledger_free(&feed->ledger);
  free(feed->days);
  feed->blocks = NULL;
  feed->days = NULL;
  feed->day_count = feed->first = feed->end = 0;
  loom_polls_free(&feed->some);
  loom_snapshot_end(&feed->part);
}

static void let_go(struct loom_holder *holder) {
  end((loom_feed *)((char *)holder - offsetof(struct cluster_feed, part.holder)));
}

static loom_status begin(loom_feed *head, loom_error *error) {
  return loom_snapshot_begin(&of_head(head)->part, let_go, error);
}

static void free_feed(loom_feed *head) {
  struct cluster_feed *feed = of_head(head);
  end(head);
  loom_snapshot_free(feed->part.snapshot);
  loom_cluster_free(feed->cluster);
  free(feed);
}

/* Reads the ledger as the head knows it, when it is first needed. */
static loom_status read_ledger(struct cluster_feed *feed, loom_error *error) {
  struct loom_head head;
  int64_t last_store = 0;
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status != LOOM_OK || feed->blocks)
    return status;
  status = loom_head_read(feed->database, &head, error);
  if (status == LOOM_OK)
    status = loom_head_last_polled(feed->database, &last_store, error);
  if (status == LOOM_OK && head.number)
    status = loom_ledger_read(feed->cluster, head.number, head.ingest, &feed->ledger, error);
  if (status != LOOM_OK)
    return status;
  feed->days = loom_ledger_days(&feed->ledger, &feed->day_count);
  feed->blocks = loom_blocks_new(feed->cluster, &feed->ledger, last_store);
  return feed->days && feed->blocks ? LOOM_OK : loom_no_memory(error);
}

static loom_status newest(loom_feed *head, int64_t *instant, loom_error *error) {
  return loom_head_newest(of_head(head)->database, instant, error);
}

static loom_status revision(loom_feed *head, int64_t *number, loom_error *error) {
  return loom_database_revision(of_head(head)->database, number, error);
}

static loom_status state(loom_feed *head, int64_t *number, loom_error *error) {
  struct loom_head known;
  loom_status status = loom_head_read(of_head(head)->database, &known, error);
  *number = (int64_t)known.number;
  return status;
}

/* ---- days ---- */

static loom_status days(loom_feed *head, const int32_t **list, size_t *count, loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  loom_status status = read_ledger(feed, error);
  *list = feed->days;
  *count = feed->day_count;
  return status;
}

static loom_status look_at_block(void *context, int32_t date, int64_t store,
                                 const struct loom_polls *polls, loom_error *error) {
  struct loom_feed_day *found = context;
  int64_t first = loom_poll_instant(polls->items[0]),
          last = loom_poll_instant(polls->items[polls->count - 1]);
  (void)date;
  (void)store;
  (void)error;
  found->first = found->stores == 0 || first < found->first ? first : found->first;
  found->last = found->stores == 0 || last > found->last ? last : found->last;
  found->stores++;
  found->polls += polls->count;
  return LOOM_OK;
}

static loom_status day(loom_feed *head, int32_t date, struct loom_feed_day *found,
                       loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  *found = (struct loom_feed_day){0};
  loom_status status = read_ledger(feed, error);
  if (status == LOOM_OK)
    status = loom_blocks_open(feed->blocks, date, date, true, error);
  if (status == LOOM_OK)
    status = loom_blocks_scan(feed->blocks, look_at_block, found, error);
  return status;
}

/* ---- open ---- */

static loom_status open_feed(loom_feed *head, const struct loom_feed_query *query,
                             loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  int32_t first = loom_date_of_instant(query->from), last = loom_date_of_instant(query->to);
  loom_status status = read_ledger(feed, error);
  if (status != LOOM_OK)
    return status;
  feed->query = *query;
  feed->first = 0;
  while (feed->first < feed->day_count && feed->days[feed->first] < first)
    feed->first++;
  for (feed->end = feed->first; feed->end < feed->day_count && feed->days[feed->end] <= last;)
    feed->end++;
  return loom_blocks_open(feed->blocks, first, last, query->in_order, error);
}

/* ---- next ---- */

/* Puts what is in `some` before a store's polls. */
static loom_status put_before(struct cluster_feed *feed, struct loom_polls *polls, size_t from,
                              loom_error *error) {
  size_t count = feed->some.count - from;
  if (count == 0)
    return LOOM_OK;
  if (!loom_polls_reserve(polls, polls->count + count))
    return loom_no_memory(error);
  memmove(polls->items + count, polls->items, polls->count * sizeof *polls->items);
  memcpy(polls->items, feed->some.items + from, count * sizeof *polls->items);
  polls->count += count;
  return LOOM_OK;
}

/* Reads a day into `some`. */
static loom_status read_some(struct cluster_feed *feed, int32_t date, int64_t store,
                             loom_error *error) {
  feed->some.count = 0;
  return loom_blocks_get(feed->blocks, date, store, &feed->some, error);
}

/* Puts the nearest poll before the query's range in front of the others, unless one is there already. */
static loom_status add_before(struct cluster_feed *feed, struct loom_store *store,
                              loom_error *error) {
  struct loom_polls *polls = &store->polls;
  loom_status status = LOOM_OK;
  if (store->first_poll >= feed->query.from ||
      (polls->count && loom_poll_instant(polls->items[0]) < feed->query.from))
    return LOOM_OK;
  feed->some.count = 0;
  if (store->newest_poll < feed->query.from) /* silent since then: no need to look for it */
    return loom_polls_reserve(&feed->some, 1)
               ? (feed->some.items[feed->some.count++] =
                      loom_poll_pack(store->newest_poll, store->newest_active),
                  put_before(feed, polls, 0, error))
               : loom_no_memory(error);
  for (size_t i = feed->first; status == LOOM_OK && i-- > 0 && feed->some.count == 0;)
    status = read_some(feed, feed->days[i], store->number, error);
  if (status == LOOM_OK && feed->some.count)
    status = put_before(feed, polls, feed->some.count - 1, error);
  return status;
}

/* Appends the nearest poll after the range, up to as_of, unless one is there already. */
static loom_status add_after(struct cluster_feed *feed, struct loom_store *store,
                             loom_error *error) {
  struct loom_polls *polls = &store->polls;
  loom_status status = LOOM_OK;
  size_t before = polls->count;
  int32_t last = loom_date_of_instant(feed->query.as_of);
  if (feed->query.to >= feed->query.as_of || store->newest_poll <= feed->query.to ||
      (before && loom_poll_instant(polls->items[before - 1]) > feed->query.to))
    return LOOM_OK;
  for (size_t i = feed->end;
       status == LOOM_OK && i < feed->day_count && feed->days[i] <= last && polls->count == before;
       i++)
    status = loom_blocks_get(feed->blocks, feed->days[i], store->number, polls, error);
  return status;
}

static loom_status take_all(struct cluster_feed *feed, struct loom_store *store,
                            loom_error *error) {
  loom_status status = LOOM_OK;
  store->polls.count = 0;
  for (size_t i = feed->first; status == LOOM_OK && i < feed->end; i++)
    status = loom_blocks_get(feed->blocks, feed->days[i], store->number, &store->polls, error);
  if (status != LOOM_OK || !store->polled || !feed->query.neighbours)
    return status;
  status = add_before(feed, store, error);
  return status == LOOM_OK ? add_after(feed, store, error) : status;
}

/* ---- the last ones ---- */

/* Notes how far a store's polls go back: days before `next_day` have not been looked at. */
static void note_reach(struct loom_store *store, int32_t next_day) {
  int64_t reach = (int64_t)next_day * LOOM_DAY + LOOM_DAY; /* all from here on are there */
  if (store->polls.count)
    reach = loom_poll_instant(store->polls.items[0]);
  store->polls_day = next_day;
  store->has_more_polls = store->polled && store->first_poll < reach;
}

/* Takes the last polls of a day. *is_enough: those before them are not wanted now. */
static loom_status take_last_of(struct cluster_feed *feed, int32_t date, struct loom_store *store,
                                bool *is_enough, loom_error *error) {
  struct loom_polls *some = &feed->some;
  struct loom_poll_part last = {.is_first = true};
  size_t from = 0;
  loom_status status = read_some(feed, date, store->number, error);
  if (status == LOOM_OK && some->count) {
    loom_poll_block_encode(some->items, some->count);
    last = loom_poll_block_last(some->items, some->count * sizeof *some->items, feed->query.to);
    loom_poll_block_encode(some->items, some->count);
    if (last.size) {
      from = (size_t)((const loom_poll *)last.bytes - some->items);
      some->count = from + last.size / sizeof *some->items;
    } else {
      some->count = 0;
    }
  }
  if (status == LOOM_OK)
    status = put_before(feed, &store->polls, from, error);
  note_reach(store, last.is_first ? date - 1 : date);
  *is_enough = !last.is_first;
  return status;
}

/* Adds a store's polls of a day that come before those that it has, up to the query's end. */
static loom_status add_day_before(struct cluster_feed *feed, int32_t date, struct loom_store *store,
                                  loom_error *error) {
  struct loom_polls *some = &feed->some;
  int64_t last = feed->query.to;
  if (store->polls.count)
    last = loom_poll_instant(store->polls.items[0]) - 1;
  loom_status status = read_some(feed, date, store->number, error);
  while (some->count && loom_poll_instant(some->items[some->count - 1]) > last)
    some->count--;
  return status == LOOM_OK ? put_before(feed, &store->polls, 0, error) : status;
}

static loom_status earlier(loom_feed *head, struct loom_store *store, unsigned wanted,
                           loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  size_t left = feed->day_count; /* of the days that may still have some */
  while (left > 0 && feed->days[left - 1] > store->polls_day)
    left--;
  while (status == LOOM_OK && wanted > 0 && left > 0 && store->has_more_polls) {
    size_t count = store->polls.count;
    int32_t date = feed->days[--left];
    status = add_day_before(feed, date, store, error);
    note_reach(store, date - 1);
    wanted -= store->polls.count > count;
  }
  if (status == LOOM_OK && left == 0)
    store->has_more_polls = false;
  return status;
}

/* The last polls of the query's range, or the last one of all before it. */
static loom_status take_last(struct cluster_feed *feed, struct loom_store *store,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  bool is_enough = false;
  int32_t last_day = loom_date_of_instant(feed->query.to);
  int64_t near = feed->end > feed->first ? (int64_t)feed->days[feed->first] * LOOM_DAY : INT64_MAX;
  note_reach(store, last_day);
  if (!store->polled || store->first_poll > feed->query.to) {
    store->has_more_polls = false;
    return LOOM_OK;
  }
  if (store->newest_poll <= feed->query.to && store->newest_poll < near) { /* silent since then */
    if (!loom_polls_reserve(&store->polls, 1))
      return loom_no_memory(error);
    store->polls.items[store->polls.count++] =
        loom_poll_pack(store->newest_poll, store->newest_active);
    note_reach(store, loom_date_of_instant(store->newest_poll));
    return LOOM_OK;
  }
  for (size_t i = feed->end; i-- > feed->first && status == LOOM_OK && !is_enough;)
    status = take_last_of(feed, feed->days[i], store, &is_enough, error);
  if (status == LOOM_OK && store->polls.count == 0)
    status = earlier(&feed->feed, store, 1, error);
  return status;
}

static loom_status next(loom_feed *head, struct loom_store *store, loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status != LOOM_OK)
    return status;
  return feed->query.last ? take_last(feed, store, error) : take_all(feed, store, error);
}

loom_status loom_feed_cluster_finish(loom_feed *head, loom_error *error) {
  struct cluster_feed *feed = of_head(head);
  return feed->blocks ? loom_blocks_finish(feed->blocks, error) : LOOM_OK;
}

static const struct loom_feed_type type = {.begin = begin,
                                           .newest = newest,
                                           .days = days,
                                           .day = day,
                                           .open = open_feed,
                                           .next = next,
                                           .earlier = earlier,
                                           .revision = revision,
                                           .state = state,
                                           .end = end,
                                           .free = free_feed};

loom_feed *loom_feed_cluster(struct loom_snapshot *snapshot, loom_cluster *cluster) {
  struct cluster_feed *feed = cluster ? calloc(1, sizeof *feed) : NULL;
  if (!feed) {
    loom_cluster_free(cluster);
    return NULL;
  }
  feed->feed.type = &type;
  feed->database = snapshot->database;
  feed->cluster = cluster;
  loom_snapshot_join(snapshot, &feed->part);
  return &feed->feed;
}
