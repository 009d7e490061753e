/*
** Rows of hours, packed: a file of them is several times as long as what it says, and all of it is in memory until it is stored.
** Rows of a store and date that follow one another are a run, of five bytes to a row.
**
**   {0} → loom_staged_hours_add, … → loom_staged_hours_sort → loom_staged_hours_week or else loom_staged_hours_next, until LOOM_DONE
**   → loom_staged_hours_free
*/
#ifndef LOOM_STAGED_HOURS_H
#define LOOM_STAGED_HOURS_H

#include "read/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_staged_hours {
  struct loom_hours_run *runs; /* in the order of the file */
  size_t run_count, run_capacity;
  unsigned char *rows; /* of one run after the other */
  size_t count, capacity;
  size_t *sequence; /* of the runs, by store */
};

/* Adds records of hours, whose order is that of the file. False: memory is out. */
bool loom_staged_hours_add(struct loom_staged_hours *hours, const struct loom_record *records,
                           size_t count);

/* Has them come store by store: in this order, which has each number below `stores` once. False: memory is out. */
bool loom_staged_hours_sort(struct loom_staged_hours *hours, const uint32_t *order,
                            uint32_t stores);

struct loom_record_list {
  struct loom_record *items;
  size_t count, capacity;
};

/* Fills the list with the next store's records, in the order of the file, which is their `order`, too; `place` begins with 0. */
loom_status loom_staged_hours_next(const struct loom_staged_hours *hours, size_t *place,
                                   struct loom_record_list *list, loom_error *error);

/* A store's hours as they are stored: openings from one date on, sorted, each once (week.h). */
struct loom_staged_week {
  uint32_t store;
  int32_t date;
  const unsigned char *openings;
  size_t count;
};

/* Takes the next store's week, if that is all that there is for it. False, with `place` unchanged: there is something else, or nothing. */
bool loom_staged_hours_week(const struct loom_staged_hours *hours, size_t *place,
                            struct loom_staged_week *week);

/* The store whose hours come some calls later, so that what is kept of it can be fetched; LOOM_NO_NUMBER: none do. */
uint32_t loom_staged_hours_peek(const struct loom_staged_hours *hours, size_t place);

void loom_staged_hours_free(struct loom_staged_hours *hours);

#endif
