/*
** The header of the index is read where SQLite itself has mapped it.
*/
#include "sqlite/wal_index.h"

#include <string.h>

#define REGION_SIZE 32768 /* bytes of the index that are mapped at a time */

bool loom_wal_index_read(sqlite3 *sqlite, struct loom_wal_index *index) {
  sqlite3_file *file = NULL;
  void volatile *region = NULL;
  if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      !file || !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap)
    return false;
  if (file->pMethods->xShmMap(file, 0, REGION_SIZE, 0, &region) != SQLITE_OK || !region)
    return false;
  file->pMethods->xShmBarrier(file); /* what others wrote before we heard of it is seen */
  memcpy(index->header, (const void *)region, sizeof index->header);
  return true;
}

bool loom_wal_index_equal(const struct loom_wal_index *a, const struct loom_wal_index *b) {
  return memcmp(a->header, b->header, sizeof a->header) == 0;
}
