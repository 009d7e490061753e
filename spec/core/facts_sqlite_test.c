/*
** Tests of facts in a database: each kind put, listed, replaced and removed; layers; many in one change; random changes against
** a model.
*/
#include "facts.h"

static struct loom_fact day_of(const char *store, int32_t date, const struct loom_hours *openings,
                               size_t count, const char *note) {
  struct loom_fact fact = with_text(LOOM_FACT_SPECIAL_DAY, store, "", note);
  fact.date = date;
  fact.openings = openings;
  fact.opening_count = count;
  return fact;
}

static void zones_and_stores(void **state) {
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nb,UTC\n");
  begin(facts);
  put(facts, fact_of(LOOM_FACT_STORE, "c"));
  put(facts, fact_of(LOOM_FACT_STORE, "c")); /* again */
  put(facts, with_text(LOOM_FACT_ZONE, "b", "", "Asia/Tokyo"));
  put(facts, with_text(LOOM_FACT_ZONE, "a", "", "Asia/Seoul"));
  assert_lists(facts, LOOM_FACT_ZONE, "b", "b file 'UTC'\nb 'Asia/Tokyo'\n"); /* also meanwhile */
  commit(facts);
  assert_lists(facts, LOOM_FACT_STORE, NULL, "b file 'Asia/Tokyo'\nc file\na file 'Asia/Seoul'\n");
  assert_lists(facts, LOOM_FACT_STORE, "c", "c file\n");
  assert_lists(facts, LOOM_FACT_STORE, "d", "");
  assert_lists(facts, LOOM_FACT_ZONE, NULL, "a 'Asia/Seoul'\nb file 'UTC'\nb 'Asia/Tokyo'\n");
  begin(facts);
  assert_int_equal(take_away(facts, fact_of(LOOM_FACT_ZONE, "b")), 1);
  assert_int_equal(take_away(facts, fact_of(LOOM_FACT_ZONE, "b")), 0);
  assert_int_equal(take_away(facts, fact_of(LOOM_FACT_ZONE, "d")), 0);
  commit(facts);
  assert_lists(facts, LOOM_FACT_ZONE, "b", "b file 'UTC'\n");
  loom_facts_free(facts);
  loom_database_close(database);
}

static void weeks(void **state) {
  (void)state;
  static const struct loom_hours openings[] = {
      {0, 3, 300, 400}, {0, 1, 100, 200}, {0, 3, 300, 400}, {0, 1, 50, 60}};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\na,0,00:00:10,00:00:20\n");
  struct loom_fact week = fact_of(LOOM_FACT_WEEK, "a");
  begin(facts);
  week.date = 7;
  week.openings = openings;
  week.opening_count = COUNT_OF(openings);
  put(facts, week);
  week.opening_count = 0;
  week.date = 8;
  put(facts, week);
  week.reverts = true;
  week.date = 9;
  put(facts, week);
  commit(facts);
  assert_lists(facts, LOOM_FACT_WEEK, "a",
               "a file -1 0@10-20\na 7 1@50-60 1@100-200 3@300-400\na 8\na 9 reverts\n");
  begin(facts);
  put(facts, (week.date = 7, week)); /* in place of what was there */
  assert_int_equal(take_away(facts, (week.date = 8, week)), 1);
  assert_int_equal(take_away(facts, (week.date = 8, week)), 0);
  week.override = false;
  assert_int_equal(take_away(facts, (week.date = LOOM_DATE_MIN, week)), 1);
  commit(facts);
  assert_lists(facts, LOOM_FACT_WEEK, NULL, "a 7 reverts\na 9 reverts\n");
  loom_facts_free(facts);
  loom_database_close(database);
}

