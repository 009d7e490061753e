/*
** The database as a feed: a scan reads the polls by one cursor for each day, in order of store number, so that it passes over
** them once. Where stores come in any order their blocks are looked up, and so are the neighbours of the range.
*/
#include "sqlite/feed_sqlite.h"
#include "base/grow.h"
#include "sqlite/cursor.h"
#include "sqlite/head.h"
#include "sqlite/statement.h"
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
  struct loom_polls block_polls;   /* of one block, while others are put behind them */
};

static struct sqlite_feed *of_head(loom_feed *feed) {
  return (struct sqlite_feed *)feed;
}

/* ---- snapshot ---- */

static void close_cursors(struct sqlite_feed *feed) {
  for (size_t i = 0; i < feed->day_count; i++)
    loom_cursor_close(&feed->days[i]);
  if (feed->block)
    loom_statement_keep(feed->database, feed->block, false);
  free(feed->days);
  free(feed->all_days);
  feed->block = NULL;
  feed->days = NULL;
  feed->all_days = NULL;
  feed->day_count = feed->all_day_count = 0;
}

static void end(loom_feed *head) {
  struct sqlite_feed *feed = of_head(head);
  close_cursors(feed);
  loom_polls_free(&feed->block_polls);
  loom_snapshot_end(&feed->part);
}

static void let_go(struct loom_holder *holder) {
  end((loom_feed *)((char *)holder - offsetof(struct sqlite_feed, part.holder)));
}

static loom_status begin(loom_feed *head, loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  loom_status status = loom_snapshot_begin(&feed->part, let_go, error);
  return status == LOOM_OK ? loom_head_refuse(feed->database, error) : status;
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
  return loom_database_number(of_head(head)->database, "SELECT revision FROM main.overall", number,
                              error);
}

/* ---- days ---- */

/* Lists every day that holds polls, unless that has been done. */
static loom_status list_days(struct sqlite_feed *feed, loom_error *error) {
  struct loom_stored_days days;
  size_t capacity = 0;
  int32_t day;
  if (feed->all_days)
    return LOOM_OK;
  loom_status status =
      loom_stored_days_begin(&days, feed->database, LOOM_FORWARD, LOOM_DATE_MIN, error);
  while (status == LOOM_OK && (status = loom_stored_days_next(&days, &day, error)) == LOOM_OK) {
    if (loom_grow(&feed->all_days, &capacity, feed->all_day_count + 1, sizeof day))
      feed->all_days[feed->all_day_count++] = day;
    else
      status = loom_no_memory(error);
  }
  loom_stored_days_end(&days);
  if (status == LOOM_DONE)
    return LOOM_OK;
  free(feed->all_days); /* half a list is none */
  feed->all_days = NULL;
  feed->all_day_count = 0;
  return status;
}

static loom_status days(loom_feed *head, const int32_t **list, size_t *count, loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status == LOOM_OK)
    status = list_days(feed, error);
  *list = feed->all_days;
  *count = feed->all_day_count;
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
  struct sqlite_feed *feed = of_head(head);
  *found = (struct loom_feed_day){0};
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status == LOOM_OK)
    status = loom_stored_polls_scan(feed->database, date, date, look_at_block, found, error);
  return status;
}

/* ---- open ---- */

static loom_status open_day(struct sqlite_feed *feed, int32_t day, struct loom_cursor *cursor,
                            loom_error *error) {
  loom_status status = loom_cursor_open(
      cursor, feed->database,
      "SELECT store, polls FROM main.poll_block WHERE day = ?2 AND store >= ?1 ORDER BY store",
      error);
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
  close_cursors(feed);
  feed->query = *query;
  loom_status status = list_days(feed, error);
  if (status == LOOM_OK)
    status = open_days(feed, error);
  if (status == LOOM_OK)
    status = loom_statement_get(feed->database,
                                "SELECT polls FROM main.poll_block WHERE day = ? AND store = ?",
                                &feed->block, error);
  return status;
}

/* ---- next ---- */

/* Looks the store's block of a day up. The statement is to be reset. */
static loom_status look_up(struct sqlite_feed *feed, int32_t day, int64_t store, bool *found,
                           loom_error *error) {
  sqlite3_bind_int(feed->block, 1, day);
  sqlite3_bind_int64(feed->block, 2, store);
  int result = sqlite3_step(feed->block);
  *found = result == SQLITE_ROW;
  return *found || result == SQLITE_DONE ? LOOM_OK : loom_database_failure(feed->database, error);
}

