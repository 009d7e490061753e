/*
** Asking: replicas in turn, what is tried again and what is not, and what is said in the end.
*/
#include "cluster/cluster.h"
#include "fake_cluster.h"

struct fixture {
  struct fake_cluster *fake;
  struct loom_conf conf;
  loom_cluster *cluster;
};

/* The cluster keeps the address of the configuration. */
static void begin(struct fixture *fixture) {
  static const struct loom_patience none = {0, 0};
  loom_error error;
  fixture->fake = fake_cluster_new();
  fixture->conf = fake_conf();
  assert_status(loom_cluster_new(&fixture->conf, fake_asker_new(fixture->fake), &none,
                                 &fixture->cluster, &error),
                LOOM_OK, &error);
}

static void end(struct fixture *fixture) {
  loom_cluster_free(fixture->cluster);
  loom_conf_free(&fixture->conf);
  fake_cluster_free(fixture->fake);
}

static loom_status ask_version(struct fixture *fixture, unsigned shard, struct loom_text *answer,
                               loom_error *error) {
  char sql[] = "SELECT version()";
  struct loom_text text = {.bytes = sql, .length = sizeof sql - 1};
  const struct loom_question question = {.sql = &text};
  return loom_cluster_ask(fixture->cluster, shard, &question, answer, error);
}

static void asks_replicas_in_turn(void **state) {
  struct fixture fixture;
  struct loom_text answer = {0};
  loom_error error;
  (void)state;
  begin(&fixture);
  fixture.fake->dead[1][0] = true;
  assert_status(ask_version(&fixture, 1, &answer, &error), LOOM_OK, &error);
  assert_int_equal(answer.length, 6);
  assert_int_equal(loom_cluster_replica(fixture.cluster, 1), 1);
  assert_int_equal(fixture.fake->asked[1][1], 2); /* for its settings, too */
  assert_status(ask_version(&fixture, 1, &answer, &error), LOOM_OK, &error);
  assert_int_equal(fixture.fake->asked[1][1], 3); /* it is asked first from then on */
  loom_cluster_turn_away(fixture.cluster, 1);
  assert_status(ask_version(&fixture, 1, &answer, &error), LOOM_OK, &error);
  assert_int_equal(loom_cluster_replica(fixture.cluster, 1), 2);
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->dead[1][i] = true;
  assert_int_equal(ask_version(&fixture, 1, &answer, &error), LOOM_EUNREACHABLE);
  assert_string_equal(error.message,
                      "shard 2 does not answer: http://127.0.0.1:10: Couldn't connect to server; "
                      "http://127.0.0.1:11: Couldn't connect to server; http://127.0.0.1:12: "
                      "Couldn't connect to server");
  assert_status(ask_version(&fixture, 0, &answer, &error), LOOM_OK, &error);
  loom_text_free(&answer);
  end(&fixture);
}

static void does_not_try_again_what_will_never_be(void **state) {
  static const struct {
    const char *error;
    unsigned asked;
    loom_status status;
  } cases[] = {
      {"Code: 62, e.displayText() = DB::Exception: Syntax error", 1, LOOM_EIO},
      {"Code: 242, e.displayText() = DB::Exception: Table is in readonly mode", 3,
       LOOM_EUNREACHABLE},
      {"Code: 285, too few live replicas", 3, LOOM_EUNREACHABLE},
      {"Code: 164, e.displayText() = DB::Exception: Cannot execute query in readonly mode", 1,
       LOOM_EREADONLY},
      {"Code: 164, e.displayText() = DB::Exception: Replica is not active right now", 3,
       LOOM_EUNREACHABLE},
      {"Code: 225, e.displayText() = DB::Exception: ZooKeeper session has been expired.", 3,
       LOOM_EUNREACHABLE},
      {"something of a proxy", 3, LOOM_EUNREACHABLE},
      {"Code: 81, e.displayText() = DB::Exception: Database polls doesn't exist", 1, LOOM_ENOENT}};
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct fixture fixture;
    struct loom_text answer = {0};
    loom_error error;
    begin(&fixture);
    fixture.fake->error = cases[i].error;
    assert_int_equal(ask_version(&fixture, 0, &answer, &error), cases[i].status);
    unsigned asked = 0;
    for (int j = 0; j < FAKE_REPLICAS; j++)
      asked += fixture.fake->asked[0][j];
    assert_int_equal(asked, cases[i].asked);
    loom_text_free(&answer);
    end(&fixture);
  }
}

