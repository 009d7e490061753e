/*
** Tests of the external sort: whatever the capacity, and so however many runs are spilled, groups come in order of
** (day, store) and polls in order of instant, ties as they went in.
*/
#include "storage.h"

#include "read/poll_sorter.h"
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define STORES 5
#define ORDERED 8 /* stores that are given an order */

struct item {
  struct loom_poll_record record; /* `store` is already mapped */
  uint32_t rank;                  /* of the store among those of a day */
  size_t order;
};

static int compare_items(const void *a, const void *b) {
  const struct item *l = a, *r = b;
  if (l->record.day != r->record.day)
    return l->record.day < r->record.day ? -1 : 1;
  if (l->rank != r->rank)
    return l->rank < r->rank ? -1 : 1;
  int64_t left = loom_poll_instant(l->record.poll), right = loom_poll_instant(r->record.poll);
  if (left != right)
    return left < right ? -1 : 1;
  return l->order < r->order ? -1 : 1;
}

/* A sorter with random polls, and these as they are to come out. */
struct filled {
  loom_poll_sorter *sorter;
  struct item *items;
  size_t count;
};

/* `spread` bounds days and instants: a small one makes ties. */
static struct filled fill(uint64_t *state, size_t capacity, size_t count, uint64_t spread) {
  static const uint32_t numbers[STORES] = {7, 0, 4000000000, 3, 70000};
  struct item *items = calloc(count + 1, sizeof *items);
  struct loom_poll_record *records = calloc(count + 1, sizeof *records);
  loom_poll_sorter *sorter = loom_poll_sorter_new(capacity);
  loom_error error;
  assert_true(items && records && sorter);
  uint32_t order[ORDERED], ranks[ORDERED];
  bool ordered = random_below(state, 2);
  for (uint32_t i = 0; i < ORDERED; i++) { /* any permutation */
    uint32_t at = ordered ? (uint32_t)random_below(state, i + 1) : i;
    order[i] = order[at];
    order[at] = i;
  }
  for (uint32_t i = 0; i < ORDERED; i++)
    ranks[order[i]] = i;
  if (ordered)
    assert_true(loom_poll_sorter_set_order(sorter, order, ORDERED));
  for (size_t i = 0; i < count; i++) {
    int64_t instant = (int64_t)random_below(state, spread) - (int64_t)spread / 2;
    records[i] = (struct loom_poll_record){
        loom_poll_pack(instant, random_below(state, 2)), (uint32_t)random_below(state, STORES),
        (int32_t)random_below(state, spread) - (int32_t)(spread / 2)};
    uint32_t store = numbers[records[i].store];
    items[i] = (struct item){records[i], store < ORDERED ? ranks[store] : store, i};
    items[i].record.store = store;
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
  free(records);
  return (struct filled){sorter, items, count};
}

static void filled_free(struct filled *filled) {
  loom_poll_sorter_free(filled->sorter);
  free(filled->items);
}

/* Takes all groups, which are those of the items; returns how many there were. */
static size_t take_groups(const struct filled *filled) {
  const struct item *items = filled->items;
  struct loom_poll_group group;
  loom_error error;
  size_t at = 0, groups = 0;
  loom_status status;
  for (; (status = loom_poll_sorter_next(filled->sorter, &group, &error)) == LOOM_OK; groups++) {
    assert_true(group.count > 0);
    if (at > 0) /* one group for each store and day */
      assert_true(items[at].record.day != items[at - 1].record.day ||
                  items[at].record.store != items[at - 1].record.store);
    bool distinct = true;
    for (size_t i = 0; i < group.count; i++, at++) {
      distinct = distinct && (i == 0 || loom_poll_instant(items[at - 1].record.poll) <
                                            loom_poll_instant(items[at].record.poll));
      assert_true(at < filled->count);
      assert_int_equal(group.day, items[at].record.day);
      assert_int_equal(group.store, items[at].record.store);
      assert_int_equal(group.polls[i], items[at].record.poll);
    }
    assert_int_equal(group.distinct, distinct);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(at, filled->count);
  assert_int_equal(loom_poll_sorter_next(filled->sorter, &group, &error), LOOM_DONE);
  return groups;
}

static void assert_sorts(uint64_t *state, size_t capacity, size_t count, uint64_t spread) {
  loom_error error;
  struct filled filled = fill(state, capacity, count, spread);
  if (random_below(state, 2)) /* before anything is taken there is nothing to begin anew */
    assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_OK, &error);
  size_t groups = take_groups(&filled);
  for (int i = 0; i < 4; i++) { /* begun anew after none of them, all or some */
    struct loom_poll_group group;
    size_t taken = i == 0 ? 0 : i == 1 ? groups : random_below(state, groups + 1);
    assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_OK, &error);
    while (taken-- > 0)
      assert_status(loom_poll_sorter_next(filled.sorter, &group, &error), LOOM_OK, &error);
    assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_OK, &error);
    assert_int_equal(take_groups(&filled), groups);
  }
  filled_free(&filled);
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

