/*
** Recognising files by their headers.
*/
#include "storage.h"

#include "read/recognize.h"

#include <string.h>

static struct scratch scratch;
static const char *path;

static int make_folder(void **state) {
  (void)state;
  scratch_begin(&scratch);
  path = scratch_path(&scratch, "file");
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  scratch_end(&scratch);
  return 0;
}

/* Every kind that has columns of its own, by the header that Loom writes, whatever comes behind it. */
static void kinds_by_their_headers(void **state) {
  (void)state;
  for (int k = 0; k < LOOM_ATTRIBUTES; k++) {
    const char *header = loom_kind_header((enum loom_kind)k);
    struct buffer text = {0};
    buffer_put(&text, header, strlen(header));
    for (int size = 0; size < 3; size++) {
      loom_error error;
      enum loom_kind kind = LOOM_KIND_COUNT;
      write_file(path, text.bytes, text.length);
      assert_status(loom_recognize(path, &kind, &error), LOOM_OK, &error);
      assert_int_equal(kind, k);
      buffer_put(&text, "\n", 1);
      for (int i = 0; i < 50000 * size; i++)
        buffer_put(&text, "row\n", 4);
    }
    buffer_free(&text);
  }
}

static void expect_failure(const char *name, loom_status status, const char *reason) {
  loom_error error;
  enum loom_kind kind;
  char message[LOOM_MESSAGE_SIZE];
  assert_int_equal(loom_recognize(name, &kind, &error), status);
  snprintf(message, sizeof message, "%s: %s", name, reason);
  assert_string_equal(error.message, message);
}

static void what_is_none_is_told(void **state) {
  (void)state;
  static char long_line[3 * LOOM_CSV_ROW_MAX];
  memset(long_line, 'x', sizeof long_line);
  write_file(path, "", 0);
  expect_failure(path, LOOM_EINPUT, "it is empty");
  write_file(path, "\n\n", 2);
  expect_failure(path, LOOM_EINPUT, "it is not a text file with a header");
  write_file(path, "store_id,region\n", 16);
  expect_failure(path, LOOM_EINPUT,
                 "its header is not that of a file that is known: \"store_id,region\"");
  write_file(path, long_line, sizeof long_line);
  expect_failure(path, LOOM_EINPUT, "it is not a text file with a header");
  write_file(path, "\x1f\x8bnonsense", 10);
  expect_failure(path, LOOM_EINPUT, "is damaged gzip data: unknown compression method");
  expect_failure("/none", LOOM_ENOENT, "cannot be opened: No such file or directory");
  expect_failure("/tmp", LOOM_EINVAL, "is not a regular file: say of what kind it is");
  expect_failure("/dev/null", LOOM_EINVAL, "is not a regular file: say of what kind it is");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_by_their_headers),
                                     cmocka_unit_test(what_is_none_is_told)};
  return cmocka_run_group_tests_name("recognize", tests, make_folder, remove_folder);
}
