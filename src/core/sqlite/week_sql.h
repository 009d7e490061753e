/*
** Packed weeks in SQL: what the view `hours` is made with, and what packs an opening.
**
** loom_openings(week) is a table with a row for each opening of a packed week, in their order: weekday, open_s, close_s.
** loom_week_add(week, weekday, open_s, close_s) is the week with an opening more, unless it has that one. Of NULL the one
** is empty and the other NULL; a week that is damaged, and values out of bounds, are errors.
*/
#ifndef LOOM_WEEK_SQL_H
#define LOOM_WEEK_SQL_H

#include <sqlite3.h>

/* Gives both to a connection. Returns an SQLite code. */
int loom_week_sql_register(sqlite3 *sqlite);

#endif
