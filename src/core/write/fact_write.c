/*
** Facts as rows. Special days and exclusions of every store have a NULL store.
*/
#include "write/fact_write.h"
#include "measure/week.h"
#include "sqlite/statement.h"
#include "sqlite/touched.h"

#include <stdlib.h>

/* What of the roster facts of a kind are. */
static const enum loom_roster_kind roster_kinds[LOOM_FACT_KINDS] = {
    [LOOM_FACT_STORE] = LOOM_ROSTER_STORE,
    [LOOM_FACT_ZONE] = LOOM_ROSTER_STORE,
    [LOOM_FACT_WEEK] = LOOM_ROSTER_HOURS,
    [LOOM_FACT_SPECIAL_DAY] = LOOM_ROSTER_SPECIAL_DAYS,
    [LOOM_FACT_EXCLUSION] = LOOM_ROSTER_EXCLUSIONS,
    [LOOM_FACT_ATTRIBUTE] = LOOM_ROSTER_ATTRIBUTES};

/* ---- put ---- */

static loom_status put_week(loom_database *database, const struct loom_fact *fact, int64_t store,
                            loom_error *error) {
  sqlite3_stmt *put = NULL;
  loom_status status = LOOM_OK;
  unsigned char *week = malloc(fact->opening_count * LOOM_OPENING_SIZE + 1);
  if (!week)
    return loom_no_memory(error);
  size_t size = loom_week_pack(fact->openings, fact->opening_count, week);
  status = loom_statement_get(
      database,
      "INSERT OR REPLACE INTO hours_week(store, origin, effective_from, reverts, openings)"
      " VALUES(?, 'override', ?, ?, ?)",
      &put, error);
  if (status == LOOM_OK) {
    loom_bind_store(put, 1, store);
    loom_bind_date(put, 2, fact->date);
    sqlite3_bind_int(put, 3, fact->reverts);
    sqlite3_bind_blob(put, 4, week, (int)size, SQLITE_STATIC);
    status = loom_statement_run(database, put, NULL, error);
  }
  free(week);
  return status;
}

