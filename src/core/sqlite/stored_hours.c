/*
** Reading stored hours.
*/
#include "sqlite/stored_hours.h"
#include "sqlite/statement.h"
#include "time/civil.h"

static bool is_between(int32_t value, int32_t least, int32_t most) {
  return value >= least && value <= most;
}

enum { OVERRIDE, REVERTS, EFFECTIVE_FROM, WEEKDAY, OPEN, CLOSE };

bool loom_stored_time_read(sqlite3_stmt *row, int column, int32_t *seconds) {
  *seconds = sqlite3_column_int(row, column);
  return sqlite3_column_type(row, column) == SQLITE_INTEGER &&
         is_between(*seconds, 0, LOOM_DAY_SECONDS);
}

bool loom_stored_hours_read(sqlite3_stmt *row, int column, struct loom_hours *hours) {
  int at = column + EFFECTIVE_FROM;
  size_t length;
  const char *date = loom_column_bytes(row, at, &length);
  int32_t closed = sqlite3_column_int(row, column + REVERTS) ? LOOM_NO_HOURS : LOOM_CLOSED;
  *hours = (struct loom_hours){.open = closed, .close = closed};
  if (!date || loom_parse_date(date, length, &hours->from))
    return false;
  if (hours->from == LOOM_DATE_MIN) /* the database's name for it */
    hours->from = LOOM_ALWAYS;
  if (sqlite3_column_type(row, column + WEEKDAY) == SQLITE_NULL)
    return true;
  hours->weekday = sqlite3_column_int(row, column + WEEKDAY);
  return is_between(hours->weekday, 0, 6) &&
         loom_stored_time_read(row, column + OPEN, &hours->open) &&
         loom_stored_time_read(row, column + CLOSE, &hours->close);
}

bool loom_stored_hours_override(sqlite3_stmt *row, int column) {
  return sqlite3_column_int(row, column + OVERRIDE) != 0;
}

loom_status loom_stored_hours_add(struct loom_stored_hours *stored, sqlite3_stmt *row, int column) {
  struct loom_hours hours;
  if (!loom_stored_hours_read(row, column, &hours))
    return LOOM_ECORRUPT;
  return loom_hours_list_add(
             loom_stored_hours_override(row, column) ? &stored->overrides : &stored->file, hours)
             ? LOOM_OK
             : LOOM_ENOMEM;
}

bool loom_stored_hours_finish(struct loom_stored_hours *stored) {
  bool good = true;
  if (stored->overrides.count == 0) {
    struct loom_hours_list file = stored->file;
    stored->file = stored->in_force;
    stored->in_force = file;
  } else {
    good = loom_hours_lay_over(&stored->file, &stored->overrides, &stored->in_force);
  }
  stored->file.count = stored->overrides.count = 0;
  return good;
}

void loom_stored_hours_free(struct loom_stored_hours *stored) {
  loom_hours_list_free(&stored->file);
  loom_hours_list_free(&stored->overrides);
  loom_hours_list_free(&stored->in_force);
}