static void special_days(void **state) {
  (void)state;
  static const struct loom_hours openings[] = {
      {0, 0, 300, 400}, {0, 0, 100, 200}, {0, 0, 300, 400}};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\na,1970-01-03,00:00:05,00:00:06,f\n"
       "a,1970-01-03,00:00:01,00:00:02,g\n*,1970-01-04,,,h\n");
  begin(facts);
  put(facts, day_of("a", 2, openings, 3, "note"));
  put(facts, day_of(NULL, 3, NULL, 0, ""));
  put(facts, day_of("b", 3, openings, 1, ""));
  commit(facts);
  assert_lists(facts, LOOM_FACT_SPECIAL_DAY, NULL,
               "a 2 0@100-200 0@300-400 'note'\na file 2 0@1-2 0@5-6 'g'\n* 3\n* file 3 'h'\n"
               "b 3 0@300-400\n");
  assert_lists(facts, LOOM_FACT_SPECIAL_DAY, "b", "b 3 0@300-400\n");
  assert_lists(facts, LOOM_FACT_SPECIAL_DAY, "c", "");
  struct loom_fact_query every = {
      .kind = LOOM_FACT_SPECIAL_DAY, .first_date = 3, .last_date = 3, .most = -1};
  struct buffer found = lines(facts, &every);
  assert_string_equal(found.bytes, "* 3\n* file 3 'h'\n");
  buffer_free(&found);
  begin(facts);
  put(facts, day_of("a", 2, NULL, 0, "closed"));
  assert_int_equal(take_away(facts, day_of(NULL, 3, NULL, 0, "")), 1);
  assert_int_equal(take_away(facts, day_of("c", 3, NULL, 0, "")), 0); /* not every store's */
  struct loom_fact loaded = day_of("a", 2, NULL, 0, "");
  loaded.override = false;
  assert_int_equal(take_away(facts, loaded), 2);
  commit(facts);
  assert_lists(facts, LOOM_FACT_SPECIAL_DAY, NULL, "a 2 'closed'\n* file 3 'h'\nb 3 0@300-400\n");
  loom_facts_free(facts);
  loom_database_close(database);
}

static struct loom_fact exclusion_of(const char *store, int64_t from, int64_t to,
                                     const char *reason) {
  struct loom_fact fact = with_text(LOOM_FACT_EXCLUSION, store, "", reason);
  fact.from = from;
  fact.to = to;
  return fact;
}

static void exclusions(void **state) {
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  int64_t late = put(facts, exclusion_of("a", 50, 60, "x"));
  int64_t early = put(facts, exclusion_of(NULL, 10, 20, ""));
  assert_int_equal(put(facts, exclusion_of("a", 50, 60, "x")), late);
  int64_t other = put(facts, exclusion_of("a", 50, 60, "y"));
  assert_true(early != late && other != late && early != other);
  commit(facts);
  assert_lists(facts, LOOM_FACT_EXCLUSION, NULL, "* 10-20\na 50-60 'x'\na 50-60 'y'\n");
  assert_lists(facts, LOOM_FACT_EXCLUSION, "a", "a 50-60 'x'\na 50-60 'y'\n");
  struct loom_fact_query page = {
      .kind = LOOM_FACT_EXCLUSION, .any_store = true, .after = {late, 50, 60}, .most = 5};
  struct buffer found = lines(facts, &page);
  assert_string_equal(found.bytes, "a 50-60 'y'\n");
  buffer_free(&found);
  page.after.number = 0;
  page.most = 2;
  found = lines(facts, &page);
  assert_string_equal(found.bytes, "* 10-20\na 50-60 'x'\n");
  buffer_free(&found);
  struct loom_fact_query one = {
      .kind = LOOM_FACT_EXCLUSION, .any_store = true, .number = other, .most = -1};
  found = lines(facts, &one);
  assert_string_equal(found.bytes, "a 50-60 'y'\n");
  buffer_free(&found);
  struct loom_fact gone = fact_of(LOOM_FACT_EXCLUSION, NULL);
  gone.number = late;
  begin(facts);
  assert_int_equal(take_away(facts, gone), 1);
  assert_int_equal(take_away(facts, gone), 0);
  commit(facts);
  assert_lists(facts, LOOM_FACT_EXCLUSION, NULL, "* 10-20\na 50-60 'y'\n");
  loom_facts_free(facts);
  loom_database_close(database);
}

