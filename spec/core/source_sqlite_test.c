/*
** Tests of the database as a source: which stores and polls it gives, the neighbours of a range however far away they
** are, the same by look-ups as by a scan, and one snapshot from its beginning to its release.
*/
#include "reports.h"

/* Polls of day D at hour H, from 1970 on. */
static int64_t at(int64_t day, int64_t hour) {
  return day * LOOM_DAY + hour * LOOM_HOUR;
}

static void add_poll(loom_database *database, const char *store, int64_t instant, bool active) {
  char text[200], when[LOOM_TIMESTAMP_SIZE];
  loom_format_timestamp(instant, when);
  snprintf(text, sizeof text, POLLS_HEADER "%s,%s,%s\n", store, active ? "active" : "inactive",
           when);
  load(database, LOOM_POLLS, text);
}

/* Everything a query gives, as text: "id zone | polls as hours since 1970, + for active". */
static struct buffer take_all(loom_database *database, const struct loom_source_query *query,
                              struct loom_common *common) {
  loom_error error;
  uint64_t most;
  size_t count = 0;
  loom_status status;
  struct buffer out = {0};
  struct loom_store store = {0};
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_select(source, query, common, &most, &error), LOOM_OK, &error);
  while ((status = loom_source_next(source, &store, &error)) == LOOM_OK) {
    count++;
    assert_int_equal(strlen(store.id), store.id_length);
    buffer_printf(&out, "%s %s h%zu d%zu e%zu |", store.id, store.zone, store.hours.count,
                  store.special_days.count, store.exclusions.count);
    for (size_t i = 0; i < store.polls.count; i++) {
      int64_t instant = loom_poll_instant(store.polls.items[i]);
      assert_true(i == 0 || instant > loom_poll_instant(store.polls.items[i - 1]));
      buffer_printf(&out, " %lld%c", (long long)(instant / LOOM_HOUR),
                    loom_poll_active(store.polls.items[i]) ? '+' : '-');
    }
    buffer_put(&out, "\n", 1);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(loom_source_next(source, &store, &error), LOOM_DONE);
  assert_true(count <= most);
  loom_store_free(&store);
  loom_source_free(source);
  return out;
}

static void assert_gives(loom_database *database, const struct loom_source_query *query,
                         const char *expected) {
  struct loom_common common = {0};
  struct buffer found = take_all(database, query, &common);
  assert_string_equal(found.bytes ? found.bytes : "", expected);
  buffer_free(&found);
  loom_common_free(&common);
}

static void newest_poll(void **state) {
  (void)state;
  loom_error error;
  int64_t instant;
  loom_database *database = memory_database();
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nz,UTC\n");
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_int_equal(loom_source_newest(source, &instant, &error), LOOM_EEMPTY);
  assert_string_equal(error.message, ":memory:: there are no polls yet");
  loom_source_release(source);
  add_poll(database, "b", at(5, 1), true);
  add_poll(database, "a", at(-3, 2), true);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_newest(source, &instant, &error), LOOM_OK, &error);
  assert_int_equal(instant, at(5, 1));
  loom_source_free(source);
  loom_database_close(database);
}

static void days_with_polls(void **state) {
  (void)state;
  loom_error error;
  const int32_t *days;
  size_t count;
  uint64_t most;
  struct loom_feed_day day;
  struct loom_common common = {0};
  struct loom_store store = {0};
  loom_database *database = memory_database();
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_days(source, &days, &count, &error), LOOM_OK, &error);
  assert_int_equal(count, 0);
  loom_source_release(source);
  add_poll(database, "a", at(-3, 2), true);
  add_poll(database, "a", at(7, 5), true);
  add_poll(database, "a", at(7, 6), true);
  add_poll(database, "b", at(7, 1), false);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_days(source, &days, &count, &error), LOOM_OK, &error);
  assert_int_equal(count, 2);
  assert_int_equal(days[0], -3);
  assert_int_equal(days[1], 7);
  assert_status(loom_source_day(source, 7, &day, &error), LOOM_OK, &error);
  assert_int_equal(day.stores, 2);
  assert_int_equal(day.polls, 3);
  assert_int_equal(day.first, at(7, 1));
  assert_int_equal(day.last, at(7, 6));
  assert_status(loom_source_day(source, 8, &day, &error), LOOM_OK, &error);
  assert_int_equal(day.stores, 0);
  /* Whoever has asked for the days can still read the polls. */
  struct loom_source_query query = {.from = at(-3, 0), .to = at(7, 23), .as_of = at(7, 23)};
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_int_equal(store.polls.count, 3);
  loom_store_free(&store);
  loom_common_free(&common);
  loom_source_free(source);
  loom_database_close(database);
}

/* Whole days are given: polls beyond the range that share a day with it do no harm. */
static void polls_of_a_range(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (int64_t day = -2; day < 5; day++)
    add_poll(database, "a", at(day, 12), day % 2);
  add_poll(database, "b", at(2, 0) - 1, true);
  struct loom_source_query query = {.from = at(0, 12), .to = at(2, 0), .as_of = at(10, 0)};
  assert_gives(database, &query, "a  h0 d0 e0 | 12- 36+ 60-\nb  h0 d0 e0 | 47+\n");
  query.to = at(2, 0) - 1;
  assert_gives(database, &query, "a  h0 d0 e0 | 12- 36+\nb  h0 d0 e0 | 47+\n");
  query.from = query.to = at(100, 0);
  assert_gives(database, &query, "a  h0 d0 e0 |\nb  h0 d0 e0 |\n");
  loom_database_close(database);
}

