/*
** A cluster without servers: an asker that keeps what is inserted, and answers the questions that Loom asks, as a server would. Its
** replicas share what a shard has; one can lag, be dead, or cut its answers off.
*/
#ifndef FAKE_CLUSTER_H
#define FAKE_CLUSTER_H

#include "storage.h"

#include "cluster/asker.h"
#include "cluster/conf.h"
#include "cluster/row_binary.h"

#include <inttypes.h>
#include <pthread.h>

#define FAKE_SHARDS 2
#define FAKE_REPLICAS 3
#define FAKE_ROWS 20000

struct fake_block {
  int32_t day;
  uint32_t gen;
  int64_t number;
  char id[64];
  uint64_t ingest;
  uint16_t file;
  int64_t *polls;
  size_t count;
};

/* Of the roster: see roster_cluster.h. */
struct fake_row {
  uint64_t ingest;
  char kind[16];
  int64_t number;
  char *value;
  size_t length;
};

struct fake_entry {
  uint32_t at;
  uint64_t ingest, number, blocks, polls, sum, added;
  char step[16];
  char note[64];
  uint16_t shard;
  int32_t day;
  uint32_t gen;
  int64_t newest;
};

struct fake_cluster {
  pthread_mutex_t lock;
  struct fake_block blocks[FAKE_SHARDS][FAKE_ROWS];
  size_t block_count[FAKE_SHARDS];
  struct fake_row roster[FAKE_ROWS];
  size_t row_count;
  struct fake_entry ledger[FAKE_ROWS];
  size_t ledger_count;
  unsigned asked[FAKE_SHARDS][FAKE_REPLICAS]; /* how many questions each has had, that reached it */
  bool dead[FAKE_SHARDS][FAKE_REPLICAS];
  size_t lags[FAKE_SHARDS][FAKE_REPLICAS]; /* so many of the last blocks it lacks */
  size_t cuts[FAKE_SHARDS][FAKE_REPLICAS]; /* so many of the last bytes its answers of polls lack */
  const char *error;           /* what every server answers, with status 500; NULL: nothing */
  long longest;                /* milliseconds that a question was given at the most */
  const char *probe;           /* what servers say they are; NULL: ClickHouse */
  unsigned loses[FAKE_SHARDS]; /* so many of the next inserts are stored, and not answered */
  bool dies;                   /* all servers are dead once that is so */
  bool has_dropped;            /* a partition: consistent reads of blocks fail from then on */
  char *sent
      [FAKE_SHARDS]; /* the last insert of a shard whose replicas tell it when it is sent again */
  size_t sent_length[FAKE_SHARDS];
  /* called before claims of a number are told, each time, with how often that was */
  void (*before_claims)(struct fake_cluster *fake, unsigned times);
  unsigned claims_told;
  /* and before polls are */
  void (*before_polls)(struct fake_cluster *fake, unsigned times);
  unsigned polls_told;
  /* called before a commit is inserted, once */
  void (*before_commit)(struct fake_cluster *fake);
  /* and before blocks are, or the beginning of an ingest */
  void (*before_blocks)(struct fake_cluster *fake);
  void (*before_begin)(struct fake_cluster *fake);
  /* and before rows of a fold are, or it is sealed, with what it is for */
  void (*before_fold)(void *context, bool sealed);
  void *fold_context;
  bool is_over; /* for it: the last commit's number is meant, not the next */
};

struct fake_asker {
  loom_asker asker;
  struct fake_cluster *fake;
};

static inline struct fake_cluster *fake_cluster_new(void) {
  struct fake_cluster *fake = calloc(1, sizeof *fake);
  assert_non_null(fake);
  pthread_mutex_init(&fake->lock, NULL);
  return fake;
}

static inline void fake_cluster_free(struct fake_cluster *fake) {
  for (int i = 0; i < FAKE_SHARDS; i++) {
    for (size_t j = 0; j < fake->block_count[i]; j++)
      free(fake->blocks[i][j].polls);
    free(fake->sent[i]);
  }
  for (size_t i = 0; i < fake->row_count; i++)
    free(fake->roster[i].value);
  pthread_mutex_destroy(&fake->lock);
  free(fake);
}

/* ---- which rows are meant ---- */

struct fake_condition {
  int64_t first, end;  /* of the numbers */
  const char *numbers; /* a list of them; NULL: all */
  int64_t first_day, last_day;
  const char *days, *voids; /* lists; NULL: none */
  uint64_t last, own, since;
};

static inline bool fake_list_has(const char *list, const char *item) {
  const char *end = strchr(list, ')');
  size_t length = strlen(item);
  for (const char *at = list; at && at < end; at = strchr(at, ',')) {
    at += strspn(at, ", ");
    if (strncmp(at, item, length) == 0 && strchr(",)", at[length]))
      return true;
  }
  return false;
}

static inline const char *fake_behind(const char *sql, const char *words) {
  const char *at = strstr(sql, words);
  return at ? at + strlen(words) : NULL;
}

static inline int64_t fake_number(const char *sql, const char *words, int64_t otherwise) {
  const char *at = fake_behind(sql, words);
  return at ? strtoll(at, NULL, 10) : otherwise;
}

