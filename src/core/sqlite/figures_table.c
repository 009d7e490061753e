/*
** Figures as an SQL table: a source over the statement's own connection, measured store by store.
*/
#include "sqlite/figures.h"
#include "base/ratio.h"
#include "measure/measure.h"
#include "report/report_csv.h"
#include "report/report_order.h"
#include "sqlite/connection.h"
#include "sqlite/figures_options.h"
#include "sqlite/source_sqlite.h"
#include "sqlite/sql_instant.h"

#include <stdlib.h>
#include <string.h>

/*
** What the planner is told: a fleet of 1,000 stores, three windows each. To begin costs as much as some stores, so that SQLite
** rather begins once than for each row of another table.
*/
#define ROWS_ALL 3000.0
#define ROWS_OF_A_STORE 3.0
#define COST_OF_A_ROW 100.0
#define COST_OF_A_START 2000.0

/* Of xConnect, before those in the parentheses: the names of the module, the schema and the table. */
#define ARGUMENTS 3

enum column {
  STORE_ID,
  WINDOW,
  FROM_UTC,
  TO_UTC,
  UPTIME,
  DOWNTIME,
  UP,
  DOWN,
  UNKNOWN,
  EXCLUDED,
  SCHEDULED,
  RATIO,
  OUTAGES,
  LONGEST,
  MTTR,
  MTBF,
  POLLS,
  FIRST_WORD
};

static const char columns[] =
    "store_id TEXT, \"window\" TEXT, from_utc TEXT, to_utc TEXT, uptime REAL, downtime REAL, up "
    "REAL,"
    " down REAL, unknown REAL, excluded REAL, scheduled REAL, ratio REAL, outages INTEGER,"
    " longest REAL, mttr REAL, mtbf REAL, polls INTEGER";

struct figures_table {
  sqlite3_vtab base;
  sqlite3 *sqlite;
  char *schema; /* the name of the database that it stands in */
  loom_zones *zones;
};

struct figures_cursor {
  sqlite3_vtab_cursor base;
  sqlite3_value *words[LOOM_FIGURES_WORDS_MAX]; /* copies; NULL: not given */
  struct loom_figures_options options;
  struct loom_id_table ids; /* those that are looked up */
  loom_database *database;  /* these two are NULL where nothing is open */
  loom_source *source;
  struct loom_setting setting;
  struct loom_measure measure;
  struct loom_store store; /* the one that the row is of, with: */
  struct loom_span spans[LOOM_FIGURES_WORDS_MAX];
  struct loom_figures figures[LOOM_FIGURES_WORDS_MAX];
  size_t window;
  bool at_end;
  sqlite3_int64 rows;  /* that were there before this one */
  loom_error left_out; /* of the first store that has no rows, */
  bool has_left_out;   /* if there is one */
};

/* ---- failures ---- */

/* Before the messages of what reads on behalf of the table, as a path is before those of others. */
#define PLACE "figures"

static const int codes[] = {[LOOM_ENOMEM] = SQLITE_NOMEM,
                            [LOOM_ECORRUPT] = SQLITE_CORRUPT_VTAB,
                            [LOOM_EBUSY] = SQLITE_BUSY,
                            [LOOM_EIO] = SQLITE_IOERR,
                            [LOOM_ECANCELED] = SQLITE_INTERRUPT};

/* Leaves the message with the table, where SQLite takes it from, and returns the code. */
static int fail(sqlite3_vtab *table, const loom_error *error) {
  static const char corrupt[] = PLACE ": is corrupt: ";
  size_t known = sizeof codes / sizeof *codes;
  const char *message = error->message;
  if (strncmp(message, corrupt, sizeof corrupt - 1) == 0) /* as SQLite will say */
    message += sizeof corrupt - 1;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", message);
  return (size_t)error->code < known && codes[error->code] ? codes[error->code] : SQLITE_ERROR;
}

/* ---- the table ---- */

