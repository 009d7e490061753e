/*
** Reports. Each thread takes a batch of stores from the source, under a lock since a source serves one caller
** at a time, and measures it without one.
*/
#include "report.h"
#include "civil.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32 /* stores to a batch */
#define THREADS_MAX 8

struct row {
  const char *id;   /* set when the report is complete: `ids` moves as it grows */
  size_t id_offset; /* in `ids` */
  size_t id_length;
  size_t figures; /* index of the row's first figures */
};

struct loom_report {
  struct loom_report_options options;
  struct loom_window_option windows[LOOM_WINDOWS_MAX];
  struct loom_span spans[LOOM_WINDOWS_MAX]; /* the windows as instants */
  struct loom_span hull;                    /* from the first window's start to the last one's end */
  char **globs;                             /* copies of the options' patterns */
  loom_source *source;
  loom_zones *zones;
  const loom_zone *default_zone;
  struct loom_common common;

  pthread_t threads[THREADS_MAX];
  unsigned thread_count, running;
  pthread_mutex_t source_lock; /* while stores are taken */
  pthread_mutex_t lock;        /* of all that follows */
  pthread_cond_t finished;
  loom_status status; /* of the threads: LOOM_OK, or the first failure */
  loom_error error;
  bool released;
  atomic_bool cancelled;
  atomic_uint_fast64_t stores_done;
  uint64_t store_count;

  struct row *rows;
  size_t row_count, row_capacity;
  char *ids;
  size_t ids_size, ids_capacity;
  struct loom_figures *figures;
};

/* What one thread works with; its buffers last from store to store. */
struct work {
  loom_report *report;
  struct loom_store stores[BATCH];
  struct loom_figures *figures; /* BATCH rows of all windows */
  struct loom_spans intervals, exclusions, pieces;
};

static loom_status no_memory(loom_error *error) {
  return loom_fail(error, LOOM_ENOMEM, "out of memory");
}

/* ---- one store ---- */

static loom_status find_zone(loom_report *report, const struct loom_store *store,
                             const loom_zone **zone, loom_error *error) {
  loom_error cause;
  *zone = report->default_zone;
  if (!*store->zone)
    return LOOM_OK;
  loom_status status =
      loom_zones_get(report->zones, store->zone, strlen(store->zone), zone, &cause);
  if (status != LOOM_OK) {
    char id[LOOM_QUOTED_SIZE], name[LOOM_QUOTED_SIZE];
    loom_fail(error, status, "store %s: timezone %s %.200s",
              loom_quote(id, store->id, store->id_length),
              loom_quote(name, store->zone, strlen(store->zone)), cause.message);
  }
  return status;
}

/*
** The store's exclusions and everyone's, sorted and disjoint, in work->exclusions. Where the store has none of its
** own, everyone's serve as they are.
*/
static bool join_exclusions(struct work *work, const struct loom_store *store) {
  const struct loom_spans *lists[] = {&store->exclusions, &work->report->common.exclusions};
  work->exclusions.count = 0;
  for (size_t l = 0; l < 2; l++)
    for (size_t i = 0; i < lists[l]->count; i++)
      if (!loom_spans_add(&work->exclusions, lists[l]->items[i].start, lists[l]->items[i].end))
        return false;
  loom_spans_merge(&work->exclusions, true);
  return true;
}

static loom_status measure(struct work *work, const struct loom_store *store,
                           struct loom_figures *figures, loom_error *error) {
  loom_report *report = work->report;
  const struct loom_rules *rules = &report->options.rules;
  const struct loom_special_days *all_days = &report->common.special_days;
  struct loom_schedule schedule = {.hours = store->hours.items,
                                   .hours_count = store->hours.count,
                                   .own_days = store->special_days.items,
                                   .own_days_count = store->special_days.count,
                                   .all_days = all_days->items,
                                   .all_days_count = all_days->count};
  loom_status status = find_zone(report, store, &schedule.zone, error);
  if (status != LOOM_OK)
    return status;
  const struct loom_spans *exclusions = &report->common.exclusions;
  if (store->exclusions.count)
    exclusions = &work->exclusions;
  if ((store->exclusions.count && !join_exclusions(work, store)) ||
      !loom_schedule_intervals(&schedule, report->hull.start, report->hull.end, rules->slack,
                               &work->intervals))
    return no_memory(error);
  for (size_t w = 0; w < report->options.window_count; w++) {
    int64_t excluded;
    if (!loom_schedule_pieces(&work->intervals, exclusions, report->spans[w], &work->pieces,
                              &excluded))
      return no_memory(error);
    loom_uptime_measure(&work->pieces, store->polls.items, store->polls.count, rules,
                        report->options.as_of, &figures[w], NULL, NULL);
    figures[w].excluded = excluded;
  }
  return LOOM_OK;
}

