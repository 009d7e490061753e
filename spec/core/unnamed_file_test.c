/*
** Temporary files: what is written is read, and nothing stays behind.
*/
#include "base/unnamed_file.h"
#include "storage.h"

#include <dirent.h>
#include <unistd.h>

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  int count = 0;
  while (readdir(open))
    count++;
  closedir(open);
  return count;
}

static void has_no_name(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  int file;
  char read[8] = {0};
  scratch_begin(&scratch);
  int before = entries(scratch.folder);
  assert_status(loom_unnamed_file_open(scratch.folder, &file, &error), LOOM_OK, &error);
  assert_int_equal(entries(scratch.folder), before);
  assert_status(loom_unnamed_file_write(file, "defg", 4, 3, &error), LOOM_OK, &error);
  assert_status(loom_unnamed_file_write(file, "abc", 3, 0, &error), LOOM_OK, &error);
  assert_status(loom_unnamed_file_read(file, read, 7, 0, &error), LOOM_OK, &error);
  assert_string_equal(read, "abcdefg");
  assert_status(loom_unnamed_file_read(file, read, 7, 1, &error), LOOM_EIO, &error);
  close(file);
  scratch_end(&scratch);
}

static void needs_a_folder(void **state) {
  (void)state;
  loom_error error;
  int file;
  char longer[5000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  assert_status(loom_unnamed_file_open("/nowhere", &file, &error), LOOM_EIO, &error);
  assert_null(strstr(error.message, "/nowhere")); /* messages reach clients of the service */
  assert_status(loom_unnamed_file_open(longer, &file, &error), LOOM_EIO, &error);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(has_no_name),
                                     cmocka_unit_test(needs_a_folder)};
  return cmocka_run_group_tests_name("unnamed_file", tests, NULL, NULL);
}
