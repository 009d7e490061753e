/*
** Tests of the write-ahead log's index: it changes with every commit, whoever makes it, and not without one.
*/
#include "storage.h"

#include "support.h"
#include "sqlite/wal_index.h"

static struct loom_wal_index index_of(loom_database *database) {
  struct loom_wal_index index;
  assert_true(loom_wal_index_read(database->sqlite, &index));
  return index;
}

static void write_store(loom_database *database, bool commit) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  execute(database, "INSERT INTO store(store_id) VALUES(hex(randomblob(8)))");
  if (commit)
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  else
    loom_database_rollback(database);
}

static void it_changes_with_every_commit(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "x.db");
  loom_database *one = open_database(path);
  write_store(one, true);
  loom_database *two = open_database(path);
  write_store(one, true);
  number(two, "SELECT count(*) FROM store");
  uint64_t random = 7;
  for (int i = 0; i < 300; i++) {
    loom_database *writing = random_below(&random, 2) ? one : two;
    bool commit = random_below(&random, 3) > 0, restart = random_below(&random, 20) == 0;
    struct loom_wal_index before = index_of(two);
    if (restart) /* the log begins anew, which is no commit, but changes it all the same */
      execute(writing, "PRAGMA wal_checkpoint(TRUNCATE)");
    write_store(writing, commit);
    struct loom_wal_index mine = index_of(writing), theirs = index_of(writing == one ? two : one);
    if (commit || !restart)
      assert_int_equal(loom_wal_index_equal(&before, &mine), !commit);
    assert_true(loom_wal_index_equal(&mine, &theirs));
  }
  loom_database_close(one);
  loom_database_close(two);
  scratch_end(&scratch);
}

static void databases_in_memory_have_none(void **state) {
  (void)state;
  struct loom_wal_index index;
  loom_database *database = memory_database();
  assert_false(loom_wal_index_read(database->sqlite, &index));
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_changes_with_every_commit),
                                     cmocka_unit_test(databases_in_memory_have_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
