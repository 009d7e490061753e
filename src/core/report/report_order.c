/*
** Orders, sums and percentiles of a report's rows.
*/
#include "report/report_order.h"
#include "base/fetch.h"
#include "base/ratio.h"
#include "report/column.h"
#include "report/report_csv.h"
#include "time/civil.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[LOOM_FIGURE_COUNT] = {"up",        "down",  "unknown", "excluded",
                                                     "scheduled", "ratio", "outages", "longest",
                                                     "mttr",      "mtbf",  "polls"};

enum loom_figure loom_figure_from_name(const char *name) {
  int figure = 0;
  while (figure < LOOM_FIGURE_COUNT && strcmp(names[figure], name) != 0)
    figure++;
  return (enum loom_figure)figure;
}

static bool divide(int64_t a, int64_t b, double *value) {
  *value = b ? (double)a / (double)b : 0;
  return b != 0;
}

static bool divide_time(int64_t microseconds, int64_t by, double *seconds) {
  bool defined = divide(microseconds, by, seconds);
  *seconds /= LOOM_SECOND;
  return defined;
}

bool loom_figure_value(const struct loom_figures *f, enum loom_figure figure, double *value) {
  switch (figure) {
  case LOOM_FIGURE_RATIO:
    return divide(f->up, f->up + f->down, value);
  case LOOM_FIGURE_MTTR:
    return divide_time(f->down, f->outages, value);
  case LOOM_FIGURE_MTBF:
    return divide_time(f->up, f->outages, value);
  case LOOM_FIGURE_OUTAGES:
    *value = (double)f->outages;
    return true;
  case LOOM_FIGURE_POLLS:
    *value = (double)f->polls;
    return true;
  default:
    break;
  }
  const int64_t times[LOOM_FIGURE_COUNT] = {
      [LOOM_FIGURE_UP] = f->up,
      [LOOM_FIGURE_DOWN] = f->down,
      [LOOM_FIGURE_UNKNOWN] = f->unknown,
      [LOOM_FIGURE_EXCLUDED] = f->excluded,
      [LOOM_FIGURE_SCHEDULED] = f->up + f->down + f->unknown,
      [LOOM_FIGURE_LONGEST] = f->longest,
  };
  *value = (double)times[figure] / LOOM_SECOND;
  return true;
}

bool loom_figure_change(const struct loom_figures *figures, const struct loom_figures *before,
                        enum loom_figure figure, double *change) {
  double now, earlier;
  if (!loom_figure_value(figures, figure, &now) || !loom_figure_value(before, figure, &earlier))
    return false;
  *change = now - earlier;
  if (figure == LOOM_FIGURE_RATIO)
    *change = (double)(loom_millionths(figures->up, figures->up + figures->down) -
                       loom_millionths(before->up, before->up + before->down)) /
              LOOM_MILLION;
  return true;
}

/* rows: the figures of each are somewhere else, and are fetched while those before it are looked at */
#define AHEAD 16

/* A row's figures in a window; NULL where the row is not among those chosen. Rows are to be asked for one after the other. */
static const struct loom_figures *chosen_figures(const loom_report *report, size_t row,
                                                 size_t window, const unsigned char *only) {
  size_t next = row + AHEAD;
  if (next < loom_report_count(report) && (!only || only[next])) {
    const struct loom_figures *figures = loom_report_figures(report, next) + window;
    loom_fetch(figures);
    loom_fetch(&figures->polls);
  }
  return !only || only[row] ? loom_report_figures(report, row) + window : NULL;
}

/* ---- orders ---- */

struct entry {
  double value; /* such that less comes first */
  int64_t down; /* of entries of one value the most comes first */
  bool defined;
  size_t row; /* rows are numbered in order of their ids */
};

