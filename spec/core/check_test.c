/*
** Tests of the integrity check: each kind of damage, planted with plain SQL, is reported in one line that says where.
*/
#include "storage.h"

#include "sqlite/check.h"

static void collect(void *context, const char *problem) {
  buffer_printf(context, "%s\n", problem);
}

static void assert_problems(loom_database *database, const char *expected) {
  loom_error error;
  struct buffer found = {0};
  buffer_put(&found, "", 0);
  assert_status(loom_check_run(database, collect, &found, &error), LOOM_OK, &error);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
}

static loom_database *sound_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\na,active,1970-01-02 00:00:00\na,inactive,1970-01-02 "
       "00:00:01\n"
       "a,active,1970-01-05 23:59:59.999999\n\"b\n\",active,1969-12-31 12:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\na,0,09:00,17:00,\nb,1,closed,,"
       "2023-01-01\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Tokyo\nc,UTC\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,,\nc,2024-02-29,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,1970-01-01 00:00:00,1970-01-01 00:00:01\n");
  load(database, LOOM_ATTRIBUTES, "store_id,region\nc,west\n");
  override_hours(database, "a", "2023-05-01", 2, 0, 86400);
  override_week(database, "a", "2023-06-01", true);
  override_day(database, "*", "2023-05-01", 0, 60, "");
  override_timezone(database, "a", "Asia/Kolkata");
  return database;
}

#define GONE                                                                                       \
  " is not a zone of the tz database any more (Debian keeps old names in its package "             \
  "tzdata-legacy):"                                                                                \
  " store "
#define BLOCK "polls of store number 1 on day 1: the block "
#define WEEK "hours of store \"b\": the week from \"2023-01-01\" "
#define REVERTS "hours of store \"a\": the week from \"2023-06-01\" "
#define REACH "store \"a\": its first or newest poll is not what its blocks hold\n"

#define OVERALL "the newest poll of all is not the newest of the stores'\n"

#define BAD_NAME(name)                                                                             \
  "attribute \"" name                                                                              \
  "\" of store \"c\": its name is not one of 1 to 64 bytes that a file's header could have\n"
#define BAD_VALUE                                                                                  \
  "attribute \"region\" of store \"c\": its value is empty, longer than 4096 bytes, or has a NUL " \
  "byte\n"
#define BAD_ID(id)                                                                                 \
  "store \"" id                                                                                    \
  "\": its id is not one of 1 to 255 bytes without a NUL and without blanks at its ends\n"

#define RULE "exclusion 1: it "

