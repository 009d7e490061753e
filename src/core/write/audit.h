/*
** The audit: who changed what by hand, when, from what to what, and why. An entry is written in the transaction of its change,
** so that neither is there without the other. Entries stay when their store goes; they are of ids, not of rows.
**
**   within a write transaction: loom_audit_add, … → loom_audit_trim → commit
*/
#ifndef LOOM_AUDIT_H
#define LOOM_AUDIT_H

#include "sqlite/database.h"
#include "write/author.h"

#include <stddef.h>

/*
** The last entries are kept: 100,000 are seven changes of each of 14,000 stores, or a hundred a day for close to three years; and
** 64 MiB of texts, so that attributes and notes of many KB cannot make the file of a small fleet a large one.
*/
#define LOOM_AUDIT_KEPT 100000
#define LOOM_AUDIT_SIZE (64 << 20)

/*
** Files that are loaded are told beside what is changed by hand, and must not crowd it out: they count for neither of the above,
** and have a number of their own, a file each minute for a week.
*/
#define LOOM_AUDIT_LOADED "ingest" /* their kind */
#define LOOM_AUDIT_LOADED_KEPT 10000

/* Of all entries up to one, those of loaded files aside. */
struct loom_audit_total {
  int64_t changes, written; /* bytes of texts */
};

struct loom_audit_entry {
  const struct loom_author *author;
  const char *kind;  /* one of those in the schema */
  const char *store; /* NULL: every store */
  size_t store_length;
  const char *before, *after; /* JSON objects; NULL: there was, or is, nothing */
  size_t before_length, after_length;
  /* up to this entry, of who adds many: `changes` begins at -1; NULL: it is read for this one */
  struct loom_audit_total *total;
};

loom_status loom_audit_add(loom_database *database, const struct loom_audit_entry *entry,
                           loom_error *error);

/* Lets go of the entries that are too many, the oldest first. The last one stays. */
loom_status loom_audit_trim(loom_database *database, loom_error *error);

#endif
