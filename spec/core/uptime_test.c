/*
** The uptime kernel, compared with an oracle that asks of every single microsecond which poll vouches for it, and then
** whether it is excluded, on small random pieces, polls and exclusions; and cases done by hand, one for each line of the
** rules.
*/
#include "measure/uptime.h"
#include "time/civil.h"
#include "measure/schedule.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the oracle: everything lies in [0, SPAN) after `base` ---- */

#define SPAN 160
#define OUTSIDE (-1)
#define NOBODY (-1)
#define POLLS_MAX 40
#define PIECES_MAX 12
#define EXCLUSIONS_MAX 6

struct poll {
  int at; /* microseconds after base */
  bool active;
};

struct scene {
  int64_t base;
  struct poll polls[POLLS_MAX];
  int poll_count;
  struct {
    int start, end;
  } pieces[PIECES_MAX];
  int piece_count;
  struct {
    int start, end;
  } exclusions[EXCLUSIONS_MAX]; /* in any order, and they may overlap */
  int exclusion_count;
  int as_of;
  struct loom_rules rules;
};

struct answer {
  int states[SPAN]; /* of [t, t + 1), or OUTSIDE */
  /* when the poll was that vouches for it, or is too far from it to; or NOBODY */
  int vouchers[SPAN];
  struct loom_figures figures;
};

/* Which of the polls that count as evidence, in order of time, vouches for [t, t + 1). */
static const struct poll *voucher(const struct poll *const *evidence, int count, int t,
                                  enum loom_fill fill) {
  for (int i = 0; i + 1 < count; i++) {
    int until = evidence[i]->at; /* backward: a poll vouches for what came before it */
    if (fill == LOOM_FILL_FORWARD)
      until = evidence[i + 1]->at;
    else if (fill == LOOM_FILL_NEAREST)
      until = (evidence[i]->at + evidence[i + 1]->at) / 2;
    if (t < until)
      return evidence[i];
  }
  return evidence[count - 1];
}

static int gather(const struct scene *scene, int start, int end, const struct poll **evidence) {
  int count = 0;
  const struct poll *before = NULL, *after = NULL;
  for (int i = 0; i < scene->poll_count; i++) {
    const struct poll *poll = &scene->polls[i];
    if (poll->at < start)
      before = poll;
    else if (poll->at > end && !after)
      after = poll;
  }
  bool around = scene->rules.evidence == LOOM_EVIDENCE_AROUND;
  if (around && before)
    evidence[count++] = before;
  for (int i = 0; i < scene->poll_count; i++)
    if (scene->polls[i].at >= start && scene->polls[i].at <= end)
      evidence[count++] = &scene->polls[i];
  if (around && after && after->at <= scene->as_of)
    evidence[count++] = after;
  return count;
}

static int state_at(const struct scene *scene, const struct poll *const *evidence, int count,
                    int t) {
  if (count == 0)
    return (int)scene->rules.no_data;
  const struct poll *poll = voucher(evidence, count, t, scene->rules.fill);
  int64_t gap = scene->rules.max_gap;
  if (gap != LOOM_NO_MAX_GAP && (t < poll->at - gap || t + 1 > poll->at + gap))
    return LOOM_UNKNOWN;
  return poll->active ? LOOM_UP : LOOM_DOWN;
}

static void count_outages(struct answer *answer) {
  int run = 0;
  for (int t = 0; t < SPAN; t++) {
    if (answer->states[t] != LOOM_DOWN) {
      run = 0;
      continue;
    }
    answer->figures.outages += run == 0;
    if (++run > answer->figures.longest)
      answer->figures.longest = run;
  }
}

static bool is_excluded(const struct scene *scene, int t) {
  for (int i = 0; i < scene->exclusion_count; i++)
    if (t >= scene->exclusions[i].start && t < scene->exclusions[i].end)
      return true;
  return false;
}

