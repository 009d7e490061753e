/*
** Folds of the ledger against a model of it: commits, writers that die, commits that come late, and folds, in random order; whatever
** commit is asked for, the ledger says what it said before it was folded.
*/
#include "cluster/fold.h"
#include "cluster/ledger.h"
#include "fake_cluster.h"
#include "support.h"

#define DAYS 4
#define NUMBERS 400 /* commits at the most */
#define PARTS_MOST 5

/* An ingest that is the commit of a number, or is to be. */
struct written {
  uint64_t ingest, number;
  struct loom_ledger_part parts[PARTS_MOST];
  size_t count;
};

struct model {
  struct fake_cluster *fake;
  struct loom_conf conf;
  loom_cluster *cluster;
  uint64_t random;
  struct written held[NUMBERS]; /* by number */
  uint64_t last;
  struct written late[NUMBERS]; /* on their way */
  size_t late_count;
  uint64_t begun[2 * NUMBERS];
  size_t begun_count;
  uint64_t folded; /* up to this number nothing changes any more */
  size_t folds;
  unsigned
      landing; /* the next fold has one that was late land: 1 before its rows, 2 before it is sealed */
};

static struct model *begin(uint64_t seed) {
  loom_error error;
  struct model *model = calloc(1, sizeof *model);
  assert_non_null(model);
  model->random = seed;
  model->fake = fake_cluster_new();
  model->conf = fake_conf();
  assert_status(
      loom_cluster_new(&model->conf, fake_asker_new(model->fake), NULL, &model->cluster, &error),
      LOOM_OK, &error);
  return model;
}

static void end(struct model *model) {
  loom_cluster_free(model->cluster);
  loom_conf_free(&model->conf);
  fake_cluster_free(model->fake);
  free(model);
}

static uint64_t below(struct model *model, uint64_t limit) {
  return random_below(&model->random, limit);
}

/* ---- what the ledger is to say ---- */

static bool is_held(const struct model *model, uint64_t ingest, uint64_t number) {
  for (uint64_t i = 1; i <= number; i++)
    if (model->held[i].ingest == ingest)
      return true;
  return false;
}

static void add_part(struct loom_ledger_part *sum, const struct loom_ledger_part *part) {
  if (sum->commits && part->gen < sum->gen)
    return;
  if (sum->commits == 0 || part->gen > sum->gen)
    *sum = (struct loom_ledger_part){
        .shard = part->shard, .day = part->day, .gen = part->gen, .newest = INT64_MIN};
  sum->blocks += part->blocks;
  sum->polls += part->polls;
  sum->sum += part->sum;
  sum->added += part->added;
  sum->newest = part->newest > sum->newest ? part->newest : sum->newest;
  sum->commits++;
}

static struct loom_ledger_part sum_of(const struct model *model, unsigned shard, int32_t day,
                                      uint64_t number) {
  struct loom_ledger_part sum = {0};
  for (uint64_t i = 1; i <= number; i++)
    for (size_t j = 0; j < model->held[i].count; j++)
      if (model->held[i].parts[j].shard == shard && model->held[i].parts[j].day == day)
        add_part(&sum, &model->held[i].parts[j]);
  return sum;
}

static void assert_same_part(const struct loom_ledger_part *part,
                             const struct loom_ledger_part *expected) {
  assert_int_equal(part->gen, expected->gen);
  assert_int_equal(part->blocks, expected->blocks);
  assert_int_equal(part->polls, expected->polls);
  assert_int_equal(part->sum, expected->sum);
  assert_int_equal(part->added, expected->added);
  assert_int_equal(part->commits, expected->commits);
  if (expected->commits)
    assert_int_equal(part->newest, expected->newest);
}

/* That ingests up to the last one are void which do not hold. */
static void assert_voids(const struct model *model, const struct loom_ledger *ledger) {
  for (size_t i = 0; i < model->begun_count; i++) {
    uint64_t ingest = model->begun[i];
    bool found = false;
    for (size_t j = 0; j < ledger->void_count; j++)
      found |= ledger->voids[j] == ingest;
    if (ingest <= ledger->ingest)
      assert_int_equal(found, !is_held(model, ingest, ledger->number));
  }
}

