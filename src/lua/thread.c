/*
** loom.thread and loom.spool: a thread with a Lua state of its own, for those who must not wait for Lua.
**
** A thread loads a module when it starts, and then does one task after the other: it calls a function of the module
** with a function `write`, a text, and a function that takes the share that is done. What that writes goes to a spool, which
** the starter takes when the task has ended. Nothing else is shared: the states know nothing of each other. Lua offers no way
** to stop a state from outside, so a task that was cancelled ends when it writes the next time, or asks whether it is to.
*/
#include "binding.h"

#include "base/spool.h"
#include "base/platform.h"
#include "base/thread.h"

#include <lualib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREAD "loom.thread"
#define SPOOL "loom.spool"

#define NAME_SIZE 64           /* of a code, with its NUL */
#define READ_MAX (1024 * 1024) /* bytes of a spool that one call gives */
#define WHOLE 1000000          /* of which a share is told in parts */

enum state { IDLE, GIVEN, RUNNING, ENDED };

struct thread {
  pthread_t thread;
  pthread_mutex_t lock; /* of `state` and `stopping`; all else is the one side's or the other's, as
                           the state says */
  pthread_cond_t changed;
  enum state state;
  bool stopping;
  atomic_bool cancelled;
  atomic_int done; /* of WHOLE, as the task tells */
  char *module, *folder, *path, *cpath;
  char *name, *argument; /* of the task */
  size_t argument_length;
  struct loom_spool spool;
  loom_error error; /* that the spool failed with */
  bool good;
  char *message;        /* of a task that failed; NULL: out of memory */
  char code[NAME_SIZE]; /* "" where an error was raised */
};

struct spool_handle {
  struct lloom_handle handle; /* of `spool`, which a handle that is released no longer has */
  struct loom_spool spool;
};

/* ---- in the thread ---- */

/* write(text): for the task. Raises an error when the task was cancelled, or the text cannot be
 * kept. */
static int task_write(lua_State *L) {
  struct thread *thread = lua_touserdata(L, lua_upvalueindex(1));
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  if (atomic_load(&thread->cancelled))
    loom_fail(&thread->error, LOOM_ECANCELED, "the task was cancelled");
  else if (thread->error.code == LOOM_OK)
    loom_spool_write(&thread->spool, bytes, size, &thread->error);
  if (thread->error.code != LOOM_OK)
    return luaL_error(L, "%s", thread->error.message);
  return 0;
}

/* tell(share): for the task. How far it is, from 0 to 1. */
static int task_tell(lua_State *L) {
  struct thread *thread = lua_touserdata(L, lua_upvalueindex(1));
  double share = luaL_checknumber(L, 1);
  luaL_argcheck(L, share >= 0 && share <= 1, 1, "0 to 1 expected");
  atomic_store(&thread->done, (int)(share * WHOLE));
  return 0;
}

