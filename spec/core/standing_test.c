/*
** Reports of states: the same by few looks as by many, from a scan and by look-ups, with one thread and with several; how far
** back they look; and orders and counts of them. What the rules make of stores is compared in spec/lua/status_spec.lua.
*/
#include "report/column.h"
#include "report/report_order.h"
#include "report/state_order.h"
#include "reports.h"

#include <limits.h>

static struct loom_report_options state_options(const char *as_of) {
  struct loom_report_options options = {.default_zone = "UTC",
                                        .threads = 1,
                                        .states = {.wanted = true, .dormant_after = 7 * LOOM_DAY}};
  assert_true(loom_rules_preset("monitoring", &options.rules));
  if (as_of) {
    options.has_as_of = true;
    options.as_of = instant(as_of);
  }
  return options;
}

static loom_report *complete_states(loom_database *database,
                                    const struct loom_report_options *options,
                                    loom_source **source) {
  loom_error error;
  loom_report *report;
  *source = loom_source_sqlite(database);
  assert_status(start_report(options, *source, database->zones, &report, &error), LOOM_OK, &error);
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  return report;
}

/* All states, as text. */
static struct buffer states_text(loom_database *database,
                                 const struct loom_report_options *options) {
  loom_source *source;
  struct buffer out = {0};
  loom_report *report = complete_states(database, options, &source);
  for (size_t row = 0; row < loom_report_count(report); row++) {
    size_t length;
    char since[LOOM_TIMESTAMP_SIZE] = "-", last[LOOM_TIMESTAMP_SIZE] = "-";
    const struct loom_store_state *state = loom_report_state(report, row);
    assert_true(state->standing.is_known);
    if (state->standing.has_since)
      loom_format_timestamp(state->standing.since, since);
    if (state->has_last_poll)
      loom_format_timestamp(state->last_poll, last);
    const char *id = loom_report_store(report, row, &length);
    buffer_put(&out, id, length);
    buffer_printf(&out, " %s %s %s%s\n", loom_state_name(state->standing.state), since, last,
                  state->is_dormant ? " dormant" : "");
  }
  loom_report_free(report);
  loom_source_free(source);
  return out;
}

static void assert_states(loom_database *database, const char *as_of, const char *wanted) {
  struct loom_report_options options = state_options(as_of);
  struct buffer found = states_text(database, &options);
  assert_string_equal(found.bytes ? found.bytes : "", wanted);
  buffer_free(&found);
}

/* Stores that are read one by one, by id, have no cursors that pass over the others. */
static void scans_and_look_ups(void **test) {
  (void)test;
  uint64_t random = 3;
  loom_database *database = many_stores(200, 5);
  for (int round = 0; round < 30; round++) {
    struct loom_report_options options = state_options("2023-01-25 00:00:00");
    random_rules(&random, &options.rules);
    options.as_of += random_between(&random, -12 * LOOM_DAY, 3 * LOOM_DAY);
    options.selection.all_stores = true;
    struct buffer all = states_text(database, &options), some = {0};
    options.threads = 2;
    struct buffer again = states_text(database, &options);
    assert_string_equal(all.bytes, again.bytes);
    for (const char *line = all.bytes; *line; line = strchr(line, '\n') + 1) {
      struct loom_id_table ids;
      loom_id_table_init(&ids);
      assert_int_equal(loom_id_table_put(&ids, line, (size_t)(strchr(line, ' ') - line)), 0);
      options.selection.ids = &ids;
      struct buffer one = states_text(database, &options);
      buffer_put(&some, one.bytes, one.length);
      buffer_free(&one);
      loom_id_table_free(&ids);
    }
    assert_string_equal(all.bytes, some.bytes);
    buffer_free(&all);
    buffer_free(&some);
    buffer_free(&again);
  }
  loom_database_close(database);
}

