/*
** Text that grows as it is written: figures, fields of CSV.
*/
#ifndef LOOM_TEXT_H
#define LOOM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_text {
  char *bytes; /* not NUL-terminated */
  size_t length, capacity;
};

/* Makes room for so many more bytes; false when memory is out. The put functions need their room made. */
bool loom_text_reserve(struct loom_text *text, size_t more);
void loom_text_free(struct loom_text *text);

void loom_text_put(struct loom_text *text, const char *bytes, size_t length);
void loom_text_put_char(struct loom_text *text, char c);

/* A CSV field (RFC 4180), in quotes where it needs them: up to 2 * length + 2 bytes. */
void loom_text_put_field(struct loom_text *text, const char *field, size_t length);

#endif
