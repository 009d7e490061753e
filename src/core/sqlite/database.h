/*
** Loom's database: an SQLite file (or ":memory:") with its schema, its transactions and its errors.
**
** A handle may be used by one thread at a time, and has at most one transaction open. Any number of readers share one,
** and one snapshot; a writer closes them, as they may have been left in mid-way by someone who never says so. A report, whose
** threads have the handle to themselves, and a writer share with nobody: whatever else is asked of the handle meanwhile fails,
** unless the writer says that it is made of parts (loom_database_nest).
** It must not cross fork(): a child opens its own.
** A file that does not exist is created by the first transaction, so that failing before it leaves nothing behind.
** A file that is deleted, moved or replaced while it is open cannot be written through the handle any more: LOOM_EMOVED.
*/
#ifndef LOOM_DATABASE_H
#define LOOM_DATABASE_H

#include "base/error.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stdint.h>

/* How long to wait for another writer, in milliseconds. */
#define LOOM_BUSY_TIMEOUT 10000

enum loom_open_mode {
  /* the file must exist; it is read where it cannot be written, and where the disk is full */
  LOOM_OPEN_EXISTING,
  LOOM_OPEN_CREATE /* the file is created if it does not exist */
};

typedef struct loom_database loom_database;

/*
** Opens a database and checks that it is one of Loom's; one of an older schema is upgraded. Close with
** loom_database_close.
*/
loom_status loom_database_open(const char *path, enum loom_open_mode mode, int busy_timeout,
                               loom_database **database, loom_error *error);

/*
** Leaves checkpoints of the write-ahead log to other connections, so that no transaction of this one waits for them.
** It holds for clones too.
*/
loom_status loom_database_leave_checkpoints(loom_database *database, loom_error *error);

/* From the next transaction on a process that is to stay small writes with 4 MiB of cache rather than 16. */
void loom_database_stay_small(loom_database *database);

/*
** How many milliseconds transactions wait for other writers from now on, also of clones made from now on. LOOM_EINVAL while a
** report computes.
*/
loom_status loom_database_set_busy_timeout(loom_database *database, int busy_timeout,
                                           loom_error *error);

/* What works on a database retains it, so that it stays open until the last one has released it. */
loom_database *loom_database_retain(loom_database *database);
void loom_database_close(loom_database *database);

/* The zones that the handle has read, which live as long as it does. */
loom_zones *loom_database_zones(const loom_database *database);

/* Whether readers share a transaction of the handle, so that a report, which shares with nobody, needs another one. */
bool loom_database_is_reading(const loom_database *database);

/* Whether the file was deleted, moved or replaced since it was opened. For any thread, and cheap. */
bool loom_database_is_lost(const loom_database *database);

/* Begins a transaction that may write, waiting for other writers for up to the busy timeout. Readers have to let go. */
loom_status loom_database_begin_write(loom_database *database, loom_error *error);

/*
** Opens a second handle on what this one has committed, so that work of long duration leaves this one free. Of a
** database in memory it is a read-only copy.
*/
loom_status loom_database_clone(loom_database *database, loom_database **clone, loom_error *error);

/* Begins a read transaction, or joins the one that is open: all reads until its end see one snapshot. */
loom_status loom_database_begin_read(loom_database *database, loom_error *error);

/* The same for a report, which must be the only reader. */
loom_status loom_database_begin_report(loom_database *database, loom_error *error);

/* Ends a reader's or a report's part in the transaction, and the transaction with the last one. */
void loom_database_end_read(loom_database *database);

/* LOOM_EINVAL unless a transaction that may write is open. */
loom_status loom_database_check_writing(loom_database *database, loom_error *error);

/*
** Commits; what was written has reached the disk when this returns LOOM_OK. On failure all is rolled back, but for LOOM_EMOVED:
** it may be in the file that was open, and is not in the one that has its place now.
*/
loom_status loom_database_commit(loom_database *database, loom_error *error);

/* Says that the write transaction changes nothing that reports are made from: it leaves the revision as it is. */
void loom_database_keep_revision(loom_database *database);

/*
** The database's revision, which every commit raises that may change a report, whoever commits: as long as it is the same, so
** is every report. Cheap enough to be asked for at every request. LOOM_EINVAL while a report computes on this handle.
*/
loom_status loom_database_revision(loom_database *database, int64_t *revision, loom_error *error);

/* Ends a write transaction, or its innermost part, without effect; harmless when there is none. */
void loom_database_rollback(loom_database *database);

/* Commits a write transaction in which nothing has failed so far, or ends it without effect: what failed first. */
static inline loom_status loom_database_end_write(loom_database *database, loom_status status,
                                                  loom_error *error) {
  if (status == LOOM_OK)
    return loom_database_commit(database, error);
  loom_database_rollback(database);
  return status;
}

/*
** Makes the write transaction that is open one of parts: from now to its end, what begins to write on this handle is a part
** of it, which is kept or undone by itself, also within another part, and on the disk with the whole; what begins to read, and a
** report, sees what has been written so far. Where SQLite had to undo the whole, as on a full disk, all that follows fails.
*/
void loom_database_nest(loom_database *database);

/*
** Which write transaction of the handle is open, by a number that none before it had, and how many of its parts are, one within
** the other. False: none is.
*/
bool loom_database_writing(const loom_database *database, uint64_t *number, unsigned *parts);

#endif
