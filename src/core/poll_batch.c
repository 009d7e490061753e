/*
** Batches of polls: an ingest without a file.
*/
#include "poll_batch.h"
#include "civil.h"

#include <stdlib.h>

struct loom_poll_batch {
  struct loom_id_table ids, texts;
  loom_poll_sorter *sorter;
  uint32_t *numbers; /* the identity: the sorter maps stores through a table */
  size_t number_capacity;
  uint64_t count;
  bool applied;
};

loom_poll_batch *loom_poll_batch_new(size_t capacity) {
  loom_poll_batch *batch = calloc(1, sizeof *batch);
  if (!batch)
    return NULL;
  loom_id_table_init(&batch->ids);
  loom_id_table_init(&batch->texts);
  batch->sorter = loom_poll_sorter_new(capacity);
  if (!batch->sorter) {
    loom_poll_batch_free(batch);
    return NULL;
  }
  return batch;
}

void loom_poll_batch_free(loom_poll_batch *batch) {
  if (!batch)
    return;
  loom_id_table_free(&batch->ids);
  loom_id_table_free(&batch->texts);
  loom_poll_sorter_free(batch->sorter);
  free(batch->numbers);
  free(batch);
}

/* Extends the identity to the store's number. */
static bool number_store(loom_poll_batch *batch, uint32_t store) {
  if (store >= batch->number_capacity) {
    size_t capacity = batch->number_capacity ? batch->number_capacity * 2 : 256;
    uint32_t *numbers = realloc(batch->numbers, capacity * sizeof *numbers);
    if (!numbers)
      return false;
    for (size_t i = batch->number_capacity; i < capacity; i++)
      numbers[i] = (uint32_t)i;
    batch->numbers = numbers;
    batch->number_capacity = capacity;
  }
  return true;
}

static loom_status written_already(loom_error *error) {
  return loom_fail(error, LOOM_EINVAL, "the polls have been written already");
}

loom_status loom_poll_batch_add(loom_poll_batch *batch, const char *id, size_t length, bool active,
                                int64_t instant, loom_error *error) {
  if (batch->applied)
    return written_already(error);
  uint32_t store = loom_id_table_put(&batch->ids, id, length);
  if (store == LOOM_NO_NUMBER || !number_store(batch, store))
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  struct loom_poll_record poll = {.poll = loom_poll_pack(instant, active),
                                  .store = store,
                                  .day = loom_date_of_instant(instant)};
  batch->count++;
  return loom_poll_sorter_add(batch->sorter, &poll, 1, batch->numbers, error);
}

loom_status loom_poll_batch_apply(loom_poll_batch *batch, loom_database *database,
                                  struct loom_ingest_counts *counts, loom_error *error) {
  struct loom_staged staged = {
      .kind = LOOM_POLLS, .ids = &batch->ids, .texts = &batch->texts, .sorter = batch->sorter};
  loom_apply *apply;
  double share;
  *counts = (struct loom_ingest_counts){.rows = batch->count};
  if (batch->applied)
    return written_already(error);
  loom_status status = loom_database_check_writing(database, error);
  if (status != LOOM_OK)
    return status;
  batch->applied = true; /* what is taken from the sorter is gone */
  status = loom_apply_new(&staged, database, &apply, error);
  while (status == LOOM_OK)
    status = loom_apply_step(apply, SIZE_MAX / 2, &share, counts, error);
  loom_apply_free(apply);
  return status == LOOM_DONE ? LOOM_OK : status;
}
