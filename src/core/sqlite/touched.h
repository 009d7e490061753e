/*
** What a write transaction changes of the roster, noted by whoever writes a row of it: for the remote, which others have it from.
**
**   loom_roster_intend, loom_roster_touch → loom_roster_touched, by the commit
*/
#ifndef LOOM_TOUCHED_H
#define LOOM_TOUCHED_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_database loom_database; /* as in database.h */

enum loom_roster_kind {
  LOOM_ROSTER_STORE, /* its id and zones: before all else of a store */
  LOOM_ROSTER_HOURS,
  LOOM_ROSTER_SPECIAL_DAYS,
  LOOM_ROSTER_EXCLUSIONS,
  LOOM_ROSTER_ATTRIBUTES,
  LOOM_ROSTER_KINDS
};

/* `store`: its number; 0 for what is every store's. */
struct loom_roster_entry {
  enum loom_roster_kind kind;
  int64_t store;
};

/*
** Notes that the write transaction is to change rows of the roster: whether they change at all depends on what others have written
** meanwhile.
*/
void loom_roster_intend(loom_database *database);

/* Whether that was noted in the transaction. */
bool loom_roster_is_intended(const loom_database *database);

/*
** Notes that the write transaction changes rows of a kind of a store: nothing, where the handle has no remote. Where memory is out
** the commit fails.
*/
void loom_roster_touch(loom_database *database, enum loom_roster_kind kind, int64_t store);

/* What was noted in the transaction, each entry once, by store and kind; valid until more is. */
loom_status loom_roster_touched(loom_database *database, const struct loom_roster_entry **entries,
                                size_t *count, loom_error *error);

/* Forgets what was noted, as the end of a transaction does. */
void loom_roster_forget(loom_database *database);

#endif