static void set_package_field(lua_State *L, const char *name, const char *value) {
  lua_getglobal(L, "package");
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static int prepare_state(lua_State *L) {
  struct thread *thread = lua_touserdata(L, 1);
  luaL_openlibs(L);
  set_package_field(L, "path", thread->path);
  set_package_field(L, "cpath", thread->cpath);
  return 0;
}

/* Keeps what a task that failed tells: a message and a code, or an error. */
static void keep_failure(struct thread *thread, const char *message, const char *code) {
  thread->good = false;
  thread->message = strdup(message ? message : "an error that is no text");
  snprintf(thread->code, sizeof thread->code, "%s", code ? code : "");
}

static int perform_task(lua_State *L) {
  struct thread *thread = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushstring(L, thread->module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, thread->name);
  lua_pushlightuserdata(L, thread);
  lua_pushcclosure(L, task_write, 1);
  lua_pushlstring(L, thread->argument, thread->argument_length);
  lua_pushlightuserdata(L, thread);
  lua_pushcclosure(L, task_tell, 1);
  lua_call(L, 3, 3);
  if (lua_toboolean(L, -3))
    thread->good = true;
  else
    keep_failure(thread, lua_tostring(L, -2), lua_tostring(L, -1));
  return 0;
}

static int collect_garbage(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

/* What a spool failed with, as all else that fails. */
static void keep_spool_failure(struct thread *thread) {
  char message[LOOM_MESSAGE_SIZE + NAME_SIZE];
  const char *code = loom_status_name(thread->error.code);
  snprintf(message, sizeof message, "%s: %s", code, thread->error.message);
  keep_failure(thread, message, code);
}

static void perform(lua_State *L, struct thread *thread) {
  if (!L)
    return; /* out of memory: there is not even a message */
  if (lloom_protected_call(L, perform_task, thread) != 0) {
    if (thread->error.code != LOOM_OK)
      keep_spool_failure(thread);
    else
      keep_failure(thread, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL, NULL);
  }
  lua_settop(L, 0);
  lloom_protected_call(L, collect_garbage, NULL); /* nobody knows when the next task comes */
  lua_settop(L, 0);
}

static lua_State *open_state(struct thread *thread) {
  lua_State *L = luaL_newstate();
  if (L && lloom_protected_call(L, prepare_state, thread) != 0) {
    lua_close(L);
    L = NULL;
  }
  return L;
}

static void *run(void *context) {
  struct thread *thread = context;
  lua_State *L = open_state(thread);
  pthread_mutex_lock(&thread->lock);
  while (!thread->stopping) {
    if (thread->state != GIVEN) {
      pthread_cond_wait(&thread->changed, &thread->lock);
      continue;
    }
    thread->state = RUNNING;
    pthread_mutex_unlock(&thread->lock);
    perform(L, thread);
    pthread_mutex_lock(&thread->lock);
    thread->state = ENDED;
    pthread_cond_signal(&thread->changed);
  }
  pthread_mutex_unlock(&thread->lock);
  if (L)
    lua_close(L);
  return NULL;
}

/* ---- threads ---- */

static void forget_task(struct thread *thread) {
  free(thread->name);
  free(thread->argument);
  free(thread->message);
  thread->name = thread->argument = thread->message = NULL;
  loom_spool_free(&thread->spool);
}

static void free_thread(struct thread *thread) {
  forget_task(thread);
  pthread_mutex_destroy(&thread->lock);
  pthread_cond_destroy(&thread->changed);
  free(thread->module);
  free(thread->folder);
  free(thread->path);
  free(thread->cpath);
  free(thread);
}

static int close_thread(lua_State *L) {
  struct thread *thread = lloom_take_handle(L, 1, THREAD);
  if (!thread)
    return 0;
  pthread_mutex_lock(&thread->lock);
  thread->stopping = true;
  atomic_store(&thread->cancelled, true);
  pthread_cond_signal(&thread->changed);
  pthread_mutex_unlock(&thread->lock);
  pthread_join(thread->thread, NULL);
  free_thread(thread);
  return 0;
}

/* A copy of package.path or package.cpath; NULL when memory is out. */
static char *copy_package_field(lua_State *L, const char *name) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, name);
  char *copy = strdup(lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
  lua_pop(L, 2);
  return copy;
}

/*
** thread{module = name, folder = path, limit = bytes}: starts a thread whose state looks for modules where this one
** does. What its tasks write goes to the folder when it is much, and may be so long.
*/
int lloom_thread(lua_State *L) {
  static const char *const known[] = {"module", "folder", "limit", NULL};
  loom_error error;
  lloom_check_options(L, 1, known);
  const char *module = lloom_option_string(L, 1, "module", NULL);
  const char *folder = lloom_option_string(L, 1, "folder", NULL);
  int64_t limit = lloom_option_integer(L, 1, "limit", INT64_MAX, 1, INT64_MAX);
  luaL_argcheck(L, module && folder, 1, "module and folder expected");
  struct lloom_handle *handle = lloom_new_handle(L, THREAD, sizeof *handle);
  struct thread *thread = calloc(1, sizeof *thread);
  if (!thread)
    return lloom_no_memory(L);
  pthread_mutex_init(&thread->lock, NULL);
  loom_condition_init(&thread->changed);
  loom_spool_init(&thread->spool, NULL, (uint64_t)limit);
  thread->module = strdup(module);
  thread->folder = strdup(folder);
  thread->path = copy_package_field(L, "path");
  thread->cpath = copy_package_field(L, "cpath");
  if (!thread->module || !thread->folder || !thread->path || !thread->cpath) {
    free_thread(thread);
    return lloom_no_memory(L);
  }
  if (!loom_thread_start(&thread->thread, run, thread)) {
    free_thread(thread);
    loom_fail(&error, LOOM_ENOMEM, "no thread can be started");
    return lloom_failure(L, &error);
  }
  handle->object = thread;
  return 1;
}

static enum state state_of(struct thread *thread) {
  pthread_mutex_lock(&thread->lock);
  enum state state = thread->state;
  pthread_mutex_unlock(&thread->lock);
  return state;
}

/* start(name, argument): gives an idle thread the task to call the module's function of that name
 * as (write, argument, tell). */
static int start(lua_State *L) {
  struct thread *thread = lloom_check_handle(L, 1, THREAD);
  size_t length;
  const char *name = luaL_checkstring(L, 2), *argument = luaL_checklstring(L, 3, &length);
  if (state_of(thread) != IDLE)
    return luaL_error(L, "%s has a task", THREAD);
  forget_task(thread);
  loom_spool_init(&thread->spool, thread->folder, thread->spool.limit);
  thread->name = strdup(name);
  thread->argument = malloc(length + 1);
  if (!thread->name || !thread->argument)
    return lloom_no_memory(L);
  memcpy(thread->argument, argument, length + 1);
  thread->argument_length = length;
  thread->good = false;
  thread->code[0] = '\0';
  thread->error.code = LOOM_OK;
  atomic_store(&thread->cancelled, false);
  atomic_store(&thread->done, 0);
  pthread_mutex_lock(&thread->lock);
  thread->state = GIVEN;
  pthread_cond_signal(&thread->changed);
  pthread_mutex_unlock(&thread->lock);
  return 0;
}

/* state(): "idle", "running" or "ended". */
static int state(lua_State *L) {
  static const char *const names[] = {
      [IDLE] = "idle", [GIVEN] = "running", [RUNNING] = "running", [ENDED] = "ended"};
  lua_pushstring(L, names[state_of(lloom_check_handle(L, 1, THREAD))]);
  return 1;
}

/* wait(milliseconds): whether the task has ended by then. Only the starter and an idle thread wait for changes, never both. */
static int wait_for_end(lua_State *L) {
  struct thread *thread = lloom_check_handle(L, 1, THREAD);
  int64_t milliseconds = lloom_check_integer(L, 2);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= 1000, 2, "0 to 1000 expected");
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  until.tv_sec += (time_t)(milliseconds / 1000) + until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&thread->lock);
  int failed = 0;
  while (failed == 0 && (thread->state == GIVEN || thread->state == RUNNING))
    failed = loom_condition_wait_until(&thread->changed, &thread->lock, &until);
  enum state state = thread->state;
  pthread_mutex_unlock(&thread->lock);
  lua_pushboolean(L, state == ENDED);
  return 1;
}

