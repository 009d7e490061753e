/*
** Tests of what changes of facts tell the audit: one entry to a store and a kind, of what is another than before; how many fit one.
*/
#include "storage.h"

#include "support.h"
#include "time/civil.h"
#include "write/facts_sqlite.h"

static struct loom_fact fact_of(enum loom_fact_kind kind, const char *store, const char *name,
                                const char *text) {
  return (struct loom_fact){.kind = kind,
                            .store = store,
                            .store_length = store ? strlen(store) : 0,
                            .override = true,
                            .name = name,
                            .name_length = strlen(name),
                            .text = text,
                            .text_length = strlen(text)};
}

static struct loom_fact week_on(const char *store, int32_t date) {
  struct loom_fact fact = fact_of(LOOM_FACT_WEEK, store, "", "");
  fact.date = date;
  return fact;
}

static void begin(loom_facts *facts) {
  loom_error error;
  static const struct loom_author author = {.by = "ann", .by_length = 3};
  assert_status(loom_facts_begin(facts, &author, &error), LOOM_OK, &error);
}

static void put(loom_facts *facts, struct loom_fact fact) {
  loom_error error;
  assert_status(loom_facts_put(facts, &fact, &error), LOOM_OK, &error);
}

static void take_away(loom_facts *facts, struct loom_fact fact) {
  loom_error error;
  uint64_t count;
  assert_status(loom_facts_remove(facts, &fact, &count, &error), LOOM_OK, &error);
}

static void commit(loom_facts *facts) {
  loom_error error;
  assert_status(loom_facts_commit(facts, &error), LOOM_OK, &error);
}

/* All entries in order, as "kind store before > after" on each line. */
static void assert_audit(loom_database *database, const char *expected) {
  struct buffer found = {0};
  dump_query(database,
             "SELECT kind || ' ' || ifnull(store_id, '*') || ' ' || ifnull(before, '-') || ' > '"
             " || ifnull(after, '-') FROM audit ORDER BY number",
             &found);
  buffer_put(&found, "", 1);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
}

static void facts_of_a_store_and_kind_are_one_entry(void **state) {
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "x", "1"));
  put(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "y", "2"));
  put(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "x", "3")); /* again */
  put(facts, fact_of(LOOM_FACT_ATTRIBUTE, "b", "x", "1"));
  put(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "z", "4"));
  take_away(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "z", ""));
  take_away(facts, fact_of(LOOM_FACT_ATTRIBUTE, "a", "none", ""));
  take_away(facts, fact_of(LOOM_FACT_ATTRIBUTE, "nobody", "x", ""));
  commit(facts);
  assert_audit(database,
               "82:attributes a {\"attributes\":{\"x\":null,\"y\":null}} > "
               "{\"attributes\":{\"x\":\"3\",\"y\":\"2\"}} \n"
               "65:attributes b {\"attributes\":{\"x\":null}} > {\"attributes\":{\"x\":\"1\"}} \n");
  loom_facts_free(facts);
  loom_database_close(database);
}

/* A change that was abandoned, and one that nothing came of. */
static void what_was_not_kept_is_not_told(void **state) {
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, fact_of(LOOM_FACT_ZONE, "a", "", "UTC"));
  loom_facts_abandon(facts);
  assert_audit(database, "");
  begin(facts);
  put(facts, fact_of(LOOM_FACT_ZONE, "a", "", "UTC"));
  take_away(facts, fact_of(LOOM_FACT_ZONE, "a", "", ""));
  commit(facts);
  assert_audit(database, "");
  loom_facts_free(facts);
  loom_database_close(database);
}

/* What cannot be read is replaced as if it were not there. */
static void damage_can_be_mended(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, week_on("a", 5));
  commit(facts);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_database_execute(database, "UPDATE hours_week SET openings = x'01'", &error),
                LOOM_OK, &error);
  assert_status(loom_database_execute(database, "DELETE FROM audit", &error), LOOM_OK, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  begin(facts);
  put(facts, week_on("a", 5));
  commit(facts);
  assert_audit(database,
               "126:hours a {\"changes\":[{\"effective_from\":\"1970-01-06\",\"removed\":true}]} > "
               "{\"changes\":[{\"effective_from\":\"1970-01-06\",\"week\":{}}]} \n");
  loom_facts_free(facts);
  loom_database_close(database);
}

static void very_many_are_several_entries(void **state) {
  (void)state;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  for (int32_t date = 0; date < 600; date++)
    put(facts, week_on("a", date));
  commit(facts);
  assert_int_equal(number(database, "SELECT count(*) FROM audit"), 3);
  assert_int_equal(number(database,
                          "SELECT sum((length(after) - length(replace(after, 'week', '')))"
                          " / 4) FROM audit"),
                   600);
  loom_facts_free(facts);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_of_a_store_and_kind_are_one_entry),
      cmocka_unit_test(what_was_not_kept_is_not_told),
      cmocka_unit_test(damage_can_be_mended),
      cmocka_unit_test(very_many_are_several_entries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
