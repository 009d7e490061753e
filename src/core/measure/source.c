/*
** Sources: where a roster and a feed are joined, and stores are chosen.
*/
#include "measure/source.h"

#include <stdlib.h>

/* States that a source begins on before it takes the readers that it has: they are told apart by a commit between them. */
#define TRIES 8

loom_source *loom_source_new(loom_roster *roster, loom_feed *feed) {
  loom_source *source = roster && feed ? calloc(1, sizeof *source) : NULL;
  if (!source) {
    loom_roster_free(roster);
    loom_feed_free(feed);
    return NULL;
  }
  source->roster = roster;
  source->feed = feed;
  source->readers[0] = source;
  source->opened = 1;
  return source;
}

/* ---- snapshots ---- */

loom_status loom_source_snapshot(loom_source *source, loom_error *error) {
  loom_status status = loom_roster_begin(source->roster, error);
  if (status == LOOM_OK)
    status = loom_feed_begin(source->feed, error);
  if (status == LOOM_OK)
    source->reader_count = 1;
  else
    loom_source_release(source);
  return status;
}

/* Begins another reader's snapshot. LOOM_OK, or LOOM_EBUSY: it is of another state; anything else: it has none. */
static loom_status join_reader(loom_source *source, loom_source *reader, loom_error *error) {
  int64_t wanted = 0, found = 0;
  loom_status status = loom_source_snapshot(reader, error);
  if (status == LOOM_OK)
    status = loom_feed_state(source->feed, &wanted, error);
  if (status == LOOM_OK)
    status = loom_feed_state(reader->feed, &found, error);
  if (status == LOOM_OK && wanted != found)
    status = LOOM_EBUSY;
  if (status != LOOM_OK)
    loom_source_release(reader);
  return status;
}

/* Whether all readers that can be had are of one state. */
static bool join_readers(loom_source *source, unsigned readers) {
  loom_error error;
  loom_status status = LOOM_OK;
  while (source->reader_count < readers && status == LOOM_OK) {
    unsigned next = source->reader_count;
    if (next == source->opened) {
      source->readers[next] = source->open_reader ? source->open_reader(source->context) : NULL;
      if (!source->readers[next])
        return true;
      source->opened++;
    }
    status = join_reader(source, source->readers[next], &error);
    source->reader_count += status == LOOM_OK;
  }
  return status != LOOM_EBUSY;
}

loom_status loom_source_snapshot_for(loom_source *source, unsigned readers, loom_error *error) {
  if (readers > LOOM_READERS_MAX)
    readers = LOOM_READERS_MAX;
  loom_status status = loom_source_snapshot(source, error);
  for (int tries = TRIES; status == LOOM_OK && !join_readers(source, readers) && --tries > 0;) {
    loom_source_release(source);
    status = loom_source_snapshot(source, error);
  }
  return status;
}

unsigned loom_source_reader_count(const loom_source *source) {
  return source->reader_count;
}

loom_source *loom_source_reader(loom_source *source, unsigned index) {
  return source->readers[index];
}

loom_status loom_source_newest(loom_source *source, int64_t *instant, loom_error *error) {
  return loom_feed_newest(source->feed, instant, error);
}

/* ---- stores ---- */

static loom_status select_for(loom_source *source, const struct loom_source_query *query,
                              struct loom_slices *slices, struct loom_common *common,
                              uint64_t *store_count, loom_error *error) {
  struct loom_roster_order order = {0};
  struct loom_roster_query stores = {.from =
                                         query->last_polls ? query->exclusions_from : query->from,
                                     .to = query->to,
                                     .slices = slices};
  source->selection = query->selection;
  source->no_polls = query->no_polls;
  if (query->selection.glob_count == 0)
    stores.ids = query->selection.ids;
  loom_status status = loom_roster_open(source->roster, &stores, common, &order, error);
  *store_count = order.most;
  if (status != LOOM_OK || query->no_polls)
    return status;
  struct loom_feed_query polls = {.from = query->from,
                                  .to = query->to,
                                  .neighbours = query->neighbours,
                                  .as_of = query->as_of,
                                  .last = query->last_polls,
                                  .in_order = order.in_order,
                                  .shards = query->selection.shards,
                                  .shard = query->selection.shard};
  return loom_feed_open(source->feed, &polls, error);
}

