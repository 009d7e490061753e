/*
** A ring of batches: the thread fills them with groups, and the caller takes these. Both go round in order, so that each has its
** batch to itself, and the lock is needed once a batch.
*/
#include "read/poll_ahead.h"
#include "base/grow.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 4         /* 0.3 MB each, of stores that are polled every hour */
#define BATCH_GROUPS 1024 /* at the most */
#define BATCH_POLLS 32768 /* with so many, none is added */

struct batch {
  struct loom_poll_group groups[BATCH_GROUPS];
  size_t count;
  loom_poll *polls; /* of all groups */
  size_t poll_count, poll_capacity;
  loom_status status; /* of what comes after the groups: LOOM_OK, if that is another batch */
  loom_error error;
};

struct loom_poll_ahead {
  loom_poll_sorter *sorter;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch batches[BATCHES];
  size_t filled, taken; /* batches, counted from the beginning */
  bool stop;
  /* the caller's */
  const struct batch *batch; /* that groups are taken from */
  size_t next;
};

/* ---- the thread ---- */

/* Adds a group, whose polls are at the end of the batch's then. */
static loom_status add(struct batch *batch, const struct loom_poll_group *group,
                       loom_error *error) {
  if (!loom_grow(&batch->polls, &batch->poll_capacity, batch->poll_count + group->count,
                 sizeof *batch->polls))
    return loom_no_memory(error);
  memcpy(batch->polls + batch->poll_count, group->polls, group->count * sizeof *batch->polls);
  batch->poll_count += group->count;
  batch->groups[batch->count++] = *group;
  return LOOM_OK;
}

static void fill(loom_poll_sorter *sorter, struct batch *batch) {
  struct loom_poll_group group;
  loom_status status = LOOM_OK;
  batch->count = batch->poll_count = 0;
  while (status == LOOM_OK && batch->count < BATCH_GROUPS && batch->poll_count < BATCH_POLLS) {
    status = loom_poll_sorter_next(sorter, &group, &batch->error);
    if (status == LOOM_OK)
      status = add(batch, &group, &batch->error);
  }
  batch->status = status;
  const loom_poll *polls = batch->polls; /* which stay where they are now */
  for (size_t i = 0; i < batch->count; i++) {
    batch->groups[i].polls = polls;
    polls += batch->groups[i].count;
  }
}

static void *fill_batches(void *context) {
  loom_poll_ahead *ahead = context;
  loom_status status = LOOM_OK;
  pthread_mutex_lock(&ahead->lock);
  while (status == LOOM_OK) {
    while (!ahead->stop && ahead->filled - ahead->taken == BATCHES)
      pthread_cond_wait(&ahead->changed, &ahead->lock);
    if (ahead->stop)
      break;
    struct batch *batch = &ahead->batches[ahead->filled % BATCHES];
    pthread_mutex_unlock(&ahead->lock);
    fill(ahead->sorter, batch);
    status = batch->status;
    pthread_mutex_lock(&ahead->lock);
    ahead->filled++;
    pthread_cond_signal(&ahead->changed);
  }
  pthread_mutex_unlock(&ahead->lock);
  return NULL;
}

/* ---- the caller ---- */

loom_poll_ahead *loom_poll_ahead_new(loom_poll_sorter *sorter) {
  loom_poll_ahead *ahead = calloc(1, sizeof *ahead);
  if (!ahead)
    return NULL;
  ahead->sorter = sorter;
  pthread_mutex_init(&ahead->lock, NULL);
  pthread_cond_init(&ahead->changed, NULL);
  if (loom_thread_start(&ahead->thread, fill_batches, ahead))
    return ahead;
  pthread_cond_destroy(&ahead->changed);
  pthread_mutex_destroy(&ahead->lock);
  free(ahead);
  return NULL;
}

/* Gives the batch at hand back, and waits for the next one. */
static void take_batch(loom_poll_ahead *ahead) {
  pthread_mutex_lock(&ahead->lock);
  ahead->taken += ahead->batch != NULL;
  pthread_cond_signal(&ahead->changed);
  while (ahead->filled == ahead->taken)
    pthread_cond_wait(&ahead->changed, &ahead->lock);
  pthread_mutex_unlock(&ahead->lock);
  ahead->batch = &ahead->batches[ahead->taken % BATCHES];
  ahead->next = 0;
}

loom_status loom_poll_ahead_next(loom_poll_ahead *ahead, struct loom_poll_group *group,
                                 loom_error *error) {
  while (!ahead->batch || ahead->next == ahead->batch->count) {
    if (ahead->batch && ahead->batch->status != LOOM_OK) { /* and stays so */
      if (error)
        *error = ahead->batch->error;
      return ahead->batch->status;
    }
    take_batch(ahead);
  }
  *group = ahead->batch->groups[ahead->next++];
  return LOOM_OK;
}

uint32_t loom_poll_ahead_peek(const loom_poll_ahead *ahead, size_t calls) {
  const struct batch *batch = ahead->batch;
  return batch && calls < batch->count - ahead->next ? batch->groups[ahead->next + calls].store
                                                     : LOOM_POLL_AHEAD_NONE;
}

void loom_poll_ahead_free(loom_poll_ahead *ahead) {
  if (!ahead)
    return;
  pthread_mutex_lock(&ahead->lock);
  ahead->stop = true;
  pthread_cond_signal(&ahead->changed);
  pthread_mutex_unlock(&ahead->lock);
  pthread_join(ahead->thread, NULL);
  for (size_t i = 0; i < BATCHES; i++)
    free(ahead->batches[i].polls);
  pthread_cond_destroy(&ahead->changed);
  pthread_mutex_destroy(&ahead->lock);
  free(ahead);
}
