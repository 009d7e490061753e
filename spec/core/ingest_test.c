/*
** Tests of ingestion: however a file is cut into chunks and blocks, and however many threads parse it, the database
** and the counts come out the same; what is wrong with a file is told by line, column, value and reason; and what a
** file means does not depend on the order of its rows.
*/
#include "storage.h"

#include "sqlite/check.h"
#include "time/civil.h"
#include "support.h"

#include <zlib.h>

/* ---- ways to take a file ---- */

/* As a chunk: the file is read, and not fed. */
#define FROM_FILE SIZE_MAX

struct shape {
  size_t chunk, block_size; /* chunk 0: the whole file at once */
  unsigned threads;
  size_t sort_capacity;
  bool always_libcsv;
};

/* The plainest way, with which the others are compared. */
static const struct shape whole = {0, 0, 1, 4096, false};

static const struct shape shapes[] = {
    {0, 1, 1, 1, false},     {0, 7, 1, 3, false},    {0, 16, 2, 7, false},   {3, 1, 2, 2, false},
    {5, 40, 3, 5, false},    {7, 64, 2, 1000, true}, {1, 20, 4, 1, false},   {2, 33, 1, 7, true},
    {64, 100, 8, 64, false}, {11, 3, 2, 4, false},   {1000, 50, 0, 9, true}, {0, 2, 1, 5, false}};

struct file {
  enum loom_kind kind;
  const char *bytes;
  size_t size;
};

/* What came of a file: the status and its message, or what is now in the database. */
struct outcome {
  loom_status status;
  loom_error error;
  struct loom_counts counts;
  struct buffer rejects, contents;
};

static void outcome_free(struct outcome *outcome) {
  buffer_free(&outcome->rejects);
  buffer_free(&outcome->contents);
}

static void take_rejects(loom_staging *staging, struct buffer *out) {
  struct loom_reject reject;
  while (loom_staging_take_reject(staging, &reject)) {
    buffer_printf(out, "%llu: %s: \"", (unsigned long long)reject.line, reject.column);
    buffer_put(out, reject.value, reject.value_length);
    buffer_printf(out, "\" %s: [", reject.reason);
    buffer_put(out, reject.row, reject.row_length);
    buffer_put(out, "]\n", 2);
  }
}

/* Reads the bytes as those of a file. */
static loom_status read_file_into(loom_staging *staging, const struct loom_ingest_options *options,
                                  loom_zones *zones, struct file file, loom_error *error) {
  loom_ingest *ingest;
  loom_input *input;
  struct scratch scratch;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "file");
  write_file(path, file.bytes, file.size);
  assert_status(loom_input_open(path, &input, error), LOOM_OK, error);
  assert_status(loom_ingest_new(options, zones, staging, &ingest, error), LOOM_OK, error);
  loom_status status;
  do
    status = loom_ingest_read(ingest, input, error);
  while (status == LOOM_OK);
  if (status == LOOM_DONE) {
    assert_int_equal(loom_input_position(input), file.size);
    status = loom_ingest_finish(ingest, error);
  } else {
    loom_error again;
    assert_int_equal(loom_ingest_read(ingest, input, &again), status); /* a failure is kept */
    assert_string_equal(again.message, error->message);
  }
  loom_input_close(input);
  loom_ingest_free(ingest);
  scratch_end(&scratch);
  return status;
}

/* Ingests the file in a transaction that is rolled back, so that one database serves all cases. */
static struct outcome ingest(loom_database *database, struct file file, const struct shape *shape,
                             uint64_t max_rejects) {
  struct outcome outcome = {0};
  struct loom_ingest_options options = {.source = "some/file.csv",
                                        .max_rejects = max_rejects,
                                        .threads = shape->threads,
                                        .block_size = shape->block_size,
                                        .always_libcsv = shape->always_libcsv};
  loom_staging *staging = new_staging(
      &(struct loom_staging_options){.kind = file.kind, .sort_capacity = shape->sort_capacity});
  size_t chunk = shape->chunk ? shape->chunk : file.size + 1;
  outcome.status = shape->chunk == FROM_FILE
                       ? read_file_into(staging, &options, database->zones, file, &outcome.error)
                       : read_into(staging, &options, database->zones, file.bytes, file.size, chunk,
                                   &outcome.error);
  assert_int_equal(staging->complete, outcome.status == LOOM_OK);
  if (outcome.status == LOOM_OK) {
    loom_error error;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(apply_all(staging, database, shape->sort_capacity, &error), LOOM_DONE, &error);
    outcome.contents = dump(database);
    loom_database_rollback(database);
  }
  take_rejects(staging, &outcome.rejects);
  outcome.counts = staging->counts;
  loom_staging_free(staging);
  return outcome;
}

static void assert_same_outcome(const struct outcome *a, const struct outcome *b) {
  assert_int_equal(a->status, b->status);
  if (a->status != LOOM_OK) {
    assert_string_equal(a->error.message, b->error.message);
    assert_int_equal(a->error.line, b->error.line);
    return; /* how much was read before the failure depends on the blocks */
  }
  assert_buffer_equal(&a->contents, &b->contents);
  assert_buffer_equal(&a->rejects, &b->rejects);
  assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
}

static void assert_same_in_shape(loom_database *database, struct file file,
                                 const struct shape *shape, uint64_t max_rejects,
                                 const struct outcome *expected) {
  struct outcome outcome = ingest(database, file, shape, max_rejects);
  assert_same_outcome(expected, &outcome);
  outcome_free(&outcome);
}

/* The file gives what it gives as a whole, at every size of chunk and in all shapes. */
static void assert_same_however_taken(loom_database *database, struct file file,
                                      uint64_t max_rejects, const struct outcome *expected) {
  for (size_t chunk = 1; chunk <= file.size; chunk++) {
    assert_same_in_shape(database, file, &(struct shape){chunk, 0, 1, 64, false}, max_rejects,
                         expected);
    assert_same_in_shape(database, file, &(struct shape){chunk, 16, 2, 3, chunk % 2}, max_rejects,
                         expected);
  }
  for (size_t i = 0; i < COUNT_OF(shapes); i++) {
    struct shape shape = shapes[i];
    assert_same_in_shape(database, file, &shape, max_rejects, expected);
    shape.chunk = FROM_FILE;
    assert_same_in_shape(database, file, &shape, max_rejects, expected);
  }
}

/* ---- gzip ---- */

static void put_gzip(struct buffer *out, const void *bytes, size_t size) {
  unsigned char packed[8192];
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (unsigned char *)(uintptr_t)bytes;
  stream.avail_in = (unsigned)size;
  stream.next_out = packed;
  stream.avail_out = sizeof packed;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  buffer_put(out, packed, sizeof packed - stream.avail_out);
  deflateEnd(&stream);
}

/* ---- one content in many forms ---- */

static const char plain_polls[] =
    "store_id,status,timestamp_utc\n"
    "a,active,2023-01-24 09:06:42.605777 UTC\n"
    "b,inactive,2023-01-24 23:59:59.999999 UTC\n"
    "a,inactive,2023-01-25 00:00:00.000000 UTC\n"
    "b,active,2023-01-24 00:00:00.000000 UTC\n"
    "a,active,2023-01-24 09:06:42.605777 UTC\n";

/* Each says what plain_polls says. */
static const struct {
  const char *name, *text;
} forms[] = {
    {"plain", plain_polls},
    {"byte order mark",
     "\xef\xbb\xbfstore_id,status,timestamp_utc\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\n"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\n"
     "b,active,2023-01-24 00:00:00.000000 UTC\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n"},
    {"CRLF, no final line end",
     "store_id,status,timestamp_utc\r\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\r\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\r\n"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\r\n"
     "b,active,2023-01-24 00:00:00.000000 UTC\r\n"
     "a,active,2023-01-24 09:06:42.605777 UTC"},
    {"CR",
     "store_id,status,timestamp_utc\r"
     "a,active,2023-01-24 09:06:42.605777 UTC\r"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\r"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\r"
     "b,active,2023-01-24 00:00:00.000000 UTC\r"
     "a,active,2023-01-24 09:06:42.605777 UTC\r"},
    {"quotes",
     "\"store_id\",status,\"timestamp_utc\"\n"
     "\"a\",\"active\",\"2023-01-24 09:06:42.605777 UTC\"\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\n"
     "a,\"inactive\",2023-01-25 00:00:00.000000 UTC\n"
     "\"b\",active,2023-01-24 00:00:00.000000 UTC\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n"},
    {"blank lines, blanks",
     "\n \t\n store_id , status ,timestamp_utc\n\n"
     " a,active ,2023-01-24 09:06:42.605777 UTC\t\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\n  \n\n"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\n"
     "b,active,2023-01-24 00:00:00.000000 UTC\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n\n\n"},
    {"semicolons",
     "store_id;status;timestamp_utc\r\n"
     "a;active;2023-01-24 09:06:42.605777 UTC\r\n"
     "b;inactive;2023-01-24 23:59:59.999999 UTC\r\n"
     "a;inactive;2023-01-25 00:00:00.000000 UTC\r\n"
     "b;active;2023-01-24 00:00:00.000000 UTC\r\n"
     "a;active;2023-01-24 09:06:42.605777 UTC\r\n;;\r\n ; ;\r\n"},
    {"semicolons, told before",
     "sep=;\r\n"
     "store_id;status;timestamp_utc\r\n"
     "a;active;2023-01-24 09:06:42.605777 UTC\r\n"
     "b;inactive;2023-01-24 23:59:59.999999 UTC\r\n"
     "a;inactive;2023-01-25 00:00:00.000000 UTC\r\n"
     "b;active;2023-01-24 00:00:00.000000 UTC\r\n"
     "a;active;2023-01-24 09:06:42.605777 UTC\r\n"},
    {"tabs",
     "store_id\tstatus\ttimestamp_utc\n"
     "a\tactive\t2023-01-24 09:06:42.605777 UTC\n"
     "b\tinactive\t2023-01-24 23:59:59.999999 UTC\n"
     "a\tinactive\t2023-01-25 00:00:00.000000 UTC\n"
     "b\tactive\t2023-01-24 00:00:00.000000 UTC\n"
     "a\tactive\t2023-01-24 09:06:42.605777 UTC\n\t\t\n"},
    {"tabs, told before",
     "\"SEP=\t\"\n"
     "store_id\tstatus\ttimestamp_utc\n"
     "a\tactive\t2023-01-24 09:06:42.605777 UTC\n"
     "b\tinactive\t2023-01-24 23:59:59.999999 UTC\n"
     "a\tinactive\t2023-01-25 00:00:00.000000 UTC\n"
     "b\tactive\t2023-01-24 00:00:00.000000 UTC\n"
     "a\tactive\t2023-01-24 09:06:42.605777 UTC\n"},
    {"commas, told before",
     "sep=,\n"
     "store_id,status,timestamp_utc\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\n"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\n"
     "b,active,2023-01-24 00:00:00.000000 UTC\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\n"},
    {"semicolons and quotes",
     "store_id;status;timestamp_utc\n"
     "\"a\";active;\"2023-01-24 09:06:42.605777 UTC\"\n"
     "\"b\";inactive;\"2023-01-24 23:59:59.999999 UTC\"\n"
     "\"a\";inactive;\"2023-01-25 00:00:00.000000 UTC\"\n"
     "\"b\";active;\"2023-01-24 00:00:00.000000 UTC\"\n"
     "\"a\";active;\"2023-01-24 09:06:42.605777 UTC\"\n"},
    {"tabs and quotes",
     "store_id\tstatus\ttimestamp_utc\n"
     "\"a\"\tactive\t \"2023-01-24 09:06:42.605777 UTC\" \n"
     "\"b\"\tinactive\t \"2023-01-24 23:59:59.999999 UTC\" \n"
     "\"a\"\tinactive\t \"2023-01-25 00:00:00.000000 UTC\" \n"
     "\"b\"\tactive\t \"2023-01-24 00:00:00.000000 UTC\" \n"
     "\"a\"\tactive\t \"2023-01-24 09:06:42.605777 UTC\" \n"},
    {"rows of separators",
     "store_id,status,timestamp_utc\r\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\r\n"
     "b,inactive,2023-01-24 23:59:59.999999 UTC\r\n"
     "a,inactive,2023-01-25 00:00:00.000000 UTC\r\n"
     "b,active,2023-01-24 00:00:00.000000 UTC\r\n"
     "a,active,2023-01-24 09:06:42.605777 UTC\r\n,,\r\n , ,\r\n"},
    {"extra columns, another order, another case",
     "extra,TIMESTAMP_UTC,Status,,STORE_ID\n"
     "1,2023-01-24 09:06:42.605777 UTC,active,,a\n"
     "\"x,y\",2023-01-24 23:59:59.999999 UTC,inactive,\"line\nbreak\",b\n"
     ",2023-01-25 00:00:00.000000 UTC,inactive,,a\n"
     ",2023-01-24 00:00:00.000000 UTC,active,,b\n"
     ",2023-01-24 09:06:42.605777 UTC,active,,a\n"},
    {"forms of time",
     "store_id,status,timestamp_utc\n"
     "a,active,2023-01-24T09:06:42.605777Z\n"
     "b,inactive,2023-01-25 05:29:59.999999+05:30\n"
     "a,inactive,2023-01-25 00:00:00\n"
     "b,active,2023-01-23T16:00:00-08:00\n"
     "a,active,2023-01-24 09:06:42.605777999\n"},
};

