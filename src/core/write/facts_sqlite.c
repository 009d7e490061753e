/*
** Facts as rows. Special days and exclusions of every store have a NULL store. The number of the store that was looked for last
** is kept until the change ends, so that many facts of one store cost a look-up once.
*/
#include "write/facts_sqlite.h"
#include "base/grow.h"
#include "base/id_table.h"
#include "base/text.h"
#include "measure/selection.h"
#include "measure/week.h"
#include "sqlite/changes.h"
#include "sqlite/connection.h"
#include "sqlite/statement.h"
#include "sqlite/stored_exclusion.h"
#include "sqlite/stored_hours.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"
#include "write/fact_audit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_AFTER 20 /* facts of a run: see put_noted */

struct sqlite_facts {
  loom_facts facts;          /* the first member */
  struct loom_holder holder; /* of the list */
  loom_database *database;
  bool changing;
  char store[LOOM_ID_MAX]; /* whose number is `number`; it is 0 when there is none */
  size_t store_length;
  int64_t number;
  /* the run of facts that the last put is of: see put_noted */
  struct {
    enum loom_fact_kind kind;
    int64_t store;
    unsigned repeats;
    bool silent;
  } last;
  struct loom_fact_audit audit;
  /* the list */
  sqlite3_stmt *rows; /* NULL: there is none */
  enum loom_fact_kind kind;
  bool reading;       /* a part in a read transaction is the list's own */
  bool has_row, used; /* it stands on a row, which has been given */
  bool gone;          /* a write has ended it */
  bool choosing,
      has_glob; /* it tells of each store whether it is wanted; the pattern is in `note` */
  struct loom_hours_list openings;
  char *id, *note; /* of a special day, whose rows have been passed over */
  size_t id_capacity, note_capacity;
};

static struct sqlite_facts *of_head(loom_facts *facts) {
  return (struct sqlite_facts *)facts;
}

/* ---- statements ---- */

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text, size_t length) {
  if (text)
    sqlite3_bind_text(statement, parameter, text, (int)length, SQLITE_STATIC);
}

static void bind_date(sqlite3_stmt *statement, int parameter, int32_t date) {
  char text[LOOM_DATE_SIZE];
  size_t length = loom_format_date(date, text);
  sqlite3_bind_text(statement, parameter, text, (int)length, SQLITE_TRANSIENT);
}

/* NULL for every store. */
static void bind_store(sqlite3_stmt *statement, int parameter, int64_t number) {
  if (number)
    sqlite3_bind_int64(statement, parameter, number);
}

/* Runs a statement, and gives it back; *changes may be NULL. */
static loom_status run(struct sqlite_facts *facts, sqlite3_stmt *statement, uint64_t *changes,
                       loom_error *error) {
  loom_status status = loom_database_run(facts->database, statement, error);
  if (status == LOOM_OK && changes)
    *changes += (uint64_t)sqlite3_changes(facts->database->sqlite);
  loom_statement_keep(facts->database, statement, false);
  return status;
}

/* The first column of a statement's first row; *number is left as it is where there is none. Gives the statement back. */
static loom_status read_number(struct sqlite_facts *facts, sqlite3_stmt *statement, int64_t *number,
                               loom_error *error) {
  int step = sqlite3_step(statement);
  loom_status status = LOOM_OK;
  if (step == SQLITE_ROW)
    *number = sqlite3_column_int64(statement, 0);
  else if (step != SQLITE_DONE)
    status = loom_database_failure(facts->database, error);
  loom_statement_keep(facts->database, statement, false);
  return status;
}

static loom_status get(struct sqlite_facts *facts, const char *sql, sqlite3_stmt **statement,
                       loom_error *error) {
  return loom_statement_get(facts->database, sql, statement, error);
}

/* ---- numbers of stores ---- */

/* Finds the store's number: 0 for every store, and for one that is not known. */
static loom_status find_store(struct sqlite_facts *facts, const char *id, size_t length,
                              int64_t *number, loom_error *error) {
  sqlite3_stmt *find;
  *number = 0;
  if (!id)
    return LOOM_OK;
  if (facts->number && facts->store_length == length && memcmp(facts->store, id, length) == 0) {
    *number = facts->number;
    return LOOM_OK;
  }
  loom_status status = get(facts, "SELECT number FROM store WHERE store_id = ?", &find, error);
  if (status != LOOM_OK)
    return status;
  bind_text(find, 1, id, length);
  status = read_number(facts, find, number, error);
  if (status == LOOM_OK && *number && facts->changing && length <= sizeof facts->store) {
    memcpy(facts->store, id, length);
    facts->store_length = length;
    facts->number = *number;
  }
  return status;
}

/* The same, where one that is not known becomes so. */
static loom_status make_store(struct sqlite_facts *facts, const char *id, size_t length,
                              int64_t *number, loom_error *error) {
  sqlite3_stmt *add;
  loom_status status = find_store(facts, id, length, number, error);
  if (status != LOOM_OK || !id || *number)
    return status;
  status = get(facts, "INSERT INTO store(store_id) VALUES(?)", &add, error);
  if (status != LOOM_OK)
    return status;
  bind_text(add, 1, id, length);
  status = run(facts, add, NULL, error);
  return status == LOOM_OK ? find_store(facts, id, length, number, error) : status;
}

