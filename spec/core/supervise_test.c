/*
** Supervision of real programs: their ends, and the signals that reach them. Nothing waits for a time to pass: a pipe
** tells when a program is ready.
*/
#include "serve/supervise.h"
#include "support.h"

#include <errno.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 20 /* milliseconds that what ignores signals gets */

static int run(char *const argv[]) {
  loom_error error;
  int code = -1;
  assert_int_equal(loom_supervise(argv, NULL, PATIENCE, &code, &error), LOOM_OK);
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
  assert_int_equal(loom_supervise(argv, NULL, PATIENCE, &code, &error), LOOM_ENOENT);
  assert_string_equal(error.message,
                      "there/is/no/such/program: cannot be started: No such file or directory");
  char *const folder[] = {"/", NULL};
  assert_int_equal(loom_supervise(folder, NULL, PATIENCE, &code, &error), LOOM_EIO);
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
    loom_supervise((char *[]){"sh", "-c", (char *)(uintptr_t)script, NULL}, NULL, PATIENCE, &code,
                   &error);
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
  assert_int_equal(signalled("trap 'exit 9' QUIT; echo; " WAIT, (int[]){SIGQUIT, 0}), 9);
  assert_int_equal(
      signalled("trap 'echo' QUIT; trap 'exit 5' TERM; echo; " WAIT, (int[]){SIGTERM, SIGINT, 0}),
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

/* Whoever starts the program may have it ignore and block signals, as nohup does, and shells in the background. */
static void what_was_ignored_is_heard(void **state) {
  static const int all[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};
  struct sigaction before[sizeof all / sizeof *all], ignoring = {.sa_handler = SIG_IGN}, now;
  sigset_t blocked, mask;
  sigemptyset(&blocked);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    sigaction(all[i], &ignoring, &before[i]);
    sigaddset(&blocked, all[i]);
  }
  exit_codes(state);
  signal(SIGCHLD, SIG_DFL); /* for the test's own child */
  signals_arrive(state);
  sigprocmask(SIG_BLOCK, &blocked, &mask);
  signals_arrive(state);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    sigaction(all[i], &before[i], &now);
    assert_true(all[i] == SIGCHLD || now.sa_handler == SIG_IGN);
  }
}