static inline struct fake_condition fake_condition_of(const char *sql) {
  return (struct fake_condition){.first = fake_number(sql, "number >= ", INT64_MIN),
                                 .end = fake_number(sql, "number < ", INT64_MAX),
                                 .numbers = fake_behind(sql, "number IN ("),
                                 .first_day = fake_number(sql, "day >= ", INT64_MIN),
                                 .last_day = fake_number(sql, "day <= ", INT64_MAX),
                                 .days = fake_behind(sql, "(day, gen) IN ("),
                                 .voids = fake_behind(sql, "ingest NOT IN ("),
                                 .last = (uint64_t)fake_number(sql, "ingest <= ", INT64_MAX),
                                 .since = (uint64_t)fake_number(sql, "ingest > ", 0),
                                 .own = (uint64_t)fake_number(sql, "OR ingest = ", 0)};
}

static inline bool fake_is_visible(const struct fake_condition *condition,
                                   const struct fake_block *block) {
  char text[64];
  if (block->number < condition->first || block->number >= condition->end ||
      block->day < condition->first_day || block->day > condition->last_day ||
      block->ingest <= condition->since)
    return false;
  snprintf(text, sizeof text, "%" PRId64, block->number);
  if (condition->numbers && !fake_list_has(condition->numbers, text))
    return false;
  snprintf(text, sizeof text, "(%" PRId32 ", %" PRIu32 ")", block->day, block->gen);
  const char *found = strstr(condition->days, text);
  const char *end = strstr(condition->days, ") AND (");
  if (!found || found > end)
    return false;
  if (condition->own && block->ingest == condition->own)
    return true;
  snprintf(text, sizeof text, "%" PRIu64, block->ingest);
  return block->ingest <= condition->last &&
         !(condition->voids && fake_list_has(condition->voids, text));
}

/* ---- answers ---- */

static inline void fake_put(struct loom_text *out, const struct fake_block *block, bool with_number,
                            bool with_day) {
  assert_true(loom_text_reserve(out, 64 + block->count * 8));
  if (with_number)
    loom_row_put_u64(out, (uint64_t)block->number);
  if (with_day)
    loom_row_put_u32(out, (uint32_t)block->day);
  loom_row_put_u64(out, block->ingest);
  loom_row_put_u16(out, block->file);
  loom_row_put_int64s(out, block->polls, block->count);
}

static inline uint64_t fake_sum(const struct fake_block *block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < block->count; i++)
    sum += (uint64_t)block->polls[i];
  return sum;
}

/* Rows of day, blocks, polls and sum, of what the function takes. */
static inline void fake_by_day(struct fake_cluster *fake, unsigned shard, size_t count,
                               const struct fake_condition *condition, uint64_t ingest,
                               struct loom_text *out) {
  for (size_t i = 0; i < count; i++) {
    const struct fake_block *first = &fake->blocks[shard][i];
    uint64_t blocks = 0, polls = 0, sum = 0;
    for (size_t j = 0; j < count; j++) {
      const struct fake_block *block = &fake->blocks[shard][j];
      if (block->day != first->day ||
          (condition ? !fake_is_visible(condition, block) : block->ingest != ingest))
        continue;
      if (j < i)
        break; /* which was told with that */
      blocks++;
      polls += block->count;
      sum += fake_sum(block);
    }
    if (blocks == 0 || (condition ? !fake_is_visible(condition, first) : first->ingest != ingest))
      continue;
    assert_true(loom_text_reserve(out, 28));
    loom_row_put_u32(out, (uint32_t)first->day);
    loom_row_put_u64(out, blocks);
    loom_row_put_u64(out, polls);
    loom_row_put_u64(out, sum);
  }
}

static inline bool fake_has(const struct fake_cluster *fake, const char *step, uint64_t ingest) {
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (fake->ledger[i].ingest == ingest && strcmp(fake->ledger[i].step, step) == 0)
      return true;
  return false;
}

/* Whether a sealed fold has an ingest as a void one. */
static inline bool fake_is_voided(const struct fake_cluster *fake, uint64_t ingest) {
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (fake->ledger[i].blocks == ingest && strcmp(fake->ledger[i].step, "void") == 0 &&
        fake_has(fake, "sealed", fake->ledger[i].ingest))
      return true;
  return false;
}

/* The ingest of the commit of a number that holds; 0: there is none. */
static inline uint64_t fake_holding(const struct fake_cluster *fake, uint64_t number) {
  uint64_t holding = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "commit") == 0 && fake->ledger[i].number == number &&
        fake->ledger[i].ingest > holding && !fake_is_voided(fake, fake->ledger[i].ingest))
      holding = fake->ledger[i].ingest;
  return holding;
}

static inline bool fake_holds(const struct fake_cluster *fake, uint64_t ingest, uint64_t last) {
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "commit") == 0 && fake->ledger[i].number <= last &&
        fake->ledger[i].ingest == ingest && fake_holding(fake, fake->ledger[i].number) == ingest)
      return true;
  return false;
}

static inline int fake_compare(const void *a, const void *b) {
  const struct fake_entry *x = a, *y = b;
  if (x->shard != y->shard)
    return x->shard < y->shard ? -1 : 1;
  if (x->day != y->day)
    return x->day < y->day ? -1 : 1;
  return x->gen < y->gen ? -1 : x->gen > y->gen;
}

/* Whether an entry is behind the fold that a question is about. */
static inline bool fake_is_behind(const struct fake_entry *entry, const char *sql) {
  return entry->ingest > (uint64_t)fake_number(sql, "ingest > ", 0) &&
         entry->number > (uint64_t)fake_number(sql, "number > ", 0);
}

