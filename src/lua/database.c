/*
** loom.monitor: a handle on Loom's database, with its transactions.
*/
#include "binding.h"

#include "sqlite/check.h"
#include "sqlite/database.h"
#include "sqlite/info.h"
#include "sqlite/remote.h"
#include "sqlite/source_sqlite.h"
#include "time/civil.h"
#include "write/audit.h"
#include "write/prune.h"

#include <stdlib.h>
#include <string.h>

loom_source *lloom_source(loom_database *database, bool shared) {
  return loom_source_of(database, shared);
}

static int close_database(lua_State *L) {
  uint64_t number;
  unsigned parts = 0;
  loom_database *database = lloom_take_handle(L, 1, LLOOM_DATABASE);
  if (!database)
    return 0;
  if (loom_database_writing(database, &number, &parts))
    for (unsigned i = 0; i <= parts; i++)
      loom_database_rollback(database);
  loom_database_close(database);
  return 0;
}

/*
** open(path [, {create = boolean, busy_timeout = milliseconds, checkpoint = boolean}]): without checkpoints, a writer has to
** make them.
*/
int lloom_open(lua_State *L) {
  static const char *const known[] = {"create", "busy_timeout", "checkpoint", NULL};
  loom_error error;
  const char *path = lloom_check_path(L, 1);
  lloom_check_options(L, 2, known);
  enum loom_open_mode mode =
      lloom_option_boolean(L, 2, "create", false) ? LOOM_OPEN_CREATE : LOOM_OPEN_EXISTING;
  int timeout = (int)lloom_option_integer(L, 2, "busy_timeout", LOOM_BUSY_TIMEOUT, 0, INT32_MAX);
  bool checkpoint = lloom_option_boolean(L, 2, "checkpoint", true);
  struct lloom_handle *handle = lloom_new_handle(L, LLOOM_DATABASE, sizeof *handle);
  loom_status status =
      loom_database_open(path, mode, timeout, (loom_database **)&handle->object, &error);
  if (status == LOOM_OK && !checkpoint)
    status = loom_database_leave_checkpoints(handle->object, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* begin([nests]): a write transaction, which may have parts: see loom_database_nest. */
static int begin(lua_State *L) {
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  loom_status status = loom_database_begin_write(database, &error);
  if (status == LOOM_OK && lua_toboolean(L, 2))
    loom_database_nest(database);
  return lloom_done(L, status, &error);
}

/* writing(): the number of the write transaction that is open, and how many of its parts are; nil: none is. */
static int writing(lua_State *L) {
  uint64_t number;
  unsigned parts;
  if (!loom_database_writing(lloom_check_handle(L, 1, LLOOM_DATABASE), &number, &parts))
    return 0;
  lua_pushinteger(L, (lua_Integer)number);
  lua_pushinteger(L, (lua_Integer)parts);
  return 2;
}

/* stay_small(): writes with little cache. */
static int stay_small(lua_State *L) {
  loom_database_stay_small(lloom_check_handle(L, 1, LLOOM_DATABASE));
  return 0;
}

/* set_busy_timeout(milliseconds): true, or a failure while a report computes. */
static int set_busy_timeout(lua_State *L) {
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  int64_t timeout = lloom_check_integer(L, 2);
  luaL_argcheck(L, timeout >= 0 && timeout <= INT32_MAX, 2, "0 to 2147483647 expected");
  return lloom_done(L, loom_database_set_busy_timeout(database, (int)timeout, &error), &error);
}

/* commit([keep_revision]): true where nothing has changed that reports are made from. */
static int commit(lua_State *L) {
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  if (lua_toboolean(L, 2))
    loom_database_keep_revision(database);
  return lloom_done(L, loom_database_commit(database, &error), &error);
}

/* revision(): a number that stays the same as long as every report does. */
static int revision(lua_State *L) {
  loom_error error;
  int64_t number;
  loom_source *source = lloom_source(lloom_check_handle(L, 1, LLOOM_DATABASE), true);
  if (!source)
    return lloom_no_memory(L);
  loom_status status = loom_source_revision(source, &number, &error);
  loom_source_free(source);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)number);
  return 1;
}

