/*
** What is set aside has negative numbers, and ids that nobody has.
*/
#include "sqlite/unsent.h"
#include "base/grow.h"
#include "sqlite/changes.h"
#include "sqlite/connection.h"
#include "sqlite/statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const tables[] = {"poll_block", "hours_week", "special_day", "exclusion",
                                     "attribute"};

#define TABLES (sizeof tables / sizeof *tables)
#define SQL_SIZE 160

/* Runs a statement with up to two numbers. */
static loom_status run(loom_database *database, const char *sql, int64_t first, int64_t second,
                       uint64_t *changes, loom_error *error) {
  sqlite3_stmt *statement;
  loom_status status = loom_statement_get(database, sql, &statement, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(statement, 1, first);
  if (sqlite3_bind_parameter_count(statement) > 1)
    sqlite3_bind_int64(statement, 2, second);
  return loom_statement_run(database, statement, changes, error);
}

/* The same for each table that has something of stores, whose name stands for %s. */
static loom_status run_each(loom_database *database, const char *sql, int64_t first, int64_t second,
                            loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < TABLES; i++) {
    char text[SQL_SIZE];
    snprintf(text, sizeof text, sql, tables[i]);
    status = run(database, text, first, second, NULL, error);
  }
  return status;
}

/* ---- which ones ---- */

loom_status loom_unsent_note(loom_database *database, int64_t first, loom_error *error) {
  return run(database,
             "INSERT INTO service VALUES('unsent', ?1) ON CONFLICT(name)"
             " DO UPDATE SET value = min(CAST(value AS INTEGER), ?1)",
             first, 0, NULL, error);
}

loom_status loom_unsent_first(loom_database *database, int64_t *first, loom_error *error) {
  *first = INT64_MAX;
  return loom_database_number(
      database,
      "SELECT ifnull((SELECT CAST(value AS INTEGER) FROM main.service WHERE name = 'unsent'),"
      " 9223372036854775807)",
      first, error);
}

loom_status loom_unsent_sent(loom_database *database, int64_t last, loom_error *error) {
  loom_status status = run(database,
                           "DELETE FROM service WHERE name = 'unsent'"
                           " AND NOT EXISTS(SELECT 1 FROM store WHERE number > ?1)",
                           last, 0, NULL, error);
  if (status != LOOM_OK || last == INT64_MAX)
    return status;
  return run(database, "UPDATE service SET value = ?1 WHERE name = 'unsent'", last + 1, 0, NULL,
             error);
}

/* ---- aside ---- */

