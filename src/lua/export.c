/*
** loom.export: what the database holds, as CSV.
*/
#include "binding.h"

#include "sqlite/export.h"

#define EXPORT "loom.export"

static int close_export(lua_State *L) {
  loom_export_free(lloom_take_handle(L, 1, EXPORT));
  return 0;
}

/* export(database, kind) */
int lloom_export(lua_State *L) {
  loom_error error;
  enum loom_kind kind;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  if (!loom_kind_from_name(luaL_checkstring(L, 2), &kind))
    return luaL_argerror(L, 2, "no such kind of data");
  struct lloom_handle *handle = lloom_new_handle(L, EXPORT, sizeof *handle);
  loom_status status = loom_export_new(database, kind, (loom_export **)&handle->object, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* next(): the next stretch of text, or false at the end. */
static int next(lua_State *L) {
  loom_error error;
  const char *text;
  size_t length;
  loom_status status = loom_export_next(lloom_check_handle(L, 1, EXPORT), &text, &length, &error);
  if (status == LOOM_OK)
    lua_pushlstring(L, text, length);
  else if (status == LOOM_DONE)
    lua_pushboolean(L, 0);
  else
    return lloom_failure(L, &error);
  return 1;
}

void lloom_register_export(lua_State *L) {
  static const luaL_Reg methods[] = {{"next", next}, {NULL, NULL}};
  lloom_new_type(L, EXPORT, methods, close_export);
}
