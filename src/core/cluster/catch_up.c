/*
** Catching up: the roster first, so that stores have their numbers; then how far the polls of each reach, in portions of these.
*/
#include "cluster/catch_up.h"
#include "cluster/roster_cluster.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"
#include "sqlite/roster_rows.h"
#include "write/store_number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 24           /* bytes that are told of a block */
#define ANSWER_SLACK (1u << 20) /* that an answer may have beyond the ledger's blocks */
#define PORTION 65536           /* numbers of stores that are asked for at a time */

struct catching_up {
  loom_database *head;
  loom_cluster *cluster;
  const struct loom_ledger *ledger;
  struct loom_ledger_news news; /* since the head's commit, or of all */
  uint64_t since;               /* polls of the ingests behind it are read; 0: all */
};

/* ---- how far polls reach ---- */

static uint64_t blocks_of(const struct catching_up *work, unsigned shard) {
  uint64_t blocks = 0;
  if (work->since)
    return work->news.blocks[shard];
  for (size_t i = 0; i < work->ledger->part_count; i++)
    if (work->ledger->parts[i].shard == shard)
      blocks += work->ledger->parts[i].blocks;
  return blocks;
}

static loom_status ask(const struct catching_up *work, unsigned shard, int64_t first, int64_t end,
                       struct loom_text *answer, loom_error *error) {
  struct loom_text sql = {0};
  bool any;
  bool good = loom_sql_add(&sql,
                           "SELECT number, polls[1], polls[-1] FROM block WHERE number >= %" PRId64
                           " AND number < %" PRId64 " AND ingest > %" PRIu64 " AND ",
                           first, end, work->since) &&
              loom_ledger_visible(work->ledger, shard, INT32_MIN, INT32_MAX, 0, &any, &sql) &&
              loom_sql_add(&sql, " ORDER BY number, ingest, file, day FORMAT RowBinary");
  const struct loom_question question = {.sql = &sql,
                                         .size = LOOM_RANGE,
                                         .answer_most =
                                             ANSWER_SLACK + blocks_of(work, shard) * BLOCK_SIZE};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(work->cluster, shard, &question, answer, error);
  loom_text_free(&sql);
  return status;
}

static loom_status tell(const struct catching_up *work, int64_t store,
                        const struct loom_reach *reach, loom_error *error) {
  return store ? loom_store_tell(work->head, store, reach, error) : LOOM_OK;
}

/* Takes blocks in the order in which they came to be; `blocks` grows by how many they are. */
static loom_status take(const struct catching_up *work, unsigned shard,
                        const struct loom_text *answer, uint64_t *blocks, loom_error *error) {
  const unsigned char *bytes = (const unsigned char *)answer->bytes;
  struct loom_row_reader reader = {bytes, bytes ? bytes + answer->length : bytes, false};
  struct loom_reach reach = LOOM_NO_REACH;
  int64_t store = 0;
  loom_status status = LOOM_OK;
  for (; status == LOOM_OK && loom_row_more(&reader); ++*blocks) {
    int64_t number = loom_row_i64(&reader), first = loom_poll_instant(loom_row_i64(&reader));
    loom_poll newest = loom_row_i64(&reader);
    if (reader.bad)
      return loom_fail(error, LOOM_EIO, "shard %u: the answer is cut off", shard + 1);
    if (number != store) {
      status = tell(work, store, &reach, error);
      reach = LOOM_NO_REACH;
      reach.has_changed = true;
      store = number;
    }
    reach.first = first < reach.first ? first : reach.first;
    if (reach.newest == INT64_MIN || loom_poll_instant(newest) >= loom_poll_instant(reach.newest))
      reach.newest = newest;
  }
  return status == LOOM_OK ? tell(work, store, &reach, error) : status;
}

/* What a replica lacks is told by how many blocks came; what was told before of some of them does no harm. */
static loom_status read_shard(const struct catching_up *work, unsigned shard, int64_t last,
                              loom_error *error) {
  uint64_t wanted = blocks_of(work, shard), blocks = 0;
  if (wanted == 0)
    return LOOM_OK;
  for (unsigned i = 0; i < loom_cluster_replicas(work->cluster, shard); i++) {
    loom_status status = LOOM_OK;
    blocks = 0;
    for (int64_t first = 1; status == LOOM_OK && first <= last; first += PORTION) {
      struct loom_text answer = {0};
      status = ask(work, shard, first, first + PORTION, &answer, error);
      if (status == LOOM_OK)
        status = take(work, shard, &answer, &blocks, error);
      loom_text_free(&answer);
    }
    if (status != LOOM_OK || blocks == wanted)
      return status;
    loom_cluster_turn_away(work->cluster, shard);
  }
  return loom_fail(error, LOOM_EIO,
                   "shard %u: its replicas have %" PRIu64 " of %" PRIu64
                   " blocks, by the ledger: some lag",
                   shard + 1, blocks, wanted);
}

static loom_status read_polls(const struct catching_up *work, loom_error *error) {
  int64_t last = 0;
  loom_status status = work->since ? LOOM_OK : loom_head_clear(work->head, error);
  if (status == LOOM_OK)
    status = loom_head_last(work->head, &last, error);
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(work->cluster); i++)
    status = read_shard(work, i, last, error);
  return status;
}

