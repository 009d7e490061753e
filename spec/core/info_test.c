/*
** Tests of the numbers that describe a database.
*/
#include "storage.h"

#include "time/civil.h"
#include "sqlite/info.h"

static struct loom_info read_info(loom_database *database) {
  loom_error error;
  struct loom_info info;
  memset(&info, 0x55, sizeof info); /* everything is to be filled */
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  return info;
}

static void of_an_empty_database(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct loom_info info = read_info(database), nothing = {0};
  assert_true(info.size > 0);
  assert_int_equal(info.schema_version, LOOM_SCHEMA_VERSION);
  nothing.size = info.size;
  nothing.schema_version = info.schema_version;
  assert_memory_equal(&info, &nothing, sizeof info);
  loom_database_close(database);
}

static void of_a_filled_one(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer file = {0};
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\na,active,1969-12-31 23:59:59\na,active,1970-01-01 00:00:00\n"
       "b,inactive,1970-01-01 00:00:01\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\nc,0,09:00,17:00\nc,1,09:00,17:00\nd,0,closed,"
       "\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,UTC\ne,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,,\nf,2023-01-01,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,2023-01-01 00:00:00,2023-01-02 00:00:00\n");
  struct loom_info info = read_info(database);
  loom_database_close(database);
  read_file(path, &file);
  struct loom_info expected = {.stores = 6,
                               .polled_stores = 2,
                               .polls = 3,
                               .days = 2,
                               .first_poll = -LOOM_SECOND,
                               .newest_poll = LOOM_SECOND,
                               .hours = 2,
                               .stores_with_hours = 2,
                               .timezones = 2,
                               .stores_with_timezone = 3,
                               .special_days = 2,
                               .exclusions = 1,
                               .size = (int64_t)file.length,
                               .schema_version = LOOM_SCHEMA_VERSION};
  assert_memory_equal(&info, &expected, sizeof info);
  buffer_free(&file);
  scratch_end(&scratch);
}

/*
** A week by hand counts once, however many openings it has and whether or not it reverts; a special day's spans
** count each. Zones are those in force.
*/
static void of_overrides_and_attributes(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\na,0,09:00,17:00\nb,0,09:00,17:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,,\n");
  load(database, LOOM_ATTRIBUTES, "store_id,region,type\na,west,kiosk\nb,,stand\nc,,\n");
  struct loom_info info = read_info(database);
  assert_int_equal(info.overrides, 0);
  assert_int_equal(info.attributes, 3);
  assert_int_equal(info.stores, 3);
  override_hours(database, "a", "2023-01-01", 0, 0, 60);
  override_hours(database, "a", "2023-01-01", 1, 0, 60);
  override_week(database, "a", "2023-02-01", true);
  override_week(database, "d", "2023-01-01", false);
  info = read_info(database);
  assert_int_equal(info.overrides, 3);
  assert_int_equal(info.hours, 4);
  assert_int_equal(info.stores_with_hours, 3);
  override_timezone(database, "a", "Asia/Tokyo");
  override_timezone(database, "d", "Asia/Tokyo");
  info = read_info(database);
  assert_int_equal(info.overrides, 5);
  assert_int_equal(info.timezones, 1);
  assert_int_equal(info.stores_with_timezone, 3);
  override_day(database, "*", "2023-01-01", 0, 60, "");
  override_day(database, "a", "2023-01-01", 0, 60, "");
  override_day(database, "a", "2023-01-01", 120, 180, "");
  info = read_info(database);
  assert_int_equal(info.overrides, 8);
  assert_int_equal(info.special_days, 4);
  assert_int_equal(info.attributes, 3);
  load(database, LOOM_ATTRIBUTES, "store_id,region\na,\n");
  info = read_info(database);
  assert_int_equal(info.attributes, 2);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(of_an_empty_database),
                                     cmocka_unit_test(of_a_filled_one),
                                     cmocka_unit_test(of_overrides_and_attributes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
