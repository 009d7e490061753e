/*
** CSV rows. Row limits and line counts do not depend on where blocks are cut: a row is judged only when its end
** is in sight, or when it is already too long.
*/
#include "read/csv.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct loom_csv {
  const char *at, *end; /* what is left of the block */
  uint64_t line;        /* line number at `at` */
  bool last;            /* nothing follows the block */
  bool always_libcsv;
  char separator;
  bool skipping; /* inside the remains of a row that was too long */

  struct csv_parser parser;
  struct loom_csv_row *row; /* being filled by libcsv's callbacks */
  bool row_ended;
  char text[LOOM_CSV_ROW_MAX]; /* the unquoted fields of `row`, one after the other */
  size_t text_length;
};

static const char too_long[] = "is longer than 65536 bytes";
static const char nul_byte[] = "has a NUL byte";

static void init_parser(loom_csv *csv) {
  csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&csv->parser, (unsigned char)csv->separator);
}

loom_csv *loom_csv_new(void) {
  loom_csv *csv = calloc(1, sizeof *csv);
  if (csv) {
    csv->separator = ',';
    init_parser(csv);
  }
  return csv;
}

void loom_csv_free(loom_csv *csv) {
  if (!csv)
    return;
  csv_free(&csv->parser);
  free(csv);
}

void loom_csv_separate_by(loom_csv *csv, char separator) {
  csv->separator = separator;
  csv_set_delim(&csv->parser, (unsigned char)separator);
}

char loom_csv_separator(const loom_csv *csv) {
  return csv->separator;
}

void loom_csv_always_libcsv(loom_csv *csv, bool always) {
  csv->always_libcsv = always;
}

void loom_csv_start(loom_csv *csv, const char *block, size_t size, uint64_t line, bool last) {
  csv->at = block;
  csv->end = block + size;
  csv->line = line;
  csv->last = last;
}

size_t loom_csv_rest(const loom_csv *csv) {
  return (size_t)(csv->end - csv->at);
}

uint64_t loom_csv_line(const loom_csv *csv) {
  return csv->line;
}

bool loom_csv_skipping(const loom_csv *csv) {
  return csv->skipping;
}

const char *loom_csv_peek(const loom_csv *csv, const char **end) {
  *end = csv->end;
  return csv->skipping || csv->always_libcsv ? NULL : csv->at;
}