/* ---- put ---- */

static loom_status put_week(struct sqlite_facts *facts, const struct loom_fact *fact, int64_t store,
                            loom_error *error) {
  sqlite3_stmt *put = NULL;
  loom_status status = LOOM_OK;
  unsigned char *week = malloc(fact->opening_count * LOOM_OPENING_SIZE + 1);
  if (!week)
    return loom_no_memory(error);
  size_t size = loom_week_pack(fact->openings, fact->opening_count, week);
  status = get(facts,
               "INSERT OR REPLACE INTO hours_week(store, origin, effective_from, reverts, openings)"
               " VALUES(?, 'override', ?, ?, ?)",
               &put, error);
  if (status == LOOM_OK) {
    bind_store(put, 1, store);
    bind_date(put, 2, fact->date);
    sqlite3_bind_int(put, 3, fact->reverts);
    sqlite3_bind_blob(put, 4, week, (int)size, SQLITE_STATIC);
    status = run(facts, put, NULL, error);
  }
  free(week);
  return status;
}

static loom_status remove_special_day(struct sqlite_facts *facts, const struct loom_fact *fact,
                                      int64_t store, uint64_t *count, loom_error *error) {
  sqlite3_stmt *remove;
  loom_status status = get(
      facts, "DELETE FROM special_day WHERE store IS ? AND date = ? AND (origin = 'override') = ?",
      &remove, error);
  if (status != LOOM_OK)
    return status;
  bind_store(remove, 1, store);
  bind_date(remove, 2, fact->date);
  sqlite3_bind_int(remove, 3, fact->override);
  return run(facts, remove, count, error);
}

/* A row of a special day; without an opening it is closed. */
static loom_status add_span(struct sqlite_facts *facts, const struct loom_fact *fact, int64_t store,
                            const struct loom_hours *opening, loom_error *error) {
  sqlite3_stmt *add;
  loom_status status = get(facts,
                           "INSERT INTO special_day(store, date, open_s, close_s, note, origin)"
                           " VALUES(?, ?, ?, ?, ?, 'override')",
                           &add, error);
  if (status != LOOM_OK)
    return status;
  bind_store(add, 1, store);
  bind_date(add, 2, fact->date);
  if (opening) {
    sqlite3_bind_int(add, 3, opening->open);
    sqlite3_bind_int(add, 4, opening->close);
  }
  bind_text(add, 5, fact->text, fact->text_length);
  return run(facts, add, NULL, error);
}

static bool is_repeated(const struct loom_fact *fact, size_t at) {
  for (size_t i = 0; i < at; i++)
    if (fact->openings[i].open == fact->openings[at].open &&
        fact->openings[i].close == fact->openings[at].close)
      return true;
  return false;
}

static loom_status put_special_day(struct sqlite_facts *facts, const struct loom_fact *fact,
                                   int64_t store, loom_error *error) {
  struct loom_fact earlier = *fact;
  earlier.override = true;
  loom_status status = remove_special_day(facts, &earlier, store, NULL, error);
  if (status == LOOM_OK && fact->opening_count == 0)
    status = add_span(facts, fact, store, NULL, error);
  for (size_t i = 0; status == LOOM_OK && i < fact->opening_count; i++)
    if (!is_repeated(fact, i))
      status = add_span(facts, fact, store, &fact->openings[i], error);
  return status;
}

/* `week` has the openings packed, none where the exclusion is not weekly. */
static void bind_exclusion(sqlite3_stmt *statement, const struct loom_fact *fact, int64_t store,
                           const unsigned char *week, size_t size) {
  bind_store(statement, 1, store);
  sqlite3_bind_int64(statement, 2, fact->from);
  sqlite3_bind_int64(statement, 3, fact->to);
  bind_text(statement, 4, fact->text, fact->text_length);
  if (fact->name_length)
    bind_text(statement, 5, fact->name, fact->name_length);
  if (size)
    sqlite3_bind_blob(statement, 6, week, (int)size, SQLITE_STATIC);
}

static loom_status put_packed_exclusion(struct sqlite_facts *facts, struct loom_fact *fact,
                                        int64_t store, const unsigned char *week, size_t size,
                                        loom_error *error) {
  sqlite3_stmt *statement;
  loom_status status =
      get(facts,
          "SELECT number FROM exclusion WHERE store IS ? AND from_us = ? AND to_us = ?"
          " AND reason = ? AND zone IS ? AND openings IS ?",
          &statement, error);
  fact->number = 0;
  if (status != LOOM_OK)
    return status;
  bind_exclusion(statement, fact, store, week, size);
  status = read_number(facts, statement, &fact->number, error);
  if (status != LOOM_OK || fact->number) /* as in a file, where it is a duplicate */
    return status;
  status = get(facts,
               "INSERT INTO exclusion(store, from_us, to_us, reason, zone, openings)"
               " VALUES(?, ?, ?, ?, ?, ?)",
               &statement, error);
  if (status != LOOM_OK)
    return status;
  bind_exclusion(statement, fact, store, week, size);
  status = run(facts, statement, NULL, error);
  fact->number = sqlite3_last_insert_rowid(facts->database->sqlite);
  return status;
}