static void neighbours(void **state) {
  (void)state;
  loom_database *database = memory_database();
  add_poll(database, "far", at(10, 1), true); /* of several earlier polls, the last one counts */
  add_poll(database, "far", at(10, 5), false);
  add_poll(database, "far", at(900, 3), true); /* and the first of several later ones */
  add_poll(database, "far", at(900, 7), false);
  add_poll(database, "far", at(901, 0), false);
  add_poll(database, "in", at(500, 12), true);
  add_poll(database, "before", at(500, 2), true); /* of the range's own day, yet before it */
  add_poll(database, "before", at(20, 2), false);
  add_poll(database, "late", at(905, 2), true);
  add_poll(database, "days", at(499, 23), true);
  add_poll(database, "days", at(501, 1), false);
  struct loom_source_query query = {
      .from = at(500, 10), .to = at(500, 20), .neighbours = true, .as_of = at(902, 0)};
  /* The later block comes whole; what is past as_of counts for nothing and may be there or not. */
  assert_gives(database, &query,
               "far  h0 d0 e0 | 245- 21603+ 21607-\n"
               "in  h0 d0 e0 | 12012+\n"
               "before  h0 d0 e0 | 12002+\n"
               "late  h0 d0 e0 |\n"
               "days  h0 d0 e0 | 11999+ 12025-\n");
  query.as_of = at(899, 23); /* no neighbour after as_of's day */
  assert_gives(database, &query,
               "far  h0 d0 e0 | 245-\n"
               "in  h0 d0 e0 | 12012+\n"
               "before  h0 d0 e0 | 12002+\n"
               "late  h0 d0 e0 |\n"
               "days  h0 d0 e0 | 11999+ 12025-\n");
  query.as_of = query.to;
  assert_gives(database, &query,
               "far  h0 d0 e0 | 245-\n"
               "in  h0 d0 e0 | 12012+\n"
               "before  h0 d0 e0 | 12002+\n"
               "late  h0 d0 e0 |\n"
               "days  h0 d0 e0 | 11999+\n");
  query.neighbours = false;
  query.as_of = at(902, 0);
  assert_gives(database, &query,
               "far  h0 d0 e0 |\nin  h0 d0 e0 | 12012+\nbefore  h0 d0 e0 | 12002+\n"
               "late  h0 d0 e0 |\ndays  h0 d0 e0 |\n");
  loom_database_close(database);
}

#define DAYS 40
#define STORES 5

/* Against a plain search: the nearest polls around any range are among those given, and those
 * within it are all. */
static void neighbours_of_random_ranges(void **test) {
  (void)test;
  uint64_t state = 4;
  signed char polls[STORES][DAYS * 24] = {0}; /* by hour; 1 inactive, 2 active */
  struct buffer text = {0};
  loom_error error;
  loom_database *database = memory_database();
  buffer_printf(&text, POLLS_HEADER);
  for (int i = 0; i < 100; i++) {
    unsigned store = (unsigned)random_below(&state, STORES);
    /* Only every third day has polls at all. */
    unsigned hour =
        (unsigned)random_below(&state, DAYS / 3) * 72 + (unsigned)random_below(&state, 24);
    char when[LOOM_TIMESTAMP_SIZE];
    if (polls[store][hour])
      continue;
    polls[store][hour] = (signed char)(1 + random_below(&state, 2));
    loom_format_timestamp(hour * LOOM_HOUR, when);
    buffer_printf(&text, "%u,%s,%s\n", store, polls[store][hour] == 2 ? "active" : "inactive",
                  when);
  }
  load(database, LOOM_POLLS, text.bytes);
  buffer_free(&text);
  for (int round = 0; round < 300; round++) {
    struct loom_common common = {0};
    struct loom_store store = {0};
    uint64_t most;
    int from = (int)random_below(&state, DAYS * 24), to = from + (int)random_below(&state, 100);
    int as_of = to + (int)random_below(&state, 300);
    struct loom_source_query query = {.from = from * LOOM_HOUR,
                                      .to = to * LOOM_HOUR,
                                      .neighbours = true,
                                      .as_of = as_of * LOOM_HOUR};
    loom_source *source = loom_source_sqlite(database);
    assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
    assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
    while (loom_source_next(source, &store, &error) == LOOM_OK) {
      const signed char *known = polls[store.id[0] - '0'];
      int before = from - 1, after = to + 1;
      bool given[DAYS * 24] = {false};
      while (before >= 0 && !known[before])
        before--;
      while (after < DAYS * 24 && !known[after])
        after++;
      for (size_t i = 0; i < store.polls.count; i++) {
        int64_t hour = loom_poll_instant(store.polls.items[i]) / LOOM_HOUR;
        assert_in_range(hour, 0, DAYS * 24 - 1);
        assert_int_equal(known[hour], loom_poll_active(store.polls.items[i]) ? 2 : 1);
        given[hour] = true;
      }
      for (int hour = from; hour <= to && hour < DAYS * 24; hour++)
        assert_int_equal(given[hour], known[hour] != 0);
      assert_true(before < 0 || given[before]);
      assert_true(after >= DAYS * 24 || after > as_of || given[after]);
    }
    loom_source_free(source);
    loom_store_free(&store);
    loom_common_free(&common);
  }
  loom_database_close(database);
}

