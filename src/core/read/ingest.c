/*
** The pipeline of an ingest: bytes → text (decoder.h) → blocks that end with a line → parsers → staged polls or records.
**
** The calling thread fills blocks and collects what the parser threads made of them, in the order of the file.
** A block that holds a quote, the header, or a line too long is parsed by the calling thread itself, because
** only parsing tells where its last row ends.
*/
#include "read/ingest.h"
#include "base/platform.h"
#include "base/grow.h"
#include "base/thread.h"
#include "read/decoder.h"
#include "read/ingest_parse.h"
#include "read/separator.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BLOCK_SIZE (1 << 20)
#define THREADS_MAX 8
#define FETCH_AHEAD 8 /* ids that are about to be numbered */

struct slot {
  char *block;
  size_t size;
  struct loom_batch batch;
  struct worker *worker; /* who parsed it */
  bool done;
};

struct worker {
  struct loom_ingest *ingest;
  pthread_t thread;
  bool started;
  struct loom_parser parser;
  /* this parser's numbers of stores → the staging's; NULL where it has no others */
  uint32_t *numbers;
  size_t number_count, number_capacity;
};

struct loom_ingest {
  struct loom_ingest_options options;
  loom_staging *staging;
  char *source;
  loom_zones *zones;
  loom_error failure; /* once set, the ingest is of no more use */
  bool finished;

  loom_decoder *decoder;
  loom_status text_status; /* of the text that the last chunk was */

  bool separator_known, header_known;
  uint64_t text_size; /* bytes so far, decoded */
  uint64_t line;      /* of the first byte not yet collected */
  size_t threshold;   /* the current block is cut when it has grown to this */
  struct slot *slots;
  size_t slot_count;
  size_t submitted, claimed, collected; /* blocks handed out, taken by a worker, and merged */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool stop;
  struct worker self, *workers; /* the calling thread's parser, and the others */
  unsigned worker_count;
};

/* ---- life ---- */

static void set_defaults(struct loom_ingest_options *options, enum loom_kind kind) {
  if (options->block_size == 0)
    options->block_size = DEFAULT_BLOCK_SIZE;
  if (options->threads == 0) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    options->threads = processors < 1             ? 1
                       : processors > THREADS_MAX ? THREADS_MAX
                                                  : (unsigned)processors;
  }
  if (kind != LOOM_POLLS)
    options->threads = 1;
}

static loom_text_fn feed_decoded;

static bool init_parser(loom_ingest *ingest, struct worker *worker, bool beside_others) {
  const struct loom_ingest_options *options = &ingest->options;
  struct loom_parser_options parsing = {.max_rejects = options->max_rejects,
                                        .latest = options->latest,
                                        .rejects_without_rows = options->rejects_without_rows,
                                        .always_libcsv = options->always_libcsv,
                                        .beside_others = beside_others};
  return loom_parser_init(&worker->parser, ingest->zones, &parsing, ingest->staging);
}

loom_status loom_ingest_new(const struct loom_ingest_options *options, loom_zones *zones,
                            loom_staging *staging, loom_ingest **out, loom_error *error) {
  *out = NULL;
  loom_ingest *ingest = calloc(1, sizeof *ingest);
  if (!ingest)
    return loom_no_memory(error);
  ingest->options = *options;
  set_defaults(&ingest->options, staging->options.kind);
  ingest->zones = zones;
  ingest->staging = staging;
  ingest->line = 1;
  ingest->threshold = ingest->options.block_size < 3 ? 3 : ingest->options.block_size;
  ingest->self.ingest = ingest;
  pthread_mutex_init(&ingest->lock, NULL);
  pthread_cond_init(&ingest->changed, NULL);
  ingest->slot_count = ingest->options.threads > 1 ? 2 * ingest->options.threads + 1 : 1;
  ingest->source = strdup(options->source);
  ingest->slots = calloc(ingest->slot_count, sizeof *ingest->slots);
  ingest->decoder = loom_decoder_new(feed_decoded, ingest);
  if (!init_parser(ingest, &ingest->self, false) || !ingest->source || !ingest->slots ||
      !ingest->decoder) {
    loom_ingest_free(ingest);
    return loom_no_memory(error);
  }
  *out = ingest;
  return LOOM_OK;
}