static void takes_clickhouse_alone_for_one(void **state) {
  static const char *const others[] = {"",
                                       "<html>It works!</html>",
                                       "ClickHouse \n",
                                       "ClickHouse x.y\n",
                                       "ClickHouse 18.16.1",
                                       "async_insert\n",
                                       "ClickHouse 18.16.1\nClickHouse 18.16.1\n",
                                       "ClickHouse 18.16.1\nsomething\n"};
  static const char *const own[] = {"ClickHouse 18.16.1\n",
                                    "async_insert\nClickHouse 26.7.2.1-lts\n"};
  (void)state;
  for (size_t i = 0; i < COUNT_OF(others) + COUNT_OF(own); i++) {
    struct fixture fixture;
    struct loom_text answer = {0};
    loom_error error;
    begin(&fixture);
    bool is_other = i < COUNT_OF(others);
    fixture.fake->probe = is_other ? others[i] : own[i - COUNT_OF(others)];
    assert_int_equal(ask_version(&fixture, 0, &answer, &error),
                     is_other ? LOOM_EUNREACHABLE : LOOM_OK);
    if (is_other)
      assert_non_null(strstr(error.message, "http://127.0.0.1:00: is no ClickHouse: "));
    assert_int_equal(fixture.fake->asked[0][0], is_other ? 1 : 2);
    loom_text_free(&answer);
    end(&fixture);
  }
}

static void makes_tables_as_long_as_patience_lasts(void **state) {
  static const struct loom_patience patience = {900, 900};
  struct fixture fixture;
  loom_cluster *cluster;
  loom_error error;
  (void)state;
  begin(&fixture);
  assert_status(
      loom_cluster_new(&fixture.conf, fake_asker_new(fixture.fake), &patience, &cluster, &error),
      LOOM_OK, &error);
  assert_int_equal(loom_cluster_create(cluster, &error), LOOM_EINVAL); /* the fake has no columns */
  assert_string_equal(error.message,
                      "shard 1, http://127.0.0.1:00: the table polls.block is there, and is not "
                      "Loom's: it has other columns or another engine");
  assert_int_equal(fixture.fake->longest, 900);
  loom_cluster_free(cluster);
  end(&fixture);
}

/* Who is told that a shard does not answer asks each replica once more, and does not wait. */
static void is_told_of_a_shard_that_does_not_answer(void **state) {
  atomic_llong failed[FAKE_SHARDS] = {0};
  const struct loom_patience patience = {150, 150};
  struct fixture fixture;
  struct loom_text answer = {0};
  loom_error error;
  loom_cluster *own;
  (void)state;
  begin(&fixture);
  own = fixture.cluster;
  assert_status(loom_cluster_new(&fixture.conf, fake_asker_new(fixture.fake), &patience,
                                 &fixture.cluster, &error),
                LOOM_OK, &error);
  loom_cluster_share(fixture.cluster, failed);
  fixture.fake->error = "Code: 999, ZooKeeper";
  assert_int_equal(ask_version(&fixture, 1, &answer, &error), LOOM_EUNREACHABLE);
  assert_true(fixture.fake->asked[1][0] > 1);
  assert_true(atomic_load(&failed[1]) && !atomic_load(&failed[0]));
  unsigned before = fixture.fake->asked[1][0];
  assert_int_equal(ask_version(&fixture, 1, &answer, &error), LOOM_EUNREACHABLE);
  assert_int_equal(fixture.fake->asked[1][0], before + 1);
  fixture.fake->error = NULL;
  assert_status(ask_version(&fixture, 1, &answer, &error), LOOM_OK, &error);
  assert_int_equal(atomic_load(&failed[1]), 0);
  loom_cluster_free(own);
  loom_text_free(&answer);
  end(&fixture);
}

static loom_status fail_second(void *context, unsigned shard, loom_error *error) {
  atomic_int *calls = context;
  atomic_fetch_add(calls, 1);
  return shard == 1 ? loom_fail(error, LOOM_EFULL, "full") : LOOM_OK;
}

static void works_for_each_shard(void **state) {
  struct fixture fixture;
  loom_error error;
  atomic_int calls = 0;
  (void)state;
  begin(&fixture);
  assert_int_equal(loom_cluster_each(fixture.cluster, fail_second, &calls, &error), LOOM_EFULL);
  assert_string_equal(error.message, "full");
  assert_int_equal(atomic_load(&calls), 2);
  end(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(asks_replicas_in_turn),
      cmocka_unit_test(does_not_try_again_what_will_never_be),
      cmocka_unit_test(takes_clickhouse_alone_for_one),
      cmocka_unit_test(makes_tables_as_long_as_patience_lasts),
      cmocka_unit_test(is_told_of_a_shard_that_does_not_answer),
      cmocka_unit_test(works_for_each_shard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
