/*
** When a fleet was polled and how much of it was open, minute by minute, from which gaps in the feed are seen: those of all
** stores at once, while they were open.
**
**   loom_minutes_init → loom_minutes_poll of each poll, loom_minutes_open of each opening → loom_minutes_gaps
**   → loom_minutes_free
*/
#ifndef LOOM_MINUTES_H
#define LOOM_MINUTES_H

#include "time/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_minutes {
  int64_t from; /* the first minute's instant, in microseconds */
  size_t count;
  unsigned char *polled; /* whether a minute has a poll of any store */
  int32_t *opened;       /* how many more stores are open from a minute on than were before */
  uint64_t polls;
};

/* A stretch without any poll, of whole minutes, and how many would have been in it had it been like the other minutes. */
struct loom_gap {
  struct loom_span span;
  double expected;
};

struct loom_gaps {
  struct loom_gap *items; /* in order */
  size_t count, capacity;
};

/* Of the minutes that reach into [from, to): five bytes for each. False: memory is out. */
bool loom_minutes_init(struct loom_minutes *minutes, int64_t from, int64_t to);

/* Instants and spans may reach beyond the minutes; what does is left out. */
void loom_minutes_poll(struct loom_minutes *minutes, int64_t instant);
void loom_minutes_open(struct loom_minutes *minutes, struct loom_span opening);

/*
** Lists stretches after the first poll that are without one, `least` microseconds or more in which at least so many polls were to be expected: as many to
** a minute of an open store as all minutes have. False: memory is out. Nothing can be added afterwards.
*/
bool loom_minutes_gaps(struct loom_minutes *minutes, int64_t least, double expected,
                       struct loom_gaps *gaps);
void loom_minutes_free(struct loom_minutes *minutes);

#endif
