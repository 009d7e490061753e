/*
** Packed weeks in SQL: a table-valued function and one that packs.
*/
#include "sqlite/week_sql.h"
#include "measure/week.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

/* What the planner is told: a week has two openings a day. */
#define ROWS_OF_A_WEEK 14

enum column { WEEKDAY, OPEN, CLOSE, WEEK };

struct openings_cursor {
  sqlite3_vtab_cursor base;
  sqlite3_value *week; /* a copy; NULL: none */
  const unsigned char *bytes;
  size_t size, at;
};

/* Why a value that is not NULL is no packed week, or NULL. */
static const char *problem_of(sqlite3_value *week, const unsigned char **bytes, size_t *size) {
  if (sqlite3_value_type(week) != SQLITE_BLOB)
    return "is no packed week";
  *bytes = sqlite3_value_blob(week);
  *size = (size_t)sqlite3_value_bytes(week);
  return loom_week_problem(*bytes, *size);
}

/* ---- loom_openings ---- */

/* Innocuous, as the polls are: see polls_table.c. */
static int openings_connect(sqlite3 *sqlite, void *context, int count, const char *const *arguments,
                            sqlite3_vtab **out, char **message) {
  (void)context, (void)count, (void)arguments, (void)message;
  int result = sqlite3_declare_vtab(sqlite,
                                    "CREATE TABLE openings(weekday INTEGER, open_s INTEGER,"
                                    " close_s INTEGER, week BLOB HIDDEN)");
  if (result == SQLITE_OK)
    result = sqlite3_vtab_config(sqlite, SQLITE_VTAB_INNOCUOUS);
  if (result != SQLITE_OK)
    return result;
  *out = calloc(1, sizeof **out);
  return *out ? SQLITE_OK : SQLITE_NOMEM;
}

static int openings_disconnect(sqlite3_vtab *table) {
  free(table);
  return SQLITE_OK;
}

/* The week has to be known before; without any there are no rows. */
static int openings_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  (void)table;
  info->estimatedRows = ROWS_OF_A_WEEK;
  info->estimatedCost = ROWS_OF_A_WEEK;
  for (int i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    if (constraint->iColumn != WEEK || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ)
      continue;
    if (!constraint->usable)
      return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    break;
  }
  return SQLITE_OK;
}

static int openings_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
  (void)table;
  struct openings_cursor *cursor = calloc(1, sizeof *cursor);
  if (!cursor)
    return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int openings_close(sqlite3_vtab_cursor *base) {
  struct openings_cursor *cursor = (struct openings_cursor *)base;
  sqlite3_value_free(cursor->week);
  free(cursor);
  return SQLITE_OK;
}

static int openings_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int count,
                           sqlite3_value **values) {
  (void)number, (void)plan;
  struct openings_cursor *cursor = (struct openings_cursor *)base;
  sqlite3_value_free(cursor->week);
  *cursor = (struct openings_cursor){.base = cursor->base};
  if (count == 0 || sqlite3_value_type(values[0]) == SQLITE_NULL)
    return SQLITE_OK;
  cursor->week = sqlite3_value_dup(values[0]);
  if (!cursor->week)
    return SQLITE_NOMEM;
  const char *problem = problem_of(cursor->week, &cursor->bytes, &cursor->size);
  if (!problem)
    return SQLITE_OK;
  cursor->size = 0;
  sqlite3_free(base->pVtab->zErrMsg);
  base->pVtab->zErrMsg = sqlite3_mprintf("a week of hours %s (see loom check)", problem);
  return SQLITE_CORRUPT_VTAB;
}

static int openings_next(sqlite3_vtab_cursor *base) {
  ((struct openings_cursor *)base)->at += LOOM_OPENING_SIZE;
  return SQLITE_OK;
}

static int openings_eof(sqlite3_vtab_cursor *base) {
  const struct openings_cursor *cursor = (const struct openings_cursor *)base;
  return cursor->at >= cursor->size;
}

