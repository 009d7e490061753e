/*
** Tests of queries: what reads is run, on connections that have never been used before, too; what does anything else is
** refused, and leaves the database and its connection as they were.
*/
#include "storage.h"

#include "sqlite/export.h"
#include "sqlite/info.h"
#include "sqlite/query.h"

#define POLLS                                                                                      \
  "store_id,status,timestamp_utc\na,active,2023-01-24 10:00:00\nb,inactive,2023-01-24 11:00:00\n"

static loom_database *small_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_POLLS, POLLS);
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\na,1,09:00,17:00\n");
  return database;
}

static loom_query *open_query(loom_database *database, const char *sql) {
  loom_error error;
  loom_query *query;
  assert_status(loom_query_new(database, sql, strlen(sql), &query, &error), LOOM_OK, &error);
  return query;
}

/* How many rows a query has. */
static int count_rows(loom_database *database, const char *sql) {
  loom_error error;
  loom_status status;
  int count = 0;
  loom_query *query = open_query(database, sql);
  while ((status = loom_query_next(query, &error)) == LOOM_OK)
    count++;
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(loom_query_next(query, &error), LOOM_DONE); /* and stays there */
  loom_query_free(query);
  return count;
}

static void assert_refused(loom_database *database, const char *sql, size_t length,
                           const char *message) {
  loom_error error = {0};
  loom_query *query;
  loom_status status = loom_query_new(database, sql, length, &query, &error);
  if (status != LOOM_EINVAL || !strstr(error.message, message))
    fail_msg("%s: %s: %s", sql, loom_status_name(status), error.message);
  assert_null(query);
  /* No transaction, and no limits, are left behind. */
  assert_int_equal(atomic_load(&database->transaction), LOOM_NO_TRANSACTION);
  assert_true(sqlite3_get_autocommit(database->sqlite));
}

/* ---- reading ---- */

static void what_reads_is_run(void **state) {
  (void)state;
  static const struct {
    const char *sql;
    int rows;
  } cases[] = {
      {"SELECT * FROM store", 2},
      {"SELECT store_id FROM store WHERE 0", 0},
      {"VALUES(1), (2), (3)", 3},
      {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5) SELECT i FROM n",
       5},
      {"EXPLAIN QUERY PLAN SELECT * FROM store", 1},
      {"SELECT name FROM sqlite_schema WHERE name = 'store'", 1},
      {"SELECT upper(store_id) FROM store ORDER BY 1 LIMIT 1", 1},
      {"SELECT value FROM json_each('[1, 2]')", 2},
      {"SELECT name FROM pragma_table_info('poll_block')", 3},
      {"PRAGMA table_info(poll_block)", 3},
      {"pragma USER_VERSION", 1},
      {"SELECT * FROM Pragma_User_Version", 1},
      {"PRAGMA foreign_key_list(poll_block)", 1},
      {"SELECT 1;", 1},
      {"SELECT 1 ; ;;  \r\n\t;", 1},
      {"SELECT 1 -- one", 1},
      {"SELECT 1; -- one\n; /* two */ -- three", 1},
      {"SELECT 1; /* without an end", 1},
      {"  /* first */ SELECT 1", 1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_database *database = small_database();
    for (int round = 0; round < 2; round++)
      if (count_rows(database, cases[i].sql) != cases[i].rows)
        fail_msg("%s", cases[i].sql);
    loom_database_close(database);
  }
}

/* A connection's first use of a virtual table declares it, and SQLite asks whether that is allowed. */
static void polls_on_a_fresh_connection(void **state) {
  (void)state;
  static const char *const queries[] = {
      "SELECT * FROM polls",
      "SELECT store_id, active FROM polls WHERE store_id >= 'a' ORDER BY timestamp_utc",
      "SELECT s.store_id FROM store s JOIN polls p ON p.store_id = s.store_id",
      "WITH p AS (SELECT * FROM polls) SELECT a.store_id FROM p a JOIN p b USING(store_id)",
  };
  struct scratch scratch;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path);
  load(database, LOOM_POLLS, POLLS);
  loom_database_close(database);
  for (size_t i = 0; i < COUNT_OF(queries); i++) {
    database = open_database(path);
    assert_int_equal(count_rows(database, queries[i]), 2);
    loom_database_close(database);
    /* Also where the first use of all is in vain. */
    database = open_database(path);
    assert_refused(database, "DELETE FROM polls", 17, "");
    assert_int_equal(count_rows(database, queries[i]), 2);
    load(database, LOOM_POLLS, POLLS);
    loom_database_close(database);
  }
  scratch_end(&scratch);
}

