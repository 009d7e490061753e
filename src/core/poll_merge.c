/*
** Merging polls into blocks. The union is made by an SQL function within the statement that updates the block, so that the
** block is looked for once.
*/
#include "poll_merge.h"
#include "statement.h"

#include <stdlib.h>
#include <string.h>

#define POINTER "loom_poll_merge" /* the type of the pointer that the functions get */

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
  bool day_is_known, day_is_stored; /* whether the database held blocks of `day` before */
  int32_t day;
  const loom_poll *incoming;
  size_t count;
  struct loom_polls stored, merged;
  struct loom_union_counts change;
  bool found;          /* there was a block */
  const char *problem; /* with it */
};

static bool unite(loom_poll_merge *merge) {
  return loom_polls_union(merge->stored.items, merge->stored.count, merge->incoming, merge->count,
                          &merge->merged, &merge->change);
}

/* SQL: loom_merge(block, pointer) makes the union, and is whether that differs from the block. */
static void merge_block(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  loom_poll_merge *merge = sqlite3_value_pointer(values[1], POINTER);
  if (!merge) {
    sqlite3_result_error(context, "loom_merge is for Loom alone", -1);
    return;
  }
  const void *block = sqlite3_value_blob(values[0]);
  size_t size = (size_t)sqlite3_value_bytes(values[0]);
  merge->found = true;
  merge->problem = loom_poll_block_problem(block, size, merge->day);
  merge->stored.count = 0;
  if (merge->problem)
    sqlite3_result_error(context, merge->problem, -1);
  else if (!loom_poll_block_decode(block, size, &merge->stored) || !unite(merge))
    sqlite3_result_error_nomem(context);
  else
    sqlite3_result_int(context, merge->change.added || merge->change.conflicts);
}

/* SQL: loom_merged(pointer) is the union as a block. */
static void merged_block(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  loom_poll_merge *merge = sqlite3_value_pointer(values[0], POINTER);
  if (!merge) {
    sqlite3_result_error(context, "loom_merged is for Loom alone", -1);
    return;
  }
  loom_poll_block_encode(merge->merged.items, merge->merged.count);
  sqlite3_result_blob64(context, merge->merged.items, merge->merged.count * sizeof(loom_poll),
                        SQLITE_STATIC);
}

int loom_poll_merge_register(sqlite3 *sqlite) {
  int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
  int result = sqlite3_create_function_v2(sqlite, "loom_merge", 2, flags, NULL, merge_block, NULL,
                                          NULL, NULL);
  if (result == SQLITE_OK)
    result = sqlite3_create_function_v2(sqlite, "loom_merged", 1, flags, NULL, merged_block, NULL,
                                        NULL, NULL);
  return result;
}

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
  loom_polls_free(&merge->stored);
  loom_polls_free(&merge->merged);
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
    sqlite3_bind_int(*out, 1, merge->day);
  return status;
}

/* A day of which nothing is stored yet has no blocks to look for. */
static loom_status look_at_day(loom_poll_merge *merge, int32_t day, loom_error *error) {
  sqlite3_stmt *find;
  if (merge->day_is_known && day == merge->day)
    return LOOM_OK;
  merge->day = day;
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
  sqlite3_bind_pointer(update, 3, merge, POINTER, NULL);
  status = loom_database_run(merge->database, update, error);
  if (status != LOOM_OK && merge->problem)
    status = loom_database_corrupt(merge->database, error, "a block of polls %s", merge->problem);
  return status;
}

static loom_status insert(loom_poll_merge *merge, int64_t store, loom_error *error) {
  sqlite3_stmt *insert;
  merge->stored.count = 0;
  if (!unite(merge))
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  loom_poll_block_encode(merge->merged.items, merge->merged.count);
  loom_status status = statement(merge, INSERT_BLOCK, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(insert, 2, store);
  sqlite3_bind_blob64(insert, 3, merge->merged.items, merge->merged.count * sizeof(loom_poll),
                      SQLITE_STATIC);
  return loom_database_run(merge->database, insert, error);
}

loom_status loom_poll_merge_add(loom_poll_merge *merge, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count,
                                struct loom_ingest_counts *counts, loom_error *error) {
  merge->incoming = polls;
  merge->count = count;
  merge->change = (struct loom_union_counts){0};
  merge->found = false;
  merge->problem = NULL;
  loom_status status = look_at_day(merge, day, error);
  if (status == LOOM_OK && merge->day_is_stored)
    status = update(merge, store, error);
  if (status == LOOM_OK && !merge->found)
    status = insert(merge, store, error);
  counts->added += merge->change.added;
  counts->duplicates += merge->change.duplicates;
  counts->conflicts += merge->change.conflicts;
  return status;
}
