/*
** Uploads. The thread's last act is to hand the upload to the writer, which joins it: a thread that nobody waits for
** could outlive the library that its code is in.
*/
#include "write/upload.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define APPLY_STEP 50000 /* records written between two looks at whether the upload was aborted */
#define BLOCK_SIZE                                                                                 \
  (256                                                                                             \
   << 10) /* bytes parsed at a time: a block may be of nothing but bad rows, 30 times its size \
                 in memory */
#define NICENESS 5 /* of the parsing: what answers requests goes first */

struct chunk {
  struct chunk *next;
  size_t size;
  char bytes[];
};

struct loom_upload {
  loom_write write; /* the first member */
  loom_writer *writer;
  loom_ingest *ingest; /* the thread's */
  loom_staging *staging;
  struct loom_load_note *note;
  pthread_t thread;
  loom_error parse_error; /* for the writer, from the thread */
  loom_status parse_status;
  atomic_bool aborted;
  atomic_uint_fast64_t parsed;
  atomic_uint_fast64_t written; /* millionths */
  size_t capacity;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t changed;
  struct chunk *first, **last;
  size_t queued; /* bytes */
  bool finished;
};

static loom_upload *of_head(loom_write *write) {
  return (loom_upload *)write;
}

/* ---- the thread ---- */

/* Takes the next bytes, waiting for them; NULL when there are no more. */
static struct chunk *take_chunk(loom_upload *upload) {
  pthread_mutex_lock(&upload->lock);
  while (!upload->first && !upload->finished && !atomic_load(&upload->aborted))
    pthread_cond_wait(&upload->changed, &upload->lock);
  struct chunk *chunk = atomic_load(&upload->aborted) ? NULL : upload->first;
  if (chunk) {
    upload->first = chunk->next;
    if (!upload->first)
      upload->last = &upload->first;
    upload->queued -= chunk->size;
  }
  pthread_mutex_unlock(&upload->lock);
  return chunk;
}

static loom_status canceled(loom_error *error) {
  return loom_fail(error, LOOM_ECANCELED, "the ingest was aborted");
}

static loom_status parse_all(loom_upload *upload) {
  loom_error *error = &upload->parse_error;
  loom_status status = LOOM_OK;
  struct chunk *chunk;
  while (status == LOOM_OK && (chunk = take_chunk(upload))) {
    status = loom_ingest_feed(upload->ingest, chunk->bytes, chunk->size, error);
    atomic_fetch_add(&upload->parsed, chunk->size);
    free(chunk);
  }
  if (status == LOOM_OK && atomic_load(&upload->aborted))
    return canceled(error);
  if (status == LOOM_OK)
    status = loom_ingest_finish(upload->ingest, error);
  return status;
}

static void *parse(void *context) {
  loom_upload *upload = context;
  setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread and those that it starts */
  upload->parse_status = parse_all(upload);
  upload->write.counts = upload->staging->counts;
  if (upload->parse_status != LOOM_OK) /* known before the writer gets to it */
    loom_write_fail(&upload->write, &upload->parse_error);
  loom_writer_submit_announced(upload->writer, &upload->write);
  return NULL;
}

/* ---- what the writer calls ---- */

static loom_status prepare(loom_write *write, loom_error *error) {
  loom_upload *upload = of_head(write);
  pthread_join(upload->thread, NULL);
  if (upload->parse_status != LOOM_OK)
    *error = upload->parse_error;
  return upload->parse_status;
}

static loom_status apply(loom_write *write, loom_sink *sink, loom_error *error) {
  loom_upload *upload = of_head(write);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK) {
    double share;
    if (atomic_load(&upload->aborted)) {
      loom_sink_abandon(
          sink); /* what is half stored may be read by a thread, and goes with the upload */
      return canceled(error);
    }
    status = loom_sink_apply(sink, upload->staging, APPLY_STEP, &share, error);
    if (status == LOOM_OK || status == LOOM_DONE)
      atomic_store(&upload->written, (uint_fast64_t)(share * 1e6));
  }
  write->counts = upload->staging->counts;
  if (status == LOOM_DONE)
    status = loom_sink_note(sink, upload->note, upload->staging, error);
  return status;
}

