/*
** The database as a roster, in one of two ways. A scan reads every table in order of store number, by a cursor each, so that it
** passes over the data once and holds one store at a time; slices of it are read by other connections. Look-ups, where few stores are wanted, ask every table for one store
** after the other.
*/
#include "sqlite/roster_sqlite.h"
#include "measure/layers.h"
#include "sqlite/cursor.h"
#include "sqlite/statement.h"
#include "sqlite/stored_exclusion.h"
#include "sqlite/stored_hours.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One store in so many, or more, are read by a scan: a look-up costs about as much as passing over ten stores. */
#define LOOK_UP_SHARE 16

/* Rows for every store have a NULL store, which reads as 0 and sorts before all numbers. */
#define EVERY_STORE 0

/* Parameters of the statements below: the store that is looked up, or the first one that is wanted, and the query's range. */
enum { STORE = 1, FROM, TO };

struct sqlite_roster {
  loom_roster roster; /* the first member */
  struct loom_part part;
  loom_database *database;
  const struct loom_id_table *looked_up; /* ids, one after the other; NULL: a scan */
  struct loom_slices *slices;            /* of store numbers from `first` on, or of `looked_up` */
  uint64_t place, slice_end, places;     /* the next one to look at; all that there are */
  int64_t first;
  int64_t from, to; /* of the query */
  struct loom_cursor stores, hours, special_days, exclusions;
  struct loom_layers layers;
};

static struct sqlite_roster *of_head(loom_roster *roster) {
  return (struct sqlite_roster *)roster;
}

/* ---- snapshot ---- */

static void close_cursors(struct sqlite_roster *roster) {
  loom_cursor_close(&roster->stores);
  loom_cursor_close(&roster->hours);
  loom_cursor_close(&roster->special_days);
  loom_cursor_close(&roster->exclusions);
  loom_layers_empty(&roster->layers); /* a failure may have left half a store's there */
  roster->place = roster->slice_end = 0;
}

static void end(loom_roster *head) {
  struct sqlite_roster *roster = of_head(head);
  close_cursors(roster);
  loom_snapshot_end(&roster->part);
}

static void let_go(struct loom_holder *holder) {
  end((loom_roster *)((char *)holder - offsetof(struct sqlite_roster, part.holder)));
}

static loom_status begin(loom_roster *head, loom_error *error) {
  return loom_snapshot_begin(&of_head(head)->part, let_go, error);
}

static void free_roster(loom_roster *head) {
  struct sqlite_roster *roster = of_head(head);
  end(head);
  loom_layers_free(&roster->layers);
  loom_snapshot_free(roster->part.snapshot);
  free(roster);
}

/* ---- rows ---- */

static loom_status read_date(struct sqlite_roster *roster, sqlite3_stmt *row, int column,
                             int32_t *date, loom_error *error) {
  size_t length;
  const char *text = loom_column_bytes(row, column, &length);
  if (!text || loom_parse_date(text, length, date))
    return loom_database_corrupt(roster->database, error, "a date cannot be read");
  return LOOM_OK;
}

static loom_status take_hours(struct sqlite_roster *roster, int64_t store,
                              struct loom_hours_list *hours, loom_error *error) {
  struct loom_cursor *cursor = &roster->hours;
  bool found;
  loom_status status = loom_cursor_seek(cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    sqlite3_stmt *row = cursor->statement;
    bool override = loom_stored_week_override(row, 1);
    status = loom_stored_week_read(
        row, 1, override ? &roster->layers.override.hours : &roster->layers.file.hours);
    if (status == LOOM_ENOMEM)
      return loom_no_memory(error);
    if (status != LOOM_OK)
      return loom_database_corrupt(roster->database, error, "hours cannot be read");
    status = loom_cursor_step(cursor, error);
  }
  if (status == LOOM_OK && !loom_layers_hours(&roster->layers, hours))
    return loom_no_memory(error);
  return status;
}

static loom_status read_special_day(struct sqlite_roster *roster, sqlite3_stmt *row,
                                    struct loom_special_day *day, loom_error *error) {
  *day = (struct loom_special_day){.open = LOOM_CLOSED, .close = LOOM_CLOSED};
  loom_status status = read_date(roster, row, 1, &day->date, error);
  if (status == LOOM_OK && sqlite3_column_type(row, 2) != SQLITE_NULL &&
      !(loom_stored_time_read(row, 2, &day->open) && loom_stored_time_read(row, 3, &day->close)))
    status = loom_database_corrupt(roster->database, error, "a special day cannot be read");
  return status;
}

