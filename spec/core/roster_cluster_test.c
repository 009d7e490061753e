/*
** The roster of a cluster: whatever a head is given, by files or by hand, every other one has, as a database of its own would have
** it, under the same numbers; and what does not come whole is told, and never read.
*/
#include "cluster/care.h"
#include "cluster/fold.h"
#include "cluster/remote_cluster.h"
#include "facts.h"
#include "fake_cluster.h"
#include "sqlite/head.h"
#include "sqlite/roster_rows.h"

#define POLLS "store_id,status,timestamp_utc\n"
#define HOURS "store_id,dayOfWeek,start_time_local,end_time_local\n"
#define ZONES "store_id,timezone_str\n"

#define STORE_OF " JOIN store ON store.number = t.store"

struct fixture {
  struct scratch scratch;
  struct fake_cluster *fake;
  loom_database *heads[2], *other; /* the other one knows of no cluster */
};

static loom_status attach(struct fixture *fixture, const char *name, loom_database **head,
                          loom_error *error) {
  struct loom_conf conf = fake_conf();
  *head = open_database(scratch_path(&fixture->scratch, name));
  return loom_remote_attach(*head, &conf, fake_asker_new(fixture->fake), error);
}

static loom_database *attached(struct fixture *fixture, const char *name) {
  loom_error error;
  loom_database *head;
  assert_status(attach(fixture, name, &head, &error), LOOM_OK, &error);
  return head;
}

static struct fixture make_fixture(void) {
  struct fixture fixture = {.fake = fake_cluster_new(), .other = memory_database()};
  scratch_begin(&fixture.scratch);
  fixture.heads[0] = attached(&fixture, "0.db");
  fixture.heads[1] = attached(&fixture, "1.db");
  return fixture;
}

static void end_fixture(struct fixture *fixture) {
  loom_database_close(fixture->heads[0]);
  loom_database_close(fixture->heads[1]);
  loom_database_close(fixture->other);
  fake_cluster_free(fixture->fake);
  scratch_end(&fixture->scratch);
}

/* ---- what is known ---- */

static struct buffer roster_of(loom_database *database, bool numbers) {
  static const char *const queries[] = {
      "SELECT store_id, timezone, timezone_override FROM store ORDER BY 1",
      "SELECT store_id, origin, effective_from, reverts, hex(openings) FROM hours_week t" STORE_OF
      " ORDER BY 1, 2, 3",
      "SELECT store_id, date, open_s, close_s, note, origin FROM special_day t LEFT" STORE_OF
      " ORDER BY 1, 2, 3, 4, 5, 6",
      "SELECT store_id, from_us, to_us, reason, zone, hex(openings) FROM exclusion t LEFT" STORE_OF
      " ORDER BY 1, 2, 3, 4, 5, 6",
      "SELECT store_id, name, value FROM attribute t" STORE_OF " ORDER BY 1, 2",
      "SELECT number, store_id, first_poll, newest_poll, newest_active FROM store ORDER BY 1",
      "SELECT number, store, from_us FROM exclusion ORDER BY 1",
      "SELECT newest_poll FROM overall"};
  struct buffer out = {0};
  for (size_t i = 0; i < (numbers ? COUNT_OF(queries) : 5); i++)
    dump_query(database, queries[i], &out);
  return out;
}

static void assert_same_roster(loom_database *a, loom_database *b, bool numbers) {
  struct buffer first = roster_of(a, numbers), second = roster_of(b, numbers);
  assert_buffer_equal(&first, &second);
  buffer_free(&first);
  buffer_free(&second);
}

/* Opens the heads again, which then have the same, and all that was done. */
static void assert_shared(struct fixture *fixture) {
  for (int i = 0; i < 2; i++) {
    loom_database_close(fixture->heads[i]);
    fixture->heads[i] = attached(fixture, i ? "1.db" : "0.db");
  }
  assert_same_roster(fixture->heads[0], fixture->heads[1], true);
  assert_same_roster(fixture->heads[0], fixture->other, false);
}

/* ---- what is done ---- */

static void put_store(struct buffer *out, uint64_t *random) {
  buffer_printf(out, "shop %d", (int)random_below(random, 9));
}

