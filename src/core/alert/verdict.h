/*
** What a rule makes of a store, or of a group of them, at an instant: a function of its past up to then. No clock, no I/O.
*/
#ifndef LOOM_ALERT_VERDICT_H
#define LOOM_ALERT_VERDICT_H

#include "alert/machine.h"
#include "alert/past.h"
#include "alert/rule.h"

#include <stdbool.h>
#include <stdint.h>

/* What a result was made from, for those who ask why. */
struct loom_alert_evidence {
  enum loom_state state;       /* of a store */
  struct loom_span window;     /* the stretch that was looked at */
  struct loom_span opening;    /* the one that goes on; none: both are 0 */
  struct loom_alert_sums sums; /* of the window */
  int64_t outages;
  int64_t polls, inactive; /* that inactive_polls looked at */
  int64_t last_poll;       /* 0: there is none */
  int64_t open, down;      /* stores of a group */
};

/* All that rules need to know beside themselves. */
struct loom_alert_scale {
  int64_t dormant_after; /* microseconds */
};

/*
** The verdict of a rule about a store. Of the state before, what fires is looked at again: whether exclusions have taken its
** evidence away.
*/
void loom_alert_judge(const struct loom_alert_rule *rule, const struct loom_alert_scale *scale,
                      const struct loom_alert_past *past, int64_t instant,
                      const struct loom_alert_state *state, struct loom_alert_verdict *verdict,
                      struct loom_alert_evidence *evidence);

/* The last poll up to an instant; 0: there was none yet, and no rule knows of the store. */
int64_t loom_alert_last_poll(const struct loom_alert_past *past, int64_t instant);

/* Stores of a group together. {0} to begin. */
struct loom_alert_sum {
  int64_t stores, open,
      down;         /* members that are not dormant; open ones of known state; down ones */
  int64_t business; /* members in business time */
  struct loom_alert_sums sums; /* in the window */
  struct loom_alert_sums burn_long, burn_short;
  int64_t outages;
  int64_t silence; /* the least time without a poll of those in business time */
  int64_t from;    /* the earliest start of the windows */
};

/* Adds a store, as it is at an instant. Of the fleet, which goes by the clock, polls after `known` are not known yet. */
void loom_alert_sum_add(struct loom_alert_sum *sum, const struct loom_alert_rule *rule,
                        const struct loom_alert_scale *scale, const struct loom_alert_past *past,
                        int64_t instant, int64_t known);

/*
** The verdict of a rule about a group or the fleet. Its business time is that in which any of its stores is in business time, in
** steps of evaluations.
*/
void loom_alert_judge_sum(const struct loom_alert_rule *rule, const struct loom_alert_sum *sum,
                          int64_t instant, const struct loom_alert_state *state,
                          struct loom_alert_verdict *verdict, struct loom_alert_evidence *evidence);

#endif
