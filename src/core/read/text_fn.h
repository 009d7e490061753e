/*
** Where text goes that comes in pieces.
*/
#ifndef LOOM_TEXT_FN_H
#define LOOM_TEXT_FN_H

#include "base/error.h"

#include <stddef.h>

/* Takes the next bytes; a status other than LOOM_OK stops whoever has them, and is returned by it. */
typedef loom_status loom_text_fn(void *context, const char *bytes, size_t size, loom_error *error);

#endif