static void free_worker(struct worker *worker) {
  loom_parser_free(&worker->parser);
  free(worker->numbers);
}

/* Ends the parser threads. With their tables of ids they take as much memory as the staging does. */
static void end_workers(loom_ingest *ingest) {
  pthread_mutex_lock(&ingest->lock);
  ingest->stop = true;
  pthread_cond_broadcast(&ingest->changed);
  pthread_mutex_unlock(&ingest->lock);
  for (unsigned i = 0; i < ingest->worker_count; i++) {
    if (ingest->workers[i].started)
      pthread_join(ingest->workers[i].thread, NULL);
    free_worker(&ingest->workers[i]);
  }
  free(ingest->workers);
  ingest->workers = NULL;
  ingest->worker_count = 0;
}

void loom_ingest_free(loom_ingest *ingest) {
  if (!ingest)
    return;
  end_workers(ingest);
  free_worker(&ingest->self);
  for (size_t i = 0; ingest->slots && i < ingest->slot_count; i++) {
    free(ingest->slots[i].block);
    loom_batch_free(&ingest->slots[i].batch);
  }
  free(ingest->slots);
  loom_decoder_free(ingest->decoder);
  pthread_cond_destroy(&ingest->changed);
  pthread_mutex_destroy(&ingest->lock);
  free(ingest->source);
  free(ingest);
}

/* ---- merging what a parser made of a block ---- */

static loom_status reject_failure(const loom_ingest *ingest, const struct loom_reject_entry *entry,
                                  loom_error *error) {
  char value[LOOM_QUOTED_SIZE];
  struct loom_reject reject = loom_reject_of(entry);
  bool of_row = !*reject.column;
  const char *shown = of_row ? "" : loom_quote(value, reject.value, reject.value_length);
  loom_fail(error, LOOM_EINPUT, "%s:%llu: %s%s%s %s", ingest->source,
            (unsigned long long)reject.line, of_row ? "the row" : reject.column, of_row ? "" : ": ",
            shown, reject.reason);
  if (error)
    error->line = reject.line;
  return LOOM_EINPUT;
}

/* Takes a batch's bad rows over, up to the one that is too many. */
static loom_status merge_rejects(loom_ingest *ingest, struct loom_reject_list *rejects,
                                 uint64_t line_offset, uint64_t rows_before, loom_error *error) {
  loom_status status = LOOM_OK;
  struct loom_reject_entry *entry;
  while (status == LOOM_OK && (entry = loom_reject_list_take(rejects))) {
    entry->line += line_offset;
    entry->number += rows_before;
    if (ingest->staging->counts.rejected == ingest->options.max_rejects)
      status = reject_failure(ingest, entry, error);
    loom_staging_reject(ingest->staging, entry);
  }
  loom_reject_list_free(rejects);
  return status;
}

/* Fetches where a new id goes, and returns where the next one stands. */
static size_t fetch_id(const struct loom_id_table *ids, const struct loom_batch *batch, size_t at) {
  const char *id = batch->new_ids + at + 1;
  size_t length = (unsigned char)id[-1];
  loom_id_table_fetch(ids, id, length);
  return at + 1 + length;
}

/* Gives the ids that a parser met for the first time their numbers in the staging. */
static loom_status number_new_ids(loom_ingest *ingest, struct worker *worker,
                                  const struct loom_batch *batch, loom_error *error) {
  size_t length, ahead = 0, fetched = 0;
  for (size_t at = 0; at < batch->new_ids_size; at += 1 + length) {
    for (; ahead < batch->new_ids_size && fetched < FETCH_AHEAD; fetched++)
      ahead = fetch_id(ingest->staging->ids, batch, ahead);
    fetched--;
    const char *id = batch->new_ids + at + 1;
    length = (unsigned char)id[-1];
    if (!loom_grow(&worker->numbers, &worker->number_capacity, worker->number_count + 1,
                   sizeof *worker->numbers))
      return loom_no_memory(error);
    uint32_t number = loom_id_table_put(ingest->staging->ids, id, length);
    if (number == LOOM_NO_NUMBER)
      return loom_no_memory(error);
    worker->numbers[worker->number_count++] = number;
  }
  return LOOM_OK;
}

/* A few bytes of gzip may be very many rows: what stays in memory has a limit, and so has what is
 * only looked at. */
