/*
** A roster of the head, behind whose last store stands whether the polls add up.
*/
#include "cluster/source_cluster.h"
#include "cluster/feed_cluster.h"
#include "sqlite/roster_sqlite.h"
#include "sqlite/snapshot.h"

#include <stdlib.h>

struct checked_roster {
  loom_roster roster; /* the first member */
  loom_roster *stores;
  loom_feed *feed; /* the source's */
};

static loom_roster *stores_of(loom_roster *roster) {
  return ((struct checked_roster *)roster)->stores;
}

static loom_status begin(loom_roster *roster, loom_error *error) {
  return loom_roster_begin(stores_of(roster), error);
}

static loom_status open(loom_roster *roster, const struct loom_roster_query *query,
                        struct loom_common *common, struct loom_roster_order *order,
                        loom_error *error) {
  return loom_roster_open(stores_of(roster), query, common, order, error);
}

static loom_status next(loom_roster *roster, struct loom_store *store, loom_error *error) {
  loom_status status = loom_roster_next(stores_of(roster), store, error);
  if (status != LOOM_DONE)
    return status;
  status = loom_feed_cluster_finish(((struct checked_roster *)roster)->feed, error);
  return status == LOOM_OK ? LOOM_DONE : status;
}

static loom_status fill(loom_roster *roster, struct loom_store *store, loom_error *error) {
  return loom_roster_fill(stores_of(roster), store, error);
}

static void end(loom_roster *roster) {
  loom_roster_end(stores_of(roster));
}

static void free_roster(loom_roster *roster) {
  loom_roster_free(stores_of(roster));
  free(roster);
}

static const struct loom_roster_type type = {
    .begin = begin, .open = open, .next = next, .fill = fill, .end = end, .free = free_roster};

/* Takes the stores over, also when it fails. */
static loom_roster *check_behind(loom_roster *stores, loom_feed *feed) {
  struct checked_roster *roster = stores && feed ? calloc(1, sizeof *roster) : NULL;
  if (!roster) {
    loom_roster_free(stores);
    return NULL;
  }
  roster->roster.type = &type;
  roster->stores = stores;
  roster->feed = feed;
  return &roster->roster;
}

loom_source *loom_source_cluster(loom_database *head, loom_cluster *cluster, bool shared) {
  struct loom_snapshot *snapshot = loom_snapshot_new(head, shared);
  if (!snapshot) {
    loom_cluster_free(cluster);
    return NULL;
  }
  loom_feed *feed = loom_feed_cluster(snapshot, cluster);
  loom_source *source = loom_source_new(check_behind(loom_roster_sqlite(snapshot), feed), feed);
  loom_snapshot_free(snapshot); /* its halves have it now */
  return source;
}
