/*
** Tests of stores that files share: files that are read and stored together become what each becomes by itself, with the same
** counts, whatever is stored before, and however often it is tried; and orders that others may still have stay.
*/
#include "storage.h"

#include "read/staged_ids.h"
#include "support.h"

#define FILES 5
#define ROWS 5000 /* of polls: as many as are stored as a whole, or more */

static const enum loom_kind kinds[FILES] = {LOOM_POLLS, LOOM_HOURS, LOOM_TIMEZONES, LOOM_TIMEZONES,
                                            LOOM_POLLS};

struct load {
  struct buffer texts[FILES];
  bool replaces; /* overrides */
};

static int store_of(uint64_t *state, int stores) {
  return (int)random_below(state, (uint64_t)stores);
}

static void put_polls(uint64_t *state, struct buffer *text, int stores, int rows) {
  buffer_printf(text, "store_id,status,timestamp_utc\n");
  for (int row = 0; row < rows; row++)
    buffer_printf(text, "s%d,%s,2023-01-%02d %02d:00:%02d\n", store_of(state, stores),
                  random_below(state, 2) ? "active" : "inactive", 1 + row % 4,
                  (int)random_below(state, 24), row % 60);
}

/* Stores that the polls have, and others: one after the other, or in no order, and then twice. */
static int next_store(uint64_t *state, bool in_order, int row, int stores) {
  return in_order ? row : store_of(state, stores * 2);
}

static void put_hours(uint64_t *state, struct buffer *text, int stores) {
  bool in_order = random_below(state, 2);
  buffer_printf(text, "store_id,dayOfWeek,start_time_local,end_time_local\n");
  for (int row = 0; row < 300; row++)
    buffer_printf(text, "s%d,%d,%02d:00:00,23:30:00\n",
                  next_store(state, in_order, row / 4, stores),
                  in_order ? row % 4 : (int)random_below(state, 7), (int)random_below(state, 20));
}

/* In no order there are also some that were set by hand. */
static void put_zones(uint64_t *state, struct buffer *text, int stores) {
  static const char *const zones[] = {"UTC", "America/Denver", "Europe/Berlin"};
  bool in_order = random_below(state, 2);
  buffer_printf(text, "store_id,timezone_str,origin\n");
  for (int row = 0; row < 300; row++)
    buffer_printf(text, "s%d,%s,%s\n", next_store(state, in_order, row, stores),
                  zones[random_below(state, 3)],
                  in_order || random_below(state, 6) ? "file" : "override");
}

static void make_load(uint64_t *state, struct load *load) {
  int stores = 1 + (int)random_below(state, 300);
  *load = (struct load){.replaces = random_below(state, 2)};
  put_polls(state, &load->texts[0], stores, random_below(state, 3) ? ROWS : 50);
  put_hours(state, &load->texts[1], stores);
  put_zones(state, &load->texts[2], stores);
  put_zones(state, &load->texts[3], stores);
  put_polls(state, &load->texts[4], stores, random_below(state, 2) ? ROWS : 50);
}

static void free_load(struct load *load) {
  for (int f = 0; f < FILES; f++)
    buffer_free(&load->texts[f]);
}

static void begin(loom_database *database) {
  loom_error error;
  assert_status(loom_database_begin_write(database, &error), LOOM_OK, &error);
}

static void commit(loom_database *database) {
  loom_error error;
  assert_status(loom_database_commit(database, &error), LOOM_OK, &error);
}

/* Stores the first `files` of the files in an order. */
static void apply_files(loom_database *database, loom_staging **stagings, const int *order,
                        int files) {
  loom_error error;
  for (int i = 0; i < files; i++)
    assert_status(apply_all(stagings[order[i]], database, 1000, &error), LOOM_DONE, &error);
}

