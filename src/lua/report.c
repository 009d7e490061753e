/*
** loom.report: a report that is running or complete.
*/
#include "binding.h"

#include "../core/civil.h"
#include "../core/report.h"
#include "../core/report_csv.h"
#include "../core/source_sqlite.h"

#define REPORT "loom.report"
#define GLOBS_MAX 1000
#define GLOB_LENGTH_MAX 1024

struct report_handle {
  loom_report *report; /* first, so that the handle looks like any other */
  loom_source *source;
  struct loom_text text; /* of csv_rows */
};

static struct report_handle *check_report(lua_State *L) {
  lloom_check_handle(L, 1, REPORT);
  return lua_touserdata(L, 1);
}

static int close_report(lua_State *L) {
  struct report_handle *handle = luaL_checkudata(L, 1, REPORT);
  loom_report_free(handle->report);
  handle->report = NULL;
  if (handle->source)
    handle->source->free(handle->source);
  handle->source = NULL;
  loom_text_free(&handle->text);
  return 0;
}

static void read_rules(lua_State *L, struct loom_rules *rules) {
  static const char *const presets[] = {"loom", "seed", "monitoring", NULL};
  static const char *const fills[] = {"backward", "forward", "nearest", NULL};
  static const char *const evidences[] = {"inside", "around", NULL};
  static const char *const states[] = {"down", "up", "unknown", NULL};
  loom_rules_preset(presets[lloom_option_choice(L, 2, "preset", 0, presets)], rules);
  rules->fill = (enum loom_fill)lloom_option_choice(L, 2, "fill", (int)rules->fill, fills);
  rules->evidence = (enum loom_evidence)lloom_option_choice(L, 2, "evidence",
                                                             (int)rules->evidence, evidences);
  rules->no_data =
      (enum loom_state)lloom_option_choice(L, 2, "no_data", (int)rules->no_data, states);
  rules->slack = (int32_t)lloom_option_integer(L, 2, "slack", rules->slack, 0, LOOM_SLACK_MAX);
  rules->max_gap =
      lloom_option_integer(L, 2, "max_gap", rules->max_gap, LOOM_NO_MAX_GAP, LOOM_INSTANT_MAX);
}

/* windows = {{length = µs} or {from = µs, to = µs}, …} */
static size_t read_windows(lua_State *L, struct loom_window_option *windows) {
  lua_pushliteral(L, "windows");
  lua_rawget(L, 2);
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t count = lua_rawlen(L, -1);
  if (count < 1 || count > LOOM_WINDOWS_MAX)
    return (size_t)luaL_error(L, "bad option 'windows' (1 to %d expected)", LOOM_WINDOWS_MAX);
  int list = lua_gettop(L);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    int window = lua_gettop(L);
    windows[i].length = lloom_option_integer(L, window, "length", 0, 0, LOOM_WINDOW_LENGTH_MAX);
    windows[i].from =
        lloom_option_integer(L, window, "from", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
    windows[i].to = lloom_option_integer(L, window, "to", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return count;
}

/* Patterns of the option `stores`, which stay valid as long as its table does; returns how many there are. */
static size_t read_globs(lua_State *L, const char **globs) {
  lua_pushliteral(L, "stores");
  lua_rawget(L, 2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t count = lua_rawlen(L, -1);
  if (count > GLOBS_MAX)
    return (size_t)luaL_error(L, "bad option 'stores' (at most %d patterns)", GLOBS_MAX);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, (int)i + 1);
    if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) > GLOB_LENGTH_MAX)
      return (size_t)luaL_error(L, "bad option 'stores' (patterns of up to %d bytes expected)",
                                GLOB_LENGTH_MAX);
    globs[i] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return count;
}

