/*
** Strips of a report as text.
*/
#include "report/report_strips.h"
#include "base/percent_text.h"

bool loom_report_strip_line(const loom_report *report, size_t row, const char *value, size_t length,
                            struct loom_text *text) {
  size_t bins = loom_report_strip_bins(report), id_length;
  const char *id = loom_report_store(report, row, &id_length);
  if (!loom_text_reserve(text, bins + LOOM_PERCENT_SIZE(id_length + length) + 3))
    return false;
  loom_text_put(text, loom_report_strip(report, row), bins);
  loom_text_put_char(text, '\t');
  loom_percent_put(text, id, id_length);
  if (value) {
    loom_text_put_char(text, '\t');
    loom_percent_put(text, value, length);
  }
  loom_text_put_char(text, '\n');
  return true;
}
