/*
** Parsers of rows that are read as expected, and of the same rows by libcsv alone: tests hold one against the other.
*/
#ifndef PARSERS_H
#define PARSERS_H

#include "storage.h"

#include "read/ingest_parse.h"
#include "support.h"

struct parsed_kind {
  enum loom_kind kind;
  const char *header;
  char separators[3];
};

static inline struct loom_parser new_parser(const struct parsed_kind *kind, loom_zones *zones,
                                            loom_staging *staging, bool always_libcsv) {
  loom_error error;
  struct loom_csv_row row;
  struct loom_parser parser;
  struct loom_parser_options options = {.max_rejects = LOOM_ALL_REJECTS,
                                        .always_libcsv = always_libcsv,
                                        .latest = INT64_C(1675000000000000)};
  assert_true(loom_parser_init(&parser, zones, &options, staging));
  loom_csv_start(parser.csv, kind->header, strlen(kind->header), 1, true);
  assert_int_equal(loom_csv_next(parser.csv, &row), LOOM_CSV_ROW);
  assert_status(loom_columns_find(kind->kind, &row, &parser.reader.columns, &error), LOOM_OK,
                &error);
  return parser;
}

/* Bytes that mean something to a reader of CSV, of digits, or of text. */
static inline char strange_byte(uint64_t *state) {
  static const char bytes[] = "\n\r,\"\0 \t0:9;/?-67TZ";
  return random_below(state, 4) ? bytes[random_below(state, sizeof bytes - 1)]
                                : (char)random_below(state, 256);
}

static inline void assert_same_rejects(struct loom_reject_list *a, struct loom_reject_list *b) {
  struct loom_reject_entry *left, *right;
  while ((left = loom_reject_list_take(a))) {
    right = loom_reject_list_take(b);
    assert_non_null(right);
    struct loom_reject l = loom_reject_of(left), r = loom_reject_of(right);
    assert_int_equal(l.line, r.line);
    assert_int_equal(l.number, r.number);
    assert_string_equal(l.column, r.column);
    assert_string_equal(l.reason, r.reason);
    assert_int_equal(l.value_length, r.value_length);
    assert_memory_equal(l.value, r.value, l.value_length);
    assert_int_equal(l.row_length, r.row_length);
    assert_memory_equal(l.row, r.row, l.row_length);
    free(left);
    free(right);
  }
  assert_null(b->first);
}

static inline void assert_same_batches(struct loom_batch *a, struct loom_batch *b) {
  assert_int_equal(a->rows, b->rows);
  assert_int_equal(a->end_line, b->end_line);
  assert_int_equal(a->poll_count, b->poll_count);
  for (size_t i = 0; i < a->poll_count; i++) {
    assert_int_equal(a->polls[i].poll, b->polls[i].poll);
    assert_int_equal(a->polls[i].day, b->polls[i].day);
    assert_int_equal(a->polls[i].store, b->polls[i].store);
  }
  assert_int_equal(a->record_count, b->record_count);
  if (a->record_count)
    assert_memory_equal(a->records, b->records, a->record_count * sizeof *a->records);
  assert_same_rejects(&a->rejects, &b->rejects);
}

/* Both read the text in blocks that are cut anywhere, beginning with what was left over. Returns how many polls or records
** it has. */
static inline size_t compare_parsers(const struct parsed_kind *kind, uint64_t *state,
                                     const char *text, size_t size) {
  loom_zones *zones = loom_zones_new(NULL);
  struct loom_staging_options options = {.kind = kind->kind};
  loom_staging *stagings[] = {new_staging(&options), new_staging(&options)};
  struct loom_parser parsers[] = {new_parser(kind, zones, stagings[0], false),
                                  new_parser(kind, zones, stagings[1], true)};
  struct loom_batch batches[2] = {{0}, {0}};
  uint64_t line = 2;
  size_t at = 0, end = 0, taken = 0;
  char separator = kind->separators[random_below(state, 3)]; /* of the wrong one, rows are bad */
  for (int p = 0; p < 2; p++)
    loom_csv_separate_by(parsers[p].csv, separator);
  do {
    end += 1 + random_below(state, size);
    end = end < size ? end : size;
    size_t rest[2];
    for (int p = 0; p < 2; p++) {
      char *block = malloc(end - at + 1); /* of its size, for AddressSanitizer */
      assert_non_null(block);
      memcpy(block, text + at, end - at);
      block = realloc(block, end > at ? end - at : 1);
      rest[p] = loom_parser_run(&parsers[p], block, end - at, line, end == size, &batches[p]);
      free(block);
    }
    assert_int_equal(rest[0], rest[1]);
    assert_same_batches(&batches[0], &batches[1]);
    taken += batches[0].poll_count + batches[0].record_count;
    line = batches[0].end_line;
    at = end - rest[0];
  } while (end < size);
  assert_int_equal(stagings[0]->ids->count, stagings[1]->ids->count);
  for (int p = 0; p < 2; p++) {
    loom_batch_free(&batches[p]);
    loom_parser_free(&parsers[p]);
    loom_staging_free(stagings[p]);
  }
  loom_zones_free(zones);
  return taken;
}

#endif
