/*
** SQLite's functions of dates, which do not know the form of Loom's instants, made to: a time value whose text
** ends in " UTC", as in `2023-01-24 10:00:00.000000 UTC`, is taken without it. All else is as SQLite has it:
** date, time, datetime, julianday, unixepoch, strftime, and timediff where the copy of SQLite has it.
*/
#ifndef LOOM_DATE_FUNCTIONS_H
#define LOOM_DATE_FUNCTIONS_H

#include <sqlite3.h>

/* Gives a connection these functions in place of SQLite's, until it is closed. Returns an SQLite code. */
int loom_date_functions_register(sqlite3 *sqlite);

#endif
