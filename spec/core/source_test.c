/*
** Tests of how a roster and a feed are joined, with halves that are lists in memory: which stores are chosen, what each half is
** asked for, and that both let go whatever fails.
*/
#include "storage.h"

#include "measure/source.h"
#include "support.h"

/* A store, as the roster of these tests has it. */
struct listed {
  const char *id, *zone;
  bool polled, has_hours;
};

static const struct listed stores[] = {{"a", "", true, false},
                                       {"b", "UTC", false, false},
                                       {"c", "", false, true},
                                       {"d", "", false, false},
                                       {"e", "UTC", true, true}};

/* What is committed while sources begin: as many times as are left, each time that one has begun. */
struct commits {
  int64_t revision;
  int left, opened;
  int may_open; /* readers */
};

struct halves {
  loom_roster roster; /* the first member */
  loom_feed feed;
  struct commits *commits;
  int64_t revision; /* of the snapshot */
  size_t at;
  int begun, filled, fed; /* begun: halves that have begun, and not ended */
  bool freed[2];
  loom_status roster_status, feed_status; /* of what begins */
  struct loom_roster_query stores;
  struct loom_feed_query polls;
};

static struct halves *of_feed(loom_feed *feed) {
  return (struct halves *)((char *)feed - offsetof(struct halves, feed));
}

static loom_status roster_begin(loom_roster *roster, loom_error *error) {
  struct halves *halves = (struct halves *)roster;
  if (halves->roster_status != LOOM_OK)
    return loom_fail(error, halves->roster_status, "roster");
  halves->begun |= 1;
  return LOOM_OK;
}

static loom_status roster_open(loom_roster *roster, const struct loom_roster_query *query,
                               struct loom_common *common, struct loom_roster_order *order,
                               loom_error *error) {
  struct halves *halves = (struct halves *)roster;
  (void)error;
  halves->stores = *query;
  halves->at = 0;
  assert_true(loom_spans_add(&common->exclusions, 1, 2));
  *order = (struct loom_roster_order){COUNT_OF(stores), true};
  return LOOM_OK;
}

static loom_status roster_next(loom_roster *roster, struct loom_store *store, loom_error *error) {
  struct halves *halves = (struct halves *)roster;
  (void)error;
  if (halves->at == COUNT_OF(stores))
    return LOOM_DONE;
  const struct listed *listed = &stores[halves->at++];
  store->id_length = (size_t)snprintf(store->id, sizeof store->id, "%s", listed->id);
  snprintf(store->zone, sizeof store->zone, "%s", listed->zone);
  store->number = (int64_t)halves->at;
  store->polled = listed->polled;
  return LOOM_OK;
}

static loom_status roster_fill(loom_roster *roster, struct loom_store *store, loom_error *error) {
  struct halves *halves = (struct halves *)roster;
  (void)error;
  halves->filled++;
  store->hours.count = 0;
  if (stores[store->number - 1].has_hours)
    assert_true(loom_hours_list_add(&store->hours, (struct loom_hours){0}));
  return LOOM_OK;
}

static void roster_end(loom_roster *roster) {
  ((struct halves *)roster)->begun &= ~1;
}

static void roster_free(loom_roster *roster) {
  ((struct halves *)roster)->freed[0] = true;
}

static loom_status feed_begin(loom_feed *feed, loom_error *error) {
  if (of_feed(feed)->feed_status != LOOM_OK)
    return loom_fail(error, of_feed(feed)->feed_status, "feed");
  struct commits *commits = of_feed(feed)->commits;
  of_feed(feed)->begun |= 2;
  if (commits) {
    of_feed(feed)->revision = commits->revision;
    commits->revision += commits->left > 0;
    commits->left -= commits->left > 0;
  }
  return LOOM_OK;
}

static loom_status feed_state(loom_feed *feed, int64_t *revision, loom_error *error) {
  (void)error;
  assert_true(of_feed(feed)->begun & 2);
  *revision = of_feed(feed)->revision;
  return LOOM_OK;
}

