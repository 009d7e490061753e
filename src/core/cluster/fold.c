/*
** Folding.
*/
#include "cluster/fold.h"
#include "cluster/ledger.h"
#include "cluster/voids.h"

#define FEW_ROWS 1000 /* that a report sums up in no time */

/* What the ledger says of the last commit, and of the one before, which is folded. */
struct work {
  struct loom_ledger last, folded;
};

static void free_work(struct work *work) {
  loom_ledger_free(&work->last);
  loom_ledger_free(&work->folded);
}

static loom_status read_folded(loom_cluster *cluster, struct work *work, loom_error *error) {
  return loom_ledger_read(cluster, work->last.number - 1, 0, &work->folded, error);
}

/* Commits are of later and later ingests, by which those behind a fold are told from those in it: older Looms' may not have been. */
static loom_status is_in_order(loom_cluster *cluster, const struct work *work, bool *in_order,
                               loom_error *error) {
  const struct loom_ledger *folded = &work->folded;
  uint64_t holding = 0;
  loom_status status = loom_ledger_holding(cluster, folded->number, &holding, error);
  *in_order = holding == folded->ingest && folded->ingest < work->last.ingest;
  return status;
}

static loom_status seal(loom_cluster *cluster, const struct work *work, uint64_t ingest,
                        bool *sealed, loom_error *error) {
  struct work again = {0};
  loom_status status = loom_ledger_read(cluster, work->last.number, 0, &again.last, error);
  if (status == LOOM_OK)
    status = read_folded(cluster, &again, error);
  *sealed = status == LOOM_OK && loom_ledger_is_same(&again.last, &work->last) &&
            loom_ledger_is_same(&again.folded, &work->folded);
  free_work(&again);
  return *sealed ? loom_ledger_seal(cluster, ingest, error) : status;
}

/*
** Void ingests that are not to be named: those that are forgotten, and those behind the fold's own ingest, which are named by their
** beginnings as long as these are read, and may still come for the commits that are folded.
*/
static loom_status find_others(const struct work *work, const struct loom_voids *named,
                               struct loom_voids *others, loom_error *error) {
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < work->folded.void_count; i++)
    if (!loom_voids_has(named, work->folded.voids[i]))
      status = loom_voids_add(others, work->folded.voids[i], error);
  for (size_t i = 0; status == LOOM_OK && i < work->last.void_count; i++)
    if (work->last.voids[i] > work->folded.ingest)
      status = loom_voids_add(others, work->last.voids[i], error);
  return status;
}

static loom_status put_fold(loom_cluster *cluster, const struct work *work, uint64_t *ingest,
                            loom_error *error) {
  struct loom_voids named = {0}, others = {0};
  struct loom_ledger fold = work->folded;
  loom_status status = loom_voids_named(cluster, &work->folded, &named, error);
  if (status == LOOM_OK)
    status = find_others(work, &named, &others, error);
  fold.voids = named.items;
  fold.void_count = named.count;
  if (status == LOOM_OK)
    status = loom_ledger_fold(cluster, &fold, others.items, others.count, ingest, error);
  loom_voids_free(&named);
  loom_voids_free(&others);
  return status;
}

static loom_status fold(loom_cluster *cluster, struct work *work, bool *folded, loom_error *error) {
  uint64_t ingest;
  bool in_order = false;
  loom_status status = read_folded(cluster, work, error);
  if (status == LOOM_OK)
    status = is_in_order(cluster, work, &in_order, error);
  if (status != LOOM_OK || !in_order)
    return status;
  status = put_fold(cluster, work, &ingest, error);
  return status == LOOM_OK ? seal(cluster, work, ingest, folded, error) : status;
}

/* All folds together have no more rows than what they fold. */
static bool is_worth_it(const struct loom_ledger *ledger, uint64_t least) {
  if (ledger->number < 2 || ledger->number - 1 == ledger->folded)
    return false;
  if (least)
    return ledger->rows >= least;
  return ledger->rows >= FEW_ROWS && ledger->rows >= ledger->part_count + ledger->void_count;
}

loom_status loom_fold(loom_cluster *cluster, uint64_t least, uint64_t *rows, loom_error *error) {
  struct work work = {0};
  bool folded = false;
  *rows = 0;
  loom_status status = loom_ledger_read(cluster, LOOM_LAST_COMMIT, 0, &work.last, error);
  if (status == LOOM_OK && is_worth_it(&work.last, least))
    status = fold(cluster, &work, &folded, error);
  *rows = folded ? work.last.rows : 0;
  free_work(&work);
  return status;
}
