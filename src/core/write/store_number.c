/*
** Numbers of stores.
*/
#include "write/store_number.h"
#include "sqlite/statement.h"

static loom_status find_or_add(loom_database *database, sqlite3_stmt *find, sqlite3_stmt *add,
                               const char *id, size_t length, int64_t *number, loom_error *error) {
  loom_status status = LOOM_OK;
  sqlite3_bind_text(find, 1, id, (int)length, SQLITE_STATIC);
  int step = sqlite3_step(find);
  if (step == SQLITE_ROW)
    *number = sqlite3_column_int64(find, 0);
  else if (step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(find);
  if (status == LOOM_OK && step == SQLITE_DONE) {
    sqlite3_bind_text(add, 1, id, (int)length, SQLITE_STATIC);
    status = loom_database_run(database, add, error);
    *number = sqlite3_last_insert_rowid(database->sqlite);
  }
  return status;
}

loom_status loom_store_numbers(loom_database *database, const struct loom_id_table *ids,
                               int64_t *numbers, loom_error *error) {
  sqlite3_stmt *find = NULL, *add = NULL;
  loom_status status =
      loom_statement_get(database, "SELECT number FROM store WHERE store_id = ?", &find, error);
  if (status == LOOM_OK)
    status = loom_statement_get(database, "INSERT INTO store(store_id) VALUES(?)", &add, error);
  for (uint32_t i = 0; status == LOOM_OK && i < ids->count; i++) {
    size_t length;
    const char *id = loom_id_table_get(ids, i, &length);
    status = find_or_add(database, find, add, id, length, &numbers[i], error);
  }
  loom_statement_keep(database, find, false);
  loom_statement_keep(database, add, false);
  return status;
}
