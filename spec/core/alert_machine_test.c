/*
** The states of alerts: scenes as text, a letter to a step. T is true, f false, and - none; what is told of each step is F (firing),
** R (resolved), W (flapping), X (expired) or a dot.
*/
#include "alert/machine.h"
#include "support.h"

#include <string.h>

#define START (INT64_C(1700000000) * LOOM_SECOND)

static struct loom_alert_rule some_rule(int count, int of, int64_t time, int keep,
                                        int64_t keep_time) {
  return (struct loom_alert_rule){.meaning = 1,
                                  .fires = {.count = count, .of = of, .time = time},
                                  .ends = {.count = keep, .of = keep, .time = keep_time}};
}

static struct loom_alert_verdict verdict_of(char letter, int64_t step) {
  struct loom_alert_verdict verdict = {.step = step};
  if (letter == 'T')
    verdict.result = LOOM_ALERT_TRUE;
  else if (letter == 'f')
    verdict.result = LOOM_ALERT_FALSE;
  else {
    verdict.absence = LOOM_ALERT_CLOSED;
    verdict.step = 0;
  }
  return verdict;
}

/* Steps of a minute, all of it business time but where there is no result. */
static void assert_scene(const struct loom_alert_rule *rule, const char *results,
                         const char *told) {
  struct loom_alert_state state = {0};
  char got[200] = "";
  size_t length = strlen(results);
  assert_int_equal(length, strlen(told));
  for (size_t i = 0; i < length; i++) {
    struct loom_alert_verdict verdict = verdict_of(results[i], LOOM_MINUTE);
    int64_t at = START + (int64_t)i * LOOM_MINUTE;
    verdict.since = at;
    struct loom_alert_transition transition = loom_alert_step(rule, &verdict, at, &state);
    got[i] = ".FRWX"[transition.change];
  }
  assert_string_equal(got, told);
}

static void test_for_and_keep(void **context) {
  (void)context;
  struct loom_alert_rule at_once = some_rule(1, 1, 0, 1, 0), three = some_rule(3, 3, 0, 2, 0);
  struct loom_alert_rule two_of_four = some_rule(2, 4, 0, 1, 0);
  struct loom_alert_rule timed = some_rule(1, 1, 3 * LOOM_MINUTE, 1, 2 * LOOM_MINUTE);
  assert_scene(&at_once, "fTTff", ".F.R.");
  assert_scene(&three, "TTfTTTTfTff", ".....F....R");
  assert_scene(&two_of_four, "TfffTfffTffT", "...........F");
  assert_scene(&two_of_four, "TffffTffT", "........F");
  assert_scene(&timed, "TTTTffTfff", "...F.....R");
  assert_scene(&timed, "TTTfTTTT", ".......F");
}

/* Writes have stores judged between the minutes: whatever they come to, it is fired when it is without them. */
static void test_a_minute_has_one_result(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(3, 4, 0, 2, 0);
  const char *results = "ffTfTTfTTTffTff";
  for (int more = 0; more < 4; more++) {
    struct loom_alert_state state = {0};
    char got[40] = "";
    for (int i = 0; results[i]; i++) {
      struct loom_alert_verdict verdict = verdict_of(results[i], LOOM_MINUTE);
      int64_t at = START - START % LOOM_MINUTE + i * LOOM_MINUTE;
      got[i] = ".FRWX"[loom_alert_step(&rule, &verdict, at, &state).change];
      for (int m = 1; m <= more; m++) {
        verdict = verdict_of(results[i], LOOM_SECOND);
        assert_int_equal(loom_alert_step(&rule, &verdict, at + m * LOOM_SECOND, &state).change,
                         LOOM_ALERT_STAYS);
      }
    }
    assert_string_equal(got, ".....F.....R...");
  }
}

/* A closed night is neither time nor a result. */
static void test_none_moves_nothing(void **context) {
  (void)context;
  struct loom_alert_rule timed = some_rule(1, 1, 2 * LOOM_MINUTE, 1, 0),
                         at_once = some_rule(1, 1, 0, 2, 0);
  assert_scene(&timed, "TT-----T", ".......F");
  assert_scene(&at_once, "T-----T---f--f", "F............R");
  timed.fires.wall = true;
  assert_scene(&timed, "T-T", "..F");
}

static void test_expiry(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(1, 1, 0, 1, 0);
  struct loom_alert_state state = {0};
  struct loom_alert_verdict yes = verdict_of('T', 0), none = verdict_of('-', 0);
  assert_int_equal(loom_alert_step(&rule, &yes, START, &state).change, LOOM_ALERT_FIRES);
  int64_t end = START + LOOM_ALERT_EXPIRY;
  assert_int_equal(loom_alert_step(&rule, &none, end - 1, &state).change, LOOM_ALERT_STAYS);
  struct loom_alert_transition told = loom_alert_step(&rule, &none, end, &state);
  assert_int_equal(told.change, LOOM_ALERT_EXPIRES);
  assert_int_equal(told.reason, LOOM_ALERT_NO_RESULT);
  assert_int_equal(told.fired_at, START);
  assert_int_equal(state.phase, LOOM_ALERT_OK);
}

