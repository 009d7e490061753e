/*
** Merging polls into blocks. The union is made by an SQL function within the statement that updates the block, so that the
** block is looked for once.
*/
#include "write/poll_merge.h"
#include "sqlite/intake.h"
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

/* Makes a block of what comes alone. */
static loom_status make_block(loom_poll_merge *merge, loom_error *error) {
  merge->merging.stored.count = 0;
  if (!loom_poll_merging_unite(&merge->merging))
    return loom_no_memory(error);
  loom_poll_block_encode(merge->merging.merged.items, merge->merging.merged.count);
  return LOOM_OK;
}

/* The same where each has an instant of its own, so that all are new. */
static loom_status copy_block(loom_poll_merge *merge, loom_error *error) {
  struct loom_poll_merging *merging = &merge->merging;
  struct loom_polls *merged = &merging->merged;
  if (!loom_polls_reserve(merged, merging->count))
    return loom_no_memory(error);
  memcpy(merged->items, merging->incoming, merging->count * sizeof *merged->items);
  merged->count = merging->change.added = merging->count;
  merging->newest = merged->items[merged->count - 1];
  loom_poll_block_encode(merged->items, merged->count);
  return LOOM_OK;
}

static loom_status insert(loom_poll_merge *merge, int64_t store, loom_error *error) {
  sqlite3_stmt *insert;
  loom_status status = make_block(merge, error);
  if (status == LOOM_OK)
    status = statement(merge, INSERT_BLOCK, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(insert, 2, store);
  sqlite3_bind_blob64(insert, 3, merge->merging.merged.items,
                      merge->merging.merged.count * sizeof(loom_poll), SQLITE_STATIC);
  return loom_database_run(merge->database, insert, error);
}

static void begin(loom_poll_merge *merge, const loom_poll *polls, size_t count) {
  merge->merging.incoming = polls;
  merge->merging.count = count;
  merge->merging.change = (struct loom_union_counts){0};
  merge->merging.found = false;
  merge->merging.problem = NULL;
}

static void add_counts(const loom_poll_merge *merge, struct loom_counts *counts) {
  counts->added += merge->merging.change.added;
  counts->duplicates += merge->merging.change.duplicates;
  counts->conflicts += merge->merging.change.conflicts;
}

/* Extends what is known of a store's polls by what was merged last. */
static void extend(const loom_poll_merge *merge, struct loom_reach *reach) {
  const struct loom_poll_merging *merging = &merge->merging;
  int64_t first = loom_poll_instant(merging->incoming[0]);
  reach->first = first < reach->first ? first : reach->first;
  reach->newest = merging->newest > reach->newest ? merging->newest : reach->newest;
  reach->has_changed |= merging->change.added || merging->change.conflicts;
}

loom_status loom_poll_merge_add(loom_poll_merge *merge, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, struct loom_counts *counts,
                                struct loom_reach *reach, loom_error *error) {
  begin(merge, polls, count);
  loom_status status = look_at_day(merge, day, error);
  if (status == LOOM_OK && merge->day_is_stored)
    status = update(merge, store, error);
  if (status == LOOM_OK && !merge->merging.found)
    status = insert(merge, store, error);
  add_counts(merge, counts);
  if (status == LOOM_OK)
    extend(merge, reach);
  return status;
}

/* ---- many blocks ---- */

/* Portions on their way into a statement, which takes those of days that are not stored. */
struct portions {
  struct loom_intake intake; /* the first member */
  loom_poll_merge *merge;
  loom_poll_portion_fn *next;
  void *context;
  struct loom_counts *counts;
  struct loom_poll_portion portion;
  loom_status status; /* LOOM_OK: the portion has not been merged yet */
};

/* Gives the portion at hand to the statement. */
static loom_status give_block(struct portions *portions, loom_error *error) {
  loom_poll_merge *merge = portions->merge;
  const struct loom_poll_portion *portion = &portions->portion;
  begin(merge, portion->polls, portion->count);
  loom_status status = portion->distinct ? copy_block(merge, error) : make_block(merge, error);
  add_counts(merge, portions->counts);
  if (status == LOOM_OK)
    extend(merge, portion->reach);
  struct loom_intake_value *row = portions->intake.row;
  row[0] = (struct loom_intake_value){.type = LOOM_INTAKE_INTEGER, .number = portion->day};
  row[1] = (struct loom_intake_value){.type = LOOM_INTAKE_INTEGER, .number = portion->store};
  row[2] = (struct loom_intake_value){.type = LOOM_INTAKE_BLOB,
                                      .bytes = merge->merging.merged.items,
                                      .size = merge->merging.merged.count * sizeof(loom_poll)};
  return status;
}

static void take_next(struct portions *portions, loom_error *error) {
  portions->status = portions->next(portions->context, &portions->portion, error);
}

/* Of the statement: the first portion is at hand; those that follow are fetched, up to one of a day that is stored. */
static loom_status next_block(struct loom_intake *intake, loom_error *error) {
  struct portions *portions = (struct portions *)intake;
  bool is_first = intake->row[0].type == LOOM_INTAKE_NULL;
  if (!is_first)
    take_next(portions, error);
  loom_status status = portions->status;
  if (status == LOOM_OK)
    status = look_at_day(portions->merge, portions->portion.day, error);
  if (status != LOOM_OK)
    return status;
  return portions->merge->day_is_stored ? LOOM_DONE : give_block(portions, error);
}

static loom_status insert_blocks(struct portions *portions, loom_error *error) {
  portions->intake = (struct loom_intake){.next = next_block};
  return loom_statement_take_in(
      portions->merge->database,
      "INSERT INTO poll_block(day, store, polls) SELECT a, b, c FROM loom_intake(?1)",
      &portions->intake, error);
}

loom_status loom_poll_merge_all(loom_poll_merge *merge, loom_poll_portion_fn *next, void *context,
                                struct loom_counts *counts, loom_error *error) {
  struct portions portions = {.merge = merge, .next = next, .context = context, .counts = counts};
  loom_status status = LOOM_OK;
  take_next(&portions, error);
  while (status == LOOM_OK && portions.status == LOOM_OK) {
    const struct loom_poll_portion *portion = &portions.portion;
    status = look_at_day(merge, portion->day, error);
    if (status == LOOM_OK && !merge->day_is_stored) {
      status = insert_blocks(&portions, error);
    } else if (status == LOOM_OK) {
      status = loom_poll_merge_add(merge, portion->day, portion->store, portion->polls,
                                   portion->count, counts, portion->reach, error);
      if (status == LOOM_OK)
        take_next(&portions, error);
    }
  }
  return status == LOOM_OK ? portions.status : status;
}
