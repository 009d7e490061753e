/*
** Stores that files share.
*/
#include "read/staged_ids.h"
#include "base/id_order.h"

#include <stdlib.h>

struct loom_staged_ids *loom_staged_ids_new(void) {
  struct loom_staged_ids *ids = calloc(1, sizeof *ids);
  if (!ids)
    return NULL;
  ids->references = 1;
  loom_id_table_init(&ids->table);
  return ids;
}

struct loom_staged_ids *loom_staged_ids_share(struct loom_staged_ids *ids) {
  ids->references++;
  return ids;
}

static void free_orders(struct loom_staged_ids *ids) {
  for (struct loom_id_order *order = ids->order, *before; order; order = before) {
    before = order->before;
    free(order);
  }
  ids->order = NULL;
}

void loom_staged_ids_release(struct loom_staged_ids *ids) {
  if (!ids || --ids->references)
    return;
  free_orders(ids);
  loom_staged_ids_forget(ids);
  loom_id_table_free(&ids->table);
  free(ids);
}

void loom_staged_ids_forget(struct loom_staged_ids *ids) {
  free(ids->known.numbers);
  ids->known = (struct loom_known_ids){0};
}

const struct loom_id_order *loom_staged_ids_order(struct loom_staged_ids *ids) {
  uint32_t count = ids->table.count;
  if (ids->order && ids->order->count == count)
    return ids->order;
  if (ids->references == 1)
    free_orders(ids);
  struct loom_id_order *order =
      malloc(sizeof *order + ((size_t)count + 1) * sizeof *order->numbers);
  if (!order || !loom_id_order(&ids->table, order->numbers)) {
    free(order);
    return NULL;
  }
  order->before = ids->order;
  order->count = count;
  ids->order = order;
  return order;
}
