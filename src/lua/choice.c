/*
** loom.choice: some of a report's rows, chosen by facts, in pieces: whoever has others waiting chooses for a while, lets
** them have their turn, and goes on.
*/
#include "binding.h"

#include "report/state_order.h"
#include "time/zone.h"
#include "write/facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHOICE "loom.choice"
#define LOOK_EVERY                                                                                 \
  16 /* rows between two looks at the clock: a pattern may take 0.1 ms to be compared with one id */

struct choice {
  struct lloom_handle handle; /* of `chosen` */
  size_t rows, count;
  size_t at; /* the first row that is not before the stores looked at so far */
};

static int close_choice(lua_State *L) {
  free(lloom_take_handle(L, 1, CHOICE));
  return 0;
}

/* choice(): of none of the report's rows. */
int lloom_report_choice(lua_State *L) {
  const struct loom_report *report = lloom_check_complete(L);
  struct choice *choice = lloom_new_handle(L, CHOICE, sizeof *choice);
  choice->rows = loom_report_count(report);
  choice->count = choice->at = 0;
  choice->handle.object = calloc(choice->rows + 1, 1);
  return choice->handle.object ? 1 : lloom_no_memory(L);
}

const unsigned char *lloom_check_choice(lua_State *L, int index, const struct loom_report *report) {
  if (lua_isnoneornil(L, index))
    return NULL;
  const unsigned char *chosen = lloom_check_handle(L, index, CHOICE);
  const struct choice *choice = lua_touserdata(L, index);
  luaL_argcheck(L, choice->rows == loom_report_count(report), index,
                "the choice is of another report");
  return chosen;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void choose(struct choice *choice, const struct loom_report *report,
                   const struct loom_fact *store) {
  unsigned char *chosen = choice->handle.object;
  if (!store->store ||
      !loom_report_walk_to(report, &choice->at, store->store, store->store_length) ||
      !store->wanted)
    return;
  choice->count += !chosen[choice->at];
  chosen[choice->at] = 1;
}

/*
** take(report, facts, seconds): goes on with the stores that the facts' `choose` has started on. True at their end; after so many
** seconds, if that comes first, false and the last id; nil and the failure. A few stores are taken however short the time is.
*/
static int take(lua_State *L) {
  loom_error error;
  loom_status status;
  struct loom_fact store;
  lloom_check_handle(L, 1, CHOICE);
  struct choice *choice = lua_touserdata(L, 1);
  lua_pushvalue(L, 1); /* stays */
  lua_pushvalue(L, 2);
  lua_replace(L, 1); /* where a report is looked for */
  const struct loom_report *report = lloom_check_complete(L);
  luaL_argcheck(L, choice->rows == loom_report_count(report), 2, "the choice is of another report");
  loom_facts *facts = lloom_check_handle(L, 3, LLOOM_FACTS);
  double until = now() + luaL_checknumber(L, 4);
  for (unsigned taken = 1; (status = loom_facts_next(facts, &store, &error)) == LOOM_OK; taken++) {
    choose(choice, report, &store);
    if (taken % LOOK_EVERY == 0 && now() >= until) {
      lua_pushboolean(L, false);
      lua_pushlstring(L, store.store ? store.store : "", store.store_length);
      return 2;
    }
  }
  if (status != LOOM_DONE)
    return lloom_failure(L, &error);
  lua_pushboolean(L, true);
  return 1;
}

/* The choice at argument 1 and the rows to choose from, of the report at argument 2. */
static struct choice *check_rows(lua_State *L, const struct loom_report *report, int only_index,
                                 const unsigned char **only) {
  lloom_check_handle(L, 1, CHOICE);
  struct choice *choice = lua_touserdata(L, 1);
  luaL_argcheck(L, choice->rows == loom_report_count(report), 2, "the choice is of another report");
  *only = lloom_check_choice(L, only_index, report);
  return choice;
}

static void set(struct choice *choice, size_t row, bool is_chosen) {
  unsigned char *chosen = choice->handle.object;
  choice->count += is_chosen;
  chosen[row] = is_chosen;
}

/*
** take_states(report, status, filter [, only]): chooses those of a report's rows, or of its rows in the choice `only`, whose
** stores a filter of states lets through: see report_state.c. Those that have no state are none of them.
*/
static int take_states(lua_State *L) {
  struct loom_state_filter filter;
  const unsigned char *only;
  const struct loom_report *report = lloom_check_complete_at(L, 2);
  const struct loom_report *status = lloom_check_complete_at(L, 3);
  luaL_argcheck(L, loom_report_window_count(status) == 0, 3, "the report is not of states");
  lloom_read_state_filter(L, 4, &filter);
  struct choice *choice = check_rows(L, report, 5, &only);
  for (size_t row = 0, at = 0; row < choice->rows; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    set(choice, row,
        (!only || only[row]) && loom_report_walk_to(status, &at, id, length) &&
            loom_state_is_wanted(&filter, loom_report_state(status, at),
                                 loom_report_as_of(status)));
  }
  return 0;
}

/*
** take_zones(report, {zone, …} [, only]): chooses those of a report's rows, or of its rows in the choice `only`, whose stores are
** in one of some zones, by the names that they have them by.
*/
static int take_zones(lua_State *L) {
  const unsigned char *only;
  const struct loom_report *report = lloom_check_complete_at(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  size_t zones = lua_rawlen(L, 3);
  struct choice *choice = check_rows(L, report, 4, &only);
  const char **names = lua_newuserdata(L, (zones + 1) * sizeof *names);
  for (size_t i = 0; i < zones; i++) {
    lua_rawgeti(L, 3, (int)i + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 3, "names of zones expected");
    names[i] = lua_tostring(L, -1); /* the list keeps it */
    lua_pop(L, 1);
  }
  for (size_t row = 0; row < choice->rows; row++) {
    bool is_chosen = false;
    const char *name = loom_zone_name(loom_report_zone(report, row));
    for (size_t i = 0; (!only || only[row]) && !is_chosen && i < zones; i++)
      is_chosen = strcmp(name, names[i]) == 0;
    set(choice, row, is_chosen);
  }
  return 0;
}

/*
** take_ids(report, {id, …} [, only]): chooses those of a report's rows, or of its rows in the choice `only`, whose stores have one
** of some ids.
*/
static int take_ids(lua_State *L) {
  const unsigned char *only;
  const struct loom_report *report = lloom_check_complete_at(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  size_t ids = lua_rawlen(L, 3);
  struct choice *choice = check_rows(L, report, 4, &only);
  const unsigned char *chosen = choice->handle.object;
  for (size_t i = 0; i < ids; i++) {
    size_t length, row;
    lua_rawgeti(L, 3, (int)i + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 3, "ids of stores expected");
    const char *id = lua_tolstring(L, -1, &length);
    if (loom_report_find(report, id, length, &row) && (!only || only[row]) && !chosen[row])
      set(choice, row, true);
    lua_pop(L, 1);
  }
  return 0;
}

/* count(): how many rows are chosen. */
static int count(lua_State *L) {
  lloom_check_handle(L, 1, CHOICE);
  lua_pushinteger(L, (lua_Integer)((struct choice *)lua_touserdata(L, 1))->count);
  return 1;
}

/* size(): bytes of memory, of which Lua's collector does not know. */
static int size(lua_State *L) {
  lloom_check_handle(L, 1, CHOICE);
  lua_pushinteger(L, (lua_Integer)((struct choice *)lua_touserdata(L, 1))->rows + 1);
  return 1;
}

void lloom_register_choice(lua_State *L) {
  static const luaL_Reg methods[] = {{"take", take},
                                     {"take_states", take_states},
                                     {"take_zones", take_zones},
                                     {"take_ids", take_ids},
                                     {"count", count},
                                     {"size", size},
                                     {NULL, NULL}};
  lloom_new_type(L, CHOICE, methods, close_choice);
}
