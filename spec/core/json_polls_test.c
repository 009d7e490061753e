/*
** JSON of polls: what strings say, what is passed over, what is refused, and texts damaged at random.
*/
#include "storage.h"
#include "support.h"

#include "read/json_polls.h"

/* Reads a text that ends where its memory does; describes what was read. */
static struct buffer read_text(const char *text, size_t size, bool by_line) {
  struct buffer out = {0};
  struct loom_json_polls polls;
  struct loom_json_poll poll;
  loom_error error;
  loom_status status;
  char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  loom_json_polls_begin(&polls, copy, size, by_line);
  while ((status = loom_json_polls_next(&polls, &poll, &error)) == LOOM_OK) {
    buffer_printf(&out, "%d@%d", (int)poll.number, (int)poll.line);
    for (int i = 0; !poll.problem && i < LOOM_JSON_MEMBERS; i++) {
      const struct loom_json_value *value = &poll.members[i];
      buffer_printf(&out, "%c", !value->present ? '-' : value->is_string ? '"' : '=');
      buffer_put(&out, value->text.text, value->present ? value->text.length : 0);
    }
    buffer_printf(&out, "%s|", poll.problem ? poll.problem : "");
  }
  if (status == LOOM_EINPUT) {
    buffer_printf(&out, "line %d", (int)error.line);
    assert_int_equal(loom_json_polls_next(&polls, &poll, &error), LOOM_EINPUT); /* for good */
  }
  free(copy);
  return out;
}

