/*
** Queries over the table `polls`: a plain table with the same rows answers them alike.
**
** A query is generated from the input: what is selected, up to four conditions with AND or OR, joins with itself, groups, orders
** and limits. Rows are compared in order where there is one, else as a set.
*/
#include "fuzz.h"

#include "storage.h"

#include "time/civil.h"
#include "sqlite/query.h"

#define POLLS_HEADER "store_id,status,timestamp_utc\n"
#define STORES 5
#define TERMS_MAX 4

static loom_database *database;
static sqlite3 *plain;

/* ---- the same polls in both ---- */

static const char *const ids[STORES] = {"a", "b", "A", "10", "store \xc3\xa9"};

static void fill(void) {
  static const int64_t minutes[] = {0,    1,    2,    10,   719,  720,  1439,
                                    1440, 1441, 2879, 2880, 4321, 10080};
  struct buffer csv = {0};
  sqlite3_stmt *insert;
  buffer_printf(&csv, POLLS_HEADER);
  sqlite3_exec(
      plain, "CREATE TABLE polls(store_id TEXT, timestamp_utc TEXT, active INTEGER, unix INTEGER)",
      NULL, NULL, NULL);
  assert_int_equal(
      sqlite3_prepare_v2(plain, "INSERT INTO polls VALUES(?, ?, ?, ?)", -1, &insert, NULL),
      SQLITE_OK);
  for (size_t s = 0; s < STORES; s++)
    for (size_t i = s % 2; i < COUNT_OF(minutes); i += 1 + s / 3) {
      char when[LOOM_TIMESTAMP_SIZE];
      /* from 2023-01-23 on */
      int64_t instant = 1674432000 * LOOM_SECOND + minutes[i] * LOOM_MINUTE;
      instant += i % 3 == 1 ? (int64_t)s : 0;
      bool active = (i + s) % 3 != 0;
      loom_format_timestamp(instant, when);
      buffer_printf(&csv, "%s,%s,%s\n", ids[s], active ? "active" : "inactive", when);
      sqlite3_bind_text(insert, 1, ids[s], -1, SQLITE_STATIC);
      sqlite3_bind_text(insert, 2, when, -1, SQLITE_TRANSIENT);
      sqlite3_bind_int(insert, 3, active);
      sqlite3_bind_int64(insert, 4, instant / LOOM_SECOND);
      assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
      sqlite3_reset(insert);
    }
  sqlite3_finalize(insert);
  load(database, LOOM_POLLS, csv.bytes);
  buffer_free(&csv);
}

/* ---- queries ---- */

static void put_list(struct input *input, struct buffer *sql, const char *const *items,
                     size_t count) {
  buffer_printf(sql, "(");
  for (uint64_t i = draw_below(input, 4) + 1; i > 0; i--)
    buffer_printf(sql, "%s%s", items[draw_below(input, count)], i > 1 ? "," : ")");
}

static const char *const id_values[] = {"'a'",       "'b'",  "'A'", "'10'",  "'nobody'",
                                        "10",        "NULL", "''",  "x'61'", "'store \xc3\xa9'",
                                        "'a ' || ''"};
static const char *const time_values[] = {"'2023-01-23'",
                                          "'2023-01-23 12:00:00.000000 UTC'",
                                          "'2023-01-24'",
                                          "'2023-01-24 00:00:00.000000 UTC'",
                                          "'2023-01-25 00'",
                                          "'2023'",
                                          "''",
                                          "'9999'",
                                          "'2023-02-30'",
                                          "NULL",
                                          "20230124",
                                          "'2023-01-24T00:00:00'",
                                          "'2023-01-2'",
                                          "x'32303233'",
                                          "'2023-01-23 00:01:00.000001 UTC'",
                                          "'-4000'",
                                          "'2023-01-30 00:00:00.000000 UTC'",
                                          "'2023-01-24 00:00:00.000000'",
                                          "'2023-01-23 00:01:00.000001'"};
static const char *const seconds_values[] = {
    "1674432000", "1674518400",   "1674518400.5", "0",          "-1",         "1e300",
    "NULL",       "'1674518400'", "'a'",          "1674432060", "1674604799", "x'31'"};
static const char *const patterns[] = {"'2023-01-24%'",    "'%12:00%'", "'2023-01-2_ 00%'",
                                       "'2023%'",          "''",        "'%'",
                                       "'2023-01-23 0%0'", "NULL"};
