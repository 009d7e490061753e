/*
** The polls as an SQL table: a virtual table over the blocks of the schema that it stands in. The file has it (schema.c),
** so that an attached database shows its own polls: a table that nobody creates is always that of the main one.
**
** SQLite checks every row against the whole WHERE clause, whatever xBestIndex takes on: `omit` is
** never set. So what is read only has to be wide enough, and a bound that means nothing here
** narrows nothing.
*/
#include "sqlite/polls_table.h"
#include "measure/poll_block.h"
#include "sqlite/in_schema.h"
#include "sqlite/sql_instant.h"
#include "time/civil.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
** What the planner is told, since counting costs more than a bad plan: a fleet of 1,000 stores
** with 1,000 polls each. A bound on one side leaves a quarter, which is what SQLite assumes of
** its own tables too; a day a hundredth.
*/
#define ROWS_ALL 1e6
#define ROWS_STORE_SHARE 1e-3
#define ROWS_RANGE_SHARE 0.25
#define ROWS_DAY_SHARE 0.01
#define COST_OF_A_START 20.0

#define DATE_LENGTH 10 /* YYYY-MM-DD */

#define SECONDS_A_DAY (LOOM_DAY / LOOM_SECOND)
#define SECONDS_MAX 1e12 /* beyond all instants, and exact as a double */

/* Of xConnect, before those in the parentheses: the names of the module, the schema and the table. */
#define ARGUMENTS 3

enum column { STORE_ID, TIMESTAMP_UTC, ACTIVE, UNIX };

static const char declaration[] =
    "CREATE TABLE polls("
    " store_id TEXT,"
    " timestamp_utc TEXT,"
    " active INTEGER,"
    " unix INTEGER HIDDEN,"
    " PRIMARY KEY(store_id, timestamp_utc)"
    ") WITHOUT ROWID";

/*
** Blocks of the days ?1 to ?2: of all stores in the order they are stored in, or of the store ?3.
** A store's blocks are far apart, so its days are found by jumping from one to the next in the
** primary key. UNION, not UNION ALL, ends that even where a damaged index gives one day again and
** again.
*/
static const char scan_sql[] =
    "SELECT b.day, s.store_id, b.polls FROM main.poll_block b LEFT JOIN main.store s"
    " ON s.number = b.store WHERE b.day BETWEEN ?1 AND ?2 ORDER BY b.day, b.store";
static const char store_sql[] =
    "WITH RECURSIVE d(day) AS (SELECT min(day) FROM main.poll_block WHERE day >= ?1"
    " UNION SELECT (SELECT min(day) FROM main.poll_block WHERE day > d.day) FROM d"
    " WHERE d.day < ?2)"
    " SELECT b.day, s.store_id, b.polls FROM main.store s CROSS JOIN d CROSS JOIN main.poll_block b"
    " ON b.day = d.day AND b.store = s.number WHERE s.store_id = ?3 AND d.day <= ?2";

struct polls_table {
  sqlite3_vtab base;
  sqlite3 *sqlite;
  char *schema; /* the name of the database that it stands in */
};

struct polls_cursor {
  sqlite3_vtab_cursor base;
  sqlite3_stmt *scan, *store; /* prepared when first needed: a join starts a cursor many times */
  sqlite3_stmt *blocks;       /* the one of them that is being read; NULL at the end */
  struct loom_polls polls;    /* of the block that `blocks` stands on */
  size_t at;                  /* the row, as an index into polls */
};

/* What a start of a cursor reads. */
struct selection {
  int64_t first_day, last_day;
  sqlite3_value *store; /* text; NULL: every store */
  bool nothing;
};

/* ---- failures ---- */

