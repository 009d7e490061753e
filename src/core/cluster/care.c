/*
** Care.
*/
#include "cluster/care.h"
#include "base/grow.h"
#include "cluster/roster_cluster.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"
#include "cluster/write_cluster.h"
#include "sqlite/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_SIZE 28             /* bytes that a replica says of a day */
#define ANSWER_SLACK (1u << 20) /* that its answer may have beyond the ledger's days */
#define SUPERSEDED_SIZE 10      /* bytes of a row: shard, day, generation */
#define FEW_ROWS 1000 /* of the roster, and bytes, that are not worth it to write it anew */
#define FEW_BYTES (1u << 20)
#define VERSION_MOST 63 /* bytes of a version that are told */

/* ---- a look ---- */

struct look {
  loom_cluster *cluster;
  loom_replica_fn *tell;
  void *context;
};

static void look_at(const struct look *look, unsigned shard, unsigned replica) {
  char sql[] = "SELECT version() FORMAT TabSeparated";
  struct loom_text text = {.bytes = sql, .length = sizeof sql - 1}, answer = {0};
  const struct loom_question question = {.sql = &text};
  char version[VERSION_MOST + 1];
  loom_error why;
  size_t length = 0;
  loom_status status = loom_cluster_look(look->cluster, shard, replica, &question, &answer, &why);
  while (status == LOOM_OK && length < answer.length && length < VERSION_MOST &&
         answer.bytes[length] > ' ' && answer.bytes[length] <= '~')
    length++;
  if (status == LOOM_OK && length == 0)
    status = loom_fail(&why, LOOM_EIO, "has no version");
  snprintf(version, sizeof version, "%.*s", (int)length, length ? answer.bytes : "");
  look->tell(look->context, shard, replica, status == LOOM_OK ? version : NULL,
             status == LOOM_OK ? NULL : why.message);
  loom_text_free(&answer);
}

static loom_status look_at_shard(void *context, unsigned shard, loom_error *error) {
  const struct look *look = context;
  (void)error;
  for (unsigned i = 0; i < loom_cluster_replicas(look->cluster, shard); i++)
    look_at(look, shard, i);
  return LOOM_OK;
}

loom_status loom_care_look(loom_cluster *cluster, loom_replica_fn *tell, void *context,
                           loom_error *error) {
  struct look look = {cluster, tell, context};
  return loom_cluster_each(cluster, look_at_shard, &look, error);
}

/* ---- whether it adds up ---- */

struct checking {
  loom_cluster *cluster;
  const struct loom_ledger *ledger;
  loom_remote_problem_fn *tell;
  void *context;
};

/* Compares what a replica has of each day with the ledger. */
static void compare(const struct checking *checking, unsigned shard, const char *url,
                    const struct loom_text *answer) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  char problem[512];
  size_t found = 0, wanted = 0;
  for (size_t i = 0; i < checking->ledger->part_count; i++)
    wanted += checking->ledger->parts[i].shard == shard && checking->ledger->parts[i].blocks;
  for (; loom_row_more(&reader); found++) {
    int32_t day = loom_row_i32(&reader);
    uint64_t blocks = loom_row_u64(&reader), polls = loom_row_u64(&reader),
             sum = loom_row_u64(&reader);
    const struct loom_ledger_part *part = loom_ledger_find(checking->ledger, shard, day);
    if (!reader.bad && part && part->blocks == blocks && part->polls == polls && part->sum == sum)
      continue;
    snprintf(problem, sizeof problem,
             "shard %u, %s: day %" PRId32 " has %" PRIu64 " blocks and %" PRIu64
             " polls, and the ledger %" PRIu64 " and %" PRIu64,
             shard + 1, url, day, blocks, polls, part ? part->blocks : 0, part ? part->polls : 0);
    checking->tell(checking->context, problem);
  }
  if (found == wanted && !reader.bad)
    return;
  snprintf(problem, sizeof problem, "shard %u, %s: has %zu of %zu days", shard + 1, url, found,
           wanted);
  checking->tell(checking->context, problem);
}

