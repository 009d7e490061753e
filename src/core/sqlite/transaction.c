/*
** Transactions of a database, as database.h tells of them: those that write, of one or of parts, and those that read.
*/
#include "sqlite/connect.h"
#include "sqlite/connection.h"
#include "sqlite/database.h"
#include "sqlite/identity.h"
#include "sqlite/remote.h"
#include "sqlite/touched.h"

/*
** What a new file is made with, on which it has an effect alone. A block of polls that does not fit into about a quarter of a
** page is torn apart, and then takes a page to itself: this lets a store be polled 500 times a day. Vacuuming by steps lets
** prune give space back.
*/
#define NEW_FILE "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL"

/* Write-ahead logging, so that readers are never blocked. It stays with the file; failing is no harm. */
static void use_wal(loom_database *database) {
  sqlite3_exec(database->sqlite, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
}

static loom_status check_free(const loom_database *database, loom_error *error) {
  int transaction = atomic_load(&database->transaction);
  return transaction == LOOM_NO_TRANSACTION ? LOOM_OK
                                            : loom_database_under_way(database, transaction, error);
}

static void abandon_pending(loom_database *database) {
  struct loom_pending *pending = database->pending;
  database->pending = NULL;
  database->pending_undone = false;
  if (pending)
    pending->abandon(pending);
}

static loom_status join_remote(loom_database *database, loom_error *error) {
  loom_status status = database->remote->type->join(database->remote, database, error);
  database->is_behind = status == LOOM_EBUSY;
  return status;
}

/* Commits what is pending elsewhere, which is not taken back where what follows fails. */
static loom_status commit_pending(loom_database *database, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!database->pending && database->touched.any)
    status = join_remote(database, error);
  struct loom_pending *pending = database->pending;
  if (status != LOOM_OK || !pending)
    return status;
  if (database->pending_undone)
    return loom_fail(error, LOOM_EIO,
                     "%s: a part of the transaction was undone, and what others wrote to the "
                     "cluster cannot be told from it",
                     database->path);
  database->pending = NULL;
  return pending->commit(pending, error);
}

struct loom_pending *loom_database_pending(const loom_database *database) {
  return database->pending;
}

void loom_database_set_pending(loom_database *database, struct loom_pending *pending) {
  database->pending = pending;
}

static void end_transaction(loom_database *database) {
  loom_error ignored; /* for want of memory: see settle */
  abandon_pending(database);
  loom_roster_forget(database);
  loom_database_roll_back(database, &ignored);
  if (database->has_made_tables)
    loom_database_forget_statements(database);
  database->has_made_tables = false;
  if (database->is_makeshift)
    loom_database_disconnect(database);
  database->nests = false;
  database->parts = 0;
  atomic_store(&database->transaction, LOOM_NO_TRANSACTION);
}

/* Makes sure that no transaction is open, also not one that could not be rolled back when it was to end. */
static loom_status settle(loom_database *database, loom_error *error) {
  loom_status status = check_free(database, error);
  return status == LOOM_OK ? loom_database_roll_back(database, error) : status;
}

/* Connects if that is still to be done, and sets what can only be set outside of a transaction. */
static loom_status prepare_to_write(loom_database *database, loom_error *error) {
  loom_status status = loom_database_connect_again(database, error);
  if (status == LOOM_OK)
    status = loom_database_set_for(database, LOOM_FOR_WRITING, error);
  if (status == LOOM_OK && database->is_new) {
    status = loom_database_identify(database, error); /* an older Loom may have been first */
    if (status == LOOM_OK && !database->is_new && database->version < LOOM_SCHEMA_VERSION)
      status = loom_database_upgrade(database, error);
  }
  if (status != LOOM_OK)
    return status;
  if (sqlite3_db_readonly(database->sqlite, "main"))
    return loom_fail(error, LOOM_EREADONLY, "%s: is read-only", database->path);
  if (!database->is_new)
    use_wal(database);
  else
    status = loom_database_execute(database, NEW_FILE, error);
  return status;
}

/* ---- transactions of parts ---- */

/* SQLite undoes a whole transaction where it cannot undo the statement that failed: what came then would be kept by itself. */
static loom_status check_whole(const loom_database *database, loom_error *error) {
  if (!sqlite3_get_autocommit(database->sqlite))
    return LOOM_OK;
  return loom_fail(error, LOOM_EIO,
                   "%s: all of the transaction was undone when a part of it failed",
                   database->path);
}

static loom_status begin_part(loom_database *database, loom_error *error) {
  loom_database_let_all_go(database);
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "SAVEPOINT part", error);
  database->parts += status == LOOM_OK;
  return status;
}

/* Ends the innermost part. One that cannot be undone is not kept either: the whole is undone. */
static loom_status end_part(loom_database *database, bool keep, loom_error *error) {
  loom_database_let_all_go(database);
  database->parts--;
  database->pending_undone |= !keep && database->pending;
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK && !keep)
    status = loom_database_execute(database, "ROLLBACK TO part", error);
  if (!keep && database->has_made_tables)
    loom_database_forget_statements(database);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "RELEASE part", error);
  if (status != LOOM_OK) {
    loom_error ignored;
    loom_database_roll_back(database, &ignored);
  }
  return status;
}

