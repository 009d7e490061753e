/*
** UTF-8 (RFC 3629): neither longer forms than needed, nor surrogates, nor anything beyond U+10FFFF.
*/
#ifndef LOOM_UTF8_H
#define LOOM_UTF8_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define LOOM_UTF8_SIZE 4 /* longest character, in bytes */

/* How many bytes the character at `at` has, of what ends before `end`; 0 if there is none. `at` is before `end`. */
size_t loom_utf8_length(const char *at, const char *end);

/* The character at `at`, of so many bytes: see loom_utf8_length. */
uint32_t loom_utf8_decode(const char *at, size_t length);

/* Writes a character, which is at most U+10FFFF, and returns what comes behind it. */
char *loom_utf8_encode(char *out, uint32_t character);

/* Puts U+FFFD, which stands for a byte that is none of UTF-8: three bytes. */
void loom_utf8_put_replacement(struct loom_text *text);

/* Puts bytes, each of them that is none of UTF-8 replaced: up to 3 * length bytes. */
void loom_utf8_put(struct loom_text *text, const char *bytes, size_t length);

#endif
