/*
** Who the stores are, and when they are open: ids, zones, hours, special days, exclusions. One half of a source.
**
**   loom_roster_begin → loom_roster_open → loom_roster_next, and loom_roster_fill where the store is wanted, until LOOM_DONE
**   → loom_roster_end
**
** From begin to end it is one snapshot. Calls come from one thread at a time.
*/
#ifndef LOOM_ROSTER_H
#define LOOM_ROSTER_H

#include "base/error.h"
#include "base/id_table.h"
#include "measure/slices.h"
#include "measure/store.h"

#include <stdbool.h>
#include <stdint.h>

struct loom_roster_query {
  int64_t from, to;                /* exclusions that reach into this are wanted, in microseconds */
  const struct loom_id_table *ids; /* others than these are given in vain; NULL: all are wanted */
  struct loom_slices *slices;      /* of which each store is taken by one of those who share them */
};

/* How the stores will come. */
struct loom_roster_order {
  uint64_t most; /* how many, at the most */
  bool in_order; /* their numbers ascend */
};

typedef struct loom_roster loom_roster;

struct loom_roster_type {
  loom_status (*begin)(loom_roster *roster, loom_error *error);
  loom_status (*open)(loom_roster *roster, const struct loom_roster_query *query,
                      struct loom_common *common, struct loom_roster_order *order,
                      loom_error *error);
  loom_status (*next)(loom_roster *roster, struct loom_store *store, loom_error *error);
  loom_status (*fill)(loom_roster *roster, struct loom_store *store, loom_error *error);
  void (*end)(loom_roster *roster);
  void (*free)(loom_roster *roster);
};

/* The head of what a type makes of it. */
struct loom_roster {
  const struct loom_roster_type *type;
};

static inline loom_status loom_roster_begin(loom_roster *roster, loom_error *error) {
  return roster->type->begin(roster, error);
}

/*
** Starts on the stores, and tells what holds for all of them. The query's ids and slices are kept until the end. It may be done
** again before that.
*/
static inline loom_status loom_roster_open(loom_roster *roster,
                                           const struct loom_roster_query *query,
                                           struct loom_common *common,
                                           struct loom_roster_order *order, loom_error *error) {
  return roster->type->open(roster, query, common, order, error);
}

/* The next store: its id, its number, its zone, and whether it has polls. LOOM_DONE: there are no more. */
static inline loom_status loom_roster_next(loom_roster *roster, struct loom_store *store,
                                           loom_error *error) {
  return roster->type->next(roster, store, error);
}

/* All else of the store that was given last, but for its polls. */
static inline loom_status loom_roster_fill(loom_roster *roster, struct loom_store *store,
                                           loom_error *error) {
  return roster->type->fill(roster, store, error);
}

/* Lets the snapshot go; harmless when there is none. */
static inline void loom_roster_end(loom_roster *roster) {
  roster->type->end(roster);
}

/* NULL is ignored. */
static inline void loom_roster_free(loom_roster *roster) {
  if (roster)
    roster->type->free(roster);
}

#endif
