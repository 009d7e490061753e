/*
** Sorting of runs. A day and a store make one key, counted from the least of each. Mostly there are fewer keys than polls, or not
** many more: then the polls of each are counted, and every poll goes straight to its place. Where keys are few and far between, the
** records are sorted first, by a digit of their key at a time.
*/
#include "read/poll_run.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

/* So many keys to a poll may be counted: 4 bytes each, beside 24 for a poll. */
#define KEYS_TO_A_POLL 4

/* What the records span. */
struct range {
  int32_t day;        /* the first */
  uint32_t store;     /* the least number */
  uint64_t stores;    /* numbers to a day */
  uint64_t key_count; /* at most 2^54: there are 2^22 days from the year 1 to 9999 */
};

static uint64_t key_of(const struct range *range, const struct loom_poll_record *record) {
  return (uint64_t)(uint32_t)(record->day - range->day) * range->stores +
         (record->store - range->store);
}

static struct range range_of(const struct loom_poll_record *records, size_t count) {
  int32_t first = records->day, last = first;
  uint32_t least = records->store, most = least;
  for (size_t i = 1; i < count; i++) {
    first = records[i].day < first ? records[i].day : first;
    last = records[i].day > last ? records[i].day : last;
    least = records[i].store < least ? records[i].store : least;
    most = records[i].store > most ? records[i].store : most;
  }
  struct range range = {first, least, (uint64_t)most - least + 1, 0};
  range.key_count = (uint64_t)(uint32_t)(last - first) * range.stores + range.stores;
  return range;
}

/* Makes room for so many items, which need not be kept. */
static bool reserve(void *items, size_t *capacity, size_t count, size_t size) {
  void *array;
  if (count <= *capacity)
    return true;
  memcpy(&array, items, sizeof array); /* `items` may be the address of a pointer of any type */
  free(array);
  array = malloc(count * size);
  memcpy(items, &array, sizeof array);
  *capacity = array ? count : 0;
  return array != NULL;
}

static bool reserve_groups(struct loom_poll_run *run, size_t count) {
  run->group_count = 0;
  return reserve(&run->groups, &run->group_capacity, count, sizeof *run->groups);
}

/* ---- by counting ---- */

/* Makes a group of each key that has polls, and of its count the place of its first poll. */
static bool list_groups(const struct range *range, uint32_t *counts, struct loom_poll_run *run) {
  size_t used = 0;
  for (uint64_t key = 0; key < range->key_count; key++)
    used += counts[key] != 0;
  if (!reserve_groups(run, used))
    return false;
  uint32_t place = 0;
  int32_t day = range->day;
  uint64_t key = 0;
  for (; key < range->key_count; day++) {
    for (uint64_t store = 0; store < range->stores; store++, key++) {
      uint32_t count = counts[key];
      if (count == 0)
        continue;
      run->groups[run->group_count++] =
          (struct loom_run_group){day, range->store + (uint32_t)store, count};
      counts[key] = place;
      place += count;
    }
  }
  return true;
}

static bool sort_by_counting(const struct loom_poll_record *records, size_t count,
                             const struct range *range, struct loom_poll_run *run) {
  uint32_t *counts = calloc((size_t)range->key_count, sizeof *counts);
  if (!counts)
    return false;
  for (size_t i = 0; i < count; i++)
    counts[key_of(range, &records[i])]++;
  bool good = list_groups(range, counts, run);
  for (size_t i = 0; good && i < count; i++)
    run->polls[counts[key_of(range, &records[i])]++] = records[i].poll;
  free(counts);
  return good;
}

/* ---- digit by digit ---- */

static void sort_by_digit(const struct loom_poll_record *from, struct loom_poll_record *to,
                          size_t count, const struct range *range, int shift) {
  size_t starts[DIGITS] = {0}, sum = 0;
  for (size_t i = 0; i < count; i++)
    starts[key_of(range, &from[i]) >> shift & (DIGITS - 1)]++;
  for (size_t i = 0; i < DIGITS; i++) {
    size_t here = starts[i];
    starts[i] = sum;
    sum += here;
  }
  for (size_t i = 0; i < count; i++)
    to[starts[key_of(range, &from[i]) >> shift & (DIGITS - 1)]++] = from[i];
}

static bool is_same_group(const struct loom_poll_record *a, const struct loom_poll_record *b) {
  return a->day == b->day && a->store == b->store;
}

/* Takes groups and polls from sorted records. */
static bool take_sorted(const struct loom_poll_record *records, size_t count,
                        struct loom_poll_run *run) {
  size_t used = 1, begin = 0;
  for (size_t i = 1; i < count; i++)
    used += !is_same_group(&records[i], &records[i - 1]);
  if (!reserve_groups(run, used))
    return false;
  for (size_t i = 0; i < count; i++) {
    run->polls[i] = records[i].poll;
    if (i + 1 == count || !is_same_group(&records[i], &records[i + 1])) {
      run->groups[run->group_count++] =
          (struct loom_run_group){records[i].day, records[i].store, (uint32_t)(i + 1 - begin)};
      begin = i + 1;
    }
  }
  return true;
}

static bool sort_by_digits(struct loom_poll_record *records, size_t count,
                           const struct range *range, struct loom_poll_run *run) {
  struct loom_poll_record *spare = malloc(count * sizeof *spare), *from = records, *to = spare;
  if (!spare)
    return false;
  for (int shift = 0; shift < 64 && (range->key_count - 1) >> shift; shift += DIGIT_BITS) {
    sort_by_digit(from, to, count, range, shift);
    struct loom_poll_record *swap = from;
    from = to;
    to = swap;
  }
  bool good = take_sorted(from, count, run);
  free(spare);
  return good;
}

bool loom_poll_run_sort(struct loom_poll_record *records, size_t count, struct loom_poll_run *run) {
  struct range range = range_of(records, count);
  run->poll_count = count;
  if (!reserve(&run->polls, &run->poll_capacity, count, sizeof *run->polls))
    return false;
  if (range.key_count <= (uint64_t)count * KEYS_TO_A_POLL)
    return sort_by_counting(records, count, &range, run);
  return sort_by_digits(records, count, &range, run);
}

void loom_poll_run_free(struct loom_poll_run *run) {
  free(run->groups);
  free(run->polls);
  *run = (struct loom_poll_run){0};
}