/* Random changes of attributes, some of them undone, against a table of what should be there. */
static void attributes_like_a_model(void **state) {
  (void)state;
  enum { STORES = 4, NAMES = 5 };
  uint64_t random = 3;
  int model[STORES][NAMES] = {{0}}, before[STORES][NAMES];
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  for (int round = 0; round < 300; round++) {
    memcpy(before, model, sizeof model);
    begin(facts);
    for (uint64_t n = random_below(&random, 8); n > 0; n--) {
      int s = (int)random_below(&random, STORES), a = (int)random_below(&random, NAMES);
      char store[20], name[20], value[20];
      snprintf(store, sizeof store, "s%d", s);
      snprintf(name, sizeof name, "n%d", a);
      int number = (int)random_below(&random, 1000) + 1;
      snprintf(value, sizeof value, "%d", number);
      struct loom_fact fact = with_text(LOOM_FACT_ATTRIBUTE, store, name, value);
      if (random_below(&random, 3) == 0) {
        assert_int_equal(take_away(facts, fact), model[s][a] != 0);
        model[s][a] = 0;
      } else {
        put(facts, fact);
        model[s][a] = number;
      }
    }
    if (random_below(&random, 4) == 0) {
      loom_facts_abandon(facts);
      memcpy(model, before, sizeof model);
    } else {
      commit(facts);
    }
    for (int s = 0; s < STORES; s++) {
      char store[20];
      struct buffer expected = {0};
      snprintf(store, sizeof store, "s%d", s);
      for (int a = 0; a < NAMES; a++)
        if (model[s][a])
          buffer_printf(&expected, "%s n%d '%d'\n", store, a, model[s][a]);
      assert_lists(facts, LOOM_FACT_ATTRIBUTE, store, expected.bytes ? expected.bytes : "");
      buffer_free(&expected);
    }
  }
  loom_facts_free(facts);
  loom_database_close(database);
}

static void names_are_counted(void **state) {
  (void)state;
  loom_error error;
  uint64_t count;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  assert_int_equal(loom_facts_count_names(facts, &count, &error), LOOM_EINVAL);
  begin(facts);
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "a", "x", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "b", "x", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "b", "y", "1"));
  assert_status(loom_facts_count_names(facts, &count, &error), LOOM_OK, &error);
  assert_int_equal(count, 2);
  struct loom_fact_query some = {
      .kind = LOOM_FACT_ATTRIBUTE, .any_store = true, .name = "x", .name_length = 1, .most = 1};
  struct buffer found = lines(facts, &some);
  assert_int_equal(found.length, strlen("a x '1'\n"));
  buffer_free(&found);
  commit(facts);
  loom_facts_free(facts);
  loom_database_close(database);
}

/* Two years of days of one store are one change. */
static void many_days_at_once(void **state) {
  (void)state;
  static const struct loom_hours openings[] = {{0, 0, 100, 200}, {0, 0, 300, 400}};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  loom_error error;
  struct loom_fact fact;
  struct loom_fact_query query = {.kind = LOOM_FACT_SPECIAL_DAY,
                                  .store = "a",
                                  .store_length = 1,
                                  .first_date = 100,
                                  .last_date = LOOM_DATE_MAX};
  int count = 0;
  begin(facts);
  for (int32_t date = 0; date < 730; date++)
    put(facts, day_of("a", date, openings, (size_t)date % 3, "holiday"));
  commit(facts);
  assert_status(loom_facts_list(facts, &query, &error), LOOM_OK, &error);
  for (; loom_facts_next(facts, &fact, &error) == LOOM_OK; count++)
    assert_true(fact.date == 100 + count && fact.opening_count == (size_t)fact.date % 3);
  assert_int_equal(count, 630);
  loom_facts_free(facts);
  loom_database_close(database);
}

