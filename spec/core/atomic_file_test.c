/*
** Atomic files: complete or as they were, with the mode they had, and what cannot be replaced written as it is.
*/
#include "base/atomic_file.h"
#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int begin(void **state) {
  static struct scratch scratch;
  scratch_begin(&scratch);
  umask(027);
  *state = &scratch;
  return 0;
}

static int end(void **state) {
  umask(022);
  scratch_end(*state);
  return 0;
}

static void assert_file(const char *path, const char *expected) {
  struct buffer text = {0};
  read_file(path, &text);
  assert_string_equal(text.bytes ? text.bytes : "", expected);
  buffer_free(&text);
}

static mode_t mode_of(const char *path) {
  struct stat status;
  assert_int_equal(lstat(path, &status), 0);
  return status.st_mode;
}

/* Writes a text in one call; how that ended. */
static loom_status put(const char *path, bool is_new, const char *text, loom_error *error) {
  loom_atomic_file *file;
  loom_status status = loom_atomic_file_new(path, is_new, &file, error);
  if (status == LOOM_OK)
    status = loom_atomic_file_write(file, text, strlen(text), error);
  if (status == LOOM_OK)
    status = loom_atomic_file_commit(file, error);
  loom_atomic_file_free(file);
  return status;
}

static void modes(void **state) {
  loom_error error;
  const char *path = scratch_path(*state, "out");
  assert_status(put(path, false, "one", &error), LOOM_OK, &error);
  assert_int_equal(mode_of(path) & 07777, 0640); /* of the umask */
  assert_int_equal(chmod(path, 0604), 0);
  assert_status(put(path, false, "two", &error), LOOM_OK, &error);
  assert_int_equal(mode_of(path) & 07777, 0604);
  assert_file(path, "two");
  assert_int_equal(scratch_count(*state), 1);
}

static void nothing_is_there_before_all_is(void **state) {
  loom_error error;
  loom_atomic_file *file;
  struct buffer much = {0};
  const char *path = scratch_path(*state, "out");
  for (int i = 0; i < 40000; i++)
    buffer_printf(&much, "line %d\n", i);
  for (int replaces = 0; replaces < 2; replaces++) {
    assert_status(loom_atomic_file_new(path, false, &file, &error), LOOM_OK, &error);
    for (size_t at = 0, step = 1; at < much.length;
         at += step, step = step * 2 < 200000 ? step * 2 : 1) {
      size_t size = much.length - at < step ? much.length - at : step;
      assert_status(loom_atomic_file_write(file, much.bytes + at, size, &error), LOOM_OK, &error);
      assert_int_equal(access(path, F_OK) == 0, replaces);
    }
    if (replaces) { /* dropped */
      loom_atomic_file_free(file);
      assert_file(path, much.bytes);
    } else {
      assert_status(loom_atomic_file_commit(file, &error), LOOM_OK, &error);
      assert_int_equal(loom_atomic_file_write(file, "x", 1, &error), LOOM_EINVAL);
      assert_int_equal(loom_atomic_file_commit(file, &error), LOOM_EINVAL);
      loom_atomic_file_free(file);
      assert_file(path, much.bytes);
    }
    assert_int_equal(scratch_count(*state), 1);
  }
  buffer_free(&much);
}

/* ---- many writers ---- */

#define WRITERS 8
#define LINES 20000

struct writer {
  const char *path;
  char letter;
};

static void *write_letters(void *context) {
  const struct writer *writer = context;
  loom_error error;
  loom_atomic_file *file;
  loom_status status = loom_atomic_file_new(writer->path, false, &file, &error);
  for (int i = 0; status == LOOM_OK && i < LINES; i++)
    status = loom_atomic_file_write(file, &writer->letter, 1, &error);
  if (status == LOOM_OK)
    status = loom_atomic_file_commit(file, &error);
  loom_atomic_file_free(file);
  return status == LOOM_OK ? context : NULL;
}

