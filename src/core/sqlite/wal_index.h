/*
** What the index of a database's write-ahead log says about its state, without a transaction.
**
** The index is shared memory of all processes that have the database open. It begins with a header that every commit and
** every checkpoint that starts the log anew rewrites before any reader sees them (SQLite's file format documentation,
** "WAL-Mode File Format", section 2.1: iChange, mxFrame, nPage, checksums and salts): as long as it is the same, so is the
** database.
*/
#ifndef LOOM_WAL_INDEX_H
#define LOOM_WAL_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>

#define LOOM_WAL_INDEX_HEADER 48 /* bytes */

struct loom_wal_index {
  unsigned char header[LOOM_WAL_INDEX_HEADER];
};

/*
** Reads the header. False where there is none: the connection has not read through a write-ahead log yet, or the database
** has none.
*/
bool loom_wal_index_read(sqlite3 *sqlite, struct loom_wal_index *index);

bool loom_wal_index_equal(const struct loom_wal_index *a, const struct loom_wal_index *b);

#endif
