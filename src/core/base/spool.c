/*
** Spools.
*/
#include "base/spool.h"
#include "base/unnamed_file.h"

#include <string.h>
#include <unistd.h>

void loom_spool_init(struct loom_spool *spool, const char *folder, uint64_t limit) {
  *spool = (struct loom_spool){.folder = folder, .limit = limit, .file = -1};
}

void loom_spool_free(struct loom_spool *spool) {
  if (spool->file >= 0)
    close(spool->file);
  spool->file = -1;
  loom_text_free(&spool->text);
}

/* Moves what is in memory to the file. */
static loom_status file_text(struct loom_spool *spool, loom_error *error) {
  loom_status status = LOOM_OK;
  if (spool->file < 0)
    status = loom_unnamed_file_open(spool->folder, &spool->file, error);
  if (status == LOOM_OK)
    status = loom_unnamed_file_write(spool->file, spool->text.bytes, spool->text.length,
                                     spool->filed, error);
  if (status == LOOM_OK) {
    spool->filed += spool->text.length;
    spool->text.length = 0;
  }
  return status;
}

loom_status loom_spool_write(struct loom_spool *spool, const char *bytes, size_t size,
                             loom_error *error) {
  if (size > spool->limit - loom_spool_size(spool))
    return loom_fail(error, LOOM_EFULL, "the answer is longer than %llu bytes",
                     (unsigned long long)spool->limit);
  while (size) {
    size_t room = LOOM_SPOOL_MEMORY - spool->text.length, part = size < room ? size : room;
    if (!loom_text_reserve(&spool->text, part))
      return loom_no_memory(error);
    loom_text_put(&spool->text, bytes, part);
    bytes += part;
    size -= part;
    loom_status status = part == room ? file_text(spool, error) : LOOM_OK;
    if (status != LOOM_OK)
      return status;
  }
  return LOOM_OK;
}

uint64_t loom_spool_size(const struct loom_spool *spool) {
  return spool->filed + spool->text.length;
}

loom_status loom_spool_read(const struct loom_spool *spool, uint64_t offset, char *bytes,
                            size_t size, size_t *got, loom_error *error) {
  uint64_t end = loom_spool_size(spool), left = offset < end ? end - offset : 0;
  *got = left < size ? (size_t)left : size;
  size_t filed = 0;
  if (offset < spool->filed) {
    uint64_t there = spool->filed - offset;
    filed = there < *got ? (size_t)there : *got;
  }
  if (*got > filed)
    memcpy(bytes + filed, spool->text.bytes + (offset + filed - spool->filed), *got - filed);
  return filed ? loom_unnamed_file_read(spool->file, bytes, filed, offset, error) : LOOM_OK;
}
