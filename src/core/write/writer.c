/*
** The writer's thread: groups of writes, each in a transaction, and checkpoints between them.
*/
#include "write/writer.h"
#include "base/platform.h"
#include "base/thread.h"
#include "sqlite/connection.h"
#include "sqlite/remote.h"
#include "write/sink_sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Bytes of the log, after each of which it is copied to the database, where the options leave it open. */
#define LOG_STEP (16 << 20)
#define LOG_SIZE_MAX (64 << 20) /* after which it is also made to begin anew, if readers let it */
/* Milliseconds for which that waits for them, and nobody can write, for each LOG_SIZE_MAX; and in all. */
#define CHECKPOINT_PATIENCE 10
#define CHECKPOINT_PATIENCE_MAX 1000
/* Milliseconds after which it is tried again, however little was written. */
#define CHECKPOINT_EVERY 1000
/* Milliseconds after which what others have written is copied, where the options leave it open. */
#define IDLE_TIME 10000
/*
** Milliseconds from one commit to the next where polls are elsewhere: each makes files on some servers, which have to be merged. What
** comes meanwhile goes together.
*/
#define REMOTE_EVERY 1000
/* Nanoseconds between two tries while others write: a commit takes a few of them. */
#define BUSY_STEP 100000

struct list {
  loom_write *first, *last;
};

struct loom_writer {
  loom_database *database; /* of the thread alone, but for its zones */
  loom_sink *sink;         /* of the database */
  loom_sink *spool;        /* of its file alone; NULL: that is the same */
  struct loom_writer_options options;
  pthread_t thread;
  pthread_mutex_t lock; /* of all that follows */
  pthread_cond_t changed;
  struct list queue, announced;
  size_t waiting; /* bytes in the queue, and in the group being written */
  unsigned announced_count;
  bool stopping;
  sqlite3 *lasting; /* the connection; NULL while it is one that ends with its transaction */
  /* Of the thread alone. */
  bool is_prepared;        /* the connection: see prepare_connection */
  int log_pages;           /* when it committed last */
  int checkpoint_due;      /* at so many */
  int page_size;           /* bytes */
  int patience;            /* milliseconds to wait for other connections */
  struct timespec blocked; /* since when it waits */
  struct timespec tried;   /* when the log was copied last */
  struct timespec written; /* when a transaction ended last */
};

/* ---- writes ---- */

void loom_write_init(loom_write *write, const struct loom_write_type *type) {
  write->type = type;
  atomic_init(&write->references, 1);
  atomic_init(&write->state, LOOM_WRITE_PENDING);
}

void loom_write_release(loom_write *write) {
  if (write && atomic_fetch_sub(&write->references, 1) == 1)
    write->type->free(write);
}

enum loom_write_state loom_write_state(const loom_write *write, loom_error *error) {
  enum loom_write_state state = (enum loom_write_state)atomic_load(&write->state);
  if (state == LOOM_WRITE_FAILED && error)
    *error = write->error;
  return state;
}

void loom_write_fail(loom_write *write, const loom_error *error) {
  write->error = *error;
  atomic_store(&write->state, LOOM_WRITE_FAILED);
}

static void append(struct list *list, loom_write *write) {
  write->next = NULL;
  write->before = list->last;
  *(list->last ? &list->last->next : &list->first) = write;
  list->last = write;
}

static void unlink_write(struct list *list, loom_write *write) {
  *(write->before ? &write->before->next : &list->first) = write->next;
  *(write->next ? &write->next->before : &list->last) = write->before;
}

static loom_write *shift(struct list *list) {
  loom_write *write = list->first;
  if (write)
    unlink_write(list, write);
  return write;
}

