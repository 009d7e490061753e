/*
** The ledger, which the first shard has.
*/
#include "cluster/ledger.h"
#include "base/grow.h"
#include "base/platform.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ingests of writers that begin at once, of which one was thought to be dead, differ in their lowest bits. */
#define RANDOM_BITS 20

#define COMMIT_SHARD 65535 /* of the commits' rows, which are of no shard */

#define IDENTITY "identity" /* the step of the row that tells the cluster from others */
#define CLAIM "claim"       /* of steps before a commit: see claim.h */
#define WITHDRAWN "withdrawn"
#define OWNER "owner" /* and of those that tell who alone writes; the last number counts */

#define FOLD "fold" /* of a fold's rows: itself, its parts and its voids; and that it counts */
#define FOLDED "folded"
#define VOID "void"
#define SEALED "sealed"

/* What a fold found not to hold never will. */
#define VOIDED                                                                                     \
  "(SELECT blocks FROM ledger WHERE step = '" VOID                                                 \
  "' AND ingest IN (SELECT ingest FROM ledger WHERE step = '" SEALED "'))"

/* The ingests of the commits that hold, behind an ingest and a number, up to another number. */
#define HOLDING                                                                                    \
  "(SELECT max(ingest) FROM ledger WHERE step = 'commit' AND ingest > %" PRIu64                    \
  " AND number > %" PRIu64 " AND number <= %" PRIu64 " AND ingest NOT IN " VOIDED                  \
  " GROUP BY number)"

void loom_ledger_free(struct loom_ledger *ledger) {
  free(ledger->parts);
  free(ledger->voids);
  *ledger = (struct loom_ledger){0};
}

/* ---- to read ---- */

static loom_status ask(loom_cluster *cluster, struct loom_text *sql, struct loom_text *answer,
                       loom_error *error) {
  const struct loom_question question = {.sql = sql, .size = LOOM_SMALL, .consistent = true};
  return loom_cluster_ask(cluster, 0, &question, answer, error);
}

static loom_status cut_off(loom_error *error) {
  return loom_fail(error, LOOM_EIO, "the cluster's ledger: the answer is cut off");
}

static bool is_step(const char *step, size_t length, const char *name) {
  return length == strlen(name) && memcmp(step, name, length) == 0;
}

static int compare_parts(const void *a, const void *b) {
  const struct loom_ledger_part *x = a, *y = b;
  if (x->shard != y->shard)
    return x->shard < y->shard ? -1 : 1;
  return x->day != y->day ? (x->day < y->day ? -1 : 1) : 0;
}

/* Takes a row, in place of one of an earlier generation. */
static loom_status add_part(struct loom_ledger *ledger, const struct loom_ledger_part *part,
                            loom_error *error) {
  struct loom_ledger_part *last =
      ledger->part_count ? &ledger->parts[ledger->part_count - 1] : NULL;
  if (last && compare_parts(last, part) > 0)
    return loom_fail(error, LOOM_ECORRUPT, "the cluster's ledger: its parts are not in order");
  if (last && compare_parts(last, part) == 0) {
    *last = *part;
    return LOOM_OK;
  }
  if (!loom_grow(&ledger->parts, &ledger->part_capacity, ledger->part_count + 1,
                 sizeof *ledger->parts))
    return loom_no_memory(error);
  ledger->parts[ledger->part_count++] = *part;
  return LOOM_OK;
}

/* Shard, day, generation; blocks, polls, the sum of packed polls, new ones; the newest poll. */
static struct loom_ledger_part read_part(struct loom_row_reader *reader) {
  struct loom_ledger_part part = {0};
  part.shard = loom_row_u16(reader);
  part.day = loom_row_i32(reader);
  part.gen = loom_row_u32(reader);
  part.blocks = loom_row_u64(reader);
  part.polls = loom_row_u64(reader);
  part.sum = loom_row_u64(reader);
  part.added = loom_row_u64(reader);
  part.newest = loom_row_i64(reader);
  return part;
}

/* A part, of sums; the greatest ingest and number; rows. */
static loom_status take_row(struct loom_ledger *ledger, struct loom_row_reader *reader,
                            loom_error *error) {
  struct loom_ledger_part part = read_part(reader);
  uint64_t ingest = loom_row_u64(reader), number = loom_row_u64(reader),
           rows = loom_row_u64(reader);
  if (reader->bad)
    return cut_off(error);
  part.commits = rows;
  ledger->rows += rows;
  if (part.shard == LOOM_ROSTER_SHARD) {
    ledger->roster = part;
    return LOOM_OK;
  }
  if (part.shard != COMMIT_SHARD)
    return add_part(ledger, &part, error);
  ledger->ingest = ingest;
  ledger->number = number;
  ledger->commits += rows;
  return LOOM_OK;
}

