/*
** SQLite as a sink.
*/
#ifndef LOOM_SINK_SQLITE_H
#define LOOM_SINK_SQLITE_H

#include "sqlite/database.h"
#include "write/sink.h"

/*
** Retains the database, whose write transactions are the sink's: one that was begun on the handle itself serves as well. NULL:
** memory is out.
*/
loom_sink *loom_sink_sqlite(loom_database *database);

#endif
