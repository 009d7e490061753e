/*
** The states of alerts.
*/
#include "alert/machine.h"

#include <string.h>

const char *const loom_alert_phase_names[] = {"ok", "pending", "firing", "resolving", NULL};
const char *const loom_alert_absence_names[] = {"",     "closed",  "excluded", "dormant",
                                                "held", "unknown", NULL};
const char *const loom_alert_change_names[] = {"",         "firing",  "resolved",
                                               "flapping", "expired", NULL};
const char *const loom_alert_reason_names[] = {
    "recovered", "rule_changed", "excluded", "store_left", "rule_removed", "no_result", NULL};

static const struct loom_alert_transition stays = {LOOM_ALERT_STAYS, LOOM_ALERT_RECOVERED, 0, 0};

static bool is_open(const struct loom_alert_state *state) {
  return state->phase == LOOM_ALERT_FIRING || state->phase == LOOM_ALERT_RESOLVING;
}

/* ---- counting ---- */

/*
** A minute has one result, the last one: stores are judged after each write, too, and two writes within a second are no more
** evidence than one.
*/
static void remember(struct loom_alert_state *state, bool is_true, int64_t instant) {
  bool is_same = state->last_result / LOOM_MINUTE == instant / LOOM_MINUTE && state->count > 0;
  state->last_result = instant;
  if (is_same) {
    state->history = (state->history & ~UINT64_C(1)) | is_true;
    return;
  }
  state->history = state->history << 1 | is_true;
  if (state->count < LOOM_ALERT_OF_MAX)
    state->count++;
}

/* How many of the last `of` results are true, or false. */
static int32_t count_results(const struct loom_alert_state *state, int32_t of, bool is_true) {
  int32_t found = 0;
  for (int32_t i = 0; i < of && i < state->count; i++)
    found += (state->history >> i & 1) == is_true;
  return found;
}

static bool is_met(const struct loom_alert_need *need, const struct loom_alert_state *state,
                   bool is_true, int64_t clock, int64_t at) {
  int64_t passed = need->wall ? state->at - at : state->clock - clock;
  return count_results(state, need->of, is_true) >= need->count && passed >= need->time;
}

/* ---- flapping ---- */

/* Notes a transition; true: it is one too many. */
static bool flaps(struct loom_alert_state *state) {
  memmove(state->flaps + 1, state->flaps, sizeof state->flaps - sizeof *state->flaps);
  state->flaps[0] = state->clock + 1; /* 0 is none */
  int64_t first = state->flaps[LOOM_ALERT_FLAPS - 1];
  return first > 0 && state->flaps[0] - first <= LOOM_ALERT_FLAPPING;
}

static bool is_calm(const struct loom_alert_state *state) {
  return state->clock + 1 - state->flaps[0] >= LOOM_ALERT_CALM;
}

static struct loom_alert_transition of_alert(const struct loom_alert_state *state,
                                             enum loom_alert_change change,
                                             enum loom_alert_reason reason) {
  return (struct loom_alert_transition){change, reason, state->fired_at, state->since};
}

/* What is told of a transition: while it flaps nothing, but that it does. */
static struct loom_alert_transition tell(struct loom_alert_state *state,
                                         enum loom_alert_change change) {
  bool too_many = flaps(state);
  if (state->is_flapping || too_many) {
    struct loom_alert_transition told = of_alert(state, LOOM_ALERT_FLAPS_NOW, LOOM_ALERT_RECOVERED);
    bool is_first = !state->is_flapping;
    state->is_flapping = state->is_quiet = true;
    return is_first ? told : stays;
  }
  return of_alert(state, change, LOOM_ALERT_RECOVERED);
}

/* When it has been calm for long enough, what became of it is told. */
static struct loom_alert_transition calm_down(struct loom_alert_state *state) {
  if (!state->is_flapping || !is_calm(state))
    return stays;
  bool was_quiet = state->is_quiet;
  state->is_flapping = state->is_quiet = false;
  if (!was_quiet)
    return stays;
  return of_alert(state, is_open(state) ? LOOM_ALERT_FIRES : LOOM_ALERT_RESOLVES,
                  LOOM_ALERT_RECOVERED);
}

/* ---- phases ---- */

static struct loom_alert_transition fire(struct loom_alert_state *state,
                                         const struct loom_alert_verdict *verdict) {
  state->phase = LOOM_ALERT_FIRING;
  /* an alert that flaps is one, however often it comes back */
  if (!state->is_flapping)
    state->fired_at = state->at;
  state->since = verdict->since;
  state->from = verdict->from;
  state->excluded = verdict->excluded;
  return tell(state, LOOM_ALERT_FIRES);
}