static loom_status add_void(struct loom_ledger *ledger, uint64_t ingest, loom_error *error) {
  if (!loom_grow(&ledger->voids, &ledger->void_capacity, ledger->void_count + 1,
                 sizeof *ledger->voids))
    return loom_no_memory(error);
  ledger->voids[ledger->void_count++] = ingest;
  return LOOM_OK;
}

loom_status loom_ledger_take(struct loom_ledger *ledger, const struct loom_text *parts,
                             const struct loom_text *voids, loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(parts);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader))
    status = take_row(ledger, &reader, error);
  if (status == LOOM_OK && ledger->commits != ledger->number)
    status = loom_fail(error, LOOM_ECORRUPT,
                       "the cluster's ledger has %" PRIu64 " of %" PRIu64 " commits",
                       ledger->commits, ledger->number);
  reader = loom_row_reader_of(voids);
  while (status == LOOM_OK && loom_row_more(&reader)) {
    uint64_t ingest = loom_row_u64(&reader);
    status = reader.bad ? cut_off(error) : add_void(ledger, ingest, error);
  }
  return status;
}

/*
** What is behind a fold. `once`: rows count once that are there twice, which takes several times as long.
*/
static bool put_questions(const struct loom_ledger *fold, uint64_t number, bool once,
                          struct loom_text *parts, struct loom_text *voids) {
  bool good = loom_sql_add(
      parts,
      "SELECT shard, day, gen, sum(blocks), sum(polls), sum(sum), sum(added), max(newest), "
      "max(ingest), max(number), count() FROM %s ledger WHERE step IN ('part', 'commit') AND "
      "ingest > %" PRIu64 " AND number > %" PRIu64 " AND ingest IN " HOLDING
      "%s GROUP BY shard, day, gen ORDER BY shard, day, gen FORMAT RowBinary",
      once ? "(SELECT DISTINCT ingest, step, number, shard, day, gen, blocks, polls, sum, added, "
             "newest FROM"
           : "",
      fold->ingest, fold->number, fold->ingest, fold->number, number, once ? ")" : "");
  return good && loom_sql_add(voids,
                              "SELECT DISTINCT ingest FROM ledger WHERE step = 'begin' AND ingest "
                              "> %" PRIu64
                              " AND ingest <= (SELECT max(ingest) FROM ledger WHERE step = "
                              "'commit' AND ingest > %" PRIu64 " AND number > %" PRIu64
                              " AND number <= %" PRIu64 ") AND ingest NOT IN " HOLDING
                              " ORDER BY ingest FORMAT RowBinary",
                              fold->ingest, fold->ingest, fold->number, number, fold->ingest,
                              fold->number, number);
}

static loom_status check_commit(const struct loom_ledger *ledger, uint64_t number, uint64_t ingest,
                                loom_error *error) {
  if (number == LOOM_LAST_COMMIT)
    return LOOM_OK;
  if (ledger->number != number)
    return loom_fail(error, LOOM_ECORRUPT,
                     "the cluster's ledger has %" PRIu64 " commits, and the head knows %" PRIu64,
                     ledger->number, number);
  if (ingest && ledger->ingest != ingest)
    return loom_fail(error, LOOM_EBUSY,
                     "commit %" PRIu64
                     " of another writer took the place of the one that the head knows: open it "
                     "again",
                     number);
  return LOOM_OK;
}

/* The rows of a fold, which are parts, the roster's among them, and voids; `last` is how many of each it has. */
static loom_status take_fold_row(struct loom_ledger *fold, struct loom_row_reader *reader,
                                 uint64_t last[2], loom_error *error) {
  size_t length;
  const char *step = loom_row_string(reader, &length);
  uint64_t number = loom_row_u64(reader);
  struct loom_ledger_part part = read_part(reader);
  part.commits = number;
  if (reader->bad)
    return cut_off(error);
  if (is_step(step, length, VOID))
    return part.polls ? LOOM_OK : add_void(fold, part.blocks, error);
  if (is_step(step, length, FOLD)) {
    fold->number = number;
    fold->ingest = part.blocks;
    last[0] = part.polls;
    last[1] = part.sum;
    return LOOM_OK;
  }
  fold->rows++;
  if (part.shard != LOOM_ROSTER_SHARD)
    return add_part(fold, &part, error);
  fold->roster = part;
  return LOOM_OK;
}

static loom_status take_fold(struct loom_ledger *fold, const struct loom_text *answer,
                             loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  uint64_t last[2] = {0};
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader))
    status = take_fold_row(fold, &reader, last, error);
  if (status == LOOM_OK && (fold->rows != last[0] || fold->void_count != last[1]))
    status = loom_fail(error, LOOM_ECORRUPT, "the cluster's ledger has a part of a fold");
  return status;
}

