/*
** The walk over the days of a store.
*/
#include "sqlite/block_feed.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

static loom_block_feed *of_head(loom_feed *feed) {
  return (loom_block_feed *)feed;
}

/* ---- snapshot ---- */

static void forget_days(loom_block_feed *feed) {
  free(feed->days);
  feed->days = NULL;
  feed->day_count = feed->first = feed->end = 0;
  feed->is_listed = false;
}

static void end(loom_feed *head) {
  loom_block_feed *feed = of_head(head);
  feed->reader->close(feed);
  forget_days(feed);
  loom_polls_free(&feed->some);
  loom_snapshot_end(&feed->part);
}

static void let_go(struct loom_holder *holder) {
  end((loom_feed *)((char *)holder - offsetof(loom_block_feed, part.holder)));
}

static loom_status begin(loom_feed *head, loom_error *error) {
  loom_block_feed *feed = of_head(head);
  loom_status status = loom_snapshot_begin(&feed->part, let_go, error);
  return status == LOOM_OK && feed->reader->begun ? feed->reader->begun(feed, error) : status;
}

static void free_feed(loom_feed *head) {
  loom_block_feed *feed = of_head(head);
  end(head);
  loom_snapshot_free(feed->part.snapshot);
  feed->reader->free(feed);
}

static loom_status newest(loom_feed *head, int64_t *instant, loom_error *error) {
  return of_head(head)->reader->newest(of_head(head), instant, error);
}

static loom_status revision(loom_feed *head, int64_t *number, loom_error *error) {
  return loom_database_revision(of_head(head)->database, number, error);
}

static loom_status state(loom_feed *head, int64_t *number, loom_error *error) {
  return loom_database_number(of_head(head)->database, "SELECT revision FROM main.overall", number,
                              error);
}

/* ---- days ---- */

/* Lists the days, unless that has been done. */
static loom_status list_days(loom_block_feed *feed, loom_error *error) {
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status != LOOM_OK || feed->is_listed)
    return status;
  status = feed->reader->list(feed, error);
  if (status != LOOM_OK) {
    feed->reader->close(feed);
    forget_days(feed);
  }
  feed->is_listed = status == LOOM_OK;
  return status;
}

static loom_status days(loom_feed *head, const int32_t **list, size_t *count, loom_error *error) {
  loom_block_feed *feed = of_head(head);
  loom_status status = list_days(feed, error);
  *list = feed->days;
  *count = feed->day_count;
  return status;
}

static loom_status look_at_block(void *context, int32_t date, int64_t store,
                                 const struct loom_polls *polls, loom_error *error) {
  struct loom_feed_day *found = context;
  int64_t first = loom_poll_instant(polls->items[0]),
          last = loom_poll_instant(polls->items[polls->count - 1]);
  (void)date;
  (void)store;
  (void)error;
  found->first = found->stores == 0 || first < found->first ? first : found->first;
  found->last = found->stores == 0 || last > found->last ? last : found->last;
  found->stores++;
  found->polls += polls->count;
  return LOOM_OK;
}

static loom_status day(loom_feed *head, int32_t date, struct loom_feed_day *found,
                       loom_error *error) {
  loom_block_feed *feed = of_head(head);
  loom_status status = list_days(feed, error);
  *found = (struct loom_feed_day){0};
  return status == LOOM_OK ? feed->reader->scan(feed, date, look_at_block, found, error) : status;
}

/* ---- open ---- */

static loom_status open_feed(loom_feed *head, const struct loom_feed_query *query,
                             loom_error *error) {
  loom_block_feed *feed = of_head(head);
  int32_t first = loom_date_of_instant(query->from), last = loom_date_of_instant(query->to);
  loom_status status = list_days(feed, error);
  feed->query = *query;
  for (feed->first = 0; feed->first < feed->day_count && feed->days[feed->first] < first;)
    feed->first++;
  for (feed->end = feed->first; feed->end < feed->day_count && feed->days[feed->end] <= last;)
    feed->end++;
  return status == LOOM_OK ? feed->reader->open(feed, error) : status;
}

