/*
** Handles on a database: opened, set, cloned and closed. How they connect is in connect.c, their transactions in transaction.c.
*/
#include "sqlite/database.h"
#include "sqlite/connect.h"
#include "sqlite/connection.h"
#include "sqlite/identity.h"
#include "sqlite/remote.h"
#include "sqlite/touched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the file at the database's path, or notes that it is to be made. */
static loom_status open_path(loom_database *database, enum loom_open_mode mode, loom_error *error) {
  struct stat status;
  const char *path = database->path;
  database->in_memory = strcmp(path, ":memory:") == 0;
  if (database->in_memory)
    return loom_database_connect_new(database, error);
  if (!*path) /* SQLite would make a database that vanishes */
    return loom_fail(error, LOOM_EINVAL, "the path of the database is empty");
  if (stat(path, &status) != 0) {
    if (errno != ENOENT)
      return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
    if (mode == LOOM_OPEN_EXISTING)
      return loom_fail(error, LOOM_ENOENT, "%s: no such database", path);
    database->is_new = true;
    return LOOM_OK;
  }
  if (S_ISDIR(status.st_mode))
    return loom_fail(error, LOOM_EINVAL, "%s: is a folder, not a database", path);
  if (access(path, R_OK) != 0)
    return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
  loom_status result = loom_database_connect(database, error);
  if (result == LOOM_OK && database->is_new && mode == LOOM_OPEN_EXISTING)
    result = loom_fail(error, LOOM_ENOTDB, "%s: is empty, not one of Loom's databases", path);
  if (database->is_makeshift)
    loom_database_disconnect(database);
  return result;
}

loom_status loom_database_open(const char *path, enum loom_open_mode mode, int busy_timeout,
                               loom_database **out, loom_error *error) {
  *out = NULL;
  loom_database *database = calloc(1, sizeof *database);
  if (!database)
    return loom_no_memory(error);
  database->references = 1;
  database->busy_timeout = busy_timeout;
  database->path = strdup(path);
  database->zones = loom_zones_new(NULL);
  loom_status result = LOOM_OK;
  if (!database->path || !database->zones)
    result = loom_no_memory(error);
  if (result == LOOM_OK)
    result = open_path(database, mode, error);
  if (result == LOOM_OK)
    *out = database;
  else
    loom_database_close(database);
  return result;
}

/* ---- settings ---- */

loom_status loom_database_leave_checkpoints(loom_database *database, loom_error *error) {
  database->leaves_checkpoints = true;
  return database->sqlite ? loom_database_stop_checkpoints(database, error) : LOOM_OK;
}

void loom_database_stay_small(loom_database *database) {
  database->stays_small = true;
  database->settings = LOOM_UNSET;
}

loom_status loom_database_set_busy_timeout(loom_database *database, int busy_timeout,
                                           loom_error *error) {
  loom_status status = loom_database_check_idle(database, error);
  if (status != LOOM_OK)
    return status;
  database->busy_timeout = busy_timeout;
  if (database->sqlite)
    sqlite3_busy_timeout(database->sqlite, busy_timeout);
  return LOOM_OK;
}

loom_database *loom_database_retain(loom_database *database) {
  database->references++;
  return database;
}

void loom_database_set_remote(loom_database *database, loom_remote *remote) {
  if (database->remote)
    database->remote->type->release(database->remote);
  database->remote = remote;
}

loom_remote *loom_database_remote(const loom_database *database) {
  return database->remote;
}

loom_zones *loom_database_zones(const loom_database *database) {
  return database->zones;
}

bool loom_database_is_lost(const loom_database *database) {
  return loom_place_is_lost(&database->place);
}

/*
** What others put in the file's place must not find its log, of which SQLite will let go as it is: of a file that has moved,
** it neither copies nor removes it. What was committed is in that log alone, and goes to the old file, which may have been kept
** under another name.
*/
static void leave_lost_file(loom_database *database) {
  loom_place_clear_log(&database->place, database->sqlite);
  sqlite3_wal_checkpoint_v2(database->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

void loom_database_close(loom_database *database) {
  if (!database || --database->references > 0)
    return;
  if (database->sqlite && loom_database_is_lost(database))
    leave_lost_file(database);
  loom_database_disconnect(database);
  loom_roster_forget(database);
  loom_place_free(&database->place);
  if (database->remote)
    database->remote->type->release(database->remote);
  loom_database_close(database->blank);
  loom_zones_free(database->zones);
  free(database->schema);
  free(database->path);
  free(database);
}

loom_database *loom_database_borrow(sqlite3 *sqlite, const char *schema, const char *path) {
  loom_database *database = calloc(1, sizeof *database);
  if (!database)
    return NULL;
  database->references = 1;
  database->schema = strdup(schema);
  database->path = strdup(path);
  if (!database->schema || !database->path) {
    loom_database_close(database);
    return NULL;
  }
  database->sqlite = sqlite;
  atomic_store(&database->transaction, LOOM_READING);
  database->readers = 1; /* the statement, which never ends its part here */
  return database;
}

/* ---- clones ---- */

static loom_status copy_memory(loom_database *database, loom_database *clone, loom_error *error) {
  sqlite3_int64 size;
  unsigned char *bytes = sqlite3_serialize(database->sqlite, "main", &size, 0);
  if (!bytes)
    return loom_no_memory(error);
  unsigned flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY;
  if (sqlite3_deserialize(clone->sqlite, "main", bytes, size, size, flags) != SQLITE_OK)
    return loom_database_failure(clone, error);
  return loom_database_identify(clone, error);
}

loom_status loom_database_clone(loom_database *database, loom_database **clone, loom_error *error) {
  *clone = NULL;
  loom_status placed = loom_database_check_place(database, error);
  if (placed != LOOM_OK)
    return placed;
  /* makes the schema; and a copy in mid-change would be none */
  if (database->is_new || database->in_memory) {
    loom_status status = loom_database_is_part(database)
                             ? loom_database_under_way(database, LOOM_WRITING, error)
                             : loom_database_begin_read(database, error);
    if (status != LOOM_OK)
      return status;
    loom_database_end_read(database);
  }
  loom_status status =
      loom_database_open(database->path, LOOM_OPEN_EXISTING, database->busy_timeout, clone, error);
  if (status == LOOM_OK && database->in_memory)
    status = copy_memory(database, *clone, error);
  if (status == LOOM_OK && database->leaves_checkpoints)
    status = loom_database_leave_checkpoints(*clone, error);
  if (status == LOOM_OK && database->remote)
    loom_database_set_remote(*clone, database->remote->type->retain(database->remote));
  if (status == LOOM_OK && !database->in_memory &&
      !loom_place_equal(&database->place, &(*clone)->place)) {
    /* the log beside it is another file's */
    if ((*clone)->sqlite)
      sqlite3_db_config((*clone)->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    status = loom_database_fail_as_lost(database, error);
  }
  if (status != LOOM_OK) {
    loom_database_close(*clone);
    *clone = NULL;
  }
  return status;
}
