/*
** Facts in a database: see schema.c.
*/
#ifndef LOOM_FACTS_SQLITE_H
#define LOOM_FACTS_SQLITE_H

#include "sqlite/database.h"
#include "write/facts.h"

/* Retains the database. NULL: memory is out. */
loom_facts *loom_facts_sqlite(loom_database *database);

#endif
