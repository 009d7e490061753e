/*
** Reading stored hours.
*/
#include "sqlite/stored_hours.h"
#include "measure/week.h"
#include "sqlite/statement.h"
#include "time/civil.h"

#include <string.h>

enum { OVERRIDE, REVERTS, EFFECTIVE_FROM, OPENINGS };

bool loom_stored_time_read(sqlite3_stmt *row, int column, int32_t *seconds) {
  *seconds = sqlite3_column_int(row, column);
  return sqlite3_column_type(row, column) == SQLITE_INTEGER && *seconds >= 0 &&
         *seconds <= LOOM_DAY_SECONDS;
}

static const char always[] = "0001-01-01"; /* the database's name for it */

static bool read_date(sqlite3_stmt *row, int column, int32_t *date) {
  size_t length;
  const char *text = loom_column_bytes(row, column, &length);
  if (text && length == sizeof always - 1 && memcmp(text, always, sizeof always - 1) == 0) {
    *date = LOOM_ALWAYS;
    return true;
  }
  return text && !loom_parse_date(text, length, date);
}

loom_status loom_stored_week_read(sqlite3_stmt *row, int column, struct loom_hours_list *list) {
  struct loom_hours hours = {0};
  size_t size;
  const unsigned char *week =
      (const unsigned char *)loom_column_bytes(row, column + OPENINGS, &size);
  bool reverts = sqlite3_column_int(row, column + REVERTS) != 0;
  if (!week || (reverts && size > 0) || !read_date(row, column + EFFECTIVE_FROM, &hours.from))
    return LOOM_ECORRUPT;
  if (size == 0) {
    hours.open = hours.close = reverts ? LOOM_NO_HOURS : LOOM_CLOSED;
    return loom_hours_list_add(list, hours) ? LOOM_OK : LOOM_ENOMEM;
  }
  if (!loom_hours_list_reserve(list, size / LOOM_OPENING_SIZE))
    return LOOM_ENOMEM;
  if (!loom_week_unpack(week, size, hours.from, list->items + list->count))
    return LOOM_ECORRUPT;
  list->count += size / LOOM_OPENING_SIZE;
  return LOOM_OK;
}

bool loom_stored_week_override(sqlite3_stmt *row, int column) {
  return sqlite3_column_int(row, column + OVERRIDE) != 0;
}
