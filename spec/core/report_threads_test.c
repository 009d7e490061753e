/*
** Tests of the threads of a report: how many there are changes nothing; reports that are not started, fail, are cancelled and
** freed at any time.
*/
#include "reports.h"

#include "measure/overlay.h"
#include "measure/strip.h"
#include "sqlite/export.h"
#include "sqlite/info.h"

#include <pthread.h>

static void threads_change_nothing(void **state) {
  (void)state;
  static const char *const presets[] = {"loom", "seed", "monitoring"};
  loom_error error;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_database *database = stores_far_apart(&scratch, 5);
  for (size_t p = 0; p < COUNT_OF(presets); p++) {
    struct buffer expected = {0};
    struct loom_report_options options = default_options();
    assert_true(loom_rules_preset(presets[p], &options.rules));
    options.default_zone = "America/Chicago";
    options.selection.all_stores = p == 1;
    assert_status(report_text(database, &options, &expected, &error), LOOM_DONE, &error);
    assert_true(expected.length > 10000);
    /* 0: as many as processors; 9: more than 8 */
    for (unsigned threads = 0; threads <= 9; threads++) {
      struct buffer found = {0};
      options.threads = threads;
      assert_status(report_text(database, &options, &found, &error), LOOM_DONE, &error);
      assert_buffer_equal(&expected, &found);
      buffer_free(&found);
    }
    buffer_free(&expected);
  }
  loom_database_close(database);
  scratch_end(&scratch);
}

