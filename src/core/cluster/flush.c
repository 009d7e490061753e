/*
** Flushing, so many polls at a time that memory is bounded.
*/
#include "cluster/flush.h"
#include "base/text.h"
#include "cluster/head_spool.h"
#include "sqlite/head.h"
#include "sqlite/spooled.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_POLLS (1 << 20) /* polls of an ingest: 8 MB */
#define BATCH_STORES 16384    /* of a day that are sent at a time: see sink_cluster.c */
#define TRIES 4 /* while others commit, and then one that keeps others from the head */
#define LOCKED_POLLS (1 << 16) /* of that one */

typedef loom_status open_fn(void *context, loom_cluster **cluster, loom_error *error);

/* Polls of the spool on their way, and the ids of their stores. */
struct load {
  struct loom_head_spool spool;
  struct loom_head head; /* as it was when they were read */
  struct loom_portion *portions;
  struct loom_reach *reach; /* which the head knows already */
  struct loom_text ids;
};

static void free_load(struct load *load) {
  loom_head_spool_free(&load->spool);
  free(load->portions);
  free(load->reach);
  loom_text_free(&load->ids);
}

/* ---- reading ---- */

/* A portion without its id, which is put behind those of others, where it moves. */
static loom_status read_portion(loom_database *head, struct load *load, size_t at,
                                loom_error *error) {
  const struct loom_spooled *block = &load->spool.blocks[at];
  struct loom_portion *portion = &load->portions[at];
  load->reach[at] = LOOM_NO_REACH;
  *portion = (struct loom_portion){.store = block->store,
                                   .polls = load->spool.polls.items + block->first,
                                   .count = block->count,
                                   .reach = &load->reach[at]};
  if (!loom_text_reserve(&load->ids, LOOM_ID_MAX))
    return loom_no_memory(error);
  loom_status status = loom_head_id(head, block->store, load->ids.bytes + load->ids.length,
                                    &portion->id_length, error);
  load->ids.length += portion->id_length;
  return status;
}

/* Reads some polls, within a transaction. */
static loom_status read_load(loom_database *head, size_t most, struct load *load,
                             loom_error *error) {
  *load = (struct load){0};
  loom_status status = loom_head_read(head, &load->head, error);
  if (status == LOOM_OK)
    status = loom_head_spool_read(head, most, &load->spool, error);
  size_t count = load->spool.count, length = 0;
  if (status != LOOM_OK || count == 0)
    return status;
  load->portions = calloc(count, sizeof *load->portions);
  load->reach = calloc(count, sizeof *load->reach);
  if (!load->portions || !load->reach)
    return loom_no_memory(error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++)
    status = read_portion(head, load, i, error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    load->portions[i].id = load->ids.bytes + length;
    length += load->portions[i].id_length;
  }
  return status;
}

/* ---- sending ---- */

static loom_status send(const struct load *load, loom_cluster_write *write,
                        struct loom_counts *counts, loom_error *error) {
  const struct loom_spooled *blocks = load->spool.blocks;
  loom_status status = loom_cluster_write_begin_file(write, error);
  for (size_t at = 0, end; status == LOOM_OK && at < load->spool.count; at = end) {
    end = at + 1;
    while (end < load->spool.count && end - at < BATCH_STORES && blocks[end].day == blocks[at].day)
      end++;
    status =
        loom_cluster_write_day(write, blocks[at].day, load->portions + at, end - at, counts, error);
  }
  return status;
}

/* Removes what was sent from the spool, but for blocks that have grown: all of these is flushed again. */
static loom_status remove_load(loom_database *head, struct load *load, loom_error *error) {
  struct loom_polls *polls = &load->spool.polls;
  loom_status status = LOOM_OK;
  loom_poll_block_encode(polls->items, polls->count);
  for (size_t i = 0; status == LOOM_OK && i < load->spool.count; i++) {
    const struct loom_spooled *block = &load->spool.blocks[i];
    status = loom_spooled_remove(head, block->day, block->store, polls->items + block->first,
                                 block->count, error);
  }
  return status;
}

/* ---- in a transaction of its own ---- */