/* ---- threads ---- */

static void fail(loom_report *report, loom_status status, const loom_error *error) {
  pthread_mutex_lock(&report->lock);
  if (report->status == LOOM_OK) {
    report->status = status;
    report->error = *error;
  }
  pthread_mutex_unlock(&report->lock);
  atomic_store(&report->cancelled, true);
}

/* Takes the next stores; *count is 0 when there are no more. */
static loom_status take_batch(struct work *work, size_t *count, loom_error *error) {
  loom_report *report = work->report;
  loom_status status = LOOM_OK;
  *count = 0;
  pthread_mutex_lock(&report->source_lock);
  while (*count < BATCH && status == LOOM_OK) {
    status = report->source->next(report->source, &work->stores[*count], error);
    *count += status == LOOM_OK;
  }
  pthread_mutex_unlock(&report->source_lock);
  return status == LOOM_DONE ? LOOM_OK : status;
}

static bool reserve(loom_report *report, size_t count) {
  if (report->row_capacity - report->row_count < count) {
    size_t capacity = (report->row_capacity + count) * 2, windows = report->options.window_count;
    struct row *rows = realloc(report->rows, capacity * sizeof *rows);
    if (!rows)
      return false;
    report->rows = rows;
    struct loom_figures *figures =
        realloc(report->figures, capacity * windows * sizeof *figures);
    if (!figures)
      return false;
    report->figures = figures;
    report->row_capacity = capacity;
  }
  if (report->ids_capacity - report->ids_size < count * LOOM_ID_MAX) {
    size_t capacity = (report->ids_capacity + count * LOOM_ID_MAX) * 2;
    char *ids = realloc(report->ids, capacity);
    if (!ids)
      return false;
    report->ids = ids;
    report->ids_capacity = capacity;
  }
  return true;
}

static bool keep_batch(struct work *work, size_t count) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count;
  pthread_mutex_lock(&report->lock);
  bool good = reserve(report, count);
  for (size_t i = 0; good && i < count; i++) {
    const struct loom_store *store = &work->stores[i];
    size_t at = report->row_count++;
    report->rows[at] = (struct row){.id_offset = report->ids_size,
                                    .id_length = store->id_length,
                                    .figures = at * windows};
    memcpy(report->ids + report->ids_size, store->id, store->id_length);
    report->ids_size += store->id_length;
    memcpy(report->figures + at * windows, work->figures + i * windows,
           windows * sizeof *work->figures);
  }
  pthread_mutex_unlock(&report->lock);
  return good;
}

static loom_status work_through(struct work *work, loom_error *error) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count, count;
  loom_status status;
  work->figures = calloc(BATCH * windows, sizeof *work->figures);
  if (!work->figures)
    return no_memory(error);
  do {
    if (atomic_load(&report->cancelled))
      return loom_fail(error, LOOM_ECANCELED, "the report was cancelled");
    status = take_batch(work, &count, error);
    for (size_t i = 0; status == LOOM_OK && i < count; i++)
      status = measure(work, &work->stores[i], work->figures + i * windows, error);
    if (status == LOOM_OK && !keep_batch(work, count))
      status = no_memory(error);
    atomic_fetch_add(&report->stores_done, count);
  } while (status == LOOM_OK && count > 0);
  return status;
}

static int compare_rows(const void *a, const void *b) {
  const struct row *left = a, *right = b;
  size_t length = left->id_length < right->id_length ? left->id_length : right->id_length;
  int order = memcmp(left->id, right->id, length);
  return order ? order : (left->id_length > right->id_length) - (left->id_length < right->id_length);
}

