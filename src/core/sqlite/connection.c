/*
** SQL on a connection, and who has the handle.
*/
#include "sqlite/connection.h"
#include "sqlite/in_schema.h"

void loom_database_check_references(loom_database *database, bool check) {
  if (database->sqlite)
    sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, (int)check, NULL);
}

loom_status loom_database_execute(loom_database *database, const char *sql, loom_error *error) {
  if (sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
    return loom_database_failure(database, error);
  return LOOM_OK;
}

loom_status loom_database_prepare(loom_database *database, const char *sql,
                                  sqlite3_stmt **statement, loom_error *error) {
  int result = database->schema ? loom_prepare_in_schema(database->sqlite, database->schema, sql,
                                                         SQLITE_PREPARE_NO_VTAB, statement)
                                : sqlite3_prepare_v2(database->sqlite, sql, -1, statement, NULL);
  return result == SQLITE_OK ? LOOM_OK : loom_database_failure(database, error);
}

loom_status loom_database_run(loom_database *database, sqlite3_stmt *statement, loom_error *error) {
  loom_status status = LOOM_OK;
  if (sqlite3_step(statement) != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(statement);
  return status;
}

loom_status loom_database_number(loom_database *database, const char *sql, int64_t *number,
                                 loom_error *error) {
  sqlite3_stmt *statement = NULL;
  loom_status status = loom_database_prepare(database, sql, &statement, error);
  *number = 0;
  if (status == LOOM_OK) {
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
      *number = sqlite3_column_int64(statement, 0);
    else if (step != SQLITE_DONE)
      status = loom_database_failure(database, error);
  }
  sqlite3_finalize(statement);
  return status;
}

loom_status loom_database_roll_back(loom_database *database, loom_error *error) {
  if (!database->sqlite || sqlite3_get_autocommit(database->sqlite))
    return LOOM_OK;
  return loom_database_execute(database, "ROLLBACK", error);
}

/* ---- who has the handle ---- */

loom_status loom_database_under_way(const loom_database *database, int transaction,
                                    loom_error *error) {
  static const char *const open[] = {[LOOM_READING] = "a query or an export",
                                     [LOOM_COMPUTING] = "a report",
                                     [LOOM_WRITING] = "an ingest or another change"};
  return loom_fail(error, LOOM_EINVAL, "%s: %s is still under way on this handle", database->path,
                   open[transaction]);
}

loom_status loom_database_check_idle(const loom_database *database, loom_error *error) {
  int transaction = atomic_load(&database->transaction);
  return transaction == LOOM_COMPUTING ? loom_database_under_way(database, transaction, error)
                                       : LOOM_OK;
}

bool loom_database_is_part(const loom_database *database) {
  return database->nests && atomic_load(&database->transaction) == LOOM_WRITING;
}

void loom_database_hold(loom_database *database, struct loom_holder *holder,
                        void (*let_go)(struct loom_holder *holder)) {
  *holder = (struct loom_holder){database->holders, &database->holders, let_go};
  if (holder->next)
    holder->next->link = &holder->next;
  database->holders = holder;
}

void loom_holder_end(struct loom_holder *holder) {
  if (!holder->link)
    return;
  *holder->link = holder->next;
  if (holder->next)
    holder->next->link = holder->link;
  *holder = (struct loom_holder){0};
}

loom_status loom_holder_failure(const loom_database *database, loom_error *error) {
  return loom_fail(error, LOOM_EINVAL,
                   "%s: closed by a change that was made on this handle meanwhile", database->path);
}

void loom_database_let_all_go(loom_database *database) {
  while (database->holders)
    database->holders->let_go(database->holders);
}