/* Reads the files, which share their stores or not, and stores them in one transaction, tried before or not. */
static void store_load(loom_database *database, const struct load *load, const int *order,
                       bool together, int tried, bool in_part, struct loom_counts *counts) {
  loom_staging *stagings[FILES];
  for (int f = 0; f < FILES; f++) {
    struct input_file file = small_file(kinds[f]);
    file.staging.replace_overrides = load->replaces;
    file.staging.sort_capacity = 1500;
    file.staging.beside = together && f > 0 ? stagings[0] : NULL;
    stagings[f] = new_staging(&file.staging);
  }
  for (int f = 0; f < FILES; f++) {
    loom_error error;
    struct input_file file = small_file(kinds[f]);
    assert_status(read_into(stagings[f], &file.reading, database->zones, load->texts[f].bytes,
                            load->texts[f].length, 65536, &error),
                  LOOM_OK, &error);
  }
  if (tried >= 0) {
    begin(database);
    apply_files(database, stagings, order, tried);
    loom_database_rollback(database);
  }
  begin(database);
  if (in_part) {
    loom_database_nest(database);
    begin(database);
    apply_files(database, stagings, order, 1);
    loom_database_rollback(database);
    begin(database);
  }
  apply_files(database, stagings, order, FILES);
  if (in_part)
    commit(database);
  commit(database);
  for (int f = 0; f < FILES; f++)
    counts[f] = stagings[f]->counts;
  for (int f = 0; f < FILES; f++) /* in any order */
    loom_staging_free(stagings[order[f]]);
}

/* What those who watch are told. */
static struct buffer dump_changes(loom_database *database) {
  struct buffer out = {0};
  dump_query(database,
             "SELECT number, kind, store_id FROM change UNION ALL"
             " SELECT changed, turned, store_id FROM store ORDER BY 1, 2, 3",
             &out);
  buffer_put(&out, "", 0);
  return out;
}

static void shuffle(uint64_t *state, int *order) {
  for (int i = 0; i < FILES; i++)
    order[i] = i;
  if (random_below(state, 2)) /* as Loom stores them */
    return;
  for (int i = FILES - 1; i > 0; i--) {
    int other = (int)random_below(state, (uint64_t)i + 1), swap = order[i];
    order[i] = order[other];
    order[other] = swap;
  }
  int first = -1; /* of the files of zones, which are stored in the order in which they were read */
  for (int i = 0; i < FILES; i++) {
    if (kinds[order[i]] != LOOM_TIMEZONES)
      continue;
    order[i] = first < 0 ? 2 : 3;
    first = i;
  }
}

static void together_or_apart(void **test) {
  (void)test;
  uint64_t state = 71;
  for (int round = 0; round < 40; round++) {
    struct load load;
    struct loom_counts counts[2][FILES];
    loom_database *databases[] = {memory_database(), memory_database()};
    int order[FILES];
    for (int loads = 1 + (int)random_below(&state, 2); loads > 0; loads--) {
      int tried = (int)random_below(&state, FILES + 2) - 1;
      bool in_part = random_below(&state, 4) == 0;
      make_load(&state, &load);
      shuffle(&state, order);
      for (int d = 0; d < 2; d++)
        store_load(databases[d], &load, order, d == 1, d ? tried : -1, d && in_part, counts[d]);
      for (int f = 0; f < FILES; f++)
        assert_memory_equal(&counts[0][f], &counts[1][f], sizeof counts[0][f]);
      assert_same_databases(databases[0], databases[1]);
      free_load(&load);
    }
    struct buffer left = dump_changes(databases[0]), right = dump_changes(databases[1]);
    assert_buffer_equal(&left, &right);
    buffer_free(&left);
    buffer_free(&right);
    for (int d = 0; d < 2; d++)
      loom_database_close(databases[d]);
  }
}

static uint32_t put(struct loom_staged_ids *ids, const char *id) {
  return loom_id_table_put(&ids->table, id, strlen(id));
}

/* An order that was given stays where others share the ids, and is made anew where there are more. */
static void orders(void **test) {
  (void)test;
  struct loom_staged_ids *ids = loom_staged_ids_new(), *shared;
  assert_non_null(ids);
  assert_int_equal(loom_staged_ids_order(ids)->count, 0);
  assert_int_equal(put(ids, "b"), 0);
  assert_int_equal(put(ids, "a"), 1);
  shared = loom_staged_ids_share(ids);
  assert_ptr_equal(shared, ids);
  const struct loom_id_order *first = loom_staged_ids_order(ids);
  assert_ptr_equal(loom_staged_ids_order(shared), first);
  assert_int_equal(put(ids, "aa"), 2);
  const struct loom_id_order *second = loom_staged_ids_order(ids);
  assert_int_equal(first->count, 2);
  assert_int_equal(first->numbers[0], 1);
  assert_int_equal(first->numbers[1], 0);
  assert_int_equal(second->count, 3);
  assert_int_equal(second->numbers[0], 1);
  assert_int_equal(second->numbers[1], 2);
  assert_int_equal(second->numbers[2], 0);
  loom_staged_ids_release(shared);
  assert_ptr_equal(loom_staged_ids_order(ids), second);
  loom_staged_ids_release(ids);
  loom_staged_ids_release(NULL);
}

