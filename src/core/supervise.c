/*
** Supervision. Signals are taken from a wait rather than by handlers, so that the program that Loom is in keeps its own.
*/
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static loom_status cannot_start(const char *program, int cause, loom_error *error) {
  return loom_fail(error, cause == ENOENT ? LOOM_ENOENT : LOOM_EIO, "%s: cannot be started: %s",
                   program, strerror(cause));
}

/* In the child: a group of its own, so that a terminal's Ctrl-C comes from the parent alone. */
static void become(char *const argv[], const sigset_t *mask, pid_t parent, int failed) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  sigprocmask(SIG_SETMASK, mask, NULL);
  if (getppid() == parent)
    execvp(argv[0], argv);
  int cause = errno;
  ssize_t ignored = write(failed, &cause, sizeof cause);
  (void)ignored;
  _exit(127);
}

/* Why the program could not be started; 0 once it has been, which closes the pipe. */
static int read_cause(int pipe_end) {
  int cause = 0;
  ssize_t got;
  do
    got = read(pipe_end, &cause, sizeof cause);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)sizeof cause ? cause : 0;
}

static int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_for(pid_t child, const sigset_t *signals) {
  bool asked = false; /* to end */
  int status;
  while (waitpid(child, &status, WNOHANG) != child) {
    int signal = sigwaitinfo(signals, NULL);
    if (signal == SIGINT || signal == SIGTERM) {
      kill(child, asked ? SIGTERM : SIGQUIT);
      asked = true;
    } else if (signal == SIGHUP || signal == SIGUSR1) {
      kill(child, signal);
    }
  }
  return code_of(status);
}

loom_status loom_supervise(char *const argv[], int *exit_code, loom_error *error) {
  sigset_t signals, before;
  int failed[2];
  pid_t parent = getpid();
  if (pipe2(failed, O_CLOEXEC) != 0)
    return cannot_start(argv[0], errno, error);
  sigemptyset(&signals);
  const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    sigaddset(&signals, wanted[i]);
  sigprocmask(SIG_BLOCK, &signals, &before);
  pid_t child = fork();
  if (child == 0)
    become(argv, &before, parent, failed[1]);
  int cause = child < 0 ? errno : 0;
  close(failed[1]);
  if (child > 0) {
    cause = read_cause(failed[0]);
    if (cause)
      waitpid(child, NULL, 0);
    else
      *exit_code = wait_for(child, &signals);
  }
  close(failed[0]);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return cause ? cannot_start(argv[0], cause, error) : LOOM_OK;
}
