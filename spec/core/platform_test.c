/*
** What differs from system to system; platform_posix_test.c holds the other half against the same.
*/
#include "base/platform.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PLATFORM_IS_POSIX
#define PLATFORM_IS_POSIX false
#endif

static void random_numbers(void **state) {
  (void)state;
  unsigned char a[256] = {0}, b[256] = {0};
  assert_true(loom_random(a, sizeof a));
  assert_true(loom_random(b, sizeof b));
  assert_memory_not_equal(a, b, sizeof a);
}

static void last_byte(void **state) {
  (void)state;
  static const char text[] = "a\nb\nc";
  assert_ptr_equal(loom_last_byte(text, '\n', 5), text + 3);
  assert_ptr_equal(loom_last_byte(text, '\n', 3), text + 1);
  assert_ptr_equal(loom_last_byte(text, 'a', 1), text);
  assert_null(loom_last_byte(text, 'c', 4));
  assert_null(loom_last_byte(text, 'a', 0));
}

static void put(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void renaming_replaces_nothing(void **state) {
  (void)state;
  char folder[] = "/tmp/loom-platform-XXXXXX", from[64], to[64];
  assert_non_null(mkdtemp(folder));
  snprintf(from, sizeof from, "%s/from", folder);
  snprintf(to, sizeof to, "%s/to", folder);
  put(from, "new");
  put(to, "old");
  assert_int_equal(loom_rename_new(from, to), -1);
  assert_int_equal(errno, EEXIST);
  assert_int_equal(access(from, F_OK), 0);
  unlink(to);
  assert_int_equal(loom_rename_new(from, to), 0);
  assert_int_equal(access(from, F_OK), -1);
  assert_int_equal(loom_rename_new(from, to), -1);
  unlink(to);
  rmdir(folder);
}

static void pipes_are_not_inherited(void **state) {
  (void)state;
  int ends[2];
  char byte = 0;
  assert_int_equal(loom_pipe(ends), 0);
  for (int i = 0; i < 2; i++)
    assert_true(fcntl(ends[i], F_GETFD) & FD_CLOEXEC);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(read(ends[0], &byte, 1), 1);
  assert_int_equal(byte, 'x');
  close(ends[0]);
  close(ends[1]);
}

static void named_descriptors(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int descriptor;
  } cases[] = {
      {"/dev/stdout", 1},      {"/dev/stderr", 2}, {"/dev/fd/0", 0},
      {"/dev/fd/17", 17},      {"/dev/fd/", -1},   {"/dev/fd/1x", -1},
      {"/dev/fd/-1", -1},      {"/dev/fd", -1},    {"/dev/null", -1},
      {"/dev/fd/1234567", -1}, {"", -1},           {"/dev/fd/12/", -1},
      {"/dev/stdout/", -1},    {"dev/stdout", -1}, {"/tmp/dev/fd/1", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(loom_named_descriptor(cases[i].path), cases[i].descriptor);
  assert_int_equal(loom_named_descriptor("/proc/self/fd/5"), PLATFORM_IS_POSIX ? -1 : 5);
}

static void waits_end_at_their_instant(void **state) {
  (void)state;
  pthread_cond_t condition;
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  struct timespec begin, end;
  loom_condition_init(&condition);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  struct timespec until = begin;
  until.tv_nsec += 20000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&lock);
  int result = 0;
  while (result == 0) /* it may wake without a reason */
    result = loom_condition_wait_until(&condition, &lock, &until);
  clock_gettime(CLOCK_MONOTONIC, &end);
  pthread_mutex_unlock(&lock);
  assert_int_equal(result, ETIMEDOUT);
  assert_true(end.tv_sec > until.tv_sec ||
              (end.tv_sec == until.tv_sec && end.tv_nsec >= until.tv_nsec));
  pthread_cond_destroy(&condition);
}

static void signals_are_taken(void **state) {
  (void)state;
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigaddset(&signals, SIGUSR2);
  sigprocmask(SIG_BLOCK, &signals, &before);
  assert_int_equal(loom_await_signal(&signals, 0), 0);
  assert_int_equal(loom_await_signal(&signals, 5), 0);
  for (int i = 0; i < 2; i++) {
    kill(getpid(), i ? SIGUSR2 : SIGUSR1);
    assert_int_equal(loom_await_signal(&signals, i ? -1 : 1000), i ? SIGUSR2 : SIGUSR1);
  }
  assert_int_equal(loom_await_signal(&signals, 0), 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

static void a_boot_has_one_name(void **state) {
  char name[LOOM_BOOT_SIZE], again[LOOM_BOOT_SIZE];
  (void)state;
  loom_boot_name(name);
  loom_boot_name(again);
  assert_true(strlen(name) > 0);
  assert_string_equal(name, again);
  if (!PLATFORM_IS_POSIX && access("/proc/sys/kernel/random/boot_id", R_OK) == 0)
    assert_int_equal(strlen(name), 36); /* a UUID */
}

static void processes_have_a_start(void **state) {
  (void)state;
  uint64_t mine = 0, again = 1, other = 0;
  char space[LOOM_PROCESS_SPACE_SIZE];
  loom_process_space(space);
  assert_true(strlen(space) > 0);
  if (!loom_process_start(getpid(), &mine)) {
    assert_true(PLATFORM_IS_POSIX || access("/proc/self/stat", R_OK) != 0);
    return;
  }
  assert_true(loom_process_start(getpid(), &again));
  assert_int_equal(mine, again);
  pid_t child = fork();
  if (child == 0)
    _exit(0);
  siginfo_t info;
  assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
  assert_false(
      loom_process_start(child, &other)); /* nothing but what its parent asks for is left */
  waitpid(child, NULL, 0);
  assert_false(loom_process_start(child, &other));
}

static void orphans_and_parents(void **state) {
  (void)state;
  bool before = loom_adopt_orphans(true);
  assert_int_equal(loom_adopt_orphans(before), !PLATFORM_IS_POSIX);
  errno = 0;
  bool can = loom_signal_at_parents_end(SIGTERM);
  assert_int_equal(can, !PLATFORM_IS_POSIX);
  if (can)
    assert_true(loom_signal_at_parents_end(0));
  else
    assert_int_equal(errno, ENOSYS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_numbers),
      cmocka_unit_test(last_byte),
      cmocka_unit_test(renaming_replaces_nothing),
      cmocka_unit_test(pipes_are_not_inherited),
      cmocka_unit_test(named_descriptors),
      cmocka_unit_test(waits_end_at_their_instant),
      cmocka_unit_test(signals_are_taken),
      cmocka_unit_test(a_boot_has_one_name),
      cmocka_unit_test(processes_have_a_start),
      cmocka_unit_test(orphans_and_parents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
