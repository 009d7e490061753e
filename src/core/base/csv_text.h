/*
** Fields of CSV. Readers are in read/csv.h.
*/
#ifndef LOOM_CSV_TEXT_H
#define LOOM_CSV_TEXT_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Most bytes that a field of so many has: in quotes, each of them doubled, and with an apostrophe in front. */
#define LOOM_CSV_FIELD_SIZE(length) (2 * (length) + 3)

/* A field (RFC 4180), in quotes where it needs them. */
void loom_csv_put_field(struct loom_text *text, const char *field, size_t length);

/*
** Whether a spreadsheet could run a field (OWASP, "CSV Injection"): it begins with = + - @, also as full-width characters, or
** with a control character. One that does so after apostrophes counts, too: so every field that begins with an apostrophe and
** would be a formula without it has one too many, which whoever wants the field as it was can take away.
*/
bool loom_csv_is_formula(const char *field, size_t length);

/* A field that no spreadsheet runs: with a ' in front where it could. */
void loom_csv_put_harmless_field(struct loom_text *text, const char *field, size_t length);

#endif
