/*
** Where what was staged is stored: a database, or whatever else can keep it.
**
**   loom_sink_begin → loom_sink_apply of each staging, and loom_sink_remove, until LOOM_DONE
**   → loom_sink_commit, or loom_sink_abandon
**
** Until the commit nothing has changed. A staging that has failed, or whose transaction has, may be applied again in another one.
*/
#ifndef LOOM_SINK_H
#define LOOM_SINK_H

#include "base/error.h"
#include "read/staging.h"
#include "write/load_note.h"
#include "write/removal.h"

#include <stddef.h>

typedef struct loom_sink loom_sink;

struct loom_sink_type {
  loom_status (*begin)(loom_sink *sink, loom_error *error);
  loom_status (*apply)(loom_sink *sink, loom_staging *staging, size_t budget, double *done,
                       loom_error *error);
  loom_status (*remove)(loom_sink *sink, const struct loom_removal *removal,
                        struct loom_removed *removed, loom_error *error);
  loom_status (*note)(loom_sink *sink, const struct loom_load_note *note,
                      const loom_staging *staging, loom_error *error);
  loom_status (*commit)(loom_sink *sink, loom_error *error);
  void (*abandon)(loom_sink *sink);
  void (*free)(loom_sink *sink);
};

/* The head of what a type makes of it. */
struct loom_sink {
  const struct loom_sink_type *type;
};

/* Begins a transaction. LOOM_EBUSY: others write, and do not end in time. */
static inline loom_status loom_sink_begin(loom_sink *sink, loom_error *error) {
  return sink->type->begin(sink, error);
}

/*
** Stores up to about `budget` records of a staging that is complete, and counts in it what became of them. LOOM_OK: there is more
** to store; LOOM_DONE: all is stored. *done is the share stored so far, 0 to 1. LOOM_EINVAL: the staging is not complete, another
** one is half stored, or no transaction is open.
*/
static inline loom_status loom_sink_apply(loom_sink *sink, loom_staging *staging, size_t budget,
                                          double *done, loom_error *error) {
  return sink->type->apply(sink, staging, budget, done, error);
}

/* The whole of it, in one go. */
static inline loom_status loom_sink_apply_all(loom_sink *sink, loom_staging *staging,
                                              loom_error *error) {
  double done;
  loom_status status;
  do
    status = loom_sink_apply(sink, staging, SIZE_MAX / 2, &done, error);
  while (status == LOOM_OK);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/*
** Takes a step of a removal, so much that other writers do not wait for long, and adds what it has removed. LOOM_OK: there is
** more to remove; LOOM_DONE: there is not. LOOM_ENOENT: the store is not known.
*/
static inline loom_status loom_sink_remove(loom_sink *sink, const struct loom_removal *removal,
                                           struct loom_removed *removed, loom_error *error) {
  return sink->type->remove(sink, removal, removed, error);
}

/* Has the audit tell of a staging that has been stored as a file that was loaded. NULL: there is nothing to tell. */
static inline loom_status loom_sink_note(loom_sink *sink, const struct loom_load_note *note,
                                         const loom_staging *staging, loom_error *error) {
  return note ? sink->type->note(sink, note, staging, error) : LOOM_OK;
}

/* When this returns LOOM_OK, what was applied survives whatever happens to the machine. */
static inline loom_status loom_sink_commit(loom_sink *sink, loom_error *error) {
  return sink->type->commit(sink, error);
}

/* Ends the transaction without effect; harmless when there is none. */
static inline void loom_sink_abandon(loom_sink *sink) {
  sink->type->abandon(sink);
}

/* NULL is ignored. */
static inline void loom_sink_free(loom_sink *sink) {
  if (sink)
    sink->type->free(sink);
}

#endif