/* ---- next ---- */

static loom_status get(loom_block_feed *feed, size_t i, int64_t store, struct loom_polls *polls,
                       loom_error *error) {
  return feed->reader->get(feed, i, store, polls, error);
}

static loom_status add_newest(const struct loom_store *store, struct loom_polls *polls,
                              loom_error *error) {
  if (!loom_polls_reserve(polls, polls->count + 1))
    return loom_no_memory(error);
  polls->items[polls->count++] = loom_poll_pack(store->newest_poll, store->newest_active);
  return LOOM_OK;
}

/* Puts what is in `some` in front of a store's polls. */
static loom_status put_before(loom_block_feed *feed, struct loom_polls *polls, loom_error *error) {
  const struct loom_polls *some = &feed->some;
  if (some->count == 0)
    return LOOM_OK;
  if (!loom_polls_reserve(polls, polls->count + some->count))
    return loom_no_memory(error);
  memmove(polls->items + some->count, polls->items, polls->count * sizeof *polls->items);
  memcpy(polls->items, some->items, some->count * sizeof *some->items);
  polls->count += some->count;
  return LOOM_OK;
}

/* Puts the nearest poll before the query's range in front of the others, unless one is there already. */
static loom_status add_before(loom_block_feed *feed, struct loom_store *store, loom_error *error) {
  struct loom_polls *polls = &store->polls, *some = &feed->some;
  loom_status status = LOOM_OK;
  if (store->first_poll >= feed->query.from ||
      (polls->count && loom_poll_instant(polls->items[0]) < feed->query.from))
    return LOOM_OK;
  some->count = 0;
  if (store->newest_poll < feed->query.from) /* silent since then: no need to look for it */
    status = add_newest(store, some, error);
  for (size_t i = feed->first; status == LOOM_OK && i-- > 0 && some->count == 0;)
    status = get(feed, i, store->number, some, error);
  if (status != LOOM_OK || some->count == 0)
    return status;
  some->items[0] = some->items[some->count - 1];
  some->count = 1;
  return put_before(feed, polls, error);
}

/* Appends the nearest poll after the range, up to as_of, unless one is there already. */
static loom_status add_after(loom_block_feed *feed, struct loom_store *store, loom_error *error) {
  struct loom_polls *polls = &store->polls;
  loom_status status = LOOM_OK;
  size_t before = polls->count;
  int32_t last = loom_date_of_instant(feed->query.as_of);
  if (feed->query.to >= feed->query.as_of || store->newest_poll <= feed->query.to ||
      (before && loom_poll_instant(polls->items[before - 1]) > feed->query.to))
    return LOOM_OK;
  for (size_t i = feed->end;
       status == LOOM_OK && i < feed->day_count && feed->days[i] <= last && polls->count == before;
       i++)
    status = get(feed, i, store->number, polls, error);
  return status;
}

static loom_status take_all(loom_block_feed *feed, struct loom_store *store, loom_error *error) {
  store->polls.count = 0;
  loom_status status = feed->reader->take(feed, store->number, &store->polls, error);
  if (status != LOOM_OK || !store->polled || !feed->query.neighbours)
    return status;
  status = add_before(feed, store, error);
  return status == LOOM_OK ? add_after(feed, store, error) : status;
}

/* ---- the last ones ---- */

/* Notes how far a store's polls go back: days before `next_day` have not been looked at. */
static void note_reach(struct loom_store *store, int32_t next_day) {
  int64_t reach = (int64_t)next_day * LOOM_DAY + LOOM_DAY; /* all from here on are there */
  if (store->polls.count)
    reach = loom_poll_instant(store->polls.items[0]);
  store->polls_day = next_day;
  store->has_more_polls = store->polled && store->first_poll < reach;
}

