/*
** Instants as values of SQL.
*/
#ifndef LOOM_SQL_INSTANT_H
#define LOOM_SQL_INSTANT_H

#include <sqlite3.h>
#include <stdint.h>

/*
** Gives an instant as text, `2023-01-24 10:00:00.000000 UTC`, as files have it: it sorts, and functions of dates read it, for which
** date_functions.h cares.
*/
void loom_result_instant(sqlite3_context *context, int64_t instant);

#endif
