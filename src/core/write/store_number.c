/*
** Numbers of stores. Where many are asked for, the index of ids is passed over once; a few are looked up.
*/
#include "write/store_number.h"
#include "base/fetch.h"
#include "base/id_order.h"
#include "sqlite/changes.h"
#include "sqlite/intake.h"
#include "sqlite/remote.h"
#include "sqlite/statement.h"
#include "sqlite/touched.h"
#include "sqlite/unsent.h"

#include <string.h>

/* One store of so many, or more, are found by passing over all: a look-up costs about as much as passing over ten. */
#define LOOK_UP_SHARE 8

/* For fewer stores than this no statement is prepared, which costs about as much as ten look-ups or insertions. */
#define FEW 16

/* Marks a store that the database lacks, until it has a number. */
#define UNKNOWN INT64_MIN

/* In the order of ids one is far from the next in memory: what is needed of them is fetched so many before. */
#define FETCH_PLACE 16
#define FETCH_TEXT 8

static void fetch(const struct loom_store_numbers *stores, uint32_t next) {
  const struct loom_id_table *ids = stores->ids;
  if (next + FETCH_PLACE >= ids->count)
    return;
  const uint32_t *order = stores->order + next;
  uint32_t near = order[FETCH_TEXT];
  loom_fetch(&ids->offsets[order[FETCH_PLACE]]);
  loom_fetch(&stores->numbers[order[FETCH_PLACE]]);
  loom_fetch(ids->text + (near ? ids->offsets[near - 1] : 0));
  loom_fetch(ids->text + ids->offsets[near] - 1);
}

/* ---- finding ---- */

static loom_status look_up(loom_database *database, struct loom_store_numbers *stores,
                           loom_error *error) {
  sqlite3_stmt *find = NULL;
  loom_status status =
      loom_statement_get(database, "SELECT number FROM store WHERE store_id = ?", &find, error);
  for (uint32_t i = 0; status == LOOM_OK && i < stores->ids->count; i++) {
    uint32_t store = stores->order[i];
    size_t length;
    const char *id = loom_id_table_get(stores->ids, store, &length);
    sqlite3_bind_text(find, 1, id, (int)length, SQLITE_STATIC);
    int step = sqlite3_step(find);
    stores->numbers[store] = step == SQLITE_ROW ? sqlite3_column_int64(find, 0) : UNKNOWN;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
      status = loom_database_failure(database, error);
    sqlite3_reset(find);
  }
  loom_statement_keep(database, find, false);
  return status;
}

/* Passes over the database's stores, which come in the same order as the ids. */
static loom_status pass_over(loom_database *database, struct loom_store_numbers *stores,
                             loom_error *error) {
  sqlite3_stmt *all = NULL;
  uint32_t next = 0, count = stores->ids->count;
  int step = SQLITE_DONE;
  for (uint32_t i = 0; i < count; i++)
    stores->numbers[i] = UNKNOWN;
  loom_status status = loom_database_prepare(
      database, "SELECT number, store_id FROM store ORDER BY store_id", &all, error);
  while (status == LOOM_OK && next < count && (step = sqlite3_step(all)) == SQLITE_ROW) {
    size_t length, known_length;
    const char *known = loom_column_bytes(all, 1, &known_length);
    for (int order = 1; next < count && order > 0; next += order >= 0) {
      const char *id = loom_id_table_get(stores->ids, stores->order[next], &length);
      fetch(stores, next);
      order = loom_id_compare(known, known_length, id, length);
      if (order == 0)
        stores->numbers[stores->order[next]] = sqlite3_column_int64(all, 0);
    }
  }
  if (status == LOOM_OK && step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  sqlite3_finalize(all);
  return status;
}

/* The greatest number that the database has, or 0: about as many stores as there are. */
static loom_status find_last(loom_database *database, int64_t *last, loom_error *error) {
  sqlite3_stmt *find = NULL;
  loom_status status =
      loom_statement_get(database, "SELECT ifnull(max(number), 0) FROM store", &find, error);
  if (status == LOOM_OK && sqlite3_step(find) == SQLITE_ROW)
    *last = sqlite3_column_int64(find, 0);
  else if (status == LOOM_OK)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, find, false);
  return status;
}

loom_status loom_store_numbers_find(loom_database *database, struct loom_store_numbers *stores,
                                    loom_error *error) {
  int64_t last = 0;
  uint32_t count = stores->ids->count;
  stores->new_count = 0;
  loom_status status = find_last(database, &last, error);
  if (status == LOOM_OK && last > INT64_MAX - UINT32_MAX)
    status = loom_database_corrupt(database, error, "a store's number leaves none for others");
  stores->first_new = status == LOOM_OK ? last + 1 : INT64_MAX;
  if (status == LOOM_OK)
    status = count >= FEW && count > last / LOOK_UP_SHARE ? pass_over(database, stores, error)
                                                          : look_up(database, stores, error);
  for (uint32_t i = 0; status == LOOM_OK && i < count; i++) {
    int64_t *number = &stores->numbers[stores->order[i]];
    if (*number == UNKNOWN)
      *number = stores->first_new + stores->new_count++;
  }
  return status;
}

