/*
** Writing staged polls and records to the database, step by step. Polls are merged into the blocks of their days (poll_merge.c);
** what becomes of records is in record_write.c.
*/
#include "write/apply.h"
#include "base/fetch.h"
#include "base/grow.h"
#include "read/poll_ahead.h"
#include "sqlite/changes.h"
#include "sqlite/connection.h"
#include "sqlite/head.h"
#include "sqlite/remote.h"
#include "sqlite/touched.h"
#include "sqlite/unsent.h"
#include "write/poll_merge.h"
#include "write/record_order.h"
#include "write/record_write.h"
#include "write/store_number.h"

#include <stdlib.h>
#include <string.h>

/*
** So many polls, or more, are written as a whole: new stores after their polls, with what is known of these by then, and
** blocks by one statement. To begin with it costs about as much as writing a hundred blocks one by one, since SQLite then
** prepares all statements anew.
*/
#define BULK_LEAST 4096

/* So many are taken from the sorter by a thread: fewer in less time than it takes to start one. */
#define AHEAD_LEAST 65536

/* What is kept of a store is fetched so many blocks or stores before it is needed, since it is not in the cache. */
#define FETCH_AHEAD 8

struct loom_apply {
  loom_staging *staging;
  loom_database *database;
  struct loom_store_numbers stores;
  int64_t *numbers;         /* of the stores; NULL: they are the staging's, who shares them */
  struct loom_reach *reach; /* of the polls that this apply has brought */
  uint32_t *zones;          /* that new stores are inserted with */
  bool bulk;                /* see BULK_LEAST */
  uint64_t stop;            /* when so much is applied, the step ends */
  uint64_t applied;         /* polls or records */
  const struct loom_record *records; /* that are at hand: all, or those of a store's hours */
  size_t next_record, end_record;
  /* of records that are brought together by store: where each store's end; the next store, in order */
  uint32_t *ends, next_store;
  struct loom_record_list hours; /* of one store */
  size_t next_hours;             /* the place of the next store's */
  bool takes_weeks;              /* of a store's hours as they are stored */
  /* those that are applied together, as what repeats or says nothing leaves them */
  struct loom_record *group;
  size_t group_capacity;
  loom_record_write *write; /* of records */
  loom_poll_merge *merge;
  loom_poll_ahead *ahead;      /* NULL: polls are taken from the sorter itself */
  struct loom_changes changes; /* of records, in one step */
};

/* ---- stores ---- */

/* The number of the transaction; 0: it is of parts, which may be undone. */
static uint64_t whole_transaction(const loom_apply *apply) {
  uint64_t transaction;
  unsigned parts;
  bool writing = loom_database_writing(apply->database, &transaction, &parts);
  return writing && parts == 0 ? transaction : 0;
}

/* What the stagings that share their stores know of these in this transaction; NULL: nothing. */
static const struct loom_known_ids *known_stores(const loom_apply *apply) {
  const struct loom_known_ids *known = &apply->staging->shared->known;
  uint64_t transaction = whole_transaction(apply);
  return transaction && known->transaction == transaction && known->database == apply->database &&
                 known->count == apply->staging->ids->count
             ? known
             : NULL;
}

/* Leaves the numbers of stores, all of which are inserted, to the others who share them. */
static void share_numbers(loom_apply *apply) {
  struct loom_staged_ids *shared = apply->staging->shared;
  uint64_t transaction = whole_transaction(apply);
  if (shared->references == 1 || !apply->numbers || !transaction)
    return;
  loom_staged_ids_forget(shared);
  shared->known =
      (struct loom_known_ids){.database = apply->database,
                              .transaction = transaction,
                              .numbers = apply->numbers,
                              .count = apply->staging->ids->count,
                              .first_with_zone = apply->zones ? apply->stores.first_new : 0};
  apply->numbers = NULL;
}

/* Lists the zones that new stores get, of which their file has some. */
static loom_status list_zones(loom_apply *apply, const loom_staging *zones, loom_error *error) {
  uint32_t count = apply->staging->ids->count;
  apply->zones = malloc(((size_t)count + 1) * sizeof *apply->zones);
  if (!apply->zones)
    return loom_no_memory(error);
  for (uint32_t i = 0; i < count; i++)
    apply->zones[i] = LOOM_NO_NUMBER;
  for (size_t i = 0; i < zones->record_count; i++) {
    const struct loom_record *record = &zones->records[i];
    if (!record->override && apply->zones[record->store] == LOOM_NO_NUMBER)
      apply->zones[record->store] = record->text;
  }
  return LOOM_OK;
}