static void every_form_means_the_same(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct outcome plain =
      ingest(database, (struct file){LOOM_POLLS, plain_polls, sizeof plain_polls - 1}, &whole, 0);
  assert_status(plain.status, LOOM_OK, &plain.error);
  assert_counts(&plain.counts, 5, 4, 1, 0, 0);
  /* Sanity of the yardstick itself: the little-endian block of store a on the 24th. */
  assert_non_null(strstr(plain.contents.bytes, "1:a"));
  for (size_t i = 0; i < COUNT_OF(forms); i++) {
    struct file file = {LOOM_POLLS, forms[i].text, strlen(forms[i].text)};
    struct outcome outcome = ingest(database, file, &whole, 0);
    if (outcome.status != LOOM_OK)
      print_error("%s: %s\n", forms[i].name, outcome.error.message);
    assert_same_outcome(&plain, &outcome);
    outcome_free(&outcome);
    assert_same_however_taken(database, file, 0, &plain);
  }
  outcome_free(&plain);
  loom_database_close(database);
}

static void gzip_means_the_same(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct outcome plain =
      ingest(database, (struct file){LOOM_POLLS, plain_polls, sizeof plain_polls - 1}, &whole, 0);
  /* One member; then members cut at odd places, an empty one among them. */
  for (size_t cut = 0; cut < sizeof plain_polls - 1; cut += 31) {
    struct buffer packed = {0};
    if (cut) {
      put_gzip(&packed, plain_polls, cut / 2);
      put_gzip(&packed, plain_polls + cut / 2, cut - cut / 2);
      put_gzip(&packed, "", 0);
    }
    put_gzip(&packed, plain_polls + cut, sizeof plain_polls - 1 - cut);
    struct file file = {LOOM_POLLS, packed.bytes, packed.length};
    struct outcome outcome = ingest(database, file, &whole, 0);
    assert_same_outcome(&plain, &outcome);
    outcome_free(&outcome);
    if (cut == 0 || cut == 62)
      assert_same_however_taken(database, file, 0, &plain);
    buffer_free(&packed);
  }
  outcome_free(&plain);
  loom_database_close(database);
}

/* A file may name a separator that nobody reads, a NUL among them. */
static void separators_that_are_none(void **state) {
  (void)state;
  loom_database *database = memory_database();
  static const char text[] = "sep=?\nstore_id,status,timestamp_utc\n";
  static const char *const shown[] = {"\"|\"", "\"\\x00\"", "\"\\xff\""};
  for (int i = 0; i < 3; i++) {
    char copy[sizeof text], message[200];
    memcpy(copy, text, sizeof text);
    copy[4] = "|\0\xff"[i];
    struct file file = {LOOM_POLLS, copy, sizeof text - 1};
    struct outcome outcome = ingest(database, file, &whole, LOOM_ALL_REJECTS);
    snprintf(message, sizeof message,
             "some/file.csv:1: sep=: %s is not a separator (a comma, semicolon or tab)", shown[i]);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_string_equal(outcome.error.message, message);
    assert_same_however_taken(database, file, LOOM_ALL_REJECTS, &outcome);
    outcome_free(&outcome);
  }
  loom_database_close(database);
}

/* Text of ASCII as UTF-16, with a byte order mark. */
static void put_utf16(struct buffer *out, const char *text, size_t size, bool big_endian) {
  buffer_put(out, big_endian ? "\xfe\xff" : "\xff\xfe", 2);
  for (size_t i = 0; i < size; i++) {
    const char unit[2] = {big_endian ? '\0' : text[i], big_endian ? text[i] : '\0'};
    buffer_put(out, unit, 2);
  }
}

static void utf16_means_the_same(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct outcome plain =
      ingest(database, (struct file){LOOM_POLLS, plain_polls, sizeof plain_polls - 1}, &whole, 0);
  for (int form = 0; form < 4; form++) {
    struct buffer text = {0}, packed = {0};
    put_utf16(&text, plain_polls, sizeof plain_polls - 1, form & 1);
    put_gzip(&packed, text.bytes, text.length);
    struct buffer *chosen = form < 2 ? &text : &packed;
    struct file file = {LOOM_POLLS, chosen->bytes, chosen->length};
    struct outcome outcome = ingest(database, file, &whole, 0);
    assert_same_outcome(&plain, &outcome);
    outcome_free(&outcome);
    assert_same_however_taken(database, file, 0, &plain);
    buffer_free(&packed);
    buffer_free(&text);
  }
  outcome_free(&plain);
  loom_database_close(database);
}

/* The database's contents, written out by hand. */
static void polls_are_packed_by_day(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\n"
       "b,active,1970-01-01 00:00:00.000001\n"
       "a,inactive,1969-12-31 23:59:59.999999\n"
       "b,inactive,1970-01-01 00:00:01\n"
       "1481966498820158979,active,1970-01-02 00:00:00\n");
  struct buffer found = dump(database), expected = {0};
  buffer_printf(&expected,
                "query 0\n"
                "19:1481966498820158979 - 11:86400000000 11:86400000000 \n"
                "1:a - 2:-1 2:-1 \n"
                "1:b - 1:1 7:1000000 \n"
                "query 1\n"
                "2:-1 1:a 16:FEFFFFFFFFFFFFFF \n"
                "1:0 1:b 32:030000000000000080841E0000000000 \n"
                "1:1 19:1481966498820158979 16:01C0AE3B28000000 \n"
                "query 2\nquery 3\nquery 4\nquery 5\nquery 6\n"
                "query 7\nquery 8\nquery 9\n");
  assert_buffer_equal(&expected, &found);
  buffer_free(&expected);
  buffer_free(&found);
  loom_database_close(database);
}

static const struct {
  enum loom_kind kind;
  const char *text;
  uint64_t added, duplicates;
  const char *contents; /* a part of the dump */
} other_kinds[] = {
    {LOOM_HOURS,
     "store_id,dayOfWeek,start_time_local,end_time_local\n"
     "s,0,09:00:00,17:30\ns,6,00:00,24:00:00\r\n\"t,\"\"u\"\"\n\",3,22:00:00,02:00:00\ns,0,09:00,"
     "17:30:00\n",
     3, 1,
     "query 3\n1:s 10:0001-01-01 1:0 5:32400 5:63000 \n1:s 10:0001-01-01 1:6 1:0 5:86400 \n"
     "6:t,\"u\"\n 10:0001-01-01 1:3 5:79200 4:7200 \n"},
    {LOOM_HOURS,
     "day,STORE_ID,end_time_local,start_time_local,effective_from\n"
     "1,s,17:00,09:00,\n2,s,18:00,10:00,2023-06-01\n0,t,,closed,2024-01-01\n0,t,17:00,25:00,\n",
     0, 0, NULL},
    {LOOM_HOURS,
     "day,STORE_ID,end_time_local,start_time_local,effective_from\n"
     "1,s,17:00,09:00,\n2,s,18:00,10:00,2023-06-01\n0,t,,Closed,2024-01-01\n",
     3, 0,
     "query 2\n1:s 10:0001-01-01 \n1:s 10:2023-06-01 \n1:t 10:2024-01-01 \n"
     "query 3\n1:s 10:0001-01-01 1:1 5:32400 5:61200 \n1:s 10:2023-06-01 1:2 5:36000 5:64800 "
     "\nquery 4\n"},
    {LOOM_TIMEZONES,
     "timezone_str,store_id\nAmerica/Denver,s\n\"Asia/Kolkata\",\"t\"\nAmerica/Denver,s\n", 2, 1,
     "query 0\n1:s 14:America/Denver - - \n1:t 12:Asia/Kolkata - - \n"},
    {LOOM_SPECIAL_DAYS,
     "store_id,date,open,close,note\ns,2023-12-25,,,\"Christmas, closed\"\n"
     "*,2023-12-24,09:00,12:00,\n*,2023-12-24,13:00,15:00,\"two\nlines\"\ns,2023-12-25,,,"
     "\"Christmas, closed\"\n",
     3, 1,
     "query 4\n- 10:2023-12-24 5:32400 5:43200 0: \n- 10:2023-12-24 5:46800 5:54000 9:two\nlines \n"
     "1:s 10:2023-12-25 - - 17:Christmas, closed \n"},
    {LOOM_EXCLUSIONS,
     "store_id,from_utc,to_utc,reason\ns,1970-01-01 00:00:00,1970-01-01 00:00:01,x\n"
     "*,1970-01-01T00:00:00+01:00,1970-01-01 00:00:00.000001,\ns,1970-01-01 00:00:00,1970-01-01 "
     "00:00:01,x\n",
     2, 1, "query 5\n- 11:-3600000000 1:1 0: \n1:s 1:0 7:1000000 1:x \n"},
    {LOOM_ATTRIBUTES,
     "\xef\xbb\xbf region , STORE_ID ,\"kind, of \"\"shop\"\"\",Region\r\n"
     "west,s,\"a\nb\", \r\n\"\",t,\tkiosk\t,x y\n east ,\"u,v\",,\n",
     5, 0,
     "query 6\n1:s 15:kind, of \"shop\" 3:a\nb \n1:s 6:region 4:west \n"
     "1:t 6:Region 3:x y \n1:t 15:kind, of \"shop\" 5:kiosk \n3:u,v 6:region 4:east \nquery 7\n"},
    {LOOM_ATTRIBUTES, "store_id\ns\n\"t\"\ns", 0, 0, "query 6\nquery 7\n"},
    {LOOM_ATTRIBUTES, "store_id,a\ns,1\nt,2\ns,1\nt,2", 2, 2,
     "query 6\n1:s 1:a 1:1 \n1:t 1:a 1:2 \n"},
    {LOOM_ATTRIBUTES, "store_id,a,b,a\ns,1,2,3\n", 0, 0, NULL},
    {LOOM_ATTRIBUTES, "store_id,a,\ns,1,\n", 0, 0, NULL},
};

