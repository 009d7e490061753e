/*
** Tests of the external sort: whatever the capacity, and so however many runs are spilled, groups come in order of
** (day, store) and polls in order of instant, ties as they went in.
*/
#include "storage.h"

#include "poll_sorter.h"
#include "support.h"

#define STORES 5

struct item {
  struct loom_poll_record record; /* `store` is already mapped */
  size_t order;
};

static int compare_items(const void *a, const void *b) {
  const struct item *l = a, *r = b;
  if (l->record.day != r->record.day)
    return l->record.day < r->record.day ? -1 : 1;
  if (l->record.store != r->record.store)
    return l->record.store < r->record.store ? -1 : 1;
  int64_t left = loom_poll_instant(l->record.poll), right = loom_poll_instant(r->record.poll);
  if (left != right)
    return left < right ? -1 : 1;
  return l->order < r->order ? -1 : 1;
}

/* `spread` bounds days and instants: a small one makes ties. */
static void assert_sorts(uint64_t *state, size_t capacity, size_t count, uint64_t spread) {
  static const uint32_t numbers[STORES] = {7, 0, 4000000000, 3, 70000};
  struct item *items = calloc(count + 1, sizeof *items);
  struct loom_poll_record *records = calloc(count + 1, sizeof *records);
  loom_poll_sorter *sorter = loom_poll_sorter_new(capacity);
  loom_error error;
  assert_true(items && records && sorter);
  for (size_t i = 0; i < count; i++) {
    int64_t instant = (int64_t)random_below(state, spread) - (int64_t)spread / 2;
    records[i] = (struct loom_poll_record){
        loom_poll_pack(instant, random_below(state, 2)), (uint32_t)random_below(state, STORES),
        (int32_t)random_below(state, spread) - (int32_t)(spread / 2)};
    items[i] = (struct item){records[i], i};
    items[i].record.store = numbers[records[i].store];
  }
  for (size_t at = 0; at < count;) { /* added in portions of any size */
    size_t part = 1 + random_below(state, 2 * capacity + 3);
    part = part < count - at ? part : count - at;
    assert_status(loom_poll_sorter_add(sorter, records + at, part, numbers, &error), LOOM_OK,
                  &error);
    at += part;
  }
  assert_int_equal(loom_poll_sorter_count(sorter), count);
  qsort(items, count, sizeof *items, compare_items);
  struct loom_poll_group group;
  size_t at = 0;
  loom_status status;
  while ((status = loom_poll_sorter_next(sorter, &group, &error)) == LOOM_OK) {
    assert_true(group.count > 0);
    if (at > 0) /* one group for each store and day */
      assert_true(items[at].record.day != items[at - 1].record.day ||
                  items[at].record.store != items[at - 1].record.store);
    for (size_t i = 0; i < group.count; i++, at++) {
      assert_true(at < count);
      assert_int_equal(group.day, items[at].record.day);
      assert_int_equal(group.store, items[at].record.store);
      assert_int_equal(group.polls[i], items[at].record.poll);
    }
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(at, count);
  assert_int_equal(loom_poll_sorter_next(sorter, &group, &error), LOOM_DONE);
  loom_poll_sorter_free(sorter);
  free(items);
  free(records);
}

static void sorts_at_any_capacity(void **test) {
  (void)test;
  static const size_t capacities[] = {1, 2, 3, 7, 64, 100, 1000};
  static const uint64_t spreads[] = {1, 2, 5, 100, 1 << 20};
  uint64_t state = 12;
  for (size_t c = 0; c < COUNT_OF(capacities); c++)
    for (size_t s = 0; s < COUNT_OF(spreads); s++)
      for (size_t count = 0; count <= 256; count = count < 4 ? count + 1 : count * 4)
        assert_sorts(&state, capacities[c], count, spreads[s]);
  /* Exactly full, one less and one more; groups beyond what insertion sorts. */
  for (size_t count = 199; count <= 201; count++)
    assert_sorts(&state, 100, count, 2);
}

/* Runs longer than the buffer that they are read back with, and groups that reach from one buffer
 * to the next. */
static void long_runs(void **test) {
  (void)test;
  uint64_t state = 13;
  assert_sorts(&state, 10000, 35000, 3);
  assert_sorts(&state, 10000, 35000, 1 << 30);
  assert_sorts(&state, 4096, 4096 * 3, 1);
}

static void nowhere_to_spill(void **state) {
  (void)state;
  static const uint32_t numbers[] = {0};
  struct loom_poll_record records[3] = {{0}};
  loom_error error;
  char *before = getenv("TMPDIR");
  before = before ? strdup(before) : NULL;
  assert_int_equal(setenv("TMPDIR", "/nonexistent/folder", 1), 0);
  loom_poll_sorter *sorter = loom_poll_sorter_new(2);
  assert_status(loom_poll_sorter_add(sorter, records, 2, numbers, &error), LOOM_OK, &error);
  loom_status status = loom_poll_sorter_add(sorter, records, 1, numbers, &error);
  if (before)
    setenv("TMPDIR", before, 1);
  else
    unsetenv("TMPDIR");
  free(before);
  loom_poll_sorter_free(sorter);
  assert_int_equal(status, LOOM_EIO);
  assert_string_equal(error.message,
                      "temporary file: cannot create one (TMPDIR): No such file or directory");
}

/* The spill file has no name: nothing is left, and nothing is seen, in the folder. */
static void leaves_no_file(void **state) {
  (void)state;
  static const uint32_t numbers[] = {0};
  struct loom_poll_record records[10] = {{0}};
  struct loom_poll_group group;
  struct scratch scratch;
  loom_error error;
  char *before = getenv("TMPDIR");
  before = before ? strdup(before) : NULL;
  scratch_begin(&scratch);
  setenv("TMPDIR", scratch.folder, 1);
  loom_poll_sorter *sorter = loom_poll_sorter_new(2);
  assert_status(loom_poll_sorter_add(sorter, records, 10, numbers, &error), LOOM_OK, &error);
  assert_int_equal(scratch_count(&scratch), 0);
  assert_status(loom_poll_sorter_next(sorter, &group, &error), LOOM_OK, &error);
  assert_int_equal(group.count, 10);
  loom_poll_sorter_free(sorter); /* before the end */
  loom_poll_sorter_free(NULL);
  if (before)
    setenv("TMPDIR", before, 1);
  else
    unsetenv("TMPDIR");
  free(before);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sorts_at_any_capacity), cmocka_unit_test(long_runs),
      cmocka_unit_test(nowhere_to_spill), cmocka_unit_test(leaves_no_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
