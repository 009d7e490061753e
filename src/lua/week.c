/*
** Weeks as text: see week_text.h. In Lua a week is a flat list of weekday (0 = Monday), open and close, in seconds since midnight.
*/
#include "binding.h"

#include "measure/exclusion.h"
#include "measure/week.h"
#include "measure/week_text.h"
#include "time/civil.h"

static void push_integers(lua_State *L, const struct loom_hours *opening, int at) {
  const int32_t values[] = {opening->weekday, opening->open, opening->close};
  for (int i = 0; i < 3; i++) {
    lua_pushinteger(L, values[i]);
    lua_rawseti(L, -2, at + i);
  }
}

/* parse_week(text): a week of up to `limits.weekly_spans` openings; nil and why it is none. */
static int parse_week(lua_State *L) {
  struct loom_hours openings[LOOM_RULE_OPENINGS_MAX];
  size_t length, count;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *reason = loom_week_parse(text, length, openings, LOOM_RULE_OPENINGS_MAX, &count);
  if (reason) {
    lua_pushnil(L);
    lua_pushstring(L, reason);
    return 2;
  }
  lua_createtable(L, (int)count * 3, 0);
  for (size_t i = 0; i < count; i++)
    push_integers(L, &openings[i], (int)i * 3 + 1);
  return 1;
}

static int32_t element(lua_State *L, size_t index, int32_t most) {
  int64_t value;
  lua_rawgeti(L, 1, (int)index);
  bool good = lloom_to_integer(L, -1, &value) && value >= 0 && value <= most;
  luaL_argcheck(L, good, 1, "a week expected");
  lua_pop(L, 1);
  return (int32_t)value;
}

/* format_week(week): its text, of which another order of the same openings has the same. */
static int format_week(lua_State *L) {
  struct loom_hours openings[LOOM_RULE_OPENINGS_MAX] = {{0}};
  unsigned char packed[LOOM_RULE_OPENINGS_MAX * LOOM_OPENING_SIZE];
  char bytes[LOOM_WEEK_TEXT_SIZE(LOOM_RULE_OPENINGS_MAX)];
  struct loom_text text = {bytes, 0, sizeof bytes};
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t length = lua_rawlen(L, 1), count = length / 3;
  luaL_argcheck(L, length % 3 == 0 && count <= LOOM_RULE_OPENINGS_MAX, 1, "a week expected");
  for (size_t i = 0; i < count; i++)
    openings[i] = (struct loom_hours){.weekday = element(L, 3 * i + 1, 6),
                                      .open = element(L, 3 * i + 2, LOOM_DAY_SECONDS),
                                      .close = element(L, 3 * i + 3, LOOM_DAY_SECONDS)};
  count = loom_week_pack(openings, count, packed) / LOOM_OPENING_SIZE;
  for (size_t i = 0; i < count; i++)
    loom_opening_unpack(packed + i * LOOM_OPENING_SIZE, &openings[i]);
  loom_week_put(&text, openings, count);
  lua_pushlstring(L, text.bytes, text.length);
  return 1;
}

void lloom_add_week(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"parse_week", parse_week}, {"format_week", format_week}, {NULL, NULL}};
  lloom_set_functions(L, functions);
}
