/*
** The spool of a head, in memory: it is small, but while the cluster is away.
*/
#include "cluster/head_spool.h"
#include "base/grow.h"
#include "cluster/catch_up.h"
#include "sqlite/head.h"
#include "sqlite/roster_rows.h"
#include "sqlite/spooled.h"
#include "sqlite/stored_polls.h"
#include "sqlite/unsent.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading it ---- */

struct reading {
  struct loom_head_spool *spool;
  size_t most;
};

static loom_status take(void *context, int32_t day, int64_t store, const struct loom_polls *polls,
                        loom_error *error) {
  const struct reading *reading = context;
  struct loom_head_spool *spool = reading->spool;
  spool->is_cut = spool->count && polls->count > reading->most - spool->polls.count;
  if (spool->is_cut)
    return LOOM_DONE;
  if (!loom_grow(&spool->blocks, &spool->capacity, spool->count + 1, sizeof *spool->blocks) ||
      !loom_polls_reserve(&spool->polls, spool->polls.count + polls->count))
    return loom_no_memory(error);
  spool->blocks[spool->count++] = (struct loom_spooled){
      .day = day, .store = store, .first = spool->polls.count, .count = polls->count};
  memcpy(spool->polls.items + spool->polls.count, polls->items,
         polls->count * sizeof *polls->items);
  spool->polls.count += polls->count;
  return LOOM_OK;
}

loom_status loom_head_spool_read(loom_database *head, size_t most, struct loom_head_spool *spool,
                                 loom_error *error) {
  struct reading reading = {spool, most};
  *spool = (struct loom_head_spool){0};
  loom_status status = loom_stored_polls_scan(head, INT32_MIN, INT32_MAX, take, &reading, error);
  return status == LOOM_DONE ? LOOM_OK : status;
}

void loom_head_spool_free(struct loom_head_spool *spool) {
  free(spool->blocks);
  loom_polls_free(&spool->polls);
  *spool = (struct loom_head_spool){0};
}

/* ---- with the cluster's ---- */

static int compare(const struct loom_spooled *block, int32_t day, int64_t store) {
  if (block->day != day)
    return block->day < day ? -1 : 1;
  return block->store < store ? -1 : block->store > store;
}