static void other_kinds_however_taken(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(other_kinds); i++) {
    struct file file = {other_kinds[i].kind, other_kinds[i].text, strlen(other_kinds[i].text)};
    struct outcome outcome = ingest(database, file, &whole, 0);
    if (other_kinds[i].contents) {
      assert_status(outcome.status, LOOM_OK, &outcome.error);
      /* A row of attributes may add any number of them. */
      assert_counts(&outcome.counts,
                    file.kind == LOOM_ATTRIBUTES ? outcome.counts.rows
                                                 : other_kinds[i].added + other_kinds[i].duplicates,
                    other_kinds[i].added, other_kinds[i].duplicates, 0, 0);
      if (!strstr(outcome.contents.bytes, other_kinds[i].contents))
        print_error("%s\n", outcome.contents.bytes);
      assert_non_null(strstr(outcome.contents.bytes, other_kinds[i].contents));
    } else {
      if (outcome.status != LOOM_EINPUT)
        print_error("%s is taken\n", other_kinds[i].text);
      assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    }
    assert_same_however_taken(database, file, 0, &outcome);
    outcome_free(&outcome);
  }
  loom_database_close(database);
}

/* ---- bad input ---- */

#define POLLS_HEADER "store_id,status,timestamp_utc\n"
#define NOT_A_TIMESTAMP                                                                            \
  "is not a timestamp (YYYY-MM-DD HH:MM[:SS[.ffffff]] then nothing, UTC, Z or like +HH:MM; or "    \
  "seconds since 1970)"
#define NOT_A_TIME "is not a time of day (HH:MM or HH:MM:SS, 00:00 to 24:00, or with AM or PM)"
#define NOT_A_WEEKDAY "is not a weekday (0 = Monday to 6 = Sunday, or its English name)"
#define NOT_AN_ORIGIN "is not an origin (file or override)"
#define LAYERED_HOURS "store_id,day,start_time_local,end_time_local,effective_from,origin\n"
#define NOT_A_STATUS "is not a status (active or inactive)"
#define ID_85                                                                                      \
  "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
#define GOOD_POLL "a,active,2023-01-24 09:06:42.605777 UTC\n"
#define HOURS_HEADER "store_id,day,start_time_local,end_time_local,effective_from\n"

/* One bad row each, on the line given; all other rows are good. */
static const struct {
  enum loom_kind kind;
  const char *text;
  uint64_t line, good;
  const char *message; /* after "some/file.csv:LINE: " */
} bad_rows[] = {
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "a,active,2023-02-30 10:00:00 UTC\n" GOOD_POLL, 3, 2,
     "timestamp_utc: \"2023-02-30 10:00:00 UTC\" is not a date"},
    {LOOM_POLLS, POLLS_HEADER "a,active,2023-02-03 25:00:00 UTC\n", 2, 0,
     "timestamp_utc: \"2023-02-03 25:00:00 UTC\" " NOT_A_TIMESTAMP},
    {LOOM_POLLS, POLLS_HEADER "a,active,2023-13-03 05:00:00 UTC\n", 2, 0,
     "timestamp_utc: \"2023-13-03 05:00:00 UTC\" is not a date"},
    {LOOM_POLLS, POLLS_HEADER "a,active,yesterday\n", 2, 0,
     "timestamp_utc: \"yesterday\" " NOT_A_TIMESTAMP},
    {LOOM_POLLS, POLLS_HEADER "a,active,\n", 2, 0, "timestamp_utc: \"\" " NOT_A_TIMESTAMP},
    {LOOM_POLLS, POLLS_HEADER "a,active,0000-01-01 00:00:00 UTC\n", 2, 0,
     "timestamp_utc: \"0000-01-01 00:00:00 UTC\" is not a date"},
    /* The same date as the row before, which takes the short way. */
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "a,active,2023-01-24 09:60:42.605777 UTC\n", 3, 1,
     "timestamp_utc: \"2023-01-24 09:60:42.605777 UTC\" " NOT_A_TIMESTAMP},
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "a,active,2023-01-24 09:06:42.6057x7 UTC\n", 3, 1,
     "timestamp_utc: \"2023-01-24 09:06:42.6057x7 UTC\" " NOT_A_TIMESTAMP},
    {LOOM_POLLS, POLLS_HEADER "a,active,0001-01-01 00:00:00+00:01\n", 2, 0,
     "timestamp_utc: \"0001-01-01 00:00:00+00:01\" is outside the years 1 to 9999 in UTC"},
    {LOOM_POLLS, POLLS_HEADER "a,up,2023-02-03 05:00:00 UTC\n", 2, 0,
     "status: \"up\" " NOT_A_STATUS},
    {LOOM_POLLS, POLLS_HEADER "a,active!,2023-02-03 05:00:00 UTC\n", 2, 0,
     "status: \"active!\" " NOT_A_STATUS},
    {LOOM_POLLS, POLLS_HEADER "a,\"say \"\"hi\"\"\n\x01\",2023-02-03 05:00:00 UTC\n", 2, 0,
     "status: \"say \\\"hi\\\"\\x0a\\x01\" " NOT_A_STATUS},
    {LOOM_POLLS, POLLS_HEADER " ,active,2023-02-03 05:00:00 UTC\n", 2, 0,
     "store_id: \"\" is not a store id: it is empty"},
    {LOOM_POLLS,
     POLLS_HEADER GOOD_POLL GOOD_POLL ID_85 ID_85 ID_85
     "x,active,2023-02-03 05:00:00 UTC\n" GOOD_POLL,
     4, 3,
     "store_id: "
     "\"12345678901234567890123456789012345678901234567890123456789012345678901234567890...\""
     " is not a store id: it is longer than 255 bytes"},
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "\n\n\na,active\n" GOOD_POLL, 6, 2,
     "the row has 2 fields, but the header has 3"},
    {LOOM_POLLS, POLLS_HEADER "a,active,2023-02-03 05:00:00 UTC,\n", 2, 0,
     "the row has 4 fields, but the header has 3"},
    {LOOM_POLLS, POLLS_HEADER "a\n", 2, 0, "the row has 1 field, but the header has 3"},
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "a,act\"ive\",2023-02-03 05:00:00 UTC\n" GOOD_POLL, 3, 2,
     "the row has an invalid quote"},
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "\"a\"b,active,2023-02-03 05:00:00 UTC\n" GOOD_POLL, 3, 2,
     "the row has an invalid quote"},
    {LOOM_POLLS, POLLS_HEADER GOOD_POLL "\"a,active,2023-02-03 05:00:00 UTC\n", 3, 1,
     "the row has a quote that is not closed"},
    /* A row of three lines counts as three: the bad one is on line 6. */
    {LOOM_POLLS,
     POLLS_HEADER "\"a\nb\r\nc\",active,2023-02-03 05:00:00\n" GOOD_POLL
                  "a,on,2023-02-03 05:00:00\n",
     6, 2, "status: \"on\" " NOT_A_STATUS},
    {LOOM_HOURS, HOURS_HEADER "s,-1,09:00,17:00,\n", 2, 0, "dayOfWeek: \"-1\" " NOT_A_WEEKDAY},
    {LOOM_HOURS, HOURS_HEADER "s,0,09:00,17:00,\ns,7,09:00,17:00,\n", 3, 1,
     "dayOfWeek: \"7\" " NOT_A_WEEKDAY},
    {LOOM_HOURS, HOURS_HEADER "s,Mo,09:00,17:00,\n", 2, 0, "dayOfWeek: \"Mo\" " NOT_A_WEEKDAY},
    {LOOM_HOURS, HOURS_HEADER "s,,09:00,17:00,\n", 2, 0, "dayOfWeek: \"\" " NOT_A_WEEKDAY},
    {LOOM_HOURS, HOURS_HEADER "s,0,09:00,24:01,\n", 2, 0, "end_time_local: \"24:01\" " NOT_A_TIME},
    {LOOM_HOURS, HOURS_HEADER "s,0,9xm,17:00,\n", 2, 0, "start_time_local: \"9xm\" " NOT_A_TIME},
    {LOOM_HOURS, HOURS_HEADER "s,0,closed,17:00,\n", 2, 0,
     "start_time_local: \"closed\" " NOT_A_TIME},
    {LOOM_HOURS, HOURS_HEADER "s,0,09:00,17:00,2023-02-29\n", 2, 0,
     "effective_from: \"2023-02-29\" is not a date"},
    {LOOM_HOURS, LAYERED_HOURS "s,0,09:00,17:00,,file\ns,0,09:00,17:00,,hand\n", 3, 1,
     "origin: \"hand\" " NOT_AN_ORIGIN},
    {LOOM_HOURS, LAYERED_HOURS "s,0,reverts,,,override\ns,0,reverts,,,\n", 3, 1,
     "start_time_local: \"reverts\" is for rows whose origin is override alone"},
    {LOOM_HOURS, HOURS_HEADER "s,0,reverts,,2023-02-01\n", 2, 0,
     "start_time_local: \"reverts\" is for rows whose origin is override alone"},
    {LOOM_HOURS, LAYERED_HOURS "s,0,reverts,17:00,,override\n", 2, 0,
     "start_time_local: \"reverts\" " NOT_A_TIME},
    {LOOM_TIMEZONES, "origin,store_id,timezone_str\noverride,s,UTC\nfiles,s,UTC\n", 3, 1,
     "origin: \"files\" " NOT_AN_ORIGIN},
    {LOOM_SPECIAL_DAYS,
     "store_id,date,open,close,origin\n*,2023-02-03,,,override\n*,2023-02-03,,,*\n", 3, 1,
     "origin: \"*\" " NOT_AN_ORIGIN},
    {LOOM_SPECIAL_DAYS, "store_id,date,open,close,origin\n*,2023-02-03,reverts,,override\n", 2, 0,
     "open: \"reverts\" " NOT_A_TIME},
    {LOOM_TIMEZONES, "store_id,timezone_str\ns,Mars/Olympus\n", 2, 0,
     "timezone_str: \"Mars/Olympus\" is not a zone of the tz database"},
    {LOOM_TIMEZONES, "store_id,timezone_str\ns,../etc/passwd\nt,UTC\n", 2, 1,
     "timezone_str: \"../etc/passwd\" is not a zone of the tz database"},
    {LOOM_TIMEZONES, "store_id,timezone_str\ns,\n", 2, 0,
     "timezone_str: \"\" is not a zone of the tz database"},
    {LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-02-30,,\n", 2, 0,
     "date: \"2023-02-30\" is not a date"},
    {LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-02-03,09:00,\n", 2, 0,
     "close: \"\" " NOT_A_TIME},
    {LOOM_SPECIAL_DAYS, "store_id,date,open,close\n,2023-02-03,,\n", 2, 0,
     "store_id: \"\" is not a store id: it is empty"},
    {LOOM_EXCLUSIONS, "store_id,from_utc,to_utc\ns,2023-02-03 10:00:00,2023-02-03 10:00:00\n", 2, 0,
     "to_utc: \"2023-02-03 10:00:00\" is not after from_utc"},
    {LOOM_EXCLUSIONS, "store_id,from_utc,to_utc\ns,noon,2023-02-03 10:00:00\n", 2, 0,
     "from_utc: \"noon\" " NOT_A_TIMESTAMP},
    {LOOM_ATTRIBUTES, "store_id,a\ns,1\n ,1\nt,1\n", 3, 2,
     "store_id: \"\" is not a store id: it is empty"},
    {LOOM_ATTRIBUTES, "a,store_id\n1,s\n1\n1,t\n", 3, 2,
     "the row has 1 field, but the header has 2"},
    /* Also where there is no attribute to look at. */
    {LOOM_ATTRIBUTES, "store_id\n\"\"\n", 2, 0, "store_id: \"\" is not a store id: it is empty"},
    {LOOM_ATTRIBUTES, "store_id\ns,1\n", 2, 0, "the row has 2 fields, but the header has 1"},
};

