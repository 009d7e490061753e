/*
** Text that grows as it is written.
*/
#include "base/text.h"
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

bool loom_text_reserve(struct loom_text *text, size_t more) {
  return loom_grow(&text->bytes, &text->capacity, text->length + more, 1);
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

void loom_text_put_string(struct loom_text *text, const char *string) {
  loom_text_put(text, string, strlen(string));
}