static loom_status put_exclusion(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                                 loom_error *error) {
  unsigned char *week = malloc(fact->opening_count * LOOM_OPENING_SIZE + 1);
  if (!week)
    return loom_no_memory(error);
  size_t size = loom_week_pack(fact->openings, fact->opening_count, week);
  loom_status status = put_packed_exclusion(facts, fact, store, week, size, error);
  free(week);
  return status;
}

static loom_status put_text(struct sqlite_facts *facts, const char *sql,
                            const struct loom_fact *fact, int64_t store, loom_error *error) {
  sqlite3_stmt *put;
  loom_status status = get(facts, sql, &put, error);
  if (status != LOOM_OK)
    return status;
  bind_store(put, 1, store);
  bind_text(put, 2, fact->text, fact->text_length);
  if (fact->kind == LOOM_FACT_ATTRIBUTE)
    bind_text(put, 3, fact->name, fact->name_length);
  return run(facts, put, NULL, error);
}

static void end_list(struct sqlite_facts *facts);
static loom_status find_before(struct sqlite_facts *facts, const struct loom_fact *fact,
                               int64_t store, bool override, struct loom_fact *before, bool *there,
                               loom_error *error);
static void end_before(struct sqlite_facts *facts);

static void silence(struct sqlite_facts *facts, bool silent) {
  if (facts->last.silent != silent)
    loom_changes_silence(facts->database, silent);
  facts->last.silent = silent;
}

static loom_status put_fact(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                            loom_error *error) {
  switch (fact->kind) {
  case LOOM_FACT_ZONE:
    return put_text(facts, "UPDATE store SET timezone_override = ?2 WHERE number = ?1", fact, store,
                    error);
  case LOOM_FACT_WEEK:
    return put_week(facts, fact, store, error);
  case LOOM_FACT_SPECIAL_DAY:
    return put_special_day(facts, fact, store, error);
  case LOOM_FACT_EXCLUSION:
    return put_exclusion(facts, fact, store, error);
  case LOOM_FACT_ATTRIBUTE:
    return put_text(facts, "INSERT OR REPLACE INTO attribute(store, value, name) VALUES(?, ?, ?)",
                    fact, store, error);
  case LOOM_FACT_STORE:
    break;
  }
  return LOOM_OK;
}

/*
** What is noted of a store's facts of a kind is noted once, and in a run of them the first one that changes anything has done it.
** The triggers that would find that out for each of the others take half of the time that it takes to put it; to silence them
** takes that of some puts, since SQLite prepares all statements anew.
*/
static loom_status put_noted(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                             loom_error *error) {
  sqlite3 *sqlite = facts->database->sqlite;
  if (facts->last.kind != fact->kind || facts->last.store != store)
    facts->last.repeats = 0;
  facts->last.kind = fact->kind;
  facts->last.store = store;
  silence(facts, facts->last.repeats >= SILENT_AFTER);
  int before = sqlite3_total_changes(sqlite);
  loom_status status = put_fact(facts, fact, store, error);
  bool is_row = fact->kind != LOOM_FACT_ZONE && fact->kind != LOOM_FACT_STORE;
  facts->last.repeats += is_row && sqlite3_total_changes(sqlite) != before;
  return status;
}

/* Puts a fact, and tells the audit from what to what; an exclusion takes the place of nothing. */
static loom_status put_audited(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                               loom_error *error) {
  struct loom_fact before, after = *fact;
  bool there;
  loom_status status = find_before(facts, fact, store, true, &before, &there, error);
  after.override = true;
  if (status == LOOM_OK)
    status =
        loom_fact_audit_note(&facts->audit, facts->database, there ? &before : NULL, &after, error);
  end_before(facts);
  return status == LOOM_OK ? put_noted(facts, fact, store, error) : status;
}

static loom_status put_new_exclusion(struct sqlite_facts *facts, struct loom_fact *fact,
                                     int64_t store, loom_error *error) {
  int before = sqlite3_total_changes(facts->database->sqlite);
  loom_status status = put_noted(facts, fact, store, error);
  if (status != LOOM_OK || sqlite3_total_changes(facts->database->sqlite) == before)
    return status;
  return loom_fact_audit_note(&facts->audit, facts->database, NULL, fact, error);
}

static loom_status put(loom_facts *head, struct loom_fact *fact, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t store = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  end_list(facts);
  if (status == LOOM_OK)
    status = make_store(facts, fact->store, fact->store_length, &store, error);
  if (status != LOOM_OK || fact->kind == LOOM_FACT_STORE)
    return status;
  return fact->kind == LOOM_FACT_EXCLUSION ? put_new_exclusion(facts, fact, store, error)
                                           : put_audited(facts, fact, store, error);
}

/* ---- remove ---- */