/* The rows of a fold: of an ingest, or of the last one up to a commit that is sealed. */
static inline void fake_fold(struct fake_cluster *fake, const char *sql, uint64_t last,
                             struct loom_text *out) {
  const char *own = fake_behind(sql, "AND ingest = ");
  uint64_t ingest = *own == '(' ? 0 : strtoull(own, NULL, 10), number = 0;
  for (size_t i = 0; *own == '(' && i < fake->ledger_count; i++) {
    const struct fake_entry *fold = &fake->ledger[i];
    if (strcmp(fold->step, "fold") == 0 && fold->number <= last && fold->number >= number &&
        fake_has(fake, "sealed", fold->ingest)) {
      ingest = fold->ingest;
      number = fold->number;
    }
  }
  struct fake_entry *entries = calloc(fake->ledger_count + 1, sizeof *entries);
  size_t count = 0;
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (entry->ingest == ingest &&
        (strcmp(entry->step, "fold") == 0 || strcmp(entry->step, "folded") == 0 ||
         strcmp(entry->step, "void") == 0)) {
      size_t known = 0;
      while (known < count && memcmp(&entries[known], entry, sizeof *entry) != 0)
        known++;
      entries[known] = *entry;
      count += known == count;
    }
  }
  qsort(entries, count, sizeof *entries, fake_compare);
  for (size_t i = 0; i < count; i++) {
    assert_true(loom_text_reserve(out, 128));
    loom_row_put_string(out, entries[i].step, strlen(entries[i].step));
    loom_row_put_u64(out, entries[i].number);
    loom_row_put_u16(out, entries[i].shard);
    loom_row_put_u32(out, (uint32_t)entries[i].day);
    loom_row_put_u32(out, entries[i].gen);
    const uint64_t values[] = {entries[i].blocks, entries[i].polls, entries[i].sum,
                               entries[i].added, (uint64_t)entries[i].newest};
    for (size_t j = 0; j < COUNT_OF(values); j++)
      loom_row_put_u64(out, values[j]);
  }
  free(entries);
}

static inline void fake_ledger(struct fake_cluster *fake, const char *sql, uint64_t last,
                               struct loom_text *out) {
  struct fake_entry *entries = calloc(fake->ledger_count + 1, sizeof *entries);
  size_t count = 0;
  bool once = strstr(sql, "FROM (SELECT DISTINCT ingest, step, number, shard, day, gen, ");
  for (size_t i = 0; i < fake->ledger_count; i++)
    if ((strcmp(fake->ledger[i].step, "part") == 0 ||
         strcmp(fake->ledger[i].step, "commit") == 0) &&
        fake_is_behind(&fake->ledger[i], sql) && fake_holds(fake, fake->ledger[i].ingest, last)) {
      size_t known = once ? 0 : count;
      while (known < count && memcmp(&entries[known], &fake->ledger[i], sizeof *entries) != 0)
        known++;
      if (known == count)
        entries[count++] = fake->ledger[i];
    }
  qsort(entries, count, sizeof *entries, fake_compare);
  for (size_t i = 0, next; i < count; i = next) {
    struct fake_entry sum = entries[i];
    for (next = i + 1; next < count && fake_compare(&entries[next], &sum) == 0; next++) {
      const struct fake_entry *more = &entries[next];
      sum.blocks += more->blocks;
      sum.polls += more->polls;
      sum.sum += more->sum;
      sum.added += more->added;
      sum.newest = more->newest > sum.newest ? more->newest : sum.newest;
      sum.ingest = more->ingest > sum.ingest ? more->ingest : sum.ingest;
      sum.number = more->number > sum.number ? more->number : sum.number;
    }
    assert_true(loom_text_reserve(out, 96));
    loom_row_put_u16(out, sum.shard);
    loom_row_put_u32(out, (uint32_t)sum.day);
    loom_row_put_u32(out, sum.gen);
    const uint64_t values[] = {sum.blocks,           sum.polls,  sum.sum,    sum.added,
                               (uint64_t)sum.newest, sum.ingest, sum.number, next - i};
    for (size_t j = 0; j < COUNT_OF(values); j++)
      loom_row_put_u64(out, values[j]);
  }
  free(entries);
}

static inline void fake_voids(struct fake_cluster *fake, const char *sql, uint64_t last,
                              struct loom_text *out) {
  uint64_t newest = 0, since = (uint64_t)fake_number(sql, "ingest > ", 0);
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "commit") == 0 && fake_is_behind(&fake->ledger[i], sql) &&
        fake->ledger[i].number <= last && fake->ledger[i].ingest > newest)
      newest = fake->ledger[i].ingest;
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (strcmp(entry->step, "begin") == 0 && entry->ingest > since && entry->ingest <= newest &&
        !fake_holds(fake, entry->ingest, last)) {
      assert_true(loom_text_reserve(out, 8));
      loom_row_put_u64(out, entry->ingest);
    }
  }
}

static inline void fake_put_number(struct loom_text *out, uint64_t number) {
  assert_true(loom_text_reserve(out, 8));
  loom_row_put_u64(out, number);
}

/* How many folds have an ingest as a void one. */
static inline void fake_put_voids_of(struct fake_cluster *fake, uint64_t ingest,
                                     struct loom_text *out) {
  uint64_t count = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    count += strcmp(fake->ledger[i].step, "void") == 0 && fake->ledger[i].blocks == ingest;
  fake_put_number(out, count);
}

static inline bool fake_list_has_number(const char *list, uint64_t number) {
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, number);
  return fake_list_has(list, text);
}

/* Those of a list of ingests that began so long ago. */
static inline void fake_old(struct fake_cluster *fake, const char *sql, struct loom_text *out) {
  const char *list = fake_behind(sql, "ingest IN (");
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (strcmp(entry->step, "begin") == 0 &&
        entry->at <= (uint32_t)fake_number(sql, "toDateTime(", 0) &&
        fake_list_has_number(list, entry->ingest))
      fake_put_number(out, entry->ingest);
  }
}

