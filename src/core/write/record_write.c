/*
** Records as rows, kind by kind.
**
** Hours and zones replace those of the same stores, special days those of the same store and date, each within its layer: what
** files brought, or what was set by hand. Attributes replace those of the same store and name; exclusions are added. Overrides
** stay where rows are a file's, unless they are to be replaced too.
*/
#include "write/record_write.h"
#include "sqlite/statement.h"
#include "sqlite/stored_hours.h"
#include "time/civil.h"
#include "write/record_order.h"
#include "write/week_write.h"

#include <stdlib.h>
#include <string.h>

enum {
  FIND_WEEKS,
  DELETE_WEEKS,
  FIND_TIMEZONE,
  FIND_TIMEZONE_OVERRIDE,
  UPDATE_TIMEZONE,
  UPDATE_TIMEZONE_OVERRIDE,
  FIND_SPECIAL_DAY,
  DELETE_SPECIAL_DAY,
  INSERT_SPECIAL_DAY,
  FIND_EXCLUSION,
  INSERT_EXCLUSION,
  FIND_ATTRIBUTE,
  PUT_ATTRIBUTE,
  DELETE_ATTRIBUTE,
  STATEMENT_COUNT
};

/* Those of hours and special days begin with a store and an origin, then a date. */
static const char *const sql[STATEMENT_COUNT] = {
    [FIND_WEEKS] = "SELECT " LOOM_STORED_WEEK_COLUMNS
                   " FROM hours_week"
                   " WHERE store = ? AND origin = ? ORDER BY effective_from",
    [DELETE_WEEKS] = "DELETE FROM hours_week WHERE store = ? AND origin = ?",
    [FIND_TIMEZONE] = "SELECT timezone FROM store WHERE number = ?",
    [FIND_TIMEZONE_OVERRIDE] = "SELECT timezone_override FROM store WHERE number = ?",
    [UPDATE_TIMEZONE] = "UPDATE store SET timezone = ?2 WHERE number = ?1",
    [UPDATE_TIMEZONE_OVERRIDE] = "UPDATE store SET timezone_override = ?2 WHERE number = ?1",
    [FIND_SPECIAL_DAY] =
        "SELECT open_s, close_s, note FROM special_day"
        " WHERE store IS ? AND origin = ? AND date = ? ORDER BY 1, 2, 3",
    [DELETE_SPECIAL_DAY] = "DELETE FROM special_day WHERE store IS ? AND origin = ? AND date = ?",
    [INSERT_SPECIAL_DAY] =
        "INSERT INTO special_day(store, origin, date, open_s, close_s, note) "
        "VALUES(?, ?, ?, ?, ?, ?)",
    [FIND_EXCLUSION] =
        "SELECT 1 FROM exclusion WHERE store IS ? AND from_us = ? AND to_us = ?"
        " AND reason = ? AND zone IS ? AND openings IS ?",
    [INSERT_EXCLUSION] =
        "INSERT INTO exclusion(store, from_us, to_us, reason, zone, openings)"
        " VALUES(?, ?, ?, ?, ?, ?)",
    [FIND_ATTRIBUTE] = "SELECT value FROM attribute WHERE store = ? AND name = ?",
    [PUT_ATTRIBUTE] = "INSERT OR REPLACE INTO attribute(store, name, value) VALUES(?, ?, ?)",
    [DELETE_ATTRIBUTE] = "DELETE FROM attribute WHERE store = ? AND name = ?",
};

struct loom_record_write {
  loom_staging *staging;
  loom_database *database;
  const struct loom_store_numbers *stores;
  sqlite3_stmt *statements[STATEMENT_COUNT];
  bool has_any;     /* of the kind was stored before, or it is a kind of which that is not asked */
  uint32_t zone_of; /* the store whose zone was written last; LOOM_ALL_STORES: none was */
  size_t inserted;  /* zones that stores have been inserted with */
  struct loom_hours_list known; /* what is stored of a store's hours */
  struct loom_week_write weeks;
  char date[LOOM_DATE_SIZE]; /* that was bound last */
};

