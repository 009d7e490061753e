/*
** What one store is at the end of a report, since when, and whether it is dormant.
**
** It is found out of as little as will do: the store's last polls and the openings of a day. Where these do not tell, twice as
** many days of polls are asked for each time, and openings of eight times as long, so that all looks together cost little more
** than the last one does. How far back it may come to be is bounded: before the first poll nothing changes any more but the
** schedule, and a run that began more than a year before that counts as one without a beginning.
*/
#ifndef LOOM_STANDING_H
#define LOOM_STANDING_H

#include "measure/measure.h"
#include "measure/state.h"

#include <stdbool.h>
#include <stdint.h>

/* How far back the first look goes: most openings begin within a day, and most stores have a poll within three hours. */
#define LOOM_STANDING_OPENINGS LOOM_DAY
#define LOOM_STANDING_POLLS (3 * LOOM_HOUR)

/* How far back exclusions are read at first, and by how much further each time that these will not do. */
#define LOOM_STANDING_EXCLUSIONS (8 * LOOM_DAY)
#define LOOM_STANDING_STEP 8

/* How long before a store's first poll a run may have begun. */
#define LOOM_STANDING_MOST (366 * LOOM_DAY)

/* The longest time without an active poll that may make a store dormant. */
#define LOOM_DORMANT_AFTER_MAX (366 * LOOM_DAY)

struct loom_store_state {
  struct loom_standing standing; /* its state is known */
  bool is_dormant;               /* it had openings, and no active poll, for `dormant_after` */
  bool has_last_poll;
  int64_t last_poll; /* up to then, in microseconds */
};

/* Puts polls before those that a store has: see loom_feed_earlier. */
typedef loom_status loom_earlier_fn(void *context, struct loom_store *store, unsigned days,
                                    loom_error *error);

struct loom_state_query {
  int64_t exclusions_from; /* the store's, and everyone's, that end after this are there */
  int64_t dormant_after;   /* microseconds, up to LOOM_DORMANT_AFTER_MAX */
  bool no_since_up;        /* since when a store is up is not wanted: of most it costs the most */
  loom_earlier_fn *earlier;
  void *context;
};

/*
** Tells of a store at the setting's `as_of`, whose hull ends there and is LOOM_STANDING_OPENINGS long, from the last polls of the
** store, which get more. LOOM_DONE: it takes exclusions of an earlier time. LOOM_EINPUT: see loom_measure_store.
*/
loom_status loom_store_state(struct loom_measure *measure, const struct loom_setting *setting,
                             struct loom_store *store, const struct loom_state_query *query,
                             struct loom_store_state *state, loom_error *error);

#endif
