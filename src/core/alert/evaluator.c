/*
** Evaluations.
*/
#include "alert/evaluator.h"
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

/* Gaps between polls are counted by the minute; longer ones are all the same. */
#define GAP_MINUTES 2880

/* A feed is stale after so many times its median gap. */
#define STALE_GAPS 3

/* What is known of a clock before any rule is looked at. */
struct moment {
  int64_t clock, newest; /* newest: of the polls up to it; 0: there is none */
  int64_t instant;
  bool is_stale;
  const struct loom_id_table *stores; /* it is of these alone; NULL: of all */
  bool is_mine;                       /* of the store that is evaluated */
};

/* The median gap of a UTC day. */
struct day_gap {
  int32_t day;
  int64_t gap;
};

/*
** States of stores. Of nearly all nothing but the instant is worth remembering, which is a store's for all rules: only those that
** are not plain have a place, whose number, from 1, is in `places` by store, then rule; 0: none.
*/
struct loom_states {
  uint32_t *places;
  size_t place_capacity;
  int64_t *judged; /* by store: when it was last; 0: never */
  size_t judged_capacity;
  struct loom_alert_state *items;
  size_t count, capacity;
  uint32_t *free; /* places that were given back */
  size_t free_count, free_capacity;
};

struct loom_alert_evaluator {
  struct loom_alert_rule *rules;
  const struct loom_alert_members **members;
  size_t count;
  struct loom_alert_scale scale;
  int64_t stale_after, reach;
  struct loom_setting setting;
  int64_t gaps[LOOM_ALERT_GAPS_MAX]; /* distinct max_gap, and the past judged by each */
  struct loom_alert_past pasts[LOOM_ALERT_GAPS_MAX];
  size_t gap_count;
  size_t *gap_of; /* the place of each rule's among them */

  struct loom_id_table ids;  /* of all stores that were ever evaluated */
  struct loom_states states; /* of stores */
  int64_t judged;            /* the last instant of the store that is evaluated */
  bool *seen;                /* in this evaluation, by number */
  size_t seen_capacity;
  struct loom_alert_state **of_groups; /* to each rule of groups or of the fleet: of each of them */
  struct loom_alert_state stale;

  struct moment *moments;
  size_t moment_count, moment_capacity;
  struct day_gap *day_gaps;
  size_t day_gap_count, day_gap_capacity;
  uint32_t *minutes; /* of the gaps of the day that is counted */

  struct loom_alert_sum **sums; /* to each rule of groups: by moment, then group */
  struct loom_alert_event *events;
  size_t event_count, event_capacity;
  struct loom_alert_moved *moved;
  size_t moved_count, moved_capacity;
  int64_t resumed; /* up to which states that are put were judged; 0: they are as they were put */
  struct loom_store store;
  struct loom_measure measure;
  bool has_last;
  struct loom_alert_verdict last_verdict;
  struct loom_alert_evidence last_evidence;
};

/* ---- making ---- */

static size_t groups_of(const loom_alert_evaluator *evaluator, size_t rule) {
  if (evaluator->rules[rule].scope == LOOM_ALERT_FLEET)
    return 1;
  return evaluator->members[rule] ? evaluator->members[rule]->names.count : 0;
}

static bool is_of_stores(const loom_alert_evaluator *evaluator, size_t rule) {
  return evaluator->rules[rule].scope == LOOM_ALERT_STORE;
}

static loom_status find_gap(loom_alert_evaluator *evaluator, size_t rule, loom_error *error) {
  size_t i = 0;
  while (i < evaluator->gap_count && evaluator->gaps[i] != evaluator->rules[rule].max_gap)
    i++;
  if (i == LOOM_ALERT_GAPS_MAX)
    return loom_fail(error, LOOM_EINVAL, "rules have more than %d different max_gap",
                     LOOM_ALERT_GAPS_MAX);
  evaluator->gap_of[rule] = i;
  if (i == evaluator->gap_count)
    evaluator->gaps[evaluator->gap_count++] = evaluator->rules[rule].max_gap;
  return LOOM_OK;
}

static loom_status take_rule(loom_alert_evaluator *evaluator, size_t rule, loom_error *error) {
  const char *problem = loom_alert_rule_problem(&evaluator->rules[rule]);
  if (problem)
    return loom_fail(error, LOOM_EINVAL, "rule %zu: %s", rule + 1, problem);
  int64_t reach = loom_alert_rule_reach(&evaluator->rules[rule]);
  evaluator->reach = reach > evaluator->reach ? reach : evaluator->reach;
  if (!is_of_stores(evaluator, rule)) {
    size_t groups = groups_of(evaluator, rule);
    evaluator->of_groups[rule] = calloc(groups + 1, sizeof **evaluator->of_groups);
    if (!evaluator->of_groups[rule])
      return loom_no_memory(error);
  }
  return find_gap(evaluator, rule, error);
}

/* calloc, of one item at least. */
static void *new_array(size_t count, size_t size) {
  return calloc(count + 1, size);
}

