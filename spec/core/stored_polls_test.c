/*
** Tests of reading stored polls and instants: what cannot be right is corrupt, for everything that reads it, and
** walks over days end.
*/
#include "storage.h"
#include "support.h"

#include "sqlite/check.h"
#include "time/civil.h"
#include "sqlite/export.h"
#include "sqlite/info.h"
#include "sqlite/source_sqlite.h"
#include "sqlite/stored_polls.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"

static loom_database *three_days(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,1969-12-30 10:00:00\na,inactive,2023-01-20 12:00:00\n"
       "b,active,2023-01-20 11:00:00\nb,active,2023-01-25 12:00:00\n");
  return database;
}

static void days_in_both_directions(void **state) {
  (void)state;
  static const struct {
    enum loom_direction direction;
    int32_t from;
    int count;
    int32_t days[3];
  } walks[] = {{LOOM_FORWARD, LOOM_DATE_MIN, 3, {-2, 19377, 19382}},
               {LOOM_FORWARD, -2, 3, {-2, 19377, 19382}},
               {LOOM_FORWARD, -1, 2, {19377, 19382}},
               {LOOM_FORWARD, LOOM_DATE_MAX, 0, {0}},
               {LOOM_BACKWARD, LOOM_DATE_MAX, 3, {19382, 19377, -2}},
               {LOOM_BACKWARD, 19381, 2, {19377, -2}},
               {LOOM_BACKWARD, LOOM_DATE_MIN, 0, {0}}};
  loom_database *database = three_days();
  for (size_t i = 0; i < COUNT_OF(walks); i++) {
    loom_error error;
    struct loom_stored_days days;
    int32_t day;
    assert_status(
        loom_stored_days_begin(&days, database, walks[i].direction, walks[i].from, &error), LOOM_OK,
        &error);
    for (int at = 0; at < walks[i].count; at++) {
      assert_status(loom_stored_days_next(&days, &day, &error), LOOM_OK, &error);
      assert_int_equal(day, walks[i].days[at]);
    }
    assert_int_equal(loom_stored_days_next(&days, &day, &error), LOOM_DONE);
    loom_stored_days_end(&days);
  }
  loom_database_close(database);
}

static void newest(void **state) {
  (void)state;
  loom_error error;
  int64_t instant;
  loom_database *database = memory_database();
  assert_int_equal(loom_stored_newest(database, &instant, &error), LOOM_EEMPTY);
  loom_database_close(database);
  database = three_days();
  assert_status(loom_stored_newest(database, &instant, &error), LOOM_OK, &error);
  assert_int_equal(instant, number(database, "SELECT max(newest_poll) FROM store"));
  loom_database_close(database);
}

/* Sets of polls that are added in any order within a day, before 1970, too, and empty ones among them. */
static void extents(void **state) {
  (void)state;
  uint64_t random = 20240607;
  for (int round = 0; round < 200; round++) {
    struct loom_poll_extent extent = {0};
    int64_t first = INT64_MAX, newest = INT64_MIN, polls = 0, days = 0;
    for (int32_t day = -3; day < 3; day++) {
      int64_t before = polls;
      for (uint64_t blocks = random_below(&random, 4); blocks > 0; blocks--) {
        int64_t at = day * LOOM_DAY + (int64_t)random_below(&random, LOOM_DAY / 2);
        loom_poll items[2] = {loom_poll_pack(at, true), loom_poll_pack(at + LOOM_HOUR, false)};
        size_t count = (size_t)random_below(&random, 3);
        loom_poll_extent_add(&extent, day, items, count);
        if (count) {
          int64_t last = loom_poll_instant(items[count - 1]);
          first = at < first ? at : first;
          newest = last > newest ? last : newest;
          polls += (int64_t)count;
        }
      }
      days += polls > before;
    }
    assert_int_equal(extent.polls, polls);
    assert_int_equal(extent.days, days);
    if (polls)
      assert_true(extent.first == first && extent.newest == newest);
  }
}

/* ---- damage ---- */

static void count_problem(void *context, const char *problem) {
  assert_true(strlen(problem) > 0);
  ++*(int *)context;
}

static loom_status export_all(loom_database *database, enum loom_kind kind, loom_error *error) {
  loom_export *export;
  const char *text;
  size_t length;
  loom_status status = loom_export_new(database, kind, &export, error);
  assert_int_equal(status, LOOM_OK);
  while (status == LOOM_OK)
    status = loom_export_next(export, &text, &length, error);
  loom_export_free(export);
  return status;
}

