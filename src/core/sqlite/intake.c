/*
** The table loom_intake: a hidden column takes the pointer to the intake, whose rows it has.
*/
#include "sqlite/intake.h"

#include <stdlib.h>
#include <string.h>

enum { INTAKE_COLUMN = LOOM_INTAKE_COLUMNS };

struct cursor {
  sqlite3_vtab_cursor base;
  struct loom_intake *intake;
};

static int connect_table(sqlite3 *sqlite, void *context, int count, const char *const *arguments,
                         sqlite3_vtab **out, char **message) {
  (void)context, (void)count, (void)arguments, (void)message;
  int result = sqlite3_declare_vtab(sqlite, "CREATE TABLE intake(a, b, c, d, e, f, intake HIDDEN)");
  if (result == SQLITE_OK)
    result = sqlite3_vtab_config(sqlite, SQLITE_VTAB_DIRECTONLY);
  if (result != SQLITE_OK)
    return result;
  *out = calloc(1, sizeof **out);
  return *out ? SQLITE_OK : SQLITE_NOMEM;
}

static int disconnect_table(sqlite3_vtab *table) {
  free(table);
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  (void)table;
  for (int i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    if (constraint->iColumn != INTAKE_COLUMN || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ ||
        !constraint->usable)
      continue;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT; /* without the pointer there are no rows */
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
  (void)table;
  struct cursor *cursor = calloc(1, sizeof *cursor);
  if (!cursor)
    return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  free(base);
  return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base) {
  struct loom_intake *intake = ((struct cursor *)base)->intake;
  intake->status = intake->next(intake, &intake->error);
  return intake->status == LOOM_OK || intake->status == LOOM_DONE ? SQLITE_OK : SQLITE_ABORT;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int count,
                  sqlite3_value **values) {
  (void)plan, (void)text, (void)count;
  struct cursor *cursor = (struct cursor *)base;
  cursor->intake = sqlite3_value_pointer(values[0], LOOM_INTAKE);
  return cursor->intake ? next(base) : SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base) {
  const struct loom_intake *intake = ((struct cursor *)base)->intake;
  return !intake || intake->status != LOOM_OK;
}

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  if (column >= LOOM_INTAKE_COLUMNS)
    return SQLITE_OK;
  const struct loom_intake_value *value = &((struct cursor *)base)->intake->row[column];
  switch (value->type) {
  case LOOM_INTAKE_INTEGER:
    sqlite3_result_int64(context, value->number);
    break;
  case LOOM_INTAKE_TEXT:
    sqlite3_result_text64(context, value->bytes, value->size, SQLITE_STATIC, SQLITE_UTF8);
    break;
  case LOOM_INTAKE_BLOB:
    sqlite3_result_blob64(context, value->bytes, value->size, SQLITE_STATIC);
    break;
  default:
    sqlite3_result_null(context);
  }
  return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  (void)base;
  *rowid = 0; /* nobody asks for it */
  return SQLITE_OK;
}

int loom_intake_register(sqlite3 *sqlite) {
  static const sqlite3_module module = {.xConnect = connect_table, /* no xCreate: eponymous only */
                                        .xBestIndex = best_index,
                                        .xDisconnect = disconnect_table,
                                        .xOpen = open_cursor,
                                        .xClose = close_cursor,
                                        .xFilter = filter,
                                        .xNext = next,
                                        .xEof = is_at_end,
                                        .xColumn = get_column,
                                        .xRowid = get_rowid};
  return sqlite3_create_module_v2(sqlite, "loom_intake", &module, NULL, NULL);
}
