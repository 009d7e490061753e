/*
** External merge sort of polls: runs are sorted by day and store alone; the few polls of a group are put in order of time
** when the group is taken, which they mostly are already.
**
** A full buffer is sorted and spilled by a thread, while the next one is filled. Until that has ended, the run, the ranks, the file
** and the streams are its own.
*/
#include "read/poll_sorter.h"
#include "base/grow.h"
#include "base/thread.h"
#include "base/unnamed_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW (48 << 10)  /* bytes read at a time: a multiple of the sizes of groups and polls */
#define INSERTION_LIMIT 64 /* groups up to this size are sorted by insertion */

/* Fewer polls than this are sorted in less time than it takes to start a thread. */
#define THREAD_LEAST 65536

/* A part of the spill file, of which `size` bytes can be seen at a time; or the whole of what is in memory. */
struct window {
  char *bytes;
  size_t at, size;
  uint64_t begin, end; /* of the part; both 0 of what is in memory */
  uint64_t next;       /* what is to be read next */
};

/* A run that is taken: its groups, and their polls. */
struct stream {
  struct window groups, polls;
};

struct loom_poll_sorter {
  size_t capacity, count;
  uint64_t total;
  struct loom_poll_record *records;
  struct loom_poll_record *full; /* those that are being spilled */
  bool spills;                   /* some have been, or are being */
  bool spilling;                 /* by the thread */
  pthread_t thread;
  loom_error failure; /* of spilling */
  struct loom_store_ranks ranks;
  struct loom_poll_run run; /* sorted last; the one in memory, once groups are taken */
  int file;                 /* -1 until something is spilled */
  uint64_t spilled;         /* bytes */
  struct stream *streams;   /* in the order in which their polls were added */
  size_t stream_count, stream_capacity;
  bool taking;
  loom_poll *group, *group_spare;
  size_t group_capacity, spare_capacity;
};

loom_poll_sorter *loom_poll_sorter_new(size_t capacity) {
  loom_poll_sorter *sorter = calloc(1, sizeof *sorter);
  if (!sorter)
    return NULL;
  sorter->capacity = capacity;
  sorter->file = -1;
  return sorter;
}

static bool is_in_file(const struct window *window) {
  return window->end > 0;
}

/* Waits until what was full is spilled. */
static void end_spill(loom_poll_sorter *sorter) {
  if (sorter->spilling)
    pthread_join(sorter->thread, NULL);
  sorter->spilling = false;
}

void loom_poll_sorter_free(loom_poll_sorter *sorter) {
  if (!sorter)
    return;
  end_spill(sorter);
  for (size_t i = 0; i < sorter->stream_count; i++) {
    struct stream *stream = &sorter->streams[i];
    if (is_in_file(&stream->groups)) {
      free(stream->groups.bytes);
      free(stream->polls.bytes);
    }
  }
  if (sorter->file >= 0)
    close(sorter->file);
  loom_poll_run_free(&sorter->run);
  free(sorter->ranks.order);
  free(sorter->ranks.ranks);
  free(sorter->streams);
  free(sorter->records);
  free(sorter->full);
  free(sorter->group);
  free(sorter->group_spare);
  free(sorter);
}

uint64_t loom_poll_sorter_count(const loom_poll_sorter *sorter) {
  return sorter->total;
}

bool loom_poll_sorter_set_order(loom_poll_sorter *sorter, const uint32_t *order, size_t count) {
  struct loom_store_ranks *ranks = &sorter->ranks;
  if (sorter->spills || ranks->order || sorter->taking || count == 0)
    return true;
  ranks->order = malloc(count * sizeof *order);
  ranks->ranks = malloc(count * sizeof *order);
  if (!ranks->order || !ranks->ranks) { /* not by half, so that it can be set again */
    free(ranks->order);
    free(ranks->ranks);
    ranks->order = ranks->ranks = NULL;
    return false;
  }
  memcpy(ranks->order, order, count * sizeof *order);
  for (uint32_t rank = 0; rank < count; rank++)
    ranks->ranks[order[rank]] = rank;
  ranks->count = (uint32_t)count;
  return true;
}

bool loom_poll_sorter_would_sort(const loom_poll_sorter *sorter, size_t count) {
  return !sorter->spills && sorter->count + count > sorter->capacity;
}

/* ---- the spill file ---- */

