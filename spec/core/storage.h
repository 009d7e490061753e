/*
** What tests of the storage share: scratch folders, databases filled from CSV text, and a dump of everything in a
** database that does not depend on how its stores are numbered. Helpers fail the running test themselves.
*/
#ifndef STORAGE_H
#define STORAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqlite/connection.h"
#include "sqlite/database.h"
#include "read/ingest.h"
#include "report/report.h"
#include "write/sink_sqlite.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Milliseconds that tests wait for a lock which nobody will release. */
#define SHORT_TIMEOUT 2

/* Compares a status and shows the message of one that was not expected. */
#define assert_status(expression, expected, error)                                                 \
  do {                                                                                             \
    loom_status status_ = (expression);                                                            \
    if (status_ != (expected))                                                                     \
      print_error("%s gave %s: %s\n", #expression, loom_status_name(status_),                      \
                  status_ == LOOM_OK || status_ == LOOM_DONE ? "" : (error)->message);             \
    assert_int_equal(status_, expected);                                                           \
  } while (0)

/* ---- text that grows ---- */

struct buffer {
  char *bytes; /* NUL-terminated, or NULL while empty */
  size_t length, capacity;
};

static inline void buffer_put(struct buffer *buffer, const void *bytes, size_t length) {
  if (buffer->capacity < buffer->length + length + 1) {
    buffer->capacity = (buffer->length + length + 1) * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    assert_non_null(buffer->bytes);
  }
  if (length)
    memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
  buffer->bytes[buffer->length] = '\0';
}

static inline void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void buffer_printf(struct buffer *buffer, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  assert_in_range(length, 0, sizeof text - 1);
  buffer_put(buffer, text, (size_t)length);
}

static inline void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

static inline void assert_buffer_equal(const struct buffer *a, const struct buffer *b) {
  if (a->length != b->length || (a->length && memcmp(a->bytes, b->bytes, a->length) != 0))
    print_error("first: %s\nsecond: %s\n", a->bytes ? a->bytes : "", b->bytes ? b->bytes : "");
  assert_int_equal(a->length, b->length);
  if (a->length)
    assert_memory_equal(a->bytes, b->bytes, a->length);
}

/* ---- scratch folders ---- */

struct scratch {
  char folder[512];
  char path[640]; /* what scratch_path returned last */
};

static inline void scratch_begin(struct scratch *scratch) {
  const char *directory = getenv("TMPDIR");
  snprintf(scratch->folder, sizeof scratch->folder, "%s/loom-test-XXXXXX",
           directory && *directory ? directory : "/tmp");
  assert_non_null(mkdtemp(scratch->folder));
}

static inline const char *scratch_path(struct scratch *scratch, const char *name) {
  snprintf(scratch->path, sizeof scratch->path, "%s/%s", scratch->folder, name);
  return scratch->path;
}

/* How many files there are. */
static inline int scratch_count(const struct scratch *scratch) {
  int count = 0;
  DIR *folder = opendir(scratch->folder);
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(folder);
  return count;
}

static inline void scratch_end(struct scratch *scratch) {
  DIR *folder = opendir(scratch->folder);
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      unlinkat(dirfd(folder), entry->d_name, 0);
  closedir(folder);
  assert_int_equal(rmdir(scratch->folder), 0);
}

static inline void write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static inline void read_file(const char *path, struct buffer *contents) {
  char chunk[4096];
  size_t got;
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
    buffer_put(contents, chunk, got);
  fclose(file);
}

/* ---- databases ---- */

