/*
** Writing staged polls and records to the database.
**
** Polls are merged into the blocks of their days. Hours and zones replace those of the same stores, special days those of
** the same store and date, each within its layer: what files brought, or what was set by hand. Attributes replace those
** of the same store and name; exclusions are added. Overrides stay where rows are a file's, unless they are to be
** replaced too.
*/
#include "write/apply.h"
#include "base/grow.h"
#include "sqlite/changes.h"
#include "sqlite/statement.h"
#include "sqlite/stored_hours.h"
#include "time/civil.h"
#include "write/poll_merge.h"
#include "write/store_number.h"
#include "write/week_write.h"

#include <stdlib.h>
#include <string.h>

/*
** So many polls, or more, are written as a whole: new stores after their polls, with what is known of these by then, and
** blocks by one statement. To begin with it costs about as much as writing a hundred blocks one by one, since SQLite then
** prepares all statements anew.
*/
#define BULK_LEAST 4096

enum {
  UPDATE_REACH,
  UPDATE_NEWEST,
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
    [UPDATE_REACH] =
        "UPDATE store SET first_poll = min(ifnull(first_poll, ?2), ?2),"
        " newest_poll = max(ifnull(newest_poll, ?3), ?3),"
        " newest_active = CASE WHEN newest_poll > ?3 THEN newest_active ELSE ?4 END,"
        " turned = CASE WHEN newest_poll <= ?3 AND newest_active <> ?4 THEN ?5 ELSE turned END,"
        " changed = ?5 WHERE number = ?1"
        " AND (?6 OR first_poll IS NULL OR first_poll > ?2 OR newest_poll < ?3)",
    [UPDATE_NEWEST] =
        "UPDATE overall SET newest_poll = ?1"
        " WHERE newest_poll IS NULL OR newest_poll < ?1",
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

struct loom_apply {
  loom_staging *staging;
  loom_database *database;
  sqlite3_stmt *statements[STATEMENT_COUNT];
  struct loom_store_numbers stores;
  struct loom_reach *reach; /* of the polls that this apply has brought */
  bool bulk;                /* see BULK_LEAST */
  uint64_t stop;            /* when so much is applied, the step ends */
  uint64_t applied;         /* polls or records */
  size_t next_record;
  /* of records that are brought together by store: where each store's end; the next store, in order; the end of those at hand */
  uint32_t *ends, next_store;
  size_t end_record;
  /* those that are applied together, as what repeats or says nothing leaves them */
  struct loom_record *group;
  size_t group_capacity;
  bool has_any; /* of the kind was stored before, or it is a kind of which that is not asked */
  struct loom_hours_list known; /* what is stored of a store's hours */
  struct loom_week_write weeks;
  loom_poll_merge *merge;
  struct loom_changes changes; /* of records, in one step */
  char date[LOOM_DATE_SIZE];   /* that was bound last */
};

/* A prepared statement, made at its first use. */
static loom_status statement(loom_apply *apply, int which, sqlite3_stmt **out, loom_error *error) {
  loom_status status = LOOM_OK;
  if (!apply->statements[which])
    status = loom_statement_get(apply->database, sql[which], &apply->statements[which], error);
  *out = apply->statements[which];
  return status;
}

static loom_status run(loom_apply *apply, sqlite3_stmt *statement, loom_error *error) {
  return loom_database_run(apply->database, statement, error);
}

void loom_apply_free(loom_apply *apply) {
  if (!apply)
    return;
  for (int i = 0; i < STATEMENT_COUNT; i++)
    loom_statement_keep(apply->database, apply->statements[i], false);
  loom_poll_merge_free(apply->merge);
  if (apply->bulk)
    loom_database_check_references(apply->database, true);
  free(apply->stores.numbers);
  free(apply->ends);
  free(apply->reach);
  free(apply->group);
  loom_week_write_free(&apply->weeks);
  loom_hours_list_free(&apply->known);
  free(apply);
}

/* The order in which records are applied; those that say the same of the schedule are equal. */
static int compare_records(const struct loom_record *l, const struct loom_record *r) {
#define COMPARE(field)                                                                             \
  if (l->field != r->field)                                                                        \
    return l->field < r->field ? -1 : 1;
  COMPARE(store)
  /* rows of a file come first: overrides that they take away may be among those that follow */
  COMPARE(override)
  COMPARE(date)
  COMPARE(weekday)
  COMPARE(open)
  COMPARE(close)
#undef COMPARE
  return 0;
}

/* Equal ones stay in the order of the file. */
static int compare_order(const void *a, const void *b) {
  const struct loom_record *l = a, *r = b;
  int order = compare_records(l, r);
  return order ? order : (l->order > r->order) - (l->order < r->order);
}

/*
** Brings together what is of one store, by counting, those for every store last: `order` is where a record goes, and they change
** places until each is there. ends[0 … stores] are filled with where each store's end.
*/
static void gather_stores(struct loom_record *records, size_t count, uint32_t stores,
                          uint32_t *ends) {
  uint32_t next = 0;
  for (size_t i = 0; i < count; i++)
    ends[records[i].store == LOOM_ALL_STORES ? stores : records[i].store]++;
  for (uint32_t i = 0; i <= stores; i++) {
    uint32_t here = ends[i];
    ends[i] = next;
    next += here;
  }
  for (size_t i = 0; i < count; i++)
    records[i].order = ends[records[i].store == LOOM_ALL_STORES ? stores : records[i].store]++;
  for (size_t i = 0; i < count; i++) {
    while (records[i].order != i) {
      struct loom_record *there = &records[records[i].order], moved = *there;
      *there = records[i];
      records[i] = moved;
    }
  }
}

/* Brings records into the order in which they are applied. False: memory is out. */
static bool sort_records(loom_apply *apply) {
  struct loom_record *records = apply->staging->records;
  size_t count = apply->staging->record_count;
  uint32_t stores = apply->staging->ids.count;
  apply->ends = calloc((size_t)stores + 1, sizeof *apply->ends);
  if (!apply->ends)
    return false;
  gather_stores(records, count, stores, apply->ends);
  for (size_t begin = 0, end; begin < count; begin = end) {
    bool sorted = true;
    for (end = begin + 1; end < count && records[end].store == records[begin].store; end++)
      sorted = sorted && compare_records(&records[end - 1], &records[end]) <= 0;
    if (!sorted)
      qsort(&records[begin], end - begin, sizeof *records, compare_order);
  }
  return true;
}

/* Looks whether anything of the kind is stored, which it is not in a new database. */
static loom_status look_for_any(loom_apply *apply, enum loom_kind kind, loom_error *error) {
  static const char *const questions[LOOM_KIND_COUNT] = {
      [LOOM_HOURS] = "SELECT EXISTS(SELECT 1 FROM hours_week)",
      [LOOM_TIMEZONES] =
          "SELECT EXISTS(SELECT 1 FROM store"
          " WHERE timezone IS NOT NULL OR timezone_override IS NOT NULL)"};
  int64_t any = 1;
  loom_status status = LOOM_OK;
  if (questions[kind])
    status = loom_database_number(apply->database, questions[kind], &any, error);
  apply->has_any = any != 0;
  return status;
}

/* Finds the stores, and inserts the new ones unless that is to be done last. */
static loom_status prepare_stores(loom_apply *apply, loom_error *error) {
  loom_staging *staging = apply->staging;
  struct loom_store_numbers *stores = &apply->stores;
  size_t count = staging->ids.count;
  stores->ids = &staging->ids;
  stores->numbers = calloc(count + 1, sizeof *stores->numbers);
  apply->reach = calloc(count + 1, sizeof *apply->reach);
  if (!stores->numbers || !apply->reach)
    return loom_no_memory(error);
  for (size_t i = 0; i < count; i++)
    apply->reach[i] = LOOM_NO_REACH;
  loom_status status = loom_staging_order(staging, &stores->order, error);
  if (status == LOOM_OK)
    status = loom_store_numbers_find(apply->database, stores, error);
  if (status == LOOM_OK && !apply->bulk)
    status = loom_store_numbers_insert(apply->database, stores, NULL, error);
  return status;
}

loom_status loom_apply_new(loom_staging *staging, loom_database *database, loom_apply **out,
                           loom_error *error) {
  *out = NULL;
  loom_apply *apply = calloc(1, sizeof *apply);
  if (!apply)
    return loom_no_memory(error);
  apply->staging = staging;
  apply->database = database;
  enum loom_kind kind = staging->options.kind;
  struct loom_counts *counts = &staging->counts;
  counts->added = counts->duplicates = counts->conflicts = 0;
  loom_staging_wait(staging);
  apply->bulk = kind == LOOM_POLLS && loom_poll_sorter_count(staging->sorter) >= BULK_LEAST;
  if (apply->bulk) /* the polls come before their stores */
    loom_database_check_references(database, false);
  apply->merge = loom_poll_merge_new(database);
  loom_status status = apply->merge ? prepare_stores(apply, error) : loom_no_memory(error);
  if (status == LOOM_OK && apply->bulk)
    status = loom_staging_set_order(staging, error);
  if (status == LOOM_OK && kind == LOOM_POLLS)
    status = loom_poll_sorter_rewind(staging->sorter, error);
  if (status == LOOM_OK)
    status = look_for_any(apply, kind, error);
  if (status == LOOM_OK &&
      (kind == LOOM_HOURS || kind == LOOM_TIMEZONES || kind == LOOM_SPECIAL_DAYS) &&
      !sort_records(apply))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    *out = apply;
  else
    loom_apply_free(apply);
  return status;
}

/* ---- polls ---- */

/* The next polls; LOOM_DONE also where the step ends. */
static loom_status next_portion(void *context, struct loom_poll_portion *portion,
                                loom_error *error) {
  loom_apply *apply = context;
  struct loom_poll_group group;
  if (apply->applied >= apply->stop)
    return LOOM_DONE;
  loom_status status = loom_poll_sorter_next(apply->staging->sorter, &group, error);
  if (status != LOOM_OK)
    return status;
  apply->applied += group.count;
  *portion = (struct loom_poll_portion){group.day, apply->stores.numbers[group.store], group.polls,
                                        group.count, &apply->reach[group.store]};
  return LOOM_OK;
}

static loom_status apply_newest(loom_apply *apply, int64_t newest, loom_error *error) {
  sqlite3_stmt *update;
  loom_status status = statement(apply, UPDATE_NEWEST, &update, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(update, 1, newest);
  return run(apply, update, error);
}

/* Tells the stores how far their polls reach; those that are inserted now have been told. */
static loom_status apply_reach(loom_apply *apply, loom_error *error) {
  sqlite3_stmt *update;
  int64_t newest = INT64_MIN, number = 0;
  const struct loom_store_numbers *stores = &apply->stores;
  loom_status status = loom_write_number(apply->database, &number, error);
  if (status == LOOM_OK)
    status = statement(apply, UPDATE_REACH, &update, error);
  for (size_t i = 0; status == LOOM_OK && i < apply->staging->ids.count; i++) {
    const struct loom_reach *reach = &apply->reach[i];
    if (reach->newest == INT64_MIN)
      continue;
    int64_t instant = loom_poll_instant(reach->newest);
    newest = instant > newest ? instant : newest;
    if (apply->bulk && stores->numbers[i] >= stores->first_new)
      continue;
    sqlite3_bind_int64(update, 1, stores->numbers[i]);
    sqlite3_bind_int64(update, 2, reach->first);
    sqlite3_bind_int64(update, 3, instant);
    sqlite3_bind_int(update, 4, loom_poll_active(reach->newest));
    sqlite3_bind_int64(update, 5, number);
    sqlite3_bind_int(update, 6, reach->has_changed);
    status = run(apply, update, error);
  }
  return status == LOOM_OK && newest != INT64_MIN ? apply_newest(apply, newest, error) : status;
}

/* Merges polls one block after the other. */
static loom_status apply_one_by_one(loom_apply *apply, struct loom_counts *counts,
                                    loom_error *error) {
  struct loom_poll_portion portion;
  loom_status status;
  while ((status = next_portion(apply, &portion, error)) == LOOM_OK) {
    status = loom_poll_merge_add(apply->merge, portion.day, portion.store, portion.polls,
                                 portion.count, counts, portion.reach, error);
    if (status != LOOM_OK)
      break;
  }
  return status;
}

static loom_status apply_polls(loom_apply *apply, size_t budget, struct loom_counts *counts,
                               loom_error *error) {
  apply->stop = apply->applied + budget;
  loom_status status = apply->bulk
                           ? loom_poll_merge_all(apply->merge, next_portion, apply, counts, error)
                           : apply_one_by_one(apply, counts, error);
  if (status != LOOM_DONE)
    return status;
  if (apply->applied < loom_poll_sorter_count(apply->staging->sorter))
    return LOOM_OK;
  status = LOOM_OK;
  if (apply->bulk)
    status = loom_store_numbers_insert(apply->database, &apply->stores, apply->reach, error);
  if (status == LOOM_OK)
    status = apply_reach(apply, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

/* ---- records ---- */

/* Binds a record's store, NULL for every store. */
static void bind_store(const loom_apply *apply, sqlite3_stmt *statement,
                       const struct loom_record *record) {
  if (record->store == LOOM_ALL_STORES)
    sqlite3_bind_null(statement, 1);
  else
    sqlite3_bind_int64(statement, 1, apply->stores.numbers[record->store]);
}

static void bind_text(const loom_apply *apply, sqlite3_stmt *statement, int at, uint32_t text) {
  size_t length;
  const char *bytes = loom_id_table_get(&apply->staging->texts, text, &length);
  sqlite3_bind_text(statement, at, length ? bytes : "", (int)length, SQLITE_STATIC);
}

/* The text stays where it is until the statement has run: a copy would need memory. */
static void bind_date(loom_apply *apply, sqlite3_stmt *statement, int at, int32_t date) {
  size_t length = loom_format_date(date == LOOM_ALWAYS ? LOOM_DATE_MIN : date, apply->date);
  sqlite3_bind_text(statement, at, apply->date, (int)length, SQLITE_STATIC);
}

/* Binds what hours and special days are found by: store, origin, and the date if the statement has that. */
static void bind_key(loom_apply *apply, sqlite3_stmt *statement, const struct loom_record *record,
                     bool override) {
  bind_store(apply, statement, record);
  sqlite3_bind_text(statement, 2, override ? "override" : "file", -1, SQLITE_STATIC);
  if (sqlite3_bind_parameter_count(statement) > 2)
    bind_date(apply, statement, 3, record->date);
}

/* Of records that repeat one another, which may differ in their notes, keeps the last, in place; returns how many are left. */
static size_t drop_repeats(struct loom_record *records, size_t count, struct loom_counts *counts) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    bool repeats = kept > 0 && compare_records(&records[kept - 1], &records[i]) == 0;
    counts->duplicates += repeats;
    kept -= repeats;
    records[kept++] = records[i];
  }
  return kept;
}

/*
** Drops rows without times that say nothing: beside an opening in the same week, or beside another one, of which a
** closed one prevails over one that reverts. The others make their week exist.
*/
static size_t drop_closed(struct loom_record *records, size_t count, struct loom_counts *counts) {
  size_t kept = 0, end;
  for (size_t begin = 0; begin < count; begin = end) {
    const struct loom_record *first = &records[begin], *says = first;
    for (end = begin; end < count && records[end].date == first->date; end++)
      says = records[end].open > says->open ? &records[end] : says;
    bool opens = says->open >= 0;
    for (size_t i = begin; i < end; i++) {
      if (records[i].open < 0 && (opens || &records[i] != says)) {
        counts->duplicates++;
        continue;
      }
      struct loom_record record = records[i];
      if (record.open < 0)
        record.weekday = 0; /* which one does not matter */
      records[kept++] = record;
    }
  }
  return kept;
}

/* Fills `known` with what the database has of the layer of a record's store. */
static loom_status read_hours(loom_apply *apply, const struct loom_record *record,
                              loom_error *error) {
  sqlite3_stmt *find;
  int step = SQLITE_DONE;
  apply->known.count = 0;
  if (!apply->has_any) /* and each layer of a store is replaced once */
    return LOOM_OK;
  loom_status status = statement(apply, FIND_WEEKS, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_key(apply, find, record, record->override);
  while (status == LOOM_OK && (step = sqlite3_step(find)) == SQLITE_ROW) {
    status = loom_stored_week_read(find, 0, &apply->known);
    if (status == LOOM_ECORRUPT)
      loom_database_corrupt(apply->database, error, "hours cannot be read");
    else if (status != LOOM_OK)
      loom_no_memory(error);
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(apply->database, error);
  sqlite3_reset(find);
  return status;
}

/* How many of a store's records are known: both are in order. */
static size_t count_known(const loom_apply *apply, const struct loom_record *records,
                          size_t count) {
  size_t same = 0, next = 0;
  for (size_t i = 0; i < apply->known.count && next < count; i++) {
    const struct loom_hours *hours = &apply->known.items[i];
    struct loom_record known = {.store = records->store,
                                .override = records->override,
                                .date = hours->from,
                                .weekday = (int16_t)hours->weekday,
                                .open = hours->open,
                                .close = hours->close};
    while (next < count && compare_records(&records[next], &known) < 0)
      next++;
    if (next < count && compare_records(&records[next], &known) == 0) {
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
static loom_status delete_layer(loom_apply *apply, int which, const struct loom_record *record,
                                bool override, loom_error *error) {
  sqlite3_stmt *prepared;
  loom_status status = statement(apply, which, &prepared, error);
  if (status != LOOM_OK)
    return status;
  bind_key(apply, prepared, record, override);
  return run(apply, prepared, error);
}

/* Whether a record makes what was set by hand for the same give way. */
static bool replaces_override(const loom_apply *apply, const struct loom_record *record) {
  return apply->staging->options.replace_overrides && !record->override;
}

/* Replaces a layer of one store's hours by its records, which are sorted. Nothing is written where nothing changes. */
static loom_status apply_hours(loom_apply *apply, struct loom_record *records, size_t count,
                               struct loom_counts *counts, loom_error *error) {
  count = drop_closed(records, drop_repeats(records, count, counts), counts);
  loom_status status = LOOM_OK;
  if (replaces_override(apply, records))
    status = delete_layer(apply, DELETE_WEEKS, records, true, error);
  if (status == LOOM_OK)
    status = read_hours(apply, records, error);
  if (status != LOOM_OK)
    return status;
  size_t same = count_known(apply, records, count);
  counts->duplicates += same;
  counts->added += count - same;
  if (same == count && same == apply->known.count)
    return LOOM_OK;
  if (apply->known.count > 0)
    status = delete_layer(apply, DELETE_WEEKS, records, records->override, error);
  for (size_t i = 0, size; status == LOOM_OK && i < count; i += size) {
    size = week_size(&records[i], count - i);
    status = loom_week_write_add(&apply->weeks, apply->database,
                                 apply->stores.numbers[records->store], &records[i], size, error);
  }
  return status;
}

static loom_status delete_timezone_override(loom_apply *apply, const struct loom_record *record,
                                            loom_error *error) {
  sqlite3_stmt *update;
  loom_status status = statement(apply, UPDATE_TIMEZONE_OVERRIDE, &update, error);
  if (status != LOOM_OK)
    return status;
  bind_store(apply, update, record);
  sqlite3_bind_null(update, 2);
  return run(apply, update, error);
}

/* Whether the record before the next one is of the same store: it has just been stored. */
static bool repeats_store(const loom_apply *apply) {
  const struct loom_record *next = &apply->staging->records[apply->next_record];
  return apply->next_record > 0 && next[-1].store == next->store;
}

/* Compares a record's zone with the one that its layer has, and counts what it is. */
static loom_status compare_timezone(loom_apply *apply, const struct loom_record *record,
                                    struct loom_counts *counts, bool *same, loom_error *error) {
  sqlite3_stmt *find;
  size_t length, known_length;
  *same = false;
  if (!apply->has_any && !repeats_store(apply)) {
    counts->added++;
    return LOOM_OK;
  }
  loom_status status =
      statement(apply, record->override ? FIND_TIMEZONE_OVERRIDE : FIND_TIMEZONE, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_store(apply, find, record);
  if (sqlite3_step(find) == SQLITE_ROW) {
    const char *name = loom_id_table_get(&apply->staging->texts, record->text, &length);
    const char *known = loom_column_bytes(find, 0, &known_length);
    *same = known && known_length == length && memcmp(known, name, length) == 0;
    counts->duplicates += *same;
    counts->conflicts += known && !*same;
    counts->added += !known;
  } else {
    status = loom_database_failure(apply->database, error);
  }
  sqlite3_reset(find);
  return status;
}

static loom_status apply_timezone(loom_apply *apply, const struct loom_record *record,
                                  struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *update;
  bool same = false;
  loom_status status = LOOM_OK;
  if (replaces_override(apply, record))
    status = delete_timezone_override(apply, record, error);
  if (status == LOOM_OK)
    status = compare_timezone(apply, record, counts, &same, error);
  if (status != LOOM_OK || same)
    return status;
  status = statement(apply, record->override ? UPDATE_TIMEZONE_OVERRIDE : UPDATE_TIMEZONE, &update,
                     error);
  if (status != LOOM_OK)
    return status;
  bind_store(apply, update, record);
  bind_text(apply, update, 2, record->text);
  return run(apply, update, error);
}

static bool same_special_day(const loom_apply *apply, sqlite3_stmt *row,
                             const struct loom_record *record) {
  size_t length, known_length;
  const char *note = loom_id_table_get(&apply->staging->texts, record->text, &length);
  const char *known = loom_column_bytes(row, 2, &known_length);
  bool closed = sqlite3_column_type(row, 0) == SQLITE_NULL;
  return (closed ? record->open == LOOM_CLOSED
                 : sqlite3_column_int(row, 0) == record->open &&
                       sqlite3_column_int(row, 1) == record->close) &&
         known_length == length && (length == 0 || memcmp(known, note, length) == 0);
}

static loom_status insert_special_day(loom_apply *apply, const struct loom_record *record,
                                      loom_error *error) {
  sqlite3_stmt *insert;
  loom_status status = statement(apply, INSERT_SPECIAL_DAY, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_clear_bindings(insert);
  bind_key(apply, insert, record, record->override);
  if (record->open != LOOM_CLOSED) {
    sqlite3_bind_int(insert, 4, record->open);
    sqlite3_bind_int(insert, 5, record->close);
  }
  bind_text(apply, insert, 6, record->text);
  return run(apply, insert, error);
}

/* Replaces a layer of one store's spans of one date by its records, which are sorted by span. */
static loom_status apply_special_day(loom_apply *apply, struct loom_record *records, size_t count,
                                     struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find;
  size_t stored = 0, same = 0;
  int step;
  count = drop_repeats(records, count, counts);
  loom_status status = LOOM_OK;
  if (replaces_override(apply, records))
    status = delete_layer(apply, DELETE_SPECIAL_DAY, records, true, error);
  if (status == LOOM_OK)
    status = statement(apply, FIND_SPECIAL_DAY, &find, error);
  if (status != LOOM_OK)
    return status;
  bind_key(apply, find, records, records->override);
  for (size_t next = 0; (step = sqlite3_step(find)) == SQLITE_ROW; stored++) {
    for (size_t i = next; i < count; i++) { /* both are in order of span */
      if (same_special_day(apply, find, &records[i])) {
        same++;
        next = i + 1;
        break;
      }
    }
  }
  if (step != SQLITE_DONE)
    status = loom_database_failure(apply->database, error);
  sqlite3_reset(find);
  counts->duplicates += same;
  counts->added += count - same;
  if (status != LOOM_OK || (same == count && same == stored))
    return status;
  status = delete_layer(apply, DELETE_SPECIAL_DAY, records, records->override, error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++)
    status = insert_special_day(apply, &records[i], error);
  return status;
}

/* Binds the zone and the week of a rule, which stay NULL where it is none. */
static void bind_rule(loom_apply *apply, sqlite3_stmt *statement,
                      const struct loom_record *record) {
  size_t length;
  sqlite3_bind_null(statement, 5);
  sqlite3_bind_null(statement, 6);
  if (!record->is_rule)
    return;
  const char *key = loom_id_table_get(&apply->staging->texts, record->name, &length);
  size_t zone = strlen(key); /* a NUL ends it */
  sqlite3_bind_text(statement, 5, key, (int)zone, SQLITE_STATIC);
  if (length > zone + 1)
    sqlite3_bind_blob(statement, 6, key + zone + 1, (int)(length - zone - 1), SQLITE_STATIC);
}

static loom_status apply_exclusion(loom_apply *apply, const struct loom_record *record,
                                   struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find, *insert;
  loom_status status = statement(apply, FIND_EXCLUSION, &find, error);
  if (status == LOOM_OK)
    status = statement(apply, INSERT_EXCLUSION, &insert, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_stmt *both[] = {find, insert};
  for (int i = 0; i < 2; i++) {
    bind_store(apply, both[i], record);
    sqlite3_bind_int64(both[i], 2, record->from);
    sqlite3_bind_int64(both[i], 3, record->to);
    bind_text(apply, both[i], 4, record->text);
    bind_rule(apply, both[i], record);
  }
  int step = sqlite3_step(find);
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(apply->database, error);
  sqlite3_reset(find);
  counts->duplicates += step == SQLITE_ROW;
  counts->added += step == SQLITE_DONE;
  return step == SQLITE_DONE ? run(apply, insert, error) : status;
}

/* An attribute with an empty value is removed. */
static loom_status apply_attribute(loom_apply *apply, const struct loom_record *record,
                                   struct loom_counts *counts, loom_error *error) {
  sqlite3_stmt *find, *write;
  size_t length;
  const char *value = loom_id_table_get(&apply->staging->texts, record->text, &length);
  loom_status status = statement(apply, FIND_ATTRIBUTE, &find, error);
  if (status == LOOM_OK)
    status = statement(apply, length ? PUT_ATTRIBUTE : DELETE_ATTRIBUTE, &write, error);
  if (status != LOOM_OK)
    return status;
  bind_store(apply, find, record);
  bind_text(apply, find, 2, record->name);
  int step = sqlite3_step(find);
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(apply->database, error);
  size_t known_length = 0;
  const char *known = step == SQLITE_ROW ? loom_column_bytes(find, 0, &known_length) : NULL;
  bool same = known ? known_length == length && memcmp(known, value, length) == 0 : length == 0;
  sqlite3_reset(find);
  counts->duplicates += known && same;
  counts->conflicts += known && !same;
  counts->added += !known && !same;
  if (status != LOOM_OK || same)
    return status;
  bind_store(apply, write, record);
  bind_text(apply, write, 2, record->name);
  if (length)
    bind_text(apply, write, 3, record->text);
  return run(apply, write, error);
}

/* One store's attributes may be in several rows and files, so that only all that is stored can be judged. */
static loom_status check_attributes(loom_apply *apply, loom_error *error) {
  sqlite3_stmt *names = NULL, *sizes = NULL;
  loom_status status =
      loom_database_prepare(apply->database, LOOM_ATTRIBUTE_NAMES_SQL, &names, error);
  if (status == LOOM_OK)
    status = loom_database_prepare(apply->database, LOOM_ATTRIBUTES_SIZE_SQL, &sizes, error);
  if (status == LOOM_OK && sqlite3_step(names) != SQLITE_ROW)
    status = loom_database_failure(apply->database, error);
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
      status = loom_database_failure(apply->database, error);
    }
  }
  sqlite3_finalize(names);
  sqlite3_finalize(sizes);
  return status;
}

/* How many records from the next one on belong together: a layer of a store's hours, or of its spans of a date. */
static size_t group_size(const loom_apply *apply) {
  const loom_staging *staging = apply->staging;
  const struct loom_record *first = &staging->records[apply->next_record];
  size_t size = 1, left = staging->record_count - apply->next_record;
  if (staging->options.kind == LOOM_HOURS)
    while (size < left && first[size].store == first->store &&
           first[size].override == first->override)
      size++;
  else if (staging->options.kind == LOOM_SPECIAL_DAYS)
    while (size < left && first[size].store == first->store &&
           first[size].override == first->override && first[size].date == first->date)
      size++;
  return size;
}

/* Copies the next records that belong together, since what is staged may be applied again; NULL: memory is out. */
static struct loom_record *take_group(loom_apply *apply, size_t count) {
  if (!loom_grow(&apply->group, &apply->group_capacity, count, sizeof *apply->group))
    return NULL;
  memcpy(apply->group, &apply->staging->records[apply->next_record], count * sizeof *apply->group);
  return apply->group;
}

static loom_status apply_group(loom_apply *apply, struct loom_record *records, size_t count,
                               struct loom_counts *counts, loom_error *error) {
  switch (apply->staging->options.kind) {
  case LOOM_HOURS:
    return apply_hours(apply, records, count, counts, error);
  case LOOM_TIMEZONES:
    return apply_timezone(apply, records, counts, error);
  case LOOM_SPECIAL_DAYS:
    return apply_special_day(apply, records, count, counts, error);
  case LOOM_ATTRIBUTES:
    return apply_attribute(apply, records, counts, error);
  default:
    return apply_exclusion(apply, records, counts, error);
  }
}

/*
** Moves to the next store's records, once those at hand are applied, in the order in which new stores are numbered. False:
** that is all.
*/
static bool find_records(loom_apply *apply) {
  uint32_t stores = apply->staging->ids.count;
  if (!apply->ends)
    return apply->next_record < apply->staging->record_count;
  while (apply->next_record == apply->end_record && apply->next_store <= stores) {
    uint32_t place = apply->next_store++,
             store = place < stores ? apply->stores.order[place] : place;
    apply->next_record = store > 0 ? apply->ends[store - 1] : 0;
    apply->end_record = apply->ends[store];
  }
  return apply->next_record < apply->end_record;
}

/* Rows that were changed, also those that wait to be inserted. */
static size_t count_changes(const loom_apply *apply) {
  return (size_t)sqlite3_total_changes(apply->database->sqlite) + apply->weeks.count;
}

/* The same, and notes whose change it is. */
static loom_status apply_and_note(loom_apply *apply, size_t count, loom_error *error) {
  struct loom_record *records = take_group(apply, count);
  size_t before = count_changes(apply);
  if (!records)
    return loom_no_memory(error);
  uint32_t store = records->store; /* some of the group may be dropped */
  loom_status status = apply_group(apply, records, count, &apply->staging->counts, error);
  bool all = store == LOOM_ALL_STORES;
  if (count_changes(apply) != before)
    loom_changes_add(&apply->changes, all ? 0 : apply->stores.numbers[store], all);
  return status;
}

/* Applies the records that are next, and notes what they have changed: whoever ends the transaction then, it is noted. */
static loom_status apply_some(loom_apply *apply, uint64_t stop, loom_error *error) {
  loom_status status = LOOM_OK;
  apply->changes = (struct loom_changes){0};
  loom_changes_silence(apply->database, true);
  while (status == LOOM_OK && apply->applied < stop && find_records(apply)) {
    size_t count = group_size(apply);
    status = apply_and_note(apply, count, error);
    apply->next_record += count;
    apply->applied += count;
  }
  if (status == LOOM_OK)
    status = loom_week_write_flush(&apply->weeks, apply->database, error);
  loom_changes_silence(apply->database, false);
  if (status == LOOM_OK)
    status = loom_changes_note(apply->database, &apply->changes,
                               loom_kind_name(apply->staging->options.kind), error);
  return status;
}

static loom_status apply_records(loom_apply *apply, size_t budget, loom_error *error) {
  loom_status status = apply_some(apply, apply->applied + budget, error);
  if (status != LOOM_OK || find_records(apply))
    return status;
  if (apply->staging->options.kind == LOOM_ATTRIBUTES)
    status = check_attributes(apply, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

loom_status loom_apply_step(loom_apply *apply, size_t budget, double *done, loom_error *error) {
  loom_staging *staging = apply->staging;
  bool polls = staging->options.kind == LOOM_POLLS;
  uint64_t total = polls ? loom_poll_sorter_count(staging->sorter) : staging->record_count;
  loom_status status = polls ? apply_polls(apply, budget, &staging->counts, error)
                             : apply_records(apply, budget, error);
  *done = total ? (double)apply->applied / (double)total : 1;
  return status;
}
