/*
** Parsing of one block of an input file into records and rejects: what each thread of an ingest does.
*/
#ifndef LOOM_INGEST_PARSE_H
#define LOOM_INGEST_PARSE_H

#include "csv.h"
#include "ingest.h"
#include "record.h"

#include <stdbool.h>
#include <stddef.h>

struct loom_reject_entry {
  struct loom_reject_entry *next;
  uint64_t line, number; /* of the row, in the file: data rows count from 1 */
  size_t value_length, row_length;
  bool well_formed;
  const char *column; /* static text */
  char text[];        /* the value, the row, and the reason with its NUL */
};

struct loom_reject_list {
  struct loom_reject_entry *first, **last; /* `last` is where the next entry goes */
};

/* A new entry with copies of the problem's texts, but for the column's name; NULL when memory is out. */
struct loom_reject_entry *loom_reject_entry_new(const struct loom_row_problem *problem,
                                                struct loom_csv_field row);

/* Shows an entry as its reader sees it. */
struct loom_reject loom_reject_of(const struct loom_reject_entry *entry);

void loom_reject_list_append(struct loom_reject_list *list, struct loom_reject_list *more);
void loom_reject_list_free(struct loom_reject_list *list);

/* What came out of a block. Kept between blocks for its memory. */
struct loom_batch {
  struct loom_poll_record *polls; /* `store` is a number in the parser's own id table */
  size_t poll_count, poll_capacity;
  struct loom_record *records;
  size_t record_count, record_capacity;
  struct loom_reject_list rejects;
  uint64_t rejected; /* bad rows, of which the list may have only the first ones */
  uint64_t rows;
  uint64_t first_line, end_line;
  /* Ids that the parser met for the first time, as they stand in its table: length byte, text. */
  char *new_ids;
  size_t new_ids_size, new_ids_capacity;
  loom_error failure; /* its code is LOOM_OK if there was none */
};

struct loom_parser {
  loom_csv *csv;
  struct loom_record_reader reader;
  uint64_t rejects_kept; /* of a block's bad rows, at most so many are kept; the others are counted */
  uint32_t ids_reported; /* ids below this number have been in a batch's new_ids */
};

bool loom_parser_init(struct loom_parser *parser, loom_zones *zones,
                      const struct loom_ingest_options *options);
void loom_parser_free(struct loom_parser *parser);

/* Parses a block into the batch, whose contents are replaced; `records` alone grow. Returns bytes left over. */
size_t loom_parser_run(struct loom_parser *parser, const char *block, size_t size, uint64_t line,
                       bool last, struct loom_batch *batch);

void loom_batch_free(struct loom_batch *batch);

#endif
