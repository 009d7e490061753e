/*
** The packed polls as an SQL table: polls(store_id, timestamp_utc, active, unix), read-only.
**
** timestamp_utc is text, `2023-01-24 10:00:00.000000 UTC`, which sorts as the instants do, and which functions of dates read
** (date_functions.h); active is 0 or 1; unix, which is hidden, so that * is what files have, is the whole seconds since
** 1970-01-01T00:00:00Z, rounded down, as unixepoch() gives them. Polls are found quickly by `store_id = TEXT` (and IN), and by
** day: `timestamp_utc` compared with text that begins with a date, or `unix` with a number, by <, <=, >, >=, = or BETWEEN, and
** `timestamp_utc` by LIKE or GLOB, too. Whatever else a query asks is answered by reading all blocks.
**
** Each of Loom's files has the table, made by `CREATE VIRTUAL TABLE polls USING loom_polls`. It shows the blocks of that file,
** also where that is attached, in the snapshot of the query that reads it.
*/
#ifndef LOOM_POLLS_TABLE_H
#define LOOM_POLLS_TABLE_H

#include <sqlite3.h>

/* Gives a connection the module `loom_polls`. Returns an SQLite code. */
int loom_polls_table_register(sqlite3 *sqlite);

#endif
