/*
** Windows of blocks. The next one is read while the one at hand is used.
*/
#include "cluster/blocks.h"
#include "base/grow.h"
#include "base/thread.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_SIZE (16 << 20)  /* bytes of polls that a window is to have, of all shards */
#define ANSWER_MOST (1u << 30)  /* bytes of a shard's answer, whatever the ledger says */
#define ANSWER_SLACK (1u << 20) /* that it may have beyond what the ledger says */
#define BLOCK_HEAD 32           /* bytes of a block's row without its polls */
#define STORES_LEAST 64         /* in a window: what is asked for costs more than what comes */
#define STORES_MOST (1 << 20)

struct row {
  int64_t store;
  int32_t day;
  uint16_t file;
  uint64_t ingest;
  const void *polls; /* in the answer, as it came */
  size_t count;
};

/* What a shard has given, and what that comes to by day. */
struct share {
  struct loom_text answer;
  struct row *rows;
  size_t count, capacity;
};

struct window {
  int64_t first, end; /* of the stores; 0: there is none */
  int32_t first_day, last_day;
  const int64_t *stores; /* these alone; NULL: all between the two */
  size_t store_count;
  struct share *shares;
  struct row *rows; /* of all shards, in order */
  size_t count, capacity;
};

/* How much was read of a part of the ledger. */
struct tally {
  uint64_t blocks, polls, sum;
};

enum { MAIN, NEXT, BEFORE, AFTER, ONE, WINDOWS };

struct loom_blocks {
  loom_cluster *cluster;
  const struct loom_ledger *ledger;
  int64_t last_store, width;
  int32_t first_day, last_day;
  int32_t *days; /* that hold polls */
  size_t day_count;
  bool in_order, skipped; /* stores were */
  bool beside;            /* polls were read that the tallies do not have */
  int only;               /* the shard that alone is read, or LOOM_ALL_SHARDS */
  struct window windows[WINDOWS];
  struct tally *tallies; /* beside the ledger's parts */
  unsigned *proved;      /* by shard: the replica that was, and one more; 0: none */
  unsigned reach;        /* days that were looked at for the one store */
  struct loom_polls scratch, united;
  bool reading; /* a thread reads the next window */
  pthread_t thread;
  loom_status status;
  loom_error error;
};

loom_blocks *loom_blocks_new(loom_cluster *cluster, const struct loom_ledger *ledger,
                             int64_t last_store) {
  loom_blocks *blocks = calloc(1, sizeof *blocks);
  unsigned shards = loom_cluster_shards(cluster);
  if (!blocks)
    return NULL;
  *blocks = (loom_blocks){
      .cluster = cluster, .ledger = ledger, .last_store = last_store, .only = LOOM_ALL_SHARDS};
  blocks->days = loom_ledger_days(ledger, &blocks->day_count);
  blocks->tallies = calloc(ledger->part_count + 1, sizeof *blocks->tallies);
  blocks->proved = calloc(shards, sizeof *blocks->proved);
  bool good = blocks->days && blocks->tallies && blocks->proved;
  for (int i = 0; good && i < WINDOWS; i++) {
    blocks->windows[i].shares = calloc(shards, sizeof *blocks->windows[i].shares);
    good = blocks->windows[i].shares;
  }
  if (good)
    return blocks;
  loom_blocks_free(blocks);
  return NULL;
}

static void join(loom_blocks *blocks) {
  if (blocks->reading)
    pthread_join(blocks->thread, NULL);
  blocks->reading = false;
}

void loom_blocks_free(loom_blocks *blocks) {
  if (!blocks)
    return;
  join(blocks);
  for (int i = 0; i < WINDOWS; i++) {
    struct window *window = &blocks->windows[i];
    for (unsigned j = 0; window->shares && j < loom_cluster_shards(blocks->cluster); j++) {
      loom_text_free(&window->shares[j].answer);
      free(window->shares[j].rows);
    }
    free(window->shares);
    free(window->rows);
  }
  free(blocks->days);
  free(blocks->tallies);
  free(blocks->proved);
  loom_polls_free(&blocks->scratch);
  loom_polls_free(&blocks->united);
  free(blocks);
}

/* ---- windows ---- */

struct reading {
  loom_blocks *blocks;
  struct window *window;
};

