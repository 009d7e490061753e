/*
** Facts that are read, row by row.
*/
#include "write/fact_rows.h"
#include "base/grow.h"
#include "base/text.h"
#include "measure/selection.h"
#include "measure/week.h"
#include "sqlite/statement.h"
#include "sqlite/stored_exclusion.h"
#include "sqlite/stored_hours.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"
#include "write/fact_choice.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void loom_fact_rows_end(struct loom_fact_rows *rows) {
  loom_holder_end(&rows->holder);
  loom_statement_keep(rows->database, rows->row, false);
  rows->row = NULL;
  rows->has_row = false;
  if (rows->reading)
    loom_database_end_read(rows->database);
  rows->reading = false;
}

static void let_go(struct loom_holder *holder) {
  struct loom_fact_rows *rows =
      (struct loom_fact_rows *)((char *)holder - offsetof(struct loom_fact_rows, holder));
  loom_fact_rows_end(rows);
  rows->gone = true;
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
                             "effective_from BETWEEN ?2 AND ?3 AND origin >= ?4", "w.store",
                             " ORDER BY w.store, effective_from, origin"),
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
  if (query->kind == LOOM_FACT_SPECIAL_DAY || query->kind == LOOM_FACT_WEEK) {
    loom_bind_date(rows, 2, query->first_date);
    loom_bind_date(rows, 3, query->last_date);
    if (query->kind == LOOM_FACT_WEEK) /* origins are 'file' and 'override' */
      sqlite3_bind_text(rows, 4, query->by_hand ? "override" : "", -1, SQLITE_STATIC);
  } else if (query->kind == LOOM_FACT_EXCLUSION) {
    sqlite3_bind_int64(rows, 2, query->number);
    sqlite3_bind_int64(rows, 3, query->after.number);
    sqlite3_bind_int64(rows, 4, query->after.from);
    sqlite3_bind_int64(rows, 5, query->after.to);
    sqlite3_bind_int64(rows, 6, query->most);
  } else if (query->kind == LOOM_FACT_ATTRIBUTE) {
    loom_bind_text(rows, 2, query->name, query->name_length);
    sqlite3_bind_int64(rows, 3, query->most);
    sqlite3_bind_int64(rows, 4, query->after.number);
    sqlite3_bind_int64(rows, 5, query->last ? query->last : INT64_MAX);
  } else if (query->kind == LOOM_FACT_STORE) {
    sqlite3_bind_int64(rows, 2, query->after.number);
    sqlite3_bind_int64(rows, 3, query->most);
  }
}

static loom_status step(struct loom_fact_rows *rows, loom_error *error) {
  int result = sqlite3_step(rows->row);
  rows->has_row = result == SQLITE_ROW;
  rows->used = false;
  return rows->has_row || result == SQLITE_DONE ? LOOM_OK
                                                : loom_database_failure(rows->database, error);
}

/* Starts on the rows, within a transaction. */
static loom_status open_list(struct loom_fact_rows *rows, const struct loom_fact_query *query,
                             struct loom_last_store *change, loom_error *error) {
  int64_t store = 0;
  loom_status status = LOOM_OK;
  if (!query->any_store)
    status = loom_store_number_find(rows->database, change, query->store, query->store_length,
                                    &store, error);
  if (status != LOOM_OK || (query->store && !query->any_store && !store))
    return status; /* of a store that is not known there is nothing */
  const char *sql = lists[query->kind][query->any_store ? OF_ALL : OF_ONE];
  if (query->kind == LOOM_FACT_EXCLUSION && query->number)
    sql = ONE_EXCLUSION;
  status = loom_statement_get(rows->database, sql, &rows->row, error);
  if (status != LOOM_OK)
    return status;
  if (!query->any_store)
    loom_bind_store(rows->row, 1, store);
  bind_query(rows->row, query);
  return step(rows, error);
}

/* Begins the list's part in a transaction, unless it is within a change. */
static loom_status begin_list(struct loom_fact_rows *rows, bool changing, loom_error *error) {
  loom_status status = LOOM_OK;
  loom_fact_rows_end(rows);
  rows->gone = rows->choosing = false;
  if (!changing) {
    status = loom_database_begin_read(rows->database, error);
    rows->reading = status == LOOM_OK;
  }
  if (status == LOOM_OK)
    loom_database_hold(rows->database, &rows->holder, let_go);
  return status;
}

loom_status loom_fact_rows_list(struct loom_fact_rows *rows, const struct loom_fact_query *query,
                                struct loom_last_store *change, loom_error *error) {
  loom_status status = begin_list(rows, change != NULL, error);
  rows->kind = query->kind;
  if (status == LOOM_OK)
    status = open_list(rows, query, change, error);
  if (status != LOOM_OK)
    loom_fact_rows_end(rows);
  return status;
}

