/*
** Schedules to intervals to pieces.
*/
#include "measure/schedule.h"
#include "time/civil.h"

/* An opening on the local clock, in seconds since it showed 1970-01-01T00:00:00. */
static struct loom_span local_span(int32_t date, int32_t open, int32_t close, int32_t slack) {
  int64_t midnight = (int64_t)date * LOOM_DAY_SECONDS;
  if (close >= LOOM_DAY_SECONDS - slack)
    close = LOOM_DAY_SECONDS;
  return (struct loom_span){midnight + open,
                            midnight + (close <= open ? LOOM_DAY_SECONDS : 0) + close};
}

struct loom_span loom_schedule_span_near(const loom_zone *zone, int32_t date, int32_t open,
                                         int32_t close, int32_t slack, size_t *near) {
  struct loom_span span = local_span(date, open, close, slack);
  span.start = loom_zone_instant_near(zone, span.start, near) * LOOM_SECOND;
  span.end = loom_zone_instant_near(zone, span.end, near) * LOOM_SECOND;
  return span;
}

struct loom_span loom_schedule_span(const loom_zone *zone, int32_t date, int32_t open,
                                    int32_t close, int32_t slack) {
  size_t near = 0;
  return loom_schedule_span_near(zone, date, open, close, slack, &near);
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

/* One date, and who wants to know of its openings. */
struct inquiry {
  const struct loom_schedule *schedule;
  int32_t date, slack;
  loom_opening_fn *opening;
  void *context;
};

static bool tell(const struct inquiry *inquiry, int32_t open, int32_t close) {
  return open == LOOM_CLOSED || inquiry->opening(inquiry->context, inquiry->date, open, close);
}

/* Tells of a special day's openings, the first of which is days[at]. */
static bool tell_special(const struct inquiry *inquiry, const struct loom_special_day *days,
                         size_t count, size_t at) {
  for (; at < count && days[at].date == inquiry->date; at++)
    if (!tell(inquiry, days[at].open, days[at].close))
      return false;
  return true;
}

/* Tells of the openings of the week in force on the date. A store without one is open all day. */
static bool tell_weekly(const struct inquiry *inquiry, enum loom_origin *origin) {
  const struct loom_hours *hours = inquiry->schedule->hours;
  size_t end = inquiry->schedule->hours_count;
  while (end > 0 && hours[end - 1].from > inquiry->date)
    end--;
  *origin = LOOM_ORIGIN_WEEKLY;
  if (end == 0 || hours[end - 1].open == LOOM_NO_HOURS) {
    *origin = LOOM_ORIGIN_NO_HOURS;
    return tell(inquiry, 0, inquiry->slack == 0 ? LOOM_DAY_SECONDS - 1 : LOOM_DAY_SECONDS);
  }
  size_t begin = end;
  while (begin > 0 && hours[begin - 1].from == hours[end - 1].from)
    begin--;
  int weekday = loom_weekday(inquiry->date);
  for (size_t i = begin; i < end; i++)
    if (hours[i].weekday == weekday && !tell(inquiry, hours[i].open, hours[i].close))
      return false;
  return true;
}

bool loom_schedule_date(const struct loom_schedule *schedule, int32_t date, int32_t slack,
                        loom_opening_fn *opening, void *context, enum loom_origin *origin) {
  const struct loom_schedule *s = schedule;
  const struct inquiry inquiry = {schedule, date, slack, opening, context};
  size_t own = find_day(s->own_days, s->own_days_count, date);
  size_t all = find_day(s->all_days, s->all_days_count, date);
  if (own < s->own_days_count && s->own_days[own].date == date) {
    *origin = LOOM_ORIGIN_OWN_DAY;
    return tell_special(&inquiry, s->own_days, s->own_days_count, own);
  }
  if (all < s->all_days_count && s->all_days[all].date == date) {
    *origin = LOOM_ORIGIN_ALL_DAY;
    return tell_special(&inquiry, s->all_days, s->all_days_count, all);
  }
  return tell_weekly(&inquiry, origin);
}

/* The local date is within one of the UTC date, and an opening may reach through the date after its own. */
void loom_schedule_dates(int64_t from, int64_t to, int32_t *first, int32_t *last) {
  *first = loom_date_of_instant(from) - 2;
  *last = loom_date_of_instant(to) + 1;
}

struct builder {
  const loom_zone *zone;
  int32_t slack;
  size_t near; /* as loom_zone_instant_near has it */
  struct loom_spans *intervals;
  /* seconds east of Greenwich on all dates that are laid out; if `is_steady`, else clocks are changed then */
  int32_t offset;
  bool is_steady;
};

static bool add_opening(void *context, int32_t date, int32_t open, int32_t close) {
  struct builder *b = context;
  struct loom_span span;
  if (b->is_steady) {
    span = local_span(date, open, close, b->slack);
    span.start = (span.start - b->offset) * LOOM_SECOND;
    span.end = (span.end - b->offset) * LOOM_SECOND;
  } else {
    span = loom_schedule_span_near(b->zone, date, open, close, b->slack, &b->near);
  }
  return span.end <= span.start || loom_spans_add(b->intervals, span.start, span.end);
}

/* The local dates whose openings may reach into [from, to): on most days the clocks have one offset, by which fewer will do. */
static void choose_dates(struct builder *b, int64_t from, int64_t to, int32_t *first,
                         int32_t *last) {
  loom_schedule_dates(from, to, first, last);
  b->is_steady = loom_zone_is_steady(b->zone, (int64_t)*first * LOOM_DAY_SECONDS,
                                     (int64_t)(*last + 2) * LOOM_DAY_SECONDS, &b->offset);
  if (b->is_steady) {
    int64_t offset = b->offset * LOOM_SECOND;
    *first = loom_date_of_instant(from + offset) - 1;
    *last = loom_date_of_instant(to - 1 + offset);
  }
}

bool loom_schedule_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                             int32_t slack, struct loom_spans *intervals) {
  struct builder b = {.zone = schedule->zone, .slack = slack, .intervals = intervals};
  enum loom_origin origin;
  int32_t first, last;
  choose_dates(&b, from, to, &first, &last);
  intervals->count = 0;
  for (int32_t date = first; date <= last; date++)
    if (!loom_schedule_date(schedule, date, slack, add_opening, &b, &origin))
      return false;
  loom_spans_merge(intervals, false);
  size_t kept = 0;
  for (size_t i = 0; i < intervals->count; i++)
    if (intervals->items[i].end > from && intervals->items[i].start < to)
      intervals->items[kept++] = intervals->items[i];
  intervals->count = kept;
  return true;
}

bool loom_schedule_pieces(const struct loom_spans *intervals, struct loom_span window,
                          struct loom_spans *pieces) {
  pieces->count = 0;
  for (size_t i = 0; i < intervals->count; i++) {
    struct loom_span span = intervals->items[i];
    if (span.start < window.start)
      span.start = window.start;
    if (span.end > window.end)
      span.end = window.end;
    if (span.start < span.end && !loom_spans_add(pieces, span.start, span.end))
      return false;
  }
  return true;
}