static loom_status set_up(loom_alert_evaluator *evaluator,
                          const struct loom_alert_settings *settings, loom_zones *zones,
                          loom_error *error) {
  size_t count = settings->count;
  evaluator->rules = new_array(count, sizeof *evaluator->rules);
  evaluator->members = new_array(count, sizeof *evaluator->members);
  evaluator->gap_of = new_array(count, sizeof *evaluator->gap_of);
  evaluator->of_groups = new_array(count, sizeof *evaluator->of_groups);
  evaluator->sums = new_array(count, sizeof *evaluator->sums);
  evaluator->minutes = new_array(GAP_MINUTES, sizeof *evaluator->minutes);
  if (!evaluator->rules || !evaluator->members || !evaluator->gap_of || !evaluator->of_groups ||
      !evaluator->sums || !evaluator->minutes)
    return loom_no_memory(error);
  evaluator->count = count;
  evaluator->stale_after = settings->stale_after;
  evaluator->scale.dormant_after = settings->dormant_after;
  evaluator->reach = settings->dormant_after + LOOM_DAY;
  if (evaluator->reach < LOOM_ALERT_REACH_LEAST)
    evaluator->reach = LOOM_ALERT_REACH_LEAST;
  evaluator->setting.zones = zones;
  loom_rules_preset("monitoring", &evaluator->setting.rules);
  loom_status status = loom_setting_zone(&evaluator->setting, settings->default_zone, error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    evaluator->rules[i] = settings->rules[i];
    evaluator->members[i] = settings->members[i];
    status = take_rule(evaluator, i, error);
  }
  return status;
}

loom_status loom_alert_evaluator_new(const struct loom_alert_settings *settings, loom_zones *zones,
                                     loom_alert_evaluator **out, loom_error *error) {
  *out = NULL;
  if (settings->count > LOOM_ALERT_RULES_MAX)
    return loom_fail(error, LOOM_EINVAL, "there are more than %d rules", LOOM_ALERT_RULES_MAX);
  if (settings->dormant_after <= 0 || settings->dormant_after > LOOM_ALERT_WINDOW_MAX)
    return loom_fail(error, LOOM_EINVAL, "stores are dormant after up to 31 days");
  loom_alert_evaluator *evaluator = calloc(1, sizeof *evaluator);
  if (!evaluator)
    return loom_no_memory(error);
  loom_id_table_init(&evaluator->ids);
  loom_overlays_init(&evaluator->setting.overlays);
  loom_status status = set_up(evaluator, settings, zones, error);
  if (status == LOOM_OK)
    *out = evaluator;
  else
    loom_alert_evaluator_free(evaluator);
  return status;
}

static void free_sums(loom_alert_evaluator *evaluator) {
  for (size_t i = 0; i < evaluator->count; i++) {
    free(evaluator->sums[i]);
    evaluator->sums[i] = NULL;
  }
}

void loom_alert_evaluator_free(loom_alert_evaluator *evaluator) {
  if (!evaluator)
    return;
  free_sums(evaluator);
  for (size_t i = 0; i < evaluator->count; i++)
    free(evaluator->of_groups[i]);
  for (size_t i = 0; i < LOOM_ALERT_GAPS_MAX; i++)
    loom_alert_past_free(&evaluator->pasts[i]);
  free(evaluator->rules);
  free(evaluator->members);
  free(evaluator->gap_of);
  free(evaluator->of_groups);
  free(evaluator->sums);
  free(evaluator->minutes);
  free(evaluator->states.places);
  free(evaluator->states.judged);
  free(evaluator->states.items);
  free(evaluator->states.free);
  free(evaluator->seen);
  free(evaluator->moments);
  free(evaluator->day_gaps);
  free(evaluator->events);
  free(evaluator->moved);
  loom_id_table_free(&evaluator->ids);
  loom_store_free(&evaluator->store);
  loom_measure_free(&evaluator->measure);
  loom_common_free(&evaluator->setting.common);
  loom_overlays_free(&evaluator->setting.overlays);
  free(evaluator);
}

/* ---- states ---- */

/* The number of a store, with room for its states. LOOM_NO_NUMBER: memory is out. */
static uint32_t number_of(loom_alert_evaluator *evaluator, const char *id, size_t length) {
  uint32_t before = evaluator->ids.count;
  uint32_t number = loom_id_table_put(&evaluator->ids, id, length);
  size_t rules = evaluator->count, wanted = ((size_t)number + 1) * rules;
  if (number == LOOM_NO_NUMBER || number < before)
    return number;
  struct loom_states *states = &evaluator->states;
  if (!loom_grow(&states->places, &states->place_capacity, wanted, sizeof *states->places) ||
      !loom_grow(&states->judged, &states->judged_capacity, (size_t)number + 1,
                 sizeof *states->judged) ||
      !loom_grow(&evaluator->seen, &evaluator->seen_capacity, (size_t)number + 1,
                 sizeof *evaluator->seen))
    return LOOM_NO_NUMBER;
  if (rules > 0)
    memset(states->places + number * rules, 0, rules * sizeof *states->places);
  states->judged[number] = 0;
  evaluator->seen[number] = false;
  return number;
}