/* Removes a fact of a kind that has one row at the most. */
static loom_status remove_row(struct sqlite_facts *facts, const struct loom_fact *fact,
                              int64_t store, uint64_t *count, loom_error *error) {
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
  loom_status status = get(facts, removals[fact->kind], &remove, error);
  if (status != LOOM_OK)
    return status;
  if (fact->kind == LOOM_FACT_EXCLUSION)
    sqlite3_bind_int64(remove, 1, fact->number);
  else
    bind_store(remove, 1, store);
  if (fact->kind == LOOM_FACT_WEEK) {
    bind_date(remove, 2, fact->date);
    sqlite3_bind_int(remove, 3, fact->override);
  } else if (fact->kind == LOOM_FACT_ATTRIBUTE) {
    bind_text(remove, 2, fact->name, fact->name_length);
  }
  return run(facts, remove, count, error);
}

/* Removes a fact, and tells the audit what it was, if there was one. */
static loom_status remove_audited(struct sqlite_facts *facts, const struct loom_fact *fact,
                                  int64_t store, uint64_t *count, loom_error *error) {
  struct loom_fact before;
  bool there;
  loom_status status = find_before(facts, fact, store, fact->override, &before, &there, error);
  if (status == LOOM_OK && there)
    status = loom_fact_audit_note(&facts->audit, facts->database, &before, NULL, error);
  end_before(facts);
  if (status != LOOM_OK)
    return status;
  return fact->kind == LOOM_FACT_SPECIAL_DAY ? remove_special_day(facts, fact, store, count, error)
                                             : remove_row(facts, fact, store, count, error);
}

static loom_status remove_fact(loom_facts *head, const struct loom_fact *fact, uint64_t *count,
                               loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t store = 0;
  *count = 0;
  end_list(facts);
  silence(facts, false);
  facts->last.repeats = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  if (status == LOOM_OK)
    status = find_store(facts, fact->store, fact->store_length, &store, error);
  if (status != LOOM_OK || (fact->store && !store) || fact->kind == LOOM_FACT_STORE)
    return status;
  return remove_audited(facts, fact, store, count, error);
}

/* ---- list ---- */

/* Ends the list, if there is one, and its part in a transaction. */
static void end_list(struct sqlite_facts *facts) {
  loom_holder_end(&facts->holder);
  loom_statement_keep(facts->database, facts->rows, false);
  facts->rows = NULL;
  facts->has_row = false;
  if (facts->reading)
    loom_database_end_read(facts->database);
  facts->reading = false;
}

static void let_go(struct loom_holder *holder) {
  struct sqlite_facts *facts =
      (struct sqlite_facts *)((char *)holder - offsetof(struct sqlite_facts, holder));
  end_list(facts);
  facts->gone = true;
}

/*
** The lists of all stores, and of one. Columns: the store's id, NULL for every store; whether it was set by hand; then those of
** the kind. Parameters: 1 the number of the store, NULL for every store; from 2 on those of the kind.
*/
#define LISTS(select, condition, store, order)                                                     \
  { select " WHERE " condition order, select " WHERE " condition " AND " store " IS ?1" order }

#define ZONES_OF(column, override)                                                                 \
  "SELECT store_id, " override ", " column " FROM store WHERE " column " IS NOT NULL"

#define EXCLUSION_COLUMNS                                                                          \
  "SELECT s.store_id, 1, e.number, e.reason, " LOOM_STORED_EXCLUSION_COLUMNS                       \
  " FROM exclusion e LEFT JOIN store s ON s.number = e.store"

enum which { OF_ALL, OF_ONE };

static const char *const lists[LOOM_FACT_KINDS][2] = {
    [LOOM_FACT_STORE] = LISTS(
        "SELECT store_id, 0, number, ifnull(timezone_override, timezone), first_poll, newest_poll,"
        " EXISTS(SELECT 1 FROM hours_week WHERE store = number) FROM store",
        "number > ?2", "number", " ORDER BY number LIMIT ?3"),
    [LOOM_FACT_ZONE] = {ZONES_OF("timezone", "0") " UNION ALL " ZONES_OF("timezone_override",
                                                                         "1") " ORDER BY 1, 2",
                        ZONES_OF("timezone", "0") " AND number IS ?1 UNION ALL " ZONES_OF(
                            "timezone_override", "1") " AND number IS ?1 ORDER BY 1, 2"},
    [LOOM_FACT_WEEK] = LISTS("SELECT s.store_id, " LOOM_STORED_WEEK_COLUMNS
                             " FROM hours_week w JOIN store s ON s.number = w.store",
                             "1", "w.store", " ORDER BY w.store, effective_from, origin"),
    /* a day's rows come one after the other */
    [LOOM_FACT_SPECIAL_DAY] =
        LISTS("SELECT s.store_id, d.origin = 'override', d.date, d.open_s, d.close_s, d.note"
              " FROM special_day d LEFT JOIN store s ON s.number = d.store",
              "d.date BETWEEN ?2 AND ?3", "d.store",
              " ORDER BY d.date, ifnull(s.store_id, '*'), d.origin DESC, d.open_s, d.close_s"),
    [LOOM_FACT_EXCLUSION] =
        LISTS(EXCLUSION_COLUMNS, "(?3 = 0 OR (e.from_us, e.to_us, e.number) > (?4, ?5, ?3))",
              "e.store", " ORDER BY e.from_us, e.to_us, e.number LIMIT ?6"),
    [LOOM_FACT_ATTRIBUTE] = LISTS("SELECT s.store_id, 1, a.name, a.value"
                                  " FROM attribute a JOIN store s ON s.number = a.store",
                                  "a.store > ?4 AND a.store <= ?5 AND (?2 IS NULL OR a.name = ?2)",
                                  "a.store", " LIMIT ?3")};

