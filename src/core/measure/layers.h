/*
** What files brought and what was set by hand, laid over each other: weekly hours and special days. The latter prevails.
**
**   {0} → for each store: loom_hours_list_add and loom_special_days_add to either layer, in order
**   → loom_layers_hours, loom_layers_days → loom_layers_free
*/
#ifndef LOOM_LAYERS_H
#define LOOM_LAYERS_H

#include "measure/hours.h"
#include "measure/schedule.h"

#include <stdbool.h>
#include <stddef.h>

struct loom_special_days {
  struct loom_special_day *items; /* sorted by date */
  size_t count, capacity;
};

/* False when memory is out. */
bool loom_special_days_add(struct loom_special_days *list, struct loom_special_day day);
void loom_special_days_free(struct loom_special_days *list);

/* One store's layers. The lists are kept between stores. */
struct loom_layers {
  struct {
    struct loom_hours_list hours;
    struct loom_special_days days;
  } file, override;
};

/*
** Puts the weeks in force in place of what is in `in_force`, and empties both layers of hours: see loom_hours_lay_over. False:
** memory is out.
*/
bool loom_layers_hours(struct loom_layers *layers, struct loom_hours_list *in_force);

/* The same of special days: a date that was set by hand has nothing of the file's. */
bool loom_layers_days(struct loom_layers *layers, struct loom_special_days *in_force);

/* Forgets what a failure left of a store's. */
void loom_layers_empty(struct loom_layers *layers);
void loom_layers_free(struct loom_layers *layers);

#endif