static struct loom_alert_state state_of(const loom_alert_evaluator *evaluator, size_t rule,
                                        uint32_t subject) {
  const struct loom_states *states = &evaluator->states;
  if (!is_of_stores(evaluator, rule))
    return evaluator->of_groups[rule][subject];
  uint32_t place = states->places[subject * evaluator->count + rule];
  if (place > 0)
    return states->items[place - 1];
  int64_t at = states->judged[subject];
  return (struct loom_alert_state){
      .meaning = at ? evaluator->rules[rule].meaning : 0, .at = at, .last_result = at};
}

/* A place for a state of a store; 0: memory is out. */
static uint32_t take_place(struct loom_states *states) {
  if (states->free_count > 0)
    return states->free[--states->free_count];
  if (!loom_grow(&states->items, &states->capacity, states->count + 1, sizeof *states->items))
    return 0;
  return (uint32_t)++states->count;
}

static bool set_state(loom_alert_evaluator *evaluator, size_t rule, uint32_t subject,
                      const struct loom_alert_state *state) {
  struct loom_states *states = &evaluator->states;
  if (!is_of_stores(evaluator, rule)) {
    evaluator->of_groups[rule][subject] = *state;
    return true;
  }
  uint32_t *place = &states->places[subject * evaluator->count + rule];
  if (loom_alert_state_is_plain(state)) {
    if (*place == 0)
      return true;
    if (!loom_grow(&states->free, &states->free_capacity, states->free_count + 1,
                   sizeof *states->free))
      return false;
    states->free[states->free_count++] = *place;
    *place = 0;
    return true;
  }
  if (*place == 0)
    *place = take_place(states);
  if (*place == 0)
    return false;
  states->items[*place - 1] = *state;
  return true;
}

bool loom_alert_state_of(const loom_alert_evaluator *evaluator, uint32_t rule, uint32_t subject,
                         struct loom_alert_state *state) {
  if (rule == LOOM_ALERT_STALE) {
    *state = evaluator->stale;
    return true;
  }
  if (rule >= evaluator->count)
    return false;
  size_t subjects =
      is_of_stores(evaluator, rule) ? evaluator->ids.count : groups_of(evaluator, rule);
  if (subject >= subjects)
    return false;
  *state = state_of(evaluator, rule, subject);
  return true;
}

loom_status loom_alert_evaluator_put(loom_alert_evaluator *evaluator, uint32_t rule, const char *id,
                                     size_t length, const struct loom_alert_state *state,
                                     loom_error *error) {
  uint32_t subject = 0;
  if (rule == LOOM_ALERT_STALE) {
    evaluator->stale = *state;
    return LOOM_OK;
  }
  if (is_of_stores(evaluator, rule)) {
    subject = number_of(evaluator, id, length);
    if (subject == LOOM_NO_NUMBER)
      return loom_no_memory(error);
  } else if (evaluator->rules[rule].scope == LOOM_ALERT_GROUP) {
    const struct loom_alert_members *members = evaluator->members[rule];
    subject = members ? loom_id_table_find(&members->names, id, length) : LOOM_NO_NUMBER;
    if (subject == LOOM_NO_NUMBER)
      return loom_fail(error, LOOM_ENOENT, "rule %u knows no such group", rule + 1);
  }
  return set_state(evaluator, rule, subject, state) ? LOOM_OK : loom_no_memory(error);
}

const char *loom_alert_store(const loom_alert_evaluator *evaluator, uint32_t number,
                             size_t *length) {
  return loom_id_table_get(&evaluator->ids, number, length);
}

uint32_t loom_alert_store_number(const loom_alert_evaluator *evaluator, const char *id,
                                 size_t length) {
  return loom_id_table_find(&evaluator->ids, id, length);
}

bool loom_alert_last(const loom_alert_evaluator *evaluator, struct loom_alert_verdict *verdict,
                     struct loom_alert_evidence *evidence) {
  *verdict = evaluator->last_verdict;
  *evidence = evaluator->last_evidence;
  return evaluator->has_last;
}

int64_t loom_alert_instant(const loom_alert_evaluator *evaluator, int64_t *clock, bool *is_stale) {
  const struct moment *last =
      evaluator->moment_count ? &evaluator->moments[evaluator->moment_count - 1] : NULL;
  *is_stale = last && last->is_stale;
  *clock = last ? last->clock : 0;
  return last ? last->instant : 0;
}

/* ---- events ---- */

static bool add_event(loom_alert_evaluator *evaluator, const struct loom_alert_event *event) {
  if (event->transition.change == LOOM_ALERT_STAYS)
    return true;
  if (!loom_grow(&evaluator->events, &evaluator->event_capacity, evaluator->event_count + 1,
                 sizeof *evaluator->events))
    return false;
  evaluator->events[evaluator->event_count++] = *event;
  return true;
}

