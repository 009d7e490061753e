/*
** Tests of what writes note of their changes: of random ones, all that have changed anything of a store, and nothing else.
*/
#include "storage.h"

#include "sqlite/changes.h"
#include "sqlite/check.h"
#include "support.h"
#include "time/civil.h"
#include "write/delete.h"
#include "write/prune.h"

#define STORES 5

static const struct {
  enum loom_kind kind;
  const char *name, *sql; /* of all that a store has of the kind */
} facts[] = {
    {LOOM_HOURS, "hours",
     "SELECT w.origin, w.effective_from, w.reverts, weekday, open_s, close_s FROM hours_week w"
     " LEFT JOIN hours USING(store, origin, effective_from) JOIN store ON number = w.store"
     " WHERE store_id = '%s' ORDER BY 1, 2, 3, 4, 5, 6"},
    {LOOM_TIMEZONES, "timezones",
     "SELECT timezone, timezone_override FROM store WHERE store_id = '%s'"
     " AND ifnull(timezone, timezone_override) IS NOT NULL"},
    {LOOM_SPECIAL_DAYS, "special_days",
     "SELECT date, open_s, close_s, note, origin FROM special_day JOIN store ON number = store"
     " WHERE store_id = '%s' ORDER BY 1, 2, 3, 4, 5"},
    {LOOM_EXCLUSIONS, "exclusions",
     "SELECT from_us, to_us, reason FROM exclusion e JOIN store s ON s.number = e.store"
     " WHERE store_id = '%s' ORDER BY 1, 2, 3"},
    {LOOM_ATTRIBUTES, "attributes",
     "SELECT name, value FROM attribute JOIN store ON number = store WHERE store_id = '%s'"
     " ORDER BY 1"},
};
#define FACTS COUNT_OF(facts)

/* What a store has. */
struct known {
  struct buffer polls, facts[FACTS];
  int64_t active; /* of its newest poll; -1: it has none */
  bool exists;
};

static int64_t number_of(loom_database *database, const char *format, const char *id) {
  char sql[600];
  snprintf(sql, sizeof sql, format, id);
  return number(database, sql);
}

static struct buffer answer(loom_database *database, const char *format, const char *id) {
  char sql[600];
  struct buffer out = {0};
  snprintf(sql, sizeof sql, format, id);
  dump_query(database, sql, &out);
  return out;
}

static struct known look(loom_database *database, const char *id) {
  struct known known;
  known.polls = answer(database,
                       "SELECT day, hex(polls) FROM poll_block JOIN store ON number = store"
                       " WHERE store_id = '%s' ORDER BY 1",
                       id);
  for (size_t i = 0; i < FACTS; i++)
    known.facts[i] = answer(database, facts[i].sql, id);
  known.active = number_of(
      database, "SELECT ifnull(max(newest_active), -1) FROM store WHERE store_id = '%s'", id);
  known.exists = number_of(database, "SELECT count(*) FROM store WHERE store_id = '%s'", id);
  return known;
}

static void forget(struct known *known) {
  buffer_free(&known->polls);
  for (size_t i = 0; i < FACTS; i++)
    buffer_free(&known->facts[i]);
}

static bool differ(const struct buffer *a, const struct buffer *b) {
  return a->length != b->length || (a->length && memcmp(a->bytes, b->bytes, a->length) != 0);
}

/* ---- random writes ---- */

static void put_row(struct buffer *rows, enum loom_kind kind, uint64_t *random) {
  int store = (int)random_below(random, STORES), a = (int)random_below(random, 3),
      b = (int)random_below(random, 3);
  switch (kind) {
  case LOOM_POLLS:
    buffer_printf(rows, "s%d,%s,2023-01-2%d 0%d:00:00\n", store, b ? "active" : "inactive",
                  (int)random_below(random, 4), a);
    break;
  case LOOM_HOURS:
    buffer_printf(rows, "s%d,%d,0%d:00,12:00\n", store, a, b);
    break;
  case LOOM_TIMEZONES:
    buffer_printf(rows, "s%d,%s\n", store, a ? "UTC" : "Asia/Tokyo");
    break;
  case LOOM_SPECIAL_DAYS:
    buffer_printf(rows, "s%d,2023-01-0%d,0%d:00,12:00,\n", store, 1 + a, b);
    break;
  case LOOM_EXCLUSIONS:
    buffer_printf(rows, "s%d,2023-01-0%d 00:00:00,2023-01-0%d 00:00:00,\n", store, 1 + a, 5 + b);
    break;
  default:
    buffer_printf(rows, "s%d,%.*s\n", store, b, "xy");
  }
}

