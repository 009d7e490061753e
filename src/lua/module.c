/*
** loom.core: the native half of Loom, which the Lua module `loom` builds on.
*/
#include "binding.h"

#include "time/civil.h"
#include "sqlite/database.h"
#include "base/hold.h"
#include "base/platform.h"
#include "serve/ending.h"
#include "serve/listen.h"
#include "base/ratio.h"
#include "measure/rules.h"
#include "measure/selection.h"
#include "serve/supervise.h"
#include "base/version.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HOLD "loom.hold"

typedef const char *parser(const char *text, size_t length, int64_t *value);

/* What parsing gave: the value, or nil and the reason. */
static int parsed(lua_State *L, const char *reason, int64_t value) {
  if (reason) {
    lua_pushnil(L);
    lua_pushstring(L, reason);
    return 2;
  }
  lloom_push_integer(L, value);
  return 1;
}

/* Parses argument 1; nil and the reason when it cannot be read. */
static int parse(lua_State *L, parser *parse_text) {
  size_t length;
  int64_t value = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *reason = parse_text(text, length, &value);
  return parsed(L, reason, value);
}

/* parse_timestamp(text): microseconds since the epoch. */
static int parse_timestamp(lua_State *L) {
  return parse(L, loom_parse_timestamp);
}

/* parse_local(text): what a clock shows, in microseconds since it showed 1970-01-01 00:00:00. */
static int parse_local(lua_State *L) {
  return parse(L, loom_parse_local);
}

/* parse_duration(text): microseconds, always a number, since Lua compares durations: on LuaJIT it is rounded beyond 285 years. */
static int parse_duration(lua_State *L) {
  size_t length;
  int64_t value = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *reason = loom_parse_duration(text, length, &value);
  if (reason)
    return parsed(L, reason, value);
  lua_pushinteger(L, value);
  return 1;
}

/* An argument that is an instant in microseconds. */
static int64_t check_instant(lua_State *L, int index) {
  int64_t instant = lloom_check_integer(L, index);
  luaL_argcheck(L, instant >= LOOM_INSTANT_MIN && instant <= LOOM_INSTANT_MAX, index,
                "outside the years 1 to 9999");
  return instant;
}

static int push_timestamp(lua_State *L, int64_t instant) {
  char text[LOOM_TIMESTAMP_SIZE];
  lua_pushlstring(L, text, loom_format_timestamp(instant, text));
  return 1;
}

/* format_timestamp(instant) */
static int format_timestamp(lua_State *L) {
  return push_timestamp(L, check_instant(L, 1));
}

/*
** format_offset(instant, microseconds): so long after an instant; the first or last instant that can be written where that
** is beyond them, as the opening before a window that begins with the year 1 is.
*/
static int format_offset(lua_State *L) {
  int64_t instant = check_instant(L, 1), offset = lloom_check_integer(L, 2);
  if (offset > LOOM_INSTANT_MAX - instant)
    offset = LOOM_INSTANT_MAX - instant;
  if (offset < LOOM_INSTANT_MIN - instant)
    offset = LOOM_INSTANT_MIN - instant;
  return push_timestamp(L, instant + offset);
}

/* between(from, to): microseconds from an instant to another, as a number; on LuaJIT exact within 285 years. */
static int between(lua_State *L) {
  int64_t from = lloom_check_integer(L, 1), to = lloom_check_integer(L, 2), microseconds;
  luaL_argcheck(L, !__builtin_sub_overflow(to, from, &microseconds), 2,
                "too far from the first one");
  lua_pushinteger(L, (lua_Integer)microseconds);
  return 1;
}

/* Parses argument 1 as a small number; nil and the reason when it cannot be read. */
static int parse_small(lua_State *L, const char *(*parse_text)(const char *, size_t, int32_t *)) {
  size_t length;
  int32_t value = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *reason = parse_text(text, length, &value);
  return parsed(L, reason, value);
}

/* parse_date(text): days since 1970-01-01. */
static int parse_date(lua_State *L) {
  return parse_small(L, loom_parse_date);
}

/* parse_time_of_day(text): seconds since midnight. */
static int parse_time_of_day(lua_State *L) {
  return parse_small(L, loom_parse_time_of_day);
}

