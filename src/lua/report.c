/*
** loom.report: a report that is running or complete.
*/
#include "binding.h"

#include "base/grow.h"
#include "base/thread.h"
#include "measure/overlay.h"
#include "measure/strip.h"
#include "report/column.h"
#include "time/day.h"
#include "report/report.h"
#include "report/report_csv.h"
#include "report/report_file.h"
#include "report/report_frames.h"
#include "sqlite/database.h"
#include "sqlite/shard_plan.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define REPORT "loom.report"
#define GLOBS_MAX 1000
#define GLOB_LENGTH_MAX 1024

struct report_handle {
  struct lloom_handle handle; /* of a loom_report */
  loom_source *source;
  struct loom_id_table ids;     /* of the option `stores` */
  struct loom_id_table members; /* of a series' groups; group_of[n] is that of number n */
  uint32_t *group_of;
  size_t group_capacity;
  struct loom_text text;        /* of csv_rows and json */
  struct loom_text line;        /* of csv_frames */
  struct loom_report_file file; /* of the option `file` */
  char *path, *header, *figures_path;
};

static struct report_handle *check_report(lua_State *L) {
  lloom_check_memory_handle(L, 1, REPORT);
  return lua_touserdata(L, 1);
}

/* The report, which may still be computing: threads do not survive a fork. */
static loom_report *check_running(lua_State *L) {
  return lloom_check_handle(L, 1, REPORT);
}

static void release(struct report_handle *handle) {
  if (handle->source)
    loom_source_free(handle->source);
  handle->source = NULL;
  loom_id_table_free(&handle->ids);
  loom_id_table_free(&handle->members);
  free(handle->group_of);
  handle->group_of = NULL;
  loom_text_free(&handle->text);
  loom_text_free(&handle->line);
  free(handle->path);
  free(handle->header);
  free(handle->figures_path);
  handle->path = handle->header = handle->figures_path = NULL;
}

static int close_report(lua_State *L) {
  struct report_handle *handle = luaL_checkudata(L, 1, REPORT);
  if (lloom_owns_handle(L, &handle->handle)) { /* also one whose report could not be prepared */
    loom_report_free(handle->handle.object);
    release(handle);
  }
  handle->handle.object = NULL;
  return 0;
}

