/*
** The uptime kernel: pieces of a schedule and sorted polls, judged under rules, become figures and segments. What lies in
** exclusions is judged like the rest, and then taken out: they change what is counted, never what was judged.
** Pure: no I/O, no allocation, no clock.
*/
#ifndef LOOM_UPTIME_H
#define LOOM_UPTIME_H

#include "measure/rules.h"
#include "time/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
** A poll in one number: its instant times two, plus one if the store was active. Polls so packed sort by time.
*/
typedef int64_t loom_poll;

static inline loom_poll loom_poll_pack(int64_t instant, bool active) {
  return instant * 2 + active;
}
static inline int64_t loom_poll_instant(loom_poll poll) {
  return (poll - (poll & 1)) / 2;
}
static inline bool loom_poll_active(loom_poll poll) {
  return poll & 1;
}

/* Halfway between two polls, rounded down. */
static inline int64_t loom_poll_midpoint(loom_poll a, loom_poll b) {
  int64_t sum = loom_poll_instant(a) + loom_poll_instant(b);
  return (sum - (sum & 1)) / 2;
}

/* What one store was in one window. Times are in microseconds. */
struct loom_figures {
  int64_t up, down, unknown; /* their sum is the scheduled time */
  /* what exclusions took out; with the scheduled time it is the length of the pieces */
  int64_t excluded;
  int64_t longest; /* the longest outage */
  /* how many: maximal runs of down time; touching pieces join runs, exclusions end them */
  int64_t outages;
  /* how many polls lie in the pieces; those in exclusions too, since they are evidence */
  int64_t polls;
};

/*
** A stretch of one state, and the poll that vouches for it, or is too far from it to; NULL where there is no evidence, and
** where it is excluded. Segments come in order and cover the pieces; neighbours may share a state.
*/
typedef void loom_segment_fn(void *context, struct loom_span span, enum loom_state state,
                             const loom_poll *poll);

/* Who hears of segments. */
struct loom_listener {
  loom_segment_fn *segment;
  void *context;
  /* polls in a row that leave nothing unknown between them make one segment, which is the last one's: fewer are told of */
  bool joins;
};

/*
** Judges each piece, and takes the exclusions out. `pieces` are in order and disjoint, `exclusions` too; `polls` are
** sorted, one to an instant. Under LOOM_EVIDENCE_AROUND they must include the nearest poll on either side of each piece;
** those after `as_of` count only inside pieces. `listener` may be NULL.
*/
void loom_uptime_measure(const struct loom_spans *pieces, const struct loom_spans *exclusions,
                         const loom_poll *polls, size_t count, const struct loom_rules *rules,
                         int64_t as_of, struct loom_figures *figures,
                         const struct loom_listener *listener);

#endif
