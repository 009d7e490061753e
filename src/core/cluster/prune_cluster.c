/*
** Pruning a cluster: a survey of the days up to the cut, then their next generations, then the head's first polls.
*/
#include "cluster/prune_cluster.h"
#include "cluster/blocks.h"
#include "cluster/write_cluster.h"
#include "sqlite/head.h"
#include "sqlite/spooled.h"
#include "time/civil.h"

#include <stdlib.h>

struct work {
  loom_database *head;
  const struct loom_prune_options *options;
  struct loom_pruning *pruning;
  const struct loom_ledger *ledger;
  loom_blocks *blocks;
  int32_t *days;
  size_t day_count;
  int64_t stale; /* stores whose first poll has gone */
};

/* ---- the survey ---- */

static loom_status survey_block(void *context, int32_t day, int64_t store,
                                const struct loom_polls *polls, loom_error *error) {
  struct loom_pruning *pruning = ((struct work *)context)->pruning;
  size_t gone = loom_polls_before(polls, pruning->cut);
  (void)store, (void)error;
  loom_poll_extent_add(&pruning->gone, day, polls->items, gone);
  loom_poll_extent_add(&pruning->kept, day, polls->items + gone, polls->count - gone);
  return LOOM_OK;
}

static loom_status take_first(void *context, int32_t day, int64_t store,
                              const struct loom_polls *polls, loom_error *error) {
  struct loom_poll_extent *kept = &((struct work *)context)->pruning->kept;
  int64_t first = loom_poll_instant(polls->items[0]);
  (void)day, (void)store, (void)error;
  kept->first = first < kept->first ? first : kept->first;
  return LOOM_OK;
}

static loom_status scan_day(struct work *work, int32_t day, loom_block_fn *visit,
                            loom_error *error) {
  loom_status status = loom_blocks_open(work->blocks, day, day, true, error);
  return status == LOOM_OK ? loom_blocks_scan(work->blocks, visit, work, error) : status;
}

/* What is after the day of the cut stays: the ledger knows how much. */
static void count_later(struct work *work, int32_t day) {
  struct loom_poll_extent *kept = &work->pruning->kept;
  for (size_t i = 0; i < work->ledger->part_count; i++)
    if (work->ledger->parts[i].day > day)
      kept->polls += (int64_t)work->ledger->parts[i].added;
  for (size_t i = 0; i < work->day_count; i++)
    kept->days += work->days[i] > day;
}

static loom_status look(struct work *work, loom_error *error) {
  struct loom_pruning *pruning = work->pruning;
  int64_t newest = 0;
  loom_status status = loom_head_newest(work->head, &newest, error);
  if (status != LOOM_OK)
    return status;
  pruning->cut = (newest < work->options->now ? newest : work->options->now) - work->options->keep;
  if (pruning->cut < LOOM_INSTANT_MIN)
    pruning->cut = LOOM_INSTANT_MIN;
  int32_t day = loom_date_of_instant(pruning->cut);
  size_t next = 0;
  for (; status == LOOM_OK && next < work->day_count && work->days[next] <= day; next++)
    status = scan_day(work, work->days[next], survey_block, error);
  if (status == LOOM_OK && pruning->kept.polls == 0 && next < work->day_count) {
    pruning->kept.first = INT64_MAX;
    status = scan_day(work, work->days[next], take_first, error);
  }
  pruning->kept.newest = newest;
  count_later(work, day);
  return status;
}

/* ---- first polls ---- */

/* LOOM_DONE: every store's has been told. */
static loom_status tell_first(void *context, int32_t day, int64_t store,
                              const struct loom_polls *polls, loom_error *error) {
  struct work *work = context;
  int64_t cut = work->pruning->cut;
  size_t first = loom_polls_before(polls, cut);
  bool told = false;
  (void)day;
  if (first == polls->count)
    return LOOM_OK;
  loom_status status =
      loom_head_first(work->head, cut, store, loom_poll_instant(polls->items[first]), &told, error);
  work->stale -= told;
  return status == LOOM_OK && work->stale == 0 ? LOOM_DONE : status;
}