/* Void ingests that sealed folds do not name. */
static inline void fake_forgotten(struct fake_cluster *fake, const char *sql,
                                  struct loom_text *out) {
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (strcmp(entry->step, "void") == 0 && entry->polls == 1 &&
        entry->blocks <= (uint64_t)fake_number(sql, "blocks <= ", 0) &&
        fake_has(fake, "sealed", entry->ingest))
      fake_put_number(out, entry->blocks);
  }
}

/* Those of a list of ingests of which there are rows. */
static inline void fake_left(struct fake_cluster *fake, unsigned shard, const char *sql,
                             struct loom_text *out) {
  const char *list = fake_behind(sql, "ingest IN (");
  bool of_roster = strstr(sql, "FROM roster");
  for (size_t i = 0; !of_roster && i < fake->block_count[shard]; i++)
    if (fake_list_has_number(list, fake->blocks[shard][i].ingest))
      fake_put_number(out, fake->blocks[shard][i].ingest);
  for (size_t i = 0; of_roster && i < fake->row_count; i++)
    if (fake_list_has_number(list, fake->roster[i].ingest))
      fake_put_number(out, fake->roster[i].ingest);
}

/* The days, and their generations, of which a list of ingests has rows; some more than once. */
static inline void fake_days_of(struct fake_cluster *fake, unsigned shard, const char *sql,
                                struct loom_text *out) {
  const char *list = fake_behind(sql, "ingest IN (");
  for (size_t i = 0; i < fake->block_count[shard]; i++)
    if (fake_list_has_number(list, fake->blocks[shard][i].ingest)) {
      assert_true(loom_text_reserve(out, 8));
      loom_row_put_u32(out, (uint32_t)fake->blocks[shard][i].day);
      loom_row_put_u32(out, fake->blocks[shard][i].gen);
    }
}

/* What ingests behind one have brought. */
static inline void fake_news(struct fake_cluster *fake, const char *sql, uint64_t last,
                             struct loom_text *out) {
  uint64_t since = (uint64_t)fake_number(sql, "ingest > ", 0);
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (strcmp(entry->step, "part") != 0 || entry->ingest <= since ||
        !fake_holds(fake, entry->ingest, last))
      continue;
    struct fake_entry sum = {.shard = entry->shard};
    bool told = false;
    for (size_t j = 0; j < fake->ledger_count; j++) {
      const struct fake_entry *more = &fake->ledger[j];
      if (strcmp(more->step, "part") != 0 || more->ingest <= since || more->shard != sum.shard ||
          !fake_holds(fake, more->ingest, last))
        continue;
      told |= j < i;
      sum.blocks += more->blocks;
      sum.polls += more->polls;
      sum.gen = more->gen > sum.gen ? more->gen : sum.gen;
    }
    if (told)
      continue;
    assert_true(loom_text_reserve(out, 32));
    loom_row_put_u16(out, sum.shard);
    loom_row_put_u64(out, sum.blocks);
    loom_row_put_u64(out, sum.polls);
    loom_row_put_u32(out, sum.gen);
  }
}

static inline bool fake_row_is_meant(const struct fake_row *row, const char *sql) {
  const struct fake_condition condition = fake_condition_of(sql);
  const char *own = fake_behind(sql, "WHERE ingest = ");
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, row->ingest);
  if (own)
    return strtoull(own, NULL, 10) == row->ingest;
  if (row->ingest <= condition.since || row->ingest > condition.last ||
      row->number < condition.first || row->number >= condition.end ||
      (condition.voids && fake_list_has(condition.voids, text)))
    return false;
  bool is_exclusion = strcmp(row->kind, "exclusion") == 0;
  return !(strstr(sql, "kind != 'exclusion'") && is_exclusion) &&
         !(strstr(sql, "kind = 'exclusion'") && !is_exclusion);
}

static inline int fake_compare_rows(const void *a, const void *b) {
  const struct fake_row *x = *(const struct fake_row *const *)a,
                        *y = *(const struct fake_row *const *)b;
  bool first = strcmp(x->kind, "store") == 0, second = strcmp(y->kind, "store") == 0;
  if (first != second)
    return first ? -1 : 1;
  int order = strcmp(x->kind, y->kind);
  if (order == 0 && x->number != y->number)
    order = x->number < y->number ? -1 : 1;
  return order ? order : x->ingest < y->ingest ? -1 : x->ingest > y->ingest;
}

/* How many rows hold, of a store and kind each, and are not empty. */
static inline void fake_put_left(const struct fake_row **rows, size_t count,
                                 struct loom_text *out) {
  uint64_t left = 0, bytes = 0;
  if (count)
    qsort(rows, count, sizeof *rows, fake_compare_rows);
  for (size_t i = 0; i < count; i++) {
    if (i + 1 < count && rows[i + 1]->number == rows[i]->number &&
        strcmp(rows[i + 1]->kind, rows[i]->kind) == 0)
      continue;
    left += rows[i]->length > 0;
    bytes += rows[i]->length;
  }
  fake_put_number(out, left);
  fake_put_number(out, bytes);
}