void loom_csv_passed(loom_csv *csv, const char *at, uint64_t lines) {
  csv->at = at;
  csv->line += lines;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

struct loom_csv_field loom_csv_trimmed(struct loom_csv_field field) {
  while (field.length && is_blank(field.text[field.length - 1]))
    field.length--;
  while (field.length && is_blank(*field.text)) {
    field.text++;
    field.length--;
  }
  return field;
}

bool loom_csv_field_is(struct loom_csv_field field, const char *word) {
  struct loom_csv_field text = loom_csv_trimmed(field);
  return strlen(word) == text.length && strncasecmp(text.text, word, text.length) == 0;
}

/*
** Finds the end of the line at `from`: *stop is its line end, or the block's end; the byte after the line end
** is returned. NULL: the line's end is not in the block.
*/
static const char *find_line_end(const loom_csv *csv, const char *from, const char **stop) {
  const char *end = csv->end;
  const char *feed = memchr(from, '\n', (size_t)(end - from));
  *stop = feed ? feed : end;
  const char *cr = memchr(from, '\r', (size_t)(*stop - from));
  if (cr) {
    *stop = cr;
    if (cr + 1 < end)
      return cr + 1 + (cr[1] == '\n');
    return csv->last ? end : NULL; /* a line feed may follow in the next block */
  }
  if (feed)
    return feed + 1;
  return csv->last ? end : NULL;
}

/* ---- rows with quotes, through libcsv ---- */

/* libcsv has trimmed what stands outside of quotes. */
static void on_field(void *text, size_t length, void *context) {
  loom_csv *csv = context;
  struct loom_csv_row *row = csv->row;
  if (row->count < LOOM_CSV_FIELDS_MAX) {
    /* A field is never longer than what it was read from, so the row's text fits. */
    struct loom_csv_field *field = &row->fields[row->count];
    char *copy = csv->text + csv->text_length;
    if (length)
      memcpy(copy, text, length);
    csv->text_length += length;
    *field = (struct loom_csv_field){copy, length};
  }
  row->count++;
}

static void on_row(int end, void *context) {
  (void)end;
  ((loom_csv *)context)->row_ended = true;
}

/* libcsv has no call that forgets a row half read. */
static void reset_parser(loom_csv *csv) {
  csv_free(&csv->parser);
  init_parser(csv);
}

static enum loom_csv_result bad_line(loom_csv *csv, struct loom_csv_row *row, const char *reason) {
  const char *stop, *next = find_line_end(csv, csv->at, &stop);
  row->line = csv->line;
  row->raw = csv->at;
  row->raw_length = (size_t)(stop - csv->at);
  row->reason = reason;
  if (next) {
    csv->at = next;
    csv->line++;
  } else { /* a line without an end in sight, and too long already */
    csv->at = stop;
    csv->skipping = true;
  }
  return LOOM_CSV_BAD;
}

static enum loom_csv_result take_quoted(loom_csv *csv, struct loom_csv_row *row) {
  const char *begin = csv->at, *at = begin, *stop = begin;
  uint64_t lines = 0;
  csv->row = row;
  csv->row_ended = false;
  csv->text_length = 0;
  row->count = 0;
  do {
    const char *next = find_line_end(csv, at, &stop);
    if ((next ? next : csv->end) - begin > LOOM_CSV_ROW_MAX) {
      reset_parser(csv);
      return bad_line(csv, row,
                      lines ? "has a quote that is not closed within 65536 bytes" : too_long);
    }
    if (!next || (csv->last && at == csv->end))
      break;
    size_t length = (size_t)(next - at);
    if (memchr(at, '\0', length)) {
      reset_parser(csv);
      return bad_line(csv, row, nul_byte);
    }
    if (csv_parse(&csv->parser, at, length, on_field, on_row, csv) != length) {
      bool memory = csv_error(&csv->parser) == CSV_ENOMEM;
      reset_parser(csv);
      return memory ? LOOM_CSV_NOMEM : bad_line(csv, row, "has an invalid quote");
    }
    at = next;
    lines++;
  } while (!csv->row_ended);
  if (!csv->row_ended) {
    if (!csv->last) { /* the rest of the row is still to come */
      reset_parser(csv);
      return LOOM_CSV_END;
    }
    if (csv_fini(&csv->parser, on_field, on_row, csv) != 0 || !csv->row_ended) {
      reset_parser(csv);
      return bad_line(csv, row, "has a quote that is not closed");
    }
  }
  row->raw = begin;
  row->raw_length = (size_t)(stop - begin);
  row->line = csv->line;
  csv->at = at;
  csv->line += lines;
  return LOOM_CSV_ROW;
}

/* ---- rows without quotes ---- */

static void split(struct loom_csv_row *row, char separator, const char *at, const char *stop) {
  row->count = 0;
  for (;;) {
    const char *end = memchr(at, separator, (size_t)(stop - at));
    const char *field_end = end ? end : stop;
    if (row->count < LOOM_CSV_FIELDS_MAX)
      row->fields[row->count] =
          loom_csv_trimmed((struct loom_csv_field){at, (size_t)(field_end - at)});
    row->count++;
    if (!end)
      return;
    at = end + 1;
  }
}

/* Whether a row has nothing in it: spreadsheets write such rows after the last one that has. */
static bool is_blank_line(char separator, const char *at, const char *stop) {
  while (at < stop && (is_blank(*at) || *at == separator))
    at++;
  return at == stop;
}

/* Skips the remains of a row that was too long; false when they reach beyond the block. */
static bool skip_remains(loom_csv *csv) {
  const char *stop, *next = find_line_end(csv, csv->at, &stop);
  csv->at = next ? next : stop;
  if (!next)
    return false;
  csv->line++;
  csv->skipping = false;
  return true;
}

enum loom_csv_result loom_csv_next(loom_csv *csv, struct loom_csv_row *row) {
  if (csv->skipping && !skip_remains(csv))
    return LOOM_CSV_END;
  while (csv->at < csv->end) {
    const char *stop, *next = find_line_end(csv, csv->at, &stop);
    const char *reach = next ? next : csv->end;
    if (reach - csv->at > LOOM_CSV_ROW_MAX)
      return bad_line(csv, row, too_long);
    if (!next)
      return LOOM_CSV_END;
    if (memchr(csv->at, '\0', (size_t)(stop - csv->at)))
      return bad_line(csv, row, nul_byte);
    if (is_blank_line(csv->separator, csv->at, stop)) {
      csv->at = next;
      csv->line++;
      continue;
    }
    if (csv->always_libcsv || memchr(csv->at, '"', (size_t)(stop - csv->at)))
      return take_quoted(csv, row);
    split(row, csv->separator, csv->at, stop);
    row->raw = csv->at;
    row->raw_length = (size_t)(stop - csv->at);
    row->line = csv->line++;
    csv->at = next;
    return LOOM_CSV_ROW;
  }
  return LOOM_CSV_END;
}
