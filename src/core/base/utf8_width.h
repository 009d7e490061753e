/*
** How many columns of a terminal text takes.
*/
#ifndef LOOM_UTF8_WIDTH_H
#define LOOM_UTF8_WIDTH_H

#include <stddef.h>
#include <stdint.h>

/* Columns of a character that is no control character: 0 of what joins the one before it, 2 of what East Asian scripts have and
** of emoji, else 1, also where nothing is assigned. */
int loom_utf8_character_width(uint32_t character);

/*
** Columns of text: the sum of those of its characters, and 1 for each byte that is none of UTF-8. Terminals that draw several
** characters as one, as in flags and families, need fewer.
*/
size_t loom_utf8_width(const char *bytes, size_t length);

#endif
