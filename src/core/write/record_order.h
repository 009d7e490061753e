/*
** The order in which records are written, and those that are left out because others say the same.
*/
#ifndef LOOM_RECORD_ORDER_H
#define LOOM_RECORD_ORDER_H

#include "read/record.h"
#include "read/staging.h"

#include <stddef.h>
#include <stdint.h>

/* -1, 0 or 1 as the first comes before, with or after the second; those that say the same of the schedule are equal. */
int loom_records_compare(const struct loom_record *l, const struct loom_record *r);

/*
** Sorts the records of so many stores, those of every store last; equal ones stay in the order of the file. Returns where each
** store's end, and at last those of every store, which is the caller's to free; NULL: memory is out.
*/
uint32_t *loom_records_sort(struct loom_record *records, size_t count, uint32_t stores);

/* Sorts the records of one store, or of every store, whose `order` is that of the file. */
void loom_records_sort_store(struct loom_record *records, size_t count);

/*
** How many sorted records, of those that are left, belong to the first one: a layer of a store's hours, or of its spans of a
** date.
*/
size_t loom_records_group(const struct loom_record *first, size_t left, enum loom_kind kind);

/*
** Of sorted records that repeat one another, which may differ in their notes, keeps the last, in place, and counts the others as
** duplicates; returns how many are left.
*/
size_t loom_records_drop_repeats(struct loom_record *records, size_t count,
                                 struct loom_counts *counts);

/*
** Drops hours without times that say nothing, in the same way: beside an opening in the same week, or beside another one, of
** which a closed one prevails over one that reverts. The others make their week exist.
*/
size_t loom_records_drop_closed(struct loom_record *records, size_t count,
                                struct loom_counts *counts);

#endif