loom_status loom_source_days(loom_source *source, const int32_t **days, size_t *count,
                             loom_error *error) {
  return loom_feed_days(source->feed, days, count, error);
}

loom_status loom_source_day(loom_source *source, int32_t day, struct loom_feed_day *found,
                            loom_error *error) {
  return loom_feed_day(source->feed, day, found, error);
}

loom_status loom_source_select(loom_source *source, const struct loom_source_query *query,
                               struct loom_common *common, uint64_t *store_count,
                               loom_error *error) {
  atomic_store(&source->slices.next, 0);
  loom_status status = select_for(source, query, &source->slices, common, store_count, error);
  for (unsigned i = 1; status == LOOM_OK && i < source->reader_count; i++) {
    struct loom_common known = {0};
    uint64_t count;
    status = select_for(source->readers[i], query, &source->slices, &known, &count, error);
    loom_common_free(&known);
  }
  return status;
}

/* Whether a store whose number and id are known is one of a selection. */
static bool is_selected(const struct loom_selection *selection, const struct loom_store *store) {
  return (store->polled || selection->all_stores) &&
         (!selection->shards || store->number % selection->shards == selection->shard) &&
         loom_selection_has(selection, store->id, store->id_length);
}

/* Whether a store that is filled has what its selection asks for: polls, or something that tells when it is open. */
static bool is_complete(const struct loom_store *store) {
  return store->polled || *store->zone || store->hours.count;
}

loom_status loom_source_next(loom_source *source, struct loom_store *store, loom_error *error) {
  const struct loom_selection *selection = &source->selection;
  loom_status status = LOOM_OK;
  bool taken = false;
  while (status == LOOM_OK && !taken) {
    status = loom_roster_next(source->roster, store, error);
    if (status != LOOM_OK || !is_selected(selection, store))
      continue;
    status = loom_roster_fill(source->roster, store, error);
    taken = is_complete(store);
  }
  store->polls.count = 0;
  store->has_more_polls = false;
  if (status == LOOM_OK && !source->no_polls)
    status = loom_feed_next(source->feed, store, error);
  return status;
}

loom_status loom_source_next_name(loom_source *source, struct loom_store *store,
                                  loom_error *error) {
  loom_status status = LOOM_OK;
  bool taken = false;
  while (status == LOOM_OK && !taken) {
    status = loom_roster_next(source->roster, store, error);
    if (status != LOOM_OK || !is_selected(&source->selection, store))
      continue;
    if (!store->polled && !*store->zone)
      status = loom_roster_fill(source->roster, store, error);
    taken = store->polled || is_complete(store);
  }
  return status;
}

loom_status loom_source_earlier(loom_source *source, struct loom_store *store, unsigned days,
                                loom_error *error) {
  return loom_feed_earlier(source->feed, store, days, error);
}

loom_status loom_source_revision(loom_source *source, int64_t *revision, loom_error *error) {
  return loom_feed_revision(source->feed, revision, error);
}

void loom_source_release(loom_source *source) {
  while (source->reader_count > 1)
    loom_source_release(source->readers[--source->reader_count]);
  loom_feed_end(source->feed);
  loom_roster_end(source->roster);
  source->reader_count = 0;
}

void loom_source_free(loom_source *source) {
  if (!source)
    return;
  loom_source_release(source);
  while (source->opened > 1)
    loom_source_free(source->readers[--source->opened]);
  loom_feed_free(source->feed);
  loom_roster_free(source->roster);
  free(source);
}
