/*
** Writing what is staged to a database.
**
**   loom_apply_new → loom_apply_step, until LOOM_DONE → loom_apply_free
*/
#ifndef LOOM_APPLY_H
#define LOOM_APPLY_H

#include "read/staging.h"
#include "sqlite/database.h"

typedef struct loom_apply loom_apply;

/*
** Begins within a write transaction, with the counts of what became of the records at 0; the staging and the database must
** outlive the apply.
*/
loom_status loom_apply_new(loom_staging *staging, loom_database *database, loom_apply **apply,
                           loom_error *error);
void loom_apply_free(loom_apply *apply);

/* Writes about `budget` records, and counts them. LOOM_OK: there is more; LOOM_DONE: that was all. *done is the share, 0 to 1. */
loom_status loom_apply_step(loom_apply *apply, size_t budget, double *done, loom_error *error);

#endif
