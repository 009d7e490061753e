/*
** Strips of a report as text.
*/
#include "report/report_strips.h"
#include "base/number_text.h"
#include "base/percent_text.h"

/* Two letters are never longer as a run. */
static void put_runs(struct loom_text *text, const char *letters, size_t count) {
  for (size_t from = 0, to; from < count; from = to) {
    for (to = from + 1; to < count && letters[to] == letters[from]; to++)
      ;
    if (to - from > 1)
      loom_text_put_whole(text, (int64_t)(to - from));
    loom_text_put_char(text, letters[from]);
  }
}

bool loom_report_strip_line(const loom_report *report, size_t row, bool compact, const char *value,
                            size_t length, struct loom_text *text) {
  size_t bins = loom_report_strip_bins(report), id_length;
  const char *id = loom_report_store(report, row, &id_length);
  if (!loom_text_reserve(text, bins + LOOM_PERCENT_SIZE(id_length + length) + 3))
    return false;
  if (compact)
    put_runs(text, loom_report_strip(report, row), bins);
  else
    loom_text_put(text, loom_report_strip(report, row), bins);
  if (!compact || value)
    loom_text_put_char(text, '\t');
  if (!compact)
    loom_percent_put(text, id, id_length);
  if (value) {
    loom_text_put_char(text, '\t');
    loom_percent_put(text, value, length);
  }
  loom_text_put_char(text, '\n');
  return true;
}
