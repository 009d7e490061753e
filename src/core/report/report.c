/*
** Reports: what they are asked for, how they are started and ended, and their results. They are computed in report_threads.c.
*/
#include "report/report.h"
#include "base/platform.h"
#include "report/report_job.h"
#include "report/report_states.h"
#include "report/report_threads.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- starting ---- */

static loom_status resolve_windows(loom_report *report, loom_error *error) {
  size_t count = report->options.window_count;
  struct loom_span *hull = &report->setting.hull;
  loom_status status = LOOM_OK;
  if (report->options.states.wanted)
    *hull = (struct loom_span){loom_report_before_as_of(report, LOOM_STANDING_OPENINGS),
                               report->setting.as_of};
  if (count > 0)
    status = loom_windows_hull(report->windows, count, report->setting.as_of, hull, error);
  for (size_t w = 0; status == LOOM_OK && w < count; w++)
    report->spans[w] = loom_window_hull(&report->windows[w], report->setting.as_of);
  return status;
}

/* Room for the series, whose window is known. */
static loom_status prepare_series(loom_report *report, loom_error *error) {
  const struct loom_series_option *option = &report->options.series;
  struct loom_span window = report->spans[option->window];
  int64_t length = window.end - window.start;
  if (length % option->step)
    return loom_fail(error, LOOM_EINVAL, "a series has a whole number of steps");
  if (length / option->step > LOOM_SERIES_STEPS_MAX ||
      option->groups > LOOM_SERIES_ITEMS_MAX / (size_t)(length / option->step))
    return loom_fail(error, LOOM_EINVAL,
                     "a series has up to %d steps, and up to %d of them in all its groups",
                     LOOM_SERIES_STEPS_MAX, LOOM_SERIES_ITEMS_MAX);
  return loom_series_init(&report->series, window, option->step, option->groups)
             ? LOOM_OK
             : loom_no_memory(error);
}

static bool copy_globs(loom_report *report) {
  struct loom_selection *selection = &report->options.selection;
  report->globs = calloc(selection->glob_count + 1, sizeof *report->globs);
  for (size_t i = 0; report->globs && i < selection->glob_count; i++)
    if (!(report->globs[i] = strdup(selection->globs[i])))
      return false;
  selection->globs = (const char *const *)report->globs;
  return report->globs != NULL;
}

static unsigned wanted_threads(const loom_report *report) {
  if (report->options.threads)
    return report->options.threads;
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 1 ? 1 : (unsigned)processors;
}

/* Stores that are chosen by their ids, and take one reader less time than it does to open another. */
#define FEW_STORES 512

static loom_status take_snapshot(loom_report *report, loom_error *error) {
  loom_source *source = report->source;
  const struct loom_selection *selection = &report->options.selection;
  bool few = selection->ids && !selection->glob_count && selection->ids->count < FEW_STORES;
  loom_status status = loom_source_snapshot_for(source, few ? 1 : wanted_threads(report), error);
  report->setting.as_of = report->options.as_of;
  if (status == LOOM_OK && !report->options.has_as_of)
    status = loom_source_newest(source, &report->setting.as_of, error);
  if (status == LOOM_OK)
    status = resolve_windows(report, error);
  return status == LOOM_OK && report->options.series.step ? prepare_series(report, error) : status;
}

static loom_status select_stores(loom_report *report, loom_error *error) {
  struct loom_setting *setting = &report->setting;
  struct loom_source_query query = {.from = setting->hull.start,
                                    .to = setting->hull.end,
                                    .neighbours = setting->rules.evidence == LOOM_EVIDENCE_AROUND,
                                    .as_of = setting->as_of,
                                    .selection = report->options.selection};
  if (report->options.states.wanted)
    return loom_report_select_states(report, &query.selection,
                                     loom_report_before_as_of(report, LOOM_STANDING_EXCLUSIONS),
                                     &report->store_count, error);
  loom_status status =
      loom_source_select(report->source, &query, &setting->common, &report->store_count, error);
  loom_spans_merge(&setting->common.exclusions, true);
  return status;
}

