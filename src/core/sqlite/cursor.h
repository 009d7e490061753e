/*
** Statements whose rows belong to stores: column 0 is the store's number, in ascending order, or that of the one store which is
** looked up.
**
** Parameter 1 of a statement is the store whose rows, or the store from which on all rows, are wanted.
**
**   loom_cursor_open → loom_cursor_seek, of ascending stores, or loom_cursor_look_up → its rows: loom_cursor_step → loom_cursor_close
*/
#ifndef LOOM_CURSOR_H
#define LOOM_CURSOR_H

#include "sqlite/connection.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stdint.h>

struct loom_cursor {
  loom_database *database;
  sqlite3_stmt *statement;
  int64_t store; /* of the row it stands on; INT64_MAX at the end */
};

/* Compiles the statement; its other parameters may be bound before the first step. */
loom_status loom_cursor_open(struct loom_cursor *cursor, loom_database *database, const char *sql,
                             loom_error *error);
loom_status loom_cursor_step(struct loom_cursor *cursor, loom_error *error);

/* Moves to the store's first row, if it has one, else to that of the next store; *found tells. */
loom_status loom_cursor_seek(struct loom_cursor *cursor, int64_t store, bool *found,
                             loom_error *error);

/* Begins again, and moves to the store's first row. */
loom_status loom_cursor_look_up(struct loom_cursor *cursor, int64_t store, loom_error *error);
void loom_cursor_close(struct loom_cursor *cursor);

#endif
