/*
** Gaps of a feed.
*/
#include "report/minutes.h"
#include "base/grow.h"
#include "time/civil.h"

#include <stdlib.h>

bool loom_minutes_init(struct loom_minutes *minutes, int64_t from, int64_t to) {
  int64_t into = ((from % LOOM_MINUTE) + LOOM_MINUTE) % LOOM_MINUTE;
  *minutes = (struct loom_minutes){.from = from - into};
  minutes->count = (size_t)((to - minutes->from + LOOM_MINUTE - 1) / LOOM_MINUTE);
  minutes->polled = calloc(minutes->count + 1, 1);
  minutes->opened = calloc(minutes->count + 1, sizeof *minutes->opened);
  return minutes->polled && minutes->opened;
}

void loom_minutes_poll(struct loom_minutes *minutes, int64_t instant) {
  size_t at = (size_t)((instant - minutes->from) / LOOM_MINUTE);
  if (instant < minutes->from || at >= minutes->count)
    return;
  minutes->polled[at] = 1;
  minutes->polls++;
}

/* The first minute that begins at an instant or after it, of those that there are. */
static size_t minute_after(const struct loom_minutes *minutes, int64_t instant) {
  if (instant <= minutes->from)
    return 0;
  size_t at = (size_t)((instant - minutes->from + LOOM_MINUTE - 1) / LOOM_MINUTE);
  return at < minutes->count ? at : minutes->count;
}

void loom_minutes_open(struct loom_minutes *minutes, struct loom_span opening) {
  size_t first = minute_after(minutes, opening.start), end = minute_after(minutes, opening.end);
  minutes->opened[first]++;
  minutes->opened[end]--;
}

/* Makes of the changes how many stores are open in each minute; returns their sum. */
static double sum_up(struct loom_minutes *minutes) {
  double sum = 0;
  for (size_t i = 0; i < minutes->count; i++) {
    minutes->opened[i] += i ? minutes->opened[i - 1] : 0;
    sum += minutes->opened[i];
  }
  return sum;
}

static bool add_gap(const struct loom_minutes *minutes, size_t begin, size_t end, double expected,
                    struct loom_gaps *gaps) {
  if (!loom_grow(&gaps->items, &gaps->capacity, gaps->count + 1, sizeof *gaps->items))
    return false;
  gaps->items[gaps->count++] = (struct loom_gap){
      {minutes->from + (int64_t)begin * LOOM_MINUTE, minutes->from + (int64_t)end * LOOM_MINUTE},
      expected};
  return true;
}

/* What comes before the first poll is no gap: nobody knows how long it is. */
static size_t first_polled(const struct loom_minutes *minutes) {
  size_t first = 0;
  while (first < minutes->count && !minutes->polled[first])
    first++;
  return first;
}

bool loom_minutes_gaps(struct loom_minutes *minutes, int64_t least, double expected,
                       struct loom_gaps *gaps) {
  double all = sum_up(minutes), share = all > 0 ? (double)minutes->polls / all : 0, open = 0;
  size_t begin = first_polled(minutes);
  for (size_t i = begin; i <= minutes->count; i++) {
    if (i < minutes->count && !minutes->polled[i]) {
      open += minutes->opened[i];
      continue;
    }
    if ((int64_t)(i - begin) * LOOM_MINUTE >= least && open * share >= expected && i > begin &&
        !add_gap(minutes, begin, i, open * share, gaps))
      return false;
    begin = i + 1;
    open = 0;
  }
  return true;
}

void loom_minutes_free(struct loom_minutes *minutes) {
  free(minutes->polled);
  free(minutes->opened);
  minutes->polled = NULL;
  minutes->opened = NULL;
}