/* The fold of an ingest, or the last one up to a commit; where there is none it has nothing. */
static loom_status read_fold(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                             struct loom_ledger *fold, loom_error *error) {
  struct loom_text question = {0}, answer = {0};
  *fold = (struct loom_ledger){0};
  bool good = loom_sql_add(&question,
                           "SELECT DISTINCT step, number, shard, day, gen, blocks, "
                           "polls, sum, added, newest FROM ledger WHERE step IN ('" FOLD
                           "', '" FOLDED "', '" VOID "') AND ingest = ");
  if (good && ingest)
    good = loom_sql_add(&question, "%" PRIu64, ingest);
  else if (good)
    good = loom_sql_add(&question,
                        "(SELECT argMax(ingest, number) FROM ledger WHERE step = '" FOLD
                        "' AND number <= %" PRIu64
                        " AND ingest IN (SELECT ingest FROM ledger WHERE step = '" SEALED "'))",
                        number);
  good = good && loom_sql_add(&question, " ORDER BY step, shard, day, blocks FORMAT RowBinary");
  loom_status status = good ? ask(cluster, &question, &answer, error) : loom_no_memory(error);
  if (status == LOOM_OK)
    status = take_fold(fold, &answer, error);
  loom_text_free(&question);
  loom_text_free(&answer);
  if (status != LOOM_OK)
    loom_ledger_free(fold);
  return status;
}

static void add_sums(struct loom_ledger_part *part, const struct loom_ledger_part *more) {
  part->blocks += more->blocks;
  part->polls += more->polls;
  part->sum += more->sum;
  part->added += more->added;
  part->commits += more->commits;
  part->newest = more->newest > part->newest ? more->newest : part->newest;
}

/* Of two ledgers, of which one is what came behind the other's last commit, the one of both. */
static loom_status unite(const struct loom_ledger *fold, const struct loom_ledger *more,
                         struct loom_ledger *ledger, loom_error *error) {
  size_t i = 0, j = 0;
  loom_status status = LOOM_OK;
  *ledger = (struct loom_ledger){.number = more->number,
                                 .ingest = more->ingest,
                                 .commits = more->commits,
                                 .rows = more->rows,
                                 .folded = fold->number,
                                 .roster = fold->roster};
  if (ledger->roster.commits == 0 || more->roster.gen > ledger->roster.gen)
    ledger->roster = more->roster;
  else if (more->roster.commits)
    add_sums(&ledger->roster, &more->roster);
  while (status == LOOM_OK && (i < fold->part_count || j < more->part_count)) {
    int order = i == fold->part_count   ? 1
                : j == more->part_count ? -1
                                        : compare_parts(&fold->parts[i], &more->parts[j]);
    struct loom_ledger_part part = order <= 0 ? fold->parts[i] : more->parts[j];
    if (order == 0 && part.gen == more->parts[j].gen)
      add_sums(&part, &more->parts[j]);
    else if (order == 0 && part.gen < more->parts[j].gen)
      part = more->parts[j];
    i += order <= 0;
    j += order >= 0;
    status = add_part(ledger, &part, error);
  }
  for (i = 0; status == LOOM_OK && i < fold->void_count; i++)
    status = add_void(ledger, fold->voids[i], error);
  for (i = 0; status == LOOM_OK && i < more->void_count; i++)
    status = add_void(ledger, more->voids[i], error);
  return status;
}

/* Reads what is behind a fold. */
static loom_status read_more(loom_cluster *cluster, const struct loom_ledger *fold, uint64_t number,
                             bool once, struct loom_ledger *ledger, loom_error *error) {
  struct loom_text questions[2] = {{0}}, answers[2] = {{0}};
  *ledger =
      (struct loom_ledger){.number = fold->number, .commits = fold->number, .ingest = fold->ingest};
  loom_status status = LOOM_OK;
  if (!put_questions(fold, number, once, &questions[0], &questions[1]))
    status = loom_no_memory(error);
  for (int i = 0; status == LOOM_OK && i < 2; i++)
    status = ask(cluster, &questions[i], &answers[i], error);
  if (status == LOOM_OK)
    status = loom_ledger_take(ledger, &answers[0], &answers[1], error);
  for (int i = 0; i < 2; i++) {
    loom_text_free(&questions[i]);
    loom_text_free(&answers[i]);
  }
  return status;
}