static void a_new_database_is_made(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *database = open_database(scratch_path(&scratch, "x.db"));
  assert_int_equal(count_rows(database, "SELECT * FROM polls"), 0);
  loom_database_close(database);
  assert_int_equal(scratch_count(&scratch), 1);
  scratch_end(&scratch);
}

static void parameters(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = small_database();
  loom_query *query = open_query(database, "SELECT active FROM polls WHERE store_id = ? OR ?2");
  assert_int_equal(loom_query_parameters(query), 2);
  assert_int_equal(loom_query_columns(query), 1);
  assert_string_equal(loom_query_column_name(query, 0), "active");
  struct loom_value value = {.type = LOOM_BYTES, .bytes = "a", .length = 1};
  assert_status(loom_query_bind(query, 1, &value, &error), LOOM_OK, &error);
  assert_int_equal(loom_query_bind(query, 3, &value, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "parameter 3: "));
  /* Others are compiled meanwhile, for which SQLite has this one compiled again: it keeps what it was given. */
  assert_int_equal(count_rows(database, "SELECT 1"), 1);
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  value = loom_query_value(query, 0);
  assert_int_equal(value.type, LOOM_INTEGER);
  assert_int_equal(value.integer, 1);
  assert_status(loom_query_next(query, &error), LOOM_DONE, &error);
  loom_query_free(query);
  loom_query_free(NULL);
  loom_database_close(database);
}

/* What is bound comes back as it was, whatever it is. */
static void values(void **state) {
  (void)state;
  static const struct loom_value values[] = {
      {.type = LOOM_NULL},
      {.type = LOOM_INTEGER, .integer = INT64_MIN},
      {.type = LOOM_INTEGER, .integer = INT64_MAX},
      {.type = LOOM_REAL, .real = -0.1},
      {.type = LOOM_BYTES, .bytes = "", .length = 0},
      {.type = LOOM_BYTES, .bytes = "a\0\xff", .length = 3},
  };
  loom_database *database = small_database();
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    loom_error error;
    loom_query *query = open_query(database, "SELECT ?1, x'' WHERE 1");
    assert_status(loom_query_bind(query, 1, &values[i], &error), LOOM_OK, &error);
    assert_status(loom_query_next(query, &error), LOOM_OK, &error);
    struct loom_value value = loom_query_value(query, 0);
    assert_int_equal(value.type, values[i].type);
    assert_int_equal(value.length, values[i].length);
    if (value.type == LOOM_INTEGER)
      assert_true(value.integer == values[i].integer);
    else if (value.type == LOOM_REAL)
      assert_true(value.real == values[i].real);
    else if (value.type == LOOM_BYTES)
      assert_memory_equal(value.bytes, values[i].bytes, value.length);
    value = loom_query_value(query, 1); /* an empty blob */
    assert_int_equal(value.type, LOOM_BYTES);
    assert_int_equal(value.length, 0);
    assert_non_null(value.bytes);
    loom_query_free(query);
  }
  loom_database_close(database);
}

/* ---- refusals ---- */

#define NOT_READING "does not only read"
#define NOT_COMPILED "cannot be compiled"
#define SEVERAL "more than one statement"

