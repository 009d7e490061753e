/*
** A report as CSV files that are either complete or not there.
*/
#ifndef LOOM_REPORT_FILE_H
#define LOOM_REPORT_FILE_H

#include "report/report.h"

#include <stdbool.h>

struct loom_report_file {
  const char *path;
  const char *header;             /* the first line, without its end */
  bool minutes[LOOM_WINDOWS_MAX]; /* which windows are printed in minutes */
  bool harmless;                  /* no spreadsheet is to run an id: see loom_csv_is_formula */
  const char *figures_path;       /* for all figures, without a header; NULL: not wanted */
};

/*
** Writes the report in its standard columns, and before that its figures (loom_report_figures_rows): each as an atomic file
** (see atomic_file.h, also for the failures). As `finish` of a report (the context is a struct loom_report_file) it does so on
** the report's thread.
*/
loom_status loom_report_file_write(void *file, const loom_report *report, loom_error *error);

#endif
