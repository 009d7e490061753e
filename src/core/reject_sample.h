/*
** The first bad rows of an input, however many there are.
*/
#ifndef LOOM_REJECT_SAMPLE_H
#define LOOM_REJECT_SAMPLE_H

#include "ingest_parse.h"

/* How many are kept. */
#define LOOM_REJECT_SAMPLE_MAX 100

struct loom_reject_sample {
  struct loom_reject_list list;
  size_t count; /* of those in the list */
};

/* Takes an entry over, which is freed if there is no room for it. NULL is ignored. */
void loom_reject_sample_add(struct loom_reject_sample *sample, struct loom_reject_entry *entry);

/* Takes what an ingest has to give; false when memory is out. */
bool loom_reject_sample_take(struct loom_reject_sample *sample, loom_ingest *ingest);

void loom_reject_sample_free(struct loom_reject_sample *sample);

#endif