static loom_status wrong(const loom_blocks *blocks, unsigned shard, loom_error *error,
                         const char *what) {
  unsigned replica = loom_cluster_replica(blocks->cluster, shard);
  return loom_fail(error, LOOM_EIO, "shard %u, %s: %s", shard + 1,
                   loom_cluster_url(blocks->cluster, shard, replica), what);
}

/* Bytes that a shard's answer of days may have at the most: all that the ledger has of them. */
static size_t size_of(const struct loom_ledger *ledger, unsigned shard, int32_t first_day,
                      int32_t last_day) {
  uint64_t size = ANSWER_SLACK;
  for (size_t i = 0; i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    if (part->shard == shard && part->day >= first_day && part->day <= last_day)
      size += part->blocks * BLOCK_HEAD + part->polls * sizeof(loom_poll);
  }
  return size < ANSWER_MOST ? (size_t)size : ANSWER_MOST;
}

/* Finds a replica that has all that the ledger says, and has it asked. */
static loom_status prove(loom_blocks *blocks, unsigned shard, loom_error *error) {
  loom_status status =
      loom_ledger_prove(blocks->cluster, blocks->ledger, shard, INT32_MIN, INT32_MAX, NULL, error);
  if (status == LOOM_OK)
    blocks->proved[shard] = loom_cluster_replica(blocks->cluster, shard) + 1;
  return status;
}

static int compare_rows(const void *a, const void *b) {
  const struct row *x = a, *y = b;
  if (x->store != y->store)
    return x->store < y->store ? -1 : 1;
  if (x->day != y->day)
    return x->day < y->day ? -1 : 1;
  if (x->ingest != y->ingest)
    return x->ingest < y->ingest ? -1 : 1;
  return x->file < y->file ? -1 : x->file > y->file;
}

static loom_status take_rows(loom_blocks *blocks, const struct window *window, unsigned shard,
                             loom_error *error) {
  struct share *share = &window->shares[shard];
  unsigned shards = loom_cluster_shards(blocks->cluster);
  struct loom_row_reader reader = loom_row_reader_of(&share->answer);
  share->count = 0;
  while (loom_row_more(&reader)) {
    if (!loom_grow(&share->rows, &share->capacity, share->count + 1, sizeof *share->rows))
      return loom_no_memory(error);
    struct row *row = &share->rows[share->count++];
    row->store = loom_row_i64(&reader);
    row->day = loom_row_i32(&reader);
    row->ingest = loom_row_u64(&reader);
    row->file = loom_row_u16(&reader);
    row->polls = loom_row_int64s(&reader, &row->count);
    if (reader.bad)
      return wrong(blocks, shard, error, "the answer is cut off");
    if (row->store < window->first || row->store >= window->end ||
        loom_shard_of(row->store, shards) != shard)
      return wrong(blocks, shard, error, "there are polls that belong elsewhere");
    if (loom_poll_block_problem(row->polls, row->count * sizeof(loom_poll), row->day))
      return wrong(blocks, shard, error, "a block of polls is damaged");
  }
  if (share->count)
    qsort(share->rows, share->count, sizeof *share->rows, compare_rows);
  return LOOM_OK;
}

static bool put_stores(const loom_blocks *blocks, const struct window *window, unsigned shard,
                       struct loom_text *sql) {
  const char *comma = "";
  if (!window->stores)
    return loom_sql_add(sql, "number >= %" PRId64 " AND number < %" PRId64, window->first,
                        window->end);
  bool good = loom_sql_add(sql, "number IN (");
  for (size_t i = 0; good && i < window->store_count; i++)
    if (loom_shard_of(window->stores[i], loom_cluster_shards(blocks->cluster)) == shard) {
      good = loom_sql_add(sql, "%s%" PRId64, comma, window->stores[i]);
      comma = ",";
    }
  return good && loom_sql_add(sql, *comma ? ")" : "0)"); /* no store has 0 */
}

