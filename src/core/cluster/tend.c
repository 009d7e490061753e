/*
** Tending a cluster. What is written of a day is nobody's before its commit, which fails where anybody has committed since the ledger
** was read: so the day is the same, and so are the polls that wait in the head.
*/
#include "cluster/tend.h"
#include "cluster/ledger.h"
#include "cluster/write_cluster.h"
#include "sqlite/head.h"

#include <string.h>

struct day {
  int32_t day;
  uint64_t commits, polls;
};

/* The greatest number of commits by which a shard has it, and the polls of all shards; parts are in order of shards. */
static struct day measure(const struct loom_ledger *ledger, int32_t day) {
  struct day found = {.day = day};
  for (size_t i = 0; i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    if (part->day != day || !part->blocks)
      continue;
    found.commits = part->commits > found.commits ? part->commits : found.commits;
    found.polls += part->polls;
  }
  return found;
}

/* The day that is to be written anew; its commits are 0 where none is. */
static struct day choose(const struct loom_ledger *ledger, const struct loom_tend_rules *rules) {
  struct day chosen = {0};
  for (size_t i = 0; i < ledger->part_count; i++) {
    const struct loom_ledger_part *part = &ledger->parts[i];
    unsigned least = part->day < rules->past ? rules->past_commits : rules->commits;
    if (!part->blocks || part->commits < least || part->commits <= chosen.commits)
      continue;
    struct day day = measure(ledger, part->day);
    if (day.polls <= rules->polls)
      chosen = day;
  }
  return chosen;
}

static loom_status read_head(loom_database *database, struct loom_head *head, loom_error *error) {
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  status = loom_head_read(database, head, error);
  loom_database_end_read(database);
  return status;
}

static bool is_at(const struct loom_head *head, const struct loom_ledger *ledger) {
  return head->is_one && head->number == ledger->number && head->ingest == ledger->ingest;
}

/* Writes it, by the head as it was read. */
static loom_status renew(loom_database *head, loom_cluster_write *write, int32_t day,
                         loom_error *error) {
  loom_status status = loom_database_begin_read(head, error);
  if (status != LOOM_OK)
    return status;
  status = loom_cluster_write_begin_file(write, error);
  if (status == LOOM_OK)
    status = loom_cluster_write_renewed(write, day, INT64_MIN, error);
  loom_database_end_read(head);
  return status;
}

/* Has the write be that of a transaction, which it is no more when this fails, either. */
static loom_status commit(loom_database *head, loom_cluster_write *write, loom_error *error) {
  struct loom_head now;
  loom_status status = loom_database_begin_write(head, error);
  if (status != LOOM_OK) {
    loom_cluster_write_free(write);
    return status;
  }
  loom_cluster_write_join(write, head);
  status = loom_head_read(head, &now, error);
  if (status == LOOM_OK && !is_at(&now, loom_cluster_write_ledger(write)))
    status = loom_fail(error, LOOM_EBUSY, "others write to the cluster: try again");
  loom_database_keep_revision(head); /* no figure changes */
  return loom_database_end_write(head, status, error);
}

static loom_status check_owner(loom_database *head, loom_cluster_write *write, loom_error *error) {
  struct loom_ledger_tip tip;
  loom_cluster *cluster = loom_cluster_write_cluster(write);
  loom_status status = loom_ledger_tip(cluster, &tip, error);
  return status == LOOM_OK ? loom_cluster_check_owner(head, cluster, &tip, error) : status;
}

loom_status loom_tend(loom_database *head,
                      loom_status (*open)(void *context, loom_cluster **cluster, loom_error *error),
                      void *context, const struct loom_tend_rules *rules, bool *tended,
                      loom_error *error) {
  struct loom_head known;
  loom_cluster *cluster;
  loom_cluster_write *write;
  *tended = false;
  loom_status status = open(context, &cluster, error);
  if (status == LOOM_OK)
    status = loom_cluster_write_ahead(cluster, head, &write, error);
  if (status != LOOM_OK)
    return status;
  status = read_head(head, &known, error);
  struct day day = choose(loom_cluster_write_ledger(write), rules);
  bool is_due = status == LOOM_OK && day.commits && is_at(&known, loom_cluster_write_ledger(write));
  if (is_due)
    status = check_owner(head, write, error);
  if (is_due && status == LOOM_OK)
    status = renew(head, write, day.day, error);
  if (!is_due || status != LOOM_OK) {
    loom_cluster_write_free(write);
    return status;
  }
  status = commit(head, write, error);
  *tended = status == LOOM_OK;
  return status;
}
