/*
** Strips of a report's rows as text, a line to a store.
*/
#ifndef LOOM_REPORT_STRIPS_H
#define LOOM_REPORT_STRIPS_H

#include "base/text.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>

/*
** Appends a line: the letters, a tab, the store's id, and where `value` is not NULL a tab and that; both percent-encoded (see
** percent_text.h). `compact`: the letters as runs, such as 12u3d, of which one that is alone has no number, and no id.
** False: memory is out.
*/
bool loom_report_strip_line(const loom_report *report, size_t row, bool compact, const char *value,
                            size_t length, struct loom_text *text);

#endif
