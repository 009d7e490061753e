/*
** What keeps the polls of a database elsewhere: a handle that has a remote reads and writes polls there, and all else in its file,
** which is then called a head (head.h). Handles that are cloned share the remote.
**
**   loom_database_set_remote → loom_source_of, loom_sink_of, which ask it → loom_database_close
*/
#ifndef LOOM_REMOTE_H
#define LOOM_REMOTE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct loom_database loom_database; /* as in database.h */
typedef struct loom_remote loom_remote;
struct loom_prune_options;
struct loom_pruning;
struct loom_sink;
struct loom_source;

struct loom_polls;

/* Polls one store's day after the other: by day, and then by the id of the store. */
struct loom_remote_polls {
  /* LOOM_DONE: there are no more. What is given is valid until the next call. */
  loom_status (*next)(struct loom_remote_polls *all, const char **id, size_t *length,
                      const struct loom_polls **polls, loom_error *error);
  void (*free)(struct loom_remote_polls *all);
};

/* What is wrong, in a line. */
typedef void loom_remote_problem_fn(void *context, const char *problem);

/* What is there, in numbers. */
struct loom_remote_info {
  int64_t polls, days, size; /* size: bytes of polls */
};

struct loom_remote_type {
  /* NULL: memory is out. As loom_source_of and loom_sink_of. */
  struct loom_source *(*source)(loom_remote *remote, loom_database *database, bool shared);
  struct loom_sink *(*sink)(loom_remote *remote, loom_database *database);
  loom_status (*info)(loom_remote *remote, loom_database *database, struct loom_remote_info *info,
                      loom_error *error);
  /* Tells what is wrong there. */
  loom_status (*check)(loom_remote *remote, loom_remote_problem_fn *tell, void *context,
                       loom_error *error);
  /* As loom_prune. */
  loom_status (*prune)(loom_remote *remote, loom_database *database,
                       const struct loom_prune_options *options, struct loom_pruning *pruning,
                       loom_error *error);
  /* All polls, for an export: within the head's read transaction, which is open. */
  loom_status (*open_polls)(loom_remote *remote, loom_database *database,
                            struct loom_remote_polls **polls, loom_error *error);
  /*
  ** Within a write transaction of the handle, which changes the roster or is to: makes what it writes pending, and brings the handle
  ** up to what others have written. LOOM_EBUSY: they have, and the transaction has changed something already.
  */
  loom_status (*join)(loom_remote *remote, loom_database *database, loom_error *error);
  loom_remote *(*retain)(loom_remote *remote);
  void (*release)(loom_remote *remote);
};

/* The head of what a type makes of it. */
struct loom_remote {
  const struct loom_remote_type *type;
};

/*
** What is written elsewhere within a write transaction of a handle, and comes to be with its commit: the transaction's end calls one
** of the two, which frees it. The commit does so before the file's own, within the transaction.
*/
struct loom_pending {
  loom_status (*commit)(struct loom_pending *pending, loom_error *error);
  void (*abandon)(struct loom_pending *pending);
};

/* Takes the remote over. It stays the handle's, and is that of clones, too. */
void loom_database_set_remote(loom_database *database, loom_remote *remote);

/* NULL: it has none. */
loom_remote *loom_database_remote(const loom_database *database);

/* What is pending in the write transaction that is open; NULL: nothing is. A part that is undone with it undoes the whole. */
struct loom_pending *loom_database_pending(const loom_database *database);
void loom_database_set_pending(loom_database *database, struct loom_pending *pending);

#endif
