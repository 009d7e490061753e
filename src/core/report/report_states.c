/*
** States of stores, and the further look that some take.
*/
#include "report/report_states.h"
#include "base/grow.h"

#include <stdlib.h>

int64_t loom_report_before_as_of(const loom_report *report, int64_t reach) {
  int64_t from = report->setting.as_of - reach;
  return from > LOOM_INSTANT_MIN ? from : LOOM_INSTANT_MIN;
}

loom_status loom_report_select_states(loom_report *report, const struct loom_selection *selection,
                                      int64_t exclusions_from, uint64_t *count, loom_error *error) {
  int64_t as_of = report->setting.as_of, start = report->setting.hull.start;
  struct loom_common *common = &report->setting.common;
  report->setting.exclusions_before = start > exclusions_from ? start - exclusions_from : 0;
  struct loom_source_query query = {.from = as_of - LOOM_STANDING_POLLS,
                                    .to = as_of,
                                    .last_polls = true,
                                    .exclusions_from = exclusions_from,
                                    .as_of = as_of,
                                    .selection = *selection};
  loom_status status = loom_source_select(report->source, &query, common, count, error);
  loom_spans_merge(&common->exclusions, true);
  return status;
}

static loom_status take_earlier(void *reader, struct loom_store *store, unsigned days,
                                loom_error *error) {
  return loom_source_earlier(reader, store, days, error);
}

/* What the store that was read last is at as_of. LOOM_DONE: it takes exclusions from before `exclusions_from`. */
static loom_status look_at(struct loom_report_work *work, int64_t exclusions_from,
                           struct loom_store_state *state, loom_error *error) {
  const struct loom_report *report = work->report;
  const struct loom_state_query query = {.exclusions_from = exclusions_from,
                                         .dormant_after = report->options.states.dormant_after,
                                         .no_since_up = report->options.states.no_since_up,
                                         .earlier = take_earlier,
                                         .context = work->reader};
  return loom_store_state(&work->measure, &report->setting, &work->store, &query, state, error);
}

loom_status loom_report_find_state(struct loom_report_work *work, loom_error *error) {
  int64_t from = loom_report_before_as_of(work->report, LOOM_STANDING_EXCLUSIONS);
  loom_status status = look_at(work, from, &work->states[work->count].state, error);
  work->states[work->count].is_deferred = status == LOOM_DONE;
  return status == LOOM_DONE ? LOOM_OK : status;
}

bool loom_report_defer(loom_report *report, const char *id, size_t length, size_t index) {
  uint32_t number = loom_id_table_put(&report->deferred, id, length);
  if (number == LOOM_NO_NUMBER || !loom_grow(&report->deferred_rows, &report->deferred_capacity,
                                             number + 1, sizeof *report->deferred_rows))
    return false;
  report->deferred_rows[number] = index;
  return true;
}

/* ---- states that take a further look ---- */

/*
** Finds the states of the deferred stores, by exclusions of so long a time before as_of. Those that take a still longer one stay
** deferred.
*/
static loom_status look_further(struct loom_report_work *work, int64_t reach, loom_error *error) {
  loom_report *report = work->report;
  const struct loom_store *store = &work->store;
  int64_t from = loom_report_before_as_of(report, reach);
  size_t *rows = report->deferred_rows;
  uint64_t count;
  loom_id_table_free(&report->looked_at);
  report->looked_at = report->deferred;
  loom_id_table_init(&report->deferred);
  report->deferred_rows = NULL;
  report->deferred_capacity = 0;
  const struct loom_selection selection = {.ids = &report->looked_at, .all_stores = true};
  loom_status status = loom_report_select_states(report, &selection, from, &count, error);
  while (status == LOOM_OK) {
    status = loom_source_next(work->reader, &work->store, error);
    if (status != LOOM_OK)
      break;
    size_t row = rows[loom_id_table_find(&report->looked_at, store->id, store->id_length)];
    status = look_at(work, from, &report->rows.states[row], error);
    if (status == LOOM_DONE)
      status = loom_report_defer(report, store->id, store->id_length, row) ? LOOM_OK
                                                                           : loom_no_memory(error);
    if (status == LOOM_OK)
      status = loom_report_check_cancelled(report, error);
  }
  free(rows);
  return status == LOOM_DONE ? LOOM_OK : status;
}

loom_status loom_report_find_deferred(loom_report *report, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!report->deferred.count)
    return LOOM_OK;
  struct loom_report_work *work = calloc(1, sizeof *work);
  if (!work)
    return loom_no_memory(error);
  work->report = report;
  work->reader = report->source;
  int64_t reach = LOOM_STANDING_EXCLUSIONS;
  while (status == LOOM_OK && report->deferred.count) {
    reach *= LOOM_STANDING_STEP;
    status = look_further(work, reach, error);
  }
  loom_store_free(&work->store);
  loom_measure_free(&work->measure);
  free(work);
  return status;
}
