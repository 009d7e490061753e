/*
** Backups.
*/
#include "sqlite/backup.h"
#include "base/atomic_file.h"
#include "sqlite/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct loom_backup {
  loom_database *source; /* a handle of its own, with a read transaction */
  bool is_reading;
  loom_atomic_file *file;
  sqlite3 *copy;
  sqlite3_backup *pages;
  int64_t page_size;
  char *path;
};

static loom_status refuse(const char *path, const char *reason, loom_error *error) {
  return loom_fail(error, LOOM_EINVAL, "%s: %s", path, reason);
}

/* Whatever is replaced must not be in use: its log would be read as the backup's, and destroy it. */
static loom_status check_target(const char *path, const char *source, loom_error *error) {
  static const char *const suffixes[] = {"-wal", "-journal"};
  struct stat from, to, log;
  if (stat(path, &to) != 0)
    return LOOM_OK;
  if (!S_ISREG(to.st_mode))
    return refuse(path, "is no file", error);
  if (stat(source, &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
    return refuse(path, "is the database itself", error);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    char *name = NULL;
    if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
      return loom_no_memory(error);
    bool has_log = stat(name, &log) == 0;
    free(name);
    if (has_log)
      return refuse(path, "has a log beside it: it is in use, or was not closed", error);
  }
  return LOOM_OK;
}

/* What SQLite says of the copy, or of copying. */
static loom_status failure(const loom_backup *backup, int result, loom_error *error) {
  int number = sqlite3_system_errno(backup->copy);
  if (result == SQLITE_FULL || loom_status_of_errno(number) == LOOM_EFULL)
    return loom_fail(error, LOOM_EFULL, "%s: no space left on the disk", backup->path);
  if ((result & 0xff) == SQLITE_NOMEM)
    return loom_no_memory(error);
  if ((result & 0xff) == SQLITE_CORRUPT)
    return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt", backup->source->path);
  return loom_fail(error, LOOM_EIO, "%s: cannot be copied to %s: %s", backup->source->path,
                   backup->path, number ? strerror(number) : sqlite3_errstr(result));
}

/* Nobody sees the copy before it is complete, and then it is synced: SQLite need not care for either. */
static loom_status open_copy(loom_backup *backup, loom_error *error) {
  struct stat from;
  const char *part = loom_atomic_file_part(backup->file);
  if (access(backup->path, F_OK) != 0 && stat(backup->source->path, &from) == 0)
    chmod(part, from.st_mode & 0666); /* what nobody else may read stays so */
  int result =
      sqlite3_open_v2(part, &backup->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (result == SQLITE_OK)
    result = sqlite3_exec(backup->copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL,
                          NULL, NULL);
  if (result != SQLITE_OK)
    return backup->copy ? failure(backup, result, error) : loom_no_memory(error);
  backup->pages = sqlite3_backup_init(backup->copy, "main", backup->source->sqlite, "main");
  return backup->pages ? LOOM_OK : failure(backup, sqlite3_errcode(backup->copy), error);
}

static loom_status begin(loom_backup *backup, loom_database *database, bool replace,
                         loom_error *error) {
  loom_status status = replace ? check_target(backup->path, database->path, error) : LOOM_OK;
  if (status == LOOM_OK)
    status = loom_database_clone(database, &backup->source, error);
  if (status == LOOM_OK)
    status = loom_database_begin_read(backup->source, error);
  backup->is_reading = status == LOOM_OK;
  if (status == LOOM_OK)
    status = loom_database_number(backup->source, "PRAGMA page_size", &backup->page_size, error);
  if (status == LOOM_OK)
    status = loom_atomic_file_new(backup->path, !replace, &backup->file, error);
  if (status == LOOM_OK && !loom_atomic_file_part(backup->file))
    status = refuse(backup->path, "is no file", error);
  return status == LOOM_OK ? open_copy(backup, error) : status;
}

loom_status loom_backup_new(loom_database *database, const char *path, bool replace,
                            loom_backup **out, loom_error *error) {
  loom_backup *backup = calloc(1, sizeof *backup);
  loom_status status = LOOM_OK;
  *out = NULL;
  if (backup)
    backup->path = strdup(path);
  if (!backup || !backup->path)
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = begin(backup, database, replace, error);
  if (status == LOOM_OK)
    *out = backup;
  else
    loom_backup_free(backup);
  return status;
}

/* Ends SQLite's part; the first failure of any step, or of ending. */
static int end_copy(loom_backup *backup) {
  int result = sqlite3_backup_finish(backup->pages);
  backup->pages = NULL;
  return result;
}

loom_status loom_backup_step(loom_backup *backup, int64_t bytes, int64_t *done, int64_t *total,
                             loom_error *error) {
  if (!backup->pages)
    return refuse(backup->path, "the backup has ended already", error);
  int64_t pages = bytes / backup->page_size;
  int result = sqlite3_backup_step(backup->pages, pages < 1           ? 1
                                                  : pages > INT32_MAX ? INT32_MAX
                                                                      : (int)pages);
  *total = sqlite3_backup_pagecount(backup->pages) * backup->page_size;
  *done = *total - sqlite3_backup_remaining(backup->pages) * backup->page_size;
  if (result == SQLITE_OK)
    return LOOM_OK;
  int ended = end_copy(backup);
  if (result != SQLITE_DONE || ended != SQLITE_OK)
    return failure(backup, result == SQLITE_DONE ? ended : result, error);
  result = sqlite3_close(backup->copy);
  if (result != SQLITE_OK)
    return failure(backup, result, error);
  backup->copy = NULL;
  return LOOM_DONE;
}

loom_status loom_backup_commit(loom_backup *backup, loom_error *error) {
  if (backup->pages || backup->copy)
    return refuse(backup->path, "the backup is not complete", error);
  return loom_atomic_file_commit(backup->file, error);
}

void loom_backup_free(loom_backup *backup) {
  if (!backup)
    return;
  sqlite3_backup_finish(backup->pages);
  sqlite3_close_v2(backup->copy);
  loom_atomic_file_free(backup->file);
  if (backup->is_reading)
    loom_database_end_read(backup->source);
  loom_database_close(backup->source);
  free(backup->path);
  free(backup);
}