/* Reads all stores, as a report over all time does. */
static loom_status read_stores(loom_database *database, loom_error *error) {
  loom_source *source = loom_source_sqlite_shared(database);
  struct loom_source_query query = {.from = LOOM_INSTANT_MIN + 1,
                                    .to = LOOM_INSTANT_MAX - 1,
                                    .as_of = LOOM_INSTANT_MAX,
                                    .neighbours = true,
                                    .selection = {.all_stores = true}};
  struct loom_common common = {0};
  struct loom_store store = {0};
  uint64_t count;
  int64_t instant;
  assert_non_null(source);
  loom_status status = loom_source_snapshot(source, error);
  if (status == LOOM_OK)
    status = loom_source_newest(source, &instant, error);
  if (status == LOOM_OK)
    status = loom_source_select(source, &query, &common, &count, error);
  while (status == LOOM_OK)
    status = loom_source_next(source, &store, error);
  loom_source_free(source);
  loom_common_free(&common);
  loom_store_free(&store);
  return status;
}

static loom_status read_info(loom_database *database, loom_error *error) {
  struct loom_info info;
  return loom_info_read(database, &info, error);
}

static loom_status export_polls(loom_database *database, loom_error *error) {
  return export_all(database, LOOM_POLLS, error);
}

static loom_status export_hours(loom_database *database, loom_error *error) {
  return export_all(database, LOOM_HOURS, error);
}

static loom_status export_special_days(loom_database *database, loom_error *error) {
  return export_all(database, LOOM_SPECIAL_DAYS, error);
}

static loom_status export_exclusions(loom_database *database, loom_error *error) {
  return export_all(database, LOOM_EXCLUSIONS, error);
}

/* What is out of range is corrupt for all that reads it, and check says so. */
static void out_of_range(void **state) {
  (void)state;
  typedef loom_status reader(loom_database * database, loom_error * error);
  static const struct {
    const char *sql;
    reader *readers[2];
  } damages[] = {
      {"UPDATE overall SET newest_poll = 9223372036854775807", {read_info, read_stores}},
      {"UPDATE overall SET newest_poll = -9223372036854775807", {read_info, read_stores}},
      {"UPDATE store SET first_poll = -9223372036854775807", {read_info, read_stores}},
      {"UPDATE store SET newest_poll = 9223372036854775807", {read_stores}},
      {"INSERT INTO exclusion VALUES(1, 1, -9223372036854775807, 5, '', NULL, NULL)",
       {export_exclusions, read_stores}},
      {"INSERT INTO exclusion VALUES(1, NULL, 5, 9223372036854775807, '', NULL, NULL)",
       {export_exclusions, read_stores}},
      {"INSERT INTO exclusion VALUES(1, NULL, 5, 253402300800000000, '', NULL, NULL)",
       {export_exclusions, read_stores}},
      {"INSERT INTO hours_week VALUES(1, 'file', '0001-01-01', 0, x'1C00000001')",
       {export_hours, read_stores}},
      {"INSERT INTO hours_week VALUES(1, 'file', '0001-01-01', 0, x'0400015181')",
       {export_hours, read_stores}},
      {"PRAGMA ignore_check_constraints=1;"
       " INSERT INTO special_day VALUES(1, '2023-01-01', 0, 86401, '', 'file')",
       {export_special_days, read_stores}},
      {"UPDATE poll_block SET day = 9999999 WHERE day = 19382", {export_polls, read_stores}},
      {"UPDATE poll_block SET polls = substr(polls, 1, 7) WHERE day = 19377",
       {export_polls, read_stores}},
  };
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_database *database = three_days();
    loom_error error;
    int problems = 0;
    execute(database, damages[i].sql);
    for (size_t j = 0; j < COUNT_OF(damages[i].readers) && damages[i].readers[j]; j++)
      if (damages[i].readers[j](database, &error) != LOOM_ECORRUPT)
        fail_msg("%s: reader %zu", damages[i].sql, j);
    execute(database, "PRAGMA ignore_check_constraints=0");
    assert_status(loom_check_run(database, count_problem, &problems, &error), LOOM_OK, &error);
    if (problems == 0)
      fail_msg("%s: check says that all is well", damages[i].sql);
    loom_database_close(database);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(days_in_both_directions),
      cmocka_unit_test(newest),
      cmocka_unit_test(extents),
      cmocka_unit_test(out_of_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