static loom_status check_size(const loom_ingest *ingest, loom_error *error) {
  const loom_staging *staging = ingest->staging;
  enum loom_kind kind = staging->options.kind;
  uint64_t size = kind == LOOM_POLLS ? staging->ids->count : staging->counts.rows;
  if (kind == LOOM_ATTRIBUTES && staging->record_count > size)
    size = staging->record_count;
  if (!ingest->options.max_records || size <= ingest->options.max_records)
    return LOOM_OK;
  return loom_fail(error, LOOM_ELIMIT, "%s: has more than %llu %s", ingest->source,
                   (unsigned long long)ingest->options.max_records,
                   kind == LOOM_POLLS        ? "stores"
                   : kind == LOOM_ATTRIBUTES ? "attributes"
                                             : "rows");
}

/* Nor is it worth the time to find what is wrong with rows without end: 64 GiB of them take hours. */
static loom_status check_bad_rows(const loom_ingest *ingest, loom_error *error) {
  uint64_t most = ingest->options.max_records;
  if (!most || ingest->staging->counts.rejected <= most)
    return LOOM_OK;
  return loom_fail(error, LOOM_ELIMIT, "%s: has more than %llu bad rows", ingest->source,
                   (unsigned long long)most);
}

static loom_status merge_batch(loom_ingest *ingest, struct worker *worker, struct loom_batch *batch,
                               uint64_t line_offset, loom_error *error) {
  loom_staging *staging = ingest->staging;
  loom_status status = batch->failure.code;
  if (status != LOOM_OK) {
    *error = batch->failure;
    return status;
  }
  uint64_t rows_before = staging->counts.rows;
  staging->counts.rows += batch->rows;
  status = number_new_ids(ingest, worker, batch, error);
  if (status == LOOM_OK && batch->poll_count)
    status =
        loom_staging_add_polls(staging, batch->polls, batch->poll_count, worker->numbers, error);
  if (status == LOOM_OK)
    status = loom_staging_add_records(staging, batch->records, batch->record_count, error);
  if (status == LOOM_OK)
    status = check_size(ingest, error);
  if (status == LOOM_OK)
    status = merge_rejects(ingest, &batch->rejects, line_offset, rows_before, error);
  return status == LOOM_OK ? check_bad_rows(ingest, error) : status;
}

/* ---- parser threads ---- */

static void *parse_blocks(void *context) {
  struct worker *worker = context;
  loom_ingest *ingest = worker->ingest;
  pthread_mutex_lock(&ingest->lock);
  for (;;) {
    while (!ingest->stop && ingest->claimed == ingest->submitted)
      pthread_cond_wait(&ingest->changed, &ingest->lock);
    if (ingest->stop)
      break;
    struct slot *slot = &ingest->slots[ingest->claimed++ % ingest->slot_count];
    pthread_mutex_unlock(&ingest->lock);
    slot->worker = worker;
    loom_parser_run(&worker->parser, slot->block, slot->size, 0, true, &slot->batch);
    pthread_mutex_lock(&ingest->lock);
    slot->done = true;
    pthread_cond_broadcast(&ingest->changed);
  }
  pthread_mutex_unlock(&ingest->lock);
  return NULL;
}

static loom_status start_workers(loom_ingest *ingest, loom_error *error) {
  ingest->workers = calloc(ingest->options.threads, sizeof *ingest->workers);
  if (!ingest->workers)
    return loom_no_memory(error);
  for (; ingest->worker_count < ingest->options.threads; ingest->worker_count++) {
    struct worker *worker = &ingest->workers[ingest->worker_count];
    worker->ingest = ingest;
    if (!init_parser(ingest, worker, true))
      return loom_no_memory(error);
    worker->parser.reader.columns = ingest->self.parser.reader.columns;
    loom_csv_separate_by(worker->parser.csv, loom_csv_separator(ingest->self.parser.csv));
    /* make do with those that started, or with none */
    if (!loom_thread_start(&worker->thread, parse_blocks, worker)) {
      free_worker(worker);
      ingest->options.threads = ingest->worker_count;
      break;
    }
    worker->started = true;
  }
  return LOOM_OK;
}

