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

/* Index behind the last row of the week in force on a date; 0: there is none. */
static size_t week_end(const struct loom_schedule *schedule, int32_t date) {
  size_t end = schedule->hours_count;
  while (end > 0 && schedule->hours[end - 1].from > date)
    end--;
  return end;
}

/* Tells of the openings of the week in force on the date. A store without one is open all day. */
static bool tell_weekly(const struct inquiry *inquiry, enum loom_origin *origin) {
  const struct loom_hours *hours = inquiry->schedule->hours;
  size_t end = week_end(inquiry->schedule, inquiry->date);
  *origin = LOOM_ORIGIN_WEEKLY;
  if (end == 0 || hours[end - 1].open == LOOM_NO_HOURS) {
    *origin = LOOM_ORIGIN_NO_HOURS;
    return tell(inquiry, 0, inquiry->slack == 0 ? LOOM_DAY_SECONDS - 1 : LOOM_DAY_SECONDS);
  }
  int weekday = loom_weekday(inquiry->date);
  int32_t from = hours[end - 1].from;
  size_t first = end, behind = 0; /* the weekday's rows are among these */
  for (size_t i = end; i-- > 0 && hours[i].from == from;)
    if (hours[i].weekday == weekday) {
      first = i;
      behind = behind ? behind : i + 1;
    }
  for (size_t i = first; i < behind; i++)
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
  loom_sameness_fn *same; /* NULL: each date's openings come by themselves */
  void *context;
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

/* ---- days without end ---- */

/* A stretch of dates on which one week is in force that never closes, and nothing else is. */
struct days {
  const struct loom_hours *week; /* its rows, in order; none: open from midnight to midnight */
  size_t rows;
  int32_t end; /* the date after the last one */
};

/*
** Whether a week never closes: each weekday's first opening begins when the one before it ends, by local time, and what else there
** is lies within one.
*/
static bool is_chain(const struct loom_hours *week, size_t rows, int32_t slack) {
  unsigned weekdays = 0;
  struct loom_span first = local_span(week->weekday, week->open, week->close, slack),
                   link = {first.start, first.start};
  for (size_t i = 0; i < rows; i++) {
    struct loom_span span = local_span(week[i].weekday, week[i].open, week[i].close, slack);
    unsigned weekday = 1u << week[i].weekday;
    if (week[i].open == LOOM_CLOSED)
      return false;
    if (span.start == link.end) {
      link = span;
      weekdays |= weekday;
    } else if (span.start == link.start) {
      link.end = span.end > link.end ? span.end : link.end;
    } else if (span.start < link.start || span.end > link.end || !(weekdays & weekday)) {
      return false;
    }
  }
  return weekdays == 0x7f && link.end == first.start + (int64_t)7 * LOOM_DAY_SECONDS;
}

static int32_t date_from(const struct loom_special_day *days, size_t count, int32_t date,
                         int32_t otherwise) {
  size_t at = find_day(days, count, date);
  return at < count && days[at].date < otherwise ? days[at].date : otherwise;
}

/* The days that begin with a date, and end with `last` at the latest. False: there is none. */
static bool find_days(const struct loom_schedule *s, int32_t date, int32_t last, int32_t slack,
                      struct days *days) {
  size_t next = week_end(s, date), begin = next;
  *days = (struct days){.end = last + 1};
  if (next > 0 && s->hours[next - 1].open != LOOM_NO_HOURS) {
    while (begin > 0 && s->hours[begin - 1].from == s->hours[next - 1].from)
      begin--;
    days->week = s->hours + begin;
    days->rows = next - begin;
  }
  if (days->week ? !is_chain(days->week, days->rows, slack) : slack == 0)
    return false;
  if (next < s->hours_count && s->hours[next].from < days->end)
    days->end = s->hours[next].from;
  days->end = date_from(s->own_days, s->own_days_count, date, days->end);
  days->end = date_from(s->all_days, s->all_days_count, date, days->end);
  return days->end > date;
}

/* The instant at which a date's first opening begins, and the one before it ends. False: clocks are changed about then. */
static bool find_seam(const struct builder *b, const struct days *days, int32_t date,
                      int64_t *seam) {
  int64_t local = (int64_t)date * LOOM_DAY_SECONDS;
  int32_t offset;
  for (size_t i = 0; i < days->rows; i++)
    if (days->week[i].weekday == loom_weekday(date)) {
      local += days->week[i].open;
      break;
    }
  if (!loom_zone_is_steady(b->zone, local - LOOM_DAY_SECONDS, local + LOOM_DAY_SECONDS, &offset))
    return false;
  *seam = (local - offset) * LOOM_SECOND;
  return true;
}

/*
** Adds the days from *date on that may be taken as one, if there are any, and moves on behind them. The first and the last one of a
** stretch are not among them: openings beside it may overlap them. False: memory is out.
*/
static bool add_days(struct builder *b, const struct loom_schedule *schedule, int32_t *date,
                     int32_t last) {
  struct days days;
  int64_t start, end = 0;
  if (!find_days(schedule, *date - 1, last, b->slack, &days) || days.end - 1 <= *date ||
      !find_seam(b, &days, *date, &start))
    return true;
  int64_t until = b->same(b->context, start);
  if (until <= start)
    return true;
  int32_t next = loom_date_of_instant(until < LOOM_INSTANT_MAX ? until : LOOM_INSTANT_MAX) + 2;
  if (next >= days.end)
    next = days.end - 1;
  while (next > *date && (!find_seam(b, &days, next, &end) || end > until))
    next--;
  if (next <= *date)
    return true;
  *date = next;
  return loom_spans_add(b->intervals, start, end);
}

/* ---- dates of one week ---- */

/* The week that is in force on all dates that are laid out, and where the rows of each weekday begin; at 7 the last ones end. */
struct week {
  const struct loom_hours *rows;
  size_t first[8];
};

static bool has_day(const struct loom_special_day *days, size_t count, int32_t first,
                    int32_t last) {
  size_t at = find_day(days, count, first);
  return at < count && days[at].date <= last;
}

/* False: there is no such week, or its rows are not in order. */
static bool find_week(const struct loom_schedule *s, int32_t first, int32_t last,
                      struct week *week) {
  size_t end = week_end(s, first), row = end;
  if (end == 0 || s->hours[end - 1].open == LOOM_NO_HOURS ||
      (end < s->hours_count && s->hours[end].from <= last) ||
      has_day(s->own_days, s->own_days_count, first, last) ||
      has_day(s->all_days, s->all_days_count, first, last))
    return false;
  while (row > 0 && s->hours[row - 1].from == s->hours[end - 1].from)
    row--;
  week->rows = s->hours;
  for (int weekday = 0; weekday < 7; weekday++) {
    week->first[weekday] = row;
    while (row < end && s->hours[row].weekday == weekday)
      row++;
  }
  week->first[7] = row;
  return row == end;
}

/* As loom_schedule_date would for each date, without looking for its week and weekday. */
static bool add_dates(struct builder *b, const struct week *week, int32_t first, int32_t last) {
  int weekday = loom_weekday(first);
  for (int32_t date = first; date <= last; date++) {
    for (size_t i = week->first[weekday]; i < week->first[weekday + 1]; i++)
      if (week->rows[i].open != LOOM_CLOSED &&
          !add_opening(b, date, week->rows[i].open, week->rows[i].close))
        return false;
    weekday = weekday == 6 ? 0 : weekday + 1;
  }
  return true;
}

static bool build(struct builder *b, const struct loom_schedule *schedule, int64_t from,
                  int64_t to) {
  enum loom_origin origin;
  int32_t first, last;
  choose_dates(b, from, to, &first, &last);
  b->intervals->count = 0;
  struct week week;
  if (!b->same && find_week(schedule, first, last, &week))
    return add_dates(b, &week, first, last);
  for (int32_t date = first; date <= last;) {
    int32_t at = date;
    if (b->same && !add_days(b, schedule, &date, last))
      return false;
    if (date == at && !loom_schedule_date(schedule, date++, b->slack, add_opening, b, &origin))
      return false;
  }
  return true;
}

/* Brings what was built in order, and leaves out what does not reach into [from, to). */
static void finish(struct loom_spans *intervals, int64_t from, int64_t to) {
  loom_spans_merge(intervals, false);
  size_t kept = 0;
  for (size_t i = 0; i < intervals->count; i++)
    if (intervals->items[i].end > from && intervals->items[i].start < to)
      intervals->items[kept++] = intervals->items[i];
  intervals->count = kept;
}

bool loom_schedule_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                             int32_t slack, struct loom_spans *intervals) {
  return loom_schedule_long_intervals(schedule, from, to, slack, NULL, NULL, intervals);
}

bool loom_schedule_long_intervals(const struct loom_schedule *schedule, int64_t from, int64_t to,
                                  int32_t slack, loom_sameness_fn *same, void *context,
                                  struct loom_spans *intervals) {
  struct builder b = {.zone = schedule->zone,
                      .slack = slack,
                      .intervals = intervals,
                      .same = same,
                      .context = context};
  if (!build(&b, schedule, from, to))
    return false;
  finish(intervals, from, to);
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
