/*
** Removing old polls: first a survey of what would go and what would stay, then whole days at once, then the
** beginning of the day that holds the cut.
*/
#include "write/prune.h"
#include "sqlite/changes.h"
#include "sqlite/remote.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"
#include "write/audit.h"
#include "write/removal_text.h"

/* ---- the survey ---- */

/* What a scan adds up. */
struct survey {
  struct loom_pruning *pruning;
  int64_t blocks; /* of days that go as a whole */
};

static loom_status survey_block(void *context, int32_t day, int64_t store,
                                const struct loom_polls *polls, loom_error *error) {
  struct survey *survey = context;
  struct loom_pruning *pruning = survey->pruning;
  size_t gone = loom_polls_before(polls, pruning->cut);
  (void)store, (void)error;
  loom_poll_extent_add(&pruning->gone, day, polls->items, gone);
  loom_poll_extent_add(&pruning->kept, day, polls->items + gone, polls->count - gone);
  survey->blocks += day < loom_date_of_instant(pruning->cut);
  return LOOM_OK;
}

static loom_status take_newest(void *context, int32_t day, int64_t store,
                               const struct loom_polls *polls, loom_error *error) {
  int64_t *newest = context, last = loom_poll_instant(polls->items[polls->count - 1]);
  (void)day, (void)store, (void)error;
  if (last > *newest)
    *newest = last;
  return LOOM_OK;
}

/*
** The newest poll, as the blocks of the last day tell. One bit of damage in the row that reports take it from would
** have everything removed.
*/
static loom_status prove_newest(loom_database *database, int64_t *newest, loom_error *error) {
  int64_t proved = INT64_MIN;
  loom_status status = loom_stored_newest(database, newest, error);
  if (status != LOOM_OK)
    return status;
  int32_t day = loom_date_of_instant(*newest);
  status = loom_stored_polls_scan(database, day, day, take_newest, &proved, error);
  if (status == LOOM_OK && proved != *newest)
    status = loom_database_corrupt(database, error,
                                   "the newest poll of all is not the newest of the blocks");
  return status;
}

/* The polls of days after the one that holds the cut: they all stay, and only their number is of
 * interest. */
static loom_status count_later(loom_database *database, int32_t day, struct loom_poll_extent *kept,
                               loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status = loom_database_prepare(
      database,
      "SELECT count(DISTINCT day), ifnull(sum(length(polls)), 0) / 8 FROM poll_block WHERE day > ?",
      &row, error);
  if (status == LOOM_OK) {
    sqlite3_bind_int(row, 1, day);
    if (sqlite3_step(row) != SQLITE_ROW)
      status = loom_database_failure(database, error);
  }
  if (status == LOOM_OK) {
    kept->days += sqlite3_column_int64(row, 0);
    kept->polls += sqlite3_column_int64(row, 1);
  }
  sqlite3_finalize(row);
  return status;
}

static loom_status take_first(void *context, int32_t day, int64_t store,
                              const struct loom_polls *polls, loom_error *error) {
  int64_t *first = context, instant = loom_poll_instant(polls->items[0]);
  (void)day, (void)store, (void)error;
  if (instant < *first)
    *first = instant;
  return LOOM_OK;
}

/* The first poll of the days after one. */
static loom_status find_first(loom_database *database, int32_t day, int64_t *first,
                              loom_error *error) {
  struct loom_stored_days days;
  int32_t next;
  *first = INT64_MAX;
  loom_status status = loom_stored_days_begin(&days, database, LOOM_FORWARD, day + 1, error);
  if (status == LOOM_OK)
    status = loom_stored_days_next(&days, &next, error);
  loom_stored_days_end(&days);
  if (status != LOOM_OK)
    return status == LOOM_DONE ? LOOM_OK : status;
  return loom_stored_polls_scan(database, next, next, take_first, first, error);
}

