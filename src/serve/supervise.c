/*
** Supervision. Signals are taken from a wait rather than by handlers, so that the program that Loom is in keeps its own.
**
** What is supervised has a process group of its own, by which what it leaves behind is found: as the subreaper of its
** descendants, this process becomes the parent of those whose parent has died.
*/
#include "serve/supervise.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int wanted[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};

#define WANTED (sizeof wanted / sizeof *wanted)

/* What the process was like before. */
struct state {
  struct sigaction actions[WANTED];
  sigset_t mask;
  bool adopted_orphans;
};

static loom_status cannot_start(const char *program, int cause, loom_error *error) {
  return loom_fail(error, cause == ENOENT ? LOOM_ENOENT : LOOM_EIO, "%s: cannot be started: %s",
                   program, strerror(cause));
}

/* An ignored SIGCHLD would have children vanish unseen. */
static void take_over(struct state *before, sigset_t *signals) {
  struct sigaction usual = {.sa_handler = SIG_DFL};
  sigemptyset(signals);
  for (size_t i = 0; i < WANTED; i++)
    sigaddset(signals, wanted[i]);
  sigprocmask(SIG_BLOCK, signals, &before->mask);
  for (size_t i = 0; i < WANTED; i++)
    sigaction(wanted[i], &usual, &before->actions[i]);
  before->adopted_orphans = loom_adopt_orphans(true);
}

static void give_back(const struct state *before) {
  loom_adopt_orphans(before->adopted_orphans);
  for (size_t i = 0; i < WANTED; i++)
    sigaction(wanted[i], &before->actions[i], NULL);
  sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* In the child: a group of its own, so that a terminal's Ctrl-C comes from the parent alone. */
static void become(char *const argv[], pid_t parent, int at_parents_end, int failed) {
  sigset_t none;
  sigemptyset(&none);
  setpgid(0, 0);
  loom_signal_at_parents_end(at_parents_end);
  sigprocmask(SIG_SETMASK, &none, NULL);
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

/* Starts a program; *child is its process, or 0 where the cause, an errno, tells why there is none. */
static int start(char *const argv[], int at_parents_end, pid_t *child) {
  int failed[2];
  pid_t parent = getpid();
  *child = 0;
  if (loom_pipe(failed) != 0)
    return errno;
  pid_t made = fork();
  if (made == 0)
    become(argv, parent, at_parents_end, failed[1]);
  int cause = made < 0 ? errno : 0;
  close(failed[1]);
  if (made > 0)
    cause = read_cause(failed[0]);
  close(failed[0]);
  if (made > 0 && cause)
    waitpid(made, NULL, 0);
  else if (made > 0)
    *child = made;
  return cause;
}

static int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool asks_to_end(int signal) {
  return signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the companion ---- */

struct beside {
  const struct loom_companion *program; /* NULL: there is none, or none any more */
  pid_t pid;                            /* 0: it does not run */
  int64_t started, due;                 /* milliseconds; `due`: when it is to be started */
  int pause;
};

/* It is to be started after the pause, which is twice as long the next time. */
static void put_off(struct beside *beside, int64_t now, const char *why) {
  const struct loom_companion *program = beside->program;
  char line[LOOM_MESSAGE_SIZE];
  snprintf(line, sizeof line, "%s; it is started again in %d ms", why, beside->pause);
  program->tell(program->context, line);
  beside->due = now + beside->pause;
  beside->pause = beside->pause > program->pause_max / 2 ? program->pause_max : beside->pause * 2;
}

/* Of one that has ended by itself; what it had started has nobody any more who would hear of it. */
static void note_end(struct beside *beside, int status, int64_t now) {
  char why[64];
  pid_t group = beside->pid;
  beside->pid = 0;
  kill(-group, SIGKILL);
  while (waitpid(-group, NULL, 0) > 0)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == beside->program->unavailable) {
    beside->program = NULL;
    return;
  }
  if (now - beside->started >= beside->program->pause_max)
    beside->pause = beside->program->pause;
  if (WIFSIGNALED(status))
    snprintf(why, sizeof why, "has been ended by signal %d", WTERMSIG(status));
  else
    snprintf(why, sizeof why, "has ended with status %d", WEXITSTATUS(status));
  put_off(beside, now, why);
}

/* Sees to it that it runs; milliseconds until it has to be looked again, -1: when a signal comes. */
static int64_t look_beside(struct beside *beside) {
  int status = 0;
  int64_t now = milliseconds();
  if (beside->pid && waitpid(beside->pid, &status, WNOHANG) == beside->pid)
    note_end(beside, status, now);
  if (!beside->program || beside->pid)
    return -1;
  if (beside->due > now)
    return beside->due - now;
  int cause = start(beside->program->argv, SIGTERM, &beside->pid);
  beside->started = now;
  if (!cause)
    return -1;
  char why[128];
  snprintf(why, sizeof why, "cannot be started: %s", strerror(cause));
  put_off(beside, now, why);
  return beside->due - now;
}

static void ask_beside(struct beside *beside) {
  if (beside->program && beside->pid)
    kill(beside->pid, SIGTERM);
  beside->program = NULL;
}

/* ---- the program ---- */

static int wait_for(pid_t child, struct beside *beside, const sigset_t *signals) {
  bool asked = false; /* to end */
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    int64_t left = asked ? -1 : look_beside(beside);
    int signal = loom_await_signal(signals, left);
    if (asks_to_end(signal)) {
      kill(child, asked ? SIGTERM : SIGQUIT);
      ask_beside(beside);
      asked = true;
    } else if (signal == SIGHUP || signal == SIGUSR1) {
      kill(child, signal);
    }
  }
  return code_of(status);
}

/* Ends what is left of a group, whose members are children of this process by now. */
static void end_group(pid_t group, int patience, const sigset_t *signals) {
  int64_t deadline = milliseconds() + patience, left = patience;
  for (;;) {
    pid_t ended;
    do
      ended = waitpid(-group, NULL, WNOHANG);
    while (ended > 0);
    if (ended < 0) /* there are none */
      return;
    int signal = loom_await_signal(signals, left);
    left = asks_to_end(signal) ? 0 : deadline - milliseconds();
    if (left <= 0) {
      kill(-group, SIGKILL);
      left = 1000; /* until it is looked again */
    }
  }
}

loom_status loom_supervise(char *const argv[], const struct loom_companion *companion, int patience,
                           int *exit_code, loom_error *error) {
  sigset_t signals;
  struct state before;
  struct beside beside = {.program = companion, .pause = companion ? companion->pause : 0};
  pid_t child;
  take_over(&before, &signals);
  int cause = start(argv, SIGQUIT, &child);
  if (!cause) {
    *exit_code = wait_for(child, &beside, &signals);
    ask_beside(&beside);
    kill(-child, SIGQUIT);
    end_group(child, patience, &signals);
    if (beside.pid)
      end_group(beside.pid, patience, &signals);
  }
  give_back(&before);
  return cause ? cannot_start(argv[0], cause, error) : LOOM_OK;
}

loom_status loom_end_with_parent(loom_error *error) {
  if (!loom_signal_at_parents_end(SIGQUIT))
    return loom_fail(error, LOOM_EIO, "the end of the parent cannot be waited for: %s",
                     strerror(errno));
  if (getppid() == 1) /* it has ended already */
    raise(SIGQUIT);
  return LOOM_OK;
}