static inline void fake_select_roster(struct fake_cluster *fake, size_t lags, const char *sql,
                                      struct loom_text *out) {
  const struct fake_row **rows = calloc(fake->row_count + 1, sizeof(struct fake_row *));
  size_t count = 0;
  uint64_t last = 0, bytes = 0;
  for (size_t i = 0; i + lags < fake->row_count; i++)
    if (fake_row_is_meant(&fake->roster[i], sql)) {
      rows[count++] = &fake->roster[i];
      bytes += fake->roster[i].length;
      last = (uint64_t)fake->roster[i].number > last ? (uint64_t)fake->roster[i].number : last;
    }
  if (strstr(sql, "sum(length(last))")) {
    fake_put_left(rows, count, out);
  } else if (strstr(sql, "SELECT count()")) {
    fake_put_number(out, count);
    fake_put_number(out, bytes);
  } else if (strstr(sql, "SELECT max(number)")) {
    fake_put_number(out, last);
  } else {
    qsort(rows, count, sizeof *rows, fake_compare_rows);
    for (size_t i = 0; i < count; i++) {
      uint64_t all = 1, length = rows[i]->length;
      for (; i + 1 < count && rows[i + 1]->number == rows[i]->number &&
             strcmp(rows[i + 1]->kind, rows[i]->kind) == 0;
           i++, all++)
        length += rows[i + 1]->length;
      assert_true(loom_text_reserve(out, 64 + rows[i]->length));
      loom_row_put_string(out, rows[i]->kind, strlen(rows[i]->kind));
      loom_row_put_u64(out, (uint64_t)rows[i]->number);
      loom_row_put_string(out, rows[i]->value, rows[i]->length);
      loom_row_put_u64(out, all);
      loom_row_put_u64(out, length);
    }
  }
  free(rows);
}

static inline void fake_put_ends(struct loom_text *out, const struct fake_block *block) {
  assert_true(loom_text_reserve(out, 24));
  loom_row_put_u64(out, (uint64_t)block->number);
  loom_row_put_u64(out, (uint64_t)block->polls[0]);
  loom_row_put_u64(out, (uint64_t)block->polls[block->count - 1]);
}

static inline void fake_select_blocks(struct fake_cluster *fake, unsigned shard, size_t count,
                                      const char *sql, struct loom_text *out) {
  struct fake_condition condition = fake_condition_of(sql);
  bool counts = strstr(sql, "SELECT count()"), ends = strstr(sql, "polls[1]");
  uint64_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const struct fake_block *block = &fake->blocks[shard][i];
    if (!fake_is_visible(&condition, block))
      continue;
    found++;
    if (ends)
      fake_put_ends(out, block);
    else if (!counts)
      fake_put(out, block, true, strstr(sql, "SELECT number, day"));
  }
  if (counts)
    fake_put_number(out, found);
}

/* The last ingest that has claimed a number, of other writers, and not taken it back. */
static inline void fake_rivals(struct fake_cluster *fake, const char *sql, struct loom_text *out) {
  uint64_t number = (uint64_t)fake_number(sql, "number = ", 0),
           own = (uint64_t)fake_number(sql, "ingest != ", 0), greatest = 0;
  const char *writer = fake_behind(sql, "note != '");
  if (fake->before_claims)
    fake->before_claims(fake, ++fake->claims_told);
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *claim = &fake->ledger[i];
    bool withdrawn = strcmp(claim->step, "claim") != 0 || claim->number != number ||
                     claim->ingest == own || strncmp(claim->note, writer, strlen(claim->note)) == 0;
    for (size_t j = 0; !withdrawn && j < fake->ledger_count; j++)
      withdrawn = strcmp(fake->ledger[j].step, "withdrawn") == 0 &&
                  fake->ledger[j].number == number && fake->ledger[j].ingest == claim->ingest;
    if (!withdrawn && claim->ingest > greatest)
      greatest = claim->ingest;
  }
  fake_put_number(out, greatest);
}

/* Which commit is the last, and what the cluster's identity is. */
static inline void fake_tip(struct fake_cluster *fake, struct loom_text *out) {
  uint64_t number = 0;
  const struct fake_entry *identity = NULL;
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "identity") == 0 &&
        (!identity || strcmp(fake->ledger[i].note, identity->note) < 0))
      identity = &fake->ledger[i];
  assert_true(loom_text_reserve(out, 256));
  if (identity) {
    loom_row_put_string(out, "identity", 8);
    loom_row_put_u64(out, 0);
    loom_row_put_u64(out, 0);
    loom_row_put_string(out, identity->note, strlen(identity->note));
  }
  const struct fake_entry *owner = NULL;
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "owner") == 0 &&
        (!owner || fake->ledger[i].number > owner->number))
      owner = &fake->ledger[i];
  if (owner) {
    loom_row_put_string(out, "owner", 5);
    loom_row_put_u64(out, owner->number);
    loom_row_put_u64(out, 0);
    loom_row_put_string(out, owner->note, strlen(owner->note));
  }
  while (fake_holding(fake, number + 1))
    number++;
  if (number == 0)
    return;
  loom_row_put_string(out, "commit", 6);
  loom_row_put_u64(out, number);
  loom_row_put_u64(out, fake_holding(fake, number));
  loom_row_put_string(out, "", 0);
}

/* The greatest generation of each shard's day that is old enough, and not the first. */
static inline void fake_superseded(struct fake_cluster *fake, const char *sql,
                                   struct loom_text *out) {
  uint32_t until = (uint32_t)fake_number(sql, "toDateTime(", 0);
  struct fake_entry *entries = calloc(fake->ledger_count + 1, sizeof *entries);
  size_t count = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "part") == 0 && fake->ledger[i].gen > 0 &&
        fake->ledger[i].at <= until && fake_holds(fake, fake->ledger[i].ingest, UINT64_MAX))
      entries[count++] = fake->ledger[i];
  qsort(entries, count, sizeof *entries, fake_compare);
  for (size_t i = 0; i < count; i++) {
    if (i + 1 < count && entries[i + 1].shard == entries[i].shard &&
        entries[i + 1].day == entries[i].day)
      continue;
    assert_true(loom_text_reserve(out, 16));
    loom_row_put_u16(out, entries[i].shard);
    loom_row_put_u32(out, (uint32_t)entries[i].day);
    loom_row_put_u32(out, entries[i].gen);
  }
  free(entries);
}