static loom_status read_share(void *context, unsigned shard, loom_error *error) {
  const struct reading *reading = context;
  loom_blocks *blocks = reading->blocks;
  const struct window *window = reading->window;
  struct share *share = &window->shares[shard];
  struct loom_text sql = {0};
  bool any = false;
  share->count = share->answer.length = 0;
  if (window->end - window->first == 1 &&
      loom_shard_of(window->first, loom_cluster_shards(blocks->cluster)) != shard)
    return LOOM_OK;
  loom_status status = LOOM_OK;
  if (!loom_sql_add(&sql, "SELECT number, day, ingest, file, polls FROM block WHERE ") ||
      !put_stores(blocks, window, shard, &sql) || !loom_sql_add(&sql, " AND ") ||
      !loom_ledger_visible(blocks->ledger, shard, window->first_day, window->last_day, 0, &any,
                           &sql) ||
      !loom_sql_add(&sql, " FORMAT RowBinary"))
    status = loom_no_memory(error);
  const struct loom_question question = {
      .sql = &sql,
      .size = LOOM_RANGE,
      .answer_most = size_of(blocks->ledger, shard, window->first_day, window->last_day)};
  unsigned tries = 2 * loom_cluster_replicas(blocks->cluster, shard);
  bool is_proved = !any; /* what answers has to have been proved before it was asked */
  while (status == LOOM_OK && !is_proved) {
    if (blocks->proved[shard] != loom_cluster_replica(blocks->cluster, shard) + 1)
      status = prove(blocks, shard, error);
    if (status == LOOM_OK)
      status = loom_cluster_ask(blocks->cluster, shard, &question, &share->answer, error);
    is_proved = blocks->proved[shard] == loom_cluster_replica(blocks->cluster, shard) + 1;
    if (status == LOOM_OK && !is_proved && --tries == 0)
      status = wrong(blocks, shard, error, "and the others answer now and then only");
  }
  if (status == LOOM_OK && any)
    status = take_rows(blocks, window, shard, error);
  loom_text_free(&sql);
  return status;
}

/* Puts the shards' rows into one order. */
static loom_status gather(loom_blocks *blocks, struct window *window, loom_error *error) {
  unsigned shards = loom_cluster_shards(blocks->cluster);
  size_t count = 0;
  for (unsigned i = 0; i < shards; i++)
    count += window->shares[i].count;
  if (!loom_grow(&window->rows, &window->capacity, count + 1, sizeof *window->rows))
    return loom_no_memory(error);
  window->count = 0;
  for (unsigned i = 0; i < shards; i++) {
    if (window->shares[i].count)
      memcpy(window->rows + window->count, window->shares[i].rows,
             window->shares[i].count * sizeof *window->rows);
    window->count += window->shares[i].count;
  }
  if (shards > 1)
    qsort(window->rows, window->count, sizeof *window->rows, compare_rows);
  return LOOM_OK;
}

static loom_status read_window(loom_blocks *blocks, struct window *window, int64_t first,
                               int64_t end, int32_t first_day, int32_t last_day,
                               loom_error *error) {
  struct reading reading = {blocks, window};
  window->first = first;
  window->end = end;
  window->first_day = first_day;
  window->last_day = last_day;
  loom_status status = LOOM_OK;
  unsigned shards = loom_cluster_shards(blocks->cluster);
  int only = end - first == 1 ? (int)loom_shard_of(first, shards) : blocks->only;
  if (only == LOOM_ALL_SHARDS)
    status = loom_cluster_each(blocks->cluster, read_share, &reading, error);
  else
    status = read_share(&reading, (unsigned)only, error);
  for (unsigned i = 0; only != LOOM_ALL_SHARDS && i < shards; i++)
    if (i != (unsigned)only)
      window->shares[i].count = 0;
  if (status == LOOM_OK)
    status = gather(blocks, window, error);
  if (status != LOOM_OK)
    window->first = window->end = 0;
  return status;
}

/* ---- one after the other ---- */

static void *read_next(void *context) {
  loom_blocks *blocks = context;
  struct window *next = &blocks->windows[NEXT];
  blocks->status = read_window(blocks, next, next->first, next->end, next->first_day,
                               next->last_day, &blocks->error);
  return NULL;
}

/* Has a thread read what comes behind the window at hand. */
static void start_next(loom_blocks *blocks) {
  struct window *next = &blocks->windows[NEXT];
  const struct window *here = &blocks->windows[MAIN];
  next->first = next->end = 0;
  if (here->end > blocks->last_store)
    return;
  next->first = here->end;
  next->end = here->end + blocks->width;
  next->first_day = blocks->first_day;
  next->last_day = blocks->last_day;
  blocks->reading = loom_thread_start(&blocks->thread, read_next, blocks);
  if (!blocks->reading)
    next->first = next->end = 0;
}

