/*
** Sorting of runs. A day and a store make one key, counted from the least of each. Mostly there are fewer keys than polls, or
** not many more: then the polls of each are counted, and every poll goes straight to its place. Where keys are few and far
** between, the records are sorted first, by a digit of their key at a time.
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
  return array != NULL; // cppcheck-suppress memleak ; *items has it
}

static bool reserve_groups(struct loom_poll_run *run, size_t count) {
  run->group_count = 0;
  return reserve(&run->groups, &run->group_capacity, count, sizeof *run->groups);
}

/* ---- by counting ---- */

/* Lists the numbers that the records span in order of their ranks. */
static void list_stores(const struct range *range, const struct loom_store_ranks *ranks,
                        uint32_t *stores) {
  size_t count = 0;
  for (uint32_t rank = 0; rank < ranks->count; rank++)
    if (ranks->order[rank] - range->store < range->stores) /* one below the least wraps around */
      stores[count++] = ranks->order[rank];
  for (uint64_t i = 0; i < range->stores; i++)
    if (range->store + i >= ranks->count)
      stores[count++] = (uint32_t)(range->store + i);
}

/* Makes a group of each key that has polls, and of its count the place of its first poll. */
static void list_groups(const struct range *range, const struct loom_store_ranks *ranks,
                        const uint32_t *stores, uint32_t *counts, struct loom_poll_run *run) {
  uint32_t place = 0;
  int32_t day = range->day;
  for (uint64_t key = 0; key < range->key_count; key += range->stores, day++) {
    for (uint64_t i = 0; i < range->stores; i++) {
      uint32_t *count_or_place = &counts[key + (stores[i] - range->store)], count = *count_or_place;
      if (count == 0)
        continue;
      run->groups[run->group_count++] =
          (struct loom_run_group){day, loom_rank_of_store(ranks, stores[i]), count};
      *count_or_place = place;
      place += count;
    }
  }
}

/* Counts the polls of each key, and returns how many keys have any. */
static size_t count_polls(const struct loom_poll_record *records, size_t count,
                          const struct range *range, uint32_t *counts) {
  size_t used = 0;
  for (size_t i = 0; i < count; i++)
    used += counts[key_of(range, &records[i])]++ == 0;
  return used;
}

static bool sort_by_counting(const struct loom_poll_record *records, size_t count,
                             const struct range *range, const struct loom_store_ranks *ranks,
                             struct loom_poll_run *run) {
  uint32_t *counts = calloc((size_t)range->key_count, sizeof *counts);
  uint32_t *stores = malloc((size_t)range->stores * sizeof *stores);
  bool good = counts && stores && reserve_groups(run, count_polls(records, count, range, counts));
  if (good) {
    list_stores(range, ranks, stores);
    list_groups(range, ranks, stores, counts, run);
    for (size_t i = 0; i < count; i++)
      run->polls[counts[key_of(range, &records[i])]++] = records[i].poll;
  }
  free(counts);
  free(stores);
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

/* Of records with ranks in place of their stores. */
static bool sort_by_digits(struct loom_poll_record *records, size_t count,
                           struct loom_poll_run *run) {
  struct range range = range_of(records, count);
  struct loom_poll_record *spare = malloc(count * sizeof *spare), *from = records, *to = spare;
  if (!spare)
    return false;
  for (int shift = 0; shift < 64 && (range.key_count - 1) >> shift; shift += DIGIT_BITS) {
    sort_by_digit(from, to, count, &range, shift);
    struct loom_poll_record *swap = from;
    from = to;
    to = swap;
  }
  bool good = take_sorted(from, count, run);
  free(spare);
  return good;
}

bool loom_poll_run_sort(struct loom_poll_record *records, size_t count,
                        const struct loom_store_ranks *ranks, struct loom_poll_run *run) {
  struct range range = range_of(records, count);
  run->poll_count = count;
  if (!reserve(&run->polls, &run->poll_capacity, count, sizeof *run->polls))
    return false;
  if (range.key_count <= (uint64_t)count * KEYS_TO_A_POLL)
    return sort_by_counting(records, count, &range, ranks, run);
  for (size_t i = 0; i < count; i++)
    records[i].store = loom_rank_of_store(ranks, records[i].store);
  return sort_by_digits(records, count, run);
}

void loom_poll_run_free(struct loom_poll_run *run) {
  free(run->groups);
  free(run->polls);
  *run = (struct loom_poll_run){0};
}
