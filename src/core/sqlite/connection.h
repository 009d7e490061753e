/*
** The inside of a database, for those who speak SQL: sqlite/ and write/, and nobody else. The calls that they share with others
** are in database.h.
**
**   loom_database_prepare → rows → sqlite3_finalize; loom_database_failure or loom_database_corrupt where it fails
**   loom_database_hold, by who has a statement open from one call to the next → loom_holder_end
*/
#ifndef LOOM_CONNECTION_H
#define LOOM_CONNECTION_H

#include "base/error.h"
#include "sqlite/place.h"
#include "sqlite/schema.h"
#include "sqlite/wal_index.h"
#include "time/zone.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct loom_database loom_database; /* as in database.h */
struct loom_pending;                        /* as in remote.h */
struct loom_remote;
struct loom_roster_entry; /* as in touched.h */

#define LOOM_APPLICATION_ID 0x4c6f6f6d /* "Loom", in the header of every database file */

/* How many statements are kept to be used again: more than any part of Loom uses over and over. */
#define LOOM_KEPT_STATEMENTS 32

enum loom_settings { LOOM_UNSET, LOOM_FOR_READING, LOOM_FOR_WRITING };

enum loom_transaction { LOOM_NO_TRANSACTION, LOOM_READING, LOOM_COMPUTING, LOOM_WRITING };

/* Who holds statements from one call to the next: part of the holder, and zeroed while it holds none. */
struct loom_holder {
  struct loom_holder *next, **link;
  void (*let_go)(struct loom_holder *holder); /* finalizes them, and ends the holder's reading */
};

/* What a transaction has changed of the roster: see touched.h. */
struct loom_touched {
  struct loom_roster_entry *entries;
  size_t count, capacity;
  bool any;    /* it was to change some, which may have been so already */
  bool failed; /* memory was out: it is not all */
};

struct loom_database {
  /* NULL until the first transaction creates the file, and between those that are makeshift */
  sqlite3 *sqlite;
  atomic_int transaction; /* enum loom_transaction: a report ends its own from another thread */
  unsigned readers;       /* that share the transaction */
  unsigned references;
  loom_zones *zones;
  struct loom_database *
      blank; /* in memory, with all tables: what a file has no tables for is asked of it; NULL: none was */
  char *path;
  char *schema; /* what is read of a borrowed connection; NULL: `main` of its own */
  struct loom_place place;
  int busy_timeout;
  bool is_new; /* the schema is not there yet */
  int version; /* of the schema */
  bool in_memory;
  bool leaves_checkpoints;
  bool stays_small; /* who writes has no larger cache than who reads */
  /*
  ** The connection is not as it should be: alone with the file, or without locks. It is made anew for each transaction, as it
  ** keeps others away, or does not see what they change. */
  bool is_makeshift;
  enum loom_settings settings; /* of the connection: what the last transaction was for */
  bool has_made_tables; /* the transaction has: without it, statements on them cannot be kept */
  bool keeps_revision;  /* the write transaction changes nothing that reports are made from */
  bool nests;           /* it has parts: see loom_database_nest */
  unsigned parts;       /* those that are open, one within the other, each a savepoint */
  uint64_t begun;       /* how many write transactions have been, without their parts */
  int changes;          /* SQLite's count of rows that were changed when it began */
  int64_t pages;        /* and of pages that it had written */
  struct loom_holder *holders;  /* within the transaction, the last one first */
  struct loom_remote *remote;   /* that has the polls; NULL: they are here. See remote.h */
  struct loom_pending *pending; /* of the write transaction */
  bool pending_undone;          /* a part that may have had a share in it was undone */
  bool is_behind; /* the remote's, which was found out when it was too late to catch up */
  struct loom_touched touched;
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
};

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

/*
** A handle on somebody else's connection, for what reads within one of their statements: of the database that the connection calls
** `schema`, in the snapshot of that statement, and by statements that name its tables as `main.…`, since none that has a virtual
** table in it is prepared: a crafted file may have one in the place of another, which would recurse without end. `path` stands in
** its messages. It has no zones, and cannot write; it is closed while the connection is open. NULL: memory is out.
*/
loom_database *loom_database_borrow(sqlite3 *sqlite, const char *schema, const char *path);

/* The failure of what is asked of a handle while a transaction of this kind is open. */
loom_status loom_database_under_way(const loom_database *database, int transaction,
                                    loom_error *error);

/* LOOM_EINVAL while a report computes, whose threads have the connection to themselves. */
loom_status loom_database_check_idle(const loom_database *database, loom_error *error);

/* Whether what begins is a part of the transaction that is open. */
bool loom_database_is_part(const loom_database *database);

/* Has all holders let go. */
void loom_database_let_all_go(loom_database *database);

/* Ends SQLite's transaction, if there is one. */
loom_status loom_database_roll_back(loom_database *database, loom_error *error);

/* Describes SQLite's last failure, with the database's path. */
loom_status loom_database_failure(loom_database *database, loom_error *error);

/* Says that the file was deleted or replaced: LOOM_EMOVED. */
loom_status loom_database_fail_as_lost(const loom_database *database, loom_error *error);

/* How many pages the connection has written, or tried to. */
int64_t loom_database_pages_written(loom_database *database);

/* Says what is corrupt: LOOM_ECORRUPT, with the database's path. */
loom_status loom_database_corrupt(loom_database *database, loom_error *error, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));

/*
** Whether SQLite checks that the stores which rows refer to are there, as it does until it is told otherwise. For those who
** insert them after the rows, in one transaction. All statements are prepared anew.
*/
void loom_database_check_references(loom_database *database, bool check);

loom_status loom_database_prepare(loom_database *database, const char *sql,
                                  sqlite3_stmt **statement, loom_error *error);
loom_status loom_database_execute(loom_database *database, const char *sql, loom_error *error);

/* Steps a statement that returns no rows, and resets it. */
loom_status loom_database_run(loom_database *database, sqlite3_stmt *statement, loom_error *error);

/* The first column of the first row of a query, as a number; 0 if there is none. */
loom_status loom_database_number(loom_database *database, const char *sql, int64_t *number,
                                 loom_error *error);

#endif