static struct stream *add_stream(loom_poll_sorter *sorter) {
  if (!loom_grow(&sorter->streams, &sorter->stream_capacity, sorter->stream_count + 1,
                 sizeof *sorter->streams))
    return NULL;
  struct stream *stream = &sorter->streams[sorter->stream_count++];
  *stream = (struct stream){0};
  return stream;
}

/* Appends to the file, and notes where. */
static loom_status write_window(loom_poll_sorter *sorter, const void *bytes, size_t size,
                                struct window *window, loom_error *error) {
  loom_status status = loom_unnamed_file_write(sorter->file, bytes, size, sorter->spilled, error);
  if (status != LOOM_OK)
    return status;
  window->begin = window->next = sorter->spilled;
  window->end = sorter->spilled += size;
  return LOOM_OK;
}

static loom_status spill_full(loom_poll_sorter *sorter, loom_error *error) {
  struct loom_poll_run *run = &sorter->run;
  struct stream stream = {0}, *kept;
  loom_status status = LOOM_OK;
  if (!loom_poll_run_sort(sorter->full, sorter->capacity, &sorter->ranks, run))
    status = loom_no_memory(error);
  free(sorter->full); /* the next buffer is growing meanwhile */
  sorter->full = NULL;
  if (status == LOOM_OK)
    status = write_window(sorter, run->groups, run->group_count * sizeof *run->groups,
                          &stream.groups, error);
  if (status == LOOM_OK)
    status = write_window(sorter, run->polls, run->poll_count * sizeof *run->polls, &stream.polls,
                          error);
  if (status != LOOM_OK)
    return status;
  if (!(kept = add_stream(sorter)))
    return loom_no_memory(error);
  *kept = stream;
  return LOOM_OK;
}

static void *spill_in_thread(void *context) {
  loom_poll_sorter *sorter = context;
  sorter->failure.code = spill_full(sorter, &sorter->failure);
  return NULL;
}

/* Waits for the spill before, and fails if that has. */
static loom_status check_spill(loom_poll_sorter *sorter, loom_error *error) {
  end_spill(sorter);
  if (sorter->failure.code != LOOM_OK && error)
    *error = sorter->failure;
  return sorter->failure.code;
}

/* Spills the buffer, which is full; what fails in the thread is told by the next call. */
static loom_status spill(loom_poll_sorter *sorter, loom_error *error) {
  loom_status status = check_spill(sorter, error);
  if (status == LOOM_OK && sorter->file < 0)
    status = loom_unnamed_file_open(NULL, &sorter->file, error);
  if (status != LOOM_OK)
    return status;
  sorter->full = sorter->records;
  sorter->records = NULL;
  sorter->count = 0;
  sorter->spills = true;
  sorter->spilling = sorter->capacity >= THREAD_LEAST &&
                     loom_thread_start(&sorter->thread, spill_in_thread, sorter);
  if (!sorter->spilling)
    spill_in_thread(sorter);
  return sorter->spilling ? LOOM_OK : check_spill(sorter, error);
}

/* The place of the next poll; NULL: memory is out. */
static struct loom_poll_record *next_place(loom_poll_sorter *sorter) {
  if (!sorter->records)
    sorter->records = malloc(sorter->capacity * sizeof *sorter->records);
  return sorter->records ? &sorter->records[sorter->count++] : NULL;
}

loom_status loom_poll_sorter_add(loom_poll_sorter *sorter, const struct loom_poll_record *polls,
                                 size_t count, const uint32_t *numbers, loom_error *error) {
  for (size_t i = 0; i < count; i++) {
    if (sorter->count == sorter->capacity) {
      loom_status status = spill(sorter, error);
      if (status != LOOM_OK)
        return status;
    }
    struct loom_poll_record *record = next_place(sorter);
    if (!record)
      return loom_no_memory(error);
    *record = polls[i];
    if (numbers)
      record->store = numbers[record->store];
  }
  sorter->total += count;
  return LOOM_OK;
}

/* ---- reading runs back ---- */

