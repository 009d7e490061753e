/*
** Status names and messages: whatever bytes the input held, a message is one line and fits.
*/
#include "base/error.h"
#include "base/utf8.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void names_of_statuses(void **state) {
  (void)state;
  static const char *const names[] = {"OK",       "DONE",      "EINVAL", "EINPUT",   "ENOENT",
                                      "EACCESS",  "EIO",       "EFULL",  "ENOMEM",   "ENOTDB",
                                      "EVERSION", "EREADONLY", "EBUSY",  "EAGAIN",   "ECORRUPT",
                                      "EEMPTY",   "ECANCELED", "EMOVED", "ECONFIRM", "ELIMIT"};
  assert_int_equal(LOOM_ELIMIT + 1, sizeof names / sizeof *names);
  for (int status = LOOM_OK; status <= LOOM_ELIMIT; status++)
    assert_string_equal(loom_status_name((loom_status)status), names[status]);
}

static void failures_are_recorded(void **state) {
  (void)state;
  loom_error error = {.line = 7};
  assert_int_equal(loom_fail(&error, LOOM_EBUSY, "%s after %d s", "gave up", 5), LOOM_EBUSY);
  assert_int_equal(error.code, LOOM_EBUSY);
  assert_int_equal(error.line, 0); /* the last failure's is not this one's */
  assert_string_equal(error.message, "gave up after 5 s");
  assert_int_equal(loom_fail(NULL, LOOM_EIO, "nobody listens"), LOOM_EIO);
}

static void long_messages_are_cut(void **state) {
  (void)state;
  loom_error error;
  char path[5000];
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  loom_fail(&error, LOOM_ENOENT, "%s", path);
  assert_int_equal(strlen(error.message), LOOM_MESSAGE_SIZE - 1);
}

static void quoted_text(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    const char *expected;
  } cases[] = {
      {"", 0, "\"\""},
      {"abc", 3, "\"abc\""},
      {"abc", 2, "\"ab\""},
      {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
      {"a\nb\tc", 5, "\"a\\x0ab\\x09c\""},
      {"\0\x1f\x20\x7e\x7f", 5, "\"\\x00\\x1f ~\\x7f\""},
      {"caf\xc3\xa9 \xff", 7, "\"caf\xc3\xa9 \\xff\""},
      {"active\xc2\xa0", 8, "\"active\\u{a0}\""},
      {"\xef\xbb\xbfid\xe2\x80\x8b", 8, "\"\\u{feff}id\\u{200b}\""},
      {"\xe2\x80\xaetxt.\xf3\xa0\x80\xa1", 11, "\"\\u{202e}txt.\\u{e0021}\""},
      {"\xc2\x85\xc2\xa1\xe3\x80\x80", 7, "\"\\u{85}\xc2\xa1\\u{3000}\""},
      {"\xf0\x9f\x98\x80\xf0\x9f", 6, "\"\xf0\x9f\x98\x80\\xf0\\x9f\""},
      {"\xc0\x80\xed\xa0\x80", 5, "\"\\xc0\\x80\\xed\\xa0\\x80\""},
      {"\x1b[31m%s", 7, "\"\\x1b[31m%s\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[LOOM_QUOTED_SIZE];
    assert_ptr_equal(loom_quote(out, cases[i].bytes, cases[i].length), out);
    assert_string_equal(out, cases[i].expected);
  }
}

/* Bytes of every kind: the longest output fits, holds nothing that moves a cursor, and says that it was cut. */
static void quoted_text_fits(void **state) {
  (void)state;
  char *out = malloc(LOOM_QUOTED_SIZE); /* of its own, so that checkers see a write past its end */
  assert_non_null(out);
  for (int byte = 0; byte < 256; byte++)
    for (size_t length = 79; length <= 82; length++) {
      char bytes[82];
      memset(bytes, byte, sizeof bytes);
      loom_quote(out, bytes, length);
      size_t written = strlen(out);
      assert_true(written < LOOM_QUOTED_SIZE);
      assert_int_equal(strcmp(out + written - 4, "...\"") == 0, length > 80 || byte == '.');
      for (size_t i = 0; i < written; i++)
        assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
    }
  free(out);
}

/* A character at the cut is whole; whatever the bytes are, the result is UTF-8. */
static void quoted_text_is_utf8(void **test) {
  (void)test;
  uint64_t state = 11;
  for (int round = 0; round < 20000; round++) {
    static const char *const parts[] = {
        "a",        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbb\xbf", "\xff",
        "\xe2\x82", "\\"};
    char bytes[100], out[LOOM_QUOTED_SIZE];
    size_t length = 0;
    while (length < 70 + random_below(&state, 20)) {
      const char *part = parts[random_below(&state, 8)];
      memcpy(bytes + length, part, strlen(part));
      length += strlen(part);
    }
    const char *at = loom_quote(out, bytes, length), *end = out + strlen(out);
    assert_true(end < out + sizeof out);
    for (size_t size; at < end; at += size) {
      size = loom_utf8_length(at, end);
      assert_true(size > 0);
    }
  }
}

static void messages_are_one_line(void **state) {
  (void)state;
  loom_error error;
  loom_fail(&error, LOOM_EIO, "%s", "one\ntwo\tthree\r\x1b[31mfour\x7f caf\xc3\xa9");
  assert_string_equal(error.message, "one two three??[31mfour? caf\xc3\xa9");
}

/* A full disk has as many numbers as there are limits of one. */
static void numbers_of_the_system(void **state) {
  (void)state;
  static const struct {
    int number;
    loom_status status;
  } cases[] = {
      {ENOSPC, LOOM_EFULL},  {EFBIG, LOOM_EFULL},   {EDQUOT, LOOM_EFULL},  {EACCES, LOOM_EACCESS},
      {EPERM, LOOM_EACCESS}, {EROFS, LOOM_EACCESS}, {ENOMEM, LOOM_ENOMEM}, {EIO, LOOM_EIO},
      {ENOTDIR, LOOM_EIO},   {0, LOOM_EIO},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(loom_status_of_errno(cases[i].number), cases[i].status);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_of_statuses),     cmocka_unit_test(failures_are_recorded),
      cmocka_unit_test(long_messages_are_cut), cmocka_unit_test(quoted_text),
      cmocka_unit_test(messages_are_one_line), cmocka_unit_test(numbers_of_the_system),
      cmocka_unit_test(quoted_text_fits),      cmocka_unit_test(quoted_text_is_utf8),
  };
  return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
