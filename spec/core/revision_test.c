/*
** Tests of the revision: each commit that changes anything raises it, and whoever asks sees it.
*/
#include "databases.h"

#include "support.h"

static int64_t revision_of(loom_database *database) {
  loom_error error;
  int64_t revision;
  assert_int_equal(loom_database_revision(database, &revision, &error), LOOM_OK);
  return revision;
}

static void write_once(loom_database *database, bool change, bool keep_revision, bool commit) {
  loom_error error;
  assert_int_equal(loom_database_begin_write(database, &error), LOOM_OK);
  if (change)
    execute(database, "INSERT INTO store(store_id) VALUES(hex(randomblob(8)))");
  if (keep_revision)
    loom_database_keep_revision(database);
  if (commit)
    assert_int_equal(loom_database_commit(database, &error), LOOM_OK);
  else
    loom_database_rollback(database);
}

/* What is remembered of it is never older than what the database holds. */
static void a_revision_is_never_old(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  loom_database *handles[3];
  uint64_t random = 3;
  for (size_t i = 0; i < COUNT_OF(handles); i++)
    assert_int_equal(loom_database_open(path, LOOM_OPEN_CREATE, 100, &handles[i], &error), LOOM_OK);
  for (int step = 0; step < 1000; step++) {
    loom_database *database = handles[random_below(&random, COUNT_OF(handles))];
    switch (random_below(&random, 4)) {
    case 0:
      write_once(database, random_below(&random, 4), !random_below(&random, 4),
                 random_below(&random, 4));
      break;
    case 1: { /* somebody reads meanwhile, and sees the past */
      loom_database *other = handles[random_below(&random, COUNT_OF(handles))];
      assert_int_equal(loom_database_begin_read(database, &error), LOOM_OK);
      if (other != database)
        write_once(other, true, false, true);
      assert_int_equal(revision_of(database), number(database, "SELECT revision FROM overall"));
      loom_database_end_read(database);
      break;
    }
    default:
      if (!database->is_new)
        assert_int_equal(revision_of(database), number(database, "SELECT revision FROM overall"));
    }
  }
  for (size_t i = 0; i < COUNT_OF(handles); i++)
    loom_database_close(handles[i]);
}

static void a_revision_tells_of_changes(void **state) {
  const char *path = scratch_path(*state, "x.db");
  loom_error error;
  loom_database *database, *other;
  assert_int_equal(loom_database_open(path, LOOM_OPEN_CREATE, 100, &database, &error), LOOM_OK);
  assert_int_equal(revision_of(database), 0); /* there is no file yet */
  write_once(database, true, false, true);
  int64_t first = revision_of(database);
  assert_int_equal(loom_database_open(path, LOOM_OPEN_EXISTING, 100, &other, &error), LOOM_OK);
  assert_int_equal(revision_of(other), first);
  write_once(other, true, false, true); /* is seen by all */
  assert_int_not_equal(revision_of(other), first);
  assert_int_equal(revision_of(database), revision_of(other));
  first = revision_of(database);
  write_once(database, true, true, true);
  write_once(database, true, false, false);
  write_once(database, false, false, true);
  assert_int_equal(revision_of(database), first);
  assert_int_equal(revision_of(other), first);
  /* what was said of one transaction does not hold for the next */
  write_once(database, true, false, true);
  assert_int_not_equal(revision_of(other), first);
  load(database, LOOM_POLLS, polls);
  first = revision_of(database);
  load(database, LOOM_POLLS, polls); /* nothing new */
  assert_int_equal(revision_of(other), first);
  loom_database_close(database);
  loom_database_close(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_revision_is_never_old, begin_scratch, end_scratch),
      cmocka_unit_test_setup_teardown(a_revision_tells_of_changes, begin_scratch, end_scratch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
