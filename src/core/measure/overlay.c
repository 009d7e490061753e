/*
** Overlays by store id.
*/
#include "measure/overlay.h"
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

void loom_overlays_init(struct loom_overlays *overlays) {
  *overlays = (struct loom_overlays){0};
  loom_id_table_init(&overlays->ids);
}

static void free_overlay(struct loom_overlay *overlay) {
  loom_hours_list_free(&overlay->hours);
  free(overlay->days.items);
  loom_store_free(&overlay->own);
  loom_layers_free(&overlay->layers);
}

bool loom_overlay_finish(struct loom_overlay *overlay) {
  overlay->replaces_all = true;
  return loom_layers_hours(&overlay->layers, &overlay->own.hours) &&
         loom_layers_days(&overlay->layers, &overlay->own.special_days);
}

void loom_overlays_free(struct loom_overlays *overlays) {
  for (uint32_t i = 0; i < overlays->ids.count; i++)
    free_overlay(&overlays->items[i]);
  free_overlay(&overlays->others);
  loom_id_table_free(&overlays->ids);
  free(overlays->items);
  *overlays = (struct loom_overlays){0};
}

struct loom_overlay *loom_overlays_put(struct loom_overlays *overlays, const char *id,
                                       size_t length) {
  uint32_t known = overlays->ids.count;
  if (!loom_grow(&overlays->items, &overlays->capacity, (size_t)known + 1, sizeof *overlays->items))
    return NULL;
  uint32_t number = loom_id_table_put(&overlays->ids, id, length);
  if (number == LOOM_NO_NUMBER)
    return NULL;
  if (number == known)
    overlays->items[number] = (struct loom_overlay){0};
  return &overlays->items[number];
}

const struct loom_overlay *loom_overlays_find(const struct loom_overlays *overlays, const char *id,
                                              size_t length) {
  uint32_t number = loom_id_table_find(&overlays->ids, id, length);
  if (number != LOOM_NO_NUMBER)
    return &overlays->items[number];
  return overlays->others.replaces_hours ? &overlays->others : NULL;
}
