/*
** Rows of Loom's own for one statement of SQL, as a table that it reads: a row costs half of what a statement to a row does.
**
**   struct rows rows = {.intake = {.next = next}, …};
**   status = loom_statement_take_in(database, "INSERT INTO t SELECT a, b FROM loom_intake(?1)", &rows.intake, error);
*/
#ifndef LOOM_INTAKE_H
#define LOOM_INTAKE_H

#include "base/error.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* The type of a pointer to a loom_intake, for sqlite3_bind_pointer. */
#define LOOM_INTAKE "loom_intake"

#define LOOM_INTAKE_COLUMNS 6

/* A number, or text or a blob that stays where it is until the next row. */
struct loom_intake_value {
  enum { LOOM_INTAKE_NULL, LOOM_INTAKE_INTEGER, LOOM_INTAKE_TEXT, LOOM_INTAKE_BLOB } type;
  int64_t number;
  const void *bytes;
  size_t size;
};

struct loom_intake {
  /* Fills `row` with the next one. LOOM_DONE: there are no more. Anything else fails the statement, with `error`. */
  loom_status (*next)(struct loom_intake *intake, loom_error *error);
  struct loom_intake_value row[LOOM_INTAKE_COLUMNS]; /* the columns a, b, c, d, e, f */
  loom_status status;                                /* of the last `next` */
  loom_error error;
};

/* Gives the table to a connection; the result is one of SQLite's codes. Others' SQL can do nothing with it. */
int loom_intake_register(sqlite3 *sqlite);

#endif
