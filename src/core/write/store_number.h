/*
** Stores in the database: each store id has a number, which the other tables refer to.
**
**   loom_store_numbers_find → … → loom_store_numbers_insert → loom_store_numbers_tell
**   loom_store_number_find, loom_store_number_make: of one store after the other
**
** New stores get numbers in the order of their ids, so that the index of ids grows at its end, and so do tables whose rows are
** written in that order. They may be inserted after the rows that refer to them, once it is known what to insert.
*/
#ifndef LOOM_STORE_NUMBER_H
#define LOOM_STORE_NUMBER_H

#include "base/fetch.h"
#include "base/id_table.h"
#include "measure/uptime.h"
#include "sqlite/database.h"

/* How far the polls reach that are written for a store. */
struct loom_reach {
  int64_t first;    /* the first one's instant, in microseconds */
  loom_poll newest; /* that there is then; INT64_MIN where there are none */
  bool has_changed; /* some are new, or others than before */
};

/* Fetches it, which may be in two lines of memory. */
static inline void loom_reach_fetch(const struct loom_reach *reach) {
  loom_fetch(reach);
  loom_fetch(&reach->has_changed);
}

#define LOOM_NO_REACH ((struct loom_reach){INT64_MAX, INT64_MIN, false})

struct loom_store_numbers {
  const struct loom_id_table *ids;
  const uint32_t *order; /* of the ids: see id_order.h */
  int64_t *numbers;      /* by number in `ids`, those in the database; room for all */
  int64_t first_new;     /* numbers from here on are of stores that are not inserted yet */
  uint32_t new_count;
  /* stores from this number on have been inserted in this transaction with the zone that comes first for each; 0: none have */
  int64_t first_with_zone;
};

/* Fills the numbers, also of stores that the database lacks. Needs a write transaction. */
loom_status loom_store_numbers_find(loom_database *database, struct loom_store_numbers *stores,
                                    loom_error *error);

/* What is known of stores when they are inserted, by number in `ids`. */
struct loom_new_stores {
  const struct loom_reach *reach; /* of their polls, all of them new; NULL: nothing */
  const uint32_t *zones;          /* numbers in `names`, or LOOM_NO_NUMBER; NULL: none has one */
  const struct loom_id_table *names;
};

/* Inserts the new stores. */
loom_status loom_store_numbers_insert(loom_database *database,
                                      const struct loom_store_numbers *stores,
                                      const struct loom_new_stores *known, loom_error *error);

/*
** Tells the stores, and the database, how far their polls reach, by number in `ids`; `but_new`: those that were inserted have
** been told.
*/
loom_status loom_store_numbers_tell(loom_database *database,
                                    const struct loom_store_numbers *stores,
                                    const struct loom_reach *reaches, bool but_new,
                                    loom_error *error);

/* The same of one store, by its number. */
loom_status loom_store_tell(loom_database *database, int64_t store, const struct loom_reach *reach,
                            loom_error *error);

/* The store that was looked for last, whose number need not be looked up again: none while `number` is 0. */
struct loom_last_store {
  char id[LOOM_ID_MAX];
  size_t length;
  int64_t number;
};

/*
** Finds the number of one store, or in `last`, which may be NULL: 0 for every store (an id that is NULL), and where it is not
** known.
*/
loom_status loom_store_number_find(loom_database *database, struct loom_last_store *last,
                                   const char *id, size_t length, int64_t *number,
                                   loom_error *error);

/* The same, where a store that is not known becomes so. Needs a write transaction. */
loom_status loom_store_number_make(loom_database *database, struct loom_last_store *last,
                                   const char *id, size_t length, int64_t *number,
                                   loom_error *error);

#endif
