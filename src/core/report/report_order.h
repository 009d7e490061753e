/*
** Choices among a report's rows, and figures of many of them: what a listing, its pages and a summary are made of. All
** of it is a scan over the report's memory, half a millisecond or less for 14,000 stores.
*/
#ifndef LOOM_REPORT_ORDER_H
#define LOOM_REPORT_ORDER_H

#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Figures in the order in which they are written. */
enum loom_figure {
  LOOM_FIGURE_UP, /* microseconds, as all times here */
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

struct loom_report_order {
  /* otherwise by a figure of a window, rows of one value by id; where it is not defined comes last */
  bool by_id;
  enum loom_figure figure;
  size_t window;
  bool descending;
  /* of each row whether it is one of those to choose from; NULL: all are */
  const unsigned char *only;
  /* Where a page before this one ended: its last store, and that store's value. */
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

/*
** The first `limit` rows in an order, as numbers in `rows`, which has room for them. False: memory is out.
*/
bool loom_report_order(const loom_report *report, const struct loom_report_order *order,
                       size_t limit, size_t *rows, struct loom_page *page);

/*
** The sums of all rows of a window, of `longest` the greatest; returns how many rows there are. `only` is as above.
*/
size_t loom_report_sum(const loom_report *report, size_t window, const unsigned char *only,
                       struct loom_figures *sum);

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

#endif
