/*
** Being asked to end: noted once, and then as it always was.
*/
#include "serve/ending.h"

#include "support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own: how it ends that sends itself signals. */
static int end_of(const int *signals, bool ignored) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (ignored)
      signal(*signals, SIG_IGN);
    loom_note_asked_to_end();
    if (loom_asked_to_end())
      _exit(2);
    for (; *signals; signals++)
      raise(*signals);
    _exit(loom_asked_to_end() ? 1 : 0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void each_signal_is_noted_once(void **state) {
  (void)state;
  static const int wanted[] = {SIGINT, SIGQUIT, SIGTERM};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    assert_int_equal(end_of((int[]){wanted[i], 0}, false), 1);
    assert_int_equal(end_of((int[]){wanted[i], wanted[i], 0}, false), 128 + wanted[i]);
    assert_int_equal(end_of((int[]){wanted[i], 0}, true), 0);
  }
  assert_int_equal(end_of((int[]){SIGINT, SIGTERM, 0}, false), 1);
  assert_int_equal(end_of((int[]){SIGHUP, 0}, false), 128 + SIGHUP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_signal_is_noted_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
