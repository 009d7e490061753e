/*
** Reports: the figures of every store in every window, or what every store is at an instant, computed by several threads from
** one snapshot.
**
**   loom_report_prepare → loom_report_start → loom_report_progress, loom_report_cancel, … → loom_report_wait
**   → loom_report_count, loom_report_store, loom_report_figures, … → loom_report_free
*/
#ifndef LOOM_REPORT_H
#define LOOM_REPORT_H

#include "measure/uptime.h"
#include "report/left_out.h"
#include "report/report_options.h"
#include "report/series.h"
#include "report/standing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
** Takes a snapshot and resolves the windows, so that hours can be overridden before it starts. Options are copied; the
** source and the zones must outlive the report, and the source is used by it alone until it is done. Free with
** loom_report_free, at any time.
*/
loom_status loom_report_prepare(const struct loom_report_options *options, loom_source *source,
                                loom_zones *zones, loom_report **report, loom_error *error);

/* Hours for this report alone. NULL after the start: threads read them. */
struct loom_overlays *loom_report_overlays(loom_report *report);

/* Starts computing in threads of its own, once. On failure the report is of no more use. */
loom_status loom_report_start(loom_report *report, loom_error *error);

/*
** Waits for at most so many milliseconds. LOOM_OK: still running; LOOM_DONE: complete; else why it failed, LOOM_EINVAL
** where it was not started.
*/
loom_status loom_report_wait(loom_report *report, unsigned milliseconds, loom_error *error);

/*
** Whether it is done, and well: what loom_report_wait tells, without waiting. Takes no lock, so that it can be asked after
** a fork: there a thread that holds one has been left behind.
*/
bool loom_report_is_complete(const loom_report *report);

/* The share of the stores that are done, 0 to 1. */
double loom_report_progress(loom_report *report);

/* Asks the threads to stop; loom_report_wait then gives LOOM_ECANCELED. */
void loom_report_cancel(loom_report *report);

/* Cancels if need be, and waits for the threads. */
void loom_report_free(loom_report *report);

/* ---- what is known once it is prepared ---- */

int64_t loom_report_as_of(const loom_report *report);
size_t loom_report_window_count(const loom_report *report);

/*
** A window's instants. One on the calendar has others for each store: once the report is complete this is from the earliest
** start to the latest end of those that have a row, and before that, or without rows, the hull of all zones.
*/
struct loom_span loom_report_window(const loom_report *report, size_t window);

/* From the first window's start to the last one's end, in any zone. */
struct loom_span loom_report_hull(const loom_report *report);

/* ---- results, of a complete report ---- */

/* Rows are sorted by store id as bytes. */
size_t loom_report_count(const loom_report *report);
const char *loom_report_store(const loom_report *report, size_t row, size_t *length);

/* The zone that a store's clock shows. */
const loom_zone *loom_report_zone(const loom_report *report, size_t row);

/* A window's instants for one store, which differ on the calendar alone. */
struct loom_span loom_report_window_of(const loom_report *report, size_t row, size_t window);

/* The row of a store; false if it has none. */
bool loom_report_find(const loom_report *report, const char *id, size_t length, size_t *row);

/*
** Goes on from row `*at` to the first one that does not come before a store; whether it is the store's. Whoever has stores in order
** of their ids finds all of their rows so, in one pass from row 0 on.
*/
bool loom_report_walk_to(const loom_report *report, size_t *at, const char *id, size_t length);

/* Whether two complete reports have rows of the same stores. */
bool loom_report_has_stores_of(const loom_report *report, const loom_report *other);

/* A row's strip, loom_report_strip_bins letters without a NUL. */
size_t loom_report_strip_bins(const loom_report *report);
const char *loom_report_strip(const loom_report *report, size_t row);

/* Takes the report's series, which is then the caller's to free. Once; false where there is none. */
bool loom_report_take_series(loom_report *report, struct loom_series *series);

/*
** Stores that have no row because their zone is not in the tz database: their figures would be wrong in any other zone, and
** those of the others are right without them. A report that has nothing else has failed instead. How many there are, and
** the first LOOM_LEFT_OUT_MAX that were met, by id.
*/
size_t loom_report_left_out_count(const loom_report *report);
const struct loom_left_out *loom_report_left_out(const loom_report *report, size_t *count);

/* What a row's store is at as_of, of a report of states. */
const struct loom_store_state *loom_report_state(const loom_report *report, size_t row);

/* The figures of one row, window after window. */
const struct loom_figures *loom_report_figures(const loom_report *report, size_t row);

#endif
