/*
** Percent-encoding (RFC 3986, section 2.1) of what must not break a line of text: ids and values as they are, but for `%`,
** control characters, and bytes that are none of UTF-8.
*/
#ifndef LOOM_PERCENT_TEXT_H
#define LOOM_PERCENT_TEXT_H

#include "base/text.h"

#include <stddef.h>

/* Most bytes that so many become. */
#define LOOM_PERCENT_SIZE(length) (3 * (length))

/* Puts bytes so that they are UTF-8 of one line, without tabs. */
void loom_percent_put(struct loom_text *text, const char *bytes, size_t length);

#endif
