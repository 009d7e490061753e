/*
** Civil time. The date conversions count days in 400-year eras that start on 1 March, so that the leap day
** is the last of its year and every month's first day is a linear function of its number.
*/
#include "time/civil.h"

#include <string.h>

#define ERA_DAYS 146097       /* days in 400 Gregorian years */
#define EPOCH_FROM_ERA 719468 /* days from 0000-03-01 to 1970-01-01 */

static const char not_a_timestamp[] =
    "is not a timestamp (YYYY-MM-DD HH:MM:SS[.ffffff] then nothing, UTC, Z or +HH:MM)";
static const char not_a_date[] = "is not a date";
static const char not_a_time[] = "is not a time of day (HH:MM or HH:MM:SS, 00:00 to 24:00)";
static const char not_a_duration[] = "is not a duration (seconds, or like 90s, 90m, 2h, 7d, 1w)";

static int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

int32_t loom_date_from_civil(int year, int month, int day) {
  int y = month > 2 ? year : year - 1;
  int era = (int)floor_divide(y, 400);
  int year_of_era = y - era * 400;
  int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * ERA_DAYS + day_of_era - EPOCH_FROM_ERA;
}

void loom_civil_from_date(int32_t date, int *year, int *month, int *day) {
  int64_t shifted = (int64_t)date + EPOCH_FROM_ERA;
  int64_t era = floor_divide(shifted, ERA_DAYS);
  int day_of_era = (int)(shifted - era * ERA_DAYS);
  int year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int month_from_march = (5 * day_of_year + 2) / 153;
  *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  *year = (int)(era * 400) + year_of_era + (*month <= 2);
}

int loom_weekday(int32_t date) {
  int remainder = (int)(((int64_t)date + 3) % 7); /* 1970-01-01 was a Thursday */
  return remainder < 0 ? remainder + 7 : remainder;
}

int32_t loom_date_of_instant(int64_t instant) {
  return (int32_t)floor_divide(instant, LOOM_DAY);
}

static bool is_digit(char c) {
  return (unsigned char)(c - '0') < 10;
}

/* Two digits at text, or a number above 99 when they are not digits. */
static int two_digits(const char *text) {
  unsigned tens = (unsigned char)(text[0] - '0');
  unsigned ones = (unsigned char)(text[1] - '0');
  return tens < 10 && ones < 10 ? (int)(tens * 10 + ones) : 1000;
}

static int days_in_month(int year, int month) {
  static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[month - 1];
}

const char *loom_parse_date(const char *text, size_t length, int32_t *date) {
  if (length != 10 || text[4] != '-' || text[7] != '-')
    return not_a_date;
  int century = two_digits(text), rest = two_digits(text + 2);
  int year = century * 100 + rest, month = two_digits(text + 5), day = two_digits(text + 8);
  if (century > 99 || rest > 99 || year < 1 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month))
    return not_a_date;
  *date = loom_date_from_civil(year, month, day);
  return NULL;
}

/* `HH:MM:SS` with at most hours:59:59. */
static bool parse_clock(const char *text, int hours_max, int32_t *seconds) {
  int hours = two_digits(text), minutes = two_digits(text + 3), rest = two_digits(text + 6);
  if (text[2] != ':' || text[5] != ':' || hours > hours_max || minutes > 59 || rest > 59)
    return false;
  *seconds = hours * 3600 + minutes * 60 + rest;
  return true;
}

const char *loom_parse_time_of_day(const char *text, size_t length, int32_t *seconds) {
  char clock[8] = {0, 0, ':', 0, 0, ':', '0', '0'};
  if (length != 5 && length != 8)
    return not_a_time;
  memcpy(clock, text, length);
  if (!parse_clock(clock, 24, seconds) || *seconds > LOOM_DAY_SECONDS)
    return not_a_time;
  return NULL;
}

/* A fraction of 1 to 9 digits after the point, in microseconds; returns how many bytes it took, 0 if malformed. */
static size_t parse_fraction(const char *text, size_t length, int32_t *micros) {
  int32_t value = 0;
  size_t digits = 0;
  for (; digits < length && is_digit(text[digits]); digits++)
    if (digits < 6)
      value = value * 10 + (text[digits] - '0');
  if (digits < 1 || digits > 9)
    return 0;
  for (size_t i = digits; i < 6; i++)
    value *= 10;
  *micros = value;
  return digits;
}

