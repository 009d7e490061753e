/*
** Where polls come from: the other half of a source.
**
**   loom_feed_begin → loom_feed_newest, loom_feed_days, loom_feed_day → loom_feed_open → loom_feed_next of each store that a roster gives → loom_feed_end
**
** It may be opened again from begin to end, and what was opened before ends with it.
**
** From begin to end it is one snapshot. Calls come from one thread at a time.
*/
#ifndef LOOM_FEED_H
#define LOOM_FEED_H

#include "base/error.h"
#include "measure/store.h"

#include <stdbool.h>
#include <stdint.h>

struct loom_feed_query {
  int64_t from, to; /* polls of these instants and between, in microseconds */
  /* also the nearest poll before `from`, and the nearest after `to` up to `as_of` */
  bool neighbours;
  int64_t as_of;
  /* of the polls up to `to`, the last ones of each store alone: those before them are given by loom_feed_earlier */
  bool last;
  bool in_order;          /* stores are asked for in ascending order of their numbers */
  unsigned shards, shard; /* those of one shard alone are: see struct loom_selection */
};

/* What a UTC day has: how many stores have polls then, how many polls, and the first and last of these, in microseconds. */
struct loom_feed_day {
  uint64_t stores, polls;
  int64_t first, last;
};

typedef struct loom_feed loom_feed;

struct loom_feed_type {
  loom_status (*begin)(loom_feed *feed, loom_error *error);
  loom_status (*newest)(loom_feed *feed, int64_t *instant, loom_error *error);
  loom_status (*days)(loom_feed *feed, const int32_t **days, size_t *count, loom_error *error);
  loom_status (*day)(loom_feed *feed, int32_t day, struct loom_feed_day *found, loom_error *error);
  loom_status (*open)(loom_feed *feed, const struct loom_feed_query *query, loom_error *error);
  loom_status (*next)(loom_feed *feed, struct loom_store *store, loom_error *error);
  loom_status (*earlier)(loom_feed *feed, struct loom_store *store, unsigned days,
                         loom_error *error);
  loom_status (*revision)(loom_feed *feed, int64_t *revision, loom_error *error);
  loom_status (*state)(loom_feed *feed, int64_t *revision, loom_error *error);
  void (*end)(loom_feed *feed);
  void (*free)(loom_feed *feed);
};

/* The head of what a type makes of it. */
struct loom_feed {
  const struct loom_feed_type *type;
};

static inline loom_status loom_feed_begin(loom_feed *feed, loom_error *error) {
  return feed->type->begin(feed, error);
}

/* The newest poll of all stores. LOOM_EEMPTY: there are no polls. */
static inline loom_status loom_feed_newest(loom_feed *feed, int64_t *instant, loom_error *error) {
  return feed->type->newest(feed, instant, error);
}

/* The UTC days that hold polls, as counts since 1970-01-01, in order. They are the feed's, and stay until the end. */
static inline loom_status loom_feed_days(loom_feed *feed, const int32_t **days, size_t *count,
                                         loom_error *error) {
  return feed->type->days(feed, days, count, error);
}

/* Looks at the polls of a day that holds some. It reads all of them. */
static inline loom_status loom_feed_day(loom_feed *feed, int32_t day, struct loom_feed_day *found,
                                        loom_error *error) {
  return feed->type->day(feed, day, found, error);
}

static inline loom_status loom_feed_open(loom_feed *feed, const struct loom_feed_query *query,
                                         loom_error *error) {
  return feed->type->open(feed, query, error);
}

/*
** Fills the polls of a store, whose number, first and newest poll tell where they are. The last ones are those of `from` and
** after it, and at least one if there is any, but none before the second change of status on the way back.
*/
static inline loom_status loom_feed_next(loom_feed *feed, struct loom_store *store,
                                         loom_error *error) {
  return feed->type->next(feed, store, error);
}

/*
** Puts polls of a store before those that it was given, where only the last ones were asked for: of so many more days on which it
** has any, or of all that there are. That it has no more is told, too. The store need not be the one that was given last.
*/
static inline loom_status loom_feed_earlier(loom_feed *feed, struct loom_store *store,
                                            unsigned days, loom_error *error) {
  return feed->type->earlier(feed, store, days, error);
}

/*
** A number that every commit raises that may change a report: as long as it is the same, so is every report. It needs no
** snapshot, and is cheap enough to be asked for at every request.
*/
static inline loom_status loom_feed_revision(loom_feed *feed, int64_t *revision,
                                             loom_error *error) {
  return feed->type->revision(feed, revision, error);
}

/* The revision of the snapshot that has begun: two feeds of one database that have the same one read the same. */
static inline loom_status loom_feed_state(loom_feed *feed, int64_t *revision, loom_error *error) {
  return feed->type->state(feed, revision, error);
}

/* Lets the snapshot go; harmless when there is none. */
static inline void loom_feed_end(loom_feed *feed) {
  feed->type->end(feed);
}

/* NULL is ignored. */
static inline void loom_feed_free(loom_feed *feed) {
  if (feed)
    feed->type->free(feed);
}

#endif
