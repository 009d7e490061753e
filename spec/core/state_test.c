/*
** States at an instant: of a past that is known as a whole the last run of what the kernel makes of all pieces; of one that is
** known in part the same, or what is lacking.
*/
#include "measure/state.h"
#include "storage.h"
#include "support.h"

#define LENGTH 200 /* of the random pasts, in microseconds, which end at 0 */
#define ITEMS 60

struct scene {
  struct loom_span intervals[ITEMS], exclusions[ITEMS];
  size_t interval_count, exclusion_count;
  loom_poll polls[ITEMS];
  size_t poll_count;
  struct loom_rules rules;
};

static struct scene random_scene(uint64_t *random) {
  struct scene scene = {.rules = {.fill = (enum loom_fill)random_below(random, 3),
                                  .evidence = (enum loom_evidence)random_below(random, 2),
                                  .no_data = (enum loom_state)random_below(random, 3),
                                  .max_gap = random_below(random, 2)
                                                 ? LOOM_NO_MAX_GAP
                                                 : (int64_t)random_below(random, 30)}};
  int64_t gap = (int64_t)random_below(random, 3) * 5, step = 1 + (int64_t)random_below(random, 40);
  for (int64_t t = -LENGTH; t < 10 && scene.interval_count < ITEMS;) {
    int64_t end = t + 1 + (int64_t)random_below(random, 30);
    scene.intervals[scene.interval_count++] = (struct loom_span){t, end};
    t = end + (random_below(random, 2) ? (int64_t)random_below(random, (uint64_t)gap + 1) : 0);
  }
  for (int64_t t = -LENGTH; random_below(random, 3) && scene.exclusion_count < ITEMS;) {
    t += 1 + (int64_t)random_below(random, 80);
    scene.exclusions[scene.exclusion_count++] = (struct loom_span){t, t + 5};
    t += 5;
  }
  for (int64_t t = -LENGTH; scene.poll_count < ITEMS;) {
    t += (int64_t)random_below(random, (uint64_t)step) + 1;
    if (t > 0)
      break;
    scene.polls[scene.poll_count++] = loom_poll_pack(t, random_below(random, 8) < 6);
  }
  return scene;
}

struct run {
  struct loom_span span;
  enum loom_state state;
};

static void keep(void *context, struct loom_span span, enum loom_state state,
                 const loom_poll *poll) {
  struct run *run = context;
  (void)poll;
  if (run->span.end == span.start && run->state == state)
    run->span.end = span.end;
  else
    *run = (struct run){span, state};
}

/* What the kernel makes of everything that ends at 0. */
static struct loom_standing expected(const struct scene *scene) {
  struct loom_span pieces[ITEMS];
  struct loom_figures figures;
  struct run run = {.span = {1, 1}};
  size_t count = 0;
  for (size_t i = 0; i < scene->interval_count && scene->intervals[i].start < 0; i++) {
    pieces[count] = scene->intervals[i];
    if (pieces[count].end > 0)
      pieces[count].end = 0;
    count++;
  }
  const struct loom_spans list = {.items = pieces, .count = count};
  const struct loom_spans exclusions = {.items = (struct loom_span *)(uintptr_t)scene->exclusions,
                                        .count = scene->exclusion_count};
  const struct loom_listener listener = {keep, &run, .joins = false};
  loom_uptime_measure(&list, &exclusions, scene->polls, scene->poll_count, &scene->rules, 0,
                      &figures, &listener);
  if (run.span.end != 0)
    return (struct loom_standing){.state = LOOM_SHUT, .is_known = true};
  bool open = run.state != LOOM_EXCLUDED;
  return (struct loom_standing){
      .state = run.state, .is_known = true, .has_since = open, .since = open ? run.span.start : 0};
}

/* The scene as it is known from an interval and a poll on. */
static struct loom_past past_of(const struct scene *scene, size_t interval, size_t poll,
                                struct loom_spans *intervals, struct loom_spans *exclusions) {
  *intervals =
      (struct loom_spans){.items = (struct loom_span *)(uintptr_t)scene->intervals + interval,
                          .count = scene->interval_count - interval};
  *exclusions = (struct loom_spans){.items = (struct loom_span *)(uintptr_t)scene->exclusions,
                                    .count = scene->exclusion_count};
  return (struct loom_past){.intervals = intervals,
                            .from = interval ? scene->intervals[interval].start : -LENGTH - 1,
                            .exclusions = exclusions,
                            .polls = scene->polls + poll,
                            .poll_count = scene->poll_count - poll,
                            .has_more_polls = poll > 0};
}

static void assert_same(const struct loom_standing *found, const struct loom_standing *wanted) {
  assert_int_equal(found->state, wanted->state);
  assert_int_equal(found->has_since, wanted->has_since);
  if (wanted->has_since)
    assert_int_equal(found->since, wanted->since);
}

