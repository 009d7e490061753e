/*
** The rows that nearly every file of hours is made of, `ID,0,09:00:00,17:30:00`, read without looking for commas or for the store.
**
** Rows of a store come together, and stores often in the order in which their ids were met, here or in the file before: a row that
** begins with the id of the row before, or with one of the two that were numbered after it, and goes on as rows do, is read in one
** pass. Any other is left to record.h.
*/
#ifndef LOOM_HOURS_LINE_H
#define LOOM_HOURS_LINE_H

#include "read/record.h"

#include <stdbool.h>
#include <stdint.h>

/* What is known of one reader's stores. Zero it to begin. */
struct loom_hours_lines {
  bool known; /* the rest is */
  uint32_t store;
  bool plain; /* its id stands in a row without quotes as it is in the table */
};

/* Whether rows of these columns can be read so: the first four that there may be, in order, and no others. */
bool loom_hours_lines_fit(const struct loom_columns *columns);

/*
** Reads the row at `at`, of fields between commas, with its line feed, and returns what follows it; NULL, with the reader and the
** record unchanged: it is not as expected, or does not end before `end`. What it reads is what loom_record_read makes of the row.
*/
const char *loom_hours_lines_read(struct loom_hours_lines *lines, struct loom_record_reader *reader,
                                  const char *at, const char *end, struct loom_record *record);

#endif