static struct slot *current_slot(loom_ingest *ingest) {
  return &ingest->slots[ingest->submitted % ingest->slot_count];
}

static loom_status ready_slot(loom_ingest *ingest, struct slot *slot, loom_error *error) {
  if (!slot->block)
    slot->block = malloc(ingest->options.block_size + LOOM_CSV_ROW_MAX + 3);
  return slot->block ? LOOM_OK : loom_no_memory(error);
}

/* Waits for the oldest block handed out and merges it. */
static loom_status collect_one(loom_ingest *ingest, loom_error *error) {
  struct slot *slot = &ingest->slots[ingest->collected % ingest->slot_count];
  pthread_mutex_lock(&ingest->lock);
  while (!slot->done)
    pthread_cond_wait(&ingest->changed, &ingest->lock);
  pthread_mutex_unlock(&ingest->lock);
  slot->done = false;
  ingest->collected++;
  uint64_t line = ingest->line; /* the parser counted from 0 */
  ingest->line += slot->batch.end_line;
  return merge_batch(ingest, slot->worker, &slot->batch, line, error);
}

static loom_status collect_all(loom_ingest *ingest, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && ingest->collected < ingest->submitted)
    status = collect_one(ingest, error);
  return status;
}

static loom_status parse_here(loom_ingest *ingest, bool last, loom_error *error);

/* Hands the first `size` bytes of the current block to the parser threads; the rest begins the next block. */
static loom_status submit(loom_ingest *ingest, size_t size, loom_error *error) {
  struct slot *slot = current_slot(ingest);
  size_t rest = slot->size - size;
  loom_status status = LOOM_OK;
  if (!ingest->workers)
    status = start_workers(ingest, error);
  if (status == LOOM_OK && ingest->worker_count == 0)
    return parse_here(ingest, false, error);
  if (status == LOOM_OK && ingest->submitted + 1 - ingest->collected == ingest->slot_count)
    status = collect_one(ingest, error);
  if (status != LOOM_OK)
    return status;
  struct slot *next = &ingest->slots[(ingest->submitted + 1) % ingest->slot_count];
  status = ready_slot(ingest, next, error);
  if (status != LOOM_OK)
    return status;
  memcpy(next->block, slot->block + size, rest);
  next->size = rest;
  slot->size = size;
  ingest->threshold = rest + ingest->options.block_size;
  pthread_mutex_lock(&ingest->lock);
  ingest->submitted++;
  pthread_cond_broadcast(&ingest->changed);
  pthread_mutex_unlock(&ingest->lock);
  return LOOM_OK;
}

/* ---- cutting blocks ---- */

static loom_status file_failure(const loom_ingest *ingest, const loom_error *cause,
                                loom_error *error) {
  return loom_fail(error, cause->code, "%s: %.900s", ingest->source, cause->message);
}

/* Finds it if there is enough text; *taken is how many bytes of the block are done with. */
static loom_status find_separator(loom_ingest *ingest, const struct slot *slot, bool last,
                                  size_t *taken, loom_error *error) {
  struct loom_separator found;
  char shown[LOOM_QUOTED_SIZE];
  bool enough = last || slot->size > LOOM_CSV_ROW_MAX;
  if (!loom_separator_find(slot->block, slot->size, enough, &found)) {
    *taken = 0;
    return LOOM_OK;
  }
  if (!memchr(",;\t", found.character, 3)) /* a NUL is none either */
    return loom_fail(error, LOOM_EINPUT,
                     "%s:1: sep=: %s is not a separator (a comma, semicolon or tab)",
                     ingest->source, loom_quote(shown, &found.character, 1));
  loom_csv_separate_by(ingest->self.parser.csv, found.character);
  ingest->separator_known = true;
  ingest->line += found.skip > 0;
  *taken = found.skip;
  return LOOM_OK;
}

