/*
** Parsing of one block of an input file into records and rejects: what each thread of an ingest does.
**
**   loom_parser_init → for each block: loom_parser_run, and the batch is used → loom_batch_free, loom_parser_free
*/
#ifndef LOOM_INGEST_PARSE_H
#define LOOM_INGEST_PARSE_H

#include "read/csv.h"
#include "read/hours_line.h"
#include "read/poll_line.h"
#include "read/record.h"
#include "read/staging.h"

#include <stdbool.h>
#include <stddef.h>

/* What came out of a block. Kept between blocks for its memory. */
struct loom_batch {
  struct loom_poll_record *polls; /* `store` is a number in the parser's id table */
  size_t poll_count, poll_capacity;
  struct loom_record *records;
  size_t record_count, record_capacity;
  struct loom_reject_list rejects;
  uint64_t rejected; /* bad rows, of which the list may have only the first ones */
  uint64_t rows;
  uint64_t first_line, end_line;
  /* Of a parser with a table of its own, ids that it met for the first time, as they stand there: length byte, text. */
  char *new_ids;
  size_t new_ids_size, new_ids_capacity;
  loom_error failure; /* its code is LOOM_OK if there was none */
};

struct loom_parser {
  loom_csv *csv;
  struct loom_record_reader reader;
  struct loom_poll_lines lines;
  struct loom_hours_lines hours_lines;
  /* of a block's bad rows, at most so many are kept; the others are counted */
  uint64_t rejects_kept;
  bool keeps_rows; /* bad rows have their text with them */
  struct loom_id_table own_ids;
  uint32_t ids_reported; /* ids below this number have been in a batch's new_ids */
};

/* As in loom_ingest_options. */
struct loom_parser_options {
  uint64_t max_rejects;
  int64_t latest;
  bool rejects_without_rows, always_libcsv;
  bool beside_others; /* it numbers stores in a table of its own, and reads nothing but polls */
};

/* Of the staging only the kind and the tables are used. False: memory is out. */
bool loom_parser_init(struct loom_parser *parser, loom_zones *zones,
                      const struct loom_parser_options *options, loom_staging *staging);
void loom_parser_free(struct loom_parser *parser);

/* Parses a block into the batch, whose contents are replaced. Returns bytes left over. */
size_t loom_parser_run(struct loom_parser *parser, const char *block, size_t size, uint64_t line,
                       bool last, struct loom_batch *batch);

void loom_batch_free(struct loom_batch *batch);

#endif