static void load_some(loom_database *database, uint64_t *random) {
  static const char *const headers[LOOM_KIND_COUNT] = {
      [LOOM_POLLS] = "store_id,status,timestamp_utc\n",
      [LOOM_HOURS] = "store_id,day,start_time_local,end_time_local\n",
      [LOOM_TIMEZONES] = "store_id,timezone_str\n",
      [LOOM_SPECIAL_DAYS] = "store_id,date,open,close,note\n",
      [LOOM_EXCLUSIONS] = "store_id,from_utc,to_utc,reason\n",
      [LOOM_ATTRIBUTES] = "store_id,region\n",
  };
  struct buffer rows = {0};
  enum loom_kind kind =
      random_below(random, 2) ? LOOM_POLLS : (enum loom_kind)random_below(random, LOOM_KIND_COUNT);
  buffer_printf(&rows, "%s", headers[kind]);
  for (uint64_t n = 1 + random_below(random, 3); n > 0; n--)
    put_row(&rows, kind, random);
  load(database, kind, rows.bytes);
  buffer_free(&rows);
}

static void remove_some(loom_database *database, const char *id, uint64_t *random) {
  loom_error error;
  struct loom_removed removed = {0};
  struct loom_removal removal = {.id = id, .id_length = strlen(id)};
  int64_t start = 19379 * LOOM_DAY; /* 2023-01-22 */
  removal.whole_store = random_below(random, 2);
  removal.from = start + (int64_t)random_below(random, 3) * LOOM_HOUR;
  removal.to = removal.from + (int64_t)random_below(random, 30) * LOOM_HOUR;
  if (!number_of(database, "SELECT count(*) FROM store WHERE store_id = '%s'", id))
    return;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_delete_step(database, &removal, 100, &removed, &error), LOOM_DONE, &error);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
}

static void prune(loom_database *database, uint64_t *random) {
  loom_error error;
  struct loom_pruning pruning;
  struct loom_prune_options options = {
      .keep = (int64_t)random_below(random, 72) * LOOM_HOUR, .now = INT64_MAX / 4, .force = true};
  assert_status(loom_prune(database, &options, &pruning, &error), LOOM_OK, &error);
}

/* By hand, as the Lua module does. */
static void override_some(loom_database *database, const char *id, uint64_t *random) {
  allow_writing(database);
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  switch (random_below(random, 4)) {
  case 0:
    execute_for(database, id, "DELETE FROM hours_week WHERE store = ? AND origin = 'override'");
    override_hours(database, id, "2023-01-01", (int)random_below(random, 7), 0, 3600);
    break;
  case 1:
    override_week(database, id, "2023-02-01", true);
    break;
  case 2:
    override_day(database, id, "2023-01-25", 0, 60, "");
    break;
  default:
    override_timezone(database, id, "UTC");
  }
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
}

static void write_some(loom_database *database, uint64_t *random) {
  char id[16];
  snprintf(id, sizeof id, "s%d", (int)random_below(random, STORES));
  switch (random_below(random, 12)) {
  case 0:
    remove_some(database, id, random);
    break;
  case 1:
    prune(database, random);
    break;
  case 2:
    override_some(database, id, random);
    break;
  default:
    load_some(database, random);
  }
}

/* ---- what is noted ---- */

static void assert_noted(loom_database *database, const char *id, const struct known *before,
                         const struct known *after, int64_t revision) {
  char sql[400];
  if (!after->exists) {
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM change WHERE number = %lld AND kind = 'removal'"
             " AND store_id = '%s'",
             (long long)revision, id);
    assert_int_equal(number(database, sql), before->exists);
    return;
  }
  int64_t changed = number_of(database, "SELECT changed FROM store WHERE store_id = '%s'", id);
  int64_t turned = number_of(database, "SELECT turned FROM store WHERE store_id = '%s'", id);
  assert_int_equal(changed == revision, differ(&before->polls, &after->polls));
  assert_int_equal(turned == revision,
                   before->active >= 0 && after->active >= 0 && before->active != after->active);
  for (size_t i = 0; i < FACTS; i++) {
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM change WHERE number = %lld AND kind = '%s' AND store_id = '%s'",
             (long long)revision, facts[i].name, id);
    bool differs = differ(&before->facts[i], &after->facts[i]);
    if (number(database, sql) < differs) /* what is set and set back may be noted */
      fail_msg("%s of %s, write %lld: changed %d", facts[i].name, id, (long long)revision, differs);
  }
}

static void tell_problem(void *context, const char *problem) {
  (void)context;
  fail_msg("%s", problem);
}

static void random_writes_note_what_they_change(void **state) {
  (void)state;
  uint64_t random = 5;
  loom_database *database = memory_database();
  loom_error error;
  struct known before[STORES];
  for (int i = 0; i < STORES; i++)
    before[i] = look(database, ""); /* nothing */
  for (int round = 0; round < 1500; round++) {
    int64_t old = number(database, "SELECT revision FROM overall");
    write_some(database, &random);
    int64_t revision = number(database, "SELECT revision FROM overall");
    for (int i = 0; i < STORES; i++) {
      char id[16];
      snprintf(id, sizeof id, "s%d", i);
      struct known after = look(database, id);
      if (revision != old)
        assert_noted(database, id, &before[i], &after, revision);
      else
        assert_false(differ(&before[i].polls, &after.polls));
      forget(&before[i]);
      before[i] = after;
    }
    if (round % 50 == 0)
      assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
  }
  for (int i = 0; i < STORES; i++)
    forget(&before[i]);
  loom_database_close(database);
}