/* Reads the header if it is complete; *taken is how many bytes of the block are done with. */
static loom_status read_header(loom_ingest *ingest, const struct slot *slot, bool last,
                               size_t *taken, loom_error *error) {
  struct loom_parser *parser = &ingest->self.parser;
  struct loom_csv_row row;
  loom_error cause;
  size_t skip = 0;
  if (!ingest->separator_known) {
    loom_status status = find_separator(ingest, slot, last, &skip, error);
    if (status != LOOM_OK || !ingest->separator_known)
      return status;
  }
  loom_csv_start(parser->csv, slot->block + skip, slot->size - skip, ingest->line, last);
  enum loom_csv_result result = loom_csv_next(parser->csv, &row);
  *taken = slot->size - loom_csv_rest(parser->csv);
  ingest->line = loom_csv_line(parser->csv);
  switch (result) {
  case LOOM_CSV_END:
    if (last) {
      loom_fail(&cause, LOOM_EINPUT, "is empty: expected a header with %s",
                loom_kind_header(ingest->staging->options.kind));
      return file_failure(ingest, &cause, error);
    }
    return LOOM_OK;
  case LOOM_CSV_BAD:
    return loom_fail(error, LOOM_EINPUT,
                     "%s:%llu: is not a text file with a header: its first row %s", ingest->source,
                     (unsigned long long)row.line, row.reason);
  case LOOM_CSV_NOMEM:
    return loom_no_memory(error);
  default:
    if (loom_columns_find(ingest->staging->options.kind, &row, &parser->reader.columns, &cause) !=
            LOOM_OK ||
        (ingest->staging->options.kind == LOOM_ATTRIBUTES &&
         loom_attributes_find(&row, parser->reader.columns.fields[0], parser->reader.texts,
                              &parser->reader.attributes, &cause) != LOOM_OK))
      return file_failure(ingest, &cause, error);
    ingest->header_known = true;
    return LOOM_OK;
  }
}

/* Parses the current block in this thread; what is left of it is an incomplete row. */
static loom_status parse_here(loom_ingest *ingest, bool last, loom_error *error) {
  struct slot *slot = current_slot(ingest);
  size_t taken = 0, rest = slot->size;
  loom_status status = collect_all(ingest, error);
  if (status == LOOM_OK && !ingest->header_known) {
    status = read_header(ingest, slot, last, &taken, error);
    rest = slot->size - taken;
  }
  if (status == LOOM_OK && ingest->header_known) {
    rest = loom_parser_run(&ingest->self.parser, slot->block + taken, slot->size - taken,
                           ingest->line, last, &slot->batch);
    ingest->line = slot->batch.end_line;
    status = merge_batch(ingest, &ingest->self, &slot->batch, 0, error);
  }
  memmove(slot->block, slot->block + slot->size - rest, rest);
  slot->size = rest;
  ingest->threshold = rest + ingest->options.block_size;
  return status;
}

/* The current block has grown to its size: hand it out, or parse it here. */
static loom_status cut(loom_ingest *ingest, loom_error *error) {
  const struct slot *slot = current_slot(ingest);
  if (ingest->options.threads > 1 && ingest->header_known &&
      !loom_csv_skipping(ingest->self.parser.csv)) {
    const char *feed = loom_last_byte(slot->block, '\n', slot->size);
    size_t size = feed ? (size_t)(feed + 1 - slot->block) : 0;
    if (size && slot->size - size <= LOOM_CSV_ROW_MAX && !memchr(slot->block, '"', size))
      return submit(ingest, size, error);
  }
  return parse_here(ingest, false, error);
}

static loom_status count_text(loom_ingest *ingest, size_t size, loom_error *error) {
  ingest->text_size += size;
  if (!ingest->options.max_size || ingest->text_size <= ingest->options.max_size)
    return LOOM_OK;
  return loom_fail(error, LOOM_ELIMIT, "%s: is longer than %llu bytes, once decompressed",
                   ingest->source, (unsigned long long)ingest->options.max_size);
}

/* Where the current block goes on, which has always room. */
static loom_status block_end(loom_ingest *ingest, char **end, size_t *room, loom_error *error) {
  struct slot *slot = current_slot(ingest);
  loom_status status = ready_slot(ingest, slot, error);
  if (status != LOOM_OK)
    return status;
  *end = slot->block + slot->size;
  *room = ingest->threshold - slot->size;
  return LOOM_OK;
}

/* So many bytes have been put there. */
static loom_status extend_block(loom_ingest *ingest, size_t size, loom_error *error) {
  struct slot *slot = current_slot(ingest);
  slot->size += size;
  return slot->size == ingest->threshold ? cut(ingest, error) : LOOM_OK;
}

