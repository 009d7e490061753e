/*
** Series.
*/
#include "report/series.h"

#include <stdlib.h>

bool loom_series_init(struct loom_series *series, struct loom_span window, int64_t step,
                      size_t groups) {
  size_t steps = (size_t)((window.end - window.start) / step);
  *series = (struct loom_series){.window = window, .step = step, .steps = steps, .groups = groups};
  series->items = calloc((steps + 1) * groups, sizeof *series->items);
  series->stores = calloc(groups, sizeof *series->stores);
  return series->items && series->stores;
}

void loom_series_free(struct loom_series *series) {
  free(series->items);
  free(series->stores);
  *series = (struct loom_series){0};
}

/* ---- one store ---- */

void loom_series_begin(struct loom_series *series, size_t group) {
  series->own = series->items + group * (series->steps + 1);
  series->run = (struct loom_span){series->window.start, series->window.start};
  series->state = LOOM_UP;
  series->down_from = 0;
  series->stores[group]++;
}

/* Counts the store as down in steps `first` to `last`, but once in each: two of its outages may lie in the same step. */
static void count_down(struct loom_series *series, size_t first, size_t last) {
  if (first < series->down_from)
    first = series->down_from;
  if (first > last)
    return;
  series->own[first].stores_down++;
  series->own[last + 1].stores_down--;
  series->down_from = last + 1;
}

/* Shares the run out among the steps. */
static void take_run(struct loom_series *series) {
  struct loom_span run = series->run;
  enum loom_state state = series->state;
  if (run.start >= run.end)
    return;
  int64_t start = run.start - series->window.start, end = run.end - series->window.start;
  size_t first = (size_t)(start / series->step), last = (size_t)((end - 1) / series->step);
  if (first == last) {
    series->own[first].times[state] += end - start;
  } else { /* the ends as they are, and what lies between them as whole steps */
    series->own[first].times[state] += (int64_t)(first + 1) * series->step - start;
    series->own[last].times[state] += end - (int64_t)last * series->step;
    series->own[first + 1].whole[state]++;
    series->own[last].whole[state]--;
  }
  if (state == LOOM_DOWN)
    count_down(series, first, last);
}

/* Many segments only go on with the state of the one before, by the evidence of another poll. */
void loom_series_add(void *context, struct loom_span span, enum loom_state state,
                     const loom_poll *poll) {
  struct loom_series *series = context;
  (void)poll;
  if (span.start == series->run.end && state == series->state) {
    series->run.end = span.end;
    return;
  }
  take_run(series);
  series->run = span;
  series->state = state;
}

void loom_series_end(struct loom_series *series) {
  take_run(series);
}

/* ---- all of them ---- */

void loom_series_merge(struct loom_series *series, const struct loom_series *other) {
  for (size_t i = 0; i < (series->steps + 1) * series->groups; i++) {
    struct loom_series_item *item = &series->items[i];
    for (int state = 0; state < LOOM_SERIES_TIMES; state++) {
      item->times[state] += other->items[i].times[state];
      item->whole[state] += other->items[i].whole[state];
    }
    item->stores_down += other->items[i].stores_down;
  }
  for (size_t group = 0; group < series->groups; group++)
    series->stores[group] += other->stores[group];
}

void loom_series_finish(struct loom_series *series) {
  for (size_t group = 0; group < series->groups; group++) {
    struct loom_series_item *items = series->items + group * (series->steps + 1);
    for (size_t step = 0; step < series->steps; step++) {
      if (step > 0)
        items[step].stores_down += items[step - 1].stores_down;
      for (int state = 0; state < LOOM_SERIES_TIMES; state++) {
        if (step > 0)
          items[step].whole[state] += items[step - 1].whole[state];
        items[step].times[state] += items[step].whole[state] * series->step;
      }
    }
  }
}

struct loom_series_item loom_series_at(const struct loom_series *series, size_t group,
                                       size_t step) {
  if (group != LOOM_SERIES_ALL)
    return series->items[group * (series->steps + 1) + step];
  struct loom_series_item total = {.stores_down = 0};
  for (group = 0; group < series->groups; group++) {
    const struct loom_series_item *item = &series->items[group * (series->steps + 1) + step];
    for (int state = 0; state < LOOM_SERIES_TIMES; state++)
      total.times[state] += item->times[state];
    total.stores_down += item->stores_down;
  }
  return total;
}

uint64_t loom_series_stores(const struct loom_series *series, size_t group) {
  if (group != LOOM_SERIES_ALL)
    return series->stores[group];
  uint64_t stores = 0;
  for (group = 0; group < series->groups; group++)
    stores += series->stores[group];
  return stores;
}

/* ---- columns ---- */

const char *const loom_series_column_names[] = {"up",        "down",        "unknown", "excluded",
                                                "scheduled", "stores_down", NULL};

int64_t loom_series_value(const struct loom_series_item *item, enum loom_series_column column) {
  switch (column) {
  case LOOM_SERIES_UP:
    return item->times[LOOM_UP];
  case LOOM_SERIES_DOWN:
    return item->times[LOOM_DOWN];
  case LOOM_SERIES_UNKNOWN:
    return item->times[LOOM_UNKNOWN];
  case LOOM_SERIES_EXCLUDED:
    return item->times[LOOM_EXCLUDED];
  case LOOM_SERIES_SCHEDULED:
    return item->times[LOOM_UP] + item->times[LOOM_DOWN] + item->times[LOOM_UNKNOWN];
  default:
    return item->stores_down;
  }
}
