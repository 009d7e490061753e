/*
** What becomes of an alert: the state of one (rule, subject), and how a result moves it.
**
**   ok → pending (true, `fires` not yet met) → firing → resolving (false, `ends` not yet met) → ok
**
** Pure: a step is a function of the rule, the result, the state before and the instant. Business time comes in as how much of it
** has passed since the last step, so that nothing here knows of openings, and what is long ago needs no reading.
*/
#ifndef LOOM_ALERT_MACHINE_H
#define LOOM_ALERT_MACHINE_H

#include "alert/rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loom_alert_phase {
  LOOM_ALERT_OK,
  LOOM_ALERT_PENDING,
  LOOM_ALERT_FIRING,
  LOOM_ALERT_RESOLVING
};

/* The names of phases, in their order. They end with NULL. */
extern const char *const loom_alert_phase_names[];

enum loom_alert_result { LOOM_ALERT_NONE, LOOM_ALERT_FALSE, LOOM_ALERT_TRUE };

/* Why there is no result; for those who ask. */
enum loom_alert_absence {
  LOOM_ALERT_PRESENT,
  LOOM_ALERT_CLOSED,
  LOOM_ALERT_EXCLUDED,
  LOOM_ALERT_DORMANT,
  LOOM_ALERT_HELD,
  LOOM_ALERT_UNKNOWN_NOW, /* what it is, or too little of what it was, is known */
};

/* Their names: nothing for what is there. They end with NULL. */
extern const char *const loom_alert_absence_names[];

/* Without a result for so long, in wall time, what fires expires. */
#define LOOM_ALERT_EXPIRY (7 * LOOM_DAY)

/* So many transitions within so much business time flap; it is over after so much without one. */
#define LOOM_ALERT_FLAPS 4
#define LOOM_ALERT_FLAPPING (24 * LOOM_HOUR)
#define LOOM_ALERT_CALM (2 * LOOM_HOUR)

/* What a rule makes of a subject at an instant. */
struct loom_alert_verdict {
  enum loom_alert_result result;
  enum loom_alert_absence absence; /* of a result */
  double value;                    /* what the rule compares: microseconds, a ratio, a number */
  int64_t since;    /* since when it is so; the instant itself for what windows have */
  int64_t from;     /* where what the result is made from begins */
  int64_t step;     /* business time since the state's instant, in microseconds */
  bool is_taken;    /* an exclusion entered since has taken the evidence of what fires away */
  int64_t excluded; /* what exclusions take out since `from`, in microseconds */
};

/* The state of one (rule, subject). All zeros is that of one that was never judged. */
struct loom_alert_state {
  uint64_t meaning;
  enum loom_alert_phase phase;
  bool is_flapping;
  bool is_quiet;                 /* its alert's last transition was not told, since it flaps */
  uint64_t history;              /* results, the last one in the lowest bit: 1 is true */
  int32_t count;                 /* how many, up to LOOM_ALERT_OF_MAX */
  int64_t at;                    /* the instant of the last step; 0: there was none */
  int64_t last_result;           /* and of the last one with a result */
  int64_t clock;                 /* business time of all steps, in microseconds */
  int64_t true_clock, true_at;   /* at the first true one of what is pending or fires */
  int64_t false_clock, false_at; /* at the first false one of what resolves */
  int64_t fired_at; /* the instant of the firing that goes on: it tells the alert from others */
  int64_t since;    /* since when it was so */
  int64_t from;     /* where what it fired for begins */
  int64_t excluded; /* what exclusions took out of [from, fired_at] then */
  int64_t
      flaps[LOOM_ALERT_FLAPS]; /* the clock at the last transitions, the last one first; 0: none */
};

enum loom_alert_change {
  LOOM_ALERT_STAYS,
  LOOM_ALERT_FIRES,
  LOOM_ALERT_RESOLVES,
  LOOM_ALERT_FLAPS_NOW,
  LOOM_ALERT_EXPIRES
};

/* "firing", "resolved", "flapping", "expired": what an event of a change is; "" for none. They end with NULL. */
extern const char *const loom_alert_change_names[];

/* Why it is over. */
enum loom_alert_reason {
  LOOM_ALERT_RECOVERED,
  LOOM_ALERT_RULE_CHANGED,
  LOOM_ALERT_EVIDENCE_EXCLUDED,
  LOOM_ALERT_STORE_LEFT,
  LOOM_ALERT_RULE_REMOVED,
  LOOM_ALERT_NO_RESULT
};

/* "recovered", "rule_changed", "excluded", "store_left", "rule_removed", "no_result". They end with NULL. */
extern const char *const loom_alert_reason_names[];

struct loom_alert_transition {
  enum loom_alert_change change;
  enum loom_alert_reason reason; /* of LOOM_ALERT_RESOLVES and LOOM_ALERT_EXPIRES */
  int64_t fired_at;              /* of the alert: its rule, its subject and this are its identity */
  int64_t since;
};

/*
** One step at an instant, in microseconds. An instant before that of the state moves nothing: clocks jump back. The same instant
** again moves no counter, but hears that the rule has changed, or that evidence was taken away.
*/
struct loom_alert_transition loom_alert_step(const struct loom_alert_rule *rule,
                                             const struct loom_alert_verdict *verdict,
                                             int64_t instant, struct loom_alert_state *state);

/* Ends what is of a rule that is no more, or of a store that has left: the state is that of one never judged. */
struct loom_alert_transition loom_alert_end(enum loom_alert_reason reason,
                                            struct loom_alert_state *state);

/*
** Whether a state is as good as that of one never judged: nothing is true, was told, or has flapped of late. Such ones need not be
** kept.
*/
bool loom_alert_state_is_plain(const struct loom_alert_state *state);

/*
** Whether what is to come makes no difference between two states of one subject: of one that has only become older, the instant and
** its clock follow from the older one and the business time since, so that it need not be written again.
*/
bool loom_alert_state_same(const struct loom_alert_rule *rule, const struct loom_alert_state *a,
                           const struct loom_alert_state *b);

/*
** What became of a state that was kept, and the same since, by an instant up to which it had been judged before: so much business
** time has passed. One that is as new stays so.
*/
void loom_alert_state_catch_up(struct loom_alert_state *state, int64_t instant, int64_t business);

/* A state as bytes of any machine, whose first one is the version of the form. */
#define LOOM_ALERT_STATE_SIZE 144
#define LOOM_ALERT_STATE_VERSION 1

void loom_alert_state_pack(const struct loom_alert_state *state,
                           unsigned char bytes[LOOM_ALERT_STATE_SIZE]);

/* False: they are of no state, or of a later Loom's. */
bool loom_alert_state_unpack(const unsigned char *bytes, size_t size,
                             struct loom_alert_state *state);

#endif
