/*
** Writing what an ingest has read to the database: the second of its two steps.
*/
#ifndef LOOM_APPLY_H
#define LOOM_APPLY_H

#include "database.h"
#include "ingest.h"
#include "poll_sorter.h"
#include "record.h"

#include <stdbool.h>

/* What was read. Polls are in the sorter, everything else in the records. */
struct loom_staged {
  enum loom_kind kind;
  const struct loom_id_table *ids;   /* stores */
  const struct loom_id_table *texts; /* zones, notes, reasons */
  struct loom_record *records;
  size_t record_count;
  loom_poll_sorter *sorter;
  bool replace_overrides; /* what was set by hand for the same stores and dates goes */
};

typedef struct loom_apply loom_apply;

/* Begins within a write transaction; the staged data and the database must outlive the apply. */
loom_status loom_apply_new(const struct loom_staged *staged, loom_database *database,
                           loom_apply **apply, loom_error *error);
void loom_apply_free(loom_apply *apply);

/* Writes about `budget` records. LOOM_OK: there is more; LOOM_DONE: that was all. Adds to the counts. */
loom_status loom_apply_step(loom_apply *apply, size_t budget, double *done,
                            struct loom_ingest_counts *counts, loom_error *error);

#endif