static void answer_slowly(const struct scene *scene, struct answer *answer) {
  bool counted[POLLS_MAX] = {false};
  *answer = (struct answer){.figures = {0}};
  for (int t = 0; t < SPAN; t++) {
    answer->states[t] = OUTSIDE;
    answer->vouchers[t] = NOBODY;
  }
  for (int p = 0; p < scene->piece_count; p++) {
    int start = scene->pieces[p].start, end = scene->pieces[p].end;
    const struct poll *evidence[POLLS_MAX + 2];
    int count = gather(scene, start, end, evidence);
    for (int t = start; t < end; t++) {
      bool excluded = is_excluded(scene, t);
      int state = excluded ? LOOM_EXCLUDED : state_at(scene, evidence, count, t);
      answer->states[t] = state;
      answer->figures.excluded += excluded;
      if (count > 0 && !excluded)
        answer->vouchers[t] = voucher(evidence, count, t, scene->rules.fill)->at;
      answer->figures.up += state == LOOM_UP;
      answer->figures.down += state == LOOM_DOWN;
      answer->figures.unknown += state == LOOM_UNKNOWN;
    }
    for (int i = 0; i < scene->poll_count; i++)
      if (scene->polls[i].at >= start && scene->polls[i].at <= end)
        counted[i] = true;
  }
  for (int i = 0; i < scene->poll_count; i++)
    answer->figures.polls += counted[i];
  count_outages(answer);
}

/* ---- Loom's answer ---- */

struct painting {
  int64_t base, last_end;
  int states[SPAN], vouchers[SPAN];
};

static void paint(void *context, struct loom_span span, enum loom_state state,
                  const loom_poll *poll) {
  struct painting *painting = context;
  assert_true(span.start < span.end);
  assert_true(!poll || state != LOOM_EXCLUDED);
  if (poll && state != LOOM_UNKNOWN) /* whoever vouches is of that state */
    assert_int_equal(state, loom_poll_active(*poll) ? LOOM_UP : LOOM_DOWN);
  assert_true(span.start >= painting->last_end); /* in order, never overlapping */
  painting->last_end = span.end;
  assert_true(span.start >= painting->base && span.end <= painting->base + SPAN);
  for (int64_t t = span.start; t < span.end; t++) {
    painting->states[t - painting->base] = (int)state;
    if (poll)
      painting->vouchers[t - painting->base] = (int)(loom_poll_instant(*poll) - painting->base);
  }
}

static void assert_same_figures(const struct loom_figures *a, const struct loom_figures *b) {
  assert_int_equal(a->up, b->up);
  assert_int_equal(a->down, b->down);
  assert_int_equal(a->unknown, b->unknown);
  assert_int_equal(a->excluded, b->excluded);
  assert_int_equal(a->outages, b->outages);
  assert_int_equal(a->longest, b->longest);
  assert_int_equal(a->polls, b->polls);
}

/* Nothing grows by an exclusion but the excluded time, and how many outages a run of down time is cut into. */
static void assert_no_growth(const struct loom_figures *with, const struct loom_figures *without) {
  assert_true(with->up <= without->up);
  assert_true(with->down <= without->down);
  assert_true(with->unknown <= without->unknown);
  assert_true(with->longest <= without->longest);
  assert_int_equal(with->polls, without->polls);
  assert_int_equal(without->excluded, 0);
  assert_int_equal(with->up + with->down + with->unknown + with->excluded,
                   without->up + without->down + without->unknown);
}

static void add_exclusions(const struct scene *scene, struct loom_spans *exclusions) {
  for (int i = 0; i < scene->exclusion_count; i++)
    assert_true(loom_spans_add(exclusions, scene->base + scene->exclusions[i].start,
                               scene->base + scene->exclusions[i].end));
  loom_spans_merge(exclusions, true);
}

