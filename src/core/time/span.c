/*
** Lists of spans.
*/
#include "time/span.h"
#include "base/grow.h"

#include <stdlib.h>

bool loom_spans_add(struct loom_spans *list, int64_t start, int64_t end) {
  if (!loom_grow(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
    return false;
  list->items[list->count++] = (struct loom_span){start, end};
  return true;
}

static int compare_starts(const void *a, const void *b) {
  const struct loom_span *left = a, *right = b;
  return (left->start > right->start) - (left->start < right->start);
}

void loom_spans_merge(struct loom_spans *list, bool join_touching) {
  if (list->count < 2)
    return;
  bool sorted = true;
  for (size_t i = 1; i < list->count && sorted; i++)
    sorted = list->items[i - 1].start <= list->items[i].start;
  if (!sorted)
    qsort(list->items, list->count, sizeof *list->items, compare_starts);
  struct loom_span *last = list->items;
  for (size_t i = 1; i < list->count; i++) {
    struct loom_span *span = &list->items[i];
    if (span->start < last->end || (join_touching && span->start == last->end)) {
      if (span->end > last->end)
        last->end = span->end;
    } else {
      *++last = *span;
    }
  }
  list->count = (size_t)(last - list->items) + 1;
}

void loom_spans_free(struct loom_spans *list) {
  free(list->items);
  *list = (struct loom_spans){0};
}
