/*
** loom.rows: the rows of an SQL query, taken one by one.
*/
#include "binding.h"

#include "sqlite/query.h"

#define ROWS "loom.rows"

static int close_rows(lua_State *L) {
  loom_query_free(lloom_take_handle(L, 1, ROWS));
  return 0;
}

/* Whether the argument is a value that a parameter can have. */
static bool read_value(lua_State *L, int index, struct loom_value *value) {
  *value = (struct loom_value){.type = LOOM_NULL};
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return true;
  case LUA_TBOOLEAN:
    value->type = LOOM_INTEGER;
    value->integer = lua_toboolean(L, index);
    return true;
  case LUA_TNUMBER:
    value->type = lloom_to_integer(L, index, &value->integer) ? LOOM_INTEGER : LOOM_REAL;
    if (value->type == LOOM_REAL)
      value->real = lua_tonumber(L, index);
    return true;
  case LUA_TSTRING:
    value->type = LOOM_BYTES;
    value->bytes = lua_tolstring(L, index, &value->length);
    return true;
  default:
    return false;
  }
}

/*
** Binds the arguments from `first` on, as many as the statement has parameters; false with a message pushed if they do not
** fit.
*/
static bool bind_arguments(lua_State *L, loom_query *query, int first) {
  int count = loom_query_parameters(query), given = lua_gettop(L) - first + 1;
  if (given != count) {
    lua_pushfstring(L, "the query has %d parameter%s, got %d value%s", count, count == 1 ? "" : "s",
                    given, given == 1 ? "" : "s");
    return false;
  }
  for (int i = 1; i <= count; i++) {
    loom_error error;
    struct loom_value value;
    if (!read_value(L, first + i - 1, &value)) {
      lua_pushfstring(L, "parameter %d: nil, boolean, number or string expected, got a %s", i,
                      luaL_typename(L, first + i - 1));
      return false;
    }
    if (loom_query_bind(query, i, &value, &error) != LOOM_OK) {
      lua_pushstring(L, error.message);
      return false;
    }
  }
  return true;
}

