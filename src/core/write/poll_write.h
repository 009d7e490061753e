/*
** Polls as work for a writer: staged ones, or a text of polls that the writer's thread reads.
**
**   loom_poll_write_of_text → loom_writer_submit of its loom_poll_write_head → loom_write_state, until it is done
**   → its counts, loom_poll_write_rejects → loom_write_release
*/
#ifndef LOOM_POLL_WRITE_H
#define LOOM_POLL_WRITE_H

#include "read/poll_text.h"
#include "write/writer.h"

/*
** Its counts are known when it is done; `rows` and `rejected` also when it has failed with LOOM_EINPUT because too
** many polls are bad.
*/
typedef struct loom_poll_write loom_poll_write;

/* Takes over the staging, which is complete. NULL: memory is out, and it is the caller's. Let go with loom_write_release. */
loom_poll_write *loom_poll_write_of_staging(loom_staging *staging);

/* Copies the bytes; the zones must outlive the write. NULL: memory is out. */
loom_poll_write *loom_poll_write_of_text(const struct loom_poll_text *text, const void *bytes,
                                         size_t size);

loom_write *loom_poll_write_head(loom_poll_write *polls);

/* The first bad polls, of a write that is no longer pending. */
const struct loom_reject_list *loom_poll_write_rejects(const loom_poll_write *polls);

#endif
