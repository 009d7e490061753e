/*
** Blocks of polls in the file of a head: those that are on their way to its cluster.
*/
#ifndef LOOM_SPOOLED_H
#define LOOM_SPOOLED_H

#include "measure/uptime.h"
#include "sqlite/database.h"

#include <stddef.h>
#include <stdint.h>

/* How many polls they have. Needs a transaction. */
loom_status loom_spooled_size(loom_database *database, int64_t *polls, loom_error *error);

/* Removes a block of a store's UTC day, unless its polls, which are given as bytes of a block, are others by now. */
loom_status loom_spooled_remove(loom_database *database, int32_t day, int64_t store,
                                const loom_poll *polls, size_t count, loom_error *error);

/* Puts others in their place; none: it is removed. */
loom_status loom_spooled_replace(loom_database *database, int32_t day, int64_t store,
                                 const loom_poll *polls, size_t count, loom_error *error);

/*
** Tells the stores, and the database, how far these polls reach, as all that was told before did not know of them. Needs a write
** transaction.
*/
loom_status loom_spooled_tell(loom_database *database, loom_error *error);

#endif
