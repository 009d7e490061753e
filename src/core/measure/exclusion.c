/*
** Rules of exclusions to spans of instants.
*/
#include "measure/exclusion.h"
#include "base/grow.h"
#include "measure/schedule.h"
#include "measure/week.h"
#include "time/civil.h"

#include <stdlib.h>

const char *loom_exclusion_rule_problem(int64_t from, int64_t to, bool weekly) {
  if (from < LOOM_INSTANT_MIN || to > LOOM_INSTANT_MAX)
    return "is outside the years 1 to 9999";
  if (to <= from)
    return "ends before it starts";
  if (weekly && (from % LOOM_DAY || (to % LOOM_DAY && to != LOOM_INSTANT_MAX)))
    return "is weekly, and does not begin and end with a date";
  return NULL;
}

bool loom_exclusion_rules_add(struct loom_exclusion_rules *rules, struct loom_exclusion_rule rule,
                              const unsigned char *week, size_t size) {
  if (!loom_grow(&rules->items, &rules->capacity, rules->count + 1, sizeof *rules->items))
    return false;
  rule.opening = rules->openings.count;
  rule.opening_count = size / LOOM_OPENING_SIZE;
  for (size_t i = 0; i < rule.opening_count; i++) {
    struct loom_hours opening = {0};
    loom_opening_unpack(week + i * LOOM_OPENING_SIZE, &opening);
    if (!loom_hours_list_add(&rules->openings, opening))
      return false;
  }
  rules->items[rules->count++] = rule;
  return true;
}

void loom_exclusion_rules_clear(struct loom_exclusion_rules *rules) {
  rules->count = rules->openings.count = 0;
}

void loom_exclusion_rules_free(struct loom_exclusion_rules *rules) {
  free(rules->items);
  loom_hours_list_free(&rules->openings);
  *rules = (struct loom_exclusion_rules){0};
}

static bool add(struct loom_spans *spans, struct loom_span span, struct loom_span hull) {
  return span.end <= span.start || span.end <= hull.start || span.start >= hull.end ||
         loom_spans_add(spans, span.start, span.end);
}

/* The instant of what the clocks show, to the microsecond. */
static int64_t instant_of(const loom_zone *zone, int64_t shown) {
  int64_t micros = (shown % LOOM_SECOND + LOOM_SECOND) % LOOM_SECOND;
  return loom_zone_instant(zone, (shown - micros) / LOOM_SECOND) * LOOM_SECOND + micros;
}

static bool expand_weekly(const struct loom_exclusion_rules *rules,
                          const struct loom_exclusion_rule *rule, const loom_zone *zone,
                          struct loom_span hull, int32_t slack, struct loom_spans *spans) {
  const struct loom_hours *openings = rules->openings.items + rule->opening;
  int32_t first, last;
  size_t near = 0;
  loom_schedule_dates(hull.start, hull.end, &first, &last);
  for (int32_t date = first; date <= last; date++) {
    int64_t midnight = date * LOOM_DAY;
    if (midnight < rule->from || midnight >= rule->to)
      continue;
    int weekday = loom_weekday(date);
    for (size_t i = 0; i < rule->opening_count; i++)
      if (openings[i].weekday == weekday &&
          !add(spans,
               loom_schedule_span_near(zone, date, openings[i].open, openings[i].close, slack,
                                       &near),
               hull))
        return false;
  }
  return true;
}

size_t loom_exclusion_rule_most(const struct loom_exclusion_rule *rule, struct loom_span hull) {
  int64_t from = hull.start - LOOM_RULE_REACH, to = hull.end + LOOM_RULE_REACH;
  from = rule->from > from ? rule->from : from;
  to = rule->to < to ? rule->to : to;
  if (to <= from)
    return 0;
  return rule->opening_count ? rule->opening_count * (size_t)((to - from) / (7 * LOOM_DAY) + 2) : 1;
}

bool loom_exclusion_rule_expand(const struct loom_exclusion_rules *rules,
                                const struct loom_exclusion_rule *rule, const loom_zone *zone,
                                struct loom_span hull, int32_t slack, struct loom_spans *spans) {
  if (rule->from >= hull.end + LOOM_RULE_REACH || rule->to <= hull.start - LOOM_RULE_REACH)
    return true;
  if (rule->opening_count)
    return expand_weekly(rules, rule, zone, hull, slack, spans);
  return add(spans, (struct loom_span){instant_of(zone, rule->from), instant_of(zone, rule->to)},
             hull);
}
