/*
** loom.walk: the openings of stores, date by date, for those who change them for one report.
*/
#include "binding.h"

#include "measure/source.h"
#include "sqlite/database.h"
#include "time/civil.h"

#define WALK "loom.walk"

struct walk {
  struct lloom_handle handle; /* of a loom_source */
  struct loom_common common;
  struct loom_store store;
  struct loom_schedule schedule; /* of the store */
  int32_t first, last;           /* local dates */
};

static int close_walk(lua_State *L) {
  loom_source *source = lloom_take_handle(L, 1, WALK);
  if (source) {
    struct walk *walk = lua_touserdata(L, 1);
    loom_common_free(&walk->common);
    loom_store_free(&walk->store);
    loom_source_free(source);
  }
  return 0;
}

/*
** walk(database, from, to): starts on all stores that have polls, hours or a zone, and the local dates whose openings may
** reach into [from, to), in microseconds. A write on the database ends the walk.
*/
int lloom_walk(lua_State *L) {
  loom_error error;
  uint64_t count;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  struct loom_source_query query = {.from = lloom_check_integer(L, 2),
                                    .to = lloom_check_integer(L, 3),
                                    .no_polls = true,
                                    .selection.all_stores = true};
  struct walk *walk = lloom_new_handle(L, WALK, sizeof *walk);
  loom_schedule_dates(query.from, query.to, &walk->first, &walk->last);
  loom_source *source = lloom_source(database, true);
  if (!source)
    return lloom_no_memory(L);
  walk->handle.object = source;
  loom_status status = loom_source_snapshot(source, &error);
  if (status == LOOM_OK)
    status = loom_source_select(source, &query, &walk->common, &count, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* next(): the next store's id, and the first and last date as days since 1970-01-01; nil at the end. */
static int next(lua_State *L) {
  loom_error error;
  loom_source *source = lloom_check_handle(L, 1, WALK);
  struct walk *walk = lua_touserdata(L, 1);
  loom_status status = loom_source_next(source, &walk->store, &error);
  if (status == LOOM_DONE)
    return 0;
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  walk->schedule = (struct loom_schedule){.hours = walk->store.hours.items,
                                          .hours_count = walk->store.hours.count,
                                          .own_days = walk->store.special_days.items,
                                          .own_days_count = walk->store.special_days.count,
                                          .all_days = walk->common.special_days.items,
                                          .all_days_count = walk->common.special_days.count};
  lua_pushlstring(L, walk->store.id, walk->store.id_length);
  lua_pushinteger(L, walk->first);
  lua_pushinteger(L, walk->last);
  return 3;
}

static bool count_opening(void *context, int32_t date, int32_t open, int32_t close) {
  (void)date;
  (void)open;
  (void)close;
  ++*(size_t *)context;
  return true;
}

struct openings {
  struct {
    int32_t open, close;
  } * items;
  size_t count;
};

static bool take_opening(void *context, int32_t date, int32_t open, int32_t close) {
  struct openings *openings = context;
  (void)date;
  openings->items[openings->count].open = open;
  openings->items[openings->count++].close = close;
  return true;
}

/* openings(date): a flat list of open and close, in seconds since midnight. */
static int openings(lua_State *L) {
  enum loom_origin origin;
  struct openings openings = {0};
  size_t count = 0;
  lloom_check_handle(L, 1, WALK);
  const struct walk *walk = lua_touserdata(L, 1);
  int64_t date = lloom_check_integer(L, 2);
  luaL_argcheck(L, date >= walk->first && date <= walk->last, 2, "outside of the walk");
  /* Counted first: the list is a userdata, since what Lua does may raise an error and free nothing else. */
  loom_schedule_date(&walk->schedule, (int32_t)date, 1, count_opening, &count, &origin);
  openings.items = lua_newuserdata(L, (count + 1) * sizeof *openings.items);
  loom_schedule_date(&walk->schedule, (int32_t)date, 1, take_opening, &openings, &origin);
  lua_createtable(L, (int)count * 2, 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushinteger(L, openings.items[i].open);
    lua_rawseti(L, -2, (int)(2 * i + 1));
    lua_pushinteger(L, openings.items[i].close);
    lua_rawseti(L, -2, (int)(2 * i + 2));
  }
  return 1;
}

void lloom_register_walk(lua_State *L) {
  static const luaL_Reg methods[] = {{"next", next}, {"openings", openings}, {NULL, NULL}};
  lloom_new_type(L, WALK, methods, close_walk);
}
