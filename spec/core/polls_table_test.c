/*
** Tests of the polls table: every query gives what it gives over a plain table of the same rows,
** reads no more than it has to, and meets damage with an error.
*/
#include "storage.h"

#include "sqlite/polls_table.h"
#include "support.h"

#include <sqlite3.h>

/* A query that fails at once or on the way, with SQLite's code and Loom's words for it. */
static void assert_error(loom_database *database, const char *sql, int code, const char *message) {
  loom_error error;
  sqlite3_stmt *rows = NULL;
  int result = sqlite3_prepare_v2(database->sqlite, sql, -1, &rows, NULL);
  if (result == SQLITE_OK)
    while ((result = sqlite3_step(rows)) == SQLITE_ROW)
      continue;
  loom_database_failure(database, &error);
  assert_string_equal(error.message, message);
  assert_int_equal(result, code);
  sqlite3_finalize(rows);
}

static loom_database *small_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\nb,active,2023-01-24 10:14:00\nb,inactive,2023-01-26 "
       "00:00:00\n"
       "a,active,2023-01-25 23:59:59.999999\nb,inactive,2023-01-24 09:00:00\n"
       "\"\xc3\xa9\n\xff\",active,0001-01-01 00:00:00\nb,active,9999-12-31 23:59:59.999999\n");
  return database;
}

static void what_it_shows(void **state) {
  (void)state;
  loom_database *database = small_database();
  assert_rows(database, "SELECT *, unix FROM polls ORDER BY timestamp_utc",
              "4:\xc3\xa9\n\xff 30:0001-01-01 00:00:00.000000 UTC 1:1 12:-62135596800 \n"
              "1:b 30:2023-01-24 09:00:00.000000 UTC 1:0 10:1674550800 \n"
              "1:b 30:2023-01-24 10:14:00.000000 UTC 1:1 10:1674555240 \n"
              "1:a 30:2023-01-25 23:59:59.999999 UTC 1:1 10:1674691199 \n"
              "1:b 30:2023-01-26 00:00:00.000000 UTC 1:0 10:1674691200 \n"
              "1:b 30:9999-12-31 23:59:59.999999 UTC 1:1 12:253402300799 \n");
  assert_rows(database, "SELECT count(*), sum(active) FROM polls", "1:6 1:4 \n");
  assert_rows(database,
              "SELECT DISTINCT typeof(store_id), typeof(timestamp_utc), typeof(active), "
              "typeof(unix) FROM polls",
              "4:text 4:text 7:integer 7:integer \n");
  assert_rows(database, "SELECT name, type, pk FROM pragma_table_info('polls')",
              "8:store_id 4:TEXT 1:1 \n13:timestamp_utc 4:TEXT 1:2 \n6:active 7:INTEGER 1:0 \n");
  assert_rows(
      database,
      "SELECT s.store_id, count(active), min(timestamp_utc) FROM store s LEFT JOIN polls "
      "USING(store_id)"
      " GROUP BY 1 ORDER BY 1 LIMIT 2",
      "1:a 1:1 30:2023-01-25 23:59:59.999999 UTC \n1:b 1:4 30:2023-01-24 09:00:00.000000 UTC \n");
  loom_database_close(database);
}

static void nothing_to_show(void **state) {
  (void)state;
  loom_database *database = memory_database();
  assert_rows(database, "SELECT * FROM polls", "");
  assert_rows(database, "SELECT count(*) FROM polls WHERE store_id = 'a'", "1:0 \n");
  assert_rows(database, "SELECT * FROM polls WHERE store_id = 'a' AND timestamp_utc > '2023-01-01'",
              "");
  loom_database_close(database);
}

static void nothing_can_be_written(void **state) {
  (void)state;
  static const char refused[] = ":memory:: table polls may not be modified";
  loom_database *database = small_database();
  assert_error(database, "INSERT INTO polls VALUES('a', '2023-01-24 10:14:00.000000 UTC', 1, 1)",
               SQLITE_ERROR, refused);
  assert_error(database, "UPDATE polls SET active = 0", SQLITE_ERROR, refused);
  assert_error(database, "DELETE FROM polls WHERE store_id = 'a'", SQLITE_ERROR, refused);
  assert_error(database, "CREATE VIRTUAL TABLE more USING loom_polls(x)", SQLITE_ERROR,
               ":memory:: loom_polls takes no arguments");
  assert_rows(database, "SELECT count(*) FROM polls", "1:6 \n");
  loom_database_close(database);
}

