/*
** Rows of a report as frames of a stream: see row_stream.h.
*/
#ifndef LOOM_REPORT_FRAMES_H
#define LOOM_REPORT_FRAMES_H

#include "base/text.h"
#include "report/report.h"

/*
** Appends rows first … first + count - 1 of a complete report, each with the line that loom_report_csv_rows makes of it. `line` is for
** that to work in. False: memory is out.
*/
bool loom_report_csv_frames(const loom_report *report, const bool *minutes, bool harmless,
                            size_t first, size_t count, struct loom_text *line,
                            struct loom_text *text);

#endif