static loom_status take_special_days(struct sqlite_roster *roster, int64_t store,
                                     struct loom_special_days *days, loom_error *error) {
  struct loom_cursor *cursor = &roster->special_days;
  struct loom_layers *layers = &roster->layers;
  bool found;
  loom_status status = loom_cursor_seek(cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    struct loom_special_day day;
    bool override = sqlite3_column_int(cursor->statement, 4);
    status = read_special_day(roster, cursor->statement, &day, error);
    if (status == LOOM_OK &&
        !loom_special_days_add(override ? &layers->override.days : &layers->file.days, day))
      status = loom_no_memory(error);
    if (status == LOOM_OK)
      status = loom_cursor_step(cursor, error);
  }
  if (status == LOOM_OK && !loom_layers_days(layers, days))
    status = loom_no_memory(error);
  return status;
}

/* Keeps one that reaches into the range of instants that is asked for; of rules those that may. */
static bool keep_exclusion(const struct sqlite_roster *roster,
                           const struct loom_stored_exclusion *exclusion, struct loom_spans *spans,
                           struct loom_exclusion_rules *rules) {
  struct loom_exclusion_rule rule = {.from = exclusion->from, .to = exclusion->to};
  if (!exclusion->zone)
    return exclusion->to <= roster->from || exclusion->from >= roster->to ||
           loom_spans_add(spans, exclusion->from, exclusion->to);
  memcpy(rule.zone, exclusion->zone, exclusion->zone_length);
  return loom_exclusion_rules_add(rules, rule, exclusion->week, exclusion->week_size);
}

static loom_status take_exclusions(struct sqlite_roster *roster, int64_t store,
                                   struct loom_spans *spans, struct loom_exclusion_rules *rules,
                                   loom_error *error) {
  struct loom_cursor *cursor = &roster->exclusions;
  bool found;
  spans->count = 0;
  loom_exclusion_rules_clear(rules);
  loom_status status = loom_cursor_seek(cursor, store, &found, error);
  while (status == LOOM_OK && cursor->store == store) {
    struct loom_stored_exclusion exclusion;
    status = loom_stored_exclusion_read(roster->database, cursor->statement, 1, &exclusion, error);
    if (status == LOOM_OK && !keep_exclusion(roster, &exclusion, spans, rules))
      status = loom_no_memory(error);
    if (status == LOOM_OK)
      status = loom_cursor_step(cursor, error);
  }
  return status;
}

/* ---- open ---- */

#define STORE_COLUMNS                                                                              \
  "SELECT number, store_id, ifnull(timezone_override, timezone), first_poll, newest_poll,"         \
  " newest_active FROM main.store"
#define HOURS_COLUMNS "SELECT store, " LOOM_STORED_WEEK_COLUMNS " FROM main.hours_week"
#define SPECIAL_DAY_COLUMNS                                                                        \
  "SELECT store, date, open_s, close_s, origin = 'override' FROM main.special_day"
#define EXCLUSION_COLUMNS "SELECT store, " LOOM_STORED_EXCLUSION_COLUMNS " FROM main.exclusion"

static const struct roster_sql {
  const char *stores, *hours, *special_days, *exclusions;
} scan_sql = {STORE_COLUMNS " WHERE number >= ?1 ORDER BY number",
              HOURS_COLUMNS " WHERE store >= ?1 ORDER BY store, origin, effective_from",
              SPECIAL_DAY_COLUMNS " WHERE store >= ?1 ORDER BY store, date",
              EXCLUSION_COLUMNS
              " WHERE store >= ?1 AND to_us > ?2 AND from_us < ?3 ORDER BY store, from_us"},
  look_up_sql = {STORE_COLUMNS " WHERE store_id = ?1",
                 HOURS_COLUMNS " WHERE store = ?1 ORDER BY origin, effective_from",
                 SPECIAL_DAY_COLUMNS " WHERE store IS ?1 ORDER BY date",
                 EXCLUSION_COLUMNS
                 " WHERE store IS ?1 AND to_us > ?2 AND from_us < ?3 ORDER BY from_us"};

