/*
** loom.alert.evaluator: rules that are evaluated at instants; see evaluator.h. What rules are called, and what their events say, is for
** Lua (lua/loom/alerts). All times are in microseconds.
*/
#include "binding.h"

#include "alert/evaluator.h"
#include "alert/event_id.h"
#include "base/sha256.h"
#include "measure/rules.h"
#include "sqlite/database.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATOR "loom.alert.evaluator"

/* What the handle owns. */
struct alerts {
  loom_alert_evaluator *evaluator;
  loom_database *database; /* whose zones it has */
  struct loom_alert_members *members;
  size_t member_count, count;
  struct loom_alert_rule *rules;
  const struct loom_alert_members **members_of;
  struct loom_id_table ids;        /* of an evaluation of some stores */
  struct loom_alert_round *rounds; /* of one of rounds that were */
  struct loom_id_table *round_ids; /* to each of them */
  size_t round_count;
};

static void free_rounds(struct alerts *alerts) {
  for (size_t i = 0; i < alerts->round_count; i++)
    loom_id_table_free(&alerts->round_ids[i]);
  free(alerts->rounds);
  free(alerts->round_ids);
  alerts->rounds = NULL;
  alerts->round_ids = NULL;
  alerts->round_count = 0;
}

static void free_alerts(struct alerts *alerts) {
  loom_alert_evaluator_free(alerts->evaluator);
  for (size_t i = 0; i < alerts->member_count; i++) {
    loom_id_table_free(&alerts->members[i].stores);
    loom_id_table_free(&alerts->members[i].names);
    free(alerts->members[i].groups);
  }
  loom_id_table_free(&alerts->ids);
  free_rounds(alerts);
  free(alerts->members);
  free(alerts->rules);
  free(alerts->members_of);
  free(alerts);
}

static int close_alerts(lua_State *L) {
  struct alerts *alerts = lloom_take_handle(L, 1, EVALUATOR);
  if (alerts)
    free_alerts(alerts);
  return 0;
}

/* ---- what it is made from ---- */

