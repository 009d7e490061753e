/*
** Polls and instants as the database holds them: see schema.c and poll_block.h. Nothing that is read is trusted: what
** cannot be is LOOM_ECORRUPT, and a walk over keys that do not ascend ends with it, where it might else never end.
*/
#ifndef LOOM_STORED_POLLS_H
#define LOOM_STORED_POLLS_H

#include "measure/poll_block.h"
#include "sqlite/connection.h"
#include "sqlite/database.h"

/* Reads an instant; LOOM_ECORRUPT, which names `what`, where it is not of the years 1 to 9999. */
loom_status loom_stored_instant(loom_database *database, sqlite3_stmt *row, int column,
                                const char *what, int64_t *instant, loom_error *error);

/* Appends the last polls of a block, up to an instant: see loom_poll_block_last. Only these are looked at. */
loom_status loom_stored_polls_add_last(loom_database *database, sqlite3_stmt *row, int column,
                                       int32_t day, int64_t to, bool *is_first,
                                       struct loom_polls *polls, loom_error *error);

/* Reads a UTC day that has polls, in days since 1970-01-01. */
loom_status loom_stored_day(loom_database *database, sqlite3_stmt *row, int column, int32_t *day,
                            loom_error *error);

/* Appends the polls of a block of a UTC day. */
loom_status loom_stored_polls_add(loom_database *database, sqlite3_stmt *row, int column,
                                  int32_t day, struct loom_polls *polls, loom_error *error);

/*
** The newest poll of all stores, as `overall` has it, which must be of the last day that has polls. LOOM_EEMPTY:
** there are none.
*/
loom_status loom_stored_newest(loom_database *database, int64_t *instant, loom_error *error);

/* ---- days ---- */

enum loom_direction { LOOM_FORWARD, LOOM_BACKWARD };

/* The days that hold polls, found by jumping from one to the next in the primary key. */
struct loom_stored_days {
  loom_database *database;
  sqlite3_stmt *next;
  enum loom_direction direction;
  int64_t day; /* those beyond it are to come */
};

/* Begins with `from`, if it has any. End it, even after a failure. */
loom_status loom_stored_days_begin(struct loom_stored_days *days, loom_database *database,
                                   enum loom_direction direction, int32_t from, loom_error *error);

/* LOOM_DONE: there are no more. */
loom_status loom_stored_days_next(struct loom_stored_days *days, int32_t *day, loom_error *error);
void loom_stored_days_end(struct loom_stored_days *days);

/* ---- blocks ---- */

/* Calls `visit` for each block of the days, both among them, by day and number of the store. */
loom_status loom_stored_polls_scan(loom_database *database, int32_t first_day, int32_t last_day,
                                   loom_block_fn *visit, void *context, loom_error *error);

#endif
