/*
** Tests of rules of exclusions: what they take out, against a clock that is read minute by minute, on both sides of the changes of
** summer time.
*/
#include "measure/exclusion.h"
#include "measure/week.h"
#include "support.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define DAYS 12
#define MINUTES (DAYS * 1440)
#define MARGIN (3 * 1440) /* minutes before and after, in which openings may begin or end */

/* What a zone's clock shows at each minute, in minutes. */
struct clock_face {
  int64_t start; /* the first minute */
  int64_t shown[MINUTES + 2 * MARGIN];
};

static void read_clock(const loom_zone *zone, int64_t start, struct clock_face *face) {
  face->start = start - MARGIN;
  for (size_t i = 0; i < COUNT_OF(face->shown); i++) {
    int64_t minute = face->start + (int64_t)i;
    face->shown[i] = minute + loom_zone_offset(zone, minute * 60) / 60;
  }
}

/* When a clock shows a minute: the first time, or as long after a gap as it would have been, had there been none. */
static int64_t minute_of(const struct clock_face *face, int64_t shown) {
  for (size_t i = 0; i + 1 < COUNT_OF(face->shown); i++) {
    if (face->shown[i] == shown)
      return face->start + (int64_t)i;
    if (face->shown[i] < shown && face->shown[i + 1] > shown)
      return face->start + (int64_t)i + (shown - face->shown[i]);
  }
  return INT64_MAX; /* not on this face */
}

static void mark(bool *minutes, int64_t from, int64_t to, int64_t start) {
  for (int64_t minute = from; from != INT64_MAX && to != INT64_MAX && minute < to; minute++)
    if (minute >= start && minute < start + MINUTES)
      minutes[minute - start] = true;
}

static void mark_weekly(const struct clock_face *face, const struct loom_exclusion_rule *rule,
                        const struct loom_hours *openings, size_t count, bool *minutes,
                        int64_t start) {
  int32_t first = (int32_t)(face->shown[0] / 1440) + 1;
  for (int32_t date = first; date < first + DAYS + 4; date++)
    for (size_t i = 0; i < count; i++)
      if (date * LOOM_DAY >= rule->from && date * LOOM_DAY < rule->to &&
          (date + 7003) % 7 == openings[i].weekday) {
        int64_t open = (int64_t)date * 1440 + openings[i].open / 60, close = openings[i].close / 60;
        close += (int64_t)(close <= openings[i].open / 60 ? date + 1 : date) * 1440;
        mark(minutes, minute_of(face, open), minute_of(face, close), start);
      }
}

static void expect_same(const struct loom_spans *spans, const bool *minutes, int64_t start) {
  static bool found[MINUTES];
  memset(found, 0, sizeof found);
  for (size_t i = 0; i < spans->count; i++) {
    assert_true(spans->items[i].start < spans->items[i].end);
    mark(found, spans->items[i].start / LOOM_MINUTE, spans->items[i].end / LOOM_MINUTE, start);
  }
  for (int64_t i = 0; i < MINUTES; i++)
    if (found[i] != minutes[i])
      fail_msg("minute %lld is %s", (long long)(start + i), found[i] ? "taken out" : "not");
}

static int64_t below(uint64_t *seed, uint64_t n) {
  return (int64_t)random_below(seed, n);
}

/* A random rule, weekly or not, near the start of a hull. */
static size_t make_rule(uint64_t *seed, int64_t start, struct loom_exclusion_rule *rule,
                        struct loom_hours *openings, size_t most) {
  size_t count = (size_t)below(seed, most + 1);
  for (size_t i = 0; i < count; i++)
    openings[i] = (struct loom_hours){.weekday = (int32_t)below(seed, 7),
                                      .open = (int32_t)below(seed, 49) * 1800,
                                      .close = (int32_t)below(seed, 48) * 1800};
  int64_t day = loom_date_of_instant(start * LOOM_MINUTE) * LOOM_DAY;
  rule->from = day + below(seed, DAYS) * LOOM_DAY;
  rule->to = rule->from + (below(seed, 6) + 1) * LOOM_DAY;
  if (count && below(seed, 2)) {
    rule->from = LOOM_INSTANT_MIN;
    rule->to = LOOM_INSTANT_MAX;
  } else if (count == 0) {
    rule->from += below(seed, 96) * 15 * LOOM_MINUTE;
    rule->to = rule->from + (below(seed, 96) + 1) * 15 * LOOM_MINUTE;
  }
  return count;
}