static void bad_rows_are_told(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct buffer untouched = dump(database);
  for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
    char message[LOOM_MESSAGE_SIZE];
    struct file file = {bad_rows[i].kind, bad_rows[i].text, strlen(bad_rows[i].text)};
    snprintf(message, sizeof message, "some/file.csv:%llu: %s",
             (unsigned long long)bad_rows[i].line, bad_rows[i].message);
    struct outcome outcome = ingest(database, file, &whole, 0);
    if (outcome.status != LOOM_EINPUT)
      print_error("%s is taken\n", bad_rows[i].text);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_int_equal(outcome.error.code, LOOM_EINPUT);
    assert_string_equal(outcome.error.message, message);
    assert_int_equal(outcome.error.line, bad_rows[i].line);
    assert_same_however_taken(database, file, 0, &outcome);
    outcome_free(&outcome);

    outcome = ingest(database, file, &whole, 1);
    assert_status(outcome.status, LOOM_OK, &outcome.error);
    assert_int_equal(outcome.counts.rejected, 1);
    assert_int_equal(outcome.counts.rows, bad_rows[i].good + 1);
    assert_int_equal(outcome.counts.added + outcome.counts.duplicates, bad_rows[i].good);
    assert_same_however_taken(database, file, 1, &outcome);
    outcome_free(&outcome);
  }
  struct buffer after = dump(database);
  assert_buffer_equal(&untouched, &after);
  buffer_free(&untouched);
  buffer_free(&after);
  loom_database_close(database);
}

#define EXPECTED_POLLS ": expected store_id, status, timestamp_utc; found "

static const struct {
  enum loom_kind kind;
  const char *text, *message;
} bad_files[] = {
    {LOOM_POLLS, "", "is empty: expected a header with store_id,status,timestamp_utc"},
    {LOOM_POLLS, "\xef\xbb\xbf", "is empty: expected a header with store_id,status,timestamp_utc"},
    {LOOM_POLLS, "\xef", "the header has no column store_id" EXPECTED_POLLS "\"\\xef\""},
    {LOOM_POLLS, "\n \r\n\t\n", "is empty: expected a header with store_id,status,timestamp_utc"},
    {LOOM_POLLS, "store_id,status\na,active\n",
     "the header has no column timestamp_utc" EXPECTED_POLLS "\"store_id,status\""},
    {LOOM_POLLS, "a,active,2023-01-24 09:06:42.605777 UTC",
     "the header has no column store_id" EXPECTED_POLLS
     "\"a,active,2023-01-24 09:06:42.605777 UTC\""},
    {LOOM_POLLS, "store_id,status,timestamp_utc,Status\n",
     "the header has the column status twice" EXPECTED_POLLS
     "\"store_id,status,timestamp_utc,Status\""},
    {LOOM_HOURS, "store_id,day,dayOfWeek,start_time_local,end_time_local\n",
     "the header has the column dayOfWeek twice: expected store_id, dayOfWeek (or day),"
     " start_time_local, end_time_local; found"
     " \"store_id,day,dayOfWeek,start_time_local,end_time_local\""},
    {LOOM_HOURS, "store_id,start_time_local,end_time_local\n",
     "the header has no column dayOfWeek: expected store_id, dayOfWeek (or day),"
     " start_time_local, end_time_local; found \"store_id,start_time_local,end_time_local\""},
    {LOOM_TIMEZONES, "store_id\n",
     "the header has no column timezone_str: expected store_id, timezone_str; found \"store_id\""},
    {LOOM_SPECIAL_DAYS, "store_id,date,open\n",
     "the header has no column close: expected store_id, date, open, close; found"
     " \"store_id,date,open\""},
    {LOOM_EXCLUSIONS, "store_id,from_utc,reason\n",
     "the header has no column to_utc: expected store_id, from_utc, to_utc; found"
     " \"store_id,from_utc,reason\""},
    {LOOM_ATTRIBUTES, "", "is empty: expected a header with store_id"},
    {LOOM_ATTRIBUTES, "store,region\ns,west\n",
     "the header has no column store_id: expected store_id; found \"store,region\""},
    {LOOM_ATTRIBUTES, "store_id,region, region \ns,west,east\n",
     "the header has an attribute twice: expected store_id; found \"store_id,region, region \""},
    {LOOM_ATTRIBUTES, "store_id,region,STORE_ID\n",
     "the header has the column store_id twice: expected store_id; found "
     "\"store_id,region,STORE_ID\""},
    {LOOM_ATTRIBUTES, "store_id, \t,region\n",
     "the header has an attribute whose name is not of 1 to 64 bytes: expected store_id; found"
     " \"store_id, \\x09,region\""},
    {LOOM_POLLS,
     "\x7f"
     "ELF\x02\x01\n",
     "is not a text file" EXPECTED_POLLS "\"\\x7fELF\\x02\\x01\""},
};

static void bad_files_are_told(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(bad_files); i++) {
    char message[LOOM_MESSAGE_SIZE];
    struct file file = {bad_files[i].kind, bad_files[i].text, strlen(bad_files[i].text)};
    snprintf(message, sizeof message, "some/file.csv: %s", bad_files[i].message);
    struct outcome outcome = ingest(database, file, &whole, LOOM_ALL_REJECTS);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_string_equal(outcome.error.message, message);
    assert_int_equal(outcome.error.line, 0);
    assert_same_however_taken(database, file, LOOM_ALL_REJECTS, &outcome);
    outcome_free(&outcome);
  }
  loom_database_close(database);
}

static void binary_headers_are_told(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
    const char *message;
  } cases[] = {
      {"SQLite format 3\0\x10\0\n", 19,
       "some/file.csv:1: is not a text file with a header: its first row has a NUL byte"},
      {"\n\n\"store_id", 11,
       "some/file.csv:3: is not a text file with a header: its first row has a quote that is not "
       "closed"},
      /* Half of what gzip begins with. */
      {"\x1f"
       "A,b\n",
       5,
       "some/file.csv: is not a text file: expected store_id, status, timestamp_utc; found "
       "\"\\x1fA,b\""},
      {"store\"_id\n", 10,
       "some/file.csv:1: is not a text file with a header: its first row has an invalid quote"},
  };
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct file file = {LOOM_POLLS, cases[i].bytes, cases[i].size};
    struct outcome outcome = ingest(database, file, &whole, LOOM_ALL_REJECTS);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_string_equal(outcome.error.message, cases[i].message);
    assert_same_however_taken(database, file, LOOM_ALL_REJECTS, &outcome);
    outcome_free(&outcome);
  }
  loom_database_close(database);
}

static void nul_byte_in_a_row(void **state) {
  (void)state;
  static const char text[] = POLLS_HEADER GOOD_POLL
      "a,act\0ive,2023-02-03 05:00:00\n"
      "\"b\0\",active,2023-02-03 05:00:00\n" GOOD_POLL;
  struct file file = {LOOM_POLLS, text, sizeof text - 1};
  loom_database *database = memory_database();
  struct outcome outcome = ingest(database, file, &whole, 0);
  assert_int_equal(outcome.status, LOOM_EINPUT);
  assert_string_equal(outcome.error.message, "some/file.csv:3: the row has a NUL byte");
  assert_same_however_taken(database, file, 0, &outcome);
  outcome_free(&outcome);
  outcome = ingest(database, file, &whole, 2);
  assert_status(outcome.status, LOOM_OK, &outcome.error);
  assert_counts(&outcome.counts, 4, 1, 1, 0, 2);
  assert_same_however_taken(database, file, 2, &outcome);
  outcome_free(&outcome);
  loom_database_close(database);
}

/* Many bad rows, of every sort, in one file: what is handed out is exact and in order. */
static void rejects_are_handed_out(void **state) {
  (void)state;
  static const char text[] =
      POLLS_HEADER "a,active,2023-02-30 10:00:00 UTC\n" GOOD_POLL
                   "\"b \"\"x\"\"\",maybe,2023-02-03 10:00:00\r\n"
                   "c\n" GOOD_POLL
                   "d,\"a\"b,2023-02-03 10:00:00\n"
                   ",active,2023-02-03 10:00:00\n\"e,active,2023-02-03 10:00:00\n";
  static const char expected[] =
      "2: timestamp_utc: \"2023-02-30 10:00:00 UTC\" is not a date"
      ": [a,active,2023-02-30 10:00:00 UTC]\n"
      "4: status: \"maybe\" " NOT_A_STATUS
      ": [\"b \"\"x\"\"\",maybe,2023-02-03 10:00:00]\n"
      "5: : \"\" has 1 field, but the header has 3: [c]\n"
      "7: : \"\" has an invalid quote: [d,\"a\"b,2023-02-03 10:00:00]\n"
      "8: store_id: \"\" is not a store id: it is empty: [,active,2023-02-03 10:00:00]\n"
      "9: : \"\" has a quote that is not closed: [\"e,active,2023-02-03 10:00:00]\n";
  struct file file = {LOOM_POLLS, text, sizeof text - 1};
  loom_database *database = memory_database();
  struct outcome outcome = ingest(database, file, &whole, LOOM_ALL_REJECTS);
  assert_status(outcome.status, LOOM_OK, &outcome.error);
  assert_string_equal(outcome.rejects.bytes, expected);
  assert_counts(&outcome.counts, 8, 1, 1, 0, 6);
  assert_same_however_taken(database, file, LOOM_ALL_REJECTS, &outcome);
  assert_same_however_taken(database, file, 6, &outcome);
  outcome_free(&outcome);
  /* The row that exceeds the limit is the one that is told. */
  static const char *const told[] = {"some/file.csv:2: ", "some/file.csv:4: ", "some/file.csv:5: ",
                                     "some/file.csv:7: ", "some/file.csv:8: ", "some/file.csv:9: "};
  for (uint64_t limit = 0; limit < COUNT_OF(told); limit++) {
    outcome = ingest(database, file, &whole, limit);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_memory_equal(outcome.error.message, told[limit], strlen(told[limit]));
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
      assert_same_in_shape(database, file, &shapes[i], limit, &outcome);
    outcome_free(&outcome);
  }
  loom_database_close(database);
}

