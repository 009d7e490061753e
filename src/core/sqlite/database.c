/*
** Opening, transactions and errors of the SQLite database.
*/
#include "sqlite/database.h"
#include "sqlite/connection.h"
#include "sqlite/date_functions.h"
#include "sqlite/figures.h"
#include "sqlite/in_schema.h"
#include "sqlite/intake.h"
#include "sqlite/poll_sql.h"
#include "sqlite/polls_table.h"
#include "sqlite/search_sql.h"
#include "sqlite/week_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
** What a new file is made with, on which it has an effect alone. A block of polls that does not fit into about a quarter of a
** page is torn apart, and then takes a page to itself: this lets a store be polled 500 times a day. Vacuuming by steps lets
** prune give space back.
*/
#define NEW_FILE "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL"

/*
** Readers pass over the data once and gain nothing from a large cache; writers come back to pages. Negative sizes
** are in KiB. The connection of readers writes nothing, whatever they run.
*/
static const char *const settings_sql[] = {
    [LOOM_FOR_READING] = "PRAGMA cache_size=-4096; PRAGMA query_only=1",
    [LOOM_FOR_WRITING] = "PRAGMA cache_size=-16384; PRAGMA query_only=0"};

/*
** The system's error number behind a failure. Of a commit, SQLite itself does not tell: the log or the journal, or the file
** that it wrote to, does.
*/
static int system_error(sqlite3 *sqlite) {
  int number = sqlite3_system_errno(sqlite);
  sqlite3_file *file = NULL;
  if (number == 0 &&
      sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK &&
      file && file->pMethods)
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
  if (number == 0)
    sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

static bool is_full(int number) {
  return loom_status_of_errno(number) == LOOM_EFULL;
}

static loom_status fail_as_lost(const loom_database *database, loom_error *error) {
  return loom_fail(error, LOOM_EMOVED, "%s: was deleted or replaced while it was open",
                   database->path);
}

static loom_status check_place(const loom_database *database, loom_error *error) {
  return loom_database_is_lost(database) ? fail_as_lost(database, error) : LOOM_OK;
}

#define LOG_INDEX_KIB 32 /* what the index of a log takes, where there is none yet */

/* How many pages the connection has written, or tried to. */
static int64_t pages_written(loom_database *database) {
  int pages = 0, ignored;
  sqlite3_db_status(database->sqlite, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &ignored, false);
  return pages;
}

/*
** The disk is full. Of a change it is told how much it takes: the pages that were to be written, or that there was no memory left
** to hold. Each takes 24 bytes more in the log (SQLite's file format documentation, section 4.1).
*/
static loom_status fail_as_full(loom_database *database, const char *reason, loom_error *error) {
  sqlite3_stmt *size = NULL;
  char room[128] = "";
  int64_t pages = pages_written(database) - database->pages;
  bool is_change = atomic_load(&database->transaction) == LOOM_WRITING && pages > 0;
  if (is_change &&
      sqlite3_prepare_v2(database->sqlite, "PRAGMA page_size", -1, &size, NULL) == SQLITE_OK &&
      sqlite3_step(size) == SQLITE_ROW)
    snprintf(room, sizeof room, "; the change needs %lld KiB or more beside the database",
             (long long)(pages * (sqlite3_column_int64(size, 0) + 24) / 1024 + LOG_INDEX_KIB + 1));
  sqlite3_finalize(size);
  return loom_fail(error, LOOM_EFULL, "%s: %s%s", database->path, reason, room);
}

loom_status loom_database_failure(loom_database *database, loom_error *error) {
  sqlite3 *sqlite = database->sqlite;
  const char *path = database->path, *text = sqlite3_errmsg(sqlite);
  switch (sqlite3_errcode(sqlite) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return loom_fail(error, LOOM_EBUSY, "%s: is locked by another process (waited %d ms)", path,
                     database->busy_timeout);
  case SQLITE_NOTADB:
    return loom_fail(error, LOOM_ENOTDB, "%s: is not an SQLite database", path);
  case SQLITE_CORRUPT:
    return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt: %s", path, text);
  case SQLITE_READONLY:
    if (sqlite3_extended_errcode(sqlite) == SQLITE_READONLY_DBMOVED)
      return fail_as_lost(database, error);
    return loom_fail(error, LOOM_EREADONLY, "%s: is read-only", path);
  case SQLITE_FULL:
    return fail_as_full(database, "no space left on the disk", error);
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    if (is_full(sqlite3_system_errno(sqlite)))
      return fail_as_full(database, strerror(sqlite3_system_errno(sqlite)), error);
    return loom_fail(error, LOOM_EACCESS, "%s: cannot be opened: %s", path,
                     sqlite3_system_errno(sqlite) ? strerror(sqlite3_system_errno(sqlite)) : text);
  case SQLITE_NOMEM:
    return loom_no_memory(error);
  case SQLITE_INTERRUPT:
    return loom_fail(error, LOOM_ECANCELED, "cancelled");
  case SQLITE_IOERR: {
    int number = system_error(sqlite);
    if (is_full(number))
      return fail_as_full(database, strerror(number), error);
    return loom_fail(error, LOOM_EIO, "%s: %s%s%s", path, text, number ? ": " : "",
                     number ? strerror(number) : "");
  }
  default:
    return loom_fail(error, LOOM_EIO, "%s: %s", path, text);
  }
}

loom_status loom_database_corrupt(loom_database *database, loom_error *error, const char *format,
                                  ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return loom_fail(error, LOOM_ECORRUPT, "%s: is corrupt: %s (see loom check)", database->path,
                   what);
}

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

/* What tells whose file it is: read in one transaction, for another process may be making it one of
 * Loom's meanwhile. */
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

/* A newer Loom may have upgraded the file while it was open here: nothing is written by rules that are not its own. */
static loom_status check_version_again(loom_database *database, loom_error *error) {
  int64_t version = 0;
  loom_status status = loom_database_number(database, "PRAGMA user_version", &version, error);
  return status == LOOM_OK ? check_version(database, version, error) : status;
}

/* Reads the file's marks: is it empty, ours, or someone else's? */
static loom_status identify(loom_database *database, loom_error *error) {
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

/* Brings an older schema up to date. Under the write lock another process may turn out to have done it. */
static loom_status upgrade(loom_database *database, loom_error *error) {
  if (sqlite3_db_readonly(database->sqlite, "main"))
    return loom_fail(error, LOOM_EREADONLY,
                     "%s: was written by an older Loom, and cannot be upgraded: it is read-only",
                     database->path);
  loom_status status = loom_database_execute(database, "BEGIN IMMEDIATE", error);
  if (status != LOOM_OK)
    return status;
  status = identify(database, error);
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

/*
** Settings of a connection. EXTRA is FULL that also syncs the folder when a rollback journal is deleted, which the
** first transaction of a new file needs. SQLite zeroes freed pages on some systems: polls are not secrets.
*/
static loom_status configure(loom_database *database, loom_error *error) {
  sqlite3_busy_timeout(database->sqlite, database->busy_timeout);
  sqlite3_extended_result_codes(database->sqlite, 1);
  if (loom_polls_table_register(database->sqlite) != SQLITE_OK ||
      loom_figures_table_register(database->sqlite) != SQLITE_OK ||
      loom_date_functions_register(database->sqlite) != SQLITE_OK ||
      loom_poll_sql_register(database->sqlite) != SQLITE_OK ||
      loom_intake_register(database->sqlite) != SQLITE_OK ||
      loom_search_sql_register(database->sqlite) != SQLITE_OK ||
      loom_week_sql_register(database->sqlite) != SQLITE_OK)
    return loom_database_failure(database, error);
  return loom_database_execute(database,
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA synchronous=EXTRA;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA journal_size_limit=67108864",
                               error);
}

static loom_status stop_checkpoints(loom_database *database, loom_error *error) {
  return loom_database_execute(database, "PRAGMA wal_autocheckpoint=0", error);
}

/* Closes the connection, with what is kept of it. */
static void disconnect(loom_database *database) {
  for (size_t i = 0; i < LOOM_KEPT_STATEMENTS; i++) {
    sqlite3_finalize(database->kept[i].statement);
    database->kept[i].statement = NULL;
  }
  sqlite3_finalize(database->revision.statement);
  database->revision.statement = NULL;
  database->revision.has_index = database->revision.is_known = false;
  if (!database->schema)
    sqlite3_close_v2(database->sqlite);
  database->sqlite = NULL;
  database->is_makeshift = false;
}

/*
** `alone`: nobody else is let at the file, and the index of the log is kept in this process' memory. ("Use of WAL Without Shared-
** Memory" in SQLite's documentation of WAL: so it has to be before the first access.)
*/
static loom_status connect_to(loom_database *database, const char *name, int flags, bool alone,
                              loom_error *error) {
  loom_status status = LOOM_OK;
  int result = sqlite3_open_v2(name, &database->sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (!database->sqlite)
    return loom_no_memory(error);
  if (result != SQLITE_OK)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK && alone)
    status = loom_database_execute(database, "PRAGMA locking_mode=EXCLUSIVE", error);
  if (status == LOOM_OK)
    status = configure(database, error);
  if (status == LOOM_OK && database->leaves_checkpoints)
    status = stop_checkpoints(database, error);
  if (status == LOOM_OK)
    status = identify(database, error);
  if (status == LOOM_OK && !database->in_memory &&
      !loom_place_note(&database->place, database->sqlite, database->path))
    status = fail_as_lost(database, error);
  if (status == LOOM_OK && !database->is_new && database->version < LOOM_SCHEMA_VERSION)
    status = upgrade(database, error);
  if (status != LOOM_OK) /* so that the next attempt begins afresh */
    disconnect(database);
  database->settings = LOOM_UNSET;
  return status;
}

/* Only where they change: a flag that is set makes SQLite compile all statements anew. */
static loom_status set_for(loom_database *database, enum loom_settings settings,
                           loom_error *error) {
  if (database->settings == settings)
    return LOOM_OK;
  loom_status status = loom_database_execute(database, settings_sql[settings], error);
  database->settings = status == LOOM_OK ? settings : LOOM_UNSET;
  return status;
}

/*
** Opens a file that SQLite cannot read as it is because its folder cannot be written: the index of a write-ahead log
** goes there. Without a log nobody else has the file open (SQLite would have joined them), and it can be taken as immutable.
*/
static loom_status connect_immutable(loom_database *database, loom_error *error) {
  const char *path = database->path;
  struct stat status;
  char *name = malloc(3 * strlen(path) + 64);
  if (!name)
    return loom_no_memory(error);
  sprintf(name, "%s-wal", path);
  if (stat(name, &status) == 0 && status.st_size > 0) {
    free(name);
    return loom_fail(error, LOOM_EREADONLY,
                     "%s: has a write-ahead log, and to read it the folder must be writable", path);
  }
  char *at = name + sprintf(name, "file:");
  for (; *path; path++)
    at += sprintf(at, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
  sprintf(at, "?immutable=1");
  loom_status result =
      connect_to(database, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, false, error);
  free(name);
  database->is_makeshift = result == LOOM_OK;
  return result;
}

/*
** Opens a file where there is no room for the index of the log, which others share: if others had the file open there would be
** an index. Who comes meanwhile waits as for another writer.
*/
static loom_status connect_alone(loom_database *database, loom_error *error) {
  loom_status status = connect_to(database, database->path, SQLITE_OPEN_READWRITE, true, error);
  database->is_makeshift = status == LOOM_OK;
  return status;
}

static loom_status connect_existing(loom_database *database, loom_error *error) {
  loom_status status = connect_to(database, database->path, SQLITE_OPEN_READWRITE, false, error);
  if (status == LOOM_EREADONLY || status == LOOM_EACCESS)
    status = connect_immutable(database, error);
  else if (status == LOOM_EFULL)
    status = connect_alone(database, error);
  return status;
}

/* Connects where there is no connection between transactions: makes the file, unless it is there. */
static loom_status connect_again(loom_database *database, loom_error *error) {
  if (database->sqlite)
    return LOOM_OK;
  if (database->is_new)
    return connect_to(database, database->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, false,
                      error);
  loom_status status = check_place(database, error);
  return status == LOOM_OK ? connect_existing(database, error) : status;
}

/* Write-ahead logging, so that readers are never blocked. It stays with the file; failing is no harm. */
static void use_wal(loom_database *database) {
  sqlite3_exec(database->sqlite, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
}

/* Opens the file at the database's path, or notes that it is to be made. */
static loom_status open_path(loom_database *database, enum loom_open_mode mode, loom_error *error) {
  struct stat status;
  const char *path = database->path;
  database->in_memory = strcmp(path, ":memory:") == 0;
  if (database->in_memory)
    return connect_to(database, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, false, error);
  if (!*path) /* SQLite would make a database that vanishes */
    return loom_fail(error, LOOM_EINVAL, "the path of the database is empty");
  if (stat(path, &status) != 0) {
    if (errno != ENOENT)
      return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
    if (mode == LOOM_OPEN_EXISTING)
      return loom_fail(error, LOOM_ENOENT, "%s: no such database", path);
    database->is_new = true;
    return LOOM_OK;
  }
  if (S_ISDIR(status.st_mode))
    return loom_fail(error, LOOM_EINVAL, "%s: is a folder, not a database", path);
  if (access(path, R_OK) != 0)
    return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
  loom_status result = connect_existing(database, error);
  if (result == LOOM_OK && database->is_new && mode == LOOM_OPEN_EXISTING)
    result = loom_fail(error, LOOM_ENOTDB, "%s: is empty, not one of Loom's databases", path);
  if (database->is_makeshift)
    disconnect(database);
  return result;
}

loom_status loom_database_open(const char *path, enum loom_open_mode mode, int busy_timeout,
                               loom_database **out, loom_error *error) {
  *out = NULL;
  loom_database *database = calloc(1, sizeof *database);
  if (!database)
    return loom_no_memory(error);
  database->references = 1;
  database->busy_timeout = busy_timeout;
  database->path = strdup(path);
  database->zones = loom_zones_new(NULL);
  loom_status result = LOOM_OK;
  if (!database->path || !database->zones)
    result = loom_no_memory(error);
  if (result == LOOM_OK)
    result = open_path(database, mode, error);
  if (result == LOOM_OK)
    *out = database;
  else
    loom_database_close(database);
  return result;
}

/* ---- who has the handle ---- */

static loom_status under_way(const loom_database *database, int transaction, loom_error *error) {
  static const char *const open[] = {[LOOM_READING] = "a query or an export",
                                     [LOOM_COMPUTING] = "a report",
                                     [LOOM_WRITING] = "an ingest or another change"};
  return loom_fail(error, LOOM_EINVAL, "%s: %s is still under way on this handle", database->path,
                   open[transaction]);
}

/* Whether this thread may touch the connection: a report's threads have it to themselves. */
static loom_status check_idle(const loom_database *database, loom_error *error) {
  int transaction = atomic_load(&database->transaction);
  return transaction == LOOM_COMPUTING ? under_way(database, transaction, error) : LOOM_OK;
}

static loom_status check_free(const loom_database *database, loom_error *error) {
  int transaction = atomic_load(&database->transaction);
  return transaction == LOOM_NO_TRANSACTION ? LOOM_OK : under_way(database, transaction, error);
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

static void let_all_go(loom_database *database) {
  while (database->holders)
    database->holders->let_go(database->holders);
}

/* ---- settings ---- */

loom_status loom_database_leave_checkpoints(loom_database *database, loom_error *error) {
  database->leaves_checkpoints = true;
  return database->sqlite ? stop_checkpoints(database, error) : LOOM_OK;
}

loom_status loom_database_set_busy_timeout(loom_database *database, int busy_timeout,
                                           loom_error *error) {
  loom_status status = check_idle(database, error);
  if (status != LOOM_OK)
    return status;
  database->busy_timeout = busy_timeout;
  if (database->sqlite)
    sqlite3_busy_timeout(database->sqlite, busy_timeout);
  return LOOM_OK;
}

loom_database *loom_database_retain(loom_database *database) {
  database->references++;
  return database;
}

loom_zones *loom_database_zones(const loom_database *database) {
  return database->zones;
}

bool loom_database_is_reading(const loom_database *database) {
  return atomic_load(&database->transaction) == LOOM_READING;
}

bool loom_database_is_lost(const loom_database *database) {
  return loom_place_is_lost(&database->place);
}

/*
** What others put in the file's place must not find its log, of which SQLite will let go as it is: of a file that has moved,
** it neither copies nor removes it. What was committed is in that log alone, and goes to the old file, which may have been kept
** under another name.
*/
static void leave_lost_file(loom_database *database) {
  loom_place_clear_log(&database->place, database->sqlite);
  sqlite3_wal_checkpoint_v2(database->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

void loom_database_close(loom_database *database) {
  if (!database || --database->references > 0)
    return;
  if (database->sqlite && loom_database_is_lost(database))
    leave_lost_file(database);
  disconnect(database);
  loom_place_free(&database->place);
  loom_zones_free(database->zones);
  free(database->schema);
  free(database->path);
  free(database);
}

loom_database *loom_database_borrow(sqlite3 *sqlite, const char *schema, const char *path) {
  loom_database *database = calloc(1, sizeof *database);
  if (!database)
    return NULL;
  database->references = 1;
  database->schema = strdup(schema);
  database->path = strdup(path);
  if (!database->schema || !database->path) {
    loom_database_close(database);
    return NULL;
  }
  database->sqlite = sqlite;
  atomic_store(&database->transaction, LOOM_READING);
  database->readers = 1; /* the statement, which never ends its part here */
  return database;
}

/* ---- transactions ---- */

/* Under the write lock: another process may have made the schema since we looked. */
static loom_status create_schema(loom_database *database, loom_error *error) {
  loom_status status = identify(database, error);
  if (status == LOOM_OK && database->is_new)
    status = loom_database_execute(database, loom_schema_sql, error);
  if (status == LOOM_OK && database->is_new)
    status = loom_database_execute(database, loom_schema_changes_sql, error);
  return status;
}

/* Ends SQLite's transaction, if there is one. */
static loom_status roll_back(loom_database *database, loom_error *error) {
  if (!database->sqlite || sqlite3_get_autocommit(database->sqlite))
    return LOOM_OK;
  return loom_database_execute(database, "ROLLBACK", error);
}

static void end_transaction(loom_database *database) {
  loom_error ignored; /* for want of memory: see settle */
  roll_back(database, &ignored);
  if (database->is_makeshift)
    disconnect(database);
  database->nests = false;
  database->parts = 0;
  atomic_store(&database->transaction, LOOM_NO_TRANSACTION);
}

/* Makes sure that no transaction is open, also not one that could not be rolled back when it was to end. */
static loom_status settle(loom_database *database, loom_error *error) {
  loom_status status = check_free(database, error);
  return status == LOOM_OK ? roll_back(database, error) : status;
}

/* Connects if that is still to be done, and sets what can only be set outside of a transaction. */
static loom_status prepare_to_write(loom_database *database, loom_error *error) {
  loom_status status = connect_again(database, error);
  if (status == LOOM_OK)
    status = set_for(database, LOOM_FOR_WRITING, error);
  if (status == LOOM_OK && database->is_new) {
    status = identify(database, error); /* an older Loom may have been first */
    if (status == LOOM_OK && !database->is_new && database->version < LOOM_SCHEMA_VERSION)
      status = upgrade(database, error);
  }
  if (status != LOOM_OK)
    return status;
  if (sqlite3_db_readonly(database->sqlite, "main"))
    return loom_fail(error, LOOM_EREADONLY, "%s: is read-only", database->path);
  if (!database->is_new)
    use_wal(database);
  else
    status = loom_database_execute(database, NEW_FILE, error);
  return status;
}

/* ---- transactions of parts ---- */

/* Whether what begins is a part of the transaction that is open. */
static bool is_part(const loom_database *database) {
  return database->nests && atomic_load(&database->transaction) == LOOM_WRITING;
}

/* SQLite undoes a whole transaction where it cannot undo the statement that failed: what came then would be kept by itself. */
static loom_status check_whole(const loom_database *database, loom_error *error) {
  if (!sqlite3_get_autocommit(database->sqlite))
    return LOOM_OK;
  return loom_fail(error, LOOM_EIO,
                   "%s: all of the transaction was undone when a part of it failed",
                   database->path);
}

static loom_status begin_part(loom_database *database, loom_error *error) {
  let_all_go(database);
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "SAVEPOINT part", error);
  database->parts += status == LOOM_OK;
  return status;
}

/* Ends the innermost part. One that cannot be undone is not kept either: the whole is undone. */
static loom_status end_part(loom_database *database, bool keep, loom_error *error) {
  let_all_go(database);
  database->parts--;
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK && !keep)
    status = loom_database_execute(database, "ROLLBACK TO part", error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "RELEASE part", error);
  if (status != LOOM_OK) {
    loom_error ignored;
    roll_back(database, &ignored);
  }
  return status;
}

/* A report within it has the handle to itself, as always. */
static loom_status join(loom_database *database, enum loom_transaction transaction,
                        loom_error *error) {
  loom_status status = check_whole(database, error);
  if (status == LOOM_OK && transaction == LOOM_COMPUTING && database->readers)
    status = under_way(database, LOOM_READING, error);
  if (status != LOOM_OK)
    return status;
  database->readers++;
  if (transaction == LOOM_COMPUTING)
    atomic_store(&database->transaction, LOOM_COMPUTING);
  return LOOM_OK;
}

void loom_database_nest(loom_database *database) {
  database->nests = atomic_load(&database->transaction) == LOOM_WRITING;
}

bool loom_database_writing(const loom_database *database, uint64_t *number, unsigned *parts) {
  *number = database->begun;
  *parts = database->parts;
  return atomic_load(&database->transaction) == LOOM_WRITING;
}

loom_status loom_database_begin_write(loom_database *database, loom_error *error) {
  if (is_part(database))
    return begin_part(database, error);
  if (atomic_load(&database->transaction) == LOOM_READING)
    let_all_go(database);
  loom_status status = settle(database, error);
  if (status != LOOM_OK)
    return status;
  status = check_place(database, error);
  if (status == LOOM_OK)
    status = prepare_to_write(database, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "BEGIN IMMEDIATE", error);
  if (status != LOOM_OK) {
    end_transaction(database);
    return status;
  }
  atomic_store(&database->transaction, LOOM_WRITING);
  database->begun++;
  database->readers = 0;
  database->pages = pages_written(database);
  database->keeps_revision = false;
  database->changes = sqlite3_total_changes(database->sqlite);
  status = database->is_new ? create_schema(database, error) : check_version_again(database, error);
  if (status != LOOM_OK)
    loom_database_rollback(database);
  return status;
}

loom_status loom_database_check_writing(loom_database *database, loom_error *error) {
  if (atomic_load(&database->transaction) == LOOM_WRITING)
    return LOOM_OK;
  return loom_fail(error, LOOM_EINVAL, "%s: there is no write transaction", database->path);
}

loom_status loom_database_commit(loom_database *database, loom_error *error) {
  if (atomic_load(&database->transaction) != LOOM_WRITING)
    return loom_fail(error, LOOM_EINVAL, "%s: there is nothing to commit", database->path);
  if (database->parts)
    return end_part(database, true, error);
  let_all_go(database);
  loom_status status = database->nests ? check_whole(database, error) : LOOM_OK;
  if (status == LOOM_OK && !database->keeps_revision &&
      sqlite3_total_changes(database->sqlite) != database->changes)
    status = loom_database_execute(database, "UPDATE overall SET revision = revision + 1", error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "COMMIT", error);
  end_transaction(database);
  if (status == LOOM_OK && database->is_new) {
    database->is_new = false;
    use_wal(database);
  }
  if (status == LOOM_OK)
    status = check_place(database, error);
  if (status == LOOM_OK && database->sqlite)
    loom_place_note_log(&database->place, database->sqlite);
  return status;
}

void loom_database_keep_revision(loom_database *database) {
  database->keeps_revision = !database->parts; /* other parts may change more */
}

static loom_status read_revision(loom_database *database, int64_t *number, loom_error *error) {
  sqlite3_stmt **statement = &database->revision.statement;
  loom_status status = LOOM_OK;
  if (!*statement)
    status = loom_database_prepare(database, "SELECT revision FROM overall", statement, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(*statement);
  *number = step == SQLITE_ROW ? sqlite3_column_int64(*statement, 0) : 0;
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_reset(*statement);
  return status;
}

/* Whether the connection reads through a write-ahead log that has an index, which it then does until it is closed. */
static bool has_index(loom_database *database) {
  sqlite3_stmt *mode = NULL;
  bool *has = &database->revision.has_index;
  if (*has || database->is_makeshift || sqlite3_db_readonly(database->sqlite, "main"))
    return *has;
  if (sqlite3_prepare_v2(database->sqlite, "PRAGMA journal_mode", -1, &mode, NULL) == SQLITE_OK &&
      sqlite3_step(mode) == SQLITE_ROW)
    *has =
        sqlite3_column_bytes(mode, 0) == 3 && memcmp(sqlite3_column_blob(mode, 0), "wal", 3) == 0;
  sqlite3_finalize(mode);
  return *has;
}

/* As long as the index of the log stays the same, so does the number: to look at it takes no locks. */
loom_status loom_database_revision(loom_database *database, int64_t *revision, loom_error *error) {
  struct loom_wal_index index;
  *revision = 0;
  loom_status status = check_idle(database, error);
  if (status == LOOM_OK && atomic_load(&database->transaction) == LOOM_NO_TRANSACTION)
    status = roll_back(database, error);
  if (status != LOOM_OK || database->is_new) /* nothing is there yet */
    return status;
  /* else it sees the past, or what may not last */
  bool is_idle = atomic_load(&database->transaction) == LOOM_NO_TRANSACTION;
  bool has =
      database->revision.has_index && is_idle && loom_wal_index_read(database->sqlite, &index);
  if (has && database->revision.is_known &&
      loom_wal_index_equal(&index, &database->revision.index)) {
    *revision = database->revision.number;
    return LOOM_OK;
  }
  status = connect_again(database, error);
  if (status == LOOM_OK)
    status = read_revision(database, revision, error);
  database->revision.is_known = status == LOOM_OK && has;
  if (database->revision.is_known) {
    database->revision.index = index;
    database->revision.number = *revision;
  }
  if (status == LOOM_OK)
    has_index(database);
  if (database->is_makeshift && is_idle)
    disconnect(database);
  return status;
}

void loom_database_rollback(loom_database *database) {
  loom_error ignored;
  if (atomic_load(&database->transaction) != LOOM_WRITING)
    return;
  if (database->parts) {
    end_part(database, false, &ignored);
    return;
  }
  let_all_go(database);
  end_transaction(database);
}

static loom_status begin_read(loom_database *database, enum loom_transaction transaction,
                              loom_error *error) {
  int64_t ignored;
  loom_status status = settle(database, error);
  if (status != LOOM_OK)
    return status;
  if (database->is_new) {
    status = loom_database_begin_write(database, error);
    if (status == LOOM_OK)
      status = loom_database_commit(database, error);
  }
  if (status == LOOM_OK)
    status = connect_again(database, error);
  if (status == LOOM_OK)
    status = set_for(database, LOOM_FOR_READING, error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "BEGIN", error);
  if (status == LOOM_OK)
    status = loom_database_number(database, "PRAGMA schema_version", &ignored, error);
  if (status != LOOM_OK) {
    end_transaction(database);
    return status;
  }
  database->readers = 1;
  atomic_store(&database->transaction, (int)transaction);
  return LOOM_OK;
}

loom_status loom_database_begin_read(loom_database *database, loom_error *error) {
  if (is_part(database))
    return join(database, LOOM_READING, error);
  if (atomic_load(&database->transaction) != LOOM_READING)
    return begin_read(database, LOOM_READING, error);
  database->readers++;
  return LOOM_OK;
}

loom_status loom_database_begin_report(loom_database *database, loom_error *error) {
  if (is_part(database))
    return join(database, LOOM_COMPUTING, error);
  return begin_read(database, LOOM_COMPUTING, error);
}

void loom_database_end_read(loom_database *database) {
  if (--database->readers)
    return;
  if (database->nests)
    atomic_store(&database->transaction, LOOM_WRITING); /* which a report has kept to itself */
  else
    end_transaction(database);
}

/* ---- clones ---- */

static loom_status copy_memory(loom_database *database, loom_database *clone, loom_error *error) {
  sqlite3_int64 size;
  unsigned char *bytes = sqlite3_serialize(database->sqlite, "main", &size, 0);
  if (!bytes)
    return loom_no_memory(error);
  unsigned flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY;
  if (sqlite3_deserialize(clone->sqlite, "main", bytes, size, size, flags) != SQLITE_OK)
    return loom_database_failure(clone, error);
  return identify(clone, error);
}

loom_status loom_database_clone(loom_database *database, loom_database **clone, loom_error *error) {
  *clone = NULL;
  loom_status placed = check_place(database, error);
  if (placed != LOOM_OK)
    return placed;
  /* makes the schema; and a copy in mid-change would be none */
  if (database->is_new || database->in_memory) {
    loom_status status = is_part(database) ? under_way(database, LOOM_WRITING, error)
                                           : loom_database_begin_read(database, error);
    if (status != LOOM_OK)
      return status;
    loom_database_end_read(database);
  }
  loom_status status =
      loom_database_open(database->path, LOOM_OPEN_EXISTING, database->busy_timeout, clone, error);
  if (status == LOOM_OK && database->in_memory)
    status = copy_memory(database, *clone, error);
  if (status == LOOM_OK && database->leaves_checkpoints)
    status = loom_database_leave_checkpoints(*clone, error);
  if (status == LOOM_OK && !database->in_memory &&
      !loom_place_equal(&database->place, &(*clone)->place)) {
    /* the log beside it is another file's */
    if ((*clone)->sqlite)
      sqlite3_db_config((*clone)->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    status = fail_as_lost(database, error);
  }
  if (status != LOOM_OK) {
    loom_database_close(*clone);
    *clone = NULL;
  }
  return status;
}