void lloom_read_window(lua_State *L, int index, struct loom_window *window) {
  window->length = lloom_option_integer(L, index, "length", 0, 0, LOOM_WINDOW_LENGTH_MAX);
  window->from = lloom_option_integer(L, index, "from", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  window->to = lloom_option_integer(L, index, "to", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  window->name = lloom_option_string(L, index, "name", NULL);
  window->calendar = (enum loom_calendar)(
      lloom_option_choice(L, index, "calendar", LOOM_CALENDAR_NONE - 1, loom_calendar_names) + 1);
  window->first = (int32_t)lloom_option_integer(L, index, "first", 0, LOOM_DATE_MIN, LOOM_DATE_MAX);
  window->after_last =
      (int32_t)lloom_option_integer(L, index, "after_last", 0, LOOM_DATE_MIN, LOOM_DATE_MAX);
  window->before = lloom_option_boolean(L, index, "before", false);
}

/* windows = {{length = µs} or any other of lloom_read_window, each with its name, …} */
static size_t read_windows(lua_State *L, struct loom_window *windows) {
  lua_pushliteral(L, "windows");
  lua_rawget(L, 2);
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t count = lua_rawlen(L, -1);
  if (count < 1 || count > LOOM_WINDOWS_MAX)
    return (size_t)luaL_error(L, "bad option 'windows' (1 to %d expected)", LOOM_WINDOWS_MAX);
  int list = lua_gettop(L);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    lloom_read_window(L, lua_gettop(L), &windows[i]);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return count;
}

/* Patterns of the option `globs`, which stay valid as long as its table does; returns how many there are. */
static size_t read_globs(lua_State *L, const char **globs) {
  lua_pushliteral(L, "globs");
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

/* Store ids of the option `ids`; false if it is not given. */
static bool read_ids(lua_State *L, struct loom_id_table *ids) {
  lua_pushliteral(L, "ids");
  lua_rawget(L, 2);
  bool given = !lua_isnil(L, -1);
  if (given)
    luaL_checktype(L, -1, LUA_TTABLE);
  for (size_t i = 0; given && i < lua_rawlen(L, -1); i++) {
    size_t length;
    lua_rawgeti(L, -1, (int)i + 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "bad option 'stores' (store ids expected, got a %s)", luaL_typename(L, -1));
    const char *id = lua_tolstring(L, -1, &length);
    if (loom_id_table_put(ids, id, length) == LOOM_NO_NUMBER)
      lloom_no_memory(L);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return given;
}

/* states = {dormant_after = µs [, no_since_up]}: a report of states, without windows. */
static void read_states(lua_State *L, struct loom_report_options *options) {
  lua_pushliteral(L, "states");
  lua_rawget(L, 2);
  options->states.wanted = !lua_isnil(L, -1);
  if (options->states.wanted) {
    int states = lua_gettop(L);
    luaL_checktype(L, states, LUA_TTABLE);
    options->states.dormant_after =
        lloom_option_integer(L, states, "dormant_after", 7 * LOOM_DAY, 1, LOOM_DORMANT_AFTER_MAX);
    options->states.no_since_up = lloom_option_boolean(L, states, "no_since_up", false);
  }
  lua_pop(L, 1);
}

static void read_options(lua_State *L, struct loom_report_options *options,
                         struct loom_window *windows, const char **globs) {
  static const char *const known[] = {
      "windows", "default_zone", "as_of",      "preset",  "fill",   "evidence",
      "no_data", "slack",        "max_gap",    "ids",     "globs",  "all_stores",
      "threads", "strip_window", "strip_bins", "private", "file",   "states",
      "series",  "shard",        "shards",     "commit",  "ingest", NULL};
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  lloom_read_rules(L, 2, &options->rules);
  read_states(L, options);
  if (!options->states.wanted)
    options->window_count = read_windows(L, windows);
  options->selection.glob_count = read_globs(L, globs);
  options->selection.all_stores = lloom_option_boolean(L, 2, "all_stores", false);
  options->selection.shards =
      (unsigned)lloom_option_integer(L, 2, "shards", 0, 0, LOOM_SELECTION_SHARDS_MAX);
  options->selection.shard =
      (unsigned)lloom_option_integer(L, 2, "shard", 0, 0, LOOM_SELECTION_SHARDS_MAX - 1);
  options->as_of =
      lloom_option_integer(L, 2, "as_of", INT64_MIN, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  options->has_as_of = options->as_of != INT64_MIN;
  options->default_zone = lloom_option_string(L, 2, "default_zone", LOOM_DEFAULT_ZONE);
  options->threads = (unsigned)lloom_option_integer(L, 2, "threads", 0, 0, LOOM_THREADS_MAX);
  options->strip_window =
      (size_t)lloom_option_integer(L, 2, "strip_window", 1, 1, LOOM_WINDOWS_MAX) - 1;
  options->strip_bins = (size_t)lloom_option_integer(L, 2, "strip_bins", 0, 0, LOOM_STRIP_BINS_MAX);
}

/* minutes[w] tells whether window w is printed in minutes. */
static void read_minutes(lua_State *L, int index, size_t windows, bool *minutes) {
  luaL_checktype(L, index, LUA_TTABLE);
  for (size_t w = 0; w < windows; w++) {
    lua_rawgeti(L, index, (int)w + 1);
    minutes[w] = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
}

/* file = {path, header, minutes [, figures_path, neutralise_formulas]}: the report is written there by its own threads. */
static bool read_file(lua_State *L, struct report_handle *handle, size_t windows) {
  lua_pushliteral(L, "file");
  lua_rawget(L, 2);
  bool given = !lua_isnil(L, -1);
  if (given) {
    int file = lua_gettop(L);
    luaL_checktype(L, file, LUA_TTABLE);
    handle->path = strdup(lloom_option_string(L, file, "path", ""));
    handle->header = strdup(lloom_option_string(L, file, "header", ""));
    handle->figures_path = strdup(lloom_option_string(L, file, "figures_path", ""));
    if (!handle->path || !handle->header || !handle->figures_path)
      lloom_no_memory(L);
    lua_getfield(L, file, "minutes");
    read_minutes(L, lua_gettop(L), windows, handle->file.minutes);
    lua_pop(L, 1);
    handle->file.harmless = lloom_option_boolean(L, file, "neutralise_formulas", false);
    handle->file.path = handle->path;
    handle->file.header = handle->header;
    handle->file.figures_path = *handle->figures_path ? handle->figures_path : NULL;
  }
  lua_pop(L, 1);
  return given;
}

/* Puts a store in a group, numbered from 1. */
static void put_member(lua_State *L, struct report_handle *handle, const char *id, size_t length,
                       uint32_t group) {
  uint32_t number = loom_id_table_put(&handle->members, id, length);
  if (number == LOOM_NO_NUMBER ||
      !loom_grow(&handle->group_of, &handle->group_capacity, number + 1, sizeof *handle->group_of))
    lloom_no_memory(L);
  handle->group_of[number] = group - 1;
}

/* The groups of stores: {[id] = number from 1, …}. */
static void read_group_of(lua_State *L, struct report_handle *handle,
                          const struct loom_series_option *series) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    int64_t group = 1;
    size_t length;
    if (lua_type(L, -2) != LUA_TSTRING || !lloom_to_integer(L, -1, &group) || group < 1 ||
        (uint64_t)group > series->groups)
      luaL_error(L, "bad option 'series' (group_of: numbers of groups by store id expected)");
    const char *id = lua_tolstring(L, -2, &length);
    put_member(L, handle, id, length, (uint32_t)group);
    lua_pop(L, 1);
  }
}

/* The groups of ranks, a list of numbers from 1, of which there may be none: 0. */
static void read_groups_of_ranks(lua_State *L, const struct loom_series_option *series,
                                 uint32_t *groups, uint32_t count) {
  for (uint32_t rank = 0; rank < count; rank++) {
    int64_t group = 0;
    lua_rawgeti(L, -1, (int)rank + 1);
    if (!lua_isnil(L, -1) &&
        (!lloom_to_integer(L, -1, &group) || group < 1 || (uint64_t)group > series->groups))
      luaL_error(L, "bad option 'series' (ranks: numbers of groups by rank expected)");
    groups[rank] = (uint32_t)group;
    lua_pop(L, 1);
  }
}

/* The groups of stores: those of the ranks that they have in a column of another report. */
static void read_ranks(lua_State *L, struct report_handle *handle,
                       const struct loom_series_option *series, int index) {
  lua_getfield(L, index, "report");
  lua_getfield(L, index, "column");
  lua_getfield(L, index, "ranks");
  luaL_checktype(L, -1, LUA_TTABLE);
  const struct loom_report *report = lloom_check_complete_at(L, lua_gettop(L) - 2);
  const struct loom_column *column = lloom_check_column(L, lua_gettop(L) - 1, report);
  uint32_t *groups = lua_newuserdata(L, (column->count + 1) * sizeof *groups);
  lua_pushvalue(L, -2);
  read_groups_of_ranks(L, series, groups, column->count);
  for (size_t row = 0; row < column->rows; row++) {
    size_t length;
    uint32_t rank = column->ranks[row];
    if (rank == LOOM_NO_RANK || !groups[rank])
      continue;
    const char *id = loom_report_store(report, row, &length);
    put_member(L, handle, id, length, groups[rank]);
  }
  lua_pop(L, 5);
}

/* What tells the groups, where there are more than one: `group_of`, or `ranks` of a `column` of a `report`. */
static void read_groups(lua_State *L, struct report_handle *handle,
                        struct loom_series_option *series, int index) {
  lua_getfield(L, index, "group_of");
  lua_getfield(L, index, "ranks");
  bool by_id = !lua_isnil(L, -2), by_rank = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (by_id) {
    luaL_checktype(L, -1, LUA_TTABLE);
    read_group_of(L, handle, series);
  } else if (by_rank) {
    read_ranks(L, handle, series, index);
  }
  lua_pop(L, 1);
  if (by_id || by_rank) {
    series->members = &handle->members;
    series->group_of = handle->group_of;
  }
}

/* series = {step [, window, groups, group_of or ranks, column and report]}: steps in microseconds; see series.c. */
static void read_series(lua_State *L, struct report_handle *handle,
                        struct loom_series_option *series) {
  static const char *const known[] = {"step",  "window", "groups", "group_of",
                                      "ranks", "column", "report", NULL};
  lua_pushliteral(L, "series");
  lua_rawget(L, 2);
  if (!lua_isnil(L, -1)) {
    int index = lua_gettop(L);
    luaL_checktype(L, index, LUA_TTABLE);
    lloom_check_options(L, index, known);
    series->step = lloom_option_integer(L, index, "step", 0, 1, LOOM_WINDOW_LENGTH_MAX);
    series->window = (size_t)lloom_option_integer(L, index, "window", 1, 1, LOOM_WINDOWS_MAX) - 1;
    series->groups = (size_t)lloom_option_integer(L, index, "groups", 1, 1, LOOM_SERIES_ITEMS_MAX);
    read_groups(L, handle, series, index);
  }
  lua_pop(L, 1);
}

/* The commit that a report is to be of, where one is given: a worker's. */
struct commit {
  int64_t number, ingest; /* -1: none is given */
};

static struct commit read_commit(lua_State *L) {
  return (struct commit){.number = lloom_option_integer(L, 2, "commit", -1, 0, INT64_MAX),
                         .ingest = lloom_option_integer(L, 2, "ingest", -1, 0, INT64_MAX)};
}

/* Prepares it on the handle's own connection, or on one of the report's own. */
static loom_status prepare(loom_database *database, bool private, struct commit commit,
                           const struct loom_report_options *options, struct report_handle *handle,
                           loom_error *error) {
  loom_status status = LOOM_OK;
  if (private)
    status = loom_database_clone(database, &database, error);
  if (status != LOOM_OK)
    return status;
  handle->source = lloom_source(database, false);
  status = handle->source
               ? loom_report_prepare(options, handle->source, loom_database_zones(database),
                                     (loom_report **)&handle->handle.object, error)
               : loom_no_memory(error);
  if (status == LOOM_OK && commit.number >= 0)
    status =
        loom_shard_plan_check(database, (uint64_t)commit.number, (uint64_t)commit.ingest, error);
  if (private)
    loom_database_close(database); /* the source has it now */
  return status;
}

/*
** report(database, {windows or states, default_zone [, as_of, preset, fill, evidence, no_data, slack, max_gap, ids, globs,
** all_stores, threads, strip_window, strip_bins, private, file, series, shard, shards, commit, ingest]}): prepares a report, which `start` then starts. Instants and
** durations are in microseconds, slack in seconds; a max_gap of -1 is none. With a `commit`, of an `ingest`, it is of that one or fails. A private report has a connection of its
** own, so that the database stays free.
*/
int lloom_report(lua_State *L) {
  struct loom_window windows[LOOM_WINDOWS_MAX];
  const char *globs[GLOBS_MAX];
  struct loom_report_options options = {.windows = windows, .selection.globs = globs};
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  read_options(L, &options, windows, globs);
  struct commit commit = read_commit(L);
  bool private = lloom_option_boolean(L, 2, "private", false) || loom_database_is_reading(database);
  struct report_handle *handle = lloom_new_handle(L, REPORT, sizeof *handle);
  loom_id_table_init(&handle->ids);
  loom_id_table_init(&handle->members);
  if (read_ids(L, &handle->ids))
    options.selection.ids = &handle->ids;
  read_series(L, handle, &options.series);
  if (read_file(L, handle, options.window_count)) {
    options.finish = loom_report_file_write;
    options.finish_context = &handle->file;
  }
  if (prepare(database, private, commit, &options, handle, &error) == LOOM_OK)
    return 1;
  loom_report_free(handle->handle.object);
  handle->handle.object = NULL;
  release(handle); /* the collector does not see how big a copy of a database is */
  return lloom_failure(L, &error);
}

static int push_plan(lua_State *L, const struct loom_shard_plan *plan, int64_t shards) {
  lua_createtable(L, 0, 4);
  lloom_set_integer(L, "number", (int64_t)plan->number);
  lloom_set_integer(L, "ingest", (int64_t)plan->ingest);
  lloom_push_integer(L, plan->as_of);
  lua_setfield(L, -2, "as_of");
  lua_createtable(L, (int)shards, 0);
  for (int i = 0; i < shards; i++) {
    lua_pushinteger(L, (lua_Integer)plan->counts[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "counts");
  return 1;
}

/*
** shard_plan(database, {shards [, ids, globs, all_stores, as_of]}): {number, ingest, as_of, counts = {…}}, of a cluster's head; see
** loom_shard_plan_make.
*/
int lloom_shard_plan(lua_State *L) {
  static const char *const known[] = {"shards", "ids", "globs", "all_stores", "as_of", NULL};
  const char *globs[GLOBS_MAX];
  struct loom_selection selection = {.globs = globs};
  struct loom_shard_plan plan;
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  int64_t shards = lloom_option_integer(L, 2, "shards", 1, 1, LOOM_SELECTION_SHARDS_MAX);
  int64_t as_of =
      lloom_option_integer(L, 2, "as_of", INT64_MIN, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  selection.glob_count = read_globs(L, globs);
  selection.all_stores = lloom_option_boolean(L, 2, "all_stores", false);
  struct report_handle *handle =
      lloom_new_handle(L, REPORT, sizeof *handle); /* which has the ids */
  loom_id_table_init(&handle->ids);
  loom_id_table_init(&handle->members);
  if (read_ids(L, &handle->ids))
    selection.ids = &handle->ids;
  loom_status status = loom_shard_plan_make(database, &selection, (unsigned)shards,
                                            as_of == INT64_MIN ? NULL : &as_of, &plan, &error);
  release(handle);
  return status == LOOM_OK ? push_plan(L, &plan, shards) : lloom_failure(L, &error);
}

/* ---- before the start ---- */

/* lay_over(overlay): the facts of one store, in place of those that are stored. */
static int lay_over(lua_State *L) {
  struct loom_overlays *overlays = loom_report_overlays(check_report(L)->handle.object);
  struct loom_overlays *given = lloom_check_overlays(L, 2);
  if (!overlays)
    luaL_error(L, "the report has been started already");
  loom_overlays_free(overlays);
  *overlays = *given;
  loom_overlays_init(given);
  lloom_end_overlays(L, 2);
  return 0;
}

/* The overlay of the store at argument 2, or of all others if it is "*". */
static struct loom_overlay *check_overlay(lua_State *L, loom_report *report) {
  size_t length;
  const char *id = luaL_checklstring(L, 2, &length);
  struct loom_overlays *overlays = loom_report_overlays(report);
  if (!overlays)
    luaL_error(L, "the report has been started already");
  struct loom_overlay *overlay =
      length == 1 && *id == '*' ? &overlays->others : loom_overlays_put(overlays, id, length);
  if (!overlay)
    lloom_no_memory(L);
  return overlay;
}

/* The next number of a flat list. */
static int32_t take_number(lua_State *L, int index, int at) {
  int64_t value;
  lua_rawgeti(L, index, at);
  if (!lloom_to_integer(L, -1, &value) || value < INT32_MIN || value > INT32_MAX)
    luaL_error(L, "bad hours (whole numbers expected)");
  lua_pop(L, 1);
  return (int32_t)value;
}

/* override_week(id, {weekday, open, close, …}): weekly hours in seconds since midnight, for this report. */
static int override_week(lua_State *L) {
  loom_report *report = check_running(L);
  struct loom_overlay *overlay = check_overlay(L, report);
  luaL_checktype(L, 3, LUA_TTABLE);
  int count = (int)lua_rawlen(L, 3);
  overlay->replaces_hours = true;
  overlay->hours.count = 0;
  struct loom_hours closed = {LOOM_ALWAYS, 0, LOOM_CLOSED, LOOM_CLOSED};
  bool good = count > 0 || loom_hours_list_add(&overlay->hours, closed);
  for (int i = 1; good && i + 2 <= count; i += 3) {
    struct loom_hours hours = {LOOM_ALWAYS, take_number(L, 3, i), take_number(L, 3, i + 1),
                               take_number(L, 3, i + 2)};
    good = loom_hours_list_add(&overlay->hours, hours);
  }
  return good ? 0 : lloom_no_memory(L);
}

/*
** override_date(id, date, {open, close, …}): a local date's openings, for this report. Dates are days since 1970-01-01
** and come in order.
*/
static int override_date(lua_State *L) {
  loom_report *report = check_running(L);
  struct loom_overlay *overlay = check_overlay(L, report);
  int64_t date = lloom_check_integer(L, 3);
  luaL_argcheck(L, date >= LOOM_DATE_MIN && date <= LOOM_DATE_MAX, 3, "no such date");
  luaL_checktype(L, 4, LUA_TTABLE);
  int count = (int)lua_rawlen(L, 4);
  struct loom_special_day closed = {(int32_t)date, LOOM_CLOSED, LOOM_CLOSED};
  bool good = count > 0 || loom_special_days_add(&overlay->days, closed);
  for (int i = 1; good && i + 1 <= count; i += 2) {
    struct loom_special_day day = {(int32_t)date, take_number(L, 4, i), take_number(L, 4, i + 1)};
    good = loom_special_days_add(&overlay->days, day);
  }
  return good ? 0 : lloom_no_memory(L);
}

static int start(lua_State *L) {
  loom_error error;
  if (loom_report_start(check_running(L), &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* ---- while it runs ---- */

/* wait(milliseconds): true when the report is complete, false while it runs; and the share done, 0 to 1. */
static int wait(lua_State *L) {
  loom_error error;
  loom_report *report = check_running(L);
  int64_t milliseconds = lloom_check_integer(L, 2);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT32_MAX, 2, "0 to 2^31 - 1 expected");
  loom_status status = loom_report_wait(report, (unsigned)milliseconds, &error);
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  lua_pushboolean(L, status == LOOM_DONE);
  lua_pushnumber(L, loom_report_progress(report));
  return 2;
}

static int cancel(lua_State *L) {
  loom_report_cancel(check_running(L));
  return 0;
}

loom_report *lloom_check_complete_at(lua_State *L, int index) {
  loom_report *report = lloom_check_memory_handle(L, index, REPORT);
  if (!loom_report_is_complete(report))
    luaL_error(L, "the report is not complete");
  return report;
}

loom_report *lloom_check_complete(lua_State *L) {
  return lloom_check_complete_at(L, 1);
}

/* ---- results ---- */

static int as_of(lua_State *L) {
  lloom_push_integer(L, loom_report_as_of(check_report(L)->handle.object));
  return 1;
}

size_t lloom_check_window(lua_State *L, int index, const loom_report *report) {
  int64_t window = lloom_check_integer(L, index);
  luaL_argcheck(L, window >= 1 && (size_t)window <= loom_report_window_count(report), index,
                "no such window");
  return (size_t)window - 1;
}

/* window(w [, row]): from and to, in microseconds; for all stores, or for the one in a row. */
static int window(lua_State *L) {
  const loom_report *report = check_report(L)->handle.object;
  size_t w = lloom_check_window(L, 2, report);
  struct loom_span span = lua_isnoneornil(L, 3)
                              ? loom_report_window(report, w)
                              : loom_report_window_of(report, lloom_check_row(L, 3, report), w);
  lloom_push_integer(L, span.start);
  lloom_push_integer(L, span.end);
  return 2;
}

/* zone(row): the name of the store's zone. */
static int zone(lua_State *L) {
  const loom_report *report = check_report(L)->handle.object;
  lua_pushstring(L, loom_zone_name(loom_report_zone(report, lloom_check_row(L, 2, report))));
  return 1;
}

#define DAYS_MAX 400 /* that begin in a window: of more nobody can tell one from the next */

/*
** days(row, w): the date of the store's clock at the start of a window, and a list of the days that begin in it, each as its date
** and where it begins, in microseconds, one after the other; an empty one if there are too many.
*/
static int days(lua_State *L) {
  const loom_report *report = check_report(L)->handle.object;
  size_t row = lloom_check_row(L, 2, report), w = lloom_check_window(L, 3, report);
  const loom_zone *clock = loom_report_zone(report, row);
  struct loom_span span = loom_report_window_of(report, row, w);
  lua_pushinteger(L, loom_day_of(clock, span.start));
  lua_newtable(L);
  if (span.end - span.start > DAYS_MAX * LOOM_DAY)
    return 2;
  int count = 0;
  struct loom_day day = loom_day_after(clock, span.start - 1);
  for (; day.start < span.end; day = loom_day_after(clock, day.start)) {
    lua_pushinteger(L, day.date);
    lua_rawseti(L, -2, ++count);
    lloom_push_integer(L, day.start);
    lua_rawseti(L, -2, ++count);
  }
  return 2;
}

/* hull(): from the first window's start to the last one's end. */
static int hull(lua_State *L) {
  struct loom_span span = loom_report_hull(check_report(L)->handle.object);
  lloom_push_integer(L, span.start);
  lloom_push_integer(L, span.end);
  return 2;
}

static int count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)loom_report_count(lloom_check_complete(L)));
  return 1;
}

size_t lloom_check_row(lua_State *L, int index, const loom_report *report) {
  int64_t row = lloom_check_integer(L, index);
  luaL_argcheck(L, row >= 1 && (size_t)row <= loom_report_count(report), index, "no such row");
  return (size_t)row - 1;
}

static int store(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  size_t length, row = lloom_check_row(L, 2, report);
  const char *id = loom_report_store(report, row, &length);
  lua_pushlstring(L, id, length);
  return 1;
}

/* find(id): the store's row; nil if it has none. */
static int find(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  size_t length, row;
  const char *id = luaL_checklstring(L, 2, &length);
  if (!loom_report_find(report, id, length, &row))
    return 0;
  lua_pushinteger(L, (lua_Integer)row + 1);
  return 1;
}

/* has_stores_of(report): whether its rows are of the same stores. */
static int has_stores_of(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  lua_pushboolean(L, loom_report_has_stores_of(report, lloom_check_complete_at(L, 2)));
  return 1;
}

/* left_out(): the first stores without a row, as a list of {store_id, reason}; and how many there are. */
static int left_out(lua_State *L) {
  size_t kept;
  const loom_report *report = lloom_check_complete(L);
  const struct loom_left_out *items = loom_report_left_out(report, &kept);
  lua_createtable(L, (int)kept, 0);
  for (size_t i = 0; i < kept; i++) {
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, items[i].id, items[i].id_length);
    lua_setfield(L, -2, "store_id");
    lua_pushstring(L, items[i].reason.message);
    lua_setfield(L, -2, "reason");
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)loom_report_left_out_count(report));
  return 2;
}

/* strip(row): letters, one to a bin; empty if the report has no strips. */
static int strip(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  size_t bins = loom_report_strip_bins(report);
  lua_pushlstring(L, bins ? loom_report_strip(report, lloom_check_row(L, 2, report)) : "", bins);
  return 1;
}

/* times(row, window): up and down, in microseconds: what most rows are asked for. */
static int times(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  size_t row = lloom_check_row(L, 2, report);
  const struct loom_figures *f =
      loom_report_figures(report, row) + lloom_check_window(L, 3, report);
  lua_pushinteger(L, (lua_Integer)f->up);
  lua_pushinteger(L, (lua_Integer)f->down);
  return 2;
}

/* figures(row, window): up, down, unknown, excluded, longest (all in microseconds), outages, polls. */
static int figures(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  size_t row = lloom_check_row(L, 2, report);
  const struct loom_figures *f =
      loom_report_figures(report, row) + lloom_check_window(L, 3, report);
  const int64_t values[] = {f->up,      f->down,    f->unknown, f->excluded,
                            f->longest, f->outages, f->polls};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    lua_pushinteger(L, (lua_Integer)values[i]);
  return (int)(sizeof values / sizeof *values);
}

/*
** csv_rows(first, count, minutes [, neutralise_formulas]): so many rows from `first` on, fewer at the end, as CSV in the
** standard columns. minutes[w] is true where window w is printed in minutes.
*/
static int put_csv_rows(lua_State *L, bool as_frames) {
  bool minutes[LOOM_WINDOWS_MAX];
  const loom_report *report = lloom_check_complete(L);
  struct loom_text *text = &check_report(L)->text, *line = &check_report(L)->line;
  size_t rows = loom_report_count(report);
  int64_t first = lloom_check_integer(L, 2), count = lloom_check_integer(L, 3);
  luaL_argcheck(L, first >= 1, 2, "no such row");
  luaL_argcheck(L, count >= 0, 3, "not negative expected");
  read_minutes(L, 4, loom_report_window_count(report), minutes);
  size_t begin = (uint64_t)first - 1 < rows ? (size_t)first - 1 : rows;
  size_t wanted = (uint64_t)count < rows - begin ? (size_t)count : rows - begin;
  text->length = 0;
  bool harmless = lua_toboolean(L, 5);
  if (!(as_frames ? loom_report_csv_frames(report, minutes, harmless, begin, wanted, line, text)
                  : loom_report_csv_rows(report, minutes, harmless, begin, wanted, text)))
    return lloom_no_memory(L);
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}

static int csv_rows(lua_State *L) {
  return put_csv_rows(L, false);
}

/* csv_frames(…): the same rows, each as a frame: see row_stream.h. */
static int csv_frames(lua_State *L) {
  return put_csv_rows(L, true);
}

struct loom_text *lloom_report_text(lua_State *L) {
  struct loom_text *text = &check_report(L)->text;
  text->length = 0;
  return text;
}

void lloom_register_report(lua_State *L) {
  static const luaL_Reg methods[] = {{"override_week", override_week},
                                     {"override_date", override_date},
                                     {"lay_over", lay_over},
                                     {"start", start},
                                     {"wait", wait},
                                     {"cancel", cancel},
                                     {"as_of", as_of},
                                     {"window", window},
                                     {"zone", zone},
                                     {"days", days},
                                     {"hull", hull},
                                     {"count", count},
                                     {"store", store},
                                     {"find", find},
                                     {"has_stores_of", has_stores_of},
                                     {"figures", figures},
                                     {"times", times},
                                     {"strip", strip},
                                     {"left_out", left_out},
                                     {"series", lloom_report_series},
                                     {"by_rank", lloom_report_by_rank},
                                     {"strip_lines", lloom_report_strip_lines},
                                     {"csv_rows", csv_rows},
                                     {"csv_frames", csv_frames},
                                     {"state", lloom_report_state},
                                     {"state_order", lloom_report_state_order},
                                     {"state_rows", lloom_report_state_rows},
                                     {"state_counts", lloom_report_state_counts},
                                     {"state_counts_by", lloom_report_state_counts_by},
                                     {"choice", lloom_report_choice},
                                     {"column", lloom_report_column},
                                     {"order", lloom_report_order},
                                     {"sum", lloom_report_sum},
                                     {"grouping", lloom_report_grouping},
                                     {"group_sums", lloom_report_group_sums},
                                     {"group_percentiles", lloom_report_group_percentiles},
                                     {"percentiles", lloom_report_percentiles},
                                     {"histogram", lloom_report_histogram},
                                     {"concentration", lloom_report_concentration},
                                     {"silence", lloom_report_silence},
                                     {"json", lloom_report_json},
                                     {"json_stores", lloom_report_json_stores},
                                     {NULL, NULL}};
  lloom_new_type(L, REPORT, methods, close_report);
}