static loom_status remove_special_day(loom_database *database, const struct loom_fact *fact,
                                      int64_t store, uint64_t *count, loom_error *error) {
  sqlite3_stmt *remove;
  loom_status status = loom_statement_get(
      database,
      "DELETE FROM special_day WHERE store IS ? AND date = ? AND (origin = 'override') = ?",
      &remove, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_store(remove, 1, store);
  loom_bind_date(remove, 2, fact->date);
  sqlite3_bind_int(remove, 3, fact->override);
  return loom_statement_run(database, remove, count, error);
}

/* A row of a special day; without an opening it is closed. */
static loom_status add_span(loom_database *database, const struct loom_fact *fact, int64_t store,
                            const struct loom_hours *opening, loom_error *error) {
  sqlite3_stmt *add;
  loom_status status =
      loom_statement_get(database,
                         "INSERT INTO special_day(store, date, open_s, close_s, note, origin)"
                         " VALUES(?, ?, ?, ?, ?, 'override')",
                         &add, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_store(add, 1, store);
  loom_bind_date(add, 2, fact->date);
  if (opening) {
    sqlite3_bind_int(add, 3, opening->open);
    sqlite3_bind_int(add, 4, opening->close);
  }
  loom_bind_text(add, 5, fact->text, fact->text_length);
  return loom_statement_run(database, add, NULL, error);
}

static bool is_repeated(const struct loom_fact *fact, size_t at) {
  for (size_t i = 0; i < at; i++)
    if (fact->openings[i].open == fact->openings[at].open &&
        fact->openings[i].close == fact->openings[at].close)
      return true;
  return false;
}

static loom_status put_special_day(loom_database *database, const struct loom_fact *fact,
                                   int64_t store, loom_error *error) {
  struct loom_fact earlier = *fact;
  earlier.override = true;
  loom_status status = remove_special_day(database, &earlier, store, NULL, error);
  if (status == LOOM_OK && fact->opening_count == 0)
    status = add_span(database, fact, store, NULL, error);
  for (size_t i = 0; status == LOOM_OK && i < fact->opening_count; i++)
    if (!is_repeated(fact, i))
      status = add_span(database, fact, store, &fact->openings[i], error);
  return status;
}

/* `week` has the openings packed, none where the exclusion is not weekly. */
static void bind_exclusion(sqlite3_stmt *statement, const struct loom_fact *fact, int64_t store,
                           const unsigned char *week, size_t size) {
  loom_bind_store(statement, 1, store);
  sqlite3_bind_int64(statement, 2, fact->from);
  sqlite3_bind_int64(statement, 3, fact->to);
  loom_bind_text(statement, 4, fact->text, fact->text_length);
  if (fact->name_length)
    loom_bind_text(statement, 5, fact->name, fact->name_length);
  if (size)
    sqlite3_bind_blob(statement, 6, week, (int)size, SQLITE_STATIC);
}

static loom_status put_packed_exclusion(loom_database *database, struct loom_fact *fact,
                                        int64_t store, const unsigned char *week, size_t size,
                                        loom_error *error) {
  sqlite3_stmt *statement;
  loom_status status = loom_statement_get(
      database,
      "SELECT number FROM exclusion WHERE store IS ? AND from_us = ? AND to_us = ?"
      " AND reason = ? AND zone IS ? AND openings IS ?",
      &statement, error);
  fact->number = 0;
  if (status != LOOM_OK)
    return status;
  bind_exclusion(statement, fact, store, week, size);
  status = loom_statement_number(database, statement, &fact->number, error);
  if (status != LOOM_OK || fact->number) /* as in a file, where it is a duplicate */
    return status;
  status = loom_statement_get(database,
                              "INSERT INTO exclusion(store, from_us, to_us, reason, zone, openings)"
                              " VALUES(?, ?, ?, ?, ?, ?)",
                              &statement, error);
  if (status != LOOM_OK)
    return status;
  bind_exclusion(statement, fact, store, week, size);
  status = loom_statement_run(database, statement, NULL, error);
  fact->number = sqlite3_last_insert_rowid(database->sqlite);
  return status;
}

static loom_status put_exclusion(loom_database *database, struct loom_fact *fact, int64_t store,
                                 loom_error *error) {
  unsigned char *week = malloc(fact->opening_count * LOOM_OPENING_SIZE + 1);
  if (!week)
    return loom_no_memory(error);
  size_t size = loom_week_pack(fact->openings, fact->opening_count, week);
  loom_status status = put_packed_exclusion(database, fact, store, week, size, error);
  free(week);
  return status;
}

static loom_status put_text(loom_database *database, const char *sql, const struct loom_fact *fact,
                            int64_t store, loom_error *error) {
  sqlite3_stmt *put;
  loom_status status = loom_statement_get(database, sql, &put, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_store(put, 1, store);
  loom_bind_text(put, 2, fact->text, fact->text_length);
  if (fact->kind == LOOM_FACT_ATTRIBUTE)
    loom_bind_text(put, 3, fact->name, fact->name_length);
  return loom_statement_run(database, put, NULL, error);
}

loom_status loom_fact_write_put(loom_database *database, struct loom_fact *fact, int64_t store,
                                loom_error *error) {
  loom_roster_touch(database, roster_kinds[fact->kind], store);
  switch (fact->kind) {
  case LOOM_FACT_ZONE:
    return put_text(database, "UPDATE store SET timezone_override = ?2 WHERE number = ?1", fact,
                    store, error);
  case LOOM_FACT_WEEK:
    return put_week(database, fact, store, error);
  case LOOM_FACT_SPECIAL_DAY:
    return put_special_day(database, fact, store, error);
  case LOOM_FACT_EXCLUSION:
    return put_exclusion(database, fact, store, error);
  case LOOM_FACT_ATTRIBUTE:
    return put_text(database,
                    "INSERT OR REPLACE INTO attribute(store, value, name) VALUES(?, ?, ?)", fact,
                    store, error);
  case LOOM_FACT_STORE:
    break;
  }
  return LOOM_OK;
}

/* ---- remove ---- */

/* Removes a fact of a kind that has one row at the most. */
static loom_status remove_row(loom_database *database, const struct loom_fact *fact, int64_t store,
                              uint64_t *count, loom_error *error) {
  static const char *const removals[LOOM_FACT_KINDS] = {
      [LOOM_FACT_ZONE] =
          "UPDATE store SET timezone_override = NULL"
          " WHERE number = ? AND timezone_override IS NOT NULL",
      [LOOM_FACT_WEEK] =
          "DELETE FROM hours_week"
          " WHERE store = ? AND effective_from = ? AND (origin = 'override') = ?",
      [LOOM_FACT_EXCLUSION] = "DELETE FROM exclusion WHERE number = ?",
      [LOOM_FACT_ATTRIBUTE] = "DELETE FROM attribute WHERE store = ? AND name = ?"};
  sqlite3_stmt *remove;
  loom_status status = loom_statement_get(database, removals[fact->kind], &remove, error);
  if (status != LOOM_OK)
    return status;
  if (fact->kind == LOOM_FACT_EXCLUSION)
    sqlite3_bind_int64(remove, 1, fact->number);
  else
    loom_bind_store(remove, 1, store);
  if (fact->kind == LOOM_FACT_WEEK) {
    loom_bind_date(remove, 2, fact->date);
    sqlite3_bind_int(remove, 3, fact->override);
  } else if (fact->kind == LOOM_FACT_ATTRIBUTE) {
    loom_bind_text(remove, 2, fact->name, fact->name_length);
  }
  return loom_statement_run(database, remove, count, error);
}

/* Exclusions are known by their numbers: whose it is, is in its row. */
static loom_status find_exclusion(loom_database *database, int64_t number, int64_t *store,
                                  loom_error *error) {
  sqlite3_stmt *find;
  loom_status status = loom_statement_get(
      database, "SELECT ifnull(store, 0) FROM exclusion WHERE number = ?", &find, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(find, 1, number);
  return loom_statement_number(database, find, store, error);
}

loom_status loom_fact_write_remove(loom_database *database, const struct loom_fact *fact,
                                   int64_t store, uint64_t *count, loom_error *error) {
  loom_status status = LOOM_OK;
  loom_roster_intend(database);
  if (fact->kind == LOOM_FACT_EXCLUSION)
    status = find_exclusion(database, fact->number, &store, error);
  if (status != LOOM_OK)
    return status;
  loom_roster_touch(database, roster_kinds[fact->kind], store);
  return fact->kind == LOOM_FACT_SPECIAL_DAY
             ? remove_special_day(database, fact, store, count, error)
             : remove_row(database, fact, store, count, error);
}