/* Notes what has become another state, and adds the event. */
static bool note(loom_alert_evaluator *evaluator, const struct loom_alert_rule *rule,
                 const struct loom_alert_event *event, const struct loom_alert_state *before,
                 const struct loom_alert_state *after) {
  if (!loom_alert_state_same(rule, before, after)) {
    if (!loom_grow(&evaluator->moved, &evaluator->moved_capacity, evaluator->moved_count + 1,
                   sizeof *evaluator->moved))
      return false;
    evaluator->moved[evaluator->moved_count++] =
        (struct loom_alert_moved){event->rule, event->subject};
  }
  return add_event(evaluator, event);
}

const struct loom_alert_moved *loom_alert_moved(const loom_alert_evaluator *evaluator,
                                                size_t *count) {
  *count = evaluator->moved_count;
  return evaluator->moved;
}

void loom_alert_evaluator_resume(loom_alert_evaluator *evaluator, int64_t instant) {
  evaluator->resumed = instant;
}

/* Subjects of one rule are numbered as they come, which an order of events must not tell: ids decide in the end. */
static int compare_events(const void *a, const void *b) {
  const struct loom_alert_event *x = a, *y = b;
  if (x->at != y->at)
    return x->at < y->at ? -1 : 1;
  if (x->rule != y->rule)
    return x->rule < y->rule ? -1 : 1;
  return (x->subject > y->subject) - (x->subject < y->subject);
}

const struct loom_alert_event *loom_alert_events(const loom_alert_evaluator *evaluator,
                                                 size_t *count) {
  *count = evaluator->event_count;
  return evaluator->events;
}

/* ---- moments: how new the polls are at each clock, and how far apart they come ---- */

/* The median of the gaps counted, in microseconds; 0: there are none. Counts nothing any more. */
static int64_t take_median(uint32_t *minutes) {
  uint64_t all = 0, below = 0;
  int64_t median = 0;
  for (size_t i = 0; i < GAP_MINUTES; i++)
    all += minutes[i];
  for (size_t i = 0; all > 0 && i < GAP_MINUTES; i++) {
    below += minutes[i];
    if (below * 2 >= all) {
      median = (int64_t)i * LOOM_MINUTE;
      break;
    }
  }
  memset(minutes, 0, GAP_MINUTES * sizeof *minutes);
  return median;
}

static const struct day_gap *find_day(const loom_alert_evaluator *evaluator, int32_t day) {
  for (size_t i = 0; i < evaluator->day_gap_count; i++)
    if (evaluator->day_gaps[i].day == day)
      return &evaluator->day_gaps[i];
  return NULL;
}

loom_status loom_alert_know_gap(loom_alert_evaluator *evaluator, int32_t day, int64_t gap,
                                loom_error *error) {
  if (find_day(evaluator, day))
    return LOOM_OK;
  if (!loom_grow(&evaluator->day_gaps, &evaluator->day_gap_capacity, evaluator->day_gap_count + 1,
                 sizeof *evaluator->day_gaps))
    return loom_no_memory(error);
  evaluator->day_gaps[evaluator->day_gap_count++] = (struct day_gap){day, gap};
  return LOOM_OK;
}

bool loom_alert_last_gap(const loom_alert_evaluator *evaluator, int32_t *day, int64_t *gap) {
  if (evaluator->day_gap_count == 0)
    return false;
  const struct day_gap *last = &evaluator->day_gaps[evaluator->day_gap_count - 1];
  *day = last->day;
  *gap = last->gap;
  return true;
}

/* Notes the gaps between a store's polls that end within a day. */
static void note_gaps(loom_alert_evaluator *evaluator, struct loom_span day) {
  const struct loom_polls *polls = &evaluator->store.polls;
  for (size_t i = 1; i < polls->count; i++) {
    int64_t at = loom_poll_instant(polls->items[i]);
    if (at < day.start || at >= day.end)
      continue;
    int64_t minutes = (at - loom_poll_instant(polls->items[i - 1])) / LOOM_MINUTE;
    evaluator->minutes[minutes < GAP_MINUTES ? minutes : GAP_MINUTES - 1]++;
  }
}

/* Notes the newest of a store's polls at each clock. */
static void note_newest(loom_alert_evaluator *evaluator) {
  const struct loom_polls *polls = &evaluator->store.polls;
  size_t m = 0;
  for (size_t i = 0; i < polls->count; i++) {
    int64_t at = loom_poll_instant(polls->items[i]);
    while (m < evaluator->moment_count && evaluator->moments[m].clock < at)
      m++;
    if (m < evaluator->moment_count && evaluator->moments[m].newest < at)
      evaluator->moments[m].newest = at;
  }
}

static loom_status select_from(loom_alert_evaluator *evaluator, loom_source *source,
                               const struct loom_source_query *query, uint64_t *most,
                               loom_error *error) {
  struct loom_common *common = &evaluator->setting.common;
  common->special_days.count = common->exclusions.count = 0;
  loom_exclusion_rules_clear(&common->rules);
  return loom_source_select(source, query, common, most, error);
}

