/*
** Loom's own database as a source, in one of two ways.
**
** A scan reads every table in order of store number, by a cursor each, and polls by one cursor for each day, so that a
** report passes over the data once and holds one store at a time. Look-ups, where few stores are wanted, ask every
** table for one store after the other.
*/
#include "sqlite/source_sqlite.h"
#include "base/grow.h"
#include "sqlite/statement.h"
#include "sqlite/stored_hours.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One store in so many, or more, are read by a scan: a look-up costs about as much as passing over ten stores. */
#define LOOK_UP_SHARE 16

/* A statement whose column 0 is the store's number: in ascending order, or of one store. */
struct cursor {
  sqlite3_stmt *statement;
  int64_t store; /* of the row it stands on; INT64_MAX at the end */
};

struct sqlite_source {
  loom_source base;
  loom_database *database;
  struct loom_holder holder; /* only where others share the snapshot */
  bool shared, in_snapshot;
  struct loom_source_query query;
  bool looking_up;  /* otherwise it scans */
  uint32_t next_id; /* of the selection: the next one to look up */
  struct cursor stores, hours, special_days, exclusions;
  struct loom_stored_hours stored_hours;
  struct cursor *days; /* of the query's range that hold polls, in order */
  size_t day_count;
  int32_t *all_days;               /* every day that holds polls, in order */
  size_t all_day_count, first_day; /* first_day: index of days[0] in all_days */
  sqlite3_stmt *block;             /* one store's block of one day */
};

/* ---- cursors ---- */

static loom_status step(struct sqlite_source *source, struct cursor *cursor, loom_error *error) {
  int64_t before = cursor->store;
  int result = sqlite3_step(cursor->statement);
  cursor->store = INT64_MAX;
  if (result == SQLITE_ROW)
    cursor->store = sqlite3_column_int64(cursor->statement, 0);
  else if (result != SQLITE_DONE)
    return loom_database_failure(source->database, error);
  /* Rows that a damaged key has put out of order would be passed over. */
  if (cursor->store < before)
    return loom_database_corrupt(source->database, error, "rows are not in order of their stores");
  return LOOM_OK;
}

/* Parameters 1 and 2, where a statement has them, are the query's range, and 3 the store that is looked up. */
static loom_status open_cursor(struct sqlite_source *source, const char *sql, struct cursor *cursor,
                               loom_error *error) {
  loom_status status = loom_database_prepare(source->database, sql, &cursor->statement, error);
  cursor->store = INT64_MIN;
  if (status == LOOM_OK && sqlite3_bind_parameter_count(cursor->statement) >= 2) {
    sqlite3_bind_int64(cursor->statement, 1, source->query.from);
    sqlite3_bind_int64(cursor->statement, 2, source->query.to);
  }
  return status == LOOM_OK ? step(source, cursor, error) : status;
}

/* Moves a cursor that looks up to the first row of a store. */
static loom_status look_up(struct sqlite_source *source, struct cursor *cursor, int64_t store,
                           loom_error *error) {
  sqlite3_reset(cursor->statement);
  sqlite3_bind_int64(cursor->statement, 3, store);
  cursor->store = INT64_MIN;
  return step(source, cursor, error);
}

/* Moves to the store's first row, if it has one; *found tells. */
static loom_status seek(struct sqlite_source *source, struct cursor *cursor, int64_t store,
                        bool *found, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && cursor->store < store)
    status = step(source, cursor, error);
  *found = cursor->store == store;
  return status;
}

static loom_status read_date(struct sqlite_source *source, sqlite3_stmt *row, int column,
                             int32_t *date, loom_error *error) {
  size_t length;
  const char *text = loom_column_bytes(row, column, &length);
  if (!text || loom_parse_date(text, length, date))
    return loom_database_corrupt(source->database, error, "a date cannot be read");
  return LOOM_OK;
}

/* ---- snapshot ---- */

