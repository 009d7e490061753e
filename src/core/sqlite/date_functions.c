/*
** The functions of dates that read ` UTC`.
**
** A function that is overridden cannot be called any more, so SQLite's own are called on a connection in memory
** that nobody else sees, by statements that are kept. Both belong to the functions of one connection, are used
** within calls of these alone, which SQLite makes one at a time, and go with the last of the functions.
**
** Like SQLite's they may be called in indexes, and by views that are not trusted; like SQLite's, a call with
** nothing but constants is made once for each execution of a statement. Other than SQLite's they cannot tell
** that they are called by an index or a constraint, and do not refuse 'now' there.
*/
#include "sqlite/date_functions.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
** Functions that have another encoding than SQLite's take their place even while statements run: an extension may
** be loaded by one, `SELECT load_extension(...)`. Arguments are read as UTF-8 all the same.
*/
#define FLAGS (SQLITE_UTF16LE | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS)

/* Statements are kept for calls of fewer arguments than this: a time value and a few modifiers. */
#define KEPT 8

/*
** Since this version "utc" leaves an instant alone that is known to be in UTC, as the current one is. Before, a
** "Z" would have kept it from it, and its absence does now.
*/
#define KNOWS_UTC 3046000

#define NOW_SIZE sizeof "YYYY-MM-DD HH:MM:SS.SSSZ"

/*
** Where a statement keeps its 'now'. SQLite has no other place that all calls of one execution of a statement
** share: a number below 0 is that in all versions so far. Were it not, each call would ask for the time.
*/
#define NOW_KEY (-0x4c6f6f6d)

static const char suffix[] = " UTC";
#define SUFFIX_LENGTH ((int)sizeof suffix - 1)

static const struct signature {
  const char *name;
  int arguments;   /* -1: any number */
  int first, last; /* the arguments that are time values */
  int since;       /* the version of SQLite */
} signatures[] = {
    {"date", -1, 0, 0, 0},          {"time", -1, 0, 0, 0},     {"datetime", -1, 0, 0, 0},
    {"julianday", -1, 0, 0, 0},     {"strftime", -1, 1, 1, 0}, {"unixepoch", -1, 0, 0, 3038000},
    {"timediff", 2, 0, 1, 3043000},
};
#define FUNCTIONS (sizeof signatures / sizeof signatures[0])

struct function {
  struct functions *all;
  const struct signature *signature;
  sqlite3_stmt *calls[KEPT]; /* by number of arguments; NULL until it is called so */
};

struct functions {
  sqlite3 *own; /* NULL until the first call */
  size_t references;
  struct function each[FUNCTIONS];
};

static void release(void *context) {
  struct function *function = context;
  struct functions *all = function->all;
  if (--all->references > 0)
    return;
  for (size_t i = 0; i < FUNCTIONS; i++)
    for (int count = 0; count < KEPT; count++)
      sqlite3_finalize(all->each[i].calls[count]);
  sqlite3_close(all->own);
  sqlite3_free(all);
}

/* ---- calling SQLite's ---- */

/*
** Whether this thread opens such a connection now. A program may have SQLite load the extension into whatever is
** opened: not into this one, whose functions would call themselves.
*/
static _Thread_local bool opens_own;

static int open_own(struct functions *all) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
  if (all->own)
    return SQLITE_OK;
  opens_own = true;
  int result = sqlite3_open_v2(":memory:", &all->own, flags, NULL);
  opens_own = false;
  if (result != SQLITE_OK) {
    sqlite3_close(all->own);
    all->own = NULL;
  }
  return result;
}

/* "SELECT name(?,?,...)". */
static int prepare(struct function *function, int count, sqlite3_stmt **statement) {
  sqlite3_str *text = sqlite3_str_new(function->all->own);
  sqlite3_str_appendf(text, "SELECT %s(", function->signature->name);
  for (int i = 0; i < count; i++)
    sqlite3_str_appendall(text, i > 0 ? ",?" : "?");
  sqlite3_str_appendchar(text, 1, ')');
  char *sql = sqlite3_str_finish(text);
  int result = SQLITE_NOMEM;
  if (sql)
    result =
        sqlite3_prepare_v3(function->all->own, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
  sqlite3_free(sql);
  return result;
}

/* The current time, as all calls within one execution of a statement see it. Returns an SQLite
 * code. */
static int current_time(sqlite3_context *context, struct functions *all, char now[NOW_SIZE]) {
  static const char *const sql[] = {"SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
                                    "SELECT strftime('%Y-%m-%d %H:%M:%fZ', 'now')"};
  const char *kept = sqlite3_get_auxdata(context, NOW_KEY);
  sqlite3_stmt *row = NULL;
  if (kept) {
    memcpy(now, kept, NOW_SIZE);
    return SQLITE_OK;
  }
  bool knows_utc = sqlite3_libversion_number() >= KNOWS_UTC;
  if (sqlite3_prepare_v2(all->own, sql[knows_utc], -1, &row, NULL) == SQLITE_OK &&
      sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0))
    snprintf(now, NOW_SIZE, "%s", (const char *)sqlite3_column_text(row, 0));
  sqlite3_finalize(row);
  char *copy = *now ? sqlite3_malloc(NOW_SIZE) : NULL;
  if (!copy)
    return SQLITE_NOMEM;
  memcpy(copy, now, NOW_SIZE);
  sqlite3_set_auxdata(context, NOW_KEY, copy, sqlite3_free); /* may free it at once */
  return SQLITE_OK;
}