static void check_scene(const struct scene *scene) {
  struct loom_spans pieces = {0}, exclusions = {0};
  const struct loom_spans none = {0};
  loom_poll polls[POLLS_MAX];
  struct answer expected;
  struct loom_figures figures, of_joined, silent, whole;
  struct painting painting = {.base = scene->base, .last_end = INT64_MIN}, joined;
  for (int i = 0; i < scene->piece_count; i++)
    assert_true(loom_spans_add(&pieces, scene->base + scene->pieces[i].start,
                               scene->base + scene->pieces[i].end));
  for (int i = 0; i < scene->poll_count; i++)
    polls[i] = loom_poll_pack(scene->base + scene->polls[i].at, scene->polls[i].active);
  for (int t = 0; t < SPAN; t++) {
    painting.states[t] = OUTSIDE;
    painting.vouchers[t] = NOBODY;
  }
  joined = painting;
  size_t count = (size_t)scene->poll_count;
  int64_t as_of = scene->base + scene->as_of;
  add_exclusions(scene, &exclusions);
  const struct loom_listener listener = {paint, &painting, .joins = false},
                             joining = {paint, &joined, .joins = true};
  loom_uptime_measure(&pieces, &exclusions, polls, count, &scene->rules, as_of, &figures,
                      &listener);
  loom_uptime_measure(&pieces, &exclusions, polls, count, &scene->rules, as_of, &of_joined,
                      &joining);
  loom_uptime_measure(&pieces, &exclusions, polls, count, &scene->rules, as_of, &silent, NULL);
  loom_uptime_measure(&pieces, &none, polls, count, &scene->rules, as_of, &whole, NULL);
  answer_slowly(scene, &expected);
  assert_memory_equal(joined.states, expected.states, sizeof expected.states);
  assert_memory_equal(&of_joined, &figures, sizeof figures);
  assert_memory_equal(painting.states, expected.states, sizeof expected.states);
  assert_memory_equal(painting.vouchers, expected.vouchers, sizeof expected.vouchers);
  assert_same_figures(&figures, &expected.figures);
  assert_memory_equal(&figures, &silent, sizeof figures);
  assert_no_growth(&figures, &whole);
  loom_spans_free(&pieces);
  loom_spans_free(&exclusions);
}

/* ---- random scenes ---- */

static const int64_t bases[] = {0, 1, -1, -80, -81, 1674518400000000, -1674518399999999};

/* Some begin and end where pieces and polls do, some are all there is. */
static int random_edge(const struct scene *scene, uint64_t *random) {
  switch (random_below(random, 4)) {
  case 0:
    return scene->piece_count
               ? scene->pieces[random_below(random, (uint64_t)scene->piece_count)].start
               : 0;
  case 1:
    return scene->poll_count ? scene->polls[random_below(random, (uint64_t)scene->poll_count)].at
                             : 1;
  default:
    return (int)random_below(random, SPAN);
  }
}

static void make_exclusions(struct scene *scene, uint64_t *random) {
  uint64_t most = random_below(random, 3) ? random_below(random, EXCLUSIONS_MAX + 1) : 0;
  scene->exclusion_count = 0;
  while ((uint64_t)scene->exclusion_count < most) {
    int a = random_edge(scene, random);
    int b =
        random_below(random, 2) ? random_edge(scene, random) : a + (int)random_below(random, 12);
    if (a == b)
      b++;
    scene->exclusions[scene->exclusion_count].start = a < b ? a : b;
    scene->exclusions[scene->exclusion_count++].end = a < b ? b : a;
  }
}

static void make_scene(struct scene *scene, uint64_t *random) {
  scene->base = bases[random_below(random, sizeof bases / sizeof *bases)];
  scene->piece_count = 0;
  int at = (int)random_below(random, 40);
  uint64_t pieces_max = random_below(random, PIECES_MAX + 1);
  while ((uint64_t)scene->piece_count < pieces_max) {
    int length = 1 + (int)random_below(random, random_below(random, 4) ? 30 : 3);
    if (at + length > SPAN - 10)
      break;
    scene->pieces[scene->piece_count].start = at;
    at += length;
    scene->pieces[scene->piece_count++].end = at;
    if (random_below(random, 3)) /* every third one touches the next */
      at += 1 + (int)random_below(random, 20);
  }
  scene->poll_count = 0;
  int sparseness = 2 + (int)random_below(random, 60);
  int stickiness = 1 + (int)random_below(random, 5);
  bool active = random_below(random, 2);
  for (int t = 0; t < SPAN && scene->poll_count < POLLS_MAX; t++)
    if (random_below(random, (uint64_t)sparseness) == 0) {
      if (random_below(random, (uint64_t)stickiness) == 0)
        active = !active;
      scene->polls[scene->poll_count++] = (struct poll){t, active};
    }
  scene->as_of = random_below(random, 2) ? SPAN : (int)random_below(random, SPAN);
  make_exclusions(scene, random);
}

