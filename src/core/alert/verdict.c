/*
** Verdicts.
*/
#include "alert/verdict.h"
#include "time/window.h"

static void absent(struct loom_alert_verdict *verdict, enum loom_alert_absence absence) {
  verdict->result = LOOM_ALERT_NONE;
  verdict->absence = absence;
}

static void found(struct loom_alert_verdict *verdict, bool is_true, double value) {
  verdict->result = is_true ? LOOM_ALERT_TRUE : LOOM_ALERT_FALSE;
  verdict->value = value;
}

/* Where what a rule sees at an instant begins. */
static int64_t horizon_of(const struct loom_alert_rule *rule, int64_t instant) {
  return instant - loom_alert_rule_reach(rule);
}

static int64_t later(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* ---- windows ---- */

static struct loom_span window_of(const struct loom_alert_rule *rule,
                                  const struct loom_alert_past *past, int64_t instant) {
  static const struct loom_window month = {.calendar = LOOM_CALENDAR_THIS_MONTH};
  if (rule->month)
    return loom_window_span(&month, instant, past->zone);
  return (struct loom_span){instant - rule->window, instant};
}

static bool has_window(enum loom_alert_kind kind) {
  return kind == LOOM_ALERT_DOWN_TIME || kind == LOOM_ALERT_RATIO || kind == LOOM_ALERT_OUTAGES ||
         kind == LOOM_ALERT_UNKNOWN || kind == LOOM_ALERT_BUDGET;
}

/* What a window's sums are to a rule; of budgets those of the windows in which they burn, too. */
static void judge_budget(const struct loom_alert_rule *rule, const struct loom_alert_sum *sum,
                         struct loom_alert_verdict *verdict) {
  double known = (double)(sum->sums.up + sum->sums.down);
  double budget = (1 - rule->target) * known;
  double left = 1 - (double)sum->sums.down / budget;
  bool is_spent = rule->share >= 0 && left < rule->share;
  bool burns = rule->burnt > 0 && (double)sum->burn_long.down >= rule->burnt * budget &&
               sum->burn_short.down > 0;
  found(verdict, is_spent || burns, left);
}

static void judge_window(const struct loom_alert_rule *rule, const struct loom_alert_sum *sum,
                         struct loom_alert_verdict *verdict) {
  const struct loom_alert_sums *sums = &sum->sums;
  int64_t known = sums->up + sums->down, scheduled = known + sums->unknown;
  int64_t needed = rule->kind == LOOM_ALERT_UNKNOWN ? scheduled : known;
  if (needed == 0 || needed < rule->min_known) {
    absent(verdict, LOOM_ALERT_UNKNOWN_NOW);
    return;
  }
  switch (rule->kind) {
  case LOOM_ALERT_DOWN_TIME:
    found(verdict, sums->down >= rule->time, (double)sums->down);
    break;
  case LOOM_ALERT_RATIO:
    found(verdict, (double)sums->up / (double)known < rule->share,
          (double)sums->up / (double)known);
    break;
  case LOOM_ALERT_OUTAGES:
    found(verdict, sum->outages >= rule->count, (double)sum->outages);
    break;
  case LOOM_ALERT_UNKNOWN:
    found(verdict, (double)sums->unknown / (double)scheduled >= rule->share,
          (double)sums->unknown / (double)scheduled);
    break;
  default:
    judge_budget(rule, sum, verdict);
  }
}

static void add_sums(struct loom_alert_sums *all, struct loom_alert_sums more) {
  all->up += more.up;
  all->down += more.down;
  all->unknown += more.unknown;
  all->excluded += more.excluded;
}

static struct loom_alert_sums burn_of(const struct loom_alert_rule *rule,
                                      const struct loom_alert_past *past, int64_t instant,
                                      int64_t business) {
  int64_t from = loom_alert_past_back(past, instant, business);
  return loom_alert_past_between(past, later(from, horizon_of(rule, instant)), instant);
}

static void add_window(struct loom_alert_sum *sum, const struct loom_alert_rule *rule,
                       const struct loom_alert_past *past, int64_t instant) {
  struct loom_span window = window_of(rule, past, instant);
  add_sums(&sum->sums, loom_alert_past_between(past, window.start, instant));
  if (rule->kind == LOOM_ALERT_OUTAGES)
    sum->outages += loom_alert_past_outages(past, window.start, instant);
  if (rule->burnt > 0) {
    add_sums(&sum->burn_long, burn_of(rule, past, instant, rule->burn_long));
    add_sums(&sum->burn_short, burn_of(rule, past, instant, rule->burn_short));
  }
  if (sum->from == 0 || window.start < sum->from)
    sum->from = window.start;
}

/* ---- stores ---- */

/* Whether a store is dormant at an instant, by its polls up to `known`. */
static bool is_dormant(const struct loom_alert_past *past, int64_t instant, int64_t known,
                       int64_t after) {
  int64_t from = instant - after;
  for (size_t i = loom_alert_past_polls(past, known); i-- > 0;) {
    if (loom_poll_instant(past->polls[i]) < from)
      break;
    if (loom_poll_active(past->polls[i]))
      return false;
  }
  for (size_t i = 0; i < past->openings->count; i++)
    if (past->openings->items[i].end > from && past->openings->items[i].start < instant)
      return true;
  return false;
}

static void judge_polls(const struct loom_alert_rule *rule, const struct loom_alert_past *past,
                        int64_t instant, struct loom_alert_verdict *verdict,
                        struct loom_alert_evidence *evidence) {
  for (size_t i = loom_alert_past_polls(past, instant); i-- > 0 && evidence->polls < rule->of;) {
    loom_poll poll = past->polls[i];
    if (loom_poll_instant(poll) < horizon_of(rule, instant))
      break;
    if (!loom_alert_past_counts(past, poll))
      continue;
    evidence->polls++;
    verdict->from = loom_poll_instant(poll);
    if (!loom_poll_active(poll)) {
      evidence->inactive++;
      verdict->since = verdict->from;
    }
  }
  if (evidence->polls == 0)
    absent(verdict, LOOM_ALERT_UNKNOWN_NOW);
  else
    found(verdict, evidence->inactive >= rule->count, (double)evidence->inactive);
}

/* Business time, or all of it. */
static int64_t time_of(const struct loom_alert_rule *rule, const struct loom_alert_past *past,
                       int64_t from, int64_t to) {
  return rule->wall ? to - from : loom_alert_past_business(past, from, to);
}

static void judge_down(const struct loom_alert_rule *rule, const struct loom_alert_past *past,
                       int64_t instant, int64_t since, struct loom_alert_verdict *verdict,
                       const struct loom_alert_evidence *evidence) {
  if (evidence->state == LOOM_UNKNOWN) {
    absent(verdict, LOOM_ALERT_UNKNOWN_NOW);
  } else if (evidence->state == LOOM_UP) {
    found(verdict, false, 0);
  } else {
    int64_t from = later(since, horizon_of(rule, instant));
    int64_t time = time_of(rule, past, from, instant);
    found(verdict, time >= rule->time, (double)time);
    verdict->since = verdict->from = from;
  }
}

static bool was_active_within(const struct loom_alert_past *past, struct loom_span span) {
  for (size_t i = loom_alert_past_polls(past, span.end); i-- > 0;) {
    if (loom_poll_instant(past->polls[i]) < span.start)
      return false;
    if (loom_poll_active(past->polls[i]))
      return true;
  }
  return false;
}

static void judge_opening(const struct loom_alert_rule *rule, const struct loom_alert_past *past,
                          int64_t instant, struct loom_alert_verdict *verdict,
                          const struct loom_alert_evidence *evidence) {
  struct loom_span open = {evidence->opening.start, instant};
  int64_t time = time_of(rule, past, open.start, instant);
  found(verdict, time >= rule->time && !was_active_within(past, open), (double)time);
  verdict->since = verdict->from = open.start;
}

static void judge_silence(const struct loom_alert_rule *rule, const struct loom_alert_past *past,
                          int64_t instant, struct loom_alert_verdict *verdict,
                          const struct loom_alert_evidence *evidence) {
  if (evidence->last_poll == 0) {
    absent(verdict, LOOM_ALERT_UNKNOWN_NOW);
    return;
  }
  int64_t from = later(evidence->last_poll, horizon_of(rule, instant));
  int64_t time = time_of(rule, past, from, instant);
  found(verdict, time >= rule->time, (double)time);
  verdict->since = verdict->from = from;
}

int64_t loom_alert_last_poll(const struct loom_alert_past *past, int64_t instant) {
  size_t polls = loom_alert_past_polls(past, instant);
  return polls > 0 ? loom_poll_instant(past->polls[polls - 1]) : 0;
}

/* What a store is now decides whether there is a result. */
static enum loom_alert_absence absence_of(const struct loom_alert_rule *rule,
                                          const struct loom_alert_scale *scale,
                                          const struct loom_alert_past *past, int64_t instant,
                                          enum loom_state state) {
  if (state == LOOM_SHUT)
    return LOOM_ALERT_CLOSED;
  if (state == LOOM_EXCLUDED)
    return LOOM_ALERT_EXCLUDED;
  if (!rule->dormant && is_dormant(past, instant, instant, scale->dormant_after))
    return LOOM_ALERT_DORMANT;
  return LOOM_ALERT_PRESENT;
}

static void judge_now(const struct loom_alert_rule *rule, const struct loom_alert_scale *scale,
                      const struct loom_alert_past *past, int64_t instant,
                      struct loom_alert_verdict *verdict, struct loom_alert_evidence *evidence) {
  int64_t since;
  const struct loom_span *opening = loom_alert_past_opening(past, instant);
  *evidence = (struct loom_alert_evidence){.last_poll = loom_alert_last_poll(past, instant)};
  evidence->state = loom_alert_past_state(past, instant, &since);
  if (opening)
    evidence->opening = *opening;
  *verdict = (struct loom_alert_verdict){.since = instant, .from = instant};
  enum loom_alert_absence absence = absence_of(rule, scale, past, instant, evidence->state);
  if (absence != LOOM_ALERT_PRESENT) {
    absent(verdict, absence);
  } else if (has_window(rule->kind)) {
    struct loom_alert_sum sum = {0};
    add_window(&sum, rule, past, instant);
    judge_window(rule, &sum, verdict);
    verdict->from = sum.from;
    evidence->sums = sum.sums;
    evidence->outages = sum.outages;
  } else if (rule->kind == LOOM_ALERT_INACTIVE_POLLS) {
    judge_polls(rule, past, instant, verdict, evidence);
  } else if (rule->kind == LOOM_ALERT_DOWN_FOR) {
    judge_down(rule, past, instant, since, verdict, evidence);
  } else if (rule->kind == LOOM_ALERT_LATE_OPEN) {
    judge_opening(rule, past, instant, verdict, evidence);
  } else {
    judge_silence(rule, past, instant, verdict, evidence);
  }
  evidence->window = (struct loom_span){verdict->from, instant};
  verdict->excluded = loom_alert_past_between(past, verdict->from, instant).excluded;
}

/* Whether exclusions take more out of what an alert fired for than they did, so that it would not have. */
static bool is_taken(const struct loom_alert_rule *rule, const struct loom_alert_scale *scale,
                     const struct loom_alert_past *past, const struct loom_alert_state *state) {
  struct loom_alert_verdict then;
  struct loom_alert_evidence evidence;
  if (state->phase < LOOM_ALERT_FIRING || state->fired_at < past->hull.start ||
      loom_alert_past_between(past, state->from, state->fired_at).excluded <= state->excluded)
    return false;
  judge_now(rule, scale, past, state->fired_at, &then, &evidence);
  return then.result != LOOM_ALERT_TRUE;
}

void loom_alert_judge(const struct loom_alert_rule *rule, const struct loom_alert_scale *scale,
                      const struct loom_alert_past *past, int64_t instant,
                      const struct loom_alert_state *state, struct loom_alert_verdict *verdict,
                      struct loom_alert_evidence *evidence) {
  judge_now(rule, scale, past, instant, verdict, evidence);
  if (state->at > 0)
    verdict->step = loom_alert_past_business(past, state->at, instant);
  verdict->is_taken = is_taken(rule, scale, past, state);
}

/* ---- groups ---- */

void loom_alert_sum_add(struct loom_alert_sum *sum, const struct loom_alert_rule *rule,
                        const struct loom_alert_scale *scale, const struct loom_alert_past *past,
                        int64_t instant, int64_t known) {
  int64_t since, last = loom_alert_last_poll(past, known);
  enum loom_state state = loom_alert_past_state(past, instant, &since);
  if (last == 0 || (!rule->dormant && is_dormant(past, instant, known, scale->dormant_after)))
    return;
  sum->stores++;
  if (has_window(rule->kind))
    add_window(sum, rule, past, instant);
  if (state == LOOM_SHUT || state == LOOM_EXCLUDED)
    return;
  int64_t silence = time_of(rule, past, later(last, horizon_of(rule, instant)), instant);
  bool is_least = sum->business == 0 || silence < sum->silence;
  sum->silence = is_least ? silence : sum->silence;
  sum->business++;
  sum->open += state != LOOM_UNKNOWN;
  sum->down += state == LOOM_DOWN;
}

void loom_alert_judge_sum(const struct loom_alert_rule *rule, const struct loom_alert_sum *sum,
                          int64_t instant, const struct loom_alert_state *state,
                          struct loom_alert_verdict *verdict,
                          struct loom_alert_evidence *evidence) {
  *verdict = (struct loom_alert_verdict){.since = instant, .from = instant};
  *evidence = (struct loom_alert_evidence){.state = LOOM_SHUT,
                                           .sums = sum->sums,
                                           .outages = sum->outages,
                                           .open = sum->open,
                                           .down = sum->down};
  bool goes_on = state->at > 0 && state->at == state->last_result && instant > state->at;
  verdict->step = goes_on && sum->business > 0 ? instant - state->at : 0;
  if (sum->business == 0) {
    absent(verdict, LOOM_ALERT_CLOSED);
  } else if (has_window(rule->kind)) {
    judge_window(rule, sum, verdict);
    verdict->from = sum->from;
  } else if (rule->kind == LOOM_ALERT_NO_POLL) {
    found(verdict, sum->silence >= rule->time, (double)sum->silence);
  } else if (sum->open == 0) {
    absent(verdict, LOOM_ALERT_UNKNOWN_NOW);
  } else {
    double share = (double)sum->down / (double)sum->open;
    found(verdict, sum->down >= rule->count && share >= rule->share, (double)sum->down);
  }
  evidence->window = (struct loom_span){verdict->from, instant};
}
