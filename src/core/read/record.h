/*
** The typed records that rows of input files become.
*/
#ifndef LOOM_RECORD_H
#define LOOM_RECORD_H

#include "base/error.h"
#include "base/id_table.h"
#include "read/kind.h"
#include "read/poll_sorter.h"
#include "read/reject.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In special days and exclusions, the store id `*` means every store. */
#define LOOM_ALL_STORES (UINT32_MAX - 1)

/* A row of any kind but polls, or one attribute of a row; what a kind does not have is 0. */
struct loom_record {
  uint32_t store; /* number in the id table, or LOOM_ALL_STORES */
  uint32_t text;  /* timezone, note, reason or value: its number in the text table */
  /* in the text table: of an attribute its name; of an exclusion that is a rule its zone, a NUL and its week, packed */
  uint32_t name;
  uint32_t order; /* among those that are applied together */
  /* special day's date, or the hours' effective date (LOOM_ALWAYS: from the beginning) */
  int32_t date;
  int16_t weekday;
  bool override; /* belongs to what is set by hand */
  bool is_rule;  /* an exclusion by clocks: see exclusion.h */
  /* seconds since local midnight, or LOOM_CLOSED; of hours also LOOM_NO_HOURS */
  int32_t open, close;
  int64_t from, to; /* exclusion, in microseconds */
};

/* What rows are read with: the tables that number their stores and texts, which are somebody else's, and the zones that exist. */
struct loom_record_reader {
  struct loom_columns columns;
  struct loom_attributes attributes; /* of files of them */
  loom_zones *zones;
  int64_t latest; /* polls after this instant are bad rows; 0: none are */
  struct loom_id_table *ids, *texts;
  loom_error failure; /* of the row that gave LOOM_RECORD_FAILED */
  bool has_store;     /* a store has been numbered; rows of one store often come together */
  uint32_t store;     /* the last one */
  /* The last date read, since most polls share theirs with the one before. */
  char date_text[10];
  int32_t date;
};

/* How eight characters differ from a pattern, where 0 stands for a digit: by that digit. False: by more than 9 anywhere. */
bool loom_record_read_digits(const char *text, const char *pattern, unsigned char digits[8]);

/* `YYYY-MM-DD HH:MM:SS.ffffff UTC`, the form that nearly every poll has, in bytes. */
#define LOOM_COMMON_TIMESTAMP 30

/*
** Reads so many bytes as a timestamp of that form whose date is the one that the reader has read last; false: it is not of
** this form, or not of this date.
*/
bool loom_record_read_common_timestamp(const struct loom_record_reader *reader, const char *text,
                                       int64_t *instant);

enum loom_record_result {
  LOOM_RECORD_GOOD,
  LOOM_RECORD_BAD,   /* the row: *problem tells why */
  LOOM_RECORD_FAILED /* reading itself: the reader's `failure` tells why */
};

/* Judges what a poll is made of, blanks around it or not; of the reader's columns only the kind counts. */
struct loom_poll_fields {
  struct loom_csv_field store_id, status, timestamp;
};
enum loom_record_result loom_record_judge_poll(struct loom_record_reader *reader,
                                               const struct loom_poll_fields *fields,
                                               struct loom_poll_record *poll,
                                               struct loom_row_problem *problem);

/* The same of a row of a file. */
enum loom_record_result loom_record_read_poll(struct loom_record_reader *reader,
                                              const struct loom_csv_row *row,
                                              struct loom_poll_record *poll,
                                              struct loom_row_problem *problem);

/* Checks a row of attributes as a whole, and numbers its store if it is good. */
enum loom_record_result loom_record_check_attributes(struct loom_record_reader *reader,
                                                     const struct loom_csv_row *row,
                                                     uint32_t *store,
                                                     struct loom_row_problem *problem);

/* Reads one of the reader's attributes in a row that has been checked: good, unless memory is out. */
enum loom_record_result loom_record_read_attribute(struct loom_record_reader *reader,
                                                   const struct loom_csv_row *row, uint32_t store,
                                                   size_t which, struct loom_record *record);

/* Reads a row of any kind but polls and attributes. */
enum loom_record_result loom_record_read(struct loom_record_reader *reader,
                                         const struct loom_csv_row *row, struct loom_record *record,
                                         struct loom_row_problem *problem);

#endif
