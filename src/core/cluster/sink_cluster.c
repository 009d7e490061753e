/*
** Staged polls on their way to a cluster: by day, so many stores of one at a time, that memory is bounded.
*/
#include "cluster/sink_cluster.h"
#include "base/grow.h"
#include "cluster/flush.h"
#include "read/poll_sorter.h"
#include "sqlite/database.h"
#include "write/sink_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_POLLS (1 << 20) /* of a day that are written at a time: 8 MB, a few inserts */
#define BATCH_STORES                                                                               \
  16384 /* and stores: the SQL that asks for what is stored has as many numbers */

struct cluster_sink {
  loom_sink sink; /* the first member */
  loom_sink *file;
  loom_database *database;
  loom_status (*open)(void *context, loom_cluster **cluster, loom_error *error);
  void *context;
  loom_staging *staging; /* of polls, that is half stored; NULL: none is */
  uint64_t applied;
  struct loom_store_numbers stores;
  struct loom_reach *reach;
  struct loom_poll_group next; /* that has been taken, and waits for its day */
  bool has_next;
  struct loom_polls polls; /* of the batch */
  struct loom_portion *portions;
  size_t *ends; /* of the portions in `polls` */
  size_t count, portion_capacity, end_capacity;
};

static struct cluster_sink *of_head(loom_sink *sink) {
  return (struct cluster_sink *)sink;
}

/* Lets go of what is half stored. */
static void end_apply(struct cluster_sink *sink) {
  free(sink->stores.numbers);
  free(sink->reach);
  sink->stores = (struct loom_store_numbers){0};
  sink->reach = NULL;
  sink->staging = NULL;
  sink->has_next = false;
}

static loom_status begin(loom_sink *head, loom_error *error) {
  return loom_sink_begin(of_head(head)->file, error);
}

/* ---- polls ---- */

static loom_status prepare_stores(struct cluster_sink *sink, loom_error *error) {
  loom_staging *staging = sink->staging;
  size_t count = staging->ids->count;
  sink->stores.ids = staging->ids;
  sink->stores.numbers = calloc(count + 1, sizeof *sink->stores.numbers);
  sink->reach = calloc(count + 1, sizeof *sink->reach);
  if (!sink->stores.numbers || !sink->reach)
    return loom_no_memory(error);
  for (size_t i = 0; i < count; i++)
    sink->reach[i] = LOOM_NO_REACH;
  loom_status status = loom_staging_order(staging, &sink->stores.order, error);
  if (status == LOOM_OK)
    status = loom_store_numbers_find(sink->database, &sink->stores, error);
  return status == LOOM_OK ? loom_store_numbers_insert(sink->database, &sink->stores,
                                                       &(struct loom_new_stores){0}, error)
                           : status;
}

static loom_status write_of(struct cluster_sink *sink, loom_cluster_write **write,
                            loom_error *error) {
  return loom_cluster_write_of(sink->database, sink->open, sink->context, write, error);
}

static loom_status start(struct cluster_sink *sink, loom_staging *staging, loom_error *error) {
  loom_cluster_write *write;
  struct loom_counts *counts = &staging->counts;
  counts->added = counts->duplicates = counts->conflicts = 0;
  sink->staging = staging;
  sink->applied = 0;
  loom_staging_wait(staging);
  loom_status status = write_of(sink, &write, error); /* which may tell the head of stores */
  if (status == LOOM_OK)
    status = loom_flush_within(sink->database, write, error); /* which came before this */
  if (status == LOOM_OK)
    status = loom_cluster_write_begin_file(write, error);
  if (status == LOOM_OK)
    status = prepare_stores(sink, error);
  if (status == LOOM_OK)
    status = loom_staging_set_order(staging, error);
  return status == LOOM_OK ? loom_poll_sorter_rewind(staging->sorter, error) : status;
}

/* Adds the group that waits to the batch. False: memory is out. */
static bool add_group(struct cluster_sink *sink) {
  const struct loom_poll_group *group = &sink->next;
  if (!loom_grow(&sink->portions, &sink->portion_capacity, sink->count + 1,
                 sizeof *sink->portions) ||
      !loom_grow(&sink->ends, &sink->end_capacity, sink->count + 1, sizeof *sink->ends) ||
      !loom_polls_reserve(&sink->polls, sink->polls.count + group->count))
    return false;
  memcpy(sink->polls.items + sink->polls.count, group->polls, group->count * sizeof(loom_poll));
  sink->polls.count += group->count;
  struct loom_portion *portion = &sink->portions[sink->count];
  *portion = (struct loom_portion){.store = sink->stores.numbers[group->store],
                                   .count = group->count,
                                   .reach = &sink->reach[group->store]};
  portion->id = loom_id_table_get(sink->staging->ids, group->store, &portion->id_length);
  sink->ends[sink->count++] = sink->polls.count;
  sink->has_next = false;
  return true;
}

