/*
** Buffers of what a source gives.
*/
#include "measure/source.h"
#include "base/grow.h"

#include <stdlib.h>

bool loom_special_days_add(struct loom_special_days *list, struct loom_special_day day) {
  if (!loom_grow(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
    return false;
  list->items[list->count++] = day;
  return true;
}

void loom_store_free(struct loom_store *store) {
  loom_hours_list_free(&store->hours);
  free(store->special_days.items);
  loom_spans_free(&store->exclusions);
  loom_polls_free(&store->polls);
  *store = (struct loom_store){0};
}

void loom_common_free(struct loom_common *common) {
  free(common->special_days.items);
  loom_spans_free(&common->exclusions);
  *common = (struct loom_common){0};
}
