/*
** Removing polls or a store as a write of a writer: one step of it, so that other writes come between two.
**
**   loom_delete_write_new → loom_writer_submit of its loom_delete_write_head → loom_write_state, until it is done
**   → loom_delete_write_removed → loom_write_release
*/
#ifndef LOOM_DELETE_WRITE_H
#define LOOM_DELETE_WRITE_H

#include "write/removal.h"
#include "write/writer.h"

typedef struct loom_delete_write loom_delete_write;

/* Makes a write, to be submitted; the id is copied. NULL: memory is out. Let go with
 * loom_write_release of its head. */
loom_delete_write *loom_delete_write_new(const struct loom_removal *removal);
loom_write *loom_delete_write_head(loom_delete_write *write);

/* What the step has removed, and whether it was the last one. For when the write is done. */
const struct loom_removed *loom_delete_write_removed(const loom_delete_write *write, bool *is_last);

#endif
