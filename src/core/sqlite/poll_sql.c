/*
** SQL functions of packed polls.
*/
#include "sqlite/poll_sql.h"
#include "measure/poll_block.h"

/* SQL: loom_poll_at(block, last) is the instant of a block's first or last poll. */
static void poll_at(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  struct loom_polls polls = {0};
  const void *block = sqlite3_value_blob(values[0]);
  size_t size = (size_t)sqlite3_value_bytes(values[0]);
  if (!loom_poll_block_decode(block, size, &polls))
    sqlite3_result_error_nomem(context);
  else if (polls.count)
    sqlite3_result_int64(
        context,
        loom_poll_instant(polls.items[sqlite3_value_int(values[1]) ? polls.count - 1 : 0]));
  loom_polls_free(&polls);
}

/* SQL: loom_newest_active(block) is whether a block's last poll is active. */
static void newest_active(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  struct loom_polls polls = {0};
  const void *block = sqlite3_value_blob(values[0]);
  if (!loom_poll_block_decode(block, (size_t)sqlite3_value_bytes(values[0]), &polls))
    sqlite3_result_error_nomem(context);
  else if (polls.count)
    sqlite3_result_int(context, loom_poll_active(polls.items[polls.count - 1]));
  loom_polls_free(&polls);
}

bool loom_poll_merging_unite(struct loom_poll_merging *merging) {
  if (!loom_polls_union(merging->stored.items, merging->stored.count, merging->incoming,
                        merging->count, &merging->merged, &merging->change))
    return false;
  merging->newest = merging->merged.items[merging->merged.count - 1];
  return true;
}

static void merge(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  struct loom_poll_merging *merging = sqlite3_value_pointer(values[1], LOOM_POLL_MERGING);
  if (!merging) {
    sqlite3_result_error(context, "loom_merge is for Loom alone", -1);
    return;
  }
  const void *block = sqlite3_value_blob(values[0]);
  size_t size = (size_t)sqlite3_value_bytes(values[0]);
  merging->found = true;
  merging->problem = loom_poll_block_problem(block, size, merging->day);
  merging->stored.count = 0;
  if (merging->problem)
    sqlite3_result_error(context, merging->problem, -1);
  else if (!loom_poll_block_decode(block, size, &merging->stored) ||
           !loom_poll_merging_unite(merging))
    sqlite3_result_error_nomem(context);
  else
    sqlite3_result_int(context, merging->change.added || merging->change.conflicts);
}

static void merged(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  struct loom_poll_merging *merging = sqlite3_value_pointer(values[0], LOOM_POLL_MERGING);
  if (!merging) {
    sqlite3_result_error(context, "loom_merged is for Loom alone", -1);
    return;
  }
  loom_poll_block_encode(merging->merged.items, merging->merged.count);
  sqlite3_result_blob64(context, merging->merged.items, merging->merged.count * sizeof(loom_poll),
                        SQLITE_STATIC);
}

int loom_poll_sql_register(sqlite3 *sqlite) {
  static const struct {
    const char *name;
    int arguments, flags;
    void (*call)(sqlite3_context *context, int count, sqlite3_value **values);
  } functions[] = {{"loom_poll_at", 2, SQLITE_DETERMINISTIC, poll_at},
                   {"loom_newest_active", 1, SQLITE_DETERMINISTIC, newest_active},
                   {"loom_merge", 2, 0, merge},
                   {"loom_merged", 1, 0, merged}};
  int result = SQLITE_OK;
  for (size_t i = 0; i < sizeof functions / sizeof *functions && result == SQLITE_OK; i++)
    result = sqlite3_create_function_v2(sqlite, functions[i].name, functions[i].arguments,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY | functions[i].flags, NULL,
                                        functions[i].call, NULL, NULL, NULL);
  return result;
}
