/*
** Running another program in the foreground, as its parent.
*/
#ifndef LOOM_SUPERVISE_H
#define LOOM_SUPERVISE_H

#include "base/error.h"

/*
** A program beside the one that is supervised, for as long as that runs. One that ends by itself is started again, after a
** pause that doubles each time until it has run for as long as the longest one; what it leaves behind is killed. At the end it
** gets SIGTERM, as soon as this process is asked to end.
*/
struct loom_companion {
  char *const *argv;
  int pause, pause_max; /* milliseconds, from 1 */
  int unavailable; /* the exit code by which it says that starting it again is of no use; -1: none */
  /* A line for the log, of which `context` may have more. It is called while signals are blocked. */
  void (*tell)(void *context, const char *line);
  void *context;
};

/*
** Runs argv[0], found on the PATH, until it ends; *exit_code is its exit code, or 128 + the signal that ended it.
** Meanwhile SIGINT, SIGQUIT and SIGTERM of this process reach it as SIGQUIT, by which nginx and others end once they have
** finished what they are at, and when repeated as SIGTERM; SIGHUP and SIGUSR1 reach it as they are. It does not matter whether
** whoever started this process has it ignore or block signals: nohup and shells do, with some.
**
** What the program has started ends with it: where it has left any of that behind, which it does when it is killed, they get
** SIGQUIT, and SIGKILL after `patience` milliseconds. Should this process be killed, the program gets SIGQUIT.
**
** The companion, which may be NULL, runs once the program has been started, and ends with it: SIGKILL after `patience`. That it
** cannot be started is told and no failure.
**
** Dispositions, mask and the like are as before when this returns. LOOM_ENOENT: there is no such program; LOOM_EIO: it cannot
** be started.
*/
loom_status loom_supervise(char *const argv[], const struct loom_companion *companion, int patience,
                           int *exit_code, loom_error *error);

/*
** Has this process get SIGQUIT when its parent ends, be it by SIGKILL: for what a supervised program has started, should
** program and supervisor be killed together.
*/
loom_status loom_end_with_parent(loom_error *error);

#endif
