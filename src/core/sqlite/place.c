/*
** Files are told apart by device and inode, which no other file has as long as this one is open.
*/
#include "sqlite/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loom_file_id id_of(const char *path) {
  struct stat status;
  if (!path || stat(path, &status) != 0)
    return (struct loom_file_id){0};
  return (struct loom_file_id){status.st_dev, status.st_ino};
}

static bool equal(struct loom_file_id a, struct loom_file_id b) {
  return a.inode == b.inode && a.device == b.device;
}

/* SQLite knows the inode of what it has opened, under the name that links lead to. */
static bool has_moved(sqlite3 *sqlite) {
  int moved = 0;
  sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

/* The program may go to another folder later. */
static char *absolute(const char *path) {
  char *folder = *path == '/' ? NULL : getcwd(NULL, 0), *whole = NULL;
  if (*path == '/')
    return strdup(path);
  if (folder && asprintf(&whole, "%s/%s", folder, path) < 0)
    whole = NULL;
  free(folder);
  return whole;
}

bool loom_place_note(struct loom_place *place, sqlite3 *sqlite, const char *path) {
  loom_place_free(place);
  place->path = absolute(path);
  place->file = id_of(place->path);
  loom_place_note_log(place, sqlite);
  return place->path && !has_moved(sqlite);
}

void loom_place_note_log(struct loom_place *place, sqlite3 *sqlite) {
  const char *name = sqlite3_db_filename(sqlite, "main"), *log;
  char *index = NULL;
  if (place->log.inode || !place->file.inode || !name || !*name)
    return;
  log = sqlite3_filename_wal(name);
  struct loom_file_id log_id = id_of(log), index_id = {0};
  if (log_id.inode && asprintf(&index, "%s-shm", name) > 0) {
    index_id = id_of(index);
    free(index);
  }
  if (!equal(id_of(name), place->file)) /* it may be the log of whatever is there now */
    return;
  place->log = log_id;
  place->index = index_id;
}

bool loom_place_is_lost(const struct loom_place *place) {
  return place->file.inode && !equal(id_of(place->path), place->file);
}

bool loom_place_equal(const struct loom_place *a, const struct loom_place *b) {
  return equal(a->file, b->file);
}

/*
** Several processes do this at once, and one of them may have opened the new file already: the name is only removed while the
** log behind it is held, so that it cannot come to mean another log meanwhile. (The log itself has no locks that closing a
** descriptor would end; its index has, and is never opened here.)
*/
static void remove_names(const struct loom_place *place, const char *log, const char *index) {
  int descriptor = open(log, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return;
  struct stat status;
  bool ours = fstat(descriptor, &status) == 0 &&
              equal((struct loom_file_id){status.st_dev, status.st_ino}, place->log) &&
              flock(descriptor, LOCK_EX) == 0 && equal(id_of(log), place->log);
  if (ours && place->index.inode && equal(id_of(index), place->index))
    unlink(index);
  if (ours)
    unlink(log);
  close(descriptor);
}

void loom_place_clear_log(const struct loom_place *place, sqlite3 *sqlite) {
  const char *name = sqlite3_db_filename(sqlite, "main");
  char *index = NULL;
  /* a link was changed: the log is where it belongs */
  if (!place->log.inode || !name || equal(id_of(name), place->file))
    return;
  if (asprintf(&index, "%s-shm", name) > 0)
    remove_names(place, sqlite3_filename_wal(name), index);
  free(index);
}

void loom_place_free(struct loom_place *place) {
  free(place->path);
  *place = (struct loom_place){0};
}
