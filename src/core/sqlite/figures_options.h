/*
** What figures are asked for in SQL: windows and rules, as words.
*/
#ifndef LOOM_FIGURES_OPTIONS_H
#define LOOM_FIGURES_OPTIONS_H

#include "base/error.h"
#include "measure/rules.h"
#include "time/window.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many words one may give: the rules, and some windows. It bounds what one row may cost, too. */
#define LOOM_FIGURES_WORDS_MAX 20

#define LOOM_WINDOW_NAME_MAX 64 /* bytes */

struct loom_figures_options {
  struct loom_rules rules;
  struct loom_window windows[LOOM_FIGURES_WORDS_MAX];
  char names[LOOM_FIGURES_WORDS_MAX][LOOM_WINDOW_NAME_MAX + 1]; /* of the windows */
  bool minutes
      [LOOM_FIGURES_WORDS_MAX]; /* whether uptime and downtime are in minutes, not in hours */
  size_t window_count;
  bool has_as_of; /* otherwise as_of is the newest poll */
  int64_t as_of;
  char zone[LOOM_ZONE_NAME_MAX]; /* of stores without one */
  bool all_stores;
};

struct loom_word {
  const char *bytes; /* need not end with a NUL */
  size_t length;
};

/*
** Reads words: `preset=`, `fill=`, `evidence=`, `no_data=`, `max_gap=` and `slack=` are rules, by their names and durations,
** which override a preset in whatever order they come; `as_of=` is an instant, or a date, which is its first instant in UTC;
** `default_zone=`; `all_stores=true`. All others are windows, as `loom report --window` takes them: `NAME=DURATION`,
** `NAME=FROM/TO` of two instants or two local dates, `NAME=WORD` or WORD of the calendar, and any with `:minutes` behind it.
** Without windows there are the standard ones, whose names are in the options: they are not copied. LOOM_EINVAL tells which word
** is wrong, and why.
*/
loom_status loom_figures_options_read(struct loom_figures_options *options,
                                      const struct loom_word *words, size_t count,
                                      loom_error *error);

#endif