static loom_status check_replica(const struct checking *checking, unsigned shard, unsigned replica,
                                 loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool any = false;
  loom_error why;
  if (!loom_sql_add(&sql,
                    "SELECT day, count(), sum(length(polls)), sum(arraySum(polls)) FROM "
                    "block WHERE ") ||
      !loom_ledger_visible(checking->ledger, shard, INT32_MIN, INT32_MAX, 0, &any, &sql) ||
      !loom_sql_add(&sql, " GROUP BY day FORMAT RowBinary")) {
    loom_text_free(&sql);
    return loom_no_memory(error);
  }
  const struct loom_question question = {.sql = &sql,
                                         .size = LOOM_RANGE,
                                         .answer_most = ANSWER_SLACK +
                                                        checking->ledger->part_count * DAY_SIZE};
  loom_status status = LOOM_OK;
  if (any)
    status = loom_cluster_ask_replica(checking->cluster, shard, replica, &question, &answer, &why);
  if (status == LOOM_OK)
    compare(checking, shard, loom_cluster_url(checking->cluster, shard, replica), &answer);
  else
    checking->tell(checking->context, why.message);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return LOOM_OK;
}

/* Compares the roster that a replica of the first shard has with the ledger. */
static loom_status check_roster(const struct checking *checking, unsigned replica,
                                loom_error *error) {
  const struct loom_ledger_part *wanted = &checking->ledger->roster;
  struct loom_ledger_part found;
  char problem[512];
  loom_error why;
  loom_status status =
      loom_roster_cluster_count(checking->cluster, checking->ledger, replica, &found, &why);
  if (status == LOOM_ENOMEM)
    return loom_no_memory(error);
  if (status == LOOM_OK && found.blocks == wanted->blocks && found.polls == wanted->polls)
    return LOOM_OK;
  snprintf(problem, sizeof problem,
           "shard 1, %s: the roster has %" PRIu64 " rows of %" PRIu64
           " bytes, and the ledger %" PRIu64 " of %" PRIu64,
           loom_cluster_url(checking->cluster, 0, replica), found.blocks, found.polls,
           wanted->blocks, wanted->polls);
  checking->tell(checking->context, status == LOOM_OK ? problem : why.message);
  return LOOM_OK;
}

/* Compares what the ledger says by its last fold with its rows. */
static loom_status check_fold(const struct checking *checking, loom_error *error) {
  struct loom_ledger rows;
  const struct loom_ledger *ledger = checking->ledger;
  if (ledger->folded == 0)
    return LOOM_OK;
  loom_status status = loom_ledger_read_unfolded(checking->cluster, ledger->number, &rows, error);
  if (status != LOOM_OK)
    return status;
  if (!loom_ledger_adds_up(&rows, ledger))
    checking->tell(checking->context, "the ledger's rows say otherwise than their fold");
  loom_ledger_free(&rows);
  return LOOM_OK;
}

loom_status loom_care_check(loom_cluster *cluster, loom_remote_problem_fn *tell, void *context,
                            loom_error *error) {
  struct loom_ledger ledger;
  loom_status status = loom_ledger_read(cluster, LOOM_LAST_COMMIT, 0, &ledger, error);
  if (status != LOOM_OK)
    return status;
  const struct checking checking = {cluster, &ledger, tell, context};
  status = check_fold(&checking, error);
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(cluster); i++)
    for (unsigned j = 0; status == LOOM_OK && j < loom_cluster_replicas(cluster, i); j++)
      status = check_replica(&checking, i, j, error);
  for (unsigned j = 0; status == LOOM_OK && j < loom_cluster_replicas(cluster, 0); j++)
    status = check_roster(&checking, j, error);
  loom_ledger_free(&ledger);
  return status;
}

/* ---- writing anew ---- */

static bool is_in_pieces(const struct loom_ledger *ledger, int32_t day) {
  for (size_t i = 0; i < ledger->part_count; i++)
    if (ledger->parts[i].day == day && ledger->parts[i].blocks && ledger->parts[i].commits > 1)
      return true;
  return false;
}

struct days {
  int32_t *items;
  size_t count, capacity;
};