static int fail(struct polls_table *table, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Leaves the message with the table, where SQLite takes it from, and returns the code. */
static int fail(struct polls_table *table, int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sqlite3_free(table->base.zErrMsg);
  table->base.zErrMsg = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  return code;
}

static int damaged(struct polls_table *table, const char *problem) {
  return fail(table, SQLITE_CORRUPT_VTAB, "a block of polls %s (see loom check)", problem);
}

/* ---- the table ---- */

/*
** Innocuous: it reads what plain SQL reads too, changes nothing and trusts no block. So views may
** use it.
*/
static int table_connect(sqlite3 *sqlite, void *context, int count, const char *const *arguments,
                         sqlite3_vtab **out, char **message) {
  (void)context;
  if (count > ARGUMENTS) {
    *message = sqlite3_mprintf("%s takes no arguments", arguments[0]);
    return SQLITE_ERROR;
  }
  int result = sqlite3_declare_vtab(sqlite, declaration);
  if (result == SQLITE_OK)
    result = sqlite3_vtab_config(sqlite, SQLITE_VTAB_INNOCUOUS);
  if (result != SQLITE_OK)
    return result;
  struct polls_table *table = calloc(1, sizeof *table);
  if (!table)
    return SQLITE_NOMEM;
  table->sqlite = sqlite;
  table->schema = strdup(arguments[1]);
  if (!table->schema) {
    free(table);
    return SQLITE_NOMEM;
  }
  *out = &table->base;
  return SQLITE_OK;
}

/* There is nothing to make. */
static int table_create(sqlite3 *sqlite, void *context, int count, const char *const *arguments,
                        sqlite3_vtab **out, char **message) {
  return table_connect(sqlite, context, count, arguments, out, message);
}

static int table_disconnect(sqlite3_vtab *base) {
  free(((struct polls_table *)base)->schema);
  free(base);
  return SQLITE_OK;
}

/* ---- planning ---- */

/* Which days a comparison with an instant leaves: see use_of. */
static char day_use_of(int op) {
  switch (op) {
  case SQLITE_INDEX_CONSTRAINT_EQ:
  case SQLITE_INDEX_CONSTRAINT_LIKE: /* where a date stands in a pattern, there is no wildcard */
    return 'd';
  case SQLITE_INDEX_CONSTRAINT_GT:
  case SQLITE_INDEX_CONSTRAINT_GE:
    return 'f';
  case SQLITE_INDEX_CONSTRAINT_LT:
  case SQLITE_INDEX_CONSTRAINT_LE:
    return 'l';
  default:
    return 0;
  }
}

/*
** What a constraint may be used for, as a letter of the plan that xFilter gets: 's' the store's
** id, 'f' the first day, 'l' the last day, 'd' both, a capital where it is one of `unix`; 0: nothing. Comparisons of texts
** by anything else than their bytes are left to SQLite.
*/
static char use_of(sqlite3_index_info *info, int i) {
  const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
  if (!constraint->usable || sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
    return 0;
  if (constraint->iColumn == STORE_ID)
    return constraint->op == SQLITE_INDEX_CONSTRAINT_EQ ? 's' : 0;
  if (constraint->iColumn == UNIX)
    return (char)toupper(day_use_of(constraint->op));
  return constraint->iColumn == TIMESTAMP_UTC ? day_use_of(constraint->op) : 0;
}

static double rows_of(const char *plan) {
  double rows = ROWS_ALL;
  if (strchr(plan, 's'))
    rows *= ROWS_STORE_SHARE;
  if (strpbrk(plan, "dD"))
    return rows * ROWS_DAY_SHARE;
  if (strpbrk(plan, "fF"))
    rows *= ROWS_RANGE_SHARE;
  if (strpbrk(plan, "lL"))
    rows *= ROWS_RANGE_SHARE;
  return rows;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  (void)base;
  char *plan = sqlite3_malloc(info->nConstraint + 1);
  int used = 0;
  if (!plan)
    return SQLITE_NOMEM;
  /* a second IN of a column would start a cursor for each pair of values */
  bool is_equal[UNIX + 1] = {false};
  for (int i = 0; i < info->nConstraint; i++) {
    char use = use_of(info, i);
    bool equals = use && info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ;
    if (!use || (equals && is_equal[info->aConstraint[i].iColumn]))
      continue;
    if (equals)
      is_equal[info->aConstraint[i].iColumn] = true;
    plan[used++] = use;
    info->aConstraintUsage[i].argvIndex = used; /* from 1 */
  }
  plan[used] = '\0';
  info->idxStr = plan;
  info->needToFreeIdxStr = 1;
  double rows = rows_of(plan);
  info->estimatedRows = (sqlite3_int64)rows;
  info->estimatedCost = rows + COST_OF_A_START;
  return SQLITE_OK;
}

/* ---- a cursor ---- */

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
  (void)base;
  struct polls_cursor *cursor = calloc(1, sizeof *cursor);
  if (!cursor)
    return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base) {
  struct polls_cursor *cursor = (struct polls_cursor *)base;
  sqlite3_finalize(cursor->scan);
  sqlite3_finalize(cursor->store);
  loom_polls_free(&cursor->polls);
  free(cursor);
  return SQLITE_OK;
}

/* The day of a number of seconds since the epoch; false if it narrows nothing, as texts may be turned into numbers or not. */
static bool day_of_seconds(sqlite3_value *value, int64_t *day) {
  int type = sqlite3_value_type(value);
  double seconds = sqlite3_value_double(value);
  if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || fabs(seconds) > SECONDS_MAX)
    return false;
  *day = (int64_t)floor(seconds / SECONDS_A_DAY);
  return true;
}