/* Makes the window's next items available if there are any. */
static loom_status refill(loom_poll_sorter *sorter, struct window *window, loom_error *error) {
  uint64_t left = window->end - window->next;
  if (window->at < window->size || left == 0)
    return LOOM_OK;
  if (!window->bytes && !(window->bytes = malloc(WINDOW)))
    return loom_no_memory(error);
  size_t size = left < WINDOW ? (size_t)left : WINDOW;
  loom_status status =
      loom_unnamed_file_read(sorter->file, window->bytes, size, window->next, error);
  if (status != LOOM_OK)
    return status;
  window->at = 0;
  window->size = size;
  window->next += size;
  return LOOM_OK;
}

/* The same of both windows of all runs. */
static loom_status refill_all(loom_poll_sorter *sorter, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < sorter->stream_count; i++) {
    status = refill(sorter, &sorter->streams[i].groups, error);
    if (status == LOOM_OK)
      status = refill(sorter, &sorter->streams[i].polls, error);
  }
  return status;
}

static void rewind_window(struct window *window) {
  window->at = 0;
  if (is_in_file(window)) {
    window->size = 0;
    window->next = window->begin;
  }
}

/* The records still in memory become the last run. */
loom_status loom_poll_sorter_finish(loom_poll_sorter *sorter, loom_error *error) {
  struct loom_poll_run *run = &sorter->run;
  if (sorter->taking)
    return LOOM_OK;
  loom_status status = check_spill(sorter, error);
  if (status != LOOM_OK)
    return status;
  if (sorter->count) {
    if (!loom_poll_run_sort(sorter->records, sorter->count, &sorter->ranks, run))
      return loom_no_memory(error);
    struct stream *stream = add_stream(sorter);
    if (!stream)
      return loom_no_memory(error);
    stream->groups.bytes = (char *)run->groups;
    stream->groups.size = run->group_count * sizeof *run->groups;
    stream->polls.bytes = (char *)run->polls;
    stream->polls.size = run->poll_count * sizeof *run->polls;
  }
  sorter->count = 0;
  free(sorter->records);
  sorter->records = NULL;
  sorter->taking = true;
  return LOOM_OK;
}

loom_status loom_poll_sorter_rewind(loom_poll_sorter *sorter, loom_error *error) {
  if (!sorter->taking) /* nothing has been taken */
    return LOOM_OK;
  for (size_t i = 0; i < sorter->stream_count; i++) {
    rewind_window(&sorter->streams[i].groups);
    rewind_window(&sorter->streams[i].polls);
  }
  return refill_all(sorter, error);
}

/* ---- polls of a group, in order of time ---- */

static bool later(loom_poll a, loom_poll b) {
  return (a | 1) > (b | 1); /* by instant alone */
}

/* Whether they are in order; `distinct`: one to an instant. */
static bool is_in_order(const loom_poll *polls, size_t count, bool *distinct) {
  *distinct = true;
  for (size_t i = 1; i < count; i++) {
    if (later(polls[i - 1], polls[i]))
      return false;
    *distinct = *distinct && later(polls[i], polls[i - 1]);
  }
  return true;
}

static void insertion_sort(loom_poll *polls, size_t count) {
  for (size_t i = 1; i < count; i++) {
    loom_poll poll = polls[i];
    size_t at = i;
    for (; at > 0 && later(polls[at - 1], poll); at--)
      polls[at] = polls[at - 1];
    polls[at] = poll;
  }
}

/* Stable merge sort by instant; `spare` is as large as `polls`. */
static void merge_sort(loom_poll *polls, loom_poll *spare, size_t count) {
  if (count <= INSERTION_LIMIT) {
    insertion_sort(polls, count);
    return;
  }
  size_t half = count / 2, left = 0, right = half, at = 0;
  merge_sort(polls, spare, half);
  merge_sort(polls + half, spare + half, count - half);
  if (!later(polls[half - 1], polls[half]))
    return;
  while (left < half && right < count)
    spare[at++] = later(polls[left], polls[right]) ? polls[right++] : polls[left++];
  memcpy(spare + at, polls + left, (half - left) * sizeof *polls);
  memcpy(polls, spare, (at + half - left) * sizeof *polls);
}

static bool sort_group(loom_poll_sorter *sorter, loom_poll *polls, size_t count, bool *distinct) {
  if (is_in_order(polls, count, distinct))
    return true;
  if (count > INSERTION_LIMIT &&
      !loom_grow(&sorter->group_spare, &sorter->spare_capacity, count, sizeof *polls))
    return false;
  merge_sort(polls, sorter->group_spare, count);
  return is_in_order(polls, count, distinct);
}

