/*
** Rows of the roster to a cluster and from it, in portions.
*/
#include "cluster/roster_cluster.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"
#include "sqlite/roster_rows.h"

#include <inttypes.h>
#include <string.h>

#define INSERT_SIZE (8 << 20)   /* bytes of an insert */
#define ROW_SIZE 64             /* bytes of a row, without its value */
#define ANSWER_SLACK (1u << 20) /* that an answer may have beyond what the ledger says */
#define PORTION 16384           /* numbers of stores that are asked for at a time */

static loom_status ask(loom_cluster *cluster, struct loom_text *sql, bool good, size_t answer_most,
                       struct loom_text *answer, loom_error *error) {
  const struct loom_question question = {
      .sql = sql, .size = LOOM_RANGE, .answer_most = answer_most};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, answer, error);
  loom_text_free(sql);
  return status;
}

/* ---- to write ---- */

static loom_status send(loom_cluster *cluster, struct loom_text *rows, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  if (rows->length == 0)
    return LOOM_OK;
  loom_status status =
      loom_sql_add(&sql, "INSERT INTO roster FORMAT RowBinary") ? LOOM_OK : loom_no_memory(error);
  const struct loom_question question = {
      .sql = &sql, .size = LOOM_INSERT, .data = rows, .may_repeat = true};
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, &answer, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  rows->length = 0;
  return status;
}

static bool put_row(uint64_t ingest, const char *kind, size_t kind_length, int64_t store,
                    const char *value, size_t length, struct loom_text *rows,
                    struct loom_ledger_part *part) {
  if (!loom_text_reserve(rows, 64 + kind_length + length))
    return false;
  loom_row_put_u64(rows, ingest);
  loom_row_put_string(rows, kind, kind_length);
  loom_row_put_u64(rows, (uint64_t)store);
  loom_row_put_string(rows, value, length);
  part->blocks++;
  part->polls += length;
  return true;
}

static loom_status put_entry(loom_database *head, uint64_t ingest,
                             const struct loom_roster_entry *entry, struct loom_text *value,
                             struct loom_text *rows, struct loom_ledger_part *part,
                             loom_error *error) {
  const char *kind = loom_roster_kind_name(entry->kind);
  value->length = 0;
  loom_status status = loom_roster_put(head, entry, value, error);
  if (status == LOOM_OK && !put_row(ingest, kind, strlen(kind), entry->store,
                                    value->length ? value->bytes : "", value->length, rows, part))
    status = loom_no_memory(error);
  return status;
}

/* The ingest behind which rows are of the generation. */
static uint64_t begin_of(const struct loom_ledger *ledger) {
  return ledger->roster.added ? ledger->roster.added - 1 : 0;
}

static bool put_visible(struct loom_text *sql, const struct loom_ledger *ledger, uint64_t since) {
  return loom_sql_add(sql, "ingest > %" PRIu64 " AND ", since) &&
         loom_ledger_put_ingests(ledger, sql);
}

/* The question of how many rows there are that fulfil a condition, and of how many bytes. */
static bool put_count(struct loom_text *sql, const struct loom_ledger *ledger, uint64_t ingest) {
  bool good = loom_sql_add(sql,
                           "SELECT count(), sum(length(value)) FROM (SELECT DISTINCT kind, "
                           "number, ingest, value FROM roster WHERE ");
  good = good && (ledger ? put_visible(sql, ledger, begin_of(ledger))
                         : loom_sql_add(sql, "ingest = %" PRIu64, ingest));
  return good && loom_sql_add(sql, ") FORMAT RowBinary");
}

static bool take_count(const struct loom_text *answer, struct loom_ledger_part *found) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  *found = (struct loom_ledger_part){.shard = LOOM_ROSTER_SHARD};
  found->blocks = loom_row_u64(&reader);
  found->polls = loom_row_u64(&reader);
  return !reader.bad;
}

