/*
** Civil time: what is accepted and refused, every date of the years 1 to 9999, and round trips.
** Texts are parsed from memory of exactly their size, so that checkers see any read past their end.
*/
#include "time/civil.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *exactly(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  assert_non_null(copy);
  memcpy(copy + 1, text, length); /* its end is the memory's end, even when it is empty */
  return copy;
}

static const char *parse_timestamp(const char *text, int64_t *instant) {
  char *copy = exactly(text, strlen(text));
  const char *reason = loom_parse_timestamp(copy + 1, strlen(text), instant);
  free(copy);
  return reason;
}

/* ---- dates ---- */

/* Counted day by day, with the Gregorian rule as it is taught. */
static void every_date(void **state) {
  (void)state;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int32_t date = LOOM_DATE_MIN, parsed;
  int weekday = 0; /* 0001-01-01 was a Monday */
  for (int year = 1; year <= 9999; year++)
    for (int month = 1; month <= 12; month++) {
      int leap = month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
      for (int day = 1; day <= lengths[month - 1] + leap; day++) {
        int y, m, d;
        char text[LOOM_DATE_SIZE], expected[40];
        loom_civil_from_date(date, &y, &m, &d);
        if (y != year || m != month || d != day || loom_weekday(date) != weekday ||
            loom_date_from_civil(year, month, day) != date)
          fail_msg("%04d-%02d-%02d is %04d-%02d-%02d", year, month, day, y, m, d);
        assert_int_equal(loom_format_date(date, text), 10);
        if (day == 1) { /* the days between are told by what reading them back gives */
          snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month, day);
          assert_string_equal(text, expected);
        }
        assert_null(loom_parse_date(text, 10, &parsed));
        assert_int_equal(parsed, date);
        weekday = (weekday + 1) % 7;
        date++;
      }
    }
  assert_int_equal(date, LOOM_DATE_MAX + 1);
  assert_int_equal(loom_date_from_civil(1970, 1, 1), 0);
}

static void dates_beyond_the_four_digits(void **state) {
  (void)state;
  int year, month, day;
  for (int32_t date = LOOM_DATE_MIN - 800000; date < LOOM_DATE_MIN; date += 37) {
    loom_civil_from_date(date, &year, &month, &day);
    assert_true(year < 1);
    assert_int_equal(loom_date_from_civil(year, month, day), date);
    assert_int_equal(loom_weekday(date), (loom_weekday(date + 1) + 6) % 7);
  }
}

static void dates_that_are_none(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",           "2023",       "2023-01",    "2023-01-2",   "2023-01-021", "2023-1-02",
      "2023/01/02", "2023-00-01", "2023-13-01", "2023-01-00",  "2023-01-32",  "2023-02-29",
      "1900-02-29", "2024-02-30", "2023-04-31", "2023-06-31",  "2023-09-31",  "2023-11-31",
      "0000-01-01", "-001-01-01", "+023-01-01", " 023-01-01",  "2023-01-1 ",  "2023-01- 1",
      "20a3-01-01", "2023-0a-01", "2023-01-0a", "2023-01-01 ", "2023--1-01",  "2023-01-\xb2\xb2",
      "9999-99-99", ":023-01-01", "/023-01-01"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    int32_t date = 12345;
    char *copy = exactly(texts[i], strlen(texts[i]));
    const char *reason = loom_parse_date(copy + 1, strlen(texts[i]), &date);
    free(copy);
    if (!reason || date != 12345)
      fail_msg("\"%s\" was taken for a date", texts[i]);
    assert_string_equal(reason, "is not a date");
  }
}

