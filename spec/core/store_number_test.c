/*
** Tests of the numbers of stores: known ones keep theirs, new ones get one, and a failure is told.
*/
#include "storage.h"

#include "write/store_number.h"

static void found_or_added(void **state) {
  (void)state;
  loom_error error;
  int64_t numbers[4], again[4];
  struct loom_id_table ids;
  loom_database *database = memory_database();
  execute(database, "INSERT INTO store(number, store_id) VALUES(40, 'b'), (7, 'a')");
  loom_id_table_init(&ids);
  assert_status(loom_store_numbers(database, &ids, NULL, &error), LOOM_OK, &error);
  loom_id_table_put(&ids, "a", 1);
  loom_id_table_put(&ids, "new", 3);
  loom_id_table_put(&ids, "b", 1);
  loom_id_table_put(&ids, "\xff'; --", 6);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_store_numbers(database, &ids, numbers, &error), LOOM_OK, &error);
  assert_int_equal(numbers[0], 7);
  assert_int_equal(numbers[1], 41);
  assert_int_equal(numbers[2], 40);
  assert_int_equal(numbers[3], 42);
  assert_status(loom_store_numbers(database, &ids, again, &error), LOOM_OK, &error);
  assert_memory_equal(numbers, again, sizeof numbers);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 4);
  assert_int_equal(
      number(database,
             "SELECT CAST(store_id AS BLOB) = x'FF273B202D2D' FROM store WHERE number = 42"),
      1);
  loom_id_table_free(&ids);
  loom_database_close(database);
}

/* Many ids beside few stores, where all stores are passed over, and beside so many that each id is looked for. */
static void many(void **state) {
  (void)state;
  enum { IDS = 300 };
  static const int stores[] = {0, 1, IDS, 20 * IDS};
  for (size_t i = 0; i < COUNT_OF(stores); i++) {
    char sql[300];
    loom_error error;
    int64_t numbers[IDS], again[IDS];
    struct loom_id_table ids;
    loom_database *database = memory_database();
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO store(store_id) SELECT 2 * i FROM n WHERE i <= %d",
             stores[i], stores[i]);
    execute(database, sql);
    loom_id_table_init(&ids);
    for (int id = IDS; id > 0; id--) {
      char text[20];
      loom_id_table_put(&ids, text, (size_t)snprintf(text, sizeof text, "%d", id));
    }
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_store_numbers(database, &ids, numbers, &error), LOOM_OK, &error);
    assert_status(loom_store_numbers(database, &ids, again, &error), LOOM_OK, &error);
    assert_memory_equal(numbers, again, sizeof numbers);
    for (int id = IDS; id > 0; id--) {
      snprintf(sql, sizeof sql, "SELECT number FROM store WHERE store_id = '%d'", id);
      assert_int_equal(numbers[IDS - id], number(database, sql));
    }
    assert_true(numbers[IDS - 1] > stores[i]); /* 1, which is odd, is new */
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    loom_id_table_free(&ids);
    loom_database_close(database);
  }
}

static void failures(void **state) {
  (void)state;
  loom_error error;
  int64_t numbers[1];
  struct loom_id_table ids;
  loom_database *database = memory_database();
  loom_id_table_init(&ids);
  loom_id_table_put(&ids, "a", 1);
  execute(database, "PRAGMA query_only=ON");
  assert_int_equal(loom_store_numbers(database, &ids, numbers, &error), LOOM_EREADONLY);
  execute(database, "PRAGMA query_only=OFF; ALTER TABLE store RENAME TO shop");
  assert_int_equal(loom_store_numbers(database, &ids, numbers, &error), LOOM_EIO);
  assert_string_equal(error.message, ":memory:: no such table: store");
  loom_id_table_free(&ids);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(found_or_added), cmocka_unit_test(many),
                                     cmocka_unit_test(failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