static int table_disconnect(sqlite3_vtab *base) {
  struct figures_table *table = (struct figures_table *)base;
  loom_zones_free(table->zones);
  free(table->schema);
  free(table);
  return SQLITE_OK;
}

/* Tells SQLite the columns, with a hidden one for each word. */
static int declare(sqlite3 *sqlite) {
  sqlite3_str *text = sqlite3_str_new(sqlite);
  sqlite3_str_appendf(text, "CREATE TABLE figures(%s", columns);
  for (int i = 1; i <= LOOM_FIGURES_WORDS_MAX; i++)
    sqlite3_str_appendf(text, ", word_%d TEXT HIDDEN", i);
  sqlite3_str_appendchar(text, 1, ')');
  char *declaration = sqlite3_str_finish(text);
  int result = declaration ? sqlite3_declare_vtab(sqlite, declaration) : SQLITE_NOMEM;
  sqlite3_free(declaration);
  return result;
}

/* Innocuous, as the polls are: see polls_table.c. What it reads are plain tables, never itself: see loom_database_borrow. */
static int table_connect(sqlite3 *sqlite, void *context, int count, const char *const *arguments,
                         sqlite3_vtab **out, char **message) {
  (void)context;
  if (count > ARGUMENTS) {
    *message = sqlite3_mprintf("%s takes no arguments", arguments[0]);
    return SQLITE_ERROR;
  }
  int result = declare(sqlite);
  if (result == SQLITE_OK)
    result = sqlite3_vtab_config(sqlite, SQLITE_VTAB_INNOCUOUS);
  if (result != SQLITE_OK)
    return result;
  struct figures_table *table = calloc(1, sizeof *table);
  if (!table)
    return SQLITE_NOMEM;
  table->sqlite = sqlite;
  table->schema = strdup(arguments[1]);
  table->zones = loom_zones_new(NULL);
  if (!table->schema || !table->zones) {
    table_disconnect(&table->base);
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

/* ---- planning ---- */

/*
** What xFilter gets a value for, as a letter of the plan: 's' the store's id, 'A' and those after it the words; 0: nothing. Words
** have to be known before, so *possible is false where one is not yet.
*/
static char use_of(sqlite3_index_info *info, int i, bool *possible) {
  const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
  if (constraint->op != SQLITE_INDEX_CONSTRAINT_EQ)
    return 0;
  if (constraint->iColumn >= FIRST_WORD) {
    *possible = *possible && constraint->usable;
    return (char)('A' + constraint->iColumn - FIRST_WORD);
  }
  bool is_store = constraint->iColumn == STORE_ID && constraint->usable &&
                  sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
  return is_store ? 's' : 0;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  (void)base;
  char *plan = sqlite3_malloc(info->nConstraint + 1);
  int used = 0;
  bool possible = true;
  if (!plan)
    return SQLITE_NOMEM;
  plan[0] = '\0';
  for (int i = 0; i < info->nConstraint && possible; i++) {
    char use = use_of(info, i, &possible);
    if (!use || strchr(plan, use)) /* a second one of the same is left to SQLite */
      continue;
    plan[used++] = use;
    plan[used] = '\0';
    info->aConstraintUsage[i].argvIndex = used; /* from 1 */
    info->aConstraintUsage[i].omit = use != 's';
  }
  double rows = strchr(plan, 's') ? ROWS_OF_A_STORE : ROWS_ALL;
  info->idxStr = plan;
  info->needToFreeIdxStr = 1;
  info->estimatedRows = (sqlite3_int64)rows;
  info->estimatedCost = rows * COST_OF_A_ROW + COST_OF_A_START;
  return possible ? SQLITE_OK : SQLITE_CONSTRAINT;
}

/* ---- a cursor ---- */

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
  (void)base;
  struct figures_cursor *cursor = calloc(1, sizeof *cursor);
  if (!cursor)
    return SQLITE_NOMEM;
  loom_id_table_init(&cursor->ids);
  loom_overlays_init(&cursor->setting.overlays);
  *out = &cursor->base;
  return SQLITE_OK;
}

/* Lets go of what is read; the buffers stay. */
static void let_go(struct figures_cursor *cursor) {
  loom_source_free(cursor->source);
  loom_database_close(cursor->database);
  cursor->source = NULL;
  cursor->database = NULL;
  for (size_t i = 0; i < LOOM_FIGURES_WORDS_MAX; i++) {
    sqlite3_value_free(cursor->words[i]);
    cursor->words[i] = NULL;
  }
  loom_id_table_free(&cursor->ids);
  loom_id_table_init(&cursor->ids);
  loom_common_free(&cursor->setting.common);
}

static int cursor_close(sqlite3_vtab_cursor *base) {
  struct figures_cursor *cursor = (struct figures_cursor *)base;
  let_go(cursor);
  loom_id_table_free(&cursor->ids);
  loom_overlays_free(&cursor->setting.overlays);
  loom_measure_free(&cursor->measure);
  loom_store_free(&cursor->store);
  free(cursor);
  return SQLITE_OK;
}

/* ---- reading ---- */

/* The windows as instants of the store's, and its figures in them. */
static loom_status measure(struct figures_cursor *cursor, loom_error *error) {
  struct loom_measure *of = &cursor->measure;
  const struct loom_figures_options *options = &cursor->options;
  loom_status status = loom_measure_store(of, &cursor->setting, &cursor->store, error);
  for (size_t w = 0; status == LOOM_OK && w < options->window_count; w++) {
    cursor->spans[w] =
        loom_window_span(&options->windows[w], cursor->setting.as_of, of->schedule.zone);
    status = loom_measure_window(of, cursor->spans[w], &cursor->figures[w], NULL, error);
  }
  return status;
}

/* Measures the next store. One that cannot be, as in a report, is left out. */
static loom_status next_store(struct figures_cursor *cursor, loom_error *error) {
  bool measured = false;
  loom_status status = LOOM_OK;
  cursor->window = 0;
  while (status == LOOM_OK && !measured) {
    status = loom_source_next(cursor->source, &cursor->store, error);
    if (status != LOOM_OK)
      continue;
    status = measure(cursor, error);
    measured = status == LOOM_OK;
    if (status != LOOM_EINPUT && status != LOOM_ECORRUPT)
      continue;
    if (!cursor->has_left_out)
      cursor->left_out = *error;
    cursor->has_left_out = true;
    status = LOOM_OK;
  }
  cursor->at_end = status == LOOM_DONE;
  if (status == LOOM_DONE && cursor->rows == 0 && cursor->has_left_out) {
    *error = cursor->left_out;
    return error->code;
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status select_stores(struct figures_cursor *cursor, loom_error *error) {
  struct loom_setting *setting = &cursor->setting;
  struct loom_source_query query = {.from = setting->hull.start,
                                    .to = setting->hull.end,
                                    .neighbours = setting->rules.evidence == LOOM_EVIDENCE_AROUND,
                                    .as_of = setting->as_of,
                                    .selection = {.ids = cursor->ids.count ? &cursor->ids : NULL,
                                                  .all_stores = cursor->options.all_stores}};
  uint64_t count;
  loom_status status = loom_source_select(cursor->source, &query, &setting->common, &count, error);
  loom_spans_merge(&setting->common.exclusions, true);
  return status;
}

/* Opens a source and goes to its first store. Without any polls, and without as_of, there are no rows. */
static loom_status begin(struct figures_cursor *cursor, loom_error *error) {
  struct figures_table *table = (struct figures_table *)cursor->base.pVtab;
  struct loom_setting *setting = &cursor->setting;
  setting->rules = cursor->options.rules;
  setting->as_of = cursor->options.as_of;
  setting->zones = table->zones;
  cursor->database = loom_database_borrow(table->sqlite, table->schema, PLACE);
  cursor->source = cursor->database ? loom_source_sqlite_shared(cursor->database) : NULL;
  if (!cursor->source)
    return loom_no_memory(error);
  loom_status status = loom_setting_zone(setting, cursor->options.zone, error);
  if (status == LOOM_OK)
    status = loom_source_snapshot(cursor->source, error);
  if (status == LOOM_OK && !cursor->options.has_as_of)
    status = loom_source_newest(cursor->source, &setting->as_of, error);
  cursor->at_end = status == LOOM_EEMPTY;
  if (cursor->at_end)
    return LOOM_OK;
  if (status == LOOM_OK)
    status = loom_windows_hull(cursor->options.windows, cursor->options.window_count,
                               setting->as_of, &setting->hull, error);
  if (status == LOOM_OK)
    status = select_stores(cursor, error);
  return status == LOOM_OK ? next_store(cursor, error) : status;
}

/* ---- starting ---- */

/* Keeps a word; *nothing where it is NULL, which equals nothing. */
static loom_status take_word(struct figures_cursor *cursor, int number, sqlite3_value *value,
                             bool *nothing, loom_error *error) {
  *nothing = *nothing || sqlite3_value_type(value) == SQLITE_NULL;
  if (sqlite3_value_type(value) != SQLITE_TEXT && sqlite3_value_type(value) != SQLITE_NULL)
    return loom_fail(error, LOOM_EINVAL, "word %d is no text such as 'month=30d'", number + 1);
  cursor->words[number] = sqlite3_value_dup(value);
  return cursor->words[number] ? LOOM_OK : loom_no_memory(error);
}

/* Only text is looked up, as in polls_table.c. */
static loom_status take_store(struct figures_cursor *cursor, sqlite3_value *value, bool *nothing,
                              loom_error *error) {
  *nothing = *nothing || sqlite3_value_type(value) == SQLITE_NULL;
  if (sqlite3_value_type(value) != SQLITE_TEXT)
    return LOOM_OK;
  const char *id = (const char *)sqlite3_value_text(value);
  size_t length = (size_t)sqlite3_value_bytes(value);
  if (!id || loom_id_table_put(&cursor->ids, id, length) == LOOM_NO_NUMBER)
    return loom_no_memory(error);
  return LOOM_OK;
}

static loom_status read_words(struct figures_cursor *cursor, loom_error *error) {
  struct loom_word words[LOOM_FIGURES_WORDS_MAX];
  size_t count = 0;
  for (size_t i = 0; i < LOOM_FIGURES_WORDS_MAX; i++) {
    if (!cursor->words[i])
      continue;
    words[count].bytes = (const char *)sqlite3_value_text(cursor->words[i]);
    words[count].length = (size_t)sqlite3_value_bytes(cursor->words[i]);
    if (!words[count++].bytes)
      return loom_no_memory(error);
  }
  return loom_figures_options_read(&cursor->options, words, count, error);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int count,
                         sqlite3_value **values) {
  (void)number;
  struct figures_cursor *cursor = (struct figures_cursor *)base;
  loom_error error;
  loom_status status = LOOM_OK;
  bool nothing = false;
  let_go(cursor);
  cursor->rows = 0;
  cursor->has_left_out = false;
  for (int i = 0; i < count && status == LOOM_OK; i++)
    status = plan[i] == 's' ? take_store(cursor, values[i], &nothing, &error)
                            : take_word(cursor, plan[i] - 'A', values[i], &nothing, &error);
  cursor->at_end = nothing;
  if (status == LOOM_OK && !nothing)
    status = read_words(cursor, &error);
  if (status == LOOM_OK && !nothing)
    status = begin(cursor, &error);
  return status == LOOM_OK ? SQLITE_OK : fail(base->pVtab, &error);
}

static int cursor_next(sqlite3_vtab_cursor *base) {
  struct figures_cursor *cursor = (struct figures_cursor *)base;
  loom_error error;
  cursor->rows++;
  if (++cursor->window < cursor->options.window_count)
    return SQLITE_OK;
  return next_store(cursor, &error) == LOOM_OK ? SQLITE_OK : fail(base->pVtab, &error);
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
  return ((struct figures_cursor *)base)->at_end;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((struct figures_cursor *)base)->rows;
  return SQLITE_OK;
}

/* ---- values ---- */

/* What a report prints: hours with two decimals, or whole minutes. */
static void result_printed(sqlite3_context *context, int64_t microseconds, bool minutes) {
  sqlite3_result_double(context, minutes ? (double)(microseconds / LOOM_MINUTE)
                                         : (double)loom_hundredth_hours(microseconds) / 100);
}

static void result_seconds(sqlite3_context *context, int64_t microseconds) {
  sqlite3_result_double(context, (double)microseconds / LOOM_SECOND);
}

/* Cut, as ratios are wherever they are printed. NULL: there is none. */
static void result_ratio(sqlite3_context *context, const struct loom_figures *f) {
  if (f->up + f->down > 0)
    sqlite3_result_double(context, (double)loom_millionths(f->up, f->up + f->down) / LOOM_MILLION);
}

static void result_figure(sqlite3_context *context, const struct loom_figures *figures,
                          enum loom_figure figure) {
  double value;
  if (loom_figure_value(figures, figure, &value))
    sqlite3_result_double(context, value);
}

static void result_time(sqlite3_context *context, const struct loom_figures *f, int column,
                        bool minutes) {
  switch (column) {
  case UPTIME:
    result_printed(context, f->up, minutes);
    break;
  case DOWNTIME:
    result_printed(context, f->down, minutes);
    break;
  case UP:
    result_seconds(context, f->up);
    break;
  case DOWN:
    result_seconds(context, f->down);
    break;
  case UNKNOWN:
    result_seconds(context, f->unknown);
    break;
  case EXCLUDED:
    result_seconds(context, f->excluded);
    break;
  case SCHEDULED:
    result_seconds(context, f->up + f->down + f->unknown);
    break;
  default:
    result_seconds(context, f->longest);
  }
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  const struct figures_cursor *cursor = (const struct figures_cursor *)base;
  const struct loom_figures *figures = &cursor->figures[cursor->window];
  if (column >= FIRST_WORD) {
    if (cursor->words[column - FIRST_WORD])
      sqlite3_result_value(context, cursor->words[column - FIRST_WORD]);
    return SQLITE_OK;
  }
  switch (column) {
  case STORE_ID:
    sqlite3_result_text(context, cursor->store.id, (int)cursor->store.id_length, SQLITE_TRANSIENT);
    break;
  case WINDOW:
    sqlite3_result_text(context, cursor->options.names[cursor->window], -1, SQLITE_TRANSIENT);
    break;
  case FROM_UTC:
    loom_result_instant(context, cursor->spans[cursor->window].start);
    break;
  case TO_UTC:
    loom_result_instant(context, cursor->spans[cursor->window].end);
    break;
  case RATIO:
    result_ratio(context, figures);
    break;
  case OUTAGES:
    sqlite3_result_int64(context, figures->outages);
    break;
  case MTTR:
    result_figure(context, figures, LOOM_FIGURE_MTTR);
    break;
  case MTBF:
    result_figure(context, figures, LOOM_FIGURE_MTBF);
    break;
  case POLLS:
    sqlite3_result_int64(context, figures->polls);
    break;
  default:
    result_time(context, figures, column, cursor->options.minutes[cursor->window]);
  }
  return SQLITE_OK;
}

int loom_figures_table_register(sqlite3 *sqlite) {
  /* xCreate is not xConnect: not eponymous. No xUpdate: read-only. */
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
      .xRowid = cursor_rowid,
  };
  return sqlite3_create_module_v2(sqlite, "loom_figures", &module, NULL, NULL);
}
