/*
** Removing polls of one store, or everything that is known of it: what is to go, and what went.
*/
#ifndef LOOM_REMOVAL_H
#define LOOM_REMOVAL_H

#include "measure/poll_extent.h"
#include "write/author.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to be removed. The texts are the caller's, and the id is 1 to 255 bytes long. */
struct loom_removal {
  const char *id;
  size_t id_length;
  int64_t from, to;          /* polls between these instants, in microseconds, both among them */
  bool whole_store;          /* all polls, and everything else that is known of the store */
  struct loom_author author; /* who removes it, for the audit */
};

/* What has been removed, or would be. */
struct loom_removed {
  struct loom_poll_extent gone, kept; /* polls; `kept` is of loom_delete_survey alone */
  int64_t hours;                      /* rows of weekly hours, and of weeks without any */
  int64_t special_days;               /* rows */
  int64_t exclusions, attributes;
  bool timezone; /* it had one */
};

#endif
