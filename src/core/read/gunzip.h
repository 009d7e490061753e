/*
** Decompresses a stream of gzip members (RFC 1952) that arrives in chunks.
**
**   loom_gunzip_new → loom_gunzip_feed, … → loom_gunzip_finish → loom_gunzip_free
*/
#ifndef LOOM_GUNZIP_H
#define LOOM_GUNZIP_H

#include "read/text_fn.h"

#include <stddef.h>

typedef struct loom_gunzip loom_gunzip;

loom_gunzip *loom_gunzip_new(void);
void loom_gunzip_free(loom_gunzip *gunzip);

/* Passes what the chunk decompresses to on to `sink`. LOOM_EINPUT: the data is damaged. */
loom_status loom_gunzip_feed(loom_gunzip *gunzip, const void *bytes, size_t size,
                             loom_text_fn *sink, void *context, loom_error *error);

/* LOOM_EINPUT if the stream ended inside a member. */
loom_status loom_gunzip_finish(const loom_gunzip *gunzip, loom_error *error);

#endif
