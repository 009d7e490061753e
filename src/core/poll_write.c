/*
** Writes of polls. A text of CSV is an ingest; one of JSON becomes a batch.
*/
#include "poll_write.h"
#include "civil.h"
#include "json_polls.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_SIZE_LEAST 16 /* bytes of the shortest poll, with its comma: more polls than a text can hold never come */
#define SORT_CAPACITY_LEAST 64
#define NAME "body"

struct loom_poll_write {
  loom_write write; /* the first member */
  struct loom_poll_text options;
  char *text; /* NULL: a batch was given */
  size_t size;
  loom_poll_batch *batch;
  loom_ingest *ingest;
  struct loom_reject_sample rejects;
  uint64_t rows, rejected;
};

static loom_poll_write *of_head(loom_write *write) {
  return (loom_poll_write *)write;
}

static loom_status no_memory(loom_error *error) {
  return loom_fail(error, LOOM_ENOMEM, "out of memory");
}

/* ---- CSV ---- */

static loom_status prepare_csv(loom_poll_write *polls, loom_error *error) {
  struct loom_ingest_options options = {.kind = LOOM_POLLS,
                                        .source = NAME,
                                        .max_rejects = LOOM_ALL_REJECTS,
                                        .threads = 1,
                                        .latest = polls->options.latest,
                                        .block_size = polls->size + 3,
                                        .max_size = polls->size, /* it is not compressed */
                                        .sort_capacity =
                                            polls->size / POLL_SIZE_LEAST + SORT_CAPACITY_LEAST};
  loom_status status = loom_ingest_new(&options, polls->options.zones, &polls->ingest, error);
  if (status == LOOM_OK)
    status = loom_ingest_feed(polls->ingest, polls->text, polls->size, error);
  if (status == LOOM_OK)
    status = loom_ingest_finish(polls->ingest, error);
  if (status != LOOM_OK)
    return status;
  struct loom_ingest_counts counts = loom_ingest_counts(polls->ingest);
  polls->rows = counts.rows;
  polls->rejected = counts.rejected;
  return loom_reject_sample_take(&polls->rejects, polls->ingest) ? LOOM_OK : no_memory(error);
}

/* ---- JSON ---- */

struct json_reader {
  loom_poll_write *polls;
  struct loom_record_reader records;
  char now[LOOM_TIMESTAMP_SIZE];
  size_t now_length;
};

static const char *const column_names[LOOM_JSON_MEMBERS] = {"store_id", "status", "timestamp_utc"};

static loom_status reject(struct json_reader *reader, const struct loom_json_poll *poll,
                          const struct loom_row_problem *problem, loom_error *error) {
  loom_poll_write *polls = reader->polls;
  struct loom_csv_field row = {"", 0};
  if (polls->rejected++ >= LOOM_REJECT_SAMPLE_MAX)
    return LOOM_OK;
  struct loom_reject_entry *entry = loom_reject_entry_new(problem, row);
  if (!entry)
    return no_memory(error);
  entry->number = poll->number;
  entry->line = poll->line;
  loom_reject_sample_add(&polls->rejects, entry);
  return LOOM_OK; // cppcheck-suppress memleak ; the sample owns it
}

/*
** Why a member cannot be the column's value; NULL if it may. A timestamp that is not there means now; one that is null is
** what a sender with nothing to say sends, which is no instant.
*/
static const char *member_problem(const struct loom_json_value *value, int member) {
  if (!value->present)
    return member == LOOM_JSON_TIMESTAMP ? NULL : "is missing";
  if (value->is_null)
    return member == LOOM_JSON_TIMESTAMP ? "is null: leave it out for now" : "is null";
  if (!value->is_string)
    return "is not a string";
  return memchr(value->text.text, '\0', value->text.length) ? "holds a NUL byte" : NULL;
}

static struct loom_row_problem problem_of(const char *column, struct loom_csv_field value,
                                          const char *reason) {
  struct loom_row_problem problem = {.column = column, .value = value};
  snprintf(problem.reason, sizeof problem.reason, "%s", reason);
  return problem;
}

/* A poll goes the way of a row of CSV, so that both are judged alike. */
static loom_status take_poll(struct json_reader *reader, const struct loom_json_poll *poll,
                             struct loom_csv_row *row, loom_error *error) {
  struct loom_row_problem problem = {.value = {"", 0}};
  struct loom_poll_record record;
  size_t length;
  if (poll->problem) {
    problem = problem_of(NULL, problem.value, poll->problem);
    return reject(reader, poll, &problem, error);
  }
  for (int i = 0; i < LOOM_JSON_MEMBERS; i++) {
    const struct loom_json_value *value = &poll->members[i];
    const char *reason = member_problem(value, i);
    if (reason) {
      problem = problem_of(column_names[i], value->text, reason);
      problem.well_formed = value->is_null;
      return reject(reader, poll, &problem, error);
    }
    row->fields[i] =
        value->present ? value->text : (struct loom_csv_field){reader->now, reader->now_length};
  }
  switch (loom_record_read_poll(&reader->records, row, &record, &problem)) {
  case LOOM_RECORD_BAD:
    return reject(reader, poll, &problem, error);
  case LOOM_RECORD_FAILED:
    *error = reader->records.failure;
    return error->code;
  default:
    break;
  }
  const char *id = loom_id_table_get(&reader->records.ids, record.store, &length);
  return loom_poll_batch_add(reader->polls->batch, id, length, record.poll & 1,
                             loom_poll_instant(record.poll), error);
}

