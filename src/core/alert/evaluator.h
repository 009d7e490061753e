/*
** The evaluation of rules at instants: one pass over the stores gathers what all rules need of them, and moves the states of all
** (rule, subject). A live evaluation has one instant, a replay many; both are this code, so that a replay of what was live tells the
** same.
**
**   loom_alert_evaluator_new → loom_alert_evaluator_put of states that are kept elsewhere → loom_alert_evaluate, once and again, after
**   each of which its events and states are read → loom_alert_evaluator_free
*/
#ifndef LOOM_ALERT_EVALUATOR_H
#define LOOM_ALERT_EVALUATOR_H

#include "alert/verdict.h"
#include "measure/source.h"

/* Instants of one evaluation: a day of minutes. Longer replays are evaluations one after another. */
#define LOOM_ALERT_INSTANTS_MAX 1440

/* Distinct max_gap of the rules: each judges every store once more. */
#define LOOM_ALERT_GAPS_MAX 8

/* Groups times instants of an evaluation, 200 bytes each. */
#define LOOM_ALERT_SUMS_MAX ((size_t)64 * 1024)

#define LOOM_ALERT_NO_GROUP UINT32_MAX

/* Which stores a rule is for, and the groups that they are in. */
struct loom_alert_members {
  struct loom_id_table stores;
  uint32_t *groups;           /* of each store's number; NULL where the rules are of stores */
  struct loom_id_table names; /* of the groups */
};

struct loom_alert_settings {
  const struct loom_alert_rule *rules;             /* copied */
  const struct loom_alert_members *const *members; /* to each rule, kept; NULL: all stores */
  size_t count;
  const char *default_zone;
  int64_t stale_after;   /* microseconds; three times the feed's median gap where that is longer */
  int64_t dormant_after; /* microseconds, up to LOOM_ALERT_WINDOW_MAX */
};

/* In the place of a rule: that the feed is stale. */
#define LOOM_ALERT_STALE UINT32_MAX

struct loom_alert_event {
  uint32_t rule;    /* its place among the rules; or LOOM_ALERT_STALE */
  uint32_t subject; /* the number of a store, or of a group among the rule's; 0 of the fleet */
  int64_t
      at; /* the evaluation instant: no later than the newest poll, but for the fleet and the feed */
  struct loom_alert_transition transition;
  struct loom_alert_verdict verdict;
  struct loom_alert_evidence evidence;
};

/* An evaluation as it was: what it knew is told, rather than found in polls of which some may have come later. */
struct loom_alert_round {
  int64_t clock,
      newest;    /* microseconds; newest: the poll that was then the newest up to the clock */
  bool is_stale; /* the feed was */
  const struct loom_id_table *stores; /* these alone, and no groups; NULL: all */
};

/* Clocks at which rules are evaluated: first, first + step, …; or those of rounds, in the order in which they were. */
struct loom_alert_clocks {
  int64_t first, step;                   /* microseconds */
  size_t count;                          /* 1 to LOOM_ALERT_INSTANTS_MAX */
  const struct loom_alert_round *rounds; /* so many, in the place of first and step; NULL: none */
};

typedef struct loom_alert_evaluator loom_alert_evaluator;

/* LOOM_EINVAL names what is wrong with which rule, from 1. */
loom_status loom_alert_evaluator_new(const struct loom_alert_settings *settings, loom_zones *zones,
                                     loom_alert_evaluator **evaluator, loom_error *error);
void loom_alert_evaluator_free(loom_alert_evaluator *evaluator);

/*
** Evaluates all rules at each clock. With `ids` only these stores, and no rule of groups or of the fleet: what a write has changed.
** Without any poll nothing moves. LOOM_EINVAL: the clocks are none, or there are too many groups for them.
*/
loom_status loom_alert_evaluate(loom_alert_evaluator *evaluator, loom_source *source,
                                const struct loom_alert_clocks *clocks,
                                const struct loom_id_table *ids, loom_error *error);

/* The last evaluation's events, by instant, rule and subject; they stay until the next one. */
const struct loom_alert_event *loom_alert_events(const loom_alert_evaluator *evaluator,
                                                 size_t *count);

/* Of how many clocks an evaluation may be, by how many groups there are. */
size_t loom_alert_clocks_most(const loom_alert_evaluator *evaluator);

/* The id of a store by its number; and the number, LOOM_NO_NUMBER where it was never evaluated. */
const char *loom_alert_store(const loom_alert_evaluator *evaluator, uint32_t number,
                             size_t *length);
uint32_t loom_alert_store_number(const loom_alert_evaluator *evaluator, const char *id,
                                 size_t length);

/* Gives the state of a subject. False: there is none. */
bool loom_alert_state_of(const loom_alert_evaluator *evaluator, uint32_t rule, uint32_t subject,
                         struct loom_alert_state *state);

/* Gives a store, a group, the fleet or the feed the state that it had. LOOM_ENOMEM; LOOM_ENOENT: the rule knows no such group. */
loom_status loom_alert_evaluator_put(loom_alert_evaluator *evaluator, uint32_t rule, const char *id,
                                     size_t length, const struct loom_alert_state *state,
                                     loom_error *error);

/*
** Up to which instant all that has a state was judged before, so that a state that was kept, and then stayed the same, is known to have
** been: set it beside the states that are put.
*/
void loom_alert_evaluator_resume(loom_alert_evaluator *evaluator, int64_t instant);

/*
** The median gap between polls of a UTC day that is over, in microseconds, by which the feed may be stale on the next one: it takes a
** day of all polls to find. Who makes an evaluator anew gives it the last one that the other had found. False: it had found none.
*/
bool loom_alert_last_gap(const loom_alert_evaluator *evaluator, int32_t *day, int64_t *gap);
loom_status loom_alert_know_gap(loom_alert_evaluator *evaluator, int32_t day, int64_t gap,
                                loom_error *error);

/* A state that the last evaluation has made another one, for those who keep them: see loom_alert_state_same. */
struct loom_alert_moved {
  uint32_t rule, subject; /* as of events */
};

const struct loom_alert_moved *loom_alert_moved(const loom_alert_evaluator *evaluator,
                                                size_t *count);

/* Of the last verdict of all: what it was, and made from what. False: there was none. */
bool loom_alert_last(const loom_alert_evaluator *evaluator, struct loom_alert_verdict *verdict,
                     struct loom_alert_evidence *evidence);

/* The instant of the last evaluation's last clock; 0: there were no polls. And that clock, and whether the feed was stale then. */
int64_t loom_alert_instant(const loom_alert_evaluator *evaluator, int64_t *clock, bool *is_stale);

#endif
