/*
** Recognising files.
*/
#include "read/recognize.h"
#include "base/text.h"
#include "read/decoder.h"
#include "read/input.h"
#include "read/separator.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A loom_text_fn: gathers text until there is enough for a header. */
static loom_status gather(void *context, const char *bytes, size_t size, loom_error *error) {
  struct loom_text *text = context;
  if (!loom_text_reserve(text, size))
    return loom_no_memory(error);
  loom_text_put(text, bytes, size);
  return text->length > LOOM_CSV_ROW_MAX ? LOOM_DONE : LOOM_OK;
}

static loom_status of_file(const char *path, const loom_error *cause, loom_error *error) {
  return loom_fail(error, cause->code, "%s: %.900s", path, cause->message);
}

/* The file's text, as far as it may be its header's; *last: that is all there is. */
static loom_status read_beginning(const char *path, loom_input *input, struct loom_text *text,
                                  bool *last, loom_error *error) {
  loom_decoder *decoder = loom_decoder_new(gather, text);
  if (!decoder)
    return loom_no_memory(error);
  const char *bytes;
  size_t size;
  loom_error cause = {.code = LOOM_OK};
  loom_status decoded = LOOM_OK, status = LOOM_OK;
  while (decoded == LOOM_OK && (status = loom_input_next(input, &bytes, &size, error)) == LOOM_OK)
    decoded = loom_decoder_feed(decoder, bytes, size, &cause);
  *last = status == LOOM_DONE && decoded == LOOM_OK;
  if (*last)
    decoded = loom_decoder_finish(decoder, &cause);
  loom_decoder_free(decoder);
  if (status != LOOM_OK && status != LOOM_DONE)
    return status;
  return decoded == LOOM_OK || decoded == LOOM_DONE ? LOOM_OK : of_file(path, &cause, error);
}

static loom_status unknown(const char *reason, loom_error *error) {
  return loom_fail(error, LOOM_EINPUT, "%s", reason);
}

/* The kind of a header, which has the columns of one kind alone; other columns do not matter. */
static loom_status kind_of(const struct loom_csv_row *header, enum loom_kind *kind,
                           loom_error *error) {
  struct loom_columns columns;
  for (int k = 0; k < LOOM_ATTRIBUTES; k++) {
    if (loom_columns_find((enum loom_kind)k, header, &columns, NULL) == LOOM_OK) {
      *kind = (enum loom_kind)k;
      return LOOM_OK;
    }
  }
  char found[LOOM_QUOTED_SIZE];
  return loom_fail(error, LOOM_EINPUT, "its header is not that of a file that is known: %s",
                   loom_quote(found, header->raw, header->raw_length));
}

static loom_status judge(const struct loom_text *text, bool last, enum loom_kind *kind,
                         loom_error *error) {
  struct loom_separator separator;
  if (text->length == 0)
    return unknown("it is empty", error);
  loom_separator_find(text->bytes, text->length, true, &separator);
  loom_csv *csv = loom_csv_new();
  struct loom_csv_row *row = malloc(sizeof *row);
  loom_status status = csv && row ? LOOM_OK : loom_no_memory(error);
  if (status == LOOM_OK) {
    loom_csv_separate_by(csv, separator.character);
    loom_csv_start(csv, text->bytes + separator.skip, text->length - separator.skip, 1, last);
    enum loom_csv_result result = loom_csv_next(csv, row);
    if (result == LOOM_CSV_NOMEM)
      status = loom_no_memory(error);
    else
      status = result == LOOM_CSV_ROW ? kind_of(row, kind, error)
                                      : unknown("it is not a text file with a header", error);
  }
  free(row);
  loom_csv_free(csv);
  return status;
}

loom_status loom_recognize(const char *path, enum loom_kind *kind, loom_error *error) {
  struct stat found;
  if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
    return loom_fail(error, LOOM_EINVAL, "%s: is not a regular file: say of what kind it is", path);
  loom_input *input;
  loom_status status = loom_input_open(path, &input, error);
  if (status != LOOM_OK)
    return status;
  struct loom_text text = {0};
  loom_error cause;
  bool last = false;
  status = read_beginning(path, input, &text, &last, error);
  if (status == LOOM_OK && judge(&text, last, kind, &cause) != LOOM_OK)
    status = of_file(path, &cause, error);
  loom_text_free(&text);
  loom_input_close(input);
  return status;
}
