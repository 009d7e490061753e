/*
** What is not the same on every Unix. Loom is written for Linux; a port to macOS or a BSD is a part of platform.c, where
** whatever has a form that POSIX knows is written in that, too (LOOM_PLATFORM_POSIX builds it on Linux, for its test).
*/
#ifndef LOOM_PLATFORM_H
#define LOOM_PLATFORM_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Fills up to 256 bytes with what nobody can guess. False: the system has no such numbers. */
bool loom_random(void *bytes, size_t size);

/* The last place of a byte, or NULL. */
const char *loom_last_byte(const char *bytes, char byte, size_t size);

/* ---- files ---- */

/*
** rename(2), but for a target that exists: EEXIST. Where the file system cannot rename so, another process can put its file there
** between the look and the renaming.
*/
int loom_rename_new(const char *from, const char *to);

/* A pipe(2) that programs which are started do not inherit. */
int loom_pipe(int ends[2]);

/* The descriptor of this process that a path names ("/dev/stdout", "/dev/fd/3"), or -1. By its name a file would be opened as
** empty, a socket not. */
int loom_named_descriptor(const char *path);

/* ---- threads ---- */

/* Milliseconds by CLOCK_MONOTONIC, which nobody sets; and how to let some pass. */
int64_t loom_clock(void);
void loom_rest(int64_t milliseconds);

/* A condition whose timed waits do not depend on the clock on the wall; the wait ends at an instant of CLOCK_MONOTONIC. */
void loom_condition_init(pthread_cond_t *condition);
int loom_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                              const struct timespec *until);

/* ---- processes ---- */

/*
** Whether orphans among the descendants become children of this process; it was so before. A system that cannot do that leaves
** them to process 1: what a supervised program has left behind is then ended by its process group all the same, but not waited for.
*/
bool loom_adopt_orphans(bool adopt);

/* Has this process get a signal when its parent ends. False, with errno: the system cannot do that. */
bool loom_signal_at_parents_end(int signal);

/* Takes one of the signals, which are blocked, waiting for so many milliseconds at the most; -1: as long as it takes. 0: none came. */
int loom_await_signal(const sigset_t *signals, int64_t milliseconds);

/*
** When a process was started, as a number that no later process with the same id has (on Linux ticks since the system was, proc(5)).
** False: there is none of that id, or nothing of it but what its parent has not asked for yet, or the system does not tell.
*/
bool loom_process_start(pid_t pid, uint64_t *start);

#define LOOM_PROCESS_SPACE_SIZE 64

/* The name of the space in which process ids mean what they mean here, such as a container's: "none" where there is one alone. */
void loom_process_space(char name[LOOM_PROCESS_SPACE_SIZE]);

#define LOOM_BOOT_SIZE 64

/* The name of this run of the machine's kernel, of which no other one has the same: "none" where the system gives none. */
void loom_boot_name(char name[LOOM_BOOT_SIZE]);

#endif
