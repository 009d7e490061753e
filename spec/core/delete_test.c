/*
** Tests of removing polls and stores: what is left is what a database holds that never had the others.
*/
#include "storage.h"

#include "sqlite/check.h"
#include "time/civil.h"
#include "sqlite/info.h"
#include "write/delete.h"
#include "support.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static void report_problem(void *context, const char *problem) {
  (void)context;
  print_error("%s\n", problem);
  fail();
}

static void check_all(loom_database *database) {
  loom_error error;
  assert_status(loom_check_run(database, report_problem, NULL, &error), LOOM_OK, &error);
}

static int64_t instant(const char *text) {
  int64_t value;
  assert_null(loom_parse_timestamp(text, strlen(text), &value));
  return value;
}

static struct loom_removal polls_of(const char *id, int64_t from, int64_t to) {
  return (struct loom_removal){.id = id, .id_length = strlen(id), .from = from, .to = to};
}

static struct loom_removal all_of(const char *id) {
  return (struct loom_removal){.id = id, .id_length = strlen(id), .whole_store = true};
}

/* Removes in steps of so many blocks, after each of which everything agrees. */
static struct loom_removed removal(loom_database *database, struct loom_removal what,
                                   size_t blocks) {
  loom_error error;
  struct loom_removed removed = {0};
  loom_status status = LOOM_OK;
  while (status == LOOM_OK) {
    int64_t before = removed.gone.polls;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    status = loom_delete_step(database, &what, blocks, &removed, &error);
    assert_true(status == LOOM_OK || status == LOOM_DONE);
    assert_true(status == LOOM_DONE || removed.gone.polls > before);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    check_all(database);
  }
  return removed;
}

/* A dump, with what holds for all stores and the polls as SQL shows them. */
static struct buffer whole(loom_database *database) {
  struct buffer out = dump(database);
  dump_query(database, "SELECT newest_poll FROM overall", &out);
  dump_query(database, "SELECT * FROM polls ORDER BY 1, 2", &out);
  return out;
}

static void expect_same(loom_database *a, loom_database *b) {
  struct buffer left = whole(a), right = whole(b);
  assert_buffer_equal(&left, &right);
  buffer_free(&left);
  buffer_free(&right);
}

/* ---- polls ---- */

#define STORES 4
#define HOURS 300
#define POLLS 80

struct fleet {
  int64_t hours[POLLS]; /* of each poll, which is of store i % STORES */
};

static int64_t at(int64_t hour) {
  return hour * LOOM_HOUR;
}

/* A database of the polls that `removal`, which may be NULL, does not take, and of all stores. */
static loom_database *fleet_database(const struct fleet *fleet,
                                     const struct loom_removal *removal) {
  loom_database *database = memory_database();
  struct buffer text = {0};
  buffer_printf(&text, POLLS_HEADER);
  for (size_t i = 0; i < POLLS; i++) {
    char when[LOOM_TIMESTAMP_SIZE];
    int64_t poll = at(fleet->hours[i]);
    if (removal && removal->id[0] == (char)('a' + i % STORES) &&
        (removal->whole_store || (poll >= removal->from && poll <= removal->to)))
      continue;
    loom_format_timestamp(poll, when);
    buffer_printf(&text, "%c,%s,%s\n", (char)('a' + i % STORES),
                  fleet->hours[i] % 3 ? "active" : "inactive", when);
  }
  for (char id = 'a'; id < 'a' + STORES; id++) {
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO store(store_id) VALUES('%c')", id);
    if (!removal || !removal->whole_store || removal->id[0] != id)
      execute(database, sql);
  }
  load(database, LOOM_POLLS, text.bytes);
  buffer_free(&text);
  return database;
}

static void same_as_never_loaded(void **test) {
  (void)test;
  uint64_t state = 5;
  for (int round = 0; round < 120; round++) {
    struct fleet fleet;
    char id[] = {(char)('a' + random_below(&state, STORES)), '\0'};
    int64_t from = (int64_t)random_below(&state, HOURS) - 120;
    int64_t length = (int64_t)random_below(&state, round % 3 ? HOURS : 2);
    for (size_t i = 0; i < POLLS; i++)
      fleet.hours[i] = (int64_t)random_below(&state, HOURS) - 100; /* before 1970, too */
    struct loom_removal what = round % 10 ? polls_of(id, at(from), at(from + length)) : all_of(id);
    loom_database *database = fleet_database(&fleet, NULL);
    loom_database *expected = fleet_database(&fleet, &what);
    loom_error error;
    struct loom_removed told;
    int64_t before = number(database, "SELECT count(*) FROM polls");
    assert_status(loom_delete_survey(database, &what, &told, &error), LOOM_OK, &error);
    struct loom_removed removed = removal(database, what, 1 + random_below(&state, 4));
    assert_int_equal(before - number(database, "SELECT count(*) FROM polls"), removed.gone.polls);
    expect_same(database, expected);
    /* What was told before is what became of it. */
    told.kept = (struct loom_poll_extent){0};
    assert_memory_equal(&told, &removed, sizeof told);
    loom_database_close(database);
    loom_database_close(expected);
  }
}

