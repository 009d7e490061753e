/*
** Reports. Each thread reads stores by a reader of its own, which the source has for it, and measures them; there are as many
** threads as readers can be had. What it has measured it hands over a batch at a time.
*/
#include "report/report.h"
#include "base/grow.h"
#include "base/platform.h"
#include "base/thread.h"
#include "measure/measure.h"
#include "measure/strip.h"
#include "time/civil.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 128 /* stores to a batch */

struct row {
  const char *id;   /* set when the report is complete: `ids` moves as it grows */
  size_t id_offset; /* in `ids` */
  size_t id_length;
  const loom_zone *zone;
  size_t index; /* of the row's figures and strip, in the order in which stores were done */
};

struct loom_report {
  struct loom_report_options options;
  struct loom_window windows[LOOM_WINDOWS_MAX];
  /* The windows as instants: those of all zones, and once the report is complete those of its rows. */
  struct loom_span spans[LOOM_WINDOWS_MAX];
  char **globs; /* copies of the selection's patterns */
  loom_source *source;
  struct loom_setting setting;

  pthread_t threads[LOOM_READERS_MAX];
  unsigned thread_count;
  atomic_uint readers_taken;
  /* threads that still compute; that have not ended. Both under `lock` */
  unsigned computing, running;
  pthread_mutex_t lock; /* of all that follows */
  pthread_cond_t finished;
  /* LOOM_OK, or the first failure: of the threads, of the start, or for want of one */
  loom_status status;
  loom_error error;
  bool started, released;
  atomic_bool complete; /* all is done, and well */
  atomic_bool cancelled;
  atomic_uint_fast64_t stores_done;
  uint64_t store_count;

  struct loom_span reach[LOOM_WINDOWS_MAX]; /* what the windows of the rows cover */
  bool has_reach;                           /* there is one */
  /* of each reader, in the order of its stores; all of them in order of id when the report is complete */
  struct rows {
    struct row *items;
    size_t count, capacity;
  } lists[LOOM_READERS_MAX];
  struct row *rows;
  size_t row_count, row_capacity; /* rows that there is room for: of figures and strips */
  char *ids;
  size_t ids_size, ids_capacity;
  struct loom_figures *figures;
  char *strips;
  struct loom_series series; /* what the threads have brought together */
  struct loom_store_state *states;
  /* stores whose states take a look further back than others'; deferred_rows has the index in `states` of each */
  struct loom_id_table deferred;
  size_t *deferred_rows, deferred_capacity;
  struct loom_id_table looked_at; /* those that were deferred by the look before */
  struct loom_left_out *left_out; /* room for LOOM_LEFT_OUT_MAX, once there is one */
  size_t left_out_count;          /* of all, kept or not */
};

/* What one thread works with; its buffers last from store to store. */
struct work {
  loom_report *report;
  loom_source *reader;
  struct rows *rows;       /* the reader's */
  struct loom_store store; /* that was read last */
  struct loom_measure measure;
  struct loom_strip strip;
  struct loom_series series;
  size_t count; /* of rows in the batch */
  struct {
    char id[LOOM_ID_MAX];
    size_t length;
    const loom_zone *zone;
  } ids[BATCH];
  struct {
    struct loom_store_state state;
    bool is_deferred; /* it is not known yet */
  } states[BATCH];
  struct loom_span
      reach[LOOM_WINDOWS_MAX]; /* what the windows cover of the stores that have rows */
  bool has_reach;
  struct loom_figures *figures; /* BATCH rows of all windows */
  char *strips;                 /* BATCH of them */
};

/* Looked at between two windows of a store: one of a hundred years takes some milliseconds. */
static loom_status check_cancelled(loom_report *report, loom_error *error) {
  return atomic_load(&report->cancelled)
             ? loom_fail(error, LOOM_ECANCELED, "the report was cancelled")
             : LOOM_OK;
}

/* ---- one store ---- */