/* A store that flaps and closes for good while it is well: business time, by which it would become calm, does not pass any more. */
static void test_expiry_of_what_flaps(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(1, 1, 0, 1, 0);
  struct loom_alert_state state = {0};
  struct loom_alert_verdict none = verdict_of('-', 0);
  int64_t at = START;
  for (const char *letter = "TfTfTf"; *letter; letter++, at += LOOM_MINUTE) {
    struct loom_alert_verdict verdict = verdict_of(*letter, LOOM_MINUTE);
    loom_alert_step(&rule, &verdict, at, &state);
  }
  assert_true(state.phase == LOOM_ALERT_OK && state.is_flapping && state.is_quiet);
  int64_t fired = state.fired_at, end = state.last_result + LOOM_ALERT_EXPIRY;
  assert_int_equal(loom_alert_step(&rule, &none, end - 1, &state).change, LOOM_ALERT_STAYS);
  struct loom_alert_transition told = loom_alert_step(&rule, &none, end, &state);
  assert_int_equal(told.change, LOOM_ALERT_EXPIRES);
  assert_true(told.fired_at == fired && !state.is_flapping && !state.is_quiet);
  assert_int_equal(loom_alert_step(&rule, &none, end + 1, &state).change, LOOM_ALERT_STAYS);
}

static void test_clock_that_jumps_back(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(2, 2, 0, 1, 0);
  struct loom_alert_state state = {0}, before;
  struct loom_alert_verdict yes = verdict_of('T', LOOM_MINUTE), no = verdict_of('f', LOOM_MINUTE);
  loom_alert_step(&rule, &yes, START, &state);
  before = state;
  loom_alert_step(&rule, &no, START - LOOM_HOUR, &state);
  loom_alert_step(&rule, &yes, START, &state);
  assert_memory_equal(&before, &state, sizeof state);
  assert_int_equal(loom_alert_step(&rule, &yes, START + LOOM_MINUTE, &state).change,
                   LOOM_ALERT_FIRES);
}

static void test_edited_rule(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(2, 2, 0, 1, 0), edited = rule;
  struct loom_alert_state state = {0};
  struct loom_alert_verdict yes = verdict_of('T', LOOM_MINUTE);
  edited.meaning = 2;
  loom_alert_step(&rule, &yes, START, &state);
  /* what was pending begins anew, silently */
  assert_int_equal(loom_alert_step(&edited, &yes, START + LOOM_MINUTE, &state).change,
                   LOOM_ALERT_STAYS);
  assert_int_equal(state.phase, LOOM_ALERT_PENDING);
  assert_int_equal(loom_alert_step(&edited, &yes, START + 2 * LOOM_MINUTE, &state).change,
                   LOOM_ALERT_FIRES);
  /* what fires is resolved, also where the instant is the same */
  struct loom_alert_transition told = loom_alert_step(&rule, &yes, START + 2 * LOOM_MINUTE, &state);
  assert_int_equal(told.change, LOOM_ALERT_RESOLVES);
  assert_int_equal(told.reason, LOOM_ALERT_RULE_CHANGED);
  assert_int_equal(told.fired_at, START + 2 * LOOM_MINUTE);
  assert_int_equal(state.phase, LOOM_ALERT_OK);
}

static void test_evidence_taken_away(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(1, 1, 0, 1, 0);
  struct loom_alert_state state = {0};
  struct loom_alert_verdict yes = verdict_of('T', LOOM_MINUTE), none = verdict_of('-', 0);
  loom_alert_step(&rule, &yes, START, &state);
  none.is_taken = true;
  struct loom_alert_transition told = loom_alert_step(&rule, &none, START, &state);
  assert_int_equal(told.change, LOOM_ALERT_RESOLVES);
  assert_int_equal(told.reason, LOOM_ALERT_EVIDENCE_EXCLUDED);
  assert_int_equal(loom_alert_step(&rule, &none, START + 1, &state).change, LOOM_ALERT_STAYS);
  assert_int_equal(loom_alert_end(LOOM_ALERT_STORE_LEFT, &state).change, LOOM_ALERT_STAYS);
}

