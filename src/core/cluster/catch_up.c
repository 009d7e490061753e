/*
** Catching up: the ids, the first and the newest poll of stores that blocks of later commits have, in portions of store numbers.
*/
#include "cluster/catch_up.h"
#include "cluster/blocks.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"

#include <inttypes.h>
#include <string.h>

#define PORTION 65536 /* numbers of stores that are asked for at a time */

static const char *name_of(const loom_cluster *cluster) {
  return loom_cluster_conf(cluster)->database;
}

/* ---- which stores there are ---- */

static loom_status ask(loom_cluster *cluster, unsigned shard, struct loom_text *sql, bool good,
                       struct loom_text *answer, loom_error *error) {
  const struct loom_question question = {.sql = sql, .size = LOOM_RANGE};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, shard, &question, answer, error);
  loom_text_free(sql);
  return status;
}

static struct loom_row_reader reader_of(const struct loom_text *text) {
  const unsigned char *bytes = (const unsigned char *)text->bytes;
  return (struct loom_row_reader){bytes, bytes ? bytes + text->length : bytes, false};
}

static loom_status cut_off(unsigned shard, loom_error *error) {
  return loom_fail(error, LOOM_EIO, "shard %u: the answer is cut off", shard + 1);
}

/* The greatest number of a store in a shard. */
static loom_status find_last(loom_cluster *cluster, const struct loom_ledger *ledger,
                             unsigned shard, int64_t *last, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool any = false;
  bool good = loom_sql_add(&sql, "SELECT max(number) FROM block WHERE ") &&
              loom_ledger_visible(ledger, shard, INT32_MIN, INT32_MAX, 0, &any, &sql) &&
              loom_sql_add(&sql, " FORMAT RowBinary");
  *last = 0;
  if (good && !any) {
    loom_text_free(&sql);
    return LOOM_OK;
  }
  loom_status status = ask(cluster, shard, &sql, good, &answer, error);
  struct loom_row_reader reader = reader_of(&answer);
  if (status == LOOM_OK)
    *last = loom_row_i64(&reader);
  if (reader.bad)
    status = cut_off(shard, error);
  loom_text_free(&answer);
  return status;
}

/* ---- their ids ---- */

static loom_status take_ids(loom_database *database, unsigned shard, const struct loom_text *answer,
                            loom_error *error) {
  struct loom_row_reader reader = reader_of(answer);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader)) {
    size_t length;
    int64_t number = loom_row_i64(&reader);
    const char *id = loom_row_string(&reader, &length);
    if (reader.bad)
      status = cut_off(shard, error);
    else
      status = loom_head_add(database, number, id, length, error);
  }
  return status;
}

static loom_status add_ids(loom_database *database, loom_cluster *cluster,
                           const struct loom_ledger *ledger, unsigned shard, loom_error *error) {
  int64_t last = 0;
  loom_status status = find_last(cluster, ledger, shard, &last, error);
  for (int64_t first = 1; status == LOOM_OK && first <= last; first += PORTION) {
    struct loom_text sql = {0}, answer = {0};
    bool any;
    bool good = loom_sql_add(&sql,
                             "SELECT DISTINCT number, store FROM block WHERE number >= %" PRId64
                             " AND number < %" PRId64 " AND ",
                             first, first + PORTION) &&
                loom_ledger_visible(ledger, shard, INT32_MIN, INT32_MAX, 0, &any, &sql) &&
                loom_sql_add(&sql, " FORMAT RowBinary");
    status = ask(cluster, shard, &sql, good, &answer, error);
    if (status == LOOM_OK)
      status = take_ids(database, shard, &answer, error);
    loom_text_free(&answer);
  }
  return status;
}

/* ---- how far their polls reach ---- */

struct telling {
  loom_database *database;
  int64_t store, first;
  loom_poll newest;
};

static loom_status tell(struct telling *telling, loom_error *error) {
  if (telling->store == 0)
    return LOOM_OK;
  return loom_head_tell(telling->database, telling->store, telling->first, telling->newest, error);
}

/* Blocks come by store and day. */
static loom_status look(void *context, int32_t day, int64_t store, const struct loom_polls *polls,
                        loom_error *error) {
  struct telling *telling = context;
  loom_status status = LOOM_OK;
  (void)day;
  if (store != telling->store) {
    status = tell(telling, error);
    telling->store = store;
    telling->first = loom_poll_instant(polls->items[0]);
  }
  telling->newest = polls->items[polls->count - 1];
  return status;
}

static loom_status tell_all(loom_database *database, loom_cluster *cluster,
                            const struct loom_ledger *ledger, int64_t last, loom_error *error) {
  struct telling telling = {.database = database};
  loom_blocks *blocks = loom_blocks_new(cluster, ledger, last);
  loom_status status = blocks ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_blocks_open(blocks, INT32_MIN, INT32_MAX, true, error);
  if (status == LOOM_OK)
    status = loom_blocks_scan(blocks, look, &telling, error);
  if (status == LOOM_OK)
    status = tell(&telling, error);
  loom_blocks_free(blocks);
  return status;
}

/* ---- all of it ---- */

static loom_status read_stores(loom_database *database, loom_cluster *cluster,
                               const struct loom_ledger *ledger, loom_error *error) {
  int64_t last = 0;
  loom_status status = loom_head_clear(database, error);
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(cluster); i++) {
    int64_t here = 0;
    status = loom_ledger_prove(cluster, ledger, i, INT32_MIN, INT32_MAX, NULL, error);
    if (status == LOOM_OK)
      status = find_last(cluster, ledger, i, &here, error);
    if (status == LOOM_OK)
      status = add_ids(database, cluster, ledger, i, error);
    last = here > last ? here : last;
  }
  return status == LOOM_OK ? tell_all(database, cluster, ledger, last, error) : status;
}

loom_status loom_catch_up(loom_database *database, loom_cluster *cluster,
                          struct loom_ledger *ledger, loom_error *error) {
  struct loom_head head;
  struct loom_ledger_tip tip;
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
  bool is_there = head.is_one && head.number == ledger->number && head.ingest == ledger->ingest;
  if (status == LOOM_OK && is_there && strcmp(head.identity, tip.identity) == 0)
    return LOOM_OK;
  if (status == LOOM_OK && !is_there)
    status = read_stores(database, cluster, ledger, error);
  struct loom_head now = {.is_one = true,
                          .shards = loom_cluster_shards(cluster),
                          .number = ledger->number,
                          .ingest = ledger->ingest};
  strncpy(now.name, name_of(cluster), sizeof now.name - 1);
  memcpy(now.identity, tip.identity, sizeof now.identity);
  if (status == LOOM_OK)
    status = loom_head_write(database, &now, error);
  if (status != LOOM_OK)
    loom_ledger_free(ledger);
  return status;
}
