/*
** Instants, dates, times of day and durations: what is read agrees with a slow reading by the letter of the contract, and
** what is written is read back. Where the contract allows more than Loom takes, Loom may refuse, but not misread.
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

/* HH:MM or HH:MM:SS; *narrow: with seconds. */
static int64_t read_clock(struct reader *r, int64_t hours_max, bool *narrow) {
  int64_t hours = digits(r, 2, 2), minutes, seconds = 0;
  expect(r, ':');
  minutes = digits(r, 2, 2);
  *narrow = next_is(r, ':');
  if (*narrow)
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

/* What follows the clock, in seconds east; *narrow: as every version of Loom has taken it. */
static int64_t read_offset(struct reader *r, bool *narrow) {
  size_t length = (size_t)(r->end - r->at);
  *narrow = length == 0 || (length == 4 && memcmp(r->at, " UTC", 4) == 0) ||
            (length == 1 && *r->at == 'Z');
  if (length == 0)
    return 0;
  bool blank = next_is(r, ' ');
  if (rest_is(r, "UTC") || rest_is(r, "GMT") || rest_is(r, "Z"))
    return 0;
  int64_t sign = next_is(r, '-') ? -1 : 1;
  if (sign == 1)
    expect(r, '+');
  int64_t hours = digits(r, 2, 2), minutes = 0;
  bool colon = next_is(r, ':');
  if (colon || r->at < r->end)
    minutes = digits(r, 2, 2);
  r->good = r->good && r->at == r->end && minutes <= 59;
  *narrow = !blank && colon && hours < 18;
  /* up to 23:59 was taken, and may be */
  r->good = r->good && (hours * 60 + minutes <= 18 * 60 || (colon && !blank));
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

/* Whether the text is an instant at all, and whether Loom has to take it. */
static bool read_timestamp(struct reader r, int64_t *instant, bool *narrow) {
  bool seconds, offset_narrow;
  *narrow = false;
  if (read_epoch(r, instant))
    return *instant <= LOOM_INSTANT_MAX;
  int64_t date = read_date(&r);
  if (!next_is(&r, 'T'))
    expect(&r, ' ');
  int64_t value = (date * 86400 + read_clock(&r, 23, &seconds)) * 1000000;
  if (next_is(&r, '.')) {
    const char *first = r.at;
    int64_t fraction = digits(&r, 1, 9);
    for (int64_t i = r.at - first; i < 6; i++)
      fraction *= 10;
    for (int64_t i = r.at - first; i > 6; i--)
      fraction /= 10;
    value += fraction;
    seconds = seconds && r.good;
  }
  if (!r.good)
    return false;
  *instant = value - read_offset(&r, &offset_narrow) * 1000000;
  *narrow = seconds && offset_narrow;
  return r.good && *instant >= LOOM_INSTANT_MIN && *instant <= LOOM_INSTANT_MAX;
}

/* ---- comparisons ---- */

static void check_timestamp(const char *text, size_t size) {
  int64_t found = 0, expected = 0;
  bool narrow;
  const char *reason = loom_parse_timestamp(text, size, &found);
  bool is = read_timestamp((struct reader){text, text + size, true}, &expected, &narrow);
  if (reason)
    assert_one_line(reason);
  if (!reason && !is)
    fail_msg("taken for an instant: %.*s", (int)size, text);
  if (reason && is && narrow)
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

/* Loom may take more than two forms; of those two it has to take every one. */
static void check_time_of_day(const char *text, size_t size) {
  int32_t found;
  bool seconds;
  const char *reason = loom_parse_time_of_day(text, size, &found);
  struct reader r = {text, text + size, true};
  int64_t expected = read_clock(&r, 24, &seconds);
  bool is = r.good && r.at == r.end && expected <= 86400;
  assert_true(!is || !reason);
  if (!is)
    return;
  assert_int_equal(found, expected);
  char written[LOOM_TIME_SIZE];
  assert_int_equal(loom_format_time_of_day(found, written), 8);
  assert_memory_equal(written, text, size);
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
