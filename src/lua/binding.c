/*
** Handles, failures, options and rules.
*/
#include "binding.h"

#include "time/civil.h"
#include "measure/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lloom_no_memory(lua_State *L) {
  return luaL_error(L, "out of memory");
}

int lloom_failure(lua_State *L, const loom_error *error) {
  const char *name = loom_status_name(error->code);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", name, error->message);
  lua_pushstring(L, name);
  return 3;
}

int lloom_done(lua_State *L, loom_status status, const loom_error *error) {
  if (status != LOOM_OK)
    return lloom_failure(L, error);
  lua_pushboolean(L, 1);
  return 1;
}

void lloom_new_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__close");
  lua_newtable(L);
  lloom_set_functions(L, methods);
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "close");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* Lua states that share a registry are threads of one state. */
static const void *state_of(lua_State *L) {
  return lua_topointer(L, LUA_REGISTRYINDEX);
}

void *lloom_new_handle(lua_State *L, const char *type, size_t size) {
  struct lloom_handle *handle = lua_newuserdata(L, size);
  memset(handle, 0, size);
  handle->state = state_of(L);
  handle->process = getpid();
  lloom_set_metatable(L, type);
  return handle;
}

/* The first argument is a method's object: where it is none, the method was called as a function. */
static struct lloom_handle *check_type(lua_State *L, int index, const char *type) {
  if (index == 1 && !lloom_is(L, 1, type)) {
    const char *dot = strrchr(type, '.');
    luaL_error(L,
               "bad call of a method (a %s expected before it, got %s: write %s:method(...) with a "
               "colon)",
               type, lua_isnoneornil(L, 1) ? "nothing" : luaL_typename(L, 1), dot ? dot + 1 : type);
  }
  return luaL_checkudata(L, index, type);
}

void *lloom_check_memory_handle(lua_State *L, int index, const char *type) {
  struct lloom_handle *handle = check_type(L, index, type);
  if (!handle->object)
    luaL_error(L, "%s is closed", type);
  if (handle->state != state_of(L))
    luaL_error(L, "%s belongs to another Lua state", type);
  return handle->object;
}

void *lloom_check_handle(lua_State *L, int index, const char *type) {
  void *object = lloom_check_memory_handle(L, index, type);
  if (((struct lloom_handle *)lua_touserdata(L, index))->process != getpid())
    luaL_error(L, "%s belongs to another process: open it again after a fork", type);
  return object;
}

bool lloom_owns_handle(lua_State *L, const struct lloom_handle *handle) {
  return handle->process == getpid() && handle->state == state_of(L);
}

void *lloom_take_handle(lua_State *L, int index, const char *type) {
  struct lloom_handle *handle = check_type(L, index, type);
  void *object = lloom_owns_handle(L, handle) ? handle->object : NULL;
  handle->object = NULL;
  return object;
}

/* Pushes the option's value; false, with nothing pushed, if it is not given. */
static bool push_option(lua_State *L, int index, const char *name) {
  if (lua_isnoneornil(L, index))
    return false;
  luaL_checktype(L, index, LUA_TTABLE);
  index = lloom_absolute(L, index);
  lua_pushstring(L, name);
  lua_rawget(L, index); /* what __index makes up, nobody would keep alive */
  if (!lua_isnil(L, -1))
    return true;
  lua_pop(L, 1);
  return false;
}

static int bad_option(lua_State *L, const char *name, const char *expected) {
  return luaL_error(L, "bad option '%s' (%s expected, got %s)", name, expected,
                    luaL_typename(L, -1));
}

void lloom_check_options(lua_State *L, int index, const char *const *known) {
  if (lua_isnoneornil(L, index))
    return;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "bad options (names expected, got a %s key)", luaL_typename(L, -2));
    const char *name = lua_tostring(L, -2);
    bool found = false;
    for (size_t i = 0; known[i] && !found; i++)
      found = strcmp(known[i], name) == 0;
    if (!found)
      luaL_error(L, "unknown option '%s'", name);
    lua_pop(L, 1);
  }
}

void lloom_set_integer(lua_State *L, const char *name, int64_t value) {
  lloom_push_integer(L, value);
  lua_setfield(L, -2, name);
}

#ifndef LLOOM_EXACT

void lloom_push_integer(lua_State *L, int64_t value) {
  lua_pushinteger(L, value);
}

bool lloom_to_integer(lua_State *L, int index, int64_t *value) {
  int exact = 0;
  if (lua_type(L, index) == LUA_TNUMBER)
    *value = lua_tointegerx(L, index, &exact);
  return exact;
}

#else

