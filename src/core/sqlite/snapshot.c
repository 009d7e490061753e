/*
** Shared snapshots.
*/
#include "sqlite/snapshot.h"

#include <stdlib.h>

struct loom_snapshot *loom_snapshot_new(loom_database *database, bool shared) {
  struct loom_snapshot *snapshot = calloc(1, sizeof *snapshot);
  if (!snapshot)
    return NULL;
  snapshot->database = loom_database_retain(database);
  snapshot->shared = shared;
  snapshot->references = 1;
  return snapshot;
}

void loom_snapshot_join(struct loom_snapshot *snapshot, struct loom_part *part) {
  part->snapshot = snapshot;
  snapshot->references++;
}

loom_status loom_snapshot_begin(struct loom_part *part, void (*let_go)(struct loom_holder *holder),
                                loom_error *error) {
  struct loom_snapshot *snapshot = part->snapshot;
  loom_status status = LOOM_OK;
  if (snapshot->readers == 0)
    status = snapshot->shared ? loom_database_begin_read(snapshot->database, error)
                              : loom_database_begin_report(snapshot->database, error);
  if (status != LOOM_OK)
    return status;
  snapshot->readers++;
  part->reading = true;
  if (snapshot->shared)
    loom_database_hold(snapshot->database, &part->holder, let_go);
  return LOOM_OK;
}

loom_status loom_snapshot_check(const struct loom_part *part, loom_error *error) {
  return part->reading ? LOOM_OK : loom_holder_failure(part->snapshot->database, error);
}

void loom_snapshot_end(struct loom_part *part) {
  loom_holder_end(&part->holder);
  if (part->reading && --part->snapshot->readers == 0)
    loom_database_end_read(part->snapshot->database);
  part->reading = false;
}

void loom_snapshot_free(struct loom_snapshot *snapshot) {
  if (--snapshot->references)
    return;
  loom_database_close(snapshot->database);
  free(snapshot);
}
