/*
** What reports read: stores one by one, each with its polls. A source joins a roster, which knows who the stores are and when
** they are open, and a feed, which knows their polls; nobody else asks either of them. Calls come from one thread at a time,
** though not always the same one.
**
**   loom_source_snapshot → loom_source_newest (any number of times) → loom_source_select → loom_source_next, until LOOM_DONE
**   → loom_source_select once more, or loom_source_release, and again, or loom_source_free
**
** Several threads read by readers, sources themselves, of one snapshot, that share the stores out among them:
**
**   loom_source_snapshot_for → … → loom_source_select → each thread: loom_source_next of its loom_source_reader, until LOOM_DONE
**   → loom_source_release
*/
#ifndef LOOM_SOURCE_H
#define LOOM_SOURCE_H

#include "base/error.h"
#include "measure/feed.h"
#include "measure/roster.h"
#include "measure/selection.h"
#include "measure/store.h"

#include <stdbool.h>
#include <stdint.h>

/* What is asked of a source. */
struct loom_source_query {
  int64_t from, to; /* polls of these instants and between, in microseconds */
  /* also the nearest poll before `from`, and the nearest after `to` up to `as_of` */
  bool neighbours;
  bool no_polls; /* only schedules are wanted */
  /* of the polls up to `to`, the last ones alone: see feed.h. Exclusions are those that reach into a longer time, which begins
  ** here */
  bool last_polls;
  int64_t exclusions_from;
  int64_t as_of;
  struct loom_selection selection; /* whose ids and patterns are kept until the release */
};

#define LOOM_READERS_MAX 8

typedef struct loom_source loom_source;

struct loom_source {
  loom_roster *roster;
  loom_feed *feed;
  struct loom_selection selection;
  bool no_polls;
  struct loom_slices slices; /* of the stores; those of the first reader are everyone's */
  /* opens another source of what this one reads; NULL: there is none to be had, or it would not be worth it */
  loom_source *(*open_reader)(void *context);
  void *context;
  loom_source *readers[LOOM_READERS_MAX]; /* this one, and those that were opened */
  unsigned opened, reader_count;          /* reader_count: those which have the snapshot */
};

/* A source that owns its two halves. NULL: either of them is, or memory is out; then both are freed. */
loom_source *loom_source_new(loom_roster *roster, loom_feed *feed);

/* From here to the release all that is read is of one state. */
loom_status loom_source_snapshot(loom_source *source, loom_error *error);

/* The same with up to `readers` readers; there are fewer where they cannot be had. */
loom_status loom_source_snapshot_for(loom_source *source, unsigned readers, loom_error *error);

/* How many readers the snapshot has, and the one of an index below that. */
unsigned loom_source_reader_count(const loom_source *source);
loom_source *loom_source_reader(loom_source *source, unsigned index);

/* The newest poll of all stores. LOOM_EEMPTY: there are no polls. */
loom_status loom_source_newest(loom_source *source, int64_t *instant, loom_error *error);

/* The UTC days that hold polls, and what one of them has: see feed.h. */
loom_status loom_source_days(loom_source *source, const int32_t **days, size_t *count,
                             loom_error *error);
loom_status loom_source_day(loom_source *source, int32_t day, struct loom_feed_day *found,
                            loom_error *error);

/* Starts on the stores, in an order of the source's own; *store_count is how many `next` may give at the most. */
loom_status loom_source_select(loom_source *source, const struct loom_source_query *query,
                               struct loom_common *common, uint64_t *store_count,
                               loom_error *error);

/* The next store of the selection. LOOM_DONE: there are no more. */
loom_status loom_source_next(loom_source *source, struct loom_store *store, loom_error *error);

/* The same, but of the store only its id, its number, its zone and whether it has polls. */
loom_status loom_source_next_name(loom_source *source, struct loom_store *store, loom_error *error);

/* Earlier polls of a store of the selection, where the last ones were asked for: see loom_feed_earlier. */
loom_status loom_source_earlier(loom_source *source, struct loom_store *store, unsigned days,
                                loom_error *error);

/* What every commit raises that may change a report: see feed.h. It needs no snapshot. */
loom_status loom_source_revision(loom_source *source, int64_t *revision, loom_error *error);

/* Lets the snapshot go; harmless when there is none. */
void loom_source_release(loom_source *source);

/* Releases it, too. NULL is ignored. */
void loom_source_free(loom_source *source);

#endif