static void dates_of_instants(void **state) {
  (void)state;
  assert_int_equal(loom_date_of_instant(0), 0);
  assert_int_equal(loom_date_of_instant(LOOM_DAY - 1), 0);
  assert_int_equal(loom_date_of_instant(LOOM_DAY), 1);
  assert_int_equal(loom_date_of_instant(-1), -1);
  assert_int_equal(loom_date_of_instant(-LOOM_DAY), -1);
  assert_int_equal(loom_date_of_instant(-LOOM_DAY - 1), -2);
  assert_int_equal(loom_date_of_instant(LOOM_INSTANT_MIN), LOOM_DATE_MIN);
  assert_int_equal(loom_date_of_instant(LOOM_INSTANT_MAX), LOOM_DATE_MAX);
}

/* ---- timestamps ---- */

#define JAN_24 INT64_C(1674518400000000) /* 2023-01-24T00:00:00Z */
#define TEN_14 (10 * LOOM_HOUR + 14 * LOOM_MINUTE)

static const struct {
  const char *text;
  int64_t instant;
} timestamps[] = {
    {"1970-01-01 00:00:00", 0},
    {"1969-12-31 23:59:59.999999", -1},
    {"2023-01-24 10:14:00", JAN_24 + TEN_14},
    {"2023-01-24T10:14:00", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00 UTC", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00Z", JAN_24 + TEN_14},
    {"2023-01-24T10:14:00+00:00", JAN_24 + TEN_14},
    {"2023-01-24T10:14:00-00:00", JAN_24 + TEN_14},
    {"2023-01-24T10:14:00+05:30", JAN_24 + TEN_14 - 330 * LOOM_MINUTE},
    {"2023-01-24T10:14:00-06:00", JAN_24 + TEN_14 + 6 * LOOM_HOUR},
    {"2023-01-24T10:14:00+18:00", JAN_24 + TEN_14 - 18 * LOOM_HOUR},
    {"2023-01-24 10:14", JAN_24 + TEN_14},
    {"2023-01-24T10:14Z", JAN_24 + TEN_14},
    {"2023-01-24 10:14+01:00", JAN_24 + TEN_14 - LOOM_HOUR},
    {"2023-01-24 10:14:00UTC", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00 utc", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00 GMT", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00gmt", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00z", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00 Z", JAN_24 + TEN_14},
    {"2023-01-24 10:14:00+05", JAN_24 + TEN_14 - 5 * LOOM_HOUR},
    {"2023-01-24 10:14:00.25-00", JAN_24 + TEN_14 + 250000}, /* as PostgreSQL writes it */
    {"2023-01-24 10:14:00-18", JAN_24 + TEN_14 + 18 * LOOM_HOUR},
    {"2023-01-24 10:14:00+0530", JAN_24 + TEN_14 - 330 * LOOM_MINUTE},
    {"2023-01-24 10:14:00 +05:30", JAN_24 + TEN_14 - 330 * LOOM_MINUTE},
    {"0000000000", 0},
    {"1674555240", JAN_24 + TEN_14},
    {"9999999999", INT64_C(9999999999) * LOOM_SECOND},
    {"1674555240123", JAN_24 + TEN_14 + 123000},
    {"1674555240123456", JAN_24 + TEN_14 + 123456},
    {"9999999999999999", INT64_C(9999999999999999)},
    {"2023-01-24 10:14:00.1", JAN_24 + TEN_14 + 100000},
    {"2023-01-24 10:14:00.12", JAN_24 + TEN_14 + 120000},
    {"2023-01-24 10:14:00.123", JAN_24 + TEN_14 + 123000},
    {"2023-01-24 10:14:00.1234", JAN_24 + TEN_14 + 123400},
    {"2023-01-24 10:14:00.12345", JAN_24 + TEN_14 + 123450},
    {"2023-01-24 10:14:00.123456", JAN_24 + TEN_14 + 123456},
    {"2023-01-24 10:14:00.1234569", JAN_24 + TEN_14 + 123456}, /* cut, not rounded */
    {"2023-01-24 10:14:00.99999999", JAN_24 + TEN_14 + 999999},
    {"2023-01-24 10:14:00.999999999", JAN_24 + TEN_14 + 999999},
    {"1969-12-31 23:59:59.9999999", -1},
    {"2023-01-24 10:14:00.000001 UTC", JAN_24 + TEN_14 + 1},
    {"2023-01-24 10:14:00.5Z", JAN_24 + TEN_14 + 500000},
    {"2023-01-24T10:14:00.5-01:00", JAN_24 + TEN_14 + 500000 + LOOM_HOUR},
    {"2024-02-29 00:00:00", INT64_C(1709164800000000)},
    {"2000-02-29 00:00:00", INT64_C(951782400000000)},
    {"0001-01-01 00:00:00", LOOM_INSTANT_MIN},
    {"9999-12-31 23:59:59.999999", LOOM_INSTANT_MAX},
    {"0001-01-01 05:00:00+05:00", LOOM_INSTANT_MIN},
    {"9999-12-31 18:59:59.999999-05:00", LOOM_INSTANT_MAX},
};

static void timestamps_that_are_accepted(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof timestamps / sizeof *timestamps; i++) {
    int64_t instant = 0;
    const char *reason = parse_timestamp(timestamps[i].text, &instant);
    if (reason || instant != timestamps[i].instant)
      fail_msg("\"%s\" is %lld, not %lld", timestamps[i].text, (long long)instant,
               (long long)timestamps[i].instant);
  }
}