/*
** report(database, {windows, default_zone [, as_of, preset, fill, evidence, no_data, slack, max_gap, stores,
** all_stores, threads]}): starts it. Instants and durations are in microseconds, slack in seconds; a max_gap of
** -1 is none.
*/
int lloom_report(lua_State *L) {
  static const char *const known[] = {"windows",  "default_zone", "as_of",  "preset",     "fill",
                                      "evidence", "no_data",      "slack",  "max_gap",    "stores",
                                      "all_stores", "threads",    NULL};
  struct loom_window_option windows[LOOM_WINDOWS_MAX];
  const char *globs[GLOBS_MAX];
  struct loom_report_options options = {.windows = windows, .globs = globs};
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  read_rules(L, &options.rules);
  options.window_count = read_windows(L, windows);
  options.glob_count = read_globs(L, globs);
  options.as_of =
      lloom_option_integer(L, 2, "as_of", INT64_MIN, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  options.has_as_of = options.as_of != INT64_MIN;
  options.default_zone = lloom_option_string(L, 2, "default_zone", "America/Chicago");
  options.all_stores = lloom_option_boolean(L, 2, "all_stores", false);
  options.threads = (unsigned)lloom_option_integer(L, 2, "threads", 0, 0, 64);

  struct report_handle *handle = lloom_new_handle(L, REPORT, sizeof *handle);
  handle->source = loom_source_sqlite(database);
  loom_status status = LOOM_OK;
  if (!handle->source)
    status = loom_fail(&error, LOOM_ENOMEM, "out of memory");
  if (status == LOOM_OK)
    status = loom_report_start(&options, handle->source, database->zones, &handle->report, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* wait(milliseconds): true when the report is complete, false while it runs; and the share done, 0 to 1. */
static int wait(lua_State *L) {
  loom_error error;
  struct report_handle *handle = check_report(L);
  int64_t milliseconds = lloom_check_integer(L, 2);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT32_MAX, 2, "0 to 2^31 - 1 expected");
  loom_status status = loom_report_wait(handle->report, (unsigned)milliseconds, &error);
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  lua_pushboolean(L, status == LOOM_DONE);
  lua_pushnumber(L, loom_report_progress(handle->report));
  return 2;
}

static int cancel(lua_State *L) {
  loom_report_cancel(check_report(L)->report);
  return 0;
}

static loom_report *check_complete(lua_State *L) {
  loom_report *report = check_report(L)->report;
  if (loom_report_wait(report, 0, NULL) != LOOM_DONE)
    luaL_error(L, "the report is not complete");
  return report;
}

static int as_of(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)loom_report_as_of(check_report(L)->report));
  return 1;
}

static size_t check_window(lua_State *L, int index, const loom_report *report) {
  int64_t window = lloom_check_integer(L, index);
  luaL_argcheck(L, window >= 1 && (size_t)window <= loom_report_window_count(report), index,
                "no such window");
  return (size_t)window - 1;
}

/* window(w): from and to, in microseconds. */
static int window(lua_State *L) {
  const loom_report *report = check_report(L)->report;
  struct loom_span span = loom_report_window(report, check_window(L, 2, report));
  lua_pushinteger(L, (lua_Integer)span.start);
  lua_pushinteger(L, (lua_Integer)span.end);
  return 2;
}

static int count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)loom_report_count(check_complete(L)));
  return 1;
}

static size_t check_row(lua_State *L, const loom_report *report) {
  int64_t row = lloom_check_integer(L, 2);
  luaL_argcheck(L, row >= 1 && (size_t)row <= loom_report_count(report), 2, "no such row");
  return (size_t)row - 1;
}

static int store(lua_State *L) {
  const loom_report *report = check_complete(L);
  size_t length, row = check_row(L, report);
  const char *id = loom_report_store(report, row, &length);
  lua_pushlstring(L, id, length);
  return 1;
}

/* figures(row, window): up, down, unknown, excluded, longest (all in microseconds), outages, polls. */
static int figures(lua_State *L) {
  const loom_report *report = check_complete(L);
  size_t row = check_row(L, report);
  const struct loom_figures *f =
      loom_report_figures(report, row) + check_window(L, 3, report);
  const int64_t values[] = {f->up, f->down, f->unknown, f->excluded, f->longest, f->outages, f->polls};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    lua_pushinteger(L, (lua_Integer)values[i]);
  return (int)(sizeof values / sizeof *values);
}

/*
** csv_rows(first, count, minutes): so many rows from `first` on, fewer at the end, as CSV in the standard columns.
** minutes[w] is true where window w is printed in minutes.
*/
static int csv_rows(lua_State *L) {
  bool minutes[LOOM_WINDOWS_MAX];
  const loom_report *report = check_complete(L);
  struct loom_text *text = &check_report(L)->text;
  size_t rows = loom_report_count(report);
  int64_t first = lloom_check_integer(L, 2), count = lloom_check_integer(L, 3);
  luaL_argcheck(L, first >= 1, 2, "no such row");
  luaL_argcheck(L, count >= 0, 3, "not negative expected");
  luaL_checktype(L, 4, LUA_TTABLE);
  for (size_t w = 0; w < loom_report_window_count(report); w++) {
    lua_rawgeti(L, 4, (int)w + 1);
    minutes[w] = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  size_t begin = (uint64_t)first - 1 < rows ? (size_t)first - 1 : rows;
  size_t wanted = (uint64_t)count < rows - begin ? (size_t)count : rows - begin;
  text->length = 0;
  if (!loom_report_csv_rows(report, minutes, begin, wanted, text))
    return luaL_error(L, "out of memory");
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}

void lloom_register_report(lua_State *L) {
  static const luaL_Reg methods[] = {{"wait", wait},     {"cancel", cancel},   {"as_of", as_of},
                                     {"window", window}, {"count", count},     {"store", store},
                                     {"figures", figures}, {"csv_rows", csv_rows}, {NULL, NULL}};
  lloom_new_type(L, REPORT, methods, close_report);
}
