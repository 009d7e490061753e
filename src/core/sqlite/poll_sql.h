/*
** SQL functions of packed polls, for statements of Loom's own: views and triggers cannot call them.
*/
#ifndef LOOM_POLL_SQL_H
#define LOOM_POLL_SQL_H

#include "measure/poll_block.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* The type of a pointer to a loom_poll_merging, for sqlite3_bind_pointer. */
#define LOOM_POLL_MERGING "loom_poll_merging"

/* Polls on their way into a block. Its lists belong to it. */
struct loom_poll_merging {
  int32_t day;
  const loom_poll *incoming; /* sorted, in order of arrival where several share an instant */
  size_t count;
  struct loom_polls stored, merged;
  loom_poll newest; /* of the union, which is not empty */
  struct loom_union_counts change;
  bool found;          /* there was a block */
  const char *problem; /* with it, or NULL */
};

/* Makes `merged` and `change` of `stored` and `incoming`. False: memory is out. */
bool loom_poll_merging_unite(struct loom_poll_merging *merging);

/*
** Gives the functions to a connection; the result is one of SQLite's codes. They cannot be given while it is read.
** loom_poll_at(block, last) is the instant of a block's first poll, or of its last one, and loom_newest_active(block) whether
** the last one is active. loom_merge(block, merging) unites the
** block with what comes, and is whether that differs from it; loom_merged(merging) is the union as a block.
*/
int loom_poll_sql_register(sqlite3 *sqlite);

#endif