static void count_rows(loom_blocks *blocks, const struct window *window) {
  unsigned shards = loom_cluster_shards(blocks->cluster);
  for (size_t i = 0; i < window->count; i++) {
    const struct row *row = &window->rows[i];
    const struct loom_ledger_part *part =
        loom_ledger_find(blocks->ledger, loom_shard_of(row->store, shards), row->day);
    struct tally *tally =
        &blocks
             ->tallies[part ? (size_t)(part - blocks->ledger->parts) : blocks->ledger->part_count];
    tally->blocks++;
    tally->polls += row->count;
    for (size_t j = 0; j < row->count; j++) {
      int64_t poll;
      memcpy(&poll, (const char *)row->polls + j * sizeof poll, sizeof poll);
      loom_poll decoded = poll;
      loom_poll_block_encode(&decoded, 1);
      tally->sum += (uint64_t)decoded;
    }
  }
}

/* Moves to the window that has a store, in order. */
static loom_status move_on(loom_blocks *blocks, int64_t store, loom_error *error) {
  struct window *here = &blocks->windows[MAIN], *next = &blocks->windows[NEXT];
  loom_status status = LOOM_OK;
  join(blocks);
  if (next->end && blocks->status == LOOM_OK && store >= next->first && store < next->end) {
    struct window swap = *here;
    *here = *next;
    *next = swap;
  } else {
    int64_t first = here->end ? here->end : 1;
    if (store < first || store >= first + blocks->width) {
      blocks->skipped = true;
      first = store;
    }
    status = read_window(blocks, here, first, first + blocks->width, blocks->first_day,
                         blocks->last_day, error);
  }
  blocks->windows[BEFORE].end = blocks->windows[AFTER].end = blocks->windows[ONE].end = 0;
  if (status != LOOM_OK)
    return status;
  count_rows(blocks, here);
  start_next(blocks);
  return LOOM_OK;
}

void loom_blocks_keep_to(loom_blocks *blocks, int shard) {
  blocks->only = shard;
}

static bool is_read(const loom_blocks *blocks, const struct loom_ledger_part *part) {
  return blocks->only == LOOM_ALL_SHARDS || part->shard == (unsigned)blocks->only;
}

loom_status loom_blocks_open(loom_blocks *blocks, int32_t first_day, int32_t last_day,
                             bool in_order, loom_error *error) {
  uint64_t polls = 0;
  (void)error;
  join(blocks);
  for (size_t i = 0; i < blocks->ledger->part_count; i++) {
    const struct loom_ledger_part *part = &blocks->ledger->parts[i];
    polls +=
        part->day >= first_day && part->day <= last_day && is_read(blocks, part) ? part->polls : 0;
  }
  int64_t shards = blocks->only == LOOM_ALL_SHARDS ? 1 : loom_cluster_shards(blocks->cluster);
  int64_t stores = blocks->last_store / shards > 0 ? blocks->last_store / shards : 1;
  int64_t size = (int64_t)(polls * sizeof(loom_poll)) / stores + 1;
  blocks->width = WINDOW_SIZE / size;
  blocks->width = blocks->width < STORES_LEAST  ? STORES_LEAST
                  : blocks->width > STORES_MOST ? STORES_MOST
                                                : blocks->width;
  blocks->width *= shards;
  blocks->first_day = first_day;
  blocks->last_day = last_day;
  blocks->in_order = in_order;
  blocks->skipped = false;
  for (int i = 0; i < WINDOWS; i++)
    blocks->windows[i].first = blocks->windows[i].end = 0;
  memset(blocks->tallies, 0, (blocks->ledger->part_count + 1) * sizeof *blocks->tallies);
  return LOOM_OK;
}

/* ---- one block ---- */

static bool covers(const struct window *window, int64_t store, int32_t day) {
  return window->end && store >= window->first && store < window->end && day >= window->first_day &&
         day <= window->last_day;
}

