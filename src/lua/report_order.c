/*
** Methods of loom.report that choose among its rows, and that look at many of them.
*/
#include "binding.h"

#include "report/report_json.h"
#include "report/report_order.h"

#include <math.h>
#include <stdlib.h>

#define LIMIT_MAX 100000
#define BINS_MAX 1000
#define PERCENTS_MAX 100

static enum loom_figure check_figure(lua_State *L, int index) {
  enum loom_figure figure = loom_figure_from_name(luaL_checkstring(L, index));
  luaL_argcheck(L, figure != LOOM_FIGURE_COUNT, index, "name of a figure expected");
  return figure;
}

/* after = {id, value or nil}: where the page before ended. */
static void read_after(lua_State *L, int index, struct loom_report_order *order) {
  if (lua_isnoneornil(L, index))
    return;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_rawgeti(L, index, 1);
  lua_rawgeti(L, index, 2);
  luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, index, "id and value expected");
  order->resumes = true;
  order->after_id = lua_tolstring(L, -2, &order->after_length); /* the table keeps it */
  order->after_defined = lua_type(L, -1) == LUA_TNUMBER;
  order->after_value = order->after_defined ? lua_tonumber(L, -1) : 0;
  lua_pop(L, 2);
}

/*
** order(figure or nil, window, descending, limit [, only [, after]]): row numbers in order of a figure of a window, or of
** id without one, at most `limit` of them; how many there are from the first of them to the end, and how many in all; and the
** last one's value, nil where it is not defined.
*/
int lloom_report_order(lua_State *L) {
  struct loom_report_order order = {0};
  struct loom_page page;
  const struct loom_report *report = lloom_check_complete(L);
  order.by_id = lua_isnil(L, 2);
  if (!order.by_id) {
    order.figure = check_figure(L, 2);
    order.window = lloom_check_window(L, 3, report);
  }
  order.descending = lua_toboolean(L, 4);
  int64_t limit = lloom_check_integer(L, 5);
  luaL_argcheck(L, limit >= 0 && limit <= LIMIT_MAX, 5, "0 to 100000 expected");
  order.only = lloom_check_choice(L, 6, report);
  read_after(L, 7, &order);
  size_t room =
      loom_report_count(report) < (size_t)limit ? loom_report_count(report) : (size_t)limit;
  size_t *rows = lua_newuserdata(L, (room + 1) * sizeof *rows);
  if (!loom_report_order(report, &order, (size_t)limit, rows, &page))
    return lloom_no_memory(L);
  lua_createtable(L, (int)page.count, 0);
  for (size_t i = 0; i < page.count; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)page.left);
  lua_pushinteger(L, (lua_Integer)page.total);
  double value;
  if (order.by_id || page.count == 0 ||
      !loom_figure_value(loom_report_figures(report, rows[page.count - 1]) + order.window,
                         order.figure, &value))
    return 3;
  lua_pushnumber(L, value);
  return 4;
}

/* sum(window [, only]): how many rows there are; and as JSON the sums of their figures. */
int lloom_report_sum(lua_State *L) {
  struct loom_figures sum;
  const struct loom_report *report = lloom_check_complete(L);
  size_t window = lloom_check_window(L, 2, report);
  struct loom_text *text = lloom_report_text(L);
  size_t count = loom_report_sum(report, window, lloom_check_choice(L, 3, report), &sum);
  if (!loom_figures_json(&sum, text))
    return lloom_no_memory(L);
  lua_pushinteger(L, (lua_Integer)count);
  lua_pushlstring(L, text->bytes, text->length);
  return 2;
}