static loom_status insert_stores(loom_apply *apply, loom_error *error) {
  const loom_staging *zones = apply->staging->shared->zones;
  struct loom_new_stores known = {.reach = apply->bulk ? apply->reach : NULL};
  loom_status status = LOOM_OK;
  if (zones && zones != apply->staging && apply->stores.new_count > 0 && whole_transaction(apply))
    status = list_zones(apply, zones, error);
  if (apply->zones) {
    known.zones = apply->zones;
    known.names = &zones->texts;
  }
  if (status == LOOM_OK)
    status = loom_store_numbers_insert(apply->database, &apply->stores, &known, error);
  if (status == LOOM_OK)
    share_numbers(apply);
  return status;
}

static bool prepare_reach(loom_apply *apply) {
  size_t count = apply->staging->ids->count;
  apply->reach = malloc((count + 1) * sizeof *apply->reach);
  for (size_t i = 0; apply->reach && i < count; i++)
    apply->reach[i] = LOOM_NO_REACH;
  return apply->reach;
}

/* Whether it brings polls of which those who have the others hear later. */
static bool is_spooling(const loom_apply *apply) {
  return apply->staging->options.kind == LOOM_POLLS && loom_database_remote(apply->database);
}

/* Finds the stores, and inserts the new ones unless that is to be done last. */
static loom_status prepare_stores(loom_apply *apply, loom_error *error) {
  loom_staging *staging = apply->staging;
  struct loom_store_numbers *stores = &apply->stores;
  if (staging->options.kind == LOOM_POLLS && !prepare_reach(apply))
    return loom_no_memory(error);
  loom_id_table_settle(staging->ids); /* all that share them have been read */
  stores->ids = staging->ids;
  loom_status status = loom_staging_order(staging, &stores->order, error);
  const struct loom_known_ids *known = known_stores(apply);
  if (status == LOOM_OK && known) {
    stores->numbers = known->numbers;
    stores->first_new = INT64_MAX;
    stores->first_with_zone = staging->shared->zones == staging ? known->first_with_zone : 0;
    return LOOM_OK;
  }
  if (status == LOOM_OK) {
    stores->numbers = apply->numbers =
        calloc((size_t)staging->ids->count + 1, sizeof *apply->numbers);
    status = stores->numbers ? loom_store_numbers_find(apply->database, stores, error)
                             : loom_no_memory(error);
  }
  if (status == LOOM_OK && stores->new_count && is_spooling(apply))
    status = loom_unsent_note(apply->database, stores->first_new, error);
  return status == LOOM_OK && !apply->bulk ? insert_stores(apply, error) : status;
}

/* ---- life ---- */

void loom_apply_free(loom_apply *apply) {
  if (!apply)
    return;
  loom_poll_ahead_free(apply->ahead);
  loom_record_write_free(apply->write);
  loom_poll_merge_free(apply->merge);
  if (apply->bulk)
    loom_database_check_references(apply->database, true);
  free(apply->numbers);
  free(apply->zones);
  free(apply->ends);
  free(apply->hours.items);
  free(apply->reach);
  free(apply->group);
  free(apply);
}

/* Whether stores have been inserted with what all records say, each of another store: then their order is of no matter. */
static bool says_what_was_inserted(const loom_apply *apply) {
  const struct loom_store_numbers *stores = &apply->stores;
  const loom_staging *staging = apply->staging;
  if (!stores->first_with_zone)
    return false;
  bool *seen = calloc((size_t)staging->ids->count + 1, sizeof *seen), good = seen;
  for (size_t i = 0; good && i < staging->record_count; i++) {
    const struct loom_record *record = &staging->records[i];
    good = !record->override && !seen[record->store] &&
           stores->numbers[record->store] >= stores->first_with_zone;
    seen[record->store] = true;
  }
  free(seen);
  return good;
}

/* Has records come by store, if those of a store belong together. */
static loom_status prepare_records(loom_apply *apply, loom_error *error) {
  loom_staging *staging = apply->staging;
  enum loom_kind kind = staging->options.kind;
  loom_status status =
      loom_record_write_new(staging, apply->database, &apply->stores, &apply->write, error);
  if (status != LOOM_OK)
    return status;
  apply->takes_weeks = loom_record_write_takes_weeks(apply->write);
  if (kind == LOOM_HOURS)
    return loom_staging_sort_hours(staging, error);
  apply->records = staging->records;
  if ((kind != LOOM_TIMEZONES && kind != LOOM_SPECIAL_DAYS) || says_what_was_inserted(apply)) {
    apply->end_record = staging->record_count;
    return LOOM_OK;
  }
  apply->ends = loom_records_sort(staging->records, staging->record_count, staging->ids->count);
  return apply->ends ? LOOM_OK : loom_no_memory(error);
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
  loom_status status = LOOM_OK;
  if (kind == LOOM_POLLS && !loom_database_remote(database)) /* which has them from here later */
    status = loom_head_refuse(database, error);
  if (status != LOOM_OK) {
    free(apply);
    return status;
  }
  apply->bulk = kind == LOOM_POLLS && loom_poll_sorter_count(staging->sorter) >= BULK_LEAST;
  if (apply->bulk) /* the polls come before their stores */
    loom_database_check_references(database, false);
  apply->merge = loom_poll_merge_new(database);
  status = apply->merge ? prepare_stores(apply, error) : loom_no_memory(error);
  if (status == LOOM_OK && apply->bulk)
    status = loom_staging_set_order(staging, error);
  if (status == LOOM_OK && kind == LOOM_POLLS)
    status = loom_poll_sorter_rewind(staging->sorter, error);
  if (status == LOOM_OK && apply->bulk && loom_poll_sorter_count(staging->sorter) >= AHEAD_LEAST)
    apply->ahead = loom_poll_ahead_new(staging->sorter);
  if (status == LOOM_OK && kind != LOOM_POLLS) {
    loom_roster_intend(database);
    status = prepare_records(apply, error);
  }
  if (status == LOOM_OK)
    *out = apply;
  else
    loom_apply_free(apply);
  return status;
}

