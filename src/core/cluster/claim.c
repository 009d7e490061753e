/*
** Claiming the number of a commit.
*/
#include "cluster/claim.h"
#include "base/platform.h"
#include "cluster/ledger.h"
#include "sqlite/head.h"

#include <inttypes.h>

#define PAUSE 100 /* milliseconds until the ledger is asked again */

static loom_status is_busy(loom_error *error) {
  return loom_fail(error, LOOM_EBUSY,
                   "another writer is about to commit to the cluster: try again");
}

struct waiting {
  loom_cluster *cluster;
  const char *writer;
  uint64_t ingest, number;
  uint64_t dead; /* claims up to this ingest have had their time */
};

/*
** Waits until no earlier claim is left that may come to a commit, one has, or their time is over: that is `until`, or, where it is 0,
** LOOM_CLAIM_WAIT from when the last of them was seen first. Who made that is not dead because another one is.
*/
static loom_status wait_for_earlier(const struct waiting *waiting, int64_t until,
                                    struct loom_ledger_rivals *rivals, loom_error *error) {
  bool each = until == 0;
  uint64_t seen = 0;
  for (;;) {
    struct loom_ledger_tip tip;
    loom_status status = loom_ledger_rivals(waiting->cluster, waiting->ingest, waiting->number,
                                            waiting->writer, rivals, error);
    if (status != LOOM_OK || rivals->greatest <= waiting->dead)
      return status;
    if (each && rivals->greatest > seen)
      until = loom_clock() + LOOM_CLAIM_WAIT;
    seen = rivals->greatest > seen ? rivals->greatest : seen;
    status = loom_ledger_tip(waiting->cluster, &tip, error);
    if (status != LOOM_OK || tip.number >= waiting->number)
      return status;
    if (rivals->greatest > waiting->ingest)
      return is_busy(error);
    if (loom_clock() >= until)
      return LOOM_OK;
    loom_rest(PAUSE);
  }
}

loom_status loom_claim(loom_cluster *cluster, loom_database *head, uint64_t ingest, uint64_t number,
                       struct loom_claim *claim, loom_error *error) {
  char writer[LOOM_HEAD_WRITER_MAX];
  struct loom_ledger_rivals rivals = {0};
  struct waiting waiting = {
      .cluster = cluster, .writer = writer, .ingest = ingest, .number = number};
  loom_error ignored;
  loom_head_writer(head, writer);
  loom_status status = wait_for_earlier(&waiting, 0, &rivals, error);
  waiting.dead = rivals.greatest;
  claim->since = loom_clock();
  if (status == LOOM_OK)
    status = loom_ledger_claim(cluster, ingest, number, writer, error);
  if (status != LOOM_OK)
    return status;
  status = wait_for_earlier(&waiting, claim->since + LOOM_CLAIM_TIME, &rivals, error);
  if (status == LOOM_OK && loom_claim_is_late(claim))
    status = is_busy(error);
  if (status != LOOM_OK) /* where that fails others wait for it */
    loom_ledger_withdraw(cluster, ingest, number, writer, &ignored);
  return status;
}

bool loom_claim_is_late(const struct loom_claim *claim) {
  return loom_clock() - claim->since >= LOOM_CLAIM_TIME;
}
