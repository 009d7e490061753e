/*
** The rows that nearly every file of polls is made of, `ID,active,2023-01-17 00:00:12.345678 UTC`, read without looking for
** commas or for the store.
**
** A poller passes over its stores in the same order each time, and an export has one store's polls one after the other: which
** store comes next is told by what came after the last one before. A row that begins with that store's id and goes on as rows do
** is read in one pass; any other is left to record.h, and taught.
**
**   loom_poll_lines_fit → loom_poll_lines_read, or else record.h and loom_poll_lines_learn, … → loom_poll_lines_free
*/
#ifndef LOOM_POLL_LINE_H
#define LOOM_POLL_LINE_H

#include "read/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is expected of one reader's rows. Zero it to begin. */
struct loom_poll_lines {
  uint32_t *next; /* by number: the store that came after this one, or LOOM_NO_NUMBER */
  size_t capacity;
  bool begun;
  uint32_t last; /* the store of the row before */
};

void loom_poll_lines_free(struct loom_poll_lines *lines);

/* Whether rows of these columns can be read so: the three that there are to be, in order. */
bool loom_poll_lines_fit(const struct loom_columns *columns);

/*
** Reads the row at `at`, with its line feed, and returns what follows it; NULL, with nothing changed: it is not as expected, or
** does not end before `end`. What it reads is what loom_record_read_poll makes of the row.
*/
const char *loom_poll_lines_read(struct loom_poll_lines *lines,
                                 const struct loom_record_reader *reader, char separator,
                                 const char *at, const char *end, struct loom_poll_record *poll);

/*
** Learns from a row that was read otherwise. Its id must have stood there as it is in the table, without quotes: else it
** might have a separator. False: memory is out.
*/
bool loom_poll_lines_learn(struct loom_poll_lines *lines, uint32_t store);

#endif
