/*
** Supervision of real programs: their ends, and the signals that reach them. Nothing waits for a time to pass: a pipe
** tells when a program is ready.
*/
#include "supervise.h"
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char *const argv[]) {
  loom_error error;
  int code = -1;
  assert_int_equal(loom_supervise(argv, &code, &error), LOOM_OK);
  return code;
}

static void exit_codes(void **state) {
  (void)state;
  assert_int_equal(run((char *[]){"true", NULL}), 0);
  assert_int_equal(run((char *[]){"sh", "-c", "exit 7", NULL}), 7);
  assert_int_equal(run((char *[]){"sh", "-c", "kill -9 $$", NULL}), 128 + SIGKILL);
}

static void no_such_program(void **state) {
  (void)state;
  loom_error error;
  int code;
  char *const argv[] = {"there/is/no/such/program", NULL};
  assert_int_equal(loom_supervise(argv, &code, &error), LOOM_ENOENT);
  assert_string_equal(error.message,
                      "there/is/no/such/program: cannot be started: No such file or directory");
  char *const folder[] = {"/", NULL};
  assert_int_equal(loom_supervise(folder, &code, &error), LOOM_EIO);
}

/* Supervises a script in a process of its own, which is sent the signals once the script is ready; its exit code. */
static int signalled(const char *script, const int *signals) {
  int ready[2];
  char line[64];
  assert_int_equal(pipe(ready), 0);
  pid_t supervisor = fork();
  assert_true(supervisor >= 0);
  if (supervisor == 0) {
    loom_error error;
    int code = 99;
    dup2(ready[1], STDOUT_FILENO);
    close(ready[0]);
    loom_supervise((char *[]){"sh", "-c", (char *)(uintptr_t)script, NULL}, &code, &error);
    _exit(code);
  }
  close(ready[1]);
  FILE *lines = fdopen(ready[0], "r");
  for (; *signals; signals++) {
    assert_non_null(fgets(line, sizeof line, lines));
    kill(supervisor, *signals);
  }
  int status;
  assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
  fclose(lines);
  return WEXITSTATUS(status);
}

#define WAIT "while :; do sleep 0.01; done"

static void signals_arrive(void **state) {
  (void)state;
  assert_int_equal(signalled("trap 'exit 3' QUIT; echo; " WAIT, (int[]){SIGTERM, 0}), 3);
  assert_int_equal(signalled("trap 'exit 4' QUIT; echo; " WAIT, (int[]){SIGINT, 0}), 4);
  assert_int_equal(signalled("trap 'echo' QUIT; trap 'exit 5' TERM; echo; " WAIT,
                             (int[]){SIGTERM, SIGINT, 0}),
                   5);
  assert_int_equal(signalled("trap 'exit 6' HUP; echo; " WAIT, (int[]){SIGHUP, 0}), 6);
  assert_int_equal(signalled("trap 'exit 8' USR1; echo; " WAIT, (int[]){SIGUSR1, 0}), 8);
}

/* What was blocked before, and is not, is so afterwards. */
static void the_mask_is_as_it_was(void **state) {
  (void)state;
  sigset_t before, after;
  sigprocmask(SIG_SETMASK, NULL, &before);
  run((char *[]){"true", NULL});
  sigprocmask(SIG_SETMASK, NULL, &after);
  for (int s = 1; s < 32; s++)
    assert_int_equal(sigismember(&before, s), sigismember(&after, s));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exit_codes),
      cmocka_unit_test(no_such_program),
      cmocka_unit_test(signals_arrive),
      cmocka_unit_test(the_mask_is_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
