/*
** Rows and series of a report as JSON.
*/
#ifndef LOOM_REPORT_JSON_H
#define LOOM_REPORT_JSON_H

#include "base/text.h"
#include "report/report.h"

#include <stdbool.h>

/* Most bytes of figures: names, punctuation and eleven numbers. */
#define LOOM_FIGURES_JSON_SIZE 700

/*
** Appends figures as a JSON object: durations in seconds, what is not defined is null, numbers with up to six decimals. False:
** memory is out.
*/
bool loom_figures_json(const struct loom_figures *figures, struct loom_text *text);

/*
** Appends the figures of a row by the names of the windows, which hold nothing that JSON would escape. False: memory is out.
*/
bool loom_report_json_row(const loom_report *report, size_t row, const char *const *names,
                          struct loom_text *text);

/* Appends the same with the store's id: {"store_id":…,"windows":…}. False: memory is out. */
bool loom_report_json_store(const loom_report *report, size_t row, const char *const *names,
                            struct loom_text *text);

/*
** Appends the columns of a finished series, of a group or LOOM_SERIES_ALL, as members of an object, without its braces: to each
** name a list of numbers, times in seconds. False: memory is out.
*/
bool loom_series_json(const struct loom_series *series, size_t group, struct loom_text *text);

#endif
