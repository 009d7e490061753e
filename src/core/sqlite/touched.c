/*
** What was touched.
*/
#include "sqlite/touched.h"
#include "base/grow.h"
#include "sqlite/connection.h"

#include <stdlib.h>

void loom_roster_intend(loom_database *database) {
  database->touched.any = database->remote;
}

bool loom_roster_is_intended(const loom_database *database) {
  return database->touched.any;
}

void loom_roster_touch(loom_database *database, enum loom_roster_kind kind, int64_t store) {
  struct loom_touched *touched = &database->touched;
  if (!database->remote)
    return;
  touched->any = true;
  if (touched->count > 0 && touched->entries[touched->count - 1].kind == kind &&
      touched->entries[touched->count - 1].store == store)
    return;
  if (!loom_grow(&touched->entries, &touched->capacity, touched->count + 1,
                 sizeof *touched->entries))
    touched->failed = true;
  else
    touched->entries[touched->count++] = (struct loom_roster_entry){kind, store};
}

static int compare(const void *a, const void *b) {
  const struct loom_roster_entry *x = a, *y = b;
  if (x->store != y->store)
    return x->store < y->store ? -1 : 1;
  return x->kind < y->kind ? -1 : x->kind > y->kind;
}

loom_status loom_roster_touched(loom_database *database, const struct loom_roster_entry **entries,
                                size_t *count, loom_error *error) {
  struct loom_touched *touched = &database->touched;
  size_t kept = 0;
  if (touched->failed)
    return loom_no_memory(error);
  if (touched->count > 1)
    qsort(touched->entries, touched->count, sizeof *touched->entries, compare);
  for (size_t i = 0; i < touched->count; i++)
    if (kept == 0 || compare(&touched->entries[i], &touched->entries[kept - 1]) != 0)
      touched->entries[kept++] = touched->entries[i];
  touched->count = kept;
  *entries = touched->entries;
  *count = kept;
  return LOOM_OK;
}

void loom_roster_forget(loom_database *database) {
  free(database->touched.entries);
  database->touched = (struct loom_touched){0};
}