static void what_does_not_read_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } cases[] = {
      {"INSERT INTO store(store_id) VALUES('x')", NOT_READING},
      {"INSERT INTO store(store_id) VALUES('x') RETURNING number", NOT_READING},
      {"REPLACE INTO store(store_id) VALUES('x')", NOT_READING},
      {"UPDATE store SET timezone = 'UTC'", NOT_READING},
      {"UPDATE store SET timezone = 'UTC' RETURNING 1", NOT_READING},
      {"DELETE FROM store", NOT_READING},
      {"DELETE FROM poll_block RETURNING *", NOT_READING},
      {"WITH x AS (SELECT 'x' AS id) INSERT INTO store(store_id) SELECT id FROM x", NOT_READING},
      {"WITH x AS (SELECT 1) DELETE FROM store WHERE number IN x", NOT_READING},
      {"WITH x AS (DELETE FROM store RETURNING *) SELECT * FROM x", NOT_COMPILED},
      {"SELECT * FROM (UPDATE store SET timezone = 'UTC' RETURNING 1)", NOT_COMPILED},
      {"EXPLAIN DELETE FROM store", NOT_READING},
      {"CREATE TABLE x(a)", NOT_READING},
      {"CREATE TABLE x AS SELECT * FROM store", NOT_READING},
      {"CREATE TEMP TABLE x(a)", NOT_READING},
      {"CREATE TEMP TABLE x AS SELECT 1", NOT_READING},
      {"CREATE VIEW x AS SELECT 1", NOT_READING},
      {"CREATE TEMP VIEW x AS SELECT 1", NOT_READING},
      {"CREATE INDEX x ON store(timezone)", NOT_READING},
      {"CREATE TRIGGER x AFTER INSERT ON store BEGIN SELECT 1; END", NOT_READING},
      {"CREATE TEMP TRIGGER x AFTER INSERT ON store BEGIN SELECT 1; END", NOT_READING},
      {"CREATE VIRTUAL TABLE temp.x USING fts5(a)", NOT_READING},
      {"CREATE VIRTUAL TABLE x USING rtree(a, b, c)", NOT_READING},
      {"DROP TABLE store", NOT_READING},
      {"DROP TABLE IF EXISTS store", NOT_READING},
      {"ALTER TABLE store RENAME TO x", ""},
      {"ALTER TABLE store ADD COLUMN x", NOT_READING},
      {"ATTACH ':memory:' AS x", NOT_READING},
      {"ATTACH 'new.db' AS x", NOT_READING},
      {"DETACH main", NOT_READING},
      {"VACUUM", ""},
      {"VACUUM INTO 'copy.db'", ""},
      {"BEGIN", NOT_READING},
      {"BEGIN IMMEDIATE", NOT_READING},
      {"COMMIT", NOT_READING},
      {"END", NOT_READING},
      {"ROLLBACK", NOT_READING},
      {"SAVEPOINT x", NOT_READING},
      {"RELEASE x", NOT_READING},
      {"REINDEX", NOT_READING},
      {"REINDEX store", NOT_READING},
      {"ANALYZE", NOT_READING},
      {"INSERT INTO polls VALUES('a', '2023-01-24 10:00:00', 1)", ""},
      {"UPDATE sqlite_schema SET sql = ''", ""},
      {"INSERT INTO sqlite_master VALUES('view', 'x', 'x', 0, 'CREATE VIEW x AS SELECT 1')", ""},
      {"DELETE FROM sqlite_master", ""},
      {"UPDATE temp.sqlite_master SET sql = ''", ""},
      {"SELECT load_extension('x')", "not authorized"},
      {"SELECT LOAD_EXTENSION('x', 'y')", "not authorized"},
      {"SELECT 1 WHERE (SELECT load_extension('x'))", "not authorized"},
      {"PRAGMA user_version = 5", NOT_READING},
      {"PRAGMA main.user_version(5)", NOT_READING},
      {"PRAGMA application_id = 5", NOT_READING},
      {"PRAGMA journal_mode = DELETE", NOT_READING},
      {"PRAGMA query_only = 0", NOT_READING},
      {"PRAGMA writable_schema = 1", NOT_READING},
      {"PRAGMA foreign_keys = 0", NOT_READING},
      {"PRAGMA synchronous = 0", NOT_READING},
      {"PRAGMA wal_checkpoint(TRUNCATE)", NOT_READING},
      {"PRAGMA incremental_vacuum", NOT_READING},
      {"PRAGMA optimize", NOT_READING},
      {"PRAGMA temp_store_directory = '/'", NOT_READING},
      {"PRAGMA integrity_check", NOT_READING}, /* reads, and for how long nobody can tell */
      {"SELECT * FROM pragma_optimize", NOT_READING},
      {"SELECT count(*) FROM pragma_optimize", NOT_READING},
      {"SELECT (SELECT optimize FROM Pragma_Optimize(-1)) FROM store", NOT_READING},
      {"WITH x AS (SELECT * FROM pragma_optimize(65534)) SELECT 1 FROM x", NOT_READING},
      {"SELECT * FROM pragma_journal_mode", NOT_READING},
      {"SELECT 1; SELECT 2", SEVERAL},
      {"SELECT 1; DELETE FROM store", SEVERAL},
      {"SELECT 1; /* x */ ; -- y\n DELETE FROM store", SEVERAL},
      {"SELECT 1; nonsense", SEVERAL},
      {"SELECT 1; 'unfinished", SEVERAL},
      {"DELETE FROM store; SELECT 1", NOT_READING},
      {"SELECT 1; COMMIT", SEVERAL},
      {"", "is empty"},
      {" \r\n\t", "is empty"},
      {";;", "is empty"},
      {"-- nothing", "is empty"},
      {"; SELECT 1; SELECT 2", SEVERAL},
      {"SELEKT 1", NOT_COMPILED},
      {"SELECT nope FROM store", NOT_COMPILED},
      {"SELECT * FROM nope", NOT_COMPILED},
      {"SELECT store_id FROM store ORDER BY store_id COLLATE nope", NOT_COMPILED},
      {"SELECT nope()", NOT_COMPILED},
      {"SELECT 'unfinished", NOT_COMPILED},
  };
  struct scratch scratch;
  scratch_begin(&scratch);
  assert_int_equal(chdir(scratch.folder), 0); /* where files would be made */
  loom_database *database = open_database("x.db");
  load(database, LOOM_POLLS, POLLS);
  struct buffer before = dump(database);
  int64_t version = number(database, "PRAGMA schema_version");
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_refused(database, cases[i].sql, strlen(cases[i].sql), cases[i].message);
    /* A query that is under way is not disturbed, nor is its transaction. */
    loom_error error;
    loom_query *refused, *query = open_query(database, "SELECT * FROM polls");
    assert_status(loom_query_next(query, &error), LOOM_OK, &error);
    assert_int_equal(loom_query_new(database, cases[i].sql, strlen(cases[i].sql), &refused, &error),
                     LOOM_EINVAL);
    assert_status(loom_query_next(query, &error), LOOM_OK, &error);
    assert_false(sqlite3_get_autocommit(database->sqlite));
    loom_query_free(query);
  }
  struct buffer after = dump(database);
  assert_buffer_equal(&before, &after);
  assert_int_equal(number(database, "PRAGMA schema_version"), version);
  assert_int_equal(number(database, "SELECT count(*) FROM sqlite_temp_schema"), 0);
  assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
  assert_int_equal(scratch_count(&scratch), 3); /* the database, its log, and its index */
  /* Loom itself may write as before. */
  execute(database, "CREATE TABLE mine(a); INSERT INTO mine VALUES(1); DROP TABLE mine");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  assert_int_equal(count_rows(database, "SELECT 1 FROM store WHERE timezone = 'UTC'"), 1);
  loom_database_close(database);
  buffer_free(&before);
  buffer_free(&after);
  assert_int_equal(chdir("/"), 0);
  scratch_end(&scratch);
}

