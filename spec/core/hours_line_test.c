/*
** Tests of rows of hours that are read as expected: a parser that reads them so makes of any file what one that knows libcsv alone
** makes of it, and rows that are as they should be are read without it.
*/
#include "storage.h"

#include "measure/hours.h"
#include "read/hours_line.h"
#include "read/ingest_parse.h"
#include "support.h"

#define HEADER "store_id,dayOfWeek,start_time_local,end_time_local"
#define ROWS 400
#define TEXT_MAX (ROWS * 400)

static struct loom_parser new_parser(loom_zones *zones, loom_staging *staging, bool always_libcsv) {
  loom_error error;
  struct loom_csv_row row;
  struct loom_parser parser;
  struct loom_parser_options options = {.max_rejects = LOOM_ALL_REJECTS,
                                        .always_libcsv = always_libcsv};
  assert_true(loom_parser_init(&parser, zones, &options, staging));
  loom_csv_start(parser.csv, HEADER, strlen(HEADER), 1, true);
  assert_int_equal(loom_csv_next(parser.csv, &row), LOOM_CSV_ROW);
  assert_status(loom_columns_find(LOOM_HOURS, &row, &parser.reader.columns, &error), LOOM_OK,
                &error);
  return parser;
}

/* Bytes that mean something to a reader of CSV, or of times. */
static char strange_byte(uint64_t *state) {
  static const char bytes[] = "\n\r,\"\0 \t0:9;/?-67";
  return random_below(state, 4) ? bytes[random_below(state, sizeof bytes - 1)]
                                : (char)random_below(state, 256);
}

/* A row of one of the stores; some are damaged, and some are no common rows. */
static size_t make_row(uint64_t *state, size_t store, char *out) {
  static const char *const ids[] = {
      "a",     "ab",      "a b",     "\"a,0\"",    "a,0",
      "\"a\"", "\"a\n\"", "0",       "\"\"\"x\"",  "\"x",
      " a ",   "a,0,0",   "\"b,1\"", "\"0,9:00\"", "1234567890123456789012345678901234567890"};
  static const char *const times[] = {"00:00:00", "23:59:59", "24:00:00", "09:60:00", "9:00:00",
                                      "09:00",    "9:00 AM",  "closed",   "",         "09:00:60"};
  const char *open = times[random_below(state, 3) ? 0 : random_below(state, COUNT_OF(times))];
  const char *close = times[random_below(state, 3) ? 1 : random_below(state, COUNT_OF(times))];
  int length =
      sprintf(out, "%s,%d,%s,%s%s", ids[store % COUNT_OF(ids)], (int)random_below(state, 8), open,
              close, random_below(state, 5) ? "\n" : "\r\n");
  if (random_below(state, 12) == 0)
    out[random_below(state, (uint64_t)length)] = strange_byte(state);
  return (size_t)length;
}

static size_t make_text(uint64_t *state, char *text) {
  size_t size = 0, stores = 1 + random_below(state, 15);
  uint64_t order = random_below(state, 3); /* in turn, one after the other, or in none */
  for (size_t row = 0; row < ROWS; row++) {
    size_t store = order == 0   ? row % stores
                   : order == 1 ? row / 7 % stores
                                : random_below(state, stores);
    size += make_row(state, store, text + size);
  }
  return size;
}

static void assert_same_rejects(struct loom_reject_list *a, struct loom_reject_list *b) {
  struct loom_reject_entry *left, *right;
  while ((left = loom_reject_list_take(a))) {
    right = loom_reject_list_take(b);
    assert_non_null(right);
    struct loom_reject l = loom_reject_of(left), r = loom_reject_of(right);
    assert_int_equal(l.line, r.line);
    assert_int_equal(l.number, r.number);
    assert_string_equal(l.column, r.column);
    assert_string_equal(l.reason, r.reason);
    assert_int_equal(l.row_length, r.row_length);
    assert_memory_equal(l.row, r.row, l.row_length);
    free(left);
    free(right);
  }
  assert_null(b->first);
}

static void assert_same_batches(struct loom_batch *a, struct loom_batch *b) {
  assert_int_equal(a->rows, b->rows);
  assert_int_equal(a->end_line, b->end_line);
  assert_int_equal(a->record_count, b->record_count);
  if (a->record_count)
    assert_memory_equal(a->records, b->records, a->record_count * sizeof *a->records);
  assert_same_rejects(&a->rejects, &b->rejects);
}