/* Decides how stores are read, and what their places are. */
static loom_status choose_way(struct sqlite_roster *roster, const struct loom_id_table *ids,
                              struct loom_roster_order *order, loom_error *error) {
  int64_t count = 0, last = 0;
  loom_status status = LOOM_OK;
  if (!ids ||
      ids->count >
          1) /* one store is looked up however many there are: to count them would take longer */
    status =
        loom_database_number(roster->database, "SELECT count(*) FROM main.store", &count, error);
  roster->looked_up = ids && ids->count <= 1 + count / LOOK_UP_SHARE ? ids : NULL;
  order->in_order = !roster->looked_up;
  order->most = roster->places = roster->looked_up ? ids->count : (uint64_t)count;
  if (status != LOOM_OK || roster->looked_up || count == 0)
    return status;
  status = loom_database_number(roster->database, "SELECT min(number) FROM main.store",
                                &roster->first, error);
  if (status == LOOM_OK)
    status =
        loom_database_number(roster->database, "SELECT max(number) FROM main.store", &last, error);
  roster->places = (uint64_t)last - (uint64_t)roster->first + 1;
  return status;
}

/* A bound of the query, as far as rules must be looked for beyond it. */
static int64_t beyond(int64_t bound, int64_t by) {
  bool far = by < 0 ? bound < INT64_MIN - by : bound > INT64_MAX - by;
  return far ? bound : bound + by;
}

/* Opens a cursor on rows that belong to the stores. */
static loom_status open_rows(struct sqlite_roster *roster, const char *sql,
                             const struct loom_roster_query *query, struct loom_cursor *cursor,
                             loom_error *error) {
  loom_status status = loom_cursor_open(cursor, roster->database, sql, error);
  if (status == LOOM_OK && sqlite3_bind_parameter_count(cursor->statement) >= TO) {
    sqlite3_bind_int64(cursor->statement, FROM, beyond(query->from, -LOOM_RULE_REACH));
    sqlite3_bind_int64(cursor->statement, TO, beyond(query->to, LOOM_RULE_REACH));
  }
  return status;
}

/* Reads what holds for every store: rows whose store is NULL, as the parameter is that has not been bound. */
static loom_status read_common(struct sqlite_roster *roster, const struct loom_roster_query *query,
                               struct loom_common *common, loom_error *error) {
  loom_status status =
      open_rows(roster, look_up_sql.special_days, query, &roster->special_days, error);
  if (status == LOOM_OK)
    status = loom_cursor_step(&roster->special_days, error);
  if (status == LOOM_OK)
    status = take_special_days(roster, EVERY_STORE, &common->special_days, error);
  if (status == LOOM_OK)
    status = open_rows(roster, look_up_sql.exclusions, query, &roster->exclusions, error);
  if (status == LOOM_OK)
    status = loom_cursor_step(&roster->exclusions, error);
  if (status == LOOM_OK)
    status = take_exclusions(roster, EVERY_STORE, &common->exclusions, &common->rules, error);
  loom_cursor_close(&roster->special_days);
  loom_cursor_close(&roster->exclusions);
  return status;
}

static loom_status open_roster(loom_roster *head, const struct loom_roster_query *query,
                               struct loom_common *common, struct loom_roster_order *order,
                               loom_error *error) {
  struct sqlite_roster *roster = of_head(head);
  close_cursors(roster);
  roster->slices = query->slices;
  roster->from = query->from;
  roster->to = query->to;
  loom_status status = choose_way(roster, query->ids, order, error);
  const struct roster_sql *sql = roster->looked_up ? &look_up_sql : &scan_sql;
  if (status == LOOM_OK)
    status = read_common(roster, query, common, error);
  if (status == LOOM_OK)
    status = loom_cursor_open(&roster->stores, roster->database, sql->stores, error);
  if (status == LOOM_OK)
    status = open_rows(roster, sql->hours, query, &roster->hours, error);
  if (status == LOOM_OK)
    status = open_rows(roster, sql->special_days, query, &roster->special_days, error);
  if (status == LOOM_OK)
    status = open_rows(roster, sql->exclusions, query, &roster->exclusions, error);
  return status;
}

/* ---- next ---- */

/* Goes to the next place that no other reader has. False: there are no more. */
static bool take_place(struct sqlite_roster *roster) {
  return roster->place < roster->slice_end ||
         loom_slices_take(roster->slices, roster->places, &roster->place, &roster->slice_end);
}