loom_status loom_roster_cluster_count(loom_cluster *cluster, const struct loom_ledger *ledger,
                                      unsigned replica, struct loom_ledger_part *found,
                                      loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  const struct loom_question question = {.sql = &sql, .size = LOOM_SMALL};
  loom_status status = put_count(&sql, ledger, 0) ? LOOM_OK : loom_no_memory(error);
  *found = (struct loom_ledger_part){0};
  if (status == LOOM_OK)
    status = loom_cluster_ask_replica(cluster, 0, replica, &question, &answer, error);
  if (status == LOOM_OK && !take_count(&answer, found))
    status = loom_fail(error, LOOM_EIO, "shard 1: the answer is cut off");
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

/* Whether the shard has of the ingest what was sent. */
static loom_status read_back(loom_cluster *cluster, uint64_t ingest,
                             const struct loom_ledger_part *part, loom_error *error) {
  for (unsigned i = 0; i < loom_cluster_replicas(cluster, 0); i++) {
    struct loom_text sql = {0}, answer = {0};
    struct loom_ledger_part found;
    bool good = put_count(&sql, NULL, ingest);
    loom_status status = ask(cluster, &sql, good, 0, &answer, error);
    bool is_whole =
        take_count(&answer, &found) && found.blocks == part->blocks && found.polls == part->polls;
    loom_text_free(&answer);
    if (status != LOOM_OK || is_whole)
      return status;
    loom_cluster_turn_away(cluster, 0);
  }
  return loom_fail(error, LOOM_EIO,
                   "shard 1 has not got what was written to its roster: nothing of it is kept");
}

loom_status loom_roster_cluster_write(loom_cluster *cluster, uint64_t ingest, loom_database *head,
                                      struct loom_ledger_part *part, loom_error *error) {
  const struct loom_roster_entry *entries;
  struct loom_text value = {0}, rows = {0};
  size_t count;
  loom_status status = loom_roster_touched(head, &entries, &count, error);
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    status = put_entry(head, ingest, &entries[i], &value, &rows, part, error);
    if (status == LOOM_OK && rows.length >= INSERT_SIZE)
      status = send(cluster, &rows, error);
  }
  if (status == LOOM_OK)
    status = send(cluster, &rows, error);
  loom_text_free(&value);
  loom_text_free(&rows);
  return status == LOOM_OK && part->blocks ? read_back(cluster, ingest, part, error) : status;
}

/* ---- to read ---- */

/* What a store has of a kind, and how many rows, and bytes, that came of. Texts are where the answer is. */
struct row {
  const char *kind, *value;
  size_t kind_length, length;
  int64_t store;
  uint64_t rows, bytes;
};

struct reading {
  /* takes a row; `removed`: only what is in its place is to go */
  loom_status (*take)(struct reading *reading, const struct row *row, bool removed,
                      loom_error *error);
  loom_cluster *cluster;
  const struct loom_ledger *ledger;
  uint64_t since;
  const struct loom_ledger_part *wanted; /* what has to come */
  loom_database *head;
  uint64_t rows, bytes; /* that have come */
};

static bool put_condition(const struct reading *reading, struct loom_text *sql) {
  return loom_sql_add(sql, " FROM roster WHERE ") &&
         put_visible(sql, reading->ledger, reading->since);
}

/* The next row; `bad` where there is none. */
static struct row take_row(struct loom_row_reader *reader) {
  struct row row;
  row.kind = loom_row_string(reader, &row.kind_length);
  row.store = loom_row_i64(reader);
  row.value = loom_row_string(reader, &row.length);
  row.rows = loom_row_u64(reader);
  row.bytes = loom_row_u64(reader);
  return row;
}

/* Puts the row in place of what the head has. */
static loom_status apply_row(struct reading *reading, const struct row *row, bool removed,
                             loom_error *error) {
  struct loom_roster_entry entry = {.store = row->store};
  if (!loom_roster_kind_from_name(row->kind, row->kind_length, &entry.kind))
    return loom_fail(error, LOOM_ECORRUPT,
                     "the cluster's roster has what this Loom does not know: '%.*s'",
                     row->kind_length < 32 ? (int)row->kind_length : 32, row->kind);
  return loom_roster_take(reading->head, &entry, row->value, removed ? 0 : row->length, error);
}

static loom_status take_rows(struct reading *reading, const struct loom_text *answer, bool removed,
                             loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader)) {
    struct row row = take_row(&reader);
    status = reader.bad ? loom_fail(error, LOOM_EIO, "shard 1: the answer is cut off")
                        : reading->take(reading, &row, removed, error);
  }
  return status;
}

static void count_rows(struct reading *reading, const struct loom_text *answer) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  while (loom_row_more(&reader)) {
    struct row row = take_row(&reader);
    reading->rows += row.rows;
    reading->bytes += row.bytes;
  }
}

