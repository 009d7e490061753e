/*
** inspect: one store looked at closely, as Lua tables.
*/
#include "binding.h"

#include "measure/source.h"
#include "report/inspect.h"
#include "sqlite/database.h"
#include "time/civil.h"

#include <string.h>

#define INSPECTION "loom.inspection"

static int close_inspection(lua_State *L) {
  struct loom_inspection *inspection = lloom_take_handle(L, 1, INSPECTION);
  if (inspection)
    loom_inspection_free(inspection);
  return 0;
}

/*
** A table with the fields `from` and `to`, in microseconds since the window's start: a window is of a hundred years at most,
** so these are whole numbers that LuaJIT's doubles hold, and can be calculated with.
*/
static void push_span(lua_State *L, const struct loom_inspection *in, struct loom_span span) {
  lua_createtable(L, 0, 4);
  lloom_set_integer(L, "from", span.start - in->window.start);
  lloom_set_integer(L, "to", span.end - in->window.start);
}

/* Sets field `name` of the table on top to a list of spans. */
static void set_spans(lua_State *L, const struct loom_inspection *in, const char *name,
                      const struct loom_spans *spans) {
  lua_createtable(L, (int)spans->count, 0);
  for (size_t i = 0; i < spans->count; i++) {
    push_span(L, in, spans->items[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, name);
}

static void set_openings(lua_State *L, const struct loom_inspection *in) {
  static const char *const origins[] = {[LOOM_ORIGIN_OWN_DAY] = "special day",
                                        [LOOM_ORIGIN_ALL_DAY] = "special day of all stores",
                                        [LOOM_ORIGIN_WEEKLY] = "weekly hours",
                                        [LOOM_ORIGIN_NO_HOURS] = "no hours: open all day"};
  lua_createtable(L, (int)in->opening_count, 0);
  for (size_t i = 0; i < in->opening_count; i++) {
    char date[LOOM_DATE_SIZE];
    const struct loom_opening *opening = &in->openings[i];
    push_span(L, in, opening->span);
    lua_pushlstring(L, date, loom_format_date(opening->date, date));
    lua_setfield(L, -2, "date");
    lloom_set_integer(L, "open", opening->open);
    lloom_set_integer(L, "close", opening->close);
    lua_pushstring(L, origins[opening->origin]);
    lua_setfield(L, -2, "rule");
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "openings");
}

static void set_cells(lua_State *L, const struct loom_inspection *in) {
  lua_createtable(L, (int)in->cell_count, 0);
  for (size_t i = 0; i < in->cell_count; i++) {
    const struct loom_cell *cell = &in->cells[i];
    push_span(L, in, cell->span);
    lua_pushstring(L, loom_state_name(cell->state));
    lua_setfield(L, -2, "state");
    lloom_set_integer(L, "piece", (int64_t)cell->piece + 1);
    if (cell->has_poll) {
      lloom_set_integer(L, "poll", loom_poll_instant(cell->poll));
      lua_pushboolean(L, loom_poll_active(cell->poll));
      lua_setfield(L, -2, "active");
    }
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "cells");
}

/* The polls in the window, as tables of `at` and `active`. */
static void set_polls(lua_State *L, const struct loom_inspection *in) {
  const struct loom_polls *polls = &in->store.polls;
  int count = 0;
  lua_newtable(L);
  for (size_t i = 0; i < polls->count; i++) {
    int64_t at = loom_poll_instant(polls->items[i]);
    if (at < in->window.start || at > in->window.end)
      continue;
    lua_createtable(L, 0, 2);
    lloom_set_integer(L, "at", at - in->window.start);
    lua_pushboolean(L, loom_poll_active(polls->items[i]));
    lua_setfield(L, -2, "active");
    lua_rawseti(L, -2, ++count);
  }
  lua_setfield(L, -2, "polls");
}

/* Where the dates of a window begin, and where the last one ends: see push_span. */
static void set_midnights(lua_State *L, const struct loom_inspection *in,
                          const struct loom_window *window) {
  struct loom_window day = {.calendar = LOOM_CALENDAR_DATES, .first = window->first};
  lua_createtable(L, window->after_last - window->first + 1, 0);
  for (int i = 1; day.first <= window->after_last; i++, day.first++) {
    day.after_last = day.first + 1;
    struct loom_span span = loom_window_span(&day, LOOM_INSTANT_MAX, in->measure.schedule.zone);
    lua_pushnumber(L, (lua_Number)(span.start - in->window.start));
    lua_rawseti(L, -2, i);
  }
  lua_setfield(L, -2, "midnights");
}

static void set_figures(lua_State *L, const struct loom_figures *f) {
  lua_createtable(L, 0, 7);
  lloom_set_integer(L, "up", f->up);
  lloom_set_integer(L, "down", f->down);
  lloom_set_integer(L, "unknown", f->unknown);
  lloom_set_integer(L, "excluded", f->excluded);
  lloom_set_integer(L, "longest", f->longest);
  lloom_set_integer(L, "outages", f->outages);
  lloom_set_integer(L, "polls", f->polls);
  lua_setfield(L, -2, "figures");
}

/* What came of the polls, and what that was made of. */
static void set_judged(lua_State *L, const struct loom_inspection *in) {
  set_figures(L, &in->figures);
  set_spans(L, in, "intervals", &in->measure.intervals);
  set_spans(L, in, "exclusions", in->measure.exclusions);
  set_spans(L, in, "pieces", &in->measure.pieces);
  set_polls(L, in);
  set_cells(L, in);
}

/*
** inspect(database, {id, default_zone, a window as lloom_read_window has it [, as_of, preset, fill, evidence, no_data, slack,
** max_gap, most, told, overlay, hours_alone]}): a table of `as_of`, `from`, `length`, `zone` and `figures`, and of lists: `openings`,
** `intervals`, `exclusions`, `pieces`, `polls`, and `cells`, each with its state, its piece's number, and `poll` and `active` of the
** poll that vouches for it. Times are in microseconds; those in the lists, but for `poll`, are since `from`.
**
** With `hours_alone`, of a window of dates, there are of the lists `openings` and `midnights`: where each date begins, and the one
** after the last.
*/
int lloom_inspect(lua_State *L) {
  static const char *const known[] = {
      "id",         "default_zone", "length", "from",   "to",      "calendar",    "first",
      "after_last", "before",       "as_of",  "preset", "fill",    "evidence",    "no_data",
      "slack",      "max_gap",      "most",   "told",   "overlay", "hours_alone", NULL};
  loom_error error;
  struct loom_inspect_options options = {0};
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  lloom_read_rules(L, 2, &options.rules);
  options.id = lloom_option_string(L, 2, "id", "");
  options.id_length = strlen(options.id);
  options.default_zone = lloom_option_string(L, 2, "default_zone", LOOM_DEFAULT_ZONE);
  lloom_read_window(L, 2, &options.window);
  options.as_of =
      lloom_option_integer(L, 2, "as_of", INT64_MIN, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  options.has_as_of = options.as_of != INT64_MIN;
  options.most = (uint64_t)lloom_option_integer(L, 2, "most", 0, 0, INT64_MAX);
  options.told = (uint64_t)lloom_option_integer(L, 2, "told", 0, 0, INT64_MAX);

  options.hours_alone = lloom_option_boolean(L, 2, "hours_alone", false) &&
                        options.window.calendar == LOOM_CALENDAR_DATES;
  lua_getfield(L, 2, "overlay");
  int overlay = lua_gettop(L);
  options.overlays = lua_isnil(L, overlay) ? NULL : lloom_check_overlays(L, overlay);

  struct lloom_handle *handle =
      lloom_new_handle(L, INSPECTION, sizeof *handle + sizeof(struct loom_inspection));
  struct loom_inspection *in = (struct loom_inspection *)(handle + 1);
  loom_source *source = lloom_source(database, true);
  if (!source)
    return lloom_no_memory(L);
  handle->object = in;
  loom_status status = loom_inspect(&options, source, loom_database_zones(database), in, &error);
  loom_source_free(source);
  if (options.overlays)
    lloom_end_overlays(L, overlay);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_createtable(L, 0, 10);
  lloom_set_integer(L, "as_of", in->as_of);
  lloom_set_integer(L, "from", in->window.start);
  lloom_set_integer(L, "length", in->window.end - in->window.start);
  lua_pushstring(L, loom_inspection_zone(in, options.default_zone));
  lua_setfield(L, -2, "zone");
  set_openings(L, in);
  if (options.hours_alone)
    set_midnights(L, in, &options.window);
  else
    set_judged(L, in);
  handle->object = NULL;
  loom_inspection_free(in);
  return 1;
}

void lloom_register_inspection(lua_State *L) {
  static const luaL_Reg methods[] = {{NULL, NULL}};
  lloom_new_type(L, INSPECTION, methods, close_inspection);
}