/* What got past the authorizer would still find a connection that writes nothing. */
static void readers_write_nothing(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = small_database();
  assert_status(loom_database_begin_read(database, &error), LOOM_OK, &error);
  assert_status(loom_database_execute(database, "DELETE FROM hours_week", &error), LOOM_EREADONLY,
                &error);
  assert_status(loom_database_execute(database, "ANALYZE", &error), LOOM_EREADONLY, &error);
  loom_database_end_read(database);
  assert_int_equal(number(database, "SELECT count(*) FROM hours"), 1);
  execute(database, "DELETE FROM hours_week");
  loom_database_close(database);
}

static void text_that_is_none(void **state) {
  (void)state;
  loom_database *database = small_database();
  assert_refused(database, "SELECT 1\0", 9, "holds a NUL byte");
  assert_refused(database, "SELECT 1;\0 DELETE FROM store", 28, "holds a NUL byte");
  assert_refused(database, "", 0, "is empty");
  /* Of exact size, so that the sanitizers see what is read past the end. */
  char *sql = malloc(1000001);
  assert_non_null(sql);
  memset(sql, ' ', 1000001);
  memcpy(sql, "SELECT 1", 8);
  assert_refused(database, sql, 1000001, "longer than 1,000,000 bytes");
  loom_error error;
  loom_query *query;
  char *exact = malloc(1000000);
  assert_non_null(exact);
  memcpy(exact, sql, 1000000);
  assert_status(loom_query_new(database, exact, 1000000, &query, &error), LOOM_OK, &error);
  free(exact);
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  assert_status(loom_query_next(query, &error), LOOM_DONE, &error);
  loom_query_free(query);
  free(sql);
  loom_database_close(database);
}