/* The polls of a span, and the nearest before it. */
static loom_status select_polls(loom_alert_evaluator *evaluator, loom_source *source,
                                struct loom_span span, const struct loom_id_table *ids,
                                loom_error *error) {
  uint64_t most;
  struct loom_source_query query = {.from = span.start,
                                    .to = span.end,
                                    .neighbours = true,
                                    .as_of = span.end,
                                    .selection = {.ids = ids}};
  loom_status status = select_from(evaluator, source, &query, &most, error);
  loom_spans_merge(&evaluator->setting.common.exclusions, true);
  /* at once, since arrays that double are half empty */
  struct loom_states *states = &evaluator->states;
  if (status == LOOM_OK && !ids &&
      !loom_grow(&states->places, &states->place_capacity, most * evaluator->count,
                 sizeof *states->places))
    return loom_no_memory(error);
  return status;
}

/* Counts the gaps of a UTC day that is over. */
static loom_status scan_day(loom_alert_evaluator *evaluator, loom_source *source, int32_t day,
                            loom_error *error) {
  struct loom_span span = {day * LOOM_DAY, (day + INT64_C(1)) * LOOM_DAY};
  loom_status status = select_polls(evaluator, source, span, NULL, error);
  while (status == LOOM_OK) {
    status = loom_source_next(source, &evaluator->store, error);
    if (status == LOOM_OK)
      note_gaps(evaluator, span);
  }
  int64_t gap = take_median(evaluator->minutes);
  return status == LOOM_DONE ? loom_alert_know_gap(evaluator, day, gap, error) : status;
}

