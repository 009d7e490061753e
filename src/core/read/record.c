/*
** Rows of each kind of input file.
*/
#include "read/record.h"
#include "measure/exclusion.h"
#include "measure/hours.h"
#include "measure/week.h"
#include "measure/week_text.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>

#define TOO_LONG "is longer than " LOOM_TEXT_OF(LOOM_NOTE_MAX) " bytes" /* of a text */

static enum loom_record_result refuse(struct loom_row_problem *problem,
                                      const struct loom_record_reader *reader, int column,
                                      struct loom_csv_field value, const char *reason) {
  *problem = (struct loom_row_problem){.column = loom_column_name(reader->columns.kind, column),
                                       .value = value};
  snprintf(problem->reason, sizeof problem->reason, "%.*s", (int)sizeof problem->reason - 1,
           reason);
  return LOOM_RECORD_BAD;
}

static enum loom_record_result no_memory(struct loom_record_reader *reader) {
  loom_no_memory(&reader->failure);
  return LOOM_RECORD_FAILED;
}

static bool field_count_is_right(const struct loom_record_reader *reader,
                                 const struct loom_csv_row *row, struct loom_row_problem *problem) {
  if (row->count == reader->columns.field_count)
    return true;
  *problem = (struct loom_row_problem){0};
  snprintf(problem->reason, sizeof problem->reason, "has %zu field%s, but the header has %zu",
           row->count, row->count == 1 ? "" : "s", reader->columns.field_count);
  return false;
}

/* A note or a reason, as it stands. */
static struct loom_csv_field get_text(const struct loom_record_reader *reader,
                                      const struct loom_csv_row *row, int column) {
  static const struct loom_csv_field absent = {"", 0};
  int field = reader->columns.fields[column];
  return field < 0 ? absent : row->fields[field];
}

/* Ids, numbers, times and words mean the same with blanks around them. */
static struct loom_csv_field get(const struct loom_record_reader *reader,
                                 const struct loom_csv_row *row, int column) {
  return loom_csv_trimmed(get_text(reader, row, column));
}

/* The number of a store, which is always column 0. */
static enum loom_record_result number_store(struct loom_record_reader *reader,
                                            struct loom_csv_field id, uint32_t *store,
                                            struct loom_row_problem *problem) {
  if (id.length == 0)
    return refuse(problem, reader, 0, id, "is not a store id: it is empty");
  if (id.length > LOOM_ID_MAX)
    return refuse(problem, reader, 0, id,
                  "is not a store id: it is longer than " LOOM_TEXT_OF(LOOM_ID_MAX) " bytes");
  if (reader->has_store) {
    size_t length;
    const char *last = loom_id_table_get(reader->ids, reader->store, &length);
    if (length == id.length && memcmp(last, id.text, length) == 0) {
      *store = reader->store;
      return LOOM_RECORD_GOOD;
    }
  }
  *store = loom_id_table_put(reader->ids, id.text, id.length);
  reader->has_store = *store != LOOM_NO_NUMBER;
  reader->store = *store;
  return reader->has_store ? LOOM_RECORD_GOOD : no_memory(reader);
}

static enum loom_record_result read_store(struct loom_record_reader *reader,
                                          const struct loom_csv_row *row, uint32_t *store,
                                          struct loom_row_problem *problem) {
  return number_store(reader, get(reader, row, 0), store, problem);
}

/*
** They are judged together: a character differs from 0 in its lower four bits alone if it is a digit, or one of the six that come
** after 9.
*/
bool loom_record_read_digits(const char *text, const char *pattern, unsigned char digits[8]) {
  static const uint64_t sixes = UINT64_C(0x0606060606060606), highs = UINT64_C(0xf0f0f0f0f0f0f0f0);
  uint64_t read, zeros;
  memcpy(&read, text, 8);
  memcpy(&zeros, pattern, 8);
  read ^= zeros;
  memcpy(digits, &read, 8);
  return ((read | (read + sixes)) & highs) == 0;
}

