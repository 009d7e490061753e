/*
** The order of ids as bytes, in which the database's index has them.
*/
#ifndef LOOM_ID_ORDER_H
#define LOOM_ID_ORDER_H

#include "base/id_table.h"

#include <stdbool.h>

/* Fills order[0 … count - 1] with the numbers of the table's ids, the least id's first. False: memory is out. */
bool loom_id_order(const struct loom_id_table *ids, uint32_t *order);

#endif
