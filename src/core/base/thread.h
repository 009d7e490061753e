/*
** Threads of Loom's.
*/
#ifndef LOOM_THREAD_H
#define LOOM_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#define LOOM_THREADS_MAX                                                                           \
  64 /* that one ingest or report may have: more processors than it makes use of */

/* Starts a thread that gets no signals: those are for the program that Loom is in. False: no thread is to be had. */
bool loom_thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

#endif
