/*
** Staged polls and records.
*/
#include "read/staging.h"
#include "base/grow.h"
#include "base/thread.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define SORT_CAPACITY (5 << 19)

/* Fewer polls or stores than this are sorted in less time than it takes to start a thread. */
#define THREAD_LEAST 65536

loom_staging *loom_staging_new(const struct loom_staging_options *options) {
  loom_staging *staging = calloc(1, sizeof *staging);
  if (!staging)
    return NULL;
  staging->options = *options;
  staging->options.beside = NULL;
  const loom_staging *beside = options->beside;
  staging->shared = beside && beside->shared && !beside->complete
                        ? loom_staged_ids_share(beside->shared)
                        : loom_staged_ids_new();
  if (!staging->shared) {
    free(staging);
    return NULL;
  }
  staging->ids = &staging->shared->table;
  loom_id_table_init(&staging->none);
  loom_id_table_init(&staging->texts);
  if (options->kind == LOOM_POLLS) {
    staging->sorter =
        loom_poll_sorter_new(options->sort_capacity ? options->sort_capacity : SORT_CAPACITY);
    if (!staging->sorter) {
      loom_staged_ids_release(staging->shared);
      free(staging);
      return NULL;
    }
  }
  return staging;
}

void loom_staging_wait(loom_staging *staging) {
  if (staging->sorting)
    pthread_join(staging->thread, NULL);
  staging->sorting = false;
  staging->order = NULL;
}

void loom_staging_empty(loom_staging *staging) {
  loom_staging_wait(staging);
  if (staging->shared && staging->shared->zones == staging)
    staging->shared->zones = NULL;
  loom_staged_ids_release(staging->shared);
  staging->shared = NULL;
  staging->order = NULL;
  loom_id_table_free(&staging->none);
  staging->ids = &staging->none;
  loom_id_table_free(&staging->texts);
  loom_poll_sorter_free(staging->sorter);
  loom_staged_hours_free(&staging->hours);
  free(staging->records);
  staging->sorter = NULL;
  staging->records = NULL;
  staging->record_count = staging->record_capacity = 0;
  staging->complete = false;
}

void loom_staging_free(loom_staging *staging) {
  if (!staging)
    return;
  loom_staging_empty(staging);
  loom_reject_list_free(&staging->rejects);
  free(staging->taken);
  free(staging);
}

/* The order that its thread goes by, if there is one, since others may add ids meanwhile. */
static const struct loom_id_order *order_of(loom_staging *staging) {
  return staging->order ? staging->order : loom_staged_ids_order(staging->shared);
}

loom_status loom_staging_order(loom_staging *staging, const uint32_t **order, loom_error *error) {
  const struct loom_id_order *ids = loom_staged_ids_order(staging->shared);
  if (!ids)
    return loom_no_memory(error);
  *order = ids->numbers;
  return LOOM_OK;
}

loom_status loom_staging_sort_hours(loom_staging *staging, loom_error *error) {
  if (staging->hours.sequence)
    return LOOM_OK;
  const struct loom_id_order *order = order_of(staging);
  return order && loom_staged_hours_sort(&staging->hours, order->numbers, order->count)
             ? LOOM_OK
             : loom_no_memory(error);
}

loom_status loom_staging_set_order(loom_staging *staging, loom_error *error) {
  const struct loom_id_order *order = order_of(staging);
  return order && loom_poll_sorter_set_order(staging->sorter, order->numbers, order->count)
             ? LOOM_OK
             : loom_no_memory(error);
}

loom_status loom_staging_add_polls(loom_staging *staging, const struct loom_poll_record *polls,
                                   size_t count, const uint32_t *numbers, loom_error *error) {
  if (loom_poll_sorter_would_sort(staging->sorter, count)) {
    loom_status status = loom_staging_set_order(staging, error);
    if (status != LOOM_OK)
      return status;
  }
  return loom_poll_sorter_add(staging->sorter, polls, count, numbers, error);
}

loom_status loom_staging_add_poll(loom_staging *staging, const char *id, size_t length, bool active,
                                  int64_t instant, loom_error *error) {
  if (staging->complete || !staging->sorter)
    return loom_fail(error, LOOM_EINVAL, "the polls are complete: no more can be added");
  struct loom_poll_record poll = {.poll = loom_poll_pack(instant, active),
                                  .store = loom_id_table_put(staging->ids, id, length),
                                  .day = loom_date_of_instant(instant)};
  if (poll.store == LOOM_NO_NUMBER)
    return loom_no_memory(error);
  staging->counts.rows++;
  return loom_staging_add_polls(staging, &poll, 1, NULL, error);
}

loom_status loom_staging_add_records(loom_staging *staging, const struct loom_record *records,
                                     size_t count, loom_error *error) {
  bool hours = staging->options.kind == LOOM_HOURS;
  if (hours ? !loom_staged_hours_add(&staging->hours, records, count)
            : !loom_grow(&staging->records, &staging->record_capacity,
                         staging->record_count + count, sizeof *records))
    return loom_no_memory(error);
  if (count && !hours)
    memcpy(staging->records + staging->record_count, records, count * sizeof *records);
  staging->record_count += count;
  return LOOM_OK;
}

void loom_staging_reject(loom_staging *staging, struct loom_reject_entry *entry) {
  size_t kept = staging->options.rejects_kept;
  staging->counts.rejected++;
  if (kept && staging->rejects.count == kept)
    free(entry);
  else
    loom_reject_list_add(&staging->rejects, entry);
}

bool loom_staging_take_reject(loom_staging *staging, struct loom_reject *reject) {
  free(staging->taken);
  staging->taken = loom_reject_list_take(&staging->rejects);
  if (staging->taken)
    *reject = loom_reject_of(staging->taken);
  return staging->taken;
}

/* Sorts what is staged. What fails is tried again, and told, by who stores it. */
static void *sort_all(void *context) {
  loom_staging *staging = context;
  loom_error ignored;
  if (staging->sorter) {
    if (loom_staging_set_order(staging, &ignored) == LOOM_OK)
      loom_poll_sorter_finish(staging->sorter, &ignored);
  } else if (staging->options.kind == LOOM_HOURS) {
    loom_staging_sort_hours(staging, &ignored);
  } else {
    order_of(staging);
  }
  return NULL;
}

/* Ids that others share are put in order here, if there are any that are not, and a thread has nothing else to do with them. */
static bool is_for_a_thread(loom_staging *staging) {
  uint64_t many =
      staging->sorter ? loom_poll_sorter_count(staging->sorter) : (uint64_t)staging->ids->count;
  if (many < THREAD_LEAST || staging->shared->references == 1)
    return many >= THREAD_LEAST;
  if (staging->sorter || staging->options.kind == LOOM_HOURS)
    staging->order = loom_staged_ids_order(staging->shared);
  return staging->order != NULL;
}

void loom_staging_complete(loom_staging *staging) {
  struct loom_staged_ids *shared = staging->shared;
  staging->complete = shared != NULL;
  if (!shared)
    return;
  if (shared->references == 1)
    loom_id_table_settle(staging->ids);
  if (staging->options.kind == LOOM_TIMEZONES && !shared->zones)
    shared->zones = staging;
  if (!staging->sorting && is_for_a_thread(staging))
    staging->sorting = loom_thread_start(&staging->thread, sort_all, staging);
}
