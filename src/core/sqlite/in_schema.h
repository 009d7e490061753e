/*
** Statements for a database that may be an attached one.
**
** Virtual tables of a file read the rows that lie beside them, whatever the file is called where it is attached. What they ask
** is written for the schema `main`.
*/
#ifndef LOOM_IN_SCHEMA_H
#define LOOM_IN_SCHEMA_H

#include <sqlite3.h>

/*
** Prepares a statement of Loom's own, as sqlite3_prepare_v3 does with these flags, in which each `main.` stands for the schema:
** the name of a database of the connection. Returns an SQLite code.
*/
int loom_prepare_in_schema(sqlite3 *sqlite, const char *schema, const char *sql, unsigned flags,
                           sqlite3_stmt **statement);

#endif
