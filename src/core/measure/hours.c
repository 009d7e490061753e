/*
** Lists of weekly hours.
*/
#include "measure/hours.h"
#include "base/grow.h"

#include <stdlib.h>

bool loom_hours_list_reserve(struct loom_hours_list *list, size_t more) {
  return loom_grow(&list->items, &list->capacity, list->count + more, sizeof *list->items);
}

bool loom_hours_list_add(struct loom_hours_list *list, struct loom_hours hours) {
  if (!loom_hours_list_reserve(list, 1))
    return false;
  list->items[list->count++] = hours;
  return true;
}

void loom_hours_list_free(struct loom_hours_list *list) {
  free(list->items);
  *list = (struct loom_hours_list){0};
}

/* Passes over a list week by week. */
struct cursor {
  const struct loom_hours_list *list;
  size_t begin, end; /* the week in force; empty before the first one */
};

static bool has_next(const struct cursor *cursor) {
  return cursor->end < cursor->list->count;
}

/* Moves to the week that begins on the date; false if there is none. */
static bool move_to(struct cursor *cursor, int32_t date) {
  const struct loom_hours_list *list = cursor->list;
  if (!has_next(cursor) || list->items[cursor->end].from != date)
    return false;
  cursor->begin = cursor->end;
  while (has_next(cursor) && list->items[cursor->end].from == date)
    cursor->end++;
  return true;
}

static bool prevails(const struct cursor *cursor) {
  return cursor->end > cursor->begin && cursor->list->items[cursor->begin].open != LOOM_NO_HOURS;
}

/* Adds the cursor's week as one that begins on the date. */
static bool add_week(struct loom_hours_list *list, const struct cursor *cursor, int32_t date) {
  const struct loom_hours none = {date, 0, LOOM_NO_HOURS, LOOM_NO_HOURS};
  if (cursor->begin == cursor->end)
    return loom_hours_list_add(list, none);
  for (size_t i = cursor->begin; i < cursor->end; i++) {
    struct loom_hours hours = cursor->list->items[i];
    hours.from = date;
    if (!loom_hours_list_add(list, hours))
      return false;
  }
  return true;
}

bool loom_hours_lay_over(const struct loom_hours_list *file,
                         const struct loom_hours_list *overrides,
                         struct loom_hours_list *in_force) {
  struct cursor below = {.list = file}, above = {.list = overrides};
  in_force->count = 0;
  while (has_next(&below) || has_next(&above)) {
    int32_t date = INT32_MAX;
    if (has_next(&below))
      date = file->items[below.end].from;
    if (has_next(&above) && overrides->items[above.end].from < date)
      date = overrides->items[above.end].from;
    bool below_changes = move_to(&below, date), above_changes = move_to(&above, date);
    const struct cursor *week = prevails(&above) ? &above : &below;
    if ((week == &below && below_changes) || above_changes)
      if (!add_week(in_force, week, date))
        return false;
  }
  return true;
}