/* ---- rows of more than 64 KiB ---- */

/* A header, a good row, a row of `length` bytes before its line end, and two more good rows. */
static struct buffer file_with_long_row(size_t length, const char *line_end, bool quoted) {
  struct buffer text = {0};
  buffer_printf(&text, "store_id,status,timestamp_utc,note%s", line_end);
  buffer_printf(&text, "a,active,2023-01-24 09:00:00,%s", line_end);
  size_t begin = text.length;
  buffer_printf(&text,
                quoted ? "\"b\",active,2023-01-24 09:00:00," : "b,active,2023-01-24 09:00:00,");
  while (text.length < begin + length)
    buffer_put(&text, "x", 1);
  buffer_printf(&text, "%sc,active,2023-01-24 09:00:00,%s", line_end, line_end);
  buffer_printf(&text, "d,inactive,2023-01-24 09:00:00,%s", line_end);
  return text;
}

static void assert_long_rows(const char *line_end) {
  loom_database *database = memory_database();
  size_t end = strlen(line_end);
  for (int quoted = 0; quoted < 2; quoted++) {
    for (size_t length = 65536 - end - 1; length <= 65536 - end + 2; length++) {
      bool fits = length + end <= 65536;
      struct buffer text = file_with_long_row(length, line_end, quoted);
      struct file file = {LOOM_POLLS, text.bytes, text.length};
      struct outcome outcome = ingest(database, file, &whole, 1);
      assert_status(outcome.status, LOOM_OK, &outcome.error);
      assert_counts(&outcome.counts, 4, fits ? 4 : 3, 0, 0, fits ? 0 : 1);
      /* Block sizes that put the cut at every place around the long row's end. */
      static const size_t blocks[] = {100,   65536, 65560, 65599, 65600,  65601, 65602,
                                      65603, 65604, 65605, 65606, 65607,  65608, 65609,
                                      65610, 65611, 65620, 65640, 1 << 20};
      for (size_t b = 0; b < COUNT_OF(blocks); b++) {
        struct shape shape = {0, blocks[b], 1 + (unsigned)b % 2, 16, false};
        assert_same_in_shape(database, file, &shape, 1, &outcome);
      }
      assert_same_in_shape(database, file, &(struct shape){4096, 5000, 2, 16, false}, 1, &outcome);
      outcome_free(&outcome);
      outcome = ingest(database, file, &whole, 0);
      if (fits) {
        assert_status(outcome.status, LOOM_OK, &outcome.error);
      } else {
        assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
        assert_string_equal(outcome.error.message,
                            "some/file.csv:3: the row is longer than 65536 bytes");
      }
      outcome_free(&outcome);
      buffer_free(&text);
    }
  }
  loom_database_close(database);
}

static void long_rows_lf(void **state) {
  (void)state;
  assert_long_rows("\n");
}

static void long_rows_crlf(void **state) {
  (void)state;
  assert_long_rows("\r\n");
}

/* A block that ends between a long row's CR and the row after it once swallowed that row. */
static void long_rows_cr(void **state) {
  (void)state;
  assert_long_rows("\r");
}

/* A quote that is never closed costs its own line and no more. */
static void unclosed_quote_is_bounded(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct buffer text = {0};
  buffer_printf(&text, POLLS_HEADER "\"a,active,2023-01-24 09:00:00\n");
  for (int i = 0; i < 2500; i++)
    buffer_printf(&text, "store,active,2023-01-24 %02d:%02d:%02d\n", i / 3600, i / 60 % 60, i % 60);
  assert_true(text.length > LOOM_CSV_ROW_MAX);
  struct file file = {LOOM_POLLS, text.bytes, text.length};
  struct outcome outcome = ingest(database, file, &whole, 1);
  assert_status(outcome.status, LOOM_OK, &outcome.error);
  assert_counts(&outcome.counts, 2501, 2500, 0, 0, 1);
  assert_string_equal(outcome.rejects.bytes,
                      "2: : \"\" has a quote that is not closed within 65536 bytes:"
                      " [\"a,active,2023-01-24 09:00:00]\n");
  static const struct shape few[] = {{0, 1000, 2, 100, false},
                                     {777, 30000, 3, 100, false},
                                     {0, 65536, 2, 512, true},
                                     {0, 70000, 4, 512, false}};
  for (size_t i = 0; i < COUNT_OF(few); i++)
    assert_same_in_shape(database, file, &few[i], 1, &outcome);
  outcome_free(&outcome);
  buffer_free(&text);
  loom_database_close(database);
}

/* ---- damaged gzip ---- */

static void damaged_gzip(void **state) {
  (void)state;
  loom_database *database = memory_database();
  struct buffer packed = {0};
  put_gzip(&packed, plain_polls, sizeof plain_polls - 1);
  for (size_t size = 2; size < packed.length; size++) {
    struct file file = {LOOM_POLLS, packed.bytes, size};
    struct outcome outcome = ingest(database, file, &whole, 0);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    assert_string_equal(outcome.error.message, "some/file.csv: is truncated gzip data");
    outcome_free(&outcome);
    outcome = ingest(database, file, &(struct shape){1, 16, 2, 2, false}, 0);
    assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    outcome_free(&outcome);
  }
  struct file file = {LOOM_POLLS, packed.bytes, packed.length};
  packed.bytes[packed.length - 6] ^= 1; /* the checksum */
  struct outcome outcome = ingest(database, file, &whole, 0);
  assert_int_equal(outcome.status, LOOM_EINPUT);
  assert_string_equal(outcome.error.message,
                      "some/file.csv: is damaged gzip data: incorrect data check");
  assert_same_however_taken(database, file, 0, &outcome);
  outcome_free(&outcome);
  packed.bytes[packed.length - 6] ^= 1;
  buffer_put(&packed, "tail", 4);
  file = (struct file){LOOM_POLLS, packed.bytes, packed.length};
  outcome = ingest(database, file, &whole, 0);
  assert_string_equal(outcome.error.message,
                      "some/file.csv: is damaged gzip data: incorrect header check");
  assert_same_however_taken(database, file, 0, &outcome);
  outcome_free(&outcome);
  /* Any one bit flipped: the checksum tells, or the flip did no harm (the header's time and flags). */
  struct outcome good =
      ingest(database, (struct file){LOOM_POLLS, packed.bytes, packed.length - 4}, &whole, 0);
  for (size_t bit = 16; bit < (packed.length - 4) * 8; bit++) {
    packed.bytes[bit / 8] = (char)(packed.bytes[bit / 8] ^ (1 << bit % 8));
    outcome =
        ingest(database, (struct file){LOOM_POLLS, packed.bytes, packed.length - 4}, &whole, 0);
    if (outcome.status == LOOM_OK)
      assert_same_outcome(&good, &outcome);
    else
      assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
    outcome_free(&outcome);
    packed.bytes[bit / 8] = (char)(packed.bytes[bit / 8] ^ (1 << bit % 8));
  }
  outcome_free(&good);
  buffer_free(&packed);
  /* Good gzip around text that is not a poll file. */
  put_gzip(&packed, "nonsense\n", 9);
  outcome = ingest(database, (struct file){LOOM_POLLS, packed.bytes, packed.length}, &whole, 0);
  assert_string_equal(outcome.error.message,
                      "some/file.csv: the header has no column store_id" EXPECTED_POLLS
                      "\"nonsense\"");
  outcome_free(&outcome);
  buffer_free(&packed);
  loom_database_close(database);
}

/* ---- misuse and lifetime ---- */

static void failures_latch(void **state) {
  (void)state;
  loom_error first, error;
  loom_ingest *ingest;
  loom_database *database = memory_database();
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  struct loom_ingest_options options = {.source = "f", .threads = 1, .block_size = 8};
  assert_status(loom_ingest_new(&options, database->zones, staging, &ingest, &error), LOOM_OK,
                &error);
  assert_int_equal(loom_ingest_feed(ingest, "nonsense\nnonsense\n", 18, &first), LOOM_EINPUT);
  for (int i = 0; i < 2; i++) {
    error = (loom_error){0};
    assert_int_equal(loom_ingest_feed(ingest, POLLS_HEADER, 30, &error), LOOM_EINPUT);
    assert_string_equal(error.message, first.message);
    error = (loom_error){0};
    assert_int_equal(loom_ingest_finish(ingest, &error), LOOM_EINPUT);
    assert_string_equal(error.message, first.message);
    assert_int_equal(loom_ingest_feed(ingest, "x", 1, NULL), LOOM_EINPUT);
    assert_false(staging->complete); /* so that no sink stores it */
  }
  loom_ingest_free(ingest);
  loom_staging_free(staging);
  loom_database_close(database);
}

static void calls_out_of_order(void **state) {
  (void)state;
  loom_error error;
  loom_ingest *ingest;
  loom_database *database = memory_database();
  loom_staging *staging =
      new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = 2});
  struct loom_ingest_options options = {.source = "f"};
  assert_status(loom_ingest_new(&options, database->zones, staging, &ingest, &error), LOOM_OK,
                &error);
  assert_status(loom_ingest_feed(ingest, plain_polls, sizeof plain_polls - 1, &error), LOOM_OK,
                &error);
  assert_status(loom_ingest_feed(ingest, "", 0, &error), LOOM_OK, &error);
  assert_false(staging->complete);
  assert_status(loom_ingest_finish(ingest, &error), LOOM_OK, &error);
  assert_true(staging->complete);
  assert_status(loom_ingest_finish(ingest, &error), LOOM_OK, &error);
  assert_int_equal(loom_ingest_feed(ingest, "x", 1, &error), LOOM_EINVAL);
  assert_string_equal(error.message, "f: has been read already");
  loom_ingest_free(ingest);
  loom_ingest_free(NULL);
  loom_staging_free(staging);
  loom_database_close(database);
}

/* Leaks show under the sanitizers and Valgrind. */
static void freed_at_any_stage(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  struct buffer packed = {0};
  put_gzip(&packed, plain_polls, sizeof plain_polls - 1);
  for (unsigned threads = 1; threads < 4; threads++) {
    for (int gzip = 0; gzip < 2; gzip++) {
      const char *bytes = gzip ? packed.bytes : plain_polls;
      size_t size = gzip ? packed.length : sizeof plain_polls - 1;
      for (size_t fed = 0; fed <= size; fed += 5) {
        loom_ingest *ingest;
        loom_staging *staging =
            new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = 1});
        struct loom_ingest_options options = {
            .source = "f", .threads = threads, .block_size = 20, .max_rejects = LOOM_ALL_REJECTS};
        assert_status(loom_ingest_new(&options, database->zones, staging, &ingest, &error), LOOM_OK,
                      &error);
        assert_status(loom_ingest_feed(ingest, bytes, fed, &error), LOOM_OK, &error);
        if (fed % 2)
          loom_ingest_finish(ingest, &error);
        loom_ingest_free(ingest);
        loom_staging_free(staging);
      }
    }
  }
  /* Between steps of writing, with rejects not taken and one taken. */
  static const char text[] = POLLS_HEADER GOOD_POLL "bad\nbad\nb,active,2023-01-24 09:06:42\n";
  struct loom_reject reject;
  struct input_file file = {.reading = {.source = "f", .threads = 1, .max_rejects = 2},
                            .staging = {.kind = LOOM_POLLS, .sort_capacity = 1}};
  double share;
  loom_staging *staging = stage_bytes(database->zones, &file, text, sizeof text - 1);
  assert_true(loom_staging_take_reject(staging, &reject));
  loom_sink *sink = new_sink(database);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply(sink, staging, 1, &share, &error), LOOM_OK, &error);
  assert_true(share > 0 && share < 1);
  loom_sink_free(sink);
  loom_staging_free(staging);
  loom_database_rollback(database);
  buffer_free(&packed);
  loom_database_close(database);
}