static const char *const globs[] = {"'2023-01-24*'",   "'*12:00*'", "'2023-01-2[34]*'", "'*'", "''",
                                    "'2023-01-2? 0*'", "NULL"};
static const char *const comparisons[] = {"=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"};

/* A condition; `p` is the name of the table in it. */
static void put_term(struct input *input, struct buffer *sql, const char *p) {
  switch (draw_below(input, 12)) {
  case 0:
    buffer_printf(sql, "%s.store_id %s %s", p, comparisons[draw_below(input, 8)],
                  id_values[draw_below(input, COUNT_OF(id_values))]);
    break;
  case 1:
    buffer_printf(sql, "%s.store_id %sIN ", p, draw_below(input, 4) ? "" : "NOT ");
    put_list(input, sql, id_values, COUNT_OF(id_values));
    break;
  case 2:
  case 3:
    buffer_printf(sql, "%s.timestamp_utc %s %s", p, comparisons[draw_below(input, 8)],
                  time_values[draw_below(input, COUNT_OF(time_values))]);
    break;
  case 4:
    buffer_printf(sql, "%s.timestamp_utc %sIN ", p, draw_below(input, 4) ? "" : "NOT ");
    put_list(input, sql, time_values, COUNT_OF(time_values));
    break;
  case 5:
    buffer_printf(sql, "%s.timestamp_utc BETWEEN %s AND %s", p,
                  time_values[draw_below(input, COUNT_OF(time_values))],
                  time_values[draw_below(input, COUNT_OF(time_values))]);
    break;
  case 6:
    buffer_printf(sql, "%s.timestamp_utc LIKE %s", p,
                  patterns[draw_below(input, COUNT_OF(patterns))]);
    break;
  case 7:
    buffer_printf(sql, "%s.timestamp_utc GLOB %s", p, globs[draw_below(input, COUNT_OF(globs))]);
    break;
  case 9:
    buffer_printf(sql, "%s.unix %s %s", p, comparisons[draw_below(input, 8)],
                  seconds_values[draw_below(input, COUNT_OF(seconds_values))]);
    break;
  case 10:
    buffer_printf(sql, "%s.unix IN ", p);
    put_list(input, sql, seconds_values, COUNT_OF(seconds_values));
    break;
  case 8:
    buffer_printf(sql, "%s.active %s %d", p, comparisons[draw_below(input, 8)],
                  (int)draw_below(input, 3));
    break;
  default:
    buffer_printf(sql, "%s.store_id = (SELECT max(store_id) FROM polls WHERE active = %d)", p,
                  (int)draw_below(input, 2));
  }
}

static void put_terms(struct input *input, struct buffer *sql, const char *p) {
  uint64_t count = draw_below(input, TERMS_MAX + 1);
  for (uint64_t i = 0; i < count; i++) {
    buffer_printf(sql, "%s", i ? draw_below(input, 4) ? " AND " : " OR " : "");
    buffer_printf(sql, "%s(", draw_below(input, 8) ? "" : "NOT ");
    put_term(input, sql, p);
    buffer_printf(sql, ")");
  }
  if (count == 0)
    buffer_printf(sql, "1");
}

/* The last expression orders rows wholly, so that a limit chooses the same ones. */
static bool put_query(struct input *input, struct buffer *sql) {
  static const char *const joins[] = {
      "", " JOIN polls AS q ON q.store_id = p.store_id AND q.timestamp_utc > p.timestamp_utc",
      " LEFT JOIN polls AS q ON q.timestamp_utc = p.timestamp_utc AND q.store_id <> p.store_id",
      " JOIN polls AS q ON q.timestamp_utc = p.timestamp_utc"};
  static const char *const columns[] = {
      "p.store_id, p.timestamp_utc, p.active", "p.timestamp_utc, p.store_id",
      "count(*), sum(p.active), min(p.timestamp_utc), max(p.store_id)", "DISTINCT p.store_id"};
  uint64_t selected = draw_below(input, 5), join = draw_below(input, 3) ? 0 : draw_below(input, 4);
  if (selected == 4) {
    buffer_printf(sql, "SELECT p.store_id, count(*), max(p.timestamp_utc) FROM polls AS p%s WHERE ",
                  joins[join]);
    put_terms(input, sql, "p");
    buffer_printf(sql, " GROUP BY p.store_id ORDER BY 1");
    return true;
  }
  const char *other = join && selected < 2 ? ", q.store_id, q.timestamp_utc" : "";
  buffer_printf(sql, "SELECT %s%s FROM polls AS p%s WHERE ", columns[selected], other, joins[join]);
  put_terms(input, sql, join && draw_below(input, 2) ? "q" : "p");
  if (selected >= 2 || draw_below(input, 2) == 0)
    return false;
  buffer_printf(sql, " ORDER BY p.timestamp_utc%s, p.store_id%s%s",
                draw_below(input, 2) ? " DESC" : "", draw_below(input, 2) ? " DESC" : "",
                join ? ", q.timestamp_utc, q.store_id" : "");
  if (draw_below(input, 2))
    buffer_printf(sql, " LIMIT %d OFFSET %d", (int)draw_below(input, 20),
                  (int)draw_below(input, 5));
  return true;
}

