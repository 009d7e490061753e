/*
** A store's past.
*/
#include "alert/past.h"
#include "base/grow.h"

#include <stdlib.h>

struct filling {
  struct loom_alert_past *past;
  bool out_of_memory;
};

static void count(struct loom_alert_sums *sums, enum loom_state state, int64_t time) {
  switch (state) {
  case LOOM_UP:
    sums->up += time;
    break;
  case LOOM_DOWN:
    sums->down += time;
    break;
  case LOOM_EXCLUDED:
    sums->excluded += time;
    break;
  default:
    sums->unknown += time;
  }
}

static void add_run(void *context, struct loom_span span, enum loom_state state,
                    const loom_poll *poll) {
  struct filling *filling = context;
  struct loom_alert_past *past = filling->past;
  struct loom_alert_run *last = past->count ? &past->runs[past->count - 1] : NULL;
  (void)poll;
  if (last && last->state == state && last->span.end == span.start) {
    last->span.end = span.end;
    return;
  }
  struct loom_alert_run run = {.span = span, .state = state};
  if (last) {
    run.before = last->before;
    count(&run.before, last->state, last->span.end - last->span.start);
  }
  filling->out_of_memory =
      filling->out_of_memory ||
      !loom_grow(&past->runs, &past->capacity, past->count + 1, sizeof *past->runs);
  if (!filling->out_of_memory)
    past->runs[past->count++] = run;
}

loom_status loom_alert_past_fill(struct loom_alert_past *past, struct loom_measure *measure,
                                 loom_error *error) {
  struct filling filling = {.past = past};
  const struct loom_listener listener = {add_run, &filling, .joins = true};
  struct loom_figures figures;
  const struct loom_store *store = measure->store;
  past->hull = measure->setting->hull;
  past->count = 0;
  past->openings = &measure->intervals;
  past->polls = store->polls.items;
  past->poll_count = store->polls.count;
  past->polled = store->polled;
  past->first_poll = store->first_poll;
  past->zone = measure->schedule.zone;
  loom_status status = loom_measure_window(measure, past->hull, &figures, &listener, error);
  return status == LOOM_OK && filling.out_of_memory ? loom_no_memory(error) : status;
}

void loom_alert_past_free(struct loom_alert_past *past) {
  free(past->runs);
  *past = (struct loom_alert_past){0};
}

/* How many runs begin before an instant: live it is after all of them. */
static size_t runs_before(const struct loom_alert_past *past, int64_t instant) {
  size_t low = 0, high = past->count;
  if (high > 0 && past->runs[high - 1].span.start < instant)
    return high;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (past->runs[middle].span.start < instant)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static struct loom_alert_sums sums_to(const struct loom_alert_past *past, int64_t instant) {
  size_t runs = runs_before(past, instant);
  if (runs == 0)
    return (struct loom_alert_sums){0};
  const struct loom_alert_run *run = &past->runs[runs - 1];
  struct loom_alert_sums sums = run->before;
  int64_t end = run->span.end < instant ? run->span.end : instant;
  count(&sums, run->state, end - run->span.start);
  return sums;
}

/* Whether anything was known at an instant: a first poll vouches for what was before it, but not before it has come. */
static bool was_polled(const struct loom_alert_past *past, int64_t instant) {
  return past->polled && past->first_poll <= instant;
}

struct loom_alert_sums loom_alert_past_between(const struct loom_alert_past *past, int64_t from,
                                               int64_t to) {
  struct loom_alert_sums a = sums_to(past, from), b = sums_to(past, to);
  if (from >= to)
    return (struct loom_alert_sums){0};
  b.up -= a.up;
  b.down -= a.down;
  b.unknown -= a.unknown;
  b.excluded -= a.excluded;
  if (was_polled(past, to))
    return b;
  return (struct loom_alert_sums){.unknown = b.up + b.down + b.unknown, .excluded = b.excluded};
}

static int64_t business_of(struct loom_alert_sums sums) {
  return sums.up + sums.down + sums.unknown;
}

int64_t loom_alert_past_business(const struct loom_alert_past *past, int64_t from, int64_t to) {
  return business_of(loom_alert_past_between(past, from, to));
}

int64_t loom_alert_past_back(const struct loom_alert_past *past, int64_t to, int64_t business) {
  int64_t wanted = business_of(sums_to(past, to)) - business;
  size_t low = 0, high = runs_before(past, to);
  if (wanted < 0 || high == 0)
    return past->hull.start;
  /* the last run before which there is no more than that */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (business_of(past->runs[middle].before) <= wanted)
      low = middle;
    else
      high = middle;
  }
  const struct loom_alert_run *run = &past->runs[low];
  int64_t within = wanted - business_of(run->before);
  int64_t end = run->span.end < to ? run->span.end : to;
  int64_t at = run->span.start + within;
  return run->state == LOOM_EXCLUDED || at > end ? end : at;
}

enum loom_state loom_alert_past_state(const struct loom_alert_past *past, int64_t instant,
                                      int64_t *since) {
  size_t runs = runs_before(past, instant);
  *since = instant;
  if (runs == 0 || past->runs[runs - 1].span.end < instant)
    return LOOM_SHUT;
  const struct loom_alert_run *run = &past->runs[runs - 1];
  *since = run->span.start;
  return run->state == LOOM_EXCLUDED || was_polled(past, instant) ? run->state : LOOM_UNKNOWN;
}

int64_t loom_alert_past_outages(const struct loom_alert_past *past, int64_t from, int64_t to) {
  int64_t outages = 0;
  if (!was_polled(past, to))
    return 0;
  for (size_t i = runs_before(past, to); i-- > 0 && past->runs[i].span.end > from;)
    outages += past->runs[i].state == LOOM_DOWN;
  return outages;
}

const struct loom_span *loom_alert_past_opening(const struct loom_alert_past *past,
                                                int64_t instant) {
  size_t low = 0, high = past->openings->count;
  const struct loom_span *items = past->openings->items;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (items[middle].start < instant)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 && items[low - 1].end >= instant ? &items[low - 1] : NULL;
}

size_t loom_alert_past_polls(const struct loom_alert_past *past, int64_t instant) {
  size_t low = 0, high = past->poll_count;
  if (high > 0 && loom_poll_instant(past->polls[high - 1]) <= instant)
    return high;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (loom_poll_instant(past->polls[middle]) <= instant)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool loom_alert_past_counts(const struct loom_alert_past *past, loom_poll poll) {
  int64_t instant = loom_poll_instant(poll);
  for (size_t i = runs_before(past, instant + 1); i-- > 0 && past->runs[i].span.end >= instant;)
    if (past->runs[i].state != LOOM_EXCLUDED)
      return true;
  return false;
}
