/*
** Running another program in the foreground, as its parent.
*/
#ifndef LOOM_SUPERVISE_H
#define LOOM_SUPERVISE_H

#include "error.h"

/*
** Runs argv[0], found on the PATH, until it ends; *exit_code is its exit code, or 128 + the signal that ended it.
** Meanwhile SIGINT and SIGTERM of this process reach it as SIGQUIT, by which nginx and others end once they have
** finished what they are at, and when repeated as SIGTERM; SIGHUP and SIGUSR1 reach it as they are. Should this process
** be killed, it gets SIGQUIT. LOOM_ENOENT: there is no such program; LOOM_EIO: it cannot be started.
*/
loom_status loom_supervise(char *const argv[], int *exit_code, loom_error *error);

#endif
