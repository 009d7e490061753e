/*
** Groups of rows.
*/
#include "report/grouping.h"

#include <stdlib.h>

static size_t begin_of(const struct loom_grouping *grouping, size_t group) {
  return group ? grouping->ends[group - 1] : 0;
}

/* By counting: first how many each group has, then where each of its rows goes. */
static void sort_rows(struct loom_grouping *grouping) {
  size_t *ends = grouping->ends, begin = 0;
  for (size_t row = 0; row < grouping->row_count; row++)
    if (grouping->groups[row] != LOOM_NO_GROUP)
      ends[grouping->groups[row]]++;
  for (size_t group = 0; group < grouping->count; group++) {
    size_t size = ends[group];
    ends[group] = begin;
    begin += size;
  }
  for (size_t row = 0; row < grouping->row_count; row++)
    if (grouping->groups[row] != LOOM_NO_GROUP)
      grouping->rows[ends[grouping->groups[row]]++] = row;
}

bool loom_grouping_init(struct loom_grouping *grouping, const struct loom_column *column,
                        const unsigned char *only) {
  size_t rows = column->rows;
  *grouping = (struct loom_grouping){.count = (size_t)column->count + 1, .row_count = rows};
  grouping->groups = malloc((rows + 1) * sizeof *grouping->groups);
  grouping->rows = malloc((rows + 1) * sizeof *grouping->rows);
  grouping->ends = calloc(grouping->count, sizeof *grouping->ends);
  if (!grouping->groups || !grouping->rows || !grouping->ends)
    return false;
  for (size_t row = 0; row < rows; row++) {
    uint32_t group = column->ranks[row] == LOOM_NO_RANK ? column->count : column->ranks[row];
    grouping->groups[row] = !only || only[row] ? group : LOOM_NO_GROUP;
  }
  sort_rows(grouping);
  return true;
}

void loom_grouping_free(struct loom_grouping *grouping) {
  free(grouping->groups);
  free(grouping->rows);
  free(grouping->ends);
  *grouping = (struct loom_grouping){0};
}

size_t loom_grouping_size(const struct loom_grouping *grouping, size_t group) {
  return grouping->ends[group] - begin_of(grouping, group);
}

size_t loom_grouping_values(const struct loom_grouping *grouping, size_t group,
                            const loom_report *report, size_t window, enum loom_figure figure,
                            double *values) {
  size_t count = 0;
  for (size_t i = begin_of(grouping, group); i < grouping->ends[group]; i++) {
    const struct loom_figures *figures = loom_report_figures(report, grouping->rows[i]) + window;
    count += loom_figure_value(figures, figure, &values[count]);
  }
  return count;
}
