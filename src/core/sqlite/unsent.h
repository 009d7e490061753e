/*
** Stores that a head has numbered for polls in its spool, and of which the cluster does not know: it may have given their numbers, or
** their ids, to others meanwhile. The first one's number is in the row `unsent` of `service`; all from there on are.
**
**   loom_unsent_note → … → loom_unsent_set_aside → the cluster's stores → loom_unsent_put_back
**                        → loom_unsent_sent
*/
#ifndef LOOM_UNSENT_H
#define LOOM_UNSENT_H

#include "base/id_table.h"
#include "sqlite/database.h"

#include <stdint.h>

struct loom_unsent {
  struct loom_id_table ids;
  int64_t *numbers; /* by those in `ids`, ascending */
};

/* All of these need a write transaction. */

/* Notes that numbers from here on are given. */
loom_status loom_unsent_note(loom_database *database, int64_t first, loom_error *error);

/* The first one; INT64_MAX: there are none. */
loom_status loom_unsent_first(loom_database *database, int64_t *first, loom_error *error);

/* Those up to a number have come to the cluster. */
loom_status loom_unsent_sent(loom_database *database, int64_t last, loom_error *error);

/* Takes their numbers and ids away, and of all that is of them, until they are put back. Freed also where it fails. */
loom_status loom_unsent_set_aside(loom_database *database, struct loom_unsent *unsent,
                                  loom_error *error);

/* Gives them numbers behind all others; of those whose ids are known by now, what is of them becomes these others'. */
loom_status loom_unsent_put_back(loom_database *database, const struct loom_unsent *unsent,
                                 loom_error *error);
void loom_unsent_free(struct loom_unsent *unsent);

#endif