/* Each file shows its own, also where it is attached, whatever it is called there. */
static void attached_databases(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *other = open_database(scratch_path(&scratch, "x.db"));
  load(other, LOOM_POLLS, "store_id,status,timestamp_utc\nc,active,1969-12-31 23:59:59.5\n");
  loom_database *database = small_database();
  struct buffer sql = {0};
  buffer_printf(&sql, "ATTACH '%s' AS \"main.\"", scratch_path(&scratch, "x.db"));
  execute(database, sql.bytes);
  assert_rows(database, "SELECT *, unix FROM \"main.\".polls",
              "1:c 30:1969-12-31 23:59:59.500000 UTC 1:1 2:-1 \n");
  assert_rows(database, "SELECT * FROM \"main.\".store_now",
              "1:c 30:1969-12-31 23:59:59.500000 UTC 1:1 2:-1 \n");
  assert_rows(database, "SELECT count(*) FROM \"main.\".polls WHERE store_id = 'a'", "1:0 \n");
  assert_rows(database, "SELECT count(*) FROM polls WHERE store_id = 'a'", "1:1 \n");
  assert_rows(database, "SELECT count(*) FROM main.polls a JOIN \"main.\".polls b", "1:6 \n");
  buffer_free(&sql);
  loom_database_close(database);
  loom_database_close(other);
  scratch_end(&scratch);
}

/* The view of the newest polls is what the table has of them, and reads no block. */
static void newest_polls(void **state) {
  (void)state;
  loom_database *database = small_database();
  static const char newest[] =
      "SELECT store_id, max(timestamp_utc), active, unix FROM polls GROUP BY 1 ORDER BY 1";
  struct buffer expected = {0};
  dump_query(database, newest, &expected);
  assert_rows(database, "SELECT * FROM store_now ORDER BY 1", expected.bytes);
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\nb,inactive,9999-12-31 23:59:59.999999\nz,active,1900-02-28 "
       "23:00:00.000001\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nnever polled,UTC\n");
  expected.length = 0;
  dump_query(database, newest, &expected);
  assert_rows(database, "SELECT * FROM store_now ORDER BY 1", expected.bytes);
  execute(database, "UPDATE poll_block SET polls = x''");
  assert_rows(database, "SELECT * FROM store_now ORDER BY 1", expected.bytes);
  buffer_free(&expected);
  loom_database_close(database);
}

/* Views may use the table even where the schema is not trusted. */
static void views(void **state) {
  (void)state;
  loom_database *database = small_database();
  execute(database,
          "PRAGMA trusted_schema=OFF;"
          "CREATE VIEW down AS SELECT store_id, timestamp_utc FROM polls WHERE NOT active");
  assert_rows(database, "SELECT timestamp_utc FROM down WHERE store_id = 'b' ORDER BY 1 DESC",
              "30:2023-01-26 00:00:00.000000 UTC \n30:2023-01-24 09:00:00.000000 UTC \n");
  loom_database_close(database);
}

/* ---- damage ---- */

#define CORRUPT(problem) ":memory:: is corrupt: a block of polls " problem " (see loom check)"

static const struct {
  const char *sql, *message;
} damages[] = {
    {"UPDATE poll_block SET polls = x'' WHERE day = 19381", CORRUPT("is empty")},
    {"UPDATE poll_block SET polls = CAST(polls || x'00' AS BLOB) WHERE day = 19381",
     CORRUPT("has a length that is not a multiple of 8")},
    {"UPDATE poll_block SET polls = CAST(polls || polls AS BLOB) WHERE day = 19381",
     CORRUPT("is not sorted")},
    {"UPDATE poll_block SET day = 19380 WHERE day = 19381", CORRUPT("has a poll of another day")},
    {"UPDATE poll_block SET day = 9000000000000000 WHERE day = 19381",
     CORRUPT("has an impossible day")},
    {"UPDATE poll_block SET day = -9223372036854775807 - 1 WHERE day = 19381",
     CORRUPT("has an impossible day")},
    {"PRAGMA foreign_keys=OFF; UPDATE poll_block SET store = 99 WHERE day = 19381",
     CORRUPT("belongs to no store")},
};

