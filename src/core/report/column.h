/*
** Columns: what each row of a report has of something that rows are sorted and counted by, such as an attribute. A row has the
** rank of its value, which is the value's place among all that there are, in order of their bytes.
**
**   loom_column_init → loom_column_set, … → loom_column_end → ranks, loom_column_value → loom_column_free
**   loom_column_init → loom_column_of_zones or loom_column_of_states → …
*/
#ifndef LOOM_COLUMN_H
#define LOOM_COLUMN_H

#include "base/id_table.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_NO_RANK UINT32_MAX
#define LOOM_COLUMN_VALUES_MAX 1000 /* that are kept as texts: more are to sort by, not to read */

struct loom_column {
  size_t rows;
  uint32_t *
      ranks; /* of each row, LOOM_NO_RANK where it has no value; before the end numbers in `values` */
  uint32_t count; /* of ranks */
  struct loom_id_table values;
  uint32_t
      *order; /* numbers in `values` by rank; NULL where these are not kept, or there are none */
};

/* Makes a column in which no row has a value. False: memory is out; it is to be freed all the same. */
bool loom_column_init(struct loom_column *column, size_t rows);

/* Sets the value of a row, which had none. False: memory is out. */
bool loom_column_set(struct loom_column *column, size_t row, const char *text, size_t length);

/* Gives the values their ranks, once all are set. False: memory is out. */
bool loom_column_end(struct loom_column *column);

/* Values are the names of the zones that the report's stores are measured by. */
bool loom_column_of_zones(struct loom_column *column, const loom_report *report);

/*
** Ranks are those of states, the worst first (down, unknown, excluded, closed, up), and of dormant stores in the same order behind
** them; in a state those of `since`, the longest first, without one last. `status` is a report of states; stores that it does
** not have have none. False: memory is out.
*/
bool loom_column_of_states(struct loom_column *column, const loom_report *report,
                           const loom_report *status);

/* Ranks are those of the bins of strips, which the report has: the first one with down time; stores without any have none. */
void loom_column_of_first_down(struct loom_column *column, const loom_report *report);

/* A value by its rank; NULL where values are not kept. */
const char *loom_column_value(const struct loom_column *column, uint32_t rank, size_t *length);

/* Bytes of memory that it takes. */
size_t loom_column_size(const struct loom_column *column);

void loom_column_free(struct loom_column *column);

#endif
