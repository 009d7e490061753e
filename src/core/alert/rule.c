/*
** What rules may be.
*/
#include "alert/rule.h"

const char *const loom_alert_kind_names[] = {"inactive_polls", "down_for", "down_time", "ratio",
                                             "outages",        "unknown",  "late_open", "no_poll",
                                             "group_down",     "budget",   "system",    NULL};

static bool is_share(double share) {
  return share >= 0 && share <= 1;
}

static bool is_of_window(const struct loom_alert_rule *rule) {
  return rule->kind == LOOM_ALERT_DOWN_TIME || rule->kind == LOOM_ALERT_RATIO ||
         rule->kind == LOOM_ALERT_OUTAGES || rule->kind == LOOM_ALERT_UNKNOWN ||
         rule->kind == LOOM_ALERT_BUDGET;
}

static const char *need_problem(const struct loom_alert_need *need) {
  if (need->of < 1 || need->of > LOOM_ALERT_OF_MAX || need->count < 1 || need->count > need->of)
    return "counts are from 1 to 64, and no more than of";
  if (need->time < 0 || need->time > LOOM_ALERT_WINDOW_MAX)
    return "times are up to 31 days";
  return NULL;
}

static const char *kind_problem(const struct loom_alert_rule *rule) {
  switch (rule->kind) {
  case LOOM_ALERT_INACTIVE_POLLS:
    return rule->of < 1 || rule->of > LOOM_ALERT_POLLS_MAX || rule->count < 1 ||
                   rule->count > rule->of
               ? "count is from 1 to of, and of up to 60 polls"
               : NULL;
  case LOOM_ALERT_OUTAGES:
    return rule->count < 1 ? "count is 1 or more" : NULL;
  case LOOM_ALERT_RATIO:
  case LOOM_ALERT_UNKNOWN:
    return is_share(rule->share) ? NULL : "its share is from 0 to 1";
  case LOOM_ALERT_GROUP_DOWN:
    return is_share(rule->share) && rule->count >= 1 ? NULL
                                                     : "count is 1 or more, its share from 0 to 1";
  case LOOM_ALERT_BUDGET:
    if (rule->target < 0 || rule->target >= 1)
      return "its target is from 0 to less than 1";
    return rule->share > 1 || (rule->share < 0 && rule->burnt <= 0)
               ? "it tells what must be left or what is burnt"
               : NULL;
  default:
    return NULL;
  }
}

const char *loom_alert_rule_problem(const struct loom_alert_rule *rule) {
  bool is_fleet_wide = rule->kind == LOOM_ALERT_NO_POLL;
  if (rule->time < 0 || rule->time > LOOM_ALERT_WINDOW_MAX)
    return "its time is up to 31 days";
  if (is_of_window(rule) && !rule->month &&
      (rule->window <= 0 || rule->window > LOOM_ALERT_WINDOW_MAX))
    return "its window is up to 31 days";
  if (rule->burn_long < 0 || rule->burn_long > LOOM_ALERT_WINDOW_MAX || rule->burn_short < 0 ||
      rule->burn_short > rule->burn_long)
    return "the shorter window is within the longer one, of up to 31 days";
  if (rule->scope == LOOM_ALERT_FLEET && !is_fleet_wide)
    return "only no_poll is of the fleet";
  if (rule->scope == LOOM_ALERT_GROUP && !is_of_window(rule) && !is_fleet_wide &&
      rule->kind != LOOM_ALERT_GROUP_DOWN)
    return "it is of stores alone";
  if (rule->scope == LOOM_ALERT_STORE && rule->kind == LOOM_ALERT_GROUP_DOWN)
    return "group_down is of groups";
  const char *problem = kind_problem(rule);
  if (!problem)
    problem = need_problem(&rule->fires);
  return problem ? problem : need_problem(&rule->ends);
}

int64_t loom_alert_rule_reach(const struct loom_alert_rule *rule) {
  /* business time is spread over more than itself: what takes longer than a day of it looks as far back as there is */
  bool is_far = rule->month || rule->time > LOOM_DAY || rule->burn_long > 0;
  int64_t window = is_far ? LOOM_ALERT_WINDOW_MAX : rule->window;
  /* a month begins by each store's clock */
  int64_t reach = window + LOOM_DAY;
  return reach > LOOM_ALERT_REACH_LEAST ? reach : LOOM_ALERT_REACH_LEAST;
}
