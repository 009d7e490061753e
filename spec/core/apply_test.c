/*
** Tests of writing what was read: in steps of a budget, with exact shares and counts, and with a status where the
** database fails. What the rows of files become is in ingest_test.
*/
#include "storage.h"

#include "write/apply.h"
#include "time/civil.h"
#include "measure/schedule.h"
#include "support.h"

static const char *const store_names[] = {"a", "b"};

/* What is staged of stores `a` and `b`, and of texts; records are to follow. */
static loom_staging *begin_staging(const struct loom_staging_options *options,
                                   const char *const *texts, size_t text_count) {
  loom_staging *staging = new_staging(options);
  for (size_t i = 0; i < COUNT_OF(store_names); i++)
    loom_id_table_put(staging->ids, store_names[i], 1);
  for (size_t i = 0; i < text_count; i++)
    loom_id_table_put(&staging->texts, texts[i], strlen(texts[i]));
  return staging;
}

static loom_staging *staging_of_records(const struct loom_staging_options *options,
                                        const char *const *texts, size_t text_count,
                                        const struct loom_record *records, size_t count) {
  loom_error error;
  loom_staging *staging = begin_staging(options, texts, text_count);
  assert_status(loom_staging_add_records(staging, records, count, &error), LOOM_OK, &error);
  loom_staging_complete(staging);
  return staging;
}

/* Three polls of each of two stores on each of two days. */
static loom_staging *staging_of_polls(void) {
  loom_error error;
  loom_staging *staging = begin_staging(
      &(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = 5}, NULL, 0);
  for (int64_t i = 0; i < 12; i++)
    assert_status(loom_staging_add_poll(staging, store_names[i / 2 % 2], 1, true,
                                        (i % 2) * LOOM_DAY + i, &error),
                  LOOM_OK, &error);
  loom_staging_complete(staging);
  return staging;
}

static void polls_in_steps(void **state) {
  (void)state;
  for (size_t budget = 1; budget < 14; budget++) {
    loom_error error;
    loom_apply *apply;
    double share = -1;
    uint64_t steps = 0;
    loom_database *database = memory_database();
    loom_staging *staging = staging_of_polls();
    const struct loom_counts *counts = &staging->counts;
    loom_status status;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    while ((status = loom_apply_step(apply, budget, &share, &error)) == LOOM_OK) {
      steps++;
      /* Groups of three are not divided. */
      uint64_t written = (budget + 2) / 3 * 3 * steps;
      assert_int_equal(counts->added, written < 12 ? written : 12);
      assert_true(share * 12 > (double)counts->added - 0.001 &&
                  share * 12 < (double)counts->added + 0.001);
    }
    assert_status(status, LOOM_DONE, &error);
    assert_true(share == 1);
    loom_apply_free(apply);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    assert_int_equal(number(database, "SELECT count(*) FROM poll_block WHERE length(polls) = 24"),
                     4);
    assert_int_equal(number(database, "SELECT first_poll FROM store WHERE store_id = 'b'"), 2);
    assert_int_equal(number(database, "SELECT newest_poll FROM store WHERE store_id = 'b'"),
                     86400000011);
    loom_staging_free(staging);
    loom_database_close(database);
  }
}

/* One store's records are written together, whatever the budget: hours replace what was there. */
static void records_in_steps(void **state) {
  (void)state;
  for (size_t budget = 1; budget < 6; budget++) {
    loom_error error;
    loom_apply *apply;
    double share = 0;
    struct loom_record records[] = {
        {.store = 1, .date = 5, .weekday = 2, .open = 1, .close = 2},
        {.store = 0, .date = LOOM_ALWAYS, .weekday = 3, .open = 1, .close = 2},
        {.store = 1, .date = LOOM_ALWAYS, .weekday = 2, .open = 1, .close = 2},
        {.store = 1, .date = 5, .weekday = 1, .open = LOOM_CLOSED, .close = LOOM_CLOSED},
        {.store = 0, .date = LOOM_ALWAYS, .weekday = 3, .open = 1, .close = 2}};
    loom_database *database = memory_database();
    loom_staging *staging = staging_of_records(&(struct loom_staging_options){.kind = LOOM_HOURS},
                                               NULL, 0, records, COUNT_OF(records));
    const struct loom_counts *counts = &staging->counts;
    loom_status status;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    do
      status = loom_apply_step(apply, budget, &share, &error);
    while (status == LOOM_OK);
    assert_status(status, LOOM_DONE, &error);
    assert_true(share == 1);
    loom_apply_free(apply);
    assert_int_equal(counts->added, 3);
    /* the same again, and a closed row beside an opening */
    assert_int_equal(counts->duplicates, 2);
    assert_int_equal(number(database, "SELECT count(*) FROM hours"), 3);
    assert_int_equal(number(database, "SELECT count(*) FROM hours_week"), 3);
    loom_database_rollback(database);
    loom_staging_free(staging);
    loom_database_close(database);
  }
}

