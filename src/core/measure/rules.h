/*
** The rules that turn polls into figures: how hours are read, how far a poll vouches, what silence means.
*/
#ifndef LOOM_RULES_H
#define LOOM_RULES_H

#include "time/civil.h"

#include <stdbool.h>
#include <stdint.h>

/* Which time a poll vouches for. */
enum loom_fill {
  LOOM_FILL_BACKWARD, /* since the poll before it */
  LOOM_FILL_FORWARD,  /* up to the next poll */
  LOOM_FILL_NEAREST   /* up to the midpoints between it and its neighbours */
};

/* Which polls speak for a piece: those inside it, or its neighbours on either side too. */
enum loom_evidence { LOOM_EVIDENCE_INSIDE, LOOM_EVIDENCE_AROUND };

/*
** What a stretch of a piece is. No rule makes it LOOM_EXCLUDED: exclusions do, whatever it was judged to be. What a store is
** outside of its pieces is LOOM_SHUT, which is called closed.
*/
enum loom_state { LOOM_DOWN, LOOM_UP, LOOM_UNKNOWN, LOOM_EXCLUDED, LOOM_SHUT };

#define LOOM_STATES 5

#define LOOM_NO_MAX_GAP (-1)
#define LOOM_MAX_GAP_MAX (36525 * LOOM_DAY) /* a century, which is the longest window */
#define LOOM_SLACK_MAX 86399                /* less than a day */

struct loom_rules {
  int32_t slack; /* seconds, 0 to LOOM_SLACK_MAX: a close this near 24:00:00 is 24:00:00 */
  enum loom_fill fill;
  enum loom_evidence evidence;
  enum loom_state no_data; /* the state of a piece without evidence */
  /* microseconds, 0 to LOOM_MAX_GAP_MAX; time further from its poll is unknown. LOOM_NO_MAX_GAP: no limit */
  int64_t max_gap;
};

/* The names of presets, and of each value of the other rules in its order. They end with NULL. */
extern const char *const loom_preset_names[],
    *const loom_fill_names[], *const loom_evidence_names[], *const loom_no_data_names[];

/* The names of states, in their order. They end with NULL. */
extern const char *const loom_state_names[];

/* The name of a state. */
const char *loom_state_name(enum loom_state state);

/* Sets all rules to those of a preset. False: there is none of that name. */
bool loom_rules_preset(const char *name, struct loom_rules *rules);

#endif
