/*
** Samples of bad rows.
*/
#include "reject_sample.h"

#include <stdio.h>
#include <stdlib.h>

void loom_reject_sample_add(struct loom_reject_sample *sample, struct loom_reject_entry *entry) {
  if (!entry)
    return;
  if (sample->count == LOOM_REJECT_SAMPLE_MAX) {
    free(entry);
    return;
  }
  sample->count++;
  loom_reject_list_append(&sample->list, &(struct loom_reject_list){entry, &entry->next});
}

/* The names of columns are static. */
static struct loom_reject_entry *copy(const struct loom_reject *reject) {
  struct loom_csv_field row = {"", 0};
  struct loom_row_problem problem = {.well_formed = reject->well_formed,
                                     .column = reject->column,
                                     .value = {reject->value, reject->value_length}};
  snprintf(problem.reason, sizeof problem.reason, "%s", reject->reason);
  struct loom_reject_entry *entry = loom_reject_entry_new(&problem, row);
  if (entry) {
    entry->line = reject->line;
    entry->number = reject->number;
  }
  return entry;
}

bool loom_reject_sample_take(struct loom_reject_sample *sample, loom_ingest *ingest) {
  struct loom_reject reject;
  bool good = true;
  while (loom_ingest_take_reject(ingest, &reject)) {
    if (sample->count == LOOM_REJECT_SAMPLE_MAX)
      continue;
    struct loom_reject_entry *entry = copy(&reject);
    good = good && entry;
    loom_reject_sample_add(sample, entry);
  }
  return good;
}

void loom_reject_sample_free(struct loom_reject_sample *sample) {
  loom_reject_list_free(&sample->list);
  sample->count = 0;
}