/* Rows of attributes are not sorted: the budget may come between any two. */
static void attributes_in_steps(void **state) {
  (void)state;
  static const char *const words[] = {"region", "west", "east", ""};
  const uint32_t nothing = 3;
  for (size_t budget = 1; budget < 6; budget++) {
    loom_error error;
    loom_apply *apply;
    double share = 0;
    uint64_t steps = 0;
    struct loom_record records[] = {
        {.store = 1, .name = 0, .text = 1},      {.store = 0, .name = 0, .text = 2},
        {.store = 1, .name = 0, .text = 2},      {.store = 0, .name = 0, .text = nothing},
        {.store = 1, .name = 0, .text = 2},      {.store = 0, .name = 2, .text = 2},
        {.store = 0, .name = 1, .text = nothing}};
    loom_database *database = memory_database();
    loom_staging *staging =
        staging_of_records(&(struct loom_staging_options){.kind = LOOM_ATTRIBUTES}, words,
                           COUNT_OF(words), records, COUNT_OF(records));
    const struct loom_counts *counts = &staging->counts;
    loom_status status;
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    while ((status = loom_apply_step(apply, budget, &share, &error)) == LOOM_OK) {
      steps++;
      assert_true(share * 7 > (double)(budget * steps) - 0.001 &&
                  share * 7 < (double)(budget * steps) + 0.001);
    }
    assert_status(status, LOOM_DONE, &error);
    assert_true(share == 1);
    assert_int_equal(steps, 6 / budget);
    loom_apply_free(apply);
    assert_int_equal(counts->added, 3);
    assert_int_equal(counts->conflicts, 2); /* another value, and none any more */
    assert_int_equal(counts->duplicates, 1);
    struct buffer found = {0};
    dump_query(
        database,
        "SELECT store_id, name, value FROM attribute JOIN store ON number = store ORDER BY 1",
        &found);
    assert_string_equal(found.bytes, "1:a 4:east 4:east \n1:b 6:region 4:east \n");
    buffer_free(&found);
    loom_database_rollback(database);
    loom_staging_free(staging);
    loom_database_close(database);
  }
}

