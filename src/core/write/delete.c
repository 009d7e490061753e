/*
** Removing polls of a store, or all of it.
**
** Which days have polls of the store is not stored, so that all days are looked at: one look-up each.
*/
#include "write/delete.h"
#include "sqlite/head.h"
#include "sqlite/changes.h"
#include "sqlite/statement.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"
#include "write/audit.h"
#include "write/removal_text.h"

#include <stddef.h>
#include <string.h>

/* A store, and what its blocks are read and changed by. */
struct work {
  loom_database *database;
  int64_t store; /* its number */
  bool has_polls;
  int64_t first_poll, newest_poll; /* if it has */
  bool newest_active;
  sqlite3_stmt *find, *update, *delete;
  struct loom_polls polls; /* of the block that was found last */
};

/* ---- statements ---- */

/* Takes a statement whose parameter 1 is the store's number. */
static loom_status statement(struct work *work, const char *sql, sqlite3_stmt **out,
                             loom_error *error) {
  loom_status status = loom_statement_get(work->database, sql, out, error);
  if (status == LOOM_OK)
    sqlite3_bind_int64(*out, 1, work->store);
  return status;
}

/* Runs a statement about the store; *changes, unless it is NULL, is how many rows it has changed. */
static loom_status run(struct work *work, const char *sql, int64_t *changes, loom_error *error) {
  sqlite3_stmt *once = NULL;
  loom_status status = statement(work, sql, &once, error);
  if (status == LOOM_OK)
    status = loom_database_run(work->database, once, error);
  if (status == LOOM_OK && changes)
    *changes += sqlite3_changes(work->database->sqlite);
  loom_statement_keep(work->database, once, false);
  return status;
}

static loom_status count(struct work *work, const char *sql, int64_t *number, loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status = statement(work, sql, &row, error);
  if (status == LOOM_OK && sqlite3_step(row) != SQLITE_ROW)
    status = loom_database_failure(work->database, error);
  if (status == LOOM_OK)
    *number = sqlite3_column_int64(row, 0);
  loom_statement_keep(work->database, row, false);
  return status;
}

/* ---- the store ---- */

static loom_status read_reach(struct work *work, sqlite3_stmt *row, loom_error *error) {
  work->has_polls = sqlite3_column_type(row, 1) != SQLITE_NULL;
  if (!work->has_polls)
    return LOOM_OK;
  loom_status status = loom_stored_instant(work->database, row, 1, "the first poll of a store",
                                           &work->first_poll, error);
  if (status == LOOM_OK)
    status = loom_stored_instant(work->database, row, 2, "the newest poll of a store",
                                 &work->newest_poll, error);
  return status;
}