static void close_cursors(struct sqlite_source *source) {
  struct cursor *const cursors[] = {&source->stores, &source->hours, &source->special_days,
                                    &source->exclusions};
  for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
    sqlite3_finalize(cursors[i]->statement);
    *cursors[i] = (struct cursor){0};
  }
  for (size_t i = 0; i < source->day_count; i++)
    sqlite3_finalize(source->days[i].statement);
  sqlite3_finalize(source->block);
  free(source->days);
  free(source->all_days);
  source->block = NULL;
  source->days = NULL;
  source->all_days = NULL;
  source->day_count = source->all_day_count = 0;
  source->next_id = 0;
}

static void release(loom_source *base) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  loom_holder_end(&source->holder);
  close_cursors(source);
  loom_stored_hours_free(&source->stored_hours); /* a failure may have left half a store's there */
  if (source->in_snapshot)
    loom_database_end_read(source->database);
  source->in_snapshot = false;
}

static void let_go(struct loom_holder *holder) {
  struct sqlite_source *source =
      (struct sqlite_source *)((char *)holder - offsetof(struct sqlite_source, holder));
  release(&source->base);
}

static loom_status snapshot(loom_source *base, loom_error *error) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  loom_status status = source->shared ? loom_database_begin_read(source->database, error)
                                      : loom_database_begin_report(source->database, error);
  source->in_snapshot = status == LOOM_OK;
  if (source->in_snapshot && source->shared)
    loom_database_hold(source->database, &source->holder, let_go);
  return status;
}

static void free_source(loom_source *base) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  release(base);
  loom_database_close(source->database);
  free(base);
}

static loom_status newest(loom_source *base, int64_t *instant, loom_error *error) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  return loom_stored_newest(source->database, instant, error);
}

/* ---- select ---- */

