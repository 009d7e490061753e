/*
** loom.poll_batch: polls that come one by one, written in one transaction.
*/
#include "binding.h"

#include "../core/civil.h"
#include "../core/poll_batch.h"

#define CAPACITY_MAX (1 << 20)

static int close_batch(lua_State *L) {
  loom_poll_batch_free(lloom_take_handle(L, 1, LLOOM_POLL_BATCH));
  return 0;
}

/* poll_batch(count): room for about so many polls; more are kept in a file. */
int lloom_poll_batch(lua_State *L) {
  int64_t count = lloom_check_integer(L, 1);
  size_t capacity = count < 1 ? 1 : count > CAPACITY_MAX ? CAPACITY_MAX : (size_t)count;
  struct lloom_handle *handle = lloom_new_handle(L, LLOOM_POLL_BATCH, sizeof *handle);
  handle->object = loom_poll_batch_new(capacity);
  return handle->object ? 1 : luaL_error(L, "out of memory");
}

/* add(id, active, instant): the instant is in microseconds. */
static int add(lua_State *L) {
  loom_error error;
  size_t length;
  loom_poll_batch *batch = lloom_check_handle(L, 1, LLOOM_POLL_BATCH);
  const char *id = luaL_checklstring(L, 2, &length);
  bool active = lua_toboolean(L, 3);
  int64_t instant = lloom_check_integer(L, 4);
  luaL_argcheck(L, length >= 1 && length <= LOOM_ID_MAX, 2, "1 to 255 bytes expected");
  luaL_argcheck(L, instant >= LOOM_INSTANT_MIN && instant <= LOOM_INSTANT_MAX, 4,
                "outside the years 1 to 9999");
  if (loom_poll_batch_add(batch, id, length, active, instant, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* apply(database): writes all within a write transaction; how many were new, duplicates, conflicts. */
static int apply(lua_State *L) {
  loom_error error;
  struct loom_ingest_counts counts;
  loom_poll_batch *batch = lloom_check_handle(L, 1, LLOOM_POLL_BATCH);
  loom_database *database = lloom_check_handle(L, 2, LLOOM_DATABASE);
  if (loom_poll_batch_apply(batch, database, &counts, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)counts.added);
  lua_pushinteger(L, (lua_Integer)counts.duplicates);
  lua_pushinteger(L, (lua_Integer)counts.conflicts);
  return 3;
}

void lloom_register_poll_batch(lua_State *L) {
  static const luaL_Reg methods[] = {{"add", add}, {"apply", apply}, {NULL, NULL}};
  lloom_new_type(L, LLOOM_POLL_BATCH, methods, close_batch);
}
