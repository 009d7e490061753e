/*
** Ingestion of every kind of file: however the bytes are cut, compressed, shared out among threads and split into fields, the
** status, the message with its line, the bad rows, the counts and what is in the database are the same; and what was ingested
** is exported, ingested and exported again without a change.
**
** The first byte is the kind and whether its header comes before the rest, the next ones are how the file is taken.
*/
#include "fuzz.h"

#include "storage.h"

#include "sqlite/export.h"

#include <zlib.h>

#define HEADED 8 /* in the first byte: most inputs would not get beyond the header */

static loom_database *database, *second;

struct shape {
  size_t chunk, block_size, sort_capacity;
  unsigned threads;
  bool always_libcsv, gzip;
};

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

static void put_text(struct buffer *out, const char *text, size_t length) {
  char number[24];
  buffer_put(out, number, (size_t)snprintf(number, sizeof number, "%zu:", length));
  buffer_put(out, text, length);
}

static void take_rejects(loom_staging *staging, struct buffer *out) {
  struct loom_reject reject;
  while (loom_staging_take_reject(staging, &reject)) {
    buffer_printf(out, "%llu %llu %d %s ", (unsigned long long)reject.line,
                  (unsigned long long)reject.number, reject.well_formed, reject.column);
    assert_one_line(reject.reason);
    put_text(out, reject.reason, strlen(reject.reason));
    put_text(out, reject.value, reject.value_length);
    put_text(out, reject.row, reject.row_length);
  }
}

static void compress_text(const struct buffer *text, struct buffer *out) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  out->capacity = deflateBound(&stream, text->length) + 1;
  out->bytes = malloc(out->capacity);
  assert_non_null(out->bytes);
  stream.next_in = (Bytef *)text->bytes;
  stream.avail_in = (uInt)text->length;
  stream.next_out = (Bytef *)out->bytes;
  stream.avail_out = (uInt)out->capacity;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out->length = stream.total_out;
  deflateEnd(&stream);
}

/* Applies what was read, and rolls it back once it is dumped; twice: nothing of it is used up. */
static void apply(loom_staging *staging, struct outcome *outcome, size_t budget) {
  struct loom_counts counts;
  for (int again = 0; again < 2; again++) {
    loom_error error;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(apply_all(staging, database, budget, &error), LOOM_DONE, &error);
    struct buffer contents = dump(database);
    loom_database_rollback(database);
    if (again) {
      assert_buffer_equal(&outcome->contents, &contents);
      assert_memory_equal(&counts, &staging->counts, sizeof counts);
      buffer_free(&contents);
    } else {
      outcome->contents = contents;
      counts = staging->counts;
    }
  }
}

static struct outcome take(const struct input_file *base, const struct buffer *text,
                           const struct shape *shape) {
  struct outcome outcome = {0};
  struct buffer packed = {0};
  struct input_file file = *base;
  file.reading.threads = shape->threads;
  file.reading.block_size = shape->block_size;
  file.reading.always_libcsv = shape->always_libcsv;
  file.staging.sort_capacity = shape->sort_capacity;
  if (shape->gzip)
    compress_text(text, &packed);
  const struct buffer *bytes = shape->gzip ? &packed : text;
  loom_staging *staging = new_staging(&file.staging);
  outcome.status = read_into(staging, &file.reading, database->zones, bytes->bytes, bytes->length,
                             shape->chunk, &outcome.error);
  assert_told(outcome.status, &outcome.error);
  if (outcome.status == LOOM_OK)
    apply(staging, &outcome, shape->sort_capacity);
  take_rejects(staging, &outcome.rejects);
  outcome.counts = staging->counts;
  loom_staging_free(staging);
  buffer_free(&packed);
  return outcome;
}

static void assert_same(const struct outcome *a, const struct outcome *b) {
  assert_int_equal(a->status, b->status);
  if (a->status != LOOM_OK) { /* how much was read before depends on the blocks */
    assert_string_equal(a->error.message, b->error.message);
    assert_int_equal(a->error.line, b->error.line);
    return;
  }
  assert_buffer_equal(&a->rejects, &b->rejects);
  assert_buffer_equal(&a->contents, &b->contents);
  assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
  assert_true(a->counts.added + a->counts.duplicates + a->counts.conflicts + a->counts.rejected <=
                  a->counts.rows ||
              a->counts.rows == 0 || a->contents.length > 0);
}

/* ---- there and back again ---- */

static struct buffer export_all(loom_database *from, enum loom_kind kind) {
  struct buffer out = {0};
  loom_export *export;
  loom_error error;
  const char *text;
  size_t length;
  loom_status status;
  assert_status(loom_export_new(from, kind, &export, &error), LOOM_OK, &error);
  while ((status = loom_export_next(export, &text, &length, &error)) == LOOM_OK)
    buffer_put(&out, text, length);
  assert_status(status, LOOM_DONE, &error);
  loom_export_free(export);
  return out;
}

static loom_database *fresh(loom_database *old) {
  loom_error error;
  loom_database *made;
  loom_database_close(old);
  assert_status(loom_database_open(":memory:", LOOM_OPEN_CREATE, SHORT_TIMEOUT, &made, &error),
                LOOM_OK, &error);
  return made;
}

static void check_round_trip(enum loom_kind kind, uint64_t max_rejects, const struct buffer *text) {
  struct input_file file = small_file(kind);
  database = fresh(database);
  second = fresh(second);
  file.reading.max_rejects = max_rejects;
  load_bytes(database, &file, text->bytes, text->length);
  struct buffer once = export_all(database, kind);
  file.reading.max_rejects = 0; /* what Loom writes it reads */
  load_bytes(second, &file, once.bytes, once.length);
  struct buffer twice = export_all(second, kind);
  assert_buffer_equal(&once, &twice);
  buffer_free(&once);
  buffer_free(&twice);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  database = fresh(NULL);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint64_t allowed[] = {LOOM_ALL_REJECTS, 0, 1};
  struct input input = {data, data + size};
  struct buffer text = {0};
  unsigned first = (unsigned)draw(&input, 1);
  enum loom_kind kind = (enum loom_kind)((first & 7) % LOOM_KIND_COUNT);
  struct input_file file = {
      .reading = {.source = "some/file.csv", .max_rejects = allowed[(first >> 4) % 3]},
      .staging.kind = kind};
  struct shape whole = {SIZE_MAX, 4096, 4096, 1, false, false};
  struct shape shape = {.chunk = 1 + draw_below(&input, 256),
                        .block_size = 1 + draw_below(&input, 256),
                        .sort_capacity = 1 + draw_below(&input, 16)};
  unsigned ways = (unsigned)draw(&input, 1);
  shape.threads = 1 + (ways & 1);
  shape.always_libcsv = ways & 2;
  shape.gzip = (ways & 12) == 12;
  if (first & HEADED)
    buffer_printf(&text, "%s\n", loom_kind_header(kind));
  if ((first & HEADED) && kind == LOOM_ATTRIBUTES) {
    buffer_free(&text);
    buffer_printf(&text, "store_id,region,note\n");
  }
  buffer_put(&text, input.at, (size_t)(input.end - input.at));
  if (text.length &&
      memchr("\x1f\x28PB\xfd", text.bytes[0], 5)) /* it may be taken for compressed itself */
    shape.gzip = false;
  struct outcome expected = take(&file, &text, &whole), found = take(&file, &text, &shape);
  assert_same(&expected, &found);
  if (expected.status == LOOM_OK && ways & 16)
    check_round_trip(kind, file.reading.max_rejects, &text);
  outcome_free(&expected);
  outcome_free(&found);
  buffer_free(&text);
  return 0;
}