/* Lists every day that holds polls. */
static loom_status list_days(struct sqlite_source *source, loom_error *error) {
  struct loom_stored_days days;
  size_t capacity = 0;
  int32_t day;
  loom_status status =
      loom_stored_days_begin(&days, source->database, LOOM_FORWARD, LOOM_DATE_MIN, error);
  while (status == LOOM_OK && (status = loom_stored_days_next(&days, &day, error)) == LOOM_OK) {
    if (loom_grow(&source->all_days, &capacity, source->all_day_count + 1, sizeof day))
      source->all_days[source->all_day_count++] = day;
    else
      status = loom_no_memory(error);
  }
  loom_stored_days_end(&days);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* Opens a cursor for each day of the query's range. */
static loom_status open_days(struct sqlite_source *source, loom_error *error) {
  int32_t first = loom_date_of_instant(source->query.from);
  int32_t last = loom_date_of_instant(source->query.to);
  size_t begin = 0, end;
  while (begin < source->all_day_count && source->all_days[begin] < first)
    begin++;
  for (end = begin; end < source->all_day_count && source->all_days[end] <= last;)
    end++;
  source->first_day = begin;
  source->days = calloc(end - begin + 1, sizeof *source->days);
  if (!source->days)
    return loom_no_memory(error);
  if (source->looking_up) { /* their blocks are looked up, too */
    source->day_count = end - begin;
    return LOOM_OK;
  }
  for (; source->day_count < end - begin; source->day_count++) {
    struct cursor *cursor = &source->days[source->day_count];
    loom_status status = loom_database_prepare(
        source->database, "SELECT store, polls FROM poll_block WHERE day = ? ORDER BY store",
        &cursor->statement, error);
    if (status != LOOM_OK)
      return status;
    sqlite3_bind_int(cursor->statement, 1, source->all_days[begin + source->day_count]);
    cursor->store = INT64_MIN;
    status = step(source, cursor, error);
    if (status != LOOM_OK) {
      source->day_count++;
      return status;
    }
  }
  return LOOM_OK;
}

/* Takes the rows of special_day on which the cursor stands for `store`. */
static loom_status take_special_days(struct sqlite_source *source, int64_t store,
                                     struct loom_special_days *days, loom_error *error) {
  struct cursor *cursor = &source->special_days;
  /* whether the date has overrides, which come first and alone count */
  bool found, overridden = false;
  days->count = 0;
  loom_status status = seek(source, cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    sqlite3_stmt *row = cursor->statement;
    struct loom_special_day day = {.open = LOOM_CLOSED, .close = LOOM_CLOSED};
    status = read_date(source, row, 1, &day.date, error);
    if (status != LOOM_OK)
      break;
    if (sqlite3_column_type(row, 2) != SQLITE_NULL &&
        !(loom_stored_time_read(row, 2, &day.open) && loom_stored_time_read(row, 3, &day.close))) {
      status = loom_database_corrupt(source->database, error, "a special day cannot be read");
      break;
    }
    bool override = sqlite3_column_int(row, 4);
    if (days->count == 0 || days->items[days->count - 1].date != day.date)
      overridden = override;
    if (override == overridden && !loom_special_days_add(days, day))
      status = loom_no_memory(error);
    if (status == LOOM_OK)
      status = step(source, cursor, error);
  }
  return status;
}

static loom_status take_exclusions(struct sqlite_source *source, int64_t store,
                                   struct loom_spans *exclusions, loom_error *error) {
  struct cursor *cursor = &source->exclusions;
  bool found;
  exclusions->count = 0;
  loom_status status = seek(source, cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    int64_t from, to = 0;
    status = loom_stored_instant(source->database, cursor->statement, 1,
                                 "the start of an exclusion", &from, error);
    if (status == LOOM_OK)
      status = loom_stored_instant(source->database, cursor->statement, 2,
                                   "the end of an exclusion", &to, error);
    if (status == LOOM_OK && !loom_spans_add(exclusions, from, to))
      status = loom_no_memory(error);
    if (status == LOOM_OK)
      status = step(source, cursor, error);
  }
  return status;
}

/* Rows for every store have a NULL store, which reads as 0 and sorts before all numbers. */
#define EVERY_STORE 0

#define STORE_COLUMNS                                                                              \
  "SELECT number, store_id, ifnull(timezone_override, timezone), first_poll, newest_poll FROM "    \
  "store"
#define HOURS_COLUMNS "SELECT store, " LOOM_STORED_WEEK_COLUMNS " FROM hours_week"
#define SPECIAL_DAY_COLUMNS                                                                        \
  "SELECT store, date, open_s, close_s, origin = 'override' AS prevails FROM special_day"
#define EXCLUSION_COLUMNS "SELECT store, from_us, to_us FROM exclusion"

/* Look-ups have parameters 1 to 3, so that they are bound alike. */
static const struct cursor_sql {
  const char *stores, *hours, *special_days, *exclusions;
} scan_sql = {STORE_COLUMNS " ORDER BY number",
              HOURS_COLUMNS " ORDER BY store, origin, effective_from",
              SPECIAL_DAY_COLUMNS " ORDER BY store, date, prevails DESC",
              EXCLUSION_COLUMNS " WHERE to_us > ?1 AND from_us < ?2 ORDER BY store, from_us"},
  look_up_sql = {STORE_COLUMNS " WHERE store_id = ?3",
                 HOURS_COLUMNS " WHERE store = ?3 ORDER BY origin, effective_from",
                 SPECIAL_DAY_COLUMNS " WHERE store IS ?3 ORDER BY date, prevails DESC",
                 EXCLUSION_COLUMNS
                 " WHERE store IS ?3 AND to_us > ?1 AND from_us < ?2 ORDER BY from_us"};

/* Decides how stores are read; *store_count is how many there may be. */
static loom_status choose_way(struct sqlite_source *source, uint64_t *store_count,
                              loom_error *error) {
  const struct loom_selection *selection = &source->query.selection;
  int64_t count = 0;
  loom_status status =
      loom_database_number(source->database, "SELECT count(*) FROM store", &count, error);
  source->looking_up = selection->ids && selection->glob_count == 0 &&
                       selection->ids->count <= 1 + count / LOOK_UP_SHARE;
  *store_count = source->looking_up ? selection->ids->count : (uint64_t)count;
  return status;
}

static loom_status open_cursors(struct sqlite_source *source, loom_error *error) {
  const struct cursor_sql *sql = source->looking_up ? &look_up_sql : &scan_sql;
  loom_status status = open_cursor(source, sql->stores, &source->stores, error);
  if (status == LOOM_OK)
    status = open_cursor(source, sql->hours, &source->hours, error);
  if (status == LOOM_OK)
    status = open_cursor(source, sql->special_days, &source->special_days, error);
  if (status == LOOM_OK)
    status = open_cursor(source, sql->exclusions, &source->exclusions, error);
  return status;
}

static loom_status select_stores(loom_source *base, const struct loom_source_query *query,
                                 struct loom_common *common, uint64_t *store_count,
                                 loom_error *error) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  source->query = *query;
  loom_status status = choose_way(source, store_count, error);
  if (status == LOOM_OK)
    status = open_cursors(source, error);
  if (status == LOOM_OK && !query->no_polls)
    status = list_days(source, error);
  if (status == LOOM_OK && !query->no_polls)
    status = open_days(source, error);
  if (status == LOOM_OK && (query->neighbours || source->looking_up))
    status = loom_database_prepare(source->database,
                                   "SELECT polls FROM poll_block WHERE day = ? AND store = ?",
                                   &source->block, error);
  if (status == LOOM_OK)
    status = take_special_days(source, EVERY_STORE, &common->special_days, error);
  if (status == LOOM_OK)
    status = take_exclusions(source, EVERY_STORE, &common->exclusions, error);
  return status;
}

