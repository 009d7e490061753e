/*
** Civil time: calendar dates, times of day, timestamps and durations, as numbers and as text.
**
** An instant is an int64 count of microseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
** A date is an int32 count of days since 1970-01-01 in the proleptic Gregorian calendar.
** Parsers return NULL on success, or the reason in words that complete `"VALUE" …`.
*/
#ifndef LOOM_CIVIL_H
#define LOOM_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_SECOND INT64_C(1000000)
#define LOOM_MINUTE (60 * LOOM_SECOND)
#define LOOM_HOUR (3600 * LOOM_SECOND)
#define LOOM_DAY (86400 * LOOM_SECOND)
#define LOOM_DAY_SECONDS 86400

/* First and last instant that text can name: years 1 to 9999. */
#define LOOM_INSTANT_MIN (INT64_C(-62135596800) * LOOM_SECOND)
#define LOOM_INSTANT_MAX (INT64_C(253402300800) * LOOM_SECOND - 1)

/* The longest duration, 10,000 years: far from overflow when added to an instant. */
#define LOOM_DURATION_MAX (3652500 * LOOM_DAY)

/* 0001-01-01 and 9999-12-31. */
#define LOOM_DATE_MIN (-719162)
#define LOOM_DATE_MAX 2932896

int32_t loom_date_from_civil(int year, int month, int day);
void loom_civil_from_date(int32_t date, int *year, int *month, int *day);

/* 0 = Monday … 6 = Sunday. */
int loom_weekday(int32_t date);

/* The UTC date that holds an instant: rounds towards minus infinity. */
int32_t loom_date_of_instant(int64_t instant);

/*
** `YYYY-MM-DD`, a blank or `T`, `HH:MM` or `HH:MM:SS` with an optional fraction of 1 to 9 digits (past 6 they are cut), then
** nothing, which means UTC, or, after a blank or not, `UTC`, `GMT`, `Z` in any case or an offset `±HH`, `±HHMM`, `±HH:MM` up to
** 18 hours. 10, 13 or 16 digits alone are seconds, milliseconds or microseconds since the epoch.
*/
const char *loom_parse_timestamp(const char *text, size_t length, int64_t *instant);

/*
** What a clock shows, without saying where it is: `YYYY-MM-DD` for midnight, or with a time as in a timestamp. In microseconds
** since it showed 1970-01-01T00:00:00.
*/
const char *loom_parse_local(const char *text, size_t length, int64_t *shown);

/* `YYYY-MM-DD`. */
const char *loom_parse_date(const char *text, size_t length, int32_t *date);

/* 0 to 6, or the English name of the day or its first three letters, in any case. */
const char *loom_parse_weekday(const char *text, size_t length, int *weekday);

/*
** `HH:MM` or `HH:MM:SS`, 00:00:00 to 24:00:00, in seconds since local midnight; the hour may have one digit. With `AM` or `PM`
** behind it, after a blank or not, in any case, 12 hours are counted from midnight or noon: 12:30 AM is 00:30.
*/
const char *loom_parse_time_of_day(const char *text, size_t length, int32_t *seconds);

/* Whole seconds, or a whole number with a unit: `s`, `m`, `h`, `d`, `w`. In microseconds, up to 10,000 years. */
const char *loom_parse_duration(const char *text, size_t length, int64_t *duration);

/* Buffers hold the text and its final NUL; the length is returned. */
#define LOOM_TIMESTAMP_SIZE 32
#define LOOM_DATE_SIZE 16
#define LOOM_TIME_SIZE 16
/* `… 10:14:00.000000 UTC` */
size_t loom_format_timestamp(int64_t instant, char out[LOOM_TIMESTAMP_SIZE]);
size_t loom_format_date(int32_t date, char out[LOOM_DATE_SIZE]);
size_t loom_format_time_of_day(int32_t seconds, char out[LOOM_TIME_SIZE]); /* `HH:MM:SS` */

#endif
