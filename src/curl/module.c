/*
** loom.curl: requests and mails, many at a time. A module of its own, so that only who sends needs libcurl.
**
**   local transfers = curl.transfers { "127.0.0.1", "10.0.0.0/8" }
**   local number = transfers:start { url = "https://example.org/", body = "{}", headers = { "Content-Type: application/json" } }
**   transfers:wait(1000)
**   for answer in transfers.next, transfers do ... end
*/
#include "lua/binding.h"

#include "net/transfer.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdlib.h>

#define TRANSFERS "loom.transfers"

#define LIST_MAX 100    /* headers, or recipients, of one request */
#define RANGES_MAX 1000 /* that are allowed */

static int close_transfers(lua_State *L) {
  loom_transfers_free(lloom_take_handle(L, 1, TRANSFERS));
  return 0;
}

/* transfers([allowed]): `allowed` is a list of addresses and ranges that may be spoken to although they are not public. */
static int transfers(lua_State *L) {
  loom_error error;
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t count = lua_rawlen(L, 1);
  luaL_argcheck(L, count <= RANGES_MAX, 1, "at most 1000 ranges expected");
  struct loom_range *ranges = lua_newuserdata(L, (count + 1) * sizeof *ranges);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (int)i + 1);
    if (loom_range_parse(luaL_checkstring(L, -1), &ranges[i], &error) != LOOM_OK)
      return lloom_failure(L, &error);
    lua_pop(L, 1);
  }
  struct lloom_handle *handle = lloom_new_handle(L, TRANSFERS, sizeof *handle);
  if (loom_transfers_new(ranges, count, (loom_transfers **)&handle->object, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* The option's texts, which the table at 2 keeps, as an array that ends with NULL; NULL where it is not given. */
static const char *const *option_list(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, 2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return NULL;
  }
  luaL_argcheck(L, lua_istable(L, -1), 2, "headers and recipients are lists");
  size_t count = lua_rawlen(L, -1);
  luaL_argcheck(L, count <= LIST_MAX, 2, "at most 100 headers or recipients expected");
  const char **list = lua_newuserdata(L, (count + 1) * sizeof *list); /* stays on the stack */
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -2, (int)i + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 2, "headers and recipients are texts");
    list[i] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  list[count] = NULL;
  return list;
}

/*
** start {url, method, headers, body, username, password, ca_file, from, recipients, plain, time_limit}: the number of the request;
** see struct loom_request. `time_limit` is in milliseconds.
*/
static int start(lua_State *L) {
  static const char *const known[] = {"url",        "method",   "headers",    "body",
                                      "username",   "password", "ca_file",    "from",
                                      "recipients", "plain",    "time_limit", NULL};
  loom_error error;
  uint64_t number;
  loom_transfers *all = lloom_check_handle(L, 1, TRANSFERS);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  struct loom_request request = {.url = lloom_option_string(L, 2, "url", NULL),
                                 .method = lloom_option_string(L, 2, "method", NULL),
                                 .username = lloom_option_string(L, 2, "username", NULL),
                                 .password = lloom_option_string(L, 2, "password", NULL),
                                 .ca_file = lloom_option_string(L, 2, "ca_file", NULL),
                                 .from = lloom_option_string(L, 2, "from", NULL),
                                 .plain = lloom_option_boolean(L, 2, "plain", false)};
  luaL_argcheck(L, request.url, 2, "an url is missing");
  request.time_limit =
      (int)lloom_option_integer(L, 2, "time_limit", LOOM_TRANSFER_TIME, 1, LOOM_TRANSFER_TIME);
  lua_pushliteral(L, "body");
  lua_rawget(L, 2);
  request.body = lua_tolstring(L, -1, &request.length);
  request.headers = option_list(L, "headers");
  request.recipients = option_list(L, "recipients");
  if (loom_transfers_start(all, &request, &number, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)number);
  return 1;
}

/* wait(milliseconds): goes on with all; returns true, perhaps before the time is over. */
static int wait_for(lua_State *L) {
  loom_error error;
  loom_transfers *all = lloom_check_handle(L, 1, TRANSFERS);
  int64_t milliseconds = lloom_check_integer(L, 2);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT_MAX, 2, "0 to 2147483647 expected");
  return lloom_done(L, loom_transfers_wait(all, (int)milliseconds, &error), &error);
}

/* next(): {number, status, body, retry_after, refused, message} of one that has ended; nil where none has. */
static int next_answer(lua_State *L) {
  struct loom_answer answer;
  loom_transfers *all = lloom_check_handle(L, 1, TRANSFERS);
  if (loom_transfers_next(all, &answer) != LOOM_OK)
    return 0;
  lua_newtable(L);
  lloom_set_integer(L, "number", (int64_t)answer.number);
  if (answer.status)
    lloom_set_integer(L, "status", answer.status);
  lua_pushlstring(L, answer.body, answer.length);
  lua_setfield(L, -2, "body");
  if (answer.retry_after > 0)
    lloom_set_integer(L, "retry_after", answer.retry_after);
  lua_pushboolean(L, answer.refused);
  lua_setfield(L, -2, "refused");
  lua_pushstring(L, answer.message);
  lua_setfield(L, -2, "message");
  return 1;
}

/* count(): how many are under way, or have ended and were not given by `next`. */
static int count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)loom_transfers_count(lloom_check_handle(L, 1, TRANSFERS)));
  return 1;
}

__attribute__((visibility("default"))) int luaopen_loom_curl(lua_State *L);

int luaopen_loom_curl(lua_State *L) {
  static const luaL_Reg functions[] = {{"transfers", transfers}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"start", start}, {"wait", wait_for}, {"next", next_answer}, {"count", count}, {NULL, NULL}};
  lloom_new_type(L, TRANSFERS, methods, close_transfers);
  lua_newtable(L);
  lloom_set_functions(L, functions);
  lua_pushstring(L, curl_version());
  lua_setfield(L, -2, "version");
  return 1;
}
