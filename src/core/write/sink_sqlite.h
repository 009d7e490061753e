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

/* The same, or that of the remote which has the handle's polls: see remote.h. */
loom_sink *loom_sink_of(loom_database *database);

#endif
