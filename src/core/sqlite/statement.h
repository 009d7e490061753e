/*
** Prepared statements that a database keeps while they are not in use, so that what is done over and over is compiled once.
**
**   loom_statement_take → its rows → loom_statement_keep
*/
#ifndef LOOM_STATEMENT_H
#define LOOM_STATEMENT_H

#include "sqlite/connection.h"
#include "sqlite/database.h"
#include "sqlite/intake.h"

#include <stddef.h>

/* Takes a kept statement of the same text; NULL: there is none. `reads_only` ones have been seen to, by the authorizer. */
sqlite3_stmt *loom_statement_take(loom_database *database, const char *sql, size_t length,
                                  bool reads_only);

/* Takes a statement of Loom's own, compiled now unless it was kept. */
loom_status loom_statement_get(loom_database *database, const char *sql, sqlite3_stmt **statement,
                               loom_error *error);

/* Gives a statement back, to be kept in place of the one that was not used for the longest time. NULL does nothing. */
void loom_statement_keep(loom_database *database, sqlite3_stmt *statement, bool reads_only);

/*
** The text or the blob of a column, as it is stored: NULL for NULL alone, and not ended by a NUL. Other than sqlite3_column_text
** it takes no memory, so that a value for which there is none cannot be taken for one that is not there.
*/
const char *loom_column_bytes(sqlite3_stmt *row, int column, size_t *length);

/* Runs a statement, whose first parameter is the intake, to its end. */
loom_status loom_statement_take_in(loom_database *database, const char *sql,
                                   struct loom_intake *intake, loom_error *error);

#endif
