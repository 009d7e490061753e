/*
** One store's figures: its hours and special days become pieces, which the kernel judges, less its exclusions.
**
**   {0} → for each store: loom_measure_store → for each window: loom_measure_window → loom_measure_free
*/
#ifndef LOOM_MEASURE_H
#define LOOM_MEASURE_H

#include "measure/overlay.h"
#include "measure/rules.h"
#include "measure/store.h"
#include "measure/uptime.h"

/* What all stores are measured with. */
struct loom_setting {
  struct loom_rules rules;
  int64_t as_of;
  struct loom_span hull; /* of the windows: from the first one's start to the last one's end */
  int64_t
      exclusions_before; /* how long before the hull exclusions are to be known, in microseconds */
  loom_zones *zones;
  const loom_zone *default_zone; /* of stores without one */
  struct loom_common common;     /* its exclusions merged */
  struct loom_overlays overlays;
};

/* Looks the default zone up. Errors name it. */
loom_status loom_setting_zone(struct loom_setting *setting, const char *name, loom_error *error);

/*
** The zone that a store's clock shows, or would show by an overlay. LOOM_EINPUT: it is not in the tz database. Errors name the store.
*/
loom_status loom_setting_zone_of(const struct loom_setting *setting, const struct loom_store *store,
                                 const loom_zone **zone, loom_error *error);

/* Zones whose exclusions are kept: a fleet's stores are in few, and those of rules for every store are the same in each. */
#define LOOM_ZONES_KEPT 64

/* Zones that are found again without looking them up, by a few letters of their names: a power of two. */
#define LOOM_ZONES_MET 64

/* One thread's work, whose buffers last from store to store. Zero it to begin. */
struct loom_measure {
  const struct loom_setting *setting;
  const struct loom_store *store;
  const struct loom_store
      *facts; /* what tells when it is open: the store itself, or an overlay's */
  struct loom_schedule schedule;
  struct loom_spans intervals;         /* the store's openings that reach into the hull */
  const struct loom_spans *exclusions; /* the store's and everyone's, sorted and disjoint */
  struct loom_spans pieces;            /* of the last window measured */
  struct loom_spans joined;            /* the exclusions, where the store has some of its own */
  /* every store's with what rules make of them, merged, by zone; NULL until there are rules */
  struct loom_zone_exclusions {
    const loom_zone *zone;
    struct loom_span reach; /* for which they are */
    struct loom_spans spans;
  } * of_zones;
  struct loom_special_days days; /* the store's own, where an overlay adds to them */
  /* zones that stores were in, of one cache: most are in few, and to look one up takes its lock */
  const loom_zones *met_in;
  const loom_zone *met[LOOM_ZONES_MET];
};

/*
** Lays a store's schedule out. The store must stay until its windows are measured. LOOM_EINPUT: its zone is not in the
** tz database.
*/
loom_status loom_measure_store(struct loom_measure *measure, const struct loom_setting *setting,
                               const struct loom_store *store, loom_error *error);

/* Measures one window, which lies in the hull. `listener` may be NULL: see loom_uptime_measure. */
loom_status loom_measure_window(struct loom_measure *measure, struct loom_span window,
                                struct loom_figures *figures, const struct loom_listener *listener,
                                loom_error *error);

void loom_measure_free(struct loom_measure *measure);

#endif
