/*
** loom.grouping: a report's rows by the values of a column: see grouping.h.
*/
#include "binding.h"

#include "report/grouping.h"

#include <stdlib.h>

#define GROUPING "loom.grouping"

struct grouping {
  struct lloom_handle handle; /* of `grouping`, once it is there */
  struct loom_grouping grouping;
};

static int close_grouping(lua_State *L) {
  struct grouping *grouping = lloom_take_handle(L, 1, GROUPING);
  if (grouping)
    loom_grouping_free(&grouping->grouping);
  return 0;
}

/* grouping(column [, only]): groups 1 to count() of the column by its values, and one more of the rows that have none. */
int lloom_report_grouping(lua_State *L) {
  const struct loom_report *report = lloom_check_complete(L);
  const struct loom_column *column = lloom_check_column(L, 2, report);
  const unsigned char *only = lloom_check_choice(L, 3, report);
  struct grouping *grouping = lloom_new_handle(L, GROUPING, sizeof *grouping);
  bool good = loom_grouping_init(&grouping->grouping, column, only);
  grouping->handle.object = grouping;
  return good ? 1 : lloom_no_memory(L);
}

bool lloom_is_grouping(lua_State *L, int index) {
  return lloom_is(L, index, GROUPING);
}

const struct loom_grouping *lloom_check_grouping(lua_State *L, int index,
                                                 const struct loom_report *report) {
  const struct grouping *grouping = lloom_check_handle(L, index, GROUPING);
  luaL_argcheck(L, grouping->grouping.row_count == loom_report_count(report), index,
                "the grouping is of another report");
  return &grouping->grouping;
}

/* sizes(): how many rows each group has. */
static int sizes(lua_State *L) {
  const struct grouping *grouping = lloom_check_handle(L, 1, GROUPING);
  const struct loom_grouping *of = &grouping->grouping;
  lua_createtable(L, (int)of->count, 0);
  for (size_t group = 0; group < of->count; group++) {
    lua_pushinteger(L, (lua_Integer)loom_grouping_size(of, group));
    lua_rawseti(L, -2, (int)group + 1);
  }
  return 1;
}

/* tally(): how many values any row has, and how many rows have one. */
static int tally(lua_State *L) {
  const struct grouping *grouping = lloom_check_handle(L, 1, GROUPING);
  const struct loom_grouping *of = &grouping->grouping;
  lua_Integer values = 0, rows = 0;
  for (size_t group = 0; group + 1 < of->count; group++) {
    size_t size = loom_grouping_size(of, group);
    values += size > 0;
    rows += (lua_Integer)size;
  }
  lua_pushinteger(L, values);
  lua_pushinteger(L, rows);
  return 2;
}

void lloom_register_grouping(lua_State *L) {
  static const luaL_Reg methods[] = {{"sizes", sizes}, {"tally", tally}, {NULL, NULL}};
  lloom_new_type(L, GROUPING, methods, close_grouping);
}
