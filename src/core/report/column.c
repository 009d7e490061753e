/*
** Columns of a report's rows.
*/
#include "report/column.h"
#include "base/id_order.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

bool loom_column_init(struct loom_column *column, size_t rows) {
  *column = (struct loom_column){.rows = rows, .ranks = malloc((rows + 1) * sizeof(uint32_t))};
  loom_id_table_init(&column->values);
  if (!column->ranks)
    return false;
  memset(column->ranks, 0xff, rows * sizeof *column->ranks); /* LOOM_NO_RANK */
  return true;
}

bool loom_column_set(struct loom_column *column, size_t row, const char *text, size_t length) {
  column->ranks[row] = loom_id_table_put(&column->values, text, length);
  column->count = column->values.count;
  return column->ranks[row] != LOOM_NO_NUMBER;
}

static void forget_values(struct loom_column *column) {
  loom_id_table_free(&column->values);
  free(column->order);
  column->order = NULL;
}

bool loom_column_end(struct loom_column *column) {
  uint32_t *ranks = malloc((column->count + 1) * sizeof *ranks); /* by number */
  column->order = malloc((column->count + 1) * sizeof *column->order);
  bool good = ranks && column->order && loom_id_order(&column->values, column->order);
  for (uint32_t rank = 0; good && rank < column->count; rank++)
    ranks[column->order[rank]] = rank;
  for (size_t row = 0; good && row < column->rows; row++)
    if (column->ranks[row] != LOOM_NO_RANK)
      column->ranks[row] = ranks[column->ranks[row]];
  free(ranks);
  if (!good || column->count > LOOM_COLUMN_VALUES_MAX)
    forget_values(column);
  return good;
}

bool loom_column_of_zones(struct loom_column *column, const loom_report *report) {
  bool good = true;
  for (size_t row = 0; good && row < column->rows; row++) {
    const char *name = loom_zone_name(loom_report_zone(report, row));
    good = loom_column_set(column, row, name, strlen(name));
  }
  return good && loom_column_end(column);
}

/* What a store is, as a number: states by their places, and in each since when; it has 60 bits, of which instants need 59. */
#define SINCE_BITS 60
struct standing_key {
  uint64_t key;
  size_t row;
};

static uint64_t standing_key(const struct loom_store_state *state) {
  static const uint64_t places[LOOM_STATES] = {
      [LOOM_DOWN] = 0, [LOOM_UNKNOWN] = 1, [LOOM_EXCLUDED] = 2, [LOOM_SHUT] = 3, [LOOM_UP] = 4};
  uint64_t place = places[state->standing.state] + (state->is_dormant ? LOOM_STATES : 0);
  uint64_t since = state->standing.has_since ? (uint64_t)(state->standing.since - LOOM_INSTANT_MIN)
                                             : (UINT64_C(1) << SINCE_BITS) - 1;
  return place << SINCE_BITS | since;
}

static int compare_keys(const void *a, const void *b) {
  uint64_t l = ((const struct standing_key *)a)->key, r = ((const struct standing_key *)b)->key;
  return (l > r) - (l < r);
}

bool loom_column_of_states(struct loom_column *column, const loom_report *report,
                           const loom_report *status) {
  size_t at = 0, count = 0;
  struct standing_key *keys = malloc((column->rows + 1) * sizeof *keys);
  if (!keys)
    return false;
  for (size_t row = 0; row < column->rows; row++) {
    size_t length;
    const char *id = loom_report_store(report, row, &length);
    if (loom_report_walk_to(status, &at, id, length))
      keys[count++] = (struct standing_key){standing_key(loom_report_state(status, at)), row};
  }
  qsort(keys, count, sizeof *keys, compare_keys);
  uint32_t rank = 0;
  for (size_t i = 0; i < count; i++) {
    rank += i && keys[i].key != keys[i - 1].key;
    column->ranks[keys[i].row] = rank;
  }
  column->count = count ? rank + 1 : 0;
  free(keys);
  return true;
}

void loom_column_of_first_down(struct loom_column *column, const loom_report *report) {
  column->count = (uint32_t)loom_report_strip_bins(report);
  for (size_t row = 0; row < column->rows; row++) {
    const char *strip = loom_report_strip(report, row);
    uint32_t bin = 0;
    while (bin < column->count && strip[bin] != 'd' && strip[bin] != 'p')
      bin++;
    column->ranks[row] = bin < column->count ? bin : LOOM_NO_RANK;
  }
}

const char *loom_column_value(const struct loom_column *column, uint32_t rank, size_t *length) {
  return column->order ? loom_id_table_get(&column->values, column->order[rank], length) : NULL;
}

size_t loom_column_size(const struct loom_column *column) {
  size_t of_values = column->order ? column->count * sizeof *column->order : 0;
  return column->rows * sizeof *column->ranks + of_values + loom_id_table_size(&column->values);
}

void loom_column_free(struct loom_column *column) {
  forget_values(column);
  free(column->ranks);
  column->ranks = NULL;
}