/* The fourth transition within a day is told as flapping, and then nothing for two hours after the last one; then what it is. */
static void test_flapping(void **context) {
  (void)context;
  struct loom_alert_rule rule = some_rule(1, 1, 0, 1, 0);
  char results[160], told[160];
  memset(results, 'f', 140);
  memset(told, '.', 140);
  memcpy(results, "TfTfTf", 6);
  memcpy(told, "FRFW..", 6);
  results[140] = told[140] = 0;
  told[5 + 120] = 'R';
  assert_scene(&rule, results, told);
  memset(results + 6, 'T', 134);
  told[5 + 120] = '.';
  told[6 + 120] = 'F';
  assert_scene(&rule, results, told);
}

static void test_packing(void **context) {
  (void)context;
  uint64_t random = 7;
  unsigned char bytes[LOOM_ALERT_STATE_SIZE];
  struct loom_alert_rule rule = some_rule(2, 3, LOOM_MINUTE, 2, LOOM_MINUTE);
  struct loom_alert_state state = {0}, read;
  for (int i = 0; i < 2000; i++) {
    struct loom_alert_verdict verdict =
        verdict_of("Tf-"[random_below(&random, 3)], (int64_t)random_below(&random, LOOM_HOUR));
    verdict.since = verdict.from = -(int64_t)random_below(&random, LOOM_DAY);
    verdict.excluded = (int64_t)random_below(&random, LOOM_HOUR);
    loom_alert_step(&rule, &verdict, START + i * LOOM_MINUTE, &state);
    loom_alert_state_pack(&state, bytes);
    assert_true(loom_alert_state_unpack(bytes, sizeof bytes, &read));
    unsigned char again[LOOM_ALERT_STATE_SIZE];
    loom_alert_state_pack(&read, again);
    assert_memory_equal(bytes, again, sizeof bytes);
    /* it goes on as the one in memory does */
    state = read;
  }
  assert_false(loom_alert_state_unpack(bytes, sizeof bytes - 1, &read));
  bytes[0] = LOOM_ALERT_STATE_VERSION + 1;
  assert_false(loom_alert_state_unpack(bytes, sizeof bytes, &read));
}

/* Only states that are others than before are kept, and whoever begins with what is kept at any time tells the same. */
static void keep_and_begin_anew(uint64_t *random) {
  struct loom_alert_rule rule =
      some_rule(1 + (int)random_below(random, 3), 3 + (int)random_below(random, 3),
                (int64_t)random_below(random, 5) * LOOM_MINUTE, 1 + (int)random_below(random, 4),
                (int64_t)random_below(random, 5) * LOOM_MINUTE);
  struct loom_alert_state live = {0}, kept = {0}, other = {0};
  int64_t business = 0, business_kept = 0, writes = 0;
  uint64_t likely = 2 + random_below(random, 20); /* how seldom it turns */
  char letter = 'f';
  for (int i = 0; i < 3000; i++) {
    int64_t at = START + i * 10 * LOOM_MINUTE;
    if (random_below(random, likely) == 0)
      letter = "Tff-"[random_below(random, 4)];
    if (random_below(random, 4) == 0) { /* as of the last instant */
      other = kept;
      loom_alert_state_catch_up(&other, at - 10 * LOOM_MINUTE, business - business_kept);
    }
    struct loom_alert_verdict verdict = verdict_of(letter, 10 * LOOM_MINUTE), seen;
    verdict.since = verdict.from = at;
    seen = verdict;
    seen.step = other.at ? verdict.step : 0;
    struct loom_alert_state before = live;
    struct loom_alert_transition told = loom_alert_step(&rule, &verdict, at, &live);
    struct loom_alert_transition again = loom_alert_step(&rule, &seen, at, &other);
    assert_int_equal(told.change, again.change);
    assert_true(told.fired_at == again.fired_at && told.since == again.since &&
                told.reason == again.reason);
    business += verdict.step;
    if (!loom_alert_state_same(&rule, &before, &live)) {
      kept = loom_alert_state_is_plain(&live) ? (struct loom_alert_state){0} : live;
      business_kept = business;
      writes++;
    }
  }
  assert_true(writes > 10 && (likely < 15 || writes < 1000));
}

static void test_keeping(void **context) {
  (void)context;
  uint64_t random = 11;
  for (int i = 0; i < 40; i++)
    keep_and_begin_anew(&random);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_for_and_keep),
                                     cmocka_unit_test(test_none_moves_nothing),
                                     cmocka_unit_test(test_a_minute_has_one_result),
                                     cmocka_unit_test(test_expiry),
                                     cmocka_unit_test(test_expiry_of_what_flaps),
                                     cmocka_unit_test(test_clock_that_jumps_back),
                                     cmocka_unit_test(test_edited_rule),
                                     cmocka_unit_test(test_evidence_taken_away),
                                     cmocka_unit_test(test_flapping),
                                     cmocka_unit_test(test_packing),
                                     cmocka_unit_test(test_keeping)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
