/*
** Removing polls of one store, or everything that is known of it.
**
** Polls are removed in steps, each of which is so much work at most and leaves a database in which everything agrees,
** so that it may be a transaction of its own, and other writers get their turn between two. A removal that ends half
** way has removed the oldest of what it was to.
**
**   loom_delete_survey, for who wants to know before → loom_delete_step, until LOOM_DONE
*/
#ifndef LOOM_DELETE_H
#define LOOM_DELETE_H

#include "sqlite/database.h"
#include "write/removal.h"

/*
** Blocks of polls that a transaction should change at most: each is on a page of its own, and 256 pages are some 4
** MiB of the log, which take about as long as a commit of polls.
*/
#define LOOM_DELETE_STEP 256

/*
** Says what would be removed and which polls of the store would stay, in a read transaction of its own. LOOM_ENOENT:
** the store is not known.
*/
loom_status loom_delete_survey(loom_database *database, const struct loom_removal *removal,
                               struct loom_removed *removed, loom_error *error);

/*
** Takes a step, within a write transaction, and adds what it has removed. It changes `blocks` blocks of polls at
** most. LOOM_OK: there is more to remove; LOOM_DONE: there is not. LOOM_ENOENT: the store is not known. A step that removes
** anything has an entry in the audit, of kind "store" where it is the last one of a whole store, and else "polls".
*/
loom_status loom_delete_step(loom_database *database, const struct loom_removal *removal,
                             size_t blocks, struct loom_removed *removed, loom_error *error);

#endif
