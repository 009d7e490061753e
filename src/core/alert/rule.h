/*
** Rules of alerts, compiled: when one is true, how often and for how long it must be before it fires, and how long it must not be
** before it is over. Which stores a rule is for, its name, its channels and its words are for others (lua/loom/alerts).
*/
#ifndef LOOM_ALERT_RULE_H
#define LOOM_ALERT_RULE_H

#include "base/error.h"
#include "time/civil.h"

#include <stdbool.h>
#include <stdint.h>

enum loom_alert_kind {
  LOOM_ALERT_INACTIVE_POLLS,
  LOOM_ALERT_DOWN_FOR,
  LOOM_ALERT_DOWN_TIME,
  LOOM_ALERT_RATIO,
  LOOM_ALERT_OUTAGES,
  LOOM_ALERT_UNKNOWN,
  LOOM_ALERT_LATE_OPEN,
  LOOM_ALERT_NO_POLL,
  LOOM_ALERT_GROUP_DOWN,
  LOOM_ALERT_BUDGET,
  LOOM_ALERT_SYSTEM
};

/* The names of the kinds, in their order. They end with NULL. */
extern const char *const loom_alert_kind_names[];

/* What a rule judges: each store, each group of stores, or all of them at once. */
enum loom_alert_scope { LOOM_ALERT_STORE, LOOM_ALERT_GROUP, LOOM_ALERT_FLEET };

/* How many rules are evaluated at a time: a fleet has some dozens, and each costs a state to every store. */
#define LOOM_ALERT_RULES_MAX 1000

/* Results that are remembered, a bit each: more than an hour of evaluations. */
#define LOOM_ALERT_OF_MAX 64

/* The longest window: four weeks, or the 31 days of a calendar month; it is what each evaluation has to read. */
#define LOOM_ALERT_WINDOW_MAX (31 * LOOM_DAY)

/* What is read before an instant in any case: a week, in which stores are dormant, and a day for what zones add. */
#define LOOM_ALERT_REACH_LEAST (8 * LOOM_DAY)

/* Of how many polls inactive_polls tells: those of an hour, polled every minute. */
#define LOOM_ALERT_POLLS_MAX 60

/* Durations are microseconds of business time, or of wall time where `wall` says so; 0 where there is none. */
struct loom_alert_need {
  int32_t count, of; /* results, 1 to LOOM_ALERT_OF_MAX; count <= of */
  int64_t time;
  bool wall;
};

struct loom_alert_rule {
  enum loom_alert_kind kind;
  enum loom_alert_scope scope;
  uint64_t meaning; /* of all that decides results: a state of another meaning is another rule's */
  int32_t count, of;
  int64_t time;   /* d of down_for, down_time, late_open and no_poll */
  bool wall;      /* whose time is wall time */
  double share;   /* x, or of a budget what must be left; below 0: there is none */
  int64_t window; /* up to the instant, in wall time, as windows of reports */
  bool month;     /* the calendar month of the store instead */
  double target;  /* of a budget, below 1 */
  double
      burnt; /* y: of the budget, within `burn_long` and still in `burn_short`; 0: is not asked */
  int64_t burn_long, burn_short;      /* business time */
  int64_t min_known;                  /* less known time in the window is no result */
  int64_t max_gap;                    /* of the polls that vouch; see loom_rules */
  bool dormant;                       /* dormant stores are judged, too */
  struct loom_alert_need fires, ends; /* `for` and `keep`; of `ends` count is all of `of` */
};

/* What is wrong with a rule, in words that complete `rule NAME: …`; NULL: nothing is. */
const char *loom_alert_rule_problem(const struct loom_alert_rule *rule);

/*
** How long before an instant the rule looks, in microseconds of wall time. What began before that counts from there, so that a
** verdict is of the rule and the instant, however much else has been read.
*/
int64_t loom_alert_rule_reach(const struct loom_alert_rule *rule);

#endif
