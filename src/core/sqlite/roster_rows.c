/*
** Rows of the roster as bytes, and back.
*/
#include "sqlite/roster_rows.h"
#include "sqlite/connection.h"
#include "sqlite/statement.h"

#include <inttypes.h>
#include <string.h>

/* The first parameter is the store's number; those of `add` behind it are the columns of `select`. NULL: rows are replaced one by one. */
static const struct {
  const char *name, *list, *select, *remove, *add;
} kinds[LOOM_ROSTER_KINDS] = {
    [LOOM_ROSTER_STORE] =
        {"store", "SELECT number FROM store",
         "SELECT store_id, timezone, timezone_override FROM store WHERE number IS ?", NULL,
         "INSERT INTO store(number, store_id, timezone, timezone_override) VALUES(?, ?, ?, ?)"
         " ON CONFLICT(number) DO UPDATE SET timezone = excluded.timezone,"
         " timezone_override = excluded.timezone_override WHERE store_id = excluded.store_id"},
    [LOOM_ROSTER_HOURS] =
        {"hours", "SELECT DISTINCT store FROM hours_week",
         "SELECT origin, effective_from, reverts, openings FROM hours_week WHERE store IS ?"
         " ORDER BY origin, effective_from",
         "DELETE FROM hours_week WHERE store IS ?",
         "INSERT INTO hours_week(store, origin, effective_from, reverts, openings)"
         " VALUES(?, ?, ?, ?, ?)"},
    [LOOM_ROSTER_SPECIAL_DAYS] =
        {"special_day", "SELECT DISTINCT store FROM special_day",
         "SELECT date, open_s, close_s, note, origin FROM special_day WHERE store IS ?"
         " ORDER BY rowid",
         "DELETE FROM special_day WHERE store IS ?",
         "INSERT INTO special_day(store, date, open_s, close_s, note, origin)"
         " VALUES(?, ?, ?, ?, ?, ?)"},
    [LOOM_ROSTER_EXCLUSIONS] =
        {"exclusion", "SELECT DISTINCT store FROM exclusion",
         "SELECT number, from_us, to_us, reason, zone, openings FROM exclusion WHERE store IS ?"
         " ORDER BY number",
         "DELETE FROM exclusion WHERE store IS ?",
         "INSERT INTO exclusion(store, number, from_us, to_us, reason, zone, openings)"
         " VALUES(?, ?, ?, ?, ?, ?, ?)"},
    [LOOM_ROSTER_ATTRIBUTES] = {"attribute", "SELECT DISTINCT store FROM attribute",
                                "SELECT name, value FROM attribute WHERE store IS ? ORDER BY name",
                                "DELETE FROM attribute WHERE store IS ?",
                                "INSERT INTO attribute(store, name, value) VALUES(?, ?, ?)"},
};

const char *loom_roster_kind_name(enum loom_roster_kind kind) {
  return kinds[kind].name;
}

bool loom_roster_kind_from_name(const char *name, size_t length, enum loom_roster_kind *kind) {
  for (int i = 0; i < LOOM_ROSTER_KINDS; i++)
    if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0) {
      *kind = (enum loom_roster_kind)i;
      return true;
    }
  return false;
}

/* ---- what there is ---- */

/* Notes those that a statement gives, which may have the first one's number as its parameter. */
static loom_status touch_listed(loom_database *database, enum loom_roster_kind kind,
                                const char *sql, int64_t first, loom_error *error) {
  sqlite3_stmt *list;
  int step = SQLITE_DONE;
  loom_status status = loom_statement_get(database, sql, &list, error);
  if (status != LOOM_OK)
    return status;
  if (sqlite3_bind_parameter_count(list))
    sqlite3_bind_int64(list, 1, first);
  while ((step = sqlite3_step(list)) == SQLITE_ROW)
    loom_roster_touch(database, kind, sqlite3_column_int64(list, 0));
  if (step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, list, false);
  return status;
}

loom_status loom_roster_touch_stores(loom_database *database, int64_t first, loom_error *error) {
  if (first == INT64_MAX)
    return LOOM_OK;
  return touch_listed(database, LOOM_ROSTER_STORE, "SELECT number FROM store WHERE number >= ?",
                      first, error);
}

loom_status loom_roster_touch_all(loom_database *database, loom_error *error) {
  loom_status status = LOOM_OK;
  for (int i = 0; status == LOOM_OK && i < LOOM_ROSTER_KINDS; i++)
    status = touch_listed(database, (enum loom_roster_kind)i, kinds[i].list, 0, error);
  return status;
}

loom_status loom_roster_any(loom_database *database, bool *any, loom_error *error) {
  int64_t found = 0;
  loom_status status = loom_database_number(
      database,
      "SELECT EXISTS(SELECT 1 FROM store) OR EXISTS(SELECT 1 FROM special_day) OR "
      "EXISTS(SELECT 1 FROM exclusion)",
      &found, error);
  *any = found;
  return status;
}

/* ---- to bytes ---- */

enum { COLUMN_NULL, COLUMN_INTEGER, COLUMN_TEXT, COLUMN_BLOB };

static void put_number(struct loom_text *bytes, uint64_t number, int size) {
  for (int i = 0; i < size; i++)
    loom_text_put_char(bytes, (char)(number >> 8 * i));
}

