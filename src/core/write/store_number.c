/*
** Numbers of stores.
*/
#include "write/store_number.h"
#include "sqlite/statement.h"

/* From so many ids on it is asked how many stores there are. */
#define MANY 256

/* To look for one store takes about as long as to pass over so many. */
#define LOOK_UP_SHARE 8

#define UNKNOWN 0 /* SQLite numbers rows from 1 */

static loom_status find(loom_database *database, sqlite3_stmt *statement, const char *id,
                        size_t length, int64_t *number, loom_error *error) {
  loom_status status = LOOM_OK;
  sqlite3_bind_text(statement, 1, id, (int)length, SQLITE_STATIC);
  int step = sqlite3_step(statement);
  if (step == SQLITE_ROW)
    *number = sqlite3_column_int64(statement, 0);
  else if (step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(statement);
  return status;
}

static loom_status find_each(loom_database *database, const struct loom_id_table *ids,
                             int64_t *numbers, loom_error *error) {
  sqlite3_stmt *statement = NULL;
  loom_status status = loom_statement_get(database, "SELECT number FROM store WHERE store_id = ?",
                                          &statement, error);
  for (uint32_t i = 0; status == LOOM_OK && i < ids->count; i++) {
    size_t length;
    const char *id = loom_id_table_get(ids, i, &length);
    status = find(database, statement, id, length, &numbers[i], error);
  }
  loom_statement_keep(database, statement, false);
  return status;
}

/* The same by passing over all stores that there are. */
static loom_status find_all(loom_database *database, const struct loom_id_table *ids,
                            int64_t *numbers, loom_error *error) {
  sqlite3_stmt *rows = NULL;
  int step = SQLITE_DONE;
  loom_status status =
      loom_statement_get(database, "SELECT number, store_id FROM store", &rows, error);
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    size_t length;
    const char *id = loom_column_bytes(rows, 1, &length);
    uint32_t known = id ? loom_id_table_find(ids, id, length) : LOOM_NO_NUMBER;
    if (known != LOOM_NO_NUMBER)
      numbers[known] = sqlite3_column_int64(rows, 0);
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

static loom_status add_unknown(loom_database *database, const struct loom_id_table *ids,
                               int64_t *numbers, loom_error *error) {
  sqlite3_stmt *add = NULL;
  loom_status status =
      loom_statement_get(database, "INSERT INTO store(store_id) VALUES(?)", &add, error);
  for (uint32_t i = 0; status == LOOM_OK && i < ids->count; i++) {
    size_t length;
    if (numbers[i] != UNKNOWN)
      continue;
    const char *id = loom_id_table_get(ids, i, &length);
    sqlite3_bind_text(add, 1, id, (int)length, SQLITE_STATIC);
    status = loom_database_run(database, add, error);
    numbers[i] = sqlite3_last_insert_rowid(database->sqlite);
  }
  loom_statement_keep(database, add, false);
  return status;
}

loom_status loom_store_numbers(loom_database *database, const struct loom_id_table *ids,
                               int64_t *numbers, loom_error *error) {
  int64_t newest =
      INT64_MAX; /* the number of the store that came last: so many there are at the most, and mostly */
  loom_status status = LOOM_OK;
  for (uint32_t i = 0; i < ids->count; i++)
    numbers[i] = UNKNOWN;
  if (ids->count >= MANY)
    status = loom_database_number(database, "SELECT max(number) FROM store", &newest, error);
  if (status == LOOM_OK)
    status = newest / LOOK_UP_SHARE <= ids->count ? find_all(database, ids, numbers, error)
                                                  : find_each(database, ids, numbers, error);
  return status == LOOM_OK ? add_unknown(database, ids, numbers, error) : status;
}
