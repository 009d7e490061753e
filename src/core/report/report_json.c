/*
** Figures as JSON. The text is the same as that of lua/loom/formats/values.lua.
*/
#include "report/report_json.h"
#include "base/ratio.h"
#include "report/report_order.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000
#define NUMBER_SIZE 40
/* Names, punctuation and eleven numbers. */
#define OBJECT_SIZE 700

static void put_string(struct loom_text *text, const char *string) {
  loom_text_put(text, string, strlen(string));
}

static void put_whole(struct loom_text *text, int64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do
    digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  loom_text_put(text, digits + at, sizeof digits - at);
}

/* Microseconds as seconds, without the zeros that end them. They are not negative. */
static void put_seconds(struct loom_text *text, int64_t microseconds) {
  int64_t rest = microseconds % SECOND;
  char fraction[6];
  size_t length = 6;
  put_whole(text, microseconds / SECOND);
  if (rest == 0)
    return;
  for (int i = 5; i >= 0; i--, rest /= 10)
    fraction[i] = (char)('0' + rest % 10);
  while (fraction[length - 1] == '0')
    length--;
  loom_text_put_char(text, '.');
  loom_text_put(text, fraction, length);
}

/*
** A value that is not negative with up to six decimals, as printf's %.6f gives them. Close to a tie, and where millionths do not
** fit 53 bits, printf decides.
*/
static void put_decimal(struct loom_text *text, double value) {
  double scaled = value * SECOND, rest = scaled - floor(scaled);
  if (scaled < 4e15 && fabs(rest - 0.5) > 1e-3) {
    put_seconds(text, (int64_t)floor(scaled) + (rest > 0.5));
    return;
  }
  char out[NUMBER_SIZE];
  int length = snprintf(out, sizeof out, "%.6f", value);
  while (out[length - 1] == '0')
    length--;
  length -= out[length - 1] == '.';
  loom_text_put(text, out, (size_t)length);
}

/* A ratio with up to six decimals, cut. */
static void put_ratio(struct loom_text *text, int64_t part, int64_t whole) {
  if (whole > 0)
    put_seconds(text, loom_millionths(part, whole));
  else
    put_string(text, "null");
}

/* A time that may be no whole number of microseconds, in seconds. */
static void put_figure(struct loom_text *text, const char *name, const struct loom_figures *figures,
                       enum loom_figure figure) {
  double value;
  put_string(text, name);
  if (loom_figure_value(figures, figure, &value))
    put_decimal(text, value);
  else
    put_string(text, "null");
}

bool loom_figures_json(const struct loom_figures *f, struct loom_text *text) {
  if (!loom_text_reserve(text, OBJECT_SIZE))
    return false;
  put_string(text, "{\"up\":");
  put_seconds(text, f->up);
  put_string(text, ",\"down\":");
  put_seconds(text, f->down);
  put_string(text, ",\"unknown\":");
  put_seconds(text, f->unknown);
  put_string(text, ",\"excluded\":");
  put_seconds(text, f->excluded);
  put_string(text, ",\"scheduled\":");
  put_seconds(text, f->up + f->down + f->unknown);
  put_string(text, ",\"ratio\":");
  put_ratio(text, f->up, f->up + f->down);
  put_string(text, ",\"outages\":");
  put_whole(text, f->outages);
  put_string(text, ",\"longest\":");
  put_seconds(text, f->longest);
  put_figure(text, ",\"mttr\":", f, LOOM_FIGURE_MTTR);
  put_figure(text, ",\"mtbf\":", f, LOOM_FIGURE_MTBF);
  put_string(text, ",\"polls\":");
  put_whole(text, f->polls);
  loom_text_put_char(text, '}');
  return true;
}

/* ---- strings ---- */

static bool is_continuation(const unsigned char *at, const unsigned char *end) {
  return at < end && (*at & 0xC0) == 0x80;
}

/* How many bytes the character at `at` has in UTF-8 (RFC 3629); 0 if there is none. */
static size_t character_length(const unsigned char *at, const unsigned char *end) {
  unsigned char a = at[0], b = at + 1 < end ? at[1] : 0;
  if (a < 0x80)
    return 1;
  if (!is_continuation(at + 1, end))
    return 0;
  if (a >= 0xC2 && a <= 0xDF)
    return 2;
  if (a >= 0xE0 && a <= 0xEF && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F))
    return is_continuation(at + 2, end) ? 3 : 0;
  if (a >= 0xF0 && a <= 0xF4 && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F))
    return is_continuation(at + 2, end) && is_continuation(at + 3, end) ? 4 : 0;
  return 0;
}

static void put_escaped(struct loom_text *text, unsigned char c) {
  static const char letters[32] = {
      ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
  char out[8];
  if (c >= 0x20 && c != 0x7F)
    snprintf(out, sizeof out, "\\%c", c);
  else if (c < 0x20 && letters[c])
    snprintf(out, sizeof out, "\\%c", letters[c]);
  else
    snprintf(out, sizeof out, "\\u%04x", c);
  put_string(text, out);
}

bool loom_json_string(const char *string, size_t length, struct loom_text *text) {
  const unsigned char *at = (const unsigned char *)string, *end = at + length;
  if (!loom_text_reserve(text, 6 * length + 2))
    return false;
  loom_text_put_char(text, '"');
  while (at < end) {
    size_t bytes = character_length(at, end);
    if (bytes == 0)
      put_string(text, "\xEF\xBF\xBD");
    else if (bytes == 1 && (*at < 0x20 || *at == 0x7F || *at == '"' || *at == '\\'))
      put_escaped(text, *at);
    else
      loom_text_put(text, (const char *)at, bytes);
    at += bytes ? bytes : 1;
  }
  loom_text_put_char(text, '"');
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
    put_string(text, w ? ",\"" : "{\"");
    loom_text_put(text, names[w], length);
    put_string(text, "\":");
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
  if (!loom_text_reserve(text, sizeof before))
    return false;
  put_string(text, before);
  if (!loom_json_string(id, length, text) || !loom_text_reserve(text, sizeof between))
    return false;
  put_string(text, between);
  if (!loom_report_json_row(report, row, names, text) || !loom_text_reserve(text, 1))
    return false;
  loom_text_put_char(text, '}');
  return true;
}
