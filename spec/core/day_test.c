/*
** Local days: in every zone there is, against the date that the clock shows a moment before and at each start.
*/
#include "time/day.h"

#include "support.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>

static const loom_zone *zone_of(loom_zones *zones, const char *name) {
  const loom_zone *zone;
  loom_error error;
  if (loom_zones_get(zones, name, strlen(name), &zone, &error) != LOOM_OK)
    return NULL;
  return zone;
}

static int64_t instant_of(const char *text) {
  int64_t instant;
  assert_null(loom_parse_timestamp(text, strlen(text), &instant));
  return instant;
}

static const char *const names[] = {"UTC",
                                    "America/Chicago",
                                    "America/Havana",    /* clocks go back from 01:00 to 00:00 */
                                    "America/Sao_Paulo", /* and went on at midnight */
                                    "Asia/Beirut",
                                    "Africa/Cairo",
                                    "Asia/Kathmandu",
                                    "Australia/Lord_Howe",
                                    "Europe/London",
                                    "Pacific/Apia", /* which skipped a day */
                                    "Pacific/Kiritimati",
                                    "America/Nuuk"};

static void days_begin_where_dates_change(void **state) {
  (void)state;
  loom_zones *zones = loom_zones_new(NULL);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const loom_zone *zone = zone_of(zones, names[i]);
    if (!zone)
      continue; /* an older tz database */
    assert_string_equal(loom_zone_name(zone), names[i]);
    int64_t at = instant_of("1990-01-01 12:34:56.789"), end = instant_of("2030-01-01 00:00:00");
    int32_t date = loom_day_of(zone, at);
    while (at < end) {
      struct loom_day day = loom_day_after(zone, at);
      assert_true(day.start > at);
      assert_int_equal(loom_day_of(zone, day.start), day.date);
      assert_true(day.date > date && day.date <= date + 2);
      assert_true(loom_day_of(zone, day.start - 1) < day.date);
      assert_true(day.start - at <= 26 * LOOM_HOUR || day.date == date + 2);
      at = day.start, date = day.date;
    }
  }
  loom_zones_free(zones);
}

static void days_of_a_change(void **state) {
  (void)state;
  static const struct {
    const char *zone, *after, *date, *start;
  } cases[] = {
      {"America/New_York", "2023-03-11 12:00:00", "2023-03-12", "2023-03-12 05:00:00"},
      {"America/New_York", "2023-03-12 05:00:00", "2023-03-13",
       "2023-03-13 04:00:00"}, /* 23 hours */
      {"America/New_York", "2023-11-05 04:00:00", "2023-11-06",
       "2023-11-06 05:00:00"}, /* 25 hours */
      {"America/Sao_Paulo", "2018-11-03 12:00:00", "2018-11-04",
       "2018-11-04 03:00:00"}, /* at 01:00 */
      {"Pacific/Apia", "2011-12-29 12:00:00", "2011-12-31", "2011-12-30 10:00:00"},
  };
  loom_zones *zones = loom_zones_new(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[LOOM_DATE_SIZE];
    struct loom_day day = loom_day_after(zone_of(zones, cases[i].zone), instant_of(cases[i].after));
    size_t length = loom_format_date(day.date, text);
    assert_int_equal(length, strlen(cases[i].date));
    assert_memory_equal(text, cases[i].date, length);
    assert_int_equal(day.start, instant_of(cases[i].start));
  }
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(days_begin_where_dates_change),
      cmocka_unit_test(days_of_a_change),
  };
  return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
