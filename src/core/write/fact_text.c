/*
** Facts as JSON.
*/
#include "write/fact_text.h"
#include "base/id_table.h"
#include "base/json_text.h"
#include "measure/exclusion.h"
#include "measure/week.h"
#include "measure/week_text.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

/* Most bytes of all that is not text of somebody's: names of members, dates, instants; and of an opening with what is around it. */
#define FIXED_SIZE 512
#define OPENING_SIZE 40

static void put(struct loom_text *text, const char *string) {
  loom_text_put_string(text, string);
}

static void put_date(struct loom_text *text, int32_t date) {
  char bytes[LOOM_DATE_SIZE];
  loom_text_put_char(text, '"');
  loom_text_put(text, bytes, loom_format_date(date, bytes));
  loom_text_put_char(text, '"');
}

static void put_instant(struct loom_text *text, int64_t instant) {
  char bytes[LOOM_TIMESTAMP_SIZE];
  loom_text_put_char(text, '"');
  loom_text_put(text, bytes, loom_format_timestamp(instant, bytes));
  loom_text_put_char(text, '"');
}

/* Without seconds where there are none. */
static void put_time(struct loom_text *text, int32_t seconds) {
  char bytes[LOOM_TIME_SIZE];
  size_t length = loom_format_time_of_day(seconds, bytes);
  loom_text_put(text, bytes, seconds % 60 ? length : length - strlen(":00"));
}

static void put_span(struct loom_text *text, const struct loom_hours *opening) {
  loom_text_put_char(text, '"');
  put_time(text, opening->open);
  loom_text_put_char(text, '-');
  put_time(text, opening->close);
  loom_text_put_char(text, '"');
}

/* ---- kinds; `openings` are in order, each once ---- */

static void put_week(struct loom_text *text, const struct loom_hours *openings, size_t count) {
  static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  put(text, "\"week\":{");
  for (size_t i = 0; i < count; i++) {
    bool begins = i == 0 || openings[i].weekday != openings[i - 1].weekday;
    if (begins) {
      put(text, i ? "],\"" : "\"");
      put(text, days[openings[i].weekday]);
      put(text, "\":[");
    } else {
      loom_text_put_char(text, ',');
    }
    put_span(text, &openings[i]);
  }
  put(text, count ? "]}" : "}");
}

static void put_effective(struct loom_text *text, int32_t date) {
  put(text, "{\"effective_from\":");
  if (date == LOOM_DATE_MIN)
    put(text, "\"always\"");
  else
    put_date(text, date);
  loom_text_put_char(text, ',');
}

static void put_special_day(struct loom_text *text, const struct loom_fact *fact,
                            const struct loom_hours *openings, size_t count) {
  put(text, "{\"date\":");
  put_date(text, fact->date);
  put(text, ",\"spans\":[");
  for (size_t i = 0; i < count; i++) {
    if (i)
      loom_text_put_char(text, ',');
    put_span(text, &openings[i]);
  }
  put(text, "],\"note\":");
  loom_json_put_string(text, fact->text, fact->text_length);
  loom_text_put_char(text, '}');
}

/* What the clocks show at a bound of a rule, of a weekly one a date; nothing where there is no bound. */
static void put_shown(struct loom_text *text, const char *name, int64_t shown, bool is_weekly) {
  char bytes[LOOM_TIMESTAMP_SIZE];
  if (is_weekly && (shown == LOOM_INSTANT_MIN || shown == LOOM_INSTANT_MAX))
    return;
  size_t length = loom_format_timestamp(shown, bytes) - strlen(" UTC");
  if (shown % 1000000 == 0)
    length -= strlen(".000000");
  put(text, name);
  loom_text_put_char(text, '"');
  loom_text_put(text, bytes, is_weekly ? strlen("YYYY-MM-DD") : length);
  loom_text_put_char(text, '"');
}