static inline loom_database *open_database(const char *path) {
  loom_error error;
  loom_database *database;
  assert_status(loom_database_open(path, LOOM_OPEN_CREATE, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  return database;
}

/* A database in memory, with its schema. */
static inline loom_database *memory_database(void) {
  loom_error error;
  loom_database *database = open_database(":memory:");
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  return database;
}

/* A connection that has read last refuses to write. */
static inline void allow_writing(loom_database *database) {
  loom_error error;
  assert_status(loom_database_execute(database, "PRAGMA query_only=0", &error), LOOM_OK, &error);
}

static inline void execute(loom_database *database, const char *sql) {
  loom_error error;
  allow_writing(database);
  assert_status(loom_database_execute(database, sql, &error), LOOM_OK, &error);
}

static inline int64_t number(loom_database *database, const char *sql) {
  loom_error error;
  int64_t result;
  assert_status(loom_database_number(database, sql, &result, &error), LOOM_OK, &error);
  return result;
}

/* Appends the rows of a query, one to a line; texts with their lengths, since they may hold
 * anything. */
static inline void dump_query(loom_database *database, const char *sql, struct buffer *out) {
  loom_error error;
  sqlite3_stmt *rows;
  int step;
  assert_status(loom_database_prepare(database, sql, &rows, &error), LOOM_OK, &error);
  while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(rows); i++) {
      if (sqlite3_column_type(rows, i) == SQLITE_NULL) {
        buffer_put(out, "-", 1);
      } else {
        const void *text = sqlite3_column_text(rows, i);
        size_t length = (size_t)sqlite3_column_bytes(rows, i);
        buffer_printf(out, "%zu:", length);
        buffer_put(out, text, length);
      }
      buffer_put(out, " ", 1);
    }
    buffer_put(out, "\n", 1);
  }
  sqlite3_finalize(rows);
  assert_int_equal(step, SQLITE_DONE);
}

/* The rows of a query are these, texts with their lengths. */
static inline void assert_rows(loom_database *database, const char *sql, const char *expected) {
  struct buffer found = {0};
  buffer_put(&found, "", 0);
  dump_query(database, sql, &found);
  if (strcmp(found.bytes, expected) != 0)
    print_error("%s\n", sql);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
}

/* Everything that a database holds, whatever numbers its stores have. */
static inline struct buffer dump(loom_database *database) {
  static const char *const queries[] = {
      "SELECT store_id, timezone, first_poll, newest_poll FROM store ORDER BY 1",
      "SELECT day, store_id, hex(polls) FROM poll_block JOIN store ON number = store ORDER BY 1, 2",
      "SELECT store_id, effective_from FROM hours_week JOIN store ON number = store"
      " WHERE origin = 'file' ORDER BY 1, 2",
      "SELECT store_id, effective_from, weekday, open_s, close_s FROM hours"
      " JOIN store ON number = store WHERE origin = 'file' ORDER BY 1, 2, 3, 4, 5",
      "SELECT store_id, date, open_s, close_s, note FROM special_day"
      " LEFT JOIN store ON number = store WHERE origin = 'file' ORDER BY 1, 2, 3, 4, 5",
      "SELECT store_id, from_us, to_us, reason FROM exclusion e"
      " LEFT JOIN store ON store.number = e.store ORDER BY 1, 2, 3, 4",
      "SELECT store_id, name, value FROM attribute JOIN store ON number = store ORDER BY 1, 2",
      /* Overrides. */
      "SELECT store_id, effective_from, reverts, weekday, open_s, close_s FROM hours_week"
      " LEFT JOIN loom_openings(openings) JOIN store ON number = store"
      " WHERE origin = 'override' ORDER BY 1, 2, 4, 5, 6",
      "SELECT store_id, date, open_s, close_s, note FROM special_day"
      " LEFT JOIN store ON number = store WHERE origin = 'override' ORDER BY 1, 2, 3, 4, 5",
      "SELECT store_id, timezone_override FROM store WHERE timezone_override IS NOT NULL ORDER BY "
      "1"};
  struct buffer out = {0};
  for (size_t i = 0; i < COUNT_OF(queries); i++) {
    buffer_printf(&out, "query %zu\n", i);
    dump_query(database, queries[i], &out);
  }
  return out;
}

static inline void assert_same_databases(loom_database *a, loom_database *b) {
  struct buffer first = dump(a), second = dump(b);
  assert_buffer_equal(&first, &second);
  buffer_free(&first);
  buffer_free(&second);
}

