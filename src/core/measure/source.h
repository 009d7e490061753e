/*
** Where a report's stores and polls come from. A source gives one snapshot of its data, store by store, in an
** order of its own. Calls come from one thread at a time, though not always the same one.
**
**   snapshot → newest (any number of times) → select → next, until LOOM_DONE → release
*/
#ifndef LOOM_SOURCE_H
#define LOOM_SOURCE_H

#include "base/error.h"
#include "base/id_table.h"
#include "measure/poll_block.h"
#include "measure/schedule.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_special_days {
  struct loom_special_day *items;
  size_t count, capacity;
};

/* Which stores are wanted: without ids and patterns, all of them. */
struct loom_selection {
  const struct loom_id_table *ids; /* these; or NULL */
  /* and those whose id matches one of these patterns (* ? [a-z]) */
  const char *const *globs;
  size_t glob_count;
  bool all_stores; /* also stores without any poll that have hours or a zone */
};

/* What is asked of a source. */
struct loom_source_query {
  int64_t from, to; /* polls of these instants and between, in microseconds */
  /* also the nearest poll before `from`, and the nearest after `to` up to `as_of` */
  bool neighbours;
  bool no_polls; /* only schedules are wanted */
  int64_t as_of;
  struct loom_selection selection;
};

/* One store. The buffers are kept between stores; further polls than those asked for do no harm. */
struct loom_store {
  char id[LOOM_ID_MAX + 1];
  size_t id_length;
  char zone[LOOM_ZONE_NAME_MAX];         /* "" for the default zone */
  struct loom_hours_list hours;          /* sorted by `from` */
  struct loom_special_days special_days; /* the store's own, sorted by date */
  struct loom_spans exclusions;          /* the store's own, in any order */
  struct loom_polls polls;
};

/* What holds for every store. */
struct loom_common {
  struct loom_special_days special_days;
  struct loom_spans exclusions;
};

typedef struct loom_source loom_source;
struct loom_source {
  loom_status (*snapshot)(loom_source *source, loom_error *error);
  /* The newest poll of all stores. LOOM_EEMPTY: there are no polls. */
  loom_status (*newest)(loom_source *source, int64_t *instant, loom_error *error);
  /* Starts on the stores; *store_count is how many `next` may give at the most. */
  loom_status (*select)(loom_source *source, const struct loom_source_query *query,
                        struct loom_common *common, uint64_t *store_count, loom_error *error);
  loom_status (*next)(loom_source *source, struct loom_store *store, loom_error *error);
  void (*release)(loom_source *source);
  void (*free)(loom_source *source);
};

bool loom_special_days_add(struct loom_special_days *list, struct loom_special_day day);
void loom_store_free(struct loom_store *store);
void loom_common_free(struct loom_common *common);

#endif