/* The smallest span that holds both. */
static struct loom_span span_of(struct loom_span a, struct loom_span b) {
  return (struct loom_span){a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

/* The group of a series that the store that was read last is of. */
static size_t group_of(const struct work *work) {
  const struct loom_series_option *option = &work->report->options.series;
  const struct loom_store *store = &work->store;
  uint32_t number = option->members
                        ? loom_id_table_find(option->members, store->id, store->id_length)
                        : LOOM_NO_NUMBER;
  return number == LOOM_NO_NUMBER ? option->groups - 1 : option->group_of[number];
}

/* Measures the store that was read last in window number `w`, for its strip or for the series, if this is their window. */
static loom_status measure_window(struct work *work, size_t w, struct loom_span window,
                                  struct loom_figures *figures, loom_error *error) {
  const struct loom_report_options *options = &work->report->options;
  if (options->strip_bins && w == options->strip_window) {
    loom_strip_begin(&work->strip, window);
    loom_status status =
        loom_measure_window(&work->measure, window, figures, loom_strip_add, &work->strip, error);
    if (status == LOOM_OK)
      loom_strip_finish(&work->strip, work->strips + work->count * options->strip_bins);
    return status;
  }
  if (options->series.step && w == options->series.window) {
    loom_series_begin(&work->series, group_of(work));
    loom_status status =
        loom_measure_window(&work->measure, window, figures, loom_series_add, &work->series, error);
    loom_series_end(&work->series);
    return status;
  }
  return loom_measure_window(&work->measure, window, figures, NULL, NULL, error);
}

/* Measures the store that was read last, for the batch's next row. */
static loom_status measure(struct work *work, loom_error *error) {
  loom_report *report = work->report;
  const struct loom_report_options *options = &report->options;
  struct loom_figures *figures = work->figures + work->count * options->window_count;
  loom_status status = loom_measure_store(&work->measure, &report->setting, &work->store, error);
  for (size_t w = 0; status == LOOM_OK && w < options->window_count; w++) {
    struct loom_span window =
        loom_window_span(&report->windows[w], report->setting.as_of, work->measure.schedule.zone);
    work->reach[w] = work->has_reach ? span_of(work->reach[w], window) : window;
    status = measure_window(work, w, window, &figures[w], error);
    if (status == LOOM_OK)
      status = check_cancelled(report, error);
  }
  work->has_reach = work->has_reach || status == LOOM_OK;
  return status;
}

/* An instant so long before as_of, or the first one. */
static int64_t before_as_of(const loom_report *report, int64_t reach) {
  int64_t from = report->setting.as_of - reach;
  return from > LOOM_INSTANT_MIN ? from : LOOM_INSTANT_MIN;
}

/* Starts on the last polls of stores, and on exclusions from an instant on. */
static loom_status select_states(loom_report *report, const struct loom_selection *selection,
                                 int64_t exclusions_from, uint64_t *count, loom_error *error) {
  int64_t as_of = report->setting.as_of, start = report->setting.hull.start;
  struct loom_common *common = &report->setting.common;
  report->setting.exclusions_before = start > exclusions_from ? start - exclusions_from : 0;
  struct loom_source_query query = {.from = as_of - LOOM_STANDING_POLLS,
                                    .to = as_of,
                                    .last_polls = true,
                                    .exclusions_from = exclusions_from,
                                    .as_of = as_of,
                                    .selection = *selection};
  loom_status status = loom_source_select(report->source, &query, common, count, error);
  loom_spans_merge(&common->exclusions, true);
  return status;
}

static loom_status take_earlier(void *reader, struct loom_store *store, unsigned days,
                                loom_error *error) {
  return loom_source_earlier(reader, store, days, error);
}

/* What the store that was read last is at as_of. LOOM_DONE: it takes exclusions from before `exclusions_from`. */
static loom_status look_at(struct work *work, int64_t exclusions_from,
                           struct loom_store_state *state, loom_error *error) {
  const struct loom_report *report = work->report;
  const struct loom_state_query query = {.exclusions_from = exclusions_from,
                                         .dormant_after = report->options.states.dormant_after,
                                         .no_since_up = report->options.states.no_since_up,
                                         .earlier = take_earlier,
                                         .context = work->reader};
  return loom_store_state(&work->measure, &report->setting, &work->store, &query, state, error);
}

/* Finds the state of the store that was read last, for the batch's next row. */
static loom_status find_state(struct work *work, loom_error *error) {
  int64_t from = before_as_of(work->report, LOOM_STANDING_EXCLUSIONS);
  loom_status status = look_at(work, from, &work->states[work->count].state, error);
  work->states[work->count].is_deferred = status == LOOM_DONE;
  return status == LOOM_DONE ? LOOM_OK : status;
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

static bool leave_out(loom_report *report, const struct loom_store *store,
                      const loom_error *reason) {
  pthread_mutex_lock(&report->lock);
  if (!report->left_out)
    report->left_out = calloc(LOOM_LEFT_OUT_MAX, sizeof *report->left_out);
  bool good = report->left_out != NULL;
  if (good && report->left_out_count < LOOM_LEFT_OUT_MAX) {
    struct loom_left_out *left_out = &report->left_out[report->left_out_count];
    memcpy(left_out->id, store->id, store->id_length);
    left_out->id_length = store->id_length;
    left_out->reason = *reason;
  }
  report->left_out_count += good;
  pthread_mutex_unlock(&report->lock);
  return good;
}

/* Measures the store that was read. One whose zone is none is left out; nothing else that fails is a single store's. */
static loom_status add_store(struct work *work, loom_error *error) {
  loom_status status =
      work->report->options.states.wanted ? find_state(work, error) : measure(work, error);
  if (status == LOOM_EINPUT || status == LOOM_ECORRUPT)
    return leave_out(work->report, &work->store, error) ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK) {
    memcpy(work->ids[work->count].id, work->store.id, work->store.id_length);
    work->ids[work->count].zone = work->measure.schedule.zone;
    work->ids[work->count++].length = work->store.id_length;
  }
  return status;
}

static bool reserve(loom_report *report, size_t count) {
  if (report->row_capacity - report->row_count < count) {
    size_t capacity = (report->row_capacity + count) * 2, windows = report->options.window_count;
    struct loom_figures *figures =
        realloc(report->figures, (capacity * windows + 1) * sizeof *figures);
    if (!figures)
      return false;
    report->figures = figures;
    if (report->options.strip_bins) {
      char *strips = realloc(report->strips, capacity * report->options.strip_bins);
      if (!strips)
        return false;
      report->strips = strips;
    }
    if (report->options.states.wanted) {
      struct loom_store_state *states = realloc(report->states, capacity * sizeof *states);
      if (!states)
        return false;
      report->states = states;
    }
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

/* Notes that the state of a row is still to be found. */
static bool defer(loom_report *report, const char *id, size_t length, size_t index) {
  uint32_t number = loom_id_table_put(&report->deferred, id, length);
  if (number == LOOM_NO_NUMBER || !loom_grow(&report->deferred_rows, &report->deferred_capacity,
                                             number + 1, sizeof *report->deferred_rows))
    return false;
  report->deferred_rows[number] = index;
  return true;
}

static bool keep_batch(struct work *work) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count, bins = report->options.strip_bins;
  pthread_mutex_lock(&report->lock);
  struct rows *rows = work->rows;
  bool good =
      reserve(report, work->count) &&
      loom_grow(&rows->items, &rows->capacity, rows->count + work->count, sizeof *rows->items);
  for (size_t i = 0; good && i < work->count; i++) {
    size_t at = report->row_count++, length = work->ids[i].length;
    rows->items[rows->count++] = (struct row){
        .id_offset = report->ids_size, .id_length = length, .zone = work->ids[i].zone, .index = at};
    memcpy(report->ids + report->ids_size, work->ids[i].id, length);
    report->ids_size += length;
    if (windows)
      memcpy(report->figures + at * windows, work->figures + i * windows,
             windows * sizeof *work->figures);
    if (report->options.states.wanted) {
      report->states[at] = work->states[i].state;
      good = !work->states[i].is_deferred || defer(report, work->ids[i].id, length, at);
    }
    if (bins)
      memcpy(report->strips + at * bins, work->strips + i * bins, bins);
  }
  pthread_mutex_unlock(&report->lock);
  work->count = 0;
  return good;
}

/* Reads and measures stores until a batch is full. LOOM_DONE: there are no more. */
static loom_status fill_batch(struct work *work, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && work->count < BATCH) {
    status = check_cancelled(work->report, error);
    if (status == LOOM_OK)
      status = loom_source_next(work->reader, &work->store, error);
    if (status == LOOM_OK)
      status = add_store(work, error);
    if (status == LOOM_OK)
      atomic_fetch_add(&work->report->stores_done, 1);
  }
  return status;
}

static loom_status work_through(struct work *work, loom_error *error) {
  loom_report *report = work->report;
  size_t windows = report->options.window_count, bins = report->options.strip_bins;
  work->figures = calloc(BATCH * windows + 1, sizeof *work->figures); /* there may be no windows */
  work->strips = bins ? malloc(BATCH * bins) : NULL;
  if (!work->figures || (bins && (!work->strips || !loom_strip_init(&work->strip, bins))))
    return loom_no_memory(error);
  const struct loom_series *series = &report->series;
  if (series->items &&
      !loom_series_init(&work->series, series->window, series->step, series->groups))
    return loom_no_memory(error);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK) {
    status = fill_batch(work, error);
    if ((status == LOOM_OK || status == LOOM_DONE) && !keep_batch(work))
      status = loom_no_memory(error);
  }
  return status == LOOM_DONE ? LOOM_OK : status;
}

static int compare_rows(const void *a, const void *b) {
  const struct row *left = a, *right = b;
  size_t length = left->id_length < right->id_length ? left->id_length : right->id_length;
  int order = memcmp(left->id, right->id, length);
  return order ? order
               : (left->id_length > right->id_length) - (left->id_length < right->id_length);
}

/* Moves more than so many times the rows, and to sort them anew takes less time. */
#define MOVES_TO_A_ROW 4

/* Merges rows[at … middle), which are sorted, with rows[middle … end), which are, too. False: memory is out. */
static bool merge_rows(struct row *rows, size_t at, size_t middle, size_t end) {
  size_t count = middle - at, next = 0;
  struct row *left = malloc(count * sizeof *left);
  if (!left)
    return false;
  memcpy(left, rows + at, count * sizeof *left);
  while (next < count)
    rows[at++] = middle < end && compare_rows(&rows[middle], &left[next]) < 0 ? rows[middle++]
                                                                              : left[next++];
  free(left);
  return true;
}

/*
** Sorts the rows. Those of a reader come in the order of the source, which is often that of the ids: each run that is sorted is
** merged with those before it that should come after it.
*/
static void sort_rows(struct row *rows, size_t count) {
  size_t moves = 0, end;
  for (size_t middle = 1; middle < count; middle = end) {
    for (end = middle + 1; end < count && compare_rows(&rows[end - 1], &rows[end]) <= 0;)
      end++;
    size_t low = 0, high = middle; /* where the first of the batch belongs */
    if (compare_rows(&rows[middle - 1], &rows[middle]) <= 0)
      low = middle;
    while (low < high) {
      size_t half = low + (high - low) / 2;
      if (compare_rows(&rows[half], &rows[middle]) <= 0)
        low = half + 1;
      else
        high = half;
    }
    moves += end - low;
    if (moves > count * MOVES_TO_A_ROW || (low < middle && !merge_rows(rows, low, middle, end))) {
      qsort(rows, count, sizeof *rows, compare_rows);
      return;
    }
  }
}

static size_t left_out_kept(const loom_report *report) {
  return report->left_out_count < LOOM_LEFT_OUT_MAX ? report->left_out_count : LOOM_LEFT_OUT_MAX;
}

static int compare_left_out(const void *a, const void *b) {
  const struct loom_left_out *l = a, *r = b;
  return compare_rows(&(struct row){.id = l->id, .id_length = l->id_length},
                      &(struct row){.id = r->id, .id_length = r->id_length});
}

/* Sorts those that were left out; where nothing is left the report is theirs, and fails. */
static void finish_left_out(loom_report *report) {
  if (report->left_out_count == 0)
    return;
  qsort(report->left_out, left_out_kept(report), sizeof *report->left_out, compare_left_out);
  if (report->row_count == 0)
    fail(report, report->left_out->reason.code, &report->left_out->reason);
}

/* Makes one list of the readers', in order of id. False: memory is out. */
static bool bring_together(loom_report *report) {
  size_t at = 0;
  report->rows = malloc((report->row_count + 1) * sizeof *report->rows);
  if (!report->rows)
    return false;
  for (size_t i = 0; i < LOOM_READERS_MAX; i++) {
    struct rows *list = &report->lists[i];
    for (size_t row = 0; row < list->count; row++, at++) {
      report->rows[at] = list->items[row];
      report->rows[at].id = report->ids + report->rows[at].id_offset;
    }
    free(list->items);
    *list = (struct rows){0};
  }
  sort_rows(report->rows, report->row_count);
  return true;
}

/* ---- states that take a further look ---- */

/*
** Finds the states of the deferred stores, by exclusions of so long a time before as_of. Those that take a still longer one stay
** deferred.
*/
static loom_status look_further(struct work *work, int64_t reach, loom_error *error) {
  loom_report *report = work->report;
  const struct loom_store *store = &work->store;
  int64_t from = before_as_of(report, reach);
  size_t *rows = report->deferred_rows;
  uint64_t count;
  loom_id_table_free(&report->looked_at);
  report->looked_at = report->deferred;
  loom_id_table_init(&report->deferred);
  report->deferred_rows = NULL;
  report->deferred_capacity = 0;
  const struct loom_selection selection = {.ids = &report->looked_at, .all_stores = true};
  loom_status status = select_states(report, &selection, from, &count, error);
  while (status == LOOM_OK) {
    status = loom_source_next(work->reader, &work->store, error);
    if (status != LOOM_OK)
      break;
    size_t row = rows[loom_id_table_find(&report->looked_at, store->id, store->id_length)];
    status = look_at(work, from, &report->states[row], error);
    if (status == LOOM_DONE)
      status = defer(report, store->id, store->id_length, row) ? LOOM_OK : loom_no_memory(error);
    if (status == LOOM_OK)
      status = check_cancelled(report, error);
  }
  free(rows);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* Each look goes back further, up to where none does: see standing.h. */
static void find_deferred(loom_report *report) {
  loom_error error;
  loom_status status = report->status;
  struct work *work = report->deferred.count ? calloc(1, sizeof *work) : NULL;
  if (report->deferred.count && !work)
    status = loom_no_memory(&error);
  if (work) {
    work->report = report;
    work->reader = report->source;
  }
  int64_t reach = LOOM_STANDING_EXCLUSIONS;
  while (status == LOOM_OK && report->deferred.count) {
    reach *= LOOM_STANDING_STEP;
    status = look_further(work, reach, &error);
  }
  if (status != LOOM_OK && report->status == LOOM_OK)
    fail(report, status, &error);
  if (work) {
    loom_store_free(&work->store);
    loom_measure_free(&work->measure);
    free(work);
  }
}

/*
** The last thread to end sorts the rows and lets the source go. No lock is held: nobody else touches the report now, and
** those who ask how it is doing must not wait for a file.
*/
static void complete(loom_report *report) {
  loom_error error;
  find_deferred(report);
  if (!bring_together(report))
    fail(report, loom_no_memory(&error), &error);
  if (report->has_reach)
    memcpy(report->spans, report->reach, sizeof report->spans);
  if (report->series.items)
    loom_series_finish(&report->series);
  finish_left_out(report);
  loom_source_release(report->source);
  report->released = true;
  if (report->status == LOOM_OK && report->options.finish) {
    loom_status status = report->options.finish(report->options.finish_context, report, &error);
    if (status != LOOM_OK)
      fail(report, status, &error);
  }
  if (report->status == LOOM_OK) /* the source may have passed over some */
    atomic_store(&report->stores_done, report->store_count);
  atomic_store(&report->complete, report->status == LOOM_OK);
}

/* Before its thread counts as ended: the last one completes the report. */
static void keep_sums(const struct work *work) {
  loom_report *report = work->report;
  pthread_mutex_lock(&report->lock);
  if (work->series.items)
    loom_series_merge(&report->series, &work->series);
  for (size_t w = 0; work->has_reach && w < report->options.window_count; w++)
    report->reach[w] =
        report->has_reach ? span_of(report->reach[w], work->reach[w]) : work->reach[w];
  report->has_reach = report->has_reach || work->has_reach;
  pthread_mutex_unlock(&report->lock);
}

static void *run_thread(void *context) {
  loom_report *report = context;
  loom_error error;
  struct work *work = calloc(1, sizeof *work);
  loom_status status = work ? LOOM_OK : loom_no_memory(&error);
  if (work) {
    work->report = report;
    unsigned reader = atomic_fetch_add(&report->readers_taken, 1);
    work->reader = loom_source_reader(report->source, reader);
    work->rows = &report->lists[reader];
    status = work_through(work, &error);
    keep_sums(work);
    loom_store_free(&work->store);
    loom_measure_free(&work->measure);
    loom_strip_free(&work->strip);
    loom_series_free(&work->series);
    free(work->figures);
    free(work->strips);
    free(work);
  }
  if (status != LOOM_OK)
    fail(report, status, &error);
  pthread_mutex_lock(&report->lock);
  bool last = --report->computing == 0;
  pthread_mutex_unlock(&report->lock);
  if (last)
    complete(report);
  pthread_mutex_lock(&report->lock);
  if (--report->running == 0)
    pthread_cond_broadcast(&report->finished);
  pthread_mutex_unlock(&report->lock);
  return NULL;
}

/* ---- starting ---- */

static loom_status resolve_windows(loom_report *report, loom_error *error) {
  size_t count = report->options.window_count;
  struct loom_span *hull = &report->setting.hull;
  loom_status status = LOOM_OK;
  if (report->options.states.wanted)
    *hull = (struct loom_span){before_as_of(report, LOOM_STANDING_OPENINGS), report->setting.as_of};
  if (count > 0)
    status = loom_windows_hull(report->windows, count, report->setting.as_of, hull, error);
  for (size_t w = 0; status == LOOM_OK && w < count; w++)
    report->spans[w] = loom_window_hull(&report->windows[w], report->setting.as_of);
  return status;
}

/* Room for the series, whose window is known. */
static loom_status prepare_series(loom_report *report, loom_error *error) {
  const struct loom_series_option *option = &report->options.series;
  struct loom_span window = report->spans[option->window];
  int64_t length = window.end - window.start;
  if (length % option->step)
    return loom_fail(error, LOOM_EINVAL, "a series has a whole number of steps");
  if (length / option->step > LOOM_SERIES_STEPS_MAX ||
      option->groups > LOOM_SERIES_ITEMS_MAX / (size_t)(length / option->step))
    return loom_fail(error, LOOM_EINVAL,
                     "a series has up to %d steps, and up to %d of them in all its groups",
                     LOOM_SERIES_STEPS_MAX, LOOM_SERIES_ITEMS_MAX);
  return loom_series_init(&report->series, window, option->step, option->groups)
             ? LOOM_OK
             : loom_no_memory(error);
}

static bool copy_globs(loom_report *report) {
  struct loom_selection *selection = &report->options.selection;
  report->globs = calloc(selection->glob_count + 1, sizeof *report->globs);
  for (size_t i = 0; report->globs && i < selection->glob_count; i++)
    if (!(report->globs[i] = strdup(selection->globs[i])))
      return false;
  selection->globs = (const char *const *)report->globs;
  return report->globs != NULL;
}

static unsigned wanted_threads(const loom_report *report) {
  if (report->options.threads)
    return report->options.threads;
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 1 ? 1 : (unsigned)processors;
}

/* Stores that are chosen by their ids, and take one reader less time than it does to open another. */
#define FEW_STORES 512

static loom_status take_snapshot(loom_report *report, loom_error *error) {
  loom_source *source = report->source;
  const struct loom_selection *selection = &report->options.selection;
  bool few = selection->ids && !selection->glob_count && selection->ids->count < FEW_STORES;
  loom_status status = loom_source_snapshot_for(source, few ? 1 : wanted_threads(report), error);
  report->setting.as_of = report->options.as_of;
  if (status == LOOM_OK && !report->options.has_as_of)
    status = loom_source_newest(source, &report->setting.as_of, error);
  if (status == LOOM_OK)
    status = resolve_windows(report, error);
  return status == LOOM_OK && report->options.series.step ? prepare_series(report, error) : status;
}

static loom_status select_stores(loom_report *report, loom_error *error) {
  struct loom_setting *setting = &report->setting;
  struct loom_source_query query = {.from = setting->hull.start,
                                    .to = setting->hull.end,
                                    .neighbours = setting->rules.evidence == LOOM_EVIDENCE_AROUND,
                                    .as_of = setting->as_of,
                                    .selection = report->options.selection};
  if (report->options.states.wanted)
    return select_states(report, &query.selection, before_as_of(report, LOOM_STANDING_EXCLUSIONS),
                         &report->store_count, error);
  loom_status status =
      loom_source_select(report->source, &query, &setting->common, &report->store_count, error);
  loom_spans_merge(&setting->common.exclusions, true);
  return status;
}

static void start_threads(loom_report *report) {
  unsigned wanted = loom_source_reader_count(report->source);
  pthread_mutex_lock(&report->lock); /* none may end before all are counted */
  while (report->thread_count < wanted &&
         loom_thread_start(&report->threads[report->thread_count], run_thread, report))
    report->thread_count++;
  report->running = report->computing = report->thread_count ? report->thread_count : 1;
  pthread_mutex_unlock(&report->lock);
  if (report->thread_count == 0) /* no thread to be had: this one does the work */
    run_thread(report);
}

static bool is_bad_series(const struct loom_report_options *options) {
  const struct loom_series_option *series = &options->series;
  return series->window >= options->window_count || series->step < 0 || series->groups < 1 ||
         options->strip_bins || options->windows[series->window].calendar != LOOM_CALENDAR_NONE;
}

loom_status loom_report_prepare(const struct loom_report_options *options, loom_source *source,
                                loom_zones *zones, loom_report **out, loom_error *error) {
  *out = NULL;
  if (options->states.wanted && options->window_count > 0)
    return loom_fail(error, LOOM_EINVAL, "a report of states has no windows");
  if (!options->states.wanted &&
      (options->window_count < 1 || options->window_count > LOOM_WINDOWS_MAX))
    return loom_fail(error, LOOM_EINVAL, "a report has 1 to %d windows", LOOM_WINDOWS_MAX);
  if (options->strip_bins > LOOM_STRIP_BINS_MAX ||
      (options->strip_bins && options->strip_window >= options->window_count))
    return loom_fail(error, LOOM_EINVAL, "a strip is of one of the windows, and has up to %d bins",
                     LOOM_STRIP_BINS_MAX);
  if (options->series.step && is_bad_series(options))
    return loom_fail(error, LOOM_EINVAL,
                     "a series is of one of the windows, which is not on the calendar, and "
                     "without strips");
  loom_report *report = calloc(1, sizeof *report);
  if (!report)
    return loom_no_memory(error);
  report->options = *options;
  if (options->window_count)
    memcpy(report->windows, options->windows, options->window_count * sizeof *report->windows);
  loom_id_table_init(&report->deferred);
  loom_id_table_init(&report->looked_at);
  report->source = source;
  report->setting.rules = options->rules;
  report->setting.zones = zones;
  loom_overlays_init(&report->setting.overlays);
  pthread_mutex_init(&report->lock, NULL);
  loom_condition_init(&report->finished);
  report->status = loom_fail(&report->error, LOOM_EINVAL, "the report has not been started");
  loom_status status = loom_setting_zone(&report->setting, options->default_zone, error);
  if (status == LOOM_OK && !copy_globs(report))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = take_snapshot(report, error);
  if (status == LOOM_OK)
    *out = report;
  else
    loom_report_free(report);
  return status;
}

struct loom_overlays *loom_report_overlays(loom_report *report) {
  return report->started ? NULL : &report->setting.overlays;
}

loom_status loom_report_start(loom_report *report, loom_error *error) {
  if (report->started)
    return loom_fail(error, LOOM_EINVAL, "the report has been started already");
  report->started = true;
  report->status = select_stores(report, &report->error);
  if (report->status == LOOM_OK) {
    start_threads(report);
    return LOOM_OK;
  }
  if (error)
    *error = report->error;
  return report->error.code;
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
    timeout = loom_condition_wait_until(&report->finished, &report->lock, &until);
  loom_status status = report->running ? LOOM_OK : LOOM_DONE;
  if (!report->running && report->status != LOOM_OK) {
    status = report->status;
    if (error)
      *error = report->error;
  }
  pthread_mutex_unlock(&report->lock);
  return status;
}

bool loom_report_is_complete(const loom_report *report) {
  return atomic_load(&report->complete);
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
    loom_source_release(report->source);
  loom_common_free(&report->setting.common);
  loom_overlays_free(&report->setting.overlays);
  pthread_cond_destroy(&report->finished);
  pthread_mutex_destroy(&report->lock);
  for (size_t i = 0; report->globs && i < report->options.selection.glob_count; i++)
    free(report->globs[i]);
  free(report->globs);
  for (size_t i = 0; i < LOOM_READERS_MAX; i++)
    free(report->lists[i].items);
  free(report->rows);
  free(report->ids);
  free(report->figures);
  free(report->strips);
  loom_series_free(&report->series);
  free(report->left_out);
  free(report->states);
  free(report->deferred_rows);
  loom_id_table_free(&report->deferred);
  loom_id_table_free(&report->looked_at);
  free(report);
}

/* ---- results ---- */

struct loom_span loom_report_hull(const loom_report *report) {
  return report->setting.hull;
}

int64_t loom_report_as_of(const loom_report *report) {
  return report->setting.as_of;
}

size_t loom_report_window_count(const loom_report *report) {
  return report->options.window_count;
}

struct loom_span loom_report_window(const loom_report *report, size_t window) {
  return report->spans[window];
}

struct loom_span loom_report_window_of(const loom_report *report, size_t row, size_t window) {
  return loom_window_span(&report->windows[window], report->setting.as_of, report->rows[row].zone);
}

const loom_zone *loom_report_zone(const loom_report *report, size_t row) {
  return report->rows[row].zone;
}

size_t loom_report_count(const loom_report *report) {
  return report->row_count;
}

const char *loom_report_store(const loom_report *report, size_t row, size_t *length) {
  *length = report->rows[row].id_length;
  return report->rows[row].id;
}

const struct loom_store_state *loom_report_state(const loom_report *report, size_t row) {
  return &report->states[report->rows[row].index];
}

const struct loom_figures *loom_report_figures(const loom_report *report, size_t row) {
  return report->figures + report->rows[row].index * report->options.window_count;
}

size_t loom_report_left_out_count(const loom_report *report) {
  return report->left_out_count;
}

const struct loom_left_out *loom_report_left_out(const loom_report *report, size_t *count) {
  *count = left_out_kept(report);
  return report->left_out;
}

size_t loom_report_strip_bins(const loom_report *report) {
  return report->options.strip_bins;
}

const char *loom_report_strip(const loom_report *report, size_t row) {
  return report->strips + report->rows[row].index * report->options.strip_bins;
}

bool loom_report_take_series(loom_report *report, struct loom_series *series) {
  *series = report->series;
  report->series = (struct loom_series){0};
  return series->items != NULL;
}

bool loom_report_find(const loom_report *report, const char *id, size_t length, size_t *row) {
  const struct row wanted = {.id = id, .id_length = length};
  const struct row *found = report->row_count ? bsearch(&wanted, report->rows, report->row_count,
                                                        sizeof wanted, compare_rows)
                                              : NULL;
  if (found)
    *row = (size_t)(found - report->rows);
  return found != NULL;
}

bool loom_report_walk_to(const loom_report *report, size_t *at, const char *id, size_t length) {
  const struct row wanted = {.id = id, .id_length = length};
  int order = -1;
  while (*at < report->row_count && (order = compare_rows(&report->rows[*at], &wanted)) < 0)
    ++*at;
  return order == 0;
}
