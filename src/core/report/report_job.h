/*
** What a report is inside: what the threads that compute it share, and what each of them works with. For report.c, which starts
** it and shows its results, report_threads.c, and those who find what a store's row has: report_measure.c and report_states.c.
*/
#ifndef LOOM_REPORT_JOB_H
#define LOOM_REPORT_JOB_H

#include "base/id_table.h"
#include "measure/measure.h"
#include "measure/strip.h"
#include "report/left_out.h"
#include "report/report_options.h"
#include "report/report_rows.h"
#include "report/series.h"
#include "report/standing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_REPORT_BATCH 128 /* stores to a batch */

struct loom_report {
  struct loom_report_options options;
  struct loom_window windows[LOOM_WINDOWS_MAX];
  /* The windows as instants: those of all zones, and once the report is complete those of its rows. */
  struct loom_span spans[LOOM_WINDOWS_MAX];
  char **globs; /* copies of the selection's patterns */
  loom_source *source;
  struct loom_setting setting;

  pthread_t threads[LOOM_READERS_MAX];
  unsigned thread_count;
  atomic_uint readers_taken;
  /* threads that still compute; that have not ended. Both under `lock` */
  unsigned computing, running;
  pthread_mutex_t lock; /* of all that follows */
  pthread_cond_t finished;
  /* LOOM_OK, or the first failure: of the threads, of the start, or for want of one */
  loom_status status;
  loom_error error;
  bool started, released;
  atomic_bool complete; /* all is done, and well */
  atomic_bool cancelled;
  atomic_uint_fast64_t stores_done;
  uint64_t store_count;

  struct loom_span reach[LOOM_WINDOWS_MAX]; /* what the windows of the rows cover */
  bool has_reach;                           /* there is one */
  struct loom_report_rows rows;
  struct loom_series series; /* what the threads have brought together */
  /* stores whose states take a look further back than others'; deferred_rows has the index in `states` of each */
  struct loom_id_table deferred;
  size_t *deferred_rows, deferred_capacity;
  struct loom_id_table looked_at; /* those that were deferred by the look before */
  struct loom_left_out_list left_out;
};

/* What one thread works with; its buffers last from store to store. */
struct loom_report_work {
  loom_report *report;
  loom_source *reader;
  unsigned number;         /* the reader's */
  struct loom_store store; /* that was read last */
  struct loom_measure measure;
  struct loom_strip strip;
  struct loom_series series;
  size_t count; /* of rows in the batch */
  struct {
    char id[LOOM_ID_MAX];
    size_t length;
    const loom_zone *zone;
  } ids[LOOM_REPORT_BATCH];
  struct {
    struct loom_store_state state;
    bool is_deferred; /* it is not known yet */
  } states[LOOM_REPORT_BATCH];
  struct loom_span
      reach[LOOM_WINDOWS_MAX]; /* what the windows cover of the stores that have rows */
  bool has_reach;
  struct loom_figures *figures; /* LOOM_REPORT_BATCH rows of all windows */
  char *strips;                 /* so many of them */
};

/* Looked at between two windows of a store: one of a hundred years takes some milliseconds. */
static inline loom_status loom_report_check_cancelled(loom_report *report, loom_error *error) {
  return atomic_load(&report->cancelled)
             ? loom_fail(error, LOOM_ECANCELED, "the report was cancelled")
             : LOOM_OK;
}

#endif
