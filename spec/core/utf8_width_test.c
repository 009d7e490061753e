/*
** Columns of text: every character against the C library's wcwidth, where that knows it, and what a byte that is no text takes.
*/
#define _XOPEN_SOURCE 700 /* wcwidth */

#include "base/utf8_width.h"

#include "support.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

/* Of glibc 2.36, which is of Unicode 15 too, all; other versions differ in few. musl gives one column to what is not assigned. */
static void widths_are_those_of_the_library(void **state) {
  (void)state;
#ifndef __GLIBC__
  skip();
#endif
  int assigned = 0, different = 0;
  if (!setlocale(LC_CTYPE, "C.UTF-8"))
    skip();
  for (uint32_t character = 0xA0; character <= 0x10FFFF; character++) {
    int expected = wcwidth((wchar_t)character);
    if (expected < 0)
      continue;
    assigned++;
    different += loom_utf8_character_width(character) != expected;
  }
  setlocale(LC_CTYPE, "C");
  assert_true(assigned > 100000);
  assert_in_range(different, 0, assigned / 100);
#ifdef __GLIBC__
  if (__GLIBC__ == 2 && __GLIBC_MINOR__ == 36)
    assert_int_equal(different, 0);
#endif
}

static void text_is_the_sum_of_its_characters(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t width;
  } cases[] = {
      {"", 0},
      {"plain", 5},
      {"caf\xC3\xA9", 4},
      {"cafe\xCC\x81", 4},                         /* e, and an acute accent that joins it */
      {"\xE6\x9D\xB1\xE4\xBA\xAC", 4},             /* Tokyo */
      {"\xEF\xBC\xA1", 2},                         /* a full-width A */
      {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 2}, /* han, of three parts */
      {"\xF0\x9F\x98\x80", 2},                     /* a face */
      {"a\xE2\x80\x8B"
       "b",
       2},              /* a zero width space */
      {"\xFFx\xC3", 3}, /* stray bytes */
      {"\xEF\xBF\xBD", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(loom_utf8_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(widths_are_those_of_the_library),
      cmocka_unit_test(text_is_the_sum_of_its_characters),
  };
  return cmocka_run_group_tests_name("utf8_width", tests, NULL, NULL);
}
