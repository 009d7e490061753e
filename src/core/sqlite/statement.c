/*
** Prepared statements that are kept, the one used last first.
*/
#include "sqlite/statement.h"
#include "time/civil.h"

#include <string.h>

/* The place of a kept statement of a text; NULL: there is none. */
static struct loom_kept_statement *find(loom_database *database, const char *sql, size_t length,
                                        bool reads_only) {
  for (size_t i = 0; i < LOOM_KEPT_STATEMENTS; i++) {
    struct loom_kept_statement *kept = &database->kept[i];
    const char *text = kept->statement ? sqlite3_sql(kept->statement) : NULL;
    if (text && kept->reads_only == reads_only && strlen(text) == length &&
        memcmp(text, sql, length) == 0)
      return kept;
  }
  return NULL;
}

sqlite3_stmt *loom_statement_take(loom_database *database, const char *sql, size_t length,
                                  bool reads_only) {
  struct loom_kept_statement *kept = find(database, sql, length, reads_only);
  sqlite3_stmt *statement = kept ? kept->statement : NULL;
  if (kept)
    kept->statement = NULL;
  return statement;
}

loom_status loom_statement_get(loom_database *database, const char *sql, sqlite3_stmt **statement,
                               loom_error *error) {
  *statement = loom_statement_take(database, sql, strlen(sql), false);
  return *statement ? LOOM_OK : loom_database_prepare(database, sql, statement, error);
}

loom_status loom_statement_run(loom_database *database, sqlite3_stmt *statement, uint64_t *changes,
                               loom_error *error) {
  loom_status status = loom_database_run(database, statement, error);
  if (status == LOOM_OK && changes)
    *changes += (uint64_t)sqlite3_changes(database->sqlite);
  loom_statement_keep(database, statement, false);
  return status;
}

loom_status loom_statement_number(loom_database *database, sqlite3_stmt *statement, int64_t *number,
                                  loom_error *error) {
  int step = sqlite3_step(statement);
  loom_status status = LOOM_OK;
  if (step == SQLITE_ROW)
    *number = sqlite3_column_int64(statement, 0);
  else if (step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, statement, false);
  return status;
}

void loom_bind_text(sqlite3_stmt *statement, int parameter, const char *text, size_t length) {
  if (text)
    sqlite3_bind_text(statement, parameter, text, (int)length, SQLITE_STATIC);
}

void loom_bind_date(sqlite3_stmt *statement, int parameter, int32_t date) {
  char text[LOOM_DATE_SIZE];
  size_t length = loom_format_date(date, text);
  sqlite3_bind_text(statement, parameter, text, (int)length, SQLITE_TRANSIENT);
}

void loom_bind_store(sqlite3_stmt *statement, int parameter, int64_t number) {
  if (number)
    sqlite3_bind_int64(statement, parameter, number);
}

const char *loom_column_bytes(sqlite3_stmt *row, int column, size_t *length) {
  sqlite3_value *value = sqlite3_column_value(row, column); /* nobody else uses the connection */
  const char *bytes = sqlite3_value_blob(value);
  *length = (size_t)sqlite3_value_bytes(value);
  return bytes || sqlite3_value_type(value) == SQLITE_NULL ? bytes : "";
}

void loom_statement_keep(loom_database *database, sqlite3_stmt *statement, bool reads_only) {
  size_t gap = 0;
  if (!statement)
    return;
  const char *sql = sqlite3_sql(statement);
  if (sqlite3_db_handle(statement) != database->sqlite ||
      find(database, sql, strlen(sql), reads_only)) {
    sqlite3_finalize(statement);
    return;
  }
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
