/*
** Tests of rows of hours that are read as expected: a parser that reads them so makes of any file what one that knows libcsv alone
** makes of it, and rows that are as they should be are read without it.
*/
#include "parsers.h"

#include "measure/hours.h"
#include "read/hours_line.h"

#define ROWS 400
#define TEXT_MAX (ROWS * 400)

static const struct parsed_kind kind = {
    LOOM_HOURS, "store_id,dayOfWeek,start_time_local,end_time_local", {',', ',', ';'}};

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

static void it_makes_no_difference(void **test) {
  (void)test;
  static char text[TEXT_MAX];
  uint64_t state = 22;
  size_t records = 0;
  for (int round = 0; round < 300; round++)
    records += compare_parsers(&kind, &state, text, make_text(&state, text));
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
  struct loom_parser parser = new_parser(&kind, zones, staging, false);
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