static void every_combination_of_rules(void **state) {
  (void)state;
  static const int64_t gaps[] = {LOOM_NO_MAX_GAP, 0, 1, 2, 3, 7, 20, SPAN, 3652500 * LOOM_DAY};
  uint64_t random = 1;
  for (int round = 0; round < 4000; round++) {
    struct scene scene;
    make_scene(&scene, &random);
    scene.rules.slack = 0;
    scene.rules.max_gap = gaps[random_below(&random, sizeof gaps / sizeof *gaps)];
    for (int fill = LOOM_FILL_BACKWARD; fill <= LOOM_FILL_NEAREST; fill++)
      for (int evidence = LOOM_EVIDENCE_INSIDE; evidence <= LOOM_EVIDENCE_AROUND; evidence++)
        for (int no_data = LOOM_DOWN; no_data <= LOOM_UNKNOWN; no_data++) {
          scene.rules.fill = (enum loom_fill)fill;
          scene.rules.evidence = (enum loom_evidence)evidence;
          scene.rules.no_data = (enum loom_state)no_data;
          check_scene(&scene);
        }
  }
}

/* From intervals to figures, in one window and in two that meet at a closed moment. */
static void windows_that_meet_at_a_closed_moment_add_up(void **state) {
  (void)state;
  uint64_t random = 2;
  int splits = 0;
  for (int round = 0; round < 20000; round++) {
    struct scene scene;
    struct loom_spans intervals = {0}, exclusions = {0}, pieces = {0};
    loom_poll polls[POLLS_MAX];
    make_scene(&scene, &random);
    scene.rules = (struct loom_rules){
        0, (enum loom_fill)random_below(&random, 3), (enum loom_evidence)random_below(&random, 2),
        (enum loom_state)random_below(&random, 3), (int64_t)random_below(&random, 15) - 1};
    for (int i = 0; i < scene.piece_count; i++)
      loom_spans_add(&intervals, scene.base + scene.pieces[i].start,
                     scene.base + scene.pieces[i].end);
    add_exclusions(&scene, &exclusions);
    for (int i = 0; i < scene.poll_count; i++)
      polls[i] = loom_poll_pack(scene.base + scene.polls[i].at, scene.polls[i].active);

    int64_t from = scene.base + (int64_t)random_below(&random, 30), to = scene.base + SPAN - 20;
    int64_t middle = from + 1 + (int64_t)random_below(&random, SPAN - 55);
    bool closed = true;
    for (size_t i = 0; i < intervals.count; i++)
      closed = closed && (middle < intervals.items[i].start || middle > intervals.items[i].end);
    const struct loom_span windows[] = {{from, to}, {from, middle}, {middle, to}};
    struct loom_figures figures[3];
    for (int w = 0; w < 3; w++) {
      int64_t reach = 0;
      assert_true(loom_schedule_pieces(&intervals, windows[w], &pieces));
      loom_uptime_measure(&pieces, &exclusions, polls, (size_t)scene.poll_count, &scene.rules,
                          scene.base + scene.as_of, &figures[w], NULL);
      for (size_t i = 0; i < intervals.count; i++) {
        int64_t start = intervals.items[i].start, end = intervals.items[i].end;
        start = start < windows[w].start ? windows[w].start : start;
        end = end > windows[w].end ? windows[w].end : end;
        reach += end > start ? end - start : 0;
      }
      assert_int_equal(figures[w].up + figures[w].down + figures[w].unknown + figures[w].excluded,
                       reach);
    }
    if (closed) {
      splits++;
      assert_int_equal(figures[0].up, figures[1].up + figures[2].up);
      assert_int_equal(figures[0].down, figures[1].down + figures[2].down);
      assert_int_equal(figures[0].unknown, figures[1].unknown + figures[2].unknown);
      assert_int_equal(figures[0].excluded, figures[1].excluded + figures[2].excluded);
      assert_int_equal(figures[0].outages, figures[1].outages + figures[2].outages);
      assert_int_equal(figures[0].polls, figures[1].polls + figures[2].polls);
      assert_int_equal(figures[0].longest, figures[1].longest > figures[2].longest
                                               ? figures[1].longest
                                               : figures[2].longest);
    }
    loom_spans_free(&intervals);
    loom_spans_free(&exclusions);
    loom_spans_free(&pieces);
  }
  assert_true(splits > 1000);
}

