/*
** Turns UTF-16 (RFC 2781), in which spreadsheets save "Unicode text", into UTF-8 as it arrives in chunks.
**
**   loom_utf16_new → loom_utf16_feed, … → loom_utf16_finish → loom_utf16_free
*/
#ifndef LOOM_UTF16_H
#define LOOM_UTF16_H

#include "read/text_fn.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct loom_utf16 loom_utf16;

/* LOOM_EINVAL: the system has no such conversion; LOOM_ENOMEM. */
loom_status loom_utf16_new(bool big_endian, loom_utf16 **utf16, loom_error *error);
void loom_utf16_free(loom_utf16 *utf16);

/* Passes what the chunk says on to `sink`. LOOM_EINPUT: it is not UTF-16. */
loom_status loom_utf16_feed(loom_utf16 *utf16, const char *bytes, size_t size, loom_text_fn *sink,
                            void *context, loom_error *error);

/* LOOM_EINPUT if the text ended inside a character. */
loom_status loom_utf16_finish(const loom_utf16 *utf16, loom_error *error);

#endif