/*
** One try: a replica that lacks a commit is told by the count of them. A server that is alone has a commit twice that was sent to it
** again, when its answer was lost.
*/
static loom_status read_once(loom_cluster *cluster, uint64_t number, uint64_t ingest,
                             bool is_folded, struct loom_ledger *ledger, loom_error *error) {
  struct loom_ledger fold = {0}, more = {0};
  *ledger = (struct loom_ledger){0};
  loom_status status = is_folded ? read_fold(cluster, 0, number, &fold, error) : LOOM_OK;
  if (status == LOOM_OK)
    status = read_more(cluster, &fold, number, false, &more, error);
  if (status == LOOM_ECORRUPT && more.commits > more.number) {
    loom_ledger_free(&more);
    status = read_more(cluster, &fold, number, true, &more, error);
  }
  if (status == LOOM_OK)
    status = unite(&fold, &more, ledger, error);
  if (status == LOOM_OK)
    status = check_commit(ledger, number, ingest, error);
  loom_ledger_free(&fold);
  loom_ledger_free(&more);
  if (status != LOOM_OK)
    loom_ledger_free(ledger);
  return status;
}

static loom_status read_by_turns(loom_cluster *cluster, uint64_t number, uint64_t ingest,
                                 bool is_folded, struct loom_ledger *ledger, loom_error *error) {
  loom_status status = LOOM_ECORRUPT;
  for (unsigned i = 0; status == LOOM_ECORRUPT && i < loom_cluster_replicas(cluster, 0); i++) {
    status = read_once(cluster, number, ingest, is_folded, ledger, error);
    if (status == LOOM_ECORRUPT)
      loom_cluster_turn_away(cluster, 0);
  }
  return status;
}

loom_status loom_ledger_read(loom_cluster *cluster, uint64_t number, uint64_t ingest,
                             struct loom_ledger *ledger, loom_error *error) {
  return read_by_turns(cluster, number, ingest, true, ledger, error);
}

loom_status loom_ledger_read_unfolded(loom_cluster *cluster, uint64_t number,
                                      struct loom_ledger *ledger, loom_error *error) {
  return read_by_turns(cluster, number, 0, false, ledger, error);
}

/* ---- what is new ---- */

/* Each commit has rows: where there are none, the answer is none. */
static loom_status take_news(loom_cluster *cluster, const struct loom_text *answer,
                             struct loom_ledger_news *news, loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  if (!loom_row_more(&reader))
    return cut_off(error);
  while (loom_row_more(&reader)) {
    unsigned shard = loom_row_u16(&reader);
    uint64_t blocks = loom_row_u64(&reader), polls = loom_row_u64(&reader);
    uint32_t gen = loom_row_u32(&reader);
    if (reader.bad)
      return cut_off(error);
    if (shard == LOOM_ROSTER_SHARD)
      news->roster = (struct loom_ledger_part){.shard = shard, .blocks = blocks, .polls = polls};
    else if (shard < loom_cluster_shards(cluster))
      news->blocks[shard] = blocks;
    news->renewed |= gen > 0 && shard != LOOM_ROSTER_SHARD;
  }
  return LOOM_OK;
}

loom_status loom_ledger_news(loom_cluster *cluster, const struct loom_ledger *ledger,
                             uint64_t since, struct loom_ledger_news *news, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  loom_status status = LOOM_OK;
  if (since == 0) {
    news->roster = ledger->roster;
    return LOOM_OK;
  }
  if (!loom_sql_add(&sql,
                    "SELECT shard, sum(blocks), sum(polls), max(gen) FROM (SELECT DISTINCT ingest, "
                    "shard, day, gen, blocks, polls FROM ledger WHERE step = 'part' AND ingest > "
                    "%" PRIu64 " AND ingest IN " HOLDING
                    ") GROUP BY shard ORDER BY shard FORMAT RowBinary",
                    since, since, UINT64_C(0), ledger->number))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = ask(cluster, &sql, &answer, error);
  if (status == LOOM_OK)
    status = take_news(cluster, &answer, news, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

/* One number that a question gives, which always gives one. */
static loom_status ask_number(loom_cluster *cluster, const char *sql, uint64_t *number,
                              loom_error *error) {
  struct loom_text question = {0}, answer = {0};
  loom_status status = loom_sql_add(&question, "%s", sql) ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK)
    status = ask(cluster, &question, &answer, error);
  struct loom_row_reader reader = loom_row_reader_of(&answer);
  *number = status == LOOM_OK ? loom_row_u64(&reader) : 0;
  if (reader.bad)
    status = cut_off(error);
  loom_text_free(&question);
  loom_text_free(&answer);
  return status;
}

loom_status loom_ledger_holding(loom_cluster *cluster, uint64_t number, uint64_t *ingest,
                                loom_error *error) {
  char sql[512];
  snprintf(sql, sizeof sql,
           "SELECT max(ingest) FROM ledger WHERE step = 'commit' AND number = %" PRIu64
           " AND ingest NOT IN " VOIDED " FORMAT RowBinary",
           number);
  return ask_number(cluster, sql, ingest, error);
}

loom_status loom_ledger_is_void(loom_cluster *cluster, uint64_t ingest, bool *is_void,
                                loom_error *error) {
  char sql[128];
  uint64_t folds = 0;
  snprintf(sql, sizeof sql,
           "SELECT count() FROM ledger WHERE step = '" VOID "' AND blocks = %" PRIu64
           " FORMAT RowBinary",
           ingest);
  loom_status status = ask_number(cluster, sql, &folds, error);
  *is_void = folds > 0;
  return status;
}

bool loom_ledger_put_holding(struct loom_text *sql) {
  return loom_sql_add(sql, HOLDING, UINT64_C(0), UINT64_C(0), LOOM_LAST_COMMIT);
}

/* Of digits in hex, which heads keep among words. */
static bool is_identity(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!memchr("0123456789abcdef", text[i], 16))
      return false;
  return length > 0;
}

