/*
** Instants, dates, times of day and durations: what is read agrees with a slow reading by the letter of the contract, and
** what is written is read back.
*/
#include "fuzz.h"

#include "time/civil.h"

#include <ctype.h>

/* ---- a slow reader ---- */

struct reader {
  const char *at, *end;
  bool good;
};

static int64_t digits(struct reader *r, int least, int most) {
  int64_t value = 0;
  int count = 0;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && count < most; r->at++, count++)
    value = value * 10 + (*r->at - '0');
  r->good = r->good && count >= least;
  return value;
}

static bool next_is(struct reader *r, char byte) {
  if (r->at == r->end || *r->at != byte)
    return false;
  r->at++;
  return true;
}

static void expect(struct reader *r, char byte) {
  if (!next_is(r, byte))
    r->good = false;
}

static bool is_leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01, counted year by year and month by month. */
static int64_t read_date(struct reader *r) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t year = digits(r, 4, 4), days = 0;
  expect(r, '-');
  int64_t month = digits(r, 2, 2);
  expect(r, '-');
  int64_t day = digits(r, 2, 2);
  r->good = r->good && year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
            day <= lengths[month - 1] + (month == 2 && is_leap(year));
  if (!r->good)
    return 0;
  for (int64_t y = year; y < 1970; y++)
    days -= 365 + is_leap(y);
  for (int64_t y = 1970; y < year; y++)
    days += 365 + is_leap(y);
  for (int64_t m = 1; m < month; m++)
    days += lengths[m - 1] + (m == 2 && is_leap(year));
  return days + day - 1;
}

/* HH:MM or HH:MM:SS, with an hour of so many digits at least; *has_seconds: the latter. */
static int64_t read_clock(struct reader *r, int least, int64_t hours_max, bool *has_seconds) {
  int64_t hours = digits(r, least, 2), minutes, seconds = 0;
  expect(r, ':');
  minutes = digits(r, 2, 2);
  *has_seconds = next_is(r, ':');
  if (*has_seconds)
    seconds = digits(r, 2, 2);
  r->good = r->good && hours <= hours_max && minutes <= 59 && seconds <= 59;
  return hours * 3600 + minutes * 60 + seconds;
}

static bool rest_is(const struct reader *r, const char *word) {
  size_t length = (size_t)(r->end - r->at);
  for (size_t i = 0; i < length; i++)
    if (i >= strlen(word) || toupper((unsigned char)r->at[i]) != word[i])
      return false;
  return length == strlen(word);
}

/* What follows the clock, in seconds east. */
static int64_t read_offset(struct reader *r) {
  if (r->at == r->end)
    return 0;
  next_is(r, ' ');
  if (rest_is(r, "UTC") || rest_is(r, "GMT") || rest_is(r, "Z"))
    return 0;
  int64_t sign = next_is(r, '-') ? -1 : 1;
  if (sign == 1)
    expect(r, '+');
  int64_t hours = digits(r, 2, 2), minutes = 0;
  if (next_is(r, ':') || r->at < r->end)
    minutes = digits(r, 2, 2);
  r->good = r->good && r->at == r->end && minutes <= 59 && hours * 60 + minutes <= 18 * 60;
  return sign * (hours * 3600 + minutes * 60);
}

/* Whole seconds, milliseconds or microseconds since the epoch, by how many digits there are. */
static bool read_epoch(struct reader r, int64_t *instant) {
  size_t length = (size_t)(r.end - r.at);
  int64_t value = digits(&r, 1, 16);
  if (r.at != r.end || !r.good || (length != 10 && length != 13 && length != 16))
    return false;
  *instant = value * (length == 10 ? 1000000 : length == 13 ? 1000 : 1);
  return true;
}

static bool read_timestamp(struct reader r, int64_t *instant) {
  bool has_seconds;
  if (read_epoch(r, instant))
    return true;
  int64_t date = read_date(&r);
  if (!next_is(&r, 'T'))
    expect(&r, ' ');
  int64_t value = (date * 86400 + read_clock(&r, 2, 23, &has_seconds)) * 1000000;
  if (has_seconds && next_is(&r, '.')) {
    const char *first = r.at;
    int64_t fraction = digits(&r, 1, 9);
    for (int64_t i = r.at - first; i < 6; i++)
      fraction *= 10;
    for (int64_t i = r.at - first; i > 6; i--)
      fraction /= 10;
    value += fraction;
  }
  if (!r.good)
    return false;
  *instant = value - read_offset(&r) * 1000000;
  return r.good && *instant >= LOOM_INSTANT_MIN && *instant <= LOOM_INSTANT_MAX;
}

