/*
** loom.facts: what is known of stores beside their polls, as tables.
**
** A fact has the field `kind`: "store", "zone", "week", "special_day", "exclusion" or "attribute"; `store`, an id, or "*" for
** every store; and what its kind has: `override`, whether it was set by hand; `date`, as text; `reverts`; `openings`, a flat list
** of weekday (0 = Monday), open and close, in seconds since midnight, without the weekday on special days; `number`; `from` and
** `to`, in microseconds; `name`; `text`. An exclusion that is a rule has its zone as `name`, "" where it is none. A store that is listed has a `number`, `has_hours`, its zone as `text`, and its first
** and newest poll as `from` and `to`: see facts.h.
*/
#include "binding.h"

#include "base/id_table.h"
#include "measure/selection.h"
#include "time/civil.h"
#include "write/facts_sqlite.h"

#include <string.h>

#define FACTS LLOOM_FACTS
#define CONDITIONS_MAX 900 /* SQLite's expressions have a depth of 1000 at the most */
#define OPENINGS_MAX 10000 /* far more than a week may have: 100 a day */

static const char *const kinds[] = {"store",     "zone",      "week", "special_day",
                                    "exclusion", "attribute", NULL};

static loom_facts *check_facts(lua_State *L) {
  return lloom_check_handle(L, 1, FACTS);
}

static int close_facts(lua_State *L) {
  loom_facts_free(lloom_take_handle(L, 1, FACTS));
  return 0;
}

/* facts(database): those of a database's handle. The one place that decides where they are kept. */
int lloom_facts(lua_State *L) {
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  struct lloom_handle *handle = lloom_new_handle(L, FACTS, sizeof *handle);
  handle->object = loom_facts_sqlite(database);
  return handle->object ? 1 : lloom_no_memory(L);
}

/* ---- from tables; what is read stays in the table ---- */

static const char *read_text(lua_State *L, const char *name, size_t *length) {
  *length = 0;
  lua_getfield(L, 2, name);
  const char *text = lua_isnil(L, -1) ? NULL : luaL_checklstring(L, -1, length);
  lua_pop(L, 1);
  return text;
}

static int64_t read_integer(lua_State *L, const char *name, int64_t fallback) {
  int64_t value = fallback;
  lua_getfield(L, 2, name);
  if (!lua_isnil(L, -1) && !lloom_to_integer(L, -1, &value))
    luaL_error(L, "bad field '%s' of a fact (a whole number expected)", name);
  lua_pop(L, 1);
  return value;
}

static int32_t read_date(lua_State *L, const char *name, int32_t fallback) {
  size_t length;
  int32_t date = fallback;
  const char *text = read_text(L, name, &length);
  if (text && loom_parse_date(text, length, &date))
    luaL_error(L, "bad field '%s' of a fact (a date expected)", name);
  return date;
}

