/*
** Tests of the native module across fork(): the child can use none of its parent's handles but a complete report, and
** neither closing nor collecting them touches the parent's database. What the child leaves behind is its own loss.
*/
#include "embed.h"

#include <signal.h>
#include <sys/wait.h>

#define PATIENCE 120 /* seconds after which a child counts as hung; valgrind is slow */

/*
** Runs a script in a forked child and closes the state there. The child ends itself by a signal, so that neither it nor
** a sanitizer runs what the parent has registered for its end.
*/
static void run_in_child(lua_State *L, const char *script) {
  int ends[2];
  char answer[2000] = "";
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    const char *text = "good";
    alarm(PATIENCE);
    if (luaL_loadstring(L, script) != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK)
      text = lua_tostring(L, -1);
    ssize_t written = write(ends[1], text, strlen(text));
    lua_close(L); /* collects every handle */
    written += write(ends[1], "; closed", 8);
    kill(getpid(), written > 0 ? SIGKILL : SIGABRT);
  }
  int status;
  close(ends[1]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(read(ends[0], answer, sizeof answer - 1) > 0);
  close(ends[0]);
  assert_string_equal(answer, "good; closed");
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#define ANOTHER_PROCESS "'process: open it again after a fork'"

static const char use_everything[] = "assert_all_raise(h, " ANOTHER_PROCESS ")";

static const char read_report[] =
    "for pass = 1, 2 do\n"
    "  local r, n = h.complete, 0\n"
    "  assert(r:count() == 40 and r:as_of() == 40 * 60000000)\n"
    "  for row = 1, r:count() do\n"
    "    local up, down = r:figures(row, 1)\n"
    "    n = n + up + down\n"
    "    assert(r:find(r:store(row)) == row and #r:strip(row) == 4)\n"
    "  end\n"
    "  assert(n == 40 * 3600000000)\n"
    "  assert(#r:csv_rows(1, 40, {}) > 400 and r:window(1) and r:hull())\n"
    "  collectgarbage()\n"
    "end\n"
    "assert(not pcall(h.prepared.count, h.prepared))\n";

static const char close_everything[] = "close_all(h)";

/* What the parent finds afterwards is what it would find without any child. */
static const char finish_everything[] =
    "local n, text = 1, ''\n"
    "while h.rows() do n = n + 1 end\n"
    "assert(n == 40, n)\n"
    "n = 1\n"
    "while h.walk:next() do n = n + 1 end\n"
    "assert(n == 40, n)\n"
    "h.walk:close()\n"
    "while h.export:next() do end\n"
    "h.export:close()\n"
    "assert(wait(h.running):count() == 40)\n"
    "assert(h.prepared:start())\n"
    "assert(wait(h.prepared):count() == 40)\n"
    "assert(h.db:begin())\n"
    "assert(h.batch:apply(h.db) == 5)\n"
    "assert(h.ingest:finish() and h.ingest:apply(100))\n"
    "assert(h.db:commit())\n"
    "assert(polls(h.db) == 46 and #h.db:check() == 0)\n"
    "assert(h.input:position() == 0)\n";

static const char reopen[] =
    "h = nil\n"
    "collectgarbage() collectgarbage()\n"
    "local db = assert(core.open(path))\n"
    "assert(polls(db) == expected and #db:check() == 0)\n"
    "db:close()\n";

static void assert_holds(lua_State *L, int count) {
  lua_pushinteger(L, count);
  lua_setglobal(L, "expected");
  run(L, reopen);
}

static void every_handle(void **state) {
  (void)state;
  static const char *const scripts[] = {use_everything, read_report, close_everything,
                                        "collectgarbage()"};
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  run(L, "h = open_all(path, 40)");
  int files = scratch_count(&scratch);
  for (size_t i = 0; i < COUNT_OF(scripts); i++) {
    run_in_child(L, scripts[i]);
    assert_int_equal(scratch_count(&scratch), files); /* the log is still there */
  }
  run(L, finish_everything);
  run_in_child(L, close_everything);
  assert_holds(L, 46);
  lua_close(L);
  scratch_end(&scratch);
}

/* The parent is in the middle of a change when the child goes through its rubbish. */
static void while_writing(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  for (int fresh = 0; fresh < 2; fresh++) { /* a file that is there, or one that the change makes */
    run(L,
        fresh ? "path = path .. '2'" : "local db = core.open(path, {create = true}) add(db, 1, 5)");
    run(L,
        "h = {db = assert(core.open(path, {create = true})), batch = core.staging(1)}\n"
        "for i = 1, 1000 do assert(h.batch:add('batch ' .. i, true, i)) end\n"
        "assert(h.db:begin())\n"
        "assert(h.batch:apply(h.db) == 1000)\n");
    run_in_child(L, "assert(not pcall(h.db.commit, h.db) and not pcall(h.db.rollback, h.db))");
    run_in_child(L, close_everything);
    run(L,
        "assert(h.db:commit())\n"
        "assert(h.db:begin() and h.db:execute 'DELETE FROM poll_block')");
    run_in_child(L, close_everything);
    run(L, "h.db:rollback()");
    assert_holds(L, fresh ? 1000 : 1005);
  }
  lua_close(L);
  scratch_end(&scratch);
}

/* Threads of a report, and the locks that they hold, stay behind. */
static void while_a_report_is_computed(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip(); /* AddressSanitizer's allocator has locks that a child may find taken for ever; glibc sees to its own */
#endif
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  run(L,
      "h = {db = assert(core.open(path, {create = true}))}\n"
      "add(h.db, 1, 2000)\n");
  for (int round = 0; round < 10; round++) {
    run(L,
        "h.report = report(h.db, {threads = 4})\n"
        "assert(h.report:start())\n");
    run_in_child(
        L,
        "local good, count = pcall(h.report.count, h.report)\n"
        "assert(good and count == 2000 or count:find 'the report is not complete$', count)\n"
        "assert(not pcall(h.report.wait, h.report, 1000))\n"
        "h.report:as_of()\n");
    run(L, "assert(wait(h.report):count() == 2000)");
  }
  assert_holds(L, 2000);
  lua_close(L);
  scratch_end(&scratch);
}

/* A child that opens its own works, where nothing of the parent's is open. */
static void a_child_opens_its_own(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  lua_State *L = new_state(scratch_path(&scratch, "x.db"));
  run(L,
      "local db = assert(core.open(path, {create = true}))\n"
      "add(db, 1, 5)\n"
      "db:close()\n");
  for (int i = 0; i < 3; i++)
    run_in_child(L,
                 "local db = assert(core.open(path))\n"
                 "add(db, polls(db) + 1, polls(db) + 10)\n"
                 "db:close()\n");
  assert_holds(L, 35);
  lua_close(L);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_handle),
      cmocka_unit_test(while_writing),
      cmocka_unit_test(while_a_report_is_computed),
      cmocka_unit_test(a_child_opens_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