static void damage_is_an_error(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_database *database = small_database();
    execute(database, damages[i].sql);
    assert_error(database, "SELECT count(*) FROM polls", SQLITE_CORRUPT_VTAB, damages[i].message);
    if (!strstr(damages[i].message, "no store"))
      assert_error(database, "SELECT * FROM polls WHERE store_id = 'b'", SQLITE_CORRUPT_VTAB,
                   damages[i].message);
    /* What needs nothing of the damaged block is answered: it is not read. */
    assert_rows(database, "SELECT active FROM polls WHERE store_id = 'a'", "1:1 \n");
    loom_database_close(database);
  }
}

static void another_schema_is_an_error(void **state) {
  (void)state;
  static const struct {
    const char *sql, *scan, *store; /* what is wrong with a query of all stores, and of one */
  } cases[] = {
      {"SELECT 1", "no such table: main.poll_block", "no such table: main.store"},
      {"CREATE TABLE poll_block(day, store, polls)", "no such table: main.store",
       "no such table: main.store"},
      {"CREATE TABLE poll_block(day, store); CREATE TABLE store(number, store_id)",
       "no such column: b.polls", "no such column: b.polls"},
      /* A table that is defined by itself. */
      {"CREATE TABLE store(number, store_id);"
       "CREATE VIEW poll_block AS SELECT 1 AS day, 1 AS store, store_id AS polls FROM polls",
       "no such table: main.polls", "no such table: main.polls"},
      {"CREATE TABLE store(number, store_id); CREATE VIRTUAL TABLE poll_block USING loom_polls",
       "no such table: main.poll_block", "no such table: main.poll_block"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct buffer scan = {0}, store = {0};
    loom_database database = {.path = (char *)":memory:"};
    assert_int_equal(sqlite3_open(":memory:", &database.sqlite), SQLITE_OK);
    assert_int_equal(loom_polls_table_register(database.sqlite), SQLITE_OK);
    execute(&database, "CREATE VIRTUAL TABLE polls USING loom_polls");
    execute(&database, cases[i].sql);
    buffer_printf(&scan, ":memory:: this is not one of Loom's databases: %s", cases[i].scan);
    buffer_printf(&store, ":memory:: this is not one of Loom's databases: %s", cases[i].store);
    assert_error(&database, "SELECT * FROM polls", SQLITE_ERROR, scan.bytes);
    assert_error(&database, "SELECT * FROM polls WHERE store_id = 'a'", SQLITE_ERROR, store.bytes);
    buffer_free(&scan);
    buffer_free(&store);
    assert_int_equal(sqlite3_close(database.sqlite), SQLITE_OK);
  }
}

/* ---- what is read ---- */

/*
** Queries that need only the store b and only the day 2023-01-24, with how many polls they find
** there.
*/
static const struct {
  const char *where;
  int count;
} one_block[] = {
    {"timestamp_utc >= '2023-01-24' AND timestamp_utc < '2023-01-25'", 2},
    {"timestamp_utc >= '2023-01-24 09:30:00' AND timestamp_utc <= '2023-01-24 23:59:59'", 1},
    {"timestamp_utc > '2023-01-24 0 and then' AND timestamp_utc <= '2023-01-24z'", 2},
    {"timestamp_utc BETWEEN '2023-01-24' AND '2023-01-25'", 2},
    {"timestamp_utc = '2023-01-24 10:14:00.000000 UTC'", 1},
    {"timestamp_utc IN ('2023-01-24 10:14:00.000000 UTC', '2023-01-24 09:00:00.000000 UTC')", 2},
    {"timestamp_utc LIKE '2023-01-24%'", 2},
    {"timestamp_utc LIKE '2023-01-24 10:%'", 1},
    {"timestamp_utc GLOB '2023-01-24*'", 2},
    {"timestamp_utc >= date('2023-01-25', '-1 day') AND timestamp_utc < date('2023-01-25')", 2},
    {"timestamp_utc > '2023-01-24' AND timestamp_utc < '9999-01-01' AND timestamp_utc < "
     "'2023-01-25'",
     2},
    {"unix >= 1674518400 AND unix < 1674604799", 2},
    {"unix BETWEEN 1674518400.5 AND 1674604799.5", 2},
    {"unix = 1674555240", 1},
    {"unix IN (1674555240, 1674550800)", 2},
    {"1674550800 < unix AND unixepoch('2023-01-24 12:00') >= unix", 1},
    {"unix > 1674518400 AND timestamp_utc < '2023-01-25'", 2},
    {"unix > 1674518400 AND unix < 1674604799 AND unix < 1e300 AND unix > -1e300", 2},
    {"unix = 1674550800.5", 0},
    {"unix = NULL", 0},
    {"timestamp_utc LIKE NULL", 0},
    {"timestamp_utc = '2023-01-24'", 0},
    {"timestamp_utc > '2023-01-24' AND timestamp_utc < '2023-01-24'", 0},
    {"timestamp_utc > NULL", 0},
};

/* Damage elsewhere is not noticed. */
static void other_days_and_stores_are_not_read(void **state) {
  (void)state;
  loom_database *database = small_database();
  execute(database, "UPDATE poll_block SET polls = x'' WHERE day <> 19381");
  for (size_t i = 0; i < COUNT_OF(one_block); i++) {
    struct buffer sql = {0}, expected = {0};
    buffer_printf(&expected, "1:%d \n", one_block[i].count);
    buffer_printf(&sql, "SELECT count(*) FROM polls WHERE %s", one_block[i].where);
    assert_rows(database, sql.bytes, expected.bytes);
    buffer_printf(&sql, " AND store_id = 'b'");
    assert_rows(database, sql.bytes, expected.bytes);
    buffer_free(&sql);
    buffer_free(&expected);
  }
  execute(database,
          "INSERT INTO poll_block SELECT 19381, number, x'' FROM store WHERE store_id = 'a'");
  assert_rows(
      database,
      "SELECT count(*) FROM polls WHERE store_id = 'b' AND timestamp_utc LIKE '2023-01-24%'",
      "1:2 \n");
  assert_rows(database, "SELECT * FROM polls WHERE store_id = NULL", "");
  assert_rows(database, "SELECT * FROM polls WHERE store_id = 'nobody'", "");
  loom_database_close(database);
}

/* Two INs of a column start a cursor for the values of one of them, not for each pair. */
static void further_ins_cost_no_more(void **state) {
  (void)state;
  struct buffer polls = {0};
  loom_database *database = memory_database();
  buffer_printf(&polls, "store_id,status,timestamp_utc\n");
  for (int i = 0; i < 300; i++)
    buffer_printf(&polls, "s%d,active,2023-01-24 10:00:00\n", i);
  load(database, LOOM_POLLS, polls.bytes);
  buffer_free(&polls);
  static const char *const queries[] = {
      "SELECT count(*) FROM polls WHERE store_id IN (SELECT store_id FROM store)"
      " AND store_id IN (SELECT store_id FROM store WHERE number > 0)",
      "SELECT count(*) FROM polls WHERE timestamp_utc IN (SELECT '2023-01-24 10:00:00.000000 UTC' "
      "UNION SELECT store_id FROM store)"
      " AND timestamp_utc IN (SELECT '2023-01-24 10:00:00.000000 UTC' UNION SELECT store_id FROM "
      "store WHERE number > 0)"};
  for (size_t i = 0; i < COUNT_OF(queries); i++) {
    sqlite3_stmt *rows;
    assert_int_equal(sqlite3_prepare_v2(database->sqlite, queries[i], -1, &rows, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(rows, 0), 300);
    /* What the virtual machine does for a pair of values is more than one instruction: 90,000 pairs are far beyond this. */
    assert_in_range(sqlite3_stmt_status(rows, SQLITE_STMTSTATUS_VM_STEP, 0), 1,
                    i ? 2000000 : 50000);
    sqlite3_finalize(rows);
  }
  loom_database_close(database);
}

/* A query sees one snapshot, also where it starts on the table anew for each row of another. */
static void one_snapshot(void **state) {
  (void)state;
  struct scratch scratch;
  sqlite3_stmt *rows = NULL;
  int count = 0;
  scratch_begin(&scratch);
  loom_database *reader = open_database(scratch_path(&scratch, "x.db"));
  load(reader, LOOM_POLLS,
       "store_id,status,timestamp_utc\na,active,2023-01-24 10:00:00\n"
       "b,active,2023-01-24 10:00:00\nc,active,2023-01-24 10:00:00\n");
  loom_database *writer = open_database(scratch_path(&scratch, "x.db"));
  const char *sql =
      "SELECT store_id FROM (VALUES('a'), ('b'), ('c')) ids"
      " CROSS JOIN polls ON store_id = column1";
  assert_int_equal(sqlite3_prepare_v2(reader->sqlite, sql, -1, &rows, NULL), SQLITE_OK);
  for (; sqlite3_step(rows) == SQLITE_ROW; count++)
    load(writer, LOOM_POLLS, "store_id,status,timestamp_utc\nc,active,2023-01-24 11:00:00\n");
  assert_int_equal(count, 3);
  sqlite3_finalize(rows);
  assert_rows(reader, "SELECT count(*) FROM polls", "1:4 \n");
  loom_database_close(reader);
  loom_database_close(writer);
  scratch_end(&scratch);
}

/* A cursor holds what it stands on, whatever happens to the table below it. */
static void changed_while_it_is_read(void **state) {
  (void)state;
  sqlite3_stmt *rows = NULL;
  loom_database *database = small_database();
  const char *const queries[] = {"SELECT * FROM polls",
                                 "SELECT * FROM polls WHERE store_id IN ('a', 'b')"};
  for (size_t i = 0; i < COUNT_OF(queries); i++) {
    int count = 0;
    execute(database, "BEGIN");
    assert_int_equal(sqlite3_prepare_v2(database->sqlite, queries[i], -1, &rows, NULL), SQLITE_OK);
    for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
      assert_int_equal(sqlite3_column_bytes(rows, 1), 30);
      execute(database, "DELETE FROM poll_block; PRAGMA shrink_memory");
    }
    assert_in_range(count, 1, 2);
    sqlite3_finalize(rows);
    execute(database, "ROLLBACK");
  }
  assert_rows(database, "SELECT count(*) FROM polls", "1:6 \n");
  loom_database_close(database);
}

/* ---- against a plain table ---- */

/* Some are numbers, or nearly: affinity turns them into one another. */
static const char *const ids[] = {"a",          "A", "b", "5", "05", "5.0", "1481966498820158979",
                                  "2023-01-24", " 5"};

static const char *any_id(uint64_t *state) {
  return ids[random_below(state, COUNT_OF(ids))];
}

/* An instant of a few days around two ends of months; some of them whole days. */
static void put_instant(struct buffer *out, uint64_t *state) {
  static const char *const days[] = {"2023-01-30", "2023-01-31", "2023-02-01", "2023-02-28",
                                     "2023-03-01", "2024-02-29", "1969-12-31", "1970-01-01"};
  const char *day = days[random_below(state, COUNT_OF(days))];
  bool midnight = random_below(state, 5) == 0;
  buffer_printf(out, "%s %02u:%02u:00.%06u UTC", day,
                midnight ? 0 : (unsigned)random_below(state, 24),
                midnight ? 0 : (unsigned)random_below(state, 60),
                midnight ? 0 : (unsigned)random_below(state, 2) * 999999);
}

/*
** The same polls in Loom's blocks and in the table `plain`; of two of one instant the later one
** holds.
*/
static void fill(loom_database *database, uint64_t *state, int count) {
  struct buffer csv = {0}, sql = {0};
  execute(database,
          "CREATE TABLE plain(store_id TEXT, timestamp_utc TEXT, active INTEGER, unix INTEGER,"
          " PRIMARY KEY(store_id, timestamp_utc)) WITHOUT ROWID;"
          "CREATE TABLE number(i INTEGER, t TEXT, n);"
          "INSERT INTO number VALUES(5, '5', 5), (5, 'a', '05'), (2023, '5.0', NULL),"
          " (1481966498820158979, 'A', 'b'), (NULL, NULL, x'61')");
  buffer_printf(&csv, "store_id,status,timestamp_utc\n");
  for (int i = 0; i < count; i++) {
    struct buffer instant = {0};
    const char *id = any_id(state);
    bool active = random_below(state, 2);
    id += *id == ' '; /* ids are trimmed: no store is called " 5" */
    put_instant(&instant, state);
    buffer_printf(&csv, "%s,%s,%s\n", id, active ? "active" : "inactive", instant.bytes);
    buffer_printf(&sql, "INSERT OR REPLACE INTO plain VALUES('%s', '%s', %d, unixepoch('%.16s'));",
                  id, instant.bytes, active, instant.bytes);
    buffer_free(&instant);
  }
  load(database, LOOM_POLLS, csv.bytes);
  execute(database, sql.bytes);
  buffer_free(&csv);
  buffer_free(&sql);
}

static void put_bound(struct buffer *out, uint64_t *state) {
  static const char *const odd[] = {"NULL",
                                    "2023",
                                    "2023.5",
                                    "-1",
                                    "''",
                                    "'2'",
                                    "'2023-02'",
                                    "'2023-02-30'",
                                    "'2023-02-30 10:00'",
                                    "'2023-13-01'",
                                    "'zzzzzzzzzzz'",
                                    "'2023-01-31T10'",
                                    "'2023/01/31 10:00'",
                                    "x'323032332d30312d33312031'",
                                    "'2023-01-3\xc3\xa9'",
                                    "'0001-01-01'",
                                    "'9999-12-31'",
                                    "'0000-00-00'",
                                    "'2023-01-31zz'",
                                    "'2023-01-31' || char(0)",
                                    "date('2023-02-01')",
                                    "datetime('2023-02-01')",
                                    "' 2023-01-31'",
                                    "CAST('2023-01-31' AS INTEGER)",
                                    "CAST('2023-01-31' AS BLOB)",
                                    "'2023-01-31' COLLATE NOCASE",
                                    "'2023-02-01         ' COLLATE RTRIM",
                                    "(SELECT max(timestamp_utc) FROM plain WHERE store_id = 'a')"};
  struct buffer instant = {0};
  put_instant(&instant, state);
  switch (random_below(state, 4)) {
  case 0:
    buffer_printf(out, "%s", odd[random_below(state, COUNT_OF(odd))]);
    break;
  case 1:
    buffer_printf(out, "'%.10s'", instant.bytes);
    break;
  case 2: /* cut anywhere */
    buffer_printf(out, "'%.*s'", (int)random_below(state, 31), instant.bytes);
    break;
  default:
    buffer_printf(out, "'%s'", instant.bytes);
  }
  buffer_free(&instant);
}

static void put_time_term(struct buffer *out, uint64_t *state) {
  static const char *const operators[] = {"<",  "<=", ">",      ">=", "=",
                                          "<>", "IS", "IS NOT", "==", "!="};
  static const char *const patterns[] = {"LIKE '2023-01-31%'",
                                         "LIKE '2023-02%'",
                                         "GLOB '2023-01-3*'",
                                         "LIKE '2023-0_-01%'",
                                         "GLOB '2023-01-31*'",
                                         "LIKE '%UTC'",
                                         "NOT LIKE '2023-01-31%'",
                                         "LIKE '2023-01-31%' ESCAPE '3'",
                                         "LIKE 2023",
                                         "LIKE NULL",
                                         "LIKE '2023-01-31 00:00:00.000000 utc'"};
  uint64_t kind = random_below(state, 8);
  if (kind == 0) {
    buffer_printf(out, "timestamp_utc %s", patterns[random_below(state, COUNT_OF(patterns))]);
    return;
  }
  if (kind == 1) { /* the column on the right */
    put_bound(out, state);
    buffer_printf(out, " %s timestamp_utc", operators[random_below(state, 5)]);
    return;
  }
  buffer_printf(out, "timestamp_utc ");
  if (kind < 6) {
    buffer_printf(out, "%s ", operators[random_below(state, COUNT_OF(operators))]);
    put_bound(out, state);
    return;
  }
  buffer_printf(out, kind == 6 ? "BETWEEN " : "IN (");
  put_bound(out, state);
  buffer_printf(out, kind == 6 ? " AND " : ", ");
  put_bound(out, state);
  buffer_printf(out, kind == 6 ? "" : ")");
}

/* Numbers near midnights, and what is none. */
static void put_seconds(struct buffer *out, uint64_t *state) {
  static const char *const odd[] = {"NULL",
                                    "'1675123200'",
                                    "'a'",
                                    "1675123200.5",
                                    "-1",
                                    "-0.5",
                                    "1e300",
                                    "-1e300",
                                    "x'31'",
                                    "'1675123200.5'",
                                    "-86400",
                                    "9223372036854775807",
                                    "unixepoch('2023-01-31')"};
  struct buffer instant = {0};
  put_instant(&instant, state);
  if (random_below(state, 3) == 0)
    buffer_printf(out, "%s", odd[random_below(state, COUNT_OF(odd))]);
  else
    buffer_printf(out, "unixepoch('%.16s')", instant.bytes);
  buffer_free(&instant);
}

static void put_unix_term(struct buffer *out, uint64_t *state) {
  static const char *const operators[] = {"<", "<=", ">", ">=", "=", "<>", "IS", "LIKE"};
  uint64_t kind = random_below(state, 4);
  buffer_printf(out, "unix ");
  if (kind < 2)
    buffer_printf(out, "%s ", operators[random_below(state, COUNT_OF(operators))]);
  else
    buffer_printf(out, kind == 2 ? "BETWEEN " : "IN (");
  put_seconds(out, state);
  if (kind < 2)
    return;
  buffer_printf(out, kind == 2 ? " AND " : ", ");
  put_seconds(out, state);
  buffer_printf(out, kind == 2 ? "" : ")");
}

static void put_store_term(struct buffer *out, uint64_t *state) {
  static const char *const odd[] = {"= 5",
                                    "= 5.0",
                                    "= NULL",
                                    "IS NULL",
                                    "IS NOT NULL",
                                    "= CAST('5' AS INTEGER)",
                                    "= '5' COLLATE NOCASE",
                                    "= 'A' COLLATE NOCASE",
                                    "LIKE 'a'",
                                    "> 'A'",
                                    "<= 'a'",
                                    "= x'61'",
                                    "= 1481966498820158979",
                                    "= '2023-01-24'",
                                    "= (SELECT 'b')",
                                    "= (SELECT i FROM number LIMIT 1)",
                                    "IN (SELECT t FROM number)",
                                    "IN (5, '5.0', NULL)",
                                    "NOT IN ('a', 'b')",
                                    "= '5' || ''",
                                    "BETWEEN '05' AND '5'",
                                    "= +'b'"};
  switch (random_below(state, 3)) {
  case 0:
    buffer_printf(out, "store_id %s", odd[random_below(state, COUNT_OF(odd))]);
    break;
  case 1:
    buffer_printf(out, "store_id IN ('%s', '%s', '%s')", any_id(state), any_id(state),
                  any_id(state));
    break;
  default:
    buffer_printf(out, "store_id = '%s'", any_id(state));
  }
}

static void put_condition(struct buffer *out, uint64_t *state, int depth) {
  uint64_t kind = random_below(state, depth > 0 ? 10 : 7);
  if (kind < 3) {
    put_time_term(out, state);
  } else if (kind < 4) {
    put_unix_term(out, state);
  } else if (kind < 6) {
    put_store_term(out, state);
  } else if (kind < 7) {
    buffer_printf(out, random_below(state, 2) ? "active" : "active = 0");
  } else {
    buffer_printf(out, kind == 9 ? "NOT (" : "(");
    put_condition(out, state, depth - 1);
    buffer_printf(out, kind == 8 ? " OR " : " AND ");
    put_condition(out, state, depth - 1);
    buffer_printf(out, ")");
  }
}

/*
** Queries with one %s for the table and, but for the last ones, one for the condition; all in a
** certain order.
*/
static const char *const shapes[] = {
    "SELECT store_id, timestamp_utc, active, unix FROM %s WHERE %s ORDER BY 1, 2",
    "SELECT timestamp_utc, active, store_id FROM %s WHERE %s ORDER BY timestamp_utc DESC, store_id "
    "LIMIT 7",
    "SELECT count(*), sum(active), max(timestamp_utc), min(store_id) FROM %s WHERE %s",
    "SELECT store_id, count(*), min(timestamp_utc) FROM %s WHERE %s GROUP BY 1 HAVING count(*) > 1 "
    "ORDER BY 1",
    "SELECT DISTINCT substr(timestamp_utc, 1, 10) FROM %s WHERE %s ORDER BY 1",
    "SELECT s.store_id, p.timestamp_utc FROM store s LEFT JOIN %s p ON s.store_id = p.store_id"
    " AND p.timestamp_utc > '2023-02-01' WHERE s.store_id IN (SELECT store_id FROM plain WHERE %s) "
    "ORDER BY 1, 2",
    "SELECT i, t, n, p.store_id, p.timestamp_utc, p.active, p.unix FROM number JOIN %s p ON "
    "store_id = i WHERE %s ORDER BY 1, 2, 3, 4, 5",
    "SELECT i, t, n, p.store_id, p.timestamp_utc, p.active, p.unix FROM number JOIN %s p ON "
    "store_id = t WHERE %s ORDER BY 1, 2, 3, 4, 5",
    "SELECT i, t, n, p.store_id, p.timestamp_utc, p.active, p.unix FROM number JOIN %s p ON "
    "store_id = n WHERE %s ORDER BY 1, 2, 3, 4, 5",
    "SELECT p.*, (SELECT max(q.timestamp_utc) FROM %s q WHERE q.store_id = p.store_id"
    " AND q.timestamp_utc < p.timestamp_utc) FROM plain p WHERE %s ORDER BY 1, 2",
    "SELECT store_id, timestamp_utc, active, unix FROM %s WHERE (timestamp_utc, store_id) > "
    "('2023-01-31', 'a') AND %s ORDER BY 1, 2",
    "SELECT * FROM plain WHERE EXISTS (SELECT 1 FROM %s p WHERE p.timestamp_utc = "
    "plain.timestamp_utc"
    " AND p.store_id <> plain.store_id) AND %s ORDER BY 1, 2",
};

/* Shapes and conditions are made here: the format is one of the above. */
static struct buffer query(const char *shape, const char *table, const char *condition) {
  struct buffer out = {0};
  const char *first = strstr(shape, "%s"), *second = strstr(first + 2, "%s");
  buffer_put(&out, shape, (size_t)(first - shape));
  buffer_put(&out, table, strlen(table));
  buffer_put(&out, first + 2, (size_t)(second - first - 2));
  buffer_put(&out, condition, strlen(condition));
  buffer_put(&out, second + 2, strlen(second + 2));
  return out;
}

static void any_query_gives_what_a_plain_table_gives(void **test) {
  (void)test;
  uint64_t state = 23;
  static const int sizes[] = {10, 50, 120};
  for (size_t round = 0; round < COUNT_OF(sizes); round++) {
    loom_database *database = memory_database();
    fill(database, &state, sizes[round]);
    for (int i = 0; i < 500; i++) {
      const char *shape = shapes[random_below(&state, COUNT_OF(shapes))];
      struct buffer condition = {0}, found = {0}, expected = {0};
      put_condition(&condition, &state, 2);
      struct buffer over_polls = query(shape, "polls", condition.bytes);
      struct buffer over_plain = query(shape, "plain", condition.bytes);
      dump_query(database, over_polls.bytes, &found);
      dump_query(database, over_plain.bytes, &expected);
      if (found.length != expected.length ||
          (found.length && memcmp(found.bytes, expected.bytes, found.length)))
        print_error("%s\n", over_polls.bytes);
      assert_buffer_equal(&found, &expected);
      struct buffer *const all[] = {&condition, &found, &expected, &over_polls, &over_plain};
      for (size_t j = 0; j < COUNT_OF(all); j++)
        buffer_free(all[j]);
    }
    loom_database_close(database);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_shows),
      cmocka_unit_test(nothing_to_show),
      cmocka_unit_test(nothing_can_be_written),
      cmocka_unit_test(attached_databases),
      cmocka_unit_test(newest_polls),
      cmocka_unit_test(views),
      cmocka_unit_test(damage_is_an_error),
      cmocka_unit_test(another_schema_is_an_error),
      cmocka_unit_test(other_days_and_stores_are_not_read),
      cmocka_unit_test(further_ins_cost_no_more),
      cmocka_unit_test(one_snapshot),
      cmocka_unit_test(changed_while_it_is_read),
      cmocka_unit_test(any_query_gives_what_a_plain_table_gives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
