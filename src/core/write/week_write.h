/*
** Weeks of hours on their way into the database. They are kept until there are many, and inserted by one statement.
**
**   {0} → loom_week_write_add, … → loom_week_write_flush → loom_week_write_free
*/
#ifndef LOOM_WEEK_WRITE_H
#define LOOM_WEEK_WRITE_H

#include "read/record.h"
#include "sqlite/database.h"

struct loom_week_write {
  struct pending_week *weeks;
  size_t count, capacity;
  unsigned char *openings; /* packed, of one week after the other */
  size_t size, openings_capacity;
};

/*
** Adds a week of the store with a number: `count` records of one date, sorted and each once, or one that closes it or has it revert.
** Inserts what is there if that is enough.
*/
loom_status loom_week_write_add(struct loom_week_write *write, loom_database *database,
                                int64_t store, const struct loom_record *records, size_t count,
                                loom_error *error);

/* The same of what is packed already, which a file has brought. */
loom_status loom_week_write_add_packed(struct loom_week_write *write, loom_database *database,
                                       int64_t store, int32_t from, const unsigned char *openings,
                                       size_t count, loom_error *error);

/* Inserts the weeks that are left. */
loom_status loom_week_write_flush(struct loom_week_write *write, loom_database *database,
                                  loom_error *error);

void loom_week_write_free(struct loom_week_write *write);

#endif
