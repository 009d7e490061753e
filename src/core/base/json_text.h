/*
** Strings and numbers of JSON (RFC 8259).
*/
#ifndef LOOM_JSON_TEXT_H
#define LOOM_JSON_TEXT_H

#include "base/number_text.h"
#include "base/text.h"

#include <stddef.h>

/* Most bytes that a string of so many has, with its quotes. */
#define LOOM_JSON_STRING_SIZE(length) (6 * (length) + 2)

/* Most bytes of a number. */
#define LOOM_JSON_NUMBER_SIZE LOOM_DECIMAL_SIZE

/*
** Puts a string, with U+FFFD for each byte that is none of UTF-8, since JSON is UTF-8 (section 8.1). Quotes, backslashes and
** control characters are escaped, DEL among them: up to LOOM_JSON_STRING_SIZE bytes.
*/
void loom_json_put_string(struct loom_text *text, const char *string, size_t length);

/*
** The same with the bytes as they are, whether they are UTF-8 or not: for what only Loom reads again, and wants all of. No JSON
** for others.
*/
void loom_json_put_bytes(struct loom_text *text, const char *string, size_t length);

/* Puts a number with up to six decimals; null if it is not finite, for which JSON has no word. Up to LOOM_JSON_NUMBER_SIZE. */
void loom_json_put_number(struct loom_text *text, double value);

#endif
