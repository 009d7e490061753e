/*
** Weekly hours as the database holds them: see schema.c.
**
**   {0} → for each store: loom_stored_hours_add of each row → loom_stored_hours_finish → in_force → loom_stored_hours_free
*/
#ifndef LOOM_STORED_HOURS_H
#define LOOM_STORED_HOURS_H

#include "base/error.h"
#include "measure/hours.h"

#include <sqlite3.h>

/* The columns that the functions below read, and the tables w and h that they are from. */
#define LOOM_STORED_HOURS_COLUMNS                                                                  \
  "w.origin = 'override', w.reverts, w.effective_from, h.weekday, h.open_s, h.close_s"
#define LOOM_STORED_HOURS_TABLES                                                                   \
  "hours_week w LEFT JOIN hours h USING(store, origin, effective_from)"

/* One store's hours, row by row and put together. The lists are kept between stores. */
struct loom_stored_hours {
  struct loom_hours_list file, overrides;
  struct loom_hours_list in_force;
};

/* Reads a time of day, in seconds since midnight; false if it is none, 24:00:00 being the last. */
bool loom_stored_time_read(sqlite3_stmt *row, int column, int32_t *seconds);

/* Reads a row of LOOM_STORED_HOURS_COLUMNS, the first one in column `column`; false if it cannot be right. */
bool loom_stored_hours_read(sqlite3_stmt *row, int column, struct loom_hours *hours);

/* Whether such a row was set by hand. */
bool loom_stored_hours_override(sqlite3_stmt *row, int column);

/*
** Adds a row; the rows of a store come in order of effective_from. LOOM_ECORRUPT, without a message: it cannot
** be right.
*/
loom_status loom_stored_hours_add(struct loom_stored_hours *stored, sqlite3_stmt *row, int column);

/* Puts the rows added into `in_force`, and makes ready for the next store. False: memory is out. */
bool loom_stored_hours_finish(struct loom_stored_hours *stored);

void loom_stored_hours_free(struct loom_stored_hours *stored);

#endif