/* newest(): the newest poll of all, in microseconds; LOOM_EEMPTY as a failure where there is none. */
static int newest(lua_State *L) {
  loom_error error;
  int64_t instant;
  loom_source *source = lloom_source(lloom_check_handle(L, 1, LLOOM_DATABASE), true);
  if (!source)
    return lloom_no_memory(L);
  loom_status status = loom_source_snapshot(source, &error);
  if (status == LOOM_OK)
    status = loom_source_newest(source, &instant, &error);
  loom_source_free(source);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lloom_push_integer(L, instant);
  return 1;
}

/* clone(): a second handle on the same file. See database.h. */
static int clone(lua_State *L) {
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  struct lloom_handle *handle = lloom_new_handle(L, LLOOM_DATABASE, sizeof *handle);
  if (loom_database_clone(database, (loom_database **)&handle->object, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* is_lost(): whether the file was deleted, moved or replaced since it was opened. */
static int is_lost(lua_State *L) {
  lua_pushboolean(L, loom_database_is_lost(lloom_check_handle(L, 1, LLOOM_DATABASE)));
  return 1;
}

static int rollback(lua_State *L) {
  loom_database_rollback(lloom_check_handle(L, 1, LLOOM_DATABASE));
  return 0;
}

/* The text of a field, which the table at `index` keeps; NULL and a length of 0 where it has none. */
static const char *text_of(lua_State *L, int index, const char *name, size_t *length) {
  lua_getfield(L, index, name);
  const char *text = lua_isnil(L, -1) ? NULL : luaL_checklstring(L, -1, length);
  lua_pop(L, 1);
  return text;
}

/*
** audit({kind =, before =, after =, by =, reason =, at =}): writes an entry that is of no store, in the write transaction of its
** change. `before` and `after` are objects in JSON.
*/
static int audit(lua_State *L) {
  static const char *const known[] = {"kind", "before", "after", "by", "reason", "at", NULL};
  loom_error error;
  uint64_t number;
  unsigned parts;
  struct loom_author author;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  lloom_read_author(L, 2, &author);
  struct loom_audit_entry entry = {.author = &author,
                                   .kind = lloom_option_string(L, 2, "kind", "")};
  entry.before = text_of(L, 2, "before", &entry.before_length);
  entry.after = text_of(L, 2, "after", &entry.after_length);
  loom_status status = loom_database_writing(database, &number, &parts)
                           ? loom_audit_add(database, &entry, &error)
                           : loom_fail(&error, LOOM_EINVAL, "there is no write transaction");
  if (status == LOOM_OK)
    status = loom_audit_trim(database, &error);
  return lloom_done(L, status, &error);
}

/*
** prune({keep = microseconds, now = microseconds [, dry_run] [, force] [, by, reason, at]}): returns a table of gone and kept, each of polls,
** days, first and newest, and where there were polls cut.
*/
static int prune(lua_State *L) {
  static const char *const known[] = {"keep", "now",    "dry_run", "force",
                                      "by",   "reason", "at",      NULL};
  loom_error error;
  struct loom_pruning pruning;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  struct loom_prune_options options = {
      .keep = lloom_option_integer(L, 2, "keep", -1, 0, LOOM_DURATION_MAX),
      .now =
          lloom_option_integer(L, 2, "now", LOOM_INSTANT_MAX, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX),
      .dry_run = lloom_option_boolean(L, 2, "dry_run", false),
      .force = lloom_option_boolean(L, 2, "force", false)};
  luaL_argcheck(L, options.keep >= 0, 2, "a table with keep expected");
  lloom_read_author(L, 2, &options.author);
  if (loom_prune(database, &options, &pruning, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_createtable(L, 0, 3);
  lloom_push_extent(L, &pruning.gone);
  lua_setfield(L, -2, "gone");
  lloom_push_extent(L, &pruning.kept);
  lua_setfield(L, -2, "kept");
  if (pruning.kept.polls)
    lloom_set_integer(L, "cut", pruning.cut);
  return 1;
}

static int info(lua_State *L) {
  loom_error error;
  struct loom_info info;
  if (loom_info_read(lloom_check_handle(L, 1, LLOOM_DATABASE), &info, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  const struct {
    const char *name;
    int64_t value;
  } fields[] = {
      {"stores", info.stores},
      {"polled_stores", info.polled_stores},
      {"polls", info.polls},
      {"days", info.days},
      {"hours", info.hours},
      {"stores_with_hours", info.stores_with_hours},
      {"timezones", info.timezones},
      {"stores_with_timezone", info.stores_with_timezone},
      {"special_days", info.special_days},
      {"exclusions", info.exclusions},
      {"overrides", info.overrides},
      {"attributes", info.attributes},
      {"size", info.size},
      {"schema_version", info.schema_version},
      {"first_poll", info.first_poll}, /* the last two only where there are polls */
      {"newest_poll", info.newest_poll},
  };
  size_t count = sizeof fields / sizeof *fields - (info.polls ? 0 : 2);
  lua_createtable(L, 0, (int)count);
  for (size_t i = 0; i < count; i++) {
    lloom_push_integer(L, fields[i].value);
    lua_setfield(L, -2, fields[i].name);
  }
  return 1;
}

/* The check's problems, one to a line, gathered outside of Lua's reach. */
struct problems {
  char *text;
  size_t length;
  bool out_of_memory;
};

static void add_problem(void *context, const char *problem) {
  struct problems *problems = context;
  size_t length = strlen(problem);
  char *text = realloc(problems->text, problems->length + length + 1);
  problems->out_of_memory = problems->out_of_memory || !text;
  if (!text)
    return;
  memcpy(text + problems->length, problem, length);
  text[problems->length + length] = '\n';
  problems->text = text;
  problems->length += length + 1;
}

static int push_problems(lua_State *L) {
  const struct problems *problems = lua_touserdata(L, 1);
  const char *at = problems->text, *end = at + problems->length;
  lua_newtable(L);
  for (lua_Integer i = 1; at < end; i++) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    lua_pushlstring(L, at, (size_t)(line_end - at));
    lua_rawseti(L, -2, (int)i);
    at = line_end + 1;
  }
  return 1;
}

/* check(): a list of problems, empty when all is well. */
static int check(lua_State *L) {
  loom_error error;
  struct problems problems = {0};
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  loom_remote *remote = loom_database_remote(database);
  loom_status status = loom_check_run(database, add_problem, &problems, &error);
  if (status == LOOM_OK && remote)
    status = remote->type->check(remote, add_problem, &problems, &error);
  if (status == LOOM_OK && problems.out_of_memory)
    status = loom_no_memory(&error);
  if (status != LOOM_OK) {
    free(problems.text);
    return lloom_failure(L, &error);
  }
  lua_pushcfunction(L, push_problems);
  lua_pushlightuserdata(L, &problems);
  int result = lua_pcall(L, 1, 1, 0);
  free(problems.text);
  return result ? lua_error(L) : 1;
}

void lloom_register_database(lua_State *L) {
  static const luaL_Reg methods[] = {{"begin", begin},
                                     {"commit", commit},
                                     {"info", info},
                                     {"rollback", rollback},
                                     {"check", check},
                                     {"audit", audit},
                                     {"prune", prune},
                                     {"removal", lloom_removal},
                                     {"remove", lloom_remove},
                                     {"query", lloom_query},
                                     {"row", lloom_row},
                                     {"rows", lloom_rows},
                                     {"execute", lloom_execute},
                                     {"revision", revision},
                                     {"newest", newest},
                                     {"set_busy_timeout", set_busy_timeout},
                                     {"stay_small", stay_small},
                                     {"is_lost", is_lost},
                                     {"clone", clone},
                                     {"writing", writing},
                                     {NULL, NULL}};
  lloom_new_type(L, LLOOM_DATABASE, methods, close_database);
}