/* A file of a kind, with some rows. */
static struct buffer random_file(uint64_t *random, enum loom_kind kind) {
  static const char *const zones[] = {"Europe/Berlin", "America/Chicago", "Asia/Tokyo"};
  struct buffer out = {0};
  buffer_printf(&out, "%s%s\n", loom_kind_header(kind), kind == LOOM_ATTRIBUTES ? ",brand" : "");
  for (uint64_t i = 0; i < 1 + random_below(random, 3); i++) {
    int day = 1 + (int)random_below(random, 9), hour = (int)random_below(random, 12);
    bool all = random_below(random, 5) == 0;
    if (all && (kind == LOOM_SPECIAL_DAYS || kind == LOOM_EXCLUSIONS))
      buffer_printf(&out, "*");
    else
      put_store(&out, random);
    if (kind == LOOM_POLLS)
      buffer_printf(&out, ",%s,2023-01-%02d %02d:00:00\n", hour % 2 ? "active" : "inactive", day,
                    hour);
    else if (kind == LOOM_HOURS)
      buffer_printf(&out, ",%d,%02d:00:00,%02d:30:00,2023-01-%02d\n", day % 7, hour, hour + 3, day);
    else if (kind == LOOM_TIMEZONES)
      buffer_printf(&out, ",%s\n", zones[random_below(random, COUNT_OF(zones))]);
    else if (kind == LOOM_SPECIAL_DAYS)
      buffer_printf(&out, ",2023-01-%02d,%02d:00:00,%02d:00:00,note %d\n", day, hour, hour + 1,
                    hour);
    else if (kind == LOOM_EXCLUSIONS)
      buffer_printf(&out, ",2023-01-%02d %02d:00:00,2023-02-%02d 00:00:00,work\n", day, hour, day);
    else
      buffer_printf(&out, ",brand %d\n", hour);
  }
  return out;
}

static loom_status store_file(loom_database *database, enum loom_kind kind,
                              const struct buffer *text, loom_error *error) {
  struct input_file file = small_file(kind);
  loom_staging *staging = stage_bytes(database->zones, &file, text->bytes, text->length);
  loom_status status = loom_database_begin_write(database, error);
  loom_sink *sink = loom_sink_of(database);
  assert_non_null(sink);
  if (status == LOOM_OK && (status = apply_in_steps(sink, staging, 3, error)) == LOOM_DONE)
    status = loom_database_commit(database, error);
  else
    loom_database_rollback(database);
  loom_sink_free(sink);
  loom_staging_free(staging);
  return status;
}

/* A change by hand, of a random fact; what is removed may be there or not. */
static struct loom_fact random_fact(uint64_t *random, char store[16]) {
  static const struct loom_hours openings[] = {{.weekday = 2, .open = 32400, .close = 61200}};
  enum loom_fact_kind kind = (enum loom_fact_kind)random_below(random, LOOM_FACT_KINDS);
  snprintf(store, 16, "shop %d", (int)random_below(random, 9));
  struct loom_fact fact = with_text(kind, store, kind == LOOM_FACT_ATTRIBUTE ? "brand" : "",
                                    kind == LOOM_FACT_ZONE ? "Asia/Kolkata" : "by hand");
  fact.date = 19300 + (int32_t)random_below(random, 5);
  if (kind == LOOM_FACT_WEEK || kind == LOOM_FACT_SPECIAL_DAY) {
    fact.opening_count = random_below(random, 2);
    fact.openings = openings;
  }
  if (kind == LOOM_FACT_WEEK)
    fact.text_length = 0;
  if (kind == LOOM_FACT_EXCLUSION) {
    fact.from = (int64_t)random_below(random, 5) * LOOM_DAY;
    fact.to = fact.from + LOOM_DAY;
    fact.number = 1 + (int64_t)random_below(random, 5);
  }
  return fact;
}

static loom_status change(loom_database *database, struct loom_fact fact, bool removes,
                          loom_error *error) {
  static const struct loom_author author = {.by = "test", .by_length = 4};
  uint64_t count;
  loom_facts *facts = loom_facts_sqlite(database);
  assert_non_null(facts);
  loom_status status = loom_facts_begin(facts, &author, error);
  if (status == LOOM_OK)
    status = removes ? loom_facts_remove(facts, &fact, &count, error)
                     : loom_facts_put(facts, &fact, error);
  if (status == LOOM_OK)
    status = loom_facts_commit(facts, error);
  loom_facts_free(facts);
  return status;
}

/* Does something with a database; what it is follows from the seed. */
static loom_status act(loom_database *database, uint64_t seed, loom_error *error) {
  uint64_t random = seed;
  char store[16];
  if (random_below(&random, 2)) {
    struct loom_fact fact = random_fact(&random, store);
    return change(database, fact, random_below(&random, 3) == 0, error);
  }
  enum loom_kind kind = (enum loom_kind)random_below(&random, LOOM_KIND_COUNT);
  struct buffer text = random_file(&random, kind);
  loom_status status = store_file(database, kind, &text, error);
  buffer_free(&text);
  return status;
}