/* ---- answers ---- */

#define ROWS_MAX 4000

struct answer {
  char *rows[ROWS_MAX];
  size_t count;
};

static void put_row(struct answer *answer, struct buffer row) {
  assert_true(answer->count < ROWS_MAX);
  answer->rows[answer->count++] = row.bytes;
}

/* Each value with its type, as SQLite numbers them. */
static void put_value(struct buffer *row, struct loom_value value) {
  switch (value.type) {
  case LOOM_INTEGER:
    buffer_printf(row, "%d%lld|", SQLITE_INTEGER, (long long)value.integer);
    break;
  case LOOM_BYTES:
    buffer_printf(row, "%d%.*s|", SQLITE_TEXT, (int)value.length, value.bytes);
    break;
  default:
    assert_int_equal(value.type, LOOM_NULL);
    buffer_printf(row, "%d|", SQLITE_NULL);
  }
}

static void add_row(struct answer *answer, sqlite3_stmt *statement) {
  struct buffer row = {0};
  for (int i = 0; i < sqlite3_column_count(statement); i++) {
    const char *text = (const char *)sqlite3_column_text(statement, i);
    buffer_printf(&row, "%d", sqlite3_column_type(statement, i));
    buffer_printf(&row, "%s|", text ? text : "");
  }
  put_row(answer, row);
}

static int compare_rows(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void ask_loom(const struct buffer *sql, struct answer *answer) {
  loom_error error;
  loom_query *query;
  loom_status status;
  assert_status(loom_query_new(database, sql->bytes, sql->length, &query, &error), LOOM_OK, &error);
  while ((status = loom_query_next(query, &error)) == LOOM_OK) {
    struct buffer row = {0};
    for (int i = 0; i < loom_query_columns(query); i++)
      put_value(&row, loom_query_value(query, i));
    put_row(answer, row);
  }
  assert_status(status, LOOM_DONE, &error);
  loom_query_free(query);
}

static void ask_plain(const struct buffer *sql, struct answer *answer) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(plain, sql->bytes, (int)sql->length, &statement, NULL) != SQLITE_OK)
    fail_msg("%s: %s", sql->bytes, sqlite3_errmsg(plain));
  while (sqlite3_step(statement) == SQLITE_ROW)
    add_row(answer, statement);
  assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void compare(const char *sql, struct answer *a, struct answer *b, bool ordered) {
  if (!ordered) {
    qsort(a->rows, a->count, sizeof *a->rows, compare_rows);
    qsort(b->rows, b->count, sizeof *b->rows, compare_rows);
  }
  for (size_t i = 0; i < a->count || i < b->count; i++) {
    const char *left = i < a->count ? a->rows[i] : "nothing",
               *right = i < b->count ? b->rows[i] : "nothing";
    if (strcmp(left, right) != 0)
      fail_msg("%s: row %zu: %s, not %s", sql, i, left, right);
  }
  for (size_t i = 0; i < a->count; i++)
    free(a->rows[i]);
  for (size_t i = 0; i < b->count; i++)
    free(b->rows[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  database = memory_database();
  assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
  fill();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct answer found, expected;
  struct input input = {data, data + size};
  struct buffer sql = {0};
  bool ordered = put_query(&input, &sql);
  found.count = expected.count = 0;
  ask_loom(&sql, &found);
  ask_plain(&sql, &expected);
  compare(sql.bytes, &found, &expected, ordered);
  buffer_free(&sql);
  return 0;
}