/* ---- inserting ---- */

struct insertion {
  struct loom_intake intake; /* the first member */
  const struct loom_store_numbers *stores;
  const struct loom_new_stores *known;
  uint32_t next; /* in the order */
};

static struct loom_intake_value integer(int64_t number) {
  return (struct loom_intake_value){.type = LOOM_INTAKE_INTEGER, .number = number};
}

/* The same of what is known of the stores. */
static void fetch_known(const struct loom_store_numbers *stores,
                        const struct loom_new_stores *known, uint32_t next) {
  if (next + FETCH_PLACE >= stores->ids->count)
    return;
  uint32_t store = stores->order[next + FETCH_PLACE];
  if (known->reach)
    loom_reach_fetch(&known->reach[store]);
  if (known->zones)
    loom_fetch(&known->zones[store]);
}

static struct loom_intake_value text_of(const struct loom_id_table *table, uint32_t number) {
  struct loom_intake_value value = {.type = LOOM_INTAKE_TEXT};
  value.bytes = loom_id_table_get(table, number, &value.size);
  return value;
}

/* Number, id, first and newest poll, whether this is active, and the zone, of the next new store. */
static loom_status next_new(struct loom_intake *intake, loom_error *error) {
  (void)error;
  struct insertion *insertion = (struct insertion *)intake;
  const struct loom_store_numbers *stores = insertion->stores;
  while (insertion->next < stores->ids->count) {
    fetch(stores, insertion->next);
    fetch_known(stores, insertion->known, insertion->next);
    uint32_t store = stores->order[insertion->next++];
    const struct loom_new_stores *known = insertion->known;
    const struct loom_reach *reach = known->reach ? &known->reach[store] : NULL;
    if (stores->numbers[store] < stores->first_new)
      continue;
    intake->row[0] = integer(stores->numbers[store]);
    intake->row[1] = text_of(stores->ids, store);
    for (int i = 2; i < 6; i++)
      intake->row[i] = (struct loom_intake_value){.type = LOOM_INTAKE_NULL};
    if (reach && reach->newest != INT64_MIN) {
      intake->row[2] = integer(reach->first);
      intake->row[3] = integer(loom_poll_instant(reach->newest));
      intake->row[4] = integer(loom_poll_active(reach->newest));
    }
    if (known->zones && known->zones[store] != LOOM_NO_NUMBER)
      intake->row[5] = text_of(known->names, known->zones[store]);
    return LOOM_OK;
  }
  return LOOM_DONE;
}

static void bind(sqlite3_stmt *statement, int at, const struct loom_intake_value *value) {
  if (value->type == LOOM_INTAKE_INTEGER)
    sqlite3_bind_int64(statement, at, value->number);
  else if (value->type == LOOM_INTAKE_TEXT)
    sqlite3_bind_text(statement, at, value->bytes, (int)value->size, SQLITE_STATIC);
  else
    sqlite3_bind_null(statement, at);
}

#define INSERT                                                                                     \
  "INSERT INTO store(number, store_id, first_poll, newest_poll, newest_active, timezone, changed)"

/* The write that changed its polls, where it has any. */
#define CHANGED(active) "iif(" active " IS NULL, 0, " LOOM_WRITE_NUMBER ")"

static loom_status insert_one_by_one(loom_database *database, struct loom_intake *intake,
                                     loom_error *error) {
  sqlite3_stmt *insert = NULL;
  loom_status status = loom_statement_get(
      database, INSERT " VALUES(?, ?, ?, ?, ?5, ?6, " CHANGED("?5") ")", &insert, error);
  while (status == LOOM_OK && intake->next(intake, error) == LOOM_OK) {
    for (int i = 0; i < LOOM_INTAKE_COLUMNS; i++)
      bind(insert, i + 1, &intake->row[i]);
    status = loom_database_run(database, insert, error);
  }
  loom_statement_keep(database, insert, false);
  return status;
}

/* Those that wait with their polls come to the cluster when these do. */
static loom_status touch_new(loom_database *database, const struct loom_store_numbers *stores,
                             loom_error *error) {
  int64_t unsent = INT64_MAX;
  loom_status status =
      loom_database_remote(database) ? loom_unsent_first(database, &unsent, error) : LOOM_OK;
  for (uint32_t i = 0; status == LOOM_OK && stores->first_new < unsent && i < stores->new_count;
       i++)
    loom_roster_touch(database, LOOM_ROSTER_STORE, stores->first_new + i);
  return status;
}

loom_status loom_store_numbers_insert(loom_database *database,
                                      const struct loom_store_numbers *stores,
                                      const struct loom_new_stores *known, loom_error *error) {
  struct insertion insertion = {.intake.next = next_new, .stores = stores, .known = known};
  if (stores->new_count == 0)
    return LOOM_OK;
  loom_status status = touch_new(database, stores, error);
  if (status != LOOM_OK)
    return status;
  if (stores->new_count < FEW)
    return insert_one_by_one(database, &insertion.intake, error);
  return loom_statement_take_in(
      database, INSERT " SELECT a, b, c, d, e, f, " CHANGED("e") " FROM loom_intake(?1)",
      &insertion.intake, error);
}

