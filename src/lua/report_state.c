/*
** Methods of loom.report that tell what stores are, of a report of states.
*/
#include "binding.h"

#include "report/state_order.h"
#include "report/state_text.h"

#include <string.h>

static const struct loom_report *check_states(lua_State *L) {
  const struct loom_report *report = lloom_check_complete(L);
  if (loom_report_window_count(report) > 0)
    luaL_error(L, "the report is not of states");
  return report;
}

/* state(row): the state's name; since when, and the last poll, in microseconds, or nil; and whether the store is dormant. */
int lloom_report_state(lua_State *L) {
  const struct loom_report *report = check_states(L);
  const struct loom_store_state *state = loom_report_state(report, lloom_check_row(L, 2, report));
  lua_pushstring(L, loom_state_name(state->standing.state));
  if (state->standing.has_since)
    lloom_push_integer(L, state->standing.since);
  else
    lua_pushnil(L);
  if (state->has_last_poll)
    lloom_push_integer(L, state->last_poll);
  else
    lua_pushnil(L);
  lua_pushboolean(L, state->is_dormant);
  return 4;
}

/* The states that the list in field `states` names; nil: all. */
static void read_states(lua_State *L, int index, bool *wanted) {
  lua_getfield(L, index, "states");
  bool all = lua_isnil(L, -1);
  size_t count = all ? 0 : lua_rawlen(L, -1);
  for (int state = 0; state < LOOM_STATES; state++)
    wanted[state] = all;
  for (size_t i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, (int)i);
    const char *name = luaL_checkstring(L, -1);
    for (int state = 0; state < LOOM_STATES; state++)
      wanted[state] = wanted[state] || strcmp(name, loom_state_names[state]) == 0;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

void lloom_read_state_filter(lua_State *L, int index, struct loom_state_filter *filter) {
  luaL_checktype(L, index, LUA_TTABLE);
  *filter = (struct loom_state_filter){.only = NULL};
  read_states(L, index, filter->states);
  filter->dormant = lloom_option_boolean(L, index, "dormant", true);
  filter->others = lloom_option_boolean(L, index, "others", true);
  filter->lasted_from = lloom_option_integer(L, index, "lasted_from", 0, 0, INT64_MAX);
  filter->lasted_to = lloom_option_integer(L, index, "lasted_to", INT64_MAX, 0, INT64_MAX);
  filter->has_lasted = filter->lasted_from > 0 || filter->lasted_to < INT64_MAX;
}

/*
** state_order{[states, dormant, others, lasted_from, lasted_to, sort, descending, only, first, limit]}: numbers of rows, and how many
** there are without `first`, which is the place of the first one, and `limit`. See state_order.h.
*/
int lloom_report_state_order(lua_State *L) {
  static const char *const known[] = {"states",     "dormant", "others", "lasted_from",
                                      "lasted_to",  "sort",    "only",   "first",
                                      "descending", "limit",   NULL};
  static const char *const sorts[] = {"store_id", "since", "last_poll", NULL};
  struct loom_state_filter filter;
  const struct loom_report *report = check_states(L);
  size_t count;
  lloom_read_state_filter(L, 2, &filter);
  lloom_check_options(L, 2, known);
  enum loom_state_key key =
      (enum loom_state_key)lloom_option_choice(L, 2, "sort", LOOM_BY_STORE_ID, sorts);
  bool descending = lloom_option_boolean(L, 2, "descending", false);
  lua_getfield(L, 2, "only");
  filter.only = lloom_check_choice(L, lua_gettop(L), report);
  size_t first = (size_t)lloom_option_integer(L, 2, "first", 1, 1, INT64_MAX) - 1;
  size_t limit = (size_t)lloom_option_integer(L, 2, "limit", INT64_MAX, 0, INT64_MAX);
  size_t *rows = lua_newuserdata(L, (loom_report_count(report) + 1) * sizeof *rows);
  if (!loom_state_order(report, &filter, key, descending, rows, &count))
    return lloom_no_memory(L);
  size_t left = first < count ? count - first : 0, shown = left < limit ? left : limit;
  lua_createtable(L, (int)shown, 0);
  for (size_t i = 0; i < shown; i++) {
    lua_pushinteger(L, (lua_Integer)rows[first + i] + 1);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)count);
  return 2;
}

/*
** state_rows(rows, first, count, format, ending): so many of the rows in a list of their numbers, from the place `first` on, fewer at
** the end, as text: see state_text.h. Each ends with `ending`.
*/
int lloom_report_state_rows(lua_State *L) {
  static const char *const formats[] = {"csv", "harmless_csv", "json", NULL};
  const struct loom_report *report = check_states(L);
  struct loom_text *text = lloom_report_text(L);
  size_t ending_length, listed;
  luaL_checktype(L, 2, LUA_TTABLE);
  int64_t first = lloom_check_integer(L, 3), count = lloom_check_integer(L, 4);
  luaL_argcheck(L, first >= 1 && count >= 0, 3, "no such rows");
  enum loom_state_format format = (enum loom_state_format)luaL_checkoption(L, 5, NULL, formats);
  const char *ending = luaL_checklstring(L, 6, &ending_length);
  listed = lua_rawlen(L, 2);
  for (uint64_t at = (uint64_t)first; at <= listed && at < (uint64_t)first + (uint64_t)count;
       at++) {
    lua_rawgeti(L, 2, (int)at);
    size_t row = lloom_check_row(L, -1, report);
    lua_pop(L, 1);
    if (!loom_state_put_row(report, row, format, text) || !loom_text_reserve(text, ending_length))
      return lloom_no_memory(L);
    loom_text_put(text, ending, ending_length);
  }
  lua_pushlstring(L, text->length ? text->bytes : "", text->length);
  return 1;
}

static void push_counts(lua_State *L, const size_t *counts) {
  lua_createtable(L, 0, LOOM_STATES);
  for (int state = 0; state < LOOM_STATES; state++)
    lloom_set_integer(L, loom_state_names[state], (int64_t)counts[state]);
}

/* state_counts([only]): how many stores that are not dormant are in each state, and how many of those that are. */
int lloom_report_state_counts(lua_State *L) {
  struct loom_state_counts counts;
  const struct loom_report *report = check_states(L);
  loom_state_count(report, lloom_check_choice(L, 2, report), &counts);
  push_counts(L, counts.others);
  push_counts(L, counts.dormant);
  return 2;
}

/*
** state_counts_by(column [, only]): a list of the same for each value of a column, each a table of `counts` and `dormant`.
*/
int lloom_report_state_counts_by(lua_State *L) {
  const struct loom_report *report = check_states(L);
  const struct loom_column *column = lloom_check_column(L, 2, report);
  const unsigned char *only = lloom_check_choice(L, 3, report);
  struct loom_state_counts *counts = lua_newuserdata(L, (column->count + 1) * sizeof *counts);
  loom_state_count_by(report, column, only, counts);
  lua_createtable(L, (int)column->count, 0);
  for (uint32_t rank = 0; rank < column->count; rank++) {
    lua_createtable(L, 0, 2);
    push_counts(L, counts[rank].others);
    lua_setfield(L, -2, "counts");
    push_counts(L, counts[rank].dormant);
    lua_setfield(L, -2, "dormant");
    lua_rawseti(L, -2, (int)rank + 1);
  }
  return 1;
}
