/*
** What was removed as JSON: so the audit keeps it.
*/
#ifndef LOOM_REMOVAL_TEXT_H
#define LOOM_REMOVAL_TEXT_H

#include "base/text.h"
#include "write/removal.h"

#include <stdbool.h>

/* Puts an object of the polls that have gone, and of all else of a store, unless that is NULL. False: memory is out. */
bool loom_removed_put(struct loom_text *text, const struct loom_poll_extent *gone,
                      const struct loom_removed *rest);

#endif