/* ---- overrides, which no file brings ---- */

/*
** Runs a statement whose parameter 1 is the number of a store, which is made if need be; of "*", every store, it is
** NULL.
*/
static inline void execute_for(loom_database *database, const char *store, const char *sql) {
  char text[600];
  loom_error error;
  sqlite3_stmt *statement;
  allow_writing(database);
  assert_status(loom_database_prepare(database, sql, &statement, &error), LOOM_OK, &error);
  if (strcmp(store, "*") != 0) {
    snprintf(text, sizeof text, "INSERT OR IGNORE INTO store(store_id) VALUES('%s')", store);
    execute(database, text);
    snprintf(text, sizeof text, "SELECT number FROM store WHERE store_id = '%s'", store);
    sqlite3_bind_int64(statement, 1, number(database, text));
  }
  assert_status(loom_database_run(database, statement, &error), LOOM_OK, &error);
  sqlite3_finalize(statement);
}

/* A week without openings: closed, or one from which on the file's hours are in force again. */
static inline void override_week(loom_database *database, const char *store, const char *from,
                                 bool reverts) {
  char sql[200];
  snprintf(sql, sizeof sql,
           "INSERT OR IGNORE INTO hours_week(store, origin, effective_from, reverts)"
           " VALUES(?, 'override', '%s', %d)",
           from, reverts);
  execute_for(database, store, sql);
}

/* One opening, in seconds since midnight, of the week that begins on the date. */
static inline void override_hours(loom_database *database, const char *store, const char *from,
                                  int weekday, int32_t open, int32_t close) {
  char sql[200];
  override_week(database, store, from, false);
  snprintf(sql, sizeof sql,
           "UPDATE hours_week SET openings = loom_week_add(openings, %d, %d, %d)"
           " WHERE store = ? AND origin = 'override' AND effective_from = '%s' AND NOT reverts",
           weekday, (int)open, (int)close, from);
  execute_for(database, store, sql);
}

/* One span of a special day; a negative `open` is a closed day. */
static inline void override_day(loom_database *database, const char *store, const char *date,
                                int32_t open, int32_t close, const char *note) {
  char span[50] = "NULL, NULL", sql[300];
  if (open >= 0)
    snprintf(span, sizeof span, "%d, %d", (int)open, (int)close);
  snprintf(sql, sizeof sql, "INSERT INTO special_day VALUES(?, '%s', %s, '%s', 'override')", date,
           span, note);
  execute_for(database, store, sql);
}

static inline void override_timezone(loom_database *database, const char *store, const char *zone) {
  char sql[200];
  snprintf(sql, sizeof sql, "UPDATE store SET timezone_override = '%s' WHERE number = ?", zone);
  execute_for(database, store, sql);
}

/* ---- ingestion ---- */

/* How a file is read, and what it is read into. */
struct input_file {
  struct loom_ingest_options reading;
  struct loom_staging_options staging;
};

/* Blocks and buffers that take little time to allocate. */
static inline struct input_file small_file(enum loom_kind kind) {
  return (struct input_file){.reading = {.source = "test.csv", .threads = 1, .block_size = 4096},
                             .staging = {.kind = kind, .sort_capacity = 4096}};
}

static inline loom_staging *new_staging(const struct loom_staging_options *options) {
  loom_staging *staging = loom_staging_new(options);
  assert_non_null(staging);
  return staging;
}

static inline loom_status feed_in_chunks(loom_ingest *ingest, const void *bytes, size_t size,
                                         size_t chunk, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t at = 0; status == LOOM_OK && at < size; at += chunk) {
    size_t part = size - at < chunk ? size - at : chunk;
    /* A copy of just that size lets the sanitizers see reads beyond it. */
    char *copy = malloc(part);
    assert_non_null(copy);
    memcpy(copy, (const char *)bytes + at, part);
    status = loom_ingest_feed(ingest, copy, part, error);
    free(copy);
  }
  return status == LOOM_OK ? loom_ingest_finish(ingest, error) : status;
}

