/*
** loom.column: what each of a report's rows has of an attribute, of its zone or its state: see column.h. One of an attribute is
** read in pieces, as a choice is.
*/
#include "binding.h"

#include "report/column.h"
#include "write/facts.h"

#include <stdlib.h>
#include <time.h>

#define COLUMN "loom.column"
#define LOOK_EVERY 64 /* rows between two looks at the clock: each takes some microseconds */

struct column {
  struct lloom_handle handle; /* of `column`, once it is there */
  struct loom_column column;
  size_t at; /* the first row that is not before the stores looked at so far */
};

static int close_column(lua_State *L) {
  struct column *column = lloom_take_handle(L, 1, COLUMN);
  if (column)
    loom_column_free(&column->column);
  return 0;
}

/* column(): in which no row of the report has a value. */
int lloom_report_column(lua_State *L) {
  const struct loom_report *report = lloom_check_complete(L);
  struct column *column = lloom_new_handle(L, COLUMN, sizeof *column);
  bool good = loom_column_init(&column->column, loom_report_count(report));
  column->handle.object = column;
  return good ? 1 : lloom_no_memory(L);
}

const struct loom_column *lloom_check_column(lua_State *L, int index,
                                             const struct loom_report *report) {
  const struct column *column = lloom_check_handle(L, index, COLUMN);
  luaL_argcheck(L, column->column.rows == loom_report_count(report), index,
                "the column is of another report");
  return &column->column;
}

/* The column at argument 1, and the report at 2, which is its own. */
static struct column *check_both(lua_State *L, const struct loom_report **report) {
  struct column *column = lloom_check_handle(L, 1, COLUMN);
  *report = lloom_check_complete_at(L, 2);
  lloom_check_column(L, 1, *report);
  return column;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool take_store(struct column *column, const struct loom_report *report,
                       const struct loom_fact *store) {
  return !store->store || !store->text || !store->wanted ||
         !loom_report_walk_to(report, &column->at, store->store, store->store_length) ||
         loom_column_set(&column->column, column->at, store->text, store->text_length);
}

/*
** take(report, facts, seconds [, most]): goes on with the stores that the facts' `choose` has started on; the values of those that
** are wanted it takes.
** True at their end, or where there are more than so many different ones; after so many seconds, if that comes first, false and the
** last id; nil and the failure. A few stores are taken however short the time is.
*/
static int take(lua_State *L) {
  loom_error error;
  loom_status status;
  struct loom_fact store;
  const struct loom_report *report;
  struct column *column = check_both(L, &report);
  loom_facts *facts = lloom_check_handle(L, 3, LLOOM_FACTS);
  double until = now() + luaL_checknumber(L, 4);
  int64_t most = lua_isnoneornil(L, 5) ? INT64_MAX : lloom_check_integer(L, 5);
  for (unsigned taken = 1; (status = loom_facts_next(facts, &store, &error)) == LOOM_OK; taken++) {
    if (!take_store(column, report, &store))
      return lloom_no_memory(L);
    if (column->column.count > most)
      break;
    if (taken % LOOK_EVERY == 0 && now() >= until) {
      lua_pushboolean(L, false);
      lua_pushlstring(L, store.store ? store.store : "", store.store_length);
      return 2;
    }
  }
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  if (!loom_column_end(&column->column))
    return lloom_no_memory(L);
  lua_pushboolean(L, true);
  return 1;
}

/* take_zones(report): the names of zones. */
static int take_zones(lua_State *L) {
  const struct loom_report *report;
  struct column *column = check_both(L, &report);
  return loom_column_of_zones(&column->column, report) ? 0 : lloom_no_memory(L);
}

/* take_states(report, status): the states of another report, whose values have ranks alone. */
static int take_states(lua_State *L) {
  const struct loom_report *report;
  struct column *column = check_both(L, &report);
  const struct loom_report *status = lloom_check_complete_at(L, 3);
  luaL_argcheck(L, loom_report_window_count(status) == 0, 3, "the report is not of states");
  return loom_column_of_states(&column->column, report, status) ? 0 : lloom_no_memory(L);
}

/* take_first_down(report): the bins of its strips in which stores were down first, which have ranks alone, too. */
static int take_first_down(lua_State *L) {
  const struct loom_report *report;
  struct column *column = check_both(L, &report);
  luaL_argcheck(L, loom_report_strip_bins(report) > 0, 2, "the report has no strips");
  loom_column_of_first_down(&column->column, report);
  return 0;
}

/* count(): how many different values there are. */
static int count(lua_State *L) {
  const struct column *column = lloom_check_handle(L, 1, COLUMN);
  lua_pushinteger(L, (lua_Integer)column->column.count);
  return 1;
}

/* values(): a list of them, in order of their bytes; nil where there are more than are kept. */
static int values(lua_State *L) {
  const struct column *column = lloom_check_handle(L, 1, COLUMN);
  size_t length;
  const struct loom_column *of = &column->column;
  if (of->count && !loom_column_value(of, 0, &length))
    return 0;
  lua_createtable(L, (int)of->count, 0);
  for (uint32_t rank = 0; rank < of->count; rank++) {
    const char *value = loom_column_value(of, rank, &length);
    lua_pushlstring(L, value, length);
    lua_rawseti(L, -2, (int)rank + 1);
  }
  return 1;
}

/* rank(row): the rank of a row's value, from 1; nil where it has none. */
static int rank(lua_State *L) {
  const struct column *column = lloom_check_handle(L, 1, COLUMN);
  int64_t row = lloom_check_integer(L, 2);
  luaL_argcheck(L, row >= 1 && (uint64_t)row <= column->column.rows, 2, "there is no such row");
  uint32_t found = column->column.ranks[row - 1];
  if (found == LOOM_NO_RANK)
    return 0;
  lua_pushinteger(L, (lua_Integer)found + 1);
  return 1;
}

/* size(): bytes of memory, of which Lua's collector does not know. */
static int size(lua_State *L) {
  const struct column *column = lloom_check_handle(L, 1, COLUMN);
  lua_pushinteger(L, (lua_Integer)loom_column_size(&column->column));
  return 1;
}

void lloom_register_column(lua_State *L) {
  static const luaL_Reg methods[] = {{"take", take},
                                     {"take_zones", take_zones},
                                     {"take_states", take_states},
                                     {"take_first_down", take_first_down},
                                     {"count", count},
                                     {"values", values},
                                     {"rank", rank},
                                     {"size", size},
                                     {NULL, NULL}};
  lloom_new_type(L, COLUMN, methods, close_column);
}
