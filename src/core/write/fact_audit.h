/*
** What a change of facts tells the audit: an entry to each store and kind, from what was there before the first of its facts was
** set or removed to what there is after the last. What ends as it began is no change.
**
**   {0} → loom_fact_audit_begin → for each fact: loom_fact_audit_note → loom_fact_audit_end, before the commit
**   → and again, or loom_fact_audit_free
*/
#ifndef LOOM_FACT_AUDIT_H
#define LOOM_FACT_AUDIT_H

#include "base/id_table.h"
#include "base/text.h"
#include "sqlite/database.h"
#include "write/audit.h"
#include "write/facts.h"

#include <stdbool.h>

struct loom_fact_audit {
  struct loom_author author; /* whose texts are in `signature` */
  char *signature;
  /* the facts of a store and a kind, whose entry has yet to be written */
  enum loom_fact_kind kind;
  char store[LOOM_ID_MAX];
  size_t store_length; /* 0: every store */
  struct loom_audited *items;
  size_t count, capacity;
  struct loom_text pieces; /* of the items */
  struct loom_text entry;
  bool has_written;
  struct loom_audit_total total; /* of all entries there are: see loom_audit_entry */
};

/* From here on changes are this author's; what was noted before, and not ended, is forgotten. */
loom_status loom_fact_audit_begin(struct loom_fact_audit *audit, const struct loom_author *author,
                                  loom_error *error);

/* Notes a fact, with the key of whichever of the two is there: what it was, and what it is. NULL: there was, or is, none. */
loom_status loom_fact_audit_note(struct loom_fact_audit *audit, loom_database *database,
                                 const struct loom_fact *before, const struct loom_fact *after,
                                 loom_error *error);

/* Writes what is left, and lets go of entries that are too many. */
loom_status loom_fact_audit_end(struct loom_fact_audit *audit, loom_database *database,
                                loom_error *error);

void loom_fact_audit_free(struct loom_fact_audit *audit);

#endif