/* Both read the text in blocks that are cut anywhere, beginning with what was left over. Returns how many rows it has. */
static size_t compare_on(uint64_t *state, const char *text, size_t size) {
  loom_zones *zones = loom_zones_new(NULL);
  struct loom_staging_options options = {.kind = LOOM_HOURS};
  loom_staging *stagings[] = {new_staging(&options), new_staging(&options)};
  struct loom_parser parsers[] = {new_parser(zones, stagings[0], false),
                                  new_parser(zones, stagings[1], true)};
  struct loom_batch batches[2] = {{0}, {0}};
  uint64_t line = 2;
  size_t at = 0, end = 0, records = 0;
  char separator = ",,;"[random_below(state, 3)];
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
    records += batches[0].record_count;
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
  return records;
}

static void it_makes_no_difference(void **test) {
  (void)test;
  static char text[TEXT_MAX];
  uint64_t state = 22;
  size_t records = 0;
  for (int round = 0; round < 300; round++)
    records += compare_on(&state, text, make_text(&state, text));
  assert_true(records > 10000);
}

/* Rows of the store before, and of the one that was numbered after it, if their ids have nothing that would end a field. */
static void what_is_expected(void **test) {
  (void)test;
  static const char *const ids[] = {"a", "b", "c,0", "d"};
  static const struct {
    const char *row;
    uint32_t before, store; /* LOOM_NO_NUMBER: it is not expected */
  } rows[] = {{"a,0,09:00:00,17:30:00\n", 0, 0},
              {"a,6,09:00:00,17:30:00\r\n", 0, 0},
              {"b,0,09:00:00,17:30:00\n", 0, 1},
              {"a,0,09:00:00,17:30:00\n", 1, LOOM_NO_NUMBER},
              {"c,0,09:00:00,17:30:00\n", 1, LOOM_NO_NUMBER},
              {"c,0,1,09:00:00,17:30:00\n", 1, LOOM_NO_NUMBER},
              {"c,0,1,09:00:00,17:30:00\n", 2, LOOM_NO_NUMBER},
              {"d,0,09:00:00,17:30:00\n", 2, 3},
              {"e,0,09:00:00,17:30:00\n", 3, LOOM_NO_NUMBER},
              {"a,7,09:00:00,17:30:00\n", 0, LOOM_NO_NUMBER},
              {"a,0,09:00:00,24:00:00\n", 0, LOOM_NO_NUMBER},
              {"a,0,09:00:00,17:30:00,\n", 0, LOOM_NO_NUMBER},
              {"a,0,09:00:00,17:30:00\r,\n", 0, LOOM_NO_NUMBER}};
  loom_zones *zones = loom_zones_new(NULL);
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_HOURS});
  struct loom_parser parser = new_parser(zones, staging, false);
  struct loom_record_reader *reader = &parser.reader;
  struct loom_hours_lines lines = {0};
  struct loom_record record;
  char text[1024];
  assert_true(loom_hours_lines_fit(&reader->columns));
  for (size_t i = 0; i < COUNT_OF(ids); i++)
    assert_int_equal(loom_id_table_put(reader->ids, ids[i], strlen(ids[i])), i);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    size_t length = strlen(rows[i].row);
    memset(text, 'x', sizeof text);
    memcpy(text, rows[i].row, length);
    reader->has_store = false;
    assert_null(loom_hours_lines_read(&lines, reader, text, text + sizeof text, &record));
    reader->has_store = true;
    reader->store = rows[i].before;
    const char *next = loom_hours_lines_read(&lines, reader, text, text + sizeof text, &record);
    if (rows[i].store == LOOM_NO_NUMBER) {
      assert_null(next);
      assert_int_equal(reader->store, rows[i].before);
      continue;
    }
    assert_ptr_equal(next, text + length);
    assert_int_equal(reader->store, rows[i].store);
    assert_int_equal(record.store, rows[i].store);
    assert_int_equal(record.weekday, rows[i].row[2] - '0');
    assert_int_equal(record.open, 9 * 3600);
    assert_int_equal(record.close, 17 * 3600 + 1800);
    assert_int_equal(record.date, LOOM_ALWAYS);
  }
  loom_parser_free(&parser);
  loom_staging_free(staging);
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_makes_no_difference),
                                     cmocka_unit_test(what_is_expected)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
