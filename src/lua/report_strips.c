/*
** Methods of loom.report that give strips as text.
*/
#include "binding.h"

#include "report/column.h"
#include "report/report_strips.h"

#include <stdlib.h>

/* Number `place` of a list of rows, from 1. */
static size_t take_row(lua_State *L, int index, size_t place, const loom_report *report) {
  lua_rawgeti(L, index, (int)place);
  size_t row = lloom_check_row(L, -1, report);
  lua_pop(L, 1);
  return row;
}

static size_t rank_of(const struct loom_column *column, size_t row) {
  return column->ranks[row] == LOOM_NO_RANK ? column->count : column->ranks[row];
}

/*
** by_rank({row, …}, column): the same rows in order of their ranks, those without one last; such as have the same one stay in their
** order.
*/
int lloom_report_by_rank(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  const struct loom_column *column = lloom_check_column(L, 3, report);
  size_t count = lua_rawlen(L, 2), ranks = (size_t)column->count + 2;
  size_t *places =
      lua_newuserdata(L, ranks * sizeof *places); /* where the next one of a rank goes */
  for (size_t rank = 0; rank < ranks; rank++)
    places[rank] = 1;
  for (size_t i = 1; i <= count; i++)
    places[rank_of(column, take_row(L, 2, i, report)) + 1]++;
  for (size_t rank = 1; rank < ranks; rank++)
    places[rank] += places[rank - 1] - 1;
  lua_createtable(L, (int)count, 0);
  for (size_t i = 1; i <= count; i++) {
    size_t row = take_row(L, 2, i, report);
    lua_pushinteger(L, (lua_Integer)row + 1);
    lua_rawseti(L, -2, (int)places[rank_of(column, row)]++);
  }
  return 1;
}

/*
** strip_lines({row, …}, first, count [, column [, compact]]): the lines of so many of the rows from one on, fewer at the end; with
** the values of a column, which has to have kept them.
*/
int lloom_report_strip_lines(lua_State *L) {
  const loom_report *report = lloom_check_complete(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  int64_t first = lloom_check_integer(L, 3), most = lloom_check_integer(L, 4);
  luaL_argcheck(L, first >= 1, 3, "1 or more expected");
  luaL_argcheck(L, loom_report_strip_bins(report) > 0, 1, "the report has no strips");
  const struct loom_column *column =
      lua_isnoneornil(L, 5) ? NULL : lloom_check_column(L, 5, report);
  bool compact = lua_toboolean(L, 6);
  struct loom_text *text = lloom_report_text(L);
  size_t count = lua_rawlen(L, 2);
  for (size_t i = (size_t)first; i <= count && (int64_t)i - first < most; i++) {
    size_t row = take_row(L, 2, i, report), length = 0;
    const char *value = NULL;
    if (column && column->ranks[row] != LOOM_NO_RANK)
      value = loom_column_value(column, column->ranks[row], &length);
    if (!loom_report_strip_line(report, row, compact, value, length, text))
      return lloom_no_memory(L);
  }
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}