/* Ends a query whose parameters do not fit, so that it keeps nobody from writing: nil and the message, without a code. */
static int misfit(lua_State *L, loom_query **query) {
  loom_query_free(*query);
  *query = NULL;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

typedef loom_status starter(loom_database *, const char *, size_t, loom_query **, loom_error *);

/*
** Prepares the statement that is argument 2 and binds what follows it. 0, and the query in a handle at index 3; or how many
** results tell of the failure.
*/
static int begin(lua_State *L, starter *start, loom_query ***query) {
  loom_error error;
  size_t length;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  const char *sql = luaL_checklstring(L, 2, &length);
  struct lloom_handle *rows = lloom_new_handle(L, ROWS, sizeof *rows);
  lua_insert(L, 3);
  *query = (loom_query **)&rows->object;
  if (start(database, sql, length, *query, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return bind_arguments(L, **query, 4) ? 0 : misfit(L, *query);
}

/* query(database, sql, ...): rows of a statement that only reads. */
int lloom_query(lua_State *L) {
  loom_query **query;
  int failed = begin(L, loom_query_new, &query);
  if (failed)
    return failed;
  lua_settop(L, 3);
  return 1;
}

static void push_value(lua_State *L, const loom_query *query, int column) {
  struct loom_value value = loom_query_value(query, column);
  switch (value.type) {
  case LOOM_INTEGER:
    lloom_push_integer(L, value.integer);
    break;
  case LOOM_REAL:
    lua_pushnumber(L, value.real);
    break;
  case LOOM_BYTES:
    lua_pushlstring(L, value.bytes, value.length);
    break;
  default:
    lua_pushnil(L);
  }
}

/* Pushes the row that a query stands at, as a table by column names. */
static void push_row(lua_State *L, const loom_query *query) {
  int count = loom_query_columns(query);
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) {
    push_value(L, query, i);
    lua_setfield(L, -2, loom_query_column_name(query, i));
  }
}

/* The debug hook that there was before a row was looked for. */
struct hook {
  lua_State *L;
  lua_Hook before;
};

/*
** Whether there is another one now, though no Lua ran meanwhile: at a signal, such as Ctrl-C, interpreters set one that raises an
** error as soon as Lua goes on.
*/
static bool is_interrupted(void *context) {
  const struct hook *hook = context;
  return lua_gethook(hook->L) != hook->before;
}

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Lets Lua go on for as long as it takes the hook to raise its error. */
static void run_hook(lua_State *L) {
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
}

/* rows(): the next row; nil at the end. The query is closed then, and when it fails. */
static int next_row(lua_State *L) {
  loom_error error;
  struct lloom_handle *handle = luaL_checkudata(L, 1, ROWS);
  loom_query *query = lloom_check_handle(L, 1, ROWS);
  struct hook hook = {L, lua_gethook(L)};
  loom_status status = loom_query_next_unless(query, is_interrupted, &hook, &error);
  if (status != LOOM_OK) {
    handle->object = NULL;
    loom_query_free(query);
    if (status == LOOM_ECANCELED)
      run_hook(L);
    return status == LOOM_DONE ? 0
                               : luaL_error(L, "%s: %s", loom_status_name(status), error.message);
  }
  push_row(L, query);
  return 1;
}

/* Ends a query that had to be read to its end, or failed on the way. One result, which is on the stack, or the failure's. */
static int end(lua_State *L, loom_query **query, loom_status status, const loom_error *error) {
  loom_query_free(*query);
  *query = NULL;
  return status == LOOM_OK || status == LOOM_DONE ? 1 : lloom_failure(L, error);
}

/* row(database, sql, ...): the first row of a statement that only reads; false if there is none. */
int lloom_row(lua_State *L) {
  loom_error error;
  loom_query **query;
  int failed = begin(L, loom_query_new, &query);
  if (failed)
    return failed;
  loom_status status = loom_query_next(*query, &error);
  lua_settop(L, 3);
  if (status == LOOM_OK)
    push_row(L, *query);
  else
    lua_pushboolean(L, false);
  return end(L, query, status, &error);
}

/* rows(database, sql, ...): all rows of a statement that only reads, as a list: of one that has few. */
int lloom_rows(lua_State *L) {
  loom_error error;
  loom_query **query;
  int failed = begin(L, loom_query_new, &query);
  if (failed)
    return failed;
  lua_settop(L, 3);
  lua_newtable(L);
  loom_status status = loom_query_next(*query, &error);
  for (int i = 1; status == LOOM_OK; i++) {
    push_row(L, *query);
    lua_rawseti(L, 4, i);
    status = loom_query_next(*query, &error);
  }
  return end(L, query, status, &error);
}

static int columns(lua_State *L) {
  const loom_query *query = lloom_check_handle(L, 1, ROWS);
  int count = loom_query_columns(query);
  if (count == 0)
    return luaL_error(L, "the query was closed by a change that was made on its monitor meanwhile");
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, loom_query_column_name(query, i));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/*
** execute(database, sql, ...): a statement of Loom's own, in a write transaction. Returns how many rows it changed, the
** number of the row inserted last, and the first row's first column.
*/
int lloom_execute(lua_State *L) {
  loom_error error;
  loom_query **query;
  int failed = begin(L, loom_query_new_in_write, &query);
  if (failed)
    return failed;
  loom_status status = loom_query_next(*query, &error);
  bool has_row = status == LOOM_OK;
  lua_settop(L, 3);
  lua_pushinteger(L, (lua_Integer)loom_query_changed(*query));
  lua_pushinteger(L, (lua_Integer)loom_query_inserted(*query));
  if (has_row)
    push_value(L, *query, 0);
  while (status == LOOM_OK)
    status = loom_query_next(*query, &error);
  loom_query_free(*query);
  *query = NULL;
  return status == LOOM_DONE ? 2 + has_row : lloom_failure(L, &error);
}

void lloom_register_query(lua_State *L) {
  static const luaL_Reg methods[] = {{"columns", columns}, {NULL, NULL}};
  lloom_new_type(L, ROWS, methods, close_rows);
  luaL_getmetatable(L, ROWS);
  lua_pushcfunction(L, next_row);
  lua_setfield(L, -2, "__call");
  lua_pop(L, 1);
}