loom_status loom_fact_rows_choose(struct loom_fact_rows *rows,
                                  const struct loom_fact_choice *choice,
                                  const struct loom_last_store *change, loom_error *error) {
  struct loom_text sql = {0};
  size_t length = choice->glob ? strlen(choice->glob) + 1 : 0;
  loom_status status = begin_list(rows, change != NULL, error);
  rows->choosing = true;
  rows->has_glob = choice->glob != NULL;
  if (status == LOOM_OK && (!loom_fact_choice_write(&sql, choice) ||
                            !loom_grow(&rows->note, &rows->note_capacity, length + 1, 1)))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_statement_get(rows->database, sql.bytes, &rows->row, error);
  if (status == LOOM_OK) {
    if (length)
      memcpy(rows->note, choice->glob, length);
    loom_fact_choice_bind(rows->row, choice);
    status = step(rows, error);
  }
  if (status != LOOM_OK)
    loom_fact_rows_end(rows);
  loom_text_free(&sql);
  return status;
}

/* ---- rows ---- */

static void read_choice(struct loom_fact_rows *rows, struct loom_fact *fact) {
  *fact = (struct loom_fact){.kind = LOOM_FACT_STORE};
  fact->store = loom_column_bytes(rows->row, 0, &fact->store_length);
  fact->text = loom_column_bytes(rows->row, 2, &fact->text_length);
  fact->wanted =
      sqlite3_column_int(rows->row, 1) && fact->store &&
      (!rows->has_glob || loom_glob_matches(rows->note, fact->store, fact->store_length));
}

static loom_status read_date(struct loom_fact_rows *rows, int column, int32_t *date,
                             loom_error *error) {
  size_t length;
  const char *text = loom_column_bytes(rows->row, column, &length);
  if (!text || loom_parse_date(text, length, date))
    return loom_database_corrupt(rows->database, error, "a date cannot be read");
  return LOOM_OK;
}