/*
** The stores whose newest poll is ahead of a clock, and the newest poll of all others: of these none need be read. A feed that is ahead by seconds must not have each evaluation read the whole fleet.
*/
static loom_status find_ahead(loom_alert_evaluator *evaluator, loom_source *source, int64_t clock,
                              struct loom_id_table *ahead, int64_t *newest, loom_error *error) {
  uint64_t most;
  struct loom_source_query query = {.from = clock, .to = clock, .no_polls = true, .as_of = clock};
  loom_status status = select_from(evaluator, source, &query, &most, error);
  *newest = 0;
  while (status == LOOM_OK) {
    const struct loom_store *store = &evaluator->store;
    status = loom_source_next(source, &evaluator->store, error);
    if (status != LOOM_OK || !store->polled)
      continue;
    if (store->newest_poll <= clock)
      *newest = store->newest_poll > *newest ? store->newest_poll : *newest;
    else if (store->first_poll <= clock &&
             loom_id_table_put(ahead, store->id, store->id_length) == LOOM_NO_NUMBER)
      status = loom_no_memory(error);
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* The newest poll at each clock, where there are later ones than the first clock. Of many clocks nearly all stores are ahead. */
static loom_status scan_newest(loom_alert_evaluator *evaluator, loom_source *source,
                               struct loom_span clocks, loom_error *error) {
  struct loom_id_table ahead;
  loom_id_table_init(&ahead);
  int64_t *newest = &evaluator->moments[0].newest;
  bool is_one = evaluator->moment_count == 1, is_needed = true;
  loom_status status = LOOM_OK;
  if (is_one) {
    status = find_ahead(evaluator, source, clocks.start, &ahead, newest, error);
    is_needed = ahead.count > 0 && *newest < clocks.end;
  }
  if (status == LOOM_OK && is_needed)
    status = select_polls(evaluator, source, clocks, is_one ? &ahead : NULL, error);
  while (status == LOOM_OK && is_needed) {
    status = loom_source_next(source, &evaluator->store, error);
    if (status == LOOM_OK)
      note_newest(evaluator);
  }
  loom_id_table_free(&ahead);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* The UTC day before that of an instant: the last one that is over, whose gaps do not change any more. */
static int32_t day_before(int64_t instant) {
  return loom_date_of_instant(instant) - 1;
}

static void judge_moments(loom_alert_evaluator *evaluator) {
  int64_t newest = 0;
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    struct moment *moment = &evaluator->moments[i];
    const struct day_gap *gap = find_day(evaluator, day_before(moment->clock));
    int64_t after = evaluator->stale_after;
    if (gap && STALE_GAPS * gap->gap > after)
      after = STALE_GAPS * gap->gap;
    newest = moment->newest > newest ? moment->newest : newest;
    moment->newest = newest;
    moment->instant = newest < moment->clock ? newest : moment->clock;
    moment->is_stale = newest != 0 && moment->clock - newest > after;
  }
}

/* Of rounds nothing has to be found. */
static void take_rounds(loom_alert_evaluator *evaluator, const struct loom_alert_round *rounds) {
  for (size_t i = 0; i < evaluator->moment_count; i++)
    evaluator->moments[i] = (struct moment){
        .clock = rounds[i].clock,
        .newest = rounds[i].newest,
        .instant = rounds[i].newest < rounds[i].clock ? rounds[i].newest : rounds[i].clock,
        .is_stale = rounds[i].is_stale,
        .stores = rounds[i].stores};
}

static loom_status find_moments(loom_alert_evaluator *evaluator, loom_source *source,
                                const struct loom_alert_clocks *clocks, loom_error *error) {
  int64_t newest = 0, last = clocks->first + clocks->step * (int64_t)(clocks->count - 1);
  if (!loom_grow(&evaluator->moments, &evaluator->moment_capacity, clocks->count,
                 sizeof *evaluator->moments))
    return loom_no_memory(error);
  evaluator->moment_count = clocks->count;
  if (clocks->rounds) {
    take_rounds(evaluator, clocks->rounds);
    return LOOM_OK;
  }
  for (size_t i = 0; i < clocks->count; i++)
    evaluator->moments[i] = (struct moment){.clock = clocks->first + clocks->step * (int64_t)i};
  loom_status status = loom_source_newest(source, &newest, error);
  if (status == LOOM_EEMPTY)
    return LOOM_OK;
  if (status == LOOM_OK && newest <= clocks->first)
    evaluator->moments[0].newest = newest;
  else if (status == LOOM_OK)
    status = scan_newest(evaluator, source, (struct loom_span){clocks->first, last}, error);
  for (int32_t day = day_before(clocks->first); status == LOOM_OK && day <= day_before(last); day++)
    if (!find_day(evaluator, day))
      status = scan_day(evaluator, source, day, error);
  judge_moments(evaluator);
  return status;
}

/* ---- stores ---- */

/* Its number among the members of a rule, where these are some. False: it is none of them. */
static bool is_member(const loom_alert_evaluator *evaluator, size_t rule, uint32_t *group) {
  const struct loom_alert_members *members = evaluator->members[rule];
  *group = 0;
  if (!members)
    return true;
  uint32_t number =
      loom_id_table_find(&members->stores, evaluator->store.id, evaluator->store.id_length);
  if (number == LOOM_NO_NUMBER)
    return false;
  if (evaluator->rules[rule].scope == LOOM_ALERT_GROUP)
    *group = members->groups[number];
  return *group != LOOM_ALERT_NO_GROUP;
}

static bool judge_store(loom_alert_evaluator *evaluator, size_t rule, uint32_t store) {
  struct loom_alert_state now = state_of(evaluator, rule, store), *state = &now;
  const struct loom_alert_past *past = &evaluator->pasts[evaluator->gap_of[rule]];
  struct loom_alert_event event = {.rule = (uint32_t)rule, .subject = store};
  struct loom_alert_state before = *state;
  if (state->at != 0 && state->at < evaluator->resumed)
    loom_alert_state_catch_up(state, evaluator->resumed,
                              loom_alert_past_business(past, state->at, evaluator->resumed));
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    const struct moment *moment = &evaluator->moments[i];
    if (!moment->is_mine || moment->is_stale || moment->newest == 0 || moment->instant < state->at)
      continue;
    if ((i > 0 && moment->instant == state->at) || loom_alert_last_poll(past, moment->instant) == 0)
      continue;
    event.at = moment->instant;
    loom_alert_judge(&evaluator->rules[rule], &evaluator->scale, past, event.at, state,
                     &event.verdict, &event.evidence);
    event.transition = loom_alert_step(&evaluator->rules[rule], &event.verdict, event.at, state);
    if (!note(evaluator, &evaluator->rules[rule], &event, &before, state))
      return false;
    before = *state;
  }
  evaluator->has_last = event.at != 0;
  evaluator->last_verdict = event.verdict;
  evaluator->last_evidence = event.evidence;
  if (event.at > evaluator->judged)
    evaluator->judged = event.at;
  return set_state(evaluator, rule, store, state);
}

static bool end_store(loom_alert_evaluator *evaluator, size_t rule, uint32_t store) {
  struct loom_alert_state now = state_of(evaluator, rule, store), *state = &now;
  const struct moment *last = &evaluator->moments[evaluator->moment_count - 1];
  struct loom_alert_event event = {.rule = (uint32_t)rule, .subject = store, .at = last->instant};
  struct loom_alert_state before = *state;
  if (state->at == 0)
    return true;
  event.transition = loom_alert_end(LOOM_ALERT_STORE_LEFT, state);
  return note(evaluator, &evaluator->rules[rule], &event, &before, state) &&
         set_state(evaluator, rule, store, state);
}

/* The fleet is judged by the clock: whether there are polls at all is seen by nothing else. */
static void add_to_sums(loom_alert_evaluator *evaluator, size_t rule, uint32_t group) {
  const struct loom_alert_past *past = &evaluator->pasts[evaluator->gap_of[rule]];
  bool is_fleet = evaluator->rules[rule].scope == LOOM_ALERT_FLEET;
  size_t groups = groups_of(evaluator, rule);
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    const struct moment *moment = &evaluator->moments[i];
    if (moment->stores || moment->newest == 0 || (!is_fleet && moment->is_stale))
      continue;
    loom_alert_sum_add(&evaluator->sums[rule][i * groups + group], &evaluator->rules[rule],
                       &evaluator->scale, past, is_fleet ? moment->clock : moment->instant,
                       moment->instant);
  }
}

