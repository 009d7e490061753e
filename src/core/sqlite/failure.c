/*
** Failures of SQLite in words, with what the system says, and with how much room is lacking.
*/
#include "sqlite/connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
** The system's error number behind a failure. Of a commit, SQLite itself does not tell: the log or the journal, or the file
** that it wrote to, does.
*/
static int system_error(sqlite3 *sqlite) {
  int number = sqlite3_system_errno(sqlite);
  sqlite3_file *file = NULL;
  if (number == 0 &&
      sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK &&
      file && file->pMethods)
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
  if (number == 0)
    sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

static bool is_full(int number) {
  return loom_status_of_errno(number) == LOOM_EFULL;
}

loom_status loom_database_fail_as_lost(const loom_database *database, loom_error *error) {
  return loom_fail(error, LOOM_EMOVED, "%s: was deleted or replaced while it was open",
                   database->path);
}

#define LOG_INDEX_KIB 32 /* what the index of a log takes, where there is none yet */

int64_t loom_database_pages_written(loom_database *database) {
  int pages = 0, ignored;
  sqlite3_db_status(database->sqlite, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &ignored, false);
  return pages;
}

/*
** The disk is full. Of a change it is told how much it takes: the pages that were to be written, or that there was no memory left
** to hold. Each takes 24 bytes more in the log (SQLite's file format documentation, section 4.1).
*/
static loom_status fail_as_full(loom_database *database, const char *reason, loom_error *error) {
  sqlite3_stmt *size = NULL;
  char room[128] = "";
  int64_t pages = loom_database_pages_written(database) - database->pages;
  bool is_change = atomic_load(&database->transaction) == LOOM_WRITING && pages > 0;
  if (is_change &&
      sqlite3_prepare_v2(database->sqlite, "PRAGMA page_size", -1, &size, NULL) == SQLITE_OK &&
      sqlite3_step(size) == SQLITE_ROW)
    snprintf(room, sizeof room, "; the change needs %lld KiB or more beside the database",
             (long long)(pages * (sqlite3_column_int64(size, 0) + 24) / 1024 + LOG_INDEX_KIB + 1));
  sqlite3_finalize(size);
  return loom_fail(error, LOOM_EFULL, "%s: %s%s", database->path, reason, room);
}

loom_status loom_database_failure(loom_database *database, loom_error *error) {
  sqlite3 *sqlite = database->sqlite;
  const char *path = database->path, *text = sqlite3_errmsg(sqlite);
  switch (sqlite3_errcode(sqlite) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return loom_fail(error, LOOM_EBUSY, "%s: is locked by another process (waited %d ms)", path,
                     database->busy_timeout);
  case SQLITE_NOTADB:
    return loom_fail(error, LOOM_ENOTDB, "%s: is not an SQLite database", path);
  case SQLITE_CORRUPT:
    return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt: %s", path, text);
  case SQLITE_READONLY:
    if (sqlite3_extended_errcode(sqlite) == SQLITE_READONLY_DBMOVED)
      return loom_database_fail_as_lost(database, error);
    return loom_fail(error, LOOM_EREADONLY, "%s: is read-only", path);
  case SQLITE_FULL:
    return fail_as_full(database, "no space left on the disk", error);
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    if (is_full(sqlite3_system_errno(sqlite)))
      return fail_as_full(database, strerror(sqlite3_system_errno(sqlite)), error);
    return loom_fail(error, LOOM_EACCESS, "%s: cannot be opened: %s", path,
                     sqlite3_system_errno(sqlite) ? strerror(sqlite3_system_errno(sqlite)) : text);
  case SQLITE_NOMEM:
    return loom_no_memory(error);
  case SQLITE_INTERRUPT:
    return loom_fail(error, LOOM_ECANCELED, "cancelled");
  case SQLITE_IOERR: {
    int number = system_error(sqlite);
    if (is_full(number))
      return fail_as_full(database, strerror(number), error);
    return loom_fail(error, LOOM_EIO, "%s: %s%s%s", path, text, number ? ": " : "",
                     number ? strerror(number) : "");
  }
  default:
    return loom_fail(error, LOOM_EIO, "%s: %s", path, text);
  }
}

loom_status loom_database_corrupt(loom_database *database, loom_error *error, const char *format,
                                  ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt: %s (see loom check)", database->path,
                   what);
}
