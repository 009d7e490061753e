/*
** Exclusions as the database holds them: see schema.c.
*/
#ifndef LOOM_STORED_EXCLUSION_H
#define LOOM_STORED_EXCLUSION_H

#include "base/error.h"
#include "measure/exclusion.h"
#include "sqlite/connection.h"

#include <stddef.h>
#include <stdint.h>

/* The columns of the table exclusion that the function below reads. */
#define LOOM_STORED_EXCLUSION_COLUMNS "from_us, to_us, zone, openings"

struct loom_stored_exclusion {
  int64_t from, to;
  const char *
      zone; /* as in loom_exclusion_rule; NULL: from and to are instants. It lives as long as the row */
  size_t zone_length;
  const unsigned char *week; /* packed, without a problem; no bytes: it is not weekly */
  size_t week_size;
};

/* Reads one, whose first column is column `column`. LOOM_ECORRUPT: it cannot be right. */
loom_status loom_stored_exclusion_read(loom_database *database, sqlite3_stmt *row, int column,
                                       struct loom_stored_exclusion *exclusion, loom_error *error);

/* The same of a row that has not been proved, but for its instants. */
void loom_stored_exclusion_get(sqlite3_stmt *row, int column,
                               struct loom_stored_exclusion *exclusion);

/* Why a row can be none, in words that complete `it …`, or NULL. */
const char *loom_stored_exclusion_problem(const struct loom_stored_exclusion *exclusion);

#endif
