/*
** Pasts: what one tells of a stretch is what the kernel makes of it, as seen from its end with no poll after that.
*/
#include "alert/past.h"
#include "reports.h"

#define POLLS 40

struct scene {
  struct loom_setting setting;
  struct loom_store store;
  struct loom_measure measure;
  struct loom_alert_past past;
};

static void set_up(struct scene *scene, loom_zones *zones, uint64_t *random) {
  loom_error error;
  int64_t start = instant("2023-03-08 00:00:00"); /* clocks spring forward on the 12th */
  *scene = (struct scene){.setting = {.zones = zones}};
  assert_true(loom_rules_preset("monitoring", &scene->setting.rules));
  scene->setting.hull = (struct loom_span){start, start + 8 * LOOM_DAY};
  scene->setting.as_of = scene->setting.hull.end;
  loom_overlays_init(&scene->setting.overlays);
  assert_status(loom_setting_zone(&scene->setting, "America/Chicago", &error), LOOM_OK, &error);
  assert_true(loom_polls_reserve(&scene->store.polls, POLLS));
  for (int i = 0; i < POLLS; i++) {
    int64_t at = start + (int64_t)random_below(random, 8 * LOOM_DAY) / LOOM_MINUTE * LOOM_MINUTE;
    scene->store.polls.items[i] = loom_poll_pack(at, random_below(random, 2));
  }
  for (int i = 1; i < POLLS; i++)
    for (int j = i; j > 0 && scene->store.polls.items[j - 1] > scene->store.polls.items[j]; j--) {
      loom_poll poll = scene->store.polls.items[j];
      scene->store.polls.items[j] = scene->store.polls.items[j - 1];
      scene->store.polls.items[j - 1] = poll;
    }
  for (int i = 0; i < POLLS; i++) {
    size_t count = scene->store.polls.count;
    loom_poll poll = scene->store.polls.items[i];
    if (count && loom_poll_instant(scene->store.polls.items[count - 1]) == loom_poll_instant(poll))
      continue;
    scene->store.polls.items[scene->store.polls.count++] = poll;
  }
  scene->store.polled = true;
  scene->store.first_poll = loom_poll_instant(scene->store.polls.items[0]);
  for (uint64_t i = random_below(random, 4); i > 0; i--) {
    int64_t at = start + (int64_t)random_below(random, 8 * LOOM_DAY);
    assert_true(loom_spans_add(&scene->store.exclusions, at,
                               at + 1 + (int64_t)random_below(random, LOOM_DAY)));
  }
  assert_status(loom_measure_store(&scene->measure, &scene->setting, &scene->store, &error),
                LOOM_OK, &error);
  assert_status(loom_alert_past_fill(&scene->past, &scene->measure, &error), LOOM_OK, &error);
}

static void tear_down(struct scene *scene) {
  loom_alert_past_free(&scene->past);
  loom_measure_free(&scene->measure);
  loom_store_free(&scene->store);
  loom_overlays_free(&scene->setting.overlays);
}

/* The same from the kernel, which is given no poll after the end. */
static void assert_same(struct scene *scene, struct loom_span window) {
  struct loom_figures figures;
  struct loom_spans pieces = {0};
  size_t polls = loom_alert_past_polls(&scene->past, window.end);
  assert_true(loom_schedule_pieces(&scene->measure.intervals, window, &pieces));
  loom_uptime_measure(&pieces, scene->measure.exclusions, scene->store.polls.items, polls,
                      &scene->setting.rules, window.end, &figures, NULL);
  struct loom_alert_sums sums = loom_alert_past_between(&scene->past, window.start, window.end);
  assert_int_equal(sums.up, figures.up);
  assert_int_equal(sums.down, figures.down);
  assert_int_equal(sums.unknown, figures.unknown);
  assert_int_equal(sums.excluded, figures.excluded);
  assert_int_equal(loom_alert_past_outages(&scene->past, window.start, window.end),
                   figures.outages);
  loom_spans_free(&pieces);
}

static void assert_back(const struct loom_alert_past *past, int64_t to, int64_t business) {
  int64_t from = loom_alert_past_back(past, to, business);
  if (from == past->hull.start)
    assert_true(loom_alert_past_business(past, from, to) <= business);
  else
    assert_int_equal(loom_alert_past_business(past, from, to), business);
}

static void test_same_as_the_kernel(void **state) {
  (void)state;
  uint64_t random = 11;
  loom_zones *zones = loom_zones_new(NULL);
  assert_non_null(zones);
  for (int i = 0; i < 100; i++) {
    struct scene scene;
    set_up(&scene, zones, &random);
    struct loom_span hull = scene.setting.hull;
    for (int j = 0; j < 100; j++) {
      int64_t a = random_between(&random, hull.start, hull.end);
      int64_t b = random_between(&random, hull.start, hull.end);
      assert_same(&scene, (struct loom_span){a < b ? a : b, a < b ? b : a});
      assert_back(&scene.past, a, (int64_t)random_below(&random, 3 * LOOM_DAY));
    }
    tear_down(&scene);
  }
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_the_kernel)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
