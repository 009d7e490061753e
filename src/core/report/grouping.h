/*
** Groups of a report's rows by the values of a column, so that figures of each take a look at its own rows alone.
**
**   loom_grouping_init → sizes, loom_grouping_values; `groups` for loom_report_group_sums → loom_grouping_free
*/
#ifndef LOOM_GROUPING_H
#define LOOM_GROUPING_H

#include "report/column.h"
#include "report/report.h"
#include "report/report_order.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_grouping {
  size_t count;     /* one to each rank, and one more, the last, of rows that have none */
  uint32_t *groups; /* of each row; LOOM_NO_GROUP: it was not to choose from */
  size_t row_count; /* of the report */
  size_t *rows;     /* those of a group after those of the one before, in order of id */
  size_t *ends;     /* where those of each group end */
};

/*
** Groups the rows of a column's report; `only` is as in report_order.h. False: memory is out; it is to be freed all the same.
*/
bool loom_grouping_init(struct loom_grouping *grouping, const struct loom_column *column,
                        const unsigned char *only);
void loom_grouping_free(struct loom_grouping *grouping);

/* How many rows a group has. */
size_t loom_grouping_size(const struct loom_grouping *grouping, size_t group);

/* Fills `values`, which has room for a group's rows, with a figure where it is defined; returns how many these are. */
size_t loom_grouping_values(const struct loom_grouping *grouping, size_t group,
                            const loom_report *report, size_t window, enum loom_figure figure,
                            double *values);

#endif