/*
** percentiles(figure, window, {percent, …} [, only]): the value at each of them, times in microseconds; nil if the figure is
** defined nowhere.
*/
int lloom_report_percentiles(lua_State *L) {
  double *values, percents[PERCENTS_MAX];
  size_t count, wanted;
  const struct loom_report *report = lloom_check_complete(L);
  enum loom_figure figure = check_figure(L, 2);
  size_t window = lloom_check_window(L, 3, report);
  luaL_checktype(L, 4, LUA_TTABLE);
  wanted = lua_rawlen(L, 4);
  luaL_argcheck(L, wanted >= 1 && wanted <= PERCENTS_MAX, 4, "1 to 100 percentages expected");
  for (size_t i = 0; i < wanted; i++) {
    lua_rawgeti(L, 4, (int)i + 1);
    percents[i] = lua_tonumber(L, -1);
    luaL_argcheck(L, percents[i] >= 0 && percents[i] <= 100, 4,
                  "percentages from 0 to 100 expected");
    lua_pop(L, 1);
  }
  if (!loom_report_values(report, window, figure, lloom_check_choice(L, 5, report), &values,
                          &count))
    return lloom_no_memory(L);
  if (!loom_sort_values(values, count)) {
    free(values);
    return lloom_no_memory(L);
  }
  for (size_t i = 0; count && i < wanted; i++)
    percents[i] = loom_percentile(values, count, percents[i]);
  free(values);
  if (!count)
    return 0;
  lua_createtable(L, (int)wanted, 0);
  for (size_t i = 0; i < wanted; i++) {
    lua_pushnumber(L, percents[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/*
** histogram(figure, window, most, bins [, only]): how many rows lie in each of so many bins from 0 to `most`, and in how many
** the figure is defined. Times are in microseconds.
*/
int lloom_report_histogram(lua_State *L) {
  double *values;
  size_t count, counts[BINS_MAX];
  const struct loom_report *report = lloom_check_complete(L);
  enum loom_figure figure = check_figure(L, 2);
  size_t window = lloom_check_window(L, 3, report);
  double most = luaL_checknumber(L, 4);
  int64_t bins = lloom_check_integer(L, 5);
  luaL_argcheck(L, most > 0 && isfinite(most), 4, "more than 0 expected");
  luaL_argcheck(L, bins >= 1 && bins <= BINS_MAX, 5, "1 to 1000 expected");
  if (!loom_report_values(report, window, figure, lloom_check_choice(L, 6, report), &values,
                          &count))
    return lloom_no_memory(L);
  loom_histogram(values, count, most, (size_t)bins, counts);
  free(values);
  lua_createtable(L, (int)bins, 0);
  for (int i = 0; i < (int)bins; i++) {
    lua_pushinteger(L, (lua_Integer)counts[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushinteger(L, (lua_Integer)count);
  return 2;
}

/* The names of the windows, which the table keeps. */
static void read_names(lua_State *L, int index, size_t windows, const char **names) {
  luaL_checktype(L, index, LUA_TTABLE);
  for (size_t w = 0; w < windows; w++) {
    lua_rawgeti(L, index, (int)w + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "names of the windows expected");
    names[w] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
}

/* json(row, {name, …}): the row's figures as a JSON object by the names of the windows. */
int lloom_report_json(lua_State *L) {
  const char *names[LOOM_WINDOWS_MAX];
  const struct loom_report *report = lloom_check_complete(L);
  size_t row = lloom_check_row(L, 2, report);
  read_names(L, 3, loom_report_window_count(report), names);
  struct loom_text *text = lloom_report_text(L);
  if (!loom_report_json_row(report, row, names, text))
    return lloom_no_memory(L);
  lua_pushlstring(L, text->bytes, text->length);
  return 1;
}

/* json_stores({row, …}, {name, …}): JSON objects of `store_id` and `windows`, with commas between them. */
int lloom_report_json_stores(lua_State *L) {
  const char *names[LOOM_WINDOWS_MAX];
  const struct loom_report *report = lloom_check_complete(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  read_names(L, 3, loom_report_window_count(report), names);
  struct loom_text *text = lloom_report_text(L);
  size_t count = lua_rawlen(L, 2);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    size_t row = lloom_check_row(L, -1, report);
    lua_pop(L, 1);
    bool good = loom_text_reserve(text, 2);
    if (good && i > 0)
      loom_text_put(text, ",\n", 2);
    if (!good || !loom_report_json_store(report, row, names, text))
      return lloom_no_memory(L);
  }
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}