static void nothing_is_changed_outside_of_a_change(void **state) {
  (void)state;
  loom_error error;
  uint64_t count;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  struct loom_fact fact = with_text(LOOM_FACT_ZONE, "a", "", "UTC");
  assert_int_equal(loom_facts_put(facts, &fact, &error), LOOM_EINVAL);
  assert_int_equal(loom_facts_remove(facts, &fact, &count, &error), LOOM_EINVAL);
  loom_facts_abandon(facts);
  begin(facts);
  put(facts, fact);
  loom_facts_free(facts); /* which abandons it */
  facts = loom_facts_sqlite(database);
  assert_lists(facts, LOOM_FACT_STORE, NULL, "");
  begin(facts);
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_EINVAL);
  loom_facts_abandon(facts);
  loom_facts_free(facts);
  loom_facts_free(NULL);
  loom_database_close(database);
}

/* Long runs of facts in random order, some of which are there already: whose they are is noted, and nothing else is. */
static void runs_are_noted(void **state) {
  static const char *const ids[] = {"a", "b", NULL};
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  unsigned seed = 7;
  for (int round = 0; round < 60; round++) {
    bool days[3] = {false}, exclusions[3] = {false};
    execute(database, "DELETE FROM change");
    begin(facts);
    for (unsigned run = 0; run < 4; run++) {
      seed = seed * 1103515245 + 12345;
      size_t which = seed >> 16, store = which % 3, length = which / 3 % 60;
      for (size_t i = 0; i < length; i++) {
        struct loom_fact fact = day_of(ids[store], (int32_t)i, NULL, 0, "");
        if (which / 512 % 2) {
          int64_t had = number(database, "SELECT count(*) FROM exclusion");
          fact.kind = LOOM_FACT_EXCLUSION;
          fact.from = (int64_t)i;
          fact.to = fact.from + 1 + round % 7 * 100; /* the same again, after some rounds */
          put(facts, fact);
          if (number(database, "SELECT count(*) FROM exclusion") != had)
            exclusions[store] = true;
        } else {
          put(facts, fact);
          days[store] = true;
        }
      }
      if (which / 1024 % 4 == 0 && take_away(facts, day_of(ids[store], 0, NULL, 0, "")))
        days[store] = true;
    }
    commit(facts);
    for (size_t i = 0; i < 3; i++) {
      char sql[200];
      snprintf(sql, sizeof sql,
               "SELECT count(*) > 0 FROM change WHERE kind = 'special_days' AND store_id IS %s%s%s",
               ids[i] ? "'" : "", ids[i] ? ids[i] : "NULL", ids[i] ? "'" : "");
      assert_int_equal(number(database, sql), days[i]);
      snprintf(sql, sizeof sql,
               "SELECT count(*) > 0 FROM change WHERE kind = 'exclusions' AND store_id IS %s%s%s",
               ids[i] ? "'" : "", ids[i] ? ids[i] : "NULL", ids[i] ? "'" : "");
      assert_int_equal(number(database, sql), exclusions[i]);
    }
  }
  execute(database, "INSERT INTO exclusion(from_us, to_us) VALUES(1, 2)"); /* no silence is left */
  assert_int_equal(number(database,
                          "SELECT kind = 'exclusions' AND store_id IS NULL FROM change"
                          " ORDER BY id DESC LIMIT 1"),
                   1);
  loom_facts_free(facts);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(zones_and_stores),
                                     cmocka_unit_test(weeks),
                                     cmocka_unit_test(special_days),
                                     cmocka_unit_test(exclusions),
                                     cmocka_unit_test(attributes_like_a_model),
                                     cmocka_unit_test(names_are_counted),
                                     cmocka_unit_test(many_days_at_once),
                                     cmocka_unit_test(runs_are_noted),
                                     cmocka_unit_test(nothing_is_changed_outside_of_a_change)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