/* ---- all of it ---- */

/*
** Where the cluster knows of no roster it takes the head's; where it does, the head's has to have come from it.
*/
static loom_status check_roster(const struct catching_up *work, const struct loom_head *head,
                                loom_error *error) {
  const char *path = loom_cluster_conf(work->cluster)->head;
  bool any = false;
  loom_status status = loom_roster_any(work->head, &any, error);
  if (status != LOOM_OK || (head->is_one && head->ingest))
    return status;
  if (!any && work->ledger->roster.blocks == 0 && work->ledger->part_count)
    return loom_fail(error, LOOM_EINVAL,
                     "%s: the cluster's stores are known to another head alone, of an older Loom: "
                     "open it with this one first",
                     path);
  if (any && !head->is_one && work->ledger->roster.blocks)
    return loom_fail(error, LOOM_EINVAL,
                     "%s: has stores of its own, and the cluster has others: give a head that is "
                     "new, or was this cluster's",
                     path);
  return any && !work->ledger->roster.blocks ? loom_roster_touch_all(work->head, error) : LOOM_OK;
}

/* Whether the head's commit is one of the ledger's, so that what came behind it is all that it lacks. */
static loom_status is_behind(const struct catching_up *work, const struct loom_head *head,
                             bool *behind, loom_error *error) {
  uint64_t holding = 0;
  loom_status status = LOOM_OK;
  *behind = false;
  if (!head->number || !head->ingest)
    return LOOM_OK;
  status = loom_ledger_holding(work->cluster, head->number, &holding, error);
  *behind = holding == head->ingest;
  return status;
}

static loom_status catch_up(struct catching_up *work, const struct loom_head *head,
                            loom_error *error) {
  bool behind;
  uint64_t since = 0;
  loom_status status = check_roster(work, head, error);
  if (status == LOOM_OK)
    status = is_behind(work, head, &behind, error);
  if (status == LOOM_OK && behind && head->ingest >= work->ledger->roster.added)
    since = head->ingest;
  else if (status == LOOM_OK && work->ledger->roster.blocks)
    status = loom_roster_clear(work->head, error);
  if (status == LOOM_OK && work->ledger->ingest > since)
    status = loom_ledger_news(work->cluster, work->ledger, since, &work->news, error);
  if (status == LOOM_OK)
    status = loom_roster_cluster_read(work->cluster, work->ledger, since, &work->news.roster,
                                      work->head, error);
  work->since = work->news.renewed ? 0 : since;
  return status == LOOM_OK ? read_polls(work, error) : status;
}

/* What the transaction changes is of stores as they were before. */
static loom_status check_untouched(loom_database *database, loom_error *error) {
  if (!loom_roster_is_intended(database))
    return LOOM_OK;
  return loom_fail(error, LOOM_EBUSY, "another writer came to the cluster meanwhile: try again");
}

loom_status loom_catch_up(loom_database *database, loom_cluster *cluster,
                          struct loom_ledger *ledger, loom_error *error) {
  struct loom_head head;
  struct loom_ledger_tip tip = {0};
  struct catching_up work = {.head = database, .cluster = cluster, .ledger = ledger};
  *ledger = (struct loom_ledger){0};
  loom_status status = loom_head_read(database, &head, error);
  if (status == LOOM_OK)
    status = loom_ledger_tip(cluster, &tip, error);
  if (status == LOOM_OK)
    status = loom_head_check_identity(database, &head, tip.identity, error);
  if (status == LOOM_OK)
    status = loom_ledger_read(cluster, LOOM_LAST_COMMIT, 0, ledger, error);
  if (status == LOOM_OK && head.number > ledger->number)
    status = loom_fail(error, LOOM_ECORRUPT,
                       "the cluster's ledger has %" PRIu64 " commits, and the head knows %" PRIu64,
                       ledger->number, head.number);
  if (status == LOOM_OK && tip.number > ledger->number)
    status = loom_fail(error, LOOM_EIO,
                       "the cluster's ledger told of commit %" PRIu64 ", and of %" PRIu64
                       " as the last one then",
                       tip.number, ledger->number);
  bool is_there = head.is_one && head.number == ledger->number && head.ingest == ledger->ingest;
  if (status == LOOM_OK && is_there && strcmp(head.identity, tip.identity) == 0)
    return LOOM_OK;
  if (status == LOOM_OK && !is_there)
    status = check_untouched(database, error);
  work.news.blocks = calloc(loom_cluster_shards(cluster), sizeof *work.news.blocks);
  if (status == LOOM_OK && !work.news.blocks)
    status = loom_no_memory(error);
  struct loom_head now = {.is_one = true,
                          .shards = loom_cluster_shards(cluster),
                          .number = ledger->number,
                          .ingest = ledger->ingest};
  strncpy(now.name, loom_cluster_conf(cluster)->database, sizeof now.name - 1);
  memcpy(now.identity, tip.identity, sizeof now.identity);
  if (status == LOOM_OK) /* or refuse the file */
    status = loom_head_write(database, &now, error);
  if (status == LOOM_OK && !is_there)
    status = catch_up(&work, &head, error);
  free(work.news.blocks);
  if (status != LOOM_OK)
    loom_ledger_free(ledger);
  return status;
}
