/*
** loom.series.native: what a report's stores were together, step by step; its own once the report is complete.
*/
#include "binding.h"

#include "base/text.h"
#include "report/report.h"
#include "report/report_json.h"

#include <stdlib.h>

#define SERIES "loom.series.native"

struct series_handle {
  struct lloom_handle handle; /* of a loom_series */
  struct loom_text text;      /* of json */
};

static int close_series(lua_State *L) {
  struct series_handle *handle = luaL_checkudata(L, 1, SERIES);
  struct loom_series *series = lloom_take_handle(L, 1, SERIES);
  if (series) {
    loom_series_free(series);
    free(series);
    loom_text_free(&handle->text);
  }
  return 0;
}

/* series(): takes the report's, once, so that the report can be closed. */
int lloom_report_series(lua_State *L) {
  loom_report *report = lloom_check_complete(L);
  struct lloom_handle *handle = lloom_new_handle(L, SERIES, sizeof(struct series_handle));
  struct loom_series *series = handle->object = calloc(1, sizeof *series);
  if (!series)
    return lloom_no_memory(L);
  return loom_report_take_series(report, series) ? 1 : luaL_error(L, "the report has no series");
}

/* The group at an index, from 1; nil: all of them. */
static size_t check_group(lua_State *L, int index, const struct loom_series *series) {
  if (lua_isnoneornil(L, index))
    return LOOM_SERIES_ALL;
  int64_t group = lloom_check_integer(L, index);
  luaL_argcheck(L, group >= 1 && (uint64_t)group <= series->groups, index, "no such group");
  return (size_t)group - 1;
}

/* stores([group]): how many there are. */
static int stores(lua_State *L) {
  const struct loom_series *series = lloom_check_memory_handle(L, 1, SERIES);
  lua_pushinteger(L, (lua_Integer)loom_series_stores(series, check_group(L, 2, series)));
  return 1;
}

/* steps(): the start, in microseconds since 1970, and how many there are. */
static int steps(lua_State *L) {
  const struct loom_series *series = lloom_check_memory_handle(L, 1, SERIES);
  lloom_push_integer(L, series->window.start);
  lua_pushinteger(L, (lua_Integer)series->steps);
  return 2;
}

/* column(name [, group]): a list of its values, one to a step: times in microseconds, which LuaJIT rounds beyond 2^53. */
static int column(lua_State *L) {
  const struct loom_series *series = lloom_check_memory_handle(L, 1, SERIES);
  int which = luaL_checkoption(L, 2, NULL, loom_series_column_names);
  size_t group = check_group(L, 3, series);
  lua_createtable(L, (int)series->steps, 0);
  for (size_t step = 0; step < series->steps; step++) {
    const struct loom_series_item item = loom_series_at(series, group, step);
    lua_pushinteger(L, (lua_Integer)loom_series_value(&item, (enum loom_series_column)which));
    lua_rawseti(L, -2, (int)step + 1);
  }
  return 1;
}

/* json([group]): all columns as members of an object, times in seconds: see report_json.h. */
static int json(lua_State *L) {
  const struct loom_series *series = lloom_check_memory_handle(L, 1, SERIES);
  struct loom_text *text = &((struct series_handle *)lua_touserdata(L, 1))->text;
  text->length = 0;
  if (!loom_series_json(series, check_group(L, 2, series), text))
    return lloom_no_memory(L);
  lua_pushlstring(L, text->bytes, text->length);
  return 1;
}

void lloom_register_series(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"stores", stores}, {"steps", steps}, {"column", column}, {"json", json}, {NULL, NULL}};
  lloom_new_type(L, SERIES, methods, close_series);
}