static loom_status take_tip(const struct loom_text *answer, struct loom_ledger_tip *tip,
                            loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  while (loom_row_more(&reader)) {
    size_t step_length, length;
    const char *step = loom_row_string(&reader, &step_length);
    uint64_t number = loom_row_u64(&reader), ingest = loom_row_u64(&reader);
    const char *note = loom_row_string(&reader, &length);
    if (reader.bad)
      break;
    char *kept = is_step(step, step_length, IDENTITY) ? tip->identity
                 : is_step(step, step_length, OWNER)  ? tip->owner
                                                      : NULL;
    if (kept && (length >= LOOM_LEDGER_IDENTITY || !is_identity(note, length)))
      return loom_fail(error, LOOM_ECORRUPT,
                       "the cluster's ledger: what it has as an identity is none");
    if (kept) {
      memcpy(kept, note, length);
      kept[length] = '\0';
      tip->owners = kept == tip->owner ? number : tip->owners;
    } else {
      tip->number = number;
      tip->ingest = ingest;
    }
  }
  return reader.bad ? cut_off(error) : LOOM_OK;
}

loom_status loom_ledger_tip(loom_cluster *cluster, struct loom_ledger_tip *tip, loom_error *error) {
  struct loom_text question = {0}, answer = {0};
  *tip = (struct loom_ledger_tip){0};
  loom_status status =
      loom_sql_add(&question,
                   "SELECT step, number, max(ingest), min(note) FROM ledger WHERE step = '" IDENTITY
                   "' OR (step = 'commit' AND number = (SELECT max(number) FROM ledger WHERE step "
                   "= 'commit') AND ingest NOT IN " VOIDED ") OR (step = '" OWNER
                   "' AND number = (SELECT max(number) FROM ledger "
                   "WHERE step = '" OWNER "')) GROUP BY step, number FORMAT RowBinary")
          ? LOOM_OK
          : loom_no_memory(error);
  if (status == LOOM_OK)
    status = ask(cluster, &question, &answer, error);
  if (status == LOOM_OK)
    status = take_tip(&answer, tip, error);
  loom_text_free(&question);
  loom_text_free(&answer);
  return status;
}

/* ---- what it says ---- */

const struct loom_ledger_part *loom_ledger_find(const struct loom_ledger *ledger, unsigned shard,
                                                int32_t day) {
  const struct loom_ledger_part key = {.shard = shard, .day = day};
  const struct loom_ledger_part *part =
      ledger->part_count
          ? bsearch(&key, ledger->parts, ledger->part_count, sizeof key, compare_parts)
          : NULL;
  return part;
}

static int compare_days(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return x < y ? -1 : x > y;
}

int32_t *loom_ledger_days(const struct loom_ledger *ledger, size_t *count) {
  int32_t *days = malloc((ledger->part_count + 1) * sizeof *days);
  size_t kept = 0;
  *count = 0;
  if (!days)
    return NULL;
  for (size_t i = 0; i < ledger->part_count; i++)
    if (ledger->parts[i].polls)
      days[(*count)++] = ledger->parts[i].day;
  qsort(days, *count, sizeof *days, compare_days);
  for (size_t i = 0; i < *count; i++)
    if (kept == 0 || days[i] != days[kept - 1])
      days[kept++] = days[i];
  *count = kept;
  return days;
}

bool loom_ledger_visible(const struct loom_ledger *ledger, unsigned shard, int32_t first_day,
                         int32_t last_day, uint64_t own, bool *any, struct loom_text *sql) {
  const char *comma = "";
  bool good = loom_sql_add(sql, "day >= %" PRId32 " AND day <= %" PRId32 " AND (day, gen) IN (",
                           first_day, last_day);
  for (size_t i = 0; good && i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    if (part->shard != shard || part->day < first_day || part->day > last_day)
      continue;
    good = loom_sql_add(sql, "%s(%" PRId32 ", %" PRIu32 ")", comma, part->day, part->gen);
    comma = ", ";
  }
  *any = *comma;
  good = good && loom_sql_add(sql, ") AND (") && loom_ledger_put_ingests(ledger, sql);
  if (good && own)
    good = loom_sql_add(sql, " OR ingest = %" PRIu64, own);
  return good && loom_sql_add(sql, ")");
}