/* ---- taking the groups ---- */

/* The group that a stream has next; NULL: it has none. */
static const struct loom_run_group *head(const struct stream *stream) {
  const struct window *groups = &stream->groups;
  return groups->at < groups->size ? (const void *)(groups->bytes + groups->at) : NULL;
}

static bool is_before(const struct loom_run_group *a, const struct loom_run_group *b) {
  return a->day != b->day ? a->day < b->day : a->rank < b->rank;
}

static bool is_same(const struct loom_run_group *a, const struct loom_run_group *b) {
  return a && a->day == b->day && a->rank == b->rank;
}

/* Finds the next group and how many polls it has; *only is the stream that has all of them, if one does. False: there is none. */
static bool find_next(loom_poll_sorter *sorter, struct loom_run_group *group, size_t *count,
                      struct stream **only) {
  const struct loom_run_group *first = NULL;
  *only = NULL;
  *count = 0;
  for (size_t i = 0; i < sorter->stream_count; i++) {
    const struct loom_run_group *next = head(&sorter->streams[i]);
    if (next && (!first || is_before(next, first)))
      first = next;
  }
  if (!first)
    return false;
  *group = *first;
  for (size_t i = 0; i < sorter->stream_count; i++) {
    const struct loom_run_group *next = head(&sorter->streams[i]);
    if (!is_same(next, group))
      continue;
    *only = *count ? NULL : &sorter->streams[i];
    *count += next->count;
  }
  return true;
}

/* Copies a stream's next polls. */
static loom_status copy_polls(loom_poll_sorter *sorter, struct window *polls, char *to, size_t size,
                              loom_error *error) {
  while (size) {
    loom_status status = refill(sorter, polls, error);
    if (status != LOOM_OK)
      return status;
    size_t left = polls->size - polls->at, part = left < size ? left : size;
    memcpy(to, polls->bytes + polls->at, part);
    polls->at += part;
    to += part;
    size -= part;
  }
  return LOOM_OK;
}

/* Puts the parts of a group, of which each stream may have one, into one place. */
static loom_status gather(loom_poll_sorter *sorter, const struct loom_run_group *group,
                          size_t count, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!loom_grow(&sorter->group, &sorter->group_capacity, count, sizeof *sorter->group))
    return loom_no_memory(error);
  size_t at = 0;
  for (size_t i = 0; status == LOOM_OK && i < sorter->stream_count; i++) {
    struct stream *stream = &sorter->streams[i];
    const struct loom_run_group *part = head(stream);
    if (!is_same(part, group))
      continue;
    status = copy_polls(sorter, &stream->polls, (char *)(sorter->group + at),
                        part->count * sizeof *sorter->group, error);
    at += part->count;
    stream->groups.at += sizeof *part;
  }
  return status;
}

/* Takes the group's polls from the streams: they stay where they are if one has them all at hand. */
static loom_status take_polls(loom_poll_sorter *sorter, const struct loom_run_group *group,
                              size_t count, struct stream *only, loom_poll **polls,
                              loom_error *error) {
  size_t size = count * sizeof **polls;
  if (!only || only->polls.size - only->polls.at < size) {
    loom_status status = gather(sorter, group, count, error);
    *polls = sorter->group;
    return status;
  }
  *polls = (void *)(only->polls.bytes + only->polls.at);
  only->polls.at += size;
  only->groups.at += sizeof *group;
  return LOOM_OK;
}

loom_status loom_poll_sorter_next(loom_poll_sorter *sorter, struct loom_poll_group *group,
                                  loom_error *error) {
  struct loom_run_group first;
  struct stream *only;
  loom_poll *polls;
  size_t count;
  loom_status status = loom_poll_sorter_finish(sorter, error);
  if (status == LOOM_OK)
    status = refill_all(sorter, error);
  if (status == LOOM_OK && !find_next(sorter, &first, &count, &only))
    return LOOM_DONE;
  if (status == LOOM_OK)
    status = take_polls(sorter, &first, count, only, &polls, error);
  if (status != LOOM_OK)
    return status;
  if (!sort_group(sorter, polls, count, &group->distinct))
    return loom_no_memory(error);
  group->day = first.day;
  group->store = loom_store_of_rank(&sorter->ranks, first.rank);
  group->polls = polls;
  group->count = count;
  return LOOM_OK;
}
