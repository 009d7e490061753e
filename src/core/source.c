/*
** Buffers of what a source gives.
*/
#include "source.h"

#include <stdlib.h>

bool loom_special_days_add(struct loom_special_days *list, struct loom_special_day day) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    struct loom_special_day *items = realloc(list->items, capacity * sizeof *items);
    if (!items)
      return false;
    list->items = items;
    list->capacity = capacity;
  }
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