/* ---- failing while it runs ---- */

static void failures_of_rows(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } cases[] = {
      {"SELECT abs(-9223372036854775808)", "the query failed: integer overflow"},
      {"SELECT 1 LIMIT 'x'", "the query failed: datatype mismatch"},
      {"SELECT json_extract('{', '$')", "the query failed: malformed JSON"},
      {"SELECT zeroblob(2000000000)", "the query failed: string or blob too big"},
  };
  loom_database *database = small_database();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error;
    loom_query *query = open_query(database, cases[i].sql);
    assert_int_equal(loom_query_next(query, &error), LOOM_EINVAL);
    assert_string_equal(error.message, cases[i].message);
    assert_int_equal(loom_query_next(query, &error), LOOM_DONE); /* that was all */
    loom_query_free(query);
  }
  execute(database, "UPDATE poll_block SET polls = x'00'");
  loom_error error;
  loom_query *query = open_query(database, "SELECT * FROM polls");
  assert_int_equal(loom_query_next(query, &error), LOOM_ECORRUPT);
  loom_query_free(query);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  loom_database_close(database);
}

static int interrupt(void *database) {
  return ((loom_database *)database)->sqlite != NULL; /* not zero: interrupts */
}

/* A query without end can be stopped from outside, and the connection goes on. */
static void cancelled(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = small_database();
  loom_query *query = open_query(
      database,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  sqlite3_progress_handler(database->sqlite, 10000, interrupt, database);
  assert_int_equal(loom_query_next(query, &error), LOOM_ECANCELED);
  sqlite3_progress_handler(database->sqlite, 0, NULL, NULL);
  assert_int_equal(loom_query_next(query, &error), LOOM_DONE);
  loom_query_free(query);
  assert_int_equal(count_rows(database, "SELECT * FROM polls"), 2);
  load(database, LOOM_POLLS, POLLS);
  loom_database_close(database);
}

/* ---- transactions ---- */

static void assert_closed(loom_status status, const loom_error *error) {
  assert_int_equal(status, LOOM_EINVAL);
  assert_non_null(
      strstr(error->message, "closed by a change that was made on this handle meanwhile"));
}

static void readers_share_and_a_writer_closes_them(void **state) {
  (void)state;
  loom_error error;
  loom_export *export;
  struct loom_info info;
  const char *text;
  size_t length;
  struct scratch scratch;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *database = open_database(path), *other = open_database(path);
  load(database, LOOM_POLLS, POLLS);
  loom_query *query = open_query(database, "SELECT * FROM polls");
  loom_query *second = open_query(database, "SELECT count(*) FROM polls");
  assert_status(loom_export_new(database, LOOM_POLLS, &export, &error), LOOM_OK, &error);
  load(other, LOOM_POLLS, "store_id,status,timestamp_utc\nc,active,2023-01-25 10:00:00\n");
  /* One snapshot: what came after it is not seen. */
  assert_status(loom_info_read(database, &info, &error), LOOM_OK, &error);
  assert_int_equal(info.polls, 2);
  assert_status(loom_query_next(second, &error), LOOM_OK, &error);
  assert_true(loom_query_value(second, 0).integer == 2);
  assert_int_equal(loom_database_begin_report(database, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "a query or an export is still under way"));
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  assert_status(loom_export_next(export, &text, &length, &error), LOOM_OK, &error);
  loom_query_free(second);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_query_columns(query), 0);
  for (int i = 0; i < 2; i++) {
    assert_closed(loom_query_next(query, &error), &error);
    assert_closed(loom_export_next(export, &text, &length, &error), &error);
  }
  loom_database_rollback(database);
  loom_query_free(query);
  loom_export_free(export);
  assert_int_equal(count_rows(database, "SELECT * FROM polls"), 3);
  /* And the other way round. */
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_query_new(database, "SELECT 1", 8, &query, &error), LOOM_EINVAL);
  assert_null(query);
  assert_non_null(strstr(error.message, "an ingest or another change is still under way"));
  execute(database, "DELETE FROM poll_block");
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_int_equal(count_rows(database, "SELECT * FROM polls"), 0);
  loom_database_close(other);
  loom_database_close(database);
  scratch_end(&scratch);
}