/* ---- by hand: a piece from minute 0 to 60, and others where given ---- */

struct by_hand {
  const char *what;
  struct loom_rules rules;
  const char *polls;  /* minute and status, + or -, one after the other */
  const char *pieces; /* from and to in minutes; after a bar, those of exclusions */
  int as_of;
  int up, down, unknown, outages, longest;
};

#define BACKWARD LOOM_FILL_BACKWARD
#define FORWARD LOOM_FILL_FORWARD
#define NEAREST LOOM_FILL_NEAREST
#define INSIDE LOOM_EVIDENCE_INSIDE
#define AROUND LOOM_EVIDENCE_AROUND
#define NO_GAP LOOM_NO_MAX_GAP
#define TEN (10 * LOOM_MINUTE)

static const struct by_hand by_hand[] = {
    {"backward: since the poll before, or the start; the last also for the rest",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "20+ 30- 40+",
     "0 60",
     60,
     50,
     10,
     0,
     1,
     10},
    {"forward: up to the next; the first also for what is before",
     {60, FORWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "20+ 30- 40+",
     "0 60",
     60,
     50,
     10,
     0,
     1,
     10},
    {"backward, a failure first",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "20- 50+",
     "0 60",
     60,
     40,
     20,
     0,
     1,
     20},
    {"forward, a failure first",
     {60, FORWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "20- 50+",
     "0 60",
     60,
     10,
     50,
     0,
     1,
     50},
    {"nearest: midpoints",
     {60, NEAREST, INSIDE, LOOM_DOWN, NO_GAP},
     "20- 50+",
     "0 60",
     60,
     25,
     35,
     0,
     1,
     35},
    {"no poll: down", {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP}, "", "0 60", 60, 0, 60, 0, 1, 60},
    {"no poll: up", {60, BACKWARD, INSIDE, LOOM_UP, NO_GAP}, "", "0 60", 60, 60, 0, 0, 0, 0},
    {"no poll: unknown",
     {60, BACKWARD, INSIDE, LOOM_UNKNOWN, NO_GAP},
     "",
     "0 60",
     60,
     0,
     0,
     60,
     0,
     0},
    {"polls at both ends belong to the piece",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "0- 60+",
     "0 60",
     60,
     60,
     0,
     0,
     0,
     0},
    {"the same, forward",
     {60, FORWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "0- 60+",
     "0 60",
     60,
     0,
     60,
     0,
     1,
     60},
    {"polls outside do not count inside",
     {60, FORWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "-1+ 61+",
     "0 60",
     99,
     0,
     60,
     0,
     1,
     60},
    {"around, forward: the poll before, to the first inside",
     {60, FORWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-90+ 20- 61+",
     "0 60",
     99,
     20,
     40,
     0,
     1,
     40},
    {"around, backward: the poll after, from the last inside",
     {60, BACKWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-9+ 20- 90+",
     "0 60",
     99,
     40,
     20,
     0,
     1,
     20},
    {"around, backward, but after as_of",
     {60, BACKWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-9+ 20- 90+",
     "0 60",
     89,
     0,
     60,
     0,
     1,
     60},
    {"around, nearest: both",
     {60, NEAREST, AROUND, LOOM_DOWN, NO_GAP},
     "-10+ 20- 90+",
     "0 60",
     99,
     10,
     50,
     0,
     1,
     50},
    {"around, no poll inside, forward: before",
     {60, FORWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-10+ 90-",
     "0 60",
     99,
     60,
     0,
     0,
     0,
     0},
    {"around, no poll inside, forward: then after",
     {60, FORWARD, AROUND, LOOM_DOWN, NO_GAP},
     "90+",
     "0 60",
     99,
     60,
     0,
     0,
     0,
     0},
    {"around, no poll inside, backward: after",
     {60, BACKWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-10- 90+",
     "0 60",
     99,
     60,
     0,
     0,
     0,
     0},
    {"around, no poll inside, backward: then before",
     {60, BACKWARD, AROUND, LOOM_DOWN, NO_GAP},
     "-10+ 90-",
     "0 60",
     89,
     60,
     0,
     0,
     0,
     0},
    {"around, no evidence at all",
     {60, BACKWARD, AROUND, LOOM_UNKNOWN, NO_GAP},
     "90+",
     "0 60",
     89,
     0,
     0,
     60,
     0,
     0},
    {"the gap is measured from the poll, both ways",
     {60, BACKWARD, INSIDE, LOOM_DOWN, TEN},
     "30+",
     "0 60",
     60,
     20,
     0,
     40,
     0,
     0},
    {"the gap counts from a poll outside, too",
     {60, FORWARD, AROUND, LOOM_DOWN, TEN},
     "-4-",
     "0 60",
     60,
     0,
     6,
     54,
     1,
     6},
    {"a gap between two failures makes two outages",
     {60, BACKWARD, INSIDE, LOOM_DOWN, TEN},
     "10- 60-",
     "0 60",
     60,
     0,
     20,
     40,
     2,
     10},
    {"touching pieces: each is judged by its own polls, and the outage goes on",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "30- 90-",
     "0 60 60 120",
     120,
     0,
     120,
     0,
     1,
     120},
    {"touching pieces: the poll where they meet belongs to both",
     {60, BACKWARD, INSIDE, LOOM_UNKNOWN, NO_GAP},
     "60+",
     "0 60 60 120",
     120,
     120,
     0,
     0,
     0,
     0},
    {"touching pieces: silence in the second is not the first's business",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "30+",
     "0 60 60 120",
     120,
     60,
     60,
     0,
     1,
     60},
    {"closed hours between end an outage",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "30- 90-",
     "0 60 61 120",
     120,
     0,
     119,
     0,
     2,
     60},
    {"no pieces: nothing", {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP}, "30-", "", 60, 0, 0, 0, 0, 0},
    {"between two exclusions is no poll, and yet evidence",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "0+ 60+",
     "0 60|10 20 30 40",
     60,
     40,
     0,
     0,
     0,
     0},
    {"a poll in an exclusion vouches for what is around it",
     {60, BACKWARD, INSIDE, LOOM_UNKNOWN, NO_GAP},
     "15- 40+",
     "0 60|10 20",
     60,
     40,
     10,
     0,
     1,
     10},
    {"an exclusion in an outage makes two of it",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "50-",
     "0 60|20 30",
     60,
     0,
     50,
     0,
     2,
     30},
    {"one at its end makes it shorter",
     {60, FORWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "0+ 10- 50+",
     "0 60|30 50",
     60,
     20,
     20,
     0,
     1,
     20},
    {"exclusions that touch are one, and the outage before stays one",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "",
     "0 60|20 30 30 40",
     60,
     0,
     40,
     0,
     2,
     20},
    {"an exclusion where pieces touch ends the outage of both",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "",
     "0 60 60 120|50 70",
     120,
     0,
     100,
     0,
     2,
     50},
    {"an exclusion in closed hours ends what they end",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "",
     "0 60 70 120|60 70",
     120,
     0,
     110,
     0,
     2,
     60},
    {"all of it is excluded",
     {60, BACKWARD, INSIDE, LOOM_DOWN, NO_GAP},
     "30-",
     "0 60|-10 90",
     60,
     0,
     0,
     0,
     0,
     0},
    {"the gap is judged before",
     {60, BACKWARD, INSIDE, LOOM_DOWN, TEN},
     "30+",
     "0 60|25 30",
     60,
     15,
     0,
     40,
     0,
     0},
};

static void read_spans(const char *text, const char *end, struct loom_spans *spans) {
  char *rest;
  for (const char *at = text; at < end; at = rest) {
    int64_t from = strtol(at, &rest, 10);
    loom_spans_add(spans, from * LOOM_MINUTE, strtol(rest, &rest, 10) * LOOM_MINUTE);
  }
}

static void cases_by_hand(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
    const struct by_hand *c = &by_hand[i];
    struct loom_spans pieces = {0}, exclusions = {0};
    struct loom_figures f;
    loom_poll polls[8];
    size_t count = 0;
    char *rest;
    for (const char *at = c->polls; *at; at = rest + 1 + (rest[1] == ' ')) {
      int64_t minute = strtol(at, &rest, 10);
      polls[count++] = loom_poll_pack(minute * LOOM_MINUTE, *rest == '+');
    }
    const char *bar = strchr(c->pieces, '|'), *end = c->pieces + strlen(c->pieces);
    read_spans(c->pieces, bar ? bar : end, &pieces);
    if (bar)
      read_spans(bar + 1, end, &exclusions);
    loom_spans_merge(&exclusions, true);
    loom_uptime_measure(&pieces, &exclusions, polls, count, &c->rules, c->as_of * LOOM_MINUTE, &f,
                        NULL);
    if (f.up != c->up * LOOM_MINUTE || f.down != c->down * LOOM_MINUTE ||
        f.unknown != c->unknown * LOOM_MINUTE || f.outages != c->outages ||
        f.longest != c->longest * LOOM_MINUTE)
      fail_msg("%s: up %g, down %g, unknown %g, %g outages, the longest %g", c->what,
               (double)f.up / 6e7, (double)f.down / 6e7, (double)f.unknown / 6e7, (double)f.outages,
               (double)f.longest / 6e7);
    loom_spans_free(&pieces);
    loom_spans_free(&exclusions);
  }
}

/* Polls before 1970 are negative numbers, which C divides the other way. */
static void midpoints_are_rounded_down(void **state) {
  (void)state;
  const struct loom_rules rules = {0, NEAREST, INSIDE, LOOM_DOWN, NO_GAP};
  for (int64_t base = -3; base <= 3; base++) {
    struct loom_span span = {base, base + 3};
    struct loom_spans pieces = {&span, 1, 1}, none = {0};
    const loom_poll polls[] = {loom_poll_pack(base, true), loom_poll_pack(base + 3, false)};
    struct loom_figures figures;
    loom_uptime_measure(&pieces, &none, polls, 2, &rules, base + 3, &figures, NULL);
    assert_int_equal(figures.up, 1);
    assert_int_equal(figures.down, 2);
  }
}

static void polls_pack_and_sort(void **state) {
  (void)state;
  static const int64_t instants[] = {LOOM_INSTANT_MIN, -2, -1, 0, 1, 2, LOOM_INSTANT_MAX};
  for (size_t i = 0; i < sizeof instants / sizeof *instants; i++)
    for (int active = 0; active < 2; active++) {
      loom_poll poll = loom_poll_pack(instants[i], active);
      assert_int_equal(loom_poll_instant(poll), instants[i]);
      assert_int_equal(loom_poll_active(poll), active);
      if (i > 0)
        assert_true(poll > loom_poll_pack(instants[i - 1], true));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_by_hand),
      cmocka_unit_test(every_combination_of_rules),
      cmocka_unit_test(windows_that_meet_at_a_closed_moment_add_up),
      cmocka_unit_test(midpoints_are_rounded_down),
      cmocka_unit_test(polls_pack_and_sort),
  };
  return cmocka_run_group_tests_name("uptime", tests, NULL, NULL);
}
