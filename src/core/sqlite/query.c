/*
** Queries. That a statement only reads is decided by SQLite's authorizer while it is compiled, which sees all that it
** would do, and once more by the connection, which writes nothing within a read transaction.
*/
#include "sqlite/query.h"
#include "sqlite/schema.h"
#include "sqlite/statement.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STEPS_A_LOOK                                                                               \
  20000 /* of SQLite's virtual machine, between two looks whether to stop: a few milliseconds */

#define KEPT_LENGTH_MAX 4096 /* bytes of a statement that is kept: those of users may be long */

struct loom_query {
  struct loom_holder holder; /* first, so that what it is part of is found */
  loom_database *database;
  sqlite3_stmt *statement;
  bool in_read, ended, is_good, has_let_go;
};

/* ---- compiling ---- */

/* Pragmas that tell about the schema and change nothing. */
static bool is_harmless_pragma(const char *name) {
  static const char *const names[] = {"table_info", "table_xinfo",      "table_list",  "index_list",
                                      "index_info", "foreign_key_list", "user_version"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0)
      return true;
  return false;
}

/* Pragmas can be read as tables, too, and are run when they are: then nobody is asked again. */
static bool is_harmless_table(const char *name) {
  static const char prefix[] = "pragma_";
  size_t length = sizeof prefix - 1;
  return strncasecmp(name, prefix, length) != 0 || is_harmless_pragma(name + length);
}