static void which_stores(void **state) {
  (void)state;
  static const char *const globs[] = {"polled*", "[hz]?ne*"};
  loom_database *database = memory_database();
  add_poll(database, "polled", at(1, 0), true);
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\nhours,0,09:00,17:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nzone,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\nspecial,2023-01-01,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\nexcluded,2023-01-01 00:00:00,2023-01-02 00:00:00\n");
  struct loom_source_query query = {.from = 0, .to = at(2, 0), .as_of = at(2, 0)};
  assert_gives(database, &query, "polled  h0 d0 e0 | 24+\n");
  query.selection.all_stores = true;
  assert_gives(database, &query,
               "polled  h0 d0 e0 | 24+\nhours  h1 d0 e0 |\nzone Asia/Tokyo h0 d0 e0 |\n");
  query.selection.globs = globs;
  query.selection.glob_count = 2;
  assert_gives(database, &query, "polled  h0 d0 e0 | 24+\nzone Asia/Tokyo h0 d0 e0 |\n");
  query.selection.glob_count = 1;
  assert_gives(database, &query, "polled  h0 d0 e0 | 24+\n");
  query.selection.globs = (const char *const[]){"POLLED"}; /* case counts */
  assert_gives(database, &query, "");
  loom_database_close(database);
}

/* ---- looking up ---- */

static void put_schedule(struct buffer *out, const struct loom_special_days *days,
                         const struct loom_spans *exclusions) {
  for (size_t i = 0; i < days->count; i++)
    buffer_printf(out, " d%d:%d-%d", (int)days->items[i].date, (int)days->items[i].open,
                  (int)days->items[i].close);
  for (size_t i = 0; i < exclusions->count; i++)
    buffer_printf(out, " e%lld-%lld", (long long)exclusions->items[i].start,
                  (long long)exclusions->items[i].end);
}

/* Everything about the stores of a query, in their order, each with its line; the line of every store comes first. */
struct given {
  struct line {
    char id[LOOM_ID_MAX + 1];
    struct buffer text;
  } lines[300];
  size_t count;
  uint64_t most;
};

static int compare_lines(const void *a, const void *b) {
  return strcmp(((const struct line *)a)->id, ((const struct line *)b)->id);
}

static void put_line(struct given *given, const struct loom_store *store) {
  struct line *line = &given->lines[given->count++];
  assert_true(given->count < COUNT_OF(given->lines));
  memcpy(line->id, store->id, store->id_length + 1);
  buffer_printf(&line->text, "%s", store->zone);
  for (size_t i = 0; i < store->hours.count; i++)
    buffer_printf(&line->text, " h%d/%d/%d/%d", (int)store->hours.items[i].from,
                  (int)store->hours.items[i].weekday, (int)store->hours.items[i].open,
                  (int)store->hours.items[i].close);
  put_schedule(&line->text, &store->special_days, &store->exclusions);
  for (size_t i = 0; i < store->polls.count; i++)
    buffer_printf(&line->text, " p%lld", (long long)store->polls.items[i]);
}

/* What the readers that have begun give, which are asked by turns in random order. */
static void take_lines_of_readers(loom_source *source, const struct loom_source_query *query,
                                  uint64_t *random, struct given *given) {
  loom_error error;
  struct loom_common common = {0};
  struct loom_store store = {0};
  unsigned readers = loom_source_reader_count(source), left = (1u << readers) - 1;
  *given = (struct given){.count = 1};
  assert_status(loom_source_select(source, query, &common, &given->most, &error), LOOM_OK, &error);
  put_schedule(&given->lines[0].text, &common.special_days, &common.exclusions);
  while (left) {
    unsigned reader = (unsigned)random_below(random, readers);
    loom_status status = loom_source_next(loom_source_reader(source, reader), &store, &error);
    if (status == LOOM_OK) {
      assert_true(left & 1u << reader);
      put_line(given, &store);
    } else {
      assert_status(status, LOOM_DONE, &error);
      left &= ~(1u << reader);
    }
  }
  assert_int_equal(loom_source_next(source, &store, &error), LOOM_DONE);
  assert_true(given->count - 1 <= given->most);
  qsort(given->lines, given->count, sizeof *given->lines, compare_lines);
  loom_source_release(source);
  loom_store_free(&store);
  loom_common_free(&common);
}

static void take_lines(loom_source *source, const struct loom_source_query *query,
                       struct given *given) {
  loom_error error;
  uint64_t random = 0;
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  take_lines_of_readers(source, query, &random, given);
}

static void assert_same_lines(const struct given *a, const struct given *b) {
  assert_int_equal(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) {
    assert_string_equal(a->lines[i].id, b->lines[i].id);
    assert_buffer_equal(&a->lines[i].text, &b->lines[i].text);
  }
}

static void free_lines(struct given *given) {
  for (size_t i = 0; i < given->count; i++)
    buffer_free(&given->lines[i].text);
}

