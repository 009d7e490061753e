/*
** Facts that are read from the database: lists and choices as in facts.h, and the one fact with a key.
**
**   {.database} → loom_fact_rows_list, or loom_fact_rows_choose → loom_fact_rows_next, until LOOM_DONE → and again
**               → loom_fact_rows_find → its fact → loom_fact_rows_leave
**   → loom_fact_rows_free
*/
#ifndef LOOM_FACT_ROWS_H
#define LOOM_FACT_ROWS_H

#include "sqlite/connection.h"
#include "write/facts.h"
#include "write/store_number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything but the database is zeroed at first. */
struct loom_fact_rows {
  loom_database *database;   /* which outlives it */
  struct loom_holder holder; /* of the list */
  sqlite3_stmt *row;         /* NULL: there is no list */
  enum loom_fact_kind kind;
  bool reading;       /* a part in a read transaction is the list's own */
  bool has_row, used; /* it stands on a row, which has been given */
  bool gone;          /* a write has ended it */
  bool choosing,
      has_glob; /* it tells of each store whether it is wanted; the pattern is in `note` */
  struct loom_hours_list openings;
  char *id, *note; /* of a special day, whose rows have been passed over */
  size_t id_capacity, note_capacity;
};

/* Starts on a list, or on a choice, within the change whose stores these are; NULL: it has a part in a transaction of its own. */
loom_status loom_fact_rows_list(struct loom_fact_rows *rows, const struct loom_fact_query *query,
                                struct loom_last_store *change, loom_error *error);
loom_status loom_fact_rows_choose(struct loom_fact_rows *rows,
                                  const struct loom_fact_choice *choice,
                                  const struct loom_last_store *change, loom_error *error);

loom_status loom_fact_rows_next(struct loom_fact_rows *rows, struct loom_fact *fact,
                                loom_error *error);

/* Ends the list, if there is one, and its part in a transaction. */
void loom_fact_rows_end(struct loom_fact_rows *rows);

/*
** Finds the fact that a put replaces or a removal takes away, by its key, the number of its store, 0 for every store, and
** whether it was set by hand; its texts live until loom_fact_rows_leave, which follows whatever this returns. What is damaged
** counts as nothing: it is to be mended. There is no list meanwhile.
*/
loom_status loom_fact_rows_find(struct loom_fact_rows *rows, const struct loom_fact *fact,
                                int64_t store, bool override, struct loom_fact *found, bool *there,
                                loom_error *error);
void loom_fact_rows_leave(struct loom_fact_rows *rows);

/* Ends the list, too. */
void loom_fact_rows_free(struct loom_fact_rows *rows);

#endif