/* Each table that a kind is written to fails in turn. */
static void the_database_fails(void **state) {
  (void)state;
  static const struct {
    enum loom_kind kind;
    const char *sql;
  } cases[] = {
      {LOOM_POLLS,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON poll_block BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_POLLS,
       "CREATE TEMP TRIGGER t BEFORE UPDATE ON store BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_POLLS,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON store BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_HOURS,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON hours_week BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_TIMEZONES,
       "CREATE TEMP TRIGGER t BEFORE UPDATE ON store BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_SPECIAL_DAYS,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON special_day BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_EXCLUSIONS,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON exclusion BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_EXCLUSIONS, "ALTER TABLE exclusion RENAME TO other"},
      {LOOM_ATTRIBUTES,
       "CREATE TEMP TRIGGER t BEFORE INSERT ON attribute BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_ATTRIBUTES, "ALTER TABLE attribute RENAME TO other"},
      {LOOM_POLLS, "ALTER TABLE poll_block RENAME TO other"},
  };
  static const char *const zones[] = {"UTC"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error = {0};
    loom_apply *apply = NULL;
    double share;
    struct loom_record records[] = {{.store = 1, .open = 1, .close = 2, .to = 1}};
    loom_database *database = memory_database();
    execute(database, cases[i].sql);
    loom_staging *staging =
        cases[i].kind == LOOM_POLLS
            ? staging_of_polls()
            : staging_of_records(&(struct loom_staging_options){.kind = cases[i].kind}, zones, 1,
                                 records, 1);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    loom_status status = loom_apply_new(staging, database, &apply, &error);
    if (status == LOOM_OK)
      status = loom_apply_step(apply, 100, &share, &error);
    assert_int_equal(status, LOOM_EIO);
    assert_int_equal(error.code, LOOM_EIO);
    loom_apply_free(apply);
    loom_database_rollback(database);
    assert_int_equal(number(database, "SELECT count(*) FROM store"), 0);
    loom_staging_free(staging);
    loom_database_close(database);
  }
}

/* Overrides that cannot be replaced fail the file. */
static void a_failure_keeps_overrides(void **state) {
  (void)state;
  static const struct {
    enum loom_kind kind;
    const char *sql;
  } cases[] = {
      {LOOM_HOURS,
       "CREATE TEMP TRIGGER t BEFORE DELETE ON hours_week BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_TIMEZONES,
       "CREATE TEMP TRIGGER t BEFORE UPDATE OF timezone_override ON store"
       " BEGIN SELECT raise(ABORT, 'no'); END"},
      {LOOM_SPECIAL_DAYS,
       "CREATE TEMP TRIGGER t BEFORE DELETE ON special_day BEGIN SELECT raise(ABORT, 'no'); END"},
  };
  static const char *const zones[] = {"UTC"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error = {0};
    loom_apply *apply;
    double share;
    struct loom_record records[] = {{.open = 1, .close = 2}};
    loom_database *database = memory_database();
    override_hours(database, "a", "2023-01-01", 0, 0, 60);
    override_day(database, "a", "1970-01-01", 0, 60, "");
    override_timezone(database, "a", "Asia/Tokyo");
    struct buffer before = dump(database);
    execute(database, cases[i].sql);
    struct loom_staging_options options = {.kind = cases[i].kind, .replace_overrides = true};
    loom_staging *staging = staging_of_records(&options, zones, 1, records, 1);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    assert_int_equal(loom_apply_step(apply, 100, &share, &error), LOOM_EIO);
    loom_apply_free(apply);
    loom_database_rollback(database);
    struct buffer after = dump(database);
    assert_buffer_equal(&before, &after);
    buffer_free(&before);
    buffer_free(&after);
    loom_staging_free(staging);
    loom_database_close(database);
  }
}

/* What the database holds cannot be compared with what comes. */
static void stored_hours_that_are_corrupt(void **state) {
  (void)state;
  static const char weeks[] = "SELECT *, hex(openings) FROM hours_week";
  static const char *const damages[] = {"UPDATE hours_week SET effective_from = 'x'",
                                        "UPDATE hours_week SET openings = x'1C00000001'",
                                        "UPDATE hours_week SET openings = x'0000015181'"};
  for (size_t i = 0; i < COUNT_OF(damages); i++) {
    loom_error error;
    static const char text[] =
        "store_id,day,start_time_local,end_time_local\na,0,10:00,11:00\na,1,10:00,12:00\n";
    struct input_file file = small_file(LOOM_HOURS);
    loom_database *database = memory_database();
    load(database, LOOM_HOURS, text);
    execute(database, "PRAGMA foreign_keys=OFF");
    execute(database, damages[i]);
    struct buffer before = {0}, after = {0};
    dump_query(database, weeks, &before);
    loom_staging *staging = stage_bytes(database->zones, &file, text, sizeof text - 1);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    for (int again = 0; again < 2; again++) { /* it goes on failing alike */
      assert_int_equal(apply_all(staging, database, 100, &error), LOOM_ECORRUPT);
      assert_non_null(strstr(error.message, "hours cannot be read"));
    }
    loom_database_rollback(database);
    loom_staging_free(staging);
    dump_query(database, weeks, &after);
    assert_buffer_equal(&before, &after);
    buffer_free(&before);
    buffer_free(&after);
    loom_database_close(database);
  }
}

/* Of rows that differ in the note alone the last one counts, however many there are and whatever is
 * between them. */
static void the_last_note_counts(void **state) {
  (void)state;
  uint64_t random = 33;
  for (int round = 0; round < 20; round++) {
    enum { SPANS = 5 };
    int last[SPANS] = {0};
    struct buffer text = {0};
    loom_database *database = memory_database();
    buffer_printf(&text, "store_id,date,open,close,note\n");
    for (int row = 1; row <= 200; row++) {
      int span = (int)random_below(&random, SPANS);
      last[span] = row;
      buffer_printf(&text, "%s,2024-01-01,%02d:00,%02d:30,%d\n", round % 2 ? "*" : "a", span, span,
                    row);
    }
    load(database, LOOM_SPECIAL_DAYS, text.bytes);
    for (int span = 0; span < SPANS; span++) {
      char sql[100];
      snprintf(sql, sizeof sql, "SELECT CAST(note AS INTEGER) FROM special_day WHERE open_s = %d",
               span * 3600);
      assert_int_equal(number(database, sql), last[span]);
    }
    assert_int_equal(number(database, "SELECT count(*) FROM special_day"), SPANS);
    buffer_free(&text);
    loom_database_close(database);
  }
}

/* ---- many polls as a whole ---- */

#define MANY 6000

struct many {
  char ids[MANY][8];
  bool active[MANY];
  int64_t instants[MANY];
};

/* Polls of up to so many stores and days; instants that several polls of a store share are frequent. */
static void make_many(uint64_t *state, struct many *many, uint64_t stores, uint64_t days) {
  for (size_t i = 0; i < MANY; i++) {
    snprintf(many->ids[i], sizeof many->ids[i], "s%d", (int)random_below(state, stores));
    many->active[i] = random_below(state, 2);
    many->instants[i] =
        (int64_t)random_below(state, days) * LOOM_DAY + (int64_t)random_below(state, 40);
  }
}

/* Stores the polls in portions of a size, in their order, and adds what became of them. */
static void store_many(loom_database *database, const struct many *many, size_t from, size_t size,
                       size_t capacity, size_t budget, struct loom_counts *counts) {
  for (; from < MANY; from += size) {
    loom_error error;
    loom_apply *apply;
    double share;
    loom_status status;
    loom_staging *staging =
        new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = capacity});
    for (size_t i = from; i < MANY && i < from + size; i++)
      assert_status(loom_staging_add_poll(staging, many->ids[i], strlen(many->ids[i]),
                                          many->active[i], many->instants[i], &error),
                    LOOM_OK, &error);
    loom_staging_complete(staging);
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    while ((status = loom_apply_step(apply, budget, &share, &error)) == LOOM_OK)
      ;
    assert_status(status, LOOM_DONE, &error);
    loom_apply_free(apply);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    counts->added += staging->counts.added;
    counts->duplicates += staging->counts.duplicates;
    counts->conflicts += staging->counts.conflicts;
    loom_staging_free(staging);
  }
}