/* Adds the polls of the store's block of a day; nothing if there is none. */
static loom_status read_block(struct sqlite_feed *feed, int32_t day, int64_t store,
                              struct loom_polls *polls, loom_error *error) {
  bool found;
  loom_status status = look_up(feed, day, store, &found, error);
  if (status == LOOM_OK && found)
    status = loom_stored_polls_add(feed->database, feed->block, 0, day, polls, error);
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

/* ---- the last ones ---- */

/* Puts what is in block_polls in front of a store's polls. */
static loom_status put_before(struct sqlite_feed *feed, struct loom_store *store,
                              loom_error *error) {
  struct loom_polls *polls = &store->polls, *before = &feed->block_polls;
  if (before->count == 0)
    return LOOM_OK;
  if (!loom_polls_reserve(polls, polls->count + before->count))
    return loom_no_memory(error);
  memmove(polls->items + before->count, polls->items, polls->count * sizeof *polls->items);
  memcpy(polls->items, before->items, before->count * sizeof *before->items);
  polls->count += before->count;
  return LOOM_OK;
}

/* Notes how far a store's polls go back: days before `next_day` have not been looked at. */
static void note_reach(struct loom_store *store, int32_t next_day) {
  int64_t reach = (int64_t)next_day * LOOM_DAY + LOOM_DAY; /* all from here on are there */
  if (store->polls.count)
    reach = loom_poll_instant(store->polls.items[0]);
  store->polls_day = next_day;
  store->has_more_polls = store->polled && store->first_poll < reach;
}

/* Takes the last polls of one of the cursors' days. *is_enough: those before them are not wanted now. */
static loom_status take_last_of(struct sqlite_feed *feed, size_t cursor, struct loom_store *store,
                                bool *is_enough, loom_error *error) {
  int32_t day = feed->all_days[feed->first_day + cursor];
  bool found = true, is_first = true;
  sqlite3_stmt *row = feed->block;
  loom_status status = LOOM_OK;
  feed->block_polls.count = 0;
  if (feed->query.in_order) {
    status = loom_cursor_seek(&feed->days[cursor], store->number, &found, error);
    row = feed->days[cursor].statement;
  } else {
    status = look_up(feed, day, store->number, &found, error);
  }
  if (status == LOOM_OK && found)
    status = loom_stored_polls_add_last(feed->database, row, feed->query.in_order ? 1 : 0, day,
                                        feed->query.to, &is_first, &feed->block_polls, error);
  if (!feed->query.in_order)
    sqlite3_reset(feed->block);
  if (status == LOOM_OK)
    status = put_before(feed, store, error);
  note_reach(store, is_first ? day - 1 : day);
  *is_enough = !is_first;
  return status;
}

/* Adds a store's polls of a day that come before those that it has, up to the query's end. */
static loom_status add_day_before(struct sqlite_feed *feed, int32_t day, struct loom_store *store,
                                  loom_error *error) {
  struct loom_polls *before = &feed->block_polls;
  int64_t end = feed->query.to;
  if (store->polls.count)
    end = loom_poll_instant(store->polls.items[0]) - 1;
  before->count = 0;
  loom_status status = read_block(feed, day, store->number, before, error);
  while (before->count && loom_poll_instant(before->items[before->count - 1]) > end)
    before->count--;
  return status == LOOM_OK ? put_before(feed, store, error) : status;
}

static loom_status earlier(loom_feed *head, struct loom_store *store, unsigned days,
                           loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  size_t end = feed->all_day_count; /* of the days that may still have some */
  while (end > 0 && feed->all_days[end - 1] > store->polls_day)
    end--;
  while (status == LOOM_OK && days > 0 && end > 0 && store->has_more_polls) {
    size_t count = store->polls.count;
    int32_t day = feed->all_days[--end];
    status = add_day_before(feed, day, store, error);
    note_reach(store, day - 1);
    days -= store->polls.count > count;
  }
  if (status == LOOM_OK && end == 0)
    store->has_more_polls = false;
  return status;
}

/* The last polls of the query's range, or the last one of all before it. */
static loom_status take_last(struct sqlite_feed *feed, struct loom_store *store,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  bool is_enough = false;
  int32_t last_day = loom_date_of_instant(feed->query.to);
  int64_t near = feed->day_count ? (int64_t)feed->all_days[feed->first_day] * LOOM_DAY : INT64_MAX;
  note_reach(store, last_day);
  if (!store->polled || store->first_poll > feed->query.to) {
    store->has_more_polls = false;
    return LOOM_OK;
  }
  if (store->newest_poll <= feed->query.to && store->newest_poll < near) { /* silent since then */
    if (!loom_polls_reserve(&store->polls, 1))
      return loom_no_memory(error);
    store->polls.items[store->polls.count++] =
        loom_poll_pack(store->newest_poll, store->newest_active);
    note_reach(store, loom_date_of_instant(store->newest_poll));
    return LOOM_OK;
  }
  for (size_t i = feed->day_count; i-- > 0 && status == LOOM_OK && !is_enough;)
    status = take_last_of(feed, i, store, &is_enough, error);
  if (status == LOOM_OK && store->polls.count == 0)
    status = earlier(&feed->feed, store, 1, error);
  return status;
}

/* ---- next, of all polls or the last ones ---- */

static loom_status next(loom_feed *head, struct loom_store *store, loom_error *error) {
  struct sqlite_feed *feed = of_head(head);
  loom_status status = loom_snapshot_check(&feed->part, error);
  if (status == LOOM_OK && feed->query.last)
    return take_last(feed, store, error);
  if (status == LOOM_OK)
    status = take_polls(feed, store->number, &store->polls, error);
  if (status != LOOM_OK || !store->polled || !feed->query.neighbours)
    return status;
  status = add_before(feed, store, &store->polls, error);
  return status == LOOM_OK ? add_after(feed, store, &store->polls, error) : status;
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

loom_feed *loom_feed_sqlite(struct loom_snapshot *snapshot) {
  struct sqlite_feed *feed = calloc(1, sizeof *feed);
  if (!feed)
    return NULL;
  feed->feed.type = &type;
  feed->database = snapshot->database;
  loom_snapshot_join(snapshot, &feed->part);
  return &feed->feed;
}
