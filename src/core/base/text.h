/*
** Text that grows as it is written. What is put into it, see number_text.h, csv_text.h, json_text.h and utf8.h.
**
**   {0} → loom_text_reserve → loom_text_put, loom_text_put_char, … → loom_text_free
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
void loom_text_put_string(struct loom_text *text, const char *string); /* NUL-terminated */

#endif
