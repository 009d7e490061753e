/*
** The one file for what differs from system to system.
*/
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined __linux__ && !defined LOOM_PLATFORM_POSIX
#define IS_LINUX 1
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#else
#define IS_LINUX 0
#endif

static int descriptor_in(const char *folder, const char *path) {
  const char *digits = path + strlen(folder);
  if (strncmp(path, folder, strlen(folder)) != 0 || strlen(digits) < 1 || strlen(digits) > 6 ||
      strspn(digits, "0123456789") != strlen(digits))
    return -1;
  return atoi(digits);
}

int loom_named_descriptor(const char *path) {
  if (strcmp(path, "/dev/stdout") == 0)
    return STDOUT_FILENO;
  if (strcmp(path, "/dev/stderr") == 0)
    return STDERR_FILENO;
  int descriptor = descriptor_in("/dev/fd/", path);
  return descriptor < 0 && IS_LINUX ? descriptor_in("/proc/self/fd/", path) : descriptor;
}

/* For file systems, and systems, that know no renaming which replaces nothing. */
static int rename_after_look(const char *from, const char *to) {
  if (access(to, F_OK) == 0) {
    errno = EEXIST;
    return -1;
  }
  return rename(from, to);
}

#if IS_LINUX

bool loom_random(void *bytes, size_t size) {
  return getrandom(bytes, size, 0) == (ssize_t)size;
}

const char *loom_last_byte(const char *bytes, char byte, size_t size) {
  return memrchr(bytes, byte, size);
}

int loom_rename_new(const char *from, const char *to) {
  const unsigned replace_nothing =
      1; /* RENAME_NOREPLACE; musl has neither the name nor the function */
  long result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, replace_nothing);
  return result != 0 && errno == EINVAL ? rename_after_look(from, to) : (int)result;
}

int loom_pipe(int ends[2]) {
  return pipe2(ends, O_CLOEXEC);
}

bool loom_adopt_orphans(bool adopt) {
  int before = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &before);
  prctl(PR_SET_CHILD_SUBREAPER, (int)adopt);
  return before != 0;
}

bool loom_signal_at_parents_end(int signal) {
  return prctl(PR_SET_PDEATHSIG, signal) == 0;
}

int loom_await_signal(const sigset_t *signals, int64_t milliseconds) {
  struct timespec time = {.tv_sec = (time_t)(milliseconds / 1000),
                          .tv_nsec = (long)(milliseconds % 1000) * 1000000};
  int signal = milliseconds < 0 ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &time);
  return signal > 0 ? signal : 0;
}

/* After the name in parentheses, in which anything may stand: the state, and 18 fields further on the start. */
static bool read_start(const char *stat, uint64_t *start) {
  unsigned long long ticks;
  char state;
  const char *name_end = strrchr(stat, ')');
  if (!name_end ||
      sscanf(name_end + 1,
             " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
             &state, &ticks) != 2)
    return false;
  *start = ticks;
  return state != 'Z' && state != 'X';
}

bool loom_process_start(pid_t pid, uint64_t *start) {
  char path[48], stat[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  FILE *file = fopen(path, "re");
  if (!file)
    return false;
  size_t size = fread(stat, 1, sizeof stat - 1, file);
  fclose(file);
  stat[size] = 0;
  return read_start(stat, start);
}

void loom_process_space(char name[LOOM_PROCESS_SPACE_SIZE]) {
  ssize_t length = readlink("/proc/self/ns/pid", name, LOOM_PROCESS_SPACE_SIZE - 1);
  if (length > 0)
    name[length] = 0;
  else
    strcpy(name, "none");
}

void loom_boot_name(char name[LOOM_BOOT_SIZE]) {
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
  if (!file || fscanf(file, "%63s", name) != 1)
    strcpy(name, "none");
  if (file)
    fclose(file);
}

#else

bool loom_random(void *bytes, size_t size) {
  return getentropy(bytes, size) == 0;
}

const char *loom_last_byte(const char *bytes, char byte, size_t size) {
  while (size > 0)
    if (bytes[--size] == byte)
      return bytes + size;
  return NULL;
}

int loom_rename_new(const char *from, const char *to) {
  return rename_after_look(from, to);
}

int loom_pipe(int ends[2]) {
  if (pipe(ends) != 0)
    return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
}

bool loom_adopt_orphans(bool adopt) {
  (void)adopt;
  return false;
}

bool loom_signal_at_parents_end(int signal) {
  (void)signal;
  errno = ENOSYS;
  return false;
}

#define GLANCE 10 /* milliseconds between two looks at what is pending */

/* macOS has no sigtimedwait. */
int loom_await_signal(const sigset_t *signals, int64_t milliseconds) {
  const struct timespec glance = {.tv_nsec = GLANCE * 1000000};
  int signal = 0;
  if (milliseconds < 0)
    return sigwait(signals, &signal) == 0 ? signal : 0;
  for (;; milliseconds -= GLANCE) {
    sigset_t pending;
    sigpending(&pending);
    for (int i = 1; i < NSIG; i++)
      if (sigismember(signals, i) == 1 && sigismember(&pending, i) == 1)
        return sigwait(signals, &signal) == 0 ? signal : 0;
    if (milliseconds <= 0)
      return 0;
    nanosleep(&glance, NULL);
  }
}

bool loom_process_start(pid_t pid, uint64_t *start) {
  (void)pid;
  (void)start;
  return false;
}

void loom_process_space(char name[LOOM_PROCESS_SPACE_SIZE]) {
  strcpy(name, "none");
}

void loom_boot_name(char name[LOOM_BOOT_SIZE]) {
  strcpy(name, "none");
}

#endif

#ifdef __APPLE__ /* its conditions know the clock on the wall alone, but also waits of a length */

void loom_condition_init(pthread_cond_t *condition) {
  pthread_cond_init(condition, NULL);
}

int loom_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                              const struct timespec *until) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t left = (int64_t)(until->tv_sec - now.tv_sec) * 1000000000 + until->tv_nsec - now.tv_nsec;
  if (left <= 0)
    return ETIMEDOUT;
  struct timespec length = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
  return pthread_cond_timedwait_relative_np(condition, lock, &length);
}

#else

void loom_condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

int loom_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                              const struct timespec *until) {
  return pthread_cond_timedwait(condition, lock, until);
}

#endif

/* ---- time ---- */

int64_t loom_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void loom_rest(int64_t milliseconds) {
  const struct timespec pause = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
  nanosleep(&pause, NULL);
}