static loom_status feed_newest(loom_feed *feed, int64_t *instant, loom_error *error) {
  (void)feed;
  (void)error;
  *instant = 99;
  return LOOM_OK;
}

static loom_status feed_open(loom_feed *feed, const struct loom_feed_query *query,
                             loom_error *error) {
  (void)error;
  of_feed(feed)->polls = *query;
  return LOOM_OK;
}

static loom_status feed_next(loom_feed *feed, struct loom_store *store, loom_error *error) {
  (void)error;
  of_feed(feed)->fed++;
  assert_true(loom_polls_reserve(&store->polls, 1));
  store->polls.items[store->polls.count++] = store->number * 2;
  return LOOM_OK;
}

static void feed_end(loom_feed *feed) {
  of_feed(feed)->begun &= ~2;
}

static void feed_free(loom_feed *feed) {
  of_feed(feed)->freed[1] = true;
}

static loom_source *make(struct halves *halves) {
  static const struct loom_roster_type roster = {.begin = roster_begin,
                                                 .open = roster_open,
                                                 .next = roster_next,
                                                 .fill = roster_fill,
                                                 .end = roster_end,
                                                 .free = roster_free};
  static const struct loom_feed_type feed = {.begin = feed_begin,
                                             .newest = feed_newest,
                                             .open = feed_open,
                                             .next = feed_next,
                                             .state = feed_state,
                                             .end = feed_end,
                                             .free = feed_free};
  *halves = (struct halves){.roster = {&roster}, .feed = {&feed}};
  loom_source *source = loom_source_new(&halves->roster, &halves->feed);
  assert_non_null(source);
  return source;
}

/* The ids that a selection gives, one after the other; each with one poll unless none are wanted. */
static void assert_gives(struct halves *halves, const struct loom_selection *selection,
                         bool no_polls, const char *expected) {
  char ids[20] = "";
  loom_error error;
  uint64_t most;
  struct loom_common common = {0};
  struct loom_store store = {0};
  loom_source *source = make(halves);
  struct loom_source_query query = {
      .from = 10, .to = 20, .as_of = 30, .no_polls = no_polls, .selection = *selection};
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_int_equal(halves->begun, 3);
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  assert_int_equal(most, COUNT_OF(stores));
  assert_int_equal(common.exclusions.count, 1);
  while (loom_source_next(source, &store, &error) == LOOM_OK) {
    strcat(ids, store.id);
    assert_int_equal(store.polls.count, no_polls ? 0 : 1);
    assert_true(no_polls || store.polls.items[0] == store.number * 2);
  }
  assert_string_equal(ids, expected);
  assert_int_equal(halves->fed, no_polls ? 0 : strlen(expected));
  assert_true(halves->stores.from == 10 && halves->stores.to == 20);
  assert_true(no_polls ||
              (halves->polls.from == 10 && halves->polls.as_of == 30 && halves->polls.in_order));
  loom_source_free(source);
  assert_int_equal(halves->begun, 0);
  assert_true(halves->freed[0] && halves->freed[1]);
  loom_store_free(&store);
  loom_common_free(&common);
}

static void which_stores_are_chosen(void **state) {
  (void)state;
  static const char *const globs[] = {"[bd]", "e"};
  struct halves halves;
  struct loom_id_table ids;
  loom_id_table_init(&ids);
  assert_int_not_equal(loom_id_table_put(&ids, "a", 1), LOOM_NO_NUMBER);
  assert_int_not_equal(loom_id_table_put(&ids, "c", 1), LOOM_NO_NUMBER);
  assert_gives(&halves, &(struct loom_selection){0}, false, "ae");
  assert_gives(&halves, &(struct loom_selection){.all_stores = true}, false, "abce");
  assert_gives(&halves, &(struct loom_selection){.all_stores = true}, true, "abce");
  assert_gives(&halves, &(struct loom_selection){.ids = &ids, .all_stores = true}, false, "ac");
  assert_ptr_equal(halves.stores.ids, &ids);
  struct loom_selection both = {.ids = &ids, .globs = globs, .glob_count = 2};
  assert_gives(&halves, &both, false, "ae");
  assert_null(halves.stores.ids);     /* others may match a pattern */
  assert_int_equal(halves.filled, 2); /* and nothing is read of those that are not wanted */
  loom_id_table_free(&ids);
}

