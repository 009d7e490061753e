/*
** SQL functions of packed polls, for statements of Loom's own: views and triggers cannot call them.
*/
#ifndef LOOM_POLL_SQL_H
#define LOOM_POLL_SQL_H

#include <sqlite3.h>

/*
** Gives them to a connection; the result is one of SQLite's codes. They cannot be given while it is read.
** loom_poll_at(block, last) is the instant of a block's first poll, or of its last one.
*/
int loom_poll_sql_register(sqlite3 *sqlite);

#endif
