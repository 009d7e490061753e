/*
** Loom's database: an SQLite file (or ":memory:") with its schema, its transactions and its errors.
**
** A handle may be used by one thread at a time, and has at most one transaction open. Any number of readers share one,
** and one snapshot; a writer closes them, as they may have been left in mid-way by someone who never says so. A report, whose
** threads have the handle to themselves, and a writer share with nobody: whatever else is asked of the handle meanwhile fails.
** It must not cross fork(): a child opens its own.
** A file that does not exist is created by the first transaction, so that failing before it leaves nothing behind.
** A file that is deleted, moved or replaced while it is open cannot be written through the handle any more: LOOM_EMOVED.
*/
#ifndef LOOM_DATABASE_H
#define LOOM_DATABASE_H

#include "base/error.h"
#include "sqlite/place.h"
#include "sqlite/schema.h"
#include "sqlite/wal_index.h"
#include "time/zone.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

#define LOOM_APPLICATION_ID 0x4c6f6f6d /* "Loom", in the header of every database file */

/* How long to wait for another writer, in milliseconds. */
#define LOOM_BUSY_TIMEOUT 10000

/* How many statements are kept to be used again: more than any part of Loom uses over and over. */
#define LOOM_KEPT_STATEMENTS 16

enum loom_open_mode {
  /* the file must exist; it is read where it cannot be written, and where the disk is full */
  LOOM_OPEN_EXISTING,
  LOOM_OPEN_CREATE /* the file is created if it does not exist */
};

enum loom_settings { LOOM_UNSET, LOOM_FOR_READING, LOOM_FOR_WRITING };

enum loom_transaction { LOOM_NO_TRANSACTION, LOOM_READING, LOOM_COMPUTING, LOOM_WRITING };

/* Who holds statements from one call to the next: part of the holder, and zeroed while it holds none. */
struct loom_holder {
  struct loom_holder *next, **link;
  void (*let_go)(struct loom_holder *holder); /* finalizes them, and ends the holder's reading */
};

typedef struct loom_database {
  /* NULL until the first transaction creates the file, and between those that are makeshift */
  sqlite3 *sqlite;
  atomic_int transaction; /* enum loom_transaction: a report ends its own from another thread */
  unsigned readers;       /* that share the transaction */
  unsigned references;
  loom_zones *zones;
  char *path;
  struct loom_place place;
  int busy_timeout;
  bool is_new; /* the schema is not there yet */
  int version; /* of the schema */
  bool in_memory;
  bool leaves_checkpoints;
  /*
  ** The connection is not as it should be: alone with the file, or without locks. It is made anew for each transaction, as it
  ** keeps others away, or does not see what they change. */
  bool is_makeshift;
  enum loom_settings settings; /* of the connection: what the last transaction was for */
  bool keeps_revision; /* the write transaction changes nothing that reports are made from */
  int changes;         /* SQLite's count of rows that were changed when it began */
  int64_t pages;       /* and of pages that it had written */
  struct loom_holder *holders; /* within the transaction, the last one first */
  /* Statements that are not in use, the one used last first: see statement.h. */
  struct loom_kept_statement {
    sqlite3_stmt *statement;
    bool reads_only; /* SQLite's authorizer has seen that it does */
  } kept[LOOM_KEPT_STATEMENTS];
  struct {
    sqlite3_stmt *statement; /* NULL until it is first asked for */
    bool has_index, is_known;
    struct loom_wal_index index; /* as it was when `number` was read, if that is known */
    int64_t number;
  } revision;
} loom_database;

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

/*
** How many milliseconds transactions wait for other writers from now on, also of clones made from now on. LOOM_EINVAL while a
** report computes.
*/
loom_status loom_database_set_busy_timeout(loom_database *database, int busy_timeout,
                                           loom_error *error);

/* What works on a database retains it, so that it stays open until the last one has released it. */
loom_database *loom_database_retain(loom_database *database);
void loom_database_close(loom_database *database);

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

/* Ends a write transaction without effect; harmless when there is none. */
void loom_database_rollback(loom_database *database);

/* ---- for the core's own use ---- */

/*
** Notes who holds statements within the transaction that is open. They have to go before another one begins: a statement that
** stands in a row keeps SQLite from committing, and one that is finalized while a report computes is used by two threads.
** `let_go` calls loom_holder_end, which the holder calls, too, when it needs its statements no more; more than once does no harm.
*/
void loom_database_hold(loom_database *database, struct loom_holder *holder,
                        void (*let_go)(struct loom_holder *holder));
void loom_holder_end(struct loom_holder *holder);

/* The failure of what is asked of a holder that had to let go. */
loom_status loom_holder_failure(const loom_database *database, loom_error *error);

/* Describes SQLite's last failure, with the database's path. */
loom_status loom_database_failure(loom_database *database, loom_error *error);

/* Says what is corrupt: LOOM_ECORRUPT, with the database's path. */
loom_status loom_database_corrupt(loom_database *database, loom_error *error, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));

loom_status loom_database_prepare(loom_database *database, const char *sql,
                                  sqlite3_stmt **statement, loom_error *error);
loom_status loom_database_execute(loom_database *database, const char *sql, loom_error *error);

/* Steps a statement that returns no rows, and resets it. */
loom_status loom_database_run(loom_database *database, sqlite3_stmt *statement, loom_error *error);

/* The first column of the first row of a query, as a number; 0 if there is none. */
loom_status loom_database_number(loom_database *database, const char *sql, int64_t *number,
                                 loom_error *error);

#endif
