/*
** Parsing of blocks.
*/
#include "read/ingest_parse.h"
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

void loom_batch_free(struct loom_batch *batch) {
  free(batch->polls);
  free(batch->records);
  free(batch->new_ids);
  loom_reject_list_free(&batch->rejects);
  *batch = (struct loom_batch){0};
}

/* Of the bad rows of a block, those up to the one that fails the file are enough. */
static uint64_t rejects_kept(const struct loom_parser_options *options) {
  return options->max_rejects == LOOM_ALL_REJECTS ? UINT64_MAX : options->max_rejects + 1;
}

bool loom_parser_init(struct loom_parser *parser, loom_zones *zones,
                      const struct loom_parser_options *options, loom_staging *staging) {
  bool beside_others = options->beside_others;
  *parser = (struct loom_parser){.reader = {.columns.kind = staging->options.kind,
                                            .zones = zones,
                                            .latest = options->latest,
                                            .ids = beside_others ? &parser->own_ids : staging->ids,
                                            .texts = beside_others ? NULL : &staging->texts},
                                 .keeps_rows = !options->rejects_without_rows,
                                 .rejects_kept = rejects_kept(options)};
  loom_id_table_init(&parser->own_ids);
  parser->csv = loom_csv_new();
  if (parser->csv)
    loom_csv_always_libcsv(parser->csv, options->always_libcsv);
  return parser->csv != NULL;
}

void loom_parser_free(struct loom_parser *parser) {
  loom_csv_free(parser->csv);
  loom_poll_lines_free(&parser->lines);
  loom_id_table_free(&parser->own_ids);
}

/* False when memory is out. */
static bool add_reject(const struct loom_parser *parser, struct loom_batch *batch,
                       const struct loom_csv_row *row, const struct loom_row_problem *problem) {
  if (batch->rejected++ >= parser->rejects_kept)
    return true;
  struct loom_csv_field raw = {row->raw, parser->keeps_rows ? row->raw_length : 0};
  struct loom_reject_entry *entry = loom_reject_entry_new(problem, raw);
  if (!entry)
    return false;
  entry->line = row->line;
  entry->number = batch->rows;
  loom_reject_list_add(&batch->rejects, entry);
  return true; // cppcheck-suppress memleak ; the list owns it
}

static bool add_malformed(const struct loom_parser *parser, struct loom_batch *batch,
                          const struct loom_csv_row *row) {
  struct loom_row_problem problem = {0};
  struct loom_csv_row cut = *row;
  size_t length = strlen(row->reason);
  memcpy(problem.reason, row->reason, length < sizeof problem.reason ? length + 1 : 0);
  if (cut.raw_length > LOOM_CSV_ROW_MAX)
    cut.raw_length = LOOM_CSV_ROW_MAX;
  return add_reject(parser, batch, &cut, &problem);
}

/* Whether rows may be as those that most files of polls have. */
static bool has_common_rows(const struct loom_parser *parser) {
  return loom_poll_lines_fit(&parser->reader.columns) && loom_csv_separator(parser->csv) == ',';
}

static enum loom_record_result take_poll(struct loom_parser *parser, const struct loom_csv_row *row,
                                         struct loom_batch *batch,
                                         struct loom_row_problem *problem) {
  if (!loom_grow(&batch->polls, &batch->poll_capacity, batch->poll_count + 1, sizeof *batch->polls))
    return LOOM_RECORD_FAILED;
  enum loom_record_result result =
      loom_record_read_poll(&parser->reader, row, &batch->polls[batch->poll_count], problem);
  batch->poll_count += result == LOOM_RECORD_GOOD;
  bool is_as_it_stands = row->fields[0].text >= row->raw &&
                         row->fields[0].text < row->raw + row->raw_length; /* it had no quotes */
  if (result == LOOM_RECORD_GOOD && is_as_it_stands && has_common_rows(parser) &&
      !loom_poll_lines_learn(&parser->lines, batch->polls[batch->poll_count - 1].store))
    return LOOM_RECORD_FAILED;
  return result;
}

/* Takes the rows of polls from here on that are as expected. False: memory is out. */
static bool take_expected_polls(struct loom_parser *parser, struct loom_batch *batch) {
  const char *end, *at = loom_csv_peek(parser->csv, &end), *next = at;
  size_t before = batch->poll_count;
  while (next) {
    at = next;
    if (!loom_grow(&batch->polls, &batch->poll_capacity, batch->poll_count + 1,
                   sizeof *batch->polls))
      return false;
    next = loom_poll_lines_read(&parser->lines, &parser->reader, loom_csv_separator(parser->csv),
                                at, end, &batch->polls[batch->poll_count]);
    batch->poll_count += next != NULL;
  }
  batch->rows += batch->poll_count - before;
  loom_csv_passed(parser->csv, at, batch->poll_count - before);
  return true;
}

/* The same of hours. */
static bool take_expected_hours(struct loom_parser *parser, struct loom_batch *batch) {
  const char *end, *at = loom_csv_peek(parser->csv, &end), *next = at;
  size_t before = batch->record_count;
  while (next) {
    at = next;
    if (!loom_grow(&batch->records, &batch->record_capacity, batch->record_count + 1,
                   sizeof *batch->records))
      return false;
    next = loom_hours_lines_read(&parser->hours_lines, &parser->reader, at, end,
                                 &batch->records[batch->record_count]);
    batch->record_count += next != NULL;
  }
  batch->rows += batch->record_count - before;
  loom_csv_passed(parser->csv, at, batch->record_count - before);
  return true;
}

