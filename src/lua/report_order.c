/*
** Methods of loom.report that choose among its rows, and that look at many of them.
*/
#include "binding.h"

#include "report/column.h"
#include "report/grouping.h"
#include "report/report_json.h"
#include "report/report_order.h"

#include <math.h>
#include <stdlib.h>

#define BINS_MAX 1000

static enum loom_figure check_figure(lua_State *L, int index) {
  enum loom_figure figure = loom_figure_from_name(luaL_checkstring(L, index));
  luaL_argcheck(L, figure != LOOM_FIGURE_COUNT, index, "name of a figure expected");
  return figure;
}

/* after = {id, value or nil}: where the page before ended. */
static void read_after(lua_State *L, struct loom_report_order *order) {
  lua_getfield(L, 2, "after");
  if (!lua_isnil(L, -1)) {
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 2, "after: id and value expected");
    order->resumes = true;
    order->after_id = lua_tolstring(L, -2, &order->after_length); /* the table keeps it */
    order->after_defined = lua_type(L, -1) == LUA_TNUMBER;
    order->after_value = order->after_defined ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* The options of `order`; its limit. */
static size_t read_order(lua_State *L, const loom_report *report, struct loom_report_order *order) {
  static const char *const known[] = {"by",         "figure", "window", "before", "column", "limit",
                                      "descending", "only",   "after",  "first",  NULL};
  static const char *const orders[] = {"id",    "figure", "hours", "minutes",
                                       "worst", "change", "rank",  NULL};
  size_t rows = loom_report_count(report);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  order->by = (enum loom_order_by)lloom_option_choice(L, 2, "by", LOOM_BY_ID, orders);
  const char *figure = lloom_option_string(L, 2, "figure", "up");
  order->figure = loom_figure_from_name(figure);
  luaL_argcheck(L, order->figure != LOOM_FIGURE_COUNT, 2, "name of a figure expected");
  int64_t windows = (int64_t)loom_report_window_count(report);
  order->window = (size_t)lloom_option_integer(L, 2, "window", 1, 1, windows) - 1;
  order->before = (size_t)lloom_option_integer(L, 2, "before", 1, 1, windows) - 1;
  order->descending = lloom_option_boolean(L, 2, "descending", false);
  lua_getfield(L, 2, "only");
  order->only = lloom_check_choice(L, lua_gettop(L), report);
  lua_pop(L, 1);
  read_after(L, order);
  if (order->by == LOOM_BY_RANK) {
    lua_getfield(L, 2, "column");
    order->ranks = lloom_check_column(L, lua_gettop(L), report)->ranks; /* the table keeps it */
    lua_pop(L, 1);
  }
  order->skip = (size_t)lloom_option_integer(L, 2, "first", 1, 1, INT64_MAX) - 1;
  int64_t limit = lloom_option_integer(L, 2, "limit", INT64_MAX, 0, INT64_MAX);
  return (uint64_t)limit < rows ? (size_t)limit : rows;
}

/*
** order{by, figure, window, before, column, descending, limit, only, after, first}: row numbers in an order, at most `limit` of
** them, beginning with the one at place `first`; how many there are from there to the end, and how many in all; and the figure of
** the last one, or its change, where that is what they are in order of, nil where it is not defined. See report_order.h.
*/
int lloom_report_order(lua_State *L) {
  struct loom_report_order order = {0};
  struct loom_page page;
  const struct loom_report *report = lloom_check_complete(L);
  size_t limit = read_order(L, report, &order);
  size_t *rows = lua_newuserdata(L, (limit + 1) * sizeof *rows);
  if (!loom_report_order(report, &order, limit, rows, &page))
    return lloom_no_memory(L);
  lua_createtable(L, (int)page.count, 0);
  for (size_t i = 0; i < page.count; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)page.left);
  lua_pushinteger(L, (lua_Integer)page.total);
  double value;
  if ((order.by != LOOM_BY_FIGURE && order.by != LOOM_BY_CHANGE) || page.count == 0 ||
      !loom_report_order_value(report, &order, rows[page.count - 1], &value))
    return 3;
  lua_pushnumber(L, value);
  return 4;
}

/* Pushes a sum; what no int64 holds as the nearest number. */
static void push_sum(lua_State *L, struct loom_sum sum) {
  if (sum.carries <= INT64_MAX / LOOM_SUM_CARRY)
    lua_pushinteger(L, (lua_Integer)(sum.carries * LOOM_SUM_CARRY + sum.rest));
  else /* both are exact, so that it is rounded once */
    lua_pushnumber(L, (double)sum.carries * LOOM_SUM_CARRY + (double)sum.rest);
}

enum { LONGEST = LOOM_SUM_COUNT };