static void clear(loom_write *write) {
  loom_upload *upload = of_head(write);
  loom_ingest_free(upload->ingest);
  upload->ingest = NULL;
  if (upload->staging)
    loom_staging_empty(upload->staging);
  pthread_mutex_lock(&upload->lock);
  for (struct chunk *chunk = upload->first, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  upload->first = NULL;
  upload->last = &upload->first;
  pthread_mutex_unlock(&upload->lock);
}

static void cancel(loom_write *write) {
  loom_upload_abort(of_head(write));
}

static void free_upload(loom_write *write) {
  loom_upload *upload = of_head(write);
  clear(write);
  loom_staging_free(upload->staging);
  loom_load_note_free(upload->note);
  pthread_cond_destroy(&upload->changed);
  pthread_mutex_destroy(&upload->lock);
  free(upload);
}

static const struct loom_write_type type = {.prepare = prepare,
                                            .apply = apply,
                                            .clear = clear,
                                            .cancel = cancel,
                                            .free = free_upload,
                                            .alone = true};

/* ---- for the event loop ---- */

static loom_status start(loom_upload *upload, loom_error *error) {
  loom_status status = loom_writer_announce(upload->writer, &upload->write, error);
  if (status != LOOM_OK)
    return status;
  if (loom_thread_start(&upload->thread, parse, upload))
    return LOOM_OK;
  loom_writer_withdraw(upload->writer, &upload->write);
  return loom_fail(error, LOOM_ENOMEM, "no thread can be started");
}

loom_status loom_upload_new(loom_writer *writer, const struct loom_ingest_options *options,
                            const struct loom_staging_options *staging,
                            const struct loom_author *author, size_t capacity, loom_upload **out,
                            loom_error *error) {
  *out = NULL;
  loom_upload *upload = calloc(1, sizeof *upload);
  if (!upload)
    return loom_no_memory(error);
  loom_write_init(&upload->write, &type);
  pthread_mutex_init(&upload->lock, NULL);
  pthread_cond_init(&upload->changed, NULL);
  upload->writer = writer;
  upload->capacity = capacity;
  upload->last = &upload->first;
  struct loom_ingest_options bounded = *options;
  struct loom_staging_options kept = *staging;
  bounded.rejects_without_rows = true; /* whoever sends them has them */
  kept.rejects_kept = LOOM_REJECTS_SHOWN;
  if (bounded.block_size == 0)
    bounded.block_size = BLOCK_SIZE;
  upload->staging = loom_staging_new(&kept);
  if (author)
    upload->note = loom_load_note_new(author, options->source);
  loom_status status = LOOM_OK;
  if (!upload->staging || (author && !upload->note))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_ingest_new(&bounded, loom_writer_zones(writer), upload->staging, &upload->ingest,
                             error);
  if (status == LOOM_OK)
    status = start(upload, error);
  if (status == LOOM_OK)
    *out = upload;
  else
    loom_write_release(&upload->write);
  return status;
}

void loom_upload_release(loom_upload *upload) {
  if (!upload)
    return;
  pthread_mutex_lock(&upload->lock);
  bool finished = upload->finished;
  pthread_mutex_unlock(&upload->lock);
  if (!finished)
    loom_upload_abort(upload);
  loom_write_release(&upload->write);
}

loom_status loom_upload_push(loom_upload *upload, const void *bytes, size_t size, bool *taken,
                             loom_error *error) {
  *taken = false;
  if (loom_write_state(&upload->write, error) == LOOM_WRITE_FAILED)
    return error->code;
  pthread_mutex_lock(&upload->lock);
  bool full = upload->queued && upload->queued + size > upload->capacity;
  pthread_mutex_unlock(&upload->lock);
  if (full)
    return LOOM_OK;
  struct chunk *chunk = malloc(sizeof *chunk + size);
  if (!chunk)
    return loom_no_memory(error);
  chunk->next = NULL;
  chunk->size = size;
  memcpy(chunk->bytes, bytes, size);
  pthread_mutex_lock(&upload->lock);
  *upload->last = chunk;
  upload->last = &chunk->next;
  upload->queued += size;
  pthread_cond_signal(&upload->changed);
  pthread_mutex_unlock(&upload->lock);
  *taken = true;
  return LOOM_OK; // cppcheck-suppress memleak ; the queue owns the chunk
}

void loom_upload_finish(loom_upload *upload) {
  pthread_mutex_lock(&upload->lock);
  upload->finished = true;
  pthread_cond_signal(&upload->changed);
  pthread_mutex_unlock(&upload->lock);
}

void loom_upload_abort(loom_upload *upload) {
  pthread_mutex_lock(&upload->lock);
  atomic_store(&upload->aborted, true);
  pthread_cond_signal(&upload->changed);
  pthread_mutex_unlock(&upload->lock);
}

loom_write *loom_upload_head(loom_upload *upload) {
  return &upload->write;
}

void loom_upload_progress(const loom_upload *upload, uint64_t *parsed, double *written) {
  *parsed = atomic_load(&upload->parsed);
  *written = (double)atomic_load(&upload->written) / 1e6;
}

const struct loom_reject_list *loom_upload_rejects(const loom_upload *upload) {
  return &upload->staging->rejects;
}
