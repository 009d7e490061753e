/*
** Figures of one store.
*/
#include "report/report_measure.h"

/* The group of a series that the store that was read last is of. */
static size_t group_of(const struct loom_report_work *work) {
  const struct loom_series_option *option = &work->report->options.series;
  const struct loom_store *store = &work->store;
  uint32_t number = option->members
                        ? loom_id_table_find(option->members, store->id, store->id_length)
                        : LOOM_NO_NUMBER;
  return number == LOOM_NO_NUMBER ? option->groups - 1 : option->group_of[number];
}

/* Measures the store that was read last in window number `w`, for its strip or for the series, if this is their window. */
static loom_status measure_window(struct loom_report_work *work, size_t w, struct loom_span window,
                                  struct loom_figures *figures, loom_error *error) {
  const struct loom_report_options *options = &work->report->options;
  if (options->strip_bins && w == options->strip_window) {
    const struct loom_listener listener = {loom_strip_add, &work->strip, .joins = true};
    loom_strip_begin(&work->strip, window);
    loom_status status = loom_measure_window(&work->measure, window, figures, &listener, error);
    if (status == LOOM_OK)
      loom_strip_finish(&work->strip, work->strips + work->count * options->strip_bins);
    return status;
  }
  if (options->series.step && w == options->series.window) {
    const struct loom_listener listener = {loom_series_add, &work->series, .joins = true};
    loom_series_begin(&work->series, group_of(work));
    loom_status status = loom_measure_window(&work->measure, window, figures, &listener, error);
    loom_series_end(&work->series);
    return status;
  }
  return loom_measure_window(&work->measure, window, figures, NULL, error);
}

loom_status loom_report_measure(struct loom_report_work *work, loom_error *error) {
  loom_report *report = work->report;
  const struct loom_report_options *options = &report->options;
  struct loom_figures *figures = work->figures + work->count * options->window_count;
  loom_status status = loom_measure_store(&work->measure, &report->setting, &work->store, error);
  for (size_t w = 0; status == LOOM_OK && w < options->window_count; w++) {
    struct loom_span window =
        loom_window_span(&report->windows[w], report->setting.as_of, work->measure.schedule.zone);
    work->reach[w] = work->has_reach ? loom_span_around(work->reach[w], window) : window;
    status = measure_window(work, w, window, &figures[w], error);
    if (status == LOOM_OK)
      status = loom_report_check_cancelled(report, error);
  }
  work->has_reach = work->has_reach || status == LOOM_OK;
  return status;
}
