/*
** What a report is asked for.
*/
#ifndef LOOM_REPORT_OPTIONS_H
#define LOOM_REPORT_OPTIONS_H

#include "measure/rules.h"
#include "measure/source.h"
#include "time/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_WINDOWS_MAX 64
typedef struct loom_report loom_report;

/* Called by the last thread once all rows are there, and before the report counts as complete; its failure fails it. */
typedef loom_status loom_report_finish_fn(void *context, const loom_report *report,
                                          loom_error *error);

struct loom_report_options {
  struct loom_rules rules;
  const struct loom_window *windows;
  /* 1 to LOOM_WINDOWS_MAX, or 0 where states are wanted; all together within LOOM_WINDOW_LENGTH_MAX, but for what zones add */
  size_t window_count;
  /* States of the stores at as_of instead of figures: see standing.h, and loom_report_state. */
  struct loom_state_option {
    bool wanted, no_since_up;
    int64_t dormant_after; /* microseconds, up to LOOM_DORMANT_AFTER_MAX */
  } states;
  bool has_as_of; /* otherwise as_of is the newest poll */
  int64_t as_of;
  const char *default_zone;        /* of stores without one */
  struct loom_selection selection; /* which stores; its ids must outlive the report */
  /* A strip for each store: window number `strip_window` cut into so many bins (0: no strips; see strip.h). */
  size_t strip_window, strip_bins;
  /*
  ** A series: window number `window`, which is not on the calendar, cut into steps (0: no series), with up to
  ** LOOM_SERIES_ITEMS_MAX of them in all groups. The store of number n in `members` is of group `group_of[n]`; one that is not
  ** among them, and where there are no members each one, of the last group. Both must outlive the report. No strips beside it.
  */
  struct loom_series_option {
    size_t window;
    int64_t step;  /* microseconds, of which the window is a whole number */
    size_t groups; /* 1 or more */
    const struct loom_id_table *members;
    const uint32_t *group_of;
  } series;
  unsigned threads;              /* 0: as many as there are processors, up to 8 */
  loom_report_finish_fn *finish; /* or NULL */
  void *finish_context;          /* must outlive the report */
};

#endif
