/*
** Tests of runs: whatever days and stores the polls are of, few or far between, they come out as a stable sort by comparing
** gives them.
*/
#include "storage.h"

#include "read/poll_run.h"
#include "support.h"
#include "time/civil.h"

struct item {
  struct loom_poll_record record; /* with the rank in place of the store */
  size_t order;
};

static int compare_items(const void *a, const void *b) {
  const struct item *l = a, *r = b;
  if (l->record.day != r->record.day)
    return l->record.day < r->record.day ? -1 : 1;
  if (l->record.store != r->record.store)
    return l->record.store < r->record.store ? -1 : 1;
  return l->order < r->order ? -1 : 1;
}

static void assert_sorts(struct loom_poll_run *run, const struct loom_store_ranks *ranks,
                         uint64_t *state, size_t count, int64_t first_day, uint64_t days,
                         uint64_t first_store, uint64_t stores) {
  struct item *items = calloc(count, sizeof *items);
  struct loom_poll_record *records = calloc(count, sizeof *records);
  assert_true(items && records);
  for (size_t i = 0; i < count; i++) {
    records[i] =
        (struct loom_poll_record){.poll = (loom_poll)random_next(state),
                                  .store = (uint32_t)(first_store + random_below(state, stores)),
                                  .day = (int32_t)(first_day + (int64_t)random_below(state, days))};
    items[i] = (struct item){records[i], i};
    items[i].record.store = loom_rank_of_store(ranks, records[i].store);
  }
  qsort(items, count, sizeof *items, compare_items);
  assert_true(loom_poll_run_sort(records, count, ranks, run));
  assert_int_equal(run->poll_count, count);
  size_t at = 0;
  for (size_t g = 0; g < run->group_count; g++) {
    const struct loom_run_group *group = &run->groups[g];
    assert_true(group->count > 0);
    if (at > 0) /* one group to a store and day */
      assert_true(items[at - 1].record.day != group->day ||
                  items[at - 1].record.store != group->rank);
    for (uint32_t i = 0; i < group->count; i++, at++) {
      assert_true(at < count);
      assert_int_equal(items[at].record.day, group->day);
      assert_int_equal(items[at].record.store, group->rank);
      assert_int_equal(items[at].record.poll, run->polls[at]);
    }
  }
  assert_int_equal(at, count);
  free(items);
  free(records);
}

/* The first stores in any order. */
static struct loom_store_ranks make_ranks(uint64_t *state, uint32_t count) {
  struct loom_store_ranks ranks = {calloc(count + 1, sizeof *ranks.order),
                                   calloc(count + 1, sizeof *ranks.ranks), count};
  assert_true(ranks.order && ranks.ranks);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = (uint32_t)random_below(state, i + 1);
    ranks.order[i] = ranks.order[at];
    ranks.order[at] = i;
  }
  for (uint32_t i = 0; i < count; i++)
    ranks.ranks[ranks.order[i]] = i;
  return ranks;
}

static void sorts_whatever_is_spanned(void **test) {
  (void)test;
  static const size_t counts[] = {1, 2, 3, 100, 5000};
  static const int64_t first_days[] = {0, LOOM_DATE_MIN};
  static const uint64_t spans[] = {1, 2, 30, 3000, 1 << 20, UINT32_MAX};
  static const uint64_t first_stores[] = {0, 7, 4000000000};
  uint64_t state = 31;
  struct loom_poll_run run = {0}; /* used again and again */
  for (size_t c = 0; c < COUNT_OF(counts); c++)
    for (size_t d = 0; d < COUNT_OF(first_days); d++)
      for (size_t day = 0; day < COUNT_OF(spans); day++)
        for (size_t s = 0; s < COUNT_OF(first_stores); s++)
          for (size_t store = 0; store < COUNT_OF(spans); store++) {
            uint64_t days = (uint64_t)(LOOM_DATE_MAX - first_days[d]),
                     stores = UINT32_MAX - first_stores[s];
            days = spans[day] < days ? spans[day] : days;
            stores = spans[store] < stores ? spans[store] : stores;
            struct loom_store_ranks ranks = make_ranks(&state, store % 2 ? 0 : 1000);
            assert_sorts(&run, &ranks, &state, counts[c], first_days[d], days, first_stores[s],
                         stores);
            free(ranks.order);
            free(ranks.ranks);
          }
  loom_poll_run_free(&run);
  loom_poll_run_free(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sorts_whatever_is_spanned)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
