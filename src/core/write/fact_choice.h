/*
** A choice of stores as SQL: one row to a store, in order of the ids. Columns: the id; whether all is met but for the glob; the
** value of the attribute.
**
**   loom_fact_choice_write → prepared → loom_fact_choice_bind
*/
#ifndef LOOM_FACT_CHOICE_H
#define LOOM_FACT_CHOICE_H

#include "base/text.h"
#include "write/facts.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Writes the statement, which a NUL ends. False: memory is out. */
bool loom_fact_choice_write(struct loom_text *sql, const struct loom_fact_choice *choice);

/* Binds copies of what the choice asks for. */
void loom_fact_choice_bind(sqlite3_stmt *rows, const struct loom_fact_choice *choice);

#endif
