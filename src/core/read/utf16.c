/*
** UTF-16, by the system's iconv.
*/
#include "read/utf16.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16384     /* bytes of UTF-8 to a call of the sink */
#define CHARACTER_MAX 4 /* bytes of UTF-16 that make one */
#define CONVERTED ((size_t)-1)

struct loom_utf16 {
  iconv_t conversion;
  char rest[CHARACTER_MAX +
            4]; /* of a character that the last chunk ended in, and room to complete it */
  size_t rest_size;
  char out[PIECE];
};

loom_status loom_utf16_new(bool big_endian, loom_utf16 **out, loom_error *error) {
  *out = NULL;
  loom_utf16 *utf16 = malloc(sizeof *utf16);
  if (!utf16)
    return loom_no_memory(error);
  utf16->rest_size = 0;
  utf16->conversion = iconv_open("UTF-8", big_endian ? "UTF-16BE" : "UTF-16LE");
  if (utf16->conversion == (iconv_t)-1) {
    int number = errno;
    free(utf16);
    if (number == ENOMEM)
      return loom_no_memory(error);
    return loom_fail(error, LOOM_EINVAL, "is UTF-16, which this system cannot convert");
  }
  *out = utf16;
  return LOOM_OK;
}

void loom_utf16_free(loom_utf16 *utf16) {
  if (!utf16)
    return;
  iconv_close(utf16->conversion);
  free(utf16);
}

/* Converts what it can of some bytes; *at and *size are what is left, the beginning of a character. */
static loom_status convert(loom_utf16 *utf16, const char **at, size_t *size, loom_text_fn *sink,
                           void *context, loom_error *error) {
  loom_status status = LOOM_OK;
  size_t result = CONVERTED;
  int number = E2BIG;
  while (status == LOOM_OK && result == CONVERTED && number == E2BIG) {
    char *in = (char *)(uintptr_t)*at,
         *out = utf16->out; /* iconv changes the pointer, not the text */
    size_t room = sizeof utf16->out;
    result = iconv(utf16->conversion, &in, size, &out, &room);
    number = errno;
    *at = in;
    if (out != utf16->out)
      status = sink(context, utf16->out, (size_t)(out - utf16->out), error);
  }
  if (status != LOOM_OK)
    return status;
  if (result == CONVERTED && number != EINVAL)
    return loom_fail(error, LOOM_EINPUT, "is not the UTF-16 that its byte order mark says");
  return LOOM_OK;
}

/* Completes the character that the last chunk ended in; *bytes and *size are what is left of this one. */
static loom_status complete(loom_utf16 *utf16, const char **bytes, size_t *size, loom_text_fn *sink,
                            void *context, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && utf16->rest_size && *size) {
    utf16->rest[utf16->rest_size++] = *(*bytes)++;
    (*size)--;
    const char *at = utf16->rest;
    size_t left = utf16->rest_size;
    status = convert(utf16, &at, &left, sink, context, error);
    memmove(utf16->rest, at, left);
    utf16->rest_size = left;
  }
  return status;
}

loom_status loom_utf16_feed(loom_utf16 *utf16, const char *bytes, size_t size, loom_text_fn *sink,
                            void *context, loom_error *error) {
  loom_status status = complete(utf16, &bytes, &size, sink, context, error);
  if (status == LOOM_OK && size)
    status = convert(utf16, &bytes, &size, sink, context, error);
  if (status == LOOM_OK && size) {
    memcpy(utf16->rest, bytes, size);
    utf16->rest_size = size;
  }
  return status;
}

loom_status loom_utf16_finish(const loom_utf16 *utf16, loom_error *error) {
  if (utf16->rest_size)
    return loom_fail(error, LOOM_EINPUT, "ends inside a character of UTF-16");
  return LOOM_OK;
}
