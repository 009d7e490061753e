/*
** Tests of the words by which SQL asks for figures: what each means, in whatever order they come, and what is wrong with others.
*/
#include "storage.h"

#include "sqlite/figures_options.h"
#include "support.h"

static loom_status read_words(const char *const *texts, struct loom_figures_options *out,
                              loom_error *error) {
  struct loom_word words[LOOM_FIGURES_WORDS_MAX];
  size_t count = 0;
  for (; texts[count]; count++)
    words[count] = (struct loom_word){texts[count], strlen(texts[count])};
  return loom_figures_options_read(out, words, count, error);
}

static struct loom_figures_options options;

static void read_good(const char *const *texts) {
  loom_error error;
  assert_status(read_words(texts, &options, &error), LOOM_OK, &error);
}

static void nothing_is_the_standard_report(void **state) {
  (void)state;
  read_good((const char *[]){NULL});
  struct loom_rules rules;
  assert_true(loom_rules_preset("loom", &rules));
  assert_memory_equal(&options.rules, &rules, sizeof rules);
  assert_int_equal(options.window_count, 3);
  assert_string_equal(options.windows[0].name, "last_hour");
  assert_int_equal(options.windows[2].length, 7 * LOOM_DAY);
  assert_true(options.minutes[0] && !options.minutes[1] && !options.minutes[2]);
  assert_false(options.has_as_of || options.all_stores);
  assert_string_equal(options.zone, "America/Chicago");
}

static void single_rules_override_a_preset(void **state) {
  (void)state;
  static const char *const orders[][5] = {
      {"preset=monitoring", "fill=nearest", "max_gap=none", "slack=5m", NULL},
      {"slack=5m", "max_gap=none", "fill=nearest", "preset=monitoring", NULL}};
  for (size_t i = 0; i < COUNT_OF(orders); i++) {
    read_good(orders[i]);
    assert_int_equal(options.rules.slack, 300);
    assert_int_equal(options.rules.fill, LOOM_FILL_NEAREST);
    assert_int_equal(options.rules.max_gap, LOOM_NO_MAX_GAP);
    assert_int_equal(options.rules.evidence, LOOM_EVIDENCE_AROUND);
    assert_int_equal(options.rules.no_data, LOOM_UNKNOWN);
  }
  read_good((const char *[]){"evidence=inside", "no_data=up", "max_gap=90m", "preset=seed", NULL});
  assert_int_equal(options.rules.slack, 0);
  assert_int_equal(options.rules.evidence, LOOM_EVIDENCE_INSIDE);
  assert_int_equal(options.rules.no_data, LOOM_UP);
  assert_int_equal(options.rules.max_gap, 90 * LOOM_MINUTE);
}

static void other_options(void **state) {
  (void)state;
  read_good((const char *[]){"as_of=2023-01-24T10:00:00Z", "default_zone=Asia/Kolkata",
                             "all_stores=true", NULL});
  assert_true(options.has_as_of && options.all_stores);
  assert_int_equal(options.as_of, INT64_C(1674554400) * LOOM_SECOND);
  assert_string_equal(options.zone, "Asia/Kolkata");
  read_good((const char *[]){"as_of=2023-01-24", "all_stores=false", NULL});
  assert_int_equal(options.as_of, INT64_C(1674518400) * LOOM_SECOND);
  assert_false(options.all_stores);
}

static void windows(void **state) {
  (void)state;
  read_good((const char *[]){"month=30d", "h=60:minutes", "jan=2026-01-01/2026-02-01:hours",
                             "night=2026-01-01 22:00/2026-01-02 06:00:minutes", "yesterday",
                             "last-week:minutes", "w=this-month", NULL});
  assert_int_equal(options.window_count, 7);
  const struct loom_window *window = options.windows;
  assert_string_equal(window[0].name, "month");
  assert_int_equal(window[0].length, 30 * LOOM_DAY);
  assert_int_equal(window[1].length, LOOM_MINUTE);
  assert_true(options.minutes[1] && !options.minutes[0] && !options.minutes[2]);
  assert_int_equal(window[2].calendar, LOOM_CALENDAR_DATES);
  assert_int_equal(window[2].after_last - window[2].first, 31);
  assert_int_equal(window[3].calendar, LOOM_CALENDAR_NONE);
  assert_int_equal(window[3].to - window[3].from, 8 * LOOM_HOUR);
  assert_true(options.minutes[3]);
  assert_string_equal(window[4].name, "yesterday");
  assert_int_equal(window[4].calendar, LOOM_CALENDAR_YESTERDAY);
  assert_string_equal(window[5].name, "last_week");
  assert_int_equal(window[5].calendar, LOOM_CALENDAR_LAST_WEEK);
  assert_true(options.minutes[5]);
  assert_string_equal(window[6].name, "w");
  assert_int_equal(window[6].calendar, LOOM_CALENDAR_THIS_MONTH);
}

