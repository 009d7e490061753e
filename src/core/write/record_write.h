/*
** Records of any kind but polls on their way into the database: a group of them after the other, each of one store and layer.
**
**   loom_record_write_new → loom_record_write_add → loom_record_write_flush, after some → loom_record_write_check, after all
**   → loom_record_write_free
*/
#ifndef LOOM_RECORD_WRITE_H
#define LOOM_RECORD_WRITE_H

#include "read/staging.h"
#include "sqlite/database.h"
#include "write/store_number.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct loom_record_write loom_record_write;

/* Begins within a write transaction. The staging, the database and the numbers of its stores must outlive it. */
loom_status loom_record_write_new(loom_staging *staging, loom_database *database,
                                  const struct loom_store_numbers *stores,
                                  loom_record_write **write, loom_error *error);

/* NULL is ignored. */
void loom_record_write_free(loom_record_write *write);

/*
** Writes sorted records that belong together (loom_records_group), and counts in the staging what became of them. Those that say
** nothing are dropped from the array.
*/
loom_status loom_record_write_add(loom_record_write *write, struct loom_record *records,
                                  size_t count, loom_error *error);

/* Whether a store's hours may be added as they are stored: no store has any, and none that was set by hand would have to go. */
bool loom_record_write_takes_weeks(const loom_record_write *write);

/* Adds the hours of a store, all that there are, in the same way. */
loom_status loom_record_write_add_week(loom_record_write *write,
                                       const struct loom_staged_week *week, loom_error *error);

/* Changes that no statement of its own has made: rows that wait to be inserted, and zones that stores were inserted with. */
size_t loom_record_write_apart(const loom_record_write *write);

/* Inserts the rows that wait. */
loom_status loom_record_write_flush(loom_record_write *write, loom_error *error);

/* Holds all that is stored against the bounds that it has together: LOOM_ELIMIT. */
loom_status loom_record_write_check(loom_record_write *write, loom_error *error);

#endif
