/*
** Tests of ids that are spelled otherwise: what a spreadsheet makes of numbers is told from all else, and likeness is the same for
** whatever case, blanks and zeros are put into an id, and differs where anything else does.
*/
#include "report/likeness.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static void rounded_numbers(void **state) {
  static const char *const yes[] = {"8.41954E+18", "8,41954E+18", "1e+9", "8.4e+18", "9E+99"};
  static const char *const no[] = {
      "",       "8",          "8419537941919820732", "8.4",    "E+18",
      "8.E+18", "8.41954E18", "8.41954E-18",         "8.4E+",  "8.4E+1a",
      "84E+18", "a8.4E+18",   "8.4.1E+18",           "store 1"};
  (void)state;
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    assert_true(loom_id_is_rounded(yes[i], strlen(yes[i])));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    assert_false(loom_id_is_rounded(no[i], strlen(no[i])));
}

static void any_prefix_can_be_asked_for(void **state) {
  static const char text[] = "8.41954E+18";
  (void)state;
  for (size_t length = 0; length < sizeof text; length++) {
    char exact[sizeof text];
    memcpy(exact, text, length); /* nothing beyond it is looked at: the sanitizer sees to that */
    assert_int_equal(loom_id_is_rounded(exact, length), length >= 10);
  }
}

/* An id of letters and digits, and the same with its case changed, blanks put in, and zeros in front of a number. */
static void spellings_are_alike(void **state) {
  static const char *const blanks[] = {" ", "\t", "\xC2\xA0", "\xE2\x80\x8B", "\xEF\xBB\xBF"};
  uint64_t random = 1;
  (void)state;
  for (int round = 0; round < 2000; round++) {
    char id[64], other[LOOM_ID_MAX + 1], a[LOOM_ID_MAX], b[LOOM_ID_MAX];
    size_t length = 1 + random_below(&random, 20), size = 0;
    bool is_number = random_below(&random, 3) == 0;
    for (size_t i = 0; i < length; i++)
      id[i] = is_number ? (char)('1' + random_below(&random, 9))
                        : (char)('a' + random_below(&random, 26));
    for (uint64_t zeros = is_number ? random_below(&random, 4) : 0; zeros > 0; zeros--)
      other[size++] = '0';
    for (size_t i = 0; i < length; i++) {
      const char *blank = blanks[random_below(&random, 5)];
      if (random_below(&random, 3) == 0) {
        memcpy(other + size, blank, strlen(blank));
        size += strlen(blank);
      }
      bool is_capital = !is_number && random_below(&random, 2);
      other[size++] = is_capital ? (char)(id[i] - 'a' + 'A') : id[i];
    }
    size_t in_a = loom_id_likeness(id, length, a), in_b = loom_id_likeness(other, size, b);
    assert_int_equal(in_a, length);
    assert_int_equal(in_b, length);
    assert_memory_equal(a, b, length);
    other[size - 1] = is_number ? 'x' : '7';
    in_b = loom_id_likeness(other, size, b);
    assert_true(in_b != in_a || memcmp(a, b, in_a) != 0);
  }
}

static void odd_ids_stay_what_they_are(void **state) {
  char out[LOOM_ID_MAX], longest[LOOM_ID_MAX];
  (void)state;
  assert_int_equal(loom_id_likeness("000", 3, out), 1);
  assert_int_equal(loom_id_likeness("\xFF\xC2", 2, out), 2);
  assert_memory_equal(out, "\xFF\xC2", 2);
  assert_int_equal(loom_id_likeness(" ", 1, out), 0);
  assert_int_equal(loom_id_likeness("0a", 2, out), 2);
  memset(longest, 'Z', sizeof longest);
  assert_int_equal(loom_id_likeness(longest, sizeof longest, out), LOOM_ID_MAX);
  assert_int_equal(out[LOOM_ID_MAX - 1], 'z');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rounded_numbers), cmocka_unit_test(any_prefix_can_be_asked_for),
      cmocka_unit_test(spellings_are_alike), cmocka_unit_test(odd_ids_stay_what_they_are)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