static void timestamps_that_are_none(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "2023-01-24",
                                      "2023-01-24 ",
                                      "2023-01-24 10:14:0",
                                      "2023-01-24  10:14:00",
                                      "2023-01-24_10:14:00",
                                      "2023-01-24t10:14:00",
                                      "2023-01-2410:14:00",
                                      "2023-01-24 24:00:00",
                                      "2023-01-24 23:60:00",
                                      "2023-01-24 23:59:60",
                                      "2023-01-24 -1:00:00",
                                      "2023-01-24 1:014:00",
                                      "2023-01-24 10-14-00",
                                      "2023-01-24 10:14:0a",
                                      "2023-01-24 10:14: 0",
                                      "2023-02-29 00:00:00",
                                      "2023-13-01 00:00:00",
                                      "0000-01-01 00:00:00",
                                      "2023-00-10 00:00:00",
                                      "2023-01-24 10:14:00.",
                                      "2023-01-24 10:14:00.1234567890",
                                      "2023-01-24 10:14:00,5",
                                      "2023-01-24 10:14:00.Z",
                                      "2023-01-24 10:14:00.-5",
                                      "2023-01-24 10:14:00.1 2",
                                      "2023-01-24 10:14:00 ",
                                      "2023-01-24 10:14:00  UTC",
                                      "2023-01-24 10:14:00 UTC ",
                                      "2023-01-24 10:14:00 UT",
                                      "2023-01-24 10:14:00ZZ",
                                      "2023-01-24 10:14:00+5:30",
                                      "2023-01-24 10:14:00+18:01",
                                      "2023-01-24 10:14:00-1801",
                                      "2023-01-24 10:14:00+19",
                                      "2023-01-24 10:14:00+24:00",
                                      "2023-01-24 10:14:00  +05",
                                      "2023-01-24 10:14:00+",
                                      "2023-01-24 10:14:00+5",
                                      "2023-01-24 10:14:00+053",
                                      "2023-01-24 10:14:00+05300",
                                      "2023-01-24 10:14:00 +",
                                      "2023-01-24 10:14:00UTCZ",
                                      "2023-01-24 10:14.5",
                                      "2023-01-24 9:14",
                                      "2023-01-24 10:1",
                                      "2023-01-24 10:14:",
                                      "2023-01-24 9:14:00 AM",
                                      "167451840",
                                      "16745184001",
                                      "167451840012",
                                      "16745184001234",
                                      "167451840012345",
                                      "16745184001234567",
                                      "-1674518400",
                                      "1674518400.5",
                                      "1674518400Z",
                                      "167451840x",
                                      "2023-01-24 10:14:00+05:60",
                                      "2023-01-24 10:14:00+05:30:00",
                                      "2023-01-24 10:14:00+0a:30",
                                      "2023-01-24 10:14:00+-5:30",
                                      "2023-01-24 10:14:00−05:30",
                                      " 2023-01-24 10:14:00",
                                      "0001-01-01 00:00:00+00:01",
                                      "9999-12-31 23:59:59.999999-00:01",
                                      "yesterday",
                                      "2023-01-24 10:14:00.5.5",
                                      "10000-01-01 00:00:00",
                                      "-2023-01-24 10:14:00"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    int64_t instant = 12345;
    if (!parse_timestamp(texts[i], &instant) || instant != 12345)
      fail_msg("\"%s\" was taken for a timestamp", texts[i]);
  }
  /* A NUL is a byte like any other. */
  int64_t instant;
  assert_non_null(loom_parse_timestamp("2023-01-24 10:14:00\0", 20, &instant));
  assert_non_null(
      loom_parse_timestamp("2023-01-24\0"
                           "10:14:00",
                           19, &instant));
}

