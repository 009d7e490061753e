/*
** What fuzz targets share: numbers drawn from the input, and messages that must be one printable line.
**
** A target is built with libFuzzer and the sanitizers (see `make fuzz`). It compares what Loom says with what something
** independent says of the same input; a difference fails an assertion of cmocka's, which aborts, as every finding does.
*/
#ifndef LOOM_SPEC_FUZZ_H
#define LOOM_SPEC_FUZZ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above first. */
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Outside of its own tests cmocka would exit without a trace of where. */
static inline void abort_on_failure(void) {
  setenv("CMOCKA_TEST_ABORT", "1", 1);
}

/* ---- input: once it is used up, all that is drawn is 0 ---- */

struct input {
  const uint8_t *at, *end;
};

static inline uint64_t draw(struct input *input, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes && input->at < input->end; i++)
    value |= (uint64_t)*input->at++ << 8 * i;
  return value;
}

/* A number from 0 to n - 1, of as few bytes as it takes. */
static inline uint64_t draw_below(struct input *input, uint64_t n) {
  return draw(input, n <= 256 ? 1 : n <= 65536 ? 2 : n <= UINT64_C(1) << 32 ? 4 : 8) % n;
}

static inline int64_t draw_between(struct input *input, int64_t least, int64_t most) {
  return least + (int64_t)draw_below(input, (uint64_t)(most - least) + 1);
}

/* ---- messages ---- */

static inline void assert_one_line(const char *message) {
  assert_true(*message != '\0');
  for (const char *at = message; *at; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f)
      fail_msg("a message with byte %d: %s", *at, message);
}

static inline void assert_told(loom_status status, const loom_error *error) {
  if (status == LOOM_OK || status == LOOM_DONE)
    return;
  assert_int_equal(status, error->code);
  assert_one_line(error->message);
}

#endif
