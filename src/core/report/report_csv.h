/*
** A report in its standard columns, as CSV (RFC 4180, lines that end in LF).
*/
#ifndef LOOM_REPORT_CSV_H
#define LOOM_REPORT_CSV_H

#include "base/number_text.h"
#include "base/text.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes of hours and of minutes. */
#define LOOM_FIGURE_SIZE (LOOM_WHOLE_SIZE + 3)

/*
** Puts hours with one or two decimals: the double nearest to microseconds / 3.6e9, rounded to two places as printf's %.2f does,
** less a final zero. The time is not negative.
*/
void loom_put_hours(struct loom_text *text, int64_t microseconds);

/* The same in hundredths of an hour, which tells whether two times are printed alike. */
int64_t loom_hundredth_hours(int64_t microseconds);

/* Puts whole minutes, cut. The time is not negative. */
void loom_put_minutes(struct loom_text *text, int64_t microseconds);

/*
** Appends rows first … first + count - 1 of a complete report: the store id, the up times of all windows, then their
** down times. minutes[w] tells whether window w is printed in minutes rather than hours; harmless, that no spreadsheet is to
** run an id (see loom_csv_is_formula). False: memory is out.
*/
bool loom_report_csv_rows(const loom_report *report, const bool *minutes, bool harmless,
                          size_t first, size_t count, struct loom_text *text);

/*
** The same with all figures as they are, in microseconds and counts: the store id, for each window up, down, unknown,
** excluded, longest, outages, polls, and where the report has strips their letters and the store's zone. What other formats
** are made of once the report itself is gone, so that ids are as they are.
*/
bool loom_report_figures_rows(const loom_report *report, size_t first, size_t count,
                              struct loom_text *text);

#endif
