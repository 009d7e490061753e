/*
** loom.writer and loom.write: writing by a thread, for callers that must not wait.
*/
#include "binding.h"

#include "sqlite/remote.h"
#include "time/civil.h"
#include "write/delete_write.h"
#include "write/poll_write.h"
#include "write/upload.h"

#define WRITER "loom.writer"
#define WRITE "loom.write"

#define WAITING_MAX (64 << 20)    /* bytes of writes that may wait, by default */
#define UPLOADS_MAX 4             /* uploads at a time, by default: each has some 30 MB */
#define UPLOAD_CAPACITY (8 << 20) /* bytes of an upload that may wait to be parsed, by default */

struct write_handle {
  struct lloom_handle handle; /* of a loom_write */
  loom_poll_write *polls;     /* what it is the head of: one of these */
  loom_upload *upload;
  loom_delete_write *delete;
};

/* ---- writers ---- */

static int close_writer(lua_State *L) {
  loom_writer_free(lloom_take_handle(L, 1, WRITER));
  return 0;
}

/*
** writer(path [, {busy_timeout = milliseconds, capacity = bytes, uploads = count} [, database]]): see writer.h; with a database's handle,
** polls go where that has its own.
*/
int lloom_writer(lua_State *L) {
  static const char *const known[] = {"busy_timeout", "capacity", "uploads", NULL};
  loom_error error;
  const char *path = lloom_check_path(L, 1);
  lloom_check_options(L, 2, known);
  struct loom_writer_options options = {
      .busy_timeout =
          (int)lloom_option_integer(L, 2, "busy_timeout", LOOM_BUSY_TIMEOUT, 0, INT32_MAX),
      .capacity = (size_t)lloom_option_integer(L, 2, "capacity", WAITING_MAX, 0, INT32_MAX),
      .announced = (unsigned)lloom_option_integer(L, 2, "uploads", UPLOADS_MAX, 0, 1000)};
  if (!lua_isnoneornil(L, 3))
    options.remote = loom_database_remote(lloom_check_handle(L, 3, LLOOM_DATABASE));
  struct lloom_handle *handle = lloom_new_handle(L, WRITER, sizeof *handle);
  if (loom_writer_new(path, &options, (loom_writer **)&handle->object, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* Submits polls that the handle at the stack's top is for. */
static int submit_polls(lua_State *L, loom_writer *writer, struct write_handle *handle) {
  loom_error error;
  if (!handle->polls)
    return lloom_no_memory(L);
  handle->handle.object = loom_poll_write_head(handle->polls);
  if (loom_writer_submit(writer, handle->handle.object, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* polls(staging): takes the polls over, and returns the write. */
static int polls_of_staging(lua_State *L) {
  loom_writer *writer = lloom_check_handle(L, 1, WRITER);
  loom_staging *staging = lloom_check_handle(L, 2, LLOOM_STAGING);
  struct write_handle *handle = lloom_new_handle(L, WRITE, sizeof *handle);
  loom_staging_complete(staging);
  handle->polls = loom_poll_write_of_staging(staging);
  if (handle->polls)
    lloom_take_handle(L, 2, LLOOM_STAGING);
  return submit_polls(L, writer, handle);
}

/* poll_text(format, text, {now = microseconds [, latest, max_rejects]}): "json", "ndjson" or "csv"; returns the write. */
static int polls_of_text(lua_State *L) {
  static const char *const formats[] = {"json", "ndjson", "csv", NULL};
  static const char *const known[] = {"now", "latest", "max_rejects", NULL};
  size_t size;
  loom_writer *writer = lloom_check_handle(L, 1, WRITER);
  int format = luaL_checkoption(L, 2, NULL, formats);
  const char *bytes = luaL_checklstring(L, 3, &size);
  lloom_check_options(L, 4, known);
  struct loom_poll_text text = {
      .format = (enum loom_poll_format)format,
      .now = lloom_option_integer(L, 4, "now", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX),
      .latest = lloom_option_latest(L, 4),
      .max_rejects = lloom_option_max_rejects(L, 4),
      .zones = loom_writer_zones(writer)};
  struct write_handle *handle = lloom_new_handle(L, WRITE, sizeof *handle);
  handle->polls = loom_poll_write_of_text(&text, bytes, size);
  return submit_polls(L, writer, handle);
}

/* upload({kind, source, max_rejects, threads, sort_capacity, max_size, max_records, latest,
 * replace_overrides, capacity [, by] [, reason] [, at]}): returns the write. */
static int upload(lua_State *L) {
  static const char *const known[] = {"kind",
                                      "source",
                                      "max_rejects",
                                      "threads",
                                      "max_size",
                                      "sort_capacity",
                                      "replace_overrides",
                                      "capacity",
                                      "latest",
                                      "max_records",
                                      "by",
                                      "reason",
                                      "at",
                                      NULL};
  loom_error error;
  loom_writer *writer = lloom_check_handle(L, 1, WRITER);
  struct loom_ingest_options options = {0};
  struct loom_staging_options staging = {0};
  struct loom_author author;
  lloom_check_options(L, 2, known);
  lloom_read_ingest_options(L, 2, &options, &staging);
  lloom_read_author(L, 2, &author);
  int64_t capacity = lloom_option_integer(L, 2, "capacity", UPLOAD_CAPACITY, 1, INT32_MAX);
  struct write_handle *handle = lloom_new_handle(L, WRITE, sizeof *handle);
  if (loom_upload_new(writer, &options, &staging, author.at ? &author : NULL, (size_t)capacity,
                      &handle->upload, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  handle->handle.object = loom_upload_head(handle->upload);
  return 1;
}

/* remove({store [, from] [, to] [, whole_store]}): a step of the removal; returns the write. */
static int remove_polls(lua_State *L) {
  loom_error error;
  struct loom_removal removal;
  loom_writer *writer = lloom_check_handle(L, 1, WRITER);
  lloom_read_removal(L, 2, &removal);
  struct write_handle *handle = lloom_new_handle(L, WRITE, sizeof *handle);
  handle->delete = loom_delete_write_new(&removal);
  if (!handle->delete)
    return lloom_no_memory(L);
  handle->handle.object = loom_delete_write_head(handle->delete);
  if (loom_writer_submit(writer, handle->handle.object, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  return 1;
}

/* ---- writes ---- */

static int close_write(lua_State *L) {
  struct write_handle *handle = luaL_checkudata(L, 1, WRITE);
  loom_write *write = lloom_take_handle(L, 1, WRITE);
  if (write && handle->upload)
    loom_upload_release(handle->upload);
  else
    loom_write_release(write);
  return 0;
}

static int done(lua_State *L, loom_status status, bool value, const loom_error *error) {
  if (status != LOOM_OK)
    return lloom_failure(L, error);
  lua_pushboolean(L, value);
  return 1;
}

/* is_done(): true when all is on the disk, false while it is not. */
static int is_done(lua_State *L) {
  loom_error error;
  enum loom_write_state state = loom_write_state(lloom_check_handle(L, 1, WRITE), &error);
  return done(L, state == LOOM_WRITE_FAILED ? error.code : LOOM_OK, state == LOOM_WRITE_DONE,
              &error);
}

static loom_write *check_ended(lua_State *L) {
  loom_write *write = lloom_check_handle(L, 1, WRITE);
  if (loom_write_state(write, NULL) == LOOM_WRITE_PENDING)
    luaL_error(L, "the write is still under way");
  return write;
}

static int counts(lua_State *L) {
  lloom_push_counts(L, &check_ended(L)->counts);
  return 1;
}

static void push_reject(lua_State *L, const struct loom_reject *reject) {
  lua_createtable(L, 0, 6);
  lua_pushboolean(L, reject->well_formed);
  lua_setfield(L, -2, "well_formed");
  lua_pushinteger(L, (lua_Integer)reject->number);
  lua_setfield(L, -2, "number");
  lua_pushinteger(L, (lua_Integer)reject->line);
  lua_setfield(L, -2, "line");
  lua_pushstring(L, reject->column);
  lua_setfield(L, -2, "column");
  lua_pushlstring(L, reject->value, reject->value_length);
  lua_setfield(L, -2, "value");
  lua_pushstring(L, reject->reason);
  lua_setfield(L, -2, "reason");
}

/* rejects(): the first bad rows, as a list of {number, line, column, value, reason, well_formed}. */
static int rejects(lua_State *L) {
  check_ended(L);
  const struct write_handle *handle = lua_touserdata(L, 1);
  if (handle->delete)
    return luaL_error(L, "the write is a removal");
  const struct loom_reject_list *list =
      handle->upload ? loom_upload_rejects(handle->upload) : loom_poll_write_rejects(handle->polls);
  lua_createtable(L, (int)list->count, 0);
  int at = 0;
  for (const struct loom_reject_entry *entry = list->first; entry; entry = entry->next) {
    struct loom_reject reject = loom_reject_of(entry);
    push_reject(L, &reject);
    lua_rawseti(L, -2, ++at);
  }
  return 1;
}

/* removed(): what the step has removed, and whether it was the last one. */
static int removed(lua_State *L) {
  bool is_last;
  check_ended(L);
  const struct write_handle *handle = lua_touserdata(L, 1);
  if (!handle->delete)
    return luaL_error(L, "the write is no removal");
  lloom_push_removed(L, loom_delete_write_removed(handle->delete, &is_last));
  lua_pushboolean(L, is_last);
  return 2;
}

/* ---- uploads ---- */

static loom_upload *check_upload(lua_State *L) {
  lloom_check_handle(L, 1, WRITE);
  const struct write_handle *handle = lua_touserdata(L, 1);
  if (!handle->upload)
    luaL_error(L, "the write is no upload");
  return handle->upload;
}

/* push(bytes): true, or false while they do not fit. */
static int push(lua_State *L) {
  loom_error error;
  bool taken;
  size_t size;
  loom_upload *to = check_upload(L);
  const char *bytes = luaL_checklstring(L, 2, &size);
  loom_status status = loom_upload_push(to, bytes, size, &taken, &error);
  return done(L, status, taken, &error);
}

static int finish(lua_State *L) {
  loom_upload_finish(check_upload(L));
  return 0;
}

static int abort_upload(lua_State *L) {
  loom_upload_abort(check_upload(L));
  return 0;
}

/* progress(): bytes parsed, and the share of what they held that is written, 0 to 1. */
static int progress(lua_State *L) {
  uint64_t parsed;
  double written;
  loom_upload_progress(check_upload(L), &parsed, &written);
  lua_pushinteger(L, (lua_Integer)parsed);
  lua_pushnumber(L, written);
  return 2;
}

void lloom_register_writer(lua_State *L) {
  static const luaL_Reg writer_methods[] = {{"polls", polls_of_staging},
                                            {"poll_text", polls_of_text},
                                            {"upload", upload},
                                            {"remove", remove_polls},
                                            {NULL, NULL}};
  static const luaL_Reg write_methods[] = {
      {"is_done", is_done},   {"counts", counts},   {"rejects", rejects},
      {"push", push},         {"finish", finish},   {"abort", abort_upload},
      {"progress", progress}, {"removed", removed}, {NULL, NULL}};
  lloom_new_type(L, WRITER, writer_methods, close_writer);
  lloom_new_type(L, WRITE, write_methods, close_write);
}