/* Takes the rows from here on that are as expected, of kinds that have such. False: memory is out. */
static bool take_expected(struct loom_parser *parser, struct loom_batch *batch) {
  const char *end;
  if (loom_csv_separator(parser->csv) != ',' || !loom_csv_peek(parser->csv, &end))
    return true;
  if (loom_poll_lines_fit(&parser->reader.columns))
    return take_expected_polls(parser, batch);
  return !loom_hours_lines_fit(&parser->reader.columns) || take_expected_hours(parser, batch);
}

/* One more record; NULL when memory is out. */
static struct loom_record *new_record(struct loom_batch *batch) {
  if (!loom_grow(&batch->records, &batch->record_capacity, batch->record_count + 1,
                 sizeof *batch->records))
    return NULL;
  return &batch->records[batch->record_count++];
}

static enum loom_record_result take_record(struct loom_parser *parser,
                                           const struct loom_csv_row *row, struct loom_batch *batch,
                                           struct loom_row_problem *problem) {
  struct loom_record *record = new_record(batch);
  if (!record)
    return LOOM_RECORD_FAILED;
  enum loom_record_result result = loom_record_read(&parser->reader, row, record, problem);
  batch->record_count -= result != LOOM_RECORD_GOOD;
  return result;
}

/* A record for each attribute; none, if any of them is bad. */
static enum loom_record_result take_attributes(struct loom_parser *parser,
                                               const struct loom_csv_row *row,
                                               struct loom_batch *batch,
                                               struct loom_row_problem *problem) {
  uint32_t store;
  enum loom_record_result result =
      loom_record_check_attributes(&parser->reader, row, &store, problem);
  for (size_t i = 0; i < parser->reader.attributes.count && result == LOOM_RECORD_GOOD; i++) {
    struct loom_record *record = new_record(batch);
    result = record ? loom_record_read_attribute(&parser->reader, row, store, i, record)
                    : LOOM_RECORD_FAILED;
  }
  return result;
}

static enum loom_record_result take_any(struct loom_parser *parser, const struct loom_csv_row *row,
                                        struct loom_batch *batch,
                                        struct loom_row_problem *problem) {
  switch (parser->reader.columns.kind) {
  case LOOM_POLLS:
    return take_poll(parser, row, batch, problem);
  case LOOM_ATTRIBUTES:
    return take_attributes(parser, row, batch, problem);
  default:
    return take_record(parser, row, batch, problem);
  }
}

/* False when reading failed: the batch's `failure` tells why, or else memory is out. */
static bool take_row(struct loom_parser *parser, const struct loom_csv_row *row,
                     struct loom_batch *batch) {
  struct loom_row_problem problem;
  enum loom_record_result result = take_any(parser, row, batch, &problem);
  if (result == LOOM_RECORD_BAD)
    return add_reject(parser, batch, row, &problem);
  if (result == LOOM_RECORD_FAILED)
    batch->failure = parser->reader.failure;
  return result == LOOM_RECORD_GOOD;
}

/* Copies the ids that are new in this parser's table to the batch, for the thread that collects it. */
static bool report_new_ids(struct loom_parser *parser, struct loom_batch *batch) {
  const struct loom_id_table *ids = &parser->own_ids;
  for (; parser->ids_reported < ids->count; parser->ids_reported++) {
    size_t length;
    const char *id = loom_id_table_get(ids, parser->ids_reported, &length);
    if (!loom_grow(&batch->new_ids, &batch->new_ids_capacity, batch->new_ids_size + 1 + LOOM_ID_MAX,
                   1))
      return false;
    char *at = batch->new_ids + batch->new_ids_size;
    *at = (char)(unsigned char)length;
    memcpy(at + 1, id, length);
    batch->new_ids_size += 1 + length;
  }
  return true;
}

size_t loom_parser_run(struct loom_parser *parser, const char *block, size_t size, uint64_t line,
                       bool last, struct loom_batch *batch) {
  struct loom_csv_row row;
  enum loom_csv_result result;
  bool good = true;
  batch->failure.code = LOOM_OK;
  batch->rejected = 0;
  batch->poll_count = 0;
  batch->record_count = 0;
  batch->rows = 0;
  batch->new_ids_size = 0;
  batch->first_line = line;
  loom_csv_start(parser->csv, block, size, line, last);
  while (good && (good = take_expected(parser, batch)) &&
         (result = loom_csv_next(parser->csv, &row)) != LOOM_CSV_END) {
    batch->rows++;
    if (result == LOOM_CSV_ROW)
      good = take_row(parser, &row, batch);
    else
      good = result == LOOM_CSV_BAD && add_malformed(parser, batch, &row);
  }
  batch->end_line = loom_csv_line(parser->csv);
  if ((!good || !report_new_ids(parser, batch)) && batch->failure.code == LOOM_OK)
    loom_no_memory(&batch->failure);
  return loom_csv_rest(parser->csv);
}
