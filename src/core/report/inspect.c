/*
** Looking at one store.
*/
#include "report/inspect.h"
#include "base/grow.h"
#include "time/civil.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the callbacks below fill; they cannot fail, and note that memory is out. */
struct filling {
  struct loom_inspection *inspection;
  size_t piece; /* the one that cells are part of */
  size_t first; /* the first opening of the date */
  bool out_of_memory;
};

static bool add_opening(void *context, int32_t date, int32_t open, int32_t close) {
  struct filling *filling = context;
  struct loom_inspection *in = filling->inspection;
  struct loom_span span =
      loom_schedule_span(in->measure.schedule.zone, date, open, close, in->setting.rules.slack);
  if (span.end <= in->window.start || span.start >= in->window.end)
    return true;
  if (!loom_grow(&in->openings, &in->opening_capacity, in->opening_count + 1, sizeof *in->openings))
    return false;
  in->openings[in->opening_count++] =
      (struct loom_opening){.date = date, .open = open, .close = close, .span = span};
  return true;
}

static loom_status list_openings(struct loom_inspection *in, loom_error *error) {
  struct filling filling = {.inspection = in};
  int32_t first, last;
  loom_schedule_dates(in->window.start, in->window.end, &first, &last);
  for (int32_t date = first; date <= last; date++) {
    enum loom_origin origin;
    filling.first = in->opening_count;
    if (!loom_schedule_date(&in->measure.schedule, date, in->setting.rules.slack, add_opening,
                            &filling, &origin))
      return loom_no_memory(error);
    for (size_t i = filling.first; i < in->opening_count; i++)
      in->openings[i].origin = origin;
  }
  return LOOM_OK;
}

/* Whether a stretch goes on with what the last cell tells of: what is excluded comes as it was judged, poll by poll. */
static bool goes_on(const struct filling *filling, struct loom_span span, enum loom_state state) {
  const struct loom_inspection *in = filling->inspection;
  if (state != LOOM_EXCLUDED || in->cell_count == 0)
    return false;
  const struct loom_cell *last = &in->cells[in->cell_count - 1];
  return last->state == state && last->piece == filling->piece && last->span.end == span.start;
}

static void add_cell(void *context, struct loom_span span, enum loom_state state,
                     const loom_poll *poll) {
  struct filling *filling = context;
  struct loom_inspection *in = filling->inspection;
  filling->out_of_memory =
      filling->out_of_memory ||
      !loom_grow(&in->cells, &in->cell_capacity, in->cell_count + 1, sizeof *in->cells);
  if (filling->out_of_memory)
    return;
  while (in->measure.pieces.items[filling->piece].end <= span.start)
    filling->piece++;
  if (goes_on(filling, span, state)) {
    in->cells[in->cell_count - 1].span.end = span.end;
    return;
  }
  in->cells[in->cell_count++] = (struct loom_cell){.span = span,
                                                   .state = state,
                                                   .piece = filling->piece,
                                                   .has_poll = poll != NULL,
                                                   .poll = poll ? *poll : 0};
}

/* What as_of is, and the instants that hold the window in any zone. */
static loom_status resolve_hull(const struct loom_inspect_options *options, loom_source *source,
                                struct loom_inspection *in, loom_error *error) {
  const struct loom_window *window = &options->window;
  loom_status status = LOOM_OK;
  in->as_of = options->as_of;
  if (!options->has_as_of)
    status = loom_source_newest(source, &in->as_of, error);
  /* A window of its own needs no polls. */
  if (status == LOOM_EEMPTY && (window->calendar == LOOM_CALENDAR_DATES ||
                                (window->calendar == LOOM_CALENDAR_NONE && !window->length))) {
    in->as_of = loom_window_hull(window, LOOM_INSTANT_MAX).end;
    status = LOOM_OK;
  }
  if (status != LOOM_OK)
    return status;
  const char *problem = loom_window_problem(window, in->as_of);
  in->window = loom_window_hull(window, in->as_of);
  return problem ? loom_fail(error, LOOM_EINVAL, "the window %s", problem) : LOOM_OK;
}