/* What may follow the time: nothing, ` UTC`, `Z` or `±HH:MM`. The offset is in seconds east of Greenwich. */
static bool parse_offset(const char *text, size_t length, int32_t *offset) {
  *offset = 0;
  if (length == 0 || (length == 4 && memcmp(text, " UTC", 4) == 0) || (length == 1 && *text == 'Z'))
    return true;
  if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
    return false;
  int hours = two_digits(text + 1), minutes = two_digits(text + 4);
  if (hours > 23 || minutes > 59)
    return false;
  *offset = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
  return true;
}

const char *loom_parse_timestamp(const char *text, size_t length, int64_t *instant) {
  int32_t date, seconds, micros = 0, offset;
  if (length < 19 || (text[10] != ' ' && text[10] != 'T'))
    return not_a_timestamp;
  if (loom_parse_date(text, 10, &date))
    return is_digit(text[0]) && text[4] == '-' && text[7] == '-' ? not_a_date : not_a_timestamp;
  if (!parse_clock(text + 11, 23, &seconds))
    return not_a_timestamp;
  size_t at = 19;
  if (at < length && text[at] == '.') {
    size_t digits = parse_fraction(text + at + 1, length - at - 1, &micros);
    if (digits == 0)
      return not_a_timestamp;
    at += 1 + digits;
  }
  if (!parse_offset(text + at, length - at, &offset))
    return not_a_timestamp;
  int64_t value = (int64_t)date * LOOM_DAY + ((int64_t)seconds - offset) * LOOM_SECOND + micros;
  if (value < LOOM_INSTANT_MIN || value > LOOM_INSTANT_MAX)
    return "is outside the years 1 to 9999 in UTC";
  *instant = value;
  return NULL;
}

const char *loom_parse_duration(const char *text, size_t length, int64_t *duration) {
  static const char units[] = "smhdw";
  static const int64_t sizes[] = {LOOM_SECOND, LOOM_MINUTE, LOOM_HOUR, LOOM_DAY, 7 * LOOM_DAY};
  int64_t unit = LOOM_SECOND, value = 0;
  if (length > 0 && !is_digit(text[length - 1])) {
    const char *found = memchr(units, text[length - 1], sizeof units - 1);
    if (!found)
      return not_a_duration;
    unit = sizes[found - units];
    length--;
  }
  if (length == 0 || length > 15)
    return not_a_duration;
  for (size_t i = 0; i < length; i++) {
    if (!is_digit(text[i]))
      return not_a_duration;
    value = value * 10 + (text[i] - '0');
  }
  if (value > LOOM_DURATION_MAX / unit)
    return "is longer than 10,000 years";
  *duration = value * unit;
  return NULL;
}

/* Writes value with leading zeros, `digits` wide. */
static char *put(char *out, int64_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10)
    out[i] = (char)('0' + value % 10);
  return out + digits;
}

size_t loom_format_date(int32_t date, char out[LOOM_DATE_SIZE]) {
  int year, month, day;
  char *at = out;
  loom_civil_from_date(date, &year, &month, &day);
  at = put(at, year, 4);
  *at++ = '-';
  at = put(at, month, 2);
  *at++ = '-';
  at = put(at, day, 2);
  *at = '\0';
  return (size_t)(at - out);
}

size_t loom_format_time_of_day(int32_t seconds, char out[LOOM_TIME_SIZE]) {
  char *at = out;
  at = put(at, seconds / 3600, 2);
  *at++ = ':';
  at = put(at, seconds / 60 % 60, 2);
  *at++ = ':';
  at = put(at, seconds % 60, 2);
  *at = '\0';
  return (size_t)(at - out);
}

size_t loom_format_timestamp(int64_t instant, char out[LOOM_TIMESTAMP_SIZE]) {
  int32_t date = loom_date_of_instant(instant);
  int64_t rest = instant - (int64_t)date * LOOM_DAY;
  char *at = out + loom_format_date(date, out);
  *at++ = ' ';
  at += loom_format_time_of_day((int32_t)(rest / LOOM_SECOND), at);
  *at++ = '.';
  at = put(at, rest % LOOM_SECOND, 6);
  memcpy(at, " UTC", 5);
  return (size_t)(at + 4 - out);
}
