/*
** Bytes of an input file, or of standard input.
**
**   loom_input_open → loom_input_next or loom_input_read, until LOOM_DONE → loom_input_close
*/
#ifndef LOOM_INPUT_H
#define LOOM_INPUT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct loom_input loom_input;

/* Opens a file for reading; "-" is standard input. Free with loom_input_close. */
loom_status loom_input_open(const char *path, loom_input **input, loom_error *error);
void loom_input_close(loom_input *input);

/* Gives the next bytes, valid until the next call. LOOM_DONE at the end. */
loom_status loom_input_next(loom_input *input, const char **bytes, size_t *size, loom_error *error);

/* Puts the next bytes, `room` of them or fewer, into a buffer. LOOM_DONE at the end. */
loom_status loom_input_read(loom_input *input, void *buffer, size_t room, size_t *size,
                            loom_error *error);

/* Bytes read so far, and how many the file has; -1 if that is not known beforehand. */
int64_t loom_input_position(const loom_input *input);
int64_t loom_input_size(const loom_input *input);

#endif