static int format_date(lua_State *L) {
  char text[LOOM_DATE_SIZE];
  int64_t date = lloom_check_integer(L, 1);
  luaL_argcheck(L, date >= LOOM_DATE_MIN && date <= LOOM_DATE_MAX, 1,
                "outside the years 1 to 9999");
  lua_pushlstring(L, text, loom_format_date((int32_t)date, text));
  return 1;
}

static int format_time_of_day(lua_State *L) {
  char text[LOOM_TIME_SIZE];
  int64_t seconds = lloom_check_integer(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds <= LOOM_DAY_SECONDS, 1, "0 to 86400 expected");
  lua_pushlstring(L, text, loom_format_time_of_day((int32_t)seconds, text));
  return 1;
}

/* is_timezone(database, name): true, or false and the reason. */
static int is_timezone(lua_State *L) {
  loom_error error;
  const loom_zone *zone;
  size_t length;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  const char *name = luaL_checklstring(L, 2, &length);
  bool known =
      loom_zones_get(loom_database_zones(database), name, length, &zone, &error) == LOOM_OK;
  lua_pushboolean(L, known);
  lua_pushstring(L, known ? NULL : error.message);
  return 2;
}

/* zone_directory(): where databases that are opened now find the tz database. */
static int zone_directory(lua_State *L) {
  lua_pushstring(L, loom_zones_default_directory());
  return 1;
}

/* local_time(database, zone, instant): what the clock there shows, as the instant at which UTC's does; nil and the reason. */
static int local_time(lua_State *L) {
  loom_error error;
  const loom_zone *zone;
  size_t length;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  const char *name = luaL_checklstring(L, 2, &length);
  int64_t instant = check_instant(L, 3);
  if (loom_zones_get(loom_database_zones(database), name, length, &zone, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  int64_t second = (instant - (instant < 0 ? LOOM_SECOND - 1 : 0)) / LOOM_SECOND; /* rounded down */
  int64_t offset = loom_zone_offset(zone, second);
  int64_t shown = instant + offset * LOOM_SECOND;
  if (shown < LOOM_INSTANT_MIN || shown > LOOM_INSTANT_MAX) {
    loom_fail(&error, LOOM_EINVAL, "the clocks there do not show a year from 1 to 9999");
    return lloom_failure(L, &error);
  }
  lloom_push_integer(L, shown);
  return 1;
}

/*
** millionths(part, rest): of the two together (see ratio.h); nil where that is 0 / 0. They are added up here, since LuaJIT's
** numbers would lose a small rest.
*/
static int millionths(lua_State *L) {
  int64_t part = lloom_check_integer(L, 1), rest = lloom_check_integer(L, 2);
  luaL_argcheck(L, part >= 0, 1, "not negative expected");
  luaL_argcheck(L, rest >= 0 && rest <= INT64_MAX - part, 2,
                "not negative expected, nor too large");
  if (part == 0 && rest == 0)
    return 0;
  lua_pushinteger(L, (lua_Integer)loom_millionths(part, part + rest));
  return 1;
}

#define ARGUMENTS_MAX 64

#define PATIENCE 10000 /* milliseconds that what is left of a supervised program gets to end */

#define PAUSE 1000 /* milliseconds before an agent that has ended is started again, at first, */
#define PAUSE_MAX 60000 /* and at last: as long as a lease that nobody gave back */
#define UNAVAILABLE 69  /* the exit status of an agent that could never work (EX_UNAVAILABLE) */

/* The words of the table at an index, which stay on the stack. */
static void check_words(lua_State *L, int index, char *argv[ARGUMENTS_MAX + 1]) {
  luaL_checktype(L, index, LUA_TTABLE);
  size_t count = lua_rawlen(L, index);
  luaL_argcheck(L, count >= 1 && count <= ARGUMENTS_MAX, index, "1 to 64 words expected");
  luaL_checkstack(L, ARGUMENTS_MAX, NULL);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (int)i + 1);
    /* execvp takes them so, and changes nothing */
    argv[i] = (char *)(uintptr_t)luaL_checkstring(L, -1);
  }
}

static void tell_of_agent(void *context, const char *line) {
  (void)context;
  fprintf(stderr, "loom: the agent %s\n", line);
}

