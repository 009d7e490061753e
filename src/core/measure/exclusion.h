/*
** Exclusions whose times are those that clocks show, once or every week: rules, which become instants for each zone.
**
**   {0} → loom_exclusion_rules_add, … → for each store: loom_exclusion_rule_expand → count = 0 and again, or
**   loom_exclusion_rules_free
*/
#ifndef LOOM_EXCLUSION_H
#define LOOM_EXCLUSION_H

#include "measure/hours.h"
#include "time/span.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the place of a zone's name: that of each store. */
#define LOOM_STORE_ZONE "store"

/* Openings of a weekly rule: more than one an hour of a day is nobody's maintenance, and as text they stay far below a row's bound. */
#define LOOM_RULE_OPENINGS_MAX 100

/*
** How many spans rules may make at a time, 32 MB of them: every day of fifty rules in a hundred years. Thousands of rules in a
** century would take all memory, and minutes in which nothing can be cancelled.
*/
#define LOOM_RULE_SPANS_MAX ((size_t)2 * 1024 * 1024)

/* How much further than a stretch of instants rules must be looked for: a zone's offset, and a span that begins the date before. */
#define LOOM_RULE_REACH (3 * INT64_C(86400000000)) /* microseconds */

/*
** What the clocks show, in microseconds since they showed 1970-01-01T00:00:00. A weekly rule has its openings on the dates from
** `from`, a midnight, to the one before `to`; LOOM_INSTANT_MIN and LOOM_INSTANT_MAX are no bounds. Without openings it is one
** stretch.
*/
struct loom_exclusion_rule {
  char zone[LOOM_ZONE_NAME_MAX]; /* LOOM_STORE_ZONE, or a name */
  int64_t from, to;
  size_t opening, opening_count; /* its own among those of the list */
};

struct loom_exclusion_rules {
  struct loom_exclusion_rule *items;
  size_t count, capacity;
  struct loom_hours_list openings;
};

/* Why these can be no rule's, in words that complete `it …`; or NULL. Weekly ones have a week. */
const char *loom_exclusion_rule_problem(int64_t from, int64_t to, bool weekly);

/* Adds a rule whose openings are in a packed week, which has no problem; none: it is one stretch. False: memory is out. */
bool loom_exclusion_rules_add(struct loom_exclusion_rules *rules, struct loom_exclusion_rule rule,
                              const unsigned char *week, size_t size);
void loom_exclusion_rules_clear(struct loom_exclusion_rules *rules);
void loom_exclusion_rules_free(struct loom_exclusion_rules *rules);

/* At most so many spans a rule makes of what reaches into [hull.start, hull.end). */
size_t loom_exclusion_rule_most(const struct loom_exclusion_rule *rule, struct loom_span hull);

/*
** Adds what a rule takes out where the clocks are those of `zone`, as far as it reaches into [hull.start, hull.end): its openings
** become instants as those of hours do (see loom_schedule_span; `slack` in seconds). False: memory is out.
*/
bool loom_exclusion_rule_expand(const struct loom_exclusion_rules *rules,
                                const struct loom_exclusion_rule *rule, const loom_zone *zone,
                                struct loom_span hull, int32_t slack, struct loom_spans *spans);

#endif