/* Says what goes and what stays; *blocks is how many go with whole days. LOOM_EEMPTY: there are no
 * polls. */
static loom_status look(loom_database *database, const struct loom_prune_options *options,
                        struct loom_pruning *pruning, int64_t *blocks, loom_error *error) {
  struct survey survey = {.pruning = pruning};
  struct loom_poll_extent *kept = &pruning->kept;
  int64_t newest;
  loom_status status = prove_newest(database, &newest, error);
  if (status != LOOM_OK)
    return status;
  pruning->cut = (newest < options->now ? newest : options->now) - options->keep;
  if (pruning->cut < LOOM_INSTANT_MIN)
    pruning->cut = LOOM_INSTANT_MIN;
  int32_t day = loom_date_of_instant(pruning->cut);
  status = loom_stored_polls_scan(database, LOOM_DATE_MIN, day, survey_block, &survey, error);
  *blocks = survey.blocks;
  if (status == LOOM_OK && kept->polls == 0)
    status = find_first(database, day, &kept->first, error);
  kept->newest = newest;
  return status == LOOM_OK ? count_later(database, day, kept, error) : status;
}

/* ---- removing ---- */

/* Prepares a statement and binds its first parameter. */
static loom_status prepare_for(loom_database *database, const char *sql, int64_t value,
                               sqlite3_stmt **statement, loom_error *error) {
  loom_status status = loom_database_prepare(database, sql, statement, error);
  if (status == LOOM_OK)
    sqlite3_bind_int64(*statement, 1, value);
  return status;
}

/* Runs a statement that must change so many rows: those that were found before. */
static loom_status change(loom_database *database, sqlite3_stmt *statement, int64_t rows,
                          loom_error *error) {
  loom_status status = loom_database_run(database, statement, error);
  if (status == LOOM_OK && sqlite3_changes(database->sqlite) != rows)
    status = loom_database_corrupt(database, error, "blocks of polls are not found by their keys");
  return status;
}

static loom_status delete_days(loom_database *database, int32_t day, int64_t blocks,
                               loom_error *error) {
  sqlite3_stmt *delete = NULL;
  loom_status status =
      prepare_for(database, "DELETE FROM poll_block WHERE day < ?", day, &delete, error);
  if (status == LOOM_OK)
    status = change(database, delete, blocks, error);
  sqlite3_finalize(delete);
  return status;
}

/* Rewrites one store's block without the polls before the cut. */
static loom_status trim_block(loom_database *database, sqlite3_stmt *update, sqlite3_stmt *delete,
                              int64_t store, struct loom_polls *polls, int64_t cut,
                              loom_error *error) {
  size_t first = loom_polls_before(polls, cut);
  if (first == 0)
    return LOOM_OK;
  size_t left = polls->count - first;
  sqlite3_stmt *statement = left ? update : delete;
  sqlite3_bind_int64(statement, 2, store);
  if (left) {
    loom_poll_block_encode(polls->items + first, left);
    sqlite3_bind_blob64(statement, 3, polls->items + first, left * sizeof(loom_poll),
                        SQLITE_STATIC);
  }
  return change(database, statement, 1, error);
}

/* Finds the first block of a day after that of a store, whose number it becomes. LOOM_DONE: there
 * is none. */
static loom_status next_block(loom_database *database, sqlite3_stmt *find, int32_t day,
                              int64_t *store, struct loom_polls *polls, loom_error *error) {
  int64_t before = *store;
  loom_status status = LOOM_OK;
  polls->count = 0;
  sqlite3_bind_int64(find, 2, before);
  int step = sqlite3_step(find);
  if (step == SQLITE_ROW)
    *store = sqlite3_column_int64(find, 0);
  else
    status = step == SQLITE_DONE ? LOOM_DONE : loom_database_failure(database, error);
  /* A damaged key would be found again and again. */
  if (status == LOOM_OK && (sqlite3_column_type(find, 0) != SQLITE_INTEGER || *store <= before))
    status = loom_database_corrupt(database, error, "the blocks of polls are not in order");
  if (status == LOOM_OK)
    status = loom_stored_polls_add(database, find, 1, day, polls, error);
  sqlite3_reset(find);
  return status;
}