static void check_at(struct model *model, uint64_t number) {
  struct loom_ledger ledger;
  loom_error error;
  uint64_t wanted = number == LOOM_LAST_COMMIT ? model->last : number;
  assert_status(loom_ledger_read(model->cluster, number, 0, &ledger, &error), LOOM_OK, &error);
  assert_int_equal(ledger.number, wanted);
  assert_int_equal(ledger.ingest, model->held[wanted].ingest);
  assert_true(ledger.folded <= wanted);
  size_t parts = 0;
  for (unsigned shard = 0; shard < FAKE_SHARDS; shard++)
    for (int32_t day = 0; day < DAYS; day++) {
      struct loom_ledger_part expected = sum_of(model, shard, day, wanted);
      const struct loom_ledger_part *part = loom_ledger_find(&ledger, shard, day);
      assert_int_equal(part != NULL, expected.commits > 0);
      parts += part != NULL;
      if (part)
        assert_same_part(part, &expected);
    }
  assert_int_equal(ledger.part_count, parts);
  struct loom_ledger_part roster = sum_of(model, LOOM_ROSTER_SHARD, 0, wanted);
  assert_same_part(&ledger.roster, &roster);
  assert_voids(model, &ledger);
  struct loom_ledger rows;
  assert_status(loom_ledger_read_unfolded(model->cluster, wanted, &rows, &error), LOOM_OK, &error);
  assert_int_equal(rows.folded, 0);
  assert_true(loom_ledger_adds_up(&rows, &ledger));
  loom_ledger_free(&rows);
  loom_ledger_free(&ledger);
}

/* What a head that was away since a commit is told. */
static void check_news(struct model *model, uint64_t since) {
  struct loom_ledger ledger;
  struct loom_ledger_news news = {.blocks = (uint64_t[FAKE_SHARDS]){0}};
  uint64_t blocks[FAKE_SHARDS] = {0}, holding, roster = 0;
  bool renewed = false;
  loom_error error;
  assert_status(loom_ledger_holding(model->cluster, since, &holding, &error), LOOM_OK, &error);
  assert_int_equal(holding, model->held[since].ingest);
  assert_status(loom_ledger_read(model->cluster, LOOM_LAST_COMMIT, 0, &ledger, &error), LOOM_OK,
                &error);
  assert_status(loom_ledger_news(model->cluster, &ledger, holding, &news, &error), LOOM_OK, &error);
  for (uint64_t i = since + 1; i <= model->last; i++)
    for (size_t j = 0; j < model->held[i].count; j++) {
      const struct loom_ledger_part *part = &model->held[i].parts[j];
      if (part->shard == LOOM_ROSTER_SHARD) {
        roster += part->blocks;
        continue;
      }
      renewed |= part->gen > 0;
      blocks[part->shard] += part->blocks;
    }
  for (unsigned i = 0; i < FAKE_SHARDS; i++)
    assert_int_equal(news.blocks[i], blocks[i]);
  assert_int_equal(news.roster.blocks, roster);
  assert_int_equal(news.renewed, renewed);
  loom_ledger_free(&ledger);
}

static void check(struct model *model) {
  struct loom_ledger_tip tip;
  loom_error error;
  assert_status(loom_ledger_tip(model->cluster, &tip, &error), LOOM_OK, &error);
  assert_int_equal(tip.number, model->last);
  assert_int_equal(tip.ingest, model->held[model->last].ingest);
  if (model->last == 0)
    return;
  check_at(model, LOOM_LAST_COMMIT);
  check_at(model, model->last);
  check_at(model, 1 + below(model, model->last));
  if (model->last > 1)
    check_news(model, 1 + below(model, model->last - 1));
}

/* ---- what is done ---- */

