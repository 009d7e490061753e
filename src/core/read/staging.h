/*
** What was read of one input, on its way to be stored: polls, sorted in bounded memory, or records of another kind; the stores
** and texts that they name by number; bad rows; and counts.
**
** CSV files (ingest.h), JSON (json_polls.h) and polls that come one by one fill one. A sink (sink.h) stores it, and uses nothing
** of it up: where that fails, or its transaction does, it can be stored again.
**
**   loom_staging_new → loom_staging_add_polls or loom_staging_add_records, loom_staging_reject, … → loom_staging_complete
**   → a sink stores it → loom_staging_empty and again, or loom_staging_free
*/
#ifndef LOOM_STAGING_H
#define LOOM_STAGING_H

#include "base/id_table.h"
#include "read/poll_sorter.h"
#include "read/record.h"
#include "read/reject.h"
#include "read/staged_hours.h"
#include "read/staged_ids.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As a limit of bad rows: there is none. */
#define LOOM_ALL_REJECTS UINT64_MAX

/* Bad rows that are kept for a client that sent them; the others are counted. */
#define LOOM_REJECTS_SHOWN 100

struct loom_staging_options {
  enum loom_kind kind;
  /* polls in memory at a time, further ones are in a file; 0: 2.5 Mi. Each has 16 bytes, and 8 as it is sorted. While a
  ** thread sorts those that were full, as many may come: 40 bytes for each, or up to 68 where nearly every one is of
  ** another store or day */
  size_t sort_capacity;
  /* bad rows that wait to be taken; further ones are only counted. 0: any number */
  size_t rejects_kept;
  /* what was set by hand for the same stores and dates goes, instead of prevailing */
  bool replace_overrides;
  /* another one, which is not complete, whose stores it shares, so that both are of one thread; NULL: none. Of those that
  ** share them files of one kind are stored in the order in which they were completed */
  struct loom_staging *beside;
};

struct loom_counts {
  uint64_t rows;       /* data rows read, bad ones included */
  uint64_t added;      /* new to the database */
  uint64_t duplicates; /* known already */
  uint64_t conflicts;  /* contradicted what was known, and replaced it */
  uint64_t rejected;
};

/* Its members are for those who fill and store it. */
typedef struct loom_staging {
  struct loom_staging_options options;
  bool complete; /* nothing more comes: it can be stored */
  bool sorting;  /* a thread of its own sorts what it has: see loom_staging_wait */
  pthread_t thread;
  struct loom_id_table *ids;         /* stores */
  struct loom_staged_ids *shared;    /* that has them; NULL: it is empty */
  const struct loom_id_order *order; /* that its thread goes by */
  struct loom_id_table none;         /* `ids` of what is empty */
  struct loom_id_table texts;        /* zones, notes, reasons, names and values of attributes */
  loom_poll_sorter *sorter;          /* of polls, by number of the store */
  struct loom_staged_hours hours;
  struct loom_record *records;          /* of other kinds */
  size_t record_count, record_capacity; /* also those that `hours` has */
  struct loom_reject_list rejects;
  struct loom_reject_entry *taken; /* the one that its reader has */
  /* added, duplicates and conflicts are those of the last time that it was stored */
  struct loom_counts counts;
} loom_staging;

/* NULL: memory is out. */
loom_staging *loom_staging_new(const struct loom_staging_options *options);
void loom_staging_free(loom_staging *staging);

/* Lets go of everything but the bad rows and the counts. */
void loom_staging_empty(loom_staging *staging);

/*
** Adds a poll of a store whose id has 1 to LOOM_ID_MAX bytes, at an instant in microseconds, and counts it as a row. LOOM_EINVAL:
** it is complete, has been emptied, or is not of polls.
*/
loom_status loom_staging_add_poll(loom_staging *staging, const char *id, size_t length, bool active,
                                  int64_t instant, loom_error *error);

/* Adds polls whose stores are numbers in a table that `numbers` maps to `ids`; NULL: in `ids`. */
loom_status loom_staging_add_polls(loom_staging *staging, const struct loom_poll_record *polls,
                                   size_t count, const uint32_t *numbers, loom_error *error);

/* Adds records, whose stores and texts are numbers in `ids` and `texts`. */
loom_status loom_staging_add_records(loom_staging *staging, const struct loom_record *records,
                                     size_t count, loom_error *error);

/* Counts a bad row, and takes its entry over. */
void loom_staging_reject(loom_staging *staging, struct loom_reject_entry *entry);

/* Takes the oldest bad row not yet taken. It is valid until the next call; false: there is none. */
bool loom_staging_take_reject(loom_staging *staging, struct loom_reject *reject);

/* The numbers of the ids that there are now, in their order as bytes; valid until there are more, or it is emptied. */
loom_status loom_staging_order(loom_staging *staging, const uint32_t **order, loom_error *error);

/* Makes polls come in that order within a day, as far as they have not been sorted yet. */
loom_status loom_staging_set_order(loom_staging *staging, loom_error *error);

/* Makes hours come store by store in that order, if they do not yet. */
loom_status loom_staging_sort_hours(loom_staging *staging, loom_error *error);

/*
** Says that nothing more comes. Many polls, stores and hours are sorted by a thread from then on, while the caller does something
** else.
*/
void loom_staging_complete(loom_staging *staging);

/* Waits until that thread has ended. Needed before anything but the counts, the ids and the bad rows is looked at. */
void loom_staging_wait(loom_staging *staging);

#endif