/* A pattern that matches nothing makes the source scan for the same ids. */
static void looking_up_is_like_scanning(void **test) {
  (void)test;
  static const char *const nothing[] = {"[^*-\xff]"};
  static struct given scanned, looked_up;
  uint64_t random = 71;
  loom_database *database = many_stores(250, 13);
  execute(database,
          "INSERT INTO hours_week SELECT number, 'override', '2023-01-20', 0, x'' FROM store"
          " WHERE number % 6 = 0");
  uint64_t stores = (uint64_t)number(database, "SELECT count(*) FROM store");
  assert_true(stores > 16 * 14); /* up to so many ids are looked up */
  loom_source *source = loom_source_sqlite(database);
  for (int round = 0; round < 300; round++) {
    struct loom_id_table ids;
    struct loom_window window = random_window(&random);
    int64_t to = window.length ? instant("2023-01-23 00:00:00") : window.to;
    struct loom_source_query query = {.from = window.length ? to - window.length : window.from,
                                      .to = to,
                                      .neighbours = random_below(&random, 3) > 0,
                                      .no_polls = random_below(&random, 5) == 0,
                                      .as_of =
                                          to + random_between(&random, -LOOM_DAY, 9 * LOOM_DAY),
                                      .selection.all_stores = random_below(&random, 2),
                                      .selection.ids = &ids,
                                      .selection.globs = nothing};
    loom_id_table_init(&ids);
    for (uint64_t wanted = random_below(&random, 15); wanted > 0; wanted--) {
      char sql[100];
      struct buffer id = {0};
      snprintf(sql, sizeof sql, "SELECT store_id FROM store WHERE number = %u",
               (unsigned)random_below(&random, stores + 10));
      dump_query(database, sql, &id); /* "LENGTH:ID \n" */
      size_t length = id.length ? (size_t)strtol(id.bytes, NULL, 10) : 0;
      loom_id_table_put(&ids, length ? strchr(id.bytes, ':') + 1 : "nobody", length ? length : 6);
      buffer_free(&id);
    }
    take_lines(source, &query, &looked_up);
    assert_int_equal(looked_up.most, ids.count); /* so this is what looks up */
    query.selection.glob_count = 1;
    take_lines(source, &query, &scanned);
    assert_int_equal(scanned.most, stores);
    assert_same_lines(&scanned, &looked_up);
    for (size_t i = 0; i < scanned.count; i++) {
      assert_true(!query.no_polls ||
                  !strstr(scanned.lines[i].text.bytes ? scanned.lines[i].text.bytes : "", " p"));
    }
    free_lines(&scanned);
    free_lines(&looked_up);
    loom_id_table_free(&ids);
  }
  loom_source_free(source);
  loom_database_close(database);
}

/* Each store comes from one reader, whatever gaps the stores' numbers have, and all are of the state that was there first. */
static void readers_share_the_stores_out(void **test) {
  (void)test;
  static struct given by_one, by_readers;
  loom_error error;
  uint64_t random = 73;
  struct scratch scratch;
  struct loom_id_table ids;
  loom_id_table_init(&ids);
  scratch_begin(&scratch);
  loom_database *database = stores_far_apart(&scratch, 15), *writer = open_database(scratch.path);
  loom_source *source = loom_source_sqlite(database);
  for (int round = 0; round < 60; round++) {
    int64_t from = instant("2023-01-18 00:00:00") + random_between(&random, 0, 5 * LOOM_DAY);
    unsigned readers = 1 + (unsigned)random_below(&random, 4);
    struct loom_source_query query = {.from = from,
                                      .to = from + random_between(&random, 1, 5 * LOOM_DAY),
                                      .neighbours = round % 2,
                                      .as_of = from + LOOM_DAY,
                                      .selection.all_stores = random_below(&random, 2),
                                      .selection.ids = round % 5 ? NULL : &ids};
    take_lines(source, &query, &by_one);
    assert_status(loom_source_snapshot_for(source, readers, &error), LOOM_OK, &error);
    assert_int_equal(loom_source_reader_count(source), readers);
    execute(writer, "DELETE FROM exclusion WHERE number IN (SELECT max(number) FROM exclusion)");
    execute(writer, "UPDATE overall SET revision = revision + 1");
    take_lines_of_readers(source, &query, &random, &by_readers);
    assert_same_lines(&by_one, &by_readers);
    if (by_one.count > 1)
      loom_id_table_put(&ids, by_one.lines[1].id, strlen(by_one.lines[1].id));
    free_lines(&by_one);
    free_lines(&by_readers);
  }
  loom_source_free(source);
  loom_id_table_free(&ids);
  loom_database_close(writer);
  loom_database_close(database);
  scratch_end(&scratch);
}

