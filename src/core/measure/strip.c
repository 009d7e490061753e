/*
** Strips.
*/
#include "measure/strip.h"

#include <stdlib.h>
#include <string.h>

bool loom_strip_init(struct loom_strip *strip, size_t bins) {
  strip->bins = bins;
  strip->items = malloc(bins * sizeof *strip->items);
  return strip->items != NULL;
}

void loom_strip_free(struct loom_strip *strip) {
  free(strip->items);
}

void loom_strip_begin(struct loom_strip *strip, struct loom_span window) {
  strip->window = window;
  memset(strip->items, 0, strip->bins * sizeof *strip->items);
}

/* Where a bin starts. Windows are below 2^52 microseconds and bins below 2^14, but their product is not below 2^63. */
static int64_t bin_start(const struct loom_strip *strip, size_t bin) {
  int64_t length = strip->window.end - strip->window.start, bins = (int64_t)strip->bins;
  return strip->window.start + length / bins * (int64_t)bin + length % bins * (int64_t)bin / bins;
}

/* The bin that holds an instant of the window. */
static size_t bin_of(const struct loom_strip *strip, int64_t instant) {
  double share =
      (double)(instant - strip->window.start) / (double)(strip->window.end - strip->window.start);
  size_t bin = (size_t)(share * (double)strip->bins);
  if (bin >= strip->bins)
    bin = strip->bins - 1;
  while (bin > 0 && bin_start(strip, bin) > instant)
    bin--;
  while (bin + 1 < strip->bins && bin_start(strip, bin + 1) <= instant)
    bin++;
  return bin;
}

/* Adds the span's share of each bin to the counter at `offset` in the bin. */
static void spread(struct loom_strip *strip, struct loom_span span, size_t offset) {
  if (span.start < strip->window.start)
    span.start = strip->window.start;
  if (span.end > strip->window.end)
    span.end = strip->window.end;
  if (span.start >= span.end)
    return;
  for (size_t bin = bin_of(strip, span.start); span.start < span.end; bin++) {
    int64_t end = bin_start(strip, bin + 1);
    int64_t stop = end < span.end ? end : span.end;
    *(int64_t *)((char *)&strip->items[bin] + offset) += stop - span.start;
    span.start = stop;
  }
}

void loom_strip_add(void *context, struct loom_span span, enum loom_state state,
                    const loom_poll *poll) {
  static const size_t offsets[] = {[LOOM_DOWN] = offsetof(struct loom_bin, down),
                                   [LOOM_UP] = offsetof(struct loom_bin, up),
                                   [LOOM_UNKNOWN] = offsetof(struct loom_bin, unknown),
                                   [LOOM_EXCLUDED] = offsetof(struct loom_bin, excluded)};
  (void)poll;
  spread(context, span, offsets[state]);
}

static char letter(const struct loom_bin *bin) {
  int64_t scheduled = bin->up + bin->down + bin->unknown, open = scheduled + bin->excluded;
  if (open == 0)
    return 'c';
  if (2 * bin->down >= scheduled && bin->down > 0)
    return 'd';
  if (bin->down > 0)
    return 'p';
  if (2 * bin->excluded >= open)
    return 'x';
  return 2 * bin->unknown >= scheduled ? 'n' : 'u';
}

void loom_strip_finish(const struct loom_strip *strip, char *letters) {
  for (size_t bin = 0; bin < strip->bins; bin++)
    letters[bin] = letter(&strip->items[bin]);
}