/* The reason says whether the form or the date is wrong. */
static void reasons(void **state) {
  (void)state;
  int64_t instant;
  assert_string_equal(parse_timestamp("2023-02-30 10:14:00", &instant), "is not a date");
  assert_non_null(strstr(parse_timestamp("24.01.2023 10:14:00", &instant), "is not a timestamp"));
  assert_non_null(strstr(parse_timestamp("2023-01-24 25:14:00", &instant), "is not a timestamp"));
  assert_non_null(
      strstr(parse_timestamp("9999-12-31 23:59:59-01:00", &instant), "years 1 to 9999"));
}

/* Changing one byte of a good timestamp never makes it read out of bounds, nor mean something impossible. */
static void timestamps_with_one_byte_changed(void **state) {
  (void)state;
  static const char good[] = "2023-01-24T10:14:00.5+05:30";
  for (size_t at = 0; at < sizeof good - 1; at++)
    for (int byte = 0; byte < 256; byte++) {
      char text[sizeof good];
      int64_t instant = 0;
      memcpy(text, good, sizeof good);
      text[at] = (char)byte;
      char *copy = exactly(text, sizeof good - 1);
      if (!loom_parse_timestamp(copy + 1, sizeof good - 1, &instant)) {
        assert_true(instant >= LOOM_INSTANT_MIN && instant <= LOOM_INSTANT_MAX);
        if (good[at] >= '0' && good[at] <= '9')
          assert_true(byte >= '0' && byte <= '9');
        else
          assert_true(strchr("-T +:.0123456789", byte) != NULL && byte != '\0');
      }
      free(copy);
    }
}

static void timestamps_round_trip(void **state) {
  (void)state;
  uint64_t random = 6;
  for (int i = 0; i < 50000; i++) {
    char text[LOOM_TIMESTAMP_SIZE], expected[80];
    int64_t instant =
        LOOM_INSTANT_MIN +
        (int64_t)random_below(&random, (uint64_t)(LOOM_INSTANT_MAX - LOOM_INSTANT_MIN) + 1);
    if (i < 4)
      instant = (const int64_t[]){LOOM_INSTANT_MIN, LOOM_INSTANT_MAX, 0, -1}[i];
    int64_t parsed, micros = (instant % LOOM_SECOND + LOOM_SECOND) % LOOM_SECOND;
    time_t seconds = (time_t)((instant - micros) / LOOM_SECOND);
    struct tm tm;
    size_t length = loom_format_timestamp(instant, text);
    assert_int_equal(length, strlen(text));
    assert_null(loom_parse_timestamp(text, length, &parsed));
    assert_int_equal(parsed, instant);
    assert_non_null(gmtime_r(&seconds, &tm));
    snprintf(expected, sizeof expected, "%04d-%02d-%02d %02d:%02d:%02d.%06d UTC", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)micros);
    assert_string_equal(text, expected);
  }
}

