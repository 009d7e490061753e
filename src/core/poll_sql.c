/*
** SQL functions of packed polls.
*/
#include "poll_sql.h"
#include "poll_block.h"

/* SQL: loom_poll_at(block, last) is the instant of a block's first or last poll. */
static void poll_at(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  struct loom_polls polls = {0};
  const void *block = sqlite3_value_blob(values[0]);
  size_t size = (size_t)sqlite3_value_bytes(values[0]);
  if (!loom_poll_block_decode(block, size, &polls))
    sqlite3_result_error_nomem(context);
  else if (polls.count)
    sqlite3_result_int64(context,
                         loom_poll_instant(
                             polls.items[sqlite3_value_int(values[1]) ? polls.count - 1 : 0]));
  loom_polls_free(&polls);
}

int loom_poll_sql_register(sqlite3 *sqlite) {
  return sqlite3_create_function_v2(sqlite, "loom_poll_at", 2,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                    poll_at, NULL, NULL, NULL);
}