/* Which moments are of a store. */
static void find_mine(loom_alert_evaluator *evaluator) {
  const struct loom_store *store = &evaluator->store;
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    struct moment *moment = &evaluator->moments[i];
    moment->is_mine = !moment->stores || loom_id_table_find(moment->stores, store->id,
                                                            store->id_length) != LOOM_NO_NUMBER;
  }
}

static loom_status evaluate_store(loom_alert_evaluator *evaluator, bool is_part,
                                  loom_error *error) {
  const struct loom_store *store = &evaluator->store;
  uint32_t group, number = number_of(evaluator, store->id, store->id_length);
  loom_status status = number == LOOM_NO_NUMBER ? loom_no_memory(error) : LOOM_OK;
  if (status == LOOM_OK)
    status = loom_measure_store(&evaluator->measure, &evaluator->setting, store, error);
  for (size_t i = 0; status == LOOM_OK && i < evaluator->gap_count; i++) {
    evaluator->setting.rules.max_gap = evaluator->gaps[i];
    status = loom_alert_past_fill(&evaluator->pasts[i], &evaluator->measure, error);
  }
  if (status != LOOM_OK)
    return status;
  evaluator->seen[number] = true;
  find_mine(evaluator);
  bool has_memory = true;
  evaluator->judged = evaluator->states.judged[number];
  for (size_t r = 0; has_memory && r < evaluator->count; r++) {
    bool is_one = is_member(evaluator, r, &group);
    if (is_of_stores(evaluator, r))
      has_memory = is_one ? judge_store(evaluator, r, number) : end_store(evaluator, r, number);
    else if (is_one && !is_part)
      add_to_sums(evaluator, r, group);
  }
  evaluator->states.judged[number] = evaluator->judged;
  return has_memory ? LOOM_OK : loom_no_memory(error);
}

/* A store whose zone is not in the tz database is not measured anywhere, and is left out here, too. */
static loom_status evaluate_stores(loom_alert_evaluator *evaluator, loom_source *source,
                                   const struct loom_id_table *ids, loom_error *error) {
  loom_status status = select_polls(evaluator, source, evaluator->setting.hull, ids, error);
  /* what it keeps of zones is of exclusions that may have changed */
  loom_measure_free(&evaluator->measure);
  evaluator->measure = (struct loom_measure){0};
  for (size_t i = 0; i < evaluator->ids.count; i++)
    evaluator->seen[i] = false;
  while (status == LOOM_OK) {
    status = loom_source_next(source, &evaluator->store, error);
    if (status != LOOM_OK)
      break;
    status = evaluate_store(evaluator, ids != NULL, error);
    if (status == LOOM_EINPUT)
      status = LOOM_OK;
  }
  if (status != LOOM_DONE)
    return status;
  bool has_memory = true;
  for (uint32_t i = 0; !ids && has_memory && i < evaluator->ids.count; i++)
    for (size_t r = 0; has_memory && !evaluator->seen[i] && r < evaluator->count; r++)
      has_memory = !is_of_stores(evaluator, r) || end_store(evaluator, r, i);
  return has_memory ? LOOM_OK : loom_no_memory(error);
}

/* ---- groups, the fleet, the feed ---- */

static loom_status make_sums(loom_alert_evaluator *evaluator, loom_error *error) {
  for (size_t r = 0; r < evaluator->count; r++) {
    if (is_of_stores(evaluator, r))
      continue;
    evaluator->sums[r] =
        new_array(groups_of(evaluator, r) * evaluator->moment_count, sizeof **evaluator->sums);
    if (!evaluator->sums[r])
      return loom_no_memory(error);
  }
  return LOOM_OK;
}

static bool judge_group(loom_alert_evaluator *evaluator, size_t rule, uint32_t group) {
  struct loom_alert_state *state = &evaluator->of_groups[rule][group];
  bool is_fleet = evaluator->rules[rule].scope == LOOM_ALERT_FLEET;
  size_t groups = groups_of(evaluator, rule);
  struct loom_alert_event event = {.rule = (uint32_t)rule, .subject = group};
  struct loom_alert_state before = *state;
  loom_alert_state_catch_up(state, evaluator->resumed,
                            state->at == state->last_result ? evaluator->resumed - state->at : 0);
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    const struct moment *moment = &evaluator->moments[i];
    if (moment->stores || moment->newest == 0 || (!is_fleet && moment->is_stale))
      continue;
    event.at = is_fleet ? moment->clock : moment->instant;
    loom_alert_judge_sum(&evaluator->rules[rule], &evaluator->sums[rule][i * groups + group],
                         event.at, state, &event.verdict, &event.evidence);
    event.transition = loom_alert_step(&evaluator->rules[rule], &event.verdict, event.at, state);
    if (!note(evaluator, &evaluator->rules[rule], &event, &before, state))
      return false;
    before = *state;
  }
  evaluator->has_last = event.at != 0;
  evaluator->last_verdict = event.verdict;
  evaluator->last_evidence = event.evidence;
  return true;
}

