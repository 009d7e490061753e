/*
** The rows of a report. Figures, strips and states stay where they were put; rows are sorted, and know where theirs are.
*/
#include "report/report_rows.h"
#include "base/grow.h"
#include "base/id_order.h"

#include <stdlib.h>
#include <string.h>

bool loom_report_rows_reserve(struct loom_report_rows *rows, unsigned reader, size_t count) {
  struct loom_row_list *list = &rows->lists[reader];
  if (!loom_grow(&list->items, &list->capacity, list->count + count, sizeof *list->items))
    return false;
  if (rows->capacity - rows->count < count) {
    size_t capacity = (rows->capacity + count) * 2, windows = rows->windows;
    struct loom_figures *figures =
        realloc(rows->figures, (capacity * windows + 1) * sizeof *figures);
    if (!figures)
      return false;
    rows->figures = figures;
    if (rows->bins) {
      char *strips = realloc(rows->strips, capacity * rows->bins);
      if (!strips)
        return false;
      rows->strips = strips;
    }
    if (rows->has_states) {
      struct loom_store_state *states = realloc(rows->states, capacity * sizeof *states);
      if (!states)
        return false;
      rows->states = states;
    }
    rows->capacity = capacity;
  }
  if (rows->ids_capacity - rows->ids_size < count * LOOM_ID_MAX) {
    size_t capacity = (rows->ids_capacity + count * LOOM_ID_MAX) * 2;
    char *ids = realloc(rows->ids, capacity);
    if (!ids)
      return false;
    rows->ids = ids;
    rows->ids_capacity = capacity;
  }
  return true;
}

size_t loom_report_rows_add(struct loom_report_rows *rows, unsigned reader, const char *id,
                            size_t length, const loom_zone *zone) {
  struct loom_row_list *list = &rows->lists[reader];
  size_t at = rows->count++;
  list->items[list->count++] = (struct loom_report_row){
      .id_offset = rows->ids_size, .id_length = length, .zone = zone, .index = at};
  memcpy(rows->ids + rows->ids_size, id, length);
  rows->ids_size += length;
  return at;
}

static int compare_rows(const void *a, const void *b) {
  const struct loom_report_row *left = a, *right = b;
  return loom_id_compare(left->id, left->id_length, right->id, right->id_length);
}

/* Moves more than so many times the rows, and to sort them anew takes less time. */
#define MOVES_TO_A_ROW 4

/* Merges rows[at … middle), which are sorted, with rows[middle … end), which are, too. False: memory is out. */
static bool merge_rows(struct loom_report_row *rows, size_t at, size_t middle, size_t end) {
  size_t count = middle - at, next = 0;
  struct loom_report_row *left = malloc(count * sizeof *left);
  if (!left)
    return false;
  memcpy(left, rows + at, count * sizeof *left);
  while (next < count)
    rows[at++] = middle < end && compare_rows(&rows[middle], &left[next]) < 0 ? rows[middle++]
                                                                              : left[next++];
  free(left);
  return true;
}

/*
** Sorts the rows. Those of a reader come in the order of the source, which is often that of the ids: each run that is sorted is
** merged with those before it that should come after it.
*/
static void sort_rows(struct loom_report_row *rows, size_t count) {
  size_t moves = 0, end;
  for (size_t middle = 1; middle < count; middle = end) {
    for (end = middle + 1; end < count && compare_rows(&rows[end - 1], &rows[end]) <= 0;)
      end++;
    size_t low = 0, high = middle; /* where the first of the batch belongs */
    if (compare_rows(&rows[middle - 1], &rows[middle]) <= 0)
      low = middle;
    while (low < high) {
      size_t half = low + (high - low) / 2;
      if (compare_rows(&rows[half], &rows[middle]) <= 0)
        low = half + 1;
      else
        high = half;
    }
    moves += end - low;
    if (moves > count * MOVES_TO_A_ROW || (low < middle && !merge_rows(rows, low, middle, end))) {
      qsort(rows, count, sizeof *rows, compare_rows);
      return;
    }
  }
}

bool loom_report_rows_sort(struct loom_report_rows *rows) {
  size_t at = 0;
  rows->items = malloc((rows->count + 1) * sizeof *rows->items);
  if (!rows->items)
    return false;
  for (size_t i = 0; i < LOOM_READERS_MAX; i++) {
    struct loom_row_list *list = &rows->lists[i];
    for (size_t row = 0; row < list->count; row++, at++) {
      rows->items[at] = list->items[row];
      rows->items[at].id = rows->ids + rows->items[at].id_offset;
    }
    free(list->items);
    *list = (struct loom_row_list){0};
  }
  sort_rows(rows->items, rows->count);
  return true;
}

bool loom_report_rows_find(const struct loom_report_rows *rows, const char *id, size_t length,
                           size_t *row) {
  const struct loom_report_row wanted = {.id = id, .id_length = length};
  const struct loom_report_row *found =
      rows->count ? bsearch(&wanted, rows->items, rows->count, sizeof wanted, compare_rows) : NULL;
  if (found)
    *row = (size_t)(found - rows->items);
  return found != NULL;
}

bool loom_report_rows_walk_to(const struct loom_report_rows *rows, size_t *at, const char *id,
                              size_t length) {
  const struct loom_report_row wanted = {.id = id, .id_length = length};
  int order = -1;
  while (*at < rows->count && (order = compare_rows(&rows->items[*at], &wanted)) < 0)
    ++*at;
  return order == 0;
}

void loom_report_rows_free(struct loom_report_rows *rows) {
  for (size_t i = 0; i < LOOM_READERS_MAX; i++)
    free(rows->lists[i].items);
  free(rows->items);
  free(rows->ids);
  free(rows->figures);
  free(rows->strips);
  free(rows->states);
}
