/*
** Weeks to and from text.
*/
#include "measure/week_text.h"
#include "time/civil.h"

#include <stdbool.h>
#include <string.h>

static const char not_a_week[] =
    "is not a week (such as \"sun 02:00-04:00\", \"mon-fri 01:00-02:00,22:00-23:00\", \"daily "
    "03:00-03:10\", with ; between them)";

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* A stretch of the text. */
struct part {
  const char *text;
  size_t length;
};

static struct part trimmed(struct part part) {
  while (part.length && (part.text[0] == ' ' || part.text[0] == '\t')) {
    part.text++;
    part.length--;
  }
  while (part.length && (part.text[part.length - 1] == ' ' || part.text[part.length - 1] == '\t'))
    part.length--;
  return part;
}

/* Takes what comes before a separator, or all, away from the rest; false at the end. */
static bool cut(struct part *rest, char separator, struct part *out) {
  if (!rest->text)
    return false;
  const char *at = rest->length ? memchr(rest->text, separator, rest->length) : NULL;
  size_t length = at ? (size_t)(at - rest->text) : rest->length;
  *out = trimmed((struct part){rest->text, length});
  if (at)
    *rest = (struct part){at + 1, rest->length - length - 1};
  else
    rest->text = NULL;
  return true;
}

static bool read_day(struct part part, int *day) {
  return !loom_parse_weekday(part.text, part.length, day);
}

/* A day, or all from one to another: sets their bits. */
static bool read_days(struct part part, unsigned *days) {
  int first, last;
  struct part from;
  cut(&part, '-', &from);
  if (!read_day(from, &first))
    return false;
  last = first;
  if (part.text && !read_day(trimmed(part), &last))
    return false;
  for (int day = first;; day = (day + 1) % 7) {
    *days |= 1u << day;
    if (day == last)
      return true;
  }
}

static bool is_daily(struct part part) {
  static const char word[] = "daily";
  if (part.length != sizeof word - 1)
    return false;
  for (size_t i = 0; i < part.length; i++)
    if ((part.text[i] | 0x20) != word[i])
      return false;
  return true;
}

static bool read_span(struct part part, struct loom_hours *opening) {
  struct part open;
  cut(&part, '-', &open);
  if (!part.text)
    return false;
  struct part close = trimmed(part);
  return !loom_parse_time_of_day(open.text, open.length, &opening->open) &&
         !loom_parse_time_of_day(close.text, close.length, &opening->close);
}

/* Where the times begin: the digits before the first colon. */
static size_t times_of(struct part part) {
  const char *colon = part.length ? memchr(part.text, ':', part.length) : NULL;
  size_t at = colon ? (size_t)(colon - part.text) : 0;
  while (at && part.text[at - 1] >= '0' && part.text[at - 1] <= '9')
    at--;
  return at;
}

struct reading {
  struct loom_hours *openings;
  size_t most, *count;
};

static bool add(const struct reading *reading, unsigned days, struct loom_hours opening) {
  for (int day = 0; day < 7; day++) {
    if (!(days & 1u << day))
      continue;
    if (*reading->count == reading->most)
      return false;
    opening.weekday = day;
    reading->openings[(*reading->count)++] = opening;
  }
  return true;
}

/* Days and their spans. */
static const char *read_group(const struct reading *reading, struct part group) {
  unsigned days = 0;
  size_t at = times_of(group);
  struct part names = trimmed((struct part){group.text, at}), name, span;
  struct part spans = {group.text + at, group.length - at};
  if (at == 0)
    return not_a_week;
  if (is_daily(names)) {
    days = 0x7f;
    names.text = NULL;
  }
  while (cut(&names, ',', &name))
    if (!read_days(name, &days))
      return not_a_week;
  while (cut(&spans, ',', &span)) {
    struct loom_hours opening = {0};
    if (!read_span(span, &opening))
      return not_a_week;
    if (!add(reading, days, opening))
      return "has too many spans";
  }
  return NULL;
}

const char *loom_week_parse(const char *text, size_t length, struct loom_hours *openings,
                            size_t most, size_t *count) {
  const struct reading reading = {openings, most, count};
  struct part rest = {text, length}, group;
  *count = 0;
  while (cut(&rest, ';', &group)) {
    const char *reason = read_group(&reading, group);
    if (reason)
      return reason;
  }
  return NULL;
}

/* ---- to text ---- */

static void put_time(struct loom_text *text, int32_t seconds) {
  char time[LOOM_TIME_SIZE];
  size_t length = loom_format_time_of_day(seconds, time);
  loom_text_put(text, time, seconds % 60 ? length : length - 3);
}

/* How many of the openings, which begin with a day's, are of it. */
static size_t day_size(const struct loom_hours *openings, size_t count) {
  size_t size = 0;
  while (size < count && openings[size].weekday == openings[0].weekday)
    size++;
  return size;
}

/* Whether the next day's openings, of which there may be none, are the same as these. */
static bool goes_on(const struct loom_hours *openings, size_t size, size_t count) {
  const struct loom_hours *next = openings + size;
  if (size == count || next->weekday != openings->weekday + 1 ||
      day_size(next, count - size) != size)
    return false;
  for (size_t i = 0; i < size; i++)
    if (next[i].open != openings[i].open || next[i].close != openings[i].close)
      return false;
  return true;
}

static void put_days(struct loom_text *text, int32_t first, int32_t last) {
  if (first == 0 && last == 6) {
    loom_text_put_string(text, "daily");
    return;
  }
  loom_text_put_string(text, day_names[first]);
  if (last > first) {
    loom_text_put_char(text, '-');
    loom_text_put_string(text, day_names[last]);
  }
}

void loom_week_put(struct loom_text *text, const struct loom_hours *openings, size_t count) {
  for (size_t at = 0, size; at < count; at += size) {
    int32_t first = openings[at].weekday;
    size = day_size(openings + at, count - at);
    while (goes_on(openings + at, size, count - at))
      at += size;
    if (first > openings[0].weekday)
      loom_text_put_string(text, "; ");
    put_days(text, first, openings[at].weekday);
    for (size_t i = 0; i < size; i++) {
      loom_text_put_char(text, i ? ',' : ' ');
      put_time(text, openings[at + i].open);
      loom_text_put_char(text, '-');
      put_time(text, openings[at + i].close);
    }
  }
}
