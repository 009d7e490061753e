/*
** Removing old polls.
*/
#ifndef LOOM_PRUNE_H
#define LOOM_PRUNE_H

#include "measure/poll_extent.h"
#include "sqlite/database.h"
#include "write/author.h"

#include <stdbool.h>

struct loom_prune_options {
  int64_t keep; /* microseconds before the newest poll, or before now where that is earlier: what is
                   older goes */
  int64_t now;  /* microseconds: one poll of the future must not make all others old */
  bool dry_run; /* nothing is removed */
  bool force;   /* also more than half of the polls */
  struct loom_author author; /* who removes them, for the audit */
};

struct loom_pruning {
  int64_t cut; /* polls before this instant go; means nothing where there are no polls */
  struct loom_poll_extent gone, kept;
};

/*
** Removes old polls, and gives the freed space back to the file system. A transaction of its own; pruning tells what
** goes and what stays, also with LOOM_ECONFIRM: more than half of the polls would go, and it is not forced.
**
** What it counts from is taken from the blocks themselves, and each block that goes is looked at before: if one
** cannot be right, or the newest poll is not the one that reports end with, the database is LOOM_ECORRUPT and nothing
** is removed.
*/
loom_status loom_prune(loom_database *database, const struct loom_prune_options *options,
                       struct loom_pruning *pruning, loom_error *error);

/* For those who remove polls elsewhere: the failure LOOM_ECONFIRM, and what the audit is told of what has gone. */
loom_status loom_prune_ask_first(loom_database *database, const struct loom_pruning *pruning,
                                 loom_error *error);
loom_status loom_prune_note(loom_database *database, const struct loom_author *author,
                            const struct loom_poll_extent *gone, loom_error *error);

#endif