static struct loom_alert_transition when_true(const struct loom_alert_rule *rule,
                                              const struct loom_alert_verdict *verdict,
                                              struct loom_alert_state *state) {
  if (state->phase == LOOM_ALERT_RESOLVING)
    state->phase = LOOM_ALERT_FIRING;
  if (state->phase == LOOM_ALERT_OK) {
    state->phase = LOOM_ALERT_PENDING;
    state->true_clock = state->clock;
    state->true_at = state->at;
  }
  if (state->phase == LOOM_ALERT_PENDING &&
      is_met(&rule->fires, state, true, state->true_clock, state->true_at))
    return fire(state, verdict);
  return stays;
}

static struct loom_alert_transition when_false(const struct loom_alert_rule *rule,
                                               struct loom_alert_state *state) {
  if (state->phase == LOOM_ALERT_PENDING && count_results(state, rule->fires.of, true) == 0)
    state->phase = LOOM_ALERT_OK;
  if (state->phase == LOOM_ALERT_FIRING) {
    state->phase = LOOM_ALERT_RESOLVING;
    state->false_clock = state->clock;
    state->false_at = state->at;
  }
  if (state->phase != LOOM_ALERT_RESOLVING ||
      !is_met(&rule->ends, state, false, state->false_clock, state->false_at))
    return stays;
  state->phase = LOOM_ALERT_OK;
  state->history = 0; /* what has fired once is no evidence for the next time */
  state->count = 0;
  return tell(state, LOOM_ALERT_RESOLVES);
}

/* Forgets all but when it was looked at, and how it flapped. */
static struct loom_alert_transition
over(struct loom_alert_state *state, enum loom_alert_change change, enum loom_alert_reason reason) {
  bool was_told = is_open(state) || state->is_quiet;
  struct loom_alert_transition told = of_alert(state, change, reason);
  struct loom_alert_state next = {.meaning = state->meaning,
                                  .at = state->at,
                                  .last_result = state->last_result,
                                  .clock = state->clock};
  memcpy(next.flaps, state->flaps, sizeof next.flaps);
  *state = next;
  return was_told ? told : stays;
}

struct loom_alert_transition loom_alert_end(enum loom_alert_reason reason,
                                            struct loom_alert_state *state) {
  struct loom_alert_transition told = over(state, LOOM_ALERT_RESOLVES, reason);
  *state = (struct loom_alert_state){0};
  return told;
}

/* Whoever was told that it flaps, and not what became of it, waits for an end, too. */
static struct loom_alert_transition without_result(struct loom_alert_state *state) {
  bool is_awaited = is_open(state) || state->is_quiet;
  if (is_awaited && state->at - state->last_result >= LOOM_ALERT_EXPIRY)
    return over(state, LOOM_ALERT_EXPIRES, LOOM_ALERT_NO_RESULT);
  return stays;
}

struct loom_alert_transition loom_alert_step(const struct loom_alert_rule *rule,
                                             const struct loom_alert_verdict *verdict,
                                             int64_t instant, struct loom_alert_state *state) {
  bool is_new = state->at == 0;
  if (!is_new && instant < state->at)
    return stays;
  if (!is_new && state->meaning != rule->meaning) {
    struct loom_alert_transition told = loom_alert_end(LOOM_ALERT_RULE_CHANGED, state);
    state->meaning = rule->meaning;
    if (told.change != LOOM_ALERT_STAYS) {
      state->at = instant; /* it begins with the next instant, so that each step tells one thing */
      return told;
    }
    is_new = true;
  }
  state->meaning = rule->meaning;
  if (verdict->is_taken && is_open(state))
    return over(state, LOOM_ALERT_RESOLVES, LOOM_ALERT_EVIDENCE_EXCLUDED);
  if (!is_new && instant == state->at)
    return stays;
  state->clock += is_new ? 0 : verdict->step;
  state->at = instant;
  if (verdict->result == LOOM_ALERT_NONE)
    return without_result(state);
  remember(state, verdict->result == LOOM_ALERT_TRUE, instant);
  struct loom_alert_transition told = verdict->result == LOOM_ALERT_TRUE
                                          ? when_true(rule, verdict, state)
                                          : when_false(rule, state);
  return told.change == LOOM_ALERT_STAYS ? calm_down(state) : told;
}

/* ---- keeping ---- */

bool loom_alert_state_is_plain(const struct loom_alert_state *state) {
  bool has_flapped =
      state->flaps[0] != 0 && state->clock + 1 - state->flaps[0] <= LOOM_ALERT_FLAPPING;
  return state->phase == LOOM_ALERT_OK && !state->is_flapping && !state->is_quiet && !has_flapped;
}