/* Adds a shard's days that have rows of void ingests in the generation that is in force. */
static loom_status add_void_days(const struct loom_ledger *ledger, unsigned shard,
                                 const struct loom_text *answer, struct days *days,
                                 loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  while (loom_row_more(&reader)) {
    int32_t day = loom_row_i32(&reader);
    uint32_t gen = loom_row_u32(&reader);
    const struct loom_ledger_part *part = loom_ledger_find(ledger, shard, day);
    if (reader.bad)
      return loom_fail(error, LOOM_EIO, "shard %u: the answer is cut off", shard + 1);
    if (!part || part->gen != gen)
      continue;
    if (!loom_grow(&days->items, &days->capacity, days->count + 1, sizeof *days->items))
      return loom_no_memory(error);
    days->items[days->count++] = day;
  }
  return LOOM_OK;
}

/* Those of which a void ingest has rows: they go where the day is written anew, and it can be forgotten (voids.h). */
static loom_status find_void_days(loom_cluster *cluster, const struct loom_ledger *ledger,
                                  struct days *days, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  const struct loom_question question = {.sql = &sql, .size = LOOM_RANGE};
  bool good = loom_sql_add(&sql, "SELECT DISTINCT day, gen FROM block WHERE ingest IN (");
  for (size_t i = 0; good && i < ledger->void_count; i++)
    good = loom_sql_add(&sql, i ? ",%" PRIu64 : "%" PRIu64, ledger->voids[i]);
  good = good && loom_sql_add(&sql, ") FORMAT RowBinary");
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  for (unsigned i = 0; status == LOOM_OK && ledger->void_count && i < loom_cluster_shards(cluster);
       i++) {
    status = loom_cluster_ask(cluster, i, &question, &answer, error);
    if (status == LOOM_OK)
      status = add_void_days(ledger, i, &answer, days, error);
  }
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

static bool has(const struct days *days, int32_t day) {
  for (size_t i = 0; i < days->count; i++)
    if (days->items[i] == day)
      return true;
  return false;
}

static loom_status renew_some(loom_cluster_write *write, const struct days *more, uint64_t *days,
                              loom_error *error) {
  const struct loom_ledger *ledger = loom_cluster_write_ledger(write);
  size_t count;
  int32_t *list = loom_ledger_days(ledger, &count);
  loom_status status = list ? LOOM_OK : loom_no_memory(error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    if (!is_in_pieces(ledger, list[i]) && !has(more, list[i]))
      continue;
    if (*days == 0)
      status = loom_cluster_write_begin_file(write, error);
    if (status == LOOM_OK)
      status = loom_cluster_write_renewed(write, list[i], INT64_MIN, error);
    ++*days;
  }
  free(list);
  return status;
}

static loom_status renew_days(loom_cluster_write *write, uint64_t *days, loom_error *error) {
  struct days more = {0};
  loom_status status = find_void_days(loom_cluster_write_cluster(write),
                                      loom_cluster_write_ledger(write), &more, error);
  if (status == LOOM_OK)
    status = renew_some(write, &more, days, error);
  free(more.items);
  return status;
}

/* ---- generations that nobody reads any more ---- */

/* The generations that were in force so long ago, by shard and day. */
static loom_status read_superseded(loom_cluster *cluster, int64_t age, struct loom_text *answer,
                                   loom_error *error) {
  struct loom_text sql = {0};
  int64_t until = (int64_t)time(NULL) - age;
  const struct loom_question question = {.sql = &sql, .consistent = true};
  bool good =
      loom_sql_add(&sql,
                   "SELECT shard, day, max(gen) FROM ledger WHERE step = 'part' AND gen > 0 "
                   "AND ingest IN ") &&
      loom_ledger_put_holding(&sql) &&
      loom_sql_add(&sql,
                   " AND at <= toDateTime(%" PRId64
                   ") GROUP BY shard, day ORDER BY shard, day FORMAT RowBinary",
                   until > 0 ? until : 0);
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, answer, error);
  loom_text_free(&sql);
  return status;
}

/* The generation of a shard's day that was in force, by rows in their order; 0: none is known. */
static uint32_t find_gen(const struct loom_text *superseded, unsigned shard, int32_t day) {
  size_t low = 0, high = superseded->length / SUPERSEDED_SIZE;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const unsigned char *row = (const unsigned char *)superseded->bytes + middle * SUPERSEDED_SIZE;
    struct loom_row_reader reader = {row, row + SUPERSEDED_SIZE, false};
    unsigned of_shard = loom_row_u16(&reader);
    int32_t of_day = loom_row_i32(&reader);
    if (of_shard == shard && of_day == day)
      return loom_row_u32(&reader);
    if (of_shard < shard || (of_shard == shard && of_day < day))
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

static loom_status change(loom_cluster *cluster, unsigned shard, struct loom_text *sql, bool good,
                          loom_error *error) {
  struct loom_text answer = {0};
  const struct loom_question question = {.sql = sql, .size = LOOM_RANGE};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, shard, &question, &answer, error);
  loom_text_free(sql);
  loom_text_free(&answer);
  return status;
}

