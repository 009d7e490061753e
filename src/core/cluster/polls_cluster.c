/*
** Polls by day and id, so many stores of a day at a time: their numbers, which say where they are, are in another order.
*/
#include "cluster/polls_cluster.h"
#include "base/id_table.h"
#include "cluster/blocks.h"
#include "cluster/head_spool.h"
#include "sqlite/head.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define STORES_MOST 4096 /* whose polls of a day are read at a time */

struct all_polls {
  struct loom_remote_polls polls; /* the first member */
  loom_database *head;
  loom_cluster *cluster;
  struct loom_ledger ledger;
  struct loom_head_spool spool;
  loom_blocks *blocks;
  int32_t *days;
  size_t day_count, day; /* the one at hand */
  struct loom_id_table ids;
  int64_t numbers[STORES_MOST];
  uint32_t next; /* of the ids */
  char last[LOOM_ID_MAX];
  size_t last_length;
  struct loom_polls given;
};

static void free_all(struct loom_remote_polls *head) {
  struct all_polls *all = (struct all_polls *)head;
  loom_blocks_free(all->blocks);
  loom_ledger_free(&all->ledger);
  loom_head_spool_free(&all->spool);
  loom_cluster_free(all->cluster);
  loom_id_table_free(&all->ids);
  loom_polls_free(&all->given);
  free(all->days);
  free(all);
}

/* Moves to the next stores of the day, or to the next day. LOOM_DONE: there is none. */
static loom_status list_stores(struct all_polls *all, loom_error *error) {
  loom_status status = LOOM_OK;
  loom_id_table_free(&all->ids);
  loom_id_table_init(&all->ids);
  all->next = 0;
  while (status == LOOM_OK && all->day < all->day_count) {
    int64_t from = (int64_t)all->days[all->day] * LOOM_DAY;
    status = loom_head_list(all->head, from, from + LOOM_DAY - 1, all->last, all->last_length,
                            STORES_MOST, &all->ids, all->numbers, error);
    if (status == LOOM_OK && all->ids.count)
      return loom_blocks_load(all->blocks, all->days[all->day], all->numbers, all->ids.count,
                              error);
    all->day++;
    all->last_length = 0;
  }
  if (status == LOOM_OK)
    status = loom_blocks_finish(all->blocks, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

static loom_status next(struct loom_remote_polls *head, const char **id, size_t *length,
                        const struct loom_polls **polls, loom_error *error) {
  struct all_polls *all = (struct all_polls *)head;
  loom_status status = LOOM_OK;
  all->given.count = 0;
  while (status == LOOM_OK && all->given.count == 0) {
    if (all->next == all->ids.count)
      status = list_stores(all, error);
    if (status != LOOM_OK)
      break;
    *id = loom_id_table_get(&all->ids, all->next, length);
    memcpy(all->last, *id, *length);
    all->last_length = *length;
    int64_t number = all->numbers[all->next++];
    int32_t day = all->days[all->day];
    status = loom_blocks_get(all->blocks, day, number, &all->given, error);
    if (status == LOOM_OK)
      status = loom_head_spool_add(&all->spool, day, number, &all->given, 0, error);
  }
  *polls = &all->given;
  return status;
}

loom_status loom_polls_cluster(loom_database *head, loom_cluster *cluster,
                               struct loom_remote_polls **polls, loom_error *error) {
  struct loom_head known;
  int64_t last = 0;
  struct all_polls *all = calloc(1, sizeof *all);
  *polls = NULL;
  if (!all) {
    loom_cluster_free(cluster);
    return loom_no_memory(error);
  }
  all->polls = (struct loom_remote_polls){.next = next, .free = free_all};
  all->head = head;
  all->cluster = cluster;
  loom_id_table_init(&all->ids);
  loom_status status = loom_head_read(head, &known, error);
  if (status == LOOM_OK && known.number)
    status = loom_ledger_read(cluster, known.number, known.ingest, &all->ledger, error);
  if (status == LOOM_OK)
    status = loom_head_last_polled(head, &last, error);
  if (status == LOOM_OK)
    status = loom_head_spool_read(head, SIZE_MAX, &all->spool, error);
  if (status == LOOM_OK) {
    all->days = loom_ledger_days(&all->ledger, &all->day_count);
    all->blocks = loom_blocks_new(cluster, &all->ledger, last);
    if (!all->days || !all->blocks)
      status = loom_no_memory(error);
  }
  if (status == LOOM_OK)
    status = loom_head_spool_days(&all->spool, &all->days, &all->day_count, error);
  if (status == LOOM_OK)
    status = loom_blocks_open(all->blocks, 0, -1, false, error); /* no day: all are loaded */
  if (status == LOOM_OK)
    *polls = &all->polls;
  else
    free_all(&all->polls);
  return status;
}
