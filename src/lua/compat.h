/*
** The differences between Lua 5.4 and the 5.1 API of LuaJIT: the only place that knows of them.
*/
#ifndef LLOOM_COMPAT_H
#define LLOOM_COMPAT_H

#include <lua.h>
#include <lauxlib.h>

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

#else

#define lloom_set_functions(L, functions) luaL_setfuncs(L, functions, 0)
#define lloom_set_metatable(L, name) luaL_setmetatable(L, name)
#define lloom_absolute(L, index) lua_absindex(L, index)

#endif

/* A userdata that keeps another value alive: see lloom_anchor. */
static inline void *lloom_new_userdata(lua_State *L, size_t size) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, 1);
#else
  return lua_newuserdata(L, size);
#endif
}

/* Makes the userdata at `index` keep the value on top of the stack alive, and pops the value. */
static inline void lloom_anchor(lua_State *L, int index) {
  index = lloom_absolute(L, index);
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, index, 1);
#else
  lua_createtable(L, 1, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_setfenv(L, index);
#endif
}

#endif
