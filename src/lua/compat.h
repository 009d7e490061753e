/*
** The differences between the APIs of Lua 5.1, which LuaJIT has, and 5.4: the only place that knows of them.
*/
#ifndef LLOOM_COMPAT_H
#define LLOOM_COMPAT_H

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM < 503

/* All numbers are doubles: whole ones beyond this come and go as text of their digits, so that none is rounded. */
#define LLOOM_EXACT ((int64_t)1 << 53)

#endif

#if LUA_VERSION_NUM < 502

#define lua_rawlen(L, index) lua_objlen(L, index)

static inline void lloom_set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

static inline void lloom_set_metatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

static inline int lloom_absolute(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

/* Calls function(context) from outside of Lua. Where it fails the error is on the stack. */
static inline int lloom_protected_call(lua_State *L, lua_CFunction function, void *context) {
  return lua_cpcall(L, function, context);
}

#else

#define lloom_set_functions(L, functions) luaL_setfuncs(L, functions, 0)
#define lloom_set_metatable(L, name) luaL_setmetatable(L, name)
#define lloom_absolute(L, index) lua_absindex(L, index)

static inline int lloom_protected_call(lua_State *L, lua_CFunction function, void *context) {
  lua_pushcfunction(L, function); /* as light values neither needs memory */
  lua_pushlightuserdata(L, context);
  return lua_pcall(L, 1, 0, 0);
}

#endif

/* Whether the value is a userdata with the metatable of that name; Lua 5.1 has no luaL_testudata. */
static inline int lloom_is(lua_State *L, int index, const char *name) {
  if (!lua_touserdata(L, index) || !lua_getmetatable(L, index))
    return 0;
  luaL_getmetatable(L, name);
  int same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

#endif