/* A word and what is told of it; of two, the second is wrong. */
static const struct {
  const char *words[3], *message;
} wrong[] = {
    {{""}, "\"\" is no option, and no window: NAME=SPAN"},
    {{"month"}, "\"month\" is no option, and no window: NAME=SPAN"},
    {{"dates"}, "\"dates\" is no option, and no window: NAME=SPAN"},
    {{"w=dates"}, "\"w=dates\" is no duration, no FROM/TO, and no word of the calendar"},
    {{"w="}, "\"w=\" is no duration, no FROM/TO, and no word of the calendar"},
    {{"w=3x"}, "\"w=3x\" is no duration, no FROM/TO, and no word of the calendar"},
    {{"w=7d:days"}, "\"w=7d:days\" is no duration, no FROM/TO, and no word of the calendar"},
    {{"=7d"}, "\"=7d\" has no name of 1 to 64 letters, digits and _"},
    {{"a b=7d"}, "\"a b=7d\" has no name of 1 to 64 letters, digits and _"},
    {{"w=2026-01-01/2026-01-02 10:00"},
     "\"w=2026-01-01/2026-01-02 10:00\" is neither from an instant to an instant nor from a date "
     "to a date"},
    {{"w=1d", "w=2d"}, "\"w=2d\" is called like another window"},
    {{"yesterday", "yesterday"}, "\"yesterday\" is called like another window"},
    {{"preset=loon"}, "\"preset=loon\" is no preset"},
    {{"fill="}, "\"fill=\" is none of those that there are"},
    {{"evidence=outside"}, "\"evidence=outside\" is none of those that there are"},
    {{"no_data=Down"}, "\"no_data=Down\" is none of those that there are"},
    {{"max_gap=200000w"}, "\"max_gap=200000w\" is longer than 100 years"},
    {{"slack=1d"}, "\"slack=1d\" is not less than a day"},
    {{"all_stores=1"}, "\"all_stores=1\" is neither true nor false"},
};

static void what_is_wrong_is_told(void **state) {
  (void)state;
  loom_error error;
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    assert_int_equal(read_words(wrong[i].words, &options, &error), LOOM_EINVAL);
    assert_string_equal(error.message, wrong[i].message);
  }
  static const char *const more[] = {"as_of=yesterday", "max_gap=x", "slack=", "as_of=2023-02-30"};
  for (size_t i = 0; i < COUNT_OF(more); i++)
    assert_int_equal(read_words((const char *[]){more[i], NULL}, &options, &error), LOOM_EINVAL);
}

/* Words may hold anything, and end anywhere. */
static void any_bytes_are_read(void **test) {
  (void)test;
  static const char *const pieces[] = {
      "preset=", "fill=",  "max_gap=",  "as_of=",        "w",    "=",
      "7d",      "/",      ":",         "minutes",       "2026", "-01",
      "T10",     "\0\xff", "last-week", "default_zone=", "_",    " "};
  uint64_t state = 5;
  for (int i = 0; i < 20000; i++) {
    char text[64];
    size_t length = 0;
    loom_error error;
    for (uint64_t n = random_below(&state, 5); n > 0; n--) {
      const char *piece = pieces[random_below(&state, COUNT_OF(pieces))];
      size_t size = *piece ? strlen(piece) : 2;
      memcpy(text + length, piece, size);
      length += size;
    }
    length -= length ? random_below(&state, length) : 0;
    char *exact = malloc(length + 1); /* so that what is read beyond its end is noticed */
    memcpy(exact, text, length);
    struct loom_word word = {exact, length};
    loom_status status = loom_figures_options_read(&options, &word, 1, &error);
    assert_true(status == LOOM_OK || status == LOOM_EINVAL);
    free(exact);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_the_standard_report),
      cmocka_unit_test(single_rules_override_a_preset),
      cmocka_unit_test(other_options),
      cmocka_unit_test(windows),
      cmocka_unit_test(what_is_wrong_is_told),
      cmocka_unit_test(any_bytes_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