static loom_status prepare_json(loom_poll_write *polls, loom_error *error) {
  struct json_reader reader = {.polls = polls};
  struct loom_json_polls json;
  struct loom_json_poll poll;
  struct loom_csv_row row = {.count = LOOM_JSON_MEMBERS};
  loom_status status;
  polls->batch = loom_poll_batch_new(polls->size / POLL_SIZE_LEAST + SORT_CAPACITY_LEAST);
  if (!polls->batch)
    return no_memory(error);
  reader.records.latest = polls->options.latest;
  reader.records.columns = (struct loom_columns){LOOM_POLLS, LOOM_JSON_MEMBERS, {0, 1, 2, -1, -1}};
  loom_id_table_init(&reader.records.ids);
  loom_id_table_init(&reader.records.texts);
  reader.now_length = loom_format_timestamp(polls->options.now, reader.now);
  loom_json_polls_begin(&json, polls->text, polls->size,
                        polls->options.format == LOOM_POLLS_NDJSON);
  while ((status = loom_json_polls_next(&json, &poll, error)) == LOOM_OK) {
    polls->rows++;
    status = take_poll(&reader, &poll, &row, error);
    if (status != LOOM_OK)
      break;
  }
  loom_id_table_free(&reader.records.ids);
  loom_id_table_free(&reader.records.texts);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* ---- what the writer calls ---- */

/* Says which poll is the first bad one, and how many there are. */
static loom_status too_many_rejects(loom_poll_write *polls, loom_error *error) {
  char value[LOOM_QUOTED_SIZE];
  struct loom_reject first = loom_reject_of(polls->rejects.list.first);
  const char *shown = *first.column ? loom_quote(value, first.value, first.value_length) : "";
  return loom_fail(error, LOOM_EINPUT, "%llu of %llu polls are bad: number %llu: %s%s%s%s%s",
                   (unsigned long long)polls->rejected, (unsigned long long)polls->rows,
                   (unsigned long long)first.number, first.column, *first.column ? ": " : "", shown,
                   *first.column ? " " : "", first.reason);
}

static loom_status prepare(loom_write *write, loom_error *error) {
  loom_poll_write *polls = of_head(write);
  if (!polls->text)
    return LOOM_OK;
  loom_status status = polls->options.format == LOOM_POLLS_CSV ? prepare_csv(polls, error)
                                                               : prepare_json(polls, error);
  write->counts.rows = polls->rows;
  write->counts.rejected = polls->rejected;
  if (status == LOOM_OK && polls->rejected > polls->options.max_rejects)
    status = too_many_rejects(polls, error);
  return status;
}

static loom_status apply(loom_write *write, loom_database *database, loom_error *error) {
  loom_poll_write *polls = of_head(write);
  double share;
  loom_status status = LOOM_OK;
  if (!polls->ingest) {
    status = loom_poll_batch_apply(polls->batch, database, &write->counts, error);
    if (polls->text) /* the batch has only the good ones */
      write->counts.rows = polls->rows;
    write->counts.rejected = polls->rejected;
    return status;
  }
  while (status == LOOM_OK)
    status = loom_ingest_apply(polls->ingest, database, SIZE_MAX / 2, &share, error);
  write->counts = loom_ingest_counts(polls->ingest);
  return status == LOOM_DONE ? LOOM_OK : status;
}

static void clear(loom_write *write) {
  loom_poll_write *polls = of_head(write);
  free(polls->text);
  loom_poll_batch_free(polls->batch);
  loom_ingest_free(polls->ingest);
  polls->text = NULL;
  polls->batch = NULL;
  polls->ingest = NULL;
}

static void free_polls(loom_write *write) {
  clear(write);
  loom_reject_sample_free(&of_head(write)->rejects);
  free(write);
}

static const struct loom_write_type type = {
    .prepare = prepare, .apply = apply, .clear = clear, .free = free_polls};

/* ---- making them ---- */

loom_poll_write *loom_poll_write_of_batch(loom_poll_batch *batch) {
  loom_poll_write *polls = calloc(1, sizeof *polls);
  if (!polls)
    return NULL;
  loom_write_init(&polls->write, &type);
  polls->batch = batch;
  polls->write.size = sizeof *polls;
  return polls;
}

loom_poll_write *loom_poll_write_of_text(const struct loom_poll_text *text, const void *bytes,
                                         size_t size) {
  loom_poll_write *polls = loom_poll_write_of_batch(NULL);
  if (!polls)
    return NULL;
  polls->text = malloc(size + 1);
  if (!polls->text) {
    free(polls);
    return NULL;
  }
  polls->options = *text;
  polls->size = size;
  if (size)
    memcpy(polls->text, bytes, size);
  polls->write.size += size;
  return polls;
}

loom_write *loom_poll_write_head(loom_poll_write *polls) {
  return &polls->write;
}

const struct loom_reject_sample *loom_poll_write_rejects(const loom_poll_write *polls) {
  return &polls->rejects;
}
