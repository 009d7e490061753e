/*
** Reading of one input file into a staging, which needs no database and takes bytes as they come.
**
**   loom_staging_new → loom_ingest_new → loom_ingest_feed or loom_ingest_read, … → loom_ingest_finish → loom_ingest_free
**   → a sink stores the staging
**
** Bytes may be plain or gzip (told by their first two). Polls are parsed by several threads and sorted in bounded
** memory; the result does not depend on how the bytes were cut or how many threads there were.
*/
#ifndef LOOM_INGEST_H
#define LOOM_INGEST_H

#include "read/input.h"
#include "read/staging.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_ingest_options {
  const char *source;   /* the file's name in messages */
  uint64_t max_rejects; /* more bad rows than this fail the file; LOOM_ALL_REJECTS: none do */
  unsigned threads;     /* that parse polls; 0: as many as there are processors, up to 8 */
  size_t block_size;    /* bytes parsed at a time; 0: 1 MiB */
  uint64_t max_size;    /* bytes of text, once decompressed; 0: any number; more are LOOM_ELIMIT */
  /* Rows, or their attributes, since they stay in memory; of polls, which go to a file, the stores;
   * and bad rows. 0: any number; more are LOOM_ELIMIT. */
  uint64_t max_records;
  bool rejects_without_rows; /* bad rows are kept without their text */
  int64_t latest;     /* polls after this instant, in microseconds, are bad rows; 0: none are */
  bool always_libcsv; /* see loom_csv_always_libcsv */
};

typedef struct loom_ingest loom_ingest;

/* The zones and the staging, which is to be filled, must outlive the ingest. */
loom_status loom_ingest_new(const struct loom_ingest_options *options, loom_zones *zones,
                            loom_staging *staging, loom_ingest **ingest, loom_error *error);
void loom_ingest_free(loom_ingest *ingest);

/* Reads the next bytes. After a failure every further call fails alike. */
loom_status loom_ingest_feed(loom_ingest *ingest, const void *bytes, size_t size,
                             loom_error *error);

/* Reads the next bytes of a file. LOOM_DONE: there are no more. */
loom_status loom_ingest_read(loom_ingest *ingest, loom_input *input, loom_error *error);

/* Ends reading: what is left is parsed, an incomplete file fails, and the staging is complete. */
loom_status loom_ingest_finish(loom_ingest *ingest, loom_error *error);

#endif
