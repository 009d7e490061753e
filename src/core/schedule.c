/*
** Schedules to intervals to pieces.
*/
#include "schedule.h"
#include "civil.h"

struct builder {
  const struct loom_schedule *schedule;
  int32_t slack;
  struct loom_spans *intervals;
};

static int64_t instant_of(const loom_zone *zone, int32_t date, int32_t seconds) {
  return loom_zone_instant(zone, (int64_t)date * LOOM_DAY_SECONDS + seconds) * LOOM_SECOND;
}

static bool add_opening(struct builder *b, int32_t date, int32_t open, int32_t close) {
  if (open == LOOM_CLOSED)
    return true;
  if (close >= LOOM_DAY_SECONDS - b->slack)
    close = LOOM_DAY_SECONDS;
  int64_t start = instant_of(b->schedule->zone, date, open);
  int64_t end = instant_of(b->schedule->zone, date + (close <= open), close);
  return end <= start || loom_spans_add(b->intervals, start, end);
}

/* Index of the first special day on or after a date. */
static size_t find_day(const struct loom_special_day *days, size_t count, int32_t date) {
  size_t low = 0;
  while (low < count) {
    size_t middle = low + (count - low) / 2;
    if (days[middle].date < date)
      low = middle + 1;
    else
      count = middle;
  }
  return low;
}

/* Adds a special day's openings; *found tells whether the date is one. */
static bool add_special(struct builder *b, const struct loom_special_day *days, size_t count,
                        int32_t date, bool *found) {
  *found = false;
  for (size_t i = find_day(days, count, date); i < count && days[i].date == date; i++) {
    *found = true;
    if (!add_opening(b, date, days[i].open, days[i].close))
      return false;
  }
  return true;
}

/* Adds the openings of the week in force on a date. A store without one is open all day. */
static bool add_weekly(struct builder *b, int32_t date) {
  const struct loom_hours *hours = b->schedule->hours;
  size_t end = b->schedule->hours_count;
  while (end > 0 && hours[end - 1].from > date)
    end--;
  if (end == 0 || hours[end - 1].open == LOOM_NO_HOURS)
    return add_opening(b, date, 0, b->slack == 0 ? LOOM_DAY_SECONDS - 1 : LOOM_DAY_SECONDS);
  size_t begin = end;
  while (begin > 0 && hours[begin - 1].from == hours[end - 1].from)
    begin--;
  int weekday = loom_weekday(date);
  for (size_t i = begin; i < end; i++)
    if (hours[i].weekday == weekday && !add_opening(b, date, hours[i].open, hours[i].close))
      return false;
  return true;
}

static bool add_date(struct builder *b, int32_t date) {
  const struct loom_schedule *s = b->schedule;
  bool found;
  if (!add_special(b, s->own_days, s->own_days_count, date, &found))
    return false;
  if (!found && !add_special(b, s->all_days, s->all_days_count, date, &found))
    return false;
  return found || add_weekly(b, date);
}

bool loom_schedule_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                             int32_t slack, struct loom_spans *intervals) {
  struct builder b = {schedule, slack, intervals};
  /* The local date is within one of the UTC date, and an opening may reach through the date after its own. */
  int32_t first = loom_date_of_instant(from) - 2, last = loom_date_of_instant(to) + 1;
  intervals->count = 0;
  for (int32_t date = first; date <= last; date++)
    if (!add_date(&b, date))
      return false;
  loom_spans_merge(intervals, false);
  size_t kept = 0;
  for (size_t i = 0; i < intervals->count; i++)
    if (intervals->items[i].end > from && intervals->items[i].start < to)
      intervals->items[kept++] = intervals->items[i];
  intervals->count = kept;
  return true;
}

bool loom_schedule_pieces(const struct loom_spans *intervals, const struct loom_spans *exclusions,
                          struct loom_span window, struct loom_spans *pieces, int64_t *excluded) {
  size_t next = 0; /* the first exclusion that may still reach into an interval */
  pieces->count = 0;
  *excluded = 0;
  for (size_t i = 0; i < intervals->count; i++) {
    struct loom_span span = intervals->items[i];
    if (span.start < window.start)
      span.start = window.start;
    if (span.end > window.end)
      span.end = window.end;
    if (span.start >= span.end)
      continue;
    while (next < exclusions->count && exclusions->items[next].end <= span.start)
      next++;
    for (size_t e = next; e < exclusions->count && exclusions->items[e].start < span.end; e++) {
      struct loom_span out = exclusions->items[e];
      if (out.start > span.start && !loom_spans_add(pieces, span.start, out.start))
        return false;
      int64_t stop = out.end < span.end ? out.end : span.end;
      *excluded += stop - (out.start > span.start ? out.start : span.start);
      span.start = stop;
    }
    if (span.start < span.end && !loom_spans_add(pieces, span.start, span.end))
      return false;
  }
  return true;
}
