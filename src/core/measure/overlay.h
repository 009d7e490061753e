/*
** Hours for one report alone: weeks, or spans of single dates, in place of what the database holds. Or all that tells when a store
** is open: for a look at what would be if something else were set.
**
**   loom_overlays_init → loom_overlays_put, … → loom_overlays_find, … → loom_overlays_free
**   of an overlay that replaces all: its `layers`, in order of date, and its `own` are filled → loom_overlay_finish
*/
#ifndef LOOM_OVERLAY_H
#define LOOM_OVERLAY_H

#include "base/id_table.h"
#include "measure/store.h"

#include <stdbool.h>
#include <stddef.h>

/* What is in place of one store's hours. */
struct loom_overlay {
  /*
  ** `own` is in place of the store's zone, hours, special days and exclusions, and its exclusions of every store's, too; the layers
  ** are those of its hours and days.
  */
  bool replaces_all;
  struct loom_store own;
  struct loom_layers layers;
  bool replaces_hours;           /* `hours` are in place of the store's weekly hours */
  struct loom_hours_list hours;  /* sorted by `from`; none: open all day */
  struct loom_special_days days; /* in place of everything else on their dates; sorted by date */
};

struct loom_overlays {
  struct loom_id_table ids;
  struct loom_overlay *items; /* by the id's number */
  size_t capacity;
  struct loom_overlay others; /* for the stores that have none of their own */
};

void loom_overlays_init(struct loom_overlays *overlays);
void loom_overlays_free(struct loom_overlays *overlays);

/* The overlay of a store, made empty if there is none yet. NULL: memory is out. */
struct loom_overlay *loom_overlays_put(struct loom_overlays *overlays, const char *id,
                                       size_t length);

/* Lays the layers of an overlay that replaces all over each other. False: memory is out. */
bool loom_overlay_finish(struct loom_overlay *overlay);

/* What holds for a store; NULL: nothing does. */
const struct loom_overlay *loom_overlays_find(const struct loom_overlays *overlays, const char *id,
                                              size_t length);

#endif
