/*
** Weekly hours: rows, lists of them, and overrides laid over what a file brought.
**
**   {0} → loom_hours_list_add, … → loom_hours_lay_over → loom_hours_list_free
*/
#ifndef LOOM_HOURS_H
#define LOOM_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As open and close: the row opens nothing, but makes its week exist. */
#define LOOM_CLOSED (-1)

/*
** As open and close: there are no hours from this row's date on. Among overrides that means those of the file again;
** where it is in force, the store is open all day, every day.
*/
#define LOOM_NO_HOURS (-2)

/* Hours that apply from the beginning of time, until hours with a later date replace them. */
#define LOOM_ALWAYS INT32_MIN

/*
** One row of weekly hours. Times are in seconds since local midnight, 0 to 86400. Rows that share `from` make
** up one week, in force from that local date until the next week's date.
*/
struct loom_hours {
  int32_t from;    /* first local date, or LOOM_ALWAYS */
  int32_t weekday; /* 0 = Monday … 6 = Sunday */
  int32_t open, close;
};

struct loom_hours_list {
  struct loom_hours *items; /* sorted by `from` */
  size_t count, capacity;
};

/* False when memory is out. */
bool loom_hours_list_reserve(struct loom_hours_list *list, size_t more);
bool loom_hours_list_add(struct loom_hours_list *list, struct loom_hours hours);
void loom_hours_list_free(struct loom_hours_list *list);

/*
** Fills `in_force` with the weeks of `file` and those of `overrides`, which prevail from their date on until one
** of LOOM_NO_HOURS. False when memory is out.
*/
bool loom_hours_lay_over(const struct loom_hours_list *file,
                         const struct loom_hours_list *overrides, struct loom_hours_list *in_force);

#endif
