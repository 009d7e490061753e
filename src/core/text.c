/*
** Text that grows as it is written.
*/
#include "text.h"

#include <stdlib.h>
#include <string.h>

bool loom_text_reserve(struct loom_text *text, size_t more) {
  if (text->capacity - text->length >= more)
    return true;
  size_t capacity = (text->capacity + more) * 2;
  char *bytes = realloc(text->bytes, capacity);
  if (!bytes)
    return false;
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

void loom_text_free(struct loom_text *text) {
  free(text->bytes);
  *text = (struct loom_text){0};
}

void loom_text_put(struct loom_text *text, const char *bytes, size_t length) {
  if (length)
    memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
}

void loom_text_put_char(struct loom_text *text, char c) {
  text->bytes[text->length++] = c;
}

/* Around a field blanks say nothing; quoted, those at its ends are its own. */
static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

void loom_text_put_field(struct loom_text *text, const char *field, size_t length) {
  bool plain = length == 0 || (!is_blank(field[0]) && !is_blank(field[length - 1]));
  for (size_t i = 0; i < length && plain; i++)
    plain = field[i] != ',' && field[i] != '"' && field[i] != '\n' && field[i] != '\r';
  if (plain) {
    loom_text_put(text, field, length);
    return;
  }
  loom_text_put_char(text, '"');
  for (size_t i = 0; i < length; i++) {
    if (field[i] == '"')
      loom_text_put_char(text, '"');
    loom_text_put_char(text, field[i]);
  }
  loom_text_put_char(text, '"');
}