#define ONE_EXCLUSION EXCLUSION_COLUMNS " WHERE e.number = ?2"

static void bind_query(sqlite3_stmt *rows, const struct loom_fact_query *query) {
  if (query->kind == LOOM_FACT_SPECIAL_DAY) {
    bind_date(rows, 2, query->first_date);
    bind_date(rows, 3, query->last_date);
  } else if (query->kind == LOOM_FACT_EXCLUSION) {
    sqlite3_bind_int64(rows, 2, query->number);
    sqlite3_bind_int64(rows, 3, query->after.number);
    sqlite3_bind_int64(rows, 4, query->after.from);
    sqlite3_bind_int64(rows, 5, query->after.to);
    sqlite3_bind_int64(rows, 6, query->most);
  } else if (query->kind == LOOM_FACT_ATTRIBUTE) {
    bind_text(rows, 2, query->name, query->name_length);
    sqlite3_bind_int64(rows, 3, query->most);
    sqlite3_bind_int64(rows, 4, query->after.number);
    sqlite3_bind_int64(rows, 5, query->last ? query->last : INT64_MAX);
  } else if (query->kind == LOOM_FACT_STORE) {
    sqlite3_bind_int64(rows, 2, query->after.number);
    sqlite3_bind_int64(rows, 3, query->most);
  }
}

static loom_status step(struct sqlite_facts *facts, loom_error *error) {
  int result = sqlite3_step(facts->rows);
  facts->has_row = result == SQLITE_ROW;
  facts->used = false;
  return facts->has_row || result == SQLITE_DONE ? LOOM_OK
                                                 : loom_database_failure(facts->database, error);
}

/* Starts on the rows, within a transaction. */
static loom_status open_list(struct sqlite_facts *facts, const struct loom_fact_query *query,
                             loom_error *error) {
  int64_t store = 0;
  loom_status status = LOOM_OK;
  if (!query->any_store)
    status = find_store(facts, query->store, query->store_length, &store, error);
  if (status != LOOM_OK || (query->store && !query->any_store && !store))
    return status; /* of a store that is not known there is nothing */
  const char *sql = lists[query->kind][query->any_store ? OF_ALL : OF_ONE];
  if (query->kind == LOOM_FACT_EXCLUSION && query->number)
    sql = ONE_EXCLUSION;
  status = get(facts, sql, &facts->rows, error);
  if (status != LOOM_OK)
    return status;
  if (!query->any_store)
    bind_store(facts->rows, 1, store);
  bind_query(facts->rows, query);
  return step(facts, error);
}

/* Begins the list's part in a transaction. */
static loom_status begin_list(struct sqlite_facts *facts, loom_error *error) {
  loom_status status = LOOM_OK;
  end_list(facts);
  facts->gone = facts->choosing = false;
  if (!facts->changing) {
    status = loom_database_begin_read(facts->database, error);
    facts->reading = status == LOOM_OK;
  }
  if (status == LOOM_OK)
    loom_database_hold(facts->database, &facts->holder, let_go);
  return status;
}

static loom_status list(loom_facts *head, const struct loom_fact_query *query, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  loom_status status = begin_list(facts, error);
  facts->kind = query->kind;
  if (status == LOOM_OK)
    status = open_list(facts, query, error);
  if (status != LOOM_OK)
    end_list(facts);
  return status;
}

/* ---- choose ---- */

static bool add(struct loom_text *sql, const char *text) {
  if (!loom_text_reserve(sql, strlen(text) + 1))
    return false;
  loom_text_put_string(sql, text);
  return true;
}

/* Numbers of the parameters of a choice; from the last one on come those of the conditions. */
enum { TEXT = 1, ATTRIBUTE, AFTER, CONDITIONS };

/* The names and values of a condition are parameters from `*parameter` on. */
static bool add_condition(struct loom_text *sql, const struct loom_fact_condition *condition,
                          int *parameter) {
  char number[16];
  snprintf(number, sizeof number, "?%d", (*parameter)++);
  bool good = add(sql, " AND EXISTS(SELECT 1 FROM attribute WHERE store = s.number AND name = ") &&
              add(sql, number) && add(sql, " AND value IN (");
  for (size_t value = 0; good && value < condition->value_count; value++) {
    snprintf(number, sizeof number, value ? ", ?%d" : "?%d", (*parameter)++);
    good = add(sql, number);
  }
  return good && add(sql, "))");
}

/* Whether a store is wanted is a column, and so is its value of an attribute. */
static bool write_choice(struct loom_text *sql, const struct loom_fact_choice *choice) {
  int parameter = CONDITIONS;
  bool good = add(sql, "SELECT store_id, 1");
  for (size_t i = 0; good && i < choice->condition_count; i++)
    good = add_condition(sql, &choice->conditions[i], &parameter);
  if (choice->text)
    good = good && add(sql,
                       " AND (loom_contains(store_id, ?1) OR EXISTS(SELECT 1 FROM attribute"
                       " WHERE store = s.number AND loom_contains(value, ?1)))");
  good =
      good && add(sql, choice->attribute
                           ? ", (SELECT value FROM attribute WHERE store = s.number AND name = ?2)"
                           : ", NULL");
  good = good && add(sql, " FROM store s WHERE store_id > ?3 ORDER BY store_id");
  if (good)
    loom_text_put_char(sql, '\0');
  return good;
}

