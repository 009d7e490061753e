/*
** What is spooled, and what stores know of it.
*/
#include "sqlite/spooled.h"
#include "sqlite/connection.h"
#include "sqlite/statement.h"
#include "sqlite/stored_polls.h"

loom_status loom_spooled_size(loom_database *database, int64_t *polls, loom_error *error) {
  *polls = 0;
  return loom_database_number(
      database, "SELECT ifnull(sum(length(polls)), 0) / 8 FROM main.poll_block", polls, error);
}

loom_status loom_spooled_remove(loom_database *database, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, loom_error *error) {
  sqlite3_stmt *statement;
  loom_status status = loom_statement_get(
      database, "DELETE FROM main.poll_block WHERE day = ? AND store = ? AND polls = ?", &statement,
      error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int(statement, 1, day);
  sqlite3_bind_int64(statement, 2, store);
  sqlite3_bind_blob64(statement, 3, polls, count * sizeof *polls, SQLITE_STATIC);
  return loom_statement_run(database, statement, NULL, error);
}

loom_status loom_spooled_replace(loom_database *database, int32_t day, int64_t store,
                                 const loom_poll *polls, size_t count, loom_error *error) {
  sqlite3_stmt *statement;
  loom_status status = loom_statement_get(
      database,
      count ? "UPDATE main.poll_block SET polls = ?3 WHERE day = ?1 AND store = ?2"
            : "DELETE FROM main.poll_block WHERE day = ?1 AND store = ?2",
      &statement, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int(statement, 1, day);
  sqlite3_bind_int64(statement, 2, store);
  if (count)
    sqlite3_bind_blob64(statement, 3, polls, count * sizeof *polls, SQLITE_STATIC);
  return loom_statement_run(database, statement, NULL, error);
}

static loom_status tell(void *context, int32_t day, int64_t store, const struct loom_polls *polls,
                        loom_error *error) {
  loom_database *database = context;
  sqlite3_stmt *update;
  loom_poll newest = polls->items[polls->count - 1];
  (void)day;
  loom_status status = loom_statement_get(
      database,
      "UPDATE store SET first_poll = min(ifnull(first_poll, ?2), ?2),"
      " newest_active = CASE WHEN newest_poll > ?3 THEN newest_active ELSE ?4 END,"
      " newest_poll = max(ifnull(newest_poll, ?3), ?3) WHERE number = ?1",
      &update, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(update, 1, store);
  sqlite3_bind_int64(update, 2, loom_poll_instant(polls->items[0]));
  sqlite3_bind_int64(update, 3, loom_poll_instant(newest));
  sqlite3_bind_int(update, 4, loom_poll_active(newest));
  return loom_statement_run(database, update, NULL, error);
}

loom_status loom_spooled_tell(loom_database *database, loom_error *error) {
  loom_status status =
      loom_stored_polls_scan(database, INT32_MIN, INT32_MAX, tell, database, error);
  if (status != LOOM_OK)
    return status;
  return loom_database_execute(
      database,
      "UPDATE overall SET newest_poll = (SELECT max(newest_poll) FROM store)"
      " WHERE EXISTS(SELECT 1 FROM poll_block)",
      error);
}
