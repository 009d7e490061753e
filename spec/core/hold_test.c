/*
** Files that are held: by one, by what that one has started, and by nobody.
*/
#include "base/hold.h"
#include "storage.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void expect(const char *path, loom_status expected) {
  loom_error error;
  int descriptor;
  assert_status(loom_hold(path, &descriptor, &error), expected, &error);
  assert_int_equal(descriptor >= 0, expected == LOOM_OK);
  if (descriptor >= 0)
    close(descriptor);
}

/* The descriptor that the next file would have: one that is left open takes it. */
static int next_descriptor(void) {
  int next = dup(STDERR_FILENO);
  assert_true(next >= 0);
  close(next);
  return next;
}

static void held_by_one(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  int descriptor;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "lock");
  assert_status(loom_hold(path, &descriptor, &error), LOOM_OK, &error);
  struct stat found;
  assert_int_equal(fstat(descriptor, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600); /* nobody else can hold it */
  int next = next_descriptor(), refused;
  assert_status(loom_hold(path, &refused, &error), LOOM_EBUSY, &error);
  assert_non_null(strstr(error.message, "lock: is held by another process"));
  assert_int_equal(next_descriptor(), next);
  close(descriptor);
  expect(path, LOOM_OK);
  scratch_end(&scratch);
}

/* A program that goes on when the one that started it has ended. */
static void held_by_what_was_started(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  int descriptor, ends[2];
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "lock");
  assert_int_equal(pipe(ends), 0);
  assert_status(loom_hold(path, &descriptor, &error), LOOM_OK, &error);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    execlp("cat", "cat", (char *)NULL);
    _exit(127);
  }
  close(ends[0]);
  close(descriptor);
  expect(path, LOOM_EBUSY);
  close(ends[1]); /* by which it ends */
  assert_int_equal(waitpid(child, NULL, 0), child);
  expect(path, LOOM_OK);
  scratch_end(&scratch);
}

static void what_cannot_be_held(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  expect(scratch_path(&scratch, "no/such/folder"), LOOM_EACCESS);
  expect(scratch.folder, LOOM_EACCESS);
  assert_int_equal(symlink("/dev/null", scratch_path(&scratch, "link")), 0);
  expect(scratch_path(&scratch, "link"), LOOM_EACCESS); /* somebody else's */
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(held_by_one),
      cmocka_unit_test(held_by_what_was_started),
      cmocka_unit_test(what_cannot_be_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