/* ---- properties ---- */

#define ROWS 400

struct row {
  unsigned store, second;
  bool active;
};

/* Few stores and few instants, over several days, so that rows meet; `bool` is the status. */
static struct row random_row(uint64_t *state) {
  return (struct row){(unsigned)random_below(state, 6), (unsigned)random_below(state, 60),
                      random_below(state, 2)};
}

static struct buffer rows_text(const struct row *rows, size_t count) {
  struct buffer text = {0};
  buffer_printf(&text, POLLS_HEADER);
  for (size_t i = 0; i < count; i++)
    buffer_printf(&text, "store %u,%s,2023-01-%02u 12:00:%02u\n", rows[i].store,
                  rows[i].active ? "active" : "inactive", 1 + rows[i].second % 4, rows[i].second);
  return text;
}

static void shuffle(uint64_t *state, struct row *rows, size_t count) {
  for (size_t i = count; i > 1; i--) {
    size_t other = random_below(state, i);
    struct row swap = rows[other];
    rows[other] = rows[i - 1];
    rows[i - 1] = swap;
  }
}

static struct shape random_shape(uint64_t *state) {
  return (struct shape){.chunk = 1 + random_below(state, 300),
                        .block_size = 1 + random_below(state, 2000),
                        .threads = 1 + (unsigned)random_below(state, 4),
                        .sort_capacity = 1 + random_below(state, 200),
                        .always_libcsv = random_below(state, 4) == 0};
}

static void order_of_rows_does_not_matter(void **test) {
  (void)test;
  uint64_t state = 1;
  struct row rows[ROWS];
  loom_database *database = memory_database();
  for (size_t i = 0; i < ROWS; i++) {
    rows[i] = random_row(&state);
    rows[i].active = (rows[i].store + rows[i].second) % 2; /* no contradictions */
  }
  struct buffer text = rows_text(rows, ROWS);
  struct outcome expected =
      ingest(database, (struct file){LOOM_POLLS, text.bytes, text.length}, &whole, 0);
  assert_int_equal(expected.counts.conflicts, 0);
  assert_int_equal(expected.counts.added + expected.counts.duplicates, ROWS);
  buffer_free(&text);
  for (int round = 0; round < 40; round++) {
    struct shape shape = random_shape(&state);
    shuffle(&state, rows, ROWS);
    text = rows_text(rows, ROWS);
    assert_same_in_shape(database, (struct file){LOOM_POLLS, text.bytes, text.length}, &shape, 0,
                         &expected);
    buffer_free(&text);
  }
  outcome_free(&expected);
  loom_database_close(database);
}

/* Takes rows into a map, as SEMANTICS says; the oracle of what follows. */
struct map {
  signed char known[6][60]; /* 0: no poll, 1: inactive, 2: active */
  struct loom_counts counts;
};

static void map_take(struct map *map, const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    signed char *known = &map->known[rows[i].store][rows[i].second];
    signed char now = rows[i].active ? 2 : 1;
    map->counts.rows++;
    map->counts.added += *known == 0;
    map->counts.duplicates += *known == now;
    map->counts.conflicts += *known && *known != now;
    *known = now;
  }
}

static void assert_database_is_map(loom_database *database, const struct map *map) {
  struct row rows[6 * 60];
  size_t count = 0;
  for (unsigned store = 0; store < 6; store++)
    for (unsigned second = 0; second < 60; second++)
      if (map->known[store][second])
        rows[count++] = (struct row){store, second, map->known[store][second] == 2};
  struct buffer text = rows_text(rows, count);
  loom_database *other = memory_database();
  struct loom_counts counts = load(other, LOOM_POLLS, text.bytes);
  assert_int_equal(counts.added, count);
  struct buffer found = dump(database), expected = dump(other);
  assert_buffer_equal(&expected, &found);
  buffer_free(&found);
  buffer_free(&expected);
  buffer_free(&text);
  loom_database_close(other);
}

static void add_counts(struct loom_counts *sum, const struct loom_counts *more) {
  sum->rows += more->rows;
  sum->added += more->added;
  sum->duplicates += more->duplicates;
  sum->conflicts += more->conflicts;
  sum->rejected += more->rejected;
}

static void report_problem(void *context, const char *problem) {
  (void)context;
  print_error("%s\n", problem);
  fail();
}

/* The later row wins, in one file or in several, across runs, blocks, threads and transactions. */
static void later_rows_win(void **test) {
  (void)test;
  uint64_t state = 2;
  struct row rows[ROWS];
  for (int round = 0; round < 30; round++) {
    struct map map = {0};
    struct loom_counts counts = {0};
    loom_error error;
    loom_database *database = memory_database();
    for (size_t i = 0; i < ROWS; i++)
      rows[i] = random_row(&state);
    map_take(&map, rows, ROWS);
    size_t files = 1 + random_below(&state, 4);
    for (size_t f = 0; f < files; f++) {
      size_t begin = ROWS * f / files, end = ROWS * (f + 1) / files;
      struct shape shape = random_shape(&state);
      struct input_file file = {
          .reading = {.source = "f",
                      .threads = shape.threads,
                      .block_size = shape.block_size,
                      .always_libcsv = shape.always_libcsv},
          .staging = {.kind = LOOM_POLLS, .sort_capacity = round % 2 ? 7 : shape.sort_capacity}};
      struct buffer text = rows_text(rows + begin, end - begin);
      struct loom_counts some = load_bytes(database, &file, text.bytes, text.length);
      add_counts(&counts, &some);
      buffer_free(&text);
    }
    assert_memory_equal(&counts, &map.counts, sizeof counts);
    assert_true(counts.conflicts > 0 && counts.duplicates > 0);
    assert_database_is_map(database, &map);
    assert_status(loom_check_run(database, report_problem, NULL, &error), LOOM_OK, &error);
    loom_database_close(database);
  }
}

/* Ingesting anything again adds nothing and changes nothing. */
static void twice_is_once(void **test) {
  (void)test;
  static const struct {
    enum loom_kind kind;
    const char *text;
    uint64_t rows;
  } files[] = {
      {LOOM_POLLS, plain_polls, 5},
      {LOOM_HOURS,
       HOURS_HEADER
       "s,0,09:00,17:00,\ns,0,18:00,20:00,\ns,3,closed,,2023-06-01\nt,6,00:00,24:00,2020-02-29\n"
       "t,5,closed,closed,2020-02-29\nu,1,closed,,\nu,2,closed,,\nv,4,22:00,02:00,0001-01-01\n"
       "v,4,22:00,02:00,\n",
       9},
      {LOOM_TIMEZONES, "store_id,timezone_str\ns,America/Denver\nt,UTC\n", 2},
      {LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\n*,2023-12-25,,,closed\ns,2023-12-25,10:00,12:00,\n"
       "s,2023-12-25,08:00,09:00,early\nt,2023-12-24,,,\n*,2023-12-26,18:00,02:00,\"a,b\"\n",
       5},
      {LOOM_ATTRIBUTES, "region,store_id\nwest,s\neast,t\n", 2},
      {LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-01 01:00:00,\n"
       "s,2023-01-01 00:00:00,2023-01-01 01:00:00,upgrade\n"
       "s,2023-01-01 00:00:00,2023-01-01 01:00:00,other\n",
       3},
  };
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    struct loom_counts counts = load(database, files[i].kind, files[i].text);
    assert_int_equal(counts.rows, files[i].rows);
    assert_int_equal(counts.added + counts.duplicates, files[i].rows);
    struct buffer before = dump(database);
    int64_t changes = sqlite3_total_changes(database->sqlite);
    counts = load(database, files[i].kind, files[i].text);
    assert_counts(&counts, files[i].rows, 0, files[i].rows, 0, 0);
    struct buffer after = dump(database);
    assert_buffer_equal(&before, &after);
    if (files[i].kind != LOOM_POLLS) /* which rewrite the stores' first and newest poll */
      assert_int_equal(sqlite3_total_changes(database->sqlite), changes);
    buffer_free(&before);
    buffer_free(&after);
  }
  loom_database_close(database);
}

/* Hours, zones and special days replace what was there for the stores (and dates) of the file, and
 * no others. */