static loom_status feed_text(loom_ingest *ingest, const char *bytes, size_t size,
                             loom_error *error) {
  char *end;
  size_t room;
  loom_status status = count_text(ingest, size, error);
  while (status == LOOM_OK && size) {
    status = block_end(ingest, &end, &room, error);
    if (status != LOOM_OK)
      return status;
    size_t part = size < room ? size : room;
    memcpy(end, bytes, part);
    bytes += part;
    size -= part;
    status = extend_block(ingest, part, error);
  }
  return status;
}

/* Puts the next bytes of a file of text, or of what is left of one, straight to where they are parsed. */
static loom_status read_text(loom_ingest *ingest, loom_input *input, loom_error *error) {
  char *end;
  size_t room, size = 0;
  loom_status status = block_end(ingest, &end, &room, error);
  if (status == LOOM_OK)
    status = loom_input_read(input, end, room, &size, error);
  if (status == LOOM_OK)
    status = count_text(ingest, size, error);
  return status == LOOM_OK ? extend_block(ingest, size, error) : status;
}

/* ---- feeding ---- */

/* Remembers whether a failure is of the text or of its encoding. */
static loom_status feed_decoded(void *context, const char *bytes, size_t size, loom_error *error) {
  loom_ingest *ingest = context;
  ingest->text_status = feed_text(ingest, bytes, size, error);
  return ingest->text_status;
}

static loom_status decoded(const loom_ingest *ingest, loom_status status, const loom_error *cause,
                           loom_error *error) {
  if (status == LOOM_OK)
    return LOOM_OK;
  if (ingest->text_status == LOOM_OK)
    return file_failure(ingest, cause, error);
  *error = *cause;
  return status;
}

static loom_status feed(loom_ingest *ingest, const char *bytes, size_t size, loom_error *error) {
  loom_error cause;
  loom_status status = loom_decoder_feed(ingest->decoder, bytes, size, &cause);
  return decoded(ingest, status, &cause, error);
}

static loom_status finish(loom_ingest *ingest, loom_error *error) {
  loom_error cause;
  loom_status status = loom_decoder_finish(ingest->decoder, &cause);
  status = decoded(ingest, status, &cause, error);
  if (status == LOOM_OK)
    status = ready_slot(ingest, current_slot(ingest), error);
  if (status == LOOM_OK)
    status = parse_here(ingest, true, error);
  end_workers(ingest);
  if (status == LOOM_OK)
    loom_staging_complete(ingest->staging);
  return status;
}

/* A failure is kept, for calls to come. */
static loom_status latch(loom_ingest *ingest, loom_status status, loom_error *error) {
  ingest->failure.code = status;
  if (status != LOOM_OK && error)
    *error = ingest->failure;
  return status;
}

static loom_status check_reading(loom_ingest *ingest, loom_error *error) {
  if (ingest->failure.code != LOOM_OK)
    return latch(ingest, ingest->failure.code, error);
  if (ingest->finished)
    return loom_fail(error, LOOM_EINVAL, "%s: has been read already", ingest->source);
  return LOOM_OK;
}

loom_status loom_ingest_feed(loom_ingest *ingest, const void *bytes, size_t size,
                             loom_error *error) {
  loom_status status = check_reading(ingest, error);
  return status == LOOM_OK ? latch(ingest, feed(ingest, bytes, size, &ingest->failure), error)
                           : status;
}

loom_status loom_ingest_read(loom_ingest *ingest, loom_input *input, loom_error *error) {
  const char *bytes;
  size_t size;
  loom_status status = check_reading(ingest, error);
  if (status != LOOM_OK)
    return status;
  if (loom_decoder_is_transparent(ingest->decoder)) {
    status = read_text(ingest, input, &ingest->failure);
    return status == LOOM_DONE ? status : latch(ingest, status, error);
  }
  status = loom_input_next(input, &bytes, &size, error);
  return status == LOOM_OK ? loom_ingest_feed(ingest, bytes, size, error) : status;
}

loom_status loom_ingest_finish(loom_ingest *ingest, loom_error *error) {
  if (ingest->failure.code != LOOM_OK)
    return latch(ingest, ingest->failure.code, error);
  if (ingest->finished)
    return LOOM_OK;
  ingest->finished = true;
  return latch(ingest, finish(ingest, &ingest->failure), error);
}