static void bind_choice(sqlite3_stmt *rows, const struct loom_fact_choice *choice) {
  int parameter = CONDITIONS;
  if (choice->text)
    sqlite3_bind_blob(rows, TEXT, choice->text, (int)choice->text_length, SQLITE_TRANSIENT);
  if (choice->attribute)
    sqlite3_bind_text(rows, ATTRIBUTE, choice->attribute, (int)choice->attribute_length,
                      SQLITE_TRANSIENT);
  sqlite3_bind_text(rows, AFTER, choice->after, (int)choice->after_length, SQLITE_TRANSIENT);
  for (size_t i = 0; i < choice->condition_count; i++) {
    const struct loom_fact_condition *condition = &choice->conditions[i];
    sqlite3_bind_text(rows, parameter++, condition->name, (int)condition->name_length,
                      SQLITE_TRANSIENT);
    for (size_t value = 0; value < condition->value_count; value++)
      sqlite3_bind_text(rows, parameter++, condition->values[value],
                        (int)condition->value_lengths[value], SQLITE_TRANSIENT);
  }
}

static loom_status choose(loom_facts *head, const struct loom_fact_choice *choice,
                          loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  struct loom_text sql = {0};
  size_t length = choice->glob ? strlen(choice->glob) + 1 : 0;
  loom_status status = begin_list(facts, error);
  facts->choosing = true;
  facts->has_glob = choice->glob != NULL;
  if (status == LOOM_OK && (!write_choice(&sql, choice) ||
                            !loom_grow(&facts->note, &facts->note_capacity, length + 1, 1)))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = get(facts, sql.bytes, &facts->rows, error);
  if (status == LOOM_OK) {
    if (length)
      memcpy(facts->note, choice->glob, length);
    bind_choice(facts->rows, choice);
    status = step(facts, error);
  }
  if (status != LOOM_OK)
    end_list(facts);
  loom_text_free(&sql);
  return status;
}

static void read_choice(struct sqlite_facts *facts, struct loom_fact *fact) {
  *fact = (struct loom_fact){.kind = LOOM_FACT_STORE};
  fact->store = loom_column_bytes(facts->rows, 0, &fact->store_length);
  fact->text = loom_column_bytes(facts->rows, 2, &fact->text_length);
  fact->wanted =
      sqlite3_column_int(facts->rows, 1) && fact->store &&
      (!facts->has_glob || loom_glob_matches(facts->note, fact->store, fact->store_length));
}

static loom_status read_date(struct sqlite_facts *facts, int column, int32_t *date,
                             loom_error *error) {
  size_t length;
  const char *text = loom_column_bytes(facts->rows, column, &length);
  if (!text || loom_parse_date(text, length, date))
    return loom_database_corrupt(facts->database, error, "a date cannot be read");
  return LOOM_OK;
}

static loom_status read_week(struct sqlite_facts *facts, struct loom_fact *fact,
                             loom_error *error) {
  struct loom_hours_list *openings = &facts->openings;
  openings->count = 0;
  loom_status status = loom_stored_week_read(facts->rows, 1, openings);
  if (status == LOOM_ENOMEM)
    return loom_no_memory(error);
  if (status != LOOM_OK)
    return loom_database_corrupt(facts->database, error, "hours cannot be read");
  const struct loom_hours *first = &openings->items[0];
  fact->date = first->from == LOOM_ALWAYS ? LOOM_DATE_MIN : first->from;
  fact->reverts = first->open == LOOM_NO_HOURS;
  fact->openings = openings->items;
  fact->opening_count = first->open < 0 ? 0 : openings->count;
  return LOOM_OK;
}

/* Copies a column's text, which the next row would take away. */
static bool keep_text(sqlite3_stmt *row, int column, char **kept, size_t *capacity,
                      const char **text, size_t *length) {
  const char *bytes = loom_column_bytes(row, column, length);
  *text = NULL;
  if (!bytes)
    return true;
  if (!loom_grow(kept, capacity, *length + 1, 1))
    return false;
  memcpy(*kept, bytes, *length);
  *text = *kept;
  return true;
}

/* Whether the row the list stands on is of the same special day. */
static bool is_same_day(struct sqlite_facts *facts, const struct loom_fact *fact, int32_t date) {
  size_t length;
  const char *id = loom_column_bytes(facts->rows, 0, &length);
  return date == fact->date && sqlite3_column_int(facts->rows, 1) == fact->override &&
         (id != NULL) == (fact->store != NULL) &&
         (!id || (length == fact->store_length && memcmp(id, fact->store, length) == 0));
}