/* Schedules without polls are those with them, less the polls; the days that hold polls are not even looked for. */
static void without_polls(void **test) {
  (void)test;
  static struct given with, without;
  uint64_t random = 72;
  loom_database *database = many_stores(100, 14);
  loom_source *source = loom_source_sqlite_shared(database);
  for (int round = 0; round < 20; round++) {
    int64_t from = instant("2023-01-18 00:00:00") + random_between(&random, 0, 5 * LOOM_DAY);
    struct loom_source_query query = {.from = from,
                                      .to = from + random_between(&random, 1, 5 * LOOM_DAY),
                                      .neighbours = round % 2,
                                      .as_of = from + LOOM_DAY,
                                      .selection.all_stores = round % 3};
    take_lines(source, &query, &with);
    query.no_polls = true;
    take_lines(source, &query, &without);
    assert_int_equal(with.count, without.count);
    for (size_t i = 0; i < with.count; i++) {
      char *polls = with.lines[i].text.bytes ? strstr(with.lines[i].text.bytes, " p") : NULL;
      if (polls)
        with.lines[i].text.length = (size_t)(polls - with.lines[i].text.bytes);
      assert_buffer_equal(&with.lines[i].text, &without.lines[i].text);
    }
    free_lines(&with);
    free_lines(&without);
  }
  execute(database, "UPDATE poll_block SET day = day + 3000000, polls = x'00'");
  struct loom_source_query query = {.to = LOOM_DAY, .no_polls = true, .selection.all_stores = true};
  take_lines(source, &query, &without);
  assert_true(without.count > 50);
  free_lines(&without);
  loom_source_free(source);
  loom_database_close(database);
}

/* Hours, special days and exclusions go to their own stores, and those of every store are apart. */
static void what_belongs_to_whom(void **state) {
  (void)state;
  loom_error error;
  uint64_t most;
  struct loom_common common = {0};
  struct loom_store store = {0};
  loom_database *database = memory_database();
  load(
      database, LOOM_POLLS,
      POLLS_HEADER
      "a,active,1970-01-01 00:00:00\nb,active,1970-01-01 00:00:00\nc,active,1970-01-01 00:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\nc,2,10:00,11:00,1970-01-03\nc,"
       "1,09:00,17:00,\n"
       "a,0,closed,,1970-01-02\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close\n*,1970-01-05,,\nb,1970-01-04,01:00,02:00\nb,1970-01-04,03:00,04:"
       "00\n*,1970-01-03,05:00,06:00\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc\nb,1970-01-01 00:00:00,1970-01-01 00:00:01\n*,1970-01-01 "
       "00:00:02,1970-01-01 00:00:03\n");
  struct loom_source_query query = {.from = 0, .to = 4 * LOOM_SECOND, .as_of = 4 * LOOM_SECOND};
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  assert_int_equal(most, 3);
  assert_int_equal(common.special_days.count, 2);
  assert_int_equal(common.special_days.items[0].date, 2);
  assert_int_equal(common.special_days.items[0].open, 5 * 3600);
  assert_int_equal(common.special_days.items[1].open, LOOM_CLOSED);
  assert_int_equal(common.exclusions.count, 1);
  assert_int_equal(common.exclusions.items[0].start, 2 * LOOM_SECOND);

  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_string_equal(store.id, "a");
  assert_int_equal(store.hours.count, 1);
  assert_int_equal(store.hours.items[0].from, 1);
  assert_int_equal(store.hours.items[0].open, LOOM_CLOSED);
  assert_int_equal(store.special_days.count + store.exclusions.count, 0);
  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_string_equal(store.id, "b");
  assert_int_equal(store.hours.count, 0);
  assert_int_equal(store.special_days.count, 2);
  assert_int_equal(store.special_days.items[1].close, 4 * 3600);
  assert_int_equal(store.exclusions.count, 1);
  assert_int_equal(store.exclusions.items[0].end, LOOM_SECOND);
  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_string_equal(store.id, "c");
  assert_int_equal(store.hours.count, 2);
  assert_int_equal(store.hours.items[0].from, LOOM_ALWAYS);
  assert_int_equal(store.hours.items[0].weekday, 1);
  assert_int_equal(store.hours.items[1].from, 2);
  assert_int_equal(store.special_days.count + store.exclusions.count, 0);
  assert_int_equal(loom_source_next(source, &store, &error), LOOM_DONE);
  loom_store_free(&store);
  loom_common_free(&common);
  loom_source_free(source);
  loom_database_close(database);
}

/* ---- overrides ---- */

static void put_span(struct buffer *out, int32_t open, int32_t close) {
  if (open == LOOM_CLOSED || open == LOOM_NO_HOURS)
    buffer_printf(out, " %s", open == LOOM_CLOSED ? "closed" : "none");
  else
    buffer_printf(out, " %d-%d", (int)open / 3600, (int)close / 3600);
}

static void put_days(struct buffer *out, const struct loom_special_days *days) {
  for (size_t i = 0; i < days->count; i++) {
    buffer_printf(out, " day %d", (int)days->items[i].date);
    put_span(out, days->items[i].open, days->items[i].close);
  }
}

