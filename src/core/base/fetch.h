/*
** Memory that will be needed soon.
*/
#ifndef LOOM_FETCH_H
#define LOOM_FETCH_H

/*
** Has the line of memory at an address fetched into the cache, while something else is done. GCC 12 takes functions that do nothing
** else for pure, and leaves calls of them out: the statement in assembler, which is empty, tells it that this does something.
*/
static inline void loom_fetch(const void *address) {
  __builtin_prefetch(address);
  __asm__ volatile("" : : "r"(address));
}

#endif