/* Everything that polls make, as text. */
static char *dump_polls(loom_database *database) {
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_prepare_v2(
                       database->sqlite,
                       "SELECT (SELECT group_concat(line, x'0a') FROM (SELECT store_id || day ||"
                       " hex(polls) AS line FROM poll_block JOIN store ON store = number ORDER BY"
                       " store_id, day)) || (SELECT group_concat(line, x'0a') FROM (SELECT store_id"
                       " || ' ' || first_poll || ' ' || newest_poll AS line FROM store ORDER BY"
                       " store_id)) || (SELECT newest_poll FROM overall)",
                       -1, &statement, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  char *text = strdup((const char *)sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  return text;
}

/*
** Whatever is stored already, and however it comes in portions, many polls as a whole become what they become a few at a
** time: the same blocks, stores and counts.
*/
static void as_a_whole_or_a_few_at_a_time(void **test) {
  (void)test;
  static struct many many;
  uint64_t state = 61;
  for (int round = 0; round < 12; round++) {
    struct loom_counts whole = {0}, few = {0};
    loom_database *databases[] = {memory_database(), memory_database()};
    make_many(&state, &many, 1 + random_below(&state, 300), 1 + random_below(&state, 12));
    /* the last polls first, so that some days are stored */
    size_t before = round % 3 ? MANY - random_below(&state, 1000) : MANY;
    for (int d = 0; d < 2; d++)
      store_many(databases[d], &many, before, 1000, 1000, 1000, d ? &whole : &few);
    store_many(databases[0], &many, 0, 1000, 300, 1000, &few);
    store_many(databases[1], &many, 0, MANY, round % 2 ? 700 : MANY,
               1 + random_below(&state, 2 * MANY), &whole);
    assert_int_equal(whole.added, few.added);
    assert_int_equal(whole.duplicates, few.duplicates);
    assert_int_equal(whole.conflicts, few.conflicts);
    char *left = dump_polls(databases[0]), *right = dump_polls(databases[1]);
    assert_string_equal(left, right);
    free(left);
    free(right);
    assert_int_equal(number(databases[1], "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(number(databases[1], "PRAGMA foreign_keys"), 1);
    for (int d = 0; d < 2; d++)
      loom_database_close(databases[d]);
  }
}

/* References are checked again, whatever became of an apply. */
static void one_that_is_given_up(void **test) {
  (void)test;
  static struct many many;
  uint64_t state = 62;
  loom_error error;
  loom_apply *apply;
  double share;
  loom_database *database = memory_database();
  make_many(&state, &many, 20, 3);
  loom_staging *staging =
      new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = MANY});
  for (size_t i = 0; i < MANY; i++)
    assert_status(loom_staging_add_poll(staging, many.ids[i], strlen(many.ids[i]), many.active[i],
                                        many.instants[i], &error),
                  LOOM_OK, &error);
  loom_staging_complete(staging);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
  assert_int_equal(loom_apply_step(apply, 2000, &share, &error), LOOM_OK);
  loom_apply_free(apply);
  loom_database_rollback(database);
  assert_int_equal(number(database, "SELECT count(*) FROM poll_block"), 0);
  assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
  loom_staging_free(staging);
  loom_database_close(database);
}

#define AHEAD 70000 /* polls, so many that a thread takes them ahead */

/* Polls of many stores, some of them twice, in runs that are spilled. */
static loom_staging *staging_ahead(void) {
  loom_error error;
  uint64_t state = 63;
  loom_staging *staging =
      new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = 20000});
  for (size_t i = 0; i < AHEAD; i++) {
    char id[16];
    int length = snprintf(id, sizeof id, "%d", (int)random_below(&state, 5000));
    int64_t instant = (int64_t)random_below(&state, 48) * LOOM_HOUR;
    assert_status(loom_staging_add_poll(staging, id, (size_t)length, random_below(&state, 2),
                                        instant, &error),
                  LOOM_OK, &error);
  }
  loom_staging_complete(staging);
  return staging;
}

