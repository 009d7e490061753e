/*
** Ingestion of one input file, in two steps: reading, which needs no database and takes bytes as they come, and
** applying what was read inside a transaction of the caller's. Until that commits, nothing has changed.
**
** Bytes may be plain or gzip (told by their first two). Polls are parsed by several threads and sorted in bounded
** memory; the result does not depend on how the bytes were cut or how many threads there were.
*/
#ifndef LOOM_INGEST_H
#define LOOM_INGEST_H

#include "database.h"
#include "record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_ALL_REJECTS UINT64_MAX

struct loom_ingest_options {
  enum loom_kind kind;
  const char *source;   /* the file's name in messages */
  uint64_t max_rejects; /* more bad rows than this fail the file; LOOM_ALL_REJECTS: none do */
  unsigned threads;     /* that parse polls; 0: as many as there are processors, up to 8 */
  size_t block_size;    /* bytes parsed at a time; 0: 1 MiB */
  uint64_t max_size;    /* bytes of text, once decompressed; 0: any number; more are LOOM_ELIMIT */
  /* Rows, or their attributes, since they stay in memory; of polls, which go to a file, the stores;
   * and bad rows. 0: any number; more are LOOM_ELIMIT. */
  uint64_t max_records;
  uint64_t rejects_kept; /* bad rows that wait to be taken; further ones are only counted. 0: any
                            number */
  int64_t latest;       /* polls after this instant, in microseconds, are bad rows; 0: none are */
  size_t sort_capacity; /* polls sorted in memory at a time; 0: 2 Mi, which is 64 MiB */
  bool replace_overrides; /* overrides of the stores in the file go, instead of prevailing over it */
  bool always_libcsv;   /* see loom_csv_always_libcsv */
};

struct loom_ingest_counts {
  uint64_t rows;       /* data rows read, bad ones included */
  uint64_t added;      /* new to the database */
  uint64_t duplicates; /* known already */
  uint64_t conflicts;  /* contradicted what was known, and replaced it */
  uint64_t rejected;
};

struct loom_reject {
  uint64_t line, number; /* in the file; data rows are numbered from 1 */
  bool well_formed; /* it is written as it should be, but what it says cannot be taken */
  const char *column; /* "" where the row as a whole is bad */
  const char *value, *reason, *row;
  size_t value_length, row_length;
};

typedef struct loom_ingest loom_ingest;

/* The zones must outlive the ingest. Free with loom_ingest_free. */
loom_status loom_ingest_new(const struct loom_ingest_options *options, loom_zones *zones,
                            loom_ingest **ingest, loom_error *error);
void loom_ingest_free(loom_ingest *ingest);

/* Reads the next bytes. After a failure every further call fails alike. */
loom_status loom_ingest_feed(loom_ingest *ingest, const void *bytes, size_t size,
                             loom_error *error);

/* Ends reading: what is left is parsed, and an incomplete file fails. */
loom_status loom_ingest_finish(loom_ingest *ingest, loom_error *error);

/* Takes the oldest bad row not yet taken. It is valid until the next call; false: there is none. */
bool loom_ingest_take_reject(loom_ingest *ingest, struct loom_reject *reject);

/*
** Writes up to about `budget` records of what was read to the database, within a write transaction. LOOM_OK: there
** is more to write; LOOM_DONE: all is written. *done is the share written so far, 0 to 1.
** It cannot be taken up again after a failure, nor repeated: what was read has been used up.
*/
loom_status loom_ingest_apply(loom_ingest *ingest, loom_database *database, size_t budget,
                              double *done, loom_error *error);

/* Counts so far; added, duplicates and conflicts are known once all is applied. */
struct loom_ingest_counts loom_ingest_counts(const loom_ingest *ingest);

#endif