/* Begins an ingest that is to be the next commit, of some shards' days, some of them written anew. */
static struct written begin_one(struct model *model) {
  struct written written = {.number = model->last + 1};
  loom_error error;
  assert_status(loom_ledger_number(model->cluster, &written.ingest, &error), LOOM_OK, &error);
  assert_status(loom_ledger_begin(model->cluster, written.ingest, &error), LOOM_OK, &error);
  model->begun[model->begun_count++] = written.ingest;
  bool anew = below(model, 4) == 0;
  for (unsigned shard = 0; shard < FAKE_SHARDS; shard++)
    for (int32_t day = 0; day < DAYS && written.count + 1 < PARTS_MOST; day++)
      if (below(model, 3) == 0) {
        struct loom_ledger_part known = sum_of(model, shard, day, model->last);
        struct loom_ledger_part *part = &written.parts[written.count++];
        *part = (struct loom_ledger_part){.shard = shard,
                                          .day = day,
                                          .gen = known.gen + (anew && known.commits),
                                          .blocks = below(model, 9),
                                          .polls = below(model, 99),
                                          .sum = random_next(&model->random),
                                          .added = below(model, 99),
                                          .newest = (int64_t)below(model, 999)};
      }
  if (below(model, 3) == 0 || written.count == 0) {
    struct loom_ledger_part known = sum_of(model, LOOM_ROSTER_SHARD, 0, model->last);
    bool begins = known.commits && below(model, 4) == 0;
    written.parts[written.count++] = (struct loom_ledger_part){.shard = LOOM_ROSTER_SHARD,
                                                               .gen = known.gen + begins,
                                                               .blocks = 1 + below(model, 9),
                                                               .polls = below(model, 99),
                                                               .added = begins ? written.ingest : 0,
                                                               .newest = INT64_MIN};
  }
  return written;
}

/* A commit comes to the ledger, when it may be too late. */
static void land(struct model *model, const struct written *written) {
  loom_error error;
  struct written *held = &model->held[written->number];
  assert_status(loom_ledger_commit(model->cluster, written->ingest, written->number, written->parts,
                                   written->count, &error),
                LOOM_OK, &error);
  if (written->number > model->folded && written->ingest > held->ingest)
    *held = *written;
  model->last = written->number > model->last ? written->number : model->last;
}

/* As land, while something else is sent. */
static void land_meanwhile(struct model *model, const struct written *written) {
  pthread_mutex_unlock(&model->fake->lock);
  land(model, written);
  pthread_mutex_lock(&model->fake->lock);
}

/* One of two that began at the same time commits, of which the other may come late. */
static void commit(struct model *model, bool two, bool later) {
  struct written first = begin_one(model), second;
  if (two) {
    second = begin_one(model);
    model->late[model->late_count++] = later ? first : second;
    first = later ? second : first;
  }
  land(model, &first);
}

static struct written take_late(struct model *model) {
  size_t at = below(model, model->late_count);
  struct written late = model->late[at];
  model->late[at] = model->late[--model->late_count];
  return late;
}

/* While a fold's rows come to be, and before it is sealed, when it is decided what it has. */
static void come_between(void *context, bool sealed) {
  struct model *model = context;
  if (model->landing != (sealed ? 2 : 1))
    return;
  struct written late = take_late(model);
  bool is_void, is_folded = late.number < model->last;
  loom_error error;
  uint64_t before = model->held[late.number].ingest;
  if (sealed)
    model->folded = model->last - 1;
  land_meanwhile(model, &late);
  pthread_mutex_unlock(&model->fake->lock);
  assert_status(loom_ledger_is_void(model->cluster, late.ingest, &is_void, &error), LOOM_OK,
                &error);
  pthread_mutex_lock(&model->fake->lock);
  if (sealed && is_folded) /* its writer does not take it for done */
    assert_true(is_void);
  model->landing = is_folded && model->held[late.number].ingest != before ? 3 : 0;
}

