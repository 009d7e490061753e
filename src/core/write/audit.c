/*
** The audit as rows.
*/
#include "write/audit.h"
#include "sqlite/statement.h"

#include <string.h>

/* The number of the last entry, and what there is up to it; all 0 where there is none. */
static loom_status read_last(loom_database *database, int64_t *number,
                             struct loom_audit_total *total, loom_error *error) {
  sqlite3_stmt *row = NULL;
  *number = 0;
  *total = (struct loom_audit_total){0};
  loom_status status = loom_statement_get(
      database, "SELECT number, changes, written FROM audit ORDER BY number DESC LIMIT 1", &row,
      error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(row);
  if (step == SQLITE_ROW) {
    *number = sqlite3_column_int64(row, 0);
    *total = (struct loom_audit_total){.changes = sqlite3_column_int64(row, 1),
                                       .written = sqlite3_column_int64(row, 2)};
  } else if (step != SQLITE_DONE) {
    status = loom_database_failure(database, error);
  }
  loom_statement_keep(database, row, false);
  return status;
}

static void count(struct loom_audit_total *total, const struct loom_audit_entry *entry) {
  const struct loom_author *author = entry->author;
  if (strcmp(entry->kind, LOOM_AUDIT_LOADED) == 0)
    return;
  total->changes++;
  total->written += (int64_t)(entry->store_length + author->by_length + author->reason_length +
                              entry->before_length + entry->after_length);
}

loom_status loom_audit_add(loom_database *database, const struct loom_audit_entry *entry,
                           loom_error *error) {
  const struct loom_author *author = entry->author;
  sqlite3_stmt *add = NULL;
  int64_t number;
  struct loom_audit_total unknown = {.changes = -1},
                          *total = entry->total ? entry->total : &unknown;
  loom_status status = total->changes < 0 ? read_last(database, &number, total, error) : LOOM_OK;
  if (status == LOOM_OK)
    status = loom_statement_get(database,
                                "INSERT INTO audit(at, changes, written, kind, store_id, author,"
                                " before, after, reason) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                &add, error);
  if (status != LOOM_OK)
    return status;
  count(total, entry);
  sqlite3_bind_int64(add, 1, author->at);
  sqlite3_bind_int64(add, 2, total->changes);
  sqlite3_bind_int64(add, 3, total->written);
  loom_bind_text(add, 4, entry->kind, strlen(entry->kind));
  loom_bind_text(add, 5, entry->store, entry->store_length);
  loom_bind_text(add, 6, author->by ? author->by : "", author->by_length);
  loom_bind_text(add, 7, entry->before, entry->before_length);
  loom_bind_text(add, 8, entry->after, entry->after_length);
  if (author->reason_length)
    loom_bind_text(add, 9, author->reason, author->reason_length);
  status = loom_database_run(database, add, error);
  loom_statement_keep(database, add, false);
  return status;
}

/* The number of the last entry that goes, which is before `last`; 0: none does. Only those that go are passed over. */
static loom_status find_gone(loom_database *database, int64_t last,
                             const struct loom_audit_total *total, int64_t *gone,
                             loom_error *error) {
  sqlite3_stmt *rows = NULL;
  int step = SQLITE_DONE;
  *gone = 0;
  loom_status status = loom_statement_get(
      database, "SELECT number, changes, written FROM audit ORDER BY number", &rows, error);
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    int64_t number = sqlite3_column_int64(rows, 0);
    if (number >= last || (sqlite3_column_int64(rows, 1) > total->changes - LOOM_AUDIT_KEPT &&
                           sqlite3_column_int64(rows, 2) > total->written - LOOM_AUDIT_SIZE))
      break;
    *gone = number;
  }
  if (status == LOOM_OK && step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

/* Runs a statement that has one parameter. */
static loom_status run_with(loom_database *database, const char *sql, int64_t value,
                            loom_error *error) {
  sqlite3_stmt *statement = NULL;
  loom_status status = loom_statement_get(database, sql, &statement, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(statement, 1, value);
  status = loom_database_run(database, statement, error);
  loom_statement_keep(database, statement, false);
  return status;
}

loom_status loom_audit_trim(loom_database *database, loom_error *error) {
  int64_t last, gone = 0;
  struct loom_audit_total total;
  loom_status status = read_last(database, &last, &total, error);
  if (status == LOOM_OK)
    status = find_gone(database, last, &total, &gone, error);
  if (status == LOOM_OK && gone > 0)
    status = run_with(database, "DELETE FROM audit WHERE number <= ?", gone, error);
  if (status == LOOM_OK)
    status = run_with(database,
                      "DELETE FROM audit WHERE kind = '" LOOM_AUDIT_LOADED
                      "' AND number <="
                      " (SELECT number FROM audit WHERE kind = '" LOOM_AUDIT_LOADED
                      "'"
                      " ORDER BY number DESC LIMIT 1 OFFSET ?)",
                      LOOM_AUDIT_LOADED_KEPT, error);
  return status;
}
