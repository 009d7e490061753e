/*
** Loom's own database as a source: a roster and a feed that read one snapshot of it.
*/
#include "sqlite/source_sqlite.h"
#include "sqlite/feed_sqlite.h"
#include "sqlite/roster_sqlite.h"
#include "sqlite/snapshot.h"

static loom_source *make(loom_database *database, bool shared) {
  struct loom_snapshot *snapshot = loom_snapshot_new(database, shared);
  if (!snapshot)
    return NULL;
  loom_source *source = loom_source_new(loom_roster_sqlite(snapshot), loom_feed_sqlite(snapshot));
  loom_snapshot_free(snapshot); /* its halves have it now */
  return source;
}

loom_source *loom_source_sqlite(loom_database *database) {
  return make(database, false);
}

loom_source *loom_source_sqlite_shared(loom_database *database) {
  return make(database, true);
}