static loom_status list(loom_database *database, int64_t first, struct loom_unsent *unsent,
                        loom_error *error) {
  sqlite3_stmt *rows;
  size_t capacity = 0;
  int step = SQLITE_DONE;
  loom_status status = loom_statement_get(
      database, "SELECT number, store_id FROM store WHERE number >= ? ORDER BY number", &rows,
      error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(rows, 1, first);
  while (status == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    size_t length = 0, count = unsent->ids.count;
    const char *id = loom_column_bytes(rows, 1, &length);
    if (!loom_grow(&unsent->numbers, &capacity, count + 1, sizeof *unsent->numbers) ||
        loom_id_table_put(&unsent->ids, id ? id : "", length) == LOOM_NO_NUMBER)
      status = loom_no_memory(error);
    else
      unsent->numbers[count] = sqlite3_column_int64(rows, 0);
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

/* Nobody hears of what stays the same, and stores are not there while what refers to them is. */
static void be_quiet(loom_database *database, bool quiet) {
  loom_changes_silence(database, quiet);
  loom_database_check_references(database, !quiet);
}

loom_status loom_unsent_set_aside(loom_database *database, struct loom_unsent *unsent,
                                  loom_error *error) {
  int64_t first;
  *unsent = (struct loom_unsent){0};
  loom_id_table_init(&unsent->ids);
  loom_status status = loom_unsent_first(database, &first, error);
  if (status != LOOM_OK || first == INT64_MAX)
    return status;
  status = list(database, first, unsent, error);
  be_quiet(database, true);
  if (status == LOOM_OK)
    status = run_each(database, "UPDATE %s SET store = -store WHERE store >= ?1", first, 0, error);
  if (status == LOOM_OK)
    status = run(database,
                 "UPDATE store SET number = -number, store_id = char(1) || number"
                 " WHERE number >= ?1",
                 first, 0, NULL, error);
  if (status == LOOM_OK)
    status = loom_unsent_sent(database, INT64_MAX, error);
  be_quiet(database, false);
  return status;
}

/* ---- back ---- */

static loom_status find(loom_database *database, const char *id, size_t length, int64_t *number,
                        loom_error *error) {
  sqlite3_stmt *row;
  *number = 0;
  loom_status status =
      loom_statement_get(database, "SELECT number FROM store WHERE store_id = ?", &row, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_text(row, 1, id, length);
  return loom_statement_number(database, row, number, error);
}

/* What is of one that is set aside becomes that of another store, unless that has it already. */
static loom_status merge(loom_database *database, int64_t aside, int64_t number,
                         loom_error *error) {
  loom_status status = run_each(database, "UPDATE OR IGNORE %s SET store = ?2 WHERE store = ?1",
                                aside, number, error);
  if (status == LOOM_OK)
    status = run_each(database, "DELETE FROM %s WHERE store = ?1", aside, 0, error);
  return status == LOOM_OK
             ? run(database, "DELETE FROM store WHERE number = ?1", aside, 0, NULL, error)
             : status;
}

/* Puts a store back under a number, also where its row was removed meanwhile. */
static loom_status put_back(loom_database *database, int64_t aside, int64_t number, const char *id,
                            size_t length, loom_error *error) {
  static const char *const sql[] = {"UPDATE store SET number = ?2, store_id = ?3 WHERE number = ?1",
                                    "INSERT INTO store(number, store_id) SELECT ?2, ?3 WHERE ?1"};
  uint64_t changes = 0;
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < 2 && changes == 0; i++) {
    sqlite3_stmt *statement;
    status = loom_statement_get(database, sql[i], &statement, error);
    if (status != LOOM_OK)
      break;
    sqlite3_bind_int64(statement, 1, aside);
    sqlite3_bind_int64(statement, 2, number);
    loom_bind_text(statement, 3, id, length);
    status = loom_statement_run(database, statement, &changes, error);
  }
  return status;
}

static loom_status put_all_back(loom_database *database, const struct loom_unsent *unsent,
                                loom_error *error) {
  int64_t last = 0, move;
  bool any = false;
  loom_status status = loom_database_number(
      database, "SELECT ifnull(max(number), 0) FROM main.store WHERE number > 0", &last, error);
  move = last + 1 - unsent->numbers[0];
  for (uint32_t i = 0; status == LOOM_OK && i < unsent->ids.count; i++) {
    size_t length;
    int64_t known, number = unsent->numbers[i];
    const char *id = loom_id_table_get(&unsent->ids, i, &length);
    status = find(database, id, length, &known, error);
    if (status == LOOM_OK && known)
      status = merge(database, -number, known, error);
    else if (status == LOOM_OK)
      status = put_back(database, -number, number + move, id, length, error);
    any |= !known;
  }
  if (status == LOOM_OK)
    status = run_each(database, "UPDATE %s SET store = ?1 - store WHERE store < 0", move, 0, error);
  return status == LOOM_OK && any ? loom_unsent_note(database, last + 1, error) : status;
}

loom_status loom_unsent_put_back(loom_database *database, const struct loom_unsent *unsent,
                                 loom_error *error) {
  if (unsent->ids.count == 0)
    return LOOM_OK;
  be_quiet(database, true);
  loom_status status = put_all_back(database, unsent, error);
  be_quiet(database, false);
  return status;
}

void loom_unsent_free(struct loom_unsent *unsent) {
  loom_id_table_free(&unsent->ids);
  free(unsent->numbers);
  *unsent = (struct loom_unsent){0};
}
