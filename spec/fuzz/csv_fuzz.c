/*
** Ingestion of every kind of file: however the bytes are cut, compressed, shared out among threads and split into fields, the
** status, the message with its line, the bad rows, the counts and what is in the database are the same; and what was ingested
** is exported, ingested and exported again without a change.
**
** The first byte is the kind and whether its header comes before the rest, the next ones are how the file is taken.
*/
#include "fuzz.h"

#include "storage.h"

#include "export.h"

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
  struct loom_ingest_counts counts;
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

static void take_rejects(loom_ingest *ingest, struct buffer *out) {
  struct loom_reject reject;
  while (loom_ingest_take_reject(ingest, &reject)) {
    buffer_printf(out, "%llu %llu %d %s ", (unsigned long long)reject.line, (unsigned long long)reject.number,
                  reject.well_formed, reject.column);
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

/* Applies what was read, and rolls it back once it is dumped. */
static void apply(loom_ingest *ingest, struct outcome *outcome, size_t budget) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(apply_all(ingest, database, budget, &error), LOOM_DONE, &error);
  outcome->contents = dump(database);
  loom_database_rollback(database);
}

static struct outcome take(const struct loom_ingest_options *base, const struct buffer *text, const struct shape *shape) {
  struct outcome outcome = {0};
  struct buffer packed = {0};
  loom_ingest *ingest;
  struct loom_ingest_options options = *base;
  options.threads = shape->threads;
  options.block_size = shape->block_size;
  options.sort_capacity = shape->sort_capacity;
  options.always_libcsv = shape->always_libcsv;
  if (shape->gzip)
    compress_text(text, &packed);
  const struct buffer *bytes = shape->gzip ? &packed : text;
  assert_status(loom_ingest_new(&options, database->zones, &ingest, &outcome.error), LOOM_OK, &outcome.error);
  outcome.status = feed_in_chunks(ingest, bytes->bytes, bytes->length, shape->chunk, &outcome.error);
  assert_told(outcome.status, &outcome.error);
  if (outcome.status == LOOM_OK)
    apply(ingest, &outcome, shape->sort_capacity);
  take_rejects(ingest, &outcome.rejects);
  outcome.counts = loom_ingest_counts(ingest);
  loom_ingest_free(ingest);
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
  assert_true(a->counts.added + a->counts.duplicates + a->counts.conflicts + a->counts.rejected <= a->counts.rows ||
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

static void ingest_whole(loom_database *into, struct loom_ingest_options options, const struct buffer *text) {
  loom_error error;
  loom_ingest *ingest;
  options.threads = 1;
  options.block_size = options.sort_capacity = 4096; /* the usual ones take long to allocate under the sanitizers */
  assert_status(loom_ingest_new(&options, into->zones, &ingest, &error), LOOM_OK, &error);
  assert_status(feed_in_chunks(ingest, text->bytes, text->length, SIZE_MAX, &error), LOOM_OK, &error);
  assert_status(loom_database_begin_write(into, &error), LOOM_OK, &error);
  assert_status(apply_all(ingest, into, 1000, &error), LOOM_DONE, &error);
  assert_status(loom_database_commit(into, &error), LOOM_OK, &error);
  loom_ingest_free(ingest);
}

static loom_database *fresh(loom_database *old) {
  loom_error error;
  loom_database *made;
  loom_database_close(old);
  assert_status(loom_database_open(":memory:", LOOM_OPEN_CREATE, SHORT_TIMEOUT, &made, &error), LOOM_OK, &error);
  return made;
}

static void check_round_trip(const struct loom_ingest_options *options, const struct buffer *text) {
  database = fresh(database);
  second = fresh(second);
  ingest_whole(database, *options, text);
  struct buffer once = export_all(database, options->kind);
  struct loom_ingest_options strict = *options;
  strict.max_rejects = 0; /* what Loom writes it reads */
  ingest_whole(second, strict, &once);
  struct buffer twice = export_all(second, options->kind);
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
  struct loom_ingest_options options = {.kind = (enum loom_kind)((first & 7) % LOOM_KIND_COUNT),
                                        .source = "some/file.csv",
                                        .max_rejects = allowed[(first >> 4) % 3]};
  struct shape whole = {SIZE_MAX, 4096, 4096, 1, false, false};
  struct shape shape = {.chunk = 1 + draw_below(&input, 256),
                        .block_size = 1 + draw_below(&input, 256),
                        .sort_capacity = 1 + draw_below(&input, 16)};
  unsigned ways = (unsigned)draw(&input, 1);
  shape.threads = 1 + (ways & 1);
  shape.always_libcsv = ways & 2;
  shape.gzip = (ways & 12) == 12;
  if (first & HEADED)
    buffer_printf(&text, "%s\n", loom_kind_header(options.kind));
  if ((first & HEADED) && options.kind == LOOM_ATTRIBUTES) {
    buffer_free(&text);
    buffer_printf(&text, "store_id,region,note\n");
  }
  buffer_put(&text, input.at, (size_t)(input.end - input.at));
  if (text.length >= 2 && memcmp(text.bytes, "\x1f\x8b", 2) == 0) /* it is taken for gzip itself */
    shape.gzip = false;
  struct outcome expected = take(&options, &text, &whole), found = take(&options, &text, &shape);
  assert_same(&expected, &found);
  if (expected.status == LOOM_OK && ways & 16)
    check_round_trip(&options, &text);
  outcome_free(&expected);
  outcome_free(&found);
  buffer_free(&text);
  return 0;
}
