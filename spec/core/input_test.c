/*
** Tests of input files: all bytes come, with position and size; standard input and pipes have no size; what cannot be
** opened is told.
*/
#include "storage.h"

#include "read/input.h"

#include <sys/stat.h>

static void assert_reads(loom_input *input, const struct buffer *expected) {
  loom_error error;
  const char *bytes;
  size_t size;
  loom_status status;
  struct buffer found = {0};
  while ((status = loom_input_next(input, &bytes, &size, &error)) == LOOM_OK) {
    assert_true(size > 0);
    buffer_put(&found, bytes, size);
    assert_int_equal(loom_input_position(input), found.length);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(loom_input_next(input, &bytes, &size, &error), LOOM_DONE);
  assert_int_equal(found.length, expected->length);
  if (found.length)
    assert_memory_equal(found.bytes, expected->bytes, found.length);
  buffer_free(&found);
}

static void files(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 262143, 262144, 262145, 1000000};
  struct scratch scratch;
  scratch_begin(&scratch);
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    loom_error error;
    loom_input *input;
    struct buffer contents = {0};
    for (size_t at = 0; at < sizes[i]; at++)
      buffer_put(&contents, &(char){(char)(at * 31 / 7)}, 1);
    const char *path = scratch_path(&scratch, "file");
    write_file(path, contents.bytes ? contents.bytes : "", sizes[i]);
    assert_status(loom_input_open(path, &input, &error), LOOM_OK, &error);
    assert_int_equal(loom_input_size(input), sizes[i]);
    assert_int_equal(loom_input_position(input), 0);
    assert_reads(input, &contents);
    loom_input_close(input);
    buffer_free(&contents);
  }
  loom_input_close(NULL);
  scratch_end(&scratch);
}

static void standard_input(void **state) {
  (void)state;
  loom_error error;
  loom_input *input;
  int ends[2], before = dup(STDIN_FILENO);
  struct buffer contents = {0};
  buffer_printf(&contents, "from a pipe");
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], contents.bytes, contents.length), contents.length);
  close(ends[1]);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  close(ends[0]);
  loom_status status = loom_input_open("-", &input, &error);
  /* Closing an input leaves the process its own descriptor. */
  assert_status(status, LOOM_OK, &error);
  assert_int_equal(loom_input_size(input), -1);
  assert_reads(input, &contents);
  loom_input_close(input);
  struct stat still_open;
  assert_int_equal(fstat(STDIN_FILENO, &still_open), 0);
  if (before >= 0) {
    dup2(before, STDIN_FILENO);
    close(before);
  }
  buffer_free(&contents);
}

static void refused(void **state) {
  (void)state;
  struct scratch scratch;
  char message[LOOM_MESSAGE_SIZE];
  loom_error error;
  loom_input *input;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "none");
  assert_int_equal(loom_input_open(path, &input, &error), LOOM_ENOENT);
  snprintf(message, sizeof message, "%s: cannot be opened: No such file or directory", path);
  assert_string_equal(error.message, message);
  assert_null(input);
  assert_int_equal(loom_input_open(scratch.folder, &input, &error), LOOM_EINPUT);
  snprintf(message, sizeof message, "%s: is a folder", scratch.folder);
  assert_string_equal(error.message, message);
  write_file(path, "x", 1);
  if (geteuid() != 0) { /* who may read everything */
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(loom_input_open(path, &input, &error), LOOM_EACCESS);
  }
  assert_int_equal(loom_input_open(scratch_path(&scratch, "none/below"), &input, &error), LOOM_EIO);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(standard_input),
                                     cmocka_unit_test(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
