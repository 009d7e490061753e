/*
** Writes of polls.
*/
#include "write/poll_write.h"

#include <stdlib.h>
#include <string.h>

struct loom_poll_write {
  loom_write write; /* the first member */
  loom_staging *staging;
  struct loom_poll_text options;
  char *text; /* to be read; NULL: it is, or was given as staged polls */
  size_t size;
};

static loom_poll_write *of_head(loom_write *write) {
  return (loom_poll_write *)write;
}

/* ---- what the writer calls ---- */

static loom_status prepare(loom_write *write, loom_error *error) {
  loom_poll_write *polls = of_head(write);
  if (!polls->text)
    return LOOM_OK;
  loom_status status =
      loom_poll_text_read(&polls->options, polls->text, polls->size, polls->staging, error);
  write->counts = polls->staging->counts;
  return status;
}

static loom_status apply(loom_write *write, loom_sink *sink, loom_error *error) {
  loom_poll_write *polls = of_head(write);
  loom_status status = loom_sink_apply_all(sink, polls->staging, error);
  write->counts = polls->staging->counts;
  return status;
}

static void clear(loom_write *write) {
  loom_poll_write *polls = of_head(write);
  free(polls->text);
  polls->text = NULL;
  loom_staging_empty(polls->staging);
}

static void free_polls(loom_write *write) {
  loom_poll_write *polls = of_head(write);
  free(polls->text);
  loom_staging_free(polls->staging);
  free(polls);
}

static const struct loom_write_type type = {
    .prepare = prepare, .apply = apply, .clear = clear, .free = free_polls};

/* ---- making them ---- */

loom_poll_write *loom_poll_write_of_staging(loom_staging *staging) {
  loom_poll_write *polls = calloc(1, sizeof *polls);
  if (!polls)
    return NULL;
  loom_write_init(&polls->write, &type);
  polls->write.spools = true;
  polls->staging = staging;
  polls->write.size = sizeof *polls;
  return polls;
}

loom_poll_write *loom_poll_write_of_text(const struct loom_poll_text *text, const void *bytes,
                                         size_t size) {
  loom_staging *staging = loom_poll_text_staging(size);
  loom_poll_write *polls = staging ? loom_poll_write_of_staging(staging) : NULL;
  if (!polls) {
    loom_staging_free(staging);
    return NULL;
  }
  polls->text = malloc(size + 1);
  if (!polls->text) {
    loom_write_release(&polls->write);
    return NULL;
  }
  polls->options = *text;
  polls->size = size;
  if (size)
    memcpy(polls->text, bytes, size);
  polls->write.size += size;
  return polls;
}

loom_write *loom_poll_write_head(loom_poll_write *polls) {
  return &polls->write;
}

const struct loom_reject_list *loom_poll_write_rejects(const loom_poll_write *polls) {
  return &polls->staging->rejects;
}
