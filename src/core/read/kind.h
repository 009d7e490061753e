/*
** The kinds of input file: their names, headers and columns, and how long the texts in them may be.
*/
#ifndef LOOM_KIND_H
#define LOOM_KIND_H

#include "base/error.h"
#include "base/id_table.h"
#include "read/csv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loom_kind {
  LOOM_POLLS, /* store_id, status, timestamp_utc */
  /* store_id, dayOfWeek, start_time_local, end_time_local [, effective_from, origin] */
  LOOM_HOURS,
  LOOM_TIMEZONES,    /* store_id, timezone_str [, origin] */
  LOOM_SPECIAL_DAYS, /* store_id, date, open, close [, note, origin] */
  LOOM_EXCLUSIONS,   /* store_id, from_utc, to_utc [, reason, weekly, zone, from_local, to_local] */
  LOOM_ATTRIBUTES,   /* store_id, and a column for each attribute */
  LOOM_KIND_COUNT
};

#define LOOM_COLUMNS_MAX 8

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

/* A limit as text, in messages and SQL. */
#define LOOM_TEXT_OF_TOKEN(token) #token
#define LOOM_TEXT_OF(limit) LOOM_TEXT_OF_TOKEN(limit)

/* What asks for more of them than there may be: how many names there are, and the stores, with how many bytes they have. */
#define LOOM_ATTRIBUTE_NAMES_SQL "SELECT count(DISTINCT name) FROM attribute"
#define LOOM_ATTRIBUTES_SIZE_SQL                                                                   \
  "SELECT store_id, sum(length(CAST(value AS BLOB))) AS size FROM attribute"                       \
  " LEFT JOIN store ON number = store GROUP BY store HAVING size > " LOOM_TEXT_OF(                 \
      LOOM_ATTRIBUTES_SIZE_MAX) " ORDER BY store_id"

/* The kind's name: "polls", "special_days". */
const char *loom_kind_name(enum loom_kind kind);

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

/* The name of a column, from 0, as messages have it. */
const char *loom_column_name(enum loom_kind kind, int column);

/* Which field of a row holds each attribute. */
struct loom_attributes {
  struct {
    int field;
    uint32_t name; /* its number in a table of texts */
  } items[LOOM_CSV_FIELDS_MAX];
  size_t count;
};

/*
** Finds the attributes in a header whose store_id is in a field that is known, and numbers their names. Errors are those of
** loom_columns_find.
*/
loom_status loom_attributes_find(const struct loom_csv_row *header, int store_field,
                                 struct loom_id_table *texts, struct loom_attributes *attributes,
                                 loom_error *error);

#endif