static inline void fake_partitions(struct fake_cluster *fake, unsigned shard,
                                   struct loom_text *out) {
  for (size_t i = 0; i < fake->block_count[shard]; i++) {
    const struct fake_block *block = &fake->blocks[shard][i];
    size_t known = 0;
    while (fake->blocks[shard][known].day != block->day ||
           fake->blocks[shard][known].gen != block->gen)
      known++;
    char line[64];
    snprintf(line, sizeof line, "(%" PRId32 ",%" PRIu32 ")\n", block->day, block->gen);
    assert_true(loom_text_reserve(out, sizeof line));
    if (known == i)
      loom_text_put_string(out, line);
  }
}

/* The ingest that began the roster's last generation which is old enough. */
static inline void fake_renewed(struct fake_cluster *fake, const char *sql, struct loom_text *out) {
  uint32_t until = (uint32_t)fake_number(sql, "toDateTime(", 0);
  uint64_t ingest = 0;
  for (size_t i = 0; i < fake->ledger_count; i++) {
    const struct fake_entry *entry = &fake->ledger[i];
    if (strcmp(entry->step, "part") == 0 && entry->shard == 65534 && entry->gen > 0 &&
        entry->at <= until && entry->added > ingest && fake_holds(fake, entry->ingest, UINT64_MAX))
      ingest = entry->added;
  }
  fake_put_number(out, ingest);
}

static inline void fake_partitions_of_roster(struct fake_cluster *fake, struct loom_text *out) {
  for (size_t i = 0; i < fake->row_count; i++) {
    char line[32];
    size_t known = 0;
    while (fake->roster[known].ingest >> 34 != fake->roster[i].ingest >> 34)
      known++;
    snprintf(line, sizeof line, "%" PRIu64 "\n", fake->roster[i].ingest >> 34);
    assert_true(loom_text_reserve(out, sizeof line));
    if (known == i)
      loom_text_put_string(out, line);
  }
}

static inline void fake_drop_of_roster(struct fake_cluster *fake, const char *sql) {
  uint64_t number = (uint64_t)fake_number(sql, "DROP PARTITION ", 0);
  size_t kept = 0;
  for (size_t i = 0; i < fake->row_count; i++)
    if (fake->roster[i].ingest >> 34 == number)
      free(fake->roster[i].value);
    else
      fake->roster[kept++] = fake->roster[i];
  fake->row_count = kept;
}

static inline void fake_drop(struct fake_cluster *fake, unsigned shard, const char *sql) {
  int32_t day = 0;
  uint32_t gen = 0;
  size_t kept = 0;
  assert_int_equal(
      sscanf(sql, "ALTER TABLE block DROP PARTITION (%" SCNd32 ", %" SCNu32 ")", &day, &gen), 2);
  for (size_t i = 0; i < fake->block_count[shard]; i++) {
    struct fake_block *block = &fake->blocks[shard][i];
    if (block->day == day && block->gen == gen)
      free(block->polls);
    else
      fake->blocks[shard][kept++] = *block;
  }
  fake->has_dropped |= kept < fake->block_count[shard];
  fake->block_count[shard] = kept;
}

