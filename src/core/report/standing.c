/*
** States of stores.
*/
#include "report/standing.h"
#include "time/civil.h"

/* One store that is looked at. */
struct look {
  struct loom_measure *measure;
  const struct loom_setting *setting;
  struct loom_store *store;
  const struct loom_state_query *query;
  int64_t from, limit; /* of the openings that are laid out; beyond which nothing is looked for */
  unsigned days;       /* of polls that are asked for next */
};

static int64_t latest(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* As far back as anything is looked for. */
static int64_t limit_of(const struct loom_store *store, int64_t as_of) {
  int64_t first = store->polled && store->first_poll < as_of ? store->first_poll : as_of;
  return latest(first - LOOM_STANDING_MOST, LOOM_INSTANT_MIN);
}

static loom_status take_earlier(struct look *look, loom_error *error) {
  loom_status status = look->query->earlier(look->query->context, look->store, look->days, error);
  look->days *= 2;
  return status;
}

/* What is known of the store's past so far. */
static struct loom_past past_of(const struct look *look) {
  const struct loom_store *store = look->store;
  return (struct loom_past){.intervals = &look->measure->intervals,
                            .from = look->from,
                            .is_all = look->from <= look->limit,
                            .exclusions = look->measure->exclusions,
                            .polls = store->polls.items,
                            .poll_count = store->polls.count,
                            .has_more_polls = store->has_more_polls};
}

static int64_t same_until(void *context, int64_t from) {
  const struct look *look = context;
  const struct loom_past past = past_of(look);
  return loom_state_same_until(&past, &look->setting->rules, from);
}

/* A time from which on days that may be taken as one are looked for: it costs more than it saves of a shorter one. */
#define LONG (64 * LOOM_DAY)

static loom_status lay_out(struct look *look, int64_t from, loom_error *error) {
  look->from = from;
  int64_t to = look->setting->as_of;
  return loom_schedule_long_intervals(
             &look->measure->schedule, from, to, look->setting->rules.slack,
             to - from > LONG ? same_until : NULL, look, &look->measure->intervals)
             ? LOOM_OK
             : loom_no_memory(error);
}

/* Openings of an earlier time. LOOM_DONE: exclusions of that time are not known. */
static loom_status lay_out_earlier(struct look *look, loom_error *error) {
  int64_t as_of = look->setting->as_of;
  int64_t bound = latest(look->limit, look->query->exclusions_from);
  int64_t from = latest(as_of - LOOM_STANDING_STEP * (as_of - look->from), bound);
  return from < look->from ? lay_out(look, from, error) : LOOM_DONE;
}

/* Looks further back until nothing is lacking. */
static loom_status find_state(struct look *look, struct loom_standing *standing,
                              loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK) {
    const struct loom_past past = past_of(look);
    enum loom_lack lack =
        loom_state_at(&past, &look->setting->rules, look->setting->as_of, standing);
    bool is_enough = look->query->no_since_up && standing->is_known && standing->state == LOOM_UP;
    if (is_enough)
      standing->has_since = false;
    if (is_enough || lack == LOOM_LACKS_NOTHING)
      break;
    status = lack == LOOM_LACKS_POLLS ? take_earlier(look, error) : lay_out_earlier(look, error);
  }
  return status;
}

/* Whether it was active at an instant or after it, as far as its polls are there. */
static bool was_active(const struct loom_store *store, int64_t from) {
  for (size_t i = store->polls.count; i-- > 0;) {
    if (loom_poll_instant(store->polls.items[i]) < from)
      return false;
    if (loom_poll_active(store->polls.items[i]))
      return true;
  }
  return false;
}

static bool reaches_back(const struct loom_store *store, int64_t from) {
  return !store->has_more_polls ||
         (store->polls.count && loom_poll_instant(store->polls.items[0]) < from);
}

static loom_status find_dormant(struct look *look, bool *is_dormant, loom_error *error) {
  int64_t from = look->setting->as_of - look->query->dormant_after;
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && !was_active(look->store, from) && !reaches_back(look->store, from))
    status = take_earlier(look, error);
  *is_dormant = false;
  if (status != LOOM_OK || was_active(look->store, from))
    return status;
  status = lay_out(look, from, error);
  *is_dormant = look->measure->intervals.count > 0;
  return status;
}

loom_status loom_store_state(struct loom_measure *measure, const struct loom_setting *setting,
                             struct loom_store *store, const struct loom_state_query *query,
                             struct loom_store_state *state, loom_error *error) {
  struct look look = {.measure = measure,
                      .setting = setting,
                      .store = store,
                      .query = query,
                      .from = setting->hull.start,
                      .limit = limit_of(store, setting->as_of),
                      .days = 1};
  *state = (struct loom_store_state){.has_last_poll = store->polls.count > 0};
  if (state->has_last_poll)
    state->last_poll = loom_poll_instant(store->polls.items[store->polls.count - 1]);
  loom_status status = loom_measure_store(measure, setting, store, error);
  if (status == LOOM_OK)
    status = find_state(&look, &state->standing, error);
  if (status == LOOM_OK)
    status = find_dormant(&look, &state->is_dormant, error);
  return status;
}