/* Takes the last polls of one of the query's days. *is_enough: those before them are not wanted now. */
static loom_status take_last_of(loom_block_feed *feed, size_t i, struct loom_store *store,
                                bool *is_enough, loom_error *error) {
  bool is_first = true;
  feed->some.count = 0;
  loom_status status =
      feed->reader->get_last(feed, i, store->number, &is_first, &feed->some, error);
  if (status == LOOM_OK)
    status = put_before(feed, &store->polls, error);
  note_reach(store, is_first ? feed->days[i] - 1 : feed->days[i]);
  *is_enough = !is_first;
  return status;
}

/* Adds a store's polls of a day that come before those that it has, up to the query's end. */
static loom_status add_day_before(loom_block_feed *feed, size_t i, struct loom_store *store,
                                  loom_error *error) {
  struct loom_polls *some = &feed->some;
  int64_t last = feed->query.to;
  if (store->polls.count)
    last = loom_poll_instant(store->polls.items[0]) - 1;
  some->count = 0;
  loom_status status = get(feed, i, store->number, some, error);
  while (some->count && loom_poll_instant(some->items[some->count - 1]) > last)
    some->count--;
  return status == LOOM_OK ? put_before(feed, &store->polls, error) : status;
}

static loom_status earlier(loom_feed *head, struct loom_store *store, unsigned wanted,
                           loom_error *error) {
  loom_block_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  size_t left = feed->day_count; /* of the days that may still have some */
  while (left > 0 && feed->days[left - 1] > store->polls_day)
    left--;
  while (status == LOOM_OK && wanted > 0 && left > 0 && store->has_more_polls) {
    size_t count = store->polls.count;
    status = add_day_before(feed, --left, store, error);
    note_reach(store, feed->days[left] - 1);
    wanted -= store->polls.count > count;
  }
  if (status == LOOM_OK && left == 0)
    store->has_more_polls = false;
  return status;
}

/* The last polls of the query's range, or the last one of all before it. */
static loom_status take_last(loom_block_feed *feed, struct loom_store *store, loom_error *error) {
  loom_status status = LOOM_OK;
  bool is_enough = false;
  int64_t near = feed->end > feed->first ? (int64_t)feed->days[feed->first] * LOOM_DAY : INT64_MAX;
  note_reach(store, loom_date_of_instant(feed->query.to));
  if (!store->polled || store->first_poll > feed->query.to) {
    store->has_more_polls = false;
    return LOOM_OK;
  }
  if (store->newest_poll <= feed->query.to && store->newest_poll < near) { /* silent since then */
    status = add_newest(store, &store->polls, error);
    if (status == LOOM_OK)
      note_reach(store, loom_date_of_instant(store->newest_poll));
    return status;
  }
  for (size_t i = feed->end; i-- > feed->first && status == LOOM_OK && !is_enough;)
    status = take_last_of(feed, i, store, &is_enough, error);
  if (status == LOOM_OK && store->polls.count == 0)
    status = earlier(&feed->feed, store, 1, error);
  return status;
}

static loom_status next(loom_feed *head, struct loom_store *store, loom_error *error) {
  loom_block_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status != LOOM_OK)
    return status;
  return feed->query.last ? take_last(feed, store, error) : take_all(feed, store, error);
}

static const struct loom_feed_type type = {.begin = begin,
                                           .newest = newest,
                                           .days = days,
                                           .day = day,
                                           .open = open_feed,
                                           .next = next,
                                           .earlier = earlier,
                                           .revision = revision,
                                           .state = state,
                                           .end = end,
                                           .free = free_feed};

void loom_block_feed_join(loom_block_feed *feed, const struct loom_block_reader *reader,
                          struct loom_snapshot *snapshot) {
  feed->feed.type = &type;
  feed->reader = reader;
  feed->database = snapshot->database;
  loom_snapshot_join(snapshot, &feed->part);
}
