/*
** Where the files of an open database are, and whether they are still there: a path is only a name, under which somebody may
** put another file while this one is open, such as a backup.
**
** SQLite finds the write-ahead log and its index by the database's name, whichever database they were made for: what opens the
** new file takes the old one's log for its own, and the file is corrupt ("How To Corrupt An SQLite Database File", sections 2.4
** and 4.3). Whoever had the old file open knows that log by its inode, and takes it out of the way before the new one is opened.
**
**   loom_place_note → loom_place_note_log → loom_place_is_lost, now and then → loom_place_clear_log → loom_place_free
*/
#ifndef LOOM_PLACE_H
#define LOOM_PLACE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

struct loom_file_id {
  dev_t device;
  ino_t inode; /* 0: none */
};

/* All zero: of no file. */
struct loom_place {
  char *path; /* absolute, of the file as it was named */
  struct loom_file_id file, log, index;
};

/* Notes what a connection has open under a path. False if that is another file by now, or memory has run out. */
bool loom_place_note(struct loom_place *place, sqlite3 *sqlite, const char *path);

/* Notes the write-ahead log, once there is one. Cheap to be called often. */
void loom_place_note_log(struct loom_place *place, sqlite3 *sqlite);

/* Whether the path leads to another file, or to none. Takes a microsecond; for any thread. */
bool loom_place_is_lost(const struct loom_place *place);

bool loom_place_equal(const struct loom_place *a, const struct loom_place *b);

/* Removes the names of the log and of its index if another file has taken the database's place beside them. */
void loom_place_clear_log(const struct loom_place *place, sqlite3 *sqlite);

void loom_place_free(struct loom_place *place);

#endif
