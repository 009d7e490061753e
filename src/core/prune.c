/*
** Removing old polls: whole days at once, then the beginning of the day that holds the cut.
*/
#include "prune.h"
#include "civil.h"
#include "poll_block.h"

#include <stdbool.h>

static loom_status no_memory(loom_error *error) {
  return loom_fail(error, LOOM_ENOMEM, "out of memory");
}

static loom_status count_polls(loom_database *database, int64_t *count, loom_error *error) {
  return loom_database_number(
      database, "SELECT ifnull(sum(length(polls)), 0) / 8 FROM poll_block", count, error);
}

/* Prepares a statement and binds its first parameter. */
static loom_status prepare_for(loom_database *database, const char *sql, int64_t value,
                               sqlite3_stmt **statement, loom_error *error) {
  loom_status status = loom_database_prepare(database, sql, statement, error);
  if (status == LOOM_OK)
    sqlite3_bind_int64(*statement, 1, value);
  return status;
}

static loom_status delete_days(loom_database *database, int32_t day, loom_error *error) {
  sqlite3_stmt *delete = NULL;
  loom_status status =
      prepare_for(database, "DELETE FROM poll_block WHERE day < ?", day, &delete, error);
  if (status == LOOM_OK)
    status = loom_database_run(database, delete, error);
  sqlite3_finalize(delete);
  return status;
}

/* Rewrites one store's block without the polls before the cut. */
static loom_status trim_block(loom_database *database, sqlite3_stmt *update, sqlite3_stmt *delete,
                              int64_t store, struct loom_polls *polls, int64_t cut,
                              loom_error *error) {
  size_t first = 0;
  while (first < polls->count && loom_poll_instant(polls->items[first]) < cut)
    first++;
  if (first == 0)
    return LOOM_OK;
  size_t left = polls->count - first;
  sqlite3_stmt *statement = left ? update : delete;
  sqlite3_bind_int64(statement, 2, store);
  if (left) {
    loom_poll_block_encode(polls->items + first, left);
    sqlite3_bind_blob64(statement, 3, polls->items + first, left * sizeof(loom_poll),
                        SQLITE_STATIC);
  }
  return loom_database_run(database, statement, error);
}

static loom_status trim_day(loom_database *database, int32_t day, int64_t cut, loom_error *error) {
  sqlite3_stmt *find = NULL, *update = NULL, *delete = NULL;
  struct loom_polls polls = {0};
  int64_t store = INT64_MIN;
  loom_status status = prepare_for(
      database,
      "SELECT store, polls FROM poll_block WHERE day = ? AND store > ? ORDER BY store LIMIT 1", day,
      &find, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "UPDATE poll_block SET polls = ?3 WHERE day = ?1 AND store = ?2",
                         day, &update, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "DELETE FROM poll_block WHERE day = ? AND store = ?", day,
                         &delete, error);
  while (status == LOOM_OK) {
    sqlite3_bind_int64(find, 2, store);
    int step = sqlite3_step(find);
    if (step != SQLITE_ROW) {
      if (step != SQLITE_DONE)
        status = loom_database_failure(database, error);
      break;
    }
    store = sqlite3_column_int64(find, 0);
    polls.count = 0;
    if (!loom_poll_block_decode(sqlite3_column_blob(find, 1),
                                (size_t)sqlite3_column_bytes(find, 1), &polls))
      status = no_memory(error);
    sqlite3_reset(find);
    if (status == LOOM_OK)
      status = trim_block(database, update, delete, store, &polls, cut, error);
  }
  sqlite3_finalize(find);
  sqlite3_finalize(update);
  sqlite3_finalize(delete);
  loom_polls_free(&polls);
  return status;
}

/* Sets each store's first poll from the first block that it still has. */
static loom_status update_first(loom_database *database, int64_t cut, int64_t stale,
                                loom_error *error) {
  sqlite3_stmt *blocks = NULL, *update = NULL;
  struct loom_polls polls = {0};
  loom_status status = loom_database_prepare(
      database, "SELECT store, polls FROM poll_block ORDER BY day, store", &blocks, error);
  if (status == LOOM_OK)
    status = prepare_for(database,
                         "UPDATE store SET first_poll = ?3 WHERE number = ?2 AND first_poll < ?1",
                         cut, &update, error);
  while (status == LOOM_OK && stale > 0) {
    if (sqlite3_step(blocks) != SQLITE_ROW) {
      status = loom_database_failure(database, error);
      break;
    }
    polls.count = 0;
    if (!loom_poll_block_decode(sqlite3_column_blob(blocks, 1),
                                (size_t)sqlite3_column_bytes(blocks, 1), &polls)) {
      status = no_memory(error);
      break;
    }
    sqlite3_bind_int64(update, 2, sqlite3_column_int64(blocks, 0));
    sqlite3_bind_int64(update, 3, polls.count ? loom_poll_instant(polls.items[0]) : cut);
    status = loom_database_run(database, update, error);
    stale -= sqlite3_changes(database->sqlite);
  }
  sqlite3_finalize(blocks);
  sqlite3_finalize(update);
  loom_polls_free(&polls);
  return status;
}

static loom_status update_reach(loom_database *database, int64_t cut, loom_error *error) {
  sqlite3_stmt *clear = NULL, *count = NULL;
  loom_status status = prepare_for(
      database, "UPDATE store SET first_poll = NULL, newest_poll = NULL WHERE newest_poll < ?", cut,
      &clear, error);
  if (status == LOOM_OK)
    status = loom_database_run(database, clear, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "SELECT count(*) FROM store WHERE first_poll < ?", cut, &count,
                         error);
  if (status == LOOM_OK && sqlite3_step(count) != SQLITE_ROW)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK)
    status = update_first(database, cut, sqlite3_column_int64(count, 0), error);
  sqlite3_finalize(clear);
  sqlite3_finalize(count);
  return status;
}

static loom_status remove_before(loom_database *database, int64_t cut, loom_error *error) {
  int32_t day = loom_date_of_instant(cut);
  loom_status status = delete_days(database, day, error);
  if (status == LOOM_OK)
    status = trim_day(database, day, cut, error);
  return status == LOOM_OK ? update_reach(database, cut, error) : status;
}

loom_status loom_prune(loom_database *database, int64_t keep, int64_t *removed, loom_error *error) {
  int64_t newest = 0, before = 0, after = 0;
  *removed = 0;
  loom_status status = loom_database_begin_write(database, error);
  if (status != LOOM_OK)
    return status;
  status = count_polls(database, &before, error);
  if (status == LOOM_OK && before > 0)
    status = loom_database_number(database, "SELECT newest_poll FROM overall", &newest, error);
  if (status == LOOM_OK && before > 0)
    status = remove_before(database, newest - keep, error);
  if (status == LOOM_OK)
    status = count_polls(database, &after, error);
  if (status == LOOM_OK)
    status = loom_database_commit(database, error);
  else
    loom_database_rollback(database);
  if (status == LOOM_OK) {
    *removed = before - after;
    /* What is committed stays; the space that this cannot give back, the next one will. */
    sqlite3_exec(database->sqlite, "PRAGMA incremental_vacuum", NULL, NULL, NULL);
  }
  return status;
}
