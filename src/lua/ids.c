/*
** loom.ids: a set of store ids that a query found, without a Lua value for each.
*/
#include "binding.h"

#include "../core/id_table.h"
#include "../core/query.h"

#include <stdlib.h>

static int close_ids(lua_State *L) {
  struct loom_id_table *ids = lloom_take_handle(L, 1, LLOOM_IDS);
  if (ids) {
    loom_id_table_free(ids);
    free(ids);
  }
  return 0;
}

static loom_status collect(loom_query *query, struct loom_id_table *ids, loom_error *error) {
  loom_status status;
  sqlite3_stmt *row = loom_query_statement(query);
  while ((status = loom_query_next(query, error)) == LOOM_OK) {
    const char *id = sqlite3_column_blob(row, 0);
    if (loom_id_table_put(ids, id ? id : "", (size_t)sqlite3_column_bytes(row, 0)) == LOOM_NO_NUMBER)
      return loom_fail(error, LOOM_ENOMEM, "out of memory");
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* ids(database, sql, ...): the first column of all rows of a query. */
int lloom_ids(lua_State *L) {
  loom_error error;
  int results = lloom_query(L);
  if (results != 1)
    return results; /* the failure */
  int rows = lua_gettop(L);
  struct lloom_handle *handle = lloom_new_handle(L, LLOOM_IDS, sizeof *handle);
  struct loom_id_table *ids = calloc(1, sizeof *ids);
  if (!ids)
    return luaL_error(L, "out of memory");
  loom_id_table_init(ids);
  handle->object = ids;
  loom_query *query = lloom_check_handle(L, rows, "loom.rows");
  loom_status status = collect(query, ids, &error);
  lloom_take_handle(L, rows, "loom.rows");
  loom_query_free(query);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* count() */
static int count(lua_State *L) {
  const struct loom_id_table *ids = lloom_check_handle(L, 1, LLOOM_IDS);
  lua_pushinteger(L, (lua_Integer)ids->count);
  return 1;
}

/* size(): bytes of memory, of which Lua's collector does not know. */
static int size(lua_State *L) {
  const struct loom_id_table *ids = lloom_check_handle(L, 1, LLOOM_IDS);
  lua_pushinteger(L, (lua_Integer)loom_id_table_size(ids));
  return 1;
}

void lloom_register_ids(lua_State *L) {
  static const luaL_Reg methods[] = {{"count", count}, {"size", size}, {NULL, NULL}};
  lloom_new_type(L, LLOOM_IDS, methods, close_ids);
}
