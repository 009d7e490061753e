/*
** Numbers as text, against printf, and against reading them again.
*/
#include "base/number_text.h"
#include "support.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 50000

/* What is written is kept here, in room of exactly what is promised, and ends with a NUL for whoever reads it. */
static char *written(struct loom_text *text, size_t promised) {
  if (text->length > promised)
    fail_msg("%zu bytes, %zu promised", text->length, promised);
  text->bytes[text->length] = '\0';
  return text->bytes;
}

static char room[LOOM_FIXED_SIZE(LOOM_DECIMALS_MAX) + 1];

static char *whole(int64_t value) {
  struct loom_text text = {room, 0, sizeof room};
  loom_text_put_whole(&text, value);
  return written(&text, LOOM_WHOLE_SIZE);
}

static char *millionths(int64_t value) {
  struct loom_text text = {room, 0, sizeof room};
  loom_text_put_millionths(&text, value);
  return written(&text, LOOM_MILLIONTHS_SIZE);
}

static char *decimal(double value) {
  struct loom_text text = {room, 0, sizeof room};
  loom_text_put_decimal(&text, value);
  return written(&text, LOOM_DECIMAL_SIZE);
}

static char *digits(double value) {
  struct loom_text text = {room, 0, sizeof room};
  loom_text_put_digits(&text, value);
  return written(&text, LOOM_DIGITS_SIZE);
}

/* Of every magnitude, and either sign. */
static int64_t some_whole(uint64_t *random) {
  return (int64_t)random_next(random) >> random_below(random, 64);
}

/* Any double that is finite. */
static double some_double(uint64_t *random) {
  double value;
  do {
    uint64_t bits = random_next(random);
    memcpy(&value, &bits, sizeof value);
  } while (!isfinite(value));
  return value;
}

/* What printf makes of a number, less the zeros that end it and the sign of 0. */
static void expect_trimmed(char out[400], double value) {
  size_t length = (size_t)snprintf(out, 400, "%.6f", value);
  while (out[length - 1] == '0')
    length--;
  length -= out[length - 1] == '.';
  out[length] = '\0';
  if (strcmp(out, "-0") == 0)
    strcpy(out, "0"); // NOLINT
}

static void whole_numbers(void **state) {
  (void)state;
  uint64_t random = 1;
  char expected[32];
  for (int i = 0; i < TIMES; i++) {
    int64_t value = some_whole(&random);
    snprintf(expected, sizeof expected, "%" PRId64, value);
    assert_string_equal(whole(value), expected);
  }
  assert_string_equal(whole(INT64_MIN), "-9223372036854775808");
  assert_string_equal(whole(INT64_MAX), "9223372036854775807");
  assert_string_equal(whole(0), "0");
}

/* Without a point they are the number again, once as many zeros are added as decimals are missing. */
static void millionths_read_back(void **state) {
  (void)state;
  uint64_t random = 2;
  for (int i = 0; i < TIMES; i++) {
    int64_t value = some_whole(&random);
    char all[40], *text = millionths(value), *point = strchr(text, '.');
    size_t decimals = point ? strlen(point + 1) : 0;
    assert_true(decimals <= 6);
    assert_true(!point || point[decimals] != '0');
    if (point)
      memmove(point, point + 1, strlen(point));
    snprintf(all, sizeof all, "%s%.*s", text, (int)(6 - decimals), "000000");
    assert_int_equal(strtoll(all, NULL, 10), value);
  }
  assert_string_equal(millionths(INT64_MIN), "-9223372036854.775808");
  assert_string_equal(millionths(1500000), "1.5");
  assert_string_equal(millionths(-1), "-0.000001");
  assert_string_equal(millionths(0), "0");
}

static void decimals_agree_with_printf(void **state) {
  (void)state;
  uint64_t random = 3;
  char expected[400];
  for (int i = 0; i < TIMES; i++) {
    double value = some_double(&random), tie = ((double)some_whole(&random) + 0.5) / 1e6;
    double quotient = (double)some_whole(&random) / (double)(1 + random_below(&random, 1000));
    double values[] = {value, tie, nextafter(tie, 0), nextafter(tie, INFINITY), quotient};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
      expect_trimmed(expected, values[v]);
      assert_string_equal(decimal(values[v]), expected);
    }
  }
  assert_string_equal(decimal(-0.0), "0");
  assert_string_equal(decimal(-1e-9), "0");
  assert_int_equal(strlen(decimal(-DBL_MAX)), 1 + 309);
}

/* Read again they are the same number, which no fewer digits are. */
static void digits_read_back(void **state) {
  (void)state;
  uint64_t random = 5;
  for (int i = 0; i < TIMES; i++) {
    double value = i % 2 ? some_double(&random) : (double)some_whole(&random) / 1000;
    char *text = digits(value), shorter[400];
    assert_true(strtod(text, NULL) == value);
    if (!strpbrk(text, ".e"))
      continue; /* a whole number has all its digits */
    int significant = 0;
    for (char *at = text + strspn(text, "-0."); *at && *at != 'e'; at++)
      significant += *at != '.';
    snprintf(shorter, sizeof shorter, "%.*g", significant > 1 ? significant - 1 : 1, value);
    assert_true(significant == 1 || strtod(shorter, NULL) != value || significant <= DBL_DIG);
  }
  assert_string_equal(digits(0.1), "0.1");
  assert_string_equal(digits(1e15), "1000000000000000");
  assert_string_equal(digits(9007199254740993.0), "9007199254740992");
  assert_string_equal(digits(-0.0), "0");
  assert_string_equal(digits(1e19), "1e+19");
  assert_string_equal(digits(2.0 / 3), "0.6666666666666666");
  assert_string_equal(digits(0.1 + 0.2), "0.30000000000000004");
  assert_string_equal(digits(-DBL_MAX), "-1.7976931348623157e+308");
  assert_string_equal(digits(-DBL_TRUE_MIN), "-4.94065645841247e-324");
}

static void fixed_agree_with_printf(void **state) {
  (void)state;
  uint64_t random = 6;
  char expected[400];
  for (int i = 0; i < TIMES / 10; i++) {
    double value = i % 2 ? some_double(&random) : (double)some_whole(&random) / 8;
    int decimals = (int)random_below(&random, LOOM_DECIMALS_MAX + 1);
    struct loom_text text = {room, 0, sizeof room};
    loom_text_put_fixed(&text, value, decimals);
    snprintf(expected, sizeof expected, "%.*f", decimals, value);
    assert_string_equal(written(&text, LOOM_FIXED_SIZE(decimals)), expected);
  }
}

/* The program that Loom is part of may have set one whose point is a comma. */
static void the_locale_does_not_matter(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
  const char *set = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++)
    set = setlocale(LC_NUMERIC, names[i]);
  if (!set)
    skip();
  char tie[32], all[32];
  snprintf(tie, sizeof tie, "%s", decimal(0.0000005));
  snprintf(all, sizeof all, "%s", digits(0.1));
  setlocale(LC_NUMERIC, "C");
  assert_string_equal(tie, "0");
  assert_string_equal(all, "0.1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_numbers),
      cmocka_unit_test(millionths_read_back),
      cmocka_unit_test(decimals_agree_with_printf),
      cmocka_unit_test(digits_read_back),
      cmocka_unit_test(fixed_agree_with_printf),
      cmocka_unit_test(the_locale_does_not_matter),
  };
  return cmocka_run_group_tests_name("number_text", tests, NULL, NULL);
}
