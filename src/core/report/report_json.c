/*
** Figures as JSON.
*/
#include "report/report_json.h"
#include "base/json_text.h"
#include "base/ratio.h"
#include "report/report_order.h"

#include <string.h>

/* A ratio with up to six decimals, cut. */
static void put_ratio(struct loom_text *text, int64_t part, int64_t whole) {
  if (whole > 0)
    loom_text_put_millionths(text, loom_millionths(part, whole));
  else
    loom_text_put_string(text, "null");
}

/* A time that may be no whole number of microseconds, in seconds. */
static void put_figure(struct loom_text *text, const char *name, const struct loom_figures *figures,
                       enum loom_figure figure) {
  double value;
  loom_text_put_string(text, name);
  if (loom_figure_value(figures, figure, &value))
    loom_text_put_decimal(text, value);
  else
    loom_text_put_string(text, "null");
}

bool loom_figures_json(const struct loom_figures *f, struct loom_text *text) {
  if (!loom_text_reserve(text, LOOM_FIGURES_JSON_SIZE))
    return false;
  loom_text_put_string(text, "{\"up\":");
  loom_text_put_millionths(text, f->up);
  loom_text_put_string(text, ",\"down\":");
  loom_text_put_millionths(text, f->down);
  loom_text_put_string(text, ",\"unknown\":");
  loom_text_put_millionths(text, f->unknown);
  loom_text_put_string(text, ",\"excluded\":");
  loom_text_put_millionths(text, f->excluded);
  loom_text_put_string(text, ",\"scheduled\":");
  loom_text_put_millionths(text, f->up + f->down + f->unknown);
  loom_text_put_string(text, ",\"ratio\":");
  put_ratio(text, f->up, f->up + f->down);
  loom_text_put_string(text, ",\"outages\":");
  loom_text_put_whole(text, f->outages);
  loom_text_put_string(text, ",\"longest\":");
  loom_text_put_millionths(text, f->longest);
  put_figure(text, ",\"mttr\":", f, LOOM_FIGURE_MTTR);
  put_figure(text, ",\"mtbf\":", f, LOOM_FIGURE_MTBF);
  loom_text_put_string(text, ",\"polls\":");
  loom_text_put_whole(text, f->polls);
  loom_text_put_char(text, '}');
  return true;
}

/* ---- rows ---- */

bool loom_report_json_row(const loom_report *report, size_t row, const char *const *names,
                          struct loom_text *text) {
  const struct loom_figures *figures = loom_report_figures(report, row);
  for (size_t w = 0; w < loom_report_window_count(report); w++) {
    size_t length = strlen(names[w]);
    if (!loom_text_reserve(text, length + 8))
      return false;
    loom_text_put_string(text, w ? ",\"" : "{\"");
    loom_text_put(text, names[w], length);
    loom_text_put_string(text, "\":");
    if (!loom_figures_json(&figures[w], text))
      return false;
  }
  if (!loom_text_reserve(text, 1))
    return false;
  loom_text_put_char(text, '}');
  return true;
}

bool loom_report_json_store(const loom_report *report, size_t row, const char *const *names,
                            struct loom_text *text) {
  static const char before[] = "{\"store_id\":", between[] = ",\"windows\":";
  size_t length;
  const char *id = loom_report_store(report, row, &length);
  if (!loom_text_reserve(text, sizeof before + LOOM_JSON_STRING_SIZE(length) + sizeof between))
    return false;
  loom_text_put_string(text, before);
  loom_json_put_string(text, id, length);
  loom_text_put_string(text, between);
  if (!loom_report_json_row(report, row, names, text) || !loom_text_reserve(text, 1))
    return false;
  loom_text_put_char(text, '}');
  return true;
}

/* ---- series ---- */

static bool put_column(const struct loom_series *series, size_t group,
                       enum loom_series_column column, struct loom_text *text) {
  if (!loom_text_reserve(text, series->steps * (LOOM_MILLIONTHS_SIZE + 1) + 32))
    return false;
  loom_text_put_string(text, column ? ",\"" : "\"");
  loom_text_put_string(text, loom_series_column_names[column]);
  loom_text_put_string(text, "\":[");
  for (size_t step = 0; step < series->steps; step++) {
    const struct loom_series_item item = loom_series_at(series, group, step);
    int64_t value = loom_series_value(&item, column);
    if (step > 0)
      loom_text_put_char(text, ',');
    if (column == LOOM_SERIES_STORES_DOWN)
      loom_text_put_whole(text, value);
    else
      loom_text_put_millionths(text, value);
  }
  loom_text_put_char(text, ']');
  return true;
}

bool loom_series_json(const struct loom_series *series, size_t group, struct loom_text *text) {
  for (int column = 0; column < LOOM_SERIES_COLUMNS; column++)
    if (!put_column(series, group, (enum loom_series_column)column, text))
      return false;
  return true;
}