/* One that is behind is told so once, and has caught up then. */
static void act_in_turn(loom_database *head, uint64_t seed) {
  loom_error error;
  loom_status status = act(head, seed, &error);
  if (status == LOOM_EBUSY) {
    assert_non_null(strstr(error.message, "try again"));
    status = act(head, seed, &error);
  }
  assert_status(status, LOOM_OK, &error);
}

/* Writes the roster anew where any row is superseded; how many were. */
static uint64_t renew(loom_database *head) {
  loom_error error;
  loom_cluster *cluster;
  struct loom_compacted compacted;
  assert_status(loom_remote_open(head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_care_compact(head, cluster, 1, &compacted, &error), LOOM_OK, &error);
  return compacted.entries;
}

static uint64_t drop(loom_database *head) {
  loom_error error;
  loom_cluster *cluster;
  uint64_t dropped;
  assert_status(loom_remote_open(head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_care_drop(cluster, 0, &dropped, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
  return dropped;
}

static void fold(loom_database *head) {
  loom_error error;
  loom_cluster *cluster;
  uint64_t rows;
  assert_status(loom_remote_open(head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_fold(cluster, 1, &rows, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
}

static void tell_problem(void *context, const char *problem) {
  (void)context;
  fail_msg("%s", problem);
}

static void assert_adds_up(loom_database *head) {
  loom_error error;
  loom_remote *remote = loom_database_remote(head);
  assert_status(remote->type->check(remote, tell_problem, NULL, &error), LOOM_OK, &error);
}

/* What comes next is in another partition of the roster. */
static void go_on(struct fake_cluster *fake) {
  uint64_t ingest = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    ingest = fake->ledger[i].ingest > ingest ? fake->ledger[i].ingest : ingest;
  fake->ledger[fake->ledger_count++] =
      (struct fake_entry){.ingest = ((ingest >> 36) + 1) << 36, .step = "begin"};
}

/* Looks after the cluster at random; *renewals: how often the roster was written anew. */
static void care(struct fixture *fixture, loom_database *head, uint64_t *random, int *renewals) {
  switch (random_below(random, 6)) {
  case 0:
    *renewals += renew(head) > 0;
    assert_adds_up(head);
    break;
  case 1:
    drop(head);
    break;
  case 2:
    fold(head);
    break;
  case 3:
    go_on(fixture->fake);
    break;
  }
}

/* ---- tests ---- */

static void is_what_every_head_has(void **state) {
  int renewals = 0;
  (void)state;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    struct fixture fixture = make_fixture();
    loom_error error;
    uint64_t random = seed;
    for (int i = 0; i < 20; i++) {
      uint64_t action = random_below(&random, UINT32_MAX);
      int which = (int)random_below(&random, 2);
      act_in_turn(fixture.heads[which], action);
      assert_status(act(fixture.other, action, &error), LOOM_OK, &error);
      if (seed > 6)
        care(&fixture, fixture.heads[which], &random, &renewals);
      if (random_below(&random, 4) == 0)
        assert_shared(&fixture);
    }
    assert_shared(&fixture);
    assert_adds_up(fixture.heads[0]);
    loom_database *third = attached(&fixture, "new.db");
    assert_same_roster(third, fixture.heads[0], true);
    loom_database_close(third);
    end_fixture(&fixture);
  }
  assert_true(renewals > 5);
}

static void load_into(loom_database *database, enum loom_kind kind, const char *text) {
  loom_error error;
  struct buffer all = {0};
  buffer_put(&all, text, strlen(text));
  assert_status(store_file(database, kind, &all, &error), LOOM_OK, &error);
  buffer_free(&all);
}

/* A head that was away learns, too, of what is not there any more. */
static void is_written_anew(void **state) {
  struct fixture fixture = make_fixture();
  struct loom_fact exclusion = with_text(LOOM_FACT_EXCLUSION, "a", "", "by hand");
  loom_error error;
  (void)state;
  exclusion.to = LOOM_DAY;
  load_into(fixture.heads[0], LOOM_ATTRIBUTES, "store_id,brand\na,red\nb,red\n");
  assert_status(change(fixture.heads[0], exclusion, false, &error), LOOM_OK, &error);
  loom_database_close(fixture.heads[1]);
  fixture.heads[1] = attached(&fixture, "1.db");
  assert_rows(fixture.heads[1], "SELECT count(*) FROM exclusion", "1:1 \n");
  exclusion.number = 1;
  assert_status(change(fixture.heads[0], exclusion, true, &error), LOOM_OK, &error);
  for (int i = 0; i < 30; i++)
    load_into(fixture.heads[0], LOOM_ATTRIBUTES,
              i % 2 ? "store_id,brand\na,red\n" : "store_id,brand\na,blue\n");
  size_t before = fixture.fake->row_count;
  go_on(fixture.fake);
  assert_true(renew(fixture.heads[0]) > 25);
  assert_int_equal(renew(fixture.heads[0]), 0);
  assert_true(fixture.fake->row_count > before);
  assert_adds_up(fixture.heads[0]);
  assert_int_equal(drop(fixture.heads[0]), 1);
  assert_int_equal(fixture.fake->row_count, 4); /* two stores, each with its attributes */
  assert_adds_up(fixture.heads[0]);
  load_into(fixture.heads[0], LOOM_ATTRIBUTES, "store_id,brand\nb,blue\n");
  for (int i = 0; i < 2; i++) {
    loom_database_close(fixture.heads[i]);
    fixture.heads[i] = attached(&fixture, i ? "1.db" : "0.db");
  }
  assert_rows(fixture.heads[1], "SELECT count(*) FROM exclusion", "1:0 \n");
  assert_same_roster(fixture.heads[0], fixture.heads[1], true);
  loom_database *third = attached(&fixture, "new.db");
  assert_same_roster(third, fixture.heads[0], true);
  loom_database_close(third);
  end_fixture(&fixture);
}

/* A head that was killed behind the cluster's commit has what it was before. */
static void has_what_was_committed_by_who_died_then(void **state) {
  struct fixture fixture = make_fixture();
  struct buffer before = {0};
  char path[640];
  (void)state;
  load_into(fixture.heads[0], LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\n");
  loom_database_close(fixture.heads[0]);
  snprintf(path, sizeof path, "%s", scratch_path(&fixture.scratch, "0.db"));
  read_file(path, &before);
  fixture.heads[0] = attached(&fixture, "0.db");
  load_into(fixture.heads[0], LOOM_TIMEZONES, ZONES "b,Asia/Tokyo\nc,Asia/Kolkata\n");
  loom_database_close(fixture.heads[0]);
  write_file(path, before.bytes, before.length);
  fixture.heads[0] = attached(&fixture, "0.db");
  load_into(fixture.heads[0], LOOM_POLLS, POLLS "d,active,2023-01-25 10:00:00\n");
  load_into(fixture.other, LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\n");
  load_into(fixture.other, LOOM_TIMEZONES, ZONES "b,Asia/Tokyo\nc,Asia/Kolkata\n");
  load_into(fixture.other, LOOM_POLLS, POLLS "d,active,2023-01-25 10:00:00\n");
  assert_shared(&fixture);
  buffer_free(&before);
  end_fixture(&fixture);
}

static void is_undone_with_the_transaction(void **state) {
  struct fixture fixture = make_fixture();
  loom_error error;
  loom_facts *facts = loom_facts_sqlite(fixture.heads[0]);
  (void)state;
  load_into(fixture.heads[0], LOOM_ATTRIBUTES, "store_id,brand\na,red\n");
  load_into(fixture.other, LOOM_ATTRIBUTES, "store_id,brand\na,red\n");
  size_t rows = fixture.fake->row_count;
  begin(facts);
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "a", "brand", "blue"));
  loom_facts_free(facts); /* which abandons it */
  assert_int_equal(fixture.fake->row_count, rows);
  load_into(fixture.heads[0], LOOM_POLLS, POLLS "a,active,2023-01-25 10:00:00\n");
  assert_int_equal(fixture.fake->row_count, rows);
  load_into(fixture.other, LOOM_POLLS, POLLS "a,active,2023-01-25 10:00:00\n");
  assert_shared(&fixture);
  fixture.fake->error = "Code: 62, e.displayText() = DB::Exception: Syntax error";
  assert_int_equal(change(fixture.heads[0], with_text(LOOM_FACT_ATTRIBUTE, "a", "brand", "green"),
                          false, &error),
                   LOOM_EIO);
  fixture.fake->error = NULL;
  assert_shared(&fixture);
  end_fixture(&fixture);
}

static void comes_of_a_replica_that_has_all(void **state) {
  struct fixture fixture = make_fixture();
  loom_error error;
  loom_database *third;
  (void)state;
  load_into(fixture.heads[0], LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\nb,0,09:00:00,17:00:00\n");
  load_into(fixture.other, LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\nb,0,09:00:00,17:00:00\n");
  fixture.fake->lags[0][0] = fixture.fake->lags[0][1] = 1;
  assert_shared(&fixture);
  fixture.fake->lags[0][2] = 1;
  assert_int_equal(attach(&fixture, "third.db", &third, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "3 of 4 rows of the roster"));
  loom_database_close(third);
  fixture.fake->lags[0][2] = 0;
  third = attached(&fixture, "third.db");
  assert_same_roster(third, fixture.heads[0], true);
  loom_database_close(third);
  end_fixture(&fixture);
}

/* A database that has stores already brings them to a cluster that has none, and not to one that has. */
static void begins_with_what_the_first_head_has(void **state) {
  struct fixture fixture = make_fixture();
  loom_error error;
  loom_database *full;
  (void)state;
  for (int i = 0; i < 2; i++) {
    loom_database *database = open_database(scratch_path(&fixture.scratch, i ? "b.db" : "a.db"));
    load_into(database, LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\n");
    load_into(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,closed,\n");
    loom_database_close(database);
  }
  loom_database_close(attached(&fixture, "a.db"));
  load_into(fixture.other, LOOM_HOURS, HOURS "a,0,09:00:00,17:00:00\n");
  load_into(fixture.other, LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,closed,\n");
  assert_shared(&fixture);
  assert_int_equal(attach(&fixture, "b.db", &full, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "has stores of its own, and the cluster has others"));
  loom_database_close(full);
  end_fixture(&fixture);
}

/* Also where that is of all stores alone. */
static void begins_with_what_is_of_every_store(void **state) {
  static const struct {
    enum loom_kind kind;
    const char *text;
  } files[] = {{LOOM_SPECIAL_DAYS, "store_id,date,open,close\n*,2023-01-01,closed,\n"},
               {LOOM_EXCLUSIONS,
                "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-02 "
                "00:00:00,work\n"}};
  (void)state;
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    struct fixture fixture = make_fixture();
    loom_database *database = open_database(scratch_path(&fixture.scratch, "a.db"));
    load_into(database, files[i].kind, files[i].text);
    loom_database_close(database);
    load_into(fixture.other, files[i].kind, files[i].text);
    loom_database_close(attached(&fixture, "a.db"));
    assert_shared(&fixture);
    end_fixture(&fixture);
  }
}

static void refuses_bytes_that_are_no_rows(void **state) {
  loom_database *database = memory_database();
  loom_error error;
  const struct loom_roster_entry entry = {LOOM_ROSTER_STORE, 1};
  struct loom_text good = {0};
  (void)state;
  load_into(database, LOOM_TIMEZONES, ZONES "a,Asia/Tokyo\n");
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_roster_put(database, &entry, &good, &error), LOOM_OK, &error);
  for (size_t length = 1; length < good.length; length++)
    assert_int_equal(loom_roster_take(database, &entry, good.bytes, length, &error), LOOM_ECORRUPT);
  const struct loom_roster_entry another = {LOOM_ROSTER_STORE, 2};
  assert_int_equal(loom_roster_take(database, &another, good.bytes, good.length, &error),
                   LOOM_ECORRUPT);
  assert_non_null(strstr(error.message, "store 2 is another one than in the cluster"));
  assert_status(loom_roster_take(database, &entry, good.bytes, good.length, &error), LOOM_OK,
                &error);
  uint64_t random = 5;
  for (int i = 0; i < 20000;
       i++) { /* it may be taken or refused, and reads no byte behind the last */
    unsigned char *bytes = malloc(good.length);
    memcpy(bytes, good.bytes, good.length);
    bytes[random_below(&random, good.length)] ^= (unsigned char)(1 + random_below(&random, 255));
    loom_roster_take(database, &entry, bytes, good.length, &error);
    free(bytes);
  }
  loom_database_rollback(database);
  loom_text_free(&good);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_what_every_head_has),
      cmocka_unit_test(is_written_anew),
      cmocka_unit_test(has_what_was_committed_by_who_died_then),
      cmocka_unit_test(is_undone_with_the_transaction),
      cmocka_unit_test(comes_of_a_replica_that_has_all),
      cmocka_unit_test(begins_with_what_the_first_head_has),
      cmocka_unit_test(begins_with_what_is_of_every_store),
      cmocka_unit_test(refuses_bytes_that_are_no_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
