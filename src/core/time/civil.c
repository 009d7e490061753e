/*
** Civil time. The date conversions count days in 400-year eras that start on 1 March, so that the leap day
** is the last of its year and every month's first day is a linear function of its number.
*/
#include "time/civil.h"

#include <string.h>

#define ERA_DAYS 146097       /* days in 400 Gregorian years */
#define EPOCH_FROM_ERA 719468 /* days from 0000-03-01 to 1970-01-01 */
#define OFFSET_MAX (18 * 60)  /* minutes between a local clock and UTC */

static const char not_a_timestamp[] =
    "is not a timestamp (YYYY-MM-DD HH:MM[:SS[.ffffff]] then nothing, UTC, Z or like +HH:MM; or "
    "seconds since 1970)";
static const char not_local[] =
    "is not a local time (YYYY-MM-DD, or HH:MM[:SS[.ffffff]] behind it, without a zone)";
static const char not_a_date[] = "is not a date";
static const char not_a_time[] =
    "is not a time of day (HH:MM or HH:MM:SS, 00:00 to 24:00, or with AM or PM)";
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

/* `HH:MM` or `HH:MM:SS` with at most hours:59:59; returns how many bytes it took, 0 if malformed. */
static size_t parse_clock(const char *text, size_t length, int hours_max, int32_t *seconds) {
  size_t taken = length > 5 && text[5] == ':' ? 8 : 5;
  if (length < taken || text[2] != ':')
    return 0;
  int hours = two_digits(text), minutes = two_digits(text + 3);
  int rest = taken == 8 ? two_digits(text + 6) : 0;
  if (hours > hours_max || minutes > 59 || rest > 59)
    return 0;
  *seconds = hours * 3600 + minutes * 60 + rest;
  return taken;
}

