/*
** Writing to a cluster. Nothing of it is visible before the ledger has its commit, which is added once every shard has shown that it
** has what was sent, and nobody else has committed meanwhile.
*/
#include "cluster/write_cluster.h"
#include "base/grow.h"
#include "base/platform.h"
#include "cluster/blocks.h"
#include "cluster/claim.h"
#include "cluster/head_spool.h"
#include "cluster/ledger.h"
#include "cluster/roster_cluster.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"
#include "sqlite/head.h"
#include "sqlite/remote.h"
#include "sqlite/roster_rows.h"
#include "sqlite/unsent.h"
#include "time/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RENEWED_SIZE (16 << 20) /* bytes of an insert of what is written anew */

struct loom_cluster_write {
  struct loom_pending pending; /* the first member */
  loom_database *head;         /* whose transaction has it */
  loom_cluster *cluster;
  struct loom_ledger ledger; /* as it was when this began */
  uint64_t ingest;           /* 0: it has none yet */
  bool begun;                /* which is in the ledger: something has been written, or is to be */
  int64_t begun_at;          /* in milliseconds of loom_clock */
  time_t begun_on; /* and by the clock on the wall, which goes on while the machine is asleep */
  unsigned files;
  bool renews_roster;
  bool failed; /* a part of it, which cannot be told from the others: it is not to be committed */
  struct loom_ledger_part *parts; /* that were written */
  size_t part_count, part_capacity;
};

/* ---- the transaction's ---- */

static void free_write(struct loom_cluster_write *write) {
  loom_ledger_free(&write->ledger);
  loom_cluster_free(write->cluster);
  free(write->parts);
  free(write);
}

static void abandon(struct loom_pending *pending) {
  free_write((struct loom_cluster_write *)pending);
}

static struct loom_ledger_part *find_part(struct loom_cluster_write *write, unsigned shard,
                                          int32_t day) {
  for (size_t i = write->part_count; i-- > 0;)
    if (write->parts[i].shard == shard && write->parts[i].day == day)
      return &write->parts[i];
  return NULL;
}

static loom_status keep_part(loom_cluster_write *write, const struct loom_ledger_part *part,
                             loom_error *error) {
  if (!loom_grow(&write->parts, &write->part_capacity, write->part_count + 1, sizeof *write->parts))
    return loom_no_memory(error);
  write->parts[write->part_count++] = *part;
  return LOOM_OK;
}

static bool put_read_back(const struct loom_cluster_write *write, unsigned shard, bool *any,
                          struct loom_text *sql) {
  bool good = loom_sql_add(sql,
                           "SELECT day, count(), sum(length(polls)), sum(arraySum(polls)) FROM "
                           "block WHERE ingest = %" PRIu64 " AND day IN (",
                           write->ingest);
  *any = false;
  for (size_t i = 0; good && i < write->part_count; i++)
    if (write->parts[i].shard == shard && write->parts[i].blocks) {
      good = loom_sql_add(sql, *any ? ", %" PRId32 : "%" PRId32, write->parts[i].day);
      *any = true;
    }
  return good && loom_sql_add(sql, ") GROUP BY day FORMAT RowBinary");
}

/* Whether a shard has of the ingest what was sent. */
static bool has_all(struct loom_cluster_write *write, unsigned shard,
                    const struct loom_text *answer) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  size_t found = 0, wanted = 0;
  for (size_t i = 0; i < write->part_count; i++)
    wanted += write->parts[i].shard == shard && write->parts[i].blocks;
  for (; loom_row_more(&reader); found++) {
    const struct loom_ledger_part *part = find_part(write, shard, loom_row_i32(&reader));
    uint64_t blocks = loom_row_u64(&reader), polls = loom_row_u64(&reader),
             sum = loom_row_u64(&reader);
    if (reader.bad || !part || part->blocks != blocks || part->polls != polls || part->sum != sum)
      break;
  }
  return found == wanted && !loom_row_more(&reader);
}