static void what_is_known_already_is_no_change(void **state) {
  (void)state;
  loom_database *database = memory_database();
  for (int times = 0; times < 2; times++) {
    load(database, LOOM_POLLS, "store_id,status,timestamp_utc\na,active,2023-01-25 00:00:00\n");
    load(database, LOOM_HOURS, "store_id,day,start_time_local,end_time_local\na,0,10:00,17:00\n");
    load(database, LOOM_EXCLUSIONS,
         "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-02 00:00:00,\n");
  }
  assert_int_equal(number(database, "SELECT revision FROM overall"),
                   4); /* the first made the schema */
  assert_int_equal(number(database, "SELECT changed FROM store"), 2);
  assert_int_equal(number(database, "SELECT count(*) FROM change"), 2);
  assert_int_equal(number(database, "SELECT count(*) FROM change WHERE store_id IS NULL"), 1);
  loom_database_close(database);
}

/* Many stores at a time are noted as all, few one by one. */
static void a_large_file_is_one_change(void **state) {
  (void)state;
  static const struct {
    int stores;
    int64_t noted, of_all;
  } cases[] = {{LOOM_CHANGES_SINGLE_MAX, LOOM_CHANGES_SINGLE_MAX, 0},
               {LOOM_CHANGES_SINGLE_MAX + 1, 1, 1},
               {1000, 1, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_database *database = memory_database();
    struct buffer rows = {0};
    buffer_printf(&rows, "store_id,day,start_time_local,end_time_local\n");
    for (int store = 0; store < cases[i].stores; store++)
      for (int day = 0; day < 7; day++)
        buffer_printf(&rows, "s%d,%d,10:00,17:00\n", store, day);
    load(database, LOOM_HOURS, rows.bytes);
    assert_int_equal(number(database, "SELECT count(*) FROM change"), cases[i].noted);
    assert_int_equal(number(database, "SELECT count(*) FROM change WHERE store_id IS NULL"),
                     cases[i].of_all);
    /* Afterwards single ones are noted by the triggers again. */
    override_timezone(database, "s1", "UTC");
    assert_int_equal(number(database, "SELECT count(*) FROM change WHERE kind = 'timezones'"), 1);
    buffer_free(&rows);
    loom_database_close(database);
  }
}

/* So many polls that they are written as a whole: of stores from `first` on, a poll a minute; every third store is down at the end. */
static void load_many(loom_database *database, int first, int day) {
  struct buffer rows = {0};
  buffer_printf(&rows, "store_id,status,timestamp_utc\n");
  for (int store = first; store < first + 100; store++)
    for (int minute = 0; minute < 50; minute++)
      buffer_printf(&rows, "s%d,%s,2023-01-%02d 00:%02d:00\n", store,
                    minute == 49 && (store + day) % 3 == 0 ? "inactive" : "active", day, minute);
  load(database, LOOM_POLLS, rows.bytes);
  buffer_free(&rows);
}

static void many_polls_are_noted(void **state) {
  (void)state;
  loom_error error;
  loom_database *database = memory_database();
  load_many(database, 0, 10);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE changed = 2"), 100);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE newest_active = 0"), 33);
  load_many(database, 50, 11); /* half of them are new */
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE changed = 3"), 100);
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE turned = 3"), 33);
  load_many(database, 50, 11);
  assert_int_equal(number(database, "SELECT max(changed) FROM store"), 3);
  load_many(database, 100, 9); /* history */
  assert_int_equal(number(database, "SELECT count(*) FROM store WHERE changed = 4"), 100);
  assert_int_equal(number(database, "SELECT max(turned) FROM store"), 3);
  assert_int_equal(number(database, "SELECT revision FROM overall"), 4);
  assert_status(loom_check_run(database, tell_problem, NULL, &error), LOOM_OK, &error);
  loom_database_close(database);
}

static void the_last_ones_are_kept(void **state) {
  (void)state;
  loom_database *database = memory_database();
  override_timezone(database, "a", "UTC");
  execute(database,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
          " INSERT INTO exclusion(store, from_us, to_us) SELECT i % 2, i, i + 1 FROM n"
          " JOIN store ON number = 1 WHERE i % 2 = 1");
  execute(database,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
          " INSERT INTO change(number, kind, store_id) SELECT i, 'hours', 'a' FROM n");
  assert_int_equal(number(database, "SELECT count(*) FROM change"), 10000);
  assert_int_equal(number(database, "SELECT max(id) - min(id) FROM change"), 9999);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_writes_note_what_they_change),
      cmocka_unit_test(what_is_known_already_is_no_change),
      cmocka_unit_test(a_large_file_is_one_change),
      cmocka_unit_test(many_polls_are_noted),
      cmocka_unit_test(the_last_ones_are_kept),
  };
  return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
