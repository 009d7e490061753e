/*
** What writes have changed.
*/
#include "sqlite/changes.h"
#include "sqlite/statement.h"

#include <string.h>

loom_status loom_write_number(loom_database *database, int64_t *number, loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status = loom_statement_get(database, "SELECT " LOOM_WRITE_NUMBER, &row, error);
  if (status == LOOM_OK && sqlite3_step(row) != SQLITE_ROW)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK)
    *number = sqlite3_column_int64(row, 0);
  loom_statement_keep(database, row, false);
  return status;
}

void loom_changes_silence(loom_database *database, bool silent) {
  sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_ENABLE_TRIGGER, !silent, NULL);
}

void loom_changes_add(struct loom_changes *changes, int64_t store, bool all) {
  bool is_last = changes->count > 0 && changes->stores[changes->count - 1] == store;
  if (all || (!is_last && changes->count == LOOM_CHANGES_SINGLE_MAX))
    changes->all = true;
  else if (!is_last)
    changes->stores[changes->count++] = store;
}

loom_status loom_changes_note(loom_database *database, const struct loom_changes *changes,
                              const char *kind, loom_error *error) {
  sqlite3_stmt *note = NULL;
  size_t count = changes->all ? 1 : changes->count;
  if (count == 0)
    return LOOM_OK;
  loom_status status = loom_statement_get(
      database, LOOM_NOTE_CHANGE("?1", "(SELECT store_id FROM store WHERE number = ?2)"), &note,
      error);
  if (status == LOOM_OK)
    sqlite3_bind_text(note, 1, kind, (int)strlen(kind), SQLITE_STATIC);
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    if (!changes->all) /* else it stays NULL, which is no store's number */
      sqlite3_bind_int64(note, 2, changes->stores[i]);
    status = loom_database_run(database, note, error);
  }
  loom_statement_keep(database, note, false);
  return status;
}
