/*
** Reading stored polls.
*/
#include "sqlite/stored_polls.h"
#include "sqlite/statement.h"
#include "time/civil.h"

loom_status loom_stored_instant(loom_database *database, sqlite3_stmt *row, int column,
                                const char *what, int64_t *instant, loom_error *error) {
  sqlite3_value *value = sqlite3_column_value(row, column); /* nobody else uses the connection */
  *instant = sqlite3_value_int64(value);
  if (sqlite3_value_type(value) == SQLITE_INTEGER && *instant >= LOOM_INSTANT_MIN &&
      *instant <= LOOM_INSTANT_MAX)
    return LOOM_OK;
  return loom_database_corrupt(database, error, "%s is no instant of the years 1 to 9999", what);
}

static loom_status add_block(loom_database *database, const void *block, size_t size, int32_t day,
                             struct loom_polls *polls, loom_error *error) {
  const char *problem = loom_poll_block_problem(block, size, day);
  if (problem)
    return loom_database_corrupt(database, error, "a block of polls %s", problem);
  return loom_poll_block_decode(block, size, polls) ? LOOM_OK : loom_no_memory(error);
}

loom_status loom_stored_polls_add(loom_database *database, sqlite3_stmt *row, int column,
                                  int32_t day, struct loom_polls *polls, loom_error *error) {
  size_t size;
  const void *block = loom_column_bytes(row, column, &size);
  return add_block(database, block, size, day, polls, error);
}

loom_status loom_stored_polls_add_last(loom_database *database, sqlite3_stmt *row, int column,
                                       int32_t day, int64_t to, bool *is_first,
                                       struct loom_polls *polls, loom_error *error) {
  size_t size;
  const void *block = loom_column_bytes(row, column, &size);
  *is_first = true;
  if (size == 0 || size % sizeof(loom_poll) != 0) /* which is a problem */
    return add_block(database, block, size, day, polls, error);
  struct loom_poll_part part = loom_poll_block_last(block, size, to);
  *is_first = part.is_first;
  return part.size ? add_block(database, part.bytes, part.size, day, polls, error) : LOOM_OK;
}

loom_status loom_stored_day(loom_database *database, sqlite3_stmt *row, int column, int32_t *day,
                            loom_error *error) {
  int64_t found = sqlite3_column_int64(row, column);
  *day = (int32_t)found;
  if (sqlite3_column_type(row, column) == SQLITE_INTEGER && found >= LOOM_DATE_MIN &&
      found <= LOOM_DATE_MAX)
    return LOOM_OK;
  return loom_database_corrupt(database, error, "polls have an impossible day");
}

loom_status loom_stored_newest(loom_database *database, int64_t *instant, loom_error *error) {
  sqlite3_stmt *row = NULL;
  int32_t day = 0;
  loom_status status = loom_statement_get(
      database,
      "SELECT (SELECT max(day) FROM main.poll_block), (SELECT newest_poll FROM main.overall)", &row,
      error);
  if (status == LOOM_OK && sqlite3_step(row) != SQLITE_ROW)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK && sqlite3_column_type(row, 0) == SQLITE_NULL)
    status = loom_fail(error, LOOM_EEMPTY, "%s: there are no polls yet", database->path);
  if (status == LOOM_OK)
    status = loom_stored_day(database, row, 0, &day, error);
  if (status == LOOM_OK)
    status = loom_stored_instant(database, row, 1, "the newest poll of all", instant, error);
  if (status == LOOM_OK && loom_date_of_instant(*instant) != day)
    status = loom_database_corrupt(database, error,
                                   "the newest poll of all is not of the last day that has polls");
  loom_statement_keep(database, row, false);
  return status;
}

/* ---- days ---- */

loom_status loom_stored_days_begin(struct loom_stored_days *days, loom_database *database,
                                   enum loom_direction direction, int32_t from, loom_error *error) {
  static const char *const sql[] = {
      [LOOM_FORWARD] = "SELECT min(day) FROM main.poll_block WHERE day > ?",
      [LOOM_BACKWARD] = "SELECT max(day) FROM main.poll_block WHERE day < ?",
  };
  int64_t before = direction == LOOM_FORWARD ? (int64_t)from - 1 : (int64_t)from + 1;
  *days = (struct loom_stored_days){.database = database, .direction = direction, .day = before};
  return loom_statement_get(database, sql[direction], &days->next, error);
}

loom_status loom_stored_days_next(struct loom_stored_days *days, int32_t *day, loom_error *error) {
  int32_t found = 0;
  loom_status status = LOOM_OK;
  sqlite3_bind_int64(days->next, 1, days->day);
  if (sqlite3_step(days->next) != SQLITE_ROW)
    status = loom_database_failure(days->database, error);
  else if (sqlite3_column_type(days->next, 0) == SQLITE_NULL)
    status = LOOM_DONE;
  else
    status = loom_stored_day(days->database, days->next, 0, &found, error);
  sqlite3_reset(days->next);
  /* What a damaged index gives again would be found again and again. */
  if (status == LOOM_OK &&
      (days->direction == LOOM_FORWARD ? found <= days->day : found >= days->day))
    status = loom_database_corrupt(days->database, error, "the days of polls are not in order");
  *day = found;
  days->day = found;
  return status;
}

void loom_stored_days_end(struct loom_stored_days *days) {
  if (days->next)
    loom_statement_keep(days->database, days->next, false);
  days->next = NULL;
}

/* ---- blocks ---- */

/* The row's key, which must come after the one before it. */
static loom_status read_key(loom_database *database, sqlite3_stmt *row, int32_t *day,
                            int64_t *store, loom_error *error) {
  int32_t day_before = *day;
  int64_t store_before = *store;
  loom_status status = loom_stored_day(database, row, 0, day, error);
  *store = sqlite3_column_int64(row, 1);
  if (status == LOOM_OK && (sqlite3_column_type(row, 1) != SQLITE_INTEGER || *day < day_before ||
                            (*day == day_before && *store <= store_before)))
    status = loom_database_corrupt(database, error, "the blocks of polls are not in order");
  return status;
}

loom_status loom_stored_polls_scan(loom_database *database, int32_t first_day, int32_t last_day,
                                   loom_block_fn *visit, void *context, loom_error *error) {
  sqlite3_stmt *rows = NULL;
  struct loom_polls polls = {0};
  int32_t day = INT32_MIN;
  int64_t store = INT64_MIN;
  int step = SQLITE_DONE;
  loom_status status = loom_database_prepare(
      database,
      "SELECT day, store, polls FROM main.poll_block WHERE day BETWEEN ? AND ? ORDER BY day, store",
      &rows, error);
  if (status == LOOM_OK) {
    sqlite3_bind_int(rows, 1, first_day);
    sqlite3_bind_int(rows, 2, last_day);
  }
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    polls.count = 0;
    status = read_key(database, rows, &day, &store, error);
    if (status == LOOM_OK)
      status = loom_stored_polls_add(database, rows, 2, day, &polls, error);
    if (status == LOOM_OK)
      status = visit(context, day, store, &polls, error);
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_finalize(rows);
  loom_polls_free(&polls);
  return status;
}