/* The same polls are in the head and the cluster before and after it: what was made of them is still good. */
static loom_status commit(loom_database *head, struct load *load, loom_cluster_write *write,
                          loom_error *error) {
  struct loom_head now;
  loom_status status = loom_database_begin_write(head, error);
  if (status != LOOM_OK) {
    loom_cluster_write_free(write);
    return status;
  }
  loom_cluster_write_join(write, head);
  status = loom_head_read(head, &now, error);
  if (status == LOOM_OK && (now.number != load->head.number || now.ingest != load->head.ingest))
    status = loom_fail(error, LOOM_EBUSY, "others write to the cluster all the time: try again");
  if (status == LOOM_OK)
    status = remove_load(head, load, error);
  if (status == LOOM_OK)
    loom_database_keep_revision(head);
  return loom_database_end_write(head, status, error);
}

/* Brings the head up to commits that it has not heard of. */
static loom_status catch_up(loom_database *head, open_fn *open, void *context, loom_error *error) {
  loom_cluster *cluster = NULL;
  loom_status status = open(context, &cluster, error);
  if (status == LOOM_OK)
    status = loom_head_spool_come_up(head, cluster, error);
  loom_cluster_free(cluster);
  return status;
}

static void add_flushed(struct loom_flushed *flushed, const struct load *load,
                        const struct loom_counts *counts) {
  flushed->polls += load->spool.polls.count;
  flushed->counts.added += counts->added;
  flushed->counts.duplicates += counts->duplicates;
  flushed->counts.conflicts += counts->conflicts;
}

static loom_status send_and_commit(loom_database *head, struct load *load,
                                   loom_cluster_write *write, struct loom_flushed *flushed,
                                   loom_error *error) {
  struct loom_counts counts = {0};
  loom_status status = send(load, write, &counts, error);
  if (status != LOOM_OK) {
    loom_cluster_write_free(write);
    return status;
  }
  status = commit(head, load, write, error);
  if (status == LOOM_OK)
    add_flushed(flushed, load, &counts);
  return status;
}

/* LOOM_EBUSY: the head has not come to this commit. */
static loom_status check_last(const struct load *load, uint64_t number, uint64_t ingest,
                              loom_error *error) {
  if (number == load->head.number && ingest == load->head.ingest)
    return LOOM_OK;
  return loom_fail(error, LOOM_EBUSY, "others write to the cluster all the time: try again");
}

static loom_status check_tip(loom_database *head, const struct load *load, loom_cluster *cluster,
                             struct loom_ledger_tip *tip, loom_error *error) {
  loom_status status = loom_ledger_tip(cluster, tip, error);
  if (status == LOOM_OK)
    status = loom_head_check_identity(head, &load->head, tip->identity, error);
  return status == LOOM_OK ? check_last(load, tip->number, tip->ingest, error) : status;
}

/* Begins a write where the head has come to the last commit. */
static loom_status begin(loom_database *head, const struct load *load, loom_cluster *cluster,
                         loom_cluster_write **write, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_status status = check_tip(head, load, cluster, &tip, error);
  if (status == LOOM_OK)
    status = loom_cluster_check_owner(head, cluster, &tip, error);
  if (status != LOOM_OK) {
    loom_cluster_free(cluster);
    return status;
  }
  status = loom_cluster_write_ahead(cluster, head, write, error);
  if (status != LOOM_OK)
    return status;
  const struct loom_ledger *ledger = loom_cluster_write_ledger(*write);
  status = check_last(load, ledger->number, ledger->ingest, error);
  if (status != LOOM_OK)
    loom_cluster_write_free(*write);
  return status;
}

static loom_status flush_load(loom_database *head, struct load *load, open_fn *open, void *context,
                              struct loom_flushed *flushed, loom_error *error) {
  loom_cluster *cluster = NULL;
  loom_cluster_write *write = NULL;
  loom_error ignored;
  loom_status status = open(context, &cluster, error);
  if (status != LOOM_OK)
    return status;
  status = begin(head, load, cluster, &write, error);
  if (status == LOOM_OK)
    return send_and_commit(head, load, write, flushed, error);
  if (status == LOOM_EBUSY && catch_up(head, open, context, &ignored) != LOOM_OK)
    *error = ignored;
  return status == LOOM_EBUSY ? error->code : status;
}

