/*
** Tests of rows that are read as expected: a parser that reads them so makes of any file what one that knows libcsv alone
** makes of it, and rows that are as they should be are not looked up.
*/
#include "parsers.h"

#include "read/poll_line.h"
#include "time/civil.h"

#define ROWS 400
#define TEXT_MAX (ROWS * 400)

static const struct parsed_kind kind = {
    LOOM_POLLS, "store_id,status,timestamp_utc", {',', ';', '\t'}};

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

static void it_makes_no_difference(void **test) {
  (void)test;
  static char text[TEXT_MAX];
  uint64_t state = 21;
  size_t polls = 0;
  for (int round = 0; round < 300; round++)
    polls += compare_parsers(&kind, &state, text, make_text(&state, text));
  assert_true(polls > 10000);
}

/* A poller's second round, and one that skips a store, are read as expected, whatever stands behind the rows. */
static void what_is_expected(void **test) {
  (void)test;
  static const char *const names[] = {"a", "b", "c", "d"};
  static const char order[] = "abcd-abcd-abd-acd-aabbbb";
  static const char is_expected[] = "      +++ +++ +++ +   ++";
  loom_zones *zones = loom_zones_new(NULL);
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  struct loom_parser parser = new_parser(&kind, zones, staging, false);
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
