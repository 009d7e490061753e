/*
** The figures of one store in the windows of a report, with its strip, and its part in the series.
*/
#ifndef LOOM_REPORT_MEASURE_H
#define LOOM_REPORT_MEASURE_H

#include "report/report_job.h"

/* Measures the store that was read last, for the batch's next row. */
loom_status loom_report_measure(struct loom_report_work *work, loom_error *error);

#endif
