/*
** Writing what a database holds as CSV, in the form that ingestion reads.
**
**   loom_export_new → loom_export_next, until LOOM_DONE → loom_export_free
*/
#ifndef LOOM_EXPORT_H
#define LOOM_EXPORT_H

#include "read/kind.h"
#include "sqlite/database.h"

typedef struct loom_export loom_export;

/* Starts on one kind of data, on a snapshot of the database, which it keeps open until it is freed. */
loom_status loom_export_new(loom_database *database, enum loom_kind kind, loom_export **export,
                            loom_error *error);
void loom_export_free(loom_export *export);

/* Gives the next stretch of text, valid until the next call. LOOM_DONE: there is no more. */
loom_status loom_export_next(loom_export *export, const char **text, size_t *length,
                             loom_error *error);

#endif
