/*
** Tests of strips: letters against an oracle that looks at every microsecond of small windows, and bins of long windows,
** whose arithmetic must not overflow.
*/
#include "measure/strip.h"

#include "time/civil.h"
#include "report/report.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_MAX 60
#define BINS_MAX 200
#define MARGIN 10 /* how far segments and intervals reach beyond the window */

enum { CLOSED, EXCLUDED, DOWN, UP, UNKNOWN, MOMENTS };

/* What each microsecond from MARGIN before the window to MARGIN after it is. */
struct scene {
  int64_t base; /* where the window starts */
  int length;
  int moments[LENGTH_MAX + 2 * MARGIN];
};

static void make_scene(uint64_t *random, struct scene *scene) {
  static const int64_t bases[] = {0, -30, 1674518400000000, LOOM_INSTANT_MIN + MARGIN,
                                  LOOM_INSTANT_MAX - LENGTH_MAX - MARGIN};
  scene->base = bases[random_below(random, sizeof bases / sizeof *bases)];
  scene->length = 1 + (int)random_below(random, LENGTH_MAX);
  uint64_t change = 1 + random_below(random, 20);
  int kind = (int)random_below(random, MOMENTS);
  for (int t = 0; t < scene->length + 2 * MARGIN; t++) {
    if (random_below(random, change) == 0)
      kind = (int)random_below(random, MOMENTS);
    scene->moments[t] = kind;
  }
}

/* The letter of the microseconds from `first` on and before `end`. */
static char letter_slowly(const struct scene *scene, int first, int end) {
  int counts[MOMENTS] = {0};
  for (int t = first; t < end; t++)
    counts[scene->moments[t + MARGIN]]++;
  int scheduled = counts[UP] + counts[DOWN] + counts[UNKNOWN], open = scheduled + counts[EXCLUDED];
  if (open == 0)
    return 'c';
  if (counts[DOWN] > 0)
    return 2 * counts[DOWN] >= scheduled ? 'd' : 'p';
  if (2 * counts[EXCLUDED] >= open)
    return 'x';
  return 2 * counts[UNKNOWN] >= scheduled ? 'n' : 'u';
}

/* Hands the scene over as the report does: segments from the kernel. */
static void draw(const struct scene *scene, struct loom_strip *strip, char *letters) {
  static const enum loom_state states[] = {
      [EXCLUDED] = LOOM_EXCLUDED, [DOWN] = LOOM_DOWN, [UP] = LOOM_UP, [UNKNOWN] = LOOM_UNKNOWN};
  int total = scene->length + 2 * MARGIN;
  loom_strip_begin(strip, (struct loom_span){scene->base, scene->base + scene->length});
  for (int t = 0, end; t < total; t = end) {
    int kind = scene->moments[t];
    for (end = t + 1; end < total && scene->moments[end] == kind;)
      end++;
    struct loom_span span = {scene->base + t - MARGIN, scene->base + end - MARGIN};
    if (kind != CLOSED)
      loom_strip_add(strip, span, states[kind], NULL);
  }
  loom_strip_finish(strip, letters);
}

static void every_microsecond(void **state) {
  (void)state;
  uint64_t random = 41;
  int seen[128] = {0};
  for (int round = 0; round < 4000; round++) {
    struct scene scene;
    struct loom_strip strip;
    size_t bins = 1 + random_below(&random, random_below(&random, 2) ? BINS_MAX : 12);
    char *letters = malloc(bins);
    assert_non_null(letters);
    assert_true(loom_strip_init(&strip, bins));
    for (int reuse = 0; reuse < 2; reuse++) { /* the next window finds no trace of the last */
      make_scene(&random, &scene);
      draw(&scene, &strip, letters);
      for (size_t bin = 0; bin < bins; bin++) {
        int first = (int)((size_t)scene.length * bin / bins);
        int end = (int)((size_t)scene.length * (bin + 1) / bins);
        char expected = letter_slowly(&scene, first, end);
        if (letters[bin] != expected)
          fail_msg("round %d: bin %zu of %zu: %c, not %c", round, bin, bins, letters[bin],
                   expected);
        seen[(int)expected]++;
      }
    }
    loom_strip_free(&strip);
    free(letters);
  }
  for (const char *letter = "updnxc"; *letter; letter++)
    assert_true(seen[(int)*letter] > 1000);
}

/* The longest windows and the most bins, in one piece and in many. */
static void long_windows(void **state) {
  (void)state;
  static const size_t bins[] = {1, 2, 3, 7, 168, 9999, LOOM_STRIP_BINS_MAX};
  static const int64_t starts[] = {LOOM_INSTANT_MIN, -LOOM_WINDOW_LENGTH_MAX / 2,
                                   LOOM_INSTANT_MAX - LOOM_WINDOW_LENGTH_MAX};
  static char letters[LOOM_STRIP_BINS_MAX];
  uint64_t random = 42;
  for (size_t b = 0; b < sizeof bins / sizeof *bins; b++)
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
      struct loom_strip strip;
      int64_t length = LOOM_WINDOW_LENGTH_MAX - (int64_t)random_below(&random, 1000);
      struct loom_span window = {starts[s], starts[s] + length};
      int64_t sum = 0, least = INT64_MAX, most = 0;
      assert_true(loom_strip_init(&strip, bins[b]));
      loom_strip_begin(&strip, window);
      for (int64_t at = window.start; at < window.end;) {
        int64_t end = at + 1 + (int64_t)random_below(&random, 400 * LOOM_DAY);
        end = end < window.end ? end : window.end;
        loom_strip_add(&strip, (struct loom_span){at, end}, LOOM_UP, NULL);
        at = end;
      }
      loom_strip_finish(&strip, letters);
      for (size_t i = 0; i < bins[b]; i++) {
        const struct loom_bin *bin = &strip.items[i];
        assert_int_equal(letters[i], 'u');
        sum += bin->up;
        least = bin->up < least ? bin->up : least;
        most = bin->up > most ? bin->up : most;
      }
      assert_int_equal(sum, length);
      assert_true(most - least <= 1); /* as equal as can be */
      loom_strip_free(&strip);
    }
}

static void nothing_at_all(void **state) {
  (void)state;
  char letters[4];
  struct loom_strip strip;
  assert_true(loom_strip_init(&strip, 4));
  loom_strip_begin(&strip, (struct loom_span){0, 100});
  loom_strip_finish(&strip, letters);
  assert_memory_equal(letters, "cccc", 4);
  loom_strip_free(&strip);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_microsecond),
                                     cmocka_unit_test(long_windows),
                                     cmocka_unit_test(nothing_at_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
