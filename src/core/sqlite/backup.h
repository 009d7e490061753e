/*
** A backup of a database while it is in use: one snapshot, as a single file that is complete or not there.
**
** A copy of the file itself lacks what is in the write-ahead log only, and may have pages of two states. SQLite's backup API
** copies page by page, here within one read transaction, so that what is written meanwhile neither shows nor begins it anew.
**
**   loom_backup_new → loom_backup_step, until LOOM_DONE → loom_backup_commit → loom_backup_free
*/
#ifndef LOOM_BACKUP_H
#define LOOM_BACKUP_H

#include "sqlite/database.h"

typedef struct loom_backup loom_backup;

/*
** Begins a backup to a path. Without `replace` there must be nothing yet: LOOM_EINVAL, as for the database itself, for what is no
** file, and for a database that has a write-ahead log, which would be taken for the backup's. The database's handle stays free.
** Other failures are those of atomic_file.h and of reading. Free with loom_backup_free.
*/
loom_status loom_backup_new(loom_database *database, const char *path, bool replace,
                            loom_backup **backup, loom_error *error);

/*
** Copies up to so many bytes, and at least a page. LOOM_OK: there is more to copy; LOOM_DONE: all is. *done and *total are in
** bytes. After a failure it cannot be taken up again.
*/
loom_status loom_backup_step(loom_backup *backup, int64_t bytes, int64_t *done, int64_t *total,
                             loom_error *error);

/* Puts the backup, of which all is copied, in its place: it is on the disk when this returns LOOM_OK. */
loom_status loom_backup_commit(loom_backup *backup, loom_error *error);

/* Removes what has not been committed. */
void loom_backup_free(loom_backup *backup);

#endif
