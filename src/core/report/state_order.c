/*
** Orders and counts of states.
*/
#include "report/state_order.h"

#include <stdlib.h>
#include <string.h>

struct entry {
  size_t row;
  bool has_value;
  int64_t value;
};

static struct entry entry_of(const loom_report *report, size_t row, enum loom_state_key key) {
  const struct loom_store_state *state = loom_report_state(report, row);
  if (key == LOOM_BY_SINCE)
    return (struct entry){row, state->standing.has_since, state->standing.since};
  return (struct entry){row, state->has_last_poll, state->last_poll};
}

static int compare(const void *a, const void *b) {
  const struct entry *l = a, *r = b;
  if (l->has_value != r->has_value)
    return l->has_value ? -1 : 1;
  if (l->has_value && l->value != r->value)
    return l->value < r->value ? -1 : 1;
  return (l->row > r->row) - (l->row < r->row);
}

static int compare_descending(const void *a, const void *b) {
  const struct entry *l = a, *r = b;
  if (l->has_value && r->has_value && l->value != r->value)
    return l->value > r->value ? -1 : 1;
  return compare(a, b);
}

static bool has_lasted(const struct loom_state_filter *filter, const struct loom_store_state *state,
                       int64_t as_of) {
  int64_t age = state->standing.has_since ? as_of - state->standing.since : INT64_MAX - 1;
  return age >= filter->lasted_from && age < filter->lasted_to;
}

bool loom_state_is_wanted(const struct loom_state_filter *filter,
                          const struct loom_store_state *state, int64_t as_of) {
  return filter->states[state->standing.state] &&
         (state->is_dormant ? filter->dormant : filter->others) &&
         (!filter->has_lasted || has_lasted(filter, state, as_of));
}

/* Sorts the rows, which are in order of their ids. */
static bool sort_rows(const loom_report *report, enum loom_state_key key, bool descending,
                      size_t *rows, size_t count) {
  struct entry *entries = malloc((count + 1) * sizeof *entries);
  if (!entries)
    return false;
  for (size_t i = 0; i < count; i++)
    entries[i] = entry_of(report, rows[i], key);
  qsort(entries, count, sizeof *entries, descending ? compare_descending : compare);
  for (size_t i = 0; i < count; i++)
    rows[i] = entries[i].row;
  free(entries);
  return true;
}

bool loom_state_order(const loom_report *report, const struct loom_state_filter *filter,
                      enum loom_state_key key, bool descending, size_t *rows, size_t *count) {
  size_t all = loom_report_count(report), found = 0;
  for (size_t i = 0; i < all; i++) {
    size_t row = key == LOOM_BY_STORE_ID && descending ? all - 1 - i : i;
    if ((!filter->only || filter->only[row]) &&
        loom_state_is_wanted(filter, loom_report_state(report, row), loom_report_as_of(report)))
      rows[found++] = row;
  }
  *count = found;
  return key == LOOM_BY_STORE_ID || sort_rows(report, key, descending, rows, found);
}

static void count_row(const loom_report *report, size_t row, struct loom_state_counts *counts) {
  const struct loom_store_state *state = loom_report_state(report, row);
  size_t *of = state->is_dormant ? counts->dormant : counts->others;
  of[state->standing.state]++;
}

void loom_state_count(const loom_report *report, const unsigned char *only,
                      struct loom_state_counts *counts) {
  *counts = (struct loom_state_counts){0};
  for (size_t row = 0; row < loom_report_count(report); row++)
    if (!only || only[row])
      count_row(report, row, counts);
}

void loom_state_count_by(const loom_report *report, const struct loom_column *column,
                         const unsigned char *only, struct loom_state_counts *counts) {
  memset(counts, 0, column->count * sizeof *counts);
  for (size_t row = 0; row < loom_report_count(report); row++)
    if ((!only || only[row]) && column->ranks[row] != LOOM_NO_RANK)
      count_row(report, row, &counts[column->ranks[row]]);
}