/* ---- next ---- */

static loom_status take_hours(struct sqlite_source *source, int64_t store,
                              struct loom_hours_list *hours, loom_error *error) {
  struct cursor *cursor = &source->hours;
  struct loom_stored_hours *stored = &source->stored_hours;
  bool found;
  loom_status status = seek(source, cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    status = loom_stored_hours_add(stored, cursor->statement, 1);
    if (status == LOOM_ENOMEM)
      return loom_no_memory(error);
    if (status != LOOM_OK)
      return loom_database_corrupt(source->database, error, "hours cannot be read");
    status = step(source, cursor, error);
  }
  if (status == LOOM_OK && !loom_stored_hours_finish(stored))
    return loom_no_memory(error);
  struct loom_hours_list spare = *hours; /* the lists change places, and none is copied */
  *hours = stored->in_force;
  stored->in_force = spare;
  return status;
}

/* Looks the store's block of a day up; nothing is added if there is none. */
static loom_status read_block(struct sqlite_source *source, int32_t day, int64_t store,
                              struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  sqlite3_bind_int(source->block, 1, day);
  sqlite3_bind_int64(source->block, 2, store);
  int result = sqlite3_step(source->block);
  if (result == SQLITE_ROW)
    status = loom_stored_polls_add(source->database, source->block, 0, day, polls, error);
  else if (result != SQLITE_DONE)
    status = loom_database_failure(source->database, error);
  sqlite3_reset(source->block);
  return status;
}

static loom_status take_polls(struct sqlite_source *source, int64_t store, struct loom_polls *polls,
                              loom_error *error) {
  loom_status status = LOOM_OK;
  polls->count = 0;
  for (size_t i = 0; status == LOOM_OK && i < source->day_count; i++) {
    int32_t day = source->all_days[source->first_day + i];
    bool found = false;
    if (source->looking_up)
      status = read_block(source, day, store, polls, error);
    else
      status = seek(source, &source->days[i], store, &found, error);
    if (status == LOOM_OK && found)
      status =
          loom_stored_polls_add(source->database, source->days[i].statement, 1, day, polls, error);
  }
  return status;
}