bool loom_record_read_common_timestamp(const struct loom_record_reader *reader, const char *text,
                                       int64_t *instant) {
  unsigned char time[8], fraction[8];
  if (memcmp(text, reader->date_text, 10) != 0 || text[10] != ' ' ||
      memcmp(text + 26, " UTC", 4) != 0 || !loom_record_read_digits(text + 11, "00:00:00", time) ||
      !loom_record_read_digits(text + 19, ".000000 ", fraction))
    return false;
  int hours = time[0] * 10 + time[1], minutes = time[3] * 10 + time[4];
  int seconds = time[6] * 10 + time[7];
  if (time[2] || time[5] || fraction[0] || fraction[7] || hours > 23 || minutes > 59 ||
      seconds > 59)
    return false;
  int micros = 0;
  for (int i = 1; i < 7; i++)
    micros = micros * 10 + fraction[i];
  *instant = (int64_t)reader->date * LOOM_DAY +
             (int64_t)(hours * 3600 + minutes * 60 + seconds) * LOOM_SECOND + micros;
  return true;
}

/* One wrong clock must not move the newest poll, at which the windows of every store end. */
static enum loom_record_result refuse_future(struct loom_row_problem *problem,
                                             const struct loom_record_reader *reader,
                                             struct loom_csv_field when) {
  char latest[LOOM_TIMESTAMP_SIZE];
  refuse(problem, reader, 2, when, "");
  problem->well_formed = true;
  loom_format_timestamp(reader->latest, latest);
  snprintf(problem->reason, sizeof problem->reason,
           "is too far in the future: after %s, which is max_ahead from now", latest);
  return LOOM_RECORD_BAD;
}

enum loom_record_result loom_record_judge_poll(struct loom_record_reader *reader,
                                               const struct loom_poll_fields *fields,
                                               struct loom_poll_record *poll,
                                               struct loom_row_problem *problem) {
  int64_t instant;
  struct loom_csv_field status = loom_csv_trimmed(fields->status);
  struct loom_csv_field when = loom_csv_trimmed(fields->timestamp);
  bool active = loom_csv_field_is(status, "active");
  if (!active && !loom_csv_field_is(status, "inactive"))
    return refuse(problem, reader, 1, status, "is not a status (active or inactive)");
  if (when.length != LOOM_COMMON_TIMESTAMP ||
      !loom_record_read_common_timestamp(reader, when.text, &instant)) {
    const char *reason = loom_parse_timestamp(when.text, when.length, &instant);
    if (reason)
      return refuse(problem, reader, 2, when, reason);
    if (!loom_parse_date(when.text, 10, &reader->date))
      memcpy(reader->date_text, when.text, 10);
  }
  if (reader->latest && instant > reader->latest)
    return refuse_future(problem, reader, when);
  poll->poll = loom_poll_pack(instant, active);
  poll->day = loom_date_of_instant(instant);
  return number_store(reader, loom_csv_trimmed(fields->store_id), &poll->store, problem);
}

enum loom_record_result loom_record_read_poll(struct loom_record_reader *reader,
                                              const struct loom_csv_row *row,
                                              struct loom_poll_record *poll,
                                              struct loom_row_problem *problem) {
  if (!field_count_is_right(reader, row, problem))
    return LOOM_RECORD_BAD;
  const int *fields = reader->columns.fields;
  return loom_record_judge_poll(reader,
                                &(struct loom_poll_fields){.store_id = row->fields[fields[0]],
                                                           .status = row->fields[fields[1]],
                                                           .timestamp = row->fields[fields[2]]},
                                poll, problem);
}

static enum loom_record_result read_span(struct loom_record_reader *reader,
                                         const struct loom_csv_row *row, struct loom_record *record,
                                         struct loom_row_problem *problem) {
  struct loom_csv_field open = get(reader, row, 2), close = get(reader, row, 3);
  const char *reason = loom_parse_time_of_day(open.text, open.length, &record->open);
  if (reason)
    return refuse(problem, reader, 2, open, reason);
  reason = loom_parse_time_of_day(close.text, close.length, &record->close);
  return reason ? refuse(problem, reader, 3, close, reason) : LOOM_RECORD_GOOD;
}

/* Whether the word stands where times would: for both, or for the first one alone. */
static bool times_are(const char *word, struct loom_csv_field open, struct loom_csv_field close) {
  return loom_csv_field_is(open, word) && (close.length == 0 || loom_csv_field_is(close, word));
}

