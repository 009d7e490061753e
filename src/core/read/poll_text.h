/*
** Texts of polls, as a client sends them: read whole, into a staging.
**
**   loom_poll_text_staging → loom_poll_text_read → a sink stores the staging → loom_staging_free
*/
#ifndef LOOM_POLL_TEXT_H
#define LOOM_POLL_TEXT_H

#include "read/staging.h"

#include <stddef.h>
#include <stdint.h>

enum loom_poll_format { LOOM_POLLS_JSON, LOOM_POLLS_NDJSON, LOOM_POLLS_CSV };

struct loom_poll_text {
  enum loom_poll_format format;
  int64_t now;          /* of polls without a timestamp, in microseconds; CSV has none */
  int64_t latest;       /* as in loom_ingest_options */
  uint64_t max_rejects; /* more bad polls than this fail all of them */
  loom_zones *zones;
};

/* A staging for polls of a text of so many bytes, all of which it keeps in memory. NULL: memory is out. */
loom_staging *loom_poll_text_staging(size_t size);

/*
** Reads a text, which is changed by it, and completes the staging. LOOM_EINPUT: it cannot be read, or too many polls are bad.
** Its counts and bad polls are then known all the same.
*/
loom_status loom_poll_text_read(const struct loom_poll_text *text, char *bytes, size_t size,
                                loom_staging *staging, loom_error *error);

#endif