static inline void fake_select(struct fake_cluster *fake, unsigned shard, unsigned replica,
                               const char *sql, struct loom_text *out) {
  size_t count = fake->block_count[shard], lags = fake->lags[shard][replica];
  uint64_t last = (uint64_t)strtoull(
      fake_behind(sql, "number <= ") ? fake_behind(sql, "number <= ") : "0", NULL, 10);
  count -= lags < count ? lags : count;
  if (strstr(sql, "system.settings")) {
    const char *known = fake->probe ? fake->probe : "ClickHouse 18.16.1\n";
    assert_true(loom_text_reserve(out, strlen(known)));
    loom_text_put_string(out, known);
    return;
  }
  if (strstr(sql, "version()")) {
    assert_true(loom_text_reserve(out, 8));
    loom_text_put_string(out, "1.2.3\n");
  } else if (strstr(sql, "SELECT max(ingest) FROM ledger FORMAT")) {
    uint64_t newest = 0;
    for (size_t i = 0; i < fake->ledger_count; i++)
      newest = fake->ledger[i].ingest > newest ? fake->ledger[i].ingest : newest;
    fake_put_number(out, newest);
  } else if (strstr(sql, "step = 'claim'")) {
    fake_rivals(fake, sql, out);
  } else if (strstr(sql, "GROUP BY step, number")) {
    fake_tip(fake, out);
  } else if (strstr(sql, "SELECT max(ingest) FROM ledger WHERE step = 'commit' AND number = ")) {
    fake_put_number(out, fake_holding(fake, (uint64_t)fake_number(sql, "number = ", 0)));
  } else if (strstr(sql, "step = 'begin' AND at <= ")) {
    fake_old(fake, sql, out);
  } else if (strstr(sql, "SELECT DISTINCT blocks FROM ledger")) {
    fake_forgotten(fake, sql, out);
  } else if (strstr(sql, "SELECT DISTINCT day, gen FROM block")) {
    fake_days_of(fake, shard, sql, out);
  } else if (strstr(sql, "SELECT DISTINCT ingest FROM block") ||
             strstr(sql, "SELECT DISTINCT ingest FROM roster")) {
    fake_left(fake, shard, sql, out);
  } else if (strstr(sql, "SELECT max(added) FROM ledger")) {
    fake_renewed(fake, sql, out);
  } else if (strstr(sql, "AND at <= toDateTime(")) {
    fake_superseded(fake, sql, out);
  } else if (strstr(sql, "table = 'roster'")) {
    fake_partitions_of_roster(fake, out);
  } else if (strstr(sql, "ALTER TABLE roster DROP")) {
    fake_drop_of_roster(fake, sql);
  } else if (strstr(sql, "FROM system.parts")) {
    fake_partitions(fake, shard, out);
  } else if (strstr(sql, "DROP PARTITION (")) {
    fake_drop(fake, shard, sql);
  } else if (strstr(sql, "SELECT DISTINCT step, number, ")) {
    fake_fold(fake, sql, last, out);
  } else if (strstr(sql, "step = 'void' AND blocks = ")) {
    fake_put_voids_of(fake, (uint64_t)fake_number(sql, "blocks = ", 0), out);
  } else if (strstr(sql, "SELECT DISTINCT ingest FROM ledger")) {
    fake_voids(fake, sql, last, out);
  } else if (strstr(sql, "SELECT shard, sum(blocks), sum(polls), max(gen)")) {
    fake_news(fake, sql, last, out);
  } else if (strstr(sql, "FROM roster")) {
    fake_select_roster(fake, lags, sql, out);
  } else if (strstr(sql, "FROM ledger")) {
    fake_ledger(fake, sql, last, out);
  } else if (strstr(sql, "GROUP BY day")) {
    struct fake_condition condition = fake_condition_of(sql);
    const char *own = fake_behind(sql, "WHERE ingest = ");
    fake_by_day(fake, shard, count, own ? NULL : &condition, own ? strtoull(own, NULL, 10) : 0,
                out);
  } else {
    fake_select_blocks(fake, shard, count, sql, out);
    size_t cuts = fake->cuts[shard][replica];
    if (strstr(sql, "SELECT number"))
      out->length -= cuts < out->length ? cuts : out->length;
  }
}

/* ---- inserts ---- */

static inline void fake_insert_block(struct fake_cluster *fake, unsigned shard,
                                     struct loom_row_reader *reader) {
  assert_true(fake->block_count[shard] < FAKE_ROWS);
  struct fake_block *block = &fake->blocks[shard][fake->block_count[shard]++];
  size_t length;
  block->day = loom_row_i32(reader);
  block->gen = loom_row_u32(reader);
  block->number = loom_row_i64(reader);
  const char *id = loom_row_string(reader, &length);
  snprintf(block->id, sizeof block->id, "%.*s", (int)length, id);
  block->ingest = loom_row_u64(reader);
  block->file = loom_row_u16(reader);
  const void *polls = loom_row_int64s(reader, &block->count);
  block->polls = malloc(block->count * sizeof *block->polls + 1);
  memcpy(block->polls, polls, block->count * sizeof *block->polls);
}

static inline void fake_insert_entry(struct fake_cluster *fake, struct loom_row_reader *reader) {
  assert_true(fake->ledger_count < FAKE_ROWS);
  struct fake_entry *entry = &fake->ledger[fake->ledger_count++];
  size_t length;
  entry->ingest = loom_row_u64(reader);
  const char *step = loom_row_string(reader, &length);
  snprintf(entry->step, sizeof entry->step, "%.*s", (int)length, step);
  entry->number = loom_row_u64(reader);
  entry->shard = loom_row_u16(reader);
  entry->day = loom_row_i32(reader);
  entry->gen = loom_row_u32(reader);
  entry->blocks = loom_row_u64(reader);
  entry->polls = loom_row_u64(reader);
  entry->sum = loom_row_u64(reader);
  entry->added = loom_row_u64(reader);
  entry->newest = loom_row_i64(reader);
  entry->at = loom_row_u32(reader);
  const char *note = loom_row_string(reader, &length);
  snprintf(entry->note, sizeof entry->note, "%.*s", (int)length, note);
}

static inline void fake_insert_row(struct fake_cluster *fake, struct loom_row_reader *reader) {
  assert_true(fake->row_count < FAKE_ROWS);
  struct fake_row *row = &fake->roster[fake->row_count++];
  size_t length;
  row->ingest = loom_row_u64(reader);
  const char *kind = loom_row_string(reader, &length);
  snprintf(row->kind, sizeof row->kind, "%.*s", (int)length, kind);
  row->number = loom_row_i64(reader);
  const char *value = loom_row_string(reader, &row->length);
  row->value = malloc(row->length + 1);
  memcpy(row->value, value, row->length);
}

static inline void fake_insert(struct fake_cluster *fake, unsigned shard, const char *insert,
                               const struct loom_call *call) {
  struct loom_row_reader reader = {(const unsigned char *)call->body,
                                   (const unsigned char *)call->body + call->length, false};
  if (strstr(call->url, "&insert_quorum=")) { /* there are replicas, which tell that it is there */
    if (fake->sent[shard] && fake->sent_length[shard] == call->length &&
        memcmp(fake->sent[shard], call->body, call->length) == 0)
      return;
    free(fake->sent[shard]);
    fake->sent[shard] = memcpy(malloc(call->length), call->body, call->length);
    fake->sent_length[shard] = call->length;
  }
  while (loom_row_more(&reader))
    if (strstr(insert, "roster"))
      fake_insert_row(fake, &reader);
    else if (strstr(insert, "ledger"))
      fake_insert_entry(fake, &reader);
    else
      fake_insert_block(fake, shard, &reader);
  assert_false(reader.bad);
}