/* ---- times of day ---- */

static void times_of_day(void **state) {
  (void)state;
  static const char *const none[] = {
      "",           "9:0",      "09:0",    "0900",      "24:00:01",  "24:01",    "23:60",
      "23:59:60",   "25:00",    "09:00:",  "09:00:0",   "09:00:000", "09-00",    "09:00-00",
      " 9:00",      "+9:00",    "09:00 ",  "0a:00",     "-1:00:00",  "09:00:0a", "99:99:99",
      "24:00:60",   "9",        "9 AM",    "AM",        " PM",       "9:00  AM", "9:00 XM",
      "9:00 A",     "9:00 M",   "0:30 AM", "13:00 PM",  "24:00 AM",  "12:60 AM", "9:00 AMP",
      "9:00:00:00", "9:00 AM ", "009:00",  "9:00:0 PM", ":00",       ":00 AM",   "09:00\xb2"};
  int32_t seconds;
  for (int32_t expected = 0; expected <= LOOM_DAY_SECONDS; expected++) {
    char text[LOOM_TIME_SIZE];
    assert_int_equal(loom_format_time_of_day(expected, text), 8);
    assert_null(loom_parse_time_of_day(text, 8, &seconds));
    assert_int_equal(seconds, expected);
    assert_null(loom_parse_time_of_day(text, 5, &seconds)); /* as HH:MM */
    assert_int_equal(seconds, expected / 60 * 60);
  }
  for (int32_t expected = 0; expected < LOOM_DAY_SECONDS; expected += 59) {
    static const char *const forms[] = {"%d:%02d:%02d %s", "%02d:%02d:%02d%s"};
    int hours = expected / 3600, of_half = hours % 12 ? hours % 12 : 12;
    char text[LOOM_TIME_SIZE];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
      snprintf(text, sizeof text, forms[i], of_half, expected / 60 % 60, expected % 60,
               hours < 12 ? i ? "am" : "AM"
               : i        ? "Pm"
                          : "PM");
      assert_null(loom_parse_time_of_day(text, strlen(text), &seconds));
      assert_int_equal(seconds, expected);
    }
    snprintf(text, sizeof text, "%d:%02d", hours, expected / 60 % 60);
    assert_null(loom_parse_time_of_day(text, strlen(text), &seconds));
    assert_int_equal(seconds, expected / 60 * 60);
  }
  assert_null(loom_parse_time_of_day("24:00", 5, &seconds));
  assert_int_equal(seconds, 86400);
  assert_null(loom_parse_time_of_day("18:05:09", 8, &seconds));
  assert_int_equal(seconds, 18 * 3600 + 5 * 60 + 9);
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    char *copy = exactly(none[i], strlen(none[i]));
    if (!loom_parse_time_of_day(copy + 1, strlen(none[i]), &seconds))
      fail_msg("\"%s\" was taken for a time of day", none[i]);
    free(copy);
  }
}

static void weekdays(void **state) {
  (void)state;
  static const char *const names[] = {
      "0", "mon", "Monday", "1", "TUE", "tuesday",  "2", "Wed", "WEDNESDAY", "3", "thu", "Thursday",
      "4", "fri", "friday", "5", "Sat", "saturday", "6", "sun", "Sunday"};
  static const char *const none[] = {"",        "7",    "-1",     "00",   "mo",  "mond",
                                     "mondays", "tues", "Montag", " mon", "m\0n"};
  int weekday;
  for (int i = 0; i < 21; i++) {
    assert_null(loom_parse_weekday(names[i], strlen(names[i]), &weekday));
    assert_int_equal(weekday, i / 3);
  }
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_non_null(loom_parse_weekday(none[i], strlen(none[i]), &weekday));
  assert_non_null(loom_parse_weekday("mon\0", 4, &weekday));
}

