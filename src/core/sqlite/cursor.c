/*
** Cursors over the rows of stores.
*/
#include "sqlite/cursor.h"
#include "sqlite/statement.h"

loom_status loom_cursor_open(struct loom_cursor *cursor, loom_database *database, const char *sql,
                             loom_error *error) {
  *cursor = (struct loom_cursor){.database = database, .store = INT64_MIN};
  return loom_statement_get(database, sql, &cursor->statement, error);
}

loom_status loom_cursor_step(struct loom_cursor *cursor, loom_error *error) {
  int64_t before = cursor->store;
  int result = sqlite3_step(cursor->statement);
  cursor->store = INT64_MAX;
  if (result == SQLITE_ROW)
    cursor->store = sqlite3_column_int64(cursor->statement, 0);
  else if (result != SQLITE_DONE)
    return loom_database_failure(cursor->database, error);
  /* Rows that a damaged key has put out of order would be passed over. */
  if (cursor->store < before)
    return loom_database_corrupt(cursor->database, error, "rows are not in order of their stores");
  return LOOM_OK;
}

loom_status loom_cursor_look_up(struct loom_cursor *cursor, int64_t store, loom_error *error) {
  sqlite3_reset(cursor->statement);
  sqlite3_bind_int64(cursor->statement, 1, store);
  cursor->store = INT64_MIN;
  return loom_cursor_step(cursor, error);
}

/* Stores that are passed over before one further on is looked up, which costs about as much as ten of them. */
#define PASSED_OVER 32

loom_status loom_cursor_seek(struct loom_cursor *cursor, int64_t store, bool *found,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  bool starts = cursor->store == INT64_MIN;
  if (starts || (cursor->store < store && cursor->store < store - PASSED_OVER))
    status = loom_cursor_look_up(cursor, store, error);
  while (status == LOOM_OK && cursor->store < store)
    status = loom_cursor_step(cursor, error);
  *found = cursor->store == store;
  return status;
}

void loom_cursor_close(struct loom_cursor *cursor) {
  if (cursor->statement)
    loom_statement_keep(cursor->database, cursor->statement, false);
  *cursor = (struct loom_cursor){0};
}
