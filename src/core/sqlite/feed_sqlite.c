/*
** The database as a feed: a scan reads the polls by one cursor for each day, in order of store number, so that it passes over
** them once. Where stores come in any order their blocks are looked up, and so are the neighbours of the range.
*/
#include "sqlite/feed_sqlite.h"
#include "base/grow.h"
#include "sqlite/block_feed.h"
#include "sqlite/cursor.h"
#include "sqlite/head.h"
#include "sqlite/statement.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"

#include <stdlib.h>

struct sqlite_feed {
  loom_block_feed blocks;      /* the first member */
  struct loom_cursor *cursors; /* of the query's days */
  size_t cursor_count;
  sqlite3_stmt *block; /* one store's block of one day */
};

static struct sqlite_feed *of_blocks(loom_block_feed *blocks) {
  return (struct sqlite_feed *)blocks;
}

/* ---- snapshot ---- */

static loom_status begun(loom_block_feed *blocks, loom_error *error) {
  return loom_head_refuse(blocks->database, error);
}

static void close_cursors(loom_block_feed *blocks) {
  struct sqlite_feed *feed = of_blocks(blocks);
  for (size_t i = 0; i < feed->cursor_count; i++)
    loom_cursor_close(&feed->cursors[i]);
  if (feed->block)
    loom_statement_keep(blocks->database, feed->block, false);
  free(feed->cursors);
  feed->block = NULL;
  feed->cursors = NULL;
  feed->cursor_count = 0;
}

static void free_feed(loom_block_feed *blocks) {
  free(blocks);
}

static loom_status newest(loom_block_feed *blocks, int64_t *instant, loom_error *error) {
  return loom_stored_newest(blocks->database, instant, error);
}

static loom_status list(loom_block_feed *blocks, loom_error *error) {
  struct loom_stored_days days;
  size_t capacity = 0;
  int32_t day;
  loom_status status =
      loom_stored_days_begin(&days, blocks->database, LOOM_FORWARD, LOOM_DATE_MIN, error);
  while (status == LOOM_OK && (status = loom_stored_days_next(&days, &day, error)) == LOOM_OK) {
    if (loom_grow(&blocks->days, &capacity, blocks->day_count + 1, sizeof day))
      blocks->days[blocks->day_count++] = day;
    else
      status = loom_no_memory(error);
  }
  loom_stored_days_end(&days);
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status scan(loom_block_feed *blocks, int32_t date, loom_block_fn *visit, void *context,
                        loom_error *error) {
  return loom_stored_polls_scan(blocks->database, date, date, visit, context, error);
}

/* ---- open ---- */

static loom_status open_day(const loom_block_feed *blocks, int32_t day, struct loom_cursor *cursor,
                            loom_error *error) {
  loom_status status = loom_cursor_open(
      cursor, blocks->database,
      "SELECT store, polls FROM main.poll_block WHERE day = ?2 AND store >= ?1 ORDER BY store",
      error);
  if (status == LOOM_OK)
    sqlite3_bind_int(cursor->statement, 2, day);
  return status;
}

/* Opens a cursor for each day where blocks are not looked up. */
static loom_status open_days(loom_block_feed *blocks, loom_error *error) {
  struct sqlite_feed *feed = of_blocks(blocks);
  size_t count = blocks->query.in_order ? blocks->end - blocks->first : 0;
  loom_status status = LOOM_OK;
  close_cursors(blocks);
  feed->cursors = calloc(count + 1, sizeof *feed->cursors);
  if (!feed->cursors)
    return loom_no_memory(error);
  feed->cursor_count = count;
  for (size_t i = 0; status == LOOM_OK && i < count; i++)
    status = open_day(blocks, blocks->days[blocks->first + i], &feed->cursors[i], error);
  if (status == LOOM_OK)
    status = loom_statement_get(
        blocks->database, "SELECT store, polls FROM main.poll_block WHERE day = ? AND store = ?",
        &feed->block, error);
  return status;
}

/* ---- blocks ---- */

/* Looks a block up: its polls are in column 1. The statement is to be reset. */
static loom_status look_up(struct sqlite_feed *feed, size_t i, int64_t store, bool *found,
                           loom_error *error) {
  sqlite3_bind_int(feed->block, 1, feed->blocks.days[i]);
  sqlite3_bind_int64(feed->block, 2, store);
  int result = sqlite3_step(feed->block);
  *found = result == SQLITE_ROW;
  return *found || result == SQLITE_DONE ? LOOM_OK
                                         : loom_database_failure(feed->blocks.database, error);
}

static loom_status get(loom_block_feed *blocks, size_t i, int64_t store, struct loom_polls *polls,
                       loom_error *error) {
  sqlite3_stmt *block = of_blocks(blocks)->block;
  bool found;
  loom_status status = look_up(of_blocks(blocks), i, store, &found, error);
  if (status == LOOM_OK && found)
    status = loom_stored_polls_add(blocks->database, block, 1, blocks->days[i], polls, error);
  sqlite3_reset(block);
  return status;
}

static loom_status take(loom_block_feed *blocks, int64_t store, struct loom_polls *polls,
                        loom_error *error) {
  struct loom_cursor *cursors = of_blocks(blocks)->cursors;
  const int32_t *days = blocks->days + blocks->first;
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < blocks->end - blocks->first; i++) {
    bool found = false;
    if (blocks->query.in_order)
      status = loom_cursor_seek(&cursors[i], store, &found, error);
    else
      status = get(blocks, blocks->first + i, store, polls, error);
    if (status == LOOM_OK && found)
      status =
          loom_stored_polls_add(blocks->database, cursors[i].statement, 1, days[i], polls, error);
  }
  return status;
}

static loom_status get_last(loom_block_feed *blocks, size_t i, int64_t store, bool *is_first,
                            struct loom_polls *polls, loom_error *error) {
  struct sqlite_feed *feed = of_blocks(blocks);
  struct loom_cursor *cursor = blocks->query.in_order ? &feed->cursors[i - blocks->first] : NULL;
  sqlite3_stmt *row = cursor ? cursor->statement : feed->block;
  bool found;
  loom_status status = cursor ? loom_cursor_seek(cursor, store, &found, error)
                              : look_up(feed, i, store, &found, error);
  if (status == LOOM_OK && found)
    status = loom_stored_polls_add_last(blocks->database, row, 1, blocks->days[i], blocks->query.to,
                                        is_first, polls, error);
  if (!cursor)
    sqlite3_reset(row);
  return status;
}

static const struct loom_block_reader reader = {.begun = begun,
                                                .newest = newest,
                                                .list = list,
                                                .open = open_days,
                                                .take = take,
                                                .get = get,
                                                .get_last = get_last,
                                                .scan = scan,
                                                .close = close_cursors,
                                                .free = free_feed};

loom_feed *loom_feed_sqlite(struct loom_snapshot *snapshot) {
  struct sqlite_feed *feed = calloc(1, sizeof *feed);
  if (!feed)
    return NULL;
  loom_block_feed_join(&feed->blocks, &reader, snapshot);
  return &feed->blocks.feed;
}
