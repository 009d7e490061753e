/*
** loom.output: a file that is complete or as it was.
*/
#include "binding.h"

#include "base/atomic_file.h"

#define OUTPUT "loom.output"

static int close_output(lua_State *L) {
  loom_atomic_file_free(lloom_take_handle(L, 1, OUTPUT));
  return 0;
}

/* output(path): see loom_atomic_file_new. */
int lloom_output(lua_State *L) {
  loom_error error;
  const char *path = lloom_check_path(L, 1);
  struct lloom_handle *handle = lloom_new_handle(L, OUTPUT, sizeof *handle);
  loom_status status =
      loom_atomic_file_new(path, false, (loom_atomic_file **)&handle->object, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* write(text) */
static int write_text(lua_State *L) {
  loom_error error;
  size_t size;
  loom_atomic_file *file = lloom_check_handle(L, 1, OUTPUT);
  const char *text = luaL_checklstring(L, 2, &size);
  return lloom_done(L, loom_atomic_file_write(file, text, size, &error), &error);
}

/* commit(): puts the file in its place, and closes it; one that is only closed is dropped. */
static int commit(lua_State *L) {
  loom_error error;
  lloom_check_handle(L, 1, OUTPUT);
  loom_atomic_file *file = lloom_take_handle(L, 1, OUTPUT);
  loom_status status = loom_atomic_file_commit(file, &error);
  loom_atomic_file_free(file);
  return lloom_done(L, status, &error);
}

void lloom_register_output(lua_State *L) {
  static const luaL_Reg methods[] = {{"write", write_text}, {"commit", commit}, {NULL, NULL}};
  lloom_new_type(L, OUTPUT, methods, close_output);
}