static loom_status read_week(struct loom_fact_rows *rows, struct loom_fact *fact,
                             loom_error *error) {
  struct loom_hours_list *openings = &rows->openings;
  openings->count = 0;
  loom_status status = loom_stored_week_read(rows->row, 1, openings);
  if (status == LOOM_ENOMEM)
    return loom_no_memory(error);
  if (status != LOOM_OK)
    return loom_database_corrupt(rows->database, error, "hours cannot be read");
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
static bool is_same_day(struct loom_fact_rows *rows, const struct loom_fact *fact, int32_t date) {
  size_t length;
  const char *id = loom_column_bytes(rows->row, 0, &length);
  return date == fact->date && sqlite3_column_int(rows->row, 1) == fact->override &&
         (id != NULL) == (fact->store != NULL) &&
         (!id || (length == fact->store_length && memcmp(id, fact->store, length) == 0));
}

static loom_status read_span(struct loom_fact_rows *rows, loom_error *error) {
  struct loom_hours opening = {0};
  if (sqlite3_column_type(rows->row, 3) == SQLITE_NULL)
    return LOOM_OK;
  if (!loom_stored_time_read(rows->row, 3, &opening.open) ||
      !loom_stored_time_read(rows->row, 4, &opening.close))
    return loom_database_corrupt(rows->database, error, "a special day cannot be read");
  return loom_hours_list_add(&rows->openings, opening) ? LOOM_OK : loom_no_memory(error);
}

static loom_status read_special_day(struct loom_fact_rows *rows, struct loom_fact *fact,
                                    loom_error *error) {
  int32_t date = 0;
  rows->openings.count = 0;
  loom_status status = read_date(rows, 2, &fact->date, error);
  if (status == LOOM_OK &&
      (!keep_text(rows->row, 0, &rows->id, &rows->id_capacity, &fact->store, &fact->store_length) ||
       !keep_text(rows->row, 5, &rows->note, &rows->note_capacity, &fact->text,
                  &fact->text_length)))
    status = loom_no_memory(error);
  do {
    if (status == LOOM_OK)
      status = read_span(rows, error);
    if (status == LOOM_OK)
      status = step(rows, error);
    if (status == LOOM_OK && rows->has_row)
      status = read_date(rows, 2, &date, error);
  } while (status == LOOM_OK && rows->has_row && is_same_day(rows, fact, date));
  fact->openings = rows->openings.items;
  fact->opening_count = rows->openings.count;
  return status;
}

static loom_status read_exclusion(struct loom_fact_rows *rows, struct loom_fact *fact,
                                  loom_error *error) {
  sqlite3_stmt *row = rows->row;
  struct loom_stored_exclusion exclusion;
  fact->number = sqlite3_column_int64(row, 2);
  fact->text = loom_column_bytes(row, 3, &fact->text_length);
  loom_status status = loom_stored_exclusion_read(rows->database, row, 4, &exclusion, error);
  if (status != LOOM_OK)
    return status;
  fact->from = exclusion.from;
  fact->to = exclusion.to;
  fact->name = exclusion.zone;
  fact->name_length = exclusion.zone_length;
  rows->openings.count = 0;
  for (size_t at = 0; at < exclusion.week_size; at += LOOM_OPENING_SIZE) {
    struct loom_hours opening = {0};
    loom_opening_unpack(exclusion.week + at, &opening);
    if (!loom_hours_list_add(&rows->openings, opening))
      return loom_no_memory(error);
  }
  fact->openings = rows->openings.items;
  fact->opening_count = rows->openings.count;
  return LOOM_OK;
}

static loom_status read_store(struct loom_fact_rows *rows, struct loom_fact *fact,
                              loom_error *error) {
  sqlite3_stmt *row = rows->row;
  fact->number = sqlite3_column_int64(row, 2);
  fact->text = loom_column_bytes(row, 3, &fact->text_length);
  fact->polled = sqlite3_column_type(row, 5) != SQLITE_NULL;
  fact->has_hours = sqlite3_column_int(row, 6);
  if (!fact->polled)
    return LOOM_OK;
  loom_status status =
      loom_stored_instant(rows->database, row, 4, "the first poll of a store", &fact->from, error);
  return status == LOOM_OK ? loom_stored_instant(rows->database, row, 5,
                                                 "the newest poll of a store", &fact->to, error)
                           : status;
}

/* The fact whose row the list stands on. */
static loom_status read_row(struct loom_fact_rows *rows, struct loom_fact *fact,
                            loom_error *error) {
  sqlite3_stmt *row = rows->row;
  *fact = (struct loom_fact){.kind = rows->kind, .override = sqlite3_column_int(row, 1)};
  if (rows->kind == LOOM_FACT_SPECIAL_DAY) /* which goes on to the row of the next one */
    return read_special_day(rows, fact, error);
  rows->used = true;
  fact->store = loom_column_bytes(row, 0, &fact->store_length);
  if (rows->kind == LOOM_FACT_STORE)
    return read_store(rows, fact, error);
  if (rows->kind == LOOM_FACT_WEEK)
    return read_week(rows, fact, error);
  if (rows->kind == LOOM_FACT_EXCLUSION)
    return read_exclusion(rows, fact, error);
  if (rows->kind == LOOM_FACT_ATTRIBUTE) {
    fact->name = loom_column_bytes(row, 2, &fact->name_length);
    fact->text = loom_column_bytes(row, 3, &fact->text_length);
  } else if (rows->kind == LOOM_FACT_ZONE) {
    fact->text = loom_column_bytes(row, 2, &fact->text_length);
  }
  return LOOM_OK;
}

loom_status loom_fact_rows_next(struct loom_fact_rows *rows, struct loom_fact *fact,
                                loom_error *error) {
  if (rows->gone)
    return loom_holder_failure(rows->database, error);
  if (rows->has_row && rows->used) {
    loom_status status = step(rows, error);
    if (status != LOOM_OK)
      return status;
  }
  if (!rows->has_row) {
    loom_fact_rows_end(rows);
    return LOOM_DONE;
  }
  if (rows->choosing) {
    rows->used = true;
    read_choice(rows, fact);
    return LOOM_OK;
  }
  return read_row(rows, fact, error);
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
  loom_bind_store(row, 1, store);
  if (fact->kind == LOOM_FACT_WEEK || fact->kind == LOOM_FACT_SPECIAL_DAY) {
    loom_bind_date(row, 2, fact->date);
    sqlite3_bind_text(row, 3, override ? "override" : "file", -1, SQLITE_STATIC);
  } else if (fact->kind == LOOM_FACT_ATTRIBUTE) {
    loom_bind_text(row, 2, fact->name, fact->name_length);
  }
}

loom_status loom_fact_rows_find(struct loom_fact_rows *rows, const struct loom_fact *fact,
                                int64_t store, bool override, struct loom_fact *found, bool *there,
                                loom_error *error) {
  loom_status status = loom_statement_get(rows->database, keyed[fact->kind], &rows->row, error);
  *there = false;
  if (status != LOOM_OK)
    return status;
  rows->kind = fact->kind;
  bind_key(rows->row, fact, store, override);
  status = step(rows, error);
  if (status == LOOM_OK && rows->has_row) {
    status = read_row(rows, found, error);
    *there = status == LOOM_OK;
    status = status == LOOM_ECORRUPT ? LOOM_OK : status;
  }
  if (*there && fact->kind != LOOM_FACT_EXCLUSION) {
    found->store = fact->store;
    found->store_length = fact->store_length;
  }
  return status;
}

void loom_fact_rows_leave(struct loom_fact_rows *rows) {
  loom_statement_keep(rows->database, rows->row, false);
  rows->row = NULL;
  rows->has_row = false;
}

void loom_fact_rows_free(struct loom_fact_rows *rows) {
  loom_fact_rows_end(rows);
  loom_hours_list_free(&rows->openings);
  free(rows->id);
  free(rows->note);
}