static void records_replace(void **test) {
  (void)test;
  loom_database *database = memory_database();
  load(database, LOOM_HOURS,
       HOURS_HEADER "s,0,09:00,17:00,\ns,1,09:00,17:00,2023-01-01\nt,2,09:00,17:00,\n");
  struct loom_counts counts =
      load(database, LOOM_HOURS, HOURS_HEADER "s,0,09:00,17:00,\ns,0,10:00,11:00,\n");
  assert_counts(&counts, 2, 1, 1, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM hours_week"), 2);
  assert_int_equal(number(database, "SELECT count(*) FROM hours"), 3);
  /* Fewer rows than before, all of them known: the rest must go. */
  counts = load(database, LOOM_HOURS, HOURS_HEADER "s,0,10:00,11:00,\n");
  assert_counts(&counts, 1, 0, 1, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM hours"), 2);
  assert_int_equal(number(database,
                          "SELECT open_s FROM hours JOIN store ON number = store"
                          " WHERE store_id = 's'"),
                   36000);

  load(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,UTC\nt,UTC\n");
  counts = load(database, LOOM_TIMEZONES,
                "store_id,timezone_str\ns,Asia/Tokyo\ns,Asia/Kolkata\nnew,UTC\n");
  assert_counts(&counts, 3, 1, 0, 2, 0);
  assert_int_equal(
      number(database,
             "SELECT count(*) FROM store WHERE store_id = 's' AND timezone = 'Asia/Kolkata'"),
      1);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE timezone = 'UTC'"), 2);

#define DAYS_HEADER "store_id,date,open,close,note\n"
  load(database, LOOM_SPECIAL_DAYS,
       DAYS_HEADER
       "s,2023-12-25,08:00,09:00,a\ns,2023-12-25,10:00,12:00,b\n*,2023-12-25,,,c\ns,"
       "2023-12-26,,,d\n");
  /* An earlier span in front does not make the known one new. */
  counts = load(database, LOOM_SPECIAL_DAYS,
                DAYS_HEADER "s,2023-12-25,06:00,07:00,\ns,2023-12-25,08:00,09:00,a\n");
  assert_counts(&counts, 2, 1, 1, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM special_day"), 4);
  assert_int_equal(number(database, "SELECT count(*) FROM special_day WHERE note = 'b'"), 0);
  /* Another note is another row. */
  counts = load(database, LOOM_SPECIAL_DAYS, DAYS_HEADER "*,2023-12-25,,,\n");
  assert_counts(&counts, 1, 1, 0, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM special_day WHERE note = 'c'"), 0);
  loom_database_close(database);
}

/* Attributes are each for itself: what a file does not name stays, and an empty value removes. */
static void attributes_replace(void **test) {
  (void)test;
  loom_database *database = memory_database();
  struct loom_counts counts =
      load(database, LOOM_ATTRIBUTES, "store_id,region,type\ns,west,kiosk\nt,east,\n");
  assert_counts(&counts, 2, 3, 0, 0, 0);
  /* One known, one new, one changed, one removed; the same store twice, and its later row wins. */
  counts = load(database, LOOM_ATTRIBUTES,
                "type,store_id,region\nkiosk,s,south\n,t,\nstand,u,north\nbooth,u,north\n");
  assert_counts(&counts, 4, 2, 2, 3, 0);
  struct buffer found = {0};
  dump_query(
      database,
      "SELECT store_id, name, value FROM attribute JOIN store ON number = store ORDER BY 1, 2",
      &found);
  assert_string_equal(found.bytes,
                      "1:s 6:region 5:south \n1:s 4:type 5:kiosk \n"
                      "1:u 6:region 5:north \n1:u 4:type 5:booth \n");
  buffer_free(&found);
  /* Removing what is not there is nothing; removing and setting again in one file is both. */
  counts = load(database, LOOM_ATTRIBUTES, "store_id,other\ns,\nt,\n");
  assert_counts(&counts, 2, 0, 0, 0, 0);
  counts = load(database, LOOM_ATTRIBUTES, "store_id,type\ns,\ns,kiosk\ns,\n");
  assert_counts(&counts, 3, 1, 0, 2, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM attribute"), 3);
  loom_database_close(database);
}

static void put_long_value(struct buffer *out, size_t length) {
  for (size_t i = 0; i < length; i++)
    buffer_put(out, &"0123456789abcdef"[i % 16], 1);
}

/* Values may be as long as notes, and a row that has a longer one leaves nothing, not even its store. */
static void long_attributes(void **test) {
  (void)test;
  struct buffer text = {0};
  loom_database *database = memory_database();
  buffer_printf(&text, "first,store_id,long,last\n1,s,");
  put_long_value(&text, LOOM_NOTE_MAX);
  buffer_printf(&text, ",1\n1,bad,");
  put_long_value(&text, LOOM_NOTE_MAX + 1);
  buffer_printf(&text, ",1\n1,s,x,2\n");
  struct file file = {LOOM_ATTRIBUTES, text.bytes, text.length};
  struct outcome outcome = ingest(database, file, &whole, 0);
  assert_int_equal(outcome.status, LOOM_EINPUT);
  assert_int_equal(outcome.error.line, 3);
  assert_non_null(strstr(outcome.error.message, "some/file.csv:3: attribute: \"0123456789"));
  assert_non_null(strstr(outcome.error.message, "is longer than 4096 bytes"));
  outcome_free(&outcome);
  outcome = ingest(database, file, &whole, 1);
  assert_status(outcome.status, LOOM_OK, &outcome.error);
  assert_counts(&outcome.counts, 3, 3, 1, 2, 1);
  assert_non_null(strstr(outcome.contents.bytes, "query 0\n1:s - - - \nquery 1\n"));
  assert_non_null(strstr(outcome.contents.bytes,
                         "query 6\n1:s 5:first 1:1 \n1:s 4:last 1:2 \n"
                         "1:s 4:long 1:x \nquery 7\n"));
  for (size_t i = 0; i < COUNT_OF(shapes); i++)
    assert_same_in_shape(database, file, &shapes[i], 1, &outcome);
  outcome_free(&outcome);
  text.length = 0;
  buffer_printf(&text, "store_id,long\ns,");
  put_long_value(&text, LOOM_NOTE_MAX);
  load(database, LOOM_ATTRIBUTES, text.bytes);
  assert_int_equal(number(database, "SELECT max(length(value)) FROM attribute"), LOOM_NOTE_MAX);
  buffer_free(&text);
  loom_database_close(database);
}

/* The file can be read, but not written. */
static void assert_not_written(loom_database *database, enum loom_kind kind,
                               const struct buffer *text, const char *reason) {
  struct input_file file = small_file(kind);
  loom_error error;
  loom_staging *staging = stage_bytes(database->zones, &file, text->bytes, text->length);
  loom_sink *sink = new_sink(database);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_int_equal(loom_sink_apply_all(sink, staging, &error), LOOM_ELIMIT);
  assert_non_null(strstr(error.message, reason));
  loom_sink_abandon(sink);
  loom_sink_free(sink);
  loom_staging_free(staging);
}

/* Files that could be read one by one are refused where what is stored could not be exported and read again. */
static void attributes_of_many_files(void **test) {
  (void)test;
  struct buffer text = {0};
  loom_database *database = memory_database();
  for (int name = 1; name <= 256; name++) {
    text.length = 0;
    buffer_printf(&text, "store_id,name %d\n%d,x\n", name, name % 7);
    if (name <= 255)
      load(database, LOOM_ATTRIBUTES, text.bytes);
  }
  assert_not_written(database, LOOM_ATTRIBUTES, &text,
                     "there would be 256 names of them in all stores");
  for (int name = 1; name <= 8; name++) {
    text.length = 0;
    buffer_printf(&text, "store_id,name %d\nlong,", name);
    put_long_value(&text,
                   name < 8 ? LOOM_NOTE_MAX : LOOM_ATTRIBUTES_SIZE_MAX + 1 - 7 * LOOM_NOTE_MAX);
    if (name < 8)
      load(database, LOOM_ATTRIBUTES, text.bytes);
  }
  assert_not_written(database, LOOM_ATTRIBUTES, &text,
                     "attributes of store \"long\": their values would have 32001 bytes");
  text.bytes[text.length - 1] = '\0';
  load(database, LOOM_ATTRIBUTES, text.bytes);
  buffer_free(&text);
  loom_database_close(database);
}

/* As many attributes as a row may have fields, less one for the store; and one more. */
static void many_attributes(void **test) {
  (void)test;
  struct buffer text = {0};
  loom_database *database = memory_database();
  for (int columns = 256; columns <= 257; columns++) {
    text.length = 0;
    for (int i = 1; i < columns; i++)
      buffer_printf(&text, "name %d,", i);
    buffer_printf(&text, "store_id\n");
    for (int store = 0; store < 10; store++) { /* each of them has the others' names but one */
      for (int i = 1; i < columns; i++)
        i % 10 == store ? buffer_printf(&text, ",") : buffer_printf(&text, "%d,", store * i);
      buffer_printf(&text, "%d\n", store);
    }
    struct file file = {LOOM_ATTRIBUTES, text.bytes, text.length};
    struct outcome outcome = ingest(database, file, &whole, LOOM_ALL_REJECTS);
    if (columns == 256) {
      assert_status(outcome.status, LOOM_OK, &outcome.error);
      assert_counts(&outcome.counts, 10, 10 * 255 - 255, 0, 0, 0);
    } else {
      assert_status(outcome.status, LOOM_EINPUT, &outcome.error);
      assert_non_null(
          strstr(outcome.error.message, "some/file.csv: the header has no column store_id"));
    }
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
      assert_same_in_shape(database, file, &shapes[i], LOOM_ALL_REJECTS, &outcome);
    outcome_free(&outcome);
  }
  buffer_free(&text);
  loom_database_close(database);
}

/* ---- overrides ---- */

static loom_database *overridden_database(void) {
  loom_database *database = memory_database();
  load(database, LOOM_HOURS, HOURS_HEADER "s,0,09:00,17:00,\nt,0,09:00,17:00,\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\ns,UTC\nt,UTC\n");
  load(database, LOOM_SPECIAL_DAYS, DAYS_HEADER "s,2023-12-25,08:00,09:00,\n*,2023-12-25,,,\n");
  override_hours(database, "s", "2023-05-01", 1, 3600, 7200);
  override_week(database, "s", "2023-06-01", true);
  override_hours(database, "t", "2023-05-01", 1, 3600, 7200);
  override_timezone(database, "s", "Asia/Tokyo");
  override_timezone(database, "t", "Asia/Kolkata");
  override_day(database, "s", "2023-12-25", 3600, 7200, "hand");
  override_day(database, "s", "2023-12-26", -1, -1, "hand");
  override_day(database, "t", "2023-12-25", -1, -1, "hand");
  override_day(database, "*", "2023-12-25", 60, 120, "hand");
  return database;
}

#define S_HOURS "1:s 10:2023-05-01 1:0 1:1 4:3600 4:7200 \n1:s 10:2023-06-01 1:1 - - - \n"
#define T_HOURS "1:t 10:2023-05-01 1:0 1:1 4:3600 4:7200 \n"
#define T_DAY "1:t 10:2023-12-25 - - 4:hand \n"
#define ALL_DAY "- 10:2023-12-25 2:60 3:120 4:hand \n"
#define S_DAY "1:s 10:2023-12-25 4:3600 4:7200 4:hand \n"
#define S_OTHER_DAY "1:s 10:2023-12-26 - - 4:hand \n"
#define S_ZONE "1:s 10:Asia/Tokyo \n"
#define T_ZONE "1:t 12:Asia/Kolkata \n"

/* The same files leave overrides alone, or replace those of the stores and dates that they name. */
static const struct {
  enum loom_kind kind;
  const char *text;
  const char *overrides; /* that are left of the dump if they are to be replaced */
} replacing[] = {
    {LOOM_HOURS, HOURS_HEADER "s,2,10:00,11:00,\n",
     "query 7\n" T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY "query 9\n" S_ZONE T_ZONE},
    /* What the file said already: nothing but the override changes. */
    {LOOM_HOURS, HOURS_HEADER "t,0,09:00,17:00,\n",
     "query 7\n" S_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY "query 9\n" S_ZONE T_ZONE},
    {LOOM_HOURS, HOURS_HEADER "new,0,09:00,17:00,\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY
     "query 9\n" S_ZONE T_ZONE},
    {LOOM_TIMEZONES, "store_id,timezone_str\ns,Europe/Paris\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY "query 9\n" T_ZONE},
    {LOOM_TIMEZONES, "store_id,timezone_str\nt,UTC\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY "query 9\n" S_ZONE},
    {LOOM_SPECIAL_DAYS, DAYS_HEADER "s,2023-12-25,10:00,11:00,\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_OTHER_DAY T_DAY "query 9\n" S_ZONE T_ZONE},
    {LOOM_SPECIAL_DAYS, DAYS_HEADER "*,2023-12-25,,,\n*,2023-12-26,,,\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" S_DAY S_OTHER_DAY T_DAY "query 9\n" S_ZONE T_ZONE},
    {LOOM_SPECIAL_DAYS, DAYS_HEADER "s,2023-12-27,10:00,11:00,\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY
     "query 9\n" S_ZONE T_ZONE},
    {LOOM_POLLS, plain_polls,
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY
     "query 9\n" S_ZONE T_ZONE},
    {LOOM_ATTRIBUTES, "store_id,a\ns,1\n",
     "query 7\n" S_HOURS T_HOURS "query 8\n" ALL_DAY S_DAY S_OTHER_DAY T_DAY
     "query 9\n" S_ZONE T_ZONE},
};

static void overrides_stay_or_go(void **test) {
  (void)test;
  for (size_t i = 0; i < COUNT_OF(replacing); i++) {
    const char *text = replacing[i].text;
    struct input_file file = small_file(replacing[i].kind);
    file.staging.replace_overrides = true;
    loom_database *keeping = overridden_database(), *replaced = overridden_database();
    struct buffer before = dump(keeping);
    struct loom_counts counts = load(keeping, replacing[i].kind, text);
    struct loom_counts other_counts = load_bytes(replaced, &file, text, strlen(text));
    struct buffer kept = dump(keeping), rest = dump(replaced);
    const char *overrides = strstr(kept.bytes, "query 7\n"),
               *left = strstr(rest.bytes, "query 7\n");
    assert_string_equal(overrides, strstr(before.bytes, "query 7\n"));
    assert_string_equal(left, replacing[i].overrides);
    /* What comes from files is the same either way, and counted so. */
    assert_int_equal(overrides - kept.bytes, left - rest.bytes);
    assert_memory_equal(kept.bytes, rest.bytes, (size_t)(overrides - kept.bytes));
    assert_memory_equal(&counts, &other_counts, sizeof counts);
    buffer_free(&before);
    buffer_free(&kept);
    buffer_free(&rest);
    loom_database_close(keeping);
    loom_database_close(replaced);
  }
}

/* Ids are kept byte for byte, also those that are not UTF-8, are long, or differ in case only. */
static void ids_are_bytes(void **test) {
  (void)test;
  loom_database *database = memory_database();
  struct loom_counts counts =
      load(database, LOOM_POLLS,
           POLLS_HEADER
           "\xff\xfe,active,2023-01-01 00:00:00\nA,active,2023-01-01 00:00:00\n"
           "a,active,2023-01-01 00:00:00\n007,active,2023-01-01 00:00:00\n"
           "7,active,2023-01-01 00:00:00\n" ID_85 ID_85 ID_85
           ",active,2023-01-01 00:00:00\n\"a b\",active,2023-01-01 00:00:00\n"
           "*,active,2023-01-01 00:00:00\n\"\xff\xfe\",active,2023-01-01 00:00:00\n");
  assert_counts(&counts, 9, 8, 1, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 8);
  assert_int_equal(
      number(database, "SELECT count(*) FROM store WHERE CAST(store_id AS BLOB) = x'fffe'"), 1);
  assert_int_equal(number(database, "SELECT max(length(CAST(store_id AS BLOB))) FROM store"), 255);
  loom_database_close(database);
}

/* A note may take up nearly a whole row. */
static void long_notes(void **test) {
  (void)test;
  struct buffer text = {0};
  loom_database *database = memory_database();
  buffer_printf(&text, "store_id,date,open,close,note\n*,2023-01-01,,,");
  for (int i = 0; i < LOOM_NOTE_MAX / 16; i++)
    buffer_put(&text, "0123456789abcdef", 16);
  buffer_printf(&text, "\n*,2023-01-02,,,\n");
  load(database, LOOM_SPECIAL_DAYS, text.bytes);
  assert_int_equal(number(database, "SELECT max(length(note)) FROM special_day"), LOOM_NOTE_MAX);
  assert_int_equal(number(database, "SELECT count(*) FROM special_day"), 2);
  text.length = 0;
  buffer_printf(&text,
                "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-02 00:00:00,");
  for (int i = 0; i < LOOM_NOTE_MAX / 16; i++)
    buffer_put(&text, "0123456789abcdef", 16);
  buffer_printf(&text, "!\n");
  struct file too_long = {LOOM_EXCLUSIONS, text.bytes, text.length};
  struct outcome outcome = ingest(database, too_long, &whole, 0);
  assert_int_equal(outcome.status, LOOM_EINPUT);
  assert_non_null(strstr(outcome.error.message, "is longer than 4096 bytes"));
  outcome_free(&outcome);
  buffer_free(&text);
  loom_database_close(database);
}

/* A header alone is a good file that holds nothing. */
static void no_rows(void **test) {
  (void)test;
  loom_database *database = memory_database();
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    struct loom_counts counts =
        load(database, (enum loom_kind)kind, loom_kind_header((enum loom_kind)kind));
    assert_counts(&counts, 0, 0, 0, 0, 0);
  }
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
  loom_database_close(database);
}

/* Reads a text, and counts the bad rows that were kept. */
static loom_status read_bounded(loom_database *database, struct input_file file, const char *text,
                                struct loom_counts *counts, size_t *taken, loom_error *error) {
  struct loom_reject reject;
  loom_staging *staging = new_staging(&file.staging);
  file.reading.source = "some/file.csv";
  loom_status status =
      read_into(staging, &file.reading, database->zones, text, strlen(text), 50, error);
  *counts = staging->counts;
  *taken = 0;
  while (loom_staging_take_reject(staging, &reject))
    ++*taken;
  loom_staging_free(staging);
  return status;
}

/* As many as the limit says are taken, and not one more. */
static void a_limit_of_records(void **state) {
  (void)state;
  static const struct {
    enum loom_kind kind;
    const char *text;
    uint64_t held;
    const char *message;
  } cases[] = {
      {LOOM_POLLS,
       POLLS_HEADER "a,active,2023-01-01 00:00:00\nb,active,2023-01-01 00:00:00\n"
                    "a,active,2023-01-01 00:00:01\nb,active,2023-01-01 00:00:01\n",
       2, "has more than 1 stores"},
      {LOOM_POLLS, POLLS_HEADER "a,maybe,2023-01-01 00:00:00\nx\na,active,2023-01-01 00:00:00\nx\n",
       3, "has more than 2 bad rows"},
      {LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\na,0,10:00,11:00\na,7,10:00,11:00\n"
       "a,1,10:00,11:00\na,1,10:00,11:00\n",
       4, "has more than 3 rows"},
      {LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,UTC\na,UTC\n", 3, "has more than 2 rows"},
      {LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,,\n*,2023-01-02,,\n", 2,
       "has more than 1 rows"},
      {LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\n*,2023-01-01 00:00:00,2023-01-02 00:00:00\n"
       "*,2023-01-01 00:00:00,2023-01-02 00:00:00\n",
       2, "has more than 1 rows"},
      {LOOM_ATTRIBUTES, "store_id,x,y\na,1,2\nb,3,\n", 4, "has more than 3 attributes"},
  };
  loom_database *database = memory_database();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error;
    size_t taken;
    struct loom_counts counts;
    for (uint64_t spare = 0; spare < 3; spare++) {
      struct input_file file = {
          .reading = {.max_rejects = LOOM_ALL_REJECTS, .max_records = cases[i].held + 1 - spare},
          .staging.kind = cases[i].kind};
      loom_status status = read_bounded(database, file, cases[i].text, &counts, &taken, &error);
      assert_status(status, spare < 2 ? LOOM_OK : LOOM_ELIMIT, &error);
      if (spare == 2)
        assert_non_null(strstr(error.message, cases[i].message));
    }
  }
  loom_database_close(database);
}

/* The same of the bytes of text, whatever it is of. */
static void a_limit_of_text(void **state) {
  (void)state;
  static const char polls[] = POLLS_HEADER "a,active,2023-01-01 00:00:00\n";
  static const char zones[] = "store_id,timezone_str\na,UTC\n";
  loom_database *database = memory_database();
  for (int over = 0; over < 2; over++) {
    loom_error error;
    size_t taken;
    struct loom_counts counts;
    loom_status expected = over ? LOOM_ELIMIT : LOOM_OK;
    struct input_file file = {.reading.max_size = strlen(polls) - (size_t)over,
                              .staging.kind = LOOM_POLLS};
    assert_status(read_bounded(database, file, polls, &counts, &taken, &error), expected, &error);
    file = (struct input_file){.reading.max_size = strlen(zones) - (size_t)over,
                               .staging.kind = LOOM_TIMEZONES};
    assert_status(read_bounded(database, file, zones, &counts, &taken, &error), expected, &error);
    if (over)
      assert_string_equal(error.message,
                          "some/file.csv: is longer than 27 bytes, once decompressed");
  }
  loom_database_close(database);
}

static void a_limit_of_rejects_that_wait(void **state) {
  (void)state;
  struct buffer text = {0};
  loom_database *database = memory_database();
  buffer_printf(&text, POLLS_HEADER);
  for (int i = 0; i < 1000; i++)
    buffer_printf(&text, "a,maybe,2023-01-01 00:00:00\n");
  for (unsigned threads = 1; threads < 4; threads++) {
    loom_error error;
    size_t taken;
    struct loom_counts counts;
    struct input_file file = {
        .reading = {.max_rejects = LOOM_ALL_REJECTS, .threads = threads, .block_size = 100},
        .staging = {.kind = LOOM_POLLS, .rejects_kept = 7}};
    assert_status(read_bounded(database, file, text.bytes, &counts, &taken, &error), LOOM_OK,
                  &error);
    assert_true(taken == 7 && counts.rejected == 1000);
    file.reading.max_rejects = 500; /* the one that is too many is told, kept or not */
    assert_status(read_bounded(database, file, text.bytes, &counts, &taken, &error), LOOM_EINPUT,
                  &error);
    assert_int_equal(error.line, 502);
    assert_int_equal(taken, 7);
  }
  buffer_free(&text);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form_means_the_same),
      cmocka_unit_test(gzip_means_the_same),
      cmocka_unit_test(separators_that_are_none),
      cmocka_unit_test(utf16_means_the_same),
      cmocka_unit_test(polls_are_packed_by_day),
      cmocka_unit_test(other_kinds_however_taken),
      cmocka_unit_test(bad_rows_are_told),
      cmocka_unit_test(bad_files_are_told),
      cmocka_unit_test(binary_headers_are_told),
      cmocka_unit_test(nul_byte_in_a_row),
      cmocka_unit_test(rejects_are_handed_out),
      cmocka_unit_test(long_rows_lf),
      cmocka_unit_test(long_rows_crlf),
      cmocka_unit_test(long_rows_cr),
      cmocka_unit_test(unclosed_quote_is_bounded),
      cmocka_unit_test(damaged_gzip),
      cmocka_unit_test(failures_latch),
      cmocka_unit_test(calls_out_of_order),
      cmocka_unit_test(freed_at_any_stage),
      cmocka_unit_test(order_of_rows_does_not_matter),
      cmocka_unit_test(later_rows_win),
      cmocka_unit_test(twice_is_once),
      cmocka_unit_test(records_replace),
      cmocka_unit_test(attributes_replace),
      cmocka_unit_test(long_attributes),
      cmocka_unit_test(many_attributes),
      cmocka_unit_test(attributes_of_many_files),
      cmocka_unit_test(overrides_stay_or_go),
      cmocka_unit_test(ids_are_bytes),
      cmocka_unit_test(long_notes),
      cmocka_unit_test(no_rows),
      cmocka_unit_test(a_limit_of_records),
      cmocka_unit_test(a_limit_of_text),
      cmocka_unit_test(a_limit_of_rejects_that_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
