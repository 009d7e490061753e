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
  char texts[]; /* the removal's: its id, and its author's */
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
  const struct loom_author *author = &removal->author;
  size_t size =
      sizeof(loom_delete_write) + removal->id_length + author->by_length + author->reason_length;
  loom_delete_write *delete = calloc(1, size);
  if (!delete)
    return NULL;
  loom_write_init(&delete->write, &type);
  memcpy(delete->texts, removal->id, removal->id_length);
  delete->removal = *removal;
  delete->removal.id = delete->texts;
  delete->removal.author = loom_author_copy(author, delete->texts + removal->id_length);
  delete->write.size = size;
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
