/*
** Half-open stretches of time, [start, end), in microseconds since the epoch, and growable lists of them.
** A list keeps its memory between uses, so that work on store after store allocates nothing.
**
**   {0} → loom_spans_add, … → loom_spans_merge → items → count = 0 and again, or loom_spans_free
*/
#ifndef LOOM_SPAN_H
#define LOOM_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_span {
  int64_t start, end;
};

/* The smallest span that holds both. */
static inline struct loom_span loom_span_around(struct loom_span a, struct loom_span b) {
  return (struct loom_span){a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

struct loom_spans {
  struct loom_span *items;
  size_t count, capacity;
};

/* Appends a span; false when memory is out. */
bool loom_spans_add(struct loom_spans *list, int64_t start, int64_t end);

/*
** Sorts by start and merges spans that overlap. Spans that only touch stay apart, unless `join_touching`.
*/
void loom_spans_merge(struct loom_spans *list, bool join_touching);

void loom_spans_free(struct loom_spans *list);

#endif
