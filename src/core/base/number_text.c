/*
** Numbers as text.
*/
#include "base/number_text.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000
#define DECIMALS 6
#define WHOLE_LIMIT 9223372036854775808.0 /* 2^63: what an int64 holds is below it */

static void put_unsigned(struct loom_text *text, uint64_t value) {
  char digits[LOOM_WHOLE_SIZE];
  size_t at = sizeof digits;
  do
    digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  loom_text_put(text, digits + at, sizeof digits - at);
}

/* Puts the sign of what is negative, and gives what is left of it: also of the least int64, whose opposite is none. */
static uint64_t put_sign(struct loom_text *text, int64_t value) {
  if (value >= 0)
    return (uint64_t)value;
  loom_text_put_char(text, '-');
  return -(uint64_t)value;
}

void loom_text_put_whole(struct loom_text *text, int64_t value) {
  put_unsigned(text, put_sign(text, value));
}

void loom_text_put_millionths(struct loom_text *text, int64_t value) {
  uint64_t left = put_sign(text, value), rest = left % MILLION;
  char fraction[DECIMALS];
  size_t length = DECIMALS;
  put_unsigned(text, left / MILLION);
  if (rest == 0)
    return;
  for (int i = DECIMALS - 1; i >= 0; i--, rest /= 10)
    fraction[i] = (char)('0' + rest % 10);
  while (fraction[length - 1] == '0')
    length--;
  loom_text_put_char(text, '.');
  loom_text_put(text, fraction, length);
}

static bool is_whole(double value) {
  return value >= -WHOLE_LIMIT && value < WHOLE_LIMIT && value == floor(value);
}

/* Puts what printf has made. Its point is that of the locale, which a program that Loom is part of may have set. */
static void put_printed(struct loom_text *text, const char *printed, size_t length) {
  const char *point = localeconv()->decimal_point, *at = strstr(printed, point);
  size_t before = at ? (size_t)(at - printed) : length, size = strlen(point);
  loom_text_put(text, printed, before);
  if (!at)
    return;
  loom_text_put_char(text, '.');
  loom_text_put(text, at + size, length - before - size);
}

#define POINT_SIZE 16 /* bytes that a locale's point may have */

void loom_text_put_fixed(struct loom_text *text, double value, int decimals) {
  char out[LOOM_FIXED_SIZE(LOOM_DECIMALS_MAX) + POINT_SIZE];
  int length = snprintf(out, sizeof out, "%.*f", decimals, value);
  put_printed(text, out, (size_t)length);
}

/* Takes away the zeros that end what has been put since `start`, and the point before them, and the sign of 0. */
static void shorten(struct loom_text *text, size_t start) {
  while (text->bytes[text->length - 1] == '0')
    text->length--;
  text->length -= text->bytes[text->length - 1] == '.';
  if (text->length - start == 2 && memcmp(text->bytes + start, "-0", 2) == 0)
    text->bytes[--text->length - 1] = '0';
}

/* Close to a tie, and where millionths do not fit 53 bits, printf decides. */
void loom_text_put_decimal(struct loom_text *text, double value) {
  double scaled = fabs(value) * MILLION, whole = floor(scaled), rest = scaled - whole;
  if (is_whole(value)) {
    loom_text_put_whole(text, (int64_t)value);
  } else if (scaled < 4e15 && fabs(rest - 0.5) > 1e-3) {
    int64_t millionths = (int64_t)whole + (rest > 0.5);
    loom_text_put_millionths(text, value < 0 ? -millionths : millionths);
  } else {
    size_t start = text->length;
    loom_text_put_fixed(text, value, DECIMALS);
    shorten(text, start);
  }
}

void loom_text_put_digits(struct loom_text *text, double value) {
  if (is_whole(value)) {
    loom_text_put_whole(text, (int64_t)value);
    return;
  }
  char out[LOOM_DIGITS_SIZE + POINT_SIZE];
  int length = 0;
  for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
    length = snprintf(out, sizeof out, "%.*g", digits, value);
    if (strtod(out, NULL) == value)
      break;
  }
  put_printed(text, out, (size_t)length);
}
