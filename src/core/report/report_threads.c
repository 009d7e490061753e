/*
** The threads of a report. Each reads stores by a reader of its own, which the source has for it, and measures them; there are
** as many as readers can be had. What it has measured it hands over a batch at a time.
*/
#include "report/report_threads.h"
#include "base/thread.h"
#include "report/report_measure.h"
#include "report/report_states.h"

#include <stdlib.h>
#include <string.h>

/* The first failure is the report's. */
static void fail(loom_report *report, loom_status status, const loom_error *error) {
  pthread_mutex_lock(&report->lock);
  if (report->status == LOOM_OK) {
    report->status = status;
    report->error = *error;
  }
  pthread_mutex_unlock(&report->lock);
  atomic_store(&report->cancelled, true);
}

static bool leave_out(loom_report *report, const struct loom_store *store,
                      const loom_error *reason) {
  pthread_mutex_lock(&report->lock);
  bool good = loom_left_out_list_add(&report->left_out, store, reason);
  pthread_mutex_unlock(&report->lock);
  return good;
}

/* Measures the store that was read. One whose zone is none is left out; nothing else that fails is a single store's. */
static loom_status add_store(struct loom_report_work *work, loom_error *error) {
  loom_status status = work->report->options.states.wanted ? loom_report_find_state(work, error)
                                                           : loom_report_measure(work, error);
  if (status == LOOM_EINPUT || status == LOOM_ECORRUPT)
    return leave_out(work->report, &work->store, error) ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK) {
    memcpy(work->ids[work->count].id, work->store.id, work->store.id_length);
    work->ids[work->count].zone = work->measure.schedule.zone;
    work->ids[work->count++].length = work->store.id_length;
  }
  return status;
}

static bool keep_batch(struct loom_report_work *work) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count, bins = report->options.strip_bins;
  pthread_mutex_lock(&report->lock);
  struct loom_report_rows *rows = &report->rows;
  bool good = loom_report_rows_reserve(rows, work->number, work->count);
  for (size_t i = 0; good && i < work->count; i++) {
    size_t length = work->ids[i].length;
    size_t at =
        loom_report_rows_add(rows, work->number, work->ids[i].id, length, work->ids[i].zone);
    if (windows)
      memcpy(rows->figures + at * windows, work->figures + i * windows,
             windows * sizeof *work->figures);
    if (report->options.states.wanted) {
      rows->states[at] = work->states[i].state;
      good = !work->states[i].is_deferred || loom_report_defer(report, work->ids[i].id, length, at);
    }
    if (bins)
      memcpy(rows->strips + at * bins, work->strips + i * bins, bins);
  }
  pthread_mutex_unlock(&report->lock);
  work->count = 0;
  return good;
}

/* Reads and measures stores until a batch is full. LOOM_DONE: there are no more. */
static loom_status fill_batch(struct loom_report_work *work, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && work->count < LOOM_REPORT_BATCH) {
    status = loom_report_check_cancelled(work->report, error);
    if (status == LOOM_OK)
      status = loom_source_next(work->reader, &work->store, error);
    if (status == LOOM_OK)
      status = add_store(work, error);
    if (status == LOOM_OK)
      atomic_fetch_add(&work->report->stores_done, 1);
  }
  return status;
}

