/*
** Stores in the database: each store id has a number, which the other tables refer to.
*/
#ifndef LOOM_STORE_NUMBER_H
#define LOOM_STORE_NUMBER_H

#include "base/id_table.h"
#include "sqlite/database.h"

/*
** Fills numbers[0 … ids->count - 1] with the database's numbers of the stores, adding those that it lacks.
** Needs a write transaction.
*/
loom_status loom_store_numbers(loom_database *database, const struct loom_id_table *ids,
                               int64_t *numbers, loom_error *error);

#endif