static loom_status update_head(struct work *work, loom_error *error) {
  int32_t day = loom_date_of_instant(work->pruning->cut);
  loom_status status = loom_head_forget(work->head, work->pruning->cut, &work->stale, error);
  for (size_t i = 0; status == LOOM_OK && work->stale && i < work->day_count; i++)
    if (work->days[i] >= day)
      status = scan_day(work, work->days[i], tell_first, error);
  if (status == LOOM_OK && work->stale)
    status = loom_fail(error, LOOM_ECORRUPT, "a store has no blocks of the polls that it had last");
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* ---- the whole ---- */

static loom_status open_work(struct work *work, loom_cluster *cluster, loom_error *error) {
  int64_t last = 0;
  loom_status status = loom_head_last_polled(work->head, &last, error);
  if (status != LOOM_OK)
    return status;
  work->days = loom_ledger_days(work->ledger, &work->day_count);
  work->blocks = loom_blocks_new(cluster, work->ledger, last);
  return work->days && work->blocks ? LOOM_OK : loom_no_memory(error);
}

static void close_work(struct work *work) {
  loom_blocks_free(work->blocks);
  free(work->days);
}

static loom_status look_by(const struct work *asked, const struct loom_ledger *ledger,
                           loom_cluster *cluster, loom_error *error) {
  struct work work = *asked;
  work.ledger = ledger;
  loom_status status = open_work(&work, cluster, error);
  if (status == LOOM_OK)
    status = look(&work, error);
  close_work(&work);
  return status;
}

static loom_status look_only(const struct work *work, loom_cluster *cluster, loom_error *error) {
  struct loom_head head;
  struct loom_ledger ledger = {0};
  loom_status status = loom_database_begin_read(work->head, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_read(work->head, &head, error);
  if (status == LOOM_OK && head.number)
    status = loom_ledger_read(cluster, head.number, head.ingest, &ledger, error);
  if (status == LOOM_OK)
    status = look_by(work, &ledger, cluster, error);
  loom_ledger_free(&ledger);
  loom_database_end_read(work->head);
  return status == LOOM_EEMPTY ? LOOM_OK : status;
}

static loom_status remove_days(struct work *work, loom_cluster_write *write, loom_error *error) {
  int32_t last = loom_date_of_instant(work->pruning->cut);
  loom_status status = loom_cluster_write_begin_file(write, error);
  for (size_t i = 0; status == LOOM_OK && i < work->day_count && work->days[i] <= last; i++)
    status = loom_cluster_write_renewed(write, work->days[i], work->pruning->cut, error);
  return status;
}

static loom_status remove_old(struct work *work, loom_cluster_write *write, loom_error *error) {
  const struct loom_pruning *pruning = work->pruning;
  work->ledger = loom_cluster_write_ledger(write);
  loom_status status = open_work(work, loom_cluster_write_cluster(write), error);
  if (status == LOOM_OK)
    status = look(work, error);
  if (status == LOOM_OK && pruning->gone.polls > pruning->kept.polls && !work->options->force)
    status = loom_prune_ask_first(work->head, pruning, error);
  if (status == LOOM_OK && pruning->gone.polls) {
    status = remove_days(work, write, error);
    if (status == LOOM_OK) /* by the generation before */
      status = update_head(work, error);
    if (status == LOOM_OK)
      status = loom_prune_note(work->head, &work->options->author, &pruning->gone, error);
  }
  close_work(work);
  return status;
}

/* LOOM_EAGAIN: polls have come to the spool. */
static loom_status check_spool(loom_database *head, loom_error *error) {
  int64_t polls = 0;
  loom_status status = loom_spooled_size(head, &polls, error);
  if (status == LOOM_OK && polls)
    status = loom_fail(error, LOOM_EAGAIN, "polls come in all the time: try again");
  return status;
}

loom_status loom_prune_cluster(loom_database *head, loom_cluster *cluster,
                               const struct loom_prune_options *options,
                               struct loom_pruning *pruning, loom_error *error) {
  struct work work = {.head = head, .options = options, .pruning = pruning};
  loom_cluster_write *write;
  if (options->dry_run) {
    loom_status looked = look_only(&work, cluster, error);
    loom_cluster_free(cluster);
    return looked;
  }
  loom_status status = loom_database_begin_write(head, error);
  if (status == LOOM_OK)
    status = check_spool(head, error);
  if (status == LOOM_OK)
    status = loom_cluster_write_of(head, loom_cluster_lend, &cluster, &write, error);
  if (status == LOOM_OK)
    status = remove_old(&work, write, error);
  if (status == LOOM_EEMPTY)
    status = LOOM_OK;
  status = loom_database_end_write(head, status, error);
  loom_cluster_free(cluster);
  return status;
}