static void both_ends_are_among_them(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-20 12:00:00\na,inactive,2023-01-20 12:00:00.000001\n"
       "a,active,2023-01-20 12:00:00.000002\na,active,2023-01-21 00:00:00\n");
  int64_t poll = instant("2023-01-20 12:00:00.000001");
  struct loom_removed removed = removal(database, polls_of("a", poll, poll), 9);
  assert_int_equal(removed.gone.polls, 1);
  assert_int_equal(removed.gone.first, poll);
  assert_int_equal(removed.gone.newest, poll);
  assert_int_equal(number(database, "SELECT count(*) FROM polls"), 3);
  assert_int_equal(removal(database, polls_of("a", poll, poll), 9).gone.polls, 0);
  assert_int_equal(removal(database, polls_of("a", poll - 1, poll + 1), 9).gone.polls, 2);
  assert_int_equal(
      removal(database, polls_of("a", LOOM_INSTANT_MIN, LOOM_INSTANT_MAX), 9).gone.polls, 1);
  assert_int_equal(number(database, "SELECT newest_poll IS NULL FROM overall"), 1);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 1);
  loom_database_close(database);
}

static void what_stays_is_told(void **state) {
  (void)state;
  loom_error error;
  struct loom_removed told;
  loom_database *database = memory_database();
  load(
      database, LOOM_POLLS,
      POLLS_HEADER
      "a,active,2023-01-20 10:00:00\na,active,2023-01-20 12:00:00\n"
      "a,active,2023-01-20 14:00:00\na,active,2023-01-22 00:00:00\nb,active,2023-01-23 00:00:00\n");
  struct loom_removal what =
      polls_of("a", instant("2023-01-20 11:00:00"), instant("2023-01-20 13:00:00"));
  assert_status(loom_delete_survey(database, &what, &told, &error), LOOM_OK, &error);
  assert_int_equal(told.gone.polls, 1);
  assert_int_equal(told.gone.days, 1);
  assert_int_equal(told.kept.polls, 3);
  assert_int_equal(told.kept.days, 2);
  assert_int_equal(told.kept.first, instant("2023-01-20 10:00:00"));
  assert_int_equal(told.kept.newest, instant("2023-01-22 00:00:00"));
  loom_database_close(database);
}

/* ---- stores ---- */

static void load_everything(loom_database *database, bool with_a) {
  struct buffer text = {0};
  static const struct {
    enum loom_kind kind;
    const char *header, *of_a, *of_others;
  } files[] = {
      {LOOM_POLLS, POLLS_HEADER,
       "a,active,2023-01-20 12:00:00\na,active,2023-01-21 12:00:00\na,inactive,2023-01-25 "
       "12:00:00\n",
       "b,active,2023-01-20 12:00:00\nb,active,2023-01-24 12:00:00\n"},
      {LOOM_HOURS, "store_id,day,start_time_local,end_time_local,effective_from\n",
       "a,0,09:00:00,17:00:00,\na,1,09:00:00,17:00:00,\na,0,10:00:00,17:00:00,2023-02-01\n",
       "b,0,09:00:00,17:00:00,\n"},
      {LOOM_TIMEZONES, "store_id,timezone_str\n", "a,UTC\n", "b,Europe/Paris\n"},
      {LOOM_SPECIAL_DAYS, "store_id,date,open,close\n", "a,2023-01-24,,\n",
       "b,2023-01-24,,\n*,2023-12-25,,\n"},
      {LOOM_EXCLUSIONS, "store_id,from_utc,to_utc\n", "a,2023-01-24 00:00:00,2023-01-24 01:00:00\n",
       "*,2023-01-24 00:00:00,2023-01-24 01:00:00\n"},
      {LOOM_ATTRIBUTES, "store_id,region,size\n", "a,north,1\n", "b,south,2\n"},
  };
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    buffer_printf(&text, "%s%s%s", files[i].header, with_a ? files[i].of_a : "",
                  files[i].of_others);
    load(database, files[i].kind, text.bytes);
    buffer_free(&text);
  }
  if (!with_a)
    return;
  override_hours(database, "a", "2023-03-01", 0, 0, 3600);
  override_week(database, "a", "2023-04-01", true);
  override_day(database, "a", "2023-01-25", -1, 0, "closed");
  override_timezone(database, "a", "Asia/Kathmandu");
}

