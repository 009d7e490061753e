/*
** Connections to the database's file: their settings, and what is done where the file cannot be opened as it should be.
*/
#include "sqlite/connect.h"
#include "sqlite/date_functions.h"
#include "sqlite/figures.h"
#include "sqlite/identity.h"
#include "sqlite/intake.h"
#include "sqlite/poll_sql.h"
#include "sqlite/polls_table.h"
#include "sqlite/search_sql.h"
#include "sqlite/week_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
** Readers pass over the data once and gain nothing from a large cache; writers come back to pages. Negative sizes
** are in KiB. The connection of readers writes nothing, whatever they run.
*/
static const char *const settings_sql[] = {
    [LOOM_FOR_READING] = "PRAGMA cache_size=-4096; PRAGMA query_only=1",
    [LOOM_FOR_WRITING] = "PRAGMA cache_size=-16384; PRAGMA query_only=0"};

/*
** Settings of a connection. EXTRA is FULL that also syncs the folder when a rollback journal is deleted, which the
** first transaction of a new file needs. SQLite zeroes freed pages on some systems: polls are not secrets.
*/
static loom_status configure(loom_database *database, loom_error *error) {
  sqlite3_busy_timeout(database->sqlite, database->busy_timeout);
  sqlite3_extended_result_codes(database->sqlite, 1);
  if (loom_polls_table_register(database->sqlite) != SQLITE_OK ||
      loom_figures_table_register(database->sqlite) != SQLITE_OK ||
      loom_date_functions_register(database->sqlite) != SQLITE_OK ||
      loom_poll_sql_register(database->sqlite) != SQLITE_OK ||
      loom_intake_register(database->sqlite) != SQLITE_OK ||
      loom_search_sql_register(database->sqlite) != SQLITE_OK ||
      loom_week_sql_register(database->sqlite) != SQLITE_OK)
    return loom_database_failure(database, error);
  return loom_database_execute(database,
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA synchronous=EXTRA;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA journal_size_limit=67108864",
                               error);
}

loom_status loom_database_stop_checkpoints(loom_database *database, loom_error *error) {
  return loom_database_execute(database, "PRAGMA wal_autocheckpoint=0", error);
}

loom_status loom_database_check_place(const loom_database *database, loom_error *error) {
  return loom_place_is_lost(&database->place) ? loom_database_fail_as_lost(database, error)
                                              : LOOM_OK;
}

void loom_database_forget_statements(loom_database *database) {
  for (size_t i = 0; i < LOOM_KEPT_STATEMENTS; i++) {
    sqlite3_finalize(database->kept[i].statement);
    database->kept[i].statement = NULL;
  }
}

void loom_database_disconnect(loom_database *database) {
  loom_database_forget_statements(database);
  sqlite3_finalize(database->revision.statement);
  database->revision.statement = NULL;
  database->revision.has_index = database->revision.is_known = false;
  if (!database->schema)
    sqlite3_close_v2(database->sqlite);
  database->sqlite = NULL;
  database->is_makeshift = false;
}

/*
** `alone`: nobody else is let at the file, and the index of the log is kept in this process' memory. ("Use of WAL Without Shared-
** Memory" in SQLite's documentation of WAL: so it has to be before the first access.)
*/
static loom_status connect_to(loom_database *database, const char *name, int flags, bool alone,
                              loom_error *error) {
  loom_status status = LOOM_OK;
  int result = sqlite3_open_v2(name, &database->sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (!database->sqlite)
    return loom_no_memory(error);
  if (result != SQLITE_OK)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK && alone)
    status = loom_database_execute(database, "PRAGMA locking_mode=EXCLUSIVE", error);
  if (status == LOOM_OK)
    status = configure(database, error);
  if (status == LOOM_OK && database->leaves_checkpoints)
    status = loom_database_stop_checkpoints(database, error);
  if (status == LOOM_OK)
    status = loom_database_identify(database, error);
  if (status == LOOM_OK && !database->in_memory &&
      !loom_place_note(&database->place, database->sqlite, database->path))
    status = loom_database_fail_as_lost(database, error);
  if (status == LOOM_OK && !database->is_new && database->version < LOOM_SCHEMA_VERSION)
    status = loom_database_upgrade(database, error);
  if (status != LOOM_OK) /* so that the next attempt begins afresh */
    loom_database_disconnect(database);
  database->settings = LOOM_UNSET;
  return status;
}

loom_status loom_database_set_for(loom_database *database, enum loom_settings settings,
                                  loom_error *error) {
  if (database->settings == settings)
    return LOOM_OK;
  loom_status status = loom_database_execute(database, settings_sql[settings], error);
  if (status == LOOM_OK && database->stays_small)
    status = loom_database_execute(database, "PRAGMA cache_size=-4096", error);
  database->settings = status == LOOM_OK ? settings : LOOM_UNSET;
  return status;
}

/*
** Opens a file that SQLite cannot read as it is because its folder cannot be written: the index of a write-ahead log
** goes there. Without a log nobody else has the file open (SQLite would have joined them), and it can be taken as immutable.
*/
static loom_status connect_immutable(loom_database *database, loom_error *error) {
  const char *path = database->path;
  struct stat status;
  char *name = malloc(3 * strlen(path) + 64);
  if (!name)
    return loom_no_memory(error);
  sprintf(name, "%s-wal", path);
  if (stat(name, &status) == 0 && status.st_size > 0) {
    free(name);
    return loom_fail(error, LOOM_EREADONLY,
                     "%s: has a write-ahead log, and to read it the folder must be writable", path);
  }
  char *at = name + sprintf(name, "file:");
  for (; *path; path++)
    at += sprintf(at, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
  sprintf(at, "?immutable=1");
  loom_status result =
      connect_to(database, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, false, error);
  free(name);
  database->is_makeshift = result == LOOM_OK;
  return result;
}

/*
** Opens a file where there is no room for the index of the log, which others share: if others had the file open there would be
** an index. Who comes meanwhile waits as for another writer.
*/
static loom_status connect_alone(loom_database *database, loom_error *error) {
  loom_status status = connect_to(database, database->path, SQLITE_OPEN_READWRITE, true, error);
  database->is_makeshift = status == LOOM_OK;
  return status;
}

loom_status loom_database_connect(loom_database *database, loom_error *error) {
  loom_status status = connect_to(database, database->path, SQLITE_OPEN_READWRITE, false, error);
  if (status == LOOM_EREADONLY || status == LOOM_EACCESS)
    status = connect_immutable(database, error);
  else if (status == LOOM_EFULL)
    status = connect_alone(database, error);
  return status;
}

loom_status loom_database_connect_new(loom_database *database, loom_error *error) {
  return connect_to(database, database->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, false,
                    error);
}

loom_status loom_database_connect_again(loom_database *database, loom_error *error) {
  if (database->sqlite)
    return LOOM_OK;
  if (database->is_new)
    return loom_database_connect_new(database, error);
  loom_status status = loom_database_check_place(database, error);
  return status == LOOM_OK ? loom_database_connect(database, error) : status;
}