/* A prepared statement, made at its first use. */
static loom_status statement(loom_record_write *write, int which, sqlite3_stmt **out,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  if (!write->statements[which])
    status = loom_statement_get(write->database, sql[which], &write->statements[which], error);
  *out = write->statements[which];
  return status;
}

static loom_status run(loom_record_write *write, sqlite3_stmt *statement, loom_error *error) {
  return loom_database_run(write->database, statement, error);
}

/* Looks whether anything of the kind is stored, which it is not in a new database. */
static loom_status look_for_any(loom_record_write *write, enum loom_kind kind, loom_error *error) {
  static const char *const questions[LOOM_KIND_COUNT] = {
      [LOOM_HOURS] = "SELECT EXISTS(SELECT 1 FROM hours_week)",
      [LOOM_TIMEZONES] =
          "SELECT EXISTS(SELECT 1 FROM store"
          " WHERE timezone IS NOT NULL OR timezone_override IS NOT NULL)"};
  int64_t any = 1;
  loom_status status = LOOM_OK;
  if (questions[kind])
    status = loom_database_number(write->database, questions[kind], &any, error);
  write->has_any = any != 0;
  return status;
}

/* Binds a record's store, NULL for every store. */
static void bind_store(const loom_record_write *write, sqlite3_stmt *statement,
                       const struct loom_record *record) {
  if (record->store == LOOM_ALL_STORES)
    sqlite3_bind_null(statement, 1);
  else
    sqlite3_bind_int64(statement, 1, write->stores->numbers[record->store]);
}

static void bind_text(const loom_record_write *write, sqlite3_stmt *statement, int at,
                      uint32_t text) {
  size_t length;
  const char *bytes = loom_id_table_get(&write->staging->texts, text, &length);
  sqlite3_bind_text(statement, at, length ? bytes : "", (int)length, SQLITE_STATIC);
}

/* The text stays where it is until the statement has run: a copy would need memory. */
static void bind_date(loom_record_write *write, sqlite3_stmt *statement, int at, int32_t date) {
  size_t length = loom_format_date(date == LOOM_ALWAYS ? LOOM_DATE_MIN : date, write->date);
  sqlite3_bind_text(statement, at, write->date, (int)length, SQLITE_STATIC);
}

/* Binds what hours and special days are found by: store, origin, and the date if the statement has that. */
static void bind_key(loom_record_write *write, sqlite3_stmt *statement,
                     const struct loom_record *record, bool override) {
  bind_store(write, statement, record);
  sqlite3_bind_text(statement, 2, override ? "override" : "file", -1, SQLITE_STATIC);
  if (sqlite3_bind_parameter_count(statement) > 2)
    bind_date(write, statement, 3, record->date);
}

/* ---- hours ---- */