static void writers_do_not_mix(void **state) {
  pthread_t threads[WRITERS];
  struct writer writers[WRITERS];
  struct buffer text = {0};
  const char *path = scratch_path(*state, "out");
  for (int i = 0; i < WRITERS; i++) {
    writers[i] = (struct writer){path, (char)('a' + i)};
    assert_int_equal(pthread_create(&threads[i], NULL, write_letters, &writers[i]), 0);
  }
  for (int i = 0; i < WRITERS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_ptr_equal(result, &writers[i]);
  }
  read_file(path, &text);
  assert_int_equal(text.length, LINES);
  for (size_t i = 1; i < text.length; i++)
    assert_int_equal(text.bytes[i], text.bytes[0]);
  assert_int_equal(scratch_count(*state), 1);
  buffer_free(&text);
}

/* ---- paths of every make ---- */

static void links(void **state) {
  struct scratch *scratch = *state;
  loom_error error;
  char link[640], target[640];
  strcpy(target, scratch_path(scratch, "target"));
  strcpy(link, scratch_path(scratch, "link"));
  assert_int_equal(symlink("target", link), 0);
  for (int round = 0; round < 2; round++) { /* the first time, it leads nowhere */
    assert_status(put(link, false, round ? "two" : "one", &error), LOOM_OK, &error);
    assert_file(target, round ? "two" : "one");
    assert_true(S_ISLNK(mode_of(link)));
    assert_int_equal(scratch_count(scratch), 2);
  }
  assert_int_equal(put(link, true, "three", &error), LOOM_EINVAL);
}

static void only_new_ones(void **state) {
  loom_error error;
  loom_atomic_file *file;
  char message[800];
  const char *path = scratch_path(*state, "out");
  snprintf(message, sizeof message, "%s: exists already", path);
  assert_status(loom_atomic_file_new(path, true, &file, &error), LOOM_OK, &error);
  assert_status(put(path, true, "first", &error), LOOM_OK, &error);
  /* made by another meanwhile */
  assert_int_equal(loom_atomic_file_commit(file, &error), LOOM_EINVAL);
  assert_string_equal(error.message, message);
  loom_atomic_file_free(file);
  assert_int_equal(put(path, true, "second", &error), LOOM_EINVAL);
  assert_string_equal(error.message, message);
  assert_file(path, "first");
  assert_int_equal(scratch_count(*state), 1);
}

static void names_as_long_as_may_be(void **state) {
  loom_error error;
  char name[256], path[1024];
  for (size_t length = 225; length <= 255; length += 10) {
    memset(name, 'n', length);
    name[length] = '\0';
    snprintf(path, sizeof path, "%s/%s", ((struct scratch *)*state)->folder, name);
    assert_status(put(path, false, name, &error), LOOM_OK, &error);
    assert_file(path, name);
  }
}

/* The part is beside what it replaces, hidden or not, so that renaming it is one step. */
static void parts_are_beside_their_targets(void **state) {
  loom_error error;
  char name[256], path[1024];
  const char *folder = ((struct scratch *)*state)->folder;
  for (size_t length = 1; length <= 255; length += length < 225 ? 32 : 1) {
    loom_atomic_file *file;
    memset(name, 'n', length);
    name[length] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_status(loom_atomic_file_new(path, false, &file, &error), LOOM_OK, &error);
    const char *part = loom_atomic_file_part(file), *slash = strrchr(part, '/');
    assert_non_null(slash);
    assert_int_equal(slash - part, strlen(folder));
    assert_memory_equal(part, folder, strlen(folder));
    assert_int_equal(access(part, F_OK), 0);
    loom_atomic_file_free(file);
    assert_int_equal(scratch_count(*state), 0);
  }
}

/* Descriptors of this process by their names: what was written before stays. */
static void descriptors(void **state) {
  loom_error error;
  char by_name[64];
  const char *path = scratch_path(*state, "out");
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "before ", 7), 7);
  for (int i = 0; i < 2; i++) {
    snprintf(by_name, sizeof by_name, i ? "/dev/fd/%d" : "/proc/self/fd/%d", fd);
    assert_status(put(by_name, false, "within ", &error), LOOM_OK, &error);
  }
  assert_int_equal(write(fd, "after", 5), 5);
  close(fd);
  assert_file(path, "before within within after");
  assert_int_equal(put("/dev/fd/99999", false, "x", &error), LOOM_EIO);
}

