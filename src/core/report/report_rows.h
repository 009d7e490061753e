/*
** The rows of a report: put by its readers, a batch at a time, and sorted when all are there.
**
**   {.windows, .bins, .has_states} → loom_report_rows_reserve → loom_report_rows_add, and what the row at its index has, …
**   → loom_report_rows_sort → loom_report_rows_find, loom_report_rows_walk_to, … → loom_report_rows_free
*/
#ifndef LOOM_REPORT_ROWS_H
#define LOOM_REPORT_ROWS_H

#include "measure/source.h"
#include "measure/uptime.h"
#include "report/standing.h"

#include <stdbool.h>
#include <stddef.h>

struct loom_report_row {
  const char *id;   /* set when the report is complete: `ids` moves as it grows */
  size_t id_offset; /* in `ids` */
  size_t id_length;
  const loom_zone *zone;
  size_t index; /* of the row's figures and strip, in the order in which stores were done */
};

struct loom_report_rows {
  size_t windows, bins; /* of each row; no bins: no strips */
  bool has_states;
  /* of each reader, in the order of its stores; all of them in order of id once they are sorted */
  struct loom_row_list {
    struct loom_report_row *items;
    size_t count, capacity;
  } lists[LOOM_READERS_MAX];
  struct loom_report_row *items;
  size_t count, capacity; /* rows that there are, and room for: of figures, strips and states */
  char *ids;
  size_t ids_size, ids_capacity;
  struct loom_figures *figures; /* at a row's index times `windows` */
  char *strips;                 /* times `bins` */
  struct loom_store_state *states;
};

/* Makes room for so many rows more of a reader. False: memory is out. */
bool loom_report_rows_reserve(struct loom_report_rows *rows, unsigned reader, size_t count);

/* Adds a row, of which there is room; returns its index, for its figures, its strip and its state. */
size_t loom_report_rows_add(struct loom_report_rows *rows, unsigned reader, const char *id,
                            size_t length, const loom_zone *zone);

/* Makes one list of the readers', in order of id, once. False: memory is out. */
bool loom_report_rows_sort(struct loom_report_rows *rows);

/* See loom_report_find and loom_report_walk_to. */
bool loom_report_rows_find(const struct loom_report_rows *rows, const char *id, size_t length,
                           size_t *row);
bool loom_report_rows_walk_to(const struct loom_report_rows *rows, size_t *at, const char *id,
                              size_t length);

void loom_report_rows_free(struct loom_report_rows *rows);

#endif