static void what_is_read(void **state) {
  (void)state;
  static const struct {
    bool by_line;
    const char *text, *expected;
  } cases[] = {
      {false, "{}", "1@1---|"},
      {false, "\xef\xbb\xbf [ ] ", ""},
      {false, "{\"store_id\":\"a\",\"status\":1,\"timestamp_utc\":null}", "1@1\"a=1=null|"},
      {false, "[{\"status\":\"x\",\n\"status\" : [1, {\"a\":-0.5E+3}]}\n,\n{ } ]",
       "1@1-=[1, {\"a\":-0.5E+3}]-|2@3---|"},
      {false, "{\"store_id\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\\u0041\"}",
       "1@1\"\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
       "A--|"},
      {false, "{\"other\":\"\\n\",\"store\\u005fid\":\"\xff\"}", "1@1\"\xff--|"},
      {false, "[true,false,null,\"\",[]]",
       "1@1is not an object|2@1is not an object|3@1is not an object|4@1is not an object|5@1is not "
       "an object|"},
      {false, "[{}\n}", "1@1---|line 2"},
      {false, "{} x", "1@1---|line 1"},
      {false, "\n\n{\"a\"", "line 3"},
      {true, "{\"store_id\":\"a\"}\r\n\n 7\n{\"x\n{} {}\n{\"status\":true}",
       "1@1\"a--|2@3is not an object|3@4a string has no end|4@5something follows the "
       "object|5@6-=true-|"},
      {true, " \n", ""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct buffer found = read_text(cases[i].text, strlen(cases[i].text), cases[i].by_line);
    assert_string_equal(found.bytes ? found.bytes : "", cases[i].expected);
    buffer_free(&found);
  }
}

/* Members of a known one's length, or that it begins with, are others. */
static void names_are_compared_whole(void **state) {
  (void)state;
  static const char text[] =
      "{\"status\":\"active\",\"region\":\"x\",\"store_id\":\"a\",\"store\":\"b\",\"\":\"c\","
      "\"store_id2\":\"d\",\"timestamp_utx\":\"e\"}";
  struct buffer found = read_text(text, sizeof text - 1, false);
  assert_string_equal(found.bytes, "1@1\"a\"active-|");
  buffer_free(&found);
}

/* The first and last code points of each length of UTF-8. */
static void code_points_of_every_length(void **state) {
  (void)state;
  static const struct {
    const char *escape, *expected;
  } cases[] = {{"\\u0001", "\x01"},
               {"\\u007f", "\x7f"},
               {"\\u0080", "\xc2\x80"},
               {"\\u07ff", "\xdf\xbf"},
               {"\\u0800", "\xe0\xa0\x80"},
               {"\\ud7ff", "\xed\x9f\xbf"},
               {"\\ue000", "\xee\x80\x80"},
               {"\\uffff", "\xef\xbf\xbf"},
               {"\\ud800\\udc00", "\xf0\x90\x80\x80"},
               {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char text[80], expected[80];
    snprintf(text, sizeof text, "{\"store_id\":\"%s\"}", cases[i].escape);
    snprintf(expected, sizeof expected, "1@1\"%s--|", cases[i].expected);
    struct buffer found = read_text(text, strlen(text), false);
    assert_string_equal(found.bytes, expected);
    buffer_free(&found);
  }
}

/* A value may be nested 64 deep, of a member that is known and of one that is not. */
static void nesting_has_a_limit(void **state) {
  (void)state;
  static const char *const members[] = {"status", "other"};
  for (size_t m = 0; m < COUNT_OF(members); m++) {
    for (int depth = 64; depth <= 65; depth++) {
      char open[66] = "", shut[66] = "";
      struct buffer text = {0};
      memset(open, '[', (size_t)depth);
      memset(shut, ']', (size_t)depth);
      buffer_printf(&text, "{\"%s\":%s%s}", members[m], open, shut);
      struct buffer found = read_text(text.bytes, text.length, true);
      assert_int_equal(strstr(found.bytes, "nested too deeply") != NULL, depth == 65);
      buffer_free(&found);
      buffer_free(&text);
    }
  }
}

/* Exactly four digits are left, and then the text ends: it is the string that has no end. */
static void an_escape_at_the_end(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"store_id\":\"\\u1234", "{\"store_id\":\"\\u123"};
  static const char *const problems[] = {"1@1a string has no end|",
                                         "1@1a string ends in an escape|"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct buffer found = read_text(texts[i], strlen(texts[i]), true);
    assert_string_equal(found.bytes, problems[i]);
    buffer_free(&found);
  }
}

static void what_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "x",
                                      "7",
                                      "[",
                                      "[1",
                                      "[1,]",
                                      "[,1]",
                                      "{\"a\":1",
                                      "{\"a\" 1}",
                                      "{a:1}",
                                      "[nul",
                                      "[tru e",
                                      "[01]",
                                      "[1.]",
                                      "[.5]",
                                      "[-]",
                                      "[1e]",
                                      "[+1]",
                                      "[\"",
                                      "[\"\\",
                                      "[\"\\u12",
                                      "[\"\\u00g0\"]",
                                      "[\"\\ud800\"]",
                                      "[\"\\ud800\\u0041\"]",
                                      "[\"\\udc00\"]",
                                      "[\"\\x\"]",
                                      "[\"\t\"]"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct buffer found = read_text(texts[i], strlen(texts[i]), false);
    assert_non_null(found.bytes);
    assert_non_null(strstr(found.bytes, "line 1"));
    buffer_free(&found);
  }
  char deep[300];
  memset(deep, '[', sizeof deep);
  struct buffer found = read_text(deep, sizeof deep, false);
  assert_string_equal(found.bytes, "line 1");
  buffer_free(&found);
}

/* Whatever comes, it ends, and reads nothing beyond the text: for the sanitizers. */
static void damaged_texts(void **state) {
  (void)state;
  static const char text[] =
      "[{\"store_id\":\"a\\u00e9\\ud83d\\ude00\\n\",\"status\":\"active\",\"x\":[1,-2.5e-3,true,"
      "null,{}]},\n"
      "{\"timestamp_utc\":\"2023-01-01 00:00:00\"}]";
  static const char bytes[] = "[]{}\",:\\un0-.e \n\0\xff";
  uint64_t random = 7;
  for (int i = 0; i < 20000; i++) {
    char copy[sizeof text];
    memcpy(copy, text, sizeof text);
    size_t size =
        random_below(&random, 4) ? sizeof text - 1 : (size_t)random_below(&random, sizeof text);
    for (uint64_t n = random_below(&random, 4); n > 0; n--)
      copy[random_below(&random, sizeof text - 1)] = bytes[random_below(&random, sizeof bytes)];
    struct buffer found = read_text(copy, size, i % 2);
    buffer_free(&found);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_read),
                                     cmocka_unit_test(names_are_compared_whole),
                                     cmocka_unit_test(code_points_of_every_length),
                                     cmocka_unit_test(nesting_has_a_limit),
                                     cmocka_unit_test(an_escape_at_the_end),
                                     cmocka_unit_test(what_is_refused),
                                     cmocka_unit_test(damaged_texts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
