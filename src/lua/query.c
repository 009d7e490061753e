/*
** loom.rows: the rows of an SQL query, taken one by one.
*/
#include "binding.h"

#include "../core/query.h"

#define ROWS "loom.rows"

static int close_rows(lua_State *L) {
  loom_query_free(lloom_take_handle(L, 1, ROWS));
  return 0;
}

/*
** Binds the arguments from `first` on, as many as the statement has parameters; false with a message pushed if they do not
** fit.
*/
static bool bind_arguments(lua_State *L, sqlite3_stmt *statement, int first) {
  int count = sqlite3_bind_parameter_count(statement), given = lua_gettop(L) - first + 1;
  int bound = SQLITE_OK;
  if (given != count) {
    lua_pushfstring(L, "the query has %d parameter%s, got %d value%s", count, count == 1 ? "" : "s",
                    given, given == 1 ? "" : "s");
    return false;
  }
  for (int i = 1; i <= count; i++) {
    int index = first + i - 1;
    int64_t integer;
    size_t length;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
      sqlite3_bind_null(statement, i);
      break;
    case LUA_TBOOLEAN:
      sqlite3_bind_int(statement, i, lua_toboolean(L, index));
      break;
    case LUA_TNUMBER:
      if (lloom_to_integer(L, index, &integer))
        sqlite3_bind_int64(statement, i, integer);
      else
        sqlite3_bind_double(statement, i, lua_tonumber(L, index));
      break;
    case LUA_TSTRING: {
      const char *text = lua_tolstring(L, index, &length);
      bound = sqlite3_bind_text64(statement, i, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    }
    default:
      lua_pushfstring(L, "parameter %d: nil, boolean, number or string expected, got a %s", i,
                      luaL_typename(L, index));
      return false;
    }
    if (bound != SQLITE_OK) { /* it would be NULL */
      lua_pushfstring(L, "parameter %d: %s", i, sqlite3_errstr(bound));
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
  return bind_arguments(L, loom_query_statement(**query), 4) ? 0 : misfit(L, *query);
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

static void push_value(lua_State *L, sqlite3_stmt *row, int column) {
  switch (sqlite3_column_type(row, column)) {
  case SQLITE_INTEGER:
    lloom_push_integer(L, sqlite3_column_int64(row, column));
    break;
  case SQLITE_FLOAT:
    lua_pushnumber(L, sqlite3_column_double(row, column));
    break;
  case SQLITE_NULL:
    lua_pushnil(L);
    break;
  default: {
    const void *bytes = sqlite3_column_blob(row, column);
    lua_pushlstring(L, bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, column));
  }
  }
}

/* rows(): the next row as a table by column names; nil at the end. The query is closed then, and when it fails. */
static int next_row(lua_State *L) {
  loom_error error;
  struct lloom_handle *handle = luaL_checkudata(L, 1, ROWS);
  loom_query *query = lloom_check_handle(L, 1, ROWS);
  loom_status status = loom_query_next(query, &error);
  if (status != LOOM_OK) {
    handle->object = NULL;
    loom_query_free(query);
    return status == LOOM_DONE
               ? 0
               : luaL_error(L, "%s: %s", loom_status_name(status), error.message);
  }
  sqlite3_stmt *row = loom_query_statement(query);
  int count = sqlite3_column_count(row);
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) {
    push_value(L, row, i);
    lua_setfield(L, -2, sqlite3_column_name(row, i));
  }
  return 1;
}

static int columns(lua_State *L) {
  sqlite3_stmt *row = loom_query_statement(lloom_check_handle(L, 1, ROWS));
  if (!row)
    return luaL_error(L, "the query was closed by a change that was made on its monitor meanwhile");
  int count = sqlite3_column_count(row);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, sqlite3_column_name(row, i));
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
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  loom_query **query;
  int failed = begin(L, loom_query_new_in_write, &query);
  if (failed)
    return failed;
  loom_status status = loom_query_next(*query, &error);
  bool has_row = status == LOOM_OK;
  lua_settop(L, 3);
  lua_pushinteger(L, sqlite3_changes(database->sqlite));
  lua_pushinteger(L, (lua_Integer)sqlite3_last_insert_rowid(database->sqlite));
  if (has_row)
    push_value(L, loom_query_statement(*query), 0);
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