static void everything_of_a_store_goes(void **state) {
  (void)state;
  loom_database *database = memory_database(), *expected = memory_database();
  load_everything(database, true);
  load_everything(expected, false);
  struct loom_removed removed = removal(database, all_of("a"), 2);
  expect_same(database, expected);
  assert_int_equal(removed.gone.polls, 3);
  assert_int_equal(removed.hours, 5);
  assert_int_equal(removed.special_days, 2);
  assert_int_equal(removed.exclusions, 1);
  assert_int_equal(removed.attributes, 2);
  assert_true(removed.timezone);
  allow_writing(database);
  /* References are checked again. */
  loom_error error;
  assert_int_equal(
      loom_database_execute(database, "INSERT INTO attribute VALUES(1, 'x', 'y')", &error),
      LOOM_EIO);
  load_everything(database, true);
  removal(database, all_of("b"), 100);
  removal(database, all_of("a"), 100);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  loom_database_close(database);
  loom_database_close(expected);
}

static void a_store_that_is_not_known(void **state) {
  (void)state;
  loom_error error;
  struct loom_removed removed = {0};
  struct loom_removal what = all_of("nobody");
  loom_database *database = memory_database();
  assert_int_equal(loom_delete_survey(database, &what, &removed, &error), LOOM_ENOENT);
  assert_string_equal(error.message, "store \"nobody\" is not known");
  assert_int_equal(loom_delete_step(database, &what, 1, &removed, &error), LOOM_EINVAL);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_delete_step(database, &what, 1, &removed, &error), LOOM_ENOENT);
  loom_database_rollback(database);
  loom_database_close(database);
}

/* ---- failures ---- */

static void failing_in_mid_work(void **state) {
  (void)state;
  static const char *const triggers[] = {"BEFORE DELETE ON poll_block WHEN old.day = 19378",
                                         "BEFORE UPDATE ON store",
                                         "BEFORE UPDATE OF newest_poll ON overall",
                                         "BEFORE DELETE ON hours_week",
                                         "BEFORE DELETE ON special_day",
                                         "BEFORE DELETE ON exclusion",
                                         "BEFORE DELETE ON attribute",
                                         "BEFORE DELETE ON store"};
  for (size_t i = 0; i < COUNT_OF(triggers); i++) {
    char sql[300];
    loom_error error;
    struct loom_removed removed = {0};
    struct loom_removal what = all_of("a");
    loom_database *database = memory_database();
    load_everything(database, true);
    struct buffer before = whole(database);
    snprintf(sql, sizeof sql,
             "CREATE TRIGGER fails %s BEGIN SELECT RAISE(ABORT, 'in mid work'); END", triggers[i]);
    execute(database, sql);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_int_equal(loom_delete_step(database, &what, 100, &removed, &error), LOOM_EIO);
    assert_non_null(strstr(error.message, "in mid work"));
    assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
    loom_database_rollback(database);
    struct buffer after = whole(database);
    assert_buffer_equal(&before, &after);
    buffer_free(&before);
    buffer_free(&after);
    loom_database_close(database);
  }
}

static void damage_removes_nothing(void **state) {
  (void)state;
  static const char *const damages[] = {
      "UPDATE poll_block SET day = 99999999999 WHERE day = 19382",
      "UPDATE poll_block SET polls = substr(polls, 1, 7) WHERE day = 19377",
      "UPDATE poll_block SET day = 19000 WHERE day = 19377",
      "UPDATE store SET first_poll = NULL WHERE store_id = 'a'",
      "UPDATE store SET first_poll = 9223372036854775807 WHERE store_id = 'a'",
      "UPDATE store SET newest_poll = -9223372036854775807 WHERE store_id = 'a'"};
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_error error;
    struct loom_removed removed = {0};
    struct loom_removal what = all_of("a");
    loom_database *database = memory_database();
    load_everything(database, true);
    execute(database, damages[i]);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_delete_step(database, &what, 100, &removed, &error), LOOM_ECORRUPT, &error);
    loom_database_rollback(database);
    loom_database_close(database);
  }
}

/* Hours that nobody can read keep nobody from removing them. */
static void damaged_hours_go(void **state) {
  (void)state;
  loom_error error;
  struct loom_info info;
  loom_database *database = memory_database();
  load_everything(database, true);
  execute(database,
          "UPDATE hours_week SET openings = x'FFFFFFFFFFFF'"
          " WHERE store = (SELECT number FROM store WHERE store_id = 'a')");
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  assert_true(info.hours > 0);
  struct loom_removed removed = removal(database, all_of("a"), 100);
  assert_true(removed.hours > 0);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE store_id = 'a'"), 0);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_as_never_loaded),      cmocka_unit_test(both_ends_are_among_them),
      cmocka_unit_test(what_stays_is_told),        cmocka_unit_test(everything_of_a_store_goes),
      cmocka_unit_test(a_store_that_is_not_known), cmocka_unit_test(failing_in_mid_work),
      cmocka_unit_test(damage_removes_nothing),    cmocka_unit_test(damaged_hours_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
