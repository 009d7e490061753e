/*
** Tests of gaps: against an oracle that looks at every minute by itself.
*/
#include "report/minutes.h"
#include "support.h"
#include "time/civil.h"

#include <stdbool.h>
#include <stdlib.h>

#define MINUTES_MAX 600
#define STORES 5

struct scene {
  int64_t from;
  int count;
  bool polled[MINUTES_MAX];
  int open[MINUTES_MAX];
  int polls;
};

static void make_scene(uint64_t *random, struct scene *scene, struct loom_minutes *minutes) {
  static const int64_t bases[] = {0, -90, 28401120, -719162 * 1440};
  *scene = (struct scene){.from = bases[random_below(random, 4)] * LOOM_MINUTE,
                          .count = 1 + (int)random_below(random, MINUTES_MAX)};
  int64_t end = scene->from + scene->count * LOOM_MINUTE;
  assert_true(
      loom_minutes_init(minutes, scene->from + (int64_t)random_below(random, LOOM_MINUTE), end));
  for (uint64_t i = random_below(random, 40); i > 0; i--) {
    int64_t at = scene->from - LOOM_HOUR +
                 (int64_t)random_below(random, (uint64_t)(end - scene->from + 2 * LOOM_HOUR));
    loom_minutes_poll(minutes, at);
    if (at >= scene->from && at < end) {
      scene->polled[(at - scene->from) / LOOM_MINUTE] = true;
      scene->polls++;
    }
  }
  for (int s = 0; s < STORES; s++) {
    int64_t open = scene->from + ((int64_t)random_below(random, 800) - 100) * LOOM_MINUTE;
    int64_t close = open + (int64_t)random_below(random, 400) * LOOM_MINUTE;
    loom_minutes_open(minutes, (struct loom_span){open, close});
    for (int m = 0; m < scene->count; m++) {
      int64_t at = scene->from + m * LOOM_MINUTE;
      scene->open[m] += at >= open && at < close;
    }
  }
}

/* Whether a stretch of minutes, both ends of which are polled or the end of all, is to be told. */
static bool is_gap(const struct scene *scene, int begin, int end, int least, double wanted,
                   double *expected) {
  double all = 0, open = 0;
  for (int m = 0; m < scene->count; m++)
    all += scene->open[m];
  for (int m = begin; m < end; m++)
    open += scene->open[m];
  *expected = all > 0 ? open * (scene->polls / all) : 0;
  return end - begin >= least && end > begin && *expected >= wanted;
}

static void gaps_are_those_of_every_minute(void **state) {
  uint64_t random = 7;
  (void)state;
  for (int round = 0; round < 3000; round++) {
    struct scene scene;
    struct loom_minutes minutes;
    struct loom_gaps gaps = {0};
    make_scene(&random, &scene, &minutes);
    int least = 1 + (int)random_below(&random, 60);
    double wanted = (double)random_below(&random, 8);
    assert_true(loom_minutes_gaps(&minutes, least * LOOM_MINUTE, wanted, &gaps));
    size_t found = 0;
    for (int m = 0, last = -1; m <= scene.count; m++) {
      double expected;
      if (m < scene.count && !scene.polled[m])
        continue;
      if (last >= 0 && is_gap(&scene, last + 1, m, least, wanted, &expected)) {
        assert_true(found < gaps.count);
        assert_int_equal(gaps.items[found].span.start, scene.from + (last + 1) * LOOM_MINUTE);
        assert_int_equal(gaps.items[found].span.end, scene.from + m * LOOM_MINUTE);
        assert_true(gaps.items[found].expected > expected - 1e-6 &&
                    gaps.items[found].expected < expected + 1e-6);
        found++;
      }
      last = m;
    }
    assert_int_equal(found, gaps.count);
    free(gaps.items);
    loom_minutes_free(&minutes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gaps_are_those_of_every_minute)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