static loom_status trim_day(loom_database *database, int32_t day, int64_t cut, loom_error *error) {
  sqlite3_stmt *find = NULL, *update = NULL, *delete = NULL;
  struct loom_polls polls = {0};
  int64_t store = INT64_MIN;
  loom_status status = prepare_for(
      database,
      "SELECT store, polls FROM poll_block WHERE day = ? AND store > ? ORDER BY store LIMIT 1", day,
      &find, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "UPDATE poll_block SET polls = ?3 WHERE day = ?1 AND store = ?2",
                         day, &update, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "DELETE FROM poll_block WHERE day = ? AND store = ?", day,
                         &delete, error);
  while (status == LOOM_OK) {
    status = next_block(database, find, day, &store, &polls, error);
    if (status == LOOM_OK)
      status = trim_block(database, update, delete, store, &polls, cut, error);
  }
  sqlite3_finalize(find);
  sqlite3_finalize(update);
  sqlite3_finalize(delete);
  loom_polls_free(&polls);
  return status == LOOM_DONE ? LOOM_OK : status;
}

/* ---- first and newest polls of stores ---- */

struct firsts {
  loom_database *database;
  sqlite3_stmt *update;
  int64_t stale; /* stores whose first poll has gone */
};

/* Sets the store's first poll, unless it has been found already. LOOM_DONE: all have. */
static loom_status set_first(void *context, int32_t day, int64_t store,
                             const struct loom_polls *polls, loom_error *error) {
  struct firsts *firsts = context;
  (void)day;
  sqlite3_bind_int64(firsts->update, 2, store);
  sqlite3_bind_int64(firsts->update, 3, loom_poll_instant(polls->items[0]));
  loom_status status = loom_database_run(firsts->database, firsts->update, error);
  if (status == LOOM_OK)
    firsts->stale -= sqlite3_changes(firsts->database->sqlite);
  return status == LOOM_OK && firsts->stale == 0 ? LOOM_DONE : status;
}

/* Sets each store's first poll from the first block that it still has. */
static loom_status update_first(loom_database *database, int64_t cut, int64_t stale,
                                loom_error *error) {
  struct firsts firsts = {.database = database, .stale = stale};
  if (stale == 0)
    return LOOM_OK;
  loom_status status = prepare_for(database,
                                   "UPDATE store SET first_poll = ?3, changed = " LOOM_WRITE_NUMBER
                                   " WHERE number = ?2 AND first_poll < ?1",
                                   cut, &firsts.update, error);
  if (status == LOOM_OK)
    status = loom_stored_polls_scan(database, loom_date_of_instant(cut), LOOM_DATE_MAX, set_first,
                                    &firsts, error);
  sqlite3_finalize(firsts.update);
  if (status == LOOM_OK)
    status = loom_database_corrupt(database, error,
                                   "a store has no blocks of the polls that it had last");
  return status == LOOM_DONE ? LOOM_OK : status;
}

static loom_status update_reach(loom_database *database, int64_t cut, loom_error *error) {
  sqlite3_stmt *clear = NULL, *count = NULL;
  loom_status status = prepare_for(
      database,
      "UPDATE store SET first_poll = NULL, newest_poll = NULL, newest_active = NULL, changed "
      "= " LOOM_WRITE_NUMBER " WHERE newest_poll < ?",
      cut, &clear, error);
  if (status == LOOM_OK)
    status = loom_database_run(database, clear, error);
  if (status == LOOM_OK)
    status = prepare_for(database, "SELECT count(*) FROM store WHERE first_poll < ?", cut, &count,
                         error);
  if (status == LOOM_OK && sqlite3_step(count) != SQLITE_ROW)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK)
    status = update_first(database, cut, sqlite3_column_int64(count, 0), error);
  sqlite3_finalize(clear);
  sqlite3_finalize(count);
  return status;
}

