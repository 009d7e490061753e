/*
** What the roster has of a store, kind by kind, as bytes that another head can take: so that heads of one cluster have the same
** stores under the same numbers, with the same hours, zones and attributes. Of a kind all rows of a store go together, in place of
** those that were there.
**
**   loom_roster_put, of what was touched (touched.h), … → loom_roster_take, elsewhere
**
** Bytes are those of the rows, one after the other: of each column a type (0 NULL, 1 integer, 2 text, 3 blob), and behind it 8 bytes of
** the integer, or 4 bytes of a length and so many more; all little-endian.
*/
#ifndef LOOM_ROSTER_ROWS_H
#define LOOM_ROSTER_ROWS_H

#include "base/text.h"
#include "sqlite/database.h"
#include "sqlite/touched.h"

#include <stddef.h>
#include <stdint.h>

/* A kind's name, such as `special_day`; and whether there is one of a name. */
const char *loom_roster_kind_name(enum loom_roster_kind kind);
bool loom_roster_kind_from_name(const char *name, size_t length, enum loom_roster_kind *kind);

/* Notes stores from a number on. */
loom_status loom_roster_touch_stores(loom_database *database, int64_t first, loom_error *error);

/* Notes all that there is. */
loom_status loom_roster_touch_all(loom_database *database, loom_error *error);

/* Whether there is any of it. Needs a transaction. */
loom_status loom_roster_any(loom_database *database, bool *any, loom_error *error);

/* Appends the rows of an entry; nothing where there are none. Needs a transaction. */
loom_status loom_roster_put(loom_database *database, const struct loom_roster_entry *entry,
                            struct loom_text *bytes, loom_error *error);

/*
** Puts rows in place of those of an entry. LOOM_ECORRUPT: they are no such rows, or the number or the id is another store's here.
** Needs a write transaction.
*/
loom_status loom_roster_take(loom_database *database, const struct loom_roster_entry *entry,
                             const void *bytes, size_t length, loom_error *error);

/* Removes all but polls, and the ids and numbers of stores that have some in the file. Needs a write transaction. */
loom_status loom_roster_clear(loom_database *database, loom_error *error);

#endif