/* All stores in order of number: "ID ZONE from DATE WEEKDAY: H-H ... day DATE H-H ...", after the days of every store. */
static void assert_schedules(loom_database *database, const char *expected) {
  loom_error error;
  uint64_t most;
  loom_status status;
  struct buffer found = {0};
  struct loom_common common = {0};
  struct loom_store store = {0};
  struct loom_source_query query = {
      .to = LOOM_DAY, .as_of = LOOM_DAY, .selection.all_stores = true};
  loom_source *source = loom_source_sqlite(database);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  if (common.special_days.count)
    buffer_printf(&found, "*");
  put_days(&found, &common.special_days);
  buffer_printf(&found, common.special_days.count ? "\n" : "");
  while ((status = loom_source_next(source, &store, &error)) == LOOM_OK) {
    buffer_printf(&found, "%s %s", store.id, store.zone);
    for (size_t i = 0; i < store.hours.count; i++) {
      struct loom_hours hours = store.hours.items[i];
      bool first = i == 0 || store.hours.items[i - 1].from != hours.from;
      if (first && hours.from == LOOM_ALWAYS)
        buffer_printf(&found, " always");
      else if (first)
        buffer_printf(&found, " from %d", (int)hours.from);
      if (hours.open >= 0)
        buffer_printf(&found, " %d:", (int)hours.weekday);
      put_span(&found, hours.open, hours.close);
    }
    put_days(&found, &store.special_days);
    buffer_put(&found, "\n", 1);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_string_equal(found.bytes ? found.bytes : "", expected);
  buffer_free(&found);
  loom_store_free(&store);
  loom_common_free(&common);
  loom_source_free(source);
}

#define HOURS_HEADER "store_id,day,start_time_local,end_time_local,effective_from\n"
#define DAYS_HEADER "store_id,date,open,close\n"
#define H 3600

static void overrides_of_hours(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_HOURS,
       HOURS_HEADER
       "a,0,09:00,17:00,\na,1,09:00,17:00,\na,2,08:00,12:00,1970-01-20\n"
       "b,0,09:00,17:00,\nd,3,closed,,\ne,4,10:00,11:00,1970-01-09\n");
  override_hours(database, "a", "1970-01-11", 5, 10 * H, 14 * H);
  override_hours(database, "a", "1970-01-11", 5, 16 * H, 18 * H);
  assert_schedules(database,
                   "a  always 0: 9-17 1: 9-17 from 10 5: 10-14 5: 16-18\n"
                   "b  always 0: 9-17\nd  always closed\ne  from 8 4: 10-11\n");
  /* Reverting gives what the file says of the date, not what it said before. */
  override_week(database, "a", "1970-01-25", true);
  assert_schedules(database,
                   "a  always 0: 9-17 1: 9-17 from 10 5: 10-14 5: 16-18 from 24 2: 8-12\n"
                   "b  always 0: 9-17\nd  always closed\ne  from 8 4: 10-11\n");
  /* Closed; for always; in place of closed and back; and of stores that have no hours otherwise. */
  override_week(database, "b", "1970-01-03", false);
  override_hours(database, "d", "0001-01-01", 6, 0, 24 * H);
  override_week(database, "d", "1970-01-03", true);
  override_hours(database, "e", "1970-01-03", 1, H, 2 * H);
  override_week(database, "e", "1970-01-05", true);
  override_hours(database, "f", "1970-01-02", 1, H, 2 * H);
  override_week(database, "f", "1970-01-04", true);
  override_hours(database, "g", "0001-01-01", 1, H, 2 * H);
  assert_schedules(database,
                   "a  always 0: 9-17 1: 9-17 from 10 5: 10-14 5: 16-18 from 24 2: 8-12\n"
                   "b  always 0: 9-17 from 2 closed\n"
                   "d  always 6: 0-24 from 2 closed\n"
                   "e  from 2 1: 1-2 from 4 none from 8 4: 10-11\n"
                   "f  from 1 1: 1-2 from 3 none\n"
                   "g  always 1: 1-2\n");
  execute(database, "DELETE FROM hours_week WHERE origin = 'file'");
  assert_schedules(database,
                   "a  from 10 5: 10-14 5: 16-18 from 24 none\n"
                   "b  from 2 closed\n"
                   "d  always 6: 0-24 from 2 none\n"
                   "e  from 2 1: 1-2 from 4 none\n"
                   "f  from 1 1: 1-2 from 3 none\n"
                   "g  always 1: 1-2\n");
  loom_database_close(database);
}

static void overrides_of_zones(void **state) {
  (void)state;
  loom_database *database = memory_database();
  add_poll(database, "polled", 0, true);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,UTC\n");
  override_timezone(database, "b", "Asia/Tokyo");
  override_timezone(database, "c", "Asia/Kolkata"); /* known from its override alone */
  assert_schedules(database, "polled \na UTC\nb Asia/Tokyo\nc Asia/Kolkata\n");
  execute(database, "UPDATE store SET timezone_override = NULL");
  assert_schedules(database, "polled \na UTC\nb UTC\n");
  loom_database_close(database);
}

static void overrides_of_special_days(void **state) {
  (void)state;
  loom_database *database = memory_database();
  add_poll(database, "a", 0, true);
  add_poll(database, "b", 0, true);
  load(database, LOOM_SPECIAL_DAYS,
       DAYS_HEADER
       "a,1970-01-02,08:00,09:00\na,1970-01-02,10:00,11:00\na,1970-01-03,,\n"
       "*,1970-01-02,,\n*,1970-01-04,12:00,13:00\nb,1970-01-02,01:00,02:00\n");
  override_day(database, "a", "1970-01-02", 20 * H, 22 * H, "");
  override_day(database, "a", "1970-01-02", 23 * H, 24 * H, "");
  override_day(database, "a", "1970-01-05", -1, -1, "");
  override_day(database, "a", "1970-01-01", H, 2 * H, "");
  assert_schedules(database,
                   "* day 1 closed day 3 12-13\n"
                   "a  day 0 1-2 day 1 20-22 day 1 23-24 day 2 closed day 4 closed\n"
                   "b  day 1 1-2\n");
  /* Of every store: the file's rows of every store go, a store's own stay and beat it. */
  override_day(database, "*", "1970-01-02", 5 * H, 6 * H, "");
  override_day(database, "*", "1970-01-04", -1, -1, "");
  override_day(database, "b", "1970-01-02", -1, -1, "");
  assert_schedules(database,
                   "* day 1 5-6 day 3 closed\n"
                   "a  day 0 1-2 day 1 20-22 day 1 23-24 day 2 closed day 4 closed\n"
                   "b  day 1 closed\n");
  loom_database_close(database);
}