static loom_status ask_rows(struct reading *reading, const char *kinds, uint64_t first,
                            uint64_t end, struct loom_text *answer, loom_error *error) {
  struct loom_text sql = {0};
  bool good = loom_sql_add(&sql,
                           "SELECT kind, number, argMax(value, ingest), count(), "
                           "sum(length(value)) FROM (SELECT DISTINCT kind, number, ingest, "
                           "value") &&
              put_condition(reading, &sql) &&
              loom_sql_add(&sql,
                           " AND %s AND number >= %" PRIu64 " AND number < %" PRIu64
                           ") GROUP BY kind, number ORDER BY kind = 'store' DESC, kind, number "
                           "FORMAT RowBinary",
                           kinds, first, end);
  uint64_t most = ANSWER_SLACK + reading->wanted->blocks * ROW_SIZE + reading->wanted->polls;
  loom_status status = ask(reading->cluster, &sql, good, most, answer, error);
  if (status == LOOM_OK)
    count_rows(reading, answer);
  return status;
}

/* Rows of stores from one number to the one before another, those of the stores themselves first. */
static loom_status read_portion(struct reading *reading, uint64_t first, uint64_t end,
                                loom_error *error) {
  struct loom_text answer = {0};
  loom_status status = ask_rows(reading, "kind != 'exclusion'", first, end, &answer, error);
  if (status == LOOM_OK)
    status = take_rows(reading, &answer, false, error);
  loom_text_free(&answer);
  return status;
}

/* A number that one store's exclusion had may be another's now: all are taken away before any comes. */
static loom_status read_exclusions(struct reading *reading, loom_error *error) {
  struct loom_text answer = {0};
  loom_status status =
      ask_rows(reading, "kind = 'exclusion'", 0, (uint64_t)INT64_MAX, &answer, error);
  if (status == LOOM_OK)
    status = take_rows(reading, &answer, true, error);
  if (status == LOOM_OK)
    status = take_rows(reading, &answer, false, error);
  loom_text_free(&answer);
  return status;
}

static loom_status find_last(struct reading *reading, uint64_t *last, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool good = loom_sql_add(&sql, "SELECT max(number)") && put_condition(reading, &sql) &&
              loom_sql_add(&sql, " FORMAT RowBinary");
  loom_status status = ask(reading->cluster, &sql, good, 0, &answer, error);
  struct loom_row_reader reader = loom_row_reader_of(&answer);
  *last = loom_row_more(&reader) ? loom_row_u64(&reader) : 0;
  if (status == LOOM_OK && (reader.bad || *last >= (uint64_t)INT64_MAX))
    status = loom_fail(error, LOOM_EIO, "shard 1: the last store of the roster is none");
  loom_text_free(&answer);
  return status;
}

/* One try: a replica that lacks some is told by how many came. */
static loom_status read_once(struct reading *reading, loom_error *error) {
  uint64_t last = 0;
  reading->rows = reading->bytes = 0;
  loom_status status = find_last(reading, &last, error);
  uint64_t step = reading->wanted->blocks <= PORTION ? last + 1 : PORTION;
  for (uint64_t first = 0; status == LOOM_OK && first <= last; first += step)
    status = read_portion(reading, first, first + step, error);
  return status == LOOM_OK ? read_exclusions(reading, error) : status;
}

loom_status loom_roster_cluster_read(loom_cluster *cluster, const struct loom_ledger *ledger,
                                     uint64_t since, const struct loom_ledger_part *wanted,
                                     loom_database *head, loom_error *error) {
  struct reading reading = {.take = apply_row,
                            .cluster = cluster,
                            .ledger = ledger,
                            .since = since > begin_of(ledger) ? since : begin_of(ledger),
                            .wanted = wanted,
                            .head = head};
  if (wanted->blocks == 0)
    return LOOM_OK;
  for (unsigned i = 0; i < loom_cluster_replicas(cluster, 0); i++) {
    loom_status status = read_once(&reading, error);
    if (status != LOOM_OK)
      return status;
    if (reading.rows == wanted->blocks && reading.bytes == wanted->polls)
      return LOOM_OK;
    loom_cluster_turn_away(cluster, 0);
  }
  return loom_fail(error, LOOM_EIO,
                   "shard 1: its replicas have %" PRIu64 " of %" PRIu64
                   " rows of the roster, by the ledger: some lag",
                   reading.rows, wanted->blocks);
}

