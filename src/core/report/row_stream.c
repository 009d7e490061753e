/*
** Frames of rows.
*/
#include "report/row_stream.h"
#include "base/id_table.h"
#include "base/number_text.h"

#include <string.h>

#define NUMBER_DIGITS 18 /* an int64 holds them */

/* Reads a number that ends with a character. LOOM_EAGAIN: its end is not there yet. */
static loom_status read_number(const char **at, const char *end, char last, uint64_t *number) {
  const char *begin = *at;
  *number = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
    if (*at - begin == NUMBER_DIGITS)
      return LOOM_EINPUT;
    *number = *number * 10 + (uint64_t)(**at - '0');
  }
  if (*at == end)
    return LOOM_EAGAIN;
  return *at > begin && *(*at)++ == last ? LOOM_OK : LOOM_EINPUT;
}

/* Numbers that a frame of a kind begins with; 0: there is no such kind. */
static int numbers_of(char kind) {
  return strchr("HPCF", kind) ? 1 : strchr("RE", kind) ? 2 : 0;
}

static loom_status read_beginning(const char **at, const char *end, struct loom_frame *frame) {
  uint64_t numbers[2] = {0};
  char kind = *(*at)++;
  int count = kind ? numbers_of(kind) : 0;
  if (count == 0 || (*at < end && **at != ' '))
    return LOOM_EINPUT;
  if (*at == end)
    return LOOM_EAGAIN;
  ++*at;
  for (int i = 0; i < count; i++) {
    loom_status status = read_number(at, end, i + 1 == count ? '\n' : ' ', &numbers[i]);
    if (status != LOOM_OK)
      return status;
  }
  frame->kind = (enum loom_frame_kind)kind;
  frame->number = numbers[0];
  frame->length = kind == LOOM_FRAME_PROGRESS ? 0 : (size_t)numbers[count - 1];
  frame->id_length = kind == LOOM_FRAME_ROW ? (size_t)numbers[0] : 0;
  return frame->length <= LOOM_FRAME_MAX && frame->id_length <= LOOM_ID_MAX ? LOOM_OK : LOOM_EINPUT;
}

loom_status loom_frame_read(const char *bytes, size_t length, struct loom_frame *frame,
                            loom_error *error) {
  const char *at = bytes, *end = bytes + length;
  *frame = (struct loom_frame){0};
  if (length == 0)
    return LOOM_EAGAIN;
  loom_status status = read_beginning(&at, end, frame);
  if (status == LOOM_EINPUT)
    return loom_fail(error, LOOM_EINPUT, "what was sent is no stream of rows");
  if (status != LOOM_OK || (size_t)(end - at) < frame->id_length + frame->length)
    return LOOM_EAGAIN;
  frame->id = at;
  frame->text = at + frame->id_length;
  frame->size = (size_t)(frame->text + frame->length - bytes);
  return LOOM_OK;
}

bool loom_frame_put(struct loom_text *to, enum loom_frame_kind kind, uint64_t number,
                    const char *text, size_t length) {
  if (!loom_text_reserve(to, LOOM_FRAME_BEGINNING + length))
    return false;
  loom_text_put_char(to, (char)kind);
  loom_text_put_char(to, ' ');
  if (kind == LOOM_FRAME_END) {
    loom_text_put_whole(to, (int64_t)number);
    loom_text_put_char(to, ' ');
  }
  loom_text_put_whole(to, (int64_t)length);
  loom_text_put_char(to, '\n');
  loom_text_put(to, text, length);
  return true;
}

bool loom_frame_put_progress(struct loom_text *to, uint64_t millionths) {
  if (!loom_text_reserve(to, LOOM_FRAME_BEGINNING))
    return false;
  loom_text_put_string(to, "P ");
  loom_text_put_whole(to, (int64_t)millionths);
  loom_text_put_char(to, '\n');
  return true;
}

bool loom_frame_begin_row(struct loom_text *to, const char *id, size_t id_length, size_t length) {
  if (!loom_text_reserve(to, LOOM_FRAME_BEGINNING + id_length + length))
    return false;
  loom_text_put_string(to, "R ");
  loom_text_put_whole(to, (int64_t)id_length);
  loom_text_put_char(to, ' ');
  loom_text_put_whole(to, (int64_t)length);
  loom_text_put_char(to, '\n');
  loom_text_put(to, id, id_length);
  return true;
}