/* Stores take turns at having overrides, so that each list is handed on to the next. */
static void lists_go_from_store_to_store(void **state) {
  (void)state;
  struct buffer hours = {0}, expected = {0};
  loom_database *database = memory_database();
  buffer_printf(&hours, HOURS_HEADER);
  for (int i = 10; i < 60; i++)
    for (int day = 0; i % 3 && day < i % 7; day++)
      buffer_printf(&hours, "s%d,%d,%02d:00,%02d:00,\n", i, day, i % 10, 10 + day);
  load(database, LOOM_HOURS, hours.bytes);
  for (int i = 10; i < 60; i++) {
    char id[20];
    snprintf(id, sizeof id, "s%d", i);
    if (i % 5 == 0)
      override_hours(database, id, "1971-01-01", i % 7, i / 10 * H, 24 * H);
  }
  /* In order of number, which is that of the file, and then of what came after it. */
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 10; i < 60; i++) {
      bool in_file = i % 3 && i % 7;
      if (in_file != (pass == 0) || (!in_file && i % 5))
        continue;
      buffer_printf(&expected, "s%d %s", i, in_file ? " always" : "");
      for (int day = 0; in_file && day < i % 7; day++)
        buffer_printf(&expected, " %d: %d-%d", day, i % 10, 10 + day);
      if (i % 5 == 0)
        buffer_printf(&expected, " from 365 %d: %d-24", i % 7, i / 10);
      buffer_put(&expected, "\n", 1);
    }
  }
  assert_schedules(database, expected.bytes);
  buffer_free(&hours);
  buffer_free(&expected);
  loom_database_close(database);
}

/* A store whose hours could be read in part leaves none of them to the next reading. */
static void a_failure_leaves_no_hours_behind(void **state) {
  (void)state;
  loom_error error;
  uint64_t most;
  struct loom_common common = {0};
  struct loom_store store = {0};
  struct loom_source_query query = {.to = LOOM_DAY, .as_of = LOOM_DAY};
  loom_database *database = memory_database();
  add_poll(database, "a", 0, true);
  load(database, LOOM_HOURS, HOURS_HEADER "a,0,09:00,17:00,\na,1,09:00,17:00,1970-01-02\n");
  override_week(database, "a", "1970-01-05", false);
  override_week(database, "a", "x", false);
  loom_source *source = loom_source_sqlite(database);
  for (int attempt = 0; attempt < 2; attempt++) {
    assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
    assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
    assert_int_equal(loom_source_next(source, &store, &error), attempt ? LOOM_OK : LOOM_ECORRUPT);
    loom_source_release(source);
    execute(database, "DELETE FROM hours_week WHERE effective_from = 'x' OR origin = 'override'");
  }
  assert_int_equal(store.hours.count, 2);
  assert_int_equal(store.hours.items[1].from, 1);
  loom_store_free(&store);
  loom_common_free(&common);
  loom_source_free(source);
  loom_database_close(database);
}

/* What others commit meanwhile is not seen, in no table; a released source begins anew. */
static void one_snapshot(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  uint64_t most;
  struct loom_common common = {0};
  struct loom_store store = {0};
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *reader = open_database(path), *writer = open_database(path);
  add_poll(writer, "a", at(1, 0), true);
  loom_source *source = loom_source_sqlite(reader);
  struct loom_source_query query = {.from = 0, .to = at(9, 0), .as_of = at(9, 0)};
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  add_poll(writer, "a", at(2, 0), true);
  add_poll(writer, "b", at(2, 0), true);
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  assert_int_equal(most, 1);
  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_int_equal(store.polls.count, 1);
  assert_int_equal(loom_source_next(source, &store, &error), LOOM_DONE);
  loom_source_release(source);
  assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
  assert_status(loom_source_select(source, &query, &common, &most, &error), LOOM_OK, &error);
  assert_int_equal(most, 2);
  assert_status(loom_source_next(source, &store, &error), LOOM_OK, &error);
  assert_int_equal(store.polls.count, 2);
  loom_source_free(source); /* without a release: it releases itself */
  add_poll(reader, "c", at(2, 0), true);
  loom_store_free(&store);
  loom_common_free(&common);
  loom_database_close(reader);
  loom_database_close(writer);
  scratch_end(&scratch);
}

