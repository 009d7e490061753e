/*
** Rows made up for tests of what reads them.
*/
#ifndef LOOM_SPEC_ROWS_H
#define LOOM_SPEC_ROWS_H

#include "read/csv.h"

#include <string.h>

/* Splits at commas; the text must stay. */
static inline void make_row(struct loom_csv_row *row, const char *text) {
  row->count = 0;
  row->raw = text;
  row->raw_length = strlen(text);
  for (const char *at = text;; at++) {
    size_t length = strcspn(at, ",");
    if (row->count < LOOM_CSV_FIELDS_MAX)
      row->fields[row->count] = (struct loom_csv_field){at, length};
    row->count++;
    at += length;
    if (!*at)
      return;
  }
}

#endif
