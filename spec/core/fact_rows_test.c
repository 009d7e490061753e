/*
** Tests of facts that are read: pages of stores and of what they have; what ends a list; what is damaged.
*/
#include "facts.h"

/* Stores come by number, a page at a time, and so do their attributes; each tells of its polls and hours. */
static void pages_of_stores(void **state) {
  (void)state;
  enum { STORES = 23, PAGE = 5 };
  loom_error error;
  struct loom_fact fact;
  unsigned count = 0, pages = 0, attributes = 0;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\ns3,active,1970-01-01 00:00:01 UTC\n"
       "s3,active,1970-01-01 00:00:09 UTC\n");
  load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\ns4,0,1:00,2:00\n");
  begin(facts);
  for (int i = 0; i < STORES; i++) {
    char id[20];
    snprintf(id, sizeof id, "s%d", i);
    put(facts, with_text(LOOM_FACT_ATTRIBUTE, id, "name", id));
  }
  commit(facts);
  struct loom_fact_query query = {.kind = LOOM_FACT_STORE, .any_store = true, .most = PAGE};
  struct loom_fact_query of_page = {.kind = LOOM_FACT_ATTRIBUTE, .any_store = true, .most = -1};
  do {
    of_page.after.number = query.after.number;
    of_page.last = 0;
    assert_status(loom_facts_list(facts, &query, &error), LOOM_OK, &error);
    while (loom_facts_next(facts, &fact, &error) == LOOM_OK) {
      bool is_polled = fact.store_length == 2 && memcmp(fact.store, "s3", 2) == 0;
      assert_true(fact.number > query.after.number);
      query.after.number = of_page.last = fact.number;
      assert_int_equal(fact.polled, is_polled);
      assert_int_equal(fact.from, is_polled ? 1000000 : 0);
      assert_int_equal(fact.to, is_polled ? 9000000 : 0);
      assert_int_equal(fact.has_hours, fact.store_length == 2 && memcmp(fact.store, "s4", 2) == 0);
      count++;
    }
    pages++;
    if (!of_page.last)
      break;
    struct buffer found = lines(facts, &of_page);
    for (size_t i = 0; i < found.length; i++)
      attributes += found.bytes[i] == '\n';
    buffer_free(&found);
    assert_int_equal(attributes, count);
  } while (true);
  assert_int_equal(count, STORES);
  assert_int_equal(pages, STORES / PAGE + 2);
  loom_facts_free(facts);
  loom_database_close(database);
}

static void a_write_ends_a_list(void **state) {
  (void)state;
  loom_error error;
  struct loom_fact fact;
  struct loom_fact_query query = {.kind = LOOM_FACT_STORE, .any_store = true, .most = -1};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,UTC\n");
  assert_status(loom_facts_list(facts, &query, &error), LOOM_OK, &error);
  assert_status(loom_facts_next(facts, &fact, &error), LOOM_OK, &error);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_int_equal(loom_facts_next(facts, &fact, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "closed by a change"));
  loom_database_rollback(database);
  assert_lists(facts, LOOM_FACT_STORE, NULL, "a file 'UTC'\nb file 'UTC'\n");
  loom_facts_free(facts);
  loom_database_close(database);
}

static void damage_is_told(void **state) {
  (void)state;
  static const struct {
    const char *sql;
    enum loom_fact_kind kind;
  } cases[] = {
      {"INSERT INTO hours_week VALUES(1, 'file', '2023-02-30', 0, x'')", LOOM_FACT_WEEK},
      {"INSERT INTO hours_week VALUES(1, 'file', '2023-02-20', 0, x'01')", LOOM_FACT_WEEK},
      {"INSERT INTO special_day VALUES(1, '2023', NULL, NULL, '', 'file')", LOOM_FACT_SPECIAL_DAY},
      {"INSERT INTO exclusion VALUES(1, 1, -9e18, 9e18, '', NULL, NULL)", LOOM_FACT_EXCLUSION}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error;
    struct loom_fact fact;
    loom_database *database = memory_database();
    loom_facts *facts = loom_facts_sqlite(database);
    load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
    execute(database, cases[i].sql);
    struct loom_fact_query query = {.kind = cases[i].kind,
                                    .any_store = true,
                                    .first_date = LOOM_DATE_MIN,
                                    .last_date = LOOM_DATE_MAX,
                                    .most = -1};
    loom_status status = loom_facts_list(facts, &query, &error);
    if (status == LOOM_OK)
      status = loom_facts_next(facts, &fact, &error);
    assert_int_equal(status, LOOM_ECORRUPT);
    loom_facts_free(facts);
    loom_database_close(database);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(pages_of_stores),
                                     cmocka_unit_test(a_write_ends_a_list),
                                     cmocka_unit_test(damage_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
