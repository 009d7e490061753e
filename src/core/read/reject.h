/*
** Bad rows of an input: what was refused, where it stands, and why.
**
**   {0} → loom_reject_list_add, … → loom_reject_list_take, … → loom_reject_list_free
*/
#ifndef LOOM_REJECT_H
#define LOOM_REJECT_H

#include "read/csv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a row was refused. */
struct loom_row_problem {
  bool well_formed;   /* it is written as it should be, but what it says cannot be taken */
  const char *column; /* static text; NULL: the row as a whole */
  struct loom_csv_field value;
  char reason[160]; /* completes `"VALUE" …`, or `the row …` */
};

/* A bad row as its reader sees it. */
struct loom_reject {
  uint64_t line, number; /* in the input; data rows are numbered from 1 */
  bool well_formed;
  const char *column; /* "" where the row as a whole is bad */
  const char *value, *reason, *row;
  size_t value_length, row_length;
};

struct loom_reject_entry {
  struct loom_reject_entry *next;
  uint64_t line, number;
  size_t value_length, row_length;
  bool well_formed;
  const char *column;
  char text[]; /* the value, the row, and the reason with its NUL */
};

/* A new entry with copies of the texts; NULL when memory is out. */
struct loom_reject_entry *loom_reject_entry_new(const struct loom_row_problem *problem,
                                                struct loom_csv_field row);

struct loom_reject loom_reject_of(const struct loom_reject_entry *entry);

/* Entries in order; one that is zeroed is empty. */
struct loom_reject_list {
  struct loom_reject_entry *first, **last; /* `last` is where the next entry goes */
  size_t count;
};

/* Takes an entry over. */
void loom_reject_list_add(struct loom_reject_list *list, struct loom_reject_entry *entry);

/* Gives the oldest entry to the caller, who frees it; NULL if there is none. */
struct loom_reject_entry *loom_reject_list_take(struct loom_reject_list *list);
void loom_reject_list_free(struct loom_reject_list *list);

#endif