static void fold(struct model *model, unsigned landing) {
  uint64_t rows;
  loom_error error;
  model->landing = model->late_count ? landing : 0;
  model->fake->before_fold = come_between;
  model->fake->fold_context = model;
  assert_status(loom_fold(model->cluster, 1, &rows, &error), LOOM_OK, &error);
  model->fake->before_fold = NULL;
  if (model->landing == 3)
    assert_int_equal(rows, 0);
  if (rows) {
    model->folded = model->last - 1;
    model->folds++;
  }
  model->landing = 0;
}

static void act(struct model *model) {
  switch (below(model, 12)) {
  case 0:
    begin_one(model); /* and dies */
    break;
  case 1:
    commit(model, true, false);
    break;
  case 2:
    commit(model, true, true);
    break;
  case 3:
  case 4:
    if (model->late_count) {
      struct written late = take_late(model);
      land(model, &late);
    }
    break;
  case 5:
  case 6:
    if (model->last)
      fold(model, (unsigned)below(model, 3));
    break;
  default:
    commit(model, false, false);
  }
}

static void says_the_same_when_it_is_folded(void **state) {
  (void)state;
  size_t folds = 0;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    struct model *model = begin(seed);
    for (int i = 0; i < 60; i++) {
      act(model);
      check(model);
    }
    folds += model->folds;
    end(model);
  }
  assert_true(folds > 40);
}

static void is_read_from_its_last_fold_on(void **state) {
  struct model *model = begin(3);
  struct loom_ledger ledger;
  loom_error error;
  (void)state;
  for (int i = 0; i < 20; i++)
    commit(model, false, false);
  fold(model, 0);
  for (int i = 0; i < 3; i++)
    commit(model, false, false);
  assert_status(loom_ledger_read(model->cluster, LOOM_LAST_COMMIT, 0, &ledger, &error), LOOM_OK,
                &error);
  assert_int_equal(ledger.folded, 19);
  assert_true(ledger.rows <= 4 * (PARTS_MOST + 1));
  loom_ledger_free(&ledger);
  assert_status(loom_ledger_read(model->cluster, 18, 0, &ledger, &error), LOOM_OK, &error);
  assert_int_equal(ledger.folded, 0);
  loom_ledger_free(&ledger);
  end(model);
}

/* A server without others has twice what was sent again. */
static void counts_a_fold_once_that_is_there_twice(void **state) {
  struct model *model = begin(5);
  (void)state;
  for (int i = 0; i < 20; i++)
    commit(model, i % 5 == 0, true);
  fold(model, 0);
  assert_int_equal(model->folds, 1);
  for (size_t i = 0, count = model->fake->ledger_count; i < count; i++)
    if (strcmp(model->fake->ledger[i].step, "folded") == 0 ||
        strcmp(model->fake->ledger[i].step, "void") == 0)
      model->fake->ledger[model->fake->ledger_count++] = model->fake->ledger[i];
  check_at(model, LOOM_LAST_COMMIT);
  commit(model, false, false);
  check_at(model, LOOM_LAST_COMMIT);
  end(model);
}

static void is_told_that_a_part_of_a_fold_is_missing(void **state) {
  struct model *model = begin(6);
  struct loom_ledger ledger;
  loom_error error;
  (void)state;
  for (int i = 0; i < 20; i++)
    commit(model, false, false);
  fold(model, 0);
  for (size_t i = 0; i < model->fake->ledger_count; i++)
    if (strcmp(model->fake->ledger[i].step, "folded") == 0) {
      snprintf(model->fake->ledger[i].step, sizeof model->fake->ledger[i].step, "gone");
      break;
    }
  assert_int_equal(loom_ledger_read(model->cluster, LOOM_LAST_COMMIT, 0, &ledger, &error),
                   LOOM_ECORRUPT);
  assert_string_equal(error.message, "the cluster's ledger has a part of a fold");
  end(model);
}

