/*
** Tests of several Lua states in one process: on one database in turns and at once, and handles that got from one state
** into another.
*/
#include "embed.h"

#include <pthread.h>

/* ---- one database ---- */

static void in_turns(void **state) {
  (void)state;
  struct scratch scratch;
  lua_State *states[3];
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  for (size_t s = 0; s < COUNT_OF(states); s++) {
    states[s] = new_state(path);
    run(states[s],
        "a = assert(core.open(path, {create = true}))\n"
        "b = assert(core.open(path, {create = true}))\n");
  }
  run(states[0], "add(a, 1, 3)");
  run(states[1], "assert(polls(a) == 3) add(b, 4, 6)");
  run(states[2], "assert(polls(b) == 6) rows = a:query 'SELECT * FROM polls' rows()");
  run(states[0], "assert(polls(b) == 6) add(b, 7, 9)");
  run(states[2], "local n = 1 while rows() do n = n + 1 end assert(n == 6) assert(polls(a) == 9)");
  run(states[1], "r = report(a) assert(r:start())");
  run(states[0], "add(a, 10, 20)");
  lua_close(states[0]);
  run(states[1], "assert(wait(r):count() == 9)");
  lua_close(states[2]);
  run(states[1], "add(b, 21, 22) assert(polls(a) == 22 and #a:check() == 0)");
  lua_close(states[1]);
  assert_int_equal(scratch_count(&scratch), 1); /* the last one has tidied up */
  scratch_end(&scratch);
}

#define THREADS 3

struct worker {
  pthread_t thread;
  const char *path;
  int number;
  char problem[500];
};

/* Writes, reads and reports in a state of its own; cmocka's assertions are for the main thread. */
static void *work(void *context) {
  static const char script[] =
      "for name, value in pairs(dofile 'spec/api/prelude.lua') do _G[name] = value end\n"
      "local first = number * 1000\n"
      "for round = 1, 12 do\n"
      "  local db = assert(core.open(path, {create = true}))\n"
      "  add(db, first + round * 10, first + round * 10 + 9)\n"
      "  local r = report(db, {globs = {'store ' .. number .. '*'}, threads = 2})\n"
      "  assert(r:start())\n"
      "  assert(wait(r):count() == round * 10)\n"
      "  assert(polls(db) >= round * 10)\n"
      "  assert(core.inspect(db, {id = 'store ' .. first + 10, length = 1, default_zone = "
      "'UTC'}))\n"
      "  if round % 3 == 0 then db:close() end\n"
      "end\n";
  struct worker *worker = context;
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  set_paths(L);
  lua_pushstring(L, worker->path);
  lua_setglobal(L, "path");
  lua_pushinteger(L, worker->number);
  lua_setglobal(L, "number");
  if (luaL_loadstring(L, script) != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK)
    snprintf(worker->problem, sizeof worker->problem, "%s", lua_tostring(L, -1));
  lua_close(L);
  return NULL;
}

static void at_once(void **state) {
  (void)state;
  struct scratch scratch;
  struct worker workers[THREADS];
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){.path = path, .number = i + 1};
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(workers[i].thread, NULL);
    assert_string_equal(workers[i].problem, "");
  }
  lua_State *L = new_state(path);
  run(L, "local db = core.open(path) assert(polls(db) == 360 and #db:check() == 0)");
  lua_close(L);
  scratch_end(&scratch);
}

/* ---- handles in the wrong state ---- */

/*
** Copies the bytes of the handle on top of `from` into a userdata of the same type in `to`: what a program does that
** hands userdata from state to state.
*/
static void smuggle(lua_State *from, lua_State *to) {
  const void *bytes = lua_touserdata(from, -1);
  size_t size = lua_rawlen(from, -1);
  assert_int_equal(luaL_getmetafield(from, -1, "__name"), LUA_TSTRING);
  memcpy(lua_newuserdatauv(to, size, 0), bytes, size);
  luaL_setmetatable(to, lua_tostring(from, -1));
  lua_pop(from, 1);
}

