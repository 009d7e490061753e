/*
** Stores that have no row.
*/
#include "report/left_out.h"
#include "base/id_order.h"

#include <stdlib.h>
#include <string.h>

bool loom_left_out_list_add(struct loom_left_out_list *list, const struct loom_store *store,
                            const loom_error *reason) {
  if (!list->items)
    list->items = calloc(LOOM_LEFT_OUT_MAX, sizeof *list->items);
  if (!list->items)
    return false;
  if (list->count < LOOM_LEFT_OUT_MAX) {
    struct loom_left_out *left_out = &list->items[list->count];
    memcpy(left_out->id, store->id, store->id_length);
    left_out->id_length = store->id_length;
    left_out->reason = *reason;
  }
  list->count++;
  return true;
}

size_t loom_left_out_list_kept(const struct loom_left_out_list *list) {
  return list->count < LOOM_LEFT_OUT_MAX ? list->count : LOOM_LEFT_OUT_MAX;
}

static int compare(const void *a, const void *b) {
  const struct loom_left_out *l = a, *r = b;
  return loom_id_compare(l->id, l->id_length, r->id, r->id_length);
}

void loom_left_out_list_sort(struct loom_left_out_list *list) {
  if (list->count)
    qsort(list->items, loom_left_out_list_kept(list), sizeof *list->items, compare);
}

void loom_left_out_list_free(struct loom_left_out_list *list) {
  free(list->items);
}