static void both_halves_let_go(void **state) {
  (void)state;
  struct halves halves;
  loom_error error;
  int64_t instant;
  loom_source *source = make(&halves);
  halves.feed_status = LOOM_EIO;
  assert_int_equal(loom_source_snapshot(source, &error), LOOM_EIO);
  assert_string_equal(error.message, "feed");
  assert_int_equal(halves.begun, 0);
  halves.roster_status = LOOM_EBUSY;
  assert_int_equal(loom_source_snapshot(source, &error), LOOM_EBUSY);
  halves.roster_status = halves.feed_status = LOOM_OK;
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_newest(source, &instant, &error), LOOM_OK, &error);
  assert_int_equal(instant, 99);
  loom_source_release(source);
  loom_source_release(source);
  assert_int_equal(halves.begun, 0);
  loom_source_free(source);
  loom_source_free(NULL);
}

static struct halves others[LOOM_READERS_MAX];

static loom_source *open_reader(void *context) {
  struct commits *commits = context;
  if (commits->opened == commits->may_open)
    return NULL;
  loom_source *source = make(&others[commits->opened]);
  others[commits->opened++].commits = commits;
  return source;
}

/* Begins `readers` readers, of which some may be opened, while there are so many commits: how many there are then. */
static unsigned begin_readers(int commit_count, int may_open, unsigned readers) {
  struct halves halves;
  struct commits commits = {.left = commit_count, .may_open = may_open};
  loom_error error;
  loom_source *source = make(&halves);
  halves.commits = &commits;
  source->open_reader = open_reader;
  source->context = &commits;
  assert_status(loom_source_snapshot_for(source, readers, &error), LOOM_OK, &error);
  unsigned begun = loom_source_reader_count(source);
  assert_int_equal(halves.begun, 3);
  for (int i = 0; i < commits.opened; i++) {
    bool has_it = i + 1 < (int)begun;
    assert_int_equal(others[i].begun, has_it ? 3 : 0);
    assert_true(!has_it || others[i].revision == halves.revision);
  }
  assert_ptr_equal(loom_source_reader(source, 0), source);
  loom_source_release(source);
  assert_int_equal(halves.begun | others[0].begun | others[1].begun, 0);
  loom_source_free(source);
  for (int i = 0; i < commits.opened; i++)
    assert_true(others[i].freed[0] && others[i].freed[1]);
  return begun;
}

static void readers_are_of_one_state(void **state) {
  (void)state;
  assert_int_equal(begin_readers(0, 7, 1), 1);
  assert_int_equal(begin_readers(0, 7, 3), 3);
  assert_int_equal(begin_readers(0, 7, 1000), LOOM_READERS_MAX);
  assert_int_equal(begin_readers(0, 1, 3), 2);
  assert_int_equal(begin_readers(0, 0, 3), 1);
  assert_int_equal(begin_readers(1, 7, 3), 3);
  assert_int_equal(begin_readers(5, 7, 3), 3);
  assert_int_equal(begin_readers(1000, 7, 3), 1); /* as many as there are without another try */
}

static void half_a_source_is_none(void **state) {
  (void)state;
  struct halves halves;
  loom_source *source = make(&halves);
  loom_source_free(source);
  halves.freed[0] = halves.freed[1] = false;
  assert_null(loom_source_new(&halves.roster, NULL));
  assert_null(loom_source_new(NULL, &halves.feed));
  assert_true(halves.freed[0] && halves.freed[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(which_stores_are_chosen), cmocka_unit_test(both_halves_let_go),
      cmocka_unit_test(readers_are_of_one_state), cmocka_unit_test(half_a_source_is_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
