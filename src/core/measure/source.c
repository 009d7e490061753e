/*
** Sources: where a roster and a feed are joined, and stores are chosen.
*/
#include "measure/source.h"

#include <stdlib.h>

loom_source *loom_source_new(loom_roster *roster, loom_feed *feed) {
  loom_source *source = roster && feed ? calloc(1, sizeof *source) : NULL;
  if (!source) {
    loom_roster_free(roster);
    loom_feed_free(feed);
    return NULL;
  }
  source->roster = roster;
  source->feed = feed;
  return source;
}

loom_status loom_source_snapshot(loom_source *source, loom_error *error) {
  loom_status status = loom_roster_begin(source->roster, error);
  if (status == LOOM_OK)
    status = loom_feed_begin(source->feed, error);
  if (status != LOOM_OK)
    loom_source_release(source);
  return status;
}

loom_status loom_source_newest(loom_source *source, int64_t *instant, loom_error *error) {
  return loom_feed_newest(source->feed, instant, error);
}

loom_status loom_source_select(loom_source *source, const struct loom_source_query *query,
                               struct loom_common *common, uint64_t *store_count,
                               loom_error *error) {
  struct loom_roster_order order = {0};
  struct loom_roster_query stores = {.from = query->from, .to = query->to};
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
                                  .in_order = order.in_order};
  return loom_feed_open(source->feed, &polls, error);
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
    if (status != LOOM_OK || !(store->polled || selection->all_stores) ||
        !loom_selection_has(selection, store->id, store->id_length))
      continue;
    status = loom_roster_fill(source->roster, store, error);
    taken = is_complete(store);
  }
  store->polls.count = 0;
  if (status == LOOM_OK && !source->no_polls)
    status = loom_feed_next(source->feed, store, error);
  return status;
}

loom_status loom_source_revision(loom_source *source, int64_t *revision, loom_error *error) {
  return loom_feed_revision(source->feed, revision, error);
}

void loom_source_release(loom_source *source) {
  loom_feed_end(source->feed);
  loom_roster_end(source->roster);
}

void loom_source_free(loom_source *source) {
  if (!source)
    return;
  loom_source_release(source);
  loom_feed_free(source->feed);
  loom_roster_free(source->roster);
  free(source);
}
