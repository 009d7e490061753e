/*
** CSV rows from blocks of text (RFC 4180, with lines that end in LF, CRLF or CR, and other separators where it is told so). A
** row without quotes is split where it lies; a row with quotes goes through libcsv in its strict mode. Both trim blanks around
** fields, but not those inside quotes, and skip lines of nothing but blanks and separators, and both take one row at a time, so
** that line numbers are known and a bad row costs no more than itself.
**
**   loom_csv_new → for each block: loom_csv_start → loom_csv_next, until LOOM_CSV_END → loom_csv_rest, the next block's begin
**   → loom_csv_free
*/
#ifndef LOOM_CSV_H
#define LOOM_CSV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest row in bytes, line end included. It bounds what an unclosed quote can swallow. */
#define LOOM_CSV_ROW_MAX 65536

/* Fields past this many are counted but not kept. */
#define LOOM_CSV_FIELDS_MAX 256

typedef struct loom_csv loom_csv;

struct loom_csv_field {
  const char *text; /* not NUL-terminated; valid until the next call */
  size_t length;
};

struct loom_csv_row {
  struct loom_csv_field fields[LOOM_CSV_FIELDS_MAX];
  size_t count;       /* how many fields the row has, kept or not */
  uint64_t line;      /* of the row's first byte, from the number that the block began with */
  const char *raw;    /* the row as it stands in the block */
  size_t raw_length;  /* without the line end */
  const char *reason; /* why a bad row is bad */
};

enum loom_csv_result {
  LOOM_CSV_ROW,  /* a row with at least one field */
  LOOM_CSV_BAD,  /* a malformed row: only line, raw and reason are set */
  LOOM_CSV_END,  /* the block holds no further complete row: see loom_csv_rest */
  LOOM_CSV_NOMEM /* memory is out */
};

/* The field without blanks at its ends: those that stood inside its quotes. */
struct loom_csv_field loom_csv_trimmed(struct loom_csv_field field);

/* Whether a field is a word, in any case and with blanks around it or not. */
bool loom_csv_field_is(struct loom_csv_field field, const char *word);

loom_csv *loom_csv_new(void);
void loom_csv_free(loom_csv *csv);

/* What stands between fields: a comma unless it is told otherwise, semicolons and tabs being the others. */
void loom_csv_separate_by(loom_csv *csv, char separator);
char loom_csv_separator(const loom_csv *csv);

/* For tests and measurements: sends every row through libcsv. */
void loom_csv_always_libcsv(loom_csv *csv, bool always);

/*
** Starts on a block, whose first byte is on line `line`. `last` says that nothing follows the block, so that its
** end also ends a row. The block must stay in place until the rows are taken.
*/
void loom_csv_start(loom_csv *csv, const char *block, size_t size, uint64_t line, bool last);

/*
** Where the next row begins, for a caller that can tell by itself what it is; *end is where the block does. NULL: this must be
** loom_csv_next's.
*/
const char *loom_csv_peek(const loom_csv *csv, const char **end);

/* Says that the caller has taken so many lines itself, up to `at`. */
void loom_csv_passed(loom_csv *csv, const char *at, uint64_t lines);

/* Takes the next row. */
enum loom_csv_result loom_csv_next(loom_csv *csv, struct loom_csv_row *row);

/* Bytes at the block's end that belong to a row still incomplete: the next block must begin with them. */
size_t loom_csv_rest(const loom_csv *csv);

/* The line of the first byte not yet taken. */
uint64_t loom_csv_line(const loom_csv *csv);

/* Whether the next block begins inside a row too long to keep, whose remains are skipped. */
bool loom_csv_skipping(const loom_csv *csv);

#endif
