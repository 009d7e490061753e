/*
** Growing text.
*/
#include "base/text.h"
#include "support.h"

#include <string.h>

static void text_grows(void **state) {
  (void)state;
  struct loom_text text = {0};
  for (int i = 0; i < 10000; i++) {
    assert_true(loom_text_reserve(&text, 4));
    assert_true(text.capacity - text.length >= 4);
    loom_text_put(&text, "abc", 3);
    loom_text_put_char(&text, (char)('0' + i % 10));
  }
  assert_int_equal(text.length, 40000);
  for (size_t i = 0; i < 10000; i++) {
    assert_memory_equal(text.bytes + 4 * i, "abc", 3);
    assert_int_equal(text.bytes[4 * i + 3], '0' + i % 10);
  }
  char *bytes = text.bytes;
  text.length = 0;
  assert_true(loom_text_reserve(&text, 40000)); /* the room that is there is used */
  assert_ptr_equal(text.bytes, bytes);
  loom_text_put(&text, NULL, 0);
  loom_text_put_string(&text, "");
  assert_int_equal(text.length, 0);
  loom_text_free(&text);
  assert_null(text.bytes);
  loom_text_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_grows),
  };
  return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