#define SPILLED_BY_THREAD 65536 /* so many at least */

/* Runs that a thread spills, while the next one is filled. */
static void runs_of_a_thread(void **test) {
  (void)test;
  uint64_t state = 15;
  assert_sorts(&state, SPILLED_BY_THREAD, SPILLED_BY_THREAD * 3 + 100, 50);
  assert_sorts(&state, SPILLED_BY_THREAD, SPILLED_BY_THREAD * 2, 1 << 20);
}

/* What fails in the thread is told by who adds more, or takes them, again and again. */
static void a_thread_that_cannot_spill(void **test) {
  (void)test;
  struct loom_poll_record *records = calloc(SPILLED_BY_THREAD, sizeof *records);
  for (int more = 0; more < 2; more++) {
    loom_error error;
    struct loom_poll_group group;
    struct rlimit limit, none;
    loom_poll_sorter *sorter = loom_poll_sorter_new(SPILLED_BY_THREAD);
    assert_true(records && sorter && getrlimit(RLIMIT_FSIZE, &limit) == 0);
    none = (struct rlimit){0, limit.rlim_max};
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    loom_status status = LOOM_OK;
    for (int i = 0; i < 2 + more && status == LOOM_OK; i++)
      status = loom_poll_sorter_add(sorter, records, SPILLED_BY_THREAD, NULL, &error);
    assert_int_equal(status, more ? LOOM_EFULL : LOOM_OK);
    for (int i = 0; i < 2; i++)
      assert_status(loom_poll_sorter_next(sorter, &group, &error), LOOM_EFULL, &error);
    loom_poll_sorter_free(sorter);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, before);
  }
  free(records);
}

static int open_null(int flags) {
  int file = open("/dev/null", flags);
  assert_true(file >= 0);
  return file;
}

/* The spill file cannot be read for a while: that is told, and once it can be, all groups come after a rewind. */
static void spilled_polls_that_cannot_be_read(void **test) {
  (void)test;
  uint64_t state = 14;
  for (int round = 0; round < 40; round++) {
    bool many = round % 3 == 0; /* runs that are read in parts */
    loom_error error;
    struct loom_poll_group group;
    struct stat about;
    loom_status status = LOOM_OK;
    int spilled = open_null(O_RDONLY); /* the number that the spill file will have */
    close(spilled);
    struct filled filled = many ? fill(&state, 10000, 35000, 1 << 30) : fill(&state, 3, 50, 8);
    assert_int_equal(fstat(spilled, &about), 0);
    assert_int_equal(about.st_nlink, 0);
    size_t taken = round < 6 ? 0 : random_below(&state, many ? 30000 : 40);
    for (size_t left = taken; left > 0 && status == LOOM_OK; left--)
      status = loom_poll_sorter_next(filled.sorter, &group, &error);
    bool begun = loom_poll_sorter_rewind(filled.sorter, &error) == LOOM_OK && round % 2;
    if (begun)
      assert_status(loom_poll_sorter_next(filled.sorter, &group, &error), LOOM_OK, &error);
    int kept = dup(spilled), write_only = open_null(O_WRONLY);
    assert_true(kept >= 0 && dup2(write_only, spilled) == spilled);
    if (begun) {
      assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_EIO, &error);
      assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_EIO, &error);
    } else {
      while ((status = loom_poll_sorter_next(filled.sorter, &group, &error)) == LOOM_OK)
        ;
      /* Of short runs that were read before, nothing is left to read. */
      assert_int_equal(status, many || taken == 0 ? LOOM_EIO : LOOM_DONE);
    }
    assert_int_equal(dup2(kept, spilled), spilled);
    close(kept);
    close(write_only);
    assert_status(loom_poll_sorter_rewind(filled.sorter, &error), LOOM_OK, &error);
    take_groups(&filled);
    filled_free(&filled);
  }
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(sorts_at_any_capacity),
                                     cmocka_unit_test(long_runs),
                                     cmocka_unit_test(spilled_polls_that_cannot_be_read),
                                     cmocka_unit_test(nowhere_to_spill),
                                     cmocka_unit_test(leaves_no_file),
                                     cmocka_unit_test(runs_of_a_thread),
                                     cmocka_unit_test(a_thread_that_cannot_spill)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
