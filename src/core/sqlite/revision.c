/*
** The revision of a database, as database.h tells of it. As long as the index of the log stays the same, so does the number: to
** look at it takes no locks.
*/
#include "sqlite/connect.h"
#include "sqlite/connection.h"
#include "sqlite/database.h"

#include <string.h>

static loom_status read_revision(loom_database *database, int64_t *number, loom_error *error) {
  sqlite3_stmt **statement = &database->revision.statement;
  loom_status status = LOOM_OK;
  if (!*statement)
    status = loom_database_prepare(database, "SELECT revision FROM overall", statement, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(*statement);
  *number = step == SQLITE_ROW ? sqlite3_column_int64(*statement, 0) : 0;
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(*statement);
  return status;
}

/* Whether the connection reads through a write-ahead log that has an index, which it then does until it is closed. */
static bool has_index(loom_database *database) {
  sqlite3_stmt *mode = NULL;
  bool *has = &database->revision.has_index;
  if (*has || database->is_makeshift || sqlite3_db_readonly(database->sqlite, "main"))
    return *has;
  if (sqlite3_prepare_v2(database->sqlite, "PRAGMA journal_mode", -1, &mode, NULL) == SQLITE_OK &&
      sqlite3_step(mode) == SQLITE_ROW)
    *has =
        sqlite3_column_bytes(mode, 0) == 3 && memcmp(sqlite3_column_blob(mode, 0), "wal", 3) == 0;
  sqlite3_finalize(mode);
  return *has;
}

loom_status loom_database_revision(loom_database *database, int64_t *revision, loom_error *error) {
  struct loom_wal_index index;
  *revision = 0;
  loom_status status = loom_database_check_idle(database, error);
  if (status == LOOM_OK && atomic_load(&database->transaction) == LOOM_NO_TRANSACTION)
    status = loom_database_roll_back(database, error);
  if (status != LOOM_OK || database->is_new) /* nothing is there yet */
    return status;
  /* else it sees the past, or what may not last */
  bool is_idle = atomic_load(&database->transaction) == LOOM_NO_TRANSACTION;
  bool has =
      database->revision.has_index && is_idle && loom_wal_index_read(database->sqlite, &index);
  if (has && database->revision.is_known &&
      loom_wal_index_equal(&index, &database->revision.index)) {
    *revision = database->revision.number;
    return LOOM_OK;
  }
  status = loom_database_connect_again(database, error);
  if (status == LOOM_OK)
    status = read_revision(database, revision, error);
  database->revision.is_known = status == LOOM_OK && has;
  if (database->revision.is_known) {
    database->revision.index = index;
    database->revision.number = *revision;
  }
  if (status == LOOM_OK)
    has_index(database);
  if (database->is_makeshift && is_idle)
    loom_database_disconnect(database);
  return status;
}