/* What the agent reads by statements of its own, and nobody is shown: the secrets of channels. */
static bool is_secret_table(const char *name) {
  return strcasecmp(name, "alert_secret") == 0;
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *schema, const char *trigger) {
  (void)context;
  (void)schema;
  (void)trigger;
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_READ:
    return is_harmless_table(first) && !is_secret_table(first) ? SQLITE_OK : SQLITE_DENY;
  /* asked when a virtual table declares itself; nobody can change the schema's own table */
  case SQLITE_INSERT:
  case SQLITE_UPDATE:
    return strcmp(first, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_FUNCTION:
    return strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
  case SQLITE_PRAGMA:
    return is_harmless_pragma(first) && (!second || !strstr(first, "version")) ? SQLITE_OK
                                                                               : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

/* Blanks, comments and semicolons may follow a statement. */
static bool is_empty(loom_database *database, const char *sql, size_t length) {
  sqlite3_stmt *statement = NULL;
  const char *end = sql + length;
  while (sql < end && strchr(" \t\r\n;", *sql))
    sql++;
  if (sql == end)
    return true;
  int result = sqlite3_prepare_v2(database->sqlite, sql, (int)(end - sql), &statement, NULL);
  bool empty = result == SQLITE_OK && !statement;
  sqlite3_finalize(statement);
  return empty;
}

static loom_status compile(loom_query *query, const char *sql, size_t length, loom_error *error) {
  sqlite3 *sqlite = query->database->sqlite;
  const char *tail;
  if (length > 1000000)
    return loom_fail(error, LOOM_EINVAL, "the query is longer than 1,000,000 bytes");
  if (memchr(sql, '\0', length))
    return loom_fail(error, LOOM_EINVAL, "the query holds a NUL byte");
  int result = sqlite3_prepare_v2(sqlite, sql, (int)length, &query->statement, &tail) & 0xff;
  if (result == SQLITE_AUTH)
    return loom_fail(error, LOOM_EINVAL, "the query does not only read: %s",
                     sqlite3_errmsg(sqlite));
  if (result == SQLITE_ERROR)
    return loom_fail(error, LOOM_EINVAL, "the query cannot be compiled: %s",
                     sqlite3_errmsg(sqlite));
  if (result != SQLITE_OK)
    return loom_database_failure(query->database, error);
  if (!query->statement)
    return loom_fail(error, LOOM_EINVAL, "the query is empty");
  if (!is_empty(query->database, tail, length - (size_t)(tail - sql)))
    return loom_fail(error, LOOM_EINVAL, "the query has more than one statement");
  return LOOM_OK;
}

/*
** Lets SQLite connect to the virtual tables. It asks the authorizer for a CREATE TABLE when a statement is the connection's
** first to name one; should this fail, that statement says why.
*/
static void connect_tables(loom_database *database) {
  sqlite3_stmt *statement = NULL;
  sqlite3_prepare_v2(database->sqlite, "SELECT 1 FROM polls, loom_openings, figures", -1,
                     &statement, NULL);
  sqlite3_finalize(statement);
}

/* What a table of alerts is made by; NULL: it is none. */
static const char *maker_of(const char *name) {
  if (strcmp(name, "alert_round") == 0)
    return loom_schema_rounds_sql;
  bool is_of_alerts = strcmp(name, "alert") == 0 || strncmp(name, "alert_", 6) == 0 ||
                      strcmp(name, "configuration") == 0;
  return is_of_alerts ? loom_schema_alerts_sql : NULL;
}

/*
** Whether a statement could not be compiled because the file has no tables of alerts yet, of which it has all or none, but for that of
** rounds; and what makes them. To be asked within the statement's transaction: a file on a full disk can be read in none but that.
*/
static const char *lacks_alerts(loom_database *database, loom_status status,
                                const loom_error *error) {
  loom_error ignored;
  int64_t count = 0;
  static const char words[] = "no such table: ";
  const char *name = status == LOOM_EINVAL ? strstr(error->message, words) : NULL;
  if (!name)
    return NULL;
  name += sizeof words - 1;
  if (strncmp(name, "main.", 5) == 0)
    name += 5;
  const char *maker = maker_of(name);
  bool is_none = maker &&
                 loom_database_number(
                     database,
                     maker == loom_schema_rounds_sql
                         ? "SELECT count(*) FROM main.sqlite_schema WHERE name = 'alert_round'"
                         : "SELECT count(*) FROM main.sqlite_schema WHERE name = 'alert'"
                           " OR name = 'configuration' OR name GLOB 'alert_[^r]*'",
                     &count, &ignored) == LOOM_OK &&
                 count == 0;
  return is_none ? maker : NULL;
}

static loom_status new_query(loom_database *database, loom_query **out, loom_error *error) {
  loom_query *query = calloc(1, sizeof *query);
  *out = query;
  if (!query)
    return loom_no_memory(error);
  query->database = loom_database_retain(database);
  return LOOM_OK;
}

/* Gives back the statement, and the part in the transaction. */
static void let_go(struct loom_holder *holder) {
  loom_query *query = (loom_query *)holder;
  loom_holder_end(holder);
  if (query->is_good && query->statement &&
      strlen(sqlite3_sql(query->statement)) <= KEPT_LENGTH_MAX)
    loom_statement_keep(query->database, query->statement, query->in_read);
  else
    sqlite3_finalize(query->statement);
  query->statement = NULL;
  if (query->in_read)
    loom_database_end_read(query->database);
  query->in_read = false;
  query->has_let_go = true;
}

static loom_status keep_if_good(loom_status status, loom_query **query) {
  if (status == LOOM_OK) {
    (*query)->is_good = true;
    loom_database_hold((*query)->database, &(*query)->holder, let_go);
  } else {
    loom_query_free(*query);
    *query = NULL;
  }
  return status;
}

static loom_status new_in_read(loom_database *database, const char *sql, size_t length,
                               loom_query **out, bool *lacks, loom_error *error) {
  loom_status status = new_query(database, out, error);
  if (status == LOOM_OK)
    status = loom_database_begin_read(database, error);
  if (status == LOOM_OK) {
    (*out)->in_read = true;
    connect_tables(database);
    (*out)->statement = loom_statement_take(database, sql, length, true);
  }
  if (status == LOOM_OK && !(*out)->statement) {
    sqlite3_set_authorizer(database->sqlite, authorize, NULL);
    status = compile(*out, sql, length, error);
    sqlite3_set_authorizer(database->sqlite, NULL, NULL);
  }
  if (status == LOOM_OK && !sqlite3_stmt_readonly((*out)->statement))
    status = loom_fail(error, LOOM_EINVAL, "the query does not only read");
  *lacks = lacks_alerts(database, status, error) != NULL;
  return keep_if_good(status, out);
}

/* A database without anything, whose tables are all there. */
static loom_status open_blank(loom_database *database, loom_error *error) {
  if (database->blank)
    return LOOM_OK;
  loom_status status = loom_database_open(":memory:", LOOM_OPEN_CREATE, 0, &database->blank, error);
  if (status == LOOM_OK)
    status = loom_database_begin_write(database->blank, error);
  if (status == LOOM_OK)
    status = loom_database_commit(database->blank, error);
  return status;
}

loom_status loom_query_new(loom_database *database, const char *sql, size_t length,
                           loom_query **out, loom_error *error) {
  loom_error own = {.code = LOOM_OK};
  error = error ? error : &own;
  bool lacks = false;
  loom_status status = new_in_read(database, sql, length, out, &lacks, error);
  if (!lacks)
    return status;
  status = open_blank(database, error);
  return status == LOOM_OK ? new_in_read(database->blank, sql, length, out, &lacks, error) : status;
}

loom_status loom_query_new_in_write(loom_database *database, const char *sql, size_t length,
                                    loom_query **out, loom_error *error) {
  loom_error own = {.code = LOOM_OK};
  error = error ? error : &own;
  loom_status status = new_query(database, out, error);
  if (status == LOOM_OK)
    status = loom_database_check_writing(database, error);
  if (status == LOOM_OK)
    (*out)->statement = loom_statement_take(database, sql, length, false);
  if (status == LOOM_OK && !(*out)->statement)
    status = compile(*out, sql, length, error);
  const char *maker = lacks_alerts(database, status, error);
  if (maker) {
    database->has_made_tables = true;
    status = loom_database_execute(database, maker, error);
    if (status == LOOM_OK)
      status = compile(*out, sql, length, error);
  }
  return keep_if_good(status, out);
}

void loom_query_free(loom_query *query) {
  if (!query)
    return;
  let_go(&query->holder);
  loom_database_close(query->database);
  free(query);
}

int loom_query_parameters(const loom_query *query) {
  return sqlite3_bind_parameter_count(query->statement);
}

int loom_query_columns(const loom_query *query) {
  return query->statement ? sqlite3_column_count(query->statement) : 0;
}

loom_status loom_query_bind(loom_query *query, int parameter, const struct loom_value *value,
                            loom_error *error) {
  int result = SQLITE_OK;
  switch (value->type) {
  case LOOM_INTEGER:
    result = sqlite3_bind_int64(query->statement, parameter, value->integer);
    break;
  case LOOM_REAL:
    result = sqlite3_bind_double(query->statement, parameter, value->real);
    break;
  case LOOM_BYTES:
    result = sqlite3_bind_text64(query->statement, parameter, value->bytes, value->length,
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  default:
    result = sqlite3_bind_null(query->statement, parameter);
  }
  if (result == SQLITE_OK)
    return LOOM_OK;
  return loom_fail(error, result == SQLITE_NOMEM ? LOOM_ENOMEM : LOOM_EINVAL, "parameter %d: %s",
                   parameter, sqlite3_errstr(result)); /* it would be NULL */
}

const char *loom_query_column_name(const loom_query *query, int column) {
  return sqlite3_column_name(query->statement, column);
}

struct loom_value loom_query_value(const loom_query *query, int column) {
  sqlite3_stmt *row = query->statement;
  struct loom_value value = {.type = LOOM_NULL};
  switch (sqlite3_column_type(row, column)) {
  case SQLITE_NULL:
    break;
  case SQLITE_INTEGER:
    value.type = LOOM_INTEGER;
    value.integer = sqlite3_column_int64(row, column);
    break;
  case SQLITE_FLOAT:
    value.type = LOOM_REAL;
    value.real = sqlite3_column_double(row, column);
    break;
  default:
    value.type = LOOM_BYTES;
    value.bytes = loom_column_bytes(row, column, &value.length);
    if (value.length == 0)
      value.bytes = "";
  }
  return value;
}

int64_t loom_query_changed(const loom_query *query) {
  return sqlite3_changes(query->database->sqlite);
}

int64_t loom_query_inserted(const loom_query *query) {
  return sqlite3_last_insert_rowid(query->database->sqlite);
}

loom_status loom_query_next(loom_query *query, loom_error *error) {
  if (query->ended) /* stepping again would start anew */
    return LOOM_DONE;
  if (query->has_let_go)
    return loom_holder_failure(query->database, error);
  int step = sqlite3_step(query->statement);
  if (step == SQLITE_ROW)
    return LOOM_OK;
  query->ended = true;
  if (step == SQLITE_DONE)
    return LOOM_DONE;
  step &= 0xff;
  if (step == SQLITE_ERROR || step == SQLITE_MISMATCH || step == SQLITE_TOOBIG)
    return loom_fail(error, LOOM_EINVAL, "the query failed: %s",
                     sqlite3_errmsg(query->database->sqlite));
  return loom_database_failure(query->database, error);
}

struct waiting {
  loom_query_stop_fn *stop;
  void *context;
};

static int look(void *context) {
  const struct waiting *waiting = context;
  return waiting->stop(waiting->context);
}

loom_status loom_query_next_unless(loom_query *query, loom_query_stop_fn *stop, void *context,
                                   loom_error *error) {
  struct waiting waiting = {stop, context};
  sqlite3 *sqlite = query->statement ? query->database->sqlite : NULL;
  if (sqlite)
    sqlite3_progress_handler(sqlite, STEPS_A_LOOK, look, &waiting);
  loom_status status = loom_query_next(query, error);
  if (sqlite)
    sqlite3_progress_handler(sqlite, 0, NULL, NULL);
  return status;
}