/* The layer that a row belongs to. Without the column, or with nothing in it, it is a file's. */
static enum loom_record_result read_origin(struct loom_record_reader *reader,
                                           const struct loom_csv_row *row, int column,
                                           struct loom_record *record,
                                           struct loom_row_problem *problem) {
  struct loom_csv_field origin = get(reader, row, column);
  record->override = loom_csv_field_is(origin, "override");
  if (origin.length == 0 || record->override || loom_csv_field_is(origin, "file"))
    return LOOM_RECORD_GOOD;
  return refuse(problem, reader, column, origin, "is not an origin (file or override)");
}

static enum loom_record_result read_hours(struct loom_record_reader *reader,
                                          const struct loom_csv_row *row,
                                          struct loom_record *record,
                                          struct loom_row_problem *problem) {
  struct loom_csv_field weekday = get(reader, row, 1), from = get(reader, row, 4);
  struct loom_csv_field open = get(reader, row, 2), close = get(reader, row, 3);
  int number = 0;
  const char *reason = loom_parse_weekday(weekday.text, weekday.length, &number);
  if (reason)
    return refuse(problem, reader, 1, weekday, reason);
  record->weekday = (int16_t)number;
  record->date = LOOM_ALWAYS;
  if (from.length)
    reason = loom_parse_date(from.text, from.length, &record->date);
  if (reason)
    return refuse(problem, reader, 4, from, reason);
  if (record->date == LOOM_DATE_MIN) /* the database's name for it */
    record->date = LOOM_ALWAYS;
  enum loom_record_result result = read_origin(reader, row, 5, record, problem);
  if (result != LOOM_RECORD_GOOD)
    return result;
  bool reverts = times_are("reverts", open, close);
  if (reverts && !record->override)
    return refuse(problem, reader, 2, open, "is for rows whose origin is override alone");
  if (reverts || times_are("closed", open, close)) {
    record->open = record->close = reverts ? LOOM_NO_HOURS : LOOM_CLOSED;
    return LOOM_RECORD_GOOD;
  }
  return read_span(reader, row, record, problem);
}

static enum loom_record_result read_timezone(struct loom_record_reader *reader,
                                             const struct loom_csv_row *row,
                                             struct loom_record *record,
                                             struct loom_row_problem *problem) {
  const loom_zone *zone;
  loom_error error;
  struct loom_csv_field name = get(reader, row, 1);
  loom_status status = loom_zones_get(reader->zones, name.text, name.length, &zone, &error);
  if (status == LOOM_EINPUT || status == LOOM_ECORRUPT)
    return refuse(problem, reader, 1, name, error.message);
  if (status != LOOM_OK) { /* the machine's fault, not the row's */
    reader->failure = error;
    return LOOM_RECORD_FAILED;
  }
  record->text = loom_id_table_put(reader->texts, name.text, name.length);
  return record->text == LOOM_NO_NUMBER ? no_memory(reader)
                                        : read_origin(reader, row, 2, record, problem);
}

static enum loom_record_result read_special_day(struct loom_record_reader *reader,
                                                const struct loom_csv_row *row,
                                                struct loom_record *record,
                                                struct loom_row_problem *problem) {
  struct loom_csv_field date = get(reader, row, 1), note = get_text(reader, row, 4);
  const char *reason = loom_parse_date(date.text, date.length, &record->date);
  if (reason)
    return refuse(problem, reader, 1, date, reason);
  if (note.length > LOOM_NOTE_MAX)
    return refuse(problem, reader, 4, note, TOO_LONG);
  record->text = loom_id_table_put(reader->texts, note.text, note.length);
  if (record->text == LOOM_NO_NUMBER)
    return no_memory(reader);
  enum loom_record_result result = read_origin(reader, row, 5, record, problem);
  if (result != LOOM_RECORD_GOOD)
    return result;
  struct loom_csv_field open = get(reader, row, 2), close = get(reader, row, 3);
  if ((open.length == 0 && close.length == 0) || times_are("closed", open, close)) {
    record->open = record->close = LOOM_CLOSED;
    return LOOM_RECORD_GOOD;
  }
  return read_span(reader, row, record, problem);
}

/* The columns of exclusions. */
enum { FROM_UTC = 1, TO_UTC, REASON, WEEKLY, ZONE, FROM_LOCAL, TO_LOCAL };