/* progress(): the share of the task that is done, as it has told: 0 to 1. */
static int progress(lua_State *L) {
  struct thread *thread = lloom_check_handle(L, 1, THREAD);
  lua_pushnumber(L, atomic_load(&thread->done) / (double)WHOLE);
  return 1;
}

/* cancel(): has the task end when it writes the next time. */
static int cancel(lua_State *L) {
  struct thread *thread = lloom_check_handle(L, 1, THREAD);
  atomic_store(&thread->cancelled, true);
  return 0;
}

/*
** result(): what the task that has ended wrote, as a spool; or nil and what it returned: a message and a code, which
** is nil if it raised an error. The thread is idle then.
*/
static int result(lua_State *L) {
  struct thread *thread = lloom_check_handle(L, 1, THREAD);
  if (state_of(thread) != ENDED)
    return luaL_error(L, "the task has not ended");
  struct spool_handle *handle = lloom_new_handle(L, SPOOL, sizeof *handle);
  if (thread->good) {
    handle->spool = thread->spool;
    handle->handle.object = &handle->spool;
    loom_spool_init(&thread->spool, NULL, thread->spool.limit);
  } else {
    lua_pushnil(L);
    lua_pushstring(L, thread->message ? thread->message : "out of memory");
    lua_pushstring(L, *thread->code ? thread->code : NULL);
  }
  int count = thread->good ? 1 : 3;
  forget_task(thread);
  pthread_mutex_lock(&thread->lock);
  thread->state = IDLE;
  pthread_mutex_unlock(&thread->lock);
  return count;
}

/* ---- spools ---- */

static int close_spool(lua_State *L) {
  struct loom_spool *spool = lloom_take_handle(L, 1, SPOOL);
  if (spool)
    loom_spool_free(spool);
  return 0;
}

static int size_of(lua_State *L) {
  struct loom_spool *spool = lloom_check_handle(L, 1, SPOOL);
  lua_pushinteger(L, (lua_Integer)loom_spool_size(spool));
  return 1;
}

/* read(offset, size): the bytes from an offset on, "" at the end; at most 1 MiB. */
static int read_spool(lua_State *L) {
  loom_error error;
  struct loom_spool *spool = lloom_check_handle(L, 1, SPOOL);
  int64_t offset = lloom_check_integer(L, 2), size = lloom_check_integer(L, 3);
  luaL_argcheck(L, offset >= 0, 2, "not negative expected");
  luaL_argcheck(L, size >= 1 && size <= READ_MAX, 3, "1 to 1048576 expected");
  size_t got;
  char *bytes = lua_newuserdata(L, (size_t)size);
  if (loom_spool_read(spool, (uint64_t)offset, bytes, (size_t)size, &got, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushlstring(L, bytes, got);
  return 1;
}

void lloom_register_thread(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"start", start},       {"state", state},       {"cancel", cancel}, {"result", result},
      {"wait", wait_for_end}, {"progress", progress}, {NULL, NULL}};
  static const luaL_Reg spool_methods[] = {{"size", size_of}, {"read", read_spool}, {NULL, NULL}};
  lloom_new_type(L, THREAD, methods, close_thread);
  lloom_new_type(L, SPOOL, spool_methods, close_spool);
}