/* ---- to write anew ---- */

/* Has a replica asked first that has all. */
static loom_status prove(loom_cluster *cluster, const struct loom_ledger *ledger,
                         loom_error *error) {
  struct loom_ledger_part found = {0};
  for (unsigned i = 0; i < loom_cluster_replicas(cluster, 0); i++) {
    struct loom_text sql = {0}, answer = {0};
    bool good = put_count(&sql, ledger, 0);
    loom_status status = ask(cluster, &sql, good, 0, &answer, error);
    bool is_whole = take_count(&answer, &found) && found.blocks == ledger->roster.blocks &&
                    found.polls == ledger->roster.polls;
    loom_text_free(&answer);
    if (status != LOOM_OK || is_whole)
      return status;
    loom_cluster_turn_away(cluster, 0);
  }
  return loom_fail(error, LOOM_EIO,
                   "shard 1: its replicas have %" PRIu64 " of %" PRIu64
                   " rows of the roster, by the ledger: some lag",
                   found.blocks, ledger->roster.blocks);
}

loom_status loom_roster_cluster_left(loom_cluster *cluster, const struct loom_ledger *ledger,
                                     struct loom_ledger_part *left, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  *left = (struct loom_ledger_part){.shard = LOOM_ROSTER_SHARD};
  loom_status status = prove(cluster, ledger, error);
  if (status != LOOM_OK)
    return status;
  bool good = loom_sql_add(&sql,
                           "SELECT count(), sum(length(last)) FROM (SELECT kind, number, "
                           "argMax(value, ingest) AS last FROM roster WHERE ") &&
              put_visible(&sql, ledger, begin_of(ledger)) &&
              loom_sql_add(&sql, " GROUP BY kind, number) WHERE last != '' FORMAT RowBinary");
  status = ask(cluster, &sql, good, 0, &answer, error);
  if (status == LOOM_OK && !take_count(&answer, left))
    status = loom_fail(error, LOOM_EIO, "shard 1: the answer is cut off");
  loom_text_free(&answer);
  return status;
}

struct renewal {
  struct reading reading; /* the first member */
  uint64_t ingest;
  struct loom_text rows;
  struct loom_ledger_part *part;
};

static loom_status keep_row(struct reading *reading, const struct row *row, bool removed,
                            loom_error *error) {
  struct renewal *renewal = (struct renewal *)reading;
  if (removed || row->length == 0)
    return LOOM_OK;
  if (!put_row(renewal->ingest, row->kind, row->kind_length, row->store, row->value, row->length,
               &renewal->rows, renewal->part))
    return loom_no_memory(error);
  return renewal->rows.length >= INSERT_SIZE ? send(reading->cluster, &renewal->rows, error)
                                             : LOOM_OK;
}

loom_status loom_roster_cluster_renew(loom_cluster *cluster, const struct loom_ledger *ledger,
                                      uint64_t ingest, struct loom_ledger_part *part,
                                      loom_error *error) {
  struct renewal renewal = {.reading = {.take = keep_row,
                                        .cluster = cluster,
                                        .ledger = ledger,
                                        .since = begin_of(ledger),
                                        .wanted = &ledger->roster},
                            .ingest = ingest,
                            .part = part};
  struct loom_ledger_part left;
  *part = (struct loom_ledger_part){.shard = LOOM_ROSTER_SHARD,
                                    .gen = ledger->roster.gen + 1,
                                    .added = ingest,
                                    .newest = INT64_MIN};
  loom_status status = loom_roster_cluster_left(cluster, ledger, &left, error);
  if (status == LOOM_OK)
    status = read_once(&renewal.reading, error);
  if (status == LOOM_OK)
    status = send(cluster, &renewal.rows, error);
  loom_text_free(&renewal.rows);
  if (status == LOOM_OK && (renewal.reading.rows != ledger->roster.blocks ||
                            renewal.reading.bytes != ledger->roster.polls ||
                            part->blocks != left.blocks || part->polls != left.polls))
    status = loom_fail(error, LOOM_EIO,
                       "shard 1: the roster did not come whole: nothing was written anew");
  return status;
}