/* Fills `known` with what the database has of the layer of a record's store. */
static loom_status read_hours(loom_record_write *write, const struct loom_record *record,
                              loom_error *error) {
  sqlite3_stmt *find;
  int step = SQLITE_DONE;
  write->known.count = 0;
  if (!write->has_any) /* and each layer of a store is replaced once */
    return LOOM_OK;
  loom_status status = statement(write, FIND_WEEKS, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_key(write, find, record, record->override);
  while (status == LOOM_OK && (step = sqlite3_step(find)) == SQLITE_ROW) {
    status = loom_stored_week_read(find, 0, &write->known);
    if (status == LOOM_ECORRUPT)
      loom_database_corrupt(write->database, error, "hours cannot be read");
    else if (status != LOOM_OK)
      loom_no_memory(error);
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(write->database, error);
  sqlite3_reset(find);
  return status;
}

/* How many of a store's records are known: both are in order. */
static size_t count_known(const loom_record_write *write, const struct loom_record *records,
                          size_t count) {
  size_t same = 0, next = 0;
  for (size_t i = 0; i < write->known.count && next < count; i++) {
    const struct loom_hours *hours = &write->known.items[i];
    struct loom_record known = {.store = records->store,
                                .override = records->override,
                                .date = hours->from,
                                .weekday = (int16_t)hours->weekday,
                                .open = hours->open,
                                .close = hours->close};
    while (next < count && loom_records_compare(&records[next], &known) < 0)
      next++;
    if (next < count && loom_records_compare(&records[next], &known) == 0) {
      same++;
      next++;
    }
  }
  return same;
}

/* How many records from the first one on are of its date. */
static size_t week_size(const struct loom_record *records, size_t count) {
  size_t size = 1;
  while (size < count && records[size].date == records->date)
    size++;
  return size;
}

/* Deletes what one layer has of a record's store, and of its date where the statement has one. */
static loom_status delete_layer(loom_record_write *write, int which,
                                const struct loom_record *record, bool override,
                                loom_error *error) {
  sqlite3_stmt *prepared;
  loom_status status = statement(write, which, &prepared, error);
  if (status != LOOM_OK)
    return status;
  bind_key(write, prepared, record, override);
  return run(write, prepared, error);
}

/* Whether a record makes what was set by hand for the same give way. */
static bool replaces_override(const loom_record_write *write, const struct loom_record *record) {
  return write->staging->options.replace_overrides && !record->override;
}

/* Replaces a layer of one store's hours by its records, which are sorted. Nothing is written where nothing changes. */
static loom_status write_hours(loom_record_write *write, struct loom_record *records, size_t count,
                               struct loom_counts *counts, loom_error *error) {
  count =
      loom_records_drop_closed(records, loom_records_drop_repeats(records, count, counts), counts);
  loom_status status = LOOM_OK;
  if (replaces_override(write, records))
    status = delete_layer(write, DELETE_WEEKS, records, true, error);
  if (status == LOOM_OK)
    status = read_hours(write, records, error);
  if (status != LOOM_OK)
    return status;
  size_t same = count_known(write, records, count);
  counts->duplicates += same;
  counts->added += count - same;
  if (same == count && same == write->known.count)
    return LOOM_OK;
  if (write->known.count > 0)
    status = delete_layer(write, DELETE_WEEKS, records, records->override, error);
  for (size_t i = 0, size; status == LOOM_OK && i < count; i += size) {
    size = week_size(&records[i], count - i);
    status = loom_week_write_add(&write->weeks, write->database,
                                 write->stores->numbers[records->store], &records[i], size, error);
  }
  return status;
}

bool loom_record_write_takes_weeks(const loom_record_write *write) {
  const struct loom_staging_options *options = &write->staging->options;
  return options->kind == LOOM_HOURS && !write->has_any && !options->replace_overrides;
}

loom_status loom_record_write_add_week(loom_record_write *write,
                                       const struct loom_staged_week *week, loom_error *error) {
  write->staging->counts.added += week->count;
  return loom_week_write_add_packed(&write->weeks, write->database,
                                    write->stores->numbers[week->store], week->date, week->openings,
                                    week->count, error);
}

/* ---- zones ---- */

static loom_status delete_timezone_override(loom_record_write *write,
                                            const struct loom_record *record, loom_error *error) {
  sqlite3_stmt *update;
  loom_status status = statement(write, UPDATE_TIMEZONE_OVERRIDE, &update, error);
  if (status != LOOM_OK)
    return status;
  bind_store(write, update, record);
  sqlite3_bind_null(update, 2);
  return run(write, update, error);
}

/* Whether the record before is of the same store: its zone has just been stored. */
static bool repeats_store(loom_record_write *write, const struct loom_record *record) {
  bool repeats = write->zone_of == record->store;
  write->zone_of = record->store;
  return repeats;
}

/* Whether a store was inserted with the record's zone, which is its file's first. */
static bool was_inserted_with(const loom_record_write *write, const struct loom_record *record) {
  const struct loom_store_numbers *stores = write->stores;
  return stores->first_with_zone && !record->override &&
         stores->numbers[record->store] >= stores->first_with_zone;
}

/* Compares a record's zone with the one that its layer has, and counts what it is. */
static loom_status compare_timezone(loom_record_write *write, const struct loom_record *record,
                                    bool repeats, struct loom_counts *counts, bool *same,
                                    loom_error *error) {
  sqlite3_stmt *find;
  size_t length, known_length;
  *same = false;
  if (!write->has_any && !repeats) {
    counts->added++;
    return LOOM_OK;
  }
  loom_status status =
      statement(write, record->override ? FIND_TIMEZONE_OVERRIDE : FIND_TIMEZONE, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_store(write, find, record);
  if (sqlite3_step(find) == SQLITE_ROW) {
    const char *name = loom_id_table_get(&write->staging->texts, record->text, &length);
    const char *known = loom_column_bytes(find, 0, &known_length);
    *same = known && known_length == length && memcmp(known, name, length) == 0;
    counts->duplicates += *same;
    counts->conflicts += known && !*same;
    counts->added += !known;
  } else {
    status = loom_database_failure(write->database, error);
  }
  sqlite3_reset(find);
  return status;
}

static loom_status write_timezone(loom_record_write *write, const struct loom_record *record,
                                  struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *update;
  bool same = false, repeats = repeats_store(write, record);
  loom_status status = LOOM_OK;
  if (!repeats && was_inserted_with(write, record)) {
    counts->added++;
    write->inserted++;
    return LOOM_OK;
  }
  if (replaces_override(write, record))
    status = delete_timezone_override(write, record, error);
  if (status == LOOM_OK)
    status = compare_timezone(write, record, repeats, counts, &same, error);
  if (status != LOOM_OK || same)
    return status;
  status = statement(write, record->override ? UPDATE_TIMEZONE_OVERRIDE : UPDATE_TIMEZONE, &update,
                     error);
  if (status != LOOM_OK)
    return status;
  bind_store(write, update, record);
  bind_text(write, update, 2, record->text);
  return run(write, update, error);
}

/* ---- special days ---- */

static bool same_special_day(const loom_record_write *write, sqlite3_stmt *row,
                             const struct loom_record *record) {
  size_t length, known_length;
  const char *note = loom_id_table_get(&write->staging->texts, record->text, &length);
  const char *known = loom_column_bytes(row, 2, &known_length);
  bool closed = sqlite3_column_type(row, 0) == SQLITE_NULL;
  return (closed ? record->open == LOOM_CLOSED
                 : sqlite3_column_int(row, 0) == record->open &&
                       sqlite3_column_int(row, 1) == record->close) &&
         known_length == length && (length == 0 || memcmp(known, note, length) == 0);
}

static loom_status insert_special_day(loom_record_write *write, const struct loom_record *record,
                                      loom_error *error) {
  sqlite3_stmt *insert;
  loom_status status = statement(write, INSERT_SPECIAL_DAY, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_clear_bindings(insert);
  bind_key(write, insert, record, record->override);
  if (record->open != LOOM_CLOSED) {
    sqlite3_bind_int(insert, 4, record->open);
    sqlite3_bind_int(insert, 5, record->close);
  }
  bind_text(write, insert, 6, record->text);
  return run(write, insert, error);
}

/* Replaces a layer of one store's spans of one date by its records, which are sorted by span. */
static loom_status write_special_day(loom_record_write *write, struct loom_record *records,
                                     size_t count, struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find;
  size_t stored = 0, same = 0;
  int step;
  count = loom_records_drop_repeats(records, count, counts);
  loom_status status = LOOM_OK;
  if (replaces_override(write, records))
    status = delete_layer(write, DELETE_SPECIAL_DAY, records, true, error);
  if (status == LOOM_OK)
    status = statement(write, FIND_SPECIAL_DAY, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_key(write, find, records, records->override);
  for (size_t next = 0; (step = sqlite3_step(find)) == SQLITE_ROW; stored++) {
    for (size_t i = next; i < count; i++) { /* both are in order of span */
      if (same_special_day(write, find, &records[i])) {
        same++;
        next = i + 1;
        break;
      }
    }
  }
  if (step != SQLITE_DONE)
    status = loom_database_failure(write->database, error);
  sqlite3_reset(find);
  counts->duplicates += same;
  counts->added += count - same;
  if (status != LOOM_OK || (same == count && same == stored))
    return status;
  status = delete_layer(write, DELETE_SPECIAL_DAY, records, records->override, error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++)
    status = insert_special_day(write, &records[i], error);
  return status;
}

/* ---- exclusions ---- */

/* Binds the zone and the week of a rule, which stay NULL where it is none. */
static void bind_rule(loom_record_write *write, sqlite3_stmt *statement,
                      const struct loom_record *record) {
  size_t length;
  sqlite3_bind_null(statement, 5);
  sqlite3_bind_null(statement, 6);
  if (!record->is_rule)
    return;
  const char *key = loom_id_table_get(&write->staging->texts, record->name, &length);
  size_t zone = strlen(key); /* a NUL ends it */
  sqlite3_bind_text(statement, 5, key, (int)zone, SQLITE_STATIC);
  if (length > zone + 1)
    sqlite3_bind_blob(statement, 6, key + zone + 1, (int)(length - zone - 1), SQLITE_STATIC);
}

static loom_status write_exclusion(loom_record_write *write, const struct loom_record *record,
                                   struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find, *insert;
  loom_status status = statement(write, FIND_EXCLUSION, &find, error);
  if (status == LOOM_OK)
    status = statement(write, INSERT_EXCLUSION, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_stmt *both[] = {find, insert};
  for (int i = 0; i < 2; i++) {
    bind_store(write, both[i], record);
    sqlite3_bind_int64(both[i], 2, record->from);
    sqlite3_bind_int64(both[i], 3, record->to);
    bind_text(write, both[i], 4, record->text);
    bind_rule(write, both[i], record);
  }
  int step = sqlite3_step(find);
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(write->database, error);
  sqlite3_reset(find);
  counts->duplicates += step == SQLITE_ROW;
  counts->added += step == SQLITE_DONE;
  return step == SQLITE_DONE ? run(write, insert, error) : status;
}

/* ---- attributes ---- */

/* An attribute with an empty value is removed. */
static loom_status write_attribute(loom_record_write *write, const struct loom_record *record,
                                   struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find, *change;
  size_t length;
  const char *value = loom_id_table_get(&write->staging->texts, record->text, &length);
  loom_status status = statement(write, FIND_ATTRIBUTE, &find, error);
  if (status == LOOM_OK)
    status = statement(write, length ? PUT_ATTRIBUTE : DELETE_ATTRIBUTE, &change, error);
  if (status != LOOM_OK)
    return status;
  bind_store(write, find, record);
  bind_text(write, find, 2, record->name);
  int step = sqlite3_step(find);
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(write->database, error);
  size_t known_length = 0;
  const char *known = step == SQLITE_ROW ? loom_column_bytes(find, 0, &known_length) : NULL;
  bool same = known ? known_length == length && memcmp(known, value, length) == 0 : length == 0;
  sqlite3_reset(find);
  counts->duplicates += known && same;
  counts->conflicts += known && !same;
  counts->added += !known && !same;
  if (status != LOOM_OK || same)
    return status;
  bind_store(write, change, record);
  bind_text(write, change, 2, record->name);
  if (length)
    bind_text(write, change, 3, record->text);
  return run(write, change, error);
}

/* One store's attributes may be in several rows and files, so that only all that is stored can be judged. */
static loom_status check_attributes(loom_record_write *write, loom_error *error) {
  sqlite3_stmt *names = NULL, *sizes = NULL;
  loom_status status =
      loom_database_prepare(write->database, LOOM_ATTRIBUTE_NAMES_SQL, &names, error);
  if (status == LOOM_OK)
    status = loom_database_prepare(write->database, LOOM_ATTRIBUTES_SIZE_SQL, &sizes, error);
  if (status == LOOM_OK && sqlite3_step(names) != SQLITE_ROW)
    status = loom_database_failure(write->database, error);
  if (status == LOOM_OK && sqlite3_column_int64(names, 0) > LOOM_ATTRIBUTE_NAMES_MAX)
    status = loom_fail(
        error, LOOM_ELIMIT,
        "attributes: there would be %lld names of them in all stores, %d at the most may be",
        (long long)sqlite3_column_int64(names, 0), LOOM_ATTRIBUTE_NAMES_MAX);
  if (status == LOOM_OK) {
    int step = sqlite3_step(sizes);
    if (step == SQLITE_ROW) {
      char shown[LOOM_QUOTED_SIZE];
      size_t length;
      const char *id = loom_column_bytes(sizes, 0, &length);
      status = loom_fail(
          error, LOOM_ELIMIT,
          "attributes of store %s: their values would have %lld bytes, %d at the most may be",
          loom_quote(shown, id, length), (long long)sqlite3_column_int64(sizes, 1),
          LOOM_ATTRIBUTES_SIZE_MAX);
    } else if (step != SQLITE_DONE) {
      status = loom_database_failure(write->database, error);
    }
  }
  sqlite3_finalize(names);
  sqlite3_finalize(sizes);
  return status;
}

/* ---- any kind ---- */

loom_status loom_record_write_new(loom_staging *staging, loom_database *database,
                                  const struct loom_store_numbers *stores, loom_record_write **out,
                                  loom_error *error) {
  *out = NULL;
  loom_record_write *write = calloc(1, sizeof *write);
  if (!write)
    return loom_no_memory(error);
  *write = (loom_record_write){
      .staging = staging, .database = database, .stores = stores, .zone_of = LOOM_ALL_STORES};
  loom_status status = look_for_any(write, staging->options.kind, error);
  if (status == LOOM_OK)
    *out = write;
  else
    loom_record_write_free(write);
  return status;
}

void loom_record_write_free(loom_record_write *write) {
  if (!write)
    return;
  for (int i = 0; i < STATEMENT_COUNT; i++)
    loom_statement_keep(write->database, write->statements[i], false);
  loom_week_write_free(&write->weeks);
  loom_hours_list_free(&write->known);
  free(write);
}

loom_status loom_record_write_add(loom_record_write *write, struct loom_record *records,
                                  size_t count, loom_error *error) {
  struct loom_counts *counts = &write->staging->counts;
  switch (write->staging->options.kind) {
  case LOOM_HOURS:
    return write_hours(write, records, count, counts, error);
  case LOOM_TIMEZONES:
    return write_timezone(write, records, counts, error);
  case LOOM_SPECIAL_DAYS:
    return write_special_day(write, records, count, counts, error);
  case LOOM_ATTRIBUTES:
    return write_attribute(write, records, counts, error);
  default:
    return write_exclusion(write, records, counts, error);
  }
}

size_t loom_record_write_apart(const loom_record_write *write) {
  return write->weeks.count + write->inserted;
}

loom_status loom_record_write_flush(loom_record_write *write, loom_error *error) {
  return loom_week_write_flush(&write->weeks, write->database, error);
}

loom_status loom_record_write_check(loom_record_write *write, loom_error *error) {
  return write->staging->options.kind == LOOM_ATTRIBUTES ? check_attributes(write, error) : LOOM_OK;
}
