/*
** Prepared statements that are kept, the one used last first.
*/
#include "sqlite/statement.h"

#include <string.h>

sqlite3_stmt *loom_statement_take(loom_database *database, const char *sql, size_t length,
                                  bool reads_only) {
  for (size_t i = 0; i < LOOM_KEPT_STATEMENTS; i++) {
    struct loom_kept_statement *kept = &database->kept[i];
    const char *text = kept->statement ? sqlite3_sql(kept->statement) : NULL;
    if (text && kept->reads_only == reads_only && strlen(text) == length &&
        memcmp(text, sql, length) == 0) {
      sqlite3_stmt *statement = kept->statement;
      kept->statement = NULL;
      return statement;
    }
  }
  return NULL;
}

loom_status loom_statement_get(loom_database *database, const char *sql, sqlite3_stmt **statement,
                               loom_error *error) {
  *statement = loom_statement_take(database, sql, strlen(sql), false);
  return *statement ? LOOM_OK : loom_database_prepare(database, sql, statement, error);
}

const char *loom_column_bytes(sqlite3_stmt *row, int column, size_t *length) {
  const char *bytes = sqlite3_column_blob(row, column);
  *length = (size_t)sqlite3_column_bytes(row, column);
  return bytes || sqlite3_column_type(row, column) == SQLITE_NULL ? bytes : "";
}

void loom_statement_keep(loom_database *database, sqlite3_stmt *statement, bool reads_only) {
  size_t gap = 0;
  if (!statement)
    return;
  while (gap < LOOM_KEPT_STATEMENTS - 1 && database->kept[gap].statement)
    gap++;
  sqlite3_finalize(database->kept[gap].statement);
  memmove(database->kept + 1, database->kept, gap * sizeof *database->kept);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  database->kept[0] = (struct loom_kept_statement){statement, reads_only};
}

loom_status loom_statement_take_in(loom_database *database, const char *sql,
                                   struct loom_intake *intake, loom_error *error) {
  sqlite3_stmt *statement = NULL;
  intake->status = LOOM_OK;
  loom_status status = loom_database_prepare(database, sql, &statement, error);
  if (status == LOOM_OK) {
    sqlite3_bind_pointer(statement, 1, intake, LOOM_INTAKE, NULL);
    status = loom_database_run(database, statement, error);
  }
  sqlite3_finalize(statement);
  if (status == LOOM_OK || intake->status == LOOM_OK || intake->status == LOOM_DONE)
    return status;
  if (error)
    *error = intake->error;
  return intake->status;
}