/* A write has come to its end, for better (NULL) or worse. */
static void settle(loom_writer *writer, loom_write *write, const loom_error *failure) {
  size_t size = write->size;
  write->type->clear(write);
  if (failure && loom_write_state(write, NULL) == LOOM_WRITE_PENDING)
    loom_write_fail(write, failure);
  else if (!failure)
    atomic_store(&write->state, LOOM_WRITE_DONE);
  loom_write_release(write);
  pthread_mutex_lock(&writer->lock);
  writer->waiting -= size;
  pthread_mutex_unlock(&writer->lock);
}

static void settle_all(loom_writer *writer, struct list *list, const loom_error *failure) {
  loom_write *write;
  while ((write = shift(list)))
    settle(writer, write, failure);
}

/* ---- waiting for other connections ---- */

static int64_t milliseconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* SQLite's own steps grow to 100 ms, in which another process could write a hundred times. */
static int wait_for_others(void *context, int count) {
  loom_writer *writer = context;
  if (count == 0)
    clock_gettime(CLOCK_MONOTONIC, &writer->blocked);
  else if (milliseconds_since(&writer->blocked) >= writer->patience)
    return 0;
  nanosleep(&(struct timespec){.tv_nsec = BUSY_STEP}, NULL);
  return 1;
}

static int note_log(void *context, sqlite3 *sqlite, const char *name, int pages) {
  loom_writer *writer = context;
  (void)sqlite, (void)name;
  if (pages < writer->log_pages) /* the log has begun anew */
    writer->checkpoint_due = writer->options.log_step / writer->page_size;
  writer->log_pages = pages;
  return SQLITE_OK;
}

static int long_logs(const loom_writer *writer) {
  return writer->log_pages / (LOG_SIZE_MAX / writer->page_size);
}