static const struct {
  const char *sql, *problems;
} damages[] = {
    {"SELECT 1", ""},
    {"UPDATE poll_block SET polls = x'' WHERE day = 1", BLOCK "is empty\n" REACH},
    {"UPDATE poll_block SET polls = CAST(polls || x'00' AS BLOB) WHERE day = 1",
     BLOCK "has a length that is not a multiple of 8\n"},
    {"UPDATE poll_block SET polls = CAST(substr(polls, 9) || substr(polls, 1, 8) AS BLOB) WHERE "
     "day = 1",
     BLOCK "is not sorted\n" REACH},
    /* One instant twice, with either status; then a poll of the day before. */
    {"UPDATE poll_block SET polls = x'01C0AE3B2800000000C0AE3B28000000' WHERE day = 1",
     BLOCK "is not sorted\n"},
    {"UPDATE poll_block SET polls = x'FFBFAE3B28000000' WHERE day = 1",
     BLOCK "has a poll of another day\n" REACH},
    {"UPDATE poll_block SET day = 2 WHERE day = 1",
     "polls of store number 1 on day 2: the block has a poll of another day\n"},
    {"UPDATE poll_block SET day = 9000000000000000 WHERE day = 4",
     "polls of store number 1 on day 9000000000000000: the block has an impossible day\n"},
    {"UPDATE poll_block SET day = -9223372036854775807 WHERE day = 1",
     "polls of store number 1 on day -9223372036854775807: the block has an impossible day\n"},
    {"UPDATE poll_block SET polls = x'FFFFFFFFFFFFFF7F' WHERE day = 1",
     BLOCK "has a poll of another day\n" REACH},
    {"UPDATE poll_block SET polls = x'0000000000000080' WHERE day = 1",
     BLOCK "has a poll of another day\n" REACH},
    {"UPDATE store SET first_poll = first_poll + 1 WHERE store_id = 'a'", REACH},
    {"UPDATE store SET newest_poll = newest_poll - 1 WHERE store_id = 'a'", REACH OVERALL},
    {"UPDATE store SET newest_poll = NULL WHERE store_id = 'a'", REACH OVERALL},
    {"UPDATE overall SET newest_poll = newest_poll + 1", OVERALL},
    {"UPDATE overall SET newest_poll = NULL", OVERALL},
    {"DELETE FROM overall", OVERALL},
    {"INSERT INTO overall SELECT * FROM overall", OVERALL},
    {"UPDATE overall SET revision = 9007199254740991", ""},
    {"UPDATE overall SET revision = 9007199254740992",
     "the revision 9007199254740992 is not one of 0 to 9007199254740991\n"},
    {"UPDATE overall SET revision = 9223372036854775807",
     "the revision 9223372036854775807 is not one of 0 to 9007199254740991\n"},
    {"UPDATE overall SET revision = -1", "the revision -1 is not one of 0 to 9007199254740991\n"},
    {"UPDATE store SET first_poll = 0 WHERE store_id = 'c'",
     "store \"c\": its first or newest poll is not what its blocks hold\n"},
    {"DELETE FROM poll_block WHERE store = 2",
     "store \"b\\x0a\": its first or newest poll is not what its blocks hold\n"},
    {"UPDATE store SET timezone = 'No/Where' WHERE store_id = 'a'",
     "timezone \"No/Where\"" GONE "\"a\" (1 in all)\n"},
    {"UPDATE store SET timezone_override = 'Mars' WHERE store_id = 'a'",
     "timezone \"Mars\"" GONE "\"a\" (1 in all)\n"},
    {"UPDATE store SET timezone_override = '' WHERE store_id = 'b\n'",
     "timezone \"\"" GONE "\"b\\x0a\" (1 in all)\n"},
    /* Each name is told once, however many stores have it. */
    {"UPDATE store SET timezone = 'Mars', timezone_override = 'Mars'",
     "timezone \"Mars\"" GONE "\"a\" (4 in all)\n"},
    {"UPDATE hours_week SET effective_from = 'May' WHERE reverts",
     "table hours_week: \"May\" is not a date\n"},
    {"UPDATE special_day SET date = 'May' WHERE origin = 'override'",
     "table special_day: \"May\" is not a date\n"},
    {"PRAGMA foreign_keys=OFF; UPDATE attribute SET store = 77; PRAGMA foreign_keys=ON",
     "table attribute: a row refers to a store that is not there\n"},
    {"PRAGMA ignore_check_constraints=ON; UPDATE special_day SET origin = 'me' WHERE store = 4;"
     "PRAGMA ignore_check_constraints=OFF",
     "SQLite: CHECK constraint failed in special_day\n"},
    {"PRAGMA ignore_check_constraints=ON; UPDATE hours_week SET reverts = 1 WHERE origin = 'file'"
     " AND store = 3; PRAGMA ignore_check_constraints=OFF",
     "SQLite: CHECK constraint failed in hours_week\n"},
    {"UPDATE hours_week SET effective_from = '2023-02-29' WHERE effective_from = '2023-01-01'",
     "table hours_week: \"2023-02-29\" is not a date\n"},
    {"UPDATE special_day SET date = 'Christmas' WHERE store IS NULL AND origin = 'file'",
     "table special_day: \"Christmas\" is not a date\n"},
    {"PRAGMA foreign_keys=OFF; UPDATE exclusion SET store = 77; PRAGMA foreign_keys=ON",
     "table exclusion: a row refers to a store that is not there\n"},
    {"PRAGMA foreign_keys=OFF; UPDATE hours_week SET store = 77 WHERE reverts; PRAGMA "
     "foreign_keys=ON",
     "table hours_week: a row refers to a store that is not there\n"},
    {"UPDATE exclusion SET zone = '' WHERE number = 1", RULE "has a zone that is none\n"},
    {"UPDATE exclusion SET zone = 'store', openings = x'' WHERE number = 1",
     RULE "has too few openings, or too many\n"},
    {"UPDATE exclusion SET zone = 'store', openings = x'1C00000001' WHERE number = 1",
     RULE "has a weekday that is none\n"},
    {"UPDATE exclusion SET zone = 'store', openings = x'0000000001', from_us = 1, to_us = "
     "86400000000"
     " WHERE number = 1",
     RULE "is weekly, and does not begin and end with a date\n"},
    {"UPDATE exclusion SET zone = 'store', openings = x'0000000001', from_us = 0, to_us = "
     "86400000000"
     " WHERE number = 1",
     ""},
    {"UPDATE exclusion SET zone = 'Mars' WHERE number = 1",
     "timezone \"Mars\" is not a zone of the tz database any more (Debian keeps old names in its "
     "package tzdata-legacy): exclusion 1 (1 in all)\n"},
    {"UPDATE hours_week SET openings = x'00' WHERE effective_from = '2023-01-01'",
     WEEK "has a length that is not a multiple of 5\n"},
    {"UPDATE hours_week SET openings = x'1C00000001' WHERE effective_from = '2023-01-01'",
     WEEK "has a weekday that is none\n"},
    {"UPDATE hours_week SET openings = x'0000015181' WHERE effective_from = '2023-01-01'",
     WEEK "has a time after 24:00:00\n"},
    {"UPDATE hours_week SET openings = x'00000000020000000001'"
     " WHERE effective_from = '2023-01-01'",
     WEEK "is not sorted\n"},
    {"UPDATE hours_week SET openings = x'00000000010000000001'"
     " WHERE effective_from = '2023-01-01'",
     WEEK "is not sorted\n"},
    {"UPDATE hours_week SET openings = x'0000000001' WHERE reverts",
     REVERTS "has openings, though those of the file are in force again\n"},
    {"UPDATE attribute SET name = ''", BAD_NAME("")},
    {"UPDATE attribute SET name = printf('%065d', 0)",
     BAD_NAME("00000000000000000000000000000000000000000000000000000000000000000")},
    {"UPDATE attribute SET name = 'a' || char(0)", BAD_NAME("a\\x00")},
    {"UPDATE attribute SET name = 'a' || char(27)", BAD_NAME("a\\x1b")},
    {"UPDATE attribute SET name = 'Store_ID'", BAD_NAME("Store_ID")},
    {"UPDATE attribute SET name = ' store_id'", BAD_NAME(" store_id")},
    {"UPDATE attribute SET name = ' '", ""},
    {"WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 255)"
     " INSERT INTO attribute SELECT 1, 'n' || i, 'x' FROM n",
     ""},
    {"WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 256)"
     " INSERT INTO attribute SELECT 1 + i % 2, 'n' || i, 'x' FROM n",
     "attributes: they have 256 names in all stores, more than the 255 that a file can have\n"},
    {"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8)"
     " INSERT INTO attribute SELECT 1, 'n' || i, printf('%04000d', 0) FROM n",
     ""},
    {"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) INSERT INTO attribute"
     " SELECT 1, 'n' || i, printf('%0*d', 4000 + (i = 8), 0) FROM n",
     "attributes of store \"a\": their values have 32001 bytes, more than the 32000 that a file "
     "can "
     "have\n"},
    {"UPDATE attribute SET value = ''", BAD_VALUE},
    {"UPDATE attribute SET value = printf('%04097d', 0)", BAD_VALUE},
    {"UPDATE attribute SET value = 'a' || char(0) || 'b'", BAD_VALUE},
    {"UPDATE attribute SET name = 'two' || char(10) || 'lines', value = ' ' || printf('%04095d', "
     "0)",
     ""},
    {"UPDATE special_day SET note = char(0) WHERE store = 4",
     "table special_day: a text is longer than 4096 bytes, or has a NUL byte\n"},
    {"UPDATE exclusion SET reason = printf('%04097d', 0)",
     "table exclusion: a text is longer than 4096 bytes, or has a NUL byte\n"},
    {"UPDATE special_day SET note = printf('%04096d', 0)", ""},
    {"UPDATE store SET store_id = 'c ' WHERE store_id = 'c'", BAD_ID("c ")},
    {"UPDATE store SET store_id = 'c' || char(0) WHERE store_id = 'c'", BAD_ID("c\\x00")},
    {"UPDATE store SET timezone = 'No/Where' WHERE store_id = 'a'; UPDATE special_day SET date = "
     "'';"
     "UPDATE store SET newest_poll = 5 WHERE store_id = 'c'",
     "store \"c\": its first or newest poll is not what its blocks hold\n"
     "timezone \"No/Where\"" GONE "\"a\" (1 in all)\n"
     "table special_day: \"\" is not a date\n"},
};

