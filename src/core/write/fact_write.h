/*
** Facts put into the database and taken out of it, each kind as its rows. Who may change what, and what the audit is told of it,
** is the business of facts_sqlite.c.
*/
#ifndef LOOM_FACT_WRITE_H
#define LOOM_FACT_WRITE_H

#include "sqlite/database.h"
#include "write/facts.h"

/*
** Puts a fact of the store with a number, 0 for every store, in place of the one with its key. An exclusion gets its number;
** where there is the same one, nothing is written.
*/
loom_status loom_fact_write_put(loom_database *database, struct loom_fact *fact, int64_t store,
                                loom_error *error);

/* Removes what there is with a fact's key, in its layer; *count grows by the rows that are gone. */
loom_status loom_fact_write_remove(loom_database *database, const struct loom_fact *fact,
                                   int64_t store, uint64_t *count, loom_error *error);

#endif