static loom_status find_store(struct work *work, const struct loom_removal *removal,
                              loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status = loom_statement_get(
      work->database, "SELECT number, first_poll, newest_poll FROM store WHERE store_id = ?", &row,
      error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_text(row, 1, removal->id, (int)removal->id_length, SQLITE_STATIC);
  int step = sqlite3_step(row);
  if (step == SQLITE_ROW) {
    work->store = sqlite3_column_int64(row, 0);
    status = read_reach(work, row, error);
  } else if (step == SQLITE_DONE) {
    char id[LOOM_QUOTED_SIZE];
    status = loom_fail(error, LOOM_ENOENT, "store %s is not known",
                       loom_quote(id, removal->id, removal->id_length));
  } else {
    status = loom_database_failure(work->database, error);
  }
  loom_statement_keep(work->database, row, false);
  return status;
}

static loom_status open_work(struct work *work, loom_database *database,
                             const struct loom_removal *removal, loom_error *error) {
  *work = (struct work){.database = database};
  loom_status status = find_store(work, removal, error);
  if (status == LOOM_OK)
    status = statement(work, "SELECT polls FROM poll_block WHERE store = ?1 AND day = ?2",
                       &work->find, error);
  if (status == LOOM_OK)
    status = statement(work, "UPDATE poll_block SET polls = ?3 WHERE store = ?1 AND day = ?2",
                       &work->update, error);
  if (status == LOOM_OK)
    status = statement(work, "DELETE FROM poll_block WHERE store = ?1 AND day = ?2", &work->delete,
                       error);
  return status;
}

static void close_work(struct work *work) {
  loom_statement_keep(work->database, work->find, false);
  loom_statement_keep(work->database, work->update, false);
  loom_statement_keep(work->database, work->delete, false);
  loom_polls_free(&work->polls);
}

/* Reads the store's polls of a day, of which there may be none. */
static loom_status read_block(struct work *work, int32_t day, loom_error *error) {
  loom_status status = LOOM_OK;
  work->polls.count = 0;
  sqlite3_bind_int(work->find, 2, day);
  int step = sqlite3_step(work->find);
  if (step == SQLITE_ROW)
    status = loom_stored_polls_add(work->database, work->find, 0, day, &work->polls, error);
  else if (step != SQLITE_DONE)
    status = loom_database_failure(work->database, error);
  sqlite3_reset(work->find);
  return status;
}

/* ---- days ---- */

/* What a walk over the store's days calls for each that it has polls of, which are in work->polls.
 * LOOM_DONE ends it. */
typedef loom_status day_fn(struct work *work, int32_t day, void *context, loom_error *error);

static loom_status each_day(struct work *work, enum loom_direction direction, int32_t from,
                            day_fn *visit, void *context, loom_error *error) {
  struct loom_stored_days days;
  int32_t day;
  loom_status status = loom_stored_days_begin(&days, work->database, direction, from, error);
  while (status == LOOM_OK && (status = loom_stored_days_next(&days, &day, error)) == LOOM_OK) {
    status = read_block(work, day, error);
    if (status == LOOM_OK && work->polls.count)
      status = visit(work, day, context, error);
  }
  loom_stored_days_end(&days);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* What is removed of the days. */
struct selection {
  const struct loom_removal *removal;
  struct loom_removed *removed;
  size_t blocks; /* that may still be changed */
  bool is_left;  /* there is more to remove */
};

static int64_t first_of(const struct loom_removal *removal) {
  return removal->whole_store ? LOOM_INSTANT_MIN : removal->from;
}

static int64_t last_of(const struct loom_removal *removal) {
  return removal->whole_store ? LOOM_INSTANT_MAX : removal->to;
}

static loom_status survey_day(struct work *work, int32_t day, void *context, loom_error *error) {
  struct selection *selection = context;
  struct loom_removed *removed = selection->removed;
  const struct loom_polls *polls = &work->polls;
  size_t first = loom_polls_before(polls, first_of(selection->removal));
  size_t end = loom_polls_before(polls, last_of(selection->removal) + 1);
  (void)error;
  loom_poll_extent_add(&removed->kept, day, polls->items, first);
  loom_poll_extent_add(&removed->gone, day, polls->items + first, end - first);
  loom_poll_extent_add(&removed->kept, day, polls->items + end, polls->count - end);
  return LOOM_OK;
}

/* Writes what is left of a block, or removes it. */
static loom_status write_block(struct work *work, int32_t day, loom_error *error) {
  struct loom_polls *polls = &work->polls;
  sqlite3_stmt *change = polls->count ? work->update : work->delete;
  sqlite3_bind_int(change, 2, day);
  if (polls->count) {
    loom_poll_block_encode(polls->items, polls->count);
    sqlite3_bind_blob64(change, 3, polls->items, polls->count * sizeof(loom_poll), SQLITE_STATIC);
  }
  return loom_database_run(work->database, change, error);
}

static loom_status remove_day(struct work *work, int32_t day, void *context, loom_error *error) {
  struct selection *selection = context;
  struct loom_polls *polls = &work->polls;
  size_t first = loom_polls_before(polls, first_of(selection->removal));
  size_t end = loom_polls_before(polls, last_of(selection->removal) + 1);
  if (day > loom_date_of_instant(last_of(selection->removal)))
    return LOOM_DONE;
  if (first == end)
    return LOOM_OK;
  if (selection->blocks == 0) {
    selection->is_left = true;
    return LOOM_DONE;
  }
  selection->blocks--;
  loom_poll_extent_add(&selection->removed->gone, day, polls->items + first, end - first);
  memmove(polls->items + first, polls->items + end, (polls->count - end) * sizeof *polls->items);
  polls->count -= end - first;
  return write_block(work, day, error);
}

/* ---- what is derived from polls ---- */

static loom_status take_first(struct work *work, int32_t day, void *context, loom_error *error) {
  (void)day, (void)context, (void)error;
  work->first_poll = loom_poll_instant(work->polls.items[0]);
  work->has_polls = true;
  return LOOM_DONE;
}

static loom_status take_newest(struct work *work, int32_t day, void *context, loom_error *error) {
  (void)day, (void)context, (void)error;
  loom_poll newest = work->polls.items[work->polls.count - 1];
  work->newest_poll = loom_poll_instant(newest);
  work->newest_active = loom_poll_active(newest);
  return LOOM_DONE;
}

static loom_status write_reach(struct work *work, loom_error *error) {
  sqlite3_stmt *update = NULL;
  loom_status status =
      statement(work,
                "UPDATE store SET first_poll = ?2, newest_poll = ?3, newest_active = ?4,"
                " turned = CASE WHEN newest_active <> ?4 THEN " LOOM_WRITE_NUMBER
                " ELSE turned END,"
                " changed = " LOOM_WRITE_NUMBER " WHERE number = ?1",
                &update, error);
  if (status == LOOM_OK && work->has_polls) { /* else they stay NULL */
    sqlite3_bind_int64(update, 2, work->first_poll);
    sqlite3_bind_int64(update, 3, work->newest_poll);
    sqlite3_bind_int(update, 4, work->newest_active);
  }
  if (status == LOOM_OK)
    status = loom_database_run(work->database, update, error);
  loom_statement_keep(work->database, update, false);
  return status;
}

/* The newest poll of all, where it was the store's. */
static loom_status update_overall(struct work *work, loom_error *error) {
  return loom_database_execute(
      work->database, "UPDATE overall SET newest_poll = (SELECT max(newest_poll) FROM store)",
      error);
}

/* Finds the store's first and newest poll anew, from where they were. */
static loom_status update_reach(struct work *work, loom_error *error) {
  int64_t newest = work->newest_poll;
  if (!work->has_polls)
    return loom_database_corrupt(work->database, error, "a store without a first poll has polls");
  work->has_polls = false;
  loom_status status =
      each_day(work, LOOM_FORWARD, loom_date_of_instant(work->first_poll), take_first, NULL, error);
  if (status == LOOM_OK && work->has_polls)
    status = each_day(work, LOOM_BACKWARD, loom_date_of_instant(newest), take_newest, NULL, error);
  if (status == LOOM_OK)
    status = write_reach(work, error);
  if (status == LOOM_OK && (!work->has_polls || work->newest_poll != newest))
    status = update_overall(work, error);
  return status;
}

/* ---- the rest of a store ---- */

#define OF_STORE " WHERE store = ?1"

static const struct {
  const char *count, *remove;
  size_t offset; /* in struct loom_removed */
} tables[] = {
    {"SELECT ifnull(sum(max(length(openings) / 5, 1)), 0) FROM hours_week" OF_STORE,
     "DELETE FROM hours_week" OF_STORE, offsetof(struct loom_removed, hours)},
    {"SELECT count(*) FROM special_day" OF_STORE, "DELETE FROM special_day" OF_STORE,
     offsetof(struct loom_removed, special_days)},
    {"SELECT count(*) FROM exclusion" OF_STORE, "DELETE FROM exclusion" OF_STORE,
     offsetof(struct loom_removed, exclusions)},
    {"SELECT count(*) FROM attribute" OF_STORE, "DELETE FROM attribute" OF_STORE,
     offsetof(struct loom_removed, attributes)},
};

static loom_status count_rest(struct work *work, struct loom_removed *removed, loom_error *error) {
  int64_t zones = 0;
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < sizeof tables / sizeof *tables; i++)
    status = count(work, tables[i].count, (int64_t *)((char *)removed + tables[i].offset), error);
  if (status == LOOM_OK)
    status = count(work,
                   "SELECT count(ifnull(timezone_override, timezone)) FROM store WHERE number = ?1",
                   &zones, error);
  removed->timezone = zones > 0;
  return status;
}

/*
** That nothing refers to the store has been seen to. SQLite would read all blocks of all stores to see for itself,
** since they are in order of day.
*/
static loom_status remove_row(struct work *work, loom_error *error) {
  sqlite3 *sqlite = work->database->sqlite;
  sqlite3_db_config(sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
  loom_status status = run(work, "DELETE FROM store WHERE number = ?1", NULL, error);
  sqlite3_db_config(sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  return status;
}

static loom_status remove_rest(struct work *work, struct loom_removed *removed, loom_error *error) {
  loom_status status = count_rest(work, removed, error);
  for (size_t i = 0; status == LOOM_OK && i < sizeof tables / sizeof *tables; i++)
    status = run(work, tables[i].remove, NULL, error);
  return status == LOOM_OK ? remove_row(work, error) : status;
}

/* ---- the whole ---- */

static loom_status survey(struct work *work, const struct loom_removal *removal,
                          struct loom_removed *removed, loom_error *error) {
  struct selection selection = {.removal = removal, .removed = removed};
  loom_status status = each_day(work, LOOM_FORWARD, LOOM_DATE_MIN, survey_day, &selection, error);
  return status == LOOM_OK && removal->whole_store ? count_rest(work, removed, error) : status;
}

loom_status loom_delete_survey(loom_database *database, const struct loom_removal *removal,
                               struct loom_removed *removed, loom_error *error) {
  struct work work;
  *removed = (struct loom_removed){0};
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_refuse(database, error);
  if (status != LOOM_OK) {
    loom_database_end_read(database);
    return status;
  }
  status = open_work(&work, database, removal, error);
  if (status == LOOM_OK)
    status = survey(&work, removal, removed, error);
  close_work(&work);
  loom_database_end_read(database);
  return status;
}

/* Tells the audit what a step has removed, unless that is nothing. */
static loom_status note_removed(loom_database *database, const struct loom_removal *removal,
                                const struct loom_removed *removed, bool of_store,
                                loom_error *error) {
  if (removed->gone.polls == 0 && !of_store)
    return LOOM_OK;
  struct loom_text text = {0};
  struct loom_audit_entry entry = {.author = &removal->author,
                                   .kind = of_store ? "store" : "polls",
                                   .store = removal->id,
                                   .store_length = removal->id_length};
  loom_status status = LOOM_OK;
  if (!loom_removed_put(&text, &removed->gone, of_store ? removed : NULL))
    status = loom_no_memory(error);
  entry.before = text.bytes;
  entry.before_length = text.length;
  if (status == LOOM_OK)
    status = loom_audit_add(database, &entry, error);
  if (status == LOOM_OK)
    status = loom_audit_trim(database, error);
  loom_text_free(&text);
  return status;
}

static void add_removed(struct loom_removed *all, const struct loom_removed *step) {
  loom_poll_extent_join(&all->gone, &step->gone);
  all->hours += step->hours;
  all->special_days += step->special_days;
  all->exclusions += step->exclusions;
  all->attributes += step->attributes;
  all->timezone |= step->timezone;
}

loom_status loom_delete_step(loom_database *database, const struct loom_removal *removal,
                             size_t blocks, struct loom_removed *removed, loom_error *error) {
  struct work work;
  struct loom_removed step = {0};
  struct selection selection = {.removal = removal, .removed = &step, .blocks = blocks};
  int32_t first = loom_date_of_instant(first_of(removal));
  loom_status status = loom_database_check_writing(database, error);
  if (status == LOOM_OK)
    status = loom_head_refuse(database, error);
  if (status != LOOM_OK)
    return status;
  status = open_work(&work, database, removal, error);
  if (status == LOOM_OK)
    status = each_day(&work, LOOM_FORWARD, first, remove_day, &selection, error);
  if (status == LOOM_OK && selection.blocks < blocks)
    status = update_reach(&work, error);
  if (status == LOOM_OK && removal->whole_store && !selection.is_left)
    status = remove_rest(&work, &step, error);
  close_work(&work);
  if (status == LOOM_OK)
    status =
        note_removed(database, removal, &step, removal->whole_store && !selection.is_left, error);
  if (status != LOOM_OK)
    return status;
  add_removed(removed, &step);
  return selection.is_left ? LOOM_OK : LOOM_DONE;
}
