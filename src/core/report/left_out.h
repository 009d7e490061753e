/*
** Stores that have no row in a report: how many, and why the first ones.
**
**   {0} → loom_left_out_list_add, … → loom_left_out_list_sort → loom_left_out_list_free
*/
#ifndef LOOM_LEFT_OUT_H
#define LOOM_LEFT_OUT_H

#include "base/error.h"
#include "base/id_table.h"
#include "measure/store.h"

#include <stdbool.h>
#include <stddef.h>

#define LOOM_LEFT_OUT_MAX 100

struct loom_left_out {
  char id[LOOM_ID_MAX];
  size_t id_length;
  loom_error reason; /* names the store and its zone */
};

struct loom_left_out_list {
  struct loom_left_out *items; /* room for LOOM_LEFT_OUT_MAX, once there is one */
  size_t count;                /* of all, kept or not */
};

/* False: memory is out. */
bool loom_left_out_list_add(struct loom_left_out_list *list, const struct loom_store *store,
                            const loom_error *reason);

/* How many are kept. */
size_t loom_left_out_list_kept(const struct loom_left_out_list *list);

/* Sorts those that are kept by their ids. */
void loom_left_out_list_sort(struct loom_left_out_list *list);

void loom_left_out_list_free(struct loom_left_out_list *list);

#endif
