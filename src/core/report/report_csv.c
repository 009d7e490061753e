/*
** A report as CSV.
*/
#include "report/report_csv.h"
#include "time/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUNDREDTH (LOOM_HOUR / 100)

/* Writes a number without leading zeros. */
static char *put_number(char *at, int64_t value) {
  char digits[20];
  int count = 0;
  do
    digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0)
    *at++ = digits[--count];
  return at;
}

int64_t loom_hundredth_hours(int64_t microseconds) {
  int64_t hundredths = microseconds / HUNDREDTH, rest = microseconds % HUNDREDTH;
  if (rest != HUNDREDTH / 2 && microseconds < INT64_C(1) << 53)
    return hundredths + (rest > HUNDREDTH / 2);
  /* A tie depends on which side of it the double lies: printf knows. */
  char text[LOOM_FIGURE_SIZE];
  snprintf(text, sizeof text, "%.2f", (double)microseconds / 3.6e9);
  char *point = strchr(text, '.');
  memmove(point, point + 1, strlen(point));
  return strtoll(text, NULL, 10);
}

size_t loom_format_hours(int64_t microseconds, char out[LOOM_FIGURE_SIZE]) {
  int64_t hundredths = loom_hundredth_hours(microseconds);
  char *at = put_number(out, hundredths / 100);
  *at++ = '.';
  *at++ = (char)('0' + hundredths / 10 % 10);
  if (hundredths % 10)
    *at++ = (char)('0' + hundredths % 10);
  *at = '\0';
  return (size_t)(at - out);
}

size_t loom_format_minutes(int64_t microseconds, char out[LOOM_FIGURE_SIZE]) {
  char *at = put_number(out, microseconds / LOOM_MINUTE);
  *at = '\0';
  return (size_t)(at - out);
}

static void put_figure(struct loom_text *text, int64_t microseconds, bool minutes) {
  char *at = text->bytes + text->length;
  *at++ = ',';
  at += minutes ? loom_format_minutes(microseconds, at) : loom_format_hours(microseconds, at);
  text->length = (size_t)(at - text->bytes);
}

bool loom_report_csv_rows(const loom_report *report, const bool *minutes, bool harmless,
                          size_t first, size_t count, struct loom_text *text) {
  size_t windows = loom_report_window_count(report);
  for (size_t row = first; row < first + count; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    const struct loom_figures *figures = loom_report_figures(report, row);
    if (!loom_text_reserve(text, 2 * length + 4 + 2 * windows * (LOOM_FIGURE_SIZE + 1)))
      return false;
    if (harmless)
      loom_text_put_harmless_field(text, id, length);
    else
      loom_text_put_field(text, id, length);
    for (size_t w = 0; w < windows; w++)
      put_figure(text, figures[w].up, minutes[w]);
    for (size_t w = 0; w < windows; w++)
      put_figure(text, figures[w].down, minutes[w]);
    loom_text_put_char(text, '\n');
  }
  return true;
}

#define FIGURES 7 /* to a window */

static void put_strip(struct loom_text *text, const char *letters, size_t bins) {
  loom_text_put_char(text, ',');
  memcpy(text->bytes + text->length, letters, bins);
  text->length += bins;
}

bool loom_report_figures_rows(const loom_report *report, size_t first, size_t count,
                              struct loom_text *text) {
  size_t windows = loom_report_window_count(report), bins = loom_report_strip_bins(report);
  for (size_t row = first; row < first + count; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    const struct loom_figures *figures = loom_report_figures(report, row);
    if (!loom_text_reserve(text,
                           2 * length + 3 + windows * FIGURES * (LOOM_FIGURE_SIZE + 1) + bins + 1))
      return false;
    loom_text_put_field(text, id, length);
    for (size_t w = 0; w < windows; w++) {
      const struct loom_figures *f = &figures[w];
      const int64_t values[FIGURES] = {f->up,      f->down,    f->unknown, f->excluded,
                                       f->longest, f->outages, f->polls};
      for (size_t i = 0; i < FIGURES; i++) {
        loom_text_put_char(text, ',');
        text->length = (size_t)(put_number(text->bytes + text->length, values[i]) - text->bytes);
      }
    }
    if (bins)
      put_strip(text, loom_report_strip(report, row), bins);
    loom_text_put_char(text, '\n');
  }
  return true;
}
