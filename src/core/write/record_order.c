/*
** The order of records, and which of them say nothing.
*/
#include "write/record_order.h"

#include <stdlib.h>
#include <string.h>

int loom_records_compare(const struct loom_record *l, const struct loom_record *r) {
#define COMPARE(field)                                                                             \
  if (l->field != r->field)                                                                        \
    return l->field < r->field ? -1 : 1;
  COMPARE(store)
  /* rows of a file come first: overrides that they take away may be among those that follow */
  COMPARE(override)
  COMPARE(date)
  COMPARE(weekday)
  COMPARE(open)
  COMPARE(close)
#undef COMPARE
  return 0;
}

/* Equal ones stay in the order of the file. */
static int compare_order(const void *a, const void *b) {
  const struct loom_record *l = a, *r = b;
  int order = loom_records_compare(l, r);
  return order ? order : (l->order > r->order) - (l->order < r->order);
}

/*
** Brings together what is of one store, by counting, those for every store last: `order` is where a record goes, and they change
** places until each is there. ends[0 … stores] are filled with where each store's end.
*/
static void gather_stores(struct loom_record *records, size_t count, uint32_t stores,
                          uint32_t *ends) {
  uint32_t next = 0;
  for (size_t i = 0; i < count; i++)
    ends[records[i].store == LOOM_ALL_STORES ? stores : records[i].store]++;
  for (uint32_t i = 0; i <= stores; i++) {
    uint32_t here = ends[i];
    ends[i] = next;
    next += here;
  }
  for (size_t i = 0; i < count; i++)
    records[i].order = ends[records[i].store == LOOM_ALL_STORES ? stores : records[i].store]++;
  for (size_t i = 0; i < count; i++) {
    while (records[i].order != i) {
      struct loom_record *there = &records[records[i].order], moved = *there;
      *there = records[i];
      records[i] = moved;
    }
  }
}

void loom_records_sort_store(struct loom_record *records, size_t count) {
  bool sorted = true;
  for (size_t i = 1; i < count && sorted; i++)
    sorted = loom_records_compare(&records[i - 1], &records[i]) <= 0;
  if (!sorted)
    qsort(records, count, sizeof *records, compare_order);
}

uint32_t *loom_records_sort(struct loom_record *records, size_t count, uint32_t stores) {
  uint32_t *ends = calloc((size_t)stores + 1, sizeof *ends);
  if (!ends)
    return NULL;
  gather_stores(records, count, stores, ends);
  for (size_t begin = 0, end; begin < count; begin = end) {
    for (end = begin + 1; end < count && records[end].store == records[begin].store;)
      end++;
    loom_records_sort_store(&records[begin], end - begin);
  }
  return ends;
}

size_t loom_records_group(const struct loom_record *first, size_t left, enum loom_kind kind) {
  size_t size = 1;
  if (kind == LOOM_HOURS)
    while (size < left && first[size].store == first->store &&
           first[size].override == first->override)
      size++;
  else if (kind == LOOM_SPECIAL_DAYS)
    while (size < left && first[size].store == first->store &&
           first[size].override == first->override && first[size].date == first->date)
      size++;
  return size;
}

size_t loom_records_drop_repeats(struct loom_record *records, size_t count,
                                 struct loom_counts *counts) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    bool repeats = kept > 0 && loom_records_compare(&records[kept - 1], &records[i]) == 0;
    counts->duplicates += repeats;
    kept -= repeats;
    records[kept++] = records[i];
  }
  return kept;
}

size_t loom_records_drop_closed(struct loom_record *records, size_t count,
                                struct loom_counts *counts) {
  size_t kept = 0, end;
  for (size_t begin = 0; begin < count; begin = end) {
    const struct loom_record *first = &records[begin], *says = first;
    for (end = begin; end < count && records[end].date == first->date; end++)
      says = records[end].open > says->open ? &records[end] : says;
    bool opens = says->open >= 0;
    for (size_t i = begin; i < end; i++) {
      if (records[i].open < 0 && (opens || &records[i] != says)) {
        counts->duplicates++;
        continue;
      }
      struct loom_record record = records[i];
      if (record.open < 0)
        record.weekday = 0; /* which one does not matter */
      records[kept++] = record;
    }
  }
  return kept;
}