/* Puts the nearest poll before the query's range in front of the others, unless one is there already. */
static loom_status add_before(struct sqlite_source *source, int64_t store, int64_t first_poll,
                              int64_t newest_poll, struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  if (first_poll >= source->query.from ||
      (polls->count && loom_poll_instant(polls->items[0]) < source->query.from))
    return LOOM_OK;
  struct loom_polls earlier = {0};
  if (newest_poll < source->query.from) /* silent since then: no need to look through the days */
    status = read_block(source, loom_date_of_instant(newest_poll), store, &earlier, error);
  for (size_t i = source->first_day; status == LOOM_OK && i-- > 0 && earlier.count == 0;)
    status = read_block(source, source->all_days[i], store, &earlier, error);
  if (status == LOOM_OK && earlier.count) {
    if (loom_polls_reserve(polls, polls->count + 1)) {
      memmove(polls->items + 1, polls->items, polls->count * sizeof *polls->items);
      polls->items[0] = earlier.items[earlier.count - 1];
      polls->count++;
    } else {
      status = loom_no_memory(error);
    }
  }
  loom_polls_free(&earlier);
  return status;
}

/* Appends the nearest poll after the range, up to as_of, unless one is there already. */
static loom_status add_after(struct sqlite_source *source, int64_t store, int64_t newest_poll,
                             struct loom_polls *polls, loom_error *error) {
  loom_status status = LOOM_OK;
  size_t before = polls->count;
  int32_t last = loom_date_of_instant(source->query.as_of);
  if (source->query.to >= source->query.as_of || newest_poll <= source->query.to ||
      (before && loom_poll_instant(polls->items[before - 1]) > source->query.to))
    return LOOM_OK;
  for (size_t i = source->first_day + source->day_count;
       status == LOOM_OK && i < source->all_day_count && source->all_days[i] <= last &&
       polls->count == before;
       i++)
    status = read_block(source, source->all_days[i], store, polls, error);
  return status;
}

static bool matches(const struct loom_selection *selection, const char *id, size_t length) {
  for (size_t i = 0; i < selection->glob_count; i++)
    if (sqlite3_strglob(selection->globs[i], id) == 0)
      return true;
  if (selection->ids)
    return loom_id_table_find(selection->ids, id, length) != LOOM_NO_NUMBER;
  return selection->glob_count == 0;
}

static loom_status read_store(struct sqlite_source *source, struct loom_store *store,
                              loom_error *error) {
  sqlite3_stmt *row = source->stores.statement;
  size_t id_length, zone_length;
  const char *id = loom_column_bytes(row, 1, &id_length),
             *zone = loom_column_bytes(row, 2, &zone_length);
  if (!id || id_length > LOOM_ID_MAX || zone_length >= LOOM_ZONE_NAME_MAX)
    return loom_database_corrupt(source->database, error, "a store cannot be read");
  memcpy(store->id, id, id_length);
  store->id[id_length] = '\0';
  store->id_length = id_length;
  memcpy(store->zone, zone ? zone : "", zone_length);
  store->zone[zone_length] = '\0';
  return LOOM_OK;
}

/* Whether the store that the cursor stands on belongs in the report. */
static loom_status is_wanted(struct sqlite_source *source, bool *wanted, loom_error *error) {
  const struct loom_selection *selection = &source->query.selection;
  sqlite3_stmt *row = source->stores.statement;
  *wanted = sqlite3_column_type(row, 3) != SQLITE_NULL;
  if (*wanted || !selection->all_stores)
    return LOOM_OK;
  *wanted = sqlite3_column_type(row, 2) != SQLITE_NULL;
  return *wanted ? LOOM_OK : seek(source, &source->hours, source->stores.store, wanted, error);
}

