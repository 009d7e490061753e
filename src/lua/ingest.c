/*
** loom.ingest and loom.input: reading one input file, and writing what was read to the database.
*/
#include "binding.h"

#include "base/thread.h"
#include "time/civil.h"
#include "read/ingest.h"
#include "read/recognize.h"
#include "read/input.h"
#include "write/sink_sqlite.h"

#define INGEST "loom.ingest"
#define INPUT "loom.input"

/* ---- input files ---- */

static int close_input(lua_State *L) {
  loom_input_close(lloom_take_handle(L, 1, INPUT));
  return 0;
}

/* input(path): "-" is standard input. */
int lloom_input(lua_State *L) {
  loom_error error;
  const char *path = lloom_check_path(L, 1);
  struct lloom_handle *handle = lloom_new_handle(L, INPUT, sizeof *handle);
  loom_status status = loom_input_open(path, (loom_input **)&handle->object, &error);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* position(): bytes read, and the file's size where it is known. */
static int input_position(lua_State *L) {
  const loom_input *input = lloom_check_handle(L, 1, INPUT);
  lua_pushinteger(L, (lua_Integer)loom_input_position(input));
  if (loom_input_size(input) < 0)
    return 1;
  lua_pushinteger(L, (lua_Integer)loom_input_size(input));
  return 2;
}

/* ---- ingests ---- */

struct ingest_handle {
  struct lloom_handle handle; /* of a loom_ingest */
  loom_staging *staging;
  loom_sink *sink; /* of the database, whose zones the ingest reads */
  struct loom_load_note *note;
};

static int close_ingest(lua_State *L) {
  loom_ingest *ingest = lloom_take_handle(L, 1, INGEST);
  if (ingest) {
    struct ingest_handle *handle = lua_touserdata(L, 1);
    loom_ingest_free(ingest);
    loom_sink_free(
        handle->sink); /* it may have half stored the staging, which a thread reads then */
    loom_staging_free(handle->staging);
    loom_load_note_free(handle->note);
    handle->staging = NULL;
    handle->sink = NULL;
    handle->note = NULL;
  }
  return 0;
}

uint64_t lloom_option_max_rejects(lua_State *L, int index) {
  int64_t rejects = lloom_option_integer(L, index, "max_rejects", 0, -1, INT64_MAX);
  return rejects < 0 ? LOOM_ALL_REJECTS : (uint64_t)rejects;
}

int64_t lloom_option_latest(lua_State *L, int index) {
  return lloom_option_integer(L, index, "latest", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX);
}

void lloom_read_ingest_options(lua_State *L, int index, struct loom_ingest_options *options,
                               struct loom_staging_options *staging) {
  const char *kind = lloom_option_string(L, index, "kind", "");
  if (!loom_kind_from_name(kind, &staging->kind))
    luaL_error(L, "bad option 'kind' ('%s' is not a kind of file)", kind);
  options->source = lloom_option_string(L, index, "source", kind);
  options->max_rejects = lloom_option_max_rejects(L, index);
  options->threads = (unsigned)lloom_option_integer(L, index, "threads", 0, 0, LOOM_THREADS_MAX);
  options->block_size = (size_t)lloom_option_integer(L, index, "block_size", 0, 0, 1 << 28);
  staging->sort_capacity = (size_t)lloom_option_integer(L, index, "sort_capacity", 0, 0, 1 << 26);
  options->max_size = (uint64_t)lloom_option_integer(L, index, "max_size", 0, 0, INT64_MAX);
  options->max_records = (uint64_t)lloom_option_integer(L, index, "max_records", 0, 0, INT64_MAX);
  options->latest = lloom_option_latest(L, index);
  staging->replace_overrides = lloom_option_boolean(L, index, "replace_overrides", false);
  options->always_libcsv = lloom_option_boolean(L, index, "always_libcsv", false);
}

/* The staging of another ingest of the same load, whose stores are shared; NULL: there is none. */
static loom_staging *get_beside(lua_State *L, int index) {
  loom_staging *staging = NULL;
  lua_getfield(L, index, "beside");
  if (!lua_isnil(L, -1)) {
    lloom_check_handle(L, -1, INGEST);
    staging = ((const struct ingest_handle *)lua_touserdata(L, -1))->staging;
  }
  lua_pop(L, 1);
  return staging;
}

/*
** ingest(database, options): see lloom_read_ingest_options; with `at`, the audit tells of it; `beside` is another ingest of the same
** load, which has not been finished.
*/
int lloom_ingest(lua_State *L) {
  static const char *const known[] = {"kind",
                                      "source",
                                      "max_rejects",
                                      "threads",
                                      "block_size",
                                      "sort_capacity",
                                      "always_libcsv",
                                      "max_size",
                                      "latest",
                                      "max_records",
                                      "replace_overrides",
                                      "by",
                                      "reason",
                                      "at",
                                      "beside",
                                      NULL};
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  struct loom_ingest_options options = {0};
  struct loom_staging_options kept = {0};
  struct loom_author author;
  lloom_check_options(L, 2, known);
  lloom_read_ingest_options(L, 2, &options, &kept);
  lloom_read_author(L, 2, &author);
  kept.beside = get_beside(L, 2);
  struct ingest_handle *handle = lloom_new_handle(L, INGEST, sizeof *handle);
  loom_staging *staging = loom_staging_new(&kept);
  loom_sink *sink = loom_sink_of(database);
  struct loom_load_note *note = author.at ? loom_load_note_new(&author, options.source) : NULL;
  loom_status status = staging && sink && (note || !author.at) ? LOOM_OK : loom_no_memory(&error);
  if (status == LOOM_OK)
    status = loom_ingest_new(&options, loom_database_zones(database), staging,
                             (loom_ingest **)&handle->handle.object, &error);
  if (status != LOOM_OK) {
    loom_staging_free(staging);
    loom_sink_free(sink);
    loom_load_note_free(note);
    return lloom_failure(L, &error);
  }
  handle->staging = staging;
  handle->sink = sink;
  handle->note = note;
  return 1;
}

static int feed(lua_State *L) {
  loom_error error;
  size_t size;
  loom_ingest *ingest = lloom_check_handle(L, 1, INGEST);
  const char *bytes = luaL_checklstring(L, 2, &size);
  return lloom_done(L, loom_ingest_feed(ingest, bytes, size, &error), &error);
}

/* read(input): feeds the input's next bytes; true, or false at its end. */
static int read_input(lua_State *L) {
  loom_error error;
  loom_ingest *ingest = lloom_check_handle(L, 1, INGEST);
  loom_input *input = lloom_check_handle(L, 2, INPUT);
  loom_status status = loom_ingest_read(ingest, input, &error);
  if (status != LOOM_DONE)
    return lloom_done(L, status, &error);
  lua_pushboolean(L, 0);
  return 1;
}

static int finish(lua_State *L) {
  loom_error error;
  return lloom_done(L, loom_ingest_finish(lloom_check_handle(L, 1, INGEST), &error), &error);
}

static struct ingest_handle *check_ingest(lua_State *L) {
  lloom_check_handle(L, 1, INGEST);
  return lua_touserdata(L, 1);
}

/* apply(budget): true when all is written, or false; and the share written, 0 to 1. */
static int apply(lua_State *L) {
  loom_error error;
  double share = 0;
  const struct ingest_handle *handle = check_ingest(L);
  int64_t budget = lloom_check_integer(L, 2);
  luaL_argcheck(L, budget > 0 && budget <= INT32_MAX, 2, "1 to 2^31 - 1 expected");
  loom_status status =
      loom_sink_apply(handle->sink, handle->staging, (size_t)budget, &share, &error);
  if (status == LOOM_DONE &&
      loom_sink_note(handle->sink, handle->note, handle->staging, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  if (status != LOOM_OK && status != LOOM_DONE)
    return lloom_failure(L, &error);
  lua_pushboolean(L, status == LOOM_DONE);
  lua_pushnumber(L, share);
  return 2;
}

/* reject(): the oldest bad row not yet taken, as {line, column, value, reason, row}; nil if there is none. */
static int reject(lua_State *L) {
  struct loom_reject reject;
  if (!loom_staging_take_reject(check_ingest(L)->staging, &reject))
    return 0;
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)reject.line);
  lua_setfield(L, -2, "line");
  lua_pushstring(L, reject.column);
  lua_setfield(L, -2, "column");
  lua_pushlstring(L, reject.value, reject.value_length);
  lua_setfield(L, -2, "value");
  lua_pushstring(L, reject.reason);
  lua_setfield(L, -2, "reason");
  lua_pushlstring(L, reject.row, reject.row_length);
  lua_setfield(L, -2, "row");
  return 1;
}

void lloom_push_counts(lua_State *L, const struct loom_counts *counts) {
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)counts->rows);
  lua_setfield(L, -2, "rows");
  lua_pushinteger(L, (lua_Integer)counts->added);
  lua_setfield(L, -2, "new");
  lua_pushinteger(L, (lua_Integer)counts->duplicates);
  lua_setfield(L, -2, "duplicates");
  lua_pushinteger(L, (lua_Integer)counts->conflicts);
  lua_setfield(L, -2, "conflicts");
  lua_pushinteger(L, (lua_Integer)counts->rejected);
  lua_setfield(L, -2, "rejected");
}

static int counts(lua_State *L) {
  lloom_push_counts(L, &check_ingest(L)->staging->counts);
  return 1;
}

/* kind_of_file(path): "polls", "hours" and so on, by the file's header. */
int lloom_kind_of_file(lua_State *L) {
  loom_error error;
  enum loom_kind kind;
  if (loom_recognize(luaL_checkstring(L, 1), &kind, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushstring(L, loom_kind_name(kind));
  return 1;
}

void lloom_register_ingest(lua_State *L) {
  static const luaL_Reg ingest_methods[] = {
      {"feed", feed},     {"read", read_input}, {"finish", finish}, {"apply", apply},
      {"reject", reject}, {"counts", counts},   {NULL, NULL}};
  static const luaL_Reg input_methods[] = {{"position", input_position}, {NULL, NULL}};
  lloom_new_type(L, INGEST, ingest_methods, close_ingest);
  lloom_new_type(L, INPUT, input_methods, close_input);
}