/* Where a thread takes the polls, one is given up in the middle and applied again: as if by blocks, in one step. */
static void many_that_are_given_up(void **test) {
  (void)test;
  loom_error error;
  loom_staging *staging = staging_ahead();
  char *dumps[2];
  struct loom_counts counts[2];
  for (int given_up = 0; given_up < 2; given_up++) {
    loom_apply *apply;
    double share;
    loom_database *database = memory_database();
    for (int left = given_up * 3; left > 0; left--) {
      assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
      assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
      for (int step = 0; step < left; step++)
        assert_int_equal(loom_apply_step(apply, 2000, &share, &error), LOOM_OK);
      loom_apply_free(apply);
      loom_database_rollback(database);
    }
    assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
    assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
    loom_status status = LOOM_OK;
    while (status == LOOM_OK)
      status = loom_apply_step(apply, given_up ? 3000 : AHEAD, &share, &error);
    assert_status(status, LOOM_DONE, &error);
    loom_apply_free(apply);
    assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
    dumps[given_up] = dump_polls(database);
    counts[given_up] = staging->counts;
    loom_database_close(database);
  }
  assert_string_equal(dumps[0], dumps[1]);
  assert_memory_equal(&counts[0], &counts[1], sizeof counts[0]);
  assert_int_equal(counts[0].added + counts[0].duplicates + counts[0].conflicts, AHEAD);
  assert_true(counts[0].duplicates && counts[0].conflicts);
  free(dumps[0]);
  free(dumps[1]);
  loom_staging_free(staging);
}

/* Whose references are not looked up while they are written: all are to stores that there are, and others are refused again. */
static void hours_of_many_stores(void **test) {
  (void)test;
  enum { STORES = 4096, BUDGET = 1500 };
  char id[16];
  double share;
  loom_error error;
  loom_apply *apply;
  loom_database *database = memory_database();
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_HOURS});
  for (uint32_t i = 0; i < STORES; i++) {
    struct loom_record hours = {.date = LOOM_ALWAYS, .open = 3600, .close = 7200, .order = i};
    hours.store =
        loom_id_table_put(staging->ids, id, (size_t)snprintf(id, sizeof id, "store %u", i));
    assert_status(loom_staging_add_records(staging, &hours, 1, &error), LOOM_OK, &error);
  }
  loom_staging_complete(staging);
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
  assert_status(loom_apply_new(staging, database, &apply, &error), LOOM_OK, &error);
  loom_status status;
  do {
    status = loom_apply_step(apply, BUDGET, &share, &error);
    assert_int_equal(number(database, "PRAGMA foreign_keys"), 1);
  } while (status == LOOM_OK);
  assert_status(status, LOOM_DONE, &error);
  loom_apply_free(apply);
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
  assert_int_equal(number(database, "SELECT count(*) FROM hours"), STORES);
  assert_int_equal(number(database, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
  loom_staging_free(staging);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(polls_in_steps),       cmocka_unit_test(records_in_steps),
      cmocka_unit_test(attributes_in_steps),  cmocka_unit_test(a_failure_keeps_overrides),
      cmocka_unit_test(the_database_fails),   cmocka_unit_test(stored_hours_that_are_corrupt),
      cmocka_unit_test(the_last_note_counts), cmocka_unit_test(as_a_whole_or_a_few_at_a_time),
      cmocka_unit_test(one_that_is_given_up), cmocka_unit_test(many_that_are_given_up),
      cmocka_unit_test(hours_of_many_stores)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