static void pipes_and_devices(void **state) {
  loom_error error;
  char got[8] = "";
  const char *path = scratch_path(*state, "pipe");
  assert_int_equal(mkfifo(path, 0600), 0);
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  assert_true(fd >= 0);
  assert_status(put(path, false, "through", &error), LOOM_OK, &error);
  assert_int_equal(read(fd, got, sizeof got), 7);
  assert_memory_equal(got, "through", 7);
  close(fd);
  assert_true(S_ISFIFO(mode_of(path)));
  assert_status(put("/dev/null", false, "x", &error), LOOM_OK, &error);
  assert_int_equal(put("/dev/full", false, "x", &error), LOOM_EFULL);
  assert_string_equal(error.message, "/dev/full: No space left on device");
}

/* ---- failures ---- */

static void places_that_cannot_be(void **state) {
  struct scratch *scratch = *state;
  loom_error error;
  assert_int_equal(put(scratch->folder, false, "x", &error), LOOM_EIO);
  assert_non_null(strstr(error.message, ": Is a directory"));
  assert_int_equal(put(scratch_path(scratch, "none/out"), false, "x", &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "none/out: No such file or directory"));
  assert_int_equal(put("", false, "x", &error), LOOM_EIO);
  assert_int_equal(scratch_count(scratch), 0);
}

static void what_may_not_be_written(void **state) {
  struct scratch *scratch = *state;
  loom_error error;
  if (geteuid() == 0)
    skip();
  const char *path = scratch_path(scratch, "out");
  write_file(path, "old", 3);
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(put(path, false, "x", &error), LOOM_EACCESS);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(chmod(scratch->folder, 0500), 0);
  loom_status status = put(path, false, "x", &error);
  assert_int_equal(chmod(scratch->folder, 0700), 0);
  assert_int_equal(status, LOOM_EACCESS);
  assert_file(path, "old");
}

/* The limit on file sizes stands for a full disk. */
static void a_full_disk(void **state) {
  loom_error error;
  loom_atomic_file *file;
  struct rlimit before, small = {100000, RLIM_INFINITY};
  static char zeros[70000];
  const char *path = scratch_path(*state, "out");
  write_file(path, "old", 3);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  loom_status status = loom_atomic_file_new(path, false, &file, &error);
  for (int i = 0; status == LOOM_OK && i < 3; i++)
    status = loom_atomic_file_write(file, zeros, sizeof zeros, &error);
  loom_error after;
  loom_status committed = loom_atomic_file_commit(file, &after);
  loom_atomic_file_free(file);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(status, LOOM_EFULL);
  assert_int_equal(committed, LOOM_EINVAL);
  assert_file(path, "old");
  assert_int_equal(scratch_count(*state), 1);
}

/* A commit that fails for want of a descriptor leaves what was there. */
static void commit_without_descriptors(void **state) {
  loom_error error;
  loom_atomic_file *file;
  struct rlimit limit, none;
  const char *path = scratch_path(*state, "out");
  assert_status(put(path, false, "before", &error), LOOM_OK, &error);
  assert_status(loom_atomic_file_new(path, false, &file, &error), LOOM_OK, &error);
  assert_status(loom_atomic_file_write(file, "after", 5, &error), LOOM_OK, &error);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  none = (struct rlimit){0, limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  loom_status status = loom_atomic_file_commit(file, &error);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  loom_atomic_file_free(file);
  assert_int_equal(status, LOOM_EIO);
  assert_file(path, "before");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(modes),
      TEST(commit_without_descriptors),
      TEST(nothing_is_there_before_all_is),
      TEST(writers_do_not_mix),
      TEST(links),
      TEST(only_new_ones),
      TEST(names_as_long_as_may_be),
      TEST(parts_are_beside_their_targets),
      TEST(descriptors),
      TEST(pipes_and_devices),
      TEST(places_that_cannot_be),
      TEST(what_may_not_be_written),
      TEST(a_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