static void put_rule(struct loom_text *text, const struct loom_fact *fact,
                     const struct loom_hours *openings, size_t count) {
  put(text, ",\"zone\":");
  loom_json_put_string(text, fact->name, fact->name_length);
  if (count) {
    put(text, ",\"weekly\":\"");
    loom_week_put(text, openings, count);
    loom_text_put_char(text, '"');
  }
  put_shown(text, ",\"from_local\":", fact->from, count > 0);
  put_shown(text, ",\"to_local\":", fact->to, count > 0);
}

static void put_exclusion(struct loom_text *text, const struct loom_fact *fact,
                          const struct loom_hours *openings, size_t count) {
  put(text, "{\"number\":");
  loom_text_put_whole(text, fact->number);
  put(text, ",\"store_id\":");
  loom_json_put_string(text, fact->store ? fact->store : "*", fact->store ? fact->store_length : 1);
  if (fact->name_length) {
    put_rule(text, fact, openings, count);
  } else {
    put(text, ",\"from_utc\":");
    put_instant(text, fact->from);
    put(text, ",\"to_utc\":");
    put_instant(text, fact->to);
  }
  put(text, ",\"reason\":");
  loom_json_put_string(text, fact->text, fact->text_length);
  loom_text_put_char(text, '}');
}

static void put_sorted(struct loom_text *text, const struct loom_fact *fact,
                       const struct loom_hours *openings, size_t count) {
  switch (fact->kind) {
  case LOOM_FACT_WEEK:
    put_effective(text, fact->date);
    if (fact->reverts)
      put(text, "\"reverts\":true");
    else
      put_week(text, openings, count);
    loom_text_put_char(text, '}');
    break;
  case LOOM_FACT_SPECIAL_DAY:
    put_special_day(text, fact, openings, count);
    break;
  case LOOM_FACT_EXCLUSION:
    put_exclusion(text, fact, openings, count);
    break;
  case LOOM_FACT_ZONE:
    put(text, "{\"timezone_str\":");
    loom_json_put_string(text, fact->text, fact->text_length);
    loom_text_put_char(text, '}');
    break;
  case LOOM_FACT_ATTRIBUTE:
    loom_json_put_string(text, fact->name, fact->name_length);
    loom_text_put_char(text, ':');
    loom_json_put_string(text, fact->text, fact->text_length);
    break;
  case LOOM_FACT_STORE:
    break;
  }
}

/* ---- the whole ---- */

/* The openings in order, each once: packed, and unpacked again. */
static size_t sort(const struct loom_fact *fact, unsigned char *week, struct loom_hours *openings) {
  size_t count = loom_week_pack(fact->openings, fact->opening_count, week) / LOOM_OPENING_SIZE;
  for (size_t i = 0; i < count; i++)
    loom_opening_unpack(week + i * LOOM_OPENING_SIZE, &openings[i]);
  return count;
}

bool loom_fact_put(struct loom_text *text, const struct loom_fact *fact) {
  size_t most = fact->opening_count + 1;
  size_t size = FIXED_SIZE + LOOM_JSON_STRING_SIZE(fact->store_length) +
                LOOM_JSON_STRING_SIZE(fact->name_length) +
                LOOM_JSON_STRING_SIZE(fact->text_length) +
                most * (OPENING_SIZE + LOOM_WEEK_TEXT_SIZE(1));
  unsigned char *week = malloc(most * LOOM_OPENING_SIZE);
  struct loom_hours *openings = calloc(most, sizeof *openings);
  bool good = week && openings && loom_text_reserve(text, size);
  if (good)
    put_sorted(text, fact, openings, sort(fact, week, openings));
  free(week);
  free(openings);
  return good;
}

bool loom_fact_put_absent(struct loom_text *text, const struct loom_fact *fact) {
  if (!loom_text_reserve(text, FIXED_SIZE + LOOM_JSON_STRING_SIZE(fact->name_length)))
    return false;
  if (fact->kind == LOOM_FACT_WEEK) {
    put_effective(text, fact->date);
    put(text, "\"removed\":true}");
  } else if (fact->kind == LOOM_FACT_ATTRIBUTE) {
    loom_json_put_string(text, fact->name, fact->name_length);
    put(text, ":null");
  }
  return true;
}
