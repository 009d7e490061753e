/*
** The read transaction that the halves of a source share: the first half begins it, the last one ends it.
**
**   loom_snapshot_new → loom_snapshot_join of each half's part
**   each half: loom_snapshot_begin → loom_snapshot_check and reads → loom_snapshot_end, once and again → loom_snapshot_free
*/
#ifndef LOOM_SNAPSHOT_H
#define LOOM_SNAPSHOT_H

#include "sqlite/connection.h"
#include "sqlite/database.h"

#include <stdbool.h>

struct loom_snapshot {
  loom_database *database;
  bool shared; /* with other readers of the handle; else no one else reads */
  unsigned references, readers;
};

/* One half's part in it. */
struct loom_part {
  struct loom_holder holder;
  struct loom_snapshot *snapshot;
  bool reading;
};

/* Retains the database. NULL: memory is out. */
struct loom_snapshot *loom_snapshot_new(loom_database *database, bool shared);

/* Makes a zeroed part one of the snapshot's. */
void loom_snapshot_join(struct loom_snapshot *snapshot, struct loom_part *part);

/* `let_go` ends the part, as loom_snapshot_end does, and what it has open; a write on the handle calls it. */
loom_status loom_snapshot_begin(struct loom_part *part, void (*let_go)(struct loom_holder *holder),
                                loom_error *error);

/* LOOM_EINVAL: a write has ended the part. */
loom_status loom_snapshot_check(const struct loom_part *part, loom_error *error);

/* Harmless when it has not begun. What the part has open must be closed by then. */
void loom_snapshot_end(struct loom_part *part);

/* Gives up one reference: that of loom_snapshot_new, or of a part. */
void loom_snapshot_free(struct loom_snapshot *snapshot);

#endif