static enum loom_record_result read_instants(struct loom_record_reader *reader,
                                             const struct loom_csv_row *row,
                                             struct loom_record *record,
                                             struct loom_row_problem *problem) {
  struct loom_csv_field from = get(reader, row, FROM_UTC), to = get(reader, row, TO_UTC);
  const char *reason = loom_parse_timestamp(from.text, from.length, &record->from);
  if (reason)
    return refuse(problem, reader, FROM_UTC, from, reason);
  reason = loom_parse_timestamp(to.text, to.length, &record->to);
  if (reason)
    return refuse(problem, reader, TO_UTC, to, reason);
  return record->to > record->from ? LOOM_RECORD_GOOD
                                   : refuse(problem, reader, TO_UTC, to, "is not after from_utc");
}

/* What the clocks show at a rule's beginning or end: of a weekly one a date, which may be missing. */
static const char *read_local(struct loom_csv_field field, bool weekly, int64_t none,
                              int64_t *shown) {
  int32_t date = 0;
  if (!weekly)
    return loom_parse_local(field.text, field.length, shown);
  const char *reason = field.length ? loom_parse_date(field.text, field.length, &date) : NULL;
  *shown = field.length ? date * LOOM_DAY : none;
  return reason;
}

static enum loom_record_result read_locals(struct loom_record_reader *reader,
                                           const struct loom_csv_row *row, bool weekly,
                                           struct loom_record *record,
                                           struct loom_row_problem *problem) {
  struct loom_csv_field from = get(reader, row, FROM_LOCAL), to = get(reader, row, TO_LOCAL);
  const char *reason = read_local(from, weekly, LOOM_INSTANT_MIN, &record->from);
  if (reason)
    return refuse(problem, reader, FROM_LOCAL, from, reason);
  reason = read_local(to, weekly, LOOM_INSTANT_MAX, &record->to);
  if (reason)
    return refuse(problem, reader, TO_LOCAL, to, reason);
  return record->to > record->from
             ? LOOM_RECORD_GOOD
             : refuse(problem, reader, TO_LOCAL, to, "is not after from_local");
}

/* The zone of a rule, as it is stored. */
static enum loom_record_result read_rule_zone(struct loom_record_reader *reader,
                                              const struct loom_csv_row *row,
                                              struct loom_csv_field *out,
                                              struct loom_row_problem *problem) {
  const loom_zone *zone;
  loom_error error;
  struct loom_csv_field name = get(reader, row, ZONE);
  *out = name;
  if (name.length == 0)
    return refuse(problem, reader, ZONE, name,
                  "is missing: times by the clock need store, or the name of a timezone");
  if (loom_csv_field_is(name, LOOM_STORE_ZONE)) {
    out->text = LOOM_STORE_ZONE;
    return LOOM_RECORD_GOOD;
  }
  loom_status status = loom_zones_get(reader->zones, name.text, name.length, &zone, &error);
  if (status == LOOM_EINPUT || status == LOOM_ECORRUPT)
    return refuse(problem, reader, ZONE, name, error.message);
  if (status == LOOM_OK)
    return LOOM_RECORD_GOOD;
  reader->failure = error; /* the machine's fault, not the row's */
  return LOOM_RECORD_FAILED;
}

/* An exclusion whose times are those that clocks show. */
static enum loom_record_result read_rule(struct loom_record_reader *reader,
                                         const struct loom_csv_row *row, struct loom_record *record,
                                         struct loom_row_problem *problem) {
  struct loom_hours openings[LOOM_RULE_OPENINGS_MAX];
  char key[LOOM_ZONE_NAME_MAX + LOOM_RULE_OPENINGS_MAX * LOOM_OPENING_SIZE] = {0};
  struct loom_csv_field weekly = get(reader, row, WEEKLY), zone;
  size_t count = 0;
  for (int column = FROM_UTC; column <= TO_UTC; column++) {
    struct loom_csv_field instant = get(reader, row, column);
    if (instant.length)
      return refuse(problem, reader, column, instant,
                    "is for rows without weekly, zone and local times");
  }
  enum loom_record_result result = read_rule_zone(reader, row, &zone, problem);
  if (result != LOOM_RECORD_GOOD)
    return result;
  const char *reason = NULL;
  if (weekly.length)
    reason = loom_week_parse(weekly.text, weekly.length, openings, LOOM_RULE_OPENINGS_MAX, &count);
  if (reason)
    return refuse(problem, reader, WEEKLY, weekly, reason);
  result = read_locals(reader, row, count > 0, record, problem);
  if (result != LOOM_RECORD_GOOD)
    return result;
  memcpy(key, zone.text, zone.length);
  size_t size = loom_week_pack(openings, count, (unsigned char *)key + zone.length + 1);
  record->is_rule = true;
  record->name = loom_id_table_put(reader->texts, key, zone.length + 1 + size);
  return record->name == LOOM_NO_NUMBER ? no_memory(reader) : LOOM_RECORD_GOOD;
}