static loom_status work_through(struct loom_report_work *work, loom_error *error) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count, bins = report->options.strip_bins;
  work->figures =
      calloc(LOOM_REPORT_BATCH * windows + 1, sizeof *work->figures); /* there may be no windows */
  work->strips = bins ? malloc(LOOM_REPORT_BATCH * bins) : NULL;
  if (!work->figures || (bins && (!work->strips || !loom_strip_init(&work->strip, bins))))
    return loom_no_memory(error);
  const struct loom_series *series = &report->series;
  if (series->items &&
      !loom_series_init(&work->series, series->window, series->step, series->groups))
    return loom_no_memory(error);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK) {
    status = fill_batch(work, error);
    if ((status == LOOM_OK || status == LOOM_DONE) && !keep_batch(work))
      status = loom_no_memory(error);
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* Sorts those that were left out; where nothing is left the report is theirs, and fails, unless it is of one shard's stores. */
static void finish_left_out(loom_report *report) {
  const struct loom_left_out_list *list = &report->left_out;
  loom_left_out_list_sort(&report->left_out);
  if (list->count && report->rows.count == 0 && !report->options.selection.shards)
    fail(report, list->items->reason.code, &list->items->reason);
}

/*
** The last thread to end sorts the rows and lets the source go. No lock is held: nobody else touches the report now, and
** those who ask how it is doing must not wait for a file.
*/
static void complete(loom_report *report) {
  loom_error error;
  loom_status status =
      report->status == LOOM_OK ? loom_report_find_deferred(report, &error) : LOOM_OK;
  if (status != LOOM_OK)
    fail(report, status, &error);
  if (!loom_report_rows_sort(&report->rows))
    fail(report, loom_no_memory(&error), &error);
  if (report->has_reach)
    memcpy(report->spans, report->reach, sizeof report->spans);
  if (report->series.items)
    loom_series_finish(&report->series);
  finish_left_out(report);
  loom_source_release(report->source);
  report->released = true;
  if (report->status == LOOM_OK && report->options.finish) {
    status = report->options.finish(report->options.finish_context, report, &error);
    if (status != LOOM_OK)
      fail(report, status, &error);
  }
  if (report->status == LOOM_OK) /* the source may have passed over some */
    atomic_store(&report->stores_done, report->store_count);
  atomic_store(&report->complete, report->status == LOOM_OK);
}

/* Before its thread counts as ended: the last one completes the report. */
static void keep_sums(const struct loom_report_work *work) {
  loom_report *report = work->report;
  pthread_mutex_lock(&report->lock);
  if (work->series.items)
    loom_series_merge(&report->series, &work->series);
  for (size_t w = 0; work->has_reach && w < report->options.window_count; w++)
    report->reach[w] =
        report->has_reach ? loom_span_around(report->reach[w], work->reach[w]) : work->reach[w];
  report->has_reach = report->has_reach || work->has_reach;
  pthread_mutex_unlock(&report->lock);
}

static void *run_thread(void *context) {
  loom_report *report = context;
  loom_error error;
  struct loom_report_work *work = calloc(1, sizeof *work);
  loom_status status = work ? LOOM_OK : loom_no_memory(&error);
  if (work) {
    work->report = report;
    work->number = atomic_fetch_add(&report->readers_taken, 1);
    work->reader = loom_source_reader(report->source, work->number);
    status = work_through(work, &error);
    keep_sums(work);
    loom_store_free(&work->store);
    loom_measure_free(&work->measure);
    loom_strip_free(&work->strip);
    loom_series_free(&work->series);
    free(work->figures);
    free(work->strips);
    free(work);
  }
  if (status != LOOM_OK)
    fail(report, status, &error);
  pthread_mutex_lock(&report->lock);
  bool last = --report->computing == 0;
  pthread_mutex_unlock(&report->lock);
  if (last)
    complete(report);
  pthread_mutex_lock(&report->lock);
  if (--report->running == 0)
    pthread_cond_broadcast(&report->finished);
  pthread_mutex_unlock(&report->lock);
  return NULL;
}

void loom_report_start_threads(loom_report *report) {
  unsigned wanted = loom_source_reader_count(report->source);
  pthread_mutex_lock(&report->lock); /* none may end before all are counted */
  while (report->thread_count < wanted &&
         loom_thread_start(&report->threads[report->thread_count], run_thread, report))
    report->thread_count++;
  report->running = report->computing = report->thread_count ? report->thread_count : 1;
  pthread_mutex_unlock(&report->lock);
  if (report->thread_count == 0) /* no thread to be had: this one does the work */
    run_thread(report);
}
