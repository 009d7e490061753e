/*
** Merging polls into blocks. The union is made by an SQL function within the statement that updates the block, so that the
** block is looked for once.
*/
#include "write/poll_merge.h"
#include "sqlite/poll_sql.h"
#include "sqlite/statement.h"

#include <stdlib.h>
#include <string.h>

enum { UPDATE_BLOCK, INSERT_BLOCK, FIND_DAY, STATEMENT_COUNT };

#define UPDATE "UPDATE poll_block SET polls = loom_merged(?3)"

static const char *const sql[STATEMENT_COUNT] = {
    [UPDATE_BLOCK] = UPDATE " WHERE day = ?1 AND store = ?2 AND loom_merge(polls, ?3)",
    [INSERT_BLOCK] = "INSERT INTO poll_block(day, store, polls) VALUES(?1, ?2, ?3)",
    [FIND_DAY] = "SELECT 1 FROM poll_block WHERE day = ? LIMIT 1",
};

struct loom_poll_merge {
  loom_database *database;
  sqlite3_stmt *statements[STATEMENT_COUNT];
  bool day_is_known, day_is_stored; /* whether the database held blocks of the day before */
  struct loom_poll_merging merging;
};

loom_poll_merge *loom_poll_merge_new(loom_database *database) {
  loom_poll_merge *merge = calloc(1, sizeof *merge);
  if (merge)
    merge->database = database;
  return merge;
}

void loom_poll_merge_free(loom_poll_merge *merge) {
  if (!merge)
    return;
  for (int i = 0; i < STATEMENT_COUNT; i++)
    loom_statement_keep(merge->database, merge->statements[i], false);
  loom_polls_free(&merge->merging.stored);
  loom_polls_free(&merge->merging.merged);
  free(merge);
}

/* A statement with the day as its first parameter. */
static loom_status statement(loom_poll_merge *merge, int which, sqlite3_stmt **out,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  if (!merge->statements[which])
    status = loom_statement_get(merge->database, sql[which], &merge->statements[which], error);
  *out = merge->statements[which];
  if (status == LOOM_OK)
    sqlite3_bind_int(*out, 1, merge->merging.day);
  return status;
}

/* A day of which nothing is stored yet has no blocks to look for. */
static loom_status look_at_day(loom_poll_merge *merge, int32_t day, loom_error *error) {
  sqlite3_stmt *find;
  if (merge->day_is_known && day == merge->merging.day)
    return LOOM_OK;
  merge->merging.day = day;
  loom_status status = statement(merge, FIND_DAY, &find, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(find);
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(merge->database, error);
  sqlite3_reset(find);
  merge->day_is_known = status == LOOM_OK;
  merge->day_is_stored = step == SQLITE_ROW;
  return status;
}

static loom_status update(loom_poll_merge *merge, int64_t store, loom_error *error) {
  sqlite3_stmt *update;
  loom_status status = statement(merge, UPDATE_BLOCK, &update, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(update, 2, store);
  sqlite3_bind_pointer(update, 3, &merge->merging, LOOM_POLL_MERGING, NULL);
  status = loom_database_run(merge->database, update, error);
  if (status != LOOM_OK && merge->merging.problem)
    status = loom_database_corrupt(merge->database, error, "a block of polls %s",
                                   merge->merging.problem);
  return status;
}

static loom_status insert(loom_poll_merge *merge, int64_t store, loom_error *error) {
  sqlite3_stmt *insert;
  merge->merging.stored.count = 0;
  if (!loom_poll_merging_unite(&merge->merging))
    return loom_no_memory(error);
  loom_poll_block_encode(merge->merging.merged.items, merge->merging.merged.count);
  loom_status status = statement(merge, INSERT_BLOCK, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(insert, 2, store);
  sqlite3_bind_blob64(insert, 3, merge->merging.merged.items,
                      merge->merging.merged.count * sizeof(loom_poll), SQLITE_STATIC);
  return loom_database_run(merge->database, insert, error);
}

loom_status loom_poll_merge_add(loom_poll_merge *merge, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, struct loom_counts *counts,
                                loom_error *error) {
  merge->merging.incoming = polls;
  merge->merging.count = count;
  merge->merging.change = (struct loom_union_counts){0};
  merge->merging.found = false;
  merge->merging.problem = NULL;
  loom_status status = look_at_day(merge, day, error);
  if (status == LOOM_OK && merge->day_is_stored)
    status = update(merge, store, error);
  if (status == LOOM_OK && !merge->merging.found)
    status = insert(merge, store, error);
  counts->added += merge->merging.change.added;
  counts->duplicates += merge->merging.change.duplicates;
  counts->conflicts += merge->merging.change.conflicts;
  return status;
}
