/*
** Processes, for Lua: ids, when one was started, what it may have.
*/
#include "binding.h"

#include "base/platform.h"

#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* process_id(): of this process. */
static int process_id(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

/* user_id(): of the user whose rights this process has. */
static int user_id(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)geteuid());
  return 1;
}

/* user_name(): that user's; the digits of the id where it has no name. */
static int user_name(lua_State *L) {
  char texts[1024], digits[24]; /* a name, a folder and a shell, and what else there is of a user */
  struct passwd user, *found = NULL;
  if (getpwuid_r(geteuid(), &user, texts, sizeof texts, &found) != 0 || !found) {
    snprintf(digits, sizeof digits, "%lu", (unsigned long)geteuid());
    lua_pushstring(L, digits);
  } else {
    lua_pushstring(L, user.pw_name);
  }
  return 1;
}

/* process_start(id): digits that no later process with the same id has; nil where there is none, or that cannot be told. */
static int process_start(lua_State *L) {
  char digits[24];
  uint64_t start;
  int64_t pid = lloom_check_integer(L, 1);
  if (pid < 1 || pid > INT_MAX || !loom_process_start((pid_t)pid, &start))
    return 0;
  snprintf(digits, sizeof digits, "%" PRIu64, start);
  lua_pushstring(L, digits);
  return 1;
}

/* process_space(): the name of the space in which process ids mean what they mean here. See platform.h. */
static int process_space(lua_State *L) {
  char name[LOOM_PROCESS_SPACE_SIZE];
  loom_process_space(name);
  lua_pushstring(L, name);
  return 1;
}

/* descriptors(): how many this process may have, and how many it may raise that to; nil for a number without a limit. */
static int descriptors(lua_State *L) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 0;
  const rlim_t both[] = {limit.rlim_cur, limit.rlim_max};
  for (int i = 0; i < 2; i++)
    if (both[i] == RLIM_INFINITY)
      lua_pushnil(L);
    else
      lua_pushinteger(L, (lua_Integer)both[i]);
  return 2;
}

void lloom_add_processes(lua_State *L) {
  static const luaL_Reg functions[] = {{"process_id", process_id},
                                       {"user_id", user_id},
                                       {"user_name", user_name},
                                       {"process_start", process_start},
                                       {"process_space", process_space},
                                       {"descriptors", descriptors},
                                       {NULL, NULL}};
  lloom_set_functions(L, functions);
}
