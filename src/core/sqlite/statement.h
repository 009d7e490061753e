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

/*
** Gives a statement back, to be kept in place of the one that was not used for the longest time. One of each text is kept, and none
** of a connection that the database does not have any more. NULL does nothing.
*/
void loom_statement_keep(loom_database *database, sqlite3_stmt *statement, bool reads_only);

/*
** Runs a statement that returns no rows, and gives it back. *changes, which may be NULL, grows by the rows that it has changed.
*/
loom_status loom_statement_run(loom_database *database, sqlite3_stmt *statement, uint64_t *changes,
                               loom_error *error);

/* The first column of a statement's first row; *number is left as it is where there is none. Gives the statement back. */
loom_status loom_statement_number(loom_database *database, sqlite3_stmt *statement, int64_t *number,
                                  loom_error *error);

/* Binds a text that lives until the statement has run. NULL is left as it is, which is NULL in a statement that was taken. */
void loom_bind_text(sqlite3_stmt *statement, int parameter, const char *text, size_t length);

/* Binds a copy of a date as text. */
void loom_bind_date(sqlite3_stmt *statement, int parameter, int32_t date);

/* Binds the number of a store; 0, which stands for every store, is NULL. */
void loom_bind_store(sqlite3_stmt *statement, int parameter, int64_t number);

/*
** The text or the blob of a column, as it is stored: NULL for NULL alone, and not ended by a NUL. Other than sqlite3_column_text
** it takes no memory, so that a value for which there is none cannot be taken for one that is not there.
*/
const char *loom_column_bytes(sqlite3_stmt *row, int column, size_t *length);

/* Runs a statement, whose first parameter is the intake, to its end. */
loom_status loom_statement_take_in(loom_database *database, const char *sql,
                                   struct loom_intake *intake, loom_error *error);

#endif