/* ---- durations ---- */

static void durations(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t duration; /* -1: refused */
  } cases[] = {
      {"0", 0},
      {"90", 90 * LOOM_SECOND},
      {"90s", 90 * LOOM_SECOND},
      {"90m", 90 * LOOM_MINUTE},
      {"2h", 2 * LOOM_HOUR},
      {"7d", 7 * LOOM_DAY},
      {"1w", 7 * LOOM_DAY},
      {"0h", 0},
      {"007d", 7 * LOOM_DAY},
      {"3652500d", 3652500 * LOOM_DAY},
      {"3652501d", -1},
      {"521785w", INT64_C(521785) * 7 * LOOM_DAY},
      {"521786w", -1},
      {"315576000000", 3652500 * LOOM_DAY},
      {"315576000001", -1},
      {"999999999999999w", -1},
      {"9999999999999999", -1},
      {"99999999999999999999999999", -1},
      {"", -1},
      {"h", -1},
      {"-1h", -1},
      {"+1h", -1},
      {"1.5h", -1},
      {"1 h", -1},
      {" 1h", -1},
      {"1h ", -1},
      {"1H", -1},
      {"1y", -1},
      {"1hh", -1},
      {"1h30m", -1},
      {"0x10", -1},
      {"1e3", -1},
      {"ten", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t duration = -1;
    char *copy = exactly(cases[i].text, strlen(cases[i].text));
    const char *reason = loom_parse_duration(copy + 1, strlen(cases[i].text), &duration);
    free(copy);
    if ((reason == NULL) != (cases[i].duration >= 0) || duration != cases[i].duration)
      fail_msg("\"%s\" is %lld, not %lld", cases[i].text, (long long)duration,
               (long long)cases[i].duration);
  }
  int64_t duration;
  assert_non_null(loom_parse_duration("1\0", 2, &duration));
}

static void local_times(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t shown; /* -1: it is none */
  } cases[] = {{"1970-01-02", LOOM_DAY},
               {"1970-01-01 00:01", LOOM_MINUTE},
               {"1970-01-01T01:00:00.5", LOOM_HOUR + LOOM_SECOND / 2},
               {"9999-12-31 23:59:59.999999", LOOM_INSTANT_MAX},
               {"", -1},
               {"1970-01-0", -1},
               {"1970-02-30", -1},
               {"1970-01-01 ", -1},
               {"1970-01-01 00", -1},
               {"1970-01-01 24:00", -1},
               {"1970-01-01 00:01Z", -1},
               {"1970-01-01 00:01 UTC", -1},
               {"1970-01-01 00:01+01", -1},
               {"1970-01-01 00:01-01:00", -1},
               {"1234567890", -1},
               {"1234567890123", -1},
               {"1234567890123456", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t shown = -1;
    char *copy = exactly(cases[i].text, strlen(cases[i].text));
    const char *reason = loom_parse_local(copy + 1, strlen(cases[i].text), &shown);
    free(copy);
    if ((reason == NULL) != (cases[i].shown >= 0) || (!reason && shown != cases[i].shown))
      fail_msg("\"%s\" is %lld", cases[i].text, (long long)shown);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_date),
      cmocka_unit_test(dates_beyond_the_four_digits),
      cmocka_unit_test(dates_that_are_none),
      cmocka_unit_test(dates_of_instants),
      cmocka_unit_test(timestamps_that_are_accepted),
      cmocka_unit_test(timestamps_that_are_none),
      cmocka_unit_test(reasons),
      cmocka_unit_test(timestamps_with_one_byte_changed),
      cmocka_unit_test(timestamps_round_trip),
      cmocka_unit_test(local_times),
      cmocka_unit_test(times_of_day),
      cmocka_unit_test(weekdays),
      cmocka_unit_test(durations),
  };
  return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
