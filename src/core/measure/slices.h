/*
** How readers share stores out among them: each takes a slice of their places, and the next one when it is done with that. A
** place is a number from 0 that a roster gives each store, with gaps or without.
**
**   {0} → loom_slices_take, by any thread, until it is false; loom_slices_skip where a reader finds that a stretch is empty
*/
#ifndef LOOM_SLICES_H
#define LOOM_SLICES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
** So many slices, that readers end at about the same time; but none shorter than this, since to move there costs as much as some
** stores, and pages at its ends are read by two.
*/
#define LOOM_SLICES 64
#define LOOM_SLICE_LEAST 256

struct loom_slices {
  atomic_uint_fast64_t next; /* all places before it have been taken */
};

/* Takes places [*first, *end), of those before `all`. False: there are no more. */
static inline bool loom_slices_take(struct loom_slices *slices, uint64_t all, uint64_t *first,
                                    uint64_t *end) {
  uint64_t length = all / LOOM_SLICES < LOOM_SLICE_LEAST ? LOOM_SLICE_LEAST : all / LOOM_SLICES;
  uint_fast64_t next = atomic_load(&slices->next);
  do {
    if (next >= all)
      return false;
    *first = next;
    *end = all - next < length ? all : next + length;
  } while (!atomic_compare_exchange_weak(&slices->next, &next, *end));
  return true;
}

/* Says that no store has a place before this one that has not been taken. */
static inline void loom_slices_skip(struct loom_slices *slices, uint64_t place) {
  uint_fast64_t next = atomic_load(&slices->next);
  while (next < place && !atomic_compare_exchange_weak(&slices->next, &next, place))
    ;
}

#endif
