/*
** Packed polls: one row of `poll_block` holds one store's polls of one UTC day, as little-endian int64 of
** instant (microseconds since the epoch) * 2 + active, sorted, one to an instant.
**
**   loom_poll_block_problem → loom_polls_reserve → loom_poll_block_decode → loom_polls_union → loom_poll_block_encode
**   → loom_polls_free
*/
#ifndef LOOM_POLL_BLOCK_H
#define LOOM_POLL_BLOCK_H

#include "base/error.h"
#include "measure/uptime.h"

#include <stdbool.h>
#include <stddef.h>

/* A growable, reusable buffer of polls. */
struct loom_polls {
  loom_poll *items;
  size_t count, capacity;
};

bool loom_polls_reserve(struct loom_polls *polls, size_t capacity);
void loom_polls_free(struct loom_polls *polls);

/* Appends the polls of a block; false when memory is out. `size` must be a multiple of 8. */
bool loom_poll_block_decode(const void *block, size_t size, struct loom_polls *polls);

/* Turns polls into block bytes, in place where the machine is little-endian. Decoding turns them back. */
void loom_poll_block_encode(loom_poll *polls, size_t count);

/* What a scan calls for the block of a store and a UTC day; anything but LOOM_OK ends it. */
typedef loom_status loom_block_fn(void *context, int32_t day, int64_t store,
                                  const struct loom_polls *polls, loom_error *error);

struct loom_union_counts {
  uint64_t added, duplicates, conflicts;
};

/*
** Fills `merged` with stored polls and incoming ones. Stored polls are sorted, one to an instant; incoming ones
** are sorted by instant, and where several share one they come in order of arrival. A poll that repeats what is
** known is a duplicate; one that contradicts it replaces it and is a conflict. False: memory is out.
*/
bool loom_polls_union(const loom_poll *stored, size_t stored_count, const loom_poll *incoming,
                      size_t incoming_count, struct loom_polls *merged,
                      struct loom_union_counts *counts);

/* A part of a block, which is a block itself. */
struct loom_poll_part {
  const void *bytes;
  size_t size;
  bool is_first; /* the block has nothing before it */
};

/*
** The last polls of a block up to an instant, in microseconds: as far back as the second change of status, with the poll before
** it, if there is one. `size` must be a multiple of 8. Nothing but that is proved.
*/
struct loom_poll_part loom_poll_block_last(const void *block, size_t size, int64_t to);

/* How many polls of a sorted list are before an instant, in microseconds. */
size_t loom_polls_before(const struct loom_polls *polls, int64_t instant);

/* Why a block's polls are not sorted, unique and of this UTC day, or NULL. For the integrity check. */
const char *loom_poll_block_problem(const void *block, size_t size, int64_t day);

#endif