static void each_damage_is_reported(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_database *database = sound_database();
    execute(database, damages[i].sql);
    assert_problems(database, damages[i].problems);
    assert_problems(database, damages[i].problems); /* and is still there */
    loom_database_close(database);
  }
}

/* An endless list of problems helps nobody. */
static void a_hundred_are_enough(void **state) {
  (void)state;
  loom_error error;
  struct buffer found = {0};
  size_t lines = 0;
  loom_database *database = memory_database();
  execute(database,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
          " INSERT INTO store(store_id, first_poll) SELECT 's' || i, i FROM n");
  assert_status(loom_check_run(database, collect, &found, &error), LOOM_OK, &error);
  for (size_t i = 0; i < found.length; i++)
    lines += found.bytes[i] == '\n';
  assert_int_equal(lines, 100);
  buffer_free(&found);
  loom_database_close(database);
}

/* Pages that SQLite itself cannot make sense of. */
static void broken_pages(void **state) {
  (void)state;
  struct scratch scratch;
  struct buffer bytes = {0}, found = {0};
  loom_error error;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Tokyo\nc,UTC\n");
  int64_t page = number(database, "SELECT rootpage FROM sqlite_schema WHERE name = 'special_day'");
  int64_t size = number(database, "PRAGMA page_size");
  loom_database_close(database);
  read_file(path, &bytes);
  bytes.bytes[(page - 1) * size] = 77; /* no kind of page */
  write_file(path, bytes.bytes, bytes.length);
  database = open_database(path);
  loom_status status = loom_check_run(database, collect, &found, &error);
  assert_true(status == LOOM_OK || status == LOOM_ECORRUPT);
  assert_non_null(strstr(found.bytes, "SQLite: "));
  loom_database_close(database);
  buffer_free(&bytes);
  buffer_free(&found);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_damage_is_reported),
      cmocka_unit_test(a_hundred_are_enough),
      cmocka_unit_test(broken_pages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
