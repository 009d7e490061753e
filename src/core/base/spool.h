/*
** A spool: text that is written by one thread and read by another once all of it is there. Short texts stay in
** memory, longer ones go to an unnamed file, so that whoever reads slowly holds neither memory nor the thread that
** wrote.
**
**   loom_spool_init → loom_spool_write, … → loom_spool_size, loom_spool_read, … → loom_spool_free
*/
#ifndef LOOM_SPOOL_H
#define LOOM_SPOOL_H

#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes that are kept in memory, and written to the file at a time. */
#define LOOM_SPOOL_MEMORY (256 * 1024)

struct loom_spool {
  const char *folder; /* of the file: the caller's, until the last write */
  uint64_t limit;     /* bytes */
  uint64_t filed;     /* bytes that are in the file; those after them are in `text` */
  int file;           /* -1 until there is one */
  struct loom_text text;
};

void loom_spool_init(struct loom_spool *spool, const char *folder, uint64_t limit);
void loom_spool_free(struct loom_spool *spool);

/* Appends. LOOM_EFULL: the limit is met, or there is no room for the file. */
loom_status loom_spool_write(struct loom_spool *spool, const char *bytes, size_t size,
                             loom_error *error);

uint64_t loom_spool_size(const struct loom_spool *spool);

/* Copies bytes from an offset on: as many as there are, up to `size`; *got is 0 at the end. */
loom_status loom_spool_read(const struct loom_spool *spool, uint64_t offset, char *bytes,
                            size_t size, size_t *got, loom_error *error);

#endif