static loom_status read_span(struct sqlite_facts *facts, loom_error *error) {
  struct loom_hours opening = {0};
  if (sqlite3_column_type(facts->rows, 3) == SQLITE_NULL)
    return LOOM_OK;
  if (!loom_stored_time_read(facts->rows, 3, &opening.open) ||
      !loom_stored_time_read(facts->rows, 4, &opening.close))
    return loom_database_corrupt(facts->database, error, "a special day cannot be read");
  return loom_hours_list_add(&facts->openings, opening) ? LOOM_OK : loom_no_memory(error);
}

static loom_status read_special_day(struct sqlite_facts *facts, struct loom_fact *fact,
                                    loom_error *error) {
  int32_t date = 0;
  facts->openings.count = 0;
  loom_status status = read_date(facts, 2, &fact->date, error);
  if (status == LOOM_OK && (!keep_text(facts->rows, 0, &facts->id, &facts->id_capacity,
                                       &fact->store, &fact->store_length) ||
                            !keep_text(facts->rows, 5, &facts->note, &facts->note_capacity,
                                       &fact->text, &fact->text_length)))
    status = loom_no_memory(error);
  do {
    if (status == LOOM_OK)
      status = read_span(facts, error);
    if (status == LOOM_OK)
      status = step(facts, error);
    if (status == LOOM_OK && facts->has_row)
      status = read_date(facts, 2, &date, error);
  } while (status == LOOM_OK && facts->has_row && is_same_day(facts, fact, date));
  fact->openings = facts->openings.items;
  fact->opening_count = facts->openings.count;
  return status;
}

static loom_status read_exclusion(struct sqlite_facts *facts, struct loom_fact *fact,
                                  loom_error *error) {
  sqlite3_stmt *row = facts->rows;
  struct loom_stored_exclusion exclusion;
  fact->number = sqlite3_column_int64(row, 2);
  fact->text = loom_column_bytes(row, 3, &fact->text_length);
  loom_status status = loom_stored_exclusion_read(facts->database, row, 4, &exclusion, error);
  if (status != LOOM_OK)
    return status;
  fact->from = exclusion.from;
  fact->to = exclusion.to;
  fact->name = exclusion.zone;
  fact->name_length = exclusion.zone_length;
  facts->openings.count = 0;
  for (size_t at = 0; at < exclusion.week_size; at += LOOM_OPENING_SIZE) {
    struct loom_hours opening = {0};
    loom_opening_unpack(exclusion.week + at, &opening);
    if (!loom_hours_list_add(&facts->openings, opening))
      return loom_no_memory(error);
  }
  fact->openings = facts->openings.items;
  fact->opening_count = facts->openings.count;
  return LOOM_OK;
}

static loom_status read_store(struct sqlite_facts *facts, struct loom_fact *fact,
                              loom_error *error) {
  sqlite3_stmt *row = facts->rows;
  fact->number = sqlite3_column_int64(row, 2);
  fact->text = loom_column_bytes(row, 3, &fact->text_length);
  fact->polled = sqlite3_column_type(row, 5) != SQLITE_NULL;
  fact->has_hours = sqlite3_column_int(row, 6);
  if (!fact->polled)
    return LOOM_OK;
  loom_status status =
      loom_stored_instant(facts->database, row, 4, "the first poll of a store", &fact->from, error);
  return status == LOOM_OK ? loom_stored_instant(facts->database, row, 5,
                                                 "the newest poll of a store", &fact->to, error)
                           : status;
}

/* The fact whose row the list stands on. */
static loom_status read_row(struct sqlite_facts *facts, struct loom_fact *fact, loom_error *error) {
  sqlite3_stmt *row = facts->rows;
  *fact = (struct loom_fact){.kind = facts->kind, .override = sqlite3_column_int(row, 1)};
  if (facts->kind == LOOM_FACT_SPECIAL_DAY) /* which goes on to the row of the next one */
    return read_special_day(facts, fact, error);
  facts->used = true;
  fact->store = loom_column_bytes(row, 0, &fact->store_length);
  if (facts->kind == LOOM_FACT_STORE)
    return read_store(facts, fact, error);
  if (facts->kind == LOOM_FACT_WEEK)
    return read_week(facts, fact, error);
  if (facts->kind == LOOM_FACT_EXCLUSION)
    return read_exclusion(facts, fact, error);
  if (facts->kind == LOOM_FACT_ATTRIBUTE) {
    fact->name = loom_column_bytes(row, 2, &fact->name_length);
    fact->text = loom_column_bytes(row, 3, &fact->text_length);
  } else if (facts->kind == LOOM_FACT_ZONE) {
    fact->text = loom_column_bytes(row, 2, &fact->text_length);
  }
  return LOOM_OK;
}

static loom_status next(loom_facts *head, struct loom_fact *fact, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  if (facts->gone)
    return loom_holder_failure(facts->database, error);
  if (facts->has_row && facts->used) {
    loom_status status = step(facts, error);
    if (status != LOOM_OK)
      return status;
  }
  if (!facts->has_row) {
    end_list(facts);
    return LOOM_DONE;
  }
  if (facts->choosing) {
    facts->used = true;
    read_choice(facts, fact);
    return LOOM_OK;
  }
  return read_row(facts, fact, error);
}

/* ---- what was there ---- */

