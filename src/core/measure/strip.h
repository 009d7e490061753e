/*
** A window cut into bins of equal length, each a letter: how a store fared at a glance.
**
**   u up   p partly down: less than half of the time it was open   d down: half of it or more
**   n unknown: at least half   x taken out by exclusions: at least half   c closed
**
**   loom_strip_init → for each store: loom_strip_begin → loom_strip_add, … → loom_strip_finish → loom_strip_free
*/
#ifndef LOOM_STRIP_H
#define LOOM_STRIP_H

#include "measure/rules.h"
#include "measure/uptime.h"
#include "time/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_STRIP_BINS_MAX 10000

struct loom_strip {
  struct loom_span window;
  size_t bins;
  struct loom_bin {
    int64_t up, down, unknown, excluded; /* microseconds */
  } * items;
};

/* False: memory is out. */
bool loom_strip_init(struct loom_strip *strip, size_t bins);
void loom_strip_free(struct loom_strip *strip);

/* Starts on a window; loom_strip_add then takes its segments from the kernel. */
void loom_strip_begin(struct loom_strip *strip, struct loom_span window);
void loom_strip_add(void *strip, struct loom_span span, enum loom_state state,
                    const loom_poll *poll);

/* Fills `letters`, one to a bin. */
void loom_strip_finish(const struct loom_strip *strip, char *letters);

#endif
