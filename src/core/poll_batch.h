/*
** Polls that come one by one, gathered and written in one go.
*/
#ifndef LOOM_POLL_BATCH_H
#define LOOM_POLL_BATCH_H

#include "apply.h"
#include "database.h"
#include "ingest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_poll_batch loom_poll_batch;

/* Holds polls in memory up to `capacity`, and further ones in a temporary file. NULL: memory is out. */
loom_poll_batch *loom_poll_batch_new(size_t capacity);
void loom_poll_batch_free(loom_poll_batch *batch);

/* Adds a poll of a store whose id has 1 to LOOM_ID_MAX bytes, at an instant in microseconds. */
loom_status loom_poll_batch_add(loom_poll_batch *batch, const char *id, size_t length, bool active,
                                int64_t instant, loom_error *error);

/* Writes all polls within a write transaction, and counts what became of them. Once only. */
loom_status loom_poll_batch_apply(loom_poll_batch *batch, loom_database *database,
                                  struct loom_ingest_counts *counts, loom_error *error);

#endif
