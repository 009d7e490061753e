/*
** Loom's own database as a source: a roster and a feed that read one snapshot of it.
*/
#include "sqlite/source_sqlite.h"
#include "sqlite/connection.h"
#include "sqlite/feed_sqlite.h"
#include "sqlite/remote.h"
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

/* Fewer stores are read before another connection is open. */
#define WORTH_ANOTHER 2048

/* Of a database in memory there would be a copy, and a file that is opened for each transaction alone is kept from others. */
static loom_source *open_reader(void *context) {
  loom_database *database = context, *clone;
  loom_error error;
  int64_t stores = 0;
  if (database->in_memory || database->is_makeshift ||
      loom_database_number(database, "SELECT max(number) FROM store", &stores, &error) != LOOM_OK ||
      stores < WORTH_ANOTHER || loom_database_clone(database, &clone, &error) != LOOM_OK)
    return NULL;
  loom_source *source = make(clone, false);
  loom_database_close(clone); /* the source has it now */
  return source;
}

loom_source *loom_source_sqlite(loom_database *database) {
  loom_source *source = make(database, false);
  if (source) {
    source->open_reader = open_reader;
    source->context = database;
  }
  return source;
}

loom_source *loom_source_sqlite_shared(loom_database *database) {
  return make(database, true);
}

loom_source *loom_source_of(loom_database *database, bool shared) {
  loom_remote *remote = loom_database_remote(database);
  if (remote)
    return remote->type->source(remote, database, shared);
  return shared ? loom_source_sqlite_shared(database) : loom_source_sqlite(database);
}