static enum loom_record_result read_exclusion(struct loom_record_reader *reader,
                                              const struct loom_csv_row *row,
                                              struct loom_record *record,
                                              struct loom_row_problem *problem) {
  struct loom_csv_field text = get_text(reader, row, REASON);
  bool is_rule = false;
  for (int column = WEEKLY; column <= TO_LOCAL; column++)
    is_rule = is_rule || get(reader, row, column).length > 0;
  enum loom_record_result result = is_rule ? read_rule(reader, row, record, problem)
                                           : read_instants(reader, row, record, problem);
  if (result != LOOM_RECORD_GOOD)
    return result;
  if (text.length > LOOM_NOTE_MAX)
    return refuse(problem, reader, REASON, text, TOO_LONG);
  record->text = loom_id_table_put(reader->texts, text.text, text.length);
  return record->text == LOOM_NO_NUMBER ? no_memory(reader) : LOOM_RECORD_GOOD;
}

enum loom_record_result loom_record_check_attributes(struct loom_record_reader *reader,
                                                     const struct loom_csv_row *row,
                                                     uint32_t *store,
                                                     struct loom_row_problem *problem) {
  if (!field_count_is_right(reader, row, problem))
    return LOOM_RECORD_BAD;
  for (size_t i = 0; i < reader->attributes.count; i++) {
    struct loom_csv_field value = row->fields[reader->attributes.items[i].field];
    if (value.length <= LOOM_NOTE_MAX)
      continue;
    *problem = (struct loom_row_problem){.column = "attribute", .value = value};
    snprintf(problem->reason, sizeof problem->reason, TOO_LONG);
    return LOOM_RECORD_BAD;
  }
  return read_store(reader, row, store, problem);
}

enum loom_record_result loom_record_read_attribute(struct loom_record_reader *reader,
                                                   const struct loom_csv_row *row, uint32_t store,
                                                   size_t which, struct loom_record *record) {
  struct loom_csv_field value = row->fields[reader->attributes.items[which].field];
  *record = (struct loom_record){.store = store, .name = reader->attributes.items[which].name};
  record->text = loom_id_table_put(reader->texts, value.text, value.length);
  return record->text == LOOM_NO_NUMBER ? no_memory(reader) : LOOM_RECORD_GOOD;
}

enum loom_record_result loom_record_read(struct loom_record_reader *reader,
                                         const struct loom_csv_row *row, struct loom_record *record,
                                         struct loom_row_problem *problem) {
  enum loom_record_result result;
  *record = (struct loom_record){0};
  if (!field_count_is_right(reader, row, problem))
    return LOOM_RECORD_BAD;
  switch (reader->columns.kind) {
  case LOOM_HOURS:
    result = read_hours(reader, row, record, problem);
    break;
  case LOOM_TIMEZONES:
    result = read_timezone(reader, row, record, problem);
    break;
  case LOOM_SPECIAL_DAYS:
    result = read_special_day(reader, row, record, problem);
    break;
  default:
    result = read_exclusion(reader, row, record, problem);
  }
  if (result != LOOM_RECORD_GOOD)
    return result;
  bool for_all =
      reader->columns.kind == LOOM_SPECIAL_DAYS || reader->columns.kind == LOOM_EXCLUSIONS;
  struct loom_csv_field id = get(reader, row, 0);
  if (for_all && id.length == 1 && id.text[0] == '*') {
    record->store = LOOM_ALL_STORES;
    return LOOM_RECORD_GOOD;
  }
  return read_store(reader, row, &record->store, problem);
}