/* The last thread to end sorts the rows and lets the source go. */
static void complete(loom_report *report) {
  for (size_t i = 0; i < report->row_count; i++)
    report->rows[i].id = report->ids + report->rows[i].id_offset;
  if (report->row_count)
    qsort(report->rows, report->row_count, sizeof *report->rows, compare_rows);
  if (report->status == LOOM_OK) /* the source may have passed over some */
    atomic_store(&report->stores_done, report->store_count);
  report->source->release(report->source);
  report->released = true;
}

static void *run_thread(void *context) {
  loom_report *report = context;
  loom_error error;
  struct work *work = calloc(1, sizeof *work);
  loom_status status = work ? LOOM_OK : no_memory(&error);
  if (work) {
    work->report = report;
    status = work_through(work, &error);
    for (size_t i = 0; i < BATCH; i++)
      loom_store_free(&work->stores[i]);
    loom_spans_free(&work->intervals);
    loom_spans_free(&work->exclusions);
    loom_spans_free(&work->pieces);
    free(work->figures);
    free(work);
  }
  if (status != LOOM_OK)
    fail(report, status, &error);
  pthread_mutex_lock(&report->lock);
  if (--report->running == 0) {
    complete(report);
    pthread_cond_broadcast(&report->finished);
  }
  pthread_mutex_unlock(&report->lock);
  return NULL;
}

/* ---- starting ---- */

static loom_status resolve_windows(loom_report *report, loom_error *error) {
  for (size_t w = 0; w < report->options.window_count; w++) {
    const struct loom_window_option *window = &report->windows[w];
    struct loom_span *span = &report->spans[w];
    *span = (struct loom_span){window->from, window->to};
    if (window->length)
      *span = (struct loom_span){report->options.as_of - window->length, report->options.as_of};
    if (span->end <= span->start)
      return loom_fail(error, LOOM_EINVAL, "window %zu ends before it starts", w + 1);
    if (span->end - span->start > LOOM_WINDOW_LENGTH_MAX)
      return loom_fail(error, LOOM_EINVAL, "window %zu is longer than 100 years", w + 1);
    if (w == 0 || span->start < report->hull.start)
      report->hull.start = span->start;
    if (w == 0 || span->end > report->hull.end)
      report->hull.end = span->end;
  }
  if (report->hull.end - report->hull.start > LOOM_WINDOW_LENGTH_MAX)
    return loom_fail(error, LOOM_EINVAL, "the windows are more than 100 years apart");
  return LOOM_OK;
}

static bool copy_globs(loom_report *report) {
  report->globs = calloc(report->options.glob_count + 1, sizeof *report->globs);
  for (size_t i = 0; report->globs && i < report->options.glob_count; i++)
    if (!(report->globs[i] = strdup(report->options.globs[i])))
      return false;
  return report->globs != NULL;
}

/* Everything that needs the snapshot and no threads. */
static loom_status prepare(loom_report *report, loom_error *error) {
  struct loom_report_options *options = &report->options;
  loom_source *source = report->source;
  loom_status status = source->snapshot(source, error);
  if (status == LOOM_OK && !options->has_as_of)
    status = source->newest(source, &options->as_of, error);
  if (status == LOOM_OK)
    status = resolve_windows(report, error);
  if (status != LOOM_OK)
    return status;
  struct loom_source_query query = {.from = report->hull.start,
                                    .to = report->hull.end,
                                    .neighbours =
                                        options->rules.evidence == LOOM_EVIDENCE_AROUND,
                                    .as_of = options->as_of,
                                    .all_stores = options->all_stores,
                                    .globs = (const char *const *)report->globs,
                                    .glob_count = options->glob_count};
  status = source->select(source, &query, &report->common, &report->store_count, error);
  loom_spans_merge(&report->common.exclusions, true);
  return status;
}

static void start_threads(loom_report *report) {
  unsigned wanted = report->options.threads;
  if (wanted == 0) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    wanted = processors < 1 ? 1 : (unsigned)processors;
  }
  if (wanted > THREADS_MAX)
    wanted = THREADS_MAX;
  sigset_t all, before;
  sigfillset(&all); /* signals are for the threads of the program that Loom is in */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_mutex_lock(&report->lock); /* none may end before all are counted */
  while (report->thread_count < wanted &&
         pthread_create(&report->threads[report->thread_count], NULL, run_thread, report) == 0)
    report->thread_count++;
  report->running = report->thread_count ? report->thread_count : 1;
  pthread_mutex_unlock(&report->lock);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (report->thread_count == 0) /* no thread to be had: this one does the work */
    run_thread(report);
}