/* ---- comparisons ---- */

static void check_timestamp(const char *text, size_t size) {
  int64_t found = 0, expected = 0;
  const char *reason = loom_parse_timestamp(text, size, &found);
  bool is = read_timestamp((struct reader){text, text + size, true}, &expected);
  if (reason)
    assert_one_line(reason);
  if (!reason && !is)
    fail_msg("taken for an instant: %.*s", (int)size, text);
  if (reason && is)
    fail_msg("refused: %.*s", (int)size, text);
  if (reason)
    return;
  assert_int_equal(found, expected);
  char written[LOOM_TIMESTAMP_SIZE];
  size_t length = loom_format_timestamp(found, written);
  assert_int_equal(length, strlen(written));
  assert_null(loom_parse_timestamp(written, length, &expected));
  assert_int_equal(found, expected);
}

static void check_date(const char *text, size_t size) {
  int32_t found;
  const char *reason = loom_parse_date(text, size, &found);
  struct reader r = {text, text + size, true};
  int64_t expected = read_date(&r);
  assert_int_equal(reason == NULL, r.good && r.at == r.end);
  if (reason)
    return;
  assert_int_equal(found, expected);
  char written[LOOM_DATE_SIZE];
  assert_int_equal(loom_format_date(found, written), size);
  assert_memory_equal(written, text, size);
  assert_int_equal(loom_weekday(found), ((expected + 3) % 7 + 7) % 7);
}

/* A clock of 24 hours, or of 12 and AM or PM. */
static bool read_time_of_day(struct reader r, int64_t *seconds) {
  bool has_seconds;
  *seconds = read_clock(&r, 1, 24, &has_seconds);
  if (!r.good || r.at == r.end)
    return r.good && *seconds <= 86400;
  next_is(&r, ' ');
  int64_t hours = *seconds / 3600;
  bool afternoon = rest_is(&r, "PM");
  if ((!afternoon && !rest_is(&r, "AM")) || hours < 1 || hours > 12)
    return false;
  *seconds += ((hours == 12 ? -12 : 0) + (afternoon ? 12 : 0)) * 3600;
  return true;
}

static void check_time_of_day(const char *text, size_t size) {
  int32_t found, again;
  int64_t expected;
  const char *reason = loom_parse_time_of_day(text, size, &found);
  bool is = read_time_of_day((struct reader){text, text + size, true}, &expected);
  assert_int_equal(is, reason == NULL);
  if (reason)
    return;
  assert_int_equal(found, expected);
  char written[LOOM_TIME_SIZE];
  assert_int_equal(loom_format_time_of_day(found, written), 8);
  assert_null(loom_parse_time_of_day(written, 8, &again));
  assert_int_equal(again, found);
}

static void check_duration(const char *text, size_t size) {
  static const char units[] = "smhdw";
  static const int64_t sizes[] = {1, 60, 3600, 86400, 604800};
  int64_t found, unit = 1;
  const char *reason = loom_parse_duration(text, size, &found);
  struct reader r = {text, text + size, true};
  int64_t value = digits(&r, 1, 15);
  const char *named = r.at < r.end && *r.at ? strchr(units, *r.at) : NULL;
  if (named) {
    unit = sizes[named - units];
    r.at++;
  }
  bool is = r.good && r.at == r.end && value <= 3652500 * INT64_C(86400) / unit;
  assert_int_equal(reason == NULL, is);
  if (!reason)
    assert_int_equal(found, value * unit * 1000000);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1); /* of its size: the sanitizers see what is read beyond */
  assert_non_null(text);
  if (size)
    memcpy(text, data, size);
  check_timestamp(text, size);
  check_date(text, size);
  check_time_of_day(text, size);
  check_duration(text, size);
  free(text);
  return 0;
}