static bool put_column(sqlite3_stmt *row, int column, struct loom_text *bytes) {
  size_t length = 0;
  int type = sqlite3_column_type(row, column);
  const char *value = type == SQLITE_INTEGER ? NULL : loom_column_bytes(row, column, &length);
  if (!loom_text_reserve(bytes, 16 + length))
    return false;
  if (type == SQLITE_INTEGER) {
    loom_text_put_char(bytes, COLUMN_INTEGER);
    put_number(bytes, (uint64_t)sqlite3_column_int64(row, column), 8);
  } else if (type == SQLITE_NULL) {
    loom_text_put_char(bytes, COLUMN_NULL);
  } else {
    loom_text_put_char(bytes, type == SQLITE_BLOB ? COLUMN_BLOB : COLUMN_TEXT);
    put_number(bytes, length, 4);
    loom_text_put(bytes, value, length);
  }
  return true;
}

loom_status loom_roster_put(loom_database *database, const struct loom_roster_entry *entry,
                            struct loom_text *bytes, loom_error *error) {
  sqlite3_stmt *rows;
  int step = SQLITE_DONE;
  loom_status status = loom_statement_get(database, kinds[entry->kind].select, &rows, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_store(rows, 1, entry->store);
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW)
    for (int i = 0; status == LOOM_OK && i < sqlite3_column_count(rows); i++)
      if (!put_column(rows, i, bytes))
        status = loom_no_memory(error);
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

/* ---- and back ---- */

struct reader {
  const unsigned char *at, *end;
  bool bad;
};

static uint64_t take_number(struct reader *reader, int size) {
  uint64_t number = 0;
  if (reader->end - reader->at < size) {
    reader->bad = true;
    return 0;
  }
  for (int i = 0; i < size; i++)
    number |= (uint64_t)reader->at[i] << 8 * i;
  reader->at += size;
  return number;
}

static void take_column(struct reader *reader, sqlite3_stmt *row, int parameter) {
  int type = (int)take_number(reader, 1);
  if (type == COLUMN_INTEGER)
    sqlite3_bind_int64(row, parameter, (int64_t)take_number(reader, 8));
  if (type == COLUMN_NULL)
    sqlite3_bind_null(row, parameter);
  if (type != COLUMN_TEXT && type != COLUMN_BLOB) {
    reader->bad |= type > COLUMN_BLOB;
    return;
  }
  size_t length = (size_t)take_number(reader, 4);
  if (reader->bad || length > (size_t)(reader->end - reader->at)) {
    reader->bad = true;
    return;
  }
  const char *value = length ? (const char *)reader->at : "";
  if (type == COLUMN_TEXT)
    sqlite3_bind_text(row, parameter, value, (int)length, SQLITE_STATIC);
  else
    sqlite3_bind_blob(row, parameter, value, (int)length, SQLITE_STATIC);
  reader->at += length;
}

static loom_status refuse(const struct loom_roster_entry *entry, loom_database *database,
                          loom_error *error) {
  return loom_database_corrupt(database, error,
                               "the cluster's %s of store %" PRId64 " cannot be read",
                               kinds[entry->kind].name, entry->store);
}

static loom_status take_rows(loom_database *database, const struct loom_roster_entry *entry,
                             struct reader *reader, uint64_t *changes, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && reader->at < reader->end) {
    sqlite3_stmt *add;
    status = loom_statement_get(database, kinds[entry->kind].add, &add, error);
    if (status != LOOM_OK)
      return status;
    loom_bind_store(add, 1, entry->store);
    for (int i = 2; i <= sqlite3_bind_parameter_count(add); i++)
      take_column(reader, add, i);
    if (!reader->bad) {
      status = loom_statement_run(database, add, changes, error);
    } else {
      loom_statement_keep(database, add, false);
      status = refuse(entry, database, error);
    }
  }
  return status;
}

static loom_status remove_rows(loom_database *database, const struct loom_roster_entry *entry,
                               loom_error *error) {
  sqlite3_stmt *remove;
  if (!kinds[entry->kind].remove)
    return LOOM_OK;
  loom_status status = loom_statement_get(database, kinds[entry->kind].remove, &remove, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_store(remove, 1, entry->store);
  return loom_statement_run(database, remove, NULL, error);
}

loom_status loom_roster_take(loom_database *database, const struct loom_roster_entry *entry,
                             const void *bytes, size_t length, loom_error *error) {
  const unsigned char *at = bytes;
  struct reader reader = {at, length ? at + length : at, false};
  uint64_t changes = 0;
  loom_status status = remove_rows(database, entry, error);
  if (status == LOOM_OK)
    status = take_rows(database, entry, &reader, &changes, error);
  if (entry->kind == LOOM_ROSTER_STORE &&
      (status == LOOM_EIO || (status == LOOM_OK && changes != 1)))
    status = loom_database_corrupt(
        database, error, "store %" PRId64 " is another one than in the cluster", entry->store);
  return status;
}

loom_status loom_roster_clear(loom_database *database, loom_error *error) {
  return loom_database_execute(
      database,
      "DELETE FROM hours_week; DELETE FROM special_day;"
      " DELETE FROM exclusion; DELETE FROM attribute;"
      " UPDATE store SET timezone = NULL, timezone_override = NULL;"
      " DELETE FROM store WHERE number NOT IN (SELECT store FROM poll_block);",
      error);
}