static inline void fake_tell_of_fold(struct fake_cluster *fake, const struct loom_call *call) {
  bool is_sealed = memmem(call->body, call->length, "\6sealed", 7);
  if (is_sealed || memmem(call->body, call->length, "\4fold", 5))
    fake->before_fold(fake->fold_context, is_sealed);
}

/* ---- the asker ---- */

static inline loom_status fake_post(loom_asker *asker, const struct loom_call *call, long *status,
                                    struct loom_text *answer, loom_error *error) {
  struct fake_cluster *fake = ((struct fake_asker *)asker)->fake;
  unsigned shard = 0, replica = 0;
  assert_int_equal(sscanf(call->url, "http://127.0.0.1:%1u%1u", &shard, &replica), 2);
  *status = 0;
  if (fake->dead[shard][replica])
    return loom_fail(error, LOOM_EIO, "Couldn't connect to server");
  pthread_mutex_lock(&fake->lock);
  fake->asked[shard][replica]++;
  fake->longest = call->time_limit > fake->longest ? call->time_limit : fake->longest;
  *status = fake->error ? 500 : 200;
  const char *insert = strstr(call->url, "&query=INSERT");
  if (fake->error) {
    assert_true(loom_text_reserve(answer, strlen(fake->error)));
    loom_text_put_string(answer, fake->error);
  } else if (insert) {
    void (*before_commit)(struct fake_cluster *) = fake->before_commit;
    void (*before_blocks)(struct fake_cluster *) = fake->before_blocks;
    bool of_ledger = strstr(insert, "ledger");
    if (!of_ledger && before_blocks) {
      fake->before_blocks = NULL;
      before_blocks(fake);
    }
    void (*before_begin)(struct fake_cluster *) = fake->before_begin;
    if (of_ledger && before_begin && memmem(call->body, call->length, "\5begin", 6)) {
      fake->before_begin = NULL;
      before_begin(fake);
    }
    if (of_ledger && before_commit && memmem(call->body, call->length, "commit", 6)) {
      fake->before_commit = NULL;
      before_commit(fake);
    }
    if (of_ledger && fake->before_fold)
      fake_tell_of_fold(fake, call);
    fake_insert(fake, shard, insert, call);
    if (fake->loses[shard]) {
      fake->loses[shard]--;
      if (fake->dies && fake->loses[shard] == 0)
        memset(fake->dead, true, sizeof fake->dead);
      *status = LOOM_WAS_SENT;
      pthread_mutex_unlock(&fake->lock);
      return loom_fail(error, LOOM_EIO, "Timeout was reached");
    }
  } else {
    char *sql = strndup(call->body, call->length);
    if (fake->before_polls && strstr(sql, "SELECT number, day"))
      fake->before_polls(fake, ++fake->polls_told);
    if (fake->has_dropped && strstr(sql, "FROM block") &&
        strstr(call->url, "select_sequential_consistency=1")) {
      *status = 500;
      assert_true(loom_text_reserve(answer, 64));
      loom_text_put_string(answer, "Code: 289, the replica lags");
    } else {
      fake_select(fake, shard, replica, sql, answer);
    }
    if (strstr(
            sql,
            "SELECT number, day")) /* of whose answer the ledger has told how long it is at the most */
      assert_true(call->answer_most < 2 << 20);
    free(sql);
  }
  assert_true(answer->length <= call->answer_most);
  pthread_mutex_unlock(&fake->lock);
  return LOOM_OK;
}

static inline loom_asker *fake_another(const loom_asker *asker);

static inline void fake_free(loom_asker *asker) {
  free(asker);
}

static const struct loom_asker_type fake_type = {
    .post = fake_post, .another = fake_another, .free = fake_free};

static inline loom_asker *fake_asker_new(struct fake_cluster *fake) {
  struct fake_asker *asker = calloc(1, sizeof *asker);
  assert_non_null(asker);
  *asker = (struct fake_asker){.asker = {&fake_type}, .fake = fake};
  return &asker->asker;
}

static inline loom_asker *fake_another(const loom_asker *asker) {
  return fake_asker_new(((const struct fake_asker *)asker)->fake);
}

/* Servers whose ports tell shard and replica. */
#define FAKE_CONF                                                                                  \
  "loom cluster 1\ndatabase polls\nhead head.db\npatience 1\n"                                     \
  "shard http://127.0.0.1:00 http://127.0.0.1:01 http://127.0.0.1:02\n"                            \
  "shard http://127.0.0.1:10 http://127.0.0.1:11 http://127.0.0.1:12\n"

/* The same shards, of one replica each. */
#define FAKE_CONF_OF_ONE                                                                           \
  "loom cluster 1\ndatabase polls\nhead head.db\nshard http://127.0.0.1:00\n"                      \
  "shard http://127.0.0.1:10\n"

static inline struct loom_conf fake_conf_of_one(void) {
  loom_error error;
  struct loom_conf conf;
  assert_status(
      loom_conf_parse("fake.conf", FAKE_CONF_OF_ONE, strlen(FAKE_CONF_OF_ONE), &conf, &error),
      LOOM_OK, &error);
  return conf;
}

static inline struct loom_conf fake_conf(void) {
  loom_error error;
  struct loom_conf conf;
  assert_status(loom_conf_parse("fake.conf", FAKE_CONF, strlen(FAKE_CONF), &conf, &error), LOOM_OK,
                &error);
  return conf;
}

#endif