/* The one fact with a key, in the columns of the lists. Parameters: 1 the store's number, then those of the kind. */
static const char *const keyed[LOOM_FACT_KINDS] = {
    [LOOM_FACT_ZONE] = ZONES_OF("timezone_override", "1") " AND number = ?1",
    [LOOM_FACT_WEEK] = "SELECT NULL, " LOOM_STORED_WEEK_COLUMNS
                       " FROM hours_week WHERE store = ?1 AND effective_from = ?2 AND origin = ?3",
    [LOOM_FACT_SPECIAL_DAY] =
        "SELECT NULL, origin = 'override', date, open_s, close_s, note"
        " FROM special_day WHERE store IS ?1 AND date = ?2 AND origin = ?3",
    [LOOM_FACT_EXCLUSION] = ONE_EXCLUSION,
    [LOOM_FACT_ATTRIBUTE] =
        "SELECT NULL, 1, name, value FROM attribute WHERE store = ?1 AND name = ?2"};

static void bind_key(sqlite3_stmt *row, const struct loom_fact *fact, int64_t store,
                     bool override) {
  if (fact->kind == LOOM_FACT_EXCLUSION) {
    sqlite3_bind_int64(row, 2, fact->number);
    return;
  }
  bind_store(row, 1, store);
  if (fact->kind == LOOM_FACT_WEEK || fact->kind == LOOM_FACT_SPECIAL_DAY) {
    bind_date(row, 2, fact->date);
    sqlite3_bind_text(row, 3, override ? "override" : "file", -1, SQLITE_STATIC);
  } else if (fact->kind == LOOM_FACT_ATTRIBUTE) {
    bind_text(row, 2, fact->name, fact->name_length);
  }
}

/*
** Finds the fact that a put replaces or a removal takes away, whose texts live until end_before. What is damaged counts as
** nothing: it is to be mended.
*/
static loom_status find_before(struct sqlite_facts *facts, const struct loom_fact *fact,
                               int64_t store, bool override, struct loom_fact *before, bool *there,
                               loom_error *error) {
  loom_status status = get(facts, keyed[fact->kind], &facts->rows, error);
  *there = false;
  if (status != LOOM_OK)
    return status;
  facts->kind = fact->kind;
  bind_key(facts->rows, fact, store, override);
  status = step(facts, error);
  if (status == LOOM_OK && facts->has_row) {
    status = read_row(facts, before, error);
    *there = status == LOOM_OK;
    status = status == LOOM_ECORRUPT ? LOOM_OK : status;
  }
  if (*there && fact->kind != LOOM_FACT_EXCLUSION) {
    before->store = fact->store;
    before->store_length = fact->store_length;
  }
  return status;
}

static void end_before(struct sqlite_facts *facts) {
  loom_statement_keep(facts->database, facts->rows, false);
  facts->rows = NULL;
  facts->has_row = false;
}

static loom_status count_names(loom_facts *head, uint64_t *count, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t number = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  if (status == LOOM_OK)
    status = loom_database_number(facts->database, "SELECT count(DISTINCT name) FROM attribute",
                                  &number, error);
  *count = (uint64_t)number;
  return status;
}

/* ---- changes ---- */

static void end_change(struct sqlite_facts *facts) {
  end_list(facts);
  silence(facts, false);
  facts->last.repeats = 0;
  facts->changing = false;
  facts->number = 0;
}

static loom_status begin(loom_facts *head, const struct loom_author *author, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  loom_status status = loom_fact_audit_begin(&facts->audit, author, error);
  if (status == LOOM_OK)
    status = loom_database_begin_write(facts->database, error);
  if (status == LOOM_OK)
    end_change(facts);
  facts->changing = status == LOOM_OK;
  return status;
}

/* Where it fails the change is to be abandoned, as one whose commit fails is undone. */
static loom_status commit(loom_facts *head, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  loom_status status = LOOM_OK;
  if (facts->changing) {
    end_list(facts);
    status = loom_fact_audit_end(&facts->audit, facts->database, error);
  }
  if (status != LOOM_OK) {
    head->type->abandon(head);
    return status;
  }
  end_change(facts);
  return loom_database_commit(facts->database, error);
}

static void abandon(loom_facts *head) {
  struct sqlite_facts *facts = of_head(head);
  bool changing = facts->changing;
  end_change(facts);
  if (changing)
    loom_database_rollback(facts->database);
}

static void free_facts(loom_facts *head) {
  struct sqlite_facts *facts = of_head(head);
  abandon(head);
  loom_fact_audit_free(&facts->audit);
  loom_hours_list_free(&facts->openings);
  free(facts->id);
  free(facts->note);
  loom_database_close(facts->database);
  free(facts);
}

static const struct loom_facts_type type = {.begin = begin,
                                            .put = put,
                                            .remove = remove_fact,
                                            .list = list,
                                            .choose = choose,
                                            .next = next,
                                            .count_names = count_names,
                                            .commit = commit,
                                            .abandon = abandon,
                                            .free = free_facts};

loom_facts *loom_facts_sqlite(loom_database *database) {
  struct sqlite_facts *facts = calloc(1, sizeof *facts);
  if (!facts)
    return NULL;
  facts->facts.type = &type;
  facts->database = loom_database_retain(database);
  return &facts->facts;
}