static loom_status drop(loom_cluster *cluster, unsigned shard, int32_t day, uint32_t gen,
                        loom_error *error) {
  struct loom_text sql = {0};
  bool good =
      loom_sql_add(&sql, "ALTER TABLE block DROP PARTITION (%" PRId32 ", %" PRIu32 ")", day, gen);
  return change(cluster, shard, &sql, good, error);
}

/* Of a shard's partitions, as a replica has them, whose replicas do as one does. */
static loom_status drop_in_shard(loom_cluster *cluster, unsigned shard,
                                 const struct loom_text *superseded, uint64_t *dropped,
                                 loom_error *error) {
  char sql[] =
      "SELECT DISTINCT partition FROM system.parts WHERE database = currentDatabase() AND "
      "table = 'block' AND active ORDER BY partition FORMAT TabSeparated";
  struct loom_text text = {.bytes = sql, .length = sizeof sql - 1}, answer = {0};
  const struct loom_question question = {.sql = &text, .size = LOOM_RANGE};
  loom_status status = loom_cluster_ask(cluster, shard, &question, &answer, error);
  for (size_t at = 0; status == LOOM_OK && at < answer.length;) {
    const char *line = answer.bytes + at, *end = memchr(line, '\n', answer.length - at);
    char partition[64];
    int32_t day;
    uint32_t gen;
    size_t length = end ? (size_t)(end - line) : answer.length - at;
    snprintf(partition, sizeof partition, "%.*s", (int)(length < 63 ? length : 63), line);
    at += length + 1;
    if (sscanf(partition, "(%" SCNd32 ",%" SCNu32 ")", &day, &gen) != 2 ||
        gen >= find_gen(superseded, shard, day))
      continue;
    status = drop(cluster, shard, day, gen, error);
    *dropped += status == LOOM_OK;
  }
  loom_text_free(&answer);
  return status;
}

/* ---- of the roster ---- */

/* The ingest that began the roster's generation which was in force so long ago; 0: the first one was. */
static loom_status read_renewed(loom_cluster *cluster, int64_t age, uint64_t *ingest,
                                loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  int64_t until = (int64_t)time(NULL) - age;
  const struct loom_question question = {.sql = &sql, .consistent = true};
  bool good = loom_sql_add(&sql,
                           "SELECT max(added) FROM ledger WHERE step = 'part' AND shard = %d AND "
                           "gen > 0 AND ingest IN ",
                           LOOM_ROSTER_SHARD) &&
              loom_ledger_put_holding(&sql) &&
              loom_sql_add(&sql, " AND at <= toDateTime(%" PRId64 ") FORMAT RowBinary",
                           until > 0 ? until : 0);
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, &answer, error);
  struct loom_row_reader reader = loom_row_reader_of(&answer);
  *ingest = status == LOOM_OK ? loom_row_u64(&reader) : 0;
  if (reader.bad)
    status = loom_fail(error, LOOM_EIO, "the cluster's ledger: the answer is cut off");
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

/* Partitions of a cluster that an older Loom made have no numbers. */
static loom_status drop_of_roster(loom_cluster *cluster, uint64_t ingest, uint64_t *dropped,
                                  loom_error *error) {
  char sql[] =
      "SELECT DISTINCT partition FROM system.parts WHERE database = currentDatabase() AND "
      "table = 'roster' AND active ORDER BY partition FORMAT TabSeparated";
  struct loom_text text = {.bytes = sql, .length = sizeof sql - 1}, answer = {0};
  const struct loom_question question = {.sql = &text, .size = LOOM_RANGE};
  loom_status status = loom_cluster_ask(cluster, 0, &question, &answer, error);
  for (size_t at = 0; status == LOOM_OK && at < answer.length;) {
    const char *line = answer.bytes + at, *end = memchr(line, '\n', answer.length - at);
    char partition[32];
    uint64_t number;
    size_t length = end ? (size_t)(end - line) : answer.length - at;
    struct loom_text change_of = {0};
    snprintf(partition, sizeof partition, "%.*s", (int)(length < 31 ? length : 31), line);
    at += length + 1;
    if (sscanf(partition, "%" SCNu64, &number) != 1 || number >= ingest >> LOOM_ROSTER_PARTITION)
      continue;
    bool good = loom_sql_add(&change_of, "ALTER TABLE roster DROP PARTITION %" PRIu64, number);
    status = change(cluster, 0, &change_of, good, error);
    *dropped += status == LOOM_OK;
  }
  loom_text_free(&answer);
  return status;
}