/* Runs a script that writes the id of a process that it leaves behind; whether that process is gone. */
static void leaves_nothing(const char *script) {
  int lines[2];
  char line[32] = "";
  assert_int_equal(pipe(lines), 0);
  int before = dup(STDOUT_FILENO);
  dup2(lines[1], STDOUT_FILENO);
  int code = run((char *[]){"sh", "-c", (char *)(uintptr_t)script, NULL});
  dup2(before, STDOUT_FILENO);
  close(before);
  close(lines[1]);
  assert_true(read(lines[0], line, sizeof line - 1) > 0);
  close(lines[0]);
  assert_int_equal(code, 128 + SIGKILL);
  errno = 0;
  assert_int_equal(kill((pid_t)atoi(line), 0), -1);
  assert_int_equal(errno, ESRCH);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Of a program that is killed. What a shell starts in the background ignores SIGQUIT. */
static void what_was_started_ends_too(void **state) {
  (void)state;
  leaves_nothing("sh -c 'echo $$; exec sleep 1000' | { read pid; echo $pid; kill -9 $$; }");
  leaves_nothing("sleep 1000 & echo $!; kill -9 $$");
  leaves_nothing("sh -c 'sleep 1000 & echo $!'; kill -9 $$"); /* an orphan already */
  int subreaper = 1;
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  assert_int_equal(subreaper, 0);
}

/* A process whose parent is killed, with nobody about to see to it. */
static void the_end_of_the_parent_is_heard(void **state) {
  (void)state;
  int ends[2], ready[2];
  char byte;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(pipe(ready), 0);
  pid_t parent = fork();
  assert_true(parent >= 0);
  if (parent == 0) {
    if (fork() == 0) {
      loom_error error;
      signal(SIGQUIT, SIG_DFL);
      ssize_t written = loom_end_with_parent(&error) == LOOM_OK ? write(ready[1], "r", 1) : 0;
      close(ends[0]);
      while (written == 1)
        pause();
    }
    pause();
    _exit(0);
  }
  close(ends[1]); /* that of both processes tells when they have ended */
  assert_int_equal(read(ready[0], &byte, 1), 1);
  kill(parent, SIGKILL);
  assert_int_equal(waitpid(parent, NULL, 0), parent);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
  close(ready[0]);
  close(ready[1]);
}

struct told {
  int count;
  char last[256];
};

static void take_line(void *context, const char *line) {
  struct told *told = context;
  told->count++;
  snprintf(told->last, sizeof told->last, "%s", line);
}

/*
** Supervises a script with another beside it, both of which find a pipe as descriptor 8 (to read) and 9 (to write); what was
** told, and the exit code of the first.
*/
static int run_beside(const char *script, const char *companion, struct told *told) {
  int ends[2], code = -1;
  loom_error error;
  assert_int_equal(pipe(ends), 0);
  dup2(ends[0], 8);
  dup2(ends[1], 9);
  close(ends[0]);
  close(ends[1]);
  *told = (struct told){0};
  char *const words[] = {"sh", "-c", (char *)(uintptr_t)companion, NULL},
              *const none[] = {"there/is/no/such/program", NULL};
  struct loom_companion beside = {.argv = companion ? words : none,
                                  .pause = 1,
                                  .pause_max = 4,
                                  .unavailable = 69,
                                  .tell = take_line,
                                  .context = told};
  assert_int_equal(loom_supervise((char *[]){"sh", "-c", (char *)(uintptr_t)script, NULL}, &beside,
                                  PATIENCE, &code, &error),
                   LOOM_OK);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  close(8);
  close(9);
  return code;
}

/* A script that ends once it has read some lines, with 7. */
#define READS(count)                                                                               \
  "i=0; while [ $i -lt " count " ] && read line <&8; do i=$((i + 1)); done; exit 7"

static void a_companion_that_ends_is_started_again(void **state) {
  (void)state;
  struct told told;
  assert_int_equal(run_beside(READS("5"), "echo >&9; exit 3", &told), 7);
  assert_in_range(told.count, 4, 1000);
  assert_non_null(strstr(told.last, "has ended with status 3; it is started again in "));
  assert_int_equal(run_beside(READS("5"), "echo >&9; kill -9 $$", &told), 7);
  assert_non_null(strstr(told.last, "has been ended by signal 9; it is started again in "));
}

static void a_companion_is_asked_to_end_with_the_program(void **state) {
  (void)state;
  struct told told;
  char line[8];
  int said[2];
  assert_int_equal(pipe(said), 0);
  dup2(said[1], 7);
  assert_int_equal(
      run_beside(READS("1"), "trap 'echo ended >&7; exit' TERM; echo >&9; " WAIT, &told), 7);
  assert_int_equal(told.count, 0);
  assert_int_equal(read(said[0], line, sizeof line), 6);
  assert_memory_equal(line, "ended\n", 6);
  assert_int_equal(run_beside(READS("1"), "trap '' TERM; echo >&9; sleep 1000", &told),
                   7); /* killed */
  close(7);
  close(said[0]);
  close(said[1]);
}

/* What it had started goes with it; one that says that it is of no use is left alone. */
static void a_companion_leaves_nothing_and_may_give_up(void **state) {
  (void)state;
  struct told told;
  assert_int_equal(
      run_beside(READS("1"), "sleep 1000 & sh -c 'sleep 1000 & :'; echo >&9; exit 1", &told), 7);
  assert_int_equal(run_beside(READS("1"), "echo >&9; exit 69", &told), 7);
  assert_int_equal(told.count, 0);
  assert_int_equal(run_beside("sleep 0.05; exit 7", NULL, &told), 7);
  assert_in_range(told.count, 1, 1000);
  assert_non_null(strstr(told.last, "cannot be started: No such file or directory; "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exit_codes),
      cmocka_unit_test(no_such_program),
      cmocka_unit_test(signals_arrive),
      cmocka_unit_test(the_mask_is_as_it_was),
      cmocka_unit_test(what_was_ignored_is_heard),
      cmocka_unit_test(what_was_started_ends_too),
      cmocka_unit_test(the_end_of_the_parent_is_heard),
      cmocka_unit_test(a_companion_that_ends_is_started_again),
      cmocka_unit_test(a_companion_is_asked_to_end_with_the_program),
      cmocka_unit_test(a_companion_leaves_nothing_and_may_give_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