static void within_a_write_transaction(void **state) {
  (void)state;
  static const char sql[] = "INSERT INTO store(store_id) VALUES('x') RETURNING store_id";
  loom_error error;
  loom_query *query;
  loom_database *database = small_database();
  assert_int_equal(loom_query_new_in_write(database, sql, strlen(sql), &query, &error),
                   LOOM_EINVAL);
  assert_null(query);
  assert_string_equal(error.message, ":memory:: there is no write transaction");
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_query_new_in_write(database, sql, strlen(sql), &query, &error), LOOM_OK,
                &error);
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  assert_int_equal(loom_query_value(query, 0).length, 1);
  assert_memory_equal(loom_query_value(query, 0).bytes, "x", 1);
  assert_int_equal(loom_query_changed(query), 1);
  assert_true(loom_query_inserted(query) > 0);
  assert_status(loom_query_next(query, &error), LOOM_DONE, &error);
  loom_query_free(query);
  assert_int_equal(loom_query_new_in_write(database, "SELECT 1; SELECT 2", 18, &query, &error),
                   LOOM_EINVAL);
  /* One that is left in mid-way ends with the transaction. */
  assert_status(loom_query_new_in_write(database, "SELECT * FROM store", 19, &query, &error),
                LOOM_OK, &error);
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_closed(loom_query_next(query, &error), &error);
  loom_query_free(query);
  assert_int_equal(count_rows(database, "SELECT 1 FROM store WHERE store_id = 'x'"), 1);
  loom_database_close(database);
}

/* A query keeps its database open. */
static void outlives_its_handle(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = small_database();
  loom_query *query = open_query(database, "SELECT * FROM polls");
  loom_database_close(database);
  assert_status(loom_query_next(query, &error), LOOM_OK, &error);
  loom_query_free(query);
}

static bool stop_at_third_look(void *context) {
  return ++*(int *)context == 3;
}

/* What would never end does, and the handle goes on. */
static void a_query_can_be_stopped(void **state) {
  (void)state;
  static const char endless[] =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  loom_database *database = memory_database();
  loom_error error;
  int looks = 0;
  loom_query *query = open_query(database, endless);
  assert_int_equal(loom_query_next_unless(query, stop_at_third_look, &looks, &error),
                   LOOM_ECANCELED);
  assert_int_equal(looks, 3);
  loom_query_free(query);
  query = open_query(database, "SELECT 1");
  assert_status(loom_query_next_unless(query, stop_at_third_look, &looks, &error), LOOM_OK, &error);
  assert_status(loom_query_next_unless(query, stop_at_third_look, &looks, &error), LOOM_DONE,
                &error);
  loom_query_free(query);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_reads_is_run),
      cmocka_unit_test(polls_on_a_fresh_connection),
      cmocka_unit_test(a_new_database_is_made),
      cmocka_unit_test(parameters),
      cmocka_unit_test(values),
      cmocka_unit_test(what_does_not_read_is_refused),
      cmocka_unit_test(readers_write_nothing),
      cmocka_unit_test(text_that_is_none),
      cmocka_unit_test(failures_of_rows),
      cmocka_unit_test(cancelled),
      cmocka_unit_test(readers_share_and_a_writer_closes_them),
      cmocka_unit_test(within_a_write_transaction),
      cmocka_unit_test(outlives_its_handle),
      cmocka_unit_test(a_query_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
