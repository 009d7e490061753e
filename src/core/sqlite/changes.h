/*
** What writes have changed, as they note it for those who watch: see schema.c for the tables, lua/loom/watch.lua for who reads
** them. Of many stores at a time:
**   loom_changes_silence(…, true) → loom_changes_add, … → loom_changes_silence(…, false) → loom_changes_note
*/
#ifndef LOOM_CHANGES_H
#define LOOM_CHANGES_H

#include "sqlite/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of the write that is under way. */
loom_status loom_write_number(loom_database *database, int64_t *number, loom_error *error);

/* ---- of many stores at a time ---- */

/* More stores than this are noted as every store: to note them costs, and who looks at so many may look at all. */
#define LOOM_CHANGES_SINGLE_MAX 100

/* Stores whose change the triggers would note, while these are silent: loading a file would else call them for each row. */
struct loom_changes {
  int64_t stores[LOOM_CHANGES_SINGLE_MAX]; /* by their numbers; one may be there more than once */
  size_t count;
  bool all;
};

/* Makes the triggers of the connection silent, or not. No statement must stand in a row. */
void loom_changes_silence(loom_database *database, bool silent);

/* Adds a store; with `all`, every store. */
void loom_changes_add(struct loom_changes *changes, int64_t store, bool all);

/* Notes them as changes of a kind, within the write that made them. */
loom_status loom_changes_note(loom_database *database, const struct loom_changes *changes,
                              const char *kind, loom_error *error);

#endif
