/*
** Tests of taking polls ahead: they are those that the sorter itself gives, however few or many are taken.
*/
#include "storage.h"

#include "read/poll_ahead.h"
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Of so many polls a store and day may have thousands, and there are more groups than a batch takes. */
static loom_poll_sorter *random_polls(uint64_t *state, size_t count, uint64_t stores) {
  loom_error error;
  loom_poll_sorter *sorter = loom_poll_sorter_new(20000);
  assert_non_null(sorter);
  for (size_t i = 0; i < count; i++) {
    struct loom_poll_record record = {
        loom_poll_pack((int64_t)random_below(state, 1 << 20), random_below(state, 2)),
        (uint32_t)random_below(state, stores), (int32_t)random_below(state, 3)};
    assert_status(loom_poll_sorter_add(sorter, &record, 1, NULL, &error), LOOM_OK, &error);
  }
  return sorter;
}

/* A group with its polls, since those of a sorter stay only until the next one. */
struct kept {
  struct loom_poll_group group;
  loom_poll *polls;
};

static struct kept *take_all(loom_poll_sorter *sorter, size_t *count) {
  loom_error error;
  struct loom_poll_group group;
  struct kept *all = NULL;
  loom_status status;
  *count = 0;
  while ((status = loom_poll_sorter_next(sorter, &group, &error)) == LOOM_OK) {
    all = realloc(all, (*count + 1) * sizeof *all);
    all[*count].group = group;
    all[*count].polls = malloc(group.count * sizeof *group.polls);
    memcpy(all[(*count)++].polls, group.polls, group.count * sizeof *group.polls);
  }
  assert_status(status, LOOM_DONE, &error);
  return all;
}

static void free_all(struct kept *all, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(all[i].polls);
  free(all);
}

static void assert_same(const struct loom_poll_group *group, const struct kept *kept) {
  assert_int_equal(group->day, kept->group.day);
  assert_int_equal(group->store, kept->group.store);
  assert_int_equal(group->count, kept->group.count);
  assert_int_equal(group->distinct, kept->group.distinct);
  assert_memory_equal(group->polls, kept->polls, group->count * sizeof *group->polls);
}

/* Takes the first `wanted` groups, or all, and stops there. */
static void assert_takes(loom_poll_sorter *sorter, const struct kept *all, size_t count,
                         size_t wanted) {
  loom_error error;
  struct loom_poll_group group;
  assert_status(loom_poll_sorter_rewind(sorter, &error), LOOM_OK, &error);
  loom_poll_ahead *ahead = loom_poll_ahead_new(sorter);
  assert_non_null(ahead);
  for (size_t i = 0; i < count && i < wanted; i++) {
    assert_status(loom_poll_ahead_next(ahead, &group, &error), LOOM_OK, &error);
    assert_same(&group, &all[i]);
    for (size_t calls = 0; calls < 3; calls++) {
      uint32_t store = loom_poll_ahead_peek(ahead, calls);
      assert_true(store == LOOM_POLL_AHEAD_NONE ||
                  (i + 1 + calls < count && store == all[i + 1 + calls].group.store));
    }
  }
  for (int i = 0; i < 2 && wanted > count; i++)
    assert_int_equal(loom_poll_ahead_next(ahead, &group, &error), LOOM_DONE);
  loom_poll_ahead_free(ahead);
}

static void the_same_as_of_the_sorter(void **test) {
  (void)test;
  static const size_t counts[] = {0, 1, 1000, 120000};
  static const uint64_t stores[] = {1, 2, 5000};
  uint64_t state = 31;
  for (size_t c = 0; c < COUNT_OF(counts); c++) {
    for (size_t s = 0; s < COUNT_OF(stores); s++) {
      size_t count;
      loom_poll_sorter *sorter = random_polls(&state, counts[c], stores[s]);
      struct kept *all = take_all(sorter, &count);
      assert_takes(sorter, all, count, SIZE_MAX);
      for (int i = 0; i < 4; i++) /* and left in the middle */
        assert_takes(sorter, all, count, random_below(&state, count + 1));
      assert_takes(sorter, all, count, SIZE_MAX);
      free_all(all, count);
      loom_poll_sorter_free(sorter);
    }
  }
}

static int open_null(int flags) {
  int file = open("/dev/null", flags);
  assert_true(file >= 0);
  return file;
}

/* That the spill file cannot be read is told after the groups that were read before, and again. */
static void a_failure(void **test) {
  (void)test;
  loom_error error;
  struct loom_poll_group group;
  uint64_t state = 32;
  size_t count, taken = 0;
  int spilled = open_null(O_RDONLY); /* the number that the spill file will have */
  close(spilled);
  loom_poll_sorter *sorter = random_polls(&state, 120000, 5000);
  struct kept *all = take_all(sorter, &count);
  assert_status(loom_poll_sorter_rewind(sorter, &error), LOOM_OK, &error);
  int write_only = open_null(O_WRONLY);
  assert_int_equal(dup2(write_only, spilled), spilled);
  close(write_only);
  loom_poll_ahead *ahead = loom_poll_ahead_new(sorter);
  assert_non_null(ahead);
  loom_status status;
  while ((status = loom_poll_ahead_next(ahead, &group, &error)) == LOOM_OK)
    assert_same(&group, &all[taken++]);
  assert_int_equal(status, LOOM_EIO);
  assert_in_range(taken, 1, count - 1);
  error = (loom_error){0};
  assert_int_equal(loom_poll_ahead_next(ahead, &group, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "temporary file"));
  loom_poll_ahead_free(ahead);
  loom_poll_ahead_free(NULL);
  free_all(all, count);
  loom_poll_sorter_free(sorter);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_as_of_the_sorter),
                                     cmocka_unit_test(a_failure)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
