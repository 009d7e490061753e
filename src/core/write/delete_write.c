/*
** A step of a removal as a write.
*/
#include "write/delete_write.h"

#include <stdlib.h>
#include <string.h>

struct loom_delete_write {
  loom_write write; /* the first member */
  struct loom_removal removal;
  struct loom_removed removed;
  bool is_last;
  char id[]; /* the removal's */
};

static loom_delete_write *of_head(loom_write *write) {
  return (loom_delete_write *)write;
}

static loom_status prepare(loom_write *write, loom_error *error) {
  (void)write, (void)error;
  return LOOM_OK;
}

static loom_status apply(loom_write *write, loom_sink *sink, loom_error *error) {
  loom_delete_write *delete = of_head(write);
  loom_status status = loom_sink_remove(sink, &delete->removal, &delete->removed, error);
  delete->is_last = status == LOOM_DONE;
  return status == LOOM_DONE ? LOOM_OK : status;
}

static void clear(loom_write *write) {
  (void)write;
}

static void free_write(loom_write *write) {
  free(write);
}

static const struct loom_write_type type = {
    .prepare = prepare, .apply = apply, .clear = clear, .free = free_write};

loom_delete_write *loom_delete_write_new(const struct loom_removal *removal) {
  loom_delete_write *delete = calloc(1, sizeof *delete + removal->id_length);
  if (!delete)
    return NULL;
  loom_write_init(&delete->write, &type);
  memcpy(delete->id, removal->id, removal->id_length);
  delete->removal = *removal;
  delete->removal.id = delete->id;
  delete->write.size = sizeof *delete + removal->id_length;
  return delete;
}

loom_write *loom_delete_write_head(loom_delete_write *delete) {
  return &delete->write;
}

const struct loom_removed *loom_delete_write_removed(const loom_delete_write *delete,
                                                     bool *is_last) {
  *is_last = delete->is_last;
  return &delete->removed;
}