static void never_started(void **state) {
  (void)state;
  loom_error error;
  loom_report *report;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  loom_source *source = loom_source_sqlite(database);
  for (int cancelled = 0; cancelled < 2; cancelled++) {
    assert_status(loom_report_prepare(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    assert_non_null(loom_overlays_put(loom_report_overlays(report), "s", 1));
    /* the snapshot is held */
    assert_int_equal(loom_database_begin_write(database, &error), LOOM_EINVAL);
    if (cancelled)
      loom_report_cancel(report);
    assert_int_equal(loom_report_wait(report, 1000000, &error), LOOM_EINVAL); /* at once */
    assert_string_equal(error.message, "the report has not been started");
    assert_int_equal(loom_report_wait(report, 0, NULL), LOOM_EINVAL);
    assert_false(loom_report_is_complete(report));
    assert_int_equal(loom_report_count(report), 0);
    loom_report_free(report);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    loom_database_rollback(database);
  }
  loom_source_free(source);
  loom_database_close(database);
}

static void started_once_only(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  loom_source *source = loom_source_sqlite(database);
  loom_report *report = complete_report(&options, source, database->zones);
  assert_true(loom_report_is_complete(report));
  assert_int_equal(loom_report_start(report, &error), LOOM_EINVAL);
  assert_string_equal(error.message, "the report has been started already");
  assert_null(loom_report_overlays(report));
  assert_status(loom_report_wait(report, 0, &error), LOOM_DONE, &error); /* as it was */
  assert_int_equal(loom_report_count(report), 1);
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

static void started_after_it_was_cancelled(void **state) {
  (void)state;
  loom_error error;
  loom_report *report;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_report_prepare(&options, source, database->zones, &report, &error), LOOM_OK,
                &error);
  loom_report_cancel(report);
  assert_status(loom_report_start(report, &error), LOOM_OK, &error);
  assert_int_equal(wait_for(report, &error), LOOM_ECANCELED);
  assert_false(loom_report_is_complete(report));
  loom_report_free(report);
  loom_source_free(source);
  loom_database_close(database);
}

/* It stays failed, and lets the snapshot go. */
static void failed_to_start(void **state) {
  (void)state;
  loom_error error;
  loom_report *report;
  loom_database *database = one_tuesday();
  struct loom_report_options options = default_options();
  execute(database, "INSERT INTO special_day VALUES(NULL, 'x', NULL, NULL, '', 'file')");
  loom_source *source = loom_source_sqlite(database);
  for (int told = 0; told < 2; told++) {
    assert_status(loom_report_prepare(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    assert_int_equal(loom_report_start(report, told ? &error : NULL), LOOM_ECORRUPT);
    error.code = LOOM_OK;
    assert_int_equal(loom_report_wait(report, 0, &error), LOOM_ECORRUPT);
    assert_int_equal(error.code, LOOM_ECORRUPT);
    assert_int_equal(loom_report_start(report, &error), LOOM_EINVAL);
    assert_false(loom_report_is_complete(report));
    loom_report_free(report);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    loom_database_rollback(database);
  }
  loom_source_free(source);
  loom_database_close(database);
}

/* A source whose `next` waits at a gate, so that a report can be caught while it runs. */
struct gate {
  loom_roster roster; /* the first member */
  loom_roster *inner;
  loom_source *source;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool open;
  int waiting;
};

static loom_status gate_begin(loom_roster *roster, loom_error *error) {
  return loom_roster_begin(((struct gate *)roster)->inner, error);
}

static loom_status gate_open_roster(loom_roster *roster, const struct loom_roster_query *query,
                                    struct loom_common *common, struct loom_roster_order *order,
                                    loom_error *error) {
  return loom_roster_open(((struct gate *)roster)->inner, query, common, order, error);
}

static loom_status gate_next(loom_roster *roster, struct loom_store *store, loom_error *error) {
  struct gate *gate = (struct gate *)roster;
  pthread_mutex_lock(&gate->lock);
  gate->waiting++;
  pthread_cond_broadcast(&gate->changed);
  while (!gate->open)
    pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
  return loom_roster_next(gate->inner, store, error);
}

static loom_status gate_fill(loom_roster *roster, struct loom_store *store, loom_error *error) {
  return loom_roster_fill(((struct gate *)roster)->inner, store, error);
}

static void gate_end(loom_roster *roster) {
  loom_roster_end(((struct gate *)roster)->inner);
}

static void gate_free(loom_roster *roster) {
  loom_roster_free(((struct gate *)roster)->inner);
}

static void gate_make(struct gate *gate, loom_database *database) {
  static const struct loom_roster_type type = {.begin = gate_begin,
                                               .open = gate_open_roster,
                                               .next = gate_next,
                                               .fill = gate_fill,
                                               .end = gate_end,
                                               .free = gate_free};
  *gate = (struct gate){.roster = {&type},
                        .source = loom_source_sqlite(database),
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .changed = PTHREAD_COND_INITIALIZER};
  gate->inner = gate->source->roster; /* the gate stands before it */
  gate->source->roster = &gate->roster;
}

static void gate_open(struct gate *gate) {
  pthread_mutex_lock(&gate->lock);
  gate->open = true;
  pthread_cond_broadcast(&gate->changed);
  pthread_mutex_unlock(&gate->lock);
}

static void gate_await(struct gate *gate) {
  pthread_mutex_lock(&gate->lock);
  while (!gate->waiting)
    pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
}

static void cancel_while_running(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = many_stores(200, 7);
  struct loom_report_options options = default_options();
  for (unsigned threads = 1; threads < 5; threads++) {
    struct gate gate;
    loom_report *report;
    gate_make(&gate, database);
    options.threads = threads;
    assert_status(start_report(&options, gate.source, database->zones, &report, &error), LOOM_OK,
                  &error);
    gate_await(&gate);
    assert_status(loom_report_wait(report, 0, &error), LOOM_OK, &error); /* still running */
    assert_true(loom_report_progress(report) == 0.0);
    assert_false(loom_report_is_complete(report));
    assert_null(loom_report_overlays(report));
    loom_report_cancel(report);
    gate_open(&gate);
    assert_int_equal(wait_for(report, &error), LOOM_ECANCELED);
    assert_string_equal(error.message, "the report was cancelled");
    assert_int_equal(loom_report_wait(report, 0, NULL), LOOM_ECANCELED);
    loom_report_free(report);
    loom_source_free(gate.source);
  }
  loom_database_close(database);
}

/* What one store of so many windows of a hundred years costs when the report is cancelled as the store arrives, or is not. */
static double cost_of_windows(loom_database *database, bool cancelled) {
  struct gate gate;
  loom_error error;
  loom_report *report;
  struct loom_window windows[LOOM_WINDOWS_MAX];
  struct loom_report_options options = default_options();
  for (size_t w = 0; w < LOOM_WINDOWS_MAX; w++)
    windows[w] = (struct loom_window){.length = LOOM_WINDOW_LENGTH_MAX - (int64_t)w};
  options.windows = windows;
  options.window_count = LOOM_WINDOWS_MAX;
  options.threads = 1;
  gate_make(&gate, database);
  assert_status(start_report(&options, gate.source, database->zones, &report, &error), LOOM_OK,
                &error);
  gate_await(&gate);
  clock_t before = clock();
  if (cancelled)
    loom_report_cancel(report);
  gate_open(&gate);
  assert_int_equal(wait_for(report, &error), cancelled ? LOOM_ECANCELED : LOOM_DONE);
  double cost = (double)(clock() - before);
  loom_report_free(report);
  loom_source_free(gate.source);
  return cost;
}

static void cancel_within_a_store(void **state) {
  (void)state;
  loom_database *database = many_stores(1, 7);
  double whole = cost_of_windows(database, false), cut = cost_of_windows(database, true);
  assert_true(cut < whole / 4);
  loom_database_close(database);
}

static void *open_gate(void *gate) {
  gate_open(gate);
  return NULL;
}

static void free_while_running(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = many_stores(200, 8);
  struct loom_report_options options = default_options();
  for (unsigned threads = 1; threads < 5; threads++) {
    struct gate gate;
    loom_report *report;
    pthread_t opener;
    gate_make(&gate, database);
    options.threads = threads;
    assert_status(start_report(&options, gate.source, database->zones, &report, &error), LOOM_OK,
                  &error);
    gate_await(&gate);
    assert_int_equal(pthread_create(&opener, NULL, open_gate, &gate), 0);
    loom_report_free(report); /* waits for the threads, which the gate may still hold */
    pthread_join(opener, NULL);
    loom_source_free(gate.source);
    /* The snapshot has been let go. */
    loom_source *source = loom_source_sqlite(database);
    assert_status(start_report(&options, source, database->zones, &report, &error), LOOM_OK,
                  &error);
    loom_report_free(report);
    loom_source_free(source);
  }
  loom_report_free(NULL);
  loom_database_close(database);
}

/* What a thread does with the handle of a report that computes: for the thread sanitizer, which sees what luck hides. */
static void a_computing_handle_is_left_alone(void **state) {
  (void)state;
  static const loom_status expected = LOOM_EINVAL;
  loom_error error;
  loom_report *report;
  loom_export *export;
  struct loom_info info;
  int64_t number;
  struct loom_report_options options = default_options();
  loom_database *database = many_stores(300, 11);
  options.threads = 3;
  options.strip_bins = LOOM_STRIP_BINS_MAX;
  loom_source *source = loom_source_sqlite(database), *other = loom_source_sqlite_shared(database);
  assert_status(loom_report_prepare(&options, source, database->zones, &report, &error), LOOM_OK,
                &error);
  assert_status(loom_report_start(report, &error), LOOM_OK, &error);
  for (int round = 0; round < 200 && loom_report_wait(report, 0, &error) == LOOM_OK; round++) {
    loom_status statuses[] = {loom_database_revision(database, &number, &error),
                              loom_database_set_busy_timeout(database, 10, &error),
                              loom_info_read(database, &info, &error),
                              loom_database_commit(database, &error),
                              loom_database_check_writing(database, &error),
                              loom_export_new(database, LOOM_HOURS, &export, &error),
                              loom_source_snapshot(other, &error)};
    loom_database_rollback(database);
    if (statuses[5] == LOOM_OK)
      loom_export_free(export);
    if (statuses[6] == LOOM_OK)
      loom_source_release(other);
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
      assert_true(statuses[i] == LOOM_OK || statuses[i] == expected);
  }
  assert_status(wait_for(report, &error), LOOM_DONE, &error);
  loom_report_free(report);
  loom_source_free(source);
  loom_source_free(other);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_change_nothing), cmocka_unit_test(never_started),
      cmocka_unit_test(started_once_only),      cmocka_unit_test(started_after_it_was_cancelled),
      cmocka_unit_test(failed_to_start),        cmocka_unit_test(cancel_within_a_store),
      cmocka_unit_test(cancel_while_running),   cmocka_unit_test(a_computing_handle_is_left_alone),
      cmocka_unit_test(free_while_running)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