/* Reads bytes into a staging, a chunk at a time. */
static inline loom_status read_into(loom_staging *staging,
                                    const struct loom_ingest_options *options, loom_zones *zones,
                                    const void *bytes, size_t size, size_t chunk,
                                    loom_error *error) {
  loom_ingest *ingest;
  assert_status(loom_ingest_new(options, zones, staging, &ingest, error), LOOM_OK, error);
  loom_status status = feed_in_chunks(ingest, bytes, size, chunk, error);
  loom_ingest_free(ingest);
  return status;
}

/* What is staged of bytes that are good. */
static inline loom_staging *stage_bytes(loom_zones *zones, const struct input_file *file,
                                        const void *bytes, size_t size) {
  loom_error error;
  loom_staging *staging = new_staging(&file->staging);
  assert_status(read_into(staging, &file->reading, zones, bytes, size, 65536, &error), LOOM_OK,
                &error);
  return staging;
}

static inline loom_sink *new_sink(loom_database *database) {
  loom_sink *sink = loom_sink_sqlite(database);
  assert_non_null(sink);
  return sink;
}

/* Applies all that is staged, within a transaction. */
static inline loom_status apply_in_steps(loom_sink *sink, loom_staging *staging, size_t budget,
                                         loom_error *error) {
  double share = 0, before;
  loom_status status;
  do {
    before = share;
    status = loom_sink_apply(sink, staging, budget, &share, error);
    assert_true(status > LOOM_DONE || (share >= before && share <= 1));
  } while (status == LOOM_OK);
  return status;
}

/* The same within a transaction of the database's handle. */
static inline loom_status apply_all(loom_staging *staging, loom_database *database, size_t budget,
                                    loom_error *error) {
  loom_sink *sink = new_sink(database);
  loom_status status = apply_in_steps(sink, staging, budget, error);
  loom_sink_free(sink);
  return status;
}

/* Stores what is staged, in a transaction of its own. */
static inline struct loom_counts store(loom_staging *staging, loom_database *database) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(apply_all(staging, database, 1000, &error), LOOM_DONE, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  return staging->counts;
}

static inline struct loom_counts load_bytes(loom_database *database, const struct input_file *file,
                                            const void *bytes, size_t size) {
  loom_staging *staging = stage_bytes(database->zones, file, bytes, size);
  struct loom_counts counts = store(staging, database);
  loom_staging_free(staging);
  return counts;
}

static inline struct loom_counts load(loom_database *database, enum loom_kind kind,
                                      const char *text) {
  struct input_file file = small_file(kind);
  return load_bytes(database, &file, text, strlen(text));
}

static inline void assert_counts(const struct loom_counts *counts, uint64_t rows, uint64_t added,
                                 uint64_t duplicates, uint64_t conflicts, uint64_t rejected) {
  if (counts->rows != rows || counts->added != added || counts->duplicates != duplicates ||
      counts->conflicts != conflicts || counts->rejected != rejected)
    print_error("%llu rows: %llu added, %llu duplicates, %llu conflicts, %llu rejected\n",
                (unsigned long long)counts->rows, (unsigned long long)counts->added,
                (unsigned long long)counts->duplicates, (unsigned long long)counts->conflicts,
                (unsigned long long)counts->rejected);
  assert_int_equal(counts->rows, rows);
  assert_int_equal(counts->added, added);
  assert_int_equal(counts->duplicates, duplicates);
  assert_int_equal(counts->conflicts, conflicts);
  assert_int_equal(counts->rejected, rejected);
}

/* ---- reports ---- */

/* Prepares a report and starts it; on failure there is none. */
static inline loom_status start_report(const struct loom_report_options *options,
                                       loom_source *source, loom_zones *zones, loom_report **report,
                                       loom_error *error) {
  loom_status status = loom_report_prepare(options, source, zones, report, error);
  if (status == LOOM_OK)
    status = loom_report_start(*report, error);
  if (status != LOOM_OK) {
    loom_report_free(*report);
    *report = NULL;
  }
  return status;
}

#endif
