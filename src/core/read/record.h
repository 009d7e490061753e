/*
** The kinds of input file, their columns, and the typed records that their rows become.
*/
#ifndef LOOM_RECORD_H
#define LOOM_RECORD_H

#include "base/error.h"
#include "base/id_table.h"
#include "read/poll_sorter.h"
#include "read/reject.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loom_kind {
  LOOM_POLLS, /* store_id, status, timestamp_utc */
  /* store_id, dayOfWeek, start_time_local, end_time_local [, effective_from, origin] */
  LOOM_HOURS,
  LOOM_TIMEZONES,    /* store_id, timezone_str [, origin] */
  LOOM_SPECIAL_DAYS, /* store_id, date, open, close [, note, origin] */
  LOOM_EXCLUSIONS,   /* store_id, from_utc, to_utc [, reason] */
  LOOM_ATTRIBUTES,   /* store_id, and a column for each attribute */
  LOOM_KIND_COUNT
};

#define LOOM_COLUMNS_MAX 6

/* Longest note or reason, in bytes: however it is quoted, its row stays far below LOOM_CSV_ROW_MAX. */
#define LOOM_NOTE_MAX 4096

/* Longest name of an attribute, in bytes; its values are as long as notes. */
#define LOOM_ATTRIBUTE_NAME_MAX 64

/*
** How many names the attributes of all stores may have: the fields of a row, less the store's. And how many bytes the values
** of one store: however they are quoted, they fit a row of LOOM_CSV_ROW_MAX, between 255 commas. What is stored can be
** exported and read again.
*/
#define LOOM_ATTRIBUTE_NAMES_MAX 255
#define LOOM_ATTRIBUTES_SIZE_MAX 32000

/* What asks for more of them than there may be: how many names there are, and the stores, with how many bytes they have. */
#define LOOM_ATTRIBUTE_NAMES_SQL "SELECT count(DISTINCT name) FROM attribute"
#define LOOM_ATTRIBUTES_SIZE_SQL                                                                   \
  "SELECT store_id, sum(length(CAST(value AS BLOB))) AS size FROM attribute"                       \
  " LEFT JOIN store ON number = store GROUP BY store HAVING size > 32000 ORDER BY store_id"

/* In special days and exclusions, the store id `*` means every store. */
#define LOOM_ALL_STORES (UINT32_MAX - 1)

/* The header of a kind's files, as Loom writes it, without `origin`; of attributes only what comes before them. */
const char *loom_kind_header(enum loom_kind kind);

/*
** Whether a file's header can hold an attribute's name as it stands: text of 1 to 64 bytes, but not store_id in any case, also
** with blanks around it.
*/
bool loom_attribute_name_is_good(const char *name, size_t length);

/* Whether a file's field can hold a store's id, and a note, a reason or an attribute's value, as they stand. */
bool loom_store_id_is_good(const char *id, size_t length);
bool loom_note_is_good(const char *note, size_t length);

/*
** False, with the kind unset, if no kind is called that: polls, hours, timezones, special_days, exclusions,
** attributes.
*/
bool loom_kind_from_name(const char *name, enum loom_kind *kind);

/* Which field of a row holds each column of the kind; -1 where an optional column is absent. */
struct loom_columns {
  enum loom_kind kind;
  size_t field_count; /* in the header, and so in every row */
  int fields[LOOM_COLUMNS_MAX];
};

/*
** Finds the kind's columns in a header row. LOOM_EINPUT: a column is missing or there twice, or the row is not
** text at all; the message names what was expected and found, but not the file.
*/
loom_status loom_columns_find(enum loom_kind kind, const struct loom_csv_row *header,
                              struct loom_columns *columns, loom_error *error);

/* A row of any kind but polls, or one attribute of a row; what a kind does not have is 0. */
struct loom_record {
  uint32_t store; /* number in the id table, or LOOM_ALL_STORES */
  uint32_t text;  /* timezone, note, reason or value: its number in the text table */
  uint32_t name;  /* of an attribute: its number in the text table */
  uint32_t order; /* among those that are applied together */
  /* special day's date, or the hours' effective date (LOOM_ALWAYS: from the beginning) */
  int32_t date;
  int16_t weekday;
  bool override; /* belongs to what is set by hand */
  /* seconds since local midnight, or LOOM_CLOSED; of hours also LOOM_NO_HOURS */
  int32_t open, close;
  int64_t from, to; /* exclusion, in microseconds */
};

struct loom_attribute_column {
  int field;
  uint32_t name; /* its number in the text table */
};

/* What rows are read with: the tables that number their stores and texts, which are somebody else's, and the zones that exist. */
struct loom_record_reader {
  struct loom_columns columns;
  struct loom_attribute_column attributes[LOOM_CSV_FIELDS_MAX];
  size_t attribute_count;
  loom_zones *zones;
  int64_t latest; /* polls after this instant are bad rows; 0: none are */
  struct loom_id_table *ids, *texts;
  loom_error failure; /* of the row that gave LOOM_RECORD_FAILED */
  /* The last date read, since most polls share theirs with the one before. */
  char date_text[10];
  int32_t date;
};

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

/* Finds the attributes in a header whose store_id has been found already. Errors are those of loom_columns_find. */
loom_status loom_attribute_columns_find(struct loom_record_reader *reader,
                                        const struct loom_csv_row *header, loom_error *error);

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
