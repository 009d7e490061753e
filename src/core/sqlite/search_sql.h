/*
** Texts that are looked for in SQL.
**
** loom_contains(value, text) is whether a value contains a text in which A to Z are a to z: see loom_text_contains. What is NULL
** contains nothing. SQLite's own functions copy each value to do it, which takes ten times as long.
*/
#ifndef LOOM_SEARCH_SQL_H
#define LOOM_SEARCH_SQL_H

#include <sqlite3.h>

/* Gives it to a connection. Returns an SQLite code. */
int loom_search_sql_register(sqlite3 *sqlite);

#endif