/* Pushes how many stores a group has, as `stores`, and the sums of its figures in the order in which `figures` returns them. */
static void push_group(lua_State *L, const struct loom_group_sums *of) {
  static const int order[] = {LOOM_SUM_UP, LOOM_SUM_DOWN,    LOOM_SUM_UNKNOWN, LOOM_SUM_EXCLUDED,
                              LONGEST,     LOOM_SUM_OUTAGES, LOOM_SUM_POLLS};
  lua_createtable(L, 7, 1);
  lloom_set_integer(L, "stores", (int64_t)of->stores);
  for (int i = 0; i < 7; i++) {
    if (order[i] == LONGEST)
      lua_pushinteger(L, (lua_Integer)of->longest);
    else
      push_sum(L, of->sums[order[i]]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* sum(window [, only]): the sums of all rows as a group of them; and as JSON, nil where a sum is too great for a whole number. */
int lloom_report_sum(lua_State *L) {
  struct loom_group_sums sums;
  struct loom_figures figures;
  const struct loom_report *report = lloom_check_complete(L);
  size_t window = lloom_check_window(L, 2, report);
  struct loom_text *text = lloom_report_text(L);
  loom_report_group_sums(report, window, NULL, lloom_check_choice(L, 3, report), 1, &sums);
  push_group(L, &sums);
  if (!loom_sums_figures(&sums, &figures))
    return 1;
  if (!loom_figures_json(&figures, text))
    return lloom_no_memory(L);
  lua_pushlstring(L, text->bytes, text->length);
  return 2;
}

/*
** The groups of rows: those of a grouping, those of the values of a column, or from a table of their numbers, from 1, in which a
** row in no group has false; NULL: all in one.
*/
static const uint32_t *read_groups(lua_State *L, int index, size_t rows, size_t count) {
  if (lua_isnoneornil(L, index))
    return NULL;
  if (lloom_is_grouping(L, index)) {
    const struct loom_grouping *grouping = lloom_check_grouping(L, index, lloom_check_complete(L));
    luaL_argcheck(L, grouping->count <= count, index, "no more groups than that expected");
    return grouping->groups;
  }
  if (lua_isuserdata(L, index)) {
    const struct loom_column *column = lloom_check_column(L, index, lloom_check_complete(L));
    luaL_argcheck(L, column->count <= count, index, "no more values than groups expected");
    return column->ranks; /* LOOM_NO_RANK is LOOM_NO_GROUP */
  }
  luaL_checktype(L, index, LUA_TTABLE);
  uint32_t *groups = lua_newuserdata(L, (rows + 1) * sizeof *groups);
  for (size_t row = 0; row < rows; row++) {
    int64_t group = 0;
    lua_rawgeti(L, index, (int)row + 1);
    bool is_number = lloom_to_integer(L, -1, &group);
    luaL_argcheck(L, is_number ? group >= 1 && (size_t)group <= count : !lua_toboolean(L, -1),
                  index, "no such group");
    groups[row] = is_number ? (uint32_t)group - 1 : LOOM_NO_GROUP;
    lua_pop(L, 1);
  }
  return groups;
}

/*
** group_sums(window, count [, groups]): a list of the sums of so many groups, each with its number of stores as `stores` and the
** sums as `figures` returns figures. groups[row] is the number of a row's group, from 1, or false; without it all are in one.
*/
int lloom_report_group_sums(lua_State *L) {
  const struct loom_report *report = lloom_check_complete(L);
  size_t window = lloom_check_window(L, 2, report), rows = loom_report_count(report);
  int64_t count = lloom_check_integer(L, 3);
  luaL_argcheck(L, count >= 1 && (uint64_t)count <= rows + 1, 3,
                "no more groups than rows expected");
  const uint32_t *groups = read_groups(L, 4, rows, (size_t)count);
  struct loom_group_sums *sums = lua_newuserdata(L, (size_t)count * sizeof *sums);
  loom_report_group_sums(report, window, groups, NULL, (size_t)count, sums);
  lua_createtable(L, (int)count, 0);
  for (int i = 0; i < (int)count; i++) {
    push_group(L, &sums[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* Times and counts that are whole are whole numbers, as in rows; quotients are not. */
static void push_figure(lua_State *L, enum loom_figure figure, double value) {
  bool is_quotient =
      figure == LOOM_FIGURE_RATIO || figure == LOOM_FIGURE_MTTR || figure == LOOM_FIGURE_MTBF;
  if (!is_quotient && value == floor(value))
    lua_pushinteger(L, (lua_Integer)value);
  else
    lua_pushnumber(L, value);
}

/* Percentages from the list at an index, and how many there are; room for as many results lies behind them. */
static double *read_percents(lua_State *L, int index, size_t *wanted) {
  luaL_checktype(L, index, LUA_TTABLE);
  *wanted = lua_rawlen(L, index);
  double *percents = lua_newuserdata(L, 2 * (*wanted + 1) * sizeof *percents);
  for (size_t i = 0; i < *wanted; i++) {
    lua_rawgeti(L, index, (int)i + 1);
    percents[i] = lua_tonumber(L, -1);
    luaL_argcheck(L, percents[i] >= 0 && percents[i] <= 100, index,
                  "percentages from 0 to 100 expected");
    lua_pop(L, 1);
  }
  return percents;
}

/* Pushes a table of values by the percentages at an index; empty without values, which are freed. */
static int push_percentiles(lua_State *L, int index, double *percents, size_t wanted,
                            enum loom_figure figure, double *values, size_t count) {
  double *results = percents + wanted;
  bool sorted = loom_sort_values(values, count);
  for (size_t i = 0; sorted && count && i < wanted; i++)
    results[i] = loom_percentile(values, count, percents[i]);
  free(values);
  if (!sorted)
    return lloom_no_memory(L);
  lua_createtable(L, 0, count ? (int)wanted : 0);
  for (size_t i = 0; count && i < wanted; i++) {
    lua_rawgeti(L, index, (int)i + 1);
    push_figure(L, figure, results[i]);
    lua_rawset(L, -3);
  }
  return 1;
}

/* percentiles(figure, window, {percent, …} [, only]): a table of values by percentage; empty if the figure is defined nowhere. */
int lloom_report_percentiles(lua_State *L) {
  double *values;
  size_t count, wanted;
  const struct loom_report *report = lloom_check_complete(L);
  enum loom_figure figure = check_figure(L, 2);
  size_t window = lloom_check_window(L, 3, report);
  const unsigned char *only = lloom_check_choice(L, 5, report);
  double *percents = read_percents(L, 4, &wanted);
  if (!loom_report_values(report, window, figure, only, &values, &count))
    return lloom_no_memory(L);
  return push_percentiles(L, 4, percents, wanted, figure, values, count);
}

/* group_percentiles(figure, window, {percent, …}, grouping, group): the same of one group. */
int lloom_report_group_percentiles(lua_State *L) {
  size_t wanted;
  const struct loom_report *report = lloom_check_complete(L);
  enum loom_figure figure = check_figure(L, 2);
  size_t window = lloom_check_window(L, 3, report);
  const struct loom_grouping *grouping = lloom_check_grouping(L, 5, report);
  int64_t group = lloom_check_integer(L, 6);
  luaL_argcheck(L, group >= 1 && (uint64_t)group <= grouping->count, 6, "no such group");
  double *percents = read_percents(L, 4, &wanted);
  size_t size = loom_grouping_size(grouping, (size_t)group - 1);
  double *values = malloc((size + 1) * sizeof *values);
  if (!values)
    return lloom_no_memory(L);
  size_t count = loom_grouping_values(grouping, (size_t)group - 1, report, window, figure, values);
  return push_percentiles(L, 4, percents, wanted, figure, values, count);
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

/*
** concentration(figure, window, {share, …} [, only]): for each share, above 0 and up to 1, how few rows have it of the figure's
** sum.
*/
int lloom_report_concentration(lua_State *L) {
  double *values;
  size_t count;
  const struct loom_report *report = lloom_check_complete(L);
  enum loom_figure figure = check_figure(L, 2);
  size_t window = lloom_check_window(L, 3, report);
  luaL_checktype(L, 4, LUA_TTABLE);
  int wanted = (int)lua_rawlen(L, 4);
  double *shares = lua_newuserdata(L, ((size_t)wanted + 1) * sizeof *shares);
  for (int i = 0; i < wanted; i++) {
    lua_rawgeti(L, 4, i + 1);
    shares[i] = lua_tonumber(L, -1);
    luaL_argcheck(L, shares[i] > 0 && shares[i] <= 1, 4, "shares above 0 and up to 1 expected");
    lua_pop(L, 1);
  }
  lua_createtable(L, wanted, 0); /* what may raise comes before what is allocated */
  if (!loom_report_values(report, window, figure, lloom_check_choice(L, 5, report), &values,
                          &count))
    return lloom_no_memory(L);
  bool sorted = loom_sort_values(values, count);
  for (int i = 0; sorted && i < wanted; i++) {
    lua_pushinteger(L, (lua_Integer)loom_fewest(values, count, shares[i]));
    lua_rawseti(L, -2, i + 1);
  }
  free(values);
  return sorted ? 1 : lloom_no_memory(L);
}

/* silence(window): how many stores were open, and how many of them have no poll in their openings. */
int lloom_report_silence(lua_State *L) {
  size_t open, silent;
  const struct loom_report *report = lloom_check_complete(L);
  loom_report_silence(report, lloom_check_window(L, 2, report), &open, &silent);
  lua_pushinteger(L, (lua_Integer)open);
  lua_pushinteger(L, (lua_Integer)silent);
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

/*
** json_stores({row, …}, {name, …} [, separator]): JSON objects of `store_id` and `windows`, with a separator between them, which
** is a comma and the end of the line if none is given.
*/
int lloom_report_json_stores(lua_State *L) {
  const char *names[LOOM_WINDOWS_MAX];
  const struct loom_report *report = lloom_check_complete(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  read_names(L, 3, loom_report_window_count(report), names);
  size_t between_length, count = lua_rawlen(L, 2);
  const char *between = luaL_optlstring(L, 4, ",\n", &between_length);
  struct loom_text *text = lloom_report_text(L);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    size_t row = lloom_check_row(L, -1, report);
    lua_pop(L, 1);
    bool good = loom_text_reserve(text, between_length);
    if (good && i > 0)
      loom_text_put(text, between, between_length);
    if (!good || !loom_report_json_store(report, row, names, text))
      return lloom_no_memory(L);
  }
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}
