/*
** A thread that writes to a database on a connection of its own, so that an event loop waits neither for the disk nor
** for other writers.
**
** Writes are submitted by any thread and done in order. Those that wait when the thread gets to them share one
** transaction; one that fails is undone alone. What is done has reached the disk. The thread also makes the
** checkpoints of the write-ahead log, between two transactions. Where polls are elsewhere, writes that wait for that have transactions
** of their own, so that others do not, and one a second at the most; polls, which are spooled, overtake those that wait for that.
**
** A write is the head of a larger structure, counted by references: whoever made it holds one, the writer another.
** While it is pending it is the writer's; afterwards its results may be read.
**
**   loom_writer_new → for each write: loom_writer_submit, or loom_writer_announce → loom_writer_submit_announced;
**   loom_write_state, until it is done; loom_write_release → loom_writer_free
*/
#ifndef LOOM_WRITER_H
#define LOOM_WRITER_H

#include "sqlite/database.h"
#include "write/sink.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct loom_writer loom_writer;
typedef struct loom_write loom_write;

enum loom_write_state { LOOM_WRITE_PENDING, LOOM_WRITE_DONE, LOOM_WRITE_FAILED };

/* What makes a kind of write. The first three are called in the writer's thread. */
struct loom_write_type {
  /* Outside of any transaction, before `apply`: may fail. */
  loom_status (*prepare)(loom_write *write, loom_error *error);
  /* Within a transaction; called once. */
  loom_status (*apply)(loom_write *write, loom_sink *sink, loom_error *error);
  /* Lets go of memory that nobody will read: the write has ended. */
  void (*clear)(loom_write *write);
  /* Asks a write that has been announced, but not submitted, to be submitted at once. NULL: never announced. */
  void (*cancel)(loom_write *write);
  void (*free)(loom_write *write);
  bool alone; /* it is large: in a transaction of its own */
};

struct loom_write {
  const struct loom_write_type *type;
  atomic_uint references;
  atomic_int state; /* enum loom_write_state */
  loom_error error; /* of one that has failed */
  struct loom_counts counts;
  size_t size; /* bytes that it takes while it waits */
  bool
      spools; /* it is stored in the file where polls are elsewhere, too: they are taken there later */
  loom_write *next, *before; /* in the writer's queue, or among those announced */
};

/* Makes the head of a write, with one reference. */
void loom_write_init(loom_write *write, const struct loom_write_type *type);
void loom_write_release(loom_write *write);

/* Never waits. On LOOM_WRITE_FAILED the error is filled. */
enum loom_write_state loom_write_state(const loom_write *write, loom_error *error);

/* Ends a write before its time; the writer then only clears it. For its own thread. */
void loom_write_fail(loom_write *write, const loom_error *error);

struct loom_writer_options {
  int busy_timeout;   /* milliseconds to wait for other writers */
  size_t capacity;    /* bytes of writes that may wait */
  unsigned announced; /* writes that may be announced at a time */
  /* Of the checkpoints; 0: as the writer has it. */
  /* bytes of the log, after each of which it is copied to the database; default 16 MiB */
  int log_step;
  /* milliseconds without a write, after which what others have written is copied; default 10 s */
  int idle_time;
  /* that has the polls of the database, which is its head then: see remote.h. It is retained; NULL: none has */
  struct loom_remote *remote;
};

/* Opens the database, which is made if it does not exist, and starts the thread. */
loom_status loom_writer_new(const char *path, const struct loom_writer_options *options,
                            loom_writer **writer, loom_error *error);

/* Cancels what is announced, does what was submitted, and ends the thread. This waits. */
void loom_writer_free(loom_writer *writer);

/* The zones of the writer's database; they live as long as the writer. */
loom_zones *loom_writer_zones(loom_writer *writer);

/* Queues a write. LOOM_EAGAIN: too many bytes wait; the write is still the caller's alone. */
loom_status loom_writer_submit(loom_writer *writer, loom_write *write, loom_error *error);

/*
** Announces a write, which must be submitted later by loom_writer_submit_announced, even when it has failed.
** LOOM_EAGAIN: there are too many.
*/
loom_status loom_writer_announce(loom_writer *writer, loom_write *write, loom_error *error);
void loom_writer_submit_announced(loom_writer *writer, loom_write *write);

/* Takes an announcement back. */
void loom_writer_withdraw(loom_writer *writer, loom_write *write);

#endif