static bool is_bad_series(const struct loom_report_options *options) {
  const struct loom_series_option *series = &options->series;
  return series->window >= options->window_count || series->step < 0 || series->groups < 1 ||
         options->strip_bins || options->windows[series->window].calendar != LOOM_CALENDAR_NONE;
}

static loom_status check_options(const struct loom_report_options *options, loom_error *error) {
  if (options->states.wanted && options->window_count > 0)
    return loom_fail(error, LOOM_EINVAL, "a report of states has no windows");
  if (!options->states.wanted &&
      (options->window_count < 1 || options->window_count > LOOM_WINDOWS_MAX))
    return loom_fail(error, LOOM_EINVAL, "a report has 1 to %d windows", LOOM_WINDOWS_MAX);
  if (options->strip_bins > LOOM_STRIP_BINS_MAX ||
      (options->strip_bins && options->strip_window >= options->window_count))
    return loom_fail(error, LOOM_EINVAL, "a strip is of one of the windows, and has up to %d bins",
                     LOOM_STRIP_BINS_MAX);
  if (options->series.step && is_bad_series(options))
    return loom_fail(error, LOOM_EINVAL,
                     "a series is of one of the windows, which is not on the calendar, and "
                     "without strips");
  return LOOM_OK;
}

loom_status loom_report_prepare(const struct loom_report_options *options, loom_source *source,
                                loom_zones *zones, loom_report **out, loom_error *error) {
  *out = NULL;
  loom_status status = check_options(options, error);
  if (status != LOOM_OK)
    return status;
  loom_report *report = calloc(1, sizeof *report);
  if (!report)
    return loom_no_memory(error);
  report->options = *options;
  if (options->window_count)
    memcpy(report->windows, options->windows, options->window_count * sizeof *report->windows);
  loom_id_table_init(&report->deferred);
  loom_id_table_init(&report->looked_at);
  report->source = source;
  report->setting.rules = options->rules;
  report->setting.zones = zones;
  loom_overlays_init(&report->setting.overlays);
  pthread_mutex_init(&report->lock, NULL);
  loom_condition_init(&report->finished);
  report->status = loom_fail(&report->error, LOOM_EINVAL, "the report has not been started");
  report->rows.windows = options->window_count;
  report->rows.bins = options->strip_bins;
  report->rows.has_states = options->states.wanted;
  status = loom_setting_zone(&report->setting, options->default_zone, error);
  if (status == LOOM_OK && !copy_globs(report))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = take_snapshot(report, error);
  if (status == LOOM_OK)
    *out = report;
  else
    loom_report_free(report);
  return status;
}

struct loom_overlays *loom_report_overlays(loom_report *report) {
  return report->started ? NULL : &report->setting.overlays;
}

loom_status loom_report_start(loom_report *report, loom_error *error) {
  if (report->started)
    return loom_fail(error, LOOM_EINVAL, "the report has been started already");
  report->started = true;
  report->status = select_stores(report, &report->error);
  if (report->status == LOOM_OK) {
    loom_report_start_threads(report);
    return LOOM_OK;
  }
  if (error)
    *error = report->error;
  return report->error.code;
}

loom_status loom_report_wait(loom_report *report, unsigned milliseconds, loom_error *error) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += milliseconds / 1000;
  until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&report->lock);
  int timeout = 0;
  while (report->running && timeout == 0)
    timeout = loom_condition_wait_until(&report->finished, &report->lock, &until);
  loom_status status = report->running ? LOOM_OK : LOOM_DONE;
  if (!report->running && report->status != LOOM_OK) {
    status = report->status;
    if (error)
      *error = report->error;
  }
  pthread_mutex_unlock(&report->lock);
  return status;
}

bool loom_report_is_complete(const loom_report *report) {
  return atomic_load(&report->complete);
}

