/*
** The audit as rows.
*/
#include "write/audit.h"
#include "sqlite/statement.h"

#include <string.h>

static void bind(sqlite3_stmt *statement, int parameter, const char *text, size_t length) {
  if (text)
    sqlite3_bind_text(statement, parameter, text, (int)length, SQLITE_STATIC);
}

/* The number of the last entry, and how many bytes have been written up to it; both 0 where there is none. */
static loom_status read_last(loom_database *database, int64_t *number, int64_t *written,
                             loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status = loom_statement_get(
      database, "SELECT number, written FROM audit ORDER BY number DESC LIMIT 1", &row, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(row);
  *number = step == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
  *written = step == SQLITE_ROW ? sqlite3_column_int64(row, 1) : 0;
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, row, false);
  return status;
}

loom_status loom_audit_add(loom_database *database, const struct loom_audit_entry *entry,
                           loom_error *error) {
  const struct loom_author *author = entry->author;
  size_t size = entry->store_length + author->by_length + author->reason_length +
                entry->before_length + entry->after_length;
  sqlite3_stmt *add = NULL;
  int64_t number, unknown = -1, *written = entry->written ? entry->written : &unknown;
  loom_status status = *written < 0 ? read_last(database, &number, written, error) : LOOM_OK;
  if (status == LOOM_OK)
    status = loom_statement_get(database,
                                "INSERT INTO audit(at, written, kind, store_id, author, before,"
                                " after, reason) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                                &add, error);
  if (status != LOOM_OK)
    return status;
  *written += (int64_t)size;
  sqlite3_bind_int64(add, 1, author->at);
  sqlite3_bind_int64(add, 2, *written);
  bind(add, 3, entry->kind, strlen(entry->kind));
  bind(add, 4, entry->store, entry->store_length);
  bind(add, 5, author->by ? author->by : "", author->by_length);
  bind(add, 6, entry->before, entry->before_length);
  bind(add, 7, entry->after, entry->after_length);
  if (author->reason_length)
    bind(add, 8, author->reason, author->reason_length);
  status = loom_database_run(database, add, error);
  loom_statement_keep(database, add, false);
  return status;
}

/* The number of the last entry that goes, which is before `last`; 0: none does. Only those that go are passed over. */
static loom_status find_gone(loom_database *database, int64_t last, int64_t written, int64_t *gone,
                             loom_error *error) {
  sqlite3_stmt *rows = NULL;
  int step = SQLITE_DONE;
  *gone = 0;
  loom_status status = loom_statement_get(
      database, "SELECT number, written FROM audit ORDER BY number", &rows, error);
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    int64_t number = sqlite3_column_int64(rows, 0);
    if (number >= last || (number > last - LOOM_AUDIT_KEPT &&
                           sqlite3_column_int64(rows, 1) > written - LOOM_AUDIT_SIZE))
      break;
    *gone = number;
  }
  if (status == LOOM_OK && step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

loom_status loom_audit_trim(loom_database *database, loom_error *error) {
  int64_t last, written, gone = 0;
  sqlite3_stmt *remove = NULL;
  loom_status status = read_last(database, &last, &written, error);
  if (status == LOOM_OK)
    status = find_gone(database, last, written, &gone, error);
  if (status != LOOM_OK || gone == 0)
    return status;
  status = loom_statement_get(database, "DELETE FROM audit WHERE number <= ?", &remove, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(remove, 1, gone);
  status = loom_database_run(database, remove, error);
  loom_statement_keep(database, remove, false);
  return status;
}
