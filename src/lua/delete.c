/*
** Removing polls of a store, or all of it: what is told of it, a step of it, and a step as a write.
*/
#include "binding.h"

#include "time/civil.h"
#include "write/delete.h"
#include "base/id_table.h"

#include <string.h>

void lloom_read_author(lua_State *L, int index, struct loom_author *author) {
  *author = (struct loom_author){
      .by = lloom_option_string(L, index, "by", ""),
      .reason = lloom_option_string(L, index, "reason", ""),
      .at = lloom_option_integer(L, index, "at", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX)};
  author->by_length = strlen(author->by);
  author->reason_length = strlen(author->reason);
}

void lloom_read_removal(lua_State *L, int index, struct loom_removal *removal) {
  static const char *const known[] = {"store", "from",   "to", "whole_store",
                                      "by",    "reason", "at", NULL};
  luaL_checktype(L, index, LUA_TTABLE);
  lloom_check_options(L, index, known);
  *removal =
      (struct loom_removal){.id = lloom_option_string(L, index, "store", ""),
                            .from = lloom_option_integer(L, index, "from", LOOM_INSTANT_MIN,
                                                         LOOM_INSTANT_MIN, LOOM_INSTANT_MAX),
                            .to = lloom_option_integer(L, index, "to", LOOM_INSTANT_MAX,
                                                       LOOM_INSTANT_MIN, LOOM_INSTANT_MAX),
                            .whole_store = lloom_option_boolean(L, index, "whole_store", false)};
  removal->id_length = strlen(removal->id); /* the table keeps it */
  lloom_read_author(L, index, &removal->author);
  luaL_argcheck(L, removal->id_length >= 1 && removal->id_length <= LOOM_ID_MAX, index,
                "a store id expected");
}

void lloom_push_extent(lua_State *L, const struct loom_poll_extent *extent) {
  lua_createtable(L, 0, 4);
  lloom_set_integer(L, "polls", extent->polls);
  lloom_set_integer(L, "days", extent->days);
  if (extent->polls) {
    lloom_set_integer(L, "first", extent->first);
    lloom_set_integer(L, "newest", extent->newest);
  }
}

void lloom_push_removed(lua_State *L, const struct loom_removed *removed) {
  lua_createtable(L, 0, 7);
  lloom_push_extent(L, &removed->gone);
  lua_setfield(L, -2, "gone");
  lloom_push_extent(L, &removed->kept);
  lua_setfield(L, -2, "kept");
  lloom_set_integer(L, "hours", removed->hours);
  lloom_set_integer(L, "special_days", removed->special_days);
  lloom_set_integer(L, "exclusions", removed->exclusions);
  lloom_set_integer(L, "attributes", removed->attributes);
  lua_pushboolean(L, removed->timezone);
  lua_setfield(L, -2, "timezone");
}

/*
** removal({store [, from] [, to] [, whole_store] [, by, reason, at]}): what would be removed and which polls stay; instants are in
** microseconds.
*/
int lloom_removal(lua_State *L) {
  loom_error error;
  struct loom_removal removal;
  struct loom_removed removed;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  lloom_read_removal(L, 2, &removal);
  if (loom_delete_survey(database, &removal, &removed, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lloom_push_removed(L, &removed);
  return 1;
}

/* remove({…}), as above, within a transaction: takes a step. Returns what it has removed, and
 * whether it was the last one. */
int lloom_remove(lua_State *L) {
  loom_error error;
  struct loom_removal removal;
  struct loom_removed removed = {0};
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  lloom_read_removal(L, 2, &removal);
  loom_status status = loom_delete_step(database, &removal, LOOM_DELETE_STEP, &removed, &error);
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  lloom_push_removed(L, &removed);
  lua_pushboolean(L, status == LOOM_DONE);
  return 2;
}