/* Moves all cursors to the next store that there is; the one of stores to its end when there are no more. */
static loom_status look_next_up(struct sqlite_roster *roster, loom_error *error) {
  struct loom_cursor *stores = &roster->stores;
  loom_status status = LOOM_OK;
  stores->store = INT64_MAX;
  while (status == LOOM_OK && stores->store == INT64_MAX) {
    size_t length;
    if (!take_place(roster))
      return LOOM_OK;
    const char *id = loom_id_table_get(roster->looked_up, (uint32_t)roster->place++, &length);
    sqlite3_reset(stores->statement);
    sqlite3_bind_text(stores->statement, STORE, id, (int)length, SQLITE_STATIC);
    stores->store = INT64_MIN;
    status = loom_cursor_step(stores, error);
  }
  if (status == LOOM_OK)
    status = loom_cursor_look_up(&roster->hours, stores->store, error);
  if (status == LOOM_OK)
    status = loom_cursor_look_up(&roster->special_days, stores->store, error);
  if (status == LOOM_OK)
    status = loom_cursor_look_up(&roster->exclusions, stores->store, error);
  return status;
}

/* Moves the cursor of stores to the next one of this reader's, or to its end; the other cursors follow when they are read. */
static loom_status scan_on(struct sqlite_roster *roster, loom_error *error) {
  struct loom_cursor *stores = &roster->stores;
  loom_status status = LOOM_OK;
  bool found = false;
  while (status == LOOM_OK && !found) {
    if (!take_place(roster)) {
      stores->store = INT64_MAX;
      return LOOM_OK;
    }
    int64_t wanted = (int64_t)((uint64_t)roster->first + roster->place);
    status = loom_cursor_seek(stores, wanted, &found, error);
    uint64_t place = (uint64_t)stores->store - (uint64_t)roster->first;
    found = stores->store != INT64_MAX && place < roster->slice_end;
    if (!found) /* the next store is in another slice */
      loom_slices_skip(roster->slices, place);
    roster->place = found ? place + 1 : roster->slice_end;
  }
  return status;
}

static loom_status read_store(struct sqlite_roster *roster, struct loom_store *store,
                              loom_error *error) {
  sqlite3_stmt *row = roster->stores.statement;
  size_t id_length, zone_length;
  const char *id = loom_column_bytes(row, 1, &id_length),
             *zone = loom_column_bytes(row, 2, &zone_length);
  if (!id || id_length > LOOM_ID_MAX || zone_length >= LOOM_ZONE_NAME_MAX)
    return loom_database_corrupt(roster->database, error, "a store cannot be read");
  memcpy(store->id, id, id_length);
  store->id[id_length] = '\0';
  store->id_length = id_length;
  memcpy(store->zone, zone ? zone : "", zone_length);
  store->zone[zone_length] = '\0';
  store->number = roster->stores.store;
  store->polled = sqlite3_column_type(row, 3) != SQLITE_NULL;
  return LOOM_OK;
}

static loom_status next(loom_roster *head, struct loom_store *store, loom_error *error) {
  struct sqlite_roster *roster = of_head(head);
  loom_status status = loom_snapshot_check(&roster->part, error);
  if (status == LOOM_OK)
    status = roster->looked_up ? look_next_up(roster, error) : scan_on(roster, error);
  if (status == LOOM_OK && roster->stores.store == INT64_MAX)
    return LOOM_DONE;
  return status == LOOM_OK ? read_store(roster, store, error) : status;
}

static loom_status fill(loom_roster *head, struct loom_store *store, loom_error *error) {
  struct sqlite_roster *roster = of_head(head);
  sqlite3_stmt *row = roster->stores.statement;
  loom_status status = take_hours(roster, store->number, &store->hours, error);
  if (status == LOOM_OK)
    status = take_special_days(roster, store->number, &store->special_days, error);
  if (status == LOOM_OK)
    status = take_exclusions(roster, store->number, &store->exclusions, &store->rules, error);
  if (status == LOOM_OK && store->polled)
    status = loom_stored_instant(roster->database, row, 3, "the first poll of a store",
                                 &store->first_poll, error);
  if (status == LOOM_OK && store->polled)
    status = loom_stored_instant(roster->database, row, 4, "the newest poll of a store",
                                 &store->newest_poll, error);
  store->newest_active = sqlite3_column_int(row, 5);
  return status;
}

static const struct loom_roster_type type = {.begin = begin,
                                             .open = open_roster,
                                             .next = next,
                                             .fill = fill,
                                             .end = end,
                                             .free = free_roster};

loom_roster *loom_roster_sqlite(struct loom_snapshot *snapshot) {
  struct sqlite_roster *roster = calloc(1, sizeof *roster);
  if (!roster)
    return NULL;
  roster->roster.type = &type;
  roster->database = snapshot->database;
  loom_snapshot_join(snapshot, &roster->part);
  return &roster->roster;
}
