/*
** The order of ids as bytes, in which the database's index has them.
*/
#ifndef LOOM_ID_ORDER_H
#define LOOM_ID_ORDER_H

#include "base/id_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Below, at or above 0 as the first id comes before the second, is it, or comes after it. */
static inline int loom_id_compare(const char *a, size_t a_length, const char *b, size_t b_length) {
  int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
  return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Fills order[0 … count - 1] with the numbers of the table's ids, the least id's first. False: memory is out. */
bool loom_id_order(const struct loom_id_table *ids, uint32_t *order);

#endif
