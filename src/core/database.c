/*
** Opening, schema, transactions and errors of the SQLite database.
*/
#include "database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
** Readers pass over the data once and gain nothing from a large cache; writers come back to pages. Negative sizes
** are in KiB.
*/
#define READER_CACHE "PRAGMA cache_size=-4096;"
#define WRITER_CACHE "PRAGMA cache_size=-65536;"

/*
** Times of day are seconds since local midnight, instants are microseconds since the epoch, dates are ISO text;
** `poll_block.day` is a count of days since 1970-01-01. `effective_from` of hours that always applied is
** 0001-01-01. A NULL store means every store. NULL times are a closed day.
** Polls are packed: see poll_block.h.
*/
static const char schema[] =
    "CREATE TABLE store("
    " number INTEGER PRIMARY KEY,"
    " store_id TEXT NOT NULL UNIQUE CHECK(length(CAST(store_id AS BLOB)) BETWEEN 1 AND 255),"
    " timezone TEXT,"
    " first_poll INTEGER,"
    " newest_poll INTEGER"
    ") STRICT;"
    "CREATE TABLE poll_block("
    " day INTEGER NOT NULL,"
    " store INTEGER NOT NULL REFERENCES store(number),"
    " polls BLOB NOT NULL,"
    " PRIMARY KEY(day, store)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours_week("
    " store INTEGER NOT NULL REFERENCES store(number),"
    " effective_from TEXT NOT NULL,"
    " PRIMARY KEY(store, effective_from)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours("
    " store INTEGER NOT NULL,"
    " effective_from TEXT NOT NULL,"
    " weekday INTEGER NOT NULL CHECK(weekday BETWEEN 0 AND 6),"
    " open_s INTEGER NOT NULL CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER NOT NULL CHECK(close_s BETWEEN 0 AND 86400),"
    " PRIMARY KEY(store, effective_from, weekday, open_s, close_s),"
    " FOREIGN KEY(store, effective_from) REFERENCES hours_week ON DELETE CASCADE"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE special_day("
    " store INTEGER REFERENCES store(number),"
    " date TEXT NOT NULL,"
    " open_s INTEGER CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER CHECK(close_s BETWEEN 0 AND 86400),"
    " note TEXT NOT NULL DEFAULT '',"
    " CHECK((open_s IS NULL) = (close_s IS NULL))"
    ") STRICT;"
    "CREATE INDEX special_day_by_store ON special_day(store, date);"
    "CREATE TABLE exclusion("
    " number INTEGER PRIMARY KEY,"
    " store INTEGER REFERENCES store(number),"
    " from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL CHECK(to_us > from_us),"
    " reason TEXT NOT NULL DEFAULT ''"
    ") STRICT;"
    "CREATE INDEX exclusion_by_store ON exclusion(store, from_us, to_us);"
    "PRAGMA application_id=0x4c6f6f6d;"
    "PRAGMA user_version=1;";

loom_status loom_database_failure(loom_database *database, loom_error *error) {
  sqlite3 *sqlite = database->sqlite;
  const char *path = database->path, *text = sqlite3_errmsg(sqlite);
  switch (sqlite3_errcode(sqlite) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return loom_fail(error, LOOM_EBUSY, "%s: is locked by another process (waited %d ms)", path,
                     database->busy_timeout);
  case SQLITE_NOTADB:
    return loom_fail(error, LOOM_ENOTDB, "%s: is not an SQLite database", path);
  case SQLITE_CORRUPT:
    return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt: %s", path, text);
  case SQLITE_READONLY:
    return loom_fail(error, LOOM_EREADONLY, "%s: is read-only", path);
  case SQLITE_FULL:
    return loom_fail(error, LOOM_EFULL, "%s: no space left on the disk", path);
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return loom_fail(error, LOOM_EACCESS, "%s: cannot be opened: %s", path,
                     sqlite3_system_errno(sqlite) ? strerror(sqlite3_system_errno(sqlite)) : text);
  case SQLITE_NOMEM:
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  case SQLITE_INTERRUPT:
    return loom_fail(error, LOOM_ECANCELED, "cancelled");
  case SQLITE_IOERR:
    if (sqlite3_system_errno(sqlite) == ENOSPC || sqlite3_system_errno(sqlite) == EFBIG)
      return loom_fail(error, LOOM_EFULL, "%s: %s", path, strerror(sqlite3_system_errno(sqlite)));
    return loom_fail(error, LOOM_EIO, "%s: %s: %s", path, text,
                     strerror(sqlite3_system_errno(sqlite)));
  default:
    return loom_fail(error, LOOM_EIO, "%s: %s", path, text);
  }
}

loom_status loom_database_execute(loom_database *database, const char *sql, loom_error *error) {
  if (sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
    return loom_database_failure(database, error);
  return LOOM_OK;
}

loom_status loom_database_prepare(loom_database *database, const char *sql,
                                  sqlite3_stmt **statement, loom_error *error) {
  if (sqlite3_prepare_v2(database->sqlite, sql, -1, statement, NULL) != SQLITE_OK)
    return loom_database_failure(database, error);
  return LOOM_OK;
}

loom_status loom_database_run(loom_database *database, sqlite3_stmt *statement, loom_error *error) {
  loom_status status = LOOM_OK;
  if (sqlite3_step(statement) != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(statement);
  return status;
}

loom_status loom_database_number(loom_database *database, const char *sql, int64_t *number,
                                 loom_error *error) {
  sqlite3_stmt *statement = NULL;
  loom_status status = loom_database_prepare(database, sql, &statement, error);
  *number = 0;
  if (status == LOOM_OK) {
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
      *number = sqlite3_column_int64(statement, 0);
    else if (step != SQLITE_DONE)
      status = loom_database_failure(database, error);
  }
  sqlite3_finalize(statement);
  return status;
}

/* Reads the file's marks: is it empty, ours, or someone else's? */
static loom_status identify(loom_database *database, loom_error *error) {
  int64_t application = 0, version = 0, objects = 0;
  loom_status status =
      loom_database_number(database, "PRAGMA application_id", &application, error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "PRAGMA user_version", &version, error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "SELECT count(*) FROM sqlite_schema", &objects, error);
  if (status != LOOM_OK)
    return status;
  database->is_new = application == 0 && version == 0 && objects == 0;
  if (database->is_new)
    return LOOM_OK;
  if (application != LOOM_APPLICATION_ID)
    return loom_fail(error, LOOM_ENOTDB, "%s: is an SQLite database, but not one of Loom's",
                     database->path);
  if (version > LOOM_SCHEMA_VERSION)
    return loom_fail(error, LOOM_EVERSION,
                     "%s: was written by a newer Loom (its schema is version %lld, this Loom knows %d)",
                     database->path, (long long)version, LOOM_SCHEMA_VERSION);
  return LOOM_OK;
}

/* Settings of a connection. SQLite zeroes freed pages on some systems: polls are not secrets. */
static loom_status configure(loom_database *database, loom_error *error) {
  sqlite3_busy_timeout(database->sqlite, database->busy_timeout);
  sqlite3_extended_result_codes(database->sqlite, 1);
  return loom_database_execute(database,
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA temp_store=MEMORY",
                               error);
}

static loom_status connect_file(loom_database *database, int flags, loom_error *error) {
  int result = sqlite3_open_v2(database->path, &database->sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (!database->sqlite)
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  if (result != SQLITE_OK)
    return loom_database_failure(database, error);
  loom_status status = configure(database, error);
  return status == LOOM_OK ? identify(database, error) : status;
}

/* Write-ahead logging, so that readers are never blocked. It stays with the file; failing is no harm. */
static void use_wal(loom_database *database) {
  sqlite3_exec(database->sqlite, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
}

loom_status loom_database_open(const char *path, enum loom_open_mode mode, int busy_timeout,
                               loom_database **out, loom_error *error) {
  struct stat status;
  loom_status result = LOOM_OK;
  *out = NULL;
  loom_database *database = calloc(1, sizeof *database);
  if (!database || !(database->path = strdup(path)) ||
      !(database->zones = loom_zones_new(NULL))) {
    loom_database_close(database);
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  }
  database->busy_timeout = busy_timeout;
  database->in_memory = strcmp(path, ":memory:") == 0;
  if (database->in_memory) {
    result = connect_file(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
  } else if (stat(path, &status) != 0) {
    if (errno != ENOENT)
      result = loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
    else if (mode == LOOM_OPEN_EXISTING)
      result = loom_fail(error, LOOM_ENOENT, "%s: no such database", path);
    else
      database->is_new = true;
  } else if (S_ISDIR(status.st_mode)) {
    result = loom_fail(error, LOOM_EINVAL, "%s: is a folder, not a database", path);
  } else if (access(path, R_OK) != 0) {
    result = loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
  } else {
    result = connect_file(database, SQLITE_OPEN_READWRITE, error);
    if (result == LOOM_OK && database->is_new && mode == LOOM_OPEN_EXISTING)
      result = loom_fail(error, LOOM_ENOTDB, "%s: is empty, not one of Loom's databases", path);
    if (result == LOOM_OK && !database->is_new && !sqlite3_db_readonly(database->sqlite, "main"))
      use_wal(database);
  }
  if (result == LOOM_OK)
    *out = database;
  else
    loom_database_close(database);
  return result;
}

void loom_database_close(loom_database *database) {
  if (!database)
    return;
  sqlite3_close_v2(database->sqlite);
  loom_zones_free(database->zones);
  free(database->path);
  free(database);
}

/* Under the write lock: another process may have made the schema since we looked. */
static loom_status create_schema(loom_database *database, loom_error *error) {
  loom_status status = identify(database, error);
  return status == LOOM_OK && database->is_new ? loom_database_execute(database, schema, error)
                                               : status;
}

loom_status loom_database_begin_write(loom_database *database, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!database->sqlite)
    status = connect_file(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
  if (status == LOOM_OK && database->is_new) /* lets prune give space back; only works on an empty file */
    status = loom_database_execute(database, "PRAGMA auto_vacuum=INCREMENTAL", error);
  if (status == LOOM_OK && sqlite3_db_readonly(database->sqlite, "main"))
    status = loom_fail(error, LOOM_EREADONLY, "%s: is read-only", database->path);
  if (status == LOOM_OK)
    status = loom_database_execute(database, WRITER_CACHE "BEGIN IMMEDIATE", error);
  if (status == LOOM_OK && database->is_new) {
    status = create_schema(database, error);
    if (status != LOOM_OK)
      loom_database_rollback(database);
  }
  return status;
}

loom_status loom_database_commit(loom_database *database, loom_error *error) {
  loom_status status = loom_database_execute(database, "COMMIT", error);
  if (status != LOOM_OK) {
    loom_database_rollback(database);
  } else if (database->is_new) {
    database->is_new = false;
    use_wal(database);
  }
  return status;
}

void loom_database_rollback(loom_database *database) {
  if (database->sqlite && !sqlite3_get_autocommit(database->sqlite))
    sqlite3_exec(database->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

loom_status loom_database_begin_read(loom_database *database, loom_error *error) {
  loom_status status = LOOM_OK;
  int64_t ignored;
  if (database->is_new) {
    status = loom_database_begin_write(database, error);
    if (status == LOOM_OK)
      status = loom_database_commit(database, error);
  }
  if (status == LOOM_OK)
    status = loom_database_execute(database, READER_CACHE "BEGIN", error);
  if (status != LOOM_OK)
    return status;
  status = loom_database_number(database, "PRAGMA schema_version", &ignored, error);
  if (status != LOOM_OK)
    loom_database_rollback(database);
  return status;
}