/* By itself, it folds what is worth it. */
static void folds_where_it_is_worth_it(void **state) {
  struct model *model = begin(8);
  uint64_t rows;
  loom_error error;
  (void)state;
  for (int i = 0; i < 300; i++)
    commit(model, false, false);
  assert_status(loom_fold(model->cluster, 0, &rows, &error), LOOM_OK, &error);
  assert_true(rows >= 1000);
  model->folded = model->last;
  check(model);
  for (int i = 0; i < 50; i++)
    commit(model, false, false);
  assert_status(loom_fold(model->cluster, 0, &rows, &error), LOOM_OK, &error);
  assert_int_equal(rows, 0);
  check(model);
  end(model);
}

/* ---- void ingests ---- */

/* One that began so long ago, and died. */
static uint64_t begin_long_ago(struct model *model) {
  uint64_t ingest = begin_one(model).ingest;
  for (size_t i = 0; i < model->fake->ledger_count; i++)
    if (model->fake->ledger[i].ingest == ingest)
      model->fake->ledger[i].at = 1;
  return ingest;
}

/* Whether it is named behind a fold. */
static bool is_named(struct model *model, uint64_t ingest) {
  struct loom_ledger ledger;
  loom_error error;
  bool found = false;
  commit(model, false, false);
  commit(model, false, false);
  fold(model, 0);
  assert_status(loom_ledger_read(model->cluster, LOOM_LAST_COMMIT, 0, &ledger, &error), LOOM_OK,
                &error);
  assert_int_equal(ledger.folded, model->last - 1);
  for (size_t i = 0; i < ledger.void_count; i++)
    found |= ledger.voids[i] == ingest;
  loom_ledger_free(&ledger);
  return found;
}

static void put_block(struct model *model, unsigned shard, uint64_t ingest) {
  struct fake_block *block = &model->fake->blocks[shard][model->fake->block_count[shard]++];
  *block = (struct fake_block){.ingest = ingest};
}

static void forgets_what_nothing_is_left_of(void **state) {
  struct model *model = begin(9);
  (void)state;
  commit(model, false, false);
  uint64_t now = begin_one(model).ingest, old = begin_long_ago(model), of_roster, of_block;
  of_roster = begin_long_ago(model);
  of_block = begin_long_ago(model);
  put_block(model, 1, of_block);
  model->fake->roster[model->fake->row_count++] = (struct fake_row){.ingest = of_roster};
  assert_true(is_named(model, now));
  assert_false(is_named(model, old));
  assert_true(is_named(model, of_roster));
  assert_true(is_named(model, of_block));
  model->fake->block_count[1] = 0;
  model->fake->row_count = 0;
  model->fake->dead[1][2] = true; /* which may have some */
  assert_true(is_named(model, of_block));
  model->fake->dead[1][2] = false;
  assert_false(is_named(model, of_block));
  assert_false(is_named(model, of_roster));
  assert_true(is_named(model, now));
  put_block(model, 0, old); /* later than any writer sends it */
  assert_true(is_named(model, old));
  assert_false(is_named(model, of_block));
  end(model);
}

/* What is forgotten does not hold, either, when it comes. */
static void does_not_hold_when_it_is_forgotten(void **state) {
  struct model *model = begin(10);
  (void)state;
  commit(model, false, false);
  commit(model, true, false);
  struct written late = take_late(model);
  for (size_t i = 0; i < model->fake->ledger_count; i++)
    if (model->fake->ledger[i].ingest == late.ingest)
      model->fake->ledger[i].at = 1;
  assert_false(is_named(model, late.ingest));
  land(model, &late);
  commit(model, false, false);
  model->begun_count = 0; /* which are named otherwise */
  for (int i = 0; i < 10; i++)
    check(model);
  end(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_the_same_when_it_is_folded),
      cmocka_unit_test(is_read_from_its_last_fold_on),
      cmocka_unit_test(counts_a_fold_once_that_is_there_twice),
      cmocka_unit_test(is_told_that_a_part_of_a_fold_is_missing),
      cmocka_unit_test(folds_where_it_is_worth_it),
      cmocka_unit_test(forgets_what_nothing_is_left_of),
      cmocka_unit_test(does_not_hold_when_it_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
