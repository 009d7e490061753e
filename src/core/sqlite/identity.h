/*
** Whose file a database is, told by the marks in its header, and which version its schema has: made, or brought up to date.
*/
#ifndef LOOM_IDENTITY_H
#define LOOM_IDENTITY_H

#include "base/error.h"

typedef struct loom_database loom_database; /* as in database.h */

/* Reads the file's marks: is it empty, which is_new then says, Loom's, or someone else's, or of a newer Loom? */
loom_status loom_database_identify(loom_database *database, loom_error *error);

/*
** For whoever has the write lock: a newer Loom may have upgraded the file while it was open here, and nothing is written by
** rules that are not its own.
*/
loom_status loom_database_check_version(loom_database *database, loom_error *error);

/* Brings an older schema up to date. Under the write lock another process may turn out to have done it. */
loom_status loom_database_upgrade(loom_database *database, loom_error *error);

/* Makes the schema of a new file, under the write lock: another process may have made it since we looked. */
loom_status loom_database_create_schema(loom_database *database, loom_error *error);

#endif