/* The place of a day among those that hold polls, or of the first one after it. */
static size_t place_of(const loom_blocks *blocks, int32_t day) {
  size_t low = 0, high = blocks->day_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (blocks->days[middle] < day)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/*
** Reads a day outside of those that were opened: the one next to them for all stores of the window; further ones for this store
** alone, twice as many each time.
*/
static loom_status read_outside(loom_blocks *blocks, int64_t store, int32_t day,
                                struct window **window, loom_error *error) {
  const struct window *here = &blocks->windows[MAIN];
  struct window *one = &blocks->windows[ONE];
  bool is_before = day < blocks->first_day;
  size_t place = place_of(blocks, day), count = blocks->day_count;
  size_t beside = is_before ? place_of(blocks, blocks->first_day) - 1 /* there is this one */
                            : place_of(blocks, blocks->last_day + 1);
  join(blocks);
  blocks->beside = true;
  if (blocks->in_order && place == beside && store >= here->first && store < here->end) {
    *window = &blocks->windows[is_before ? BEFORE : AFTER];
    return read_window(blocks, *window, here->first, here->end, day, day, error);
  }
  blocks->reach = one->end && one->first == store && blocks->reach < 1024 ? blocks->reach * 2 : 2;
  size_t reach = blocks->reach - 1, first = place, last = place;
  if (is_before)
    first = place > reach ? place - reach : 0;
  else
    last = place + reach < count ? place + reach : count - 1;
  *window = one;
  return read_window(blocks, one, store, store + 1, blocks->days[first], blocks->days[last], error);
}

/* The window that has a store's day; NULL: nobody has polls then. */
static loom_status find_window(loom_blocks *blocks, int64_t store, int32_t day,
                               struct window **window, loom_error *error) {
  static const int order[] = {MAIN, BEFORE, AFTER, ONE};
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    *window = &blocks->windows[order[i]];
    if (covers(*window, store, day))
      return LOOM_OK;
  }
  size_t place = place_of(blocks, day);
  if (place == blocks->day_count || blocks->days[place] != day) {
    *window = NULL;
    return LOOM_OK;
  }
  if (day < blocks->first_day || day > blocks->last_day)
    return read_outside(blocks, store, day, window, error);
  *window = &blocks->windows[MAIN];
  if (blocks->in_order && store >= (*window)->end)
    return move_on(blocks, store, error);
  join(blocks);
  blocks->beside = true;
  *window = &blocks->windows[blocks->in_order ? ONE : MAIN];
  return read_window(blocks, *window, store, store + 1, blocks->first_day, blocks->last_day, error);
}