static bool read_boolean(lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static enum loom_fact_kind read_kind(lua_State *L) {
  luaL_checktype(L, 2, LUA_TTABLE);
  return (enum loom_fact_kind)lloom_option_choice(L, 2, "kind", LOOM_FACT_STORE, kinds);
}

/* Whether facts of a kind may be every store's, which is "*" then; else that is a store's id like others. */
static bool may_be_of_all(enum loom_fact_kind kind) {
  return kind == LOOM_FACT_SPECIAL_DAY || kind == LOOM_FACT_EXCLUSION;
}

/* A store's id; NULL for every store and for none. */
static const char *read_store(lua_State *L, enum loom_fact_kind kind, size_t *length, bool *given) {
  const char *store = read_text(L, "store", length);
  *given = store != NULL;
  if (store && (*length < 1 || *length > LOOM_ID_MAX))
    luaL_error(L, "bad field 'store' of a fact (1 to 255 bytes expected)");
  return store && may_be_of_all(kind) && strcmp(store, "*") == 0 ? NULL : store;
}

static int32_t element(lua_State *L, int index, int32_t most) {
  int64_t value;
  lua_rawgeti(L, -1, index);
  if (!lloom_to_integer(L, -1, &value) || value < 0 || value > most)
    luaL_error(L, "bad field 'openings' of a fact (weekdays and times of day expected)");
  lua_pop(L, 1);
  return (int32_t)value;
}

/* The openings are in a userdata, which is left on the stack: what Lua does may raise an error and frees nothing else. */
static void read_openings(lua_State *L, struct loom_fact *fact) {
  bool is_week = fact->kind == LOOM_FACT_WEEK || fact->kind == LOOM_FACT_EXCLUSION;
  int at = 1, width = is_week ? 3 : 2;
  lua_getfield(L, 2, "openings");
  if (lua_isnil(L, -1))
    return;
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t length = lua_rawlen(L, -1);
  if (length % (size_t)width || length > OPENINGS_MAX)
    luaL_error(L, "bad field 'openings' of a fact (a list of openings expected)");
  fact->opening_count = length / (size_t)width;
  struct loom_hours *openings = lua_newuserdata(L, (fact->opening_count + 1) * sizeof *openings);
  lua_insert(L, -2); /* the list is at the top */
  for (size_t i = 0; i < fact->opening_count; i++) {
    openings[i] = (struct loom_hours){.from = fact->date};
    if (is_week)
      openings[i].weekday = element(L, at++, 6);
    openings[i].open = element(L, at++, LOOM_DAY_SECONDS);
    openings[i].close = element(L, at++, LOOM_DAY_SECONDS);
  }
  fact->openings = openings;
}

void lloom_read_fact(lua_State *L, struct loom_fact *fact) {
  bool given;
  *fact = (struct loom_fact){.kind = read_kind(L)};
  fact->store = read_store(L, fact->kind, &fact->store_length, &given);
  if (!fact->store && !may_be_of_all(fact->kind))
    luaL_error(L, "bad field 'store' of a fact (a store expected)");
  fact->override = read_boolean(L, "override");
  fact->date = read_date(L, "date", 0);
  fact->reverts = read_boolean(L, "reverts");
  fact->number = read_integer(L, "number", 0);
  fact->from = read_integer(L, "from", 0);
  fact->to = read_integer(L, "to", 0);
  fact->name = read_text(L, "name", &fact->name_length);
  fact->text = read_text(L, "text", &fact->text_length);
  if (!fact->text)
    fact->text = "";
  if (!fact->name)
    fact->name = "";
  read_openings(L, fact);
}

/* ---- to tables ---- */

static void set_text(lua_State *L, const char *name, const char *text, size_t length) {
  lua_pushlstring(L, text ? text : "", length);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void set_openings(lua_State *L, const struct loom_fact *fact) {
  int at = 1;
  lua_createtable(L, (int)fact->opening_count * 3, 0);
  for (size_t i = 0; i < fact->opening_count; i++) {
    const struct loom_hours *opening = &fact->openings[i];
    if (fact->kind != LOOM_FACT_SPECIAL_DAY) {
      lua_pushinteger(L, opening->weekday);
      lua_rawseti(L, -2, at++);
    }
    lua_pushinteger(L, opening->open);
    lua_rawseti(L, -2, at++);
    lua_pushinteger(L, opening->close);
    lua_rawseti(L, -2, at++);
  }
  lua_setfield(L, -2, "openings");
}

static void set_date(lua_State *L, const struct loom_fact *fact) {
  char date[LOOM_DATE_SIZE];
  set_text(L, "date", date, loom_format_date(fact->date, date));
}

static void push_fact(lua_State *L, const struct loom_fact *fact) {
  lua_createtable(L, 0, 8);
  if (fact->store)
    set_text(L, "store", fact->store, fact->store_length);
  else
    set_text(L, "store", "*", 1);
  switch (fact->kind) {
  case LOOM_FACT_STORE:
    lloom_set_integer(L, "number", fact->number);
    set_boolean(L, "has_hours", fact->has_hours);
    if (fact->text)
      set_text(L, "text", fact->text, fact->text_length);
    if (fact->polled) {
      lloom_set_integer(L, "from", fact->from);
      lloom_set_integer(L, "to", fact->to);
    }
    break;
  case LOOM_FACT_WEEK:
  case LOOM_FACT_SPECIAL_DAY:
    set_boolean(L, "override", fact->override);
    set_boolean(L, "reverts", fact->reverts);
    set_date(L, fact);
    set_openings(L, fact);
    set_text(L, "text", fact->text, fact->text_length);
    break;
  case LOOM_FACT_EXCLUSION:
    lloom_set_integer(L, "number", fact->number);
    lloom_set_integer(L, "from", fact->from);
    lloom_set_integer(L, "to", fact->to);
    set_text(L, "text", fact->text, fact->text_length);
    set_text(L, "name", fact->name, fact->name_length);
    set_openings(L, fact);
    break;
  case LOOM_FACT_ATTRIBUTE:
    set_text(L, "name", fact->name, fact->name_length);
    set_text(L, "text", fact->text, fact->text_length);
    break;
  case LOOM_FACT_ZONE:
    set_boolean(L, "override", fact->override);
    set_text(L, "text", fact->text, fact->text_length);
    break;
  }
}

/* ---- methods ---- */

/* begin(author): see lloom_read_author. */
static int begin(lua_State *L) {
  loom_error error;
  struct loom_author author;
  loom_facts *facts = check_facts(L);
  lloom_read_author(L, 2, &author);
  return lloom_done(L, loom_facts_begin(facts, &author, &error), &error);
}

/* put(fact): in place of the one with its key; its number, which is 0 for what has none. */
static int put(lua_State *L) {
  loom_error error;
  struct loom_fact fact;
  loom_facts *facts = check_facts(L);
  lloom_read_fact(L, &fact);
  if (loom_facts_put(facts, &fact, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lloom_push_integer(L, fact.number);
  return 1;
}

/* remove(fact): the one with its key, of its layer; how much was there. */
static int remove_fact(lua_State *L) {
  loom_error error;
  struct loom_fact fact;
  uint64_t count;
  loom_facts *facts = check_facts(L);
  lloom_read_fact(L, &fact);
  if (loom_facts_remove(facts, &fact, &count, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

/*
** list(query): a list of the facts of the query's `kind`: of `store`, or of all; between the dates `first` and `last`, and of weeks
** `by_hand` alone; with the `number`, or the `name`; exclusions after `after`, with its instants `after_from` and `after_to`; stores
** with a number after `after`, and attributes of such stores up to the one with `last_number`; `most` of them.
*/
static int list(lua_State *L) {
  loom_error error;
  bool given;
  struct loom_fact fact;
  loom_facts *facts = check_facts(L);
  struct loom_fact_query query = {.kind = read_kind(L)};
  query.store = read_store(L, query.kind, &query.store_length, &given);
  query.any_store = !given;
  query.first_date = read_date(L, "first", LOOM_DATE_MIN);
  query.last_date = read_date(L, "last", LOOM_DATE_MAX);
  query.by_hand = read_boolean(L, "by_hand");
  query.number = read_integer(L, "number", 0);
  query.name = read_text(L, "name", &query.name_length);
  query.after.number = read_integer(L, "after", 0);
  query.after.from = read_integer(L, "after_from", 0);
  query.after.to = read_integer(L, "after_to", 0);
  query.last = read_integer(L, "last_number", 0);
  query.most = read_integer(L, "most", -1);
  lua_newtable(L);
  loom_status status = loom_facts_list(facts, &query, &error);
  for (int i = 1; status == LOOM_OK && (status = loom_facts_next(facts, &fact, &error)) == LOOM_OK;
       i++) {
    push_fact(L, &fact);
    lua_rawseti(L, -2, i);
  }
  return status == LOOM_DONE ? 1 : lloom_failure(L, &error);
}

/* A list's length, whose items are all texts. */
static size_t check_texts(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  size_t length = lua_rawlen(L, index);
  for (size_t i = 1; i <= length; i++) {
    lua_rawgeti(L, index, (int)i);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "bad condition of a choice (a list of texts expected)");
    lua_pop(L, 1);
  }
  return length;
}

static const char *text_at(lua_State *L, int index, size_t i, size_t *length) {
  lua_rawgeti(L, index, (int)i);
  const char *text = lua_tolstring(L, -1, length); /* the list keeps it */
  lua_pop(L, 1);
  return text;
}

/* A condition is a list of a name and values. What is read is in a userdata, which is left on the stack. */
static void read_condition(lua_State *L, int index, struct loom_fact_condition *condition) {
  size_t count = check_texts(L, index);
  if (count < 1)
    luaL_error(L, "bad condition of a choice (a name expected)");
  const char **values = lua_newuserdata(L, count * sizeof *values);
  size_t *lengths = lua_newuserdata(L, count * sizeof *lengths);
  for (size_t i = 0; i + 1 < count; i++)
    values[i] = text_at(L, index, i + 2, &lengths[i]);
  condition->name = text_at(L, index, 1, &condition->name_length);
  condition->values = values;
  condition->value_lengths = lengths;
  condition->value_count = count - 1;
}

/*
** choose(choice): starts on all stores behind the id `after`, for loom.choice and loom.column, which take them, or for `chosen`:
** those are wanted that match `glob`, contain `text` (see loom_fact_choice) and meet every one of `conditions`, lists of an
** attribute's name and the values that it may have. Each is given with its value of `attribute`.
*/
static int choose(lua_State *L) {
  loom_error error;
  loom_facts *facts = check_facts(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  struct loom_fact_choice choice = {0};
  size_t ignored;
  choice.glob = read_text(L, "glob", &ignored);
  choice.text = read_text(L, "text", &choice.text_length);
  if (choice.text_length > LOOM_SEARCH_MAX)
    luaL_error(L, "bad text of a choice (up to %d bytes expected)", LOOM_SEARCH_MAX);
  choice.attribute = read_text(L, "attribute", &choice.attribute_length);
  choice.after = read_text(L, "after", &choice.after_length);
  if (!choice.after)
    choice.after = "";
  lua_getfield(L, 2, "conditions");
  if (!lua_isnil(L, -1)) {
    int list = lua_gettop(L);
    luaL_checktype(L, list, LUA_TTABLE);
    size_t count = lua_rawlen(L, list);
    if (count > CONDITIONS_MAX)
      luaL_error(L, "bad conditions of a choice (up to %d expected)", CONDITIONS_MAX);
    luaL_checkstack(L, 3 * CONDITIONS_MAX + 10, NULL);
    struct loom_fact_condition *conditions = lua_newuserdata(L, (count + 1) * sizeof *conditions);
    for (size_t i = 0; i < count; i++) {
      lua_rawgeti(L, list, (int)i + 1);
      read_condition(L, lua_gettop(L), &conditions[i]);
    }
    choice.conditions = conditions;
    choice.condition_count = count;
  }
  return lloom_done(L, loom_facts_choose(facts, &choice, &error), &error);
}

/* chosen(): the ids of the stores that are wanted, of those on which choose has started. */
static int chosen(lua_State *L) {
  loom_error error;
  struct loom_fact store;
  loom_facts *facts = check_facts(L);
  loom_status status;
  int count = 0;
  lua_newtable(L);
  while ((status = loom_facts_next(facts, &store, &error)) == LOOM_OK) {
    if (!store.wanted)
      continue;
    lua_pushlstring(L, store.store, store.store_length);
    lua_rawseti(L, -2, ++count);
  }
  return status == LOOM_DONE ? 1 : lloom_failure(L, &error);
}

/* names(): how many different names attributes have. */
static int names(lua_State *L) {
  loom_error error;
  uint64_t count;
  if (loom_facts_count_names(check_facts(L), &count, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

static int commit(lua_State *L) {
  loom_error error;
  return lloom_done(L, loom_facts_commit(check_facts(L), &error), &error);
}

static int rollback(lua_State *L) {
  loom_facts_abandon(check_facts(L));
  return 0;
}

void lloom_register_facts(lua_State *L) {
  static const luaL_Reg methods[] = {{"begin", begin}, {"put", put},       {"remove", remove_fact},
                                     {"list", list},   {"choose", choose}, {"chosen", chosen},
                                     {"names", names}, {"commit", commit}, {"rollback", rollback},
                                     {NULL, NULL}};
  lloom_new_type(L, FACTS, methods, close_facts);
}
