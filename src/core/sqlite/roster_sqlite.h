/*
** The database as a roster.
*/
#ifndef LOOM_ROSTER_SQLITE_H
#define LOOM_ROSTER_SQLITE_H

#include "measure/roster.h"
#include "sqlite/snapshot.h"

/* NULL: memory is out. */
loom_roster *loom_roster_sqlite(struct loom_snapshot *snapshot);

#endif