/* Polls every hour for two years: the run goes back to its beginning, and to no earlier one. */
static void long_runs(void **test) {
  (void)test;
  struct buffer polls = {0};
  loom_database *database = memory_database();
  buffer_printf(&polls, POLLS_HEADER "a,inactive,2021-01-01 00:00:00\n");
  for (int64_t t = instant("2021-01-01 01:00:00"); t < instant("2023-01-01 00:00:00");
       t += LOOM_HOUR) {
    char when[LOOM_TIMESTAMP_SIZE];
    loom_format_timestamp(t, when);
    buffer_printf(&polls, "a,active,%s\nb,%s,%s\n", when,
                  t == instant("2022-12-31 21:00:00") ? "inactive" : "active", when);
  }
  load(database, LOOM_POLLS, polls.bytes);
  assert_states(database, NULL,
                "a up 2021-01-01 01:00:00.000000 UTC 2022-12-31 23:00:00.000000 UTC\n"
                "b up 2022-12-31 22:00:00.000000 UTC 2022-12-31 23:00:00.000000 UTC\n");
  buffer_free(&polls);
  loom_database_close(database);
}

/* What nothing was ever known of is so since its last closed hour, since a year before its first poll, or for ever. */
static void silence(void **test) {
  (void)test;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "day,active,2023-01-20 12:00:00\nnight,active,2023-01-20 12:00:00\n"
       "shop,active,2023-01-20 12:00:00\n");
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\nshop,0,09:00,17:00\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\nnight,2022-02-01 10:00:00,2022-02-01 11:00:00\n");
  assert_states(database, "2023-01-09 12:00:00",
                "day unknown - - dormant\n"
                "night unknown 2022-02-01 11:00:00.000000 UTC - dormant\n"
                "shop unknown 2023-01-09 09:00:00.000000 UTC - dormant\n");
  assert_states(database, "2023-01-08 12:00:00",
                "day unknown - - dormant\n"
                "night unknown 2022-02-01 11:00:00.000000 UTC - dormant\n"
                "shop closed - - dormant\n");
  assert_states(
      database, "2025-01-08 12:00:00",
      "day unknown 2023-01-20 14:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n"
      "night unknown 2023-01-20 14:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n"
      "shop closed - 2023-01-20 12:00:00.000000 UTC dormant\n");
  loom_database_close(database);
}

/* Nothing is heard of stores that never close for as long as there are years: that is seen in few steps (schedule_test.c). */
static void silence_of_eight_thousand_years(void **test) {
  (void)test;
  struct buffer hours = {0};
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "always,active,2023-01-20 12:00:00\nnew,active,2023-01-20 12:00:00\n"
       "out,active,2023-01-20 12:00:00\nround,active,2023-01-20 12:00:00\n");
  buffer_printf(&hours, "store_id,day,start_time_local,end_time_local\n");
  for (int weekday = 0; weekday < 7; weekday++)
    buffer_printf(&hours, "round,%d,06:00,14:00\nround,%d,14:00,06:00\n", weekday, weekday);
  load(database, LOOM_HOURS, hours.bytes);
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\nnew,2500-03-01,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\nout,3022-02-01 10:00:00,3022-02-01 11:00:00\n");
  assert_states(
      database, "9999-12-30 12:00:00",
      "always unknown 2023-01-20 14:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n"
      "new unknown 2500-03-02 00:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n"
      "out unknown 3022-02-01 11:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n"
      "round unknown 2023-01-20 14:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n");
  buffer_free(&hours);
  loom_database_close(database);
}

static void since_up_is_not_looked_for(void **test) {
  (void)test;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER "a,active,2023-01-20 12:00:00\nb,inactive,2023-01-20 12:00:00\n");
  struct loom_report_options options = state_options("2023-01-20 13:00:00");
  options.states.no_since_up = true;
  struct buffer found = states_text(database, &options);
  assert_string_equal(
      found.bytes,
      "a up - 2023-01-20 12:00:00.000000 UTC\n"
      "b down 2023-01-20 10:00:00.000000 UTC 2023-01-20 12:00:00.000000 UTC dormant\n");
  buffer_free(&found);
  loom_database_close(database);
}