/* Instants of another day than the bound's, as `use` has it, need not be read. */
static void narrow_to_day(struct selection *selection, char use, int64_t day) {
  if (use != 'l' && day > selection->first_day)
    selection->first_day = day;
  if (use != 'f' && day < selection->last_day)
    selection->last_day = day;
}

/*
** Of `store_id` and `timestamp_utc` only text narrows. A number does not, though `store_id = 5` could: compared with a column of
** numbers '05' equals 5, and which of the two comparisons it is cannot be told here. Days:
** timestamps and bounds differ as their dates do, and where the dates are the same the day is
** read. A bound that is nothing but a date comes before all of its day.
*/
static void narrow(struct selection *selection, char use, sqlite3_value *value) {
  int type = sqlite3_value_type(value);
  int64_t day_of_unix;
  selection->nothing |= type == SQLITE_NULL;
  if (isupper(use) && day_of_seconds(value, &day_of_unix))
    narrow_to_day(selection, (char)tolower(use), day_of_unix);
  if (type != SQLITE_TEXT || isupper(use))
    return;
  if (use == 's') {
    selection->store = value;
    return;
  }
  int32_t day;
  const char *text = (const char *)sqlite3_value_text(value);
  int length = sqlite3_value_bytes(value);
  if (!text || length < DATE_LENGTH || loom_parse_date(text, DATE_LENGTH, &day))
    return;
  narrow_to_day(selection, use, use == 'l' && length == DATE_LENGTH ? day - 1 : day);
}

/*
** NO_VTAB: in a crafted file poll_block may be a view of this very table, which would recurse
** without end. What is wrong with the statement is wrong with the schema.
*/
static int prepare(struct polls_table *table, const char *sql, sqlite3_stmt **statement) {
  if (*statement)
    return SQLITE_OK;
  int result =
      loom_prepare_in_schema(table->sqlite, table->schema, sql,
                             SQLITE_PREPARE_PERSISTENT | SQLITE_PREPARE_NO_VTAB, statement);
  if (result != SQLITE_OK)
    fail(table, result, "%s%s",
         result == SQLITE_ERROR ? "this is not one of Loom's databases: " : "",
         sqlite3_errmsg(table->sqlite));
  return result;
}

/* The polls of a head (head.h) are elsewhere: none would be told where there are some. */
static int check_here(struct polls_table *table) {
  sqlite3_stmt *find = NULL;
  bool is_head = loom_prepare_in_schema(table->sqlite, table->schema,
                                        "SELECT 1 FROM main.service WHERE name = 'cluster'",
                                        SQLITE_PREPARE_NO_VTAB, &find) == SQLITE_OK &&
                 sqlite3_step(find) == SQLITE_ROW;
  sqlite3_finalize(find);
  if (!is_head)
    return SQLITE_OK;
  fail(table, SQLITE_ERROR, "the polls are in a cluster, which has to be asked for them");
  return SQLITE_ERROR;
}

