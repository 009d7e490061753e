/*
** What a store is at an instant, and since when: the last run of one state among what its pieces are judged to be. Only the end
** of a store's past decides it, and how long an end does is not known before it is looked at. So the polls and the openings that
** are given may begin anywhere; where they begin too late, what is lacking is told, and more of it is to be given.
** Pure: no I/O, no allocation, no clock.
*/
#ifndef LOOM_STATE_H
#define LOOM_STATE_H

#include "measure/rules.h"
#include "measure/uptime.h"
#include "time/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a store's past, up to an instant `at` that is looked from. */
struct loom_past {
  /* every opening that reaches into [from, at), whole where it begins at `from` or later: see loom_schedule_intervals */
  const struct loom_spans *intervals;
  int64_t from;
  bool is_all; /* what began before `from` is taken for what always was */
  const struct loom_spans
      *exclusions;        /* those that reach into [from, at): sorted, disjoint, and not touching */
  const loom_poll *polls; /* the last ones up to `at`, sorted, one to an instant */
  size_t poll_count;
  bool has_more_polls; /* there are earlier ones than these */
};

enum loom_lack { LOOM_LACKS_NOTHING, LOOM_LACKS_POLLS, LOOM_LACKS_OPENINGS };

struct loom_standing {
  enum loom_state state;
  bool is_known;  /* the state is; `since` still is not where something is lacking */
  bool has_since; /* neither when closed or excluded, nor when it began before all that is known */
  int64_t since;  /* in microseconds */
};

/*
** What the store is in the moment just before `at`. What is lacking is told again until enough is given: earlier polls, or
** openings and exclusions of an earlier `from`.
*/
enum loom_lack loom_state_at(const struct loom_past *past, const struct loom_rules *rules,
                             int64_t at, struct loom_standing *standing);

/*
** Up to which instant openings that follow `from` and touch may be judged as one, with the same result as one by one: no poll is in
** them, and what the polls around them vouch for does not change. At or before `from`: not at all.
*/
int64_t loom_state_same_until(const struct loom_past *past, const struct loom_rules *rules,
                              int64_t from);

#endif