/* Gathers the next stores of a day. LOOM_DONE: there are no more. */
static loom_status gather(struct cluster_sink *sink, int32_t *day, loom_error *error) {
  sink->count = sink->polls.count = 0;
  loom_status status = LOOM_OK;
  while (sink->count < BATCH_STORES && sink->polls.count < BATCH_POLLS) {
    if (!sink->has_next) {
      status = loom_poll_sorter_next(sink->staging->sorter, &sink->next, error);
      if (status != LOOM_OK)
        break;
      sink->has_next = true;
    }
    if (sink->count && sink->next.day != *day)
      break;
    *day = sink->next.day;
    if (!add_group(sink))
      return loom_no_memory(error);
  }
  if (status != LOOM_OK && status != LOOM_DONE)
    return status;
  for (size_t i = 0; i < sink->count; i++)
    sink->portions[i].polls = sink->polls.items + sink->ends[i] - sink->portions[i].count;
  return sink->count ? LOOM_OK : LOOM_DONE;
}

static loom_status step(struct cluster_sink *sink, size_t budget, loom_error *error) {
  int32_t day = 0;
  loom_cluster_write *write;
  uint64_t stop = sink->applied + budget;
  loom_status status = write_of(sink, &write, error);
  while (status == LOOM_OK && sink->applied < stop &&
         (status = gather(sink, &day, error)) == LOOM_OK) {
    status = loom_cluster_write_day(write, day, sink->portions, sink->count, &sink->staging->counts,
                                    error);
    sink->applied += sink->polls.count;
  }
  if (status != LOOM_DONE)
    return status;
  status = loom_store_numbers_tell(sink->database, &sink->stores, sink->reach, false, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

static loom_status apply_polls(struct cluster_sink *sink, loom_staging *staging, size_t budget,
                               double *done, loom_error *error) {
  loom_status status = loom_database_check_writing(sink->database, error);
  if (status == LOOM_OK && !staging->complete)
    status = loom_fail(error, LOOM_EINVAL, "what is to be written has not been read to its end");
  if (status == LOOM_OK && sink->staging && sink->staging != staging)
    status = loom_fail(error, LOOM_EINVAL, "something else is half written");
  if (status != LOOM_OK)
    return status;
  if (!sink->staging)
    status = start(sink, staging, error);
  if (status == LOOM_OK)
    status = step(sink, budget, error);
  uint64_t total = loom_poll_sorter_count(staging->sorter);
  *done = total ? (double)sink->applied / (double)total : 1;
  if (status != LOOM_OK)
    end_apply(sink);
  return status;
}

static loom_status apply(loom_sink *head, loom_staging *staging, size_t budget, double *done,
                         loom_error *error) {
  struct cluster_sink *sink = of_head(head);
  if (staging->options.kind == LOOM_POLLS)
    return apply_polls(sink, staging, budget, done, error);
  return loom_sink_apply(sink->file, staging, budget, done, error);
}

/* ---- the rest ---- */

static loom_status remove_step(loom_sink *head, const struct loom_removal *removal,
                               struct loom_removed *removed, loom_error *error) {
  (void)head;
  (void)removal;
  (void)removed;
  return loom_fail(error, LOOM_EINVAL,
                   "the polls are in a cluster, which removes whole days alone");
}

static loom_status note(loom_sink *head, const struct loom_load_note *load,
                        const loom_staging *staging, loom_error *error) {
  return loom_sink_note(of_head(head)->file, load, staging, error);
}

static loom_status commit(loom_sink *head, loom_error *error) {
  end_apply(of_head(head));
  return loom_sink_commit(of_head(head)->file, error);
}

static void abandon(loom_sink *head) {
  end_apply(of_head(head));
  loom_sink_abandon(of_head(head)->file);
}

static void free_sink(loom_sink *head) {
  struct cluster_sink *sink = of_head(head);
  end_apply(sink);
  loom_sink_free(sink->file);
  loom_database_close(sink->database);
  loom_polls_free(&sink->polls);
  free(sink->portions);
  free(sink->ends);
  free(sink);
}

static const struct loom_sink_type type = {.begin = begin,
                                           .apply = apply,
                                           .remove = remove_step,
                                           .note = note,
                                           .commit = commit,
                                           .abandon = abandon,
                                           .free = free_sink};

loom_sink *loom_sink_cluster(loom_database *head,
                             loom_status (*open)(void *context, loom_cluster **cluster,
                                                 loom_error *error),
                             void *context) {
  struct cluster_sink *sink = calloc(1, sizeof *sink);
  if (!sink)
    return NULL;
  sink->file = loom_sink_sqlite(head);
  if (!sink->file) {
    free(sink);
    return NULL;
  }
  sink->sink.type = &type;
  sink->database = loom_database_retain(head);
  sink->open = open;
  sink->context = context;
  return &sink->sink;
}
