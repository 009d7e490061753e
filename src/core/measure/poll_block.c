/*
** Packed polls.
*/
#include "measure/poll_block.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

bool loom_polls_reserve(struct loom_polls *polls, size_t capacity) {
  if (capacity <= polls->capacity)
    return true;
  if (capacity < polls->capacity * 2)
    capacity = polls->capacity * 2;
  loom_poll *items = realloc(polls->items, capacity * sizeof *items);
  if (!items)
    return false;
  polls->items = items;
  polls->capacity = capacity;
  return true;
}

void loom_polls_free(struct loom_polls *polls) {
  free(polls->items);
  *polls = (struct loom_polls){0};
}

/* Swaps bytes on big-endian machines; compiles to nothing on the others. */
static void to_or_from_little_endian(loom_poll *polls, size_t count) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  for (size_t i = 0; i < count; i++)
    polls[i] = (loom_poll)__builtin_bswap64((uint64_t)polls[i]);
#else
  (void)polls;
  (void)count;
#endif
}

void loom_poll_block_encode(loom_poll *polls, size_t count) {
  to_or_from_little_endian(polls, count);
}

bool loom_poll_block_decode(const void *block, size_t size, struct loom_polls *polls) {
  size_t count = size / sizeof(loom_poll);
  if (count == 0)
    return true;
  if (!loom_polls_reserve(polls, polls->count + count))
    return false;
  memcpy(polls->items + polls->count, block, count * sizeof(loom_poll));
  to_or_from_little_endian(polls->items + polls->count, count);
  polls->count += count;
  return true;
}

/* One poll of a block. */
static loom_poll poll_at(const void *block, size_t index) {
  loom_poll poll;
  memcpy(&poll, (const unsigned char *)block + index * sizeof poll, sizeof poll);
  to_or_from_little_endian(&poll, 1);
  return poll;
}

struct loom_poll_part loom_poll_block_last(const void *block, size_t size, int64_t to) {
  size_t end = size / sizeof(loom_poll), first;
  unsigned changes = 0;
  while (end > 0 && loom_poll_instant(poll_at(block, end - 1)) > to)
    end--;
  for (first = end; first > 0 && changes < 2; first--)
    changes += first < end && (poll_at(block, first - 1) ^ poll_at(block, first)) & 1;
  return (struct loom_poll_part){.bytes = (const unsigned char *)block + first * sizeof(loom_poll),
                                 .size = (end - first) * sizeof(loom_poll),
                                 .is_first = first == 0};
}

bool loom_polls_union(const loom_poll *stored, size_t stored_count, const loom_poll *incoming,
                      size_t incoming_count, struct loom_polls *merged,
                      struct loom_union_counts *counts) {
  size_t s = 0, i = 0;
  if (!loom_polls_reserve(merged, stored_count + incoming_count))
    return false;
  loom_poll *out = merged->items;
  while (i < incoming_count) {
    loom_poll instant = incoming[i] | 1; /* compares equal for both states */
    while (s < stored_count && (stored[s] | 1) < instant)
      *out++ = stored[s++];
    if (s < stored_count && (stored[s] | 1) == instant) {
      *out = stored[s++];
    } else {
      *out = incoming[i++];
      counts->added++;
    }
    for (; i < incoming_count && (incoming[i] | 1) == instant; i++) {
      if (incoming[i] == *out)
        counts->duplicates++;
      else
        counts->conflicts++;
      *out = incoming[i];
    }
    out++;
  }
  while (s < stored_count)
    *out++ = stored[s++];
  merged->count = (size_t)(out - merged->items);
  return true;
}

size_t loom_polls_before(const struct loom_polls *polls, int64_t instant) {
  size_t count = 0;
  while (count < polls->count && loom_poll_instant(polls->items[count]) < instant)
    count++;
  return count;
}

/* Whether polls are in order, one to an instant: as they are packed, since that takes a few instructions each. */
static bool is_sorted(const void *block, size_t count) {
  loom_poll previous = poll_at(block, 0) | 1;
  for (size_t i = 1; i < count; i++) {
    loom_poll poll = poll_at(block, i) | 1;
    if (poll <= previous)
      return false;
    previous = poll;
  }
  return true;
}

const char *loom_poll_block_problem(const void *block, size_t size, int64_t day) {
  int64_t low = day * LOOM_DAY, high = low + LOOM_DAY, previous = low - 1;
  size_t count = size / sizeof(loom_poll);
  if (size == 0)
    return "is empty";
  if (size % sizeof(loom_poll) != 0)
    return "has a length that is not a multiple of 8";
  if (loom_poll_instant(poll_at(block, 0)) >= low &&
      loom_poll_instant(poll_at(block, count - 1)) < high && is_sorted(block, count))
    return NULL;
  for (size_t i = 0; i < count; i++) {
    int64_t instant = loom_poll_instant(poll_at(block, i));
    if (instant < low || instant >= high)
      return "has a poll of another day";
    if (instant <= previous)
      return "is not sorted";
    previous = instant;
  }
  return NULL;
}