/* All handles of the table `h` in `from` become a table `h` in `to`. */
static void smuggle_all(lua_State *from, lua_State *to) {
  lua_newtable(to);
  lua_getglobal(from, "h");
  lua_pushnil(from);
  while (lua_next(from, -2)) {
    smuggle(from, to);
    lua_setfield(to, -2, lua_tostring(from, -2));
    lua_pop(from, 1);
  }
  lua_pop(from, 1);
  lua_setglobal(to, "h");
}

static void handles_of_another_state(void **state) {
  (void)state;
  static const char *const ends[] = {"close_all(h)", "h = nil collectgarbage() collectgarbage()",
                                     ""};
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *owner = new_state(scratch_path(&scratch, "x.db"));
  run(owner, "h = open_all(path, 40)");
  for (size_t i = 0; i < COUNT_OF(ends); i++) {
    lua_State *thief = new_state("");
    smuggle_all(owner, thief);
    run(thief,
        "assert_all_raise(h, 'Lua state')\n"
        "local good, message = pcall(h.complete.count, h.complete)\n"
        "assert(not good and message:find 'loom.report belongs to another Lua state$', message)\n");
    run(thief, ends[i]);
    lua_close(thief);
  }
  /* Nothing was released behind the owner's back. */
  run(owner,
      "local n = 1 while h.rows() do n = n + 1 end assert(n == 40)\n"
      "assert(h.complete:count() == 40 and h.complete:find 'store 1')\n"
      "assert(wait(h.running):count() == 40)\n"
      "assert(h.prepared:override_week('store 1', {}) == nil and h.prepared:start())\n"
      "assert(wait(h.prepared):count() == 40)\n"
      "while h.export:next() do end\n"
      "while h.walk:next() do end\n"
      "h.walk:close() h.export:close()\n"
      "assert(h.db:begin() and h.batch:apply(h.db) == 5)\n"
      "assert(h.ingest:finish() and h.ingest:apply(100) and h.db:commit())\n"
      "assert(h.input:position() == 0 and polls(h.db) == 46)\n"
      "close_all(h)\n");
  lua_close(owner);
  scratch_end(&scratch);
}

/* Coroutines are threads of one state: a handle opened in one of them is everyone's. */
static void handles_of_a_coroutine(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  run(L,
      "h = coroutine.wrap(function() return open_all(path, 5) end)()\n"
      "collectgarbage()\n"
      "assert(coroutine.wrap(function() return h.complete:count() end)() == 5)\n"
      "assert(h.rows() and h.walk:next()) h.export:next()\n"
      "coroutine.wrap(close_all)(h)\n");
  lua_close(L);
  scratch_end(&scratch);
}

/* What a report is no longer prepared for: all of it raises, or is told, and nothing of it leaks. */
static void reports_out_of_order(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  run(L,
      "db = assert(core.open(path, {create = true}))\n"
      "add(db, 1, 5)\n"
      "local r = report(db)\n"
      "local none, message, code = r:wait(1000)\n"
      "assert(none == nil and code == 'EINVAL' and message == 'EINVAL: the report has not been "
      "started')\n"
      "local good, problem = pcall(r.count, r)\n"
      "assert(not good and problem:find 'the report is not complete$')\n"
      "assert(r:start())\n"
      "none, message, code = r:start()\n"
      "assert(none == nil and code == 'EINVAL' and message == 'EINVAL: the report has been started "
      "already')\n"
      "good, problem = pcall(r.override_week, r, 'a', {})\n"
      "assert(not good and problem:find 'the report has been started already$')\n"
      "good, problem = pcall(r.override_date, r, '*', 0, {})\n"
      "assert(not good and problem:find 'the report has been started already$')\n"
      "assert(wait(r):count() == 5)\n"
      "local i = ingest(db)\n"
      "assert(i:finish())\n"
      "none, message, code = i:apply(1)\n"
      "assert(none == nil and code == 'EINVAL' and message:find 'there is no write "
      "transaction$')\n");
  lua_close(L);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_turns),
      cmocka_unit_test(at_once),
      cmocka_unit_test(handles_of_another_state),
      cmocka_unit_test(handles_of_a_coroutine),
      cmocka_unit_test(reports_out_of_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