static void what_is_known_decides(void **test) {
  (void)test;
  uint64_t random = 7;
  size_t lacking = 0, enough = 0;
  for (int round = 0; round < 20000; round++) {
    struct scene scene = random_scene(&random);
    struct loom_spans intervals, exclusions;
    struct loom_standing wanted = expected(&scene), found;
    struct loom_past past = past_of(&scene, 0, 0, &intervals, &exclusions);
    assert_int_equal(loom_state_at(&past, &scene.rules, 0, &found), LOOM_LACKS_NOTHING);
    assert_same(&found, &wanted);
    size_t first = random_below(&random, scene.interval_count);
    while (scene.intervals[first].start >= 0)
      first--;
    past = past_of(&scene, first, random_below(&random, scene.poll_count + 1), &intervals,
                   &exclusions);
    enum loom_lack lack = loom_state_at(&past, &scene.rules, 0, &found);
    assert_true(lack != LOOM_LACKS_POLLS || past.has_more_polls);
    if (lack == LOOM_LACKS_NOTHING)
      assert_same(&found, &wanted);
    else if (found.is_known)
      assert_int_equal(found.state, wanted.state);
    lacking += lack != LOOM_LACKS_NOTHING;
    enough += lack == LOOM_LACKS_NOTHING;
  }
  assert_true(lacking > 1000 && enough > 1000);
}

/* Makes one interval of those that touch and may be judged as one. */
static size_t join(const struct loom_past *past, const struct loom_rules *rules,
                   struct loom_span *joined) {
  size_t count = 0;
  int64_t until = INT64_MIN;
  for (size_t i = 0; i < past->intervals->count; i++) {
    struct loom_span span = past->intervals->items[i];
    if (count && joined[count - 1].end == span.start && span.end <= until) {
      joined[count - 1].end = span.end;
    } else {
      until = loom_state_same_until(past, rules, span.start);
      until = span.end <= until ? until : INT64_MIN;
      joined[count++] = span;
    }
  }
  return count;
}

static void what_is_the_same_is_judged_as_one(void **test) {
  (void)test;
  uint64_t random = 17;
  size_t fewer = 0;
  for (int round = 0; round < 20000; round++) {
    struct scene scene = random_scene(&random);
    scene.poll_count -= random_below(&random, scene.poll_count + 1); /* silent since then */
    struct loom_spans intervals, exclusions;
    struct loom_standing wanted, found;
    struct loom_past past =
        past_of(&scene, 0, random_below(&random, scene.poll_count + 1), &intervals, &exclusions);
    enum loom_lack lack = loom_state_at(&past, &scene.rules, 0, &wanted);
    struct loom_span joined[ITEMS];
    const struct loom_spans list = {.items = joined, .count = join(&past, &scene.rules, joined)};
    fewer += intervals.count - list.count;
    past.intervals = &list;
    assert_int_equal(loom_state_at(&past, &scene.rules, 0, &found), lack);
    assert_int_equal(found.is_known, wanted.is_known);
    if (found.is_known)
      assert_same(&found, &wanted);
  }
  assert_true(fewer > 10000);
}

/* Where nothing began before `from` it is as if it always was so. */
static void a_run_without_a_beginning(void **test) {
  (void)test;
  struct loom_rules rules;
  struct loom_standing found;
  struct loom_span days[] = {{-30, -20}, {-20, -10}, {-10, 0}};
  const struct loom_spans intervals = {.items = days, .count = 3}, exclusions = {0};
  struct loom_past past = {.intervals = &intervals, .from = -30, .exclusions = &exclusions};
  assert_true(loom_rules_preset("monitoring", &rules));
  assert_int_equal(loom_state_at(&past, &rules, 0, &found), LOOM_LACKS_OPENINGS);
  past.is_all = true;
  assert_int_equal(loom_state_at(&past, &rules, 0, &found), LOOM_LACKS_NOTHING);
  assert_int_equal(found.state, LOOM_UNKNOWN);
  assert_false(found.has_since);
  past.from = -31;
  past.is_all = false;
  assert_int_equal(loom_state_at(&past, &rules, 0, &found), LOOM_LACKS_NOTHING);
  assert_true(found.has_since);
  assert_int_equal(found.since, -30);
}

/* An end of an opening or an exclusion still is in it, a beginning not yet. */
static void ends(void **test) {
  (void)test;
  struct loom_rules rules;
  struct loom_standing found;
  struct loom_span day = {-20, 10}, night = {-5, 0};
  const struct loom_spans intervals = {.items = &day, .count = 1},
                          exclusions = {.items = &night, .count = 1};
  struct loom_past past = {.intervals = &intervals, .from = -100, .exclusions = &exclusions};
  static const struct {
    int64_t at;
    enum loom_state state;
  } cases[] = {{-20, LOOM_SHUT},   {-19, LOOM_DOWN}, {-5, LOOM_DOWN}, {-4, LOOM_EXCLUDED},
               {0, LOOM_EXCLUDED}, {1, LOOM_DOWN},   {10, LOOM_DOWN}, {11, LOOM_SHUT}};
  assert_true(loom_rules_preset("loom", &rules));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_int_equal(loom_state_at(&past, &rules, cases[i].at, &found), LOOM_LACKS_NOTHING);
    assert_int_equal(found.state, cases[i].state);
    assert_int_equal(found.has_since, cases[i].state == LOOM_DOWN);
    if (found.has_since)
      assert_int_equal(found.since, cases[i].at > 0 ? 0 : -20);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_known_decides), cmocka_unit_test(what_is_the_same_is_judged_as_one),
      cmocka_unit_test(a_run_without_a_beginning), cmocka_unit_test(ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
