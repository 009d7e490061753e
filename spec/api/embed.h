/*
** What tests of the native module share: Lua 5.4 states in which it is loaded as any program would load it, and handles
** of every kind to use there.
*/
#ifndef EMBED_H
#define EMBED_H

#include "storage.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* Sets package.cpath to the module that was built, and package.path to the Lua files. */
static inline void set_paths(lua_State *L) {
  const char *build = getenv("LOOM_BUILD");
  lua_getglobal(L, "package");
  lua_pushfstring(L, "%s/lua5.4/?.so", build ? build : "build");
  lua_setfield(L, -2, "cpath");
  lua_pushliteral(L, "lua/?.lua;lua/?/init.lua");
  lua_setfield(L, -2, "path");
  lua_pop(L, 1);
}

/* Runs a script; what it returns is left on the stack. A script that raises fails the test. */
static inline void run(lua_State *L, const char *script) {
  if (luaL_loadbuffer(L, script, strlen(script), "=script") != LUA_OK ||
      lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK)
    fail_msg("%s", lua_tostring(L, -1));
}

/* A state with the module and what prelude.lua has as globals, and a database at `path` in mind. */
static inline lua_State *new_state(const char *path) {
  lua_State *L = luaL_newstate();
  assert_non_null(L);
  luaL_openlibs(L);
  set_paths(L);
  lua_pushstring(L, path);
  lua_setglobal(L, "path");
  run(L, "for name, value in pairs(dofile 'spec/api/prelude.lua') do _G[name] = value end");
  return L;
}

#endif
