/*
** loom.staging: polls that come one by one, written in one transaction.
*/
#include "binding.h"

#include "time/civil.h"
#include "write/sink_sqlite.h"
#include "read/staging.h"

#define CAPACITY_MAX (1 << 20)

static int close_staging(lua_State *L) {
  loom_staging_free(lloom_take_handle(L, 1, LLOOM_STAGING));
  return 0;
}

/* staging(count): room for about so many polls; more are kept in a file. */
int lloom_staging(lua_State *L) {
  int64_t count = lloom_check_integer(L, 1);
  struct loom_staging_options options = {.kind = LOOM_POLLS,
                                         .sort_capacity = count < 1              ? 1
                                                          : count > CAPACITY_MAX ? CAPACITY_MAX
                                                                                 : (size_t)count};
  struct lloom_handle *handle = lloom_new_handle(L, LLOOM_STAGING, sizeof *handle);
  handle->object = loom_staging_new(&options);
  return handle->object ? 1 : lloom_no_memory(L);
}

/* add(id, active, instant): the instant is in microseconds. */
static int add(lua_State *L) {
  loom_error error;
  size_t length;
  loom_staging *staging = lloom_check_handle(L, 1, LLOOM_STAGING);
  const char *id = luaL_checklstring(L, 2, &length);
  bool active = lua_toboolean(L, 3);
  int64_t instant = lloom_check_integer(L, 4);
  luaL_argcheck(L, length >= 1 && length <= LOOM_ID_MAX, 2,
                "1 to " LOOM_TEXT_OF(LOOM_ID_MAX) " bytes expected");
  luaL_argcheck(L, instant >= LOOM_INSTANT_MIN && instant <= LOOM_INSTANT_MAX, 4,
                "outside the years 1 to 9999");
  return lloom_done(L, loom_staging_add_poll(staging, id, length, active, instant, &error), &error);
}

/*
** apply(database): writes all within a write transaction, after which nothing can be added; how many were new, duplicates,
** conflicts. When the transaction has failed, it can be called again in another.
*/
static int apply(lua_State *L) {
  loom_error error;
  loom_staging *staging = lloom_check_handle(L, 1, LLOOM_STAGING);
  loom_database *database = lloom_check_handle(L, 2, LLOOM_DATABASE);
  loom_sink *sink = loom_sink_of(database);
  if (!sink)
    return lloom_no_memory(L);
  loom_staging_complete(staging);
  loom_status status = loom_sink_apply_all(sink, staging, &error);
  loom_sink_free(sink);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)staging->counts.added);
  lua_pushinteger(L, (lua_Integer)staging->counts.duplicates);
  lua_pushinteger(L, (lua_Integer)staging->counts.conflicts);
  return 3;
}

void lloom_register_staging(lua_State *L) {
  static const luaL_Reg methods[] = {{"add", add}, {"apply", apply}, {NULL, NULL}};
  lloom_new_type(L, LLOOM_STAGING, methods, close_staging);
}