static void rules_go_by_the_clock(void **state) {
  (void)state;
  static const struct {
    const char *zone, *start;
  } cases[] = {
      {"America/New_York", "2024-03-06 00:00:00"},    {"America/New_York", "2024-10-28 05:00:00"},
      {"Europe/Berlin", "2024-03-26 00:00:00"},       {"Europe/Berlin", "2024-10-24 00:00:00"},
      {"Australia/Lord_Howe", "2024-04-02 00:00:00"}, {"Pacific/Apia", "2011-12-26 00:00:00"},
      {"Asia/Kathmandu", "2024-05-05 00:00:00"},      {"UTC", "1969-12-28 00:00:00"}};
  static struct clock_face face;
  static bool minutes[MINUTES];
  loom_zones *zones = loom_zones_new(NULL);
  uint64_t seed = 11;
  for (int round = 0; round < 400; round++) {
    size_t which = (size_t)round % COUNT_OF(cases);
    const loom_zone *zone;
    loom_error error;
    int64_t instant = 0;
    struct loom_exclusion_rules rules = {0};
    struct loom_exclusion_rule rule = {.zone = LOOM_STORE_ZONE};
    struct loom_spans spans = {0};
    struct loom_hours openings[4];
    unsigned char week[sizeof openings / sizeof *openings * LOOM_OPENING_SIZE];
    assert_int_equal(
        loom_zones_get(zones, cases[which].zone, strlen(cases[which].zone), &zone, &error),
        LOOM_OK);
    assert_null(loom_parse_timestamp(cases[which].start, strlen(cases[which].start), &instant));
    int64_t start = instant / LOOM_MINUTE;
    size_t count = make_rule(&seed, start, &rule, openings, COUNT_OF(openings));
    size_t size = loom_week_pack(openings, count, week);
    assert_null(loom_exclusion_rule_problem(rule.from, rule.to, count > 0));
    assert_true(loom_exclusion_rules_add(&rules, rule, week, size));
    const struct loom_span hull = {instant, instant + DAYS * LOOM_DAY};
    assert_true(loom_exclusion_rule_expand(&rules, &rules.items[0], zone, hull, 0, &spans));
    assert_true(spans.count <= loom_exclusion_rule_most(&rules.items[0], hull));
    read_clock(zone, start, &face);
    memset(minutes, 0, sizeof minutes);
    if (count)
      mark_weekly(&face, &rule, openings, count, minutes, start);
    else
      mark(minutes, minute_of(&face, rule.from / LOOM_MINUTE),
           minute_of(&face, rule.to / LOOM_MINUTE), start);
    expect_same(&spans, minutes, start);
    loom_spans_free(&spans);
    loom_exclusion_rules_free(&rules);
  }
  loom_zones_free(zones);
}

static struct loom_span expand_one(const char *zone_name, const char *from, const char *to,
                                   struct loom_hours opening, int32_t slack, size_t *count) {
  const loom_zone *zone;
  loom_error error;
  struct loom_exclusion_rules rules = {0};
  struct loom_exclusion_rule rule = {.from = LOOM_INSTANT_MIN, .to = LOOM_INSTANT_MAX};
  struct loom_spans spans = {0};
  struct loom_span hull = {0}, out = {0};
  unsigned char week[LOOM_OPENING_SIZE];
  loom_zones *zones = loom_zones_new(NULL);
  assert_int_equal(loom_zones_get(zones, zone_name, strlen(zone_name), &zone, &error), LOOM_OK);
  assert_null(loom_parse_timestamp(from, strlen(from), &hull.start));
  assert_null(loom_parse_timestamp(to, strlen(to), &hull.end));
  assert_true(loom_exclusion_rules_add(&rules, rule, week, loom_week_pack(&opening, 1, week)));
  assert_true(loom_exclusion_rule_expand(&rules, rules.items, zone, hull, slack, &spans));
  assert_true(spans.count <= loom_exclusion_rule_most(rules.items, hull));
  *count = spans.count;
  if (spans.count)
    out = spans.items[0];
  loom_spans_free(&spans);
  loom_exclusion_rules_free(&rules);
  loom_zones_free(zones);
  return out;
}

