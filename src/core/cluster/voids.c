/*
** Which void ingests are to be named.
*/
#include "cluster/voids.h"
#include "base/grow.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define OLD 86400            /* seconds since one began that may be forgotten */
#define WATCHED (30 * 86400) /* and since one was forgotten, of which rows are looked for */

void loom_voids_free(struct loom_voids *voids) {
  free(voids->items);
  *voids = (struct loom_voids){0};
}

loom_status loom_voids_add(struct loom_voids *voids, uint64_t ingest, loom_error *error) {
  if (!loom_grow(&voids->items, &voids->capacity, voids->count + 1, sizeof *voids->items))
    return loom_no_memory(error);
  voids->items[voids->count++] = ingest;
  return LOOM_OK;
}

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void sort(struct loom_voids *voids) {
  if (voids->count)
    qsort(voids->items, voids->count, sizeof *voids->items, compare);
}

bool loom_voids_has(const struct loom_voids *voids, uint64_t ingest) {
  return voids->count && bsearch(&ingest, voids->items, voids->count, sizeof ingest, compare);
}

static loom_status take(struct loom_voids *voids, const struct loom_text *answer,
                        loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader)) {
    uint64_t ingest = loom_row_u64(&reader);
    status = reader.bad ? loom_fail(error, LOOM_EIO, "the cluster's ledger: the answer is cut off")
                        : loom_voids_add(voids, ingest, error);
  }
  sort(voids);
  return status;
}

static bool put_list(struct loom_text *sql, const uint64_t *items, size_t count) {
  bool good = true;
  for (size_t i = 0; good && i < count; i++)
    good = loom_sql_add(sql, i ? ",%" PRIu64 : "(%" PRIu64, items[i]);
  return good && loom_sql_add(sql, ")");
}

static loom_status ask(loom_cluster *cluster, const struct loom_text *sql, bool good,
                       struct loom_voids *voids, loom_error *error) {
  struct loom_text answer = {0};
  const struct loom_question question = {.sql = sql, .consistent = true};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, &answer, error);
  if (status == LOOM_OK)
    status = take(voids, &answer, error);
  loom_text_free(&answer);
  return status;
}

/* Those that a ledger names which began so long ago. */
static loom_status find_old(loom_cluster *cluster, const struct loom_ledger *ledger,
                            struct loom_voids *old, loom_error *error) {
  struct loom_text sql = {0};
  if (ledger->void_count == 0)
    return LOOM_OK;
  bool good = loom_sql_add(&sql,
                           "SELECT DISTINCT ingest FROM ledger WHERE step = 'begin' AND at <= "
                           "toDateTime(%" PRId64 ") AND ingest IN ",
                           (int64_t)time(NULL) - OLD) &&
              put_list(&sql, ledger->voids, ledger->void_count) &&
              loom_sql_add(&sql, " FORMAT RowBinary");
  loom_status status = ask(cluster, &sql, good, old, error);
  loom_text_free(&sql);
  return status;
}

static loom_status find_forgotten(loom_cluster *cluster, const struct loom_ledger *ledger,
                                  struct loom_voids *forgotten, loom_error *error) {
  struct loom_text sql = {0};
  bool good =
      loom_sql_add(&sql,
                   "SELECT DISTINCT blocks FROM ledger WHERE step = 'void' AND polls = 1 AND "
                   "blocks <= %" PRIu64 " AND at >= toDateTime(%" PRId64
                   ") AND ingest IN (SELECT ingest FROM ledger WHERE step = 'sealed') FORMAT "
                   "RowBinary",
                   ledger->ingest, (int64_t)time(NULL) - WATCHED);
  loom_status status = ask(cluster, &sql, good, forgotten, error);
  loom_text_free(&sql);
  return status;
}

/* ---- what is left of them ---- */

struct search {
  loom_cluster *cluster;
  struct loom_voids wanted, found;
  bool is_whole; /* all replicas have answered */
};

static loom_status look_at(struct search *search, unsigned shard, unsigned replica,
                           const char *beginning, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  loom_error ignored;
  const struct loom_question question = {.sql = &sql, .size = LOOM_RANGE};
  loom_status status = LOOM_OK;
  if (!loom_sql_add(&sql, "%s", beginning) ||
      !put_list(&sql, search->wanted.items, search->wanted.count) ||
      !loom_sql_add(&sql, " FORMAT RowBinary"))
    status = loom_no_memory(error);
  if (status == LOOM_OK && loom_cluster_ask_replica(search->cluster, shard, replica, &question,
                                                    &answer, &ignored) != LOOM_OK)
    search->is_whole = false;
  else if (status == LOOM_OK)
    status = take(&search->found, &answer, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

static loom_status find_rows(struct search *search, loom_error *error) {
  loom_cluster *cluster = search->cluster;
  loom_status status = LOOM_OK;
  search->is_whole = true;
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(cluster); i++)
    for (unsigned j = 0; status == LOOM_OK && j < loom_cluster_replicas(cluster, i); j++) {
      status = look_at(search, i, j, "SELECT DISTINCT ingest FROM block WHERE ingest IN ", error);
      if (status == LOOM_OK && i == 0)
        status =
            look_at(search, i, j, "SELECT DISTINCT ingest FROM roster WHERE ingest IN ", error);
    }
  return status;
}

/* Which of old and forgotten ones still, or again, have rows. */
static loom_status find_left(struct search *search, const struct loom_voids *old,
                             const struct loom_voids *forgotten, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < old->count; i++)
    status = loom_voids_add(&search->wanted, old->items[i], error);
  for (size_t i = 0; status == LOOM_OK && i < forgotten->count; i++)
    status = loom_voids_add(&search->wanted, forgotten->items[i], error);
  search->is_whole = search->wanted.count == 0;
  return status == LOOM_OK && search->wanted.count ? find_rows(search, error) : status;
}

static loom_status choose(const struct loom_ledger *ledger, const struct search *search,
                          const struct loom_voids *old, const struct loom_voids *forgotten,
                          struct loom_voids *named, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < ledger->void_count; i++) {
    uint64_t ingest = ledger->voids[i];
    if (!search->is_whole || !loom_voids_has(old, ingest) || loom_voids_has(&search->found, ingest))
      status = loom_voids_add(named, ingest, error);
  }
  sort(named);
  for (size_t i = 0, before = named->count; status == LOOM_OK && i < forgotten->count; i++) {
    const struct loom_voids known = {.items = named->items, .count = before};
    if (loom_voids_has(&search->found, forgotten->items[i]) &&
        !loom_voids_has(&known, forgotten->items[i]))
      status = loom_voids_add(named, forgotten->items[i], error);
  }
  sort(named);
  return status;
}

loom_status loom_voids_named(loom_cluster *cluster, const struct loom_ledger *ledger,
                             struct loom_voids *named, loom_error *error) {
  struct loom_voids old = {0}, forgotten = {0};
  struct search search = {.cluster = cluster};
  loom_status status = find_old(cluster, ledger, &old, error);
  if (status == LOOM_OK)
    status = find_forgotten(cluster, ledger, &forgotten, error);
  if (status == LOOM_OK)
    status = find_left(&search, &old, &forgotten, error);
  if (status == LOOM_OK)
    status = choose(ledger, &search, &old, &forgotten, named, error);
  loom_voids_free(&old);
  loom_voids_free(&forgotten);
  loom_voids_free(&search.wanted);
  loom_voids_free(&search.found);
  return status;
}
