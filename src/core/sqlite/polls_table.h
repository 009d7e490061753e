/*
** The packed polls as an SQL table: polls(store_id, timestamp_utc, active), read-only.
**
** timestamp_utc is text as loom_format_timestamp prints it, which sorts as the instants do, and which
** date_functions.h reads; active is 0 or 1. Polls are found quickly by `store_id = TEXT` (and IN), and by day:
** `timestamp_utc` compared with text that begins with a date, by <, <=, >, >=, =, BETWEEN, LIKE
** or GLOB. Whatever else a query asks is answered by reading all blocks.
** The table shows the blocks of the main database, in the snapshot of the query that reads it.
**
** Compiled a second time with LOOM_SQLITE_EXTENSION, for src/extension, this calls SQLite through
** the table of pointers that the program which loads the extension gives.
*/
#ifndef LOOM_POLLS_TABLE_H
#define LOOM_POLLS_TABLE_H

#ifdef LOOM_SQLITE_EXTENSION
#include <sqlite3ext.h>
#else
#include <sqlite3.h>
#endif

/* Makes the table known to a connection. Returns an SQLite code. */
int loom_polls_table_register(sqlite3 *sqlite);

#endif
