/*
** A report of states: what each store is at as_of. Each look goes back further, up to where none does: see standing.h. Of most
** stores one look will do; the others are deferred until all have had theirs.
*/
#ifndef LOOM_REPORT_STATES_H
#define LOOM_REPORT_STATES_H

#include "report/report_job.h"

/* An instant so long before as_of, or the first one. */
int64_t loom_report_before_as_of(const loom_report *report, int64_t reach);

/* Starts on the last polls of stores, and on exclusions from an instant on. */
loom_status loom_report_select_states(loom_report *report, const struct loom_selection *selection,
                                      int64_t exclusions_from, uint64_t *count, loom_error *error);

/* Finds the state of the store that was read last, for the batch's next row, unless it is to be deferred. */
loom_status loom_report_find_state(struct loom_report_work *work, loom_error *error);

/* Notes that the state of the row with an index is still to be found. False: memory is out. */
bool loom_report_defer(loom_report *report, const char *id, size_t length, size_t index);

/* Finds the states of the deferred stores, when no thread computes any more. */
loom_status loom_report_find_deferred(loom_report *report, loom_error *error);

#endif
