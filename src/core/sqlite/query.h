/*
** One SQL statement on a database.
**
**   loom_query_new → loom_query_bind of each parameter → loom_query_next, until LOOM_DONE: loom_query_value, … → loom_query_free
*/
#ifndef LOOM_QUERY_H
#define LOOM_QUERY_H

#include "sqlite/database.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* What a parameter or a column is. Text and blobs are bytes. */
struct loom_value {
  enum { LOOM_NULL, LOOM_INTEGER, LOOM_REAL, LOOM_BYTES } type;
  union {
    int64_t integer;
    double real;
    const char *bytes; /* of a column: valid until the query moves on */
  };
  size_t length; /* of the bytes */
};

typedef struct loom_query loom_query;

/*
** Prepares a statement that only reads, and holds a read transaction until it is freed. LOOM_EINVAL: it is not one
** statement, does not compile, or would do something other than read; the message tells which. Free with
** loom_query_free. Tables of alerts that a file does not have yet are empty.
*/
loom_status loom_query_new(loom_database *database, const char *sql, size_t length,
                           loom_query **query, loom_error *error);

/* Prepares a statement of Loom's own, within a write transaction of the caller's. One on alerts makes their tables. */
loom_status loom_query_new_in_write(loom_database *database, const char *sql, size_t length,
                                    loom_query **query, loom_error *error);

void loom_query_free(loom_query *query);

/* Parameters and columns; no columns once a write has closed the query. */
int loom_query_parameters(const loom_query *query);
int loom_query_columns(const loom_query *query);

/* Binds a parameter, from 1; bytes are copied, as text. LOOM_EINVAL: SQLite does not take it, for its length. */
loom_status loom_query_bind(loom_query *query, int parameter, const struct loom_value *value,
                            loom_error *error);

/* A column, from 0: its name, and its value in the row that the query is at. */
const char *loom_query_column_name(const loom_query *query, int column);
struct loom_value loom_query_value(const loom_query *query, int column);

/* After a statement that writes: how many rows it has changed, and the number of the one that was inserted last. */
int64_t loom_query_changed(const loom_query *query);
int64_t loom_query_inserted(const loom_query *query);

/* Moves to the next row. LOOM_DONE: there is none. */
loom_status loom_query_next(loom_query *query, loom_error *error);

/* Asked every few milliseconds while a row is looked for, by the thread that does; true ends the query. */
typedef bool loom_query_stop_fn(void *context);

/* The same, which may take as long as a statement likes: LOOM_ECANCELED once `stop` says so. */
loom_status loom_query_next_unless(loom_query *query, loom_query_stop_fn *stop, void *context,
                                   loom_error *error);

#endif