/* ---- how far their polls reach ---- */

static loom_status tell_newest(loom_database *database, int64_t newest, loom_error *error) {
  sqlite3_stmt *update;
  loom_status status = loom_statement_get(database,
                                          "UPDATE overall SET newest_poll = ?1"
                                          " WHERE newest_poll IS NULL OR newest_poll < ?1",
                                          &update, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(update, 1, newest);
  return loom_statement_run(database, update, NULL, error);
}

/* Takes the statement that tells a store, within the write of a number. */
static loom_status get_telling(loom_database *database, sqlite3_stmt **update, int64_t *number,
                               loom_error *error) {
  loom_status status = loom_write_number(database, number, error);
  if (status != LOOM_OK)
    return status;
  return loom_statement_get(
      database,
      "UPDATE store SET first_poll = min(ifnull(first_poll, ?2), ?2),"
      " newest_poll = max(ifnull(newest_poll, ?3), ?3),"
      " newest_active = CASE WHEN newest_poll > ?3 THEN newest_active ELSE ?4 END,"
      " turned = CASE WHEN newest_poll <= ?3 AND newest_active <> ?4 THEN ?5 ELSE turned END,"
      " changed = ?5 WHERE number = ?1"
      " AND (?6 OR first_poll IS NULL OR first_poll > ?2 OR newest_poll < ?3)",
      update, error);
}

static loom_status tell(loom_database *database, sqlite3_stmt *update, int64_t store,
                        const struct loom_reach *reach, int64_t number, loom_error *error) {
  sqlite3_bind_int64(update, 1, store);
  sqlite3_bind_int64(update, 2, reach->first);
  sqlite3_bind_int64(update, 3, loom_poll_instant(reach->newest));
  sqlite3_bind_int(update, 4, loom_poll_active(reach->newest));
  sqlite3_bind_int64(update, 5, number);
  sqlite3_bind_int(update, 6, reach->has_changed);
  return loom_database_run(database, update, error);
}

loom_status loom_store_tell(loom_database *database, int64_t store, const struct loom_reach *reach,
                            loom_error *error) {
  sqlite3_stmt *update = NULL;
  int64_t number = 0;
  loom_status status = get_telling(database, &update, &number, error);
  if (status == LOOM_OK)
    status = tell(database, update, store, reach, number, error);
  loom_statement_keep(database, update, false);
  return status == LOOM_OK ? tell_newest(database, loom_poll_instant(reach->newest), error)
                           : status;
}

loom_status loom_store_numbers_tell(loom_database *database,
                                    const struct loom_store_numbers *stores,
                                    const struct loom_reach *reaches, bool but_new,
                                    loom_error *error) {
  sqlite3_stmt *update = NULL;
  int64_t newest = INT64_MIN, number = 0;
  loom_status status = get_telling(database, &update, &number, error);
  for (size_t i = 0; status == LOOM_OK && i < stores->ids->count; i++) {
    const struct loom_reach *reach = &reaches[i];
    if (reach->newest == INT64_MIN)
      continue;
    int64_t instant = loom_poll_instant(reach->newest);
    newest = instant > newest ? instant : newest;
    if (but_new && stores->numbers[i] >= stores->first_new)
      continue;
    status = tell(database, update, stores->numbers[i], reach, number, error);
  }
  loom_statement_keep(database, update, false);
  return status == LOOM_OK && newest != INT64_MIN ? tell_newest(database, newest, error) : status;
}

/* ---- one store ---- */

loom_status loom_store_number_find(loom_database *database, struct loom_last_store *last,
                                   const char *id, size_t length, int64_t *number,
                                   loom_error *error) {
  sqlite3_stmt *find;
  *number = 0;
  if (!id)
    return LOOM_OK;
  if (last && last->number && last->length == length && memcmp(last->id, id, length) == 0) {
    *number = last->number;
    return LOOM_OK;
  }
  loom_status status =
      loom_statement_get(database, "SELECT number FROM store WHERE store_id = ?", &find, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_text(find, 1, id, length);
  status = loom_statement_number(database, find, number, error);
  if (status == LOOM_OK && *number && last && length <= sizeof last->id) {
    memcpy(last->id, id, length);
    last->length = length;
    last->number = *number;
  }
  return status;
}

loom_status loom_store_number_make(loom_database *database, struct loom_last_store *last,
                                   const char *id, size_t length, int64_t *number,
                                   loom_error *error) {
  sqlite3_stmt *add;
  loom_status status = loom_store_number_find(database, last, id, length, number, error);
  if (status != LOOM_OK || !id || *number)
    return status;
  status = loom_statement_get(database, "INSERT INTO store(store_id) VALUES(?)", &add, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_text(add, 1, id, length);
  status = loom_statement_run(database, add, NULL, error);
  if (status == LOOM_OK)
    status = loom_store_number_find(database, last, id, length, number, error);
  if (status == LOOM_OK)
    loom_roster_touch(database, LOOM_ROSTER_STORE, *number);
  return status;
}