static size_t first_row(const struct window *window, int64_t store, int32_t day) {
  const struct row key = {.store = store, .day = day};
  size_t low = 0, high = window->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare_rows(&window->rows[middle], &key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static loom_status decode(const struct row *row, struct loom_polls *polls, loom_error *error) {
  return loom_poll_block_decode(row->polls, row->count * sizeof(loom_poll), polls)
             ? LOOM_OK
             : loom_no_memory(error);
}

/* Unites the rows of a store's day, each with those before it, and appends what they come to. */
static loom_status unite(loom_blocks *blocks, const struct row *rows, size_t count,
                         struct loom_polls *polls, loom_error *error) {
  struct loom_polls *stored = &blocks->united, *incoming = &blocks->scratch, merged = {0};
  struct loom_union_counts ignored = {0};
  stored->count = 0;
  loom_status status = decode(&rows[0], stored, error);
  for (size_t i = 1; status == LOOM_OK && i < count; i++) {
    incoming->count = 0;
    status = decode(&rows[i], incoming, error);
    if (status == LOOM_OK && !loom_polls_union(stored->items, stored->count, incoming->items,
                                               incoming->count, &merged, &ignored))
      status = loom_no_memory(error);
    if (status == LOOM_OK) {
      struct loom_polls swap = *stored;
      *stored = merged;
      merged = swap;
    }
  }
  loom_polls_free(&merged);
  if (status == LOOM_OK && !loom_polls_reserve(polls, polls->count + stored->count))
    status = loom_no_memory(error);
  if (status == LOOM_OK && stored->count) {
    memcpy(polls->items + polls->count, stored->items, stored->count * sizeof *stored->items);
    polls->count += stored->count;
  }
  return status;
}

static size_t rows_of_day(const struct window *window, size_t at) {
  size_t count = 1;
  while (at + count < window->count && window->rows[at + count].store == window->rows[at].store &&
         window->rows[at + count].day == window->rows[at].day)
    count++;
  return count;
}

static loom_status add_rows(loom_blocks *blocks, const struct window *window, size_t at,
                            size_t count, struct loom_polls *polls, loom_error *error) {
  return count == 1 ? decode(&window->rows[at], polls, error)
                    : unite(blocks, &window->rows[at], count, polls, error);
}

loom_status loom_blocks_get(loom_blocks *blocks, int32_t day, int64_t store,
                            struct loom_polls *polls, loom_error *error) {
  struct window *window;
  loom_status status = find_window(blocks, store, day, &window, error);
  if (status != LOOM_OK || !window)
    return status;
  size_t at = first_row(window, store, day);
  if (at == window->count || window->rows[at].store != store || window->rows[at].day != day)
    return LOOM_OK;
  return add_rows(blocks, window, at, rows_of_day(window, at), polls, error);
}

/* ---- all of them ---- */

loom_status loom_blocks_load(loom_blocks *blocks, int32_t day, const int64_t *stores, size_t count,
                             loom_error *error) {
  struct window *one = &blocks->windows[ONE];
  int64_t first = INT64_MAX, last = 0;
  join(blocks);
  for (size_t i = 0; i < count; i++) {
    first = stores[i] < first ? stores[i] : first;
    last = stores[i] > last ? stores[i] : last;
  }
  blocks->beside = true;
  one->stores = stores;
  one->store_count = count;
  loom_status status = count ? read_window(blocks, one, first, last + 1, day, day, error) : LOOM_OK;
  one->stores = NULL;
  return status;
}

/* The greatest number of a store that may be asked for. */
static int64_t last_of(const loom_blocks *blocks) {
  int64_t shards = loom_cluster_shards(blocks->cluster), last = blocks->last_store;
  return blocks->only == LOOM_ALL_SHARDS ? last : last - (last + shards - blocks->only) % shards;
}

static loom_status compare_tallies(const loom_blocks *blocks, loom_error *error) {
  const struct loom_ledger *ledger = blocks->ledger;
  for (size_t i = 0; i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    const struct tally *tally = &blocks->tallies[i];
    if (part->day < blocks->first_day || part->day > blocks->last_day || !is_read(blocks, part) ||
        (tally->blocks == part->blocks && tally->polls == part->polls && tally->sum == part->sum))
      continue;
    char what[160];
    snprintf(what, sizeof what,
             "what was read of day %" PRId32 " does not add up: %" PRIu64 " of %" PRIu64
             " blocks, %" PRIu64 " of %" PRIu64 " polls",
             part->day, tally->blocks, part->blocks, tally->polls, part->polls);
    return wrong(blocks, part->shard, error, what);
  }
  return LOOM_OK;
}

/* What was dropped is dropped for good: where nothing was by now, nothing was before. */
static loom_status prove_again(const loom_blocks *blocks, loom_error *error) {
  loom_status status = LOOM_OK;
  for (unsigned i = 0; status == LOOM_OK && i < loom_cluster_shards(blocks->cluster); i++)
    if (blocks->proved[i])
      status =
          loom_ledger_prove_again(blocks->cluster, blocks->ledger, i, blocks->proved[i] - 1, error);
  return status;
}

loom_status loom_blocks_finish(loom_blocks *blocks, loom_error *error) {
  loom_status status = LOOM_OK;
  join(blocks);
  bool all = blocks->in_order && !blocks->skipped && blocks->windows[MAIN].end > last_of(blocks);
  if (all)
    status = compare_tallies(blocks, error);
  if (status == LOOM_OK && (!all || blocks->beside))
    status = prove_again(blocks, error);
  return status;
}

loom_status loom_blocks_scan(loom_blocks *blocks, loom_block_fn *visit, void *context,
                             loom_error *error) {
  struct loom_polls polls = {0};
  const struct window *window = &blocks->windows[MAIN];
  loom_status status = LOOM_OK;
  blocks->in_order = true;
  for (int64_t store = 1; status == LOOM_OK && store <= blocks->last_store; store = window->end) {
    status = move_on(blocks, store, error);
    for (size_t at = 0, count; status == LOOM_OK && at < window->count; at += count) {
      const struct row *row = &window->rows[at];
      count = rows_of_day(window, at);
      polls.count = 0;
      status = add_rows(blocks, window, at, count, &polls, error);
      if (status == LOOM_OK)
        status = visit(context, row->day, row->store, &polls, error);
    }
  }
  if (status == LOOM_OK)
    status = loom_blocks_finish(blocks, error);
  loom_polls_free(&polls);
  return status;
}