/* ---- polls ---- */

/* The next polls of a store on a day. */
static loom_status next_group(const loom_apply *apply, struct loom_poll_group *group,
                              loom_error *error) {
  if (!apply->ahead)
    return loom_poll_sorter_next(apply->staging->sorter, group, error);
  loom_status status = loom_poll_ahead_next(apply->ahead, group, error);
  uint32_t store = loom_poll_ahead_peek(apply->ahead, FETCH_AHEAD);
  if (store != LOOM_POLL_AHEAD_NONE) {
    loom_fetch(&apply->stores.numbers[store]);
    loom_reach_fetch(&apply->reach[store]);
  }
  return status;
}

/* The next polls; LOOM_DONE also where the step ends. */
static loom_status next_portion(void *context, struct loom_poll_portion *portion,
                                loom_error *error) {
  loom_apply *apply = context;
  struct loom_poll_group group;
  if (apply->applied >= apply->stop)
    return LOOM_DONE;
  loom_status status = next_group(apply, &group, error);
  if (status != LOOM_OK)
    return status;
  apply->applied += group.count;
  *portion = (struct loom_poll_portion){.day = group.day,
                                        .store = apply->stores.numbers[group.store],
                                        .polls = group.polls,
                                        .count = group.count,
                                        .distinct = group.distinct,
                                        .reach = &apply->reach[group.store]};
  return LOOM_OK;
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
    status = insert_stores(apply, error);
  if (status == LOOM_OK)
    status =
        loom_store_numbers_tell(apply->database, &apply->stores, apply->reach, apply->bulk, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

/* ---- records ---- */

/* Copies the next records that belong together, since what is staged may be applied again; NULL: memory is out. */
static struct loom_record *take_group(loom_apply *apply, size_t count) {
  if (!loom_grow(&apply->group, &apply->group_capacity, count, sizeof *apply->group))
    return NULL;
  memcpy(apply->group, &apply->records[apply->next_record], count * sizeof *apply->group);
  return apply->group;
}

/* Takes the hours of the next store. */
static loom_status find_hours(loom_apply *apply, loom_error *error) {
  loom_status status =
      loom_staged_hours_next(&apply->staging->hours, &apply->next_hours, &apply->hours, error);
  if (status == LOOM_OK)
    loom_records_sort_store(apply->hours.items, apply->hours.count);
  apply->records = apply->hours.items;
  apply->next_record = 0;
  apply->end_record = apply->hours.count;
  return status;
}

/* Fetches where the records are of stores to come, and the next ones of these. */
static void fetch_records(const loom_apply *apply) {
  const uint32_t *order = apply->stores.order + apply->next_store;
  if (apply->next_store + 2 * FETCH_AHEAD >= apply->staging->ids->count)
    return;
  loom_fetch(&apply->ends[order[2 * FETCH_AHEAD]]);
  loom_fetch(&apply->stores.numbers[order[FETCH_AHEAD]]);
  uint32_t end = apply->ends[order[FETCH_AHEAD]];
  loom_fetch(&apply->records[end ? end - 1 : 0]);
}

/*
** Moves to the next store's records, once those at hand are applied, in the order in which new stores are numbered. LOOM_DONE:
** that is all.
*/
static loom_status find_records(loom_apply *apply, loom_error *error) {
  uint32_t stores = apply->staging->ids->count;
  if (apply->staging->options.kind == LOOM_HOURS && apply->next_record == apply->end_record)
    return find_hours(apply, error);
  while (apply->ends && apply->next_record == apply->end_record && apply->next_store <= stores) {
    fetch_records(apply);
    uint32_t place = apply->next_store++,
             store = place < stores ? apply->stores.order[place] : place;
    apply->next_record = store > 0 ? apply->ends[store - 1] : 0;
    apply->end_record = apply->ends[store];
  }
  return apply->next_record < apply->end_record ? LOOM_OK : LOOM_DONE;
}

/* Rows that were changed, or will have been. */
static size_t count_changes(const loom_apply *apply) {
  return (size_t)sqlite3_total_changes(apply->database->sqlite) +
         loom_record_write_apart(apply->write);
}

/* What of the roster records of a kind are. */
static enum loom_roster_kind roster_kind(enum loom_kind kind) {
  static const enum loom_roster_kind kinds[LOOM_KIND_COUNT] = {
      [LOOM_HOURS] = LOOM_ROSTER_HOURS,
      [LOOM_TIMEZONES] = LOOM_ROSTER_STORE,
      [LOOM_SPECIAL_DAYS] = LOOM_ROSTER_SPECIAL_DAYS,
      [LOOM_EXCLUSIONS] = LOOM_ROSTER_EXCLUSIONS,
      [LOOM_ATTRIBUTES] = LOOM_ROSTER_ATTRIBUTES};
  return kinds[kind];
}

/* Notes whose records changed something; all stores' have the number 0. */
static void note_change(loom_apply *apply, int64_t store) {
  loom_changes_add(&apply->changes, store, store == 0);
  loom_roster_touch(apply->database, roster_kind(apply->staging->options.kind), store);
}

/* Applies the next records, so many of which belong together, and notes whose change it is. */
static loom_status apply_and_note(loom_apply *apply, size_t count, loom_error *error) {
  struct loom_record *records = take_group(apply, count);
  size_t before = count_changes(apply);
  if (!records)
    return loom_no_memory(error);
  uint32_t store = records->store; /* some of the group may be dropped */
  loom_status status = loom_record_write_add(apply->write, records, count, error);
  if (count_changes(apply) != before)
    note_change(apply, store == LOOM_ALL_STORES ? 0 : apply->stores.numbers[store]);
  return status;
}

/* Applies the next stores' hours, as far as they are as they are stored. */
static loom_status apply_weeks(loom_apply *apply, uint64_t stop, loom_error *error) {
  struct loom_staged_week week;
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && apply->applied < stop &&
         loom_staged_hours_week(&apply->staging->hours, &apply->next_hours, &week)) {
    uint32_t ahead = loom_staged_hours_peek(&apply->staging->hours, apply->next_hours);
    if (ahead != LOOM_NO_NUMBER)
      loom_fetch(&apply->stores.numbers[ahead]);
    status = loom_record_write_add_week(apply->write, &week, error);
    note_change(apply, apply->stores.numbers[week.store]);
    apply->applied += week.count;
  }
  return status;
}

/* Applies the next records that belong together. LOOM_DONE: there are none. */
static loom_status apply_next(loom_apply *apply, uint64_t stop, loom_error *error) {
  loom_status status = LOOM_OK;
  if (apply->takes_weeks && apply->next_record == apply->end_record)
    status = apply_weeks(apply, stop, error);
  if (status != LOOM_OK || apply->applied >= stop)
    return status;
  status = find_records(apply, error);
  if (status != LOOM_OK)
    return status;
  size_t count =
      loom_records_group(&apply->records[apply->next_record],
                         apply->end_record - apply->next_record, apply->staging->options.kind);
  status = apply_and_note(apply, count, error);
  apply->next_record += count;
  apply->applied += count;
  return status;
}

/* Hours of so many stores, each of which has its number from this apply, would have it looked up again for every week. */
static bool has_known_stores(const loom_staging *staging) {
  return staging->options.kind == LOOM_HOURS && staging->ids->count >= BULK_LEAST;
}

/* Applies the records that are next, and notes what they have changed: whoever ends the transaction then, it is noted. */
static loom_status apply_some(loom_apply *apply, uint64_t stop, loom_error *error) {
  const loom_staging *staging = apply->staging;
  loom_status status = LOOM_OK;
  apply->changes = (struct loom_changes){0};
  loom_changes_silence(apply->database, true);
  loom_database_check_references(apply->database, !has_known_stores(staging));
  while (status == LOOM_OK && apply->applied < stop)
    status = apply_next(apply, stop, error);
  if (status == LOOM_OK || status == LOOM_DONE)
    status = loom_record_write_flush(apply->write, error);
  loom_database_check_references(apply->database, true);
  loom_changes_silence(apply->database, false);
  if (status == LOOM_OK)
    status = loom_changes_note(apply->database, &apply->changes,
                               loom_kind_name(staging->options.kind), error);
  return status;
}

static loom_status apply_records(loom_apply *apply, size_t budget, loom_error *error) {
  loom_status status = apply_some(apply, apply->applied + budget, error);
  if (status == LOOM_OK)
    status = find_records(apply, error);
  if (status != LOOM_DONE)
    return status;
  status = loom_record_write_check(apply->write, error);
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