/*
** Makes the log begin anew. All that is left to copy is what came meanwhile, unless a reader keeps an old snapshot: then it
** would be in vain. Other processes that write, and short readers, are waited for the longer the longer the log is.
*/
static void begin_log_anew(loom_writer *writer, int pages_left) {
  if (pages_left > writer->options.log_step / writer->page_size)
    return;
  int patience = CHECKPOINT_PATIENCE * long_logs(writer);
  writer->patience = patience < CHECKPOINT_PATIENCE_MAX ? patience : CHECKPOINT_PATIENCE_MAX;
  sqlite3_wal_checkpoint_v2(writer->database->sqlite, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
  writer->patience = writer->options.busy_timeout;
}

/*
** Copies the log to the database, once it is long. Writes that have been settled do not wait for it, and other processes
** write meanwhile; so the log may never be copied to its end, where it could begin anew, until they are kept waiting for
** what little is left. Failing is no harm: it is tried again when the log has grown by as much, or a while later.
*/
static void checkpoint(loom_writer *writer) {
  int pages = 0, copied = 0;
  if (!writer->is_prepared || !writer->database->sqlite)
    return;
  bool is_late = long_logs(writer) > 0 && milliseconds_since(&writer->tried) >= CHECKPOINT_EVERY;
  if (writer->log_pages < writer->checkpoint_due && !is_late)
    return;
  sqlite3_wal_checkpoint_v2(writer->database->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages,
                            &copied);
  if (long_logs(writer) > 0)
    begin_log_anew(writer, pages - copied);
  clock_gettime(CLOCK_MONOTONIC, &writer->tried);
  writer->checkpoint_due = writer->log_pages + writer->options.log_step / writer->page_size;
}

/* ---- writing ---- */

/*
** Prepares the database's connection, once there is one: where the disk is full there is none between transactions, until there
** is room for the index of the log.
*/
static loom_status prepare_connection(loom_writer *writer, loom_error *error) {
  loom_database *database = writer->database;
  int64_t page_size = 0;
  if (writer->is_prepared || !database->sqlite)
    return LOOM_OK;
  loom_status status = loom_database_number(database, "PRAGMA page_size", &page_size, error);
  if (status != LOOM_OK)
    return status;
  writer->page_size = (int)page_size;
  writer->checkpoint_due = writer->options.log_step / writer->page_size;
  sqlite3_busy_handler(database->sqlite, wait_for_others, writer);
  sqlite3_wal_hook(database->sqlite, note_log, writer);
  writer->is_prepared = true;
  pthread_mutex_lock(&writer->lock);
  writer->lasting = database->is_makeshift ? NULL : database->sqlite;
  pthread_mutex_unlock(&writer->lock);
  return LOOM_OK;
}

/* Drops what cannot even be prepared. */
static void prepare(loom_writer *writer, struct list *group) {
  for (loom_write *write = group->first, *next; write; write = next) {
    loom_error error;
    next = write->next;
    if (write->type->prepare(write, &error) != LOOM_OK) {
      unlink_write(group, write);
      settle(writer, write, &error);
    }
  }
}

static loom_sink *sink_for(const loom_writer *writer, const loom_write *write) {
  return write->spools && writer->spool ? writer->spool : writer->sink;
}

/*
** Applies a write so that it can be undone alone, also where no more than ending it fails: what failed must not be committed
** with the others. If it cannot even be undone, everything is.
*/
static loom_status apply_within(loom_writer *writer, loom_write *write, loom_error *error) {
  loom_database *database = writer->database;
  loom_error ignored;
  loom_status status = loom_database_execute(database, "SAVEPOINT write", error);
  if (status != LOOM_OK)
    return status;
  status = write->type->apply(write, sink_for(writer, write), error);
  if (status == LOOM_OK)
    status = loom_database_execute(database, "RELEASE write", error);
  if (status != LOOM_OK &&
      loom_database_execute(database, "ROLLBACK TO write; RELEASE write", &ignored) != LOOM_OK)
    loom_database_rollback(database);
  return status;
}

/* Begins a transaction, on what may be another connection than before. */
static loom_status begin(loom_writer *writer, loom_error *error) {
  writer->is_prepared = writer->is_prepared && writer->database->sqlite;
  loom_status status = loom_sink_begin(writer->sink, error);
  if (status != LOOM_OK)
    return status;
  status = prepare_connection(writer, error);
  if (status != LOOM_OK)
    loom_sink_abandon(writer->sink);
  return status;
}

/*
** Writes what is in the group, up to its end or to a failure by which SQLite has ended the transaction: that is the
** failure of everything that was in it.
*/
static void write_some(loom_writer *writer, struct list *group) {
  struct list applied = {0};
  loom_write *write;
  loom_error error;
  bool single = group->first == group->last;
  loom_status status = begin(writer, &error);
  if (status != LOOM_OK) {
    settle_all(writer, group, &error);
    return;
  }
  while (status == LOOM_OK && (write = shift(group))) {
    status = single ? write->type->apply(write, sink_for(writer, write), &error)
                    : apply_within(writer, write, &error);
    if (status == LOOM_OK) {
      append(&applied, write);
    } else {
      settle(writer, write, &error);
      if (!sqlite3_get_autocommit(writer->database->sqlite))
        status = LOOM_OK;
    }
  }
  if (status == LOOM_OK && applied.first)
    status = loom_sink_commit(writer->sink, &error);
  loom_sink_abandon(writer->sink);
  settle_all(writer, &applied, status == LOOM_OK ? NULL : &error);
}

/* ---- the thread ---- */

/* Whether a write is to have another transaction than the one before it. */
static bool is_apart(const loom_writer *writer, const loom_write *write, const loom_write *before) {
  return write->type->alone || (writer->spool && write->spools != before->spools);
}

static bool has_spooling(const loom_writer *writer) {
  const loom_write *write = writer->queue.first;
  while (write && !write->spools)
    write = write->next;
  return write;
}

/* Whether what is next has to wait until others may be written to again. */
static bool is_early(const loom_writer *writer) {
  return writer->options.remote && writer->queue.first && !writer->queue.first->spools &&
         !writer->stopping && milliseconds_since(&writer->written) < REMOTE_EVERY;
}

/* Takes what is spooled past that which has to wait, and whose answer nobody has. */
static struct list take_spooling(loom_writer *writer) {
  struct list group = {0};
  for (loom_write *write = writer->queue.first, *next; write; write = next) {
    next = write->next;
    if (write->spools) {
      unlink_write(&writer->queue, write);
      append(&group, write);
    }
  }
  return group;
}

/* Takes the writes that go into the next transaction. */
static struct list take_group(loom_writer *writer) {
  struct list group = {0};
  loom_write *write;
  if (is_early(writer))
    group = take_spooling(writer);
  if (group.first)
    return group;
  while ((write = writer->queue.first) && !(group.last && is_apart(writer, write, group.last))) {
    append(&group, shift(&writer->queue));
    if (write->type->alone)
      break;
  }
  return group;
}

/* Waits until there is something to write, or nothing will be any more; false if it takes long. */
static bool wait_for_work(loom_writer *writer) {
  struct timespec until;
  int result = 0;
  clock_gettime(CLOCK_MONOTONIC, &until);
  int64_t end = until.tv_nsec + (int64_t)writer->options.idle_time * 1000000;
  until.tv_sec += (time_t)(end / 1000000000);
  until.tv_nsec = (long)(end % 1000000000);
  while (result == 0 && !writer->queue.first && !(writer->stopping && !writer->announced.first))
    result = loom_condition_wait_until(&writer->changed, &writer->lock, &until);
  return result == 0;
}

/* Waits until others may be written to again, or there is something that does not. */
static void spare_remote(loom_writer *writer) {
  struct timespec until = writer->written;
  until.tv_sec += REMOTE_EVERY / 1000;
  while (is_early(writer) && !has_spooling(writer))
    loom_condition_wait_until(&writer->changed, &writer->lock, &until);
}

static void *run(void *context) {
  loom_writer *writer = context;
  pthread_mutex_lock(&writer->lock);
  for (;;) {
    bool idle = !wait_for_work(writer);
    if (!idle)
      spare_remote(writer);
    struct list group = take_group(writer);
    if (!group.first && !idle)
      break;
    pthread_mutex_unlock(&writer->lock);
    if (idle) /* others leave it to this thread */
      writer->checkpoint_due = 0;
    prepare(writer, &group);
    bool spools = group.first && group.first->spools;
    while (group.first)
      write_some(writer, &group);
    if (!spools)
      clock_gettime(CLOCK_MONOTONIC, &writer->written);
    checkpoint(writer);
    pthread_mutex_lock(&writer->lock);
  }
  pthread_mutex_unlock(&writer->lock);
  return NULL;
}

/* ---- life ---- */

/* Opens the connection, and makes the schema where there is none: only then is there a connection at all. */
static loom_status open_database(loom_writer *writer, const char *path, loom_error *error) {
  loom_status status = loom_database_open(path, LOOM_OPEN_CREATE, writer->options.busy_timeout,
                                          &writer->database, error);
  loom_database *database = writer->database;
  loom_remote *remote = writer->options.remote;
  if (status == LOOM_OK && remote)
    loom_database_set_remote(database, remote->type->retain(remote));
  if (status == LOOM_OK && database->in_memory)
    return loom_fail(error, LOOM_EINVAL, "a database in memory has no other connections");
  if (status == LOOM_OK)
    status = loom_database_leave_checkpoints(database, error);
  if (status == LOOM_OK && database->is_new) {
    status = loom_database_begin_write(database, error);
    if (status == LOOM_OK)
      status = loom_database_commit(database, error);
  }
  if (status == LOOM_OK)
    status = prepare_connection(writer, error);
  if (status == LOOM_OK) {
    writer->sink = loom_sink_of(database);
    writer->spool = remote ? loom_sink_sqlite(database) : NULL;
    if (!writer->sink || (remote && !writer->spool))
      status = loom_no_memory(error);
  }
  return status;
}

static loom_status start(loom_writer *writer, loom_error *error) {
  if (loom_thread_start(&writer->thread, run, writer))
    return LOOM_OK;
  return loom_fail(error, LOOM_ENOMEM, "no thread can be started");
}

static void destroy(loom_writer *writer) {
  loom_sink_free(writer->sink);
  loom_sink_free(writer->spool);
  loom_database_close(writer->database);
  pthread_cond_destroy(&writer->changed);
  pthread_mutex_destroy(&writer->lock);
  free(writer);
}

loom_status loom_writer_new(const char *path, const struct loom_writer_options *options,
                            loom_writer **out, loom_error *error) {
  *out = NULL;
  loom_writer *writer = calloc(1, sizeof *writer);
  if (!writer)
    return loom_no_memory(error);
  loom_condition_init(&writer->changed);
  pthread_mutex_init(&writer->lock, NULL);
  writer->options = *options;
  writer->options.log_step = options->log_step ? options->log_step : LOG_STEP;
  writer->options.idle_time = options->idle_time ? options->idle_time : IDLE_TIME;
  writer->patience = options->busy_timeout;
  loom_status status = open_database(writer, path, error);
  if (status == LOOM_OK)
    status = start(writer, error);
  if (status == LOOM_OK)
    *out = writer;
  else
    destroy(writer);
  return status;
}

void loom_writer_free(loom_writer *writer) {
  if (!writer)
    return;
  pthread_mutex_lock(&writer->lock);
  writer->stopping = true;
  for (loom_write *write = writer->announced.first; write; write = write->next)
    write->type->cancel(write);
  pthread_cond_signal(&writer->changed);
  sqlite3 *sqlite = writer->lasting;
  pthread_mutex_unlock(&writer->lock);
  if (sqlite && loom_database_is_lost(writer->database)) /* what is written would be for nobody */
    sqlite3_interrupt(sqlite);
  pthread_join(writer->thread, NULL);
  destroy(writer);
}

loom_zones *loom_writer_zones(loom_writer *writer) {
  return writer->database->zones;
}

/* ---- submitting ---- */

loom_status loom_writer_submit(loom_writer *writer, loom_write *write, loom_error *error) {
  loom_status status = LOOM_OK;
  pthread_mutex_lock(&writer->lock);
  if (writer->waiting && writer->waiting + write->size > writer->options.capacity) {
    status = loom_fail(error, LOOM_EAGAIN, "%zu bytes wait to be written already", writer->waiting);
  } else {
    atomic_fetch_add(&write->references, 1);
    writer->waiting += write->size;
    append(&writer->queue, write);
    pthread_cond_signal(&writer->changed);
  }
  pthread_mutex_unlock(&writer->lock);
  return status;
}

loom_status loom_writer_announce(loom_writer *writer, loom_write *write, loom_error *error) {
  loom_status status = LOOM_OK;
  pthread_mutex_lock(&writer->lock);
  if (writer->announced_count == writer->options.announced) {
    status = loom_fail(error, LOOM_EAGAIN, "ingests are under way already, %u at the most may be",
                       writer->announced_count);
  } else {
    writer->announced_count++;
    atomic_fetch_add(&write->references, 1);
    append(&writer->announced, write);
  }
  pthread_mutex_unlock(&writer->lock);
  return status;
}

/* The announcement's reference becomes that of the queue. */
void loom_writer_submit_announced(loom_writer *writer, loom_write *write) {
  pthread_mutex_lock(&writer->lock);
  unlink_write(&writer->announced, write);
  writer->announced_count--;
  append(&writer->queue, write);
  writer->waiting += write->size;
  pthread_cond_signal(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
}

void loom_writer_withdraw(loom_writer *writer, loom_write *write) {
  pthread_mutex_lock(&writer->lock);
  unlink_write(&writer->announced, write);
  writer->announced_count--;
  pthread_mutex_unlock(&writer->lock);
  loom_write_release(write);
}
