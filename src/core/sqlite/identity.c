/*
** Whose file a database is, and of which version.
*/
#include "sqlite/identity.h"
#include "sqlite/connection.h"
#include "sqlite/schema.h"

/* What tells whose file it is: read in one transaction, for another process may be making it one of Loom's meanwhile. */
static loom_status read_identity(loom_database *database, int64_t *application, int64_t *version,
                                 int64_t *objects, loom_error *error) {
  loom_status status = loom_database_execute(database, "SAVEPOINT identity", error);
  if (status != LOOM_OK)
    return status;
  status = loom_database_number(database, "PRAGMA application_id", application, error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "PRAGMA user_version", version, error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "SELECT count(*) FROM sqlite_schema", objects, error);
  sqlite3_exec(database->sqlite, "RELEASE identity", NULL, NULL, NULL);
  return status;
}

static loom_status check_version(const loom_database *database, int64_t version,
                                 loom_error *error) {
  if (version <= LOOM_SCHEMA_VERSION)
    return LOOM_OK;
  return loom_fail(
      error, LOOM_EVERSION,
      "%s: was written by a newer Loom (its schema is version %lld, this Loom knows %d)",
      database->path, (long long)version, LOOM_SCHEMA_VERSION);
}

loom_status loom_database_check_version(loom_database *database, loom_error *error) {
  int64_t version = 0;
  loom_status status = loom_database_number(database, "PRAGMA user_version", &version, error);
  return status == LOOM_OK ? check_version(database, version, error) : status;
}

loom_status loom_database_identify(loom_database *database, loom_error *error) {
  int64_t application = 0, version = 0, objects = 0;
  loom_status status = read_identity(database, &application, &version, &objects, error);
  if (status != LOOM_OK)
    return status;
  database->is_new = application == 0 && version == 0 && objects == 0;
  if (database->is_new)
    return LOOM_OK;
  if (application != LOOM_APPLICATION_ID || version < 1)
    return loom_fail(error, LOOM_ENOTDB, "%s: is an SQLite database, but not one of Loom's",
                     database->path);
  status = check_version(database, version, error);
  if (status == LOOM_OK)
    database->version = (int)version;
  return status;
}

loom_status loom_database_upgrade(loom_database *database, loom_error *error) {
  if (sqlite3_db_readonly(database->sqlite, "main"))
    return loom_fail(error, LOOM_EREADONLY,
                     "%s: was written by an older Loom, and cannot be upgraded: it is read-only",
                     database->path);
  loom_status status = loom_database_execute(database, "BEGIN IMMEDIATE", error);
  if (status != LOOM_OK)
    return status;
  status = loom_database_identify(database, error);
  while (status == LOOM_OK && database->version < LOOM_SCHEMA_VERSION) {
    status = loom_database_execute(database, loom_schema_upgrades[database->version++], error);
    if (status == LOOM_OK && database->version == LOOM_SCHEMA_OF_CHANGES)
      status = loom_database_execute(database, loom_schema_changes_sql, error);
  }
  if (status == LOOM_OK)
    status = loom_database_execute(database, "COMMIT", error);
  if (!sqlite3_get_autocommit(database->sqlite))
    sqlite3_exec(database->sqlite, "ROLLBACK", NULL, NULL, NULL);
  return status;
}

loom_status loom_database_create_schema(loom_database *database, loom_error *error) {
  loom_status status = loom_database_identify(database, error);
  if (status == LOOM_OK && database->is_new)
    status = loom_database_execute(database, loom_schema_sql, error);
  if (status == LOOM_OK && database->is_new)
    status = loom_database_execute(database, loom_schema_changes_sql, error);
  if (status == LOOM_OK && database->is_new && database->in_memory)
    status = loom_database_execute(database, loom_schema_alerts_sql, error);
  if (status == LOOM_OK && database->is_new && database->in_memory)
    status = loom_database_execute(database, loom_schema_rounds_sql, error);
  return status;
}
