/*
** Tests of selections: patterns by hand, and random ones against SQLite's GLOB; ids and patterns together.
*/
#include "storage.h"

#include "measure/selection.h"
#include "support.h"

#include <sqlite3.h>

static void patterns_by_hand(void **state) {
  (void)state;
  static const struct {
    const char *glob, *text;
    bool matches;
  } cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"?", "", false},
      {"?", "a", true},
      {"?", "\u20ac", true},
      {"??", "\u20ac", false},
      {"a*", "abc", true},
      {"A*", "abc", false},
      {"*c", "abcc", true},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-c-b", false},
      {"[abc]", "b", true},
      {"[a-c]x", "bx", true},
      {"[a-c]", "d", false},
      {"[^a-c]", "d", true},
      {"[^a-c]", "b", false},
      {"[]]", "]", true},
      {"[^]]", "]", false},
      {"[]a]", "a", true},
      {"[a-]", "-", true},
      {"[-a]", "-", true},
      {"[a", "a", false},
      {"[", "[", false},
      {"[*]", "*", true},
      {"[*]", "x", false},
      {"[\u00e0-\u00ef]", "\u00e9", true},
      {"[a-\u20ac]", "\u00e9", true},
      {"x]", "x]", true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    bool found = loom_glob_matches(cases[i].glob, cases[i].text, strlen(cases[i].text));
    if (found != cases[i].matches)
      print_error("%s and %s\n", cases[i].glob, cases[i].text);
    assert_int_equal(found, cases[i].matches);
  }
  assert_true(loom_glob_matches("a*", "abc", 1)); /* the length counts */
  assert_false(loom_glob_matches("abc", "abcd", 4));
}

/* Text of few different characters, so that patterns meet it. */
static void random_text(uint64_t *random, const char *const *characters, size_t count, char *out) {
  *out = '\0';
  for (uint64_t n = random_below(random, 12); n > 0; n--)
    strcat(out, characters[random_below(random, count)]);
}

static void patterns_are_those_of_sql(void **state) {
  (void)state;
  static const char *const in_texts[] = {"a", "b",      "c",      "]",         "-",
                                         "^", "\u00e9", "\u20ac", "\U0001f600"},
                           *const in_globs[] = {"a",      "b",       "c",         "]",  "[",
                                                "-",      "^",       "*",         "?",  "*",
                                                "[a",     "c]",      "-b",        "[^", "[]",
                                                "\u00e9", "-\u20ac", "\U0001f600"};
  uint64_t random = 7;
  unsigned matches = 0;
  for (int i = 0; i < 300000; i++) {
    char text[100], glob[100];
    random_text(&random, in_texts, COUNT_OF(in_texts), text);
    random_text(&random, in_globs, COUNT_OF(in_globs), glob);
    bool expected = sqlite3_strglob(glob, text) == 0;
    bool found = loom_glob_matches(glob, text, strlen(text));
    if (found != expected)
      print_error("%s and %s: %d\n", glob, text, found);
    assert_int_equal(found, expected);
    matches += found;
  }
  assert_true(matches > 5000);
}

/* Every `*` might stand for any number of characters: tried one within the other they would take for ever, and this test longer than its limit. */
static void patterns_take_no_longer_than_they_must(void **state) {
  (void)state;
  char glob[1000] = "", text[256];
  memset(text, 'a', 255);
  text[255] = '\0';
  for (int i = 0; i < 400; i++)
    strcat(glob, "*a");
  strcat(glob, "b");
  for (int i = 0; i < 100; i++)
    assert_false(loom_glob_matches(glob, text, 255));
}

static bool has(const struct loom_selection *selection, const char *id) {
  return loom_selection_has(selection, id, strlen(id));
}

static void ids_and_patterns(void **state) {
  (void)state;
  static const char *const globs[] = {"x*", "*-9"};
  struct loom_id_table ids;
  struct loom_selection selection = {0};
  loom_id_table_init(&ids);
  assert_true(has(&selection, "anything"));
  selection.ids = &ids; /* a list without ids is of no stores */
  assert_false(has(&selection, "a"));
  assert_int_not_equal(loom_id_table_put(&ids, "a", 1), LOOM_NO_NUMBER);
  assert_true(has(&selection, "a") && !has(&selection, "b"));
  selection.globs = globs;
  selection.glob_count = 2;
  assert_true(has(&selection, "a") && has(&selection, "xy") && has(&selection, "b-9"));
  assert_false(has(&selection, "b"));
  selection.ids = NULL;
  assert_true(has(&selection, "xy") && !has(&selection, "a"));
  loom_id_table_free(&ids);
}

/* Texts of few letters, in which beginnings come again and again. */
static void texts_are_found(void **state) {
  (void)state;
  uint64_t random = 5;
  for (int round = 0; round < 20000; round++) {
    char text[40], lower[40], wanted[10];
    size_t length = random_below(&random, sizeof text), wanted_length = random_below(&random, 7);
    static const char letters[] = {'a', 'A', 'b', 'B', '\0', '\xc3', 'Z'};
    for (size_t i = 0; i < length; i++) {
      text[i] = letters[random_below(&random, 3 + random_below(&random, 5))];
      lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
    for (size_t i = 0; i < wanted_length; i++)
      wanted[i] = "aabbb\xc3z"[random_below(&random, 7)];
    bool expected = false;
    for (size_t at = 0; at + wanted_length <= length; at++)
      expected = expected || memcmp(lower + at, wanted, wanted_length) == 0;
    assert_int_equal(loom_text_contains(text, length, wanted, wanted_length), expected);
  }
}

/* Hundreds of times a million comparisons would take long enough to be seen. */
static void texts_take_no_longer_than_they_must(void **state) {
  (void)state;
  char wanted[LOOM_SEARCH_MAX];
  size_t length = 1 << 20;
  char *text = malloc(length);
  assert_non_null(text);
  memset(text, 'a', length);
  memset(wanted, 'a', sizeof wanted);
  wanted[sizeof wanted - 1] = 'b';
  for (int round = 0; round < 20; round++)
    assert_false(loom_text_contains(text, length, wanted, sizeof wanted));
  text[length - 1] = 'B';
  assert_true(loom_text_contains(text, length, wanted, sizeof wanted));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(patterns_by_hand),
                                     cmocka_unit_test(patterns_are_those_of_sql),
                                     cmocka_unit_test(patterns_take_no_longer_than_they_must),
                                     cmocka_unit_test(ids_and_patterns),
                                     cmocka_unit_test(texts_are_found),
                                     cmocka_unit_test(texts_take_no_longer_than_they_must)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
