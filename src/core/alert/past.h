/*
** What rules are judged by: a store's last days as runs of one state, with sums up to each, so that what it was in any stretch
** that ends at any instant is two binary searches. By fill `forward` a later poll never takes back what was said, so that one past
** serves all instants in it, as if nothing after them were known.
*/
#ifndef LOOM_ALERT_PAST_H
#define LOOM_ALERT_PAST_H

#include "measure/measure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times in microseconds of business time, but for what is excluded from it. */
struct loom_alert_sums {
  int64_t up, down, unknown, excluded;
};

struct loom_alert_run {
  struct loom_span span;
  enum loom_state state;
  struct loom_alert_sums before; /* from the hull's start to the run's */
};

/* {0} → loom_alert_past_fill of each store → loom_alert_past_free */
struct loom_alert_past {
  struct loom_span hull;
  struct loom_alert_run *runs; /* in order; those of one state that touch are one */
  size_t count, capacity;
  const struct loom_spans *openings; /* of the measure, whole */
  const loom_poll *polls;            /* of the store, from before the hull on */
  size_t poll_count;
  bool polled;
  int64_t first_poll; /* before it nothing was known */
  const loom_zone *zone;
};

/*
** Judges a store that has been laid out by loom_measure_store, over the setting's hull. The measure and the store must stay. The rules
** of the setting are to be those of preset monitoring but for max_gap.
*/
loom_status loom_alert_past_fill(struct loom_alert_past *past, struct loom_measure *measure,
                                 loom_error *error);
void loom_alert_past_free(struct loom_alert_past *past);

/* What it was from one instant to another, as far as the hull reaches, as seen from the latter. */
struct loom_alert_sums loom_alert_past_between(const struct loom_alert_past *past, int64_t from,
                                               int64_t to);

/* Business time in (from, to], as far as the hull reaches. */
int64_t loom_alert_past_business(const struct loom_alert_past *past, int64_t from, int64_t to);

/* The latest instant from which there is so much business time up to `to`; the hull's start where there is not. */
int64_t loom_alert_past_back(const struct loom_alert_past *past, int64_t to, int64_t business);

/* What it is just before an instant, and since when, as far as the hull reaches. */
enum loom_state loom_alert_past_state(const struct loom_alert_past *past, int64_t instant,
                                      int64_t *since);

/* How many outages reach into [from, to). */
int64_t loom_alert_past_outages(const struct loom_alert_past *past, int64_t from, int64_t to);

/* The opening that contains the moment before an instant, or NULL. */
const struct loom_span *loom_alert_past_opening(const struct loom_alert_past *past,
                                                int64_t instant);

/* How many polls there are at an instant and before. */
size_t loom_alert_past_polls(const struct loom_alert_past *past, int64_t instant);

/* Whether a poll is in business time. */
bool loom_alert_past_counts(const struct loom_alert_past *past, loom_poll poll);

#endif
