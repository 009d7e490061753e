/*
** The threads that compute a report, whose last one completes it.
*/
#ifndef LOOM_REPORT_THREADS_H
#define LOOM_REPORT_THREADS_H

#include "report/report_job.h"

/* Starts them, once stores are selected; where none can be had, this one does the work, and it is done. */
void loom_report_start_threads(loom_report *report);

#endif