/* Which stores a filter lets through, and whether they are in order. */
static void check_order(const loom_report *report, const struct loom_state_filter *filter,
                        enum loom_state_key key, bool descending) {
  size_t rows[300], count, wanted = 0;
  assert_true(loom_state_order(report, filter, key, descending, rows, &count));
  for (size_t row = 0; row < loom_report_count(report); row++) {
    const struct loom_store_state *state = loom_report_state(report, row);
    wanted += filter->states[state->standing.state] &&
              (state->is_dormant ? filter->dormant : filter->others) &&
              (!filter->has_lasted ||
               (state->standing.has_since
                    ? loom_report_as_of(report) - state->standing.since >= filter->lasted_from &&
                          loom_report_as_of(report) - state->standing.since < filter->lasted_to
                    : filter->lasted_to == INT64_MAX)) &&
              (!filter->only || filter->only[row]);
  }
  assert_int_equal(count, wanted);
  for (size_t i = 1; i < count; i++) {
    const struct loom_store_state *a = loom_report_state(report, rows[i - 1]),
                                  *b = loom_report_state(report, rows[i]);
    bool has_a = key == LOOM_BY_SINCE ? a->standing.has_since : a->has_last_poll;
    bool has_b = key == LOOM_BY_SINCE ? b->standing.has_since : b->has_last_poll;
    int64_t value_a = key == LOOM_BY_SINCE ? a->standing.since : a->last_poll;
    int64_t value_b = key == LOOM_BY_SINCE ? b->standing.since : b->last_poll;
    if (key == LOOM_BY_STORE_ID)
      assert_true(descending ? rows[i - 1] > rows[i] : rows[i - 1] < rows[i]);
    else if (!has_a || !has_b)
      assert_true(!has_b && (has_a || rows[i - 1] < rows[i]));
    else if (value_a == value_b)
      assert_true(rows[i - 1] < rows[i]);
    else
      assert_true(descending ? value_a > value_b : value_a < value_b);
  }
}