/* Brings the head up where there is nothing to flush, whoever writes to the cluster. */
static loom_status keep_up(loom_database *head, const struct load *load, open_fn *open,
                           void *context, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_cluster *cluster = NULL;
  loom_status status = open(context, &cluster, error);
  if (status != LOOM_OK)
    return status;
  status = check_tip(head, load, cluster, &tip, error);
  if (status == LOOM_EBUSY)
    status = catch_up(head, open, context, error);
  if (status == LOOM_OK)
    status = loom_cluster_check_owner(head, cluster, &tip, error);
  loom_cluster_free(cluster);
  return status;
}

/* Flushes the first polls; *more: there were others behind them. */
static loom_status flush_some(loom_database *head, open_fn *open, void *context,
                              struct loom_flushed *flushed, bool *more, loom_error *error) {
  struct load load;
  *more = false;
  loom_status status = loom_database_begin_read(head, error);
  if (status != LOOM_OK)
    return status;
  status = read_load(head, FLUSH_POLLS, &load, error);
  loom_database_end_read(head);
  *more = status == LOOM_OK && load.spool.is_cut;
  if (status == LOOM_OK)
    status = load.spool.count ? flush_load(head, &load, open, context, flushed, error)
                              : keep_up(head, &load, open, context, error);
  free_load(&load);
  return status;
}

/* ---- with others kept from the head ---- */

static loom_status send_within(loom_database *head, struct load *load, open_fn *open, void *context,
                               struct loom_counts *counts, loom_error *error) {
  loom_cluster_write *write;
  struct loom_head before = {0};
  loom_status status = loom_head_read(head, &before, error);
  if (status == LOOM_OK)
    status = loom_cluster_write_of(head, open, context, &write, error);
  if (status == LOOM_OK)
    status = read_load(head, LOCKED_POLLS, load, error);
  if (status == LOOM_OK && load->spool.count)
    status = send(load, write, counts, error);
  if (status == LOOM_OK)
    status = remove_load(head, load, error);
  if (status == LOOM_OK && load->head.number == before.number && load->head.ingest == before.ingest)
    loom_database_keep_revision(head); /* it has not been brought up */
  return status;
}

/* The same in one transaction, for where others write all the time: only other heads can come between. */
static loom_status flush_locked(loom_database *head, open_fn *open, void *context,
                                struct loom_flushed *flushed, bool *more, loom_error *error) {
  struct load load = {0};
  struct loom_counts counts = {0};
  loom_status status = loom_database_begin_write(head, error);
  if (status != LOOM_OK)
    return status;
  status = send_within(head, &load, open, context, &counts, error);
  status = loom_database_end_write(head, status, error);
  *more = status == LOOM_OK && load.spool.is_cut;
  if (status == LOOM_OK)
    add_flushed(flushed, &load, &counts);
  free_load(&load);
  return status;
}

loom_status loom_flush(loom_database *head, open_fn *open, void *context,
                       struct loom_flushed *flushed, loom_error *error) {
  loom_status status = LOOM_OK;
  bool more = true;
  int tries = TRIES;
  *flushed = (struct loom_flushed){0};
  while (status == LOOM_OK && more) {
    status = tries ? flush_some(head, open, context, flushed, &more, error)
                   : flush_locked(head, open, context, flushed, &more, error);
    if (status == LOOM_EBUSY && tries) {
      tries--;
      status = LOOM_OK;
      more = true;
    } else {
      tries = TRIES;
    }
  }
  return status;
}

/* ---- within another's ---- */

loom_status loom_flush_within(loom_database *head, loom_cluster_write *write, loom_error *error) {
  struct loom_counts ignored = {0};
  loom_status status = LOOM_OK;
  bool more = true;
  while (status == LOOM_OK && more) {
    struct load load;
    status = read_load(head, FLUSH_POLLS, &load, error);
    more = load.spool.count > 0;
    if (status == LOOM_OK && more)
      status = send(&load, write, &ignored, error);
    if (status == LOOM_OK && more)
      status = remove_load(head, &load, error);
    free_load(&load);
  }
  return status;
}
