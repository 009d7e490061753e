/*
** The database as a feed: a scan reads the polls by one cursor for each day, in order of store number, so that it passes over
** them once. Where stores come in any order their blocks are looked up, and so are the neighbours of the range.
*/
#include "sqlite/feed_sqlite.h"
#include "base/grow.h"
#include "sqlite/cursor.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct sqlite_feed {
  loom_feed feed; /* the first member */
  struct loom_part part;
  loom_database *database;
  struct loom_feed_query query;
  struct loom_cursor *days; /* of the query's range that hold polls, in order */
  size_t day_count;
  int32_t *all_days;               /* every day that holds polls, in order */
  size_t all_day_count, first_day; /* first_day: index of days[0] in all_days */
  sqlite3_stmt *block;             /* one store's block of one day */
};

static struct sqlite_feed *of_head(loom_feed *feed) {
  return (struct sqlite_feed *)feed;
}

/* ---- snapshot ---- */

static void end(loom_feed *head) {
  struct sqlite_feed *feed = of_head(head);
  for (size_t i = 0; i < feed->day_count; i++)
    loom_cursor_close(&feed->days[i]);
  sqlite3_finalize(feed->block);
  free(feed->days);
  free(feed->all_days);
  feed->block = NULL;
  feed->days = NULL;
  feed->all_days = NULL;
  feed->day_count = feed->all_day_count = 0;
  loom_snapshot_end(&feed->part);
}

static void let_go(struct loom_holder *holder) {
  end((loom_feed *)((char *)holder - offsetof(struct sqlite_feed, part.holder)));
}

static loom_status begin(loom_feed *head, loom_error *error) {
  return loom_snapshot_begin(&of_head(head)->part, let_go, error);
}

static void free_feed(loom_feed *head) {
  struct sqlite_feed *feed = of_head(head);
  end(head);
  loom_snapshot_free(feed->part.snapshot);
  free(feed);
}

static loom_status newest(loom_feed *head, int64_t *instant, loom_error *error) {
  return loom_stored_newest(of_head(head)->database, instant, error);
}

static loom_status revision(loom_feed *head, int64_t *number, loom_error *error) {
  return loom_database_revision(of_head(head)->database, number, error);
}

static loom_status state(loom_feed *head, int64_t *number, loom_error *error) {
  return loom_database_number(of_head(head)->database, "SELECT revision FROM overall", number,
                              error);
}

/* ---- open ---- */