/*
** Asks a replica that has all: what was inserted a majority has, and others lag perhaps. (ClickHouse's consistent reads of a table fail
** for good once the partition is gone to which its last insert was.)
*/
static loom_status read_back(void *context, unsigned shard, loom_error *error) {
  struct loom_cluster_write *write = context;
  struct loom_text sql = {0}, answer = {0};
  bool any, is_whole = false;
  loom_status status = put_read_back(write, shard, &any, &sql) ? LOOM_OK : loom_no_memory(error);
  const struct loom_question question = {.sql = &sql, .size = LOOM_RANGE};
  unsigned replicas = loom_cluster_replicas(write->cluster, shard);
  for (unsigned i = 0; status == LOOM_OK && any && !is_whole && i < replicas; i++) {
    status = loom_cluster_ask(write->cluster, shard, &question, &answer, error);
    is_whole = status == LOOM_OK && has_all(write, shard, &answer);
    if (status == LOOM_OK && !is_whole)
      loom_cluster_turn_away(write->cluster, shard);
  }
  if (status == LOOM_OK && any && !is_whole)
    status =
        loom_fail(error, LOOM_EIO,
                  "shard %u has not got what was written to it: nothing of it is kept", shard + 1);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

static loom_status was_overtaken(uint64_t number, loom_error *error) {
  return loom_fail(error, LOOM_EBUSY,
                   "commit %" PRIu64 " of another writer came to the cluster meanwhile: try again",
                   number);
}

loom_status loom_cluster_check_owner(loom_database *head, const loom_cluster *cluster,
                                     const struct loom_ledger_tip *tip, loom_error *error) {
  char own[LOOM_HEAD_IDENTITY_MAX];
  if (!*tip->owner)
    return LOOM_OK;
  loom_status status = loom_head_owner(head, own, error);
  if (status == LOOM_OK && strcmp(own, tip->owner) != 0)
    status =
        loom_fail(error, LOOM_EOWNER,
                  "%s: another head alone writes to this cluster, until loom cluster take-over "
                  "has this one do so",
                  loom_cluster_conf(cluster)->head);
  return status;
}

static loom_status check_owner(const struct loom_cluster_write *write,
                               const struct loom_ledger_tip *tip, loom_error *error) {
  return loom_cluster_check_owner(write->head, write->cluster, tip, error);
}

static loom_status look_for_owner(const struct loom_cluster_write *write, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_status status = loom_ledger_tip(write->cluster, &tip, error);
  return status == LOOM_OK ? check_owner(write, &tip, error) : status;
}

/* Nobody has committed since this began, nor has taken over. */
static loom_status check_first(const struct loom_cluster_write *write, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_status status = loom_ledger_tip(write->cluster, &tip, error);
  if (status == LOOM_OK)
    status = check_owner(write, &tip, error);
  if (status == LOOM_OK && (tip.number != write->ledger.number ||
                            tip.ingest != write->ledger.ingest || write->ingest <= tip.ingest))
    status = was_overtaken(tip.number, error);
  return status;
}

static loom_status is_not_known(const loom_error *why, loom_error *error) {
  return loom_fail(error, LOOM_EIO,
                   "it is not known whether the polls came to the cluster; load them again, which "
                   "counts nothing twice: %s",
                   why->message);
}

/* One that holds is done, unless it came so late that others may have gone on without it. */
static loom_status check_commit(const struct loom_cluster_write *write,
                                const struct loom_claim *claim, loom_error *error) {
  loom_error why;
  bool is_void = false;
  loom_status status = loom_ledger_is_void(write->cluster, write->ingest, &is_void, &why);
  if (status == LOOM_ENOMEM)
    return loom_no_memory(error);
  if (status == LOOM_OK && !is_void && !loom_claim_is_late(claim))
    return LOOM_OK;
  if (status == LOOM_OK)
    loom_fail(&why, LOOM_EIO, "the cluster took its commit too slowly");
  return is_not_known(&why, error);
}

/*
** Adds the commit, which is done where it holds, though all answers to it may have been lost: not where that of another writer has the
** number. One that is not seen may be on its way.
*/
static loom_status add_commit(const struct loom_cluster_write *write, uint64_t number,
                              const struct loom_claim *claim, loom_error *error) {
  uint64_t holding = 0;
  loom_error why = {0}, second;
  loom_status added = loom_ledger_commit(write->cluster, write->ingest, number, write->parts,
                                         write->part_count, &why);
  if (added == LOOM_ENOMEM)
    return loom_no_memory(error);
  loom_status status = loom_ledger_holding(write->cluster, number, &holding, &second);
  if (status == LOOM_ENOMEM)
    return loom_no_memory(error);
  if (status == LOOM_OK && holding == write->ingest)
    return check_commit(write, claim, error);
  if (status == LOOM_OK && holding)
    return was_overtaken(number, error);
  if (status == LOOM_OK && added == LOOM_OK)
    return loom_fail(error, LOOM_ECORRUPT,
                     "the cluster's ledger has not got commit %" PRIu64 ", which it took", number);
  return is_not_known(added == LOOM_OK ? &second : &why, error);
}

static loom_status number_ingest(loom_cluster_write *write, loom_error *error) {
  return write->ingest ? LOOM_OK : loom_ledger_number(write->cluster, &write->ingest, error);
}

/*
** One that writes nothing leaves nothing in the ledger, either, where it would be named in every question from then on. Behind a later
** commit it is too late to begin: the ledger may have been folded up to that, and nobody would know that what it writes is void.
*/
static loom_status begin_ingest(loom_cluster_write *write, loom_error *error) {
  struct loom_ledger_tip tip = {0};
  if (write->begun)
    return LOOM_OK;
  loom_status status = number_ingest(write, error);
  write->begun_at = loom_clock();
  write->begun_on = time(NULL);
  if (status == LOOM_OK)
    status = loom_ledger_begin(write->cluster, write->ingest, error);
  if (status == LOOM_OK)
    status = loom_ledger_tip(write->cluster, &tip, error);
  if (status == LOOM_OK && tip.ingest >= write->ingest)
    status = was_overtaken(tip.number, error);
  write->begun = status == LOOM_OK;
  return status;
}

/* Nobody would know of rows that come when it has been forgotten: see voids.h. */
static loom_status check_time(const struct loom_cluster_write *write, loom_error *error) {
  if (loom_clock() - write->begun_at < (int64_t)LOOM_INGEST_TIME * 1000 &&
      time(NULL) - write->begun_on < LOOM_INGEST_TIME)
    return LOOM_OK;
  return loom_fail(error, LOOM_EIO, "it took more than %d hours to write to the cluster: try again",
                   LOOM_INGEST_TIME / 3600);
}

static loom_status write_entries(struct loom_cluster_write *write, loom_error *error) {
  struct loom_ledger_part part = {
      .shard = LOOM_ROSTER_SHARD, .gen = write->ledger.roster.gen, .newest = INT64_MIN};
  loom_status status = begin_ingest(write, error);
  if (status == LOOM_OK)
    status = check_time(write, error);
  if (status == LOOM_OK && write->renews_roster)
    status = loom_roster_cluster_renew(write->cluster, &write->ledger, write->ingest, &part, error);
  if (status == LOOM_OK)
    status = loom_roster_cluster_write(write->cluster, write->ingest, write->head, &part, error);
  return status == LOOM_OK ? keep_part(write, &part, error) : status;
}

/* Writes what the transaction has changed of the roster, and stores that waited with their polls. */
static loom_status write_roster(struct loom_cluster_write *write, loom_error *error) {
  const struct loom_roster_entry *entries;
  size_t count = 0;
  int64_t unsent;
  loom_status status = loom_unsent_first(write->head, &unsent, error);
  if (status == LOOM_OK)
    status = loom_roster_touch_stores(write->head, unsent, error);
  if (status == LOOM_OK)
    status = loom_roster_touched(write->head, &entries, &count, error);
  if (status != LOOM_OK || (count == 0 && !write->renews_roster))
    return status;
  return write_entries(write, error);
}

static loom_status commit_all(struct loom_cluster_write *write, loom_error *error) {
  struct loom_head head;
  struct loom_claim claim;
  uint64_t number = write->ledger.number + 1;
  loom_status status = write_roster(write, error);
  if (status != LOOM_OK || write->part_count == 0)
    return status;
  status = loom_cluster_each(write->cluster, read_back, write, error);
  if (status == LOOM_OK)
    status = check_time(write, error);
  if (status == LOOM_OK)
    status = loom_claim(write->cluster, write->head, write->ingest, number, &claim, error);
  if (status == LOOM_OK)
    status = check_first(write, error);
  if (status == LOOM_OK)
    status = add_commit(write, number, &claim, error);
  if (status == LOOM_OK)
    status = loom_head_read(write->head, &head, error);
  head.number = number;
  head.ingest = write->ingest;
  if (status == LOOM_OK)
    status = loom_head_write(write->head, &head, error);
  return status == LOOM_OK ? loom_unsent_sent(write->head, INT64_MAX, error) : status;
}

static loom_status commit(struct loom_pending *pending, loom_error *error) {
  struct loom_cluster_write *write = (struct loom_cluster_write *)pending;
  loom_status status = LOOM_OK;
  if (write->failed)
    status =
        loom_fail(error, LOOM_EIO,
                  "a part of what was to be written to the cluster has failed: nothing is kept");
  else
    status = commit_all(write, error);
  free_write(write);
  return status;
}

loom_status loom_cluster_write_of(loom_database *head,
                                  loom_status (*open)(void *context, loom_cluster **cluster,
                                                      loom_error *error),
                                  void *context, loom_cluster_write **out, loom_error *error) {
  *out = (struct loom_cluster_write *)loom_database_pending(head);
  if (*out)
    return LOOM_OK;
  struct loom_cluster_write *write = calloc(1, sizeof *write);
  if (!write)
    return loom_no_memory(error);
  write->pending = (struct loom_pending){.commit = commit, .abandon = abandon};
  write->head = head;
  loom_status status = open(context, &write->cluster, error);
  if (status == LOOM_OK)
    status = look_for_owner(write, error);
  if (status == LOOM_OK)
    status = loom_head_spool_catch_up(head, write->cluster, &write->ledger, error);
  if (status != LOOM_OK) {
    free_write(write);
    return status;
  }
  loom_database_set_pending(head, &write->pending);
  *out = write;
  return LOOM_OK;
}

loom_status loom_cluster_lend(void *context, loom_cluster **cluster, loom_error *error) {
  loom_cluster **lent = context;
  (void)error;
  *cluster = *lent;
  *lent = NULL;
  return LOOM_OK;
}

loom_status loom_cluster_write_ahead(loom_cluster *cluster, loom_database *head,
                                     loom_cluster_write **out, loom_error *error) {
  struct loom_cluster_write *write = calloc(1, sizeof *write);
  *out = NULL;
  if (!write) {
    loom_cluster_free(cluster);
    return loom_no_memory(error);
  }
  write->pending = (struct loom_pending){.commit = commit, .abandon = abandon};
  write->cluster = cluster;
  write->head = head;
  loom_status status = loom_ledger_read(cluster, LOOM_LAST_COMMIT, 0, &write->ledger, error);
  if (status == LOOM_OK)
    *out = write;
  else
    free_write(write);
  return status;
}

void loom_cluster_write_join(loom_cluster_write *write, loom_database *head) {
  struct loom_pending *begun = loom_database_pending(head); /* to bring up a head that was behind */
  if (begun)
    begun->abandon(begun);
  write->head = head;
  loom_database_set_pending(head, &write->pending);
}

void loom_cluster_write_free(loom_cluster_write *write) {
  free_write(write);
}

loom_status loom_cluster_write_begin_file(loom_cluster_write *write, loom_error *error) {
  if (write->files == UINT16_MAX)
    return loom_fail(error, LOOM_ELIMIT, "there are more than %d files of polls in a transaction",
                     UINT16_MAX);
  write->files++;
  return number_ingest(write, error);
}

/* ---- a day ---- */

/* What is stored of a store's day, as it came. */
struct stored {
  int64_t store;
  uint64_t ingest;
  uint16_t file;
  const void *polls;
  size_t count;
};

struct shard_day {
  struct loom_text data, stored_text;
  struct stored *stored;
  size_t stored_count, stored_capacity;
  struct loom_polls known, other, merged, fresh;
  struct loom_union_counts counts;
  struct loom_ledger_part part; /* that is written */
};

struct day_write {
  struct loom_cluster_write *write;
  int32_t day;
  const struct loom_portion *portions;
  size_t count;
  struct shard_day *shards;
};

static int compare_stored(const void *a, const void *b) {
  const struct stored *x = a, *y = b;
  if (x->store != y->store)
    return x->store < y->store ? -1 : 1;
  if (x->ingest != y->ingest)
    return x->ingest < y->ingest ? -1 : 1;
  return x->file < y->file ? -1 : x->file > y->file;
}

static bool is_of(const struct day_write *day, size_t at, unsigned shard) {
  return loom_shard_of(day->portions[at].store, loom_cluster_shards(day->write->cluster)) == shard;
}

static bool put_question(const struct day_write *day, const struct loom_ledger *ledger,
                         unsigned shard, struct loom_text *sql) {
  bool any;
  const char *comma = "";
  bool good = loom_sql_add(sql, "SELECT number, ingest, file, polls FROM block WHERE number IN (");
  for (size_t i = 0; good && i < day->count; i++)
    if (is_of(day, i, shard)) {
      good = loom_sql_add(sql, "%s%" PRId64, comma, day->portions[i].store);
      comma = ",";
    }
  return good && loom_sql_add(sql, ") AND ") &&
         loom_ledger_visible(ledger, shard, day->day, day->day, day->write->ingest, &any, sql) &&
         loom_sql_add(sql, " FORMAT RowBinary");
}

static loom_status take_stored(struct shard_day *here, unsigned shard, loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(&here->stored_text);
  while (loom_row_more(&reader)) {
    if (!loom_grow(&here->stored, &here->stored_capacity, here->stored_count + 1,
                   sizeof *here->stored))
      return loom_no_memory(error);
    struct stored *row = &here->stored[here->stored_count++];
    row->store = loom_row_i64(&reader);
    row->ingest = loom_row_u64(&reader);
    row->file = loom_row_u16(&reader);
    row->polls = loom_row_int64s(&reader, &row->count);
    if (reader.bad)
      return loom_fail(error, LOOM_EIO, "shard %u: the answer is cut off", shard + 1);
  }
  if (here->stored_count)
    qsort(here->stored, here->stored_count, sizeof *here->stored, compare_stored);
  return LOOM_OK;
}

/* Asks a replica that has shown before that it has all of the day. */
static loom_status ask_whole(struct day_write *day, const struct loom_ledger *ledger,
                             unsigned shard, const struct loom_ledger_own *own,
                             const struct loom_question *question, loom_error *error) {
  loom_cluster *cluster = day->write->cluster;
  for (unsigned i = 0; i < 2 * loom_cluster_replicas(cluster, shard); i++) {
    loom_status status = loom_ledger_prove(cluster, ledger, shard, day->day, day->day, own, error);
    unsigned proved = loom_cluster_replica(cluster, shard);
    if (status == LOOM_OK)
      status = loom_cluster_ask(cluster, shard, question, &day->shards[shard].stored_text, error);
    if (status != LOOM_OK || loom_cluster_replica(cluster, shard) == proved)
      return status;
  }
  return loom_fail(error, LOOM_EIO, "shard %u: none of its replicas answers for long", shard + 1);
}

/* Reads what is visible of the portions' stores, and what this ingest has written of them before. */
static loom_status read_stored(struct day_write *day, unsigned shard, loom_error *error) {
  struct loom_text sql = {0};
  const struct loom_ledger_part *known = loom_ledger_find(&day->write->ledger, shard, day->day);
  const struct loom_ledger_part *written = find_part(day->write, shard, day->day);
  if (!(known && known->blocks) && !written)
    return LOOM_OK;
  struct loom_ledger_part first = {.shard = shard, .day = day->day}; /* where there is none yet */
  struct loom_ledger ledger = day->write->ledger;
  if (!known) {
    ledger.parts = &first;
    ledger.part_count = 1;
  }
  const struct loom_ledger_own own = {day->write->ingest, written ? written->blocks : 0};
  loom_status status = put_question(day, &ledger, shard, &sql) ? LOOM_OK : loom_no_memory(error);
  const struct loom_question question = {.sql = &sql, .size = LOOM_RANGE};
  if (status == LOOM_OK)
    status = ask_whole(day, &ledger, shard, &own, &question, error);
  loom_text_free(&sql);
  return status == LOOM_OK ? take_stored(&day->shards[shard], shard, error) : status;
}

/* What is stored of a store, united. False: memory is out. */
static bool unite_stored(struct shard_day *here, int64_t store) {
  const struct stored key = {.store = store};
  size_t low = 0, high = here->stored_count;
  struct loom_union_counts ignored = {0};
  here->known.count = 0;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare_stored(&here->stored[middle], &key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  bool good = true;
  for (; good && low < here->stored_count && here->stored[low].store == store; low++) {
    const struct stored *row = &here->stored[low];
    here->other.count = 0;
    good = loom_poll_block_decode(row->polls, row->count * sizeof(loom_poll), &here->other) &&
           loom_polls_union(here->known.items, here->known.count, here->other.items,
                            here->other.count, &here->merged, &ignored);
    struct loom_polls swap = here->known;
    here->known = here->merged;
    here->merged = swap;
  }
  return good;
}

/* Leaves of the fresh polls those that are not known as they are. */
static void keep_new(struct shard_day *here) {
  size_t kept = 0, at = 0;
  for (size_t i = 0; i < here->fresh.count; i++) {
    loom_poll poll = here->fresh.items[i];
    while (at < here->known.count &&
           loom_poll_instant(here->known.items[at]) < loom_poll_instant(poll))
      at++;
    if (at == here->known.count || here->known.items[at] != poll)
      here->fresh.items[kept++] = poll;
  }
  here->fresh.count = kept;
}

static loom_status put_block(struct day_write *day, unsigned shard,
                             const struct loom_portion *portion, loom_error *error) {
  struct shard_day *here = &day->shards[shard];
  const struct loom_polls *fresh = &here->fresh;
  const struct loom_ledger_part *stored = loom_ledger_find(&day->write->ledger, shard, day->day);
  if (!loom_text_reserve(&here->data, 64 + portion->id_length + fresh->count * sizeof(loom_poll)))
    return loom_no_memory(error);
  here->part.gen = stored ? stored->gen : 0;
  loom_row_put_u32(&here->data, (uint32_t)day->day);
  loom_row_put_u32(&here->data, here->part.gen);
  loom_row_put_u64(&here->data, (uint64_t)portion->store);
  loom_row_put_string(&here->data, portion->id, portion->id_length);
  loom_row_put_u64(&here->data, day->write->ingest);
  loom_row_put_u16(&here->data, (uint16_t)day->write->files);
  loom_row_put_int64s(&here->data, fresh->items, fresh->count);
  here->part.blocks++;
  here->part.polls += fresh->count;
  for (size_t i = 0; i < fresh->count; i++)
    here->part.sum += (uint64_t)fresh->items[i];
  int64_t newest = loom_poll_instant(fresh->items[fresh->count - 1]);
  here->part.newest = newest > here->part.newest ? newest : here->part.newest;
  return LOOM_OK;
}

static loom_status merge(struct day_write *day, unsigned shard, const struct loom_portion *portion,
                         loom_error *error) {
  struct shard_day *here = &day->shards[shard];
  struct loom_union_counts counts = {0}, ignored = {0};
  struct loom_reach *reach = portion->reach;
  if (!unite_stored(here, portion->store) ||
      !loom_polls_union(here->known.items, here->known.count, portion->polls, portion->count,
                        &here->merged, &counts) ||
      !loom_polls_union(NULL, 0, portion->polls, portion->count, &here->fresh, &ignored))
    return loom_no_memory(error);
  here->counts.added += counts.added;
  here->counts.duplicates += counts.duplicates;
  here->counts.conflicts += counts.conflicts;
  int64_t first = loom_poll_instant(portion->polls[0]);
  loom_poll newest = here->merged.items[here->merged.count - 1];
  reach->first = first < reach->first ? first : reach->first;
  reach->newest = newest > reach->newest ? newest : reach->newest;
  reach->has_changed |= counts.added || counts.conflicts;
  here->part.added += counts.added;
  keep_new(here);
  return here->fresh.count ? put_block(day, shard, portion, error) : LOOM_OK;
}

static loom_status insert(struct loom_cluster_write *write, unsigned shard,
                          const struct loom_text *data, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  loom_status status = check_time(write, error);
  if (status == LOOM_OK && !loom_sql_add(&sql, "INSERT INTO block FORMAT RowBinary"))
    status = loom_no_memory(error);
  const struct loom_question question = {.sql = &sql, .size = LOOM_INSERT, .data = data};
  if (status == LOOM_OK)
    status = loom_cluster_ask(write->cluster, shard, &question, &answer, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

static loom_status merge_shard(void *context, unsigned shard, loom_error *error) {
  struct day_write *day = context;
  struct shard_day *here = &day->shards[shard];
  loom_status status = LOOM_OK;
  size_t first = 0;
  while (first < day->count && !is_of(day, first, shard))
    first++;
  if (first == day->count)
    return LOOM_OK;
  here->part = (struct loom_ledger_part){.shard = shard, .day = day->day, .newest = INT64_MIN};
  status = read_stored(day, shard, error);
  for (size_t i = first; status == LOOM_OK && i < day->count; i++)
    if (is_of(day, i, shard))
      status = merge(day, shard, &day->portions[i], error);
  return status;
}

static loom_status insert_shard(void *context, unsigned shard, loom_error *error) {
  struct day_write *day = context;
  struct loom_text *data = &day->shards[shard].data;
  return data->length ? insert(day->write, shard, data, error) : LOOM_OK;
}

/* Writes what is new of what was merged. */
static loom_status insert_all(struct day_write *day, loom_error *error) {
  size_t length = 0;
  for (unsigned i = 0; i < loom_cluster_shards(day->write->cluster); i++)
    length += day->shards[i].data.length;
  loom_status status = length ? begin_ingest(day->write, error) : LOOM_OK;
  return status == LOOM_OK && length
             ? loom_cluster_each(day->write->cluster, insert_shard, day, error)
             : status;
}

/* Adds what was written to what the commit will tell. */
static loom_status note_part(struct loom_cluster_write *write, const struct loom_ledger_part *more,
                             loom_error *error) {
  struct loom_ledger_part *part = find_part(write, more->shard, more->day);
  if (more->blocks == 0)
    return LOOM_OK;
  if (!part)
    return keep_part(write, more, error);
  part->blocks += more->blocks;
  part->polls += more->polls;
  part->sum += more->sum;
  part->added += more->added;
  part->newest = more->newest > part->newest ? more->newest : part->newest;
  return LOOM_OK;
}

loom_status loom_cluster_write_day(loom_cluster_write *write, int32_t date,
                                   const struct loom_portion *portions, size_t count,
                                   struct loom_counts *counts, loom_error *error) {
  unsigned shards = loom_cluster_shards(write->cluster);
  struct day_write day = {.write = write,
                          .day = date,
                          .portions = portions,
                          .count = count,
                          .shards = calloc(shards, sizeof *day.shards)};
  if (!day.shards)
    return loom_no_memory(error);
  loom_status status = loom_cluster_each(write->cluster, merge_shard, &day, error);
  if (status == LOOM_OK)
    status = insert_all(&day, error);
  for (unsigned i = 0; i < shards; i++) {
    struct shard_day *here = &day.shards[i];
    if (status == LOOM_OK)
      status = note_part(write, &here->part, error);
    counts->added += here->counts.added;
    counts->duplicates += here->counts.duplicates;
    counts->conflicts += here->counts.conflicts;
    loom_text_free(&here->data);
    loom_text_free(&here->stored_text);
    free(here->stored);
    loom_polls_free(&here->known);
    loom_polls_free(&here->other);
    loom_polls_free(&here->merged);
    loom_polls_free(&here->fresh);
  }
  free(day.shards);
  write->failed |= status != LOOM_OK;
  return status;
}

/* ---- generations ---- */

struct renewal {
  loom_cluster_write *write;
  int32_t day;
  int64_t cut;
  struct loom_text *data; /* by shard */
  struct loom_ledger_part *parts;
};

static loom_status send_renewed(struct renewal *renewal, unsigned shard, loom_error *error) {
  struct loom_text *data = &renewal->data[shard];
  loom_status status = data->length ? insert(renewal->write, shard, data, error) : LOOM_OK;
  data->length = 0;
  return status;
}

static loom_status renew_block(void *context, int32_t day, int64_t store,
                               const struct loom_polls *polls, loom_error *error) {
  struct renewal *renewal = context;
  loom_cluster_write *write = renewal->write;
  unsigned shard = loom_shard_of(store, loom_cluster_shards(write->cluster));
  struct loom_text *data = &renewal->data[shard];
  struct loom_ledger_part *part = &renewal->parts[shard];
  size_t first = loom_polls_before(polls, renewal->cut), length = 0;
  char id[LOOM_ID_MAX];
  if (first == polls->count)
    return LOOM_OK;
  loom_status status = loom_head_id(write->head, store, id, &length, error);
  if (status == LOOM_OK && !loom_text_reserve(data, 64 + length + polls->count * sizeof(loom_poll)))
    status = loom_no_memory(error);
  if (status != LOOM_OK)
    return status;
  loom_row_put_u32(data, (uint32_t)day);
  loom_row_put_u32(data, part->gen);
  loom_row_put_u64(data, (uint64_t)store);
  loom_row_put_string(data, id, length);
  loom_row_put_u64(data, write->ingest);
  loom_row_put_u16(data, 0);
  loom_row_put_int64s(data, polls->items + first, polls->count - first);
  part->blocks++;
  part->polls += polls->count - first;
  part->added = part->polls;
  for (size_t i = first; i < polls->count; i++)
    part->sum += (uint64_t)polls->items[i];
  int64_t newest = loom_poll_instant(polls->items[polls->count - 1]);
  part->newest = newest > part->newest ? newest : part->newest;
  return data->length >= RENEWED_SIZE ? send_renewed(renewal, shard, error) : LOOM_OK;
}

/* Reads the day, and writes what is to be kept of it. */
static loom_status renew(struct renewal *renewal, loom_error *error) {
  loom_cluster_write *write = renewal->write;
  int64_t last = 0;
  loom_status status = loom_head_last_polled(write->head, &last, error);
  loom_blocks *blocks =
      status == LOOM_OK ? loom_blocks_new(write->cluster, &write->ledger, last) : NULL;
  if (status == LOOM_OK && !blocks)
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_blocks_open(blocks, renewal->day, renewal->day, true, error);
  if (status == LOOM_OK)
    status = loom_blocks_scan(blocks, renew_block, renewal, error);
  loom_blocks_free(blocks); /* which uses the connections until then */
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(write->cluster); i++)
    status = send_renewed(renewal, i, error);
  return status;
}

loom_status loom_cluster_write_renewed(loom_cluster_write *write, int32_t day, int64_t cut,
                                       loom_error *error) {
  unsigned shards = loom_cluster_shards(write->cluster);
  struct renewal renewal = {.write = write, .day = day, .cut = cut};
  renewal.data = calloc(shards, sizeof *renewal.data);
  renewal.parts = calloc(shards, sizeof *renewal.parts);
  loom_status status = renewal.data && renewal.parts ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = begin_ingest(write, error);
  for (unsigned i = 0; status == LOOM_OK && i < shards; i++) {
    const struct loom_ledger_part *known = loom_ledger_find(&write->ledger, i, day);
    renewal.parts[i] = (struct loom_ledger_part){
        .shard = i, .day = day, .gen = known ? known->gen + 1 : 0, .newest = INT64_MIN};
  }
  if (status == LOOM_OK && loom_date_of_instant(cut) <= day)
    status = renew(&renewal, error);
  for (unsigned i = 0; status == LOOM_OK && i < shards; i++)
    if (loom_ledger_find(&write->ledger, i, day))
      status = keep_part(write, &renewal.parts[i], error);
  for (unsigned i = 0; renewal.data && i < shards; i++)
    loom_text_free(&renewal.data[i]);
  free(renewal.data);
  free(renewal.parts);
  write->failed |= status != LOOM_OK;
  return status;
}

void loom_cluster_write_renew_roster(loom_cluster_write *write) {
  write->renews_roster = true;
}

loom_cluster *loom_cluster_write_cluster(const loom_cluster_write *write) {
  return write->cluster;
}

const struct loom_ledger *loom_cluster_write_ledger(const loom_cluster_write *write) {
  return &write->ledger;
}
