/*
** Reading texts of polls. Those of CSV are an ingest's; those of JSON are judged as rows are.
*/
#include "read/poll_text.h"
#include "read/ingest.h"
#include "read/json_polls.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>

/* bytes of the shortest poll, with its comma: more polls than a text can hold never come */
#define POLL_SIZE_LEAST 16
#define SORT_CAPACITY_LEAST 64
#define NAME "body"

loom_staging *loom_poll_text_staging(size_t size) {
  return loom_staging_new(
      &(struct loom_staging_options){.kind = LOOM_POLLS,
                                     .sort_capacity = size / POLL_SIZE_LEAST + SORT_CAPACITY_LEAST,
                                     .rejects_kept = LOOM_REJECTS_SHOWN});
}

static loom_status read_csv(const struct loom_poll_text *text, const char *bytes, size_t size,
                            loom_staging *staging, loom_error *error) {
  loom_ingest *ingest;
  struct loom_ingest_options options = {.source = NAME,
                                        .max_rejects = LOOM_ALL_REJECTS,
                                        .rejects_without_rows = true,
                                        .threads = 1,
                                        .latest = text->latest,
                                        .block_size = size + 3,
                                        .max_size = size /* it is not compressed */};
  loom_status status = loom_ingest_new(&options, text->zones, staging, &ingest, error);
  if (status == LOOM_OK)
    status = loom_ingest_feed(ingest, bytes, size, error);
  if (status == LOOM_OK)
    status = loom_ingest_finish(ingest, error);
  loom_ingest_free(ingest);
  return status;
}

/* ---- JSON ---- */

struct json_reader {
  loom_staging *staging;
  struct loom_record_reader records;
  char now[LOOM_TIMESTAMP_SIZE];
  size_t now_length;
};

static const char *const column_names[LOOM_JSON_MEMBERS] = {"store_id", "status", "timestamp_utc"};

static loom_status reject(struct json_reader *reader, const struct loom_json_poll *poll,
                          const struct loom_row_problem *problem, loom_error *error) {
  struct loom_csv_field no_row = {"", 0};
  struct loom_reject_entry *entry = loom_reject_entry_new(problem, no_row);
  if (!entry)
    return loom_no_memory(error);
  entry->number = poll->number;
  entry->line = poll->line;
  loom_staging_reject(reader->staging, entry);
  return LOOM_OK; // cppcheck-suppress memleak ; the staging owns it
}

static bool is_number(struct loom_csv_field text) {
  return text.length && (*text.text == '-' || (*text.text >= '0' && *text.text <= '9'));
}

/*
** Why a member cannot be the column's value; NULL if it may. A timestamp that is not there means now; one that is null is
** what a sender with nothing to say sends, which is no instant. A number may be an instant as it is written.
*/
static const char *member_problem(const struct loom_json_value *value, int member) {
  if (!value->present)
    return member == LOOM_JSON_TIMESTAMP ? NULL : "is missing";
  if (value->is_null)
    return member == LOOM_JSON_TIMESTAMP ? "is null: leave it out for now" : "is null";
  if (!value->is_string && (member != LOOM_JSON_TIMESTAMP || !is_number(value->text)))
    return "is not a string";
  return memchr(value->text.text, '\0', value->text.length) ? "holds a NUL byte" : NULL;
}

static struct loom_row_problem problem_of(const char *column, struct loom_csv_field value,
                                          const char *reason) {
  struct loom_row_problem problem = {.column = column, .value = value};
  snprintf(problem.reason, sizeof problem.reason, "%s", reason);
  return problem;
}

/* Whether the poll's members are what a row has; if not, *problem tells why. */
static bool check_members(const struct loom_json_poll *poll, struct loom_row_problem *problem) {
  if (poll->problem) {
    *problem = problem_of(NULL, (struct loom_csv_field){"", 0}, poll->problem);
    return false;
  }
  for (int i = 0; i < LOOM_JSON_MEMBERS; i++) {
    const struct loom_json_value *value = &poll->members[i];
    const char *reason = member_problem(value, i);
    if (reason) {
      *problem = problem_of(column_names[i], value->text, reason);
      problem->well_formed = value->is_null;
      return false;
    }
  }
  return true;
}

static loom_status take_poll(struct json_reader *reader, const struct loom_json_poll *poll,
                             loom_error *error) {
  struct loom_row_problem problem;
  struct loom_poll_record record;
  if (!check_members(poll, &problem))
    return reject(reader, poll, &problem, error);
  const struct loom_json_value *when = &poll->members[LOOM_JSON_TIMESTAMP];
  struct loom_poll_fields fields = {
      .store_id = poll->members[LOOM_JSON_STORE_ID].text,
      .status = poll->members[LOOM_JSON_STATUS].text,
      .timestamp =
          when->present ? when->text : (struct loom_csv_field){reader->now, reader->now_length}};
  switch (loom_record_judge_poll(&reader->records, &fields, &record, &problem)) {
  case LOOM_RECORD_BAD:
    return reject(reader, poll, &problem, error);
  case LOOM_RECORD_FAILED:
    *error = reader->records.failure;
    return error->code;
  default:
    return loom_staging_add_polls(reader->staging, &record, 1, NULL, error);
  }
}

static loom_status read_json(const struct loom_poll_text *text, char *bytes, size_t size,
                             loom_staging *staging, loom_error *error) {
  struct json_reader reader = {.staging = staging,
                               .records = {.columns.kind = LOOM_POLLS,
                                           .latest = text->latest,
                                           .ids = staging->ids,
                                           .texts = &staging->texts}};
  struct loom_json_polls json;
  struct loom_json_poll poll;
  loom_status status;
  reader.now_length = loom_format_timestamp(text->now, reader.now);
  loom_json_polls_begin(&json, bytes, size, text->format == LOOM_POLLS_NDJSON);
  while ((status = loom_json_polls_next(&json, &poll, error)) == LOOM_OK) {
    staging->counts.rows++;
    status = take_poll(&reader, &poll, error);
    if (status != LOOM_OK)
      return status;
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* ---- both ---- */

/* Says which poll is the first bad one, and how many there are. */
static loom_status too_many_rejects(const loom_staging *staging, loom_error *error) {
  char value[LOOM_QUOTED_SIZE];
  struct loom_reject first = loom_reject_of(staging->rejects.first);
  const char *shown = *first.column ? loom_quote(value, first.value, first.value_length) : "";
  return loom_fail(error, LOOM_EINPUT, "%llu of %llu polls are bad: number %llu: %s%s%s%s%s",
                   (unsigned long long)staging->counts.rejected,
                   (unsigned long long)staging->counts.rows, (unsigned long long)first.number,
                   first.column, *first.column ? ": " : "", shown, *first.column ? " " : "",
                   first.reason);
}

loom_status loom_poll_text_read(const struct loom_poll_text *text, char *bytes, size_t size,
                                loom_staging *staging, loom_error *error) {
  loom_status status = text->format == LOOM_POLLS_CSV
                           ? read_csv(text, bytes, size, staging, error)
                           : read_json(text, bytes, size, staging, error);
  if (status == LOOM_OK && staging->counts.rejected > text->max_rejects)
    status = too_many_rejects(staging, error);
  staging->complete = status == LOOM_OK; /* also of CSV, whose ingest knows of no limit */
  return status;
}