/* Lists every day that holds polls. */
static loom_status list_days(struct sqlite_feed *feed, loom_error *error) {
  struct loom_stored_days days;
  size_t capacity = 0;
  int32_t day;
  loom_status status =
      loom_stored_days_begin(&days, feed->database, LOOM_FORWARD, LOOM_DATE_MIN, error);
  while (status == LOOM_OK && (status = loom_stored_days_next(&days, &day, error)) == LOOM_OK) {
    if (loom_grow(&feed->all_days, &capacity, feed->all_day_count + 1, sizeof day))
      feed->all_days[feed->all_day_count++] = day;
    else
      status = loom_no_memory(error);
  }
  loom_stored_days_end(&days);
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status open_day(struct sqlite_feed *feed, int32_t day, struct loom_cursor *cursor,
                            loom_error *error) {
  loom_status status = loom_cursor_open(
      cursor, feed->database,
      "SELECT store, polls FROM poll_block WHERE day = ?2 AND store >= ?1 ORDER BY store", error);
  if (status == LOOM_OK)
    sqlite3_bind_int(cursor->statement, 2, day);
  return status;
}

/* Finds the days of the query's range, and opens a cursor for each where blocks are not looked up. */
static loom_status open_days(struct sqlite_feed *feed, loom_error *error) {
  int32_t first = loom_date_of_instant(feed->query.from);
  int32_t last = loom_date_of_instant(feed->query.to);
  size_t begin = 0, end;
  loom_status status = LOOM_OK;
  while (begin < feed->all_day_count && feed->all_days[begin] < first)
    begin++;
  for (end = begin; end < feed->all_day_count && feed->all_days[end] <= last;)
    end++;
  feed->first_day = begin;
  feed->days = calloc(end - begin + 1, sizeof *feed->days);
  if (!feed->days)
    return loom_no_memory(error);
  feed->day_count = end - begin;
  for (size_t i = 0; feed->query.in_order && status == LOOM_OK && i < feed->day_count; i++)
    status = open_day(feed, feed->all_days[begin + i], &feed->days[i], error);
  return status;
}

static loom_status open_feed(loom_feed *head, const struct loom_feed_query *query,
                             loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  feed->query = *query;
  loom_status status = list_days(feed, error);
  if (status == LOOM_OK)
    status = open_days(feed, error);
  if (status == LOOM_OK)
    status = loom_database_prepare(feed->database,
                                   "SELECT polls FROM poll_block WHERE day = ? AND store = ?",
                                   &feed->block, error);
  return status;
}

/* ---- next ---- */

/* Looks the store's block of a day up; nothing is added if there is none. */
static loom_status read_block(struct sqlite_feed *feed, int32_t day, int64_t store,
                              struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  sqlite3_bind_int(feed->block, 1, day);
  sqlite3_bind_int64(feed->block, 2, store);
  int result = sqlite3_step(feed->block);
  if (result == SQLITE_ROW)
    status = loom_stored_polls_add(feed->database, feed->block, 0, day, polls, error);
  else if (result != SQLITE_DONE)
    status = loom_database_failure(feed->database, error);
  sqlite3_reset(feed->block);
  return status;
}

static loom_status take_polls(struct sqlite_feed *feed, int64_t store, struct loom_polls *polls,
                              loom_error *error) {
  loom_status status = LOOM_OK;
  polls->count = 0;
  for (size_t i = 0; status == LOOM_OK && i < feed->day_count; i++) {
    int32_t day = feed->all_days[feed->first_day + i];
    bool found = false;
    if (feed->query.in_order)
      status = loom_cursor_seek(&feed->days[i], store, &found, error);
    else
      status = read_block(feed, day, store, polls, error);
    if (status == LOOM_OK && found)
      status = loom_stored_polls_add(feed->database, feed->days[i].statement, 1, day, polls, error);
  }
  return status;
}

/* Puts the nearest poll before the query's range in front of the others, unless one is there already. */
static loom_status add_before(struct sqlite_feed *feed, const struct loom_store *store,
                              struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  if (store->first_poll >= feed->query.from ||
      (polls->count && loom_poll_instant(polls->items[0]) < feed->query.from))
    return LOOM_OK;
  struct loom_polls earlier = {0};
  if (store->newest_poll < feed->query.from) /* silent since then: no need to look at the days */
    status =
        read_block(feed, loom_date_of_instant(store->newest_poll), store->number, &earlier, error);
  for (size_t i = feed->first_day; status == LOOM_OK && i-- > 0 && earlier.count == 0;)
    status = read_block(feed, feed->all_days[i], store->number, &earlier, error);
  if (status == LOOM_OK && earlier.count) {
    if (loom_polls_reserve(polls, polls->count + 1)) {
      memmove(polls->items + 1, polls->items, polls->count * sizeof *polls->items);
      polls->items[0] = earlier.items[earlier.count - 1];
      polls->count++;
    } else {
      status = loom_no_memory(error);
    }
  }
  loom_polls_free(&earlier);
  return status;
}

/* Appends the nearest poll after the range, up to as_of, unless one is there already. */
static loom_status add_after(struct sqlite_feed *feed, const struct loom_store *store,
                             struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  size_t before = polls->count;
  int32_t last = loom_date_of_instant(feed->query.as_of);
  if (feed->query.to >= feed->query.as_of || store->newest_poll <= feed->query.to ||
      (before && loom_poll_instant(polls->items[before - 1]) > feed->query.to))
    return LOOM_OK;
  for (size_t i = feed->first_day + feed->day_count;
       status == LOOM_OK && i < feed->all_day_count && feed->all_days[i] <= last &&
       polls->count == before;
       i++)
    status = read_block(feed, feed->all_days[i], store->number, polls, error);
  return status;
}

static loom_status next(loom_feed *head, struct loom_store *store, loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status == LOOM_OK)
    status = take_polls(feed, store->number, &store->polls, error);
  if (status != LOOM_OK || !store->polled || !feed->query.neighbours)
    return status;
  status = add_before(feed, store, &store->polls, error);
  return status == LOOM_OK ? add_after(feed, store, &store->polls, error) : status;
}

static const struct loom_feed_type type = {.begin = begin,
                                           .newest = newest,
                                           .open = open_feed,
                                           .next = next,
                                           .revision = revision,
                                           .state = state,
                                           .end = end,
                                           .free = free_feed};

loom_feed *loom_feed_sqlite(struct loom_snapshot *snapshot) {
  struct sqlite_feed *feed = calloc(1, sizeof *feed);
  if (!feed)
    return NULL;
  feed->feed.type = &type;
  feed->database = snapshot->database;
  loom_snapshot_join(snapshot, &feed->part);
  return &feed->feed;
}