loom_status loom_care_drop(loom_cluster *cluster, int64_t age, uint64_t *dropped,
                           loom_error *error) {
  struct loom_text superseded = {0};
  uint64_t ingest = 0;
  *dropped = 0;
  loom_status status = read_superseded(cluster, age, &superseded, error);
  if (status == LOOM_OK && superseded.length % SUPERSEDED_SIZE)
    status = loom_fail(error, LOOM_EIO, "the cluster's ledger: the answer is cut off");
  for (unsigned i = 0; status == LOOM_OK && superseded.length && i < loom_cluster_shards(cluster);
       i++)
    status = drop_in_shard(cluster, i, &superseded, dropped, error);
  loom_text_free(&superseded);
  if (status == LOOM_OK)
    status = read_renewed(cluster, age, &ingest, error);
  if (status == LOOM_OK && ingest >> LOOM_ROSTER_PARTITION)
    status = drop_of_roster(cluster, ingest, dropped, error);
  return status;
}

/* ---- compacting ---- */

/* Whether what is superseded is as much as what is left, of rows or of bytes. */
static bool is_worth_it(const struct loom_ledger_part *roster, const struct loom_ledger_part *left,
                        uint64_t least) {
  uint64_t rows = roster->blocks - left->blocks, bytes = roster->polls - left->polls;
  if (left->blocks == 0) /* what is empty tells nobody to begin with nothing */
    return false;
  if (least)
    return rows >= least;
  return (rows >= FEW_ROWS && rows >= left->blocks) || (bytes >= FEW_BYTES && bytes >= left->polls);
}

static loom_status renew_roster(loom_cluster_write *write, uint64_t least, uint64_t *entries,
                                loom_error *error) {
  const struct loom_ledger *ledger = loom_cluster_write_ledger(write);
  struct loom_ledger_part left;
  if (ledger->roster.commits < 2)
    return LOOM_OK;
  loom_status status =
      loom_roster_cluster_left(loom_cluster_write_cluster(write), ledger, &left, error);
  if (status == LOOM_OK && is_worth_it(&ledger->roster, &left, least)) {
    loom_cluster_write_renew_roster(write);
    *entries = ledger->roster.blocks - left.blocks;
  }
  return status;
}

loom_status loom_care_compact(loom_database *head, loom_cluster *cluster, uint64_t least,
                              struct loom_compacted *compacted, loom_error *error) {
  loom_cluster_write *write;
  *compacted = (struct loom_compacted){0};
  loom_status status = loom_database_begin_write(head, error);
  if (status == LOOM_OK) {
    status = loom_cluster_write_of(head, loom_cluster_lend, &cluster, &write, error);
    if (status == LOOM_OK)
      status = renew_days(write, &compacted->days, error);
    if (status == LOOM_OK)
      status = renew_roster(write, least, &compacted->entries, error);
    loom_database_keep_revision(head); /* no figure changes */
    status = loom_database_end_write(head, status, error);
  }
  loom_cluster_free(cluster);
  return status;
}

/* ---- who writes ---- */

loom_status loom_care_take_over(loom_database *head, loom_cluster *cluster, loom_error *error) {
  char owner[LOOM_LEDGER_IDENTITY];
  loom_status status = loom_ledger_new_identity(owner, error);
  if (status == LOOM_OK)
    status = loom_database_begin_write(head, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_set_owner(head, owner, error);
  if (status == LOOM_OK)
    status = loom_ledger_own(cluster, owner, error);
  loom_database_keep_revision(head);
  return loom_database_end_write(head, status, error);
}
