/*
** One store in one window, with everything that made its figures: openings, exclusions, pieces, polls, and which poll
** vouches for what.
**
**   loom_inspect → the inspection is read → loom_inspection_free
*/
#ifndef LOOM_INSPECT_H
#define LOOM_INSPECT_H

#include "measure/measure.h"
#include "measure/source.h"
#include "time/window.h"

struct loom_inspect_options {
  const char *id;
  size_t id_length;
  struct loom_rules rules;
  struct loom_window window;
  bool has_as_of; /* otherwise as_of is the newest poll */
  int64_t as_of;
  const char *default_zone;
  /* Openings are listed and nothing is judged: polls are not even read, of which a month of one store may have any number.
  ** There are no figures, and no cells */
  bool hours_alone;
  uint64_t most;                  /* polls and openings that may be looked at; 0: any number */
  uint64_t told;                  /* that others of the same caller have taken of them */
  struct loom_overlays *overlays; /* are moved into the inspection; NULL: there are none */
};

/* An opening as the schedule has it, and the instants that it becomes. */
struct loom_opening {
  /* local date; seconds since its midnight, before slack and midnight are regarded */
  int32_t date, open, close;
  enum loom_origin origin;
  struct loom_span span;
};

/* A stretch of a piece, and the poll that vouches for it or is too far from it to; what is excluded has none. */
struct loom_cell {
  struct loom_span span;
  enum loom_state state;
  size_t piece; /* which one it is part of */
  bool has_poll;
  loom_poll poll;
};

struct loom_inspection {
  int64_t as_of;
  struct loom_span window;
  struct loom_store store;       /* its polls may reach beyond the window */
  struct loom_setting setting;   /* what it was measured with */
  struct loom_measure measure;   /* its intervals, exclusions and pieces */
  struct loom_figures figures;   /* their sums are those of the cells */
  struct loom_opening *openings; /* those that reach into the window, by date */
  size_t opening_count, opening_capacity;
  struct loom_cell *cells; /* in order; they cover the pieces */
  size_t cell_count, cell_capacity;
};

/*
** Looks at a store. LOOM_ENOENT: the source does not know it. LOOM_EINVAL: the window is none, or there is more in it than
** `most`; the message tells of how much, and how long a window would do. Free the inspection with loom_inspection_free, whatever
** the status; the source and the zones need not stay.
*/
loom_status loom_inspect(const struct loom_inspect_options *options, loom_source *source,
                         loom_zones *zones, struct loom_inspection *inspection, loom_error *error);
/* The name of the zone that it was looked at in. */
const char *loom_inspection_zone(const struct loom_inspection *inspection,
                                 const char *default_zone);

void loom_inspection_free(struct loom_inspection *inspection);

#endif