static loom_status remove_before(loom_database *database, int64_t cut, int64_t blocks,
                                 loom_error *error) {
  int32_t day = loom_date_of_instant(cut);
  loom_status status = delete_days(database, day, blocks, error);
  if (status == LOOM_OK)
    status = trim_day(database, day, cut, error);
  return status == LOOM_OK ? update_reach(database, cut, error) : status;
}

/* ---- the whole ---- */

loom_status loom_prune_ask_first(loom_database *database, const struct loom_pruning *pruning,
                                 loom_error *error) {
  char cut[LOOM_TIMESTAMP_SIZE];
  int64_t gone = pruning->gone.polls, all = gone + pruning->kept.polls;
  loom_format_timestamp(pruning->cut, cut);
  return loom_fail(error, LOOM_ECONFIRM,
                   "%s: %lld of %lld polls are from before %s: more than half are not removed "
                   "unless that is forced",
                   database->path, (long long)gone, (long long)all, cut);
}

static loom_status look_only(loom_database *database, const struct loom_prune_options *options,
                             struct loom_pruning *pruning, loom_error *error) {
  int64_t blocks;
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  status = look(database, options, pruning, &blocks, error);
  loom_database_end_read(database);
  return status == LOOM_EEMPTY ? LOOM_OK : status;
}

/* Tells the audit what has gone: polls of every store. */
loom_status loom_prune_note(loom_database *database, const struct loom_author *author,
                            const struct loom_poll_extent *gone, loom_error *error) {
  struct loom_text text = {0};
  loom_status status = LOOM_OK;
  if (!loom_removed_put(&text, gone, NULL))
    status = loom_no_memory(error);
  const struct loom_audit_entry entry = {
      .author = author, .kind = "polls", .before = text.bytes, .before_length = text.length};
  if (status == LOOM_OK)
    status = loom_audit_add(database, &entry, error);
  if (status == LOOM_OK)
    status = loom_audit_trim(database, error);
  loom_text_free(&text);
  return status;
}

/* Removes what a survey has found, and tells the audit. */
static loom_status remove_found(loom_database *database, const struct loom_prune_options *options,
                                const struct loom_pruning *pruning, int64_t blocks,
                                loom_error *error) {
  if (pruning->gone.polls == 0)
    return LOOM_OK;
  loom_status status = remove_before(database, pruning->cut, blocks, error);
  return status == LOOM_OK ? loom_prune_note(database, &options->author, &pruning->gone, error)
                           : status;
}

loom_status loom_prune(loom_database *database, const struct loom_prune_options *options,
                       struct loom_pruning *pruning, loom_error *error) {
  int64_t blocks;
  loom_remote *remote = loom_database_remote(database);
  *pruning = (struct loom_pruning){0};
  if (remote)
    return remote->type->prune(remote, database, options, pruning, error);
  if (options->dry_run)
    return look_only(database, options, pruning, error);
  loom_status status = loom_database_begin_write(database, error);
  if (status != LOOM_OK)
    return status;
  status = look(database, options, pruning, &blocks, error);
  const struct loom_poll_extent *gone = &pruning->gone;
  if (status == LOOM_OK && gone->polls > pruning->kept.polls && !options->force)
    status = loom_prune_ask_first(database, pruning, error);
  if (status == LOOM_OK)
    status = remove_found(database, options, pruning, blocks, error);
  if (status == LOOM_EEMPTY)
    status = LOOM_OK;
  status = loom_database_end_write(database, status, error);
  /* What is committed stays; the space that this cannot give back, the next one will. */
  if (status == LOOM_OK)
    sqlite3_exec(database->sqlite, "PRAGMA incremental_vacuum", NULL, NULL, NULL);
  return status;
}