static double number_of(lua_State *L, int index, const char *name, double fallback) {
  lua_getfield(L, index, name);
  double value = lua_isnil(L, -1) ? fallback : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

static void read_need(lua_State *L, int index, const char *name, struct loom_alert_need *need) {
  static const char *const known[] = {"count", "of", "time", "wall", NULL};
  lua_getfield(L, index, name);
  index = lua_gettop(L);
  lloom_check_options(L, index, known);
  need->count = (int32_t)lloom_option_integer(L, index, "count", 1, 1, LOOM_ALERT_OF_MAX);
  need->of = (int32_t)lloom_option_integer(L, index, "of", need->count, 1, LOOM_ALERT_OF_MAX);
  need->time = lloom_option_integer(L, index, "time", 0, 0, LOOM_ALERT_WINDOW_MAX);
  need->wall = lloom_option_boolean(L, index, "wall", false);
  lua_pop(L, 1);
}

/* The first eight bytes of a digest of all that decides results. */
static uint64_t meaning_of(lua_State *L, int index) {
  unsigned char digest[LOOM_SHA256_SIZE];
  size_t length;
  uint64_t meaning = 0;
  lua_getfield(L, index, "meaning");
  const char *text = luaL_checklstring(L, -1, &length);
  loom_sha256(text, length, digest);
  for (int i = 0; i < 8; i++)
    meaning = meaning << 8 | digest[i];
  lua_pop(L, 1);
  return meaning;
}

/* The rule at the top of the stack. */
static void read_rule(lua_State *L, struct loom_alert_rule *rule) {
  static const char *const known[] = {
      "kind",      "scope",   "meaning", "count",  "of",    "time",      "wall",
      "share",     "window",  "month",   "target", "burnt", "burn_long", "burn_short",
      "min_known", "max_gap", "dormant", "fires",  "ends",  "members",   NULL};
  static const char *const scopes[] = {"store", "group", "fleet", NULL};
  int index = lua_gettop(L);
  int64_t most = LOOM_ALERT_WINDOW_MAX;
  lloom_check_options(L, index, known);
  rule->kind =
      (enum loom_alert_kind)lloom_option_choice(L, index, "kind", 0, loom_alert_kind_names);
  rule->scope = (enum loom_alert_scope)lloom_option_choice(L, index, "scope", 0, scopes);
  rule->meaning = meaning_of(L, index);
  rule->count = (int32_t)lloom_option_integer(L, index, "count", 1, 0, INT32_MAX);
  rule->of = (int32_t)lloom_option_integer(L, index, "of", rule->count, 0, INT32_MAX);
  rule->time = lloom_option_integer(L, index, "time", 0, 0, most);
  rule->wall = lloom_option_boolean(L, index, "wall", false);
  rule->share = number_of(L, index, "share", rule->kind == LOOM_ALERT_BUDGET ? -1 : 0);
  rule->window = lloom_option_integer(L, index, "window", 0, 0, most);
  rule->month = lloom_option_boolean(L, index, "month", false);
  rule->target = number_of(L, index, "target", 0);
  rule->burnt = number_of(L, index, "burnt", 0);
  rule->burn_long = lloom_option_integer(L, index, "burn_long", 0, 0, most);
  rule->burn_short = lloom_option_integer(L, index, "burn_short", 0, 0, most);
  rule->min_known = lloom_option_integer(L, index, "min_known", 0, 0, most);
  rule->max_gap = lloom_option_integer(L, index, "max_gap", 2 * LOOM_HOUR, 0, LOOM_MAX_GAP_MAX);
  rule->dormant = lloom_option_boolean(L, index, "dormant", false);
  read_need(L, index, "fires", &rule->fires);
  read_need(L, index, "ends", &rule->ends);
}

static size_t list_option(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  luaL_checktype(L, -1, LUA_TTABLE);
  return lua_rawlen(L, -1);
}

/* Puts the texts of a list, which is at the top, into a table. */
static void put_texts(lua_State *L, size_t count, struct loom_id_table *table) {
  for (size_t i = 0; i < count; i++) {
    size_t length;
    lua_rawgeti(L, -1, (int)i + 1);
    const char *text = luaL_checklstring(L, -1, &length);
    if (loom_id_table_put(table, text, length) == LOOM_NO_NUMBER)
      lloom_no_memory(L);
    lua_pop(L, 1);
  }
}

/* Members at the top of the stack: {stores = {id, …}, groups = {number or 0, …}, names = {name, …}}. */
static void read_members(lua_State *L, struct loom_alert_members *members) {
  int index = lua_gettop(L);
  size_t count = list_option(L, index, "stores");
  put_texts(L, count, &members->stores);
  luaL_argcheck(L, members->stores.count == count, 2, "members twice");
  lua_pop(L, 1);
  members->groups = calloc(count + 1, sizeof *members->groups);
  if (!members->groups)
    lloom_no_memory(L);
  put_texts(L, list_option(L, index, "names"), &members->names);
  lua_pop(L, 1);
  list_option(L, index, "groups");
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, (int)i + 1);
    int64_t group = lua_isnil(L, -1) ? 0 : lloom_check_integer(L, -1);
    luaL_argcheck(L, group >= 0 && group <= members->names.count, 2, "no such group");
    members->groups[i] = group ? (uint32_t)group - 1 : LOOM_ALERT_NO_GROUP;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_all_members(lua_State *L, struct alerts *alerts) {
  size_t count = list_option(L, 2, "members");
  alerts->members = calloc(count + 1, sizeof *alerts->members);
  if (!alerts->members)
    lloom_no_memory(L);
  for (size_t i = 0; i < count; i++) {
    loom_id_table_init(&alerts->members[i].stores);
    loom_id_table_init(&alerts->members[i].names);
    alerts->member_count++;
    lua_rawgeti(L, -1, (int)i + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    read_members(L, &alerts->members[i]);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_rules(lua_State *L, struct alerts *alerts) {
  alerts->count = list_option(L, 2, "rules");
  alerts->rules = calloc(alerts->count + 1, sizeof *alerts->rules);
  alerts->members_of = calloc(alerts->count + 1, sizeof *alerts->members_of);
  if (!alerts->rules || !alerts->members_of)
    lloom_no_memory(L);
  for (size_t i = 0; i < alerts->count; i++) {
    lua_rawgeti(L, -1, (int)i + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    read_rule(L, &alerts->rules[i]);
    int64_t members = lloom_option_integer(L, -1, "members", 0, 0, (int64_t)alerts->member_count);
    alerts->members_of[i] = members ? &alerts->members[members - 1] : NULL;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/*
** alert_evaluator(database, {rules, members, default_zone, stale_after, dormant_after}): rules as loom_alert_rule has them, each with
** the place of its members; 0: all stores. The database must stay open.
*/
int lloom_alert_evaluator(lua_State *L) {
  static const char *const known[] = {"rules",       "members",       "default_zone",
                                      "stale_after", "dormant_after", NULL};
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  struct loom_alert_settings settings = {
      .default_zone = lloom_option_string(L, 2, "default_zone", LOOM_DEFAULT_ZONE),
      .stale_after =
          lloom_option_integer(L, 2, "stale_after", 30 * LOOM_MINUTE, 0, LOOM_ALERT_WINDOW_MAX),
      .dormant_after =
          lloom_option_integer(L, 2, "dormant_after", 7 * LOOM_DAY, 1, LOOM_ALERT_WINDOW_MAX)};
  struct lloom_handle *handle = lloom_new_handle(L, EVALUATOR, sizeof *handle);
  struct alerts *alerts = handle->object = calloc(1, sizeof *alerts);
  if (!alerts)
    return lloom_no_memory(L);
  loom_id_table_init(&alerts->ids);
  alerts->database = database;
  read_all_members(L, alerts);
  read_rules(L, alerts);
  settings.rules = alerts->rules;
  settings.members = alerts->members_of;
  settings.count = alerts->count;
  if (loom_alert_evaluator_new(&settings, loom_database_zones(database), &alerts->evaluator,
                               &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* ---- evaluating ---- */

/* A round at the top of the stack, {clock, newest, stale, stores}: instants; a list of ids, nil: all. */
static void read_round(lua_State *L, struct loom_alert_round *round, struct loom_id_table *ids) {
  static const char *const known[] = {"clock", "newest", "stale", "stores", NULL};
  int index = lua_gettop(L);
  luaL_checktype(L, index, LUA_TTABLE);
  lloom_check_options(L, index, known);
  round->clock = lloom_option_integer(L, index, "clock", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  round->newest = lloom_option_integer(L, index, "newest", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
  round->is_stale = lloom_option_boolean(L, index, "stale", false);
  lua_getfield(L, index, "stores");
  if (!lua_isnil(L, -1)) {
    luaL_checktype(L, -1, LUA_TTABLE);
    put_texts(L, lua_rawlen(L, -1), ids);
    round->stores = ids;
  }
  lua_pop(L, 1);
}

/* Clocks by their first, step and count, from the third argument on; or a list of rounds there. */
static struct loom_alert_clocks read_clocks(lua_State *L, struct alerts *alerts) {
  free_rounds(alerts);
  if (!lua_istable(L, 3))
    return (struct loom_alert_clocks){.first = lloom_check_integer(L, 3),
                                      .step = lloom_check_integer(L, 4),
                                      .count = (size_t)lloom_check_integer(L, 5)};
  size_t count = lua_rawlen(L, 3);
  alerts->rounds = calloc(count + 1, sizeof *alerts->rounds);
  alerts->round_ids = calloc(count + 1, sizeof *alerts->round_ids);
  if (!alerts->rounds || !alerts->round_ids)
    lloom_no_memory(L);
  for (size_t i = 0; i < count; i++) {
    loom_id_table_init(&alerts->round_ids[i]);
    alerts->round_count = i + 1; /* it is freed also where an error is raised */
    lua_rawgeti(L, 3, (int)i + 1);
    read_round(L, &alerts->rounds[i], &alerts->round_ids[i]);
    lua_pop(L, 1);
  }
  return (struct loom_alert_clocks){.count = count, .rounds = alerts->rounds};
}

/*
** evaluate(database, first, step, count [, ids]), evaluate(database, rounds): how many events there are. The database is the one that
** it was made for. Of ids, a list, only these stores, and no groups.
*/
static int evaluate(lua_State *L) {
  loom_error error;
  struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  loom_database *database = lloom_check_handle(L, 2, LLOOM_DATABASE);
  luaL_argcheck(L, database == alerts->database, 2, "another database");
  struct loom_alert_clocks clocks = read_clocks(L, alerts);
  bool is_part = !lua_isnoneornil(L, 6);
  if (is_part) {
    luaL_checktype(L, 6, LUA_TTABLE);
    loom_id_table_free(&alerts->ids);
    loom_id_table_init(&alerts->ids);
    lua_settop(L, 6);
    put_texts(L, lua_rawlen(L, 6), &alerts->ids);
  }
  loom_source *source = lloom_source(database, true);
  if (!source)
    return lloom_no_memory(L);
  loom_status status = loom_alert_evaluate(alerts->evaluator, source, &clocks,
                                           is_part ? &alerts->ids : NULL, &error);
  loom_source_free(source);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  size_t count;
  loom_alert_events(alerts->evaluator, &count);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_instant(lua_State *L, const char *name, int64_t instant) {
  if (instant == 0)
    return;
  lloom_push_integer(L, instant);
  lua_setfield(L, -2, name);
}

static void set_sums(lua_State *L, const struct loom_alert_sums *sums) {
  lloom_set_integer(L, "up", sums->up);
  lloom_set_integer(L, "down", sums->down);
  lloom_set_integer(L, "unknown", sums->unknown);
  lloom_set_integer(L, "excluded", sums->excluded);
}

static void push_evidence(lua_State *L, const struct loom_alert_evidence *evidence) {
  lua_createtable(L, 0, 16);
  set_text(L, "state", loom_state_name(evidence->state));
  set_instant(L, "from", evidence->window.start);
  set_instant(L, "to", evidence->window.end);
  set_instant(L, "open", evidence->opening.start);
  set_instant(L, "close", evidence->opening.end);
  set_instant(L, "last_poll", evidence->last_poll);
  set_sums(L, &evidence->sums);
  lloom_set_integer(L, "outages", evidence->outages);
  lloom_set_integer(L, "polls", evidence->polls);
  lloom_set_integer(L, "inactive", evidence->inactive);
  lloom_set_integer(L, "stores_open", evidence->open);
  lloom_set_integer(L, "stores_down", evidence->down);
}

static void push_verdict(lua_State *L, const struct loom_alert_verdict *verdict) {
  static const char *const results[] = {"none", "false", "true"};
  lua_createtable(L, 0, 6);
  set_text(L, "result", results[verdict->result]);
  set_text(L, "absence", loom_alert_absence_names[verdict->absence]);
  lua_pushnumber(L, verdict->value);
  lua_setfield(L, -2, "value");
  set_instant(L, "since", verdict->since);
}

/* The id of a rule's subject: of the store, or the group; "" of the fleet and the feed. */
static void push_subject(lua_State *L, const struct alerts *alerts, uint32_t rule,
                         uint32_t subject) {
  size_t length = 0;
  const char *id = "";
  if (rule != LOOM_ALERT_STALE && alerts->rules[rule].scope == LOOM_ALERT_STORE)
    id = loom_alert_store(alerts->evaluator, subject, &length);
  else if (rule != LOOM_ALERT_STALE && alerts->rules[rule].scope == LOOM_ALERT_GROUP)
    id = loom_id_table_get(&alerts->members_of[rule]->names, subject, &length);
  lua_pushlstring(L, id, length);
}

/* event(index): an event of the last evaluation, from 1. */
static int event_at(lua_State *L) {
  size_t count;
  struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  int64_t index = lloom_check_integer(L, 2);
  const struct loom_alert_event *events = loom_alert_events(alerts->evaluator, &count);
  luaL_argcheck(L, index >= 1 && (uint64_t)index <= count, 2, "no such event");
  const struct loom_alert_event *event = &events[index - 1];
  const struct loom_alert_transition *transition = &event->transition;
  lua_createtable(L, 0, 10);
  lua_pushinteger(L, event->rule == LOOM_ALERT_STALE ? 0 : (lua_Integer)event->rule + 1);
  lua_setfield(L, -2, "rule");
  push_subject(L, alerts, event->rule, event->subject);
  lua_setfield(L, -2, "subject");
  set_instant(L, "at", event->at);
  set_text(L, "state", loom_alert_change_names[transition->change]);
  if (transition->change == LOOM_ALERT_RESOLVES || transition->change == LOOM_ALERT_EXPIRES)
    set_text(L, "reason", loom_alert_reason_names[transition->reason]);
  set_instant(L, "fired_at", transition->fired_at);
  set_instant(L, "since", transition->since);
  lua_pushnumber(L, event->verdict.value);
  lua_setfield(L, -2, "value");
  push_evidence(L, &event->evidence);
  lua_setfield(L, -2, "evidence");
  return 1;
}

/* moved(): how many states the last evaluation has made others. */
static int moved(lua_State *L) {
  size_t count;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  loom_alert_moved(alerts->evaluator, &count);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

/*
** moved_at(index): the place of the rule, 0 for the feed; the subject; the bytes to keep, nil: none; the phase; whether it flaps;
** whether there is no result.
*/
static int moved_at(lua_State *L) {
  size_t count;
  unsigned char bytes[LOOM_ALERT_STATE_SIZE];
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  int64_t index = lloom_check_integer(L, 2);
  const struct loom_alert_moved *list = loom_alert_moved(alerts->evaluator, &count);
  luaL_argcheck(L, index >= 1 && (uint64_t)index <= count, 2, "no such state");
  const struct loom_alert_moved *found = &list[index - 1];
  struct loom_alert_state now = {0}, *of = &now;
  loom_alert_state_of(alerts->evaluator, found->rule, found->subject, of);
  lua_pushinteger(L, found->rule == LOOM_ALERT_STALE ? 0 : (lua_Integer)found->rule + 1);
  push_subject(L, alerts, found->rule, found->subject);
  if (loom_alert_state_is_plain(of)) {
    lua_pushnil(L);
  } else {
    loom_alert_state_pack(of, bytes);
    lua_pushlstring(L, (const char *)bytes, sizeof bytes);
  }
  lua_pushstring(L, loom_alert_phase_names[of->phase]);
  lua_pushboolean(L, of->is_flapping);
  lua_pushboolean(L, of->last_result != of->at);
  return 6;
}

/* resume(instant): states that are put were judged up to it, and stayed the same since they were kept. */
static int resume(lua_State *L) {
  struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  loom_alert_evaluator_resume(alerts->evaluator, lloom_check_integer(L, 2));
  return 0;
}

/* gap(): the last UTC day whose median gap between polls is known, and the gap; nil: there is none. */
static int gap(lua_State *L) {
  int32_t day;
  int64_t found;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  if (!loom_alert_last_gap(alerts->evaluator, &day, &found))
    return 0;
  lua_pushinteger(L, day);
  lloom_push_integer(L, found);
  return 2;
}

/* know_gap(day, gap): what another one's `gap` gave. */
static int know_gap(lua_State *L) {
  loom_error error;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  loom_status status = loom_alert_know_gap(alerts->evaluator, (int32_t)lloom_check_integer(L, 2),
                                           lloom_check_integer(L, 3), &error);
  return lloom_done(L, status, &error);
}

/* last(): the last verdict of all, and what it was made from; nil: there was none. */
static int last(lua_State *L) {
  struct loom_alert_verdict verdict;
  struct loom_alert_evidence evidence;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  if (!loom_alert_last(alerts->evaluator, &verdict, &evidence))
    return 0;
  push_verdict(L, &verdict);
  push_evidence(L, &evidence);
  return 2;
}

/* instant(): the instant of the last evaluation's last clock, nil without polls; whether the feed was stale then; and the clock. */
static int instant(lua_State *L) {
  bool is_stale;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  int64_t clock, at = loom_alert_instant(alerts->evaluator, &clock, &is_stale);
  if (at)
    lloom_push_integer(L, at);
  else
    lua_pushnil(L);
  lua_pushboolean(L, is_stale);
  lloom_push_integer(L, clock);
  return 3;
}

/* most(): of how many clocks an evaluation may be. */
static int most(lua_State *L) {
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  lua_pushinteger(L, (lua_Integer)loom_alert_clocks_most(alerts->evaluator));
  return 1;
}

/* ---- states ---- */

/* A rule by its place, from 1; 0: the feed. */
static uint32_t check_rule(lua_State *L, const struct alerts *alerts) {
  int64_t rule = lloom_check_integer(L, 2);
  luaL_argcheck(L, rule >= 0 && (uint64_t)rule <= alerts->count, 2, "no such rule");
  return rule == 0 ? LOOM_ALERT_STALE : (uint32_t)rule - 1;
}

/* The number of a subject by its id. */
static uint32_t find_subject(const struct alerts *alerts, uint32_t rule, const char *id,
                             size_t length) {
  if (rule == LOOM_ALERT_STALE || alerts->rules[rule].scope == LOOM_ALERT_FLEET)
    return 0;
  if (alerts->rules[rule].scope == LOOM_ALERT_STORE)
    return loom_alert_store_number(alerts->evaluator, id, length);
  const struct loom_alert_members *members = alerts->members_of[rule];
  return members ? loom_id_table_find(&members->names, id, length) : LOOM_NO_NUMBER;
}

/* state(rule, id): the packed state of a subject, and a table of what is in it; nil where there is none. */
static int state(lua_State *L) {
  size_t length;
  unsigned char bytes[LOOM_ALERT_STATE_SIZE];
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  uint32_t rule = check_rule(L, alerts);
  const char *id = luaL_checklstring(L, 3, &length);
  uint32_t subject = find_subject(alerts, rule, id, length);
  struct loom_alert_state now, *found = &now;
  if (subject == LOOM_NO_NUMBER || !loom_alert_state_of(alerts->evaluator, rule, subject, found) ||
      found->at == 0)
    return 0;
  loom_alert_state_pack(found, bytes);
  lua_pushlstring(L, (const char *)bytes, sizeof bytes);
  lua_createtable(L, 0, 10);
  set_text(L, "phase", loom_alert_phase_names[found->phase]);
  lua_pushboolean(L, found->is_flapping);
  lua_setfield(L, -2, "flapping");
  set_instant(L, "at", found->at);
  set_instant(L, "last_result", found->last_result);
  set_instant(L, "fired_at", found->phase >= LOOM_ALERT_FIRING ? found->fired_at : 0);
  set_instant(L, "true_at", found->phase == LOOM_ALERT_PENDING ? found->true_at : 0);
  lloom_set_integer(L, "true_for", found->clock - found->true_clock);
  lloom_set_integer(L, "false_for", found->clock - found->false_clock);
  lloom_set_integer(L, "results", found->count);
  return 2;
}

/* put(rule, id, bytes): gives a subject the state that it had. */
static int put(lua_State *L) {
  size_t length, size;
  loom_error error;
  struct loom_alert_state read;
  const struct alerts *alerts = lloom_check_handle(L, 1, EVALUATOR);
  uint32_t rule = check_rule(L, alerts);
  const char *id = luaL_checklstring(L, 3, &length);
  const char *bytes = luaL_checklstring(L, 4, &size);
  loom_status status = LOOM_OK;
  if (loom_alert_state_unpack((const unsigned char *)bytes, size, &read))
    status = loom_alert_evaluator_put(alerts->evaluator, rule, id, length, &read, &error);
  else
    status = loom_fail(&error, LOOM_ECORRUPT, "the state of an alert is damaged");
  return lloom_done(L, status, &error);
}

/* alert_id(instant, text): see event_id.h. */
int lloom_alert_id(lua_State *L) {
  size_t length;
  char id[LOOM_ALERT_ID_SIZE];
  int64_t at = lloom_check_integer(L, 1);
  const char *text = luaL_checklstring(L, 2, &length);
  loom_alert_id(at, text, length, id);
  lua_pushstring(L, id);
  return 1;
}

void lloom_register_alert(lua_State *L) {
  static const luaL_Reg methods[] = {{"evaluate", evaluate},
                                     {"event", event_at},
                                     {"last", last},
                                     {"instant", instant},
                                     {"most", most},
                                     {"state", state},
                                     {"put", put},
                                     {"moved", moved},
                                     {"moved_at", moved_at},
                                     {"resume", resume},
                                     {"gap", gap},
                                     {"know_gap", know_gap},
                                     {NULL, NULL}};
  lloom_new_type(L, EVALUATOR, methods, close_alerts);
}