/*
** supervise({program, argument, …}[, {agent, argument, …}]): runs a program until it ends, with an agent beside it, and returns
** its exit code. See supervise.h.
*/
static int supervise(lua_State *L) {
  char *argv[ARGUMENTS_MAX + 1] = {NULL}, *agent[ARGUMENTS_MAX + 1] = {NULL};
  struct loom_companion beside = {.argv = agent,
                                  .pause = PAUSE,
                                  .pause_max = PAUSE_MAX,
                                  .unavailable = UNAVAILABLE,
                                  .tell = tell_of_agent};
  bool has_agent = !lua_isnoneornil(L, 2);
  loom_error error;
  int exit_code;
  lua_settop(L, 2);
  check_words(L, 1, argv);
  if (has_agent)
    check_words(L, 2, agent);
  if (loom_supervise(argv, has_agent ? &beside : NULL, PATIENCE, &exit_code, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, exit_code);
  return 1;
}

/* note_asked_to_end(): true. See ending.h. */
static int note_asked_to_end(lua_State *L) {
  loom_note_asked_to_end();
  lua_pushboolean(L, 1);
  return 1;
}

/* asked_to_end(): whether it is. See ending.h. */
static int asked_to_end(lua_State *L) {
  lua_pushboolean(L, loom_asked_to_end());
  return 1;
}

/* end_with_parent(): true. See supervise.h. */
static int end_with_parent(lua_State *L) {
  loom_error error;
  if (loom_end_with_parent(&error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

struct hold_handle {
  struct lloom_handle handle; /* of itself, while it holds */
  int descriptor;
};

static int close_hold(lua_State *L) {
  struct hold_handle *handle = lloom_take_handle(L, 1, HOLD);
  if (handle)
    close(handle->descriptor);
  return 0;
}

/* hold(path): a handle by which this process, and what it starts, hold a file until it is closed. See hold.h. */
static int hold(lua_State *L) {
  loom_error error;
  const char *path = lloom_check_path(L, 1);
  struct hold_handle *handle = lloom_new_handle(L, HOLD, sizeof *handle);
  if (loom_hold(path, &handle->descriptor, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  handle->handle.object = handle;
  return 1;
}

/* probe_listen(host, port): whether only this machine can reach it. See listen.h. */
static int probe_listen(lua_State *L) {
  loom_error error;
  bool loopback;
  if (loom_listen_probe(luaL_checkstring(L, 1), luaL_checkstring(L, 2), &loopback, &error) !=
      LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushboolean(L, loopback);
  return 1;
}

/* uuid(): a random UUID (RFC 9562, version 4). */
static int uuid(lua_State *L) {
  unsigned char b[16];
  char text[37];
  if (!loom_random(b, sizeof b))
    return luaL_error(L, "no random numbers to be had");
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  snprintf(text, sizeof text,
           "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
           b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
  lua_pushstring(L, text);
  return 1;
}

/* local_date(database, zone, instant): the date there, as days since 1970-01-01; nil and the reason. */
static int local_date(lua_State *L) {
  int results = local_time(L);
  int64_t shown;
  if (results == 1 && lloom_to_integer(L, -1, &shown))
    lua_pushinteger(L, loom_date_of_instant(shown));
  return results;
}

/*
** proxy(metatable): a userdata with that metatable and nothing in it. In Lua 5.1 a table can neither redefine `#` nor
** be finalized.
*/
static int proxy(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_newuserdata(L, 0);
  lua_pushvalue(L, 1);
  lua_setmetatable(L, -2);
  return 1;
}

/* preset(name): its rules as options of report; nil if there is none of that name. */
static int preset(lua_State *L) {
  struct loom_rules rules;
  if (!loom_rules_preset(luaL_checkstring(L, 1), &rules))
    return 0;
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, rules.slack);
  lua_setfield(L, -2, "slack");
  lua_pushstring(L, loom_fill_names[rules.fill]);
  lua_setfield(L, -2, "fill");
  lua_pushstring(L, loom_evidence_names[rules.evidence]);
  lua_setfield(L, -2, "evidence");
  lua_pushstring(L, loom_no_data_names[rules.no_data]);
  lua_setfield(L, -2, "no_data");
  lua_pushinteger(L, (lua_Integer)rules.max_gap);
  lua_setfield(L, -2, "max_gap");
  return 1;
}

/* matches(pattern, text): whether all of the text is as the pattern says: see loom_glob_matches. */
static int matches(lua_State *L) {
  size_t length;
  const char *pattern = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &length);
  lua_pushboolean(L, loom_glob_matches(pattern, text, length));
  return 1;
}

/* clock(): seconds of a clock that only moves forward, for measuring. */
static int monotonic_clock(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

/* is_terminal("stdout" or "stderr") */
static int is_terminal(lua_State *L) {
  static const char *const names[] = {"stdout", "stderr", NULL};
  lua_pushboolean(L,
                  isatty(luaL_checkoption(L, 1, NULL, names) == 0 ? STDOUT_FILENO : STDERR_FILENO));
  return 1;
}

/* terminal_width(): columns of the terminal that standard output is; nothing if it is none, or does not know. */
static int terminal_width(lua_State *L) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 0;
  lua_pushinteger(L, size.ws_col);
  return 1;
}

/* The one exported symbol. */
__attribute__((visibility("default"))) int luaopen_loom_core(lua_State *L);

int luaopen_loom_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"open", lloom_open},
                                       {"ingest", lloom_ingest},
                                       {"input", lloom_input},
                                       {"kind_of_file", lloom_kind_of_file},
                                       {"report", lloom_report},
                                       {"export", lloom_export},
                                       {"staging", lloom_staging},
                                       {"writer", lloom_writer},
                                       {"walk", lloom_walk},
                                       {"facts", lloom_facts},
                                       {"overlay", lloom_overlay},
                                       {"inspect", lloom_inspect},
                                       {"survey", lloom_survey},
                                       {"alert_evaluator", lloom_alert_evaluator},
                                       {"alert_id", lloom_alert_id},
                                       {"output", lloom_output},
                                       {"backup", lloom_backup},
                                       {"thread", lloom_thread},
                                       {"proxy", proxy},
                                       {"supervise", supervise},
                                       {"end_with_parent", end_with_parent},
                                       {"note_asked_to_end", note_asked_to_end},
                                       {"asked_to_end", asked_to_end},
                                       {"hold", hold},
                                       {"uuid", uuid},
                                       {"probe_listen", probe_listen},
                                       {"parse_date", parse_date},
                                       {"format_date", format_date},
                                       {"parse_time_of_day", parse_time_of_day},
                                       {"format_time_of_day", format_time_of_day},
                                       {"is_timezone", is_timezone},
                                       {"zone_directory", zone_directory},
                                       {"shard_plan", lloom_shard_plan},
                                       {"local_date", local_date},
                                       {"local_time", local_time},
                                       {"millionths", millionths},
                                       {"preset", preset},
                                       {"matches", matches},
                                       {"clock", monotonic_clock},
                                       {"is_terminal", is_terminal},
                                       {"terminal_width", terminal_width},
                                       {"parse_timestamp", parse_timestamp},
                                       {"parse_local", parse_local},
                                       {"parse_duration", parse_duration},
                                       {"format_timestamp", format_timestamp},
                                       {"format_offset", format_offset},
                                       {"between", between},
                                       {NULL, NULL}};
  lloom_new_type(L, HOLD, (const luaL_Reg[]){{NULL, NULL}}, close_hold);
  lloom_register_database(L);
  lloom_register_ingest(L);
  lloom_register_report(L);
  lloom_register_export(L);
  lloom_register_query(L);
  lloom_register_staging(L);
  lloom_register_writer(L);
  lloom_register_walk(L);
  lloom_register_facts(L);
  lloom_register_overlay(L);
  lloom_register_inspection(L);
  lloom_register_survey(L);
  lloom_register_alert(L);
  lloom_register_choice(L);
  lloom_register_series(L);
  lloom_register_column(L);
  lloom_register_grouping(L);
  lloom_register_output(L);
  lloom_register_backup(L);
  lloom_register_thread(L);
  lua_newtable(L);
  lloom_set_functions(L, functions);
  lloom_add_text(L);
  lloom_add_processes(L);
  lloom_add_week(L);
  lloom_add_limits(L);
  lua_pushliteral(L, LOOM_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
