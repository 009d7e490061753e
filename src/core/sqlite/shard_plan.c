/*
** Plans of reports by workers.
*/
#include "sqlite/shard_plan.h"
#include "measure/source.h"
#include "sqlite/head.h"
#include "sqlite/source_sqlite.h"
#include "sqlite/spooled.h"

#include <inttypes.h>
#include <string.h>

static loom_status check_spool(loom_database *head, loom_error *error) {
  int64_t polls = 0;
  loom_status status = loom_spooled_size(head, &polls, error);
  return status == LOOM_OK && polls > 0
             ? loom_fail(error, LOOM_EBUSY,
                         "%" PRId64 " polls of the head are not in the cluster yet", polls)
             : status;
}

static loom_status count(loom_source *source, const struct loom_selection *selection,
                         unsigned shards, uint64_t *counts, loom_error *error) {
  const struct loom_source_query query = {.no_polls = true, .selection = *selection};
  struct loom_common common = {0};
  struct loom_store store = {0};
  uint64_t most;
  loom_status status = loom_source_select(source, &query, &common, &most, error);
  while (status == LOOM_OK) {
    status = loom_source_next_name(source, &store, error);
    if (status == LOOM_OK)
      counts[(uint64_t)store.number % shards]++;
  }
  loom_common_free(&common);
  loom_store_free(&store);
  return status == LOOM_DONE ? LOOM_OK : status;
}

loom_status loom_shard_plan_make(loom_database *database, const struct loom_selection *selection,
                                 unsigned shards, const int64_t *as_of,
                                 struct loom_shard_plan *plan, loom_error *error) {
  struct loom_head head;
  loom_source *source = loom_source_of(database, false);
  memset(plan, 0, sizeof *plan);
  if (!source)
    return loom_no_memory(error);
  loom_status status = loom_source_snapshot(source, error);
  if (status == LOOM_OK)
    status = check_spool(database, error);
  if (status == LOOM_OK)
    status = loom_head_read(database, &head, error);
  if (status == LOOM_OK && as_of)
    plan->as_of = *as_of;
  else if (status == LOOM_OK)
    status = loom_source_newest(source, &plan->as_of, error);
  if (status == LOOM_OK) {
    plan->number = head.number;
    plan->ingest = head.ingest;
    status = count(source, selection, shards, plan->counts, error);
  }
  loom_source_free(source);
  return status;
}

loom_status loom_shard_plan_check(loom_database *database, uint64_t number, uint64_t ingest,
                                  loom_error *error) {
  struct loom_head head;
  loom_status status = check_spool(database, error);
  if (status == LOOM_OK)
    status = loom_head_read(database, &head, error);
  if (status == LOOM_OK && (head.number != number || head.ingest != ingest))
    status = loom_fail(error, LOOM_EBUSY,
                       "the head is at commit %" PRIu64 " (%" PRIu64 "), and not at %" PRIu64
                       " (%" PRIu64 ")",
                       head.number, head.ingest, number, ingest);
  return status;
}