double loom_report_progress(loom_report *report) {
  uint64_t done = atomic_load(&report->stores_done);
  return done >= report->store_count ? 1.0 : (double)done / (double)report->store_count;
}

void loom_report_cancel(loom_report *report) {
  atomic_store(&report->cancelled, true);
}

void loom_report_free(loom_report *report) {
  if (!report)
    return;
  atomic_store(&report->cancelled, true);
  for (unsigned i = 0; i < report->thread_count; i++)
    pthread_join(report->threads[i], NULL);
  if (!report->released)
    loom_source_release(report->source);
  loom_common_free(&report->setting.common);
  loom_overlays_free(&report->setting.overlays);
  pthread_cond_destroy(&report->finished);
  pthread_mutex_destroy(&report->lock);
  for (size_t i = 0; report->globs && i < report->options.selection.glob_count; i++)
    free(report->globs[i]);
  free(report->globs);
  loom_report_rows_free(&report->rows);
  loom_series_free(&report->series);
  loom_left_out_list_free(&report->left_out);
  free(report->deferred_rows);
  loom_id_table_free(&report->deferred);
  loom_id_table_free(&report->looked_at);
  free(report);
}

/* ---- results ---- */

struct loom_span loom_report_hull(const loom_report *report) {
  return report->setting.hull;
}

int64_t loom_report_as_of(const loom_report *report) {
  return report->setting.as_of;
}

size_t loom_report_window_count(const loom_report *report) {
  return report->options.window_count;
}

struct loom_span loom_report_window(const loom_report *report, size_t window) {
  return report->spans[window];
}

struct loom_span loom_report_window_of(const loom_report *report, size_t row, size_t window) {
  return loom_window_span(&report->windows[window], report->setting.as_of,
                          report->rows.items[row].zone);
}

const loom_zone *loom_report_zone(const loom_report *report, size_t row) {
  return report->rows.items[row].zone;
}

size_t loom_report_count(const loom_report *report) {
  return report->rows.count;
}

const char *loom_report_store(const loom_report *report, size_t row, size_t *length) {
  *length = report->rows.items[row].id_length;
  return report->rows.items[row].id;
}

const struct loom_store_state *loom_report_state(const loom_report *report, size_t row) {
  return &report->rows.states[report->rows.items[row].index];
}

const struct loom_figures *loom_report_figures(const loom_report *report, size_t row) {
  return report->rows.figures + report->rows.items[row].index * report->options.window_count;
}

size_t loom_report_left_out_count(const loom_report *report) {
  return report->left_out.count;
}

const struct loom_left_out *loom_report_left_out(const loom_report *report, size_t *count) {
  *count = loom_left_out_list_kept(&report->left_out);
  return report->left_out.items;
}

size_t loom_report_strip_bins(const loom_report *report) {
  return report->options.strip_bins;
}

const char *loom_report_strip(const loom_report *report, size_t row) {
  return report->rows.strips + report->rows.items[row].index * report->options.strip_bins;
}

bool loom_report_take_series(loom_report *report, struct loom_series *series) {
  *series = report->series;
  report->series = (struct loom_series){0};
  return series->items != NULL;
}

bool loom_report_find(const loom_report *report, const char *id, size_t length, size_t *row) {
  return loom_report_rows_find(&report->rows, id, length, row);
}

bool loom_report_walk_to(const loom_report *report, size_t *at, const char *id, size_t length) {
  return loom_report_rows_walk_to(&report->rows, at, id, length);
}

bool loom_report_has_stores_of(const loom_report *report, const loom_report *other) {
  const struct loom_report_row *left = report->rows.items, *right = other->rows.items;
  if (report->rows.count != other->rows.count)
    return false;
  for (size_t i = 0; i < report->rows.count; i++)
    if (left[i].id_length != right[i].id_length ||
        memcmp(left[i].id, right[i].id, left[i].id_length) != 0)
      return false;
  return true;
}
