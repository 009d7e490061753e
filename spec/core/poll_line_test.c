/*
** Tests of rows that are read as expected: a parser that reads them so makes of any file what one that knows libcsv alone
** makes of it, and rows that are as they should be are not looked up.
*/
#include "storage.h"

#include "read/ingest_parse.h"
#include "read/poll_line.h"
#include "time/civil.h"
#include "support.h"

#define HEADER "store_id,status,timestamp_utc"
#define ROWS 400
#define TEXT_MAX (ROWS * 400)

static struct loom_parser new_parser(loom_zones *zones, loom_staging *staging, bool always_libcsv) {
  loom_error error;
  struct loom_csv_row row;
  struct loom_parser parser;
  struct loom_parser_options options = {.max_rejects = LOOM_ALL_REJECTS,
                                        .always_libcsv = always_libcsv,
                                        .latest = INT64_C(1675000000000000)};
  assert_true(loom_parser_init(&parser, zones, &options, staging));
  loom_csv_start(parser.csv, HEADER, strlen(HEADER), 1, true);
  assert_int_equal(loom_csv_next(parser.csv, &row), LOOM_CSV_ROW);
  assert_status(loom_columns_find(LOOM_POLLS, &row, &parser.reader.columns, &error), LOOM_OK,
                &error);
  return parser;
}

/* Bytes that mean something to a reader of CSV, of digits, or of text. */
static char strange_byte(uint64_t *state) {
  static const char bytes[] = "\n\r,\"\0 \t0:9;/?-TZ";
  return random_below(state, 4) ? bytes[random_below(state, sizeof bytes - 1)]
                                : (char)random_below(state, 256);
}

/* A row of one of the stores, in any of their orders; some are damaged, and some are no common rows. */
static size_t make_row(uint64_t *state, size_t store, char *out) {
  static const char *const ids[] = {"a",
                                    "ab",
                                    "a b",
                                    "\"a,active\"",
                                    "\"a,b\"",
                                    "a,b",
                                    "\"a\"",
                                    "inactive",
                                    "active,",
                                    "\"\"\"x\"",
                                    "1234567890123456789012345678901234567890"};
  static const char *const times[] = {
      "2023-01-17 00:00:12.345678 UTC", "2023-01-17 23:59:59.999999 UTC",
      "2023-01-17 24:00:00.000000 UTC", "2023-01-17 00:60:00.000000 UTC",
      "2023-01-18 10:20:30.000001 UTC", "2023-01-17 10:20:30 UTC",
      "2023-01-29 20:00:00.000000 UTC", "2023-02-30 20:00:00.000000 UTC"};
  size_t time = random_below(state, 3) ? 0 : random_below(state, COUNT_OF(times));
  int length = sprintf(out, "%s,%s,%s%s", ids[store % COUNT_OF(ids)],
                       random_below(state, 3) ? "active" : "inactive", times[time],
                       random_below(state, 5) ? "\n" : "\r\n");
  if (time == 0) { /* of the common ones, any time of day */
    char *digits = strstr(out, " 00:00:12") + 1;
    char clock[9];
    snprintf(clock, sizeof clock, "%02d:%02d:%02d", (int)random_below(state, 24),
             (int)random_below(state, 60), (int)random_below(state, 60));
    memcpy(digits, clock, 8);
  }
  if (random_below(state, 12) == 0)
    out[random_below(state, (uint64_t)length)] = strange_byte(state);
  return (size_t)length;
}

static size_t make_text(uint64_t *state, char *text) {
  size_t size = 0, stores = 1 + random_below(state, 11), store = 0;
  uint64_t order = random_below(state, 3); /* in turn, one after the other, or in none */
  for (size_t row = 0; row < ROWS; row++) {
    store = order == 0 ? row % stores : order == 1 ? row / 40 : random_below(state, stores);
    if (order == 0 && random_below(state, 20) == 0)
      row++; /* one is skipped */
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
    assert_int_equal(l.value_length, r.value_length);
    assert_memory_equal(l.value, r.value, l.value_length);
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
  assert_int_equal(a->poll_count, b->poll_count);
  for (size_t i = 0; i < a->poll_count; i++) {
    assert_int_equal(a->polls[i].poll, b->polls[i].poll);
    assert_int_equal(a->polls[i].day, b->polls[i].day);
    assert_int_equal(a->polls[i].store, b->polls[i].store);
  }
  assert_same_rejects(&a->rejects, &b->rejects);
}

/* Both read the text in blocks that are cut anywhere: what one leaves over, the next begins with. */
static void compare_on(uint64_t *state, const char *text, size_t size) {
  loom_zones *zones = loom_zones_new(NULL);
  struct loom_staging_options options = {.kind = LOOM_POLLS};
  loom_staging *stagings[] = {new_staging(&options), new_staging(&options)};
  struct loom_parser parsers[] = {new_parser(zones, stagings[0], false),
                                  new_parser(zones, stagings[1], true)};
  struct loom_batch batches[2] = {{0}, {0}};
  uint64_t line = 2;
  size_t at = 0, end = 0;
  char separator =
      ",;\t"[random_below(state, 3)]; /* of the two rows with commas are then bad, or none */
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
}

static void it_makes_no_difference(void **test) {
  (void)test;
  static char text[TEXT_MAX];
  uint64_t state = 21;
  for (int round = 0; round < 300; round++)
    compare_on(&state, text, make_text(&state, text));
}

/* A poller's second round, and one that skips a store, are read as expected, whatever stands behind the rows. */
static void what_is_expected(void **test) {
  (void)test;
  static const char *const names[] = {"a", "b", "c", "d"};
  static const char order[] = "abcd-abcd-abd-acd-aabbbb";
  static const char is_expected[] = "      +++ +++ +++ +   ++";
  loom_zones *zones = loom_zones_new(NULL);
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  struct loom_parser parser = new_parser(zones, staging, false);
  struct loom_poll_lines lines = {0};
  char text[1024];
  assert_true(loom_poll_lines_fit(&parser.reader.columns));
  assert_int_equal(loom_parse_date("2023-01-17", 10, &parser.reader.date), 0);
  memcpy(parser.reader.date_text, "2023-01-17", 10);
  for (size_t i = 0; i < COUNT_OF(names); i++)
    assert_int_equal(loom_id_table_put(parser.reader.ids, names[i], 1), i);
  memset(text, 'x', sizeof text);
  for (size_t i = 0; order[i]; i++) {
    struct loom_poll_record poll;
    if (order[i] == '-') /* where a round ends */
      continue;
    int length = sprintf(text, "%c,inactive,2023-01-17 01:02:03.000004 UTC\n", order[i]);
    const char *next =
        loom_poll_lines_read(&lines, &parser.reader, ',', text, text + sizeof text, &poll);
    if (is_expected[i] == '+') {
      assert_ptr_equal(next, text + length);
      assert_int_equal(poll.store, order[i] - 'a');
      assert_int_equal(poll.day, parser.reader.date);
      assert_int_equal(loom_poll_instant(poll.poll) - poll.day * LOOM_DAY, INT64_C(3723000004));
      assert_false(loom_poll_active(poll.poll));
    } else {
      assert_null(next);
      assert_true(loom_poll_lines_learn(&lines, (uint32_t)(order[i] - 'a')));
    }
  }
  loom_poll_lines_free(&lines);
  loom_parser_free(&parser);
  loom_staging_free(staging);
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_makes_no_difference),
                                     cmocka_unit_test(what_is_expected)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
