/*
** How long nginx's loop is held, whatever else the machine does: a library to preload (LD_PRELOAD) that writes the processor
** time, in microseconds, of the main thread from one epoll_wait to the next, a line each, to the file that HOLDS names. What
** takes less than LEAST is not told.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define LEAST 200 /* microseconds */

static int file = -1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("HOLDS");
  if (path)
    file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout) {
  static int (*real)(int, struct epoll_event *, int, int);
  static long long since;
  if (!real)
    *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
  long long held = since ? now() - since : 0;
  if (held >= LEAST && file >= 0)
    dprintf(file, "%lld\n", held);
  int count = real(epoll, events, most, timeout);
  since = now();
  return count;
}