void lloom_push_integer(lua_State *L, int64_t value) {
  char digits[24];
  if (value >= -LLOOM_EXACT && value <= LLOOM_EXACT) {
    lua_pushnumber(L, (lua_Number)value);
    return;
  }
  snprintf(digits, sizeof digits, "%" PRId64, value);
  lua_pushstring(L, digits);
}

/* A number that was pushed as text. */
static bool read_digits(lua_State *L, int index, int64_t *value) {
  char *end;
  const char *digits = lua_tostring(L, index);
  errno = 0;
  long long number = strtoll(digits, &end, 10);
  *value = number;
  return !errno && end != digits && !*end && (*value < -LLOOM_EXACT || *value > LLOOM_EXACT);
}

bool lloom_to_integer(lua_State *L, int index, int64_t *value) {
  if (lua_type(L, index) == LUA_TSTRING)
    return read_digits(L, index, value);
  if (lua_type(L, index) != LUA_TNUMBER)
    return false;
  double number = lua_tonumber(L, index);
  const double limit = 9223372036854775808.0; /* 2^63 */
  if (!(number >= -limit && number < limit) || floor(number) != number)
    return false;
  *value = (int64_t)number;
  return true;
}

#endif

const char *lloom_check_path(lua_State *L, int index) {
  size_t length;
  const char *path = luaL_checklstring(L, index, &length);
  luaL_argcheck(L, strlen(path) == length, index, "a path without NUL bytes expected");
  return path;
}

int64_t lloom_check_integer(lua_State *L, int index) {
  int64_t value = 0;
  if (!lloom_to_integer(L, index, &value))
    luaL_argerror(L, index, "whole number expected");
  return value;
}

static int bad_range(lua_State *L, const char *name, int64_t value, int64_t least, int64_t most) {
  char text[96];
  snprintf(text, sizeof text, "%lld is not between %lld and %lld", (long long)value,
           (long long)least, (long long)most);
  return luaL_error(L, "bad option '%s' (%s)", name, text);
}

int64_t lloom_option_integer(lua_State *L, int index, const char *name, int64_t fallback,
                             int64_t least, int64_t most) {
  int64_t value = 0;
  if (!push_option(L, index, name))
    return fallback;
  if (!lloom_to_integer(L, -1, &value))
    bad_option(L, name, "whole number");
  if (value < least || value > most)
    bad_range(L, name, value, least, most);
  lua_pop(L, 1);
  return value;
}

bool lloom_option_boolean(lua_State *L, int index, const char *name, bool fallback) {
  if (!push_option(L, index, name))
    return fallback;
  if (!lua_isboolean(L, -1))
    bad_option(L, name, "boolean");
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

/* The string stays valid as long as the options table holds it. */
const char *lloom_option_string(lua_State *L, int index, const char *name, const char *fallback) {
  if (!push_option(L, index, name))
    return fallback;
  if (lua_type(L, -1) != LUA_TSTRING)
    bad_option(L, name, "string");
  const char *value = lua_tostring(L, -1);
  if (strlen(value) != lua_rawlen(L, -1))
    luaL_error(L, "bad option '%s' (it holds a NUL byte)", name);
  lua_pop(L, 1);
  return value;
}

int lloom_option_choice(lua_State *L, int index, const char *name, int fallback,
                        const char *const *choices) {
  const char *value = lloom_option_string(L, index, name, NULL);
  if (!value)
    return fallback;
  for (int i = 0; choices[i]; i++)
    if (strcmp(choices[i], value) == 0)
      return i;
  lua_pushfstring(L, "bad option '%s' ('%s' is not one of", name, value);
  int parts = 1;
  for (int i = 0; choices[i]; i++, parts++)
    lua_pushfstring(L, "%s %s", i ? "," : "", choices[i]);
  lua_pushliteral(L, ")");
  lua_concat(L, parts + 1);
  return luaL_error(L, "%s", lua_tostring(L, -1));
}

void lloom_read_rules(lua_State *L, int index, struct loom_rules *rules) {
  int preset = lloom_option_choice(L, index, "preset", 0, loom_preset_names);
  loom_rules_preset(loom_preset_names[preset], rules);
  rules->fill =
      (enum loom_fill)lloom_option_choice(L, index, "fill", (int)rules->fill, loom_fill_names);
  rules->evidence = (enum loom_evidence)lloom_option_choice(
      L, index, "evidence", (int)rules->evidence, loom_evidence_names);
  rules->no_data = (enum loom_state)lloom_option_choice(L, index, "no_data", (int)rules->no_data,
                                                        loom_no_data_names);
  rules->slack = (int32_t)lloom_option_integer(L, index, "slack", rules->slack, 0, LOOM_SLACK_MAX);
  rules->max_gap =
      lloom_option_integer(L, index, "max_gap", rules->max_gap, LOOM_NO_MAX_GAP, LOOM_MAX_GAP_MAX);
}
