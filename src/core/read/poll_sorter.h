/*
** Sorts any number of polls by day, store and instant in bounded memory: full buffers are sorted and spilled
** to an unnamed temporary file, and merged when the polls are taken out again, as often as wanted. Polls of the same day, store
** and instant come out in the order they went in.
**
**   loom_poll_sorter_new → loom_poll_sorter_add, … → loom_poll_sorter_next, until LOOM_DONE
**   → loom_poll_sorter_rewind and again, or loom_poll_sorter_free
*/
#ifndef LOOM_POLL_SORTER_H
#define LOOM_POLL_SORTER_H

#include "base/error.h"
#include "read/poll_run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_poll_sorter loom_poll_sorter;

/*
** A sorter that keeps up to `capacity` polls in memory, 16 bytes each and 8 more when they are sorted; where they are few of
** very many stores and days, 24 more while sorting. Many that are spilled are so by a thread, while others are added. NULL: no
** memory.
*/
loom_poll_sorter *loom_poll_sorter_new(size_t capacity);
void loom_poll_sorter_free(loom_poll_sorter *sorter);

/*
** Sets the order in which the stores of a day come: those of order[0 … count - 1], which is copied and has each number below
** `count` once, and then the others by number. Until then that is by number, too. It has no effect once anything is sorted.
** False: memory is out.
*/
bool loom_poll_sorter_set_order(loom_poll_sorter *sorter, const uint32_t *order, size_t count);

/* Whether adding so many polls would sort any for the first time. */
bool loom_poll_sorter_would_sort(const loom_poll_sorter *sorter, size_t count);

/*
** Adds polls; each `store` is mapped through `numbers`, unless that is NULL. LOOM_EIO, LOOM_EFULL: the spill file failed, maybe
** with polls that were added before; if it does so with the last ones, that is told when they are taken.
*/
loom_status loom_poll_sorter_add(loom_poll_sorter *sorter, const struct loom_poll_record *polls,
                                 size_t count, const uint32_t *numbers, loom_error *error);

uint64_t loom_poll_sorter_count(const loom_poll_sorter *sorter);

/* The polls of one store on one UTC day, sorted by instant, ties in the order of entry. */
struct loom_poll_group {
  int32_t day;
  uint32_t store;
  const loom_poll *polls; /* valid until the next call */
  size_t count;
  bool distinct; /* one poll to an instant */
};

/* Ends adding: what is in memory is sorted. Otherwise this is done when the first group is taken. */
loom_status loom_poll_sorter_finish(loom_poll_sorter *sorter, loom_error *error);

/* Begins anew with the first group. */
loom_status loom_poll_sorter_rewind(loom_poll_sorter *sorter, loom_error *error);

/* Ends adding: takes the groups by day, and then in the order of stores; LOOM_DONE after the last one. */
loom_status loom_poll_sorter_next(loom_poll_sorter *sorter, struct loom_poll_group *group,
                                  loom_error *error);

#endif