static bool judge_groups(loom_alert_evaluator *evaluator) {
  bool has_memory = true;
  for (size_t r = 0; r < evaluator->count; r++) {
    size_t groups = is_of_stores(evaluator, r) ? 0 : groups_of(evaluator, r);
    for (uint32_t g = 0; has_memory && g < groups; g++)
      has_memory = judge_group(evaluator, r, g);
  }
  return has_memory;
}

static bool judge_feed(loom_alert_evaluator *evaluator) {
  static const struct loom_alert_rule rule = {.kind = LOOM_ALERT_SYSTEM,
                                              .meaning = 1,
                                              .fires = {.count = 1, .of = 1},
                                              .ends = {.count = 1, .of = 1}};
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    const struct moment *moment = &evaluator->moments[i];
    struct loom_alert_event event = {.rule = LOOM_ALERT_STALE, .at = moment->clock};
    if (moment->newest == 0)
      continue;
    event.verdict = (struct loom_alert_verdict){
        .result = moment->is_stale ? LOOM_ALERT_TRUE : LOOM_ALERT_FALSE,
        .value = (double)(moment->clock - moment->newest),
        .since = moment->newest,
        .from = moment->newest,
        .step = evaluator->stale.at ? moment->clock - evaluator->stale.at : 0};
    event.evidence.last_poll = moment->newest;
    struct loom_alert_state before = evaluator->stale;
    event.transition = loom_alert_step(&rule, &event.verdict, event.at, &evaluator->stale);
    if (!note(evaluator, &rule, &event, &before, &evaluator->stale))
      return false;
  }
  return true;
}

size_t loom_alert_clocks_most(const loom_alert_evaluator *evaluator) {
  size_t groups = 0;
  for (size_t r = 0; r < evaluator->count; r++)
    groups += is_of_stores(evaluator, r) ? 0 : groups_of(evaluator, r);
  size_t most = LOOM_ALERT_SUMS_MAX / (groups + 1);
  most = most < 1 ? 1 : most;
  return most < LOOM_ALERT_INSTANTS_MAX ? most : LOOM_ALERT_INSTANTS_MAX;
}

/* What all moments see: from the first instant, or clock where stores are held, as far back as rules look. */
static struct loom_span hull_of(const loom_alert_evaluator *evaluator) {
  struct loom_span hull = {INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < evaluator->moment_count; i++) {
    const struct moment *moment = &evaluator->moments[i];
    bool is_behind = moment->newest != 0 && !moment->is_stale; /* by what the feed may be */
    int64_t from = is_behind ? moment->instant : moment->clock;
    hull.start = from < hull.start ? from : hull.start;
    hull.end = moment->clock > hull.end ? moment->clock : hull.end;
  }
  hull.start -= evaluator->reach;
  return hull;
}

static loom_status evaluate(loom_alert_evaluator *evaluator, loom_source *source,
                            const struct loom_alert_clocks *clocks, const struct loom_id_table *ids,
                            loom_error *error) {
  loom_status status = find_moments(evaluator, source, clocks, error);
  if (status != LOOM_OK)
    return status;
  evaluator->setting.hull = hull_of(evaluator);
  evaluator->setting.as_of = evaluator->setting.hull.end;
  if (!ids)
    status = make_sums(evaluator, error);
  if (status == LOOM_OK)
    status = evaluate_stores(evaluator, source, ids, error);
  if (status == LOOM_OK && ((!ids && !judge_groups(evaluator)) || !judge_feed(evaluator)))
    status = loom_no_memory(error);
  free_sums(evaluator);
  return status;
}

loom_status loom_alert_evaluate(loom_alert_evaluator *evaluator, loom_source *source,
                                const struct loom_alert_clocks *clocks,
                                const struct loom_id_table *ids, loom_error *error) {
  evaluator->event_count = evaluator->moved_count = 0;
  evaluator->has_last = false;
  if (clocks->count < 1 || clocks->count > loom_alert_clocks_most(evaluator) ||
      (!clocks->rounds && clocks->step <= 0 && clocks->count > 1))
    return loom_fail(error, LOOM_EINVAL, "an evaluation has 1 to %zu instants",
                     loom_alert_clocks_most(evaluator));
  loom_status status = loom_source_snapshot(source, error);
  if (status == LOOM_OK)
    status = evaluate(evaluator, source, clocks, ids, error);
  loom_source_release(source);
  if (status == LOOM_OK && evaluator->event_count > 0)
    qsort(evaluator->events, evaluator->event_count, sizeof *evaluator->events, compare_events);
  return status;
}
