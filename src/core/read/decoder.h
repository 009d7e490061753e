/*
** From the bytes of a file to its text: gzip (RFC 1952) is decompressed, UTF-16 with a byte order mark becomes UTF-8, and the
** mark itself goes. What is compressed otherwise is told by name.
**
**   loom_decoder_new → loom_decoder_feed, … → loom_decoder_finish → loom_decoder_free
*/
#ifndef LOOM_DECODER_H
#define LOOM_DECODER_H

#include "read/text_fn.h"

#include <stdbool.h>

typedef struct loom_decoder loom_decoder;

/* Text goes to `sink` with `context`. NULL: memory is out. */
loom_decoder *loom_decoder_new(loom_text_fn *sink, void *context);
void loom_decoder_free(loom_decoder *decoder);

/* LOOM_EINPUT: the bytes are none that can be decoded; the message completes `FILE …`. */
loom_status loom_decoder_feed(loom_decoder *decoder, const char *bytes, size_t size,
                              loom_error *error);

/* Whether all bytes that are still to come are text as they are: then they need not be fed. */
bool loom_decoder_is_transparent(const loom_decoder *decoder);

/* Passes on what is left. LOOM_EINPUT: the file is cut short. */
loom_status loom_decoder_finish(loom_decoder *decoder, loom_error *error);

#endif
