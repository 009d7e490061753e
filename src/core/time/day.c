/*
** Local days.
*/
#include "time/day.h"

#include "time/civil.h"

int32_t loom_day_of(const loom_zone *zone, int64_t instant) {
  int64_t second =
      instant / LOOM_SECOND - (instant % LOOM_SECOND < 0); /* rounded towards minus infinity */
  return loom_date_of_instant(instant + loom_zone_offset(zone, second) * LOOM_SECOND);
}

struct loom_day loom_day_after(const loom_zone *zone, int64_t instant) {
  int32_t date = loom_day_of(zone, instant);
  struct loom_day day;
  do {
    day.start = loom_zone_instant(zone, ++date * (int64_t)LOOM_DAY_SECONDS) * LOOM_SECOND;
    day.date = loom_day_of(zone, day.start);
  } while (day.start <= instant ||
           day.date < date); /* a date that is skipped begins with the next */
  return day;
}