/* Reads the block that the statement stands on. */
static int take_block(struct polls_table *table, struct polls_cursor *cursor) {
  int64_t day = sqlite3_column_int64(cursor->blocks, 0);
  const void *block = sqlite3_column_blob(cursor->blocks, 2);
  size_t size = (size_t)sqlite3_column_bytes(cursor->blocks, 2);
  if (day < LOOM_DATE_MIN || day > LOOM_DATE_MAX)
    return damaged(table, "has an impossible day");
  if (sqlite3_column_type(cursor->blocks, 1) == SQLITE_NULL)
    return damaged(table, "belongs to no store");
  const char *problem = loom_poll_block_problem(block, size, day);
  if (problem)
    return damaged(table, problem);
  return loom_poll_block_decode(block, size, &cursor->polls) ? SQLITE_OK : SQLITE_NOMEM;
}

/* Moves to the first poll of the next block. */
static int next_block(struct polls_cursor *cursor) {
  struct polls_table *table = (struct polls_table *)cursor->base.pVtab;
  int step = sqlite3_step(cursor->blocks);
  cursor->polls.count = cursor->at = 0;
  if (step == SQLITE_ROW)
    return take_block(table, cursor);
  if (step != SQLITE_DONE)
    fail(table, step, "%s", sqlite3_errmsg(table->sqlite));
  sqlite3_reset(cursor->blocks);
  cursor->blocks = NULL;
  return step == SQLITE_DONE ? SQLITE_OK : step;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int count,
                         sqlite3_value **values) {
  (void)number;
  struct polls_cursor *cursor = (struct polls_cursor *)base;
  struct polls_table *table = (struct polls_table *)base->pVtab;
  struct selection selection = {.first_day = INT64_MIN, .last_day = INT64_MAX};
  for (int i = 0; i < count; i++)
    narrow(&selection, plan[i], values[i]);
  if (cursor->blocks)
    sqlite3_reset(cursor->blocks);
  cursor->blocks = NULL;
  sqlite3_stmt **blocks = selection.store ? &cursor->store : &cursor->scan;
  int result = check_here(table);
  if (result == SQLITE_OK)
    result = prepare(table, selection.store ? store_sql : scan_sql, blocks);
  if (result == SQLITE_OK)
    result = sqlite3_bind_int64(*blocks, 1, selection.first_day);
  if (result == SQLITE_OK)
    result = sqlite3_bind_int64(*blocks, 2, selection.last_day);
  if (result == SQLITE_OK && selection.store)
    result = sqlite3_bind_value(*blocks, 3, selection.store);
  if (result != SQLITE_OK || selection.nothing)
    return result;
  cursor->blocks = *blocks;
  return next_block(cursor);
}

static int cursor_next(sqlite3_vtab_cursor *base) {
  struct polls_cursor *cursor = (struct polls_cursor *)base;
  return ++cursor->at < cursor->polls.count ? SQLITE_OK : next_block(cursor);
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
  return !((struct polls_cursor *)base)->blocks;
}

/* Rounded down, also before 1970. */
static int64_t seconds_of(int64_t instant) {
  return (instant - LOOM_INSTANT_MIN) / LOOM_SECOND + LOOM_INSTANT_MIN / LOOM_SECOND;
}

/* Text is made here and not before, so that count(*) makes none. */
static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  struct polls_cursor *cursor = (struct polls_cursor *)base;
  loom_poll poll = cursor->polls.items[cursor->at];
  switch (column) {
  case STORE_ID:
    sqlite3_result_value(context, sqlite3_column_value(cursor->blocks, 1));
    break;
  case TIMESTAMP_UTC:
    loom_result_instant(context, loom_poll_instant(poll));
    break;
  case UNIX:
    sqlite3_result_int64(context, seconds_of(loom_poll_instant(poll)));
    break;
  default:
    sqlite3_result_int(context, loom_poll_active(poll));
  }
  return SQLITE_OK;
}

int loom_polls_table_register(sqlite3 *sqlite) {
  /* xCreate is not xConnect: not eponymous. No xRowid: WITHOUT ROWID. No xUpdate: read-only. */
  static const sqlite3_module module = {
      .xCreate = table_create,
      .xConnect = table_connect,
      .xBestIndex = table_best_index,
      .xDisconnect = table_disconnect,
      .xDestroy = table_disconnect,
      .xOpen = cursor_open,
      .xClose = cursor_close,
      .xFilter = cursor_filter,
      .xNext = cursor_next,
      .xEof = cursor_eof,
      .xColumn = cursor_column,
  };
  return sqlite3_create_module_v2(sqlite, "loom_polls", &module, NULL, NULL);
}
