/*
** Polls as work for a writer: a batch, or a text of polls that the writer's thread parses.
*/
#ifndef LOOM_POLL_WRITE_H
#define LOOM_POLL_WRITE_H

#include "poll_batch.h"
#include "reject_sample.h"
#include "writer.h"

enum loom_poll_format { LOOM_POLLS_JSON, LOOM_POLLS_NDJSON, LOOM_POLLS_CSV };

/*
** Its counts are known when it is done; `rows` and `rejected` also when it has failed with LOOM_EINPUT because too
** many polls are bad.
*/
typedef struct loom_poll_write loom_poll_write;

/* Takes the batch over. NULL: memory is out, and the batch is still the caller's. Let go with loom_write_release. */
loom_poll_write *loom_poll_write_of_batch(loom_poll_batch *batch);

struct loom_poll_text {
  enum loom_poll_format format;
  int64_t now;          /* of polls without a timestamp, in microseconds; CSV has none */
  int64_t latest;       /* as in loom_ingest_options */
  uint64_t max_rejects; /* more bad polls than this fail all of them */
  loom_zones *zones;    /* that outlive the write */
};

/* Copies the bytes. NULL: memory is out. */
loom_poll_write *loom_poll_write_of_text(const struct loom_poll_text *text, const void *bytes,
                                         size_t size);

loom_write *loom_poll_write_head(loom_poll_write *polls);

/* The first bad polls, of a write that is no longer pending. */
const struct loom_reject_sample *loom_poll_write_rejects(const loom_poll_write *polls);

#endif