/* The place of a block, or of the first one behind it. */
static size_t place_of(const struct loom_head_spool *spool, int32_t day, int64_t store) {
  size_t low = 0, high = spool->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare(&spool->blocks[middle], day, store) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool is_at(const struct loom_head_spool *spool, size_t place, int32_t day, int64_t store) {
  return place < spool->count && compare(&spool->blocks[place], day, store) == 0;
}

loom_status loom_head_spool_add(const struct loom_head_spool *spool, int32_t day, int64_t store,
                                struct loom_polls *polls, size_t from, loom_error *error) {
  struct loom_polls merged = {0};
  struct loom_union_counts ignored = {0};
  size_t place = place_of(spool, day, store);
  if (!is_at(spool, place, day, store))
    return LOOM_OK;
  const struct loom_spooled *block = &spool->blocks[place];
  bool good = loom_polls_reserve(polls, polls->count + block->count) &&
              loom_polls_union(polls->items + from, polls->count - from,
                               spool->polls.items + block->first, block->count, &merged, &ignored);
  if (good) {
    memcpy(polls->items + from, merged.items, merged.count * sizeof *merged.items);
    polls->count = from + merged.count;
  }
  loom_polls_free(&merged);
  return good ? LOOM_OK : loom_no_memory(error);
}

loom_status loom_head_spool_days(const struct loom_head_spool *spool, int32_t **days, size_t *count,
                                 loom_error *error) {
  size_t most = *count, united = 0, at = 0;
  for (size_t i = 0; i < spool->count; i++)
    most += i == 0 || spool->blocks[i].day != spool->blocks[i - 1].day;
  if (most == *count)
    return LOOM_OK;
  int32_t *list = calloc(most, sizeof *list);
  if (!list)
    return loom_no_memory(error);
  for (size_t i = 0; i < spool->count; i++) {
    int32_t day = spool->blocks[i].day;
    while (at < *count && (*days)[at] < day)
      list[united++] = (*days)[at++];
    at += at < *count && (*days)[at] == day;
    if (united == 0 || list[united - 1] != day)
      list[united++] = day;
  }
  while (at < *count)
    list[united++] = (*days)[at++];
  free(*days);
  *days = list;
  *count = united;
  return LOOM_OK;
}

/* ---- days as a whole ---- */

struct scanning {
  const struct loom_head_spool *spool;
  loom_block_fn *visit;
  void *context;
  struct loom_polls united;
  size_t first; /* block of the day */
  bool *seen;   /* of those, which the cluster has, too */
};

static loom_status unite(void *context, int32_t day, int64_t store, const struct loom_polls *polls,
                         loom_error *error) {
  struct scanning *scanning = context;
  const struct loom_head_spool *spool = scanning->spool;
  struct loom_polls *united = &scanning->united;
  size_t place = place_of(spool, day, store);
  if (!is_at(spool, place, day, store))
    return scanning->visit(scanning->context, day, store, polls, error);
  scanning->seen[place - scanning->first] = true;
  if (!loom_polls_reserve(united, polls->count))
    return loom_no_memory(error);
  memcpy(united->items, polls->items, polls->count * sizeof *polls->items);
  united->count = polls->count;
  loom_status status = loom_head_spool_add(spool, day, store, united, 0, error);
  return status == LOOM_OK ? scanning->visit(scanning->context, day, store, united, error) : status;
}

loom_status loom_head_spool_scan(const struct loom_head_spool *spool, loom_blocks *blocks,
                                 int32_t day, loom_block_fn *visit, void *context,
                                 loom_error *error) {
  struct scanning scanning = {.spool = spool, .visit = visit, .context = context};
  scanning.first = place_of(spool, day, INT64_MIN);
  size_t end = scanning.first;
  while (end < spool->count && spool->blocks[end].day == day)
    end++;
  if (end == scanning.first)
    return loom_blocks_scan(blocks, visit, context, error);
  scanning.seen = calloc(end - scanning.first, sizeof *scanning.seen);
  loom_status status = scanning.seen ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_blocks_scan(blocks, unite, &scanning, error);
  for (size_t i = scanning.first; status == LOOM_OK && i < end; i++) {
    const struct loom_spooled *block = &spool->blocks[i];
    if (scanning.seen[i - scanning.first])
      continue;
    scanning.united.count = 0;
    status = loom_head_spool_add(spool, day, block->store, &scanning.united, 0, error);
    if (status == LOOM_OK)
      status = visit(context, day, block->store, &scanning.united, error);
  }
  free(scanning.seen);
  loom_polls_free(&scanning.united);
  return status;
}

/* ---- what is new in it ---- */

/* The end of the blocks from a place on that are of its day, and not more than `most`. */
static size_t end_of(const struct loom_head_spool *spool, size_t place, size_t most) {
  size_t end = place;
  while (end < spool->count && end - place < most &&
         spool->blocks[end].day == spool->blocks[place].day)
    end++;
  return end;
}

/* What is called with a block of the spool, and what the cluster has of that store's day. */
typedef loom_status compare_fn(void *context, const struct loom_head_spool *spool,
                               const struct loom_spooled *block, struct loom_polls *known,
                               loom_error *error);

/* Calls it for each block. */
static loom_status compare_all(const struct loom_head_spool *spool, loom_blocks *blocks,
                               compare_fn *compare_one, void *context, loom_error *error) {
  enum { STORES_MOST = 4096 };
  int64_t stores[STORES_MOST];
  struct loom_polls known = {0};
  loom_status status = loom_blocks_open(blocks, 0, -1, false, error); /* no day: all are loaded */
  for (size_t at = 0, end; status == LOOM_OK && at < spool->count; at = end) {
    end = end_of(spool, at, STORES_MOST);
    for (size_t i = at; i < end; i++)
      stores[i - at] = spool->blocks[i].store;
    status = loom_blocks_load(blocks, spool->blocks[at].day, stores, end - at, error);
    for (size_t i = at; status == LOOM_OK && i < end; i++) {
      known.count = 0;
      status = loom_blocks_get(blocks, spool->blocks[i].day, spool->blocks[i].store, &known, error);
      if (status == LOOM_OK)
        status = compare_one(context, spool, &spool->blocks[i], &known, error);
    }
  }
  if (status == LOOM_OK)
    status = loom_blocks_finish(blocks, error);
  loom_polls_free(&known);
  return status;
}

static loom_status count_news(void *context, const struct loom_head_spool *spool,
                              const struct loom_spooled *block, struct loom_polls *known,
                              loom_error *error) {
  int64_t *polls = context;
  size_t before = known->count;
  loom_status status = loom_head_spool_add(spool, block->day, block->store, known, 0, error);
  *polls += (int64_t)(known->count - before);
  return status;
}

loom_status loom_head_spool_news(const struct loom_head_spool *spool, loom_blocks *blocks,
                                 int64_t *polls, loom_error *error) {
  *polls = 0;
  return compare_all(spool, blocks, count_news, polls, error);
}

/* ---- behind others' commits ---- */

/* Removes from the spool the instants that the cluster has. */
static loom_status give_way(void *context, const struct loom_head_spool *spool,
                            const struct loom_spooled *block, struct loom_polls *known,
                            loom_error *error) {
  loom_database *head = context;
  const loom_poll *polls = spool->polls.items + block->first;
  struct loom_polls left = {0};
  size_t at = 0;
  if (!loom_polls_reserve(&left, block->count))
    return loom_no_memory(error);
  for (size_t i = 0; i < block->count; i++) {
    int64_t instant = loom_poll_instant(polls[i]);
    while (at < known->count && loom_poll_instant(known->items[at]) < instant)
      at++;
    if (at == known->count || loom_poll_instant(known->items[at]) != instant)
      left.items[left.count++] = polls[i];
  }
  loom_status status = LOOM_OK;
  size_t count = left.count;
  loom_poll_block_encode(left.items, count);
  if (count < block->count)
    status = loom_spooled_replace(head, block->day, block->store, left.items, count, error);
  loom_polls_free(&left);
  return status;
}

static loom_status follow(loom_database *head, loom_cluster *cluster,
                          const struct loom_ledger *ledger, loom_error *error) {
  struct loom_head_spool spool = {0};
  int64_t last = 0;
  loom_status status = loom_head_spool_read(head, SIZE_MAX, &spool, error);
  if (status == LOOM_OK)
    status = loom_head_last_polled(head, &last, error);
  loom_blocks *blocks = status == LOOM_OK ? loom_blocks_new(cluster, ledger, last) : NULL;
  if (status == LOOM_OK)
    status = blocks ? compare_all(&spool, blocks, give_way, head, error) : loom_no_memory(error);
  loom_blocks_free(blocks);
  loom_head_spool_free(&spool);
  return status == LOOM_OK ? loom_spooled_tell(head, error) : status;
}

/* Where the head's commit does not hold, others may have the numbers of all its stores. */
static loom_status doubt(loom_database *head, loom_cluster *cluster, const struct loom_head *known,
                         loom_error *error) {
  uint64_t holding = 0;
  loom_status status = LOOM_OK;
  if (known->number)
    status = loom_ledger_holding(cluster, known->number, &holding, error);
  if (status != LOOM_OK || holding == known->ingest)
    return status;
  status = loom_roster_clear(head, error);
  return status == LOOM_OK ? loom_unsent_note(head, 1, error) : status;
}

loom_status loom_head_spool_catch_up(loom_database *head, loom_cluster *cluster,
                                     struct loom_ledger *ledger, loom_error *error) {
  struct loom_head before;
  struct loom_ledger_tip tip = {0};
  struct loom_unsent unsent;
  int64_t spooled = 0;
  *ledger = (struct loom_ledger){0};
  loom_status status = loom_spooled_size(head, &spooled, error);
  if (status == LOOM_OK && spooled)
    status = loom_head_read(head, &before, error);
  if (status == LOOM_OK && spooled)
    status = loom_ledger_tip(cluster, &tip, error);
  if (status != LOOM_OK)
    return status;
  if (!spooled || (tip.number == before.number && tip.ingest == before.ingest))
    return loom_catch_up(head, cluster, ledger, error);
  status = doubt(head, cluster, &before, error);
  if (status == LOOM_OK)
    status = loom_unsent_set_aside(head, &unsent, error);
  else
    unsent = (struct loom_unsent){0};
  if (status == LOOM_OK)
    status = loom_catch_up(head, cluster, ledger, error);
  if (status == LOOM_OK) {
    status = loom_unsent_put_back(head, &unsent, error);
    if (status == LOOM_OK)
      status = follow(head, cluster, ledger, error);
    if (status != LOOM_OK)
      loom_ledger_free(ledger);
  }
  loom_unsent_free(&unsent);
  return status;
}

loom_status loom_head_spool_come_up(loom_database *head, loom_cluster *cluster, loom_error *error) {
  struct loom_ledger ledger = {0};
  loom_status status = loom_database_begin_write(head, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_spool_catch_up(head, cluster, &ledger, error);
  loom_ledger_free(&ledger);
  return loom_database_end_write(head, status, error);
}
