/*
** External merge sort of polls. A run is sorted by (day, store) alone, with a stable radix sort; the few polls of
** a group are put in order of time when the group is taken.
*/
#include "read/poll_sorter.h"
#include "base/grow.h"
#include "base/unnamed_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)
#define RUN_BUFFER 4096    /* records read at a time from a spilled run: 64 KiB */
#define INSERTION_LIMIT 64 /* groups up to this size are sorted by insertion */

/* Where a run continues: in memory, or in the spill file. */
struct run {
  struct loom_poll_record *records; /* of this size: RUN_BUFFER, or the whole last run */
  size_t at, count;
  uint64_t begin, end; /* in records, of its part of the file; both 0 of one that is in memory */
  uint64_t offset;     /* of what is to be read next */
};

struct loom_poll_sorter {
  size_t capacity, count;
  uint64_t total;
  struct loom_poll_record *records, *spare;
  int file; /* -1 until something is spilled */
  uint64_t spilled;
  struct run *runs;
  size_t run_count, run_capacity;
  bool taking;
  loom_poll *group, *group_spare;
  size_t group_capacity;
};

loom_poll_sorter *loom_poll_sorter_new(size_t capacity) {
  loom_poll_sorter *sorter = calloc(1, sizeof *sorter);
  if (!sorter)
    return NULL;
  sorter->capacity = capacity;
  sorter->file = -1;
  return sorter;
}

void loom_poll_sorter_free(loom_poll_sorter *sorter) {
  if (!sorter)
    return;
  for (size_t i = 0; i < sorter->run_count; i++)
    if (sorter->runs[i].records != sorter->records)
      free(sorter->runs[i].records);
  if (sorter->file >= 0)
    close(sorter->file);
  free(sorter->runs);
  free(sorter->records);
  free(sorter->spare);
  free(sorter->group);
  free(sorter->group_spare);
  free(sorter);
}

uint64_t loom_poll_sorter_count(const loom_poll_sorter *sorter) {
  return sorter->total;
}

/* ---- sorting a run ---- */

/* The sort key's words, least significant first; days are shifted so that they sort unsigned. */
static uint32_t key_word(const struct loom_poll_record *record, int word) {
  return word == 0 ? record->store : (uint32_t)record->day ^ UINT32_C(0x80000000);
}

static void radix_pass(const struct loom_poll_record *from, struct loom_poll_record *to,
                       size_t count, int word, int shift) {
  size_t starts[DIGITS] = {0}, sum = 0;
  for (size_t i = 0; i < count; i++)
    starts[key_word(&from[i], word) >> shift & (DIGITS - 1)]++;
  for (size_t i = 0; i < DIGITS; i++) {
    size_t here = starts[i];
    starts[i] = sum;
    sum += here;
  }
  for (size_t i = 0; i < count; i++)
    to[starts[key_word(&from[i], word) >> shift & (DIGITS - 1)]++] = from[i];
}

/* Sorts the buffer by (day, store), stably. Digits that all records share are passed over. */
static void sort_run(loom_poll_sorter *sorter) {
  for (int word = 0; word < 2; word++) {
    uint32_t differ = 0;
    for (size_t i = 1; i < sorter->count; i++)
      differ |= key_word(&sorter->records[i], word) ^ key_word(&sorter->records[0], word);
    for (int shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (differ >> shift & (DIGITS - 1)) {
        radix_pass(sorter->records, sorter->spare, sorter->count, word, shift);
        struct loom_poll_record *swap = sorter->records;
        sorter->records = sorter->spare;
        sorter->spare = swap;
      }
    }
  }
}

/* ---- the spill file ---- */

static struct run *add_run(loom_poll_sorter *sorter) {
  if (!loom_grow(&sorter->runs, &sorter->run_capacity, sorter->run_count + 1, sizeof *sorter->runs))
    return NULL;
  struct run *run = &sorter->runs[sorter->run_count++];
  *run = (struct run){0};
  return run;
}

static loom_status spill(loom_poll_sorter *sorter, loom_error *error) {
  loom_status status =
      sorter->file < 0 ? loom_unnamed_file_open(NULL, &sorter->file, error) : LOOM_OK;
  if (status != LOOM_OK)
    return status;
  sort_run(sorter);
  struct run *run = add_run(sorter);
  if (!run)
    return loom_no_memory(error);
  run->begin = run->offset = sorter->spilled;
  run->end = run->begin + sorter->count;
  status = loom_unnamed_file_write(sorter->file, sorter->records,
                                   sorter->count * sizeof *sorter->records,
                                   sorter->spilled * sizeof *sorter->records, error);
  if (status != LOOM_OK)
    return status;
  sorter->spilled += sorter->count;
  sorter->count = 0;
  return LOOM_OK;
}

