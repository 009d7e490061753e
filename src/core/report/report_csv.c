/*
** A report as CSV.
*/
#include "report/report_csv.h"
#include "base/csv_text.h"
#include "base/number_text.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define HUNDREDTH (LOOM_HOUR / 100)

int64_t loom_hundredth_hours(int64_t microseconds) {
  int64_t hundredths = microseconds / HUNDREDTH, rest = microseconds % HUNDREDTH;
  if (rest != HUNDREDTH / 2 && microseconds < INT64_C(1) << 53)
    return hundredths + (rest > HUNDREDTH / 2);
  /* A tie depends on which side of it the double lies: printf knows. */
  char bytes[LOOM_FIXED_SIZE(2) + 1];
  struct loom_text text = {bytes, 0, sizeof bytes};
  loom_text_put_fixed(&text, (double)microseconds / LOOM_HOUR, 2);
  char *point = bytes + text.length - 3; /* and what is behind it moves up, with a NUL */
  bytes[text.length] = '\0';
  memmove(point, point + 1, 3);
  return strtoll(bytes, NULL, 10);
}

void loom_put_hours(struct loom_text *text, int64_t microseconds) {
  int64_t hundredths = loom_hundredth_hours(microseconds);
  loom_text_put_whole(text, hundredths / 100);
  loom_text_put_char(text, '.');
  loom_text_put_char(text, (char)('0' + hundredths / 10 % 10));
  if (hundredths % 10)
    loom_text_put_char(text, (char)('0' + hundredths % 10));
}

void loom_put_minutes(struct loom_text *text, int64_t microseconds) {
  loom_text_put_whole(text, microseconds / LOOM_MINUTE);
}

static void put_figure(struct loom_text *text, int64_t microseconds, bool minutes) {
  loom_text_put_char(text, ',');
  if (minutes)
    loom_put_minutes(text, microseconds);
  else
    loom_put_hours(text, microseconds);
}

bool loom_report_csv_rows(const loom_report *report, const bool *minutes, bool harmless,
                          size_t first, size_t count, struct loom_text *text) {
  size_t windows = loom_report_window_count(report);
  for (size_t row = first; row < first + count; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    const struct loom_figures *figures = loom_report_figures(report, row);
    if (!loom_text_reserve(text,
                           LOOM_CSV_FIELD_SIZE(length) + 1 + 2 * windows * (LOOM_FIGURE_SIZE + 1)))
      return false;
    if (harmless)
      loom_csv_put_harmless_field(text, id, length);
    else
      loom_csv_put_field(text, id, length);
    for (size_t w = 0; w < windows; w++)
      put_figure(text, figures[w].up, minutes[w]);
    for (size_t w = 0; w < windows; w++)
      put_figure(text, figures[w].down, minutes[w]);
    loom_text_put_char(text, '\n');
  }
  return true;
}

#define FIGURES 7 /* to a window */

static void put_strip(struct loom_text *text, const char *letters, size_t bins, const char *zone) {
  loom_text_put_char(text, ',');
  loom_text_put(text, letters, bins);
  loom_text_put_char(text, ',');
  loom_text_put(text, zone, strlen(zone));
}

bool loom_report_figures_rows(const loom_report *report, size_t first, size_t count,
                              struct loom_text *text) {
  size_t windows = loom_report_window_count(report), bins = loom_report_strip_bins(report);
  for (size_t row = first; row < first + count; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    const struct loom_figures *figures = loom_report_figures(report, row);
    if (!loom_text_reserve(text, LOOM_CSV_FIELD_SIZE(length) +
                                     windows * FIGURES * (LOOM_WHOLE_SIZE + 1) + bins +
                                     LOOM_ZONE_NAME_MAX + 3))
      return false;
    loom_csv_put_field(text, id, length);
    for (size_t w = 0; w < windows; w++) {
      const struct loom_figures *f = &figures[w];
      const int64_t values[FIGURES] = {f->up,      f->down,    f->unknown, f->excluded,
                                       f->longest, f->outages, f->polls};
      for (size_t i = 0; i < FIGURES; i++) {
        loom_text_put_char(text, ',');
        loom_text_put_whole(text, values[i]);
      }
    }
    if (bins)
      put_strip(text, loom_report_strip(report, row), bins,
                loom_zone_name(loom_report_zone(report, row)));
    loom_text_put_char(text, '\n');
  }
  return true;
}
