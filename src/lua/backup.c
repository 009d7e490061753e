/*
** loom.backup: a backup that is under way.
*/
#include "binding.h"

#include "sqlite/backup.h"

#define BACKUP "loom.backup"

static int close_backup(lua_State *L) {
  loom_backup_free(lloom_take_handle(L, 1, BACKUP));
  return 0;
}

/* backup(database, path, replace): see loom_backup_new. */
int lloom_backup(lua_State *L) {
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  const char *path = lloom_check_path(L, 2);
  struct lloom_handle *handle = lloom_new_handle(L, BACKUP, sizeof *handle);
  loom_status status =
      loom_backup_new(database, path, lua_toboolean(L, 3), (loom_backup **)&handle->object, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* step(bytes): true when all is copied, or false; and how many bytes are copied, of how many. */
static int step(lua_State *L) {
  loom_error error;
  int64_t done, total;
  loom_backup *backup = lloom_check_handle(L, 1, BACKUP);
  int64_t bytes = lloom_check_integer(L, 2);
  luaL_argcheck(L, bytes > 0, 2, "positive expected");
  loom_status status = loom_backup_step(backup, bytes, &done, &total, &error);
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  lua_pushboolean(L, status == LOOM_DONE);
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)total);
  return 3;
}

static int commit(lua_State *L) {
  loom_error error;
  return lloom_done(L, loom_backup_commit(lloom_check_handle(L, 1, BACKUP), &error), &error);
}

void lloom_register_backup(lua_State *L) {
  static const luaL_Reg methods[] = {{"step", step}, {"commit", commit}, {NULL, NULL}};
  lloom_new_type(L, BACKUP, methods, close_backup);
}
