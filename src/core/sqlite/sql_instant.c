/*
** Instants as values of SQL.
*/
#include "sqlite/sql_instant.h"
#include "time/civil.h"

void loom_result_instant(sqlite3_context *context, int64_t instant) {
  char text[LOOM_TIMESTAMP_SIZE];
  size_t length = loom_format_timestamp(instant, text);
  sqlite3_result_text(context, text, (int)length, SQLITE_TRANSIENT);
}
