/*
** Rows as frames.
*/
#include "report/report_frames.h"
#include "report/report_csv.h"
#include "report/row_stream.h"

bool loom_report_csv_frames(const loom_report *report, const bool *minutes, bool harmless,
                            size_t first, size_t count, struct loom_text *line,
                            struct loom_text *text) {
  for (size_t row = first; row < first + count; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    line->length = 0;
    if (!loom_report_csv_rows(report, minutes, harmless, row, 1, line) ||
        !loom_frame_begin_row(text, id, length, line->length))
      return false;
    loom_text_put(text, line->bytes, line->length);
  }
  return true;
}