static void orders_and_counts(void **test) {
  (void)test;
  uint64_t random = 11;
  loom_source *source;
  unsigned char only[300];
  loom_database *database = many_stores(250, 9);
  struct loom_report_options options = state_options("2023-01-24 10:45:00");
  loom_report *report = complete_states(database, &options, &source);
  for (int round = 0; round < 300; round++) {
    struct loom_state_filter filter = {.dormant = random_below(&random, 2),
                                       .others = random_below(&random, 2),
                                       .has_lasted = random_below(&random, 2),
                                       .lasted_from =
                                           (int64_t)random_below(&random, 20000) * 1000000,
                                       .lasted_to = INT64_MAX};
    struct loom_state_counts counts;
    if (random_below(&random, 2))
      filter.lasted_to = filter.lasted_from + (int64_t)random_below(&random, 20000) * 1000000;
    for (int state = 0; state < LOOM_STATES; state++)
      filter.states[state] = random_below(&random, 2);
    for (size_t row = 0; row < loom_report_count(report); row++)
      only[row] = random_below(&random, 2) == 1;
    filter.only = random_below(&random, 2) ? only : NULL;
    check_order(report, &filter, (enum loom_state_key)random_below(&random, 3),
                random_below(&random, 2));
    loom_state_count(report, filter.only, &counts);
    for (int state = 0; state < LOOM_STATES; state++) {
      size_t rows[300], count;
      struct loom_state_filter one = {.dormant = true, .only = filter.only};
      one.states[state] = true;
      assert_true(loom_state_order(report, &one, LOOM_BY_STORE_ID, false, rows, &count));
      assert_int_equal(count, counts.dormant[state]);
    }
  }
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

/* Rows of a report of figures, some of which are asked for, and the states of other stores than these. */
static void states_of_another_report(void **test) {
  (void)test;
  uint64_t random = 12;
  loom_source *figures_source, *states_source;
  loom_database *database = many_stores(250, 9);
  struct loom_report_options options = default_options(), of_states = state_options(NULL);
  static const char *const globs[2][2] = {{"*1*", "*[a-m]*"}, {"*[02468]", "*[n-z]*"}};
  options.selection = (struct loom_selection){.globs = globs[0], .glob_count = 2};
  of_states.selection = (struct loom_selection){.globs = globs[1], .glob_count = 2};
  loom_report *report = complete_states(database, &options, &figures_source);
  loom_report *states = complete_states(database, &of_states, &states_source);
  size_t found = 0, at = 0, rows = loom_report_count(report);
  struct loom_column column;
  assert_true(loom_column_init(&column, rows));
  assert_true(loom_column_of_states(&column, report, states));
  static const char worst[][9] = {"down", "unknown", "excluded", "closed", "up"};
  struct {
    unsigned place;
    int64_t since;
  } by_rank[250]; /* what stores of a rank are */
  memset(by_rank, 0xff, sizeof by_rank);
  for (size_t row = 0; row < rows; row++) {
    size_t length, other;
    const char *id = loom_report_store(report, row, &length);
    bool is_there = loom_report_find(states, id, length, &other);
    if (random_below(&random, 4)) {
      assert_int_equal(loom_report_walk_to(states, &at, id, length), is_there);
      assert_true(!is_there || at == other);
    }
    found += is_there;
    if (!is_there) {
      assert_int_equal(column.ranks[row], LOOM_NO_RANK);
      continue;
    }
    const struct loom_store_state *state = loom_report_state(states, other);
    unsigned place = state->is_dormant ? 5 : 0;
    while (strcmp(loom_state_name(state->standing.state), worst[place % 5]) != 0)
      place++;
    int64_t since = state->standing.has_since ? state->standing.since : INT64_MAX;
    uint32_t rank = column.ranks[row];
    assert_true(rank < column.count);
    assert_true(by_rank[rank].place == UINT_MAX ||
                (by_rank[rank].place == place && by_rank[rank].since == since));
    by_rank[rank].place = place;
    by_rank[rank].since = since;
  }
  for (uint32_t rank = 1; rank < column.count; rank++) {
    assert_true(by_rank[rank - 1].place < by_rank[rank].place ||
                (by_rank[rank - 1].place == by_rank[rank].place &&
                 by_rank[rank - 1].since < by_rank[rank].since));
  }
  assert_true(found > 5 && found + 5 < rows);
  loom_column_free(&column);
  loom_report_free(report);
  loom_report_free(states);
  loom_source_free(figures_source);
  loom_source_free(states_source);
  loom_database_close(database);
}

/* Counts for each value of a column are those of the rows that have it. */
static void counts_by_a_column(void **test) {
  (void)test;
  uint64_t random = 13;
  loom_source *source;
  loom_database *database = many_stores(250, 9);
  struct loom_report_options options = state_options("2023-01-24 10:45:00");
  loom_report *report = complete_states(database, &options, &source);
  struct loom_column column;
  struct loom_state_counts counts[4], expected;
  unsigned char only[300];
  size_t rows = loom_report_count(report);
  assert_true(loom_column_init(&column, rows));
  for (size_t row = 0; row < rows; row++) {
    char value = (char)('a' + random_below(&random, 5));
    assert_true(value == 'e' || loom_column_set(&column, row, &value, 1));
  }
  assert_true(loom_column_end(&column));
  assert_int_equal(column.count, 4);
  for (int round = 0; round < 2; round++) {
    loom_state_count_by(report, &column, NULL, counts);
    for (uint32_t rank = 0; rank < 4; rank++) {
      for (size_t row = 0; row < rows; row++)
        only[row] = column.ranks[row] == rank;
      loom_state_count(report, only, &expected);
      assert_memory_equal(&counts[rank], &expected, sizeof expected);
    }
  }
  loom_column_free(&column);
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

static void no_windows(void **test) {
  (void)test;
  loom_error error;
  loom_report *report;
  loom_database *database = many_stores(5, 2);
  loom_source *source = loom_source_sqlite(database);
  struct loom_report_options options = state_options(NULL);
  options.windows = standard;
  options.window_count = 3;
  assert_int_equal(loom_report_prepare(&options, source, database->zones, &report, &error),
                   LOOM_EINVAL);
  assert_string_equal(error.message, "a report of states has no windows");
  loom_source_free(source);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(scans_and_look_ups),
                                     cmocka_unit_test(long_runs),
                                     cmocka_unit_test(silence),
                                     cmocka_unit_test(silence_of_eight_thousand_years),
                                     cmocka_unit_test(since_up_is_not_looked_for),
                                     cmocka_unit_test(orders_and_counts),
                                     cmocka_unit_test(states_of_another_report),
                                     cmocka_unit_test(counts_by_a_column),
                                     cmocka_unit_test(no_windows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
