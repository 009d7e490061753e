/*
** Tests of the native module where Lua's memory runs out: whichever allocation fails, and whether the next one works
** again or not, nothing crashes, nothing stays open, and the database is as some whole change left it. Under the
** sanitizers and Valgrind nothing leaks either.
*/
#include "embed.h"

#include <fcntl.h>

/* Allocations that make or enlarge a block are counted, and fail from number `first` on, `failures` times. */
struct memory {
  long count, first, failures;
  bool counting;
};

static void *allocate(void *context, void *block, size_t old_size, size_t size) {
  struct memory *memory = context;
  if (size == 0) {
    free(block);
    return NULL;
  }
  bool grows = !block || size > old_size;
  if (memory->counting && grows) {
    memory->count++;
    if (memory->count >= memory->first && memory->failures-- > 0)
      return NULL;
  }
  return realloc(block, size);
}

static int count_files(void) {
  int count = 0;
  for (int file = 0; file < 256; file++)
    count += fcntl(file, F_GETFD) != -1;
  return count;
}

#define FOR_EVER 1000000000

/* Everything that makes handles and tables. */
static const char script[] =
    "local core = require 'loom.core'\n"
    "local db = assert(core.open(path, {create = true, busy_timeout = 0}))\n"
    "local batch = core.staging(2)\n"
    "for i = 1, 3 do assert(batch:add('batch ' .. i, true, i)) end\n"
    "assert(db:begin())\n"
    "assert(batch:apply(db))\n"
    "assert(db:commit())\n"
    "local ingest = assert(core.ingest(db, {kind = 'polls', source = 'file', threads = 1, "
    "max_rejects = -1}))\n"
    "assert(ingest:feed 'store_id,status,timestamp_utc\\na,active,2023-01-24 "
    "10:00:00\\na,b,c\\n')\n"
    "assert(ingest:finish())\n"
    "assert(ingest:reject().line == 3)\n"
    "assert(db:begin())\n"
    "assert(ingest:apply(100))\n"
    "assert(db:execute(\"INSERT INTO store(store_id) VALUES(?) RETURNING 'returned'\", 'executed') "
    "== 1)\n"
    "assert(db:commit())\n"
    "assert(ingest:counts().new == 1)\n"
    "for row in assert(db:query('SELECT *, ? AS bound FROM polls', 'text')) do\n"
    "  assert(row.store_id and row.bound == 'text')\n"
    "end\n"
    "local rows = assert(db:query 'SELECT store_id, active FROM polls')\n"
    "assert(#rows:columns() == 2 and rows())\n"
    "local facts = core.facts(db)\n"
    "assert(facts:begin())\n"
    "assert(facts:put {kind = 'week', store = 'a', date = '2023-01-01', openings = {0, 1, 2}})\n"
    "assert(facts:put {kind = 'special_day', store = 'a', date = '2023-01-01', openings = {1, "
    "2}})\n"
    "assert(facts:put {kind = 'attribute', store = 'a', name = 'x', text = 'y'})\n"
    "assert(#assert(facts:list {kind = 'week'}) == 1 and facts:names() == 1)\n"
    "facts:rollback()\n"
    "assert(#assert(facts:list {kind = 'store'}) == 5)\n"
    "facts:close()\n"
    "local walk = assert(core.walk(db, 0, 86400000000))\n"
    "while true do\n"
    "  local id, first = walk:next()\n"
    "  if not id then break end\n"
    "  assert(#walk:openings(first) == 2)\n"
    "end\n"
    "walk:close()\n"
    "rows:close()\n"
    "for _, private in ipairs {false, true} do\n"
    "  local report = assert(core.report(db, {windows = {{length = 1000000}}, default_zone = "
    "'UTC',\n"
    "    ids = {'a', 'batch 1', 'x'}, globs = {'b*'}, threads = 1, private = private, strip_window "
    "= 1, strip_bins = 9}))\n"
    "  report:override_week('a', {0, 0, 86400})\n"
    "  report:override_date('batch 1', 0, {0, 3600})\n"
    "  assert(report:start())\n"
    "  while not report:wait(1000) do end\n"
    "  assert(report:count() == 4 and #report:csv_rows(1, 9, {}) > 20)\n"
    "  for row = 1, report:count() do assert(report:store(row) and #report:strip(row) == 9) end\n"
    "end\n"
    "collectgarbage()\n" /* so that the report's snapshot is let go */
    "assert(#core.inspect(db, {id = 'a', length = 1000000000, default_zone = 'UTC'}).cells > 0)\n"
    "local export = assert(core.export(db, 'polls'))\n"
    "local text = export:next()\n"
    "assert(#text > 50 and not export:next())\n"
    "export:close()\n"
    "local input = assert(core.input 'spec/api/prelude.lua')\n"
    "assert(select('#', input:position()) == 2)\n"
    "assert(db:info().polls == 4 and #db:check() == 0)\n";

/* Opens what a run has left: some of its changes, each of them whole. */
static void check_database(const char *path) {
  lua_State *L = new_state(path);
  run(L,
      "local db = core.open(path)\n"
      "local n = db and polls(db) or 0\n"
      "assert(n == 0 or n == 3 or n == 4, n)\n"
      "assert(not db or #db:check() == 0)\n"
      "local rows = db and assert(db:query \"SELECT 1 FROM store WHERE store_id = 'executed'\")\n"
      "assert(not db or (rows() ~= nil) == (n == 4))\n");
  lua_close(L);
}

/* Runs the script with little memory; how many allocations it took, or 0 if one failed. */
static long run_short(const char *path, long first, long failures) {
  struct memory memory = {.first = first, .failures = failures};
  lua_State *L = lua_newstate(allocate, &memory);
  assert_non_null(L);
  luaL_openlibs(L);
  set_paths(L);
  lua_pushstring(L, path);
  lua_setglobal(L, "path");
  assert_int_equal(luaL_loadstring(L, script), LUA_OK);
  memory.counting = true;
  int result = lua_pcall(L, 0, 0, 0);
  memory.counting = false;
  if (result != LUA_OK && result != LUA_ERRMEM && !strstr(lua_tostring(L, -1), "not enough memory"))
    fail_msg("allocation %ld failing %ld times: %s", first, failures, lua_tostring(L, -1));
  lua_close(L);
  return result == LUA_OK ? memory.count : 0;
}

/* Removes the database; a connection that is closed leaves no log behind. */
static void remove_database(const char *path) {
  char log[800];
  unlink(path);
  snprintf(log, sizeof log, "%s-wal", path);
  assert_int_not_equal(access(log, F_OK), 0);
}

static void try_all(const char *path, long step) {
  /* a failure that Lua gets over by collecting, or not at all */
  static const long failures[] = {1, FOR_EVER};
  bool on_disk = strcmp(path, ":memory:") != 0;
  int files = count_files();
  for (size_t i = 0; i < COUNT_OF(failures); i++) {
    long first = 1, taken;
    do {
      taken = run_short(path, first, failures[i]);
      assert_int_equal(count_files(), files);
      if (on_disk) {
        check_database(path);
        remove_database(path);
      }
      first += step;
    } while (!taken || taken >= first - step);
    assert_true(taken > 200); /* so many could fail */
  }
}

/* Every allocation, but under Valgrind, where each run takes a second. */
static void in_memory(void **state) {
  (void)state;
  try_all(":memory:", getenv("LOOM_SLOW") ? 29 : 1);
}

static void on_disk(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  try_all(scratch_path(&scratch, "x.db"), getenv("LOOM_SLOW") ? 97 : 7);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(in_memory), cmocka_unit_test(on_disk)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