bool loom_ledger_put_ingests(const struct loom_ledger *ledger, struct loom_text *sql) {
  bool good = loom_sql_add(sql, "ingest <= %" PRIu64, ledger->ingest);
  for (size_t i = 0; good && i < ledger->void_count; i++)
    good = loom_sql_add(sql, i ? ", %" PRIu64 : " AND ingest NOT IN (%" PRIu64, ledger->voids[i]);
  return good && (ledger->void_count == 0 || loom_sql_add(sql, ")"));
}

/* ---- what a replica has ---- */

static uint64_t blocks_of(const struct loom_ledger *ledger, unsigned shard, int32_t first_day,
                          int32_t last_day) {
  uint64_t count = 0;
  for (size_t i = 0; i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    if (part->shard == shard && part->day >= first_day && part->day <= last_day)
      count += part->blocks;
  }
  return count;
}

static bool put_count(const struct loom_ledger *ledger, unsigned shard, int32_t first_day,
                      int32_t last_day, uint64_t own, bool *any, struct loom_text *sql) {
  return loom_sql_add(sql, "SELECT count() FROM block WHERE ") &&
         loom_ledger_visible(ledger, shard, first_day, last_day, own, any, sql) &&
         loom_sql_add(sql, " FORMAT RowBinary");
}

loom_status loom_ledger_prove(loom_cluster *cluster, const struct loom_ledger *ledger,
                              unsigned shard, int32_t first_day, int32_t last_day,
                              const struct loom_ledger_own *own, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool any, is_proved = false;
  uint64_t count = 0,
           wanted = blocks_of(ledger, shard, first_day, last_day) + (own ? own->blocks : 0);
  bool good = put_count(ledger, shard, first_day, last_day, own ? own->ingest : 0, &any, &sql);
  const struct loom_question question = {.sql = &sql, .size = LOOM_SMALL};
  loom_status status = good ? LOOM_OK : loom_no_memory(error);
  for (unsigned i = 0; status == LOOM_OK && any && i < loom_cluster_replicas(cluster, shard); i++) {
    status = loom_cluster_ask(cluster, shard, &question, &answer, error);
    struct loom_row_reader reader = loom_row_reader_of(&answer);
    count = status == LOOM_OK ? loom_row_u64(&reader) : 0;
    is_proved = status == LOOM_OK && !reader.bad && count == wanted;
    if (is_proved)
      break;
    if (status == LOOM_OK)
      loom_cluster_turn_away(cluster, shard);
  }
  loom_text_free(&sql);
  loom_text_free(&answer);
  if (status != LOOM_OK || is_proved || !any)
    return status;
  return loom_fail(error, LOOM_EIO,
                   "shard %u, %s: has %" PRIu64 " of %" PRIu64 " blocks of commit %" PRIu64
                   ", and no other replica has all",
                   shard + 1,
                   loom_cluster_url(cluster, shard, loom_cluster_replica(cluster, shard)), count,
                   wanted, ledger->number);
}

loom_status loom_ledger_prove_again(loom_cluster *cluster, const struct loom_ledger *ledger,
                                    unsigned shard, unsigned replica, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool any;
  uint64_t wanted = blocks_of(ledger, shard, INT32_MIN, INT32_MAX);
  if (!put_count(ledger, shard, INT32_MIN, INT32_MAX, 0, &any, &sql)) {
    loom_text_free(&sql);
    return loom_no_memory(error);
  }
  const struct loom_question question = {.sql = &sql, .size = LOOM_SMALL};
  loom_status status = LOOM_OK;
  if (any)
    status = loom_cluster_ask_replica(cluster, shard, replica, &question, &answer, error);
  struct loom_row_reader reader = loom_row_reader_of(&answer);
  uint64_t count = any && status == LOOM_OK ? loom_row_u64(&reader) : wanted;
  loom_text_free(&sql);
  loom_text_free(&answer);
  if (status != LOOM_OK) /* it has gone: what it had, another one has, too */
    return loom_ledger_prove(cluster, ledger, shard, INT32_MIN, INT32_MAX, NULL, error);
  if (!reader.bad && count == wanted)
    return LOOM_OK;
  return loom_fail(error, LOOM_EIO,
                   "shard %u, %s: had all blocks of commit %" PRIu64 ", and has %" PRIu64
                   " of %" PRIu64 ": some were dropped while they were read",
                   shard + 1, loom_cluster_url(cluster, shard, replica), ledger->number, count,
                   wanted);
}

/* ---- to write ---- */