/* A report within it has the handle to itself, as always. */
static loom_status join(loom_database *database, enum loom_transaction transaction,
                        loom_error *error) {
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK && transaction == LOOM_COMPUTING && database->readers)
    status = loom_database_under_way(database, LOOM_READING, error);
  if (status != LOOM_OK)
    return status;
  database->readers++;
  if (transaction == LOOM_COMPUTING)
    atomic_store(&database->transaction, LOOM_COMPUTING);
  return LOOM_OK;
}

void loom_database_nest(loom_database *database) {
  database->nests = atomic_load(&database->transaction) == LOOM_WRITING;
}

bool loom_database_writing(const loom_database *database, uint64_t *number, unsigned *parts) {
  *number = database->begun;
  *parts = database->parts;
  return atomic_load(&database->transaction) == LOOM_WRITING;
}

/* ---- to write ---- */

loom_status loom_database_begin_write(loom_database *database, loom_error *error) {
  if (loom_database_is_part(database))
    return begin_part(database, error);
  if (atomic_load(&database->transaction) == LOOM_READING)
    loom_database_let_all_go(database);
  loom_status status = settle(database, error);
  if (status != LOOM_OK)
    return status;
  status = loom_database_check_place(database, error);
  if (status == LOOM_OK)
    status = prepare_to_write(database, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "BEGIN IMMEDIATE", error);
  if (status != LOOM_OK) {
    end_transaction(database);
    return status;
  }
  atomic_store(&database->transaction, LOOM_WRITING);
  database->begun++;
  database->readers = 0;
  database->pages = loom_database_pages_written(database);
  database->keeps_revision = false;
  database->changes = sqlite3_total_changes(database->sqlite);
  status = database->is_new ? loom_database_create_schema(database, error)
                            : loom_database_check_version(database, error);
  if (status == LOOM_OK && database->remote && database->is_behind)
    status = join_remote(database, error);
  if (status != LOOM_OK)
    loom_database_rollback(database);
  return status;
}

loom_status loom_database_check_writing(loom_database *database, loom_error *error) {
  if (atomic_load(&database->transaction) == LOOM_WRITING)
    return LOOM_OK;
  return loom_fail(error, LOOM_EINVAL, "%s: there is no write transaction", database->path);
}

loom_status loom_database_commit(loom_database *database, loom_error *error) {
  if (atomic_load(&database->transaction) != LOOM_WRITING)
    return loom_fail(error, LOOM_EINVAL, "%s: there is nothing to commit", database->path);
  if (database->parts)
    return end_part(database, true, error);
  loom_database_let_all_go(database);
  loom_status status = database->nests ? check_whole(database, error) : LOOM_OK;
  if (status == LOOM_OK)
    status = commit_pending(database, error);
  if (status == LOOM_OK && !database->keeps_revision &&
      sqlite3_total_changes(database->sqlite) != database->changes)
    status = loom_database_execute(database, "UPDATE overall SET revision = revision + 1", error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "COMMIT", error);
  end_transaction(database);
  if (status == LOOM_OK && database->is_new) {
    database->is_new = false;
    use_wal(database);
  }
  if (status == LOOM_OK)
    status = loom_database_check_place(database, error);
  if (status == LOOM_OK && database->sqlite)
    loom_place_note_log(&database->place, database->sqlite);
  return status;
}

void loom_database_keep_revision(loom_database *database) {
  database->keeps_revision = !database->parts; /* other parts may change more */
}

void loom_database_rollback(loom_database *database) {
  loom_error ignored;
  if (atomic_load(&database->transaction) != LOOM_WRITING)
    return;
  if (database->parts) {
    end_part(database, false, &ignored);
    return;
  }
  loom_database_let_all_go(database);
  end_transaction(database);
}

/* ---- to read ---- */

static loom_status begin_read(loom_database *database, enum loom_transaction transaction,
                              loom_error *error) {
  int64_t ignored;
  loom_status status = settle(database, error);
  if (status != LOOM_OK)
    return status;
  if (database->is_new) {
    status = loom_database_begin_write(database, error);
    if (status == LOOM_OK)
      status = loom_database_commit(database, error);
  }
  if (status == LOOM_OK)
    status = loom_database_connect_again(database, error);
  if (status == LOOM_OK)
    status = loom_database_set_for(database, LOOM_FOR_READING, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "BEGIN", error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "PRAGMA schema_version", &ignored, error);
  if (status != LOOM_OK) {
    end_transaction(database);
    return status;
  }
  database->readers = 1;
  atomic_store(&database->transaction, (int)transaction);
  return LOOM_OK;
}

loom_status loom_database_begin_read(loom_database *database, loom_error *error) {
  if (loom_database_is_part(database))
    return join(database, LOOM_READING, error);
  if (atomic_load(&database->transaction) != LOOM_READING)
    return begin_read(database, LOOM_READING, error);
  database->readers++;
  return LOOM_OK;
}

loom_status loom_database_begin_report(loom_database *database, loom_error *error) {
  if (loom_database_is_part(database))
    return join(database, LOOM_COMPUTING, error);
  return begin_read(database, LOOM_COMPUTING, error);
}

void loom_database_end_read(loom_database *database) {
  if (--database->readers)
    return;
  if (database->nests)
    atomic_store(&database->transaction, LOOM_WRITING); /* which a report has kept to itself */
  else
    end_transaction(database);
}

bool loom_database_is_reading(const loom_database *database) {
  return atomic_load(&database->transaction) == LOOM_READING;
}
