/*
** Loom's own database as a source.
*/
#ifndef LOOM_SOURCE_SQLITE_H
#define LOOM_SOURCE_SQLITE_H

#include "measure/source.h"
#include "sqlite/database.h"

/*
** A source that reads the database, which it keeps open, and which does nothing else between snapshot and
** release. Free with loom_source_free. NULL: memory is out.
*/
loom_source *loom_source_sqlite(loom_database *database);

/* The same for use by the handle's own thread, which may read from it in other ways too. */
loom_source *loom_source_sqlite_shared(loom_database *database);

/* Either of them, or that of the remote which has the handle's polls: see remote.h. */
loom_source *loom_source_of(loom_database *database, bool shared);

#endif