static bool put_row(struct loom_text *rows, uint64_t ingest, const char *step, uint64_t number,
                    const struct loom_ledger_part *part, const char *note) {
  if (!loom_text_reserve(rows, 96 + strlen(step) + strlen(note)))
    return false;
  loom_row_put_u64(rows, ingest);
  loom_row_put_string(rows, step, strlen(step));
  loom_row_put_u64(rows, number);
  loom_row_put_u16(rows, (uint16_t)part->shard);
  loom_row_put_u32(rows, (uint32_t)part->day);
  loom_row_put_u32(rows, part->gen);
  loom_row_put_u64(rows, part->blocks);
  loom_row_put_u64(rows, part->polls);
  loom_row_put_u64(rows, part->sum);
  loom_row_put_u64(rows, part->added);
  loom_row_put_u64(rows, (uint64_t)part->newest);
  loom_row_put_u32(rows, (uint32_t)time(NULL));
  loom_row_put_string(rows, note, strlen(note));
  return true;
}

static loom_status insert(loom_cluster *cluster, const struct loom_text *rows, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  loom_status status =
      loom_sql_add(&sql, "INSERT INTO ledger FORMAT RowBinary") ? LOOM_OK : loom_no_memory(error);
  const struct loom_question question = {
      .sql = &sql, .size = LOOM_INSERT, .data = rows, .may_repeat = true};
  if (status == LOOM_OK)
    status = loom_cluster_ask(cluster, 0, &question, &answer, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}

static const struct loom_ledger_part nothing = {
    .shard = COMMIT_SHARD, .day = INT32_MIN, .newest = INT64_MIN};

static loom_status add_row(loom_cluster *cluster, uint64_t ingest, const char *step,
                           uint64_t number, const char *note, loom_error *error) {
  struct loom_text rows = {0};
  loom_status status = put_row(&rows, ingest, step, number, &nothing, note)
                           ? insert(cluster, &rows, error)
                           : loom_no_memory(error);
  loom_text_free(&rows);
  return status;
}

static loom_status no_random(loom_error *error) {
  return loom_fail(error, LOOM_EIO, "the system has no random numbers");
}

loom_status loom_ledger_number(loom_cluster *cluster, uint64_t *ingest, loom_error *error) {
  uint64_t last = 0;
  uint32_t random = 0;
  loom_status status =
      ask_number(cluster, "SELECT max(ingest) FROM ledger FORMAT RowBinary", &last, error);
  if (status == LOOM_OK && !loom_random(&random, sizeof random))
    status = no_random(error);
  *ingest = ((last >> RANDOM_BITS) + 1) << RANDOM_BITS | (random & ((1u << RANDOM_BITS) - 1));
  return status;
}

loom_status loom_ledger_begin(loom_cluster *cluster, uint64_t ingest, loom_error *error) {
  return add_row(cluster, ingest, "begin", 0, "", error);
}

loom_status loom_ledger_new_identity(char identity[LOOM_LEDGER_IDENTITY], loom_error *error) {
  unsigned char random[(LOOM_LEDGER_IDENTITY - 1) / 2];
  if (!loom_random(random, sizeof random))
    return no_random(error);
  for (size_t i = 0; i < sizeof random; i++)
    snprintf(identity + 2 * i, 3, "%02x", random[i]);
  return LOOM_OK;
}

/* Of several, which were made at once, the least is the cluster's: see loom_ledger_tip. */
loom_status loom_ledger_identify(loom_cluster *cluster, loom_error *error) {
  struct loom_ledger_tip tip;
  char identity[LOOM_LEDGER_IDENTITY];
  loom_status status = loom_ledger_tip(cluster, &tip, error);
  if (status != LOOM_OK || *tip.identity)
    return status;
  status = loom_ledger_new_identity(identity, error);
  if (status != LOOM_OK)
    return status;
  return add_row(cluster, 0, IDENTITY, 0, identity, error);
}

loom_status loom_ledger_own(loom_cluster *cluster, const char *owner, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_status status = loom_ledger_tip(cluster, &tip, error);
  if (status != LOOM_OK)
    return status;
  status = add_row(cluster, 0, OWNER, tip.owners + 1, owner, error);
  if (status == LOOM_OK)
    status = loom_ledger_tip(cluster, &tip, error);
  if (status == LOOM_OK && strcmp(tip.owner, owner) != 0)
    status = loom_fail(error, LOOM_EBUSY, "another head took over at the same time: try again");
  return status;
}

loom_status loom_ledger_claim(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                              const char *writer, loom_error *error) {
  return add_row(cluster, ingest, CLAIM, number, writer, error);
}

loom_status loom_ledger_withdraw(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                                 const char *writer, loom_error *error) {
  return add_row(cluster, ingest, WITHDRAWN, number, writer, error);
}

loom_status loom_ledger_rivals(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                               const char *writer, struct loom_ledger_rivals *rivals,
                               loom_error *error) {
  char sql[512];
  snprintf(sql, sizeof sql,
           "SELECT max(ingest) FROM ledger WHERE step = '" CLAIM "' AND number = %" PRIu64
           " AND ingest != %" PRIu64
           " AND note != '%s' AND ingest NOT IN (SELECT ingest FROM ledger WHERE step = "
           "'" WITHDRAWN "' AND number = %" PRIu64 ") FORMAT RowBinary",
           number, ingest, writer, number);
  return ask_number(cluster, sql, &rivals->greatest, error);
}

loom_status loom_ledger_commit(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                               const struct loom_ledger_part *parts, size_t count,
                               loom_error *error) {
  struct loom_text rows = {0};
  bool good = true;
  for (size_t i = 0; good && i < count; i++)
    good = put_row(&rows, ingest, "part", number, &parts[i], "");
  good = good && put_row(&rows, ingest, "commit", number, &nothing, "");
  loom_status status = good ? insert(cluster, &rows, error) : loom_no_memory(error);
  loom_text_free(&rows);
  return status;
}

/* ---- folds ---- */

static bool put_folded(struct loom_text *rows, uint64_t ingest,
                       const struct loom_ledger_part *part) {
  return put_row(rows, ingest, FOLDED, part->commits, part, "");
}

static bool put_void(struct loom_text *rows, uint64_t ingest, uint64_t is_void, bool is_named) {
  struct loom_ledger_part part = nothing;
  part.blocks = is_void;
  part.polls = !is_named;
  return put_row(rows, ingest, VOID, 0, &part, "");
}

static bool put_fold(struct loom_text *rows, uint64_t ingest, const struct loom_ledger *ledger,
                     const uint64_t *voids, size_t count) {
  bool has_roster = ledger->roster.commits > 0;
  struct loom_ledger_part fold = nothing;
  fold.blocks = ledger->ingest;
  fold.polls = ledger->part_count + has_roster;
  fold.sum = ledger->void_count;
  bool good = put_row(rows, ingest, FOLD, ledger->number, &fold, "");
  for (size_t i = 0; good && i < ledger->part_count; i++)
    good = put_folded(rows, ingest, &ledger->parts[i]);
  if (good && has_roster)
    good = put_folded(rows, ingest, &ledger->roster);
  for (size_t i = 0; good && i < ledger->void_count; i++)
    good = put_void(rows, ingest, ledger->voids[i], true);
  for (size_t i = 0; good && i < count; i++)
    good = put_void(rows, ingest, voids[i], false);
  return good;
}

static bool is_same_part(const struct loom_ledger_part *a, const struct loom_ledger_part *b) {
  return a->shard == b->shard && a->day == b->day && a->gen == b->gen && a->blocks == b->blocks &&
         a->polls == b->polls && a->sum == b->sum && a->added == b->added &&
         a->newest == b->newest && a->commits == b->commits;
}

bool loom_ledger_adds_up(const struct loom_ledger *a, const struct loom_ledger *b) {
  bool same = a->number == b->number && a->ingest == b->ingest && a->part_count == b->part_count &&
              is_same_part(&a->roster, &b->roster);
  for (size_t i = 0; same && i < a->part_count; i++)
    same = is_same_part(&a->parts[i], &b->parts[i]);
  return same;
}

bool loom_ledger_is_same(const struct loom_ledger *a, const struct loom_ledger *b) {
  bool same = loom_ledger_adds_up(a, b) && a->void_count == b->void_count;
  for (size_t i = 0; same && i < a->void_count; i++)
    same = a->voids[i] == b->voids[i];
  return same;
}

loom_status loom_ledger_fold(loom_cluster *cluster, const struct loom_ledger *ledger,
                             const uint64_t *voids, size_t count, uint64_t *ingest,
                             loom_error *error) {
  struct loom_text rows = {0};
  struct loom_ledger fold = {0};
  loom_status status = loom_ledger_number(cluster, ingest, error);
  if (status == LOOM_OK)
    status = put_fold(&rows, *ingest, ledger, voids, count) ? insert(cluster, &rows, error)
                                                            : loom_no_memory(error);
  if (status == LOOM_OK)
    status = read_fold(cluster, *ingest, 0, &fold, error);
  if (status == LOOM_OK && !loom_ledger_is_same(&fold, ledger))
    status = loom_fail(error, LOOM_EIO, "the cluster's ledger has not got its fold as it was sent");
  loom_text_free(&rows);
  loom_ledger_free(&fold);
  return status;
}

loom_status loom_ledger_seal(loom_cluster *cluster, uint64_t ingest, loom_error *error) {
  return add_row(cluster, ingest, SEALED, 0, "", error);
}