static int openings_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  const struct openings_cursor *cursor = (const struct openings_cursor *)base;
  struct loom_hours opening;
  loom_opening_unpack(cursor->bytes + cursor->at, &opening);
  switch (column) {
  case WEEKDAY:
    sqlite3_result_int(context, opening.weekday);
    break;
  case OPEN:
    sqlite3_result_int(context, opening.open);
    break;
  case CLOSE:
    sqlite3_result_int(context, opening.close);
    break;
  default:
    sqlite3_result_value(context, cursor->week);
  }
  return SQLITE_OK;
}

static int openings_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = (sqlite3_int64)(((struct openings_cursor *)base)->at / LOOM_OPENING_SIZE);
  return SQLITE_OK;
}

/* ---- loom_week_add ---- */

static bool is_within(sqlite3_value *value, int most) {
  return sqlite3_value_type(value) == SQLITE_INTEGER && sqlite3_value_int64(value) >= 0 &&
         sqlite3_value_int64(value) <= most;
}

/* The week with the packed opening put in its place. */
static void insert(sqlite3_context *context, const unsigned char *week, size_t size,
                   const unsigned char *opening) {
  size_t at = 0;
  int order = 1;
  while (at < size && (order = memcmp(opening, week + at, LOOM_OPENING_SIZE)) > 0)
    at += LOOM_OPENING_SIZE;
  size_t rest = order == 0 ? at + LOOM_OPENING_SIZE : at; /* equal: it takes the other's place */
  size_t total = at + LOOM_OPENING_SIZE + size - rest;
  unsigned char *bytes = sqlite3_malloc64(total);
  if (!bytes) {
    sqlite3_result_error_nomem(context);
    return;
  }
  if (at > 0)
    memcpy(bytes, week, at);
  memcpy(bytes + at, opening, LOOM_OPENING_SIZE);
  if (rest < size)
    memcpy(bytes + at + LOOM_OPENING_SIZE, week + rest, size - rest);
  sqlite3_result_blob64(context, bytes, total, sqlite3_free);
}

static void fail(sqlite3_context *context, const char *problem) {
  char *message = sqlite3_mprintf("a week of hours %s", problem);
  if (message)
    sqlite3_result_error(context, message, -1);
  sqlite3_result_error_code(context, message ? SQLITE_CORRUPT : SQLITE_NOMEM); /* the text stays */
  sqlite3_free(message);
}

static void week_add(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  const unsigned char *week;
  size_t size;
  unsigned char bytes[LOOM_OPENING_SIZE];
  if (sqlite3_value_type(values[0]) == SQLITE_NULL)
    return;
  const char *problem = problem_of(values[0], &week, &size);
  if (!problem && !(is_within(values[1], 6) && is_within(values[2], LOOM_DAY_SECONDS) &&
                    is_within(values[3], LOOM_DAY_SECONDS)))
    problem = "has an opening out of bounds";
  if (problem) {
    fail(context, problem);
    return;
  }
  const struct loom_hours opening = {.weekday = sqlite3_value_int(values[1]),
                                     .open = sqlite3_value_int(values[2]),
                                     .close = sqlite3_value_int(values[3])};
  loom_opening_pack(&opening, bytes);
  insert(context, week, size, bytes);
}

int loom_week_sql_register(sqlite3 *sqlite) {
  /* No xCreate: eponymous only. No xUpdate: read-only. */
  static const sqlite3_module module = {
      .xConnect = openings_connect,
      .xBestIndex = openings_best_index,
      .xDisconnect = openings_disconnect,
      .xOpen = openings_open,
      .xClose = openings_close,
      .xFilter = openings_filter,
      .xNext = openings_next,
      .xEof = openings_eof,
      .xColumn = openings_column,
      .xRowid = openings_rowid,
  };
  int result = sqlite3_create_module_v2(sqlite, "loom_openings", &module, NULL, NULL);
  if (result != SQLITE_OK)
    return result;
  return sqlite3_create_function_v2(sqlite, "loom_week_add", 4,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                    week_add, NULL, NULL, NULL);
}
