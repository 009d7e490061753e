/*
** One store, and what holds for every store, as a source gives them: buffers that are kept from store to store.
**
**   {0} → filled, once and again → loom_store_free, loom_common_free
*/
#ifndef LOOM_STORE_H
#define LOOM_STORE_H

#include "base/id_table.h"
#include "measure/exclusion.h"
#include "measure/layers.h"
#include "measure/poll_block.h"
#include "time/span.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_store {
  char id[LOOM_ID_MAX + 1];
  size_t id_length;
  int64_t number;                        /* by which a roster and a feed both know it */
  char zone[LOOM_ZONE_NAME_MAX];         /* "" for the default zone */
  struct loom_hours_list hours;          /* sorted by `from` */
  struct loom_special_days special_days; /* the store's own, sorted by date */
  struct loom_spans exclusions;          /* the store's own, in any order */
  struct loom_exclusion_rules rules;     /* and those that are rules */
  bool polled;                           /* it has polls, the first and the newest at these */
  int64_t first_poll, newest_poll;       /* instants, in microseconds */
  bool newest_active;                    /* whether the newest one is */
  struct loom_polls polls;               /* further ones than those asked for do no harm */
  bool has_more_polls;                   /* of those up to an instant, earlier ones than these */
  int32_t polls_day; /* which are of this UTC day and before: what a feed has come to */
};

/* What holds for every store. */
struct loom_common {
  struct loom_special_days special_days;
  struct loom_spans exclusions;
  struct loom_exclusion_rules rules;
};

void loom_store_free(struct loom_store *store);
void loom_common_free(struct loom_common *common);

#endif
