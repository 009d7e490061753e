/*
** Text that grows as it is written: figures, fields of CSV.
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

/* A CSV field (RFC 4180), in quotes where it needs them: up to 2 * length + 2 bytes. */
void loom_text_put_field(struct loom_text *text, const char *field, size_t length);

/*
** Whether a spreadsheet could run a field (OWASP, "CSV Injection"): it begins with = + - @, also as full-width characters, or
** with a control character. One that does so after apostrophes counts, too: so every field that begins with an apostrophe and
** would be a formula without it has one too many, which whoever wants the field as it was can take away.
*/
bool loom_text_is_formula(const char *field, size_t length);

/* A CSV field that no spreadsheet runs: with a ' in front where it could. Up to 2 * length + 3 bytes. */
void loom_text_put_harmless_field(struct loom_text *text, const char *field, size_t length);

#endif