static void damage_is_told(void **state) {
  (void)state;
  static const struct {
    const char *sql, *message;
  } cases[] = {
      {"UPDATE poll_block SET polls = x'00'",
       "a block of polls has a length that is not a multiple of 8"},
      {"INSERT INTO hours_week VALUES(1, 'file', '2023-02-30', 0, x'')", "hours cannot be read"},
      {"INSERT INTO hours_week VALUES(1, 'override', '', 1, x'')", "hours cannot be read"},
      {"INSERT INTO hours_week VALUES(1, 'override', '2023-02-20', 1, x'0000000001')",
       "hours cannot be read"},
      {"INSERT INTO hours_week VALUES(1, 'file', '2023-02-20', 0, x'00000001')",
       "hours cannot be read"},
      {"INSERT INTO hours_week VALUES(1, 'file', '2023-02-20', 0, x'00000000020000000001')",
       "hours cannot be read"},
      {"INSERT INTO special_day VALUES(1, 'x', NULL, NULL, '', 'file')", "a date cannot be read"},
      {"INSERT INTO special_day VALUES(NULL, 'x', NULL, NULL, '', 'override')",
       "a date cannot be read"},
      {"INSERT INTO special_day VALUES(NULL, '', NULL, NULL, '', 'file')", "a date cannot be read"},
      {"UPDATE store SET timezone = printf('%064d', 0)", "a store cannot be read"},
      {"UPDATE store SET timezone_override = printf('%064d', 0)", "a store cannot be read"},
      {"UPDATE poll_block SET day = 3000000", "polls have an impossible day"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char message[200];
    loom_error error;
    uint64_t most;
    struct loom_common common = {0};
    struct loom_store store = {0};
    loom_database *database = memory_database();
    add_poll(database, "a", at(1, 0), true);
    execute(database, cases[i].sql);
    snprintf(message, sizeof message, ":memory:: is corrupt: %s (see loom check)",
             cases[i].message);
    struct loom_source_query query = {.from = 0, .to = at(9, 0), .as_of = at(9, 0)};
    loom_source *source = loom_source_sqlite(database);
    assert_status(loom_source_snapshot(source, &error), LOOM_OK, &error);
    loom_status status = loom_source_select(source, &query, &common, &most, &error);
    if (status == LOOM_OK)
      status = loom_source_next(source, &store, &error);
    assert_int_equal(status, LOOM_ECORRUPT);
    assert_string_equal(error.message, message);
    loom_source_free(source);
    loom_store_free(&store);
    loom_common_free(&common);
    loom_database_close(database);
  }
}

/* SQLite's progress handler: stops once, at the n-th instruction. */
static int stop(void *context) {
  return --*(long *)context == 0;
}

/* Reads all stores; adds their polls to the text. */
static loom_status read_polls(loom_source *source, struct buffer *out, loom_error *error) {
  struct loom_source_query query = {.from = at(19372, 0),
                                    .to = at(19382, 0),
                                    .as_of = at(19382, 0),
                                    .neighbours = true,
                                    .selection = {.all_stores = true}};
  struct loom_common common = {0};
  struct loom_store store = {0};
  uint64_t most;
  loom_status status = loom_source_snapshot(source, error);
  if (status == LOOM_OK)
    status = loom_source_select(source, &query, &common, &most, error);
  while (status == LOOM_OK && (status = loom_source_next(source, &store, error)) == LOOM_OK) {
    buffer_printf(out, "%s %s h%zu d%zu e%zu ", store.id, store.zone, store.hours.count,
                  store.special_days.count, store.exclusions.count);
    buffer_put(out, store.polls.items, store.polls.count * sizeof *store.polls.items);
  }
  loom_source_release(source);
  loom_common_free(&common);
  loom_store_free(&store);
  return status;
}

/* Wherever reading is stopped: it fails, or gives what it would have given. */
static void stopped_anywhere(void **state) {
  (void)state;
  loom_error error;
  struct buffer expected = {0};
  loom_database *database = many_stores(4, 5);
  loom_source *source = loom_source_sqlite_shared(database);
  assert_status(read_polls(source, &expected, &error), LOOM_DONE, &error);
  bool stopped = true;
  for (long n = 1; stopped; n++) {
    long left = n;
    struct buffer found = {0};
    error.message[0] = '\0';
    sqlite3_progress_handler(database->sqlite, 1, stop, &left);
    loom_status status = read_polls(source, &found, &error);
    sqlite3_progress_handler(database->sqlite, 0, NULL, NULL);
    stopped = left <= 0;
    if (status == LOOM_DONE)
      assert_buffer_equal(&expected, &found);
    else
      assert_true(stopped && error.message[0]);
    buffer_free(&found);
  }
  loom_source_free(source);
  buffer_free(&expected);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newest_poll),
      cmocka_unit_test(days_with_polls),
      cmocka_unit_test(polls_of_a_range),
      cmocka_unit_test(neighbours),
      cmocka_unit_test(neighbours_of_random_ranges),
      cmocka_unit_test(which_stores),
      cmocka_unit_test(looking_up_is_like_scanning),
      cmocka_unit_test(readers_share_the_stores_out),
      cmocka_unit_test(without_polls),
      cmocka_unit_test(what_belongs_to_whom),
      cmocka_unit_test(overrides_of_hours),
      cmocka_unit_test(overrides_of_zones),
      cmocka_unit_test(overrides_of_special_days),
      cmocka_unit_test(lists_go_from_store_to_store),
      cmocka_unit_test(a_failure_leaves_no_hours_behind),
      cmocka_unit_test(one_snapshot),
      cmocka_unit_test(damage_is_told),
      cmocka_unit_test(stopped_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