/* Behind the last store stands whether what was read of it is good: see source_cluster.c. */
static loom_status read_end(loom_source *source, loom_error *error) {
  struct loom_store none = {0};
  loom_status status = loom_source_next(source, &none, error);
  loom_store_free(&none);
  if (status == LOOM_OK)
    return loom_fail(error, LOOM_ECORRUPT, "there are two stores of one id");
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status read_store(const struct loom_inspect_options *options, loom_source *source,
                              struct loom_inspection *in, loom_error *error) {
  struct loom_id_table ids;
  uint64_t count;
  loom_id_table_init(&ids);
  struct loom_source_query query = {.from = in->window.start,
                                    .to = in->window.end,
                                    .neighbours = options->rules.evidence == LOOM_EVIDENCE_AROUND,
                                    .no_polls = options->hours_alone,
                                    .as_of = in->as_of,
                                    .selection = {.ids = &ids, .all_stores = true}};
  loom_status status = LOOM_OK;
  if (loom_id_table_put(&ids, options->id, options->id_length) == LOOM_NO_NUMBER)
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_source_select(source, &query, &in->setting.common, &count, error);
  loom_spans_merge(&in->setting.common.exclusions, true);
  if (status == LOOM_OK)
    status = loom_source_next(source, &in->store, error);
  if (status == LOOM_OK)
    status = read_end(source, error);
  else if (status == LOOM_DONE) {
    char id[LOOM_QUOTED_SIZE];
    status = loom_fail(error, LOOM_ENOENT, "store %s is not known",
                       loom_quote(id, options->id, options->id_length));
  }
  loom_id_table_free(&ids);
  return status;
}

static uint64_t count_polls(const struct loom_polls *polls, struct loom_span window) {
  uint64_t count = 0;
  for (size_t i = 0; i < polls->count; i++) {
    int64_t at = loom_poll_instant(polls->items[i]);
    count += at >= window.start && at <= window.end;
  }
  return count;
}

/* Refuses a window with more in it than is to be looked at. What would do is a guess: that its end is like all of it. */
static loom_status check_size(const struct loom_inspect_options *options,
                              const struct loom_inspection *in, loom_error *error) {
  uint64_t polls = count_polls(&in->store.polls, in->window), all = polls + in->opening_count;
  uint64_t left = options->told < options->most ? options->most - options->told : 0;
  if (!options->most || all <= left)
    return LOOM_OK;
  double hours =
      (double)(in->window.end - in->window.start) / LOOM_HOUR * (double)left / (double)all;
  return loom_fail(
      error, LOOM_EINVAL,
      "the window has %llu polls and %llu openings, after %llu of other windows; %llu in "
      "all can be looked at: a window of %.1f hours would do",
      (unsigned long long)polls, (unsigned long long)in->opening_count,
      (unsigned long long)options->told, (unsigned long long)options->most, floor(hours * 10) / 10);
}

static loom_status measure(const struct loom_inspect_options *options, struct loom_inspection *in,
                           loom_error *error) {
  struct filling filling = {.inspection = in};
  const struct loom_listener listener = {add_cell, &filling, .joins = false};
  const loom_zone *zone;
  loom_status status = loom_setting_zone_of(&in->setting, &in->store, &zone, error);
  if (status != LOOM_OK)
    return status;
  in->setting.hull = in->window = loom_window_span(&options->window, in->as_of, zone);
  status = loom_measure_store(&in->measure, &in->setting, &in->store, error);
  if (status == LOOM_OK)
    status = list_openings(in, error);
  if (status == LOOM_OK)
    status = check_size(options, in, error);
  if (status == LOOM_OK && !options->hours_alone)
    status = loom_measure_window(&in->measure, in->window, &in->figures, &listener, error);
  if (status == LOOM_OK && filling.out_of_memory)
    status = loom_no_memory(error);
  return status;
}

loom_status loom_inspect(const struct loom_inspect_options *options, loom_source *source,
                         loom_zones *zones, struct loom_inspection *in, loom_error *error) {
  *in = (struct loom_inspection){.setting = {.rules = options->rules, .zones = zones}};
  loom_overlays_init(&in->setting.overlays);
  if (options->overlays) {
    in->setting.overlays = *options->overlays;
    loom_overlays_init(options->overlays);
  }
  loom_status status = loom_setting_zone(&in->setting, options->default_zone, error);
  if (status != LOOM_OK)
    return status;
  status = loom_source_snapshot(source, error);
  if (status != LOOM_OK)
    return status;
  status = resolve_hull(options, source, in, error);
  if (status == LOOM_OK)
    status = read_store(options, source, in, error);
  loom_source_release(source);
  in->setting.as_of = in->as_of;
  return status == LOOM_OK ? measure(options, in, error) : status;
}

const char *loom_inspection_zone(const struct loom_inspection *in, const char *default_zone) {
  return *in->measure.facts->zone ? in->measure.facts->zone : default_zone;
}

void loom_inspection_free(struct loom_inspection *in) {
  loom_store_free(&in->store);
  loom_common_free(&in->setting.common);
  loom_overlays_free(&in->setting.overlays);
  loom_measure_free(&in->measure);
  free(in->openings);
  free(in->cells);
  *in = (struct loom_inspection){0};
}