/* Whoever is complete, or has been emptied, shares nothing. */
static void who_shares(void **test) {
  (void)test;
  loom_error error;
  loom_staging *first = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  struct loom_staging_options beside = {.kind = LOOM_POLLS, .beside = first};
  loom_staging *second = new_staging(&beside), *third;
  assert_status(loom_staging_add_poll(first, "a", 1, true, 1, &error), LOOM_OK, &error);
  assert_status(loom_staging_add_poll(second, "b", 1, true, 1, &error), LOOM_OK, &error);
  assert_int_equal(second->ids->count, 2);
  loom_staging_complete(first);
  third = new_staging(&beside);
  assert_int_equal(third->ids->count, 0);
  loom_staging_free(third);
  loom_staging_empty(first);
  assert_int_equal(first->ids->count, 0);
  third = new_staging(&beside);
  assert_int_equal(third->ids->count, 0);
  loom_staging_free(third);
  loom_staging_complete(first);
  assert_false(first->complete); /* there is nothing to be stored */
  loom_staging_free(first);
  assert_int_equal(second->ids->count, 2);
  loom_staging_free(second);
}

/* So many are sorted by threads of their own, while those who share the stores go on adding some. */
static void sorted_meanwhile(void **test) {
  (void)test;
  enum { MANY = 70000 };
  loom_error error;
  char id[24];
  loom_database *database = memory_database();
  loom_staging *stagings[] = {
      new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS, .sort_capacity = 50000}), NULL,
      NULL};
  stagings[1] =
      new_staging(&(struct loom_staging_options){.kind = LOOM_HOURS, .beside = stagings[0]});
  stagings[2] =
      new_staging(&(struct loom_staging_options){.kind = LOOM_TIMEZONES, .beside = stagings[0]});
  loom_id_table_put(&stagings[2]->texts, "UTC", 3);
  for (int i = 0; i < MANY; i++)
    assert_status(
        loom_staging_add_poll(stagings[0], id, (size_t)sprintf(id, "s%d", i), true, i, &error),
        LOOM_OK, &error);
  loom_staging_complete(stagings[0]);
  for (int i = 0; i < 2 * MANY; i++) { /* of these stores, and as many more each */
    loom_staging *staging = stagings[1 + i / MANY];
    size_t length = (size_t)sprintf(id, "s%d", i / MANY * MANY + i % MANY + MANY / 2);
    struct loom_record record = {
        .store = loom_id_table_put(staging->ids, id, length), .open = 3600, .close = 7200};
    assert_status(loom_staging_add_records(staging, &record, 1, &error), LOOM_OK, &error);
    if (i % MANY == MANY - 1)
      loom_staging_complete(staging);
  }
  begin(database);
  for (int s = 0; s < 3; s++)
    assert_status(apply_all(stagings[s], database, 100000, &error), LOOM_DONE, &error);
  commit(database);
  assert_counts(&stagings[0]->counts, MANY, MANY, 0, 0, 0);
  assert_counts(&stagings[1]->counts, 0, MANY, 0, 0, 0);
  assert_counts(&stagings[2]->counts, 0, MANY, 0, 0, 0);
  assert_int_equal(number(database, "SELECT count(*) FROM store"), 5 * MANY / 2);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM store WHERE timezone = 'UTC' AND"
                          " CAST(substr(store_id, 2) AS INTEGER) >= 105000"),
                   MANY);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM hours_week JOIN store ON number = store"
                          " WHERE CAST(substr(store_id, 2) AS INTEGER)"
                          " BETWEEN 35000 AND 104999"),
                   MANY);
  assert_int_equal(number(database,
                          "SELECT count(*) FROM (SELECT store_id,"
                          " lag(store_id) OVER (ORDER BY number) AS before FROM store)"
                          " WHERE before >= store_id"),
                   0); /* numbered in the order of their ids */
  for (int s = 0; s < 3; s++)
    loom_staging_free(stagings[s]);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(together_or_apart), cmocka_unit_test(orders),
                                     cmocka_unit_test(who_shares),
                                     cmocka_unit_test(sorted_meanwhile)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
