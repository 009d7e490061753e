/*
** Reading stored exclusions.
*/
#include "sqlite/stored_exclusion.h"
#include "measure/week.h"
#include "sqlite/statement.h"
#include "sqlite/stored_polls.h"

enum { FROM, TO, ZONE, OPENINGS };

const char *loom_stored_exclusion_problem(const struct loom_stored_exclusion *exclusion) {
  if (!exclusion->zone)
    return exclusion->week ? "has openings, and no zone" : NULL;
  if (exclusion->zone_length < 1 || exclusion->zone_length >= LOOM_ZONE_NAME_MAX)
    return "has a zone that is none";
  const char *wrong =
      exclusion->week ? loom_week_problem(exclusion->week, exclusion->week_size) : NULL;
  if (wrong)
    return wrong;
  if (exclusion->week && (exclusion->week_size == 0 ||
                          exclusion->week_size > LOOM_RULE_OPENINGS_MAX * LOOM_OPENING_SIZE))
    return "has too few openings, or too many";
  return loom_exclusion_rule_problem(exclusion->from, exclusion->to, exclusion->week != NULL);
}

void loom_stored_exclusion_get(sqlite3_stmt *row, int column,
                               struct loom_stored_exclusion *exclusion) {
  exclusion->from = sqlite3_column_int64(row, column + FROM);
  exclusion->to = sqlite3_column_int64(row, column + TO);
  exclusion->zone = loom_column_bytes(row, column + ZONE, &exclusion->zone_length);
  exclusion->week =
      (const unsigned char *)loom_column_bytes(row, column + OPENINGS, &exclusion->week_size);
}

loom_status loom_stored_exclusion_read(loom_database *database, sqlite3_stmt *row, int column,
                                       struct loom_stored_exclusion *exclusion, loom_error *error) {
  loom_stored_exclusion_get(row, column, exclusion);
  loom_status status = loom_stored_instant(database, row, column + FROM,
                                           "the start of an exclusion", &exclusion->from, error);
  if (status == LOOM_OK)
    status = loom_stored_instant(database, row, column + TO, "the end of an exclusion",
                                 &exclusion->to, error);
  if (status != LOOM_OK)
    return status;
  return loom_stored_exclusion_problem(exclusion)
             ? loom_database_corrupt(database, error, "an exclusion cannot be read")
             : LOOM_OK;
}
