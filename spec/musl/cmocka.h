/*
** As much of cmocka as the tests take that are built with musl, for which Debian has no cmocka: a test ends at the first thing that is
** not as it should be, setup and teardown included.
*/
#ifndef LOOM_SPEC_CMOCKA_H
#define LOOM_SPEC_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
  const char *name;
  void (*test)(void **state);
  int (*setup)(void **state);
  int (*teardown)(void **state);
};

enum { FAILED = 1, SKIPPED = 2 };
static jmp_buf test_end;

#define cmocka_unit_test(function)                                                                 \
  { #function, function, NULL, NULL }
#define cmocka_unit_test_setup_teardown(function, setup, teardown)                                 \
  { #function, function, setup, teardown }
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define print_message(...) printf(__VA_ARGS__)

#define fail_msg(...)                                                                              \
  do {                                                                                             \
    fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                \
    fprintf(stderr, __VA_ARGS__);                                                                  \
    fputc('\n', stderr);                                                                           \
    longjmp(test_end, FAILED);                                                                     \
  } while (0)
#define fail() fail_msg("failed")
#define skip() longjmp(test_end, SKIPPED)

#define test_check(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition))                                                                              \
      fail_msg(__VA_ARGS__);                                                                       \
  } while (0)

#define assert_true(value) test_check(value, "not true: %s", #value)
#define assert_false(value) test_check(!(value), "not false: %s", #value)
#define assert_null(value) test_check((value) == NULL, "not NULL: %s", #value)
#define assert_non_null(value) test_check((value) != NULL, "NULL: %s", #value)
#define assert_ptr_equal(a, b)                                                                     \
  test_check((const void *)(a) == (const void *)(b), "%s is not %s", #a, #b)
#define assert_int_equal(a, b)                                                                     \
  do {                                                                                             \
    unsigned long long cmocka_left = (unsigned long long)(a),                                      \
                       cmocka_right = (unsigned long long)(b);                                     \
    test_check(cmocka_left == cmocka_right, "%s: %lld is not %lld", #a, (long long)cmocka_left,    \
               (long long)cmocka_right);                                                           \
  } while (0)
#define assert_int_not_equal(a, b)                                                                 \
  test_check((unsigned long long)(a) != (unsigned long long)(b), "%s is %s", #a, #b)
#define assert_in_range(value, least, most)                                                        \
  test_check((value) >= (least) && (value) <= (most), "%s is out of range", #value)
#define assert_string_equal(a, b)                                                                  \
  do {                                                                                             \
    const char *cmocka_left = (a), *cmocka_right = (b);                                            \
    test_check(strcmp(cmocka_left, cmocka_right) == 0, "\"%s\" is not \"%s\"", cmocka_left,        \
               cmocka_right);                                                                      \
  } while (0)
#define assert_string_not_equal(a, b) test_check(strcmp((a), (b)) != 0, "%s is %s", #a, #b)
#define assert_memory_equal(a, b, size)                                                            \
  test_check(memcmp((a), (b), (size)) == 0, "%s is not %s", #a, #b)
#define assert_memory_not_equal(a, b, size)                                                        \
  test_check(memcmp((a), (b), (size)) != 0, "%s is %s", #a, #b)

static inline int run_test(const struct CMUnitTest *test, void **state) {
  int end = setjmp(test_end);
  if (end == 0) {
    if (test->setup && test->setup(state) != 0)
      fail_msg("setup failed");
    test->test(state);
    if (test->teardown && test->teardown(state) != 0)
      fail_msg("teardown failed");
  }
  printf("[ %s ] %s\n", end == FAILED ? "FAILED" : end == SKIPPED ? "SKIPPED" : "OK", test->name);
  return end == FAILED;
}

static inline int run_tests(const struct CMUnitTest *tests, size_t count,
                            int (*setup)(void **state), int (*teardown)(void **state)) {
  void *group = NULL;
  int failed = setup ? setup(&group) : 0;
  for (size_t i = 0; i < count && !(setup && failed); i++) {
    void *state = group;
    failed += run_test(&tests[i], &state);
  }
  return failed + (teardown ? teardown(&group) : 0);
}

#define cmocka_run_group_tests(tests, setup, teardown)                                             \
  run_tests(tests, sizeof(tests) / sizeof *(tests), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
  cmocka_run_group_tests(tests, setup, teardown)

#endif
