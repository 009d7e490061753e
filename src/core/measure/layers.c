/*
** Layers of hours and special days.
*/
#include "measure/layers.h"
#include "base/grow.h"

#include <stdlib.h>

bool loom_special_days_add(struct loom_special_days *list, struct loom_special_day day) {
  if (!loom_grow(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
    return false;
  list->items[list->count++] = day;
  return true;
}

void loom_special_days_free(struct loom_special_days *list) {
  free(list->items);
  *list = (struct loom_special_days){0};
}

bool loom_layers_hours(struct loom_layers *layers, struct loom_hours_list *in_force) {
  struct loom_hours_list *file = &layers->file.hours, *override = &layers->override.hours;
  bool good = true;
  if (override->count) {
    good = loom_hours_lay_over(file, override, in_force);
  } else { /* the lists change places, and nothing is copied */
    struct loom_hours_list spare = *in_force;
    *in_force = *file;
    *file = spare;
  }
  file->count = override->count = 0;
  return good;
}

static bool lay_days(const struct loom_special_days *file, const struct loom_special_days *override,
                     struct loom_special_days *in_force) {
  size_t below = 0, above = 0;
  in_force->count = 0;
  while (below < file->count || above < override->count) {
    int32_t date = above < override->count ? override->items[above].date : INT32_MAX;
    bool overridden = above < override->count;
    if (below < file->count && file->items[below].date < date) {
      date = file->items[below].date;
      overridden = false;
    }
    for (; below < file->count && file->items[below].date == date; below++)
      if (!overridden && !loom_special_days_add(in_force, file->items[below]))
        return false;
    for (; above < override->count && override->items[above].date == date; above++)
      if (!loom_special_days_add(in_force, override->items[above]))
        return false;
  }
  return true;
}

bool loom_layers_days(struct loom_layers *layers, struct loom_special_days *in_force) {
  struct loom_special_days *file = &layers->file.days, *override = &layers->override.days;
  bool good = true;
  if (override->count) {
    good = lay_days(file, override, in_force);
  } else {
    struct loom_special_days spare = *in_force;
    *in_force = *file;
    *file = spare;
  }
  file->count = override->count = 0;
  return good;
}

void loom_layers_empty(struct loom_layers *layers) {
  layers->file.hours.count = layers->override.hours.count = 0;
  layers->file.days.count = layers->override.days.count = 0;
}

void loom_layers_free(struct loom_layers *layers) {
  loom_hours_list_free(&layers->file.hours);
  loom_hours_list_free(&layers->override.hours);
  loom_special_days_free(&layers->file.days);
  loom_special_days_free(&layers->override.days);
}