/* Of results, as many as are ever counted. */
static bool same_results(const struct loom_alert_rule *rule, const struct loom_alert_state *a,
                         const struct loom_alert_state *b) {
  int32_t most = rule->fires.of > rule->ends.of ? rule->fires.of : rule->ends.of;
  int32_t count_a = a->count < most ? a->count : most, count_b = b->count < most ? b->count : most;
  uint64_t mask = most >= 64 ? UINT64_MAX : (UINT64_C(1) << most) - 1;
  return count_a == count_b && (a->history & mask) == (b->history & mask);
}

static bool has_result(const struct loom_alert_state *state) {
  return state->last_result == state->at;
}

bool loom_alert_state_same(const struct loom_alert_rule *rule, const struct loom_alert_state *a,
                           const struct loom_alert_state *b) {
  bool is_plain = loom_alert_state_is_plain(b);
  if (is_plain || loom_alert_state_is_plain(a))
    return is_plain == loom_alert_state_is_plain(a);
  return a->meaning == b->meaning && a->phase == b->phase && a->is_flapping == b->is_flapping &&
         a->is_quiet == b->is_quiet && same_results(rule, a, b) && has_result(a) == has_result(b) &&
         (has_result(a) || a->last_result == b->last_result) && a->true_clock == b->true_clock &&
         a->true_at == b->true_at && a->false_clock == b->false_clock &&
         a->false_at == b->false_at && a->fired_at == b->fired_at && a->since == b->since &&
         a->from == b->from && a->excluded == b->excluded &&
         memcmp(a->flaps, b->flaps, sizeof a->flaps) == 0;
}

void loom_alert_state_catch_up(struct loom_alert_state *state, int64_t instant, int64_t business) {
  if (state->at == 0 || state->at >= instant)
    return;
  if (has_result(state))
    state->last_result = instant;
  state->clock += business;
  state->at = instant;
}

/* ---- bytes ---- */

/* The fields of 64 bits, in the order in which they are packed. */
#define NUMBERS 17

static void numbers_of(const struct loom_alert_state *state, int64_t numbers[NUMBERS]) {
  int64_t all[NUMBERS] = {(int64_t)state->meaning,
                          (int64_t)state->history,
                          state->at,
                          state->last_result,
                          state->clock,
                          state->true_clock,
                          state->true_at,
                          state->false_clock,
                          state->false_at,
                          state->fired_at,
                          state->since,
                          state->from,
                          state->excluded};
  memcpy(all + 13, state->flaps, sizeof state->flaps);
  memcpy(numbers, all, sizeof all);
}

void loom_alert_state_pack(const struct loom_alert_state *state,
                           unsigned char bytes[LOOM_ALERT_STATE_SIZE]) {
  int64_t numbers[NUMBERS];
  numbers_of(state, numbers);
  memset(bytes, 0, LOOM_ALERT_STATE_SIZE);
  bytes[0] = LOOM_ALERT_STATE_VERSION;
  bytes[1] = (unsigned char)state->phase;
  bytes[2] = (unsigned char)(state->is_flapping | state->is_quiet << 1);
  bytes[3] = (unsigned char)state->count;
  for (size_t i = 0; i < NUMBERS; i++)
    for (size_t byte = 0; byte < 8; byte++)
      bytes[8 + i * 8 + byte] = (unsigned char)((uint64_t)numbers[i] >> (8 * byte));
}

bool loom_alert_state_unpack(const unsigned char *bytes, size_t size,
                             struct loom_alert_state *state) {
  int64_t numbers[NUMBERS];
  if (size != LOOM_ALERT_STATE_SIZE || bytes[0] != LOOM_ALERT_STATE_VERSION ||
      bytes[1] > LOOM_ALERT_RESOLVING || bytes[2] > 3 || bytes[3] > LOOM_ALERT_OF_MAX)
    return false;
  for (size_t i = 0; i < NUMBERS; i++) {
    uint64_t number = 0;
    for (size_t byte = 0; byte < 8; byte++)
      number |= (uint64_t)bytes[8 + i * 8 + byte] << (8 * byte);
    numbers[i] = (int64_t)number;
  }
  *state = (struct loom_alert_state){.meaning = (uint64_t)numbers[0],
                                     .phase = (enum loom_alert_phase)bytes[1],
                                     .is_flapping = bytes[2] & 1,
                                     .is_quiet = bytes[2] >> 1,
                                     .history = (uint64_t)numbers[1],
                                     .count = bytes[3],
                                     .at = numbers[2],
                                     .last_result = numbers[3],
                                     .clock = numbers[4],
                                     .true_clock = numbers[5],
                                     .true_at = numbers[6],
                                     .false_clock = numbers[7],
                                     .false_at = numbers[8],
                                     .fired_at = numbers[9],
                                     .since = numbers[10],
                                     .from = numbers[11],
                                     .excluded = numbers[12]};
  memcpy(state->flaps, numbers + 13, sizeof state->flaps);
  return true;
}