loom_status loom_poll_sorter_add(loom_poll_sorter *sorter, const struct loom_poll_record *polls,
                                 size_t count, const uint32_t *numbers, loom_error *error) {
  if (!sorter->records) {
    sorter->records = malloc(sorter->capacity * sizeof *sorter->records);
    sorter->spare = malloc(sorter->capacity * sizeof *sorter->spare);
    if (!sorter->records || !sorter->spare)
      return loom_no_memory(error);
  }
  for (size_t i = 0; i < count; i++) {
    if (sorter->count == sorter->capacity) {
      loom_status status = spill(sorter, error);
      if (status != LOOM_OK)
        return status;
    }
    struct loom_poll_record *record = &sorter->records[sorter->count++];
    *record = polls[i];
    if (numbers)
      record->store = numbers[record->store];
  }
  sorter->total += count;
  return LOOM_OK;
}

/* ---- taking the groups ---- */

/* Makes the run's next record available if there is one. */
static loom_status refill(loom_poll_sorter *sorter, struct run *run, loom_error *error) {
  uint64_t left = run->end - run->offset;
  if (run->at < run->count || left == 0)
    return LOOM_OK;
  size_t count = left < RUN_BUFFER ? (size_t)left : RUN_BUFFER;
  loom_status status =
      loom_unnamed_file_read(sorter->file, run->records, count * sizeof *run->records,
                             run->offset * sizeof *run->records, error);
  if (status != LOOM_OK)
    return status;
  run->at = 0;
  run->count = count;
  run->offset += count;
  return LOOM_OK;
}

/* The records still in memory become the last run; spilled runs get a buffer each. */
static loom_status begin_taking(loom_poll_sorter *sorter, loom_error *error) {
  for (size_t i = 0; i < sorter->run_count; i++) {
    struct run *run = &sorter->runs[i];
    if (!run->records)
      run->records = malloc(RUN_BUFFER * sizeof *run->records);
    if (!run->records)
      return loom_no_memory(error);
    loom_status status = refill(sorter, run, error);
    if (status != LOOM_OK)
      return status;
  }
  if (sorter->count) {
    sort_run(sorter);
    struct run *run = add_run(sorter);
    if (!run)
      return loom_no_memory(error);
    run->records = sorter->records;
    run->count = sorter->count;
  }
  free(sorter->spare);
  sorter->spare = NULL;
  sorter->taking = true;
  return LOOM_OK;
}

loom_status loom_poll_sorter_rewind(loom_poll_sorter *sorter, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; sorter->taking && status == LOOM_OK && i < sorter->run_count; i++) {
    struct run *run = &sorter->runs[i];
    run->at = 0;
    if (run->end == 0)
      continue;
    run->offset = run->begin;
    run->count = 0;
    status = refill(sorter, run, error);
  }
  return status;
}

static bool record_before(const struct loom_poll_record *a, const struct loom_poll_record *b) {
  return a->day != b->day ? a->day < b->day : a->store < b->store;
}

static bool add_to_group(loom_poll_sorter *sorter, size_t at, loom_poll poll) {
  if (at == sorter->group_capacity) {
    size_t capacity = sorter->group_capacity ? sorter->group_capacity * 2 : 256;
    loom_poll *group = realloc(sorter->group, capacity * sizeof *group);
    if (!group)
      return false;
    sorter->group = group;
    loom_poll *spare = realloc(sorter->group_spare, capacity * sizeof *spare);
    if (!spare)
      return false;
    sorter->group_spare = spare;
    sorter->group_capacity = capacity;
  }
  sorter->group[at] = poll;
  return true;
}

static bool later(loom_poll a, loom_poll b) {
  return (a | 1) > (b | 1); /* by instant alone */
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

loom_status loom_poll_sorter_next(loom_poll_sorter *sorter, struct loom_poll_group *group,
                                  loom_error *error) {
  loom_status status = sorter->taking ? LOOM_OK : begin_taking(sorter, error);
  if (status != LOOM_OK)
    return status;
  const struct loom_poll_record *first = NULL;
  for (size_t i = 0; i < sorter->run_count; i++) {
    const struct run *run = &sorter->runs[i];
    if (run->at < run->count && (!first || record_before(&run->records[run->at], first)))
      first = &run->records[run->at];
  }
  if (!first)
    return LOOM_DONE;
  *group = (struct loom_poll_group){.day = first->day, .store = first->store};
  for (size_t i = 0; i < sorter->run_count; i++) {
    struct run *run = &sorter->runs[i];
    while (run->at < run->count && run->records[run->at].day == group->day &&
           run->records[run->at].store == group->store) {
      if (!add_to_group(sorter, group->count, run->records[run->at].poll))
        return loom_no_memory(error);
      group->count++;
      run->at++;
      status = refill(sorter, run, error);
      if (status != LOOM_OK)
        return status;
    }
  }
  merge_sort(sorter->group, sorter->group_spare, group->count);
  group->polls = sorter->group;
  return LOOM_OK;
}