static int compare(const void *a, const void *b) {
  const struct entry *left = a, *right = b;
  if (left->defined != right->defined)
    return left->defined ? -1 : 1;
  if (left->defined && left->value != right->value)
    return left->value < right->value ? -1 : 1;
  if (left->down != right->down)
    return left->down > right->down ? -1 : 1;
  return (left->row > right->row) - (left->row < right->row);
}

/* Where a store's id is, or would be, among the rows; `found` tells which. */
static size_t position(const loom_report *report, const char *id, size_t length, bool *found) {
  size_t low = 0, high = loom_report_count(report);
  *found = false;
  while (low < high) {
    size_t middle = low + (high - low) / 2, other_length;
    const char *other = loom_report_store(report, middle, &other_length);
    int order = memcmp(other, id, other_length < length ? other_length : length);
    if (order == 0)
      order = (other_length > length) - (other_length < length);
    if (order == 0) {
      *found = true;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The entry that all of the page come after. A store that has gone since then is one just before the next one. */
struct bound {
  struct entry entry;
  bool inclusive; /* what is equal to it is on the page too */
};

static struct bound bound_of(const loom_report *report, const struct loom_report_order *order) {
  bool found;
  double sign = order->descending ? -1 : 1;
  size_t row = position(report, order->after_id, order->after_length, &found);
  struct bound bound = {{sign * order->after_value, 0, order->after_defined, row}, !found};
  if (order->by == LOOM_BY_ID) {
    bound.entry.defined = true;
    bound.entry.value = 0;
    if (order->descending) { /* entries count from the last row: row numbers are turned round */
      bound.entry.row = loom_report_count(report) - row - (found ? 1 : 0);
    }
  }
  return bound;
}

/* A time as it is printed, such that those that are printed alike are equal. */
static double printed(const struct loom_figures *figures, const struct loom_report_order *order) {
  int64_t microseconds = order->figure == LOOM_FIGURE_UP ? figures->up : figures->down;
  return (double)(order->by == LOOM_BY_HOURS ? loom_hundredth_hours(microseconds)
                                             : microseconds / LOOM_MINUTE);
}

bool loom_report_order_value(const loom_report *report, const struct loom_report_order *order,
                             size_t row, double *value) {
  const struct loom_figures *figures = loom_report_figures(report, row);
  if (order->by == LOOM_BY_CHANGE)
    return loom_figure_change(&figures[order->window], &figures[order->before], order->figure,
                              value);
  return loom_figure_value(&figures[order->window], order->figure, value);
}

static struct entry entry_of(const loom_report *report, const struct loom_report_order *order,
                             size_t row, const struct loom_figures *figures) {
  struct entry entry = {0, 0, true, row};
  switch (order->by) {
  case LOOM_BY_ID:
    if (order->descending)
      entry.row = loom_report_count(report) - 1 - row;
    return entry;
  case LOOM_BY_FIGURE:
  case LOOM_BY_CHANGE:
    entry.defined = loom_report_order_value(report, order, row, &entry.value);
    break;
  case LOOM_BY_RANK:
    entry.defined = order->ranks[row] != LOOM_NO_RANK;
    entry.value = order->ranks[row];
    break;
  case LOOM_BY_WORST:
    entry.defined = loom_figure_value(figures, LOOM_FIGURE_RATIO, &entry.value);
    entry.down = figures->down;
    return entry;
  default:
    entry.value = printed(figures, order);
  }
  if (order->descending)
    entry.value = -entry.value;
  return entry;
}

/* Keeps the entries that come first in a heap, whose top is the one that comes last. */
static void sift_down(struct entry *heap, size_t count, size_t at) {
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= count)
      return;
    if (child + 1 < count && compare(&heap[child + 1], &heap[child]) > 0)
      child++;
    if (compare(&heap[at], &heap[child]) >= 0)
      return;
    struct entry other = heap[at];
    heap[at] = heap[child];
    heap[child] = other;
    at = child;
  }
}

static void keep_first(struct entry *heap, size_t *count, size_t limit, const struct entry *entry) {
  if (*count < limit) {
    heap[(*count)++] = *entry;
    if (*count == limit)
      for (size_t i = limit / 2; i-- > 0;)
        sift_down(heap, limit, i);
  } else if (limit > 0 && compare(entry, &heap[0]) < 0) {
    heap[0] = *entry;
    sift_down(heap, limit, 0);
  }
}

bool loom_report_order(const loom_report *report, const struct loom_report_order *order,
                       size_t limit, size_t *rows, struct loom_page *page) {
  size_t all = loom_report_count(report), skip = order->skip < all ? order->skip : all;
  struct bound bound = {0};
  size_t kept = limit < all - skip ? skip + limit : all;
  struct entry *heap = malloc((kept + 1) * sizeof *heap);
  if (!heap)
    return false;
  if (order->resumes)
    bound = bound_of(report, order);
  *page = (struct loom_page){0};
  for (size_t row = 0; row < all; row++) {
    const struct loom_figures *figures = chosen_figures(report, row, order->window, order->only);
    if (!figures)
      continue;
    struct entry entry = entry_of(report, order, row, figures);
    if (order->by == LOOM_BY_WORST && !entry.defined)
      continue;
    page->total++;
    int side = order->resumes ? compare(&entry, &bound.entry) : 1;
    if (side < 0 || (side == 0 && !bound.inclusive))
      continue;
    page->left++;
    keep_first(heap, &page->count, kept, &entry);
  }
  qsort(heap, page->count, sizeof *heap, compare);
  skip = skip < page->count ? skip : page->count;
  page->count -= skip;
  page->left -= skip;
  for (size_t i = 0; i < page->count; i++) {
    size_t row = heap[skip + i].row;
    rows[i] = order->by == LOOM_BY_ID && order->descending ? all - 1 - row : row;
  }
  free(heap);
  return true;
}

/* ---- many rows ---- */

static void add_to(struct loom_sum *sum, int64_t value) {
  sum->rest += value; /* both are less than the carry */
  if (sum->rest >= LOOM_SUM_CARRY) {
    sum->rest -= LOOM_SUM_CARRY;
    sum->carries++;
  }
}

void loom_report_group_sums(const loom_report *report, size_t window, const uint32_t *groups,
                            const unsigned char *only, size_t count, struct loom_group_sums *sums) {
  memset(sums, 0, count * sizeof *sums);
  for (size_t row = 0; row < loom_report_count(report); row++) {
    const struct loom_figures *f = chosen_figures(report, row, window, only);
    size_t group = groups ? groups[row] : 0;
    if (!f || group >= count)
      continue;
    struct loom_group_sums *of = &sums[group];
    of->stores++;
    add_to(&of->sums[LOOM_SUM_UP], f->up);
    add_to(&of->sums[LOOM_SUM_DOWN], f->down);
    add_to(&of->sums[LOOM_SUM_UNKNOWN], f->unknown);
    add_to(&of->sums[LOOM_SUM_EXCLUDED], f->excluded);
    add_to(&of->sums[LOOM_SUM_OUTAGES], f->outages);
    add_to(&of->sums[LOOM_SUM_POLLS], f->polls);
    if (f->longest > of->longest)
      of->longest = f->longest;
  }
}

bool loom_sums_figures(const struct loom_group_sums *sums, struct loom_figures *figures) {
  int64_t values[LOOM_SUM_COUNT];
  for (int i = 0; i < LOOM_SUM_COUNT; i++) {
    if (sums->sums[i].carries >= INT64_MAX / LOOM_SUM_CARRY / 4) /* three are scheduled time */
      return false;
    values[i] = sums->sums[i].carries * LOOM_SUM_CARRY + sums->sums[i].rest;
  }
  *figures = (struct loom_figures){.up = values[LOOM_SUM_UP],
                                   .down = values[LOOM_SUM_DOWN],
                                   .unknown = values[LOOM_SUM_UNKNOWN],
                                   .excluded = values[LOOM_SUM_EXCLUDED],
                                   .longest = sums->longest,
                                   .outages = values[LOOM_SUM_OUTAGES],
                                   .polls = values[LOOM_SUM_POLLS]};
  return true;
}

void loom_report_silence(const loom_report *report, size_t window, size_t *open, size_t *silent) {
  *open = *silent = 0;
  for (size_t row = 0; row < loom_report_count(report); row++) {
    const struct loom_figures *f = chosen_figures(report, row, window, NULL);
    bool is_open = f->up + f->down + f->unknown > 0;
    *open += is_open;
    *silent += is_open && f->polls == 0;
  }
}

bool loom_report_values(const loom_report *report, size_t window, enum loom_figure figure,
                        const unsigned char *only, double **values, size_t *count) {
  size_t all = loom_report_count(report);
  *count = 0;
  *values = malloc((all + 1) * sizeof **values);
  if (!*values)
    return false;
  for (size_t row = 0; row < all; row++) {
    const struct loom_figures *figures = chosen_figures(report, row, window, only);
    if (figures && loom_figure_value(figures, figure, &(*values)[*count]))
      ++*count;
  }
  return true;
}

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

/* One pass of a radix sort; false if all have the same digit, and nothing was done. */
static bool sort_by_digit(const uint64_t *from, uint64_t *to, size_t count, int shift) {
  size_t starts[DIGITS] = {0}, at = 0;
  for (size_t i = 0; i < count; i++)
    starts[from[i] >> shift & (DIGITS - 1)]++;
  if (count == 0 || starts[from[0] >> shift & (DIGITS - 1)] == count)
    return false;
  for (size_t digit = 0; digit < DIGITS; digit++) {
    size_t here = starts[digit];
    starts[digit] = at;
    at += here;
  }
  for (size_t i = 0; i < count; i++)
    to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
  return true;
}

/* The bits of doubles that are not negative sort as the doubles do. */
bool loom_sort_values(double *values, size_t count) {
  uint64_t *bits = malloc(2 * (count + 1) * sizeof *bits);
  if (!bits)
    return false;
  uint64_t *from = bits, *to = bits + count;
  memcpy(from, values, count * sizeof *values);
  for (int shift = 0; shift < 64; shift += DIGIT_BITS)
    if (sort_by_digit(from, to, count, shift)) {
      uint64_t *other = from;
      from = to;
      to = other;
    }
  memcpy(values, from, count * sizeof *values);
  free(bits);
  return true;
}

double loom_percentile(const double *values, size_t count, double percent) {
  double rank =
      ceil(percent * (double)count / 100); /* 7 % of 100 is 7, which 7 / 100 * 100 is not */
  size_t at = rank < 1 ? 1 : (size_t)rank;
  return values[(at > count ? count : at) - 1];
}

void loom_histogram(const double *values, size_t count, double most, size_t bins, size_t *counts) {
  memset(counts, 0, bins * sizeof *counts);
  for (size_t i = 0; i < count; i++) {
    double share = values[i] / most * (double)bins;
    size_t bin = share < (double)bins ? (size_t)share : bins - 1;
    /* The ends are computed as those who read the histogram do, so that both judge a value at an end alike. */
    while (bin > 0 && values[i] < (double)bin / (double)bins * most)
      bin--;
    while (bin + 1 < bins && values[i] >= (double)(bin + 1) / (double)bins * most)
      bin++;
    counts[bin]++;
  }
}

/* Added up in one order, so that all of them have the whole, whatever is rounded. */
size_t loom_fewest(const double *values, size_t count, double share) {
  double sum = 0, reached = 0;
  for (size_t i = count; i > 0; i--)
    sum += values[i - 1];
  size_t taken = 0;
  while (taken < count && reached < sum * share) {
    taken++;
    reached += values[count - taken];
  }
  return taken;
}