/* A call of SQLite's function on the way. */
struct call {
  sqlite3_context *context;
  struct function *function;
  sqlite3_stmt *statement;
  char now[NOW_SIZE]; /* "" until it is asked for */
};

static int bind_now(struct call *call, int at) {
  int result = *call->now ? SQLITE_OK : current_time(call->context, call->function->all, call->now);
  if (result == SQLITE_OK)
    result = sqlite3_bind_text(call->statement, at + 1, call->now, -1, SQLITE_STATIC);
  return result;
}

static bool ends_in_utc(const char *text, int length) {
  return length >= SUFFIX_LENGTH &&
         memcmp(text + length - SUFFIX_LENGTH, suffix, SUFFIX_LENGTH) == 0;
}

/* Texts are lent to the statement, which takes them before the call returns. */
static int bind(struct call *call, int at, sqlite3_value *value) {
  const struct signature *signature = call->function->signature;
  if (sqlite3_value_type(value) != SQLITE_TEXT)
    return sqlite3_bind_value(call->statement, at + 1, value);
  const char *text = (const char *)sqlite3_value_text(value);
  int length = sqlite3_value_bytes(value);
  if (!text)
    return SQLITE_NOMEM;
  if (at >= signature->first && at <= signature->last) {
    if (ends_in_utc(text, length))
      length -= SUFFIX_LENGTH;
    if (length == 3 && sqlite3_strnicmp(text, "now", 3) == 0)
      return bind_now(call, at);
  }
  return sqlite3_bind_text(call->statement, at + 1, text, length, SQLITE_STATIC);
}

static int evaluate(struct call *call, int count, sqlite3_value **values) {
  int result = SQLITE_OK;
  for (int i = 0; result == SQLITE_OK && i < count; i++)
    result = bind(call, i, values[i]);
  if (result == SQLITE_OK && sqlite3_bind_parameter_count(call->statement) > count)
    result = bind_now(call, count);
  if (result == SQLITE_OK)
    result = sqlite3_step(call->statement);
  if (result != SQLITE_ROW)
    return result;
  sqlite3_result_value(call->context, sqlite3_column_value(call->statement, 0));
  return SQLITE_OK;
}

static void fail(sqlite3_context *context, struct functions *all, int result) {
  if (result == SQLITE_ERROR) /* the function's own words */
    sqlite3_result_error(context, sqlite3_errmsg(all->own), -1);
  else
    sqlite3_result_error_code(context, result);
}

/* Without a time value it is the current time that is meant. */
static void date_function(sqlite3_context *context, int count, sqlite3_value **values) {
  struct call call = {.context = context, .function = sqlite3_user_data(context)};
  struct functions *all = call.function->all;
  int asked = count == call.function->signature->first ? count + 1 : count;
  bool is_kept = asked < KEPT;
  int result = open_own(all);
  if (is_kept)
    call.statement = call.function->calls[asked];
  if (result == SQLITE_OK && !call.statement)
    result = prepare(call.function, asked, &call.statement);
  if (result == SQLITE_OK)
    result = evaluate(&call, count, values);
  if (result != SQLITE_OK)
    fail(context, all, result);
  if (is_kept) {
    sqlite3_reset(call.statement);
    call.function->calls[asked] = call.statement;
  } else {
    sqlite3_finalize(call.statement);
  }
}

int loom_date_functions_register(sqlite3 *sqlite) {
  if (opens_own)
    return SQLITE_OK;
  struct functions *all = sqlite3_malloc(sizeof *all);
  int result = SQLITE_OK;
  if (!all)
    return SQLITE_NOMEM;
  *all = (struct functions){.references = FUNCTIONS};
  for (size_t i = 0; i < FUNCTIONS; i++)
    all->each[i] = (struct function){.all = all, .signature = &signatures[i]};
  for (size_t i = 0; i < FUNCTIONS; i++) {
    if (result != SQLITE_OK || signatures[i].since > sqlite3_libversion_number())
      release(&all->each[i]);
    else
      result = sqlite3_create_function_v2(sqlite, signatures[i].name, signatures[i].arguments,
                                          FLAGS, &all->each[i], date_function, NULL, NULL, release);
  }
  return result;
}