static void expect_span(struct loom_span span, const char *from, const char *to) {
  char text[LOOM_TIMESTAMP_SIZE];
  loom_format_timestamp(span.start, text);
  assert_memory_equal(text, from, strlen(from));
  loom_format_timestamp(span.end, text);
  assert_memory_equal(text, to, strlen(to));
}

static void known_nights(void **state) {
  (void)state;
  size_t count;
  const struct loom_hours sunday = {.weekday = 6, .open = 7200, .close = 14400},
                          skipped = {.weekday = 6, .open = 9000, .close = 12600},
                          late = {.weekday = 5, .open = 79200, .close = 86340};
  /* 02:00 is 03:00 there: an hour is left */
  expect_span(
      expand_one("America/New_York", "2024-03-10 00:00", "2024-03-11 00:00", sunday, 0, &count),
      "2024-03-10 07:00:00", "2024-03-10 08:00:00");
  assert_int_equal(count, 1);
  /* 02:30 and 03:30 are the same instant */
  expand_one("America/New_York", "2024-03-10 00:00", "2024-03-11 00:00", skipped, 0, &count);
  assert_int_equal(count, 0);
  /* 02:00 is there once, after the hour that is there twice */
  expect_span(
      expand_one("America/New_York", "2024-11-03 00:00", "2024-11-04 00:00", sunday, 0, &count),
      "2024-11-03 07:00:00", "2024-11-03 09:00:00");
  /* in Berlin 02:00 is there twice, and the first one counts */
  expect_span(
      expand_one("Europe/Berlin", "2024-10-27 00:00", "2024-10-28 00:00", sunday, 0, &count),
      "2024-10-27 00:00:00", "2024-10-27 03:00:00");
  expect_span(expand_one("UTC", "2024-03-09 00:00", "2024-03-11 00:00", late, 60, &count),
              "2024-03-09 22:00:00", "2024-03-10 00:00:00");
  expect_span(expand_one("UTC", "2024-03-09 00:00", "2024-03-11 00:00", late, 59, &count),
              "2024-03-09 22:00:00", "2024-03-09 23:59:00");
  /* all that reaches in comes whole, and nothing else */
  expect_span(expand_one("UTC", "2024-03-09 23:00", "2024-03-09 23:01", late, 60, &count),
              "2024-03-09 22:00:00", "2024-03-10 00:00:00");
  expand_one("UTC", "2024-03-10 00:00", "2024-03-10 23:00", late, 60, &count);
  assert_int_equal(count, 0);
}

static void bounds(void **state) {
  (void)state;
  assert_null(loom_exclusion_rule_problem(LOOM_INSTANT_MIN, LOOM_INSTANT_MAX, true));
  assert_null(loom_exclusion_rule_problem(-LOOM_DAY, LOOM_DAY, true));
  assert_null(loom_exclusion_rule_problem(-1, 1, false));
  assert_non_null(loom_exclusion_rule_problem(-1, LOOM_DAY, true));
  assert_non_null(loom_exclusion_rule_problem(0, LOOM_DAY + 1, true));
  assert_non_null(loom_exclusion_rule_problem(5, 5, false));
  assert_non_null(loom_exclusion_rule_problem(LOOM_INSTANT_MIN - 1, 5, false));
  assert_non_null(loom_exclusion_rule_problem(5, LOOM_INSTANT_MAX + 1, false));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rules_go_by_the_clock),
                                     cmocka_unit_test(known_nights), cmocka_unit_test(bounds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
