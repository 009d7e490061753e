/*
** One SQL statement on a database, its parameters bound and its rows taken through SQLite's own functions.
*/
#ifndef LOOM_QUERY_H
#define LOOM_QUERY_H

#include "database.h"

#include <stddef.h>

typedef struct loom_query loom_query;

/*
** Prepares a statement that only reads, and holds a read transaction until it is freed. LOOM_EINVAL: it is not one
** statement, does not compile, or would do something other than read; the message tells which. Free with
** loom_query_free.
*/
loom_status loom_query_new(loom_database *database, const char *sql, size_t length,
                           loom_query **query, loom_error *error);

/* Prepares a statement of Loom's own, within a write transaction of the caller's. */
loom_status loom_query_new_in_write(loom_database *database, const char *sql, size_t length,
                                    loom_query **query, loom_error *error);

void loom_query_free(loom_query *query);

sqlite3_stmt *loom_query_statement(const loom_query *query);

/* Moves to the next row. LOOM_DONE: there is none. */
loom_status loom_query_next(loom_query *query, loom_error *error);

#endif
