/*
** Choices among a report's rows, and figures of many of them: what a listing, its pages and a summary are made of. All
** of it is a scan over the report's memory, half a millisecond or less for 14,000 stores.
**
**   loom_figure_from_name → loom_report_order, or
**   loom_figure_from_name → loom_report_values → loom_sort_values → loom_percentile, loom_histogram, loom_fewest
*/
#ifndef LOOM_REPORT_ORDER_H
#define LOOM_REPORT_ORDER_H

#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Figures in the order in which they are written. */
enum loom_figure {
  LOOM_FIGURE_UP, /* seconds, as all times here */
  LOOM_FIGURE_DOWN,
  LOOM_FIGURE_UNKNOWN,
  LOOM_FIGURE_EXCLUDED,
  LOOM_FIGURE_SCHEDULED, /* up + down + unknown */
  LOOM_FIGURE_RATIO,     /* up / (up + down), where that is not 0 / 0 */
  LOOM_FIGURE_OUTAGES,
  LOOM_FIGURE_LONGEST,
  LOOM_FIGURE_MTTR, /* down time to an outage, where there are any */
  LOOM_FIGURE_MTBF, /* up time to an outage, where there are any */
  LOOM_FIGURE_POLLS,
  LOOM_FIGURE_COUNT
};

/* The figure of a name such as "ratio"; LOOM_FIGURE_COUNT if there is none. */
enum loom_figure loom_figure_from_name(const char *name);

/* A figure's value; false where it is not defined. */
bool loom_figure_value(const struct loom_figures *figures, enum loom_figure figure, double *value);

/*
** By how much a figure differs from what it was in the window before; false where either is not defined. Ratios are compared as
** they are printed: in millionths, cut.
*/
bool loom_figure_change(const struct loom_figures *figures, const struct loom_figures *before,
                        enum loom_figure figure, double *change);

enum loom_order_by {
  LOOM_BY_ID,
  LOOM_BY_FIGURE, /* where it is not defined comes last */
  LOOM_BY_HOURS, /* the same, of times as the report's CSV prints them, which makes more of them equal */
  LOOM_BY_MINUTES, /* the same */
  LOOM_BY_WORST, /* the lowest ratio, then the most down time; rows without a ratio are not among them */
  LOOM_BY_CHANGE, /* of a figure since the window `before`; where it is not defined comes last */
  LOOM_BY_RANK    /* of a column; rows without one come last */
};

struct loom_report_order {
  /* of a window; rows of one value come by id */
  enum loom_order_by by;
  enum loom_figure figure;
  size_t window, before;
  const uint32_t *ranks; /* of each row: see column.h */
  bool descending;       /* not for the worst */
  /* of each row whether it is one of those to choose from; NULL: all are */
  const unsigned char *only;
  /* Rows that come before the page, of those to choose from; not where it resumes */
  size_t skip;
  /* Where a page before this one ended: its last store, and that store's value. Not for the worst, nor for ranks. */
  bool resumes, after_defined;
  double after_value;
  const char *after_id;
  size_t after_length;
};

struct loom_page {
  size_t count; /* rows on the page */
  size_t left;  /* rows from the page's start to the end */
  size_t total; /* rows to choose from, those of pages before included */
};

/* What a row is in order of, where that is a figure or its change; false where it is not defined. */
bool loom_report_order_value(const loom_report *report, const struct loom_report_order *order,
                             size_t row, double *value);

/*
** The first `limit` rows in an order, as numbers in `rows`, which has room for them. False: memory is out.
*/
bool loom_report_order(const loom_report *report, const struct loom_report_order *order,
                       size_t limit, size_t *rows, struct loom_page *page);

/* carries * LOOM_SUM_CARRY + rest, which may exceed an int64: 100,000 stores are open for 2^63 microseconds in three years. */
#define LOOM_SUM_CARRY (INT64_C(1) << 52) /* more than the longest window has microseconds */
struct loom_sum {
  int64_t carries, rest; /* the rest is less than the carry */
};

enum {
  LOOM_SUM_UP,
  LOOM_SUM_DOWN,
  LOOM_SUM_UNKNOWN,
  LOOM_SUM_EXCLUDED,
  LOOM_SUM_OUTAGES,
  LOOM_SUM_POLLS,
  LOOM_SUM_COUNT
};

struct loom_group_sums {
  size_t stores;
  struct loom_sum sums[LOOM_SUM_COUNT]; /* times in microseconds */
  int64_t longest;                      /* of any store */
};

/*
** The sums of a window by groups of rows: `groups` has the number of each row's group, below `count`, or LOOM_NO_GROUP for a row
** in none; NULL: all are in group 0. `only` is as above. `sums` has room for `count` groups.
*/
#define LOOM_NO_GROUP UINT32_MAX
void loom_report_group_sums(const loom_report *report, size_t window, const uint32_t *groups,
                            const unsigned char *only, size_t count, struct loom_group_sums *sums);

/* Sums as figures; false where an int64 does not hold them with room for adding them up. */
bool loom_sums_figures(const struct loom_group_sums *sums, struct loom_figures *figures);

/* How many stores were open in a window, exclusions aside, and how many of these have no poll in their openings. */
void loom_report_silence(const loom_report *report, size_t window, size_t *open, size_t *silent);

/*
** The values of a figure in all rows where it is defined, in order of id; free `values` with free(). False: memory is out.
*/
bool loom_report_values(const loom_report *report, size_t window, enum loom_figure figure,
                        const unsigned char *only, double **values, size_t *count);

/* Sorts values that are not negative, in time that grows as their number does. False: memory is out. */
bool loom_sort_values(double *values, size_t count);

/*
** A percentile of ascending values by nearest rank: the smallest that at least so many percent of them do not exceed. There is
** one value at least.
*/
double loom_percentile(const double *values, size_t count, double percent);

/*
** How many of the values, in any order, lie in each of `bins` bins of the same width from 0 to `most`: at or above a bin's lower
** end, which is i / bins * most, and below the next one's; the last bin also has what is beyond.
*/
void loom_histogram(const double *values, size_t count, double most, size_t bins, size_t *counts);

/*
** How few of ascending values that are not negative have a share of their sum, above 0 and up to 1: the largest ones, as many as
** are needed to reach it. 0 where all are 0.
*/
size_t loom_fewest(const double *values, size_t count, double share);

#endif
