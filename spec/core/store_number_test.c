/*
** Tests of the numbers of stores: known ones keep theirs, new ones get one in the order of their ids, however many are asked
** for, and a failure is told.
*/
#include "storage.h"

#include "base/id_order.h"
#include "write/store_number.h"
#include "support.h"

#define STORES_MAX 600

/* Room for what is asked for. */
struct asked {
  struct loom_id_table ids;
  uint32_t order[STORES_MAX];
  int64_t numbers[STORES_MAX];
  struct loom_reach reach[STORES_MAX];
  struct loom_store_numbers stores;
};

static void begin(struct asked *asked) {
  loom_id_table_init(&asked->ids);
  asked->stores = (struct loom_store_numbers){
      .ids = &asked->ids, .order = asked->order, .numbers = asked->numbers};
}

static void put(struct asked *asked, const char *id) {
  assert_int_not_equal(loom_id_table_put(&asked->ids, id, strlen(id)), LOOM_NO_NUMBER);
}

static loom_status find(struct asked *asked, loom_database *database, loom_error *error) {
  assert_true(loom_id_order(&asked->ids, asked->order));
  return loom_store_numbers_find(database, &asked->stores, error);
}

static void found_or_added(void **state) {
  (void)state;
  loom_error error;
  struct asked asked, again;
  loom_database *database = memory_database();
  execute(database, "INSERT INTO store(number, store_id) VALUES(40, 'b'), (7, 'a')");
  begin(&asked);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(find(&asked, database, &error), LOOM_OK, &error);
  assert_int_equal(asked.stores.new_count, 0);
  put(&asked, "a");
  put(&asked, "\xff'; --");
  put(&asked, "b");
  put(&asked, "new");
  assert_status(find(&asked, database, &error), LOOM_OK, &error);
  assert_int_equal(asked.stores.new_count, 2);
  assert_int_equal(asked.stores.first_new, 41);
  assert_int_equal(asked.numbers[0], 7);
  assert_int_equal(asked.numbers[1], 42);
  assert_int_equal(asked.numbers[2], 40);
  assert_int_equal(asked.numbers[3], 41);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 2);
  assert_status(
      loom_store_numbers_insert(database, &asked.stores, &(struct loom_new_stores){0}, &error),
      LOOM_OK, &error);
  again = asked;
  again.stores.numbers = again.numbers;
  assert_status(find(&again, database, &error), LOOM_OK, &error);
  assert_memory_equal(again.numbers, asked.numbers, 4 * sizeof *again.numbers);
  assert_int_equal(again.stores.new_count, 0);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 4);
  assert_int_equal(
      number(database,
             "SELECT CAST(store_id AS BLOB) = x'FF273B202D2D' FROM store WHERE number = 42"),
      1);
  loom_id_table_free(&asked.ids);
  loom_database_close(database);
}

/* What the database says of each store that was asked for, one by one. */
static void assert_stored(loom_database *database, const struct asked *asked) {
  for (uint32_t i = 0; i < asked->ids.count; i++) {
    char sql[400];
    size_t length;
    const char *id = loom_id_table_get(&asked->ids, i, &length);
    snprintf(sql, sizeof sql, "SELECT number FROM store WHERE store_id = '%.*s'", (int)length, id);
    assert_int_equal(number(database, sql), asked->numbers[i]);
    if (asked->numbers[i] < asked->stores.first_new)
      continue;
    snprintf(sql, sizeof sql,
             "SELECT first_poll = %lld AND newest_poll * 2 + newest_active = %lld AND changed > 0"
             " FROM store WHERE number = %lld",
             (long long)asked->reach[i].first, (long long)asked->reach[i].newest,
             (long long)asked->numbers[i]);
    if (asked->reach[i].newest == INT64_MIN)
      snprintf(sql, sizeof sql,
               "SELECT first_poll IS NULL AND newest_poll IS NULL AND newest_active IS NULL"
               " AND changed = 0 FROM store WHERE number = %lld",
               (long long)asked->numbers[i]);
    assert_int_equal(number(database, sql), 1);
  }
}

/* Few and many, of few and many that are stored: each of the ways that there are. */
static void in_whatever_way(void **test) {
  (void)test;
  static struct asked asked;
  uint64_t state = 51;
  for (int round = 0; round < 30; round++) {
    static const uint64_t sizes[] = {1, 3, 15, 16, 17, 200, STORES_MAX};
    uint64_t count = sizes[random_below(&state, 7)], spread = 1 + random_below(&state, 2000);
    loom_error error;
    loom_database *database = memory_database();
    for (uint64_t i = 0, stored = random_below(&state, 1000); i < stored; i++) {
      char sql[100];
      snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO store(store_id) VALUES('s%llu')",
               (unsigned long long)random_below(&state, spread));
      execute(database, sql);
    }
    begin(&asked);
    for (uint64_t i = 0; i < count; i++) {
      char id[30];
      snprintf(id, sizeof id, "s%llu", (unsigned long long)random_below(&state, spread));
      put(&asked, id);
      asked.reach[i] = (struct loom_reach){
          (int64_t)i, random_below(&state, 3) ? (int64_t)(i + 5) : INT64_MIN, true};
    }
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(find(&asked, database, &error), LOOM_OK, &error);
    assert_status(loom_store_numbers_insert(database, &asked.stores,
                                            &(struct loom_new_stores){.reach = asked.reach},
                                            &error),
                  LOOM_OK, &error);
    assert_stored(database, &asked);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    assert_int_equal(
        number(database,
               "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
    loom_id_table_free(&asked.ids);
    loom_database_close(database);
  }
}

static void failures(void **state) {
  (void)state;
  loom_error error;
  struct asked asked;
  loom_database *database = memory_database();
  begin(&asked);
  put(&asked, "a");
  execute(database, "PRAGMA query_only=ON");
  assert_status(find(&asked, database, &error), LOOM_OK, &error);
  assert_int_equal(
      loom_store_numbers_insert(database, &asked.stores, &(struct loom_new_stores){0}, &error),
      LOOM_EREADONLY);
  execute(database,
          "PRAGMA query_only=OFF; INSERT INTO store(number, store_id) VALUES(9223372036854775807, "
          "'x')");
  assert_int_equal(find(&asked, database, &error), LOOM_ECORRUPT);
  execute(database, "ALTER TABLE store RENAME TO shop");
  assert_int_equal(find(&asked, database, &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: no such table: store");
  loom_id_table_free(&asked.ids);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(found_or_added),
                                     cmocka_unit_test(in_whatever_way), cmocka_unit_test(failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