loom_status loom_report_start(const struct loom_report_options *options, loom_source *source,
                              loom_zones *zones, loom_report **out, loom_error *error) {
  loom_error cause;
  *out = NULL;
  if (options->window_count < 1 || options->window_count > LOOM_WINDOWS_MAX)
    return loom_fail(error, LOOM_EINVAL, "a report has 1 to %d windows", LOOM_WINDOWS_MAX);
  loom_report *report = calloc(1, sizeof *report);
  if (!report)
    return no_memory(error);
  report->options = *options;
  memcpy(report->windows, options->windows, options->window_count * sizeof *report->windows);
  report->source = source;
  report->zones = zones;
  pthread_mutex_init(&report->source_lock, NULL);
  pthread_mutex_init(&report->lock, NULL);
  pthread_condattr_t attributes; /* waits must not depend on the clock on the wall */
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&report->finished, &attributes);
  pthread_condattr_destroy(&attributes);
  loom_status status = loom_zones_get(zones, options->default_zone, strlen(options->default_zone),
                                      &report->default_zone, &cause);
  if (status != LOOM_OK) {
    char name[LOOM_QUOTED_SIZE];
    status = loom_fail(error, status, "default zone: %s %.200s",
                       loom_quote(name, options->default_zone, strlen(options->default_zone)),
                       cause.message);
  }
  if (status == LOOM_OK && !copy_globs(report))
    status = no_memory(error);
  if (status == LOOM_OK)
    status = prepare(report, error);
  if (status != LOOM_OK) {
    loom_report_free(report);
    return status;
  }
  start_threads(report);
  *out = report;
  return LOOM_OK;
}

loom_status loom_report_wait(loom_report *report, unsigned milliseconds, loom_error *error) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += milliseconds / 1000;
  until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&report->lock);
  int timeout = 0;
  while (report->running && timeout == 0)
    timeout = pthread_cond_timedwait(&report->finished, &report->lock, &until);
  loom_status status = report->running ? LOOM_OK : LOOM_DONE;
  if (!report->running && report->status != LOOM_OK) {
    status = report->status;
    if (error)
      *error = report->error;
  }
  pthread_mutex_unlock(&report->lock);
  return status;
}

double loom_report_progress(loom_report *report) {
  uint64_t done = atomic_load(&report->stores_done);
  return done >= report->store_count ? 1.0 : (double)done / (double)report->store_count;
}

void loom_report_cancel(loom_report *report) {
  atomic_store(&report->cancelled, true);
}

void loom_report_free(loom_report *report) {
  if (!report)
    return;
  atomic_store(&report->cancelled, true);
  for (unsigned i = 0; i < report->thread_count; i++)
    pthread_join(report->threads[i], NULL);
  if (!report->released)
    report->source->release(report->source);
  loom_common_free(&report->common);
  pthread_cond_destroy(&report->finished);
  pthread_mutex_destroy(&report->lock);
  pthread_mutex_destroy(&report->source_lock);
  for (size_t i = 0; report->globs && i < report->options.glob_count; i++)
    free(report->globs[i]);
  free(report->globs);
  free(report->rows);
  free(report->ids);
  free(report->figures);
  free(report);
}

/* ---- results ---- */

int64_t loom_report_as_of(const loom_report *report) {
  return report->options.as_of;
}

size_t loom_report_window_count(const loom_report *report) {
  return report->options.window_count;
}

struct loom_span loom_report_window(const loom_report *report, size_t window) {
  return report->spans[window];
}

size_t loom_report_count(const loom_report *report) {
  return report->row_count;
}

const char *loom_report_store(const loom_report *report, size_t row, size_t *length) {
  *length = report->rows[row].id_length;
  return report->rows[row].id;
}

const struct loom_figures *loom_report_figures(const loom_report *report, size_t row) {
  return report->figures + report->rows[row].figures;
}