/* Fills what the other tables hold of the store that the cursor stands on. */
static loom_status take_store(struct sqlite_source *source, struct loom_store *store,
                              loom_error *error) {
  sqlite3_stmt *row = source->stores.statement;
  int64_t number = source->stores.store;
  bool polled = sqlite3_column_type(row, 3) != SQLITE_NULL;
  loom_status status = take_hours(source, number, &store->hours, error);
  store->polls.count = 0;
  if (status == LOOM_OK)
    status = take_special_days(source, number, &store->special_days, error);
  if (status == LOOM_OK)
    status = take_exclusions(source, number, &store->exclusions, error);
  if (source->query.no_polls)
    return status;
  if (status == LOOM_OK)
    status = take_polls(source, number, &store->polls, error);
  if (status != LOOM_OK || !polled || !source->query.neighbours)
    return status;
  int64_t first_poll, newest_poll = 0;
  status = loom_stored_instant(source->database, row, 3, "the first poll of a store", &first_poll,
                               error);
  if (status == LOOM_OK)
    status = loom_stored_instant(source->database, row, 4, "the newest poll of a store",
                                 &newest_poll, error);
  if (status == LOOM_OK)
    status = add_before(source, number, first_poll, newest_poll, &store->polls, error);
  if (status == LOOM_OK)
    status = add_after(source, number, newest_poll, &store->polls, error);
  return status;
}

/* Moves all cursors to the next store of the selection that there is; LOOM_DONE when there are no more. */
static loom_status look_next_up(struct sqlite_source *source, loom_error *error) {
  const struct loom_id_table *ids = source->query.selection.ids;
  loom_status status = LOOM_OK;
  source->stores.store = INT64_MAX;
  while (status == LOOM_OK && source->stores.store == INT64_MAX) {
    size_t length;
    if (source->next_id == ids->count)
      return LOOM_DONE;
    const char *id = loom_id_table_get(ids, source->next_id++, &length);
    sqlite3_reset(source->stores.statement);
    sqlite3_bind_text(source->stores.statement, 3, id, (int)length, SQLITE_STATIC);
    source->stores.store = INT64_MIN;
    status = step(source, &source->stores, error);
  }
  int64_t store = source->stores.store;
  if (status == LOOM_OK)
    status = look_up(source, &source->hours, store, error);
  if (status == LOOM_OK)
    status = look_up(source, &source->special_days, store, error);
  if (status == LOOM_OK)
    status = look_up(source, &source->exclusions, store, error);
  return status;
}

static loom_status next(loom_source *base, struct loom_store *store, loom_error *error) {
  struct sqlite_source *source = (struct sqlite_source *)base;
  loom_status status = source->in_snapshot ? LOOM_OK : loom_holder_failure(source->database, error);
  bool taken = false;
  while (status == LOOM_OK && !taken) {
    if (source->looking_up)
      status = look_next_up(source, error);
    else if (source->stores.store == INT64_MAX)
      status = LOOM_DONE;
    if (status == LOOM_OK)
      status = is_wanted(source, &taken, error);
    if (status == LOOM_OK && taken) {
      status = read_store(source, store, error);
      taken = status == LOOM_OK && matches(&source->query.selection, store->id, store->id_length);
    }
    if (status == LOOM_OK && taken)
      status = take_store(source, store, error);
    if (status == LOOM_OK && !source->looking_up)
      status = step(source, &source->stores, error);
  }
  return status;
}

loom_source *loom_source_sqlite(loom_database *database) {
  struct sqlite_source *source = calloc(1, sizeof *source);
  if (!source)
    return NULL;
  source->base = (loom_source){.snapshot = snapshot,
                               .newest = newest,
                               .select = select_stores,
                               .next = next,
                               .release = release,
                               .free = free_source};
  source->database = loom_database_retain(database);
  return &source->base;
}

loom_source *loom_source_sqlite_shared(loom_database *database) {
  loom_source *source = loom_source_sqlite(database);
  if (source)
    ((struct sqlite_source *)source)->shared = true;
  return source;
}
