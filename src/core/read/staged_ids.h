/*
** The stores of what is staged together, by number: files of one load name the same ones, which then have one table, one order, and
** one look into the database.
**
**   loom_staged_ids_new → loom_staged_ids_share, … → loom_staged_ids_order → loom_staged_ids_release, by each
*/
#ifndef LOOM_STAGED_IDS_H
#define LOOM_STAGED_IDS_H

#include "base/id_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_id_order {
  struct loom_id_order *before; /* an older one, which somebody may still have */
  uint32_t count;               /* of the ids that there were */
  uint32_t numbers[];           /* of them, in their order as bytes */
};

/* What a sink knows of the ids within one transaction. */
struct loom_known_ids {
  const void *database; /* NULL: nothing is known */
  uint64_t transaction;
  int64_t *numbers; /* that the database has for all of them; `count` may be more by now */
  uint32_t count;
  int64_t first_with_zone; /* see struct loom_store_numbers */
};

struct loom_staged_ids {
  unsigned references;
  struct loom_id_table table;
  struct loom_id_order *order; /* the newest */
  const struct loom_staging
      *zones; /* the first that is complete, of those that share them; NULL: none is */
  struct loom_known_ids known;
};

/* NULL: memory is out. */
struct loom_staged_ids *loom_staged_ids_new(void);

/* Another who has them. All are of one thread; another one may read an order that it was given. */
struct loom_staged_ids *loom_staged_ids_share(struct loom_staged_ids *ids);

/* NULL is ignored. */
void loom_staged_ids_release(struct loom_staged_ids *ids);

/* Forgets what a sink knows. */
void loom_staged_ids_forget(struct loom_staged_ids *ids);

/* The order of all ids that there are now; valid until there are more, or, where they are shared, to the end. NULL: memory is out. */
const struct loom_id_order *loom_staged_ids_order(struct loom_staged_ids *ids);

#endif