static char upper(char c) {
  return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

/* Whether text is the first `count` letters of a word, which is in capitals, in any case. */
static bool is_word(const char *text, size_t length, const char *word, size_t count) {
  size_t i = 0;
  while (i < length && i < count && upper(text[i]) == word[i])
    i++;
  return i == length && i == count;
}

/* 12 hours of the clock, those that begin at midnight or at noon: 12:30 is half an hour into them. */
static bool halve_day(bool afternoon, int32_t *seconds) {
  int hours = *seconds / 3600;
  *seconds = *seconds % (LOOM_DAY_SECONDS / 2) + (afternoon ? LOOM_DAY_SECONDS / 2 : 0);
  return hours >= 1 && hours <= 12;
}

const char *loom_parse_time_of_day(const char *text, size_t length, int32_t *seconds) {
  char clock[9] = "0"; /* stands before an hour of one digit */
  size_t zero = length > 1 && text[1] == ':', clock_length = length;
  bool afternoon = length > 2 && is_word(text + length - 2, 2, "PM", 2);
  bool halved = afternoon || (length > 2 && is_word(text + length - 2, 2, "AM", 2));
  if (halved)
    clock_length -= text[length - 3] == ' ' ? 3 : 2;
  if (clock_length < 4 || clock_length + zero > 8)
    return not_a_time;
  memcpy(clock + zero, text, clock_length);
  int32_t value;
  if (parse_clock(clock, clock_length + zero, 24, &value) != clock_length + zero ||
      value > LOOM_DAY_SECONDS || (halved && !halve_day(afternoon, &value)))
    return not_a_time;
  *seconds = value;
  return NULL;
}

const char *loom_parse_weekday(const char *text, size_t length, int *weekday) {
  static const char *const names[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                      "FRIDAY", "SATURDAY", "SUNDAY"};
  for (int i = 0; i < 7; i++) {
    size_t name_length = strlen(names[i]);
    if ((length == 1 && text[0] == '0' + i) ||
        ((length == 3 || length == name_length) && is_word(text, length, names[i], length))) {
      *weekday = i;
      return NULL;
    }
  }
  return "is not a weekday (0 = Monday to 6 = Sunday, or its English name)";
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

/*
** What may follow the time: nothing or, after a blank or not, `UTC`, `GMT`, `Z`, or `±HH`, `±HHMM`, `±HH:MM` up to 18 hours. The
** offset is in seconds east of Greenwich.
*/
static bool parse_offset(const char *text, size_t length, int32_t *offset) {
  *offset = 0;
  if (length == 0)
    return true;
  if (*text == ' ') {
    text++;
    length--;
  }
  if (is_word(text, length, "UTC", 3) || is_word(text, length, "Z", 1) ||
      is_word(text, length, "GMT", 3))
    return true;
  size_t colon = length == 6 && text[3] == ':';
  if ((length != 3 && length != 5 && !colon) || (text[0] != '+' && text[0] != '-'))
    return false;
  int hours = two_digits(text + 1), minutes = length == 3 ? 0 : two_digits(text + 3 + colon);
  if (minutes > 59 || hours * 60 + minutes > OFFSET_MAX)
    return false;
  *offset = (hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
  return true;
}

/* 10, 13 or 16 digits: seconds, milliseconds or microseconds since the epoch, all before the year 2287. */
static bool parse_epoch(const char *text, size_t length, int64_t *instant) {
  if (length != 10 && length != 13 && length != 16)
    return false;
  int64_t value = 0;
  for (size_t i = 0; i < length; i++) {
    if (!is_digit(text[i]))
      return false;
    value = value * 10 + (text[i] - '0');
  }
  *instant = value * (length == 10 ? LOOM_SECOND : length == 13 ? LOOM_SECOND / 1000 : 1);
  return true;
}

const char *loom_parse_timestamp(const char *text, size_t length, int64_t *instant) {
  int32_t date, seconds, micros = 0, offset;
  if (parse_epoch(text, length, instant))
    return NULL;
  if (length < 16 || (text[10] != ' ' && text[10] != 'T'))
    return not_a_timestamp;
  if (loom_parse_date(text, 10, &date))
    return is_digit(text[0]) && text[4] == '-' && text[7] == '-' ? not_a_date : not_a_timestamp;
  size_t clock = parse_clock(text + 11, length - 11, 23, &seconds), at = 11 + clock;
  if (!clock)
    return not_a_timestamp;
  if (clock == 8 && at < length && text[at] == '.') {
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

const char *loom_parse_local(const char *text, size_t length, int64_t *shown) {
  int32_t date;
  if (length == 10 && !loom_parse_date(text, length, &date)) {
    *shown = date * LOOM_DAY;
    return NULL;
  }
  for (size_t i = 11; i < length; i++)
    if (!is_digit(text[i]) && text[i] != ':' && text[i] != '.')
      return not_local;
  bool is_epoch = length < 16 || is_digit(text[4]);
  return is_epoch || loom_parse_timestamp(text, length, shown) ? not_local : NULL;
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

/* Writes a number below 100 as two digits. */
static char *put_two(char *out, int value) {
  int tens = value * 205 >> 11; /* a tenth, up to 1,028 */
  out[0] = (char)('0' + tens);
  out[1] = (char)('0' + value - tens * 10);
  return out + 2;
}

size_t loom_format_date(int32_t date, char out[LOOM_DATE_SIZE]) {
  int year, month, day;
  char *at = out;
  loom_civil_from_date(date, &year, &month, &day);
  at = put_two(at, year / 100);
  at = put_two(at, year % 100);
  *at++ = '-';
  at = put_two(at, month);
  *at++ = '-';
  at = put_two(at, day);
  *at = '\0';
  return (size_t)(at - out);
}

size_t loom_format_time_of_day(int32_t seconds, char out[LOOM_TIME_SIZE]) {
  char *at = out;
  int minutes = seconds / 60;
  at = put_two(at, minutes / 60);
  *at++ = ':';
  at = put_two(at, minutes % 60);
  *at++ = ':';
  at = put_two(at, seconds % 60);
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
  int32_t micros = (int32_t)(rest % LOOM_SECOND);
  at = put_two(at, micros / 10000);
  at = put_two(at, micros / 100 % 100);
  at = put_two(at, micros % 100);
  memcpy(at, " UTC", 5);
  return (size_t)(at + 4 - out);
}
