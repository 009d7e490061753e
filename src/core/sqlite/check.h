/*
** The integrity check: SQLite's own, and what Loom relies on beyond it.
*/
#ifndef LOOM_CHECK_H
#define LOOM_CHECK_H

#include "sqlite/database.h"

/* Takes one problem, a line of text. */
typedef void loom_check_fn(void *context, const char *problem);

/*
** Looks through the whole database and calls `report` for each problem found. The status is LOOM_OK when the check
** could be made, whatever it found.
*/
loom_status loom_check_run(loom_database *database, loom_check_fn *report, void *context,
                           loom_error *error);

#endif
