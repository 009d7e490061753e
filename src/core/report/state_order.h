/*
** Choices among the stores of a report of states, in an order, and counts of them.
*/
#ifndef LOOM_STATE_ORDER_H
#define LOOM_STATE_ORDER_H

#include "report/column.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>

enum loom_state_key {
  LOOM_BY_STORE_ID,
  LOOM_BY_SINCE,    /* without one last */
  LOOM_BY_LAST_POLL /* without one last */
};

struct loom_state_filter {
  bool states[LOOM_STATES]; /* those that are wanted */
  bool dormant, others;     /* stores that are dormant; that are not */
  bool
      has_lasted; /* only those whose state has lasted so long, `lasted_from` up to below `lasted_to`, in microseconds; what
                      began before all that is known counts as longest */
  int64_t lasted_from, lasted_to;
  const unsigned char
      *only; /* of each row whether it is one of those to choose from; NULL: all are */
};

/* Whether a state at as_of is one of those that a filter lets through, whatever `only` says. */
bool loom_state_is_wanted(const struct loom_state_filter *filter,
                          const struct loom_store_state *state, int64_t as_of);

/*
** Fills `rows`, which has room for all rows, with the numbers of those that a filter lets through, and sets how many they are.
** Stores with the same value come by id, also where it descends. False: memory is out.
*/
bool loom_state_order(const loom_report *report, const struct loom_state_filter *filter,
                      enum loom_state_key key, bool descending, size_t *rows, size_t *count);

/* How many stores are in each state, those that are dormant apart. */
struct loom_state_counts {
  size_t dormant[LOOM_STATES], others[LOOM_STATES];
};

void loom_state_count(const loom_report *report, const unsigned char *only,
                      struct loom_state_counts *counts);

/* The same for each rank of a column (column.h), into room for all of them; rows without one are left out. */
void loom_state_count_by(const loom_report *report, const struct loom_column *column,
                         const unsigned char *only, struct loom_state_counts *counts);

#endif
